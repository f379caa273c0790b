"""True values of the readings of module 3, found with mpmath at 40 digits."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import mpmath as mp

__all__ = ["TRUTHS"]

TRUTHS: dict[str, Callable[[Any], dict[str, Any]]] = {}

_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sin": mp.sin,
    "cos": mp.cos,
    "exp": mp.exp,
    "log": lambda x: mp.log(1 + x),
    "root": lambda x: mp.sqrt(1 + x),
    "inverse": lambda x: 1 / (1 + x),
    "bell": lambda x: 1 / (1 + x * x),
    "tone": lambda x: mp.exp(-x / 4) * mp.sin(x),
}


def _truth(figure: str) -> Callable[[Callable[[Any], dict[str, Any]]], Callable[[Any], Any]]:
    """Register the truth of a figure; it is computed at 40 digits."""

    def register(function: Callable[[Any], dict[str, Any]]) -> Callable[[Any], Any]:
        def at_40_digits(s: Any) -> dict[str, Any]:
            with mp.workdps(40):
                return function(s)

        TRUTHS[figure] = at_40_digits
        return at_40_digits

    return register


def _coefficients(name: str, center: Any, order: int) -> list[Any]:
    """From the equation that the function solves: f' = f, (1+x) f' = 1, f'' = -f, and so on."""
    if name == "tone":
        return _product(center, order)
    a = mp.mpf(center)
    c = [_FUNCTIONS[name](a)]
    for k in range(order):
        c.append(_next(name, a, k, c))
    return c


def _next(name: str, a: Any, k: int, c: list[Any]) -> Any:
    """c[k + 1] from those before it."""
    before = c[k - 1] if k else mp.mpf(0)
    if name in ("sin", "cos"):
        first = mp.cos(a) if name == "sin" else -mp.sin(a)
        return -before / (k * (k + 1)) if k else first
    if name == "exp":
        return c[k] / (k + 1)
    if name == "log":
        return (1 if k == 0 else -k * c[k]) / (1 + a) / (k + 1)
    if name == "root":
        return c[k] * (1 - 2 * k) / (2 * (1 + a) * (k + 1))
    if name == "inverse":
        return -c[k] / (1 + a)
    return -(2 * a * c[k] + before) / (1 + a**2)


def _horner(coefficients: list[Any], x: Any) -> Any:
    """A polynomial by its coefficients from the constant upwards."""
    total = mp.mpf(0)
    for c in reversed(coefficients):
        total = total * x + c
    return total


def _product(center: Any, order: int) -> list[Any]:
    """Of exp(-x/4) sin x: the series of the two factors, multiplied out."""
    c, rate = mp.mpf(center), mp.mpf(-1) / 4
    fading = [mp.exp(rate * c) * rate**k / mp.factorial(k) for k in range(order + 1)]
    waves = [mp.sin(c + k * mp.pi / 2) / mp.factorial(k) for k in range(order + 1)]
    return [mp.fsum(fading[j] * waves[k - j] for j in range(k + 1)) for k in range(order + 1)]


_KEPT: dict[Any, list[Any]] = {}


def polynomial(name: str, center: float, order: int, x: Any) -> Any:
    """The Taylor polynomial at x, to 40 digits."""
    key = name, center, order
    if key not in _KEPT:
        _KEPT[key] = _coefficients(name, center, order)
    return _horner(_KEPT[key], mp.mpf(x) - center)


@_truth("ladder.ladder")
def _ladder(s: Any) -> dict[str, Any]:
    half = {"exp": 3.3, "bell": 2.2}.get(s.f, 6.6)
    x = mp.mpf(round(min(max(s.at[0], -half), half), 2))
    true = _FUNCTIONS[s.f](x)
    return {"value": true, "off": abs(true - polynomial(s.f, 0.0, s.order, x))}


@_truth("ladder.byhand")
def _byhand(s: Any) -> dict[str, Any]:
    """Extremes lie at the ends or where the derivative of the difference is zero."""

    def gap(x: float) -> Any:
        return abs(mp.exp(x) - s.c0 - s.c1 * x - s.c2 * mp.mpf(x) ** 2 - s.c3 * mp.mpf(x) ** 3)

    def steep(x: Any) -> Any:
        return mp.exp(x) - s.c1 - 2 * s.c2 * x - 3 * s.c3 * x * x

    grid = [mp.mpf(k) / 50 - 1 for k in range(101)]
    places = [grid[0], grid[-1]]
    for a, b in pairwise(grid):
        if steep(a) * steep(b) < 0:
            places.append(mp.findroot(steep, (a, b), solver="anderson"))
    return {"worst": max(gap(x) for x in places)}


@_truth("centers.moving")
def _moving(s: Any) -> dict[str, Any]:
    from taylored.course.figures.centers import moving

    center = round(s.center[0], 2)
    reach = next(r.value for r in moving.scene(dict(s), moving=True).readings if r.name == "reach")
    places = [center + reach * mp.mpf(j) / 32 for j in range(-32, 33)]
    return {"worst": max(_off("tone", center, s.order, x) for x in places)}


def _off(name: str, center: float, order: int, x: Any) -> Any:
    return abs(_FUNCTIONS[name](mp.mpf(x)) - polynomial(name, center, order, x))


@_truth("centers.patches")
def _patches(s: Any) -> dict[str, Any]:
    half = mp.pi / 4 / s.count
    ends = []
    for j in range(s.count):
        center = half * (2 * j + 1)
        derivatives = [mp.sin(center), mp.cos(center), -mp.sin(center), -mp.cos(center)]
        c = [derivatives[k % 4] / mp.factorial(k) for k in range(s.order + 1)]
        for h in (-half, half):
            ends.append(abs(mp.sin(center + h) - _horner(c, h)))
    return {"worst": max(ends), "stored": s.count * (s.order + 1)}


@_truth("remainders.place")
def _place(s: Any) -> dict[str, Any]:
    """xi by solving f^(n+1)(xi) = what is wanted, with a bracketing solver."""
    x = round(s.at[0], 2)
    x = mp.mpf(abs(x) if abs(x) >= 0.1 else 0.1) * (1 if x >= 0 and str(x)[0] != "-" else -1)
    n = s.order
    left = (_FUNCTIONS[s.f](x) - polynomial(s.f, 0.0, n, x)) / x ** (n + 1) * mp.factorial(n + 1)
    derivative = {
        "exp": mp.exp,
        "inverse": lambda z: (-1) ** (n + 1) * mp.factorial(n + 1) / (1 + z) ** (n + 2),
        "log": lambda z: (-1) ** n * mp.factorial(n) / (1 + z) ** (n + 1),
    }[s.f]
    xi = mp.findroot(lambda z: derivative(z) / left - 1, (0, x), solver="anderson", tol=1e-25)
    return {"xi": xi, "share": xi / x}


@_truth("remainders.reach")
def _reach(s: Any) -> dict[str, Any]:
    from taylored.course.figures.remainders import reach

    found = next(r.value for r in reach.scene(dict(s), moving=True).readings if r.name == "reach")
    places = [found * mp.mpf(j) / 20 for j in range(21)]
    return {"worst": max(_off(s.f, 0.0, s.order, x) for x in places)}


@_truth("discs.disc")
def _disc(s: Any) -> dict[str, Any]:
    """The coefficients of q^2/((x-a)^2 + q^2) by the recurrence that its denominator gives."""
    a, q = (mp.mpf(round(v, 2)) for v in s.pole)
    center = mp.mpf(round(s.center[0], 2))
    shift = center - a
    square = shift**2 + q**2
    c = [q**2 / square]
    for k in range(1, s.order + 1):
        before = c[k - 2] if k >= 2 else mp.mpf(0)
        c.append(-(2 * shift * c[k - 1] + before) / square)
    radius = mp.sqrt(square)

    def off(share: Any) -> Any:
        h = share * radius
        return abs(q**2 / ((shift + h) ** 2 + q**2) - _horner(c, h))

    return {"R": radius, "inside": off(mp.mpf("0.8")), "outside": off(mp.mpf("1.25"))}


@_truth("discs.coefficients")
def _sizes(s: Any) -> dict[str, Any]:
    c = _coefficients(s.f, s.center, 32)
    n = s.n - (1 if abs(c[s.n]) < 1e-30 and abs(c[s.n]) < 1e-9 * abs(c[s.n - 1]) else 0)
    radius = {
        "log": 1 + mp.mpf(s.center),
        "root": 1 + mp.mpf(s.center),
        "bell": mp.sqrt(1 + mp.mpf(s.center) ** 2),
        "exp": mp.inf,
    }[s.f]
    return {"root": abs(c[n]) ** (mp.mpf(-1) / n), "R": radius}


@_truth("discs.flat")
def _flat(s: Any) -> dict[str, Any]:
    """By Lambert's function: u = -(n/2) W(-2/n) on its lower branch, x = 1/sqrt(u)."""
    half = mp.mpf(s.n) / 2
    return {"cross": 1 / mp.sqrt(-half * mp.lambertw(-1 / half, -1).real)}


