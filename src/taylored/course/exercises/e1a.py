"""1A: the partial derivatives of a product."""

from __future__ import annotations

from math import cos, sin
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Formulas, Parameters, Wrong
from taylored.course.checking.terms import any_of
from taylored.course.exercises.fields import in_field

__all__ = ["EXERCISE"]


def _parameters(rng: Random) -> dict[str, Any]:
    return {"a": rng.randint(3, 6), "b": rng.choice([3, 5, 7])}


def _inputs(rng: Random, p: Parameters) -> Case:
    return rng.uniform(0.3, 1.9), rng.uniform(-1.7, -0.3)


def _right(p: Parameters, x: float, y: float) -> list[float]:
    return [p.a * x ** (p.a - 1) * sin(p.b * y), p.b * x**p.a * cos(p.b * y)]


def _both(p: Parameters, x: float, y: float) -> float:
    return p.a * p.b * x ** (p.a - 1) * cos(p.b * y)


def _both_sine(p: Parameters, x: float, y: float) -> float:
    return p.a * p.b * x ** (p.a - 1) * sin(p.b * y)


def _any_field(*models: tuple[int, Any]) -> Any:
    """Whether one of the wrong models shows in its field."""
    seen = [in_field(at, model) for at, model in models]
    return any_of(*seen)


def _itself(p: Parameters, x: float, y: float) -> float:
    return x**p.a * sin(p.b * y)


