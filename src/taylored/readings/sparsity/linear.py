"""Sparsity rules of arithmetic: elementwise operations, reductions, products, solves, transforms.

Only linear operations carry a derivative, so these are nearly all that a walk meets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from taylored.readings.facts import ELEMENTWISE
from taylored.readings.sparsity.dependence import Dependence, union
from taylored.readings.sparsity.known import Value
from taylored.readings.sparsity.walk import RULES, everything, united
from taylored.trace.program import Equation

__all__ = ["along"]

# A map along an axis is written out up to this many positions; beyond it is taken as dense.
_MOST_POSITIONS = 20_000_000


def _elementwise(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    return [united(given, context.shapes[0], context.inputs)]


_OWN_RULES = frozenset(["mul", "select_n", "where"])
_MORE = frozenset(
    "add_any real imag complex conj convert_element_type reduce_precision copy copy_p rem clamp "
    "square integer_pow".split()
)
RULES.family(sorted((_MORE | ELEMENTWISE.keys()) - _OWN_RULES), _elementwise)


@RULES.register("mul")
def _mul(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    """A factor that is known to be zero cuts the dependence; nothing else is read from values."""
    parts = []
    for value, other in (given, given[::-1]):
        if value.dep is not None:
            part, used = value.dep.broadcast(context.shapes[0]), other.nonzero
            parts.append(part if used is None else part.kept(used))
    return [union(parts, context.shapes[0], context.inputs)]


@RULES.register("select_n", "where")
def _select(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    which, *cases = given
    if equation.primitive == "where":
        cases = cases[::-1]
    parts = []
    for k, case in enumerate(cases):
        if case.dep is not None:
            part = case.dep.broadcast(context.shapes[0])
            known, unknown = which.places()
            parts.append(part.kept((known == k) | unknown))
    return [union(parts, context.shapes[0], context.inputs)]


@RULES.register("optimization_barrier", "device_put", "name", "sharding_constraint")
def _unchanged(equation: Equation, given: list[Value], context: Any) -> list[Any]:
    return [v.dep for v in given]


@RULES.register(
    "reduce_sum",
    "reduce",
    "reduce_max",
    "reduce_min",
    "reduce_prod",
    "reduce_and",
    "reduce_or",
    "reduce_xor",
)
def _reduce(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    if len(context.shapes) != 1 or any(v.dep is not None for v in given[1:]):
        return everything(equation, given, context)
    p, dep = equation.params, given[0].dep
    return [dep.reduced(p["axes"] if "axes" in p else p["dimensions"])]  # type: ignore[union-attr]


def along(
    dep: Dependence, axis: int, pattern: np.ndarray, positions: int = _MOST_POSITIONS
) -> Dependence:
    """A linear map along one axis, `pattern` (results, elements) where it may be non-zero."""
    axis %= len(dep.shape)
    rows, columns = pattern.shape
    width = int(pattern.sum(axis=1).max(initial=0))
    lanes = dep.size // max(columns, 1)
    if lanes * rows * width > positions:
        used = dep.reduced([axis], keepdims=True)
        shape = [rows if a == axis else n for a, n in enumerate(dep.shape)]
        return used.broadcast(shape)
    order = np.argsort(~pattern, axis=1, kind="stable")[:, :width]
    chosen = np.where(np.take_along_axis(pattern, order, axis=1), order, -1)
    last = dep.moved(lambda a: np.moveaxis(a, axis, -1))
    base = np.arange(lanes).reshape(-1, 1, 1) * columns
    groups = np.where(chosen < 0, -1, base + chosen)
    found = last.grouped(groups.reshape(-1, width), (*last.shape[:-1], rows))
    return found.moved(lambda a: np.moveaxis(a, -1, axis))


@RULES.register("cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp")
def _cumulate(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    dep: Any = given[0].dep
    axis = equation.params["axis"]
    length = dep.shape[axis]
    if length > 5000:
        return [dep.over([axis])]
    lower = np.tri(length, dtype=bool)
    return [along(dep, axis, lower.T if equation.params["reverse"] else lower)]


@RULES.register("sort")
def _sort(equation: Equation, given: list[Value], context: Any) -> list[Any]:
    axis = equation.params["dimension"]
    return [None if v.dep is None else v.dep.over([axis]) for v in given]


@RULES.register("fft")
def _fft(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    dep: Any = given[0].dep
    count = len(equation.params["fft_lengths"])
    axes = range(len(dep.shape) - count, len(dep.shape))
    return [dep.reduced(axes, keepdims=True).broadcast(context.shapes[0])]


@RULES.register("dot_general")
def _dot_general(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    (left, right), (left_batch, right_batch) = equation.params["dimension_numbers"]
    a, b = given
    parts = []
    if a.dep is not None:
        parts.append(_product(a.dep, b, ((left, left_batch), (right, right_batch)), False))
    if b.dep is not None:
        parts.append(_product(b.dep, a, ((right, right_batch), (left, left_batch)), True))
    return [union(parts, context.shapes[0], context.inputs)]


def _product(dep: Dependence, other: Value, axes: Any, mirrored: bool) -> Dependence:
    """A product of which one factor depends on the inputs, the other does not.

    Axes of the result: batch, free axes of the first factor, free axes of the second; `mirrored`
    says that `dep` belongs to the second.
    """
    (contracted, batch), (other_contracted, other_batch) = axes
    free = [a for a in range(len(dep.shape)) if a not in (*contracted, *batch)]
    other_free = [a for a in range(len(other.shape)) if a not in (*other_contracted, *other_batch)]
    sizes = [[dep.shape[a] for a in batch], [dep.shape[a] for a in free],
             [other.shape[a] for a in other_free]]  # fmt: skip
    arranged = dep.moved(lambda x: x.transpose((*batch, *free, *contracted)))
    nonzero = other.nonzero
    if nonzero is not None and not nonzero.all():
        arrangement = (*other_batch, *other_free, *other_contracted)
        found = _sparse_product(arranged, nonzero.transpose(arrangement), sizes)
    else:
        found = None
    if found is None:
        count = len(batch) + len(free)
        summed = arranged.reduced(range(count, len(arranged.shape)))
        found = summed.reshaped((*summed.shape, *[1] * len(other_free)))
        found = found.broadcast([n for part in sizes for n in part])
    if not mirrored:
        return found
    first, second = len(batch), len(batch) + len(free)
    order = (*range(first), *range(second, len(found.shape)), *range(first, second))
    return found.moved(lambda x: x.transpose(order))


def _sparse_product(
    arranged: Dependence, nonzero: np.ndarray, sizes: Sequence[Sequence[int]]
) -> Dependence | None:
    """The same with a factor that is known and has zeros; None if that takes too much room."""
    batch, free, other_free = (int(np.prod(s, dtype=np.int64)) for s in sizes)
    nonzero = nonzero.reshape(batch, other_free, -1)
    length = nonzero.shape[-1]
    width = int(nonzero.sum(axis=-1).max(initial=0))
    if batch * free * other_free * width > _MOST_POSITIONS:
        return None
    order = np.argsort(~nonzero, axis=-1, kind="stable")[..., :width]
    chosen = np.where(np.take_along_axis(nonzero, order, axis=-1), order, -1)
    base = np.arange(batch * free).reshape(batch, free, 1, 1) * length
    groups = np.where(chosen[:, None] < 0, -1, base + chosen[:, None])
    return arranged.grouped(groups.reshape(-1, width), [n for part in sizes for n in part])


@RULES.register("triangular_solve")
def _triangular_solve(equation: Equation, given: list[Value], context: Any) -> list[Dependence]:
    """Substitution goes one way: element i of a solution needs the right-hand side up to i."""
    matrix, right = given
    p = equation.params
    rank = len(context.shapes[0])
    if matrix.dep is not None:
        return [_within(given, rank - 2, context)]
    dep: Any = right.dep
    lower = bool(p["lower"]) != bool(p["transpose_a"])
    axis = rank - 2 if p["left_side"] else rank - 1
    length = dep.shape[axis]
    # x a = b is a' x' = b': from the right, lower and upper change places.
    forward = lower if p["left_side"] else not lower
    pattern = np.tri(length, dtype=bool)
    return [along(dep, axis, pattern if forward else pattern.T)]


def _within(given: Sequence[Value], batch: int, context: Any) -> Dependence:
    """Dense within each element of the leading batch axes."""
    shape = context.shapes[0]
    parts = []
    for value in given:
        if value.dep is not None:
            axes = range(batch, len(value.shape))
            lane = value.dep.reduced(axes)
            stretched = lane.reshaped((*lane.shape, *[1] * (len(shape) - batch)))
            parts.append(stretched.broadcast(shape))
    return union(parts, shape, context.inputs)


@RULES.register(
    "cholesky", "lu", "eigh", "eig", "svd", "qr", "tridiagonal_solve", "householder_product"
)
def _factor(equation: Equation, given: list[Value], context: Any) -> list[Any]:
    batch = min(len(v.shape) for v in given) - 2
    if equation.primitive == "tridiagonal_solve":
        batch = len(given[0].shape) - 1
    if batch < 0:
        return everything(equation, given, context)
    found = []
    for shape in context.shapes:
        one = type(context)(context.walk, [shape])
        found.append(_within(given, batch, one))
    return found
