"""4B: find a start from which Newton's method fails; the judge runs it."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Judged, Parameters, Place, Wrong

__all__ = ["EXERCISE"]

_MOST = 4000  # from the largest float a third is lost 1750 times


def _parameters(rng: Random) -> dict[str, Any]:
    """f = x^3 - a*x + b with a = 2s^2, b = 2s^3: Newton's steps go 0, s, 0, s for ever."""
    s = rng.choice([2, 3, 4, 5])
    return {"a": 2 * s * s, "b": 2 * s**3, "s": s}


def _f(p: Parameters, x: float) -> float:
    return x**3 - p.a * x + p.b


def _slope(p: Parameters, x: float) -> float:
    return 3 * x * x - p.a


def _step(p: Parameters, x: float) -> float:
    if abs(x) < 1e6:
        return _f(p, x) / _slope(p, x)
    return x * (1 - p.a / x / x + p.b / x / x / x) / (3 - p.a / x / x)  # powers would overflow


def _level(p: Parameters, x: float) -> bool:
    """Whether the tangent is level, as far as a typed number can say."""
    return abs(x) < 1e6 and abs(_slope(p, x)) <= 1e-9 * p.a


def _path(p: Parameters, x: float) -> list[float]:
    """Newton's steps until they rest at the root, or `_MOST` of them."""
    path = [x]
    for _ in range(_MOST):
        if _level(p, x):
            break
        x -= _step(p, x)
        path.append(x)
        if abs(path[-1] - path[-2]) <= 1e-9 * p.s:
            break
    return path


def _arrives(p: Parameters, x: float) -> bool:
    path = _path(p, x)
    return len(path) > 1 and abs(path[-1] - path[-2]) <= 1e-9 * p.s


def _start(outputs: list[Any]) -> float:
    return float(outputs[0])


def _judge(p: Parameters, cases: list[Case], outputs: list[Any]) -> Judged:
    x = _start(outputs)
    path = _path(p, x)
    shown = ", ".join(f"{v:.4g}" for v in path[:6]) + (", ..." if len(path) > 6 else "")
    wanted = "steps that never come to rest"
    if not _arrives(p, x):
        end = "the tangent is level" if _level(p, path[-1]) else "it never comes to rest"
        return Judged(True, f"Newton from x = {x:.6g}", f"{shown}: {end}", wanted)
    return Judged(
        False,
        f"Newton from x = {x:.6g}",
        f"{shown}: at the root {path[-1]:.4f} after {len(path) - 1} steps",
        wanted,
    )


def _root(p: Parameters) -> float:
    return -1.7692923542386314 * p.s


def _flat(p: Parameters) -> float:
    return math.sqrt(p.a / 3)


