"""What is to be trained: the settings of a user, checked, with the choices left to us made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from taylored.errors import ArgumentError
from taylored.networks.activations import activation_named
from taylored.networks.solvers.levenberg import Limits

__all__ = [
    "INTERVALS",
    "NOT_REGULARIZED",
    "Candidate",
    "Settings",
    "candidates",
    "default_hidden",
    "read_settings",
]

INTERVALS = ("out-of-bag", "laplace", "none")
_NOISE = {"auto": None, "constant": False, "varying": True}
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
    starts: int = 4
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
        if choices[name] not in allowed:
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


def _whole(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < least:
        raise ArgumentError(f"{name} is {value!r}.", next_step=f"give a whole number from {least}.")
    return int(value)


def _strength(value: Any) -> str | float:
    if value in ("auto", "evidence"):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e8:
        return float(value)
    raise ArgumentError(
        f"regularization is {value!r}.", next_step='give "auto", "evidence" or a number from 0.'
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
    given = [hidden] if hasattr(hidden, "__index__") else hidden
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise ArgumentError(
            f"hidden is {hidden!r}.", next_step="give the widths of the layers, such as (20,)."
        )
    return tuple(_whole("a width in hidden", width, 1) for width in given)


def default_hidden(rows: int, features: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The layers where none are asked for: for second-order steps, and for Adam.

    The priors of the first switch off what is not needed; Adam needs many units to find its way.
    """
    narrow = (max(5, min(_UNITS, _SMALL // (features + 2))),)
    return narrow, (64, 64) if rows >= _MANY_ROWS else (64,)
