"""The nonlinear program that solvers and certificates see.

Minimize f(x) subject to c_i(x) = 0 or c_i(x) <= 0, and lower <= x <= upper, in the user's units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from taylored.readings.enclosure.boxes import BoxFunction

__all__ = ["Functions", "NonlinearProgram", "Work"]


class Functions(Protocol):
    """The objective f and the constraints c of a vector x, with exact derivatives.

    What is not defined is nan or infinite; nothing is raised for it. `form` says what matrices
    are: "dense" (arrays), "sparse" (CSR arrays whose pattern never changes), or "products" (the
    Jacobian is sparse, and the Hessian is known by its products only).
    """

    variables: int
    constraints: int

    @property
    def form(self) -> str: ...

    def values(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """f and c (constraints,)."""
        ...

    def first(self, x: np.ndarray) -> tuple[np.ndarray, Any]:
        """The gradient of f (variables,) and the Jacobian of c (constraints, variables)."""
        ...

    def second(self, x: np.ndarray, weight: float, y: np.ndarray) -> Any:
        """The Hessian of weight*f + y.c, (variables, variables), both triangles."""
        ...

    def product(self, x: np.ndarray, weight: float, y: np.ndarray, v: np.ndarray) -> np.ndarray:
        """That Hessian times a vector."""
        ...

    def box(self) -> BoxFunction | None:
        """(f, c) as one function that can be enclosed; None where no proof is possible."""
        ...


@dataclass(slots=True)
class Work:
    """How often things were computed."""

    values: int = 0
    firsts: int = 0
    seconds: int = 0
    products: int = 0
    iterations: int = 0

    def since(self, before: Work) -> Work:
        """What was computed after `before`, a copy made earlier."""
        return Work(
            self.values - before.values, self.firsts - before.firsts,
            self.seconds - before.seconds, self.products - before.products, self.iterations,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class NonlinearProgram:
    """Functions with bounds and the kinds of the constraints; it counts what is computed.

    `lower`, `upper` are (variables,), infinite where there is none; `equality` (constraints,) says
    which constraints are equations. `names` and `constraint_names` are indexed by position.
    """

    functions: Functions
    lower: np.ndarray
    upper: np.ndarray
    equality: np.ndarray
    names: Sequence[str]
    constraint_names: Sequence[str]
    work: Work = field(default_factory=Work)
    # What was computed last: at the end of one solver and the start of the next x is the same.
    _last: dict[str, Any] = field(init=False, default_factory=dict)

    @property
    def variables(self) -> int:
        return self.functions.variables

    @property
    def constraints(self) -> int:
        return self.functions.constraints

    @property
    def form(self) -> str:
        return self.functions.form

    @cached_property
    def bounded(self) -> bool:
        """Whether any variable has a bound."""
        return bool(np.any(np.isfinite(self.lower)) or np.any(np.isfinite(self.upper)))

    def values(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """f and c (constraints,)."""
        known = self._last.get("values")
        if known is None or not np.array_equal(known[0], x):
            self.work.values += 1
            known = self._last["values"] = (x.copy(), *self.functions.values(x))
        return known[1], known[2].copy()

    def first(self, x: np.ndarray) -> tuple[np.ndarray, Any]:
        """The gradient of f (variables,) and the Jacobian of c (constraints, variables)."""
        known = self._last.get("first")
        if known is None or not np.array_equal(known[0], x):
            self.work.firsts += 1
            known = self._last["first"] = (x.copy(), *self.functions.first(x))
        return known[1].copy(), None if known[2] is None else known[2].copy()

    def second(self, x: np.ndarray, weight: float, y: np.ndarray) -> Any:
        """The Hessian of weight*f + y.c, (variables, variables)."""
        self.work.seconds += 1
        return self.functions.second(x, weight, y)

    def product(self, x: np.ndarray, weight: float, y: np.ndarray, v: np.ndarray) -> np.ndarray:
        """That Hessian times a vector."""
        self.work.products += 1
        return self.functions.product(x, weight, y, v)

    def violations(self, x: np.ndarray, c: np.ndarray) -> np.ndarray:
        """By how much each constraint is violated, (constraints,), never negative."""
        return np.where(self.equality, np.abs(c), np.maximum(c, 0.0))

    def violation(self, x: np.ndarray, c: np.ndarray) -> float:
        """The largest violation of a constraint or bound, in the user's units."""
        outside = np.maximum(np.maximum(self.lower - x, x - self.upper), 0.0)
        return max(float(self.violations(x, c).max(initial=0.0)), float(outside.max(initial=0.0)))

    def quietly(self) -> NonlinearProgram:
        """The same with a count of its own, for what is not part of the solution."""
        made = replace(self, work=Work())
        made._last.update(self._last)
        return made
