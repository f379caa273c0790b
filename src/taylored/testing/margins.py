"""How far NumPy's and XLA's functions are off, measured; python-flint is the judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from types import MappingProxyType
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.readings.facts import ELEMENTWISE, resolve
from taylored.readings.interval.margins import off, tiny
from taylored.testing.margin_points import DOMAINS, flint, points

__all__ = ["FORMS", "Measured", "Truth", "margin_of", "measure", "true_values", "truth"]

_MAX = float(np.finfo(float).max)
_ENOUGH, _MOST_BITS = 75, 20_000
_SHORT = 24


@dataclass(frozen=True, slots=True)
class Measured:
    """The largest error of a function: in units of 2**-52 of the computed value, and where."""

    function: str
    ulps: float
    where: tuple[float, ...]
    points: int


@dataclass(frozen=True, slots=True)
class Truth:
    """Exact values at points: `value * (1 + rest * 2**-52)`."""

    x: tuple[np.ndarray, ...]
    value: np.ndarray
    rest: np.ndarray

    def errors(self, computed: np.ndarray, absolute: float) -> np.ndarray:
        """By how many times 2**-52 of itself each computed number is off, beyond `absolute`."""
        return off(computed, self.value, self.rest, absolute)


def margin_of(ulps: float) -> float:
    """The margin that goes with a measured maximum: twice as much and one more."""
    return float(ceil(2.0 * ulps + 1.0))


def measure(
    executor: str,
    functions: Iterable[str] | None = None,
    points: int = 200_000,
    seed: int = 0,
    bits: int = 110,
) -> dict[str, Measured]:
    """The largest error of each function as an executor computes it.

    Args:
        executor: "numpy" or "xla".
        functions: names of primitives; all that have a margin where not given.
        points: how many points for each function.
        seed: of the points.
        bits: of python-flint's numbers; more where a value needs them.
    """
    if executor not in FORMS:
        raise ArgumentError(f"There is no executor {executor!r}.", next_step='"numpy" or "xla"')
    names = list(DOMAINS) if functions is None else list(functions)
    return {name: _measured(executor, name, truth(name, points, seed, bits)) for name in names}


def _measured(executor: str, function: str, exact: Truth) -> Measured:
    absolute = tiny(executor, function) - 5e-324  # the user of `tiny` rounds it once
    worst, where, count = 0.0, tuple(float(x[0]) for x in exact.x), len(exact.value)
    for computed in FORMS[executor](function, exact.x):
        errors = exact.errors(computed, absolute)
        at = int(np.argmax(errors))
        if errors[at] > worst:
            worst, where = float(errors[at]), tuple(float(x[at]) for x in exact.x)
    return Measured(function, worst, where, count)


# ---- as computed ----------------------------------------------------------------------------


def _numpy_forms(function: str, x: tuple[np.ndarray, ...]) -> Iterator[np.ndarray]:
    """On whole arrays, on every other element, and on rows of three: NumPy has loops for each."""
    call = resolve(ELEMENTWISE[function].numpy)
    with np.errstate(all="ignore"):
        yield call(*x)
        yield call(*(np.repeat(values, 2)[::2] for values in x))
        rows = [_rows(values, 3) for values in x]
        wide = [np.concatenate([r, r[:, :1]], axis=1) for r in rows]
        yield call(*(w[:, :3] for w in wide)).ravel()[: x[0].size]


def _xla_forms(function: str, x: tuple[np.ndarray, ...]) -> Iterator[np.ndarray]:
    """Compiled for whole arrays, for numbers in a loop, and for short arrays.

    All three differ: arctan of fewer than 64 numbers is other code than of more.
    """
    import jax

    from taylored.trace.jaxpr import float64

    call = resolve(ELEMENTWISE[function].jax)
    compiled = jax.jit(call)
    with float64():
        arrays = [jax.numpy.asarray(values) for values in x]
        yield np.asarray(compiled(*arrays))
        yield np.asarray(jax.jit(lambda *a: jax.lax.map(lambda row: call(*row), a))(*arrays))
        rows = zip(*(_rows(values, _SHORT) for values in x), strict=True)
        yield np.concatenate([np.asarray(compiled(*row)) for row in rows])[: x[0].size]


def _rows(values: np.ndarray, width: int) -> np.ndarray:
    """As a table with rows of a width, the last filled up."""
    missing = -values.size % width
    return np.concatenate([values, np.repeat(values[-1:], missing)]).reshape(-1, width)


FORMS: Mapping[str, Callable] = MappingProxyType({"numpy": _numpy_forms, "xla": _xla_forms})


# ---- the judge ------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def truth(function: str, count: int, seed: int = 0, bits: int = 110) -> Truth:
    """Exact values of a function, by python-flint, at the points where it is measured."""
    return true_values(function, points(function, count, seed), bits)


def true_values(function: str, x: tuple[np.ndarray, ...], bits: int = 110) -> Truth:
    """Exact values of a function at given points; those where it overflows by a hair left out."""
    module = flint()
    call = _balls(module)[function]
    with module.ctx.workprec(bits):
        inputs = [list(map(module.arb, values.tolist())) for values in x]
        balls = list(map(call, *inputs))
        for at, ball in enumerate(balls):
            if ball.rel_accuracy_bits() < _ENOUGH and not ball.is_exact():
                balls[at] = _sharper(module, call, [column[at] for column in inputs], bits)
        value = np.array(list(map(float, balls)))
        rest = np.array(list(map(_rest, balls, value.tolist())))
    keep = np.isfinite(rest)
    return Truth(tuple(values[keep] for values in x), value[keep], rest[keep])


def _sharper(module: Any, call: Callable, x: list[Any], bits: int) -> Any:
    """The value with more bits, where the first ones cancelled."""
    while bits < _MOST_BITS:
        bits *= 4
        with module.ctx.workprec(bits):
            ball = call(*x)
        if ball.rel_accuracy_bits() >= _ENOUGH or ball.is_exact():
            break
    return ball


def _rest(ball: Any, value: float) -> float:
    """What a float64 lacks of an exact value, in units of 2**-52 of it; nan where undecided."""
    if value == 0:
        return 0.0
    if abs(value) <= _MAX:
        return float(((ball - value) / value) * 2**52)
    beyond = ball.is_finite() and abs(ball) > _MAX * (1 + type(ball)(2) ** -50)
    return 0.0 if beyond else float("nan")


@lru_cache(maxsize=1)
def _balls(module: Any) -> Mapping[str, Callable]:
    """Functions of python-flint's balls, under the names of primitives."""
    arb = module.arb
    same = (
        "sqrt rsqrt exp expm1 log log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh "
        "atanh erf erfc"
    )
    table: dict[str, Callable] = {name: getattr(arb, name) for name in same.split()}
    table |= {
        "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y,
        "div": lambda x, y: x / y, "pow": lambda x, y: x**y, "atan2": arb.atan2,
        "exp2": lambda x: arb(2) ** x, "log2": lambda x: x.log() / arb(2).log(),
        "log10": lambda x: x.log() / arb(10).log(), "logistic": lambda x: 1 / (1 + (-x).exp()),
        "cbrt": lambda x: abs(x).root(3) * x.sgn(),
    }  # fmt: skip
    return MappingProxyType(table)
