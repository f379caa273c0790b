"""Roots as documents for JSON, in full precision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taylored.report.minimum_document import cost_document, path_document
from taylored.report.page import finite, numbers
from taylored.report.sheet import finding_document
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.optimize.roots.collection import Roots
    from taylored.optimize.roots.result import Root

__all__ = ["root_document", "roots_document"]


def root_document(result: Root) -> dict[str, Any]:
    """All of it as dictionaries, lists, text, numbers and None, in full precision."""
    return {
        "schema": "taylored-root/1",
        "equations": [str(n) for n in result.system.equation_names],
        **_point_document(result),
        "order": None if result.order is None else finite(result.order),
        "multiplicity": result.multiplicity,
        "cost": cost_document(result.cost),
        "path": path_document(result.path),
        "findings": [finding_document(f) for f in result.findings],
    }


def _point_document(result: Root) -> dict[str, Any]:
    known, proved = result.known, result.accuracy is Accuracy.PROVED
    unique = known.unique if proved else None
    return {
        "kind": result.kind,
        "usable": bool(result.usable),
        "status": result.status,
        "accuracy": str(result.accuracy),
        "names": [str(n) for n in result.names],
        "x": numbers(result.point),
        "errors": numbers(result.point_errors),
        "residual": numbers(result.residual),
        "enclosure": [numbers(known.low), numbers(known.high)] if proved else None,
        "unique_in": None if unique is None else [numbers(end) for end in unique],
        "digits": None if result.digits is None else numbers(result.point_digits),
    }


def roots_document(result: Roots) -> dict[str, Any]:
    """All of it as dictionaries, lists, text, numbers and None, in full precision."""
    return {
        "schema": "taylored-roots/1",
        "equations": [str(n) for n in result.system.equation_names],
        "names": [str(n) for n in result.names],
        "box": [numbers(result.low), numbers(result.high)],
        "usable": bool(result.usable),
        "complete": bool(result.complete),
        "status": result.status,
        "accuracy": str(result.accuracy),
        "count": len(result),
        "roots": [_point_document(r) for r in result],
        "border": [int(k) for k in result.border],
        "undecided": [
            {
                "box": [numbers(u.low), numbers(u.high)],
                "why": u.why,
                "near": None if u.near is None else numbers(u.near),
            }
            for u in result.undecided
        ],
        "boxes": int(result.boxes),
        "cost": cost_document(result.cost),
        "findings": [finding_document(f) for f in result.findings],
    }
