"""Key columns of a long table: which rows belong together, and what each group is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, ColumnError, EmptyDataError
from taylored.tables import column_names, find_column

__all__ = ["Groups", "find_groups", "place_of"]


@dataclass(frozen=True, eq=False)
class Groups:
    """Rows by group, the groups in the order in which they appear, rows in that of the table.

    The rows of group g are `rows[first[g] : first[g] + length[g]]`; `keys` has its labels.
    `lacking` are the rows in which a key is missing: they belong to no group.
    """

    rows: np.ndarray
    first: np.ndarray
    length: np.ndarray
    keys: dict[str, np.ndarray]
    lacking: np.ndarray

    def __len__(self) -> int:
        return len(self.length)


def place_of(keys: Mapping[str, np.ndarray], wanted: Any) -> int:
    """The position of the group with this key, several of them as a tuple.

    Raises:
        ArgumentError: where there is none.
    """
    labels = wanted if isinstance(wanted, tuple) else (wanted,)
    if len(labels) != len(keys):
        raise ArgumentError(
            f"The fit {wanted!r:.60} has {len(labels)} labels, and the keys are {', '.join(keys)}.",
            next_step="give one label for each, as a tuple; or the position of the fit.",
        )
    same = [np.array([bool(v == label) for v in values], bool)
            for values, label in zip(keys.values(), labels, strict=True)]  # fmt: skip
    found = np.flatnonzero(np.all(same, axis=0))
    if not len(found):
        first = ", ".join(repr(values[0]) for values in keys.values())
        raise ArgumentError(f"No fit has the key {wanted!r:.60}.", why=f"the first has {first}",
                            next_step="see keys for all of them.")  # fmt: skip
    return int(found[0])


def find_groups(table: Any, by: Any) -> Groups:
    """The groups of rows with equal keys; `by` is the name of a column, or several.

    Raises:
        ColumnError, ArgumentError: for a key that is no column.
        EmptyDataError: where no row has a key.
    """
    names = _key_names(by, column_names(table))
    coded = [_coded(table, name) for name in names]
    total = len(coded[0][0])
    if any(len(code) != total for code, _ in coded):
        raise ColumnError(
            "The key columns have different lengths.",
            why=", ".join(f"{n}: {len(c)}" for n, (c, _) in zip(names, coded, strict=True)),
            next_step="give one key per row in each.",
        )
    lacking = np.any([code < 0 for code, _ in coded], axis=0)
    kept = np.flatnonzero(~lacking)
    if not len(kept):
        raise EmptyDataError(
            "There are no rows to fit." if not total else "Every row lacks a key.",
            why=f"the keys are {', '.join(names)}",
            next_step="check that these are the right columns.",
        )
    code = _combined([c[kept] for c, _ in coded])
    order = np.argsort(code, kind="stable")
    length = np.bincount(code)
    first = np.cumsum(length) - length
    leading = kept[order[first]]  # the first row of each group
    keys = {n: labels[c[leading]] for n, (c, labels) in zip(names, coded, strict=True)}
    return Groups(kept[order], first, length, keys, np.flatnonzero(lacking))


def _key_names(by: Any, columns: Sequence[str]) -> list[Any]:
    wanted = [by] if isinstance(by, str) else by
    if not (
        isinstance(wanted, list | tuple) and wanted and all(isinstance(n, str) for n in wanted)
    ):
        raise ArgumentError(
            f"by is {by!r:.60}.",
            next_step='give the name of the key column, or several: by=["slide", "cell"].',
        )
    names = [find_column(name, columns) for name in wanted]
    if len(set(names)) < len(names):
        raise ArgumentError(f"by names a column twice: {', '.join(names)}.",
                            next_step="name each key once.")  # fmt: skip
    return names


def _coded(table: Any, name: Any) -> tuple[np.ndarray, np.ndarray]:
    """Small numbers for the labels of a column in order of appearance (-1: missing), and these."""
    values, lacking = _column(table, name)
    code = np.full(len(lacking), -1)
    if not len(values):
        return code, values
    if values.dtype.kind == "O":
        code[~lacking], labels = _coded_objects(values, name)
        return code, labels
    labels, first, place = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    code[~lacking] = rank[place.reshape(-1)]
    return code, labels[order]


def _coded_objects(values: np.ndarray, name: Any) -> tuple[np.ndarray, np.ndarray]:
    seen: dict[Any, int] = {}
    try:
        code = np.fromiter((seen.setdefault(v, len(seen)) for v in values), np.int64, len(values))
    except TypeError:
        raise ColumnError(
            f"The key column {name!r} holds lists or other things that cannot be compared.",
            next_step="take keys that are numbers, texts or dates.",
        ) from None
    labels = np.empty(len(seen), object)
    labels[:] = list(seen)
    return code, labels.astype(str) if all(isinstance(v, str) for v in seen) else labels


def _column(table: Any, name: Any) -> tuple[np.ndarray, np.ndarray]:
    """The labels that are there, and the rows in which there is none."""
    if isinstance(table, Mapping | np.ndarray):
        values = table[name]
        lacking = np.ma.getmaskarray(values).copy() if np.ma.isMaskedArray(values) else None
        values = np.asarray(values)
        if values.ndim != 1:
            raise ColumnError(f"The key column {name!r} has the shape {values.shape}.",
                              next_step="give one key per row.")  # fmt: skip
        lacking = np.zeros(len(values), bool) if lacking is None else lacking
        values = values[~lacking]
    else:
        import narwhals.stable.v2 as nw

        series = nw.from_native(table, eager_only=True).get_column(name)
        lacking = np.array(series.is_null().to_numpy(), bool)
        values = series.filter(~series.is_null()).to_numpy()
    absent = _absent(values)
    lacking[np.flatnonzero(~lacking)[absent]] = True
    return values[~absent], lacking


def _absent(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype.kind in "mM":
        return np.isnat(values)
    if values.dtype.kind == "O":
        return np.array([_is_missing(v) for v in values], bool)
    return np.zeros(len(values), bool)


def _is_missing(value: Any) -> bool:
    return value is None or type(value).__name__ in ("NAType", "NaTType") or bool(value != value)


def _combined(codes: Sequence[np.ndarray]) -> np.ndarray:
    """One code of several keys, in order of appearance."""
    code = codes[0]
    for other in codes[1:]:
        code = code * (int(other.max()) + 1) + other
        code = _renumbered(code)
    return _renumbered(code)


def _renumbered(code: np.ndarray) -> np.ndarray:
    _, first, place = np.unique(code, return_index=True, return_inverse=True)
    rank = np.empty_like(first)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[place.reshape(-1)]
