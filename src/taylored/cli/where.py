"""Row filters such as `t < 50 and group == 'A'`: read by a whitelist, never evaluated as code.

The text is parsed by Python's own parser into a syntax tree, of which only comparisons of a
column with a number or a quoted text, `and`, `or`, `not`, `in` and parentheses are accepted.
A comparison with a missing cell is undecided, and a row that stays undecided is left out.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taylored.errors import FormulaError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ColumnUse", "RowFilter", "parse_where"]

_MAX_LENGTH = 2000
_MAX_DEPTH = 50
_EXAMPLE = "write the filter like  t < 50 and group == 'A'"
_SIGNS: dict[type, str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
# Quoted texts, backquoted names and words: everything that may hold a letter beyond ASCII.
_PIECE = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|[^\W\d]\w*")


@dataclass(frozen=True)
class ColumnUse:
    """One comparison's column: its name as written, what it is compared with, and where."""

    name: str
    kind: str  # "number" or "text"
    position: int


@dataclass(frozen=True)
class RowFilter:
    """A parsed filter: the columns it needs, and its tree of tuples."""

    text: str
    uses: tuple[ColumnUse, ...]
    tree: tuple[Any, ...]

    def expression(self, column: Callable[[ColumnUse], pl.Expr]) -> pl.Expr:
        """The filter as a polars expression that is null where a missing cell leaves it open."""
        return _expression(self.tree, column)


def parse_where(text: str) -> RowFilter:
    """Read a row filter; raises `FormulaError` with the place of whatever is not allowed."""
    if len(text) > _MAX_LENGTH:
        raise FormulaError(
            f"The row filter is {len(text)} characters long, and the limit is {_MAX_LENGTH}.",
            next_step="use `in (...)`, or filter the file beforehand",
        )
    return _Reader(text).read()


def _expression(tree: tuple[Any, ...], column: Callable[[ColumnUse], pl.Expr]) -> pl.Expr:
    head = tree[0]
    if head == "not":
        return ~_expression(tree[1], column)
    if head in ("and", "or"):
        first, *others = (_expression(part, column) for part in tree[1])
        for other in others:
            first = (first & other) if head == "and" else (first | other)
        return first
    return _comparison(column(tree[1]), head, tree[2])


def _comparison(left: pl.Expr, sign: str, right: Any) -> pl.Expr:
    if sign == "in":
        return left.is_in(list(right))
    if sign == "not in":
        return ~left.is_in(list(right))
    method = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}[sign]
    import polars as pl

    return getattr(left, method)(pl.lit(right))


