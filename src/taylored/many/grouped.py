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
from taylored.many.data import own_starts, split_start
from taylored.many.failures import Interrupted
from taylored.many.keys import Groups, find_groups
from taylored.many.plan import Plan, make_plan
from taylored.many.progress import Meter, Step, Watch
from taylored.many.result import ManyFits
from taylored.many.run import Job, run
from taylored.many.stacked import Long, Stack, stacks
from taylored.many.status import Status
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
    start: Mapping[str, Any] | None = None,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    fixed: Mapping[str, float] | None = None,
    dtype: str = "float64",
    absolute_sigma: bool | None = None,
    engine: str = "auto",
    threads: int | None = None,
    progress: bool | str = "auto",
    callback: Callable[[Step], Any] | None = None,
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
        start: by name: a number; one for each group, in their order (nan: none); or a dict of
            numbers by key (several keys: tuples).
        bounds: by name, as for `fit`.
        fixed: by name, as for `fit`.
        dtype: "float64" or "float32".
        absolute_sigma: overrides what sigma implies.
        engine: as for `fit_many`.
        threads: as for `fit_many`.
        progress: as for `fit_many`.
        callback: as for `fit_many`.

    Returns:
        ManyFits: of the shape (groups,), the labels of each group in `keys`.

    Raises:
        FormulaError, ColumnError, ArgumentError, DataError: naming place and next step.
    """
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
    begin, starts = split_start(_by_group(start, groups))
    plan = make_plan(
        model, _stand_ins(model, names, (by, response, sigma), longest), longest,
        parameters=(begin, bounds, fixed), sigma=None if own else sigma,
        absolute_sigma=absolute_sigma, has_sigma=own, dtype=dtype, engine=engine,
    )  # fmt: skip
    plan = replace(plan, response=response)
    long = replace(_long(plan, table, groups, (y, sigma)),
                   start=own_starts(plan, starts, (len(groups),)))  # fmt: skip
    return _Groupwise(plan, long, threads, Watch(progress, callback)).run()


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


def _by_group(start: Any, groups: Groups) -> Any:
    """Starts by key as arrays in the order of the groups, nan where a group has none.

    Raises:
        ArgumentError: for a key that no group has.
    """
    if not isinstance(start, Mapping):
        return start
    labels = [list(keys) for keys in groups.keys.values()]
    every = labels[0] if len(labels) == 1 else zip(*labels, strict=True)
    place = {key: i for i, key in enumerate(every)}
    return {n: _placed(n, v, place) if isinstance(v, Mapping) else v for n, v in start.items()}


def _placed(name: str, given: Mapping[Any, float], place: Mapping[Any, int]) -> np.ndarray:
    found = np.full(len(place), np.nan)
    for key, value in given.items():
        if key not in place:
            raise ArgumentError(
                f"The start of {name} is given for {key!r}, but no group has this key.",
                why=f"the first is {next(iter(place))!r}",
                next_step="give keys as they are in the table, several of them as a tuple.",
            )
        found[place[key]] = value
    return found


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


class _Groupwise:
    """All stacks, one after the other; what is finished is kept however it ends."""

    def __init__(self, plan: Plan, long: Long, threads: int | None, watch: Watch):
        self.plan, self.long, self.threads, self.watch = plan, long, threads, watch
        self.block = Block.empty(len(plan.names), len(long.groups))
        self.meter, self.began = Meter(len(long.groups)), time.perf_counter()

    def run(self) -> ManyFits:
        """Fit every group."""
        try:
            for stack in stacks(self.plan, self.long):
                self._fit(stack)
        finally:
            self.watch.stop()
        return self.found(False)

    def _fit(self, stack: Stack) -> None:
        data: Any = stack  # reads like Data
        job = Job(stack.plan, data, self.threads, progress=False, callback=self._show)
        try:
            part = run(job)
        except Interrupted as stop:
            self._keep(stack, stop)
            raise Interrupted(f"Stopped: {self._told()}", self.found(True)) from stop
        except UnfinishedError as error:
            self._keep(stack, error)
            found = UnfinishedError(error.what, why=error.why, next_step=self._told())
            found.result = self.found(True)
            raise found from error
        self._put(stack, part)

    def _show(self, step: Step) -> None:
        """What is known of all groups, from what is known of a stack."""
        self.watch.show(self.meter.step(step))

    def _keep(self, stack: Stack, ended: Any) -> None:
        if ended.result is not None:
            self._put(stack, ended.result)

    def _put(self, stack: Stack, part: ManyFits) -> None:
        self.block.put(stack.which, part.block)
        self.meter.add(part.block.status[part.block.status != Status.NOT_RUN])

    def _told(self) -> str:
        return (f"{self.meter.done:,} of {len(self.long.groups):,} fits are finished: see .result "
                "of this error.")  # fmt: skip

    def found(self, stopped: bool) -> ManyFits:
        """What there is so far."""
        return ManyFits(
            self.plan, self.block, (len(self.long.groups),), self.long.one,
            time.perf_counter() - self.began, stopped, keys=self.long.groups.keys,
            warnings=_noticed(self.long.groups),
        )  # fmt: skip


def _noticed(groups: Groups) -> tuple[Finding, ...]:
    """Rows that belong to no group."""
    if not len(groups.lacking):
        return ()
    message = (
        f"{counted(len(groups.lacking), 'row')} without {' or '.join(groups.keys)} left out "
        f"(row {row_numbers(groups.lacking)})."
    )
    return (Finding("dropped", message, severity="note"),)
