"""4E: a competition of step rules, played over pits of four kinds and scored against the library.

A case is the number of a pit. The player walks by the learner's rule and answers, for each pit,
with a row: arrived (1 or 0), steps, the first step, and by how much it came down.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Code, Exercise, Judged, Parameters, Wrong
from taylored.course.checking.terms import any_of
from taylored.course.exercises.downhill import (
    DOWNHILL,
    MOST,
    along,
    along_all,
    bent,
    firsts,
    local,
    made,
    newtons,
    play,
)
from taylored.course.figures.landscapes import KINDS, arrived, walk

__all__ = ["EXERCISE", "play"]

_PITS = 16
_BENT = {6: -1, 7: 1, 14: 1}  # pits in which plain Newton fails, and how they are bent along x
_NEEDED = 15
_TIMES = 3.0  # as many steps as the library may be used, on average

_STARTER = '''import numpy as np


def next_step(f, g, H):
    """The step (dx, dy) from a point: f is the height there, g the gradient, H the Hessian."""
    return -0.1 * g
'''


def _inputs(rng: Random, p: Parameters) -> Case:
    """The next pit: the kinds in turn; in the rugged ones plain Newton fails.

    Along x some of these are bent downward where the walk starts and some upward, although they
    are bent downward some other way: rules fail there that look at one entry of the Hessian only.
    """
    p.turn += 1
    rugged = p.turn % 4 >= 2
    while True:
        number = rng.randrange(10**6)
        case = (4 * number + p.turn % 4,)
        if rugged and _newton_arrives(case[0]):
            continue
        if p.turn not in _BENT or _is_bent(case[0], _BENT[p.turn]):
            return case


def _is_bent(number: int, along_x: int) -> bool:
    """Whether a walk starts where the ground is bent so along x, downward some other way, and
    Newton's step does not lie along the slope."""
    g, h = (v[None] for v in local(*made(number)))
    return bool(h[0, 0, 0] * along_x > 0 and not bent(h)[0] and along(-g, newtons(g, h))[0] < 0.9)


def _newton_arrives(number: int) -> bool:
    of, x, y = made(number)
    end = walk(of, x, y, "Newton", steps=MOST)[-1]
    return bool(arrived(of, *end))


# ---- the judge ----


@lru_cache(maxsize=512)
def _library_steps(number: int) -> int:
    """How many steps the library takes from the same start."""
    import taylored as ty

    of, x, y = made(number)
    return ty.minimize(of.formula(), {"x": x, "y": y}, starts=1).cost.iterations


def _judge(p: Parameters, cases: list[Case], outputs: list[Any]) -> Judged:
    rows = np.array(outputs, dtype=float)
    solved, mean = int(rows[:, 0].sum()), float(rows[:, 1].mean())
    best = float(np.mean([_library_steps(int(case[0])) for case in cases]))
    right = solved >= _NEEDED and mean <= _TIMES * best
    return Judged(
        right,
        f"{_PITS} pits: bowls, curved valleys, two pits, ripples",
        f"{solved} of {_PITS} solved, {mean:.1f} steps on average",
        f"at least {_NEEDED} solved, in at most {_TIMES * best:.1f} steps on average "
        f"(the library takes {best:.1f})",
        "" if right else _missed(cases, rows),
    )


def _missed(cases: list[Case], rows: np.ndarray) -> str:
    """Which kinds were not solved."""
    lost = [KINDS[int(c[0]) % 4] for c, row in zip(cases, rows, strict=True) if not row[0]]
    if not lost:
        return "all solved, but too slowly"
    return "not solved: " + ", ".join(f"{lost.count(k)} x {k}" for k in KINDS if k in lost)


# ---- what rules give themselves away by: their first steps ----


