"""Answers to the exercises of module 2: right ones in many forms, and the typical wrong ones."""

from __future__ import annotations

import operator
from typing import Any

from course_code_2 import ALL_GRADIENTS, GRADIENT_CHECK
from course_data import Answers, with_more
from course_more_2 import RIGHT, SLIPS, WRONG

__all__ = ["ANSWERS"]


def _matrix(rows: Any) -> str:
    return "; ".join(", ".join(f"{v:.12g}" for v in row) for row in rows)


# ---- 2A ---------------------------------------------------------------------------------------


def _said(text: str) -> Any:
    """An answer with the drawn numbers put in: `{a}` is `p.a`."""
    return lambda p: text.format(**vars(p))


_X = "-2*{a}*cos({a}*t)*sin({a}*t)*t^{b}"  # what arrives through x
_Y = "(cos({a}*t)^2 + {c})*{b}*t^({b}-1)"  # and through y

_2A = Answers(
    right=[
        _said(f"{_X} + {_Y}"),
        _said("-{a}*sin(2*{a}*t)*t**{b} + {b}*t**({b}-1)*(cos({a}*t)**2 + {c})"),
        _said("t^({b}-1)*({b}*cos({a}t)^2 + {b}*{c} - 2*{a}*t*sin({a}t)*cos({a}t))"),
        "df = b*t^(b-1)*(cos(a*t)^2 + c) - 2*a*t^b*sin(a*t)*cos(a*t)",
        _said("{b}*t^({b}-1)*({c} + 1 - sin({a}*t)^2) - {a}*t^{b}*sin(2*{a}*t)"),
    ],
    wrong={
        "The way through y is missing": [_said(_X)],
        "The way through x is missing": [_said(_Y)],
        "The speeds are missing": [_said("2*cos({a}*t)*t^{b} + cos({a}*t)^2 + {c}")],
        "The two contributions are multiplied": [_said(f"({_X})*{_Y}")],
        "The sum of the slopes is multiplied with the sum of the speeds": [
            _said("(2*cos({a}*t)*t^{b} + cos({a}*t)^2 + {c})*({b}*t^({b}-1) - {a}*sin({a}*t))"),
        ],
        "Derivatives and speeds are paired crosswise": [
            _said("2*cos({a}*t)*t^{b}*{b}*t^({b}-1) - (cos({a}*t)^2+{c})*{a}*sin({a}*t)"),
        ],
        "The inner factor of the cosine is missing": [
            _said(f"-2*cos({{a}}*t)*sin({{a}}*t)*t^{{b}} + {_Y}"),
        ],
        "The sign of the cosine's derivative is wrong": [_said(f"{_Y} - ({_X})")],
        "Sign and inner factor of the cosine are missing": [
            _said(f"2*cos({{a}}*t)*sin({{a}}*t)*t^{{b}} + {_Y}"),
        ],
        "The term with y alone has got lost": [_said(f"{_X} + cos({{a}}*t)^2*{{b}}*t^({{b}}-1)")],
        "The power is not lowered": [_said(f"{_X} + (cos({{a}}*t)^2 + {{c}})*{{b}}*t^{{b}}")],
        "The exponent does not come down as a factor": [
            _said(f"{_X} + (cos({{a}}*t)^2 + {{c}})*t^({{b}}-1)"),
        ],
        "The square is not differentiated": [_said(f"({_X})/2 + {_Y}")],
    },
    other=["t^2", _said("sin({a}*t)"), "17"],
    crash="cos(3*t",
)

# ---- 2B ---------------------------------------------------------------------------------------


def _jf(p: Any, x: float | None = None, y: float | None = None) -> list[list[float]]:
    x, y = (p.x, p.y) if x is None or y is None else (x, y)
    return [[y, x], [1, p.a]]


def _jg(u: float, v: float) -> list[list[float]]:
    return [[1, 2 * v], [v, u]]


def _uv(p: Any) -> tuple[float, float]:
    return p.x * p.y, p.x + p.a * p.y


def _times(a: Any, b: Any) -> list[list[float]]:
    return [[sum(a[i][k] * b[k][j] for k in range(2)) for j in range(2)] for i in range(2)]


def _turned(a: Any) -> list[list[float]]:
    return [list(row) for row in zip(*a, strict=True)]


