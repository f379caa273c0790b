"""Simplified expression trees: a derivative as a person would write it.

Sums collect like terms, products collect powers of one base, numbers are exact fractions. The
rules hold wherever both sides are defined; like a person, they cancel x/x and do not keep note
of the point that is lost. Nothing is expanded. Source for the forms: J. Cohen, Computer Algebra
and Symbolic Computation: Mathematical Methods (2003), chapter 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from taylored.readings.expression import CONDITIONS, Forest, Node, is_number

__all__ = ["Algebra", "factors", "split"]

_ODD = frozenset("sin tan sinh tanh asin atan asinh atanh erf cbrt sign".split())
_EVEN = frozenset(["cos", "cosh", "abs"])
_AT_ZERO = {
    **dict.fromkeys([*_ODD, "abs", "expm1", "log1p", "floor", "ceil", "round", "erf_inv"], 0),
    **dict.fromkeys(["cos", "cosh", "exp", "erfc", "bessel_j0", "sinc"], 1),
    "bessel_j1": 0,
}
_MOST_BITS = 400  # longer exact fractions are rounded to a float64
_COMPARE = {
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b, "eq": lambda a, b: a == b, "ne": lambda a, b: a != b,
}  # fmt: skip


def split(node: Node) -> tuple[Fraction, tuple[Node, ...]]:
    """A term as its number and its other factors."""
    if node.op == "num":
        return node.value, ()
    if node.op != "mul":
        return Fraction(1), (node,)
    first, *rest = node.args
    return (first.value, tuple(rest)) if first.op == "num" else (Fraction(1), node.args)


def factors(node: Node) -> list[tuple[Node, Node | None]]:
    """The factors of a term as (base, exponent), None for 1; its number left out."""
    found: list[tuple[Node, Node | None]] = []
    for factor in split(node)[1]:
        found.append((factor.args[0], factor.args[1]) if factor.op == "pow" else (factor, None))
    return found


class Algebra(Forest):
    """Makes simplified nodes."""

    # ---- sums ----

    def add(self, *terms: Node) -> Node:
        """The sum, like terms collected."""
        collected: dict[Node, Fraction] = {}
        for term in terms:
            for part in term.args if term.op == "add" else (term,):
                number, rest = split(part)
                key = self._joined(Fraction(1), rest)
                collected[key] = _short(collected.get(key, Fraction(0)) + number)
        self._exponential(collected)
        parts = [self.scaled(number, rest) for rest, number in collected.items() if number]
        parts = self._same_conditions(parts)
        if len(parts) < 2:
            return parts[0] if parts else self.zero
        return self.make("add", parts)

    def _exponential(self, collected: dict[Node, Fraction]) -> None:
        """expm1(u) + 1 is exp(u)."""
        one = collected.get(self.one, Fraction(0))
        for node in [n for n in collected if n.op == "expm1"]:
            if one and collected[node] == one:
                exponential = self.apply("exp", node.args[0])
                del collected[node], collected[self.one]
                collected[exponential] = collected.get(exponential, Fraction(0)) + one
                return

    def _same_conditions(self, parts: list[Node]) -> list[Node]:
        """where(c, a, b) + where(c, d, e) is where(c, a + d, b + e)."""
        groups: dict[Node, list[Node]] = {}
        for part in parts:
            groups.setdefault(part.args[0] if part.op == "where" else part, []).append(part)
        if len(groups) == len(parts):
            return parts
        return [
            group[0] if len(group) == 1 else self.where(
                condition, self.add(*(g.args[1] for g in group)),
                self.add(*(g.args[2] for g in group)),
            )
            for condition, group in groups.items()
        ]  # fmt: skip

    def scaled(self, number: Fraction, node: Node) -> Node:
        """A number times a term."""
        own, rest = split(node)
        if number == -1 and node.op == "add":
            return self.make("add", [self.scaled(Fraction(-1), part) for part in node.args])
        return self._joined(_short(own * number), rest)

    def _joined(self, number: Fraction, rest: Sequence[Node]) -> Node:
        if not rest or number == 0:
            return self.number(number)
        if number == 1 and len(rest) == 1:
            return rest[0]
        return self.make("mul", rest if number == 1 else (self.number(number), *rest))

    # ---- products and powers ----

    def mul(self, *nodes: Node) -> Node:
        """The product, powers of one base collected."""
        product = _Product(self)
        for node in nodes:
            product.take(node, self.one)
        return product.result()

    def power(self, base: Node, exponent: Node) -> Node:
        """base**exponent."""
        product = _Product(self)
        product.take(base, exponent)
        return product.result()

    def negative(self, node: Node) -> Node:
        """-node."""
        return self.mul(self.number(-1), node)

    # ---- functions ----

    def apply(self, op: str, *args: Node) -> Node:
        """A function that is neither a sum, a product, nor a power."""
        first = args[0]
        if op in CONDITIONS:
            return self._condition(op, args)
        if op in ("max", "min"):
            return self._extremum(op, args)
        if op in _AT_ZERO and is_number(first, 0):
            return self.number(_AT_ZERO[op])
        if op == "log" and is_number(first, 1):
            return self.zero
        if (op, first.op) in (("log", "exp"), ("exp", "log")):
            return first.args[0]
        if op in _STEPS and first.op == "num":
            return self.number(_STEPS[op](first.value))
        if (op in _ODD or op in _EVEN) and split(first)[0] < 0:
            inner = self.apply(op, self.scaled(Fraction(-1), first))
            return inner if op in _EVEN else self.negative(inner)
        return self.make(op, args)

    def _extremum(self, op: str, args: Sequence[Node]) -> Node:
        flat = dict.fromkeys(p for a in args for p in (a.args if a.op == op else (a,)))
        if all(p.op == "num" for p in flat):
            return (max if op == "max" else min)(flat, key=lambda p: p.value)
        return self.make(op, flat) if len(flat) > 1 else next(iter(flat))

    def _condition(self, op: str, args: Sequence[Node]) -> Node:
        if op in _COMPARE and all(a.op == "num" for a in args):
            return self.make("truth", (), bool(_COMPARE[op](args[0].value, args[1].value)))
        truths = [a.value for a in args if a.op == "truth"]
        if op == "not" and truths:
            return self.make("truth", (), not truths[0])
        if op in ("and", "or") and truths:
            decisive = op == "or"
            if decisive in truths:
                return self.make("truth", (), decisive)
            rest = [a for a in args if a.op != "truth"]
            return rest[0] if rest else self.make("truth", (), not decisive)
        return self.make(op, args)

    def where(self, condition: Node, yes: Node, no: Node) -> Node:
        """`yes` where the condition holds, else `no`."""
        if condition.op == "truth":
            return yes if condition.value else no
        return yes if yes is no else self.make("where", (condition, yes, no))


_STEPS = {
    "abs": abs, "floor": math.floor, "ceil": math.ceil, "round": round,
    "sign": lambda v: (v > 0) - (v < 0),
}  # fmt: skip


def _short(value: Fraction) -> Fraction:
    """An exact fraction, or the nearest float64 where it is very long."""
    if value.numerator.bit_length() + value.denominator.bit_length() <= _MOST_BITS:
        return value
    try:
        near = float(value)
    except OverflowError:
        return value
    return Fraction(repr(near)) if 1e-290 < abs(near) < 1e290 else value


class _Product:
    """Collects the factors of a product."""

    def __init__(self, algebra: Algebra):
        self.algebra, self.number = algebra, Fraction(1)
        self.powers: dict[Node, list[Node]] = {}
        self.exponents: list[Node] = []  # of exp
        self.choices: list[Node] = []  # where(), to the power 1

    def take(self, node: Node, exponent: Node) -> None:
        """Take node**exponent in."""
        algebra = self.algebra
        whole = exponent.op == "num" and exponent.value.denominator == 1
        if node.op == "num":
            self._take_number(node, exponent)
        elif node.op == "mul" and (whole or exponent.op == "num"):
            self._take_product(node, exponent, whole)
        elif node.op == "pow" and whole:
            self.take(node.args[0], algebra.mul(node.args[1], exponent))
        elif node.op == "exp":
            self.exponents.append(algebra.mul(node.args[0], exponent))
        elif node.op == "abs" and whole and exponent.value % 2 == 0:
            self.take(node.args[0], exponent)
        elif node.op == "add" and whole:
            self._take_sum(node, exponent)
        elif node.op == "where" and is_number(exponent, 1):
            self.choices.append(node)
        else:
            self.powers.setdefault(node, []).append(exponent)

    def _take_number(self, node: Node, exponent: Node) -> None:
        exact = _root(node.value, exponent.value) if exponent.op == "num" else None
        if exact is None:
            if not is_number(node, 1):
                self.powers.setdefault(node, []).append(exponent)
        else:
            self.number = _short(self.number * exact)

    def _take_product(self, node: Node, exponent: Node, whole: bool) -> None:
        """(c*x*y)**n; where n is not whole only a c that has an exact root comes out."""
        if whole:
            for factor in node.args:
                self.take(factor, exponent)
            return
        number, rest = split(node)
        outside = _root(number, exponent.value) if number > 0 else None
        if outside is not None and number != 1:
            self.number = _short(self.number * outside)
            self.take(self.algebra._joined(Fraction(1), rest), exponent)
        else:
            self.powers.setdefault(node, []).append(exponent)

    def _take_sum(self, node: Node, exponent: Node) -> None:
        """A sum in the form that was met first: (m - x)**2 is (x - m)**2."""
        numbers = [split(part)[0] for part in node.args]
        common = abs(numbers[0]) if len({abs(n) for n in numbers}) == 1 else Fraction(1)
        opposite = [self.algebra.scaled(-1 / common, part) for part in node.args]
        if all(n < 0 for n in numbers) or self._older(opposite, node):
            common = -common
        if common != 1:
            parts = [self.algebra.scaled(1 / common, part) for part in node.args]
            node = self.algebra.make("add", parts)
            self.number = _short(self.number * common ** int(exponent.value))
        self.powers.setdefault(node, []).append(exponent)

    def _older(self, opposite: list[Node], node: Node) -> bool:
        algebra = self.algebra
        return algebra.known("add", opposite) and algebra.make("add", opposite).rank < node.rank

    def result(self) -> Node:
        """The product as one node."""
        algebra = self.algebra
        if self.number == 0:
            return algebra.zero
        self._merge_roots()
        parts: list[Node] = []
        for base, exponents in self.powers.items():
            exponent = algebra.add(*exponents) if len(exponents) > 1 else exponents[0]
            parts += self._power(base, exponent)
        exponent = algebra.add(*self.exponents)
        if not is_number(exponent, 0):
            parts.append(algebra.apply("exp", exponent))
        rest = self._signs([p for p in parts if p.op != "num"])
        return self._chosen(rest)

    def _power(self, base: Node, exponent: Node) -> list[Node]:
        """The factors that base**exponent is, a number taken out."""
        algebra = self.algebra
        if is_number(exponent, 0):
            return []
        if is_number(exponent, 1):
            if base.op == "num":
                self.number = _short(self.number * base.value)
                return []
            return [base]
        if base.op == "num" and exponent.op == "num":
            exact = _root(base.value, exponent.value)
            if exact is not None:
                self.number = _short(self.number * exact)
                return []
        return [algebra.make("pow", (base, exponent))]

    def _merge_roots(self) -> None:
        """cbrt(x)/x is cbrt(x)**-2, and log-like leftovers alike."""
        algebra = self.algebra
        for base in [b for b in self.powers if b.op == "cbrt" and b.args[0] in self.powers]:
            inner = algebra.add(*self.powers[base.args[0]])
            if inner.op == "num" and inner.value.denominator == 1:
                del self.powers[base.args[0]]
                self.powers[base].append(algebra.number(3 * inner.value))

    def _signs(self, parts: list[Node]) -> list[Node]:
        """sign(u)*abs(u) is u, and sign(u)*u is abs(u)."""
        algebra = self.algebra
        for sign in [p for p in parts if p.op == "sign"]:
            u = sign.args[0]
            for one, other in ((algebra.make("abs", (u,)), u), (u, algebra.make("abs", (u,)))):
                for part in parts:
                    exponent = _power_of(part, one)
                    if exponent >= 1:
                        rest = [p for p in parts if p not in (sign, part)]
                        lower = algebra.power(one, algebra.number(exponent - 1))
                        return list(split(algebra.mul(*rest, lower, other))[1])
        return parts

    def _chosen(self, parts: list[Node]) -> Node:
        """A where() that is zero on one side takes the other factors in: no 0*u is written."""
        algebra = self.algebra
        result = algebra.scaled(self.number, algebra._joined(Fraction(1), parts))
        choices = self._same_choices()
        for k, choice in enumerate(choices):
            condition, yes, no = choice.args
            if is_number(yes, 0) or is_number(no, 0):
                others = choices[:k] + choices[k + 1 :]
                both = (algebra.mul(result, *others, branch) for branch in (yes, no))
                return algebra.where(condition, *both)
        if not choices:
            return result
        number, rest = split(result)
        return algebra._joined(number, (*rest, *choices))

    def _same_choices(self) -> list[Node]:
        """where(c, a, b)*where(c, d, e) is where(c, a*d, b*e)."""
        algebra = self.algebra
        merged: dict[Node, Node] = {}
        for choice in self.choices:
            condition, yes, no = choice.args
            if condition in merged:
                before = merged[condition].args
                yes, no = algebra.mul(before[1], yes), algebra.mul(before[2], no)
                choice = algebra.make("where", (condition, yes, no))
            merged[condition] = choice
        return list(merged.values())


def _power_of(part: Node, base: Node) -> Fraction:
    """The whole n of part = base**n, else 0."""
    if part is base:
        return Fraction(1)
    whole = part.op == "pow" and part.args[0] is base and part.args[1].op == "num"
    number = part.args[1].value if whole else Fraction(0)
    return number if number.denominator == 1 else Fraction(0)


def _root(value: Fraction, exponent: Fraction) -> Fraction | None:
    """value**exponent where it is rational, and not out of hand."""
    if exponent.denominator == 1:
        if value == 0:
            return None if exponent < 0 else Fraction(int(exponent == 0))
        size = value.numerator.bit_length() + value.denominator.bit_length()
        return value ** int(exponent) if abs(exponent) * size < 3000 else None
    if value <= 0 or exponent.denominator > 6:
        return None
    parts = []
    for part in (value.numerator, value.denominator):
        near = round(part ** (1.0 / exponent.denominator)) if part < 10**15 else 0
        if near**exponent.denominator != part:
            return None
        parts.append(near)
    return _root(Fraction(*parts), Fraction(exponent.numerator))
