"""The files of the project, for tests that look at them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src"


def python_files(*folders: str) -> list[str]:
    """Paths of all Python files under `folders`, relative to the root, sorted."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def pages() -> list[str]:
    """Paths of all Markdown pages a reader sees, relative to the root."""
    found = [ROOT / "README.md", ROOT / "CHANGELOG.md"]
    found += [
        p for folder in ("docs", "examples", "benchmarks") for p in (ROOT / folder).rglob("*.md")
    ]
    return sorted(p.relative_to(ROOT).as_posix() for p in found if "_build" not in p.parts)


@cache
def parse(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"), file)


def module_name(file: str) -> str:
    """`src/taylored/trace/__init__.py` -> `taylored.trace`."""
    parts = Path(file).relative_to("src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
