"""Answers to the exercises of module 3: right ones in many forms, wrong ones, crashes."""

from __future__ import annotations

import math
from typing import Any

from course_data import Answers, with_more
from course_more_3 import WRONG

__all__ = ["ANSWERS"]

ANSWERS: dict[str, Answers] = {}


def _worst(p: Any) -> float:
    """The largest error of 3D, at the right end."""
    return math.exp(p.r) - sum(p.r**k / math.factorial(k) for k in range(p.n + 1))


ANSWERS["3A"] = Answers(
    right=[
        ["cap", "cup", "rise", "wave"],
        ("cap", "cup", "rise", "wave"),
        lambda p: ["cap", "cup", "rise", "wave"],
        lambda p: ("cap", "cup", "rise", "wave"),
    ],
    wrong={
        "Rising and falling are exchanged": [["cap", "cup", "fall", "against"]],
        "One graph is used twice": [["cap", "cap", "rise", "wave"], ["cup"] * 4],
        "The height at zero does not fit": [
            ["wave", "cup", "rise", "cap"],
            ["cap", "wave", "rise", "cup"],
        ],
        "The slope at zero does not fit": [
            ["cap", "cup", "fall", "wave"],
            ["cap", "cup", "rise", "against"],
            ["rise", "cup", "cap", "wave"],
        ],
        "The bend at zero does not fit": [["cup", "cap", "rise", "wave"]],
    },
    crash=["cap", "cup", "rise", ""],
)

ANSWERS["3B"] = Answers(
    right=[
        lambda p: f"T_3 = 1 - {p.a}x + ({p.a**2}/2)x² - \\frac{{{p.a**3}}}{{3!}}x^{{3}}",
        lambda p: f"1 + (-{p.a}x) + (-{p.a}x)^2/2! + (-{p.a}x)^3/3!",
        lambda p: f"f(x) ≈ 1 − {p.a}·x + {p.a**2 / 2}x^2 − {p.a**3 / 6:.4f}x^3",
        lambda p: f"1 - {p.a}x(1 - {p.a}x/2(1 - {p.a}x/3))",
        lambda p: f"1 - {p.a}*x + {p.a**2}*x^2/2 - {p.a**3}*x^3/6",
        "1 - a*x + a^2/2*x^2 - a^3/6*x^3",
        lambda p: f"T_3(x) = 1 + (-{p.a}x) + (-{p.a}x)^2/2 + (-{p.a}x)**3/6",
        "1 - a*x*(1 - a*x/2*(1 - a*x/3))",
        lambda p: [f"-{p.a**3 / 6!r}*x**3 + {p.a**2 / 2!r}*x**2 - {p.a}*x + 1.0"],
    ],
    wrong={
        "The factorials are missing": [
            lambda p: f"1 - {p.a}*x + {p.a**2}*x^2 - {p.a**3}*x^3",
        ],
        "Divided by the number of the term, not by its factorial": [
            lambda p: f"1 - {p.a}*x + {p.a**2}*x^2/2 - {p.a**3}*x^3/3",
        ],
        "The factor inside is not raised to the power": [
            lambda p: f"1 - {p.a}*x + {p.a}*x^2/2 - {p.a}*x^3/6",
        ],
        "The signs do not alternate": [
            lambda p: f"1 + {p.a}*x + {p.a**2}*x^2/2 + {p.a**3}*x^3/6",
        ],
        "All terms after the first have a minus": [
            lambda p: f"1 - {p.a}*x - {p.a**2}*x^2/2 - {p.a**3}*x^3/6",
        ],
        "The sign of the last term is wrong": ["1 - a*x + a^2*x^2/2 + a^3*x^3/6"],
        "The constant is missing": ["-a*x + a^2*x^2/2 - a^3*x^3/6"],
        "The factor inside is missing": ["1 - x + x^2/2 - x^3/6"],
        "The derivatives are not taken at zero": [
            "exp(-a*x)*(1 - a*x + a^2*x^2/2 - a^3*x^3/6)",
        ],
        "The answer is the function itself": ["exp(-a*x)", "e^(-a*x)"],
        "The last term is missing": [lambda p: f"1 - {p.a}*x + {p.a**2}*x^2/2"],
        "There is one term too many": ["1 - a*x + a^2*x^2/2 - a^3*x^3/6 + a^4*x^4/24"],
        "Number and sign of the exponent are both missing": ["1 + x + x²/2 + x³/6"],
        "The x are left out": ["1 - a + a^2/2 - a^3/6"],
        "The power of the number is taken as a product": ["1 - a x + 2a x^2/2 - 3a x^3/3!"],
        "That is the derivative of the polynomial": ["-a + a^2 x - a^3 x^2/2"],
        "The signs alternate from the wrong term on": ["1 + a x - a²x²/2 + a³x³/6"],
        "Factorials and signs are both missing": ["1 + a x + a²x² + a³x³"],
        "The answer is no polynomial in x": ["1/(2 + a*x)", "1 - a*x + exp(x)"],
        "The constant does not fit": ["2 - a*x + a²x²/2 - a³x³/6", "a - a*x"],
        "The coefficient of x does not fit": ["1 - 9.7x + a²x²/2 - a³x³/6"],
        "The coefficient of the square does not fit": ["1 - a*x + 7.7x² - a³x³/24"],
        "The coefficient of the cube does not fit": ["1 - a*x + a²x²/2 - 7.7x³"],
        "There are terms beyond the cube": ["1 - a*x + a²x²/2 - a³x³/6 + x⁴"],
    },
    other=["x", "0", "1 - a*x + a^3*x^3/6", "a*x"],
    crash="1 - a*y",
)

