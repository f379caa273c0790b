"""Constraints as text: `x^2 + y^2 = 1`, `x + y <= 1`, `0 <= x - y <= 2`.

Two sides and a sign become one expression that is 0, or at most 0, where the constraint holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

from taylored.errors import FormulaError
from taylored.formula import Expression, parse

__all__ = ["Relation", "read_relation", "read_relations"]

_SIGNS = {"=": "=", "==": "=", "<": "<=", "<=": "<=", "≤": "<=", ">": ">=", ">=": ">=", "≥": ">="}
_TURNED = {"=<": "<=", "=>": ">="}
_PIECE = re.compile(r"`[^`]*`|[()]|[<>=!~]=?|[≤≥≠]|=>|[^\W\d]\w*|&&?|\|\|?")
_JOINTS = frozenset({"and", "or", "&", "&&", "|", "||"})


@dataclass(frozen=True)
class Relation:
    """One constraint: `expression` is 0 ("equal") or at most 0 ("at_most") where it holds.

    `text` is what the user wrote. The expression is left - right, or right - left where `turned`:
    then the constraint said that the left side is at least the right side.
    """

    text: str
    kind: str
    expression: Expression
    left: Expression
    right: Expression
    turned: bool = False

    @cached_property
    def bound(self) -> tuple[str, float, float] | None:
        """Name, lower and upper end where one side is a name and the other a number."""
        name, number, below = _alone(self.left), _number(self.right), not self.turned
        if name is None or number is None:
            name, number, below = _alone(self.right), _number(self.left), self.turned
        if name is None or number is None:
            return None
        if self.kind == "equal":
            return name, number, number
        return (name, -float("inf"), number) if below else (name, number, float("inf"))


def read_relation(text: str) -> Relation:
    """Read one constraint; whatever is none is a `FormulaError` with a caret at the place."""
    first, *others = read_relations(text)
    if others:
        apart = " and ".join(r.text for r in (first, *others))
        what = f"{len(others) + 1} signs make as many constraints."
        raise _error(text, _signs(text)[1].at, what, "", f"write them apart: {apart}")
    return first


def read_relations(text: str) -> tuple[Relation, ...]:
    """Read a constraint, or a chain like `0 <= x - y <= 2`, which is one for each of its signs."""
    if not isinstance(text, str):
        parse(text)  # says what it is instead of text
    signs = _signs(text)
    if not signs:
        raise _unrelated(text)
    ends = [0, *(sign.end for sign in signs)]
    starts = [*(sign.at for sign in signs), len(text)]
    sides = [_side(text, a, b, signs) for a, b in zip(ends, starts, strict=True)]
    return tuple(
        _relation(text, sign, left, right, len(signs) == 1)
        for sign, (left, right) in zip(signs, pairwise(sides), strict=True)
    )


class _Sign(NamedTuple):
    at: int
    end: int
    meaning: str


def _signs(text: str) -> list[_Sign]:
    """The signs outside of all parentheses; what else relates or joins there is refused."""
    found, depth = [], 0
    for match in _PIECE.finditer(text):
        piece, at = match.group(), match.start()
        if piece in "()":
            depth += 1 if piece == "(" else -1
        elif depth == 0 and piece[0] != "`":
            _refuse(text, at, piece)
            if piece in _SIGNS:
                found.append(_Sign(at, match.end(), _SIGNS[piece]))
    return found


def _refuse(text: str, at: int, piece: str) -> None:
    """What stands between two sides and is no sign of a constraint."""
    turned = _TURNED.get(text[at : at + 2])
    if turned:
        raise _error(text, at, f"{text[at : at + 2]} has no meaning here.", "", f"write {turned}")
    if piece in ("!=", "≠"):
        why = "Almost every point satisfies it."
        raise _error(text, at, "A constraint cannot be a ≠.", why, "use <= or >= with a margin")
    if piece in ("~", "~="):
        why = "~ is for data, in formulas that are fitted."
        raise _error(text, at, "This ~ relates no two sides.", why, "write =, <= or >=")
    if piece in ("if", "else", "not"):
        step = "put parentheses around what it belongs to"
        raise _error(text, at, f"{piece} is not clear beside a sign.", "", step)
    if piece in _JOINTS:
        step = "give each constraint on its own"
        raise _error(text, at, f"{piece} does not join constraints.", "", step)


def _side(text: str, start: int, end: int, signs: list[_Sign]) -> Expression:
    """One side; carets stay at their places in the whole text."""
    if not text[start:end].strip():
        sign = next(s for s in signs if start in (0, s.end) and (s.end == start or s.at == end))
        piece = text[sign.at : sign.end]
        which = "after" if sign.end == start else "before"
        step = "write a value there, such as 0"
        raise _error(text, sign.at, f"Nothing stands {which} {piece}.", "", step)
    try:
        return parse(" " * start + text[start:end]).model
    except FormulaError as error:
        raise FormulaError(
            error.what, text=text, position=error.position, why=error.why,
            next_step=error.next_step,
        ) from None  # fmt: skip


def _relation(text: str, sign: _Sign, left: Expression, right: Expression, only: bool) -> Relation:
    turned = sign.meaning == ">="
    if not left.names and not right.names:
        raise _error(
            text, sign.at, "This constraint has no variable.", "Both sides are numbers.",
            "name a variable in it, or leave it out",
        )  # fmt: skip
    own = text.strip() if only else f"{left.text} {text[sign.at : sign.end]} {right.text}"
    expression = _difference(right, left) if turned else _difference(left, right)
    kind = "equal" if sign.meaning == "=" else "at_most"
    return Relation(own, kind, expression, left, right, turned)


def _difference(a: Expression, b: Expression) -> Expression:
    """a - b, as one program whose names stand in the order in which they were written."""
    if _number(b) == 0.0:
        return a
    if _number(a) == 0.0:
        last = b._nodes[-1]._replace(op="neg", args=(len(b._nodes) - 1,), value=None)
        return replace(b, text=f"-{_grouped(b)}", _nodes=(*b._nodes, last))
    shift = len(a._nodes)
    moved = (n._replace(args=tuple(i + shift for i in n.args)) for n in b._nodes)
    nodes = (*a._nodes, *moved)
    last = nodes[-1]._replace(op="sub", args=(shift - 1, len(nodes) - 1), value=None)
    spots: dict[str, int] = dict(b.positions)
    for name, at in a.positions.items():
        spots[name] = min(at, spots.get(name, at))
    names = sorted(spots, key=lambda name: spots[name])
    text = f"{a.text} - {_grouped(b)}"
    return Expression(text, tuple(names), tuple(spots[n] for n in names), (*nodes, last))


def _grouped(b: Expression) -> str:
    """In parentheses, but for a single name, number or call."""
    single = re.fullmatch(r"[\w.]+|`[^`]*`", b.text)
    return b.text if single else f"({b.text})"


def _alone(side: Expression) -> str | None:
    return side.names[0] if len(side._nodes) == 1 and side.names else None


def _number(side: Expression) -> float | None:
    """The value of a side without names that is one number (signs included)."""
    last: Any = side._nodes[-1]
    return float(last.value) if len(side._nodes) == 1 and last.op == "number" else None


def _unrelated(text: str) -> FormulaError:
    parse(text)  # what cannot be read at all is said first
    return _error(
        text, len(text.rstrip()), "This is no constraint.", "It has no =, <= or >=.",
        f"write {text.strip()[:40]} = 0, or <= 0",
    )  # fmt: skip


def _error(text: str, at: int, what: str, why: str, step: str) -> FormulaError:
    return FormulaError(what, text=text, position=at, why=why, next_step=step)
