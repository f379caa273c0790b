"""5G: a decay fitted in a few lines."""

from __future__ import annotations

import math
from random import Random

import numpy as np

from taylored.course.checking import Case, Code, Exercise, Parameters, Wrong
from taylored.course.exercises.decays import (
    FURTHER,
    agrees,
    any_of,
    curve_is_right,
    curve_is_worse,
    error_of_a,
    lifted,
    log_lines,
    powered,
    rate,
    right,
    scaled,
    solved,
    tau_alone,
    unweighted,
    with_error,
)

__all__ = ["EXERCISE"]


def _inputs(rng: Random, p: Parameters) -> Case:
    while True:
        a, tau = rng.uniform(8.0, 15.0), rng.uniform(2.2, 4.5)
        x = [round(0.4 + 0.9 * i + rng.uniform(0.0, 0.4), 2) for i in range(rng.randint(8, 10))]
        sigma = [round(rng.uniform(0.15, 0.45), 2) for _ in x]
        # Scatter clearly larger than sigma says, so that the two kinds of error differ.
        pulls = np.array([rng.choice([-1, 1]) * rng.uniform(1.3, 2.0) for _ in x])
        y = _scattered(a, tau, np.array(x), np.array(sigma), pulls)
        if y.min() >= 0.05:
            return x, [round(float(v), 4) for v in y], sigma


def _scattered(a: float, tau: float, t: np.ndarray, s: np.ndarray, pulls: np.ndarray) -> np.ndarray:
    """Measurements whose best curve is a, tau, and whose two covariances are the same.

    The pulls are at right angles to the first and second derivatives of the model, so that half
    the Hessian of chi-squared is the matrix of Gauss and Newton, and no way to an error is wrong.
    """
    height = np.exp(-t / tau)
    shapes, _ = np.linalg.qr(height[:, None] * t[:, None] ** np.arange(3) / s[:, None])
    return a * height + s * (pulls - shapes @ (shapes.T @ pulls))


