"""More answers to the exercises of module 1: as learners type them, for mistakes and slips."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, sin, sqrt
from types import SimpleNamespace
from typing import Any

__all__ = ["RIGHT", "SLIPS", "WRONG"]

Made = Callable[[SimpleNamespace], Any]


def _t(*texts: str) -> Made:
    """Fields (or one text) with the drawn numbers for `<a>`."""

    def made(p: SimpleNamespace) -> Any:
        full = list(texts)
        for name, value in vars(p).items():
            full = [t.replace(f"<{name}>", str(value)) for t in full]
        return full if len(full) > 1 else full[0]

    return made


def _rows(rule: Callable[[SimpleNamespace, list[list[float]]], Any]) -> Made:
    """1D: a matrix made from the right one, typed with a semicolon."""

    def made(p: SimpleNamespace) -> str:
        c, s = cos(p.phi), sin(p.phi)
        found = rule(p, [[p.a * c, -p.a * p.r * s], [p.b * s, p.b * p.r * c]])
        return "; ".join(", ".join(f"{v:.6g}" for v in row) for row in found)

    return made


_FX, _FY = "<a>*x^(<a>-1)*sin(<b>*y)", "<b>*x^<a>*cos(<b>*y)"
_1B_Y = "<a>*t^(2*<n>)*<k>*sin(<k>*t)"
_1B_X = "2*<n>*<a>*t^(2*<n>-1)*cos(<k>*t)"
_1C = "from math import cos, exp, sin\ndef jacobian(x, y, z):\n    return "
_1C_F, _1C_G = "2*<a>*x*y, <a>*x**2, <b>*exp(<b>*z)", "<c>*cos(<c>*x), z**2, 2*y*z"
_1E = "from math import cos, sin, sqrt\ndef hessian(x, y):\n    c, s = cos(<b>*x*y), sin(<b>*x*y)\n"
_1E += "    m = 6*<a>*x**2*y - <b>*s - <b>**2*x*y*c\n    f = 6*<a>*x*y**2 - <b>**2*y**2*c\n"
_1E += "    g = 2*<a>*x**3 - <b>**2*x**2*c\n"
_1I = "import numpy as np\ndef most_influential(net, x, spread):\n"
_1I += "    u = np.tanh(net.W @ x + net.b)\n    d = net.W.T @ (net.v*(1 - u**2))\n"
_SWAPPED = """
def hunt(probe, k):
    seen = []
    for i in range(5):
        for j in range(4):
            x, y = 0.4 + 0.8*i, 0.4 + 0.73*j
            seen.append((*probe(x, y), x, y))
    h, gx, gy, x, y = min(seen)
    rate = 0.15
    for _ in range(k - len(seen)):
        u, v = min(max(x - rate*gx, 0), 4), min(max(y - rate*gy, 0), 3)
        new = probe(u, v)
        if new[0] < h:
            (h, gx, gy), x, y = new, u, v
        else:
            rate /= 2
    return y, x
