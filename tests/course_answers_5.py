"""Answers to the exercises of module 5: right ones in many forms, wrong ones, crashes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from types import SimpleNamespace

from course_data import Answers
from course_wrong_5 import MORE

__all__ = ["ANSWERS"]

ANSWERS: dict[str, Answers] = {}


def _chi(body: str, before: str = "import numpy as np\n") -> str:
    return f"{before}\ndef chi_squared(x, y, sigma, m, c):\n    {body}\n"


ANSWERS["5A"] = Answers(
    right=[
        _chi("return np.sum(((y - (m*x + c))/sigma)**2)"),
        _chi("return sum(((b - m*a - c)/s)**2 for a, b, s in zip(x, y, sigma))", ""),
        _chi("r = (m*x + c - y)/sigma\n    return r @ r"),
        _chi("return jnp.sum((y - m*x - c)**2/sigma**2)", "import jax.numpy as jnp\n"),
        _chi("return [np.sum((y - c - m*x)**2*sigma**-2.0)]"),
        _chi("t = 0\n    for i in range(len(x)):\n        t += (y[i]-m*x[i]-c)**2/sigma[i]**2\n"
             "    return t"),
        "import numpy as np\nchi_squared = lambda x, y, sigma, m, c: "
        "np.linalg.norm((y - m*x - c)/sigma)**2\n",
    ],
    wrong={
        "Sigma is not used": [
            _chi("return np.sum((y - m*x - c)**2)"),
            _chi("r = y - (m*x + c)\n    return r @ r"),
        ],
        "Sigma stands outside the square": [_chi("return np.sum((y - (m*x + c))**2/sigma)")],
        "The square is missing": [_chi("return np.sum((y - (m*x + c))/sigma)")],
        "Absolute values instead of squares": [
            _chi("return sum(abs((y - (m*x + c))/sigma))"),
        ],
        "The mean instead of the sum": [_chi("return np.mean(((y - m*x - c)/sigma)**2)")],
        "Divided by the degrees of freedom": [
            _chi("return np.sum(((y - m*x - c)/sigma)**2)/(len(x) - 2)"),
        ],
        "A sign is lost in front of c": [_chi("return np.sum(((y - m*x + c)/sigma)**2)")],
        "The terms are not added": [_chi("return ((y - m*x - c)/sigma)**2")],
    },
    other=[_chi("return 0.0"), _chi("return np.sum(((y - m*x - c)*sigma)**2)")],
    crash=_chi("return np.sum(((y - m*x - c)/sigm)**2)"),
)  # fmt: skip


def _line_of(p: SimpleNamespace) -> tuple[Fraction, Fraction]:
    """The best line of 5B in exact fractions."""
    x, y = _table(p)
    mx, my = _mean(x), _mean(y)
    m = _spread(x, y) / _spread(x, x)
    return m, my - m * mx


def _table(p: SimpleNamespace) -> tuple[list[Fraction], list[Fraction]]:
    known = vars(p)
    return tuple([Fraction(str(known[f"{n}{i}"])) for i in range(1, 6)] for n in "xy")  # type: ignore[return-value]


def _texts(*values: float | Fraction, digits: int = 6) -> list[str]:
    return [f"{float(v):.{digits}g}" for v in values]


def _of_line(form: Callable[..., Sequence[float | Fraction]]) -> Callable[..., list[str]]:
    """Wrong answers to 5B from x, y and the right m and c."""
    return lambda p: _texts(*form(*_table(p), *_line_of(p)))


def _mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def _dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((u * v for u, v in zip(a, b, strict=True)), Fraction(0))


def _spread(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return _dot(a, b) - len(a) * _mean(a) * _mean(b)


def _through(m: Fraction, x: Fraction, y: Fraction) -> tuple[Fraction, Fraction]:
    return m, y - m * x


ANSWERS["5B"] = Answers(
    right=[
        lambda p: _texts(*_line_of(p)),
        lambda p: _texts(*_line_of(p), digits=4),
        lambda p: [str(v) for v in _line_of(p)],  # fractions
        lambda p: ", ".join(_texts(*_line_of(p))),
        lambda p: [f"m = {t}" if i == 0 else t for i, t in enumerate(_texts(*_line_of(p)))],
        lambda p: [f"{t}{u}" for t, u in zip(_texts(*_line_of(p)), (" cm/N", "cm"), strict=True)],
    ],
    wrong={
        "m and c are exchanged": [_of_line(lambda x, y, m, c: (c, m))],
        "The line through the first and the last point": [
            _of_line(lambda x, y, m, c: _through((y[4] - y[0]) / (x[4] - x[0]), x[0], y[0])),
        ],
        "The line is forced through zero": [
            _of_line(lambda x, y, m, c: (_dot(x, y) / _dot(x, x), 0)),
        ],
        "The means are not subtracted": [
            _of_line(lambda x, y, m, c: _through(_dot(x, y) / _dot(x, x), _mean(x), _mean(y))),
        ],
        "x and y play each other's part in the sum below": [
            _of_line(lambda x, y, *_: _through(_spread(y, y) / _spread(x, y), _mean(x), _mean(y))),
        ],
        "x as a function of y": [
            _of_line(lambda x, y, *_: _through(_spread(x, y) / _spread(y, y), _mean(y), _mean(x))),
        ],
        "The intercept is the mean of y": [_of_line(lambda x, y, m, c: (m, _mean(y)))],
        "The intercept goes the wrong way": [
            _of_line(lambda x, y, m, c: (m, _mean(y) + m * _mean(x))),
        ],
        "The intercept is taken from the first point": [
            _of_line(lambda x, y, m, c: _through(m, x[0], y[0])),
        ],
    },
    other=[["1", "1"], _of_line(lambda x, y, m, c: (m * 2, c))],
    crash=["0,7", "4"],
)  # fmt: skip


def _errors(first: str, second: str, before: str = "") -> str:
    return (f"import numpy as np\n{before}\ndef standard_errors(x, sigma):\n    n = len(x)\n"
            "    s = np.sum((x - np.mean(x))**2)\n    b = np.mean(x)\n"
            f"    return {first}, {second}\n")  # fmt: skip


_M, _C = "sigma/np.sqrt(s)", "sigma*np.sqrt(1/n + b**2/s)"
ANSWERS["5C"] = Answers(
    right=[
        _errors(_M, _C),
        "import numpy as np\n\ndef standard_errors(x, sigma):\n"
        "    A = np.column_stack([x, np.ones_like(x)])\n"
        "    return sigma*np.sqrt(np.diag(np.linalg.inv(A.T @ A)))\n",
        "from math import sqrt\n\ndef standard_errors(x, sigma):\n    n = len(x)\n"
        "    d = n*sum(a*a for a in x) - sum(x)**2\n"
        "    return [sigma*sqrt(n/d), sigma*sqrt(sum(a*a for a in x)/d)]\n",
        "import jax.numpy as jnp\n\ndef standard_errors(x, sigma):\n    x = jnp.asarray(x)\n"
        "    s = jnp.var(x)*len(x)\n"
        "    return jnp.stack([sigma/jnp.sqrt(s), sigma*jnp.sqrt(jnp.mean(x**2)/s)])\n",
        "import taylored as ty\n\ndef standard_errors(x, sigma):\n"
        "    e = ty.line(x, 0*x + x, sigma=sigma).stderr\n    return e['slope'], e['intercept']\n",
    ],
    wrong={
        "The variances instead of their roots": [
            _errors("sigma**2/s", "sigma**2*(1/n + b**2/s)"),
        ],
        "The two are exchanged": [_errors(_C, _M)],
        "Places are squared without taking away their mean": [
            _errors("sigma/np.sqrt(np.sum(x**2))", "sigma*np.sqrt(1/n + b**2/np.sum(x**2))"),
        ],
        "The intercept gets the error of the mean": [_errors(_M, "sigma/np.sqrt(n)")],
        "Only the lever arm counts for the intercept": [_errors(_M, "b*sigma/np.sqrt(s)")],
        "Errors are added instead of their squares": [
            _errors(_M, "sigma/np.sqrt(n) + b*sigma/np.sqrt(s)"),
        ],
        "The mean square instead of the sum of squares": [
            _errors("sigma/np.std(x)", "sigma*np.sqrt(1/n + b**2/np.var(x))"),
        ],
        "The roots are missing": [_errors("sigma/s", "sigma*(1/n + b**2/s)")],
    },
    other=[_errors("sigma", "sigma"), _errors("1.0", "0.0")],
    crash="def standard_errors(x, sigma):\n    return sigma/0, 1\n",
)


def _tied(p: SimpleNamespace) -> list[float]:
    x = [getattr(p, f"x{i}") for i in range(1, 6)]
    mean = sum(x) / 5
    return [-mean / math.sqrt(sum(a * a for a in x) / 5), mean, p.sigma / math.sqrt(5)]


def _but(index: int, form: Callable[[SimpleNamespace, list[float]], float]) -> Callable:
    """The right answers to 5D with one of them spoilt."""

    def answer(p: SimpleNamespace) -> list[str]:
        values = _tied(p)
        values[index] = form(p, values)
        return _texts(*values)

    return answer


def _s5(p: SimpleNamespace) -> float:
    mean = _tied(p)[1]
    return sum((getattr(p, f"x{i}") - mean) ** 2 for i in range(1, 6))


ANSWERS["5D"] = Answers(
    right=[
        lambda p: _texts(*_tied(p)),
        lambda p: _texts(*_tied(p), digits=4),
        lambda p: " ".join(_texts(*_tied(p))),
        lambda p: [f"{t}{u}" for t, u in zip(_texts(*_tied(p)), ("", " days", " cm"), strict=True)],
        lambda p: [_texts(_tied(p)[0])[0], f"({p.x1}+{p.x2}+{p.x3}+{p.x4}+{p.x5})/5",
                   f"{p.sigma}/sqrt(5)"],
    ],
    wrong={
        "The correlation lost its minus": [
            _but(0, lambda p, v: -v[0]),
            lambda p: _texts(-_tied(p)[0], 1.5, 7),
        ],
        "The covariance instead of the correlation": [
            _but(0, lambda p, v: -v[1] * p.sigma**2 / _s5(p)),
        ],
        "The correlation is squared": [_but(0, lambda p, v: -(v[0] ** 2))],
        "The middle of the range instead of the mean": [_but(1, lambda p, v: (p.x1 + p.x5) / 2)],
        "The median instead of the mean": [_but(1, lambda p, v: p.x3)],
        "The error of the old intercept": [
            _but(2, lambda p, v: p.sigma * math.sqrt(1 / 5 + v[1] ** 2 / _s5(p))),
        ],
        "The error of one measurement": [_but(2, lambda p, v: p.sigma)],
        "Divided by the number of points, not by its root": [_but(2, lambda p, v: p.sigma / 5)],
    },
    other=[["0.1", "0.2", "0.3"], _but(0, lambda p, v: 0.123)],
    crash=["minus one", "2", "3"],
)  # fmt: skip


def _bell(p: SimpleNamespace) -> str:
    return f"{p.a}*exp(-(x-mu)^2/(2*s^2))"


def _columns(first: str, second: str) -> Callable[[SimpleNamespace], list[str]]:
    """Two formulas in which F stands for the bell curve."""
    return lambda p: [t.replace("F", f"({_bell(p)})") for t in (first, second)]


_DMU, _DS = "(x-mu)/s^2*F", "(x-mu)^2/s^3*F"
ANSWERS["5E"] = Answers(
    right=[
        _columns(_DMU, _DS),
        _columns("F*(x - mu)*s**-2", "F*(mu - x)**2/s**3"),
        _columns("-F*(mu-x)/(s*s)", "(x-mu)/s * ((x-mu)/s^2*F)"),
        lambda p: [f"{p.a}(x-mu)/s^2 * e^(-0.5((x-mu)/s)^2)",
                   f"{p.a}*((x-mu)/s)^2/s/exp((x-mu)^2/(2s^2))"],
        lambda p: ["a*(x-mu)/s^2*exp(-(x-mu)^2/(2*s^2))", "a*(x-mu)^2/s^3*exp(-(x-mu)^2/(2*s^2))"],
    ],
    wrong={
        "The two derivatives are exchanged": [_columns(_DS, _DMU)],
        "The first one has the wrong sign: it is the derivative by x": [
            _columns("-(x-mu)/s^2*F", _DS),
        ],
        "The sign of the second one is lost": [_columns(_DMU, "-(x-mu)^2/s^3*F")],
        "The power of s is one too low": [
            _columns(_DMU, "(x-mu)^2/s^2*F"),
            _columns("(x-mu)/s*F", _DS),
        ],
        "The curve itself is missing as a factor": [
            _columns("(x-mu)/s^2", "(x-mu)^2/s^3"),
            _columns("(x-mu)/s^2", _DS),
        ],
        "The factor 2 does not cancel": [
            _columns("(x-mu)/(2*s^2)*F", "(x-mu)^2/(2*s^3)*F"),
            _columns(_DMU, "(x-mu)^2/(2*s^3)*F"),
        ],
        "The factor 2 comes twice": [
            _columns("2*(x-mu)/s^2*F", _DS),
            _columns(_DMU, "2*(x-mu)^2/s^3*F"),
        ],
        "The number in front is forgotten": [
            lambda p: ["(x-mu)/s^2*exp(-(x-mu)^2/(2*s^2))", "(x-mu)^2/s^3*exp(-(x-mu)^2/(2*s^2))"],
        ],
    },
    other=[_columns("F", "F"), _columns("0*x", "1 + 0*x")],
    crash=["(x-mu)/s^2*", "sigma"],
)  # fmt: skip


def _gauss(body: str) -> str:
    return ("import numpy as np\n\ndef step(J, r, sigma):\n    w = 1/sigma**2\n"
            f"    M = J.T @ (w[:, None]*J)\n    b = J.T @ (w*r)\n    {body}\n")  # fmt: skip


ANSWERS["5F"] = Answers(
    right=[
        _gauss("return np.linalg.solve(M, b)"),
        _gauss("return np.linalg.inv(M) @ b"),
        _gauss("W = np.diag(w)\n    return list(np.linalg.solve(J.T @ W @ J, J.T @ W @ r))"),
        "import numpy as np\n\ndef step(J, r, sigma):\n"
        "    return np.linalg.lstsq(J/sigma[:, None], r/sigma, rcond=None)[0][:, None]\n",
        "import jax.numpy as jnp\n\ndef step(J, r, sigma):\n    A = (J.T/sigma).T\n"
        "    return jnp.linalg.pinv(A) @ (r/sigma)\n",
    ],
    wrong={
        "The step goes uphill": [_gauss("return -np.linalg.solve(M, b)")],
        "Sigma is not used": [
            _gauss("return np.linalg.solve(J.T @ J, J.T @ r)"),
            _gauss("return np.linalg.lstsq(J, r, rcond=None)[0]"),
        ],
        "The weights are 1/sigma, not 1/sigma squared": [
            _gauss("W = np.diag(1/sigma)\n    return np.linalg.solve(J.T @ W @ J, J.T @ W @ r)"),
        ],
        "The square of sigma multiplies": [
            _gauss("W = np.diag(sigma**2)\n    return np.linalg.solve(J.T @ W @ J, J.T @ W @ r)"),
        ],
        "The downhill direction without the inverse": [_gauss("return b")],
        "Minus the gradient of chi-squared": [_gauss("return 2*b")],
        "Every parameter for itself": [_gauss("return b/np.diag(M)")],
        "The weights are missing on the left side": [_gauss("return np.linalg.solve(J.T @ J, b)")],
        "One over each entry is not the inverse": [_gauss("return M**-1.0 @ b")],
    },
    other=[_gauss("return np.zeros(J.shape[1])"), _gauss("return 0.5*np.linalg.solve(M, b)")],
    crash=_gauss("return np.linalg.solve(J @ J.T, b)"),
)


def _tyfit(result: str, model: str = "a*exp(-x/tau)", sigma: str = ", sigma=sigma") -> str:
    return ("import numpy as np\nimport taylored as ty\n\ndef fit_decay(x, y, sigma):\n"
            f'    fit = ty.fit("y ~ {model}", {{"x": x, "y": y}}{sigma})\n'
            f"    p, e = fit.params, fit.stderr\n    return {result}\n")  # fmt: skip


def _scipy(result: str, options: str = ", sigma=sigma, absolute_sigma=True") -> str:
    return ("import numpy as np\nfrom scipy.optimize import curve_fit\n\n"
            "def decay(x, a, tau):\n    return a*np.exp(-x/tau)\n\n"
            "def fit_decay(x, y, sigma):\n"
            f"    p, C = curve_fit(decay, x, y, p0=[10.0, 3.0]{options})\n"
            f"    return {result}\n")  # fmt: skip


ANSWERS["5G"] = Answers(
    right=[
        _tyfit('p["a"], p["tau"], e["tau"]'),
        _scipy("[p[0], p[1], C[1, 1]**0.5]"),
        _scipy("np.array([*p, np.sqrt(np.diag(C))[1]])"),
        _tyfit('[p["a"], 1/p["k"], e["k"]/p["k"]**2]', "a*exp(-k*x)"),
        "import numpy as np\n\ndef fit_decay(x, y, sigma):\n    a, t = 1.2*max(y), 3.0\n"
        "    for _ in range(50):\n        f = np.exp(-x/t)\n"
        "        J = np.stack([f, a*f*x/t**2], 1)/sigma[:, None]\n"
        "        C = np.linalg.inv(J.T @ J)\n"
        "        d = np.clip(C @ J.T @ ((y - a*f)/sigma), -1, 1)\n"
        "        a, t = a + d[0], t + d[1]\n"
        "    return a, t, np.sqrt(C[1, 1])\n",
    ],
    wrong={
        "A straight line through the logarithms": [
            "import numpy as np\n\ndef fit_decay(x, y, sigma):\n"
            "    (m, c), C = np.polyfit(x, np.log(y), 1, cov=True)\n"
            "    return np.exp(c), -1/m, np.sqrt(C[0, 0])/m**2\n",
        ],
        "Sigma is not handed over": [
            _tyfit('p["a"], p["tau"], e["tau"]', sigma=""),
            _scipy("p[0], p[1], C[1, 1]**0.5", ""),
        ],
        "The error is scaled by the scatter": [_scipy("p[0], p[1], C[1, 1]**0.5", ", sigma=sigma")],
        "The rate instead of the time": [_tyfit('p["a"], p["k"], e["k"]', "a*exp(-k*x)")],
        "The variance of tau instead of its error": [_scipy("p[0], p[1], C[1, 1]")],
        "Half the width of the 95 % interval": [
            _tyfit('p["a"], p["tau"], 1.96*e["tau"]'),
            _tyfit('p["a"], p["tau"], fit.interval("tau", method="wald-t").width/2'),
        ],
        "The error belongs to a": [_tyfit('p["a"], p["tau"], e["a"]')],
        "a and tau are exchanged": [_tyfit('p["tau"], p["a"], e["tau"]')],
    },
    other=[_tyfit("1.0, 2.0, 3.0"), _tyfit('p["a"], p["tau"], 0.0')],
    crash=_tyfit('p["a"], p["t"], e["t"]'),
)


def _instead(**changes: str) -> Callable[[SimpleNamespace], list[str]]:
    """The right matches of 5H or 5I with some kinds answered otherwise."""
    return lambda p: [str(changes.get(kind, kind)) for kind in p.kinds]


ANSWERS["5H"] = Answers(
    right=[lambda p: list(p.kinds), lambda p: tuple(p.kinds), _instead(), lambda p: [*p.kinds]],
    wrong={
        "Too large and too small are exchanged": [
            _instead(large="small", small="large"),
            _instead(large="small"),
        ],
        "A tiny p is taken for a good sign": [_instead(large="good"), _instead(large="proved")],
        "The smaller chi-squared, the better the fit": [_instead(small="good")],
        "One by construction is taken for a result": [
            _instead(blind="good"),
            _instead(blind="proved"),
        ],
        "By construction, not too large or too small": [_instead(blind="small")],
        "A good p is taken for a proof": [_instead(good="proved")],
        "Chi-squared is compared with 1 instead of its freedom": [_instead(good="large")],
        "A p in the middle is taken for too small misses": [_instead(good="small")],
        "Known sigmas do tell something": [_instead(good="blind"), _instead(large="blind")],
    },
    crash=["good", "", "", ""],
)

ANSWERS["5I"] = Answers(
    right=[lambda p: list(p.kinds), lambda p: tuple(p.kinds), _instead(), lambda p: [*p.kinds]],
    wrong={
        "The order of the signs was not looked at": [_instead(bend="none"), _instead(bend="sigma")],
        "An arch is taken for growing scatter": [_instead(bend="spread")],
        "The largest of many is taken for a wild point": [_instead(none="outlier")],
        "A pattern is seen in plain noise": [_instead(none="bend"), _instead(none="spread")],
        "One wild point is blamed on all of them": [
            _instead(outlier="sigma"),
            _instead(outlier="none"),
        ],
        "The sizes were not looked at": [_instead(sigma="none"), _instead(sigma="outlier")],
        "Large everywhere is not the same as growing": [_instead(sigma="spread")],
        "The change along x was not looked at": [_instead(spread="none"), _instead(spread="bend")],
    },
    crash=["wild", "none", "none", "none", "none"],
)


def _band(line: str, new: str = "np.sqrt(f**2 + sigma**2)") -> str:
    return ("import numpy as np\n\ndef band(x, sigma, x0):\n    n, b = len(x), np.mean(x)\n"
            f"    s = np.sum((x - b)**2)\n    f = {line}\n    return f, {new}\n")  # fmt: skip


_F = "sigma*np.sqrt(1/n + (x0 - b)**2/s)"
ANSWERS["5J"] = Answers(
    right=[
        _band(_F),
        _band("sigma*np.sqrt((1 + (x0 - b)**2/np.var(x))/n)", "np.hypot(f, sigma)"),
        "import numpy as np\n\ndef band(x, sigma, x0):\n"
        "    A = np.column_stack([np.ones_like(x), x])\n"
        "    C = sigma**2*np.linalg.inv(A.T @ A)\n    g = np.array([1.0, x0])\n"
        "    v = g @ C @ g\n    return [v**0.5, (v + sigma**2)**0.5]\n",
        "import jax.numpy as jnp\n\ndef band(x, sigma, x0):\n    x = jnp.asarray(x)\n"
        "    u = x - x.mean()\n    v = sigma**2*(1/x.size + (x0 - x.mean())**2/(u @ u))\n"
        "    return jnp.sqrt(jnp.array([v, v + sigma**2]))\n",
        "import taylored as ty\n\ndef band(x, sigma, x0):\n"
        "    fit = ty.line(x, 2*x, sigma=sigma)\n"
        "    return (fit.predict([x0]).stderr[0],"
        " fit.predict([x0], kind='prediction').stderr[0])\n",
    ],
    wrong={
        "m and c are treated as independent": [
            _band("np.sqrt(sigma**2*(1/n + b**2/s) + x0**2*sigma**2/s)"),
        ],
        "The distance is counted from zero": [_band("sigma*np.sqrt(1/n + x0**2/s)")],
        "The same error everywhere": [_band("sigma/np.sqrt(n)")],
        "Only the slope is uncertain": [_band("sigma/np.sqrt(s)*abs(x0 - b)")],
        "The mean square instead of the sum of squares": [
            _band("sigma*np.sqrt(1/n + (x0 - b)**2/np.var(x))"),
        ],
        "A new point gets the error of the line": [_band(_F, "f")],
        "Errors are added instead of their squares": [_band(_F, "f + sigma")],
        "A new point gets its own error only": [_band(_F, "sigma")],
        "The roots are missing": [
            _band("sigma**2*(1/n + (x0 - b)**2/s)", "f + sigma**2"),
        ],
    },
    other=[_band("0.0", "0.0"), _band(_F, "2*f")],
    crash=_band("sigma*np.sqrt(1/n + (x_0 - b)**2/s)"),
)

ANSWERS |= {
    name: dataclasses.replace(ANSWERS[name], wrong={**ANSWERS[name].wrong, **more})
    for name, more in MORE.items()
}
