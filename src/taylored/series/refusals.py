"""Refusals: what cannot be proved, why, and the nearest request that can."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

import numpy as np

from taylored.errors import EnclosureError
from taylored.readings.jet.value import Trouble
from taylored.series.enclosed import Enclosed, Expansion, Settings, proved_remainder

__all__ = ["box_text", "largest_radius", "refuse", "up_to_two_digits"]

_SHARES = (-4, -12, -30, -80, -200, -500, -900)  # what is refused for overflow works far inside
_WIDE = Context(prec=800)  # digits of the longest float64
_NEAR = 1.02  # the radius found is within 2 % of the largest one


def largest_radius(
    made: Expansion, sides: np.ndarray, settings: Settings, overflow: bool = False
) -> float:
    """The largest share of the box for which the remainder is proved; 0 where none was found."""

    def works(share: float) -> bool:
        return proved_remainder(made, sides * share, settings, np.inf).proved

    low, high = 0.0, 1.0
    for power in _SHARES[: None if overflow else 3]:
        share = 2.0**power
        if not np.any(sides * share > 0):
            return 0.0
        if works(share):
            low = share
            break
        high = share
    while low and high / low > _NEAR:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if works(middle) else (low, middle)
    return low


def refuse(
    made: Expansion, sides: np.ndarray, settings: Settings, found: Enclosed
) -> EnclosureError:
    """The error for a box on which the function is not smooth, or not enclosed."""
    share = largest_radius(made, sides, settings, not found.of.troubles)
    works = _rounded_down(share * sides)
    step = f"{box_text(made.point, works)} works." if share else "move the center."
    trouble = _first(found.of.troubles)
    given = box_text(made.point, sides)
    what = f"The remainder of {made.target.describe} cannot be bounded for {given}."
    if trouble is None:
        why = "its enclosures are infinite on a part of the box."
        return EnclosureError(what, why=why, next_step=step, radius=_least(works, share))
    name = f"{trouble.primitive}: " if trouble.primitive else ""
    return EnclosureError(
        what, where=trouble.source, why=f"{name}{trouble.reason}.", next_step=step,
        radius=_least(works, share),
    )  # fmt: skip


def _least(works: np.ndarray, share: float) -> float:
    return float(np.min(works[works > 0])) if share else 0.0


def _first(troubles: Sequence[Trouble]) -> Trouble | None:
    """The trouble to name: what is not defined before what is not smooth."""
    order = {"domain": 0, "kink": 1, "jump": 2, "branch": 3}
    return min(troubles, key=lambda t: order.get(t.kind, 9), default=None)


def _rounded_down(radius: np.ndarray) -> np.ndarray:
    """To two digits, downward: a number to type that surely works."""
    with np.errstate(divide="ignore"):
        scale = 10.0 ** (np.floor(np.log10(np.where(radius > 0, radius, 1.0))) - 1)
    return np.floor(radius / scale * (1 - 1e-12)) * scale


def up_to_two_digits(value: float) -> float:
    """A positive number rounded to two digits, upward."""
    if not np.isfinite(value):
        return value
    scale = 10.0 ** (np.floor(np.log10(value)) - 1)
    return float(np.ceil(value / scale * (1 + 1e-12)) * scale)


def box_text(point: np.ndarray, sides: np.ndarray) -> str:
    """The box as it is asked for."""
    if np.all(sides == sides.flat[0]):
        return f"radius={sides.flat[0]:.6g}"
    if np.array_equal(sides[0], sides[1]):
        return f"radius={_vector_text(sides[0])}"
    ends = (point - sides[0], point + sides[1])
    low, high = (np.array(list(map(_inward, end, point))) for end in ends)
    return f"on=({_vector_text(low)}, {_vector_text(high)})"


def _inward(end: float, center: float) -> float:
    """The shortest number that is hardly nearer to the center than the end."""
    if end == center:
        return end
    exact = Decimal(end)
    rounding = ROUND_CEILING if center > end else ROUND_FLOOR
    for digits in range(1, 17):
        place = Decimal(1).scaleb(exact.adjusted() - digits + 1)
        shorter = float(exact.quantize(place, rounding=rounding, context=_WIDE))
        if abs(shorter - end) <= 0.01 * abs(end - center):
            return shorter
    return end


def _vector_text(values: np.ndarray) -> str:
    shown = [f"{v:.6g}" if float(f"{v:.6g}") == v else repr(float(v)) for v in values[:6]]
    if len(values) == 1:
        return shown[0]
    return f"[{', '.join(shown)}{', ...' if len(values) > 6 else ''}]"
