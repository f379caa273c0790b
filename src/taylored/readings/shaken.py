"""How wrong is a computed number? Run the program in doubled precision with every rounding shaken.

One run holds many samples: the first is the plain one, in the others each operation's result is
moved at random by as much as its rounding error may be. The spread of the results estimates the
error of the first (stochastic arithmetic: J. Vignes, Math. Comput. Simul. 35 (1993)). Numbers
that doubled precision cannot hold are computed in long double (float64 where there is none),
shaken in the same way; where even that underflows, by the smallest number that it has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from taylored.readings import doubled
from taylored.readings import numpy as plain
from taylored.readings.doubled import Pair
from taylored.readings.expression import recognized
from taylored.readings.facts import ELEMENTWISE, resolve
from taylored.trace.program import Equation, Program
from taylored.trace.walk import walk

__all__ = ["Estimate", "Given", "computed", "exactly", "given", "moved", "shaken"]

_SAMPLES = 17
_SAFETY = 3.0  # the largest of 16 samples is below the bound that it is drawn from
_EPS = 2.0**-53
_PAIR = 2.0**-102  # of one operation on pairs
_BESIDE = 2.0**-50  # relative distance at which a derivative is looked at once more
_LEAST = 1e-280  # below it the low parts of pairs are lost
_PI_LOW = 1.2246467991473532e-16
_TINIEST = 5e-324
_NORMAL = 2.3e-308  # below it float64 has fewer digits

_PAIRED = frozenset(["add", "sub", "mul", "div", "neg", "sqrt", "abs", "integer_pow"])
_SUMS = frozenset(["add", "sub", "neg", "abs"])
# Neither is rounded, nor may what they decide on be moved.
_EXACT = frozenset(
    """select_n max min sign floor ceil round lt le gt ge eq ne and or not copy
    broadcast_to""".split()
)
# SciPy's functions take float64 only, and are right to a few of its units.
_SPECIAL = frozenset(
    """erf erfc erf_inv gamma lgamma digamma trigamma bessel_j0 bessel_j1
    xlogy logistic""".split()
)
# Their result is never a rounded zero: what is zero there is zero.
_NEVER_FADES = _EXACT | frozenset(
    """add sub neg abs sqrt rsqrt cbrt log log2 log10 acos acosh cos digamma trigamma lgamma
    bessel_j0""".split()
)


@dataclass(frozen=True, slots=True)
class Given:
    """A number beyond float64: `(high + low) * 2**scale`, known to `level` of its size."""

    high: float
    low: float = 0.0
    level: float = 0.0
    scale: int = 0

    @property
    def value(self) -> float:
        """The nearest float64."""
        return math.ldexp(self.high + self.low, self.scale)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A computed number, and an estimate of its error: nan where nothing can be said.

    `rest` is what rounding `value` to float64 left.
    """

    value: float
    error: float
    rest: float = 0.0


def given(value: float | Fraction) -> Given:
    """A number as it is."""
    return _of_fraction(value) if isinstance(value, Fraction) else Given(float(value))


def exactly(value: float) -> Given:
    """A float as the number that it was written for: 0.1 is one tenth, pi is pi."""
    if isinstance(value, bool) or not math.isfinite(value):
        return Given(value)
    kind, number, power = recognized(value)
    if kind == "pi" and power == 1:
        pi = (np.float64(math.pi), np.float64(_PI_LOW))
        factor = _of_fraction(number)
        high, low = doubled.multiply(pi, (np.float64(factor.high), np.float64(factor.low)))
        return Given(float(high), float(low))
    long = len(repr(abs(value)).partition("e")[0].strip("0.")) > 15
    rounded = kind != "decimal" or (long and not float(value).is_integer())
    level = _EPS if rounded else 0.0
    if 0.0 < abs(value) < _NORMAL:
        level = max(level, _TINIEST / abs(value))  # digits that were written are lost
    return _of_fraction(number, level) if kind == "decimal" else Given(value, 0.0, level)


def moved(known: Given, by: float) -> Given:
    """The number that lies so far away, exactly."""
    whole = (Fraction(known.high) + Fraction(known.low)) * Fraction(2) ** known.scale
    return _of_fraction(whole + Fraction(by), known.level)


def _of_fraction(number: Fraction, level: float = 0.0) -> Given:
    scale = 0
    if number and abs(number) < _LEAST:  # its low half would underflow
        scale = number.numerator.bit_length() - number.denominator.bit_length()
        number /= Fraction(2) ** scale
    high = float(number)
    return Given(high, float(number - Fraction(high)), level, scale)


