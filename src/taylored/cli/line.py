"""`taylored line DATA Y X`: a straight line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from taylored.cli._data import open_data, read
from taylored.cli._deliver import Result, prepare
from taylored.cli._prediction import predicted
from taylored.cli._progress import Progress
from taylored.cli.fit import check_all, fit_data, notes_of
from taylored.cli.options import Options
from taylored.errors import ArgumentError, ColumnError, FormulaError
from taylored.formula import Formula, normalize_name, parse

if TYPE_CHECKING:
    from taylored.cli.tables import LazyTable

__all__ = ["run"]

_PARAMS = ("intercept", "slope")


def run(options: Options) -> int:
    """Fit a straight line, deliver what was asked for, and return the exit code."""
    given = options.arguments
    if len(given) not in (1, 3):
        raise _wrong_count(given)
    check_all(options, given[0])
    with Progress("Fitting", not options.quiet) as step:
        table = open_data(given[0], options)
        formula, bound = _formula(table, given[1:], options)
        data = read(table, formula, options, bound)
        step.notes += notes_of(data, options)
        found = fit_data(formula, data, options, step)
        from taylored.regression.line_fit import LineFit

        fit = LineFit(found.setup, found.solution, found.automatic, found.cost)
        result = Result(fit, options, data.document(), predicted(fit, options, data.where_from))
        ready = prepare(result)
    return ready.deliver()


def _wrong_count(given: list[str]) -> ArgumentError:
    if not given:
        return ArgumentError("DATA is missing.", next_step="see: taylored line --help")
    return ArgumentError(
        f"{len(given) - 1} column{'s are' if len(given) > 2 else ' is'} given, and a line needs "
        "two: first y, then x.",
        next_step="write: taylored line DATA Y X; for a formula there is taylored fit",
    )


def _formula(
    table: LazyTable, wanted: list[str], options: Options
) -> tuple[Formula, dict[str, str]]:
    """The line as a formula, and which column each of its two names is."""
    y, x = (_column(table, name, options.columns) for name in wanted or _the_two(table))
    if x == y:
        raise ArgumentError(f"Both y and x are the column {table.names[x]!r}.",
                            next_step="name two: first y, then x")  # fmt: skip
    names = [_name(table, y, "y"), _name(table, x, "x")]
    if names[0] == names[1]:
        names = ["y", "x"]
    formula = parse(f"{names[0]} ~ intercept + slope*{names[1]}")
    return formula, {name.strip("`"): _key(table, i) for name, i in zip(names, (y, x), strict=True)}


def _column(table: LazyTable, name: str, mapping: Mapping[str, str]) -> int:
    return table.index(mapping.get(name, name).strip("`"))


def _key(table: LazyTable, index: int) -> str:
    """What to ask the table for: the name, or the number where the name is there twice."""
    for key in (table.names[index], str(index + 1)):
        try:
            if table.index(key) == index:
                return key
        except ColumnError:
            continue
    return f"c{index + 1}"


def _the_two(table: LazyTable) -> list[str]:
    if len(table.names) == 2:
        return ["2", "1"]
    raise ColumnError(
        f"Which columns are meant? {table.source} has {len(table.names)}.",
        why=f"the columns are {', '.join(table.names[:20])}",
        next_step="name them, first y, then x: taylored line DATA Y X",
    )


def _name(table: LazyTable, index: int, other: str) -> str:
    """The column's name as a formula writes it, or `other` where a formula cannot have it."""
    name = normalize_name(table.names[index]).strip()
    for written in (name, f"`{name}`"):
        try:
            if parse(written).model.names == (name,) and name not in _PARAMS:
                return written
        except FormulaError:
            continue
    return other
