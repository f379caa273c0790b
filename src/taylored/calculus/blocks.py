"""Parts of a matrix of derivatives: its transpose and its blocks, as lazy as itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.calculus.products import as_tree, as_vector
from taylored.errors import ArgumentError, PatternError
from taylored.trace.jaxpr import is_tracer

if TYPE_CHECKING:
    from taylored.calculus.matrix import DerivativeMatrix

__all__ = ["Block", "Matrix", "Transposed"]


class Matrix:
    """What the matrix, its transpose and its blocks have in common."""

    __array_ufunc__ = None  # so that `v @ J` with an array v asks J
    shape: tuple[int, int]
    T: Any

    def dense(self) -> Any:
        raise NotImplementedError

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.asarray(self.dense(), dtype)

    @property
    def ndim(self) -> int:
        return 2


class Transposed(Matrix):
    """The transposed matrix: products change sides, blocks change names."""

    def __init__(self, matrix: Any):
        self.T = matrix
        self.shape = matrix.shape[::-1]

    def __matmul__(self, v: Any) -> Any:
        if self._is_vector(v, "outputs"):
            return self.T.__rmatmul__(v)
        return self.T.__rmatmul__(v.T).T

    def __rmatmul__(self, v: Any) -> Any:
        if self._is_vector(v, "inputs"):
            return self.T.__matmul__(v)
        return self.T.__matmul__(v.T).T

    def _is_vector(self, v: Any, side: str) -> bool:
        """Whether it stands for one vector: also as a tree like the outputs (inputs)."""
        layout = getattr(self.T, side, None)
        if layout is not None and as_tree(v, layout) is not None:
            return True
        return getattr(v, "ndim", 1) < 2

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, tuple):
            outputs = getattr(self.T, "outputs", None)
            if outputs is None or not isinstance(key, str):
                raise ArgumentError(
                    f"A block of a transpose is not asked for by {key!r}.",
                    next_step='write J.T["output"], J.T["input", "output"], or J.T[j, i].',
                )
            rows = outputs.block(key)
            return Block(self.T, rows, slice(0, self.T.shape[1])).T
        if len(key) != 2:
            raise ArgumentError(
                f"A matrix has rows and columns; {key!r} has {len(key)} parts.",
                next_step='write J.T["input", "output"], or J.T[j, i] for one entry.',
            )
        first, second = key
        found = self.T[second, first]
        return found.T if isinstance(found, Matrix) else found

    def sparse(self) -> Any:
        """As a SciPy CSR array."""
        return self.T.sparse().T.tocsr()

    def dense(self) -> Any:
        """As an array."""
        return np.swapaxes(self.T.dense(), -1, -2) if isinstance(self.T, Block) else (
            self.T.dense().swapaxes(-1, -2)
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"<transpose of {self.T!r}>"


class Block(Matrix):
    """Some outputs by some inputs, by name; nothing is computed before it is asked for."""

    def __init__(self, matrix: DerivativeMatrix, rows: slice, columns: slice):
        self.matrix, self.rows, self.columns = matrix, rows, columns
        self.shape = (rows.stop - rows.start, columns.stop - columns.start)

    def __matmul__(self, v: Any) -> Any:
        return self._product(v, self.columns, self.rows, 1, lambda whole: self.matrix @ whole)

    def __rmatmul__(self, v: Any) -> Any:
        return self._product(v, self.rows, self.columns, 0, lambda whole: whole @ self.matrix)

    def _product(self, v: Any, given: slice, result: slice, side: int, run: Any) -> Any:
        array = as_vector(v)
        if array.ndim == 2 and array.shape[0 if side else 1] == self.shape[side]:
            return self.sparse() @ np.asarray(array) if side else np.asarray(array) @ self.sparse()
        if array.ndim != 1 or len(array) != self.shape[side]:
            raise ArgumentError(
                f"A vector of {self.shape[side]} numbers is needed, not shape {array.shape}.",
                next_step=f"the block is {self.shape[0]} x {self.shape[1]}.",
            )
        if is_tracer(array) or not self.matrix.concrete:
            import jax.numpy as jnp

            return run(jnp.zeros(self.matrix.shape[side], array.dtype).at[given].set(array))[result]
        whole = np.zeros(self.matrix.shape[side], array.dtype)
        whole[given] = array
        return run(whole)[result]

    @property
    def T(self) -> Transposed:
        """The transposed block."""
        return Transposed(self)

    @property
    def nnz(self) -> int:
        """How many of its entries may differ from zero."""
        pattern = self.matrix.pattern
        if not pattern.listed:
            return self.shape[0] * self.shape[1]
        inside = (pattern.rows >= self.rows.start) & (pattern.rows < self.rows.stop)
        inside &= (pattern.indices >= self.columns.start) & (pattern.indices < self.columns.stop)
        return int(np.count_nonzero(inside))

    def sparse(self) -> Any:
        """As a SciPy CSR array; from few products where the whole matrix is too dense for one."""
        if self.matrix.pattern.listed:
            return self.matrix.sparse()[self.rows, self.columns]
        from scipy.sparse import csr_array

        return csr_array(self._from_products())

    def dense(self) -> np.ndarray:
        """(rows, columns) as an array."""
        return self.sparse().toarray() if self.matrix.pattern.listed else self._from_products()

    def _from_products(self) -> np.ndarray:
        """Row by row or column by column, whichever is fewer."""
        count = min(self.shape)
        if count > 2000:
            raise PatternError(
                f"The block is {self.shape[0]} x {self.shape[1]} and dense: {count} passes.",
                next_step="take a smaller block, or products with it.",
            )
        eye = np.eye(count)
        if self.shape[0] <= self.shape[1]:
            return np.stack([e @ self for e in eye])
        return np.stack([self @ e for e in eye], axis=1)

    def __repr__(self) -> str:
        outputs, inputs = self.matrix.outputs, self.matrix.inputs
        rows, columns = _range(outputs, self.rows), _range(inputs, self.columns)
        return f"<block {self.shape[0]} x {self.shape[1]} ({rows} by {columns}) of {self.matrix!r}>"


def _range(names: Any, where: slice) -> str:
    if where.start == where.stop:
        return "nothing"
    first, last = names.name(where.start), names.name(where.stop - 1)
    return first if first == last else f"{first} to {last}"
