"""4D: the largest stable rate of gradient descent in a tilted valley."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

from taylored.course.checking import Case, Exercise, Number, Parameters, Wrong
from taylored.course.checking.terms import shows

__all__ = ["EXERCISE"]

# f = a x^2 + b x y + c y^2 whose Hessian has whole numbers as eigenvalues, and for which no usual
# mistake, of some 80, comes within 1 % of the right rate.
_VALLEYS = [(10, 15, 18), (11, 15, 19), (14, 12, 19), (14, 15, 22)]


def _parameters(rng: Random) -> dict[str, Any]:
    a, b, c = rng.choice(_VALLEYS)
    if rng.random() < 0.5:
        a, c = c, a
    return {"a": a, "b": b, "c": c}


def _eigenvalues(p: Parameters) -> tuple[float, float]:
    """Of the Hessian [[2a, b], [b, 2c]], the larger first."""
    middle, half = p.a + p.c, math.hypot(p.a - p.c, p.b)
    return middle + half, middle - half


def _mixed(p: Parameters, times: float) -> float:
    """The larger eigenvalue with the mixed entry multiplied."""
    return p.a + p.c + math.hypot(p.a - p.c, times * p.b)


def _large(p: Parameters) -> float:
    return _eigenvalues(p)[0]


def _small(p: Parameters) -> float:
    return _eigenvalues(p)[1]


def _raw(p: Parameters) -> float:
    """The larger eigenvalue of the coefficients written into a matrix as they are."""
    return (p.a + p.c) / 2 + math.hypot((p.a - p.c) / 2, p.b)


def _seen(*models: Callable[[Parameters], float]) -> Callable[..., bool]:
    return shows(*models, tolerance=3e-3)


def _of_slips(p: Parameters) -> list[float]:
    """What comes out for the larger curvature with a slip in the quadratic equation."""
    trace, det = 2 * (p.a + p.c), 4 * p.a * p.c - p.b**2
    under = trace**2 - 4 * det
    found = [(trace + under) / 2, trace + math.sqrt(under) / 2, trace / 2 + math.sqrt(under)]
    for off in (trace**2 + 4 * det, trace**2 - det, trace**2 - 2 * det, trace**2 + det,
                trace**2 - 4 * (det + 2 * p.b**2), trace**2 - 4 * (det + p.b**2),
                trace - 4 * det):  # fmt: skip
        found += [(trace + math.sqrt(off)) / 2] if off > 0 else []
    return [*found, p.a + p.c + under / 4, p.a + p.c + (p.a - p.c) ** 2 + p.b**2,
            p.a + p.c + abs(p.a - p.c) + p.b, p.a + p.c + math.hypot(p.a + p.c, p.b),
            (p.a + p.c + math.sqrt(under)) / 2]  # fmt: skip


def _one_of(values: Callable[[Parameters], list[float]]) -> Callable[..., bool]:
    """Whether 2, or 1, over one of these has been typed, and it is not nearly right."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        got = float(outputs[0])
        if abs(got * _large(p) / 2 - 1) < 0.01:
            return False
        return any(abs(got * v / k - 1) < 3e-3 for v in values(p) if v > 0 for k in (2, 1))

    return when


def _tables(p: Parameters) -> list[float]:
    """The larger eigenvalue of tables whose entries have other factors than the Hessian's."""
    a, b, c = p.a, p.b, p.c
    entries = [(a * k, b * m, c * n) for k in (1, 2) for m in (0.5, 1, 2) for n in (1, 2)]
    entries += [(a * a, b, c * c), (2 * a + b, b, 2 * c + b), (2 * a, b, c * c)]
    return [(u + w) / 2 + math.hypot((u - w) / 2, v) for u, v, w in entries]


