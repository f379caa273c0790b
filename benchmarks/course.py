"""The course in a browser: time to the first page, weight of lessons, sliders, drags.

Everything is measured from outside, by a Chromium at a course started with its command.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import section, table
from playwright.sync_api import sync_playwright

from course_browser import SWITCHES, chromium

# From the event of a slider to the frame in which the layers or words have changed.
_SLIDE = """async ([name, ticks]) => {
  const figure = document.querySelector(`figure[data-figure="${name}"]`);
  const range = figure.querySelector(".x-is-slider input[type=range]");
  const places = figure.querySelectorAll(".x-g-layers, .x-g-still, .x-caption, .x-readings");
  const times = [];
  for (let k = 0; k < ticks; k += 1) {
    const drawn = new Promise((told) => {
      const watch = new MutationObserver(() => {
        watch.disconnect();
        requestAnimationFrame(() => told(performance.now()));
      });
      const what = { subtree: true, attributes: true, childList: true, characterData: true };
      places.forEach((one) => watch.observe(one, what));
      setTimeout(() => { watch.disconnect(); told(null); }, 1500); // nothing to be seen
    });
    const step = Math.max(1, Math.round(range.max / 40)) * (k % 2 ? -1 : 1);
    range.value = Number(range.value) + (Number(range.value) + step > range.max ? -step : step);
    const start = performance.now();
    range.dispatchEvent(new Event("input"));
    const end = await drawn;
    times.push(end === null ? null : end - start);
    range.dispatchEvent(new Event("change"));
    await new Promise((f) => setTimeout(f, 120));
  }
  return times;
}"""

_COUNT = """(name) => {
  const figure = document.querySelector(`figure[data-figure="${name}"]`);
  window.answers = 0;
  const watch = new MutationObserver(() => { window.answers += 1; });
  const what = { subtree: true, attributes: true, childList: true };
  figure.querySelectorAll(".x-g-layers").forEach((one) => watch.observe(one, what));
}"""

# Moves from within the page: those sent from outside wait for each other's frame.
_MOVE = """([x, y, length]) => new Promise((done) => {
  const [knob, start] = [document.elementFromPoint(x, y), performance.now()];
  let n = 0;
  const timer = setInterval(() => {
    n += 1;
    const clientX = x + 60 * Math.abs(((n / 40) % 2) - 1);
    const clientY = y + 20 * Math.abs(((n / 25) % 2) - 1);
    const hand = { pointerId: 1, pointerType: "mouse", isPrimary: true, buttons: 1, bubbles: true };
    knob.dispatchEvent(new PointerEvent("pointermove", { ...hand, clientX, clientY }));
    const passed = performance.now() - start;
    if (passed < length) return;
    clearInterval(timer);
    done([window.answers, passed / 1000]);
  }, 8);
})"""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """The address of a course that has been started with its command, and its process."""
    command = [sys.executable, "-m", "taylored", "course", "--no-browser", "--port", "0",
               "--progress", str(folder / "progress.json")]  # fmt: skip
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert running.stdout is not None
    try:
        yield running.stdout.readline().strip(), running.pid
    finally:
        running.terminate()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        running.stdout.close()


def cpu(pid: int) -> float:
    """CPU seconds of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def opened(page: Any, url: str) -> None:
    page.goto(url)
    page.wait_for_selector("html[data-ready]")


def first_page(browser: Any, repeats: int) -> list[float]:
    """Seconds from the command to a page that answers, in a fresh window each time."""
    times = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            with served(Path(folder)) as (address, _):
                context = browser.new_context()
                opened(context.new_page(), address)
                times.append(time.perf_counter() - start)
                context.close()
    return times


