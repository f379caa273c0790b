"""The best polynomial of a degree in the maximum norm: Remez exchange with a lower bound.

Source: L. N. Trefethen, Approximation Theory and Approximation Practice (2019), chapter 10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import index
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev

from taylored.errors import ArgumentError
from taylored.results import Accuracy

__all__ = ["Best", "best"]

_HIGHEST = 60  # degree
_EPS = 2.0**-52
_TURNS = 60
_CLOSE = 1e-6  # error and lower bound are this near to each other: done
_GOOD = 0.01  # and this near to each other: still worth using
_ROUNDS = 6  # of refining an extreme, each by a factor of eight
_CLUSTER = 10  # points that show the noise of f beside an extreme
_BUMPS = 5.0  # standard deviations that noise reaches where the exchange looks for its largest
_SPACING = 2.0**-20  # of them, relative to half the interval


@dataclass(frozen=True, slots=True, eq=False)
class Best:
    """The best polynomial of a degree on [a, b], as far as it was found, and how good it is.

    `coefficients` are those of Chebyshev polynomials in `t = (2 x - a - b) / (b - a)`. No
    polynomial of the degree is nearer to f than `lower` (de la Vallee Poussin); `error` is the
    largest distance found. Both hold up to `rounding`, below which nothing can be said.
    `chebyshev` is the error of plain interpolation at Chebyshev points, `at` where `error` is.
    """

    a: float
    b: float
    coefficients: np.ndarray
    error: float
    lower: float
    rounding: float
    chebyshev: float
    at: float
    iterations: int
    usable: bool
    status: str
    kind: Accuracy = Accuracy.ESTIMATED

    @property
    def degree(self) -> int:
        return len(self.coefficients) - 1

    def __call__(self, x: Any) -> Any:
        t = _to_t(np.asarray(x, np.float64), self.a, self.b)
        value = chebyshev.chebval(t, self.coefficients)
        return float(value) if np.ndim(value) == 0 else value


def best(f: Callable[[np.ndarray], Any], a: float, b: float, degree: int) -> Best:
    """The polynomial of `degree` nearest to f on [a, b] in the maximum norm.

    f takes an array of float64 and returns as many values. Numerical error: `lower` and `error`
    enclose the least possible error up to `rounding`; `error` is searched on a grid with refined
    extremes, so a spike narrower than the grid can be missed. Raises ArgumentError where f is not
    a finite real number.
    """
    a, b, degree = _checked(a, b, degree)
    problem = _Problem(f, a, b, degree)
    plain = problem.interpolant()
    chebyshev_error = problem.error(plain)[0]
    state = _exchanged(problem)
    return _result(problem, state, chebyshev_error)


def _checked(a: Any, b: Any, degree: Any) -> tuple[float, float, int]:
    try:
        a, b, degree = float(a), float(b), index(degree)
    except (TypeError, ValueError):
        raise ArgumentError(
            "The ends are numbers and the degree is a whole number.",
            where=f"a = {a!r}, b = {b!r}, degree = {degree!r}",
        ) from None
    if not (np.isfinite(a) and np.isfinite(b) and np.isfinite(b - a) and a < b):
        raise ArgumentError(f"[{a}, {b}] is no interval.", next_step="Give finite a < b.")
    if not 0 <= degree <= _HIGHEST:
        raise ArgumentError(f"The degree {degree} is not between 0 and {_HIGHEST}.")
    if b - a <= 2.0**20 * np.spacing(max(abs(a), abs(b))):
        raise ArgumentError(
            f"[{a}, {b}] holds too few floating-point numbers.", next_step="Widen the interval."
        )
    return a, b, degree


def _to_t(x: np.ndarray, a: float, b: float) -> np.ndarray:
    # From the nearer end: the distance to it keeps its digits also in short intervals.
    left, right = (x - a) / (b - a), (b - x) / (b - a)
    return np.where(left < right, 2.0 * left - 1.0, 1.0 - 2.0 * right)


class _Problem:
    """f on a grid of [a, b], scaled to size 1."""

    def __init__(self, f: Callable[[np.ndarray], Any], a: float, b: float, degree: int):
        self.f, self.a, self.b, self.degree = f, a, b, degree
        many = max(1000, 40 * (degree + 2))
        angles = np.cos(np.pi * np.arange(many, -1, -1) / many)
        even = np.linspace(-1.0, 1.0, many + 8)  # no common points with the other but the ends
        x = self.place(np.concatenate([angles, even]))
        self.x = np.unique(np.concatenate([x, [a, b]]))
        self.t = _to_t(self.x, a, b)
        self.exponent = 0
        values = self.values(self.x)
        top = np.max(np.abs(values))
        # A power of two, so that scaling rounds nothing.
        self.exponent = int(np.frexp(top)[1]) if top > 0 else 0
        self.grid = np.ldexp(values, -self.exponent)

    def place(self, t: np.ndarray) -> np.ndarray:
        half = 0.5 * self.b - 0.5 * self.a
        x = np.where(t < 0, self.a + half * (1.0 + t), self.b - half * (1.0 - t))
        return np.clip(x, self.a, self.b)

    def values(self, x: np.ndarray) -> np.ndarray:
        """f / 2**exponent, checked."""
        result = np.asarray(self.f(x))
        if result.dtype.kind not in "fiub" or result.shape not in ((), x.shape):
            raise ArgumentError(
                "The function does not return one real number per point.",
                why=f"{x.size} points gave {result.dtype} of shape {result.shape}.",
            )
        result = np.broadcast_to(result.astype(np.float64), x.shape)
        bad = np.flatnonzero(~np.isfinite(result))
        if len(bad):
            where = float(x.reshape(-1)[bad[0]])
            raise ArgumentError(
                f"The function is {result.reshape(-1)[bad[0]]} at x = {where!r}.",
                why=f"A polynomial on [{self.a}, {self.b}] needs a finite value everywhere.",
                next_step="Choose an interval without that point.",
            )
        return np.ldexp(result, -self.exponent)

    def interpolant(self) -> np.ndarray:
        """Coefficients of the polynomial through f at Chebyshev points."""
        count = self.degree + 1
        t = np.cos(np.pi * (np.arange(count) + 0.5) / count)
        x = self.place(t)
        return np.linalg.solve(chebyshev.chebvander(_to_t(x, self.a, self.b), count - 1),
                               self.values(x))  # fmt: skip

    def error(self, coefficients: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """The largest |f - p|, and the extremes of f - p with alternating signs: t and f - p."""
        e = self.grid - chebyshev.chebval(self.t, coefficients)
        tops = _alternating(e)
        x, e_top = self.refined(tops, e, coefficients)
        return float(np.max(np.abs(e_top))), x, e_top

    def refined(
        self, tops: np.ndarray, e: np.ndarray, coefficients: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Extremes between the points of the grid: each bracket is cut to a quarter, repeatedly."""
        sign = np.sign(e[tops])
        x, value = self.x[tops], e[tops] * sign
        lo, hi = self.x[np.maximum(tops - 1, 0)], self.x[np.minimum(tops + 1, len(self.x) - 1)]
        for _ in range(_ROUNDS):
            points = lo[:, None] + (hi - lo)[:, None] * (np.arange(1, 16) / 16)
            points = np.clip(points, lo[:, None], hi[:, None])
            flat = points.reshape(-1)
            t = _to_t(flat, self.a, self.b)
            there = self.values(flat) - chebyshev.chebval(t, coefficients)
            there = there.reshape(points.shape) * sign[:, None]
            k, rows = np.argmax(there, axis=1), np.arange(len(tops))
            better = there[rows, k] > value
            x = np.where(better, points[rows, k], x)
            value = np.where(better, there[rows, k], value)
            width = (hi - lo) / 16
            lo, hi = np.maximum(lo, x - width), np.minimum(hi, x + width)
        return x, value * sign

    def noise(self, x: np.ndarray) -> np.ndarray:
        """How rough f is beside each x: fifth differences, on the smoother side."""
        step = _SPACING * (0.5 * self.b - 0.5 * self.a)
        rough = []
        for side in (-1.0, 1.0):
            points = x[:, None] + side * step * np.arange(_CLUSTER)
            inside = (points >= self.a) & (points <= self.b)
            values = self.values(np.clip(points, self.a, self.b).reshape(-1)).reshape(points.shape)
            rough.append(np.where(np.all(inside, axis=1), _roughness(values), np.inf))
        return np.min(rough, axis=0)


