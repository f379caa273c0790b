"""The DATA of `taylored fit-many` that are arrays: Zarr, NetCDF and NumPy files as jobs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.cli.grids import grid
from taylored.cli.options import Options
from taylored.errors import ArgumentError, ColumnError, FileReadError, MissingExtraError
from taylored.formula import Formula, normalize_name, suggest

if TYPE_CHECKING:
    from taylored.many.output import Output
    from taylored.many.run import Job

__all__ = ["Kind", "arrays_job", "coordinates_of", "kind_of", "labeled_job"]

_NETCDF = (".nc", ".nc4", ".cdf", ".netcdf", ".h5", ".hdf5")


class Kind:
    """What DATA is."""

    ZARR, NETCDF, NUMPY, TABLE = "zarr", "netcdf", "numpy", "table"


def kind_of(source: str) -> str:
    """What a name of DATA stands for, by its ending."""
    if os.path.isdir(source) or source.rstrip("/").lower().endswith(".zarr"):
        return Kind.ZARR
    ending = Path(source).suffix.lower()
    if ending in _NETCDF:
        return Kind.NETCDF
    return Kind.NUMPY if ending in (".npy", ".npz") else Kind.TABLE


def coordinates_of(
    options: Options, points: Callable[[str], int | None] = lambda name: None
) -> dict[str, np.ndarray]:
    """`--coord t=0:10:1`, by name; `points` says how many a coordinate has, where it is known."""
    found = {}
    for text in options.coord:
        name, sign, where = text.partition("=")
        if not (name.strip() and sign and where.strip()):
            raise ArgumentError(f"--coord: {text[:40]!r} is not NAME=VALUES.",
                                next_step="write --coord t=0:99:1")  # fmt: skip
        found[name.strip()] = _coordinate(where.strip(), points(name.strip()))
    return found


def _coordinate(text: str, points: int | None) -> np.ndarray:
    try:
        values = grid(text)
    except ArgumentError as error:  # of --predict, which has the same grids
        raise ArgumentError(
            error.what.replace("--predict", "--coord", 1), where=error.where, why=error.why,
            next_step="write --coord t=LOW:HIGH:STEP, t=1,2,5, or t=FILE.npy",
        ) from None  # fmt: skip
    if values is None:
        return _one_axis(text)
    if points and text.count(":") == 1:  # LOW:HIGH: as many as there are
        return np.linspace(values[0], values[-1], points)
    return np.array(values)


def _one_axis(path: str) -> np.ndarray:
    values = np.asarray(_read_numpy(path))
    if values.ndim != 1:
        raise ColumnError(f"--coord: {path!r} has the shape {values.shape}.",
                          next_step="give one number per point")  # fmt: skip
    return values


# ---- with names: Zarr groups and NetCDF -----------------------------------------------------


def labeled_job(
    source: str, formula: Formula, options: Options
) -> tuple[Job, Mapping[str, str]] | None:
    """The job of a Zarr group or a NetCDF file, and the units of the parameters.

    None for a Zarr array, which has no names.
    """
    _require("xarray", "Files with named dimensions are")
    if kind_of(source) == Kind.ZARR and _is_bare(source):
        return None
    ds = _opened(source)
    y = _variable(ds, formula, options)
    known = {normalize_name(str(n)): n for n in ds.data_vars if n != y.name}
    added = {known[n]: ds[known[n]] for n in formula.model.names if n in known}
    given = coordinates_of(options, lambda n: y.sizes.get(_dimension(y, n, options)))
    y = y.assign_coords({**added, **_along(y, given, options)})
    return _named_job(ds, y, formula, options)


def _named_job(
    ds: Any, y: Any, formula: Formula, options: Options
) -> tuple[Job, Mapping[str, str]]:
    from taylored.many.accessor import data_of
    from taylored.many.aligned import Choices, read_named
    from taylored.many.labeled import parameter_units
    from taylored.many.run import Job

    sigma = _number_or(options.sigma, lambda name: _one_of(ds, name, "--sigma"))
    mask = None if options.mask is None else _one_of(ds, options.mask, "--mask")
    choices = Choices(sigma, options.start or None, options.bounds or None, options.fixed or None,
                      mask, options.dtype, options.absolute)  # fmt: skip
    dims = None if options.dim is None else tuple(d.strip() for d in options.dim.split(","))
    named = read_named(y, formula.model.text, dims, choices)
    plan = replace(named.job.plan, response=str(y.name))
    job = Job(plan, data_of(named, y, sigma, mask), options.threads, options.ledger,
              _named_output(named, options), progress=not options.quiet)  # fmt: skip
    return job, parameter_units(named)


def _is_bare(source: str) -> bool:
    _require("zarr", "Zarr files are")
    import zarr

    try:
        return isinstance(zarr.open(source, mode="r"), zarr.Array)
    except Exception as error:  # whatever may lie there instead
        raise _unreadable(source, error) from None


def _opened(source: str) -> Any:
    import xarray as xr

    zarr = {"engine": "zarr", "consolidated": False} if kind_of(source) == Kind.ZARR else {}
    try:
        # Times stay the numbers that they are in the file: milliseconds are no dates.
        return xr.open_dataset(source, chunks=None, decode_times=False, **zarr)
    except Exception as error:
        raise _unreadable(source, error) from None


def _variable(ds: Any, formula: Formula, options: Options) -> Any:
    name = _wanted(formula, options)
    if name is not None:
        return _one_of(ds, name, "the response")
    dims = {d.strip() for d in (options.dim or "").split(",") if d.strip()}
    names = formula.model.names
    listed = [
        str(n)
        for n, v in ds.data_vars.items()
        if n not in (options.mask, options.sigma, *names)
        and (dims <= set(v.dims) if dims else set(v.dims) & {*names})
    ]
    if len(listed) != 1:
        shown = [f"{n} ({', '.join(map(str, v.dims))})" for n, v in ds.data_vars.items()]
        raise ArgumentError(
            "It is not clear which variable is to be fitted.",
            why=f"the variables are {', '.join(shown[:20]) or 'none'}",
            next_step=f'write "VARIABLE ~ {formula.model.text[:60]}", or --var NAME; and --dim',
        )
    return ds[listed[0]]


def _one_of(ds: Any, name: str, what: str) -> Any:
    for known in (*ds.data_vars, *ds.coords):
        if name == known or normalize_name(name) == normalize_name(str(known)):
            return ds[known]
    near = suggest(name, [str(n) for n in ds.variables])
    raise ColumnError(
        f"There is no variable {name!r} for {what}.",
        why=f"there are {', '.join(str(n) for n in ds.data_vars)}",
        next_step=f"did you mean {near!r}?" if near else "use one of these",
    )


def _dimension(y: Any, name: str, options: Options) -> str:
    """The dimension of a coordinate: that of its name, or the one fitted."""
    return name if name in y.dims else (options.dim or "").strip()


def _along(y: Any, given: Mapping[str, np.ndarray], options: Options) -> dict[str, Any]:
    """Coordinates from the command line, each along a dimension of its name or the one fitted."""
    found = {}
    for name, values in given.items():
        dim = _dimension(y, name, options)
        if dim not in y.dims or len(values) != y.sizes[dim]:
            length = f"{name} has {len(values)} values"
            raise ColumnError(
                f"--coord: {length}, and no dimension takes them.",
                why="the dimensions are " + ", ".join(f"{d}: {n}" for d, n in y.sizes.items()),
                next_step="give one value per point, and say along which dimension: --dim",
            )
        found[name] = (dim, values)
    return found


def _named_output(named: Any, options: Options) -> Output | None:
    if options.out is None:
        return None
    from taylored.many.labeled import dataset_of
    from taylored.many.output import Output
    from taylored.many.tasks import packed_names

    # Of no extent in memory: only names, attributes and coordinates are taken.
    rows = np.broadcast_to(0.0, (len(packed_names(named.job.plan)), *named.shape))
    like = dataset_of(named, rows)
    attributes = {"": _plain(like.attrs), **{str(n): _plain(v.attrs) for n, v in like.items()}}
    coordinates = {
        str(n): (tuple(map(str, c.dims)), _storable(c.values), _plain(c.attrs))
        for n, c in like.coords.items()
    }
    lead = tuple(map(str, named.lead))
    return Output(options.out, lead, coordinates, attributes, options.overwrite)


def _plain(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Attributes as JSON has them."""
    return {
        str(k): v.tolist() if isinstance(v, np.ndarray | np.generic) else v
        for k, v in attributes.items()
    }


