"""4G: Lagrange's three equations for a line over an ellipse."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Exercise, Formulas, Judged, Parameters, Wrong
from taylored.course.checking.compare import shown
from taylored.course.checking.terms import any_of
from taylored.course.exercises.lagrange import (
    MORE,
    factor_off,
    first_off,
    fits,
    is_at,
    made,
    signs_differ,
    swapped,
)

__all__ = ["EXERCISE"]

_NAMES = ("∂L/∂x", "∂L/∂y", "∂L/∂λ")


def _parameters(rng: Random) -> dict[str, Any]:
    a, b = rng.sample([2, 3, 5, 7], 2)
    return {"a": a, "b": b, "c": rng.choice([3, 4, 5, 6]), "d": rng.choice([11, 13, 17, 19])}


def _inputs(rng: Random, p: Parameters) -> Case:
    def away(low: float, high: float) -> float:
        return rng.choice([-1, 1]) * rng.uniform(low, high)

    return away(0.4, 2.7), away(0.4, 2.7), away(0.3, 1.9)


def _judge(p: Parameters, cases: list[Case], outputs: list[Any]) -> Judged:
    """Each equation may be multiplied by a number, and the multiplier may have the other sign."""
    got, good = np.array(outputs, dtype=float), fits(p, cases, outputs)
    tried = ", ".join(f"{n} = {v:.4g}" for n, v in zip(("x", "y", "lam"), cases[0], strict=True))
    if good.all():
        return Judged(True, tried, shown(got[0]), shown(np.array(made(p, *cases[0]))))
    bad = ", ".join(n for n, ok in zip(_NAMES, good, strict=True) if not ok)
    return Judged(False, tried, shown(got[0]), "3 left sides that are zero at the optimum",
                  f"does not fit: {bad}")  # fmt: skip


EXERCISE = Exercise(
    id="4G",
    title="Lagrange's equations",
    answer=Formulas(variables=("x", "y", "lam"), names=_NAMES, equations=True),
    parameters=_parameters,
    inputs=_inputs,
    right=made,
    judge=_judge,
    wrong=[
        Wrong(
            name="The limit is missing from the third equation",
            when=is_at(2, "x * x + c * y * y"),
            hint="The first two equations are right. The third is to be the constraint, brought "
            "to the form something equals zero, and you have left out the number on its right "
            "side. As it stands your third equation says that a sum of squares is zero, which "
            "holds only at the origin, and the origin is not on the ellipse at all. The function "
            "g in Lagrange's recipe is always left side minus right side. The number does not "
            "matter for the gradients, since it does not change, and that is why it is so easily "
            "forgotten. But the derivative by the multiplier is g itself, complete with the "
            "number, because the multiplier stands in front of all of it.",
        ),
        Wrong(
            name="The squares have not been differentiated",
            when=any_of(is_at(0, "a + lam * x * x"), is_at(1, "b + c * lam * y * y")),
            hint="Your third equation is right, and the linear part of the first two as well. But "
            "behind the multiplier you have copied the term of the constraint instead of its "
            "derivative. The first equation asks how fast L changes when x alone moves. The "
            "multiplier is then a fixed factor, and what it multiplies is a square of x, whose "
            "slope is two x. The gradient of the constraint stands perpendicular to the ellipse; "
            "draw the ellipse and check that the vector with your components does so. At the "
            "rightmost point it must point straight to the right, and grow in proportion to the "
            "distance, not to its square.",
        ),
        Wrong(
            name="The factor 2 of the squares is lost",
            model=lambda p, x, y, lam: [
                p.a + lam * x,
                p.b + lam * p.c * y,
                x * x + p.c * y * y - p.d,
            ],
            hint="Your equations have the right form, but differentiating a square brings down a "
            "factor two, and it is missing in the first two of them. One could say that it hides "
            "in the multiplier, and indeed the point that comes out would be the same: a "
            "multiplier of twice the size repairs it. But then lam is no longer the multiplier of "
            "this constraint, and its meaning as a price would be wrong by that factor. So "
            "differentiate carefully: how fast does the square of x grow at x equal to three? From "
            "nine to about nine point six when x grows by a tenth. Put this factor in both "
            "equations.",
        ),
        Wrong(
            name="The multiplier is missing",
            when=any_of(is_at(0, "a + 2 * x"), is_at(1, "b + 2 * c * y")),
            hint="You have added the two gradients, each with the factor one. Then they would have "
            "to cancel exactly, length and all. But that is asked too much: at the optimum the "
            "gradient of f and that of g lie along one line, and one may be three times as long "
            "as the other. The unknown factor between them is the multiplier, and it must stand "
            "in front of each component of the gradient of g. It is a third unknown, which is "
            "why a third equation is needed, the constraint itself. Count: three unknowns, three "
            "equations. In yours lam does not occur at all, so nothing could determine it.",
        ),
        Wrong(
            name="The constraint's own factor is missing in the second equation",
            model=lambda p, x, y, lam: [
                p.a + 2 * lam * x,
                p.b + 2 * lam * y,
                x * x + p.c * y * y - p.d,
            ],
            hint="The first and the third equation are right. In the second one the number in "
            "front of the square of y got lost when you differentiated. A constant factor stays "
            "where it is: the slope of three times something is three times the slope of it. For "
            "an ellipse that is narrow in y this matters. The gradient has to be perpendicular to "
            "the curve, and without the factor it would be that of a circle. Check with a point "
            "on the ellipse that lies between its two axes: walk a little along the curve, and "
            "see that the product of that small step with your gradient does not vanish.",
        ),
        Wrong(
            name="Only the land is differentiated, without the constraint",
            when=any_of(is_at(0, "a"), is_at(1, "b")),
            hint="Your first two equations are the gradient of f alone. Setting it to zero is "
            "right for an optimum without a constraint. Here it can never be zero, since f is a "
            "plane that falls in one direction everywhere; without the ellipse there would be no "
            "lowest point. On the ellipse one may move only along it, and so f need not be level "
            "in every direction, only along the curve. This is the case when the gradient of f "
            "is perpendicular to the curve, as that of g always is. So to the gradient of f add "
            "the multiplier times the gradient of g, in each of the two equations.",
        ),
        Wrong(
            name="The signs of the multiplier differ between the equations",
            when=signs_differ,
            hint="All the pieces are there, but the multiplier enters the first equation with a "
            "plus and the second with a minus. Both signs are in use: some books write f plus "
            "lambda g, others f minus lambda g, and the only difference is the sign of the "
            "multiplier in the end. But within one system the sign must be the same everywhere, "
            "because it is one number times one vector. With mixed signs the gradient of g would "
            "be mirrored, and at your solution the two gradients would not lie along one line. "
            "Write L once in full, with brackets round g, and differentiate it term by term.",
        ),
        Wrong(
            name="The equations stand in each other's fields",
            when=swapped,
            hint="All three of your equations are right, but they do not stand where they "
            "belong. Each field says by which letter L is differentiated. In the first x "
            "moves, and y and the multiplier are held still: what is left of f is its "
            "number in front of x, and of the constraint the derivative of its x-term. In "
            "the second y moves. In the third the multiplier moves, and as it stands in "
            "front of the whole constraint, that is what remains. For the solution of the "
            "system the order would not matter, but the fields have names. Put each "
            "equation in its own.",
        ),
        Wrong(
            name="The factor 2 is lost in one equation",
            when=any_of(is_at(0, "a + lam * x"), is_at(1, "b + c * lam * y")),
            hint="In one of the first two equations the square has lost its factor 2. "
            "Differentiating a square brings the exponent down: the slope of x squared is "
            "two x, and with a number in front it is two times that number times the "
            "variable. In the other equation you have it. The two must be treated alike, "
            "since one multiplier stands in both: if it is twice as large in one of them, "
            "the two vectors are no longer parallel, and the point that comes out is not "
            "the optimum. Differentiate both squares anew, term by term, and compare.",
        ),
        Wrong(
            name="f has not been differentiated",
            when=any_of(
                is_at(
                    0,
                    "a * x + b * y",
                    "a * x + 2 * lam * x",
                    "a * x + b * y + 2 * lam * x",
                    "a * x + lam * x * x",
                ),
                is_at(
                    1,
                    "a * x + b * y",
                    "b * y + 2 * c * lam * y",
                    "a * x + b * y + 2 * c * lam * y",
                    "b * y + c * lam * y * y",
                ),
            ),
            hint="The part with the multiplier may be right, but f itself stands in your "
            "equation as it is, with its x or y. The equation is a derivative, of all of L. "
            "When x moves by one, a number times x grows by that number: so of f only its "
            "number in front of x is left in the first equation, and its number in front of "
            "y in the second. The other term of f does not contain the variable that moves "
            "and drops out. With plain numbers the gradient of f is the same everywhere, as "
            "it should be for a plane. Take the x and the y of f away and keep the numbers.",
        ),
        Wrong(
            name="Only the gradient of the constraint is there",
            when=any_of(
                is_at(0, "2 * x", "2 * lam * x"),
                is_at(1, "2 * c * y", "2 * c * lam * y"),
            ),
            hint="In your equation only the constraint has been differentiated; f does not "
            "occur. Set to zero it would say that x or y is zero, whatever f is. But the "
            "question is where f is largest or smallest on the ellipse, so f has to be in "
            "it. At such a place the gradient of f and the gradient of the constraint lie "
            "along one line. One plus a multiple of the other is then zero, and the "
            "multiple is the unknown multiplier. So put the number of f in front: that of x "
            "in the first equation, that of y in the second, and add the part of the "
            "constraint with lam.",
        ),
        Wrong(
            name="The variable behind the multiplier is lost",
            when=any_of(
                is_at(0, "a + 2 * lam", "a + lam"),
                is_at(1, "b + 2 * c * lam", "b + c * lam"),
            ),
            hint="Behind the multiplier only a number stands, and the variable is gone. You have "
            "brought the exponent of the square down, but the power rule also leaves a "
            "power behind: the slope of x squared is two times x, not two. It depends on "
            "where one is. The gradient of the constraint has to be perpendicular to the "
            "ellipse, and on an ellipse that direction turns as one goes around; with plain "
            "numbers it would be the same everywhere. Put the x back in the first equation "
            "and the y in the second.",
        ),
        Wrong(
            name="The multiplier stands with f",
            when=any_of(
                is_at(0, "lam * a + 2 * x", "lam * a + 2 * lam * x"),
                is_at(1, "lam * b + 2 * c * y", "lam * b + 2 * c * lam * y"),
            ),
            hint="The multiplier stands in front of the number that comes from f. In Lagrange's "
            "recipe L is f plus the multiplier times the constraint, so f has no factor, "
            "and the multiplier goes with the gradient of the constraint. Parallel is "
            "parallel, one could say, and at the optimum a multiple of one gradient is the "
            "other either way. But then lam would be one over the usual multiplier, and its "
            "meaning, what one more unit of the limit is worth in units of f, would be "
            "lost. With lam in front of both it says nothing at all, as it can be divided "
            "out. Write L in full first.",
        ),
        Wrong(
            name="Terms of another derivative are mixed in",
            when=any_of(
                is_at(
                    0,
                    "a + 2 * lam * x - d",
                    "a + 2 * lam * x - lam * d",
                    "a + 2 * lam * x + 2 * c * lam * y",
                    "a + b + 2 * lam * x + 2 * c * lam * y",
                    "a + b + 2 * lam * x",
                    "a + b * y + 2 * lam * x",
                    "a + 2 * lam * x + 2 * y",
                    "a + 2 * lam * x + 2 * c * y",
                    "a + 2 * lam * x + c * y * y",
                    "a + 2 * lam * x + lam * c * y * y",
                ),
                is_at(
                    1,
                    "b + 2 * c * lam * y - d",
                    "b + 2 * c * lam * y - lam * d",
                    "b + 2 * lam * x + 2 * c * lam * y",
                    "a + b + 2 * c * lam * y",
                    "b + a * x + 2 * c * lam * y",
                    "b + 2 * c * lam * y + 2 * x",
                    "b + 2 * c * lam * y + x * x",
                    "b + 2 * c * lam * y + lam * x * x",
                ),
            ),
            hint="One of the first two equations contains a term that does not belong there: the "
            "limit of the constraint, or a term of the other variable. In the first "
            "equation x alone moves. Everything that does not contain x is a plain number "
            "then and has the slope zero: the limit, the term with y squared, the part of f "
            "with y. In the second it is y that moves. Only in the third, where the "
            "multiplier moves, does the limit appear, since there the whole constraint is "
            "left over. Cover in L all that does not contain the letter by which you "
            "differentiate; what you see is enough.",
        ),
        Wrong(
            name="The factor of the constraint is wrong in one equation",
            when=any_of(
                is_at(0, "a + 2 * c * lam * x"),
                is_at(1, "b + 2 * c**2 * lam * y", "b + lam * y", "b + 2 * lam * y"),
            ),
            hint="In one of the equations the number in front of the square of y is not treated "
            "as it should be. It belongs to y alone, so it appears in the second equation "
            "and not in the first. A constant factor stays as it is when one "
            "differentiates: it is neither squared nor dropped, and the 2 of the square is "
            "one more factor beside it. So behind the multiplier of the second equation "
            "there are three things: the 2, the number, and y. In the first there are two, "
            "the 2 and x. Compare with the ellipse: where it is narrow, its gradient is "
            "large.",
        ),
        Wrong(
            name="The constraint has been differentiated in the third equation",
            when=is_at(
                2,
                "2 * lam * x + 2 * c * lam * y - d",
                "2 * x + 2 * c * y",
                "2 * lam * x + 2 * c * lam * y",
                "2 * x + 2 * c * y - d",
            ),
            hint="In the third equation you have differentiated the constraint by x and y. But "
            "the third is the derivative by the multiplier: x and y are held still there, "
            "and only lam moves. L contains lam once, as a factor in front of the "
            "constraint. The derivative of lam times something is that something, "
            "unchanged. So what stands in the third field is the constraint itself, brought "
            "to the form something equals zero, with its squares. This makes sense: a place "
            "where both gradients are parallel is of no use if it does not lie on the "
            "ellipse.",
        ),
        Wrong(
            name="The limit has the wrong sign",
            when=is_at(2, "x * x + c * y * y + d"),
            hint="In the third equation the limit has the wrong sign. As it stands it says that "
            "a sum of squares plus a positive number is zero, and that is so nowhere. The "
            "constraint says that the sum of the squares is equal to the limit. To get zero "
            "on the right side, the limit has to be subtracted from both sides. Test the "
            "equation with a point of the ellipse: let y be zero, and x the root of the "
            "limit. The left side must be zero there. The sign of the multiplier may be "
            "chosen freely, but this one may not.",
        ),
        Wrong(
            name="The multiplier is still in the third equation",
            when=is_at(
                2,
                "lam * (x * x + c * y * y) - d",
                "lam * x * x + c * y * y - d",
                "lam * (x * x + c * y * y - d)",
            ),
            hint="The third equation is the derivative of L by the multiplier. L is f plus lam "
            "times the constraint. When lam moves and x and y are held still, the slope is "
            "what stands behind lam: the slope of lam times 7 is 7, and not lam times 7. "
            "You have left the factor lam in place. Set to zero, your equation would also "
            "be fulfilled by lam = 0 at any place, on the ellipse or off it, and with lam = "
            "0 the first two equations say something else altogether. Drop the factor, and "
            "the constraint alone is left.",
        ),
        *MORE,
        Wrong(
            name="The third equation is not the constraint",
            when=is_at(
                2,
                "a * x + b * y",
                "a * x + b * y - d",
                "x * x + y * y - d",
                "x + c * y - d",
                "x + y - d",
                "lam",
            ),
            hint="The first two equations may be right, but the third does not describe the "
            "ellipse of the exercise. It has to be the constraint, with everything on one "
            "side: the square of x, plus the number times the square of y, minus the limit. "
            "Check three things. Is it the constraint, or has f slipped in? Are both "
            "variables squared? And does the square of y have its number in front? A point "
            "on the ellipse has to make your left side zero: take y = 0 and x the root of "
            "the limit, and then x = 0 and the y that belongs to it.",
        ),
        Wrong(
            name="The right parts, with a wrong factor in front of one",
            when=any_of(factor_off(0), factor_off(1)),
            last=True,
            hint="One of the first two equations has the two parts that it must have, a plain "
            "number and a product of lam and the right variable, but the number in front of "
            "one of them is off. Go through the factors one by one. The plain number is the "
            "one beside the variable in f, taken as it is: neither squared nor doubled, for f "
            "has no square. In the other part there is the 2 that comes down from the square, "
            "and in the second equation also the number that the ellipse puts in front of the "
            "square. Factors are multiplied, not added. Both parts may be multiplied by one "
            "number in common, but then by the same. Check each against the derivative of its "
            "term alone.",
        ),
        Wrong(
            name="The first equation does not fit",
            when=first_off(0),
            last=True,
            hint="The first equation is the derivative of L by x. Write L in full: f, plus lam, "
            "times the constraint in parentheses with the limit subtracted. Now let x move "
            "and hold y and lam still. Of f only the number in front of x is left, for f is "
            "a number times x plus something without x. Of the parentheses only the square "
            "of x counts: its slope is two x, and lam stands in front of it as a factor. "
            "The rest has the slope zero. So there are two terms, one plain number and one "
            "with lam and x. Compare your equation with that, factor by factor and sign by "
            "sign.",
        ),
        Wrong(
            name="The second equation does not fit",
            when=first_off(1),
            last=True,
            hint="The first equation is right; the second, the derivative of L by y, is not. Let "
            "y move, and hold x and lam still. Of f only the number in front of y is left. "
            "Of the constraint only the term with the square of y counts, and it has a "
            "number of its own in front, which stays as a factor beside the 2 that the "
            "square brings down. lam is a factor too, with the same sign as in the first "
            "equation. So there are two terms: a plain number, and a product of lam, y and "
            "two numbers. Compare yours with that, factor by factor and sign by sign.",
        ),
        Wrong(
            name="The third equation does not fit",
            when=first_off(2),
            last=True,
            hint="The first two equations are right, and the third is not. It is the derivative "
            "of L by the multiplier. In L the multiplier stands once, in front of the "
            "parentheses with the constraint. With x and y held still, the slope of lam "
            "times something is that something. So the third equation is the constraint "
            "itself, in the form something equals zero: both squares, the second with its "
            "number in front, minus the limit. It says that the point lies on the ellipse. "
            "Test it: put x = 0 and that y into it for which the constraint holds, and see "
            "that zero comes out.",
        ),
    ],
    again="Write L = f + lam*(left side - right side) in full. Differentiate it by x with y and "
    "lam held still, by y, and by lam. Differentiated by lam there remains what stands in the "
    "brackets.",
    worked="$L = <<a>>x + <<b>>y + \\lambda (x^2 + <<c>>y^2 - <<d>>)$. By $x$: "
    "$<<a>> + 2\\lambda x$. By $y$: $<<b>> + 2 \\cdot <<c>> \\lambda y$. "
    "By $\\lambda$: $x^2 + <<c>>y^2 - <<d>>$. "
    "All three are to be zero. The first two give $x = -<<a>>/(2\\lambda)$ and "
    "$y = -<<b>>/(2 \\cdot <<c>> \\lambda)$; put into the third they give $\\lambda$.",
)
