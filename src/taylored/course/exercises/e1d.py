"""1D: the Jacobian of elliptic coordinates at a place."""

from __future__ import annotations

from math import cos, radians, sin
from random import Random
from typing import Any

from taylored.course.checking import Exercise, Numbers, Parameters, Wrong

__all__ = ["EXERCISE"]

Rows = list[list[float]]


def _parameters(rng: Random) -> dict[str, Any]:
    a, b = rng.sample([2, 3, 4, 5], 2)
    return {"a": a, "b": b, "r": rng.choice([1.3, 1.7, 2.4, 2.8]),
            "phi": rng.choice([0.4, 0.6, 1.1, 2.3, 2.6])}  # fmt: skip


def _jacobian(p: Parameters, r: float, phi: float) -> Rows:
    return [
        [p.a * cos(phi), -p.a * r * sin(phi)],
        [p.b * sin(phi), p.b * r * cos(phi)],
    ]


def _right(p: Parameters) -> Rows:
    return _jacobian(p, p.r, p.phi)


def _signed(p: Parameters, row: int, column: int) -> Rows:
    rows = _right(p)
    rows[row][column] = -rows[row][column]
    return rows


def _stretched(p: Parameters, first: float, second: float) -> Rows:
    top, bottom = _right(p)
    return [[v * first / p.a for v in top], [v * second / p.b for v in bottom]]


def _inverse(p: Parameters) -> Rows:
    return [
        [cos(p.phi) / p.a, sin(p.phi) / p.b],
        [-sin(p.phi) / (p.a * p.r), cos(p.phi) / (p.b * p.r)],
    ]


