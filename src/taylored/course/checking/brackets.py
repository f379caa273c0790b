"""Lost parentheses: `1/2x` is a half of x, `e^3x` is x times e^3; was another reading meant?"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np

from taylored.course.checking.answers import Unread, outputs
from taylored.course.checking.common import CommonMistake
from taylored.course.checking.compare import same
from taylored.course.checking.draw import expected
from taylored.course.checking.exercise import Drawn, Exercise, Formulas
from taylored.course.checking.paper import plain, without_label

__all__ = ["BRACKETS", "unbracketed"]

BRACKETS = CommonMistake(
    "Parentheses are missing",
    "Your formula would be right if it were read in another way than it is. On paper the length "
    "of a fraction line and the height of an exponent show what belongs together; in a line of "
    "text only parentheses do. A slash divides by the next factor alone: 1/2*x is a half of x, "
    "and one over 2x is written 1/(2*x). So x^2/2*s^2 is multiplied by s squared, and not divided "
    "by it. An exponent, too, is the next factor alone: e^3x is e to the third times x, and the "
    "exponential of 3x is written e^(3x) or exp(3x). Put parentheses around everything that "
    "stands below the line or in the exponent.",
)
_TOKENS = re.compile(r"\*\*|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|\w+|\S")
_RAISED = re.compile(r"\be ?(\^|\*\*) ?(-?(?:\d+(?:\.\d*)?|[^\W\d]\w*)) ?\* ?([^\W\d]\w*)(?! ?\()")
_MOST_SLASHES = 6
_OPEN = ("", "(", ",", "*", "/", "^", "**")  # a sign after one of these belongs to what follows


def unbracketed(exercise: Exercise, drawn: Drawn, raw: Any) -> int | None:
    """The first wrong field that is right once the missing parentheses are put in."""
    answer = exercise.answer
    if not isinstance(answer, Formulas) or exercise.judge is not None:
        return None
    texts = [str(t) for t in raw] if isinstance(raw, list | tuple) else [str(raw)]
    known = {*answer.variables, *vars(drawn.p)}
    for at, text in enumerate(texts):
        others = list(_readings(plain(without_label(text), known)))
        if not others or _is_right(exercise, drawn, texts, at):
            continue
        for other in others:
            if _is_right(exercise, drawn, [*texts[:at], other, *texts[at + 1 :]], at):
                return at
    return None


def _is_right(exercise: Exercise, drawn: Drawn, texts: Sequence[str], at: int) -> bool:
    try:
        found = outputs(exercise, drawn.p, drawn.cases, list(texts))
    except Unread:
        return False
    return all(
        same(np.ravel(got)[at], np.ravel(expected(exercise, drawn.p, case))[at], exercise.tolerance)
        for got, case in zip(found, drawn.cases, strict=True)
    )


def _readings(text: str) -> Iterator[str]:
    """The other ways to read a formula that has too few parentheses."""
    every = range(min(text.count("/"), _MOST_SLASHES))
    single = (_below(text, (slash,)) for slash in every)
    for other in (_below(text, every), _raised(text), _below(_raised(text), every), *single):
        if other != text:
            yield other


def _raised(text: str) -> str:
    """A product after `e^` as the exponent."""
    return _RAISED.sub(r"e\1(\2*\3)", text)


def _below(text: str, slashes: Collection[int]) -> str:
    """All factors that follow one of these slashes below the line."""
    count = 0
    written: list[str] = []
    groups: list[int] = []  # the depths of the parentheses that were put in
    depth, last = 0, ""
    for token in [*_TOKENS.findall(text), ""]:
        sign = token in ("+", "-") and last not in _OPEN
        while groups and groups[-1] == depth and (sign or token in ("", ",", "/", ")")):
            written.append(")")
            groups.pop()
        written.append(token)
        depth += (token == "(") - (token == ")")
        if token == "/":
            if count in slashes:
                written.append("(")
                groups.append(depth)
            count += 1
        last = token
    return "".join(written)
