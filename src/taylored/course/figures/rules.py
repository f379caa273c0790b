"""The rules of differentiation as pictures: a growing rectangle, and three rulers in a chain."""

from __future__ import annotations

from taylored.course.figures.proofs import (
    enclosed,
    known,
    minus,
    moments,
    outward,
    product,
    proved,
    total,
)
from taylored.course.kit import (
    Axis,
    Choice,
    Handle,
    Panel,
    Scene,
    Settings,
    Slider,
    Statement,
    arrows,
    figure,
    line,
    mark,
    points,
    polygon,
)
from taylored.report.numbers import number
from taylored.report.series_terms import up

__all__ = ["chain", "product_rule"]

# ---- product rule ----

_WIDE, _HIGH = "1 + 0.9*t", "0.6 + 0.5*t^2"
_PX = Axis("width u(t)", 0.0, 4.0)
_PY = Axis("height v(t)", 0.0, 3.4)


@figure(
    "The product rule as a growing rectangle",
    Slider(name="t", label="moment t", lo=0.2, hi=1.6, at=0.9),
    Slider(name="h", label="step h", lo=0.005, hi=0.6, at=0.5, log=True),
    about="A rectangle whose width and height both grow with time. What it gains in a step is a "
    "strip at the side, a strip on top and a small corner. As the step shrinks the corner shrinks "
    "much faster than the strips.",
)
def product_rule(s: Settings) -> Scene:
    t, h = s.t, s.h
    u, v = (_ends(f, t, h) for f in (_WIDE, _HIGH))
    du, dv = (total(e[1], minus(e[0])) for e in (u, v))
    side, top, corner = product(v[0], du), product(u[0], dv), product(du, dv)
    slope = _slope(t)
    w, x, hh, y = (float(e[0]) for e in (u[0], u[1], v[0], v[1]))
    panel = Panel(
        _PX, _PY,
        [polygon([0, w, w, 0], [0, 0, hh, hh], "muted"),
         polygon([w, x, x, w], [0, 0, hh, hh], "a"), polygon([0, w, w, 0], [hh, hh, y, y], "b"),
         polygon([w, x, x, w], [hh, hh, y, y], "approx"),
         mark(w / 2, hh / 2, "u v", "truth", "middle"),
         mark(x + 0.05, hh / 2, "v times growth of u", "a"),
         mark(w / 2, y + 0.08, "u times growth of v", "b", "middle"),
         mark(x + 0.05, y + 0.08, "corner", "approx")],
        equal=True, height=0.8,
    )  # fmt: skip
    per = total(side, top, corner)
    readings = [
        proved("side", "strip at the side", *side, "v times growth of u"),
        proved("top", "strip on top", *top, "u times growth of v"),
        proved("corner", "corner", *corner, "growth times growth"),
        proved("quotient", "all three, divided by h", *outward(per[0] / h, per[1] / h)),
        proved("slope", "slope of the area", *slope, "u'v + uv'"),
    ]
    share = product(corner, outward(1 / per[1], 1 / per[0]))
    return Scene(
        [panel],
        f"In a step of {number(h, 2)} the area grows by [[side]] at the side, [[top]] on top and "
        "[[corner]] in the corner. Divided by the step: [[quotient]]; the product rule, which "
        "leaves the corner out, says [[slope]].",
        readings,
        [Statement(known(), f"The corner is at most {up(100 * float(share[1]))} % of the growth "
                   "here. It is a product of two growths: a step ten times shorter makes it a "
                   "hundred times smaller, the strips only ten times. In the limit it is gone.")],
    )  # fmt: skip


def _ends(formula: str, t: float, h: float) -> tuple:
    """A formula's values at t and t + h, each enclosed."""
    lo, hi = enclosed(formula, ("t",), *moments(t, h), degree=0)
    return (lo[0, 0], hi[0, 0]), (lo[0, 1], hi[0, 1])


def _slope(t: float) -> tuple[float, float]:
    lo, hi = enclosed(f"({_WIDE})*({_HIGH})", ("t",), [t])
    return lo[1, 0], hi[1, 0]


# ---- chain rule ----

