"""What can be said of a minimum: the limits that hold it, their prices, and its errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from taylored.report.letters import shorten, visible
from taylored.report.numbers import number
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.optimize.certificate.prices import Price
    from taylored.optimize.result import Minimum

__all__ = ["Limit", "count_limits", "error_of_value", "force_at", "limits_of", "picked"]
__all__ += ["point_errors"]

_MANY = 1_000_000  # variables from which no values are computed to see their rounding
_SIDE = 32  # characters of a constraint in a sentence


@dataclass(frozen=True)
class Limit:
    """A constraint, or a bound that is reached, as the user wrote it.

    `price`: by how much the minimum falls when the right side is raised by 1, to first order. It
    is the multiplier, with its sign changed for g >= h and for lower bounds. `side` is what is
    raised, in words; `low`, `high` how far until other limits decide.
    """

    name: str
    side: str
    equality: bool
    active: bool
    slack: float
    violation: float
    multiplier: float
    multiplier_error: float
    price: float
    verified: str = ""
    verified_price: float = math.nan
    agrees: bool | None = None
    low: float = -math.inf
    high: float = math.inf
    note: str = ""

    @property
    def range(self) -> str:
        """How far the right side may be moved."""
        if math.isinf(self.low) and math.isinf(self.high):
            return ""
        low = "any" if math.isinf(self.low) else number(self.low, 2)
        high = "any" if math.isinf(self.high) else f"+{number(self.high, 2)}"
        return f"{low} to {high}"


def limits_of(result: Minimum, prices: bool, most: int | None = None) -> list[Limit]:
    """Every constraint, and every bound that is reached; with `prices` verified where possible.

    Of more than `most` constraints, or bounds, those with the largest prices.
    """
    asked = prices or "prices" in result.__dict__
    found = {p.name: p for p in result.prices} if asked and result.usable else {}
    return [*_of_constraints(result, found, most), *_of_bounds(result, found, most)]


def count_limits(result: Minimum) -> int:
    """How many constraints there are, and bounds that are reached."""
    known, fixed = result.certificate, result.program.lower == result.program.upper
    held = int((known.at_lower & ~fixed).sum()) + int((known.at_upper & ~fixed).sum())
    return result.program.constraints + held


def _strongest(force: np.ndarray, most: int | None) -> list[int]:
    """All places, or those of the largest forces, in their order."""
    if most is None or len(force) <= most:
        return list(range(len(force)))
    size = np.nan_to_num(np.abs(force), nan=0.0)
    return sorted(np.argsort(-size, kind="stable")[:most].tolist())


def _of_constraints(result: Minimum, prices: dict[str, Price], most: int | None) -> list[Limit]:
    program, known = result.program, result.certificate
    if not program.constraints:
        return []
    with np.errstate(all="ignore"):
        _, c = program.quietly().values(result.point)
    violations, signs = program.violations(result.point, c), _signs(result)
    limits = []
    for k in _strongest(np.where(violations > 1e-6, np.inf, known.y), most):
        name = str(program.constraint_names[k])
        y = float(known.y[k]) if math.isfinite(known.y[k]) else 0.0
        what = "the right side of" if _is_relation(name) else "the limit of"
        limit = Limit(
            name, f"{what} {shorten(visible(name), _SIDE)}", bool(program.equality[k]),
            bool(known.active[k]), float(-c[k]), float(violations[k]), y,
            float(known.multiplier_errors[k]), signs[k] * y,
        )  # fmt: skip
        limits.append(_priced(limit, prices.get(name), signs[k]))
    return limits


def _is_relation(name: str) -> bool:
    return any(sign in name for sign in "=<>≤≥")


def _signs(result: Minimum) -> np.ndarray:
    """(constraints,) -1 for those that were written as g >= h."""
    signs = np.ones(result.program.constraints)
    for block in result.statement.blocks:
        if block.signs:
            signs[block.where] = block.signs
    return signs


def _of_bounds(result: Minimum, prices: dict[str, Price], most: int | None) -> list[Limit]:
    program, known = result.program, result.certificate
    fixed, error = program.lower == program.upper, _force_error(result)
    limits = []
    for which, held, ends, sign, text in (
        ("lower", known.at_lower & ~fixed, program.lower, -1.0, ">="),
        ("upper", known.at_upper & ~fixed, program.upper, 1.0, "<="),
    ):
        forces = known.z_lower if which == "lower" else known.z_upper
        places = np.flatnonzero(held)
        for k in places[_strongest(forces[places], most)].tolist():
            own = str(program.names[k])
            limit = Limit(
                f"{own} {text} {number(float(ends[k]), 6)}", f"the {which} bound of {own}", False,
                True, 0.0, 0.0, float(forces[k]), error, sign * float(forces[k]),
            )  # fmt: skip
            # Prices of lower bounds come with their sign already changed.
            limits.append(_priced(limit, prices.get(f"the {which} bound of {own}"), 1.0))
    return limits


def _force_error(result: Minimum) -> float:
    """How far the force at a bound may be off: what the gradient of the Lagrangian leaves, and
    what errors of the multipliers and of x change in it; at most an order of magnitude."""
    known = result.certificate
    if not math.isfinite(known.condition) or not np.isfinite(known.errors).all():
        return math.inf
    size = max(1.0, float(np.abs(known.z_lower + known.z_upper).max(initial=0.0)))
    return known.stationarity + 4e-16 * known.condition * size


def _priced(limit: Limit, price: Price | None, sign: float) -> Limit:
    """With what solving again gave."""
    if price is None:
        return limit
    low, high = (price.low, price.high) if sign > 0 else (-price.high, -price.low)
    said = ""
    if price.agrees:
        said = "agrees"
    elif math.isfinite(price.verified) and price.note == "":
        said = number(sign * price.verified, 5)
    elif math.isfinite(price.below) and math.isfinite(price.above) and price.agrees is None:
        ends = (price.below, price.above) if sign > 0 else (-price.above, -price.below)
        said = f"{number(ends[0], 3)} lowered, {number(ends[1], 3)} raised"
    elif math.isfinite(price.verified):
        said = number(sign * price.verified, 5)
    return replace(
        limit, verified=said, verified_price=sign * price.verified, agrees=price.agrees,
        low=low, high=high, note=price.note,
    )  # fmt: skip


# ---- variables ----


def picked(result: Minimum, most: int) -> list[int]:
    """All variables, or of many those that bounds hold with the largest force and the first."""
    count = len(result.point)
    if count <= most + 5:
        return list(range(count))
    known = result.certificate
    force = np.nan_to_num(np.maximum(known.z_lower, known.z_upper))
    held = np.flatnonzero((known.at_lower | known.at_upper) & (force > 0))
    strongest = held[np.argsort(-force[held], kind="stable")][: most // 2].tolist()
    first = [k for k in range(most) if k not in strongest]
    return sorted([*strongest, *first[: most - len(strongest)]])


def force_at(result: Minimum, k: int) -> str:
    """What holds a variable: `at its lower bound`, `fixed`."""
    known, program = result.certificate, result.program
    if program.lower[k] == program.upper[k]:
        return "fixed"
    if known.at_lower[k]:
        return "at its lower bound"
    return "at its upper bound" if known.at_upper[k] else ""


def point_errors(result: Minimum, places: Sequence[int] | np.ndarray) -> np.ndarray:
    """The most that these variables may be off, proved or estimated."""
    proof = result.proof
    chosen = np.asarray(places, int)
    if result.accuracy is Accuracy.PROVED and proof.low is not None and proof.high is not None:
        off = np.maximum(proof.high - result.point, result.point - proof.low)
        return np.where(off > 0, np.nextafter(off, np.inf), 0.0)[chosen]
    return np.asarray(result.certificate.errors, float)[chosen]


def error_of_value(result: Minimum) -> float:
    """An estimate: by how much the objective changes within the errors of the point.

    Points at the errors' distance also show the rounding of the function itself.
    """
    errors = np.asarray(result.certificate.errors, float)
    if not np.isfinite(errors).all() or len(errors) > _MANY:
        return math.inf
    program, x = result.program.quietly(), result.point
    step = np.maximum(errors, np.spacing(np.abs(x)))
    rng = np.random.default_rng(0)
    largest = 4.0 * float(np.spacing(abs(result.value)))
    with np.errstate(all="ignore"):
        for _ in range(8):
            moved = x + step * rng.choice([-1.0, 1.0], x.size)
            moved = np.clip(moved, program.lower, program.upper)
            value = abs(program.values(moved)[0] - result.value)
            largest = max(largest, value if math.isfinite(value) else math.inf)
    return 2.0 * largest