def _storable(values: np.ndarray) -> np.ndarray:
    texts = values.dtype.kind in "OUT"
    return values.astype(np.dtypes.StringDType()) if texts else values


# ---- without names: NumPy files and Zarr arrays ---------------------------------------------


@dataclass(frozen=True)
class _Arrays:
    """The arrays of a file by name; one without a name is "y"."""

    source: str
    arrays: Mapping[str, Any]

    def get(self, name: str, flag: str) -> Any:
        """One of them, or another .npy file."""
        if name in self.arrays:
            return self.arrays[name]
        if name.lower().endswith(".npy"):
            return _read_numpy(name)
        near = suggest(name, list(self.arrays))
        raise ColumnError(
            f"{flag}: there is no array {name!r}.", where=self.source,
            why=f"there are {', '.join(self.arrays)}",
            next_step=f"did you mean {near!r}?" if near else "name one of these, or a .npy file",
        )  # fmt: skip


def arrays_job(source: str, formula: Formula, options: Options) -> Mapping[str, Any]:
    """The arguments of `fit_many` for arrays without names, whose last axis are the points."""
    stored = _Arrays(source, _stored(source))
    name = _wanted(formula, options)
    named = len(stored.arrays) > 1 or source.lower().endswith(".npz")
    y = stored.get(name, "--var") if name and named else _largest(stored)
    given = coordinates_of(options, lambda name: y.shape[-1] if y.ndim else None)
    rest = {n: a for n, a in stored.arrays.items() if a is not y and n in formula.model.names}
    x = {**rest, **given}
    if not any(normalize_name(n) in formula.model.names for n in x):
        names = formula.model.names
        first = next((n for n in ("t", "x") if n in names), names[-1] if names else "t")
        raise ColumnError(
            "No name of the model is known as data: where are the points?", where=source,
            why=f"the model has the names {', '.join(formula.model.names)}",
            next_step=f"say it: --coord {first}=LOW:HIGH:STEP, or --coord {first}=FILE.npy",
        )  # fmt: skip
    _check_dim(options, [*x], source)
    return {
        "x": x, "Y": y,
        "sigma": _number_or(options.sigma, lambda n: stored.get(n, "--sigma")),
        "mask": None if options.mask is None else stored.get(options.mask, "--mask"),
    }  # fmt: skip


