"""Tables for the command line: every format by exact values, every failure by its message."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from taylored.cli import _rows, _source
from taylored.cli.tables import DEFAULT_NA, open_table
from taylored.errors import (
    ArgumentError,
    ColumnError,
    EmptyDataError,
    FileReadError,
    FormulaError,
    NotNumericError,
    TayloredError,
)

NAN = float("nan")
INF = float("inf")
PLAIN = "x,y\n1,2.5\n3,-4e-3\n"
X, Y = [1.0, 3.0], [2.5, -0.004]


def same(array: np.ndarray, values: list[float]) -> bool:
    return array.dtype == np.float64 and np.array_equal(array, np.array(values), equal_nan=True)


def write(folder: Path, name: str, content: str | bytes) -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


# what it is, content, x, y, lines of the rows
TEXTS = [
    ("comma", PLAIN, X, Y, [2, 3]),
    ("no newline at the end", "x,y\n1,2.5\n3,-4e-3", X, Y, [2, 3]),
    ("crlf", PLAIN.replace("\n", "\r\n"), X, Y, [2, 3]),
    ("cr only", PLAIN.replace("\n", "\r"), X, Y, [2, 3]),
    ("utf-8 byte mark", b"\xef\xbb\xbf" + PLAIN.encode(), X, Y, [2, 3]),
    ("utf-16 little", PLAIN.encode("utf-16"), X, Y, [2, 3]),
    ("utf-16 big", b"\xfe\xff" + PLAIN.encode("utf-16-be"), X, Y, [2, 3]),
    ("tab", PLAIN.replace(",", "\t"), X, Y, [2, 3]),
    ("semicolon", PLAIN.replace(",", ";"), X, Y, [2, 3]),
    ("bar", PLAIN.replace(",", "|"), X, Y, [2, 3]),
    ("blanks", "  x    y\n 1\t 2.5 \n\t3   -4e-3\n", X, Y, [2, 3]),
    ("comma and blanks", "x, y\n 1, 2.5\n3 , -4e-3 \n", X, Y, [2, 3]),
    ("decimal comma", "x;y\n1;2,5\n3;-4e-3\n", X, Y, [2, 3]),
    ("decimal comma, tab", "x\ty\n1\t2,5\n3\t-0,004\n", X, Y, [2, 3]),
    ("decimal comma, blanks", "x y\n1,0 2,5\n3,0 -0,004\n", X, Y, [2, 3]),
    ("three decimals", "x;y\n1,000;2,500\n3,000;-0,004\n", X, Y, [2, 3]),
    ("comments", "# a\nx,y\n#b\n1,2.5\n  # c\n3,-4e-3\n#d", X, Y, [4, 6]),
    ("comments and quotes", '# 5" a\n"x",y\n#"b\n"1",2.5\n  # c\n3,"-4e-3"\n', X, Y, [4, 6]),
    ("blank lines", "\n\nx,y\n\n1,2.5\n   \n3,-4e-3\n\n", X, Y, [5, 7]),
    ("comment as header", "# made today\n# x y\n1 2.5\n3 -4e-3\n", X, Y, [3, 4]),
    ("comment as header, comma", "#x, y\n1,2.5\n3,-4e-3\n", X, Y, [2, 3]),
    ("quoted header", '"x","y","a, b"\n1,2.5,0\n3,-4e-3,0\n', X, Y, [2, 3]),
    ("line break in the header", '"x","y","a\nb"\n1,2.5,0\n3,-4e-3,0\n', X, Y, [3, 4]),
    ("quoted cells", 'n,x,y\n"a,""b""",1,"2.5"\n"c\n#d\n\ne",3,-4e-3\n', X, Y, [2, 3]),
    ("quoted blanks", 'n x y\n"a b" 1 2.5\n\t"c  d" 3 -4e-3  \n', X, Y, [2, 3]),
    ("text columns", "name,x,day,y\na b,1,2024-01-01,2.5\nc d,3,2024-01-02,-4e-3\n", X, Y, [2, 3]),
    ("date and time", "t,x,y\n2024-01-01 10:00,1,2.5\n2024-01-01 11:00,3,-4e-3\n", X, Y, [2, 3]),
    ("numbers in cells", "x,y\n+1.,25E-1\n03,-.004\n", X, Y, [2, 3]),
    ("minus sign of typographers", "x,y\n1,2.5\n3,\u2212.004\n", X, Y, [2, 3]),
    ("missing", "x,y\nNA,\n?,-\nn/a,NULL\nnan,.\n1, NaN\n",
     [NAN] * 4 + [1.0], [NAN] * 5, range(2, 7)),
    ("a row of tabs", "x\ty\n\t\n3\t1\n", [NAN, 3.0], [NAN, 1.0], [2, 3]),
    ("infinities", "x,y\ninf,-inf\nInfinity,+Inf\n", [INF, INF], [-INF, INF], [2, 3]),
    ("large integers", "x,y\n9007199254740993,1\n-123456789012345678901,2\n",
     [9007199254740992.0, -123456789012345678901.0], [1.0, 2.0], [2, 3]),
    ("json lines", '{"x": 1, "y": 2.5}\n\n{"y": "-4e-3", "x": 3, "z": 0}\n', X, Y, [1, 3]),
    ("json lines, gaps", '{"x": NaN, "y": null}\n{"x": -Infinity}\n',
     [NAN, -INF], [NAN] * 2, [1, 2]),
    ("json", '[\n{"x": 1, "y": 2.5},\n {"x": 3,\n"y": -4e-3}\n]\n', X, Y, [2, 3]),
    ("json in a line", '[{"x":1,"y":2.5},{"x":3,"y":-4e-3}]', X, Y, [1, 1]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "x", "y", "lines"), [c[1:] for c in TEXTS], ids=[c[0] for c in TEXTS]
)
def test_text_formats_give_exact_values(tmp_path, content, x, y, lines):
    table = open_table(write(tmp_path, "d.txt", content)).load(["x", "y"])
    assert same(table.columns["x"], x)
    assert same(table.columns["y"], y)
    assert table.line_numbers is not None
    assert table.line_numbers.tolist() == list(lines)
    assert table.rows == len(x)
    assert table.left_out_by_where == 0


