"""Programs as expression trees: what is simplified, and then written as LaTeX or as a formula.

Nodes are immutable and made once: equal expressions are one object, so that a tree with shared
parts stays as small as its program, and equality is identity. Sums and products know no order;
they are written in the order in which their parts were met first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

__all__ = ["CONDITIONS", "Forest", "Node", "is_number", "reachable", "recognized"]

CONDITIONS = frozenset(["lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not", "truth"])


class Node:
    """One expression: an operation on others, or a leaf with a value.

    Leaves: "num" (a Fraction), "name" (text), "const" ("pi", "inf", "-inf" or "nan") and "truth"
    (a bool). Canonical operations: "add" (terms), "mul" (a number first, then factors), "pow"
    (base, exponent), "where" (condition, yes, no); quotients, differences and roots are powers
    and products. All others carry the name of their primitive. `size` counts what would be
    written, shared parts each time.
    """

    __slots__ = ("args", "op", "rank", "size", "value")

    def __init__(self, op: str, args: tuple[Node, ...], value: Any, rank: int):
        self.op, self.args, self.value, self.rank = op, args, value, rank
        self.size: int = 1 + sum(a.size for a in args)

    def __repr__(self) -> str:
        inside = ", ".join(map(repr, self.args)) if self.args else str(self.value)
        return f"{self.op}({inside})"


class Forest:
    """Where nodes are made, each once."""

    def __init__(self) -> None:
        self._made: dict[tuple, Node] = {}
        self.zero, self.one = self.number(0), self.number(1)

    def make(self, op: str, args: Iterable[Node] = (), value: Any = None) -> Node:
        """The node with these parts."""
        args = tuple(args)
        same = frozenset(args) if op in ("add", "mul") else args
        key = (op, same, type(value), value)
        if key not in self._made:
            self._made[key] = Node(op, args, value, len(self._made))
        return self._made[key]

    def known(self, op: str, args: Iterable[Node]) -> bool:
        """Whether the sum or product of these has been met."""
        return (op, frozenset(args), type(None), None) in self._made

    def number(self, value: Fraction | int) -> Node:
        """A rational number."""
        return self.make("num", (), Fraction(value))

    def name(self, name: str) -> Node:
        """A variable."""
        return self.make("name", (), name)


def is_number(node: Node, value: int | None = None) -> bool:
    """Whether a node is a rational number, or this one."""
    return node.op == "num" and (value is None or node.value == value)


def reachable(roots: Sequence[Node]) -> list[Node]:
    """All nodes below these, parts before what is made of them."""
    seen: set[Node] = set()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += node.args
    return sorted(seen, key=lambda node: node.rank)


# ---- floats as what was meant ----

_PI_POWERS = (Fraction(1), Fraction(2), Fraction(1, 2), Fraction(-1, 2), Fraction(-1))


def recognized(value: float) -> tuple[str, Fraction, Fraction]:
    """What a finite float stands for: ("decimal", v, 1), ("log" or "sqrt", k, 1), ("pi", c, p).

    The last is c*pi**p. Rules of derivatives compute such constants (log 2, 2/sqrt(pi)) before
    anybody could write them as symbols; a float with few digits is the decimal it was typed as.
    """
    decimal = Fraction(repr(float(value)))
    if value == 0 or len(repr(abs(float(value))).partition("e")[0].strip("0.")) <= 15:
        return "decimal", decimal, Fraction(1)
    for power in _PI_POWERS:
        scale = math.pi ** float(power)
        ratio = value / scale
        if math.isfinite(ratio) and 1e-3 < abs(ratio) < 1e3:
            near = Fraction(ratio).limit_denominator(720)
            if abs(float(near) * scale - value) <= 2.0**-52 * abs(value):
                return "pi", near, power
    for name, inverse, function in (("log", math.exp, math.log), ("sqrt", _square, math.sqrt)):
        if 0 < value < 14:
            whole = round(inverse(value))
            if 1 < whole <= 1000 and abs(function(whole) - value) <= 2.0**-52 * value:
                return name, Fraction(whole), Fraction(1)
    return "decimal", decimal, Fraction(1)


def _square(value: float) -> float:
    return value * value
