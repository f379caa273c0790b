"""The common walk of the Taylor readings, and the families of rules that both of them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from taylored.errors import MissingRule
from taylored.readings.jet.ring import Ring
from taylored.readings.jet.value import Series, Truth, moved
from taylored.readings.numpy import RULES as NUMPY
from taylored.trace.program import Equation, Program
from taylored.trace.rules import RuleTable
from taylored.trace.walk import walk

__all__ = ["SHARED", "Walker", "as_series", "known", "shared_table", "unsupported"]

# What both readings have: primitive -> rule of (equation, values, walker).
SHARED: dict[str, Callable] = {}


def rule(*primitives: str) -> Callable[[Callable], Callable]:
    """Decorator: the rule below is that of these primitives in both readings."""

    def add(function: Callable) -> Callable:
        for primitive in primitives:
            if primitive in SHARED:
                raise ValueError(f"{primitive} has a rule already")
            SHARED[primitive] = function
        return function

    return add


def shared_table(reading: str, advice: str) -> RuleTable:
    """A table with the shared rules in it, to which a reading adds its own."""
    # Each of these modules adds its rules when it is imported.
    from taylored.readings.jet import algebra, control, elementwise, structure  # noqa: F401

    table = RuleTable(reading, advice)
    for primitive, function in SHARED.items():
        table.family([primitive], function)
    return table


class Walker:
    """Runs programs in a ring by the rules of a table."""

    def __init__(self, table: RuleTable, ring: Ring):
        self.table, self.ring = table, ring
        # For each `select_n` of the outermost program which case every box takes; -1: not certain.
        self.choices: dict[int, np.ndarray] = {}
        self._depth = 0

    def run(self, program: Program, inputs: Sequence[Any]) -> list[Any]:
        """The program's outputs, as series (known arrays where they are whole numbers)."""
        self._depth += 1
        found = walk(program, inputs, self._apply, self._constant)
        self._depth -= 1
        return found

    def chose(self, equation: Equation, condition: Truth) -> None:
        """Remember what a choice between two cases was."""
        if self._depth == 1:
            rows = condition.sure.shape[0]
            yes = condition.sure.reshape(rows, -1).all(axis=1)
            no = ~condition.maybe.reshape(rows, -1).any(axis=1)
            self.choices[equation.outputs[0]] = np.where(yes, 1, np.where(no, 0, -1))

    def _constant(self, value: Any) -> Any:
        # A Python whole number in a formula is a number like any other; NumPy's are indices.
        array = np.asarray(value)
        indexing = isinstance(value, np.ndarray | np.integer | np.bool_ | bool)
        return array if indexing and array.dtype.kind in "biu" else self.ring.constant(value)

    def _apply(self, equation: Equation, values: list[Any]) -> Any:
        self.ring.here = equation
        if values and all(map(known, values)) and equation.primitive in _ON_KNOWN:
            return _arrays(NUMPY[equation.primitive](equation)(*values))
        return self.table[equation.primitive](equation, values, self)


def _arrays(result: Any) -> Any:
    """NumPy's numbers as arrays without axes."""
    return (
        [np.asarray(v) for v in result] if isinstance(result, tuple | list) else np.asarray(result)
    )


def unsupported(walker: Walker, equation: Equation, what: str, advice: str = "") -> MissingRule:
    """The refusal of a case that the rule of a primitive does not have."""
    where = f"{equation.primitive} at {equation.source or 'an unknown line'}"
    table = walker.table
    return MissingRule(f"The {table.reading} reading has no rule for {what}.", where=where,
                       next_step=advice or table.advice)  # fmt: skip


def known(value: Any) -> bool:
    """Whether it is an array of whole numbers or conditions that is the same in all boxes."""
    return isinstance(value, np.ndarray)


def as_series(value: Any, ring: Ring) -> Series:
    """Known whole numbers, or conditions as 0 and 1, as numbers to compute with."""
    if isinstance(value, Truth):
        index = np.zeros(value.shape, int)
        return ring.choose(value, *(moved(ring.constant(v), index) for v in (0.0, 1.0)))
    return ring.constant(np.asarray(value, float)) if known(value) else value


# Primitives that NumPy runs exactly where all that goes in is known.
_ON_KNOWN = frozenset(
    """add add_any sub mul neg max min abs sign rem integer_div integer_pow lt le gt ge eq ne and
    or not select_n bitwise_and bitwise_or bitwise_xor bitwise_not broadcast_in_dim
    broadcast_to reshape squeeze expand_dims transpose rev concatenate stack tile slice
    dynamic_slice dynamic_update_slice pad gather scatter scatter-add scatter_add clamp copy
    copy_p stop_gradient reduce_sum reduce_max reduce_min reduce_prod reduce_and reduce_or
    cumsum cumprod cummax cummin sort argmax argmin square dot_general""".split()
)
