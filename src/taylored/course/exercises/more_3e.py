"""More wrong answers to 3E: other places of the poles, other distances."""

from __future__ import annotations

from math import hypot, sqrt
from typing import Any

from taylored.course.checking import Wrong
from taylored.course.checking.terms import shows

__all__ = ["WRONG"]


def _one_of(*models: Any) -> Any:
    """Whether the number is one of these, as it is typed; zeros are left to others."""
    return shows(*(lambda p, m=m: m(p) or None for m in models), tolerance=4e-3)


WRONG = [
    Wrong(
        name="The last number is taken for the height of the poles",
        when=_one_of(
            lambda p: hypot(p.a - p.c, sqrt(p.t)),
            lambda p: hypot(p.a - p.c, p.t),
            lambda p: hypot(2 * p.a - p.c, sqrt(p.t)),
            lambda p: hypot(p.a - p.c, sqrt(p.t + p.a**2)),
        ),
        hint="Your triangle may be right along the axis, but its height comes from "
        "the last number of the denominator as a whole. In completing the square, a part of "
        "that number is used up: x squared minus the term with x needs the square of the real "
        "part to become a square. Only what is left of the last number after subtracting it "
        "gives the height of the poles, as its root. Check by multiplying out: the square of x "
        "minus the real part, plus the square of the height, must be the denominator as it "
        "stands. Or put your pole into the denominator: it has to vanish.",
    ),
    Wrong(
        name="It is the distance between the two poles",
        when=_one_of(lambda p: 2 * p.b, lambda p: 4 * p.b**2, lambda p: p.b**2),
        hint="Your number belongs to the poles alone: how far they are from one another, or what "
        "stands under the root in the formula for quadratic equations. The center of the "
        "series does not come in. But the disc of convergence is drawn about the center, and "
        "it grows until its rim meets the first place where the function fails. So the radius "
        "is the distance from the center to a pole, and another center has another radius. "
        "The two poles are each other's mirror image and equally far from a center on the "
        "real axis. Mark center and pole in the plane and measure the straight line.",
    ),
    Wrong(
        name="Distances from zero are added or subtracted",
        when=_one_of(
            lambda p: abs(p.c) + sqrt(p.t),
            lambda p: abs(abs(p.c) - sqrt(p.t)),
            lambda p: abs(p.c) + p.a,
            lambda p: sqrt(p.t + p.c**2),
            lambda p: sqrt(abs(p.t - p.c**2)),
        ),
        hint="You know how far the pole is from zero, and how far the center is from zero, and you "
        "have put the two together. That would give the distance between them only if all "
        "three were on one line, or at a right angle as seen from zero. The pole stands above "
        "the axis, in another direction. Zero has no part in this: the way that counts leads "
        "straight from the center to the pole. Split it into a horizontal part, the difference "
        "between the real part of the pole and the center, and a vertical part, the height of "
        "the pole. They are at a right angle, so Pythagoras can be used.",
    ),
    Wrong(
        name="Only a real number of the denominator is taken",
        when=_one_of(
            lambda p: p.a,
            lambda p: 2 * p.a,
            lambda p: abs(2 * p.a - p.c),
            lambda p: abs(p.a + p.c),
            lambda p: abs(2 * p.a + p.c),
        ),
        hint="Your number is made of the term with x alone, perhaps with the center. From it one "
        "finds the real part of the poles, which is where they stand along the real axis. But "
        "the poles are not on the axis: on it the denominator is never zero. They stand above "
        "and below it, and how high is told by the last number of the denominator, after the "
        "square has been completed. The radius is the straight way from the center to a pole, "
        "through the complex plane, so it contains that height as well. Solve the quadratic "
        "equation first; the solutions have two parts each.",
    ),
    Wrong(
        name="The real part of the poles does not enter",
        when=_one_of(
            lambda p: hypot(p.c, p.b),
            lambda p: hypot(p.a, p.c),
            lambda p: abs(p.c) + p.b,
            lambda p: abs(p.c - p.b),
            lambda p: abs(p.c + p.b),
        ),
        hint="Your triangle reaches from zero to the center, or uses the center in the place of a "
        "difference. The side along the real axis has to lead from the center to the point "
        "right below the pole. That point is the real part of the pole, half of the number in "
        "front of x with the other sign, and it is not zero here. So the side is the "
        "difference between the real part and the center, without its sign. Then comes the "
        "height of the pole, at a right angle to it. Draw the three points on paper: zero, "
        "center and pole, and see which two the line has to join.",
    ),
    Wrong(
        name="The center is subtracted from the imaginary part as well",
        when=_one_of(
            lambda p: hypot(p.a, p.b - p.c),
            lambda p: hypot(p.a - p.c, p.b - p.c),
            lambda p: hypot(p.a, p.b + p.c),
            lambda p: hypot(p.a + p.c, p.b + p.c),
        ),
        hint="The center of the series is a real number, a point on the real axis. As a complex "
        "number its imaginary part is zero. So it is subtracted from the real part of the pole, "
        "and the imaginary part stays as it is: real from real, imaginary from imaginary. You "
        "have subtracted the center from the imaginary part, which would be right for a center "
        "that lies above or below the axis. Write the pole as a real part plus i times a "
        "height, and the center as the number plus i times zero. Subtract the two, part by "
        "part, and take the length of what comes out.",
    ),
    Wrong(
        name="One part of the poles is halved once too often",
        when=_one_of(
            lambda p: hypot(p.a - p.c, p.b / 2),
            lambda p: hypot(p.a / 2 - p.c, p.b),
            lambda p: hypot(p.a / 2 - p.c, p.b / 2),
            lambda p: hypot(p.a - p.c, sqrt(p.b)),
            lambda p: hypot(p.a - p.c, sqrt(2) * p.b),
            lambda p: hypot(p.a - p.c, p.b / sqrt(2)),
            lambda p: hypot(p.a - p.c, sqrt(abs(p.t - 4 * p.a**2))),
            lambda p: hypot(2 * p.a - p.c, sqrt(abs(p.t - 4 * p.a**2))),
            lambda p: hypot(p.a - p.c, sqrt(abs(p.t - p.a))),
            lambda p: hypot(p.a - p.c, sqrt(abs(p.t - 2 * p.a))),
            lambda p: hypot(p.a - p.c, sqrt(abs(4 * p.t - p.a**2)) / 2),
        ),
        hint="Your way to the radius is right, but the poles from which you measure are a little "
        "off: a half, a root or a square was used once too often or once too seldom while "
        "solving the quadratic equation. Completing the square needs one half only. Half of "
        "the number in front of x is the real part. Its square, not the number itself, is "
        "subtracted from the last number of the denominator, and the root of what is left is "
        "the height. Nothing is halved after that. Before you measure, put the pole into the "
        "denominator, or multiply out the completed square: it has to agree in all three "
        "terms.",
    ),
    Wrong(
        name="It is a value of the function or a quotient of its numbers",
        when=_one_of(
            lambda p: 1 / ((p.a - p.c) ** 2 + p.b**2),
            lambda p: 1 / p.t,
            lambda p: 1 / p.b**2,
            lambda p: p.t / (2 * p.a),
            lambda p: 2 * p.a / p.t,
            lambda p: 1 / sqrt(p.t),
        ),
        hint="You have put a number into the function, or divided one of its numbers by another. "
        "A quotient of neighboring coefficients gives the radius if it is taken between the "
        "coefficients of the series, and far out; the numbers in the denominator are not "
        "those. The value of the function at the center is the height of its graph, not a "
        "distance. The radius is a length in the plane of x: from the center to the nearest "
        "place where the function is infinite. Set the denominator to zero, solve, and "
        "measure how far the center is from a solution, with Pythagoras since the solutions "
        "are complex.",
    ),
]