def _roughness(values: np.ndarray) -> np.ndarray:
    """Standard deviation of the noise in each row; a root or a power is no noise."""
    fifth = np.diff(values, 5, axis=1)
    # Beside a branch point differences have one sign and fall off; those of noise alternate.
    smooth = np.all(fifth > 0, axis=1) | np.all(fifth < 0, axis=1)
    least, mean = np.min(np.abs(fifth), axis=1), np.sqrt(np.mean(fifth**2, axis=1))
    return np.where(smooth, least, mean) / np.sqrt(252.0)


def _alternating(e: np.ndarray) -> np.ndarray:
    """Places of the largest |e| in each run of one sign."""
    negative = e < 0
    ends = np.flatnonzero(negative[1:] != negative[:-1]) + 1
    runs = np.split(np.arange(len(e)), ends)
    return np.array([run[np.argmax(np.abs(e[run]))] for run in runs])


@dataclass(slots=True, eq=False)
class _State:
    """A reference of degree + 2 points, and the polynomial levelled on it."""

    x: np.ndarray
    coefficients: np.ndarray
    level: float  # the lower bound, before rounding is taken off
    error: float = np.inf
    at: float = 0.0
    iterations: int = 0


def _levelled(problem: _Problem, x: np.ndarray) -> _State:
    """The polynomial whose error alternates with one size on the reference."""
    t, values = _to_t(x, problem.a, problem.b), problem.values(x)
    signs = (-1.0) ** np.arange(len(x))
    matrix = np.column_stack([chebyshev.chebvander(t, problem.degree), signs])
    solution = np.linalg.lstsq(matrix, values, rcond=None)[0]
    # Once more, on what is left: takes the rounding of the solution off.
    left = values - matrix @ solution
    solution = solution + np.linalg.lstsq(matrix, left, rcond=None)[0]
    coefficients = solution[:-1]
    return _State(x, coefficients, _bound(t, values - chebyshev.chebval(t, coefficients)))


