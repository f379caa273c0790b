"""Markdown of lessons and exercises to HTML: formulas as MathML, code in colors, nothing raw."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

from taylored.course.pages.mathml import MathError, mathml

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

__all__ = ["inline_html", "markdown_html", "plain_text", "sections"]

# A formula with what touches it: "(x", "x,", "n-th"; in a line, not on lines of its own.
_BESIDE = re.compile(
    r"[(“‘]<math (?!displaystyle)(?:(?!</math>).)*</math>[-,.;:?!)’”\w]*"
    r"|<math (?!displaystyle)(?:(?!</math>).)*</math>[-,.;:?!)’”\w]+"
)
_LESSON_LINK = re.compile(r"(?:\./)?(\d-\d+)-[\w-]+\.md(#.*)?$")


def markdown_html(text: str) -> str:
    """A text as HTML; HTML in the text is shown as it is written."""
    return _held(_reader().render(text, {}))


def inline_html(text: str) -> str:
    """One line, without a paragraph around it."""
    return _held(_reader().renderInline(text, {}))


def _held(html: str) -> str:
    """Punctuation stays on the line of the formula before it, and a bracket with the one after."""
    return _BESIDE.sub(r'<span class="nobr">\g<0></span>', html)


def plain_text(text: str) -> str:
    """A text without its Markdown, formulas spoken: for labels and descriptions."""
    html = re.sub(
        r'<math[^>]*?alttext="([^"]*)".*?</math>(?:<wbr>)?', r"\1", inline_html(text), flags=re.S
    )
    html = re.sub(r"<[^>]+>", "", html)
    return re.sub(r"\s+", " ", _unescaped(html)).strip()


def _unescaped(text: str) -> str:
    from html import unescape

    return unescape(text)


def sections(text: str) -> list[tuple[str, str]]:
    """A text cut at its headings of the second level: (heading, what follows it), as Markdown.

    The first heading is empty where text stands before any. Fences are left whole.
    """
    found: list[tuple[str, list[str]]] = [("", [])]
    fenced = False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if line.startswith("## ") and not fenced:
            found.append((line[3:].strip(), []))
        else:
            found[-1][1].append(line)
    return [(head, "\n".join(body)) for head, body in found if head or "".join(body).strip()]


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    reader = MarkdownIt("commonmark", {"html": False, "typographer": True})
    reader.enable(["table", "smartquotes"])
    reader.disable(["html_block", "html_inline", "image"])
    dollarmath_plugin(reader, allow_labels=False, allow_digits=False, double_inline=True)
    rules = {"math_inline": _math_inline, "math_inline_double": _math_block,
             "math_block": _math_block, "fence": _fence, "link_open": _link,
             "table_open": _table_open, "table_close": _table_close, "th_open": _cell,
             "td_open": _cell}  # fmt: skip
    for name, rule in rules.items():
        reader.add_render_rule(name, rule)
    return reader


Tokens = Sequence[Any]


def _math_inline(self: Any, tokens: Tokens, at: int, options: Any, env: Any) -> str:
    return _formula(tokens[at].content, block=False)


def _math_block(self: Any, tokens: Tokens, at: int, options: Any, env: Any) -> str:
    return f'<span class="formula">{_formula(tokens[at].content, block=True)}</span>\n'


def _formula(latex: str, *, block: bool) -> str:
    """A formula; one that cannot be set is shown as written (the tests allow none in a lesson)."""
    try:
        return mathml(latex.strip(), block=block)
    except MathError as error:
        return f'<code class="unset" title="{escape(str(error))}">{escape(latex)}</code>'


def _fence(self: Any, tokens: Tokens, at: int, options: Any, env: Any) -> str:
    from taylored.course.pages.code import code_html

    return code_html(tokens[at].content, tokens[at].info.strip())


def _link(self: Any, tokens: Tokens, at: int, options: Any, env: Any) -> str:
    """Links between the files of lessons, as on a code host, lead to their pages."""
    target = str(tokens[at].attrs.get("href", ""))
    lesson = _LESSON_LINK.match(target)
    if lesson:
        target = f"/lesson/{lesson[1]}{lesson[2] or ''}"
    return f'<a href="{escape(target)}">'


def _table_open(self: Any, tokens: Tokens, at: int, options: Any, env: Any) -> str:
    return '<div class="wide"><table>\n'


def _table_close(self: Any, tokens: Tokens, at: int, options: Any, env: Any) -> str:
    return "</table></div>\n"


def _cell(self: Any, tokens: Tokens, at: int, options: Any, env: Any) -> str:
    """Alignment as a class: the pages allow no inline style."""
    token = tokens[at]
    scope = ' scope="col"' if token.tag == "th" else ""
    side = re.search(r"right|center", str(token.attrs.get("style", "")))
    return f"<{token.tag}{scope}" + (f' class="{side[0]}">' if side else ">")