def _at_root(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return abs(_start(outputs) - _root(p)) <= 0.06 * p.s


def _left(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return _root(p) - 3 * p.s < _start(outputs) < -_flat(p) - 0.25 * p.s


def _near_flat(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return abs(abs(_start(outputs)) - _flat(p)) <= 0.13 * p.s and _arrives(p, _start(outputs))


def _far(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return abs(_start(outputs)) >= 2.2 * p.s


def _bounces(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return _arrives(p, _start(outputs))


_NOT_LEVEL: tuple[Callable[[Parameters], float], ...] = (  # slips in 3x^2 = a
    lambda p: p.a / 3,
    lambda p: (p.a / 3) ** 2,
    lambda p: math.sqrt(p.a),
    lambda p: math.sqrt(p.a) / 3,
    lambda p: math.sqrt(p.a / 6),
    lambda p: math.sqrt(3 * p.a),
    lambda p: math.sqrt(2 * p.a / 3),
    lambda p: math.sqrt(3 / p.a),
    lambda p: p.a / 6,
    lambda p: (p.a / 3) ** (1 / 3),
    lambda p: math.sqrt(p.a - 3),
    lambda p: math.sqrt((p.a + p.b) / 3),
    lambda p: math.sqrt(p.b / 3),
)


def _is_one_of(*values: Callable[[Parameters], float]) -> Callable[..., bool]:
    """Whether the start is one of these numbers, and it arrives."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        x = _start(outputs)
        near = any(abs(x - v(p)) <= 2e-3 * abs(v(p)) for v in values)
        return near and _arrives(p, x)

    return when


EXERCISE = Exercise(
    id="4B",
    title="Make Newton fail",
    answer=Place(names=("x",)),
    parameters=_parameters,
    right=lambda p: 0.0,
    judge=_judge,
    wrong=[
        Wrong(
            name="The second point of the cycle has the wrong sign",
            when=_is_one_of(lambda p: -p.s),
            hint="The size of your number is telling: there is a pair of points that Newton's "
            "steps send to and fro, and one of them has this size. But it lies on the other "
            "side of zero. Make the first step from zero once more and watch the signs. The "
            "step is minus the function over its slope. At zero the function is its constant "
            "term, which is positive, and the slope is the number in front of x, which is "
            "negative. A minus in front of a positive over a negative: which way does the "
            "step go? This function is not symmetric, so a start and its mirror image have "
            "nothing in common. From yours the guesses come to rest, as the list above shows.",
        ),
        Wrong(
            name="The zero of the derivative is not worked out rightly",
            when=_is_one_of(
                *(
                    lambda p, value=value, sign=sign: sign * value(p)
                    for value in _NOT_LEVEL
                    for sign in (1, -1)
                )
            ),
            hint="You seem to look for the place where the tangent is level, since there Newton's "
            "method has no step to make. That is a good plan, but the place is not quite this "
            "one. The derivative of the function is three times the square of x, minus the "
            "number in front of x in the function. Set it to zero and go on in small steps: "
            "bring the number to the other side, divide by the 3, and take the root at the "
            "end, of the whole quotient. Did the 3 get lost, was the root forgotten, or was "
            "it taken of one part only? Then put your number back into the derivative: it "
            "must give zero, with all digits.",
        ),
        Wrong(
            name="That is a number of the formula or a height, not a start",
            when=_is_one_of(
                lambda p: p.a,
                lambda p: -p.a,
                lambda p: p.b,
                lambda p: -p.b,
                lambda p: p.s**3,
                lambda p: p.s**2,
                lambda p: _f(p, _flat(p)),
                lambda p: _f(p, -_flat(p)),
            ),
            hint="Your number stands in the formula, or it is a value or a slope of the function "
            "at some point: it is measured upward, along the other axis. A start is a place "
            "on the x axis, where the guesses live. Taken as a place, your number is far out "
            "on the right or on the left, and from there the method comes home: each step "
            "takes off about a third of the distance. If you have found a special place, such "
            "as zero or the place where the tangent is level, then type the place itself, and "
            "not the height of the curve over it. And the first step from a place leads by "
            "minus height over slope, which needs one more division.",
        ),
        Wrong(
            name="That start belongs to the lesson's function, not to this one",
            when=_is_one_of(lambda p: 1.0, lambda p: math.sqrt(2 / 3), lambda p: -math.sqrt(2 / 3)),
            hint="For the function of the lesson your start is a good one: it belongs to its "
            "cycle, or its tangent is level there. But the function here has other numbers, "
            "and with them everything moves. The shape is the same, only stretched. Do for "
            "this function what the worked example did for that one. Take zero as a guess, "
            "write down the function and its slope there, and make one step. Then do the same "
            "from the point you have reached. Or set the derivative of this function to zero "
            "and solve it for x with its own numbers. What stays the same is the idea: two "
            "points that send each other to and fro.",
        ),
        Wrong(
            name="That is the root itself",
            when=_at_root,
            hint="You have typed a point at the root, or next to it. There Newton's method is at "
            "its best: close to a simple root the tangent and the curve are nearly the same, and "
            "each step doubles the right digits. What is wanted is the opposite, a start that "
            "never gets there. Look for places where the tangent is a bad picture of the curve. "
            "This curve comes up from below, crosses zero once, has a hill, a valley that stays "
            "above the axis, and climbs again. Over the valley a tangent has no zero to point "
            "to, so it must send the guess somewhere else. Try a few starts there and write down "
            "the first four points of each.",
        ),
        Wrong(
            name="From the left the method always arrives",
            when=_left,
            hint="Your start lies on the left branch, where the curve climbs and bends in one "
            "direction only. There the tangents cannot fail: to the left of the root the curve is "
            "below the axis and lies under each of its tangents, so the first step may jump a "
            "little over the root or stay short of it, and from then on the guesses close in from "
            "one side. Failing needs a place where the curve bends the other way or where it is "
            "nearly level, so that the tangent points away from the root. Follow the curve to the "
            "right, past the hill, and look at the stretch in which it dips without reaching "
            "zero. Which points there are sent back to where they came from?",
        ),
        Wrong(
            name="Flat, but not level",
            when=_near_flat,
            hint="You have looked for a place where the curve is flat, which is a good thought: "
            "where the tangent is exactly level it meets the axis nowhere, and the method stops. "
            "But near that place is not enough. An almost level tangent sends the guess very far "
            "away, and from far away the method comes back: there the cubic term rules, and each "
            "step takes off a third of the distance, until the root is reached. So either find "
            "the level point exactly, by setting the derivative to zero and typing the root of "
            "it as a formula, or look for another kind of failure: two points, each of which is "
            "sent to the other. Start with the simplest number there is.",
        ),
        Wrong(
            name="Far away is not lost",
            when=_far,
            hint="You start very far out, perhaps because Newton's method is said to need a good "
            "first guess. It does for many functions, for example for the arc tangent, whose "
            "curve becomes flat far out. This one becomes steeper instead. Far out the cube rules "
            "everything, and for the cube alone a step goes from x to x minus a third of x. So the "
            "guess shrinks by a third each time: ten steps from a thousand and one is back in "
            "the middle. The trouble is in the middle, between the hill and the valley of the "
            "curve. Compute a few steps from small round numbers by hand, and look whether you "
            "come past the same number twice.",
        ),
        Wrong(
            name="It jumps about, but it arrives",
            when=_bounces,
            hint="From your start the guesses jump to and fro for a while, and then they do find "
            "the root: the list of points above ends there. That is typical of starts between the "
            "hill and the valley. To fail for good, the guesses must be caught: a point is sent "
            "to another one, and that one is sent back. Such a pair can be found by hand. Take "
            "the start at which f and its slope are easiest to compute, make one step, and then "
            "a step from the point you reached. If the pair attracts its surroundings, a start a "
            "little beside it is caught as well. The figure with the strip shows such a pair for "
            "a smaller cousin of your function.",
        ),
    ],
    again="Compute two Newton steps from the easiest number there is. Or set the derivative to "
    "zero: at such a point the tangent is level and meets the axis nowhere.",
    worked="Start at $0$. There $f(0) = <<b>>$ and $f'(0) = -<<a>>$, so the step leads to "
    "$0 + \\frac{<<b>>}{<<a>>} = <<s>>$. At $<<s>>$ the value is $<<s>>^3 - <<a>> \\cdot <<s>> + "
    "<<b>> = <<s>>^3$ and the slope $3 \\cdot <<s>>^2 - <<a>> = <<s>>^2$, so the step leads to "
    "$<<s>> - <<s>> = 0$: back to the start, for ever. All starts close to $0$ or to $<<s>>$ are "
    "caught too, and at $\\sqrt{<<a>>/3}$ the tangent is level.",
)
