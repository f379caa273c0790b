"""Derivative matrices as text and JSON: verdict, what they cost, blocks by name, a picture."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.report.dots import dotted
from taylored.report.letters import shorten, visible
from taylored.report.matrix_facts import (
    BlockFacts,
    accuracy_of,
    accuracy_said,
    blocks_of,
    kind_of,
    matrix_verdict,
    memory,
    share_said,
)
from taylored.report.numbers import number
from taylored.report.sheet import style_of, wrapped
from taylored.report.table import Cell, Style, table

if TYPE_CHECKING:
    from taylored.calculus.matrix import DerivativeMatrix
    from taylored.calculus.trees import Layout

__all__ = ["SCHEMA", "matrix_dict", "matrix_text"]

SCHEMA = "taylored-matrix/1"

_SMALL = 8  # rows and columns up to which the numbers are written out
_MOST_BLOCKS = 10
_MOST_DENSE = 5
_PICTURE = (11, 22)  # lines and characters
_NARROW = 64  # columns from which the picture stands beside the facts


# ---- terminal ----


def matrix_text(
    matrix: DerivativeMatrix,
    *,
    width: int | None = None,
    color: bool = False,
    unicode: bool = True,
) -> str:
    """The report of a matrix as text, for a terminal or a page.

    The numbers are written out, and computed for it, up to 8 x 8; else nothing is computed.

    Args:
        matrix: any Jacobian or Hessian.
        width: in characters (default: that of the terminal, at most 100).
        color: whether to color it by escape sequences.
        unicode: False for plain ASCII.
    """
    style = style_of(width, color, unicode)
    small = max(matrix.shape) <= _SMALL and matrix._arguments.concrete and matrix.pattern.nnz
    if small:
        _ = matrix.values
    parts = [style.paint(wrapped(style.clean(matrix_verdict(matrix)), style), "bold")]
    parts.append("\n".join(_picture_and_facts(matrix, style, picture=not small)))
    parts.append("\n".join(_numbers(matrix, style)) if small else "")
    parts.append("\n".join(_block_table(matrix, style)))
    parts.append("\n".join(_dense_by(matrix, style)))
    return "\n\n".join(part for part in parts if part)


def _picture_and_facts(matrix: DerivativeMatrix, style: Style, *, picture: bool) -> Iterator[str]:
    picture = picture and matrix.pattern.nnz > 0 and not matrix.pattern.is_full
    drawn = dotted(matrix.pattern, _PICTURE, style.unicode) if picture else []
    beside = bool(drawn) and style.width >= _NARROW
    indent = len(drawn[0]) + 3 if beside else 0
    facts = list(_facts(matrix, Style(style.width - indent, style.color, style.unicode)))
    if drawn and not beside:
        yield from drawn
        yield ""
        drawn = []
    if not drawn:
        yield from facts
        return
    for line, fact in itertools.zip_longest(drawn, facts, fillvalue=""):
        yield f"{line or ' ' * (indent - 3)}   {fact}".rstrip()


def _facts(matrix: DerivativeMatrix, style: Style) -> Iterator[str]:
    """Labels and what they say, broken to the width."""
    color = "estimated" if matrix._error is not None or matrix._values is not None else "unknown"
    for label, text in _lines(matrix):
        lines = wrapped(" " * 11 + style.clean(visible(text)), style, " " * 11).split("\n")
        head = style.paint(f"{label:<9}", "dim")
        mark = color if label == "accuracy" else ""
        yield f"{head}  {style.paint(lines[0][11:], mark)}"
        yield from (" " * 11 + style.paint(line[11:], mark) for line in lines[1:])


def _lines(matrix: DerivativeMatrix) -> Iterator[tuple[str, str]]:
    pattern = matrix.pattern
    cells = matrix.shape[0] * matrix.shape[1]
    yield "entries", f"{pattern.nnz:,} of {cells:,} may differ from zero ({share_said(pattern)})"
    local = pattern.scope == "local"
    yield (
        "pattern",
        f"{pattern.origin}; holds {'at this point only' if local else 'at every point'}",
    )
    yield "structure", f"{matrix.structure}; {matrix.structure.solver}"
    if pattern.listed and pattern.nnz:
        cost = matrix.cost
        ways = [(cost.forward, "forward"), (cost.reverse, "reverse")]
        said = " and ".join(f"{n:,} {name}" for n, name in ways if n)
        yield "passes", f"{said}; no fewer than {cost.lower_bound:,}: {cost.bound}"
        yield "memory", f"{memory(cost.bytes)}, against {memory(cost.dense_bytes)} dense"
    elif not pattern.listed:
        yield "memory", f"{memory(8 * cells)} dense: use J @ v, v @ J, or a block by name"
    if pattern.nnz:
        yield "accuracy", accuracy_said(matrix)


def _numbers(matrix: DerivativeMatrix, style: Style) -> list[str]:
    """The entries with the names of outputs and inputs, `.` where there is none."""
    pattern, values = matrix.pattern, np.asarray(matrix.values, float)
    shown = {(int(i), int(j)): float(v)
             for i, j, v in zip(pattern.rows, pattern.indices, values, strict=True)}  # fmt: skip
    columns = [f"d/d{visible(n)}" for n in matrix.inputs.names(range(matrix.shape[1]))]
    rows = [visible(n) for n in matrix.outputs.names(range(matrix.shape[0]))]
    rows = [f"d/d{n}" for n in rows] if matrix.symmetric else rows
    lines: list[str] = []
    for digits in (6, 4, 3):
        cells = [
            [Cell(shorten(name, 20), "bold"),
             *(_entry(shown.get((i, j)), digits, style) for j in range(len(columns)))]
            for i, name in enumerate(rows)
        ]  # fmt: skip
        heads = ["", *(shorten(name, 14) for name in columns)]
        lines = table(heads, cells, "l" + "r" * len(columns), style)
        if all(style.length(line) <= style.width for line in lines):
            break
    return [line if style.length(line) <= style.width else line[: style.width - 3] + "..."
            for line in lines]  # fmt: skip


def _entry(value: float | None, digits: int, style: Style) -> Cell:
    if value is None:
        return Cell("·" if style.unicode else ".", "dim")
    if not math.isfinite(value):
        return Cell("not finite" if math.isnan(value) else number(value), "bold red")
    return Cell(number(value, digits))


def _block_table(matrix: DerivativeMatrix, style: Style) -> Iterator[str]:
    if len(matrix.inputs.leaves) * len(matrix.outputs.leaves) < 2 or not matrix.pattern.nnz:
        return
    facts = sorted(blocks_of(matrix), key=lambda b: -b.entries)
    rows = [
        [Cell(shorten(visible(b.output), 18), "bold"), Cell(shorten(visible(b.input), 18), "bold"),
         Cell(f"{b.shape[0]:,} x {b.shape[1]:,}"), Cell(f"{b.entries:,}"), Cell(b.structure),
         Cell("" if b.largest is None else "not finite" if math.isnan(b.largest)
              else number(b.largest, 4))] for b in facts[:_MOST_BLOCKS]
    ]  # fmt: skip
    titles = ("output", "input", "block", "entries", "structure", "largest entry")
    if matrix.symmetric:
        titles = ("input", "by input", *titles[2:])
    for line in table(titles, rows, "llrrlr", style):
        yield line if style.length(line) <= style.width else f"{line[: style.width - 3]}..."
    left = len(facts) - _MOST_BLOCKS
    zero = len(matrix.inputs.leaves) * len(matrix.outputs.leaves) - len(facts)
    said = [f"{left:,} more blocks"] if left > 0 else []
    said += [f"{zero:,} {'block is' if zero == 1 else 'blocks are'} zero"] if zero else []
    if said:
        yield style.paint(f"and {' and '.join(said)}", "dim")


def _dense_by(matrix: DerivativeMatrix, style: Style) -> Iterator[str]:
    """Which operations made blocks dense because no rule is known for them."""
    causes = list(dict.fromkeys(matrix.pattern.dense_by))
    for cause in causes[:_MOST_DENSE]:
        text = style.clean(
            visible(f"made dense by {cause}: there may be fewer entries than counted.")
        )
        lines = wrapped(text, style, "  ").split("\n")
        yield style.paint("made dense by", "bold yellow") + lines[0][13:]
        yield from lines[1:]
    if len(causes) > _MOST_DENSE:
        yield style.paint(f"and {len(causes) - _MOST_DENSE} more", "dim")


# ---- JSON ----


def matrix_dict(matrix: DerivativeMatrix) -> dict[str, Any]:
    """All that is known of a matrix as dictionaries, lists, text, numbers and None.

    `rows`, `columns` and `values` are there once entries were computed; a value that is not
    finite is None.
    """
    pattern = matrix.pattern
    listed = pattern.listed
    return {
        "schema": SCHEMA,
        "kind": kind_of(matrix).lower(),
        "function": matrix._traced.name,
        "status": matrix_verdict(matrix),
        "accuracy": str(accuracy_of(matrix)),
        "agreement": matrix._error,
        "shape": [int(n) for n in matrix.shape],
        "entries": int(pattern.nnz),
        "density": float(pattern.density),
        "pattern": {"scope": pattern.scope, "origin": pattern.origin, "listed": bool(listed),
                    "dense_by": list(pattern.dense_by)},
        "structure": {"kind": matrix.structure.kind, "solver": matrix.structure.solver,
                      "details": {k: v if isinstance(v, str) else int(v)
                                  for k, v in matrix.structure.details.items()}},
        "cost": _cost_dict(matrix) if listed else None,
        "outputs": _leaves(matrix.outputs),
        "inputs": _leaves(matrix.inputs),
        "blocks": [_block_dict(b) for b in blocks_of(matrix)],
        **_entries_dict(matrix),
    }  # fmt: skip


def _leaves(layout: Layout) -> list[dict[str, Any]]:
    return [{"name": leaf.name, "shape": list(leaf.shape)} for leaf in layout.leaves]


def _cost_dict(matrix: DerivativeMatrix) -> dict[str, Any]:
    cost = matrix.cost
    numbers = ("passes", "forward", "reverse", "lower_bound", "bytes", "dense_bytes")
    return {**{name: int(getattr(cost, name)) for name in numbers}, "bound": cost.bound}


def _block_dict(block: BlockFacts) -> dict[str, Any]:
    largest = block.largest
    known = largest is not None and math.isfinite(largest)
    return {
        "output": block.output, "input": block.input, "shape": [int(n) for n in block.shape],
        "entries": block.entries, "structure": block.structure,
        "largest": largest if known else None,
    }  # fmt: skip


def _entries_dict(matrix: DerivativeMatrix) -> dict[str, Any]:
    if matrix._values is None or not matrix._arguments.concrete:
        return {"rows": None, "columns": None, "values": None}
    values = np.asarray(matrix._values, float).tolist()
    return {
        "rows": matrix.pattern.rows.tolist(),
        "columns": matrix.pattern.indices.tolist(),
        "values": [v if math.isfinite(v) else None for v in values],
    }
