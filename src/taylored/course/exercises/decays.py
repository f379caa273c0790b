"""Models of 5G: the fit of a decay, and mistakes in it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from taylored.course.checking import Case, Parameters, Wrong

__all__ = [
    "FURTHER",
    "agrees",
    "any_of",
    "curve_is_right",
    "curve_is_worse",
    "error_of_a",
    "lifted",
    "log_lines",
    "powered",
    "rate",
    "right",
    "scaled",
    "solved",
    "tau_alone",
    "unweighted",
    "with_error",
]


@lru_cache(maxsize=512)
def solve(x: tuple, y: tuple, sigma: tuple) -> tuple[np.ndarray, np.ndarray, float]:
    """The minimum (a, tau), its covariance for absolute sigma, and chi-squared per freedom."""
    t, v, s = np.array(x), np.array(y), np.array(sigma)
    theta = np.array([1.2 * v.max(), 3.0])
    for _ in range(60):
        theta = theta + np.clip(gauss_newton(theta, t, v, s)[0], -1.0, 1.0)
    _, covariance, chi2 = gauss_newton(theta, t, v, s)
    return theta, covariance, chi2 / (len(t) - 2)


def gauss_newton(
    theta: np.ndarray, t: np.ndarray, v: np.ndarray, s: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    height = np.exp(-t / theta[1])
    rows = np.stack([height, theta[0] * height * t / theta[1] ** 2], axis=1) / s[:, None]
    r = (v - theta[0] * height) / s
    covariance = np.linalg.inv(rows.T @ rows)
    return covariance @ (rows.T @ r), covariance, float(r @ r)


def solved(x: Any, y: Any, sigma: Any) -> tuple[float, float, float, float]:
    """a, tau, the standard error of tau, and the reduced chi-squared."""
    theta, covariance, reduced = solve(tuple(x), tuple(y), tuple(sigma))
    return float(theta[0]), float(theta[1]), float(covariance[1, 1]) ** 0.5, reduced


def right(p: Parameters, x: Any, y: Any, sigma: Any) -> list[float]:
    return list(solved(x, y, sigma)[:3])


def log_line(x: Any, y: Any, sigma: Any, powers: tuple[float, float]) -> tuple[float, float]:
    """a and tau of the line through the logarithms, weighted with powers of y and of 1/sigma."""
    w = np.asarray(y) ** powers[0] * np.asarray(sigma) ** -float(powers[1])
    slope, start = np.polyfit(x, np.log(y), 1, w=w)
    return float(np.exp(start)), float(-1.0 / slope)


def agrees(form: Any) -> Any:
    """For `Wrong.when`: the first two numbers come from `form`, whatever the third is."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        return all(
            np.shape(got) == (3,) and np.allclose(got[:2], form(p, *case), rtol=1e-3)
            for case, got in zip(cases, outputs, strict=True)
        )

    return when


def unweighted(p: Parameters, x: Any, y: Any, sigma: Any) -> tuple[float, float]:
    return solved(x, y, [1.0] * len(x))[:2]


def scaled(p: Parameters, x: Any, y: Any, sigma: Any) -> list[float]:
    a, tau, error, reduced = solved(x, y, sigma)
    return [a, tau, error * reduced**0.5]


def rate(p: Parameters, x: Any, y: Any, sigma: Any) -> list[float]:
    a, tau, error, _ = solved(x, y, sigma)
    return [a, 1 / tau, error / tau**2]


def powered(power: float) -> Any:
    """The fit with sigma to another power."""
    return lambda p, x, y, sigma: solved(x, y, [s**power for s in sigma])[:2]


# What is read from a and tau of such a line, rightly or not.
_READ: tuple[Callable[[float, float], tuple[float, float]], ...] = (
    lambda a, tau: (a, tau),
    lambda a, tau: (math.log(a), tau),
    lambda a, tau: (a, tau * math.log(10)),
    lambda a, tau: (a, 1 / tau),
    lambda a, tau: (a, -tau),
    lambda a, tau: (a, -1 / tau),
)


