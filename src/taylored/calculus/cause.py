"""Which equation made the first NaN or infinity that reaches a result, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.calculus.observe import Boxed, Code, Step, Watching

__all__ = ["Cause", "cause_of", "cure", "place"]


@dataclass(frozen=True, slots=True, eq=False)
class Cause:
    """The equation that made a number that is not finite from finite ones."""

    name: str
    line: str
    operands: tuple[float, ...]
    result: float

    def __str__(self) -> str:
        shown = ", ".join(f"{v:.6g}" for v in self.operands)
        where = f" at {self.line}" if self.line else ""
        return f"{self.name}({shown}) = {self.result:g}{where}"


class _Tainted(Watching):
    def watched(self, step: Step, values: list[Boxed], results: list[Boxed]) -> list[Boxed]:
        for result in results:
            array = result.value
            if getattr(array, "dtype", None) is None or array.dtype.kind not in "fc":
                continue
            bad = ~np.isfinite(array)
            if not bad.any():
                continue
            marks = [v.mark for v in values if v.mark is not None and not _finite(v.value)]
            result.mark = marks[0] if marks else None
            if not marks and all(_finite(v.value) for v in values):
                result.mark = _made(step, values, np.asarray(array), bad)
        return results


def _finite(value: Any) -> bool:
    array = np.asarray(value)
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def _made(step: Step, values: list[Boxed], result: np.ndarray, bad: np.ndarray) -> Cause:
    at = np.unravel_index(
        int(np.argmax(np.isnan(result) if np.isnan(result).any() else bad)), bad.shape
    )
    operands = []
    for box in values:
        value = np.asarray(box.value)
        if value.dtype.kind not in "fiub" or value.size == 0:
            continue
        try:
            operands.append(float(np.broadcast_to(value, result.shape)[at]))
        except ValueError:
            operands.append(float(value.reshape(-1)[0]))
    number = result[at] if result.dtype.kind == "f" else abs(result[at])
    name = step.name
    if name == "integer_pow":
        operands.append(float(step.eqn.params["y"]))
    return Cause(name, step.line, tuple(operands[:4]), float(number))


def cause_of(code: Code, inputs: list[Any]) -> Cause | None:
    """The cause of what is not finite among the outputs; None where all are finite."""
    outputs = _Tainted().boxes(code, [Boxed(v) for v in inputs])
    bad = [b for b in outputs if not _finite(b.value)]
    marked = [b.mark for b in bad if b.mark is not None]
    if marked:
        return marked[0]
    return Cause("the program", "", (), float("nan")) if bad else None


def place(line: str) -> str:
    """`file:line` of a place that may have a column and a function too."""
    return ":".join(line.partition(" ")[0].split(":")[:2]) if line else ""


def cure(cause: Cause, value: Cause | None, primal: set[tuple[str, str]]) -> str:
    """What to do, from the operation, its operands, and what the function does on that line.

    Args:
        cause: in the derivative (or in the function).
        value: the cause in the function itself, if its value is not finite.
        primal: (primitive, `file:line`) of the function's own operations.
    """
    here = {name for name, line in primal if line and line == place(cause.line)}
    if value is not None:
        return _value_cure(cause)
    if "select_n" in here:
        return (
            "The branch not taken is differentiated too: put a safe value inside, such as "
            "jnp.where(x > 0, jnp.sqrt(jnp.where(x > 0, x, 1.0)), 0.0)."
        )
    for names, text in _DERIVATIVE_CURES:
        if here & names or cause.name in names:
            return text
    return _value_cure(cause)


_DERIVATIVE_CURES: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset(["eigh", "svd", "eig"]),
     "Eigenvectors (singular vectors) of equal eigenvalues are not unique and have no derivative: "
     "use a function of the matrix that does not need them."),
    (frozenset(["atan2"]), "At (0, 0) the angle has no derivative: keep away from the origin."),
    (frozenset(["acos", "asin"]),
     "The slope is infinite at -1 and 1: use atan2 of the sine and the cosine, or keep inside."),
    (frozenset(["pow"]),
     "A power with a base of 0 has no finite slope here: keep the base above 0, or treat 0 by a "
     "jnp.where with a safe value inside."),
    (frozenset(["sqrt", "rsqrt"]),
     "The slope of a root at 0 is infinite (a norm has a corner there): add a small positive "
     "number inside, or use jnp.where twice: jnp.sqrt(jnp.where(s > 0, s, 1.0)) inside another."),
    (frozenset(["log", "log1p", "xlogy"]),
     "A logarithm at 0 has no finite slope: keep its argument above 0, or use jnp.where with a "
     "safe value inside."),
    (frozenset(["exp", "exp2", "expm1", "sinh", "cosh"]),
     "The exponential overflows: use a form that does not, such as jax.nn.sigmoid, "
     "jax.nn.logsumexp, jnp.logaddexp or jnp.log1p."),
)  # fmt: skip


def _value_cure(cause: Cause) -> str:
    if cause.name in ("exp", "exp2", "expm1", "sinh", "cosh"):
        return _DERIVATIVE_CURES[-1][1]
    if cause.name in ("log", "log1p"):
        return "A logarithm needs an argument above 0: keep it there."
    if cause.name in ("div", "integer_pow", "pow", "rsqrt"):
        return "It divides by zero (or overflows): keep the divisor away from 0."
    return "Keep the point inside the domain of this operation, or rescale the numbers."
