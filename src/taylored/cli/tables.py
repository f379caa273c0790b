"""The DATA of the command line: tables out of local files and pipes, never silently guessed.

`open_table` finds out the format and the names; `LazyTable.load` reads the columns that are
needed as float64, with nan for missing cells, and says for whatever it cannot read which line,
which column and which cell it is.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from taylored.cli._loading import Loading, Reading, count
from taylored.cli._rows import Rows, column_names
from taylored.cli._sniff import DEFAULT_NA, Layout, sniff
from taylored.cli._source import Source, open_source
from taylored.cli.where import parse_where
from taylored.errors import ColumnError, EmptyDataError, TayloredError

if TYPE_CHECKING:
    from taylored.cli._cells import CellTable

AnyLoading = TypeVar("AnyLoading", bound=Loading)

__all__ = ["DEFAULT_NA", "LazyTable", "Table", "open_table"]


@dataclass(frozen=True)
class Table:
    """Columns of numbers, and what was met while reading them.

    Every array has `rows - left_out_by_where` elements.
    """

    columns: dict[str, np.ndarray]
    names: tuple[str, ...]
    rows: int
    line_numbers: np.ndarray | None
    source: str
    notes: tuple[str, ...]
    left_out_by_where: int = 0


def open_table(
    source: str,
    *,
    sep: str | None = None,
    header: bool | None = None,
    na: Sequence[str] = DEFAULT_NA,
    decimal: str | None = None,
) -> LazyTable:
    """Find out what a file (or `-`, standard input) holds, and the names of its columns.

    `sep`, `header` and `decimal` overrule what the content suggests; `na` is the list of all
    texts that stand for a missing cell (compared without regard to case, numbers by value).
    """
    found = open_source(str(source))
    layout = sniff(found, sep, header, decimal)
    names = column_names(found, layout)
    if not names:
        step = "check how the file was written"
        raise EmptyDataError(f"{found.label} has no columns.", next_step=step)
    return LazyTable(found, layout, names, tuple(na))


class LazyTable:
    """A table whose names are known and whose rows are still in the file."""

    def __init__(self, source: Source, layout: Layout, names: tuple[str, ...], na: tuple[str, ...]):
        self._source, self._layout, self._na = source, layout, na
        self.names = names
        self.source = source.label
        self.notes = layout.notes

    def load(self, columns: Sequence[str], where: str | None = None) -> Table:
        """Read the columns named (or numbered) as float64, of the rows that `where` lets in.

        The keys of the columns are as asked for; nan stands for a missing cell. A row whose
        comparison in `where` is undecided for a missing cell is left out, and counted.
        """
        rows, loading = self._fill(Loading, columns, where)
        numbers, lines = loading.result()
        return Table(
            columns={name: numbers[self.index(name)] for name in columns},
            names=self.names,
            rows=loading.rows,
            line_numbers=lines,
            source=self.source,
            notes=(*self.notes, *rows.notes(), *loading.notes()),
            left_out_by_where=loading.left_out,
        )

    def cells(self, columns: Sequence[str], where: str | None = None) -> CellTable:
        """Read the columns as they are: numbers where all cells are numbers, else texts."""
        from taylored.cli._cells import CellsLoading, CellTable

        rows, loading = self._fill(CellsLoading, columns, where)
        cells, texts, lines = loading.cells()
        return CellTable(
            columns={name: cells[self.index(name)] for name in columns},
            texts={name: texts[self.index(name)] for name in columns},
            rows=loading.rows,
            lines=lines,
            source=self.source,
            notes=(*self.notes, *rows.notes(), *loading.notes()),
            left_out=loading.left_out,
            mixed={n: e for n in columns if (e := loading.mixed.get(self.index(n)))},
        )

    def _fill(
        self, make: type[AnyLoading], columns: Sequence[str], where: str | None
    ) -> tuple[Rows, AnyLoading]:
        """Read all rows into a loading of a kind."""
        rule = None if where is None else parse_where(where)
        wanted = {name: self.index(name) for name in columns}
        uses = {use: self._filter_index(rule.text, use.name) for use in rule.uses} if rule else {}
        needed = sorted({*wanted.values(), *uses.values()}) or [0]
        rows = Rows(self._source, self._layout, self.names, needed)
        loading = make(
            self._source,
            names=self.names,
            columns=sorted(set(wanted.values())),
            reading=Reading(self._na, self._layout.decimal),
            rule=rule,
            uses=uses,
        )
        try:
            for batch in rows:
                loading.add(batch)
        except TayloredError:
            raise
        except BaseException as error:
            # In a damaged file of types, single cells may be beyond what polars can show.
            raise rows.translated(error) from None
        return rows, loading

    def index(self, name: str) -> int:
        """The place of a column, from 0, by its name or by its number, from 1."""
        key = _normal(name)
        found = [i for i, one in enumerate(self.names) if _normal(one) == key]
        if len(found) == 1:
            return found[0]
        if found:
            places = " and ".join(str(i + 1) for i in found)
            raise ColumnError(
                f"The column {name!r} is there {len(found)} times: columns {places}.",
                where=self.source,
                next_step=f"ask for it by its number, such as {found[0] + 1}",
            )
        number = re.fullmatch(r"c?([1-9][0-9]{0,8})", key, re.ASCII)
        if number and int(number[1]) <= len(self.names):
            return int(number[1]) - 1
        near = difflib.get_close_matches(key, [_normal(one) for one in self.names[:1000]], 1, 0.5)
        shown = ", ".join(self.names[:20]) + (", ..." if len(self.names) > 20 else "")
        raise ColumnError(
            f"There is no column {name!r}.",
            where=self.source,
            why=f"the {count(len(self.names), 'column')}: {shown}",
            next_step=f"did you mean {near[0]!r}?" if near else "use one of these, or its number",
        )

    def _filter_index(self, text: str, name: str) -> int:
        try:
            return self.index(name)
        except ColumnError as error:
            where = f"{error.where}, in the filter: {text}"
            step = error.next_step
            raise ColumnError(error.what, where=where, why=error.why, next_step=step) from None


def _normal(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip()
