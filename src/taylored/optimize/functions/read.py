"""Read what the user states: formulas, functions of numbers, functions of arrays and trees."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.formula import Expression, parse
from taylored.optimize.functions.statement import Block, Statement
from taylored.optimize.relations import Relation, read_relations
from taylored.readings.jet.formula import formulas_program
from taylored.readings.numpy import compile_numpy
from taylored.series.function import (
    as_arguments,
    finite,
    is_scalar,
    named_numbers,
    names_for,
    scalar_number,
)
from taylored.trace.program import Builder, Program
from taylored.trace.source import changing_function
from taylored.trace.tracer import OPS, ProgramRecorder, Traced

__all__ = ["Constraint", "read_constraints", "read_statement"]


@dataclass(frozen=True, slots=True)
class Constraint:
    """Constraints as they were given under one name: a function, or relations."""

    name: str
    equality: bool | None  # None: as the relations say
    function: Callable | None
    relations: tuple[Relation, ...] = ()


def read_constraints(equal: Any, at_most: Any, subject_to: Any = None) -> list[Constraint]:
    """The constraints by name, as they were given.

    Raises:
        ArgumentError: for what is no function, formula, list or dictionary of them.
        FormulaError: for a formula that cannot be read.
    """
    found: list[Constraint] = []
    for argument, given, equality in (
        ("equal", equal, True), ("at_most", at_most, False), ("subject_to", subject_to, None)
    ):  # fmt: skip
        if given is None or (isinstance(given, list | tuple | Mapping) and not given):
            continue
        pairs = given.items() if isinstance(given, Mapping) else [(argument, given)]
        for name, value in pairs:
            found.append(_constraint(str(name), value, equality, argument))
    names = [c.name for c in found]
    for name in names:
        if names.count(name) > 1 or (name in ("lower", "upper")):
            raise ArgumentError(
                f"The name {name!r} of a constraint is taken.", next_step="choose another name."
            )
    return found


def _constraint(name: str, value: Any, equality: bool | None, argument: str) -> Constraint:
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list | tuple) and value and all(isinstance(v, str) for v in value):
        relations = tuple(r for v in value for r in _as_stated(v, equality, argument))
        return Constraint(name, equality, None, relations)
    if isinstance(value, list | tuple) and value and all(callable(v) for v in value):
        functions = list(value)
        return Constraint(name, equality, _together(functions))
    if not callable(value):
        raise ArgumentError(
            f"{argument}: {name} is a {type(value).__name__}." if name != argument
            else f"{argument} is a {type(value).__name__}.",
            next_step="give a function, a formula, a list of them, or a dictionary by name.",
        )  # fmt: skip
    if equality is None:
        raise ArgumentError(
            "subject_to takes formulas with =, <= or >=.",
            next_step="give functions as equal= (g(x) = 0) or at_most= (h(x) <= 0).",
        )
    return Constraint(name, equality, value)


def _as_stated(text: str, equality: bool | None, argument: str) -> tuple[Relation, ...]:
    """Relations that say what the argument does; under equal= a formula alone is to be zero."""
    if equality is not None and not _relates(text):
        sign = "=" if equality else "<="
        relations = read_relations(f"{text} {sign} 0")
        return tuple(replace(r, text=f"{text.strip()} {sign} 0") for r in relations)
    relations = read_relations(text)
    for relation in relations:
        if equality is not None and (relation.kind == "equal") != equality:
            other = "at_most" if argument == "equal" else "equal"
            raise ArgumentError(
                f"{argument}: {text!r} is an {'inequality' if equality else 'equation'}.",
                next_step=f"give it as {other}=, or as subject_to=.",
            )
    return relations


def _relates(text: str) -> bool:
    return any(sign in text for sign in "=<>≤≥")


def _together(functions: Sequence[Callable]) -> Callable:
    @functools.wraps(functions[0])
    def together(*args: Any) -> list[Any]:
        return [f(*args) for f in functions]

    return together


def read_statement(
    objective: Any, constraints: Sequence[Constraint], start: Any
) -> tuple[Statement, np.ndarray]:
    """The objective and the constraints as one function, and the start as a vector.

    Raises:
        ArgumentError: where the start does not fit.
        FormulaError, FunctionError: where something cannot be read.
    """
    if isinstance(objective, str):
        return _of_formulas(objective, constraints, start)
    if not callable(objective):
        raise ArgumentError(
            f"The objective is a {type(objective).__name__}.",
            next_step='give a function, or a formula in quotes such as "(x - 1)^2 + y^2".',
        )
    for constraint in constraints:
        if constraint.relations:
            raise ArgumentError(
                f"The constraint {constraint.relations[0].text!r} is a formula, and the objective "
                "is a function.",
                next_step="give both as formulas, or both as functions.",
            )
    args = as_arguments(objective, start, "start")
    if all(is_scalar(a) for a in args):
        found = _recorded(objective, constraints, args, start)
        if found is not None:
            return found
    from taylored.optimize.functions.traced import traced_statement

    return traced_statement(objective, constraints, args, start)


# ---- formulas ----


def _of_formulas(
    text: str, constraints: Sequence[Constraint], start: Any
) -> tuple[Statement, np.ndarray]:
    for constraint in constraints:
        if constraint.function is not None:
            raise ArgumentError(
                f"The constraint {constraint.name} is a function, and the objective is a formula.",
                next_step="give both as formulas, or both as functions.",
            )
    expressions: list[Expression] = [parse(text).model]
    blocks, count = [], 0
    for constraint in constraints:
        for equality, relations in _by_kind(constraint):
            shape = (len(relations),) if len(relations) > 1 else ()
            name = constraint.name
            if constraint.equality is None:  # subject_to: each relation is called as it is written
                for relation in relations:
                    blocks.append(_block(relation.text, equality, count, (), [relation]))
                    count += 1
            else:
                blocks.append(_block(name, equality, count, shape, relations))
                count += len(relations)
            expressions += [r.expression for r in relations]
    names = tuple(dict.fromkeys(n for e in expressions for n in e.names))
    if isinstance(start, Mapping):  # in the order in which the user names them
        names = tuple(dict.fromkeys([*(n for n in start if n in names), *names]))
    if not names:
        raise ArgumentError("The formula has no inputs.", next_step="write a name, as in x^2.")
    form = (isinstance(start, Mapping), isinstance(start, int | float | np.number))
    statement = _stated(tuple(expressions), tuple(blocks), names, form)
    return statement, statement.flatten(start, "start")


def _stated(
    expressions: tuple[Expression, ...], blocks: tuple[Block, ...], names: tuple[str, ...],
    form: tuple[bool, bool],
) -> Statement:  # fmt: skip
    """The statement of formulas; `form`: whether points are dictionaries, or single numbers."""
    as_dict, single = form

    def flatten(point: Any, what: str) -> np.ndarray:
        return named_numbers(point, names, what)

    def unflatten(x: np.ndarray) -> Any:
        values = x.tolist()
        if as_dict:
            return dict(zip(names, values, strict=True))
        return values[0] if single else np.array(values)

    return Statement(
        formulas_program(expressions, names), _numbers(expressions, names), ((),) * len(names),
        names, blocks, expressions[0].text, flatten, unflatten,
        formulas=tuple(e.text for e in expressions),
        again=(_stated, (expressions, blocks, names, form)),
    )  # fmt: skip


def _by_kind(constraint: Constraint) -> list[tuple[bool, list[Relation]]]:
    """Equations and inequalities, in the order given where they are of one kind."""
    if constraint.equality is not None:
        return [(constraint.equality, list(constraint.relations))]
    return [(r.kind == "equal", [r]) for r in constraint.relations]


def _block(
    name: str, equality: bool, start: int, shape: tuple[int, ...], relations: list[Relation]
) -> Block:
    texts = tuple(r.text for r in relations)
    return Block(
        name, equality, start, shape, texts, tuple(-1.0 if r.turned else 1.0 for r in relations)
    )


def _numbers(expressions: Sequence[Expression], names: Sequence[str]) -> Program:
    builder = Builder(names)
    recorder = ProgramRecorder(builder)
    values = {name: Traced(recorder, number) for number, name in enumerate(names)}
    return builder.finish([recorder.atom(e.evaluate(values, OPS)) for e in expressions])


# ---- functions of plain numbers, recorded without JAX ----


def _recorded(
    objective: Callable, constraints: Sequence[Constraint], args: list[Any], start: Any
) -> tuple[Statement, np.ndarray] | None:
    """Functions written with operators and NumPy on single numbers; None where JAX must try."""
    names = names_for(objective, len(args))
    functions = [objective, *(c.function for c in constraints)]
    try:
        program, shapes = _record_all(functions, names)
        again, _ = _record_all(functions, names)
        with np.errstate(all="ignore"):
            found = compile_numpy(program)(*(np.float64(a) for a in args))
        if any(np.shape(v) for v in found) or shapes[0] not in ((), (1,)):
            return None
    except Exception:  # whatever a user's function may raise on traced values: JAX shall try
        return None
    described = getattr(objective, "__name__", type(objective).__name__)
    if program.key() != again.key():
        raise changing_function(described)
    blocks, count = [], 0
    for constraint, shape in zip(constraints, shapes[1:], strict=True):
        blocks.append(Block(constraint.name, bool(constraint.equality), count, shape))
        count += blocks[-1].size

    def flatten(point: Any, what: str) -> np.ndarray:
        values = as_arguments(objective, point, what)
        numbers = [scalar_number(v, what, n) for v, n in zip(values, names, strict=True)]
        return finite(np.array(numbers), names, what)

    def unflatten(x: np.ndarray) -> Any:
        values = x.tolist()
        if isinstance(start, Mapping):
            return dict(zip(names, values, strict=True))
        return values[0] if len(names) == 1 else tuple(values)

    statement = Statement(
        program, program, ((),) * len(names), tuple(names), tuple(blocks), described,
        flatten, unflatten,
    )  # fmt: skip
    return statement, flatten(start, "start")


def _record_all(
    functions: Sequence[Any], names: Sequence[str]
) -> tuple[Program, list[tuple[int, ...]]]:
    builder = Builder(names)
    recorder = ProgramRecorder(builder)
    inputs = [Traced(recorder, number) for number in range(len(names))]
    outputs, shapes = [], []
    for function in functions:
        result = function(*inputs)
        if isinstance(result, list | tuple):
            shapes.append((len(result),))
            outputs += [recorder.atom(r) for r in result]
        elif isinstance(result, np.ndarray) and result.ndim:
            shapes.append(result.shape)
            outputs += [recorder.atom(r) for r in result.reshape(-1).tolist()]
        else:
            shapes.append(())
            outputs.append(recorder.atom(result))
    return builder.finish(outputs), shapes
