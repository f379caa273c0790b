"""The passes of a coloring, compiled: all entries of a matrix of derivatives at a point.

What was measured decides the form. At a hundred thousand inputs passes written out one after
another with constant seeds fuse best, and the entries are picked in a stage of its own, for a
gather that is fused with the passes computes them again for each entry. Small matrices are best run
as one program, which is compiled sooner.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.calculus.arguments import scope
from taylored.calculus.coloring import Coloring
from taylored.calculus.trees import Layout

if TYPE_CHECKING:
    from taylored.calculus.plan import Plan

__all__ = ["Passes"]

# Up to this many numbers in all passes together, they are run as one program.
_SMALL = 10_000
# Passes are written out up to these numbers; more are mapped.
_UNROLLED_PASSES = 16
_UNROLLED_EQUATIONS = 4000
_UNROLLED_SEEDS = 20_000_000
# Mapped passes are run together while they hold fewer numbers than this.
_TOGETHER = 4_000_000
# From this many elements on, costly functions are computed once and kept, in a stage of their own.
_STAGED_SIZE = 5000


class Passes:
    """Evaluates the entries of a plan's matrix by a coloring."""

    def __init__(self, plan: Plan, coloring: Coloring):
        self.plan, self.coloring = plan, coloring
        size = coloring.forward * plan.shape[0] + coloring.reverse * plan.shape[1]
        equations = coloring.passes * len(plan.derivative_program()[0].equations)
        self._together = size <= _SMALL
        self._written_out = (
            not self._together
            and coloring.passes <= _UNROLLED_PASSES
            and equations <= _UNROLLED_EQUATIONS
            and size <= _UNROLLED_SEEDS
        )
        self._source: tuple[np.ndarray, ...] = ()
        if coloring.source is not None:
            source = coloring.source.astype(np.int32 if size < 2**31 else np.int64)
            # By two indices, the passes stay where they are computed.
            one_way = not (coloring.forward and coloring.reverse)
            side = plan.shape[0 if coloring.forward else 1]
            self._source = np.divmod(source, side) if self._together and one_way else (source,)

    def values(self, leaves: Sequence[Any], others: Sequence[Any], concrete: bool) -> Any:
        """(entries,) the values at a point; inside jit if not `concrete`."""
        leaves, others = list(leaves), list(others)
        with scope(self.plan.traced.wide):
            if not concrete:
                return self.picked(self.compressed(leaves, others), self._source)
            if self._together:
                return self._at_once(leaves, others, self._source_there)
            if self._staged:
                flat = self._from_linear_map(self.plan.linearized(leaves, others))
            else:
                flat = self._compiled(leaves, others)
            return self._picked(flat, self._source_there)

    @property
    def _staged(self) -> bool:
        plan = self.plan
        large = plan.inputs.size >= _STAGED_SIZE and self.coloring.passes > 1
        return large and not self.coloring.reverse and plan.forward and plan.is_costly

    @cached_property
    def _at_once(self) -> Callable:
        import jax

        def run(leaves: Any, others: Any, source: Any) -> Any:
            return self.picked(self.compressed(leaves, others), source)

        return jax.jit(run)

    @cached_property
    def _compiled(self) -> Callable:
        import jax

        return jax.jit(self.compressed)

    @cached_property
    def _from_linear_map(self) -> Callable:
        import jax

        return jax.jit(lambda push: self._all_passes(push, None))

    @cached_property
    def _picked(self) -> Callable:
        import jax

        if self._source and self.coloring.passes and not self._is_plainly_dense:
            return _gathered()
        return jax.jit(self.picked)

    @cached_property
    def _source_there(self) -> Any:
        """Where each entry is found, as an array that is handed over, not compiled in."""
        import jax
        import jax.numpy as jnp

        with jax.ensure_compile_time_eval():
            return tuple(map(jnp.asarray, self._source))

    def compressed(self, leaves: Any, others: Any) -> Any:
        """The results of all passes, one after another, as one vector."""
        import jax

        push = pull = None
        if self.coloring.forward:
            push = jax.linearize(lambda v: self.plan(v, others), leaves)[1]
        if self.coloring.reverse:
            pull = jax.vjp(lambda v: self.plan(v, others), leaves)[1]
        return self._all_passes(push, pull)

    def _all_passes(self, push: Any, pull: Any) -> Any:
        import jax.numpy as jnp

        coloring, plan = self.coloring, self.plan
        parts = []
        if coloring.forward:
            parts.append(self._several(push, plan.inputs, coloring.columns, coloring.forward))
        if coloring.reverse:
            run = partial(_first, pull)
            parts.append(self._several(run, plan.outputs, coloring.rows, coloring.reverse))
        if not parts:
            return jnp.zeros(0, plan.dtypes(plan.inputs)[0])
        return parts[0] if len(parts) == 1 else jnp.concatenate(parts)

    def _several(self, run: Callable, layout: Layout, colors: Any, count: int) -> Any:
        """Passes with seeds that are 1 where the color is theirs, as one vector."""
        import jax
        import jax.numpy as jnp

        dtypes = self.plan.dtypes(layout)

        # Narrow constants: XLA compiles them faster than seeds of floating-point numbers.
        among = jnp.asarray(colors.astype(np.int8 if count < 128 else np.int32))

        def one(which: Any) -> Any:
            pairs = zip(layout.split(among), dtypes, strict=True)
            seeds = [(part == which).astype(dtype) for part, dtype in pairs]
            return jnp.concatenate([jnp.reshape(r, -1) for r in run(seeds)])

        if self._written_out:
            return jnp.concatenate([one(c) for c in range(count)])
        numbers = jnp.arange(count, dtype=among.dtype)
        if count * max(self.plan.shape) <= _TOGETHER:
            return jax.vmap(one)(numbers).reshape(-1)
        return jax.lax.map(one, numbers, batch_size=8).reshape(-1)

    def picked(self, flat: Any, source: Any) -> Any:
        """The entries in the pattern's order, from the results of the passes."""
        import jax.numpy as jnp

        rows, columns = self.plan.shape
        if self.coloring.plan is not None:
            return self.coloring.recover(flat.reshape(self.coloring.forward, rows), None, jnp)
        if self._is_plainly_dense:
            return flat.reshape(columns, rows).T.reshape(-1)
        if not self.coloring.passes:
            return flat
        if len(source) == 2:
            flat = flat.reshape(-1, rows if self.coloring.forward else columns)
        return _pick(flat, tuple(map(jnp.asarray, source)))

    @cached_property
    def _is_plainly_dense(self) -> bool:
        """Whether every entry is there, and each column has a pass of its own."""
        rows, columns = self.plan.shape
        coloring = self.coloring
        if coloring.reverse or coloring.columns is None or coloring.source is None:
            return False
        full = len(coloring.source) == rows * columns
        return full and np.array_equal(coloring.columns, np.arange(columns))


def _first(pull: Callable, seeds: Any) -> Any:
    return pull(seeds)[0]


def _pick(flat: Any, source: Any) -> Any:
    return flat.at[source].get(mode="promise_in_bounds")


@cache
def _gathered() -> Callable:
    import jax

    return jax.jit(_pick)
