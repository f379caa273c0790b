"""2A: the chain rule along a path, as a dot product of gradient and velocity."""

from __future__ import annotations

from math import cos, sin
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Formulas, Parameters, Wrong

__all__ = ["EXERCISE"]


def _parameters(rng: Random) -> dict[str, Any]:
    return {"a": rng.choice([3, 4, 5]), "b": rng.choice([3, 4, 5]), "c": rng.choice([3, 5, 7])}


def _inputs(rng: Random, p: Parameters) -> Case:
    return (rng.uniform(0.35, 1.6),)


def _parts(p: Parameters, t: float) -> tuple[float, float, float, float]:
    """∂f/∂x, dx/dt, ∂f/∂y, dy/dt."""
    x, y = cos(p.a * t), t**p.b
    return 2 * x * y, -p.a * sin(p.a * t), x * x + p.c, p.b * t ** (p.b - 1)


def _right(p: Parameters, t: float) -> float:
    fx, vx, fy, vy = _parts(p, t)
    return fx * vx + fy * vy


def _first(p: Parameters, t: float) -> float:
    fx, vx, _, _ = _parts(p, t)
    return fx * vx


def _second(p: Parameters, t: float) -> float:
    _, _, fy, vy = _parts(p, t)
    return fy * vy


def _no_speeds(p: Parameters, t: float) -> float:
    fx, _, fy, _ = _parts(p, t)
    return fx + fy


def _product(p: Parameters, t: float) -> float:
    return _first(p, t) * _second(p, t)


def _sums_multiplied(p: Parameters, t: float) -> float:
    fx, vx, fy, vy = _parts(p, t)
    return (fx + fy) * (vx + vy)


def _crossed(p: Parameters, t: float) -> float:
    fx, vx, fy, vy = _parts(p, t)
    return fx * vy + fy * vx


def _lost_factor(p: Parameters, t: float) -> float:
    return _first(p, t) / p.a + _second(p, t)


def _other_sign(p: Parameters, t: float) -> float:
    return _second(p, t) - _first(p, t)


def _sign_and_factor(p: Parameters, t: float) -> float:
    return _second(p, t) - _first(p, t) / p.a


def _constant_lost(p: Parameters, t: float) -> float:
    return _right(p, t) - p.c * p.b * t ** (p.b - 1)


def _power_kept(p: Parameters, t: float) -> float:
    return _first(p, t) + _second(p, t) * t


def _power_dropped(p: Parameters, t: float) -> float:
    return _first(p, t) + _second(p, t) / p.b


def _square_kept(p: Parameters, t: float) -> float:
    return 0.5 * _first(p, t) + _second(p, t)


_ONE_PATH = (
    "Your formula holds one of two contributions. Time moves the probe east and north at once, and "
    "the temperature notices both. Picture the two ways from t to f: one goes through x, the other "
    "through y. You have followed only one of them. Along each way you multiply: how strongly f "
    "reacts to that coordinate, times how fast that coordinate changes. At the end you add what "
    "arrives over the two ways. A test that you can make in your head: freeze one coordinate of "
    "the probe and ask how fast the temperature would change then. That is the part you have, or "
    "the part you lack. Nothing in the task freezes either of them, so both parts have to stand in "
    "your answer."
)


def _no_first_speed(p: Parameters, t: float) -> float:
    return _parts(p, t)[0] + _second(p, t)


def _no_second_speed(p: Parameters, t: float) -> float:
    return _first(p, t) + _parts(p, t)[2]


def _sine_squared(p: Parameters, t: float) -> float:
    return _second(p, t) - p.a * t**p.b * sin(p.a * t) ** 2


def _cosine_only(p: Parameters, t: float) -> float:
    return _second(p, t) + 2 * p.a * t**p.b * cos(p.a * t)


def _no_square(p: Parameters, t: float) -> float:
    """As if x stood in the place of its square."""
    return p.b * t ** (p.b - 1) * (cos(p.a * t) + p.c) - p.a * t**p.b * sin(p.a * t)


