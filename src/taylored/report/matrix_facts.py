"""What can be said of a derivative matrix: its verdict, its passes, its accuracy, its blocks."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from taylored.calculus.pattern import Pattern
from taylored.calculus.structure import structure_of
from taylored.report.letters import visible
from taylored.report.numbers import number
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.calculus.matrix import DerivativeMatrix

__all__ = ["BlockFacts", "accuracy_of", "accuracy_said", "blocks_of", "kind_of", "matrix_verdict"]
__all__ += ["memory", "name_of", "passes_said", "share_said"]

# ---- facts in words ----


def memory(count: float) -> str:
    """Bytes in words: `9.2 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.3g} {unit}" if count < 1000 else f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.3g} TiB"


def share_said(pattern: Pattern) -> str:
    """The share of entries: `0.006 %`, `all`."""
    return "all" if pattern.is_full else f"{number(100 * pattern.density, 2)} %"


def kind_of(matrix: DerivativeMatrix) -> str:
    """`Hessian` or `Jacobian`."""
    return "Hessian" if matrix.symmetric else "Jacobian"


def name_of(matrix: DerivativeMatrix) -> str:
    """The function's name, as a sentence can hold it."""
    name = visible(matrix._traced.name)
    return "f" if name == "<lambda>" else name


def matrix_verdict(matrix: DerivativeMatrix) -> str:
    """What matrix it is and what it costs, in one sentence."""
    pattern = matrix.pattern
    rows, columns = matrix.shape
    opening = f"{kind_of(matrix)} of {name_of(matrix)}, {rows:,} x {columns:,}"
    if not pattern.nnz:
        return f"{opening}: every derivative is zero at every point."
    if not pattern.listed:
        return f"{opening}: dense and too large to be written out; products take one pass each."
    if pattern.is_full:
        return f"{opening}: dense, {passes_said(matrix)}."
    return (
        f"{opening}: {pattern.nnz:,} entries ({share_said(pattern)}), "
        f"{matrix.structure.kind}, {passes_said(matrix)}."
    )


def passes_said(matrix: DerivativeMatrix) -> str:
    """How many passes give all entries, against the fewest that there can be."""
    cost = matrix.cost
    counted = "1 pass" if cost.passes == 1 else f"{cost.passes:,} passes"
    if cost.passes <= cost.lower_bound:
        return f"{counted}, the fewest possible"
    return f"{counted} (no fewer than {cost.lower_bound:,})"


def accuracy_said(matrix: DerivativeMatrix) -> str:
    """How far the entries can be trusted, and how that is known."""
    if matrix._error is not None:
        return (
            f"estimated: entries and a product in a random direction agree to "
            f"{number(max(matrix._error, 1e-17), 1)}, relative to the size of each row"
        )
    if not matrix.pattern.listed:
        return "estimated: products are exact but for rounding"
    if matrix._values is not None:
        return (
            "estimated: rounding only; the pattern was checked by a product in a random direction "
            "when entries were first computed"
        )
    return (
        "unknown until entries are computed; they are then compared with a product in a random "
        "direction"
    )


def accuracy_of(matrix: DerivativeMatrix) -> Accuracy:
    """The kind of what can be said of the entries."""
    known = matrix._values is not None or matrix._error is not None
    return Accuracy.ESTIMATED if known else Accuracy.UNKNOWN


# ---- blocks ----


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """Outputs of one name by inputs of one name."""

    output: str
    input: str
    shape: tuple[int, int]
    entries: int
    structure: str
    largest: float | None  # NaN among the entries makes it NaN; None where not computed


def blocks_of(matrix: DerivativeMatrix) -> list[BlockFacts]:
    """The blocks by name that are not zero, in their order."""
    pattern = matrix.pattern
    pairs = itertools.product(matrix.outputs.leaves, matrix.inputs.leaves)
    if not pattern.listed:
        return [BlockFacts(o.name, i.name, (o.size, i.size), o.size * i.size, "dense", None)
                for o, i in pairs]  # fmt: skip
    outer = np.searchsorted([leaf.stop for leaf in matrix.outputs.leaves], pattern.rows, "right")
    inner = np.searchsorted([leaf.stop for leaf in matrix.inputs.leaves], pattern.indices, "right")
    where = outer * len(matrix.inputs.leaves) + inner
    counts = np.bincount(where, minlength=len(matrix.outputs.leaves) * len(matrix.inputs.leaves))
    values = None if matrix._values is None else np.abs(np.asarray(matrix._values, float))
    facts = []
    for k, (o, i) in enumerate(pairs):
        if not counts[k]:
            continue
        inside = where == k
        part = _part(pattern, inside, (o.start, i.start), (o.size, i.size))
        largest = None if values is None else float(np.max(values[inside]))
        kind = str(structure_of(part, matrix.symmetric and o.name == i.name).kind)
        facts.append(BlockFacts(o.name, i.name, part.shape, int(counts[k]), kind, largest))
    return facts


def _part(
    pattern: Pattern, inside: np.ndarray, start: tuple[int, int], shape: tuple[int, int]
) -> Pattern:
    rows = pattern.rows[inside] - start[0]
    counts = np.bincount(rows, minlength=shape[0])
    starts = np.concatenate([[0], np.cumsum(counts)])
    return Pattern(shape, starts, pattern.indices[inside] - np.int32(start[1]))
