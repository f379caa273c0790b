"""Where functions are measured: points over many scales, and those known to be hard."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zlib import crc32

import numpy as np

from taylored.readings.interval.executor import flint_module
from taylored.readings.interval.margins import LIMITS

__all__ = ["DOMAINS", "Domain", "closest_turns", "flint", "points"]

_MAX = float(np.finfo(float).max)
_SMALLEST = 2.0**-1022  # XLA takes smaller inputs for zero: its users must handle them
_ALL = (-_MAX, _MAX)
_POSITIVE = (_SMALLEST, _MAX)


@dataclass(frozen=True, slots=True)
class Domain:
    """The box of inputs in which a function is measured, and the points to look close at."""

    boxes: tuple[tuple[float, float], ...] = (_ALL,)
    special: tuple[float, ...] = (0.0, 1.0)
    oscillates: bool = False


def _of(low: float, high: float, *special: float) -> Domain:
    return Domain(((low, high),), (*special, low, high))


def _wave(function: str) -> Domain:
    return Domain(((-LIMITS[function], LIMITS[function]),), (0.0, 1.0), oscillates=True)


# Ends where a result overflows or underflows are part of the box.
DOMAINS: dict[str, Domain] = {
    "sqrt": _of(*_POSITIVE, 1.0), "rsqrt": _of(*_POSITIVE, 1.0), "cbrt": _of(*_ALL, 1.0),
    "exp": _of(-750.0, 709.79, 0.0, -708.4, 709.78, -745.13),
    "exp2": _of(-1080.0, 1024.0, 0.0, -1022.0, -1074.0),
    "expm1": _of(-1e3, 709.79, 0.0, -0.5, 0.5, 1.0, -37.0, 709.78),
    "log": _of(*_POSITIVE, 1.0, math.e, math.sqrt(0.5)),
    "log2": _of(*_POSITIVE, 1.0, 2.0, math.sqrt(0.5)),
    "log10": _of(*_POSITIVE, 1.0, 10.0, math.sqrt(0.5)),
    "log1p": _of(-1.0 + 2.0**-53, _MAX, 0.0, math.sqrt(0.5) - 1, math.sqrt(2.0) - 1, -0.5, 1.0),
    "logistic": _of(-750.0, 750.0, 0.0, -708.4, 36.7, -37.0),
    "sin": _wave("sin"), "cos": _wave("cos"), "tan": _wave("tan"),
    "asin": _of(-1.0, 1.0, 0.0, 0.5, -0.5), "acos": _of(-1.0, 1.0, 0.0, 0.5, -0.5),
    "atan": _of(*_ALL, 0.0, 1.0, -1.0, 0.4375, 2.4375),
    "sinh": _of(-710.48, 710.48, 0.0, 1.0, -1.0, 709.78),
    "cosh": _of(-710.48, 710.48, 0.0, 1.0, -1.0, 709.78),
    "tanh": _of(*_ALL, 0.0, 0.55, -0.55, 1.0, 19.06, 22.0),
    "asinh": _of(*_ALL, 0.0, 0.5, 1.0, -1.0, 2.0, 2.0**28),
    "acosh": _of(1.0, _MAX, 2.0, 1.1, 2.0**28),
    "atanh": _of(-1.0 + 2.0**-53, 1.0 - 2.0**-53, 0.0, 0.5, -0.4142135),
    "erf": _of(*_ALL, 0.0, 0.84375, 1.0, -1.0, 5.9), "erfc": _of(-1e3, 30.0, 0.0, 0.5, 1.0, 26.5),
    "add": Domain((_ALL, _ALL)), "sub": Domain((_ALL, _ALL)), "mul": Domain((_ALL, _ALL)),
    "div": Domain((_ALL, _ALL)), "atan2": Domain((_ALL, _ALL)),
    "pow": Domain((_ALL, _ALL)),
}  # fmt: skip


def points(function: str, count: int, seed: int = 0) -> tuple[np.ndarray, ...]:
    """`count` points at most of a function's domain, one array for each input; none subnormal."""
    rng = np.random.default_rng([seed, crc32(function.encode())])
    domain = DOMAINS[function]
    if function == "pow":
        x = _pow_points(rng, count)
    elif len(domain.boxes) == 2:
        x = _pairs(rng, count)
    else:
        x = (_line(rng, domain, count),)
    keep = np.ones(x[0].shape, bool)
    for values in x:
        keep &= np.isfinite(values) & ((np.abs(values) >= _SMALLEST) | (values == 0))
    if function in ("div", "rsqrt"):
        keep &= x[-1] != 0
    return tuple(np.ascontiguousarray(values[keep][:count]) for values in x)


