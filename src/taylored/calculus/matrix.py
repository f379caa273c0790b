"""The Jacobian or Hessian at a point as one object: products, blocks, entries, explanations."""

from __future__ import annotations

import operator
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

from taylored.calculus.arguments import Arguments, as_given, scope
from taylored.calculus.blocks import Block, Matrix, Transposed
from taylored.calculus.coloring import Coloring
from taylored.calculus.cost import Cost, Entry, memory
from taylored.calculus.function import TracedFunction
from taylored.calculus.passes import Passes
from taylored.calculus.pattern import Pattern
from taylored.calculus.plan import Plan
from taylored.calculus.products import as_tree, as_vector, disagreement, joined, typed
from taylored.calculus.structure import Structure, structure_of
from taylored.calculus.trees import Layout
from taylored.errors import ArgumentError, PatternError
from taylored.results import Accuracy
from taylored.trace.jaxpr import is_tracer

__all__ = ["Block", "Cost", "DerivativeMatrix", "Entry"]

# How far entries and a product may differ: a solver that stops early is linear to its tolerance.
_GIVEN_GAP, _OWN_GAP = 1e-6, 1e-3
# Keeping the linear map costs two runs of the function and saves half a run or more per product.
_DIRECT_PRODUCTS = 3


class DerivativeMatrix(Matrix):
    """The Jacobian (outputs, inputs) or the Hessian (inputs, inputs) of a function at a point.

    Nothing is computed before it is asked for. A product `J @ v`, `v @ J` takes one pass and no
    pattern. The entries take `passes` passes. `v` may be a vector, a matrix, or a tree as the
    inputs (outputs) are; the result is of the same kind.

    Attributes:
        inputs, outputs: the names, by `inputs.name(k)`, and where each lies.
        pattern: where entries may differ from zero.
    """

    def __init__(self, plan: Plan, traced: TracedFunction, arguments: Arguments, local: bool):
        # Entries are computed when they are asked for: the caller may change the array by then.
        self._arguments = arguments.copied() if arguments.concrete else arguments
        self._plan, self._traced = plan, traced
        self._local = local
        self.inputs: Layout = arguments.inputs
        self.outputs: Layout = arguments.inputs if plan.order == 2 else traced.outputs
        self.shape = plan.shape
        self._values: Any = None
        self._error: float | None = None
        self._asked = 0

    # ---- what is known without computing ----

    @property
    def concrete(self) -> bool:
        """Whether the numbers of the point are known (not inside jit or vmap)."""
        return self._arguments.concrete

    @property
    def symmetric(self) -> bool:
        """Whether this is a Hessian."""
        return self._plan.order == 2

    @cached_property
    def pattern(self) -> Pattern:
        """Where entries may differ from zero: at every point, or here (`scope` says which)."""
        if not self._local:
            return self._plan.pattern
        if not self._arguments.concrete:
            raise PatternError(
                "A local pattern needs the numbers of the point.",
                why="inside jit or vmap they are not known.",
                next_step="use the global pattern (the default) there.",
            )
        point = [np.asarray(v) for v in (*self._arguments.leaves, *self._arguments.others)]
        return self._plan.detect(point)

    @cached_property
    def coloring(self) -> Coloring:
        """The groups of inputs and outputs that share a pass."""
        return self._plan.colored(self.pattern) if self._local else self._plan.coloring

    @property
    def nnz(self) -> int:
        """How many entries may differ from zero."""
        return self.pattern.nnz

    @property
    def passes(self) -> int:
        """How many products give every entry."""
        return self.coloring.passes

    @property
    def passes_lower_bound(self) -> int:
        """No method of this kind needs fewer."""
        return self.coloring.lower_bound

    @property
    def cost(self) -> Cost:
        """What computing the entries will take."""
        coloring, pattern = self.coloring, self.pattern
        width = 8 if self._traced.wide else 4
        compressed = coloring.forward * self.shape[0] + coloring.reverse * self.shape[1]
        return Cost(
            coloring.forward, coloring.reverse, coloring.lower_bound, coloring.bound, pattern.nnz,
            width * (compressed + pattern.nnz), width * self.shape[0] * self.shape[1],
        )  # fmt: skip

    @cached_property
    def structure(self) -> Structure:
        """Diagonal, banded, block diagonal, arrow, low rank or dense, and what that is good for."""
        return structure_of(self.pattern, self.symmetric, self._plan.bottleneck)

    @cached_property
    def linear_inputs(self) -> np.ndarray:
        """(inputs,) True for a set of inputs in which the function is affine, all others fixed.

        Affine in them together: no two of them, and none with itself, meet in a product or a
        nonlinear function. No further input can be added to the set.
        """
        return import_module("taylored.calculus.linear").linear_inputs(self._traced)

    # ---- entries ----

    @property
    def values(self) -> Any:
        """(nnz,) the entries, row by row as in `pattern`."""
        if self._values is None:
            self._values = self._computed()
        return self._values

    def _computed(self) -> Any:
        leaves, others = self._arguments.leaves, self._arguments.others
        passes = Passes(self._plan, self.coloring) if self._local else self._plan.passes
        found = passes.values(leaves, others, self._arguments.concrete)
        if not self._arguments.concrete:
            return found
        self._check(np.asarray(found))
        return np.asarray(found) if self._arguments.numpy else found

    def _check(self, values: np.ndarray) -> None:
        """Compare with one product in a random direction: once per pattern, always if not ours.

        A wrong pattern, a wrong color or a Hessian that is not symmetric shows here. A local or
        given pattern may lack an entry that is zero at one point and not at the next.
        """
        given = self.pattern.origin == "given"
        if self._plan.checked is not None and not self._local and not given:
            self._error = self._plan.checked
            return
        self._error = disagreement(self, values)
        if self._error is None:
            return
        if self._error > max(_GIVEN_GAP if given else _OWN_GAP, 4 * _unit(values.dtype) ** 0.5):
            raise PatternError(
                "The entries do not reproduce a product with a random vector: "
                f"relative difference {self._error:.1e}.",
                where=f"the {'Hessian' if self.symmetric else 'Jacobian'} of {self._traced.name}",
                why="the pattern that was given lacks entries."
                if given
                else "derivative rules written by hand contradict each other, so that the matrix "
                "is not symmetric or the pattern does not hold; or the derivative is not linear, "
                "as that of a solver which stops early.",
                next_step="leave the pattern out, or save it anew."
                if given
                else "use ty.check(f, x) to find the rule; ty.jacobian(ty.gradient(f)) does not "
                "assume symmetry.",
            )
        if not self._local:
            self._plan.checked = self._error

    @property
    def accuracy(self) -> Accuracy:
        """The kind of statement that can be made of the entries: estimated once computed."""
        return Accuracy.UNKNOWN if self._error is None else Accuracy.ESTIMATED

    @property
    def agreement(self) -> float | None:
        """How far entries and a product in a random direction differ, relative to each row.

        None before the entries are computed.
        """
        return self._error

    def sparse(self) -> Any:
        """The matrix as a SciPy CSR array.

        Raises:
            PatternError: if it is dense and too large to be written out.
        """
        from scipy.sparse import csr_array

        self._require_concrete("sparse()")
        self.pattern.require_listed()
        pattern = self.pattern
        values = np.asarray(self.values)
        if values.dtype == np.float16:  # SciPy has no matrices of half precision
            values = values.astype(np.float32)
        parts = (values, pattern.indices, pattern.indptr)
        return csr_array(parts, shape=self.shape, copy=True)  # the caller's own, to change

    def _require_concrete(self, what: str) -> None:
        if not self._arguments.concrete:
            raise ArgumentError(
                f"{what} needs numbers: inside jit or vmap there are none yet.",
                next_step="use .values with .pattern, .dense(), or products there.",
            )

    def dense(self) -> Any:
        """(outputs, inputs) the matrix as an array: of NumPy if the inputs were, else of JAX.

        Raises:
            PatternError: if it would take more than 16 GiB.
        """
        if 8 * self.shape[0] * self.shape[1] > 2**34:
            self.pattern.require_listed()
            raise PatternError(
                f"The dense matrix takes {memory(8 * self.shape[0] * self.shape[1])}.",
                next_step="use .sparse(), or a block.",
            )
        if self._arguments.numpy and self._arguments.concrete:
            return self.sparse().toarray()
        return self._scattered(self.values)

    def _scattered(self, values: Any) -> Any:
        import jax.numpy as jnp

        with scope(self._traced.wide):
            if self.pattern.is_full:
                return values.reshape((*values.shape[:-1], *self.shape))
            empty = jnp.zeros((*values.shape[:-1], *self.shape), values.dtype)
            return empty.at[..., self.pattern.rows, self.pattern.indices].set(values)

    def diagonal(self) -> Any:
        """The entries (k, k)."""
        if self._arguments.concrete:
            return self.sparse().diagonal()
        import jax.numpy as jnp

        pattern = self.pattern
        where = np.flatnonzero(pattern.rows == pattern.indices)
        empty = jnp.zeros(min(self.shape), self._dtypes(True)[0])
        return empty.at[pattern.rows[where]].set(self.values[..., where])

    # ---- products ----

    def __matmul__(self, v: Any) -> Any:
        return self._product(v, right=True)

    def __rmatmul__(self, v: Any) -> Any:
        return self._product(v, right=False)

    def _product(self, v: Any, right: bool) -> Any:
        """`J @ v` (right) or `v @ J`."""
        given, result = (self.inputs, self.outputs) if right else (self.outputs, self.inputs)
        parts = as_tree(v, given)
        if parts is not None:
            return result.unflatten(self._pass(parts, right))
        if type(v).__module__.startswith("scipy.sparse"):
            return self.sparse() @ v if right else v @ self.sparse()
        v = as_vector(v)
        if v.ndim == 1 and len(v) == given.size:
            return joined(self._pass(given.split(v), right))
        if v.ndim == 2 and v.shape[0 if right else 1] == given.size:
            return self._many(v, right)
        raise ArgumentError(
            f"A vector of {given.size} numbers, one per {given.kind}, is needed; "
            f"this has shape {tuple(v.shape)}.",
            next_step=f"the matrix is {self.shape[0]} x {self.shape[1]}.",
        )

    def _pass(self, parts: list[Any], right: bool, once: bool = False) -> list[Any]:
        """One product; after a few forward ones the linear map at this point is kept."""
        plan = self._plan
        leaves, others = list(self._arguments.leaves), list(self._arguments.others)
        forward = right or self.symmetric
        if not (plan.forward if forward else plan.backward):
            return self._from_entries(parts, right)
        with scope(self._traced.wide):
            parts = [typed(p, d) for p, d in zip(parts, self._dtypes(forward), strict=True)]
            if not forward:
                found = plan.pulled(leaves, others, parts)
            elif once:
                found = plan.product_once(leaves, others, parts)
            elif self._arguments.concrete and self._asked >= _DIRECT_PRODUCTS:
                found = plan.applied(self._linear_map, parts)
            else:
                found = plan.product(leaves, others, parts)
        self._asked += forward and not once
        if self._arguments.numpy and not any(map(is_tracer, found)):
            return [np.asarray(f) for f in found]
        return list(found)

    def _from_entries(self, parts: list[Any], right: bool) -> list[Any]:
        """A product whose own mode does not exist (custom_vjp forwards, while loops backwards)."""
        vector = np.asarray(joined(parts))
        found = self.sparse() @ vector if right else vector @ self.sparse()
        return (self.outputs if right else self.inputs).split(found)

    def _dtypes(self, forward: bool) -> list[Any]:
        return self._plan.dtypes(self._plan.inputs if forward else self._plan.outputs)

    @cached_property
    def _linear_map(self) -> Any:
        return self._plan.linearized(list(self._arguments.leaves), list(self._arguments.others))

    def _many(self, v: Any, right: bool) -> Any:
        """A product with a matrix: through the entries where that is fewer passes."""
        count = v.shape[1 if right else 0]
        if self._arguments.concrete and not is_tracer(v):
            if self.pattern.listed and (self._values is not None or count >= self.passes):
                return self.sparse() @ np.asarray(v) if right else np.asarray(v) @ self.sparse()
            if right:
                return np.stack([np.asarray(self @ c) for c in v.T], axis=1)
            return np.stack([np.asarray(c @ self) for c in v])
        import jax

        if right:
            return jax.vmap(lambda c: self @ c, in_axes=1, out_axes=1)(v)
        return jax.vmap(lambda c: c @ self)(v)

    def matvec(self, v: Any) -> np.ndarray:
        """`J @ v` for SciPy's iterative solvers, which take the matrix itself."""
        return np.asarray(self @ np.ravel(v))

    def rmatvec(self, v: Any) -> np.ndarray:
        """`v @ J`, likewise."""
        return np.asarray(np.ravel(v) @ self)

    @property
    def dtype(self) -> np.dtype:
        """The precision of the entries."""
        return np.dtype(np.result_type(*self._dtypes(True)))

    @property
    def T(self) -> Transposed:
        """The transposed matrix, without computing anything."""
        return Transposed(self)

    def linear_operator(self) -> Any:
        """As a SciPy LinearOperator, for iterative solvers: one pass per product."""
        from scipy.sparse.linalg import LinearOperator

        functions: dict[str, Any] = {
            "matvec": self.matvec, "rmatvec": self.rmatvec, "dtype": self.dtype,
        }  # fmt: skip
        return LinearOperator(self.shape, **functions)

    # ---- names ----

    def __getitem__(self, key: Any) -> Any:
        """`J["theta"]`, `J["out", "theta"]`: a block by name. `J[2, 5]`: one entry."""
        if not isinstance(key, tuple):
            try:
                return Block(self, slice(0, self.shape[0]), self.inputs.block(_name(key)))
            except ArgumentError as error:
                if isinstance(key, str) and any(leaf.name == key for leaf in self.outputs.leaves):
                    raise ArgumentError(
                        f"{key!r} is an output: one name alone is that of an input.",
                        next_step=f"write J[{key!r}, :] for its rows.",
                    ) from error
                raise
        if len(key) != 2:
            raise ArgumentError(
                f"A matrix has rows and columns; {key!r} has {len(key)} parts.",
                next_step='write J["input"], J["output", "input"], or J[i, j] for one entry.',
            )
        output, given = key
        if _is_all(output) or _is_all(given):
            rows = slice(0, self.shape[0]) if _is_all(output) else self.outputs.block(_name(output))
            columns = slice(0, self.shape[1]) if _is_all(given) else self.inputs.block(_name(given))
            return Block(self, rows, columns)
        if not isinstance(given, str):
            i, j = self.outputs.index(_place(output)), self.inputs.index(_place(given))
            return self._entry(i, j)
        return Block(self, self.outputs.block(_name(output)), self.inputs.block(given))

    def _entry(self, i: int, j: int) -> float:
        """One entry; from one product where the entries are too many to be listed."""
        self._require_concrete("J[i, j]")
        if not self.pattern.listed:
            seed = np.zeros(self.shape[1])
            seed[j] = 1.0
            return float((self @ seed)[i])
        first, last = self.pattern.indptr[i], self.pattern.indptr[i + 1]
        place = first + int(np.searchsorted(self.pattern.indices[first:last], j))
        if place == last or self.pattern.indices[place] != j:
            return 0.0
        return float(self.values[place])

    def tree(self) -> Any:
        """The entries as a tree of trees of arrays, as `jax.jacobian` gives them."""
        whole = self.dense()
        rows = []
        for out in self.outputs.leaves:
            part = whole[..., out.start : out.stop, :]
            blocks = [
                part[..., leaf.start : leaf.stop].reshape(
                    (*whole.shape[:-2], *out.shape, *leaf.shape)
                )
                for leaf in self.inputs.leaves
            ]
            if self._arguments.numpy and self._arguments.concrete:
                blocks = [as_given(block) for block in blocks]
            rows.append(self.inputs.unflatten(blocks))
        return self.outputs.unflatten(rows)

    def top(self, k: int = 10, scale: str = "absolute", spread: Any = None) -> list[Entry]:
        """The k entries of largest size, largest first.

        Args:
            k: how many.
            scale: "absolute": the derivatives themselves; "std": times the spread of the input
                (of a Hessian: of both inputs); "elasticity": relative change of the output per
                relative change of the input.
            spread: one number, or an array or tree as the inputs, for "std".

        Returns:
            Entries with names and the scaled value; of a symmetric pair one.
        """
        return import_module("taylored.calculus.entries").top_entries(self, k, scale, spread)

    def explain(self, output: int | str, given: int | str) -> Any:
        """Why an output depends on an input: the path through the function, with source lines."""
        explain = import_module("taylored.calculus.explain").explain
        return explain(self, self.outputs.index(output), self.inputs.index(given))

    # ---- how it is shown ----

    def __repr__(self) -> str:
        kind = "Hessian" if self.symmetric else "Jacobian"
        rows, columns = self.shape
        about = f"{kind} of {self._traced.name}, {rows} x {columns}"
        if "pattern" not in self.__dict__ and "pattern" not in self._plan.__dict__:
            return f"<{about}, nothing computed yet>"
        if not self.pattern.listed:
            return f"<{about}, dense: products only>"
        passes = "1 pass" if self.passes == 1 else f"{self.passes} passes"
        return f"<{about}, {self.nnz} entries, {self.structure.kind}, {passes}>"

    def report(self) -> str:
        """What is known of the matrix, as text."""
        return import_module("taylored.report.derivatives").matrix_text(self)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """The pattern, colored by pass (a spy plot); returns the axes."""
        return import_module("taylored.plot.spy").spy(self, ax, **options)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, ready for JSON."""
        return import_module("taylored.report.derivatives").matrix_dict(self)


def _unit(dtype: np.dtype) -> float:
    """The spacing of numbers at 1; bfloat16 and its kin are not known to NumPy."""
    return float(np.finfo(dtype).eps) if dtype.kind == "f" else 2.0**-7


def _is_all(key: Any) -> bool:
    return key is Ellipsis or (isinstance(key, slice) and key == slice(None))


def _place(key: Any) -> int | str:
    if isinstance(key, str):
        return key
    try:
        return operator.index(key)
    except TypeError:
        raise ArgumentError(
            f"A place in the matrix is a whole number or a name, not {key!r}.",
            next_step="write J[i, j]; for slices and lists use J.sparse() or J.dense().",
        ) from None


def _name(key: Any) -> str:
    if isinstance(key, str):
        return key
    raise ArgumentError(
        f"A block is asked for by name, not by {key!r}.",
        next_step='write J["input"], J["output", "input"], or J[i, j] for one entry.',
    )
