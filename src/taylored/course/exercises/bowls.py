"""Mistakes of 4F that are seen in one of the two branches, whatever the sizes in it are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from taylored.course.checking import Case, Parameters, Wrong
from taylored.course.checking.terms import any_of
from taylored.course.exercises.downhill import SHARED, along, bent, newtons

__all__ = ["BOWLS", "climbs", "fixed_length"]

_NEAR = 0.9999  # cosine of two steps along the same way
Feature = Callable[[np.ndarray, np.ndarray, np.ndarray, float], Any]


def _equal(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.allclose(one, other, rtol=1e-5, atol=1e-7))


def _arrays(cases: list[Case], outputs: list[Any]) -> tuple[np.ndarray, ...] | None:
    """Steps, gradients and Hessians; None where a step has not two numbers."""
    try:
        s = np.array([np.asarray(o, dtype=float).ravel() for o in outputs])
    except (TypeError, ValueError):
        return None
    if s.shape != (len(cases), 2) or not np.isfinite(s).all():
        return None
    g, h = (np.array([case[k] for case in cases], dtype=float) for k in range(2))
    return s, g, h


def _seen(feature: Feature, bowls: bool | None = None) -> Callable[..., bool]:
    """For `Wrong.when`: a feature of steps, gradients, Hessians and rate.

    `bowls`: looked for in bowls only, or elsewhere only, where the other branch is right.
    """

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        arrays = _arrays(cases, outputs)
        if arrays is None:
            return False
        s, g, h = arrays
        if bowls is None:
            return bool(feature(s, g, h, p.rate))
        here = bent(h) == bowls
        right = -p.rate * g if bowls else newtons(g, h)
        if not _equal(s[~here], right[~here]):
            return False
        with np.errstate(all="ignore"):
            return bool(feature(s[here], g[here], h[here], p.rate))

    return when


def _each(make: Callable[[np.ndarray, np.ndarray], Any]) -> Feature:
    """Whether all steps lie along a formula of g and H, forward or backward."""

    def feature(s: np.ndarray, g: np.ndarray, h: np.ndarray, rate: float) -> bool:
        way = np.array([make(u, m) for u, m in zip(g, h, strict=True)])
        return bool(np.all(np.abs(along(s, way)) > _NEAR))

    return feature


def _factors(s: np.ndarray, way: np.ndarray) -> np.ndarray:
    """By what each step is longer than another along which it lies; nan if it does not."""
    longer = np.linalg.norm(s, axis=1) / np.linalg.norm(way, axis=1)
    return np.where(along(s, way) > _NEAR, longer, np.nan)


def _same_factor(s: np.ndarray, way: np.ndarray) -> bool:
    found = _factors(s, way)
    return bool(np.isfinite(found).all() and np.ptp(found) < 1e-5 * found.max())


def _long(s: np.ndarray, g: np.ndarray, h: np.ndarray, rate: float) -> bool:
    newton = newtons(g, h)
    return _same_factor(s, newton) and bool(_factors(s, newton)[0] > 1.001)


def _of_length(s: np.ndarray, g: np.ndarray, h: np.ndarray, rate: float) -> bool:
    sizes = np.linalg.norm(s, axis=1)
    return bool(np.all(along(s, -g) > _NEAR) and np.ptp(sizes) < 1e-5 * sizes.max())


fixed_length = _seen(_of_length, bowls=False)
climbs = _seen(lambda s, g, h, rate: _same_factor(s, g), bowls=False)


def _chosen(s: np.ndarray, g: np.ndarray, h: np.ndarray, rate: float) -> np.ndarray | None:
    """Where Newton's step was taken; None where something was neither of the two steps."""
    newton, down = (
        np.array([np.allclose(*pair, rtol=1e-5, atol=1e-7) for pair in zip(s, step, strict=True)])
        for step in (newtons(g, h), -rate * g)
    )
    return newton if bool(np.logical_or(newton, down).all()) else None


