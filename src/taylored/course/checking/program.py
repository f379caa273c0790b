"""A program or formula as text and tree at once: where each expression stands, and names in it."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import NamedTuple

from taylored.course.checking.common import CommonMistake

__all__ = ["TIMES", "Change", "Program", "Repair"]

TIMES = ("2", "3", "4", "6", "24")  # factors that are tried anyway
_TRIED = (0, 1, *map(int, TIMES))
_MOST_NAMES = 8
_MOST_ENTRIES = 4
_SHORT = 4  # letters
_LONGEST_NUMBER = 1_000  # bits


class Repair(NamedTuple):
    """A text with one small change: its kind, the line, what was there, and the whole changed.

    `around` is the expression of which it was a part, where it is so short that it may recur.
    """

    mistake: CommonMistake
    line: int
    before: str
    text: str
    around: str = ""


class Change(NamedTuple):
    mistake: CommonMistake
    node: ast.expr | ast.stmt
    new: str  # in its place
    added: bool = False  # something that was forgotten, and not another thing than was written


class Program:
    """A text with its tree: pieces of the one for nodes of the other."""

    def __init__(self, text: str, tree: ast.AST) -> None:
        self.text = text
        self.bytes = text.encode()
        self.starts = [0]
        for line in self.bytes.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.parents = {
            child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)
        }
        self.tree = tree
        self.expressions = [
            n for n in ast.walk(tree) if isinstance(n, ast.expr) and self._counts(n)
        ]
        self.expressions.sort(key=lambda n: (n.lineno, n.col_offset))
        self.names = self._names()
        self.library = self._library()
        self.entries = self._entries()

    def _counts(self, node: ast.expr) -> bool:
        """Whether a value is computed here: no target, annotation, decorator or part of a text."""
        if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
            return False
        parent = self.parents.get(node)
        if isinstance(parent, ast.arg | ast.JoinedStr | ast.FormattedValue | ast.Expr):
            return False
        if isinstance(parent, ast.FunctionDef) and node is not parent.body:
            return False
        return not isinstance(node, ast.JoinedStr | ast.Starred | ast.Slice)

    def _names(self) -> tuple[str, ...]:
        """Arguments and variables, in the order in which they appear."""
        known: dict[str, None] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.arg):
                known.setdefault(node.arg)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                known.setdefault(node.id)
        if not known:  # a formula
            calls = {n.func for n in ast.walk(self.tree) if isinstance(n, ast.Call)}
            known = {n.id: None for n in self.expressions
                     if isinstance(n, ast.Name) and n not in calls}  # fmt: skip
        return tuple(known)[:_MOST_NAMES]

    def _entries(self) -> tuple[str, ...]:
        """Entries of arrays, such as `steps[-1]`, and numbers: what may be forgotten elsewhere."""
        found = [self.bare(n) for n in self.expressions if isinstance(n, ast.Subscript)]
        numbers = [self.bare(n) for n in self.expressions if isinstance(n, ast.Constant)
                   and type(n.value) in (int, float) and n.value not in _TRIED]  # fmt: skip
        return (*dict.fromkeys(found), *dict.fromkeys(numbers))[:_MOST_ENTRIES]

    @property
    def has_giants(self) -> bool:
        """Whether there are whole numbers that Python itself refuses to write out."""
        numbers = [n.value for n in self.expressions if isinstance(n, ast.Constant)]
        return any(isinstance(v, int) and v.bit_length() > _LONGEST_NUMBER for v in numbers)

    def _library(self) -> str:
        """What functions of one number are called with: `np.`, `math.`, or nothing."""
        known = {n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name)}
        return next((f"{name}." for name in ("np", "jnp", "math") if name in known), "")

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return (self.starts[node.lineno - 1] + node.col_offset,
                self.starts[node.end_lineno - 1] + node.end_col_offset)  # fmt: skip

    def bare(self, node: ast.expr | ast.stmt) -> str:
        start, end = self.span(node)
        return self.bytes[start:end].decode()

    def cut(self, *places: int) -> list[str]:
        """The pieces of the text between places."""
        return [self.bytes[a:b].decode() for a, b in pairwise(places)]

    def keyword(self, node: ast.keyword) -> str:
        name = f"{node.arg}=" if node.arg else "**"
        return name + self.bare(node.value)

    def seen(self, node: ast.expr) -> str:
        """The text of an expression, in parentheses where it needs them."""
        text = self.bare(node)
        plain = ast.Name | ast.Constant | ast.Call | ast.Subscript | ast.Attribute | ast.List
        return text if isinstance(node, plain) else f"({text})"

    def repair(self, *changes: Change) -> Repair:
        text = self.bytes
        for change in sorted(changes, key=lambda c: self.span(c.node), reverse=True):
            start, end = self.span(change.node)
            text = text[:start] + change.new.encode() + text[end:]
        first = changes[0]
        before, above = self.bare(first.node), self.parents.get(first.node)
        around = ""
        if isinstance(above, ast.expr) and len(before) < _SHORT:
            around = self.bare(above)
        return Repair(first.mistake, first.node.lineno, before, text.decode(), around)
