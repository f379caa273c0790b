"""One-sided and central differences with error bars, by extrapolation over many steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Slopes", "slopes"]

_LEVELS = 12  # steps in a window, each half the one before
_ORDERS = 9
_PROBES = 2.0 ** -np.array([20.0, 28.0, 36.0, 44.0])
_CLEAR = 1e-3
_GOOD = 1e-9  # relative: no further steps are tried once every bar is below


@dataclass
class Slopes:
    """(outputs,) slopes along one direction on the right, on the left, and of both, with bars.

    `noisy` says where rounding, and not the function's shape, widens the bar; `jump` is the
    largest of the sudden changes on either side, 0 where there is none; `steep` says where slopes
    grow without end; `typical` is the slope of the longest step; `moved` says whether the function
    changed at all.
    """

    right: np.ndarray
    right_bar: np.ndarray
    left: np.ndarray
    left_bar: np.ndarray
    central: np.ndarray
    central_bar: np.ndarray
    noisy: np.ndarray
    jump: np.ndarray
    steep: np.ndarray
    typical: np.ndarray
    moved: np.ndarray


class _Best:
    """The estimate with the narrowest bar so far, per output."""

    def __init__(self, count: int):
        self.value = np.full(count, np.nan)
        self.bar = np.full(count, np.inf)

    def offer(self, value: np.ndarray, bar: np.ndarray) -> None:
        better = bar < self.bar
        self.value[better], self.bar[better] = value[better], bar[better]

    def agrees(self, other: _Best) -> np.ndarray:
        """Whether another estimate does not contradict this one."""
        with np.errstate(all="ignore"):
            return ~(np.abs(self.value - other.value) > 2 * (self.bar + other.bar))


@dataclass(frozen=True, slots=True)
class _Probe:
    """Plain differences at much shorter steps: what an estimate must agree with.

    A function that is flat beyond some size looks so at all longer steps.
    """

    steps: np.ndarray
    slopes: np.ndarray
    noise: np.ndarray

    def allows(self, best: _Best, rough: np.ndarray, step: float) -> np.ndarray:
        """Whether estimates from steps down to `step`, where the slope was `rough`, may hold."""
        fine = np.ones(best.value.size, bool)
        with np.errstate(all="ignore"):
            for t, slope, noise in zip(self.steps, self.slopes, self.noise, strict=True):
                if t >= step:
                    continue
                bend = np.abs(rough - best.value) * (t / step)
                room = 2 * noise + best.bar + 4 * bend + 1e-12 * np.abs(best.value)
                fine &= ~(np.abs(slope - best.value) > room)
        return fine


def slopes(
    phi: Callable[[float], np.ndarray],
    here: np.ndarray,
    noise: Callable[[np.ndarray], np.ndarray],
    windows: Sequence[int],
    drift: Callable[[float], np.ndarray] | None = None,
) -> Slopes:
    """Slopes of `phi` at 0 on both sides.

    Args:
        phi: t -> (outputs,) values along the direction; nan where it is not defined.
        here: phi(0).
        noise: (outputs,) values -> the rounding error that each may hold.
        windows: first exponents of the steps 2**-k; later ones are tried where bars are wide.
        drift: t -> what inexact steps add to the error.
    """
    own = noise(here)

    def sampled(steps: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Right, left and central slopes, and their noise."""
        up, down = (np.array([phi(s * t) for t in steps]) for s in (1.0, -1.0))
        extra = np.array([drift(t) for t in steps]) if drift else 0.0
        right, left = (noise(v) + extra for v in (up, down))
        t = steps[:, None]
        with np.errstate(all="ignore"):
            return [((up - here) / t, (right + own) / t), ((here - down) / t, (left + own) / t),
                    ((up - down) / (2 * t), (right + left) / (2 * t))]  # fmt: skip

    probes = [_Probe(_PROBES, *found) for found in sampled(_PROBES)]
    best = [_Best(here.size) for _ in range(3)]
    ends = []
    for first in windows:
        steps = 2.0 ** -np.arange(first, first + _LEVELS)
        tables = sampled(steps)
        for k, (rough, floor) in enumerate(tables):
            own_best = _Best(here.size)
            _extrapolate(rough, floor, 4.0 if k == 2 else 2.0, own_best)
            allowed = probes[k].allows(own_best, rough[-1], steps[-1])
            if first < windows[0]:
                # Over long steps any bounded function looks flat: only what stands out counts.
                allowed &= own_best.bar < _CLEAR * np.abs(own_best.value)
                allowed &= best[k].agrees(own_best)
            best[k].offer(own_best.value, np.where(allowed, own_best.bar, np.inf))
        ends.append((steps, tables))
        if _settled(best, own):
            break
    right, left, both = best
    jump, steep = _sudden(ends, own, best)
    finest = min(ends, key=lambda e: e[0][-1])[1]
    floor = np.minimum(finest[0][1][-1], finest[1][1][-1])
    noisy = ~(floor <= 0.1 * np.minimum(right.bar, left.bar))
    moved = np.any([np.any(slope != 0, axis=0) for _, ts in ends for slope, _ in ts], axis=0)
    typical = np.nan_to_num(np.max([np.abs(table[0][0]) for table in ends[0][1]], axis=0))
    return Slopes(right.value, right.bar, left.value, left.bar, both.value, both.bar,
                  noisy, jump, steep, typical, moved)  # fmt: skip


def _settled(best: Sequence[_Best], own: np.ndarray) -> bool:
    return all(np.all(b.bar <= np.maximum(_GOOD * np.abs(b.value), 256 * own)) for b in best)


def _extrapolate(rough: np.ndarray, noise: np.ndarray, ratio: float, best: _Best) -> None:
    """Richardson's table of differences at halved steps; its best entries are offered."""
    before, before_noise = rough, noise
    factor = 1.0
    with np.errstate(all="ignore"):
        for _ in range(min(_ORDERS, len(rough) - 1)):
            factor *= ratio
            after = before[1:] + (before[1:] - before[:-1]) / (factor - 1)
            after_noise = (factor * before_noise[1:] + before_noise[:-1]) / (factor - 1)
            gap = np.maximum(np.abs(after - before[1:]), np.abs(after - before[:-1]))
            for value, bar in zip(after, gap + after_noise, strict=True):
                best.offer(value, np.where(np.isfinite(value), bar, np.inf))
            before, before_noise = after, after_noise


def _sudden(
    ends: list[tuple], own: np.ndarray, best: Sequence[_Best]
) -> tuple[np.ndarray, np.ndarray]:
    """Jumps: a change that small steps do not make small; and slopes that grow without end."""
    jump, steep = np.zeros(own.size), np.zeros(own.size, bool)
    steps, tables = min(ends, key=lambda e: e[0][-1])
    for (slope, _), side in zip(tables[:2], best[:2], strict=True):
        with np.errstate(all="ignore"):
            change = np.abs(slope) * steps[:, None]
            near, far = change[-1], change[0]
            open_ = ~(side.bar <= 1e-3 * np.abs(side.value))
            sure = near > 1e3 * own + 1e-300
            leaps = open_ & sure & (near > 0.7 * far) & (far > 0)
            jump = np.where(leaps, np.fmax(jump, near), jump)
            size = np.abs(slope)
            climbs = open_ & sure & ~leaps & np.all(size[1:] > size[:-1], axis=0)
            steep |= climbs & (size[-1] > 1.1 * size[0])
    return jump, steep
