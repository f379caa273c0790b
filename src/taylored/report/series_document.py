"""A Taylor polynomial as a document for JSON, in full precision."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from taylored.report.series_box import box_ends, symmetric_reach
from taylored.report.series_facts import best_of, convergence_of
from taylored.report.series_terms import output_names
from taylored.report.sheet import finding_document

if TYPE_CHECKING:
    from taylored.series.result import Taylor

__all__ = ["SCHEMA", "taylor_document"]

SCHEMA = "taylored-taylor/1"


def taylor_document(result: Taylor) -> dict[str, Any]:
    """All of it as dictionaries, lists, text, numbers and None, in full precision.

    None stands for what is not known or not finite; `radius` is None of a box that does not
    reach equally far both ways.
    """
    known, reach = result.enclosed is not None, symmetric_reach(result)
    return {
        "schema": SCHEMA,
        "function": result.target.describe,
        "inputs": list(result.target.names),
        "at": [float(v) for v in result.expansion.point],
        "order": int(result.order),
        "box": [end.tolist() for end in box_ends(result)] if known else None,
        "radius": reach.tolist() if reach is not None else None,
        "usable": bool(result.usable),
        "status": result.status,
        "accuracy": str(result.accuracy),
        "method": _method(result),
        "largest_remainder": _finite(result.largest_remainder),
        "rounding": _finite(result.enclosed.rounding_level) if result.enclosed else None,
        "excess": _finite(result.excess),
        "boxes": int(result.boxes) if known else None,
        "coefficient_accuracy": str(result.expansion.kind),
        "exponents": [[int(v) for v in row] for row in result.exponents],
        "outputs": list(_output_documents(result)),
        "convergence": _convergence_document(result),
        "best": _best_document(result),
        "findings": [finding_document(f) for f in result.findings],
        "sources": list(result.sources),
    }


def _method(result: Taylor) -> str | None:
    if result.enclosed is None:
        return None
    return "Taylor-Peano, " + ("python-flint" if result.settings.exact else "intervals")


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _output_documents(result: Taylor) -> Iterator[dict[str, Any]]:
    polynomial, errors, enclosed = (
        result.expansion.polynomial, result.expansion.errors, result.enclosed
    )  # fmt: skip
    for k, name in enumerate(output_names(result)):
        yield {
            "name": name,
            "coefficients": [_finite(v) for v in polynomial.coefficients[:, k]],
            "coefficient_errors": [_finite(v) for v in errors[:, k]],
            "remainder": _ends_document(enclosed.low[k], enclosed.high[k]) if enclosed else None,
            "truncation": (
                _ends_document(enclosed.of.low[k], enclosed.of.high[k]) if enclosed else None
            ),
        }


def _ends_document(low: Any, high: Any) -> dict[str, float | None]:
    return {"lo": _finite(float(low)), "hi": _finite(float(high))}


def _convergence_document(result: Taylor) -> dict[str, Any] | None:
    if result.target.variables != 1 or result.target.outputs != 1:
        return None
    found = convergence_of(result)
    if found is None:
        return None
    nearest = found.nearest
    return {
        "radius": _finite(found.radius),
        "infinite": math.isinf(found.radius),
        "lo": _finite(found.lo),
        "hi": _finite(found.hi),
        "nearest": [nearest.real, nearest.imag] if nearest is not None else None,
        "kind": str(found.kind),
        "status": found.status,
    }


def _best_document(result: Taylor) -> dict[str, Any] | None:
    if result.target.variables != 1 or result.target.outputs != 1:
        return None
    found = best_of(result)
    if found is None:
        return None
    return {
        "chebyshev_coefficients": [float(v) for v in found.coefficients],
        "error": _finite(found.error),
        "lower": _finite(found.lower),
        "rounding": _finite(found.rounding),
        "kind": str(found.kind),
        "status": found.status,
    }
