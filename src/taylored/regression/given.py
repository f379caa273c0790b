"""Which model and which columns the user's formula, or function, and data stand for.

Columns of a table keep their names; a response and standard errors that were handed over apart
from it have keys that no column can have, so that none of them ever stands for another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, ColumnError, FormulaError
from taylored.formula import Formula, normalize_name, suggest
from taylored.model import Model, argument_names, model_of_expression, model_of_function
from taylored.regression.data import Apart, as_column, column_names, is_table, table_columns

__all__ = ["Given", "InOrder", "of_formula", "of_function", "with_sigma"]


class InOrder(dict[str, Any]):
    """Columns whose order is known to the user, who may give new ones as arrays in that order."""


@dataclass(frozen=True, eq=False, slots=True)
class Given:
    """A model, the columns that it and the response need, and what to call the response.

    `turned`: the inputs were one array (points, inputs).
    """

    model: Model
    columns: dict[str | Apart, np.ndarray]
    response: str
    turned: bool = False


# ---- formulas -------------------------------------------------------------------------------


def of_formula(formula: Formula, data: Any, y: Any) -> Given:
    """The names of a formula that are columns are data, and the others parameters.

    Raises:
        FormulaError, ColumnError, ArgumentError: where formula and data do not go together.
    """
    if y is None:
        return _within_table(formula, data)
    table = data if is_table(data) else _named_arrays(data, formula.model.names, np.size(y))
    names = _names(table)
    model = model_of_expression(formula.model, names, isinstance(table, InOrder))
    _check_model(formula, model, names)
    turned = _turned(data, np.size(y))
    columns: dict[str | Apart, np.ndarray] = {**table_columns(table, model.columns)}
    if formula.response is None:
        columns[Apart.RESPONSE] = as_column(y, "y")
        return Given(model, columns, _label(model.names), turned)
    column = _only_response(formula)
    columns[column] = as_column(y, column)
    _check_given_once(formula, table, column, columns[column])
    return Given(model, columns, formula.response.text, turned)


def _names(table: Any) -> tuple[str, ...]:
    return tuple(normalize_name(str(n)) for n in column_names(table))


def _label(taken: Sequence[str]) -> str:
    """What to call a response without a name: y, where that is not a name in the model."""
    label = "y" if "y" not in taken else "response"
    while label in taken:
        label = f"the {label}"
    return label


def _only_response(formula: Formula) -> str:
    assert formula.response is not None
    names = formula.response.names
    if len(names) != 1:
        raise ColumnError(
            f"The response {formula.response.text!r} needs a table with its columns.",
            next_step="give the data as a table: fit(formula, {'x': x, 'y': y}).",
        )
    return names[0]


def _check_given_once(formula: Formula, table: Any, column: str, y: np.ndarray) -> None:
    """Refuse a y that differs from the table's own column of the response."""
    if column not in _names(table):
        return
    own = table_columns(table, [column])[column]
    if own.shape != y.shape or not np.array_equal(own, y, equal_nan=True):
        raise ColumnError(
            f"The response {column!r} is given twice: as y, and as a column of the table.",
            where=formula.text,
            why="the two are not the same numbers",
            next_step="leave out one of them, or rename the column.",
        )


def _instead(data: Any) -> str:
    """What to give instead of what is no table."""
    parts = data if isinstance(data, list | tuple) and data else [data]
    if all(isinstance(part, str | Path) for part in parts):
        return 'give files as ty.Chunks(["a.parquet", "b.parquet"]) or ty.Chunks("runs/*.parquet").'
    if callable(getattr(data, "collect", None)):
        return "collect it; what is larger than memory goes through files: ty.Chunks([...])."
    if isinstance(data, list | tuple) and all(map(is_table, parts)):
        return "give several tables as ty.Chunks([table, table])."
    return "give a table (dict of arrays, pandas, polars, pyarrow), or x and y."


