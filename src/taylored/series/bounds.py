"""`bounds`: the proved range of a function over a box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, EnclosureError
from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.enclosure.range import DEFAULT, THOROUGH, value_range
from taylored.readings.enclosure.search import Found
from taylored.results import Interval
from taylored.series.enclosed import Settings
from taylored.series.function import Target, plain, read_target

__all__ = ["bounds"]


def bounds(f: Any, lo: Any, hi: Any, *, thorough: bool = False, exact: bool = False) -> Interval:
    """The range of a function over a box, proved.

    All values f(x) with lo <= x <= hi lie in [result.lo, result.hi], rounding included.

    Args:
        f: a formula, or a function of numbers, arrays or trees of them.
        lo: the lower ends of the box: what f takes.
        hi: the upper ends, in the same form.
        thorough: spend more time on a narrower range.
        exact: compute with python-flint's balls instead of outward-rounded float64.

    Returns:
        An `Interval`; its note says how near it is to values that are attained. With many outputs
        its ends are arrays; of a tree it is a tree of intervals.

    Numerical error: none that is not enclosed; the interval may be wider than the range.

    Raises:
        ArgumentError: where the ends are no box.
        EnclosureError: where f is not defined, or not bounded, on a part of the box.
        FormulaError, FunctionError: where f cannot be read.
        MissingRule: for operations that cannot be bounded, with the user's lines.

    Example:
        >>> import taylored as ty
        >>> found = ty.bounds("x*exp(-x)", 0.0, 2.0)
        >>> found.lo <= 0.0 <= 0.3678794 <= found.hi < 0.372
        True

    Source: Moore, Kearfott and Cloud, Introduction to Interval Analysis (2009), chapters 5 and 6;
    Ratschek and Rokne, Computer Methods for the Range of Functions (1984).
    """
    target, low = read_target(f, lo, "lo")
    high = target.flatten(hi, "hi")
    bad = np.flatnonzero(low > high)
    if bad.size:
        name = target.names[bad[0]]
        raise ArgumentError(
            f"lo is above hi for {name}: {low[bad[0]]:g} > {high[bad[0]]:g}.",
            next_step="give lo <= hi.",
        )
    settings = Settings(bool(thorough), bool(exact))
    function = BoxFunction(target.program, target.shapes, settings.executor)
    # What overflows is infinite, and then refused.
    with np.errstate(all="ignore"), function.executor.precision():
        found = value_range(function, low, high, THOROUGH if thorough else DEFAULT)
    if found.troubles or not found.finite:
        raise _refusal(target, found, high - low)
    ends = zip(
        *(target.arrays(v) for v in (found.low, found.high, found.inner_low, found.inner_high)),
        strict=True,
    )
    made = [
        Interval(plain(a), plain(b), None, _method(settings), settings.kind,
                 settings.caveat or _note(a, b, inner))
        for a, b, *inner in ends
    ]  # fmt: skip
    return target.tree(made)


def _method(settings: Settings) -> str:
    return "branch and bound, python-flint" if settings.exact else "branch and bound, intervals"


def _note(low: Any, high: Any, inner: Sequence[Any]) -> str:
    """How much of the interval is certainly attained."""
    with np.errstate(all="ignore"):
        width, reached = high - low, inner[1] - inner[0]
        share = np.nanmin(np.where(width > 0, reached / width, 1.0), initial=1.0)
    if not np.isfinite(share) or share <= 0:
        return "how much of it is attained is not known"
    if share > 0.999999:
        return "attained to 6 digits"
    return f"at least {100 * np.floor(share * 1000) / 1000:.4g} % of its width are attained"


def _refusal(target: Target, found: Found, scale: np.ndarray) -> EnclosureError:
    what = f"{target.describe} cannot be bounded on the box."
    trouble = min(found.troubles, key=lambda t: t.kind != "domain", default=None)
    place = ""
    if found.place is not None:
        middle = 0.5 * found.place[0] + 0.5 * found.place[1]
        middle = np.where(np.abs(middle) < 1e-9 * np.abs(scale), 0.0, middle)
        pairs = list(zip(target.names, middle, strict=True))
        place = "near " + ", ".join(f"{n} = {v:.4g}" for n, v in pairs[:6])
    if trouble is None:
        why = f"its values are not bounded {place}.".replace(" .", ".")
        return EnclosureError(what, why=why, next_step="take a smaller box.")
    name = f"{trouble.primitive}: " if trouble.primitive else ""
    return EnclosureError(
        what, where=trouble.source, why=f"{name}{trouble.reason}, {place}.",
        next_step="leave that place out of the box.",
    )  # fmt: skip