_OF_GRADIENT: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda g: g[:, 0] > 0,
    lambda g: g[:, 1] > 0,
    lambda g: np.all(g > 0, axis=1),
    lambda g: np.any(g > 0, axis=1),
    lambda g: g.sum(axis=1) > 0,
    lambda g: g.prod(axis=1) > 0,
    lambda g: np.abs(g[:, 0]) > np.abs(g[:, 1]),
)


def _of_gradient(s: np.ndarray, g: np.ndarray, h: np.ndarray, rate: float) -> bool:
    """Whether the branch was chosen by signs of the gradient, or by its length."""
    taken = _chosen(s, g, h, rate)
    if taken is None or taken.all() or not taken[~bent(h)].any():
        return False
    if any(np.array_equal(taken, t(g)) or np.array_equal(taken, ~t(g)) for t in _OF_GRADIENT):
        return True
    sizes = np.linalg.norm(g, axis=1)
    return bool(
        sizes[taken].min() > sizes[~taken].max() or sizes[taken].max() < sizes[~taken].min()
    )


def _swapped(s: np.ndarray, g: np.ndarray, h: np.ndarray, rate: float) -> bool:
    up, newton, back = bent(h), newtons(g, h), s[:, ::-1]
    return _equal(back[up], newton[up]) or _equal(back[~up], -rate * g[~up])


def _point(s: np.ndarray, g: np.ndarray, h: np.ndarray, rate: float) -> bool:
    """Something has been added to a right step: the gradient itself."""
    right = np.where(bent(h)[:, None], newtons(g, h), -rate * g)
    return _equal(s, right + g) or _equal(s, right - g)


