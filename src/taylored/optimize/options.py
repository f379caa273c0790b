"""Options that the verbs share: limits, callbacks, whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.optimize.watch import Limits

__all__ = ["is_number", "read_callback", "read_limits", "read_seconds", "whole"]


def is_number(value: Any) -> bool:
    """Whether it is one real number, and no truth value."""
    numeric = isinstance(value, int | float | np.integer | np.floating)
    return numeric and not isinstance(value, bool)


def whole(name: str, value: Any, least: int) -> int:
    """A whole number.

    Raises:
        ArgumentError: for anything else, or less than `least`.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ArgumentError(
            f"{name} is {value!r}.", next_step=f"give a whole number, at least {least}."
        )
    return int(value)


def read_limits(
    iterations: tuple[str, Any], evaluations: Any = None, seconds: Any = None
) -> Limits:
    """When to stop; `iterations` are the name of that argument and its value.

    Raises:
        ArgumentError: for what is no positive number.
    """
    if evaluations is not None:
        evaluations = whole("max_evaluations", evaluations, 1)
    return Limits(whole(*iterations, 1), evaluations, read_seconds(seconds))


def read_seconds(seconds: Any) -> float | None:
    """A limit on the time, or None.

    Raises:
        ArgumentError: for what is no positive number.
    """
    if seconds is None:
        return None
    if not (is_number(seconds) and seconds > 0):
        raise ArgumentError(
            f"max_seconds is {seconds!r}.", next_step="give a positive number, or leave it out."
        )
    return float(seconds)


def read_callback(callback: Any) -> Any:
    """A function, or None.

    Raises:
        ArgumentError: for what cannot be called.
    """
    if callback is not None and not callable(callback):
        raise ArgumentError(
            f"callback is a {type(callback).__name__}.", next_step="give a function of one iterate."
        )
    return callback
