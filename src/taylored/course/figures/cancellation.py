"""Where more terms do not help: rounding in long sums, in small differences, and at high orders."""

from __future__ import annotations

import math

import numpy as np

from taylored.course.figures.knownseries import library_line
from taylored.course.figures.said import later, within
from taylored.course.kit import (
    Axis,
    Choice,
    Panel,
    Reading,
    Scene,
    Settings,
    Slider,
    Statement,
    band,
    figure,
    line,
    points,
    rule,
)
from taylored.report import numbers
from taylored.report.series_terms import up
from taylored.results import Accuracy

__all__ = ["enough", "teeth", "terms"]

_UNIT = 2.0**-53
_MOST = 140  # terms; by then the largest x has none left that counts
_NUMBER = Axis("number n of the term", 0.0, 100.0)
_SIZE = Axis("size", 1e-20, 1e14, log=True)


@figure(
    "A sum that eats its digits",
    Slider(name="x", label="x", lo=-30.0, hi=10.0, at=-20.0, step=0.5),
    about="The sizes of the terms of the exponential series and of the sum so far, on a "
    "logarithmic scale. For x = -20 the terms climb to fifty million before they fall, and the sum "
    "ends in a gray zone where rounding is larger than what is left.",
)
def terms(s: Settings) -> Scene:
    t, sums, doubt = _series(s.x)
    n = np.arange(101)
    dust = _UNIT * float(np.abs(t).max())
    panel = Panel(
        _NUMBER,
        _SIZE,
        [
            band(n, np.full(101, 1e-20), np.full(101, max(dust, 1e-20)), Accuracy.UNKNOWN,
                 "rounding of the largest term"),
            points(n, np.where(np.abs(t[:101]) > 1e-21, np.abs(t[:101]), np.nan), "a", "terms",
                   size=3),
            line(n, np.maximum(np.abs(sums[:101]), 1e-20), "approx", "sum so far"),
            rule(math.exp(s.x), "x", "truth", "eˣ", dash=False),
        ],
    )  # fmt: skip
    back, _, unsure = _series(-s.x)
    other = 1.0 / float(np.sum(back)) if s.x < 0 else float(sums[-1])
    share = (unsure / float(np.sum(back)) if s.x < 0 else doubt / other) * 1.01 + 1e-15
    lost = max(-2.0 * s.x, 0.0) / math.log(10.0)
    return Scene(
        [panel],
        f"{_MOST} terms of the series of e to the {s.x:g} are summed in float64. With all rounding "
        "allowed for, the result says that it is [[sum]]. The way around, one over the series for "
        f"{abs(s.x):g}, says [[other]]. The cancellation costs this many digits: [[lost]].",
        [
            within("sum", "by the series", (sums[-1] - doubt, sums[-1] + doubt), "running bound"),
            within("other", "the way around", (other * (1 - share), other * (1 + share)),
                   "running bound"),
            within("lost", "digits lost of 16", (lost - 1e-12, lost + 1e-12), "e²ˣ"),
        ],
        [_verdict(float(sums[-1]), doubt)],
    )  # fmt: skip


