"""Formulas of lessons, exercises and answers as functions, read once by the library's grammar."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

__all__ = ["function_of"]


@lru_cache(maxsize=4096)
def function_of(text: str) -> tuple[Callable[..., Any], tuple[str, ...]]:
    """A formula as a function of its names in order of appearance, for numbers or arrays.

    Raises:
        FormulaError, ArgumentError: where it is no formula.
    """
    from taylored.formula import parse
    from taylored.model import model_of_expression

    expression = parse(text).model
    return model_of_expression(expression, expression.names, in_order=True).call, expression.names
