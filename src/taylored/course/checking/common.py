"""Mistakes that can be made at any exercise: a lost sign, a factor of two, rows for columns.

They are looked for only where no wrong model of the exercise itself agrees, and they are worked
out from the right answer: `-right`, `2 * right`, the transposed matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["ARITHMETIC", "COMMON", "ENTRYWISE", "INFINITE", "MORE", "MOVED", "NEARLY", "PLACED"]
__all__ += ["CommonMistake", "has_more", "is_moved", "is_rounded", "is_whole"]


@dataclass(frozen=True)
class CommonMistake:
    """A mistake of form: its name, its hint, and what it makes of the right answer, if that much
    is known of it."""

    name: str
    hint: str
    spoil: Callable[[np.ndarray], Any] = lambda right: []


def _one_sign(right: np.ndarray) -> list[np.ndarray]:
    """The right answer with the sign of a single entry changed, for every entry."""
    if not 2 <= right.size <= 24:
        return []
    flips = np.ones((right.size, right.size)) - 2 * np.eye(right.size)
    return [(right.ravel() * flip).reshape(right.shape) for flip in flips]


def _negated(right: np.ndarray) -> list[np.ndarray]:
    return [-right] if np.any(right) else []


def _twice(right: np.ndarray) -> list[np.ndarray]:
    return [2 * right] if np.any(right) else []


def _half(right: np.ndarray) -> list[np.ndarray]:
    return [right / 2] if np.any(right) else []


def _transposed(right: np.ndarray) -> list[np.ndarray]:
    return [right.T] if right.ndim == 2 else []


def _reversed(right: np.ndarray) -> list[np.ndarray]:
    return [right[::-1]] if right.ndim == 1 and right.size > 1 else []


def _reciprocal(right: np.ndarray) -> list[np.ndarray]:
    return [1 / right] if np.all(right != 0) else []


def _squared(right: np.ndarray) -> list[np.ndarray]:
    return [right**2, np.sqrt(right)] if np.all(right >= 0) else []


def _flat(right: np.ndarray) -> list[np.ndarray]:
    return [right.ravel(), right.T.ravel()] if right.ndim == 2 else []


def _piece(right: np.ndarray) -> list[np.ndarray]:
    """Single rows, columns and diagonals of a matrix; the beginnings of a list."""
    if right.ndim == 2:
        return [*right, *right.T, np.diag(right)]
    return [right[:end] for end in range(1, len(right))] if right.ndim == 1 else []


def is_moved(got: np.ndarray, right: np.ndarray) -> bool:
    """Whether it has all the right numbers, in other places."""
    if got.shape != right.shape or got.size < 2 or is_rounded(got, right):
        return False
    return bool(np.allclose(np.sort(got.ravel()), np.sort(right.ravel()), rtol=5e-3, atol=0))


def has_more(got: np.ndarray, right: np.ndarray) -> bool:
    """Whether the right answer is the beginning of a longer list."""
    if got.ndim != 1 or right.ndim > 1 or got.size <= right.size:
        return False
    return bool(np.allclose(got[: right.size], right.ravel(), rtol=5e-3, atol=0))


def is_rounded(got: np.ndarray, right: np.ndarray) -> bool:
    """Whether it is the right answer, rounded or cut to one or two digits."""
    if got.shape != right.shape or not np.isfinite(got).all():
        return False
    return all(_short(float(g), float(r)) for g, r in zip(got.ravel(), right.ravel(), strict=True))


def is_whole(values: np.ndarray) -> bool:
    """Whether all are whole numbers, and not only zeros."""
    return bool(np.any(values) and np.all(values == np.round(values)))


def _short(got: float, right: float) -> bool:
    if np.isclose(got, right, rtol=5e-3):
        return True
    if got == 0 or right == 0:
        return False
    units = 10.0 ** (np.floor(np.log10(abs(right))) - np.arange(2))
    cut = [step(right / unit) * unit for unit in units for step in (np.round, np.trunc)]
    return bool(np.isclose(got, cut, rtol=1e-9).any())


def _by_tens(right: np.ndarray) -> list[np.ndarray]:
    return [right * 10.0**k for k in (1, 2, 3, -1, -2, -3)] if np.any(right) else []


def _zero(right: np.ndarray) -> list[np.ndarray]:
    return [np.zeros_like(right)] if np.any(right) else []


_TWO = (
    "Your answer has the right form but is off by a factor of exactly two. Look for the "
    "places where a two comes or goes: the derivative of a square brings a factor 2 down; "
    "the second-order term of a Taylor series carries a factor 1/2; a sum of squares that is "
    "halved by convention loses the 2 again when it is differentiated; an interval of plus and "
    "minus one step is two steps wide; and in a symmetric matrix the term with x times y "
    "appears twice. Write out the step at which such a factor appears in your case, with the "
    "factor in its place, and follow it down to the last line to see where it was lost or "
    "doubled."
)

COMMON = (
    CommonMistake(
        "The sign is the other one",
        "The size of your answer is right, and only its sign is not. Signs are lost most easily "
        "at four places: where a difference is taken in the other order (data minus model, or "
        "model minus data), where a minus stands in front of a parenthesis and belongs to every "
        "term inside, where the derivative of a cosine or of 1/x brings its own minus, and where "
        "a step goes down although the slope points up. Go through your work from the end to the "
        "beginning and ask at each of these places which way the sign must go. A rough sketch "
        "helps too: does the quantity grow or shrink here, and does your answer say the same?",
        _negated,
    ),
    CommonMistake("It is twice as large as it should be", _TWO, _twice),
    CommonMistake("It is half as large as it should be", _TWO, _half),
    CommonMistake(
        "Rows and columns are exchanged",
        "All your numbers are right, but they stand mirrored at the diagonal: what should be a "
        "row is a column. In this course a Jacobian has one row for each output and one column "
        "for each input. The entry in row i and column j tells how fast output i changes when "
        "input j moves. With this order the matrix can be multiplied by a column of small steps "
        "of the inputs, and gives the steps of the outputs. Check the shape first: a function "
        "from three inputs to two outputs has two rows and three columns. If your shape is the "
        "other way round, transpose the matrix, in NumPy with .T at the end.",
        _transposed,
    ),
    CommonMistake(
        "The entries come in the reverse order",
        "Every one of your numbers is right, but the last stands first and the first last. The "
        "order matters, because each place of the answer has its own meaning. Read the question "
        "once more and note which quantity is asked for first: usually the variables come in the "
        "order in which the function names them, and coefficients come in the order that the "
        "text states, which may be from the constant upward or from the highest power downward. "
        "Some tools use one order and some the other, so this is worth a look each time. Say "
        "aloud what your first number stands for, and put it where the question wants it.",
        _reversed,
    ),
    CommonMistake(
        "It is the reciprocal of the answer",
        "You have one divided by the right answer. Somewhere a fraction stands on its head. This "
        "happens when a rate is asked (meters per second) and its inverse was found (seconds per "
        "meter), when a step is divided by the slope where it should be multiplied, or when the "
        "derivative of an inverse function is taken for that of the function itself. Units tell "
        "the two apart at once: write the unit of the numerator over the unit of the denominator "
        "and compare with the unit that the answer must have. Where there are no units, ask what "
        "should happen to the answer when one of the inputs becomes very large.",
        _reciprocal,
    ),
    CommonMistake(
        "It is the square, or the square root, of the answer",
        "Your answer is the square of the right one, or its square root. The two are mixed up "
        "wherever something is squared on the way: a variance is the square of a standard "
        "deviation, chi-squared is a sum of squares, the length of a vector is the root of the "
        "sum of the squared components. Read the question again and see which of the two it asks "
        "for, then look at your last step: was a root taken that is not wanted, or left out? The "
        "unit shows it: an error of a length is in meters, its variance in square meters, and "
        "only one of them can be added to the length itself.",
        _squared,
    ),
    CommonMistake(
        "One of the entries has the wrong sign",
        "All entries but one are right, and that one has the right size with the other sign. The "
        "line above with the gap tells which entry it is; code counts places from 0. So the "
        "method is fine, and one minus was lost or added on the way to this entry alone. Go back "
        "to the line where this entry was found. Did it come from a cosine, from 1/x, from a "
        "difference, or from a parenthesis with a minus in front? These are the four places at "
        "which signs change. Then test it with numbers: let this one variable grow by 0.01, keep "
        "all the others as they are, and see whether the output grows or shrinks.",
        _one_sign,
    ),
    CommonMistake(
        "The answer is zero everywhere",
        "Your answer is zero for every input that was tried, and the right one is not. For code "
        "this usually means that the result was never filled in: an array is made with zeros and "
        "returned before the loop has written into it, or whole numbers are used where an array "
        "of floats is needed, so that every small number is cut down to 0. For a formula it "
        "means that two terms cancel, or that a constant was differentiated. Work out one case by "
        "hand, with the input shown above, and compare each step with what your answer does. The "
        "first step at which a number becomes 0 is the place to look at.",
        _zero,
    ),
    CommonMistake(
        "The numbers are not arranged as the answer wants them",
        "All the numbers are right, but they stand in one long list, where rows and columns are "
        "wanted. The arrangement carries a meaning that a list does not have: in this course a "
        "row belongs to one output and a column to one input, so the place of a number tells "
        "which derivative it is. In Python a table of two rows is a list that holds two lists, "
        "[[a, b], [c, d]]: mind the inner brackets. A long list can be folded with NumPy, "
        "np.array(numbers).reshape(2, 2) for two rows of two. In a typed answer the rows are "
        "parted by a semicolon or by a new line, as in 1, 2; 3, 4. Then check the shape with the "
        "one that the line above names.",
        _flat,
    ),
    CommonMistake(
        "Only a part of the answer is there",
        "What you have is right, but it is a part: the answer has more numbers than that. Perhaps "
        "only one row of a table was given, only the diagonal, or only the first of several "
        "quantities. Compare with the shape in the line above. A Jacobian has one row for each "
        "output, and each row has an entry for each input, also where that entry is zero. A "
        "Hessian has its mixed derivatives in both corners, although they are equal. In code a "
        "frequent cause is a return that stands inside the loop: the function then ends in the "
        "first round. Move it to the left, below the loop, and collect the results in a list "
        "before it is returned.",
        _piece,
    ),
    CommonMistake(
        "The decimal point is shifted",
        "The digits of your answer are right, but it is ten, a hundred or a thousand times too "
        "large or too small. Either the decimal point slipped, or the answer stands in another "
        "unit than the question asks for: meters and centimeters differ by a hundred, seconds and "
        "milliseconds by a thousand, a percentage and a plain fraction by a hundred again. Look at "
        "the unit that the question names, and follow the units through your work line by line. "
        "Then make a rough estimate with whole numbers, 0.3 times 20 is about 6: it does not give "
        "the digits, but it puts the point in its place. A quick estimate of this kind belongs at "
        "the end of every calculation.",
        _by_tens,
    ),
)

ENTRYWISE = tuple(
    m for m in COMMON if m.spoil in (_negated, _twice, _half, _reciprocal, _zero, _by_tens)
)

INFINITE = CommonMistake(
    "There is no number in some places",
    "At least one of your numbers is infinite, or no number at all (nan). Three things lead there: "
    "a division by zero, a root or a logarithm of a negative number, and a power or exponential "
    "that has become too large to be written down. The line above shows an input at which it "
    "happens. Go through your steps with this input, or print what stands below each fraction "
    "line, and look for the first zero. A typical one: distances from a mean add up to zero, so "
    "they have to be squared before they are added, and not afterwards. In code, a parameter that "
    "the data do not determine may come back from a fit in this way as well.",
)

MORE = CommonMistake(
    "More is returned than was asked for",
    "Your answer begins with the right numbers, and then it goes on: there is more in it than the "
    "question wants. Often this is a value that was useful on the way, such as the number of "
    "points, or a second result that a library gives along with the first. Compare with the shape "
    "in the line above, and return only what is named there. In Python a return with commas hands "
    "back all the values between them, and a function of a library may hand back several at once: "
    "then take the one that you need by its place, as in values[0], or give each a name in one "
    "line, first, second = function(x), and return the first.",
)

MOVED = CommonMistake(
    "The right numbers stand in the wrong places",
    "Every number of your answer is right, but not all of them stand where they belong. Two rows "
    "or two columns may be exchanged, or two entries only. The line above with the gap names one "
    "place that holds a number of another place; the places are counted from 0. In this course a "
    "Jacobian has a row for each output, in the order in which the question names the outputs, "
    "and a column for each input, in the order of the inputs. Write these names at the margin of "
    "your table, the outputs down the left side and the inputs along the top, and put each "
    "derivative where its row and its column cross. Other lists follow the order of the question.",
)

PLACED = CommonMistake(
    "What stands here is not right, while other entries are",
    "A part of your answer is right, so you know how such an entry is found; the one that is named "
    "above is not right yet. Leave the others as they are and work this one out anew, on a fresh "
    "sheet. Say first what it stands for: which quantity, derived by which variable, or which step "
    "of the rule. Then do for it what you did for an entry that is right, and compare the two line "
    "by line: at some line you have done something here that you did not do there. In the end test "
    "the entry with numbers, by a small step of 0.01 in the one variable that belongs to it.",
)

ARITHMETIC = CommonMistake(
    "It is nearly right: a slip in the arithmetic",
    "Your whole numbers are near the right ones, and at least one of them is off by a little. The "
    "method seems to be right, for another method would hardly lead so close; somewhere a sum or "
    "a product has slipped, or one piece was counted once too often or once too seldom. The line "
    "above with the gap tells where the difference is largest, and how large it is. Look whether "
    "this difference is one of the numbers that you have added or multiplied: then that is the "
    "place. Otherwise work it out anew on another sheet, without looking at the first, and "
    "compare the two line by line until they part.",
)

NEARLY = CommonMistake(
    "It is nearly right: the digits are too few",
    "Your answer agrees with the right one in its first digit or two, but not to the accuracy that "
    "is asked. Most often a number was rounded on the way: when an intermediate result is cut to "
    "two digits, everything that follows carries that cut, and it may grow when two large numbers "
    "are subtracted. Keep all digits until the end, then round once. If a step size or a number of "
    "terms is yours to choose, a better choice may be what is missing: take a smaller step, or one "
    "more term, and see whether the answer still moves. An answer that still moves in the third "
    "digit is not yet known to three digits.",
)
