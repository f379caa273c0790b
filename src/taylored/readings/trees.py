"""From a program to simplified expression trees.

Derivative rules guard against 0*inf with where(); as symbols these guards say nothing, and are
left out. So is the series that stands for sinc near zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from taylored.readings.expression import Node, is_number, reachable, recognized
from taylored.readings.simplify import Algebra, factors, split
from taylored.readings.sinc import NEAR, sinc
from taylored.trace.program import Atom, Builder, Constant, Equation, Program
from taylored.trace.tracer import ProgramRecorder, Traced, apply

__all__ = ["trees", "variables"]

_HALF = Fraction(1, 2)
_MOST_TERMS, _MOST_PARTS = 30, 300  # longer sums are left as they are
_LOST = Fraction(10) ** 300  # in the guard of singular slopes, see readings.derivative


def trees(program: Program, atoms: Sequence[Atom] | None = None) -> list[Node]:
    """The simplified expressions of these variables of the program (default: its outputs)."""
    algebra = Algebra()
    found = variables(program, algebra)
    wanted = program.outputs if atoms is None else atoms
    roots = [found[a] if isinstance(a, int) else constant(algebra, a.value) for a in wanted]
    return factored(algebra, roots)


def variables(program: Program, algebra: Algebra) -> dict[int, Node]:
    """The expression of every variable of a program."""
    found = {number: algebra.name(name) for number, name in enumerate(program.names)}
    known = _sincs(program)
    for equation in program.equations:
        inputs = [
            found[a] if isinstance(a, int) else constant(algebra, a.value) for a in equation.inputs
        ]
        output = equation.outputs[0]
        if output in known.values:
            argument = known.values[output]
            found[output] = algebra.apply("sinc", found[argument])
        elif equation.primitive == "select_n" and equation.inputs[0] in known.guards:
            found[output] = inputs[1]
        else:
            found[output] = _expression(algebra, equation, inputs)
    return found


def constant(algebra: Algebra, value: Any) -> Node:
    """A constant of a program."""
    value = np.asarray(value).item() if np.ndim(value) == 0 else value
    if not isinstance(value, bool | int | float):
        return algebra.make("const", (), "array")
    if isinstance(value, bool):
        return algebra.make("truth", (), value)
    if not math.isfinite(value):
        return algebra.make("const", (), str(float(value)))
    kind, number, power = recognized(value)
    if kind == "decimal":
        return algebra.number(number)
    if kind == "pi":
        pi = algebra.make("const", (), "pi")
        return algebra.mul(algebra.number(number), algebra.power(pi, algebra.number(power)))
    if kind == "log":
        return algebra.apply("log", algebra.number(number))
    return algebra.power(algebra.number(number), algebra.number(_HALF))


# ---- one equation ----

Rule = Callable[..., Node]

_RULES: dict[str, Rule] = {
    "add": lambda g, x, y: g.add(x, y),
    "sub": lambda g, x, y: g.add(x, g.negative(y)),
    "neg": lambda g, x: g.negative(x),
    "mul": lambda g, x, y: g.mul(x, y),
    "div": lambda g, x, y: g.mul(x, g.power(y, g.number(-1))),
    "pow": lambda g, x, y: g.power(x, y),
    "square": lambda g, x: g.power(x, g.number(2)),
    "sqrt": lambda g, x: g.power(x, g.number(_HALF)),
    "rsqrt": lambda g, x: g.power(x, g.number(-_HALF)),
    "exp2": lambda g, x: g.power(g.number(2), x),
    "xlogy": lambda g, x, y: g.mul(x, g.apply("log", y)),
    "copy": lambda g, x: x,
}


def _expression(algebra: Algebra, equation: Equation, inputs: list[Node]) -> Node:
    if equation.primitive == "integer_pow":
        return algebra.power(inputs[0], algebra.number(equation.params["y"]))
    if equation.primitive == "select_n":
        return _select(algebra, *inputs)
    if equation.primitive == "log":
        inputs = [_unguarded(inputs[0])]
    rule = _RULES.get(equation.primitive)
    return rule(algebra, *inputs) if rule else algebra.apply(equation.primitive, *inputs)


def _select(algebra: Algebra, condition: Node, no: Node, yes: Node) -> Node:
    if condition.op == "and" and is_number(yes, 0):
        first, second = condition.args
        lost = second.op == "gt" and second.args[1].value == _LOST
        if lost and first.op == "eq" and is_number(first.args[1], 0):
            return no
        if first.op == second.op == "eq":
            base, exponent = first.args[0], second.args[0]
            lower = algebra.power(base, algebra.add(exponent, algebra.number(-1)))
            if no is algebra.mul(exponent, lower):
                return no  # at 0^0, see readings.derivative
    if condition.op == "eq" and is_number(condition.args[1], 0):
        # The slopes of J1 at 0, where J1(x)/x is 0/0.
        bessel = algebra.apply("bessel_j1", condition.args[0])
        if yes.op == "num" and bessel in reachable([no]):
            return no
    return algebra.where(condition, yes, no)


def _unguarded(node: Node) -> Node:
    """log(where(u == 0, 1, u)) is log(u), see the derivative of powers in readings.facts."""
    if node.op == "where" and is_number(node.args[1], 1):
        condition, _, inner = node.args
        if condition.op == "eq" and condition.args[0] is inner and is_number(condition.args[1], 0):
            return inner
    return node


class _Sincs:
    """The variables that are a sinc, by argument, and the conditions of their series."""

    def __init__(self) -> None:
        self.values: dict[int, int] = {}
        self.guards: set[Atom] = set()  # conditions


def _sincs(program: Program) -> _Sincs:
    """Where the program has just the equations that a sinc is made of."""
    found = _Sincs()
    sizes = {e.outputs[0]: e.inputs[0] for e in program.equations if e.primitive == "abs"}
    for equation in program.equations:
        first, *rest = equation.inputs
        if equation.primitive != "lt" or not isinstance(first, int):
            continue
        argument, form = sizes.get(first), next((f for c, f in _FORMS if rest == [c]), None)
        if form is not None and isinstance(argument, int):
            builder = Builder.extending(program)
            value = form(Traced(ProgramRecorder(builder), argument)).held
            if builder.size == program.size:  # nothing new: all of it is there
                found.values[value] = argument
                found.guards.add(equation.outputs[0])
    return found


_FORMS = (
    (Constant(0.02), lambda x: apply("sinc", x)),
    (Constant(NEAR), sinc),
)


# ---- factors in common ----


def factored(algebra: Algebra, roots: Sequence[Node]) -> list[Node]:
    """The same expressions with common factors of sums taken out where that is shorter."""
    done: dict[Node, Node] = {}
    for node in reachable(roots):
        args = [done[a] for a in node.args]
        again = node if all(a is b for a, b in zip(args, node.args, strict=True)) else (
            _remade(algebra, node, args)
        )  # fmt: skip
        done[node] = _factored(algebra, again) if again.op == "add" else again
    return [done[root] for root in roots]


def _remade(algebra: Algebra, node: Node, args: list[Node]) -> Node:
    if node.op == "add":
        return algebra.add(*args)
    if node.op == "mul":
        return algebra.mul(*args)
    if node.op == "pow":
        return algebra.power(*args)
    return algebra.where(*args) if node.op == "where" else algebra.apply(node.op, *args)


def _factored(algebra: Algebra, node: Node) -> Node:
    """A sum as short as it gets: multiplied out, or over its common factors."""
    node = _opened(algebra, node)
    shared = _shared(algebra, node) if node.op == "add" else {}
    if not shared:
        return node
    outside = algebra.mul(*(algebra.power(b, e) for b, e in shared.items()))
    inverse = algebra.power(outside, algebra.number(-1))
    inside = algebra.add(*(algebra.mul(part, inverse) for part in node.args))
    inside = _opened(algebra, inside)
    again = _shared(algebra, inside) if inside.op == "add" else {}
    result = algebra.mul(outside, _factored(algebra, inside) if again else inside)
    # Letters are taken out of a sum only where that saves a good deal.
    plain = all(b.op in ("name", "const") and e.op == "num" for b, e in shared.items())
    return result if result.size < node.size * (0.8 if plain else 1.0) else node


def _opened(algebra: Algebra, node: Node) -> Node:
    """A sum with its products of sums multiplied out, if that is shorter."""
    if node.op != "add" or node.size > _MOST_PARTS:
        return node
    terms: list[Node] = []
    waiting = list(reversed(node.args))
    while waiting:
        term = waiting.pop()
        products = _products(algebra, term)
        if len(products) == 1:
            terms.append(products[0])
        else:
            waiting += reversed(products)
        if len(terms) + len(waiting) > _MOST_TERMS:
            return node
    result = algebra.add(*terms)
    return result if result.size < node.size else node


def _products(algebra: Algebra, term: Node) -> list[Node]:
    """The terms of a product with its first sum multiplied out; itself where there is none."""
    number, rest = split(term)
    for k, factor in enumerate(rest):
        base, exponent = factor.args if factor.op == "pow" else (factor, algebra.one)
        if base.op == "add" and exponent.op == "num" and exponent.value in (1, 2, 3):
            lower = algebra.power(base, algebra.number(exponent.value - 1))
            others = [algebra.number(number), *rest[:k], lower, *rest[k + 1 :]]
            return [algebra.mul(*others, part) for part in base.args]
    return [term]


def _shared(algebra: Algebra, node: Node) -> dict[Node, Node]:
    """Bases in every term, each with the least of its exponents."""
    if len(node.args) > _MOST_TERMS:
        return {}
    terms = [
        {base: exponent or algebra.one for base, exponent in factors(part)} for part in node.args
    ]
    result: dict[Node, Node] = {}
    for base in terms[0]:
        exponents = [term.get(base) for term in terms]
        least = _least([e for e in exponents if e is not None])
        if all(e is not None for e in exponents) and least is not None:
            result[base] = least
    return result


def _least(exponents: list[Node]) -> Node | None:
    """The least of exponents that differ by numbers: of n and n - 1 it is n - 1."""
    if len({_symbolic(e) for e in exponents}) > 1:
        return None
    return min(exponents, key=_offset)


def _symbolic(exponent: Node) -> tuple[Node, ...]:
    parts = exponent.args if exponent.op == "add" else (exponent,)
    return tuple(p for p in parts if p.op != "num")


def _offset(exponent: Node) -> Fraction:
    parts = exponent.args if exponent.op == "add" else (exponent,)
    return sum((split(p)[0] for p in parts if p.op == "num"), Fraction(0))
