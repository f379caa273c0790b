"""What the reader of a Taylor polynomial must know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taylored.results import Accuracy, Finding
from taylored.series.refusals import up_to_two_digits

if TYPE_CHECKING:
    from taylored.series.result import Taylor

__all__ = ["findings_of"]

_WIDE = 1.0
_NOTHING = 1e-300


def findings_of(result: Taylor) -> tuple[Finding, ...]:
    """Findings, most important first."""
    found: list[Finding] = []
    if result.enclosed is None:
        found.append(
            Finding(
                "no-remainder",
                "nothing is known of what the polynomial leaves out: no radius was given.",
                "Ask for T.within(radius), or T.radius_for(tol).",
                "note",
            )
        )
        return tuple(found)
    if result.accuracy is not Accuracy.PROVED:
        found.append(Finding("margins-exceeded", result.settings.caveat, "Use exact=True."))
    found += _rounding(result)
    if result.excess > _WIDE:
        times = up_to_two_digits(1 + result.excess)
        found.append(
            Finding(
                "wide-remainder",
                f"the remainder may be up to {times:g} times as wide as it must be.",
                "thorough=True spends more time on it.",
                "note",
            )
        )
    return tuple(found)


def _rounding(result: Taylor) -> list[Finding]:
    """Whether more terms would be lost in rounding."""
    enclosed = result.enclosed
    assert enclosed is not None
    truncation = np.maximum(np.abs(enclosed.of.low), np.abs(enclosed.of.high))
    # Of several outputs the one that is off most counts: a linear one among them is no news.
    worst = int(np.argmax(enclosed.rounding + truncation))
    left, rounding = truncation[worst], enclosed.rounding[worst]
    if not rounding > left:
        return []
    step = "A lower order or a larger radius would do as well." if result.order else ""
    if left < _NOTHING:
        message = f"the polynomial leaves out next to nothing; rounding adds {rounding:.2g}."
    else:
        message = (
            f"what the polynomial leaves out, {left:.2g}, is less than what rounding adds, "
            f"{rounding:.2g}."
        )
    return [Finding("rounding-dominates", message, step, "note")]
