"""What the reader of a Taylor polynomial must know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taylored.results import Accuracy, Finding

if TYPE_CHECKING:
    from taylored.series.result import Taylor

__all__ = ["findings_of"]

_WIDE = 1.0


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
        found.append(
            Finding(
                "wide-remainder",
                f"the remainder may be up to {1 + result.excess:.2g} times as wide as it must be.",
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
    if not np.any(enclosed.rounding > truncation):
        return []
    worst = int(np.argmax(enclosed.rounding - truncation))
    return [
        Finding(
            "rounding-dominates",
            f"what the polynomial leaves out, {truncation[worst]:.2g}, is less than what rounding "
            f"adds, {enclosed.rounding[worst]:.2g}.",
            "A lower order or a larger radius would do as well." if result.order else "",
            "note",
        )
    ]
