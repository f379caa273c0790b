"""Where a computation chooses: kinks and jumps that a point lies on, or within rounding of.

Each operation that chooses has an outcome (a side, a whole number, an order). A point lies on an
edge where the outcome is a tie, or where moving every number by rounding makes it another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.networks.chain_names import called_name
from taylored.networks.chain_outcomes import CHOICES, COMPARISONS, STEPS
from taylored.networks.chain_program import inner_closed, program_of
from taylored.networks.chain_trust import Shake
from taylored.readings.chain import Tape, forward, is_float
from taylored.trace.program import Constant, Equation, Program

__all__ = ["Switch", "choice_name", "read_by", "switches_at"]

_RUNS = 8  # walks with every number moved
_UNITS = 4.0  # of rounding, by which they are moved up or down
_DEEPEST = 4  # functions in functions
_PASSED_ON = frozenset(
    "and or not xor eq ne broadcast_in_dim reshape squeeze expand_dims transpose slice concatenate "
    "reduce_or reduce_and copy convert_element_type".split()
)


@dataclass(frozen=True, slots=True)
class Switch:
    """A choice that the point lies on the edge of.

    `name` is the operation's, `line` the user's, `count` how many of its numbers lie there;
    `jumps` says that its value changes at once there, `near` that the point is beside the edge by
    no more than rounding, `taken` what the derivative is there.
    """

    name: str
    line: str
    count: int
    jumps: bool
    near: bool
    taken: str


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    name: str
    line: str
    jumps: bool
    taken: str
    tied: int
    outcome: Any


def switches_at(tape: Tape, wrt: int) -> list[Switch]:
    """The choices on whose edge the point lies, one for each operation and line.

    Args:
        tape: of the walk forwards.
        wrt: how many of the inputs are moved.
    """
    program, inputs = tape.program, [tape.values[k] for k in range(len(tape.program.names))]
    own = dict(_choices(program, tape.values, range(wrt)))
    if not own:
        return []
    changed: set[tuple] = set()
    for run in range(_RUNS):
        shake = Shake(run, _UNITS)
        moved = [shake(v) if k < wrt else v for k, v in enumerate(inputs)]
        values = forward(program, moved, (), shake).values
        others = dict(_choices(program, values, range(wrt), shake))
        changed |= {key for key, c in own.items() if _differs(c, others.get(key))}
    found: dict[tuple[str, str], Switch] = {}
    for key, c in own.items():
        if c.tied or key in changed:
            switch = Switch(c.name, c.line, max(c.tied, 1), c.jumps, not c.tied, c.taken)
            found.setdefault((c.name, c.line), switch)
    return list(found.values())


def _differs(one: _Choice, other: _Choice | None) -> bool:
    if other is None or other.tied != one.tied:
        return True
    return not np.array_equal(one.outcome, other.outcome)


def read_by(program: Program) -> dict[int, list[Equation]]:
    """The equations that read a variable."""
    found: dict[int, list[Equation]] = {}
    for equation in program.equations:
        for atom in equation.inputs:
            if isinstance(atom, int):
                found.setdefault(atom, []).append(equation)
    return found


def _choices(
    program: Program, values: Mapping[int, Any], wrt: Sequence[int], shake: Any = None,
    path: tuple[int, ...] = (),
) -> Iterator[tuple[tuple, _Choice]]:  # fmt: skip
    """Every choice on the way from these inputs, by its place."""
    moving, readers = set(wrt), read_by(program)  # behind a step nothing moves a little
    for number, equation in enumerate(program.equations):
        if moving.isdisjoint(a for a in equation.inputs if isinstance(a, int)):
            continue
        if equation.primitive not in STEPS:
            moving.update(o for o in equation.outputs if is_float(values[o]))
        key = (*path, number)
        given = [a.value if isinstance(a, Constant) else values[a] for a in equation.inputs]
        if equation.primitive in CHOICES:
            if len(set(equation.inputs)) < len(given):  # x != x asks for NaN
                continue
            rule = CHOICES[equation.primitive]
            made = rule(equation.params, given, [values[o] for o in equation.outputs])
            if made is not None:
                outcome, tied, jumps, taken = made
                name = choice_name(equation, readers)
                if name in ("where", "cond"):
                    taken = "the branch of the comparison is taken"
                line = equation.source
                yield key, _Choice(name, line, jumps, taken, int(np.sum(tied)), outcome)
        elif len(path) < _DEEPEST:
            places = [k for k, a in enumerate(equation.inputs) if a in moving]
            yield from _inside(equation, given, places, shake, key)


def choice_name(equation: Equation, readers: Mapping[int, list[Equation]]) -> str:
    """What the user calls it: a comparison by what it decides, others by themselves."""
    name = equation.primitive
    if name == "convert_element_type":
        return "the conversion to whole numbers"
    if name not in COMPARISONS:
        return name.removeprefix("reduce_")
    return _decided(equation, readers) or f"the comparison {COMPARISONS[name]}"


def _decided(equation: Equation, readers: Mapping[int, list[Equation]]) -> str:
    """Where the answer of a comparison goes: "where", "cond", or "" as a number of its own."""
    waiting, seen = [*equation.outputs], set()
    while waiting:
        variable = waiting.pop()
        for reader in readers.get(variable, ()):
            if reader.primitive in ("select_n", "cond") and reader.inputs[0] == variable:
                return "where" if reader.primitive == "select_n" else "cond"
            if reader.primitive in _PASSED_ON and id(reader) not in seen:
                seen.add(id(reader))
                waiting += reader.outputs
    return ""


def _inside(
    equation: Equation, given: list[Any], places: list[int], shake: Any, key: tuple
) -> Iterator[tuple[tuple, _Choice]]:
    """The choices of a function with a rule of its own, and of the branch that is taken."""
    if equation.primitive == "cond":
        branches = equation.params["branches"]
        which = int(np.clip(np.asarray(given[0]), 0, len(branches) - 1))
        body, given, key = branches[which], given[1:], (*key, -1 - which)
        places = [k - 1 for k in places if k]
        name = ""
    elif equation.primitive.startswith("custom"):
        params = equation.params
        body = next((params[k] for k in _BODIES if params.get(k) is not None), None)
        name = called_name(equation)
    else:
        return
    if body is None:
        return
    closed = inner_closed(body)
    program = program_of(closed, [f"in{k}" for k in range(len(closed.jaxpr.invars))], True)
    try:
        values = forward(program, given, (), shake).values
        for inner, c in _choices(program, values, places, shake, key):
            rule = "the rule of the function decides" if name else c.taken
            yield (
                inner,
                _Choice(
                    name or c.name, c.line or equation.source, c.jumps, rule, c.tied, c.outcome
                ),
            )
    except Exception:  # a body that cannot be run by itself has no edges that can be told
        return


_BODIES = ("call_jaxpr", "fun_jaxpr", "jaxpr")
