"""A sign of life on long work: on standard error, on a terminal only, after half a second."""

from __future__ import annotations

import sys
import threading
from typing import Any

from taylored.cli._output import note

__all__ = ["Progress"]

_PATIENCE = 0.5  # seconds before anything is shown


class Progress:
    """`with Progress("Fitting") as step:`; give `step` to a fit as its callback."""

    def __init__(self, what: str, wanted: bool = True):
        self.what, self.wanted = what, wanted and sys.stderr.isatty()
        self.notes: list[str] = []  # for standard error, when the screen is free again
        self._steps, self._status, self._over = 0, None, False
        self._lock = threading.Lock()
        self._timer = threading.Timer(_PATIENCE, self._show)
        self._timer.daemon = True

    def __enter__(self) -> Progress:
        if self.wanted:
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.wanted:
            self._timer.cancel()
            with self._lock:
                self._over = True
                if self._status is not None:
                    self._status.stop()
        for text in self.notes:
            note(text)

    def __call__(self, point: Any) -> None:
        """One accepted step of a fit."""
        self._steps += 1
        status = self._status
        if status is not None:
            status.update(f"{self.what}: step {self._steps}, chi-squared {point.cost:.6g}")

    def _show(self) -> None:
        from rich.console import Console

        status = Console(stderr=True).status(f"{self.what} ...")
        with self._lock:
            if not self._over:
                status.start()
                self._status = status
