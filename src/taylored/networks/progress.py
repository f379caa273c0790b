"""What is shown while a network is trained: one line with the loss and the time left."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Line", "Step", "Work"]

_PAUSE = 0.1  # seconds between two drawings


@dataclass(frozen=True, slots=True)
class Step:
    """What `callback` is called with after each step of training.

    `phase` names what is trained, `step` counts its steps (epochs of Adam), `loss` is the mean loss
    per row that is left, in standardized units. About the share `fraction` of the work is done; it
    took `seconds`, and about `left` more are needed: nan after the first step, which compiles and
    so says nothing of the others.
    """

    phase: str
    step: int
    loss: float
    fraction: float
    seconds: float
    left: float = math.nan


class Work:
    """How much of a plan of (phase, work) is done: never less than before."""

    def __init__(self, plan: Sequence[tuple[str, float]] = ()):
        total = sum(work for _, work in plan) or 1.0
        self._starts, self._shares, done = {}, {}, 0.0
        for phase, work in plan:
            self._starts[phase], self._shares[phase] = done, work / total
            done += work / total
        self.fraction = 0.0
        self.started = time.monotonic()
        self._first: tuple[float, float] | None = None  # time and fraction after the first step

    def reach(self, phase: str, share: float) -> None:
        """So much of a phase is done."""
        found = self._starts.get(phase, 0.0) + share * self._shares.get(phase, 0.0)
        self.fraction = min(max(self.fraction, found), 1.0)

    def step(self, phase: str, number: int, loss: float) -> Step:
        """What is known after a step."""
        now = time.monotonic()
        if self._first is None and number:
            self._first = now, self.fraction
        return Step(phase, number, loss, self.fraction, now - self.started, self._left(now))

    def _left(self, now: float) -> float:
        """About how many seconds are left, as fast as since the first step.

        That step compiles what the others use, or comes from a checkpoint.
        """
        since, done = self._first or (now, self.fraction)
        if self.fraction <= done:
            return math.nan
        return (now - since) * (1.0 - self.fraction) / (self.fraction - done)


class Line:
    """One line on standard error where that is a terminal, gone when the work is over."""

    def __init__(self):
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        console = Console(stderr=True)
        self._seen = console.is_terminal or console.is_jupyter
        # No thread draws it: what is shown is as of the last step.
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=20), TaskProgressColumn(),
            TextColumn("{task.fields[left]}"), console=console, transient=True,
            auto_refresh=False,
        )  # fmt: skip
        self._task: Any = self._bar.add_task("Training", total=1.0, left="")
        self._drawn = 0.0

    def start(self) -> None:
        if self._seen:
            self._bar.start()

    def stop(self) -> None:
        if self._seen:
            self._bar.stop()

    def show(self, step: Step, *, now: bool = False) -> None:
        """Draw this step, where the last drawing is not of a moment ago."""
        if not self._seen or (not now and time.monotonic() - self._drawn < _PAUSE):
            return
        self._drawn = time.monotonic()
        text = f"Training {step.phase}"
        if step.step:
            text += f": step {step.step}, loss {step.loss:.4g}"
        left = f"{_duration(step.left)} left" if math.isfinite(step.left) else ""
        self._bar.update(
            self._task, description=text, completed=step.fraction, left=left, refresh=True
        )


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