def _read_off(powers: tuple[float, float], read: Callable[..., tuple[float, float]]) -> Any:
    def model(p: Parameters, x: Any, y: Any, sigma: Any) -> tuple[float, float]:
        return read(*log_line(x, y, sigma, powers))

    return model


def log_lines(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """A line through the logarithms with any weights, a and tau read from it rightly or not."""
    weights = [(i, k) for i in (0, 1, 2) for k in (0, 1, 2, -1)]
    forms = [_read_off(w, read) for w in weights for read in _READ]
    return any_of(*forms)(p, cases, outputs)


def lifted(p: Parameters, x: Any, y: Any, sigma: Any) -> tuple[float, float]:
    """The fit with a constant added to the model: for each tau a linear one."""
    t, v, s = np.asarray(x), np.asarray(y), np.asarray(sigma)

    def best(tau: float) -> tuple[float, float]:
        rows = np.stack([np.exp(-t / tau), np.ones_like(t)], axis=1) / s[:, None]
        a, _ = np.linalg.lstsq(rows, v / s, rcond=None)[0]
        left = v / s - rows @ np.linalg.lstsq(rows, v / s, rcond=None)[0]
        return float(left @ left), float(a)

    low, high = 0.5, 40.0
    for _ in range(60):
        one, two = low + 0.382 * (high - low), low + 0.618 * (high - low)
        low, high = (low, two) if best(one)[0] < best(two)[0] else (one, high)
    return best(low)[1], low


def any_of(*forms: Any) -> Any:
    seen = [agrees(form) for form in forms]
    return lambda p, cases, outputs: any(s(p, cases, outputs) for s in seen)


def tau_alone(x: Any, y: Any, sigma: Any) -> float:
    """The size of the column of tau, in units of sigma."""
    a, tau, *_ = solved(x, y, sigma)
    t = np.asarray(x)
    return float(np.linalg.norm(a * np.exp(-t / tau) * t / tau**2 / np.asarray(sigma)))


def with_error(form: Callable[..., float]) -> Callable[..., list[float]]:
    """The right a and tau with another error, from x, y, sigma and the right one."""

    def model(p: Parameters, x: Any, y: Any, sigma: Any) -> list[float]:
        a, tau, error, _ = solved(x, y, sigma)
        return [a, tau, form(x, y, sigma, error)]

    return model


def curve_is_right(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """a and tau are right, the error is not even nearly."""
    errors = [right(p, *case)[2] for case in cases]
    return agrees(lambda p, *case: solved(*case)[:2])(p, cases, outputs) and not np.allclose(
        [o[2] for o in outputs], errors, rtol=0.05
    )


def curve_is_worse(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """In some case chi-squared of the curve is clearly above the least one."""
    for case, got in zip(cases, outputs, strict=True):
        if np.shape(got) != (3,) or not np.isfinite(got).all() or got[1] == 0:
            return False
        x, y, sigma = (np.asarray(c) for c in case)
        a, tau, _, reduced = solved(*case)
        with np.errstate(over="ignore"):
            r = (y - got[0] * np.exp(-x / got[1])) / sigma
        near = np.allclose(got[:2], (a, tau), rtol=0.01)
        if not near and not r @ r <= 1.02 * reduced * (len(x) - 2):
            return True
    return False


def error_of_a(cases: list[Case], outputs: list[Any]) -> bool:
    for case, got in zip(cases, outputs, strict=True):
        theta, covariance, _ = solve(*(tuple(c) for c in case))
        wanted = [*theta, covariance[0, 0] ** 0.5]
        if np.shape(got) != (3,) or not np.allclose(got, wanted, rtol=1e-3):
            return False
    return True


def with_third(x: Any, y: Any, sigma: Any, of: Callable[[np.ndarray], float]) -> list[float]:
    """a, tau, and something of the covariance matrix."""
    theta, covariance, _ = solve(tuple(x), tuple(y), tuple(sigma))
    return [*theta, float(of(covariance))]


def over_tau(x: Any, y: Any, sigma: Any, times: float) -> list[float]:
    a, tau, error, _ = solved(x, y, sigma)
    return [a, tau, times * error / tau]


def third_is_scatter(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """a and tau are right; the third is one of the usual sums of the residuals, in every case."""
    if not agrees(lambda p, *case: solved(*case)[:2])(p, cases, outputs):
        return False
    fits = []
    for case, got in zip(cases, outputs, strict=True):
        x, y, sigma = (np.asarray(c) for c in case)
        a, tau, *_ = solved(*case)
        r, n = y - a * np.exp(-x / tau), len(x)
        sums = [v @ v for v in (r, r / sigma)]
        known = [f(v / k) for v in sums for k in (1, n, n - 1, n - 2) for f in (float, math.sqrt)]
        known += [math.sqrt(v / k / n) for v in sums for k in (n, n - 1, n - 2)]
        known += [np.std(r), np.std(r, ddof=1), np.std(r / sigma), np.mean(sigma), np.std(y)]
        fits.append(np.isclose(got[2], known, rtol=1e-3))
    return bool(np.all(fits, axis=0).any())


def tied(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """The height is a measured value, or the curve passes through two of the points."""
    for case, got in zip(cases, outputs, strict=True):
        if np.shape(got) != (3,) or not np.isfinite(got).all() or got[1] == 0:
            return False
        x, y = np.asarray(case[0]), np.asarray(case[1])
        with np.errstate(over="ignore"):
            met = np.isclose(got[0] * np.exp(-x / got[1]), y, rtol=1e-6).sum()
        if met < 2 and not np.isclose(got[0], y, rtol=1e-9).any():
            return False
    return True


def another_curve(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """The best bell curve, or a straight line through the values themselves."""
    return any_of(
        lambda p, *case: bell(1.0, *case),
        lambda p, *case: bell(2.0**0.5, *case),
        *[
            lambda p, *case, w=w, of=of: of(*np.polyfit(case[0], case[1], 1, w=w(case[2])))
            for w in (np.ones_like, lambda s: 1 / np.asarray(s))
            for of in (lambda m, c: (c, -c / m), lambda m, c: (c, -1 / m), lambda m, c: (c, m))
        ],
    )(p, cases, outputs)


def bell(times: float, x: Any, y: Any, sigma: Any) -> tuple[float, float]:
    """The fit of a exp(-x^2/b): a, and the root of b divided by `times`."""
    try:
        a, b = solved([v * v for v in x], y, sigma)[:2]
    except np.linalg.LinAlgError:  # the fit ran away
        return math.nan, math.nan
    return a, abs(b) ** 0.5 / times


FURTHER = [
    Wrong(
        name="The measured values decide the weights",
        when=any_of(
            lambda p, x, y, sigma: solved(x, y, [s * v for s, v in zip(sigma, y, strict=True)])[:2],
            lambda p, x, y, sigma: solved(x, y, [s / v for s, v in zip(sigma, y, strict=True)])[:2],
            lambda p, x, y, sigma: solved(x, y, list(y))[:2],
            lambda p, x, y, sigma: solved(x, y, [v**0.5 for v in y])[:2],
        ),
        hint="In your fit the size of y decides how much a point counts: sigma was taken for a "
        "fraction of y, or y itself, or its root, stands where sigma belongs. Sigma is given "
        "for each point, in the unit of y, and needs no change. The root of y is the "
        "uncertainty of a count, and nothing was counted here. If sigma were a fraction of y, "
        "the small values at the end would be known best by far, and they would get nearly all "
        "the weight. Compare the sigmas of the first and the last points: they do not become "
        "smaller along the curve. Hand them over as they are.",
    ),
    Wrong(
        name="The error still belongs to the rate",
        model=lambda p, x, y, sigma: [*solved(x, y, sigma)[:2], rate(p, x, y, sigma)[2]],
        hint="Your a and τ are right. You found τ by turning the rate k around, but its error "
        "did not come along: it is still the error of k, in another unit than τ. An error is a "
        "small change, and small changes are carried on by the derivative: for τ = 1/k its size "
        "is one over k squared. So a change of k by a little changes τ by that little divided by "
        "k squared. Think of a rate of 0.1 per second, known to 0.01: then τ is 10 seconds, and "
        "its error is 1 second, and not 0.01. A check that always works: in percent of the value, "
        "the errors of k and of 1/k are the same.",
    ),
    Wrong(
        name="One over the error of the rate is not the error of tau",
        model=lambda p, x, y, sigma: [*solved(x, y, sigma)[:2], 1 / rate(p, x, y, sigma)[2]],
        hint="Your a and τ are right. You found τ by turning the rate k around, and you have "
        "turned its error around as well. That would say that τ is the less sure, the better k is "
        "known, and this cannot be. An error is a small change, and small changes are carried on "
        "by the derivative: for τ = 1/k its size is one over k squared. So a change of k by a "
        "little changes τ by that little divided by k squared. A check that always works: in "
        "percent of the value, the errors of k and of 1/k are the same, ten percent here and ten "
        "percent there.",
    ),
    Wrong(
        name="The entry beside the diagonal",
        model=lambda p, x, y, sigma: with_third(x, y, sigma, lambda c: c[0, 1]),
        others=[
            lambda p, x, y, sigma: with_third(x, y, sigma, lambda c: abs(c[0, 1])),
            lambda p, x, y, sigma: with_third(x, y, sigma, lambda c: abs(c[0, 1]) ** 0.5),
            lambda p, x, y, sigma: with_third(
                x, y, sigma, lambda c: c[0, 1] / (c[0, 0] * c[1, 1]) ** 0.5
            ),
        ],
        hint="Your a and τ are right, but the third number is made of the entry beside the "
        "diagonal of the covariance matrix. That entry belongs to a and τ together: it "
        "says how an error of the one goes along with an error of the other, and here it is "
        "negative, because a curve that starts higher has to fall faster. An error cannot "
        "be negative. The matrix has a row and a column for each parameter, and the "
        "variance of a parameter stands where its own row crosses its own column. Take the "
        "one of τ, and the root of it. With results kept by name you need not count.",
    ),
    Wrong(
        name="The relative error instead of the standard error",
        model=lambda p, x, y, sigma: over_tau(x, y, sigma, 1.0),
        others=[lambda p, x, y, sigma: over_tau(x, y, sigma, 100.0)],
        hint="Your a and τ are right. The third number is the error of τ divided by τ itself: "
        "the relative error. It says how good the measurement is, whatever the unit, and it "
        "is often quoted in percent. But a standard error, without any other word, is the "
        "absolute one: it has the unit of τ and can be written behind it with a "
        "plus-or-minus sign. If τ is 3 minutes and the relative error 2 percent, then the "
        "standard error is 0.06 minutes. Libraries return it like this as well. Leave out "
        "the last division, and return the number that you had before it.",
    ),
    Wrong(
        name="Divided by the root of the number of points",
        model=with_error(lambda x, y, sigma, error: error / math.sqrt(len(x))),
        others=[
            with_error(lambda x, y, sigma, error: error / math.sqrt(len(x) - 2)),
            with_error(lambda x, y, sigma, error: error / math.sqrt(len(x) - 1)),
            with_error(lambda x, y, sigma, error: error / len(x)),
            with_error(lambda x, y, sigma, error: error * math.sqrt(len(x))),
        ],
        hint="Your a and τ are right, and so was the error before you brought in the number "
        "of points. The root of n belongs to a mean of n values, when one starts from the "
        "scatter of a single value. The covariance matrix of a fit is no such scatter: "
        "every point has already added its part to the matrix that is inverted. Take all "
        "points twice, and the entry of τ becomes half as large by itself, so its root "
        "shrinks by the root of two, just as it should. Dividing once more would count the "
        "points a second time. Return the root of the diagonal entry as it is.",
    ),
    Wrong(
        name="The scatter of the points instead of the error of tau",
        when=third_is_scatter,
        hint="Your a and τ are right. The third number tells how far the points lie from the "
        "curve, or how well the curve fits: it is made of the residuals. But it was asked "
        "how sure τ is. That depends on the sigmas, on the number of points, and on where "
        "they lie: points at the very beginning say nothing about τ, however precise they "
        "are. The covariance matrix puts this together, out of the columns of the "
        "Jacobian and the sigmas, without any residual. The unit shows the difference: "
        "residuals have the unit of y, and the error of τ has the unit of x.",
    ),
    Wrong(
        name="Another base than e",
        when=any_of(
            lambda p, *case: (solved(*case)[0], solved(*case)[1] * math.log(10)),
            lambda p, *case: (solved(*case)[0], solved(*case)[1] / math.log(2)),
            lambda p, *case: (solved(*case)[0], solved(*case)[1] / math.log(10)),
        ),
        hint="Your a is right, and the second number is τ times or divided by the logarithm "
        "of 10 or of 2. So the base of the power is another one than e: a power of ten, a "
        "logarithm to the base ten, or a half-life that was turned into τ the wrong way "
        "round. The curve is the same, but the number says something else: it is not the "
        "stretch over which y falls to 37 %. Write the model with exp, exactly as in the "
        "question, and fit it. If you take logarithms, np.log has the base e, while "
        "np.log10 has the base ten. Read the right τ off the curve at 37 % of a.",
    ),
    Wrong(
        name="The height is not that at x = 0",
        when=any_of(
            *[
                lambda p, *case, at=at: (
                    solved(*case)[0] * math.exp(-at(case[0]) / solved(*case)[1]),
                    solved(*case)[1],
                )
                for at in (min, max, np.mean)
            ],
            lambda p, *case: (math.log(solved(*case)[0]), solved(*case)[1]),
        ),
        hint="Your τ is right, and your first number is not a: it is the height of the curve "
        "at another place, for instance at the first measurement, or its logarithm. In the "
        "model of the question x is counted from zero, so a is the height at x = 0, a bit "
        "above the first measured value, since nothing was measured at zero itself. If you "
        "count x from the first point, the decay time stays the same, but the height "
        "belongs to the new beginning. If a stands in the exponent of your model, bring it "
        "down with the exponential function at the end. Compare your number with the "
        "largest y.",
    ),
    Wrong(
        name="The curve was tied to single points",
        when=tied,
        hint="Your curve passes exactly through two of the points, or its height is one of "
        "the measured values. That gives a quick first guess, and it is a good start for a "
        "fit, but it is not the fit. A measured value carries its own error, and whoever "
        "ties the curve to it hands this error on in full, while the other points have no "
        "say. Least squares lets all points pull, each with the weight of its own sigma, "
        "and then the best curve passes through none of them exactly. Let both a and τ "
        "be free, and hand over all the points together with their sigmas.",
    ),
    Wrong(
        name="Another curve than the exponential",
        when=another_curve,
        hint="Your numbers belong to another model. You may have fitted a straight line to "
        "the values themselves, or squared x in the exponent, which gives half of a bell "
        "curve. The decay of the question falls by the same fraction in every further "
        "stretch of x: that is what the first power of x in the exponent does. A straight "
        "line loses the same amount instead and ends below zero, and a bell curve starts "
        "level. Draw the three beside the points, and only one of them follows both the "
        "steep beginning and the long tail. Write the model as it stands: a times "
        "exp(-x/tau).",
    ),
]
