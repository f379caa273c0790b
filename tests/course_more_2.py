"""More answers to the exercises of module 2: as learners type them, for mistakes and slips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_code_2 import CHECK, GRADIENTS

__all__ = ["RIGHT", "SLIPS", "WRONG"]

Made = Callable[[Any], Any]


def _t(*texts: str) -> Made:
    """Fields (or one text) with the drawn numbers for `<a>`."""

    def made(p: Any) -> Any:
        full = list(texts)
        for name, value in vars(p).items():
            full = [t.replace(f"<{name}>", str(value)) for t in full]
        return full if len(full) > 1 else full[0]

    return made


def _in(code: str, *pairs: tuple[str, str]) -> Made:
    for old, new in pairs:
        assert old in code
        code = code.replace(old, new)
    return lambda p: code


def _2b(rule: Callable[..., Any]) -> Made:
    """2B: a matrix made of both Jacobians and the place of the outer one."""

    def made(p: Any) -> str:
        u, v = p.x * p.y, p.x + p.a * p.y
        f, g = np.array([[p.y, p.x], [1.0, p.a]]), np.array([[1.0, 2 * v], [v, u]])
        rows = np.atleast_2d(rule(p, f, g, u, v))
        return "; ".join(", ".join(f"{n:.9g}" for n in row) for row in rows)

    return made


_Y = "<b>*t^(<b>-1)*(cos(<a>*t)^2 + <c>)"
_X = "2*<a>*t^<b>*cos(<a>*t)*sin(<a>*t)"
_T = "tanh(w*x+b)"
_MISS = f"2*<c>*({_T}-y)"
_SHAPES = "<h>", "<n>", "<m>", "<h>"
_ALL = "<h>*<n> + <h> + <m>*<h> + <m>"
_F, _B = "<k>*<k>*<n> + <m>*<k>*<n>", "<m>*<k>*<k> + <m>*<k>*<n>"
_BOTH = "e = np.zeros(len(w))\n        e[i] = h\n"
_SLOPE = "(cost(w + e) - cost(w - e)) / (2*h)"

RIGHT: dict[str, list[Made]] = {
    "2A": [_t("<b>t^(<b>-1)(cos²(<a>t)+<c>) - <a>t^<b>·sin(2·<a>t)"),
           _t("f'(t) = <b>*t^(<b>-1)*(cos^2 <a>t + <c>) − 2·<a>t^<b> sin(<a>t)cos(<a>t)")],
    "2B": [_2b(lambda p, f, g, u, v: g @ f)],
    "2D": [_t("2·<c>x(tanh(wx+b) − y)(1 − tanh²(wx+b))", "2*<c> (tanh(w x + b) - y) sech²(wx+b)")],
    "2H": [lambda p: [f"{p.k * p.n * (p.k + p.m):_}".replace("_", " "),
                      f"{p.m * p.k * (p.k + p.n):_}"]],
}  # fmt: skip

WRONG: dict[str, dict[str, list[Made]]] = {
    "2A": {
        "One of the speeds is missing": [_t(f"2*cos(<a>*t)*t^<b> + {_Y}"),
                                         _t(f"cos(<a>*t)^2 + <c> - {_X}")],
        "The square of the cosine is not derived rightly": [
            _t(f"{_Y} - <a>*t^<b>*sin(<a>*t)^2"), _t(f"{_Y} - 2*<a>*t^<b>*sin(<a>*t)"),
        ],
        "The constant does not take the way of its y": [
            _t(f"<b>*t^(<b>-1)*cos(<a>*t)^2 + <c> - {_X}"),
            _t(f"<b>*t^(<b>-1)*cos(<a>*t)^2 + <c>*t^<b> - {_X}"),
        ],
        "That is the temperature, not its rate": [_t("t^<b>*(cos(<a>*t)^2 + <c>)")],
    },
    "2B": {
        "Only one of the two Jacobians is there": [_2b(lambda p, f, g, u, v: f),
                                                   _2b(lambda p, f, g, u, v: g)],
        "The square in g is not derived rightly": [
            _2b(lambda p, f, g, u, v: [[1, v], [v, u]] @ f),
            _2b(lambda p, f, g, u, v: [[1, 2], [v, u]] @ f),
        ],
        "The two derivatives of a product are exchanged": [
            _2b(lambda p, f, g, u, v: [[1, 2 * v], [u, v]] @ f),
            _2b(lambda p, f, g, u, v: g @ [[p.x, p.y], [1, p.a]]),
        ],
        "The second row of the Jacobian of f is not right": [
            _2b(lambda p, f, g, u, v: g @ [[p.y, p.x], [1, 1]]),
            _2b(lambda p, f, g, u, v: g @ [[p.y, p.x], [p.a, 1]]),
        ],
        "The place where g works is not worked out rightly": [
            _2b(lambda p, f, g, u, v: [[1, 2 * (p.x + p.y)], [p.x + p.y, u]] @ f),
        ],
        "That is not the Jacobian itself": [
            _2b(lambda p, f, g, u, v: [u + v * v, u * v]),
            _2b(lambda p, f, g, u, v: np.linalg.det(g @ f)),
        ],
    },
    "2D": {
        "The miss is taken before the bend": [
            _t(f"2*<c>*(w*x+b-y)*(1-{_T}^2)*x", f"2*<c>*(w*x+b-y)*(1-{_T}^2)"),
            _t("2*<c>*(w*x+b-y)*x", "2*<c>*(w*x+b-y)"),
        ],
        "That is not the derivative of the cost": [
            _t(f"<c>*({_T}-y)^2", f"<c>*({_T}-y)^2"), _t(f"(1-{_T}^2)*x", f"1-{_T}^2"),
        ],
        "The slope of tanh is not that": [
            _t(f"{_MISS}/cosh(w*x+b)*x", f"{_MISS}/cosh(w*x+b)"),
            _t(f"{_MISS}*(1-{_T})*x", f"{_MISS}*(1-{_T})"),
        ],
        "The sum is derived by w as if w stood elsewhere": [
            _t(f"{_MISS}*(1-{_T}^2)*(x+b)", f"{_MISS}*(1-{_T}^2)"),
        ],
    },
    "2E": {
        "There is one bias for each layer": [_t(*_SHAPES, "<h>*<n> + <m>*<h> + 2")],
        "The biases stand in the matrices": [_t("<h>", "<n>+1", "<m>", "<h>+1", _ALL)],
        "The second matrix does not take what the hidden layer gives": [
            _t("<h>", "<n>", "<m>", "<n>", _ALL),
        ],
        "The matrices are square": [_t("<h>", "<h>", "<m>", "<m>", _ALL)],
        "The shapes are right, the number of parameters is not": [_t(*_SHAPES, f"{_ALL} + 1")],
        "One of the shapes does not fit": [_t("<h>", "<n>", "<m>", "<h>+<n>+<m>", _ALL)],
    },
    "2F": {
        "The gradients by the biases are zero": [
            _in(GRADIENTS, ("t), d1,", "t), 0*d1,"), ("a1), d2,", "a1), 0*d2,"),
                ("a2), d3)", "a2), 0*d3)")),
        ],
        "The slope of tanh is not 1 − a²": [
            _in(GRADIENTS, ("(1 - a1**2)", "(1 - a1)"), ("(1 - a2**2)", "(1 - a2)")),
            _in(GRADIENTS, ("a1**2)", "np.tanh(a1)**2)"), ("a2**2)", "np.tanh(a2)**2)")),
        ],
        "The blame of the outputs is not that of this cost": [
            _in(GRADIENTS, ("2*(a3 - y)", "2*a3")),
            _in(GRADIENTS, ("2*(a3 - y)", "(a3 - y)/np.linalg.norm(a3 - y)")),
        ],
        "The blame of layer 1 does not come through layer 2": [
            _in(GRADIENTS, ("W2.T @ d2", "W2.T @ W3.T @ d3")),
        ],
        "What came in is taken from another layer": [
            _in(GRADIENTS, ("np.outer(d1, t)", "d1*a1")),
            _in(GRADIENTS, ("np.outer(d1, t)", "d1")),
        ],
        "The walk forwards is another one": [
            _in(GRADIENTS, ("a3 = W3 @ a2 + b3", "a3 = np.tanh(W3 @ a2 + b3)")),
            _in(GRADIENTS, (" + b1", ""), (" + b2", "")),
        ],
        "It is nearly right: a difference with a coarse step": [
            _in(GRADIENTS, ("2*(a3 - y)", "2.05*(a3 - y)")),
        ],
        "A gradient by a bias is not the blame of its layer": [
            _in(GRADIENTS, ("a2), d3)", "a2), d3.sum()*np.ones(2))")),
        ],
        "The blame is right, the gradient by a matrix is not": [
            _in(GRADIENTS, ("(d3, a2)", "(d3, a2**2)")),
        ],
        "The way back goes wrong between layer 3 and layer 2": [
            _in(GRADIENTS, ("W3.T @ d3", "np.ones((7, 2)) @ d3")),
        ],
        "The way back goes wrong between layer 2 and layer 1": [
            _in(GRADIENTS, ("W2.T @ d2", "2*W2.T @ d2")),
        ],
        "The way back starts wrongly": [_in(GRADIENTS, ("2*(a3 - y)", "2*(a3 - y)**3"))],
        "The gradients of the matrices are transposed": [
            _in(GRADIENTS, ("np.outer(d2, a1)", "np.outer(a1, d2)")),
        ],
        "The sums are used in place of the answers": [_in(GRADIENTS, ("(d3, a2)", "(d3, z2)"))],
    },
    "2G": {
        "Both places are one and the same array": [
            _in(CHECK, (_BOTH, "up = w; up[i] += h; dn = w; dn[i] -= h\n"),
                ("cost(w + e) - cost(w - e)", "cost(up) - cost(dn)")),
        ],
        "The parameters are not put back": [
            _in(CHECK, (_BOTH, "w[i] += h; up = cost(w); w[i] -= 2*h\n"),
                ("cost(w + e) - cost(w - e)", "up - cost(w)")),
        ],
        "The step goes to one side only": [
            _in(CHECK, (_SLOPE, "(cost(w + e) - cost(w)) / h")),
            _in(CHECK, (_SLOPE, "(cost(w) - cost(w - e)) / h"), ("1e-5", "1e-7")),
        ],
        "Not every entry is compared": [
            _in(CHECK, ("range(len(w))", "range(len(w) - 1)")),
            _in(CHECK, ("    return max", "        return max")),
        ],
        "No gap is found at all, whatever the gradient": [
            _in(CHECK, ("max(gaps)", "min(gaps)")), _in(CHECK, ("slope - gradient[i]", "0")),
        ],
        "The slopes may be right, the gap is not formed as asked": [
            _in(CHECK, ("max(gaps)", "np.log10(max(gaps))")),
        ],
        "A slope is returned, not a gap": [_in(CHECK, ("max(gaps)", "slope"))],
        "The mean or the sum of the gaps is returned": [_in(CHECK, ("max(gaps)", "sum(gaps)"))],
    },
    "2H": {
        "Both ways are given the same cost": [_t(_F, _F), _t(_B, _B)],
        "One of the sizes is mistaken for another": [
            _t("<k>^3 + <m>*<k>*<n>", "<k>^3 + <m>*<k>*<n>"), _t(_F, "2*<m>*<k>*<k>"),
        ],
        "All the sizes are multiplied at once": [_t("<m>*<k>*<k>*<n>", "<m>*<k>*<k>*<n>")],
        "The sum over the inner size is left out": [
            _t("<k>*<k>*<n> + <m>*<n>", "<m>*<k>*<k> + <m>*<n>"),
        ],
        "The additions come in as a factor, or the unit is another one": [
            _t(f"3*({_F})", f"3*({_B})"),
        ],
        "One of the two numbers is right": [_t(_F, "17"), _t("17", _B)],
        "The additions are counted too": [_t(f"2*({_F})", f"2*({_B})")],
    },
}  # fmt: skip

SLIPS: dict[str, dict[str, list[Made]]] = {  # mistakes that are common to all exercises
    "2A": {"A factor is lost, or one is too many": [_t(f"<a>*{_Y} - {_X}")]},
    "2B": {"The right numbers stand in the wrong places": [
        _2b(lambda p, f, g, u, v: (g @ f)[:, ::-1]),
    ]},
    "2D": {
        "The entries come in the reverse order": [
            _t(f"{_MISS}*(1-{_T}^2)", f"{_MISS}*(1-{_T}^2)*x"),
        ],
        "The answer is zero everywhere": [_t(f"{_MISS}*(1-{_T}^2)*x", "0")],
    },
}  # fmt: skip
