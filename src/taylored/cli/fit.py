"""`taylored fit DATA FORMULA`: any model by least squares."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from taylored.cli._data import Data, check_sigma, open_data, read, read_formula
from taylored.cli._deliver import Result, check, prepare
from taylored.cli._prediction import predicted
from taylored.cli._progress import Progress
from taylored.cli.grids import grid
from taylored.cli.options import Options
from taylored.cli.where import parse_where
from taylored.errors import ArgumentError
from taylored.formula import Formula

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = ["check_all", "fit_data", "notes_of", "run", "wrong_count"]


def run(options: Options) -> int:
    """Fit the formula, deliver what was asked for, and return the exit code."""
    given = options.arguments
    if len(given) != 2:
        raise wrong_count(given, "fit", "y ~ a*x + b")
    source, text = given
    formula = read_formula(text)
    check_all(options, source)
    with Progress("Fitting", not options.quiet) as step:
        data = read(open_data(source, options), formula, options)
        step.notes += notes_of(data, options)
        fit = fit_data(formula, data, options, step)
        result = Result(fit, options, data.document(), predicted(fit, options, data.where_from))
        ready = prepare(result)
    return ready.deliver()


def wrong_count(given: list[str], command: str, formula: str) -> ArgumentError:
    """The refusal of a command that takes DATA and FORMULA, and was given something else."""
    step = f"see: taylored {command} --help"
    if not given:
        return ArgumentError("DATA and FORMULA are missing.", next_step=step)
    if len(given) == 1:
        what = "The formula is missing." if "~" not in given[0] else "DATA is missing."
        whole = f'write: taylored {command} DATA "{formula}"; {step}'
        return ArgumentError(what, next_step=whole)
    if command == "fit" and all(os.path.isfile(name) for name in given[:2]):
        return ArgumentError(
            "There are several files, and the command takes one.",
            next_step=f'join them, or in Python: ty.fit("{formula}", ty.Chunks(["a.parquet", '
            '"b.parquet"]))',
        )
    return ArgumentError(
        f"There is one argument too many: {given[2][:60]!r}.",
        why="two are expected, DATA and FORMULA",
        next_step=f'put the formula in quotes: "{formula}"',
    )


def check_all(options: Options, source: str) -> None:
    """Everything that can be refused before the data are read."""
    if options.where is not None:
        parse_where(options.where)
    check_sigma(options.sigma)
    sources = [source]
    if options.predict is not None and grid(options.predict) is None:
        sources.append(options.predict)
        if sources == ["-", "-"]:
            step = "give one of them as a file"
            raise ArgumentError("DATA and --predict cannot both be -.", next_step=step)
    check(options, sources)


def notes_of(data: Data, options: Options) -> list[str]:
    """What was met while reading; a plain separator needs no words."""
    return [n for n in data.notes if not (options.quiet or n.startswith("separator: "))]


def fit_data(formula: Formula, data: Data, options: Options, step: Progress) -> Fit:
    """The fit, its errors and findings in lines of the file."""
    import taylored

    with data.rows_as_lines():
        found = taylored.fit(
            formula.text,
            data.columns,
            sigma=data.sigma,
            start=options.start,
            bounds=options.bounds,
            fixed=options.fixed,
            absolute_sigma=options.absolute,
            na=options.na,
            search=options.search,
            seed=options.seed,
            executor=options.executor,
            callback=step,
        )
    return data.in_lines(found)
