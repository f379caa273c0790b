"""Multipliers as prices: what a limit costs, verified by solving again with the limit moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from taylored.optimize.certificate.local import Local, at
from taylored.optimize.certificate.multipliers import recovered
from taylored.optimize.certificate.polish import polish
from taylored.optimize.certificate.system import Factor, assembled, equilibrated, sparse_matrix
from taylored.optimize.certify import Certificate
from taylored.optimize.nlp import Functions, NonlinearProgram
from taylored.optimize.watch import Answer

__all__ = ["Price", "Shifted", "prices"]

_AGREEMENT = 1e-4
_MOST = 60
_STEPS = (1e-3, 2e-4, 4e-5, 8e-6)

Resolve = Callable[[NonlinearProgram, np.ndarray], Answer]


@dataclass(frozen=True, slots=True)
class Price:
    """Raising the limit of `name` by 1 lowers the minimum by `multiplier`, to first order.

    For equations and upper limits that is c <= 0 becoming c <= 1; a lower bound is raised too,
    which cannot lower the minimum: its multiplier is negative. `verified` is the same from solving
    again (nan where that failed), `below` and `above` from lowering and raising alone. `low`,
    `high` estimate how far the limit may be lowered and raised until other constraints decide.
    `agrees`: whether both are the same to 1e-4; None where the price need not be unique.
    """

    name: str
    multiplier: float
    verified: float
    below: float
    above: float
    low: float
    high: float
    agrees: bool | None
    note: str = ""


class Shifted:
    """Functions with a number subtracted from each constraint: c - shift <= 0."""

    def __init__(self, functions: Functions, shift: np.ndarray):
        self.functions, self.shift = functions, shift
        self.variables, self.constraints = functions.variables, functions.constraints
        self.form = functions.form

    def values(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        f, c = self.functions.values(x)
        return f, c - self.shift

    def first(self, x: np.ndarray) -> tuple[np.ndarray, Any]:
        return self.functions.first(x)

    def second(self, x: np.ndarray, weight: float, y: np.ndarray) -> Any:
        return self.functions.second(x, weight, y)

    def product(self, x: np.ndarray, weight: float, y: np.ndarray, v: np.ndarray) -> np.ndarray:
        return self.functions.product(x, weight, y, v)

    def box(self) -> None:
        return None


@dataclass(frozen=True, slots=True)
class _Limit:
    """A constraint or a bound of a variable, and the price of raising it."""

    name: str
    place: int
    of: str  # "constraint", "lower", "upper"
    multiplier: float
    size: float  # of a shift that changes x relatively by about 1


def prices(
    program: NonlinearProgram, x: np.ndarray, certificate: Certificate, resolve: Resolve
) -> tuple[Price, ...]:
    """The price of each active constraint and bound, verified by `resolve(program, start)`.

    Only the 60 of most weight are verified. Without a minimum or a flat first-order point there
    are none.
    """
    if certificate.kind not in ("minimum", "flat"):
        return ()
    with np.errstate(all="ignore"):
        local = at(program, x)
        limits = _limits(local, certificate)
        weights = np.array([-abs(limit.multiplier) * limit.size for limit in limits])
        kept = set(np.argsort(weights, kind="stable")[:_MOST].tolist())
        effect = _effects(local, certificate) if limits else None
        return tuple(
            _price(local, certificate, limit, (effect, resolve))
            if k in kept
            else _unverified(limit)
            for k, limit in enumerate(limits)
        )


def _limits(local: Local, c: Certificate) -> list[_Limit]:
    program = local.program
    found = [
        _Limit(
            program.constraint_names[int(k)], int(k), "constraint", float(c.y[k]), local.sizes[k]
        )
        for k in np.flatnonzero(c.active)
    ]
    fixed = program.lower == program.upper
    sizes = np.maximum(1.0, np.abs(local.x))
    for k in np.flatnonzero(c.at_lower & ~fixed):
        name = f"the lower bound of {program.names[int(k)]}"
        found.append(_Limit(name, int(k), "lower", -float(c.z_lower[k]), sizes[k]))
    for k in np.flatnonzero(c.at_upper & ~fixed):
        name = f"the upper bound of {program.names[int(k)]}"
        found.append(_Limit(name, int(k), "upper", float(c.z_upper[k]), sizes[k]))
    return found


def _moved(program: NonlinearProgram, limit: _Limit, by: float) -> NonlinearProgram:
    """The program with a limit raised."""
    quiet = program.quietly()
    if limit.of == "constraint":
        shift = np.zeros(program.constraints)
        shift[limit.place] = by
        return replace(quiet, functions=Shifted(program.functions, shift))
    ends = getattr(program, limit.of).copy()
    ends[limit.place] += by
    return replace(quiet, **{limit.of: ends})


# ---- by solving again ----


def _unverified(limit: _Limit) -> Price:
    nan = np.nan
    return Price(limit.name, limit.multiplier, nan, nan, nan, -np.inf, np.inf, None, "not verified")


def _price(
    local: Local, c: Certificate, limit: _Limit, how: tuple[Effects | None, Resolve]
) -> Price:  # fmt: skip
    effects, resolve = how
    effect = _nothing(local) if effects is None else effects(limit)
    low, high = effect.low, effect.high
    note = _doubts(local, c, limit)
    sizes = _STEPS[1:2] if note else _STEPS  # one-sided prices do not settle
    below, above, verified = _verified(local, c, (limit, effect, sizes), resolve)
    scale = max(abs(limit.multiplier), 1e-4 * local.scale / max(limit.size, 1.0))
    if note:
        return Price(limit.name, limit.multiplier, verified, below, above, low, high, None, note)
    if not np.isfinite(verified):
        note = "solving again with the limit moved failed"
        return Price(limit.name, limit.multiplier, verified, below, above, low, high, None, note)
    agrees = bool(abs(verified - limit.multiplier) <= _AGREEMENT * scale)
    note = "" if agrees else "solving again gave another price"
    return Price(limit.name, limit.multiplier, verified, below, above, low, high, agrees, note)


def _doubts(local: Local, c: Certificate, limit: _Limit) -> str:
    """Why the price need not be the same on both sides."""
    if c.independent is False and _named_so(local, limit) in c.dependent:
        return "not unique: the active constraints depend on each other"
    if not c.strict:
        if limit.multiplier == 0.0:
            return "reached without a force: the price is one-sided"
        return "other constraints are reached without a force: the price may be one-sided"
    return "" if c.independent is not False else "the active constraints depend on each other"


def _named_so(local: Local, limit: _Limit) -> str:
    if limit.of == "constraint":
        return limit.name
    return f"the bound of {local.program.names[limit.place]}"


def _verified(
    local: Local,
    c: Certificate,
    known: tuple[_Limit, _Effect, Sequence[float]],
    resolve: Resolve,
) -> tuple[float, float, float]:
    """Prices from lowering, from raising, and from both.

    Shifts become smaller until two of them give the same; the multiplier has no say in it.
    """
    limit, effect, sizes = known
    room = min(abs(effect.low), abs(effect.high))
    found: list[tuple[float, float, float]] = []
    best, least = (np.nan, np.nan, np.nan), np.inf
    for size in sizes:
        h = size * limit.size
        if np.isfinite(room) and room > 0.0:
            h = min(h, 0.3 * size / _STEPS[0] * room)
        ends = [_value(local, c, (limit, effect, by), resolve) for by in (-h, h)]
        below, above = (ends[0] - c.value) / h, (c.value - ends[1]) / h
        now = (float(below), float(above), float(0.5 * (below + above)))
        if found:
            change = abs(now[2] - found[-1][2])
            if change < least:
                best, least = now, change
            if change <= 0.1 * _AGREEMENT * abs(now[2]):
                break
        found.append(now)
    if np.isnan(best[2]):
        known_ones = [f for f in found if np.isfinite(f[0]) or np.isfinite(f[1])]
        return known_ones[-1] if known_ones else best
    return best


def _value(
    local: Local, c: Certificate, moved: tuple[_Limit, _Effect, float], resolve: Resolve
) -> float:  # fmt: skip
    """The minimum with the limit moved; by a polish from nearby where that is enough."""
    limit, effect, by = moved
    program = _moved(local.program, limit, by)
    start = np.clip(local.x + by * effect.x, program.lower, program.upper)
    x, y = polish(program, start, c.y + by * effect.y, steps=12)
    again = at(program, x)
    size = max(1.0, float(np.abs(local.x).max(initial=0.0)))
    reach = abs(by) * (10.0 * float(np.abs(effect.x).max(initial=0.0)) + 1e-3)
    if not _solved(again, y) or np.abs(x - local.x).max(initial=0.0) > reach:
        answer = resolve(program, start)
        x, y = polish(program, answer.x, answer.multipliers)
        again = at(program, x)
        if np.abs(x - local.x).max(initial=0.0) > max(0.1 * size, reach):
            return np.nan  # another solution
    return again.value if _solved(again, y) else np.nan


def _solved(local: Local, y: np.ndarray) -> bool:
    if not local.defined:
        return False
    return max(recovered(local, y).kkt, local.violation) <= 1e-9


# ---- ranges ----


@dataclass(frozen=True, eq=False)
class _Effect:
    """How x and y change with a limit, and how far it may move, to first order."""

    x: np.ndarray
    y: np.ndarray
    low: float
    high: float


Effects = Callable[[_Limit], _Effect]


def _nothing(local: Local) -> _Effect:
    return _Effect(np.zeros(local.x.size), np.zeros(local.c.size), -np.inf, np.inf)


def _effects(local: Local, c: Certificate) -> Effects | None:
    """The effect of each limit; None where the system is singular or not known."""
    if local.program.form == "products":
        return None
    hessian = local.program.second(local.x, 1.0, c.y)
    held = c.at_lower | c.at_upper
    free, rows = np.flatnonzero(~held), np.flatnonzero(c.active)
    solve = _solver(hessian[free][:, free], local.jacobian[rows][:, free])
    if solve is None:
        return None
    return lambda limit: _effect(local, c, (limit, free, rows), (hessian, solve))


def _solver(hessian: Any, rows: Any) -> Callable[[np.ndarray], np.ndarray] | None:
    k = rows.shape[0]
    if not isinstance(hessian, np.ndarray):
        factor = Factor.of(sparse_matrix(hessian, rows, np.zeros(k)))
        return None if factor is None else factor.solve
    matrix = assembled(hessian, rows)
    scale = equilibrated(matrix)
    scaled = scale[:, None] * matrix * scale
    return lambda right: scale * np.linalg.lstsq(scaled, scale * right, rcond=1e-12)[0]


def _effect(
    local: Local, c: Certificate, known: tuple[_Limit, np.ndarray, np.ndarray],
    system: tuple[Any, Any],
) -> _Effect:  # fmt: skip
    limit, free, rows = known
    hessian, solve = system
    program, n = local.program, local.x.size
    dx, dy = np.zeros(n), np.zeros(local.c.size)
    right = np.zeros(free.size + rows.size)
    if limit.of == "constraint":
        right[free.size + int(np.searchsorted(rows, limit.place))] = 1.0
    else:
        dx[limit.place] = 1.0
        right = -np.concatenate([(hessian @ dx)[free], (local.jacobian @ dx)[rows]])
    if right.size:
        answer = solve(right)
        dx[free], dy[rows] = answer[: free.size], answer[free.size :]
    slope = hessian @ dx + local.jacobian.T @ dy
    # Numbers that must stay non-negative, and how they change with the limit.
    others = ~c.active & ~program.equality
    forced = c.active & ~program.equality
    values = [-local.c[others], c.y[forced], c.z_lower[c.at_lower], c.z_upper[c.at_upper]]
    changes = [-(local.jacobian @ dx)[others], dy[forced], slope[c.at_lower], -slope[c.at_upper]]
    for gap, sign, held in zip(local.gaps, (1.0, -1.0), (c.at_lower, c.at_upper), strict=True):
        inside = ~held & np.isfinite(gap)
        values.append(gap[inside])
        changes.append(sign * dx[inside])
    value, change = np.concatenate(values), np.concatenate(changes)
    return _Effect(dx, dy, -_reach(value, -change), _reach(value, change))


def _reach(value: np.ndarray, change: np.ndarray) -> float:
    """The largest step after which no value is negative."""
    falling = change < -1e-12
    return float((np.maximum(value[falling], 0.0) / -change[falling]).min(initial=np.inf))
