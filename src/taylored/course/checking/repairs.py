"""Single small changes of a program or formula: is one of them what separates it from right?

Every sign, number, name, operator, index, call and line is changed in the ways in which it goes
wrong most often. The changed texts are tried elsewhere (`checking.mended`); where one is right,
the place of the change and its kind are what the learner is told.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from taylored.course.checking.changes import changes_of, named
from taylored.course.checking.flaws import TELLING
from taylored.course.checking.moves import moves
from taylored.course.checking.program import Change, Program, Repair

__all__ = ["Repair", "repairs"]

_MOST_EXPRESSIONS = 400  # a program of fifty lines; longer ones have more changes than time allows
_MOST_ALIKE = 6  # expressions of one form of which any two are changed


def repairs(text: str, *, formula: bool = False) -> Iterator[Repair]:
    """All single changes of a program, or of a formula in Python's arithmetic; likely ones first.

    Nothing where Python cannot read the text, or where it is so long that there are too many.
    """
    try:
        tree = ast.parse(text, mode="eval" if formula else "exec")
        program = Program(text, tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    if len(program.expressions) > _MOST_EXPRESSIONS or program.has_giants:
        return
    seen = {text}
    for repair in _in_order(program, tree, formula):
        if repair.text not in seen:
            seen.add(repair.text)
            yield repair


def _in_order(program: Program, tree: ast.AST, formula: bool) -> Iterator[Repair]:
    yield from _sorted(program, [*_single(program), *_everywhere(program)])
    if not formula:
        yield from (Repair(*move) for move in moves(program.text, tree))
    wide = [(c,) for node in program.expressions for c in named(program, node)]
    yield from _sorted(program, wide)


def _sorted(program: Program, changes: list[tuple[Change, ...]]) -> Iterator[Repair]:
    """What was written wrongly before what was forgotten; in a kind single and short ones first."""

    def rank(those: tuple[Change, ...]) -> tuple[bool, int, int, int]:
        first = those[0]
        start, end = program.span(first.node)
        return first.added, TELLING.index(first.mistake), len(those), end - start

    return (program.repair(*those) for those in sorted(changes, key=rank))


def _single(program: Program) -> Iterator[tuple[Change, ...]]:
    for node in program.expressions:
        for change in changes_of(program, node):
            yield (change,)


def _everywhere(program: Program) -> Iterator[tuple[Change, ...]]:
    """The same change at all places where the same expression stands, or one of the same form."""
    same: dict[str, list[ast.expr]] = {}
    alike: dict[str, list[ast.expr]] = {}
    for node in program.expressions:
        same.setdefault(program.bare(node), []).append(node)
        if isinstance(node, ast.BinOp | ast.Compare | ast.Call):
            alike.setdefault(_form(node), []).append(node)
    for nodes in (*same.values(), *alike.values()):
        if len(nodes) > 1 and not _nested(program, nodes):
            yield from zip(*(list(changes_of(program, node)) for node in nodes), strict=False)
    for nodes in alike.values():
        for two in combinations(nodes, 2) if 2 < len(nodes) <= _MOST_ALIKE else ():
            if not _nested(program, two):
                yield from zip(*(list(changes_of(program, node)) for node in two), strict=False)


def _form(node: ast.expr) -> str:
    """An expression without its names: `x + r*u` and `y + r*v` have one form."""
    return re.sub(r"id='\w+'", "id", ast.dump(node))


def _nested(program: Program, nodes: Sequence[ast.expr]) -> bool:
    """Whether one of them stands inside another: then they cannot all be changed."""
    spans = sorted(program.span(node) for node in nodes)
    return any(end > start for (_, end), (start, _) in pairwise(spans))