def _has_returns(content):
    return b"\r" in (content if isinstance(content, bytes) else content.encode())


# The kind of line end is found in the first piece, which is tiny here.
IN_PIECES = [c for c in TEXTS if not _has_returns(c[1])]


@pytest.mark.parametrize(
    ("content", "x", "y", "lines"), [c[1:] for c in IN_PIECES], ids=[c[0] for c in IN_PIECES]
)
def test_text_formats_in_blocks_of_few_bytes(tmp_path, monkeypatch, content, x, y, lines):
    monkeypatch.setattr(_source, "_FIRST", 40)
    monkeypatch.setattr(_source, "_BLOCK", 8)
    monkeypatch.setattr(_rows, "_BATCH", 1)
    table = open_table(write(tmp_path, "d.txt", content)).load(["x", "y"])
    assert same(table.columns["x"], x)
    assert same(table.columns["y"], y)
    assert table.line_numbers is not None
    assert table.line_numbers.tolist() == list(lines)


def zstd(data: bytes) -> bytes:
    """One zstd frame with a raw block: the least that the format allows."""
    head = _source._ZSTD + bytes([0b00100000, len(data)])
    return head + (len(data) << 3 | 1).to_bytes(3, "little") + data


PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstd}


@pytest.mark.parametrize("ending", PACKERS)
@pytest.mark.parametrize("name", ["comma", "crlf", "blanks", "json", "json lines", "quoted cells"])
def test_compressed_text(tmp_path, ending, name):
    content, x, y, lines = next(case[1:] for case in TEXTS if case[0] == name)
    table = open_table(write(tmp_path, "d" + ending, PACKERS[ending](content.encode())))
    loaded = table.load(["y", "x"])
    assert same(loaded.columns["x"], x)
    assert same(loaded.columns["y"], y)
    assert loaded.line_numbers is not None
    assert loaded.line_numbers.tolist() == list(lines)


FRAME = pl.DataFrame(
    {
        "x": [1, 2, None],
        "y": [0.5, NAN, -1.0],
        "g": ["a", None, "3"],
        "n": [None, None, None],
        "e": pl.Series(["1", "2", "1"], dtype=pl.Categorical),
        "b": [True, False, None],
        "d": pl.Series([1, 2, 3], dtype=pl.Date),
    }
)


