"""Where functions are not defined or not differentiable, in words, for series of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

__all__ = ["outside"]

# name -> (where, for a series that is not constant: whether only there; what to say).
_Row = tuple[Callable[[Any], Any], bool, str]


def _rows(name: str, noun: str, beyond: Callable, edge: Callable | None = None) -> None:
    rows: list[_Row] = [(beyond, False, f"{noun} of {{}}")]
    if edge is not None:
        rows.append((edge, True, f"{noun} of {{}} has no derivative"))
    _DOMAINS[name] = rows


_DOMAINS: dict[str, list[_Row]] = {
    "recip": [(lambda u: u == 0, False, "division by zero")],
    "rsqrt": [(lambda u: u < 0, False, "the square root of {}"),
              (lambda u: u == 0, False, "division by zero")],
    "cbrt": [(lambda u: u == 0, True, "the cube root of 0 has no derivative")],
}  # fmt: skip

_rows("sqrt", "the square root", lambda u: u < 0, lambda u: u == 0)
for _name, _noun in {"log": "the logarithm", "log2": "the logarithm to base 2",
                     "log10": "the logarithm to base 10"}.items():  # fmt: skip
    _rows(_name, _noun, lambda u: u <= 0)
_rows("log1p", "log1p", lambda u: u <= -1)
_rows("asin", "the arcsine", lambda u: abs(u) > 1, lambda u: abs(u) == 1)
_rows("acos", "the arccosine", lambda u: abs(u) > 1, lambda u: abs(u) == 1)
_rows("acosh", "the inverse hyperbolic cosine", lambda u: u < 1, lambda u: u == 1)
_rows("atanh", "the inverse hyperbolic tangent", lambda u: abs(u) >= 1)
_rows("erf_inv", "the inverse error function", lambda u: abs(u) >= 1)
for _name, _noun in {"gamma": "the gamma function", "lgamma": "the logarithm of the gamma function",
                     "digamma": "the digamma function",
                     "trigamma": "the trigamma function"}.items():  # fmt: skip
    _rows(_name, _noun, lambda u: (u <= 0) & (u == np.floor(u)))


def outside(name: str, value: np.ndarray, params: Any, degree: int) -> Iterator[tuple[str, Any]]:
    """Each reason with where it holds: the constant terms `value` are not inside the domain."""
    for where, only_series, reason in _rules(name, params):
        mask = np.asarray(where(value))
        if mask.any() and (degree or not only_series):
            yield reason.format(f"{float(value[mask][0]):.6g}"), mask


def _rules(name: str, params: Any) -> list[_Row]:
    if name == "integer_pow":
        return _DOMAINS["recip"] if params["y"] < 0 else []
    if name != "pow":
        return _DOMAINS.get(name, [])
    p = float(params["p"])
    if p.is_integer():
        return _DOMAINS["recip"] if p < 0 else []
    below = (lambda u: u < 0, False, f"{{}} to the power of {p:.6g}")
    if p < 0:
        return [below, *_DOMAINS["recip"]]
    return [below, (lambda u: u == 0, True, f"0 to the power of {p:.6g} is not smooth")]
