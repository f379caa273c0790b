"""An exercise in a page: its task with the learner's own numbers, and a form for its answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from html import escape
from importlib import import_module
from random import Random
from typing import Any

from taylored.course.checking.exercise import (
    Choice,
    Code,
    Drawn,
    Exercise,
    Formulas,
    Match,
    Number,
    Numbers,
    Place,
)
from taylored.course.pages.figures import data
from taylored.course.pages.graph import curve_svg
from taylored.course.pages.lesson import lesson_of
from taylored.course.pages.markdown import inline_html, markdown_html, plain_text

__all__ = ["exercise_html", "exercise_named", "fill", "help_html"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Fill = Callable[[str], str]


def exercise_named(exercise_id: str) -> Exercise | None:
    """The exercise of an id; None where there is none."""
    if not re.fullmatch(r"\d[A-Z]", exercise_id):
        return None
    module = f"taylored.course.exercises.e{exercise_id.lower()}"
    try:
        return import_module(module).EXERCISE
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return None


@lru_cache(maxsize=256)
def _drawn(exercise_id: str, seed: int) -> Drawn:
    """The numbers of an exercise for a seed."""
    from taylored.course.checking.draw import draw  # needs NumPy, the index page does not

    exercise = exercise_named(exercise_id)
    if exercise is None:
        raise KeyError(exercise_id)
    return draw(exercise, seed)


def fill(text: str, values: Mapping[str, Any]) -> str:
    """A text with the drawn numbers in the places of `<<name>>`, in formulas as LaTeX."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            raise LookupError(f"<<{found[1]}>> is none of {', '.join(values) or 'nothing drawn'}")
        written = _written(values[found[1]])
        if len(re.findall(r"\$+", text[: found.start()])) % 2:  # inside of $..$ or $$..$$
            written = re.sub(r"e([-+]?\d+)$", r" \\cdot 10^{\1}", written)
        return written

    return re.sub(r"<<(\w+)>>", value, text)


def _written(value: Any) -> str:
    """A drawn value in a text: numbers to six digits, rows between semicolons."""
    if isinstance(value, float):
        return re.sub(r"e([-+])0*", lambda e: "e" + e[1].strip("+"), f"{value:.6g}")
    if isinstance(value, Sequence) and not isinstance(value, str):
        nested = any(isinstance(v, Sequence) and not isinstance(v, str) for v in value)
        return ("; " if nested else ", ").join(_written(v) for v in value)
    return str(value)


def help_html(exercise_id: str, seed: int, which: str) -> str:
    """The second hint ("again") or the worked answer ("worked") of an exercise."""
    exercise = exercise_named(exercise_id)
    if exercise is None or which not in ("again", "worked"):
        raise KeyError(exercise_id)
    text = exercise.again if which == "again" else exercise.worked
    return markdown_html(fill(text, vars(_drawn(exercise_id, seed).p)))


def exercise_html(exercise_id: str, seed: int, state: Mapping[str, Any] | None = None) -> str:
    """An exercise for a seed, with its state (draft, tries, last reply) for the scripts."""
    exercise, found = exercise_named(exercise_id), lesson_of(exercise_id)
    name = escape(exercise_id)
    if exercise is None or found is None:
        return (f'<section class="exercise" id="ex-{name}"><h3>Exercise {name}</h3>'
                "<p>This exercise is not there yet.</p></section>\n")  # fmt: skip
    values = vars(_drawn(exercise_id, seed).p)
    task = markdown_html(fill(found[1].body, values))
    form = _form(exercise, seed, lambda text: fill(text, values))
    kind = exercise.answer.type
    return (
        f'<section class="exercise" id="ex-{name}" data-exercise="{name}" data-kind="{kind}" '
        f'data-seed="{seed:d}" aria-labelledby="ex-{name}-title">'
        f"{data(dict(state or {'seed': seed}), 'state')}"
        f'<h3 id="ex-{name}-title"><span class="tag">Exercise {name}</span> '
        f"{inline_html(exercise.title)} {_DONE}</h3>"
        f'<div class="task">{task}</div><form class="answer" novalidate>{form}{_ACTIONS}</form>'
        '<div class="reply" role="status"></div><div class="help" role="status"></div></section>\n'
    )


_NUMBER = "A number such as <code>0.25</code>, <code>1/3</code> or <code>2*sqrt(3)</code>."
_DONE = '<span class="solved" hidden>solved</span>'
_ACTIONS = (
    '<div class="actions"><button type="submit" class="primary">Check</button>'
    '<button type="button" data-help="again" hidden>Second hint</button>'
    '<button type="button" data-help="worked" hidden>Worked answer</button>'
    '<button type="button" data-another>Other numbers</button></div>'
    '<p class="busy" role="status"></p>'
)


def _form(exercise: Exercise, seed: int, full: Fill) -> str:
    """The fields of an answer, by its kind."""
    answer, name = exercise.answer, f"a-{exercise.id}"
    if isinstance(answer, Number):
        return _number(answer, name, full)
    if isinstance(answer, Formulas):
        hint = f"A formula of {', '.join(answer.variables)}, such as "
        return _fields(answer.names, name, full, "formula", f"{hint}{_example(answer)}.")
    if isinstance(answer, Numbers):
        return _numbers(answer, name, full)
    if isinstance(answer, Place):
        return f'<div class="place">{_fields(answer.names, name, full, "number", _NUMBER)}</div>'
    if isinstance(answer, Choice):
        return _choice(answer, name, full)
    return _match(answer, name, seed, full) if isinstance(answer, Match) else _code(
        answer, name, full)  # fmt: skip


