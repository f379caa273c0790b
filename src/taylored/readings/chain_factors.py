"""Local factors ∂v/∂u of operations that act number by number, and what lets nothing pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.readings.facts import ELEMENTWISE
from taylored.trace.program import Equation
from taylored.trace.tracer import apply

if TYPE_CHECKING:
    from taylored.readings.chain import Link

__all__ = ["as_array", "is_float", "is_unusual", "local_factors", "stops", "summed_to"]


def local_factors(link: Link) -> tuple[Any, ...] | None:
    """∂v/∂u where each number of v depends on one number of each u: from the table, or JAX's."""
    name = link.equation.primitive
    shape = np.shape(link.outputs[0])
    with np.errstate(all="ignore"):
        if name in _OWN or (name in ELEMENTWISE and ELEMENTWISE[name].derivatives):
            rule = _OWN.get(name) or ELEMENTWISE[name].derivatives
            assert rule is not None
            # Arrays, not numbers: their quotients by zero are infinite and not an error.
            values = [np.atleast_1d(v) for v in (*link.inputs, link.outputs[0])]
            given = rule(*values, **link.equation.params) if name in _OWN else rule(*values)
            return tuple(_shaped(given[place], shape) for place in link.active)
    if name not in _ALSO_ELEMENTWISE and not name.startswith("custom_jvp"):
        return None
    return _diagonal(link, shape)


def _diagonal(link: Link, shape: tuple[int, ...]) -> tuple[Any, ...] | None:
    """The factors by JAX's own rule, if it turns out to act number by number."""
    if len(link.outputs) != 1 or any(np.shape(link.inputs[k]) != shape for k in link.active):
        return None
    found = []
    signs = np.random.default_rng(0).normal(size=(2, *shape))
    signs[0] = 1.0
    for place in link.active:
        (moved,) = link.push(place, signs.astype(np.asarray(link.inputs[place]).dtype))
        if not np.allclose(moved[1], moved[0] * signs[1], rtol=1e-9, atol=0.0, equal_nan=True):
            return None
        found.append(moved[0])
    return tuple(found)


def _ties(x: Any, y: Any, first_wins: Any) -> tuple[Any, Any]:
    # At a tie each gets one half, as JAX has it; the tie itself is a kink.
    left = np.where(x == y, 0.5, np.where(first_wins, 1.0, 0.0))
    return left, 1.0 - left


_OWN: dict[str, Callable] = {
    "integer_pow": lambda x, z, y: (y * apply("pow", x, y - 1) if y != 1 else 1.0,),
    "square": lambda x, z, **_: (2.0 * x,),
    "max": lambda x, y, z, **_: _ties(x, y, x > y),
    "min": lambda x, y, z, **_: _ties(x, y, x < y),
    "select_n": lambda which, *rest, **_: (
        None,
        *(np.where(which == k, 1.0, 0.0) for k in range(len(rest) - 1)),
    ),
}
_ALSO_ELEMENTWISE = frozenset(
    "clamp rem igamma igammac polygamma zeta trigamma bessel_i0e bessel_i1e nextafter".split()
)


def stops(equation: Equation, place: int) -> bool:
    """Whether nothing passes: conditions, steps, and where the user stopped it."""
    name = equation.primitive
    if name == "select_n":
        return place == 0
    return name in _STOPPING


_STOPPING = frozenset(["stop_gradient", "sign", "floor", "ceil", "round", "is_finite"])


# ---- values ----


def summed_to(value: Any, shape: tuple[int, ...]) -> Any:
    """The sum over the axes along which an input of this shape was repeated."""
    extra = np.ndim(value) - len(shape)
    value = np.sum(value, axis=tuple(range(extra))) if extra else value
    axes = tuple(k for k, n in enumerate(shape) if n == 1 and np.shape(value)[k] != 1)
    return np.sum(value, axis=axes, keepdims=True) if axes else value


def as_array(value: Any) -> Any:
    """As NumPy has it; what is of a type that it does not have, random keys, as it is."""
    dtype = getattr(value, "dtype", None)
    known = dtype is None or isinstance(dtype, np.dtype)
    return np.asarray(value) if known else value


def is_float(value: Any) -> bool:
    """Whether a value can change a little: floating-point numbers, real or complex."""
    dtype = getattr(value, "dtype", None)
    return getattr(dtype, "kind", "") in ("f", "c") or "float" in getattr(dtype, "name", "")


def is_unusual(value: Any) -> bool:
    """Complex numbers, and types that NumPy does not have: their derivatives are left to JAX."""
    return getattr(getattr(value, "dtype", None), "kind", "f") not in ("f", "i", "u", "b")


def _shaped(factor: Any, shape: tuple[int, ...]) -> Any:
    factor = np.asarray(factor, float)
    return (
        factor.reshape(shape) if factor.size == 1 and not shape else np.broadcast_to(factor, shape)
    )
