"""The verbs `gradient`, `jacobian`, `hessian`: functions that give a function's derivatives."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from taylored.calculus.arguments import Arguments, Reader, as_given, scope
from taylored.calculus.function import TracedFunction, trace
from taylored.calculus.matrix import DerivativeMatrix
from taylored.calculus.pattern import Pattern
from taylored.calculus.plan import Plan, make_plan
from taylored.errors import ArgumentError, FunctionError, PatternError
from taylored.trace.cache import LeastRecentlyUsed

__all__ = ["gradient", "hessian", "jacobian"]


class _Transform:
    """A function to differentiate, and what was found out about it at the shapes seen so far."""

    order = 1

    def __init__(
        self, function: Callable, argnums: int | Sequence[int], has_aux: bool,
        pattern: Pattern | str | None = None,
    ):  # fmt: skip
        verb = type(self).__name__.lower()
        if not callable(function):
            raise ArgumentError(
                f"A function is needed, not a {type(function).__name__}.",
                next_step=f"write ty.{verb}(f)(x): the function first, the point after.",
            )
        self.function, self.argnums, self.has_aux = function, argnums, has_aux
        self.local = isinstance(pattern, str) and pattern == "local"
        if isinstance(pattern, str) and pattern not in ("local", "global"):
            raise ArgumentError(
                f"pattern={pattern!r} is not known.",
                next_step='use "global", "local", or a Pattern.',
            )
        given = None if pattern is None or isinstance(pattern, str) else pattern
        self.given = given if given is None or isinstance(given, Pattern) else Pattern.of(given)
        self.substitution = False
        self._reader = Reader(function, argnums)
        if self.given is not None and self.given.scope == "local":
            raise PatternError(
                "This pattern holds at one point only.",
                why='it was found with pattern="local".',
                next_step='give a global pattern, or pattern="local" again.',
            )
        self._known = LeastRecentlyUsed(16)
        self.__name__ = f"{verb}_of_{getattr(function, '__name__', 'f')}"

    def __repr__(self) -> str:
        verb, name = type(self).__name__.lower(), getattr(self.function, "__name__", "f")
        return f"<{verb} of {name}: call it with the point, as {name} is called>"

    def prepared(self, args: tuple, kwargs: dict) -> tuple[Arguments, TracedFunction, Plan]:
        """The arguments, the function traced at their shapes, and the plan for them."""
        arguments = self._reader.read(args, kwargs)
        if not arguments.concrete:
            arguments = arguments.inside_a_trace()

        def make() -> tuple[TracedFunction, Plan]:
            traced = trace(self.function, arguments, self.has_aux)
            self.check(traced)
            return traced, make_plan(traced, self.order, self.given, self.substitution)

        key = _hashable((arguments.key, arguments.wide))
        found = self._known.get(key)
        traced, plan = found or make()
        if found is None and not traced.captured:  # values of an outer trace are gone with it
            self._known.find(key, lambda: (traced, plan))
        if traced.captured and arguments.concrete:
            arguments = arguments.inside_a_trace()
            traced, plan = make()
        return arguments, traced, plan

    def check(self, traced: TracedFunction) -> None:
        """Refuse outputs that this derivative does not exist for."""

    def with_aux(self, result: Any, traced: TracedFunction, arguments: Arguments) -> Any:
        if not self.has_aux:
            return result
        import jax

        with scope(traced.wide):
            aux = traced.auxiliary(arguments.leaves, arguments.others)
        if arguments.numpy and arguments.concrete:
            aux = jax.tree.map(as_given, aux)
        return result, aux


def _hashable(key: Hashable) -> Hashable:
    try:
        hash(key)
    except TypeError:
        return None
    return key


class Jacobian(_Transform):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        arguments, traced, plan = self.prepared(args, kwargs)
        matrix = DerivativeMatrix(plan, traced, arguments, self.local)
        return self.with_aux(matrix, traced, arguments)

    def check(self, traced: TracedFunction) -> None:
        if traced.outputs.size == 0:
            raise FunctionError(
                f"The function {traced.name} returns no numbers.",
                next_step="return an array or a tree of arrays.",
            )


class Hessian(Jacobian):
    order = 2

    def check(self, traced: TracedFunction) -> None:
        _require_scalar(traced, "Hessian", "ty.hessian(lambda x: f(x)[k])")


class Gradient(_Transform):
    order = 1

    def check(self, traced: TracedFunction) -> None:
        _require_scalar(traced, "gradient", "ty.jacobian(f)")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        arguments, traced, plan = self.prepared(args, kwargs)
        leaves, others = list(arguments.leaves), list(arguments.others)
        with scope(traced.wide):
            found = _pulled_one(plan, traced, leaves, others)
        if arguments.numpy and arguments.concrete:
            found = [as_given(v) for v in found]
        return self.with_aux(arguments.inputs.unflatten(found), traced, arguments)


def _pulled_one(plan: Plan, traced: TracedFunction, leaves: list, others: list) -> list[Any]:
    """The gradient: one reverse pass, or one forward pass per input for a while loop."""
    aval = traced.closed.out_avals[0]
    if plan.backward:
        return list(plan.pulled(leaves, others, [np.ones(aval.shape, aval.dtype)]))
    import jax
    import jax.numpy as jnp

    eye = jnp.eye(plan.inputs.size)
    rows = jax.vmap(lambda t: plan.product(leaves, others, _cast(plan.inputs.split(t), leaves))[0])
    return plan.inputs.split(rows(eye).reshape(-1))


def _cast(parts: list[Any], leaves: list[Any]) -> list[Any]:
    return [p.astype(v.dtype) for p, v in zip(parts, leaves, strict=True)]


def _require_scalar(traced: TracedFunction, what: str, instead: str) -> None:
    outputs = traced.outputs
    if not outputs.leaves:
        raise FunctionError(
            f"The function {traced.name} returns no number.",
            next_step="return one: is `return` missing?",
        )
    if outputs.size != 1 or len(outputs.leaves) != 1:
        shapes = ", ".join(f"{leaf.name} {leaf.shape}" for leaf in outputs.leaves[:5])
        raise FunctionError(
            f"A {what} is of a function with one number as its value; {traced.name} returns "
            f"{outputs.size} ({shapes}).",
            next_step=f"use {instead}.",
        )


def gradient(
    function: Callable, argnums: int | Sequence[int] = 0, *, has_aux: bool = False
) -> Callable[..., Any]:
    """The gradient of a function with one number as its value, by one reverse pass.

    The component of input j is the partial derivative: ∂f/∂x_j.

    Args:
        function: of arrays, or trees (dict, list) of arrays, written with jax.numpy.
        argnums: which positional argument, or arguments, to differentiate by.
        has_aux: whether the function returns `(value, aux)`.

    Returns:
        A function of the same arguments that returns the gradient, of the shape of the input (for
        NumPy inputs NumPy arrays); with `has_aux` a pair of the gradient and `aux`. It can be used
        inside `jax.jit` and `jax.vmap`.

    Numerical error:
        That of the chain rule in the inputs' precision: no truncation, rounding only. `ty.check`
        estimates how much the function amplifies it.

    Raises:
        ArgumentError: for inputs that are not finite floating-point numbers; named.
        FunctionError: if the function cannot be traced or returns more than one number.

    Example:
        >>> import jax.numpy as jnp
        >>> import taylored as ty
        >>> f = lambda p: jnp.sin(p["a"]) * p["b"]
        >>> ty.gradient(f)({"a": 0.0, "b": 2.0})
        {'a': 2.0, 'b': 0.0}

    Source:
        Griewank and Walther, Evaluating Derivatives (2nd ed., SIAM 2008), chapter 3.
    """
    return Gradient(function, argnums, has_aux)


def jacobian(
    function: Callable,
    argnums: int | Sequence[int] = 0,
    *,
    has_aux: bool = False,
    pattern: Pattern | str | None = None,
) -> Callable[..., Any]:
    """The Jacobian matrix of a function: sparse, named and lazy.

    The entry of output i and input j is the partial derivative: J_ij = ∂f_i/∂x_j. Where entries
    are zero at every point is read off the function, and inputs that no output shares are
    differentiated together.

    Args:
        function: of arrays, or trees (dict, list) of arrays, written with jax.numpy.
        argnums: which positional argument, or arguments, to differentiate by.
        has_aux: whether the function returns `(output, aux)`.
        pattern: "global" (the default: holds at every point), "local" (for the point given,
            found anew each time: fewer entries where branches and zeros are known), or a
            `Pattern`, SciPy sparse matrix or array of booleans.

    Returns:
        A function of the same arguments that returns a `DerivativeMatrix` (outputs, inputs). Keep
        it: pattern, colors and compiled code are reused from call to call, inside jit too. As with
        `jax.jit`, what the function reads from outside is read at the first call.

    Numerical error:
        That of the chain rule in the inputs' precision. The entries are compared with one product
        in a random direction when they are first computed.

    Raises:
        ArgumentError: for inputs that are not finite floating-point numbers; named.
        FunctionError: if the function cannot be traced; with its line.
        PatternError: if the pattern given does not fit.

    Example:
        >>> import numpy as np
        >>> import taylored as ty
        >>> J = ty.jacobian(lambda x: x[1:] ** 2 - x[:-1])(np.arange(1.0, 6.0))
        >>> J.passes, J.structure.kind
        (2, 'banded')
        >>> J @ np.ones(5)
        array([3., 5., 7., 9.])

    Source:
        Gebremedhin, Manne and Pothen, What color is your Jacobian? SIAM Review 47 (2005) 629.
    """
    return Jacobian(function, argnums, has_aux, pattern)


def hessian(
    function: Callable,
    argnums: int | Sequence[int] = 0,
    *,
    has_aux: bool = False,
    pattern: Pattern | str | None = None,
    substitution: bool = False,
) -> Callable[..., Any]:
    """The Hessian matrix of a function with one number as its value: sparse, named and lazy.

    H_ij = ∂²f/∂x_i∂x_j. A product `H @ v` takes one pass (forward over reverse), about the cost of
    two gradients; the entries take a few passes more, by a coloring that uses the symmetry.

    Args:
        function: of arrays, or trees (dict, list) of arrays, written with jax.numpy.
        argnums: which positional argument, or arguments, to differentiate by.
        has_aux: whether the function returns `(value, aux)`.
        pattern: as for `jacobian`.
        substitution: whether entries may be computed from others, in chains of 16 at most: fewer
            passes still, but small entries beside large ones lose digits.

    Returns:
        A function of the same arguments that returns a `DerivativeMatrix` (inputs, inputs).

    Numerical error:
        That of the chain rule in the inputs' precision, compared once with a product in a random
        direction. With `substitution` the error of an entry is relative to the largest entry.

    Raises:
        ArgumentError: for inputs that are not finite floating-point numbers; named.
        FunctionError: if the function cannot be traced or returns more than one number.
        PatternError: if the pattern given does not fit, or the Hessian is not symmetric.

    Example:
        >>> import jax.numpy as jnp
        >>> import numpy as np
        >>> import taylored as ty
        >>> H = ty.hessian(lambda x: jnp.sum(x[1:] * x[:-1] ** 2))(np.ones(1000))
        >>> H.nnz, H.passes
        (2997, 3)

    Source:
        Gebremedhin, Manne and Pothen, What color is your Jacobian? SIAM Review 47 (2005) 629;
        Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6 (1994) 147.
    """
    made = Hessian(function, argnums, has_aux, pattern)
    made.substitution = substitution
    return made
