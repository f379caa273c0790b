"""Programs as LaTeX: what a formula and its derivatives look like on paper."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from fractions import Fraction

from taylored.readings.expression import Node, is_number
from taylored.readings.naming import (
    Quotient,
    Written,
    names_for,
    plain_number,
    quotient,
)
from taylored.readings.simplify import split
from taylored.readings.trees import trees
from taylored.trace.program import Program

__all__ = ["latex", "latex_name", "written"]

LONGEST = 400  # characters of one expression

# How tightly a piece of text holds together.
SUM, PRODUCT, POWER, ATOM = 1, 2, 3, 4

Piece = tuple[str, int]


def latex(program: Program, names: Mapping[str, str] | None = None) -> list[str]:
    """The program's outputs in LaTeX, simplified, one text per output.

    Args:
        program: elementwise, as made from a formula.
        names: LaTeX of inputs that shall not be written by `latex_name`.

    Where an expression is long, parts that it repeats are named and defined behind it.
    """
    found = written(trees(program), names)
    result = []
    for output in found.outputs:
        used = _used(output, found.definitions)
        where = r",\quad ".join(f"{name} = {text}" for name, text in used)
        result.append(rf"{output} \quad\text{{where}}\quad {where}" if where else output)
    return result


def written(roots: Sequence[Node], names: Mapping[str, str] | None = None) -> Written:
    """Expressions in LaTeX, with the parts that got a name."""
    writer = _Writer(dict(names or {}))
    named = names_for(roots, LONGEST, writer.taken(roots), "{}_{{{}}}")
    definitions = []
    for node, name in named.items():
        definitions.append((name, writer.text(node)))
        writer.named[node] = name
    return Written(tuple(writer.text(root) for root in roots), tuple(definitions))


def _used(text: str, definitions: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The definitions that a text needs, in order."""
    needed: list[tuple[str, str]] = []
    for name, meaning in reversed(definitions):
        if any(name in part for part in (text, *(m for _, m in needed))):
            needed.append((name, meaning))
    return needed[::-1]


# ---- names ----

_GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split()
)
_LETTER = re.compile(r"GREEK (SMALL|CAPITAL) LETTER (\w+)$")
_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def latex_name(name: str) -> str:
    r"""A name in LaTeX: `tau` is \tau, `b1` is b_{1}, `k_on` is k_{\mathrm{on}}, others text."""
    if not re.fullmatch(r"\w+", name) or name.startswith("_") or name.endswith("_"):
        return _as_text(name)
    match = re.fullmatch(r"([^\W\d_]+)(\d+)?", name)
    if match and match[2]:
        return f"{_word(match[1])}_{{{match[2]}}}"
    head, *indices = name.split("_")
    inside = ",".join(i if i.isdigit() else _word(i) for i in indices)
    return f"{_word(head)}_{{{inside}}}" if indices else _word(head)


def _word(word: str) -> str:
    match = _LETTER.match(unicodedata.name(word, "")) if len(word) == 1 else None
    if match:
        word = match[2].lower() if match[1] == "SMALL" else match[2].capitalize()
        word = {"lamda": "lambda", "Lamda": "Lambda"}.get(word, word)
    if word in _GREEK:
        return "\\" + word
    if not word.isascii() or not word.isalnum():
        return _as_text(word)
    match = re.fullmatch(r"([A-Za-z]+?)(\d+)", word)
    if match:
        return f"{_word(match[1])}_{{{match[2]}}}"
    return word if len(word) == 1 else rf"\mathrm{{{word}}}"


def _as_text(name: str) -> str:
    shown = "".join(_ESCAPES.get(c, c if c.isprintable() else " ") for c in name)
    return rf"\text{{{shown}}}"


# ---- expressions ----

