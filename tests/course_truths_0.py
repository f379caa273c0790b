"""True values of the readings of module 0, by mpmath and closed forms."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np

__all__ = ["TRUTHS"]

mp = mpmath.mp.clone()  # digits of our own: other tests keep theirs
mp.dps = 40
mpf = mp.mpf


def _tide(t: Any) -> Any:
    return mpf(2.2) + mpf(1.6) * mp.sin(mpf(0.9) * t - mpf(0.6))


def _secant(s: Any) -> dict[str, Any]:
    t, h = mpf(s.at[0]), mpf(s.h)
    average = (_tide(t + h) - _tide(t)) / h
    slope = mpf(1.6) * mpf(0.9) * mp.cos(mpf(0.9) * t - mpf(0.6))
    return {"average": average, "slope": slope, "gap": abs(average - slope)}


def _drawn(s: Any) -> dict[str, Any]:
    from scipy.interpolate import CubicSpline

    spline = CubicSpline(range(5), [s[f"k{k}"][1] for k in range(5)], bc_type="natural")
    slope, at = spline.derivative(), s.at[0]
    level = [r for r in slope.roots(extrapolate=False) if 0 <= r < 4]
    away = np.abs(np.diff([0.0, *level, 4.0])).min() > 1e-6
    # The spline itself is float64 with its own rounding: only the digits shown are compared.
    return {"slope": round(float(slope(at)), 15) if _inside(slope, at) else None,
            "level": len(level) if away else None}  # fmt: skip


def _inside(slope: Any, at: float) -> bool:
    """Whether the slope does not lie within rounding of a digit's end."""
    last = abs(float(slope(at))) * 1e4
    return abs(last - round(last)) > 1e-6


_CURVES = {
    "smooth": lambda x: mpf("0.3") + mpf("0.55") * mp.sin(mpf("2.1") * x + mpf("0.4"))
    + mpf("0.2") * x,
    "kink": lambda x: mpf("0.3") + mpf("0.7") * abs(x - mpf("0.2"))
    + mpf("0.25") * mp.sin(2 * x),
}  # fmt: skip


def _zoom(s: Any) -> dict[str, Any]:
    if s.which == "rough":
        return {}
    f, at, half = _CURVES[s.which], mpf(s.at[0]), mpf(1.5) / mpf(s.zoom)
    if s.which == "kink" and abs(at - mpf("0.2")) <= half:
        return {}
    slope = mp.diff(f, at, h=mpf(10) ** -15)
    gaps = [abs(f(at + u * half / 8) - f(at) - slope * u * half / 8) for u in range(-8, 9)]
    return {"gap": max(gaps) / (2 * half)}


_FUNCTIONS = {
    "exp(x)": (np.exp, mp.exp, 1.0),
    "sin(x)": (np.sin, mp.cos, 0.8),
    "1/x": (lambda x: 1 / x, lambda x: -1 / x**2, 0.4),
    "log(x)": (np.log, lambda x: 1 / x, 3.0),
}


def _vshape(s: Any) -> dict[str, Any]:
    f, slope, x = _FUNCTIONS[s.name]
    h = np.array([s.h[0]])
    low = x - h if s.rule == "central" else np.full(1, x)
    found = float(((f(x + h) - f(low)) / ((x + h) - low))[0])
    true = slope(mpf(x))
    return {"slope": true, "error": abs(mpf(found) - true)}


def _growth(s: Any) -> dict[str, Any]:
    a, x = mpf(s.base[1]), mpf(s.at[0])
    return {"factor": mp.log(a), "height": a**x, "slope": mp.log(a) * a**x}


def _circle(s: Any) -> dict[str, Any]:
    angle = math.atan2(s.at[1], s.at[0]) % (2 * math.pi)
    return {"height": mp.sin(mpf(angle)), "slope": mp.cos(mpf(angle))}


def _hyperbola(s: Any) -> dict[str, Any]:
    x, h = mpf(s.at[0]), mpf(s.h)
    return {"average": (1 / (x + h) - 1 / x) / h, "slope": -1 / x**2}


def _product_rule(s: Any) -> dict[str, Any]:
    t, h = mpf(s.t), mpf(s.h)
    u, du = 1 + mpf("0.9") * t, mpf("0.9") * h
    v, dv = mpf("0.6") + t**2 / 2, (2 * t * h + h**2) / 2
    return {"side": v * du, "top": u * dv, "corner": du * dv,
            "quotient": (v * du + u * dv + du * dv) / h,
            "slope": mpf("0.9") * v + u * t}  # fmt: skip


_CHAINS = {
    "sin(x^2)": (lambda x: x**2, lambda x: 2 * x, mp.sin, mp.cos),
    "exp(-x^2)": (lambda x: -(x**2), lambda x: -2 * x, mp.exp, mp.exp),
    "sqrt(1 + 3*x)": (lambda x: 1 + 3 * x, lambda x: mpf(3), mp.sqrt, lambda u: 1 / mp.sqrt(u) / 2),
    "log(2 + sin(2*x))": (lambda x: 2 + mp.sin(2 * x), lambda x: 2 * mp.cos(2 * x), mp.log,
                          lambda u: 1 / u),
}  # fmt: skip


def _chain(s: Any) -> dict[str, Any]:
    inner, first, outer, second = _CHAINS[s.name]
    x, h = mpf(s.at[0]), mpf(s.h)
    return {"first": first(x), "second": second(inner(x)), "slope": first(x) * second(inner(x)),
            "quotient": (outer(inner(x + h)) - outer(inner(x))) / h}  # fmt: skip


TRUTHS = {
    "slopes.secant": _secant, "slopes.drawn": _drawn, "limits.zoom": _zoom,
    "limits.vshape": _vshape, "special.growth": _growth, "special.circle": _circle,
    "special.hyperbola": _hyperbola, "rules.product_rule": _product_rule, "rules.chain": _chain,
}  # fmt: skip
