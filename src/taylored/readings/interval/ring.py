"""Truncated Taylor arithmetic with intervals for coefficients: the ring of the interval reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from taylored.readings.interval import arithmetic as ia
from taylored.readings.interval.addition import ADDITION, by_addition
from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.interval.coefficients import coefficients
from taylored.readings.interval.executor import NUMPY, Executor
from taylored.readings.jet.ring import Ring
from taylored.readings.jet.space import Space
from taylored.readings.jet.value import NotUniform, Series, Truth, Undecided

__all__ = ["IntervalRing"]


class IntervalRing(Ring):
    """Coefficients are enclosed for all points of each box, whatever is rounded."""

    def __init__(self, space: Space, boxes: int, executor: Executor = NUMPY):
        super().__init__(space, boxes)
        self.e = executor

    # ---- making ----

    def constant(self, value: Any) -> Series:
        """A known number; written with many digits it stands for itself and its neighbors.

        So 0.1 is one tenth and also the float64 next to it, and 3.14159... is pi.
        """
        ends = self._exact(np.asarray(value, float))
        low, high = (end[None, None] for end in ends)
        return Series((low, low if ends[0] is ends[1] else high), 0)

    def _exact(self, array: np.ndarray) -> Bounds:
        one = self.e.array(array)
        if array.ndim or not np.isfinite(array) or (float(array) * 2.0**20).is_integer():
            return one, one
        return (
            self.e.array(np.nextafter(array, -np.inf)),
            self.e.array(np.nextafter(array, np.inf)),
        )

    def of_boxes(self, low: np.ndarray, high: np.ndarray) -> Series:
        """Intervals (boxes, *shape) of float64 as values of degree 0."""
        return Series((self.e.array(low)[None], self.e.array(high)[None]), 0)

    # ---- arithmetic ----

    def add(self, x: Series, y: Series) -> Series:
        if x.degree < y.degree:
            x, y = y, x
        low, high = x.parts
        if x.degree == y.degree:
            return Series(ia.add(self.e, (low, high), _bounds(y)), x.degree)
        count = y.parts[0].shape[0]
        first = ia.add(self.e, (low[:count], high[:count]), _bounds(y))
        rest = (low[count:], high[count:])
        return Series(tuple(map(_stacked, zip(first, rest, strict=True))), x.degree)

    def negative(self, x: Series) -> Series:
        low, high = x.parts
        return Series((-high, -low), x.degree)

    def multiply(self, x: Series, y: Series) -> Series:
        if x.degree == 0 or y.degree == 0:
            return Series(ia.multiply(self.e, _bounds(x), _bounds(y)), max(x.degree, y.degree))
        degree = min(x.degree + y.degree, self.degree)
        both = ((0, x.degree), (0, y.degree), (0, degree))
        return Series(self.product(_bounds(x), _bounds(y), both), degree)

    def product(self, x: Bounds, y: Bounds, degrees: tuple) -> Bounds:
        """A product of series; `degrees` are the ranges that x, y and the result have.

        The arrays hold the coefficients of these degrees only.
        """
        (x_first, _), (y_first, _), (first, last) = degrees
        pairs = self.space.pairs(*degrees)
        left = pairs.left - self.space.count(x_first - 1)
        right = pairs.right - self.space.count(y_first - 1)
        with np.errstate(all="ignore"):
            terms = ia.products(self.e, (x[0][left], x[1][left]), (y[0][right], y[1][right]))
        sums = ia.segment_sums(self.e, terms, pairs.starts, pairs.most)
        offset = self.space.count(first - 1)
        size = self.space.count(last) - offset
        return self._placed(sums, pairs.targets - offset, size)

    def _placed(self, sums: Bounds, places: np.ndarray, size: int) -> Bounds:
        """Coefficients where they belong; zeros where no pair adds to one."""
        if len(places) == size:
            return sums
        return tuple(_scattered(s, places, size, self.e) for s in sums)  # type: ignore[return-value]

    def squared(self, v: Bounds, degree: int, out: int) -> Bounds:
        """The square of a series without constant term, degrees 2 to `out`: squares stay >= 0."""
        pairs = self.space.pairs((1, degree), (1, degree), (2, out))
        upper = pairs.left <= pairs.right
        left, right = pairs.left[upper] - 1, pairs.right[upper] - 1
        keys = np.repeat(np.arange(len(pairs.starts)), np.diff([*pairs.starts, len(pairs.left)]))
        _, starts, counts = np.unique(keys[upper], return_index=True, return_counts=True)
        x, y = (v[0][left], v[1][left]), (v[0][right], v[1][right])
        with np.errstate(all="ignore"):
            low, high = ia.products(self.e, x, y)
        same = left == right
        axes = (slice(None),) + (None,) * (low.ndim - 1)
        twice = np.where(same, 1.0, 2.0)[axes]
        low, high = low * twice, high * twice
        if same.any():
            squares = ia.square(self.e, (x[0][same], x[1][same]))
            low[same], high[same] = squares
        sums = ia.segment_sums(self.e, (low, high), starts, int(counts.max()) + 1)
        offset = self.space.count(1)
        size = self.space.count(out) - offset
        return self._placed(sums, pairs.targets - offset, size)

    # ---- functions ----

    def unary(self, name: str, x: Series, params: Mapping[str, Any]) -> Series:
        degree = self.degree if x.degree else 0
        if name == "integer_pow" and params["y"] >= 0:
            degree = min(degree, params["y"])
        low, high = x.value
        if name == "integer_pow" and params["y"] == 2 and degree == 0:
            return Series(tuple(v[None] for v in ia.square(self.e, (low, high))), 0)
        added = name in ADDITION
        wanted = min(degree, 1) if added else degree
        found = coefficients(self.e, name, low, high, wanted, params=params)
        if found.bad is not None:
            bad = found.bad if self.degree else _undefined(name, (low, high), params, found.bad)
            if np.any(bad):
                self.note("domain", found.reason, bad)
        if degree == 0:
            return Series((found.lo, found.hi), 0)
        outer = (found.lo, found.hi)
        return self._added(name, outer, x) if added else self._composed(outer, x, degree)

    def _added(self, name: str, outer: Bounds, x: Series) -> Series:
        v = (x.parts[0][1:], x.parts[1][1:])
        rest = by_addition(self, name, outer, v, x.degree)
        return Series(_with_value((outer[0][:1], outer[1][:1]), rest), self.degree)

    def _composed(self, outer: Bounds, x: Series, most: int) -> Series:
        """sum_k outer_k (x - x_0)**k: each power once, so that even ones keep their sign."""
        degree = min(most * x.degree, self.degree)
        v = (x.parts[0][1:], x.parts[1][1:])
        terms: list[tuple[int, Bounds]] = []  # (lowest degree, coefficients from there on)
        power, last = v, x.degree
        for k in range(1, most + 1):
            if k == 2:
                last = min(2 * x.degree, self.degree)
                power = self.squared(v, x.degree, last)
            elif k > 2:
                reach = min(last + x.degree, self.degree)
                power = self.product(power, v, ((k - 1, last), (1, x.degree), (k, reach)))
                last = reach
            factor = (outer[0][k][None], outer[1][k][None])
            with np.errstate(all="ignore"):
                terms.append((k, ia.products(self.e, factor, power)))
        rest = self._gathered(terms, degree)
        return Series(_with_value((outer[0][:1], outer[1][:1]), rest), degree)

    def _gathered(self, terms: list[tuple[int, Bounds]], degree: int) -> Bounds:
        """The sum of products that start at different degrees: coefficients 1 to `degree`."""
        blocks: tuple[list[Any], list[Any]] = ([], [])
        for d in range(1, degree + 1):
            rows = slice(self.space.count(d - 1), self.space.count(d))
            present = []
            for k, (low, high) in terms:
                start = self.space.count(k - 1)
                if k <= d and rows.stop - start <= low.shape[0]:
                    part = slice(rows.start - start, rows.stop - start)
                    present.append((low[part], high[part]))
            low = np.stack([p[0] for p in present])
            high = np.stack([p[1] for p in present])
            for block, end in zip(blocks, ia.sum_over(self.e, (low, high), 0, 1), strict=True):
                block.append(end)
        return np.concatenate(blocks[0]), np.concatenate(blocks[1])

    def divide(self, x: Series, y: Series) -> Series:
        return self.multiply(x, self.unary("recip", y, {}))

    def atan2(self, y: Series, x: Series) -> Series:
        zero = self.constant(0.0)
        right = self.compare("gt", x, _like(zero, x))
        upper = self.compare("gt", y, _like(zero, y))
        lower = self.compare("lt", y, _like(zero, y))
        one = _like(self.constant(1.0), x)
        half = _like(self._pi_half(), x)

        def angle(over: Series, under: Series, sure: Truth) -> Series:
            safe = self.choose(Truth(sure.sure, sure.sure), one, under)
            return self.unary("atan", self.divide(over, safe), {})

        turned_up = self.subtract(half, angle(x, y, upper))
        turned_down = self.subtract(self.negative(half), angle(x, y, lower))
        vertical = self.choose(Truth(upper.sure, upper.sure), turned_down, turned_up)
        found = self.choose(Truth(right.sure, right.sure), vertical, angle(y, x, right))
        lost = ~(right.sure | upper.sure | lower.sure)
        if not lost.any():
            return found
        self.note("branch", "the angle jumps, or is not defined, within the box", lost)
        whole = self.add(half, half)
        ends = self.negative(whole).parts[0][0], whole.parts[1][0]
        return self._replaced(found, lost, ends, None)

    def _pi_half(self) -> Series:
        value = np.asarray(np.pi / 2)
        ends = np.nextafter(value, 0.0), np.nextafter(value, 2.0)
        return Series(tuple(self.e.array(v)[None, None] for v in ends), 0)

    # ---- what is not smooth ----

    def _replaced(self, x: Series, where: Any, value: Bounds, slope: Bounds | None) -> Series:
        """Other coefficients in some elements; those of degree 2 and more are not known there."""
        low, high = x.parts
        degree = self.degree
        shape = np.broadcast_shapes(low.shape[1:], np.shape(where))
        count = self.space.count(degree)
        result = []
        for k, part in enumerate((low, high)):
            full = np.zeros((count, *shape), part.dtype)
            if part.dtype == object:
                full = self.e.array(full)
            full[: part.shape[0]] = part
            unknown = self.e.array(np.asarray(-np.inf if k == 0 else np.inf))
            full[0] = np.where(where, value[k], full[0])
            first = self.space.count(1) if slope is not None else 1
            if slope is not None and degree:
                full[1:first] = np.where(where, slope[k], full[1:first])
            full[first:] = np.where(where, unknown, full[first:])
            result.append(full)
        return Series(tuple(result), degree)

    def absolute(self, x: Series) -> Series:
        low, high = x.value
        found = self._either(x, self.negative(x), low >= 0.0, high <= 0.0,
                             "the argument of abs may be zero", largest=True)  # fmt: skip
        part = np.array(found.parts[0])
        part[0] = self.e.xp.maximum(part[0], self.e.array(0.0))
        return Series((part, found.parts[1]), found.degree)

    def extreme(self, x: Series, y: Series, largest: bool) -> Series:
        (xl, xh), (yl, yh) = x.value, y.value
        first, second = (xl >= yh, yl >= xh) if largest else (xh <= yl, yh <= xl)
        name = "max" if largest else "min"
        reason = f"the arguments of {name} may be equal"
        return self._either(x, y, first, second, reason, largest=largest)

    def _either(
        self, x: Series, y: Series, first: Any, second: Any, reason: str, *, largest: bool
    ) -> Series:
        """One of two, whichever is larger (or smaller), where that may not be known."""
        sure = self._picked(x, y, first)
        unclear = ~(first | second)
        if not unclear.any():
            return sure
        same = x.degree == y.degree == 0
        if not same:
            self.note("kink", reason, unclear)
        bound = self.e.xp.maximum if largest else self.e.xp.minimum
        (xl, xh), (yl, yh) = x.value, y.value
        value = (bound(xl, yl), bound(xh, yh))
        slope = None
        if not same:
            degree_1 = [self._slopes(v) for v in (x, y)]
            slope = ia.hull(self.e, *degree_1)
        if same:
            return Series(tuple(v[None] for v in value), 0)
        return self._replaced(sure, unclear, value, slope)

    def _slopes(self, x: Series) -> Bounds:
        count = self.space.count(1)
        if x.degree:
            return x.parts[0][1:count], x.parts[1][1:count]
        zero = self.e.array(np.zeros((1,) * x.parts[0].ndim))
        return zero, zero

    def _picked(self, x: Series, y: Series, first: Any) -> Series:
        """x where `first` holds, else y."""
        degree = max(x.degree, y.degree)
        count = self.space.count(degree)
        parts = []
        for a, b in zip(x.parts, y.parts, strict=True):
            a, b = self._filled(a, count), self._filled(b, count)
            parts.append(np.where(first, a, b))
        return Series(tuple(parts), degree)

    def _filled(self, part: Any, count: int) -> Any:
        if part.shape[0] == count:
            return part
        rest = np.zeros((count - part.shape[0], *part.shape[1:]))
        rest = self.e.array(rest) if part.dtype == object else rest
        return np.concatenate([part, rest])

    def step(self, name: str, x: Series) -> Series:
        low, high = (
            self._stepped(name, v, up) for v, up in zip(x.value, (False, True), strict=True)
        )
        if name == "sign":
            reason = "the argument of sign may be zero"
        else:
            reason = f"{name} may jump here"
        found = Series((low[None], high[None]), 0)
        unclear = np.asarray(low != high, bool)
        if x.degree == 0 or not unclear.any():
            return found
        self.note("jump", reason, unclear)
        return self._replaced(found, unclear, (low, high), None)

    def _stepped(self, name: str, v: Any, up: bool) -> Any:
        floats = self.e.floats(v, up)
        with np.errstate(all="ignore"):
            if name == "round_half_away":
                whole = np.trunc(floats)
                found = whole + np.where(abs(floats - whole) >= 0.5, np.sign(floats), 0.0)
            else:
                found = {"sign": np.sign, "floor": np.floor, "ceil": np.ceil, "round": np.rint}[
                    name
                ](floats)
        return self.e.array(found)

    def compare(self, name: str, x: Series, y: Series) -> Truth:
        if name in ("gt", "ge"):
            x, y = y, x
        (xl, xh), (yl, yh) = x.value, y.value
        if name in ("lt", "gt"):
            sure, maybe = xh < yl, xl < yh
        elif name in ("le", "ge"):
            sure, maybe = xh <= yl, xl <= yh
        else:
            sure = (xl == xh) & (yl == yh) & (xl == yl)
            maybe = (xl <= yh) & (yl <= xh)
            if name == "ne":
                sure, maybe = ~maybe, ~sure
        return Truth(np.asarray(sure, bool), np.asarray(maybe, bool))

    def choose(self, condition: Truth, if_false: Series, if_true: Series) -> Series:
        found = self._picked(if_true, if_false, condition.sure)
        unclear = condition.sure != condition.maybe
        if not unclear.any():
            return found
        self.note("branch", "a condition may hold in one part of the box only", unclear)
        value = ia.hull(self.e, if_false.value, if_true.value)
        return self._replaced(found, unclear, value, None)

    # ---- sums ----

    def total(self, x: Series, axis: int) -> Series:
        return Series(ia.sum_over(self.e, _bounds(x), axis + 2), x.degree)

    def cumulative(self, x: Series, axis: int) -> Series:
        return Series(ia.cumulative(self.e, _bounds(x), axis + 2), x.degree)

    def matmul(self, x: Series, y: Series) -> Series:
        if _is_exact(x):
            return Series(ia.linear_map(self.e, x.parts[0], _bounds(y)), y.degree)
        if _is_exact(y):
            turned = [np.swapaxes(p, -1, -2) for p in x.parts]
            matrix = np.swapaxes(y.parts[0], -1, -2)
            found = ia.linear_map(self.e, matrix, (turned[0], turned[1]))
            return Series(tuple(np.swapaxes(p, -1, -2) for p in found), x.degree)
        if self.e.name == "numpy" and self._work(x, y) > _LARGE_PRODUCT:
            return self._large_product(x, y)
        left = x.map(lambda p: p[..., :, :, None])
        right = y.map(lambda p: p[..., None, :, :])
        return self.total(self.multiply(left, right), len(left.shape) - 2)

    def _work(self, x: Series, y: Series) -> int:
        """How many products of two numbers a product of matrices needs for each coefficient."""
        batch = np.broadcast_shapes(x.parts[0].shape[1:-2], y.parts[0].shape[1:-2])
        (m, k), n = x.shape[-2:], y.shape[-1]
        return int(np.prod(batch, dtype=np.int64)) * m * k * n

    def _large_product(self, x: Series, y: Series) -> Series:
        degree = min(x.degree + y.degree, self.degree)
        pairs = self.space.pairs((0, x.degree), (0, y.degree), (0, degree))
        terms = ia.matrix_products(self.e, _bounds(x), _bounds(y), (pairs.left, pairs.right))
        sums = ia.segment_sums(self.e, terms, pairs.starts, pairs.most)
        return Series(self._placed(sums, pairs.targets, self.space.count(degree)), degree)

    # ---- order ----

    def middle(self, x: Series) -> np.ndarray:
        low, high = (self.e.floats(v, up=False) for v in x.value)
        with np.errstate(all="ignore"):
            found = 0.5 * low + 0.5 * high
        return np.where(np.isfinite(found), found, 0.0)

    def whole(self, x: Series) -> tuple[np.ndarray, np.ndarray]:
        low, high = (self.e.floats(v, up=up) for v, up in zip(x.value, (False, True), strict=True))
        limit = 2.0**62
        low, high = (np.trunc(np.clip(v, -limit, limit)) for v in (low, high))
        return low.astype(np.int64), high.astype(np.int64)

    def largest(self, x: Series, axis: int) -> np.ndarray:
        low, high = (self.e.floats(v, up=up) for v, up in zip(x.value, (False, True), strict=True))
        place = np.argmax(self.middle(x), axis=axis + 1)
        chosen = np.expand_dims(place, axis + 1)
        best = np.take_along_axis(low, chosen, axis + 1)
        others = np.array(np.broadcast_to(high, low.shape))
        np.put_along_axis(others, chosen, -np.inf, axis + 1)
        if not (best > others).all():
            if low.shape[0] > 1:
                raise NotUniform
            reason = "which element is the largest is not the same for all of the box"
            raise Undecided(self.trouble("branch", reason, np.ones(1, bool)))
        if not (place == place[:1]).all():
            raise NotUniform
        return place[0]

    def sort(self, keys: Sequence[Series], axis: int) -> list[Series]:
        first = keys[0]
        order = np.argsort(self.middle(first), axis=axis + 1, kind="stable")
        low, high = (np.take_along_axis(v, order, axis + 1) for v in first.value)
        ahead = [slice(None)] * low.ndim
        behind = [slice(None)] * low.ndim
        ahead[axis + 1], behind[axis + 1] = slice(1, None), slice(None, -1)
        unclear = low[tuple(ahead)] < high[tuple(behind)]
        if not np.any(unclear):
            return [_ordered(k, order, axis) for k in keys]
        lines = np.any(unclear, axis=axis + 1, keepdims=True)
        if len(keys) > 1:
            if low.shape[0] > 1:
                raise NotUniform
            reason = "the order of the elements is not the same for all of the box"
            raise Undecided(self.trouble("branch", reason, np.ones(1, bool)))
        return [self._loosely_sorted(first, order, axis, lines)]

    def _loosely_sorted(self, x: Series, order: np.ndarray, axis: int, lines: Any) -> Series:
        """Order statistics lie between those of the ends; their slopes are among all slopes."""
        value = tuple(np.sort(v, axis=axis + 1) for v in x.value)
        found = _ordered(x, order, axis)
        if x.degree == 0:
            return Series(tuple(v[None] for v in value), 0)
        self.note("kink", "two elements that are sorted may be equal", lines)
        low, high = self._slopes(x)
        slope = (low.min(axis=axis + 2, keepdims=True), high.max(axis=axis + 2, keepdims=True))
        return self._replaced(found, lines, value, slope)  # type: ignore[arg-type]


def _with_value(value: Bounds, rest: Bounds) -> Bounds:
    """A coefficient of degree 0 in front of the others."""
    shape = np.broadcast_shapes(value[0].shape[1:], rest[0].shape[1:])
    low, high = (
        np.concatenate([np.broadcast_to(p, (p.shape[0], *shape)) for p in pair])
        for pair in zip(value, rest, strict=True)
    )
    return low, high


_LARGE_PRODUCT = 50_000  # above which matrices are multiplied by middles and radii

# Functions that have a value, though no derivative, at the ends of their domain.
_CLOSED = {
    "sqrt": (0.0, np.inf), "pow": (0.0, np.inf), "cbrt": (-np.inf, np.inf),
    "asin": (-1.0, 1.0), "acos": (-1.0, 1.0), "acosh": (1.0, np.inf),
}  # fmt: skip


def _undefined(name: str, x: Bounds, params: Mapping[str, Any], bad: Any) -> Any:
    """Where a function has no value, of the places where it is not analytic."""
    if name not in _CLOSED or params.get("p", 1.0) < 0:
        return bad
    low, high = _CLOSED[name]
    return bad & np.asarray((x[0] < low) | (x[1] > high), bool)


def _ordered(x: Series, order: np.ndarray, axis: int) -> Series:
    return x.map(lambda p: np.take_along_axis(p, order[None], axis + 2))


def _bounds(x: Series) -> Bounds:
    return x.parts[0], x.parts[1]


def _is_exact(x: Series) -> bool:
    return x.degree == 0 and x.parts[0] is x.parts[1]


def _stacked(pair: tuple[Any, Any]) -> Any:
    first, rest = pair
    shape = np.broadcast_shapes(first.shape[1:], rest.shape[1:])
    return np.concatenate([np.broadcast_to(v, (v.shape[0], *shape)) for v in pair])


def _scattered(values: Any, places: np.ndarray, size: int, e: Executor) -> Any:
    result = np.zeros((size, *values.shape[1:]))
    result = e.array(result) if values.dtype == object else result
    result[places] = values
    return result


def _like(value: Series, other: Series) -> Series:
    rank = len(other.shape)
    return value.reshaped((1,) * rank)
