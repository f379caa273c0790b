"""How a derivative is computed: its pattern, its colors and its compiled passes.

A plan belongs to a function at given shapes, not to a point: it is made once and used at every
point, inside and outside of jit. Functions whose derivative programs are equal share one plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from taylored.calculus.arguments import scope
from taylored.calculus.coloring import Coloring, color
from taylored.calculus.function import TracedFunction
from taylored.calculus.passes import Passes
from taylored.calculus.pattern import Pattern, stacked
from taylored.calculus.trees import Layout
from taylored.errors import FunctionError, PatternError
from taylored.readings.sparsity import Value, Walk, compressed, narrowest, tangent_walk
from taylored.readings.sparsity.dependence import MOST_ENTRIES
from taylored.trace.cache import LeastRecentlyUsed
from taylored.trace.jaxpr import from_jaxpr
from taylored.trace.program import Program
from taylored.trace.rules import nested_programs

__all__ = ["Plan", "make_plan"]

_COSTLY = frozenset(
    "exp exp2 expm1 log log1p sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh "
    "pow logistic erf erfc erf_inv lgamma digamma igamma bessel_i0e bessel_i1e cbrt".split()
)


class Plan:
    """Pattern, colors and compiled passes of the derivative of one traced function.

    `order` is 1 for a Jacobian, 2 for a Hessian, which is the Jacobian of the gradient. With
    `substitution` entries may be computed from others: fewer passes, but errors are then relative
    to the largest of the entries involved.
    """

    def __init__(
        self, traced: TracedFunction, order: int, given: Pattern | None = None,
        substitution: bool = False,
    ):  # fmt: skip
        self.traced, self.order, self.substitution = traced, order, substitution
        self.inputs = traced.inputs
        self.outputs: Layout = traced.inputs if order == 2 else traced.outputs
        self.symmetric = order == 2
        self.checked: float | None = None  # how well the entries agreed with a product
        self.shape = (self.outputs.size, self.inputs.size)
        if given is not None and given.shape != self.shape:
            raise PatternError(
                f"The pattern is {given.shape[0]} x {given.shape[1]}, the matrix is "
                f"{self.shape[0]} x {self.shape[1]}.",
                next_step="leave the pattern out, or make it for these inputs.",
            )
        self._given = given

    # ---- the function and its programs ----

    def __call__(self, leaves: Sequence[Any], others: Sequence[Any]) -> list[Any]:
        """What is differentiated: the function's outputs, or its gradient."""
        if self.order == 1:
            return self.traced(leaves, others)
        return self._gradient(leaves, others)

    def _gradient(self, leaves: Sequence[Any], others: Sequence[Any]) -> list[Any]:
        import jax

        def scalar(values: Any) -> Any:
            return self.traced(values, others)[0].reshape(())

        return (jax.jacrev if self.reverse_gradient else jax.jacfwd)(scalar)(list(leaves))

    @cached_property
    def reverse_gradient(self) -> bool:
        """Whether the function can be differentiated backwards (a while loop cannot)."""
        import jax

        shapes, others = self._shapes

        def scalar(values: Any, rest: Any) -> Any:
            return self.traced(values, rest)[0].reshape(())

        try:
            with scope(self.traced.wide):
                jax.make_jaxpr(jax.grad(scalar))(shapes, others)
        except ValueError as error:
            if "everse-mode" in str(error):
                return False
            raise _underivable(self.traced, error) from error
        except Exception as error:
            raise _underivable(self.traced, error) from error
        return True

    @cached_property
    def _shapes(self) -> tuple[list[Any], list[Any]]:
        import jax

        count = len(self.inputs.leaves)
        shapes = [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in self.traced.closed.in_avals]
        extra = len(self.traced.captured)
        return shapes[:count], shapes[count : len(shapes) - extra]

    @cached_property
    def program(self) -> Program:
        """Of the JVP: the inputs, the other arrays, then the tangents; its outputs are tangents."""
        import jax

        leaves, others = self._shapes

        def push(values: Any, rest: Any, tangents: Any) -> Any:
            return jax.jvp(lambda v: self(v, rest), (values,), (tangents,))[1]

        return self._traced(push, leaves, others, leaves)

    @cached_property
    def reverse_program(self) -> Program:
        """Of the VJP: the inputs, the other arrays, then the cotangents."""
        import jax

        leaves, others = self._shapes
        outs = self.traced.closed.out_avals[: len(self.outputs.leaves)]
        cotangents = [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in outs]

        def pull(values: Any, rest: Any, cotangents: Any) -> Any:
            return jax.vjp(lambda v: self(v, rest), values)[1](cotangents)[0]

        return self._traced(pull, leaves, others, cotangents)

    def _traced(self, function: Callable, *shapes: Any) -> Program:
        import jax

        from taylored.trace.jaxpr import lifted

        try:
            with scope(self.traced.wide):
                closed = jax.make_jaxpr(function)(*shapes)
        except FunctionError:
            raise
        except Exception as error:
            raise _underivable(self.traced, error) from error
        return from_jaxpr(lifted(closed)[0])

    @cached_property
    def forward(self) -> bool:
        """Whether the function can be differentiated forwards (custom_vjp alone cannot)."""
        return not _has(self.program, "custom_lin")

    @cached_property
    def backward(self) -> bool:
        """Whether it can be differentiated backwards (a while loop cannot)."""
        try:
            _ = self.reverse_program
        except FunctionError:
            return False
        return True

    # ---- pattern and colors ----

    @cached_property
    def pattern(self) -> Pattern:
        """Where the matrix may have entries that differ from zero, at every point."""
        return self._given if self._given is not None else self.detect()

    def detect(self, point: Sequence[Any] | None = None) -> Pattern:
        """Read the pattern off the derivative's program, for every point or for one."""
        about: dict[str, Any] = {"scope": "global" if point is None else "local"}
        found = self._read(point, about)
        found = found if self.forward else found.transpose
        if self.order == 1 and not self.has_rules and found.listed:
            found = found.selected(~self._constant_outputs[found.rows])
        if self.symmetric:
            found = found.with_mirror() if self.has_rules else found.without_one_sided()
        return found

    def derivative_program(self) -> tuple[Program, range]:
        """The program that the pattern is read off, and which of its inputs are the seeds."""
        program = self.program if self.forward else self.reverse_program
        seeds = self.inputs if self.forward else self.outputs
        first = len(self._shapes[0]) + len(self._shapes[1])
        return program, range(first, first + len(seeds.leaves))

    def _read(self, point: Sequence[Any] | None, about: dict[str, Any]) -> Pattern:
        program, tangents = self.derivative_program()
        shapes = [program.shapes[k] for k in range(len(program.names))]
        if point is not None:
            point = [*point, *self.traced.captured]
        values, walk = tangent_walk(program, shapes, tangents, point)
        rows = sum(int(np.prod(v.shape, dtype=np.int64)) for v in values)
        about["dense_by"] = tuple(f"{p} at {s or 'an unknown line'}" for p, s in walk.dense)
        if sum(v.dep.entries_at_most() for v in values if v.dep is not None) > 2 * MOST_ENTRIES:
            return Pattern.full((rows, walk.inputs), **about)
        empty = np.zeros(0, np.int32)
        starts, members = stacked([
            (np.zeros(int(np.prod(v.shape, dtype=np.int64)) + 1, np.int64), empty)
            if v.dep is None else compressed(v.dep) for v in values
        ])  # fmt: skip
        return Pattern((rows, walk.inputs), starts, members, **about)

    @cached_property
    def _constant_outputs(self) -> np.ndarray:
        """(outputs,) which outputs are the same at every point, such as zeros of a factor."""
        program = self.traced.program()
        given = [Value(program.shapes[k]) for k in range(len(program.names))]
        constant = [~v.places()[1].reshape(-1) for v in Walk(0).run(program, given)]
        return np.concatenate(constant[: len(self.outputs.leaves)])

    @cached_property
    def bottleneck(self) -> int:
        """No matrix has a higher rank: the narrowest place that every derivative goes through."""
        program, tangents = self.derivative_program()
        shapes = [program.shapes[k] for k in range(len(program.names))]
        return narrowest(program, shapes, tangents)

    @cached_property
    def has_rules(self) -> bool:
        """Whether derivative rules written by hand take part: then symmetry is not certain."""
        return _has(self.traced.program(), "call")

    @cached_property
    def coloring(self) -> Coloring:
        """The passes that give every entry."""
        return self.colored(self.pattern)

    def colored(self, pattern: Pattern) -> Coloring:
        """The fewest passes found for a pattern, of those kinds that the function allows."""
        pattern.require_listed()
        given = (pattern.indptr, pattern.indices, pattern.shape)
        if self.symmetric:
            return color(*given, symmetric=True, substitution=self.substitution)
        backward = self.order == 1
        found = color(*given, forward=self.forward, reverse=backward)
        if found.reverse and self.forward and not self.backward:
            found = color(*given, forward=True, reverse=False)
        return found

    # ---- compiled passes ----

    @cached_property
    def product(self) -> Callable:
        """Compiled: (inputs, others, tangents) -> tangents of the outputs."""
        import jax

        def push(leaves: Any, others: Any, tangents: Any) -> Any:
            return jax.jvp(lambda v: self(v, others), (leaves,), (tangents,))[1]

        return jax.jit(push)

    def product_once(self, leaves: list[Any], others: list[Any], tangents: list[Any]) -> list[Any]:
        """The same for a single use: without optimization, which is compiled sooner."""
        if "product" not in self.__dict__:
            try:
                lowered = self.product.lower(leaves, others, tangents)
                return lowered.compile({"xla_backend_optimization_level": 0})(
                    leaves, others, tangents
                )
            except Exception:  # not every backend knows the option
                pass
        return self.product(leaves, others, tangents)

    @cached_property
    def pulled(self) -> Callable:
        """Compiled: (inputs, others, cotangents) -> cotangents of the inputs."""
        import jax

        def pull(leaves: Any, others: Any, cotangents: Any) -> Any:
            return jax.vjp(lambda v: self(v, others), leaves)[1](cotangents)[0]

        return jax.jit(pull)

    @cached_property
    def linearized(self) -> Callable:
        """Compiled: (inputs, others) -> the linear map, with all that no seed changes."""
        import jax

        return jax.jit(lambda leaves, others: jax.linearize(lambda v: self(v, others), leaves)[1])

    @cached_property
    def applied(self) -> Callable:
        """Compiled: (linear map, tangents) -> tangents of the outputs."""
        import jax

        return jax.jit(lambda push, tangents: push(tangents))

    @cached_property
    def passes(self) -> Passes:
        """The compiled passes that give all entries."""
        return Passes(self, self.coloring)

    @cached_property
    def is_costly(self) -> bool:
        """Whether exponentials and the like take part, which are worth keeping between passes."""
        return any(_has(self.traced.program(), name) for name in _COSTLY)

    def dtypes(self, layout: Layout) -> list[Any]:
        """The precision of each array of the inputs or outputs."""
        avals = self.traced.closed.in_avals
        if layout is not self.inputs:
            avals = self.traced.closed.out_avals
        return [a.dtype for a in avals[: len(layout.leaves)]]


