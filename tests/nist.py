"""The NIST reference problems for regression, and the count of correct digits.

`certified` are the figures as NIST prints them; `exact` the same least-squares problem solved
in 50-digit or exact rational arithmetic on the printed data and rounded to float64: score
against `exact`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

__all__ = ["Figures", "Problem", "digits", "problem", "problems"]

DATA = Path(__file__).parent / "data" / "nist"
MOST_DIGITS = 15.95  # -log10(2**-53): half an ulp, the best that float64 can hold


@dataclass(frozen=True)
class Figures:
    """Parameters and standard errors, each (params,), and the residual figures."""

    params: np.ndarray
    stderr: np.ndarray
    rss: float
    residual_sd: float
    dof: int


@dataclass(frozen=True)
class Problem:
    """One data set, its model as formula text, its starts (none where linear), its figures."""

    name: str
    level: str  # NIST's own grade: lower, average, higher
    formula: str  # "response ~ model"
    names: tuple[str, ...]  # of the parameters, in the order of all figures
    columns: dict[str, np.ndarray]  # x, or x1, x2, ..., and y
    starts: tuple[dict[str, float], ...]
    certified: Figures
    exact: Figures


@cache
def problems(kind: str) -> list[Problem]:
    """All problems of a kind, "linear" or "nonlinear", by name."""
    return [_read(file) for file in sorted((DATA / kind).glob("*.json"))]


def problem(name: str) -> Problem:
    """The problem of that name, whichever its kind."""
    return next(p for kind in ("nonlinear", "linear") for p in problems(kind) if p.name == name)


def _read(file: Path) -> Problem:
    row = json.loads(file.read_text(encoding="utf-8"))
    names = tuple(f"b{i + 1}" for i in range(row["n_params"]))
    dof = len(row["y"]) - len(names)
    return Problem(
        name=row["name"],
        level=row["level"],
        formula=f"{row['response']} ~ {row['model']}",
        names=names,
        columns={key: np.array(row[key]) for key in row if re.fullmatch(r"x\d*|y", key)},
        starts=tuple(
            dict(zip(names, row[key], strict=True)) for key in ("start1", "start2") if key in row
        ),
        certified=_figures(row["certified"], dof),
        exact=_figures(row["exact"], dof),
    )


def _figures(row: dict, dof: int) -> Figures:
    return Figures(
        params=np.array(row["params"]),
        stderr=np.array(row["std"]),
        rss=row["rss"],
        residual_sd=row.get("residual_sd", (row["rss"] / dof) ** 0.5),
        dof=dof,
    )


def digits(value, truth) -> np.ndarray:
    """Correct decimal digits: -log10 of the relative error, between 0 and 15.95.

    Where `truth` is zero the error is taken absolutely. NaN and infinity have no digits.
    Scalars or arrays that broadcast; returns an array (a numpy float for scalars).
    """
    value, truth = np.broadcast_arrays(np.asarray(value, float), np.asarray(truth, float))
    good = np.isfinite(value)
    error = np.abs(np.where(good, value, 0.0) - truth) / np.where(truth == 0, 1.0, np.abs(truth))
    with np.errstate(divide="ignore"):
        count = np.clip(-np.log10(error), 0.0, MOST_DIGITS)
    return np.where(good, count, 0.0)[()]
