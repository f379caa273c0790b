"""What the sparsity reading knows of values: constants, zeros, and bounds of whole numbers.

Indices are computed from constants, masks hold zeros, and `argmax` lies within its axis: each of
these makes a pattern smaller, and each is certain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.readings.numpy import RULES as NUMPY
from taylored.readings.sparsity.dependence import Dependence
from taylored.trace.program import Equation, Program
from taylored.trace.rules import nested_programs

__all__ = ["Value", "evaluate", "partly_known", "plain"]


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """What the reading knows of an array: on which inputs it depends, and its value if fixed.

    `unknown` marks the elements of `known` that are not known after all; None if all are. `within`
    bounds whole numbers that are not known.
    """

    shape: tuple[int, ...]
    dep: Dependence | None = None
    known: np.ndarray | None = None
    unknown: np.ndarray | None = None
    within: tuple[int, int, np.dtype] | None = None

    @property
    def fixed(self) -> np.ndarray | None:
        """The value, where every element is known."""
        return self.known if self.unknown is None else None

    @property
    def nonzero(self) -> np.ndarray | None:
        """Where it may differ from zero; None if that may be everywhere."""
        if self.known is None:
            return None
        found = self.known != 0
        return found if self.unknown is None else found | self.unknown

    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """The value, and where it is not known."""
        if self.known is None:
            return np.zeros(self.shape, np.int64), np.ones(self.shape, bool)
        unknown = np.zeros(self.shape, bool) if self.unknown is None else self.unknown
        return self.known, unknown

    def bounds(self) -> tuple[int, int] | None:
        """The least and the greatest it can be, as a whole number."""
        if self.fixed is not None and self.fixed.size and self.fixed.dtype.kind in "iub":
            return int(self.fixed.min()), int(self.fixed.max())
        return None if self.within is None else self.within[:2]


def plain(value: Any) -> Value:
    """A constant."""
    array = np.asarray(value)
    return Value(array.shape, None, array)


def evaluate(equation: Equation, values: list[Any], bind: bool) -> list[np.ndarray] | None:
    """The results on numbers, by NumPy's rule; by JAX itself where there is none, if `bind`."""
    name = equation.primitive
    if name == "convert_element_type" and _cast_leaves_range(values[0], equation):
        return None  # NumPy wraps there, XLA saturates
    with np.errstate(all="ignore"):
        if name in NUMPY and not any(map(_unruled, nested_programs(equation.params))):
            try:
                found = NUMPY[name](equation)(*values)
            except (TypeError, ValueError, KeyError, IndexError, np.linalg.LinAlgError):
                return None
        elif bind and equation.bind is not None:
            try:
                found = _bound(equation, values)
            except Exception:  # keys of random numbers, rules bound anew: not known, then
                return None
        else:
            return None
    many = len(equation.outputs) != 1
    return [np.asarray(v) for v in (found if many else [found])]


def _cast_leaves_range(value: Any, equation: Equation) -> bool:
    source, target = np.asarray(value), np.dtype(equation.params["new_dtype"])
    if target.kind not in "iu" or source.dtype.kind not in "fiu" or not source.size:
        return False
    low, high = np.iinfo(target).min, np.iinfo(target).max
    return not bool(np.all((source >= low) & (source <= high)))


def _unruled(program: Program) -> bool:
    return bool(NUMPY.missing(program))


def _bound(equation: Equation, values: list[Any]) -> Any:
    import jax

    from taylored.trace.jaxpr import float64

    with float64(), jax.ensure_compile_time_eval():
        return equation.bind(*values)  # type: ignore[misc]


# ---- partly known results ----

# Through these, each element of the result is an element of the operand.
_MOVES = frozenset(
    "broadcast_in_dim reshape squeeze expand_dims transpose rev slice tile concatenate stack "
    "convert_element_type copy neg".split()
)
# An element of the result is known where those of all operands are.
_BY_ELEMENT = frozenset("add sub lt le gt ge eq ne and or not min max clamp".split())


def partly_known(
    equation: Equation, given: Sequence[Value], shapes: Sequence[tuple[int, ...]]
) -> list[Value] | None:
    """What can be said of the results where some operands are not known; None if nothing."""
    name = equation.primitive
    rule = _RULES.get(name)
    if rule is not None:
        found = rule(equation, given, shapes)
    elif name in _MOVES or name in _BY_ELEMENT:
        found = [_moved(equation, given, shapes[0])]
    else:
        return None
    return found


def _moved(equation: Equation, given: Sequence[Value], shape: tuple[int, ...]) -> Value:
    within = _typed_bounds(equation, given)
    if within is not None and within[0] == within[1]:
        return Value(shape, None, np.full(shape, within[0], within[2]))
    if all(v.known is None for v in given):
        return Value(shape, None, within=within)
    values, masks = zip(*(v.places() for v in given), strict=True)
    results = evaluate(equation, list(values), False)
    if results is None or np.shape(results[0]) != shape:
        return Value(shape, None, within=within)
    if equation.primitive in _MOVES:
        plain_move = equation.primitive in ("convert_element_type", "copy", "neg")
        moved = [masks[0]] if plain_move else evaluate(equation, list(masks), False)
        mask = np.ones(shape, bool) if moved is None else np.asarray(moved[0], bool)
    else:
        mask = np.zeros(shape, bool)
        for part in masks:
            mask = mask | part
    return _partial(shape, results[0], mask, within)


def _partial(
    shape: tuple[int, ...], value: np.ndarray, mask: np.ndarray,
    within: tuple[int, int, np.dtype] | None = None,
) -> Value:  # fmt: skip
    if mask.all():
        return Value(shape, None, within=within)
    return Value(shape, None, value, mask if mask.any() else None, within)


