"""Sparsity rules of control flow: branches, loops, calls and linear solves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from taylored.readings.sparsity.dependence import Dependence, compressed, union
from taylored.readings.sparsity.indexing import concatenated
from taylored.readings.sparsity.known import Value
from taylored.readings.sparsity.walk import RULES, everything
from taylored.trace.program import Equation, Program
from taylored.trace.rules import nested_programs

__all__: list[str] = []

# A loop whose dependences still grow after this many turns is taken as dense.
_MOST_TURNS = 40


@RULES.register("call", "custom_jvp_call", "custom_vjp_call", "composite")
def _call(equation: Equation, given: list[Value], context: Any) -> list[Any]:
    for inner in nested_programs(equation.params):
        return context.walk.run(inner, given)
    return everything(equation, given, context)


@RULES.register("cond")
def _cond(equation: Equation, given: list[Value], context: Any) -> list[Any]:
    which, *operands = given
    branches: Sequence[Program] = equation.params["branches"]
    if which.fixed is not None:
        chosen = min(max(int(which.fixed), 0), len(branches) - 1)
        return context.walk.run(branches[chosen], operands)
    results = [context.walk.run(branch, operands) for branch in branches]
    return [_either(values, context) for values in zip(*results, strict=True)]


def _either(values: Sequence[Value], context: Any) -> Value:
    """What holds of a value that may be any of these."""
    shape = values[0].shape
    deps = [v.dep for v in values if v.dep is not None]
    dep = union(deps, shape, context.inputs) if deps else None
    first = values[0].fixed
    same = first is not None and all(
        v.fixed is not None and np.array_equal(v.fixed, first) for v in values[1:]
    )
    return Value(shape, dep, first if same else None)


@RULES.register("while")
def _while(equation: Equation, given: list[Value], context: Any) -> list[Any]:
    p = equation.params
    constants = given[p["cond_nconsts"] :][: p["body_nconsts"]]
    carry = given[p["cond_nconsts"] + p["body_nconsts"] :]
    return _settled(p["body_jaxpr"], constants, carry, equation, context)


def _settled(
    body: Program, constants: list[Value], carry: list[Value], equation: Equation, context: Any
) -> list[Value]:
    """The carry's dependence once another turn of the loop adds nothing to it."""
    carry = list(carry)
    for _ in range(_MOST_TURNS):
        after = context.walk.run(body, [*constants, *carry])[: len(carry)]
        merged = [_either(pair, context) for pair in zip(carry, after, strict=True)]
        if all(_no_more(m, c) for m, c in zip(merged, carry, strict=True)):
            return merged
        carry = merged
    shapes = [v.shape for v in carry]
    found = everything(equation, [*constants, *carry], context, shapes)
    return [Value(s, d) for s, d in zip(shapes, found, strict=True)]


def _no_more(merged: Value, before: Value) -> bool:
    if (merged.fixed is None) != (before.fixed is None):
        return False
    if merged.dep is None or before.dep is None:
        return merged.dep is before.dep
    if merged.dep.contained_in(before.dep):
        return True
    new, old = compressed(merged.dep), compressed(before.dep)
    return all(np.array_equal(a, b) for a, b in zip(new, old, strict=True))


def _length_of(program: Program) -> int:
    inner = sum(_length_of(p) for e in program.equations for p in nested_programs(e.params))
    return len(program.equations) + inner


@RULES.register("scan")
def _scan(equation: Equation, given: list[Value], context: Any) -> list[Any]:
    p = equation.params
    body: Program = p["jaxpr"]
    constants, rest = given[: p["num_consts"]], given[p["num_consts"] :]
    carry, sequences = list(rest[: p["num_carry"]]), rest[p["num_carry"] :]
    cost = p["length"] * max(_length_of(body), 1)
    if cost <= context.walk.steps:
        context.walk.steps -= cost
        return _unrolled(equation, constants, carry, sequences, context)
    return _looped(equation, constants, carry, sequences, context)


def _unrolled(
    equation: Equation, constants: list[Value], carry: list[Value], sequences: list[Value],
    context: Any,
) -> list[Any]:  # fmt: skip
    """Turn by turn: exact."""
    p = equation.params
    columns: list[list[Value]] = []
    order = range(p["length"] - 1, -1, -1) if p["reverse"] else range(p["length"])
    for turn in order:
        now = [_row(v, turn) for v in sequences]
        results = context.walk.run(p["jaxpr"], [*constants, *carry, *now])
        carry = results[: len(carry)]
        columns.append(results[len(carry) :])
    if p["reverse"]:
        columns.reverse()
    collected = zip(*columns, strict=True)
    return [*carry, *(_stacked(column, context) for column in collected)] or []


