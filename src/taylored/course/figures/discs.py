"""Where a Taylor series converges: discs, sizes of coefficients, and a function it misses."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from taylored.course.figures.knownseries import KNOWN, raised
from taylored.course.figures.said import within
from taylored.course.kit import (
    Axis,
    Choice,
    Handle,
    Panel,
    Reading,
    Scene,
    Settings,
    Slider,
    Statement,
    band,
    curve,
    figure,
    image,
    line,
    mark,
    points,
    rule,
)
from taylored.report import numbers
from taylored.report.series_terms import up
from taylored.results import Accuracy

__all__ = ["coefficients", "disc", "flat"]

_RE = Axis("real part of x", -2.4, 2.4)
_IM = Axis("imaginary part", -1.8, 1.8)
_REAL = Axis("x", -2.4, 2.4)
_VALUE = Axis("y", -0.6, 1.6)
_DARK = 100  # the darkest shade: lines and words stay legible on it
_COLUMNS, _ROWS = 72, 54
_TURN = np.linspace(0.0, math.tau, 73)


@figure(
    "The disc of convergence",
    Handle(name="pole", label="pole above the axis", at=(0.0, 1.0), x=(-2.0, 2.0), y=(0.2, 1.6),
           panel="plane"),
    Handle(name="center", label="center", at=(0.0, 0.0), x=(-2.0, 2.0), y=(0.0, 0.0), along="x",
           panel="plane"),
    Slider(name="order", label="order", lo=0, hi=40, at=12, step=1),
    about="Above, the complex plane: two poles mirrored in the real axis, a center on the axis, "
    "and the circle about it through the poles; shading shows how small the error of the "
    "polynomial is. Below, the bump on the real axis and its polynomial, which leaves the bump "
    "where the axis leaves the circle.",
)  # fmt: skip
def disc(s: Settings) -> Scene:
    pole, center = complex(*(round(v, 2) for v in s.pole)), round(s.center[0], 2)
    radius = abs(pole - center)
    plane = Panel(
        _RE,
        _IM,
        [
            image(_shade(pole, center, s.order), _RE, _IM, "height"),
            line(center + radius * np.cos(_TURN), radius * np.sin(_TURN), "approx", ""),
            points([pole.real], [-pole.imag], "truth", "mirror image"),
        ],
        name="plane",
        equal=True,
        height=0.75,
        still=[rule(0.0, "x", dash=False)],
        handles={"pole": (pole.real, pole.imag), "center": (center, 0.0)},
        title="the complex plane",
    )
    inside = _error("inside", 0.8, pole, center, s.order)
    outside = _error("outside", 1.25, pole, center, s.order)
    return Scene(
        [plane, _on_the_line(pole, center, s.order, radius)],
        f"The distance from {center:g} to the poles is [[R]]. At 0.8 of it the error of order "
        f"{s.order} is [[inside]], and in the long run each further order multiplies it by 0.8. "
        "At 1.25 of it the error is [[outside]], and each order makes it 1.25 times larger.",
        [_distance(pole, center), inside, outside],
        _convergence(s, pole, center),
    )


def _distance(pole: complex, center: float) -> Reading:
    """The radius; exact where the Pythagorean theorem gives a short decimal."""
    square = round(100 * (pole.real - center)) ** 2 + round(100 * pole.imag) ** 2
    if math.isqrt(square) ** 2 == square:
        return Reading.exact("R", "radius of convergence R", math.isqrt(square) / 100)
    ends = (math.sqrt(square) / 100 * (1 - 1e-15), math.sqrt(square) / 100 * (1 + 1e-15))
    return within("R", "radius of convergence R", ends, "distance of the poles")


def _left_out(z: Any, pole: complex, center: float, order: int) -> Any:
    """f - T for f = q^2/((z - a)^2 + q^2), by the geometric series of its two fractions."""
    q, n = pole.imag, order + 1
    with np.errstate(all="ignore"):
        upper = ((z - center) / (pole - center)) ** n / (z - pole)
        lower = ((z - center) / (pole.conjugate() - center)) ** n / (z - pole.conjugate())
    return q / 2j * (upper - lower)


def _shade(pole: complex, center: float, order: int) -> np.ndarray:
    """The error as shades: light where it is below 1e-4, dark where it is 1 and above."""
    x = _RE.lo + (np.arange(_COLUMNS) + 0.5) * (_RE.hi - _RE.lo) / _COLUMNS
    y = _IM.lo + (np.arange(_ROWS) + 0.5) * (_IM.hi - _IM.lo) / _ROWS
    size = np.abs(_left_out(x + 1j * y[:, None], pole, center, order))
    decades = -np.log10(np.nan_to_num(size, nan=1e9, posinf=1e9) + 1e-12)
    return np.clip(_DARK + (255 - _DARK) * decades / 4.0, _DARK, 255)


def _bump(x: Any, pole: complex) -> Any:
    return pole.imag**2 / ((x - pole.real) ** 2 + pole.imag**2)


def _on_the_line(pole: complex, center: float, order: int, radius: float) -> Panel:
    x = np.linspace(_REAL.lo, _REAL.hi, 301)
    value = _bump(x, pole)
    polynomial = value - _left_out(x, pole, center, order).real
    bound = _bound(x, pole, center, order)
    shown = np.abs(polynomial) < 30
    keep = np.where(shown, polynomial, np.nan)
    wide = np.minimum(bound, 30.0)
    return Panel(
        _REAL,
        _VALUE,
        [
            band(x, keep - wide, keep + wide, Accuracy.PROVED),
            line(x, value, "truth", "the bump"),
            line(x, keep, "approx", f"order {order}"),
            rule(center - radius, "y", "approx"),
            rule(center + radius, "y", "approx"),
        ],
        name="line",
        title="on the real axis",
        height=0.75,
    )


def _bound(x: Any, pole: complex, center: float, order: int) -> Any:
    """A bound on |f - T|: both fractions at their largest, with a margin for rounding."""
    share = np.abs(x - center) / abs(pole - center)
    return pole.imag * share ** (order + 1) / np.abs(x - pole) * (1 + 1e-12)


def _error(name: str, share: float, pole: complex, center: float, order: int) -> Reading:
    """The size of the error at a place of the real axis, with what rounding can do to it."""
    x = center + share * abs(pole - center)
    size = abs(_left_out(x, pole, center, order).real)
    slack = 1e-12 * float(_bound(x, pole, center, order))
    label = f"error at {share:g} R from the center"
    return within(name, label, (max(size - slack, 0.0), size + slack), "closed form")


def _convergence(s: Settings, pole: complex, center: float) -> list[Statement]:
    x = center + 0.8 * abs(pole - center)
    most = up(float(_bound(x, pole, center, s.order)))
    said = Statement(
        Accuracy.PROVED,
        f"At 0.8 of the radius the error is at most {most}: the series of 1/(x - p) is a geometric "
        "one, and what it leaves out has a formula.",
    )
    return [said, _told(*_radius_of_bump(pole, center))]


def _radius_of_bump(pole: complex, center: float) -> tuple[float, float, float, Accuracy]:
    k = np.arange(_MOST + 1)
    powers = (pole - center) ** -(k + 1.0)
    return _estimate(-pole.imag * powers.imag, pole.imag * np.abs(powers))


def _estimate(c: np.ndarray, sizes: np.ndarray) -> tuple[float, float, float, Accuracy]:
    """The library's estimate of a radius from 33 coefficients, its ends and its kind."""
    from taylored.series.convergence import radius_of_convergence

    found = radius_of_convergence(c, 1e-15 * (np.arange(len(c)) + 2.0) * sizes)
    return found.radius, found.lo, found.hi, found.kind


