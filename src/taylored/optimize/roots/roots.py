"""The verb `roots`: all roots in a box."""

from __future__ import annotations

import math
import numbers
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, BoundsError, MissingExtraError
from taylored.optimize.options import read_callback, read_seconds, whole
from taylored.optimize.roots.collection import Roots, Undecided
from taylored.optimize.roots.krawczyk import Enclosure, middle
from taylored.optimize.roots.local import local_solve
from taylored.optimize.roots.proof import Knowledge, exactly_zero, kind_here
from taylored.optimize.roots.prune import Found, Limits, Piece, prune
from taylored.optimize.roots.result import Cost, Root
from taylored.optimize.roots.search import is_root
from taylored.optimize.roots.system import System, formula_names, read_system
from taylored.optimize.watch import Path, Watch
from taylored.readings.interval.executor import flint_executor

__all__ = ["roots"]

_MOST_UNKNOWNS = 30
_MOST_PIECES = 1500
_LARGEST = float(np.finfo(float).max)


def roots(
    f: Any,
    lo: Any,
    hi: Any,
    *,
    tol: float = 1e-8,
    callback: Callable[[Found, int], Any] | None = None,
    max_boxes: int = 200_000,
    max_seconds: float = 30.0,
) -> Roots:
    """All roots of an equation or a square system in a box, each proved, or what is undecided.

    The box is halved again and again. Parts where an enclosure of F does not hold 0 are dropped;
    a root is proved with a region around it that holds no other.

    Args:
        f: as for `root`: a formula or equation, a list of them, or a function.
        lo, hi: the ends of the box, in the form that f takes. One number stands for all names of
            formulas.
        tol: parts so small, beside the box, are not halved any more.
        callback: called with what is found and the number of open parts; True stops.
        max_boxes, max_seconds: limits; then what is found so far is returned, not complete.

    Returns:
        `Roots`, a sequence of `Root`, with `complete`, `undecided` and `findings`.

    Numerical error: enclosures are proved, rounding included. `complete` is True only if all of
    the box is decided; multiple roots cannot be proved and stay undecided.

    Raises:
        BoundsError: for a box that is none, or infinite.
        ArgumentError: for a system that is not square.
        MissingRule: for operations that cannot be enclosed.

    Example:
        >>> import taylored as ty
        >>> found = ty.roots("sin(x) - x/4", -10, 10)
        >>> len(found), found.complete
        (3, True)

    Source: Neumaier, Interval Methods for Systems of Equations (1990), chapter 5; Hansen and
    Walster, Global Optimization Using Interval Analysis (2004), chapter 11.
    """
    began = time.perf_counter()
    _check(tol, max_boxes, max_seconds, callback)
    system, low, high = _read(f, lo, hi)
    started = time.perf_counter()
    with np.errstate(over="ignore"):
        size = np.minimum(high - low, _LARGEST)
    # A little more on each side, so that a root on the border lies inside of what is searched.
    more = 1e-9 * size + 16 * np.spacing(np.maximum(np.abs(low), np.abs(high)))
    limits = Limits(int(max_boxes), float(max_seconds), float(tol) * size)
    with np.errstate(all="ignore"):
        found = Found()
        try:
            prune(system, low - more, high + more, limits, watch=callback, found=found)
        except KeyboardInterrupt:
            found.stopped = "interrupted"
            found.pieces.append(Piece(low, high, "limit"))
        return _made(system, (low, high), found, (started, started - began))


def _check(tol: Any, boxes: Any, seconds: Any, callback: Any) -> None:
    if not (isinstance(tol, numbers.Real) and 0 < float(tol) < 1):
        raise ArgumentError(f"tol={tol!r} is not between 0 and 1.", next_step="give tol=1e-8.")
    whole("max_boxes", boxes, 1)
    read_seconds(seconds)
    read_callback(callback)


def _read(f: Any, lo: Any, hi: Any) -> tuple[System, np.ndarray, np.ndarray]:
    names = formula_names(f)
    if names and len(names) > 1:
        lo, hi = (dict.fromkeys(names, v) if isinstance(v, numbers.Real) else v for v in (lo, hi))
    for what, value in (("lo", lo), ("hi", hi)):
        _refuse_infinite(what, value)
    system, low = read_system(f, lo, "lo")
    high = system.flatten(hi, "hi")
    wrong = np.flatnonzero(~(low < high))
    if wrong.size:
        k = int(wrong[0])
        raise BoundsError(
            f"The box is empty: {system.names[k]} from {low[k]:.6g} to {high[k]:.6g}.",
            next_step="give lo below hi for every unknown.",
        )
    if system.equations != system.variables:
        few = system.equations < system.variables
        raise ArgumentError(
            f"There are {system.equations} equations in {system.variables} unknowns.",
            why="then the roots are curves or surfaces, not points." if few
            else "then the least rounding takes every root away.",
            next_step="give as many equations as unknowns; ty.root solves either.",
        )  # fmt: skip
    if system.variables > _MOST_UNKNOWNS:
        raise ArgumentError(
            f"A box in {system.variables} unknowns cannot be searched to the end.",
            next_step="use ty.root from several starts.",
        )
    return system, low, high


