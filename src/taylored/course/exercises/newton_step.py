"""What is seen in a learner's Newton step for a root, for exercise 4A."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from taylored.course.checking import Case, Parameters

__all__ = ["f", "has_slope", "other_power", "other_slope", "other_start", "slope", "weights"]


def f(p: Parameters, x: Any) -> Any:
    return x**p.a - p.b


def slope(p: Parameters, x: Any) -> Any:
    return p.a * x ** (p.a - 1)


def _law(x: np.ndarray, values: np.ndarray) -> tuple[float, float] | None:
    """Factor and exponent where the values are a number times a power of x."""
    if not np.isfinite(values).all() or not (np.all(values > 0) or np.all(values < 0)):
        return None
    logs = np.log(np.abs(values))
    power, height = np.polyfit(np.log(x), logs, 1)
    if np.abs(power * np.log(x) + height - logs).max() > 1e-4:
        return None
    return float(np.sign(values[0]) * np.exp(height)), float(power)


def _read(cases: list[Case], outputs: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(cases, dtype=float)[:, 0], np.array(outputs, dtype=float)


def _slope_law(p: Parameters, cases: list[Case], outputs: list[Any]) -> tuple[float, float] | None:
    """Factor and exponent of what stands in the denominator of the step, if it is a power."""
    x, got = _read(cases, outputs)
    with np.errstate(all="ignore"):
        return _law(x, f(p, x) / (x - got))


def other_slope(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether it is a step with some other power of x, times a number, in the denominator."""
    return _slope_law(p, cases, outputs) is not None


def has_slope(
    power: Callable[[Parameters], float], *factors: Callable[[Parameters], float]
) -> Callable[..., bool]:
    """Whether the denominator has this power of x, and one of these factors if any are named."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        law = _slope_law(p, cases, outputs)
        if law is None or abs(law[1] - power(p)) > 1e-3:
            return False
        return not factors or any(abs(law[0] / factor(p) - 1) < 2e-3 for factor in factors)

    return when


def other_power(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether the power of x above the line is another one, and all else is right."""
    x, got = _read(cases, outputs)
    law = _law(x, (x - got) * slope(p, x) + p.b)
    return law is not None and abs(law[0] - 1) < 2e-3 and abs(law[1] - p.a) > 1e-3


def other_start(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether the step is right and does not start at the guess, but at a power or a number."""
    x, got = _read(cases, outputs)
    start = got + f(p, x) / slope(p, x)
    law = _law(x, start)
    height = bool(np.allclose(start, f(p, x), rtol=1e-5))
    return height or (law is not None and (abs(law[1] - 1) > 1e-3 or abs(law[0]) >= 2))


def weights(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether it is a share of x plus a number over the right power, with a wrong weight."""
    x, got = _read(cases, outputs)
    table = np.column_stack([x, x ** (1 - p.a)])
    if not np.isfinite(got).all():
        return False
    parts = np.linalg.lstsq(table, got, rcond=None)[0]
    exact = np.abs(table @ parts - got).max() <= 1e-4 * np.abs(got).max()
    return bool(exact and np.abs(parts).min() > 1e-3)
