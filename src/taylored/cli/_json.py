"""Records out of JSON lines or a JSON array, each with its line; nothing but text and lines.

Numbers stay the text that they are in the file, so that every format is read by one rule.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from contextlib import closing
from typing import Any

from taylored.cli._source import Source, decode

__all__ = ["as_text", "records"]

MAX_ARRAY = 1 << 30  # bytes of one JSON array, which cannot be read in blocks
_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)

Record = tuple[int, dict[str, Any]]


def records(source: Source, kind: str) -> Generator[Record, None, None]:
    """All records with their lines; `kind` is jsonl or json."""
    return _from_lines(source) if kind == "jsonl" else _from_array(source)


def as_text(value: Any) -> str | None:
    """A cell as the text that a CSV file would have; null is None."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else json.dumps(value)
    # Half a surrogate pair is legal in JSON and in nothing else.
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _from_lines(source: Source) -> Generator[Record, None, None]:
    line = 1
    with closing(source.blocks()) as blocks:
        for block in blocks:
            texts = decode(source, block, line).split("\n")[:-1]
            for number, text in enumerate(texts, line):
                text = text.strip()
                if text and not text.startswith("#"):
                    record, end = _record(source, text, 0, number)
                    if end < len(text):
                        raise _error(source, number, "something follows the record")
                    yield number, record
            line += len(texts)


def _from_array(source: Source) -> Generator[Record, None, None]:
    text, line = _whole(source), 1
    at = seen = _space(text, 0) + 1  # after the bracket
    line += text.count("\n", 0, at)
    at = _space(text, at)
    while text[at : at + 1] != "]":
        line += text.count("\n", seen, at)
        seen = at
        record, at = _record(source, text, at, line)
        yield line, record
        at = _space(text, at)
        if text[at : at + 1] == ",":
            at = _space(text, at + 1)
        elif text[at : at + 1] != "]":
            raise _error(source, line, "after the record comes neither a comma nor the end `]`")
    if _space(text, at + 1) < len(text):
        raise _error(source, line, "something follows the array")


def _whole(source: Source) -> str:
    pieces, total = [], 0
    with closing(source.blocks()) as blocks:
        for block in blocks:
            pieces.append(block)
            total += len(block)
            if total > MAX_ARRAY:
                what = f"The JSON array is larger than {MAX_ARRAY >> 20} MiB."
                raise source.error(what, step="write one record per line (JSON lines)")
    return decode(source, b"".join(pieces), 1)


def _space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _record(source: Source, text: str, at: int, line: int) -> tuple[dict[str, Any], int]:
    try:
        record, end = _DECODER.raw_decode(text, at)
    except RecursionError:
        raise _error(source, line, "it is nested too deeply") from None
    except json.JSONDecodeError as error:
        inside = text.count("\n", at, error.pos)
        raise _error(source, line + inside, error.msg) from None
    if not isinstance(record, dict):
        raise _error(source, line, "it is not a record {...}")
    return record, end


def _error(source: Source, line: int, why: str):
    step = 'records look like {"x": 1, "y": 2}'
    return source.error("A record cannot be read as JSON.", line=line, why=why, step=step)
