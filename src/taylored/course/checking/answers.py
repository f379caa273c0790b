"""What a learner typed, read: numbers, formulas, choices, points; never run as code here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from taylored.course.checking.exercise import (
    Case,
    Choice,
    Exercise,
    Formulas,
    Match,
    Number,
    Numbers,
    Parameters,
    Place,
)
from taylored.course.checking.paper import plain, plain_number, without_label
from taylored.course.checking.tables import rows_of, undivided, with_point
from taylored.course.formulas import function_of
from taylored.errors import ArgumentError, FormulaError

__all__ = ["LONGEST", "Unread", "outputs", "read_number"]

LONGEST = 20_000  # characters of an answer
_MOST_NUMBERS = 2_000
_ENDLESS = frozenset({"inf", "infinity", "infinite", "oo", "∞"})


class Unread(Exception):
    """An answer that cannot be read: the message says what was seen and what is taken."""


def outputs(exercise: Exercise, p: Parameters, cases: Sequence[Case], raw: Any) -> list[Any]:
    """What an answer (not code) gives for each case, as arrays or tuples of ids."""
    answer = exercise.answer
    if isinstance(answer, Formulas):
        return _of_formulas(answer, p, cases, _texts(raw, len(answer.names)))
    return [_value(answer, raw)] * len(cases)


def _value(answer: Any, raw: Any) -> Any:
    if isinstance(answer, Number):
        text = _text(raw)
        if "," in text and text.strip()[0] in "([":
            raise Unread("One number is asked for here, and these are several.")
        endless = plain_number(text).lower() in _ENDLESS
        return np.asarray(math.inf if endless else read_number(text))
    if isinstance(answer, Numbers):
        return _numbers(answer, raw)
    if isinstance(answer, Place):
        return _place(answer, raw)
    if isinstance(answer, Choice):
        return _chosen((raw,), [i for i, _ in answer.options])
    if isinstance(answer, Match):
        if not isinstance(raw, list | tuple) or len(raw) != len(answer.left) or "" in raw:
            raise Unread(f"Choose one for each of the {len(answer.left)} items.")
        return _chosen(tuple(raw), [i for i, _ in answer.right])
    raise TypeError(f"not a typed answer: {answer!r}")


def _chosen(raw: tuple[Any, ...], ids: Sequence[str]) -> tuple[str, ...]:
    if any(not isinstance(r, str) or r not in ids for r in raw):
        raise Unread("Choose one of the answers offered.")
    return raw


def _text(raw: Any) -> str:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise Unread("The answer is text: a number or a formula.")
    text = str(raw)
    if len(text) > LONGEST:
        raise Unread(f"The answer has {len(text):,} characters; at most {LONGEST:,} are read.")
    if not text.strip():
        raise Unread("There is no answer yet: the field is empty.")
    return text


def _texts(raw: Any, count: int) -> list[str]:
    if count == 1 and not isinstance(raw, list | tuple):
        raw = [raw]
    if not isinstance(raw, list | tuple) or len(raw) != count:
        raise Unread(f"{count} fields are to be filled in.")
    return [_text(r) for r in raw]


def read_number(text: str) -> float:
    """A number from text: a formula without variables (`1/2`, `sqrt(2)`, `pi/4`, `e^-1`)."""
    shown = undivided(text.strip())
    if re.fullmatch(r"[-+−]?\d+,\d+", shown):
        whole = shown.replace(",", "")[:60]
        point = shown.replace(",", ".")[:60]
        if whole.lstrip("-+−").startswith("0"):
            raise Unread(f"{shown[:60]} has a comma: write {point}.")
        raise Unread(f"{shown[:60]} has a comma: write {point} or {whole}, whichever is meant.")
    value = float(_evaluate(plain_number(shown), (), {}, {}))
    if not math.isfinite(value):
        raise Unread(f"{shown[:60]} is not a finite number.")
    return value


def _numbers(answer: Numbers, raw: Any) -> np.ndarray:
    if isinstance(raw, list | tuple) and answer.names and len(raw) == len(answer.names):
        units = answer.units or [""] * len(raw)
        return np.array([_entry(r, unit) for r, unit in zip(raw, units, strict=True)])
    if isinstance(raw, list | tuple):
        raw = _matrix_text(raw)
    rows = [_row(part) for part in rows_of(_text(raw))]
    rows = [row for row in rows if row]
    if not rows:
        raise Unread("There is no number in the answer.")
    if len({len(row) for row in rows}) > 1:
        raise Unread("The rows have different lengths: " + ", ".join(str(len(r)) for r in rows))
    value = np.array(rows)
    if len(rows) == 1 and len(answer.shape) != 2:
        value = value[0]
    return value


def _entry(raw: Any, units: str = "") -> float:
    """A number, with its unit behind it or without."""
    text = re.sub(r"[\u00a0\u2009\u202f]", " ", _text(raw)).strip().rstrip(".,;")
    spelled = next((u for u in units.split() if _has_unit(text, u)), "")
    return read_number(text.removesuffix(spelled))


def _has_unit(text: str, unit: str) -> bool:
    """Whether a number stands before the unit, and not more letters of another one."""
    number = text.removesuffix(unit)
    return number != text and number[-1:] != "" and number[-1] in "0123456789.) "


def _matrix_text(raw: Any) -> str:
    rows = raw if all(isinstance(r, list | tuple) for r in raw) else [raw]
    return "; ".join(", ".join(_text(v) for v in row) for row in rows)


def _row(text: str) -> list[float]:
    """Numbers between commas, or between blanks where there is no comma outside parentheses."""
    if not with_point(text):
        raise Unread("Is a comma here a decimal point? Write 1.5, 2.5 with points.")
    pieces = _split(text, ",")
    if len(pieces) == 1:
        pieces = _split(text, " ") if not re.search(r"\s[-+*/^]\s", text) else pieces
    pieces = [piece for piece in pieces if piece.strip()]
    if len(pieces) > _MOST_NUMBERS:
        raise Unread(f"{len(pieces):,} numbers; at most {_MOST_NUMBERS:,} are read.")
    return [read_number(piece) for piece in pieces]


def _split(text: str, separator: str) -> list[str]:
    """Split at separators that are not inside parentheses."""
    pieces, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if letter == separator and depth <= 0:
            pieces.append(text[start:at])
            start = at + 1
    return [*pieces, text[start:]]


def _place(answer: Place, raw: Any) -> np.ndarray:
    value = _numbers(Numbers(names=answer.names), raw)
    if value.shape != (len(answer.names),):
        raise Unread(f"A point has {len(answer.names)} coordinates: {', '.join(answer.names)}.")
    return value if len(answer.names) > 1 else value[0]


def _of_formulas(
    answer: Formulas, p: Parameters, cases: Sequence[Case], texts: Sequence[str]
) -> list[np.ndarray]:
    known = {n: v for n, v in vars(p).items() if isinstance(v, int | float)}
    found = []
    texts = [_left_side(t, answer) for t in texts]
    for case in cases:
        values = dict(zip(answer.variables, case, strict=False))
        row = [_evaluate(t, answer.variables, values, known) for t in texts]
        found.append(np.array(row) if len(texts) > 1 else np.asarray(row[0]))
    return found


def _left_side(text: str, answer: Formulas) -> str:
    """Of an equation the difference of its two sides, where equations are asked for."""
    parts = text.split("=") if answer.equations else []
    if (
        len(parts) > 1
        and parts[0].strip() not in answer.variables
        and not without_label(parts[0] + "=")
    ):
        parts = parts[1:]
    return f"({parts[0]}) - ({parts[1]})" if len(parts) == 2 else text


def _evaluate(
    text: str, variables: Sequence[str], values: dict[str, Any], known: dict[str, Any]
) -> float:
    """The value of a formula; `e` is Euler's number unless it is a variable."""
    have = {"e": math.e, **known, **values}
    call, names = _formula(text, frozenset(have))
    for name in names:
        if name not in have:
            raise Unread(_strange(name, variables))
    with np.errstate(all="ignore"):
        try:
            return float(call(*(float(have[n]) for n in names)))
        except (ArithmeticError, ValueError, TypeError):
            return math.nan


def _strange(name: str, variables: Sequence[str]) -> str:
    if variables:
        return (f"{name} is not known here: the answer is a formula of {', '.join(variables)}. "
                f"If {name} stands for something, write that out.")  # fmt: skip
    return f"{name!r} is not a number; write the number alone: 0.5, 1/2 or sqrt(2)."


@lru_cache(maxsize=1024)
def _formula(text: str, known: frozenset[str]) -> tuple[Callable[..., Any], tuple[str, ...]]:
    try:
        return function_of(plain(without_label(text), known))
    except (FormulaError, ArgumentError) as error:
        raise Unread(str(error)) from None
