"""Taylor arithmetic on numbers: truncated series by recurrences, in extended precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from taylored.readings.jet.plain_domain import outside
from taylored.readings.jet.recurrences import (
    FUNCTIONS,
    Algebra,
    atan2,
    power,
    quotient,
    whole_power,
)
from taylored.readings.jet.ring import Ring
from taylored.readings.jet.space import Space
from taylored.readings.jet.value import NotUniform, Series, Truth, aligned

__all__ = ["PlainRing"]

# Multiply-adds of a matrix product above which it is left to BLAS, in float64.
_LARGE_PRODUCT = 1_000_000

_COMPARISONS = {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
                "eq": np.equal, "ne": np.not_equal}  # fmt: skip


def _half_away(x: np.ndarray) -> np.ndarray:
    # x + 0.5 may round up to the next whole number, the part behind the point is exact.
    whole = np.trunc(x)
    return whole + np.where(abs(x - whole) >= 0.5, np.sign(x), 0)


_STEPS: dict[str, tuple[Callable, float]] = {  # and where between whole numbers they jump
    "floor": (np.floor, 0.0), "ceil": (np.ceil, 0.0), "round": (np.rint, 0.5),
    "round_half_away": (_half_away, 0.5),
}  # fmt: skip


class PlainRing(Ring):
    """Taylor series of numbers: one part, an array (coefficients, boxes, *shape).

    Numerical error: coefficients are computed in `dtype`; where that is NumPy's longdouble with 64
    bits, what is rounded to float64 has about 15 digits or more. erf, erfc and erf_inv have values
    of SciPy's float64, and matrix products of more than a million multiply-adds are float64.
    """

    def __init__(self, space: Space, boxes: int, dtype: Any = np.longdouble):
        super().__init__(space, boxes)
        self.dtype = np.dtype(dtype)
        self._full = Algebra(space, space.degree, dtype)
        self._value = Algebra(space, 0, dtype)

    # ---- arithmetic ----

    def constant(self, value: Any) -> Series:
        return Series((np.asarray(value, self.dtype)[None, None],), 0)

    def add(self, x: Series, y: Series) -> Series:
        if x.degree < y.degree:
            x, y = y, x
        (a,), (b,) = _parts(x, y)
        if x.degree == y.degree:
            return Series((a + b,), x.degree)
        shape = np.broadcast_shapes(a.shape[1:], b.shape[1:])
        result = a.copy() if a.shape[1:] == shape else np.broadcast_to(a, (len(a), *shape)).copy()
        result[: len(b)] += b
        return Series((result,), x.degree)

    def subtract(self, x: Series, y: Series) -> Series:
        if x.degree != y.degree:
            return self.add(x, self.negative(y))
        (a,), (b,) = _parts(x, y)
        return Series((a - b,), x.degree)

    def negative(self, x: Series) -> Series:
        return Series((-x.parts[0],), x.degree)

    def multiply(self, x: Series, y: Series) -> Series:
        (a,), (b,) = _parts(x, y)
        with np.errstate(all="ignore"):
            if not x.degree or not y.degree:
                return Series((a * b,), max(x.degree, y.degree))
            return self._run(self._full, lambda w, u, v: w.product(u, v), a, b)

    def divide(self, x: Series, y: Series) -> Series:
        (a,), (b,) = _parts(x, y)
        bad = self._check("recip", b, {}, y.degree)
        with np.errstate(all="ignore"):
            if not y.degree:
                return Series((a / b,), x.degree)
            return _blanked(self._run(self._full, quotient, a, b), bad)

    def unary(self, name: str, x: Series, params: Mapping[str, Any]) -> Series:
        part = x.parts[0]
        bad = self._check(name, part, params, x.degree)
        with np.errstate(all="ignore"):
            found = self._run(self._algebra(x), _function(name, params), part)
        self._lost(name, part[0], found.parts[0][0], bad)
        return _blanked(found, bad)

    def atan2(self, y: Series, x: Series) -> Series:
        (a,), (b,) = _parts(y, x)
        origin = (a[0] == 0) & (b[0] == 0) & (_varies(a) | _varies(b))
        self.note("domain", "the angle of (0, 0)", origin)
        cut = (a[0] == 0) & (b[0] < 0) & _varies(a)
        self.note("jump", "the angle jumps by a turn where the second argument is negative", cut)
        with np.errstate(all="ignore"):
            return _blanked(self._run(self._algebra(x, y), atan2, a, b), origin)

    def _algebra(self, *series: Series) -> Algebra:
        return self._full if any(s.degree for s in series) else self._value

    def _check(self, name: str, part: np.ndarray, params: Any, degree: int) -> np.ndarray | None:
        """Where it is outside the domain, which is noted."""
        bad = None
        with np.errstate(invalid="ignore"):
            for reason, where in outside(name, part[0], params, degree):
                self.note("domain", reason, where)
                bad = where if bad is None else bad | where
        return bad

    def _lost(self, name: str, x: np.ndarray, value: np.ndarray, bad: np.ndarray | None) -> None:
        """Note where a number was to be expected, and there is none."""
        finite = np.isfinite(value)
        if finite.all():
            return
        lost = ~finite & np.isfinite(x)
        lost = lost if bad is None else lost & ~bad
        if lost.any():
            why = "is not computed" if np.isnan(value[lost][0]) else "is too large a number"
            self.note("domain", f"{name} of {float(x[lost][0]):.6g} {why}", lost)

    def _run(self, w: Algebra, function: Callable[..., np.ndarray], *parts: np.ndarray) -> Series:
        """The function on arrays (coefficients, elements), or (coefficients,) of a single one."""
        shape = parts[0].shape[1:]
        if len(parts) > 1 and parts[1].shape[1:] != shape:
            shape = np.broadcast_shapes(*(p.shape[1:] for p in parts))
            parts = tuple(np.broadcast_to(p, (len(p), *shape)) for p in parts)
        size = int(np.prod(shape, dtype=np.int64))
        rest = () if size == 1 and self.space.variables == 1 else (size,)
        found = function(w, *(p.reshape(len(p), *rest) for p in parts))
        return Series((found.reshape(len(found), *shape),), w.orders[len(found)])

    # ---- what is not smooth ----

    def absolute(self, x: Series) -> Series:
        part = x.parts[0]
        self.note("kink", "the absolute value of 0", (part[0] == 0) & _varies(part))
        return Series((np.where(part[0] < 0, -part, part),), x.degree)

    def extreme(self, x: Series, y: Series, largest: bool) -> Series:
        (a,), (b,) = _parts(*self._same_degree(x, y))
        name = "max" if largest else "min"
        reason = f"the two arguments of {name} are equal at the center"
        self.note("kink", reason, (a[0] == b[0]) & _differ(a, b))
        first = (a[0] >= b[0]) if largest else (a[0] <= b[0])
        return Series((np.where(first | np.isnan(a[0]), a, b),), max(x.degree, y.degree))

    def step(self, name: str, x: Series) -> Series:
        value, varies = x.parts[0][0], _varies(x.parts[0])
        with np.errstate(invalid="ignore"):
            if name == "sign":
                found, jumps = np.sign(value), value == 0
            else:
                function, edge = _STEPS[name]
                found, jumps = function(value), value - np.floor(value) == edge
        if (jumps & varies).any():
            at = float(value[jumps & varies][0])
            self.note("jump", f"{name} jumps at {at:.6g}", jumps & varies)
        return Series((found[None],), 0)

    def compare(self, name: str, x: Series, y: Series) -> Truth:
        (a,), (b,) = _parts(*self._same_degree(x, y))
        reason = "the two sides of a comparison are equal at the center"
        self.note("branch", reason, (a[0] == b[0]) & _differ(a, b))
        found = _COMPARISONS[name](a[0], b[0])
        return Truth(found, found)

    def choose(self, condition: Truth, if_false: Series, if_true: Series) -> Series:
        rank = max(len(condition.shape), len(if_false.shape), len(if_true.shape))
        where = condition.sure
        where = where.reshape(where.shape[0], *(1,) * (rank - where.ndim + 1), *where.shape[1:])
        (a,), (b,) = _parts(*self._same_degree(if_false, if_true))
        return Series((np.where(where, b, a),), max(if_false.degree, if_true.degree))

    def _same_degree(self, *series: Series) -> list[Series]:
        top = max(s.degree for s in series)
        return [s if s.degree == top else self._padded(s, top) for s in series]

    def _padded(self, x: Series, degree: int) -> Series:
        part = x.parts[0]
        result = np.zeros((self.space.count(degree), *part.shape[1:]), self.dtype)
        result[: len(part)] = part
        return Series((result,), degree)

    # ---- sums ----

    def total(self, x: Series, axis: int) -> Series:
        return Series((np.sum(x.parts[0], axis=axis + 2),), x.degree)

    def cumulative(self, x: Series, axis: int) -> Series:
        return Series((np.cumsum(x.parts[0], axis=axis + 2),), x.degree)

    def matmul(self, x: Series, y: Series) -> Series:
        (a,), (b,) = _parts(x, y)
        degree = min(x.degree + y.degree, self.degree)
        pairs = self.space.pairs((0, x.degree), (0, y.degree), (0, degree))
        elements = np.prod(np.broadcast_shapes(a.shape[1:-2], b.shape[1:-2]), dtype=np.int64)
        work = len(pairs.left) * elements * a.shape[-2] * a.shape[-1] * b.shape[-1]
        if work > _LARGE_PRODUCT:
            a, b = a.astype(float), b.astype(float)
        with np.errstate(all="ignore"):
            return Series((self._matmul(a, b, pairs).astype(self.dtype, copy=False),), degree)

    def _matmul(self, a: np.ndarray, b: np.ndarray, pairs: Any) -> np.ndarray:
        """One call of NumPy for each coefficient of the shorter factor."""
        if len(a) == 1 or len(b) == 1:
            return np.matmul(a, b)
        targets = np.repeat(pairs.targets, np.diff(pairs.starts, append=len(pairs.left)))
        by_left = len(a) <= len(b)
        own, other = (pairs.left, pairs.right) if by_left else (pairs.right, pairs.left)
        order = np.argsort(own, kind="stable")
        bounds = np.searchsorted(own[order], np.arange(min(len(a), len(b)) + 1))
        result: Any = 0
        for k, (start, stop) in enumerate(pairwise(bounds)):
            chosen = order[start:stop]
            one, many = slice(k, k + 1), other[chosen]
            found = np.matmul(a[one], b[many]) if by_left else np.matmul(a[many], b[one])
            if k == 0:
                result = np.zeros((len(pairs.targets), *found.shape[1:]), found.dtype)
            result[targets[chosen]] += found  # each target once
        return result

    # ---- order ----

    def middle(self, x: Series) -> np.ndarray:
        return x.parts[0][0]

    def whole(self, x: Series) -> tuple[np.ndarray, np.ndarray]:
        value = x.parts[0][0]
        found = np.trunc(value)
        jumps = (value == found) & _varies(x.parts[0])
        self.note("jump", "a number that is cut off is whole at the center", jumps)
        found = found.astype(np.int64)
        return found, found

    def largest(self, x: Series, axis: int) -> np.ndarray:
        part = x.parts[0]
        found = np.argmax(part[0], axis=axis + 1)
        if not (found == found[:1]).all():
            raise NotUniform
        best = np.take_along_axis(part, np.expand_dims(found, axis + 1)[None], axis + 2)
        tied = (part[0] == best[0]) & _differ(part, best)
        self.note("branch", "the largest is not the only one at the center", tied)
        return found[0]

    def sort(self, keys: Sequence[Series], axis: int) -> list[Series]:
        first = keys[0].parts[0]
        order = np.argsort(first[0], axis=axis + 1, kind="stable")[None]
        result = [Series((_taken(k.parts[0], order, axis + 2),), k.degree) for k in keys]
        rows = np.moveaxis(result[0].parts[0], axis + 2, -1)
        low, high = rows[..., :-1], rows[..., 1:]
        tied = (low[0] == high[0]) & _differ(low, high)
        self.note("kink", "two of the values that are sorted are equal at the center", tied)
        return result


def _taken(part: np.ndarray, order: np.ndarray, axis: int) -> np.ndarray:
    shape = (1, *np.broadcast_shapes(order.shape[1:], part.shape[1:]))
    part = np.broadcast_to(part, (len(part), *shape[1:]))
    return np.take_along_axis(part, np.broadcast_to(order, shape), axis)


def _parts(*series: Series) -> tuple[tuple[np.ndarray], ...]:
    """The parts with as many axes."""
    if all(len(s.shape) == len(series[0].shape) for s in series):
        return tuple(s.parts for s in series)  # type: ignore[return-value]
    return tuple(s.parts for s in aligned(*series))


def _varies(part: np.ndarray) -> np.ndarray:
    """Which elements are not constant."""
    return (part[1:] != 0).any(axis=0)


def _differ(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Which elements have other coefficients than those of the other, of degree 1 or more."""
    return (a[1:] != b[1:]).any(axis=0)


def _blanked(series: Series, where: np.ndarray | None) -> Series:
    """No coefficients of degree 1 or more at these elements."""
    if where is not None and series.degree and where.any():
        part = series.parts[0]
        part[1:, np.broadcast_to(where, part.shape[1:])] = np.nan
    return series


def _function(name: str, params: Mapping[str, Any]) -> Callable[..., np.ndarray]:
    if name == "integer_pow":
        return lambda w, u: whole_power(w, u, int(params["y"]))
    if name == "pow":
        p = float(params["p"])
        if p.is_integer():
            return lambda w, u: whole_power(w, u, int(p))
        return lambda w, u: power(w, u, w.number(p), np.power(u[0], w.number(p)))
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    from taylored.readings.jet.plain_special import SPECIAL  # imports SciPy

    return SPECIAL[name]
