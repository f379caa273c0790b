"""What `da.taylored` and `ds.taylored` are: fits of named data, as a Dataset of maps."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, ColumnError, FormulaError
from taylored.formula import normalize_name, parse, suggest
from taylored.many.aligned import Choices, Named, read_named
from taylored.many.cluster import fit_chunks
from taylored.many.data import Data
from taylored.many.dimensions import spread
from taylored.many.engines import engine_of
from taylored.many.labeled import counts_of, dataset_of, many_of, status_names
from taylored.many.lazy import lazy_rows, named_chunks
from taylored.many.progress import Step, Watch
from taylored.many.result import ManyFits
from taylored.many.run import Job, run
from taylored.many.source import Rows
from taylored.many.tasks import packed_rows

__all__ = ["ArrayAccessor", "DatasetAccessor", "data_of"]

Dim = Hashable | Iterable[Hashable] | None


class ArrayAccessor:
    """`da.taylored`: fits of an xarray DataArray."""

    def __init__(self, data: Any):
        self._data = data

    def fit(
        self,
        model: str | Callable,
        dim: Dim = None,
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
        client: Any = None,
        progress: bool | str = "auto",
        callback: Callable[[Step], Any] | None = None,
        **misnamed: Any,
    ) -> Any:
        """Fit one model along a dimension, once for every place of the other dimensions.

        Chunked data (of Dask) are fitted when the result is computed or stored; with `client` or
        `ledger`, at once.

        Args:
            model: a formula such as "a*exp(-t/tau) + c", or a function f(t, a, tau, c). Names
                that are coordinates are data, also those that differ between fits; the others
                are parameters.
            dim: the dimension to fit over, or several whose points are fitted together. Without
                it, the only one that the model names.
            sigma: standard errors of the data: a number, a DataArray with some of the same
                dimensions and coordinates, or the name of a coordinate.
            start: of parameters, by name: numbers, or DataArrays (nan: it is found). None needed.
            bounds: pairs by name, None for an open side.
            fixed: values of parameters that are not fitted.
            mask: a DataArray, true where a point is used.
            dtype: "float64", or "float32" for the search.
            absolute_sigma: whether sigma is taken as it is; by default where it is given.
            engine: "auto", "native", "xla" or "loop".
            threads: of this process; by default one per core.
            ledger: a folder for finished chunks: a job that was stopped goes on from there.
            client: of Dask.distributed, whose workers run the chunks.
            progress: False for no bar; it is seen only on a terminal or in Jupyter.
            callback: called with a `Step` now and then.
            **misnamed: refused, with the right name.

        Returns:
            A Dataset with one variable for each parameter, its standard error (`tau_stderr`),
            and `chi2`, `dof`, `points`, `p_value`, `status` and `usable`; coordinates,
            attributes and units are kept. `.taylored.status_names()` has the verdicts in words.

        Raises:
            AlignmentError: dimensions, coordinates or units that do not go together.
            ArgumentError, ColumnError, NotNumericError, FormulaError: naming place and next step.
            ClusterLostError, UnfinishedError, Interrupted: with what was finished as `result`.
        """
        _refuse(misnamed)
        choices = Choices(sigma, start, bounds, fixed, mask, dtype, absolute_sigma, engine)
        named = read_named(self._data, model, dim, choices)
        if named.lazy and client is None and ledger is None:
            return dataset_of(named, lazy_rows(named))
        if named.lazy or client is not None:
            watch = Watch(progress, callback)
            many = fit_chunks(named_chunks(named), engine_of(client, threads), ledger, watch)
        else:
            data = data_of(named, self._data, sigma, mask)
            many = run(Job(named.job.plan, data, threads, ledger, None, progress, callback))
        return _mapped(named, many)


class DatasetAccessor:
    """`ds.taylored`: fits of one variable of an xarray Dataset; verdicts of a Dataset of fits."""

    def __init__(self, data: Any):
        self._data = data

    def fit(
        self,
        model: str,
        dim: Dim = None,
        *,
        sigma: Any = None,
        mask: Any = None,
        **options: Any,
    ) -> Any:
        """Fit a variable, "signal ~ a*exp(-t/tau) + c": see `da.taylored.fit`.

        Names of the model may be coordinates or other variables; sigma and mask too.

        Raises:
            ColumnError, FormulaError: naming the variable; others as `da.taylored.fit`.
        """
        ds = self._data
        formula = parse(model)
        response = "" if formula.response is None else formula.response.text
        if formula.response is None or formula.response.names != (response.strip("`"),):
            raise FormulaError(
                "The formula does not name the variable to fit.", text=model,
                why=f"the variables are {_listed(ds.data_vars)}",
                next_step=f"write: variable ~ {formula.model.text}",
            )  # fmt: skip
        y = _variable(ds, response.strip("`"), "response")
        known = {normalize_name(str(n)): n for n in ds.data_vars}
        added = [known[n] for n in formula.model.names if n in known]
        y = y.assign_coords({n: ds[n] for n in added})
        sigma = _variable(ds, sigma, "sigma") if isinstance(sigma, str) else sigma
        mask = _variable(ds, mask, "mask") if isinstance(mask, str) else mask
        found = ArrayAccessor(y).fit(formula.model.text, dim, sigma=sigma, mask=mask, **options)
        return found.drop_vars(added, errors="ignore")

    def status_names(self) -> Any:
        """The verdicts by name ("ok", "flat", ...), of a Dataset of fits, also a stored one."""
        return status_names(self._data)

    def counts(self) -> dict[str, int]:
        """How many fits there are of each verdict that occurs, most frequent first."""
        return counts_of(self._data)

    def report(self) -> Any:
        """The report of a Dataset of fits, as `ManyFits.report`; computes it where it is lazy."""
        return many_of(self._data).report()

    def plot(self, name: str | None = None, ax: Any = None) -> Any:
        """Draw the map of a parameter of a Dataset of fits; returns the axes."""
        return many_of(self._data).plot(name, ax)

    def plot_quality(self, ax: Any = None) -> Any:
        """Draw which fits are usable, and why the others are not; returns the axes."""
        return many_of(self._data).plot_quality(ax)


def _variable(ds: Any, name: str, what: str) -> Any:
    if name not in ds:
        near = suggest(name, [str(n) for n in ds.variables])
        raise ColumnError(
            f"There is no variable {name!r} for the {what}.",
            why=f"the variables are {_listed(ds.data_vars)}",
            next_step=f"did you mean {near!r}?" if near else "use one of these.",
        )
    return ds[name]


def _listed(names: Iterable[Any]) -> str:
    return ", ".join(map(str, names)) or "none"


_ELSEWHERE = {"p0": "start", "func": "model", "coords": "dim", "reduce_dims": "dim",
              "param_names": "a formula", "errors": "status, which every fit has",
              "out": "da.chunk() first, and to_zarr(path) of the result: maps are written as they "
              "are found",
              "skipna": "nothing: nan is left out",
              "weights": "sigma (standard errors)"}  # fmt: skip


def _refuse(misnamed: Mapping[str, Any]) -> None:
    for name in misnamed:
        known = ["model", "dim", "sigma", "start", "bounds", "fixed", "mask", "dtype",
                 "absolute_sigma", "engine", "threads", "ledger", "client", "progress",
                 "callback"]  # fmt: skip
        near = _ELSEWHERE.get(name) or suggest(name, known)
        raise ArgumentError(
            f"fit has no argument {name!r}.", why=f"its arguments are {', '.join(known)}",
            next_step=f"use {near}." if near else "use one of these.",
        )  # fmt: skip


# ---- in this process, from memory or a file -------------------------------------------------


def data_of(named: Named, y: Any = None, sigma: Any = None, mask: Any = None) -> Data:
    """Named data as those that are read by boxes.

    `y`, `sigma` and `mask` are the same as they were given: what is in a file is read in the order
    of the file, chunk by chunk. Turned axes would be gathered point by point.
    """
    data = _turned(named)
    return replace(data, y=_stored(named, y, data.y), sigma=_stored(named, sigma, data.sigma),
                   mask=_stored(named, mask, data.mask))  # fmt: skip


def _stored(named: Named, array: Any, known: Any) -> Any:
    """The values of an array as it is stored, where it has all dimensions in the order of y."""
    dims = getattr(array, "dims", ())
    if known is None or [d for d in dims if d not in named.dims] != [*named.lead]:
        return known
    if not set(named.dims) <= set(dims):
        return known
    return Rows(array.variable, tuple(dims.index(d) for d in named.dims), known.shape,
                known.lengths)  # fmt: skip


def _turned(named: Named) -> Data:
    job, found = named.job, {}
    for part, variable in zip(job.parts, named.variables, strict=True):
        found.setdefault(part.kind, {})[part.place] = variable
    rows = {kind: {i: _rows(named, v) for i, v in placed.items()}
            for kind, placed in found.items() if kind != "start"}  # fmt: skip
    starts = {job.plan.names[i]: v for i, v in found.get("start", {}).items()}
    return Data(rows["y"][0], rows.get("sigma", {}).get(0), rows.get("used", {}).get(0),
                rows.get("column", {}), _starts(named, starts))  # fmt: skip


def _rows(named: Named, variable: Any) -> Rows:
    shape = tuple(named.y.sizes[d] for d in named.y.dims)
    width = len(named.lead)
    axes = tuple(range(width, len(shape)))
    missing = tuple(slice(None) if d in variable.dims else None for d in named.y.dims)
    array = variable.values[missing] if None in missing else variable
    return Rows(array, axes, shape[:width], shape[width:])


def _starts(named: Named, given: Mapping[str, Any]) -> np.ndarray | None:
    if not given:
        return None
    plan, fits = named.job.plan, int(np.prod(named.shape, dtype=int))
    found = np.repeat(plan.params.start[:, None], fits, axis=1)
    for name, variable in given.items():
        found[plan.names.index(name)] = spread(variable, named.lead, named.y.sizes).reshape(-1)
    return found


def _mapped(named: Named, many: ManyFits) -> Any:
    rows = packed_rows(many.plan, many.block)
    return dataset_of(named, [row.reshape(named.shape) for row in rows])
