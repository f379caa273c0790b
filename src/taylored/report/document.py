"""The report of a fit as one JSON document: full precision, stable keys, no nan and no inf."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from taylored.report.facts import formula_text, sigma_sentence
from taylored.report.sheet import finding_document

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = ["SCHEMA", "fit_document"]

SCHEMA = "taylored-fit-report/1"


def fit_document(fit: Fit, level: float = 0.95) -> dict[str, Any]:
    """All results of a fit as dictionaries, lists, text, numbers and None.

    None stands for what is not known, not determined or without limit; `note` says which.
    """
    return {
        "schema": SCHEMA,
        "usable": bool(fit.usable),
        "status": fit.status,
        "accuracy": str(fit.accuracy),
        **_problem(fit),
        "level": float(level),
        "params": {name: _parameter(fit, name, level) for name in fit.setup.names},
        "covariance": [[_number(v) for v in row] for row in fit.covariance.tolist()],
        **_goodness(fit),
        "findings": [finding_document(f) for f in fit.warnings],
        "cost": {
            "evaluations": int(fit.cost.evaluations),
            "iterations": int(fit.cost.iterations),
            "starts": int(fit.cost.starts),
        },
        "sources": list(fit.sources),
    }


def _number(value: float) -> float | None:
    value = float(value)
    return value if math.isfinite(value) else None


def _problem(fit: Fit) -> dict[str, Any]:
    """What was fitted to what."""
    setup = fit.setup
    dropped = [
        {"count": int(d.count), "reason": d.reason, "rows": [int(r) for r in d.rows]}
        for d in setup.columns.dropped
    ]
    return {
        "formula": None if setup.formula is None else formula_text(fit),
        "model": setup.model.describe,
        "inputs": list(setup.model.columns),
        "response": setup.response,
        "points": int(fit.points),
        "rows_total": int(setup.columns.total),
        "dropped": dropped,
    }


def _parameter(fit: Fit, name: str, level: float) -> dict[str, Any]:
    free = name in fit.setup.free_names
    interval = fit.interval(name, level)
    return {
        "value": _number(fit.params[name]),
        "stderr": _number(fit.stderr[name]),
        "digits": _number(fit.digits[name]),
        "stderr_digits": _number(fit.stderr_digits[name]),
        "fixed": not free,
        "at_bound": free and bool(fit.solution.held[fit.setup.free_names.index(name)]),
        "interval": {
            "lo": _number(interval.lo),
            "hi": _number(interval.hi),
            "level": None if interval.level is None else float(interval.level),
            "method": interval.method,
            "kind": str(interval.kind),
            "note": interval.note,
        },
    }


def _goodness(fit: Fit) -> dict[str, Any]:
    return {
        "chi2": _number(fit.chi2),
        "dof": int(fit.dof),
        "reduced_chi2": _number(fit.reduced_chi2),
        "p_value": _number(fit.p_value),
        "aicc": _number(fit.aicc),
        "bic": _number(fit.bic),
        "r_squared": _number(fit.r_squared),
        "absolute_sigma": bool(fit.absolute_sigma),
        "sigma": sigma_sentence(fit),
    }
