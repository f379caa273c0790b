"""The rows of a table in batches: columns as text (or as typed, where the file has types).

Text goes through polars, which is fast, whenever a count of the separators proves that every
row is complete. Quotes and anything doubtful go through the csv module, which knows lines.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np

from taylored.cli._json import as_text, records
from taylored.cli._sniff import BLANKS, Layout, is_comment
from taylored.cli._source import Source, decode
from taylored.errors import FileReadError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Batch", "Rows", "column_names"]

MAX_CELLS = 1 << 29  # cells of a parquet or arrow file that are read
_BATCH = 50_000
_JSON_SAMPLE = 1000
_UNUSUAL_START = np.isin(np.arange(256), list(b"#\n\r \t"))


@dataclass
class Batch:
    """Some rows; the frame's columns are named by their number in the file, from 0."""

    frame: pl.DataFrame
    lines: np.ndarray | None


@dataclass
class Rows:
    """All rows of a table with the columns asked for; the counts are complete after a pass."""

    source: Source
    layout: Layout
    names: Sequence[str]
    columns: Sequence[int]
    comments: int = field(default=0, init=False)

    def notes(self) -> list[str]:
        """What was passed over, after a pass."""
        if not self.comments:
            return []
        return [f"{self.comments} comment line{'s' * (self.comments != 1)} skipped"]

    def __iter__(self) -> Iterator[Batch]:
        if self.layout.kind == "text":
            return self._text()
        if self.layout.kind in ("json", "jsonl"):
            return self._json()
        return self._typed()

    def _text(self) -> Iterator[Batch]:
        line = self.layout.line
        self.comments = self.layout.comments
        with closing(self.source.blocks(self.layout.offset)) as blocks:
            for block in blocks:
                if b'"' in block:  # a quoted cell may reach over the end of the block
                    yield from self._careful(chain([block], blocks), line)
                    return
                batch = self._fast(block, line)
                if batch is not None:
                    yield batch
                else:
                    yield from self._careful([block], line)
                line += block.count(b"\n")

    def _fast(self, block: bytes, line: int) -> Batch | None:
        """The rows of a block without quotes; None if anything about it is unusual."""
        import polars as pl

        width, sep = self.layout.width, self.layout.sep
        text, kept, comments = _clean(block, sep)
        if not _all_complete(text, sep, width):
            return None
        schema = {str(i): pl.String for i in range(width)}
        wanted = [str(i) for i in self.columns]
        try:
            if not text.isascii():
                text.decode()
            frame = pl.DataFrame(schema=schema).select(wanted)
            if len(kept):
                frame = pl.read_csv(
                    text,
                    has_header=False,
                    separator=sep,
                    quote_char=None,
                    schema=schema,
                    columns=list(self.columns),
                )
        except (pl.exceptions.PolarsError, UnicodeDecodeError):
            return None
        if frame.height != len(kept):
            return None
        self.comments += comments
        # Polars takes nothing between two separators for null, where the csv module has "".
        return Batch(frame.select(pl.col(wanted).fill_null("")), kept + line)

    def _careful(self, blocks: Iterable[bytes], line: int) -> Iterator[Batch]:
        lines = _Lines(self.source, blocks, line, self.layout.sep)
        width, rows, numbers = self.layout.width, [], []
        reader = csv.reader(lines, delimiter=self.layout.sep, skipinitialspace=True, strict=True)
        try:
            for row in reader:
                if len(row) != width:
                    raise self._ragged(lines.start, len(row))
                rows.append(row)
                numbers.append(lines.start)
                lines.fresh = True
                if len(rows) == _BATCH:
                    yield self._batch(rows, numbers)
                    rows, numbers = [], []
        except csv.Error as error:
            raise self.source.error(
                "A quoted cell is not closed as it should be.",
                line=lines.start,
                why=str(error),
                step='check the quotes in that line; a quote within quotes is written ""',
            ) from None
        if rows:
            yield self._batch(rows, numbers)
        self.comments += lines.comments

    def _batch(self, rows: list[list[str]], numbers: list[int]) -> Batch:
        import polars as pl

        columns = {str(i): [row[i] for row in rows] for i in self.columns}
        frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
        return Batch(frame, np.array(numbers))

    def _ragged(self, line: int, found: int) -> FileReadError:
        layout = self.layout
        seen = f"the header names {layout.width}" if layout.header else "the first row has as many"
        cells = "1 cell" if found == 1 else f"{found} cells"
        return self.source.error(
            f"Line {line} has {cells}, and {layout.width} were expected.",
            line=line,
            why=f"{seen}: {', '.join(self.names[:10])}" if layout.header else seen,
            step="correct that line, or give the separator with --sep",
        )

    def _json(self) -> Iterator[Batch]:
        import polars as pl

        keys = [self.names[i] for i in self.columns]
        with closing(records(self.source, self.layout.kind)) as all_records:
            while part := list(islice(all_records, _BATCH)):
                columns = {
                    str(i): [as_text(record.get(key)) for _, record in part]
                    for i, key in zip(self.columns, keys, strict=True)
                }
                frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
                yield Batch(frame, np.array([line for line, _ in part]))

    def _typed(self) -> Iterator[Batch]:
        import polars as pl

        frame = _scan(self.source, self.layout.kind)
        rows = frame.select(pl.len()).collect().item()
        if rows * len(self.columns) > MAX_CELLS:
            what = f"{rows} rows of {len(self.columns)} columns are more than can be read."
            raise self.source.error(what, step="filter the file beforehand")
        picked = [pl.nth(i).alias(str(i)) for i in self.columns]
        yield Batch(frame.select(picked).collect(), None)

    def translated(self, error: BaseException) -> BaseException:
        """What to raise instead of an error out of polars: a file of types was damaged."""
        import polars as pl

        typed = self.layout.kind in ("parquet", "arrow")
        damage = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
        if typed and isinstance(error, (*damage, OSError, ValueError, OverflowError)):
            return _damaged(self.source, self.layout.kind, error)
        return error


