"""What a function does far from the mean: places where it is not defined, poles, heavy tails.

Looked for along lines through the mean: the inputs, the gradient, the curvature, some at random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taylored.series.moments import Quadratic
from taylored.series.smoothness import REACH
from taylored.series.standardized import Standardized

__all__ = ["FAR", "UNSEEN", "Tails", "tails"]

UNSEEN = 4.75  # standard deviations that a sample of a million hardly reaches
FAR = 5.0  # beyond, that inputs are normal is seldom more than an assumption
_END = 8.5
_MOST_AXES, _RANDOM = 24, 6
_PEAKS, _ROUNDS, _ZOOM = 3, 9, 10
_POLE = 1e3  # growth of |f| toward a place in steps down to 1e-9 that only a pole has


@dataclass(frozen=True, eq=False)
class Tails:
    """What was met along the lines; squares and sizes are in units of the scale.

    `undefined` and `pole`: the standard normals of the nearest such place, within 6 and 8.5
    standard deviations, or None. `unseen`, `far` (outputs,): the most of the mean square that lies
    beyond 4.75 and 5 standard deviations; `shift` of the mean. `growing`: the square times the
    density grows outward.
    """

    undefined: np.ndarray | None
    pole: np.ndarray | None
    unseen: np.ndarray
    far: np.ndarray
    shift: np.ndarray
    growing: np.ndarray


def tails(of: Standardized, control: Quadratic | None, suspects: np.ndarray, seed: int) -> Tails:
    """Look along the lines."""
    lines = _lines(of, control, suspects, seed)
    step = 1.0 / 32 if of.directions <= 64 else 1.0 / 8
    # Off round numbers, at which functions may be undefined in a single point.
    t = np.arange(-_END, _END + step / 2, step) + step / np.pi
    outputs = of.target.outputs
    unseen, far, shift = np.zeros(outputs), np.zeros(outputs), np.zeros(outputs)
    growing = np.zeros(outputs, bool)
    undefined: list[tuple[float, np.ndarray]] = []
    peaks: list[tuple[float, float, np.ndarray]] = []
    for line in lines:
        found = of.differences(t[:, None] * line)
        bad = ~np.isfinite(found).all(axis=1)
        if np.any(bad & (np.abs(t) <= REACH)):
            nearest = float(t[bad][np.argmin(np.abs(t[bad]))])
            undefined.append((abs(nearest), _edge(of, line, nearest, step)))
            continue
        found = np.where(np.isfinite(found) & (np.abs(found) > 4 * of.noise), found, 0.0)
        weight = np.exp(-0.5 * t * t) / np.sqrt(2 * np.pi) * step
        square = found**2 * weight[:, None]
        unseen = np.maximum(unseen, square[np.abs(t) > UNSEEN].sum(axis=0))
        far = np.maximum(far, square[np.abs(t) > FAR].sum(axis=0))
        out = np.abs(t) > UNSEEN
        shift = np.maximum(shift, np.abs((found * weight[:, None])[out].sum(axis=0)))
        growing |= _grows(t, square)
        peaks += [(k, t[k], line) for k in _peaks(np.abs(found).max(axis=1), t)]
    place = min(undefined, key=lambda u: u[0])[1] if undefined else None
    pole = _pole(of, peaks, step) if peaks else None
    return Tails(place, pole, unseen, far, shift, growing)


def _grows(t: np.ndarray, square: np.ndarray) -> np.ndarray:
    """Whether more lies between 7.5 and 8.5 than between 5 and 6 standard deviations."""
    size = np.abs(t)
    outer = square[(size >= 7.5)].sum(axis=0)
    inner = square[(size >= 5.0) & (size < 6.0)].sum(axis=0)
    return (outer > inner) & (outer > 1e-12)


def _lines(
    of: Standardized, control: Quadratic | None, suspects: np.ndarray, seed: int
) -> np.ndarray:
    """Unit vectors (lines, directions)."""
    count = of.directions
    if count == 1:
        return np.ones((1, 1))
    rng = np.random.default_rng([seed, 17])
    made = [rng.standard_normal((_RANDOM, count)), suspects]
    axes = np.arange(count)
    if of.slopes is not None:
        made.append(np.linalg.svd(of.slopes, full_matrices=False)[2][:3])
        axes = np.argsort(-np.abs(of.slopes).max(axis=0), kind="stable")
    most = _MOST_AXES if count <= 64 else 4
    chosen = np.sort(axes[:most])
    unit = np.zeros((len(chosen), count))
    unit[np.arange(len(chosen)), chosen] = 1.0
    made.append(unit)
    if control is not None and control.hessian is not None:
        for matrix in control.hessian[:3]:
            made.append(np.linalg.eigh(matrix)[1].T[[0, -1]])
    lines = np.concatenate(made)
    size = np.linalg.norm(lines, axis=1)
    return lines[size > 1e-9] / size[size > 1e-9, None]


def _edge(of: Standardized, line: np.ndarray, bad: float, step: float) -> np.ndarray:
    """Where on the line f ceases to be defined."""
    good = bad - np.sign(bad) * step
    for _ in range(30):
        middle = 0.5 * (good + bad)
        if np.all(np.isfinite(of.differences((middle * line)[None]))):
            good = middle
        else:
            bad = middle
    return bad * line


def _peaks(size: np.ndarray, t: np.ndarray) -> list[int]:
    """The places of the largest local maxima within reach."""
    inner = np.arange(1, len(t) - 1)
    top = (size[inner] >= size[inner - 1]) & (size[inner] >= size[inner + 1])
    top &= size[inner] > 0
    found = inner[top]
    return list(found[np.argsort(-size[found], kind="stable")][:_PEAKS])


def _pole(of: Standardized, peaks: list, step: float) -> np.ndarray | None:
    """The nearest of the peaks toward which |f| grows without end, as far as can be told."""
    at = np.array([p[1] for p in peaks])
    lines = np.stack([p[2] for p in peaks])
    offsets = np.linspace(-1.0, 1.0, 2 * _ZOOM + 1) + 0.1 / (np.pi * _ZOOM)
    width, size = step, np.zeros(len(at))
    first: np.ndarray | None = None
    for _ in range(_ROUNDS):
        t = at[:, None] + width * offsets
        z = (t[:, :, None] * lines[:, None, :]).reshape(-1, lines.shape[1])
        with np.errstate(invalid="ignore"):
            found = np.abs(of.differences(z)).max(axis=1).reshape(t.shape)
        found = np.where(np.isnan(found), 0.0, found)
        best = found.argmax(axis=1)
        size = found[np.arange(len(at)), best]
        if first is None:
            first = size
        at = t[np.arange(len(at)), best]
        width /= _ZOOM
    assert first is not None
    with np.errstate(invalid="ignore"):
        poles = size > _POLE * np.maximum(first, 1e-3)
    if not poles.any():
        return None
    nearest = np.flatnonzero(poles)[np.argmin(np.abs(at[poles]))]
    return at[nearest] * lines[nearest]
