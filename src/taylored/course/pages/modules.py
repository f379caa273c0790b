"""The scripts a page needs, found by following their imports, so that all are asked for at once."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

__all__ = ["preloads", "reached"]

_STATIC = Path(__file__).parent.parent / "static"
_IMPORT = re.compile(r'^(?:import|export)\b(?!\s*\()[^"\']*?["\'](\.{1,2}/[^"\']+)["\']', re.M)


def preloads(kinds: Iterable[str]) -> str:
    """A link for every module that a page with figures of these kinds imports."""
    entries = ["app.js", *(f"explorables/{kind}.js" for kind in sorted(set(kinds)))]
    return "".join(f'<link rel="modulepreload" href="/static/{p}">' for p in reached(entries))


def reached(entries: Iterable[str]) -> list[str]:
    """The files that some files import, directly or not, and those themselves."""
    found: dict[str, None] = {}
    waiting = list(entries)
    while waiting:
        path = waiting.pop(0)
        if path not in found and (_STATIC / path).is_file():
            found[path] = None
            waiting += _imports(path, (_STATIC / path).stat().st_mtime_ns)
    return list(found)


@lru_cache(maxsize=200)
def _imports(path: str, changed: int) -> tuple[str, ...]:
    text = (_STATIC / path).read_text(encoding="utf-8")
    folder = posixpath.dirname(path)
    return tuple(posixpath.normpath(posixpath.join(folder, to)) for to in _IMPORT.findall(text))