BOWLS = [
    Wrong(
        name="Something is added to both steps",
        when=_seen(_point),
        hint="Your result is the right step with the gradient added to it, or taken away. Perhaps "
        "you have in mind the new point, which is the old point plus the step: old plus step is "
        "the line that stands in the loop. But the function is asked for the step alone, and it "
        "is not told where it stands. The gradient g is not a place; it says how steep the "
        "ground is there. So nothing has to be added to what Newton's equation gives, nor to "
        "minus the rate times g. Look at the two return lines, and leave in each of them only "
        "the step itself.",
    ),
    Wrong(
        name="The test looks at the gradient",
        when=_seen(_of_gradient),
        hint="Both steps are right, but which of them is taken is decided by the gradient. The "
        "gradient tells which way the ground falls and how steeply. It says nothing about how "
        "the ground is bent: a slope to the right is found in a bowl, on a saddle and on a "
        "summit, and so is a slope to the left, a steep one and a gentle one. Bending is the "
        "affair of the second derivatives, which are in H. Ask H for its curvatures: these are "
        "its eigenvalues, np.linalg.eigvalsh(H), the smallest one first. If all of them are "
        "positive the ground is a bowl, whatever the slope.",
    ),
    Wrong(
        name="The components dx and dy are exchanged",
        when=_seen(_swapped),
        hint=SHARED["swapped"],
    ),
    Wrong(
        name="The fall-back has another rate",
        when=_seen(lambda s, g, h, rate: _same_factor(s, -g), bowls=False),
        hint="The test and Newton's step are right, and your fall-back goes straight downhill. "
        "But its rate is not the one of the exercise: the step is another multiple of the "
        "gradient. Perhaps you have divided by the rate where you should multiply, or a number "
        "from the lesson is still in your code, or a factor such as one half or a tenth stands "
        "there once more. A rate of one fifth means a step of one fifth of the gradient's "
        "length, with the sign changed. Divide the first number of your step, for the input "
        "shown above, by the first number of the gradient, and compare the quotient with the "
        "text.",
    ),
    Wrong(
        name="The slope's length is counted otherwise in the fall-back",
        when=_seen(lambda s, g, h, rate: bool(np.all(along(s, -g) > _NEAR)), bowls=False),
        hint="The test and Newton's step are right, and the fall-back goes against the gradient. "
        "But its length does not grow with the slope as it should: it is not the same share of "
        "the gradient at all inputs. Perhaps you divide by the square of the gradient's length, "
        "or multiply by the length once more, or cut long steps. Some of this is sensible in "
        "other rules. Here it is asked for the simplest one, where twice the slope means twice "
        "the step. Both components of the gradient are multiplied by the same number, minus the "
        "rate, and by nothing else. Compare with the input shown above.",
    ),
    Wrong(
        name="The fall-back uses the Hessian",
        when=any_of(
            _seen(_each(lambda g, h: np.linalg.solve(h, g)), bowls=False),
            _seen(_each(lambda g, h: h @ g), bowls=False),
            _seen(_each(lambda g, h: g / np.diag(h)), bowls=False),
        ),
        hint="In bowls all is right. Elsewhere you return a step that is still made with H: "
        "Newton's step times a number, or H times the gradient. But the fall-back is there "
        "because H cannot be trusted at such a place. Newton's step leads to a saddle or a "
        "summit, and if it is made shorter it leads to the same place. A product with H turns "
        "the sign of the step wherever the curvature is negative. Steepest descent needs the "
        "gradient alone: it goes against g, and its length is the rate times the length of g. "
        "Look at the last line, and leave H out of it.",
    ),
    Wrong(
        name="The gradient is missing in the fall-back",
        when=_seen(lambda s, g, h, rate: _equal(s, np.broadcast_to(s[0], s.shape)), bowls=False),
        hint="In bowls all is right. Elsewhere you return the same two numbers each time, "
        "whatever the slope. So the walker goes in one fixed direction there, whether the ground "
        "falls that way or rises. Steepest descent has to know where down is, and that is what "
        "the gradient says: it points where the ground rises most steeply. Take it with its sign "
        "changed and multiply it by the rate; both components then follow the slope. Perhaps "
        "the rate alone was returned, or an array of ones was meant as a placeholder. Compute "
        "the last line by hand for two inputs: it must come out differently.",
    ),
    Wrong(
        name="The slope is divided by one number",
        when=_seen(_each(lambda g, h: g), bowls=True),
        hint=SHARED["one"],
    ),
    Wrong(
        name="The eigenvalues are not the curvatures along x and y",
        when=any_of(
            _seen(_each(lambda g, h: g / np.linalg.eigvalsh(h)), bowls=True),
            _seen(_each(lambda g, h: g / np.linalg.eigvalsh(h)[::-1]), bowls=True),
        ),
        hint=SHARED["eigenvalues"],
    ),
    Wrong(
        name="The division is entry by entry",
        when=any_of(
            _seen(_each(lambda g, h: (1 / h) @ g), bowls=True),
            _seen(_each(lambda g, h: g / (h @ g)), bowls=True),
            _seen(_each(lambda g, h: 1 / g), bowls=True),
        ),
        hint=SHARED["entry"],
    ),
    Wrong(
        name="Newton's step is made longer",
        when=_seen(_long, bowls=True),
        hint=SHARED["long"],
    ),
    Wrong(
        name="Both steps are added",
        when=any_of(
            _seen(lambda s, g, h, r: _equal(s, newtons(g, h) - r * g), bowls=True),
            _seen(lambda s, g, h, r: _equal(s, newtons(g, h) - r * g), bowls=False),
            _seen(lambda s, g, h, r: _equal(s, newtons(g, h) - r * g)),
        ),
        hint=SHARED["both"],
    ),
    Wrong(
        name="Newton's step is not taken at its full length",
        vague=True,
        when=_seen(lambda s, g, h, rate: np.all(along(s, newtons(g, h)) > _NEAR), bowls=True),
        hint="The test is right and so is the fall-back. In bowls your step has the direction of "
        "Newton's and another length: a half of it, say, or a fixed one. It looks careful. "
        "But Newton's step is not a direction for which a length has to be chosen: it is "
        "slope over curvature, which is a length already, and it ends at the bottom of the "
        "model. A part of it stops short of that, and "
        "near the true bottom each step then leaves a fixed share of the distance behind, where "
        "the whole one would double the right digits. To check your step, multiply it by H and "
        "add g. What comes out should be zero in both entries.",
    ),
]
