"""2D: the derivatives of a neuron's cost by its weight and by its bias."""

from __future__ import annotations

from math import cosh, tanh
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Formulas, Parameters, Wrong

__all__ = ["EXERCISE"]


def _parameters(rng: Random) -> dict[str, Any]:
    return {"c": rng.choice([3, 5, 7])}


def _inputs(rng: Random, p: Parameters) -> Case:
    w, x = rng.uniform(0.4, 1.3), rng.uniform(0.4, 1.3) * rng.choice([-1, 1])
    return w, rng.uniform(-0.6, 0.6), x, rng.uniform(-0.9, 0.9)


def _parts(p: Parameters, case: tuple[float, ...]) -> tuple[float, float, float]:
    """The miss with its factors 2c, the slope of the bend, and the input."""
    w, b, x, y = case
    a = tanh(w * x + b)
    return 2 * p.c * (a - y), 1 - a * a, x


def _right(p: Parameters, *case: float) -> list[float]:
    miss, slope, x = _parts(p, case)
    return [miss * slope * x, miss * slope]


def _scaled(factor: Any) -> Any:
    """The right answer times a factor."""
    return lambda p, *case: [factor(p) * v for v in _right(p, *case)]


def _no_slope(p: Parameters, *case: float) -> list[float]:
    miss, _, x = _parts(p, case)
    return [miss * x, miss]


def _no_slope_no_two(p: Parameters, *case: float) -> list[float]:
    return [0.5 * v for v in _no_slope(p, *case)]


def _no_input(p: Parameters, *case: float) -> list[float]:
    miss, slope, _ = _parts(p, case)
    return [miss * slope] * 2


def _input_twice(p: Parameters, *case: float) -> list[float]:
    miss, slope, x = _parts(p, case)
    return [miss * slope * x] * 2


def _by_weight(p: Parameters, *case: float) -> list[float]:
    miss, slope, _ = _parts(p, case)
    return [miss * slope * case[0], miss * slope]


def _logistic_slope(p: Parameters, *case: float) -> list[float]:
    miss, _, x = _parts(p, case)
    a = tanh(case[0] * x + case[1])
    return [miss * a * (1 - a) * x, miss * a * (1 - a)]


def _slope_of_sum(p: Parameters, *case: float) -> list[float]:
    miss, _, x = _parts(p, case)
    z = case[0] * x + case[1]
    return [miss * (1 - z * z) * x, miss * (1 - z * z)]


def _bias_one(p: Parameters, *case: float) -> list[float]:
    miss, slope, x = _parts(p, case)
    return [miss * slope * x, 1.0]


def _square_left(p: Parameters, *case: float) -> list[float]:
    miss, slope, x = _parts(p, case)
    square = miss * miss / (4 * p.c)
    return [square * slope * x, square * slope]


def _straight(p: Parameters, case: tuple[float, ...], bent: bool) -> list[float]:
    w, b, x, y = case
    slope = _parts(p, case)[1] if bent else 1.0
    return [2 * p.c * (w * x + b - y) * slope * x, 2 * p.c * (w * x + b - y) * slope]


def _square_and_two(p: Parameters, *case: float) -> list[float]:
    return [2 * v for v in _square_left(p, *case)]


def _cost_twice(p: Parameters, *case: float) -> list[float]:
    return [_parts(p, case)[0] ** 2 / (4 * p.c)] * 2


def _answer_only(p: Parameters, *case: float) -> list[float]:
    _, slope, x = _parts(p, case)
    return [slope * x, slope]


def _bent(rule: Any) -> Any:
    """With another slope of the bend, from the sum and the answer."""

    def model(p: Parameters, w: float, b: float, x: float, y: float) -> list[float]:
        miss, z = _parts(p, (w, b, x, y))[0], w * x + b
        return [miss * rule(z, tanh(z)) * x, miss * rule(z, tanh(z))]

    return model


