"""In which inputs is a function affine? Read off the pattern of a Hessian."""

from __future__ import annotations

import numpy as np

from taylored.calculus.function import TracedFunction, scope
from taylored.calculus.plan import Plan
from taylored.calculus.trees import layout

__all__ = ["linear_inputs"]


def linear_inputs(traced: TracedFunction) -> np.ndarray:
    """(inputs,) True for a set of inputs in which the function is affine, all others held fixed.

    A weighted sum of the outputs, the weights unknown, has a Hessian whose entry (i, j) is zero
    where i and j do not meet; in a set without such a pair the function is affine.
    """
    pattern = Plan(_weighted(traced), 2).detect()
    free = np.zeros(traced.inputs.size, bool)
    if not pattern.listed:
        return free
    starts, members = pattern.indptr, pattern.indices
    alone = pattern.rows[pattern.rows == members]
    blocked = np.zeros(len(free), bool)
    blocked[alone] = True
    # Those with the fewest partners first: they exclude the fewest others.
    for k in np.argsort(np.diff(starts), kind="stable"):
        if not blocked[k]:
            free[k] = True
            blocked[members[starts[k] : starts[k + 1]]] = True
    return free


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