def _entrywise(rule: Any, a: Any, b: Any) -> list[list[float]]:
    return [[rule(a[i][j], b[i][j]) for j in range(2)] for i in range(2)]


def _2b(p: Any) -> list[list[float]]:
    return _times(_jg(*_uv(p)), _jf(p))


_2B = Answers(
    right=[
        lambda p: _matrix(_2b(p)),
        lambda p: str(_2b(p)),
        lambda p: "\n".join(" ".join(str(v) for v in row) for row in _2b(p)),
        lambda p: f"np.array({_2b(p)})",
        lambda p: [[str(v) for v in row] for row in _2b(p)],
    ],
    wrong={
        "The factors are in the wrong order": [
            lambda p: _matrix(_times(_jf(p), _jg(*_uv(p)))),
        ],
        "The outer Jacobian is taken at the wrong place": [
            lambda p: _matrix(_times(_jg(p.x, p.y), _jf(p))),
        ],
        "Wrong order, and the outer Jacobian at the wrong place": [
            lambda p: _matrix(_times(_jf(p), _jg(p.x, p.y))),
        ],
        "The matrices are multiplied entry by entry": [
            lambda p: _matrix(_entrywise(operator.mul, _jg(*_uv(p)), _jf(p))),
        ],
        "The result is transposed": [lambda p: _matrix(_turned(_2b(p)))],
        "Both Jacobians are transposed": [
            lambda p: _matrix(_times(_turned(_jg(*_uv(p))), _turned(_jf(p)))),
        ],
        "The inner Jacobian is transposed": [
            lambda p: _matrix(_times(_jg(*_uv(p)), _turned(_jf(p)))),
        ],
        "The outer Jacobian is transposed": [
            lambda p: _matrix(_times(_turned(_jg(*_uv(p))), _jf(p))),
        ],
        "The maps are applied in the other order": [
            lambda p: _matrix(_times(_jf(p, p.x + p.y**2, p.x * p.y), _jg(p.x, p.y))),
        ],
        "The Jacobians are added": [
            lambda p: _matrix(_entrywise(operator.add, _jg(*_uv(p)), _jf(p))),
        ],
    },
    other=["1 0; 0 1", lambda p: _matrix(_jf(p)), "1 2 3; 4 5 6"],
    crash="1, two; 3, 4",
)

# ---- 2C ---------------------------------------------------------------------------------------

_GATES = {  # weights and bias
    "AND": (3, 3, -4), "OR": (3, 3, -1), "NAND": (-3, -3, 4),
    "NOR": (-3, -3, 1), "FIRST": (3, -3, -1), "SECOND": (-3, 3, -1),
}  # fmt: skip


def _neuron(change: Any = lambda w1, w2, b: (w1, w2, b)) -> Any:
    return lambda p: [str(v) for v in change(*_GATES[p.gate])]


_NEAR = {  # the gate with more, or fewer, corners
    "AND": "OR", "OR": "AND", "NAND": "NOR", "NOR": "NAND", "FIRST": "OR", "SECOND": "NAND",
}  # fmt: skip
_FAR = {
    "AND": "NOR", "OR": "NAND", "NAND": "OR", "NOR": "AND",
    "FIRST": "SECOND", "SECOND": "FIRST",
}  # fmt: skip


def _instead(other: dict[str, str]) -> Any:
    return lambda p: [str(v) for v in _GATES[other[p.gate]]]


_2C = Answers(
    right=[
        _neuron(),
        _neuron(lambda w1, w2, b: (w1 / 3, w2 / 3, b / 3)),
        _neuron(lambda w1, w2, b: (f"{w1}e2", f"{w2}*100", f"{b}00.5")),
        lambda p: ", ".join(str(v) for v in _GATES[p.gate]),
        lambda p: str(list(_GATES[p.gate])),
        _neuron(lambda w1, w2, b: (1.1 * w1, w2, b)),
    ],
    wrong={
        "At a corner the sum is exactly zero": [
            _neuron(lambda w1, w2, b: (w1, w2, 0)),
            _neuron(lambda w1, w2, b: (w1, w2, -w1)),
        ],
        "It says the same everywhere: the bias outweighs the inputs": [
            ["1", "1", "5"],
            ["1", "1", "-5"],
        ],
        "Yes and no are exchanged": [_neuron(lambda w1, w2, b: (-w1, -w2, -b))],
        "Only one of the inputs has a say": [["3", "1", "-2"], ["1", "-4", "2"]],
        "The bias has the wrong sign": [_neuron(lambda w1, w2, b: (w1, w2, -b))],
        "It says 1 too easily, or too seldom": [_instead(_NEAR)],
        "That is another gate: the line divides other corners": [_instead(_FAR)],
    },
    other=["1, 1"],
    crash=["a", "1", "-1"],
)

