"""Answers to the exercises of module 1: right ones in many forms, wrong ones, crashes."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, sin
from types import SimpleNamespace

from course_data import Answers, with_more
from course_more_1 import RIGHT, SLIPS, WRONG

__all__ = ["ANSWERS"]

ANSWERS: dict[str, Answers] = {}


def _texts(*texts: str) -> Callable[[SimpleNamespace], list[str]]:
    """Fields with the drawn numbers for `{a}`."""
    return lambda p: [t.format(**vars(p)) for t in texts]


def _text(text: str) -> Callable[[SimpleNamespace], str]:
    return lambda p: text.format(**vars(p))


_FX, _FY = "{a}*x^({a}-1)*sin({b}*y)", "{b}*x^{a}*cos({b}*y)"

ANSWERS["1A"] = Answers(
    right=[
        _texts(_FX, _FY),
        _texts("a*x**(a-1)*sin(b*y)", "b*cos(b*y)*x**a"),
        _texts("{a}x^{a}/x*sin({b}y)", "x^{a}*{b}*sin({b}*y + pi/2)"),
        _texts("sin({b}*y)*{a}*x^({a}-1) + 0", "cos(-{b}*y)*{b}*x^{a}"),
    ],
    wrong={
        "The two derivatives are exchanged": [_texts(_FY, _FX)],
        "Both factors are differentiated at once": [
            _texts("{a}*{b}*x^({a}-1)*cos({b}*y)", "{a}*{b}*x^({a}-1)*cos({b}*y)"),
            _texts(_FX, "{a}*{b}*x^({a}-1)*cos({b}*y)"),
        ],
        "The product rule is used where only one factor moves": [
            _texts(f"{_FX} + {_FY}", f"{_FX} + {_FY}"), _texts(_FX, f"{_FY} + {_FX}"),
        ],
        "The inner derivative is missing": [_texts(_FX, "x^{a}*cos({b}*y)"),
                                            _texts("x^{a}", "x^{a}*cos({b}*y)")],
        "The derivative of the sine has a wrong sign": [_texts(_FX, f"-{_FY}")],
        "The factor that stands still got lost": [
            _texts("{a}*x^({a}-1)", "{b}*cos({b}*y)"), _texts(_FX, "{b}*cos({b}*y)"),
        ],
        "The exponent is not handled as the power rule says": [
            _texts("{a}*x^{a}*sin({b}*y)", _FY), _texts("x^({a}-1)*sin({b}*y)", _FY),
        ],
    },
    other=[["x", "y"], _texts("0", _FY), ["1", "1"]],
    crash=["2*z", "x"],
)  # fmt: skip

_BX = "2*{a}*t^{n}*cos({k}*t)*{n}*t^({n}-1)"
_BY = "{a}*t^(2*{n})*{k}*sin({k}*t)"

ANSWERS["1B"] = Answers(
    right=[
        _text(f"{_BX} - {_BY} + {{c}}"),
        _text("c + a*t^(2*n-1)*(2*n*cos(k*t) - k*t*sin(k*t))"),
        _text("2*{n}*{a}*t**(2*{n})/t*cos({k}t) - {a}*{k}*(t^{n})^2*sin({k}*t) + {c}"),
        _text("df/dt = {c} - {k}*{a}*t^{n}*t^{n}*sin({k}t) + {a}*2*{n}*t^(2*{n}-1)*cos({k}*t)"
              .replace("df/dt = ", "df = ")),
    ],
    wrong={
        "That is the partial derivative, standing still": [_text("{c}")],
        "The explicit time is forgotten": [_text(f"{_BX} - {_BY}")],
        "The speeds are missing": [_text("2*{a}*t^{n}*cos({k}*t) + {a}*t^(2*{n}) + {c}")],
        "The way through y is missing": [_text(f"{_BX} + {{c}}")],
        "The way through x is missing": [_text(f"-{_BY} + {{c}}")],
        "The slope of the cosine has a wrong sign": [_text(f"{_BX} + {_BY} + {{c}}")],
        "The inner derivative of the cosine is missing": [
            _text(f"{_BX} - {{a}}*t^(2*{{n}})*sin({{k}}*t) + {{c}}"),
        ],
    },
    other=["t", "0", _text(f"{_BX} * {_BY}")],
    crash="x^2*y",
)  # fmt: skip


def _jacobian(first: str, second: str, before: str = "from math import cos, exp, sin\n"):
    return _text(
        before + f"def jacobian(x, y, z):\n    return [[{first}],\n            [{second}]]\n"
    )


_F = "2*{a}*x*y, {a}*x**2, {b}*exp({b}*z)"
_G = "{c}*cos({c}*x), z**2, 2*y*z"

ANSWERS["1C"] = Answers(
    right=[
        _jacobian(_F, _G),
        _text("import numpy as np\ndef jacobian(x, y, z):\n"
              f"    return np.array([({_F.replace('exp', 'np.exp')}), "
              f"({_G.replace('cos', 'np.cos')})])\n"),
        _text("import math\ndef jacobian(x, y, z):\n    J = [[0.0]*3 for _ in range(2)]\n"
              "    J[0][0] = 2*{a}*x*y\n    J[0][1] = {a}*x*x\n"
              "    J[0][2] = {b}*math.e**({b}*z)\n"
              "    J[1] = ({c}*math.cos({c}*x), z*z, 2*y*z)\n    return tuple(J)\n"),
        _text("import jax, jax.numpy as jnp\ndef f(v):\n    x, y, z = v\n"
              "    return jnp.array([{a}*x**2*y + jnp.exp({b}*z), jnp.sin({c}*x) + y*z**2])\n"
              "def jacobian(x, y, z):\n"
              "    with jax.enable_x64(True):\n"
              "        return jax.jacfwd(f)(jnp.array([x, y, z]))\n"),
        _text("import numpy as np\njacobian = lambda x, y, z: "
              "np.array([2*{a}*x*y, {a}*x**2, {b}*np.exp({b}*z), {c}*np.cos({c}*x), z**2, 2*y*z])"
              ".reshape(2, 3)\n"),
    ],
    wrong={
        "Rows and columns are exchanged": [
            _text("from math import cos, exp\ndef jacobian(x, y, z):\n"
                  "    return [[2*{a}*x*y, {c}*cos({c}*x)], [{a}*x**2, z**2], "
                  "[{b}*exp({b}*z), 2*y*z]]\n"),
        ],
        "The two rows are exchanged": [_jacobian(_G, _F)],
        "An inner derivative is missing": [
            _jacobian("2*{a}*x*y, {a}*x**2, exp({b}*z)", "cos({c}*x), z**2, 2*y*z"),
        ],
        "The inner derivative of the exponential is missing": [
            _jacobian("2*{a}*x*y, {a}*x**2, exp({b}*z)", _G),
        ],
        "The inner derivative of the sine is missing": [
            _jacobian(_F, "cos({c}*x), z**2, 2*y*z"),
        ],
        "Terms that stand still were kept": [
            _jacobian("2*{a}*x*y + exp({b}*z), {a}*x**2 + exp({b}*z), "
                      "{a}*x**2*y + {b}*exp({b}*z)",
                      "{c}*cos({c}*x) + y*z**2, sin({c}*x) + z**2, sin({c}*x) + 2*y*z"),
        ],
        "The six numbers are not in rows": [
            _text(f"from math import cos, exp\ndef jacobian(x, y, z):\n    return [{_F}, {_G}]\n"),
        ],
    },
    other=[_jacobian("0, 0, 0", "0, 0, 0"), _jacobian(_F, "0, 0, 0")],
    crash=_jacobian(_F, "cosine({c}*x), z**2, 2*y*z"),
)  # fmt: skip


def _polar(rows: Callable[[SimpleNamespace], list[list[float]]]):
    return lambda p: "; ".join(", ".join(f"{v:.6g}" for v in row) for row in rows(p))


def _columns(p: SimpleNamespace, r: float, phi: float) -> list[list[float]]:
    return [[p.a * cos(phi), -p.a * r * sin(phi)], [p.b * sin(phi), p.b * r * cos(phi)]]


def _with_signs(p: SimpleNamespace, top: int, bottom: int) -> list[list[float]]:
    (a, b), (c, d) = _columns(p, p.r, p.phi)
    return [[a, top * b], [c, bottom * d]]


ANSWERS["1D"] = Answers(
    right=[
        _polar(lambda p: _columns(p, p.r, p.phi)),
        _text("[[{a}*cos({phi}), -{a}*{r}*sin({phi})], [{b}*sin({phi}), {b}*{r}*cos({phi})]]"),
        _text("{a}*cos({phi}) -{a}*{r}*sin({phi})\n{b}*sin({phi}) {b}*{r}*cos({phi})"),
        lambda p: "\n".join(" ".join(f"{v:.3f}" for v in row) for row in _columns(p, p.r, p.phi)),
        lambda p: [[f"{v:.5f}" for v in row] for row in _columns(p, p.r, p.phi)],
    ],
    wrong={
        "The distance is missing in the second column": [
            _polar(lambda p: _columns(p, 1.0, p.phi)),
        ],
        "The minus of the cosine's slope is missing": [_polar(lambda p: _with_signs(p, -1, 1))],
        "The minus stands at the sine's slope": [_polar(lambda p: _with_signs(p, -1, -1))],
        "Rows and columns are exchanged": [
            _polar(lambda p: [list(r) for r in zip(*_columns(p, p.r, p.phi), strict=True)]),
        ],
        "The columns are exchanged": [
            _polar(lambda p: [row[::-1] for row in _columns(p, p.r, p.phi)]),
        ],
        "The angle is taken in degrees": [
            _polar(lambda p: _columns(p, p.r, p.phi * 3.14159265 / 180)),
        ],
        "The stretching factors are missing": [
            _polar(lambda p: [[cos(p.phi), -p.r * sin(p.phi)], [sin(p.phi), p.r * cos(p.phi)]]),
        ],
    },
    other=["1, 0; 0, 1", "1 2 3; 4 5 6", "[[1, 2], [3, 4]]"],
    crash="1, 2; 3",
)  # fmt: skip


def _hessian(body: str, before: str = "from math import cos, sin\n"):
    return _text(f"{before}def hessian(x, y):\n    u = {{b}}*x*y\n{body}\n")


def _entries(first: str, twist: str, last: str) -> str:
    return (f"    h11 = {first}\n    h12 = {twist}\n    h22 = {last}\n"
            "    return [[h11, h12], [h12, h22]]")  # fmt: skip


_H11, _H22 = "6*{a}*x*y**2 - {b}**2*y**2*cos(u)", "2*{a}*x**3 - {b}**2*x**2*cos(u)"
_H12 = "6*{a}*x**2*y - {b}*sin(u) - {b}**2*x*y*cos(u)"
_FIRST = "3*{a}*x**2*y**2 - {b}*y*sin(u)"
_SECOND = "2*{a}*x**3*y - {b}*x*sin(u)"

ANSWERS["1E"] = Answers(
    right=[
        _hessian(_entries(_H11, _H12, _H22)),
        _hessian("    c, s = np.cos(u), np.sin(u)\n"
                 "    return np.array([[6*{a}*x*y**2, 6*{a}*x**2*y], [6*{a}*x**2*y, 2*{a}*x**3]])"
                 " - {b}**2*c*np.outer([y, x], [y, x]) - {b}*s*np.array([[0, 1], [1, 0]])",
                 "import numpy as np\n"),
        _hessian(f"    t = {_H12}\n    return (({_H11}, t), (t, {_H22}))"),
        _text("import jax, jax.numpy as jnp\n"
              "def f(v):\n    return {a}*v[0]**3*v[1]**2 + jnp.cos({b}*v[0]*v[1])\n"
              "def hessian(x, y):\n    with jax.enable_x64(True):\n"
              "        return jax.hessian(f)(jnp.array([x, y]))\n"),
    ],
    wrong={
        "That is the gradient": [_hessian(f"    return [{_FIRST}, {_SECOND}]")],
        "The mixed entries are left at zero": [_hessian(_entries(_H11, "0.0", _H22))],
        "In the mixed entry the product rule is missing": [
            _hessian(_entries(_H11, "6*{a}*x**2*y - {b}**2*x*y*cos(u)", _H22)),
        ],
        "The inner factor appears only once": [
            _hessian(_entries(_H11.replace("{b}**2", "{b}"), _H12.replace("{b}**2", "{b}"),
                              _H22.replace("{b}**2", "{b}"))),
        ],
        "The sign of the cosine's derivatives is turned": [
            _hessian(_entries(*(e.replace(" - ", " + ") for e in (_H11, _H12, _H22)))),
        ],
        "Products of first derivatives instead of second derivatives": [
            _hessian(f"    f, g = {_FIRST}, {_SECOND}\n    return [[f*f, f*g], [f*g, g*g]]"),
        ],
    },
    other=[_hessian("    return [[0, 0], [0, 0]]"), _hessian("    return [1, 2, 3, 4]")],
    crash=_hessian("    return [[x**2, y], [y, 1/(x - x)]]"),
)  # fmt: skip


def _kinds(change: Callable[[SimpleNamespace, str, tuple[int, int, int]], str]):
    """The right kinds, with what `change` makes of each kind and its matrix."""

    def answer(p: SimpleNamespace) -> list[str]:
        return [
            change(p, kind, tuple(getattr(p, f"{letter}{k}") for k in "abc"))
            for letter, kind in zip("ABCDE", p.kinds, strict=True)
        ]

    return answer


_SWAP = {"minimum": "maximum", "maximum": "minimum"}

ANSWERS["1F"] = Answers(
    right=[
        lambda p: list(p.kinds),
        lambda p: tuple(p.kinds),
        _kinds(lambda p, kind, m: "open" if m[0] * m[2] == m[1] ** 2 else kind),
        _kinds(lambda p, kind, m: "saddle" if m[0] * m[2] < m[1] ** 2 else kind),
    ],
    wrong={
        "The twist is left out": [
            _kinds(lambda p, k, m: "minimum" if k == "saddle" and m[0] > 0 < m[2] else k),
            _kinds(lambda p, k, m: "minimum" if m[0] > 0 < m[2] else k),
        ],
        "Minimum and maximum are exchanged": [
            _kinds(lambda p, k, m: _SWAP.get(k, k)),
            _kinds(lambda p, k, m: "maximum" if k == "minimum" else k),
        ],
        "A zero determinant is passed over": [
            _kinds(lambda p, k, m: "minimum" if k == "open" else k),
            _kinds(lambda p, k, m: "saddle" if k == "open" else k),
        ],
        "The test does decide here": [
            _kinds(lambda p, k, m: "open" if k == "maximum" else k),
            _kinds(lambda p, k, m: "open" if k == "saddle" else k),
        ],
        "A saddle is seen where there is none": [
            _kinds(lambda p, k, m: "saddle" if k == "maximum" else k),
        ],
        "One bend up and one bend down": [
            _kinds(lambda p, k, m: "minimum" if m[0] * m[2] < 0 else k),
            _kinds(lambda p, k, m: "maximum" if m[0] * m[2] < 0 else k),
        ],
    },
    crash=["minimum", "maximum", "saddle", "open", "none"],
)


def _step(p: SimpleNamespace) -> float:
    return 2 * (p.eps / p.M) ** 0.5


def _pair(h: Callable[[SimpleNamespace], float], error: Callable[[SimpleNamespace], float]):
    return lambda p: [f"{h(p):.6g}", f"{error(p):.6g}"]


def _error(p: SimpleNamespace, h: float) -> float:
    return 0.5 * p.M * h + 2 * p.eps / h


ANSWERS["1G"] = Answers(
    right=[
        _pair(_step, lambda p: _error(p, _step(p))),
        _texts("2*sqrt({eps}/{M})", "2*sqrt({eps}*{M})"),
        _texts("sqrt(4*{eps}/{M})", "{M}*sqrt(4*{eps}/{M})"),
        lambda p: [f"{_step(p):.3e}", f"{_error(p, _step(p)):.3e}"],
        lambda p: f"{_step(p)!r}, {_error(p, _step(p))!r}",
    ],
    wrong={
        "The error is that of one part only": [_texts("2*sqrt({eps}/{M})", "sqrt({eps}*{M})")],
        "Only one of the two values is taken to be wrong": [
            _texts("sqrt(2*{eps}/{M})", "sqrt(2*{eps}*{M})"),
        ],
        "The half in the first term is lost": [
            _pair(lambda p: (2 * p.eps / p.M) ** 0.5,
                  lambda p: _error(p, (2 * p.eps / p.M) ** 0.5)),
        ],
        "The square root is missing": [
            _pair(lambda p: 4 * p.eps / p.M, lambda p: _error(p, 4 * p.eps / p.M)),
        ],
        "The quotient under the root is upside down": [
            _texts("2*sqrt({M}/{eps})", "2*sqrt({eps}*{M})"),
        ],
        "The step is taken as small as possible": [["1e-16", "1e-16"], ["1e-10", "0"]],
        "The step is right, the error at it is not": [
            _pair(_step, lambda p: p.eps), _texts("2*sqrt({eps}/{M})", "{M}*{eps}"),
        ],
    },
    other=[["1", "1"], ["5", "7"]],
    crash=["a lot", "1"],
)  # fmt: skip


def _hunt(body: str, before: str = "") -> str:
    return f"{before}def hunt(probe, k):\n{body}\n"


_NET = """    seen = []
    for i in range(5):
        for j in range(4):
            x, y = 0.4 + 0.8*i, 0.4 + 0.73*j
            seen.append((*probe(x, y), x, y))
