"""Which constraints and bounds cannot be met together, and no fewer of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from taylored.optimize.interior.method import Method
from taylored.optimize.interior.scaling import Scaled
from taylored.optimize.nlp import NonlinearProgram, Work
from taylored.optimize.watch import Answer

__all__ = ["conflict", "smallest"]

_TAKES_PART = 1e-4
_MOST_VARIABLES, _MOST_MEMBERS = 300, 30


def conflict(scaled: Scaled, phase: Method | None, x: np.ndarray) -> Answer:
    """The answer at a point of least violation; the elastic multipliers name the conflict."""
    if phase is None:
        return Answer(x, None, "infeasible")
    point, barrier = phase.point, phase.barrier
    y = np.abs(point.y)
    rows = np.flatnonzero(y > _TAKES_PART * y.max())
    free = np.flatnonzero(scaled.free)
    of_x = barrier.index < scaled.n
    pulls = np.bincount(barrier.index[of_x], point.z[of_x], scaled.n)
    reach = abs(point.jacobian).max(axis=0)
    reach = np.asarray(reach.todense()).ravel() if scaled.sparse else reach
    taking = np.flatnonzero(pulls > _TAKES_PART * y.max() * np.maximum(reach, 1e-8))
    return Answer(
        x, None, "infeasible",
        conflict=tuple(int(k) for k in rows), bounds=tuple(int(free[k]) for k in taking),
    )  # fmt: skip


def smallest(
    program: NonlinearProgram, answer: Answer,
    meets: Callable[[NonlinearProgram, np.ndarray], bool | None],
) -> Answer:  # fmt: skip
    """Leave out of the conflict what it does not need; `meets` says whether all can be met.

    Where that cannot be told, the member stays.
    """
    rows, bounds = list(answer.conflict), list(answer.bounds)
    if program.variables > _MOST_VARIABLES or len(rows) + len(bounds) > _MOST_MEMBERS:
        return answer
    if meets(_only(program, answer.x, rows, []), answer.x) is not False:
        return answer
    for k in answer.conflict:
        rest = [r for r in rows if r != k]
        if meets(_only(program, answer.x, rest, []), answer.x) is False:
            rows = rest
    freed: list[int] = []
    for k in answer.bounds:
        if meets(_only(program, answer.x, rows, [*freed, k]), answer.x) is False:
            freed.append(k)
    return replace(answer, conflict=tuple(rows), bounds=tuple(k for k in bounds if k not in freed))


class _Nearest:
    """Some constraints of a program, and the distance to a point for an objective."""

    def __init__(self, program: NonlinearProgram, center: np.ndarray, rows: np.ndarray):
        self.program, self.center, self.rows = program, center, rows
        self.variables, self.constraints, self.form = program.variables, rows.size, "dense"

    def values(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        away = x - self.center
        return 0.5 * float(away @ away), self.program.functions.values(x)[1][self.rows]

    def first(self, x: np.ndarray) -> tuple[np.ndarray, Any]:
        jacobian = _dense(self.program.functions.first(x)[1])
        return x - self.center, jacobian[self.rows]

    def second(self, x: np.ndarray, weight: float, y: np.ndarray) -> Any:
        whole = np.zeros(self.program.constraints)
        whole[self.rows] = y
        hessian = _dense(self.program.functions.second(x, 0.0, whole))
        return hessian + weight * np.eye(x.size)

    def product(self, x: np.ndarray, weight: float, y: np.ndarray, v: np.ndarray) -> np.ndarray:
        return self.second(x, weight, y) @ v

    def box(self) -> None:
        return None


def _dense(matrix: Any) -> np.ndarray:
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)


def _only(
    program: NonlinearProgram, center: np.ndarray, rows: list[int], freed: list[int]
) -> NonlinearProgram:
    """The program of some rows, without the bounds of some variables."""
    kept = np.asarray(rows, int)
    lower, upper = program.lower.copy(), program.upper.copy()
    lower[freed], upper[freed] = -np.inf, np.inf
    return NonlinearProgram(
        _Nearest(program, center, kept), lower, upper, np.asarray(program.equality)[kept],
        program.names, [program.constraint_names[k] for k in rows], Work(),
    )  # fmt: skip
