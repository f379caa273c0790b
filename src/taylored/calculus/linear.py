"""In which inputs is a function affine? Read off a Hessian's pattern, and off its decisions."""

from __future__ import annotations

import numpy as np

from taylored.calculus.arguments import scope
from taylored.calculus.function import TracedFunction
from taylored.calculus.plan import Plan
from taylored.calculus.trees import layout
from taylored.readings.facts import ELEMENTWISE
from taylored.readings.sparsity import Value, tangent_walk
from taylored.trace.program import Equation, Program
from taylored.trace.rules import nested_programs

__all__ = ["linear_inputs"]

# Where a value decides, steps or bends: a second derivative that is zero says nothing there.
_DECIDING = frozenset(
    "sort argmax argmin reduce_max reduce_min reduce_and reduce_or cummax cummin top_k clamp rem "
    "is_finite nextafter round_half_away reduce_window_max select_and_gather_add scatter-min "
    "scatter-max scatter_min scatter_max while reduce_precision bitcast_convert_type".split()
) | {name for name, row in ELEMENTWISE.items() if not row.smooth and name != "select_n"}
# Their first operand (of cond and select_n) or those after it (of the others) are places.
_BY_FIRST = frozenset(["cond", "select_n"])
_BY_PLACE = {"gather": 1, "scatter": 1, "scatter-add": 1, "scatter-mul": 1, "dynamic_slice": 1,
             "dynamic_update_slice": 2}  # fmt: skip


def linear_inputs(traced: TracedFunction) -> np.ndarray:
    """(inputs,) True for a set of inputs in which the function is affine, all others held fixed.

    A weighted sum of the outputs, the weights unknown, has a Hessian whose entry (i, j) is zero
    where i and j do not meet; in a set without such a pair the function is affine, unless a value
    made of it decides something: a comparison, a kink, an index.
    """
    pattern = Plan(_weighted(traced), 2).detect()
    free = np.zeros(traced.inputs.size, bool)
    if not pattern.listed:
        return free
    starts, members = pattern.indptr, pattern.indices
    blocked = _deciding(traced)
    blocked[pattern.rows[pattern.rows == members]] = True
    # Those with the fewest partners first: they exclude the fewest others.
    for k in np.argsort(np.diff(starts), kind="stable"):
        if not blocked[k]:
            free[k] = True
            blocked[members[starts[k] : starts[k + 1]]] = True
    return free


def _deciding(traced: TracedFunction) -> np.ndarray:
    """(inputs,) True for those that reach a decision, a step or a kink."""
    program = traced.program()
    shapes = [program.shapes[k] for k in range(len(program.names))]
    found = np.zeros(traced.inputs.size, bool)

    def record(equation: Equation, given: list[Value], results: list[Value]) -> None:
        for value in _decisive(equation, given):
            if value.dep is not None:
                found[value.dep.total()] = True

    tangent_walk(program, shapes, range(len(traced.inputs.leaves)), record=record)
    return found


def _decisive(equation: Equation, given: list[Value]) -> list[Value]:
    """The operands whose values decide something."""
    name = equation.primitive
    if name in _DECIDING or name == "pure_callback":
        return given
    if any(map(_decides, nested_programs(equation.params))):
        return given
    if name in _BY_FIRST:
        return given[:1]
    if name in _BY_PLACE:
        last = None if name.startswith("dynamic") else 2
        return given[_BY_PLACE[name] : last]
    return []


def _decides(program: Program) -> bool:
    return any(
        e.primitive in _DECIDING
        or e.primitive in _BY_FIRST
        or any(map(_decides, nested_programs(e.params)))
        for e in program.equations
    )


def _weighted(traced: TracedFunction) -> TracedFunction:
    """The sum of all outputs, each with a weight that is one more argument."""
    import jax
    import jax.numpy as jnp

    avals = traced.closed.in_avals[: len(traced.closed.in_avals) - len(traced.captured)]
    outs = traced.closed.out_avals[: len(traced.outputs.leaves)]
    shapes = [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in (*avals, *outs)]
    count = len(traced.inputs.leaves)

    def total(*arrays: jax.Array) -> list[jax.Array]:
        values = traced(arrays[:count], arrays[count : len(avals)])
        weights = arrays[len(avals) :]
        parts = [jnp.sum(w * v) for w, v in zip(weights, values, strict=True)]
        return [sum(parts[1:], parts[0])]

    with scope(traced.wide):
        closed = jax.make_jaxpr(total)(*shapes)
    outputs, _ = layout(0.0, "out", "output")
    return TracedFunction(closed, traced.inputs, outputs, None, traced.wide, traced.name, ())