# ---- 2E ---------------------------------------------------------------------------------------


def _shapes(order: str, count: str) -> Any:
    """Four sizes by their letters, and a count as a formula of them."""

    def made(p: Any) -> list[str]:
        sizes = {"n": p.n, "h": p.h, "m": p.m}
        text = "".join(str(sizes.get(letter, letter)) for letter in count)
        return [*(str(sizes[letter]) for letter in order), text]

    return made


_ALL = "h*n + h + m*h + m"

_2E = Answers(
    right=[
        _shapes("hnmh", _ALL),
        _shapes("hnmh", "h*(n+1) + m*(h+1)"),
        lambda p: ", ".join(str(v) for v in _sizes(p)),
        lambda p: str(_sizes(p)),
        lambda p: " ".join(str(float(v)) for v in _sizes(p)),
    ],
    wrong={
        "Both matrices are transposed": [_shapes("nhhm", _ALL)],
        "The biases are not counted": [_shapes("hnmh", "h*n+m*h")],
        "The output layer has no biases": [_shapes("hnmh", "h*n+h+m*h")],
        "The hidden layer has no biases": [_shapes("hnmh", "h*n+m*h+m")],
        "The inputs have been given biases": [_shapes("hnmh", "h*n+h+m*h+m+n")],
        "Transposed, and the biases are not counted": [_shapes("nhhm", "h*n+m*h")],
        "The second matrix is transposed": [_shapes("hnhm", _ALL)],
        "The first matrix is transposed": [_shapes("nhmh", _ALL)],
        "The matrices are taken in the other order": [_shapes("mhhn", _ALL)],
        "The sizes of the layers are multiplied or added up": [
            _shapes("hnmh", "n*h*m"), _shapes("hnmh", "n+h+m"),
        ],
    },
    other=[_shapes("nnhm", "n*h"), ["1", "2", "3", "4", "5"]],
    crash=["3", "4", "5", "", "20"],
)  # fmt: skip


def _sizes(p: Any) -> list[int]:
    return [p.h, p.n, p.m, p.h, p.h * p.n + p.h + p.m * p.h + p.m]


# ---- 2D ---------------------------------------------------------------------------------------

_T = "tanh(w*x+b)"
_G = f"2*{{c}}*({_T}-y)*(1-{_T}^2)"  # what both derivatives have in common


def _pair(first: str, second: str) -> Any:
    return lambda p: [first.format(**vars(p)), second.format(**vars(p))]


