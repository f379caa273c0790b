"""`taylored rules`: which operations each reading has a rule for, out of the rule tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module

from taylored.cli._output import emit
from taylored.cli.options import Options
from taylored.errors import ArgumentError

__all__ = ["coverage", "coverage_text", "run"]

# Every table of rules by its module, in the order of the columns.
TABLES = {
    "numpy": "RULES", "derivative": "RULES", "doubled": "RULES", "sparsity": "RULES",
    "jet": "JETS", "interval": "INTERVALS",
}  # fmt: skip


_LEGEND = (
    "What a reading has no rule for goes to XLA (numpy, derivative), is not refined",
    "(doubled-precision), makes a block dense, by name (sparsity: only what is linear can",
    "carry a derivative there), or is refused (Taylor, interval). Nothing is guessed.",
)


def run(options: Options) -> int:
    """Print the coverage matrix."""
    if options.arguments:
        step = "see: taylored rules --help"
        raise ArgumentError("rules takes no arguments.", next_step=step)
    found = coverage()
    emit(json.dumps(found, indent=1) if options.json else coverage_text(found))
    return 0


def coverage() -> dict[str, dict[str, bool]]:
    """For each primitive whether each reading has a rule, all sorted by name."""
    tables = [
        getattr(import_module(f"taylored.readings.{name}"), table) for name, table in TABLES.items()
    ]
    primitives = sorted({primitive for table in tables for primitive in table})
    return {p: {table.reading: p in table for table in tables} for p in primitives}


def coverage_text(found: Mapping[str, Mapping[str, bool]]) -> str:
    """The matrix as text."""
    names = list(next(iter(found.values())))
    width = max(map(len, found))
    lines = [f"{'operation':<{width}}  {'  '.join(names)}", ""]
    for primitive, has in found.items():
        marks = "  ".join(("yes" if has[name] else "-").ljust(len(name)) for name in names)
        lines.append(f"{primitive:<{width}}  {marks}".rstrip())
    counts = ", ".join(f"{name} {sum(row[name] for row in found.values())}" for name in names)
    lines += ["", f"{len(found)} operations: {counts}", ""]
    lines += _LEGEND
    return "\n".join(lines)
