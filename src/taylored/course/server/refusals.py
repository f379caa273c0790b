"""Short pages for what is not served: what happened, and what to do next."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Any

__all__ = ["PAGE_CSP", "Reason", "page", "respond", "secured"]

Reason = tuple[int, str, str]  # status, what happened, next step

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_STYLE = """
:root { color-scheme: light dark; --ground: #fcfbf8; --ink: #1a1c20; --touch: #a84900; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #15171b; --ink: #ebe8e2; --touch: #ff9b66; }
}
body { font: 17px/1.6 system-ui, sans-serif; color: var(--ink); background: var(--ground); }
main { max-width: 34em; margin: 14vh auto; padding: 0 1em 0 1.2em; }
main { border-left: 3px solid var(--touch); }
h1 { font-size: 1.3em; line-height: 1.3; margin: 0 0 .6em; }
a { color: var(--touch); }
input, button { font: inherit; padding: .3em .6em; }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
PAGE_CSP = _CSP.replace("style-src 'self'", f"style-src 'sha256-{_HASH}'")
_FIXED = {
    "content-security-policy": _CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


def secured(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers of a response with those that every response has; what is there already stays."""
    have = {name.lower() for name, _ in headers}
    more = [(n.encode(), v.encode()) for n, v in _FIXED.items() if n.encode() not in have]
    return [*headers, *more]


def page(title: str, body: str) -> bytes:
    """A page of ours without anything from elsewhere; `body` is HTML."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    ).encode()


def respond(
    status: int, body: bytes, headers: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """The two messages of an HTTP response with a page of ours."""
    given = {
        "content-type": "text/html; charset=utf-8",
        "content-length": str(len(body)),
        "content-security-policy": PAGE_CSP,
        **(headers or {}),
    }
    pairs = secured([(n.encode(), v.encode("latin-1")) for n, v in given.items()])
    return [
        {"type": "http.response.start", "status": status, "headers": pairs},
        {"type": "http.response.body", "body": body},
    ]