def column_names(source: Source, layout: Layout) -> tuple[str, ...]:
    """The names of all columns in the order of the file."""
    if layout.kind == "text":
        header = layout.header or ("",) * layout.width
        return tuple(name or f"c{i}" for i, name in enumerate(header, 1))
    if layout.kind in ("json", "jsonl"):
        with closing(records(source, layout.kind)) as all_records:
            first = islice(all_records, _JSON_SAMPLE)
            keys = (key for _, record in first for key in record)
            return tuple(dict.fromkeys(keys))
    import polars as pl

    try:
        return tuple(_scan(source, layout.kind).collect_schema().names())
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise _damaged(source, layout.kind, error) from None


def _scan(source: Source, kind: str) -> pl.LazyFrame:
    import polars as pl

    # A path is absolute here, so that polars cannot take it for an address.
    place = io.BytesIO(source.data) if source.path is None else source.path
    if kind == "parquet":
        return pl.scan_parquet(place, glob=False, hive_partitioning=False)
    return pl.scan_ipc(place, glob=False, hive_partitioning=False)


def _damaged(source: Source, kind: str, error: BaseException) -> FileReadError:
    why = str(error).strip().split("\n")[0][:200]
    step = "write or download it again"
    return source.error(f"The {kind} file is damaged or cut off.", why=why, step=step)


def _all_complete(text: bytes, sep: str, width: int) -> bool:
    """Whether each line has `width` cells; polars itself stops at the last column it needs."""
    data = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(data == 10)
    places = np.flatnonzero(data == ord(sep))
    if len(places) != len(ends) * (width - 1):
        return False
    if width == 1 or not len(ends):
        return True
    grid = places.reshape(len(ends), width - 1)
    return bool((grid[:, -1] < ends).all() and (grid[1:, 0] > ends[:-1]).all())


def _clean(block: bytes, sep: str) -> tuple[bytes, np.ndarray, int]:
    """The block without comments and blank lines, the indices of the rest, and the comments."""
    data = np.frombuffer(block, np.uint8)
    if sep == BLANKS:
        data = _collapse(data)
        block = data.tobytes()
    ends = np.flatnonzero(data == 10) + 1
    starts = np.concatenate(([0], ends[:-1]))
    unusual = np.flatnonzero(_UNUSUAL_START[data[starts]])
    if not len(unusual):
        return block, np.arange(len(ends)), 0
    keep, comments = np.ones(len(ends), bool), 0
    blank = _blank(sep).encode()
    places = zip(unusual.tolist(), starts[unusual].tolist(), ends[unusual].tolist(), strict=True)
    for i, start, end in places:
        line = block[start:end].strip(blank)
        if not line or line.lstrip().startswith(b"#"):
            keep[i] = False
            comments += bool(line)
    return data[np.repeat(keep, ends - starts)].tobytes(), np.flatnonzero(keep), comments


def _blank(sep: str) -> str:
    """What a line without data consists of; between tabs, nothing is a missing cell."""
    return " \r\n" if sep == "\t" else " \t\r\n"


def _collapse(data: np.ndarray) -> np.ndarray:
    """One blank for every run of blanks, and none at the ends of lines."""
    blank = (data == 32) | (data == 9) | (data == 13)
    stop = blank | (data == 10)
    keep = ~blank
    keep[:-1] |= blank[:-1] & ~stop[1:]
    data = np.where(blank, np.uint8(32), data)[keep]
    leading = data == 32
    leading[1:] &= data[:-1] == 10
    return data[~leading]


class _Lines:
    """The lines for the csv module, without comments and blank lines between records."""

    def __init__(self, source: Source, blocks: Iterable[bytes], line: int, sep: str):
        self.lines = self._numbered(source, blocks, line)
        self.sep = sep
        self.start = line  # the line where the record under way began
        self.fresh = True  # set by the reader after every record
        self.comments = 0

    @staticmethod
    def _numbered(source: Source, blocks: Iterable[bytes], line: int) -> Iterator[tuple[int, str]]:
        for block in blocks:
            texts = decode(source, block, line).split("\n")[:-1]
            yield from enumerate(texts, line)
            line += len(texts)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        for number, text in self.lines:
            if self.sep == BLANKS:
                text = text.strip().replace("\t", BLANKS)
            if self.fresh:
                bare = text.strip(_blank(self.sep))
                if not bare or is_comment(bare):
                    self.comments += bool(bare)
                    continue
                self.start, self.fresh = number, False
            return text + "\n"
        raise StopIteration