_CHAINS = {
    "sin(x^2)": ("x^2", "sin(u)"),
    "exp(-x^2)": ("-x^2", "exp(u)"),
    "sqrt(1 + 3*x)": ("1 + 3*x", "sqrt(u)"),
    "log(2 + sin(2*x))": ("2 + sin(2*x)", "log(u)"),
}
_RANGES = {
    "sin(x^2)": ((0.0, 1.4), (0.0, 2.2), (-0.2, 1.2)),
    "exp(-x^2)": ((0.0, 1.4), (-2.2, 0.2), (0.0, 1.2)),
    "sqrt(1 + 3*x)": ((0.0, 1.4), (0.5, 5.8), (0.8, 2.6)),
    "log(2 + sin(2*x))": ((0.0, 1.4), (1.8, 3.2), (0.5, 1.3)),
}


@figure(
    "The chain rule as three rulers",
    Choice(name="name", label="the function", options=tuple((k, k) for k in _CHAINS)),
    Handle(name="at", label="place x on the first ruler", at=(0.7, 2.0), x=(0.1, 1.25),
           y=(0.0, 2.4), along="x", panel="main"),
    Slider(name="h", label="step h", lo=0.001, hi=0.15, at=0.1, log=True),
    about="Three rulers, one under the other: x, the inner value u, the result y. A small step on "
    "the first is stretched on the way to the second, and stretched again on the way to the third. "
    "The two stretching factors multiply.",
)  # fmt: skip
def chain(s: Settings) -> Scene:
    x, h = s.at[0], s.h
    inner, outer = _CHAINS[s.name]
    lo, hi = enclosed(inner, ("x",), *moments(x, h))
    u, u_next = (lo[0, 0], hi[0, 0]), (lo[0, 1], hi[0, 1])
    first = (lo[1, 0], hi[1, 0])
    low, high = enclosed(outer, ("u",), [[u[0]], [u_next[0]]], [[u[1]], [u_next[1]]])
    second = (low[1, 0], high[1, 0])
    y, y_next = (low[0, 0], high[0, 0]), (low[0, 1], high[0, 1])
    slope = product(first, second)
    moved = total(y_next, minus(y))
    quotient = outward(moved[0] / h, moved[1] / h)
    ends = ((x, x + h), (u[0], u_next[0]), (y[0], y_next[0]))
    readings = [
        proved("first", "from x to u, times", *first, "inner derivative"),
        proved("second", "from u to y, times", *second, "outer derivative"),
        proved("slope", "together: the slope", *slope, "the product"),
        proved("quotient", "step of y divided by step of x", *quotient, "exact quotient"),
    ]
    return Scene(
        [_rulers(s.name, ends)],
        f"A step from *x* = {number(x, 3)} is stretched [[first]] times on the way to *u* = "
        f"{inner.replace('*', '·')} and [[second]] times on the way to *y* = {outer}. "
        "Together: [[slope]]. The whole step gives [[quotient]].",
        readings,
        [_composed(s.name, x, slope)],
    )


def _rulers(name: str, ends: tuple) -> Panel:
    """The three rulers, each scaled to its own range, and the step on each."""
    layers, places = [], []
    ranges = _RANGES[name]
    for row, (label, (lo, hi), (a, b)) in enumerate(zip("xuy", ranges, ends, strict=True)):
        height = 2.0 - row
        at = [1.4 * (v - lo) / (hi - lo) for v in (a, b)]
        places.append(at)
        layers += [
            line([0, 1.4], [height, height], "muted"),
            mark(-0.03, height, f"{label} = {number(float(a), 3)}", "truth", "end"),
            line(at, [height, height], "approx"),
            points(at[1:], [height], "approx", hollow=True),
        ]
        if row:
            layers.append(points(at[:1], [height], "truth"))
    for row in (0, 1):
        (a, b), (c, d) = places[row : row + 2]
        layers.append(arrows([a, b], [2 - row - 0.08] * 2, [c, d], [1 - row + 0.08] * 2, "muted"))
    return Panel(
        Axis("", -0.45, 1.5), Axis("", -0.4, 2.4), layers, bare=True, height=0.5,
        handles={"at": (ends[0][0], 2.0)},
    )  # fmt: skip


def _composed(name: str, x: float, slope: tuple) -> Statement:
    """Whether the derivative of the whole formula agrees with the product of the two factors."""
    lo, hi = enclosed(name, ("x",), [x])
    gap = max(float(hi[1, 0] - slope[0]), float(slope[1] - lo[1, 0]))
    return Statement(
        known(),
        "The library also differentiates the whole formula at once. Both enclosures hold the same "
        f"number: it and the product of the two factors differ by {up(outward(0.0, gap)[1])} "
        "at most.",
    )
