"""True values of the readings of module 2: mpmath, fractions, loops, other solvers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction as F
from random import Random
from typing import Any

import mpmath as mp
import numpy as np
from scipy.optimize import root

from taylored.course.figures import backprop, networks, training
from taylored.course.figures.training_runs import unpack

__all__ = ["TRUTHS"]

_DIGITS = 40

# ---- chains -----------------------------------------------------------------------------------


def _hill(x: Any, y: Any) -> Any:
    return 2 * mp.exp(-((x - mp.mpf("0.9")) ** 2 + y**2) / 2) + mp.mpf("1.4") * mp.exp(
        -((x + mp.mpf("1.3")) ** 2 + (y - mp.mpf("0.6")) ** 2)
    )


_PATHS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "loop": (lambda t: mp.mpf("1.7") * mp.cos(t), lambda t: mp.mpf("1.2") * mp.sin(t)),
    "eight": (lambda t: mp.mpf("1.9") * mp.sin(t), lambda t: mp.mpf("1.1") * mp.sin(2 * t)),
}


def _walk(s: Mapping[str, Any]) -> dict[str, Any]:
    east, north = _PATHS[s["path"]]
    with mp.workdps(_DIGITS):
        t = mp.mpf(s["at"][0])
        x, y = east(t), north(t)
        return {
            "hx": mp.diff(lambda u: _hill(u, y), x),
            "hy": mp.diff(lambda v: _hill(x, v), y),
            "vx": mp.diff(east, t),
            "vy": mp.diff(north, t),
            "slope": mp.diff(lambda u: _hill(east(u), north(u)), t),
        }


def _order(s: Mapping[str, Any]) -> dict[str, Any]:
    """The farthest corner or edge point, with exact fractions."""
    x, y = (F(v) for v in s["at"])
    half = F(s["side"]) / 2

    def image(u: F, v: F) -> tuple[F, F]:
        p = u + v * v / 2
        return p, p * v

    p, q = x + y * y / 2, y
    right = (F(1), y), (q, q * y + p)
    wrong = (1 + y * q, y * p), (q, p)
    m = wrong if s["wrong"] else right
    r, t = image(x, y)
    gaps = []
    for k in range(13):
        along = -half + half * F(k) / 6
        for dx, dy in ((along, -half), (half, along), (along, half), (-half, along)):
            true = image(x + dx, y + dy)
            a = r + m[0][0] * dx + m[0][1] * dy - true[0]
            b = t + m[1][0] * dx + m[1][1] * dy - true[1]
            gaps.append(float(a * a + b * b))
    return {"factor": m[0][0] * m[1][1] - m[0][1] * m[1][0], "miss": math.sqrt(max(gaps))}


# ---- neurons and layers -----------------------------------------------------------------------


def _logistic(z: Any) -> Any:
    return 1 / (1 + mp.exp(-z))


def _bend(s: Mapping[str, Any]) -> dict[str, Any]:
    bend = mp.tanh if s["kind"] == "tanh" else _logistic
    with mp.workdps(_DIGITS):
        w, x = mp.mpf(s["w"]), mp.mpf(s["at"][0])
        b = -w * mp.mpf(s["mid"][0])
        return {
            "z": w * x + b,
            "a": bend(w * x + b),
            "dx": mp.diff(lambda u: bend(w * u + b), x),
            "dw": mp.diff(lambda u: bend(u * x + b), w),
            "db": mp.diff(lambda u: bend(w * x + u), b),
        }


_GATES = {"and": (0, 0, 0, 1), "or": (0, 1, 1, 1), "nand": (1, 1, 1, 0), "xor": (0, 1, 1, 0)}


def _gate(s: Mapping[str, Any]) -> dict[str, Any]:
    with mp.workdps(_DIGITS):
        w1, w2 = (12 * (mp.mpf(v) - mp.mpf("0.5")) for v in s["tip"])
        corners = [(0, 0), (0, 1), (1, 0), (1, 1)]
        said = [_logistic(w1 * a + w2 * c + mp.mpf(s["b"])) for a, c in corners]
        wanted = _GATES[s["gate"]]
        right = sum((a > 0.5) == bool(t) for a, t in zip(said, wanted, strict=True))
        cost = sum((a - t) ** 2 for a, t in zip(said, wanted, strict=True)) / 4
        return {"w1": w1, "w2": w2, "right": right, "cost": cost}


def _fold(s: Mapping[str, Any]) -> dict[str, Any]:
    """The dividing neuron from SciPy's root finder, on the gradient of its cost."""
    corners, wanted = [(0, 0), (0, 1), (1, 0), (1, 1)], np.array([0.0, 1.0, 1.0, 0.0])
    places = []
    for corner in corners:
        row = []
        for (x0, y0), (x1, y1) in (s["first"], s["second"]):
            size = math.hypot(x1 - x0, y1 - y0)
            away = ((y1 - y0) * (corner[0] - x0) - (x1 - x0) * (corner[1] - y0)) / size
            row.append(1 / (1 + math.exp(-s["steep"] * away)))
        places.append([*row, 1.0])
    a = np.array(places)

    def gradient(w: Any) -> Any:
        return a.T @ (1 / (1 + np.exp(-a @ w)) - wanted) + np.array([0.02, 0.02, 1e-4]) * w

    found = root(gradient, np.zeros(3), tol=1e-14)
    if np.abs(gradient(found.x)).max() > 1e-11:
        return {}
    sums = a @ found.x
    margin = np.where(wanted > 0.5, sums, -sums).min() / math.hypot(found.x[0], found.x[1])
    return {"right": int(np.sum((sums > 0) == (wanted > 0.5))), "margin": margin}


