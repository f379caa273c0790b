"""A Taylor polynomial beside its series and beside the best polynomial, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from taylored.errors import TayloredError
from taylored.report.letters import visible
from taylored.report.numbers import number, place_of, rounded
from taylored.report.series_terms import about, down, minus, up
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.series.convergence import Convergence
    from taylored.series.minimax import Best
    from taylored.series.result import Taylor

__all__ = ["best_of", "best_said", "convergence_of", "convergence_said"]

_DIGITS = 6  # of a radius of convergence
_TIGHT = 0.1  # excess of a remainder that may stand for the true error


def convergence_of(result: Taylor) -> Convergence | None:
    """The estimate of the radius, or None where the long series does not exist.

    None too where nothing is known of its coefficients: their errors may look like a singularity.
    """
    if result.expansion.kind is Accuracy.UNKNOWN:
        return None
    try:
        return result.convergence
    except TayloredError:
        return None


def best_of(result: Taylor) -> Best | None:
    """The best polynomial where there is one to compare with."""
    if result.enclosed is None:
        return None
    try:
        found = result.best
    except TayloredError:
        return None
    return found if found.usable else None


def convergence_said(result: Taylor, found: Convergence) -> str:
    """Where the series converges, and where the nearest singularity seems to be."""
    if not found.usable:
        return f"? {found.status}"
    name, center = visible(result.target.names[0]), float(result.expansion.point[0])
    distance = f"|{minus(name, center)}|"
    if math.isinf(found.radius):
        if math.isinf(found.lo):
            return "≈ everywhere, estimated"
        return f"≈ everywhere, for {distance} < {down(found.lo)} at least, estimated"
    half = max(0.5 * (found.hi - found.lo), found.radius - found.lo)
    text = _radius_text(found.radius, found.lo, found.hi, half)
    where = _singularity(found, center, name)
    past = result.reach is not None and float(result.reach[0]) > found.hi
    more = "; the box reaches past it, where more terms do not help" if past else ""
    return f"≈ for {distance} < {text}, estimated{where}{more}"


def _radius_text(radius: float, lo: float, hi: float, half: float) -> str:
    if half <= 10.0 ** (1 - _DIGITS) * radius:
        return number(radius, _DIGITS)
    place = place_of(radius, half if math.isfinite(half) else 0.1 * radius, _DIGITS)
    text = rounded(radius, place) + place.suffix
    if math.isinf(hi):
        return f"{text} ({down(lo)} or more)"
    return f"{text} ({down(lo, 3)} to {up(hi, 3)})"


def _singularity(found: Convergence, center: float, name: str) -> str:
    """Three digits of where the nearest singularity seems to be."""
    if found.nearest is None:
        return ""
    place = place_of(found.radius, 0.05 * found.radius)
    real = rounded(center + found.nearest.real, place)
    imaginary = rounded(abs(found.nearest.imag), place)
    if not float(imaginary):
        return f"; nearest singularity at {name} = {real}{place.suffix}"
    if place.suffix:
        return f"; nearest singularities at {name} = ({real} ± {imaginary}i){place.suffix}"
    return f"; nearest singularities at {name} = {real} ± {imaginary}i"


def best_said(result: Taylor, best: Best) -> str:
    """How much less the best polynomial of the same degree leaves."""
    what = f"the best polynomial of degree {result.order}"
    if best.error <= 3 * best.rounding:
        return f"≈ rounding hides how much less {what} leaves"
    ratio = result.largest_remainder / best.error
    size = about(best.error)
    if ratio < 1.05:
        return f"≈ {what} leaves {size}: no less"
    said = about(ratio)
    # The bound may be wider than what Taylor's polynomial leaves out.
    most = "" if result.excess <= _TIGHT else "up to "
    return f"≈ {what} leaves {size}: {most}{said} times less, estimated"
