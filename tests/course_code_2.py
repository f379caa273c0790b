"""Code answers to the exercises of module 2: all gradients of a network, and the gradient check."""

from __future__ import annotations

from course_data import Answers

__all__ = ["ALL_GRADIENTS", "CHECK", "GRADIENTS", "GRADIENT_CHECK"]

# ---- 2F ---------------------------------------------------------------------------------------

_FORWARDS = """
import numpy as np
def gradients(t, y, W1, b1, W2, b2, W3, b3):
    z1 = W1 @ t + b1
    a1 = np.tanh(z1)
    z2 = W2 @ a1 + b2
    a2 = np.tanh(z2)
    a3 = W3 @ a2 + b3
"""
_BACKWARDS = """    d3 = 2*(a3 - y)
    d2 = (W3.T @ d3) * (1 - a2**2)
    d1 = (W2.T @ d2) * (1 - a1**2)
"""
_GIVEN = """    return (np.outer(d1, t), d1, np.outer(d2, a1), d2, np.outer(d3, a2), d3)
"""
GRADIENTS = _FORWARDS + _BACKWARDS + _GIVEN
_2F_LISTS = """
from math import tanh
def gradients(t, y, W1, b1, W2, b2, W3, b3):
    def layer(W, a, b):
        return [sum(w*v for w, v in zip(row, a)) + c for row, c in zip(W, b)]
    def back(W, d, a):
        return [sum(W[j][i]*d[j] for j in range(len(d)))*(1 - a[i]**2) for i in range(len(a))]
    def outer(d, a):
        return [[p*q for q in a] for p in d]
    a1 = [tanh(v) for v in layer(W1, t, b1)]
    a2 = [tanh(v) for v in layer(W2, a1, b2)]
    a3 = layer(W3, a2, b3)
    d3 = [2*(p - q) for p, q in zip(a3, y)]
    d2 = back(W3, d3, a2)
    d1 = back(W2, d2, a1)
    return [outer(d1, t), d1, outer(d2, a1), d2, outer(d3, a2), d3]
"""
_2F_COLUMNS = """
import numpy as np
def gradients(t, y, W1, b1, W2, b2, W3, b3):
    col = lambda v: np.reshape(v, (-1, 1))
    a0, ys = col(t), col(y)
    a1 = np.tanh(W1 @ a0 + col(b1)); a2 = np.tanh(W2 @ a1 + col(b2)); a3 = W3 @ a2 + col(b3)
    d3 = -2*(ys - a3)
    d2 = W3.T.dot(d3) / np.cosh(W2 @ a1 + col(b2))**2
    d1 = W2.T.dot(d2) / np.cosh(W1 @ a0 + col(b1))**2
    return d1 @ a0.T, d1, d2 @ a1.T, d2, d3 @ a2.T, d3
"""
_2F_JAX = """
import jax.numpy as jnp
def gradients(t, y, W1, b1, W2, b2, W3, b3):
    a1 = jnp.tanh(jnp.dot(W1, t) + b1)
    a2 = jnp.tanh(jnp.dot(W2, a1) + b2)
    d3 = 2*(jnp.dot(W3, a2) + b3 - y)
    d2 = jnp.dot(W3.T, d3)*(1 - a2*a2)
    d1 = jnp.dot(W2.T, d2)*(1 - a1*a1)
    return jnp.outer(d1, t), d1, jnp.outer(d2, a1), d2, jnp.outer(d3, a2), d3
"""


def _swap(*pairs: tuple[str, str]) -> str:
    text = GRADIENTS
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


_S1, _S2 = " * (1 - a1**2)", " * (1 - a2**2)"

ALL_GRADIENTS = Answers(
    right=[GRADIENTS, _2F_LISTS, _2F_COLUMNS, _2F_JAX],
    wrong={
        "The slopes of both bends are missing": [_swap((_S1, ""), (_S2, ""))],
        "The slope of the first hidden layer is missing": [_swap((_S1, ""))],
        "The slope of the second hidden layer is missing": [_swap((_S2, ""))],
        "The slope comes one step too late": [
            _swap(("d2 = (W3.T @ d3) * (1 - a2**2)", "d2 = W3.T @ d3"),
                  ("d1 = (W2.T @ d2) * (1 - a1**2)", "d1 = W2.T @ (d2 * (1 - a2**2))")),
        ],
        "The last layer has been given a bend": [
            _swap(("2*(a3 - y)", "2*(a3 - y)*(1 - np.tanh(a3)**2)")),
        ],
        "The 2 of the square is missing": [_swap(("2*(a3 - y)", "a3 - y"))],
        "The 2 of the square is missing, and the sign is wrong": [_swap(("2*(a3 - y)", "y - a3"))],
        "The slopes of the bends and the 2 of the square are missing": [
            _swap((_S1, ""), (_S2, ""), ("2*(a3 - y)", "a3 - y")),
        ],
        "The sign is wrong: wanted minus answer": [_swap(("2*(a3 - y)", "2*(y - a3)"))],
        "The sums are used in place of the answers": [
            _swap(("(d2, a1)", "(d2, z1)"), ("(d3, a2)", "(d3, z2)")),
        ],
        "The gradients of the matrices are transposed": [
            _swap(("np.outer(d1, t)", "np.outer(t, d1)"), ("np.outer(d2, a1)", "np.outer(a1, d2)"),
                  ("np.outer(d3, a2)", "np.outer(a2, d3)")),
        ],
        "The slope is that of the logistic function": [
            _swap((_S1, " * a1 * (1 - a1)"), (_S2, " * a2 * (1 - a2)")),
        ],
        "The slope is taken of the sum instead of the answer": [
            _swap((_S1, " * (1 - z1**2)"), (_S2, " * (1 - z2**2)")),
        ],
        "The gradients by the biases are all ones": [
            _swap(("t), d1,", "t), np.ones(6),"), ("a1), d2,", "a1), np.ones(7),"),
                  ("a2), d3)", "a2), np.ones(2))")),
        ],
    },
    other=[_swap(("2*(a3 - y)", "(a3 - y)**2"))],
    crash=_swap(("np.outer(d2, a1)", "d2 @ a1")),
)  # fmt: skip

