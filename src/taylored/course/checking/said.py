"""What is said of a slip in a formula, wherever it was made."""

from __future__ import annotations

from taylored.course.checking.common import CommonMistake

__all__ = ["FACTOR", "LETTER", "POWER", "SIGN", "TERM", "TRIG"]


FACTOR = CommonMistake(
    "A factor is lost, or one is too many",
    "The form of your answer is right, and a factor in it is not: one was dropped on the way, or "
    "taken twice, or it divides where it should multiply. Three kinds of factors are lost most "
    "often. What is held still in a derivative stays in front, as the 5 does in 5x. A power "
    "brings its exponent down. And a function of something more than the bare variable, as in "
    "sin(3x), brings the slope of what stands inside. Do not multiply by it twice, and do not "
    "divide by it: dividing is what integration does. Write the derivative anew, one line for "
    "each factor of the function, and compare the lines with your answer.",
)
TERM = CommonMistake(
    "A term is missing",
    "What you have is right, but it is not all: one of the terms that are to be added has been "
    "left out. A product of two things that both change gives two terms, one for each of them, "
    "and a variable that acts by two ways gives one term for each way. Count them before you "
    "start to compute: how many factors contain the variable, and by how many ways does it reach "
    "the result? You need as many terms. Terms are lost especially where the first derivative is "
    "itself a product and is then differentiated once more, and where a plain sum ends in "
    "something simple, such as 3t, whose derivative is a bare number.",
)
SIGN = CommonMistake(
    "A term has the wrong sign",
    "All your terms are right but for a sign in front of one of them. Signs change at few places, "
    "so they are quickly found. The derivative of a cosine is minus a sine, that of a sine is "
    "plus a cosine. A minus in front of a parenthesis goes to every term inside. A second "
    "derivative of a cosine has one minus in all, not two: the cosine gives minus sine, and the "
    "sine then gives plus cosine. A difference taken the other way round turns its sign. Follow "
    "the term back to the line where it first appeared and look which of these happened. Then "
    "test it with a small step of 0.01 in one variable.",
)
TRIG = CommonMistake(
    "Sine and cosine are exchanged",
    "At one place of your answer a sine stands where a cosine belongs, or the other way round. "
    "Each derivative turns one into the other: the slope of a sine is a cosine, and the slope of "
    "a cosine is minus a sine. So where you have differentiated a sine once, a cosine must stand. "
    "But where the sine was only a number that is held still, because another variable moves, it "
    "stays a sine. After two derivatives you are back at the function that you began with, with "
    "a minus. Go through your answer, find each sine and cosine, and say for each of them how "
    "often it was differentiated on the way to this place.",
)
POWER = CommonMistake(
    "An exponent is not right",
    "An exponent in your answer is too large or too small. The power rule does two things at "
    "once: the exponent comes down in front as a factor, and it goes down by one, so that x^4 "
    "becomes 4x^3. The exponent that comes down is the old one. A power that is held still, "
    "because another variable moves, keeps its exponent. A power of a power multiplies the "
    "exponents: the square of t^3 is t^6, and not t^5 or t^9. And a product of powers adds them: "
    "t^3 times t^2 is t^5. Put in a number, such as 2, at the step where this power appears, and "
    "compare both sides.",
)
LETTER = CommonMistake(
    "One letter stands where another belongs",
    "Your answer is right but for one letter: at one place it has another variable or number than "
    "it should. This happens where two lines look alike, as the derivatives by x and by y do, and "
    "where one is copied to make the other. Ask of each letter what it stands for here. In a "
    "derivative by x it is x whose power goes down and y that stays as it is; by y it is the "
    "other way round. The slope of what stands inside a function is taken by the variable that "
    "moves: for x times y inside, it is y if x moves. Then go through your answer letter by "
    "letter with the question beside it.",
)
