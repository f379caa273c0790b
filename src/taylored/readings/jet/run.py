"""Taylor coefficients of a program: of numbers at points, or of intervals over boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from taylored.readings.interval.coefficients import NAMES
from taylored.readings.interval.executor import NUMPY, Executor
from taylored.readings.interval.ring import IntervalRing
from taylored.readings.jet.elementwise import SMOOTH
from taylored.readings.jet.plain import PlainRing
from taylored.readings.jet.recognize import recognized
from taylored.readings.jet.ring import Ring
from taylored.readings.jet.space import Space
from taylored.readings.jet.table import Walker, as_series, shared_table
from taylored.readings.jet.value import NotUniform, Series, Trouble, Undecided, zeros
from taylored.trace.program import Atom, Program

__all__ = ["INTERVALS", "JETS", "Enclosed", "Expanded", "enclose", "expand"]

JETS = shared_table(
    "Taylor", "write the function with operations that have one; ty.jacobian differentiates more."
)
INTERVALS = shared_table(
    "interval", "write it with operations that have one; ty.taylor without a radius needs none."
)
for _name in SMOOTH - NAMES:
    INTERVALS.drop(_name)

_IN_CACHE = 100_000  # products of end points
_FEWEST_AT_ONCE = 32  # boxes


@dataclass(frozen=True, slots=True)
class Expanded:
    """Coefficients (coefficients, points, *shape) of each output, and where they mean nothing."""

    outputs: tuple[np.ndarray, ...]
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True)
class Enclosed:
    """Lower and upper ends (coefficients, boxes, *shape) of each output's coefficients.

    They are numbers of the executor. Where something is in the way they are infinite.
    """

    low: tuple[Any, ...]
    high: tuple[Any, ...]
    troubles: tuple[Trouble, ...]


def expand(
    program: Program, space: Space, seeds: Sequence[np.ndarray], dtype: Any = np.longdouble
) -> Expanded:
    """Taylor coefficients of the outputs, in numbers.

    Args:
        program: the function.
        space: variables and degree of the polynomials.
        seeds: (coefficients of degree <= 1, points, *shape) of each input.
        dtype: of the arithmetic, float64 or long double.

    Raises:
        MissingRule: for all operations without a rule at once.
    """
    program = recognized(program)
    JETS.require(program)
    points = max((s.shape[1] for s in seeds), default=1)
    degree = 1 if space.degree else 0
    rows = space.count(degree)

    def run(chosen: slice, count: int) -> tuple[list[Series], list[Trouble]]:
        ring = PlainRing(space, count, dtype)
        inputs = [Series((s[:rows, _part(s, chosen)].astype(dtype),), degree) for s in seeds]
        with np.errstate(all="ignore"):
            return _outputs(Walker(JETS, ring), program, inputs), ring.troubles

    found, troubles = _each(run, points, points, space)
    found = found or _unknown(program, (np.nan,), space)
    return Expanded(tuple(_full(s, 0, space, points) for s in found), tuple(troubles))


def enclose(
    program: Program,
    space: Space,
    boxes: Sequence[tuple[np.ndarray, np.ndarray]],
    slopes: Sequence[Any],
    executor: Executor = NUMPY,
) -> Enclosed:
    """Enclosures of the Taylor coefficients of the outputs at all points of each box.

    Args:
        program: the function.
        space: variables and degree of the polynomials.
        boxes: lower and upper ends (boxes, *shape) of each input, in float64.
        slopes: (variables, 1 or boxes, *shape) coefficients of degree 1 of each input: numbers, or
            pairs of lower and upper ends.
        executor: how end points are computed.

    Raises:
        MissingRule: for all operations without a rule at once.
    """
    program = recognized(program)
    INTERVALS.require(program)
    count = max((low.shape[0] for low, _ in boxes), default=1)

    def run(chosen: slice, number: int) -> tuple[list[Series], list[Trouble]]:
        ring = IntervalRing(space, number, executor)
        inputs = [
            _seeded(ring, (low[chosen], high[chosen]), slope, chosen)
            for (low, high), slope in zip(boxes, slopes, strict=True)
        ]
        with np.errstate(all="ignore"):
            return _outputs(Walker(INTERVALS, ring), program, inputs), ring.troubles

    found, troubles = _each(run, count, _at_once(program, space), space)
    found = found or [s.map(executor.array) for s in _unknown(program, (-np.inf, np.inf), space)]
    low = tuple(_full(s, 0, space, count) for s in found)
    high = tuple(_full(s, 1, space, count) for s in found)
    return Enclosed(low, high, tuple(troubles))


def _seeded(ring: IntervalRing, box: tuple[Any, Any], slope: Any, chosen: slice) -> Series:
    value = ring.of_boxes(*box)
    if ring.degree == 0:
        return value
    ends = slope if isinstance(slope, tuple) else (slope, slope)
    parts = []
    for part, end in zip(value.parts, ends, strict=True):
        end = ring.e.array(end[:, _part(end, chosen)])
        wide = np.broadcast_to(end, (end.shape[0], *part.shape[1:]))
        parts.append(np.concatenate([part, wide]))
    return Series(tuple(parts), 1)


def _part(array: np.ndarray, chosen: slice) -> slice:
    return chosen if array.shape[1] > 1 else slice(None)


def _outputs(walker: Walker, program: Program, inputs: list[Series]) -> list[Series]:
    ring: Ring = walker.ring
    found = walker.run(program, inputs)
    if ring.troubles and walker.choices:
        # What is not chosen may be without a value there: where(x > 0, log(x), 0).
        shorter = _chosen_only(program, walker.choices)
        if len(shorter.equations) < len(program.equations):
            # A choice that hangs on a tie stays in doubt, though numbers have made it.
            ties = [t for t in ring.troubles if t.kind == "branch"]
            ring.troubles[:] = ties if isinstance(ring, PlainRing) else []
            walker.choices.clear()
            return _outputs(walker, shorter, inputs)
    return [as_series(v, ring) for v in found]


def _chosen_only(program: Program, choices: Mapping[int, np.ndarray]) -> Program:
    """The program without the cases that no box chooses.

    Raises:
        NotUniform: where boxes choose differently.
    """
    found: dict[int, int] = {}
    for output, chosen in choices.items():
        certain = chosen[chosen >= 0]
        if certain.size and not (chosen == chosen[0]).all():
            raise NotUniform
        if certain.size:
            found[output] = int(chosen[0])
    instead: dict[int, Atom] = {}

    def read(atom: Atom) -> Atom:
        return instead.get(atom, atom) if isinstance(atom, int) else atom

    kept = []
    for equation in program.equations:
        inputs = tuple(map(read, equation.inputs))
        if equation.outputs[0] in found:
            instead[equation.outputs[0]] = inputs[1 + found[equation.outputs[0]]]
        else:
            kept.append(replace(equation, inputs=inputs))
    outputs = tuple(map(read, program.outputs))
    whole = Program(program.names, tuple(kept), outputs, program.size, program.shapes)
    return whole.keep(outputs)


def _each(run: Any, count: int, at_once: int, space: Space) -> tuple[list[Series], list[Trouble]]:
    """So many boxes at once as the processor's cache holds."""
    columns, troubles = [], []
    for first in range(0, count, at_once):
        number = min(at_once, count - first)
        found, noted = _span(run, first, number, space)
        columns.append((number, found))
        troubles += [_placed(t, first, count) for t in noted]
    return (columns[0][1] if len(columns) == 1 else _together(columns, space)), troubles