EXERCISE = Exercise(
    id="1A",
    title="Two partial derivatives",
    answer=Formulas(variables=("x", "y"), names=("∂f/∂x", "∂f/∂y")),
    parameters=_parameters,
    inputs=_inputs,
    right=_right,
    formulas=["a*x**(a-1)*sin(b*y)", "b*x**a*cos(b*y)"],
    wrong=[
        Wrong(
            name="The two derivatives are exchanged",
            model=lambda p, x, y: _right(p, x, y)[::-1],
            hint="Both of your formulas are right, but each stands in the other's field. The sign "
            "∂f/∂x asks: how fast does f change when x moves and y is held still? So in the "
            "first field y plays the part of a constant number, and everything that contains "
            "only y is a factor that is carried along. In the second field the parts are "
            "exchanged: there x is the constant. A check that always works: if a function does "
            "not contain x at all, its first field must be zero. Put your two formulas in the "
            "other order, and say aloud at each which of the two variables is allowed to move "
            "and which is held still.",
        ),
        Wrong(
            name="Both factors are differentiated at once",
            when=_any_field((0, _both), (1, _both), (0, _both_sine), (1, _both_sine)),
            hint="You have differentiated the power of x and the sine in the same formula. A "
            "partial derivative lets only one variable move. For ∂f/∂x the whole factor with the "
            "sine is a fixed number, as if it were the 7 in 7x²; nobody differentiates the 7. So "
            "it stays as it is, and only the power of x changes. For ∂f/∂y it is the power of x "
            "that is the fixed number. What you have written is in fact the mixed second "
            "derivative, first by one variable and then by the other, which will be wanted later "
            "for the Hessian. Go through the two fields again: cover the factor that is held still "
            "with a finger, differentiate what is left, and write the covered factor back.",
        ),
        Wrong(
            name="The product rule is used where only one factor moves",
            when=_any_field(
                (0, lambda p, x, y: sum(_right(p, x, y))),
                (1, lambda p, x, y: sum(_right(p, x, y))),
            ),
            hint="You have added two terms in one field, as the product rule does for a function "
            "of a single variable. There both factors change when x moves, so both must have "
            "their turn. Here it is different: one factor contains only x, the other only y, and "
            "in a partial derivative one of the variables stands still. A factor that stands "
            "still has the slope zero, so its term in the product rule is zero and drops out. "
            "What is left is one term. Your sum mixes the slope toward the east with the slope "
            "toward the north; each of its two terms belongs in a field of its own. Ask of every "
            "factor: does it contain the variable that moves?",
        ),
        Wrong(
            name="The inner derivative is missing",
            when=in_field(1, lambda p, x, y: x**p.a * cos(p.b * y)),
            hint="In the derivative with respect to y, look at what stands inside the sine: it is "
            "not y alone but a multiple of y. When y grows by a little, the inside grows by that "
            "multiple of it, so the sine changes that many times faster. This is the chain rule: "
            "differentiate the outer function, leave the inside as it is, then multiply by the "
            "derivative of the inside. Try it on a simpler case first. How fast does sin(2y) climb "
            "at y = 0? Its graph is that of sin(y), squeezed to half the width, so it is twice as "
            "steep. The number in front of y must therefore appear once more, as a factor in front "
            "of everything. The power of x, which stands still, is carried along.",
        ),
        Wrong(
            name="The derivative of the sine has a wrong sign",
            when=in_field(1, lambda p, x, y: -_right(p, x, y)[1]),
            hint="Your derivative with respect to y has the right parts and the wrong sign. Of "
            "the two functions sine and cosine, only one gets a minus when it is differentiated, "
            "and it is easy to remember the wrong one. Look at the graph of the sine near zero. "
            "It goes up, so its slope there is positive, and the cosine of zero, which is 1, fits "
            "without any minus. The cosine itself starts at its highest value and can only go "
            "down, so it is the one whose slope carries the minus. Another help is the point that "
            "runs around a circle: where its height grows, it lies on the right side. Take away "
            "the minus and everything fits.",
        ),
        Wrong(
            name="The factor that stands still got lost",
            when=_any_field(
                (0, lambda p, x, y: p.a * x ** (p.a - 1)), (1, lambda p, x, y: p.b * cos(p.b * y))
            ),
            hint="You have treated the factor that stands still like a constant that is added: its "
            "slope is zero, so it disappeared. But it is not added, it is a factor, and a factor "
            "stays. Compare 7 + x² with 7x². In the first the 7 does not matter for the slope. In "
            "the second it makes the whole curve seven times as high, and so seven times as steep: "
            "the slope is 14x, with the 7 still in it. Here the factor is not 7 but something made "
            "of the other variable, which is held still and is thus as good as a number. "
            "Differentiate the part that moves, then write the part that stands still back beside "
            "it.",
        ),
        Wrong(
            name="The exponent is not handled as the power rule says",
            when=_any_field(
                (0, lambda p, x, y: p.a * x**p.a * sin(p.b * y)),
                (0, lambda p, x, y: x ** (p.a - 1) * sin(p.b * y)),
                (0, lambda p, x, y: (p.a - 1) * x ** (p.a - 1) * sin(p.b * y)),
                (0, lambda p, x, y: p.a * x ** (p.a + 1) * sin(p.b * y)),
                (0, lambda p, x, y: x ** (p.a + 1) / (p.a + 1) * sin(p.b * y)),
            ),
            hint="The sine in your first field is right, it stands still there. The power of x is "
            "not. Two things happen to a power at once: its exponent comes down and stands in "
            "front as a factor, and the exponent itself becomes smaller by one. You have done one "
            "of the two and left out the other, or gone the other way, which is integrating. A "
            "small test: x² is a parabola, and its slope at x = 1 must be 2, the slope of 2x. "
            "Does your way of doing it give that? For x³ the slope is 3x²: the three came down, "
            "and a two is left above. Do the same with your exponent, and carry the sine along.",
        ),
        Wrong(
            name="That is the function itself",
            when=_any_field((0, _itself), (1, _itself)),
            hint="You have written down the function again, and nothing has been derived. The "
            "question asks how fast f changes, not how large it is. A partial derivative is a "
            "slope: take a step of h in one variable, see by how much f grows, and divide by h. "
            "For powers and sines this was worked out once and for all in the rules, so you need "
            "no limit here. In the first field let only x move, and apply the power rule to the "
            "power of x; in the second field let only y move, and apply the chain rule to the "
            "sine. The factor that does not move is copied unchanged.",
        ),
        Wrong(
            name="That is a second derivative",
            when=_any_field(
                (0, lambda p, x, y: p.a * (p.a - 1) * x ** (p.a - 2) * sin(p.b * y)),
                (1, lambda p, x, y: -(p.b**2) * x**p.a * sin(p.b * y)),
            ),
            hint="You have gone one step too far and derived twice. A first derivative tells how "
            "steep the curve is; the second one tells how fast this steepness changes, and it "
            "comes in a later lesson, as an entry of the Hessian. Here one step is enough. In the "
            "first field the exponent of x comes down once as a factor, and the exponent itself is "
            "then smaller by one and not by two. In the second field the sine becomes a cosine, "
            "and the number in front of y appears once as a factor and not as a square. Take the "
            "last step back in both fields, and compare with the worked example of the lesson.",
        ),
    ],
    again="Hold y still: then f is a number times a power of x. Hold x still: then f is a number "
    "times a sine of a multiple of y.",
    worked="Hold $y$ still. Then $\\sin(<<b>>y)$ is a constant factor and "
    "$\\frac{\\partial f}{\\partial x} = <<a>> x^{<<a>>-1} \\sin(<<b>>y)$. Hold $x$ still. Then "
    "$x^{<<a>>}$ is the constant factor, and the chain rule gives "
    "$\\frac{\\partial f}{\\partial y} = <<b>> x^{<<a>>} \\cos(<<b>>y)$.",
)