def _uphill(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    steps, g, _ = firsts(cases, outputs)
    return bool(np.all(along(steps, g) > 0.9999))


def _constant(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    steps, g, _ = firsts(cases, outputs)
    rates = np.linalg.norm(steps, axis=1) / np.linalg.norm(g, axis=1)
    return bool(np.all(along(steps, -g) > 0.9999) and np.ptp(rates) < 1e-6 * rates.max())


def _same_length(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    steps, g, h = firsts(cases, outputs)
    sizes = np.linalg.norm(steps, axis=1)
    straight = bool(np.all(along(steps, -g) > 0.9999))
    signs = bool(np.all(steps * g < 0)) and bool(np.ptp(np.abs(steps)) < 1e-9)
    own = np.linalg.norm(newtons(g, h), axis=1)[bent(h)]  # shorter than the steps: not only cut
    stretched = bool(np.any(own < 0.9 * sizes[bent(h)])) and not np.allclose(steps, steps[0])
    return (straight or signs or stretched) and bool(np.ptp(sizes) < 1e-6 * sizes.max())


def _backward(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether all steps in bowls lie along Newton's, and point the other way."""
    steps, g, h = firsts(cases, outputs)
    return bool(np.all(along(steps, newtons(g, h))[bent(h)] < -0.9999))


def _steps_are(make: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[..., bool]:
    """Whether all first steps are those of a formula of g and H."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        steps, gradients, hessians = firsts(cases, outputs)
        wanted = np.array([make(g, h) for g, h in zip(gradients, hessians, strict=True)])
        return bool(np.all(np.abs(steps - wanted) <= 1e-5 * (1 + np.abs(wanted))))

    return when


def _multiplied(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    steps, g, h = firsts(cases, outputs)
    way = np.abs(along(steps, np.einsum("kij,kj->ki", h, g)))
    down = np.all(along(steps, -g)[~bent(h)] > 0.9999)  # another rule where a curvature is negative
    return bool(np.all(way > 0.9999) or (down and np.all(way[bent(h)] > 0.9999)))


def _lost_on_hills(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """All that is lost are two pits and ripples."""
    lost = [int(c[0]) % 4 for c, row in zip(cases, outputs, strict=True) if not float(row[0])]
    return bool(lost) and min(lost) >= 2


def _thrown(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """All first steps go down, but some walks end higher than they began."""
    steps, g, _ = firsts(cases, outputs)
    falls = np.array(outputs, dtype=float)[:, 4]
    return bool(np.all(along(steps, -g) > 0) and np.any(falls < 0))


def _slow(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """All walks went down, from the first step to the last, but not fast enough."""
    steps, g, _ = firsts(cases, outputs)
    falls = np.array(outputs, dtype=float)[:, 4]
    return bool(np.all(along(steps, -g) > 0) and np.all(falls > 0))


def _no_number(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return not np.isfinite(firsts(cases, outputs)[0]).all()


def _still(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return bool(np.all(firsts(cases, outputs)[0] == 0))


def _everywhere_the_same(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return bool(np.all(np.ptp(firsts(cases, outputs)[0], axis=0) < 1e-12))


def _damped(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether all first steps are one fixed part of Newton's."""
    steps, g, h = firsts(cases, outputs)
    newton = newtons(g, h)
    parts = np.linalg.norm(steps, axis=1) / np.linalg.norm(newton, axis=1)
    return bool(
        np.all(along(steps, newton) > 0.9999)
        and np.ptp(parts) < 1e-6 * parts.max()
        and parts.max() < 1
    )


def _by_height(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether all first steps are made of height and gradient: -f*g, -f/g, or so."""
    steps, g, h = firsts(cases, outputs)
    f = np.array([[float(made(int(case[0]))[0].value(*made(int(case[0]))[1:]))] for case in cases])
    newton = newtons(g, h)
    ways = (f * g, f / g, f * g / np.sum(g * g, axis=1, keepdims=True), f * newton, newton / f)
    with np.errstate(all="ignore"):
        factors = [(steps / way).ravel() for way in ways]
    return any(np.isfinite(k).all() and np.ptp(k) < 1e-6 * np.abs(k).max() for k in factors)


def _some_uphill(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    steps, g, _ = firsts(cases, outputs)
    return bool(np.any(along(steps, g) > 0))


EXERCISE = Exercise(
    id="4E",
    title="The competition of step rules",
    answer=Code(
        name="next_step",
        starter=_STARTER,
        returns="two numbers, dx and dy",
        player="e4e:play",
    ),
    parameters=lambda rng: {"set": rng.randint(100, 999), "turn": -1},
    inputs=_inputs,
    count=_PITS,
    right=lambda p, number: [1.0, 0.0, 0.0, 0.0, 0.0],
    judge=_judge,
    wrong=[
        Wrong(
            name="It climbs",
            vague=True,
            when=_uphill,
            hint="All your first steps point along the gradient. The gradient shows where the "
            "ground rises fastest, so your walker climbs, in some pits for ever and out of the "
            "picture. One sign is missing. You can see it in a single number: a small step "
            "changes the height by the gradient times the step, component by component and "
            "summed. If the step is the gradient itself, this is a sum of squares and never "
            "negative. To go down it has to be negative. Before you think about curvature and "
            "clever lengths, let the rule print this number for each step and look at its sign: "
            "a good rule makes it negative every single time.",
        ),
        Wrong(
            name="One rate for all pits",
            when=_constant,
            hint="Your rule is steepest descent with a fixed rate. It goes down, but one number "
            "has to serve all pits. In a narrow valley a rate above two over the largest "
            "curvature makes the walker jump from wall to wall and away; a rate that is small "
            "enough for the narrowest pit creeps in all others, and forty steps are not enough. "
            "The list of unsolved pits above shows both. You are given the Hessian, which knows "
            "how strongly the ground is bent in each direction. Use it to choose the length, or "
            "better, direction and length at once: where would the bottom be if the ground were "
            "exactly the parabola that fits here?",
        ),
        Wrong(
            name="Steps that never become shorter",
            when=_same_length,
            hint="All your steps have the same length, whatever the slope. Far from the bottom "
            "this is quite good: the walker goes straight down and never jumps far. Near the "
            "bottom it cannot work, because a point closer than one step can never be reached: "
            "the walker jumps over it, turns round and jumps over it again. A pit counts as "
            "solved where the slope is below a millionth, so the steps have to become shorter by "
            "themselves as the bottom comes near. The gradient does become shorter there, since "
            "the slope fades, and a step computed from gradient and Hessian together gets the "
            "length right. Keep a largest length as a limit, not as a rule.",
        ),
        Wrong(
            name="Plain Newton goes to saddles too",
            when=_steps_are(lambda g, h: -np.linalg.solve(h, g)),
            hint="Your rule is Newton's: solve for the level point of the parabola that fits at "
            "the foot. In bowls it needs one step, and in curved valleys it is splendid. But a "
            "level point is not always a bottom. Where one of the curvatures is negative, the "
            "parabola is bent downwards in that direction, its level point is a saddle, and the "
            "step leads there, even uphill. The unsolved pits in the list are of this kind. So "
            "look at the Hessian before you use it: are both eigenvalues positive? If they are "
            "not, do something else that surely goes down. And forbid steps that are very long, "
            "since no parabola is right so far out.",
        ),
        Wrong(
            name="Newton with the wrong sign",
            when=_backward,
            hint="You solve with the Hessian, and the step points the wrong way. The slope after "
            "a step is about the old slope plus Hessian times step. It is to become zero, so "
            "Hessian times step must be the old slope with its sign changed. In one variable you "
            "can see it: on the right wall of a bowl slope and curvature are both positive, so "
            "slope over curvature is positive, and adding it would climb further to the right. "
            "After this is mended plain Newton still fails in some of the pits, where a curvature "
            "is negative, because then it goes to saddles. Look at the eigenvalues first, and "
            "have a second rule ready.",
        ),
        Wrong(
            name="The Hessian is multiplied, not solved for",
            when=_multiplied,
            hint="Your step is the Hessian times the gradient. The Newton step asks the opposite "
            "question: which step, multiplied by the Hessian, gives the slope that is to be taken "
            "away? That is a system of two equations, solved with np.linalg.solve(H, g), or with "
            "the inverse matrix. Think of one variable: slope divided by curvature is the way to "
            "the bottom of a parabola; slope times curvature has not even the unit of a length. "
            "The effect is bad too: in a direction of strong curvature a short step is right, "
            "and multiplying makes it long. Replace the product by a solution, mind the sign, "
            "and look at what happens where a curvature is negative.",
        ),
        Wrong(
            name="Each direction by its own curvature, without the mixed term",
            when=any_of(
                _steps_are(lambda g, h: -g / np.diag(h)),
                along_all(lambda g, h: g / np.abs(np.diag(h))),
            ),
            hint="You divide each component of the gradient by its own entry on the diagonal of "
            "the Hessian. That is Newton's step for a valley along the axes. These valleys lie "
            "askew: moving in x changes the slope in y as well, and this is what the mixed entry "
            "of the Hessian says. Leaving it out sends the step beside the bottom, and in narrow "
            "tilted valleys each step is hardly better than the one before. Solve the two "
            "equations together, with the whole matrix; np.linalg.solve does it. And note that "
            "a diagonal entry may be negative: then the division turns the step uphill, as with "
            "Newton's rule itself.",
        ),
        Wrong(
            name="The step is no number",
            vague=True,
            when=_no_number,
            hint="At least one of your first steps is not a finite number: it is nan or "
            "infinite. That comes from a division of zero by zero, from the root or "
            "logarithm of a negative number, or from a number that has grown beyond all "
            "bounds. Look for the divisions and roots in your rule, and ask for each of "
            "them when what stands below the line, or under the root, can be zero or "
            "negative. An eigenvalue of the Hessian can be both, and the square of a length "
            "cannot. Print the step together with g and H for the first pit, and follow the "
            "numbers through the lines of your rule.",
        ),
        Wrong(
            name="The walker stands still",
            vague=True,
            when=_still,
            hint="Your rule returns a step of zero everywhere, so the walker never leaves its "
            "start. Perhaps an array is made with zeros and returned before anything is "
            "written into it, or whole numbers are used where an array of floats is needed, "
            "so that small steps are cut down to 0, or a condition that was meant for the "
            "end of the walk is true from the beginning. A walk begins with a step "
            "downhill. The simplest is a small number times minus the gradient, and it is a "
            "good place to start from; then use the Hessian to find a better length and a "
            "better direction.",
        ),
        Wrong(
            name="The same step everywhere",
            when=_everywhere_the_same,
            hint="Your first step is the same in all pits, so it does not depend on what is "
            "underfoot. The walker goes the same way whether the ground falls to the left "
            "or to the right. The rule gets three things at every point: the height f, the "
            "gradient g and the Hessian H. The gradient says in which direction the ground "
            "rises most steeply, so the step has to be made from it: minus the gradient "
            "times something goes down. The Hessian says how soon the slope changes, and so "
            "how far one can go. Build the step from these two, and it will be another one "
            "at every point.",
        ),
        Wrong(
            name="Only a part of Newton's step is taken",
            when=_damped,
            hint="All your first steps are the same part of Newton's step. A shorter step is "
            "more careful, and for solving equations it helps. Here it does two kinds of "
            "harm. Near the bottom, where Newton's full step would double the digits, each "
            "of yours leaves a fixed share of the distance, so that six digits take twenty "
            "steps or more. And where a curvature is negative Newton's step leads to a "
            "saddle, and half of it leads there as well, only more slowly. Take the full "
            "step where both eigenvalues of H are positive, and limit only its length. "
            "Where one is negative, use another rule that surely goes down.",
        ),
        Wrong(
            name="The height is used as a rate",
            when=_by_height,
            hint="Your step is made of the gradient and the height f. The height of a point "
            "tells nothing about how far it is to the bottom: it depends on where one puts "
            "the zero of the scale. Raise the whole landscape by 100, and the pits are the "
            "same, with the same bottoms, but your steps would become longer by far; lower "
            "it so that f is negative, and they turn uphill. Dividing the height by the "
            "slope finds where the height is zero, which is Newton's method for a root. For "
            "the lowest point the slope is to be zero: divide the slope by the curvature, "
            "that is, solve with the Hessian.",
        ),
        *DOWNHILL,
        Wrong(
            name="Lost only where a curvature is negative",
            vague=True,
            when=_lost_on_hills,
            hint="Your rule solves bowls and curved valleys, so for ground that is bent upwards it "
            "is good. All the pits that it loses are of the other two kinds, where some ground is "
            "bent downwards, around a saddle or on the back of a ripple. There one eigenvalue of "
            "the Hessian is negative, and close to the border of such ground it is almost zero. "
            "Look at what your rule does in these two cases: does it still go down when the "
            "curvature is negative, with a step that is neither tiny nor long? And is it kept "
            "short where a curvature is nearly zero? A fixed length of about half a unit downhill "
            "serves well in both.",
        ),
        Wrong(
            name="Some steps are thrown far away",
            vague=True,
            when=_thrown,
            hint="Your rule starts downhill in every pit, so its directions are good. But in some "
            "of them the walker ends higher than it began: a single step was far too long. This "
            "happens where the ground is nearly flat in one direction. There one eigenvalue of "
            "the Hessian is close to zero, and dividing by it makes Newton's step enormous, just "
            "beside the border where the curvature changes its sign. No parabola that fits at "
            "your feet is right ten units away. So put a limit on the length: compute the step as "
            "you do, measure it with np.linalg.norm, and if it is longer than about half a unit "
            "shorten it to that, keeping its direction.",
        ),
        Wrong(
            name="It goes down, but does not come to rest in time",
            vague=True,
            when=_slow,
            hint="Your rule never runs away, and all its first steps go down: the hard part is "
            "done. But it is still on its way when the forty steps are over, or needs many more "
            "of them than the library. Where does it lose time? Near the bottom nothing beats "
            "Newton's step at full length, because there the parabola is nearly exact, and the "
            "right digits double. So use it, unshortened, wherever both curvatures are positive "
            "and the step is not absurdly long. Only elsewhere fall back on going downhill, and "
            "then with a step that is neither tiny nor larger than about half a unit. A limit "
            "on the length is enough of a brake.",
        ),
        Wrong(
            name="Some of the steps lead uphill",
            when=_some_uphill,
            last=True,
            hint="In at least one of the pits your first step leads uphill: the sum of gradient "
            "times step, component by component, is positive there. A rule can be clever "
            "elsewhere and lose everything at such a place. Where does it come from? If the "
            "Hessian is used, from a negative eigenvalue: solving or dividing by it turns "
            "the sign of the step in that direction. If numbers are drawn by chance, from "
            "chance. Test it in the rule itself: work out the step, then this sum, and if "
            "it is not negative return something that surely goes down, such as a step of "
            "about half a unit against the gradient.",
        ),
    ],
    again="Two cases: where both eigenvalues of H are positive, take the Newton step; elsewhere go "
    "along -g with a fixed length such as 0.5. In both cases cut steps longer than about 0.6.",
    worked="Newton where the ground is bent upwards in every direction, downhill elsewhere, and no "
    "step longer than 0.6:\n\n"
    "```python\nimport numpy as np\n\n\n"
    "def next_step(f, g, H):\n"
    "    if np.linalg.eigvalsh(H)[0] > 0:\n"
    "        step = -np.linalg.solve(H, g)\n"
    "    else:\n"
    "        step = -0.6 * g / np.linalg.norm(g)\n"
    "    return step * min(1, 0.6 / np.linalg.norm(step))\n```",
)