def _bound(t: np.ndarray, e: np.ndarray) -> float:
    """No polynomial is nearer than this: |sum w e| / sum |w| with the weights that annihilate p."""
    weights = _weights(t)
    doubt = float(np.max(np.sum(_inverse_gaps(t), axis=1))) * 8 * _EPS
    return max(abs(float(weights @ e)) - 2 * doubt * float(np.abs(weights) @ np.abs(e)), 0.0)


def _inverse_gaps(t: np.ndarray) -> np.ndarray:
    gaps = np.abs(t[:, None] - t)
    np.fill_diagonal(gaps, np.inf)
    with np.errstate(divide="ignore"):
        return 1.0 / gaps


def _weights(t: np.ndarray) -> np.ndarray:
    """Divided difference of all the points, scaled so that the sizes sum to one."""
    gaps = t[:, None] - t
    np.fill_diagonal(gaps, 1.0)
    logs = -np.sum(np.log(np.maximum(np.abs(gaps), 1e-300)), axis=1)
    sizes = np.exp(logs - np.max(logs))
    return np.prod(np.sign(gaps), axis=1) * sizes / np.sum(sizes)


def _exchanged(problem: _Problem) -> _State:
    """Remez exchange, from the extremes of the Chebyshev polynomial."""
    count = problem.degree + 2
    start = -np.cos(np.pi * np.arange(count) / (count - 1))
    state = _levelled(problem, problem.place(start))
    found = state
    for turn in range(1, _TURNS + 1):
        state.error, x, e = problem.error(state.coefficients)
        state.at, state.iterations = float(x[np.argmax(np.abs(e))]), turn
        better = state.error < found.error
        found = state if better else found
        found.level, found.iterations = max(found.level, state.level), turn
        if found.error - found.level <= _CLOSE * found.error + 2 * _EPS:
            break
        following = _next(problem, state, x, e)
        if following is None:
            break
        state = following
    return found


def _next(problem: _Problem, state: _State, x: np.ndarray, e: np.ndarray) -> _State | None:
    """All extremes at once where that raises the level, else the single best exchange."""
    count = problem.degree + 2
    if len(x) >= count:
        first, last = 0, len(x)
        while last - first > count:  # drop the smaller end: the largest error stays
            smaller = abs(e[first]) < abs(e[last - 1])
            first, last = first + smaller, last - (not smaller)
        many = _levelled(problem, x[first:last])
        if many.level > state.level:
            return many
    at = x[np.argmax(np.abs(e))]
    if at in state.x:
        return None
    singles = [np.sort(np.append(np.delete(state.x, k), at)) for k in range(count)]
    one = max((_levelled(problem, s) for s in singles), key=lambda s: s.level)
    return one if one.level > state.level else None


def _result(problem: _Problem, state: _State, plain: float) -> Best:
    derivative = np.arange(problem.degree + 1) ** 2 @ np.abs(state.coefficients)
    size = np.sum(np.abs(state.coefficients))
    noise = _BUMPS * float(np.max(problem.noise(state.x)))
    rounding = noise + _EPS * (4.0 + 2.0 * (problem.degree + 2) * size + 4.0 * float(derivative))
    lower = min(max(state.level - rounding, 0.0), state.error)
    usable = bool(state.error <= (1 + _GOOD) * lower + 3 * rounding)
    scale = problem.exponent
    error, lower, rounding, plain = (
        float(np.ldexp(v, scale)) for v in (state.error, lower, rounding, plain)
    )
    coefficients = np.ldexp(state.coefficients, scale)
    status = _status(problem.degree, (error, lower, rounding), usable)
    fields = (error, lower, rounding, plain, state.at, state.iterations, usable, status)
    return Best(problem.a, problem.b, coefficients, *fields)


def _status(degree: int, sizes: tuple[float, float, float], usable: bool) -> str:
    error, lower, rounding = sizes
    if error <= 3 * rounding:
        return f"f is a polynomial of degree {degree} up to rounding ({rounding:.1e})."
    if usable:
        return (
            f"Within {error:.3g} of f; no polynomial of degree {degree} is nearer than {lower:.3g}."
        )
    return (
        f"Not the best one: within {error:.3g} of f, where {lower:.3g} is only known "
        "to be a lower bound."
    )
