"""Small changes of the lines of a program: left out, exchanged, out of a loop, `=` for `+=`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from taylored.course.checking.common import CommonMistake
from taylored.course.checking.flaws import LINE, SIGN

__all__ = ["moves"]

Move = tuple[CommonMistake, int, str, str]  # kind, line, what stood there, the whole changed
Change = tuple[CommonMistake, int, dict[int, list[str]]]  # the line, what stands in place of lines
Block = ast.For | ast.While | ast.If

_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_OTHER = {"+": "-", "-": "+", "*": "/", "/": "*"}


def moves(text: str, tree: ast.AST) -> Iterator[Move]:
    """All such changes of single lines; statements over several lines stay as they are."""
    lines = re.split(r"\r\n|\r|\n", text)  # splitlines() parts at form feeds as well
    for mistake, number, new in _changes(tree, lines):
        after = list(lines)
        for at in sorted(new, reverse=True):
            after[at - 1 : at] = new[at]
        yield mistake, number, lines[number - 1].strip(), "\n".join(after)


def _changes(tree: ast.AST, lines: list[str]) -> Iterator[Change]:
    for body, loop in _bodies(tree):
        for at, statement in enumerate(body):
            if _is_short(statement):
                below = body[at + 1] if at + 1 < len(body) else None
                yield from _of_statement(statement, below, loop, lines)
        for one, next_ in pairwise(body):
            if isinstance(one, ast.For | ast.While) and _is_short(next_):
                yield LINE, next_.lineno, {next_.lineno: [_indented(one.body[0], next_, lines)]}
            if isinstance(next_, ast.For | ast.While) and _is_short(one):
                inside = [lines[next_.lineno - 1], _indented(next_.body[0], one, lines)]
                yield LINE, one.lineno, {one.lineno: [], next_.lineno: inside}


def _of_statement(
    statement: ast.stmt, below: ast.stmt | None, loop: Block | None, lines: list[str]
) -> Iterator[Change]:
    number = statement.lineno
    line = lines[number - 1]
    for mistake, other in _assigned(line, statement):
        yield mistake, number, {number: [other]}
    if below is not None and _is_short(below):
        yield LINE, number, {number: [lines[below.lineno - 1]], below.lineno: [line]}
    if not isinstance(statement, ast.Import | ast.ImportFrom):
        yield LINE, number, {number: []}
    if loop is not None and loop.end_lineno is not None:  # below the block, not in it
        last = [] if number == loop.end_lineno else [lines[loop.end_lineno - 1]]
        yield (
            LINE,
            number,
            {number: [], loop.end_lineno: [*last, _indented(loop, statement, lines)]},
        )


def _is_short(statement: ast.stmt) -> bool:
    return statement.lineno == statement.end_lineno


def _indented(like: ast.stmt, statement: ast.stmt, lines: list[str]) -> str:
    return " " * like.col_offset + lines[statement.lineno - 1].strip()


def _bodies(tree: ast.AST) -> Iterator[tuple[list[ast.stmt], Block | None]]:
    """The blocks of functions, loops and conditions, with the loop or condition itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node.body, None
        elif isinstance(node, ast.For | ast.While | ast.If):
            yield node.body, node


def _assigned(line: str, statement: ast.stmt) -> Iterator[tuple[CommonMistake, str]]:
    """An assignment with another operator."""
    if isinstance(statement, ast.AugAssign):
        sign = _OPERATORS.get(type(statement.op), "")
        if sign and f"{sign}=" in line:
            yield SIGN, line.replace(f"{sign}=", f"{_OTHER[sign]}=", 1)
            yield LINE, line.replace(f"{sign}=", "=", 1)
    elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        name, _, value = line.partition("=")
        for sign in "+-*":
            yield LINE, f"{name.rstrip()} {sign}={value}"