EXERCISE = Exercise(
    id="5G",
    title="A fit in a few lines",
    answer=Code(
        name="fit_decay",
        starter="import taylored as ty\n\n\ndef fit_decay(x, y, sigma):\n"
        '    data = {"x": x, "y": y}\n    return ..., ..., ...\n',
        returns="three numbers: a, tau, and the standard error of tau",
    ),
    inputs=_inputs,
    right=right,
    count=4,
    tolerance=1e-3,
    wrong=[
        Wrong(
            name="A straight line through the logarithms",
            when=log_lines,
            hint="You have taken logarithms and fitted a straight line to them. It looks natural, "
            "since the logarithm of the model is a line, but the errors are changed as well: "
            "an error of 0.3 hardly shows in the logarithm of 10 and is huge in the "
            "logarithm of 0.5. So the small values at the end, of which least is known, get "
            "the largest influence. If you want to go this way, each point needs the weight "
            "y over sigma, and even then it is only a start for the real fit. Hand the "
            "exponential model itself to a fitting program; it does not need to be straight.",
        ),
        Wrong(
            name="Sigma is not handed over",
            when=agrees(unweighted),
            hint="Your values of a and tau are those of a fit in which every point counts the "
            "same: the sigmas are not used. Here they differ by up to a factor of three, so "
            "the surest points deserve nine times the weight of the least sure ones. Both "
            "ty.fit and scipy's curve_fit take an argument named sigma, and both are content "
            "to work without it, so nothing warns you when it is forgotten. Pass it on, and "
            "compare the two results: do they differ by less than the standard error? Often "
            "they do, and then the weighted one is still the better of the two.",
        ),
        Wrong(
            name="The error is scaled by the scatter",
            model=scaled,
            others=[
                with_error(
                    lambda x, y, sigma, error: (
                        error * math.sqrt(solved(x, y, sigma)[3] * (len(x) - 2))
                    )
                ),
                with_error(lambda x, y, sigma, error: error * solved(x, y, sigma)[3]),
                with_error(lambda x, y, sigma, error: error / math.sqrt(solved(x, y, sigma)[3])),
            ],
            hint="Your a and tau are right. Your standard error is the one in which sigma is only "
            "used as a weight, and its size is taken from the scatter of the residuals. That "
            "is what curve_fit does unless it is told otherwise with absolute_sigma=True. "
            "Here the sigmas are known uncertainties, so they decide the error. Compare your "
            "number with the right one: the ratio is the root of the reduced chi-squared. In "
            "this exercise the points scatter more than their sigmas say, which would be "
            "worth a remark to whoever supplied them, but not a silent change of the answer.",
        ),
        Wrong(
            name="The rate instead of the time",
            model=rate,
            others=[
                lambda p, x, y, sigma: [
                    solved(x, y, sigma)[0],
                    1 / solved(x, y, sigma)[1],
                    1 / solved(x, y, sigma)[2],
                ],
            ],
            hint="Your second number is the rate k in exp(-k x), the reciprocal of what was "
            "asked, and the error belongs to k as well. The question has x divided by tau, "
            "so tau has the unit of x and says how long it takes to fall to 37 %. Rewrite "
            "the model with tau below the fraction line and fit again. You could also turn k "
            "around afterwards, but mind the error: it does not turn around with it. For tau "
            "= 1/k the derivative is -1/k², so the error of tau is the error of k divided by "
            "k squared. Fitting the quantity that you want spares you this step.",
        ),
        Wrong(
            name="The variance of tau instead of its error",
            model=lambda p, x, y, sigma: [
                *right(p, x, y, sigma)[:2],
                right(p, x, y, sigma)[2] ** 2,
            ],
            hint="Your a and tau are right. The third number is the entry of the covariance "
            "matrix that belongs to tau, and that is its variance: the squared standard "
            "error. It has the unit of tau squared, so it cannot be written behind tau with "
            "a plus-or-minus sign. The covariance matrix has the variances of all parameters "
            "on its diagonal and shows beside it how they hang together. One simple function "
            "turns the diagonal into standard errors. When tau is near 3 and the error near "
            "0.1, the variance is near 0.01: such a small number should make you suspicious "
            "when you look at the scatter of the points.",
        ),
        Wrong(
            name="Half the width of the 95 % interval",
            model=lambda p, x, y, sigma: [
                *right(p, x, y, sigma)[:2],
                1.959964 * right(p, x, y, sigma)[2],
            ],
            others=[
                *[
                    with_error(lambda x, y, sigma, error, k=k: k * error)
                    for k in (2.0, 3.0, 2 * 1.959964, 4.0, 1.645)
                ]
            ],
            hint="Your a and tau are right. The third number is 1.96 times the standard error, "
            "half the width of a 95 % interval, or another such multiple of it. "
            "Both are honest ways to say how sure tau is, "
            "but they are not the same thing, and confusing them is a frequent cause of "
            "trouble when results of different people are compared. A standard error is one "
            "sigma: about 68 of 100 results fall within one of it. Always say which of the "
            "two you mean. Here the plain standard error was asked for; the library has it "
            "under a name of its own, beside the function that gives intervals.",
        ),
        Wrong(
            name="The error belongs to a",
            when=lambda p, cases, outputs: error_of_a(cases, outputs),
            hint="Your a and tau are right, but the error that you return belongs to a, not to "
            "tau. In the covariance matrix the parameters stand in the order in which the "
            "model names them, and the first place on the diagonal is that of the first "
            "parameter. Programming languages that count from zero make this slip easy: "
            "index 1 is the second parameter. With a library that keeps results by name you "
            "cannot take the wrong one. A rough check of the size helps too: the error of a "
            "is in the unit of y, that of tau in the unit of x. Which of the two did you "
            "return?",
        ),
        Wrong(
            name="a and tau are exchanged",
            model=lambda p, x, y, sigma: [right(p, x, y, sigma)[i] for i in (1, 0, 2)],
            hint="All three numbers are right, but the first two are in the wrong order: asked "
            "were a, then tau, then the error of tau. Parameters come in the order in which "
            "the model names them, so a model written as a function of tau first returns tau "
            "first. This is harmless as long as you notice it, and it is a good reason to "
            "keep results by name rather than by position. A check without any calculation: "
            "a is what the curve starts from at x = 0, near the largest of the measured "
            "values, and tau is the stretch of x over which it falls to 37 % of that.",
        ),
        Wrong(
            name="The sigmas come in with another power",
            when=any_of(powered(2.0), powered(-1.0), powered(-2.0), powered(0.5), powered(-0.5)),
            hint="The sigmas were handed over, but not as they are: squared, or turned into "
            "weights. Fitting functions differ in what they want at this place. Here, as in "
            "scipy's curve_fit, it is the standard error of each point, in the unit of y; "
            "the program itself divides each residual by it and squares. If you hand over "
            "one over sigma squared, the program takes it for an uncertainty, so the best "
            "points count as the worst. With other tools, np.polyfit for instance, one over "
            "sigma has to be given, as a weight. Read the description of the argument each "
            "time, and test it: give one point a huge sigma and see whether the curve stops "
            "caring about it.",
        ),
        Wrong(
            name="The model has one parameter too many",
            when=any_of(lifted),
            hint="You fitted a model with a constant added at the end, and the question has "
            "none: the decay goes down to zero. A further parameter always makes "
            "chi-squared a little smaller, since it can follow the scatter of the points, "
            "but it costs: a, τ and the constant hang together closely, and all of them "
            "become less sure. Whether there is a background is a question about the "
            "experiment, not about the fit. If you believe in one, put it in and say so; if "
            "the question says that there is none, leave it out. Take the model just as it "
            "stands there, with the two parameters a and τ.",
        ),
        Wrong(
            name="The half-life instead of tau",
            when=any_of(
                lambda p, x, y, sigma: (
                    solved(x, y, sigma)[0],
                    solved(x, y, sigma)[1] * math.log(2),
                )
            ),
            hint="Your second number is the half-life: the stretch of x over which the curve "
            "falls to one half. τ is the stretch over which it falls to one over e, that is "
            "to 37 %, so it is longer by the factor 1 over the logarithm of 2, about 1.44. "
            "Both describe the same decay, and both are in use; tables of radioactive "
            "substances list half-lives, while formulas are simpler with τ. Which of the "
            "two a number is, has to be said. In the model of the question x is divided by "
            "τ and the base is e, so fit it as it stands, and return the parameter itself "
            "with its own error.",
        ),
        Wrong(
            name="The error of tau with a held still",
            model=with_error(lambda x, y, sigma, error: 1 / tau_alone(x, y, sigma)),
            others=[with_error(lambda x, y, sigma, error: tau_alone(x, y, sigma))],
            hint="Your a and τ are right. For the error of τ you used the column of τ alone, as "
            "if a were known exactly. Then τ seems surer than it is: a curve that starts a "
            "little higher and falls a little faster fits nearly as well, and that "
            "possibility has to be counted. The whole matrix does this: put the columns of "
            "both parameters side by side, multiply, and invert the matrix of two rows and "
            "two columns. The entry of τ on the diagonal of the inverse is its variance. "
            "One over the entry of the matrix itself is not the same, and it is always too "
            "small, unless the two columns are at right angles to each other.",
        ),
        Wrong(
            name="A factor 2 of the Hessian is left",
            model=with_error(lambda x, y, sigma, error: error / math.sqrt(2)),
            others=[with_error(lambda x, y, sigma, error: error * math.sqrt(2))],
            hint="Your a and τ are right, and the error is off by the root of two. It comes from "
            "the Hessian of chi-squared: the derivative of a square brings a 2 down, so the "
            "Hessian is twice the matrix of the normal equations, and the covariance is "
            "twice the inverse of the Hessian. A program that minimizes, such as scipy's "
            "minimize, hands back the inverse of the Hessian of whatever it was given. If "
            "that is chi-squared, multiply by two; if it is half of chi-squared, as "
            "least_squares uses it, the inverse is the covariance already. A check with one "
            "parameter: chi-squared must be larger by 1 at one standard error from the "
            "minimum.",
        ),
        *FURTHER,
        Wrong(
            name="The curve is right, the error of tau is not",
            when=curve_is_right,
            last=True,
            hint="Your a and τ are right, and the third number is not the standard error of τ. "
            "It is the root of the entry of τ on the diagonal of the covariance matrix; "
            'with the library it is fit.stderr["tau"]. The entry beside the diagonal '
            "belongs to a and τ together and is often negative. Nothing else has to be done "
            "to it: it is not divided by the root of the number of points, since the "
            "covariance contains all of them already, nor by τ, nor is it the scatter of "
            "the residuals about the curve. If you fitted k = 1/τ, the error of τ is the "
            "error of k divided by k squared. Its size here is a few percent of τ.",
        ),
        Wrong(
            name="The curve is not the one with the least chi-squared",
            when=curve_is_worse,
            last=True,
            hint="The curve that you return is not the best one: another choice of a and τ has a "
            "smaller chi-squared, with the sigmas taken into account. There are a few usual "
            "causes. The steps stopped too early: one Gauss-Newton step is a good "
            "beginning, but four or five are needed until nothing moves. One of the two "
            "parameters was held at a guess, such as the first measured value. The start "
            "was poor, and the search ended elsewhere. Or a name in the formula is not the "
            "name of a column: then the library takes it for a further parameter. Compute "
            "chi-squared of your result, and of your result with τ changed by 0.1 in both "
            "directions; it must be least in the middle.",
        ),
    ],
    again='`fit = ty.fit("y ~ a*exp(-x/tau)", data, sigma=sigma)` does the work; `fit.params` '
    "and `fit.stderr` are dictionaries by name.",
    worked="Write the model as it stands and hand over the sigmas:\n\n"
    "```python\n"
    "import taylored as ty\n\n\n"
    "def fit_decay(x, y, sigma):\n    "
    'fit = ty.fit("y ~ a*exp(-x/tau)", {"x": x, "y": y}, sigma=sigma)\n    '
    'return fit.params["a"], fit.params["tau"], fit.stderr["tau"]\n'
    "```\n\n"
    "With scipy it is `curve_fit(f, x, y, p0=[10, 3], sigma=sigma, absolute_sigma=True)`, "
    "and the error is the root of the last entry on the diagonal of the covariance.",
)
