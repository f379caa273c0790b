"""Pits of several kinds, with slopes and curvatures written out, and rules that walk down.

In turned and shifted coordinates u, v every pit is

    f = p*u^2/2 + q*(v - r*u^2)^2/2 + s*cos(k*u) + t*u^4/4

A bowl has r = s = t = 0; r > 0 bends it into a curved valley; p < 0 < t makes two pits with a
saddle between them; s > 0 adds ripples. All numbers may be arrays: then they are many pits at once.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from random import Random
from typing import Any

import numpy as np

__all__ = ["KINDS", "RULES", "Pit", "arrived", "many", "pit", "stacked", "start", "walk"]

_REACH = 0.6  # the longest guarded step
_FLAT = 1e-6  # a slope below it counts as the bottom
KINDS = ("bowl", "curved valley", "two pits", "ripples")


@dataclass(frozen=True)
class Pit:
    """The numbers of a pit; `turn` is the angle of u against x, u = v = 0 is at `x0`, `y0`."""

    p: Any
    q: Any
    r: Any = 0.0
    s: Any = 0.0
    k: Any = 1.0
    t: Any = 0.0
    turn: Any = 0.0
    x0: Any = 0.0
    y0: Any = 0.0

    def _turned(self, x: Any, y: Any) -> tuple[Any, Any, Any, Any]:
        c, d = np.cos(self.turn), np.sin(self.turn)
        x, y = x - self.x0, y - self.y0
        return c, d, c * x + d * y, c * y - d * x

    def value(self, x: Any, y: Any) -> Any:
        """f."""
        _, _, u, v = self._turned(x, y)
        w = v - self.r * u * u
        return (0.5 * self.p * u * u + 0.5 * self.q * w * w + self.s * np.cos(self.k * u)
                + 0.25 * self.t * u**4)  # fmt: skip

    def gradient(self, x: Any, y: Any) -> tuple[Any, Any]:
        """df/dx and df/dy."""
        c, d, u, v = self._turned(x, y)
        w = v - self.r * u * u
        gv = self.q * w
        gu = (self.p * u - 2 * self.r * u * gv - self.s * self.k * np.sin(self.k * u)
              + self.t * u**3)  # fmt: skip
        return c * gu - d * gv, d * gu + c * gv

    def hessian(self, x: Any, y: Any) -> tuple[Any, Any, Any]:
        """d2f/dx2, d2f/dxdy and d2f/dy2."""
        c, d, u, v = self._turned(x, y)
        w = v - self.r * u * u
        uu = (self.p - 2 * self.q * self.r * w + 4 * self.q * (self.r * u) ** 2
              - self.s * self.k**2 * np.cos(self.k * u) + 3 * self.t * u * u)  # fmt: skip
        uv, vv = -2 * self.q * self.r * u, self.q
        return (c * c * uu - 2 * c * d * uv + d * d * vv,
                c * d * (uu - vv) + (c * c - d * d) * uv,
                d * d * uu + 2 * c * d * uv + c * c * vv)  # fmt: skip

    def formula(self) -> str:
        """f as text, for the library: what is zero is left out."""
        u, v = self._axes()
        bend = f" - {self.r!r}*{u}^2" if self.r else ""
        terms = [f"{0.5 * self.p!r}*{u}^2", f"{0.5 * self.q!r}*({v}{bend})^2"]
        if self.s:
            terms.append(f"{self.s!r}*cos({self.k!r}*{u})")
        if self.t:
            terms.append(f"{0.25 * self.t!r}*{u}^4")
        return " + ".join(terms)

    def _axes(self) -> tuple[str, str]:
        """u and v as text."""
        x = f"(x - ({self.x0!r}))" if self.x0 else "x"
        y = f"(y - ({self.y0!r}))" if self.y0 else "y"
        if not self.turn:
            return x, y
        c, d = float(np.cos(self.turn)), float(np.sin(self.turn))
        return f"({c!r}*{x} + {d!r}*{y})", f"({c!r}*{y} - {d!r}*{x})"


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in values.items()}


def pit(kind: str, rng: Random) -> Pit:
    """A random pit of a kind."""
    numbers = {"turn": rng.uniform(0, 3.1), "x0": rng.uniform(-0.5, 0.5),
               "y0": rng.uniform(-0.5, 0.5)}  # fmt: skip
    if kind == "bowl":
        numbers |= {"p": rng.uniform(0.2, 1.0), "q": rng.uniform(2.0, 12.0)}
    elif kind == "curved valley":
        numbers |= {"p": rng.uniform(0.3, 1.0), "q": rng.uniform(3.0, 9.0),
                    "r": rng.uniform(0.3, 0.6)}  # fmt: skip
    elif kind == "two pits":
        numbers |= {"p": -rng.uniform(0.8, 1.6), "q": rng.uniform(1.0, 4.0),
                    "t": rng.uniform(0.5, 1.0)}  # fmt: skip
    else:
        numbers |= {"p": rng.uniform(0.5, 0.9), "q": rng.uniform(1.0, 3.0),
                    "s": rng.uniform(0.25, 0.4), "k": rng.uniform(2.5, 3.5)}  # fmt: skip
    return Pit(**_rounded(numbers))


def start(rng: Random, of: Pit) -> tuple[float, float]:
    """A start at a distance of 1.2 to 2.2 from the middle of a pit."""
    far, angle = rng.uniform(1.2, 2.2), rng.uniform(0, 6.28)
    return (round(of.x0 + far * float(np.cos(angle)), 3),
            round(of.y0 + far * float(np.sin(angle)), 3))  # fmt: skip


def many(seed: int, count: int, kinds: tuple[str, ...] = KINDS) -> list[tuple[Pit, float, float]]:
    """Pits of the kinds in turn, each with a start."""
    rng = Random(f"pits:{seed}")
    made = []
    for k in range(count):
        one = pit(kinds[k % len(kinds)], rng)
        made.append((one, *start(rng, one)))
    return made


def stacked(pits: list[tuple[Pit, float, float]]) -> tuple[Pit, np.ndarray, np.ndarray]:
    """Many pits as one pit of arrays, and their starts."""
    numbers = {f.name: np.array([getattr(p, f.name) for p, _, _ in pits]) for f in fields(Pit)}
    return Pit(**numbers), np.array([x for _, x, _ in pits]), np.array([y for _, _, y in pits])


# ---- rules: the step from a place ----


def _gradient_step(of: Pit, x: Any, y: Any, rate: float) -> tuple[Any, Any]:
    gx, gy = of.gradient(x, y)
    return -rate * gx, -rate * gy


def _newton_step(of: Pit, x: Any, y: Any, _rate: float) -> tuple[Any, Any]:
    return _level_point(of.gradient(x, y), of.hessian(x, y))


def _level_point(g: tuple[Any, Any], h: tuple[Any, Any, Any]) -> tuple[Any, Any]:
    """The step to where the quadratic model is level, from gradient and Hessian."""
    (gx, gy), (a, b, d) = g, h
    det = a * d - b * b
    with np.errstate(all="ignore"):
        return (b * gy - d * gx) / det, (b * gx - a * gy) / det


def _guarded_step(of: Pit, x: Any, y: Any, _rate: float) -> tuple[Any, Any]:
    """Newton where all curvatures are positive, else downhill; never longer than `_REACH`."""
    (gx, gy), (a, b, d) = g, h = of.gradient(x, y), of.hessian(x, y)
    good = (a > 0) & (a * d - b * b > 0)
    nx, ny = _level_point(g, h)
    steep = np.hypot(gx, gy) + 1e-300
    sx, sy = np.where(good, nx, -_REACH * gx / steep), np.where(good, ny, -_REACH * gy / steep)
    size = np.hypot(sx, sy)
    factor = np.where(size > _REACH, _REACH / (size + 1e-300), 1.0)
    return sx * factor, sy * factor


RULES = {"gradient": _gradient_step, "Newton": _newton_step, "guarded": _guarded_step}


def arrived(of: Pit, x: Any, y: Any) -> Any:
    """Whether a point is the bottom of a pit: level there, and bent upwards in every direction."""
    gx, gy = of.gradient(x, y)
    a, b, d = of.hessian(x, y)
    return (np.hypot(gx, gy) < _FLAT) & (a > 0) & (a * d - b * b > 0)


def walk(of: Pit, x: Any, y: Any, rule: str, *, rate: float = 0.1, steps: int = 60) -> np.ndarray:
    """(steps + 1, 2, ...) the points of a walk by a rule."""
    path = [np.array([x, y])]
    take = RULES[rule]
    with np.errstate(all="ignore"):
        for _ in range(steps):
            dx, dy = take(of, x, y, rate)
            x, y = np.clip(x + dx, -1e6, 1e6), np.clip(y + dy, -1e6, 1e6)
            path.append(np.array([x, y]))
    return np.array(path)
