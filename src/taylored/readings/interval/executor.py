"""Arithmetic on the end points of intervals, rounded outward: by NumPy, by XLA, or by python-flint.

NumPy's and XLA's operations are not correctly rounded (fused operations, vendor functions,
flushed subnormals), so results are widened by `m*|v|*2**-52 + tiny`, with a measured margin m for
each function (`interval.margins`). python-flint computes with proved balls instead.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import numpy as np

from taylored.errors import MissingExtraError
from taylored.readings.facts import ELEMENTWISE, resolve
from taylored.readings.interval.margins import LIMITS, NUMPY_MARGINS, tiny

__all__ = ["NUMPY", "Executor", "FlintExecutor", "NumpyExecutor", "flint_executor", "flint_module"]

_UNIT = 2.0**-52
_FAR = 2.0**-51  # sin and cos of large numbers are off by at most 2**-54, near their zeros too


class Executor(Protocol):
    """How numbers at the ends of intervals are computed.

    `xp` has NumPy's functions for them. `down` and `up` move a computed value outward by `ulps`
    units in its last place, past where its exact value may lie; `down` of nan is -inf.
    """

    name: str
    xp: Any
    tiny: float  # what a sum or product may lack beside its relative error

    def precision(self) -> AbstractContextManager:
        """The scope in which this executor's numbers are to be used."""
        ...

    def array(self, values: Any) -> Any:
        """Exact numbers (float64 or whole) as end points."""
        ...

    def down(self, v: Any, ulps: float = 1.0) -> Any: ...

    def up(self, v: Any, ulps: float = 1.0) -> Any: ...

    def below(self, function: str, *x: Any) -> Any:
        """A number that `function(*x)` is not below, for exact x."""
        ...

    def above(self, function: str, *x: Any) -> Any:
        """A number that `function(*x)` is not above, for exact x."""
        ...

    def finite(self, v: Any) -> Any:
        """Where end points are finite."""
        ...

    def floats(self, v: Any, up: bool) -> np.ndarray:
        """End points as float64, rounded up or down."""
        ...


class NumpyExecutor:
    """End points in float64, computed by NumPy (IEEE arithmetic, subnormals kept)."""

    name = "numpy"
    xp = np
    tiny = 5e-324 * 4

    def precision(self) -> AbstractContextManager:
        return nullcontext()

    def array(self, values: Any) -> Any:
        return np.asarray(values, float)

    def down(self, v: Any, ulps: float = 1.0) -> Any:
        result = v - (np.abs(v) * (ulps * _UNIT) + self.tiny)
        return result if _all_finite(result) else _mended(result, v, -1.0, ulps)

    def up(self, v: Any, ulps: float = 1.0) -> Any:
        result = v + (np.abs(v) * (ulps * _UNIT) + self.tiny)
        return result if _all_finite(result) else _mended(result, v, 1.0, ulps)

    def below(self, function: str, *x: Any) -> Any:
        value = _numpy(function)(*x)
        bound = self.down(value - tiny("numpy", function), NUMPY_MARGINS[function])
        return _beyond_limits(function, x[0], bound, (value, -1.0))

    def above(self, function: str, *x: Any) -> Any:
        value = _numpy(function)(*x)
        bound = self.up(value + tiny("numpy", function), NUMPY_MARGINS[function])
        return _beyond_limits(function, x[0], bound, (value, 1.0))

    def finite(self, v: Any) -> Any:
        return np.isfinite(v)

    def floats(self, v: Any, up: bool) -> np.ndarray:
        return np.asarray(v, float)


def _beyond_limits(function: str, x: Any, bound: Any, computed: tuple[Any, float]) -> Any:
    """Sines of numbers so large that no relative margin holds have an absolute one."""
    limit = LIMITS.get(function)
    if limit is None or not np.any(np.abs(x) > limit):
        return bound
    value, side = computed
    far = side * np.inf if function == "tan" else value + side * _FAR
    return np.where(np.abs(x) > limit, far, bound)


def _numpy(function: str) -> Any:
    return resolve(ELEMENTWISE[function].numpy)


def _all_finite(values: Any) -> bool:
    # nan and inf survive a sum; a sum that overflows sends a good array the longer way, no more.
    return bool(np.isfinite(np.sum(values)))


def _mended(result: Any, v: Any, side: float, ulps: float) -> Any:
    """Infinite and missing numbers outward: an overflow says little about the inner side."""
    lost = np.isnan(result) | np.isinf(v)
    largest = np.finfo(float).max * (1.0 - (ulps + 1.0) * _UNIT)
    inner = np.where(np.isinf(v) & (v * side < 0), -side * largest, side * np.inf)
    return np.where(lost, inner, result)


class FlintExecutor:
    """End points as exact python-flint numbers, every operation enclosed in a ball first."""

    name = "flint"
    xp = np
    tiny = 0.0

    def __init__(self, flint: Any, bits: int = 128):
        self.flint, self.bits = flint, bits

    def precision(self) -> AbstractContextManager:
        """The scope in which balls have the bits of this executor."""
        return self.flint.ctx.workprec(self.bits)

    def array(self, values: Any) -> Any:
        return _each(self.flint.arb, np.asarray(values, object))

    def down(self, v: Any, ulps: float = 1.0) -> Any:
        return _each(_lower, v)

    def up(self, v: Any, ulps: float = 1.0) -> Any:
        return _each(_upper, v)

    def below(self, function: str, *x: Any) -> Any:
        return _each(_lower, self._call(function, *x))

    def above(self, function: str, *x: Any) -> Any:
        return _each(_upper, self._call(function, *x))

    def _call(self, function: str, *x: Any) -> Any:
        from taylored.readings.interval.balls import BALLS

        return _each(BALLS[function], *x)

    def finite(self, v: Any) -> Any:
        return _each(lambda a: a.is_finite(), v).astype(bool)

    def floats(self, v: Any, up: bool) -> np.ndarray:
        return _each(lambda a: _to_float(a, up), v).astype(float)


def _each(function: Any, *arrays: Any) -> np.ndarray:
    """A function of single objects on arrays of them."""
    return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), object)


def _lower(ball: Any) -> Any:
    """The lower end of a ball; -inf where it says nothing, its own end where it is infinite."""
    if ball.is_finite() or (ball.is_exact() and not ball.is_nan()):
        return ball.lower()
    return type(ball)("-inf")


def _upper(ball: Any) -> Any:
    if ball.is_finite() or (ball.is_exact() and not ball.is_nan()):
        return ball.upper()
    return type(ball)("inf")


def _to_float(number: Any, up: bool) -> float:
    """An exact number as a float64 on the given side of it."""
    if not number.is_finite():
        return float(number)
    value = float(number)
    if np.isinf(value):  # beyond all float64
        value = float(np.copysign(np.finfo(float).max, value))
        return value if up == (value < 0) else float(np.copysign(np.inf, value))
    ball = type(number)(value)
    if up:
        return value if ball >= number else float(np.nextafter(value, np.inf))
    return value if ball <= number else float(np.nextafter(value, -np.inf))


NUMPY = NumpyExecutor()


def flint_executor() -> FlintExecutor:
    """The executor of `exact=True`.

    Raises:
        MissingExtraError: where python-flint is not installed.
    """
    return FlintExecutor(flint_module("exact=True computes with"))


def flint_module(purpose: str) -> Any:
    """The module flint.

    Raises:
        MissingExtraError: where python-flint is not installed; it says for what it is needed.
    """
    try:
        import flint as module
    except ImportError:
        raise MissingExtraError(
            f"{purpose} python-flint, which is not installed.",
            next_step="pip install python-flint",
        ) from None
    return module
