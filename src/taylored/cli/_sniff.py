"""What a data file holds: its kind, its separator, its header, found from the first lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass

from taylored.cli._source import BINARY_TABLES, MAX_LINE, Source, decode
from taylored.errors import ArgumentError, EmptyDataError

__all__ = ["BLANKS", "DEFAULT_NA", "Layout", "is_comment", "sniff"]

DEFAULT_NA = ("", "NA", "N/A", "nan", "NaN", "null", "None", "-", ".", "?")
BLANKS = " "  # the separator that stands for any run of blanks and tabs
_SAMPLE = 50  # lines that decide the separator
_CANDIDATES = ("\t", ";", "|", ",", BLANKS)  # the order decides between equals
_SEPARATORS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_SEPARATORS |= dict.fromkeys(("space", "blank", "blanks", "whitespace"), BLANKS)
_SEP_NAMES = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "|", BLANKS: "blanks"}
_MISSING = frozenset(marker.casefold() for marker in DEFAULT_NA)
_COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_DOT_NUMBER = re.compile(r"[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")


@dataclass(frozen=True)
class Layout:
    """How the table lies in the file; `kind` is text, jsonl, json, parquet or arrow."""

    kind: str
    sep: str = ","
    decimal: str = "."
    header: tuple[str, ...] | None = None  # names in the file; None: columns have numbers only
    width: int = 0
    offset: int = 0  # bytes of text before the first data row
    line: int = 1  # the 1-based line of the first data row
    comments: int = 0  # comment lines before the first data row
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Record:
    """The first line that is no comment, which may go on over several lines within quotes."""

    cells: tuple[str, ...]
    start: int  # index of its first line
    stop: int  # index after its last line


def sniff(
    source: Source,
    sep: str | None = None,
    header: bool | None = None,
    decimal: str | None = None,
) -> Layout:
    """Find out what the source holds; what is given instead of None is taken as it is."""
    sep = _separator(sep)
    if decimal not in (None, ".", ","):
        step = "use '.' or ','"
        raise ArgumentError(f"{decimal!r} is not a decimal sign.", next_step=step)
    if not source.wrapping:
        with source.open() as raw:
            start = raw.read(8)
        if start.startswith(BINARY_TABLES):
            return Layout("parquet" if start.startswith(BINARY_TABLES[0]) else "arrow")
    text = _head(source)
    start = text.lstrip(b" \t\r\n")
    if re.match(rb'\[\s*(\{\s*["}]|\]\s*$)', start):
        return Layout("json")
    if re.match(rb'\{\s*["}]', start):
        return Layout("jsonl")
    if re.match(rb"<(!doctype|html|\?xml)", start, re.IGNORECASE):
        step = "download the data itself; this is the page around it"
        raise source.error("The file is a web page or XML, not a table.", step=step)
    return _text_layout(source, decode(source, text, 1).split("\n")[:-1], sep, header, decimal)


def is_comment(line: str) -> bool:
    """Whether a line is a comment."""
    return line.lstrip().startswith("#")


def split_line(line: str, sep: str) -> list[str]:
    """The cells of one line, stripped; quotes are understood."""
    if sep == BLANKS and '"' not in line:
        return line.split()
    try:
        cells = next(csv.reader([line.strip()], delimiter=sep, skipinitialspace=True), [])
    except csv.Error:
        cells = line.split(sep)
    return [cell.strip() for cell in cells]


def _separator(sep: str | None) -> str | None:
    if sep is None:
        return None
    sep = _SEPARATORS.get(sep.casefold(), sep)
    if len(sep) != 1 or not sep.isascii() or sep in '"#\n\r\0' or sep.isalnum():
        step = "use one character such as ',' or ';', or tab, or blanks"
        raise ArgumentError(f"{sep!r} is not a separator.", next_step=step)
    return sep


def _head(source: Source) -> bytes:
    """Whole lines from the start, with two lines of data where there are as many."""
    text = b""
    blocks = source.blocks()
    for block in blocks:
        text += block
        lines = text.split(b"\n")
        content = sum(1 for line in lines if line.strip() and not line.lstrip().startswith(b"#"))
        if content >= 2 or len(text) > MAX_LINE:
            break
    blocks.close()
    if not text.strip():
        raise EmptyDataError(f"{source.label} is empty.", next_step="check how it was written")
    return text


def _text_layout(
    source: Source, lines: list[str], sep: str | None, header: bool | None, decimal: str | None
) -> Layout:
    content = [i for i, line in enumerate(lines) if line.strip() and not is_comment(line)]
    if not content:
        step = "check that the lines of data do not start with #"
        raise EmptyDataError(f"{source.label} has no data rows.", next_step=step)
    sample = [lines[i] for i in content[:_SAMPLE]]
    sep = _best_separator(sample) if sep is None else sep
    decimal = _decimal(sample, sep) if decimal is None else decimal
    first = _first_record(lines, content[0], sep)
    numeric = [_is_number(cell, decimal) for cell in first.cells]
    has_header = not all(numeric) if header is None else header
    names, notes = _names(lines, first, sep, header) if not has_header else (first.cells, ())
    if has_header and any(n and cell for n, cell in zip(numeric, first.cells, strict=True)):
        notes = (f"line {first.start + 1} read as the header although it holds numbers",)
    start = first.stop if has_header else first.start
    if len(first.cells) > 1:
        notes = (f"separator: {_SEP_NAMES.get(sep, sep)}", *notes)
    if decimal == ",":
        notes = (*notes, "decimal comma: 1,5 read as 1.5")
    return Layout(
        kind="text",
        sep=sep,
        decimal=decimal,
        header=names,
        width=len(first.cells),
        offset=sum(len(line.encode()) + 1 for line in lines[:start]),
        line=start + 1,
        comments=sum(is_comment(line) for line in lines[:start]),
        notes=notes,
    )


def _first_record(lines: list[str], start: int, sep: str) -> _Record:
    """The first record of data or header; a name in quotes may hold a line break."""
    if sep != BLANKS and '"' in lines[start]:
        reader = csv.reader(
            (line + "\n" for line in lines[start : start + _SAMPLE]),
            delimiter=sep,
            skipinitialspace=True,
            strict=True,
        )
        try:
            cells = next(reader)
            clean = tuple(" ".join(cell.split()) for cell in cells)
            return _Record(clean, start, start + reader.line_num)
        except csv.Error:
            pass  # the reading of the rows will report the quote
    return _Record(tuple(split_line(lines[start], sep)), start, start + 1)


def _names(
    lines: list[str], first: _Record, sep: str, header: bool | None
) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Names out of the comment just above the data if their number fits, otherwise none."""
    above = lines[first.start - 1] if first.start else ""
    if header is None and is_comment(above):
        text = above.strip().lstrip("#").strip()
        for one in (sep, BLANKS, ","):
            names = split_line(text, one)
            if len(names) == len(first.cells) and not any(_is_number(n, ".") for n in names):
                return tuple(names), (f"header: the comment in line {first.start}",)
    last = f" to c{len(first.cells)}" if len(first.cells) > 1 else ""
    return None, (f"no header: columns named c1{last}",)


