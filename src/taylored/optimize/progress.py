"""A line on standard error that follows a solver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from taylored.optimize.watch import Iterate, Watch

__all__ = ["showing"]


@contextmanager
def showing(watch: Watch, progress: bool) -> Iterator[None]:
    """While this lasts every iterate is shown, if `progress`; the line is removed at the end."""
    if not progress:
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status("Minimizing") as status:
        watch.show = lambda now: status.update(_line(now))
        yield


def _line(now: Iterate) -> str:
    parts = [f"iteration {now.number}", f"objective {now.value:.6g}"]
    if now.violation > 0:
        parts.append(f"violation {now.violation:.1e}")
    if np.isfinite(now.stationarity):
        parts.append(f"gradient {now.stationarity:.1e}")
    return ", ".join(parts)