def _check_dim(options: Options, known: list[str], source: str) -> None:
    """Arrays without names are fitted along their last axis, whose points have a known name."""
    if options.dim is None or options.dim.strip() in known:
        return
    raise ArgumentError(
        f"--dim: there is no dimension {options.dim.strip()[:40]!r}.", where=source,
        why="the array has no names; its last axis holds the points, which are called "
        + ", ".join(known),
        next_step="leave --dim out, after bringing the points to the last axis",
    )  # fmt: skip


def _stored(source: str) -> Mapping[str, Any]:
    if kind_of(source) == Kind.ZARR:
        import zarr

        return {"y": zarr.open_array(source, mode="r")}
    found = _read_numpy(source)
    if isinstance(found, np.ndarray):
        return {"y": found}
    with found:
        try:
            return {name: found[name] for name in found.files}
        except Exception as error:  # a damaged archive, or one of Python objects
            raise _unreadable(source, error) from None


def _largest(stored: _Arrays) -> Any:
    """The one array of more than one axis, or the only one."""
    wide = [n for n, a in stored.arrays.items() if a.ndim > 1] or [*stored.arrays]
    if len(wide) != 1:
        raise ArgumentError(
            "It is not clear which array is to be fitted.", where=stored.source,
            why=f"there are {', '.join(stored.arrays)}", next_step="say which: --var NAME",
        )  # fmt: skip
    return stored.arrays[wide[0]]


def _read_numpy(path: str) -> Any:
    try:
        return np.load(path, mmap_mode="r" if path.lower().endswith(".npy") else None)
    except (OSError, ValueError, EOFError) as error:
        raise _unreadable(path, error) from None


# ---- both -----------------------------------------------------------------------------------


def _wanted(formula: Formula, options: Options) -> str | None:
    """The name of what is to be fitted, where one is given."""
    response = None if formula.response is None else formula.response.text.strip("`")
    if options.var is not None and response not in (None, options.var):
        raise ArgumentError(f"--var {options.var} and the formula's {response} are not the same.",
                            next_step="give one of them")  # fmt: skip
    return options.var or response


def _number_or(text: str | None, find: Any) -> Any:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return find(text)


def _require(package: str, what: str) -> None:
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise MissingExtraError(f"{what} read with {package}, which is not installed.",
                                next_step='pip install "taylored[cluster]"')  # fmt: skip


def _unreadable(source: str, error: BaseException) -> FileReadError:
    if not os.path.exists(source):
        return FileReadError(f"There is no file {source[:200]!r}.", next_step="check the path")
    why = " ".join(str(error).split())[:200]
    return FileReadError(f"{source[:200]!r} cannot be read.", why=why,
                         next_step="check how the file was written")  # fmt: skip
