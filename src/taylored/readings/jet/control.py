"""Taylor rules of control flow: branches, loops, calls and linear solves.

A way through the program has to be the same for all of a box. Where it is not, the box is split
further by whoever asked; where boxes differ among each other, each is run on its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from taylored.readings.jet.structure import joined
from taylored.readings.jet.table import Walker, as_series, known, rule, unsupported
from taylored.readings.jet.value import NotUniform, Series, Truth, Undecided, moved
from taylored.trace.program import Equation, Program
from taylored.trace.rules import nested_programs

__all__ = ["decided"]

_MOST_TURNS = 100_000


def decided(value: Any, walker: Walker) -> np.ndarray:
    """A whole number or condition that decides on the way: the same in all boxes, or none.

    Raises:
        NotUniform: where boxes differ from each other.
        Undecided: where it differs within a box.
    """
    if known(value):
        return value
    ring = walker.ring
    if isinstance(value, Truth):
        low, high = value.sure, value.maybe
    else:
        low, high = ring.whole(value)
    certain = low == high
    if not certain.all():
        if low.shape[0] > 1:
            raise NotUniform
        where = ~certain.reshape(low.shape[0], -1).all(axis=1)
        reason = "which way the program takes is not the same for all of the box"
        raise Undecided(ring.trouble("branch", reason, where))
    if not (low == low[:1]).all():
        raise NotUniform
    return np.asarray(low[0])


@rule("call", "custom_jvp_call", "custom_vjp_call", "composite")
def _call(equation: Equation, values: list[Any], walker: Walker) -> Any:
    (program,) = nested_programs(equation.params)
    return _one_or_all(walker.run(program, values))


def _one_or_all(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


@rule("free_shift")
def _free_shift(equation: Equation, values: list[Any], walker: Walker) -> Series:
    """What changes nothing, whatever it is (see `jet.shifts`): a number where it is not smooth.

    Kinks and branches on the way to it do not matter; where it is not defined, nothing is.
    """
    ring = walker.ring
    before = len(ring.troubles)
    (result,) = walker.run(equation.params["program"], values)
    noted, found = ring.troubles[before:], as_series(result, ring)
    ring.troubles[before:] = [t for t in noted if t.kind == "domain"]
    rough = [t.boxes for t in noted if t.kind != "domain"]
    numbers = ring.constant(ring.middle(found)).map(lambda p: p[:, 0])
    # Along one variable all moves together: a shift that moves too keeps differences narrow.
    if ring.space.variables > 1:
        return numbers
    if not rough:
        return found
    where = np.any(rough, axis=0).reshape(-1, *(1,) * len(found.shape))
    return ring.choose(Truth(where, where), found, numbers)


@rule("cond")
def _cond(equation: Equation, values: list[Any], walker: Walker) -> Any:
    branches: tuple[Program, ...] = equation.params["branches"]
    which, operands = values[0], values[1:]
    if isinstance(which, Truth) and len(branches) == 2:
        try:
            decided(which, walker)
        except Undecided:
            no, yes = (walker.run(branch, operands) for branch in branches)
            walker.ring.here = equation
            return _one_or_all(_either(which, no, yes, walker))
    chosen = min(max(int(decided(which, walker)), 0), len(branches) - 1)
    return _one_or_all(walker.run(branches[chosen], operands))


def _either(which: Truth, no: list[Any], yes: list[Any], walker: Walker) -> list[Any]:
    """What either of two branches gives, where it is not known which one is taken."""
    found = []
    for a, b in zip(no, yes, strict=True):
        if isinstance(a, Truth) or isinstance(b, Truth) or (known(a) and known(b)):
            decided(which, walker)  # which says that it is not
        x, y = (as_series(v, walker.ring) for v in (a, b))
        ones = (1,) * len(x.shape)
        condition = which.map(lambda p, ones=ones: p.reshape((-1, *ones)))
        found.append(walker.ring.choose(condition, x, y))
    return found


@rule("while")
def _while(equation: Equation, values: list[Any], walker: Walker) -> Any:
    p = equation.params
    first, second = p["cond_nconsts"], p["body_nconsts"]
    for_test, for_body = values[:first], values[first : first + second]
    carry = list(values[first + second :])
    for _ in range(_MOST_TURNS):
        (goes_on,) = walker.run(p["cond_jaxpr"], [*for_test, *carry])
        walker.ring.here = equation
        if not decided(goes_on, walker):
            return _one_or_all(carry)
        carry = walker.run(p["body_jaxpr"], [*for_body, *carry])
    where = np.ones(1, bool)
    reason = f"the loop has not ended after {_MOST_TURNS} turns"
    raise Undecided(walker.ring.trouble("branch", reason, where))


@rule("scan")
def _scan(equation: Equation, values: list[Any], walker: Walker) -> Any:
    p = equation.params
    constants, carried, length = p["num_consts"], p["num_carry"], p["length"]
    fixed = values[:constants]
    carry = list(values[constants : constants + carried])
    sequences = values[constants + carried :]
    columns: list[list[Any]] = []
    for k in range(length - 1, -1, -1) if p["reverse"] else range(length):
        results = walker.run(p["jaxpr"], [*fixed, *carry, *(_row(s, k) for s in sequences)])
        carry = results[:carried]
        columns.append(results[carried:])
    if not length:
        raise unsupported(walker, equation, "a scan over nothing")
    if p["reverse"]:
        columns.reverse()
    return _one_or_all([*carry, *(_stacked(c, walker) for c in zip(*columns, strict=True))])


def _row(value: Any, k: int) -> Any:
    if known(value):
        return value[k]
    if isinstance(value, Truth):
        return value.map(lambda p: p[:, k])
    return value.map(lambda p: p[:, :, k])


def _stacked(column: tuple[Any, ...], walker: Walker) -> Any:
    if all(map(known, column)):
        return np.stack(column)
    if any(isinstance(v, Truth) for v in column):
        return Truth(*(np.stack([getattr(v, part) for v in column], axis=1)
                       for part in ("sure", "maybe")))  # fmt: skip
    series = [as_series(v, walker.ring) for v in column]
    shape = (len(series), *series[0].shape)
    size = int(np.prod(shape, dtype=np.int64))
    return moved(joined(series), np.arange(size).reshape(shape))


@rule("custom_linear_solve")
def _linear_solve(equation: Equation, values: list[Any], walker: Walker) -> Any:
    """By the solver that the user's function runs; its steps are those of elimination."""
    lengths = tuple(equation.params["const_lengths"])
    solver = equation.params["jaxprs"][2]
    first = lengths[0] + lengths[1]
    constants, right = values[first : first + lengths[2]], values[sum(lengths) :]
    return _one_or_all(walker.run(solver, [*constants, *right]))


@rule("split")
def _split(equation: Equation, values: list[Any], walker: Walker) -> Any:
    (value,), axis = values, equation.params["axis"]
    results, start = [], 0
    for size in equation.params["sizes"]:
        key = (slice(None),) * axis + (slice(start, start + size),)
        numbers = np.arange(int(np.prod(value.shape, dtype=np.int64))).reshape(value.shape)
        results.append(value[key] if known(value) else moved(value, numbers[key]))
        start += size
    return results
