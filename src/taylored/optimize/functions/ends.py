"""Bounds in the forms that users give them, as two vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, BoundsError, TayloredError
from taylored.optimize.functions.statement import Statement

__all__ = ["read_bounds"]

_ENDLESS = 1.7e308  # stands for infinity where only finite numbers pass


def read_bounds(bounds: Any, statement: Statement) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds (variables,), infinite where there are none.

    Args:
        bounds: None; a pair (lower, upper), each None, a number, or like the start; a list (or an
            array) of pairs, one for each variable; a dictionary of pairs by name; or those of
            SciPy.

    Raises:
        BoundsError: where they are no numbers, do not fit, or cross; it names the variable.
    """
    count = statement.variables
    lower, upper = np.full(count, -np.inf), np.full(count, np.inf)
    if bounds is None:
        return lower, upper
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        # SciPy keeps single numbers as arrays of one, which stand for all.
        bounds = tuple(b.item() if np.size(b) == 1 else b for b in (bounds.lb, bounds.ub))
    if isinstance(bounds, np.ndarray) and bounds.shape == (count, 2):
        bounds = bounds.tolist()
    if isinstance(bounds, Mapping):
        for key, pair in bounds.items():
            where = _places(str(key), statement.names)
            for ends, end in zip((lower, upper), _pair(pair, str(key)), strict=True):
                ends[where] = _one_end(end, ends[where], str(key))
    elif isinstance(bounds, list):
        if len(bounds) != count:
            raise BoundsError(
                f"bounds lists {len(bounds)} pairs, and there are {count} variables.",
                next_step="give a pair for each, or one pair (lower, upper) as a tuple.",
            )
        pairs = [_pair(p, statement.names[k]) for k, p in enumerate(bounds)]
        lower = np.array([_number(p[0], -np.inf) for p in pairs])
        upper = np.array([_number(p[1], np.inf) for p in pairs])
    else:
        low, high = _pair(bounds, "")
        lower, upper = _ends(low, statement, -np.inf), _ends(high, statement, np.inf)
    _check(lower, upper, statement.names)
    return lower, upper


def _pair(value: Any, name: str) -> tuple[Any, Any]:
    try:
        low, high = value
    except (TypeError, ValueError):
        of = f" of {name}" if name else ""
        raise BoundsError(
            f"bounds{of} must be a pair (lower, upper).",
            next_step="write (0, None) for no upper bound.",
        ) from None
    return low, high


def _number(value: Any, missing: float) -> float:
    try:
        return missing if value is None else float(value)
    except (TypeError, ValueError):
        return float("nan")


def _one_end(value: Any, like: np.ndarray, name: str) -> Any:
    if value is None:
        return like
    try:
        found = np.asarray(value, float).reshape(-1)
        return np.broadcast_to(found, like.shape)
    except (TypeError, ValueError):
        raise BoundsError(
            f"The bounds of {name} do not fit: {like.size} numbers are needed.",
            next_step="give one number, or one for each element.",
        ) from None


def _places(key: str, names: Sequence[str]) -> np.ndarray:
    """The variables of this name, or below it (theta: theta[0], theta[1], ...)."""
    found = [
        k for k, name in enumerate(names)
        if name == key or (name.startswith(key) and name[len(key)] in "[.")
    ]  # fmt: skip
    if not found:
        from taylored.formula import suggest

        listed = [names[k] for k in range(min(len(names), 20))]
        near = suggest(key, listed)
        step = f"did you mean {near}?" if near else f"the variables are {', '.join(listed)}."
        raise BoundsError(f"bounds: there is no variable {key!r}.", next_step=step)
    return np.array(found)


def _ends(value: Any, statement: Statement, missing: float) -> np.ndarray:
    if value is None or (np.ndim(value) == 0 and not isinstance(value, Mapping)):
        return np.full(statement.variables, _number(value, missing))
    try:
        whole = statement.flatten(_finite(value, missing), "bounds")
    except TayloredError as error:
        raise BoundsError(error.what, why=error.why, next_step=error.next_step) from None
    return np.where(np.abs(whole) >= _ENDLESS, np.copysign(np.inf, whole), whole)


def _finite(value: Any, missing: float) -> Any:
    """The same with large numbers for infinite and missing ones."""
    if isinstance(value, Mapping):
        return {k: _finite(v, missing) for k, v in value.items()}
    if value is None:
        return np.copysign(_ENDLESS, missing)
    if isinstance(value, list | tuple) and any(isinstance(v, Mapping | tuple | list | np.ndarray)
                                               for v in value):  # fmt: skip
        return type(value)(_finite(v, missing) for v in value)
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(_finite(v, missing) for v in value)
    if isinstance(value, list):
        value = [np.copysign(_ENDLESS, missing) if v is None else v for v in value]
    try:
        array = np.asarray(value, float)
    except (TypeError, ValueError):
        raise ArgumentError(
            f"bounds holds a {type(value).__name__}.", next_step="give numbers."
        ) from None
    found = np.where(np.isinf(array), np.copysign(_ENDLESS, array), array)
    return float(found) if found.ndim == 0 else found


def _check(lower: np.ndarray, upper: np.ndarray, names: Sequence[str]) -> None:
    for ends, which in ((lower, "lower"), (upper, "upper")):
        bad = np.flatnonzero(np.isnan(ends))
        if bad.size:
            raise BoundsError(
                f"The {which} bound of {names[bad[0]]} is not a number.",
                next_step="write None where there is none.",
            )
    crossed = np.flatnonzero(lower > upper)
    if crossed.size:
        k = int(crossed[0])
        more = f" (and of {crossed.size - 1} more)" if crossed.size > 1 else ""
        raise BoundsError(
            f"The bounds of {names[k]}{more} cross: {lower[k]:g} > {upper[k]:g}.",
            next_step="swap them, or check the sign.",
        )
    for k in np.flatnonzero((lower == np.inf) | (upper == -np.inf))[:1]:
        raise BoundsError(
            f"The bounds of {names[k]} leave no finite number.",
            next_step="the lower bound may be -inf, the upper one inf.",
        )