def _span(run: Any, first: int, number: int, space: Space) -> tuple[list[Series], list[Trouble]]:
    """Neighboring boxes together, or, where they go different ways, one after another."""
    try:
        return run(slice(first, first + number), number)
    except NotUniform:
        pass
    except Undecided as undecided:
        if number == 1:
            return [], [undecided.trouble]
    columns, troubles = [], []
    for k in range(number):
        found, noted = _span(run, first + k, 1, space)
        columns.append((1, found))
        troubles += [_placed(t, k, number) for t in noted]
    return _together(columns, space), troubles


def _placed(trouble: Trouble, first: int, count: int) -> Trouble:
    """A trouble of neighboring boxes as one among all."""
    where = np.zeros(count, bool)
    where[first : first + len(trouble.boxes)] = trouble.boxes
    return replace(trouble, boxes=where)


def _together(columns: list[tuple[int, list[Series]]], space: Space) -> list[Series]:
    """The outputs of boxes that were run apart; where one gave nothing all is unknown."""
    made = [found for _, found in columns if found]
    if not made:
        return []
    results = []
    for place, like in enumerate(made[0]):
        given = [found[place] for found in made]
        whole = len(made) == len(columns)
        degree = max(s.degree for s in given) if whole else space.degree
        rows = space.count(degree)
        parts = []
        for k, part in enumerate(like.parts):
            unknown = np.nan if len(like.parts) == 1 else (-np.inf, np.inf)[k]
            pieces = []
            for number, found in columns:
                shape = (rows, number, *part.shape[2:])
                if found:
                    piece = np.broadcast_to(_rows(found[place].parts[k], rows), shape)
                else:
                    # python-flint's numbers are objects of their own.
                    piece = np.full(shape, type(part.flat[0])(unknown), part.dtype)
                pieces.append(piece)
            parts.append(np.concatenate(pieces, axis=1))
        results.append(Series(tuple(parts), degree))
    return results


def _unknown(program: Program, ends: tuple[float, ...], space: Space) -> list[Series]:
    """Outputs of which nothing is known."""
    shapes = [program.shapes.get(a, ()) if isinstance(a, int) else () for a in program.outputs]
    size, degree = space.size, space.degree
    return [Series(tuple(np.full((size, 1, *s), end) for end in ends), degree) for s in shapes]


def _at_once(program: Program, space: Space) -> int:
    """How many boxes fit into the cache, roughly: pairs of coefficients times elements."""
    largest = max((int(np.prod(s, dtype=np.int64)) for s in program.shapes.values()), default=1)
    pairs = space.size if space.degree <= 1 else space.size**2 // 2
    return max(_FEWEST_AT_ONCE, _IN_CACHE // max(pairs * largest, 1))


def _rows(part: Any, rows: int) -> Any:
    if part.shape[0] == rows:
        return part
    return np.concatenate([part, zeros((rows - part.shape[0], *part.shape[1:]), part)])


def _full(series: Series, part: int, space: Space, boxes: int) -> Any:
    """All coefficients up to the degree of the space, for every box."""
    found = _rows(series.parts[part], space.size)
    return np.broadcast_to(found, (found.shape[0], boxes, *found.shape[2:]))