def _within_table(formula: Formula, data: Any) -> Given:
    try:
        names = _names(data)
    except TypeError:
        raise ArgumentError(
            "The data are not a table, and no y was given.",
            why=f"they are a {type(data).__name__}",
            next_step=_instead(data),
        ) from None
    if formula.response is None:
        raise FormulaError(
            "The formula does not say what is to be fitted.",
            text=formula.text,
            next_step=f"write it as: response ~ {formula.text}",
        )
    model = model_of_expression(formula.model, names, isinstance(data, InOrder))
    _check_model(formula, model, names)
    _check_response_names(formula, names)
    wanted = list(dict.fromkeys([*model.columns, *formula.response.names]))
    return Given(model, {**table_columns(data, wanted)}, formula.response.text)


def _check_response_names(formula: Formula, names: Sequence[str]) -> None:
    assert formula.response is not None
    for name in formula.response.names:
        if name not in names:
            near = suggest(name, list(names))
            raise ColumnError(
                f"There is no column {name!r} for the response.",
                where=f"{formula.text}\n{' ' * formula.response.positions.get(name, 0)}^",
                why=f"the columns are {', '.join(names)}",
                next_step=f"did you mean {near!r}?" if near else "use one of these.",
            )
    if not formula.response.names:
        raise FormulaError("The response has no column.", text=formula.text,
                           next_step="write: column ~ model")  # fmt: skip


def _check_model(formula: Formula, model: Model, columns: Sequence[str]) -> None:
    if not model.params:
        raise FormulaError(
            "The model has no parameters: every name in it is a column.",
            text=formula.text,
            position=next(iter(formula.model.positions.values()), 0),
            why=f"the columns are {', '.join(columns)}",
            next_step="write the parameters out: a + b*x instead of x.",
        )
    if not model.columns:
        _check_case(formula, model, columns)
    for name in model.params:
        if name.casefold() in ("inf", "nan", "infinity"):
            raise FormulaError(
                f"{name!r} is not a number in formulas, nor a sensible name for a parameter.",
                text=formula.text,
                position=formula.model.positions.get(name, 0),
                next_step="write another name.",
            )
    shared = [
        n for n in (formula.response.names if formula.response else ()) if n in formula.model.names
    ]
    if shared:
        raise FormulaError(
            f"{shared[0]!r} stands on both sides: the response cannot explain itself.",
            text=formula.text,
            position=formula.model.positions.get(shared[0], 0),
            next_step="leave it out of the model, or give it another name there.",
        )


def _check_case(formula: Formula, model: Model, columns: Sequence[str]) -> None:
    """A model without data, with a name that differs from a column's by its case only."""
    folded = {c.casefold(): c for c in columns}
    for name in model.params:
        if name.casefold() in folded:
            raise FormulaError(
                f"{name!r} is not a column, and no other name in the model is one.",
                text=formula.text,
                position=formula.model.positions.get(name, 0),
                why=f"the columns are {', '.join(columns)}",
                next_step=f"did you mean {folded[name.casefold()]!r}?",
            )


def _named_arrays(data: Any, names: Sequence[str], points: int) -> InOrder:
    """x as named columns: one array named x, or several named x1, x2, ..."""
    rows = _several(data, points)
    if rows is not None:
        return InOrder({f"x{i + 1}": as_column(row, f"x{i + 1}") for i, row in enumerate(rows)})
    name = "x" if "x" in names or len(names) == 0 else _only_candidate(names)
    return InOrder({name: as_column(data, name)})


def _several(data: Any, points: int) -> Any:
    """The inputs, where `data` are several of them."""
    if isinstance(data, tuple | list):
        return data if len(data) and np.ndim(data[0]) == 1 else None
    array = data if isinstance(data, np.ndarray) else np.asarray(data)  # masks stay
    if array.ndim != 2 or 1 in array.shape:
        return None
    return array.T if _turned(array, points) else array


def _turned(data: Any, points: int) -> bool:
    """Whether several inputs are one array (points, inputs), instead of (inputs, points)."""
    if is_table(data) or isinstance(data, tuple | list):
        return False
    shape = np.shape(data)
    return len(shape) == 2 and 1 not in shape and shape[0] == points != shape[1]


