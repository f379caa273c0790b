"""Run a program through XLA: compiled once per program, shapes and dtype, for large work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from taylored.readings.facts import ELEMENTWISE, resolve
from taylored.trace.cache import LeastRecentlyUsed
from taylored.trace.jaxpr import float64
from taylored.trace.program import Equation, Program
from taylored.trace.walk import walk

__all__ = ["compile_xla", "jax_function", "run_jax"]

_compiled = LeastRecentlyUsed(256)


@cache
def jax_function(primitive: str) -> Callable:
    """The JAX function of an elementwise primitive."""
    return resolve(ELEMENTWISE[primitive].jax)


def compile_xla(program: Program) -> Callable[..., list[Any]]:
    """A function of the program's inputs that returns its outputs, compiled by XLA.

    Programs with equal equations share one compilation, whoever made them.
    """
    return _compiled.find(program.key(), lambda: _compile(program))


def _compile(program: Program) -> Callable[..., list[Any]]:
    import jax
    import numpy as np

    compiled = jax.jit(lambda *inputs: run_jax(program, inputs))

    def run(*inputs: Any) -> list[Any]:
        with float64():
            return [np.asarray(value) for value in compiled(*inputs)]

    return run


def run_jax(program: Program, inputs: Sequence[Any]) -> list[Any]:
    """The outputs of a program on JAX values, with NumPy's broadcasting."""
    return walk(program, inputs, _apply)


def _apply(equation: Equation, values: list[Any]) -> Any:
    name = equation.primitive
    if name in ELEMENTWISE:
        return jax_function(name)(*values, **equation.params)
    if name == "broadcast_to":
        return resolve("jax.numpy:broadcast_to")(values[0], equation.params["shape"])
    if name == "call":
        results = run_jax(equation.params["program"], values)
    else:
        assert equation.bind is not None
        results = equation.bind(*values)
    several = isinstance(results, list | tuple)
    return results[0] if several and len(equation.outputs) == 1 else results
