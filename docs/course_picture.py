"""Make the picture of the course that the README shows: `python docs/course_picture.py`.

Needs the extra `course`, playwright and a Chromium (in TAYLORED_CHROMIUM, or on the PATH).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGE = Path(__file__).parent / "images" / "course.png"
LESSON, FIGURE = "/lesson/5-2", "straight.drag"
WIDE, HIGH = 1000, 625  # CSS pixels; the picture has 1600 x 1000


def main() -> None:
    """Serve the course, open a lesson, and photograph the window with its figure."""
    chromium = os.environ.get("TAYLORED_CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        command = [sys.executable, "-m", "taylored", "course", "--no-browser", "--port", "0"]
        command += ["--progress", f"{folder}/progress.json", "--lesson", LESSON[-3:]]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[-1]
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page(
                viewport={"width": WIDE, "height": HIGH}, device_scale_factor=1.6
            )
            page.goto(address)
            figure = page.locator(f'figure[data-figure="{FIGURE}"]')
            figure.scroll_into_view_if_needed()
            top = figure.evaluate("e => e.getBoundingClientRect().top + scrollY")
            page.evaluate(f"scrollTo(0, {top} - 60)")
            page.wait_for_timeout(800)
            page.screenshot(path=IMAGE)
            browser.close()
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