def flint() -> Any:
    """The module flint.

    Raises:
        MissingExtraError: where python-flint is not installed.
    """
    return flint_module("Measuring functions needs")


# ---- one input ------------------------------------------------------------------------------


def _line(rng: np.random.Generator, domain: Domain, count: int) -> np.ndarray:
    """Fixed hard points first, then shares of random families."""
    low, high = domain.boxes[0]
    fixed = np.unique(_inside(_fixed(domain), low, high))
    if fixed.size > count // 4:
        fixed = rng.choice(fixed, count // 4, replace=False)
    if domain.oscillates:
        fixed = np.concatenate([_inside(closest_turns(), low, high), fixed])[: count // 2]
    families = [_uniform, _magnitudes, _near]
    families += [_turns, _turns] if domain.oscillates else []
    share = -(-2 * (count - fixed.size) // len(families))
    drawn = [_inside(family(rng, domain, share), low, high) for family in families]
    kept = [values[: -(-(count - fixed.size) // len(families))] for values in drawn]
    return np.concatenate([fixed, *kept])


def _inside(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """What lies in the box; the rest is thrown back by its sign."""
    values = np.where((values < low) | (values > high), -values, values)
    return values[(values >= low) & (values <= high)]


def _fixed(domain: Domain) -> np.ndarray:
    powers = 2.0 ** np.arange(-1022, 1024)
    whole = np.arange(0.0, 1100.0)
    near = np.concatenate([powers[::8], whole[:65] / 8, np.abs(domain.special)])
    near = near[near < _MAX]
    beside = [np.nextafter(near, 0.0), np.nextafter(near, np.inf)]
    values = np.concatenate([np.zeros(1), powers, whole, whole + 0.5, near, *beside])
    return np.concatenate([values, -values])


def _uniform(rng: np.random.Generator, domain: Domain, count: int) -> np.ndarray:
    low, high = domain.boxes[0]
    tops = (0.5, 1.0, 2.0, 10.0, 30.0, 100.0, 750.0, 1e5)
    scale = rng.choice(np.array([t for t in tops if t <= max(1.0, high, -low)]), count)
    values = rng.uniform(-1.0, 1.0, count) * scale
    around_one = 1.0 + rng.uniform(-0.75, 1.0, count)  # where logarithms are hard
    return np.where(rng.random(count) < 0.2, around_one, values)


def _magnitudes(rng: np.random.Generator, domain: Domain, count: int) -> np.ndarray:
    low, high = domain.boxes[0]
    top = math.log2(max(high, -low))
    wide = rng.random(count) < 0.5
    exponent = np.where(wide, rng.uniform(-1022, top, count), rng.uniform(-60, min(top, 12), count))
    return rng.choice([-1.0, 1.0], count) * 2.0**exponent


def _near(rng: np.random.Generator, domain: Domain, count: int) -> np.ndarray:
    """Close to special points and to the ends, at every distance."""
    center = rng.choice(np.array([*domain.special, 1.0, -1.0, 0.5]), count)
    distance = 2.0 ** rng.uniform(-53, -1, count) * rng.choice([-1.0, 1.0], count)
    with np.errstate(over="ignore"):
        return np.where(center == 0, distance, center * (1.0 + distance))


def _turns(rng: np.random.Generator, domain: Domain, count: int) -> np.ndarray:
    """Close to multiples of pi/2 of every size; and plainly large numbers."""
    k = np.floor(2.0 ** rng.uniform(0, math.log2(domain.boxes[0][1]), count))
    near = k * (math.pi / 2) * (1.0 + rng.integers(-2, 3, count) * 2.0**-52)
    return rng.choice([-1.0, 1.0], count) * near


@lru_cache(maxsize=1)
def closest_turns() -> np.ndarray:
    """For each power of two the float64 numbers closest to multiples of pi/2, closest first.

    Few other inputs are as hard for sin, cos and tan (Muller, Elementary Functions, 11.3.2).
    """
    module = flint()
    with module.ctx.workprec(1300):
        inverse = int((2 / module.arb.pi() * 2**1250).mid().floor().unique_fmpz())
    found = []
    for exponent in range(-40, 971):
        place = 1250 - exponent
        for whole, distance in _closest(inverse & ((1 << place) - 1), place):
            found.append((distance, float(whole) * 2.0**exponent))
    return np.array([value for _, value in sorted(found)])


def _closest(part: int, place: int) -> Iterator[tuple[int, float]]:
    """Whole numbers of 53 bits whose product with `part / 2**place` is close to a whole number.

    They are denominators of the continued fraction, and some between them.
    """
    one = 1 << place
    low, high, q, q_next = one, part, 0, 1
    while high and q_next < 2**53:
        quotient = low // high
        for q_try in {q_next, q + q_next, q + q_next * (quotient // 2)}:
            if 2**52 <= q_try < 2**53:
                rest = q_try * part % one
                yield q_try, min(rest, one - rest) / one
        low, high = high, low - quotient * high
        q, q_next = q_next, q + quotient * q_next


# ---- two inputs -----------------------------------------------------------------------------


def _pairs(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    sign = rng.choice([-1.0, 1.0], (2, count))
    wide = 2.0 ** rng.uniform(-1022, 1024, (2, count))
    plain = 2.0 ** rng.uniform(-8, 8, (2, count))
    close = plain[0] * (1.0 + 2.0 ** rng.uniform(-53, -1, count))
    # the exponents of both add up, or differ, by about an end of the range
    ends = 2.0 ** rng.uniform(-512, 512, count)
    product = rng.choice([2.0**-511, 2.0**510], count) * rng.uniform(0.5, 2.0, count) / ends
    family = rng.integers(0, 5, count)
    few = rng.integers(1, 1000, (2, count)).astype(float)
    x = np.choose(family, [wide[0], plain[0], plain[0], few[0], ends * 2.0**-511])
    y = np.choose(family, [wide[1], plain[1], close, few[1], product])
    return sign[0] * x, sign[1] * y


def _pow_points(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Bases near one and far from it with exponents that stay in range; whole exponents."""
    family = rng.integers(0, 5, count)
    wide = 2.0 ** rng.uniform(-1022, 1024, count)
    plain = rng.uniform(0.05, 20.0, count)
    close = 1.0 + rng.choice([-0.5, 1.0], count) * 2.0 ** rng.uniform(-52, -1, count)
    few = rng.integers(1, 200, count).astype(float)
    x = np.choose(family, [wide, plain, close, few, plain])
    with np.errstate(divide="ignore", over="ignore"):
        most = np.minimum(1074.0 / np.abs(np.log2(x)), 1e300)
    whole = rng.integers(-40, 41, count).astype(float)
    any_y = rng.uniform(-1.0, 1.0, count) * np.minimum(most, 30.0)
    large = rng.uniform(-1.0, 1.0, count) * most
    y = np.choose(family, [large, any_y, large, np.rint(any_y), whole])
    return np.where((family == 4) & (rng.random(count) < 0.5), -x, x), y
