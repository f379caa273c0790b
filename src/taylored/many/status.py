"""How a fit among many ended: one code per fit, the first that applies."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["MEANINGS", "NAMES", "Status"]


class Status(IntEnum):
    """The verdict on one fit; only `OK` is usable."""

    OK = 0
    AT_BOUND = 1
    MISFIT = 2
    OUTLIER = 3
    NO_SIGNAL = 4
    NOT_CONVERGED = 5
    RANK_DEFICIENT = 6
    SATURATED = 7
    FLAT = 8
    ZERO = 9
    INFINITE = 10
    MISSING = 11
    TOO_FEW_POINTS = 12
    MASKED = 13
    BAD_SIGMA = 14
    NOT_FINITE = 15
    NOT_RUN = 16
    OUT_OF_RANGE = 17


# By code, as users see them.
NAMES = tuple(s.name.lower().replace("_", "-") for s in Status)

MEANINGS = {
    Status.OK: "converged, determined, and residuals that chance explains",
    Status.AT_BOUND: "converged with a parameter at a bound: it has no standard error",
    Status.MISFIT: "converged, but the model does not describe the data",
    Status.OUTLIER: "converged, but a point lies farther from the curve than chance allows",
    Status.NO_SIGNAL: "a constant explains the data as well",
    Status.NOT_CONVERGED: "no minimum was reached",
    Status.RANK_DEFICIENT: "the data do not determine every parameter",
    Status.SATURATED: "the largest (or smallest) value is repeated beyond chance: a clipped signal",
    Status.FLAT: "all values are equal",
    Status.ZERO: "all values are zero",
    Status.INFINITE: "a value is infinite",
    Status.MISSING: "every value is missing (nan)",
    Status.TOO_FEW_POINTS: "too few points for the parameters and their errors",
    Status.MASKED: "left out by the mask",
    Status.BAD_SIGMA: "a standard error of the data is zero, negative or not finite",
    Status.NOT_FINITE: "the model is not a finite number anywhere that was tried",
    Status.NOT_RUN: "not fitted: the job was stopped before",
    Status.OUT_OF_RANGE: "values so large or small that their squares leave the range of float64",
}
