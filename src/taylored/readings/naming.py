"""Which parts of long expressions get a name, so that each is written once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from taylored.readings.expression import CONDITIONS, Node, reachable
from taylored.readings.simplify import split

__all__ = ["Quotient", "Written", "names_for", "plain_number", "quotient"]

_OFTEN, _SHORT = 30, 24  # characters: a part written three times, or in a long expression, gets one
_DEEPEST = 40
_SMALLEST_PLAIN, _LARGEST_PLAIN = -4, 5  # powers of ten that are written out
_LEAVES = frozenset(["num", "name", "const", *CONDITIONS])


@dataclass(frozen=True, slots=True)
class Written:
    """Expressions as text, and the (name, text) of the parts that they name."""

    outputs: tuple[str, ...]
    definitions: tuple[tuple[str, str], ...] = ()


def names_for(
    roots: Sequence[Node], longest: int, taken: Sequence[str], digits: str = "{}{}"
) -> dict[Node, str]:
    """Names for parts, in an order in which they can be defined.

    A part has a name where it would be written more than twice in one expression, or where an
    expression would be longer than `longest` characters otherwise.
    """
    order = reachable(roots)
    uses = _uses(roots, order, longest)
    chosen: set[Node] = set()
    weights: dict[Node, int] = {}
    depths: dict[Node, int] = {}

    def name(node: Node) -> None:
        chosen.add(node)
        weights[node], depths[node] = 5, 1

    for node in order:
        depths[node] = 1 + max((depths[a] for a in node.args), default=0)
        weights[node] = _own(node) + sum(weights[a] for a in node.args)
        heavy = sorted(set(node.args), key=lambda a: -weights[a])
        while weights[node] > longest or depths[node] > _DEEPEST:
            part = heavy.pop(0) if heavy else None
            if part is None or weights[part] < _SHORT or part.op in _LEAVES:
                break
            name(part)
            depths[node] = 1 + max(depths[a] for a in node.args)
            weights[node] = _own(node) + sum(weights[a] for a in node.args)
        often, long = uses[node]
        repeated = (often > 2 and weights[node] >= _OFTEN) or (long > 1 and weights[node] >= _SHORT)
        if repeated and node not in roots and node.op not in _LEAVES:
            name(node)
    letter = _free_letter(taken)
    ordered = sorted(chosen, key=lambda node: node.rank)
    return {node: digits.format(letter, k) for k, node in enumerate(ordered, 1)}


def _uses(
    roots: Sequence[Node], order: Sequence[Node], longest: int
) -> Mapping[Node, tuple[int, int]]:
    """How often each part is written in one expression, at most: in any, and in a long one."""
    most: dict[Node, tuple[int, int]] = dict.fromkeys(order, (0, 0))
    full: dict[Node, int] = {}
    for node in order:
        full[node] = _own(node) + sum(full[a] for a in node.args)
    for root in roots:
        edges = Counter(a for node in reachable([root]) for a in node.args)
        for node, count in edges.items():
            often, long = most[node]
            most[node] = (max(often, count), max(long, count if full[root] > longest else 0))
    return most


def _own(node: Node) -> int:
    """About how many characters a node adds to those of its parts."""
    if node.op in ("add", "mul"):
        return (3 if node.op == "add" else 1) * len(node.args)
    return len(str(node.value)) if not node.args else 4 if node.op == "pow" else 8


def _free_letter(taken: Sequence[str]) -> str:
    """A letter that no name begins with."""
    return next((c for c in "uvwqzs" if not any(n.startswith(c) for n in taken)), "part")


# ---- products as quotients, which both writers need ----


@dataclass(frozen=True, slots=True)
class Quotient:
    """A term as `top * upper / (bottom * lower)`; factors are (base, exponent), 1 as None."""

    negative: bool
    top: Fraction
    bottom: int
    upper: tuple[tuple[Node, Node | Fraction | None], ...]
    lower: tuple[tuple[Node, Fraction | None], ...]


def quotient(node: Node) -> Quotient:
    """A term with its negative powers below the line."""
    number, rest = split(node)
    top, bottom = _line(abs(number))
    upper: list[tuple[Node, Node | Fraction | None]] = []
    lower: list[tuple[Node, Fraction | None]] = []
    for factor in rest:
        base, exponent = factor.args if factor.op == "pow" else (factor, None)
        if exponent is None or exponent.op != "num":
            upper.append((base, exponent))
        elif exponent.value < 0:
            lower.append((base, None if exponent.value == -1 else -exponent.value))
        else:
            upper.append((base, exponent.value))
    upper, lower = sorted(upper, key=_place), sorted(lower, key=_place)
    return Quotient(number < 0, top, bottom, tuple(upper), tuple(lower))


def _place(factor: tuple) -> tuple[int, int]:
    """Constants, then letters in the order of the formula, roots, sums, powers, functions."""
    base, exponent = factor
    if isinstance(exponent, Node):
        return 5, 0
    if exponent == Fraction(1, 2):
        return 3, 0
    kind = {"num": 0, "const": 1, "name": 2, "abs": 3, "add": 4, "exp": 5, "where": 7}
    return kind.get(base.op, 6), base.rank if base.op == "name" else 0


def _line(number: Fraction) -> tuple[Fraction, int]:
    """What stands above and below the line: 3/4 and 1/3 as they are, but 0.1 as a decimal."""
    small = number.denominator < 1000 and number.numerator < 10_000
    if small and (number.denominator % 5 or number.denominator % 3 == 0):
        return Fraction(number.numerator), number.denominator
    return number, 1


def plain_number(value: Fraction) -> tuple[str, int]:
    """A number as digits and a power of ten: ("6.02", 23), ("0.25", 0)."""
    if value.denominator == 1 and abs(value) < 10**6:
        return str(value.numerator), 0
    scale = 0
    if value:  # an exact fraction may be beyond float64
        size = len(str(abs(value.numerator))) - len(str(value.denominator))
        scale = size if abs(size) > 290 else 0
    digits = Decimal(repr(float(value / Fraction(10) ** scale))).normalize()
    lead = digits.adjusted()
    if scale == 0 and _SMALLEST_PLAIN <= lead <= _LARGEST_PLAIN:
        return format(digits, "f"), 0
    return format(digits.scaleb(-lead), "f"), lead + scale
