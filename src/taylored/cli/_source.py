"""The bytes of a data file as UTF-8 text: local, decompressed, checked, in blocks of lines.

Everything here works on the content, not on the file's name, and reads local bytes only.
Text is handed on in blocks of whole lines, so that a file larger than memory can be read.
"""

from __future__ import annotations

import bz2
import codecs
import difflib
import gzip
import io
import lzma
import os
import re
import stat
import sys
import zlib
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO, cast

from taylored.errors import FileReadError

__all__ = ["BINARY_TABLES", "MAX_LINE", "Source", "decode", "open_source"]

MAX_TEXT = 8 << 30  # bytes of text after decompression: what is larger is refused
MAX_PIPE = 4 << 30  # bytes of a pipe, which are held in memory
MAX_ZSTD = 1 << 30  # bytes of text: polars holds a hostile file of one line five times over
MAX_LINE = 64 << 20
_FIRST = 1 << 18
_BLOCK = 1 << 24
_ZSTD = b"\x28\xb5\x2f\xfd"
BINARY_TABLES = (b"PAR1", b"ARROW1")  # parquet and arrow files start so
_OPENERS = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", _ZSTD: "zstd"}
_REFUSED = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"%PDF": "a PDF document",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"SQLite format 3": "an SQLite database",
    b"FEA1": "a Feather file of the old version 1",
}


@dataclass
class Source:
    """Local bytes: a regular file by its path, or what a pipe held."""

    label: str
    path: str | None = None
    data: bytes = b""
    wrapping: str = ""

    def open(self) -> BinaryIO:
        """The raw bytes from the start."""
        return io.BytesIO(self.data) if self.path is None else open(self.path, "rb")

    def error(self, what: str, *, line: int = 0, why: str = "", step: str = "") -> FileReadError:
        """A `FileReadError` that names this source, and the line where one is known."""
        place = f"{self.label}, line {line}" if line else self.label
        return FileReadError(what, where=place, why=why, next_step=step)

    def chunks(self) -> Generator[bytes, None, None]:
        """The text as UTF-8 with newlines, in pieces, decompressed and checked for size."""
        total, decode, turn, first = 0, None, False, True
        with closing(self._unpacked()) as pieces:
            for piece in pieces:
                total += len(piece)
                if total > MAX_TEXT:
                    step = "keep only the rows or columns needed, or convert it to Parquet"
                    raise self._too_large(MAX_TEXT, step)
                if first:
                    first, decode = False, _utf16_decoder(piece)
                    piece = piece.removeprefix(codecs.BOM_UTF8)
                    turn = decode is None and b"\r" in piece and b"\n" not in piece
                if decode is not None:
                    piece = self._recoded(decode, piece)
                if b"\0" in piece:
                    step = "export the data as CSV; text must be UTF-8 or UTF-16 with a byte mark"
                    raise self.error("The file holds binary data, not a table.", step=step)
                yield piece.replace(b"\r", b"\n") if turn else piece
        if decode is not None:
            self._recoded(decode, b"", final=True)

    def blocks(self, offset: int = 0) -> Generator[bytes, None, None]:
        """The text from byte `offset` on, in blocks of whole lines."""
        rest = b""
        with closing(self.chunks()) as chunks:
            for chunk in chunks:
                cut, offset = chunk[offset:], max(0, offset - len(chunk))
                end = cut.rfind(b"\n") + 1
                if end:
                    yield rest + cut[:end]
                    rest = cut[end:]
                else:
                    rest += cut
                if len(rest) > MAX_LINE:
                    raise self._too_long()
        if rest:
            yield rest + b"\n"

    def _too_large(self, limit: int, step: str) -> FileReadError:
        return self.error(f"The text is larger than {limit / 2**30:.3g} GiB.", step=step)

    def _too_long(self) -> FileReadError:
        step = "check that this is a text table; one line must fit into memory"
        return self.error(f"A line is longer than {MAX_LINE >> 20} MiB.", step=step)

    def _recoded(
        self, decode: codecs.IncrementalDecoder, piece: bytes, final: bool = False
    ) -> bytes:
        try:
            return decode.decode(piece, final).encode()
        except UnicodeError as error:
            step = "save the file as UTF-8"
            raise self.error("The UTF-16 text is damaged.", why=str(error), step=step) from None

    def _unpacked(self) -> Generator[bytes, None, None]:
        try:
            yield from self._zstd() if self.wrapping == "zstd" else self._read_through()
        except (EOFError, OSError, lzma.LZMAError, zlib.error) as error:
            if not self.wrapping:
                raise self.error("The file cannot be read.", why=str(error)) from None
            what = f"The {self.wrapping} data is truncated or damaged."
            raise self.error(what, why=str(error), step="copy or download it again") from None

    def _read_through(self) -> Generator[bytes, None, None]:
        openers = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
        with self.open() as raw:
            stream = cast(BinaryIO, openers[self.wrapping](raw)) if self.wrapping else raw
            size = _FIRST
            while piece := stream.read(size):
                yield piece
                size = _BLOCK

    def _zstd(self) -> Generator[bytes, None, None]:
        """Lines by way of polars, after a look at the block headers for the size to come."""
        with self.open() as raw:
            if _zstd_bound(raw) > MAX_ZSTD:
                step = "unpack it, for instance: zstd -dc FILE | taylored fit - ..."
                raise self._too_large(MAX_ZSTD, step)
        import polars as pl

        lines = pl.scan_lines(io.BytesIO(self.data) if self.path is None else self.path, glob=False)
        try:
            for frame in lines.collect_batches(chunk_size=100_000, maintain_order=True):
                longest = frame.select(pl.col("line").str.len_bytes().max()).item() or 0
                if longest > MAX_LINE:
                    raise self._too_long()
                if frame.height:
                    yield frame["line"].str.join("\n").item().encode() + b"\n"
        except pl.exceptions.ComputeError as error:
            step = "save the text as UTF-8, or unpack the file first (zstd -d)"
            raise self.error("The text is not UTF-8.", why=str(error), step=step) from None