def _has(program: Program, primitive: str) -> bool:
    return any(
        e.primitive == primitive or any(_has(p, primitive) for p in nested_programs(e.params))
        for e in program.equations
    )


def _underivable(traced: TracedFunction, error: Exception) -> FunctionError:
    text = (str(error).strip().splitlines() or [""])[0]
    step = "give the operation a rule with jax.custom_jvp."
    if "everse-mode" in text:
        step = "use lax.fori_loop or lax.scan with a fixed length."
    return FunctionError(
        f"The function {traced.name} has no derivative that JAX knows.",
        why=f"{type(error).__name__}: {text[:300]}",
        next_step=step,
    )


_plans = LeastRecentlyUsed(64)


def make_plan(
    traced: TracedFunction, order: int, given: Pattern | None = None, substitution: bool = False
) -> Plan:
    """The plan of a traced function; an earlier one where the derivative's program is equal."""
    fresh = Plan(traced, order, given, substitution)
    if given is not None or traced.captured:
        return fresh
    program = fresh.program
    if _has(program, "custom_lin"):
        return fresh  # its rules cannot be told apart by their programs
    names = tuple((leaf.name, leaf.shape) for leaf in (*fresh.inputs.leaves, *fresh.outputs.leaves))
    dtypes = tuple(str(a.dtype) for a in traced.closed.in_avals)
    # The lines too: explanations and reasons name them.
    lines = tuple(e.source for e in program.equations)
    # The values and the name: neither follows from the derivative. The rules do.
    itself = (traced.name, traced.program().key(rules=False))
    key = (
        order,
        substitution,
        program.key(),
        itself,
        lines,
        names,
        dtypes,
        fresh.inputs.tree,
        fresh.outputs.tree,
    )
    return _plans.find(key, lambda: fresh)