def shaken(program: Program, inputs: Sequence[Given], seed: int = 0) -> list[Estimate]:
    """The program's outputs at a point, each with an estimate of its error."""
    with np.errstate(all="ignore"):
        found, lost = _in_pairs(program, inputs, seed)
        if lost or not all(math.isfinite(e.value) for e in found):
            rough = _in_long_double(program, inputs, seed)
            usable = [not lost and math.isfinite(e.value) and math.isfinite(e.error) for e in found]
            found = [e if u else r for e, r, u in zip(found, rough, usable, strict=True)]
    return found


class _Noise:
    """Random numbers for one run, the same for the same seed."""

    def __init__(self, seed: int):
        self._random = np.random.default_rng(seed)

    def __call__(self, level: Any) -> Any:
        """Relative errors up to a level; none in the first sample."""
        draws = self._random.uniform(-1.0, 1.0, _SAMPLES)
        draws[0] = 0.0
        return draws * level


def _in_pairs(program: Program, inputs: Sequence[Given], seed: int) -> tuple[list[Estimate], bool]:
    """All outputs in doubled precision, and whether a number was too small for it."""
    noise = _Noise(seed)
    doubled.RULES.require(program)
    lost = False

    def start(known: Given) -> Pair:
        nonlocal lost
        if known.scale or 0.0 < abs(known.high) < _NORMAL:
            lost, known = True, Given(known.value)
        high = np.full(_SAMPLES, known.high)
        return high, known.low + high * noise(max(known.level, _PAIR if known.low else 0.0))

    def constant(value: Any) -> Pair:
        if isinstance(value, bool) or np.ndim(value):
            array = np.asarray(value)
            return array, np.zeros(array.shape)
        return start(exactly(float(value)))

    def rule(equation: Equation, pairs: list[Pair]) -> Pair:
        nonlocal lost
        primitive = equation.primitive
        before, after = _levels(primitive)
        if primitive in _SUMS and not any(np.any(lo) for _, lo in pairs):
            after = 0.0  # exact: two float64 make one pair
        moved = _moves(primitive, pairs, before, noise) if before else None
        if before and moved is None:
            pairs = [(h, lo + h * noise(before * (_cut(h, lo, before) != 0))) for h, lo in pairs]
        high, low = doubled.RULES[primitive](equation)(*pairs)
        low = low if moved is None else low + moved
        if after:
            low = low + high * noise(after)
            high, low = high + low, (high - (high + low)) + low
            lost = lost or bool(np.any(_faded(primitive, high, [h for h, _ in pairs], _LEAST)))
        return high, low

    outputs = walk(program, [start(known) for known in inputs], rule, constant)
    return [_estimate(*pair) for pair in outputs], lost


def _faded(primitive: str, result: Any, inputs: Sequence[Any], least: float) -> Any:
    """Where a result is too small to have its digits, or is a zero that stands for such a one."""
    small = np.abs(result) < least
    if not np.any(small):
        return small
    zero = np.asarray(result == 0.0)
    if primitive in _NEVER_FADES:
        return small & ~zero
    # 0*x is 0, and exp(-inf); but softplus(x) is not where x is far below 0, nor 1/overflow.
    exact = np.zeros(np.shape(zero), bool)
    for value in inputs[:1] if primitive == "div" else inputs:
        exact = exact | (np.isinf(value) if primitive == "logaddexp" else value == 0.0)
        exact = exact | (np.isinf(value) & (primitive in ("exp", "exp2", "erfc", "logistic")))
    return small & ~(zero & exact)


def _levels(primitive: str) -> tuple[float, float]:
    """Relative errors of a primitive: of its arguments, and of its result."""
    if primitive in _EXACT:
        return 0.0, 0.0
    if primitive in _PAIRED:
        return 0.0, _PAIR
    wide = doubled._has_long_double() and primitive not in _SPECIAL
    if wide:
        # An argument is moved by a whole unit: less would mostly be rounded back.
        return 2.0**-63, 2.0**-63
    return 2.0 * _EPS, 8.0 * _EPS


def _cut(high: Any, low: Any, level: float) -> Any:
    """What a function's own precision cuts off its argument."""
    kind = np.longdouble if level < _EPS else np.float64
    wide = kind(high) + kind(low)
    return np.asarray((kind(high) - wide) + kind(low), float)


def _moves(primitive: str, pairs: list[Pair], level: float, noise: _Noise) -> Any:
    """What a function's value lacks because its arguments were cut; None where not known.

    To first order, by the function's derivative, and shaken by as much as that derivative
    changes nearby.
    """
    row = ELEMENTWISE.get(primitive)
    cuts = [_cut(h, lo, level) for h, lo in pairs]
    if row is None or row.derivatives is None:
        return None
    function = resolve(row.numpy)
    here = [h for h, _ in pairs]
    beside = [h * (1.0 + _BESIDE) for h in here]
    try:
        slopes = [row.derivatives(*at, function(*at)) for at in (here, beside)]
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    total: Any = 0.0
    for cut, slope, other in zip(cuts, *slopes, strict=True):
        if slope is None or not np.any(cut):
            continue
        change = np.abs(np.asarray(other, float) / slope - 1.0)
        if not np.all(change < 1e-3):
            return None
        total = total + slope * cut * (1.0 + noise(4.0 * np.max(change) + _EPS))
    return total


