"""The radius of convergence of a Taylor series, estimated from its coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import gcd, inf, isfinite, log2, nan
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.results import Accuracy
from taylored.series.approximants import Approximant, approximants, exact, refit

__all__ = ["Convergence", "radius_of_convergence"]

_FEWEST = 8  # coefficients that are not zero
_FEWEST_SHAPES = 4  # of approximants
_SPREAD = 0.9  # quantile of how far approximants are from their middle
_REACH = 4.0  # times that makes the interval
_REACHED = 0.4  # of the radius that the last ratios suggest: up to there nothing hides
_VISIBLE = 1e-8  # share of the last coefficient that a nearer singularity may have unnoticed
_ROUNDED = 2.0**-50  # relative error of a coefficient where the caller does not say
_CLEAR = 3.0  # binary digits that an error lies below what a coefficient would be, were it there
_SHAKES = 4  # times that the coefficients are moved by their errors
_SAME = 0.03  # zeros of two approximants this near to each other are one
_DISTINCT = 0.1  # below the radius by more than this, `lo` stands for another singularity
_AGREE = 0.7  # of the approximants must show a zero
_HINT = 0.12  # of them: not enough for a singularity, too many to pass over
_DENIAL = 0.35  # of them: too many to speak of an entire function
_FARTHEST = 4.0  # times the radius that the last coefficients suggest
_SURE, _SURER = 3.0, 12.0  # standard errors of that slope: zeros are far, zeros are near
_FALLING = -0.09  # slope against log n! below which coefficients fall like those of an entire one


@dataclass(frozen=True, slots=True)
class Convergence:
    """Where a Taylor series converges, as far as its coefficients tell.

    `nearest` is the nearest singularity seen from the center: real, or the one of a conjugate pair
    with positive imaginary part; None where there is none or it cannot be told. Where the kind is
    `unknown`, `radius` is NaN and `lo`, `hi` are 0 and infinity.
    """

    radius: float
    lo: float
    hi: float
    nearest: complex | None
    status: str
    kind: Accuracy

    @property
    def usable(self) -> bool:
        return self.kind is not Accuracy.UNKNOWN

    @property
    def angle(self) -> float | None:
        """Direction of the nearest singularity, from 0 (to the right) to pi (to the left)."""
        return None if self.nearest is None else float(np.angle(self.nearest))


@dataclass(frozen=True, slots=True, eq=False)
class _Series:
    """Coefficients in powers of `(x / unit)**stride`: without gaps, and with even last terms."""

    a: np.ndarray
    error: np.ndarray
    stride: int
    log2_unit: float  # of x**stride

    def radius(self, modulus: float) -> float:
        """The radius in x that belongs to a modulus in the scaled variable."""
        exponent = (log2(modulus) + self.log2_unit) / self.stride
        return inf if exponent >= 1024 else 2.0**exponent

    def place(self, z: complex) -> complex | None:
        """The singularity in x: of all that belong to z, the one nearest to the right."""
        radius = self.radius(abs(z))
        angle = abs(float(np.angle(z)))
        angle = 0.0 if angle < 1e-6 else np.pi if angle > np.pi - 1e-6 else angle
        turned = angle / self.stride
        if not isfinite(radius):
            return None
        if turned in (0.0, np.pi):
            return complex(radius if turned == 0.0 else -radius, 0.0)
        return complex(radius * np.cos(turned), radius * np.sin(turned))


@dataclass(frozen=True, slots=True, eq=False)
class _Zero:
    """Where f may be singular, like (x - place)**exponent; moduli in different approximants."""

    place: complex
    exponent: complex
    moduli: list[float]
    share: float = 1.0  # of the approximants that show it
    doubt: float = 1e-3  # of the exponent

    @property
    def whole(self) -> bool:
        """Whether the exponent is 1, 2, ...: f need not be singular there."""
        if not np.isfinite(self.exponent):
            return False
        nearest = round(self.exponent.real)
        return nearest >= 1 and abs(self.exponent - nearest) <= self.doubt


def radius_of_convergence(
    coefficients: Sequence[float] | np.ndarray, errors: Any = None
) -> Convergence:
    """Estimate the radius of convergence of `sum c_n x**n` from c_0 .. c_N.

    `errors` are absolute errors of the coefficients (one, or as many); without them rounding
    is assumed. Numerical error: `[lo, hi]` is four times the spread of approximants of different
    lengths, under coefficients moved by their errors. It can miss the radius where a weak
    singularity lies inside a stronger one; the tests count how often. About 24 coefficients tell
    most functions; no finite number of them proves a radius.
    """
    c, e = _checked(coefficients, errors)
    largest = float(np.max(np.abs(c)))
    c = np.where(np.abs(c) <= e, 0.0, c)
    support = np.flatnonzero(c)
    if _uncertain(largest, e, support):
        return _unknown("the coefficients are not known to a digit.")
    hidden = _hidden(c, e, support)
    if hidden:  # below their errors: not known, rather than zero
        c, e = c[: support[-1] + 1], e[: support[-1] + 1]
    elif _ends(support, len(c)):
        degree = int(support[-1]) if len(support) else 0
        text = f"All coefficients after degree {degree} are zero: the series is a polynomial."
        return Convergence(inf, inf, inf, None, text, Accuracy.ESTIMATED)
    if len(support) < _FEWEST:
        return _unknown(f"Only {len(support)} coefficients are not zero; take a higher order.")
    series = _scaled(c, e)
    if len(series.a) < _FEWEST:
        return _unknown("Too few coefficients are different from their errors.")
    relation = exact(series.a, series.error)
    if relation is not None:
        return _by_relation(series, relation)
    return _by_agreement(series)


# ---- the coefficients ----


def _checked(coefficients: Any, errors: Any) -> tuple[np.ndarray, np.ndarray]:
    c = np.asarray(coefficients)
    if c.ndim != 1 or c.dtype.kind not in "fiu" or not len(c):
        raise ArgumentError(
            "The coefficients of a series are one line of real numbers.",
            next_step="Pass c_0, c_1, ... of one function of one variable.",
        )
    if c.dtype != np.longdouble:
        c = c.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(c))
    if len(bad):
        raise ArgumentError(
            f"Coefficient {bad[0]} is {c[bad[0]]}.",
            next_step="Take a lower order, or a point where the function is analytic.",
        )
    if errors is None:
        return c, _assumed(c)
    e = np.asarray(errors, c.dtype)
    if e.ndim > 1 or (e.ndim == 1 and len(e) != len(c)) or not np.all(e >= 0):
        raise ArgumentError("The errors are numbers >= 0, one or as many as the coefficients.")
    return c, np.maximum(np.broadcast_to(e, c.shape), np.abs(c) * 2.0**-53)


def _assumed(c: np.ndarray) -> np.ndarray:
    """Rounding, also that of neighbors: what cancels to zero leaves a trace of their size."""
    size = np.abs(c)
    near = size.copy()
    if len(c) > 4 and np.any(size > 0):
        # x -> x * unit makes neighbors comparable.
        levels = _logs(size)
        known = np.isfinite(levels)
        slope = np.polyfit(np.flatnonzero(known), levels[known], 1)[0] if known.sum() > 1 else 0.0
        n = np.arange(len(c))
        flat = np.where(known, levels - slope * n, -inf)
        top = np.array([np.max(flat[max(0, k - 2) : k + 3]) for k in n])
        with np.errstate(over="ignore", under="ignore"):
            near = np.exp2(np.where(np.isfinite(top), top + slope * n, -1100.0))
    tiny = np.finfo(c.dtype).smallest_subnormal
    return np.fmin(_ROUNDED * size + 2.0**-53 * near, np.finfo(c.dtype).max) + tiny


def _logs(size: np.ndarray) -> np.ndarray:
    """Binary logarithms, also of subnormal numbers; -inf of zero."""
    mantissa, exponent = np.frexp(size)
    with np.errstate(divide="ignore"):
        return (np.log2(mantissa) + exponent).astype(np.float64)


def _ends(support: np.ndarray, size: int) -> bool:
    """Whether what follows the last coefficient that is not zero is more than another gap."""
    if not len(support):
        return True
    gap = int(np.max(np.diff(support), initial=1))
    return size - 1 - int(support[-1]) >= max(_FEWEST, 2 * gap)


def _hidden(c: np.ndarray, e: np.ndarray, support: np.ndarray) -> bool:
    """Whether more than gaps may follow the last coefficient that is not zero, below the errors."""
    if len(support) < 2:
        return False
    stride = reduce(gcd, (int(d) for d in np.diff(support)))
    following = np.arange(int(support[-1]) + stride, len(c), stride)[:_FEWEST]
    late = support[-max(3, len(support) // 2) :]
    slope, level = np.polyfit(late, _logs(np.abs(c[late])), 1)
    return bool(np.any(_logs(e[following]) > level + slope * following - _CLEAR))


def _uncertain(largest: float, e: np.ndarray, support: np.ndarray) -> bool:
    """Whether errors hide all there is: of a later coefficient, or of every one."""
    if not len(support) and largest == 0.0:
        return bool(np.any(e > 2 * np.finfo(float).smallest_subnormal))
    return bool(np.max(e) > largest)


def _scaled(c: np.ndarray, e: np.ndarray) -> _Series:
    """Leave out the gaps of x**s h(x**g), and choose a unit in which the last terms are even."""
    support = np.flatnonzero(c)
    stride = reduce(gcd, (int(d) for d in np.diff(support)))
    c, e = c[support[0] :: stride], e[support[0] :: stride]
    levels, n = _logs(np.abs(c)), np.arange(len(c))
    late = np.isfinite(levels) & (n >= 0.4 * len(c))
    if np.count_nonzero(late) < 2:
        late = np.isfinite(levels)
    slope = np.polyfit(n[late], levels[late], 1)[0]
    whole = int(np.rint(slope))
    rest = np.exp2(-(slope - whole) * n)
    top = int(np.max(levels[late] - slope * n[late]))
    shift = -n * whole - top
    a, error = (_moved(v, shift) * rest for v in (c, e))
    return _Series(a, error, stride, -float(slope))


def _moved(values: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Times a power of two each, as float64, without leaving the range on the way."""
    mantissa, exponent = np.frexp(values)
    with np.errstate(over="ignore", under="ignore"):
        return np.ldexp(mantissa.astype(np.float64), np.clip(exponent + shift, -1070, 1000))


