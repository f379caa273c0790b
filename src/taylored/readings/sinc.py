"""sin(pi*x)/(pi*x) for doubled precision: the tracer's series near zero is for float64 only."""

from __future__ import annotations

import math
from typing import Any

from taylored.trace.tracer import apply

__all__ = ["NEAR", "sinc"]

NEAR = 0.5  # where the series is used: what it leaves out is below 1e-28 there
_TERMS = 15


def sinc(x: Any) -> Any:
    """sin(pi*x)/(pi*x), and 1 at x = 0, as equations whose derivatives are right there too."""
    angle = x * math.pi
    square = angle * angle
    series: Any = 1.0
    for k in range(_TERMS, 0, -1):
        series = 1.0 - square / float(2 * k * (2 * k + 1)) * series
    near = apply("lt", apply("abs", x), NEAR)
    safe = apply("where", near, 1.0, angle)
    return apply("where", near, series, apply("sin", safe) / safe)
