"""3A: Maclaurin polynomials and the graphs they belong to."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Match, Parameters, Wrong

__all__ = ["EXERCISE"]

# Height (1: that of the parameter), slope and bend at zero of each graph.
_GRAPHS = {
    "cap": (1, 0.0, -0.5),
    "cup": (1, 0.0, 0.5),
    "rise": (1, 1.0, 0.25),
    "fall": (1, -1.0, 0.25),
    "wave": (0, 1.0, 0.0),
    "against": (0, -1.0, 0.0),
}
_RIGHT = ("cap", "cup", "rise", "wave")


def _parameters(rng: Random) -> dict[str, Any]:
    return {"s": rng.randint(1, 3)}


def _first(at: int) -> Callable[..., bool]:
    """Whether the lowest derivative at which a chosen graph differs is this one."""

    def seen(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        found = [
            next(k for k in range(3) if _GRAPHS[got][k] != _GRAPHS[right][k])
            for got, right in zip(outputs[0], _RIGHT, strict=True)
            if got != right
        ]
        return bool(found) and min(found) == at

    return seen


def _twice(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return len(set(outputs[0])) < len(outputs[0])


EXERCISE = Exercise(
    id="3A",
    title="Graphs and their polynomials",
    answer=Match(
        left=(
            ("1", "$<<s>> - \\frac{x^2}{2}$"),
            ("2", "$<<s>> + \\frac{x^2}{2}$"),
            ("3", "$<<s>> + x + \\frac{x^2}{4}$"),
            ("4", "$x - \\frac{x^3}{6}$"),
        ),
        right=(
            ("cap", "curve: <<s>> - 1 + cos(x)"),
            ("cup", "curve: <<s>> + 1 - cos(x)"),
            ("rise", "curve: <<s>> - 2 + 2*exp(x/2)"),
            ("fall", "curve: <<s>> - 2 + 2*exp(-x/2)"),
            ("wave", "curve: sin(x)"),
            ("against", "curve: -sin(x)"),
        ),
    ),
    parameters=_parameters,
    right=lambda p: list(_RIGHT),
    wrong=[
        Wrong(
            name="Rising and falling are exchanged",
            model=lambda p: ["cap", "cup", "fall", "against"],
            hint="Your graphs have the right height at zero, and those without a slope there are "
            "placed well. But the two that have a slope run the wrong way. The number in front of "
            "the plain x is the slope of the graph at zero. If it is positive, the graph goes up "
            "from left to right while it passes x = 0; if it is negative, it goes down. Graphs "
            "are read from left to right, as text is. Put your finger on the graph a little to "
            "the left of zero, move it a little to the right of zero, and see whether it climbs. "
            "Then look at the sign of the term with the plain x in the polynomial: both must "
            "agree, or the polynomial would leave the graph at once.",
        ),
        Wrong(
            name="One graph is used twice",
            when=_twice,
            hint="You have given the same graph to two polynomials. Two different polynomials of "
            "this kind cannot belong to one function: the number without x is the height of the "
            "graph at zero, the number in front of x is its slope there, and half of its second "
            "derivative stands in front of x². A function has one height, one slope and one bend "
            "at zero, so it has one Maclaurin polynomial of each order and no other. Compare the "
            "two polynomials to which you gave the same graph. They differ in at least one term. "
            "Ask what this term says about the graph at zero, and look for that in the picture. "
            "There are six graphs for four polynomials, so two of them will be left over.",
        ),
        Wrong(
            name="The height at zero does not fit",
            when=_first(0),
            hint="Begin with the first thing that a Maclaurin polynomial copies: the height at "
            "zero. Put x = 0 into a polynomial. Every term that contains x vanishes, and only the "
            "number without x is left. So this number is where the graph crosses the vertical "
            "line x = 0. In at least one of your pairs the graph crosses that line at another "
            "height than its polynomial does. Go through the four pairs and compare nothing but "
            "this: the number without x, and the height of the curve right above or below the "
            "zero of the x-axis. A polynomial in which there is no such number has the height "
            "zero, and its graph passes through the origin.",
        ),
        Wrong(
            name="The slope at zero does not fit",
            when=_first(1),
            hint="The heights at zero are all right. The next thing to compare is the slope at "
            "zero. Very near to zero, x² and x³ are far smaller than x, so there the polynomial "
            "is as good as its constant and its term with the plain x, which is a straight line. "
            "The number in front of x is the slope of that line. If the polynomial has no term "
            "with the plain x, the graph must be level as it passes x = 0: it is at a top or at a "
            "bottom there. If the number is positive the graph climbs, if it is negative it "
            "falls. In at least one of your pairs graph and polynomial disagree about this. "
            "Imagine a short ruler laid along each graph at zero, and read how it is tilted.",
        ),
        Wrong(
            name="The bend at zero does not fit",
            when=_first(2),
            hint="Heights and slopes at zero are right everywhere. What is left is how the graph "
            "bends. Where the term with x² is positive, the polynomial lies above its own tangent "
            "on both sides of zero, since a square is never negative: the graph is open to the "
            "top, like a cup. Where the term is negative it lies below the tangent on both sides, "
            "like a cap. You have these two the wrong way round for at least one pair. Do not go "
            "by the look of the whole picture, which may rise and fall many times farther out. "
            "Look at the short piece around x = 0 only, and ask whether the neighbors of zero, on "
            "the left and on the right, lie higher or lower than zero itself.",
        ),
    ],
    again="Three questions, in this order, for each polynomial: how high is it at zero (the number "
    "without x), does it climb or fall there (the number in front of x), does it bend up or down "
    "(the number in front of x²)? Two graphs will be left over.",
    worked="At $x = 0$ the first three polynomials have the height <<s>>, the last one 0. Without "
    "a term in $x$ the graph is level at zero: $<<s>> - \\frac{x^2}{2}$ is the top of a wave, "
    "$<<s>> + \\frac{x^2}{2}$ the bottom of one. $<<s>> + x + \\frac{x^2}{4}$ climbs through the "
    "height <<s>> and bends upward: the exponential that rises. $x - \\frac{x^3}{6}$ climbs "
    "through the origin with slope 1: the sine. The two graphs left over fall at zero.",
)