class _Reader:
    """One reading of one filter text."""

    def __init__(self, text: str):
        self.text = re.sub(r"\s", " ", text)
        self.names: dict[int, str] = {}
        self.texts: dict[int, str] = {}
        self.uses: list[ColumnUse] = []

    def read(self) -> RowFilter:
        plain = _PIECE.sub(self._placeholder, self.text)
        self._check_characters(plain)
        # Python would take leading blanks for an indentation; they are put back as an offset.
        self.offset = len(plain) - len(plain.lstrip())
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                body = ast.parse(plain.strip(), mode="eval").body
            tree = self._condition(body, 0)
        except SyntaxError as error:
            end = len(plain.rstrip())  # where Python names no place, the text ends too early
            position = min(self.offset + error.offset - 1, end) if error.offset else end
            raise self._error("The row filter cannot be read.", position) from None
        except (RecursionError, MemoryError, ValueError) as error:
            if isinstance(error, FormulaError):
                raise
            raise self._error("The row filter cannot be read.", 0) from None
        return RowFilter(self.text, tuple(self.uses), tree)

    def _placeholder(self, match: re.Match[str]) -> str:
        """Stand-in of equal length, so that places in the tree stay places in the text."""
        piece, start = match.group(), match.start()
        if piece[0] in "'\"":
            if start and re.match(r"\w", self.text[start - 1]):
                raise self._error("A letter before a quoted text has no meaning here.", start - 1)
            self.texts[start] = piece[1:-1]
        elif piece[0] == "`":
            self.names[start] = piece[1:-1]
        elif piece.isascii():
            return piece
        else:
            self.names[start] = piece
        return "_" * len(piece)

    def _check_characters(self, plain: str) -> None:
        if not plain.strip():
            raise self._error("The row filter is empty.", 0)
        for match in re.finditer(r"[^ -~]|['\"`#;]", plain):
            what = "A quote is not closed." if match[0] in "'\"`" else "A character has no meaning."
            raise self._error(what, match.start())
        single = re.search(r"(?<![=<>!:])=(?!=)", plain)
        if single:
            raise self._error("One `=` does not compare.", single.start(), "write `==`")
        signs = re.search(r"&&?|\|\|?|!(?!=)", plain)
        if signs:
            step = "write `and`, `or`, `not`"
            raise self._error(f"`{signs[0]}` is not used in filters.", signs.start(), step)

    def _error(self, what: str, position: int, step: str = _EXAMPLE) -> FormulaError:
        return FormulaError(what, text=self.text, position=position, next_step=step)

    def _at(self, node: ast.expr) -> int:
        return node.col_offset + self.offset

    def _condition(self, node: ast.expr, depth: int) -> tuple[Any, ...]:
        if depth > _MAX_DEPTH:
            raise self._error(f"The filter is nested deeper than {_MAX_DEPTH}.", self._at(node))
        if isinstance(node, ast.BoolOp):
            head = "and" if isinstance(node.op, ast.And) else "or"
            return (head, [self._condition(part, depth + 1) for part in node.values])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return ("not", self._condition(node.operand, depth + 1))
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            parts = [
                self._compare(left, op, right)
                for left, op, right in zip(sides, node.ops, sides[1:], strict=False)
            ]
            return parts[0] if len(parts) == 1 else ("and", parts)
        raise self._error("Here a comparison is needed.", self._at(node))

    def _compare(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> tuple[Any, ...]:
        sign = _SIGNS.get(type(op))
        if sign is None:
            raise self._error("`is` does not compare.", self._at(right), "write `==` or `!=`")
        name, turned = self._name(left), False
        if name is None and sign in _TURNED:
            name, turned = self._name(right), True
        if name is None:
            raise self._error("A comparison needs a column on one side.", self._at(left))
        value, place = (left, right) if turned else (right, left)
        members = self._members(value) if sign in ("in", "not in") else [self._value(value)]
        kinds = {"text" if isinstance(member, str) else "number" for member in members}
        if len(kinds) > 1:
            raise self._error("The list mixes numbers and quoted texts.", self._at(value))
        use = ColumnUse(name, kinds.pop(), self._at(place))
        self.uses.append(use)
        if sign in ("in", "not in"):
            return (sign, use, members)
        return (_TURNED[sign] if turned else sign, use, members[0])

    def _name(self, node: ast.expr) -> str | None:
        if not isinstance(node, ast.Name) or self._at(node) in self.texts:
            return None
        return self.names.get(self._at(node), node.id)

    def _members(self, node: ast.expr) -> list[float | str]:
        if not isinstance(node, ast.Tuple | ast.List | ast.Set):
            return [self._value(node)]
        if not node.elts:
            raise self._error("The list after `in` is empty.", self._at(node))
        return [self._value(member) for member in node.elts]

    def _value(self, node: ast.expr) -> float | str:
        if isinstance(node, ast.Name) and self._at(node) in self.texts:
            return self.texts[self._at(node)]
        factor, inner = 1.0, node
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            factor, inner = (-1.0 if isinstance(node.op, ast.USub) else 1.0), node.operand
        value = inner.value if isinstance(inner, ast.Constant) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            what = "A column can be compared with a number or a quoted text only."
            raise self._error(what, self._at(node))
        try:
            return factor * float(value)
        except OverflowError:
            raise self._error("The number is too large.", self._at(node)) from None