EXERCISE = Exercise(
    id="2D",
    title="One neuron's blame",
    answer=Formulas(variables=("w", "b", "x", "y"), names=("∂C/∂w", "∂C/∂b")),
    parameters=_parameters,
    inputs=_inputs,
    right=_right,
    formulas=[
        "2*c*(tanh(w*x + b) - y)*(1 - tanh(w*x + b)**2)*x",
        "2*c*(tanh(w*x + b) - y)*(1 - tanh(w*x + b)**2)",
    ],
    wrong=[
        Wrong(
            name="The slope of the bend is missing",
            model=_no_slope,
            hint="You have passed from the cost straight to the weighted sum, as if the neuron had "
            "no bend. Between them stands the activation: the sum z becomes a by tanh, and the "
            "cost sees only a. When z grows by a little, a grows by that little times the slope "
            "of tanh at z. Near zero this slope is 1, so one may not notice that it is missing, "
            "but for a large z the curve is flat, the neuron hardly reacts, and the blame that "
            "arrives must be small as well. With your formula it would not be. Write the chain "
            "with all its links, C to a, a to z, z to w, and put one factor for each link.",
        ),
        Wrong(
            name="The slope of the bend and the 2 of the square are missing",
            model=_no_slope_no_two,
            hint="Two factors have got lost. First the square: when a square is differentiated, "
            "its exponent comes down as a factor, so that the derivative of (a − y)² by a is twice "
            "the miss. Second the bend: the sum z reaches the cost only through a = tanh(z). When "
            "z grows by a little, a grows by that little times the slope of tanh at z, and this "
            "slope has to stand in both formulas. A neuron far out, where tanh is flat, can "
            "hardly be blamed, since nothing it does changes its answer. Write the chain link by "
            "link: from C to a, from a to z, from z to the weight. Each link gives one factor.",
        ),
        Wrong(
            name="The 2 of the square is missing",
            model=_scaled(lambda p: 0.5),
            hint="Nearly there: your formulas are right up to one constant factor, and it is the "
            "same one in both. Look at the first link of the chain, from the cost to the answer. "
            "The cost contains a square, and when a square is differentiated, the exponent comes "
            "down in front. Some books write a ½ before the square in order to cancel this factor; "
            "the cost here has no ½. A check with numbers: if the miss is 3, the square is 9; if "
            "it grows to 3.01, the square is 9.0601. It has grown by about six times 0.01, that is "
            "by twice the miss times the change.",
        ),
        Wrong(
            name="The number in front of the cost is missing",
            model=_scaled(lambda p: 1 / p.c),
            hint="Your formulas are right for a cost that is the bare square of the miss. Here the "
            "square is multiplied by a number. That number is a constant factor, and a constant "
            "factor is carried along when one differentiates: if a cost counts three times as "
            "much, then every change of it counts three times as much too, and so does every "
            "derivative. It has only been left behind on the way. You can follow it through the "
            "chain: it stands in the first link, the derivative of C by a, and from there it comes "
            "into everything that is multiplied with this link. Put it back into both formulas.",
        ),
        Wrong(
            name="The factors in front are missing",
            model=_scaled(lambda p: 0.5 / p.c),
            hint="The shape of your formulas is right: miss, slope of the bend, input. What is "
            "missing are the constants in front, in both of them. Look at the first link of the "
            "chain, from the cost to the answer. The cost is a number times a square. When the "
            "square is differentiated its exponent comes down as a factor, and the number before "
            "the square is carried along as it is. Neither of the two can vanish. If one doubles a "
            "cost, all its derivatives double. Differentiate C by a on a line of its own, with "
            "everything that stands there, and then multiply by the two links that you already "
            "have right.",
        ),
        Wrong(
            name="The sign is wrong: wanted minus answer",
            model=_scaled(lambda p: -1),
            hint="The size is right and the sign is not, in both formulas. You have taken the miss "
            "as y − a. In the square the order does not matter, but in the derivative it does: "
            "the derivative of (a − y)² by a is 2(a − y). If you start from (y − a)² instead, the "
            "inner derivative is −1, and it turns the sign back again. Test it in your mind: let "
            "the answer be too large, a above y, and the input positive. Raising the bias raises "
            "the answer further, so the cost must grow, and its derivative has to be positive. "
            "What does your formula give there?",
        ),
        Wrong(
            name="The input is missing in the derivative by the weight",
            model=_no_input,
            hint="Your derivative by the bias is right, and you have given the same formula for "
            "the weight. But the weight does not act alone: it is multiplied by the input x "
            "before it enters the sum. If the weight grows by a little, the sum grows by that "
            "little times x. With the bias this factor is 1, since the bias is added as it is. "
            "Think of an input that is zero: then the weight can be turned as one likes, and the "
            "answer does not move, so its share of the blame must be zero as well. And when the "
            "input is negative, turning the weight up lowers the sum.",
        ),
        Wrong(
            name="The input stands in the derivative by the bias too",
            model=_input_twice,
            hint="Your derivative by the weight is right, and you have given the same formula for "
            "the bias. But the bias enters the sum as it is, not multiplied by x. If the bias "
            "grows by a little, the sum grows by exactly that little, whatever the input may be. "
            "So the last link of its chain, the derivative of z by b, is 1. Think of an input "
            "that is zero: the weight is then without effect, but the bias still shifts the sum, "
            "and it must get its share of the blame. With your formula it would get none. It may "
            "help to see the bias as the weight of an extra input that is always 1.",
        ),
        Wrong(
            name="It is the derivative by the input",
            model=_by_weight,
            hint="Your derivative by the bias is right. In the other formula the last factor is "
            "the weight; so it is the derivative by the input x, and not by the weight w. In z = "
            "wx + b the two play the same part, each is the factor of the other, so it is easy to "
            "confuse them. Ask which of them moves: the weight is turned, while the input is "
            "given and stays. If the weight grows by a little, the sum grows by that little times "
            "x. The derivative by the input will be needed too, but only when there is a layer "
            "before this one and the blame has to be passed on to it.",
        ),
        Wrong(
            name="The slope is that of the logistic function",
            model=_logistic_slope,
            hint="You have used a(1 − a) for the slope of the bend. That is the slope of the "
            "logistic function, which goes from 0 to 1. The neuron here bends by tanh, which goes "
            "from −1 to 1, and its slope is another expression of its answer. Look at both ends: "
            "where tanh comes near 1 or near −1 it is flat, so its slope must vanish at both of "
            "these values of a. Your expression vanishes at 1 and at 0, and at 0 tanh is "
            "steepest. For a negative answer it would even be negative, though tanh climbs "
            "everywhere. Which simple expression of a is zero at 1 and at −1, and one at zero?",
        ),
        Wrong(
            name="The slope is taken of the sum instead of the answer",
            model=_slope_of_sum,
            hint="The slope of tanh is one minus a square, but it is the square of the answer a = "
            "tanh(z), and you have squared the sum z itself. The two are close as long as z is "
            "small, which is why it may look right at first. But let the sum be 3: then one minus "
            "its square is −8, a slope that points steeply down, while tanh never descends at "
            "all. With the answer the value always stays between 0 and 1, as it must: a is never "
            "outside −1 and 1. So replace the sum, in that factor only, by tanh of the sum. "
            "Everything else can stay.",
        ),
        Wrong(
            name="The derivative by the bias is just 1",
            model=_bias_one,
            hint="Your derivative by the weight is right. For the bias you have given 1. That is "
            "the derivative of the sum z by the bias, the last link of the chain, and it is right "
            "as such. But asked is the derivative of the cost. A change of the bias shifts the "
            "sum by the same amount; the bend makes of this a change of the answer, and the "
            "answer changes the cost. So all the links that you have used for the weight belong "
            "here as well; only the last one is different, 1 in place of x. If the answer is "
            "exactly as wanted, no small change of the bias makes the cost worse: its derivative "
            "is zero then, not 1.",
        ),
        Wrong(
            name="The square is still there",
            model=_square_left,
            others=(_square_and_two,),
            hint="In both of your formulas the miss still stands squared. Differentiating a square "
            "does two things: the exponent comes down as a factor, and what is left is the first "
            "power. So from (a − y)² remains the miss itself, with its sign. The sign is the "
            "point of it: if the answer is too large, the derivative has to say down, and if too "
            "small, up. A square is never negative, so with your formula every miss would ask for "
            "the same direction. Differentiate the outer square first, leaving what stands inside "
            "as it is, then multiply by the derivative of the inside, that is by the links from a "
            "to z and from z to w.",
        ),
        Wrong(
            name="The miss is taken before the bend",
            model=lambda p, *case: _straight(p, case, bent=True),
            others=(lambda p, *case: _straight(p, case, bent=False),),
            hint="In your formulas the miss is the sum wx + b minus y. But the neuron does not "
            "answer with the sum; it bends the sum first, and its answer is the hyperbolic tangent "
            "of it. The cost compares this answer with what is wanted. So wherever the miss "
            "appears, it must be tanh(wx + b) − y. Without the bend you have the cost of a "
            "straight line, for which there would be no slope of a bend either. Write the chain in "
            "three lines, z = wx + b, then a = tanh z, then C from a and y. Derive each line by "
            "what goes into it, and keep in mind which letter stands for what.",
        ),
        Wrong(
            name="That is not the derivative of the cost",
            model=_cost_twice,
            others=(_answer_only, lambda p, *case: [2 * p.c * v for v in _answer_only(p, *case)]),
            hint="What you have is one link of the chain, or what the chain begins with: the cost "
            "itself, or how the answer of the neuron reacts to w and b. Asked is how the cost "
            "reacts to them. The chain goes from w to the sum, from the sum to the answer, and "
            "from the answer to the cost, and each link has a slope: the input x, the slope of "
            "the tangent at the sum, and the slope of the squared miss with the number in front. "
            "All three are multiplied. For b it is the same with 1 in the place of x, because b "
            "is added as it is.",
        ),
        Wrong(
            name="The slope of tanh is not that",
            model=_bent(lambda z, a: 1 / cosh(z)),
            others=(
                _bent(lambda z, a: cosh(z) ** 2),
                _bent(lambda z, a: 1 + a * a),
                _bent(lambda z, a: 1 - a),
                _bent(lambda z, a: 1 / cosh(z) ** 2 * a),
                _bent(lambda z, a: a),
            ),
            hint="The slope of the bend in your formulas is not that of the hyperbolic tangent. It "
            "has two forms, and they are equal: one minus the square of the answer, or one over "
            "the square of the hyperbolic cosine of the sum. The square belongs to both of them. A "
            "test: at a sum of zero the tangent has its steepest place, with the slope 1, and far "
            "out it is flat, with a slope that goes to zero from above. Does your expression do "
            "that on both sides, also for negative sums? Then put it in its place once: it is a "
            "factor of the derivative by w and of the one by b.",
        ),
        Wrong(
            name="The sum is derived by w as if w stood elsewhere",
            model=lambda p, *case: [_right(p, *case)[1] * (case[2] + case[1]), _right(p, *case)[1]],
            others=(
                lambda p, *case: [_right(p, *case)[0] * case[0], _right(p, *case)[1]],
                lambda p, *case: [_right(p, *case)[0] + _right(p, *case)[1], _right(p, *case)[1]],
            ),
            hint="Only the derivative by w is not right, in its last factor. The sum is z = wx + "
            "b. If w grows by a little, z grows by this little times x, for x is what w is "
            "multiplied by. So the last factor is x alone. The bias is added to the product and "
            "does not move when w moves; its slope by w is zero, so it does not come in. The "
            "weight itself is gone as well, as the x is gone from 5 when 5x is derived. Ask what "
            "happens to z for a silent input, x = 0: then w can be turned as much as you like "
            "without any effect.",
        ),
    ],
    again="Name the links: C depends on a, a on z = wx + b, and z on w and b. Write the derivative "
    "of each link, multiply them, and at last replace a by tanh(w*x+b). The slope of tanh is 1 - "
    "tanh(w*x+b)^2.",
    worked="With $a = \\tanh(wx + b)$ the links are $\\frac{\\partial C}{\\partial a} = 2 \\cdot "
    "<<c>> (a - y)$, $\\frac{\\partial a}{\\partial z} = 1 - a^2$, $\\frac{\\partial z}{\\partial "
    "w} = x$ and $\\frac{\\partial z}{\\partial b} = 1$. So $$\\frac{\\partial C}{\\partial w} = "
    "2 \\cdot <<c>> (a - y)(1 - a^2) x$$ and $$\\frac{\\partial C}{\\partial b} = 2 \\cdot <<c>> "
    "(a - y)(1 - a^2).$$ In the fields: `2*<<c>>*(tanh(w*x+b)-y)*(1-tanh(w*x+b)^2)*x`, and the "
    "same without `*x`.",
)