ANSWERS["3C"] = Answers(
    right=[
        lambda p: f"ln {p.a} + [x-{p.a}]/{p.a} - ½((x−{p.a})/{p.a})²",
        lambda p: f"ln{p.a} + {p.a}^-1 (x-{p.a}) - {p.a}^-2/2! (x-{p.a})^2",
        lambda p: f"{math.log(p.a):.4f} + {1 / p.a:.5f}(x-{p.a}) - {0.5 / p.a**2:.5f}(x-{p.a})²",
        lambda p: f"log({p.a}) + (x-{p.a})/{p.a} - (x-{p.a})^2/{2 * p.a**2}",
        "log(a) + (x-a)/a - ((x-a)/a)^2/2",
        lambda p: f"T(x) = ln({p.a}) + 1/{p.a}*(x-{p.a}) - 1/2*1/{p.a}**2*(x-{p.a})**2"
        .replace("ln", "log"),
        lambda p: f"log({p.a}) - 3/2 + 2x/{p.a} - x^2/(2*{p.a}^2)",
        "log(a) + (x/a-1)*(1 - (x/a-1)/2)",
    ],
    wrong={
        "Powers of x instead of powers of the step": [
            lambda p: f"log({p.a}) + x/{p.a} - x^2/{2 * p.a**2}",
        ],
        "The half is missing": [lambda p: f"log({p.a}) + (x-{p.a})/{p.a} - (x-{p.a})^2/{p.a**2}"],
        "The sign of the square is wrong": ["log(a) + (x-a)/a + (x-a)^2/(2*a^2)"],
        "The derivatives are not taken at the center": ["log(x) + (x-a)/x - (x-a)^2/(2*x^2)"],
        "It is the series about 1": ["(x-1) - (x-1)^2/2"],
        "The constant is missing": ["(x-a)/a - (x-a)^2/(2*a^2)"],
        "The second derivative is not squared": ["log(a) + (x-a)/a - (x-a)^2/(2*a)"],
        "It stops at the first order": ["log(a) + (x-a)/a"],
        "There is one term too many": [
            "log(a) + (x-a)/a - (x-a)^2/(2*a^2) + (x-a)^3/(3*a^3)",
        ],
        "The step is not x minus the center": [
            "log(a) + (a-x)/a - (a-x)^2/(2*a^2)",
            "log(a) + (x+a)/a - (x+a)^2/(2*a^2)",
        ],
        "The answer is the function itself": ["log(x)", "ln x"],
        "The logarithm is not the natural one": ["log10(a) + (x-a)/a - (x-a)^2/(2a²)"],
        "The center stands where its logarithm belongs": ["a + (x-a)/a - (x-a)^2/(2a²)"],
        "The logarithm of the center is taken to be 1": ["1 + (x-a)/a - (x-a)^2/(2a²)"],
        "Only some of the derivatives are taken at the center": [
            "log(x) + (x-a)/a - (x-a)^2/(2a²)",
            "log(a) + (x-a)/x - (x-a)^2/(2x²)",
        ],
        "The slope is turned upside down": ["log(a) + a(x-a) - a²(x-a)²/2"],
        "The square of the step is lost": ["log(a) + (x-a)/a - (x-a)/(2a²)"],
        "The steps are left out": ["log(a) + 1/a - 1/(2a²)"],
        "The answer is no polynomial in x": ["log(a) + x/(a+x)"],
        "The height at the center does not fit": ["log(a) + 0.77 + (x-a)/a - (x-a)²/(2a²)"],
        "The slope at the center does not fit": ["log(a) + 0.77(x-a) - (x-a)²/(2a²)"],
        "The bend at the center does not fit": ["log(a) + (x-a)/a + 0.77(x-a)²"],
        "There are terms beyond the square": ["log(a) + (x-a)/a - (x-a)²/(2a²) + (x-a)^3"],
    },
    other=["log(a)", "x/a"],
    crash="log(a) + (x-a/a",
)  # fmt: skip

