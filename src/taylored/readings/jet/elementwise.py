"""Taylor rules of elementwise primitives, in terms of a ring's operations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from taylored.readings.jet.ring import Ring
from taylored.readings.jet.table import Walker, as_series, known, rule
from taylored.readings.jet.value import Series, Truth, aligned
from taylored.readings.numpy import RULES as NUMPY
from taylored.trace.program import Constant, Equation

__all__ = ["SMOOTH", "as_truth", "power"]

# Smooth functions of one argument: each ring has what it needs for them under the same name.
SMOOTH = frozenset(
    """sqrt rsqrt cbrt exp exp2 expm1 log log2 log10 log1p logistic sin cos tan asin acos atan
    sinh cosh tanh asinh acosh atanh erf erfc erf_inv gamma lgamma digamma trigamma bessel_j0
    bessel_j1 sinc0 softplus""".split()
)


def _both(values: list[Any], ring: Ring) -> tuple[Series, Series]:
    x, y = (as_series(v, ring) for v in values)
    return aligned(x, y)  # type: ignore[return-value]


@rule("add", "add_any")
def _add(equation: Equation, values: list[Any], walker: Walker) -> Series:
    x, y = _both(values, walker.ring)
    if equation.inputs[0] == equation.inputs[1]:
        return walker.ring.multiply(walker.ring.constant(2.0), x)
    return walker.ring.add(x, y)


@rule("sub")
def _sub(equation: Equation, values: list[Any], walker: Walker) -> Series:
    x, y = _both(values, walker.ring)
    return walker.ring.subtract(x, y)


@rule("neg")
def _neg(equation: Equation, values: list[Any], walker: Walker) -> Series:
    return walker.ring.negative(as_series(values[0], walker.ring))


@rule("mul")
def _mul(equation: Equation, values: list[Any], walker: Walker) -> Series:
    x, y = _both(values, walker.ring)
    if equation.inputs[0] == equation.inputs[1]:
        return power(walker.ring, x, 2)  # a square, which a product of intervals does not know
    if any(isinstance(a, Constant) and np.all(np.asarray(a.value) == 0) for a in equation.inputs):
        shape = np.broadcast_shapes(x.shape, y.shape)
        return walker.ring.constant(np.zeros(shape))  # exact, whatever is rounded in the other
    return walker.ring.multiply(x, y)


@rule("div")
def _div(equation: Equation, values: list[Any], walker: Walker) -> Series:
    x, y = _both(values, walker.ring)
    divisor = equation.inputs[1]
    if isinstance(divisor, Constant) and _is_power_of_two(divisor.value):
        return walker.ring.multiply(x, walker.ring.constant(1.0 / float(divisor.value)))
    return walker.ring.divide(x, y)


def _is_power_of_two(value: Any) -> bool:
    if np.ndim(value) or not math.isfinite(value) or value == 0:
        return False
    return abs(math.frexp(value)[0]) == 0.5 and 1e-300 < abs(value) < 1e300


@rule("integer_pow")
def _integer_pow(equation: Equation, values: list[Any], walker: Walker) -> Series:
    return power(walker.ring, as_series(values[0], walker.ring), int(equation.params["y"]))


@rule("square")
def _square(equation: Equation, values: list[Any], walker: Walker) -> Series:
    return power(walker.ring, as_series(values[0], walker.ring), 2)


def power(ring: Ring, x: Series, exponent: int) -> Series:
    """A whole power."""
    if exponent == 1:
        return x
    return ring.unary("integer_pow", x, {"y": exponent})


@rule("pow")
def _pow(equation: Equation, values: list[Any], walker: Walker) -> Series:
    ring, exponent = walker.ring, values[1]
    fixed = _one_number(equation.inputs[1], exponent)
    if fixed is not None and fixed.is_integer() and abs(fixed) <= 64:
        return power(ring, as_series(values[0], ring), int(fixed))
    if fixed is not None:
        return ring.unary("pow", as_series(values[0], ring), {"p": fixed})
    x, y = _both(values, ring)
    return ring.unary("exp", ring.multiply(y, ring.unary("log", x, {})), {})


def _one_number(atom: Any, value: Any) -> float | None:
    """The exponent, where all elements have the same that is known."""
    array = atom.value if isinstance(atom, Constant) else value if known(value) else None
    if array is None:
        return None
    flat = np.unique(np.asarray(array, float))
    return float(flat[0]) if flat.size == 1 else None


def _smooth(equation: Equation, values: list[Any], walker: Walker) -> Series:
    return walker.ring.unary(equation.primitive, as_series(values[0], walker.ring), {})


rule(*SMOOTH)(_smooth)


@rule("atan2")
def _atan2(equation: Equation, values: list[Any], walker: Walker) -> Series:
    y, x = _both(values, walker.ring)
    return walker.ring.atan2(y, x)


@rule("logaddexp")
def _logaddexp(equation: Equation, values: list[Any], walker: Walker) -> Series:
    return logaddexp(walker.ring, *_both(values, walker.ring))


def logaddexp(ring: Ring, x: Series, y: Series) -> Series:
    """log(exp(x) + exp(y)) = y + softplus(x - y)."""
    return ring.add(y, ring.unary("softplus", ring.subtract(x, y), {}))


@rule("xlogy")
def _xlogy(equation: Equation, values: list[Any], walker: Walker) -> Series:
    x, y = _both(values, walker.ring)
    return walker.ring.multiply(x, walker.ring.unary("log", y, {}))


# ---- kinks and jumps ----


@rule("abs")
def _abs(equation: Equation, values: list[Any], walker: Walker) -> Series:
    return walker.ring.absolute(as_series(values[0], walker.ring))


@rule("max", "min")
def _extreme(equation: Equation, values: list[Any], walker: Walker) -> Series:
    x, y = _both(values, walker.ring)
    if equation.inputs[0] == equation.inputs[1]:
        return x
    return walker.ring.extreme(x, y, equation.primitive == "max")


@rule("clamp")
def _clamp(equation: Equation, values: list[Any], walker: Walker) -> Series:
    ring = walker.ring
    low, x, high = aligned(*(as_series(v, ring) for v in values))
    return ring.extreme(ring.extreme(x, low, True), high, False)


@rule("sign", "floor", "ceil", "round", "round_half_away")
def _step(equation: Equation, values: list[Any], walker: Walker) -> Series:
    return walker.ring.step(equation.primitive, as_series(values[0], walker.ring))


@rule("rem")
def _rem(equation: Equation, values: list[Any], walker: Walker) -> Series:
    ring = walker.ring
    x, y = _both(values, ring)
    # Towards zero: floor of a positive quotient, ceil of a negative one.
    quotient = ring.divide(x, y)
    zero = ring.constant(0.0)
    below = ring.compare("lt", *aligned(quotient, zero))
    whole = ring.choose(below, ring.step("floor", quotient), ring.step("ceil", quotient))
    return ring.subtract(x, ring.multiply(whole, y))


@rule("lt", "le", "gt", "ge", "eq", "ne", "lt_to", "le_to")
def _compare(equation: Equation, values: list[Any], walker: Walker) -> Truth:
    name = equation.primitive.removesuffix("_to")  # a total order: that of numbers is one
    if equation.inputs[0] == equation.inputs[1]:  # asks for nan, which is refused elsewhere
        holds = np.full((1, *values[0].shape), name in ("eq", "le", "ge"))
        return Truth(holds, holds)
    if _conditions(values) and equation.primitive in ("eq", "ne"):
        x, y = (as_truth(v) for v in values)
        both = _and(x, y), _and(_not(x), _not(y))
        same = _or(*both)
        return same if name == "eq" else _not(same)
    x, y = _both(values, walker.ring)
    return walker.ring.compare(name, x, y)


def _conditions(values: list[Any]) -> bool:
    """Whether they are conditions, known or not."""
    return all(isinstance(v, Truth) or (known(v) and v.dtype.kind == "b") for v in values)


@rule("is_finite")
def _is_finite(equation: Equation, values: list[Any], walker: Walker) -> Truth:
    # What is computed here is enclosed in finite ends, or it is refused later.
    shape = (1, *values[0].shape)
    return Truth(np.ones(shape, bool), np.ones(shape, bool))


def as_truth(value: Any) -> Truth:
    """A condition, known or not."""
    if isinstance(value, Truth):
        return value
    return Truth(np.asarray(value, bool)[None], np.asarray(value, bool)[None])


def _not(x: Truth) -> Truth:
    return Truth(~x.maybe, ~x.sure)


def _and(x: Truth, y: Truth) -> Truth:
    return Truth(x.sure & y.sure, x.maybe & y.maybe)


def _or(x: Truth, y: Truth) -> Truth:
    return Truth(x.sure | y.sure, x.maybe | y.maybe)


@rule("integer_div")
def _integer_div(equation: Equation, values: list[Any], walker: Walker) -> np.ndarray:
    from taylored.readings.jet.control import decided

    x, y = (decided(v, walker) for v in values)
    return np.asarray(NUMPY["integer_div"](equation)(x, y))


@rule("not")
def _not_rule(equation: Equation, values: list[Any], walker: Walker) -> Truth:
    return _not(as_truth(values[0]))


@rule("and", "or")
def _logical(equation: Equation, values: list[Any], walker: Walker) -> Truth:
    x, y = (as_truth(v) for v in values)
    return _and(x, y) if equation.primitive == "and" else _or(x, y)


@rule("select_n")
def _select(equation: Equation, values: list[Any], walker: Walker) -> Any:
    condition, *cases = values
    if known(condition):
        return _chosen(condition, cases, walker)
    if isinstance(condition, Series):
        from taylored.readings.jet.control import decided

        return _chosen(decided(condition, walker), cases, walker)
    walker.chose(equation, condition)
    condition = _ranked(condition, max(len(c.shape) for c in cases))
    if all(isinstance(c, Truth) or (known(c) and c.dtype.kind == "b") for c in cases):
        no, yes = (as_truth(c) for c in cases)
        return _or(_and(condition, yes), _and(_not(condition), no))
    if all(map(known, cases)):
        from taylored.readings.jet.control import decided

        return np.asarray(np.where(decided(condition, walker), cases[1], cases[0]))
    no, yes = aligned(*(as_series(c, walker.ring) for c in cases))
    return walker.ring.choose(condition, no, yes)


def _ranked(condition: Truth, rank: int) -> Truth:
    """One condition for whole arrays, with as many axes as they have."""
    missing = (1,) * (rank - len(condition.shape))
    return condition.map(lambda p: p.reshape((p.shape[0], *missing, *p.shape[1:])))


def _chosen(condition: np.ndarray, cases: list[Any], walker: Walker) -> Any:
    """A choice that is known: the elements are picked, whatever they are."""
    from taylored.readings.jet.structure import joined
    from taylored.readings.jet.value import moved

    if condition.ndim == 0:
        return cases[int(condition)]
    if any(isinstance(c, Truth) for c in cases):
        truths = [as_truth(c) for c in cases]
        wanted = condition.astype(int)
        return Truth(*(np.choose(wanted, [getattr(t, part) for t in truths])
                       for part in ("sure", "maybe")))  # fmt: skip
    series = [as_series(c, walker.ring) for c in cases]
    size = int(np.prod(condition.shape, dtype=np.int64))
    numbers = [np.zeros(condition.shape, int) if not s.shape and condition.shape else
               np.arange(size).reshape(condition.shape) for s in series]  # fmt: skip
    firsts = np.cumsum([0, *(int(np.prod(s.shape, dtype=np.int64)) for s in series)])
    index = np.choose(condition.astype(int), [n + f for n, f in zip(numbers, firsts, strict=False)])
    return moved(joined(series), index)