def _refuse_infinite(what: str, value: Any) -> None:
    """Say it of the box, before it is said of a number."""
    if isinstance(value, Mapping | list | tuple):
        for part in value.values() if isinstance(value, Mapping) else value:
            _refuse_infinite(what, part)
        return
    try:
        infinite = bool(np.any(np.isinf(np.asarray(value, float))))
    except (TypeError, ValueError):
        return
    if infinite:
        raise BoundsError(
            f"{what} is infinite: only a finite box can be searched to the end.",
            next_step="give finite ends; far out, substitute x = 1/t and search t near 0.",
        )


def _made(
    system: System, box: tuple[np.ndarray, np.ndarray], found: Found, times: tuple[float, float]
) -> Roots:
    """The result: roots in the box in order, those on its border marked."""
    low, high = box
    kind, caveat = kind_here()
    kept = []
    for root in found.roots:
        if np.any(root.high < low) or np.any(root.low > high):
            continue
        inside = bool(np.all((root.low >= low) & (root.high <= high)))
        kept.append((root, inside or _exactly_on(system, root, box)))
    kept.sort(key=lambda pair: tuple(middle(pair[0].low, pair[0].high)))
    work = system.work
    seconds = time.perf_counter() - times[0]
    cost = Cost(work.values, work.firsts, found.boxes, seconds, times[1])
    items = []
    for root, _ in kept:
        known = Knowledge(kind, root.low, root.high, caveat, (root.unique_low, root.unique_high))
        x = np.clip(middle(root.low, root.high), low, high) + 0.0  # no -0.0
        items.append(Root(system, x, "root", Path(), cost, given=known, reach=high - low))
    border = tuple(k for k, (_, inside) in enumerate(kept) if not inside)
    undecided = _undecided(system, found.pieces, box)
    return Roots(
        system, low, high, tuple(items), border, undecided, found.stopped, kind, found.boxes,
        cost, caveat,
    )  # fmt: skip


def _exactly_on(system: System, root: Enclosure, box: tuple[np.ndarray, np.ndarray]) -> bool:
    """Whether the point on the border, where the root may be, is exactly a root: then it is it."""
    x = middle(root.low, root.high)
    for end in box:
        x = np.where((root.low < end) & (end < root.high), end, x)
    x = np.where((root.low < 0) & (root.high > 0) & (x != box[0]) & (x != box[1]), 0.0, x)
    if exactly_zero(system.box, x):
        return True
    try:
        executor = flint_executor()
    except MissingExtraError:
        return False
    with executor.precision():
        return exactly_zero(replace(system.box, executor=executor), x)


# ---- what is left ----


def _undecided(
    system: System, pieces: list[Piece], box: tuple[np.ndarray, np.ndarray]
) -> tuple[Undecided, ...]:
    """Undecided pieces put together where they touch, with a point where F is about 0."""
    low, high = box
    inside = [p for p in pieces if np.all((p.high >= low) & (p.low <= high))]
    found = []
    for why in ("touching", "undefined", "limit"):
        mine = [p for p in inside if p.why == why]
        for a, b in _clusters(mine, high - low):
            near = _near(system, a, b) if why == "touching" and len(found) < 20 else None
            found.append(Undecided(np.maximum(a, low), np.minimum(b, high), why, near))
    return tuple(found)


def _clusters(pieces: list[Piece], size: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The hulls of pieces that touch, or nearly."""
    if not pieces:
        return []
    lows, highs = np.array([p.low for p in pieces]), np.array([p.high for p in pieces])
    if len(pieces) > _MOST_PIECES:
        return [(lows.min(axis=0), highs.max(axis=0))]
    slack = 1e-7 * size
    hulls: list[tuple[np.ndarray, np.ndarray]] = []
    left = np.ones(len(pieces), bool)
    while left.any():
        first = int(np.flatnonzero(left)[0])
        a, b = lows[first], highs[first]
        while True:
            touch = left & np.all((lows <= b + slack) & (highs >= a - slack), axis=1)
            if not touch.any():
                break
            a, b = np.minimum(a, lows[touch].min(axis=0)), np.maximum(b, highs[touch].max(axis=0))
            left &= ~touch
        hulls.append((a, b))
    return hulls


def _near(system: System, low: np.ndarray, high: np.ndarray) -> np.ndarray | None:
    """A point about there where F is 0 to rounding."""
    found = local_solve(system, middle(low, high), Watch(system.work), most=60)
    width = np.maximum(high - low, 1e-300)
    close = np.all((found.x >= low - 10 * width) & (found.x <= high + 10 * width))
    found.reach = np.maximum(found.reach, math.sqrt(1e-8) + np.abs(found.x))
    return found.x if close and is_root(system, found) else None
