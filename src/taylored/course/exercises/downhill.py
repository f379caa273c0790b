"""The game of 4E, and what a rule gives itself away by in the first steps that it takes.

The hints in SHARED are said in 4F as well, where the same slips are made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Parameters, Wrong
from taylored.course.checking.terms import any_of
from taylored.course.figures.landscapes import KINDS, Pit, arrived, pit, start

__all__ = [
    "DOWNHILL",
    "MOST",
    "SHARED",
    "along",
    "along_all",
    "bent",
    "firsts",
    "local",
    "made",
    "newtons",
]
__all__ += ["play"]

MOST = 40  # steps


@lru_cache(maxsize=4096)
def made(number: int) -> tuple[Pit, float, float]:
    """The pit with this number, and where the walk begins."""
    rng = Random(f"4E:{number}")
    of = pit(KINDS[number % 4], rng)
    return (of, *start(rng, of))


def play(function: Callable[..., Any], p: Parameters, cases: Sequence[Case]) -> list[list[float]]:
    """A row for each pit."""
    return [_row(function, *made(int(case[0]))) for case in cases]


def _row(function: Callable[..., Any], of: Pit, x: float, y: float) -> list[float]:
    first: tuple[float, float] | None = None
    top = float(of.value(x, y))
    for taken in range(MOST + 1):
        g, h = local(of, x, y)
        if arrived(of, x, y) or taken == MOST:
            break
        dx, dy = _stepped(function(float(of.value(x, y)), g, h))
        first = first or (dx, dy)
        x, y = x + dx, y + dy
        if not abs(x) + abs(y) < 1e6:
            return [0.0, float(MOST), *first, -1e9]
    fall = top - float(of.value(x, y))
    return [float(arrived(of, x, y)), float(taken), *(first or (0.0, 0.0)), fall]


def local(of: Pit, x: float, y: float) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Hessian at a place."""
    a, b, d = of.hessian(x, y)
    return np.array(of.gradient(x, y), dtype=float), np.array([[a, b], [b, d]], dtype=float)


def _stepped(answer: Any) -> tuple[float, float]:
    """The two numbers that a rule returned."""
    if answer is None:
        raise ValueError("next_step returned None: is `return` missing?")
    step = np.asarray(answer, dtype=float).ravel()
    if step.size != 2:
        raise ValueError(f"next_step must return two numbers, dx and dy; it returned {step.size}")
    return float(step[0]), float(step[1])


Slopes = tuple[np.ndarray, np.ndarray, np.ndarray]  # first steps, gradients, Hessians


def firsts(cases: list[Case], outputs: list[Any]) -> Slopes:
    """First steps, with gradient and Hessian where they are taken."""
    under = [local(*made(int(case[0]))) for case in cases]
    return (np.array(outputs, dtype=float)[:, 2:4], np.array([g for g, _ in under]),
            np.array([h for _, h in under]))  # fmt: skip


def along(steps: np.ndarray, way: np.ndarray) -> np.ndarray:
    """The cosine between each step and a direction."""
    size = np.linalg.norm(steps, axis=1) * np.linalg.norm(way, axis=1)
    return (steps * way).sum(axis=1) / np.maximum(size, 1e-300)


