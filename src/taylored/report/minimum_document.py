"""A minimum as a document for JSON, in full precision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.report.minimum_facts import Limit, limits_of
from taylored.report.page import finite, numbers
from taylored.report.sheet import finding_document

if TYPE_CHECKING:
    from taylored.optimize.result import Minimum

__all__ = ["SCHEMA", "cost_document", "minimum_document", "path_document"]

SCHEMA = "taylored-minimum/1"
_MOST_NAMES = 100_000


def minimum_document(
    result: Minimum, *, prices: bool = False, maximum: bool = False
) -> dict[str, Any]:
    """All of it as dictionaries, lists, text, numbers and None, in full precision.

    None stands for what is not known or not finite. With `maximum` values and prices are those of
    the function whose maximum was asked for; residuals and multipliers are those of its negative.
    """
    known, sign = result.certificate, -1.0 if maximum else 1.0
    proof, lower, upper = result.proof, result.program.lower, result.program.upper
    return {
        "schema": SCHEMA,
        "sense": "maximize" if maximum else "minimize",
        "function": result.statement.describe,
        "kind": result.kind,
        "usable": bool(result.usable),
        "status": result.status,
        "accuracy": str(result.accuracy),
        "value": finite(sign * result.value),
        "value_interval": _ends(proof.value, sign),
        "names": [str(n) for n in result.names[:_MOST_NAMES]],
        "x": numbers(result.point),
        "errors": numbers(known.errors),
        "enclosure": _box(proof.low, proof.high),
        "proof": proof.note or None,
        "lower": numbers(lower),
        "upper": numbers(upper),
        "lower_multipliers": numbers(known.z_lower),
        "upper_multipliers": numbers(known.z_upper),
        "constraints": [_limit(u) for u in limits_of(result, prices)],
        "kkt": finite(result.kkt),
        "stationarity": finite(known.stationarity),
        "violation": finite(known.violation),
        "complementarity": finite(known.complementarity),
        "inertia": list(known.inertia) if known.inertia is not None else None,
        "independent": known.independent,
        "dependent": list(known.dependent),
        "strict": bool(known.strict),
        "condition": finite(known.condition),
        "others": [
            {"value": finite(sign * v), "x": numbers(result.statement.flatten(x, "x"))}
            for v, x in result.others
        ],
        "method": result.method,
        "end": result.end,
        "cost": cost_document(result.cost),
        "path": path_document(result.path),
        "findings": [finding_document(f) for f in result.findings],
    }  # fmt: skip


def _ends(pair: Any, sign: float) -> list[float | None] | None:
    return None if pair is None else numbers(sorted(sign * np.asarray(pair, float)))


def _box(low: Any, high: Any) -> list[list[float | None]] | None:
    return None if low is None or high is None else [numbers(low), numbers(high)]


def _limit(limit: Limit) -> dict[str, Any]:
    return {
        "name": limit.name,
        "kind": "equal" if limit.equality else "at_most",
        "active": limit.active,
        "slack": finite(limit.slack),
        "violation": finite(limit.violation),
        "multiplier": finite(limit.multiplier),
        "multiplier_error": finite(limit.multiplier_error),
        "price": finite(limit.price),
        "solved_again": finite(limit.verified_price),
        "agrees": limit.agrees,
        "range": [finite(limit.low), finite(limit.high)],
        "note": limit.note,
    }


def cost_document(cost: Any) -> dict[str, Any]:
    """What it took."""
    return {name: finite(getattr(cost, name)) if "seconds" in name else int(getattr(cost, name))
            for name in cost.__slots__}  # fmt: skip


def path_document(path: Any) -> dict[str, Any]:
    """The points on the way; of many variables only what was reached."""
    points = path.x if len(path) and path.iterates[0].x.size <= 100 else None
    return {
        "iterations": [int(i) for i in path.numbers],
        "x": [numbers(row) for row in points] if points is not None else None,
        "values": numbers(path.values),
        "violations": numbers(path.violations),
        "stationarity": numbers(path.column("stationarity")),
    }