def _estimate(high: Any, low: Any) -> Estimate:
    high = np.broadcast_to(np.asarray(high, float), (_SAMPLES,))
    low = np.broadcast_to(np.asarray(low, float), (_SAMPLES,))
    value, rest = float(high[0] + low[0]), float((high[0] - (high[0] + low[0])) + low[0])
    spread = float(np.max(np.abs((high - high[0]) + (low - low[0]))))
    return Estimate(value, _SAFETY * spread + abs(rest), rest)


def _in_long_double(program: Program, inputs: Sequence[Given], seed: int) -> list[Estimate]:
    """The same in long double, whose exponents reach far beyond those of float64."""
    noise = _Noise(seed)
    wide = np.longdouble
    unit = float(np.finfo(wide).eps) / 2
    one = wide(1.0)  # a float64 would swallow a noise that is smaller than its own unit

    def start(known: Given) -> Any:
        value = np.ldexp(wide(known.high) + wide(known.low), known.scale)
        level = max(known.level, unit if known.low else 0.0)
        return np.full(_SAMPLES, value) * (one + noise(level)) if level else value

    def constant(value: Any) -> Any:
        plain_number = isinstance(value, int | float) and not isinstance(value, bool)
        return start(exactly(float(value))) if plain_number else value

    def rule(equation: Equation, values: list[Any]) -> Any:
        primitive, run = equation.primitive, plain.RULES[equation.primitive](equation)
        if primitive in _EXACT:
            return run(*values)
        special = primitive in _SPECIAL
        result = run(*(_narrowed(v, noise) for v in values) if special else values)
        level = 16 * _EPS if special else 2 * unit * abs(equation.params.get("y", 1))
        if primitive not in _PAIRED:
            level = max(level, 4 * unit)
        result = np.asarray(result, wide)
        if primitive in _SUMS:
            level = level * _inexact(primitive, result, values)
        return result * (one + noise(level)) + _floor(equation, result, values, noise)

    plain.RULES.require(program)
    outputs = walk(program, [start(known) for known in inputs], rule, constant)
    return [_rounded(np.asarray(v, wide)) for v in outputs]


def _inexact(primitive: str, result: Any, values: Sequence[Any]) -> Any:
    """Where a sum is rounded: -1 as an exponent is not to become -0.99999."""
    if len(values) == 1:
        return 0.0
    second = -values[1] if primitive == "sub" else values[1]
    return doubled.two_sum(np.asarray(values[0], np.longdouble), second)[1] != 0.0


def _narrowed(value: Any, noise: _Noise) -> Any:
    """An argument in float64, shaken where that cuts digits off."""
    narrow = np.asarray(value, float)
    return np.where(narrow != value, narrow * (1.0 + noise(2 * _EPS)), narrow)


def _floor(equation: Equation, result: Any, values: Sequence[Any], noise: _Noise) -> Any:
    """What may be missing where a result is so small that numbers get rare."""
    kind: Any = float if equation.primitive in _SPECIAL else np.longdouble
    known = np.finfo(kind)
    faded = _faded(equation.primitive, result, values, 1024 * known.smallest_normal)
    if not np.any(faded):
        return 0.0
    endless = equation.params.get("y", 1) < 0 or any(np.any(np.isinf(v)) for v in values)
    step = 1.0 / known.max if endless else 2 * np.longdouble(known.smallest_subnormal)
    return np.where(faded, np.rint(3.0 * noise(1.0)) * step, 0.0)


def _rounded(values: Any) -> Estimate:
    """An estimate from samples in long double: what float64 cannot hold is part of its error."""
    values = np.broadcast_to(values, (_SAMPLES,))
    value = float(values[0])
    rest = values[0] - np.longdouble(value)
    whole = _SAFETY * np.max(np.abs(values - values[0])) + abs(rest)
    error = float(whole)
    if error < whole:
        error = math.nextafter(error, math.inf)
    return Estimate(value, error, float(rest))


def computed(estimate: Estimate) -> Given:
    """What was computed, as an input of what comes next."""
    size = abs(estimate.value) or 1.0
    spread = max(estimate.error - abs(estimate.rest), 0.0)
    return Given(estimate.value, estimate.rest, spread / size)
