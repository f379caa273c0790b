"""What leaves the command line: results to stdout, words to stderr, files whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from taylored.errors import ArgumentError, TayloredError

__all__ = ["Look", "check_writable", "complain", "emit", "look", "note", "silence", "tell"]
__all__ += ["write_file"]


@dataclass(frozen=True, slots=True)
class Look:
    """How a report may look on a stream."""

    width: int
    color: bool
    unicode: bool


def look(stream: TextIO, no_color: bool = False, ascii_only: bool = False) -> Look:
    """Color on a terminal only, and not against NO_COLOR; beyond ASCII where it can be written."""
    terminal = stream.isatty()
    width = shutil.get_terminal_size((80, 24)).columns if terminal else 80
    colorless = no_color or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
    return Look(max(width, 40), terminal and not colorless, encoding == "utf8" and not ascii_only)


# ---- streams ----


def emit(text: str) -> None:
    """Write a result to standard output; a reader that has left (`| head`) is no error."""
    _write(sys.stdout, text if text.endswith("\n") else text + "\n")


def tell(text: str) -> None:
    """Write a line or more to standard error, unprintable characters made visible."""
    _write(sys.stderr, visible(text) + "\n")


def note(text: str) -> None:
    """Something worth knowing that is not the result."""
    tell(f"note: {text}")


def complain(error: TayloredError) -> None:
    """An error: what happened, where, why, and the next step, in the words of the shell."""
    lines = _wrapped(f"error: {for_shell(error.what)}")
    lines += [f"  {line}" for line in error.where.splitlines()]  # a caret keeps its place
    for line in error.why.splitlines():
        lines += _wrapped(f"  {for_shell(line)}")
    if error.next_step:
        lines += _wrapped(f"  Next: {for_shell(error.next_step)}")
    tell("\n".join(lines))


def _wrapped(line: str) -> list[str]:
    """Broken at blanks on a terminal, whole elsewhere."""
    if not sys.stderr.isatty():
        return [line]
    width = max(shutil.get_terminal_size((80, 24)).columns, 40)
    return textwrap.wrap(line, width, subsequent_indent="    ", break_long_words=False) or [line]


_ARGUMENT = re.compile(
    r"\b(start|bounds|fixed|sigma|na|search|executor|level|mask|by|ledger|threads|dim)=(?:'(\w*)'|dict\((.*?)\)|(\.\.\.))?"
)


def for_shell(text: str) -> str:
    """A message of the library with its Python arguments as options: na='drop' is --na drop."""
    text = re.sub(r"\bkind='(\w+)'", r"--band \1", text.replace("method='profile-t'", "--profile"))
    text = re.sub(r"^(start|bounds|fixed) (names|has)\b", r"--\1 \2", text)
    return _ARGUMENT.sub(lambda m: f"--{m[1]} {m[2] or m[3] or ''}".rstrip(), text)


def visible(text: str) -> str:
    """Text without characters that could steer a terminal: files and formulas may hold any."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def _write(stream: TextIO, text: str) -> None:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        silence(stream)


def silence(stream: TextIO) -> None:
    """Let what is still in the stream go nowhere, or Python complains about it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


# ---- files ----


def check_writable(targets: Iterable[tuple[str, str]], data: Iterable[str]) -> None:
    """Refuse (flag, path) that cannot be written or would overwrite the data, before any work."""
    seen: dict[str, str] = {}
    sources = {os.path.realpath(path) for path in data if path != "-" and "\0" not in path}
    for flag, name in targets:
        if "\0" in name:
            raise _refused(flag, f"{name!r} is not a name of a file.", "choose another name")
        path, real = Path(name), os.path.realpath(name)
        folder = path.parent
        if path.exists() and not path.is_file() and not path.is_dir():
            raise _refused(flag, f"{name!r} is not a plain file.", "choose another name")
        if path.is_dir() or name.endswith(("/", os.sep)):
            raise _refused(flag, f"{name!r} is a directory.", "give the name of a file in it")
        if not folder.is_dir():
            raise _refused(flag, f"There is no directory {str(folder)!r}.", "make it first")
        if not os.access(folder, os.W_OK):
            why = f"The directory {str(folder)!r} is not writable."
            raise _refused(flag, why, "choose another")
        if real in sources:
            raise _refused(flag, f"{name!r} holds the data.", "choose another name")
        if real in seen:
            raise _refused(flag, f"{name!r} is the file of {seen[real]}.", "choose another name")
        seen[real] = flag


def _refused(flag: str, what: str, step: str) -> ArgumentError:
    return ArgumentError(f"{flag}: {what}", next_step=step)


def write_file(name: str, write: Callable[[str], None]) -> None:
    """Let `write(path)` make a file beside `name` and put it there when it is whole."""
    target = Path(os.path.realpath(name))  # a link stays a link
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".taylored-") as folder:
            new = os.path.join(folder, target.name)
            write(new)
            os.replace(new, target)
    except OSError as error:
        why = error.strerror or str(error)
        raise ArgumentError(f"{name!r} cannot be written.", why=why) from None