def binary(kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "parquet":
        FRAME.write_parquet(out)
    else:
        FRAME.write_ipc(out, compression="zstd" if kind == "feather" else "uncompressed")
    return out.getvalue()


@pytest.mark.parametrize("kind", ["parquet", "arrow", "feather"])
@pytest.mark.parametrize("piped", [False, True])
def test_typed_formats(tmp_path, monkeypatch, kind, piped):
    source = "-" if piped else write(tmp_path, "strange [1] *." + kind, binary(kind))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(binary(kind))))
    table = open_table(source)
    assert table.names == tuple(FRAME.columns)
    loaded = table.load(["x", "2", "n", "e"])
    assert same(loaded.columns["x"], [1, 2, NAN])
    assert same(loaded.columns["2"], [0.5, NAN, -1])
    assert same(loaded.columns["n"], [NAN] * 3)
    assert same(loaded.columns["e"], [1, 2, 1])
    assert loaded.line_numbers is None
    assert same(table.load(["x"], "g == 'a' or y < 0").columns["x"], [1, NAN])
    with pytest.raises(NotNumericError, match="row 1: 'a'"):
        table.load(["g"])
    with pytest.raises(NotNumericError, match="2 cells that are not"):
        table.load(["b"])
    with pytest.raises(NotNumericError, match="'1970-01-02'"):
        table.load(["d"])
    with pytest.raises(FormulaError, match="holds numbers"):
        table.load(["x"], "y == '1'")


@pytest.mark.parametrize("name", [case[0] for case in TEXTS if case[0] != "cr only"])
@pytest.mark.parametrize("packed", [False, True])
def test_standard_input(monkeypatch, name, packed):
    content, x, y, _ = next(case[1:] for case in TEXTS if case[0] == name)
    data = content if isinstance(content, bytes) else content.encode()
    data = gzip.compress(data) if packed else data
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    table = open_table("-")
    for _ in range(2):  # it can be loaded again although a pipe is read once
        loaded = table.load(["x", "y"])
        assert same(loaded.columns["x"], x)
        assert same(loaded.columns["y"], y)
    assert loaded.source == "standard input"


def test_named_pipe(tmp_path):
    path = str(tmp_path / "pipe")
    os.mkfifo(path)
    with subprocess.Popen(
        [sys.executable, "-c", f"open({path!r}, 'w').write({PLAIN!r})"]
    ) as writer:
        assert same(open_table(path).load(["x"]).columns["x"], X)
    assert writer.returncode == 0


def names(tmp_path, content, **options):
    table = open_table(write(tmp_path, "d.csv", content), **options)
    return table.names, table.load(["1"]).columns["1"].tolist()


def test_header_or_not(tmp_path):
    assert names(tmp_path, "1,2\n3,4\n") == (("c1", "c2"), [1, 3])
    assert names(tmp_path, "1,\n3,4\n") == (("c1", "c2"), [1, 3])
    assert names(tmp_path, "a,\n3,4\n") == (("a", "c2"), [3])
    assert names(tmp_path, "1,2\n3,4\n", header=True) == (("1", "2"), [3])
    assert names(tmp_path, "5\n6\n") == (("c1",), [5, 6])
    assert names(tmp_path, "my value\n6\n") == (("my value",), [6])
    assert names(tmp_path, "1;2\n3;4\n", sep=";") == (("c1", "c2"), [1, 3])
    assert names(tmp_path, "a;b\n3;4\n", sep="semicolon") == (("a", "b"), [3])
    assert names(tmp_path, "a:b\n3:4\n", sep=":") == (("a", "b"), [3])
    assert names(tmp_path, "1 2\n3  4\n", sep="space") == (("c1", "c2"), [1, 3])
    assert names(tmp_path, "1\t2\n3\t4\n", sep="\\t") == (("c1", "c2"), [1, 3])
    assert names(tmp_path, "#a b c\n1,2\n3,4\n") == (("c1", "c2"), [1, 3])
    assert names(tmp_path, "#a b\n1,2\n3,4\n", header=False) == (("c1", "c2"), [1, 3])
    assert names(tmp_path, "1,5\n2,5\n", decimal=",", sep=";") == (("c1",), [1.5, 2.5])
    with pytest.raises(FileReadError, match=r"Line 3 has 1 cell[^$]*the first row has"):
        names(tmp_path, "1,2\n3,4\n5\n")
    with pytest.raises(NotNumericError, match="line 1: 'a'"):
        names(tmp_path, "a,b\n3,4\n", header=False)


def test_notes_say_what_was_assumed(tmp_path):
    table = open_table(write(tmp_path, "d", "# m\n1\t2\n# n\n3\t4,5\n")).load(["c1"], "c1 < 2")
    assert table.notes == (
        "separator: tab",
        "no header: columns named c1 to c2",
        "decimal comma: 1,5 read as 1.5",
        "2 comment lines skipped",
        "where left out 1 of 2 rows",
    )
    notes = open_table(write(tmp_path, "e", "A,1\nB,2\n")).notes
    assert "line 1 read as the header although it holds numbers" in notes


