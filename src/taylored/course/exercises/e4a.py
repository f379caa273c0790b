"""4A: the Newton step for a root of order a."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Exercise, Formulas, Parameters, Wrong
from taylored.course.checking.terms import any_of, shows
from taylored.course.exercises.newton_step import (
    f,
    has_slope,
    other_power,
    other_slope,
    other_start,
    slope,
    weights,
)

__all__ = ["EXERCISE"]


def _parameters(rng: Random) -> dict[str, Any]:
    return {"a": rng.randint(3, 5), "b": rng.choice([7, 11, 13, 17, 19, 23])}


def _inputs(rng: Random, p: Parameters) -> Case:
    return (rng.uniform(1.15, 2.9),)


def _right(p: Parameters, x: float) -> float:
    return x - f(p, x) / slope(p, x)


def _is_number(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether it is a number everywhere, and not nearly the right one."""
    got, right = np.array(outputs, dtype=float), np.array([_right(p, *case) for case in cases])
    return bool(np.isfinite(got).all() and np.any(np.abs(got - right) > 0.05 * np.abs(right)))


EXERCISE = Exercise(
    id="4A",
    title="One Newton step",
    answer=Formulas(variables=("x",), names=("next point",)),
    parameters=_parameters,
    inputs=_inputs,
    right=_right,
    tolerance=1e-4,  # decimals in the formula are welcome
    wrong=[
        Wrong(
            name="The step goes the wrong way",
            model=lambda p, x: x + f(p, x) / slope(p, x),
            hint="The quotient is right, but you add it where it has to be taken away. Look at a "
            "sketch: a curve that climbs, and a point on it above the axis. The function is too "
            "large there and grows to the right, so zero lies to the left, and the next point "
            "must be smaller. In that place both f and its slope are positive, so their quotient "
            "is positive too. What sign in front of it moves the point to the left? You can also "
            "differentiate it: the tangent has height f plus slope times step, and this is to be "
            "zero. Solve that for the step before you put it together with x, and watch what "
            "happens to the sign when f changes sides.",
        ),
        Wrong(
            name="That is the step, not the point it leads to",
            model=lambda p, x: -f(p, x) / slope(p, x),
            hint="You have found by how much the guess changes. The question asks where one "
            "stands afterwards, and that is the old guess plus the change. The two are easily "
            "confused, because both are called the Newton step in books. A test without any "
            "calculation: suppose the guess is already the root. Then the function is zero, your "
            "formula gives zero, and the next guess would be zero. But a guess that is already "
            "right must stay where it is. So something is still to be added in front of your "
            "formula. Read the sentence once more as a path: start here, go so far, arrive there. "
            "You have the middle part, and the answer wanted is the last one.",
        ),
        Wrong(
            name="That is the step with its sign changed, and not the point",
            model=lambda p, x: f(p, x) / slope(p, x),
            hint="Function over slope is the right quotient, and two things are missing around "
            "it. First, it says by how much the guess changes, but the question asks for the new "
            "guess: the old one must appear in the answer as well. Second, think about the "
            "direction. Where a climbing curve is above the axis, the root lies to the left, "
            "though your quotient is positive there. Draw the right-angled triangle under the "
            "tangent: its height is f, its base is the way to the root of the tangent, and the "
            "slope is height over base. So the base is f over slope. Now write down where the "
            "left corner of that triangle stands if the right one stands at x.",
        ),
        Wrong(
            name="The quotient is upside down",
            model=lambda p, x: x - slope(p, x) / f(p, x),
            others=[lambda p, x: x + slope(p, x) / f(p, x)],
            hint="You divide the slope by the function. It has to be the other way round, and "
            "there are two ways to see it. The first is units: let x be a time in seconds and f a "
            "height in meters. Then the slope is in meters per second, and what is taken away "
            "from x must be in seconds. Which of the two quotients is in seconds? The second is "
            "the root itself: close to it the function is nearly zero, so your correction becomes "
            "huge just where the guess is nearly right. A good correction becomes small there. "
            "Draw the triangle under the tangent, with height f and the slope as height over "
            "base, and solve for the base.",
        ),
        Wrong(
            name="The number is still there in the derivative",
            model=lambda p, x: x - f(p, x) / (slope(p, x) - p.b),
            hint="Your step has the right form, function over slope, and the function is right. In "
            "the slope, the number that stands alone has survived. A derivative says how fast "
            "something changes, and a number without x does not change at all: shift a curve down "
            "by any amount, and all its tangents keep their slope. So a constant term disappears "
            "when one differentiates. It must stay in the numerator, where the height of the curve "
            "matters, and it must go in the denominator, where only the steepness matters. Take "
            "the simplest case to see it: what is the slope of the straight line 2x - 5, and "
            "does it depend on the 5? Then write your quotient again.",
        ),
        Wrong(
            name="The power is not brought down in the derivative",
            model=lambda p, x: x - f(p, x) / x ** (p.a - 1),
            hint="The function stands rightly in the numerator, and the exponent in the "
            "denominator has been lowered by one. But the derivative of a power has a second "
            "part: the old exponent comes down in front as a factor. You can see that it is "
            "needed: the cube of x is a product of three factors, and when x grows a little, each "
            "of the three grows in turn, so the change is three times as large as that of one "
            "factor alone. Without the factor your slope is too small, the steps are too long, "
            "and they jump to and fro across the root. Put the factor back and try a number: the "
            "slope of the square of x at 3 is 6, not 3.",
        ),
        Wrong(
            name="The exponent is not lowered in the derivative",
            model=lambda p, x: x - f(p, x) / (p.a * x**p.a),
            hint="You brought the exponent down as a factor, which is right, but left the power "
            "itself as it was. In the derivative of a power the exponent becomes smaller by one. "
            "Check it where you know the answer: the square of x has the slope 2x, a straight "
            "line through the origin, and not two times the square of x. Units say the same. If x "
            "is a length, its square is an area, and the slope is an area per length, hence a "
            "length again: one power less. With your slope the steps are too short where x is "
            "above one, so the method creeps instead of jumping, and the digits no longer double. "
            "Lower the exponent in the denominator and compare.",
        ),
        Wrong(
            name="The function is not divided by its slope",
            model=lambda p, x: x - f(p, x),
            hint="You take the height of the curve away from x. But height and distance are two "
            "different things: how far the root is depends on how steep the curve is. On a steep "
            "curve a large height is used up within a short way, on a gentle one the same height "
            "lasts for long. Think of stairs down to a cellar three meters below: the number of "
            "meters forward depends on the steepness of the stairs. The slope is height per "
            "distance, so distance is height per slope. Draw a tangent of slope 10 from a point "
            "at height 5 and read off where it meets the axis: half a unit away, not five. So one "
            "division is missing from your formula.",
        ),
        Wrong(
            name="The denominator needs brackets",
            model=lambda p, x: x - f(p, x) / p.a * x ** (p.a - 1),
            hint="On paper your formula would be right, but typed in one line it means something "
            "else. A computer works through products and quotients from left to right: what "
            "stands behind a slash is divided by only up to the next multiplication sign, and "
            "what follows is multiplied again. So the number in your denominator divides, and the "
            "power of x behind it multiplies. On paper the long fraction bar does the work of "
            "brackets; here you have to write them. Try a small case: what is 12/2*3 on a "
            "calculator, and what is 12/(2*3)? Put brackets round the whole denominator, and "
            "round the whole numerator as well.",
        ),
        Wrong(
            name="The numerator needs brackets",
            model=lambda p, x: x - x**p.a - p.b / slope(p, x),
            hint="Your formula has the right pieces, but only the last part of the numerator is "
            "divided by the slope. A slash binds more strongly than a minus sign: it takes the "
            "number just before it, and not the whole difference. So the power of x stands alone, "
            "undivided, and is taken away in full. On paper the fraction bar reaches over the "
            "whole difference, and does the work of brackets; typed in one line they must be "
            "written. Compare 6 - 4/2 with (6 - 4)/2 to see it: four in the first case, one in "
            "the second. Put brackets round the function in the numerator and try once more.",
        ),
        Wrong(
            name="The number has the wrong sign",
            model=lambda p, x: x - (x**p.a + p.b) / slope(p, x),
            hint="The slope is right, and so is the form of the step. But look at the function in "
            "your numerator: it adds the number where the equation takes it away. The function "
            "whose root is sought must be zero at the goal. Put the goal into yours: the power of "
            "x is then equal to the number, and the sum of the two is twice the number, not zero. "
            "A step computed with it would move away even from the exact answer. Bring the "
            "equation into the form something equals zero, by taking the right side away from the "
            "left, and use just that as the function.",
        ),
        Wrong(
            name="That is the root itself, not the next guess",
            model=lambda p, x: p.b ** (1 / p.a),
            hint="You have written down the number that is sought. That is where the steps lead "
            "in the end, but the question asks for a single one of them: where does one tangent, "
            "drawn at the guess x, lead? The answer depends on x, and there is no x in yours. One "
            "step gets near, not there, because the tangent is only a stand-in for the curve. "
            "And the method uses nothing but powers and divisions, which is its point: a "
            "computer has to find the root without knowing it. Write down the height of the "
            "curve at x, its slope there, and then the place where the tangent is zero.",
        ),
        Wrong(
            name="The number has been forgotten",
            model=lambda p, x: x - x**p.a / slope(p, x),
            hint="Slope and form are right, but in the numerator only the power stands, without "
            "the number that is subtracted from it. The numerator is the function whose "
            "root is wanted, all of it. In the derivative the number has vanished, as it "
            "must, since it does not change; perhaps it was dropped in the numerator for "
            "the same reason. Without it you are looking for the root of the bare power, "
            "which is zero, and your next point is always a fixed share of the guess: the "
            "steps creep to zero. Write the function down as it stands in the exercise, and "
            "put it above the line unchanged; then its derivative below.",
        ),
        Wrong(
            name="That is Newton's step for a minimum",
            model=lambda p, x: x - x / (p.a - 1),
            hint="You have divided the first derivative by the second. This is Newton's method "
            "too, but for another question: where is a function lowest? There the slope is "
            "to be zero, so the slope plays the part of the function, and the second "
            "derivative that of its slope. Here the function itself is to be zero. So the "
            "function stands above the line and its first derivative below. Note what your "
            "formula looks like when it is simplified: the number of the exercise has "
            "dropped out of it altogether. A rule that does not know the number cannot find "
            "its root.",
        ),
        Wrong(
            name="The rule for the square root is used",
            when=shows(
                lambda p, x: (x + p.b / x) / 2,
                lambda p, x: x - f(p, x) / (2 * x),
                lambda p, x: (x + p.b / x ** (p.a - 1)) / 2,
                lambda p, x: (x + p.b / x ** (p.a - 1)) / p.a,
                lambda p, x: ((p.a - 1) * x + p.b / x) / p.a,
            ),
            hint="Your formula is the old rule for square roots, or close to it: take the mean "
            "of the guess and of the number divided by the guess. For square roots it is "
            "just Newton's step. For a higher root the two parts do not count the same. "
            "Work it out anew. Newton's step is the guess minus the function over its slope. "
            "Split the fraction in two and simplify: one part of the power cancels and "
            "leaves a share of the guess. What is left is a mean with weights, in which the "
            "guess counts several times and the other part once, and all weights together "
            "make the order of the root.",
        ),
        Wrong(
            name="Numerator and denominator both need parentheses",
            model=lambda p, x: x - x**p.a - p.b / p.a * x ** (p.a - 1),
            hint="As a formula on paper, with a long fraction line, this may be right. Typed in "
            "one line it says something else: only the two things next to the stroke are "
            "divided, and they alone. The power of x stands outside, and so does the power "
            "of x that belongs to the slope, which is multiplied in the end and not divided "
            "by. Put one pair of parentheses around the whole function in the numerator, "
            "and one around the whole slope in the denominator. Then test the formula by "
            "putting in the root itself, in your head: the numerator must be zero there, so "
            "that the next point is the root again.",
        ),
        Wrong(
            name="The function is multiplied by its slope",
            model=lambda p, x: x - f(p, x) * slope(p, x),
            others=[lambda p, x: x + f(p, x) * slope(p, x)],
            hint="You multiply the function by its slope where you should divide. Look at the "
            "picture: you stand at some height above the axis and go down along the "
            "tangent. How far do you have to go sideways until you are down? If the tangent "
            "is steep, not far; if it is nearly level, very far. So the slope divides. "
            "Units say the same: the height is in units of y, the slope in y per x, and the "
            "step must be in units of x, which is height over slope. With a product the "
            "steps would be longest just where the curve is steepest, and the method would "
            "fly away at once.",
        ),
        Wrong(
            name="The two numbers are exchanged",
            model=lambda p, x: x - (x**p.b - p.a) / (p.b * x ** (p.b - 1)),
            hint="The form is right, but the two numbers have changed places: the number under "
            "the root is in your exponent, and the order of the root is what you subtract. "
            "The small number at the root sign is the order: it says how many equal factors "
            "are wanted, so it is the exponent of x in the equation. The number under the "
            "root is what their product has to be. The text gives the equation as well: "
            "read the exponent and the number off it once more. A check of size: the root "
            "must be a number whose power is the number under the root sign, between 1 and "
            "3 here.",
        ),
        Wrong(
            name="That is a height or a slope, not a place",
            when=shows(
                lambda p, x: slope(p, x),
                lambda p, x: f(p, x),
                lambda p, x: f(p, x) + slope(p, x),
                lambda p, x: x,
            ),
            hint="What you have written is one of the parts from which the step is made: the "
            "guess, the function there, its slope, or their sum. The next point is where "
            "the tangent meets the axis. Put it together. The tangent starts at the height "
            "of the function and changes by the slope for every unit that one goes to the "
            "right. Ask how far one has to go until the height is zero: that is minus the "
            "height divided by the slope. Then add this step to the guess. So the guess, "
            "the function and its slope all occur, each once.",
        ),
        Wrong(
            name="The root has stayed in the function",
            model=lambda p, x: x - (x ** (1 / p.a) - p.b) / slope(p, x),
            others=[
                lambda p, x: x - (x - p.b ** (1 / p.a)) / slope(p, x),
                lambda p, x: x - (x ** (1 / p.a) - p.b ** (1 / p.a)) / slope(p, x),
            ],
            hint="In your numerator a root of x stands where the power of x belongs. The unknown "
            "x is the root that one looks for. So its power is the known number, and the "
            "equation reads: power of x, minus the number, is zero. That is the function "
            "that stands in the exercise too, and it contains no root at all, which is the "
            "point of it: a computer that can only add and multiply finds the root with it. "
            "Put the function into the numerator as it is written there. The slope in your "
            "denominator belongs to that function already, and is right.",
        ),
        Wrong(
            name="It has been integrated, where the slope is wanted",
            when=any_of(
                has_slope(
                    lambda p: p.a + 1,
                    lambda p: 1 / (p.a + 1),
                    lambda p: p.a,
                    lambda p: p.a + 1,
                    lambda p: 1.0,
                ),
                has_slope(lambda p: p.a, lambda p: p.a + 1),
                shows(lambda p, x: x - f(p, x) / (x ** (p.a + 1) / (p.a + 1) - p.b * x)),
            ),
            hint="In your denominator the exponent has gone up, so the power rule has been used in "
            "the direction of the integral. The slope needs the other one: the exponent comes "
            "down as a factor, and the power is lowered by one. The two rules undo each other "
            "and are easily mixed up. The square tells them apart: its slope is two times x, "
            "and a third of the cube is the area under it. Units help too. If x is a length, "
            "a slope is the unit of f divided by a length, so it has one power of length less "
            "than f, and an integral has one more. Step and guess must have the same unit, "
            "that of x; check your quotient for that.",
        ),
        Wrong(
            name="The exponent is lowered by two",
            when=has_slope(
                lambda p: p.a - 2, lambda p: p.a, lambda p: p.a * (p.a - 1), lambda p: p.a - 1
            ),
            hint="The power in your denominator is two below that of the function. Perhaps it has "
            "been differentiated twice, which gives the curvature; perhaps the exponent was "
            "lowered once too often. Newton's step needs the first derivative only: one "
            "exponent comes down as a factor, and the power is lowered by one, once. The "
            "second derivative belongs to the search for a minimum, where the slope is to "
            "become zero and the curvature tells how fast it does. Here the function itself "
            "is to become zero, and its slope tells how fast that happens. A check: the slope "
            "of a cube is a number times a square, and that of a square is a number times x.",
        ),
        Wrong(
            name="The factor in front of the slope is not the exponent",
            when=has_slope(lambda p: p.a - 1),
            hint="Form, function and power are right; only the number in front of the slope is "
            "another one than it should be. When a power is differentiated, the exponent "
            "comes down as it was before, and only then it is lowered. So the factor is not "
            "the lowered exponent, and no further number joins it: neither a 2 nor the number "
            "under the root. Take a case that you know. A cube of side x grows, when its side "
            "grows a little, by three thin squares on three of its faces: three times the "
            "square of x. With another factor the steps have the wrong length: they still "
            "lead toward the root, but either creep or overshoot, and the digits no longer "
            "double.",
        ),
        Wrong(
            name="A fixed number stands in the place of the slope",
            when=has_slope(lambda p: 0.0),
            hint="You take from the guess a fixed share of the function: it is divided by, or "
            "multiplied with, a plain number. That can work, slowly, if the number is well "
            "chosen. But Newton's idea is to use the tangent at the very place where one "
            "stands, and its slope is different at each place. The steeper the curve is, the "
            "shorter the way to the axis for the same height. So the number has to be "
            "replaced by the derivative of the function, which contains x. The exponent comes "
            "down as a factor, and one power of x less is left. Then each step fits its "
            "place, and near the root the right digits double.",
        ),
        Wrong(
            name="The power in the numerator is not that of the function",
            when=any_of(
                other_power,
                shows(
                    lambda p, x: x - (x ** (p.a - 1) - p.b) / ((p.a - 1) * x ** (p.a - 2)),
                    lambda p, x: x - (x ** (p.a + 1) - p.b) / ((p.a + 1) * x**p.a),
                ),
            ),
            hint="The slope in your denominator is right, and so is the number above the line, but "
            "the power of x beside it is another one than in the exercise. The numerator is "
            "the function whose root is sought, not differentiated and not simplified: the "
            "power with the order of the root as exponent, minus the number. Differentiating "
            "lowers an exponent, but that belongs below the line alone. Put the root itself "
            "in for x as a test. The power must then be equal to the number, the numerator "
            "zero, and the step zero, since from the root there is nowhere better to go. With "
            "your exponent the numerator is not zero there. Look at the exponent in the text "
            "again.",
        ),
        Wrong(
            name="The step is right, but it starts at another place than the guess",
            when=other_start,
            hint="Function over slope, taken away: that is the right step. But what it is taken "
            "away from is not the guess. The step is a way along the x axis, so it has to "
            "start where one stands on this axis, at x. The height of the curve is measured "
            "along the other axis, and a way to the left cannot be taken from a height: their "
            "units differ. Nor does the walk start at the number under the root, at the root "
            "itself, or at a multiple of x. A test: put in the root for x. Then the fraction "
            "is zero, and what is left of your formula is the starting place alone. It must "
            "be the root, since a right guess stays where it is.",
        ),
        Wrong(
            name="The slope in the denominator is not that of the function",
            when=other_slope,
            last=True,
            hint="Your formula has the form of Newton's step, with the right function in the "
            "numerator, but what stands in the denominator is not its slope. The function "
            "is a power of x minus a number. The number does not change, so it has the "
            "slope zero and drops out. The power is differentiated by the power rule: its "
            "exponent comes down as a factor in front, and the exponent that stays is one "
            "smaller. Both happen at once. Check the number in front and the exponent of "
            "your denominator against this rule, and look whether it has been integrated "
            "instead, which would raise the exponent.",
        ),
        Wrong(
            name="The power is taken for a product",
            when=shows(
                lambda p, x: x - (p.a * x - p.b) / p.a,
                lambda p, x: x - (p.a * x - p.b) / slope(p, x),
                lambda p, x: x - f(p, x) / p.a,
                lambda p, x: p.b / p.a,
            ),
            hint="You treat the power as a product: as if the exponent were a factor in front of "
            "x. A power is repeated multiplication, x times x times x, while a product with a "
            "number is repeated addition. The two agree only by chance. For a product the "
            "equation would be a straight line, the tangent would be the line itself, and one "
            "step would lead to the exact root at once, which is then no root but a quotient. "
            "The curve here is bent, so its slope is different at each place and contains x. "
            "Write the function as in the exercise, with the exponent above. Then "
            "differentiate the power: the exponent comes down as a factor and one less stays "
            "above.",
        ),
        Wrong(
            name="Not the whole function is divided by the slope",
            when=shows(
                lambda p, x: x - p.b / slope(p, x),
                lambda p, x: x + p.b / slope(p, x),
                lambda p, x: x - x**p.a - p.b / slope(p, x),
                lambda p, x: x - x**p.a / slope(p, x) - p.b,
                lambda p, x: x - x**p.a / slope(p, x) + p.b,
            ),
            hint="Only a part of the function stands above the line, the power or the number, "
            "and not both. Newton's step divides the height of the curve by its slope, and "
            "the height is the whole function: the power of x minus the number. At the root "
            "these two are equal, so that the height is zero and the step is zero; with one "
            "of them alone a step would lead away even from the root itself. Write the "
            "function down as it stands in the exercise, put it in parentheses, and divide "
            "all of it by the slope. Then subtract that from the guess.",
        ),
        Wrong(
            name="One of the two parts has the wrong weight",
            when=weights,
            last=True,
            hint="Simplified, Newton's step has two parts here: a share of the guess, and a number "
            "over a power of x. Your formula has these two, but not with the right weights. "
            "Most often a fraction has been split and not every piece was divided by the "
            "whole denominator: its factor belongs below both pieces. Or a minus in front of "
            "the fraction has reached only the first of them. Do it slowly. Write the "
            "fraction as power over slope minus number over slope, simplify each, and then "
            "take both from x, with their signs. Test: at the root, the number over the power "
            "of x is the guess again. So the two weights, without the number, must add up to "
            "one.",
        ),
        Wrong(
            name="The parts are not put together as a Newton step",
            when=_is_number,
            last=True,
            hint="Your formula is not the guess minus the function over its slope, and it is "
            "none of the usual slips either. Put it together from three parts. The guess: "
            "x. The function: the power of x minus the number, as in the exercise. Its "
            "slope: the exponent comes down as a factor, and the power is lowered by one; "
            "the number drops out. Then x minus a fraction, with the function above the "
            "line and the slope below, each in parentheses. Test it: where the power of x "
            "is equal to the number, the fraction must be zero and the next point the same "
            "as the guess.",
        ),
    ],
    again="The tangent at x has the height f(x) + f'(x) times the step. Set this to zero and solve "
    "for the step; then add the step to x. Here f is a power of x minus a number.",
    worked="With $f(x) = x^{<<a>>} - <<b>>$ the slope is $f'(x) = <<a>> x^{<<a>>-1}$: the constant "
    "drops out. The next point is $x - \\frac{f(x)}{f'(x)} = x - \\frac{x^{<<a>>} - <<b>>}"
    "{<<a>> x^{<<a>>-1}}$. At the root itself the numerator is zero, and the point stays.",
)
