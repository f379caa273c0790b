"""Batches of rows turned into float64 columns, with the filter applied and bad cells named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from taylored.cli._rows import Batch
from taylored.cli._source import Source
from taylored.cli.where import ColumnUse, RowFilter
from taylored.errors import EmptyDataError, FormulaError, NotNumericError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Bad", "Loading", "Reading", "count"]

MAX_NUMBERS = 4 << 30  # bytes of the numbers that one table may hold


@dataclass(frozen=True)
class Reading:
    """How a cell is read: the texts that mean a missing one, and the decimal sign."""

    na: tuple[str, ...]
    decimal: str

    def numbers(self, cells: pl.Series) -> tuple[np.ndarray, np.ndarray]:
        """The cells as float64, nan where missing, and the indices of those that are no number."""
        import polars as pl

        wrong = np.empty(0, np.int64)
        if isinstance(cells.dtype, pl.Categorical | pl.Enum):
            cells = cells.cast(pl.String)
        if cells.dtype == pl.String:
            values, wrong = self._from_text(cells)
        elif cells.dtype.is_numeric() or cells.dtype == pl.Null:
            values = np.array(cells.cast(pl.Float64).fill_null(np.nan).to_numpy())
        else:
            values = np.full(len(cells), np.nan)
            wrong = cells.is_not_null().arg_true().to_numpy()
        for marker in self._marking_numbers():
            values[values == marker] = np.nan
        return values, wrong

    def _from_text(self, cells: pl.Series) -> tuple[np.ndarray, np.ndarray]:
        import polars as pl

        parsed = self._parse(cells)
        values = np.array(parsed.fill_null(np.nan).to_numpy())
        failed = parsed.is_null().arg_true()
        if not len(failed):
            return values, np.empty(0, np.int64)
        # Few cells get here, as a rule: the missing ones, and those with blanks around them.
        rest = cells.gather(failed).fill_null("").str.strip_chars().str.to_lowercase()
        rest = rest.str.replace("\u2212", "-", literal=True)
        again = self._parse(rest)
        values[failed.to_numpy()] = again.fill_null(np.nan).to_numpy()
        markers = pl.Series(["", *(marker.strip().lower() for marker in self.na)])
        wrong = failed.filter(again.is_null() & ~rest.is_in(markers.implode()))
        return values, wrong.to_numpy()

    def _parse(self, cells: pl.Series) -> pl.Series:
        import polars as pl

        if self.decimal == ",":
            # A point could only group thousands here: such a cell fails instead of being guessed.
            cells = cells.str.replace_many({".": "?", ",": "."})
        return cells.cast(pl.Float64, strict=False)

    def _marking_numbers(self) -> list[float]:
        found = []
        for marker in self.na:
            try:
                found.append(float(marker))
            except ValueError:
                continue
        return found


@dataclass
class Bad:
    """The cells of one column that are no numbers: the first one, and how many there are."""

    place: str
    cell: str
    row: int
    count: int = 0


@dataclass
class Loading:
    """The columns under way: give it all batches, then ask for the result."""

    source: Source
    names: Sequence[str]
    columns: Sequence[int]
    reading: Reading
    rule: RowFilter | None
    uses: dict[ColumnUse, int]
    rows: int = field(default=0, init=False)
    left_out: int = field(default=0, init=False)
    undecided: int = field(default=0, init=False)
    size: int = field(default=0, init=False)
    numbers: dict[int, list[np.ndarray]] = field(default_factory=dict, init=False)
    lines: list[np.ndarray] = field(default_factory=list, init=False)
    bad: dict[int, Bad] = field(default_factory=dict, init=False)

    def add(self, batch: Batch) -> None:
        """Take the rows of a batch that the filter lets in."""
        frame, kept = self._let_in(batch)
        for i in self.columns:
            values, wrong = self.reading.numbers(frame[str(i)])
            if len(wrong):
                self._note_bad(i, batch, kept[wrong])
            self._take(self.numbers.setdefault(i, []), values)
        self._count(batch, kept)

    def _let_in(self, batch: Batch) -> tuple[pl.DataFrame, np.ndarray]:
        """The rows that the filter lets in, and their positions in the batch."""
        if self.rule is None:
            return batch.frame, np.arange(batch.frame.height)
        kept = np.flatnonzero(self._mask(self.rule, batch))
        self.left_out += batch.frame.height - len(kept)
        return batch.frame[kept], kept

    def _count(self, batch: Batch, kept: np.ndarray) -> None:
        """The rows of a batch are taken: their number, and the lines they are in."""
        if batch.lines is not None:
            small = batch.lines.max(initial=0) < 2**31
            self._take(self.lines, batch.lines[kept].astype(np.int32 if small else np.int64))
        self.rows += batch.frame.height

    def result(self) -> tuple[dict[int, np.ndarray], np.ndarray | None]:
        """The whole columns and lines, or the error about the first cell that is no number."""
        self._check()
        return {i: np.concatenate(self.numbers.pop(i)) for i in self.columns}, self._all_lines()

    def _check(self) -> None:
        """Refuse a table without rows, and one with cells that are no numbers."""
        name = self.source.label
        if not self.rows:
            step = "check how the file was written"
            raise EmptyDataError(f"{name} has no data rows.", next_step=step)
        for i, bad in self.bad.items():
            raise self._not_numeric(i, bad)
        if self.left_out == self.rows and self.rule is not None:
            what = f"The row filter leaves out all {count(self.rows, 'row')} of {name}."
            raise EmptyDataError(what, where=self.rule.text, next_step="relax the filter")

    def _all_lines(self) -> np.ndarray | None:
        """The line of each row, where the file has lines."""
        lines = np.concatenate(self.lines) if self.lines else None
        self.lines.clear()
        return lines

    def notes(self) -> tuple[str, ...]:
        """What the filter did."""
        if self.rule is None:
            return ()
        text = f"where left out {self.left_out} of {count(self.rows, 'row')}"
        if self.undecided:
            text += f", {self.undecided} of them for a missing cell"
        return (text,)

    def _take(self, store: list[np.ndarray], values: np.ndarray) -> None:
        store.append(values)
        self._grow(values.nbytes)

    def _grow(self, size: int) -> None:
        """So many bytes more are held; there is a limit."""
        self.size += size
        if self.size > MAX_NUMBERS:
            raise self.source.error(
                f"The cells take more than {MAX_NUMBERS / 2**30:.3g} GiB.",
                step="keep only the rows needed with --where",
            )

    def _mask(self, rule: RowFilter, batch: Batch) -> np.ndarray:
        """The rows to keep; a text where a number must be compared is an error if it matters."""
        import polars as pl

        sides: dict[str, pl.Series] = {}
        wrong: dict[int, np.ndarray] = {}
        for use, i in self.uses.items():
            cells = batch.frame[str(i)]
            if use.kind == "number":
                values, wrong[i] = self.reading.numbers(cells)
                sides[f"number {i}"] = pl.Series(values).fill_nan(None)
            elif cells.dtype.is_numeric() or cells.dtype.is_nested():
                numbers = cells.dtype.is_numeric()
                found = "numbers" if numbers else "lists"
                raise FormulaError(
                    f"The column {use.name!r} holds {found}, not texts.",
                    text=rule.text,
                    position=use.position,
                    next_step="compare it with a number, without quotes"
                    if numbers
                    else "filter by another",
                )
            else:
                sides[f"text {i}"] = cells.cast(pl.String).str.strip_chars()
        expression = rule.expression(lambda use: pl.col(f"{use.kind} {self.uses[use]}"))
        mask = pl.DataFrame(sides).select(expression.alias("keep"))["keep"]
        undecided = mask.is_null().to_numpy()
        for i, cells_wrong in wrong.items():
            matter = cells_wrong[undecided[cells_wrong]]
            if len(matter):
                self._note_bad(i, batch, matter)
        self.undecided += int(undecided.sum())
        return mask.fill_null(False).to_numpy()

    def _note_bad(self, i: int, batch: Batch, rows: np.ndarray) -> None:
        row = int(rows[0])
        number = self.rows + row + 1
        before = self.bad.get(i)
        if before is None or number < before.row:  # the filter's cells come before the others
            place = f"row {number}" if batch.lines is None else f"line {batch.lines[row]}"
            self.bad[i] = Bad(place, str(batch.frame[str(i)][row]), number)
        self.bad[i].count = len(rows) + (before.count if before else 0)

    def _not_numeric(self, i: int, bad: Bad) -> NotNumericError:
        shown = repr(bad.cell.strip())
        shown = shown if len(shown) <= 40 else shown[:37] + "..."
        cells = "a cell that is" if bad.count == 1 else f"{bad.count} cells that are"
        first = "" if bad.count == 1 else "the first of them: "
        why, step = _advice(bad, self.reading.decimal)
        return NotNumericError(
            f"The column {self.names[i]!r} has {cells} not a number.",
            where=f"{self.source.label}, {bad.place}: {first}{shown}",
            why=why,
            next_step=step,
        )


def _advice(bad: Bad, decimal: str) -> tuple[str, str]:
    """Why such a cell is not a number, where that can be told, and what to do."""
    cell = bad.cell.strip()
    if decimal == "." and re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", cell):
        why = "a comma between thousands is not read: it could as well be a decimal comma"
        return why, "remove the commas, or give --decimal , if they are decimal signs"
    if decimal == "." and re.fullmatch(r"[+-]?\d*,\d+([eE][+-]?\d+)?", cell):
        return "the decimal sign is a point here", "give --decimal , to read decimal commas"
    if decimal == "," and "." in cell:
        return "the decimal sign is a comma here", "give --decimal . to read decimal points"
    if re.fullmatch(r"[+-]?[\d.]+[dD][+-]?\d+", cell):
        return "it is a Fortran number with the exponent D", "replace the D by E in the file"
    step = "leave such rows out with --where, or count it as missing with --na-values VALUE"
    if bad.row == 1:
        step += "; a second line of header needs a # in front"
    return "", step


def count(number: int, thing: str) -> str:
    """A number with its noun: 1 row, 2 rows."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
