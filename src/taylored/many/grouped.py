"""Fits by group of a long table: one fit for each pixel, cell or sensor that a column names."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, ColumnError, FormulaError, UnfinishedError
from taylored.formula import normalize_name, parse
from taylored.many.block import Block
from taylored.many.failures import Interrupted
from taylored.many.keys import Groups, find_groups
from taylored.many.plan import Plan, make_plan
from taylored.many.result import ManyFits
from taylored.many.run import Job, run
from taylored.many.stacked import Long, stacks
from taylored.model import argument_names
from taylored.regression.data import as_column, table_columns
from taylored.results import Finding
from taylored.tables import column_names, counted, find_column, row_numbers

__all__ = ["fit_groups"]


def fit_groups(
    model: str | Callable,
    table: Any,
    *,
    by: Any,
    y: Any = None,
    sigma: Any = None,
    start: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    fixed: Mapping[str, float] | None = None,
    dtype: str = "float64",
    absolute_sigma: bool | None = None,
    engine: str = "auto",
    threads: int | None = None,
    progress: bool | str = "auto",
) -> ManyFits:
    """Fit one model to each group of rows of a long table.

    Groups may differ in length and in their x. They come in the order of their first rows, and
    the rows of each keep their order. Rows that lack a key are left out and counted.

    Args:
        model: "y ~ a*exp(-t/tau) + c", whose names are columns or else parameters; or a function
            f(t, a, tau, c).
        table: dict of arrays, pandas, polars, pyarrow.
        by: the column whose values name the groups, or several columns.
        y: the column of the response where the model does not name it, or its values.
        sigma: standard errors of y: a column's name, values (rows,), or one number.
        start: by name, as for `fit`.
        bounds: by name, as for `fit`.
        fixed: by name, as for `fit`.
        dtype: "float64" or "float32".
        absolute_sigma: overrides what sigma implies.
        engine: as for `fit_many`.
        threads: as for `fit_many`.
        progress: as for `fit_many`.

    Returns:
        ManyFits: of the shape (groups,), the labels of each group in `keys`.

    Raises:
        FormulaError, ColumnError, ArgumentError, DataError: naming place and next step.
    """
    began = time.perf_counter()
    if absolute_sigma is True and sigma is None:
        raise ArgumentError(
            "absolute_sigma=True needs a sigma.",
            next_step="give the standard errors as sigma=..., or leave absolute_sigma out.",
        )
    names = _names(table)
    groups = find_groups(table, by)
    response = _response(model, names, y)
    longest = int(groups.length.max())
    own = sigma is not None and not isinstance(sigma, int | float | np.number)
    plan = make_plan(
        model, _stand_ins(model, names, (by, response, sigma), longest), longest,
        parameters=(start, bounds, fixed), sigma=None if own else sigma,
        absolute_sigma=absolute_sigma, has_sigma=own, dtype=dtype, engine=engine,
    )  # fmt: skip
    plan = replace(plan, response=response)
    long = _long(plan, table, groups, (y, sigma))
    return _run_all(plan, long, threads, progress, began)


# ---- what the user said ----------------------------------------------------------------------


def _names(table: Any) -> tuple[str, ...]:
    try:
        return column_names(table)
    except TypeError:
        raise ArgumentError(
            f"Fits by group need a table, not the type {type(table).__name__}.",
            next_step="give a dict of arrays, pandas, polars or pyarrow; collect a lazy one first.",
        ) from None


def _response(model: Any, names: tuple[str, ...], y: Any) -> str:
    """What the response is called; a column of the table, unless `y` are its values.

    Raises:
        FormulaError, ArgumentError: where there is none, or more than one.
    """
    formula = parse(model) if isinstance(model, str) else None
    said = None if formula is None or formula.response is None else formula.response
    if said is None and y is None:
        raise ArgumentError(
            "It is not said which column is to be fitted.",
            next_step='write "column ~ model", or give y="column".',
        )
    if said is None:
        return find_column(y, names) if isinstance(y, str) else "y"
    if said.text not in said.names or not (y is None or isinstance(y, str)):
        return said.text  # a computed one is refused with the plan
    name = find_column(said.text, names)
    if isinstance(y, str) and find_column(y, names) != name:
        raise ArgumentError(
            f"The response is given twice: {name!r} in the formula, and y={y!r}.",
            next_step="leave out one of them.",
        )
    if formula is not None and said.text in formula.model.names:
        raise FormulaError(
            f"{said.text!r} stands on both sides: the response cannot explain itself.",
            text=formula.text, position=formula.model.positions.get(said.text, 0),
            next_step="leave it out of the model, or give it another name there.",
        )  # fmt: skip
    return name


def _stand_ins(model: Any, names: tuple[str, ...], roles: tuple, points: int) -> dict:
    """Columns of one group's length that have the names of the table's: for their names only."""
    by, response, sigma = roles
    given = {normalize_name(n) for n in (by, response, sigma) if isinstance(n, str)}
    given |= {normalize_name(n) for n in ([] if isinstance(by, str) else by)}
    if isinstance(model, str):
        given = {normalize_name(response)}  # a key may be an input as well
    elif callable(model):
        given -= set(argument_names(model)) - {normalize_name(response)}
    inputs = [n for n in names if normalize_name(n) not in given]
    return {name: np.arange(1.0, points + 1.0) + 0.5 * k for k, name in enumerate(inputs)}


# ---- the work --------------------------------------------------------------------------------


def _long(plan: Plan, table: Any, groups: Groups, given: tuple[Any, Any]) -> Long:
    """The columns that the fits need, as long as the keys."""
    y, sigma = given
    named = table_columns(table, plan.model.columns)
    inputs = [named[name] for name in plan.model.columns]
    response = _values(table, plan.response if y is None or isinstance(y, str) else y, "y")
    alone = sigma is None or isinstance(sigma, int | float | np.number)
    errors: Any = sigma if alone else _values(table, sigma, "sigma")
    total = len(groups.rows) + len(groups.lacking)
    lengths = {**{n: len(v) for n, v in named.items()}, plan.response: len(response)}
    lengths |= {"sigma": len(errors)} if isinstance(errors, np.ndarray) else {}
    for name, length in lengths.items():
        if length != total:
            raise ColumnError(
                f"{name} has {length} rows, but the keys have {total}.",
                next_step="give one number per row in each.",
            )
    return Long.of(groups, inputs, response, errors)


def _values(table: Any, given: Any, name: str) -> np.ndarray:
    return (
        table_columns(table, [given])[given] if isinstance(given, str) else as_column(given, name)
    )


def _run_all(
    plan: Plan, long: Long, threads: int | None, progress: bool | str, began: float
) -> ManyFits:
    """Fit all stacks, one after the other; what is finished is kept however it ends."""
    found = Block.empty(len(plan.names), len(long.groups))

    def so_far(stopped: bool) -> ManyFits:
        return ManyFits(
            plan, found, (len(long.groups),), long.one, time.perf_counter() - began, stopped,
            keys=long.groups.keys, warnings=_noticed(long.groups),
        )  # fmt: skip

    for stack in stacks(plan, long):
        data: Any = stack  # reads like Data
        try:
            part = run(Job(stack.plan, data, threads, progress=progress))
        except (Interrupted, UnfinishedError) as stop:
            if stop.result is not None:
                found.put(stack.which, stop.result.block)
            stop.result = so_far(True)
            raise
        found.put(stack.which, part.block)
    return so_far(False)


def _noticed(groups: Groups) -> tuple[Finding, ...]:
    """Rows that belong to no group."""
    if not len(groups.lacking):
        return ()
    message = (
        f"{counted(len(groups.lacking), 'row')} without {' or '.join(groups.keys)} left out "
        f"(row {row_numbers(groups.lacking)})."
    )
    return (Finding("dropped", message, severity="note"),)