def test_columns_by_name_and_number(tmp_path):
    table = open_table(write(tmp_path, "d", "x₁,x2,c1,y,y,λ\n1,2,3,4,5,6\n"))
    wanted = ["x1", "x₂", "c1", "1", "4", "c5", "λ"]
    columns = table.load(wanted).columns
    assert {key: value[0] for key, value in columns.items()} == dict(
        zip(wanted, [1, 2, 3, 1, 4, 5, 6], strict=True)
    )
    with pytest.raises(ColumnError, match="2 times: columns 4 and 5"):
        table.load(["y"])
    with pytest.raises(ColumnError, match=r"'x3'[^$]*6 columns: x₁, x2, c1, y, y, λ[^$]*mean 'x"):
        table.load(["x3"])
    for name in ("0", "7", "c7", "-1", ""):
        with pytest.raises(ColumnError):
            table.load([name])


def test_missing_markers_of_the_user(tmp_path):
    path = write(tmp_path, "d", "x,y\n-999,1\n-999.0,gone\n2,3\n")
    loaded = open_table(path, na=(*DEFAULT_NA, "-999", "Gone")).load(["x", "y"])
    assert same(loaded.columns["x"], [NAN, NAN, 2])
    assert same(loaded.columns["y"], [1, NAN, 3])


