"""Run a program through XLA: compiled once per program, shapes and dtype, for large work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from taylored.readings.facts import ELEMENTWISE, resolve
from taylored.trace.cache import LeastRecentlyUsed
from taylored.trace.jaxpr import float64
from taylored.trace.program import Constant, Program

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
    env: dict[int, Any] = dict(enumerate(inputs))

    def read(atom: Any) -> Any:
        return atom.value if isinstance(atom, Constant) else env[atom]

    for equation in program.equations:
        values = [read(a) for a in equation.inputs]
        if equation.primitive in ELEMENTWISE:
            results: Any = jax_function(equation.primitive)(*values, **equation.params)
        elif equation.primitive == "broadcast_to":
            results = resolve("jax.numpy:broadcast_to")(values[0], equation.params["shape"])
        elif equation.primitive == "call":
            results = run_jax(equation.params["program"], values)
        else:
            assert equation.bind is not None
            results = equation.bind(*values)
        if not isinstance(results, list | tuple):
            results = [results]
        env.update(zip(equation.outputs, results, strict=True))
    return [read(a) for a in program.outputs]