def _no_square_inside(p: Parameters, t: float) -> float:
    return _second(p, t) - 2 * p.a * t**p.b * sin(p.a * t)


def _constant_alone(p: Parameters, t: float) -> float:
    return _constant_lost(p, t) + p.c


def _constant_times_y(p: Parameters, t: float) -> float:
    return _constant_lost(p, t) + p.c * t**p.b


def _constant_times_t(p: Parameters, t: float) -> float:
    return _constant_lost(p, t) + p.c * t


def _slopes_multiplied(p: Parameters, t: float) -> float:
    return _parts(p, t)[0] * _parts(p, t)[1] / t**p.b * _parts(p, t)[3]


def _slopes_multiplied_and_constant(p: Parameters, t: float) -> float:
    return _slopes_multiplied(p, t) + p.c * _parts(p, t)[3]


def _no_speeds_product(p: Parameters, t: float) -> float:
    return _parts(p, t)[0]


EXERCISE = Exercise(
    id="2A",
    title="The chain rule along a path",
    answer=Formulas(variables=("t",), names=("df/dt",)),
    parameters=_parameters,
    inputs=_inputs,
    right=_right,
    formulas=["b*t**(b-1)*cos(a*t)**2 + c*b*t**(b-1) - 2*a*t**b*cos(a*t)*sin(a*t)"],
    wrong=[
        Wrong(name="The way through y is missing", model=_first, hint=_ONE_PATH),
        Wrong(name="The way through x is missing", model=_second, hint=_ONE_PATH),
        Wrong(
            name="The speeds are missing",
            model=_no_speeds,
            others=(_no_speeds_product,),
            hint="You have added the two partial derivatives of f. They say how strongly the "
            "temperature reacts to one unit of x and to one unit of y. But how many units does "
            "the probe move in an hour? That is what dx/dt and dy/dt say, and they do not occur "
            "in your formula. Think of units: a partial derivative is in degrees per meter, and "
            "the answer has to be in degrees per hour. To get there, each partial derivative must "
            "be multiplied by a speed in meters per hour. A probe that stands still shows it as "
            "well: its temperature does not change, so every term of the right answer must "
            "contain a speed that can be zero.",
        ),
        Wrong(
            name="The two contributions are multiplied",
            model=_product,
            others=(_slopes_multiplied, _slopes_multiplied_and_constant),
            hint="Both of your contributions are right, but you have multiplied them. Along one "
            "way from t to f you multiply; over several ways you add. Imagine that the probe "
            "moves east only, so that dy/dt is zero. Then the temperature still changes, because "
            "of x. With your product the whole answer would be zero as soon as one of the speeds "
            "is. Two small changes that happen at the same time add up: if moving east warms the "
            "probe by 0.2 degrees and moving north by 0.3, it ends 0.5 degrees warmer. Look at "
            "the dot product of gradient and velocity again: products of partners, and then a sum.",
        ),
        Wrong(
            name="The sum of the slopes is multiplied with the sum of the speeds",
            model=_sums_multiplied,
            hint="You have added the two slopes of the temperature, added the two speeds, and then "
            "multiplied the sums. That mixes what does not belong together: multiplied out, it "
            "holds the slope along x times the speed along y, as if moving north could use the "
            "slope to the east. Each slope has its own speed. First multiply each pair, the slope "
            "along x with dx/dt and the slope along y with dy/dt, and then add the two products. "
            "Test it with a probe that moves east only: dy/dt is zero, and the slope along y must "
            "drop out of the answer. In yours it stays.",
        ),
        Wrong(
            name="Derivatives and speeds are paired crosswise",
            model=_crossed,
            hint="You have all four factors, but they are paired crosswise: the derivative with "
            "respect to x stands next to the speed of y, and the other way round. Each way from t "
            "to f goes through one coordinate only. On the way through x, the speed of x is the "
            "first step and the reaction of f to x the second; both have x in them. In a product "
            "such as ∂f/∂x · dx/dt the two x seem to cancel, and this is a handy way to see "
            "whether partners belong together. Check it with units too: degrees per meter east "
            "times meters north per hour has no meaning.",
        ),
        Wrong(
            name="The inner factor of the cosine is missing",
            model=_lost_factor,
            hint="Your dot product is put together well, but one of the four factors is not right: "
            "the speed of x. What stands inside the cosine is not t but a multiple of t. When t "
            "grows by a little, the inside grows by that multiple of it, so the cosine changes "
            "that many times faster. This is the chain rule on a small scale: outer derivative at "
            "the inside, times the derivative of the inside. Compare cos(t) and cos(2t) in your "
            "mind: the second swings twice as often in the same time, at the same height, so it "
            "must be twice as steep. The number in front of t has to appear once more, as a "
            "factor.",
        ),
        Wrong(
            name="The sign of the cosine's derivative is wrong",
            model=_other_sign,
            hint="All factors are there, only the sign of the contribution through x is off. It "
            "comes from the derivative of the cosine. Look at the graph: the cosine starts at its "
            "top at 0 and then falls, so its slope just after 0 is negative, while the sine is "
            "positive there. So the derivative of the cosine cannot be plus the sine. (The sine "
            "starts at 0 and rises, and its derivative is plus the cosine: that is the one "
            "without a change of sign.) Write the speed of x anew, and carry its sign with it "
            "through the product. The contribution through y was right; leave it as it is.",
        ),
        Wrong(
            name="Sign and inner factor of the cosine are missing",
            model=_sign_and_factor,
            hint="The contribution through y is right. In the one through x the derivative of the "
            "cosine has two faults at once. First its sign: the cosine starts at its top and "
            "falls, so just to the right of 0 its slope is negative where the sine is positive. "
            "Second its size: inside the cosine stands a multiple of t, not t itself. It swings "
            "several times as fast as cos(t), at the same height, so it is as many times steeper. "
            "Work out this one speed on a separate line, dx/dt, and draw a small sketch to check "
            "sign and steepness at some early time. Then put it back into the dot product, next "
            "to the derivative with respect to x.",
        ),
        Wrong(
            name="The term with y alone has got lost",
            model=_constant_lost,
            hint="Everything that belongs to the term x²y is right. The second term of f, a number "
            "times y, has left no trace in your answer. It contains no x, so its derivative with "
            "respect to x is indeed zero; that may be why it was dropped. But it does contain y, "
            "and y moves. Its derivative with respect to y is the number itself, and that has to "
            "be multiplied by the speed of y. Check with a simpler world: if f were only that "
            "second term, the temperature of the moving probe would still change. With your "
            "formula it would not. Only a number that stands alone, without x or y, vanishes.",
        ),
        Wrong(
            name="The power is not lowered",
            model=_power_kept,
            hint="The contribution through x is right. In the one through y, look at the speed of "
            "y: you have brought the exponent down as a factor, but the power of t itself has "
            "stayed as it was. The power rule does two things at once: the exponent comes down in "
            "front, and the exponent that stays behind is smaller by one. Try it on an area: a "
            "square of side t has the area t², and a small growth of the side adds two thin "
            "strips of length t. So the derivative is 2t and not 2t². In the same way the "
            "derivative of any power is one power lower than the power itself.",
        ),
        Wrong(
            name="The exponent does not come down as a factor",
            model=_power_dropped,
            hint="The contribution through x is right. In the one through y the power of t is "
            "lowered by one, as it should be, but the exponent has not come down in front. The "
            "power rule does two things at once: the old exponent becomes a factor, and the new "
            "exponent is smaller by one. Try it on an area: a square of side t has the area t². A "
            "small growth of the side adds a thin strip along each of two sides, so the area "
            "grows at 2t, not at t. The 2 counts the sides that move. With a higher power there "
            "are as many sides as the exponent says.",
        ),
        Wrong(
            name="The square is not differentiated",
            model=_square_kept,
            hint="The contribution through y is right, and the one through x is half of what it "
            "should be: a 2 is missing. Look at the partial derivative of x²y with respect to x. "
            "There y is held still, so it is a factor, and x² is differentiated by the power rule: "
            "the exponent comes down in front, and one power of x remains. If you have used the "
            "product x·x instead, remember that each of the two factors contributes once. A quick "
            "check with numbers: between x = 3 and x = 3.01 the square grows from 9 to 9.0601, "
            "that is about six times 0.01, twice as much as 3 times 0.01.",
        ),
        Wrong(
            name="One of the speeds is missing",
            model=_no_first_speed,
            others=(_no_second_speed,),
            hint="You have counted both ways, and at one of them the speed is missing. Each way "
            "has two links: time moves the probe, and the place moves the temperature. The rates "
            "of the two links are multiplied. So the derivative of f by x is to be multiplied by "
            "dx/dt, and the derivative of f by y by dy/dt. A partial derivative alone says how "
            "many degrees one unit of way is worth; it does not know how fast you move. Write four "
            "rates below each other: ∂f/∂x, dx/dt, ∂f/∂y, dy/dt. Multiply the first two, multiply "
            "the last two, and add the two products. Each of the four is used once.",
        ),
        Wrong(
            name="The square of the cosine is not derived rightly",
            model=_sine_squared,
            others=(_cosine_only, _no_square, _no_square_inside),
            hint="In f the square of x stands, and x is a cosine, so a cosine is squared. To "
            "derive such a thing, go from the outside to the inside. The outermost is the square: "
            "its slope is two times what is squared, which is the cosine itself, still there. The "
            "next is the cosine: its slope is minus the sine. The innermost is the number times t: "
            "its slope is that number. Multiply all of them: two, the cosine, minus the sine, the "
            "number. In your answer one of these is missing or changed. A square of a sine does "
            "not come out anywhere, and the cosine must not vanish.",
        ),
        Wrong(
            name="The constant does not take the way of its y",
            model=_constant_alone,
            others=(_constant_times_y, _constant_times_t),
            hint="In f the constant is multiplied by y, and y moves with time. So this term has a "
            "slope as well: the constant times the speed of y. In your answer the constant stands "
            "by itself, or it is multiplied by y and not by the speed. Look at the derivative of "
            "f by y: it has two parts, the square of x and the constant, and the speed of y "
            "multiplies both of them. Put parentheses around the two parts before you multiply. A "
            "check: let x be zero for a moment. Then f is the constant times a power of t, and "
            "its slope follows from the power rule.",
        ),
        Wrong(
            name="That is the temperature, not its rate",
            model=lambda p, t: t**p.b * (cos(p.a * t) ** 2 + p.c),
            hint="You have put the path into the temperature. What you have is the temperature "
            "that the probe meets at the time t. Asked is how fast it changes. Derive your formula "
            "by t: it is a product of a power of t and a parenthesis with a squared cosine in it, "
            "so it takes the product rule, and the chain rule for the squared cosine. Or go by the "
            "two ways of the lesson: by x, the derivative of f by x times dx/dt; by y, the "
            "derivative of f by y times dy/dt; then add both. The two roads give the same formula, "
            "and that is the best check there is.",
        ),
    ],
    again="Four small derivatives are needed: ∂f/∂x and ∂f/∂y, with the other variable held still, "
    "and dx/dt and dy/dt. Multiply those that belong together, add the two products, and write "
    "cos(...) for x and the power of t for y.",
    worked="The gradient is $\\frac{\\partial f}{\\partial x} = 2xy$ and $\\frac{\\partial "
    "f}{\\partial y} = x^2 + <<c>>$. The velocity is $\\frac{dx}{dt} = -<<a>>\\sin(<<a>>t)$ and "
    "$\\frac{dy}{dt} = <<b>>t^{<<b>>-1}$. The dot product, with $x = \\cos(<<a>>t)$ and $y = "
    "t^{<<b>>}$ put in, is $$\\frac{df}{dt} = -2 \\cdot <<a>> \\cos(<<a>>t) \\sin(<<a>>t) \\, "
    "t^{<<b>>} + (\\cos^2(<<a>>t) + <<c>>) \\cdot <<b>> t^{<<b>>-1}.$$",
)
