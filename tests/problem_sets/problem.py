"""A problem with its published optimum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np

__all__ = ["Problem", "System", "Text", "program", "vector"]

INF = np.inf


@dataclass(frozen=True)
class Text:
    """A problem as formulas of named variables: `equal` = 0 and `at_most` <= 0."""

    names: str
    f: str
    equal: tuple[str, ...] = ()
    at_most: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Problem:
    """Minimize f(x) with equal(x) = 0, at_most(x) <= 0 and lower <= x <= upper.

    `best` is the published minimum: -inf where there is none, nan where nothing is feasible, None
    where it is not known.
    `rounded` is to what the solutions were rounded, relatively. `at_start` is the published value
    at the start. `degenerate`: the multipliers are not unique or do not exist.
    """

    name: str
    f: Callable[[Any], Any]
    start: np.ndarray
    best: float | None
    solutions: tuple[np.ndarray, ...] = ()
    lower: np.ndarray = field(default_factory=lambda: np.empty(0))
    upper: np.ndarray = field(default_factory=lambda: np.empty(0))
    equal: Callable[[Any], Any] | None = None
    at_most: Callable[[Any], Any] | None = None
    rounded: float = 1e-14
    at_start: float | None = None
    degenerate: bool = False
    large: bool = False
    notes: str = ""
    text: Text | None = None

    def __repr__(self) -> str:
        return self.name

    @property
    def n(self) -> int:
        return self.start.size

    @property
    def kind(self) -> str:
        """ "unconstrained", "bounds", "equalities" or "inequalities"."""
        if self.at_most is not None:
            return "inequalities"
        if self.equal is not None:
            return "equalities"
        bounded = np.any(np.isfinite(self.lower)) or np.any(np.isfinite(self.upper))
        return "bounds" if bounded else "unconstrained"

    @property
    def outcome(self) -> str:
        """What a solver must say: "solved", "infeasible" or "unbounded"."""
        if self.best is None:
            return "solved"
        if np.isnan(self.best):
            return "infeasible"
        return "unbounded" if self.best == -INF else "solved"


@dataclass(frozen=True, eq=False)
class System:
    """The equations f(x) = 0; `roots` are published or closed-form ones.

    `count` is how many there are in the box `lower`, `upper`; `elementary`: a proof is possible.
    """

    name: str
    f: Callable[[Any], Any]
    start: np.ndarray
    roots: tuple[np.ndarray, ...] = ()
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None
    count: int | None = None
    elementary: bool = True
    singular: bool = False
    rounded: float = 1e-14
    large: bool = False
    notes: str = ""
    text: tuple[str, tuple[str, ...]] | None = None

    def __repr__(self) -> str:
        return self.name

    @property
    def n(self) -> int:
        return self.start.size


def vector(*terms: Any) -> Any:
    """The terms as one array, (terms,)."""
    return jnp.stack([jnp.asarray(t) for t in terms])


def program(
    name: str, f: Callable, start: Sequence[float] | np.ndarray,
    best: float | None, at: Any = (), *,
    low: Any = -INF, high: Any = INF, **more: Any,
) -> Problem:  # fmt: skip
    """A problem; `at` is one solution or a list of them, `low` and `high` are numbers or lists."""
    x = np.asarray(start, float)
    found = np.atleast_2d(np.asarray(at, float)) if np.size(at) else np.empty((0, x.size))
    lower, upper = (np.broadcast_to(np.asarray(b, float), x.shape).copy() for b in (low, high))
    return Problem(name, f, x, best, tuple(found), lower, upper, **more)
