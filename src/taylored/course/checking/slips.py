"""Slips in a formula: a lost factor, the sign of a term, sine for cosine, an exponent off by one.

The right answer is given as formulas, one for each entry. Each is spoiled in every small way, and
the learner's entry is compared with what comes out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from typing import Any, TypeGuard

import numpy as np

from taylored.course.checking.common import CommonMistake
from taylored.course.checking.compare import close
from taylored.course.checking.said import FACTOR, LETTER, POWER, SIGN, TERM, TRIG
from taylored.course.formulas import function_of
from taylored.formula import FUNCTIONS

__all__ = ["slip_of", "value_of"]

_ENOUGH = 3  # cases more than terms: then no coefficients fit by chance
_ROUGH = 0.02
_MANY = 4  # cases: fewer agree by chance with one of a hundred spoiled formulas
_TELLING = (SIGN, TERM, TRIG, POWER, FACTOR, LETTER)  # the most telling first
_SWAPPED = {"sin": "cos", "cos": "sin"}

Names = Mapping[str, Any]
Spoiled = tuple[CommonMistake, ast.expr]  # what was made of the formula


def slip_of(text: str, names: Names, got: np.ndarray, tolerance: float) -> CommonMistake | None:
    """The slip that makes this formula give `got` in all cases; None where no single one does."""
    many = len(got) >= _MANY
    spoiled = [s for s in _spoiled(text) if many or s[0] not in (LETTER, POWER)]
    for mistake, formula in spoiled:
        if _agrees(_value(formula, names), got, tolerance):
            return mistake
    found = _of_terms(_parsed(text), names, got, tolerance) if many else None
    if found or not many:
        return found
    return next((m for m, f in spoiled if _of_terms(f, names, got, tolerance)), None)


def value_of(text: str, names: Names) -> np.ndarray:
    """The formula's value for numbers, or arrays of one length, of its names."""
    call, used = function_of(text)
    with np.errstate(all="ignore"):
        return np.asarray(call(*(np.asarray(names[n], dtype=float) for n in used)), dtype=float)


def _agrees(value: Any, got: np.ndarray, tolerance: float) -> bool:
    value = np.broadcast_to(np.asarray(value, dtype=float), got.shape)
    return bool(np.isfinite(value).all() and np.all(close(got, value, tolerance)))


def _of_terms(
    right: ast.expr, names: Names, got: np.ndarray, tolerance: float
) -> CommonMistake | None:
    """Whether only the coefficients of the terms differ, and how."""
    terms = _terms(right)
    count = len(got)
    table = np.array([np.broadcast_to(_value(t, names), count) for t in terms], dtype=float).T
    if count < len(terms) + _ENOUGH or not np.isfinite(got).all():
        return None
    size = np.abs(table).max(axis=0)
    if not size.all():
        return None
    factors = np.linalg.lstsq(table / size, got, rcond=None)[0] / size
    if not np.all(np.abs(table @ factors - got) <= tolerance * (np.abs(table) @ np.abs(factors))):
        return None
    if np.any(np.abs(factors) < tolerance):
        return TERM
    if np.all(np.abs(factors - 1) < _ROUGH):  # no factor is lost, the numbers are not exact
        return None
    return SIGN if np.any(np.abs(factors + 1) < tolerance) else FACTOR


def _terms(node: ast.expr) -> list[ast.expr]:
    """The summands of a formula, each with its sign."""
    if _is_sum(node):
        minus = isinstance(node.op, ast.Sub)
        last = [ast.UnaryOp(ast.USub(), t) if minus else t for t in _terms(node.right)]
        return [*_terms(node.left), *last]
    return [node]


@lru_cache(maxsize=256)
def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


