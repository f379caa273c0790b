"""What was found, as an xarray Dataset: one variable each, with coordinates and units kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.many.aligned import Named, unit_of
from taylored.many.block import Block
from taylored.many.output import job_attributes
from taylored.many.plan import Plan
from taylored.many.result import ManyFits
from taylored.many.status import NAMES, Status
from taylored.many.tasks import packed_names
from taylored.readings.dimensions import infer_dimensions
from taylored.readings.units import combined_unit, read_unit

__all__ = ["counts_of", "dataset_of", "many_of", "parameter_units", "status_names"]

_COUNTS = {"dof": "int32", "points": "int32", "status": "int8"}
_MEANINGS = {
    "chi2": "sum of squared residuals over sigma",
    "dof": "degrees of freedom",
    "points": "points used",
    "p_value": "probability of a larger chi2 by chance",
    "status": "how the fit ended",
    "usable": "whether the estimates may be trusted",
}


def dataset_of(named: Named, rows: Any) -> Any:
    """The rows of `packed_names`, each over the dimensions of the fits, as a Dataset."""
    from xarray import Dataset

    plan, y = named.job.plan, named.y
    found = dict(zip(packed_names(plan), rows, strict=True))
    for name, kind in _COUNTS.items():
        found[name] = found[name].astype(kind)
    found["usable"] = found["status"] == Status.OK
    described = _described(plan, parameter_units(named))
    kept = {n: c for n, c in y.coords.items() if set(c.dims) <= set(named.lead)}
    attrs = {k: v for k, v in y.attrs.items() if k != "units"}
    has_sigma = plan.sigma is not None or any(p.kind == "sigma" for p in named.job.parts)
    attrs |= job_attributes(plan, has_sigma)
    attrs["fit_coordinates"] = ", ".join(str(c.name) for c in named.coordinates)
    if y.name is not None:
        attrs["fit_variable"] = str(y.name)
    variables = {n: (named.lead, array, described.get(n, {})) for n, array in found.items()}
    return Dataset(variables, kept, attrs)


def _described(plan: Plan, units: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The attributes of each variable, as the CF conventions name them."""
    found: dict[str, dict[str, Any]] = {n: {"long_name": t} for n, t in _MEANINGS.items()}
    if plan.sigma is None and not plan.absolute:
        found["chi2"]["long_name"] = "sum of squared residuals"
    found["status"] |= {"flag_values": np.arange(len(NAMES), dtype=np.int8),
                        "flag_meanings": " ".join(NAMES)}  # fmt: skip
    for name in plan.names:
        unit = {"units": units[name]} if units.get(name) else {}
        error = f"{name}_stderr"
        found[name] = {**unit, "ancillary_variables": f"{error} status"}
        found[error] = {**unit, "long_name": f"standard error of {name}", "accuracy": "estimated"}
    return found


def parameter_units(named: Named) -> dict[str, str]:
    """The unit of each parameter, where the formula and the units of the data determine it."""
    plan, program = named.job.plan, named.job.plan.traces.program
    if program is None:
        return {}
    texts = [unit_of(array) for array in (*named.coordinates, named.y)]
    units = [read_unit(text) if text else None for text in texts]
    powers = infer_dimensions(program, len(named.coordinates))
    return {
        name: "" if p is None else combined_unit(units, p)
        for name, p in zip(plan.names, powers, strict=True)
    }


# ---- verdicts of a Dataset, also of one that was stored -------------------------------------


def status_names(ds: Any) -> Any:
    """The verdicts by name, from the attributes of `status`.

    Raises:
        ArgumentError: where there are none.
    """
    from xarray import apply_ufunc

    status = _status(ds)
    names = np.array(status.attrs["flag_meanings"].split())
    values = np.asarray(status.attrs["flag_values"], int)
    table = np.full(int(values.max()) + 1, "unknown", names.dtype)
    table[values] = names
    found = apply_ufunc(_looked_up, status, table, input_core_dims=[[], ["flag"]],
                        dask="parallelized", output_dtypes=[table.dtype])  # fmt: skip
    return found.rename("status_names")


