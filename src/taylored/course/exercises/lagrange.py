"""What is seen in a learner's three equations of Lagrange, for exercise 4G."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from taylored.course.checking import Case, Parameters, Wrong
from taylored.course.checking.slips import value_of
from taylored.course.checking.terms import any_of

__all__ = ["MORE", "factor_off", "first_off", "fits", "is_at", "made", "signs_differ", "swapped"]

_WHOLE = (  # L, not differentiated, and what may be lost in it
    "a * x + b * y + lam * (x * x + c * y * y - d)",
    "a * x + b * y + lam * (x * x + c * y * y)",
    "a * x + b * y + lam * x * x + c * y * y - d",
    "a * x + b * y + x * x + c * y * y - d",
    "a * x + b * y - (x * x + c * y * y - d)",
)


def made(p: Parameters, x: float, y: float, lam: float) -> list[float]:
    return [p.a + 2 * lam * x, p.b + 2 * lam * p.c * y, x * x + p.c * y * y - p.d]


def _factor(values: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether one row is a fixed multiple of another: then both equations say the same."""
    if not np.isfinite(values).all() or not np.any(wanted):
        return False
    scale = float(values @ wanted) / float(wanted @ wanted)
    if abs(scale) < 1e-6:
        return False
    return bool(np.all(np.abs(values - scale * wanted) <= 1e-6 * np.abs(scale * wanted).max()))


def fits(p: Parameters, cases: list[Case], outputs: list[Any]) -> np.ndarray:
    """Which equations are right, with the sign of the multiplier that fits more of them."""
    got, found = np.array(outputs, dtype=float), np.zeros(3, dtype=bool)
    for sign in (1, -1):
        wanted = np.array([made(p, x, y, sign * lam) for x, y, lam in cases])
        agree = np.array([_factor(got[:, k], wanted[:, k]) for k in range(3)])
        found = agree if agree.sum() > found.sum() else found
    return found


def is_at(at: int, *fields: str) -> Callable[..., bool]:
    """Whether the equation `at` is one of these, up to a factor and the sign of the multiplier."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        got = np.array(outputs, dtype=float)[:, at]
        x, y, lam = np.array(cases, dtype=float).T
        names = {**vars(p), "x": x, "y": y}
        wrong = [np.broadcast_to(value_of(field, {**names, "lam": sign * lam}), len(cases))
                 for field in fields for sign in (1, -1)]  # fmt: skip
        return not fits(p, cases, outputs)[at] and any(_factor(got, w) for w in wrong)

    return when


def first_off(at: int) -> Callable[..., bool]:
    """Whether the equation `at` is the first that is wrong."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        good = fits(p, cases, outputs)
        return bool(not good.all() and int(np.argmin(good)) == at)

    return when


