"""Which way the functions of a problem are run: by NumPy, compiled, or compiled and sparse."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, MissingRule
from taylored.optimize.functions.compiled import CompiledFunctions
from taylored.optimize.functions.numeric import NumpyFunctions, programs
from taylored.optimize.functions.read import Constraint, read_statement
from taylored.optimize.functions.statement import Statement
from taylored.optimize.nlp import Functions
from taylored.trace.cache import LeastRecentlyUsed, function_key

__all__ = ["EXECUTORS", "prepared"]

EXECUTORS = ("auto", "numpy", "xla")
# Up to this many variables matrices are dense.
DENSE_VARIABLES = 150
# Above this many numbers moved per Hessian, a compiled one is faster by more than it costs.
_NUMPY_WORK = 300_000

_known = LeastRecentlyUsed(64)
_made = LeastRecentlyUsed(64)


def prepared(
    objective: Any, constraints: Sequence[Constraint], start: Any, executor: str = "auto"
) -> tuple[Statement, np.ndarray, Functions, float]:
    """The statement, the start as a vector, the functions, and the seconds that this took."""
    if executor not in EXECUTORS:
        raise ArgumentError(
            f"There is no executor {executor!r}.", next_step=f"use one of {', '.join(EXECUTORS)}."
        )
    began = time.perf_counter()
    key = _key(objective, constraints, start, executor)

    def make() -> tuple[Statement, Functions]:
        statement, _ = read_statement(objective, constraints, start)
        # A function whose sameness cannot be told is read again; its derivatives are not.
        again = (statement.program.key(), statement.shapes, executor)
        return statement, _made.find(again, lambda: _functions(statement, executor))

    statement, functions = _known.find(key, make)
    vector = statement.flatten(start, "start")
    return statement, vector, functions, time.perf_counter() - began


def _functions(statement: Statement, executor: str) -> Functions:
    if statement.flat is not None and statement.variables > DENSE_VARIABLES:
        from taylored.optimize.functions.sparse import SparseFunctions

        return SparseFunctions(statement)
    made = programs(statement)
    if executor == "xla":
        return CompiledFunctions(statement, made)
    sizes = [int(np.prod(s, dtype=np.int64)) for s in made.second.shapes.values()]
    if executor == "auto" and statement.flat is not None and sum(sizes) > _NUMPY_WORK:
        return CompiledFunctions(statement, made)
    try:
        return NumpyFunctions(statement, made)
    except MissingRule:
        if statement.flat is None or executor == "numpy":
            raise
        return CompiledFunctions(statement, made)


def _key(objective: Any, constraints: Sequence[Constraint], start: Any, executor: str) -> Any:
    """Equal for problems that are the same but for the numbers of the start; None if unknown."""
    functions = [objective, *(c.function for c in constraints if c.function is not None)]
    keys = []
    for function in functions:
        key = function if isinstance(function, str) else _function_key(function)
        if key is None:
            return None
        keys.append(key)
    texts = tuple((c.name, c.equality, tuple(r.text for r in c.relations)) for c in constraints)
    return (tuple(keys), texts, _form(start), executor)


def _function_key(function: Any) -> Any:
    import sys

    if "jax" not in sys.modules:  # then none of its objects takes part
        return function_key(function)
    from taylored.calculus.recall import recalled_by

    return recalled_by(function)


def _form(start: Any) -> Any:
    """The types and shapes of a start."""
    if isinstance(start, dict):
        return tuple((str(k), _form(v)) for k, v in start.items())
    if isinstance(start, list | tuple):
        return (type(start).__name__, *map(_form, start))
    return (type(start).__name__, np.shape(start), str(getattr(start, "dtype", "")))