def _series(x: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Terms and partial sums of e^x as float64 makes them, and a bound on the error at the end.

    A term has gone through 2n roundings, each addition adds one of the sum so far; what follows
    the last term is less than twice that term.
    """
    t, sums, total, term = [1.0], [1.0], 1.0, 1.0
    for n in range(1, _MOST + 1):
        term = term * x / n
        total = total + term
        t.append(term)
        sums.append(total)
    sizes, partial = np.abs(np.array(t)), np.abs(np.array(sums))
    doubt = _UNIT * float(np.sum(2.0 * np.arange(_MOST + 1) * sizes + partial))
    return np.array(t), np.array(sums), doubt * (1 + 1e-9) + 2.0 * float(sizes[-1]) + 1e-300


def _verdict(value: float, doubt: float) -> Statement:
    if doubt >= abs(value):
        return Statement(
            Accuracy.UNKNOWN,
            f"The sum may be off by {up(doubt)}, more than its own size: no digit of it, not "
            "even its sign, is known. Take the way around.",
        )
    digits = max(math.floor(-math.log10(2 * doubt / abs(value))), 0)
    return Statement(
        Accuracy.PROVED,
        f"The sum is off by at most {up(doubt)}: {digits} of its digits are certain.",
    )


_Y = Axis("value", -0.15, 1.15)


@figure(
    "Teeth in a smooth curve",
    Slider(name="width", label="width of the picture", lo=1e-9, hi=1.0, at=3e-8, log=True),
    about="The function (1 - cos x)/x² near zero, as float64 computes it. Zoomed in far enough, "
    "the smooth curve near one half turns into saw teeth that fall to zero, while its Taylor "
    "polynomial stays at one half.",
)
def teeth(s: Settings) -> Scene:
    width = float(f"{s.width:.3g}")
    x = np.linspace(width / 400, width, 400)
    direct = (1.0 - np.cos(x)) / (x * x)
    doubt = _direct_doubt(x)
    panel = Panel(
        Axis("x", 0.0, width),
        _Y,
        [
            band(x, np.maximum(0.5 - doubt, -1.0), np.minimum(0.5 + doubt, 2.0), Accuracy.UNKNOWN,
                 "what rounding may do"),
            line(x, direct, "truth", "as it is written"),
            line(x, 0.5 - x * x / 24 + x**4 / 720, "approx", "order 4"),
        ],
    )  # fmt: skip
    value, unsure = float(direct[-1]), float(doubt[-1])
    plain = _plain_reading(value, unsure)
    smooth = 0.5 - width**2 / 24 + width**4 / 720
    below = width**6 / 40320 * (1 + 1e-9) + 4e-16
    return Scene(
        [panel],
        f"At *x* = {numbers.number(width)} the formula as it is written gives [[direct]]; the "
        "Taylor polynomial of order 4 with its remainder gives [[series]].",
        [
            plain,
            within("series", "by the polynomial", (smooth - below, smooth + 4e-16), "remainder"),
        ],
        [
            Statement(
                Accuracy.PROVED,
                f"The polynomial is off by at most {up(below)} there, rounding included: the "
                "next coefficient is -1/40320.",
            ),
            Statement(
                plain.kind or Accuracy.PROVED,
                f"As it is written, the formula may be off by {up(unsure)}: the cosine is "
                "rounded to 16 digits, and after the subtraction only its last ones are left.",
            ),
        ],
    )


def _direct_doubt(x: np.ndarray) -> np.ndarray:
    """How far rounding may move (1 - cos x)/x^2: the cosine by one unit in the last place."""
    return 2.02 * _UNIT / (x * x) + 8 * _UNIT


def _plain_reading(value: float, doubt: float) -> Reading:
    label = "as it is written"
    if doubt >= 0.5:
        return Reading.unknown("direct", label, "rounding is as large as the value")
    return within("direct", label, (value - doubt, value + doubt), "rounding bound")


_ORDERS = Axis("order", 0.0, 40.0)
_LEFT = Axis("bound on the error", 1e-18, 1e4, log=True)
_HIGHEST = 40


@figure(
    "How many terms are enough",
    Choice(name="f", label="function", options=(("exp", "eˣ"), ("sin", "sin x"))),
    Slider(name="r", label="distance from the center", lo=0.25, hi=8.0, at=2.0, step=0.25),
    Slider(name="tol", label="error allowed", lo=1e-16, hi=0.1, at=1e-6, log=True),
    about="Lagrange's bound on the error against the order, on a logarithmic scale, as steps that "
    "fall ever faster; a floor marks what rounding adds. The first step below the allowed error "
    "is the order that is enough.",
)
def enough(s: Settings) -> Scene:
    tol = float(f"{s.tol:.3g}")
    bounds, floor = _bounds(s.f, s.r), _floor(s.f, s.r)
    fits = np.flatnonzero(bounds + floor <= tol)
    n = np.arange(_HIGHEST + 1)
    found = int(fits[0]) if len(fits) else None
    layers = [
        band(n, np.full(len(n), 1e-18), np.full(len(n), floor), Accuracy.UNKNOWN, "rounding"),
        points(n, np.where(bounds > 1e-18, bounds, np.nan), "proved", "left out at most"),
        rule(tol, "x", "b", "allowed"),
    ]
    if found is not None:
        layers.append(points([found], [max(float(bounds[found]), 1e-18)], "approx", size=7))
    return Scene(
        [Panel(_ORDERS, _LEFT, layers)],
        _found(s, tol, found),
        [_count(found), *_worst(s, found, bounds), _dust(floor)],
        _promise(s, found, floor),
    )


def _bounds(name: str, r: float) -> np.ndarray:
    """M r^(n+1)/(n+1)! for every order, with M = e^r or 1."""
    n = np.arange(1, _HIGHEST + 2)
    largest = math.exp(r) if name == "exp" else 1.0
    return largest * np.cumprod(r / n) * (1 + 1e-13)


def _floor(name: str, r: float) -> float:
    """What Horner's rule may round at most: 2k + 1 roundings of the term k, and f's own."""
    k = np.arange(_HIGHEST + 1)
    sizes = np.concatenate([[1.0], np.cumprod(r / k[1:])])
    if name == "sin":
        sizes = sizes * (k % 2)
    return float(_UNIT * np.sum((2.0 * k + 2.0) * sizes)) * (1 + 1e-9)


def _found(s: Settings, tol: float, found: int | None) -> str:
    name = {"exp": "eˣ", "sin": "sin x"}[s.f]
    if found is None:
        return (
            f"For {name} and |x| ≤ {s.r:g} no order is proved to stay within "
            f"{numbers.number(tol)}: rounding adds up to [[dust]], whatever the order. Come nearer "
            "to the center."
        )
    return (
        f"For {name} and |x| ≤ {s.r:g}, order [[order]] is the first to stay within "
        f"{numbers.number(tol)}. "
        "What it leaves out is at most [[worst]], and rounding adds up to [[dust]]."
    )


def _count(found: int | None) -> Reading:
    if found is None:
        return Reading.unknown("order", "least order", "rounding alone is larger")
    return Reading.exact("order", "least order", found)


def _worst(s: Settings, found: int | None, bounds: np.ndarray) -> list[Reading]:
    if found is None:
        return []
    k = np.arange(found + 1, found + 60)
    tail = s.r ** k.astype(float) / np.array([math.factorial(int(j)) for j in k], dtype=float)
    if s.f == "sin":
        tail = tail * np.array([0.0, 1.0, 0.0, -1.0])[k % 4]
    seen = abs(math.fsum(tail)) * (1 - 1e-9)
    return [within("worst", "largest error left out", (seen, float(bounds[found])), "remainder")]


def _dust(floor: float) -> Reading:
    return within("dust", "rounding at most", (0.0, floor), "count of roundings")


def _promise(s: Settings, found: int | None, floor: float) -> list[Statement]:
    if found is None:
        return [
            Statement(
                Accuracy.UNKNOWN,
                f"Nothing is promised below {up(floor)}, the rounding of the sum itself.",
            )
        ]
    said = Statement(
        Accuracy.PROVED,
        f"Order {found} is enough by Lagrange's bound, which may ask for one order too many but "
        "never for one too few.",
    )
    if s.moving:
        return [said, later()]
    return [said, library_line({"exp": "exp(x)", "sin": "sin(x)"}[s.f], 0.0, found, min(s.r, 1.0))]
