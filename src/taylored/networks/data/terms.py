"""Which columns are inputs, which the response and which the weights: names or `price ~ .`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from taylored.errors import ArgumentError, ColumnError, FormulaError
from taylored.networks.data.frame import Frame, read_frame
from taylored.tables import find_column

__all__ = ["Sources", "find_sources"]

_PIECES = re.compile(r"`[^`]*`|[~+-]|[^`~+-]+")
_ARITHMETIC = re.compile(r"[*/^():|]")


@dataclass(frozen=True, eq=False, slots=True)
class Sources:
    """Inputs, responses, weights and groups as they came, each still of all rows."""

    inputs: Frame
    response: Frame
    weights: Any
    groups: Any = None


def find_sources(X: Any, y: Any, weights: Any, groups: Any = None) -> Sources:
    """Take the user's X, y, weights and groups apart; columns named for these are no inputs.

    `y` is an array or a table; or the name of a column of X, a list of names, or a formula such
    as "price ~ ." (all other columns), "price ~ age + town", "price ~ . - id".
    """
    frame = read_frame(X)
    aside = [find_column(n, frame.names) for n in (weights, groups) if isinstance(n, str)]
    extra = tuple(_column(frame, given) for given in (weights, groups))
    if y is None:
        raise ArgumentError(
            "y is missing.",
            next_step='give one value per row, or name a column of X: "price", or "price ~ .".',
        )
    if not _is_names(y, frame):
        inputs = frame.select([n for n in frame.names if n not in aside]) if aside else frame
        return _checked(inputs, read_frame(y, "y", "y"), extra)
    if not frame.named:
        raise ArgumentError(
            f"y is {y!r:.60}, but the columns of X have no names.",
            next_step="give y as an array, or X as a dict of columns or a data frame.",
        )
    responses, wanted = _terms(y, frame.names)
    wanted = [n for n in wanted if n not in aside and n not in responses]
    if not wanted:
        raise ColumnError("No column is left as an input.", next_step="name one at least.")
    response = frame.select(responses)
    flat = Frame(response.names, response.columns, True, frame.rows, len(responses) == 1)
    return _checked(frame.select(wanted), flat, extra)


def _column(frame: Frame, given: Any) -> Any:
    if not isinstance(given, str):
        return given
    return frame.columns[frame.names.index(find_column(given, frame.names))]


def _checked(inputs: Frame, response: Frame, extra: tuple[Any, ...]) -> Sources:
    if inputs.rows != response.rows:
        raise ColumnError(
            f"X has {inputs.rows} rows, and y has {response.rows}.",
            next_step="give one value of y for each row of X.",
        )
    return Sources(inputs, response, *extra)


def _is_names(y: Any, frame: Frame) -> bool:
    """Whether y names columns; a list of texts may also be the labels of the rows."""
    if isinstance(y, str):
        return True
    if not (isinstance(y, list | tuple) and y and all(isinstance(v, str) for v in y)):
        return False
    return frame.named and (set(y) <= set(frame.names) or len(y) != frame.rows)


def _terms(y: str | Sequence[str], names: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The names of responses and inputs."""
    if not isinstance(y, str):
        responses = [find_column(name, names) for name in y]
        if len(set(responses)) < len(responses):
            raise ColumnError("y names a column twice.", next_step="name each column once.")
        return responses, list(names)
    if "~" not in y or y in names:
        return [find_column(y.strip("`"), names)], list(names)
    left, right, at = _sides(y)
    return [_one(left, names, y, 0)], _inputs(right, names, y, at)


def _sides(text: str) -> tuple[str, str, int]:
    tildes = [m.start() for m in _PIECES.finditer(text) if m.group() == "~"]
    if len(tildes) != 1:
        raise FormulaError(
            "A formula has one ~, between the response and the inputs.",
            text=text,
            position=tildes[1] if tildes else 0,
            next_step='write it as "price ~ .", or "price ~ age + town".',
        )
    return text[: tildes[0]], text[tildes[0] + 1 :], tildes[0] + 1


def _inputs(side: str, names: tuple[str, ...], text: str, start: int) -> list[str]:
    """The columns that the right side of a formula chooses, in the order of the table."""
    chosen: set[str] = set()
    if side.strip() in names:  # a name with + or - in it, alone, needs no quotes
        return [side.strip()]
    sign, before = "+", False
    for match in _PIECES.finditer(side):
        piece = match.group().strip()
        at = start + match.start() + len(match.group()) - len(match.group().lstrip())
        if piece in ("+", "-"):
            if not before and (piece == "+" or chosen or sign == "-"):
                raise _misplaced(text, at)
            sign, before = piece, False
        elif piece:
            if before:
                raise _misplaced(text, at)
            found = set(names) if piece == "." else {_one(piece, names, text, at)}
            chosen = chosen | found if sign == "+" else chosen - found
            before = True
    if not before:
        raise _misplaced(text, len(text))
    return [name for name in names if name in chosen]


def _misplaced(text: str, at: int) -> FormulaError:
    return FormulaError(
        "A column name belongs here, and one + or - between two of them.",
        text=text,
        position=at,
        next_step='write it as "price ~ age + town", or "price ~ . - id"; names with blanks or '
        "signs in backquotes.",
    )


def _one(piece: str, names: tuple[str, ...], text: str, at: int) -> str:
    """The column that a term names: columns only, for a network finds their functions itself."""
    name = piece.strip()
    if name in names:
        return name
    if name.startswith("`"):
        return find_column(name.strip("`"), names)
    if _ARITHMETIC.search(name):
        raise FormulaError(
            f"A network takes columns as they are, and {name[:40]!r} is none.",
            text=text,
            position=at,
            next_step="make a column of it in the table; products and powers of inputs a network "
            "finds by itself.",
        )
    if not name:
        raise _misplaced(text, at)
    return find_column(name, names)
