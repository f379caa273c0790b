"""Saved files: written whole or not at all, read without trusting their size or kind."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from taylored.errors import ArgumentError, SavedFitError

__all__ = ["as_path", "read_whole", "write_whole"]


def as_path(path: Any) -> Path:
    """A path of the user's.

    Raises:
        ArgumentError: where it is none.
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise ArgumentError(f"path is {path!r:.40}.", next_step='give one, such as "result.file".')
    return Path(path)


def write_whole(path: Path, data: bytes, what: str = "The fit") -> None:
    """Write a file that appears whole or not at all, in the place of what was there.

    Raises:
        SavedFitError: where no file can be made there; `what` begins the sentence.
        OSError: where the writing itself fails (a full disk).
    """
    try:
        if path.is_dir():
            raise OSError(0, "it is a folder, and a file is needed")
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except (OSError, ValueError) as error:
        raise SavedFitError(
            f"{what} cannot be written to {str(path)[:200]}.",
            why=str(getattr(error, "strerror", None) or error),
            next_step="choose a file in a folder that exists and may be written to.",
        ) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # as any other new file
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_whole(path: Path, most: int) -> bytes:
    """The bytes of a regular file of at most so many.

    Raises:
        SavedFitError: where it cannot be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(0, "it is not a regular file")
        if path.stat().st_size > most:
            raise OSError(0, f"it is larger than {most / 2**30:.3g} GiB")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise SavedFitError(
            f"The file {path} cannot be read.",
            why=str(getattr(error, "strerror", None) or error),
            next_step="check the path.",
        ) from None