def _typed_bounds(equation: Equation, given: Sequence[Value]) -> tuple[int, int, np.dtype] | None:
    """Bounds of the result, where it stays within its type: beyond, whole numbers wrap around."""
    found = _bounded(equation, given)
    if found is None:
        return None
    if equation.primitive in _COMPARISONS:
        return (*found, np.dtype(bool))
    types = [v.within[2] for v in given if v.within is not None]
    types += [v.known.dtype for v in given if v.known is not None]
    dtype = types[0] if types else np.dtype(np.int64)
    if equation.primitive == "convert_element_type":
        dtype = np.dtype(equation.params["new_dtype"])
    if dtype.kind not in "iu":
        return None
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    return (*found, dtype) if low <= found[0] and found[1] <= high else None


def _bounded(equation: Equation, given: Sequence[Value]) -> tuple[int, int] | None:
    """Bounds of a whole number, from those of the operands; of a comparison (0, 0) or (1, 1)."""
    bounds = [v.bounds() for v in given]
    if any(b is None for b in bounds):
        return None
    name, (low, high) = equation.primitive, bounds[0]  # type: ignore[misc]
    if name in _COMPARISONS and len(bounds) == 2:
        verdict = _COMPARISONS[name]((low, high), bounds[1])
        return None if verdict is None else (int(verdict), int(verdict))
    if name in ("add", "sub") and len(bounds) == 2:
        low2, high2 = bounds[1]  # type: ignore[misc]
        return (low + low2, high + high2) if name == "add" else (low - high2, high - low2)
    if name in ("min", "max") and len(bounds) == 2:
        pick = min if name == "min" else max
        return pick(low, bounds[1][0]), pick(high, bounds[1][1])  # type: ignore[index]
    if name == "clamp":
        (_, least), (_, _), (most, _) = bounds[0], bounds[1], bounds[2]  # type: ignore[misc]
        inner = bounds[1]
        return max(bounds[0][0], min(inner[0], most)), min(bounds[2][1], max(inner[1], least))  # type: ignore[index]
    if name == "neg":
        return -high, -low
    if name in _MOVES:
        return min(b[0] for b in bounds), max(b[1] for b in bounds)  # type: ignore[index]
    return None


def _surely(holds: Callable, fails: Callable) -> Callable:
    def decide(a: tuple[int, int], b: tuple[int, int]) -> bool | None:
        return True if holds(a, b) else False if fails(a, b) else None

    return decide


_COMPARISONS: dict[str, Callable] = {
    "lt": _surely(lambda a, b: a[1] < b[0], lambda a, b: a[0] >= b[1]),
    "le": _surely(lambda a, b: a[1] <= b[0], lambda a, b: a[0] > b[1]),
    "gt": _surely(lambda a, b: a[0] > b[1], lambda a, b: a[1] <= b[0]),
    "ge": _surely(lambda a, b: a[0] >= b[1], lambda a, b: a[1] < b[0]),
}


def _select(equation: Equation, given: Sequence[Value], shapes: Any) -> list[Value] | None:
    which, *cases = given
    (shape,) = shapes
    chosen, open_ = which.places()
    chosen, open_ = np.broadcast_to(chosen, shape), np.broadcast_to(open_, shape)
    value, mask = np.zeros(shape), open_.copy()
    reachable = [k for k in range(len(cases)) if ((chosen == k) | open_).any()]
    for k in reachable:
        known, unknown = (np.broadcast_to(a, shape) for a in cases[k].places())
        here = ~open_ & (chosen == k)
        value = np.where(here, known, value.astype(np.result_type(value, known)))
        mask |= here & unknown
    bounds = [cases[k].bounds() for k in reachable]
    within = None
    types = [cases[k].within[2] for k in reachable if cases[k].within]  # type: ignore[index]
    if types and all(b is not None for b in bounds):
        within = (min(b[0] for b in bounds), max(b[1] for b in bounds), types[0])  # type: ignore[index]
        value = value.astype(types[0])
    return [_partial(shape, value, mask, within)]


def _multiply(equation: Equation, given: Sequence[Value], shapes: Any) -> list[Value] | None:
    """Zero times anything; the other elements are known where both factors are."""
    a, b = given
    (shape,) = shapes
    parts = [v.nonzero for v in given]
    if all(p is None or p.all() for p in parts):
        return None
    value_a, mask_a = a.places()
    value_b, mask_b = b.places()
    zero = np.zeros(shape, bool)
    for part in parts:
        if part is not None:
            zero = zero | ~part
    with np.errstate(all="ignore"):
        both = np.broadcast_to(value_a * value_b, shape)  # NaN for zero times infinity
    product = np.where(zero & (mask_a | mask_b), 0.0, both)
    return [_partial(shape, product, (mask_a | mask_b) & ~zero)]


def _position(equation: Equation, given: Sequence[Value], shapes: Any) -> list[Value]:
    axes = equation.params["axes"]
    length = max((given[0].shape[a] for a in axes), default=1)
    dtype = np.dtype(equation.params["index_dtype"])
    return [Value(shapes[0], None, within=(0, max(length - 1, 0), dtype))]


def _upper_factor(equation: Equation, given: Sequence[Value], shapes: Any) -> list[Value]:
    """The second factor of QR is zero below its diagonal."""
    shape = shapes[1]
    triangle = ~np.tri(shape[-2], shape[-1], -1, dtype=bool)
    factor = Value(shape, None, np.zeros(shape), np.broadcast_to(triangle, shape))
    return [Value(shapes[0]), factor, *map(Value, shapes[2:])]


_RULES: dict[str, Callable] = {
    "select_n": _select, "mul": _multiply, "argmax": _position, "argmin": _position,
    "qr": _upper_factor,
}  # fmt: skip
