"""Which parameters of a sum can change places without changing the function?

`a1*exp(-x/t1) + a2*exp(-x/t2)` is a sum of two parts of the same form. Parts are the terms of the
outermost sum, joined where they share a parameter; parts with equal forms are interchangeable.
"""

from __future__ import annotations

from collections.abc import Iterator

from taylored.trace.program import Atom, Constant, Equation, Program

__all__ = ["interchangeable"]

_PASSED = frozenset(["broadcast_in_dim", "broadcast_to", "convert_element_type", "copy"])


def interchangeable(program: Program, columns: int) -> list[list[tuple[int, ...]]]:
    """Groups of interchangeable parts; each part is its parameters in order of appearance.

    Parameters are counted from 0; the first `columns` inputs are data.
    """
    made = {e.outputs[0]: e for e in program.equations}
    terms = list(_terms(program.outputs[0], made, 1))
    parts = _joined([(sign, atom, _params(atom, made, columns)) for sign, atom in terms])
    forms: dict[tuple, list[tuple[int, ...]]] = {}
    for part in parts:
        order: dict[int, int] = {}
        form = tuple((sign, _form(atom, made, columns, order)) for sign, atom, _ in part)
        if order:
            forms.setdefault(form, []).append(tuple(n - columns for n in order))
    return [group for group in forms.values() if len(group) > 1]


def _terms(atom: Atom, made: dict[int, Equation], sign: int) -> Iterator[tuple[int, Atom]]:
    equation = made.get(atom) if isinstance(atom, int) else None
    if equation is not None and equation.primitive in ("add", "sub"):
        yield from _terms(equation.inputs[0], made, sign)
        second = -sign if equation.primitive == "sub" else sign
        yield from _terms(equation.inputs[1], made, second)
    elif equation is not None and equation.primitive in _PASSED:
        yield from _terms(equation.inputs[0], made, sign)
    else:
        yield sign, atom


def _params(atom: Atom, made: dict[int, Equation], columns: int) -> set[int]:
    found: set[int] = set()
    stack, seen = [atom], set()
    while stack:
        current = stack.pop()
        if not isinstance(current, int) or current in seen:
            continue
        seen.add(current)
        if current in made:
            stack.extend(made[current].inputs)
        elif current >= columns:
            found.add(current)
    return found


def _joined(terms: list[tuple[int, Atom, set[int]]]) -> list[list[tuple[int, Atom, set[int]]]]:
    parts: list[list[tuple[int, Atom, set[int]]]] = []
    for term in terms:
        touching = [p for p in parts if any(term[2] & other[2] for other in p)]
        merged = [t for p in touching for t in p] + [term]
        parts = [p for p in parts if p not in touching] + [merged]
    return parts


def _form(atom: Atom, made: dict[int, Equation], columns: int, order: dict[int, int]) -> tuple:
    """The expression with its parameters renamed by order of appearance."""
    if isinstance(atom, Constant):
        return ("constant", atom.key)
    if atom in made:
        equation = made[atom]
        inner = tuple(_form(a, made, columns, order) for a in equation.inputs)
        return (equation.primitive, tuple(sorted(map(str, equation.params.items()))), inner)
    if atom < columns:
        return ("column", atom)
    return ("parameter", order.setdefault(atom, len(order)))
