"""One column of the inputs: what training saw of it, and its numbers at any later time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import NotNumericError
from taylored.networks.archive import damaged
from taylored.networks.data.cells import Cells, as_floats, read_cells, text_of
from taylored.tables import counted, row_numbers

__all__ = ["Column", "number_cells"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the inputs as training saw it.

    `kind` is "number", "truth" (a number, 0 or 1) or "category". A number x becomes the feature
    (x - center)/scale; a category one feature each, 1/scale in its rows and 0 elsewhere. Numbers
    lay in [lo, hi], and up to `margin` beyond new rows are expected. A `constant` column has no
    features.
    """

    name: str
    kind: str
    center: float = 0.0
    scale: float = 1.0
    lo: float = 0.0
    hi: float = 0.0
    margin: float = 0.0
    categories: tuple[str, ...] = ()
    constant: bool = False

    @property
    def features(self) -> tuple[str, ...]:
        """The names of its features."""
        if self.constant:
            return ()
        if self.kind == "category":
            return tuple(f"{self.name}={c}" for c in self.categories)
        return (self.name,)

    def codes(self, values: Any) -> tuple[np.ndarray, np.ndarray]:
        """The number of each cell's category, -1 for one that training has not seen; the cells.

        Raises:
            ColumnError: where cells are missing.
        """
        # Numbers that were categories by declaration arrive as numbers from other tables.
        cells = read_cells(values, self.name, parse=False)
        texts = cells.values if cells.kind == "text" else _as_texts(cells)
        known = {category: i for i, category in enumerate(self.categories)}
        missing = [i for i, text in enumerate(texts) if text is None]
        if missing:
            raise _missing(self.name, missing)
        return np.array([known.get(text, -1) for text in texts], int), texts

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        common: dict[str, Any] = {"name": self.name, "kind": self.kind, "constant": self.constant}
        if self.kind == "category":
            return {**common, "scale": self.scale, "categories": list(self.categories)}
        ends = {"range": [self.lo, self.hi], "margin": self.margin}
        return {**common, "center": self.center, "scale": self.scale, **ends}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Column:
        """The column of `to_dict`, checked as something that anyone may have written.

        Raises:
            SavedFitError, or the errors of wrong types and missing keys.
        """
        name, kind, constant = document["name"], document["kind"], document["constant"]
        _must(isinstance(name, str) and isinstance(constant, bool), "a column has no name")
        scale = _finite(document["scale"])
        _must(scale > 0.0, f"the scale of {name!r} is not positive")
        if kind == "category":
            categories = document["categories"]
            _must(
                isinstance(categories, list) and all(isinstance(c, str) for c in categories),
                f"the categories of {name!r} are not texts",
            )
            _must(0 < len(set(categories)) == len(categories), f"{name!r} repeats a category")
            return cls(name, kind, scale=scale, categories=tuple(categories), constant=constant)
        _must(kind in ("number", "truth"), f"the kind of {name!r} is unknown")
        lo, hi = (_finite(end) for end in document["range"])
        _must(lo <= hi, f"the range of {name!r} is empty")
        center, margin = _finite(document["center"]), _finite(document["margin"])
        _must(margin >= 0.0, f"the margin of {name!r} is negative")
        return cls(name, kind, center, scale, lo, hi, margin, constant=constant)


def _must(holds: bool, why: str) -> None:
    if not holds:
        raise damaged(why)


def _finite(value: Any) -> float:
    _must(
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
        f"{value!r:.40} is not a finite number",
    )
    return float(value)


# ---- at prediction ----------------------------------------------------------------------------


def number_cells(values: Any, name: str) -> np.ndarray:
    """The cells of a column of numbers as floats, NaN where missing.

    Raises:
        NotNumericError: for a text, with its row.
    """
    if type(values) is np.ndarray and values.ndim == 1 and values.dtype.kind in "fiub":
        return as_floats(values)
    cells = read_cells(values, name)
    if cells.kind == "text":
        texts = [(i, c) for i, c in enumerate(cells.values) if c is not None and not _is_number(c)]
        if not texts:  # nothing but gaps
            return np.full(len(cells.values), np.nan)
        row, text = texts[0]
        raise NotNumericError(
            f"{name} is a number in the training data, and here it is {text[:40]!r}.",
            where=f"row {row + 1}",
            next_step="correct the cell, or leave the row out.",
        )
    return cells.values


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _as_texts(cells: Cells) -> np.ndarray:
    texts = np.empty(len(cells.values), object)
    absent = cells.missing
    texts[:] = [None if gone else text_of(raw) for raw, gone in zip(cells.raw, absent, strict=True)]
    return texts


def _missing(name: str, rows: Any) -> NotNumericError:
    return NotNumericError(
        f"{name} is missing in {counted(len(rows), 'row')}.",
        where=f"row {row_numbers(rows)}",
        next_step="fill the cells in, or leave these rows out.",
    )
