"""The verb `influence`: which inputs move a function most, and how far that ranking holds.

One compiled run gives the value, the derivatives (one reverse pass) and what the derivatives do
not show: how they change when all inputs move (products with the Hessian, from the same pass).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taylored.calculus.arguments import Arguments, read_arguments, scope, user_caller
from taylored.calculus.entries import top_entries
from taylored.calculus.function import TracedFunction, trace
from taylored.calculus.plan import Plan, make_plan
from taylored.calculus.ranking import Curvature, Influence
from taylored.calculus.recall import recalled_by
from taylored.calculus.spreads import DEFAULT_SHARE, flat_point, read_spread
from taylored.errors import ArgumentError, FunctionError
from taylored.trace.cache import LeastRecentlyUsed

__all__ = ["influence", "top_entries"]

EXACT_UP_TO = 200  # inputs; more are probed
PROBES = 2
# Products with the Hessian are run together while what they hold has fewer numbers than this.
_TOGETHER = 20_000_000
_FORWARD_AT_ONCE = 64


def influence(
    f: Callable,
    x: Any,
    spread: Any = None,
    *,
    args: Sequence[Any] = (),
    argnums: int | Sequence[int] = 0,
    seed: int = 0,
    curvature: bool = True,
) -> Influence:
    """Rank the inputs of a function by how much they move its value, from one reverse pass.

    Effect of input j: e_j = s_j ∂f/∂x_j; its share: e_j² / Σ e²; elasticity: x_j ∂f/∂x_j / f;
    curvature share: r_j / (|e_j| + r_j) with r_j = s_j/2 (Σ_i (H_ji s_i)²)^½, the part of the
    effect that the derivative at x does not show when all inputs move by their spread.

    Args:
        f: of arrays, or trees (dict, list) of arrays, with one number as its value.
        x: the point; its first argument.
        spread: how far each input is expected to move (standard deviation, tolerance), in the
            units of x: one number, an array or tree as x, or None for 1 % of the size of each.
        args: further positional arguments of f, such as data.
        argnums: which of `(x, *args)` are the inputs.
        seed: of the random signs that probe the curvature of more than 200 inputs.
        curvature: False leaves the curvature share out.

    Returns:
        An `Influence`: columns `derivative`, `elasticity`, `effect`, `share`, `curvature_share`
        of shape (inputs,), the ranking (`top(k)`, `rows`, `order`), sums `by_leaf()`, findings.

    Numerical error:
        Derivatives: rounding only. Shares are first order in the spread; where a curvature share
        is above 0.2 they need not hold, and a finding says so. The curvature share is exact up to
        200 inputs, from there on estimated from 2 probes: its r² is right in the mean, r within a
        factor of 2 in three cases of four.

    Raises:
        ArgumentError: for inputs that are not finite floating-point numbers and spreads that are
            negative, not finite or of another shape; named.
        FunctionError: if f cannot be traced or returns more than one number.

    Example:
        >>> import taylored as ty
        >>> flow = lambda p: p["area"] * p["speed"] ** 2
        >>> found = ty.influence(flow, {"area": 2.0, "speed": 3.0}, spread=0.1)
        >>> found.top(1)[0].name, found.elasticity
        ('speed', array([1., 2.]))

    Source:
        Saltelli et al., Global Sensitivity Analysis: The Primer (Wiley 2008), chapter 1 (measures);
        Bekas, Kokiopoulou and Saad, Appl. Numer. Math. 57 (2007) 1214 (random signs).
    """
    arguments, passes = _prepared_or_told(f, (x, *args), argnums, spread)
    inputs, point = arguments.inputs, flat_point(arguments.leaves)
    if isinstance(spread, list) and not isinstance(argnums, int):
        spread = tuple(spread)
    given = None if spread is None else read_spread(spread, inputs)
    numbers = passes.run(arguments, given, curvature, seed)
    name = "f" if passes.traced.name == "<lambda>" else passes.traced.name
    return Influence(name, inputs, *numbers, point=point, given=given)


_known = LeastRecentlyUsed(32)  # (function, shapes) -> passes
_passes = LeastRecentlyUsed(32)  # plan -> passes, for functions that are equal but not known to be


def _prepared_or_told(f: Callable, args: tuple, argnums: Any, spread: Any) -> tuple:
    """`_prepared`; where data was given as the spread, the error says where it belongs."""
    try:
        return _prepared(f, args, argnums)
    except FunctionError as error:
        missing = "missing" in error.why and "argument" in error.why
        if spread is None or len(args) > 1 or not missing:
            raise
        step = "the third argument is the spread; give what f needs besides x as args=(data,)"
        raise FunctionError(error.what, where=error.where, why=error.why, next_step=step) from None


def _prepared(f: Callable, args: tuple, argnums: int | Sequence[int]) -> tuple:
    """The arguments, and the compiled passes: those of an earlier call where f is the same."""
    if not callable(f):
        raise ArgumentError(
            f"A function is needed, not a {type(f).__name__}.",
            where=user_caller(),
            next_step="write ty.influence(f, x): the function first, the point after.",
        )
    arguments = read_arguments(f, argnums, args, {})
    if not arguments.concrete:
        raise ArgumentError(
            "influence needs numbers: inside jit or vmap there are none yet.",
            where=user_caller(),
            next_step="call it outside, or use ty.gradient(f) there.",
        )
    same = recalled_by(f)
    chosen = argnums if isinstance(argnums, int) else tuple(argnums)
    key = None if same is None else (same, chosen, arguments.key)
    return arguments, _known.find(key, lambda: _made(f, arguments))


def _made(f: Callable, arguments: Arguments) -> _Passes:
    traced = trace(f, arguments)
    outputs = traced.outputs
    if outputs.size != 1 or len(outputs.leaves) != 1:
        shapes = ", ".join(f"{leaf.name} {leaf.shape}" for leaf in outputs.leaves[:5])
        raise FunctionError(
            f"influence ranks by one number; {traced.name} returns {outputs.size} ({shapes}).",
            where=user_caller(),
            next_step="use ty.jacobian(f)(x).top(10), or rank for one of them: lambda x: f(x)[k].",
        )
    if traced.captured:
        raise ArgumentError(
            f"{traced.name} uses values of an outer jit or vmap: there are no numbers yet.",
            where=user_caller(),
            next_step="call influence outside.",
        )
    plan = make_plan(traced, 1)
    return _passes.find(plan, lambda: _Passes(plan))


@dataclass(eq=False)
class _Passes:
    """The compiled runs for one traced function."""

    plan: Plan

    def __post_init__(self) -> None:
        self.no_curvature = ""

    @property
    def traced(self) -> TracedFunction:
        return self.plan.traced

    def run(
        self, arguments: Arguments, given: np.ndarray | None, curvature: bool, seed: int
    ) -> tuple[float, np.ndarray, Curvature]:
        """Value, derivatives, and how much they change when the inputs move."""
        leaves, others = list(arguments.leaves), list(arguments.others)
        _ = self.plan.backward  # found out here, not while a run is compiled
        found, reason = None, "it was not asked for"
        with scope(self.traced.wide):
            if curvature:
                found = self._attempt(leaves, others, given, seed)
                reason = self.no_curvature
            value, derivative, *bent = found or self.gradient(leaves, others)
        about = {"probes": 0 if self.exact else PROBES, "missing": reason if not bent else ""}
        change = Curvature(np.asarray(bent[0]) if bent else None, **about)
        return _number(value), np.asarray(derivative, np.float64), change

    @property
    def exact(self) -> bool:
        return self.plan.inputs.size <= EXACT_UP_TO

    def _attempt(self, leaves: list, others: list, given: np.ndarray | None, seed: int) -> Any:
        """With curvature; None (and the reason kept) if there is no second derivative."""
        if self.no_curvature:
            return None
        try:
            if self.exact:
                return self.exactly(leaves, others, given)
            return self.probed(leaves, others, given, _signs(seed, self.plan.inputs.size))
        except Exception as error:
            # The first derivative is known to exist: the plan traced it.
            text = (str(error).strip().splitlines() or [type(error).__name__])[0]
            self.no_curvature = f"the second derivative cannot be computed ({text[:160]})"
            return None

    @cached_property
    def gradient(self) -> Callable:
        """Compiled: (inputs, others) -> value and derivatives."""
        import jax

        return jax.jit(self._value_and_gradient)

    @cached_property
    def probed(self) -> Callable:
        """Compiled: also the squares of H (s z), averaged over the rows of signs z."""
        import jax

        def run(leaves: Any, others: Any, given: Any, signs: Any) -> Any:
            (value, gradient), push = self._linearized(leaves, others)
            moves = self._moves(leaves, given)
            rows = zip(*self.plan.inputs.split(signs), strict=True)
            products = [push([m * z for m, z in zip(moves, row, strict=True)]) for row in rows]
            return value, gradient, sum(p * p for p in products) / PROBES

        return jax.jit(run)

    @cached_property
    def exactly(self) -> Callable:
        """Compiled: also the squares of H (s_i e_i), summed over all inputs i."""
        import jax
        import jax.numpy as jnp

        held = sum(int(np.prod(v.aval.shape)) for e in self._equations for v in e.outvars)
        together = held * self.plan.inputs.size <= _TOGETHER

        def run(leaves: Any, others: Any, given: Any) -> Any:
            (value, gradient), push = self._linearized(leaves, others)
            product = lambda row: push(self._split(row, leaves))  # noqa: E731
            moves = [m.reshape(-1) for m in self._moves(leaves, given)]
            seeds = jnp.diag(jnp.concatenate(moves))
            rows = jax.vmap(product)(seeds) if together else jax.lax.map(product, seeds)
            return value, gradient, jnp.sum(rows * rows, axis=0)

        return jax.jit(run)

    def _moves(self, leaves: Any, given: Any) -> list[Any]:
        """The spread of each input; with any sign, for only squares of products are used."""
        if given is None:
            return [DEFAULT_SHARE * leaf for leaf in leaves]
        return self._split(given, leaves)

    @property
    def _equations(self) -> Any:
        return self.traced.closed.jaxpr.eqns

    def _linearized(self, leaves: Any, others: Any) -> tuple[Any, Callable]:
        import jax

        found, push = jax.linearize(lambda v: self._value_and_gradient(v, others), leaves)
        return found, lambda tangents: push(tangents)[1]

    def _split(self, vector: Any, leaves: Any) -> list[Any]:
        parts = self.plan.inputs.split(vector)
        return [p.astype(v.dtype) for p, v in zip(parts, leaves, strict=True)]

    def _value_and_gradient(self, leaves: Any, others: Any) -> tuple[Any, Any]:
        """The derivatives as one vector: one reverse pass, or forward ones for a while loop."""
        import jax
        import jax.numpy as jnp

        def scalar(values: Any) -> Any:
            return self.traced(values, others)[0].reshape(())

        if self.plan.backward:
            value, parts = jax.value_and_grad(scalar)(list(leaves))
            return value, jnp.concatenate([p.reshape(-1) for p in parts])

        def forward(k: Any) -> Any:
            one = (jnp.arange(self.plan.inputs.size) == k).astype(float)
            return jax.jvp(scalar, (list(leaves),), (self._split(one, leaves),))[1]

        every = jnp.arange(self.plan.inputs.size)
        return scalar(leaves), jax.lax.map(forward, every, batch_size=_FORWARD_AT_ONCE)


_drawn = LeastRecentlyUsed(8)  # (seed, inputs) -> signs


def _signs(seed: int, size: int) -> Any:
    """(probes, inputs) random signs."""
    import jax.numpy as jnp

    def draw() -> Any:
        count = PROBES * size
        bits = np.random.default_rng(seed).bytes((count + 7) // 8)
        found = np.unpackbits(np.frombuffer(bits, np.uint8), count=count).view(np.int8)
        return jnp.asarray((2 * found - 1).reshape(PROBES, size))

    return _drawn.find((seed, size), draw)


def _number(value: Any) -> float:
    return float(np.asarray(value).reshape(()))
