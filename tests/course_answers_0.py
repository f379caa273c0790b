"""Answers to the exercises of module 0: right ones in many forms, wrong ones, crashes."""

from __future__ import annotations

from types import SimpleNamespace

from course_data import Answers

__all__ = ["ANSWERS"]


def _fields(f: str = "", g: str = "", k: str = "", q: str = ""):
    """The four fields of 0B with some of them replaced; `{a}` stands for a drawn number."""
    right = (
        "{a}*{n}*x^({n}-1) - {b}/x^2",
        "{n}*x^({n}-1)*exp({b}*x) + {b}*x^{n}*exp({b}*x)",
        "{a}*{m}*x^({m}-1)*cos({a}*x^{m}+{b})",
        "{m}*x^({m}-1)/(x+{a}) - x^{m}/(x+{a})^2",
    )

    def answer(p: SimpleNamespace) -> list[str]:
        given = (f, g, k, q)
        return [(t or r).format(**vars(p)) for t, r in zip(given, right, strict=True)]

    return answer


ANSWERS = {
    "0A": Answers(
        right=[
            ["r1", "r2", "r3", "r4"],
            ("r1", "r2", "r3", "r4"),
            lambda p: ["r1", "r2", "r3", "r4"],
            [f"r{k}" for k in (1, 2, 3, 4)],
        ],
        wrong={
            "The graph chosen has the shape of the function itself": [
                ["r8", "r2", "r3", "r4"], ["r1", "r2", "r3", "r9"], ["r8", "r3", "r8", "r9"],
                ["r1", "r3", "r3", "r4"],
            ],
            "Uphill and downhill are exchanged": [
                ["r5", "r2", "r3", "r4"], ["r1", "r6", "r3", "r4"], ["r5", "r6", "r7", "r4"],
            ],
            "The step has another slope": [["r1", "r2", "r3", "r1"], ["r1", "r2", "r3", "r6"]],
            "The zeros do not lie under the tops and valleys": [
                ["r3", "r2", "r1", "r4"], ["r1", "r1", "r3", "r4"],
            ],
        },
        crash=["r1", "r2", "r3", ""],
    ),
    "0B": Answers(
        right=[
            _fields(),
            _fields(f="{n}*{a}*x**({n}-1) + (-{b})*x**(-2)",
                    g="exp({b}x)*x^({n}-1)*({n} + {b}*x)",
                    q="({m}*x^({m}-1)*(x+{a}) - x^{m})/(x+{a})^2"),
            _fields(f="(a*n*x^(n+1) - b)/x^2", g="x^n*e^(b*x)*(n/x + b)",
                    k="a*m*x^(m-1)*sin(a*x^m + b + pi/2)", q="x^m/(x+a)*(m/x - 1/(x+a))"),
            _fields(f="0 + {a}*{n}*x^{n}/x - {b}*1/(x*x)",
                    g="{n}*x^{n}/x*e**({b}*x)+x^{n}*{b}*e**({b}*x)",
                    k="cos({b}+{a}*x^{m})*({a}*{m}*x^({m}-1))"),
        ],
        wrong={
            "The slope of a product is taken as the product of the slopes": [
                _fields(g="{n}*x^({n}-1)*{b}*exp({b}*x)"),
            ],
            "Only one factor of the product is differentiated": [
                _fields(g="{n}*x^({n}-1)*exp({b}*x)"), _fields(g="{b}*x^{n}*exp({b}*x)"),
            ],
            "The slope of the inside is missing": [
                _fields(k="cos({a}*x^{m}+{b})"),
                _fields(g="({n}*x^({n}-1) + x^{n})*exp({b}*x)"),
                _fields(k="cos({a}*x^{m}+{b})", g="({n}*x^({n}-1) + x^{n})*exp({b}*x)"),
            ],
            "The outer function is taken at the slope of the inside": [
                _fields(k="cos({a}*{m}*x^({m}-1))"),
            ],
            "The sine and the cosine have a wrong sign": [
                _fields(k="-{a}*{m}*x^({m}-1)*cos({a}*x^{m}+{b})"),
            ],
            "The power of 1/x has a wrong slope": [
                _fields(f="{a}*{n}*x^({n}-1) + {b}/x^2"), _fields(f="{a}*{n}*x^({n}-1) - {b}"),
                _fields(f="{a}*{n}*x^({n}-1)"),
            ],
            "The quotient is differentiated piece by piece": [
                _fields(q="{m}*x^({m}-1)"), _fields(q="{m}*x^({m}-1)/(x+{a})"),
            ],
            "The two terms of the quotient are exchanged": [
                _fields(q="(x^{m} - {m}*x^({m}-1)*(x+{a}))/(x+{a})^2"),
            ],
            "The power rule is only half applied": [
                _fields(f="{a}*{n}*x^{n} - {b}/x^2"),
                _fields(f="{n}*x^({n}-1) - {b}/x^2"),
            ],
            "Integrated instead of differentiated": [
                _fields(f="{a}*x^({n}+1)/({n}+1) + {b}*log(x)"),
            ],
            "The two terms of the product rule are subtracted": [
                _fields(g="{n}*x^({n}-1)*exp({b}*x) - {b}*x^{n}*exp({b}*x)"),
            ],
            "The power rule is used on the exponential": [
                _fields(g="{n}*x^({n}-1)*exp({b}*x) + x^{n}*{b}*x*exp({b}*x - 1)"),
            ],
            "The exponential is lost or changed": [
                _fields(g="{n}*x^({n}-1)*exp({b}*x) + {b}*x^{n}"),
                _fields(g="({n}*x^({n}-1) + {b}*x^{n})*exp(x)"),
            ],
            "The slopes of the two factors are added": [
                _fields(g="{n}*x^({n}-1) + {b}*exp({b}*x)"),
            ],
            "Something is lost when a factor is taken out": [
                _fields(g="x^({n}-1)*exp({b}*x)*({n} + {b})"),
            ],
            "The sine is still a sine": [
                _fields(k="{a}*{m}*x^({m}-1)*sin({a}*x^{m}+{b})"),
                _fields(k="-{a}*{m}*x^({m}-1)*sin({a}*x^{m}+{b})"),
            ],
            "The slope of the inside is not right": [
                _fields(k="({a}*{m}*x^({m}-1) + {b})*cos({a}*x^{m}+{b})"),
                _fields(k="{m}*x^({m}-1)*cos({a}*x^{m}+{b})"),
            ],
            "The outer slope is taken at another place": [
                _fields(k="{a}*{m}*x^({m}-1)*cos(x)"),
                _fields(k="{a}*{m}*x^({m}-1)*cos({a}*x^{m})"),
            ],
            "The two slopes of the chain are added": [
                _fields(k="{a}*{m}*x^({m}-1) + cos({a}*x^{m}+{b})"),
            ],
            "The quotient got the plus of the product": [
                _fields(q="({m}*x^({m}-1)*(x+{a}) + x^{m})/(x+{a})^2"),
                _fields(q="{m}*x^({m}-1)*(x+{a}) + x^{m}"),
            ],
            "The square below the line is missing or wrong": [
                _fields(q="({m}*x^({m}-1)*(x+{a}) - x^{m})/(x+{a})"),
                _fields(q="({m}*x^({m}-1)*(x+{a}) - x^{m})/(x^2+{a}^2)"),
            ],
            "The bottom of the quotient got a wrong slope": [
                _fields(q="({m}*x^({m}-1)*(x+{a}) - {a}*x^{m})/(x+{a})^2"),
            ],
            "Only the bottom of the quotient is differentiated": [
                _fields(q="-x^{m}/(x+{a})^2"),
            ],
            "Parentheses are lost in the quotient": [
                _fields(q="({m}*x^({m}-1)*x + {a} - x^{m})/(x+{a})^2"),
                _fields(q="{m}*x^({m}-1)*(x+{a}) - x^{m}/(x+{a})^2"),
            ],
            "The function itself instead of its slope": [
                _fields(f="{a}*x^{n}+{b}/x", g="x^{n}*exp({b}*x)", k="sin({a}*x^{m}+{b})",
                        q="x^{m}/(x+{a})"),
                _fields(f="{a}*x^{n}+{b}/x"),
            ],
            "It was differentiated twice": [
                _fields(f="{a}*{n}*({n}-1)*x^({n}-2) + 2*{b}/x^3",
                        k="{a}*{m}*({m}-1)*x^({m}-2)*cos({a}*x^{m}+{b})"
                        " - ({a}*{m}*x^({m}-1))^2*sin({a}*x^{m}+{b})"),
            ],
        },
        other=[_fields(k="x"), ["1", "2", "3", "4"], _fields(f="0", g="0")],
        crash=["3*x^2", "exp(", "cos(x)", "1"],
    ),
}  # fmt: skip
