"""`python -m taylored` is the command line."""

import sys

from taylored.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
