"""Start, bounds and fixed values of the parameters, checked against the model's names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, BoundsError, ParameterNameError
from taylored.formula import normalize_name, suggest
from taylored.model import Model
from taylored.trace.cache import LeastRecentlyUsed

__all__ = ["Options", "ParameterOptions", "parameter_options"]


@dataclass(frozen=True, slots=True)
class Options:
    """How to fit: see `taylored.fit`."""

    na: str = "drop"
    absolute_sigma: bool | None = None
    search: str = "auto"
    seed: int = 0
    executor: str = "auto"

    def __post_init__(self):
        _one_of("na", self.na, ("drop", "fail"))
        _one_of("search", self.search, ("auto", "never", "always"))
        _one_of("executor", self.executor, ("auto", "numpy", "xla"))
        if (
            isinstance(self.seed, bool)
            or not isinstance(self.seed, int)
            or not 0 <= self.seed < 2**63
        ):
            raise ArgumentError(f"seed is {self.seed!r}.", next_step="give a whole number from 0.")
        if not (self.absolute_sigma is None or isinstance(self.absolute_sigma, bool)):
            raise ArgumentError(
                f"absolute_sigma is {self.absolute_sigma!r}.", next_step="give True, False or None."
            )


# What other libraries call it, and what it is called here.
_ELSEWHERE = {
    "p0": "start", "x0": "start", "params": "start", "initial": "start", "weights": "sigma",
    "yerr": "sigma", "xdata": "data", "ydata": "y", "x": "data", "f": "model", "func": "model",
    "method": "search", "nan_policy": "na", "limits": "bounds", "fix": "fixed",
    "scale_covar": "absolute_sigma",
}  # fmt: skip


def refuse_arguments(misnamed: Mapping[str, Any]) -> None:
    """Refuse arguments that `fit` does not have.

    Raises:
        ArgumentError: with the name to use instead.
    """
    name = next(iter(misnamed))
    if name == "client":
        raise ArgumentError(
            "client goes with data in chunks only.",
            why="these data are in the memory of this process, and fitted here",
            next_step="leave it out; or give arrays of Dask, or ty.Chunks.",
        )
    known = ["model", "data", "y", "sigma", "start", "bounds", "fixed", "absolute_sigma", "na",
             "search", "seed", "executor", "callback", "client"]  # fmt: skip
    near = _ELSEWHERE.get(name) or suggest(name, known)
    hint = " (1/sigma is not what it takes: give the standard errors)" if name == "weights" else ""
    raise ArgumentError(
        f"fit has no argument {name!r}.",
        why=f"its arguments are {', '.join(known)}",
        next_step=f"write {near}=...{hint}." if near else "use one of these.",
    )


def _one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ArgumentError(
            f"{name} is {value!r}.", next_step=f"choose one of {', '.join(allowed)}."
        )


def check_level(level: float) -> None:
    """Refuse a level of confidence that is not between 0 and 1."""
    if not (isinstance(level, int | float) and 0.0 < level < 1.0):
        raise ArgumentError(
            f"The level is {level!r}.", next_step="give a number between 0 and 1, such as 0.95."
        )


@dataclass(frozen=True, eq=False)
class ParameterOptions:
    """In the order of the model's parameters: start (nan where none), bounds, fixed values.

    `values` are those of the fixed ones (nan elsewhere), `free` the positions of the others.
    """

    start: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    values: tuple[float, ...]
    free: tuple[int, ...]

    @cached_property
    def complete(self) -> bool:
        """Whether every free parameter has a start."""
        return not np.isnan(self.free_start).any()

    @cached_property
    def free_start(self) -> np.ndarray:
        """The starts of the free parameters, nan where none was given."""
        return self.start[list(self.free)]


_known_options = LeastRecentlyUsed(256)


def parameter_options(model: Model, start: Any, bounds: Any, fixed: Any) -> ParameterOptions:
    """Read `start`, `bounds` and `fixed`.

    Raises:
        ParameterNameError, BoundsError, ArgumentError: naming the parameter.
    """
    key: Any = (model.params, *map(_content, (start, bounds, fixed, model.defaults)))
    try:
        hash(key)
    except TypeError:
        key = None
    return _known_options.find(key, lambda: _read_options(model, start, bounds, fixed))


def _content(given: Any) -> Any:
    return tuple(given.items()) if isinstance(given, Mapping) else given


def _read_options(model: Model, start: Any, bounds: Any, fixed: Any) -> ParameterOptions:
    names = model.params
    count = len(names)
    values = _numbers(names, fixed, "fixed")
    begin = _numbers(names, start, "start")
    if not start and model.defaults:
        begin = np.array([model.defaults.get(n, np.nan) for n in names])
    lower, upper = _bounds(names, bounds)
    for i in np.flatnonzero(~np.isnan(values)):
        _check_fixed(names[i], values[i], begin[i], (lower[i], upper[i]))
    free = tuple(i for i in range(count) if np.isnan(values[i]))
    if not free:
        raise ArgumentError("Every parameter is fixed, so that nothing is left to fit.",
                            next_step="leave at least one free.")  # fmt: skip
    begin = np.where(np.isnan(values), begin, values)
    for i in free:
        if begin[i] < lower[i] or begin[i] > upper[i]:
            raise BoundsError(
                f"The start of {names[i]} is {begin[i]:g}, outside its bounds "
                f"[{lower[i]:g}, {upper[i]:g}].",
                next_step="move the start inside, or widen the bounds.",
            )
    return ParameterOptions(begin, lower, upper, tuple(values.tolist()), free)


def _check_fixed(name: str, value: float, start: float, bounds: tuple[float, float]) -> None:
    if not bounds[0] <= value <= bounds[1]:
        raise BoundsError(
            f"{name} is fixed at {value:g}, outside its bounds [{bounds[0]:g}, {bounds[1]:g}].",
            next_step="change one of the two.",
        )
    if start != value and not np.isnan(start):
        raise ArgumentError(
            f"{name} is fixed at {value:g}, but has the start {start:g} as well.",
            next_step="leave out one of the two.",
        )


def _numbers(names: Sequence[str], given: Any, what: str) -> np.ndarray:
    result = np.full(len(names), np.nan)
    if given is None:
        return result
    for name, value in _items(names, given, what):
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = np.nan
        if not np.isfinite(number):
            raise ArgumentError(
                f"{what} of {name} is {value!r}.", next_step="give a finite number."
            )
        result[names.index(name)] = number
    return result


def _items(names: Sequence[str], given: Any, what: str) -> list[tuple[str, Any]]:
    if isinstance(given, Mapping):
        return [(_known(names, str(k), what), v) for k, v in given.items()]
    values = list(np.atleast_1d(np.asarray(given, dtype=object)))
    if len(values) != len(names):
        raise ArgumentError(
            f"{what} has {len(values)} values for {len(names)} parameters.",
            why=f"the parameters are {', '.join(names)}",
            next_step=f"name them: {what}=dict({names[0]}=...).",
        )
    return list(zip(names, values, strict=True))


def _known(names: Sequence[str], name: str, what: str) -> str:
    normal = normalize_name(name)
    if normal in names:
        return normal
    near = suggest(normal, list(names))
    raise ParameterNameError(
        f"{what} names {name!r}, which is not a parameter of the model.",
        why=f"the parameters are {', '.join(names)}",
        next_step=f"did you mean {near!r}?" if near else "use one of these.",
    )


def _bounds(names: Sequence[str], bounds: Any) -> tuple[np.ndarray, np.ndarray]:
    lower, upper = np.full(len(names), -np.inf), np.full(len(names), np.inf)
    if not bounds:
        return lower, upper
    if not isinstance(bounds, Mapping):
        bounds = _named_bounds(names, bounds)
    for name, pair in _items(names, bounds, "bounds"):
        low, high = _pair(name, pair)
        if not low < high:
            raise BoundsError(
                f"The bounds of {name} cross: {low:g} is not below {high:g}.",
                next_step="swap them, or use fixed= for a single value.",
            )
        lower[names.index(name)], upper[names.index(name)] = low, high
    return lower, upper


def _named_bounds(names: Sequence[str], bounds: Any) -> dict[str, Any]:
    """SciPy's two forms, by name: (lows, highs), or one pair per parameter."""
    count = len(names)
    try:
        # As in curve_fit, a tuple is (lows, highs); as in minimize, a list has a pair for each.
        if (
            isinstance(bounds, tuple)
            and len(bounds) == 2
            and all(np.ndim(side) == 0 or len(side) == count for side in bounds)
        ):
            low, high = (np.broadcast_to(np.asarray(side, object), (count,)) for side in bounds)
            return dict(zip(names, zip(low, high, strict=True), strict=True))
        if len(bounds) == count:
            return dict(zip(names, bounds, strict=True))
    except TypeError:
        pass
    raise BoundsError(
        "The bounds cannot be told apart by parameter.",
        why=f"the parameters are {', '.join(names)}",
        next_step=f"write bounds=dict({names[0]}=(0, None)).",
    )


def _pair(name: str, pair: Any) -> tuple[float, float]:
    try:
        low, high = pair
        low = -np.inf if low is None else float(low)
        high = np.inf if high is None else float(high)
    except (TypeError, ValueError):
        low = high = np.nan
    if np.isnan(low) or np.isnan(high):
        raise BoundsError(
            f"The bounds of {name} are {pair!r}.",
            next_step="give two numbers, None for an open side: (0, None).",
        )
    return low, high
