"""`--predict`: where the fitted curve is asked for."""

from __future__ import annotations

import os
import re
from decimal import Decimal, InvalidOperation

from taylored.errors import ArgumentError

__all__ = ["MOST_POINTS", "grid"]

MOST_POINTS = 1_000_000
_DEFAULT_POINTS = 101
_EXAMPLE = "write 0:10:0.5, 0:10 (101 points), 1,2,5, or the name of a file"


def grid(text: str) -> list[float] | None:
    """The points of `0:10:0.5`, `0:10` or `1,2,5`; None where the text is the name of a file.

    Steps are counted in decimal figures, so that 0:1:0.1 meets 0.3 and ends at 1.

    Raises:
        ArgumentError: where it is neither, or has too many points.
    """
    numbers = re.split("[:,]", text.replace("\u2212", "-"))
    if not re.fullmatch(r"[\s0-9.eE+:,\u2212-]+", text) or re.fullmatch(r"[.:,-]+", text):
        return _file(text)
    if os.path.exists(text):
        return None
    try:
        values = [Decimal(number.strip()) for number in numbers]
    except InvalidOperation:
        raise ArgumentError(
            f"--predict: {text[:60]!r} is not a grid.", next_step=_EXAMPLE
        ) from None
    if any(abs(value.adjusted()) > 300 for value in values):
        raise ArgumentError(f"--predict: {text[:60]!r} is out of range.", next_step=_EXAMPLE)
    if ":" in text:
        return _range(text, values)
    return [float(value) for value in values]


def _file(text: str) -> None:
    if text != "-" and not os.path.exists(text):
        what = f"--predict: {text[:60]!r} is neither a grid nor a file."
        raise ArgumentError(what, next_step=_EXAMPLE)


def _range(text: str, values: list[Decimal]) -> list[float]:
    if "," in text or len(values) > 3:
        raise ArgumentError(f"--predict: {text[:60]!r} is not a grid.", next_step=_EXAMPLE)
    low, high = values[:2]
    if len(values) == 2:
        step, count = (high - low) / (_DEFAULT_POINTS - 1), _DEFAULT_POINTS
    else:
        step = values[2]
        if step == 0 or (high - low) / step < 0:
            what = f"--predict: the step {step} does not lead from {low} to {high}."
            raise ArgumentError(what, next_step=_EXAMPLE)
        count = (high - low) / step
        if count >= MOST_POINTS:
            what = f"--predict: {text[:60]} has more than {MOST_POINTS:,} points."
            raise ArgumentError(what, next_step="take a larger step")
        count = int(count) + 1
    return [float(low + k * step) for k in range(count)]
