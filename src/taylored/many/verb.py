"""The verb `fit_many`: the same model fitted to many sets of data."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

from taylored.errors import ArgumentError
from taylored.formula import normalize_name, suggest
from taylored.many.beside import by_name, is_named
from taylored.many.data import Data, mask_rows, own_columns, own_starts, sigma_rows, split_start
from taylored.many.output import Output
from taylored.many.plan import Plan, make_plan
from taylored.many.progress import Step, check_callback, check_progress
from taylored.many.result import ManyFits
from taylored.many.run import Job, run
from taylored.many.source import Rows, open_rows
from taylored.many.xla import on_device

__all__ = ["fit_many"]


def fit_many(
    model: str | Callable,
    x: Any,
    Y: Any = None,
    *,
    sigma: Any = None,
    start: Mapping[str, Any] | None = None,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    fixed: Mapping[str, float] | None = None,
    mask: Any = None,
    dtype: str = "float64",
    absolute_sigma: bool | None = None,
    engine: str = "auto",
    threads: int | None = None,
    ledger: Any = None,
    out: Any = None,
    progress: bool | str = "auto",
    callback: Callable[[Step], Any] | None = None,
    by: Any = None,
    client: Any = None,
    **misnamed: Any,
) -> ManyFits:
    """Fit one model to many sets of data: one result and one verdict for each.

    Minimizes `sum(((y - f(x; params)) / sigma)**2)` for every row y of Y by itself. What is found
    for a fit does not depend on its neighbors, on the number of threads, or on how Y is stored.

    Args:
        model: a formula "a*exp(-x/tau) + c", whose names are columns of x or else parameters; or
            a function f(x, a, tau, c) written with NumPy or jax.numpy.
        x: (points,), the same in all fits; or several inputs as (inputs, points); or a table of
            columns, in which an array of Y's shape (or of that of the fits) differs between them.
            With `by`, a long table with one row per point.
        Y: (fits, points), the fits in any number of leading axes: NumPy (masked, memory-mapped),
            Zarr, HDF5, Arrow lists, a table whose rows are the fits, nested lists, xarray, Dask.
            Files are read piece by piece. A missing value (nan) is left out of its fit. With `by`
            the name of the response's column, where the formula has none.
        sigma: the standard errors of Y: one number, (points,), or Y's shape. Then they are taken
            as they are (absolute); without them the scatter of each fit's residuals is used.
        start: start values by name: a number, or one for each fit (nan: none); with `by`, also
            {key: number}. Those missing are found from the data of each fit.
        bounds: (low, high) by name, None for an open side.
        fixed: values of parameters that are not to be fitted.
        mask: true where a point is used: of the shape of the fits, (points,), or Y's.
        dtype: "float64"; "float32" searches faster, and checks what it found in float64.
        absolute_sigma: True or False overrides what `sigma` implies.
        engine: "auto", "native", "xla" or "loop".
        threads: how many, in this process; by default one per core that it may use.
        ledger: a folder for finished blocks: the same call goes on from there after it was
            stopped or killed.
        out: a Zarr group to write maps to while fits run, for results larger than memory.
        progress: "auto" shows a bar on a terminal or in Jupyter after half a second; False none.
        callback: called with a `Step` as fits are finished; an exception of its own stops.
        by: the columns of a long table whose values tell the fits apart.
        client: of Dask.distributed, whose workers run the fits. Where Y is chunked by Dask, by
            default the current one.
        misnamed: refused, naming what to write instead of other libraries' arguments.

    Returns:
        ManyFits: params, stderr, chi2, dof, status, usable, interval(), report(), plot(), fit(i).

    Numerical error:
        chi2 agrees with that of `fit` to 1e-6 or is lower; a fit that has no trustworthy answer
        has another verdict than "ok".

    Raises:
        FormulaError, DataError, ArgumentError: each naming place and next step. Interrupted (a
        KeyboardInterrupt), UnfinishedError, LedgerError: `result` holds what was finished.

    Example:
        >>> import numpy as np
        >>> from taylored.many import fit_many
        >>> x = np.linspace(0.0, 4.0, 9)
        >>> Y = np.outer([1.0, 2.0, 3.0], np.exp(-x / 1.5)) + 0.01 * np.cos(9 * x)
        >>> fit_many("a*exp(-x/tau)", x, Y).params["a"].round(1)
        array([1., 2., 3.])

    Source: J. J. More (1978); Golub and Pereyra (1973).
    """
    if misnamed:
        refuse_arguments(misnamed)
    check_progress(progress)
    check_callback(callback)
    _check_absolute(absolute_sigma, sigma)
    if by is not None or isinstance(Y, str):
        options = {
            "sigma": sigma, "start": start, "bounds": bounds, "fixed": fixed, "dtype": dtype,
            "absolute_sigma": absolute_sigma, "engine": engine, "threads": threads,
            "progress": progress, "callback": callback,
        }  # fmt: skip
        arrays = {"mask": mask, "ledger": ledger, "out": out, "client": client}
        return _by_key(model, (x, Y, by), options, arrays)
    if Y is None:
        raise ArgumentError("Y is missing.", why="it has the values, (fits, points)",
                            next_step='write fit_many(model, x, Y), or fit_many("y ~ ...", table, '
                            'by="key") for a long table.')  # fmt: skip
    rows = open_rows(Y)
    if is_named(Y):
        x, sigma, mask, start = by_name(Y, x, sigma, mask, start)
    own_sigma = sigma_rows(sigma, rows)
    shared, own = own_columns(x, rows)
    begin, own_start = split_start(start)
    plan = make_plan(model, shared, rows.points, parameters=(begin, bounds, fixed),
                     sigma=sigma if own_sigma is None else None, absolute_sigma=absolute_sigma,
                     has_sigma=own_sigma is not None, dtype=dtype, engine=engine)  # fmt: skip
    plan = on_device(plan, math.prod(rows.shape))
    columns = {plan.model.columns.index(n): (x[name], own[name])
               for name in own if (n := normalize_name(name)) in plan.model.columns}  # fmt: skip
    data = Data(rows, own_sigma, mask_rows(mask, rows), {i: r for i, (_, r) in columns.items()},
                own_starts(plan, own_start, rows.shape))  # fmt: skip
    given = (Y, sigma, mask, {i: values for i, (values, _) in columns.items()})
    if client is not None or any(map(_lazy, (*given[:3], *given[3].values()))):
        _not_to_files(out)
        return _on_dask(plan, data, given, client=client, ledger=ledger, threads=threads,
                        progress=progress, callback=callback)  # fmt: skip
    output = out if out is None or isinstance(out, Output) else Output(out)
    return run(Job(plan, data, threads, ledger, output, progress, callback))


def _check_absolute(absolute_sigma: Any, sigma: Any) -> None:
    if not (absolute_sigma is None or isinstance(absolute_sigma, bool)):
        raise ArgumentError(
            f"absolute_sigma is {absolute_sigma!r:.40}.", next_step="give True, False or None."
        )
    if absolute_sigma is True and sigma is None:
        raise ArgumentError(
            "absolute_sigma=True needs a sigma.",
            next_step="give the standard errors as sigma=..., or leave absolute_sigma out.",
        )


# ---- what other modules do ------------------------------------------------------------------


def _by_key(
    model: Any, given: tuple[Any, Any, Any], options: Mapping[str, Any], arrays: Mapping[str, Any]
) -> ManyFits:
    """The fits of a long table; `arrays` are the options that only arrays of fits have."""
    table, y, by = given
    if by is None:
        raise ArgumentError(
            f"Y is {y!r:.60}, the name of a column, and by= is missing.",
            next_step='say which column tells the fits apart: by="key".',
        )
    given_too = [name for name, value in arrays.items() if value is not None]
    if given_too:
        raise ArgumentError(
            f"{given_too[0]} does not go with by=.",
            next_step="leave it out, or give Y as an array (fits, points).",
        )
    groups: Any = importlib.import_module("taylored.many.grouped")
    return groups.fit_groups(model, table, by=by, y=y, **options)


def _lazy(given: Any) -> bool:
    """Whether it is chunked by Dask."""
    array = getattr(given, "array", given)
    array = getattr(array, "variable", array)
    array = getattr(array, "_data", array)
    return "dask" in sys.modules and hasattr(array, "__dask_graph__")


def _on_dask(plan: Plan, data: Data, given: tuple[Any, ...], **options: Any) -> ManyFits:
    """The fits of chunks, by Dask or a client's workers, of arrays as they were given."""
    cluster: Any = importlib.import_module("taylored.many.cluster")
    y, sigma, mask, columns = given
    return cluster.fit_many_dask(
        plan, _in_chunks(y, data.y), sigma=_in_chunks(sigma, data.sigma),
        mask=_in_chunks(mask, data.mask), start=data.start,
        columns={i: _in_chunks(v, data.columns[i]) for i, v in columns.items()}, **options,
    )  # fmt: skip


