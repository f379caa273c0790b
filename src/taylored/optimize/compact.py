"""A quick road to the minimum for few, well separated parameters.

Levenberg-Marquardt (damped as by H. B. Nielsen, IMM-REP-1999-05) on the Gram matrix, then
Newton's method with exact second derivatives. Normal equations square the condition number, so
the road is left, without an answer, wherever columns come close to dependent, a step fails too
often, or the Hessian is not positive definite: `least_squares.solve` then takes the others.
"""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np

from taylored.optimize.newton import Curvature
from taylored.optimize.point import Point
from taylored.optimize.problem import Problem
from taylored.optimize.small import Matrix, cholesky, inverse_factor, solve_factored

__all__ = ["MOST_PARAMETERS", "compact_minimum"]

MOST_PARAMETERS = 6
_INDEPENDENT = 1e-6  # smallest squared sine between a column and the span of those before it
_STEPS = 40
_NEWTON = 0.05  # predicted decrease, relative to the cost, below which Newton takes over


def compact_minimum(problem: Problem, start: np.ndarray) -> tuple[Point, Curvature, float] | None:
    """The minimum near `start` with its curvature and the last step relative to |r|; or None."""
    linear = problem.linear.tolist()
    straight = all(linear)
    state = _State(problem, start.tolist(), straight)
    if not state.finite:
        return None
    if any(linear):
        state = _settled(problem, state, linear)
        if state is None:
            return None
    if not straight:
        state = _descend(problem, state)
    return None if state is None else _newton(problem, state)


class _State:
    """A point: rows of the Jacobian and residuals in one buffer, and their Gram matrix."""

    __slots__ = ("buffer", "cost", "finite", "gram", "second", "theta")

    def __init__(self, problem: Problem, theta: list[float], second: bool = False):
        self.theta = theta
        problem.counts.evaluations += 1
        self.buffer, bent = problem.functions.stacked(theta, problem.y, problem.weights, second)
        self.second: Matrix | None = bent if second else None
        gram = self.buffer.dot(self.buffer.T).tolist()
        self.gram: Matrix = gram
        self.cost: float = gram[-1][-1]
        self.finite = isfinite(sum(map(sum, gram)))


def _settled(problem: Problem, state: _State, linear: list[bool]) -> _State | None:
    """The point with the linear parameters at their optimum for the others as they are."""
    chosen = [i for i, one in enumerate(linear) if one]
    gradient = state.gram[-1]
    factor = cholesky([[state.gram[i][j] for j in chosen] for i in chosen], _INDEPENDENT)
    if factor is None:
        return None
    theta = list(state.theta)
    for i, step in zip(chosen, solve_factored(factor, [gradient[i] for i in chosen]), strict=True):
        theta[i] += step
    settled = _State(problem, theta, state.second is not None)
    return settled if settled.finite else None


def _descend(problem: Problem, state: _State) -> _State | None:
    """Damped steps until the predicted decrease is small; None where that does not succeed."""
    count = len(state.theta)
    damping, growth = 1e-3, 8.0
    scale = [0.0] * count
    for _ in range(_STEPS):
        problem.counts.iterations += 1
        gram = state.gram
        gradient = gram[count][:count]
        scale = [max(s, gram[i][i]) for i, s in enumerate(scale)]
        damped = [row[:count] for row in gram[:count]]
        for i in range(count):
            damped[i][i] += damping * scale[i]
        factor = cholesky(damped, _INDEPENDENT)
        if factor is None:
            return None
        step = solve_factored(factor, gradient)
        predicted = sum(
            s * (g + damping * d * s) for s, g, d in zip(step, gradient, scale, strict=True)
        )
        if predicted <= _NEWTON * state.cost * 1e-2:
            return state
        close = predicted <= _NEWTON * state.cost
        trial = _State(problem, [t + s for t, s in zip(state.theta, step, strict=True)], close)
        ratio = (state.cost - trial.cost) / predicted if trial.finite else -1.0
        if ratio > 1e-3:
            state = trial
            damping *= max(0.1, 1.0 - (2.0 * ratio - 1.0) ** 3)
            growth = 8.0
            if close and ratio > 0.5:
                return state
        else:
            damping *= growth
            growth *= 2.0
            if damping > 1e8:
                return None
    return None


def _newton(problem: Problem, state: _State) -> tuple[Point, Curvature, float] | None:
    """Newton's method to the rounding floor; None where it does not settle within a few steps."""
    count = len(state.theta)
    if state.second is None:
        state = _State(problem, state.theta, second=True)
    last = np.inf
    floor = 1e-16 * sqrt(problem.squares)
    for _ in range(12):
        if not state.finite or state.second is None:
            return None
        gradient = state.gram[count][:count]
        hessian = [
            [g - s for g, s in zip(row, bent, strict=False)]
            for row, bent in zip(state.gram[:count], state.second, strict=False)
        ]
        factor = cholesky(hessian, _INDEPENDENT)
        if factor is None:
            return None
        step = solve_factored(factor, gradient)
        moved = sqrt(max(sum(s * g for s, g in zip(step, gradient, strict=True)), 0.0))
        if moved > 0.5 * last or moved <= 0.02 * floor:
            return _finished(state, moved, last)
        trial = _State(problem, [t + s for t, s in zip(state.theta, step, strict=True)], True)
        problem.counts.iterations += 1
        if not trial.finite or trial.cost > state.cost * (1.0 + 1e-10) + floor * floor:
            return None
        # Convergence is quadratic: the next step would be about this long.
        following = moved * (moved / last) ** 2 if last < np.inf else moved
        last, state = moved, trial
        if following <= floor:
            return _finished(state, following, last)
    return None


def _finished(state: _State, left: float, last: float) -> tuple[Point, Curvature, float] | None:
    """Point and curvature from the Gram matrix, in the form that all solvers give.

    `left` is the length of the step that is not taken: a bound on what it would change.
    """
    count = len(state.theta)
    gram = [row[:count] for row in state.gram[:count]]
    factor = cholesky(gram, _INDEPENDENT)
    if factor is None:
        return None
    inverse = inverse_factor(factor)
    gradient = state.gram[count][:count]
    along = [sum(inverse[i][j] * gradient[i] for i in range(j + 1)) for j in range(count)]
    inverse_array = np.array(inverse)
    k = inverse_array.T.dot(np.array(state.second)).dot(inverse_array)
    size = sqrt(float((k * k).sum()))
    bend = 1.0 - size if size < 0.9 else float(np.linalg.eigvalsh(np.eye(count) - k)[0])
    condition = sqrt(
        sum(gram[i][i] * inverse[i][j] * inverse[i][j] for i in range(count) for j in range(count))
        * count
    )
    along_array = np.array(along)
    curvature = Curvature(
        moving=np.ones(count, bool),
        inverse=inverse_array,
        k=k,
        bend=bend,
        step=left * np.sqrt(np.einsum("ij,ij->i", inverse_array, inverse_array)),
        along=along_array,
        condition=condition,
    )
    point = Point(np.array(state.theta), state.buffer[count], state.buffer[:count], state.cost)
    return point, curvature, last / sqrt(state.cost) if state.cost > 0 else 0.0