EXERCISE = Exercise(
    id="1D",
    title="The Jacobian of new coordinates",
    answer=Numbers(shape=(2, 2)),
    parameters=_parameters,
    right=_right,
    formulas=["a*cos(phi)", "-a*r*sin(phi)", "b*sin(phi)", "b*r*cos(phi)"],
    tolerance=5e-3,
    wrong=[
        Wrong(
            name="The distance is missing in the second column",
            model=lambda p: _jacobian(p, 1.0, p.phi),
            hint="Your first column is right. In the second one the factor r is missing: there "
            "only the angle moves, and r stands still, but a factor that stands still stays where "
            "it is. The picture tells why it matters. Turn by a tenth of a radian close to the "
            "middle, and you move a little. Turn by the same angle far out, and you sweep along a "
            "long arc: twice as far out, twice as long. A derivative by the angle that does not "
            "contain r would say that both are equally far. So write r sin φ or r cos φ wherever "
            "the angle moves, and put in the number for r. Then compare the size of your two "
            "columns.",
        ),
        Wrong(
            name="The minus of the cosine's slope is missing",
            model=lambda p: _signed(p, 0, 1),
            hint="Three entries are right, and one has a wrong sign: the derivative of x by the "
            "angle. x contains the cosine of the angle, and the cosine goes down from its top "
            "when the angle grows from zero, so its slope is minus the sine. On the map it is "
            "plain to see: stand at a small angle and turn further around the middle. You move up "
            "and to the left, so x becomes smaller. A positive entry would say that x grows. As a "
            "check compute the determinant. For ordinary polar coordinates it must be r, and here "
            "a positive multiple of r; with the sign wrong you get something that depends on the "
            "angle.",
        ),
        Wrong(
            name="The minus stands at the sine's slope",
            model=lambda p: [
                [p.a * cos(p.phi), p.a * p.r * sin(p.phi)],
                [p.b * sin(p.phi), -p.b * p.r * cos(p.phi)],
            ],
            hint="In your second column the two signs are exchanged. One of them carries a minus, "
            "but it is the other one. Which of sine and cosine gets the minus need not be learned "
            "by heart: look at a point on a circle, a little above the right-hand side, and let "
            "it turn counterclockwise. It climbs, so its height, the sine, grows: plus. It moves "
            "to the left, so its sideways position, the cosine, shrinks: minus. Now x is made "
            "with the cosine and y with the sine, and the second column asks what they do when "
            "the angle grows. Put the minus where the shrinking happens, and take it away from "
            "the other entry.",
        ),
        Wrong(
            name="Rows and columns are exchanged",
            model=lambda p: [list(row) for row in zip(*_right(p), strict=True)],
            hint="All four numbers are right, but the table is turned over its diagonal. In a "
            "Jacobian each row belongs to an output, here x and then y, and each column to an "
            "input, here r and then φ. So the first row holds both derivatives of x. You have put "
            "into the first row what r does to x and to y, which is a column. Both arrangements "
            "occur in books, but the product Jacobian times step only works in one of them: the "
            "first entry of the result must be the change of x, so the first row must contain "
            "everything that moves x. Write the names of the inputs above the columns and those "
            "of the outputs beside the rows.",
        ),
        Wrong(
            name="The columns are exchanged",
            model=lambda p: [row[::-1] for row in _right(p)],
            hint="Your four numbers are right, but the columns have changed places. The task "
            "names the inputs in the order r, then φ, and the columns follow it: first what "
            "happens when the distance grows, then what happens when the angle grows. You can "
            "tell the two apart at a glance. The column of r points straight away from the "
            "middle, the column of φ points along the curve around it, and it is the longer the "
            "further out one is, because it contains r. Exchanged columns also turn the sign of "
            "the determinant around, which would mean that the map turns a left hand into a right "
            "one; this map does not. Exchange them.",
        ),
        Wrong(
            name="The angle is taken in degrees",
            model=lambda p: _jacobian(p, p.r, radians(p.phi)),
            hint="Your numbers are those of a much smaller angle: the calculator was set to "
            "degrees. Here the angle is in radians, the length of the way along a circle of "
            "radius 1, and a full turn is 6.28 of them. One radian is about 57 degrees. It is not "
            "only a convention. The rule that the slope of the sine is the cosine holds in "
            "radians alone; in degrees the slope would be 57 times smaller, and each derivative "
            "by the angle would carry an odd factor. So calculus always works in radians. Look "
            "for the letters RAD or R on the calculator and switch to them, or multiply the angle "
            "by 180 and divide by π first. In Python, math.cos takes radians.",
        ),
        Wrong(
            name="The stretching factors are missing",
            model=lambda p: [[cos(p.phi), -p.r * sin(p.phi)], [sin(p.phi), p.r * cos(p.phi)]],
            hint="These are the numbers of ordinary polar coordinates, with circles. Here the map "
            "is stretched: x and y each have a factor of their own in front, and the circles "
            "become ellipses. A number in front of a function stays in front of its slope, in "
            "both columns: if everything sideways is three times as large, then every sideways "
            "movement is three times as large, whether it comes from the distance or from the "
            "angle. So the whole first row must be multiplied by the factor of x, and the whole "
            "second row by that of y. The determinant then becomes larger by the product of both, "
            "just as the areas do.",
        ),
        Wrong(
            name="The two stretching factors are exchanged",
            model=lambda p: _stretched(p, p.b, p.a),
            others=(lambda p: _stretched(p, p.a, p.a), lambda p: _stretched(p, p.b, p.b)),
            hint="Two different numbers stretch this map: one of them belongs to x and the other "
            "one to y. In your matrix they do not stand in the rows where they belong. The first "
            "row holds the two derivatives of x, so the number in front of x is a factor in both "
            "of its entries. The second row holds the derivatives of y, with the number in front "
            "of y. A factor that is held still stays with its own function, whichever variable "
            "moves. Write x and y down with their numbers, derive x by the distance and by the "
            "angle, and only then go on to y. Do not copy from one row to the other.",
        ),
        Wrong(
            name="The distance stands in the first column too",
            model=lambda p: [[v * p.r, w] for v, w in _right(p)],
            hint="Your second column is right. In the first one the distance r moves, and it is to "
            "be derived. In both functions it stands as a plain factor, as in 5r, and the slope of "
            "5r is 5: the r is gone. You have left it in place. The picture says the same: walk "
            "outward by one unit, and the point moves by the same amount, whether you start near "
            "the middle or far out. So the first column does not depend on r at all; only the "
            "direction, that is the angle, matters there. In the second column it is different, "
            "for a turn sweeps a longer arc farther out.",
        ),
        Wrong(
            name="Distance and angle are exchanged",
            model=lambda p: _jacobian(p, p.phi, p.r),
            hint="You have put the number for the distance in the place of the angle, and the one "
            "for the angle in the place of the distance. The formulas may well be right. The "
            "question gives the two numbers in the order r, then φ. The distance r is a length and "
            "stands as a factor in front of the sine and the cosine; the angle φ stands inside of "
            "them, in radians. Since both are plain numbers of similar size, nothing in the "
            "computation warns you. Write the formulas with letters first, all four of them, and "
            "put the numbers in afterwards, one letter at a time.",
        ),
        Wrong(
            name="The product rule is used although only the angle moves",
            model=lambda p: [[v, v + w] for v, w in _right(p)],
            hint="In the second column you have added a second term to each entry. Perhaps you saw "
            "a product of r and a cosine and took the product rule. But in a partial derivative "
            "only one variable moves. In the second column that is the angle, and the distance is "
            "held still: it counts as a number, and its own slope by the angle is zero. So of the "
            "two terms of the product rule only the one in which the sine or the cosine is derived "
            "is left. The other term is the one of the first column, where the distance moves and "
            "the angle is held still. Each of them has a column of its own.",
        ),
        Wrong(
            name="That is the place, not the Jacobian",
            model=lambda p: [v * p.r for v, _ in _right(p)],
            hint="You have computed x and y, the place to which the map sends the point. The "
            "question asks for the Jacobian: how this place moves when one of the inputs is "
            "changed a little. It has four entries. The first column says where the point goes for "
            "each unit of r, with the angle held still: derive x by r, and y by r. The second "
            "column says where it goes for each radian of φ, with the distance held still. So "
            "derive both formulas twice, once by each variable, then put in the numbers, and write "
            "the two rows one below the other, with a semicolon or on two lines.",
        ),
        Wrong(
            name="That is made of the Jacobian, it is not the Jacobian",
            model=lambda p: p.a * p.b * p.r,
            others=(_inverse, lambda p: [list(c) for c in zip(*_inverse(p), strict=True)]),
            hint="What you have is something that is computed from the Jacobian: its determinant, "
            "the factor by which small areas grow, or its inverse, the Jacobian of the way back "
            "from x and y to distance and angle. Asked is the matrix itself, with all four of its "
            "entries. Its first row holds the derivatives of x by r and by φ, its second row those "
            "of y. Type the two rows one below the other, or with a semicolon between them. It is "
            "worth keeping your number, for it is a check: for this map the determinant must come "
            "out as the product of the two stretching factors and the distance.",
        ),
    ],
    again="First row: the derivatives of $x$, by $r$ and by $\\varphi$. Second row: those of $y$. "
    "Put the numbers in with the calculator set to radians.",
    worked="$J = \\begin{pmatrix} <<a>>\\cos \\varphi & -<<a>>r \\sin \\varphi \\\\ <<b>>\\sin "
    "\\varphi & <<b>>r \\cos \\varphi \\end{pmatrix}$ with $r = <<r>>$ and $\\varphi = <<phi>>$ "
    "radians. Its determinant is $<<a>> \\cdot <<b>> \\cdot r$, since $\\cos^2 \\varphi + \\sin^2 "
    "\\varphi = 1$.",
)