ANSWERS["3D"] = Answers(
    right=[
        lambda p: f"|R| ≤ e^{p.r}·{p.r}^{p.n + 1}/{p.n + 1}!",
        lambda p: f"{1.2e5 * _worst(p):.3f}x10^-5",
        lambda p: f"exp({p.r})*{p.r}^{p.n + 1}/{math.factorial(p.n + 1)}",
        lambda p: math.exp(p.r) * p.r ** (p.n + 1) / math.factorial(p.n + 1),
        lambda p: f"2*{p.r}**{p.n + 1}/{math.factorial(p.n + 1)}",
        lambda p: f"{1.05 * _worst(p):.3g}",
        lambda p: f"{9 * _worst(p):.3g}",
        lambda p: f"e^{p.r} * {p.r}^{p.n + 1} / {math.factorial(p.n + 1)}",
    ],
    wrong={
        "The derivative is taken at the center": [
            lambda p: f"{p.r}^{p.n + 1}/{math.factorial(p.n + 1)}",
            lambda p: f"{p.r ** (p.n + 1) / math.factorial(p.n + 1):.3g}",
        ],
        "The derivative is taken at the wrong end": [
            lambda p: f"exp(-{p.r})*{p.r}^{p.n + 1}/{math.factorial(p.n + 1)}",
        ],
        "The factorial is missing": [lambda p: f"exp({p.r})*{p.r}^{p.n + 1}"],
        "It is the last term that was kept": [
            lambda p: f"exp({p.r})*{p.r}^{p.n}/{math.factorial(p.n)}",
        ],
        "Only the derivative is bounded": [lambda p: f"exp({p.r})"],
        "A bound is not negative": ["-0.001", "0"],
        "The bound is too small": ["1e-9"],
        "The bound is too loose": ["10", lambda p: f"{30 * _worst(p)}"],
        "The order stands where its factorial belongs": [
            lambda p: f"exp({p.r})*{p.r}^{p.n + 1}/{p.n + 1}",
        ],
        "The distance has lost its power": [
            lambda p: f"exp({p.r})/{p.n + 1}!",
            lambda p: f"e^{p.r}*{p.r}/{p.n + 1}!",
        ],
        "Power and factorial do not go together": [
            lambda p: f"exp({p.r})*{p.r}^{p.n + 1}/{p.n + 2}!",
        ],
        "The fraction is upside down": [lambda p: f"{p.n + 1}!/{p.r}^{p.n + 1}"],
    },
    crash="exp(r",
)

