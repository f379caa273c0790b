"""The places of explorables and trust boxes in a page, with their first scene already in them."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import Any

from taylored.course.messages import keyed, sentences
from taylored.course.pages.markdown import markdown_html
from taylored.errors import TayloredError

__all__ = ["KINDS", "data", "explore_html", "first", "trust_html"]

_log = logging.getLogger("taylored.course")

KINDS = {  # of accuracy: mark, and what it means
    "proved": ("∈", "a bound that holds for certain, rounding included"),
    "calibrated": ("±", "an interval that holds as often as it says"),
    "estimated": ("≈", "good evidence, no guarantee"),
    "unknown": ("?", "no number is claimed"),
}
_TITLE = "How far to trust it"


@lru_cache(maxsize=256)
def first(name: str) -> dict[str, Any]:
    """What the browser needs of a figure: its controls, their start, the scene for it.

    A figure that cannot be drawn gives a "problem" in words instead of a scene.
    """
    from taylored.course.kit.figure import find  # needs NumPy, the first page does not

    try:
        figure = find(name)
        settings = figure.settings()
        scene = figure.draw(settings)
    except TayloredError as error:
        return {"problem": sentences(error), "kind": "plot"}
    except Exception as error:  # a fault of ours: the lesson's text is still worth reading
        _log.exception("the figure %s cannot be drawn", name)
        return {"problem": f"This cannot be drawn: internal error, {type(error).__name__}. "
                "The terminal shows more.", "kind": "plot"}  # fmt: skip
    return {"figure": figure.describe(), "settings": dict(settings), "scene": keyed(scene),
            "kind": figure.kind}  # fmt: skip


def data(value: Any, name: str) -> str:
    """Data for our scripts inside a page; no text in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    safe = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f'<script type="application/json" class="{name}">{safe}</script>'


def explore_html(name: str, body: str, number: int) -> str:
    """An explorable; its words in the lesson stand there until (or unless) it is drawn."""
    start = first(name)
    kind = escape(start["kind"])
    problem = start.get("problem", "")
    said = f'<p class="problem">{escape(problem)}</p>' if problem else ""
    return (
        f'<figure class="explore" id="fig-{number}" data-figure="{escape(name)}" '
        f'data-kind="{kind}">{"" if problem else data(start, "start")}'
        f'<div class="fallback">{markdown_html(body)}{said}</div></figure>\n'
    )


def trust_html(name: str, body: str, number: int, *, headed: bool = True) -> str:
    """The box "How far to trust it": what the library states of a figure's first scene.

    Without `headed` a heading of the lesson with these words stands above it already.
    """
    start = first(name)
    statements = start["scene"]["trust"] if "scene" in start else []
    if not statements:
        statements = [{"kind": "unknown", "text": "This figure states nothing of its accuracy."}]
    head = f'<h2 id="trust-{number}">{_TITLE}</h2>' if headed else ""
    named = f'aria-labelledby="trust-{number}"' if headed else f'aria-label="{_TITLE}"'
    return (
        f'<aside class="trust" data-figure="{escape(name)}" {named}>'
        f"{head}{markdown_html(body) if body else ''}"
        f"<ul>{_statements(statements)}</ul></aside>\n"
    )


def _statements(statements: Sequence[dict[str, str]]) -> str:
    return "".join(_statement(s["kind"], s["text"]) for s in statements)


def _statement(kind: str, text: str) -> str:
    kind = kind if kind in KINDS else "unknown"
    mark, meaning = KINDS[kind]
    return (
        f'<li class="{kind}"><span class="mark" aria-hidden="true">{mark}</span>'
        f'<span class="kind" title="{meaning}">{kind}</span>'
        f'<span class="said">{escape(text)}</span></li>'
    )
