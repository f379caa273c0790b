"""Which solver, in which order: solve, polish, certify, and go on where the certificate says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from taylored.errors import ArgumentError
from taylored.optimize.certificate.polish import polish
from taylored.optimize.certify import Certificate, certificate
from taylored.optimize.functions.units import Units
from taylored.optimize.nlp import NonlinearProgram, Work
from taylored.optimize.watch import Answer, Iterate, Watch

__all__ = [
    "LOOKS",
    "METHODS",
    "Solution",
    "choose",
    "glance",
    "in_user_units",
    "resolver",
    "solve",
    "worth_another_look",
]

METHODS = ("auto", "trust-region", "lbfgs", "interior", "ipopt")
GOOD = 1e-6  # a first-order point, in the user's units
LOOKS = 3  # starts where the problem is not convex, the one given included
_ESCAPES = 6  # from saddles
_COARSE, _FINE = 1e-5, 1e-9  # tolerances of the interior point
_SMALL = 50  # variables up to which further starts are tried unasked
_STOPPED = frozenset(["callback", "time", "evaluations", "iterations", "interrupted"])

Solver = Callable[..., Answer]


@dataclass(frozen=True, eq=False)
class Solution:
    """An answer with its certificate, and what it took."""

    answer: Answer
    certificate: Certificate
    method: str
    work: Work = field(default_factory=Work)
    own_units: bool = False  # whether residuals compare with the problem's size, not with 1

    @property
    def usable(self) -> bool:
        """Whether it is a first-order point."""
        return self.certificate.kkt <= GOOD and self.certificate.kind not in _NOWHERE


_NOWHERE = ("not-stationary", "infeasible", "undefined")


def choose(program: NonlinearProgram, method: str) -> str:
    """The method that `auto` stands for.

    Raises:
        ArgumentError: where a method cannot solve such a problem.
    """
    if method not in METHODS:
        raise ArgumentError(
            f"There is no method {method!r}.", next_step=f"use one of {', '.join(METHODS)}."
        )
    if program.constraints and program.form == "products":
        raise ArgumentError(
            f"The second derivatives of {program.variables} variables are dense: too many to hold.",
            why="constraints need them as a matrix.",
            next_step="write sums so that each term holds few variables, or move the constraints "
            "into the objective.",
        )
    if method in ("trust-region", "lbfgs") and program.constraints:
        raise ArgumentError(
            f'method="{method}" takes bounds, but no constraints.',
            next_step='leave method out, or use "interior".',
        )
    if method != "auto":
        return method
    return "interior" if program.constraints else "trust-region"


def _solver(method: str) -> Solver:
    if method == "interior":
        from taylored.optimize.interior import solve as interior

        return interior
    if method == "lbfgs":
        from taylored.optimize.descent.quasi_newton import lbfgs

        return lbfgs
    if method == "ipopt":
        from taylored.optimize.ipopt import ipopt

        return ipopt
    from taylored.optimize.descent.trust_region import trust_region

    return trust_region


def solve(program: NonlinearProgram, start: np.ndarray, watch: Watch, method: str) -> Solution:
    """Solve from a start; where that fails, by what else there is."""
    before = replace(program.work)
    found = _with_retries(program, start, watch, method)
    return replace(found, work=program.work.since(before))


def _with_retries(
    program: NonlinearProgram, start: np.ndarray, watch: Watch, method: str
) -> Solution:
    best = _escaping(program, start, watch, method)
    if best.usable or best.answer.end in (*_STOPPED, "unbounded", "undefined"):
        return best
    for other, again in _others(program, start, best, method):
        found = _escaping(program, again, watch, other)
        best = _better(best, found)
        if best.usable or found.answer.end in _STOPPED:
            break
    return best


def _others(
    program: NonlinearProgram, start: np.ndarray, best: Solution, method: str
) -> list[tuple[str, np.ndarray]]:
    """What to try after a failure: the other method, and other starts, always the same ones."""
    tries: list[tuple[str, np.ndarray]] = []
    if method == "trust-region" and program.form != "products":
        tries.append(("interior", best.answer.x))
    if method == "interior" and program.variables <= 1000:
        rng = np.random.default_rng(0)
        spread = 0.1 * np.maximum(1.0, np.abs(start))
        for size in (1.0, 10.0):
            moved = start + size * spread * rng.uniform(-1.0, 1.0, start.size)
            tries.append((method, np.clip(moved, program.lower, program.upper)))
    return tries


def worth_another_look(program: NonlinearProgram, found: Solution | None) -> bool:
    """Whether lower minima are likely elsewhere, and looking for them costs little.

    Where the Lagrangian is convex at the solution the solution is, near enough, the only one.
    """
    if found is None or not found.usable or found.method == "ipopt":
        return False
    if found.answer.end in _STOPPED or program.variables > _SMALL or program.form != "dense":
        return False
    if not getattr(program.functions, "cheap", False):
        return False
    if found.certificate.kind == "flat":
        return True
    hessian = program.quietly().second(found.answer.x, 1.0, found.certificate.y)
    if not np.isfinite(hessian).all():
        return False
    curvatures = np.linalg.eigvalsh(hessian)
    return bool(curvatures[0] < -1e-6 * np.abs(curvatures).max())


def _better(first: Solution, second: Solution) -> Solution:
    """A first-order point before others, then the lower of two feasible ones."""
    if first.usable != second.usable:
        return first if first.usable else second
    a, b = first.certificate, second.certificate
    if (a.violation <= GOOD) != (b.violation <= GOOD):
        return first if a.violation <= GOOD else second
    if a.violation > GOOD:
        return first if a.violation <= b.violation else second
    return first if a.value <= b.value else second


def _escaping(program: NonlinearProgram, start: np.ndarray, watch: Watch, method: str) -> Solution:
    """Solve, and go on from saddles along the direction in which the objective falls."""
    found = _once(program, start, watch, method)
    for _ in range(_ESCAPES):
        way = found.certificate.escape
        if way is None or found.answer.end in _STOPPED or found.answer.end == "unbounded":
            break
        again = _lower_point(program, found.answer.x, way, found.certificate)
        if again is None:
            break
        after = _once(program, again, watch, method)
        if after.answer.end != "unbounded" and _better(found, after) is found:
            break
        found = after
    return found


def _lower_point(
    program: NonlinearProgram, x: np.ndarray, way: np.ndarray, known: Certificate
) -> np.ndarray | None:
    """A point along a direction of escape, with a lower objective where constraints allow."""
    scale = max(1.0, float(np.linalg.norm(x))) / max(float(np.linalg.norm(way)), 1e-300)
    with np.errstate(all="ignore"):
        # The longest step that leads down; the certificate's own does.
        for size in (1.0, 0.1, 1e-2, 1e-3, 1e-4, 1.0 / scale):
            point = np.clip(x + size * scale * way, program.lower, program.upper)
            value, c = program.values(point)
            limit = known.violation + 10.0 * size * size + GOOD
            if value < known.value and program.violation(point, c) <= limit:
                return point
    return None


def _once(program: NonlinearProgram, start: np.ndarray, watch: Watch, method: str) -> Solution:
    """Solve once: coarsely, as far as Newton's method on the active set can take over; if it
    cannot, finely."""
    found = _polished(program, method, _run(program, start, watch, method, _COARSE))
    if method == "interior" and found.answer.end == "converged" and found.certificate.kkt > _FINE:
        answer = _run(program, found.answer.x, watch, method, _FINE)
        again = _polished(program, method, answer)
        found = again if again.certificate.kkt < found.certificate.kkt else found
    return found


def glance(
    program: NonlinearProgram, start: np.ndarray, watch: Watch, method: str, known: Solution
) -> tuple[Solution | None, str]:
    """Solve coarsely; finely only what seems to lead lower than a known one; and the end."""
    before = replace(program.work)
    answer = _run(program, start, watch, method, _COARSE)
    if answer.end in (*_STOPPED, "unbounded", "undefined", "infeasible"):
        return None, answer.end
    value, c = program.values(answer.x)
    lower = known.certificate.value - 1e-4 * max(1.0, abs(known.certificate.value))
    if not (value < lower and program.violation(answer.x, c) <= 1e-3):
        return None, answer.end
    found = _with_retries(program, answer.x, watch, method)
    return replace(found, work=program.work.since(before)), found.answer.end


def _run(
    program: NonlinearProgram, start: np.ndarray, watch: Watch, method: str, tolerance: float
) -> Answer:
    more = {"tolerance": tolerance} if method == "interior" else {}
    try:
        answer = _solver(method)(program, start, watch, **more)
    except KeyboardInterrupt:
        answer = _interrupted(watch.best, start)
    if not np.all(np.isfinite(answer.x)):
        best = watch.best
        answer = replace(answer, x=start if best is None else best.x, multipliers=None)
    return answer


def _polished(program: NonlinearProgram, method: str, answer: Answer) -> Solution:
    x, hint = answer.x, answer.multipliers
    if answer.end not in (*_STOPPED, "unbounded", "undefined", "infeasible"):
        x, hint = polish(program, x, hint)
        answer = replace(answer, x=x, multipliers=hint)
    return Solution(answer, certificate(program, x, hint), method)


def _interrupted(best: Iterate | None, start: np.ndarray) -> Answer:
    return Answer(start if best is None else best.x, None, "interrupted", "interrupted")


def in_user_units(program: NonlinearProgram, found: Solution, units: Units) -> Solution:
    """A solution of a problem in units of its own, in those of the user.

    `kkt` stays as it is: it compares with the size of the problem.
    """
    size, factor, known = units.size, units.factor, found.certificate
    x = np.clip(size * found.answer.x, program.lower, program.upper)
    y = known.y / factor
    z_lower, z_upper = (z / (factor * size) for z in (known.z_lower, known.z_upper))
    value, c = program.values(x)
    gradient, jacobian = program.first(x)
    left = gradient - z_lower + z_upper
    left = left + jacobian.T @ y if y.size else left
    certificate = replace(
        known, value=value, violation=program.violation(x, c),
        stationarity=float(np.abs(left).max(initial=0.0)),
        complementarity=known.complementarity / factor, y=y, z_lower=z_lower, z_upper=z_upper,
        errors=size * known.errors, multiplier_errors=known.multiplier_errors / factor,
        escape=None if known.escape is None else size * known.escape,
    )  # fmt: skip
    answer = replace(found.answer, x=x, multipliers=y)
    return replace(found, answer=answer, certificate=certificate, own_units=True)


def resolver(program: NonlinearProgram, start: np.ndarray) -> Answer:
    """The solution of a problem like one that was solved, from nearby; for prices."""
    return solve(program, start, Watch(program.work), choose(program, "auto")).answer
