"""4F: take Newton's step only where the ground is bent upwards in every direction."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Code, Exercise, Judged, Parameters, Wrong
from taylored.course.checking.compare import as_array, same, shown
from taylored.course.checking.terms import shows
from taylored.course.exercises.bowls import BOWLS, climbs, fixed_length

__all__ = ["EXERCISE"]

_STARTER = '''import numpy as np


def safe_step(g, H):
    """Newton's step where all curvatures are positive, else the rate times steepest descent."""
    return -np.linalg.solve(H, g)
'''

# Signs of the two curvatures, in turn: bottoms, saddles of both orders, summits.
_SIGNS = ((1, 1), (1, -1), (-1, 1), (-1, -1))


def _parameters(rng: Random) -> dict[str, Any]:
    return {"rate": rng.choice([0.1, 0.15, 0.2, 0.25, 0.3]), "turn": -1}


def _inputs(rng: Random, p: Parameters) -> Case:
    """A gradient and a Hessian with the signs of curvature that are next in turn.

    The saddles are of five sorts, so that every test that is too weak lets one of them through.
    """
    p.turn += 1
    signs = _SIGNS[p.turn % 4]
    while True:
        case = _drawn(rng, signs)
        number = 2 * (p.turn // 4) + p.turn % 4 - 1  # of the saddle
        if signs == (1, 1):
            fits = (case[0][0] > 0) == (p.turn % 8 < 4)  # a test of the gradient fails somewhere
        else:
            fits = signs == (-1, -1) or _SADDLES[number % len(_SADDLES)](case)
        if fits:
            return case


_SADDLES: tuple[Callable[[Case], bool], ...] = (
    lambda case: _descends(case),
    lambda case: not _descends(case),
    lambda case: min(np.diag(case[1])) > 0.1,
    lambda case: np.trace(case[1]) < -0.1,
    lambda case: np.trace(case[1]) > 0.1 and min(np.diag(case[1])) < -0.1,
)


def _drawn(rng: Random, signs: tuple[int, int]) -> Case:
    turn = rng.uniform(0.3, 1.2)
    c, d = math.cos(turn), math.sin(turn)
    e1, e2 = signs[0] * rng.uniform(0.6, 3.0), signs[1] * rng.uniform(0.6, 3.0)
    off = (e1 - e2) * c * d
    hessian = [[e1 * c * c + e2 * d * d, off], [off, e1 * d * d + e2 * c * c]]
    gradient = [rng.choice([-1, 1]) * rng.uniform(0.4, 2.0) for _ in range(2)]
    return gradient, hessian


def _newton(g: Any, h: Any) -> np.ndarray:
    return -np.linalg.solve(np.asarray(h), np.asarray(g))


def _descends(case: Case) -> bool:
    return float(_newton(*case) @ np.asarray(case[0])) < 0


def _rule(take: Callable[[np.ndarray, np.ndarray], bool]) -> Callable[..., np.ndarray]:
    """Newton's step where `take(g, h)` says so, else downhill."""

    def step(p: Parameters, g: Any, h: Any) -> np.ndarray:
        g, h = np.asarray(g, dtype=float), np.asarray(h, dtype=float)
        return _newton(g, h) if take(g, h) else -p.rate * g

    return step


_right = _rule(lambda g, h: bool(np.linalg.eigvalsh(h)[0] > 0))


def _positive_newton(p: Parameters, g: Any, h: Any) -> np.ndarray:
    """Newton's step with its sign lost."""
    g, h = np.asarray(g, dtype=float), np.asarray(h, dtype=float)
    return -_newton(g, h) if np.linalg.eigvalsh(h)[0] > 0 else -p.rate * g


def _made(
    newton: Callable[[np.ndarray, np.ndarray], Any], rate: float | None = None
) -> Callable[..., Any]:
    """The right test with another Newton step, and another rate."""

    def step(p: Parameters, g: Any, h: Any) -> Any:
        g, h = np.asarray(g, dtype=float), np.asarray(h, dtype=float)
        if np.linalg.eigvalsh(h)[0] > 0:
            return newton(g, h)
        return -(p.rate if rate is None else rate) * g

    return step


def _sizes_only(p: Parameters, g: Any, h: Any) -> np.ndarray:
    """Newton's step with the sizes of the curvatures."""
    values, ways = np.linalg.eigh(np.asarray(h, dtype=float))
    return -ways @ ((ways.T @ np.asarray(g, dtype=float)) / np.abs(values))


Kinds = list[tuple[str, str]]  # what was taken, and what is right: Newton's step, descent, or else


def _kinds(p: Parameters, cases: list[Case], outputs: list[Any]) -> Kinds:
    found = []
    for (g, h), got in zip(cases, outputs, strict=True):
        steps = {"newton": _newton(g, h), "descent": -p.rate * np.asarray(g, dtype=float)}
        taken = [k for k, step in steps.items() if same(as_array(got), as_array(step), 1e-5)]
        right = "newton" if np.linalg.eigvalsh(np.asarray(h))[0] > 0 else "descent"
        found.append(("".join(taken), right))
    return found


def _mixed_up(right: str, taken: str) -> Callable[..., bool]:
    """Whether somewhere this was taken where that is right, and all else is one of the two."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        kinds = _kinds(p, cases, outputs)
        return (taken, right) in kinds and all(k for k, _ in kinds)

    return when


def _off(right: str) -> Callable[..., bool]:
    """Whether what was taken is neither step, wherever this one is right."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        return all(not k for k, wanted in _kinds(p, cases, outputs) if wanted == right)

    return when


def _misshapen(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return any(np.size(as_array(got)) != 2 for got in outputs)


def _judge(p: Parameters, cases: list[Case], outputs: list[Any]) -> Judged:
    """All cases; the first that differs is shown, with the curvatures there."""
    for case, got in zip(cases, outputs, strict=True):
        right = as_array(_right(p, *case))
        if not same(got, right, 1e-5):
            low, high = np.linalg.eigvalsh(np.asarray(case[1]))
            said = f"curvatures {low:.3g} and {high:.3g}"
            return Judged(False, _call(case), shown(as_array(got)), f"two numbers ({said})")
    g, h = cases[0]
    return Judged(True, _call(cases[0]), shown(as_array(outputs[0])), shown(_right(p, g, h)))


def _call(case: Case) -> str:
    g, h = (shown(np.asarray(v), 4) for v in case)
    return f"safe_step({g}, {h})"


EXERCISE = Exercise(
    id="4F",
    title="Keep uphill steps out",
    answer=Code(name="safe_step", starter=_STARTER, returns="two numbers"),
    parameters=_parameters,
    inputs=_inputs,
    count=16,
    right=_right,
    judge=_judge,
    tolerance=1e-5,
    wrong=[
        Wrong(
            name="Newton's step is taken everywhere",
            model=_rule(lambda g, h: True),
            hint="You return Newton's step whatever the Hessian says. It leads to the level point "
            "of the parabola that fits at the foot, and a level point can be a bottom, a saddle "
            "or a summit. The input shown above has a negative curvature; there the parabola has "
            "no bottom, and going to its level point may well mean going up. Before you use the "
            "step, ask whether the ground is bent upwards in every direction. The answer is in "
            "the eigenvalues of the Hessian, which NumPy computes for a symmetric matrix with "
            "np.linalg.eigvalsh, the smallest first. Where not all of them are positive, return "
            "the fall-back from the text instead.",
        ),
        Wrong(
            name="A summit passes the test of the determinant",
            model=_rule(lambda g, h: bool(np.linalg.det(h) > 0)),
            hint="You test the determinant. It is the product of the two curvatures, and a "
            "product is positive in two ways: both factors positive, or both negative. So saddles "
            "are sorted out correctly, but summits are taken for bottoms, and from a summit's "
            "neighborhood Newton's step goes up to the top. The input shown above is one of "
            "these. A second question is needed to tell the two apart, for example about the sum "
            "of the curvatures, which is the trace, or about the first entry of the matrix, which "
            "is the curvature along x. Or ask the eigenvalues themselves; then one test is "
            "enough, and it also works in more than two dimensions.",
        ),
        Wrong(
            name="A saddle passes the test of the trace",
            model=_rule(lambda g, h: bool(np.trace(h) > 0)),
            hint="You test the trace, the sum of the two curvatures. Summits are sorted out by "
            "it, but a sum can be positive although one of its parts is negative: a strong "
            "upward bend in one direction outweighs a weak downward bend in the other. Such a "
            "saddle passes your test, and Newton's step goes to it. The input shown above is of "
            "this kind. All curvatures have to be positive, each for itself. In two dimensions "
            "you can add the test that their product, the determinant, is positive too. In any "
            "dimension you can ask whether the smallest eigenvalue is positive.",
        ),
        Wrong(
            name="One positive curvature is not enough",
            model=_rule(lambda g, h: bool(np.linalg.eigvalsh(h)[-1] > 0)),
            hint="Your test is content when some curvature is positive. At a saddle one of them "
            "is: the ground rises along one direction and falls along the other. There Newton's "
            "step leads to the saddle itself and not down. What is needed is that all curvatures "
            "are positive, so the smallest one decides. Look at the order in which your function "
            "returns the eigenvalues: np.linalg.eigvalsh gives them from the smallest to the "
            "largest, so the last one is the wrong one to ask. If you use a test over the whole "
            "array, mind the difference between any and all: the first is true as soon as one "
            "entry fits.",
        ),
        Wrong(
            name="Only the slope along the step is tested",
            model=_rule(lambda g, h: bool(_newton(g, h) @ g < 0)),
            hint="You test whether Newton's step starts downhill, by the sign of gradient times "
            "step. That keeps uphill steps out, as far as the first bit of the way is concerned. "
            "But it lets saddles through: if one curvature is negative, the step may start "
            "downhill in one direction while it climbs in the other, and it still leads to the "
            "saddle. In the input shown above this happens. The question asks for Newton's step "
            "only where all curvatures are positive. If that holds, the step is always downhill, "
            "so no other test is needed; the reverse is not true. Ask the eigenvalues of the "
            "Hessian, not the step.",
        ),
        Wrong(
            name="Only the diagonal is tested",
            model=_rule(lambda g, h: bool(np.all(np.diag(h) > 0))),
            hint="You look at the two entries on the diagonal. They are the curvatures along x "
            "and along y, and both must be positive, that is true. But between the axes the "
            "ground may still bend downwards: the mixed entry can outweigh the other two. Take "
            "the function x squared plus y squared minus four xy. Along both axes it is a "
            "parabola that opens upwards, and along the diagonal, where x and y are equal, it "
            "falls. To be sure of all directions one needs the smallest eigenvalue, or in two "
            "dimensions the determinant as well, which contains the square of the mixed entry.",
        ),
        Wrong(
            name="The fall-back climbs",
            when=climbs,
            hint="You recognize rightly where Newton's step may not be used, and there you return "
            "the rate times the gradient. But the gradient points uphill, so the fall-back does "
            "what it was to prevent. Steepest descent is the rate times the gradient with the "
            "sign changed. Newton's step carries its minus sign with it, which is perhaps why it "
            "was forgotten here. A test that costs one line: compute the sum of the products of "
            "gradient and step, component by component. For every step that your function "
            "returns it must be negative. Try it on a saddle and on a summit, and you will see "
            "the sign that is missing.",
        ),
        Wrong(
            name="Newton's step has lost its sign",
            model=_positive_newton,
            hint="The test and the fall-back are right. The Newton step itself points the wrong "
            "way: it solves Hessian times step equals gradient. The slope after a step is about "
            "the old slope plus Hessian times step, and this is to be zero. So Hessian times step "
            "must be the gradient with its sign changed. In one variable: on the right wall of a "
            "bowl the slope is positive and so is the curvature; slope over curvature is "
            "positive, and the bottom lies to the left. With your sign the walker climbs out of "
            "every bowl, at double the distance each time. One minus sign mends it.",
        ),
        Wrong(
            name="Steepest descent is taken everywhere",
            model=_rule(lambda g, h: False),
            hint="You take the cautious step at every place. It goes down, but where all "
            "curvatures are positive one can do much better: there the model at your feet "
            "is a bowl, and Newton's step leads straight to its bottom. With the rate alone "
            "a narrow valley takes many steps, and the Hessian that the function is given "
            "is of no use. Perhaps the test is there and is never true: print it for a few "
            "inputs. If all eigenvalues of H are positive, return the solution of H times "
            "step equals minus gradient; else return minus the rate times the gradient. "
            "Both branches have to occur among the inputs.",
        ),
        Wrong(
            name="The two branches are exchanged",
            when=shows(
                _rule(lambda g, h: bool(np.linalg.eigvalsh(h)[0] <= 0)),
                _rule(lambda g, h: bool(np.linalg.eigvalsh(h)[1] < 0)),
                _rule(lambda g, h: bool(np.linalg.det(h) < 0)),
                tolerance=1e-5,
            ),
            hint="Both steps are right, but each is taken where the other belongs: Newton's step "
            "where a curvature is negative, and steepest descent where the ground is a "
            "bowl. Newton's step goes to the level point of the model. On a summit that is "
            "the top, at a saddle the pass; only in a bowl is it the bottom. So the branch "
            "with Newton's step needs all curvatures above zero. Look at the sign of "
            "comparison in your test, or at the not in front of it, and at which return "
            "stands under the if. At the input shown above, the curvatures are printed "
            "beside it.",
        ),
        Wrong(
            name="The rate is missing in the fall-back",
            when=shows(_made(_newton, 1.0), tolerance=1e-5),
            hint="Newton's step is right, and so is the test. In the fall-back you return minus "
            "the gradient itself, without the rate. A gradient is a slope, height per "
            "length, and not a length: on a steep slope it is a large number, and a step of "
            "that size would fly over everything. The rate turns it into a step of sensible "
            "size. It is given in the text of the exercise. Multiply the gradient by it, "
            "and keep the minus. For Newton's step no rate is needed, as it divides a slope "
            "by a curvature, which is a length already.",
        ),
        Wrong(
            name="The fall-back has a fixed length",
            when=fixed_length,
            hint="Test and Newton's step are right. In the fall-back you divide the gradient by "
            "its length, so that each step has the length of the rate, whatever the slope. "
            "Some methods do that, to be safe from very steep places. But it is not what is "
            "asked, and it has a price: near a level place the gradient is small and steps "
            "should be small too, while yours keep their length and jump over it. Take "
            "minus the rate times the gradient as it is: a long step where it is steep, a "
            "short one where it is gentle.",
        ),
        Wrong(
            name="The Hessian is multiplied, not solved for",
            when=shows(_made(lambda g, h: -h @ g), _made(lambda g, h: h @ g), tolerance=1e-5),
            hint="Where all curvatures are positive you multiply the gradient by the Hessian. "
            "Newton's step does the opposite. It is the step for which H times step is "
            "minus the gradient, so the gradient has to be divided, as it were, by H. In "
            "one variable it is slope over curvature: in a sharply bent place the step is "
            "short. With a product it would be long just there. Units tell it too: slope "
            "times curvature is no length. In NumPy the system is solved by "
            "np.linalg.solve(H, g), and a minus belongs in front; or the inverse of H is "
            "multiplied with g.",
        ),
        Wrong(
            name="Each direction is divided by its own curvature only",
            when=shows(_made(lambda g, h: -g / np.diag(h)), tolerance=1e-5),
            hint="Where the ground is a bowl you divide each component of the gradient by the "
            "entry of the Hessian on the diagonal. This would be Newton's step if the "
            "valley lay along the axes. The entry off the diagonal says how the slope along "
            "x changes when one moves along y; in a valley that lies askew it is as "
            "important as the others, and without it the step misses the bottom. The whole "
            "system has to be solved: two equations with two unknowns, H times step equals "
            "minus gradient. np.linalg.solve(H, g) does that, or the formula for the "
            "inverse of a two by two matrix.",
        ),
        Wrong(
            name="The sizes of the curvatures are used",
            when=shows(_sizes_only, tolerance=1e-5),
            hint="You take the size of each curvature, without its sign, and so get a step that "
            "goes down everywhere. It is a good rule, used in programs, and in the next "
            "exercise you may play it. But it is not the rule that is asked for here: where "
            "a curvature is negative, this exercise wants steepest descent with the given "
            "rate. Look at its text once more. Where all curvatures are positive your step "
            "and Newton's are the same, so that branch is right already. What is missing is "
            "the test, and the other branch with minus the rate times the gradient.",
        ),
        Wrong(
            name="Both signs are lost",
            when=shows(lambda p, g, h: -_right(p, g, h), tolerance=1e-5),
            hint="Both of your branches have the right size and the wrong sign: they lead "
            "uphill. The gradient points where the ground rises fastest, so steepest "
            "descent has a minus in front of it. And Newton's step solves the equation that "
            "slope plus Hessian times step is zero, in which the slope has to be brought to "
            "the other side, where it gets a minus. A quick test for any rule of descent: "
            "the sum of gradient times step, component by component, is how the height "
            "changes at first. It has to be negative. Work it out by hand for the input "
            "shown above.",
        ),
        Wrong(
            name="Newton's step has got a rate too",
            when=shows(
                lambda p, g, h: _made(lambda u, m: p.rate * _newton(u, m))(p, g, h), tolerance=1e-5
            ),
            hint="The test is right and so is the fall-back. But Newton's step is multiplied by "
            "the rate as well. It needs none: slope divided by curvature is a length, and "
            "it leads to the bottom of the model at once. With a rate of 0.2 only a fifth "
            "of the way is gone, and near the pit, where the model is very good, each step "
            "leaves four fifths of the distance: the doubling of digits is lost. The rate "
            "belongs to steepest descent alone, where it turns a slope into a length. Take "
            "it out of the first branch.",
        ),
        Wrong(
            name="Entries of the Hessian are tested, not its curvatures",
            when=shows(
                _rule(lambda g, h: bool(np.all(h > 0))),
                _rule(lambda g, h: bool(np.any(h > 0))),
                _rule(lambda g, h: h[0, 0] > 0),
                _rule(lambda g, h: h[1, 1] > 0),
                _rule(lambda g, h: h[0, 1] > 0),
                _rule(lambda g, h: bool(h.sum() > 0)),
                tolerance=1e-5,
            ),
            hint="Your test looks at entries of the matrix H, and they are not the curvatures "
            "that count. The entries on the diagonal are the curvatures along x and along y "
            "only; between the axes the ground may bend the other way. And the entry off "
            "the diagonal may be negative in a perfect bowl that lies askew. The curvatures "
            "in all directions lie between the two eigenvalues, so both of these have to be "
            "positive. np.linalg.eigvalsh(H) gives them, the smaller one first. For two by "
            "two matrices it is the same to ask that determinant and upper left entry are "
            "both positive.",
        ),
        Wrong(
            name="It returns something else than two numbers",
            vague=True,
            when=_misshapen,
            hint="For some inputs your function returns one number or a whole matrix, where a "
            "step has two numbers, dx and dy. Two slips lead to this most often. The sign * "
            "multiplies NumPy arrays entry by entry: the inverse of H times g with * makes "
            "a matrix. The product of matrix and vector is written @, as in "
            "np.linalg.inv(H) @ g. And a fall-back such as minus the rate alone, without "
            "the gradient behind it, is a single number. Print the result of both branches "
            "once and look at their shapes. Better than an inverse is np.linalg.solve(H, "
            "g), with a minus in front.",
        ),
        *BOWLS,
        Wrong(
            name="The test lets a negative curvature through",
            when=_mixed_up("descent", "newton"),
            last=True,
            hint="Both steps are right, but your test is too weak: at some inputs Newton's step "
            "is taken although a curvature is negative. The input above is one of them, "
            "with the two curvatures beside it. There the model at your feet is a saddle or "
            "a dome, and the level point to which Newton's step leads is no bottom. All "
            "eigenvalues of the Hessian have to be positive, and nothing less will do: not "
            "one of them, not their sum or product alone, not the curvature in one "
            "direction, not the gradient. np.linalg.eigvalsh(H) gives both, the smaller one "
            "first, so it is enough to look at that.",
        ),
        Wrong(
            name="The test keeps out good steps",
            when=_mixed_up("newton", "descent"),
            last=True,
            hint="Both steps are right, but your test is too strict: at some inputs steepest "
            "descent is taken although all curvatures are positive. The input above is one "
            "of them. There the model is a bowl, Newton's step leads to its bottom, and you "
            "give that away. Perhaps the test asks something of the entries off the "
            "diagonal, or of the gradient, which may have any sign in a bowl; or it looks "
            "at eigenvectors in the place of eigenvalues. np.linalg.eigvalsh(H) returns the "
            "eigenvalues alone, the smaller one first, and all that is needed is that this "
            "one is above zero.",
        ),
        Wrong(
            name="In a bowl the step is not Newton's",
            when=_off("newton"),
            last=True,
            hint="Where all curvatures are positive your function returns something that is "
            "neither Newton's step nor steepest descent. Newton's step s solves H s = -g. "
            "In NumPy that is -np.linalg.solve(H, g): first the matrix, then the right "
            "side, and a minus in front. With the inverse it is -np.linalg.inv(H) @ g, with "
            "the sign @ for the product of matrix and vector. Take one of the inputs, "
            "compute the step, and check it: multiply H by the step and add the gradient. "
            "Both components have to be zero. Then look at the order of the arguments and "
            "at the signs.",
        ),
        Wrong(
            name="The fall-back is not minus the rate times the gradient",
            when=_off("descent"),
            last=True,
            hint="Where a curvature is negative your function returns something else than what "
            "was asked for. The fall-back is steepest descent: the step goes against the "
            "gradient, and its length is the rate times that of the gradient. So both "
            "components of the gradient are multiplied by minus the rate, the one that is "
            "given in the text. It has nothing to do with the Hessian, and it is not "
            "divided by a length. Compare your result for the input above with minus the "
            "rate times the two numbers of the gradient, worked out by hand.",
        ),
    ],
    again="Ask np.linalg.eigvalsh(H) for the curvatures; its first entry is the smallest. If that "
    "is positive solve H s = -g, else return minus the rate times g.",
    worked="All curvatures are positive if the smallest eigenvalue is.\n\n"
    "```python\nimport numpy as np\n\n\n"
    "def safe_step(g, H):\n"
    "    if np.linalg.eigvalsh(H)[0] > 0:\n"
    "        return -np.linalg.solve(H, g)\n"
    "    return -<<rate>> * g\n```\n\n"
    "Such a Newton step always goes down: $\\mathbf{g} \\cdot \\mathbf{s} = -\\mathbf{g} \\cdot "
    "H^{-1} \\mathbf{g} < 0$, because $H^{-1}$ has the positive eigenvalues $1/\\lambda$.",
)