ANSWERS["3E"] = Answers(
    right=[
        lambda p: f"√(({p.a} − ({p.c}))² + {p.b}²)",
        lambda p: f"|x| < {math.hypot(p.a - p.c, p.b):.4g}",
        lambda p: f"sqrt({(p.a - p.c) ** 2 + p.b**2})",
        lambda p: f"{math.hypot(p.a - p.c, p.b):.3f}",
        lambda p: math.hypot(p.a - p.c, p.b),
        lambda p: f"R = (({p.a}-({p.c}))^2 + {p.b}**2)^0.5",
        lambda p: f"sqrt((a-({p.c}))^2 + {p.b}^2)".replace("a", str(p.a)),
    ],
    wrong={
        "The distance is measured from zero": [lambda p: f"sqrt({p.t})"],
        "Only the real part of the distance is taken": [lambda p: f"{abs(p.a - p.c)}"],
        "Only the imaginary part of the distance is taken": [lambda p: f"{p.b}"],
        "The two parts are added": [lambda p: f"{abs(p.a - p.c)} + {p.b}"],
        "The root has not been drawn": [lambda p: f"{(p.a - p.c) ** 2 + p.b**2}"],
        "The height of the pole was not drawn from its square": [
            lambda p: f"sqrt({(p.a - p.c) ** 2 + p.b**4})",
        ],
        "The diameter instead of the radius": [lambda p: f"2*sqrt({(p.a - p.c) ** 2 + p.b**2})"],
        "The real part of the poles is twice too large": [
            lambda p: f"sqrt({(2 * p.a - p.c) ** 2 + p.b**2})",
        ],
        "The imaginary part is twice too large": [
            lambda p: f"sqrt({(p.a - p.c) ** 2 + 4 * p.b**2})",
        ],
        "The poles are twice too far out": [
            lambda p: f"sqrt({(2 * p.a - p.c) ** 2 + 4 * p.b**2})",
        ],
        "The term with x is ignored": [lambda p: f"{abs(p.c - math.sqrt(p.t))}"],
        "The poles are mirrored, or the center is": [
            lambda p: f"sqrt({(p.a + p.c) ** 2 + p.b**2})"
        ],
        "A smooth curve is taken for a series that converges everywhere": ["infinity", "∞"],
        "The center's own distance from zero is taken": [lambda p: f"{abs(p.c)}"],
        "The last number of the denominator is taken": [lambda p: f"{p.t}"],
        "The radius is not always 1": ["1"],
        "The square of the height is subtracted": [
            lambda p: f"sqrt(abs({(p.a - p.c) ** 2} - {p.b**2}))",
        ],
        "The two parts are subtracted": [lambda p: f"|{abs(p.a - p.c)} - {p.b}|"],
        "The end of the interval is taken for the radius": [
            lambda p: f"{abs(p.c + math.hypot(p.a - p.c, p.b)):.3f}",
        ],
        "A sign under the root has made the poles real": [
            lambda p: f"{min(abs(p.a + k * math.sqrt(p.a**2 + p.t) - p.c) for k in (1, -1)):.4f}",
        ],
        "The disc does not reach to the nearest pole": ["0.013"],
        "The disc would contain a pole": ["1234"],
    },
    other=["1e-9", "-1"],
    crash="a lot",
)

_SPECIAL = ("all", "disc", "ends", "none", "other")


def _with(**changed: str) -> list[str]:
    """The right answer to 3F with some items changed."""
    names = ("exponential", "bump", "polynomial", "corner", "flat")
    return [changed.get(n, r) for n, r in zip(names, _SPECIAL, strict=True)]