def _steps(s: Mapping[str, Any]) -> dict[str, Any]:
    """The largest distance on a grid seven times as fine."""
    heights, n = [y for _, y in s["knots"]], s["count"]

    def wanted(x: Any) -> Any:
        left = np.minimum((x * 5).astype(int), 4)
        rise = np.diff(heights)[left]
        return np.array(heights)[left] + rise * np.sin(0.5 * np.pi * (5 * x - left)) ** 2

    x = np.linspace(0, 1, 28_001)
    total = np.full_like(x, heights[0])
    ends = wanted(np.linspace(0, 1, n + 1))
    for k in range(n):
        total += (ends[k + 1] - ends[k]) / (1 + np.exp(-s["steep"] * n * (x - (k + 0.5) / n)))
    return {"worst": float(np.abs(total - wanted(x)).max()), "parameters": n + n + n + 1}


# ---- backpropagation --------------------------------------------------------------------------

_FORMULAS: dict[str, Callable[..., Any]] = {
    "(tanh(w*x+b)-y)^2": lambda x, y, w, b: (mp.tanh(w * x + b) - y) ** 2,
    "(sigmoid(w*x+b)-y)^2": lambda x, y, w, b: (_logistic(w * x + b) - y) ** 2,
    "x*sin(x*y)": lambda x, y, w, b: x * mp.sin(x * y),
    "exp(-x^2)*(x+w)": lambda x, y, w, b: mp.exp(-(x**2)) * (x + w),
    "(w*tanh(w*x+b)-y)^2": lambda x, y, w, b: (w * mp.tanh(w * x + b) - y) ** 2,
}


def _graph(s: Mapping[str, Any]) -> dict[str, Any]:
    with mp.workdps(_DIGITS):
        at = [mp.mpf(s[n]) for n in "xywb"]
        f = _FORMULAS[s["formula"]]
        orders = ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))
        return {n: mp.diff(f, at, order) for n, order in zip("xywb", orders, strict=True)}


def _network_cost(parameters: Any, t: Any, wanted: Any) -> Any:
    """The cost of one point of 1-6-7-2, with numbers of any precision."""
    at, values = 0, [t]
    for level, (before, after) in enumerate(((1, 6), (6, 7), (7, 2))):
        weights, biases = at, at + before * after
        at = biases + after
        sums = [
            sum(parameters[weights + j * before + i] * values[i] for i in range(before))
            + parameters[biases + j]
            for j in range(after)
        ]
        values = sums if level == 2 else [mp.tanh(v) for v in sums]
    return sum((a - b) ** 2 for a, b in zip(values, wanted, strict=True))


def _blame(s: Mapping[str, Any]) -> dict[str, Any]:
    parameters, _ = backprop.after(int(float(f"{s['steps']:.2g}")))
    wanted = [mp.mpf(float(v)) for v in backprop.heart(s["t"])]
    with mp.workdps(50):
        held, t, h = [mp.mpf(float(v)) for v in parameters], mp.mpf(s["t"]), mp.mpf(10) ** -20
        found = {"cost": _network_cost(held, t, wanted)}
        for name, (first, last) in (("g1", (0, 6)), ("g2", (12, 54)), ("g3", (61, 75))):
            total = mp.mpf(0)
            for k in range(first, last):
                sides = [[*held[:k], held[k] + d, *held[k + 1 :]] for d in (h, -h)]
                up, down = (_network_cost(side, t, wanted) for side in sides)
                total += ((up - down) / (2 * h)) ** 2
            found[name] = mp.sqrt(total)
        return found


