"""The value of a function as its user runs it, where that may be another than in float64.

Random numbers, and constants that follow the precision, make another function of the same text.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.results import Finding
from taylored.trace.fresh import with_own_arrays

__all__ = ["Own", "chosen_places", "own_value", "precision_findings"]

_DRAWING = ("random_", "threefry", "rng_", "bitcast_convert_type")
_PASSED_ON = frozenset("convert_element_type broadcast_in_dim reshape copy jit pjit".split())
_CLOSE = 1e-6  # of constants that are the same but for rounding
_SAFETY = 16.0  # roundings in the user's precision for each number


@dataclass(frozen=True, slots=True)
class Own:
    """The value in the user's precision, the name of that, and whether random bits are drawn."""

    value: float
    dtype: str
    draws: bool


def own_value(
    f: Callable, given: list[Any], chosen: Any, place: tuple[int, int], closed: Any
) -> Own | None:
    """What the user's own call gives, if it does other things than the trace in float64.

    Args:
        f: the function.
        given: its arguments.
        chosen: which of them are differentiated by.
        place: the array of the output, and the number in it.
        closed: the trace in float64.
    """
    import jax

    from taylored.calculus.arguments import read_arguments

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picked = chosen_places(chosen, len(given))
            taken = tuple(_as_given(v, k in picked) for k, v in enumerate(given))
            arguments = read_arguments(f, chosen, taken, {})
            count, called = len(arguments.leaves), with_own_arrays(f)

            def flat(*arrays: Any) -> list[Any]:
                args, kwargs = arguments.rebuild(arrays[:count], arrays[count:])
                return jax.tree_util.tree_leaves(called(*args, **kwargs))

            arrays = [*arguments.leaves, *arguments.others]
            own = jax.make_jaxpr(flat)(*arrays)
            steps = list(_steps(own.jaxpr))
            draws = any(name.startswith(_DRAWING) for name, _, _ in steps)
            if not draws and _alike(steps, list(_steps(closed.jaxpr)), own.consts, closed.consts):
                return None
            found = np.asarray(jax.jit(flat)(*arrays)[place[0]])
    except Exception:  # whatever a user's function raises where it is not read in float64
        return None
    return Own(float(found.reshape(-1)[place[1]]), str(found.dtype), draws)


def precision_findings(own: Own | None, value: float, sizes: tuple[float, float]) -> list[Finding]:
    """That the user's value is another one, by more than rounding.

    Args:
        own: of `own_value`.
        value: in float64.
        sizes: Σ |x ∂f/∂x|, and the error of the value by rounding in float64.
    """
    if own is None or not math.isfinite(value):
        return []
    moved, rounded = (s if math.isfinite(s) else 0.0 for s in sizes)
    unit = 2.0**-8 if own.dtype == "bfloat16" else float(np.finfo(own.dtype).eps)
    allowed = _SAFETY * unit * (abs(value) + moved) + 4.0 * unit * 2.0**52 * rounded
    if abs(own.value - value) <= allowed:
        return []
    why = "; it draws other random numbers there" if own.draws else ""
    step = "To run what is read here, give the point in float64 and set jax_enable_x64 to True"
    draw = (
        ", or draw outside of the function and give the numbers as an argument" if own.draws else ""
    )
    return [
        Finding(
            "depends-on-precision",
            f"The value is {own.value:.9g} in {own.dtype}, as you run it, and {value:.17g} in "
            f"float64, as it is read here{why}.",
            f"{step}{draw}.",
        )
    ]


def chosen_places(chosen: Any, count: int) -> set[int]:
    """The places of so many arguments that `argnums` means; those below 0 count from the end."""
    numbers = {chosen} if isinstance(chosen, int) else set(chosen)
    return {k for k in range(count) if k in numbers or k - count in numbers}


def _as_given(tree: Any, picked: bool) -> Any:
    """Numbers to differentiate by as JAX takes them under the user's settings, others as they are.

    Arrays are other objects: JAX remembers those that it has read in float64.
    """
    import jax
    import jax.numpy as jnp

    def leaf(value: Any) -> Any:
        kind = getattr(getattr(value, "dtype", None), "kind", "")
        if not picked:
            return value.view() if isinstance(value, np.ndarray) else value
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number or kind in ("i", "u"):
            return jnp.asarray(value, float)
        return jnp.asarray(value) if kind == "f" else value

    return jax.tree_util.tree_map(leaf, tree)


Step = tuple[str, tuple, tuple[float, ...]]  # primitive, shapes, constants


def _steps(jaxpr: Any) -> Iterator[Step]:
    """What a jaxpr does, one inside another written out."""
    import jax.extend.core as jex

    for eqn in jaxpr.eqns:
        if eqn.primitive.name not in _PASSED_ON:
            held = [a.val for a in eqn.invars if isinstance(a, jex.Literal)]
            numbers = [float(v) for v in held if np.asarray(v).dtype.kind == "f"]
            shapes = tuple(v.aval.shape for v in eqn.outvars)
            yield eqn.primitive.name, shapes, tuple(numbers)
        for value in eqn.params.values():
            for inner in value if isinstance(value, tuple | list) else (value,):
                body = getattr(inner, "jaxpr", inner)
                if hasattr(body, "eqns"):
                    yield from _steps(body)


def _alike(own: list[Step], other: list[Step], held: Any, others: Any) -> bool:
    if [s[:2] for s in own] != [s[:2] for s in other] or len(held) != len(others):
        return False
    pairs = [(a[2], b[2]) for a, b in zip(own, other, strict=True)]
    pairs += list(zip(held, others, strict=True))
    return all(_close(a, b) for a, b in pairs)


def _close(one: Any, other: Any) -> bool:
    a, b = np.asarray(one), np.asarray(other)
    if a.shape != b.shape:
        return False
    if "f" not in (a.dtype.kind, b.dtype.kind):
        return bool(np.array_equal(a, b))
    return bool(np.allclose(a, b, rtol=_CLOSE, atol=0.0, equal_nan=True))