def _looked_up(codes: np.ndarray, table: np.ndarray) -> np.ndarray:
    return table[codes]


def counts_of(ds: Any) -> dict[str, int]:
    """How many fits there are of each verdict that occurs, most frequent first."""
    names, numbers = np.unique(status_names(ds).values, return_counts=True)
    order = np.argsort(-numbers, kind="stable")
    return {str(names[i]): int(numbers[i]) for i in order}


def many_of(ds: Any) -> ManyFits:
    """The fits of a Dataset as they came from `fit_many`, computed where they are lazy; without
    their data.

    Raises:
        ArgumentError: where the Dataset is none of fits.
    """
    status = _status(ds)
    said = str(ds.attrs.get("fit_parameters", "")).split(", ")  # files may lose the order
    known = [str(n) for n in ds.data_vars if f"{n}_stderr" in ds.data_vars]
    names = tuple(sorted(known, key=lambda n: said.index(n) if n in said else len(said)))
    lacking = [n for n in ("chi2", "dof") if n not in ds]
    if lacking or not names:
        raise ArgumentError(
            f"The Dataset has no {lacking[0] if lacking else 'parameters with standard errors'}.",
            next_step="take all variables that da.taylored.fit(...) gave.",
        )
    wanted = [*names, *(f"{n}_stderr" for n in names), "chi2", "dof", "status"]
    found = ds[[*wanted, *(["points"] if "points" in ds else [])]].transpose(*status.dims).compute()
    rows = {n: np.ravel(np.asarray(v.values)) for n, v in found.data_vars.items()}
    whole = {n: np.nan_to_num(rows.get(n, np.zeros(status.size))).astype(np.int32)
             for n in ("dof", "points")}  # fmt: skip
    block = Block(
        np.array([rows[n] for n in names], float),
        np.array([rows[f"{n}_stderr"] for n in names], float), rows["chi2"].astype(float),
        whole["dof"], whole["points"], _codes(status, rows["status"]),
        np.zeros(status.size, np.int32),
    )  # fmt: skip
    units = {n: str(ds[n].attrs.get("units", "")) for n in names}
    told: Any = _Told.of(ds, names)
    return ManyFits(told, block, tuple(status.shape), units=units)


def _codes(status: Any, values: np.ndarray) -> np.ndarray:
    """The verdicts by our numbers, whatever the numbers of the version that stored them."""
    words = status.attrs["flag_meanings"].split()
    found = np.full(len(values), Status.NOT_RUN, np.int8)
    for number, word in zip(np.ravel(status.attrs["flag_values"]), words, strict=True):
        if word in NAMES:
            found[values == number] = NAMES.index(word)
    return found


@dataclass(frozen=True, slots=True)
class _Told:
    """What the attributes of a Dataset say of its plan; `model` and `params` are itself."""

    names: tuple[str, ...]
    free: tuple[int, ...]
    describe: str
    response: str
    absolute: bool

    @classmethod
    def of(cls, ds: Any, names: tuple[str, ...]) -> _Told:
        attrs = ds.attrs
        fixed = json.loads(attrs.get("fit_fixed", "{}"))
        return cls(names, tuple(i for i, n in enumerate(names) if n not in fixed),
                   str(attrs.get("fit_model", "?")), str(attrs.get("fit_variable", "y")),
                   attrs.get("fit_sigma") == "absolute")  # fmt: skip

    @property
    def model(self) -> _Told:
        return self

    @property
    def params(self) -> _Told:
        return self


def _status(ds: Any) -> Any:
    if "status" not in ds or "flag_meanings" not in ds["status"].attrs:
        raise ArgumentError(
            "The Dataset has no verdicts: there is no variable 'status' with flag_meanings.",
            next_step="take one that da.taylored.fit(...) gave, with its attributes.",
        )
    return ds["status"]