FAILURES = [
    ("empty", b"", FileReadError, "is empty"),
    ("blank", b"\n \n", EmptyDataError, "is empty"),
    ("only comments", b"# a\n", EmptyDataError, "no data rows"),
    ("only a header", b"x,y\n", EmptyDataError, "no data rows"),
    ("empty json", b"[]", EmptyDataError, "no columns"),
    ("png", b"\x89PNG\r\n\x1a\n" + bytes(50), FileReadError, "PNG image"),
    ("excel", b"PK\x03\x04" + bytes(50), FileReadError, "Excel"),
    ("noughts", bytes(1000), FileReadError, "binary data"),
    ("utf-16 without mark", PLAIN.encode("utf-16-le"), FileReadError, "binary data"),
    ("noughts later", PLAIN.encode() + b"1,\0\n", FileReadError, "binary data"),
    ("odd utf-16", PLAIN.encode("utf-16")[:21], FileReadError, "UTF-16 text is damaged"),
    ("latin-1 header", b"T (\xb0C),x,y\n1,2,3\n", FileReadError, r"line 1[^$]*0xb0[^$]*iconv"),
    ("latin-1 row", b"x,y\n1,2\n3,\xb5\n", FileReadError, r"line 3[^$]*0xb5"),
    ("web page", b"<!DOCTYPE html><html>", FileReadError, "web page"),
    ("cut gzip", gzip.compress(PLAIN.encode() * 99)[:-20], FileReadError, "gzip data is trunc"),
    ("wrong gzip", gzip.compress(PLAIN.encode())[:-8] + bytes(8), FileReadError, "gzip data"),
    ("gzip of nothing", gzip.compress(b""), EmptyDataError, "is empty"),
    ("cut bzip2", bz2.compress(PLAIN.encode())[:-9], FileReadError, "bzip2 data"),
    ("cut xz", lzma.compress(PLAIN.encode())[:-20], FileReadError, "xz data"),
    ("cut zstd", zstd(PLAIN.encode())[:-3], FileReadError, "zstd data"),
    ("zstd of latin-1", zstd(b"x,y\n\xb5,1\n"), FileReadError, "UTF-8"),
    ("gzip in gzip", gzip.compress(gzip.compress(b"x" * 99)), FileReadError, "binary data"),
    ("short row", b"x,y\n1,2\n3\n4,5\n", FileReadError, "Line 3 has 1 cell, and 2 were expected"),
    ("long row", b"x,y\n1,2\n\n3,4,5\n", FileReadError, "Line 4 has 3 cells, and 2 were expected"),
    ("short and long", b"x,y\n1,2\n3\n4,5,6\n", FileReadError, "Line 3 has 1 cell"),
    ("long and short", b"x,y\n1,2\n4,5,6\n3\n", FileReadError, "Line 3 has 3 cells"),
    (
        "long and short beyond y",
        b"x,y,z\n1,2,3\n4,5,6,7\n3,4\n",
        FileReadError,
        "Line 3 has 4 cells",
    ),
    ("short row, quotes", b'x,y\n"1",2\n"3,4"\n', FileReadError, "Line 3 has 1 cell"),
    ("short row, blanks", b"x y\n1 2\n 3 \n4 5", FileReadError, "Line 3 has 1 cell"),
    ("open quote", b'x,y\n1,2\n"3,4\n5,6\n', FileReadError, r"line 3[^$]*unexpected end"),
    ("stray quote", b'x,y\n1,2\n"3"a,4\n', FileReadError, r"line 3[^$]*quotes"),
    ("endless cell", b'x,y\n1,"' + b"2" * 200_000, FileReadError, "line 2"),
    ("text cell", b"x,y\n1,2\n\n3,abc\n4,d\n", NotNumericError, "has 2 cells[^$]*line 4[^$]*'abc'"),
    ("one text cell", b"x,y\n1,2\n3,abc\n", NotNumericError, "'y' has a cell[^$]*line 3: 'abc'"),
    ("text cell, quotes", b'x,y\n1,"2"\n3,"a,b"\n', NotNumericError, "line 3: 'a,b'"),
    ("long cell", b"x,y\n1," + b"z" * 99 + b"\n", NotNumericError, r"'z{36}\.\.\.\n"),
    ("thousands", b'x,y\n1,"1,234"\n', NotNumericError, "thousands"),
    ("decimal comma later", b"x;y\n" + b"1;2\n" * 60 + b"1;2,5\n", NotNumericError, "--decimal ,"),
    ("point in decimal comma", b"x;y\n1;2,5\n1;1.234\n", NotNumericError, "--decimal ."),
    ("thousands and commas", b"x;y\n1;2,5\n1;1.234,5\n", NotNumericError, "comma here"),
    ("fortran", b"x y\n1 2D+03\n", NotNumericError, "Fortran"),
    ("second header", b"x,y\ns,V\n1,2\n", NotNumericError, r"line 2: 's'[^$]*needs a #"),
    ("underscore", b"x,y\n1,2\n1,1_000\n", NotNumericError, "line 3: '1_000'"),
    ("hexadecimal", b"x,y\n1,2\n1,0x10\n", NotNumericError, "line 3: '0x10'"),
    ("other digits", "x,y\n1,2\n1,१\n".encode(), NotNumericError, "line 3"),
    ("truth", b"x,y\n1,2\n1,true\n", NotNumericError, "line 3: 'true'"),
    ("no y", b"x,z\n1,2\n", ColumnError, "no column 'y'[^$]*x, z"),
    ("json truth", b'{"x": 1, "y": true}', NotNumericError, "line 1: 'true'"),
    ("json list", b'{"x": 1, "y": [1, 2]}', NotNumericError, "line 1"),
    ("json surrogate", b'{"x": 1, "y": "\\ud800"}', NotNumericError, "line 1"),
    ("json cut", b'{"x": 1, "y": 2}\n{"x": 1', FileReadError, "line 2"),
    ("json two", b'{"x": 1, "y": 2} {"x": 1}', FileReadError, "something follows"),
    ("json number", b'{"x": 1, "y": 2}\n7\n', FileReadError, r"line 2[^$]*not a record"),
    ("json array cut", b'[{"x": 1, "y": 2},\n{"x": 1, "y": 3}', FileReadError, "line 2"),
    ("json array then more", b'[{"x": 1, "y": 2}]\n7', FileReadError, "follows the array"),
    ("json array of arrays", b'[{"x": 1, "y": 2}, [1]]', FileReadError, "not a record"),
    ("json deep", b'{"x": ' + b"[" * 10**6, FileReadError, "nested"),
    ("json digits", b'{"x": 1, "y": ' + b"9" * 10**5 + b"}", None, ""),
    ("cut parquet", binary("parquet")[:-40], FileReadError, "parquet file is damaged"),
    ("short parquet", b"PAR1", FileReadError, "parquet file is damaged"),
    ("cut arrow", binary("arrow")[:-40], FileReadError, "arrow file is damaged"),
]