def _zstd_bound(raw: BinaryIO) -> int:
    """An upper bound of the decompressed size, from the headers of all blocks of all frames."""
    total = 0
    while (magic := raw.read(4)) and len(magic) == 4:
        if magic != _ZSTD:  # a skippable frame, or damage that the decompressor will report
            raw.seek(int.from_bytes(raw.read(4), "little"), io.SEEK_CUR)
            continue
        flags = (raw.read(1) or b"\0")[0]
        single = flags >> 5 & 1
        content = (1, 2, 4, 8)[flags >> 6] if flags >> 6 or single else 0
        raw.seek((0, 1, 2, 4)[flags & 3] + content + (1 - single), io.SEEK_CUR)
        while len(head := raw.read(3)) == 3:
            word = int.from_bytes(head, "little")
            last, kind, size = word & 1, word >> 1 & 3, word >> 3
            total += (1 << 17) if kind == 2 else size
            raw.seek(1 if kind == 1 else size, io.SEEK_CUR)
            if last:
                break
        raw.seek(4 if flags >> 2 & 1 else 0, io.SEEK_CUR)
    return total


def _utf16_decoder(piece: bytes) -> codecs.IncrementalDecoder | None:
    if piece[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return codecs.getincrementaldecoder("utf-16")()
    return None


def open_source(source: str) -> Source:
    """The bytes behind DATA: a local path, or `-` for standard input; addresses are refused."""
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", source)
    if scheme:
        raise FileReadError(
            f"{source!r} is an address, and taylored reads local files only.",
            next_step="download the file and give its path, or pipe it into `-`",
        )
    if source == "-":
        return _from_pipe("standard input", cast(BinaryIO, getattr(sys.stdin, "buffer", None)))
    try:
        mode = os.stat(source).st_mode
        if stat.S_ISDIR(mode):
            step = "give the path of one file in it"
            raise FileReadError(f"{source!r} is a directory.", next_step=step)
        with open(source, "rb") as raw:
            if stat.S_ISREG(mode):
                return _checked(Source(source, path=os.path.abspath(source)), raw.read(512))
            return _from_pipe(source, raw)
    except FileNotFoundError:
        raise _no_file(source) from None
    except (OSError, ValueError) as error:
        if isinstance(error, FileReadError):
            raise
        why = getattr(error, "strerror", None) or str(error)
        step = "check the path and who may read it"
        raise FileReadError(f"{source!r} cannot be read.", why=why, next_step=step) from None


def _no_file(source: str) -> FileReadError:
    folder, name = os.path.split(source)
    near: list[str] = []
    if os.path.isdir(folder or "."):
        near = difflib.get_close_matches(name, os.listdir(folder or ".")[:2000], 1)
    step = f"did you mean {os.path.join(folder, near[0])!r}?" if near else "check the path"
    return FileReadError(f"There is no file {source!r}.", next_step=step)


def _from_pipe(label: str, pipe: BinaryIO | None) -> Source:
    """All bytes of a pipe, in memory: it can be read only once, and the table is read twice."""
    if pipe is None or pipe.isatty():
        step = "pipe a table into it, or give a path"
        raise FileReadError(f"Nothing is piped into {label}.", next_step=step)
    pieces = [pipe.read(_FIRST)]
    source = _checked(Source(label), pieces[0])
    if not source.wrapping and not pieces[0].startswith(BINARY_TABLES):
        next(source.chunks())  # refuses binary data before an endless pipe is read
    total = len(pieces[0])
    while piece := pipe.read(_BLOCK):
        pieces.append(piece)
        total += len(piece)
        if total > MAX_PIPE:
            step = "write it to a file and give the path"
            raise source.error(f"More than {MAX_PIPE / 2**30:.3g} GiB were piped.", step=step)
    source.data = b"".join(pieces)
    return source


def _checked(source: Source, head: bytes) -> Source:
    """The source with its compression known, unless the first bytes are not those of a table."""
    if not head:
        raise source.error("The file is empty.", step="check how it was written")
    for magic, what in _REFUSED.items():
        if head.startswith(magic):
            step = "export the data as CSV or Parquet"
            raise source.error(f"The file is {what}, not a table.", step=step)
    found = (name for magic, name in _OPENERS.items() if head.startswith(magic))
    source.wrapping = next(found, "")
    source.data = source.data or (head if source.path is None else b"")
    return source


def decode(source: Source, text: bytes, line: int) -> str:
    """The text of bytes that start at `line`."""
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise source.error(
            "The text is not UTF-8.",
            line=line + text.count(b"\n", 0, error.start),
            why=f"the byte 0x{text[error.start]:02x} does not belong there",
            step="convert it, for instance: iconv -f latin1 -t utf-8 FILE > NEW",
        ) from None