def signs_differ(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether both gradients are right, each with a sign of the multiplier of its own."""
    got = np.array(outputs, dtype=float)
    right = {s: np.array([made(p, x, y, s * lam) for x, y, lam in cases]) for s in (1, -1)}
    return any(
        _factor(got[:, 0], right[s][:, 0]) and _factor(got[:, 1], right[-s][:, 1]) for s in right
    )


def swapped(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether all three equations are right, in other fields."""
    orders = ((1, 0, 2), (0, 2, 1), (2, 1, 0), (1, 2, 0), (2, 0, 1))
    turned = [np.array(outputs, dtype=float)[:, list(order)].tolist() for order in orders]
    return any(fits(p, cases, rows).all() for rows in turned)


def factor_off(at: int) -> Callable[..., bool]:
    """Whether an equation has its two parts and no other, with a wrong number in front of one."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        got = np.array(outputs, dtype=float)[:, at]
        rows = np.array(cases, dtype=float)
        table = np.column_stack([np.ones(len(rows)), rows[:, at] * rows[:, 2]])
        if fits(p, cases, outputs)[at] or not np.isfinite(got).all():
            return False
        parts = np.linalg.lstsq(table, got, rcond=None)[0]
        exact = np.abs(table @ parts - got).max() <= 1e-6 * np.abs(got).max()
        return bool(exact and np.abs(parts).min() > 1e-6)

    return when


def _limit_off(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether the third equation is the ellipse with another limit."""
    got = np.array(outputs, dtype=float)[:, 2]
    x, y, _ = np.array(cases, dtype=float).T
    table = np.column_stack([np.ones(len(x)), x * x + p.c * y * y])
    if fits(p, cases, outputs)[2] or not np.isfinite(got).all():
        return False
    parts = np.linalg.lstsq(table, got, rcond=None)[0]
    exact = np.abs(table @ parts - got).max() <= 1e-6 * np.abs(got).max()
    return bool(exact and np.abs(parts).min() > 1e-6)


MORE = [
    Wrong(
        name="The numbers of f are exchanged",
        when=any_of(is_at(0, "b + 2 * lam * x"), is_at(1, "a + 2 * c * lam * y")),
        hint="The part with the multiplier is right, but the plain number beside it is the one "
        "of the other variable. The first equation is the derivative by x: it asks how "
        "fast L grows when x alone moves. Then f grows by the number that stands in front "
        "of x, and the term with y does not move. In the second equation it is y that "
        "moves, and the number in front of y is wanted. Read f once more and put a finger "
        "on the number beside each letter. You can check the pair at the end: the plain "
        "numbers of the first two equations, read downward, are the gradient of f, with "
        "the entry of x first and the entry of y below it.",
    ),
    Wrong(
        name="L itself stands there, not its derivative",
        when=any_of(
            is_at(0, *_WHOLE, "a + lam * (x * x + c * y * y - d)", "a * x + lam * (x * x - d)"),
            is_at(1, *_WHOLE, "b + lam * (x * x + c * y * y - d)", "b * y + lam * (c * y * y - d)"),
            is_at(2, *_WHOLE),
        ),
        hint="In one field stands L, or a part of L that has not been differentiated: f "
        "together with the whole constraint, squares and all. Writing L in full is the "
        "right beginning. But the three equations are its three derivatives, each by one "
        "letter, and each is much shorter than L. At an optimum L does not have to be "
        "zero; its slopes have to be. So go through L term by term. A term without the "
        "letter that moves drops out. A number times the letter leaves the number. A "
        "square brings its exponent down and keeps one power. And lam in front of the "
        "parentheses is a factor that stays, except where lam itself is the letter that "
        "moves.",
    ),
    Wrong(
        name="An equation has been solved for one of the letters",
        when=any_of(
            is_at(
                0,
                "a / (2 * lam)",
                "a / (2 * x)",
                "x + a / (2 * lam)",
                "lam + a / (2 * x)",
                "x - a / (2 * lam)",
                "x",
            ),
            is_at(
                1,
                "b / (2 * c * lam)",
                "b / (2 * c * y)",
                "y + b / (2 * c * lam)",
                "lam + b / (2 * c * y)",
                "y - b / (2 * c * lam)",
                "y",
            ),
            is_at(2, "x - sqrt(d - c * y * y)", "sqrt(d - c * y * y)", "sqrt(d)"),
        ),
        hint="You are one step ahead: in one field the equation has already been solved for x, "
        "for y or for the multiplier. That is what one does next with Lagrange's "
        "equations, but the fields ask for the equations themselves, as they come out of "
        "differentiating L. Each left side is a sum that is zero at the optimum: a plain "
        "number plus a product with lam for the first two, the constraint for the third. "
        "Solving also divides by a letter, and a letter may be zero; the sum has no such "
        "gap. So undo the last step: multiply by what you have divided by, and bring "
        "everything to the left. Then type that sum into the field.",
    ),
    Wrong(
        name="The wrong variable stands behind the multiplier",
        when=any_of(
            is_at(0, "a + 2 * lam * y", "a + 2 * lam * x * y", "a + lam * y"),
            is_at(1, "b + 2 * c * lam * x", "b + 2 * c * lam * x * y", "b + 2 * lam * x"),
        ),
        hint="The plain number is right, but behind the multiplier stands the other variable. "
        "Which variable belongs there is decided by the letter that moves. In the first "
        "equation it is x: of the constraint only the square of x changes then, and its "
        "slope contains x again. The square of y stands still and drops out, number and "
        "all. In the second equation it is the other way round. A picture helps: the "
        "gradient of the constraint points straight out of the ellipse. At the rightmost "
        "point, where y is zero, it points along x alone, so its first entry cannot be a "
        "multiple of y. Exchange the letter and look at the number beside it as well.",
    ),
    Wrong(
        name="The two parts are multiplied, where they are to be added",
        when=any_of(
            is_at(0, "a * lam * x", "a * x * lam * x"),
            is_at(1, "b * c * lam * y", "b * lam * y", "b * y * c * lam * y"),
        ),
        hint="In one of the first two equations the number of f and the part of the constraint "
        "are multiplied with each other. But L is a sum: f plus lam times the constraint. "
        "A sum is differentiated term by term, and the derivatives are added again. The "
        "multiplier connects lam with the constraint alone. Look at what your product "
        "would say: it is zero only if lam or the variable is zero, whatever the number "
        "of f may be, so the direction of f would play no part. The equation has to say "
        "that two gradients lie along one line and cancel, and two things can only cancel "
        "in a sum. Write L in full and differentiate its terms one after the other.",
    ),
    Wrong(
        name="The multiplier is added, where it is to be multiplied",
        when=any_of(
            is_at(0, "a + 2 * x + lam", "a + lam + x * x", "a + 2 + lam", "a + x + lam"),
            is_at(1, "b + 2 * c * y + lam", "b + lam + c * y * y", "b + c * y + lam"),
        ),
        hint="In one of the first two equations the multiplier stands as a term of its own. "
        "But it is a factor: L is f plus lam times the constraint, and the constraint "
        "stands in parentheses. When L is differentiated by x or by y, lam is a plain "
        "number in front of the parentheses, and a number in front stays in front of the "
        "derivative. A multiplier that is only added could not do what it is there for. "
        "It has to stretch one gradient until it is as long as the other, in both "
        "equations by the same share, so that the two cancel. Stretching is multiplying. "
        "Write L in full, with the parentheses, and differentiate it anew.",
    ),
    Wrong(
        name="The exponent has come down, but the power has stayed",
        when=any_of(
            is_at(0, "a + 2 * lam * x * x", "a * x + 2 * lam * x * x"),
            is_at(1, "b + 2 * c * lam * y * y", "b * y + 2 * c * lam * y * y"),
        ),
        hint="The factor 2 of the square stands in your equation, so the exponent has come "
        "down, but the square itself is still there. The power rule does two things at "
        "once: the exponent becomes a factor, and the power is lowered by one. Of a "
        "square the first power is left. Check it on a square of side x: when the side "
        "grows by a little, the area grows by two narrow strips along two sides, so the "
        "slope is twice the side and not twice the area. The gradient of the ellipse must "
        "also change its direction from the right end to the left end; with a square in "
        "it the sign would be the same at both. Lower the power.",
    ),
    Wrong(
        name="The left side of the ellipse is not copied rightly",
        when=is_at(
            2,
            "x * x + c**2 * y * y - d",
            "sqrt(x * x + c * y * y) - d",
            "(x + c * y)**2 - d",
            "c * x * x + y * y - d",
            "x * x + c * y - d",
            "x + c * y * y - d",
            "x * x - c * y * y - d",
            "c * (x * x + y * y) - d",
            "x * x + c + y * y - d",
            "x * y - d",
            "c * x * y - d",
            "x * x + y * y / c - d",
            "x * x + y * y - c * d",
            "a * x * x + b * y * y - d",
            "x * x + 2 * c * y * y - d",
        ),
        hint="The third equation has the form of a constraint, but it is not the ellipse of "
        "the exercise. Compare it with the text symbol by symbol. Both variables are "
        "squared, each for itself, and the squares are added. A number stands in front of "
        "one of them only: look which one, and that the number itself is not squared. The "
        "numbers of f have no place here. To test it, take the two points at which the "
        "ellipse crosses the axes. With y zero the square of x is the limit; with x zero "
        "the number times the square of y is the limit. At both of them your left side "
        "has to be zero, and if it is not at one of them, that term is the wrong one.",
    ),
    Wrong(
        name="The limit is not the one of the exercise",
        when=any_of(
            _limit_off,
            is_at(
                2,
                "x * x + c * y * y - lam * d",
                "x * x + c * y * y - d + lam",
                "x * x + c * y * y - lam",
            ),
        ),
        hint="The squares of the third equation are right; what is subtracted from them is not "
        "the limit of the exercise as it stands there. The constraint says that the sum "
        "of squares is equal to the limit, so the same number is taken away on the left, "
        "neither squared nor under a root, and without lam. The multiplier stood in front "
        "of the whole constraint, and when L is differentiated by it, it has vanished "
        "from every term. Is the number perhaps taken to be a radius? In the equation of "
        "a circle the right side is already the square of the radius, and here it is "
        "given directly. Test it with the point where y is zero: the square of x must be "
        "the limit there.",
    ),
]
