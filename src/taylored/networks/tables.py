"""Tables in, numbers out: what a network is trained on, and the way back to the user's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import (
    ArgumentError,
    ColumnError,
    DataError,
    EmptyDataError,
    NotNumericError,
    TooFewPointsError,
)
from taylored.networks.averages import effective_units
from taylored.networks.data.cells import Cells, read_cells
from taylored.networks.data.encoder import Encoded, Encoder
from taylored.networks.data.frame import Frame
from taylored.networks.data.grouping import group_numbers
from taylored.networks.data.labels import labels_of, task_of
from taylored.networks.data.learned import fit_column
from taylored.networks.data.response import Response, fit_classes, fit_numbers
from taylored.networks.data.terms import find_sources
from taylored.results import Finding
from taylored.tables import counted, row_numbers

__all__ = ["Encoded", "Encoder", "Response", "Rows", "read_training"]

_LEAST = 5  # rows: so many folds of one row each
_ALONE = 1.1  # equal rows: weights that count like fewer leave one row only


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """What is trained on, all standardized.

    `z` is (rows, features); `t` (rows, outputs), or (rows,) numbers of classes; `weights` (rows,)
    with mean 1, or None; `kept` the positions of the rows in the user's data, None where all are;
    `groups` (rows,) whole numbers, or None.
    """

    z: np.ndarray
    t: np.ndarray
    weights: np.ndarray | None
    kept: np.ndarray | None
    groups: np.ndarray | None = None


def read_training(
    X: Any, y: Any, *, task: str = "auto", weights: Any = None, groups: Any = None,
    missing: str = "drop", standardize: bool = True,
) -> tuple[Encoder, Response, Rows, tuple[Finding, ...]]:  # fmt: skip
    """Read inputs, response and weights, and learn how to read such tables again.

    Args:
        X: a 2-D array, a dict of columns, or a table of pandas, polars or pyarrow.
        y: one value per row, a table of them, a column name of X, a list of names, or a formula
            "price ~ ." with column names on the right side.
        task: "regression", "classification", or "auto": classes where y holds texts, truths,
            few different integers, or the floats 0 and 1.
        weights: numbers from 0, one per row, or a column name of X.
        groups: labels, one per row, or a column name of X: rows that belong together.
        missing: "drop" rows with missing cells, or "fail".
        standardize: whether inputs and outputs get mean 0 and standard deviation 1.

    Raises:
        DataError: with the column and row of what cannot be used.
    """
    _one_of("task", task, ("auto", "regression", "classification"))
    _one_of("missing", missing, ("drop", "fail"))
    sources = find_sources(X, y, weights, groups)
    inputs = _cells(sources.inputs)
    outputs = _cells(sources.response)
    given = _read_weights(sources.weights, sources.inputs.rows)
    kept, found = _choose_rows([*inputs, *outputs], given, missing)
    used = None if given is None else _mean_one(given[kept])
    found = [*found, *_alignment(sources.inputs, sources.response)]
    response, t, about_y = _fit_response(outputs, kept, used, (task, sources.response.flat),
                                         standardize=standardize)  # fmt: skip
    encoder, about_x = _fit_encoder(sources.inputs, inputs, kept, used, standardize=standardize)
    z = _features(encoder, inputs, kept)
    found = [*about_y, *found, *about_x, *_leaks(encoder, response, z, t)]
    together = group_numbers(sources.groups, sources.inputs.rows, kept)
    everything = len(kept) == sources.inputs.rows
    return encoder, response, Rows(z, t, used, None if everything else kept, together), tuple(found)


def _one_of(name: str, value: Any, accepted: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in accepted:
        raise ArgumentError(
            f"{name} is {value!r:.40}.", next_step=f"choose {' or '.join(map(repr, accepted))}."
        )


def _cells(frame: Frame) -> list[Cells]:
    cells = [read_cells(c, n) for c, n in zip(frame.columns, frame.names, strict=True)]
    for column in cells:
        _refuse_infinite(column)
        if column.missing.all():
            raise EmptyDataError(
                f"{column.name} has no value in any row.", next_step="leave the column out."
            )
    return cells


def _refuse_infinite(cells: Cells) -> None:
    if cells.kind != "text" and np.isinf(cells.values).any():
        rows = np.flatnonzero(np.isinf(cells.values))
        raise NotNumericError(
            f"{cells.name} is infinite in {counted(len(rows), 'row')}.",
            where=f"row {row_numbers(rows)}",
            next_step="correct the values, or leave the rows out.",
        )


# ---- rows and their weights -------------------------------------------------------------------


def _read_weights(weights: Any, rows: int) -> np.ndarray | None:
    if weights is None:
        return None
    cells = read_cells(weights, "weights")
    if cells.kind == "text" or cells.missing.any() or not np.isfinite(cells.values).all():
        bad = np.flatnonzero(cells.missing if cells.kind == "text" else ~np.isfinite(cells.values))
        raise NotNumericError(
            "The weights are not all finite numbers.",
            where=f"row {row_numbers(bad)}" if len(bad) else "",
            next_step="give a number from 0 for each row.",
        )
    if len(cells.values) != rows:
        raise ColumnError(
            f"There are {counted(len(cells.values), 'weight')} for {counted(rows, 'row')}.",
            next_step="give one weight per row.",
        )
    if (cells.values < 0.0).any():
        raise DataError(
            "Some weights are negative.",
            where=f"row {row_numbers(np.flatnonzero(cells.values < 0.0))}",
            next_step="give a number from 0 for each row.",
        )
    if not cells.values.any():
        raise DataError("All weights are zero.", next_step="give some rows a positive weight.")
    return cells.values / cells.values.max()


def _mean_one(weights: np.ndarray) -> np.ndarray:
    return weights / weights.mean()


def _choose_rows(
    columns: list[Cells], weights: np.ndarray | None, policy: str
) -> tuple[np.ndarray, list[Finding]]:
    """The positions of the rows that can be used, and what is said about the others."""
    total = len(columns[0].values)
    absent = {c.name: c.missing for c in columns}
    gone = np.logical_or.reduce(list(absent.values()))
    found = []
    if gone.any():
        where = ", ".join(f"{n} in {int(m.sum())}" for n, m in absent.items() if m.any())
        if policy == "fail":
            raise NotNumericError(
                f"Cells are missing in {counted(int(gone.sum()), 'row')}: {where}.",
                where=f"row {row_numbers(np.flatnonzero(gone))}",
                next_step="fill them in, or leave such rows out with missing='drop'.",
            )
        found.append(_left_out(int(gone.sum()), total, where, absent))
    if weights is not None and (weights[~gone] == 0.0).any():
        none = int((weights[~gone] == 0.0).sum())
        what = f"{counted(none, 'row')} of {total} with weight 0 took no part."
        found.append(Finding("zero-weights", what, severity="note"))
        gone = gone | (weights == 0.0)
    kept = np.flatnonzero(~gone)
    if len(kept) < _LEAST:
        raise _too_few(len(kept), total)
    if weights is not None:
        found += _uneven(weights[kept], kept)
    return kept, found


def _left_out(count: int, total: int, where: str, absent: dict[str, np.ndarray]) -> Finding:
    return Finding(
        "rows-left-out",
        f"{counted(count, 'row')} of {total} with missing cells were left out: {where}.",
        "Fill the cells in, or leave a column out that is often missing; where cells are missing "
        "for a reason, the rest does not stand for all rows.",
        params=tuple(name for name, missing in absent.items() if missing.any()),
    )


def _too_few(kept: int, total: int) -> TooFewPointsError:
    rest = f"{total - kept} of {total} rows have missing cells or no weight" if kept < total else ""
    return TooFewPointsError(
        f"{counted(kept, 'row')} cannot train a network and check it; {_LEAST} are the least.",
        why=rest,
        next_step="add rows, or fill the missing cells in." if rest else "add rows.",
    )


def _uneven(weights: np.ndarray, rows: np.ndarray) -> list[Finding]:
    """That few of the rows used carry most of the weight; refused where it is one."""
    effective = effective_units(weights)
    if effective < _ALONE:
        raise DataError(
            f"The weights make {len(weights)} rows count like {effective:.1f}: nearly all of the "
            "weight is on one.",
            where=f"row {row_numbers(rows[[int(np.argmax(weights))]])}",
            next_step="correct its weight, or give weights that are more alike.",
        )
    if effective >= max(2 * _LEAST, 0.2 * len(weights)) or effective >= 0.9 * len(weights):
        return []
    return [
        Finding(
            "uneven-weights",
            f"the weights are uneven: {len(weights)} rows count like {effective:.0f} equal ones.",
            "Trust intervals as far as so few rows allow; check the largest weights.",
        )
    ]


# ---- inputs and response ----------------------------------------------------------------------


def _fit_response(
    outputs: list[Cells], kept: np.ndarray, weights: np.ndarray | None, asked: tuple[str, bool], *,
    standardize: bool,
) -> tuple[Response, np.ndarray, list[Finding]]:  # fmt: skip
    task, flat = asked
    chosen = None
    if task == "auto" and len(outputs) == 1:
        labels = labels_of(outputs[0])
        task, chosen = task_of(outputs[0], [labels[i] for i in kept])
    elif task == "auto":
        task = "regression"
    if task == "classification":
        if len(outputs) > 1:
            raise ColumnError(
                f"y has {len(outputs)} columns, and classes are one column.",
                next_step="give one column with the class of each row.",
            )
        fitted = fit_classes(outputs[0], labels_of(outputs[0]), kept)
    else:
        for cells in outputs:
            _refuse_text(cells)
        fitted = fit_numbers(outputs, kept, weights, flat=flat, standardize=standardize)
    return (*fitted[:2], [*([chosen] if chosen else []), *fitted[2]])


def _refuse_text(cells: Cells) -> None:
    if cells.kind != "text":
        return
    row, text = cells.odd or next((i, c) for i, c in enumerate(cells.values) if c is not None)
    raise NotNumericError(
        f"{cells.name} has something that is not a number: {text[:40]!r}.",
        where=f"row {row + 1}",
        next_step="correct it; for classes give task='classification' and one column.",
    )


def _fit_encoder(
    frame: Frame, inputs: list[Cells], kept: np.ndarray, weights: np.ndarray | None, *,
    standardize: bool,
) -> tuple[Encoder, list[Finding]]:  # fmt: skip
    columns, found = [], []
    for cells in inputs:
        column, doubts = fit_column(cells, kept, weights, standardize=standardize)
        columns.append(column)
        found += doubts
    encoder = Encoder(tuple(columns), frame.named)
    if not encoder.features:
        raise DataError(
            f"No column of X varies: {', '.join(c.name for c in columns[:10])}.",
            next_step="add columns or rows that differ.",
        )
    doubled = sorted({f for f in encoder.features if encoder.features.count(f) > 1})
    if doubled:
        raise ColumnError(
            f"Two features are named {doubled[0]!r}.", next_step="rename one of the columns."
        )
    return encoder, found


def _features(encoder: Encoder, inputs: list[Cells], kept: np.ndarray) -> np.ndarray:
    """The features of the rows used; the cells have been read already."""
    numbers = [c.values[kept] for c in inputs if c.kind != "text"]
    block = np.stack(numbers, axis=1) if numbers else np.empty((len(kept), 0))
    codes = {}
    for i, (column, cells) in enumerate(zip(encoder.columns, inputs, strict=True)):
        if cells.kind == "text":
            number = {category: k for k, category in enumerate(column.categories)}
            codes[i] = np.array([number[text] for text in cells.values[kept]], int)
    return encoder.features_of(block, codes)


def _alignment(inputs: Frame, response: Frame) -> list[Finding]:
    """Rows are matched by position: labels that say something else must not be passed over."""
    if inputs.labels is None or response.labels is None or inputs.labels.equals(response.labels):
        return []
    return [
        Finding(
            "row-labels-differ",
            "the rows of X and y have different labels (index), and were matched by position.",
            "If the labels are meant, give y.loc[X.index]; else y.to_numpy().",
        )
    ]


def _leaks(encoder: Encoder, response: Response, z: np.ndarray, t: np.ndarray) -> list[Finding]:
    """Inputs that are the response in another unit."""
    if response.kind == "classification":
        return []
    found = []
    for j, feature in enumerate(encoder.features):
        for k, name in enumerate(response.names):
            x, v = z[:, j] - z[:, j].mean(), t[:, k] - t[:, k].mean()
            if x.any() and np.dot(x, v) ** 2 >= (1.0 - 1e-12) * np.dot(x, x) * np.dot(v, v):
                found.append(
                    Finding(
                        "response-among-inputs",
                        f"{feature} is {name} itself, up to a change of unit.",
                        "Leave the column out unless it will be known when you predict.",
                        # Of one input alone it is the data's own statement.
                        severity="warning" if len(encoder.features) > 1 else "note",
                        params=(feature,),
                    )
                )
    return found
