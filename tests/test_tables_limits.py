"""Tables that are too large, hostile, or merely large: bounded time and memory."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from taylored.cli import _json, _loading, _rows, _source
from taylored.cli.tables import open_table
from taylored.errors import FileReadError, NotNumericError

PLAIN = "x,y\n1,2.5\n3,-4e-3\n"
PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def write(folder: Path, name: str, content: str | bytes) -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def test_limits_on_size(tmp_path, monkeypatch):
    big = b"x,y\n" + b"1,2\n" * 300_000
    paths = [write(tmp_path, "d" + ending, pack(big)) for ending, pack in PACKERS.items()]
    frame = _source._ZSTD + bytes([0b10100000]) + struct.pack("<I", 1 << 22)
    blocks = b"".join(
        (1 << 17 << 3 | 2 | (i == 31)).to_bytes(3, "little") + b"1" for i in range(32)
    )
    paths.append(write(tmp_path, "d.zst", frame + blocks))
    monkeypatch.setattr(_source, "MAX_TEXT", 1_000_000)
    monkeypatch.setattr(_source, "MAX_ZSTD", 1_000_000)
    for path in paths:
        with pytest.raises(FileReadError, match="The text is larger than"):
            open_table(path).load(["x"])


def test_limits_on_lines_numbers_and_json(tmp_path, monkeypatch):
    path = write(tmp_path, "d.csv", "x,y\n" + "1,2\n" * 1000)
    monkeypatch.setattr(_loading, "MAX_NUMBERS", 1000)
    with pytest.raises(FileReadError, match="take more than"):
        open_table(path).load(["x"])
    monkeypatch.setattr(_rows, "MAX_CELLS", 2)
    parquet = str(tmp_path / "d.parquet")
    pl.DataFrame({"x": [1, 2, 3]}).write_parquet(parquet)
    with pytest.raises(FileReadError, match="more than can be read"):
        open_table(parquet).load(["x"])
    monkeypatch.setattr(_json, "MAX_ARRAY", 100)
    with pytest.raises(FileReadError, match="JSON lines"):
        open_table(write(tmp_path, "d.json", json.dumps([{"x": 1}] * 100)))
    monkeypatch.setattr(_source, "MAX_LINE", 1000)
    with pytest.raises(FileReadError, match="A line is longer"):
        open_table(write(tmp_path, "e.csv", "1" * 600_000))
    monkeypatch.setattr(_source, "MAX_PIPE", 1000)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"1,2\n" * 100_000)))
    with pytest.raises(FileReadError, match="were piped"):
        open_table("-")


def test_bad_row_at_the_end_of_a_large_file(tmp_path):
    good = "".join(f"{i},{i / 7!r},text {i}\n" for i in range(200_000))
    path = write(tmp_path, "d.csv", "x,y,z\n" + good * 5 + "1,oops,a\n")
    start = time.perf_counter()
    with pytest.raises(NotNumericError, match="line 1000002: 'oops'"):
        open_table(path).load(["x", "y"])
    loaded = open_table(path).load(["x"])
    assert loaded.columns["x"].sum() == 5 * sum(range(200_000)) + 1
    assert time.perf_counter() - start < 60  # hangs, not speed


def test_polars_is_imported_only_to_read():
    code = (
        "from taylored.cli.tables import open_table\n"
        "import sys; sys.stdin = open(0)\n"
        "assert 'polars' not in sys.modules\n"
        "open_table('-').load(['x'])\n"
    )
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, input=PLAIN, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
