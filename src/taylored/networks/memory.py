"""What a training will hold in memory, before it begins: too large ones are refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from taylored.errors import ArgumentError
from taylored.networks.folds import fold_count
from taylored.networks.plan import Settings, default_hidden
from taylored.networks.solvers.choose import Shape, choose_solver

__all__ = ["Task", "check_memory"]

_LEAST = 4e9  # bytes that are never refused
_SHARE = 0.5  # of the memory that there is
_MEMBERS = 10  # of large tasks, where none are asked for
_COPIES = 12  # of the parameters: steps, slopes, priors, the best so far; measured
_AT_ONCE = 3 << 28  # bytes of derivatives and what is made of them on the way, at most


@dataclass(frozen=True, slots=True)
class Task:
    """Rows, features and outputs of the network; `size` of a user's model, else None."""

    rows: int
    features: int
    outputs: int
    size: int | None = None

    def parameters(self, hidden: tuple[int, ...] | None) -> int:
        """The number of parameters with these layers; None: the narrow ones of small tasks."""
        if self.size is not None:
            return self.size
        if hidden is None:
            hidden, _ = default_hidden(self.rows, self.features)
        widths = (self.features, *hidden, self.outputs)
        return sum((a + 1) * b for a, b in pairwise(widths))


def check_memory(settings: Settings, task: Task) -> None:
    """Refuse what does not fit into memory.

    Raises:
        ArgumentError: with the argument, the estimate, and what would fit.
    """
    most = max(_LEAST, _SHARE * _memory())
    needed = _bytes(settings, task)
    if needed <= most:
        return
    raise ArgumentError(
        f"Training would hold about {_giga(needed)} of memory, and {_giga(most)} are the most.",
        why=_reason(settings, task),
        next_step=_what_fits(settings, task, most),
    )


def _bytes(settings: Settings, task: Task) -> float:
    """In float32: the parameters of all members with what solvers keep of each, and the rows."""
    members, size = _members(settings, task), task.parameters(settings.hidden)
    values = task.rows * task.outputs
    shape = Shape(task.rows, task.outputs, size, members)
    second = choose_solver(shape, settings.solver).name == "levenberg"
    held = _COPIES + (min(values, size) if second else 0)  # the curvature of each member
    seen = task.rows * (task.features + task.outputs)
    passing = min(12.0 * members * values * size, _AT_ONCE) if second else 0.0
    return 4.0 * members * (size * held + seen) + passing


def _members(settings: Settings, task: Task) -> int:
    """Whole repeats of folds, as they are trained; or starts."""
    if settings.intervals != "out-of-bag":
        return settings.starts
    count = fold_count(task.rows)
    return count * max(2, -(-(settings.members or _MEMBERS) // count))


def _counted(settings: Settings) -> str:
    """The argument that says how many networks are trained."""
    return "members" if settings.intervals == "out-of-bag" else "starts"


def _reason(settings: Settings, task: Task) -> str:
    members, size = _members(settings, task), task.parameters(settings.hidden)
    layers = f" (hidden={settings.hidden})" if settings.hidden else ""
    each = f"{size:,} parameters each{layers}"
    return f"{members:,} {_counted(settings)} with {each}, {task.rows:,} rows."


def _what_fits(settings: Settings, task: Task, most: float) -> str:
    """The largest arguments of those given that fit."""

    def of_members(count: int) -> Settings:
        return replace(settings, **{_counted(settings): count})

    def of_width(share: int) -> Settings:
        hidden = tuple(max(1, h * share // 1000) for h in settings.hidden or ())
        return replace(settings, hidden=hidden)

    steps, members = [], _members(settings, task)
    fits = _largest(lambda k: _bytes(of_members(k), task) <= most, members)
    if fits:
        steps.append(f"{_counted(settings)}={_rounded(fits)}")
    fits = _largest(lambda k: _bytes(of_width(k), task) <= most, 1000)
    if settings.hidden and fits:
        found = of_width(fits).hidden or ()
        steps.append(f"hidden={tuple(_rounded(h) for h in found)}")
    if steps:
        return f"{' or '.join(steps)} would fit."
    given = [name for name in ("hidden", "members") if getattr(settings, name)]
    if given:
        return f"give much smaller numbers for {' and '.join(given)}."
    return "train on fewer rows or columns, or with fewer parameters."


def _largest(fits: Callable[[int], bool], most: int) -> int:
    """The largest whole number below `most` that fits, 0 where 1 does not."""
    if not fits(1):
        return 0
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _rounded(count: int) -> int:
    """Down to two digits."""
    unit = 10 ** max(len(str(count)) - 2, 0)
    return count // unit * unit


def _memory() -> float:
    """The bytes of the machine, or of the container; 0 where it cannot be told."""
    found = 0.0
    try:
        found = float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        return min(found, float(limit)) if limit.isdigit() else found
    except (OSError, ValueError, AttributeError):
        return found


def _giga(size: float) -> str:
    return f"{size / 1e9:.3g} GB"