def _told(radius: float, lo: float, hi: float, kind: Accuracy) -> Statement:
    if kind is Accuracy.UNKNOWN:
        return Statement(kind, "From 33 coefficients alone the radius cannot be told.")
    if math.isinf(radius):
        return Statement(kind, "From 33 coefficients the library finds no end to the convergence.")
    return Statement(
        kind,
        "From 33 coefficients alone, told of no pole, the library finds R ≈ "
        f"{numbers.value_error(radius, max(hi - radius, radius - lo, 1e-12 * radius))}.",
    )


# ---- the sizes of the coefficients ----

_MOST = 32
_N = Axis("number n of the coefficient", 0.0, _MOST)
_SIZES = {"log": "ln(1+x)", "bell": "1/(1+x²)", "root": "√(1+x)", "exp": "eˣ"}


@figure(
    "Read the radius off the coefficients",
    Choice(name="f", label="function", options=tuple(_SIZES.items())),
    Slider(name="center", label="center", lo=-0.5, hi=2.0, at=0.5, step=0.25),
    Slider(name="n", label="coefficient n", lo=2, hi=_MOST, at=12, step=1),
    about="The sizes of Taylor coefficients on a logarithmic scale against their number. They "
    "follow a straight line, whose slope is the radius of convergence; those of the exponential "
    "function fall faster than any line.",
)
def coefficients(s: Settings) -> Scene:
    known = KNOWN[s.f]
    size = np.abs(known.coefficients(s.center, _MOST))
    n = s.n - (size[s.n] == 0.0)  # every second one may vanish
    root = float(size[n] ** (-1.0 / n))
    radius, lo, hi, kind = found = _radius_of_known(s.f, s.center)
    k = np.arange(_MOST + 1)
    layers = [
        points(k, np.where(size > 0, size, np.nan), "a"),
        points([n], [size[n]], "approx", size=6),
        line([0.0, _MOST], [1.0, max(root**-_MOST, 1e-300)], "approx", ""),
    ]
    if math.isfinite(radius):
        height = float(size[n] * radius**n)
        layers.append(line([0.0, _MOST], [height, height * radius**-_MOST], "estimated",
                           "slope of R", dash=True))  # fmt: skip
    low = 10.0 ** math.floor(math.log10(size[size > 0].min()) - 0.5)
    panel = Panel(_N, Axis("size of the coefficient", low, max(30.0, 3 * size.max()), log=True),
                  layers)  # fmt: skip
    return Scene(
        [panel],
        f"The coefficient of order {n} of {known.label} about {s.center:g} falls short of 1 as "
        "if each order had divided by [[root]]. The library, from all 33 and their pattern, "
        "says R is [[R]].",
        [
            within("root", "n-th root of 1/|cₙ|", (root * (1 - 1e-12), root * (1 + 1e-12)),
                   "computed"),
            _reading_of(radius, lo, hi, kind),
        ],
        [_told(*found)],
    )  # fmt: skip


