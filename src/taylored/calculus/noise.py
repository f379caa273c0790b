"""How much rounding a result holds: the program is run again with every rounding at random.

Stochastic arithmetic: each floating result that is not exact is moved by up to one unit in its
last place (two for exp, sin and the like); sums by as much relative to the sum of their terms'
sizes, matrix factorizations by moving the matrix. The spread of some runs estimates the error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from taylored.calculus.observe import Code, Machine, Step

__all__ = ["Shaken", "spread"]

_EXACT = frozenset(
    "neg abs max min sign floor ceil round clamp select_n stop_gradient copy copy_p reshape "
    "broadcast_in_dim squeeze expand_dims transpose rev slice concatenate stack split gather "
    "dynamic_slice dynamic_update_slice scatter scatter-max scatter-min pad sort argmax argmin "
    "reduce_max reduce_min cummax cummin iota top_k real imag conj complex optimization_barrier "
    "rem nextafter device_put platform_index reduce_precision is_finite eq ne lt le gt ge and or "
    "not xor".split()
)
_SUMS = frozenset("reduce_sum dot_general cumsum scatter-add conv_general_dilated".split())
_MATRICES = frozenset(
    "lu cholesky eigh eig svd qr geqrf householder_product triangular_solve schur "
    "tridiagonal_solve".split()
)
_WORST = 2.0**-52


class Shaken(Machine):
    """Runs code with every rounding at random."""

    def __init__(self, seed: int):
        self.random = np.random.default_rng(seed)

    def leaf(self, step: Step, values: list[Any]) -> list[Any]:
        name = step.name
        if name in _MATRICES:
            return step.run(*(self._moved(v) for v in values))
        results = step.run(*values)
        if name in _EXACT:
            return results
        return [self._shaken(step, values, r) for r in results]

    def _shaken(self, step: Step, values: list[Any], result: Any) -> Any:
        dtype = getattr(result, "dtype", None)
        if not isinstance(dtype, np.dtype) or dtype.kind not in "fc":
            return result
        unit = float(np.finfo(dtype).eps)
        if step.name in _SUMS:
            return self._sum(step, values, result, unit)
        if step.name == "fft":
            size = np.linalg.norm(np.asarray(values[0]).reshape(-1)) * unit
            return (result + size * self._draw(result)).astype(dtype)
        level = _level(step.name, values, result)
        moved = result * (1 + unit * level * self._draw(result))
        return np.where(np.isfinite(moved), moved, result).astype(dtype)

    def _draw(self, like: Any) -> Any:
        return self.random.uniform(-1.0, 1.0, np.shape(like))

    def _moved(self, value: Any) -> Any:
        if getattr(value, "dtype", None) is None or value.dtype.kind not in "fc":
            return value
        factor = 1 + float(np.finfo(value.dtype).eps) * self._draw(value)
        return (value * factor).astype(value.dtype)

    def _sum(self, step: Step, values: list[Any], result: Any, unit: float) -> Any:
        floats = [
            v for v in values if getattr(v, "dtype", None) is not None and v.dtype.kind in "fc"
        ]
        if (
            all(np.array_equal(v, np.rint(v.real)) for v in floats)
            and np.max(np.abs(result), initial=0.0) < 1 / unit
        ):
            return result  # whole numbers add without rounding
        sizes = [np.abs(v) if np.asarray(v).dtype.kind in "fc" else v for v in values]
        (size,) = step.run(*sizes)
        moved = result + unit * size * self._draw(result)
        return np.where(np.isfinite(moved), moved, result).astype(result.dtype)


def _level(name: str, values: list[Any], result: Any) -> Any:
    """In units of the last place, how far the result may be off: 0 where it is exact."""
    rule = _LEVELS.get(name)
    if rule is not None:
        return rule(*values, result)
    if len(values) == 1 and np.asarray(values[0]).dtype.kind in "fc":
        return np.where(values[0] == 0, 0.0, 2.0)
    return 2.0


def _added(x: Any, y: Any, z: Any) -> Any:
    # The rounding error of a sum, which Knuth's formula gives exactly, is zero or not.
    part = z - x
    return np.where((x - (z - part)) + (y - part) == 0, 0.0, 1.0)


def _multiplied(x: Any, y: Any, z: Any) -> Any:
    exact = (_short(x) & _short(y)) | _power_of_two(x) | _power_of_two(y)
    return np.where(exact, 0.0, 1.0)


def _divided(x: Any, y: Any, z: Any) -> Any:
    exact = _power_of_two(y) | (_short(z) & _short(y) & (z * y == x))
    return np.where(exact, 0.0, 1.0)


def _powered(x: Any, *rest: Any) -> Any:
    return np.where(_short(x, 4) | _power_of_two(x), 0.0, 2.0)


def _rooted(x: Any, z: Any) -> Any:
    return np.where(_short(z) & (z * z == x), 0.0, 1.0)


def _converted(x: Any, z: Any) -> Any:
    return np.where(np.asarray(x) == z, 0.0, 1.0)


def _to_power(x: Any, y: Any, z: Any) -> Any:
    return np.where((x == 1) | (y == 0) | (y == 1), 0.0, 2.0)


def _logarithm(x: Any, z: Any) -> Any:
    return np.where(np.asarray(x) == 1, 0.0, 2.0)


_LEVELS: dict[str, Callable[..., Any]] = {
    "add": _added, "add_any": _added, "sub": lambda x, y, z: _added(x, -y, z),
    "mul": _multiplied, "div": _divided, "integer_pow": _powered, "square": _powered,
    "sqrt": _rooted, "convert_element_type": _converted, "pow": _to_power, "log": _logarithm,
}  # fmt: skip


def _short(x: Any, parts: int = 2) -> Any:
    """Whether so few leading bits are set that `parts` factors of the kind multiply exactly."""
    x = np.asarray(x)
    if x.dtype.kind != "f":
        return np.zeros(x.shape, bool)
    bits = np.finfo(x.dtype).nmant // parts
    mantissa = np.frexp(x)[0] * 2.0**bits
    return mantissa == np.rint(mantissa)


def _power_of_two(x: Any) -> Any:
    x = np.asarray(x)
    if x.dtype.kind != "f":
        return np.zeros(x.shape, bool)
    return (np.abs(np.frexp(x)[0]) == 0.5) | (x == 0)


def spread(code: Code, inputs: list[Any], samples: int, seed: int) -> list[np.ndarray]:
    """How far the outputs move when every rounding is at random: the largest of some runs."""
    plain = Machine()(code, *inputs)
    widest = [np.zeros(np.shape(p)) for p in plain]
    for k in range(samples):
        for j, value in enumerate(Shaken(seed + k)(code, *inputs)):
            with np.errstate(all="ignore"):
                gap = np.abs(np.asarray(value, np.float64) - np.asarray(plain[j], np.float64))
            widest[j] = np.fmax(widest[j], np.where(np.isnan(gap), 0.0, gap))
    return widest
