"""What a Taylor polynomial leaves out: the place that makes the next term exact, and the reach."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from taylored.course.figures.knownseries import KNOWN, evaluate, library_line
from taylored.course.figures.said import later, within
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
    Table,
    band,
    curve,
    figure,
    line,
    mark,
    points,
    rule,
)
from taylored.report import numbers
from taylored.report.series_terms import up
from taylored.results import Accuracy

__all__ = ["place", "reach"]

_CLOSEST = 0.1  # to zero, for x
_WHERE = Axis("x", -0.9, 2.2)
_HEIGHTS = {"exp": (-0.5, 9.0), "inverse": (-0.5, 5.0), "log": (-2.4, 2.4)}


@figure(
    "The place that makes it exact",
    Choice(name="f", label="function", options=(("exp", "eˣ"), ("inverse", "1/(1+x)"),
                                                ("log", "ln(1+x)"))),
    Slider(name="order", label="order", lo=0, hi=6, at=2, step=1),
    Handle(name="at", label="x", at=(1.5, 0.0), x=(-0.8, 2.0), y=(-2.0, 8.0), along="x", step=0.05),
    about="Left, a curve and its Taylor polynomial about zero, with the gap between them at a "
    "place x. Right, the next derivative between zero and x, and the one place between at which "
    "it has just the value that closes the gap.",
)  # fmt: skip
def place(s: Settings) -> Scene:
    known, n = KNOWN[s.f], s.order
    x = round(s.at[0], 2)
    x = math.copysign(max(abs(x), _CLOSEST), x)
    c = known.coefficients(0.0, n)
    wanted, xi = _exact_place(s.f, n, x)
    value = float(evaluate(c, x))
    grid = np.linspace(_WHERE.lo, _WHERE.hi, 200)
    curves = Panel(
        _WHERE,
        Axis("y", *_HEIGHTS[s.f]),
        [
            line(grid, evaluate(c, grid), "approx", f"order {n}"),
            line([x, x], [value, float(known.value(x))], "b", "gap"),
        ],
        still=[curve(known.value, _WHERE, "truth", known.label)],
        handles={"at": (x, value)},
        title="curve and polynomial",
    )
    share = xi / x
    near = within("xi", "the place ξ", (xi - 1e-9, xi + 1e-9), "solved for it")
    part = within("share", "its share of the way", (share - 1e-8, share + 1e-8), "solved for it")
    return Scene(
        [curves, _derivative(known, n, x, wanted, xi)],
        f"The gap at *x* = {x:g} is exactly the next term, of order {n + 1}, if its derivative is "
        "taken at ξ [[xi]] instead of 0. That is a share of [[share]] of the way from 0; for small "
        f"x it tends to 1/{n + 2}.",
        [near, part],
        _promises(s, n, x),
    )


def _derivative(known, n: int, x: float, wanted: float, xi: float) -> Panel:
    """The next derivative between 0 and x, its range, and the place that is looked for."""
    scale = math.factorial(n + 1)
    between = np.linspace(0.0, x, 80)
    value = scale * known.coefficient(n + 1, between)
    low, high = (scale * float(e) for e in known.spread(n + 1, min(0.0, x), max(0.0, x)))
    margin = 0.25 * (high - low) + 1e-9
    order = np.argsort(between)
    return Panel(
        Axis("from 0 to x", min(0.0, x) - 0.05, max(0.0, x) + 0.05),
        Axis("derivative", low - margin, high + margin),
        [
            band(between[order], np.full(80, low), np.full(80, high), Accuracy.PROVED),
            line(between, value, "truth", f"derivative {n + 1}"),
            rule(scale * wanted, "x", "b"),
            points([xi], [scale * wanted], "approx", size=6),
            mark(xi, scale * wanted + 0.5 * margin, "ξ", "approx", "middle"),
        ],
        name="derivative",
        title="the next derivative",
    )


def _exact_place(name: str, n: int, x: float) -> tuple[float, float]:
    """What is left divided by x^(n+1), and the xi at which f^(n+1)/(n+1)! has that value."""
    if name == "exp":
        left = math.fsum(x**j / math.factorial(n + 1 + j) for j in range(40))
        return left, math.log(left * math.factorial(n + 1))
    if name == "inverse":
        return (-1.0) ** (n + 1) / (1.0 + x), math.expm1(math.log1p(x) / (n + 2))
    left = _left_of_log(n, x)
    return left, math.expm1(-math.log(abs(left) * (n + 1)) / (n + 1))


def _left_of_log(n: int, x: float) -> float:
    if abs(x) <= 0.5:
        return math.fsum((-1.0) ** (k - 1) * x ** (k - n - 1) / k for k in range(n + 1, n + 70))
    polynomial = math.fsum((-1.0) ** (k - 1) * x**k / k for k in range(1, n + 1))
    return (math.log1p(x) - polynomial) / x ** (n + 1)


def _promises(s: Settings, n: int, x: float) -> list[Statement]:
    known = KNOWN[s.f]
    low, high = (float(e) for e in known.remainder(0.0, n, x))
    most = up(max(-low, high))
    return [
        Statement(
            Accuracy.PROVED,
            f"Nobody needs to know ξ: it lies between 0 and {x:g}, so the smallest and the largest "
            f"value of the next derivative there bound the gap, here by {most}.",
        ),
        later() if s.moving else library_line(known.formula, 0.0, n, 0.5),
    ]


_FAR = Axis("distance from the center", 0.02, 3.0)
_SIZE = Axis("size of the error", 1e-10, 10.0, log=True)
_HIGHEST = 8
_STEPS = np.arange(1, 3001) / 1000.0
_SHOWN = slice(19, None, 20)


@figure(
    "How far an order reaches",
    Choice(name="f", label="function", options=(("sin", "sin x"), ("exp", "eˣ"),
                                                ("log", "ln(1+x)"), ("root", "√(1+x)"))),
    Slider(name="order", label="order", lo=0, hi=_HIGHEST, at=3, step=1),
    Slider(name="tol", label="error allowed", lo=1e-8, hi=0.5, at=1e-3, log=True),
    about="The size of the error of Taylor polynomials about zero, against the distance to the "
    "right, on a logarithmic scale; gray lines are the other orders. Where a line crosses the "
    "level of the allowed error, the reach of its order ends.",
)  # fmt: skip
def reach(s: Settings) -> Scene:
    known, tol = KNOWN[s.f], float(f"{s.tol:.2g}")
    x = _STEPS[_SHOWN]
    bounds = _bounds(s.f)[:, _SHOWN]
    far = _reach(s.f, s.order, tol)
    gap = np.abs(known.value(x) - evaluate(known.coefficients(0.0, s.order), x))
    mine = bounds[s.order]
    panel = Panel(
        _FAR,
        _SIZE,
        [
            band(x, np.full_like(x, 1e-10), np.maximum(mine, 1e-10), Accuracy.PROVED),
            line(x, np.where(gap > 1e-14, gap, np.nan), "approx", "true error"),
            rule(tol, "x", "b", "allowed"),
            rule(far, "y", "proved", f"reach {far:g}"),
        ],
        still=[line(x, row, "muted", str(k)) for k, row in enumerate(bounds)],
    )
    seen = max(float(abs(known.value(far) - evaluate(known.coefficients(0.0, s.order), far)))
               - 1e-14, 0.0)  # fmt: skip
    worst = within("worst", "largest error up to there", (seen, tol), "seen, and remainder")
    return Scene(
        [panel],
        f"Order {s.order} keeps within {numbers.number(tol)} of {known.label} up to a distance of "
        f"{far:g} to the right; its largest error on the way is [[worst]].",
        [worst, Reading.exact("reach", "reach to the right", far)],
        _reaching(s, known.formula, far),
        Table(
            f"Reach for an error of {numbers.number(tol)}",
            ["order", *(str(k) for k in range(_HIGHEST + 1))],
            [["reach", *(f"{_reach(s.f, k, tol):g}" for k in range(_HIGHEST + 1))]],
        ),
    )


def _reaching(s: Settings, formula: str, far: float) -> list[Statement]:
    said = Statement(
        Accuracy.PROVED,
        "The green area holds the error: Lagrange's remainder with the largest next derivative "
        "between 0 and the place, and rounding on top.",
    )
    radius = min(max(math.floor(far * 10) / 10, 0.05), 0.5)
    return [said, later() if s.moving else library_line(formula, 0.0, s.order, radius)]


@lru_cache(maxsize=8)
def _bounds(name: str) -> np.ndarray:
    """(orders, distances) the proved bound at every thousandth."""
    rows = []
    for k in range(_HIGHEST + 1):
        low, high = KNOWN[name].remainder(0.0, k, _STEPS)
        rows.append(np.maximum.accumulate(np.maximum(-low, high)))
    return np.array(rows)


def _reach(name: str, order: int, tol: float) -> float:
    """The largest distance, in thousandths, up to which the bound is at most `tol`."""
    fits = int(np.searchsorted(_bounds(name)[order], tol, side="right"))
    return float(_STEPS[fits - 1]) if fits else 0.0
