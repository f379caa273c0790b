"""What a network learns: numbers or classes, standardized for training and given back in words."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from taylored.errors import ColumnError, DataError, NotNumericError, SavedFitError
from taylored.networks.archive import damaged
from taylored.networks.data.cells import Cells, read_cells, text_of
from taylored.networks.data.column import number_cells
from taylored.networks.data.frame import read_frame
from taylored.networks.data.labels import class_findings, class_numbers, classes_of, labels_of
from taylored.networks.data.scaling import check_size, spread_findings, spread_of
from taylored.results import Finding
from taylored.tables import counted, find_column, row_numbers

__all__ = ["Response", "fit_classes", "fit_numbers"]


@dataclass(frozen=True, eq=False)
class Response:
    """The outputs: `kind` "regression" with `center` and `scale` (outputs,), or "classification".

    `classes` are the user's labels in order. `flat`: the user gave one number per row, not a
    table of them, and gets the same back.
    """

    kind: str
    names: tuple[str, ...]
    classes: tuple[Any, ...]
    center: np.ndarray
    scale: np.ndarray
    flat: bool = True

    def encode(self, y: Any, X: Any = None) -> np.ndarray:
        """New values as in training: (rows, outputs) standardized, or (rows,) numbers of classes.

        `y` may also name columns of `X`.

        Raises:
            ColumnError: another number of outputs; NotNumericError, DataError: with the row.
        """
        columns = self._columns(y, X)
        if self.kind == "classification":
            labels = labels_of(read_cells(columns[0], self.names[0], parse=False))
            return class_numbers(self.names[0], self._as_classes(labels), self.classes)
        values = [number_cells(c, n) for c, n in zip(columns, self.names, strict=True)]
        for name, numbers in zip(self.names, values, strict=True):
            rows = np.flatnonzero(~np.isfinite(numbers))
            if len(rows):
                raise NotNumericError(
                    f"{name} is missing or infinite in {counted(len(rows), 'row')}.",
                    where=f"row {row_numbers(rows)}",
                    next_step="correct the values, or leave these rows out.",
                )
        return (np.stack(values, axis=1) - self.center) / self.scale

    def decode(self, values: Any) -> np.ndarray:
        """Standardized outputs (..., outputs) in the user's units, or numbers of classes as labels.

        Of a response that was given as one number per row the last axis is left out.
        """
        if self.kind == "classification":
            return np.array(self.classes)[np.asarray(values)]
        return self.squeeze(np.asarray(values) * self.scale + self.center)

    def decode_width(self, widths: Any) -> np.ndarray:
        """Standardized standard errors or widths (..., outputs) in the user's units."""
        return self.squeeze(np.asarray(widths) * self.scale)

    def squeeze(self, values: np.ndarray) -> np.ndarray:
        """Leave out the axis of outputs where the user did not give one."""
        return values[..., 0] if self.flat else values

    def _columns(self, y: Any, X: Any) -> tuple[Any, ...]:
        if isinstance(y, str) or (_texts_only(y) and X is not None and self.classes == ()):
            frame = read_frame(X)
            names = [y] if isinstance(y, str) else y
            columns = frame.select([find_column(n, frame.names) for n in names]).columns
        else:
            columns = read_frame(y, "y", "y").columns
        if len(columns) != len(self.names):
            raise ColumnError(
                f"y has {counted(len(columns), 'column')}, and the network has "
                f"{counted(len(self.names), 'output')}.",
                next_step=f"give {', '.join(self.names[:10])}.",
            )
        return columns

    def _as_classes(self, labels: list[Any]) -> list[Any]:
        """Labels in the type of the classes: 1.0 is the class 1, but no text is a number."""
        kind = type(self.classes[0])
        if kind is str:
            return [None if v is None else text_of(v) for v in labels]
        return [_same(v, kind) for v in labels]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "kind": self.kind,
            "names": list(self.names),
            "classes": list(self.classes),
            "center": self.center.tolist(),
            "scale": self.scale.tolist(),
            "flat": self.flat,
        }

    @classmethod
    def from_dict(cls, document: Any) -> Response:
        """The response of `to_dict`, checked as something that anyone may have written.

        Raises:
            SavedFitError: with what is wrong.
        """
        try:
            center = np.array(document["center"], float)
            scale = np.array(document["scale"], float)
            names, classes = document["names"], document["classes"]
            kind, flat = document["kind"], document["flat"]
            _check(kind, names, classes, (center, scale), flat)
        except SavedFitError:
            raise
        except (KeyError, TypeError, ValueError, OverflowError, IndexError) as error:
            raise damaged(f"{type(error).__name__}: {str(error)[:60]}") from None
        return cls(kind, tuple(names), tuple(classes), center, scale, flat)


