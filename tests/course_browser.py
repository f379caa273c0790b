"""A running course and a browser for tests: the real server on a free port, the system's Chromium.

Without a Chromium the tests that use these fixtures are skipped, with the reason.
"""

import contextlib
import os
import shutil

import pytest

__all__ = ["SWITCHES", "browser", "chromium", "course_context", "page", "server", "window"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking"]  # fmt: skip


def chromium():
    """Where the system's Chromium is, or None."""
    return os.environ.get("TAYLORED_CHROMIUM") or next(
        filter(None, map(shutil.which, _NAMES)), None
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from course_serving import served  # needs the extra `course`; the benchmark needs only Chromium

    with served(tmp_path_factory.mktemp("course") / "progress.json") as course:
        yield course


@pytest.fixture(scope="module")
def browser():
    where = chromium()
    if where is None:
        pytest.skip("no Chromium is found: install chromium, or name it in TAYLORED_CHROMIUM")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=where, args=SWITCHES)
        yield opened
        opened.close()


@contextlib.contextmanager
def course_context(browser, server, **options):
    """A browser's window that has been let in; `outside` lists every request to another host."""
    context = browser.new_context(**options)
    context.outside, context.faults = [], []

    def look(route):
        if route.request.url.startswith((server.url, "data:", "blob:")):
            route.continue_()
        else:
            context.outside.append(route.request.url)
            route.abort()

    context.route("**/*", look)
    context.on("weberror", lambda error: context.faults.append(str(error.error)))
    context.on("console", lambda said: said.type == "error" and context.faults.append(said.text))
    entry = context.new_page()
    entry.goto(server.address)
    entry.close()
    try:
        yield context
    finally:
        context.close()


@pytest.fixture(scope="module")
def window(browser, server):
    """One window for the tests of a module, let in once."""
    with course_context(browser, server) as context:
        yield context


@pytest.fixture
def page(window):
    """A new tab; faults in it and requests to other hosts fail the test."""
    window.outside.clear()
    window.faults.clear()
    opened = window.new_page()
    yield opened
    opened.close()
    assert window.outside == []
    assert window.faults == []
