"""What every page of the course has around its contents: head, header, footer."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from taylored.course.pages.figures import KINDS
from taylored.course.pages.modules import preloads

__all__ = ["Frame", "page_html"]

_STYLES = ("tokens.css", "style.css", "explorables.css")
_ICONS = {
    "auto": '<circle cx="10" cy="10" r="6.5"/><path class="full" d="M10 3.5a6.5 6.5 0 0 1 0 13z"/>',
    "light": '<circle cx="10" cy="10" r="3.5"/><path d="M10 1.5v2.5M10 16v2.5M1.5 10H4M16 10h2.5'
    'M4 4l1.8 1.8M14.2 14.2 16 16M16 4l-1.8 1.8M5.8 14.2 4 16"/>',
    "dark": '<path class="full" d="M15.5 12.2A6.5 6.5 0 0 1 7.8 4.5a6.5 6.5 0 1 0 7.7 7.7z"/>',
    "print": '<path d="M6 7V3h8v4M6 14H3.5V7h13v7H14M6 11.5h8V17H6z"/>',
}


@dataclass(frozen=True)
class Frame:
    """Around the contents: title of the page, where it stands, and the body's class and data."""

    title: str
    place: str = ""  # HTML, in the header
    kind: str = "lesson"
    lesson: str = ""
    kinds: tuple[str, ...] = ()  # of the explorables in the page


def page_html(frame: Frame, contents: str) -> str:
    """A whole page; `contents` holds the landmarks between header and footer."""
    styles = "".join(f'<link rel="stylesheet" href="/static/{name}">' for name in _STYLES)
    lesson = f' data-lesson="{escape(frame.lesson)}"' if frame.lesson else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(frame.title)}</title>"
        '<link rel="icon" href="/static/icon.svg" type="image/svg+xml">'
        f'{styles}<script src="/static/page/theme.js"></script>'
        f'{preloads(frame.kinds)}<script type="module" src="/static/app.js"></script></head>'
        f'<body class="{frame.kind}"{lesson}>'
        '<a class="skip" href="#text">Skip to the text</a>'
        f'{_header(frame)}<div class="banner" role="alert"></div>\n{contents}\n{_FOOTER}'
        "</body></html>\n"
    )


def _header(frame: Frame) -> str:
    return (
        '<header class="bar"><a class="brand" href="/"><span class="mark" aria-hidden="true">'
        f"{_MARK}</span>taylored <span>course</span></a>"
        f'<p class="place">{frame.place}</p><div class="tools">'
        f'<button type="button" class="tool" data-theme-switch aria-label="Theme: automatic">'
        f"{''.join(_icon(name) for name in ('auto', 'light', 'dark'))}</button>"
        f'<button type="button" class="tool" data-print aria-label="Print this page">'
        f"{_icon('print')}</button></div></header>"
    )


def _icon(name: str) -> str:
    return f'<svg class="icon {name}" viewBox="0 0 20 20" aria-hidden="true">{_ICONS[name]}</svg>'


_MARK = (
    '<svg viewBox="0 0 28 20"><path class="truth" d="M1 14C5 2 10 1 14 8s8 10 13-2"/>'
    '<path class="approx" d="M5 15 18 2"/><circle class="approx" cx="11" cy="9" r="0"/></svg>'
)
_KEYS = ", ".join(
    f'<span class="key {kind}"><span class="mark">{mark}</span> {kind}</span>'
    for kind, (mark, _) in KINDS.items()
)
_FOOTER = (
    f'<footer class="foot"><p>Numbers on these pages carry their accuracy: {_KEYS}.</p>'
    "<p>The course runs on your own machine. Nothing leaves it.</p></footer>"
)