def _only_candidate(names: Sequence[str]) -> str:
    known = [n for n in ("t", "X", "time", "T", "x1") if n in names]
    if len(known) == 1:
        return known[0]
    raise ColumnError(
        "The formula has no x, so that it is not clear which name stands for the data.",
        why=f"its names are {', '.join(names)}",
        next_step="name it: fit(formula, {'name': values}, y).",
    )


# ---- functions ------------------------------------------------------------------------------


def of_function(function: Callable, data: Any, y: Any, sigma: Any) -> Given:
    """Columns go to the arguments of their names; arrays, or one column, to the first argument.

    Raises:
        ArgumentError, ColumnError, ModelError: where it is not clear what the data are.
    """
    if y is None:
        raise ArgumentError(
            "A function needs x and y.",
            next_step='give fit(f, x, y), or a formula "y ~ ..." with a table.',
        )
    arguments = argument_names(function)
    if is_table(data):
        table, stacked = _function_columns(function, data, y, sigma), False
    else:
        table, stacked = _function_arrays(data, np.size(y), arguments)
    model = model_of_function(function, tuple(table), stacked)
    columns = {**table, Apart.RESPONSE: as_column(y, "y")}
    return Given(model, columns, _label(model.names), _turned(data, np.size(y)))


def _function_columns(function: Callable, data: Any, y: Any, sigma: Any) -> dict[str, np.ndarray]:
    """The columns that a function takes: those of its arguments' names, else all in order."""
    arguments, names = argument_names(function), _names(data)
    matched = [n for n in names if n in arguments]
    apart = normalize_name(sigma) if isinstance(sigma, str) else ""
    others = [n for n in names if n not in arguments and n != apart]
    if matched and others and arguments[0] not in matched:
        raise ColumnError(
            f"It is not clear which columns are arguments of the model: {matched[0]!r} is one, "
            f"and the first argument, {arguments[0]!r}, is not a column.",
            why=f"the arguments are {', '.join(arguments)}; the columns are {', '.join(names)}",
            next_step="give only the columns of the model, called as its arguments are.",
        )
    if matched:
        return table_columns(data, matched)
    table = table_columns(data, others)
    _refuse_response(table, as_column(y, "y"))
    return table


def _refuse_response(table: dict[str, np.ndarray], y: np.ndarray) -> None:
    """Refuse to take a whole table in its order where the response is one of its columns."""
    for name, values in table.items():
        if len(table) > 1 and np.array_equal(values, y, equal_nan=True):
            raise ColumnError(
                f"The column {name!r} is the response, and would be taken as an input.",
                why=f"no column has an argument's name, so that all are taken: {', '.join(table)}",
                next_step="call the columns as the arguments are called, or leave this one out.",
            )


def _function_arrays(
    data: Any, points: int, arguments: Sequence[str]
) -> tuple[dict[str, np.ndarray], bool]:
    """x of a function as named columns, and whether they are one argument together."""
    rows, params = _several(data, points), arguments[1:]
    if rows is None:
        name = "x" if "x" not in params else arguments[0]
        return {name: as_column(data, name)}, False
    names = [f"x{i + 1}" for i in range(len(rows))]
    if not set(names).isdisjoint(params):
        names = [f"{arguments[0]}[{i}]" for i in range(len(rows))]
    return {n: as_column(row, n) for n, row in zip(names, rows, strict=True)}, True


# ---- standard errors ------------------------------------------------------------------------


def with_sigma(
    columns: dict[str | Apart, np.ndarray], sigma: Any, data: Any
) -> tuple[dict[str | Apart, np.ndarray], str]:
    """The columns with the standard errors among them, and what to call these.

    Raises:
        ArgumentError, ColumnError: where sigma names no column.
    """
    if sigma is None or isinstance(sigma, int | float | np.number):
        return columns, ""
    if isinstance(sigma, str):
        if not is_table(data):
            raise ArgumentError(
                f"sigma is {sigma!r}, but the data are not a table with columns.",
                next_step="give the standard errors themselves, or a table.",
            )
        return {**columns, Apart.SIGMA: table_columns(data, [sigma])[sigma]}, sigma
    return {**columns, Apart.SIGMA: as_column(sigma, "sigma")}, "sigma"