# ---- verdicts ----


def _unknown(why: str) -> Convergence:
    return Convergence(nan, 0.0, inf, None, f"The radius cannot be told: {why}", Accuracy.UNKNOWN)


def _endless(why: str, lo: float = inf) -> Convergence:
    text = f"No singularity: the series seems to converge everywhere ({why})."
    return Convergence(inf, lo, inf, None, text, Accuracy.ESTIMATED)


def _finite(series: _Series, z: complex, moduli: tuple[float, float]) -> Convergence:
    radius, place = series.radius(abs(z)), series.place(z)
    lo, hi = series.radius(moduli[0]), series.radius(moduli[1])
    if moduli[0] < (1.0 - _DISTINCT) * abs(z):
        place = None
        where = (
            f"between {lo:.4g} and {hi:.4g}; a weaker singularity may be nearer than the clear one"
        )
    else:
        where = f"the nearest singularity lies at {'?' if place is None else _shown(place)}"
        where += " from the center"
    text = f"Radius of convergence about {radius:.4g}: {where}."
    return Convergence(radius, lo, hi, place, text, Accuracy.ESTIMATED)


def _shown(z: complex) -> str:
    # A part that is nothing but rounding is none.
    real, imaginary = (0.0 if abs(part) < 1e-6 * abs(z) else part for part in (z.real, z.imag))
    if imaginary == 0.0:
        return f"{real:+.4g}"
    return f"{real:+.4g} +- {imaginary:.4g}i" if real else f"+-{imaginary:.4g}i"