ANSWERS["3F"] = Answers(
    right=[_with(), list(_SPECIAL), _SPECIAL, lambda p: list(_SPECIAL)],
    wrong={
        "Smooth on the line is taken for convergent everywhere": [
            _with(bump="all"),
            _with(bump="all", exponential="disc"),
        ],
        "A convergent series is taken for a right one": [_with(flat="all")],
        "The flat function is misjudged": [
            _with(flat="none"),
            _with(flat="ends"),
            _with(flat="none", corner="other"),
        ],
        "A polynomial is its own series": [_with(polynomial="all"), _with(polynomial="disc")],
        "The higher derivatives at zero have not been looked at": [
            _with(corner="ends"),
            _with(corner="all"),
        ],
        "The exponential function never fails": [_with(exponential="disc")],
        "The disc of the fraction is not seen": [_with(bump="none"), _with(bump="ends")],
    },
    crash=["all", "disc"],
)


def _order(body: str, before: str = "from math import log, log2, log10\n") -> str:
    return f"{before}\ndef order(h1, e1, h2, e2):\n    {body}\n"


ANSWERS["3G"] = Answers(
    right=[
        _order("return log(e1 / e2) / log(h1 / h2)"),
        _order("return (log10(e2) - log10(e1)) / (log10(h2) - log10(h1))"),
        _order("return [np.log(e1 / e2) / np.log(h1 / h2)]", "import numpy as np\n"),
        _order("return jnp.log2(e2 / e1) / jnp.log2(h2 / h1)", "import jax.numpy as jnp\n"),
        _order(
            "return np.polyfit(np.log([h1, h2]), np.log([e1, e2]), 1)[0]", "import numpy as np\n"
        ),
        _order("return log(e1 / e2, h1 / h2)"),
        "import numpy as np\norder = lambda h1, e1, h2, e2: -np.log(e1/e2)/np.log(h2/h1)\n",
    ],
    wrong={
        "The steps are taken for one half of each other": [
            _order("return log2(e1 / e2)"),
            _order("return log(e1 / e2) / log(2)"),
        ],
        "The unknown constant has not been removed": [_order("return log(e2) / log(h2)")],
        "The unknown constant has not been removed from the first error": [
            _order("return log(e1) / log(h1)"),
        ],
        "Slope on plain paper": [_order("return (e1 - e2) / (h1 - h2)")],
        "Quotients without logarithms": [_order("return (e1 / e2) / (h1 / h2)")],
        "Logarithms of differences": [_order("return log(abs(e1 - e2)) / log(abs(h1 - h2))")],
        "Quotients of logarithms": [
            _order("return (log(e1) / log(e2)) / (log(h1) / log(h2))"),
        ],
        "The quotient is upside down": [_order("return log(h1 / h2) / log(e1 / e2)")],
        "The order is negative": [
            _order("return log(e1 / e2) / log(h2 / h1)"),
            _order("return log(e2 / e1) / log(h1 / h2)"),
        ],
        "It is rounded to a whole number": [_order("return round(log(e1 / e2) / log(h1 / h2))")],
        "The steps do not enter": [_order("return log(e1 / e2)"), _order("return e1 / e2")],
        "Only the errors have a logarithm": [
            _order("return log(e1 / e2) / (h1 / h2)"),
            _order("return (log(e1) - log(e2)) / (h1 - h2)"),
        ],
        "Logarithms are subtracted where they should be divided": [
            _order("return log(e1 / e2) - log(h1 / h2)"),
            _order("return log((e1 / e2) / (h1 / h2))"),
        ],
        "The parentheses around the differences are missing": [
            _order("return log(e1) - log(e2) / log(h1) - log(h2)"),
        ],
        "One is added or taken away at the end": [
            _order("return log(e1 / e2) / log(h1 / h2) - 1"),
            _order("return log((e1 / h1) / (e2 / h2)) / log(h1 / h2)"),
        ],
        "Each error is compared with its own step": [_order("return log(e1 / h1) / log(e2 / h2)")],
        "It is cut to a whole number": [_order("return int(log(e1 / e2) / log(h1 / h2))")],
        "The constant is removed from neither error": [
            _order("return (log(e1) / log(h1) + log(e2) / log(h2)) / 2"),
        ],
        "The result is the same for all inputs": [_order("return 2")],
        "The errors do not enter": [_order("return log2(h1 / h2)")],
        "One step or one error is left alone": [
            _order("return log(e1 / e2) / log(h2)"),
            _order("return log(e1) / log(h2)"),
        ],
        "The logarithms are multiplied where they should be divided": [
            _order("return log(e1 / e2) * log(h1 / h2)"),
        ],
        "It is not the slope on logarithmic paper": [
            _order("return log(h1 - h2) / log(abs(e1 - e2))"),
            _order("return h1"),
        ],
    },
    other=[_order("return [e1, e2]"), _order("return None")],
    crash=_order("return log(e1 / e3)"),
)