def weight(browser: Any, address: str, lesson: str) -> tuple[int, float]:
    """Requests and kilobytes of a lesson in a fresh window (its WebSocket not counted)."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    fetched: list[Any] = []
    page.close()
    page = context.new_page()
    page.on("response", lambda one: fetched.append(one))
    opened(page, _base(address) + f"/lesson/{lesson}")
    page.wait_for_timeout(300)
    size = sum(len(one.body()) for one in fetched if one.status == 200)
    context.close()
    return len(fetched), size / 1e3


def _base(address: str) -> str:
    return address.split("/enter")[0]


def slides(page: Any, base: str, lesson: str, ticks: int) -> dict[str, list[float | None]]:
    """Milliseconds from slider to drawn result, of every figure of a lesson with a slider.

    None for a move after which nothing was drawn.
    """
    opened(page, f"{base}/lesson/{lesson}")
    page.wait_for_timeout(500)
    names = page.eval_on_selector_all(
        "figure.explore:has(.x-is-slider)", "all => all.map((one) => one.dataset.figure)"
    )
    return {name: page.evaluate(_SLIDE, [name, ticks]) for name in names}


def drags(page: Any, base: str, lesson: str, seconds: float) -> dict[str, float]:
    """Answers drawn in a second, of every figure of a lesson with a handle to drag."""
    opened(page, f"{base}/lesson/{lesson}")
    page.wait_for_timeout(500)
    names = page.eval_on_selector_all(
        "figure.explore:has(.x-knob)", "all => all.map((one) => one.dataset.figure)"
    )
    return {name: drag(page, name, seconds) for name in names}


def drag(page: Any, name: str, seconds: float) -> float:
    """Answers drawn in a second while a handle is dragged to and fro as fast as a mouse tells."""
    knob = page.locator(f'figure[data-figure="{name}"] .x-knob').first
    knob.scroll_into_view_if_needed()
    box = knob.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate(_COUNT, name)
    page.mouse.move(x, y)
    page.mouse.down()
    answers, passed = page.evaluate(_MOVE, [x, y, 1e3 * seconds])
    page.mouse.up()
    return answers / passed


def measured(browser: Any, quick: bool) -> str:
    """All tables."""
    from taylored.course.pages import LESSONS

    lessons = [lesson.id for lesson in LESSONS()][:: 8 if quick else 1]
    starts = first_page(browser, 2 if quick else 5)
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (address, pid):
        base = _base(address)
        weights = [weight(browser, address, lesson) for lesson in lessons]
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.goto(address)
        spent = cpu(pid)
        moves: dict[str, list[float | None]] = {}
        for lesson in lessons:
            moves |= slides(page, base, lesson, 10 if quick else 25)
        figures = {name: [t for t in times if t is not None] for name, times in moves.items()}
        ticks = [t for times in figures.values() for t in times]
        asked = sum(map(len, moves.values()))
        per_tick = 1e3 * (cpu(pid) - spent) / (2 * asked)  # moving, then at rest
    slowest = max(figures, key=lambda name: statistics.median(figures[name] or [0.0]))
    rows = [
        ["first page after the command, s (median, most)", f"{statistics.median(starts):.2f}",
         f"{max(starts):.2f}"],
        [f"requests of {len(lessons)} lessons (median, most)",
         f"{statistics.median(n for n, _ in weights):.0f}", str(max(n for n, _ in weights))],
        ["kB of a lesson (median, most)", f"{statistics.median(k for _, k in weights):.0f}",
         f"{max(k for _, k in weights):.0f}"],
        [f"slider to drawn frame, ms, {len(figures)} figures (median, 95th)",
         f"{statistics.median(ticks):.0f}", f"{statistics.quantiles(ticks, n=20)[-1]:.0f}"],
        [f"the slowest figure, {slowest}, ms (median, most)",
         f"{statistics.median(figures[slowest]):.0f}", f"{max(figures[slowest]):.0f}"],
        ["moves of a slider without anything drawn, of all", str(asked - len(ticks)), str(asked)],
        ["CPU of the server, ms a scene (mean)", f"{per_tick:.1f}", ""],
    ]  # fmt: skip
    return table(["", "", ""], rows)


def measured_drags(browser: Any, quick: bool) -> str:
    """Answers a second of every figure with a handle."""
    from taylored.course.pages import LESSONS

    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (address, _):
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.goto(address)
        for lesson in LESSONS()[:: 8 if quick else 1]:
            found |= drags(page, _base(address), lesson.id, 1.0 if quick else 2.0)
    rates = sorted(found.values())
    slow = [[name, f"{rate:.0f}"] for name, rate in found.items() if rate < 30]
    rows = [[f"{len(rates)} figures: median", f"{statistics.median(rates):.0f}"],
            ["least", f"{rates[0]:.0f}"], *slow]  # fmt: skip
    return table(["answers drawn a second in a drag; below 30 by name", ""], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few lessons, nothing written")
    parser.add_argument("--drags", action="store_true", help="the drags alone")
    args = parser.parse_args()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=SWITCHES)
        if not args.drags:
            text = measured(browser, args.quick)
            section("course", "The course in a browser", text, not args.quick)
        text = measured_drags(browser, args.quick)
        section("course-drags", "Drags in the course", text, not args.quick)
        browser.close()


if __name__ == "__main__":
    main()
