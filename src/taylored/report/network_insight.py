"""Looks into a trained network as text, HTML and JSON: one page for each kind of look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from taylored.networks.bounding import Bound
from taylored.networks.derivative import Derivative
from taylored.networks.health import Health
from taylored.networks.importance import Importance
from taylored.networks.influence import Influence
from taylored.networks.leverage import Leverage
from taylored.report.letters import visible
from taylored.report.network_insight_pages import (
    bound_page,
    derivative_page,
    health_page,
    importance_page,
    influence_page,
    leverage_page,
)
from taylored.report.page import Page, Tabulated, finite, numbers, page_html, page_text
from taylored.report.sheet import finding_document, style_of
from taylored.report.table import Cell
from taylored.results import Interval

__all__ = ["insight_document", "insight_html", "insight_line", "insight_report"]

_PAGES: dict[type, Callable[[Any, int], Page]] = {
    Bound: bound_page,
    Derivative: derivative_page,
    Health: health_page,
    Importance: importance_page,
    Influence: influence_page,
    Leverage: leverage_page,
}


def insight_report(
    result: Any, *, width: int | None = None, color: bool = False, unicode: bool = True
) -> str:
    """The report as text.

    Args:
        result: what one of the looks into a network has found.
        width: in characters (default: that of the terminal, at most 100).
        color: whether to color it by escape sequences.
        unicode: False for plain ASCII.
    """
    page = _PAGES[type(result)](result, style_of(width, color, unicode).width)
    return page_text(page if unicode else _plain(page), width, color, unicode)


def insight_html(result: Any) -> str:
    """The same for a notebook."""
    return page_html(_PAGES[type(result)](result, 100))


def insight_line(result: Any) -> str:
    """For `repr`."""
    page = _PAGES[type(result)](result, 100)
    return f"<{type(result).__name__.lower()}: {visible(page.verdict).rstrip('.')}>"


def _plain(page: Page) -> Page:
    """Signs that ASCII has no name for, in letters."""
    tables = [
        Tabulated(
            [_ascii(t) for t in part.titles],
            [[Cell(_ascii(c.text), c.color) for c in row] for row in part.rows],
            part.sides,
            [_ascii(c) for c in part.captions],
        )
        for part in page.tables
    ]
    return replace(page, verdict=_ascii(page.verdict), tables=tables)


def _ascii(text: str) -> str:
    return text.replace("∂", "d").replace("█", "#")


# ---- JSON ----


def insight_document(result: Any) -> dict[str, Any]:
    """Everything as dictionaries, lists, texts, numbers and None."""
    kind = type(result).__name__.lower()
    own = _DOCUMENTS[type(result)](result)
    findings = [finding_document(f) for f in result.findings]
    return {"schema": f"taylored-network-{kind}/1", **own, "findings": findings}


def _of_influence(result: Influence) -> dict[str, Any]:
    return {
        "what": result.target.what, "value": finite(result.value), "member": result.member,
        "names": result.names, "gradient": numbers(result.gradient),
        "per_layer": {name: finite(v) for name, v in result.per_layer.items()},
        "accuracy": str(result.kind),
    }  # fmt: skip


def _of_importance(result: Importance) -> dict[str, Any]:
    return {
        "error": result.error, "base": finite(result.base), "level": result.level,
        "accuracy": str(result.kind), "rows": result.rows, "repeats": result.repeats,
        "names": list(result.names), **_arrays(result, ("value", "lo", "hi", "stderr")),
    }  # fmt: skip


def _of_leverage(result: Leverage) -> dict[str, Any]:
    return {
        "rows": [int(r) for r in result.rows], "effective": finite(result.effective),
        "limit": finite(result.limit), "members": result.members, "accuracy": str(result.kind),
        **_arrays(result, ("value", "residual", "move", "cook")),
        **{n: [int(r) for r in getattr(result, n)] for n in ("outlying", "high", "influential")},
    }  # fmt: skip


def _of_derivative(result: Derivative) -> dict[str, Any]:
    return {
        "inputs": list(result.inputs), "outputs": list(result.outputs), "level": result.level,
        "accuracy": str(result.kind), "why": result.why, "shape": list(result.value.shape),
        "trusted": result.trusted.tolist(), **_arrays(result, ("value", "lo", "hi", "stderr")),
    }  # fmt: skip


def _of_bound(result: Bound) -> dict[str, Any]:
    return {
        "inputs": list(result.inputs), "outputs": list(result.outputs), "fixed": result.fixed,
        **_arrays(result, ("lo", "hi")), "value": _interval(result.value),
        "derivative": _interval(result.derivative),
    }  # fmt: skip


def _of_health(result: Health) -> dict[str, Any]:
    names = ("name", "parameters", "units", "gradient", "pull", "dead", "saturated")
    return {
        "healthy": result.healthy,
        "layers": [{n: getattr(layer, n) for n in names} for layer in result.layers],
        "ratio": finite(result.ratio), "unused": list(result.unused), "ends": dict(result.ends),
        "poor": list(result.poor), "members": result.members, "rows": result.rows,
        "effective": finite(result.effective), "parameters": result.parameters,
        "taylor_slope": finite(result.check.slope), "gradient_ok": bool(result.check.ok),
        **_arrays(result, ("slopes",)),
    }  # fmt: skip


_DOCUMENTS: dict[type, Callable[[Any], dict[str, Any]]] = {
    Bound: _of_bound,
    Derivative: _of_derivative,
    Health: _of_health,
    Importance: _of_importance,
    Influence: _of_influence,
    Leverage: _of_leverage,
}


def _arrays(result: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Arrays as flat lists, None where there is none."""
    found = {name: getattr(result, name) for name in names}
    return {name: None if v is None else numbers(v) for name, v in found.items()}


def _interval(found: Interval) -> dict[str, Any]:
    return {
        "lo": numbers(found.lo), "hi": numbers(found.hi), "shape": list(np.shape(found.lo)),
        "accuracy": str(found.kind), "method": found.method, "note": found.note,
    }  # fmt: skip