def _texts_only(y: Any) -> bool:
    return isinstance(y, list | tuple) and all(isinstance(v, str) for v in y)


def _same(label: Any, kind: type) -> Any:
    """The label as a class of this type where it is equal to it."""
    if isinstance(label, str) or label is None:
        return label
    if kind is bool:
        return bool(label) if label in (0, 1) else label
    return kind(label) if float(label).is_integer() else label


def _check(kind: Any, names: Any, classes: Any, numbers: tuple, flat: Any) -> None:
    """Refuse what `to_dict` never writes."""
    texts = isinstance(names, list) and all(isinstance(n, str) for n in names)
    if not (texts and names and isinstance(flat, bool)):
        raise damaged("the names of the outputs are not texts")
    center, scale = numbers
    good = center.shape == scale.shape == (len(names),) and np.isfinite([center, scale]).all()
    if not (good and (scale > 0.0).all()):
        raise damaged("center and scale are not finite numbers, one of each output")
    if kind == "regression" and classes == []:
        if flat and len(names) > 1:
            raise damaged("several outputs cannot be one number per row")
        return
    if kind != "classification" or not isinstance(classes, list):
        raise damaged("it is neither of regression nor of classification")
    kinds = {type(c) for c in classes}
    if not (len(kinds) == 1 and kinds <= {bool, int, float, str} and len(names) == 1):
        raise damaged("its classes are not labels of one type")
    if len(classes) < 2 or any(a >= b for a, b in pairwise(classes)):
        raise damaged("its classes are not sorted")


# ---- at training ------------------------------------------------------------------------------


def fit_numbers(
    columns: list[Cells], rows: np.ndarray, weights: np.ndarray | None, *,
    flat: bool, standardize: bool,
) -> tuple[Response, np.ndarray, list[Finding]]:  # fmt: skip
    """A response of numbers, the standardized ones of the rows used, and what is doubtful.

    Raises:
        DataError: where an output is constant; ScaleError: numbers out of range.
    """
    spreads, found = [], []
    for cells in columns:
        values = cells.values[rows]
        check_size(values, cells.name)
        spread = spread_of(values, weights)
        if spread.constant:
            raise DataError(
                f"{cells.name} is constant: {spread.lo:.6g} in every row that is used.",
                why="there is nothing to learn, and no spread to tell an error from",
                next_step="add rows in which it differs, or choose another column.",
            )
        found += spread_findings(cells.name, values, spread, rows)
        spreads.append(spread)
    many = len(spreads)
    center = np.array([s.center for s in spreads]) if standardize else np.zeros(many)
    scale = np.array([s.scale for s in spreads]) if standardize else np.ones(many)
    response = Response("regression", tuple(c.name for c in columns), (), center, scale, flat)
    values = np.stack([cells.values[rows] for cells in columns], axis=1)
    return response, (values - center) / scale, found


def fit_classes(
    cells: Cells, labels: list[Any], rows: np.ndarray
) -> tuple[Response, np.ndarray, list[Finding]]:
    """A response of classes, the numbers of the rows' classes, and what is doubtful.

    Raises:
        DataError: one class only, or too many.
    """
    used = [labels[i] for i in rows]
    classes = classes_of(cells.name, used)
    response = Response("classification", (cells.name,), classes, np.zeros(1), np.ones(1))
    return response, class_numbers(cells.name, used, classes), class_findings(cells.name, used)
