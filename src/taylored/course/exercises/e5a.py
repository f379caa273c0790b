"""5A: chi-squared of a line."""

from __future__ import annotations

from random import Random

import numpy as np

from taylored.course.checking import Case, Code, Exercise, Parameters, Wrong
from taylored.course.exercises.misfits import (
    FURTHER,
    anew,
    last_divided,
    of_line,
    of_pulls,
    of_values,
    parentheses,
    squares_apart,
)

__all__ = ["EXERCISE"]


def _inputs(rng: Random, p: Parameters) -> Case:
    count = rng.randint(5, 9)
    x = [round(0.7 + 0.9 * i + rng.uniform(0.0, 0.5), 2) for i in range(count)]
    m, c = round(rng.uniform(0.6, 2.4), 2), round(rng.uniform(2.5, 6.0), 2)
    sigma = [round(rng.uniform(0.3, 0.8), 2) for _ in x]
    y = [round(m * a + c + s * rng.gauss(0.2, 1.5), 2) for a, s in zip(x, sigma, strict=True)]
    return x, y, sigma, m, c


EXERCISE = Exercise(
    id="5A",
    title="Chi-squared",
    answer=Code(
        name="chi_squared",
        starter="import numpy as np\n\n\ndef chi_squared(x, y, sigma, m, c):\n"
        "    residuals = ...\n    return ...\n",
        returns="one number",
    ),
    inputs=_inputs,
    right=of_pulls(lambda r, s: ((r / s) ** 2).sum()),
    tolerance=1e-5,
    wrong=[
        Wrong(
            name="Sigma is not used",
            model=of_pulls(lambda r, s: (r**2).sum()),
            others=[
                of_pulls(lambda r, s: (r**2).mean()),
                of_pulls(lambda r, s: np.abs(r).sum()),
                of_pulls(lambda r, s: np.sqrt((r**2).sum())),
                of_pulls(lambda r, s: np.sqrt((r**2).mean())),
                of_pulls(lambda r, s: (r**2).sum() / (len(r) - 2)),
            ],
            hint="You have added the squares of the residuals themselves. That number has a unit, "
            "square centimeters for the candle, and it would change by a factor of 100 if "
            "you measured in millimeters. It also treats a careless measurement like a "
            "careful one. Chi-squared asks a different question of every point: how large is "
            "this miss, compared with the miss that this very measurement is allowed to "
            "have? Look at the squares in the figure: their sides are counted in sigmas, not "
            "in centimeters. Try your function on one point with residual 3 and sigma 3: the "
            "miss is one sigma, so the answer should be 1, whatever the unit.",
        ),
        Wrong(
            name="Sigma stands outside the square",
            model=of_pulls(lambda r, s: (r**2 / s).sum()),
            others=[
                of_pulls(lambda r, s: (r**2 / s**3).sum()),
                of_pulls(lambda r, s: ((r / s**2) ** 2).sum()),
            ],
            hint="You square the residual and then divide by sigma once. The order matters: the "
            "miss is first counted in units of sigma, and this ratio is squared, so sigma is "
            "squared with it. Check the unit: square centimeters divided by centimeters "
            "leaves centimeters, but chi-squared must be a pure number. Check a case: a "
            "residual of 4 with a sigma of 2 is a miss of two sigmas, so this point must add "
            "4, while your formula adds 8. In Python the parentheses decide: what the power "
            "applies to is the nearest thing on its left, so put the whole fraction in "
            "parentheses before you raise it.",
        ),
        Wrong(
            name="Only sigma is squared, not the miss",
            model=of_pulls(lambda r, s: (r / s**2).sum()),
            others=[of_pulls(lambda r, s: (abs(r) / s**2).sum())],
            hint="There is a square in your sum, but it reaches sigma alone: the miss above the "
            "fraction line stays as it is, with its sign. Then a point above the line and a point "
            "below it cancel, and the sum may even be negative, which a measure of misfit must "
            "never be. Chi-squared squares the whole fraction, miss over sigma, so both parts of "
            "it are squared. In Python the two stars apply to what stands directly before them, "
            "so in r/sigma**2 only sigma is squared. Put the fraction in parentheses, "
            "(r/sigma)**2, or square both: r**2/sigma**2.",
        ),
        Wrong(
            name="The square is missing",
            model=of_pulls(lambda r, s: (r / s).sum()),
            others=[
                of_pulls(lambda r, s: abs((r / s).sum())),
                of_pulls(lambda r, s: r.sum()),
            ],
            hint="You have added the misses in units of sigma as they are, with their signs. Then "
            "a point far above the line and a point far below it cancel, and a line that "
            "misses everything can come out with a total near zero, or even below zero. A "
            "measure of misfit must grow with every miss, in whatever direction it goes. "
            "Take two points, one two sigmas above the line and one two sigmas below: your "
            "sum says 0, a perfect fit, while each of the two squares in the figure would "
            "have the area 4. Something has to happen to each single ratio before it enters "
            "the sum.",
        ),
        Wrong(
            name="Absolute values instead of squares",
            model=of_pulls(lambda r, s: np.abs(r / s).sum()),
            others=[
                of_pulls(lambda r, s: np.abs(r / s).mean()),
                of_pulls(lambda r, s: np.abs(r / s**2).sum()),
                of_pulls(lambda r, s: np.abs(r / s).max()),
            ],
            hint="You have added the sizes of the misses. That is a sensible measure of misfit, "
            "and it is used where a few wild points must not decide everything, but it is "
            "not chi-squared. In chi-squared a miss of three sigmas counts nine times as "
            "much as a miss of one sigma, not three times. That is what the areas of the "
            "squares in the figure show: twice the side, four times the area. The square is "
            "also what makes the next lesson possible, because the size of a number has a "
            "corner at zero and no derivative there. Keep your ratio and change what you do "
            "to it before adding.",
        ),
        Wrong(
            name="The mean instead of the sum",
            model=of_pulls(lambda r, s: ((r / s) ** 2).mean()),
            others=[of_pulls(lambda r, s: np.median((r / s) ** 2))],
            hint="Every single term of yours is right, but you have taken their average. "
            "Chi-squared is the sum: it grows with the number of points, and that is wanted, "
            "because it is compared with the degrees of freedom, which grow as well. For six "
            "measurements that scatter just as their sigmas say, the sum is about 6 and your "
            "average about 1. You may be thinking of the reduced chi-squared, which comes "
            "later: that one divides, though not by the number of points. Look at your last "
            "line and at the sign in front of the formula of the lesson, the large Greek "
            "letter.",
        ),
        Wrong(
            name="Divided by the degrees of freedom",
            model=of_pulls(lambda r, s: ((r / s) ** 2).sum() / (len(r) - 2)),
            others=[
                of_pulls(lambda r, s: ((r / s) ** 2).sum() / (len(r) - 1)),
                of_pulls(lambda r, s: ((r / s) ** 2).sum() / (len(r) - 3)),
            ],
            hint="Your terms are right and so is their sum, but then you divide by the number of "
            "points minus two. What you return is the reduced chi-squared. It is useful for "
            "a quick look, since it should be near 1 for a good fit, and a later lesson uses "
            "it. Here the plain sum is asked for. The two differ in what they tell: a "
            "reduced value of 1.5 is harmless with 6 points and alarming with 600, and only "
            "the sum together with the number of points can show that. Leave out the last "
            "division and return what you had before it.",
        ),
        Wrong(
            name="A sign is lost in front of c",
            model=parentheses,
            others=[
                of_line(lambda x, y, m, c: y + m * x + c),
                of_line(lambda x, y, m, c: y + m * x - c),
            ],
            hint="Your residual is not measured minus line. Look at what happens to c: the line "
            "is m x + c, and the whole line is to be taken away from y. Without parentheses "
            "Python takes away only m x and then adds c, so that every residual is wrong by "
            "two times c. A quick test: take a point that lies exactly on the line, for "
            "example x = 1, m = 2, c = 3, y = 5. Its residual has to be zero, and yours is "
            "6. Either put the line into parentheses after the minus sign, or compute the "
            "line in a step of its own and give it a name.",
        ),
        Wrong(
            name="The terms are not added",
            model=of_pulls(lambda r, s: (r / s) ** 2),
            others=[
                of_pulls(lambda r, s: r / s),
                of_pulls(lambda r, s: r),
                of_pulls(lambda r, s: r**2),
            ],
            hint="Each of your numbers is right: the square of one miss in units of its sigma. "
            "But you return all of them, one for each measurement, and the question was for "
            "a single number that speaks for the whole line. With two lines to compare you "
            "would have two lists, and no way to say which line is better. Operations on "
            "arrays work on every entry and give an array back; to get one number out of an "
            "array something has to collect it. Look at the formula of the lesson: what does "
            "the large Greek letter in front of the parentheses tell you to do with the "
            "terms?",
        ),
        Wrong(
            name="A root is taken at the end",
            model=of_pulls(lambda r, s: np.sqrt(((r / s) ** 2).sum())),
            others=[
                of_pulls(lambda r, s: np.sqrt(((r / s) ** 2).sum() / (len(r) - 2))),
                of_pulls(lambda r, s: np.sqrt(((r / s) ** 2).sum() / (len(r) - 1))),
                of_pulls(lambda r, s: np.sqrt(((r / s) ** 2).mean())),
            ],
            hint="Your terms are right, and at the end you take a root. The root of a sum of "
            "squares is a length, and the root of their mean a typical size, and both are "
            "useful elsewhere. But chi-squared is, as its name says, already a square: the "
            "sum itself is what is compared with the degrees of freedom, and what has a "
            "parabola as its graph. Look at the worked example of the lesson: the terms 0, "
            "1, 9 and 4 add up to 14, and 14 is the answer, not its root. The smallest "
            "value is found at the same line with a root and without, but the number that "
            "you report is another one.",
        ),
        Wrong(
            name="Sigma multiplies instead of dividing",
            model=of_pulls(lambda r, s: ((r * s) ** 2).sum()),
            others=[of_pulls(lambda r, s: (r**2 * s).sum())],
            hint="You multiply the residuals by sigma. Then a bad measurement, with a large "
            "sigma, counts more than a good one, and it should be the other way round: the "
            "better a measurement is, the more a miss of it must hurt. What is wanted is "
            "the miss counted in units of sigma. How many sigmas is a miss of 3 cm, when "
            "sigma is 1.5 cm? Two; and two is 3 divided by 1.5. Check the unit as well: "
            "centimeters over centimeters leave a plain number, while centimeters times "
            "centimeters do not. Only one sign in your formula has to change.",
        ),
        Wrong(
            name="Added first, squared afterwards",
            model=of_pulls(lambda r, s: (r / s).sum() ** 2),
            others=[
                of_pulls(lambda r, s: r.sum() ** 2 / (s**2).sum()),
                of_pulls(lambda r, s: r.mean() ** 2 / s.mean() ** 2),
                of_pulls(lambda r, s: (r.sum() / s.sum()) ** 2),
                of_pulls(lambda r, s: r.sum() ** 2),
                of_pulls(lambda r, s: np.abs(r / s).sum() ** 2),
            ],
            hint="You add the misses first and square the sum. In the sum, misses above and "
            "below the line cancel, and what is canceled no square brings back: a line that "
            "is 2 sigmas too low at one point and 2 sigmas too high at the next gets 0, as "
            "if it were perfect. The order has to be the other way round: each miss is "
            "squared for itself, so that its sign is forgotten, and then the squares are "
            "added. In the figure every measurement has a square of its own, and "
            "chi-squared is the area of all of them together. In Python the place of the "
            "power decides: inside the parentheses of sum, or behind them.",
        ),
        Wrong(
            name="The points do not keep their own sigmas",
            model=of_pulls(lambda r, s: (r**2).sum() / (s**2).sum()),
            others=[
                of_pulls(lambda r, s: (r**2).sum() / (s**2).mean()),
                of_pulls(lambda r, s: (r**2).sum() / s.sum() ** 2),
                of_pulls(lambda r, s: ((r / s.max()) ** 2).sum()),
                of_pulls(lambda r, s: ((r / np.median(s)) ** 2).sum()),
                of_pulls(lambda r, s: (r**2).sum() / s.mean()),
                of_pulls(lambda r, s: ((r / s[-1]) ** 2).sum()),
                of_pulls(lambda r, s: ((r / s.mean()) ** 2).sum()),
                of_pulls(lambda r, s: ((r / r.std()) ** 2).sum()),
                of_pulls(lambda r, s: ((r / r.std(ddof=1)) ** 2).sum()),
                of_pulls(lambda r, s: (r**2 / s**2).sum() / (1 / s**2).sum()),
                of_pulls(lambda r, s: ((r / s[0]) ** 2).sum()),
                of_pulls(lambda r, s: (r**2).sum() / s.sum()),
            ],
            hint="Somewhere in your formula the sigmas are lumped together: added up, averaged, "
            "or replaced by one number for all. But each measurement has an uncertainty of "
            "its own, and its miss is to be compared with that one. A miss of 1 cm at a "
            "point with sigma 0.5 cm is two sigmas and adds 4; the same miss at a point "
            "with sigma 2 cm is half a sigma and adds a quarter. With one common sigma both "
            "would count alike. So the division has to take place inside the sum, point by "
            "point. With NumPy this needs no loop: one array divided by another of the same "
            "length divides entry by entry.",
        ),
        Wrong(
            name="m and c are exchanged",
            model=of_line(lambda x, y, m, c: y - c * x - m),
            hint="In your line the two numbers have changed places: you multiply x by the "
            "intercept and add the slope. The line is m times x plus c, with the slope m "
            "beside the x. The arguments of the function come in the order m, c, as in the "
            "formula; some tools hand them back in the other order, so it is worth a look "
            "each time. A check with one point: for m = 2, c = 3 and x = 0 the line must be "
            "at 3, whatever m is, because at zero only the intercept is left. Your line is "
            "at 2 there. Exchange the two names in the line where the residuals are made.",
        ),
        Wrong(
            name="A part of the line is missing",
            model=of_line(lambda x, y, m, c: y - m * x),
            others=[
                of_line(lambda x, y, m, c: y - c),
                of_line(lambda x, y, m, c: y - m),
                of_line(lambda x, y, m, c: y - y.mean()),
                of_line(lambda x, y, m, c: y),
                of_line(lambda x, y, m, c: y - x),
            ],
            hint="What you subtract from y is not the whole line. A residual is measured minus "
            "line, and the line at the place x has the height m times x plus c. Both "
            "numbers are needed: without c the line passes through zero, and without the "
            "slope it is level. Take a point that lies on the line, x = 1 and y = 5 with m "
            "= 2 and c = 3: its residual must be zero, since 2 times 1 plus 3 is 5. What "
            "does yours say? It is a good habit to compute the heights of the line in a "
            "step of their own, give them a name, and print them beside y.",
        ),
        Wrong(
            name="x and y are exchanged",
            model=of_line(lambda x, y, m, c: x - m * y - c),
            hint="You put y into the line and compare with x. The line gives a height for a "
            "place: you put in x, the place or time that was chosen, and get the length "
            "that should be measured there. The residual is the measured y minus this "
            "height. It is y that carries the error, and the sigmas belong to y; x is taken "
            "as exact. A test with a point on the line, x = 1, y = 5, m = 2, c = 3: the "
            "height of the line is 5, and the residual is zero. Yours is 1 minus 13. Look "
            "at the line of your code in which the residuals are made and exchange the two.",
        ),
        Wrong(
            name="Divided by the values instead of the sigmas",
            model=of_values(lambda y, line, s: (y - line) ** 2 / y),
            others=[
                of_values(lambda y, line, s: ((y - line) / line) ** 2),
                of_values(lambda y, line, s: ((y - line) / (s * y)) ** 2),
                of_values(lambda y, line, s: ((y - line) / (s * line)) ** 2),
                of_values(lambda y, line, s: (100 * (y - line) / (s * y)) ** 2),
                of_values(lambda y, line, s: (y - line) ** 2 / line),
                of_values(lambda y, line, s: ((y - line) / y) ** 2),
            ],
            hint="You divide by the measured values, or by those of the line. There is a "
            "chi-squared of that kind: it is for counts, how often something happened, "
            "because a count has the square root of itself as its uncertainty. Here lengths "
            "were measured, and their uncertainties are given as sigma; they have nothing "
            "to do with how large the lengths are. Dividing by the value would trust a "
            "short candle more than a long one. The unit shows it too: square centimeters "
            "over centimeters leave centimeters, and chi-squared must be a plain number. "
            "Use the sigma of each point, and let it be squared together with the residual.",
        ),
        Wrong(
            name="The loop does not add up all points",
            model=of_pulls(lambda r, s: (r[0] / s[0]) ** 2),
            others=[
                of_pulls(lambda r, s: (r[-1] / s[-1]) ** 2),
                of_pulls(lambda r, s: ((r / s)[1:] ** 2).sum()),
                of_pulls(lambda r, s: ((r / s)[:-1] ** 2).sum()),
                of_pulls(lambda r, s: ((r / s) ** 2).max()),
                of_pulls(lambda r, s: ((r / s)[1:-1] ** 2).sum()),
            ],
            hint="Each term is right, but not all of them are in your answer. In a loop there "
            "are three usual reasons. A return that stands inside the loop ends the "
            "function in the first round: move it to the left, so that it comes after the "
            "loop. A plain = where += is needed forgets the sum so far and keeps the last "
            "term only. And a range that starts at 1 or ends at len(x) - 1 leaves out a "
            "point: range(len(x)) runs through all of them, beginning with 0 and ending "
            "before the length. Print the terms as they are added, and count them.",
        ),
        Wrong(
            name="The likelihood instead of chi-squared",
            model=of_pulls(lambda r, s: -0.5 * ((r / s) ** 2).sum()),
            others=[
                of_pulls(lambda r, s: np.exp(-0.5 * ((r / s) ** 2).sum())),
                of_pulls(lambda r, s: 0.5 * ((r / s) ** 2).sum()),
                of_pulls(lambda r, s: -0.5 * ((r / s) ** 2 + np.log(2 * np.pi * s**2)).sum()),
            ],
            hint="You have gone one step on, to the bell curve: the chance of these measurements "
            "is proportional to e to the power of minus half of chi-squared, and you return "
            "that chance, its logarithm, or the half. The two say the same thing in "
            "different scales: where chi-squared is smallest, the chance is largest. But "
            "the function asked for is chi-squared itself, the plain sum of the squared "
            "misses, without the half, without a minus and without the exponential. It is "
            "never negative, zero only for a line through all points, and about as large as "
            "the number of points for a good line. Return it before the last step.",
        ),
        Wrong(
            name="Something is taken off the sum",
            model=of_pulls(lambda r, s: ((r / s) ** 2).sum() - len(r) + 2),
            others=[of_pulls(lambda r, s: ((r / s) ** 2).sum() - len(r))],
            hint="The sum is right, and then you subtract the degrees of freedom or the number "
            "of points from it. They are what chi-squared is compared with: a good line "
            "with six points has about 4, give or take 2.8, and the difference says whether "
            "a value is large. But chi-squared is the sum alone. It is never negative, and "
            "it is zero only where the line passes through every point, while your number "
            "would be below zero there. Return the sum, and leave the comparison to the one "
            "who reads it: that person also needs to know how many points there are.",
        ),
        Wrong(
            name="The line was fitted anew",
            model=of_line(anew),
            hint="You compute chi-squared of the best line through these points, whatever m and "
            "c are handed over. The function has to judge the line that it is given, good "
            "or bad: the two friends of the lesson have different lines, and each wants to "
            "know the number for his own. Without this there is nothing to minimize, "
            "because the best line is found by trying the function at many m and c. Use the "
            "two arguments as they come, put them into m x + c, and leave out the fit. A "
            "quick test: call your function twice with the same points and with different "
            "m. The two answers must differ.",
        ),
        Wrong(
            name="Sigma divides only a part of the residual",
            model=of_values(lambda y, line, s: (y - line / s) ** 2),
            others=[of_values(lambda y, line, s: (y / s - line) ** 2), last_divided],
            hint="In your formula sigma divides the line only, or the measured value only, and "
            "not the whole residual. Division binds more closely than minus, so in y - line "
            "/ sigma the slash belongs to the line alone. The residual is one thing: "
            "measured minus line. Work it out first, in parentheses or on a line of its "
            "own, and divide the result. The unit shows the mistake: a length minus a plain "
            "number cannot be a meaningful difference. A test with one point: y = 7, a line "
            "at 5, sigma 2. The miss is 2, that is one sigma, so the answer must be 1; "
            "yours comes from 7 minus 2.5, or from 3.5 minus 5.",
        ),
        Wrong(
            name="The line is put together in another way",
            model=of_line(lambda x, y, m, c: y - m * (x + c)),
            others=[
                of_line(lambda x, y, m, c: y - m * (x - x.mean()) - c),
                of_line(lambda x, y, m, c: y - m * x**2 - c),
                of_line(lambda x, y, m, c: y - x / m - c),
                of_line(lambda x, y, m, c: y - (m + c) * x),
                of_line(lambda x, y, m, c: y - m * x * c),
                of_line(lambda x, y, m, c: y - m * (x - c)),
            ],
            hint="The heights of your line are not m times x plus c. A pair of parentheses "
            "stands where none belongs, or a product where a sum belongs: m times the sum "
            "of x and c lifts the line by m times c instead of c. What the two numbers mean "
            "helps: c is the height of the line at x = 0, so there m must have no say at "
            "all; and m is what is gained for each unit of x, so going from x = 1 to x = 2 "
            "must add exactly m. Print the heights for x = 0, 1 and 2 with m = 2 and c = 3. "
            "They must be 3, 5 and 7.",
        ),
        Wrong(
            name="Squares are subtracted, not values",
            model=squares_apart,
            others=[lambda p, *case: abs(squares_apart(p, *case))],
            hint="You square the measured value and the line separately and subtract the "
            "squares. But the square of a difference is not the difference of the squares: "
            "for 5 and 3 the one is 4, the other 16. Chi-squared needs the first: how far "
            "the two are apart, squared. Your sum can even become negative, where the line "
            "lies above the points, and then it says nothing about the misfit. So subtract "
            "first, which gives the residual, count it in units of sigma, and square at the "
            "end. In Python the power stands behind the parentheses that hold the whole "
            "difference.",
        ),
        Wrong(
            name="Another power than the square",
            model=of_pulls(lambda r, s: (np.abs(r / s) ** 3).sum()),
            others=[
                of_pulls(lambda r, s: (r * np.abs(r) / s**2).sum()),
                of_pulls(lambda r, s: ((r / s) ** 3).sum()),
                of_pulls(lambda r, s: ((r / s) ** 4).sum()),
                of_pulls(lambda r, s: np.sqrt(np.abs(r / s)).sum()),
            ],
            hint="The ratios of residual and sigma are right, but they are raised to another "
            "power than two before they are added. With a third power the signs come back "
            "and misses on the two sides cancel; with a fourth a single wild point decides "
            "everything. The square belongs to the bell curve, whose exponent is minus half "
            "the square of the miss, and with it the expected value is simple: each point "
            "adds 1 on average. Check with one point that misses by two sigmas: it must add "
            "4. In Python the square is ** 2; a single caret ^ means something else.",
        ),
        *FURTHER,
    ],
    again="Compute the residuals of all points at once: measured minus line. Divide by sigma, "
    "then square, then add up.",
    worked="For every point take the residual $r_i = y_i - (m x_i + c)$, divide by its own "
    "$\\sigma_i$, square the ratio, and add up all squares:\n\n"
    "```python\n"
    "import numpy as np\n\n\n"
    "def chi_squared(x, y, sigma, m, c):\n    "
    "residuals = y - (m * x + c)\n    "
    "return np.sum((residuals / sigma) ** 2)\n"
    "```",
)
