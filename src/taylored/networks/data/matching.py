"""The columns of a new table in the order of training: by name, or by position where safe."""

from __future__ import annotations

from typing import Any

from taylored.errors import ColumnError
from taylored.formula import normalize_name, suggest
from taylored.networks.data.frame import Frame
from taylored.results import Finding
from taylored.tables import counted, find_column

__all__ = ["match_columns"]


def match_columns(
    frame: Frame, wanted: tuple[str, ...], named: bool
) -> tuple[list[Any], tuple[Finding, ...]]:
    """The columns of `frame` that are `wanted`; `named`: whether training had names.

    Raises:
        ColumnError: for missing columns, or where there are no names and the number differs.
    """
    alone = frame.flat and len(wanted) == 1  # a series alone is the column, whatever its name
    if named and frame.named and not alone:
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
    if len(missing) > 1:
        near = [suggest(n, names) for n in missing]
        hints = [f"{n!r} for {m!r}" for n, m in zip(near, missing, strict=True) if n]
        raise ColumnError(
            f"X lacks {len(missing)} columns of the training data: "
            f"{', '.join(map(repr, missing[:10]))}{', ...' if len(missing) > 10 else ''}.",
            why=f"its columns are {', '.join(names[:20])}{', ...' if len(names) > 20 else ''}",
            next_step=f"did you mean {', '.join(hints[:5])}?" if hints else "add them.",
        )
    return [names.index(find_column(name, names)) for name in wanted]


def _other_width(frame: Frame, wanted: tuple[str, ...]) -> ColumnError:
    step = f"give these columns: {', '.join(wanted[:10])}"
    if frame.flat and frame.rows == len(wanted) > 1:
        step = "for one row give it as a table: X.reshape(1, -1), or [X]"
    given = counted(len(frame.columns), "column")
    return ColumnError(
        f"X has {given}, and the network was trained with {len(wanted)}.",
        next_step=f"{step}.",
    )
