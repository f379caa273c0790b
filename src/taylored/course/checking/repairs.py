"""Single small changes of a program or formula: is one of them what separates it from right?

Every sign, number, name, operator, index, call and line is changed in the ways in which it goes
wrong most often. The changed texts are tried elsewhere (`checking.mended`); where one is right,
the place of the change and its kind are what the learner is told.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from taylored.course.checking.common import CommonMistake
from taylored.course.checking.flaws import (
    CALL,
    COMPARED,
    COUNT,
    FACTOR,
    FUNCTION,
    MATRIX,
    NAME,
    NUMBER,
    POWER,
    SIGN,
    TERM,
)
from taylored.course.checking.moves import moves

__all__ = ["Repair", "repairs"]

_TELLING = (SIGN, NUMBER, COUNT, COMPARED, POWER, FUNCTION, MATRIX, NAME, FACTOR, TERM, CALL)
_LONGEST = 6_000  # characters of a program: longer ones have more changes than time allows
_MOST_NAMES = 8
_MOST_ENTRIES = 4
_SHORT = 4  # letters
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
_WRAPPED = ("exp", "log", "tanh", "sin", "cos")
_TIMES = ("2", "3", "4", "6", "24")
_TRIED = (0, 1, *map(int, _TIMES))


class Repair(NamedTuple):
    """A text with one small change: its kind, the line, what was there, and the whole changed.

    `around` is the expression of which it was a part, where it is so short that it may recur.
    """

    mistake: CommonMistake
    line: int
    before: str
    text: str
    around: str = ""


class _Change(NamedTuple):
    mistake: CommonMistake
    node: ast.expr | ast.stmt
    new: str  # in its place
    added: bool = False  # something that was forgotten, and not another thing than was written


def repairs(text: str, *, formula: bool = False) -> list[Repair]:
    """All single changes of a program, or of a formula in Python's arithmetic; likely ones first.

    Empty where Python cannot read the text.
    """
    try:
        tree = ast.parse(text, mode="eval" if formula else "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    if len(text) > _LONGEST:
        return []
    program = _Program(text, tree)
    found = _sorted(program, [*_single(program), *_everywhere(program)])
    if not formula:
        found += [Repair(*move) for move in moves(text, tree)]
    found += _sorted(program, [(c,) for node in program.expressions for c in _named(program, node)])
    seen, kept = {text}, []
    for repair in found:
        if repair.text not in seen:
            seen.add(repair.text)
            kept.append(repair)
    return kept


def _sorted(program: _Program, changes: list[tuple[_Change, ...]]) -> list[Repair]:
    """What was written wrongly before what was forgotten; in a kind single and short ones first."""

    def rank(those: tuple[_Change, ...]) -> tuple[bool, int, int, int]:
        first = those[0]
        size = len(program.bare(first.node))
        return first.added, _TELLING.index(first.mistake), len(those), size

    return [program.repair(*those) for those in sorted(changes, key=rank)]


def _single(program: _Program) -> Iterator[tuple[_Change, ...]]:
    for node in program.expressions:
        for change in _of(program, node):
            yield (change,)


def _everywhere(program: _Program) -> Iterator[tuple[_Change, ...]]:
    """The same change at all places where the same expression stands, or one of the same form."""
    same: dict[str, list[ast.expr]] = {}
    alike: dict[str, list[ast.expr]] = {}
    for node in program.expressions:
        same.setdefault(program.bare(node), []).append(node)
        if isinstance(node, ast.BinOp | ast.Compare | ast.Call):
            alike.setdefault(_form(node), []).append(node)
    for nodes in (*same.values(), *alike.values()):
        if len(nodes) > 1 and not _nested(program, nodes):
            yield from zip(*(list(_of(program, node)) for node in nodes), strict=False)


def _form(node: ast.expr) -> str:
    """An expression without its names: `x + r*u` and `y + r*v` have one form."""
    return re.sub(r"id='\w+'", "id", ast.dump(node))


def _nested(program: _Program, nodes: Sequence[ast.expr]) -> bool:
    """Whether one of them stands inside another: then they cannot all be changed."""
    spans = sorted(program.span(node) for node in nodes)
    return any(end > start for (_, end), (start, _) in pairwise(spans))


class _Program:
    """A text with its tree: pieces of the one for nodes of the other."""

    def __init__(self, text: str, tree: ast.AST) -> None:
        self.lines = text.encode().splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.bytes = text.encode()
        self.parents = {
            child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)
        }
        self.tree = tree
        self.expressions = [
            n for n in ast.walk(tree) if isinstance(n, ast.expr) and self._counts(n)
        ]
        self.expressions.sort(key=lambda n: (n.lineno, n.col_offset))
        self.names = self._names()
        self.library = self._library()
        self.entries = self._entries()

    def _counts(self, node: ast.expr) -> bool:
        """Whether a value is computed here: no target, annotation, decorator or part of a text."""
        if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
            return False
        parent = self.parents.get(node)
        if isinstance(parent, ast.arg | ast.JoinedStr | ast.FormattedValue | ast.Expr):
            return False
        if isinstance(parent, ast.FunctionDef) and node is not parent.body:
            return False
        return not isinstance(node, ast.JoinedStr | ast.Starred | ast.Slice)

    def _names(self) -> tuple[str, ...]:
        """Arguments and variables, in the order in which they appear."""
        known: dict[str, None] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.arg):
                known.setdefault(node.arg)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                known.setdefault(node.id)
        if not known:  # a formula
            calls = {n.func for n in ast.walk(self.tree) if isinstance(n, ast.Call)}
            known = {n.id: None for n in self.expressions
                     if isinstance(n, ast.Name) and n not in calls}  # fmt: skip
        return tuple(known)[:_MOST_NAMES]

    def _entries(self) -> tuple[str, ...]:
        """Entries of arrays, such as `steps[-1]`, and numbers: what may be forgotten elsewhere."""
        found = [self.bare(n) for n in self.expressions if isinstance(n, ast.Subscript)]
        numbers = [repr(n.value) for n in self.expressions if isinstance(n, ast.Constant)
                   and type(n.value) in (int, float) and n.value not in _TRIED]  # fmt: skip
        return (*dict.fromkeys(found), *dict.fromkeys(numbers))[:_MOST_ENTRIES]

    def _library(self) -> str:
        """What functions of one number are called with: `np.`, `math.`, or nothing."""
        known = {n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name)}
        return next((f"{name}." for name in ("np", "jnp", "math") if name in known), "")

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return (self.starts[node.lineno - 1] + node.col_offset,
                self.starts[node.end_lineno - 1] + node.end_col_offset)  # fmt: skip

    def bare(self, node: ast.expr | ast.stmt) -> str:
        start, end = self.span(node)
        return self.bytes[start:end].decode()

    def keyword(self, node: ast.keyword) -> str:
        name = f"{node.arg}=" if node.arg else "**"
        return name + self.bare(node.value)

    def seen(self, node: ast.expr) -> str:
        """The text of an expression, in parentheses where it needs them."""
        text = self.bare(node)
        plain = ast.Name | ast.Constant | ast.Call | ast.Subscript | ast.Attribute | ast.List
        return text if isinstance(node, plain) else f"({text})"

    def repair(self, *changes: _Change) -> Repair:
        text = self.bytes
        for change in sorted(changes, key=lambda c: self.span(c.node), reverse=True):
            start, end = self.span(change.node)
            text = text[:start] + change.new.encode() + text[end:]
        first = changes[0]
        before, above = self.bare(first.node), self.parents.get(first.node)
        around = ""
        if isinstance(above, ast.expr) and len(before) < _SHORT:
            around = self.bare(above)
        return Repair(first.mistake, first.node.lineno, before, text.decode(), around)


# ---- what may stand in the place of an expression ------------------------------------------


def _of(program: _Program, node: ast.expr) -> Iterator[_Change]:
    for mistake, new in _alternatives(program, node):
        yield _Change(mistake, node, f"({new})")
    for mistake, new in _weighted(program, node) if _is_value(program, node) else ():
        yield _Change(mistake, node, f"({new})", added=True)


def _alternatives(program: _Program, node: ast.expr) -> Iterator[tuple[CommonMistake, str]]:
    if isinstance(node, ast.BinOp):
        yield from _of_operation(program, node)
    elif isinstance(node, ast.UnaryOp):
        yield (SIGN if isinstance(node.op, ast.USub) else COMPARED), program.seen(node.operand)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = program.seen(node.left), program.seen(node.comparators[0])
        for turned in _TURNED.get(type(node.ops[0]), ()):
            yield COMPARED, f"{left} {turned} {right}"
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


def _of_operation(program: _Program, node: ast.BinOp) -> Iterator[tuple[CommonMistake, str]]:
    left, right = program.seen(node.left), program.seen(node.right)
    if type(node.op) not in _SIGNS:
        return
    sign, other, mistake = _SIGNS[type(node.op)]
    yield mistake, f"{left} {other} {right}"
    if sign == "-":
        yield SIGN, f"{right} - {left}"
    elif sign == "/":
        yield FACTOR, f"{right} / {left}"
    elif sign == "@":
        yield MATRIX, f"{right} @ {left}"
    elif sign == "*":
        yield MATRIX, f"{left} @ {right}"
        yield POWER, f"{left} ** {right}"
    elif sign == "**":
        for step in ("+ 1", "- 1", "* 2", "/ 2"):
            yield POWER, f"{left} ** ({right} {step})"
        yield POWER, f"{left} ** (-{right})"
    dropped = {"+": TERM, "-": TERM, "**": POWER, "@": MATRIX}.get(sign, FACTOR)
    yield dropped, left
    yield dropped, right


def _of_number(program: _Program, node: ast.Constant) -> Iterator[tuple[CommonMistake, str]]:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    above = program.parents.get(node)
    raised = isinstance(above, ast.BinOp) and isinstance(above.op, ast.Pow) and node is above.right
    mistake = POWER if raised else NUMBER
    if isinstance(value, int):
        mistake = COUNT if _counts_places(program, node) else mistake
        for other in (value + 1, value - 1, value + 2, -value):
            yield mistake, repr(other)
    if value:
        for times in (2, 3, 4, 10, 100):
            yield mistake, f"{value!r} * {times}"
            yield mistake, f"{value!r} / {times}"
        yield POWER, f"{value!r} ** 2"
        yield POWER, f"{value!r} ** 0.5"
        yield FACTOR, f"1 / {value!r}"
    for known in ("1", "2", "0.5"):
        yield mistake, known
    yield COUNT if mistake is COUNT else TERM, "0"


def _counts_places(program: _Program, node: ast.expr) -> bool:
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


def _of_call(program: _Program, node: ast.Call) -> Iterator[tuple[CommonMistake, str]]:
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


def _of_attribute(program: _Program, node: ast.Attribute) -> Iterator[tuple[CommonMistake, str]]:
    if node.attr == "T":
        yield MATRIX, program.seen(node.value)


def _is_value(program: _Program, node: ast.expr) -> bool:
    """Whether it stands for a number or an array: no module, function, text or condition."""
    parent = program.parents.get(node)
    if isinstance(parent, ast.Attribute) and not isinstance(
        node, ast.Call | ast.Subscript | ast.BinOp
    ):
        return isinstance(node, ast.Name) and node.id in program.names and parent.attr == "T"
    if isinstance(parent, ast.Call) and node is parent.func:
        return False
    kinds = (
        ast.BinOp
        | ast.Name
        | ast.Call
        | ast.Subscript
        | ast.Attribute
        | ast.UnaryOp
        | ast.GeneratorExp
    )
    return isinstance(node, kinds) and not isinstance(node, ast.GeneratorExp)


def _weighted(program: _Program, node: ast.expr) -> Iterator[tuple[CommonMistake, str]]:
    """With a sign, a factor, a power or a one that was forgotten."""
    text = program.seen(node)
    yield SIGN, f"-{text}"
    for times in _TIMES:
        yield FACTOR, f"{times} * {text}"
        yield FACTOR, f"{text} / {times}"
    yield POWER, f"{text} ** 2"
    yield POWER, f"{text} ** 0.5"
    yield FACTOR, f"1 / {text}"
    for function in ("abs", *(f"{program.library}{name}" for name in _WRAPPED)):
        yield FUNCTION, f"{function}({text})"
    yield COUNT if _counts_places(program, node) else TERM, f"{text} + 1"
    yield COUNT if _counts_places(program, node) else TERM, f"{text} - 1"


def _named(program: _Program, node: ast.expr) -> Iterator[_Change]:
    """One name for another, and a name that was forgotten as a factor or term."""
    if not _is_value(program, node):
        return
    text = program.seen(node)
    for name in program.names:
        if isinstance(node, ast.Name) and name != node.id:
            yield _Change(NAME, node, name)
    for name in (*program.names, *program.entries):
        yield _Change(FACTOR, node, f"({text} * {name})")
        yield _Change(FACTOR, node, f"({text} / {name})")
        yield _Change(TERM, node, f"({text} + {name})")
        yield _Change(TERM, node, f"({text} - {name})")
        yield _Change(TERM, node, f"({name} - {text})")
