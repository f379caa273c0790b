"""Newton's method: tangents that lead to a root, and digits that double with every step."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import numpy as np

from taylored.course.figures.said import digits as shown
from taylored.course.figures.said import later, within
from taylored.course.kit import (
    Axis,
    Handle,
    Panel,
    Reading,
    Scene,
    Settings,
    Slider,
    Statement,
    Table,
    curve,
    figure,
    line,
    mark,
    points,
    rule,
)
from taylored.course.kit.scene import Layer
from taylored.optimize.roots.result import Root
from taylored.results import Accuracy

__all__ = ["digits", "plain_path", "tangents"]

Function = Callable[[float], float]
_DEPTH = "depth h of the ball, in radii"
_FAR = 1e8


def plain_path(f: Function, slope: Function, start: float, most: int = 60) -> list[float]:
    """The points of plain Newton steps from a start, until they repeat, leave or `most` are made.

    The last entry is nan where f or its slope has no value, inf where the tangent is flat.
    """
    path = [start]
    while len(path) <= most:
        x = path[-1]
        try:
            steep = slope(x)
            following = x - f(x) / steep if steep else math.inf
        except (ValueError, OverflowError):
            following = math.nan
        path.append(following)
        if not math.isfinite(following) or abs(following) > _FAR:
            break
        if abs(following - x) <= 4 * math.ulp(x):
            break
    return path


def _ball(density: float) -> tuple[str, Function, Function]:
    """How much a ball of some density at depth h is too heavy: formula, function, slope."""
    weight = round(4.0 * density, 2)
    return (
        f"h^3 - 3*h^2 + {weight:g}",
        lambda h: h**3 - 3.0 * h**2 + weight,
        lambda h: 3.0 * h * (h - 2.0),
    )


@lru_cache(maxsize=256)
def _depth(density: float) -> Root:
    import taylored as ty

    return ty.root(_ball(density)[0], bracket=(0.0, 2.0))


def _zigzag(path: list[float], f: Function) -> Layer:
    """From each point up to the curve and along the tangent down to the axis again."""
    x, y = [path[0]], [0.0]
    for here, there in pairwise(path[:6]):
        x += [here, there if math.isfinite(there) else math.nan]
        y += [f(here), 0.0]
    return line(x, y, "approx")


@figure(
    "How deep does the ball sink?",
    Handle(name="at", label="first guess", at=(0.35, 0.0), x=(0.05, 1.95), y=(-4, 4), along="x"),
    Slider(name="density", label="density of the ball", lo=0.05, hi=0.95, at=0.6, step=0.01),
    about="A falling curve crosses zero where a floating ball rests. From a first guess one goes "
    "up to the curve, along its tangent back to zero, and again: the guesses close in on the root.",
)
def tangents(s: Settings) -> Scene:
    formula, f, slope = _ball(s.density)
    root = _depth(s.density)
    path = plain_path(f, slope, s.at[0])
    weight = 4.0 * s.density
    x = Axis(_DEPTH, 0.0, 2.0)
    y = Axis("weight minus lift", weight - 4.3, weight + 0.3)
    steps = [p for p in path[1:4] if math.isfinite(p)]
    panel = Panel(
        x,
        y,
        [
            rule(0.0, "x", "muted", dash=False),
            curve(f, x, "truth", "f(h)"),
            _zigzag(path, f),
            points(steps, np.zeros(len(steps)), "approx", size=4),
            points([root.x], [0.0], "proved", size=6),
            mark(root.x + 0.03, 0.12, "root", "proved"),
        ],
        handles={"at": (s.at[0], f(s.at[0]))},
    )
    readings = _readings(path, root)
    return Scene(
        [panel],
        _told(path, root),
        readings,
        [
            Statement(root.accuracy, f"{root.status} {_alone(root)}"),
            Statement(
                Accuracy.PROVED,
                f"Newton's steps are not trusted. The library puts an interval around the last "
                f"point and shows that f = {formula} has exactly one root in it (Krawczyk's test), "
                f"rounding included.",
            ),
        ],
        _steps_table(path, root),
    )


def _readings(path: list[float], root: Root) -> list[Reading]:
    ends = root.enclosure
    found = [within("root", "depth at rest, in radii", ends, "Krawczyk's test", digits=7)]
    if math.isfinite(path[1]):
        found.append(shown("next", "after one step", path[1], 1e-14 * abs(path[1]) + 1e-15))
    return [*found, Reading.exact("steps", "steps until no digit changes", len(path) - 2)]


def _alone(root: Root) -> str:
    """Where it is proved that there is no other root, rounded inward."""
    where = root.unique
    lo, hi = math.ceil(where.lo * 100) / 100, math.floor(where.hi * 100) / 100
    return f"From {lo:g} to {hi:g} there is no other root."


def _told(path: list[float], root: Root) -> str:
    start = f"*h* = {path[0]:.3g}"
    if not abs(path[-1] - root.x) < 1e-9:
        return (
            f"From {start} the tangent is so flat that it leads to [[next]]. Later steps end at a "
            "root of the formula that is no depth of a ball; it rests at a depth *h* [[root]]."
        )
    if not 0.0 <= path[1] <= 2.0:
        return (
            f"From {start} the tangent is so flat that it leads out of the ball, to [[next]]. "
            "After [[steps]] steps the guess is back and stands still, at *h* [[root]]."
        )
    return (
        f"From {start} the tangent leads to [[next]]. After [[steps]] steps no digit changes any "
        "more: the ball rests at a depth *h* [[root]], in radii."
    )


def _steps_table(path: list[float], root: Root) -> Table:
    rows = []
    for k, h in enumerate(path[:-1][:8] or path[:1]):
        if not math.isfinite(h):
            break
        off = max(abs(h - root.x) + root.errors, 1e-16)
        rows.append([str(k), f"{h:.15f}", str(max(0, math.floor(-math.log10(off))))])
    return Table(
        "Every guess as the computer has it, and its right decimals",
        ["step", "h", "right decimals"],
        rows,
    )


# ---- digits that double ----

_PLACES = 90


def _exact_root(c: Decimal) -> Decimal:
    """The root of h^3 - 3h^2 + c in (0, 2), proved to 80 decimals by a change of sign."""
    h = Decimal(1)
    for _ in range(60):
        step = (h**3 - 3 * h * h + c) / (3 * h * (h - 2))
        h -= step
        if abs(step) < Decimal(10) ** -85:
            break
    lo, hi = (Fraction(h) + sign * Fraction(1, 10**80) for sign in (-1, 1))
    exact = Fraction(c)
    if not (lo**3 - 3 * lo**2 + exact > 0 > hi**3 - 3 * hi**2 + exact):
        raise ArithmeticError("the root is not enclosed")
    return h


def _errors(sequence: list[Decimal], root: Decimal) -> list[float]:
    """Right decimals of each point, at most 80."""
    found = []
    for h in sequence:
        off = abs(h - root)
        found.append(80.0 if off < Decimal(10) ** -79 else float(-off.log10()))
    return found


def _newton(c: Decimal, h: Decimal) -> list[Decimal]:
    path = [h]
    for _ in range(9):
        h = h - (h**3 - 3 * h * h + c) / (3 * h * (h - 2))
        path.append(h)
    return path


def _secant(c: Decimal, h: Decimal) -> list[Decimal]:
    """Secants through the last two points; the second start lies a tenth towards the middle."""
    path = [h, h + (Decimal(1) - h) / 10 + Decimal("0.01")]
    for _ in range(12):
        a, b = path[-2:]
        if abs(b - a) < Decimal(10) ** -82:
            break
        fa, fb = (h**3 - 3 * h * h + c for h in (a, b))
        path.append(b - fb * (b - a) / (fb - fa))
    return path


def _bisection(c: Decimal) -> list[Decimal]:
    lo, hi = Decimal(0), Decimal(2)
    path = []
    for _ in range(13):
        middle = (lo + hi) / 2
        path.append(middle)
        if middle**3 - 3 * middle * middle + c > 0:
            lo = middle
        else:
            hi = middle
    return path


@lru_cache(maxsize=512)
def _digits(density: float, start: float) -> dict[str, list[float]]:
    with localcontext() as context:
        context.prec = _PLACES
        c, h = Decimal(f"{4 * density:.2f}"), Decimal(f"{start:.2f}")
        root = _exact_root(c)
        paths = {"Newton": _newton(c, h), "secant": _secant(c, h), "bisection": _bisection(c)}
        return {name: _errors(path, root) for name, path in paths.items()}


def _order(decimals: list[float]) -> tuple[float, float]:
    """The order from the last right decimals that are not cut off, and its change at the last."""
    kept = [d for d in decimals if d < 79]
    orders = [
        (c - b) / (b - a)
        for a, b, c in zip(kept, kept[1:], kept[2:], strict=False)
        if b - a > 0.05 and c > 1
    ]
    if len(orders) < 2:
        return math.nan, math.nan
    return orders[-1], abs(orders[-1] - orders[-2]) + 1e-3


_ROLES = {"Newton": "approx", "secant": "a", "bisection": "muted"}


@figure(
    "Digits that double",
    Slider(name="start", label="first guess h", lo=0.5, hi=1.5, at=1.3, step=0.01),
    Slider(name="density", label="density of the ball", lo=0.2, hi=0.8, at=0.6, step=0.01),
    about="Right decimals against steps, computed with 90 decimals. Bisection gains three digits "
    "in ten steps, a straight line; secants bend upwards; Newton's curve doubles at every step.",
)
def digits(s: Settings) -> Scene:
    found = _digits(s.density, s.start)
    layers: list[Layer] = []
    for name, role in _ROLES.items():
        right = np.maximum(found[name], 0.0)
        steps = np.arange(len(right))
        layers += [line(steps, right, role, name), points(steps, right, role, size=4)]
    layers.append(rule(16.0, "x", "muted", "all that a float64 holds"))
    panel = Panel(Axis("step", 0.0, 12.0), Axis("right decimals", 0.0, 80.0), layers)
    readings = [_order_reading(name, found[name]) for name in ("Newton", "secant")]
    bend = "A ball of half the density is special: at its root the curve has no bend. "
    count = next((k for k, d in enumerate(found["Newton"]) if d >= 16), 9)
    return Scene(
        [panel],
        (bend if round(100 * s.density) == 50 else "")
        + f"Measured on the points themselves, Newton's order is [[Newton]] and that of the "
        f"secants [[secant]]. From *h* = {s.start:g} Newton passes 16 decimals at step [[count]]; "
        "bisection needs more than fifty.",
        [*readings, Reading.exact("count", "Newton steps to 16 decimals", count)],
        _digits_trust(s),
    )


def _order_reading(name: str, decimals: list[float]) -> Reading:
    order, change = _order(decimals)
    label = f"measured order, {name}"
    if not math.isfinite(order):
        return Reading.unknown(name, label, "too few steps before all 80 decimals are right")
    return Reading.estimated(name, label, order, change, "change at the last step")


def _by_library(s: Settings) -> Statement:
    """The same root in float64; a proof takes longer than a hand may wait."""
    if s.moving:
        return later()
    root = _depth(s.density)
    return Statement(root.accuracy, f"In ordinary arithmetic, by the library: {root.status}")


def _digits_trust(s: Settings) -> list[Statement]:
    return [
        Statement(
            Accuracy.PROVED,
            "The root is enclosed to 80 decimals: with exact fractions f has different signs at "
            "its two ends.",
        ),
        _by_library(s),
        Statement(
            Accuracy.ESTIMATED,
            "An order is measured on a few steps. Its error is taken from how much it changed at "
            "the last one.",
        ),
    ]