"""
_DOWN = """    h, gx, gy, x, y = min(seen)
    rate = 0.15
    for _ in range(k - len(seen)):
        u, v = min(max(x - rate*gx, 0), 4), min(max(y - rate*gy, 0), 3)
        new = probe(u, v)
        if new[0] < h:
            (h, gx, gy), x, y = new, u, v
        else:
            rate /= 2
"""

ANSWERS["1H"] = Answers(
    right=[
        _hunt(_NET + _DOWN + "    return x, y"),
        _hunt(_NET + _DOWN + "    return np.array([x, y])", "import numpy as np\n"),
        _hunt("""    X = np.array([(a, b) for a in np.linspace(0.4, 3.6, 5)
                  for b in np.linspace(0.4, 2.6, 4)])
    P = np.array([probe(a, b) for a, b in X])
    p, g, best, rate = X[P[:, 0].argmin()], P[P[:, 0].argmin(), 1:], P[:, 0].min(), 0.2
    for _ in range(k - 20):
        q = np.clip(p - rate*g, 0, [4, 3])
        f = probe(*q)
        if f[0] < best:
            p, g, best = q, np.array(f[1:]), f[0]
        else:
            rate *= 0.5
    return list(p)""", "import numpy as np\n"),
        _hunt(_NET + """    seen.sort()
    out = []
    for h, gx, gy, x, y in seen[:2]:
        rate = 0.15
        for _ in range((k - 20)//2):
            u, v = x - rate*gx, y - rate*gy
            u, v = min(max(u, 0), 4), min(max(v, 0), 3)
            new = probe(u, v)
            if new[0] < h:
                h, gx, gy, x, y = *new, u, v
            else:
                rate /= 2
        out.append((h, x, y))
    return min(out)[1:]"""),
    ],
    wrong={
        "Too many probes": [
            _hunt("    return min((probe(i/20, j/20)[0], i/20, j/20) for i in range(81) "
                  "for j in range(31))[1:]"),
            _hunt(_NET + _DOWN.replace("k - len(seen)", "k") + "    return x, y"),
        ],
        "The answer does not depend on the pit": [
            "def hunt(probe, k):\n    height, slope_x, slope_y = probe(2.0, 1.5)\n"
            "    return 2.0, 1.5\n",
            _hunt("    return 1, 1"),
        ],
        "The search goes uphill": [
            _hunt(_NET + "    return max(seen)[3:]"),
        ],
        "A better place was already known": [
            _hunt(_NET + _DOWN + "    return seen[-1][3:]"),
            _hunt(_NET + _DOWN + "    return 2.0, 1.5"),
        ],
        "Stuck in a hollow that is not the deepest": [
            _hunt("""    x, y = 2.0, 1.5
    for _ in range(k):
        h, gx, gy = probe(x, y)
        x, y = min(max(x - 0.15*gx, 0), 4), min(max(y - 0.15*gy, 0), 3)
    return x, y"""),
            _hunt("    seen = [(*probe(1.0, 1.0), 1.0, 1.0)]\n" + _DOWN + "    return x, y"),
        ],
        "The search stops before the bottom": [
            _hunt(_NET + "    return min(seen)[3:]"),
            _hunt("    s = [(probe(x, y)[0], x, y) for x in (0.5, 1.5, 2.5, 3.5) "
                  "for y in (0.5, 1.5, 2.5)]\n    return min(s)[1:]"),
        ],
    },
    crash=_hunt("    return probe(2.0, 1.5)"),
)  # fmt: skip


def _top(body: str, before: str = "import numpy as np\n") -> Callable[[SimpleNamespace], str]:
    return _text(f"{before}def most_influential(net, x, spread):\n{body}\n")


_FORWARD = "    u = np.tanh(net.W @ x + net.b)\n"
_BACK = _FORWARD + "    g = net.W.T @ (net.v*(1 - u**2))\n"

ANSWERS["1I"] = Answers(
    right=[
        _top(_BACK + "    return np.argsort(-abs(g)*spread)[:{k}]"),
        _top(_BACK + "    e = np.abs(g*spread)\n    return e.argsort()[::-1][:{k}].tolist()"),
        _top(_FORWARD + "    d = [sum(net.v[j]*(1 - u[j]**2)*net.W[j, i] for j in range(6)) "
             "for i in range(1000)]\n"
             "    return sorted(range(1000), key=lambda i: -abs(d[i])*spread[i])[:{k}]"),
        _top("    s = net.W @ x + net.b\n    g = (net.v/np.cosh(s)**2) @ net.W\n    net(x)\n"
             "    return tuple(int(i) for i in np.argsort(-(g*spread)**2)[:{k}])"),
        _text("import jax, jax.numpy as jnp\n"
              "def most_influential(net, x, spread):\n    with jax.enable_x64(True):\n"
              "        y = lambda x: net.v @ jnp.tanh(net.W @ x + net.b)\n"
              "        return jnp.argsort(-jnp.abs(jax.grad(y)(jnp.asarray(x))*spread))[:{k}]\n"),
    ],
    wrong={
        "One run of the model for each input": [
            _top("    g = np.zeros(1000)\n    base = net(x)\n    for i in range(1000):\n"
                 "        z = x.copy()\n        z[i] += 1e-6\n        g[i] = (net(z) - base)/1e-6\n"
                 "    return np.argsort(-abs(g)*spread)[:{k}]"),
        ],
        "The spread is not used": [_top(_BACK + "    return np.argsort(-abs(g))[:{k}]")],
        "The sign decides instead of the size": [
            _top(_BACK + "    return np.argsort(-g*spread)[:{k}]"),
        ],
        "The weakest come first": [
            _top(_BACK + "    return np.argsort(abs(g)*spread)[:{k}]"),
        ],
        "Right ones, but weakest of them first": [
            _top(_BACK + "    return np.argsort(abs(g)*spread)[-{k}:]"),
        ],
        "The slope of the tanh is left out": [
            _top("    g = net.W.T @ net.v\n    return np.argsort(-abs(g)*spread)[:{k}]"),
        ],
        "The slope of the tanh is taken wrongly": [
            _top(_FORWARD + "    g = net.W.T @ (net.v*(1 - np.tanh(u)**2))\n"
                 "    return np.argsort(-abs(g)*spread)[:{k}]"),
            _top(_FORWARD + "    g = net.W.T @ (net.v*(1 - u))\n"
                 "    return np.argsort(-abs(g)*spread)[:{k}]"),
        ],
        "Ranked by the size of the input": [
            _top(_BACK + "    return np.argsort(-abs(g*x))[:{k}]"),
        ],
    },
    other=[_top("    return list(range({k}))"), _top("    return np.argsort(-spread)[:{k}]")],
    crash=_top("    return np.argsort(-gradient)[:{k}]"),
)  # fmt: skip

with_more(ANSWERS, RIGHT, WRONG, SLIPS)
