"""From DATA to the columns of a formula, and from rows of arrays back to lines of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from taylored.cli.options import Options
from taylored.errors import ArgumentError, ColumnError, FormulaError, TayloredError
from taylored.formula import Formula, normalize_name, parse, suggest

if TYPE_CHECKING:
    import numpy as np

    from taylored.cli.tables import LazyTable
    from taylored.regression.result import Fit

    AnyFit = TypeVar("AnyFit", bound=Fit)

__all__ = ["Data", "check_sigma", "open_data", "read", "read_formula"]


@dataclass(frozen=True)
class Data:
    """What a fit is given, and what the table said about itself.

    `columns` are by the formula's names, `where_from` their names in the file; `lines` are those
    of the rows, None where the file has none (Parquet).
    """

    columns: dict[str, np.ndarray]
    sigma: Any
    lines: np.ndarray | None
    source: str
    rows: int
    left_out: int
    notes: tuple[str, ...]
    where_from: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """For JSON: where the numbers came from."""
        return {
            "source": self.source,
            "rows": self.rows,
            "left_out_by_where": self.left_out,
            "columns": self.where_from,
            "notes": list(self.notes),
        }

    @contextmanager
    def rows_as_lines(self) -> Iterator[None]:
        """Inside, an error about rows of the arrays becomes one about lines of the file."""
        try:
            yield
        except TayloredError as error:
            error.where = self._located(error.where)
            raise

    def _located(self, text: str) -> str:
        def replaced(match: re.Match[str]) -> str:
            rows = [self._line(int(row)) for row in match[1].split(", ")]
            noun = "row" if self.lines is None else "line"
            return f"{self.source}, {noun}{'s' * (len(rows) > 1)} {', '.join(map(str, rows))}"

        return re.sub(r"\brow (\d+(?:, \d+)*)", replaced, text)

    def _line(self, row: int) -> int:
        return row if self.lines is None else int(self.lines[row - 1])

    def in_lines(self, fit: AnyFit) -> AnyFit:
        """The same fit, its findings naming rows as the file (and a spreadsheet) counts them."""
        if self.lines is None:
            return fit
        from taylored.regression.data import Columns

        lines = self.lines

        class InLines(Columns):
            """Columns whose rows are counted as lines of the file."""

            def row(self, position: int) -> int:
                return int(lines[Columns.row(self, position) - 1])

        c = fit.setup.columns
        dropped = tuple(replace(d, rows=tuple(self._line(r) for r in d.rows)) for d in c.dropped)
        columns = InLines(c.values, c.total, c.kept, dropped)
        return replace(fit, setup=replace(fit.setup, columns=columns))


def read_formula(text: str) -> Formula:
    """The formula of `fit`, which must say what the response is."""
    formula = parse(text)
    if formula.response is None:
        first = next(iter(formula.model.names), "x")
        response = "y" if first != "y" else "RESPONSE"
        raise FormulaError(
            "The formula does not say what is to be fitted.",
            text=formula.text,
            next_step=f'write it as "{response} ~ {formula.text.strip()[:60]}", with the column '
            "to be fitted on the left",
        )
    return formula


# ---- opening and binding --------------------------------------------------------------------


def open_data(source: str, options: Options) -> LazyTable:
    """The table behind DATA, its names known."""
    from taylored.cli.tables import DEFAULT_NA, open_table

    more = [text.strip() for texts in options.na_values for text in texts.split(",")]
    return open_table(
        source, sep=options.sep, header=options.header, na=(*DEFAULT_NA, *more),
        decimal=options.decimal,
    )  # fmt: skip


def read(
    table: LazyTable, formula: Formula, options: Options, bound: dict[str, str] | None = None
) -> Data:
    """The columns that the formula needs, read from the table.

    `bound` says which names are which columns; without it the formula and --columns do.
    """
    bound = _bind(table, formula, options.columns) if bound is None else bound
    sigma, sigma_column = _sigma(table, bound, options.sigma)
    wanted = [*bound.values(), *([sigma_column] if sigma_column else [])]
    loaded = table.load(list(dict.fromkeys(wanted)), options.where)
    columns = {name: loaded.columns[key] for name, key in bound.items()}
    where_from = {name: table.names[table.index(key)] for name, key in bound.items()}
    if sigma_column:
        where_from["sigma"] = table.names[table.index(sigma_column)]
        sigma = loaded.columns[sigma_column]
        name = where_from["sigma"]
        if name not in columns and name not in formula.model.names:
            columns[name], sigma = sigma, name  # messages then call it by its name
    return Data(
        columns, sigma, loaded.line_numbers, loaded.source, loaded.rows,
        loaded.left_out_by_where, loaded.notes, where_from,
    )  # fmt: skip


def _bind(table: LazyTable, formula: Formula, given: Mapping[str, str]) -> dict[str, str]:
    """Each name of the formula that is data, with its column in the file."""
    assert formula.response is not None
    names = list(dict.fromkeys([*formula.response.names, *formula.model.names]))
    chosen = _chosen(names, given)
    known = {normalize_name(name).strip() for name in table.names}
    bound = {}
    for name in names:
        if name in chosen:
            table.index(chosen[name])  # raises where there is no such column
            bound[name] = chosen[name]
        elif name in known:
            table.index(name)  # raises where there are two
            bound[name] = name
    _check_response(table, formula, bound)
    _check_model(table, formula, bound)
    return bound


def _chosen(names: list[str], given: Mapping[str, str]) -> dict[str, str]:
    for name in given:
        if normalize_name(name) not in names:
            near = suggest(name, names)
            raise ArgumentError(
                f"--columns: {name!r} is not a name of the formula.",
                why=f"its names are {', '.join(names)}",
                next_step=f"did you mean {near}?" if near else "write FORMULA_NAME=COLUMN",
            )
    return {normalize_name(name): column.strip("`") for name, column in given.items()}


def _check_response(table: LazyTable, formula: Formula, bound: Mapping[str, str]) -> None:
    response = formula.response
    assert response is not None
    if not response.names:
        raise FormulaError("The response has no column.", text=formula.text, next_step="write: "
                           "COLUMN ~ MODEL")  # fmt: skip
    for name in response.names:
        if name not in bound:
            near = suggest(name, table.names)
            step = f"did you mean {near!r}? Or map it" if near else "map it"
            raise ColumnError(
                f"There is no column {name!r} for the response.",
                where=f"{table.source}\n{_caret(formula, response.positions[name])}",
                why=_listed(table),
                next_step=f"{step}: --columns {name}=COLUMN, by name or by number",
            )


def _check_model(table: LazyTable, formula: Formula, bound: Mapping[str, str]) -> None:
    """A model without any column is a constant; with several parameters that is a mistake."""
    names = formula.model.names
    if len(names) > 1 and not any(name in bound for name in names):
        first = names[-1] if "x" not in names else "x"
        raise ColumnError(
            "No name of the model is a column, so that the model is a constant.",
            where=table.source,
            why=f"{_listed(table)}; the model has the names {', '.join(names)}",
            next_step=f"say which is data: --columns {first}=COLUMN, by name or by number",
        )


def _listed(table: LazyTable) -> str:
    shown = ", ".join(table.names[:20]) + (", ..." if len(table.names) > 20 else "")
    return f"the columns are {shown}"


def _caret(formula: Formula, position: int) -> str:
    return FormulaError("", text=formula.text, position=position).where


def _sigma(table: LazyTable, bound: Mapping[str, str], text: str | None) -> tuple[Any, str]:
    """`--sigma` as a number, or as the name of a column (a name of the formula counts too)."""
    if text is None:
        return None, ""
    name = normalize_name(text).strip()
    if name in bound:
        return None, bound[name]
    try:
        number = float(text)
    except ValueError:
        number = None
    if number is None or name in {normalize_name(n).strip() for n in table.names}:
        table.index(text)
        return None, text
    return number, ""


def check_sigma(text: str | None) -> None:
    """Refuse a number that is no standard error, before anything is read."""
    try:
        number = float(text or "1")
    except ValueError:
        return
    if not 0 < number < float("inf"):
        raise ArgumentError(f"--sigma: {text} is not a positive number.",
                            next_step="give a positive number, or a column")  # fmt: skip
