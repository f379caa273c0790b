"""Why an output depends on an input: a path through the function, with the lines it takes."""

from __future__ import annotations

import linecache
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.readings.sparsity import Dependence, Value, Walk, compressed, tangent_walk
from taylored.trace.program import Equation, Program

if TYPE_CHECKING:
    from taylored.calculus.matrix import DerivativeMatrix

__all__ = ["Explanation", "Step", "explain"]


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the function that the dependence goes through.

    `source` is "file:line (function)", `code` the text of the line, `operations` what is done to
    the derivative there, in the order of the way from the input to the output.
    """

    source: str
    code: str
    operations: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """A path from an input to an output, from the input on; empty where there is none.

    `value` is the derivative at the point, None inside jit. `ways` counts the paths through the
    program that carry this dependence (a fork counts as often as it has arms).
    """

    output: str
    input: str
    depends: bool
    value: float | None
    steps: tuple[Step, ...]
    ways: int

    def __str__(self) -> str:
        of = f"d {self.output} / d {self.input}"
        if not self.depends:
            return f"{of} = 0 at every point: no path leads from {self.input} to {self.output}."
        value = "" if self.value is None else f" = {self.value:.6g}"
        more = "" if self.ways == 1 else f" (one of {self.ways} ways)"
        through = " through" if self.steps else " as it is"
        lines = [f"{of}{value}: {self.input} reaches {self.output}{more}{through}"]
        for step in self.steps:
            done = ", ".join(step.operations)
            lines.append(f"  {step.source or 'a line inside a library'}: {done}")
            if step.code:
                lines.append(f"      {step.code}")
        return "\n".join(lines)

    __repr__ = __str__


def explain(matrix: DerivativeMatrix, i: int, j: int) -> Explanation:
    """The path of entry (i, j); see `DerivativeMatrix.explain`."""
    plan = matrix._plan
    names = matrix.outputs.name(i), matrix.inputs.name(j)
    program, tangents = plan.derivative_program()
    row, column = (i, j) if plan.forward else (j, i)
    shapes = [program.shapes[k] for k in range(len(program.names))]
    trail: dict[int, tuple[Equation, list[Value]]] = {}
    values: dict[int, Value] = {}

    def record(equation: Equation, given: list[Value], results: list[Value]) -> None:
        for number, value in zip(equation.outputs, results, strict=True):
            trail[number] = (equation, given)
            values[number] = value

    outputs, _ = tangent_walk(program, shapes, tangents, record=record)
    start = _output_place(program, outputs, row)
    listed = matrix.pattern.listed and not _has_entry(matrix, i, j)
    depends = (
        start is not None and not listed and column in _sources(outputs[start[0]].dep, start[1])
    )
    if not depends:
        return Explanation(*names, False, 0.0, (), 0)
    assert start is not None
    atom = program.outputs[start[0]]
    path, ways = _path(program, trail, (atom, start[1]), column)
    if plan.forward:
        path = path[::-1]
    entry = float(matrix[i, j]) if matrix._arguments.concrete and matrix.pattern.listed else None
    return Explanation(*names, True, entry, _steps(path), ways)


def _has_entry(matrix: DerivativeMatrix, i: int, j: int) -> bool:
    pattern = matrix.pattern
    row = pattern.indices[pattern.indptr[i] : pattern.indptr[i + 1]]
    return bool(np.any(row == j))


def _output_place(program: Program, outputs: list[Value], row: int) -> tuple[int, int] | None:
    for number, value in enumerate(outputs):
        size = int(np.prod(value.shape, dtype=np.int64))
        if row < size:
            return None if value.dep is None else (number, row)
        row -= size
    return None


def _sources(dep: Dependence | None, element: int) -> np.ndarray:
    """The inputs that an element depends on."""
    if dep is None:
        return np.zeros(0, int)
    return compressed(dep.taken(np.array([element])))[1]


def _path(
    program: Program, trail: dict, place: tuple[Any, int], column: int
) -> tuple[list[tuple[str, str]], int]:
    """Operations and lines from an output back to the input, and how many ways there are."""
    found: list[tuple[str, str]] = []
    ways = 1
    number, element = place
    while number in trail:
        equation, given = trail[number]
        found.append((equation.primitive, equation.source))
        arms = _arms(program, equation, given, (equation.outputs.index(number), element), column)
        if not arms:
            break
        ways *= len(arms)
        number, element = arms[0]
    return found, ways


def _arms(
    program: Program, equation: Equation, given: list[Value], place: tuple[int, int], column: int
) -> list[tuple[Any, int]]:
    """The operands, and one element of each, that carry the dependence on the input."""
    arms = []
    for k, value in enumerate(given):
        if value.dep is None or not isinstance(equation.inputs[k], int):
            continue
        size = int(np.prod(value.shape, dtype=np.int64))
        alone = [replace(v, dep=None) for v in given]
        alone[k] = replace(value, dep=Dependence.identity(value.shape, 0, size))
        results = Walk(size).apply(equation, alone, program)
        for element in _sources(results[place[0]].dep, place[1]):
            if column in _sources(value.dep, int(element)):
                arms.append((equation.inputs[k], int(element)))
                break
    return arms


_PLUMBING = frozenset(
    "broadcast_in_dim reshape squeeze expand_dims convert_element_type copy transpose".split()
)
_WORDS = {
    "mul": "times a factor", "add_any": "sum", "add": "sum", "sub": "difference", "neg": "minus",
    "div": "division", "reduce_sum": "sum over elements", "dot_general": "matrix product",
    "slice": "slice", "pad": "place in a larger array", "concatenate": "join", "gather": "indexing",
    "scatter-add": "add at indices", "select_n": "choice (where)", "rev": "reversal",
    "while": "while loop", "scan": "loop (scan)", "cond": "branch (cond)",
    "triangular_solve": "triangular solve", "cumsum": "cumulative sum",
}  # fmt: skip


def _steps(path: list[tuple[str, str]]) -> tuple[Step, ...]:
    """Operations of the same line together; what only arranges arrays is left out."""
    steps: list[Step] = []
    kept = [p for p in path if p[0] not in _PLUMBING] or path
    for primitive, place in kept:
        source = _line(place)
        word = _WORDS.get(primitive, primitive)
        if steps and steps[-1].source == source:
            if steps[-1].operations[-1] != word:
                steps[-1] = replace(steps[-1], operations=(*steps[-1].operations, word))
            continue
        steps.append(Step(source, _code(source), (word,)))
    return tuple(steps)


def _line(place: str) -> str:
    """ "file:line:column (function)" without the column."""
    return re.sub(r"^(.*?:\d+):\d+( \(|$)", r"\1\2", place)


def _code(source: str) -> str:
    """The text of the line of "file:line (function)" or "file:line:column (function)"."""
    place = source.partition(" (")[0].split(":")
    numbers = [p for p in place[1:] if p.isdigit()]
    return linecache.getline(place[0], int(numbers[0])).strip() if numbers else ""