_PLAIN_FUNCTIONS = {
    **{n: "\\" + n for n in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{"asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan", "log": r"\ln"},
    **{"log2": r"\log_{2}", "log10": r"\log_{10}"},
}  # without parentheses around a single letter
_FUNCTIONS = {
    **{"max": r"\max", "min": r"\min", "gamma": r"\Gamma", "digamma": r"\psi"},
    **{"lgamma": r"\ln\Gamma", "trigamma": r"\psi_{1}", "bessel_j0": "J_{0}", "bessel_j1": "J_{1}"},
    **{"asinh": r"\operatorname{arsinh}", "acosh": r"\operatorname{arcosh}"},
    **{"atanh": r"\operatorname{artanh}", "erf_inv": r"\operatorname{erf}^{-1}"},
    **{"sign": r"\operatorname{sgn}", "logistic": r"\operatorname{sigmoid}"},
}
_RAISABLE = frozenset(
    "gamma digamma trigamma bessel_j0 bessel_j1 asinh acosh atanh sign logistic erf erfc "
    "sinc".split()
)  # with an exponent behind the name, as in sin^2
_AROUND = {
    "abs": (r"\left|", r"\right|"), "floor": (r"\left\lfloor ", r"\right\rfloor "),
    "ceil": (r"\left\lceil ", r"\right\rceil "),
}  # fmt: skip
_WORDS = (r"\mathrm{", r"\text{")  # would run into their neighbors
_SIGNS = {"lt": "<", "le": r"\le", "gt": ">", "ge": r"\ge", "eq": "=", "ne": r"\ne"}
_CONSTANTS = {"pi": r"\pi", "inf": r"\infty", "-inf": r"-\infty", "nan": r"\text{undefined}"}


def _tall(text: str) -> bool:
    return r"\frac" in text or "cases" in text or r"\sqrt" in text


def _parenthesized(text: str) -> str:
    return rf"\left({text}\right)" if _tall(text) else f"({text})"


class _Writer:
    """Writes nodes; each once, since parts are shared."""

    def __init__(self, names: dict[str, str]):
        self.names = names
        self.named: dict[Node, str] = {}
        self._pieces: dict[tuple[Node, bool], Piece] = {}

    def taken(self, roots: Sequence[Node]) -> list[str]:
        """The names in use."""
        from taylored.readings.expression import reachable

        return [n.value for n in reachable(roots) if n.op == "name"] + list(self.names.values())

    def text(self, node: Node) -> str:
        """A node as it stands alone."""
        return self.piece(node)[0]

    def piece(self, node: Node, inline: bool = False) -> Piece:
        """The text of a node and how tightly it holds; inline in an exponent."""
        if node in self.named:
            return self.named[node], ATOM
        key = (node, inline)
        if key not in self._pieces:
            self._pieces[key] = self._write(node, inline)
        return self._pieces[key]

    def within(self, node: Node, least: int, inline: bool = False) -> str:
        """A node where something that holds at least so tightly must stand."""
        text, tight = self.piece(node, inline)
        return text if tight >= least else _parenthesized(text)

    def _write(self, node: Node, inline: bool) -> Piece:
        op = node.op
        if op == "name":
            return self.names.get(node.value) or latex_name(node.value), ATOM
        if op == "const":
            return _CONSTANTS.get(node.value, r"\text{data}"), ATOM
        if op == "add":
            return self._sum(node, inline), SUM
        if op in ("num", "mul", "pow"):
            return self._term(node, inline)
        if op == "exp":
            return f"e^{{{self._exponent(node.args[0])}}}", POWER
        if op == "where":
            return self._cases(node), PRODUCT
        return self._function(node)

    def _sum(self, node: Node, inline: bool) -> str:
        """Terms with their signs, a positive one in front where there is one."""
        terms = list(node.args)
        first = next((t for t in terms if split(t)[0] > 0), terms[0])
        if split(terms[0])[0] < 0:
            terms = [first, *(t for t in terms if t is not first)]
        text = ""
        for term in terms:
            piece, tight = self.piece(term, inline)
            if term not in self.named and split(term)[0] < 0:
                text += f" - {piece.removeprefix('-')}" if text else piece
            else:
                piece = _parenthesized(piece) if tight == SUM or term.op == "where" else piece
                text += f" + {piece}" if text else piece
        return text

    # ---- products ----

    def _term(self, node: Node, inline: bool) -> Piece:
        parts = quotient(node)
        upper = list(parts.upper)
        below = [self._factor(b, e, inline) for b, e in parts.lower]
        below = [_number(Fraction(parts.bottom)), *below] if parts.bottom != 1 else below
        sign = "-" if parts.negative else ""
        behind = [f for f in upper if self._behind(f, parts)] if below and not inline else []
        if len(behind) == len(upper) and parts.top == 1:
            behind = []
        upper = [f for f in upper if f not in behind]
        above = [self._factor(b, e, inline) for b, e in upper]
        if parts.top != 1 or not above:
            above = [_number(parts.top), *above]
        elif below and len(upper) == 1 and upper[0][1] is None:
            above = [self.text(upper[0][0])]  # the line of a fraction is a parenthesis
        if not below:
            if len(above) == 1:
                return self._alone(parts, upper, sign, inline)
            return sign + self._joined(above), PRODUCT
        low = self._joined(below)
        if len(below) == 1 and parts.lower and parts.lower[0][1] is None and not inline:
            low = self.text(parts.lower[0][0])
        if inline and self._simple(above, below):
            return f"{sign}{self._joined(above)}/{low}", PRODUCT
        text = rf"{sign}\frac{{{self._joined(above)}}}{{{low}}}"
        return self._joined([text, *(self._factor(b, e, inline) for b, e in behind)]), PRODUCT

    def _alone(self, parts: Quotient, upper: list, sign: str, inline: bool) -> Piece:
        """A single factor, perhaps with a sign."""
        if not upper:
            return sign + _number(parts.top), PRODUCT if sign else ATOM
        base, exponent = upper[0]
        if exponent is None:
            text = self.within(base, PRODUCT, inline)
            return sign + text, PRODUCT if sign else self.piece(base, inline)[1]
        return sign + self._factor(base, exponent, inline), PRODUCT if sign else POWER

    def _simple(self, above: list[str], below: list[str]) -> bool:
        text = "".join(above + below)
        return len(below) == 1 and not _tall(text) and " + " not in text and " - " not in text

    def _behind(self, factor: tuple, parts: Quotient) -> bool:
        """Whether a factor stands behind the fraction: exp(-x/tau) is not part of a/tau."""
        base, exponent = factor
        if base in self.named or base.op in ("name", "add", "num", "const"):
            return isinstance(exponent, Node) and exponent.op != "num"
        letters = all(b.op in ("name", "const") or e == Fraction(1, 2) for b, e in parts.lower)
        if base.op == "exp":
            return letters
        return base.op == "where" or (letters and _tall(self._factor(base, exponent, False)))

    def _joined(self, parts: Sequence[str]) -> str:
        text = before = parts[0]
        for part in parts[1:]:
            digit = part[0].isdigit()
            words = before.startswith(_WORDS) or part.startswith(_WORDS)
            text += rf" \cdot {part}" if digit else rf" \, {part}" if words else f" {part}"
            before = part
        return text

    def _factor(self, base: Node, exponent: Node | Fraction | None, inline: bool) -> str:
        if exponent is None:
            return self.within(base, POWER if base.op != "where" else ATOM, inline)
        if isinstance(exponent, Fraction) and exponent.numerator == 1 and exponent.denominator < 6:
            root = "" if exponent == Fraction(1, 2) else f"[{exponent.denominator}]"
            return rf"\sqrt{root}{{{self.text(base)}}}"
        if isinstance(exponent, Fraction):
            raised = str(exponent)
            whole = exponent.denominator == 1
            if whole and base.op == "cbrt" and base not in self.named:
                return rf"\sqrt[3]{{{self._base(base.args[0])}^{{{raised}}}}}"
            raisable = base.op in _PLAIN_FUNCTIONS or base.op in _RAISABLE
            if whole and raisable and base not in self.named:
                return self._function(base, f"^{{{raised}}}")[0]
        else:
            raised = self._exponent(exponent)
        return f"{self._base(base)}^{{{raised}}}"

    def _base(self, node: Node) -> str:
        text, tight = self.piece(node)
        plain = node in self.named or node.op in ("name", "const", "abs", "floor", "ceil")
        digits = node.op == "num" and node.value > 0 and text.replace(".", "").isdigit()
        return text if tight == ATOM and (plain or digits) else _parenthesized(text)

    def _exponent(self, node: Node) -> str:
        return self.piece(node, inline=True)[0]

    # ---- functions ----

    def _function(self, node: Node, power: str = "") -> Piece:
        op, args = node.op, node.args
        if op in _AROUND:
            left, right = _AROUND[op]
            inside = self.text(args[0])
            if op == "abs" and not _tall(inside):
                return f"|{inside}|", ATOM
            return f"{left}{inside}{right}".rstrip(), ATOM
        if op in _PLAIN_FUNCTIONS:
            name = _PLAIN_FUNCTIONS[op] + power
            whole = args[0].op == "num" and args[0].value.denominator == 1 and args[0].value > 0
            if args[0] in self.named or args[0].op in ("name", "const") or whole:
                return f"{name} {self.text(args[0])}", POWER
            return name + _parenthesized(self.text(args[0])), POWER
        special = _SPECIAL.get(op)
        if special:
            return special(self, *args)
        if op in _SIGNS or op in ("and", "or", "not", "truth"):
            return self._condition(node), SUM
        name = _FUNCTIONS.get(op, "") or rf"\operatorname{{{op.replace('_', ' ')}}}"
        inside = ", ".join(self.text(a) for a in args)
        return name + power + _parenthesized(inside), POWER

    def _cases(self, node: Node) -> str:
        rows = []
        while node.op == "where" and node not in self.named:
            condition, yes, no = node.args
            rows.append(rf"{self.text(yes)} & \text{{if }} {self._condition(condition)}")
            node = no
        rows.append(rf"{self.text(node)} & \text{{otherwise}}")
        inside = r" \\ ".join(rows)
        return rf"\begin{{cases}} {inside} \end{{cases}}"

    def _condition(self, node: Node) -> str:
        if node.op in _SIGNS:
            left, right = (self.text(a) for a in node.args)
            return f"{left} {_SIGNS[node.op]} {right}"
        if node.op in ("and", "or"):
            parts = [self._condition(a) for a in node.args]
            inner = [
                f"({p})" if a.op in ("and", "or") and a.op != node.op else p
                for a, p in zip(node.args, parts, strict=True)
            ]
            return rf" \text{{ {node.op} }} ".join(inner)
        if node.op == "not":
            return rf"\text{{not }} ({self._condition(node.args[0])})"
        if node.op == "truth":
            return rf"\text{{{str(node.value).lower()}}}"
        return rf"{self.text(node)} \ne 0"


def _log_sum(writer: _Writer, x: Node, y: Node) -> Piece:
    left, right = (
        "1" if is_number(v, 0) else f"e^{{{writer.piece(v, inline=True)[0]}}}" for v in (x, y)
    )
    if left != "1" and right == "1":
        left, right = right, left
    return r"\ln" + _parenthesized(f"{left} + {right}"), POWER


_SPECIAL = {
    "cbrt": lambda w, x: (rf"\sqrt[3]{{{w.text(x)}}}", POWER),
    "expm1": lambda w, x: (f"e^{{{w.piece(x, inline=True)[0]}}} - 1", SUM),
    "log1p": lambda w, x: (r"\ln" + _parenthesized(f"1 + {w.within(x, PRODUCT)}"), POWER),
    "logaddexp": _log_sum,
}


def _number(value: Fraction) -> str:
    digits, exponent = plain_number(value)
    if not exponent:
        return digits
    power = f"10^{{{exponent}}}"
    return power if digits == "1" else rf"{digits} \times {power}"