def _shaken(series: _Series) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    draws = random.uniform(-1.0, 1.0, (_SHAKES, len(series.a)))
    return [series.a + series.error * d for d in draws]


def _by_relation(series: _Series, relation: Approximant) -> Convergence:
    """All coefficients satisfy one differential equation, whose singular points are known."""
    pairs = zip(relation.zeros, relation.exponents, strict=True)
    zeros = [_Zero(complex(z), complex(e), [abs(z)]) for z, e in pairs]
    zeros = [z for z in sorted(zeros, key=lambda z: abs(z.place)) if not _apparent(series, z)]
    if not zeros and _falling(series, 0.0):
        return _endless("its coefficients satisfy a differential equation without singular points")
    chosen, passed = _nearest(series, zeros)
    if chosen is None:
        return _by_agreement(series)
    center = abs(chosen.place)
    moduli = _refitted(series, relation, chosen.place)
    if max(moduli) > 1.05 * min(moduli):
        return _by_agreement(series)
    lo, hi = _widened(center, 4.0 * max(abs(m - center) for m in moduli))
    return _finite(series, _mirrored(chosen.place), (min([lo, *_lowered(passed)]), hi))


def _nearest(series: _Series, zeros: list[_Zero]) -> tuple[_Zero | None, list[float]]:
    """The nearest singularity among zeros, by rising modulus; moduli of doubtful ones before it.

    At a zero with a whole exponent f is analytic, or has a logarithm times a power. The latter is
    believed where the coefficients grow faster than the next singularity lets them, or where
    there is none and they fall as they should.
    """
    doubtful = [z for z in zeros if z.whole]
    plain = next((z for z in zeros if not z.whole), None)
    if plain is not None:
        doubtful = [z for z in doubtful if abs(z.place) < abs(plain.place)]
        if not doubtful or not _outgrown(series, plain):
            return plain, [abs(z.place) for z in doubtful]
        return doubtful[0], []
    if doubtful and _follows(series, doubtful[0]):
        return doubtful[0], []
    return None, [abs(z.place) for z in doubtful]


