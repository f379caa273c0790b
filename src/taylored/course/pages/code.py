"""Blocks of code on a page: Python in a few quiet colors, made by Python's own tokenizer."""

from __future__ import annotations

import io
import keyword
import tokenize
from html import escape

__all__ = ["code_html"]

_SAID = {"python": "Python code", "console": "commands", "bash": "commands"}


def code_html(source: str, language: str = "") -> str:
    """A block of code; other languages, and Python that does not end, in one color."""
    inner = _colored(source) if language == "python" else escape(source)
    kind = "python" if language == "python" else "plain"
    label = _SAID.get(language, "output")
    return f'<pre class="code {kind}" data-says="{label}"><code>{inner}</code></pre>\n'


def _colored(source: str) -> str:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return escape(source)
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    pieces, at = [], 0
    for token in tokens:
        kind = _kind(token)
        if not kind:
            continue
        begin = starts[token.start[0] - 1] + token.start[1]
        end = starts[token.end[0] - 1] + token.end[1]
        pieces += [
            escape(source[at:begin]),
            f'<span class="{kind}">{escape(source[begin:end])}</span>',
        ]
        at = end
    return "".join([*pieces, escape(source[at:])])


def _kind(token: tokenize.TokenInfo) -> str:
    """The class of a token; none for what stays in the color of the text."""
    if token.type == tokenize.COMMENT:
        return "comment"
    if token.type in (tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)):
        return "string"
    if token.type == tokenize.NUMBER:
        return "number"
    return "keyword" if token.type == tokenize.NAME and keyword.iskeyword(token.string) else ""
