"""True values of the readings of module 4, by other means: mpmath, closed forms, plain scans."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import mpmath
import numpy as np

__all__ = ["TRUTHS"]

mp = mpmath.mp.clone()  # digits of our own: other tests keep theirs
mp.dps = 30
mpf = mp.mpf


def _tangents(s: Any) -> dict[str, Any]:
    c = mpf(round(400 * s.density)) / 100
    h = mpf(s.at[0])
    return {
        "root": mp.findroot(lambda t: t**3 - 3 * t**2 + c, (mpf(0), mpf(2)), solver="anderson"),
        "next": h - (h**3 - 3 * h**2 + c) / (3 * h**2 - 6 * h),
    }


def _digits(s: Any) -> dict[str, Any]:
    if round(100 * s.density) == 50:  # no bend at the root: e*e^2 and e*e'^2 instead of e^2, e*e'
        return {"Newton": 3, "secant": 2}
    return {"Newton": 2, "secant": (1 + mp.sqrt(5)) / 2}


_ROOTS = {
    "cycle": lambda: mp.findroot(lambda x: x**3 - 2 * x + 2, -1.8),
    "runaway": lambda: mpf(0),
    "edge": lambda: mp.e,
}


def _starts(s: Any) -> dict[str, Any]:
    return {"root": _ROOTS[s.case]()} if s.case in _ROOTS else {}


def _three(s: Any) -> dict[str, Any]:
    """The distance to the nearest cell that another root draws: by the coefficients, in doubles."""
    roots = np.array([complex(*r) for r in s.roots])
    p = np.poly(roots)
    slope = np.polyder(p)
    n = 112 if s.moving else 220
    axis = (np.arange(n) + 0.5) * 3.6 / n - 1.8
    start = complex(*s.at)
    z = np.append((axis[None, :] + 1j * axis[:, None]).ravel(), start)
    with np.errstate(all="ignore"):
        for _ in range(22):
            z = z - np.polyval(p, z) / np.polyval(slope, z)
        end = z[-1]
        for _ in range(40):
            end = end - np.polyval(p, end) / np.polyval(slope, end)
    which = int(np.argmin(np.abs(roots - end)))
    own = np.abs(z[:-1] - roots[which]) < 1e-2
    far = np.hypot(axis[None, :] - start.real, axis[:, None] - start.imag).ravel()
    return {"border": float(far[~own].min()) if not own.all() else None}


def _rate(s: Any) -> dict[str, Any]:
    rate, bend = mpf(f"{s.rate:.3g}"), mpf(s.bend)
    factor = max(abs(1 - rate), abs(1 - bend * rate))
    return {"factor": factor, "limit": 2 / bend, "best": 2 / (1 + bend)}


def _land(x: Any, y: Any) -> Any:
    cross = mpf(7) / 20 * x * y + x / 4 - mpf(3) / 20 * y
    return (x * x - 1) ** 2 + mpf(7) / 10 * (y * y - 1) ** 2 + cross


@lru_cache(maxsize=1)
def _four() -> list[tuple[Any, Any, Any]]:
    """The four pits: where both partial derivatives vanish."""
    found = []
    for x in (-1, 1):
        for y in (-1, 1):
            at = mp.findroot(
                lambda a, b: (
                    4 * a**3 - 4 * a + mpf("0.35") * b + mpf("0.25"),
                    mpf("2.8") * (b**3 - b) + mpf("0.35") * a - mpf("0.15"),
                ),
                (x, y),
            )
            found.append((at[0], at[1], _land(at[0], at[1])))
    return sorted(found, key=lambda pit: pit[2])


def _four_pits(s: Any) -> dict[str, Any]:
    x, y = s.at
    rate = round(s.rate, 4)
    for _ in range(400):
        dx, dy = 4 * x * (x * x - 1) + 0.35 * y + 0.25, 2.8 * y * (y * y - 1) + 0.35 * x - 0.15
        x, y = x - rate * dx, y - rate * dy
        if abs(x) + abs(y) > 100:
            break
    here = min(_four(), key=lambda pit: abs(pit[0] - x) + abs(pit[1] - y))
    return {"lowest": _four()[0][2], "depth": here[2]}


_LANDS: dict[str, Callable[[Any, Any], Any]] = {
    "valley": lambda x, y: mpf("0.3") * x**2 + 3 * (y - mpf("0.45") * x**2) ** 2,
    "pits": lambda x, y: -mpf("0.6") * x**2 + y**2 + mpf("0.2") * x**4,
    "ripples": lambda x, y: mpf("0.3") * x**2 + y**2 + mpf("0.3") * mp.cos(3 * x),
    "bowl": lambda x, y: mpf("0.3") * x**2 + mpf("2.5") * y**2,
}


def _model(s: Any) -> dict[str, Any]:
    f, x, y = _LANDS[s.kind], mpf(s.at[0]), mpf(s.at[1])
    g = mp.matrix([mp.diff(f, (x, y), n) for n in ((1, 0), (0, 1))])
    xx, xy, yy = (mp.diff(f, (x, y), n) for n in ((2, 0), (1, 1), (0, 2)))
    half = mp.sqrt((xx - yy) ** 2 / 4 + xy**2)
    low, high = (xx + yy) / 2 - half, (xx + yy) / 2 + half
    if abs(low * high) < 1e-6:
        return {}
    step = mp.lu_solve(mp.matrix([[xx, xy], [xy, yy]]), -g)
    foretold = (g[0] * step[0] + g[1] * step[1]) / 2
    real = f(x + step[0], y + step[1]) - f(x, y)
    return {"low": low, "high": high, "foretold": foretold, "real": real}


def _lowest(s: Any) -> dict[str, Any]:
    """All minima of one landscape have the same height."""
    if s.kind in ("valley", "bowl"):
        return {"lowest": mpf(0)}
    if s.kind == "pits":
        return {"lowest": mpf(-9) / 20}
    u = mp.findroot(lambda t: mpf("0.6") * t - mpf("0.9") * mp.sin(3 * t), 0.85)
    return {"lowest": _LANDS["ripples"](u, 0)}


def _road(turn: Any) -> tuple[Any, Any, Any]:
    x, y = 2 * mp.cos(turn), mpf("1.2") * mp.sin(turn)
    return x, y, x * y / 2 + mpf("0.4") * y - mpf("0.15") * x


@lru_cache(maxsize=1)
def _turning() -> list[Any]:
    """The angles at which the road is level."""
    found = []
    grid = [mp.pi * k / 40 for k in range(-40, 40)]

    def slope(turn: Any) -> Any:
        return mp.diff(lambda t: _road(t)[2], turn)

    for a, b in zip(grid, [*grid[1:], mp.pi], strict=True):
        if slope(a) * slope(b) < 0:
            found.append(mp.findroot(slope, (a, b), solver="anderson"))
    return found


def _touch(s: Any) -> dict[str, Any]:
    turn = mp.atan2(mpf(s.at[1]) / mpf("1.2"), mpf(s.at[0]) / 2)
    x, y, height = _road(turn)
    land = (y / 2 - mpf("0.15"), x / 2 + mpf("0.4"))
    road = (x / 2, y / mpf("0.72"))
    along = (-y * 2 / mpf("1.2"), x * mpf("0.6"))
    dot = land[0] * road[0] + land[1] * road[1]
    cosine = dot / mp.hypot(*land) / mp.hypot(*road)
    near = min(_turning(), key=lambda t: min(abs(t - turn + k * 2 * mp.pi) for k in (-1, 0, 1)))
    u, v, level = _road(near)
    slopes = (v / 2 - mpf("0.15"), u / 2 + mpf("0.4"), u / 2, v / mpf("0.72"))
    multiplier = -(slopes[0] * slopes[2] + slopes[1] * slopes[3]) / (
        slopes[2] ** 2 + slopes[3] ** 2
    )
    return {
        "height": height,
        "slope": (land[0] * along[0] + land[1] * along[1]) / mp.hypot(*along),
        "angle": mp.degrees(mp.acos(max(-1, min(1, cosine)))),
        "level": level,
        "multiplier": multiplier,
    }


def _price(s: Any) -> dict[str, Any]:
    limit, change = mpf(int(s.limit)), mpf(int(s.change))
    best, worth = limit**3 / 27000, limit**2 / 9000
    return {"best": best, "worth": worth, "told": best + worth * change,
            "moved": (limit + change) ** 3 / 27000}  # fmt: skip


def _gap(s: Any) -> dict[str, Any]:
    """By counting steps."""
    share, tol = 1 - 1 / mpf(s.condition), mpf(f"{s.tol:.1e}")
    error, step, count = mpf(2), mp.inf, 0
    while step > tol:
        step, error, count = error * (1 - share), error * share, count + 1
    found = {"bystep": count, "error": error, "times": error / tol}
    while error > tol:
        error, count = error * share, count + 1
    return found | {"byerror": count}


def _floor(s: Any) -> dict[str, Any]:
    bottom = mp.cbrt(mpf(3) / 4)
    return {"floor": bottom, "root": bottom}


TRUTHS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "basins.starts": _starts,
    "basins.three": _three,
    "constraints.price": _price,
    "constraints.touch": _touch,
    "descent.pits": _four_pits,
    "descent.rate": _rate,
    "newton.digits": _digits,
    "newton.tangents": _tangents,
    "pits.model": _model,
    "pits.paths": _lowest,
    "stopping.floor": _floor,
    "stopping.gap": _gap,
}
