"""What kind of point it is, from its residuals, its curvature and what lies around it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from taylored.optimize.certificate.conditioning import Distance, distance
from taylored.optimize.certificate.curvature import Curvature, curvature
from taylored.optimize.certificate.face import Face
from taylored.optimize.certificate.leaps import Leap, leap
from taylored.optimize.certificate.local import Local
from taylored.optimize.certificate.matrix_free import hessian_by_products, seen_by_products
from taylored.optimize.certificate.multipliers import Multipliers
from taylored.optimize.certificate.probe import descent, gaps, jump
from taylored.optimize.certificate.rounding import Rounding, natural_steps, rounding

__all__ = ["FIRST_ORDER", "Verdict", "judged"]

FIRST_ORDER = 1e-6
_CLOSE = 1e-3
_BLIND = 1e-7
_TOLERATED = 1e-9


@dataclass(frozen=True, eq=False)
class Verdict:
    """The kind, why (names of reasons), and what was computed on the way."""

    kind: str
    reasons: tuple[str, ...] = ()
    inertia: tuple[int, int, int] | None = None
    distance: Distance | None = None
    escape: np.ndarray | None = None


@dataclass(eq=False)
class _Second:
    """Second-order information at a point."""

    hessian: Any
    curved: Curvature
    noise: Rounding
    distance: Distance
    reasons: list[str] = field(default_factory=list)


def judged(local: Local, m: Multipliers, held: Face) -> Verdict:
    """The kind of the point. "minimum" only where everything speaks for it."""
    if local.violation > FIRST_ORDER:
        return Verdict("infeasible")
    if local.program.form == "products":
        hessian = hessian_by_products(local, m.y)
        if hessian is None:
            return _by_products(local, m, held)
    else:
        hessian = local.program.second(local.x, 1.0, m.y)
    entries = hessian if isinstance(hessian, np.ndarray) else hessian.data
    if not np.isfinite(entries).all():
        kind = "flat" if m.kkt <= FIRST_ORDER else "not-stationary"
        return Verdict(kind, ("no second derivative",))
    noise = rounding(local, m.y, hessian)
    far = distance(local, m, held, hessian, noise)
    if not held.strict:  # whether it holds the solution is in doubt
        other = distance(local, m, held.firm, hessian, noise)
        far = replace(far, x=np.maximum(far.x, other.x), y=np.maximum(far.y, other.y))
    if m.kkt > FIRST_ORDER:
        reasons = ("kink",) if jump(local, m.y, hessian, noise) > 0.0 else ()
        if not reasons and m.stationarity <= 10.0 * noise.slope.max(initial=0.0):
            reasons = ("rounding",)
        return Verdict("not-stationary", reasons, None, far)
    curved = curvature(*held.system(local, hessian))
    return _second_order(local, m, held, _Second(hessian, curved, noise, far))


def _by_products(local: Local, m: Multipliers, held: Face) -> Verdict:
    if m.kkt > FIRST_ORDER:
        return Verdict("not-stationary")
    kind, reason, far, escape = seen_by_products(local, m, held)
    return Verdict(kind, (reason,) if reason else (), None, far, escape)


def _second_order(local: Local, m: Multipliers, held: Face, known: _Second) -> Verdict:
    curved = known.curved
    jumps = leap(local, natural_steps(known.hessian, local.x))
    if jumps is not None:
        return _beside(local, known, jumps)
    if curved.falling:
        return _falling(local, m, held, known)
    kinked = jump(local, m.y, known.hessian, known.noise) > 0.0
    escape = _escape(local, m, held, known)
    if escape is not None:
        reasons = ("lower", "kink") if kinked else ("lower",)
        return Verdict("saddle", reasons, curved.inertia, known.distance, escape)
    if kinked:
        return _flat(known, "kink")
    if curved.inertia is None:
        return _flat(known, "unknown curvature")
    if not curved.definite:
        return _flat(known, "no curvature")
    if not _close(local, known) or not _reached(local, held, known.hessian):
        return _flat(known, "far")
    if not _steady(local, m, held, known):
        return _flat(known, "changing curvature")
    return Verdict("minimum", (), curved.inertia, known.distance)


def _beside(local: Local, known: _Second, jumps: Leap) -> Verdict:
    """The value jumps: no minimum if it is lower there, else anything."""
    program = local.program
    f, c = program.values(local.x + jumps.step)
    more = program.violations(local.x, c) - program.violations(local.x, local.c)
    if f < local.value and more.max(initial=0.0) <= _TOLERATED:
        return Verdict("saddle", ("jump",), known.curved.inertia, known.distance, jumps.step)
    return _flat(known, "jump")


def _flat(known: _Second, *reasons: str) -> Verdict:
    return Verdict("flat", reasons, known.curved.inertia, known.distance)


def _falling(local: Local, m: Multipliers, held: Face, known: _Second) -> Verdict:
    """Negative curvature: a saddle if a feasible step leads down."""
    curved = known.curved
    escape = _escape(local, m, held, known)
    if escape is None and not held.strict:
        return _flat(known, "negative curvature only past constraints without a force")
    inequalities = held.active & ~local.program.equality
    inner = not inequalities.any() and not held.held.any()
    steady = _turned(local, m, held, known)
    if escape is None and not steady:
        return _flat(known, "changing curvature")
    kind = "maximum" if curved.all_falling and inner and steady else "saddle"
    return Verdict(kind, (), curved.inertia, known.distance, escape)


def _turned(local: Local, m: Multipliers, held: Face, known: _Second) -> bool:
    """Whether negative curvature stays so around the point."""
    direction = known.curved.direction
    if direction is None:
        return False
    here = _along(held, known.hessian, direction)
    return all(
        _along(held, _hessian(local, x, m.y), direction) < 0.25 * here
        for x in _around(local, held, known)
    )


def _hessian(local: Local, x: np.ndarray, y: np.ndarray) -> Any:
    if local.program.form == "products":
        return hessian_by_products(replace(local, x=x), y)
    return local.program.second(x, 1.0, y)


def _along(held: Face, hessian: Any, direction: np.ndarray) -> float:
    full = np.zeros(held.free.size)
    full[held.free] = direction
    return float(full @ (hessian @ full))


def _escape(local: Local, m: Multipliers, held: Face, known: _Second) -> np.ndarray | None:
    """A feasible step to a lower value, along the least curved direction or at random."""
    tried = []
    if known.curved.direction is not None:
        full = np.zeros(local.x.size)
        full[held.free] = known.curved.direction
        tried.append(full)
    free = held.free.astype(float)
    reach = np.maximum(1.0, np.abs(local.x))
    rng = np.random.default_rng(5)
    tried.append(free * reach * rng.uniform(-1.0, 1.0, free.size))
    if held.weak_lower.any() or held.weak_upper.any():
        tried.append(_inward(held, tried[0]))
    gain = _expected(local, m, known)
    for direction in tried:
        lifted = known.curved.definite
        curved = float(direction @ (known.hessian @ direction)) if lifted else 0.0
        expected = gain, curved
        found = descent(local, (held, m.y, known.noise), direction, expected)
        if found is not None:
            return found
    return None


def _expected(local: Local, m: Multipliers, known: _Second) -> float:
    """How much lower the solution is: by closing the gaps to what holds x, and by Newton's step
    where the curvature is positive."""
    gain = gaps(local, m, known.noise)
    if not known.curved.definite or not np.isfinite(known.distance.x).all():
        return gain
    return gain + float(np.abs(m.residual) @ known.distance.x)


def _inward(held: Face, direction: np.ndarray) -> np.ndarray:
    """The direction with what points out of weak bounds taken inward."""
    size = np.abs(direction)
    inward = np.where(held.weak_lower, size, direction)
    return np.where(held.weak_upper, -size, inward)


def _close(local: Local, known: _Second) -> bool:
    """Whether the solution is near, compared with the size of x."""
    reach = _CLOSE * max(1.0, float(np.abs(local.x).max(initial=0.0)))
    return bool((known.distance.x <= reach).all())


def _reached(local: Local, held: Face, hessian: Any) -> bool:
    """Whether what holds x with a force is near on the scale of the problem: a product y.c may
    be small for its units alone."""
    slack = -local.c[held.rows]
    if not (slack > 0.0).any():
        return True
    curved = np.maximum(np.abs(hessian.diagonal()), local.scale)
    range_ = local.program.upper - local.program.lower
    reach = np.maximum(np.abs(local.x), np.minimum(range_, local.scale / curved))
    sizes = abs(local.jacobian[held.rows]) @ reach
    return bool((local.program.equality[held.rows] | (slack <= _CLOSE * sizes)).all())


def _around(local: Local, held: Face, known: _Second) -> list[np.ndarray]:
    """Points at four times the estimated distance of the solution.

    Along the least curved direction at least 1e-7 away: a gradient that is zero but for rounding
    tells where a point of inflection is only to the root of the unit of rounding.
    """
    error, step = known.distance.x, known.distance.step
    error = np.where(np.isfinite(error), error, 0.0)
    direction = np.ones(local.x.size)
    if known.curved.direction is not None:
        full = np.zeros(local.x.size)
        full[held.free] = known.curved.direction
        direction = np.where(full < 0.0, -1.0, 1.0)
        size = float((np.abs(full) / natural_steps(known.hessian, local.x)).max(initial=0.0))
        error = np.maximum(error, _BLIND / size * np.abs(full)) if size > 0.0 else error
    program = local.program
    moves = [4.0 * error * direction, -4.0 * error * direction, 4.0 * step]
    points = (np.clip(local.x + d, program.lower, program.upper) for d in moves)
    return [p for p in points if not np.array_equal(p, local.x)]


def _steady(local: Local, m: Multipliers, held: Face, known: _Second) -> bool:
    """Whether the curvature is much the same as far away as the solution may be."""
    free = np.flatnonzero(held.free)
    for x in _around(local, held, known):
        there = _hessian(local, x, m.y)
        if not known.curved.holds(there[free][:, free]):
            return False
    return True
