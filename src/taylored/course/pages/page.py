"""The pages of the course: the index with the progress made, and one page for each lesson."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from html import escape
from typing import Any

from taylored.course.pages.exercise import exercise_html
from taylored.course.pages.figures import explore_html, first, trust_html
from taylored.course.pages.hero import hero_html
from taylored.course.pages.lesson import LESSONS, MODULES, Lesson, Module, Part
from taylored.course.pages.markdown import inline_html, markdown_html, plain_text, sections
from taylored.course.pages.shell import Frame, page_html

__all__ = ["index_html", "lesson_html"]

States = Mapping[str, Mapping[str, Any]]
_CLASSES = {"worked": "worked", "what to remember": "remember", "remember": "remember",
            "try it": "try", "with the library": "library"}  # fmt: skip
# A last paragraph that begins in bold with "What to remember" is set apart as a section is.
_REMEMBER = re.compile(r"^\*\*(?:What to remember|To remember|Remember)[.:]?\*\*[.:]?\s*", re.M)


def index_html(states: States, seen: Collection[str] = ()) -> str:
    """The first page: what the course is, its modules and lessons, and how far one has come."""
    lessons = LESSONS()
    modules = "".join(_module(m, lessons, states, seen) for m in MODULES)
    contents = (
        f'<main id="text" class="front"><div class="opening"><h1>{_TITLE}</h1>{_LEAD}</div>'
        f"{hero_html()}{_HOW}{_progress(lessons, states)}{modules}{_KEEP}</main>"
    )
    frame = Frame("taylored course", "Six modules, from slopes to fits", "index")
    return page_html(frame, contents)


_TITLE = "Approximations, and how far to trust them"
_LEAD = (
    '<p class="lead">Calculus replaces what is hard by what is simple: a curve by a line, a '
    "function by a polynomial, a cloud of points by a model. This course shows how that is done, "
    "and at every step how wrong the simple thing can be.</p>"
)
_HOW = (
    '<section class="how"><h2>How it works</h2>'
    "<p>Each lesson is a page to read; nothing has to be touched to follow it. "
    'What is <em class="touch">this color</em> can be dragged or typed in, and text and numbers '
    "follow. The exercises at the end tell what is wrong with an answer and why one may have "
    "thought so, not only that it is wrong.</p></section>"
)


def _solved(exercises: Collection[str], states: States) -> int:
    return sum(bool(states.get(e, {}).get("solved")) for e in exercises)


def _progress(lessons: Collection[Lesson], states: States) -> str:
    every = [e for lesson in lessons for e in lesson.exercises]
    done = _solved(every, states)
    if done and done == len(every):
        go = "<span>Every exercise is solved.</span>"
    elif going := _next(lessons, states) if states else None:
        go = f'<a class="go" href="/lesson/{going.id}">Go on with {inline_html(going.title)}</a>'
    else:
        go = _BEGIN
    return (
        f'<section class="progress" aria-labelledby="progress"><h2 id="progress">Your progress</h2>'
        f'<p class="count"><b>{done}</b> of {len(every)} exercises solved</p>'
        f'<progress max="{max(len(every), 1)}" value="{done}" aria-labelledby="progress">'
        f'</progress><p class="ways">{go}</p></section>'
    )


_BEGIN = (
    '<a class="go" href="/lesson/0-1">Begin with the warm-up</a>'
    '<a href="/lesson/1-1">or start at module 1</a>'
)


def _next(lessons: Collection[Lesson], states: States) -> Lesson | None:
    """The first lesson with something unsolved after the last one in which something was done."""
    ordered = list(lessons)
    touched = [k for k, lesson in enumerate(ordered)
               if any(states.get(e, {}).get("tries") for e in lesson.exercises)]  # fmt: skip
    for lesson in ordered[max(touched, default=0) :]:
        if _solved(lesson.exercises, states) < len(lesson.exercises):
            return lesson
    return None


def _module(
    module: Module, lessons: Collection[Lesson], states: States, seen: Collection[str]
) -> str:
    own = [lesson for lesson in lessons if lesson.module is module]
    rows = "".join(_row(lesson, states, lesson.id in seen) for lesson in own)
    minutes = sum(lesson.minutes for lesson in own)
    return (
        f'<section class="module" id="module-{module.number}"><div class="head">'
        f'<span class="number" aria-hidden="true">{module.number}</span>'
        f"<div><h2>{escape(module.title)}</h2><p>{escape(module.about)}</p>"
        f'<p class="soft">{len(own)} lessons, about {minutes} minutes of reading</p></div></div>'
        f'<ol class="lessons">{rows}</ol></section>'
    )


def _row(lesson: Lesson, states: States, seen: bool) -> str:
    dots = "".join(_dot(bool(states.get(e, {}).get("solved"))) for e in lesson.exercises)
    done, count = _solved(lesson.exercises, states), len(lesson.exercises)
    said = f"{done} of {count} exercises solved" if count else "no exercises"
    goals = "; ".join(inline_html(goal) for goal in lesson.goals)
    read = ' <span class="read">read</span>' if seen else ""
    return (
        f'<li><span class="id">{lesson.id.replace("-", ".")}</span>'
        f'<div><a href="/lesson/{lesson.id}">{inline_html(lesson.title)}</a>{read}'
        f'<p class="goals">{goals}</p></div><p class="facts"><span>{lesson.minutes} min</span>'
        f'<span class="dots" role="img" aria-label="{said}">{dots}</span></p></li>'
    )


def _dot(solved: bool) -> str:
    return f'<span class="dot{" on" if solved else ""}"></span>'


_KEEP = (
    '<section class="keep"><h2>Your answers</h2><p>They are kept in a file on this machine, and '
    "are here again after a restart.</p>"
    '<p class="buttons"><a class="button" href="/progress.json" download>Export</a>'
    '<label class="button file">Import<input type="file" accept="application/json,.json" '
    'data-import></label><button type="button" data-reset>Start over</button></p>'
    '<p class="said" role="status" data-said></p>'
    '<dialog class="sure" aria-labelledby="sure"><form method="dialog"><h2 id="sure">Delete all '
    "answers?</h2><p>All drafts, answers and solved marks go. Export them first if you may want "
    'them back.</p><p class="buttons"><button value="no">Keep them</button>'
    '<button value="yes" class="danger">Delete them</button></p></form></dialog></section>'
)


def lesson_html(lesson_id: str, states: States) -> str | None:
    """The page of a lesson; None where there is none of this id."""
    lessons = LESSONS()
    lesson = next((one for one in lessons if one.id == lesson_id), None)
    if lesson is None:
        return None
    own = [one for one in lessons if one.module is lesson.module]
    where = f"lesson {own.index(lesson) + 1} of {len(own)}"
    body, heads = _body(lesson, states)
    place = (
        f'<a href="/#module-{lesson.module.number}">{lesson.module.number} '
        f'{escape(lesson.module.title)}</a> <span class="where">{where}</span>'
    )
    contents = (
        f'<div class="layout">{_contents(heads)}<main id="text"><article>'
        f'<p class="kicker">Module {lesson.module.number} · {where} · {lesson.minutes} minutes</p>'
        f"<h1>{inline_html(lesson.title)}</h1>{_goals(lesson)}{body}</article>"
        f"{_turn(lessons, lesson)}</main></div>"
    )
    title = f"{plain_text(lesson.title)}: taylored course"
    kinds = tuple(first(name)["kind"] for name in lesson.figures)
    return page_html(Frame(title, place, "lesson", lesson.id, kinds), contents)


def _goals(lesson: Lesson) -> str:
    rows = "".join(f"<li>{inline_html(goal)}</li>" for goal in lesson.goals)
    return f'<div class="aims"><p>After this lesson you can</p><ul>{rows}</ul></div>'


class _Body:
    """The HTML of a lesson while it is put together: sections open and close at headings."""

    def __init__(self, states: States) -> None:
        self.states = states
        self.pieces: list[str] = []
        self.heads: list[tuple[str, str]] = []
        self.section = ""
        self.figures = 0

    def close(self) -> None:
        if self.section:
            self.pieces.append("</section>\n")
        self.section = ""

    def text(self, part: Part) -> None:
        for head, body in sections(_REMEMBER.sub("## What to remember\n\n", part.body)):
            if head:
                self.open(head)
            self.pieces.append(markdown_html(body))

    def open(self, head: str) -> None:
        self.close()
        plain = plain_text(head)
        anchor = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or "part"
        taken = [a for a, _ in self.heads]
        anchor = f"{anchor}-{len(taken) + 1}" if anchor in taken else anchor
        self.heads.append((anchor, plain))
        self.section = _class_of(plain)
        self.pieces.append(f'<section class="{self.section}"><h2 id="{anchor}">'
                           f"{inline_html(head)}</h2>")  # fmt: skip

    def explore(self, part: Part) -> None:
        self.figures += 1
        self.pieces.append(explore_html(part.name, part.body, self.figures))

    def trust(self, part: Part) -> None:
        if self.section == "worked":
            self.close()
        self.figures += 1
        headed = not self.heads or self.heads[-1][1].lower() != "how far to trust it"
        self.pieces.append(trust_html(part.name, part.body, self.figures, headed=headed))

    def exercise(self, part: Part) -> None:
        if self.section == "worked":
            self.close()
        state = self.states.get(part.name, {})
        self.pieces.append(exercise_html(part.name, int(state.get("seed", 0)), state))


def _class_of(head: str) -> str:
    low = head.lower()
    return next((name for start, name in _CLASSES.items() if low.startswith(start)), "plain")


def _body(lesson: Lesson, states: States) -> tuple[str, list[tuple[str, str]]]:
    body = _Body(states)
    for part in lesson.parts:
        getattr(body, part.kind)(part)
    body.close()
    return "".join(body.pieces), body.heads


def _contents(heads: list[tuple[str, str]]) -> str:
    rows = "".join(f'<li><a href="#{a}">{escape(text)}</a></li>' for a, text in heads)
    return f'<nav class="contents" aria-label="On this page"><ol>{rows}</ol></nav>'


def _turn(lessons: Collection[Lesson], lesson: Lesson) -> str:
    ordered = list(lessons)
    at = ordered.index(lesson)
    links = ""
    if at:
        links += _link(ordered[at - 1], "before", "Back to")
    if at + 1 < len(ordered):
        links += _link(ordered[at + 1], "after", "Next")
    else:
        links += '<a class="after" href="/"><span>That was the last one</span> All lessons</a>'
    return f'<nav class="turn" aria-label="Other lessons">{links}</nav>'


def _link(lesson: Lesson, way: str, word: str) -> str:
    return (
        f'<a class="{way}" href="/lesson/{lesson.id}"><span>{word}</span> '
        f"{inline_html(lesson.title)}</a>"
    )
