"""Which constraints and bounds hold a point, and which of them with a force."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from taylored.optimize.certificate.local import Local
from taylored.optimize.certificate.multipliers import Multipliers

__all__ = ["Face", "face"]

_TOUCHING = 1e-8
_FORCE = 1e-8


@dataclass(frozen=True, eq=False)
class Face:
    """Active constraints and bounds; the strict ones have a multiplier beyond doubt.

    `rows` are the equations and strictly active inequalities; `free` the variables that no bound
    holds with a force.
    """

    active: np.ndarray
    at_lower: np.ndarray
    at_upper: np.ndarray
    rows: np.ndarray
    free: np.ndarray
    weak: np.ndarray
    weak_lower: np.ndarray
    weak_upper: np.ndarray

    @property
    def strict(self) -> bool:
        return not (self.weak.any() or self.weak_lower.any() or self.weak_upper.any())

    @property
    def held(self) -> np.ndarray:
        """(variables,) at a bound, with or without a force."""
        return self.at_lower | self.at_upper

    @property
    def firm(self) -> Face:
        """The same with what is reached without a force taken to hold x as well."""
        none = np.zeros_like
        return replace(
            self, rows=np.flatnonzero(self.active), free=~self.held, weak=none(self.weak),
            weak_lower=none(self.weak_lower), weak_upper=none(self.weak_upper),
        )  # fmt: skip

    def gap(self, local: Local) -> np.ndarray:
        """(variables,) how far those held with a force are from their bound."""
        lower, upper = np.abs(local.gaps[0]), np.abs(local.gaps[1])
        nearest = np.minimum(lower, upper)
        return np.where(self.free, 0.0, nearest)

    def system(self, local: Local, hessian: Any) -> tuple[Any, Any]:
        """The Hessian and the rows of the Jacobian, in the free variables."""
        free = np.flatnonzero(self.free)
        return hessian[free][:, free], local.jacobian[self.rows][:, free]


def face(local: Local, multipliers: Multipliers) -> Face:
    """The active constraints and bounds at a point with these multipliers."""
    program, m = local.program, multipliers
    size = float(np.abs(local.gradient).max(initial=0.0))
    doubt = max(_FORCE * size, 100.0 * m.stationarity)
    forced = ~program.equality & (m.y * local.norms > doubt)
    active = program.equality | forced | (local.near(_TOUCHING) & ~program.equality)
    touching = local.near_bounds(_TOUCHING)
    fixed = program.lower == program.upper
    lower_force, upper_force = (m.z_lower > doubt) | fixed, (m.z_upper > doubt) | fixed
    at_lower, at_upper = touching[0] | lower_force, touching[1] | upper_force
    strict = program.equality | forced
    return Face(
        active, at_lower, at_upper, np.flatnonzero(strict), ~(lower_force | upper_force),
        active & ~strict, at_lower & ~lower_force & ~upper_force,
        at_upper & ~upper_force & ~lower_force,
    )  # fmt: skip
