"""More wrong answers to the exercises of module 5, by the name of the mistake."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

__all__ = ["MORE"]

_NUMPY = "import numpy as np\n\n"


def _chi(returned: str, line: str = "y - m*x - c") -> str:
    return f"{_NUMPY}def chi_squared(x, y, sigma, m, c):\n    r = {line}\n    return {returned}\n"


_PULLS = "np.sum((r/sigma)**2)"
_A = {
    "Only sigma is squared, not the miss": [_chi("np.sum(r/sigma**2)")],
    "A root is taken at the end": [_chi(f"np.sqrt({_PULLS})")],
    "Sigma multiplies instead of dividing": [_chi("np.sum((r*sigma)**2)")],
    "Added first, squared afterwards": [_chi("np.sum(r/sigma)**2")],
    "The points do not keep their own sigmas": [
        _chi("np.sum(r**2)/np.sum(sigma**2)"),
        _chi("np.sum((r/np.mean(sigma))**2)"),
    ],
    "m and c are exchanged": [_chi(_PULLS, "y - c*x - m")],
    "A part of the line is missing": [_chi(_PULLS, "y - m*x"), _chi(_PULLS, "y - np.mean(y)")],
    "x and y are exchanged": [_chi(_PULLS, "x - m*y - c")],
    "Divided by the values instead of the sigmas": [
        _chi("np.sum(r**2/y)"),
        _chi("np.sum(r**2/(m*x + c))"),
    ],
    "The loop does not add up all points": [
        _chi("sum((r[i]/sigma[i])**2 for i in range(1, len(x)))"),
        _chi("(r[0]/sigma[0])**2"),
    ],
    "The likelihood instead of chi-squared": [_chi(f"np.exp(-{_PULLS}/2)")],
    "Something is taken off the sum": [_chi(f"{_PULLS} - (len(x) - 2)")],
    "Sigma divides only a part of the residual": [_chi("np.sum(r**2)", "y - (m*x + c)/sigma")],
    "The line is put together in another way": [_chi(_PULLS, "y - m*(x + c)")],
    "Squares are subtracted, not values": [_chi("np.sum((y**2 - (m*x + c)**2)/sigma**2)")],
    "Another power than the square": [_chi("np.sum(abs(r/sigma)**3)")],
    "The line was fitted anew": [_chi(_PULLS, "y - np.polyval(np.polyfit(x, y, 1), x)")],
    "The scatter of the misses instead of their squares": [
        _chi("np.var(r/sigma)"),
        _chi("np.std(r/sigma)"),
    ],
    "The fraction stands on its head": [_chi("1/np.sum((r/sigma)**2)")],
    "Sigma is added or subtracted": [_chi("np.sum(r**2 + sigma**2)"), _chi("sum((r - sigma)**2)")],
    "The distance is not the vertical one": [_chi(f"{_PULLS}/(1 + m**2)")],
    "The derivative instead of chi-squared": [_chi("-2*np.sum(r*x/sigma**2)")],
    "The probability of chi-squared instead of its value": [
        "from scipy.stats import chi2\n" + _chi(f"chi2.sf({_PULLS}, len(x) - 2)"),
    ],
    "The coefficient of determination instead": [
        _chi("1 - np.sum(r**2)/np.sum((y - np.mean(y))**2)"),
    ],
    "The sum is multiplied or divided by something": [
        _chi("np.sum((r/(2*sigma))**2)"),
        _chi(f"{_PULLS}*len(x)"),
    ],
}


def _table(p: SimpleNamespace) -> tuple[list[float], list[float]]:
    x, y = ([float(vars(p)[f"{n}{i}"]) for i in range(1, 6)] for n in "xy")
    return x, y


def _line(form: Callable[..., tuple[float, float]]) -> Callable[[SimpleNamespace], list[str]]:
    """An answer to 5B made of the means, Sxx, Sxy, m and c."""

    def answer(p: SimpleNamespace) -> list[str]:
        x, y = _table(p)
        a, b = sum(x) / 5, sum(y) / 5
        sxx = sum((u - a) ** 2 for u in x)
        sxy = sum((u - a) * (v - b) for u, v in zip(x, y, strict=True))
        m = sxy / sxx
        return [f"{v:.6g}" for v in form(a, b, sxx, sxy, m, b - m * a)]

    return answer


def _steps(p: SimpleNamespace) -> list[str]:
    x, y = _table(p)
    m = sum((y[i + 1] - y[i]) / (x[i + 1] - x[i]) for i in range(4)) / 4
    return [f"{m:.6g}", f"{sum(y) / 5 - m * sum(x) / 5:.6g}"]


def _short(p: SimpleNamespace) -> list[str]:
    """The slope with one digit after the point, cut where rounding it changes too little."""
    m, (x, y) = float(_line(lambda a, b, sxx, sxy, m, c: (m, c))(p)[0]), _table(p)
    short = [round(m, 1), math.floor(10 * m) / 10, math.ceil(10 * m) / 10]
    other = float(_steps(p)[0])
    cut = next(v for v in short if abs(v - m) > 0.007 * m and abs(v - other) > 1e-5)
    return [f"{cut:.6g}", f"{sum(y) / 5 - cut * sum(x) / 5:.6g}"]


def _pair(p: SimpleNamespace) -> list[str]:
    """The line through the second and the fourth point."""
    x, y = _table(p)
    m = (y[3] - y[1]) / (x[3] - x[1])
    return [f"{m:.7g}", f"{y[1] - m * x[1]:.7g}"]


_B = {
    "One sum is divided by n, the other by n - 1": [
        _line(lambda a, b, sxx, sxy, m, c: (0.8 * m, b - 0.8 * m * a)),
        _line(lambda a, b, sxx, sxy, m, c: (1.25 * m, b - 1.25 * m * a)),
    ],
    "The line passes through two of the points": [_pair],
    "Begin with the center": [_line(lambda a, b, sxx, sxy, m, c: (1.37 * m, 1.6 * c))],
    "The fraction of the slope stands on its head": [
        _line(lambda a, b, sxx, sxy, m, c: (1 / m, b - a / m)),
        _line(lambda a, b, sxx, sxy, m, c: (1 / m, c)),
    ],
    "The mean of the slopes from point to point": [_steps],
    "The slope is not divided by the sum of squares": [
        _line(lambda a, b, sxx, sxy, m, c: (sxy, b - sxy * a)),
        _line(lambda a, b, sxx, sxy, m, c: (sxy / 4, b - sxy / 4 * a)),
    ],
    "The line joins zero with the center": [_line(lambda a, b, *_: (b / a, 0.0))],
    "The slope was rounded before it was used": [_short],
    "The slope is right, and the line misses the center": [
        _line(lambda a, b, sxx, sxy, m, c: (m, 5 * c)),
        _line(lambda a, b, sxx, sxy, m, c: (m, a - m * b)),
    ],
    "The line goes through the center with a wrong slope": [
        _line(lambda a, b, sxx, sxy, m, c: (0.87 * m, b - 0.87 * m * a)),
    ],
}


def _errors(first: str = "sigma/np.sqrt(s)", second: str = "sigma*np.sqrt(1/n + b**2/s)",
            middle: str = "np.mean(x)", total: str = "np.sum((x - b)**2)") -> str:  # fmt: skip
    return (f"{_NUMPY}def standard_errors(x, sigma):\n    n = len(x)\n    b = {middle}\n"
            f"    s = {total}\n    return {first}, {second}\n")  # fmt: skip


def _of_matrix(returned: str) -> str:
    return (f"{_NUMPY}def standard_errors(x, sigma):\n"
            "    A = np.column_stack([x, np.ones_like(x)])/sigma\n"
            f"    C = np.linalg.inv(A.T @ A)\n    return {returned}\n")  # fmt: skip


_C = {
    "The factor 2 of the Hessian is lost or stands on the wrong side": [
        _errors("sigma*np.sqrt(0.5/s)", "sigma*np.sqrt((1/n + b**2/s)/2)"),
        _of_matrix("np.sqrt(np.diag(C)/2)"),
    ],
    "The mean is not squared, or its place is taken": [
        _errors(second="sigma*np.sqrt(1/n + b/s)"),
        _errors(second="sigma*np.sqrt(1/n + np.mean(x**2)/s)"),
    ],
    "The squared errors are subtracted": [_errors(second="sigma*np.sqrt(abs(1/n - b**2/s))")],
    "Sigma is missing": [
        _errors("1/np.sqrt(s)", "np.sqrt(1/n + b**2/s)"),
        _errors("np.sqrt(sigma/s)", "np.sqrt(sigma*(1/n + b**2/s))"),
    ],
    "The interval instead of the standard error": [_of_matrix("1.96*np.sqrt(np.diag(C))")],
    "Another place than the mean is taken for the middle": [_errors(middle="x[0]")],
    "Each error is found as if the other parameter were known": [
        _of_matrix("1/np.sqrt(np.diag(A.T @ A))"),
    ],
    "The whole matrix instead of two numbers": [_of_matrix("C")],
    "The sum of squares is another one": [_errors(total="np.sum(abs(x - b))")],
    "The two are off by the same factor": [
        _errors("sigma/np.sqrt(s)*n/7.3", "sigma*np.sqrt(1/n + b**2/s)*n/7.3"),
    ],
    "The slope is right, the intercept is not": [_errors(second="sigma*(b + 1/n)/s")],
    "The intercept is right, the slope is not": [_errors("sigma/np.sqrt(s*n)")],
    "The number of points stands in the wrong place": [
        _errors(second="sigma*np.sqrt(np.sum(x**2)/s)"),
        _errors(second="sigma*np.sqrt(1/(n - 2) + b**2/s)"),
    ],
    "The line is carried over another distance than the mean": [
        _errors(second="sigma*np.sqrt(1/n + x[-1]**2/s)"),
    ],
    "The fraction stands on its head": [_errors("sigma*np.sqrt(s)")],
}


def _days(p: SimpleNamespace) -> tuple[float, float, float]:
    """The mean, the mean square, and the sum of squares about the mean."""
    x = [float(vars(p)[f"x{i}"]) for i in range(1, 6)]
    mean, square = sum(x) / 5, sum(v * v for v in x) / 5
    return mean, square, 5 * (square - mean**2)


def _three(at: int, form: Callable[..., float]) -> Callable[[SimpleNamespace], list[str]]:
    """The answers to 5D with one that is made of sigma, mean, mean square and sum of squares."""

    def answer(p: SimpleNamespace) -> list[str]:
        mean, square, spread = _days(p)
        values = [-mean / math.sqrt(square), mean, p.sigma / math.sqrt(5)]
        values[at] = form(p.sigma, mean, square, spread)
        return [f"{v:.6g}" for v in values]

    return answer


_D = {
    "The root of the sum of squares, not of their mean": [
        _three(0, lambda s, mean, square, spread: -mean / math.sqrt(5 * square)),
    ],
    "The root of the mean square is another number": [
        _three(0, lambda s, mean, square, spread: -mean / square),
        _three(0, lambda s, mean, square, spread: -mean / math.sqrt(spread / 5)),
    ],
    "The correlation after the shift": [_three(0, lambda *_: 0.0)],
    "The mean is rounded to a whole day": [_three(1, lambda s, mean, *_: round(mean))],
    "The scatter of the days instead of sigma": [
        _three(2, lambda s, mean, square, spread: math.sqrt(spread / 20)),
    ],
    "The error of the slope": [_three(2, lambda s, m, q, spread: s / math.sqrt(spread))],
    "The number of points minus one or two": [
        _three(2, lambda s, *_: s / 2),
        _three(2, lambda s, *_: s / math.sqrt(3)),
    ],
    "The variance instead of its root": [_three(2, lambda s, *_: s * s / 5)],
    "The interval instead of the standard error": [
        _three(2, lambda s, *_: 1.96 * s / math.sqrt(5)),
    ],
    "The new beginning is not the mean day": [_three(1, lambda *_: 1.0)],
    "The correlation is not that of the lesson": [_three(0, lambda *_: -0.31)],
    "The intercept in the middle is a mean": [_three(2, lambda s, *_: s * math.sqrt(5))],
}


def _bell(first: str = "(x-mu)/s^2*F", second: str = "(x-mu)^2/s^3*F",
          power: str = "-(x-mu)^2/(2*s^2)") -> Callable[[SimpleNamespace], list[str]]:  # fmt: skip
    return lambda p: [t.replace("F", f"({p.a}*exp({power}))") for t in (first, second)]


_E = {
    "The slope of the exponent is missing": [_bell("F", "F"), _bell(second="F")],
    "The power of the distance is not right": [
        _bell("(x-mu)^2/s^2*F"),
        _bell(second="(x-mu)/s^3*F"),
    ],
    "The power of s is not right": [_bell("(x-mu)*F"), _bell(second="(x-mu)^2/s^4*F")],
    "One over the derivative is not the derivative of one over": [
        _bell(second="-(x-mu)^2/(4*s)*F"),
    ],
    "The derivative by s squared instead of s": [_bell(second="(x-mu)^2/(2*s^4)*F")],
    "The power rule is used on the exponential": [
        _bell("-(x-mu)^2/(2*s^2)*F*exp(-1)"),
    ],
    "The exponent has lost its minus": [
        _bell(power="(x-mu)^2/(2*s^2)"),
        _bell(power="(-(x-mu))^2/(2*s^2)"),
    ],
    "The exponential holds the slope of the exponent": [
        lambda p: [f"{p.a}*exp((x-mu)/s^2)", f"{p.a}*exp((x-mu)^2/s^3)"],
    ],
    "A factor in front that the question does not have": [
        _bell(second="((x-mu)^2/s^3 - 1/s)*F"),
    ],
    "It was differentiated twice": [_bell("((x-mu)^2/s^4 - 1/s^2)*F")],
    "The parentheses of the difference are lost": [
        _bell("F*x-mu/s^2"),
        _bell(power="-(x-mu^2)/(2*s^2)"),
    ],
}


def _gauss(returned: str) -> str:
    return (f"{_NUMPY}def step(J, r, sigma):\n    W = np.diag(1/sigma**2)\n"
            "    M = J.T @ W @ J\n"
            "    b = J.T @ W @ r\n    d = np.linalg.solve(M, b)\n"
            f"    return {returned}\n")  # fmt: skip


_F = {
    "The weights have another power of sigma": [
        _gauss("np.linalg.lstsq(W @ J, W @ r, rcond=None)[0]"),
    ],
    "The weights stand on one side only": [
        _gauss("np.linalg.solve(M, J.T @ r)"),
        _gauss("np.linalg.lstsq(J/sigma[:, None], r, rcond=None)[0]"),
    ],
    "Multiplied by the matrix instead of its inverse": [_gauss("M @ b")],
    "Something is added to the diagonal": [
        _gauss("np.linalg.solve(M + np.eye(len(b)), b)"),
        _gauss("np.linalg.solve(M + 0.01*np.diag(np.diag(M)), b)"),
    ],
    "Downhill, but not to the bottom": [_gauss("b*(b @ b)/(b @ M @ b)")],
    "The change of the model instead of the step": [_gauss("J @ d"), _gauss("r - J @ d")],
    "The uncertainty instead of the step": [_gauss("np.sqrt(np.diag(np.linalg.inv(M)))")],
    "One number for all parameters": [_gauss("np.linalg.norm(d)"), _gauss("np.sum(d)")],
    "Chi-squared still slopes where the step ends": [_gauss("d + 0.1*np.arange(len(d)) + 0.03")],
    "The step has the right direction and a wrong length": [
        _gauss("d/len(r)"),
        _gauss("d/np.linalg.norm(d)"),
    ],
    "Only a half of the matrix is used": [
        _gauss("np.linalg.solve(np.triu(M), b)"),
        _gauss("np.linalg.solve(np.tril(M), b)"),
    ],
    "The residuals have lost their signs": [
        _gauss("np.linalg.solve(M, J.T @ W @ abs(r))"),
        _gauss("np.linalg.solve(M, J.T @ W @ r**2)"),
    ],
    "Only as many points as parameters are used": [
        _gauss("np.linalg.solve(J[:len(b)], r[:len(b)])"),
    ],
    "A mean is taken away, or a constant added": [
        _gauss("np.linalg.solve(M, J.T @ W @ (r - np.mean(r)))"),
    ],
}


def _fit(returned: str, model: str = "a*exp(-x/tau)", sigma: str = "sigma") -> str:
    return (f"{_NUMPY}import taylored as ty\n\ndef fit_decay(x, y, sigma):\n"
            f'    fit = ty.fit("y ~ {model}", {{"x": x, "y": y}}, sigma={sigma})\n'
            f"    p, e = fit.params, fit.stderr\n    return {returned}\n")  # fmt: skip


_BOTH = 'p["a"], p["tau"]'
_COLUMN = 'np.linalg.norm(p["a"]*x/p["tau"]**2*np.exp(-x/p["tau"])/sigma)'
_G = {
    "The sigmas come in with another power": [
        _fit(f'{_BOTH}, e["tau"]', sigma="sigma**2"),
        _fit(f'{_BOTH}, e["tau"]', sigma="1/sigma"),
    ],
    "The model has one parameter too many": [_fit(f'{_BOTH}, e["tau"]', "a*exp(-x/tau) + c")],
    "The half-life instead of tau": [_fit('p["a"], p["tau"]*np.log(2), e["tau"]*np.log(2)')],
    "The error of tau with a held still": [_fit(f"{_BOTH}, 1/{_COLUMN}")],
    "A factor 2 of the Hessian is left": [_fit(f'{_BOTH}, e["tau"]/np.sqrt(2)')],
    "The curve is right, the error of tau is not": [
        _fit(f'{_BOTH}, e["tau"]*0.37'),
        _fit(f'{_BOTH}, e["a"]*e["tau"]'),
    ],
    "The curve is not the one with the least chi-squared": [
        _fit('p["a"]*0.9, p["tau"]*1.1, e["tau"]'),
    ],
    "The measured values decide the weights": [_fit(f'{_BOTH}, e["tau"]', sigma="sigma*y")],
    "The error still belongs to the rate": [_fit(f'{_BOTH}, e["tau"]/p["tau"]**2')],
    "One over the error of the rate is not the error of tau": [
        _fit(f'{_BOTH}, p["tau"]**2/e["tau"]'),
    ],
    "The entry beside the diagonal": [
        f"{_NUMPY}from scipy.optimize import curve_fit\n\ndef fit_decay(x, y, sigma):\n"
        "    f = lambda x, a, tau: a*np.exp(-x/tau)\n"
        "    p, C = curve_fit(f, x, y, [10, 3], sigma, True)\n    return p[0], p[1], C[0, 1]\n",
    ],
    "The relative error instead of the standard error": [
        _fit(f'{_BOTH}, e["tau"]/p["tau"]'),
        _fit(f'{_BOTH}, 100*e["tau"]/p["tau"]'),
    ],
    "Divided by the root of the number of points": [_fit(f'{_BOTH}, e["tau"]/np.sqrt(len(x))')],
    "The scatter of the points instead of the error of tau": [
        _fit(f'{_BOTH}, np.std(y - p["a"]*np.exp(-x/p["tau"]))'),
    ],
    "Another base than e": [_fit(f'{_BOTH}, e["tau"]', "a*exp(-2.302585093*x/tau)")],
    "The height is not that at x = 0": [
        _fit('p["a"]*np.exp(-x[0]/p["tau"]), p["tau"], e["tau"]'),
        _fit('np.log(p["a"]), p["tau"], e["tau"]'),
    ],
    "The curve was tied to single points": [
        _fit('y[0], p["tau"], e["tau"]'),
        _fit("y[0]*np.exp(x[0]/t), t, t/10").replace(
            "    return", "    t = (x[-1] - x[0])/np.log(y[0]/y[-1])\n    return"
        ),
    ],
    "Another curve than the exponential": [_fit(f'{_BOTH}, e["tau"]', "a*exp(-x**2/tau**2)")],
}


def _band(line: str = "sigma*np.sqrt(1/n + (x0 - b)**2/s)", new: str = "np.sqrt(f**2 + sigma**2)",
          middle: str = "np.mean(x)", total: str = "np.sum((x - b)**2)") -> str:  # fmt: skip
    return (f"{_NUMPY}def band(x, sigma, x0):\n    n, b = len(x), {middle}\n    s = {total}\n"
            f"    f = {line}\n    return f, {new}\n")  # fmt: skip


def _of_both(line: str) -> str:
    return (f"{_NUMPY}def band(x, sigma, x0):\n"
            "    A = np.column_stack([np.ones_like(x), x])/sigma\n"
            f"    M = A.T @ A\n    C, g = np.linalg.inv(M), np.array([1, x0])\n"
            f"    f = np.sqrt({line})\n    return f, np.hypot(f, sigma)\n")  # fmt: skip


_J = {
    "The gradient and the covariance matrix are in different orders": [
        _band("sigma*np.sqrt([x0, 1] @ np.linalg.inv([[n, n*b], [n*b, s + n*b*b]]) @ [x0, 1])"),
        _of_both("g[::-1] @ C @ g[::-1]"),
    ],
    "The two are exchanged": [
        _band("sigma*np.sqrt(1/n + (x0 - b)**2/s)", "f").replace(
            "return f", "return np.hypot(f, sigma)"
        )
    ],
    "The sum of squares is not counted from the mean": [
        _band(total="np.sum(x**2)"),
        _band(total="np.sum((x - x0)**2)"),
    ],
    "Another place than the mean is taken for the middle": [_band(middle="x[0]")],
    "Sigma is missing, or comes in otherwise": [_band("np.sqrt(1/n + (x0 - b)**2/s)")],
    "The interval instead of the standard error": [
        _band(new="1.96*np.sqrt(f**2 + sigma**2)"),
        _band("1.96*sigma*np.sqrt(1/n + (x0 - b)**2/s)"),
    ],
    "The term with the covariance is not right": [
        _of_both("C[0, 0] + x0**2*C[1, 1] + x0*C[0, 1]"),
    ],
    "The matrix was not inverted": [_of_both("g @ M @ g")],
    "The number of points minus two": [_band("sigma*np.sqrt(1/(n - 2) + (x0 - b)**2/s)")],
    "The squares of the distances are missing": [
        _band("sigma*(np.sqrt(1/n) + abs(x0 - b)/np.sqrt(s))"),
    ],
    "The second number follows, the first is wrong": [_band("sigma*(1/n + x0*b/s)")],
    "The first number is right, the second is not": [_band(new="f**1.5 + sigma")],
    "The new measurement is already in the first number": [
        _band("sigma*np.sqrt(1 + 1/n + (x0 - b)**2/s)"),
        _band("sigma*np.sqrt(1 + 1/n + (x0 - b)**2/s)", "f"),
    ],
    "A fraction is turned, or a product stands for a sum": [
        _band("sigma*np.sqrt(1/n + s/(x0 - b)**2)"),
    ],
    "The first term is not one over n": [
        _band("sigma*np.sqrt(1/np.sqrt(n) + (x0 - b)**2/s)"),
        _band("sigma*np.sqrt(1 + (x0 - b)**2/s)/n"),
    ],
    "The squared errors are subtracted": [
        _band("sigma*np.sqrt(abs(1/n - (x0 - b)**2/s))"),
        _band(new="np.sqrt(abs(f**2 - sigma**2))"),
    ],
    "The new place is counted as a measured point": [
        _band().replace("    n, b", "    x = np.append(x, x0)\n    n, b"),
    ],
    "The two errors are not put together by their squares": [
        _band(new="np.sqrt(f + sigma)"),
        _band(new="max(f, sigma)"),
    ],
    "The new measurement brings sigma squared, once": [
        _band(new="np.sqrt(f**2 + sigma**2/n)"),
        _band(new="np.sqrt(f**2 + 2*sigma**2)"),
    ],
}

MORE: dict[str, dict[str, list[Any]]] = {
    "5A": _A, "5B": _B, "5C": _C, "5D": _D, "5E": _E, "5F": _F, "5G": _G, "5J": _J,
}  # fmt: skip