def _refitted(series: _Series, relation: Approximant, z: complex) -> list[float]:
    """Moduli of a zero where coefficients are moved by their errors, or some are left out."""
    a, error, fewer = series.a, series.error, relation.unknowns + 2
    cases = [(moved, relation.equations) for moved in _shaken(series)]
    cases += [(a[:-2], relation.equations), (a, fewer), (a[:-3], fewer)]
    moduli = [abs(z)]
    for values, equations in cases:
        again = refit(relation, values, error[: len(values)], equations)
        if again is None or not len(again.zeros):
            continue
        away = abs(again.zeros - z)
        # A double zero falls apart into two under rounding.
        moduli += list(abs(again.zeros[away <= np.min(away) + 1e-3 * abs(z)]))
    return moduli


def _lowered(moduli: list[float]) -> list[float]:
    """What is not sure to be a singularity is not sure to a digit either."""
    return [m * (1.0 - _SAME) for m in moduli]


def _widened(center: float, reach: float) -> tuple[float, float]:
    reach += 1e-10 * center
    return max(center - reach, 0.25 * center), center + reach


def _mirrored(z: complex) -> complex:
    return complex(z.real, abs(z.imag))


def _by_agreement(series: _Series) -> Convergence:
    found = approximants(series.a, series.error)
    if len(found) < _FEWEST_SHAPES:
        return _unknown("their errors leave too few significant digits.")
    longest = found[-1].unknowns
    chosen = [one for one in found if one.unknowns >= 0.6 * longest]
    again = [refit(one, a, series.error) for a in _shaken(series) for one in chosen]
    return _judged(series, chosen + [one for one in again if one is not None])


def _judged(series: _Series, chosen: list[Approximant]) -> Convergence:
    shared = [z for z in _shared(chosen) if not _apparent(series, z)]
    first, passed = _nearest(series, [z for z in shared if z.share >= _AGREE])
    if first is None:
        nearest = [np.min(np.abs(one.zeros), initial=inf) for one in chosen]
        certainty = _SURE if np.median(nearest) > 1.0 else _SURER
        if _falling(series, certainty) and all(z.share < _DENIAL for z in shared):
            # A weak singularity farther out than the last ratios reach would not be seen.
            text = "its coefficients fall like those of an entire function"
            return _endless(text, series.radius(_REACHED))
        return _unknown("approximants of different lengths do not agree on a singularity.")
    center = abs(first.place)
    away = np.abs(np.array(first.moduli) - center)
    lo, hi = _widened(center, _REACH * float(np.quantile(away, _SPREAD)))
    # A nearer one that only some show is noise, or too weak to be seen by all.
    floor = center * _VISIBLE ** (1.0 / len(series.a))
    passed += [m for z in shared if z.share < _AGREE and (m := abs(z.place)) >= floor]
    return _finite(series, _mirrored(first.place), (min([lo, *_lowered(passed)]), hi))


