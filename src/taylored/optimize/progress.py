"""A line on standard error that follows a solver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.optimize.watch import Iterate, Watch

__all__ = ["showing"]


@contextmanager
def showing(watch: Watch, progress: Any, of_root: bool = False) -> Iterator[None]:
    """While this lasts every iterate is shown, if `progress`; the line is removed at the end.

    Raises:
        ArgumentError: where `progress` is no truth value.
    """
    if not isinstance(progress, bool):
        raise ArgumentError(
            f"progress is {progress!r}.", next_step="give True or False; callback= takes functions."
        )
    if not progress:
        yield
        return
    from rich.console import Console

    line = _of_root if of_root else _line
    with Console(stderr=True).status("Solving" if of_root else "Minimizing") as status:
        watch.show = lambda now: status.update(line(now))
        yield


def _of_root(now: Iterate) -> str:
    return f"step {now.number}, |F| {now.violation:.3g}"


def _line(now: Iterate) -> str:
    parts = [f"iteration {now.number}", f"objective {now.value:.6g}"]
    if now.violation > 0:
        parts.append(f"violation {now.violation:.1e}")
    if np.isfinite(now.stationarity):
        parts.append(f"gradient {now.stationarity:.1e}")
    return ", ".join(parts)
