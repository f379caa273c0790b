"""What is said of a program that a single small change makes right: of each kind of change."""

from __future__ import annotations

from taylored.course.checking.common import CommonMistake

__all__ = ["BRACKETS", "CALL", "COMPARED", "COUNT", "FACTOR", "FUNCTION", "LINE", "MATRIX", "NAME"]
__all__ += ["NUMBER", "POWER", "QUOTIENT", "SIGN", "TELLING", "TERM"]


SIGN = CommonMistake(
    "A sign is the wrong one",
    "A single sign separates your answer from the right one: a plus stands where a minus belongs, "
    "a difference is taken in the other order, or a minus is missing or one too many. The place is "
    "named above, and everything else can stay. To find out which way round it must be, say in "
    "words what the line is to do: go down the slope or up, take away or add, data minus model or "
    "model minus data. Then put in the input shown above and work the line out by hand with two "
    "digits. Does it grow where it should grow? Also look at a parenthesis with a minus in front: "
    "the minus belongs to every term inside of it.",
)
FACTOR = CommonMistake(
    "A factor is missing or one too many, or it divides where it should multiply",
    "A single factor separates your answer from the right one. At the place named above something "
    "should be multiplied by one factor more, or by one less, or it is divided by what it should "
    "be multiplied by. The rest can stay. Write down the formula that this line stands for, as the "
    "lesson has it, and put it beside the line: count the factors above the fraction line, and "
    "then those below. Units help as well: the two sides of the line must have the same unit, and "
    "a lost factor usually changes it. In the end try the input shown above by hand, and see how "
    "many times too large or too small your value is at this place.",
)
TERM = CommonMistake(
    "A term is missing or one too many",
    "A single term separates your answer from the right one: at the place named above something is "
    "to be added or subtracted that is not there, or something stands there that should not. "
    "Everything else can stay as it is. Put the formula of the lesson beside the line and count "
    "the terms on both sides. The ones that are forgotten most often are the plain ones: the old "
    "point to which a step is added, the height at the center, the intercept of a line, the one "
    "in one plus something. Then work out the line by hand for the input shown above: the gap "
    "between your number and the right one is that term, and often you will recognize it.",
)
QUOTIENT = CommonMistake(
    "A quotient stands upside down",
    "Your answer is right but for one fraction, at the place named above: what stands above the "
    "line belongs below it, and the other way round. A quotient has a direction. A factor from one "
    "step to the next is the new one divided by the old one; a slope is the height that is gained "
    "divided by the way; a step of Newton's is the height divided by the slope; a weight is one "
    "over a variance. Say in words what the fraction means, so much of this for each one of that: "
    "what comes after the words for each stands below the line. Then try it with numbers: should "
    "the fraction be larger than one here, or smaller, and what should happen to it when the upper "
    "quantity grows?",
)
NUMBER = CommonMistake(
    "A number is not the right one",
    "Your answer is right but for one number that is written in it, at the place named above. The "
    "method, and all the rest, can stay. Ask where this number comes from. Is it a factor that a "
    "power brought down, a factorial of which one or two were taken for 2 or 6, a half that "
    "belongs to a second derivative, a count that begins with 0 or with 1, or a value that was "
    "copied from the text? Write the formula of the lesson beside the line and compare number by "
    "number. If the number is a limit or a factor that the task states, read the sentence in the "
    "task again: it may be per cent, or the square of what you need, or its reciprocal.",
)
COUNT = CommonMistake(
    "An index or a count is off by one",
    "Your program is right but for one index or count at the place named above: it begins one "
    "place too early or too late, or it ends there. Python counts places from 0, so the first "
    "entry is x[0] and the last is x[-1]; range(n) gives 0 to n - 1, and a slice x[a:b] ends "
    "before b. Take the smallest example that means anything, three entries or three rounds, and "
    "write down which places your line visits, one after the other. Then compare this list with "
    "the one that the task asks for. Where two neighbours are compared or divided there is one "
    "pair less than there are entries, so a loop over pairs ends one round earlier.",
)
POWER = CommonMistake(
    "A square, a root or an exponent is not right",
    "Your answer is right but for one power, at the place named above: a square or a root is "
    "missing there, or it is one too many, or the exponent has another value. All the rest can "
    "stay. Say what the quantity is: a length is the root of a sum of squares, a variance is the "
    "square of a standard deviation, chi-squared is a sum of squares, and each remainder of a "
    "series carries a power one higher than its last term. The unit shows it too: meters cannot be "
    "added to square meters. Watch where the parentheses end, for the square of a sum is not the "
    "sum of the squares, and in Python a power is done before a minus in front of it.",
)
NAME = CommonMistake(
    "One name stands where another belongs",
    "Your answer is right but for one name, at the place named above: another variable belongs "
    "there. This happens most easily where a line was copied and changed, as with x and y, with "
    "the old and the new point, or with the two parameters of a model. The other lines can stay. "
    "Say aloud what each name in the line stands for, and whether that is what the formula wants "
    "here: the value before the step or after it, the list of data or one of its entries, the "
    "measured height or the computed one. Names that say what they hold make such slips rare; if "
    "you have x, xx and x1 in one function, give them better names first, and the wrong one will "
    "show.",
)
FUNCTION = CommonMistake(
    "A function is another one than it should be, is missing, or is one too many",
    "Your answer is right but for one function at the place named above: another one belongs "
    "there, or none, or one is missing. The pairs that are mixed up most often are the sum and the "
    "mean, the largest value and its place, the natural logarithm and the one with base 10, sine "
    "and cosine, a standard deviation and a variance, and a value with and without abs. Read the "
    "sentence of the task again and ask which of them it means. In NumPy and Python log is the "
    "natural logarithm. Where a distance or an error is compared with a limit, its sign must not "
    "matter, so abs or a norm belongs around it. Try the line alone with three numbers and look "
    "at what it gives.",
)
COMPARED = CommonMistake(
    "A comparison is turned, or its edge lies on the other side",
    "Your program is right but for one comparison or condition, at the place named above. Either "
    "it points the other way, so that the program stops, or branches, exactly when it should not; "
    "or the edge itself belongs to the other side, less than in place of less or equal; or two "
    "conditions are joined by or where both must hold. Say the line in words: go on while this is "
    "still larger than the limit; take this branch if the curvature is positive. Remember that the "
    "condition of a while loop says when to go on, and not when to stop. Then try the line with "
    "three values, one on each side of the edge and one on the edge.",
)
MATRIX = CommonMistake(
    "A product of matrices is not the right one",
    "Your program is right but for one product of arrays at the place named above: it takes the "
    "matrix where its transpose belongs, or the other way round, has the two factors in the other "
    "order, or uses * where @ is meant. In NumPy A * B multiplies entry by entry, while A @ B "
    "takes rows times columns. The order matters: A @ B and B @ A are different things. Write the "
    "shapes under the line, as in (2, 3) @ (3,), and see which inner sizes meet and what each row "
    "stands for. In this course a Jacobian has one row for each output and one column for each "
    "input, so what is carried from inputs to outputs stands at its right, and what is carried "
    "back meets the transpose.",
)
BRACKETS = CommonMistake(
    "Parentheses are missing, or stand in the wrong place",
    "Your answer is right but for its parentheses, at the place named above: they are missing "
    "there, or hold together what does not belong together. Python works in the same order as "
    "mathematics: powers first, then products and quotients from left to right, then sums and "
    "differences. So r**n + 1 is one more than a power, while r**(n + 1) has the larger exponent; "
    "s*r/1 - r takes r away at the very end, while s*r/(1 - r) divides by a difference. On paper "
    "the fraction line and the height of the exponent say what belongs together; in a line of text "
    "only parentheses can. Put them around everything that stands below the fraction line, in the "
    "exponent, or under a square.",
)
LINE = CommonMistake(
    "A line stands in the wrong place, or is one too many",
    "All the pieces of your program are right, and one line of it, named above, is in the wrong "
    "place. Either it should not be there at all; or it stands inside of a loop and belongs below "
    "it, as a return that ends the function in the first round does; or it stands outside and "
    "belongs in; or two lines should change places, because the second uses what the first has "
    "already overwritten; or it assigns with = where it should add with +=. Go through the program "
    "with the input shown above, line by line, and write down the value of every name after each "
    "line, for two rounds of the loop. At some line the list differs from what you meant.",
)
CALL = CommonMistake(
    "A function is not called as it should be",
    "Your program uses the right function, but one call, at the place named above, is not made as "
    "it should be: two arguments are exchanged, or an extra such as axis or ddof has another "
    "value than it needs, or is missing, or should not be there. Look up the order of the "
    "arguments: in NumPy it is solve(A, b) with the matrix first, arctan2(y, x) with the height "
    "first, and polyfit(x, y, degree). A sum with axis=0 runs down the columns and gives one "
    "number for each column; with axis=1 it runs along the rows. A standard deviation "
    "divides by n unless ddof=1 asks for n - 1. Try the call alone with three numbers whose result "
    "you know.",
)

# The likelier explanation first, where several changes would do.
TELLING = (SIGN, COMPARED, BRACKETS, QUOTIENT, FUNCTION, COUNT, MATRIX, NUMBER, POWER, NAME, FACTOR)
TELLING += (TERM, CALL)