def _is_number(cell: str, decimal: str) -> bool:
    """Whether a cell is a number or stands for a missing one."""
    cell = cell.strip().replace("\u2212", "-")
    if cell.casefold() in _MISSING:
        return True
    if decimal == "," and _COMMA_NUMBER.fullmatch(cell):
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return cell.isascii() and "_" not in cell


def _best_separator(sample: list[str]) -> str:
    """The separator that cuts the lines most evenly into numbers.

    Evenness and numbers count alike: a date with a blank must not beat a comma, nor the comma
    in "1,5;2,5" the semicolon.
    """
    best, best_score = ",", 0.5
    for sep in _CANDIDATES:
        table = [split_line(line, sep) for line in sample]
        widths = Counter(len(row) for row in table if len(row) > 1)
        if not widths:
            continue
        count, agreeing = widths.most_common(1)[0]
        cells = [cell for row in (table[1:] or table) if len(row) == count for cell in row]
        decimal = "." if sep == "," else ","
        share = sum(_is_number(cell, decimal) for cell in cells) / max(len(cells), 1)
        score = agreeing / len(table) + share
        if agreeing >= len(table) / 2 and score > best_score:
            best, best_score = sep, score
    return best


def _decimal(sample: list[str], sep: str) -> str:
    """A comma where the numbers cannot be meant otherwise."""
    if sep == ",":
        return "."
    cells = [cell for line in sample for cell in split_line(line, sep)]
    commas = [cell for cell in cells if _COMMA_NUMBER.fullmatch(cell)]
    if not commas or any(_DOT_NUMBER.fullmatch(cell) for cell in cells):
        return "."
    # "1,234" may be a thousand; with semicolons, which the decimal comma forces, it is not.
    clear = sep == ";" or any(not _THOUSANDS.fullmatch(cell) for cell in commas)
    return "," if clear else "."