@lru_cache(maxsize=256)
def _spoiled(text: str) -> tuple[Spoiled, ...]:
    """The formula with every single slip, and with one name or function changed everywhere."""
    right = _parsed(text)
    places = list(ast.walk(right))
    names = sorted({n.id for n in places if isinstance(n, ast.Name)} - set(FUNCTIONS))
    found = [_everywhere(right, {name: ast.Constant(1)}, FACTOR) for name in names]
    added = {n.id for node in places if _is_sum(node) for n in (node.left, node.right)
             if isinstance(n, ast.Name)}  # fmt: skip
    found += [_everywhere(right, {name: ast.Constant(0)}, TERM) for name in sorted(added)]
    swap = {old: ast.Name(new) for old, new in _SWAPPED.items()}
    found.append(_everywhere(right, swap, TRIG))
    raised = {id(n) for node in places if _is_power(node) for n in ast.walk(node.right)}
    for at, node in enumerate(places):
        for mistake, other in _instead(node, names):
            said = POWER if id(node) in raised else mistake
            found.append((said, _replaced(right, at, other)))
    return tuple(sorted(found, key=lambda pair: _TELLING.index(pair[0])))


def _is_sum(node: ast.AST) -> TypeGuard[ast.BinOp]:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)


def _is_power(node: ast.AST) -> TypeGuard[ast.BinOp]:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)


def _everywhere(right: ast.expr, change: Mapping[str, ast.expr], mistake: CommonMistake) -> Spoiled:
    class Change(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return change.get(node.id, node)

    return mistake, Change().visit(deepcopy(right))


def _replaced(right: ast.expr, at: int, other: ast.expr) -> ast.expr:
    """A copy of the formula with another node at one place of its walk."""
    if at == 0:
        return other
    copy = deepcopy(right)
    old = list(ast.walk(copy))[at]
    for parent in ast.walk(copy):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, other)
            elif isinstance(value, list) and old in value:
                value[value.index(old)] = other
    return copy


def _instead(node: ast.AST, names: Sequence[str]) -> Iterator[Spoiled]:
    """What a slip puts in the place of a part of the formula."""
    if isinstance(node, ast.BinOp):
        yield from _of_operation(node)
        if isinstance(node.op, ast.Mult | ast.Pow):
            for name in names:
                yield FACTOR, ast.BinOp(node, ast.Mult(), ast.Name(name))
                yield FACTOR, ast.BinOp(node, ast.Div(), ast.Name(name))
    elif isinstance(node, ast.UnaryOp):
        yield SIGN, node.operand
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        yield FACTOR, ast.Constant(1)
        if node.func.id in _SWAPPED:
            swapped = ast.Call(ast.Name(_SWAPPED[node.func.id]), node.args, [])
            yield TRIG, swapped
            yield TRIG, ast.UnaryOp(ast.USub(), swapped)
    elif isinstance(node, ast.Name) and node.id in names:
        for name in names:
            if name != node.id:
                yield LETTER, ast.Name(name)


def _of_operation(node: ast.BinOp) -> Iterator[Spoiled]:
    left, right = node.left, node.right
    if isinstance(node.op, ast.Mult):
        yield FACTOR, left
        yield FACTOR, right
        yield FACTOR, ast.BinOp(left, ast.Div(), right)
        yield FACTOR, ast.BinOp(node, ast.Mult(), left)
        yield FACTOR, ast.BinOp(node, ast.Mult(), right)
    elif isinstance(node.op, ast.Div):
        yield FACTOR, left
        yield FACTOR, ast.BinOp(left, ast.Mult(), right)
        yield FACTOR, ast.BinOp(right, ast.Div(), left)
    elif isinstance(node.op, ast.Add | ast.Sub):
        flipped = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield SIGN, ast.BinOp(left, flipped, right)
        yield TERM, left
        yield TERM, right
    elif isinstance(node.op, ast.Pow):
        yield POWER, left
        for step in (1, -1, 2, -2):
            yield POWER, ast.BinOp(left, ast.Pow(), ast.BinOp(right, ast.Add(), ast.Constant(step)))
        for power in (-1, 2, 3):
            yield POWER, ast.BinOp(left, ast.Pow(), ast.Constant(power))


def _value(node: ast.expr, names: Names) -> Any:
    return value_of(ast.unparse(node), names)