"""


def _step(p: SimpleNamespace, h: float, error: float | None = None) -> list[str]:
    bound = p.M * h / 2 + 2 * p.eps / h if error is None else error
    return [f"{h:.6g}", f"{bound:.6g}"]


def _third(p: SimpleNamespace) -> float:
    return (3 * p.eps / p.M) ** (1 / 3)


def _twisted(p: SimpleNamespace) -> list[str]:
    twists = [getattr(p, f"{letter}b") for letter in "ABCDE"]
    return ["saddle" if b < 0 else kind for b, kind in zip(twists, p.kinds, strict=True)]


def _ranked(score: str) -> Made:
    return _t(_1I + f"    return np.argsort(-({score}))[:<k>]\n")


RIGHT: dict[str, list[Made]] = {
    "1A": [_t("∂f/∂x = <a>·x^(<a>-1)·sin(<b>y)", "df/dy = <b>x^{<a>} cos <b>y"),
           _t("sin(<b>y)<a>(x^(<a>-1))", "<b>×x^<a>×np.cos(<b>y)")],
    "1B": [_t("f'(t) = 2·<n>·<a>t^(2·<n>-1)cos <k>t − <a>·<k>(t^<n>)²sin(<k>t) + <c>")],
    "1C": [_t("import numpy as np\nclass Map:\n    def __call__(self, x, y, z):\n        return "
              f"np.array([[{_1C_F}], [{_1C_G}]])\njacobian = Map()\n"
              "from math import cos, exp")],
    "1D": [_rows(lambda p, J: J), _t("[<a>cos(<phi>) -<a>*<r>*sin(<phi>)],\n"
                                     "[<b>sin(<phi>) <b>*<r>*cos(<phi>)]"),
           _t(r"\begin{pmatrix}<a>*cos(<phi>) & -<a>*<r>*sin(<phi>) \\ <b>*sin(<phi>) & "
              r"<b>*<r>*cos(<phi>)\end{pmatrix}"),
           _t("{{<a>*cos(<phi>), -<a>*<r>*sin(<phi>)}, {<b>*sin(<phi>), <b>*<r>*cos(<phi>)}}")],
    "1G": [lambda p: [f"≈ {2 * sqrt(p.eps / p.M):.3e}".replace("e", "E"),
                      f"2√({p.eps:.6g}·{p.M})"]],
    "1I": [_t("import jax, jax.numpy as jnp\ndef most_influential(net, x, spread):\n"
              "    e = abs(jax.grad(net)(jnp.asarray(x)))*spread\n"
              "    return jnp.argsort(-e)[:<k>]")],
}  # fmt: skip

WRONG: dict[str, dict[str, list[Made]]] = {
    "1A": {
        "That is the function itself": [_t("x^<a>*sin(<b>*y)", "x^<a>*sin(<b>*y)")],
        "That is a second derivative": [
            _t("<a>*(<a>-1)*x^(<a>-2)*sin(<b>*y)", "-<b>^2*x^<a>*sin(<b>*y)"),
        ],
    },
    "1B": {
        "One of the speeds is missing": [_t(f"2*<a>*t^<n>*cos(<k>*t) - {_1B_Y} + <c>"),
                                         _t(f"{_1B_X} + <a>*t^(2*<n>) + <c>")],
        "The explicit time is not derived": [_t(f"{_1B_X} - {_1B_Y} + <c>*t")],
        "The rates of the two ways are multiplied": [_t(f"-{_1B_X}*<k>*tan(<k>*t) + <c>")],
        "That is the field along the path, not its rate": [
            _t("<a>*t^(2*<n>)*cos(<k>*t) + <c>*t"),
        ],
        "The square of x is not formed or derived rightly": [
            _t("(<n>+2)*<a>*t^(<n>+1)*cos(<k>*t) - <a>*<k>*t^(<n>+2)*sin(<k>*t) + <c>"),
            _t("<n>*<a>*t^(<n>-1)*cos(<k>*t) - <a>*<k>*t^<n>*sin(<k>*t) + <c>"),
        ],
    },
    "1C": {
        "The exponential is derived like a power": [
            _t(f"{_1C}[[2*<a>*x*y, <a>*x**2, <b>*z*exp(<b>*z - 1)], [{_1C_G}]]"),
            _t(f"{_1C}[[2*<a>*x*y, <a>*x**2, <b>*z*exp(<b>*z)], [{_1C_G}]]"),
        ],
        "Those are the values of the functions": [
            _t(f"{_1C}<a>*x**2*y + exp(<b>*z), sin(<c>*x) + y*z**2"),
        ],
        "The moved input is not put back before the next one moves": [
            _t("import numpy as np\ndef jacobian(x, y, z):\n"
               "    f = lambda x, y, z: np.array([<a>*x**2*y + np.exp(<b>*z), "
               "np.sin(<c>*x) + y*z**2])\n"
               "    p, h = [x, y, z], 1e-6\n    start, columns = f(*p), []\n"
               "    for k in range(3):\n        p[k] += h\n"
               "        columns.append((f(*p) - start)/h)\n    return np.array(columns).T"),
        ],
        "A factor that stands still is differentiated as well": [
            _t(f"{_1C}[{_1C_F}], [<c>*cos(<c>*x), 2*z, 2*y*z]"),
        ],
        "The rows of the two functions are added up": [
            _t(f"{_1C}[u + v for u, v in zip([{_1C_F}], [{_1C_G}])]"),
        ],
    },
    "1D": {
        "The two stretching factors are exchanged": [
            _rows(lambda p, J: [[v * p.b / p.a for v in J[0]], [v * p.a / p.b for v in J[1]]]),
            _rows(lambda p, J: [J[0], [v * p.a / p.b for v in J[1]]]),
        ],
        "The distance stands in the first column too": [
            _rows(lambda p, J: [[v * p.r, w] for v, w in J]),
        ],
        "Distance and angle are exchanged": [
            _t("<a>*cos(<r>), -<a>*<phi>*sin(<r>); <b>*sin(<r>), <b>*<phi>*cos(<r>)"),
        ],
        "The product rule is used although only the angle moves": [
            _rows(lambda p, J: [[v, v + w] for v, w in J]),
        ],
        "That is the place, not the Jacobian": [_rows(lambda p, J: [[v * p.r for v, _ in J]])],
        "That is made of the Jacobian, it is not the Jacobian": [
            _rows(lambda p, J: [[p.a * p.b * p.r]]),
            _t("cos(<phi>)/<a>, sin(<phi>)/<b>; -sin(<phi>)/(<a>*<r>), cos(<phi>)/(<b>*<r>)"),
        ],
    },
    "1E": {
        "That is made of the Hessian, it is not the Hessian": [
            _t(_1E + "    return f*g - m*m"),
            _t(_1E + "    import numpy as np\n    return np.linalg.eigvalsh([[f, m], [m, g]])"),
        ],
        "The mixed derivative is given only once": [_t(_1E + "    return f, m, g"),
                                                    _t(_1E + "    return f, g, m")],
        "That is the value of the function": [_t(_1E + "    return <a>*x**3*y**2 + c")],
        "A power was derived only once": [
            _t(_1E + "    g += 2*<a>*x**3*(y - 1)\n    return [[f, m], [m, g]]"),
            _t(_1E + "    f += <a>*(3*x**2*y**2 - 6*x*y**2)\n    return [[f, m], [m, g]]"),
        ],
        "A term of the product rule stands in the diagonal": [
            _t(_1E + "    return [[f - <b>*s, m], [m, g - <b>*s]]"),
            _t(_1E + "    return [[f - <b>*s, m], [m, g]]"),
        ],
    },
    "1F": {"A negative twist is taken for a saddle": [_twisted]},
    "1G": {
        "That is the rule for a central difference": [
            lambda p: _step(p, _third(p)),
            lambda p: _step(p, _third(p), p.M / 6 * _third(p) ** 2 + p.eps / _third(p)),
        ],
        "The step is not the best one; the error fits the step": [
            lambda p: _step(p, sqrt(p.eps / p.M)), lambda p: _step(p, 0.1),
        ],
        "The error is right, the step is not": [
            lambda p: _step(p, 5 * sqrt(p.eps * p.M), 2 * sqrt(p.eps * p.M)),
        ],
    },
    "1H": {"East and north are exchanged": [lambda p: _SWAPPED]},
    "1I": {
        "The weights to the result are left out": [_ranked("abs(net.W.T @ (1 - u**2))*spread")],
        "The ways are added by their size": [
            _ranked("abs(net.W).T @ abs(net.v*(1 - u**2))*spread"),
        ],
        "The spread is used in another way": [_ranked("abs(d)/spread"), _ranked("spread"),
                                              _ranked("abs(d)*spread**2")],
        "Only the weights of the first layer are ranked": [_ranked("abs(net.W).sum(axis=0)")],
        "The indices are counted from 1": [
            _t(_1I + "    return np.argsort(-abs(d)*spread)[:<k>] + 1"),
        ],
        "The effects are returned, not their places": [
            _t(_1I + "    return sorted(abs(d)*spread)[::-1][:<k>]"),
        ],
        "One index is returned several times": [
            _t(_1I + "    return [np.argmax(abs(d)*spread)]*<k>"),
        ],
        "The right inputs, in another order": [
            _t(_1I + "    return sorted(np.argsort(-abs(d)*spread)[:<k>])"),
        ],
        "The slope of the tanh is taken wrongly": [_ranked("abs(net.W.T @ (net.v*u))*spread")],
        "Ranked by the size of the input": [_ranked("abs(x)")],
        "The sign decides instead of the size": [_ranked("-d*spread")],
    },
}  # fmt: skip

SLIPS: dict[str, dict[str, list[Made]]] = {  # mistakes that are common to all exercises
    "1A": {
        "A factor is lost, or one is too many": [_t(_FX, "<b>*x^<a>*cos(y)"),
                                                 _t(_FX, "x^<a>*cos(<b>*y)/<b>")],
        "Sine and cosine are exchanged": [_t(_FX, "<b>*x^<a>*sin(<b>*y)")],
        "The answer is zero everywhere": [_t(_FX, "0")],
        "What stands here is not right, while other entries are": [_t(_FX, "<b>*tan(<b>*y)")],
    },
    "1B": {
        "A factor is lost, or one is too many": [_t(f"{_1B_X}/2 - {_1B_Y} + <c>")],
        "An exponent is not right": [_t(f"{_1B_X}*t - {_1B_Y} + <c>")],
        "Sine and cosine are exchanged": [_t(f"{_1B_X} - <a>*t^(2*<n>)*<k>*cos(<k>*t) + <c>")],
    },
    "1C": {
        "A factor is lost, or one is too many": [
            _t(f"{_1C}[[2*<a>*x, <a>*x**2, <b>*exp(<b>*z)], [{_1C_G}]]"),
        ],
        "The right numbers stand in the wrong places": [
            _t(f"{_1C}[[{_1C_F}], [<c>*cos(<c>*x), 2*y*z, z**2]]"),
        ],
        "Only a part of the answer is there": [_t(f"{_1C}[{_1C_F}]")],
    },
    "1D": {
        "The numbers are not arranged as the answer wants them": [
            _rows(lambda p, J: [[*J[0], *J[1]]]),
        ],
        "Only a part of the answer is there": [_rows(lambda p, J: J[:1])],
    },
    "1E": {
        "A term is missing": [_t(_1E + "    m = 6*<a>*x**2*y\n    return [[f, m], [m, g]]")],
        "A term has the wrong sign": [
            _t(_1E + "    m += 2*<b>*s\n    return [[f, m], [m, g]]"),
        ],
        "One letter stands where another belongs": [
            _t(_1E + "    f += <b>**2*(y**2 - x**2)*c\n    return [[f, m], [m, g]]"),
        ],
    },
    "1G": {"It is nearly right: the digits are too few": [
        lambda p: [f"{2 * sqrt(p.eps / p.M):.1g}", f"{2 * sqrt(p.eps * p.M):.1g}"],
    ]},
}  # fmt: skip
