"""The ladder of approximations about zero: height, slope, bend, and so on upwards."""

from __future__ import annotations

import math

import numpy as np

from taylored.course.figures.knownseries import (
    KNOWN,
    evaluate,
    library_line,
    polynomial_text,
    rounding,
)
from taylored.course.figures.said import later, within
from taylored.course.kit import (
    Axis,
    Choice,
    Handle,
    Panel,
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
from taylored.report.series_terms import up
from taylored.results import Accuracy

__all__ = ["byhand", "ladder"]

_WINDOWS = {  # half width of x, ends of y
    "sin": (6.6, -2.2, 2.2),
    "cos": (6.6, -2.2, 2.2),
    "exp": (3.3, -2.0, 14.0),
    "bell": (2.2, -0.5, 1.6),
}


@figure(
    "The ladder",
    Choice(
        name="f",
        label="function",
        options=(("sin", "sin x"), ("cos", "cos x"), ("exp", "eˣ"), ("bell", "1/(1+x²)")),
    ),
    Slider(name="order", label="order", lo=0, hi=13, at=3, step=1),
    Handle(
        name="at",
        label="where to read it",
        at=(2.0, 0.0),
        x=(-6.5, 6.5),
        y=(-3.0, 14.0),
        along="x",
        step=0.1,
    ),
    about="A curve and a polynomial that touches it at zero. Each further order makes the two run "
    "together for longer; the strip in which the curve is proved to lie grows with it.",
)
def ladder(s: Settings) -> Scene:
    known, (half, low, high) = KNOWN[s.f], _WINDOWS[s.f]
    x_axis, y_axis = Axis("x", -half, half), Axis("y", low, high)
    at = round(min(max(s.at[0], -half), half), 2)
    c = known.coefficients(0.0, s.order)
    x = np.linspace(-half, half, 241)
    polynomial = evaluate(c, x)
    left, right = known.remainder(0.0, s.order, x)
    value = float(evaluate(c, at))
    ends = (float(e) for e in known.remainder(0.0, s.order, at))
    inside = tuple(value + e for e in ends)
    inside = (inside[0] - np.spacing(abs(inside[0])), inside[1] + np.spacing(abs(inside[1])))
    panel = Panel(
        x_axis,
        y_axis,
        [
            band(x, polynomial + left, polynomial + right, Accuracy.PROVED),
            *_lower_rungs(c, x),
            line(x, polynomial, "approx", f"order {s.order}"),
        ],
        still=[curve(known.value, x_axis, "truth", known.label)],
        handles={"at": (at, value)},
    )
    shown = within("value", f"{known.label} there", inside, "polynomial and remainder")
    off = within("off", "the polynomial is off by", _off(known, c, at), "difference")
    return Scene(
        [panel],
        f"Order {s.order}: {polynomial_text(s.f, s.order)}. At *x* = {at:g} the polynomial and "
        "its remainder say that the curve is [[value]]; the polynomial itself is off by [[off]].",
        [shown, off],
        _trust(s, known.formula, s.order),
    )


def _lower_rungs(c: np.ndarray, x: np.ndarray) -> list:
    """The polynomials of lower order that differ from one another, gray."""
    orders = [k for k in range(len(c) - 1) if c[k] or k == 0]
    return [line(x, evaluate(c[: k + 1], x), "muted") for k in orders[-3:]]


def _off(known, c: np.ndarray, at: float) -> tuple[float, float]:
    """How far the polynomial is from the curve, with what rounding may add."""
    true = float(known.value(at))
    gap, slack = (
        abs(true - float(evaluate(c, at))),
        float(rounding(c, at)) + 8 * np.spacing(abs(true)),
    )
    return max(gap - slack, 0.0), gap + slack


def _trust(s: Settings, formula: str, order: int) -> list[Statement]:
    if s.moving:
        return [later()]
    return [
        library_line(formula, 0.0, order, 0.75),
        Statement(
            Accuracy.PROVED,
            "The green strip holds the curve at every place: the next derivative is bounded "
            "between 0 and x, and the rounding of the polynomial is added.",
        ),
    ]


_X = Axis("x", -1.6, 1.6)
_Y = Axis("y", -0.8, 5.2)
_GRID = np.linspace(-1.0, 1.0, 401)
_WIDE = np.linspace(_X.lo, _X.hi, 161)
_NAMES = ("height", "slope", "bend", "twist")


@figure(
    "Build it by hand",
    Slider(name="c0", label="height: constant", lo=-1.0, hi=2.0, at=0.5, step=0.01),
    Slider(name="c1", label="slope: times x", lo=-1.0, hi=2.0, at=0.0, step=0.01),
    Slider(name="c2", label="bend: times x²", lo=-1.0, hi=1.0, at=0.0, step=0.01),
    Slider(name="c3", label="twist: times x³", lo=-1.0, hi=1.0, at=0.0, step=0.01),
    about="The exponential function and a cubic whose four numbers are set by hand. A table "
    "compares its derivatives at zero with those of the exponential function, which are all 1.",
)
def byhand(s: Settings) -> Scene:
    c = np.array([s.c0, s.c1, s.c2, s.c3])
    derivatives = [ck * math.factorial(k) for k, ck in enumerate(c)]
    matched = 0
    while matched < 4 and abs(derivatives[matched] - 1.0) < 0.0301:
        matched += 1
    lowest, largest, where = _largest(c)
    panel = Panel(
        _X,
        _Y,
        [
            line(_WIDE, evaluate(c, _WIDE), "approx", "your cubic"),
            line([where, where], [math.exp(where), float(evaluate(c, where))], "b", "largest"),
            mark(0.05, 4.8, f"agree at zero: {matched} of 4", "muted"),
        ],
        still=[
            curve(np.exp, _X, "truth", "eˣ"),
            rule(0.0, "y"),
            points([0.0], [1.0], "truth"),
            line([-1.0, 1.0], [-0.7, -0.7], "b", "|x| ≤ 1"),
        ],
    )
    worst = within("worst", "largest distance for |x| ≤ 1", (lowest, largest), "grid")
    return Scene(
        [panel],
        _advice(matched) + " For |x| ≤ 1 the largest distance between the two is [[worst]].",
        [worst],
        [Statement(Accuracy.PROVED, f"Between -1 and 1 the curves are never more than "
                   f"{up(largest, 3)} apart: found on 401 places, with a bound on the slope "
                   "for all that lie between them.")],
        Table(
            "Derivatives at zero",
            ["", "yours", "of eˣ"],
            [[n, f"{d:.2f}", "1"] for n, d in zip(_NAMES, derivatives, strict=True)],
        ),
    )  # fmt: skip


def _largest(c: np.ndarray) -> tuple[float, float, float]:
    """Ends around max |e^x - p(x)| over -1..1, and where it was seen."""
    gap = np.abs(np.exp(_GRID) - evaluate(c, _GRID))
    seen = int(np.argmax(gap))
    steepest = math.e + sum(k * abs(ck) for k, ck in enumerate(c))
    reach = 0.5 * (_GRID[1] - _GRID[0]) * (1 + 1e-9) * steepest
    return float(gap[seen]) - 1e-14, float(gap[seen]) + reach, float(_GRID[seen])


def _advice(matched: int) -> str:
    """What to do next, by how many derivatives agree so far."""
    if matched == 4:
        return (
            "All four derivatives at zero agree, as well as the sliders allow: this is Taylor's "
            "cubic. Near zero none is better. Over the whole stretch one is: try 0.99, 1, 0.54, "
            "0.18."
        )
    return f"Next, match the {_NAMES[matched]} at zero: yours must become that of *eˣ* there, 1."
