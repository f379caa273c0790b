"""The box of a Taylor polynomial as text: its ends rounded inward, so that what is said holds."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING

import numpy as np

from taylored.report.letters import visible
from taylored.report.series_terms import decimal_text, given

if TYPE_CHECKING:
    from taylored.series.result import Taylor

__all__ = ["box_ends", "box_sides", "box_text", "box_texts", "symmetric_reach"]

_DIGITS = 5  # of the reach, to which the ends of a box are shown
_CLEAN = 15  # digits of an end that was most likely typed
_NEAR = 2  # units in the last place that an end may be off what was typed
_SAME = 1e-12  # of the reach: sides that differ by less are one
_WIDE = Context(prec=1500)  # holds every digit of any float64


def symmetric_reach(result: Taylor) -> np.ndarray | None:
    """How far the box reaches both ways from the center; None without a box or where it differs."""
    if result.sides is None:
        return None
    below, above = result.sides
    point = np.abs(result.expansion.point)
    slack = np.maximum(_SAME * np.maximum(below, above), 2 * np.spacing(point + below + above))
    if np.any(np.abs(below - above) > np.where(np.minimum(below, above) > 0, slack, 0.0)):
        return None
    return box_sides(result).min(axis=0)


def box_sides(result: Taylor) -> np.ndarray:
    """(2, variables) how far the box reaches down and up, as was most likely typed, or less."""
    assert result.sides is not None
    return np.array([[_typed(s, False, s) for s in side] for side in result.sides])


def box_ends(result: Taylor) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the box as they were most likely typed, never outside of it."""
    assert result.box is not None and result.sides is not None
    scale = np.abs(result.expansion.point) + result.sides.max(axis=0)
    low, high = (zip(end, scale, strict=True) for end in result.box)
    return np.array([_typed(v, True, s) for v, s in low]), np.array(
        [_typed(v, False, s) for v, s in high]
    )


def _typed(end: float, lower: bool, scale: float) -> float:
    """A number of few digits next to an end, inside; the end itself where there is none."""
    if not scale:
        return float(end)
    place = Decimal(1).scaleb(Decimal(float(scale)).adjusted() + 1 - _CLEAN)
    found = float(Decimal(float(end)).quantize(place, ROUND_HALF_EVEN, _WIDE)) or 0.0  # no -0
    inside = found >= end if lower else found <= end
    return found if inside and abs(found - end) <= _NEAR * np.spacing(scale) else float(end)


def box_texts(result: Taylor) -> Iterator[tuple[str, str]]:
    """Each input with the interval of the box, rounded inward."""
    assert result.sides is not None
    for k, (below, above) in enumerate(result.sides.T):
        name, center = visible(result.target.names[k]), given(result.expansion.point[k])
        if not below and not above:
            yield name, center
            continue
        # The box is proved with its ends moved out by more than these decimals are off.
        c, b, a = Decimal(center), Decimal(given(below)), Decimal(given(above))
        place = Decimal(1).scaleb(max(a, b).adjusted() + 1 - _DIGITS)
        low, high = _WIDE.subtract(c, b), _WIDE.add(c, a)
        ends = (_inward(low, place, ROUND_CEILING), _inward(high, place, ROUND_FLOOR))
        yield name, f"[{ends[0]}, {ends[1]}]"


def _inward(end: Decimal, place: Decimal, rounding: str) -> str:
    kept = end.quantize(place, rounding, _WIDE).normalize(_WIDE)
    return decimal_text(kept) if kept else "0"


def box_text(result: Taylor) -> str:
    """The box in words: `On [-0.2, 0.8]`, `For x in [0, 1], y in [2, 3]`."""
    pairs = list(box_texts(result)) if result.target.variables <= 4 else []
    if len(pairs) == 1:
        return f"On {pairs[0][1]}"
    if pairs:
        return "For " + ", ".join(f"{n} {'in' if t[0] == '[' else '='} {t}" for n, t in pairs)
    each = f"in each of {result.target.variables} inputs"
    reach = symmetric_reach(result)
    if reach is None:
        return f"Between the ends of the box {each}"
    far = given(reach[0]) if np.all(reach == reach[0]) else "its radius"
    return f"Within {far} of the center {each}"