ANSWERS["3H"] = Answers(
    right=[
        lambda p: f"1+{p.a}x+{p.b}y+{p.a**2}x^2/2!+{p.a * p.b}xy+{p.b**2}y^2",
        lambda p: f"1 + {p.a} x + {p.b} y + ½({p.a**2}x² + {2 * p.a * p.b}yx + {2 * p.b**2}y²)",
        lambda p: f"1 + {p.a}x + {p.b}y + {p.a**2}x^2/2 + {p.a * p.b}*x*y + {p.b**2}*y^2",
        "1 + a*x + b*y + (a*x)^2/2 + a*b*x*y + (b*y)^2",
        "T(x, y) = 1 + a*x + b*y + 1/2*(a^2*x^2 + 2*a*b*x*y + 2*b^2*y^2)",
        "(1 + a*x + a^2*x^2/2) + b*y*(1 + a*x) + b**2*y**2",
        lambda p: [f"1+{p.a}*x*(1+{p.a}*x/2+{p.b}*y)+{p.b}*y*(1+{p.b}*y)"],
    ],
    wrong={
        "The mixed term counts once": ["1 + a*x + b*y + (a^2*x^2 + a*b*x*y + 2*b^2*y^2)/2"],
        "The mixed term is missing": ["1 + a*x + b*y + a^2*x^2/2 + b^2*y^2"],
        "The mixed term counts twice too much": ["1 + a*x + b*y + a^2*x^2/2 + 2*a*b*x*y + b^2*y^2"],
        "The half in front of the Hessian is missing": [
            "1 + a*x + b*y + a^2*x^2 + 2*a*b*x*y + 2*b^2*y^2",
        ],
        "The second derivative along y is only half as large as it should be": [
            "1 + a*x + b*y + a^2*x^2/2 + a*b*x*y + b^2*y^2/2",
        ],
        "The square of x lacks its half": ["1 + a*x + b*y + a^2*x^2 + a*b*x*y + b^2*y^2"],
        "The halves of the squares are missing": [
            "1 + a*x + b*y + a^2*x^2 + a*b*x*y + 2*b^2*y^2",
        ],
        "The sign along y is wrong": ["1 + a*x - b*y + a^2*x^2/2 - a*b*x*y + b^2*y^2"],
        "The factors inside are missing": ["1 + x + y + x^2/2 + x*y + y^2"],
        "It stops at the first order": ["1 + a*x + b*y"],
        "The constant is missing": ["a*x + b*y + a^2*x^2/2 + a*b*x*y + b^2*y^2"],
        "The answer is the function itself": ["exp(a*x)/(1 - b*y)"],
        "The square of y lacks its half": ["1 + a*x + b*y + a²x²/2 + a*b*x*y + 2b²y²"],
        "The two numbers are exchanged": ["1 + b*x + a*y + b²x²/2 + a*b*x*y + a²y²"],
        "The two series are added, not multiplied": ["1 + a x + a²x²/2 + 1 + b y + b²y²"],
        "The product is not cut off at the second order": ["(1 + a x + a²x²/2)(1 + b y + b²y²)"],
        "A number in front of a square is not squared": [
            lambda p: (
                f"1+{p.a}x+{p.b}y+{p.a}x²/2+{p.a * p.b}xy+{p.b**2}y^2"
                if p.a > 2
                else f"1+{p.a}x+{p.b}y+{p.a**2}x²/2+{p.a * p.b}xy+{p.b}y^2"
            ),
        ],
        "Only the quadratic part is given": ["a²x²/2 + a b x y + b²y²"],
        "The answer is no polynomial": ["1 + a x + 1/(1 - b y)"],
        "The constant does not fit": ["3 + a x + b y + a²x²/2 + a b x y + b²y²"],
        "The slope along x does not fit": ["1 + 9.7x + b y + a²x²/2 + a b x y + b²y²"],
        "The slope along y does not fit": ["1 + a x + 9.7y + a²x²/2 + a b x y + b²y²"],
        "The square of x does not fit": ["1 + a x + b y + 9.7x² + a b x y + b²y²"],
        "The mixed term does not fit": ["1 + a x + b y + a²x²/2 + 9.7x y + b²y²"],
        "The square of y does not fit": ["1 + a x + b y + a²x²/2 + a b x y + 9.7y²"],
        "There are terms beyond the second order": [
            "1 + a x + b y + a²x²/2 + a b x y + b²y² + a b² x y²",
        ],
    },
    other=["1", "1 + a*x - b*y", "x*y"],
    crash="1 + a*z",
)


