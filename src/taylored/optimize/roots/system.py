"""A system of equations F(x) = 0 as the user stated it, with its Jacobian."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, FormulaError, MissingRule
from taylored.formula import Expression, parse
from taylored.optimize.nlp import Work
from taylored.readings.derivative import derivative
from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.jet.formula import formulas_program
from taylored.readings.numpy import compile_numpy
from taylored.series.function import named_numbers
from taylored.trace.program import Builder, Constant, Program
from taylored.trace.tracer import OPS, ProgramRecorder, Traced

__all__ = ["SPARSE_FROM", "System", "formula_names", "read_system"]

SPARSE_FROM = 150  # variables from which the Jacobian is sparse

_SIGN = re.compile("[=<>≤≥≠~]")
_Values = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class System:
    """F: (variables,) -> (equations,), its Jacobian, and how to speak of them.

    `program` is for enclosures. `form` is that of the Jacobian: "dense" or "sparse" (CSR). What is
    not defined is nan or infinite. `scalar`: one equation in one plain number.
    """

    program: Program
    shapes: tuple[tuple[int, ...], ...]
    names: Sequence[str]
    equation_names: Sequence[str]
    describe: str
    form: str
    scalar: bool
    flatten: Callable[[Any, str], np.ndarray]
    unflatten: Callable[[np.ndarray], Any]
    evaluate: _Values
    differentiate: Callable[[np.ndarray], Any]
    work: Work = field(default_factory=Work)
    formulas: tuple[tuple[str, ...], bool, bool] | None = None  # what `_formula_system` takes

    def __reduce_ex__(self, protocol: Any) -> Any:
        """For pickle: formulas are read again; functions are read by closures of their own."""
        if self.formulas is not None:
            return _formula_system, self.formulas
        return super().__reduce_ex__(protocol)

    @property
    def variables(self) -> int:
        return len(self.names)

    @property
    def equations(self) -> int:
        return len(self.equation_names)

    def values(self, x: np.ndarray) -> np.ndarray:
        """F(x)."""
        self.work.values += 1
        return self.evaluate(x)

    def jacobian(self, x: np.ndarray) -> Any:
        """(equations, variables)."""
        self.work.firsts += 1
        return self.differentiate(x)

    @cached_property
    def box(self) -> BoxFunction:
        """The function for enclosures."""
        return BoxFunction(self.program, self.shapes)


def read_system(function: Any, start: Any, what: str = "start") -> tuple[System, np.ndarray]:
    """The system and the start as a vector.

    Args:
        function: a formula or an equation as text, a list of them, or a function that returns
            what is to be zero.
        start: a point, in the form in which the function takes it.
        what: what that argument is called, for messages.

    Raises:
        ArgumentError: where the start does not fit.
        FormulaError, FunctionError: where the function cannot be read.
    """
    texts = _texts(function)
    if texts is not None:
        made = _formula_system(tuple(texts), isinstance(start, Mapping), np.ndim(start) == 0)
        return made, made.flatten(start, what)
    if isinstance(function, list | tuple) and function and all(callable(f) for f in function):
        function = _together(list(function))
    if not callable(function):
        raise ArgumentError(
            f"The function is a {type(function).__name__}.",
            next_step='give a function, or a formula in quotes such as "x^3 - 2*x - 5".',
        )
    return _of_function(function, start, what)


def _texts(function: Any) -> list[str] | None:
    if isinstance(function, str):
        return [function]
    several = isinstance(function, list | tuple) and len(function) > 0
    return list(function) if several and all(isinstance(f, str) for f in function) else None


def _together(functions: list[Callable]) -> Callable:
    import functools

    @functools.wraps(functions[0])
    def together(*args: Any) -> list[Any]:
        return [f(*args) for f in functions]

    return together


# ---- formulas ----


def _formula_system(texts: tuple[str, ...], as_dict: bool, number: bool) -> System:
    """The system of formulas, whose points are dictionaries, single numbers or arrays."""
    expressions = [_expression(text) for text in texts]
    names = tuple(dict.fromkeys(n for e in expressions for n in e.names))
    if not names:
        raise ArgumentError("The formula has no unknown.", next_step="write a name, as in x^2 - 2.")

    def flatten(point: Any, argument: str) -> np.ndarray:
        return named_numbers(point, names, argument)

    def unflatten(x: np.ndarray) -> Any:
        if as_dict:
            return dict(zip(names, x.tolist(), strict=True))
        return float(x[0]) if number else np.array(x)

    program = _numbers(expressions, names)
    run, slopes, form = _by_numbers(program)
    return System(
        formulas_program(expressions, names), ((),) * len(names), names, texts,
        texts[0] if len(texts) == 1 else f"the system of {len(texts)} equations", form,
        len(texts) == 1 and len(names) == 1, flatten, unflatten, run, slopes,
        formulas=(texts, as_dict, number),
    )  # fmt: skip


def _expression(text: str) -> Expression:
    """A formula that is to be zero, or an equation as the difference of its sides."""
    if not isinstance(text, str) or not _SIGN.search(_outside(text)):
        return parse(text).model
    from taylored.optimize.relations import read_relation

    relation = read_relation(text)
    if relation.kind != "equal":
        raise FormulaError(
            "This is an inequality, and a root needs equations.", text=text,
            next_step="write =, or use ty.minimize with at_most=.",
        )  # fmt: skip
    return relation.expression


def _outside(text: str) -> str:
    """The text without what stands in parentheses: where(x > 0, 1, 2) is a formula."""
    kept, depth = [], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            kept.append(character)
    return "".join(kept)


def _numbers(expressions: Sequence[Expression], names: Sequence[str]) -> Program:
    builder = Builder(names)
    recorder = ProgramRecorder(builder)
    values = {name: Traced(recorder, number) for number, name in enumerate(names)}
    return builder.finish([recorder.atom(e.evaluate(values, OPS)) for e in expressions])


def _by_numbers(program: Program) -> tuple[_Values, Callable[[np.ndarray], Any], str]:
    """F and its Jacobian for a program of plain numbers, by NumPy calls."""
    count, equations = len(program.names), len(program.outputs)
    made, table = derivative(program, range(count))
    places = [
        (i, j, atom)
        for i, row in enumerate(table)
        for j, atom in enumerate(row)
        if atom is not None and atom != Constant(0.0)
    ]
    run = compile_numpy(program)
    slopes = compile_numpy(made.keep([atom for *_, atom in places]))
    rows, columns = (np.array([p[k] for p in places], int) for k in (0, 1))
    flat = rows * count + columns

    def values(x: np.ndarray) -> np.ndarray:
        return np.array(run(*x), float)

    def dense(x: np.ndarray) -> np.ndarray:
        found = np.zeros(equations * count)
        found[flat] = slopes(*x)
        return found.reshape(equations, count)

    def sparse(x: np.ndarray) -> Any:
        from scipy.sparse import csr_array

        entries = np.array(slopes(*x), float)
        return csr_array((entries, (rows, columns)), shape=(equations, count))

    return values, (dense if count < SPARSE_FROM else sparse), _form(count)


def _form(count: int) -> str:
    return "dense" if count < SPARSE_FROM else "sparse"


# ---- functions ----


def _of_function(function: Callable, start: Any, what: str) -> tuple[System, np.ndarray]:
    from taylored.optimize.functions.read import Constraint, read_statement

    def nothing(*_: Any) -> float:
        return 0.0

    nothing.__signature__ = _signature(function)  # type: ignore[attr-defined]
    nothing.__name__ = getattr(function, "__name__", type(function).__name__)
    if what != "start":
        _check_form(nothing, start, what)
    statement, vector = read_statement(nothing, [Constraint("f", True, function, ())], start)
    if statement.constraints == 0:
        raise ArgumentError(
            f"The function {statement.describe} returns nothing.",
            next_step="return what is to be zero.",
        )
    program = statement.program.keep(statement.program.outputs[1:])
    if statement.flat is None:
        numbers = statement.numbers.keep(statement.numbers.outputs[1:])
        parts = _by_numbers(numbers)
    else:
        parts = _by_jax(statement.flat, statement.variables)
    run, slopes, form = parts
    named = [name for block in statement.blocks for name in block.names()]
    scalar = statement.shapes == ((),) and statement.constraints == 1
    made = System(
        program, statement.shapes, statement.names, named, statement.describe, form,
        scalar, statement.flatten, statement.unflatten, run, slopes,
    )  # fmt: skip
    return made, vector


def _check_form(function: Callable, point: Any, what: str) -> None:
    from taylored.series.function import as_arguments

    as_arguments(function, point, what)


def _signature(function: Callable) -> Any:
    import inspect

    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return inspect.Signature([inspect.Parameter("x", inspect.Parameter.POSITIONAL_OR_KEYWORD)])


def _by_jax(flat: Callable, count: int) -> tuple[_Values, Callable[[np.ndarray], Any], str]:
    """F and its Jacobian for a function of a vector that JAX has read."""

    def own(x: Any) -> Any:
        return flat(x)[1]

    if count >= SPARSE_FROM:
        return _compiled_sparse(own)
    try:
        run, slopes = _interpreted(own, count)
    except MissingRule:
        run, slopes = _compiled(own)
    return run, slopes, "dense"


def _interpreted(own: Callable, count: int) -> tuple[_Values, _Values]:
    """By NumPy calls: nothing is compiled.

    Raises:
        MissingRule: for operations that NumPy has no rule for.
    """
    import jax

    from taylored.trace.jaxpr import float64, from_jaxpr

    with float64():
        vector = jax.ShapeDtypeStruct((count,), np.float64)
        programs = [from_jaxpr(jax.make_jaxpr(g)(vector)) for g in (own, jax.jacfwd(own))]
    run, slopes = (compile_numpy(p) for p in programs)
    return (lambda x: np.array(run(x)[0], float)), (lambda x: np.array(slopes(x)[0], float))


def _compiled(own: Callable) -> tuple[_Values, _Values]:
    import jax

    from taylored.trace.jaxpr import float64

    run, slopes = jax.jit(own), jax.jit(jax.jacfwd(own))

    def call(compiled: Callable) -> _Values:
        def values(x: np.ndarray) -> np.ndarray:
            with float64():
                return np.array(compiled(x), float)

        return values

    return call(run), call(slopes)


def _compiled_sparse(own: Callable) -> tuple[_Values, Callable[[np.ndarray], Any], str]:
    """The Jacobian by colored passes; dense where most of it is filled."""
    import jax

    from taylored.calculus.transforms import jacobian
    from taylored.trace.jaxpr import float64

    run, slopes = jax.jit(own), jacobian(own)

    def values(x: np.ndarray) -> np.ndarray:
        with float64():
            return np.array(run(x), float)

    def matrix(x: np.ndarray) -> Any:
        with float64():
            return slopes(x).sparse()

    return values, matrix, "sparse"


def formula_names(function: Any) -> tuple[str, ...] | None:
    """The unknowns of formulas, in order; None where it is no formula."""
    texts = _texts(function)
    if texts is None:
        return None
    return tuple(dict.fromkeys(n for text in texts for n in _expression(text).names))
