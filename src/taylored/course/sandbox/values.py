"""What learner's code returned, as nested lists of floats; no number: refused in words."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

__all__ = ["NotNumbers", "plain", "prepared"]

_MOST = 10_000  # entries: twelve calls of so many are written and read in time

_DOTS = "The three dots of the starting text are still there: put your own work in their place."


class NotNumbers(Exception):
    """A value that is no number or array of numbers: what came, and what it means."""

    def __init__(self, message: str, meaning: str):
        super().__init__(message[:300])
        self.meaning = meaning


def plain(value: Any) -> Any:
    """A number, or nested lists of numbers, from anything that means the same."""
    if value is None:
        raise NotNumbers(
            "it returned None", "Is `return` missing, or does one branch not reach it?"
        )
    if value is ...:
        raise NotNumbers("it returned `...`", _DOTS)
    if isinstance(value, str | bytes):
        raise NotNumbers(f"it returned the text {_short(value)}",
                         "Return the number itself, not a text that shows it.")  # fmt: skip
    if callable(value):
        raise NotNumbers("it returned a function", "Call the function: write f(x), not f.")
    if isinstance(value, dict) and value and all(isinstance(key, str) for key in value):
        value = list(value.values())  # results by name, in the order in which they were given
    if isinstance(value, dict | set):
        meant = (
            "Take its entries by name, d['name'], and return"
            if isinstance(value, dict)
            else "Return"
        )
        raise NotNumbers(f"it returned a {type(value).__name__}",
                         f"{meant} a number, a list, a tuple or an array.")  # fmt: skip
    return _checked(_array(value)).tolist()


def _array(value: Any) -> np.ndarray:
    """An array of whatever kind of numbers; a generator is read to its end."""
    if hasattr(value, "__next__"):
        value = [v for v, _ in zip(value, range(_MOST + 1), strict=False)]
    if isinstance(value, list | tuple):
        value = _listed(value)
    try:
        return np.asarray(value)
    except (ValueError, TypeError) as error:
        raise NotNumbers(
            f"it returned something that is no array of numbers: {_short(error)}",
            "All rows must have the same length, and every entry must be a number. Of a pair as "
            "(value, the rest) take the part that is asked for: pair[0].",
        ) from None


def _listed(value: Any) -> Any:
    """Lists of lists with exact numbers as floats; None and texts inside are named."""
    if isinstance(value, list | tuple):
        return [_listed(v) for v in value]
    if value is ...:
        raise NotNumbers("one of the entries is `...`", _DOTS)
    if value is None or isinstance(value, str):
        raise NotNumbers(f"one of the entries is {value!r}", "Every entry must be a number.")
    return float(value) if isinstance(value, Fraction | Decimal) else value


def _checked(found: np.ndarray) -> np.ndarray:
    if found.dtype == object:
        try:
            found = found.astype(float)
        except (ValueError, TypeError):
            kind = type(found.item()).__name__ if found.ndim == 0 else "entries of several kinds"
            raise NotNumbers(
                f"it returned {kind}", "Return numbers, or an array of numbers."
            ) from None
    if found.dtype == bool:
        raise NotNumbers(
            "it returned True or False", "Return a number, not the result of a comparison."
        )
    if np.iscomplexobj(found):
        if np.any(np.imag(found)):
            raise NotNumbers(
                "it returned a complex number", "Is there a root of a negative number?"
            )
        found = np.real(found)
    if not np.issubdtype(found.dtype, np.number):
        raise NotNumbers(f"it returned {found.dtype} values", "Return numbers.")
    if found.size > _MOST:
        raise NotNumbers(f"it returned {found.size:,} numbers", f"At most {_MOST:,} are read.")
    return found.astype(float)


def _short(value: Any) -> str:
    text = str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")


def prepared(arguments: list[Any]) -> list[Any]:
    """Fresh copies of the inputs of a call: lists become arrays, numbers and texts stay."""
    return [np.array(a, dtype=float) if isinstance(a, list | tuple) else a for a in arguments]