# ---- 2G ---------------------------------------------------------------------------------------

CHECK = """
import numpy as np
def gradient_check(cost, gradient, w):
    h = 1e-5
    gaps = []
    for i in range(len(w)):
        e = np.zeros(len(w))
        e[i] = h
        slope = (cost(w + e) - cost(w - e)) / (2*h)
        gaps.append(abs(slope - gradient[i]) / max(abs(slope), abs(gradient[i])))
    return max(gaps)
"""
_CHECK_ARRAYS = """
import numpy as np
def gradient_check(cost, gradient, w):
    n = np.array([(cost(w + e) - cost(w - e)) / 2e-6 for e in 1e-6*np.eye(len(w))])
    return np.max(np.abs(n - gradient) / np.maximum(np.abs(n), np.abs(gradient)))
"""
_CHECK_IN_PLACE = """
def gradient_check(cost, gradient, w):
    worst = 0
    for i in range(len(w)):
        old = w[i]
        w[i] = old + 1e-4
        up = cost(w)
        w[i] = old - 1e-4
        down = cost(w)
        w[i] = old
        n, g = (up - down)/2e-4, gradient[i]
        worst = max(worst, abs(n - g)/max(abs(n), abs(g)))
    return worst
"""
_CHECK_LISTS = """
import numpy as np
def gradient_check(cost, gradient, w):
    h, w = 1e-6, list(w)
    def at(i, step):
        return cost(w[:i] + [w[i] + step] + w[i+1:])
    def slope(i):
        return (at(i, h) - at(i, -h)) / (2*h)
    pairs = [(slope(i), gradient[i]) for i in range(len(w))]
    return [max(abs(n - g)/max(abs(n), abs(g)) for n, g in pairs)]
"""
_GAP = "abs(slope - gradient[i]) / max(abs(slope), abs(gradient[i]))"


def _check(old: str, new: str) -> str:
    assert old in CHECK
    return CHECK.replace(old, new)


_VECTORS = """
import numpy as np
def gradient_check(cost, gradient, w):
    h = 1e-5
    n = np.array([(cost(w + h*e) - cost(w - h*e)) / (2*h) for e in np.eye(len(w))])
    return np.linalg.norm(n - gradient) / (np.linalg.norm(n) + np.linalg.norm(gradient))
"""

GRADIENT_CHECK = Answers(
    right=[CHECK, _CHECK_ARRAYS, _CHECK_IN_PLACE, _CHECK_LISTS],
    wrong={
        "The cost is never asked at another place": [
            _check("(cost(w + e) - cost(w - e)) / (2*h)", "cost(w)"),
            "def gradient_check(cost, gradient, w):\n    return 0.0",
        ],
        "All parameters are moved at once": [
            _check("(cost(w + e) - cost(w - e))", "(cost(w + h) - cost(w - h))")
        ],
        "The step is far too small": [_check("1e-5", "1e-15"), _check("1e-5", "1e-13")],
        "The step is far too large": [_check("1e-5", "0.5"), _check("1e-5", "0.1")],
        "The difference is divided by h instead of 2h": [_check("/ (2*h)", "/ h")],
        "The difference is to one side, but divided by 2h": [_check("cost(w - e)", "cost(w)")],
        "The gap is absolute, not relative": [_check(_GAP, "abs(slope - gradient[i])")],
        "The gap is divided by something else": [
            _check(_GAP, "abs(slope - gradient[i]) / (abs(slope) + abs(gradient[i]))"),
            _check(_GAP, "abs(slope - gradient[i]) / abs(gradient[i])"),
            _check(_GAP, "abs((slope - gradient[i]) / slope)"),
        ],
        "The mean or the sum of the gaps is returned": [_check("max(gaps)", "sum(gaps)/len(gaps)")],
        "Whole vectors are compared by their lengths": [
            _VECTORS,
            _VECTORS.replace(
                "(np.linalg.norm(n) + np.linalg.norm(gradient))", "np.linalg.norm(gradient)"
            ),
        ],
        "Signs are not compared": [
            _check("abs(slope - gradient[i])", "abs(abs(slope) - abs(gradient[i]))")
        ],
        "The gap keeps its sign": [_check("abs(slope - gradient[i])", "(slope - gradient[i])")],
    },
    other=[_check("max(gaps)", "max(gaps)/3"), _check("max(gaps)", "max(gaps) + 1")],
    crash=_check("gradient[i]", "gradient[i + 1]"),
)
