"""The fast engine: the passes and steps of `step` in machine code, a fit per lane."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from taylored.many.columns import Columns
from taylored.many.step import Layout, Limits, record_step
from taylored.native.machine import Data, Machine, Recipe, compile_machine
from taylored.trace.cache import LeastRecentlyUsed

__all__ = ["Runner", "Shape", "recipe_of", "runner"]

_DAMPING = 1e-3
_machines = LeastRecentlyUsed(64)
_compiling = threading.Lock()


@dataclass(frozen=True, slots=True)
class Shape:
    """How the data come: which inputs are columns of each fit's own, weights, precisions."""

    own: tuple[int, ...] = ()
    weighted: str = ""
    bits: int = 64
    source_bits: int = 64


@dataclass(frozen=True, eq=False)
class Runner:
    """A machine for one set of columns, and what its results are called."""

    machine: Machine
    layout: Layout
    names: Mapping[str, slice]
    params: tuple[int, ...]

    def run(self, data: Data) -> dict[str, np.ndarray]:
        """The results by name, each (rows, fits), in float64."""
        found = self.machine.run(data).T.astype(np.float64, copy=False)
        return {name: found[rows] for name, rows in self.names.items()}


def runner(columns: Columns, data: int, shape: Shape, limits: Limits) -> Runner:
    """The machine of these columns, compiled at its first use; inputs below `data` are data."""
    key = (columns.program.key(), columns.linear, columns.slopes, columns.bent, columns.straight,
           data, shape, limits)  # fmt: skip
    with _compiling:
        return _machines.find(key, lambda: _make(columns, data, shape, limits))


_WRITTEN = ("best", "linear", "cost", "count", "decrement", "pivot", "converged")
_JUDGED = ("variance", "lag", "largest", "held")


def _make(columns: Columns, data: int, shape: Shape, limits: Limits) -> Runner:
    recipe, where, names = recipe_of(columns, data, shape, limits)
    machine = compile_machine(recipe)
    return Runner(machine, where, names, (*columns.bent, *columns.straight))


def recipe_of(
    columns: Columns, data: int, shape: Shape, limits: Limits
) -> tuple[Recipe, Layout, dict[str, slice]]:
    """The recipe of these columns, the layout of its state, and where its results are."""
    step, where = record_step(columns, limits)
    first = {"cost": np.inf, "damping": _DAMPING, "best": 0.0}
    start = np.zeros(where.size)
    for name, value in first.items():
        start[list(where.of(name))] = value
    start[list(where.of("trial"))] = np.nan
    names, kept = {}, []
    for name in (*_WRITTEN, *(_JUDGED if not columns.linear else ())):
        rows = where.of(name)
        names[name] = slice(len(kept), len(kept) + len(rows))
        kept += rows
    used = _used(columns)
    program = columns.program
    fixed = [n for n in range(data, len(program.names))
             if n not in columns.bent and n in used]  # fmt: skip
    recipe = Recipe(
        program,
        {n: n for n in range(data) if n not in shape.own and n in used},
        {n: n for n in shape.own if n in used},
        columns.bent, tuple(fixed), shape.weighted, not columns.linear, step, tuple(start),
        where.of("left")[0], tuple(kept), shape.bits, shape.source_bits,
    )  # fmt: skip
    return recipe, where, names


def _used(columns: Columns) -> set[int]:
    program = columns.program
    return {a for e in program.equations for a in e.inputs if isinstance(a, int)} | {
        a for a in program.outputs if isinstance(a, int)
    }
