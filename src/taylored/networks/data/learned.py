"""What training learns of a column, and what is doubtful about it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np

from taylored.errors import ColumnError, NotNumericError
from taylored.networks.data.cells import Cells
from taylored.networks.data.column import Column
from taylored.networks.data.scaling import check_size, spread_findings, spread_of
from taylored.results import Finding
from taylored.tables import counted

__all__ = ["CATEGORY_SCALE", "fit_column"]

# Two categories lie as far apart as two standard deviations of a number: |z - z'| = 2.
CATEGORY_SCALE = math.sqrt(0.5)
_MANY = 50
_MOST = 1000
# Beyond the ends new rows are expected a few spacings far, or a tenth of the range.
_SPACINGS, _FAR = 3.0, 0.1


def fit_column(
    cells: Cells, rows: np.ndarray, weights: np.ndarray | None, *, standardize: bool
) -> tuple[Column, list[Finding]]:
    """What is kept of a column whose cells in `rows` are used, and what is doubtful about it.

    Raises:
        ColumnError: for too many categories; NotNumericError: numbers with texts among them.
    """
    if cells.kind == "text":
        return _fit_categories(cells, rows, standardize)
    values = cells.values[rows]
    check_size(values, cells.name)
    spread = spread_of(values, weights)
    found = [_as_text_finding(cells.name)] if cells.parsed else []
    if spread.constant and standardize:
        column = Column(cells.name, cells.kind, spread.lo, 1.0, spread.lo, spread.hi, constant=True)
        return column, [*found, _constant(cells.name, f"{spread.lo:.6g}")]
    if not spread.constant:
        found += spread_findings(cells.name, values, spread, rows)
    center, scale = (spread.center, spread.scale) if standardize else (0.0, 1.0)
    margin = min(_FAR, _SPACINGS / len(values)) * (spread.hi - spread.lo)
    return Column(cells.name, cells.kind, center, scale, spread.lo, spread.hi, margin), found


def _fit_categories(
    cells: Cells, rows: np.ndarray, standardize: bool
) -> tuple[Column, list[Finding]]:
    counts = Counter(cells.values[rows])
    _refuse_identifiers(cells, len(counts), len(rows))
    categories = tuple(sorted(counts, key=_by_number))
    if len(categories) == 1:
        constant = Column(cells.name, "category", categories=categories, constant=True)
        return constant, [_constant(cells.name, repr(categories[0]))]
    scale = CATEGORY_SCALE if standardize else 1.0
    column = Column(cells.name, "category", scale=scale, categories=categories)
    return column, list(_category_findings(cells, counts, len(rows)))


def _by_number(category: str) -> tuple[float, str]:
    """Numbers in their order, then texts in theirs."""
    try:
        number = float(category)
    except ValueError:
        return math.inf, category
    return (number if number == number else math.inf), category


def _refuse_identifiers(cells: Cells, count: int, rows: int) -> None:
    if count <= max(rows // 2, 2) and count <= _MOST:
        return
    if cells.odd is not None:
        row, text = cells.odd
        raise NotNumericError(
            f"{cells.name} has something that is not a number: {text[:40]!r}.",
            where=f"row {row + 1}",
            next_step="correct it, or leave the row out.",
        )
    raise ColumnError(
        f"{cells.name} has {count} different texts in {counted(rows, 'row')}: too many to learn "
        "from.",
        why="each text is an input of its own, and needs rows to be learned from",
        next_step="leave the column out, or make few groups or numbers of it.",
    )


def _category_findings(cells: Cells, counts: Counter, rows: int) -> Iterator[Finding]:
    name, count = cells.name, len(counts)
    if count > _MANY or count > rows / 5:
        yield Finding(
            "many-categories",
            f"{name} has {count} categories in {counted(rows, 'row')}, the rarest "
            f"({min(counts, key=counts.__getitem__)!r:.40}) in {min(counts.values())}.",
            "Join the rare ones into one category.",
            params=(name,),
        )
    if cells.odd is not None:
        row, text = cells.odd
        yield Finding(
            "numbers-as-categories",
            f"{name} is taken as {count} categories: most of its cells are numbers, but not "
            f"{text[:40]!r} (row {row + 1}).",
            "Correct that cell if the column is a number.",
            params=(name,),
        )
    alike = _alike(counts)
    if alike:
        yield Finding(
            "similar-categories",
            f"{name} has categories that differ only in blanks or capitals: "
            f"{', '.join(map(repr, alike))}.",
            "Write them in one way if they are the same.",
            params=(name,),
        )


def _alike(categories: Counter) -> list[str]:
    plain = Counter(" ".join(c.split()).casefold() for c in categories)
    return sorted(c for c in categories if plain[" ".join(c.split()).casefold()] > 1)[:4]


def _constant(name: str, value: str) -> Finding:
    return Finding(
        "constant-column",
        f"{name} is {value} in every row that is used: nothing can be learned from it, and it is "
        "left out.",
        "Leave it out of the table, or add rows in which it differs.",
        params=(name,),
    )


def _as_text_finding(name: str) -> Finding:
    return Finding(
        "numbers-as-text",
        f"{name} holds numbers written as text, and is taken as a number.",
        "If they are labels, give the column as a categorical one.",
        "note",
        (name,),
    )
