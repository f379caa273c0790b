"""The command line: find the command, run it, and turn every end into an exit code.

0 a result, 1 internal error, 2 usage or formula, 3 data, 4 not converged, 5 not to be trusted,
6 not identifiable, 130 interrupted.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module

from taylored.cli import _output as output
from taylored.cli._texts import COMMANDS, MAIN_HELP, MODULES
from taylored.cli.options import parse, unknown
from taylored.errors import ArgumentError, TayloredError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line (default: that of the process) and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(arguments)
    except TayloredError as error:
        output.complain(error)
        return error.exit_code
    except KeyboardInterrupt:
        output.tell("Interrupted.")
        return 130
    except BrokenPipeError:
        output.silence(sys.stdout)
        return 0
    except SystemExit as end:  # argparse ends so after --help
        return end.code if isinstance(end.code, int) else 0
    except BaseException as error:  # polars panics outside of Exception
        if os.environ.get("TAYLORED_TRACEBACK"):
            raise
        return _internal(error)


def _run(arguments: list[str]) -> int:
    first = arguments[0] if arguments else ""
    if first in ("-h", "--help", "help"):
        chosen = arguments[1:2]
        return _run([*chosen, "--help"]) if chosen and chosen[0] in COMMANDS else _help()
    if first in ("-V", "--version", "version"):
        from taylored import __version__

        output.emit(f"taylored {__version__}")
        return 0
    if not arguments:
        raise ArgumentError("A command is missing.", why=f"there are {', '.join(COMMANDS)}",
                            next_step="see: taylored --help")  # fmt: skip
    if first not in COMMANDS:
        kind = "option" if first.startswith("-") else "command"
        raise unknown(kind, first, COMMANDS, "see: taylored --help")
    options = parse(first, arguments[1:])
    return import_module(f"taylored.cli.{MODULES.get(first, first)}").run(options)


def _help() -> int:
    output.emit(MAIN_HELP)
    return 0


def _internal(error: BaseException) -> int:
    """Two lines: what happened, and how to see where."""
    what = re.sub(r"\s+", " ", str(error))[:300]
    output.tell(f"error: internal error, {type(error).__name__}: {what}")
    output.tell("  Next: set TAYLORED_TRACEBACK=1 for the traceback, and report it.")
    return 1
