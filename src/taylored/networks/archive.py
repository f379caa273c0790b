"""Arrays and a JSON document in one safetensors file, read back as something anyone may have sent.

The document lies in the metadata of the file, beside the SHA-256 digest of itself and all arrays:
one flipped bit is found. The digest proves nothing about who wrote it; readers check every value.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import SavedFitError

__all__ = ["Archive", "damaged", "pack", "unpack"]

_KEY = "taylored"


def damaged(why: str, what: str = "network") -> SavedFitError:
    """The error about a file that does not hold what `save` writes."""
    return SavedFitError(f"The saved {what} is damaged.", why=f"{why}.", next_step="save it again.")


@dataclass(frozen=True, eq=False, slots=True)
class Archive:
    """What a file holds: the document, and arrays by name."""

    document: dict[str, Any]
    arrays: dict[str, np.ndarray]

    def array(
        self, name: str, shape: tuple[int | None, ...], kind: str = "f", *, finite: bool = True
    ) -> np.ndarray:
        """A copy of an array that must have this shape (None: any length) and kind of numbers.

        Raises:
            SavedFitError: with what is wrong.
        """
        found = self.arrays.get(name)
        if found is None:
            raise damaged(f"it lacks {name}")
        if found.dtype.kind != kind or (kind == "f" and found.itemsize < 4):
            raise damaged(f"{name} has the type {found.dtype}")
        if len(found.shape) != len(shape) or any(
            w is not None and n != w for n, w in zip(found.shape, shape, strict=True)
        ):
            wanted = tuple("any" if w is None else w for w in shape)
            raise damaged(f"{name} has the shape {found.shape} instead of {wanted}"[:200])
        if finite and kind == "f" and not np.isfinite(found).all():
            raise damaged(f"{name} is not finite")
        return found.copy()

    def group(self, prefix: str) -> dict[str, np.ndarray]:
        """The arrays whose names begin so, by the rest of their names."""
        return {k[len(prefix) :]: v for k, v in self.arrays.items() if k.startswith(prefix)}


def pack(document: dict[str, Any], arrays: dict[str, np.ndarray]) -> bytes:
    """The bytes of a file: the same for the same content."""
    from safetensors.numpy import save

    whole = {name: np.ascontiguousarray(a).reshape(np.shape(a)) for name, a in arrays.items()}
    text = json.dumps(document, allow_nan=False)
    outer = {"digest": _digest(text, whole), "document": document}
    return save(whole, {_KEY: json.dumps(outer, allow_nan=False)})


def _digest(text: str, arrays: dict[str, np.ndarray]) -> str:
    found = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        found.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def unpack(data: bytes, form: str, version: int, what: str = "network") -> Archive:
    """The content of a file that `pack` wrote with this "format" and "version".

    Raises:
        SavedFitError: where it is something else, damaged, or of another version.
    """
    document, digest = _document(data, form, what)
    if document.get("version") != version:
        raise SavedFitError(
            f"The saved {what} has the format version {document.get('version')!r:.20}.",
            why=f"this taylored reads version {version}.",
            next_step="train again, or use the taylored that wrote it.",
        )
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(data)
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise damaged(str(error)[:120], what) from None
    if digest != _digest(json.dumps(document), arrays):
        raise damaged("its content does not have the digest that was written with it", what)
    return Archive(document, arrays)


def _document(data: bytes, form: str, what: str) -> tuple[dict[str, Any], Any]:
    """The document and the digest that the metadata of a safetensors file hold."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > len(data) - 8:
        raise damaged("it is no safetensors file, or was cut off", what)
    try:
        header = json.loads(data[8 : 8 + size].decode(), parse_constant=_refuse)
        outer = json.loads(header["__metadata__"][_KEY], parse_constant=_refuse)
        document, digest = outer["document"], outer["digest"]
    except (ValueError, KeyError, TypeError, RecursionError, MemoryError):
        raise damaged("it was not written by taylored", what) from None
    if not isinstance(document, dict) or document.get("format") != form:
        raise damaged(f"it is not a {what} saved by taylored", what)
    return document, digest


def _refuse(text: str) -> float:
    raise ValueError(f"{text} is not a JSON number")