def newtons(g: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Newton's step for each gradient and Hessian."""
    return -np.linalg.solve(h, g[:, :, None])[:, :, 0]


def bent(h: np.ndarray) -> np.ndarray:
    """Where the ground is bent upwards in every direction."""
    return np.linalg.eigvalsh(h)[:, 0] > 0


_NEAR = 0.9999  # cosine of two steps along the same way


def _sees(feature: Callable[[np.ndarray, np.ndarray, np.ndarray], Any]) -> Callable[..., bool]:
    """For `Wrong.when`: a feature of first steps, gradients and Hessians."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        with np.errstate(all="ignore"):
            return bool(feature(*firsts(cases, outputs)))

    return when


def along_all(make: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[..., bool]:
    """Whether all first steps lie along those of a formula, forward or all backward."""

    def feature(s: np.ndarray, g: np.ndarray, h: np.ndarray) -> bool:
        way = along(s, np.array([make(u, m) for u, m in zip(g, h, strict=True)]))
        return bool(np.all(way > _NEAR) or np.all(way < -_NEAR))

    return _sees(feature)


def _exchanged(s: np.ndarray, g: np.ndarray, h: np.ndarray) -> bool:
    up = bent(h)
    ways = along(s, -g)[up], along(s, newtons(g, h))[~up]
    return all(w.size > 0 and bool(np.all(w > _NEAR)) for w in ways)


def _climbs(s: np.ndarray, g: np.ndarray, h: np.ndarray) -> bool:
    up = bent(h)
    return bool(np.all(along(s, newtons(g, h))[up] > _NEAR) and np.all(along(s, g)[~up] > _NEAR))


def _short_newton(s: np.ndarray, g: np.ndarray, h: np.ndarray) -> bool:
    newton = newtons(g, h)
    most = np.abs(s).max()
    clipped = np.allclose(s, np.clip(newton, -most, most), atol=1e-9)
    return clipped or bool(np.all(along(s, newton) > _NEAR))


def _stretched(s: np.ndarray, g: np.ndarray, h: np.ndarray) -> bool:
    """Along Newton's way in bowls, at its length where it is long, and at one length elsewhere."""
    newton, up = newtons(g, h), bent(h)
    sizes, own = np.linalg.norm(s, axis=1)[up], np.linalg.norm(newton, axis=1)[up]
    longer = sizes > own * (1 + 1e-6)
    same = bool(longer.any()) and np.ptp(sizes[longer]) < 1e-6 * sizes.max()
    rest = np.allclose(sizes[~longer], own[~longer])
    return bool(same and rest and np.all(along(s, newton)[up] > _NEAR))


def _let_through(s: np.ndarray, g: np.ndarray, h: np.ndarray) -> bool:
    """Newton's way wherever it is right, and somewhere else too."""
    up, way = bent(h), along(s, newtons(g, h)) > _NEAR
    both = along(s, -g) > _NEAR  # where the slope lies along an axis of the ground
    through = (way & ~both)[~up]
    return bool(np.all(way[up]) and 0 < np.sum(through) < np.sum(~up))


_WEAK: tuple[Callable[[np.ndarray], bool], ...] = (
    lambda h: bool(np.linalg.det(h) > 0),
    lambda h: bool(h[0, 0] > 0),
    lambda h: bool(np.trace(h) > 0),
)


def _weak_later(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether the walks are those of Newton's step with a weak test and a simple fall-back."""
    s, g, h = firsts(cases, outputs)
    down = ~bent(h)
    if not np.all(along(s, -g)[down] > _NEAR):
        return False
    sizes = np.linalg.norm(s, axis=1)[down]
    rates = sizes / np.linalg.norm(g, axis=1)[down]
    length, rate = float(sizes[0]), float(rates[0])
    falls: list[Callable[[np.ndarray], np.ndarray]] = []
    if np.ptp(rates) < 1e-6 * rate:
        falls.append(lambda u: -rate * u)
    if np.ptp(sizes) < 1e-6 * length:
        falls.append(lambda u: -length * u / np.linalg.norm(u))
    taken = np.array(outputs, dtype=float)[:, 1]

    def fitting(test: Callable[[np.ndarray], bool], fall: Callable[..., np.ndarray]) -> int:
        rows = play(lambda f, u, m: -np.linalg.solve(m, u) if test(m) else fall(u), p, cases)
        return int(np.sum(np.array(rows)[:, 1] == taken))

    return any(
        max(fitting(test, fall) for test in _WEAK)
        >= max(len(cases) - 2, fitting(lambda m: bool(bent(m[None])[0]), fall) + 1)
        for fall in falls
    )


def _bowls_in_part(s: np.ndarray, g: np.ndarray, h: np.ndarray, long: bool) -> bool:
    """One fixed part of Newton's step in all bowls: a multiple if `long`."""
    newton, up = newtons(g, h), bent(h)
    parts = (np.linalg.norm(s, axis=1) / np.linalg.norm(newton, axis=1))[up]
    same = np.all(along(s, newton)[up] > _NEAR) and np.ptp(parts) < 1e-6 * parts.max()
    return bool(same and ((parts[0] > 1.001) if long else (parts[0] < 0.999)))


def _added(s: np.ndarray, g: np.ndarray, h: np.ndarray) -> bool:
    """Whether (H + c) s = -g everywhere, with the same c."""
    rest = -g - np.einsum("kij,kj->ki", h, s)
    c = (rest * s).sum(axis=1) / (s * s).sum(axis=1)
    fits = np.allclose(rest, c[:, None] * s, rtol=1e-5, atol=1e-7)
    return bool(fits and np.ptp(c) < 1e-4 * np.abs(c).max())


def _both(s: np.ndarray, g: np.ndarray, h: np.ndarray) -> bool:
    """Newton's step and a fixed rate times the gradient, added, in all bowls."""
    rest, up = s - newtons(g, h), bent(h)
    rates = np.linalg.norm(rest, axis=1)[up] / np.linalg.norm(g, axis=1)[up]
    return bool(
        np.all(along(rest, -g)[up] > _NEAR)
        and rates.min() > 1e-6
        and np.ptp(rates) < 1e-5 * rates.max()
    )


_ASIDE = np.array([1.0, -1.0])

SHARED = {
    "eigenvalues": "You divide the two components of the gradient by the two eigenvalues. But an "
    "eigenvalue is the curvature along its eigenvector, and the eigenvectors point askew, not "
    "along x and y. So a slope along x is divided here by a curvature of another direction. It "
    "would be right if the valley lay along the axes. Either turn the gradient into the "
    "directions of the eigenvectors first, divide there, and turn back; or leave the eigenvalues "
    "for the test alone, and let np.linalg.solve work out the step from H and g. To check a step "
    "that should be Newton's, multiply it by H and add g: both entries have to be zero.",
    "entry": "You divide by the entries, one at a time: by H times g, or by the entries of H, or "
    "by those of g. In one variable Newton's step is slope over curvature, and it is tempting to "
    "write it so in two. But a matrix is not divided by entry by entry. What is meant is the step "
    "for which H times step is minus the gradient, a system of two equations in which both "
    "unknowns stand in both equations. The signs / and ** in NumPy know nothing of this; "
    "np.linalg.solve(H, g) does, and np.linalg.inv is the inverse of a matrix. To check, multiply "
    "H by your step with @, and add g.",
    "swapped": "The two components of your step stand in the wrong order: what should be dx is "
    "dy. The gradient holds the slope along x first, and the step has to begin with x too. With "
    "the two exchanged the walker goes down along x as far as the slope along y says, and the "
    "other way round; on a ground that falls only to the right he would walk ahead. Look for an "
    "index that is 1 where it should be 0, for a [::-1], or for a solution by hand in which rows "
    "and columns were mixed up. Try it with a gradient such as (1, 0), where one knows which of "
    "the two components has to be the larger one.",
    "one": "You divide the whole gradient by one number: the trace, the determinant, an "
    "eigenvalue, a norm. So your step always lies along the gradient, and only its length is "
    "chosen. In a round bowl this is all that is needed. In a valley it is not: the slope points "
    "across to the other wall and hardly along the floor, so a walk along the gradient goes in "
    "zigzag. Each direction has its own curvature, and the slope in each has to be divided by its "
    "own. That is what solving with the whole matrix does: H times step equals minus gradient. "
    "Its direction is another one than that of the gradient, which is the point of it.",
    "long": "In bowls your step has the direction of Newton's, and is longer by a fixed factor. "
    "Newton's step ends where the model at your feet has its bottom. A longer one goes beyond it "
    "and up the other wall, and twice the step ends at the height where it began: the walker then "
    "jumps to and fro for ever. Look for a factor of two, perhaps from the 1/2 in front of the "
    "quadratic part of the model. When this part is differentiated the half goes away, so the "
    "condition for the bottom is that gradient plus Hessian times step is zero, with no factor at "
    "all. Check it: multiply your step by H, and add g.",
    "both": "In bowls you take both steps at once: Newton's, and on top of it some part of the "
    "gradient. Newton's step alone already ends at the bottom of the model. Whatever is added "
    "leads past it, so that the walker never quite settles where he should, and the doubling of "
    "the right digits is lost. The two steps are meant as alternatives, chosen by a test: the one "
    "where all curvatures are positive, the other one elsewhere. Look at whether a line that "
    "should stand under an else is reached in both cases, or whether a += should be a plain "
    "assignment or a return.",
}

DOWNHILL = [
    Wrong(
        name="The two branches are exchanged",
        when=_sees(_exchanged),
        hint="In bowls you walk along the gradient, and where a curvature is negative you take "
        "Newton's step. It should be the other way round. Newton's step leads to the level point "
        "of the model at your feet. Only where the ground is bent upwards in every direction is "
        "this point a bottom; at a saddle it is the pass, and the step may well go uphill. "
        "Walking against the gradient is safe everywhere, so it belongs where Newton cannot be "
        "trusted. Look at the sign of comparison in your test, or at which line stands under the "
        "if and which under the else. Print the eigenvalues together with the branch that was "
        "taken.",
    ),
    Wrong(
        name="The fall-back climbs",
        when=_sees(_climbs),
        hint="In bowls your step is Newton's, as it should be. Where a curvature is negative, "
        "all your first steps point along the gradient, and that is uphill. Newton's step "
        "brings its minus sign with it, from the equation that is solved; a step made of the "
        "gradient has to be given one. It is easily forgotten in the second branch. A test for "
        "any rule: the sum of gradient times step, component by component, is the change of "
        "height at first, and it has to be negative for every step that is returned. Let the "
        "rule print it in both branches, and you see in which of them the sign is missing.",
    ),
    Wrong(
        name="Newton's step is made longer",
        when=_sees(lambda s, g, h: _bowls_in_part(s, g, h, long=True)),
        hint=SHARED["long"],
    ),
    Wrong(
        name="Short steps are made longer",
        when=_sees(_stretched),
        hint="In the bowls your steps point along Newton's, which is right, but they are never "
        "shorter than a certain length. Near the bottom Newton's own step becomes shorter and "
        "shorter, and that is how the walker comes to rest. Yours steps over the bottom, turns "
        "round, and steps over it again. A limit on the length is a good thing, but it has to be "
        "an upper one: a step that is too long is cut, and a short one stays as it is. In code "
        "that is a factor of min(1, limit/length), not max, or an if that looks for lengths above "
        "the limit. Print the length of each step on the way into a bowl and watch it.",
    ),
    Wrong(
        name="Newton's step is kept short, but leads to saddles",
        vague=True,
        when=_sees(_short_newton),
        hint="Your step is Newton's in every pit, cut where it would be too long. Cutting is "
        "good, since no model is right far away. But it does not help with the other weakness. "
        "Newton's step leads to the level point of the model. Where one curvature is negative "
        "this point is a saddle, and a short step towards it leads there too, only later. The "
        "pits that are lost above begin on such ground or pass over it. So the direction has to "
        "be another one there. Ask for the eigenvalues of H: if both are positive, keep what you "
        "have; if not, go down in some way that does not need Newton, and keep that short too.",
    ),
    Wrong(
        name="The test lets a negative curvature through",
        when=any_of(_sees(_let_through), _weak_later),
        hint="You test the Hessian before you take Newton's step, and that is the right idea. But "
        "the test is too weak: on some ground Newton's step is taken although a curvature is "
        "negative, and there it leads to a saddle or up to a top. Several tests look good and "
        "are not. The determinant is positive at summits too, where both curvatures are "
        "negative. The trace is positive at many saddles. An entry of the diagonal is the "
        "curvature along one axis only. What is needed is that all curvatures are positive, and "
        "so the smallest one; np.linalg.eigvalsh(H) gives them in order. Determinant and first "
        "entry, both positive, would do as well.",
    ),
    Wrong(
        name="The components dx and dy are exchanged",
        when=any_of(
            along_all(lambda g, h: g[::-1]),
            along_all(lambda g, h: np.linalg.solve(h, g)[::-1]),
        ),
        hint=SHARED["swapped"],
    ),
    Wrong(
        name="One of the two components has the wrong sign",
        when=any_of(
            along_all(lambda g, h: g * _ASIDE),
            along_all(lambda g, h: np.linalg.solve(h, g) * _ASIDE),
        ),
        hint="One component of your step is right and the other has its sign turned. So the "
        "walker goes down along one axis and up along the other; whether he gains or loses "
        "height depends on which of the slopes is the steeper one. If the rule is written for "
        "each component by itself, look at the two lines side by side: both need the same minus. "
        "If a system was solved by hand, the two components of its solution are differences of "
        "two products each, and in one of them the order has been turned round. A test: for a "
        "gradient (0, 1) and a round bowl the step must have a negative second component.",
    ),
    Wrong(
        name="The division is entry by entry",
        when=any_of(
            along_all(lambda g, h: g / (h @ g)),
            along_all(lambda g, h: 1 / g),
            along_all(lambda g, h: (1 / h) @ g),
        ),
        hint=SHARED["entry"],
    ),
    Wrong(
        name="The step always lies along the gradient",
        when=any_of(
            _sees(lambda s, g, h: np.all(np.abs(along(s, g)) > _NEAR)),
        ),
        hint=SHARED["one"],
    ),
    Wrong(
        name="The same amount is added to the curvatures everywhere",
        when=_sees(_added),
        hint="You add a fixed amount to both curvatures and then solve. This is a known remedy: "
        "what is added makes negative curvatures positive and steps shorter, and between much "
        "and little it leads over from Newton's step to steepest descent. But a fixed amount "
        "does harm in two ways. Where a curvature is more negative than what you add, the sum is "
        "still negative, and the step still goes to a saddle. And in a good bowl the step comes "
        "out too short each time, so that the doubling of the digits is lost. Let the amount "
        "depend on the place: nothing where the smallest eigenvalue is well above zero, and more "
        "than its size where it is negative.",
    ),
    Wrong(
        name="The entries of H are made positive, not its curvatures",
        when=along_all(lambda g, h: np.linalg.solve(np.abs(h), g)),
        hint="You take the absolute value of each entry of the Hessian. The idea is good: a "
        "negative curvature counted as positive gives a step that goes down. But the entries "
        "are not the curvatures. The entry off the diagonal may be negative in a perfect bowl "
        "that lies askew, and turning its sign tilts the valley the other way, so even there the "
        "step is wrong. And a matrix of positive entries can have a negative eigenvalue all the "
        "same. The curvatures are the eigenvalues, and np.linalg.eigh(H) gives them with their "
        "directions. Take the size of those, and put the step together from the directions; or "
        "keep to a test and a second rule.",
    ),
    Wrong(
        name="The eigenvalues are not the curvatures along x and y",
        when=any_of(
            along_all(lambda g, h: g / np.linalg.eigvalsh(h)),
            along_all(lambda g, h: g / np.abs(np.linalg.eigvalsh(h))),
            along_all(lambda g, h: g / np.linalg.eigvalsh(h)[::-1]),
        ),
        hint=SHARED["eigenvalues"],
    ),
    Wrong(
        name="Both steps are added",
        when=_sees(_both),
        hint=SHARED["both"],
    ),
    Wrong(
        name="In bowls only a part of Newton's step is taken",
        when=_sees(lambda s, g, h: _bowls_in_part(s, g, h, long=False)),
        hint="You look at the curvatures before you choose the step, and that is right. But in "
        "bowls you take only a fixed part of Newton's step. It feels careful, and it costs "
        "dearly. Near a bottom the model is nearly exact, and the full step would double the "
        "number of right digits each time. A part of it leaves a fixed share of the distance "
        "behind at every step, so that six digits take twenty steps or more. Caution is needed "
        "far away, where the step is long, and not near the bottom, where it is short. So take "
        "the full step in bowls, and cut it only if it is longer than some half a unit.",
    ),
]
