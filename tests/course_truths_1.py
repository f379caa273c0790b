"""True values of the readings of module 1, by mpmath and closed forms."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import mpmath
import numpy as np

__all__ = ["TRUTHS"]

mp = mpmath.mp.clone()  # digits of our own: other tests keep theirs
mp.dps = 40
mpf = mp.mpf


def _exp(x: Any) -> Any:
    return mp.exp(x)


def _partial(f: Any, at: list[Any], which: tuple[int, ...]) -> Any:
    """A derivative by mpmath, of the orders `which`."""
    return mp.diff(f, tuple(at), which, h=mpf(10) ** -12)


# The formulas of the figures once more, written for mpmath.
_LANDS = {
    "2*exp(-(x-0.8)^2 - (y-0.4)^2) - 1.5*exp(-(x+1)^2 - (y+0.6)^2) + 0.15*x": lambda x, y: (
        2 * _exp(-((x - mpf(0.8)) ** 2) - (y - mpf(0.4)) ** 2)
        - mpf(1.5) * _exp(-((x + 1) ** 2) - (y + mpf(0.6)) ** 2) + mpf(0.15) * x),
    "x^2*sin(2*y)": lambda x, y: x**2 * mp.sin(2 * y),
    "x*y": lambda x, y: x * y,
    "cos(x) + cos(2*y)": lambda x, y: mp.cos(x) + mp.cos(2 * y),
}  # fmt: skip


def _slices(s: Any) -> dict[str, Any]:
    f = _LANDS.get(s.f)
    if f is None:
        return {}
    at = [mpf(v) for v in s.at]
    return {"height": f(*at), "fx": _partial(f, at, (1, 0)), "fy": _partial(f, at, (0, 1))}


def _met(x: Any, y: Any, t: Any) -> Any:
    return (16 + 6 * _exp(-((x - 2 + t / 2) ** 2 + (y - 1) ** 2) / mpf(1.5)) + y / 2
            + mpf(0.4) * t)  # fmt: skip


def _walk(s: Any) -> dict[str, Any]:
    t = mpf(s.at[0])

    def east(t: Any) -> Any:
        return mpf(2.1) * mp.cos(mpf(0.8) * t + mpf(2.4))

    def north(t: Any) -> Any:
        return mpf(1.4) * mp.sin(mpf(1.1) * t + mpf(0.3))

    at = [east(t), north(t), t]
    h = mpf(10) ** -12
    dx, dy = mp.diff(east, t, h=h), mp.diff(north, t, h=h)
    return {
        "east": _partial(_met, at, (1, 0, 0)) * dx, "north": _partial(_met, at, (0, 1, 0)) * dy,
        "weather": _partial(_met, at, (0, 0, 1)),
        "whole": mp.diff(lambda t: _met(east(t), north(t), t), t, h=h),
    }  # fmt: skip


def _compass(s: Any) -> dict[str, Any]:
    x, y = (mpf(v) for v in s.at)
    gx = (mpf(1.5) * mpf(0.9) * mp.cos(mpf(0.9) * x + mpf(0.3)) * mp.cos(mpf(0.8) * y)
          + 2 * mpf(0.12) * x)  # fmt: skip
    gy = (-mpf(1.5) * mpf(0.8) * mp.sin(mpf(0.9) * x + mpf(0.3)) * mp.sin(mpf(0.8) * y)
          - mpf(0.3))  # fmt: skip
    way = mp.radians(mpf(s.way[0]))
    return {"gx": gx, "gy": gy, "slope": gx * mp.cos(way) + gy * mp.sin(way),
            "steepest": mp.sqrt(gx**2 + gy**2)}  # fmt: skip


def _hunt(s: Any) -> dict[str, Any]:
    from scipy.optimize import minimize

    from taylored.course.figures.sandpit import pit

    number = r"([\d.]+)"
    hollow = rf"{number}\*exp\(-\(\(x-{number}\)\^2 \+ \(y-{number}\)\^2\)/{number}\)"
    hollows = re.findall(hollow, pit(s.new))
    assert len(hollows) == 4

    def height(v: Any) -> float:
        bowl = 0.04 * ((v[0] - 2) ** 2 + (v[1] - 1.5) ** 2)
        return bowl - sum(d * np.exp(-((v[0] - x) ** 2 + (v[1] - y) ** 2) / w)
                          for d, x, y, w in np.array(hollows, dtype=float))  # fmt: skip

    if not s.probes:
        return {}
    starts = product(np.linspace(0.3, 3.7, 6), np.linspace(0.3, 2.7, 5))
    grid = sorted((height(v), *v) for v in starts)
    fine = {"xatol": 1e-9, "fatol": 1e-13}
    descents = [minimize(height, v[1:], method="Nelder-Mead", options=fine) for v in grid[:5]]
    lowest = min(found.fun for found in descents)
    return {"gap": min(height(v) for v in s.probes) - lowest}


_MAPS = {
    "polar": (((0, 3), (0, 3.2)), lambda u, v: (u * mp.cos(v), u * mp.sin(v))),
    "fold": (((-2, 2), (-2, 2)), lambda u, v: (u + mpf(0.2) * v,
                                              v**2 / 2 + mpf(0.2) * u - mpf(0.8))),
    "bend": (((0, 1.6), (0, 1.6)), lambda u, v: (u**2 - v**2, 2 * u * v)),
}  # fmt: skip


def _square(s: Any) -> dict[str, Any]:
    if s.which not in _MAPS:
        return {}
    ((a, b), (c, d)), f = _MAPS[s.which]
    u, v, h = mpf(min(max(s.at[0], a), b)), mpf(min(max(s.at[1], c), d)), mpf(s.h)
    j = [[_partial(lambda u, v, k=k: f(u, v)[k], [u, v], which) for which in ((1, 0), (0, 1))]
         for k in (0, 1)]  # fmt: skip
    # The mean of the determinant over the square: of these maps a polynomial of degree 2 at most.
    mean = {"polar": u, "fold": v - mpf(0.2) * mpf(0.2),
            "bend": 4 * (u**2 + v**2 + h**2 / 6)}[s.which]  # fmt: skip
    return {"j00": j[0][0], "j01": j[0][1], "j10": j[1][0], "j11": j[1][1],
            "det": j[0][0] * j[1][1] - j[0][1] * j[1][0], "ratio": mean}  # fmt: skip


_BOWLS = {
    "hills": lambda x, y: (mpf(1.4) * _exp(-((x - 1) ** 2) - (y - mpf(0.8)) ** 2)
                           + _exp(-((x + mpf(1.2)) ** 2) - (y - mpf(0.6)) ** 2)
                           - _exp(-(x**2) - (y + mpf(1.1)) ** 2)),
    "saddle": lambda x, y: x * y / 2 + mpf(0.1) * x**3 - mpf(0.15) * y**2,
    "valley": lambda x, y: mpf(0.35) * (y - x**2 / 2) ** 2 + mpf(0.1) * (1 - x) ** 2,
}  # fmt: skip


def _eigen(a: Any, b: Any, c: Any) -> dict[str, Any]:
    root = mp.sqrt(((a - c) / 2) ** 2 + b**2)
    return {"low": (a + c) / 2 - root, "high": (a + c) / 2 + root}


def _bowls(s: Any) -> dict[str, Any]:
    f, at = _BOWLS[s.land], [mpf(v) for v in s.at]
    a, b, c = (_partial(f, at, w) for w in ((2, 0), (1, 1), (0, 2)))
    return {"fxx": a, "fxy": b, "fyy": c, "fx": _partial(f, at, (1, 0)),
            "fy": _partial(f, at, (0, 1)), **_eigen(a, b, c)}  # fmt: skip


def _signs(s: Any) -> dict[str, Any]:
    a, b, c = mpf(s.a), mpf(s.b), mpf(s.c)
    return {"trace": a + c, "det": a * c - b * b, **_eigen(a, b, c)}


def _rain(s: Any) -> dict[str, Any]:
    """The level, and the strongest place's derivative, by 40 digits and a tiny step."""
    from taylored.course.figures import influences

    weights = influences._land()[1]
    fall = influences._rain(s.storm, s.heavy)

    def level(rain: list[Any]) -> Any:
        run = [r * r / (r + 12) for r in rain]
        a, b, c = (mp.fdot([mpf(float(w)) for w in row], run) for row in weights)
        return mpf(1.2) * mp.log(1 + a + mpf(0.6) * b) + c / 2 / (1 + mpf(0.2) * c)

    # Which place is the strongest: in float64, by the chain rule written out.
    a, b, c = weights @ (fall**2 / (fall + 12))
    through = (1.2 / (1 + a + 0.6 * b) * (weights[0] + 0.6 * weights[1])
               + 0.5 / (1 + 0.2 * c) ** 2 * weights[2])  # fmt: skip
    slope = through * fall * (fall + 24) / (fall + 12) ** 2
    first = int(np.argmax(slope * fall))
    rain = [mpf(float(r)) for r in fall]
    step = mpf(10) ** -15
    moved = [*rain[:first], rain[first] + step, *rain[first + 1 :]]
    here = level(rain)
    derivative = 1000 * (level(moved) - here) / step
    return {"level": here, "first": derivative, "range": derivative}


