"""What holds for every test: no window opens, nothing is random, nothing is remembered."""

import os

os.environ["MPLBACKEND"] = "Agg"  # before anything imports matplotlib; child processes inherit it

from hypothesis import settings

settings.register_profile("fixed", derandomize=True, database=None, deadline=None)
settings.load_profile("fixed")