@_truth("errororders.loglog")
def _loglog(s: Any) -> dict[str, Any]:
    h = mp.mpf(float(f"{s.h:.3g}"))
    if s.f == "power":
        return {"slope": mp.mpf("2.5")}
    name, center = {"exp": ("exp", 0), "sine0": ("sin", 0), "sine7": ("sin", 0.7)}.get(
        s.f, ("root", 0)
    )
    off = [_off(name, center, s.order, mp.mpf(center) + step) for step in (h, h / 2)]
    return {"slope": mp.log(off[0] / off[1], 2)}


@_truth("errororders.pendulum")
def _pendulum(s: Any) -> dict[str, Any]:
    """The period by the complete elliptic integral."""
    degrees = round(float(mp.degrees(mp.atan2(abs(s.bob[0]), -mp.mpf(s.bob[1])))))
    angle = mp.radians(min(max(degrees, 1), 150))
    longer = 2 / mp.pi * mp.ellipk(mp.sin(angle / 2) ** 2)
    return {"off": 100 * (angle / mp.sin(angle) - 1), "lost": 3600 * (1 - 1 / longer)}


_LANDS: dict[str, Callable[[Any, Any], Any]] = {
    "waves": lambda x, y: mp.sin(x) * mp.cos(y),
    "dome": lambda x, y: mp.exp(-(x * x + y * y) / 2),
}