def _price(s: Mapping[str, Any]) -> dict[str, Any]:
    n, m, k = max(1, round(s["at"][0])), max(1, round(s["m"])), s["k"]
    forward = sum(k for _ in range(k)) * n + sum(k for _ in range(m)) * n
    reverse = sum(k for _ in range(m)) * k + sum(k for _ in range(m)) * n
    return {"n": n, "m": m, "forward": forward, "reverse": reverse, "ratio": F(forward, reverse)}


# ---- training ---------------------------------------------------------------------------------


def _drawing(s: Any) -> dict[str, Any]:
    """The misses of the trained network, point by point."""
    job = training.task(s.knots, s.kind)
    run, _, _ = training.learn(job, s, (30, 300))
    misses = []
    for k in range(training.POINTS):
        values = [-1 + 2 * k / 99]
        for level, (w, b) in enumerate(unpack(training.LAYERS, run.parameters[0])):
            sums = [math.fsum([*(p * q for p, q in zip(row, values, strict=True)), c])
                    for row, c in zip(w.tolist(), b.tolist(), strict=True)]  # fmt: skip
            values = sums if level == 2 else [_active(s.kind, z) for z in sums]
        misses.append([a - y for a, y in zip(values, job.y[:, k], strict=True)])
    squares = [a * a + b * b for a, b in misses]
    if not math.isfinite(sum(squares)):
        return {}
    return {"rms": math.sqrt(math.fsum(squares) / 100), "worst": math.sqrt(max(squares)),
            "steps": 10_000}  # fmt: skip


def _active(kind: str, z: float) -> float:
    if not math.isfinite(z):
        return math.nan
    return math.tanh(z) if kind == "tanh" else float(_logistic(mp.mpf(z)))


def _gradcheck(s: Mapping[str, Any]) -> dict[str, Any]:
    point = {"w1": "0.8", "b1": "-0.2", "w2": "1.3", "b2": "0.3"}

    def cost(w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        return (w2 * mp.tanh(w1 * mp.mpf("1.1") + b1) + b2 - mp.mpf("0.4")) ** 2

    with mp.workdps(_DIGITS):
        orders = {n: tuple(int(n == other) for other in point) for n in point}
        true = mp.diff(cost, [mp.mpf(v) for v in point.values()], orders[s["by"]])
    return {"true": true, "difference": true, "code": true if s["bug"] == "none" else None}


# ---- trust ------------------------------------------------------------------------------------


def _spread(s: Any) -> dict[str, Any]:
    """Mean and spread of the networks' answers, neuron by neuron."""
    data, x = np.array(s.data), s.at[0]
    _, run = networks.trained(data, s.members, round(s.steps))
    said = []
    for row in run.parameters.tolist():
        w, b, v, c = row[:8], row[8:16], row[16:24], row[24]
        u = 1.5 * (x - 0.5)
        said.append(c + math.fsum(v[k] * math.tanh(w[k] * u + b[k]) for k in range(8)))
    gap = min(abs(x - at) for at, _ in s.data)
    if not all(math.isfinite(a) for a in said):
        return {"gap": gap}
    mean = math.fsum(said) / len(said)
    spread = math.sqrt(math.fsum((a - mean) ** 2 for a in said) / (len(said) - 1))
    return {"mean": mean, "spread": spread, "gap": gap}


def _answer(s: Mapping[str, Any]) -> dict[str, Any]:
    """A new measurement at the question, with the noise that the data have."""
    x = s["at"][0]
    true = mp.sin(6 * mp.mpf(x))
    return {"truth": true, "y": float(true) + Random(str(x)).gauss(0.0, 0.12)}


TRUTHS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "chains.walk": _walk,
    "chains.order": _order,
    "neurons.bend": _bend,
    "neurons.gate": _gate,
    "layers.fold": _fold,
    "layers.steps": _steps,
    "backprop.graph": _graph,
    "backprop.blame": _blame,
    "backprop.price": _price,
    "training.drawing": _drawing,
    "training.gradcheck": _gradcheck,
    "networks.spread": _spread,
    "networks.answer": _answer,
}
