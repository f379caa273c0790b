"""Expressions as formula text: what `taylored.formula` reads again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from taylored.readings.expression import Node, is_number, reachable
from taylored.readings.naming import Written, names_for, plain_number, quotient
from taylored.readings.simplify import split

__all__ = ["written"]

SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4

Piece = tuple[str, int]

_NAMES = {
    "acosh": "acosh", "erf_inv": "erfinv", "bessel_j0": "besselj0", "bessel_j1": "besselj1",
    "logistic": "sigmoid",
}  # fmt: skip
_SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
_CONSTANTS = {"pi": "pi", "inf": "(1/0)", "-inf": "(-1/0)", "nan": "(0/0)"}


def written(
    roots: Sequence[Node], longest: int = 2000, quote: Callable[[str], str] = str
) -> Written:
    """Expressions as formulas, with the parts that got a name because they repeat.

    Args:
        roots: the expressions.
        longest: characters beyond which parts get a name; short ones are written out.
        quote: how a formula writes a name.
    """
    writer = _Writer(quote)
    taken = [n.value for n in reachable(roots) if n.op == "name"]
    long = names_for(roots, longest, taken)
    whole = {} if _plain_size(roots) <= longest else long
    definitions = []
    for node, name in whole.items():
        definitions.append((name, writer.text(node)))
        writer.named[node] = name
    return Written(tuple(writer.text(root) for root in roots), tuple(definitions))


def _plain_size(roots: Sequence[Node]) -> int:
    """About how long the longest is when it is written out."""
    return max(4 * root.size for root in roots)


class _Writer:
    """Writes nodes; each once, since parts are shared."""

    def __init__(self, quote: Callable[[str], str]):
        self.quote = quote
        self.named: dict[Node, str] = {}
        self._pieces: dict[Node, Piece] = {}

    def text(self, node: Node) -> str:
        """A node as it stands alone."""
        return self.piece(node)[0]

    def piece(self, node: Node) -> Piece:
        """The text of a node and how tightly it holds."""
        if node in self.named:
            return self.named[node], ATOM
        if node not in self._pieces:
            self._pieces[node] = self._write(node)
        return self._pieces[node]

    def within(self, node: Node, least: int) -> str:
        """A node where something that holds at least so tightly must stand."""
        text, tight = self.piece(node)
        return text if tight >= least else f"({text})"

    def _write(self, node: Node) -> Piece:
        op = node.op
        if op == "name":
            return self.quote(node.value), ATOM
        if op == "const":
            return _CONSTANTS.get(node.value, "data"), ATOM
        if op == "add":
            return self._sum(node), SUM
        if op in ("num", "mul", "pow"):
            return self._term(node)
        if op == "where":
            condition, yes, no = node.args
            return f"where({self._condition(condition)}, {self.text(yes)}, {self.text(no)})", ATOM
        if op in _SIGNS or op in ("and", "or", "not", "truth"):
            return self._condition(node), SUM
        return self._function(node), ATOM

    def _function(self, node: Node) -> str:
        args = ", ".join(self.text(a) for a in node.args)
        if node.op == "logaddexp":
            x, y = node.args
            if is_number(y, 0) or is_number(x, 0):
                return f"softplus({self.text(x if is_number(y, 0) else y)})"
            return f"(max({args}) + log1p(exp(-abs({self.text(x)} - ({self.text(y)})))))"
        return f"{_NAMES.get(node.op, node.op)}({args})"

    def _sum(self, node: Node) -> str:
        """Terms with their signs, a positive one in front where there is one."""
        terms = list(node.args)
        first = next((t for t in terms if split(t)[0] > 0), terms[0])
        if split(terms[0])[0] < 0:
            terms = [first, *(t for t in terms if t is not first)]
        text = ""
        for term in terms:
            piece, tight = self.piece(term)
            if term not in self.named and split(term)[0] < 0:
                text += f" - {piece.removeprefix('-')}" if text else piece
            else:
                piece = f"({piece})" if tight == SUM else piece
                text += f" + {piece}" if text else piece
        return text

    def _term(self, node: Node) -> Piece:
        """A product or a power: `2*a*x/(b*c^2)`."""
        parts = quotient(node)
        above = [self._factor(b, e) for b, e in parts.upper]
        if parts.top != 1 or not above:
            above = [_number(parts.top), *above]
        below = [self._factor(b, e) for b, e in parts.lower]
        if parts.bottom != 1:
            below = [str(parts.bottom), *below]
        sign = "-" if parts.negative else ""
        top = sign + "*".join(above)
        if below:
            low = below[0] if len(below) == 1 else f"({'*'.join(below)})"
            return f"{top}/{low}", PRODUCT
        if sign or len(above) > 1:
            return top, PRODUCT
        if not parts.upper:
            return top, PRODUCT if "*" in top else ATOM
        base, exponent = parts.upper[0]
        if exponent is None:
            return top, max(self.piece(base)[1], POWER)
        return top, ATOM if exponent == Fraction(1, 2) else POWER

    def _factor(self, base: Node, exponent: Node | Fraction | None) -> str:
        if exponent is None:
            return self.within(base, POWER)
        if exponent == Fraction(1, 2):
            return f"sqrt({self.text(base)})"
        if isinstance(exponent, Node):
            return f"{self.within(base, ATOM)}^{self.within(exponent, ATOM)}"
        raised = str(exponent) if exponent.denominator == 1 else f"({exponent})"
        return f"{self.within(base, ATOM)}^{raised}"

    def _condition(self, node: Node) -> str:
        if node.op in _SIGNS:
            left, right = (self.text(a) for a in node.args)
            return f"{left} {_SIGNS[node.op]} {right}"
        if node.op in ("and", "or"):
            sign = "&" if node.op == "and" else "|"
            return f" {sign} ".join(f"({self._condition(a)})" for a in node.args)
        if node.op == "not":
            return f"not ({self._condition(node.args[0])})"
        if node.op == "truth":
            return "1 > 0" if node.value else "1 < 0"
        return f"{self.text(node)} != 0"


def _number(value: Fraction) -> str:
    digits, exponent = plain_number(value)
    if not exponent:
        return digits
    if abs(exponent) < 300:
        return f"{digits}e{exponent}"
    half = 250 if exponent > 0 else -250  # beyond float64, as a product
    return f"{_number(value / Fraction(10) ** half)}*1e{half}"
