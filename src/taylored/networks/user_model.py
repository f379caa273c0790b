"""Any JAX function f(params, x), or module that is called with x, as a network to be trained."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, FunctionError, ModelValueError
from taylored.networks.parameter_tree import ParameterTree, parameter_tree
from taylored.tables import row_numbers
from taylored.trace.fresh import with_own_arrays
from taylored.trace.jaxpr import float64, same_trace
from taylored.trace.source import changing_function

__all__ = ["UserModel", "user_model"]


@dataclass(frozen=True, eq=False)
class UserModel:
    """The user's function of a vector of parameters: values and derivatives compiled by JAX.

    `call` is the function of the tree and of rows (rows, features) -> (rows, outputs); `by_row`
    says that the user's own takes one row, `draws` that it draws random numbers; `where` is its
    line. `source` draws starts, where the user gave a function of a key for it. Compiled for one
    member: their number changes while they are trained.
    """

    call: Callable[[Any, Any], Any]
    tree: ParameterTree
    features: int
    outputs: int
    name: str
    where: str
    by_row: bool
    regularized: bool
    source: Callable[[Any], Any] | None = None
    draws: bool = False
    _compiled: dict[str, Callable] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The number of parameters."""
        return self.tree.size

    @property
    def groups(self) -> np.ndarray:
        """Which parameters share a prior precision, (size,)."""
        return self._groups

    @cached_property
    def _groups(self) -> np.ndarray:
        """A precision for each array of weights; numbers and biases of the outputs are free.

        Without regularization all are: parameters with a meaning are not to be drawn to zero.
        """
        return self.tree.groups(self.outputs) if self.regularized else np.zeros(self.size, int)

    def draw(self, rng: np.random.Generator, count: int, dtype: Any) -> np.ndarray:
        """The user's start, then others of the same size; or what the user's function draws."""
        if self.source is None:
            return np.stack([self.tree.drawn(rng, k) for k in range(count)]).astype(dtype)
        return np.stack([self._from_key(rng) for _ in range(count)]).astype(dtype)

    def _from_key(self, rng: np.random.Generator) -> np.ndarray:
        import jax

        assert self.source is not None
        drawn = self.source(jax.random.key(int(rng.integers(2**31))))
        return self.tree.vector(drawn)

    def parameters(self, theta: np.ndarray) -> Any:
        """The tree of one member, as the user gave it, with NumPy arrays."""
        return self.tree.tree(np.asarray(theta))

    def apply(self, theta: Any, z: Any) -> Any:
        """The function for JAX: (size,), (rows, features) -> (rows, outputs)."""
        return self.call(self.tree.tree(theta), z)

    # ---- for many members, in NumPy arrays ----

    def values(self, theta: np.ndarray, z: np.ndarray) -> np.ndarray:
        """f (members, rows, outputs)."""
        (found,) = self._all("values", theta, z)
        return found

    def jacobian(self, theta: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """f, and its derivatives (members, rows, outputs, size) by the parameters."""
        f, by_parameters = self._all("jacobian", theta, z)
        return f, by_parameters

    def slopes(self, theta: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """f, and its derivatives (members, rows, outputs, features) by the inputs."""
        f, by_inputs = self._all("slopes", theta, z)
        return f, by_inputs

    def _all(self, kind: str, theta: np.ndarray, z: np.ndarray) -> list[np.ndarray]:
        """The arrays of one kind for each member."""
        run, rows = self._function(kind), z.shape[1]
        shared = z.strides[0] == 0
        with float64() if theta.dtype == np.float64 else nullcontext():
            found: list[np.ndarray] = []
            padded: Any = None
            for k, own in enumerate(theta):
                if padded is None or not shared:
                    padded = _padded(z[k].astype(theta.dtype, copy=False), kind)
                parts = run(own, padded)
                found = found or [
                    np.empty((len(theta), rows, *p.shape[1:]), p.dtype) for p in parts
                ]
                for whole, part in zip(found, parts, strict=True):
                    whole[k] = np.asarray(part)[:rows]
        return found

    def _function(self, kind: str) -> Callable:
        import jax

        if kind not in self._compiled:
            made = {"values": lambda t, z: (self.apply(t, z),), "jacobian": self._jacobian,
                    "slopes": self._slopes}  # fmt: skip
            self._compiled[kind] = jax.jit(made[kind])
        return self._compiled[kind]

    def _of_row(self, theta: Any, row: Any) -> Any:
        return self.apply(theta, row[None])[0]

    def _jacobian(self, theta: Any, z: Any) -> tuple[Any, Any]:
        import jax

        by = self._derivative(self.size)
        return self.apply(theta, z), jax.vmap(by(self._of_row, 0), (None, 0))(theta, z)

    def _slopes(self, theta: Any, z: Any) -> tuple[Any, Any]:
        import jax

        by = self._derivative(self.features)
        return self.apply(theta, z), jax.vmap(by(self._of_row, 1), (None, 0))(theta, z)

    def _derivative(self, inputs: int) -> Callable:
        """Forwards for few inputs, and where the function cannot be walked backwards."""
        import jax

        few = inputs <= _FEW_INPUTS * self.outputs
        return jax.jacfwd if few or not self.reversible else jax.jacrev

    @cached_property
    def reversible(self) -> bool:
        """Whether it has derivatives backwards: functions with jax.lax.while_loop have none."""
        import jax

        theta, z = self._example(2)

        def total(theta: Any) -> Any:
            return self.apply(theta, z).sum()

        try:
            jax.eval_shape(jax.grad(total), theta)
        except (ValueError, TypeError, NotImplementedError):
            return False
        return True

    def _example(self, rows: int) -> tuple[np.ndarray, np.ndarray]:
        start = self.tree.start.astype(np.float32)
        return start, np.zeros((rows, self.features), np.float32)

    def check(self, z: np.ndarray, kept: np.ndarray | None = None) -> None:
        """Try the function on the rows (rows, features) that it is to be trained on.

        Raises:
            FunctionError: if the value of a row depends on the other rows, or changes.
            ModelValueError: if its values at the start are not finite.
        """
        rows = np.asarray(z, float)[:_TRIED]
        theta = self.tree.start[None]
        f = self.values(theta, rows[None])[0]
        bad = np.flatnonzero(~np.isfinite(f).all(1))
        if bad.size:
            place = bad[:1] if kept is None else kept[bad[:1]]
            raise ModelValueError(
                f"The model {self.name} gives {f[bad[0]].tolist()} at its start.",
                where=f"row {row_numbers(place)} of the data: x = {rows[bad[0]].tolist()}"[:200],
                next_step="start from parameters at which it is finite for all rows.",
            )
        if self.values(theta, rows[None])[0].tobytes() != f.tobytes():
            raise changing_function(self.name, self.where)
        if self.draws:
            self._check_precision(theta, rows, f)
        if self.by_row or len(rows) < 2:
            return
        alone = self.values(theta, np.broadcast_to(rows[-1:], rows.shape)[None])[0]
        if not np.allclose(alone, f[-1], rtol=1e-6, atol=1e-9 * np.abs(f).max()):
            raise FunctionError(
                f"The value of {self.name} for a row depends on the other rows.",
                where=self.where,
                why=f"the last row gives {f[-1].tolist()}, and {alone[0].tolist()} without them.",
                next_step="write it for one row (features,) -> (outputs,).",
            )

    def _check_precision(self, theta: np.ndarray, rows: np.ndarray, f: np.ndarray) -> None:
        """Random numbers of one key are others in float32, in which networks are trained."""
        short = self.values(theta.astype(np.float32), rows[None].astype(np.float32))[0]
        if np.abs(short - f).max() > _ROUNDED * np.abs(f).max():
            raise FunctionError(
                f"The model {self.name} draws other random numbers in float32 than in float64.",
                where=self.where,
                why=f"the first row gives {short[0].tolist()} and {f[0].tolist()}.",
                next_step="draw them once, outside of it, and let it read the array.",
            )


_ROUNDED = 1e-3  # of the largest value: more than float32 loses
_FEW_INPUTS = 4  # for each output: derivatives forwards are as cheap as backwards
_TRIED = 256  # rows on which a function is tried


def _padded(z: np.ndarray, kind: str) -> Any:
    """Rows repeated up to a number with three leading bits: few compilations for many sizes."""
    import jax.numpy as jnp

    rows = len(z)
    step = 1 << max(4, rows.bit_length() - 3)
    more = -rows % step
    if kind == "jacobian" or not more:
        return jnp.asarray(z)
    return jnp.asarray(np.concatenate([z, np.broadcast_to(z[-1:], (more, z.shape[1]))]))


def user_model(
    f: Any, params: Any = None, features: int = 1, *, regularized: bool | None = None
) -> UserModel:
    """The model of a function f(params, x), or of a module f(x) such as those of equinox.

    x is one row (features,) with the value () or (outputs,), or all rows (rows, features) with the
    value (rows,) or (rows, outputs). `params` is a tree with arrays of floating-point numbers
    (other leaves stay as they are), or a function of a JAX key that draws one. A module is a tree
    that can be called: its floating-point arrays are trained.

    Args:
        f: the function, or the module.
        params: the tree at which training starts, or key -> tree; None for a module.
        features: the number of columns of x.
        regularized: whether arrays of weights are drawn to zero as far as the data say so; by
            default where there are matrices among the parameters, as in networks.

    Raises:
        ArgumentError: where nothing can be trained, or a number to be trained is an integer.
        FunctionError: where f cannot be traced, returns something else than rows of numbers, or
            does not do the same each time.
    """
    import jax

    if not callable(f):
        raise ArgumentError(
            f"A model is a function f(params, x) or a module, not a {type(f).__name__}.",
            next_step="write def f(params, x): ..., and give the parameters as a tree of arrays.",
        )
    name, where = getattr(f, "__name__", type(f).__name__), _definition(f)
    source, module = None, params is None
    if module:
        params = f
    elif _draws(params):
        source = params
        params = source(jax.random.key(0))
    inner = _called if module else _with_fresh_arrays(f)
    tree = parameter_tree(params, name, module)
    row, outputs = _form(inner, tree, features, _Named(name, where))
    shape = (features,) if row else (_COUNTS[0], features)
    draws = _draws_inside(
        _called if module else inspect.unwrap(f), tree, shape, _Named(name, where)
    )
    if source is not None and (tree.vector(source(jax.random.key(0))) != tree.start).any():
        raise changing_function(getattr(source, "__name__", "params"), _definition(source))
    call = _by_row(inner) if row else _by_rows(inner, outputs)
    wanted = tree.network if regularized is None else regularized
    return UserModel(call, tree, features, outputs, name, where, row, wanted, source, draws)


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    where: str


def _called(module: Any, x: Any) -> Any:
    return module(x)


def _with_fresh_arrays(f: Callable) -> Callable:
    """Arrays that f closes over anew for each trace: what is float32 once would remain so."""
    return lambda tree, x: with_own_arrays(f)(tree, x)


def _draws(params: Any) -> bool:
    """Whether it is a function, and no tree that can be called."""
    import jax

    leaves = jax.tree_util.tree_leaves(params)
    return callable(params) and len(leaves) == 1 and leaves[0] is params


def _by_row(inner: Callable) -> Callable:
    import jax
    import jax.numpy as jnp

    def call(tree: Any, z: Any) -> Any:
        return jax.vmap(lambda row: jnp.reshape(inner(tree, row), (-1,)))(z)

    return call


def _by_rows(inner: Callable, outputs: int) -> Callable:
    def call(tree: Any, z: Any) -> Any:
        return inner(tree, z).reshape(len(z), outputs)

    return call


def _form(inner: Callable, tree: ParameterTree, features: int, named: _Named) -> tuple[bool, int]:
    """Whether the function takes one row, and the number of its outputs."""
    row = _shape(inner, tree, (features,))
    if isinstance(row, tuple) and len(row) <= 1:
        return True, int(np.prod(row, dtype=int))
    tried = [(count, _shape(inner, tree, (count, features))) for count in _COUNTS]
    if all(isinstance(s, tuple) and 1 <= len(s) <= 2 and s[0] == n for n, s in tried):
        shape: Any = tried[0][1]
        return False, int(np.prod(shape[1:], dtype=int))
    error = next((s for s in (row, *(s for _, s in tried)) if isinstance(s, Exception)), None)
    if isinstance(error, FunctionError):
        raise FunctionError(
            f"{named.name}: {error.what}", where=named.where, next_step=error.next_step
        )
    if isinstance(error, Exception) and isinstance(tried[0][1], Exception):
        both = [f"for one row: {_said(row)}", f"for all rows: {_said_of_rows(tried[0][1])}"]
        raise FunctionError(
            f"The model {named.name} cannot be computed.", where=named.where, why="\n".join(both),
            next_step=f"call it by hand with jax.numpy arrays: x of shape ({features},), or "
            f"(rows, {features}).",
        ) from error  # fmt: skip
    raise FunctionError(
        f"The model {named.name} does not return one value for each row.", where=named.where,
        why=f"for x of shape ({features},) it {_said(row)}, for (rows, {features}) it "
        f"{_said_of_rows(tried[0][1])}.",
        next_step="return () or (outputs,) for one row, or (rows,) or (rows, outputs) for all.",
    )  # fmt: skip


# Two numbers of rows: a function of all rows has as many values both times. They are unlikely ones,
# so that messages can put "rows" in their place.
_COUNTS = (1009, 1013)


def _shape(inner: Callable, tree: ParameterTree, shape: tuple[int, ...]) -> Any:
    """The shape of the value for x of this shape, or the error."""
    import jax
    import jax.numpy as jnp

    x = jax.ShapeDtypeStruct(shape, np.float32)
    theta = jax.ShapeDtypeStruct((tree.size,), np.float32)
    try:
        made = jax.eval_shape(lambda theta, x: inner(tree.tree(theta), x), theta, x)
    except Exception as error:
        return error
    if not hasattr(made, "dtype"):
        return FunctionError(
            f"returns a {type(made).__name__}.", next_step="return one array of numbers."
        )
    if not jnp.issubdtype(made.dtype, np.floating):
        return FunctionError(
            f"returns numbers of type {made.dtype}.", next_step="return floating-point numbers."
        )
    return tuple(made.shape)


def _draws_inside(f: Callable, tree: ParameterTree, shape: tuple, named: _Named) -> bool:
    """Whether it draws random numbers; refused where it does not do the same each time."""
    import jax

    theta, x = (jax.ShapeDtypeStruct(s, np.float32) for s in ((tree.size,), shape))
    try:
        first, second = (
            jax.make_jaxpr(lambda theta, x: f(tree.tree(theta), x))(theta, x) for _ in range(2)
        )
    except Exception:  # without what it is wrapped in it may be no function of these
        return False
    if not same_trace(first, second):
        raise changing_function(named.name, named.where)
    return any(text in str(first.jaxpr) for text in _DRAWING)


_DRAWING = ("random_bits", "threefry2x32", "rng_bit_generator", "rng_uniform")


def _said(result: Any) -> str:
    if isinstance(result, Exception):
        lines = str(result).strip().splitlines() or [""]
        return f"{type(result).__name__}: {lines[0][:200]}"
    return f"returns {result}"


def _said_of_rows(result: Any) -> str:
    """The same for all rows, the number of which was ours to try."""
    return re.sub(rf"\b{_COUNTS[0]}\b", "rows", _said(result))


def _definition(f: Any) -> str:
    code = getattr(inspect.unwrap(f), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""
