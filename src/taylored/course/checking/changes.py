"""What may stand in the place of an expression: the ways in which it goes wrong most often."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations
from typing import TypeGuard

from taylored.course.checking.common import CommonMistake
from taylored.course.checking.flaws import (
    BRACKETS,
    CALL,
    COMPARED,
    COUNT,
    FACTOR,
    FUNCTION,
    MATRIX,
    NAME,
    NUMBER,
    POWER,
    QUOTIENT,
    SIGN,
    TERM,
)
from taylored.course.checking.program import TIMES, Change, Program

__all__ = ["changes_of", "named"]

New = Iterator[tuple[CommonMistake, str]]

_SIGNS: dict[type[ast.operator], tuple[str, str, CommonMistake]] = {
    ast.Add: ("+", "-", SIGN),
    ast.Sub: ("-", "+", SIGN),
    ast.Mult: ("*", "/", FACTOR),
    ast.Div: ("/", "*", FACTOR),
    ast.FloorDiv: ("//", "/", FUNCTION),
    ast.Mod: ("%", "//", FUNCTION),
    ast.Pow: ("**", "*", POWER),
    ast.MatMult: ("@", "*", MATRIX),
}
_TURNED: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Lt: ("<=", ">", ">="),
    ast.LtE: ("<", ">=", ">"),
    ast.Gt: (">=", "<", "<="),
    ast.GtE: (">", "<=", "<"),
    ast.Eq: ("!=",),
    ast.NotEq: ("==",),
}
_GROUPS = (
    ("sin", "cos", "tan"), ("sinh", "cosh", "tanh"), ("arcsin", "arccos", "arctan"),
    ("asin", "acos", "atan"), ("exp", "log", "ln"), ("log", "log10", "log2"),
    ("sum", "mean", "prod", "cumsum", "max"), ("max", "min", "mean"), ("maximum", "minimum"),
    ("argmax", "argmin"), ("std", "var"), ("sqrt", "square"), ("floor", "ceil", "round", "rint"),
    ("norm", "sum"), ("any", "all"), ("dot", "outer", "multiply"), ("zeros", "ones"),
    ("sort", "flip"), ("eigvalsh", "eigvals"), ("det", "trace"), ("diff", "gradient"),
)  # fmt: skip
_INSTEAD: dict[str, tuple[str, ...]] = {
    word: tuple(other for group in _GROUPS if word in group for other in group if other != word)
    for group in _GROUPS
    for word in group
}
_LARGEST = 10**9
_MOST_OPERANDS = 12
_WRAPPED = ("exp", "log", "tanh", "sin", "cos")


def changes_of(program: Program, node: ast.expr) -> Iterator[Change]:
    """What may stand in its place: other things first, then what may have been forgotten."""
    for mistake, new in _alternatives(program, node):
        yield Change(mistake, node, f"({new})")
    later = _other_numbers(program, node) if isinstance(node, ast.Constant) else iter(())
    for mistake, new in _weighted(program, node) if _is_value(program, node) else later:
        yield Change(mistake, node, f"({new})", added=True)


def _alternatives(program: Program, node: ast.expr) -> New:
    if isinstance(node, ast.BinOp):
        yield from _of_operation(program, node)
    elif isinstance(node, ast.UnaryOp):
        yield (SIGN if isinstance(node.op, ast.USub) else COMPARED), program.seen(node.operand)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = program.seen(node.left), program.seen(node.comparators[0])
        for turned in _TURNED.get(type(node.ops[0]), ()):
            yield COMPARED, f"{left} {turned} {right}"
        yield from _inside(program, node)
    elif isinstance(node, ast.BoolOp):
        word = " or " if isinstance(node.op, ast.And) else " and "
        yield COMPARED, word.join(program.seen(v) for v in node.values)
        for value in node.values:
            yield COMPARED, program.seen(value)
    elif isinstance(node, ast.IfExp):
        test, yes, no = (program.seen(n) for n in (node.test, node.body, node.orelse))
        yield COMPARED, f"{no} if {test} else {yes}"
    elif isinstance(node, ast.Constant):
        yield from _of_number(program, node)
    elif isinstance(node, ast.Call):
        yield from _of_call(program, node)
    elif isinstance(node, ast.Attribute):
        yield from _of_attribute(program, node)


def _inside(program: Program, node: ast.Compare) -> New:
    """`all(x) > 0` as `all(x > 0)`."""
    call, sign = node.left, program.bare(node)[len(program.bare(node.left)) :]
    if isinstance(call, ast.Call) and len(call.args) == 1 and not call.keywords:
        yield COMPARED, f"{program.bare(call.func)}({program.bare(call.args[0])}{sign})"


def _regrouped(program: Program, node: ast.BinOp) -> New:
    """`s*r/1 - r` as `s*r/(1 - r)`: parentheses around any row of operands; and without some."""
    if isinstance(program.parents.get(node), ast.BinOp):
        return
    start, end = program.span(node)
    leaves = [program.span(leaf) for leaf in _operands(node)][:_MOST_OPERANDS]
    for (first, _), (_, last) in combinations(leaves, 2):
        if first == start and last == end:
            continue
        before, inside, after = program.cut(start, first, last, end)
        yield BRACKETS, f"{before}({inside}){after}"
    for part in ast.walk(node):
        if isinstance(part, ast.BinOp) and part is not node:
            first, last = program.span(part)
            before, inside, after = program.cut(start, first, last, end)
            if before.rstrip().endswith("(") and after.lstrip().startswith(")"):
                yield BRACKETS, f"{before.rstrip()[:-1]}{inside}{after.lstrip()[1:]}"


def _operands(node: ast.expr) -> Iterator[ast.expr]:
    """What stands between the operators, from left to right."""
    if isinstance(node, ast.BinOp):
        yield from _operands(node.left)
        yield from _operands(node.right)
    else:
        yield node


def _of_operation(program: Program, node: ast.BinOp) -> New:
    left, right = program.seen(node.left), program.seen(node.right)
    if type(node.op) not in _SIGNS:
        return
    sign, other, mistake = _SIGNS[type(node.op)]
    yield mistake, f"{left} {other} {right}"
    if sign == "-":
        yield SIGN, f"{right} - {left}"
    elif sign == "/":
        yield QUOTIENT, f"{right} / {left}"
    elif sign == "@":
        yield MATRIX, f"{right} @ {left}"
        yield MATRIX, f"{left}.T @ {right}"
        yield MATRIX, f"{left} @ {right}.T"
    elif sign == "*":
        yield MATRIX, f"{left} @ {right}"
        yield POWER, f"{left} ** {right}"
    elif sign == "**":
        for step in ("+ 1", "- 1", "* 2", "/ 2"):
            yield POWER, f"{left} ** ({right} {step})"
        yield POWER, f"{left} ** (-{right})"
    yield from _regrouped(program, node)
    dropped = {"+": TERM, "-": TERM, "**": POWER, "@": MATRIX}.get(sign, FACTOR)
    yield dropped, left
    yield dropped, right


def _of_number(program: Program, node: ast.Constant) -> New:
    value, text = node.value, program.bare(node)
    if not _is_number(value):
        return
    mistake = _kind_of_number(program, node)
    if isinstance(value, int) and abs(value) < _LARGEST:
        for other in (value + 1, value - 1, value + 2, -value):
            yield mistake, repr(other)
    if value:
        yield mistake, f"{text} * 2"
        yield mistake, f"{text} / 2"
    yield COUNT if mistake is COUNT else TERM, "0"


def _other_numbers(program: Program, node: ast.Constant) -> New:
    """Less likely ones, tried after all that is likelier."""
    if not _is_number(node.value) or not node.value:
        return
    mistake, text = _kind_of_number(program, node), program.bare(node)
    for times in (3, 4, 10, 100):
        yield mistake, f"{text} * {times}"
        yield mistake, f"{text} / {times}"
    yield POWER, f"{text} ** 2"
    yield POWER, f"{text} ** 0.5"
    yield FACTOR, f"1 / {text}"
    for known in ("0.5", *map(str, range(1, 10))):
        yield mistake, known


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind_of_number(program: Program, node: ast.Constant) -> CommonMistake:
    """What it is if this number is wrong: an exponent, a count, or any other."""
    above = program.parents.get(node)
    if isinstance(above, ast.BinOp) and isinstance(above.op, ast.Pow) and node is above.right:
        return POWER
    return COUNT if isinstance(node.value, int) and _counts_places(program, node) else NUMBER


def _counts_places(program: Program, node: ast.expr) -> bool:
    """Whether a number is an index, a border of a slice or an argument of `range`."""
    at: ast.AST | None = node
    while at is not None and isinstance(at, ast.expr):
        above = program.parents.get(at)
        if isinstance(above, ast.Slice) or (isinstance(above, ast.Subscript) and at is above.slice):
            return True
        if isinstance(above, ast.Call):
            return isinstance(above.func, ast.Name) and above.func.id == "range"
        at = above
    return False


def _of_call(program: Program, node: ast.Call) -> New:
    function, arguments = program.bare(node.func), [program.bare(a) for a in node.args]
    words = [program.keyword(k) for k in node.keywords]
    stem, dot, word = function.rpartition(".")
    for other in _INSTEAD.get(word, ()):
        yield FUNCTION, f"{stem}{dot}{other}({', '.join([*arguments, *words])})"
    if len(arguments) == 1:
        yield FUNCTION, arguments[0]
    if len(arguments) == 2:
        yield CALL, f"{function}({', '.join([arguments[1], arguments[0], *words])})"
    for at, keyword in enumerate(node.keywords):
        rest = words[:at] + words[at + 1 :]
        yield CALL, f"{function}({', '.join([*arguments, *rest])})"
        if keyword.arg in ("axis", "ddof") and isinstance(keyword.value, ast.Constant):
            turned = f"{keyword.arg}={0 if keyword.value.value else 1}"
            yield CALL, f"{function}({', '.join([*arguments, *rest, turned])})"
    if word in ("std", "var", "cov"):
        yield CALL, f"{function}({', '.join([*arguments, *words, 'ddof=1'])})"
    if word in ("max", "min") and len(arguments) > 1:
        yield FUNCTION, f"{function}({', '.join(f'abs({a})' for a in arguments)})"
    if word == "range" and len(arguments) == 1:
        yield COUNT, f"range(1, {arguments[0]} + 1)"
        yield COUNT, f"range(1, {arguments[0]})"
        yield COUNT, f"range({arguments[0]} + 1)"
        yield COUNT, f"range({arguments[0]} - 1)"


def _of_attribute(program: Program, node: ast.Attribute) -> New:
    if node.attr == "T":
        yield MATRIX, program.seen(node.value)


def _is_value(program: Program, node: ast.expr) -> bool:
    """Whether it stands for a number or an array: no module, function, text or condition."""
    parent = program.parents.get(node)
    if isinstance(parent, ast.Attribute) and not isinstance(
        node, ast.Call | ast.Subscript | ast.BinOp
    ):
        return isinstance(node, ast.Name) and node.id in program.names and parent.attr == "T"
    if isinstance(parent, ast.Call) and node is parent.func:
        return False
    kinds = ast.BinOp | ast.Name | ast.Call | ast.Subscript | ast.Attribute | ast.UnaryOp
    return isinstance(node, kinds)


def _weighted(program: Program, node: ast.expr) -> New:
    """With a sign, a factor, a power or a one that was forgotten."""
    text = program.seen(node)
    yield SIGN, f"-{text}"
    for times in TIMES:
        yield FACTOR, f"{times} * {text}"
        yield FACTOR, f"{text} / {times}"
    yield POWER, f"{text} ** 2"
    yield POWER, f"{text} ** 0.5"
    yield FACTOR, f"1 / {text}"
    for function in ("abs", *(f"{program.library}{name}" for name in _WRAPPED)):
        yield FUNCTION, f"{function}({text})"
    yield COUNT if _counts_places(program, node) else TERM, f"{text} + 1"
    yield COUNT if _counts_places(program, node) else TERM, f"{text} - 1"


def named(program: Program, node: ast.expr) -> Iterator[Change]:
    """One name for another, and a name that was forgotten as a factor or term."""
    if not _is_value(program, node):
        return
    text = program.seen(node)
    for name in program.names:
        if isinstance(node, ast.Name) and name != node.id:
            yield Change(NAME, node, name)
    for name in (*program.names, *program.entries):
        yield Change(FACTOR, node, f"({text} * {name})")
        yield Change(FACTOR, node, f"({text} / {name})")
        yield Change(TERM, node, f"({text} + {name})")
        yield Change(TERM, node, f"({text} - {name})")
        yield Change(TERM, node, f"({name} - {text})")
