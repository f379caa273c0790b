"""Where a derivative is infinite or is none, and which part of the formula is the cause."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from taylored.calculus.sided import names_in, text_of
from taylored.readings.facts import ELEMENTWISE
from taylored.readings.numpy import RULES
from taylored.readings.simplify import Algebra
from taylored.readings.trees import variables
from taylored.trace.program import Constant, Equation, Program

__all__ = ["cause"]


def cause(program: Program, at: Sequence[float], quote: Callable[[str], str]) -> str:
    """The first part of a formula that is not finite at a point, or whose slope is not."""
    values: dict[int, Any] = {n: np.float64(v) for n, v in enumerate(at)}
    first = ""
    with np.errstate(all="ignore"):
        for equation in program.equations:
            inputs = [
                np.float64(a.value) if isinstance(a, Constant) and _is_number(a.value)
                else a.value if isinstance(a, Constant) else values[a]
                for a in equation.inputs
            ]  # fmt: skip
            result = RULES[equation.primitive](equation)(*inputs)
            values[equation.outputs[0]] = result
            known = np.all([np.isfinite(float(v)) for v in inputs])
            what = _reason(equation, inputs, result) if known else ""
            if what and not (first and what == _STEEP):
                nodes = variables(program, Algebra())
                text = text_of(nodes[equation.outputs[0]], quote)
                where = ", ".join(
                    f"{quote(name)} = {float(value):.6g}"
                    for name, value in zip(program.names, at, strict=True)
                    if name in names_in(nodes[equation.outputs[0]])
                )
                described = f"{text} at {where}: {what}" if where else f"{text}: {what}"
                if what != _STEEP:
                    return described
                first = described
    return first


_STEEP = "infinite slope"
_GROWING = frozenset(["div", "mul", "pow", "sqrt", "rsqrt", "cbrt", "log"])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _reason(equation: Equation, inputs: Sequence[Any], result: Any) -> str:
    value = float(result)
    if math.isnan(value):
        return "not a real number"
    if math.isinf(value):
        divided = equation.primitive in ("div", "integer_pow", "pow", "log", "log2", "log10")
        endless = divided and any(float(v) == 0 for v in inputs)
        return "infinite" if endless else "too large for float64"
    row = ELEMENTWISE.get(equation.primitive)
    if equation.primitive == "integer_pow" or row is None or row.derivatives is None:
        return ""
    try:
        local = row.derivatives(*inputs, result)
    except (ValueError, ZeroDivisionError, OverflowError):
        return _STEEP
    if all(v is None or np.isfinite(float(v)) for v in local):
        return ""
    overflow = equation.primitive in _GROWING and all(float(v) != 0 for v in inputs)
    return "slope too large for float64" if overflow else _STEEP
