"""What holds for every test: no window opens, nothing is random, nothing is remembered."""

import os
from collections import Counter

import pytest

os.environ["MPLBACKEND"] = "Agg"  # before anything imports matplotlib; child processes inherit it

from hypothesis import settings

settings.register_profile("fixed", derandomize=True, database=None, deadline=None)
settings.load_profile("fixed")


def pytest_configure(config):
    config.addinivalue_line("markers", "every(n): of n cases one always, the others with `slow`")


@pytest.hookimpl(tryfirst=True)  # before those that are slow are left out
def pytest_collection_modifyitems(items):
    """Mark as slow what `every(n)` leaves to the slow tests."""
    seen = Counter()
    for item in items:
        mark = item.get_closest_marker("every")
        if mark is not None and item.get_closest_marker("slow") is None:
            test = item.nodeid.partition("[")[0]
            if seen[test] % mark.args[0]:
                item.add_marker("slow")
            seen[test] += 1