def _noise(s: Any) -> dict[str, Any]:
    x, h = mpf(s.at[0]), mpf(s.h)

    def signal(x: Any) -> Any:
        return mp.sin(x) + mpf(0.3) * x

    central = (signal(x + h) - signal(x - h)) / (2 * h)
    true = mp.cos(x) + mpf(0.3)
    return {"slope": central, "true": true, "bend": abs(central - true)}


_TRAPS = {
    "hollows": lambda x: mpf(0.08) * x**2 + mp.cos(mpf(2.6) * x + mpf(0.6)) / 2 + mpf(0.1) * x,
    "kink": lambda x: mpf(0.8) * abs(x - mpf(0.6)) + mpf(0.1) * x**2,
    "flat": lambda x: mpf(0.06) * (x + mpf(0.5)) ** 3,
}


def _traps(s: Any) -> dict[str, Any]:
    f = _TRAPS.get(s.which)
    if f is None or (s.which == "kink" and abs(s.at[0] - 0.6) < 1e-9):
        return {}
    return {"start": mp.diff(f, mpf(s.at[0]), h=mpf(10) ** -15)}


TRUTHS = {
    "partials.slices": _slices, "partials.walk": _walk, "gradients.compass": _compass,
    "sandpit.hunt": _hunt, "maps.square": _square, "hessians.bowls": _bowls,
    "hessians.signs": _signs, "influences.rain": _rain, "mislead.noise": _noise,
    "mislead.traps": _traps,
}  # fmt: skip
