"""How a model sees the columns of X: by name, or all of them as its first argument."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, ColumnError
from taylored.formula import normalize_name, parse

__all__ = ["Inputs", "inputs_of", "with_response"]


@dataclass(frozen=True, slots=True)
class Inputs:
    """A model and the columns of X (names, positions) that it takes.

    `stacked`: a function that takes all of them as one argument, `x[0], x[1], ...`.
    """

    model: str | Callable
    columns: tuple[tuple[str, int], ...]
    stacked: bool = False

    def __call__(self, X: np.ndarray) -> Any:
        """X (rows, features) as the data of `taylored.fit`."""
        if self.stacked:
            return [X[:, i] for _, i in self.columns]
        return {name: X[:, i] for name, i in self.columns}

    def undetermined(self, X: np.ndarray) -> np.ndarray:
        """Which rows of X the training data say nothing about, (rows,) bool."""
        return np.zeros(len(X), bool)


def inputs_of(model: Any, features: Sequence[str] | None, count: int) -> Inputs:
    """How `model` takes `count` columns, named `features` or else x0, x1, ...

    Raises:
        ArgumentError, FormulaError: for a model that is none; ColumnError: where it uses no
        column, or one that X does not have.
    """
    names = [f"x{i}" for i in range(count)] if features is None else list(map(str, features))
    if isinstance(model, str):
        return _of_formula(model, names, features is None)
    if callable(model):
        return _of_function(model, names)
    raise ArgumentError(
        f"The model is of the type {type(model).__name__}.",
        next_step='give a formula such as "a*exp(-x0/tau) + c", a function f(x, a, tau), or None.',
    )


def _of_formula(model: str, names: list[str], numbered: bool) -> Inputs:
    formula = parse(model)
    used = formula.model.names
    if numbered and len(names) == 1 and "x" in used and "x0" not in used:
        names = ["x"]
    known = [normalize_name(n) for n in names]
    absent = [n for n in used if numbered and re.fullmatch(r"x\d+", n) and n not in known]
    if absent or not set(used) & set(known):
        what = f"no column {absent[0]!r}" if absent else "the formula uses none of them"
        raise ColumnError(
            f"X has {len(names)} feature(s), and {what}.",
            where=model,
            why=f"its columns are {', '.join(names[:20])}{', ...' if len(names) > 20 else ''}",
            next_step="use these names; every other name in the formula is a parameter.",
        )
    whole = model if formula.response is not None else with_response(model, names)
    return Inputs(whole, tuple((n, i) for i, n in enumerate(names)))


def with_response(model: str, names: Sequence[str]) -> str:
    """The formula of a model as one of y; y takes another name where a column has it."""
    name = "y" if "y" not in names else "`y to fit`"
    return f"{name} ~ {model}"


def _of_function(model: Callable, names: list[str]) -> Inputs:
    try:
        arguments = set(inspect.signature(model).parameters)
    except (TypeError, ValueError):
        arguments = set()  # refused, with its reason, by the fit
    named = tuple((n, i) for i, n in enumerate(names) if n in arguments)
    if named:
        return Inputs(model, named)
    if len(names) == 1:
        return Inputs(model, (("x", 0),))
    return Inputs(model, tuple((n, i) for i, n in enumerate(names)), stacked=True)