def _row(value: Value, turn: int) -> Value:
    shape = value.shape[1:]
    dep = None if value.dep is None else value.dep.moved(lambda a: a[turn])
    known = None if value.known is None else value.known[turn]
    unknown = None if value.unknown is None else value.unknown[turn]
    return Value(shape, dep, known, unknown, value.within)


def _stacked(column: Sequence[Value], context: Any) -> Value:
    shape = (len(column), *column[0].shape)
    dep = None
    if any(v.dep is not None for v in column):
        raised = [
            Value((1, *v.shape), None if v.dep is None else v.dep.reshaped((1, *v.shape)))
            for v in column
        ]
        dep = concatenated(raised, 0, context.inputs)
    known = None
    if all(v.fixed is not None for v in column):
        known = np.stack([v.fixed for v in column])  # type: ignore[misc]
    return Value(shape, dep, known)


def _looped(
    equation: Equation, constants: list[Value], carry: list[Value], sequences: list[Value],
    context: Any,
) -> list[Any]:  # fmt: skip
    """Long loops: what is carried settles first; what each turn adds stays with its turn."""
    p = equation.params
    body: Program = p["jaxpr"]
    merged = [_any_turn(v) for v in sequences]
    # The state may be of any turn: its value at the start says nothing.
    state = [Value(v.shape, v.dep) for v in carry]
    state = _settled(body, constants, state, equation, _Feeding(context, merged))
    state = [Value(v.shape, v.dep) for v in state]
    every = [_every_turn(v, p["length"]) for v in (*constants, *state)]
    per_turn = _mapped(body, [*every, *sequences], p["length"], context)
    return [*state, *per_turn[len(carry) :]]


class _Feeding:
    """A context whose loop body also gets what the sequences give, whichever the turn."""

    def __init__(self, context: Any, extra: list[Value]):
        self.context, self.extra = context, extra
        self.inputs, self.shapes, self.walk = context.inputs, context.shapes, self

    def run(self, body: Program, values: list[Value]) -> list[Value]:
        return self.context.walk.run(body, [*values, *self.extra])

    def made_dense(self, equation: Equation) -> None:
        self.context.walk.made_dense(equation)


def _any_turn(value: Value) -> Value:
    dep = None if value.dep is None else value.dep.reduced([0])
    return Value(value.shape[1:], dep)


def _every_turn(value: Value, length: int) -> Value:
    shape = (length, *value.shape)
    dep = value.dep and value.dep.reshaped((1, *value.shape)).broadcast(shape)
    return Value(shape, dep)


def _mapped(body: Program, values: list[Value], length: int, context: Any) -> list[Value]:
    """The body on all turns at once: its own small pattern, applied to each turn."""
    shapes = [v.shape[1:] for v in values]
    sizes = [int(np.prod(s, dtype=np.int64)) for s in shapes]
    firsts = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
    inner = type(context.walk)(int(firsts[-1]), dense=context.walk.dense)
    given = [
        Value(s, Dependence.identity(s, first, inner.inputs) if v.dep is not None else None)
        for v, s, first in zip(values, shapes, firsts, strict=False)
    ]
    flat = [
        Value((length, n), None if v.dep is None else v.dep.reshaped((length, n)))
        for v, n in zip(values, sizes, strict=True)
    ]
    together = concatenated(flat, 1, context.inputs)
    results = []
    for result in inner.run(body, given):
        dep = None
        if result.dep is not None:
            dep = _each_turn(result.dep, together, length).reshaped((length, *result.shape))
        results.append(Value((length, *result.shape), dep))
    return results


def _each_turn(local: Dependence, together: Dependence, length: int) -> Dependence:
    starts, members = compressed(local)
    sizes = np.diff(starts)
    width = max(int(sizes.max(initial=0)), 1)
    groups = np.full((len(sizes), width), -1, np.int64)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    groups[rows, np.arange(len(members)) - starts[rows]] = members
    base = np.arange(length)[:, None, None] * together.shape[1]
    lanes = np.where(groups < 0, -1, base + groups)
    return together.grouped(lanes.reshape(-1, width), (length, len(sizes)))


@RULES.register("custom_linear_solve")
def _solve(equation: Equation, given: list[Value], context: Any) -> list[Any]:
    """The tangent goes through the solver that is run; the matrix has no tangent here."""
    lengths = tuple(equation.params["const_lengths"])
    solver = equation.params["jaxprs"][2]
    first = lengths[0] + lengths[1]
    constants, right = given[first : first + lengths[2]], given[sum(lengths) :]
    if solver is None or any(v.dep is not None for v in given[: sum(lengths)]):
        return everything(equation, given, context)
    return context.walk.run(solver, [*constants, *right])