def _least(body: str, before: str = "from math import factorial\n") -> str:
    return f"{before}\ndef least_order(M, r, tol):\n{body}"


def _loop(test: str, result: str = "n") -> str:
    """A loop that raises n while the test holds."""
    return _least(f"    n = 0\n    while {test}:\n        n += 1\n    return {result}\n")


_LAGRANGE = "M * r**(n + 1) / factorial(n + 1) > tol"

ANSWERS["3I"] = Answers(
    right=[
        _loop(_LAGRANGE),
        _least(
            "    bound, n = M * r, 0\n    while bound > tol:\n        n += 1\n"
            "        bound *= r / (n + 1)\n    return n\n",
            "",
        ),
        _least(
            "    return next(n for n in range(99) if M*r**(n+1)/factorial(n+1) <= tol)\n",
        ),
        _least(
            "    n = np.arange(60)\n    b = M * np.cumprod(r / (n + 1))\n"
            "    return np.argmax(b <= tol)\n",
            "import numpy as np\n",
        ),
        _loop(_LAGRANGE, "[float(n)]"),
        _loop(_LAGRANGE, "jnp.array(n)").replace("from math", "import jax.numpy as jnp\nfrom math"),
    ],
    wrong={
        "One order too many": [
            _loop("M * r**n / factorial(n) > tol"),
            _loop(_LAGRANGE, "n + 1"),
        ],
        "One order too few": [_loop("M * r**(n + 2) / factorial(n + 2) > tol")],
        "The limit M is not used": [_loop("r**(n + 1) / factorial(n + 1) > tol")],
        "The factorial is missing": [_loop("M * r**(n + 1) > tol")],
        "Divided by n + 1 instead of its factorial": [_loop("M * r**(n + 1) / (n + 1) > tol")],
        "The distance is not used": [_loop("M / factorial(n + 1) > tol")],
        "The bound is returned, not the order": [
            _loop(_LAGRANGE, "M * r**(n + 1) / factorial(n + 1)"),
        ],
        "The count begins at one": [_loop(_LAGRANGE).replace("n = 0", "n = 1")],
        "The result is the same for all inputs": [_loop("False"), _least("    return 10\n")],
        "Power and factorial do not go together": [
            _loop("M * r**(n + 1) / factorial(n) > tol"),
            _loop("M * r**n / factorial(n + 1) > tol"),
        ],
        "More orders than needed": [_loop(_LAGRANGE, "n + 2")],
        "The order is not enough": [_loop("M * r**(n + 3) / factorial(n + 3) > tol")],
        "The bound is not Lagrange's": [
            _least("    return 1 if M > 1200 else 30\n"),
        ],
    },
    other=[_least("    return tol\n")],
    crash=_loop("M * r**(n + 1) / factoral(n + 1) > tol"),
)

with_more(ANSWERS, {}, WRONG, {})
