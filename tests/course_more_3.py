"""More wrong answers to the exercises of module 3, by the name of the mistake."""

from __future__ import annotations

from typing import Any

__all__ = ["WRONG"]


def _order(result: str) -> str:
    return f"from math import *\ndef order(h1, e1, h2, e2):\n    return {result}\n"


def _least(bound: str, result: str = "n", allowed: str = "tol") -> str:
    head = "from math import *\ndef least_order(M, r, tol):\n    n = 0\n"
    return f"{head}    while {bound} > {allowed}:\n        n += 1\n    return {result}\n"


_LAGRANGE = "M*r**(n+1)/factorial(n+1)"


def _t(text: str) -> Any:
    """A text with the drawn numbers put in for `<a>`, and those beside the order."""

    def made(p: Any) -> str:
        known = dict(vars(p))
        if "n" in known:
            known |= {f"n{k}": known["n"] + k for k in (1, 2)}
        full = text
        for name, value in known.items():
            full = full.replace(f"<{name}>", str(value))
        return full

    return made


_3B = {
    "It ends with the tangent": "1 - a x",
    "The minus of the exponent stands in front of everything": "-1 - a x - a²x²/2 - a³x³/6",
    "The number divides x where it should multiply it": "1 - x/a + x²/(2a²) - x³/(6a³)",
    "The powers of x do not belong to their terms": "x - a x² + a²x³/2",
    "The polynomial is about another place than zero":
        "1 - a(x-a) + a²(x-a)²/2 - a³(x-a)³/6",
    "It is the series of a sine or a cosine": "1 - a²x²/2",
    "A power of a sum is taken for the exponential": "(1 - a x)^3",
    "That is the polynomial of the antiderivative": "-1/a + x - a x²/2 + a²x³/6",
    "The signs come in pairs": "1 - a x - a²x²/2 + a³x³/6",
    "One of the terms is left out": "1 - a x - a³x³/6",
    "The divisor is not the factorial": "1 - a x/2 + a²x²/6 - a³x³/24",
    "The number in front has the wrong power": "1 - a²x + a²x²/2 - a³x³/6",
    "One sign is wrong": "-1 - a x + a²x²/2 - a³x³/6",
}  # fmt: skip
_3C = {
    "It is the polynomial of the derivative": "1/a - (x-a)/a² + (x-a)²/a³",
    "The derivatives of the logarithm are those of the exponential":
        "log(a) + log(a)*(x-a) + log(a)*(x-a)²/2",
    "The slope and the bend are those at another place": "log(a) + (x-a) - (x-a)²/2",
    "In one of the terms x or nothing stands for the step": "log(a) + (x-a)/a - 1/(2a²)",
    "The square of the step is taken apart wrongly": "log(a) + (x-a)/a - (x²-a²)/(2a²)",
    "The constant is not the natural logarithm of the center": "exp(a) + (x-a)/a - (x-a)²/(2a²)",
    "The slope is not one over the center": "log(a) + (x-a)/(2a) - (x-a)²/(2a²)",
    "The term with the plain step is missing": "log(a) - (x-a)²/a",
    "The factorial of 2 is not used as it should be": "log(a) + (x-a)/a - (x-a)²/(4a²)",
    "It is not the second derivative that is used": "log(a) + (x-a)/a + log(a)*(x-a)²/2",
}  # fmt: skip
_3D = {
    "It is the last term that was kept, without its derivative": _t("<r>^<n>/<n>!"),
    "The polynomial is taken one order too low":
        lambda p: _t("exp(<r>)" + "".join(f" - <r>^{k}/{k}!" for k in range(p.n)))(p),
    "The polynomial is taken one order too high": _t("exp(<r>)*<r>^<n2>/<n2>!"),
    "It is the error at the left end":
        lambda p: _t("abs(exp(-<r>)" + "".join(f"-(-<r>)^{k}/{k}!" for k in range(p.n + 1)) + ")")(
            p),
    "The width of the stretch is taken for the distance": _t("exp(<r>)*(2*<r>)^<n1>/<n1>!"),
    "Derivative and factorial are both missing": _t("<r>^<n1>"),
    "The bound is given in percent or relative to the function": _t("100*exp(<r>)*<r>^<n1>/<n1>!"),
    "M is not the largest value of the derivative": _t("exp(<n1>)*<r>^<n1>/<n1>!"),
    "Another number stands where the factorial belongs": _t("(<r>/<n1>)^<n1>"),
    "The power and the factorial have different numbers":
        lambda p: f"exp({p.r})*{p.r}^{p.n}/{p.n - 1}!",
    "The exact error is rounded down":
        lambda p: _t("0.985*(exp(<r>)" + "".join(f"-<r>^{k}/{k}!" for k in range(p.n + 1)) + ")")(
            p),
}  # fmt: skip
_3E = {
    "The last number is taken for the height of the poles": _t("sqrt((<a>-(<c>))^2 + <t>)"),
    "It is the distance between the two poles": _t("4*<b>^2"),
    "Distances from zero are added or subtracted": _t("sqrt(<t> + (<c>)^2)"),
    "Only a real number of the denominator is taken": _t("<s>"),
    "The real part of the poles does not enter": _t("sqrt((<c>)^2 + <b>^2)"),
    "The center is subtracted from the imaginary part as well":
        _t("sqrt((<a>-(<c>))^2 + (<b>-(<c>))^2)"),
    "One part of the poles is halved once too often": _t("sqrt((<a>-(<c>))^2 + <b>)"),
    "It is a value of the function or a quotient of its numbers": _t("1/sqrt(<t>)"),
}  # fmt: skip
_3G = {
    "Relative changes stand where logarithms belong": "(e1 - e2)/e1/((h1 - h2)/h1)",
    "A quotient of logarithms is taken for the logarithm of a quotient":
        "log(e1/e2)/(log(h1)/log(h2))",
    "Not the order but another number of the law is returned":
        "e1/h1**(log(e1/e2)/log(h1/h2))",
    "Errors and steps are mixed crosswise": "log(e1/h2)/log(e2/h1)",
    "Products or sums stand where quotients belong": "log(e1*e2)/log(h1*h2)",
    "Two different logarithms are mixed": "log10(e1/e2)/log(h1/h2)",
    "A power or a root stands where logarithms belong": "(e1/e2)**(h2/h1)",
    "A difference stands where a quotient belongs": "log(e1/e2)/log(abs(h1 - h2))",
    "The slope is upside down and negative": "log(h2/h1)/log(e1/e2)",
    "The steps are taken for halves, with a further slip": "round(log2(e1/e2))",
}  # fmt: skip
_3H = {
    "The quadratic part is taken for one square": "1 + a x + b y + (a x + b y)²",
    "The geometric series is not that of one over 1 minus u": "(1 + a x + a²x²/2)(1 - b y)",
    "One of the two variables is left out": "1 + a x + a²x²/2",
    "The squares are missing": "1 + a x + b y + a b x y",
    "Only one of the two factors is expanded": "exp(a x)*(1 + b y + b²y²)",
    "The mixed term has the wrong powers": "1 + a x + b y + a²x²/2 + a b x²y² + b²y²",
    "The same number stands with both variables": "1 + a x + a y + a²x²/2 + a² x y + a²y²",
    "The number of the mixed term is not the product of the slopes":
        "1 + a x + b y + a²x²/2 + (a+b) x y + b²y²",
    "A sign is wrong where all are positive": "1 - a x + b y + a²x²/2 + a b x y + b²y²",
    "A slope has a wrong factor": "1 + a² x + b y + a²x²/2 + a b x y + b²y²",
}  # fmt: skip
_3I = {
    "The exponential is put into the bound": _least("exp(r)*" + _LAGRANGE),
    "All further terms are added up": _least("M*r**(n+1)/(1-r)"),
    "The distance is not the r that is given": _least("M*(2*r)**(n+1)/factorial(n+1)"),
    "Another number stands where the factorial belongs": _least("M*r**(n+1)/2**(n+1)"),
    "M is used in a wrong way": _least("r**(n+1)/factorial(n+1)/M"),
    "The tolerance is changed before it is compared": _least(_LAGRANGE, "n", "tol**2"),
    "A formula stands where a search is needed": _least("0", "ceil(-log10(tol))"),
    "The powers go up in twos": _least(_LAGRANGE, "2*n"),
    "The power of the distance is a product or has lost its parentheses":
        _least("M/factorial(n)"),
}  # fmt: skip

WRONG: dict[str, dict[str, list[Any]]] = {
    **{
        name: {mistake: [text] for mistake, text in of.items()}
        for name, of in (("3B", _3B), ("3C", _3C), ("3D", _3D), ("3E", _3E), ("3H", _3H),
                         ("3I", _3I))
    },
    "3G": {mistake: [_order(text)] for mistake, text in _3G.items()},
}  # fmt: skip