def _shared(chosen: list[Approximant]) -> list[_Zero]:
    """Zeros that several approximants show, by rising modulus."""
    every = np.concatenate([one.zeros for one in chosen])
    exponents = np.concatenate([one.exponents for one in chosen])
    owner = np.repeat(np.arange(len(chosen)), [len(one.zeros) for one in chosen])
    inside = (np.abs(every) < _FARTHEST) & (np.imag(every) >= -1e-12)
    every, exponents, owner = every[inside], exponents[inside], owner[inside]
    found: list[_Zero] = []
    free = np.ones(len(every), bool)
    for k in np.argsort(np.abs(every)):
        near = np.abs(every - every[k]) <= _SAME * abs(every[k])
        owners = set(owner[near])
        shapes = {(chosen[j].order, chosen[j].degree, chosen[j].equations) for j in owners}
        share = len(owners) / len(chosen)
        if share < _HINT or len(shapes) < 2 or not free[k]:
            continue
        middle = _middle(every[near])
        near = np.abs(every - middle) <= _SAME * abs(middle)
        free &= ~near
        exponent = complex(np.median(np.real(exponents[near])))
        found.append(_Zero(middle, exponent, list(np.abs(every[near])), share, 0.1))
    return found


def _middle(zeros: np.ndarray) -> complex:
    z = complex(np.median(np.real(zeros)), np.median(np.imag(zeros)))
    return complex(z.real, 0.0) if abs(z.imag) < 1e-6 * abs(z) else z


# ---- the size of the coefficients ----


def _envelope(a: np.ndarray) -> np.ndarray:
    """Logarithms of the largest of five neighbors each."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.abs(a))
    return np.array([np.max(logs[max(0, k - 2) : k + 3]) for k in range(len(a))])


def _falling(series: _Series, certainty: float) -> bool:
    """Whether the last coefficients fall like powers of 1/n!, by so many standard errors.

    The slope of their logarithms against log n! is -1 / order of an entire function, and near 0
    with a finite radius.
    """
    n = np.arange(1, len(series.a) + 1.0)
    factorials = np.cumsum(np.log(n)) - np.log(n)
    top, late = _envelope(series.a), slice(len(n) // 3, None)
    kept = np.isfinite(top[late])
    if np.count_nonzero(kept) < 5:
        return False
    basis = np.stack([np.ones_like(n), n, factorials], axis=1)[late][kept]
    found = np.linalg.lstsq(basis, top[late][kept], rcond=None)[0]
    left = top[late][kept] - basis @ found
    variance = left @ left / max(len(left) - 3, 1) * np.linalg.inv(basis.T @ basis)[2, 2]
    return bool(found[2] + certainty * np.sqrt(variance) <= _FALLING)


def _slope(series: _Series, z: _Zero) -> float:
    """Slope of log |c_n z**n| against n, near the end."""
    size = len(series.a)
    tail = slice(size // 2, None)
    top, n = _envelope(series.a)[tail], np.arange(size)[tail]
    kept = np.isfinite(top)
    if np.count_nonzero(kept) < 3:
        return nan
    return float(np.polyfit(n[kept], top[kept] + n[kept] * np.log(abs(z.place)), 1)[0])


def _expected(series: _Series, z: _Zero, powers: float) -> float:
    """The slope where |c_n z**n| falls by so many powers of n faster than (x - z)**exponent has."""
    return -(float(np.real(z.exponent)) + 1.0 + powers) / (0.75 * len(series.a))


def _apparent(series: _Series, z: _Zero) -> bool:
    """Whether f is analytic at a zero: a whole exponent, and coefficients that fall far faster."""
    return z.whole and not _slope(series, z) >= _expected(series, z, 3.0)


def _outgrown(series: _Series, z: _Zero) -> bool:
    """Whether the coefficients grow faster than a singularity at z lets them."""
    return _slope(series, z) > _expected(series, z, -2.0)


def _follows(series: _Series, z: _Zero) -> bool:
    """Whether the coefficients are those of (x - z)**exponent times a logarithm."""
    return _expected(series, z, 0.5) <= _slope(series, z) <= _expected(series, z, -0.5)
