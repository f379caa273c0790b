"""Inputs of a network: any table to standardized features, the same way every time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taylored.errors import ColumnError, NotNumericError, SavedFitError, ScaleError
from taylored.networks.archive import damaged
from taylored.networks.data.cells import as_floats
from taylored.networks.data.column import Column, number_cells
from taylored.networks.data.frame import read_frame
from taylored.networks.data.matching import match_columns
from taylored.results import Finding
from taylored.tables import counted, row_numbers

__all__ = ["Encoded", "Encoder"]

_SHOWN = 5


@dataclass(frozen=True, eq=False, slots=True)
class Encoded:
    """Rows as features, and which of them training says little about.

    `z` is (rows, features). `unseen` marks rows with a category that training has not seen (all
    its features are 0), `outside` rows with a number far outside of the training range.
    """

    z: np.ndarray
    unseen: np.ndarray
    outside: np.ndarray
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class Encoder:
    """What turns the columns of the user's table into standardized features.

    A number (or truth, 0 or 1) becomes `(x - center)/scale`, with mean 0 and standard deviation 1
    in training; a category one feature each, 1/scale = sqrt(2) in its rows and else 0, so that two
    categories lie as far apart as two standard deviations. Constant columns have no features.
    Where `named`, columns are matched by name in any order and others ignored, else by position.
    """

    columns: tuple[Column, ...]
    named: bool

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The names of the features: "age", "town=Bern"."""
        return tuple(f for column in self.columns for f in column.features)

    @cached_property
    def center(self) -> np.ndarray:
        """(features,)"""
        return np.array([c.center for c in self.columns for _ in c.features])

    @cached_property
    def scale(self) -> np.ndarray:
        """(features,)"""
        return np.array([c.scale for c in self.columns for _ in c.features])

    @cached_property
    def column_of(self) -> np.ndarray:
        """The position of each feature's column, (features,) ints."""
        return np.array([i for i, c in enumerate(self.columns) for _ in c.features], int)

    def encode(self, X: Any) -> np.ndarray:
        """The features of new rows, (rows, features).

        Raises:
            ColumnError: missing columns, or another number of them; NotNumericError: texts in a
            column of numbers, missing or infinite cells, each with its row.
        """
        return self.examine(X).z

    def encode_with_findings(self, X: Any) -> tuple[np.ndarray, tuple[Finding, ...]]:
        """The features of new rows, and what is doubtful about them."""
        seen = self.examine(X)
        return seen.z, seen.findings

    def examine(self, X: Any) -> Encoded:
        """The features of new rows, with the rows that training says little about."""
        if self._is_plain(X):
            return self._encoded(X if X.dtype == float else as_floats(X), {}, ())
        frame = read_frame(X)
        raw, found = match_columns(frame, tuple(c.name for c in self.columns), self.named)
        if not all(len(values) == frame.rows for values in raw):
            raise ColumnError(
                "The columns of X have different lengths.",
                next_step="give one cell per row in each.",
            )
        block = np.empty((frame.rows, len(self._numbers)))
        for j, i in enumerate(self._numbers):
            block[:, j] = number_cells(raw[i], self.columns[i].name)
        codes = {
            i: column.codes(raw[i])
            for i, column in enumerate(self.columns)
            if column.kind == "category"
        }
        return self._encoded(block, codes, found)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"named": self.named, "columns": [column.to_dict() for column in self.columns]}

    @classmethod
    def from_dict(cls, document: Any) -> Encoder:
        """The encoder of `to_dict`, checked as something that anyone may have written.

        Raises:
            SavedFitError: with what is wrong.
        """
        try:
            columns = tuple(Column.from_dict(column) for column in document["columns"])
            named = document["named"]
        except (KeyError, TypeError, ValueError, OverflowError, IndexError) as error:
            if isinstance(error, SavedFitError):
                raise
            raise damaged(f"{type(error).__name__}: {str(error)[:60]}") from None
        names = [column.name for column in columns]
        if len(set(names)) < len(names):
            raise damaged("two columns have one name")
        if not isinstance(named, bool):
            raise damaged("it does not say whether the columns have names")
        encoder = cls(columns, named)
        if not encoder.features:
            raise damaged("it has no features")
        return encoder

    # ---- columns ------------------------------------------------------------------------------

    @cached_property
    def _numbers(self) -> list[int]:
        return [i for i, column in enumerate(self.columns) if column.kind != "category"]

    def _is_plain(self, X: Any) -> bool:
        return (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.dtype.kind in "fiu"
            and X.shape[1] == len(self._numbers) == len(self.columns)
            and not self.named
            and len(X) > 0
        )

    # ---- numbers ------------------------------------------------------------------------------

    def _encoded(
        self,
        block: np.ndarray,
        codes: Mapping[int, tuple[np.ndarray, np.ndarray]],
        found: tuple[Finding, ...],
    ) -> Encoded:
        """Features from the numbers (rows, number columns) and the codes of the categories."""
        none = np.zeros(len(block), bool)
        unseen, outside, findings = none, none, list(found)
        if self._numbers:
            low, high = block.min(axis=0), block.max(axis=0)
            if not (np.isfinite(low).all() and np.isfinite(high).all()):
                raise self._not_finite(block)
            start, stop = self.ends
            if (low < start).any() or (high > stop).any():
                beyond = (block < start) | (block > stop)
                outside = np.logical_or.reduce(beyond, axis=1)
                findings.append(self._outside(beyond, outside, block))
        for i, (numbers, texts) in codes.items():
            strange = numbers < 0
            if strange.any():
                unseen = unseen | strange
                findings.append(_unseen(self.columns[i], texts, np.flatnonzero(strange)))
        return Encoded(
            self.features_of(block, {i: n for i, (n, _) in codes.items()}),
            unseen,
            outside,
            tuple(findings),
        )

    def features_of(self, block: np.ndarray, codes: Mapping[int, np.ndarray]) -> np.ndarray:
        """Features from numbers (rows, number columns) and the codes of each column of categories.

        Raises:
            ScaleError: for numbers too far from those of training.
        """
        with np.errstate(over="ignore"):
            if not codes:
                used = block if self._all_used else block[:, self._used]
                z = (used - self.center) / self.scale
            else:
                z = np.zeros((len(block), len(self.features)))
                of_numbers = self._number_features
                z[:, of_numbers] = (block[:, self._used] - self.center[of_numbers]) / self.scale[
                    of_numbers
                ]
                self._mark(z, codes)
        if not np.isfinite(z).all():
            raise ScaleError(
                "Numbers in X are too far from the training data for float64.",
                where=f"row {row_numbers(np.flatnonzero(~np.isfinite(z).all(axis=1)))}",
                next_step="correct them; nothing is known so far away.",
            )
        return z

    def _mark(self, z: np.ndarray, codes: Mapping[int, np.ndarray]) -> None:
        """Put 1/scale at each row's category."""
        for i, numbers in codes.items():
            column = self.columns[i]
            if column.constant:
                continue
            first = int(np.searchsorted(self.column_of, i))
            seen = np.flatnonzero(numbers >= 0)
            z[seen, first + numbers[seen]] = 1.0 / column.scale

    @cached_property
    def _used(self) -> list[int]:
        """The columns of a block that have a feature."""
        return [j for j, i in enumerate(self._numbers) if not self.columns[i].constant]

    @cached_property
    def _all_used(self) -> bool:
        return len(self._used) == len(self._numbers)

    @cached_property
    def _number_features(self) -> np.ndarray:
        return np.flatnonzero(np.isin(self.column_of, self._numbers))

    @cached_property
    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """Where each number starts to be far outside, (number columns,) each."""
        lo = np.array([self.columns[i].lo for i in self._numbers])
        hi = np.array([self.columns[i].hi for i in self._numbers])
        margin = np.array([self.columns[i].margin for i in self._numbers])
        margin = np.maximum(margin, 1e-12 * np.maximum(np.abs(lo), np.abs(hi)))
        return lo - margin, hi + margin

    def _not_finite(self, block: np.ndarray) -> NotNumericError:
        j = int(np.argmax(~np.isfinite(block).all(axis=0)))
        rows = np.flatnonzero(~np.isfinite(block[:, j]))
        word = "missing" if np.isnan(block[rows, j]).all() else "not finite"
        return NotNumericError(
            f"{self.columns[self._numbers[j]].name} is {word} in {counted(len(rows), 'row')}.",
            where=f"row {row_numbers(rows)}",
            next_step="fill the cells in, or leave these rows out.",
        )

    def _outside(self, beyond: np.ndarray, outside: np.ndarray, block: np.ndarray) -> Finding:
        where = list(self._described(beyond, block))
        more = f" and {len(where) - _SHOWN} more" if len(where) > _SHOWN else ""
        return Finding(
            "outside-of-training-range",
            f"{counted(int(outside.sum()), 'row')} of {len(outside)} "
            f"{'lies' if outside.sum() == 1 else 'lie'} outside of the training data: "
            f"{'; '.join(where[:_SHOWN])}{more}.",
            "Intervals there are extrapolation: do not rely on them; add such rows to the "
            "training data.",
            params=tuple(self.columns[i].name for i, any_ in
                         zip(self._numbers, beyond.T, strict=True) if any_.any()),
        )  # fmt: skip

    def _described(self, beyond: np.ndarray, block: np.ndarray) -> Iterator[str]:
        for j, i in enumerate(self._numbers):
            rows = np.flatnonzero(beyond[:, j])
            if len(rows):
                c, values = self.columns[i], block[rows, j]
                farthest = values[np.argmax(np.maximum(values - c.hi, c.lo - values))]
                known = f"{c.lo:.4g} alone" if c.constant else f"{c.lo:.4g} to {c.hi:.4g}"
                yield f"{c.name} in {len(rows)} ({farthest:.4g}, trained on {known})"


def _unseen(column: Column, texts: np.ndarray, rows: np.ndarray) -> Finding:
    new = list(dict.fromkeys(str(texts[r]) for r in rows))
    shown = ", ".join(repr(t[:40]) for t in new[:_SHOWN]) + (", ..." if len(new) > _SHOWN else "")
    return Finding(
        "unseen-category",
        f"{column.name} is {shown} in {counted(len(rows), 'row')} (row {row_numbers(rows)}), which "
        "the training data do not have.",
        "Nothing was learned about it: correct it, or add such rows to the training data.",
        params=(column.name,),
    )