def _more(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return float(outputs[0]) * _large(p) > 2 * 1.03


def _less(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return 0 < float(outputs[0]) * _large(p) < 2 * 0.97


EXERCISE = Exercise(
    id="4D",
    title="The largest stable rate",
    answer=Number(label="rates must stay below"),
    parameters=_parameters,
    right=lambda p: 2.0 / _large(p),
    tolerance=3e-3,
    wrong=[
        Wrong(
            name="That is the rate that is surely safe, not the largest stable one",
            model=lambda p: 1.0 / _large(p),
            hint="One over the largest curvature is a very good rate: with it no step can go up, "
            "and the steepest direction is finished in a single step. But the question asks how "
            "far one could go before the path runs away. Look at one direction alone. A step "
            "leaves one minus rate times curvature of the distance. At your rate this is zero. "
            "Increase the rate further: the step jumps past the bottom and lands on the other "
            "wall, at first lower than it started, so the path still comes down. Where does this "
            "end? At the rate for which the landing point is exactly as far away as the start. "
            "Solve for the rate that makes the factor minus one.",
        ),
        Wrong(
            name="The smaller curvature decides nothing here",
            model=lambda p: 2.0 / _small(p),
            hint="You have used the smaller of the two eigenvalues. It belongs to the long, "
            "gentle direction of the valley, in which large steps do no harm. But the same rate "
            "is used for all directions, and the first to go wrong is the one in which the valley "
            "is steepest. Take a rate just below yours and compute what one step leaves in the "
            "direction of the larger eigenvalue: one minus rate times curvature comes out far "
            "below minus one, so the distance grows with each step, jumping from wall to wall. "
            "All factors must stay between minus one and one at the same time. Which of the two "
            "conditions is the stricter one?",
        ),
        Wrong(
            name="The second derivative of a square has lost its factor 2",
            model=lambda p: 4.0 / _large(p),
            hint="Your eigenvalue is exactly half of what it should be. Probably you have written "
            "the coefficients of the formula into the matrix. But curvatures are second "
            "derivatives, and differentiating a square twice gives two: if a function is three x "
            "squared, its slope is six x and its curvature six. So the entries on the diagonal "
            "of the Hessian are twice the coefficients of the squares. The mixed entry is the "
            "coefficient of xy itself, and it stands in both corners. Write down the gradient "
            "first, both components, and then differentiate each of them by x and by y. Then look "
            "for the eigenvalues of that matrix.",
        ),
        Wrong(
            name="The mixed term has been left out",
            model=lambda p: 2.0 / max(2 * p.a, 2 * p.c),
            hint="You have taken the larger of the two entries on the diagonal of the Hessian. "
            "These are the curvatures along the x-axis and along the y-axis. But the term with xy "
            "turns the valley: its steepest direction lies between the axes, and there the "
            "curvature is larger than along either of them. Try it: walk from the bottom in the "
            "direction in which x and y both grow, and see that the term with xy adds to the "
            "height. The extreme curvatures over all directions are the eigenvalues of the whole "
            "matrix, with the mixed entry in both corners. For a two by two matrix they follow "
            "from sum and product: the trace and the determinant.",
        ),
        Wrong(
            name="The sum of the curvatures is not the largest of them",
            model=lambda p: 2.0 / (_large(p) + _small(p)),
            others=[lambda p: 4.0 / (_large(p) + _small(p))],
            hint="You divide two by the sum of both eigenvalues, the trace of the Hessian. That "
            "number is a famous one: it is the best rate, the one at which the slow and the fast "
            "direction shrink by the same factor. But the question asks for the largest stable "
            "one, and that is larger. Each direction goes its own way: a step leaves one minus "
            "rate times its own curvature, and the other direction does not enter. So no sum can "
            "appear in the condition for one direction. Find the two eigenvalues one by one, "
            "write down the condition for each, and keep the stricter.",
        ),
        Wrong(
            name="The rate is upside down",
            model=lambda p: _large(p) / 2.0,
            others=[
                lambda p: 2 * _large(p),
                lambda p: 4 * _large(p),
                lambda p: _small(p) / 2,
                lambda p: 2 * _small(p),
            ],
            hint="You have found the right curvature, but the fraction stands on its head. A "
            "strong curvature calls for a small rate: in a narrow valley a long step lands high "
            "up on the other wall. Your number would become larger the narrower the valley is. "
            "Units help too: the slope is height per length, the curvature height per length "
            "squared, and rate times slope must be a length. So the rate is in length squared "
            "per height, one over a curvature. Write down the condition once more: one minus rate "
            "times curvature must not fall below minus one. Solve it for the rate.",
        ),
        Wrong(
            name="That is the best rate of one direction only, the gentle one",
            model=lambda p: 1.0 / _small(p),
            hint="One over the smaller curvature would finish the long, gentle direction of the "
            "valley in a single step. But the same rate is applied to the steep direction too, "
            "and there it is far too long: the factor one minus rate times curvature falls below "
            "minus one, and the path runs away across the valley. Stability must hold in all "
            "directions at once, so the largest curvature sets the limit. Note also that the "
            "limit is not where a factor is zero, but where it reaches minus one, since up to "
            "there the jumps from wall to wall still become shorter. Use the other eigenvalue, "
            "and that condition.",
        ),
        Wrong(
            name="The mixed entry of the Hessian is halved",
            model=lambda p: 2.0 / _mixed(p, 0.5),
            hint="Your eigenvalue belongs to a matrix whose mixed entries are half as large as "
            "they should be. There is a matrix in which they are halved: that of the quadratic "
            "form, in which the term with xy is shared between two corners. But there the squares "
            "are not doubled either. The Hessian is twice that matrix, in all its entries. The "
            "two have been mixed. Differentiate instead of remembering: differentiate the function "
            "by x, and what comes out by y. The term with xy becomes a multiple of y in the first "
            "step, and a plain number in the second. That number stands in both corners, unshared.",
        ),
        Wrong(
            name="The mixed entry of the Hessian is doubled",
            model=lambda p: 2.0 / _mixed(p, 2.0),
            hint="Your eigenvalue belongs to a matrix whose mixed entries are twice as large as "
            "they should be. The squares do get a factor two when they are differentiated twice, "
            "once for each time the exponent comes down. The term with xy does not: x and y stand "
            "there with the exponent one. Differentiated by x it leaves its number times y, and "
            "differentiated by y after that it leaves the number alone, without any factor. It "
            "stands in the matrix twice, in both corners, but each time as it is. Write down the "
            "two components of the gradient, differentiate each by x and by y, and fill in the "
            "four places.",
        ),
        Wrong(
            name="The coefficients stand in the matrix as they are",
            when=_seen(lambda p: 2 / _raw(p)),
            hint="You have written the three coefficients of the formula into a matrix, those of "
            "the squares on the diagonal and that of xy in both corners, and taken its "
            "larger eigenvalue. But the Hessian holds second derivatives. Differentiating a "
            "square twice gives a factor 2, so on the diagonal stand twice the "
            "coefficients. The term with xy is different: each of its two variables has the "
            "exponent one, so its mixed derivative is the coefficient itself. Write down "
            "the gradient first, both components, and differentiate each by x and by y. "
            "Then find the larger eigenvalue of that matrix; the rest of your way is right.",
        ),
        Wrong(
            name="That is the curvature, not the rate",
            when=_seen(_large, _small),
            hint="You have found the larger eigenvalue of the Hessian, the curvature of the "
            "steepest direction, and that is the hard part. What is asked for is the rate. "
            "In that direction one step of descent leaves the share one minus rate times "
            "curvature of the distance to the bottom. The path is stable as long as this "
            "share lies between minus one and one. Put your eigenvalue in, and ask for "
            "which rate the share is just minus one. The larger the curvature the smaller "
            "the rate has to be: your number would let the walker take longer steps in a "
            "narrower valley, and the path would fly away.",
        ),
        Wrong(
            name="Only one of the diagonal entries is used",
            when=_seen(
                lambda p: 2 / max(p.a, p.c),
                lambda p: 1 / (2 * max(p.a, p.c)),
                lambda p: 2 / (2 * min(p.a, p.c)),
                lambda p: 2 / min(p.a, p.c),
                lambda p: 1 / max(p.a, p.c) / 4,
            ),
            hint="Your rate is made of a single coefficient of the formula, that of one of the "
            "squares. So the term with xy does not enter at all. It turns the valley: the "
            "steepest direction lies between the axes, and the curvature in it is larger "
            "than along x or along y. The curvatures that count are the eigenvalues of the "
            "Hessian. Its diagonal holds twice the coefficients of the squares, both "
            "corners the coefficient of xy. Find the larger eigenvalue, from the sum of the "
            "diagonal and the determinant, and then the rate at which one minus rate times "
            "this eigenvalue is just minus one.",
        ),
        Wrong(
            name="The determinant is not a curvature",
            when=_seen(
                lambda p: 2 / (4 * p.a * p.c),
                lambda p: 2 / (4 * p.a * p.c + p.b**2),
                lambda p: 2 / (p.a * p.c),
                lambda p: 1 / (p.a * p.c),
                lambda p: 2 / abs(p.a * p.c - p.b**2 / 4),
                lambda p: 2 / abs(p.a * p.c - p.b**2),
                lambda p: 2 / math.sqrt(p.a * p.c),
                lambda p: math.sqrt(2 / (p.a * p.c)),
                lambda p: 2 / (_large(p) * _small(p)),
                lambda p: 1 / (_large(p) * _small(p)),
            ),
            hint="You divide by the determinant of the Hessian. It is the product of the two "
            "curvatures, and says by its sign whether the ground is a bottom or a saddle. "
            "But it is no curvature itself: its unit is that of a curvature squared. A "
            "gentle direction makes it small, although it does not make the valley any less "
            "steep. For the stability of descent every direction stands for itself: one "
            "minus rate times its curvature must stay above minus one. So the eigenvalues "
            "are needed one by one. Determinant and trace help to find them, since they are "
            "their product and their sum; then take the larger one.",
        ),
        Wrong(
            name="The ratio of the curvatures is not a rate",
            when=_seen(
                lambda p: 2 * _large(p) / _small(p),
                lambda p: 2 * _small(p) / _large(p),
                lambda p: _large(p) / _small(p),
                lambda p: _small(p) / _large(p),
                lambda p: (_large(p) - _small(p)) / (_large(p) + _small(p)),
            ),
            hint="Your number is made of the quotient of the two curvatures, the condition of "
            "the valley. It says how slow descent will be at its best rate, and that is an "
            "important number; but it has no unit, and a rate has one. The limit of "
            "stability depends on one direction only, the steepest. There a step leaves one "
            "minus rate times curvature of the distance, and this share may not fall below "
            "minus one. How gentle the other direction is plays no part in it. Take the "
            "larger eigenvalue alone and solve that condition for the rate.",
        ),
        Wrong(
            name="The entries of the Hessian are added",
            when=_seen(
                lambda p: 1 / (2 * p.a + 2 * p.c + p.b),
                lambda p: 1 / (p.a + p.b + p.c),
                lambda p: 2 / (2 * max(p.a, p.c) + 2 * p.b),
                lambda p: 1 / (2 * max(p.a, p.c) + 2 * p.b),
                lambda p: 2 / (max(p.a, p.c) + p.b),
                lambda p: 2 / (2 * p.a + 2 * p.b),
                lambda p: 2 / (2 * p.c + 2 * p.b),
                lambda p: 2 / math.sqrt(p.a**2 + p.b**2 + p.c**2),
                lambda p: 1 / math.sqrt(p.a**2 + p.b**2 + p.c**2),
                lambda p: 2 / math.sqrt(4 * p.a**2 + 4 * p.c**2 + 2 * p.b**2),
                lambda p: 1 / math.sqrt(4 * p.a**2 + 4 * p.c**2 + 2 * p.b**2),
                lambda p: 2 / abs(2 * max(p.a, p.c) - p.b),
                lambda p: 2 / (p.a + p.c),
                lambda p: 2 / (2 * p.a + 2 * p.c + p.b),
                lambda p: 2 / (2 * max(p.a, p.c) + p.b),
                lambda p: 2 / (2 * p.a + 2 * p.c + 2 * p.b),
                lambda p: 2 / (p.a + p.b + p.c),
            ),
            hint="You add entries of the Hessian, or coefficients of the formula, and divide by "
            "the sum. A sum of the size of all entries in a row is never smaller than the "
            "largest curvature, so a rate from it is safe; but it is too careful. The "
            "question is for the limit itself, and this is set by the largest eigenvalue. "
            "For a two by two matrix it can be found exactly: sum and product of both "
            "eigenvalues are the trace and the determinant, which gives a quadratic "
            "equation. Solve it, take the larger solution, and then the rate for which one "
            "minus rate times eigenvalue is minus one.",
        ),
        Wrong(
            name="The share that is left is not set to minus one",
            when=_seen(
                lambda p: 0.5 / _large(p),
                lambda p: 3 / _large(p),
                lambda p: 2 / (_large(p) + 1),
                lambda p: 2 / (_large(p) - 1),
                lambda p: 2 / _large(p) ** 2,
                lambda p: 1 / _large(p) ** 2,
                lambda p: math.sqrt(2 / _large(p)),
                lambda p: 2 / math.sqrt(_large(p)),
                lambda p: 1 / math.sqrt(_large(p)),
                lambda p: math.sqrt(2) / _large(p),
                lambda p: 1 - 1 / _large(p),
                lambda p: 1 - 2 / _large(p),
            ),
            hint="The largest curvature is in your number, and it is the right one, but the "
            "condition made of it is not. Along the steepest direction the gradient is "
            "curvature times distance. A step takes rate times that away, so of the distance "
            "there remains the share 1 minus rate times curvature. While the share lies "
            "between minus one and one, the distance shrinks. For small rates it is just "
            "below one; as the rate grows it falls through zero, where the step hits the "
            "bottom, and on to minus one, where the step lands as far away on the other side. "
            "There is the limit. Set the share equal to minus one and solve for the rate. "
            "Nothing is squared and no root is taken.",
        ),
        Wrong(
            name="There is a slip in the equation for the curvatures",
            when=_one_of(_of_slips),
            hint="Your number is one over a curvature, or two over it, but the curvature comes "
            "from a quadratic equation with a slip in it. For a symmetric table of two rows "
            "the curvatures are the solutions of: square, minus the sum of the diagonal times "
            "the unknown, plus the determinant, is zero. Look at four places. The determinant "
            "is the product of the diagonal minus the square of the mixed entry. Under the "
            "root stands the square of the sum minus four times the determinant. The root "
            "must really be taken. And all is divided by two at the end, the sum as well as "
            "the root. Check: the two solutions must add up to the sum of the diagonal, and "
            "their product must be the determinant.",
        ),
        Wrong(
            name="The entries of the Hessian have not all been differentiated alike",
            when=_one_of(_tables),
            hint="The way from the table to the rate may be right, but the table itself is not the "
            "Hessian of this valley. Each of its entries is a second derivative. A square "
            "gets a factor 2 when it is differentiated twice, and both squares are treated "
            "alike. The mixed entry is differentiated once by each variable: the product of x "
            "and y then leaves its number as it is, without a 2 and without a half, and this "
            "number stands in both corners. Mixed up are two tables that look alike: the one "
            "of the quadratic form, with half of the mixed number in each corner and the "
            "squares as they are, and the Hessian, which is twice as large. Write the "
            "gradient first and differentiate each of its entries.",
        ),
        Wrong(
            name="Only the mixed term has been used",
            when=_seen(
                lambda p: 2 / p.b, lambda p: 1 / p.b, lambda p: 1 / (2 * p.b), lambda p: p.b / 2
            ),
            hint="Your rate depends on the number of the mixed term alone. That term says how far "
            "the valley is turned, but not how steep it is. If the number were zero, your "
            "rate would have no limit at all, and yet a valley that is not turned has "
            "curvatures as well. The limit comes from the steepest direction, and its "
            "curvature is made of all three numbers together: the two of the squares and the "
            "mixed one. Put all second derivatives into a table of two rows, the Hessian. Its "
            "larger eigenvalue is the curvature in the steepest direction. Then compute the "
            "rate at which a step along that direction begins to overshoot so far that it "
            "grows.",
        ),
        Wrong(
            name="The two curvatures are subtracted or multiplied",
            when=_seen(
                lambda p: 2 / (_large(p) - _small(p)),
                lambda p: 1 / (_large(p) - _small(p)),
                lambda p: 2 / math.sqrt(_large(p) * _small(p)),
                lambda p: 1 / math.sqrt(_large(p) * _small(p)),
                lambda p: 2 / _large(p) + 2 / _small(p),
                lambda p: 1 / _large(p) + 1 / _small(p),
                lambda p: 2 / _small(p) - 2 / _large(p),
                lambda p: 2 / math.hypot(_large(p), _small(p)),
            ),
            hint="You have both curvatures and have made one number out of the two, a difference, "
            "a product or a sum. But along the two main directions of the valley a descent "
            "goes its own way, as if the other were not there: each step leaves the share 1 "
            "minus rate times curvature of the distance. For the descent to be stable, each "
            "of these two shares must lie between minus one and one. That gives two limits "
            "for the rate, one for each curvature. Both have to be kept, so the tighter one "
            "counts, and the other one says nothing any more. No calculation with both "
            "curvatures is needed. Write the two limits next to each other and choose.",
        ),
        Wrong(
            name="The rate is too large",
            when=_more,
            last=True,
            hint="At a rate just below yours the path would still run away: in the steepest "
            "direction one step would leave more than the whole distance, on the other "
            "side. So a curvature larger than the one you have used is there. Go through "
            "the steps. The gradient: two components, each with x and with y. The Hessian: "
            "twice the coefficients of the squares on the diagonal, the coefficient of xy "
            "in both corners. The larger of its two eigenvalues, which is larger than both "
            "entries of the diagonal. And then the condition: one minus rate times this "
            "eigenvalue is minus one at the limit.",
        ),
        Wrong(
            name="The rate is too small",
            when=_less,
            last=True,
            hint="At your rate the path is stable, but that is not yet the limit: the rate could "
            "be larger. Go through the steps. The gradient: two components, each with x and "
            "with y. The Hessian: twice the coefficients of the squares on the diagonal, "
            "and the coefficient of xy, not doubled, in both corners. Its larger "
            "eigenvalue: from the trace, which is the sum of both, and the determinant, "
            "which is their product. And the condition: the path is stable until one minus "
            "rate times eigenvalue falls to minus one, and not only until it falls to zero. "
            "Which of these four steps made your number smaller?",
        ),
    ],
    again="Write down the Hessian (mind the factor 2 of the squares) and its two eigenvalues. In "
    "each of their directions a step leaves 1 minus rate times eigenvalue, to be kept above -1.",
    worked="The Hessian is $\\begin{pmatrix} 2 \\cdot <<a>> & <<b>> \\\\ <<b>> & 2 \\cdot <<c>> "
    "\\end{pmatrix}$. Its eigenvalues have the sum $2 \\cdot <<a>> + 2 \\cdot <<c>>$ and "
    "the product $4 \\cdot <<a>> \\cdot <<c>> - <<b>>^2$; solve the quadratic equation for the "
    "larger one, $\\lambda_1 = <<a>> + <<c>> + \\sqrt{(<<a>> - <<c>>)^2 + <<b>>^2}$. A step leaves "
    "$1 - \\gamma \\lambda_1$ of the distance, and this is above $-1$ as long as "
    "$\\gamma < 2/\\lambda_1$.",
)
