"""Derivatives that are not the same on both sides of a point, or not what the rules say there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from taylored.calculus.formulas import formula_name
from taylored.calculus.sided import Side, Switch, sides, switches
from taylored.readings.shaken import Given
from taylored.results import Finding
from taylored.trace.program import Program

if TYPE_CHECKING:
    from taylored.calculus.symbolic import Derivative

__all__ = ["label", "with_kinks"]

Index = tuple[int, ...]


def with_kinks(
    result: Derivative, program: Program, whole: Program, point: Sequence[Given]
) -> Derivative:
    """The result without the derivatives that do not exist where the formula switches.

    Args:
        result: the derivatives that the rules give.
        program: the formulas.
        whole: values, first and second derivatives.
        point: of every input.
    """
    hit = switches(program, point, formula_name)
    if not hit:
        return result
    numbers, errors, notes = result.numbers.copy(), result.errors.copy(), dict(result.notes)
    hard = frozenset().union(*(s.names for s in hit if not s.soft))
    for name in dict.fromkeys(n for n in result.names if any(n in s.names for s in hit)):
        both = sides(whole, point, program.names.index(name))
        look = _Look(result, both, len(program.outputs), name not in hard)
        for index, note in look.broken(result.names.index(name)).items():
            notes.setdefault(index, note)
            numbers[index] = errors[index] = np.nan
    finding = _finding(result, hit, notes)
    findings = (*result.findings, finding) if finding else result.findings
    return replace(result, numbers=numbers, errors=errors, notes=notes, findings=findings)


@dataclass(frozen=True, slots=True)
class _Look:
    """What is on both sides along one input; `soft` where all that changes are roots."""

    result: Derivative
    both: tuple[Side, Side]
    outputs: int
    soft: bool

    def broken(self, column: int) -> dict[Index, str]:
        """The derivatives by this input that do not exist, with what they are beside the point."""
        inputs, outputs = len(self.result.names), self.outputs
        found: dict[Index, str] = {}
        if self.result.kind == "hessian":
            for i in range(inputs):
                for index in ((i, column), (column, i)):
                    number = outputs + inputs + index[0] * inputs + index[1]
                    note = self._jump(0) or self.note(index, outputs + i, number)
                    if note:
                        found[index] = note
            return found
        for row in range(outputs):
            index = (column,) if self.result.kind == "gradient" else (row, column)
            note = self.note(index, row, outputs + row * inputs + column)
            if note:
                found[index] = note
        return found

    def _jump(self, below: int) -> str:
        """How what is differentiated jumps."""
        left, right = self.both
        if self.soft or not (left.jumps[below] or right.jumps[below]):
            return ""
        ends = [float(side.limit[below]) for side in self.both]
        finite = [math.isfinite(end) for end in ends]
        if all(finite):
            return f"a jump, from {ends[0]:.6g} to {ends[1]:.6g}"
        for k, side in enumerate(self.both):
            if finite[k] and side.jumps[below]:
                return f"a jump, to {ends[k]:.6g} on the {('left', 'right')[k]}"
        return "edge of the domain"

    def note(self, index: Index, below: int, number: int) -> str:
        """What the one-sided slopes are, where they or what is differentiated do not agree."""
        jump = self._jump(below)
        if jump:
            return jump
        here = float(self.result.numbers[index])
        # A root of zero has an edge or an infinite slope, which are told elsewhere.
        known = [k for k, side in enumerate(self.both)
                 if not self.soft or math.isfinite(side.limit[below])]  # fmt: skip
        slopes = [float(side.limit[number]) for side in self.both]
        if self.soft and not math.isfinite(here):
            known = known if all(math.isfinite(slopes[k]) for k in known) else []
        if not any(self.both[k].jumps[number] for k in known):
            return ""
        if len(known) == 1 or math.isclose(*slopes, rel_tol=1e-9):
            computed = f"{_slope(here)} as computed" if math.isfinite(here) else "none as computed"
            where = "both sides" if len(known) == 2 else f"the {('left', 'right')[known[0]]}"
            return f"{_slope(slopes[known[0]])} on {where}, but {computed}"
        return f"{_slope(slopes[0])} on the left, {_slope(slopes[1])} on the right"


def _slope(value: float) -> str:
    if math.isinf(value):
        return "infinite"
    return f"{value + 0.0:.6g}" if math.isfinite(value) else "none"


def _finding(
    result: Derivative, hit: Sequence[Switch], notes: Mapping[Index, str]
) -> Finding | None:
    parts = list(dict.fromkeys(s.text for s in hit if notes or not s.soft))
    if not parts:
        return None
    listed = ", ".join(parts[:3]) + (" and others" if len(parts) > 3 else "")
    verb = "changes" if len(parts) == 1 else "change"
    if not notes:
        return Finding(
            "switch", f"{listed} {verb} here, but the slopes on both sides agree.", "", "note"
        )
    index, note = next(iter(notes.items()))
    name, told, step = "kink", f"one-sided derivatives are {note}", "Look at a point on one side."
    if "jump" in note or "edge" in note:
        name, told = ("jump" if "jump" in note else "edge"), note
    elif "computed" in note:
        name, told = "branch", note
        step = "Write the formula without the branch, or look at a point nearby."
    more = f" ({len(notes)} derivatives in all)" if len(notes) > 1 else ""
    message = f"{listed} {verb} here; {label(result, index)}: {told}{more}."
    return Finding(name, message, step, "error")


def label(result: Derivative, index: tuple[int, ...]) -> str:
    """What a number is: `df/dx`, `df2/dx`, `d²f/dx dy`."""
    if result.kind == "hessian":
        first, second = (result.names[i] for i in index)
        return f"d²f/d{first}²" if first == second else f"d²f/d{first} d{second}"
    name = result.names[index[-1]]
    several = result.kind == "jacobian" and len(result.formulas) > 1
    return f"df{index[0] + 1}/d{name}" if several else f"df/d{name}"
