"""Columns of a table as they are, numbers or texts: what a network is trained on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.cli._loading import Bad, Loading
from taylored.cli._rows import Batch
from taylored.errors import NotNumericError, TayloredError
from taylored.results import Finding

if TYPE_CHECKING:
    import polars as pl

__all__ = ["CellTable", "CellsLoading"]

_FEW = 20  # different numbers that may be names of categories, beside others that are texts
_ROW = re.compile(r"\brow (\d+(?:, \d+)*)")


@dataclass(frozen=True, eq=False)
class CellTable:
    """Columns of numbers or texts, what was met while reading them, and their texts as written.

    Every column has `rows - left_out` cells; `lines` are those of the file, None where it has none.
    `mixed` has an error for each column that is mostly of numbers.
    """

    columns: dict[str, np.ndarray]
    texts: dict[str, list[str]]
    rows: int
    lines: np.ndarray | None
    source: str
    notes: tuple[str, ...]
    left_out: int
    mixed: dict[str, NotNumericError]

    def require_clean(self, names: Sequence[str]) -> None:
        """Refuse columns of numbers in which a few cells are none: as texts they would be classes.

        Raises:
            NotNumericError: with the first such cell.
        """
        for name in names:
            if name in self.mixed:
                raise self.mixed[name]

    def take(self, kept: np.ndarray) -> CellTable:
        """The same with the cells of some rows only; texts and counts stay those of the file."""
        columns = {name: cells[kept] for name, cells in self.columns.items()}
        lines = None if self.lines is None else self.lines[kept]
        return replace(self, columns=columns, lines=lines)

    def document(self) -> dict[str, Any]:
        """For JSON: where the cells came from."""
        return {"source": self.source, "rows": self.rows, "left_out_by_where": self.left_out,
                "notes": list(self.notes)}  # fmt: skip

    @contextmanager
    def rows_as_lines(self) -> Iterator[None]:
        """Inside, an error about rows of the arrays becomes one about lines of the file."""
        try:
            yield
        except TayloredError as error:
            if _ROW.search(error.where):
                error.where = f"{self.source}, {self.in_lines(error.where)}"
            raise

    def in_lines(self, text: str) -> str:
        """A message that names rows, with the lines of the file in their place."""
        if self.lines is None:
            return text
        lines = self.lines

        def replaced(match: re.Match[str]) -> str:
            found = [str(int(lines[int(r) - 1])) for r in match[1].split(", ")]
            return f"line{'s' * (len(found) > 1)} {', '.join(found)}"

        return _ROW.sub(replaced, text)

    def findings(self, found: Sequence[Finding]) -> tuple[Finding, ...]:
        """Findings that name lines of the file."""
        return tuple(replace(f, message=self.in_lines(f.message)) for f in found)


@dataclass
class CellsLoading(Loading):
    """As `Loading`, but keeps the cells."""

    series: dict[int, list[pl.Series]] = field(default_factory=dict, init=False)
    mixed: dict[int, NotNumericError] = field(default_factory=dict, init=False)

    def add(self, batch: Batch) -> None:
        """Take the rows of a batch that the filter lets in."""
        frame, kept = self._let_in(batch)
        for i in self.columns:
            self.series.setdefault(i, []).append(frame[str(i)])
            self._grow(int(frame[str(i)].estimated_size()))
        self._count(batch, kept)

    def cells(self) -> tuple[dict[int, np.ndarray], dict[int, list[str]], np.ndarray | None]:
        """The columns, their texts as they were written, and the lines."""
        import polars as pl

        self._check()  # of cells, those of the filter
        whole = {i: pl.concat(parts) for i, parts in self.series.items()}
        lines = self._all_lines()
        texts = {i: _written(cells) for i, cells in whole.items()}
        return {i: self._column(i, cells, lines) for i, cells in whole.items()}, texts, lines

    def _column(self, i: int, cells: pl.Series, lines: np.ndarray | None) -> np.ndarray:
        """Numbers where every cell is one or missing, else texts with None for missing ones."""
        import polars as pl

        if cells.dtype == pl.Boolean or cells.dtype.is_temporal():
            return cells.to_numpy()
        numbers, wrong = self.reading.numbers(cells)
        if not len(wrong):
            return _whole(cells, numbers)
        if len(np.unique(numbers[~np.isnan(numbers)])) > max(_FEW, len(wrong)):
            row = int(wrong[0])
            place = f"row {row + 1}" if lines is None else f"line {lines[row]}"
            bad = Bad(place, str(cells[row]), row + 1, len(wrong))
            self.mixed[i] = self._not_numeric(i, bad)
        markers = {"", *(marker.strip().lower() for marker in self.reading.na)}
        found = np.empty(len(cells), object)
        for k, cell in enumerate(_written(cells)):
            text = cell.strip()
            found[k] = None if text.lower() in markers else text
        return found


def _whole(cells: pl.Series, numbers: np.ndarray) -> np.ndarray:
    """Integers where they are written as such: as classes they are then 1, not 1.0."""
    import polars as pl

    absent = np.isnan(numbers)
    if cells.dtype == pl.String:
        integers = bool(
            cells.filter(pl.Series(~absent)).str.contains(r"^\s*[+-]?\d{1,15}\s*$").all()
        )
    else:
        integers = cells.dtype.is_integer()
    if not integers or absent.all() or np.nanmax(np.abs(numbers)) > 2.0**53:
        return numbers
    if not absent.any():
        return numbers.astype(np.int64)
    found = np.empty(len(numbers), object)
    found[:] = [None if gone else int(v) for v, gone in zip(numbers, absent, strict=True)]
    return found


def _written(cells: pl.Series) -> list[str]:
    """Each cell as text: as in the file, where that is of text."""
    import polars as pl

    if cells.dtype == pl.String:
        return cells.fill_null("").to_list()
    if cells.dtype.is_float():
        return ["" if v is None else repr(v) for v in cells.to_list()]
    if cells.dtype.is_nested():
        return ["" if v is None else str(v) for v in cells.to_list()]
    return cells.cast(pl.String).fill_null("").to_list()
