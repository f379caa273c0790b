"""What `taylored doctor` found about this machine, kept in the user's cache.

A record can only take trust away: one that is missing, damaged or of another machine says nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from math import isfinite
from pathlib import Path

__all__ = ["exceeded", "keep", "place"]

_LARGEST = 1e300  # JSON has no infinity
_MOST_BYTES = 100_000


def exceeded(executor: str, table: int, margins: Mapping[str, float]) -> dict[str, float]:
    """The functions that were found to be off by more than their margins, and by how much."""
    try:
        path = place(table)
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:  # a pipe would wait for ever
            return {}
        document = json.loads(path.read_bytes())
        found = document["exceeded"][executor] if document["machine"] == _machine(table) else {}
        return {name: float(ulps) for name, ulps in found.items() if _valid(name, ulps, margins)}
    except Exception:  # whatever is in that file, it is no reason to fail
        return {}


def _valid(name: str, ulps: object, margins: Mapping[str, float]) -> bool:
    if not isinstance(ulps, (int, float)) or isinstance(ulps, bool):
        return False
    return name in margins and isfinite(ulps) and ulps > margins[name]


def keep(found: Mapping[str, Mapping[str, float]], table: int) -> bool:
    """Write, for each executor, the functions that exceed their margins; whether that worked."""
    rows = {
        executor: {name: min(float(ulps), _LARGEST) for name, ulps in functions.items()}
        for executor, functions in found.items()
    }
    document = {"machine": _machine(table), "exceeded": rows}
    try:
        path = place(table)
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, json.dumps(document, indent=1) + "\n")
    except Exception:
        return False
    return True


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    handle, name = tempfile.mkstemp(prefix=path.stem, dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def place(table: int) -> Path:
    """The file for this machine and these versions."""
    digest = hashlib.sha256(_machine(table).encode()).hexdigest()[:16]
    return _cache() / "taylored" / f"margins-{digest}.json"


def _cache() -> Path:
    given = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given):  # its specification has others ignored
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def _machine(table: int) -> str:
    """All that the values of functions may depend on."""
    packages = [f"{name} {_version(name)}" for name in ("numpy", "scipy", "jaxlib")]
    parts = [platform.node(), platform.machine(), _processor(), *packages, f"table {table}"]
    return ", ".join(parts)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.partition(":")[2].strip() for line in file if "model name" in line)
    except (OSError, StopIteration, UnicodeDecodeError):
        return platform.processor()