@pytest.mark.parametrize(
    ("content", "error", "message"), [c[1:] for c in FAILURES], ids=[c[0] for c in FAILURES]
)
@pytest.mark.parametrize("piped", [False, True])
def test_failures_say_where_and_what_next(tmp_path, monkeypatch, content, error, message, piped):
    path = "-" if piped else write(tmp_path, "d", content)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    start = time.perf_counter()
    if error is None:
        open_table(path).load(["x", "y"])
    else:
        with pytest.raises(error, match=message) as caught:
            open_table(path).load(["x", "y"])
        assert type(caught.value) is error
        assert caught.value.next_step
    assert time.perf_counter() - start < 60  # hangs, not speed


@pytest.mark.parametrize("seed", range(300))
def test_damaged_files_never_end_in_another_error(tmp_path, seed):
    draw = random.Random(seed)
    kind = draw.choice(["parquet", "arrow", "text", "text", "packed", "packed"])
    data = bytearray(binary(kind) if kind in ("parquet", "arrow") else b"")
    if not data:
        text = draw.choice(TEXTS)[1]
        data = bytearray(text if isinstance(text, bytes) else text.encode())
    if kind == "packed":
        data = bytearray(draw.choice(list(PACKERS.values()))(bytes(data)))
    for _ in range(draw.randint(1, 4)):
        data[draw.randrange(len(data))] = draw.choice([0, 10, 34, 35, 44, 91, 123, 255, 200])
    data = data[: draw.choice([len(data), len(data), draw.randrange(len(data))])]
    path = write(tmp_path, "d", bytes(data))
    try:
        open_table(path).load(["x", "y"], "x < 2 or y != 'a'")
    except TayloredError as error:
        assert error.exit_code in (2, 3)


def test_files_that_are_none(tmp_path, monkeypatch):
    write(tmp_path, "data.csv", PLAIN)
    cases = [
        (str(tmp_path / "dat.csv"), "did you mean .*data.csv"),
        (str(tmp_path / "no" / "where"), "check the path"),
        (str(tmp_path), "is a directory"),
        ("a\0b", "cannot be read"),
        ("x" * 5000, "cannot be read"),
        ("http://127.0.0.1:9/a.csv", "local files only"),
        ("HTTPS://example.org/a.csv", "local files only"),
        ("s3://bucket/a.parquet", "local files only"),
        ("file:///etc/passwd", "local files only"),
        ("hf://datasets/a/b.csv", "local files only"),
        ("/dev/zero", "binary data"),
        ("/dev/null", "is empty"),
    ]
    for source, message in cases:
        with pytest.raises(FileReadError, match=message) as caught:
            open_table(source)
        assert caught.value.next_step
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=SimpleNamespace(isatty=lambda: True)))
    with pytest.raises(FileReadError, match="Nothing is piped"):
        open_table("-")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(FileReadError, match="Nothing is piped"):
        open_table("-")


def test_permission_is_reported(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(FileReadError, match="Permission denied"):
        open_table(write(tmp_path, "d.csv", PLAIN))


@pytest.mark.parametrize("options", [{"sep": "ab"}, {"sep": "1"}, {"sep": '"'}, {"decimal": "x"}])
def test_options_without_meaning(tmp_path, options):
    with pytest.raises(ArgumentError):
        open_table(write(tmp_path, "d.csv", PLAIN), **options)


def test_random_numbers_are_read_to_the_last_bit(tmp_path):
    draw = np.random.default_rng(1)
    bits = draw.integers(0, 2**64, 20_000, np.uint64).view(np.float64)
    values = np.concatenate([bits[np.isfinite(bits)], draw.normal(size=5000), [5e-324, 1.8e308]])
    texts = [repr(float(v)) for v in values] + [f"{v:.25e}" for v in draw.normal(size=2000)]
    loaded = open_table(write(tmp_path, "d", "x\n" + "\n".join(texts))).load(["x"])
    assert same(loaded.columns["x"], [float(text) for text in texts])


def test_random_tables_agree_with_the_csv_module(tmp_path):
    draw = random.Random(2)
    pieces = ["1", "2.5", "", "a", 'q"q', "a,b", "a;b", "l\nm", "#n", "é", " 7 ", "-"]
    for trial in range(60):
        rows = [[draw.choice(pieces), draw.choice(pieces), "1"] for _ in range(draw.randint(1, 40))]
        rows = [row for row in rows if not row[0].startswith("#")]
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([["p", "q", "x"], *rows, ["0", "0", "1"]])
        path = write(tmp_path, f"{trial}.csv", out.getvalue())
        loaded = open_table(path).load(["x"], "p != 'a'")
        assert len(loaded.columns["x"]) == 1 + sum(row[0] != "a" for row in rows)
        assert loaded.rows == len(rows) + 1
