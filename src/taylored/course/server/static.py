"""Style sheets and scripts: known kinds of file only, asked for again at each load, sent once."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["FOLDER", "static_file"]

FOLDER = Path(__file__).parent.parent / "static"
_LONGEST = 200  # characters; far longer names are errors of the system
# Written down here: what the system says of `.js` depends on the machine.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}


async def static_file(request: Request) -> Response:
    """A file of `static/`; an unchanged one costs the browser one short question."""
    asked = request.path_params["path"]
    plain = "\0" not in asked and len(asked) <= _LONGEST
    path = FOLDER.joinpath(asked).resolve() if plain else FOLDER
    kind = _TYPES.get(path.suffix)
    if kind is None or not path.is_relative_to(FOLDER.resolve()) or not path.is_file():
        return Response("There is no such file.", 404, media_type="text/plain")
    content, tag = _read(path, path.stat().st_mtime_ns)
    headers = {"etag": tag, "cache-control": "no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)


@lru_cache(maxsize=200)
def _read(path: Path, changed: int) -> tuple[bytes, str]:
    content = path.read_bytes()
    return content, f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
