"""3E: a radius of convergence from complex poles."""

from __future__ import annotations

from collections.abc import Callable
from math import hypot, isinf
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Number, Parameters, Wrong
from taylored.course.checking.terms import shows
from taylored.course.exercises.more_3e import WRONG as MORE

__all__ = ["EXERCISE"]


def _endless(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return isinf(float(outputs[0]))


def _short(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return float(outputs[0]) < 0.96 * _right(p)


def _long(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return float(outputs[0]) > 1.04 * _right(p)


def _real(p: Parameters, sign: int) -> float:
    """How far the center is from a pole that a lost sign under the root has made real."""
    return abs(p.a + sign * (p.a**2 + p.t) ** 0.5 - p.c)


# What the usual mistakes make of the distance.
_SIZES: dict[str, Callable[[Parameters], float]] = {
    "from zero": lambda p: hypot(p.a, p.b),
    "real part": lambda p: abs(p.a - p.c),
    "imaginary part": lambda p: float(p.b),
    "sum": lambda p: float(abs(p.a - p.c) + p.b),
    "square": lambda p: float((p.a - p.c) ** 2 + p.b**2),
    "height squared": lambda p: hypot(p.a - p.c, p.b**2),
    "diameter": lambda p: 2 * hypot(p.a - p.c, p.b),
    "middle not halved": lambda p: hypot(2 * p.a - p.c, p.b),
    "height not halved": lambda p: hypot(p.a - p.c, 2 * p.b),
    "nothing halved": lambda p: hypot(2 * p.a - p.c, 2 * p.b),
    "root of the last number": lambda p: abs(p.c - (p.a**2 + p.b**2) ** 0.5),
    "mirrored": lambda p: hypot(p.a + p.c, p.b),
    "both parts from the center": lambda p: hypot(p.a - p.c, p.b - p.c),
    "real part alone": lambda p: float(abs(p.a)),
    "number in the denominator": lambda p: 2.0 * abs(p.a),
    "center": lambda p: abs(float(p.c)),
    "last number": lambda p: float(p.t),
    "one": lambda p: 1.0,
    "difference of squares": lambda p: abs((p.a - p.c) ** 2 - p.b**2) ** 0.5 + 1e-9,
    "difference": lambda p: float(abs(abs(p.a - p.c) - p.b)) + 1e-9,
    "right end": lambda p: abs(p.c + hypot(p.a - p.c, p.b)),
    "left end": lambda p: abs(p.c - hypot(p.a - p.c, p.b)),
    "real poles": lambda p: min(_real(p, 1), _real(p, -1)),
}


def _parameters(rng: Random) -> dict[str, Any]:
    """Poles at a +- bi, and a center c for which no two of the usual mistakes give one number."""
    while True:
        a, b, c = rng.randint(1, 12), rng.randint(2, 11), rng.randint(-12, 15)
        p = Parameters(a=a, b=b, c=c, s=2 * a, t=a * a + b * b)
        sizes = [size(p) for size in _SIZES.values()]
        right = hypot(a - c, b)
        apart = all(abs(u - v) > 0.012 * u for k, u in enumerate(sizes) for v in sizes[:k])
        if c != 0 and apart and all(abs(u - right) > 0.13 * right for u in sizes):
            return vars(p)


def _right(p: Parameters) -> float:
    return hypot(p.a - p.c, p.b)


EXERCISE = Exercise(
    id="3E",
    title="A radius of convergence",
    answer=Number(label="R"),
    parameters=_parameters,
    right=_right,
    tolerance=4e-3,
    wrong=[
        Wrong(
            name="The distance is measured from zero",
            model=_SIZES["from zero"],
            hint="You have found the two places where the denominator vanishes, and you have "
            "measured how far they are from zero. But the series of this exercise has another "
            "center, and its disc is drawn around that one. The radius of convergence is the "
            "distance from the center of the series to the nearest place where the function "
            "fails. For the same function every center has a radius of its own: near the poles a "
            "small one, far away a large one. Draw the complex plane, mark the poles, mark the "
            "center on the real axis, and look at the straight line between them. Its horizontal "
            "part is a difference of two real numbers now, and no longer the real part alone.",
        ),
        Wrong(
            name="Only the real part of the distance is taken",
            model=_SIZES["real part"],
            hint="This is how far you would have to walk along the real axis until you stand "
            "right below the pole. But the pole is not on the axis, it stands above it, and its "
            "mirror image below. The distance that counts is the straight one through the "
            "complex plane, and it is longer. The place on the real axis below the pole is where "
            "the function is largest, yet the function is not infinite there: put it in and see. "
            "Draw a right-angled triangle: one side along the axis from the center to below the "
            "pole, the other straight up, as long as the imaginary part. The radius is its third "
            "side.",
        ),
        Wrong(
            name="Only the imaginary part of the distance is taken",
            model=_SIZES["imaginary part"],
            hint="You have taken how high the pole stands above the real axis. That would be the "
            "radius if the center were right below it. The center of this series is elsewhere on "
            "the axis, so there is a second part to the distance: how far one must go along the "
            "axis. The two parts are at right angles to one another. Draw the complex plane with "
            "the center on the real axis and the pole above it; the radius is the straight line "
            "that joins them, the long side of a right-angled triangle. You know one of its short "
            "sides already. Find the other one as the difference of two real numbers.",
        ),
        Wrong(
            name="The two parts are added",
            model=_SIZES["sum"],
            hint="You have the right two parts of the distance, the one along the real axis and "
            "the one along the imaginary axis, but you have added them. This is how far one walks "
            "along streets with a corner in between. The disc of convergence is round, so what "
            "counts is the straight line from the center to the pole. The two parts are the short "
            "sides of a right-angled triangle, and the straight line is its long side. Which "
            "theorem tells the long side from the two short ones? Your number is too large, so "
            "you would trust the series at places outside of its disc, where each further term "
            "makes it worse.",
        ),
        Wrong(
            name="The root has not been drawn",
            model=_SIZES["square"],
            hint="This is the square of the distance. Your triangle is right, and so are its two "
            "short sides; the theorem of Pythagoras gives the square of the long side as a sum of "
            "two squares, and one step is left. A quick test with the picture shows that the "
            "number cannot be the distance: the long side of a triangle is never longer than the "
            "two short sides together. It would also mean a disc that contains the poles well in "
            "its inside, while a power series cannot be right at a place where the function "
            "itself is infinite. Undo the squares, and compare again.",
        ),
        Wrong(
            name="The height of the pole was not drawn from its square",
            model=_SIZES["height squared"],
            hint="The horizontal part of your triangle is right, but the vertical part is too "
            "long. After completing the square the denominator has the form of a square plus a "
            "positive number. It vanishes where the square equals minus that number, so the step "
            "along the imaginary axis is the root of the number, not the number itself. Check by "
            "putting your pole back into the denominator: the result has to be zero. With the "
            "number in the place of its root it is not. Remember the simplest case: x² + 4 "
            "vanishes at 2i and at -2i, since the square of 2i is -4, and not at 4i.",
        ),
        Wrong(
            name="The diameter instead of the radius",
            model=_SIZES["diameter"],
            hint="Your number is twice the right one: it is the width of the whole strip on which "
            "the series converges, from its left end to its right end. The radius is measured "
            "from the center to one side. It is the number R in the statement that the series "
            "converges for all x whose distance from the center is less than R. A test: a place "
            "at your distance to the right of the center lies far outside of the disc. In the "
            "complex plane the circle about the center has to pass right through the poles, with "
            "no pole in its inside; yours has both poles inside.",
        ),
        Wrong(
            name="The real part of the poles is twice too large",
            model=_SIZES["middle not halved"],
            hint="The height of your pole above the axis is right, but it stands at the wrong "
            "place along it. When the square is completed, the number in the square is half of "
            "the one in front of x, because the square of x minus k contains the middle term "
            "twice: x² - 2kx + k². So the real part of the poles is half of the number that "
            "stands in front of x in the denominator, with the opposite sign. The formula for "
            "quadratic equations contains the same half. Check by multiplying out your completed "
            "square: the term with x must come out as it stands in the exercise.",
        ),
        Wrong(
            name="The imaginary part is twice too large",
            model=_SIZES["height not halved"],
            hint="The pole stands at the right place along the real axis, but too high above it, "
            "by a factor of two. In the formula for quadratic equations the root is divided by 2, "
            "just as the part before it is; the division is easily forgotten for one of the two. "
            "Completing the square avoids it: then the denominator is a square plus a positive "
            "number, and the height of the pole is the root of this number as it stands. Test "
            "your pole by putting it into the denominator. The real part of the result should be "
            "zero: the square of the height has to be equal to the number that is left after "
            "completing the square.",
        ),
        Wrong(
            name="The poles are twice too far out",
            model=_SIZES["nothing halved"],
            hint="Both parts of your poles are twice too large: the division by 2 in the formula "
            "for quadratic equations is missing. The solutions are the middle plus and minus the "
            "root, all of it divided by 2. If you complete the square instead, half of the number "
            "in front of x goes into the square right away, and nothing has to be divided "
            "afterwards. A test that always works: the two solutions of an equation that begins "
            "with a plain x² have as their sum the number in front of x, with the opposite sign. "
            "Add your two poles. The imaginary parts cancel; what is left comes out twice as "
            "large as it should.",
        ),
        Wrong(
            name="The term with x is ignored",
            model=_SIZES["root of the last number"],
            hint="You have taken the root of the last number in the denominator for the place "
            "where it vanishes. That would need two things that are not so: that there is no term "
            "with x, and that the square is subtracted from the number. Put your place into the "
            "denominator and see: it does not become zero. In fact it is positive for every real "
            "x, so that the function is finite on the whole line, and the places that limit the "
            "series are complex. Complete the square, or use the formula for quadratic equations; "
            "a negative number under the root is no accident here, it gives the imaginary part.",
        ),
        Wrong(
            name="The poles are mirrored, or the center is",
            model=_SIZES["mirrored"],
            hint="Your triangle has the right height, but its side along the real axis is wrong "
            "by a sign: it is as long as if the poles, or the center, stood on the other side of "
            "zero. The term with x in the denominator has a minus. Completed to a square it "
            "reads x minus a number, and this vanishes, up to the imaginary part, where x equals "
            "the number, without a minus. Then the side along the axis is the difference between "
            "this number and the center. Take care if one of the two is negative: subtracting a "
            "negative number adds its size. Draw both on the real axis and count the steps "
            "between them.",
        ),
        Wrong(
            name="A smooth curve is taken for a series that converges everywhere",
            when=_endless,
            hint="You say that the series converges for all x. On the real line nothing speaks "
            "against it: the denominator is never zero there, and the graph is smooth from "
            "end to end. But a power series does not look along the line only. It converges "
            "in a disc of the complex plane, and the disc ends at the nearest place where "
            "the function fails, on the line or off it. Set the denominator to zero and "
            "solve: under the root there is a negative number, so the solutions are "
            "complex. The function is infinite at these two places. Mark them in the plane, "
            "mark the center on the real axis, and measure the straight way from one to the "
            "other.",
        ),
        Wrong(
            name="The center's own distance from zero is taken",
            model=_SIZES["center"],
            hint="This is how far the center is from zero. Zero has nothing to do with it: the "
            "function is quite ordinary there. The radius is the way from the center to the "
            "nearest place where the function fails, so that place has to be found first. A "
            "fraction fails where its denominator is zero. Solve that quadratic equation; "
            "the number under the root is negative, so its two solutions are complex, one "
            "above the real axis and one below. Then draw the plane with the center on the "
            "real axis, and find the length of the straight line between it and one of "
            "these places, with the theorem of Pythagoras.",
        ),
        Wrong(
            name="The last number of the denominator is taken",
            model=_SIZES["last number"],
            hint="You have taken the last number of the denominator as it stands. It is the "
            "value of the denominator at x = 0, and equal to the square of the distance "
            "between the poles and zero. It would lead to the radius, after a root, if the "
            "series had its center at zero. Here the center is elsewhere, and the distance "
            "is not the square of it. Find the two places at which the denominator "
            "vanishes, with the formula for quadratic equations or by completing the "
            "square. They are complex: a real part and an imaginary part. Then measure from "
            "the center to one of them, along a straight line in the plane.",
        ),
        Wrong(
            name="The radius is not always 1",
            model=_SIZES["one"],
            hint="One is the radius of the best-known series: of one over 1 minus x and of the "
            "logarithm about 1, where the nearest place of failure is exactly one unit "
            "away. Other functions and other centers have other radii. The rule is always "
            "the same: the disc grows from the center until it meets the first place at "
            "which the function fails. Here that is a zero of the denominator. Solve the "
            "quadratic equation, which has two complex solutions, and see how far they are "
            "from the center of this exercise. Write the center and the solutions as points "
            "of a plane, and use the theorem of Pythagoras for the straight line between "
            "them.",
        ),
        Wrong(
            name="The square of the height is subtracted",
            model=_SIZES["difference of squares"],
            hint="The two sides of your triangle are right, but you have subtracted the square "
            "of one from that of the other. Perhaps the i was squared along with the "
            "height, and the square of i is -1. For a distance the i is only a sign post: "
            "it says that this part points upward, at right angles to the real axis. A "
            "distance in the plane is made of two lengths, both real and positive, and the "
            "theorem of Pythagoras adds their squares. A check: the straight way from the "
            "center to the pole can never be shorter than the way along the axis alone, nor "
            "shorter than the height alone.",
        ),
        Wrong(
            name="The two parts are subtracted",
            model=_SIZES["difference"],
            hint="You have subtracted one part of the distance from the other. The two parts, "
            "along the real axis and up to the pole, are at right angles, so they neither "
            "add nor cancel: they are the short sides of a right-angled triangle. The "
            "radius is the long side. It is longer than each of the short ones, and shorter "
            "than both together; your number is shorter. Draw the triangle: the center on "
            "the real axis, the pole above or below it, the foot of the pole on the axis. "
            "Then ask for the length of the straight line from center to pole. There is a "
            "well-known theorem about the three sides.",
        ),
        Wrong(
            name="The end of the interval is taken for the radius",
            when=shows(_SIZES["right end"], _SIZES["left end"], tolerance=4e-3),
            hint="Your number is the place on the real axis where the disc ends, counted from "
            "zero. The radius is how far that place is from the center. The series "
            "converges between center minus R and center plus R, and R is what is asked "
            "for: one number, always positive, the same to both sides. You must have had "
            "the radius in hand when you found this end. If the center is zero the two are "
            "the same, which is why they are so easily mixed up. Go back one step, and "
            "leave out adding the center, or subtract it again.",
        ),
        Wrong(
            name="A sign under the root has made the poles real",
            model=_SIZES["real poles"],
            hint="The places from which you measure are on the real axis, but the denominator is "
            "never zero there: try one of them. In the formula for quadratic equations the "
            "number under the root is the square of the middle minus the last number. With "
            "a plus in the place of this minus it comes out positive, and two real "
            "solutions appear that are none. With the minus it is negative here, and the "
            "root of a negative number is an imaginary one. So the poles stand above and "
            "below the axis. Put each pole that you find into the denominator before you "
            "measure: the result has to be zero.",
        ),
        *MORE,
        Wrong(
            name="The disc does not reach to the nearest pole",
            when=_short,
            last=True,
            hint="Your radius is too small: a circle with it around the center does not reach "
            "the poles, and a power series converges all the way to the nearest place where "
            "the function fails. Go through the three steps. First the poles: solve the "
            "quadratic equation in the denominator. Complete the square, or use the "
            "formula, and mind that all of it is divided by 2. Put the pole back in: the "
            "denominator must be zero. Second the side along the real axis: the difference "
            "between the real part of the pole and the center, with the sign of each. Third "
            "the straight line: the root of the sum of both squares, longer than either "
            "side.",
        ),
        Wrong(
            name="The disc would contain a pole",
            when=_long,
            last=True,
            hint="Your radius is too large: a circle with it around the center has a pole "
            "inside, a place at which the function is infinite, and no power series can be "
            "right there. Go through the three steps. First the poles: complete the square "
            "in the denominator, or use the formula for quadratic equations, and mind that "
            "both parts are divided by 2. Put the pole back in: the denominator must be "
            "zero. Second the side along the real axis: the difference between the real "
            "part and the center; if one is negative its size is added. Third the straight "
            "line: the root of the sum of the two squares, shorter than the two sides "
            "together.",
        ),
    ],
    again="First solve the quadratic equation: where is the denominator zero? The solutions are a "
    "pair of complex numbers. Then ask how far they are from the center, as the crow flies over "
    "the complex plane.",
    worked="Complete the square: $x^2 - <<s>>x + <<t>> = (x - <<a>>)^2 + <<b>>^2$. It vanishes at "
    "$x = <<a>> \\pm <<b>>i$. From the center $<<c>>$ one goes $\\left|<<a>> - (<<c>>)\\right|$ "
    "along the real axis and $<<b>>$ along the imaginary one, so "
    "$R = \\sqrt{(<<a>> - (<<c>>))^2 + <<b>>^2}$.",
)
