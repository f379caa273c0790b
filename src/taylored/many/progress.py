"""What is shown while many fits run: how many are done, how fast, and how many are not usable."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.many.status import Status

__all__ = ["Meter", "Step", "Watch", "check_callback", "check_progress", "duration"]

_PATIENCE = 0.5  # seconds before anything is shown
_PAUSE = 0.1  # seconds between two drawings


@dataclass(frozen=True, slots=True)
class Step:
    """What `callback` is called with: `done` of `total` fits, `not_usable` of them.

    It took `seconds`, at `rate` fits per second (those taken from a ledger not counted), and
    about `left` more are needed: nan before the first fit.
    """

    done: int
    total: int
    not_usable: int
    seconds: float
    rate: float
    left: float


class Meter:
    """Counts fits; `clock` is that of `time.monotonic`."""

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic):
        self.total, self.done, self.not_usable, self._reused = total, 0, 0, 0
        self._clock, self._began = clock, clock()

    def add(self, status: np.ndarray, *, reused: bool = False) -> None:
        """So many fits more, by their codes."""
        self.done += len(status)
        self.not_usable += int(np.count_nonzero(status != Status.OK))
        self._reused += len(status) if reused else 0

    def step(self, part: Step | None = None) -> Step:
        """What is known now; `part` is of fits that are not added yet."""
        done = self.done + (0 if part is None else part.done)
        not_usable = self.not_usable + (0 if part is None else part.not_usable)
        seconds, run = self._clock() - self._began, done - self._reused
        rate = run / seconds if run and seconds > 0 else math.nan
        left = (self.total - done) / rate if done < self.total else 0.0
        return Step(done, self.total, not_usable, seconds, rate, left)


class Watch:
    """Tells the user: by a bar on standard error, and by calling a function of theirs.

    The bar is drawn on a terminal or in Jupyter only, after half a second, by the thread that
    waits for the fits; it is gone when they are done.
    """

    def __init__(self, progress: bool | str, callback: Callable[[Step], Any] | None):
        self._wanted, self._callback = progress is not False, callback
        self._bar: Any = None
        self._task: Any = None
        self._drawn, self._told = 0.0, -1

    def show(self, step: Step) -> None:
        """What is known now; called often."""
        if self._callback is not None and step.done > self._told:
            self._told = step.done
            self._callback(step)
        if self._wanted and step.seconds > _PATIENCE and step.seconds - self._drawn > _PAUSE:
            self._drawn = step.seconds
            self._draw(step)

    def stop(self) -> None:
        """Clear the screen."""
        if self._bar is not None:
            self._bar.stop()

    def _draw(self, step: Step) -> None:
        if self._bar is None:
            self._bar = _new_bar()
            if self._bar is None:
                self._wanted = False
                return
            self._task = self._bar.add_task("Fitting", total=step.total, told=told(step))
            self._bar.start()
        self._bar.update(self._task, completed=step.done, told=told(step), refresh=True)


def told(step: Step) -> str:
    """The words beside the bar."""
    parts = [f"{step.done:,} of {step.total:,} fits"]
    if math.isfinite(step.rate):
        parts += [f"{_three(step.rate)}/s", f"{duration(step.left)} left"]
    if step.done:
        parts.append(f"{100 * step.not_usable / step.done:.1f} % not usable")
    return ", ".join(parts)


def _three(rate: float) -> str:
    """A rate to three digits."""
    places = max(0, 2 - math.floor(math.log10(rate))) if rate < 100 else 0
    step = 10 ** max(0, math.floor(math.log10(rate)) - 2) if rate >= 1000 else 1
    return f"{round(rate / step) * step:,}" if not places else f"{rate:.{places}f}"


def duration(seconds: float) -> str:
    """A time in two units at most."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _new_bar() -> Any:
    """The bar, or None where nobody would see it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    console = Console(stderr=True)
    if not (console.is_terminal or console.is_jupyter):
        return None
    # No thread draws it: what is shown is as of the last block.
    return Progress(
        TextColumn("{task.description}"), BarColumn(bar_width=20), TaskProgressColumn(),
        TextColumn("{task.fields[told]}"), console=console, transient=True, auto_refresh=False,
    )  # fmt: skip


def check_progress(progress: Any) -> None:
    """Refuse what is neither True, False nor "auto"."""
    if progress not in (True, False, "auto"):
        raise ArgumentError(f"progress is {progress!r:.40}.",
                            next_step='give "auto", or False for none.')  # fmt: skip


def check_callback(callback: Any) -> None:
    """Refuse what cannot be called."""
    if callback is not None and not callable(callback):
        raise ArgumentError("callback is not a function.", next_step="give one of one argument.")