def _example(answer: Formulas) -> str:
    first = answer.variables[0]
    return f"<code>2{first}^3*sin(3{first})</code> or <code>exp(-{first}/2)</code>"


def _field(label: str, at: str, kind: str, *, after: str = "") -> str:
    """A labelled line to type in; a formula or number is shown as it is read, below it."""
    return (
        f'<div class="field"><label for="{at}">{label}</label><span class="line">'
        f'<input id="{at}" type="text" autocomplete="off" autocapitalize="off" spellcheck="false" '
        f'data-reads="{kind}">{after}</span>'
        f'<output class="seen" for="{at}" aria-hidden="true"></output></div>'
    )


def _number(answer: Number, name: str, full: Fill) -> str:
    unit = f'<span class="unit">{inline_html(full(answer.unit))}</span>' if answer.unit else ""
    label = inline_html(full(answer.label[:1].upper() + answer.label[1:]))
    return _field(label, name, "number", after=unit) + _note(_NUMBER)


def _fields(names: Sequence[str], name: str, full: Fill, kind: str, note: str) -> str:
    labels = [inline_html(full(n).replace("'", "′")) for n in names]  # f' is no quotation
    fields = [_field(label, f"{name}-{k}", kind) for k, label in enumerate(labels)]
    return f'<div class="fields">{"".join(fields)}</div>{_note(note)}'


def _note(text: str) -> str:
    return f'<p class="note">{text}</p>'


def _numbers(answer: Numbers, name: str, full: Fill) -> str:
    if answer.names and len(answer.shape) != 2:
        return _fields(answer.names, name, full, "number", _NUMBER)
    if len(answer.shape) == 2:
        return (
            f'<div class="field"><label for="{name}">Your matrix</label>'
            f'<textarea id="{name}" rows="3" data-reads="matrix" spellcheck="false" '
            f'autocapitalize="off"></textarea>'
            f'<output class="seen" for="{name}" aria-hidden="true"></output></div>'
            '<p class="note">A line for each row, such as <code>1, 2</code> and below it '
            "<code>3, 4</code>; or <code>1 2; 3 4</code>.</p>"
        )
    return _field("Your numbers, with commas between them", name, "list")


def _choice(answer: Choice, name: str, full: Fill) -> str:
    rows = [
        f'<label class="option"><input type="radio" name="{name}" value="{escape(value)}">'
        f"<span>{inline_html(full(text))}</span></label>"
        for value, text in answer.options
    ]
    return f'<fieldset class="choice"><legend>Choose one</legend>{"".join(rows)}</fieldset>'


def _shown(text: str, full: Fill) -> str:
    """A text of a match: a graph where it is a curve."""
    if text.startswith("curve:"):
        return curve_svg(full(text.removeprefix("curve:").strip()))
    return f"<span>{inline_html(full(text))}</span>"


def _match(answer: Match, name: str, seed: int, full: Fill) -> str:
    """Items with a row of letters each; the letters name cards in an order of the learner's own."""
    cards = list(answer.right)
    Random(f"{name}:{seed}").shuffle(cards)
    shown = [
        f'<li class="card"><span class="letter">{letter}</span>{_shown(text, full)}</li>'
        for letter, (_, text) in zip(_LETTERS, cards, strict=False)
    ]
    items = [
        f'<fieldset class="item"><legend><span class="number">{k + 1}</span>{_shown(text, full)}'
        f'</legend><div class="letters">{_letters(cards, f"{name}-{k}", full)}</div></fieldset>'
        for k, (_, text) in enumerate(answer.left)
    ]
    return (
        f'<div class="match"><div class="items">{"".join(items)}</div>'
        f'<ol class="cards" aria-label="The answers to choose from">{"".join(shown)}</ol></div>'
    )


def _letters(cards: Sequence[tuple[str, str]], group: str, full: Fill) -> str:
    return "".join(
        f'<label><input type="radio" name="{group}" value="{escape(value)}">'
        f"<span>{letter}</span></label>"
        for letter, (value, _) in zip(_LETTERS, cards, strict=False)
    )


def _code(answer: Code, name: str, full: Fill) -> str:
    starter = full(answer.starter)
    returns = escape(plain_text(full(answer.returns)))
    return (
        f'<div class="field"><label for="{name}">Your function <code>{escape(answer.name)}'
        f"</code>, which returns {returns}</label>"
        f'<div class="editor"><div class="gutter" aria-hidden="true"></div>'
        f'<textarea id="{name}" rows="{min(max(starter.count(chr(10)) + 3, 6), 24)}" '
        'data-reads="code" wrap="off" spellcheck="false" autocapitalize="off" autocomplete="off" '
        f'aria-describedby="{name}-keys">\n{escape(starter)}</textarea></div>'
        f'<p class="note" id="{name}-keys">Tab indents; <kbd>Esc</kbd> and then Tab leaves the '
        "field. <kbd>Ctrl</kbd> + <kbd>Enter</kbd> checks. <code>numpy</code>, <code>math</code> "
        "and <code>taylored</code> can be imported.</p></div>"
    )
