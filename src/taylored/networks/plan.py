"""What is to be trained: the settings of a user, checked, with the choices left to us made."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.networks.activations import activation_named
from taylored.networks.solvers.levenberg import Limits

__all__ = [
    "INTERVALS",
    "NOT_REGULARIZED",
    "STARTS",
    "Candidate",
    "Settings",
    "as_written",
    "candidates",
    "check_level",
    "default_hidden",
    "read_settings",
]

INTERVALS = ("out-of-bag", "laplace", "none")
_NOISE = {"auto": None, "constant": False, "varying": True}
STARTS = 4  # of a single network, where none are asked for
_UNITS = 20  # of the one hidden layer of small problems
_SMALL = 300  # parameters of small problems, about
_MANY_ROWS = 5000  # from here two layers


@dataclass(frozen=True, slots=True)
class Settings:
    """How a network is trained. See `taylored.train`."""

    hidden: tuple[int, ...] | None = None
    activation: str = "tanh"
    intervals: str = "out-of-bag"
    noise: str = "auto"
    solver: str = "auto"
    regularization: str | float = "auto"
    members: int | None = None
    starts: int = STARTS
    seed: int = 0

    @property
    def varies(self) -> bool | None:
        """Whether the noise varies; None where the rows decide."""
        return _NOISE[self.noise]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "hidden": None if self.hidden is None else list(self.hidden)}


def read_settings(hidden: Any, activation: Any, **choices: Any) -> Settings:
    """The settings, checked.

    Raises:
        ArgumentError: with the argument, and what it may be.
    """
    for name, allowed in (
        ("intervals", INTERVALS), ("noise", tuple(_NOISE)), ("solver", SOLVERS)
    ):  # fmt: skip
        if not isinstance(choices[name], str) or choices[name] not in allowed:
            raise ArgumentError(
                f"{name} is {choices[name]!r}.",
                next_step=f"choose one of {', '.join(map(repr, allowed))}.",
            )
    for name, least in (("members", 2), ("starts", 1), ("seed", 0)):
        if name == "members" and choices[name] is None:
            continue
        choices[name] = _whole(name, choices[name], least)
    choices["regularization"] = _strength(choices["regularization"])
    return Settings(_widths(hidden), activation_named(activation).name, **choices)


SOLVERS = ("auto", "levenberg", "adam")


def check_level(level: Any) -> float:
    """A level as it is written.

    Raises:
        ArgumentError: where it is no share between 0 and 1.
    """
    if not isinstance(level, int | float | np.floating) or not 0.0 < level < 1.0:
        raise ArgumentError(
            f"level is {level!r}.", next_step="give a share between 0 and 1, such as 0.9."
        )
    return as_written(level)


def as_written(value: Any) -> float:
    """A real number in float64, with the digits that it is written with: 0.9 of float32(0.9).

    Raises:
        TypeError: where it is none.
    """
    if np.ndim(value):
        raise TypeError("an array is no number")
    kind = getattr(value, "dtype", None)
    short = kind is not None and kind.kind == "f" and kind.itemsize < 8
    return float(str(np.asarray(value)[()])) if short else float(value)


def _whole(name: str, value: Any, least: int) -> int:
    try:
        found = least - 1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        found = least - 1
    if found < least:
        raise ArgumentError(
            f"{name} is {value!r:.60}.", next_step=f"give a whole number from {least}."
        )
    return found


def _strength(value: Any) -> str | float:
    if isinstance(value, str) and value in ("auto", "evidence"):
        return value
    try:
        found = np.nan if isinstance(value, str | bool | np.bool_) else as_written(value)
    except (TypeError, ValueError, OverflowError):
        found = np.nan
    if 0 <= found < 1e8:
        return found
    raise ArgumentError(
        f"regularization is {value!r:.40}.", next_step='give "auto", "evidence" or a number from 0.'
    )


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to regularize: its name in reports, and the limits that carry it."""

    name: str
    limits: Limits


def candidates(regularization: str | float, classes: bool) -> tuple[Candidate, ...]:
    """What the first repeat of an ensemble is trained with; the first is that of one network.

    The evidence is an approximation about one minimum, and which minimum is found depends on the
    precisions at the start: strong ones lead to nearly linear networks. Of classes it trusts
    separable rows too much, and plain weight decay does better.
    """
    if isinstance(regularization, float):
        return (_decay(regularization),)
    evidence = Candidate("evidence", Limits(precision=0.3))
    if regularization == "evidence":
        return (evidence,)
    if classes:
        return tuple(_decay(s) for s in (1.0, 0.2, 5.0))
    return evidence, Candidate("evidence from strong priors", Limits(precision=3.0))


NOT_REGULARIZED = Candidate("none", Limits(precision=0.0, evidence=False, small=1e-8, steps=200))


def _decay(strength: float) -> Candidate:
    return Candidate(f"weight decay {strength:g}", Limits(precision=strength, evidence=False))


def _widths(hidden: Any) -> tuple[int, ...] | None:
    if hidden is None:
        return None
    given = hidden.tolist() if isinstance(hidden, np.ndarray) else hidden
    given = [given] if hasattr(given, "__index__") else given
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise ArgumentError(
            f"hidden is {hidden!r:.60}.", next_step="give the widths of the layers, such as (20,)."
        )
    return tuple(_whole("a width in hidden", width, 1) for width in given)


def default_hidden(rows: int, features: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The layers where none are asked for: for second-order steps, and for Adam.

    The priors of the first switch off what is not needed; Adam needs many units to find its way.
    """
    narrow = (max(5, min(_UNITS, _SMALL // (features + 2))),)
    return narrow, (64, 64) if rows >= _MANY_ROWS else (64,)
