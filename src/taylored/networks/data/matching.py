"""The columns of a new table in the order of training: by name, or by position where safe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from taylored.errors import ColumnError
from taylored.formula import normalize_name, suggest
from taylored.networks.data.frame import Frame
from taylored.results import Finding
from taylored.tables import counted, find_column

__all__ = ["match_columns"]

_SHOWN = 10  # names in one message


def match_columns(
    frame: Frame, wanted: tuple[str, ...], named: bool
) -> tuple[list[Any], tuple[Finding, ...]]:
    """The columns of `frame` that are `wanted`; `named`: whether training had names.

    Columns trained without names are called x0, x1, ...; a table with just these names means them.

    Raises:
        ColumnError: for missing columns, or where there are no names and the number differs.
    """
    alone = frame.flat and len(wanted) == 1  # a series alone is the column, whatever its name
    means_them = named or set(frame.names) == set(wanted)
    if means_them and frame.named and not alone:
        return [frame.columns[i] for i in _by_name(frame.names, wanted)], ()
    if len(frame.columns) != len(wanted):
        raise _other_width(frame, wanted)
    if named == frame.named or alone:
        return list(frame.columns), ()
    what = "The network was trained with named columns, and X has no names"
    if frame.named:
        what = "X has named columns, and the network was trained without names"
    step = "Check their order." if frame.named else f"Their order is {', '.join(wanted[:10])}."
    message = f"{what}: columns are matched by position."
    return list(frame.columns), (Finding("columns-by-position", message, step),)


def _by_name(names: tuple[str, ...], wanted: tuple[str, ...]) -> list[int]:
    normal = {normalize_name(n) for n in names}
    missing = [n for n in wanted if n not in names and normalize_name(n) not in normal]
    if missing:
        raise _lacking(missing, names, wanted)
    return [names.index(find_column(name, names)) for name in wanted]


def _lacking(missing: list[str], names: tuple[str, ...], wanted: tuple[str, ...]) -> ColumnError:
    """What is missing, all at once; meant can only be a column that has no use yet."""
    used = {normalize_name(n) for n in wanted}
    unused = [n for n in names if normalize_name(n) not in used]
    near = [suggest(name, unused) for name in missing]
    hints = [f"{n!r} for {m!r}" for n, m in zip(near, missing, strict=True) if n]
    what = "a column" if len(missing) == 1 else f"{len(missing)} columns"
    add = f"add {_listed(missing, repr)}."
    return ColumnError(
        f"X lacks {what} of the training data: {_listed(missing, repr)}.",
        why=f"the network was trained on {_listed(wanted)}; the columns of X are {_listed(names)}",
        next_step=f"{add[:-1]}; did you mean {', '.join(hints[:5])}?" if hints else add,
    )


def _listed(names: Sequence[str], shown: Callable[[str], str] = str) -> str:
    more = f", ... ({len(names)})" if len(names) > _SHOWN else ""
    return ", ".join(map(shown, names[:_SHOWN])) + more


def _other_width(frame: Frame, wanted: tuple[str, ...]) -> ColumnError:
    step = f"give these columns: {', '.join(wanted[:10])}"
    if frame.flat and frame.rows == len(wanted) > 1:
        step = "for one row give it as a table: X.reshape(1, -1), or [X]"
    given = counted(len(frame.columns), "column")
    return ColumnError(
        f"X has {given}, and the network was trained with {len(wanted)}.",
        next_step=f"{step}.",
    )