_2D = Answers(
    right=[
        _pair(f"{_G}*x", _G),
        _pair(f"2*{{c}}*x*({_T}-y)/cosh(w*x+b)^2", f"2{{c}}*0+2*{{c}}*({_T} - y)/cosh(b+x*w)**2"),
        _pair(f"-2*{{c}}*(y-{_T})*x*(1-{_T}**2)", f"-2*{{c}}*(y-{_T})*(1-{_T}**2)"),
        ["2*c*x*(tanh(z)-y)*(1-tanh(z)^2)".replace("z", "w*x+b"),
         "2*c*(tanh(z)-y)*(1-tanh(z)^2)".replace("z", "b+w*x")],
        _pair(f"({{c}}*{_T} - {{c}}*y)*(2 - 2*{_T}^2)*x", f"({{c}}*{_T} - {{c}}*y)*(2 - 2*{_T}^2)"),
    ],
    wrong={
        "The slope of the bend is missing": [
            _pair(f"2*{{c}}*({_T}-y)*x", f"2*{{c}}*({_T}-y)"),
        ],
        "The slope of the bend and the 2 of the square are missing": [
            _pair(f"{{c}}*({_T}-y)*x", f"{{c}}*({_T}-y)"),
        ],
        "The 2 of the square is missing": [_pair(f"({_G})/2*x", f"({_G})/2")],
        "The number in front of the cost is missing": [
            _pair(f"2*({_T}-y)*(1-{_T}^2)*x", f"2*({_T}-y)*(1-{_T}^2)"),
        ],
        "The factors in front are missing": [
            _pair(f"({_T}-y)*(1-{_T}^2)*x", f"({_T}-y)*(1-{_T}^2)"),
        ],
        "The sign is wrong: wanted minus answer": [
            _pair(f"2*{{c}}*(y-{_T})*(1-{_T}^2)*x", f"2*{{c}}*(y-{_T})*(1-{_T}^2)"),
        ],
        "The input is missing in the derivative by the weight": [_pair(_G, _G)],
        "The input stands in the derivative by the bias too": [_pair(f"{_G}*x", f"{_G}*x")],
        "It is the derivative by the input": [_pair(f"{_G}*w", _G)],
        "The slope is that of the logistic function": [
            _pair(f"2*{{c}}*({_T}-y)*{_T}*(1-{_T})*x", f"2*{{c}}*({_T}-y)*{_T}*(1-{_T})"),
        ],
        "The slope is taken of the sum instead of the answer": [
            _pair(f"2*{{c}}*({_T}-y)*(1-(w*x+b)^2)*x", f"2*{{c}}*({_T}-y)*(1-(w*x+b)^2)"),
        ],
        "The derivative by the bias is just 1": [_pair(f"{_G}*x", "1")],
        "The square is still there": [
            _pair(f"{{c}}*({_T}-y)^2*(1-{_T}^2)*x", f"{{c}}*({_T}-y)^2*(1-{_T}^2)"),
        ],
    },
    other=[["x", "b"], ["w*x", "1"], _pair(f"{_G}*x^2", _G)],
    crash=["2*a*(a-y)", "y"],
)  # fmt: skip

# ---- 2H ---------------------------------------------------------------------------------------

_F, _B = "{k}*{k}*{n} + {m}*{k}*{n}", "{m}*{k}*{k} + {m}*{k}*{n}"


def _costs(p: Any) -> tuple[int, int]:
    return p.k * p.k * p.n + p.m * p.k * p.n, p.m * p.k * p.k + p.m * p.k * p.n


_2H = Answers(
    right=[
        _pair(_F, _B),
        _pair("{k}*{n}*({k}+{m})", "{m}*{k}*({k}+{n})"),
        lambda p: [str(v) for v in _costs(p)],
        lambda p: "{}, {}".format(*_costs(p)),
        lambda p: [f"{v / 1000}e3" for v in _costs(p)],
    ],
    wrong={
        "Forwards and backwards are exchanged": [_pair(_B, _F)],
        "Only the last product is counted": [_pair("{m}*{k}*{n}", "{m}*{k}*{n}")],
        "Only the first product is counted": [_pair("{k}*{k}*{n}", "{m}*{k}*{k}")],
        "One multiplication too few is counted for each entry": [
            _pair("({k}-1)*({k}*{n}+{m}*{n})", "({k}-1)*({m}*{k}+{m}*{n})"),
        ],
        "The entries are counted, not the multiplications": [
            _pair("{k}*{n}+{m}*{n}", "{m}*{k}+{m}*{n}"),
        ],
        "The additions are counted too": [
            _pair("(2*{k}-1)*({k}*{n}+{m}*{n})", "(2*{k}-1)*({m}*{k}+{m}*{n})"),
        ],
        "The costs of the two products are multiplied": [
            _pair("{k}*{k}*{n} * {m}*{k}*{n}", "{m}*{k}*{k} * {m}*{k}*{n}"),
        ],
        "The numbers in the three matrices are counted": [
            _pair("{m}*{k}+{k}*{k}+{k}*{n}", "{m}*{k}+{k}*{k}+{k}*{n}"),
        ],
        "Every walk goes through all three matrices": [
            _pair("{n}*({m}*{k}+{k}*{k}+{k}*{n})", "{m}*({m}*{k}+{k}*{k}+{k}*{n})"),
        ],
    },
    other=[_pair("{n}", "{m}"), ["1", "2"], ["3"]],
    crash=["many", "few"],
)

ANSWERS: dict[str, Answers] = {
    "2A": _2A, "2B": _2B, "2C": _2C, "2D": _2D, "2E": _2E, "2F": ALL_GRADIENTS,
    "2G": GRADIENT_CHECK, "2H": _2H,
}  # fmt: skip

with_more(ANSWERS, RIGHT, WRONG, SLIPS)
