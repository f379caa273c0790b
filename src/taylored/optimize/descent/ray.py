"""Whether a function falls without end along a ray, levels off towards a limit, or turns up."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isnan, log10

import numpy as np

from taylored.optimize.nlp import NonlinearProgram

__all__ = ["Runaway", "fate", "main_part", "rays"]

_LARGEST = 1e300
_STEADY = 0.9  # no decade falls by less than this share of what an earlier one did
_NOISE = 1e-12
_CLOSE = 1e-3  # decades
_DEEP = -1e150
_STILL = 4
_FAR, _RARER, _CURVED = 1e20, 1e3, 5
_NOT_FAR = 1e-3


def fate(value: Callable[[float], float], size: float) -> str:
    """What becomes of value(s) from s = 1 to as far as float64 goes.

    "falls": every decade of s lowers it by as much as those before, to the last; "levels": by
    less; "turns": it rises after having fallen; "rises": at once. `size` is that of the point
    at s = 1; where nothing is defined or allowed `value` is nan. Slow falls, such as that of
    -log(log(s)), count as levelling off: a few values do not tell them from 1/log(s).
    """
    shortest = log10(1.05)
    end, wall = log10(_LARGEST / max(size, 1.0)), inf
    place, before, fastest, step, levels, still = 0.0, value(1.0), 0.0, shortest, False, 0
    while min(end, wall) - place > _CLOSE:
        following = min(place + step, end)
        now = value(10.0**following)
        if isnan(now) or (now == -inf and place == 0.0):
            wall = following
            step = 0.5 * (wall - place)
            continue
        if now == -inf:  # overflow
            break
        fall, noise = before - now, _NOISE * max(abs(before), abs(now))
        if now == inf or fall < -noise:
            return "turns" if place > 0.0 else "rises"
        still = still + 1 if fall <= noise else 0
        if still >= _STILL:
            return "levels"
        rate = fall / (following - place)
        levels = levels or fall <= noise or rate < _STEADY * fastest
        fastest = max(fastest, rate)
        place, before = following, now
        step = min(max(place, shortest), 0.5 * (wall - place))
    else:
        if wall < inf and not before < _DEEP:  # not overflow
            return "turns" if place > 0.0 else "rises"
    return "levels" if levels else "falls"


class Runaway:
    """Asks, ever more rarely as a path goes on, whether it leads to infinity."""

    def __init__(self, x: np.ndarray, f: float, far: float):
        self.far = far * (1.0 + float(np.abs(x).max(initial=0.0)))
        self.deep = _FAR * max(1.0, abs(f))
        self.first = f
        self.suspected = False  # to be asked at once
        self._curved = 0
        self._turned = False

    def end(self, x: np.ndarray, f: float, fates: Callable[[], set[str]]) -> str:
        """ "unbounded", "stalled" where f levels off at infinity, or "" to go on.

        `fates` says what becomes of f along rays through x.
        """
        size = float(np.abs(x).max(initial=0.0))
        far = size > self.far and f <= self.first
        if not (far or f < -self.deep or self.suspected):
            return ""
        self.suspected = False
        deep = f < -self.deep
        self.far, self.deep = max(self.far, _RARER * size), max(self.deep, _RARER * abs(f))
        found = fates()
        if "falls" in found:
            return "unbounded"
        self._turned = self._turned or "turns" in found
        # A path that is no ray; a minimum would have ended so deep a fall.
        self._curved = self._curved + deep if found == {"rises"} else 0
        if self._curved >= _CURVED and not self._turned and x.size > 1:
            return "unbounded"
        return "stalled" if found == {"levels"} and size > _FAR else ""


def rays(program: NonlinearProgram, start: np.ndarray, x: np.ndarray) -> set[str]:
    """What becomes of f along the rays from 0 and from the start through x, without constraints."""
    found = set()
    for origin in (np.zeros_like(x), start):
        ray = main_part(x - origin)

        def value(s: float, ray: np.ndarray = ray) -> float:
            far = np.clip(x + (s - 1.0) * ray, program.lower, program.upper)
            return program.values(far)[0]

        found.add(fate(value, float(np.abs(ray).max(initial=0.0))))
    return found


def main_part(ray: np.ndarray) -> np.ndarray:
    """The ray in the variables that have gone far, the others kept where they are."""
    return np.where(np.abs(ray) < _NOT_FAR * np.abs(ray).max(initial=0.0), 0.0, ray)