@lru_cache(maxsize=64)
def _radius_of_known(name: str, center: float) -> tuple[float, float, float, Accuracy]:
    known = KNOWN[name]
    ends = (known.spread(k, center, center) for k in range(_MOST + 1))
    sizes = np.array([max(abs(float(lo)), abs(float(hi))) for lo, hi in ends])
    return _estimate(known.coefficients(center, _MOST), sizes)


def _reading_of(radius: float, lo: float, hi: float, kind: Accuracy) -> Reading:
    label = "radius of convergence R"
    if kind is Accuracy.UNKNOWN:
        return Reading.unknown("R", label, "the coefficients do not tell")
    if math.isinf(radius):
        return Reading("R", label, None, kind, "≈ infinite", lo, math.inf, None, "33 coefficients")
    return Reading.estimated(
        "R", label, radius, max(hi - radius, radius - lo, 1e-5 * radius), "33 coefficients"
    )


# ---- a function that its series does not see ----

_SMALL = Axis("x", 0.05, 1.0, log=True)
_TINY = Axis("size", 1e-40, 1.0, log=True)


@figure(
    "Flatter than every power",
    Slider(name="n", label="power n", lo=6, hi=40, at=12, step=1),
    about="The function exp(-1/x²) and the power x to the n, both on logarithmic scales. However "
    "high the power, the function lies below it near zero.",
)
def flat(s: Settings) -> Scene:
    cross = _crossing(s.n)
    x = np.geomspace(_SMALL.lo, _SMALL.hi, 200)
    power = x**s.n
    height = math.exp(-1.0 / cross**2)
    panel = Panel(
        _SMALL,
        _TINY,
        [
            line(x, np.where(power > 1e-45, power, np.nan), "approx", f"x{raised(s.n)}"),
            points([cross], [height], "approx", size=6),
            mark(
                cross * 0.93,
                height * 30.0,
                f"smaller than x{raised(s.n)} from here on",
                "muted",
                "end",
            ),
        ],
        still=[curve(lambda v: np.exp(-1.0 / v**2), _SMALL, "truth", "exp(-1/x²)")],
    )
    place = within("cross", "the last crossing", (cross * (1 - 1e-10), cross * (1 + 1e-10)), "root")
    return Scene(
        [panel],
        f"For all *x* below [[cross]] the function is smaller than x{raised(s.n)}. So none of its "
        f"Taylor coefficients about zero up to order {s.n - 1} can be anything but 0.",
        [place],
        [Statement(Accuracy.PROVED, "This holds for every n: exp(-1/x²) is below xⁿ where 1/x² "
                   "exceeds n ln(1/x), and near zero it always does. The series is 0 + 0 + 0 + …; "
                   "it converges everywhere, and to the wrong function.")],
    )  # fmt: skip


def _crossing(n: int) -> float:
    """The smallest x > 0 at which exp(-1/x^2) = x^n: u = 1/x^2 solves u = (n/2) ln u."""
    low, high = 0.5 * n, 20.0 * n
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if middle < 0.5 * n * math.log(middle) else (low, middle)
    return 1.0 / math.sqrt(0.5 * (low + high))