def _in_chunks(given: Any, rows: Rows | None) -> Any:
    """An array that can be sliced along all its axes; None where all fits share it."""
    if rows is None or is_named(given) or _lazy(given):
        return None if rows is None else given
    return rows.array if hasattr(rows.array, "ndim") else rows.whole()


def _not_to_files(out: Any) -> None:
    if out is not None:
        raise ArgumentError(
            "out does not go with arrays of Dask, or with a client.",
            why="only threads of this process write to it",
            next_step="store the result of da.taylored.fit(...), of xarray, with to_zarr(); or "
            "give ledger=, a folder that keeps what is finished.",
        )


# What other libraries call it, and what it is called here.
_ELSEWHERE = {
    "p0": "start", "x0": "start", "initial": "start", "params": "start", "weights": "sigma",
    "yerr": "sigma", "xdata": "x", "ydata": "Y", "y": "Y", "data": "Y", "func": "model",
    "f": "model", "limits": "bounds", "fix": "fixed", "workers": "threads", "n_jobs": "threads",
    "num_workers": "threads", "errors": "status of the result", "groupby": "by", "key": "by",
    "where": "mask", "checkpoint": "ledger", "output": "out", "executor": "engine",
}  # fmt: skip


def refuse_arguments(misnamed: Mapping[str, Any]) -> None:
    """Refuse arguments that `fit_many` does not have.

    Raises:
        ArgumentError: with the name to use instead.
    """
    name = next(iter(misnamed))
    known = ["model", "x", "Y", "sigma", "start", "bounds", "fixed", "mask", "dtype",
             "absolute_sigma", "engine", "threads", "ledger", "out", "progress", "callback", "by",
             "client"]  # fmt: skip
    near = _ELSEWHERE.get(name) or suggest(name, known)
    hint = " (1/sigma is not what it takes: give the standard errors)" if name == "weights" else ""
    raise ArgumentError(
        f"fit_many has no argument {name!r}.",
        why=f"its arguments are {', '.join(known)}",
        next_step=f"write {near}=...{hint}." if near else "use one of these.",
    )