def _jet(name: str, center: Any) -> list[Any]:
    """Value and derivatives up to the second by central differences at 40 digits."""
    f, (x, y), h = _LANDS[name], center, mp.mpf(10) ** -9
    mixed = (f(x + h, y + h) - f(x + h, y - h) - f(x - h, y + h) + f(x - h, y - h)) / (4 * h * h)
    return [
        f(x, y),
        (f(x + h, y) - f(x - h, y)) / (2 * h),
        (f(x, y + h) - f(x, y - h)) / (2 * h),
        (f(x + h, y) - 2 * f(x, y) + f(x - h, y)) / h**2,
        mixed,
        (f(x, y + h) - 2 * f(x, y) + f(x, y - h)) / h**2,
    ]


def _quadratic(jet: list[Any], order: int, u: Any, v: Any) -> Any:
    f, fx, fy, fxx, fxy, fyy = jet
    parts = [f, fx * u + fy * v, (fxx * u * u + 2 * fxy * u * v + fyy * v * v) / 2]
    return sum(parts[: order + 1])


@_truth("paraboloids.atlas")
def _atlas(s: Any) -> dict[str, Any]:
    center = [mp.mpf(round(v, 2)) for v in s.center]
    jet = _jet(s.f, center)
    off = []
    for k in range(48):
        u, v = mp.mpf("0.5") * mp.cospi(k / 24), mp.mpf("0.5") * mp.sinpi(k / 24)
        true = _LANDS[s.f](center[0] + u, center[1] + v)
        off.append(abs(true - _quadratic(jet, s.order, u, v)))
    names = ("fx", "fy", "fxx", "fxy", "fyy")
    return {"worst": max(off)} | dict(zip(names, jet[1:], strict=True))


@_truth("paraboloids.cut")
def _cut(s: Any) -> dict[str, Any]:
    center, to = ([mp.mpf(round(v, 2)) for v in place] for place in (s.center, s.to))
    u, v = to[0] - center[0], to[1] - center[1]
    _, fx, fy, fxx, fxy, fyy = _jet(s.f, center)
    return {
        "first": fx * u + fy * v,
        "second": fxx * u * u + 2 * fxy * u * v + fyy * v * v,
        "there": _LANDS[s.f](*to),
    }


@_truth("cancellation.terms")
def _terms(s: Any) -> dict[str, Any]:
    """The sum over all terms is e^|x|; digits are lost as that exceeds e^x."""
    true = mp.exp(mp.mpf(s.x))
    lost = mp.log10(mp.exp(abs(mp.mpf(s.x))) / true)
    return {"sum": true, "other": true, "lost": lost}


@_truth("cancellation.teeth")
def _teeth(s: Any) -> dict[str, Any]:
    x = mp.mpf(float(f"{s.width:.3g}"))
    true = 2 * mp.sin(x / 2) ** 2 / x**2
    return {"direct": true, "series": true}


@_truth("cancellation.enough")
def _enough(s: Any) -> dict[str, Any]:
    """The order by Lagrange's bound; the error by a search over both sides of the stretch."""
    from taylored.course.figures.cancellation import enough

    found = {r.name: r for r in enough.scene(dict(s), moving=True).readings}
    if found["order"].value is None:
        return {}
    tol, r, n = float(f"{s.tol:.3g}"), mp.mpf(s.r), 0
    while (mp.exp(r) if s.f == "exp" else 1) * r ** (n + 1) / mp.factorial(n + 1) > (
        tol - mp.mpf(found["dust"].hi)
    ):
        n += 1
    c = [1 / mp.factorial(k) for k in range(n + 1)]
    if s.f == "sin":
        c = [v * (0, 1, 0, -1)[k % 4] for k, v in enumerate(c)]
    f = _FUNCTIONS[s.f]
    places = [r * j / 12 for j in range(-12, 13)]
    return {"order": n, "worst": max(abs(f(x) - _horner(c, x)) for x in places)}
