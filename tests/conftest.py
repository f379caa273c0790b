"""What holds for every test: no window opens, nothing is random, nothing is remembered."""

import gc
import os
from collections import Counter
from pathlib import Path

import pytest

os.environ["MPLBACKEND"] = "Agg"  # before anything imports matplotlib; child processes inherit it

from hypothesis import settings

settings.register_profile("fixed", derandomize=True, database=None, deadline=None)
settings.load_profile("fixed")


@pytest.fixture(scope="module")
def importable():
    """Processes that a test starts can import the tests and their helpers."""
    here = Path(__file__).parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, (here.parent, here))))
        patch.syspath_prepend(str(here.parent))  # processes that are spawned get this one's path
        yield


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


def pytest_collection_finish():
    """Ten thousand collected tests are no garbage: searching them again and again takes minutes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
