"""The derivatives of a traced function as programs to be run and watched: JVP, VJP and second."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from taylored.calculus.arguments import scope
from taylored.calculus.function import TracedFunction
from taylored.calculus.observe import Code

__all__ = ["Derived"]


class Derived:
    """Programs of one traced function. Each takes the inputs, the other arrays, then seeds.

    `forward` maps tangents to tangents of the outputs, `backward` cotangents of the outputs to
    those of the inputs, `second` (tangents, cotangents) to the change of the latter along the
    former. Each is None where JAX has no such derivative; `reasons` says why.
    """

    def __init__(self, traced: TracedFunction):
        self.traced = traced
        self.count = len(traced.inputs.leaves)
        self.reasons: dict[str, str] = {}

    @cached_property
    def function(self) -> Code:
        return Code(self.traced.closed)

    @property
    def _ins(self) -> list[Any]:
        return _shapes(self.traced.closed.in_avals)

    @property
    def _outs(self) -> list[Any]:
        return _shapes(self.traced.closed.out_avals[: len(self.traced.outputs.leaves)])

    def _of(self, rest: Any) -> Callable:
        import jax.extend.core as jex

        run = jex.jaxpr_as_fun(self.traced.closed)
        count = len(self.traced.outputs.leaves)
        return lambda leaves: run(*leaves, *rest)[:count]

    def _made(self, name: str, function: Callable, *shapes: Any) -> Code | None:
        import jax

        try:
            with scope(self.traced.wide):
                closed = jax.make_jaxpr(function)(*shapes)
        except Exception as error:  # whatever a rule of the user or of JAX raises
            text = (str(error).strip().splitlines() or [""])[0]
            self.reasons[name] = f"{type(error).__name__}: {text[:200]}"
            return None
        if holds(closed.jaxpr, "custom_lin"):
            self.reasons[name] = "a function with custom_vjp has no forward derivative."
            return None
        return Code(closed)

    @cached_property
    def forward(self) -> Code | None:
        import jax

        ins = self._ins

        def push(leaves: Any, rest: Any, tangents: Any) -> Any:
            return jax.jvp(self._of(rest), (leaves,), (tangents,))[1]

        return self._made("forward", push, ins[: self.count], ins[self.count :], ins[: self.count])

    @cached_property
    def backward(self) -> Code | None:
        import jax

        ins = self._ins

        def pull(leaves: Any, rest: Any, cotangents: Any) -> Any:
            return jax.vjp(self._of(rest), leaves)[1](cotangents)[0]

        return self._made("backward", pull, ins[: self.count], ins[self.count :], self._outs)

    @cached_property
    def second(self) -> Code | None:
        """The Hessian of the outputs' weighted sum times a tangent, forward over reverse."""
        import jax

        def pulled(rest: Any, cotangents: Any) -> Callable:
            return lambda leaves: jax.vjp(self._of(rest), leaves)[1](cotangents)[0]

        def forward(leaves: Any, rest: Any, tangents: Any, cotangents: Any) -> Any:
            return jax.jvp(pulled(rest, cotangents), (leaves,), (tangents,))[1]

        def reverse(leaves: Any, rest: Any, tangents: Any, cotangents: Any) -> Any:
            return jax.vjp(pulled(rest, cotangents), leaves)[1](tangents)[0]

        def pushed(leaves: Any, rest: Any, tangents: Any, cotangents: Any) -> Any:
            def push(values: Any) -> Any:
                return jax.jvp(self._of(rest), (values,), (tangents,))[1]

            changes = jax.jvp(push, (leaves,), (tangents,))[1]
            return [w * c for w, c in zip(cotangents, changes, strict=True)]

        ins = self._ins
        shapes = (ins[: self.count], ins[self.count :], ins[: self.count], self._outs)
        if self.backward is None:
            return self._made("second", pushed, *shapes)
        return self._made("second", forward, *shapes) or self._made("second", reverse, *shapes)


def _shapes(avals: Any) -> list[Any]:
    import jax

    return [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in avals]


def holds(jaxpr: Any, primitive: str) -> bool:
    """Whether a primitive occurs in a jaxpr or in those within."""
    import jax.extend.core as jex

    return any(
        e.primitive.name == primitive
        or any(holds(j, primitive) for j in jex.jaxprs_in_params(e.params))
        for e in jaxpr.eqns
    )


def flat(arrays: Any) -> np.ndarray:
    """Arrays one after another as one vector of float64."""
    parts = [np.asarray(a, np.float64).reshape(-1) for a in arrays]
    return np.concatenate(parts) if parts else np.zeros(0)
