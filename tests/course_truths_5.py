"""True values of the readings of module 5: exact fractions, mpmath, and the simulated truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction as F
from functools import lru_cache, partial
from typing import Any

import mpmath
import numpy as np

from taylored.course.figures import badfits, candle, peak

__all__ = ["TRUTHS"]

_HOURS, _LENGTHS = [F(h) for h in candle.HOURS], [F(v) for v in candle.LENGTHS]
_SIGMA = F(0.8)


def _solve(rows: list[list[F]]) -> list[F]:
    """Gauss and Jordan on an augmented matrix of fractions."""
    rows = [list(row) for row in rows]
    size = len(rows)
    for i in range(size):
        pivot = next(k for k in range(i, size) if rows[k][i] != 0)
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [v / rows[i][i] for v in rows[i]]
        for k in range(size):
            if k != i:
                rows[k] = [a - rows[k][i] * b for a, b in zip(rows[k], rows[i], strict=True)]
    return [row[-1] for row in rows]


def _polynomial(
    x: Sequence[F], y: Sequence[F], sigma: Sequence[F], degree: int = 1
) -> tuple[list[F], F]:
    """Exact coefficients of least chi-squared, and chi-squared itself."""
    size = range(degree + 1)
    rows = [
        [*(_sum(a ** (i + j) / s**2 for a, s in zip(x, sigma, strict=True)) for j in size),
         _sum(a**i * b / s**2 for a, b, s in zip(x, y, sigma, strict=True))]
        for i in size
    ]  # fmt: skip
    found = _solve(rows)
    left = [b - _sum(c * a**i for i, c in enumerate(found)) for a, b in zip(x, y, strict=True)]
    return found, _sum((r / s) ** 2 for r, s in zip(left, sigma, strict=True))


def _sum(values: Any) -> F:
    return sum(values, F(0))


def _chance(chi2: F, dof: int) -> float:
    return float(mpmath.gammainc(mpmath.mpf(dof) / 2, mpmath.mpf(float(chi2)) / 2, mpmath.inf,
                                 regularized=True))  # fmt: skip


def _by_eye(s: Mapping[str, Any]) -> dict[str, Any]:
    top, bottom = F(s["left"][1]), F(s["right"][1])
    parts = [((v - top - (bottom - top) * h / 6) / _SIGMA) ** 2
             for h, v in zip(_HOURS, _LENGTHS, strict=True)]  # fmt: skip
    least = _polynomial(_HOURS, _LENGTHS, [_SIGMA] * 6)[1]
    return {"chi2": _sum(parts), "least": float(least),
            "share": float(100 * max(parts) / _sum(parts))}  # fmt: skip


def _rulers(s: Mapping[str, Any]) -> dict[str, Any]:
    values, sigma = [F(p[0]) for p in s["read"]], [F(0.3), F(0.6), F(s["sigma"])]
    weights = [1 / e**2 for e in sigma]
    mean = _sum(w * v for w, v in zip(weights, values, strict=True)) / _sum(weights)
    least = _sum(w * (v - mean) ** 2 for w, v in zip(weights, values, strict=True))
    return {"least": float(least), "error": float(_sum(weights)) ** -0.5,
            "weight": float(100 * weights[2] / _sum(weights))}  # fmt: skip


def _balance(s: Mapping[str, Any]) -> dict[str, Any]:
    low, high = F(s["left"][1]), F(s["right"][1])
    force = [(v - low - (high - low) * h / 6) / _SIGMA**2
             for h, v in zip(_HOURS, _LENGTHS, strict=True)]  # fmt: skip
    turn = _sum((h - 3) * f for h, f in zip(_HOURS, force, strict=True))
    return {"pull": float(_sum(force)), "turn": float(turn)}


def _drag(s: Mapping[str, Any]) -> dict[str, Any]:
    x, y = ([F(p[i]) for p in s["data"]] for i in (0, 1))
    return {"chi2": float(_polynomial(x, y, [_SIGMA] * len(x))[1])}


def _sure(s: Mapping[str, Any]) -> dict[str, Any]:
    x, y = ([F(p[i]) for p in s["data"]] for i in (0, 1))
    sigma = [F(p[1]) for p in s["sigmas"]]
    weights = [1 / e**2 for e in sigma]
    total = _sum(weights)
    mean = _sum(w * a for w, a in zip(weights, x, strict=True)) / total
    square = _sum(w * a * a for w, a in zip(weights, x, strict=True)) / total
    tie = 0.0 if s["centered"] else -float(mean) / float(square) ** 0.5
    return {"chi2": float(_polynomial(x, y, sigma)[1]), "tie": tie}


def _repeat(s: Mapping[str, Any]) -> dict[str, Any]:
    x = [3 + F(s["span"]) * (F(i, s["count"] - 1) - F(1, 2)) for i in range(s["count"])]
    spread = _sum((a - 3) ** 2 for a in x)
    return {"m": -1.9, "c": 18.0, "error": 0.8 / float(spread) ** 0.5}


def _beam(x: Any, mu: Any, s: Any) -> Any:
    return 10 * mpmath.exp(-(((x - mu) / s) ** 2) / 2)


def _chi2_of_beam(mu: Any, s: Any) -> Any:
    pairs = zip(peak._X.tolist(), peak._Y.tolist(), strict=True)
    return mpmath.fsum(((y - _beam(x, mu, s)) / 0.6) ** 2 for x, y in pairs)


def _linear_part(mu: Any, width: Any) -> tuple[Any, Any]:
    """The Jacobian, by differences in many digits, and the residuals."""
    rows, left = [], []
    for x, y in zip(peak._X.tolist(), peak._Y.tolist(), strict=True):
        beam = partial(_beam, x)
        rows.append([mpmath.diff(beam, (mu, width), order) for order in ((1, 0), (0, 1))])
        left.append(y - beam(mu, width))
    return mpmath.matrix(rows), mpmath.matrix(left)


def _shapes(s: Mapping[str, Any]) -> dict[str, Any]:
    left, right = sorted((s["left"][0], s["right"][0]))
    mu = mpmath.mpf(left + right) / 2
    width = max(mpmath.mpf("0.25"), (right - left) / (2 * mpmath.sqrt(2 * mpmath.log(2))))
    jacobian, residual = _linear_part(mu, width)
    normal = jacobian.T * jacobian
    if mpmath.det(normal) < 1e-6 * normal[0, 0] * normal[1, 1]:
        return {}  # the two shapes can hardly be told apart: float64 has few digits here
    step = mpmath.lu_solve(normal, jacobian.T * residual)
    after = _chi2_of_beam(mu + step[0], width + step[1])
    return {"dmu": float(step[0]), "ds": float(step[1]),
            "before": float(_chi2_of_beam(mu, width)), "after": float(after)}  # fmt: skip


@lru_cache(maxsize=1)
def _deepest() -> float:
    place = mpmath.findroot(
        [lambda m, w: mpmath.diff(_chi2_of_beam, (m, w), (1, 0)),
         lambda m, w: mpmath.diff(_chi2_of_beam, (m, w), (0, 1))],
        (5.2, 1.08),
    )  # fmt: skip
    return float(_chi2_of_beam(*place))


def _walk(s: Mapping[str, Any]) -> dict[str, Any]:
    return {"chi2": _deepest()}


def _any_model(s: Mapping[str, Any]) -> dict[str, Any]:
    degree = {"a + b*x": 1, "a + b*x + c*x^2": 2}.get(s["model"])
    if degree is None:
        return {}
    x, y = ([F(p[i]) for p in s["data"]] for i in (0, 1))
    found, chi2 = _polynomial(x, y, [F(0.3)] * len(x), degree)
    return {"chi2": float(chi2), "p": _chance(chi2, len(x) - len(found))}


def _banana(s: Mapping[str, Any]) -> dict[str, Any]:
    return {"k": 0.35}


def _gallery(s: Mapping[str, Any]) -> dict[str, Any]:
    sigma = F(0.8 * {"small": 0.45, "large": 2.3}.get(s["case"], 1.0))
    x = [F(v) for v in np.linspace(0.3, 5.7, 16).tolist()]
    y = [F(v) for v in badfits._measured(s["case"], s["again"]).tolist()]
    chi2 = _polynomial(x, y, [sigma] * 16)[1]
    return {"chi2": float(chi2), "reduced": float(chi2 / 14), "p": _chance(chi2, 14)}


def _twins(s: Mapping[str, Any]) -> dict[str, Any]:
    return {"chi2": 23.0, "p": _chance(F(23), 23)}


def _reach(s: Mapping[str, Any]) -> dict[str, Any]:
    at = s["at"][0]
    rng = np.random.default_rng([97, s["again"], s["count"], round(1e6 * at)])
    line = 18.0 - 1.9 * at
    return {"line": line, "new": line + rng.normal(0.0, 0.8), "away": abs(at - 3.0)}


@lru_cache(maxsize=256)
def _quantile(level: float, how: str) -> float:
    """Of the bell curve, and of Student's t with 3 degrees of freedom by its closed form."""
    normal = mpmath.sqrt(2) * mpmath.erfinv(mpmath.mpf(level) / 100)
    if how != "student":
        return float(normal)

    def inside(t: Any) -> Any:
        u = t / mpmath.sqrt(3)
        return 2 / mpmath.pi * (mpmath.atan(u) + u / (1 + u * u)) - mpmath.mpf(level) / 100

    return float(mpmath.findroot(inside, (0.1, 20), solver="anderson", tol=1e-24))


def _cover(s: Mapping[str, Any]) -> dict[str, Any]:
    return {"factor": _quantile(s["level"], s["how"]), "promised": round(10 * s["level"])}


TRUTHS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "candle.by_eye": _by_eye,
    "candle.rulers": _rulers,
    "straight.balance": _balance,
    "straight.drag": _drag,
    "straight.sure": _sure,
    "straight.repeat": _repeat,
    "peak.shapes": _shapes,
    "peak.walk": _walk,
    "fewlines.any_model": _any_model,
    "fewlines.banana": _banana,
    "badfits.gallery": _gallery,
    "badfits.twins": _twins,
    "bands.reach": _reach,
    "bands.cover": _cover,
}
