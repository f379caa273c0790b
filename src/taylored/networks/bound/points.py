"""Activation functions and their derivatives at points, with what the computed values may be off.

Errors are absolute, first order in the unit of rounding and generously so, from the measured
margins of the functions they are made of. Between their turning points, roots of the next
derivative, functions and derivatives are monotone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import sqrt
from typing import Any

import numpy as np

from taylored.readings.facts import ELEMENTWISE, resolve
from taylored.readings.interval.margins import NUMPY_MARGINS, UNIT
from taylored.readings.interval.turning import Turn, turn

__all__ = ["AT_POINTS", "TURNS", "Rows"]

Rows = tuple[list[Any], list[Any]]  # f, f', f'' as far as asked, and the errors of each

_TINY = 1e-300  # more than what underflows, or is flushed to zero, on the way
_FAR = 40.0  # the normal density is below 1e-340 there
_ROOT_HALF = sqrt(0.5)
_ROOT_TAU = 0.3989422804014327  # 1/sqrt(2 pi)


def _computed(name: str, x: Any) -> tuple[Any, float]:
    """A function in NumPy, and its relative error."""
    return resolve(ELEMENTWISE[name].numpy)(x), NUMPY_MARGINS[name] * UNIT


def _tanh(x: Any, degree: int) -> Rows:
    t, error = _computed("tanh", x)
    rows, errors = [t], [error * np.abs(t) + _TINY]
    if degree:
        slope = 1.0 - t * t
        rows.append(slope)
        errors.append((3 * error + 2 * UNIT) * np.ones_like(t))
    if degree == 2:
        rows.append(-2.0 * t * slope)
        errors.append((10 * error + 8 * UNIT) * np.abs(t) + _TINY)
    return rows, errors


def _gates(x: Any) -> tuple[Any, Any, float]:
    """logistic(x), logistic(-x), and their relative error."""
    p, error = _computed("logistic", x)
    return p, _computed("logistic", -x)[0], error


def _logistic(x: Any, degree: int) -> Rows:
    p, q, error = _gates(x)
    rows, errors = [p], [error * p + _TINY]
    if degree:
        rows.append(p * q)
        errors.append((2 * error + 2 * UNIT) * rows[1] + _TINY)
    if degree == 2:
        rows.append(rows[1] * (q - p))
        errors.append((5 * error + 6 * UNIT) * rows[1] + _TINY)
    return rows, errors


def _softplus(x: Any, degree: int) -> Rows:
    decay, first = _computed("exp", -np.abs(x))
    rest, second = _computed("log1p", decay)
    value = np.maximum(x, 0.0) + rest
    rows, errors = [value], [(2 * first + second + 2 * UNIT) * value + _TINY]
    if degree:
        more, their = _logistic(x, degree - 1)
        rows, errors = rows + more, errors + their
    return rows, errors


def _silu(x: Any, degree: int) -> Rows:
    """x p, p (1 + x q), p q (2 + x (q - p)) with p = logistic(x), q = logistic(-x)."""
    p, q, error = _gates(x)
    size = np.abs(x)
    rows, errors = [x * p], [(error + 2 * UNIT) * size * p + _TINY]
    if degree:
        rows.append(p * (1.0 + x * q))
        errors.append((3 * error + 6 * UNIT) * p * (1.0 + size * q) + _TINY)
    if degree == 2:
        rows.append(p * q * (2.0 + x * (q - p)))
        errors.append((6 * error + 10 * UNIT) * p * q * (2.0 + size) + _TINY)
    return rows, errors


def _gelu(x: Any, degree: int) -> Rows:
    """x P, P + x d, d (2 - x**2) with the normal distribution function P and its density d."""
    bell, error = _computed("erf", x * _ROOT_HALF)
    value, off = 0.5 * (1.0 + bell), error + 4 * UNIT
    near = np.clip(x, -_FAR, _FAR)
    density = np.exp(-0.5 * near * near) * _ROOT_TAU if degree else x
    loose = 8 * UNIT + NUMPY_MARGINS["exp"] * UNIT
    rows = [x * value, value + near * density, density * (2.0 - near * near)]
    one = np.ones_like(x)
    errors = [(off + 2 * UNIT) * np.abs(x) + _TINY, (off + loose) * one, 4 * loose * one]
    return rows[: degree + 1], errors[: degree + 1]


AT_POINTS: dict[str, Callable[[Any, int], Rows]] = {
    "tanh": _tanh, "logistic": _logistic, "softplus": _softplus, "silu": _silu, "gelu": _gelu,
}  # fmt: skip

_ERROR = Fraction(1, 10**30)  # of the turning points' values below


def _turns(*pairs: tuple[str, str]) -> Sequence[Turn]:
    return [turn(float(place), Fraction(value), _ERROR) for place, value in pairs]


_HALF_LOG = "0.6584789484624083999996461943205871"  # tanh there is 1/sqrt(3)
_LOG = "1.316957896924816799999292388641174"  # log(2 + sqrt(3))

# Turning points of f, f' and f''.
TURNS: dict[str, Sequence[Sequence[Turn]]] = {
    "tanh": ((), _turns(("0", "1")),
             _turns((_HALF_LOG, "-0.769800358919501075340364963787"),
                    ("-" + _HALF_LOG, "0.769800358919501075340364963787"))),
    "logistic": ((), _turns(("0", "0.25")),
                 _turns((_LOG, "-0.096225044864937634417545620473"),
                        ("-" + _LOG, "0.096225044864937634417545620473"))),
    "softplus": ((), (), _turns(("0", "0.25"))),
    # silu' = 0 at -1 - W(1/e); silu'' = 0 where x tanh(x/2) = 2
    "silu": (
        _turns(("-1.278464542761073795109358739023", "-0.278464542761073795109358739023")),
        _turns(("2.399357280515467667832739697282", "1.099839320128866916958184924321"),
               ("-2.399357280515467667832739697282", "-0.099839320128866916958184924321")),
        _turns(("0", "0.5"),
               ("3.435840993535110688951641343852", "-0.036914373199893185638291779772"),
               ("-3.435840993535110688951641343852", "-0.036914373199893185638291779772")),
    ),
    # gelu'' = d (2 - x**2), gelu''' = d x (x**2 - 4)
    "gelu": (
        _turns(("-0.751791524693564457457904946780", "-0.169971207479903661693868470982")),
        _turns(("1.414213562373095048801688724210", "1.128904145185154786340744442262"),
               ("-1.414213562373095048801688724210", "-0.128904145185154786340744442262")),
        _turns(("0", "0.797884560802865355879892119869"),
               ("2", "-0.107981933026376103901128400821"),
               ("-2", "-0.107981933026376103901128400821")),
    ),
}  # fmt: skip
