"""A network and its predictions as documents for JSON, in full precision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.networks.classes import ClassesOutOfBag
from taylored.networks.outofbag import Coverage
from taylored.report.network import network_status
from taylored.report.network_facts import (
    AUDITED,
    by_chance,
    comparison,
    confusion_counts,
    scores_in_units,
    shape_said,
    spread_of_response,
)
from taylored.report.page import finite, numbers
from taylored.report.sheet import finding_document

if TYPE_CHECKING:
    from taylored.networks.prediction import Prediction
    from taylored.networks.result import Network, Training

__all__ = ["PREDICTION_SCHEMA", "SCHEMA", "network_document", "prediction_document"]

SCHEMA = "taylored-network/1"
PREDICTION_SCHEMA = "taylored-prediction/1"


def network_document(net: Network, level: float = 0.9) -> dict[str, Any]:
    """All that is known of a network as dictionaries, lists, text, numbers and None.

    None stands for what is not known or not finite. The parameters are in the file of `save`.
    """
    found = net.out_of_bag
    classes = isinstance(found, ClassesOutOfBag)
    return {
        "schema": SCHEMA,
        "task": net.task,
        "usable": bool(net.usable),
        "status": network_status(net, level),
        "accuracy": str(net.accuracy),
        "outputs": list(net.response.names),
        "classes": list(net.response.classes),
        "inputs": [str(c.name) for c in net.encoder.columns],
        "features": list(net.encoder.features),
        "rows": len(net.rows.z),
        "error": _or_none(net.error),
        "error_stderr": _or_none(net.error_stderr),
        "deviation": None if net.task == "classification" else numbers(spread_of_response(net)),
        "level": level,
        "coverage": [_coverages(net, each) for each in sorted({*AUDITED, level})] if found else [],
        "calibration": _calibration(found) if classes else None,
        "confusion": confusion_counts(net, found).tolist() if classes else None,
        "scores": [_score(s, m) for s, m in zip(net.scores, scores_in_units(net), strict=True)],
        "comparison": comparison(net),
        "noise": _noise(net),
        "network": {
            "shape": shape_said(net), "parameters": int(net.model.size), "members": net.members,
            "settings": net.settings.to_dict(),
        },
        "training": _training(net.training),
        "findings": [finding_document(f) for f in net.findings],
        "sources": list(net.sources),
    }  # fmt: skip


def _or_none(value: Any) -> Any:
    if value is None:
        return None
    return finite(value) if np.ndim(value) == 0 else numbers(value)


def _coverages(net: Network, level: float) -> dict[str, Any]:
    found = net.coverage(level)
    return {"level": level, "measured": [_coverage(c) for c in found]}


def _coverage(found: Coverage) -> dict[str, Any]:
    return {"value": finite(found.value), "stderr": finite(found.stderr), "rows": found.rows}


def _calibration(found: Any) -> dict[str, Any]:
    bins = found.reliability()
    return {
        "error": finite(bins.error),
        "by_chance": finite(by_chance(bins)),
        "temperature": finite(found.temperature),
        "said": numbers(bins.said),
        "right": numbers(bins.right),
        "stderr": numbers(bins.stderr),
        "rows": [int(n) for n in bins.rows],
    }


def _score(score: Any, compared: Any) -> dict[str, Any]:
    return {
        "model": score.name,
        "value": finite(compared.value),
        "stderr": finite(compared.stderr),
        "standardized": finite(score.value),
        "better_by": finite(score.worse),
    }


def _noise(net: Network) -> dict[str, Any] | None:
    if net.noise is None:
        return None
    gain = net.noise.gain
    return {"varies": bool(net.noise.varies), "gain": None if gain is None else finite(gain)}


def _training(training: Training) -> dict[str, Any]:
    return {
        "solver": training.solver,
        "reason": training.reason,
        "regularization": training.regularization,
        "ends": dict(training.ends),
        "steps": int(training.steps),
        "loss": numbers(training.trace),
        "validation": numbers(training.validation),
        "effective_parameters": numbers(training.effective),
        "seconds": finite(training.seconds),
    }


def prediction_document(p: Prediction) -> dict[str, Any]:
    """All rows of a prediction as dictionaries, lists, text, numbers and None."""
    return {
        "schema": PREDICTION_SCHEMA,
        "names": list(p.names),
        "level": p.level,
        "kind": str(p.kind),
        "why": p.why or None,
        "measured": [_coverage(c) for c in p.measured],
        "value": _cells(p.value),
        "lo": None if p.lo is None else _cells(p.lo),
        "hi": None if p.hi is None else _cells(p.hi),
        "classes": list(p.classes),
        "probabilities": None if p.probabilities is None else p.probabilities.tolist(),
        "sets": None if p.sets is None else p.sets.tolist(),
        "trusted": p.trusted.tolist(),
        "findings": [finding_document(f) for f in p.findings],
    }


def _cells(values: np.ndarray) -> list[Any]:
    """Labels as they are, numbers with None where they are not finite."""
    if values.dtype.kind != "f":
        return values.tolist()
    return [_finite_row(row) for row in values.tolist()]


def _finite_row(row: Any) -> Any:
    return [finite(v) for v in row] if isinstance(row, list) else finite(row)
