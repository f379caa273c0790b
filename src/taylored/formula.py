"""Formula text to a small immutable program: an own grammar on Python's `ast`, never run as code.

A formula is `response ~ model`, or a model alone. The arithmetic is Python's, with `^` for `**`,
`· × ÷ − ≤ ≥ ≠`, and superscripts (`x²`, `x⁻¹`). Comparisons are chained, and joined with `and or
not`, or with `& | ~` between parenthesized ones; used as numbers they count 1 or 0; `a if x > 0
else b` is `where(x > 0, a, b)`. Names are NFKC-normalized, so that `x₁` and `x1` are one name, and
may be Python's keywords (`lambda`); any other text is a name in backquotes: `` `time (s)` ``. The
only constant is `pi` (`π`): `e` and `tau` are ordinary names, and Euler's number is `exp(1)`.
`gamma`, `j0` and `j1` are functions before a parenthesis and names elsewhere; other functions'
names need backquotes to be columns or parameters.

Why it is safe: our own scanner reads every character and hands `ast.parse` only placeholders,
operators and parentheses; the tree is then translated by a whitelist of node types.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import math
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from types import MappingProxyType
from typing import Any, NamedTuple

from taylored.errors import FormulaError

__all__ = ["CONSTANTS", "FUNCTIONS", "OPS", "Expression", "Formula", "FunctionInfo"]
__all__ += ["normalize_name", "parse", "suggest"]

MAX_LENGTH, MAX_NODES, MAX_DEPTH, MAX_DIGITS = 10_000, 2_000, 100, 400


class FunctionInfo(NamedTuple):
    """The operation that a function calls, and how many arguments it takes."""

    op: str
    least: int
    most: int


def _functions() -> dict[str, FunctionInfo]:
    of_one = """exp expm1 exp2 log log10 log2 log1p sqrt cbrt abs sign floor ceil round sin cos tan
        asin acos atan sinh cosh tanh asinh acosh atanh erf erfc erfinv gamma lgamma digamma
        sigmoid softplus relu sinc besselj0 besselj1"""
    aliases = """ln=log gammaln=lgamma expit=sigmoid logistic=sigmoid minimum=min maximum=max
        power=pow absolute=abs fabs=abs j0=besselj0 j1=besselj1 arcsin=asin arccos=acos arctan=atan
        arctan2=atan2 arcsinh=asinh arccosh=acosh arctanh=atanh"""
    table = {name: FunctionInfo(name, 1, 1) for name in of_one.split()}
    table |= {name: FunctionInfo(name, 2, 2) for name in ("atan2", "hypot", "pow", "mod")}
    table |= {name: FunctionInfo(name, 2, MAX_NODES) for name in ("min", "max")}
    table |= {"where": FunctionInfo("where", 3, 3), "heaviside": FunctionInfo("heaviside", 1, 2)}
    table |= {new: table[old] for new, old in (pair.split("=") for pair in aliases.split())}
    return table | {"square": FunctionInfo("pow", 1, 1)}  # the exponent 2 is filled in


FUNCTIONS: Mapping[str, FunctionInfo] = MappingProxyType(_functions())
CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": math.pi, "π": math.pi})
_ALSO_NAMES = frozenset({"gamma", "j0", "j1"})  # too often parameters to be refused

_BINARY: dict[type[ast.AST], str] = {
    **{ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Mod: "mod"},
    **{ast.Pow: "pow", ast.BitAnd: "and", ast.BitOr: "or", ast.And: "and", ast.Or: "or"},
    **{ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"},
}
_CONDITIONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not"})
OPS = frozenset({*_BINARY.values(), "not", "neg", *(f.op for f in FUNCTIONS.values())})


class _Node(NamedTuple):
    """One step: a number, a name, or an operation on the results of earlier steps."""

    op: str
    args: tuple[int, ...] = ()
    value: Any = None


@dataclass(frozen=True)
class Expression:
    """One side of a formula: its text, its free names in order of appearance, and its program."""

    text: str
    names: tuple[str, ...]
    _spots: tuple[int, ...] = field(repr=False)
    _nodes: tuple[_Node, ...] = field(repr=False)

    @property
    def positions(self) -> Mapping[str, int]:
        """Where each name appears first, as an offset into the text of the whole formula."""
        return dict(zip(self.names, self._spots, strict=True))

    def evaluate(self, values: Mapping[str, Any], ops: Mapping[str, Callable[..., Any]]) -> Any:
        """Work out the value, calling `ops[name](*args)` for every operation.

        `ops` needs those names of `OPS` that the expression uses. Numbers arrive as floats, except
        whole exponents (`x^2`, `pow(x, -1)`), which stay integers. Both branches of `where` are
        worked out. A name that `values` lacks is a `KeyError`.
        """
        done: list[Any] = []
        for op, args, value in self._nodes:
            if op == "number":
                done.append(value)
            elif op == "name":
                done.append(values[value])
            else:
                done.append(ops[op](*(done[i] for i in args)))
        return done[-1]


@dataclass(frozen=True)
class Formula:
    """What the user wrote, and its two sides; `response` is None for a model alone."""

    text: str
    response: Expression | None
    model: Expression


def normalize_name(name: str) -> str:
    """The one spelling under which a name is known: its Unicode NFKC form (`x₁` is `x1`)."""
    return unicodedata.normalize("NFKC", name)


def suggest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `name` most likely stands for, or None where none is near."""
    if len(name) > 100:  # difflib takes quadratic time
        return None
    known = {normalize_name(c).casefold(): c for c in candidates}
    near = difflib.get_close_matches(normalize_name(name).casefold(), known, 1, 0.6)
    return known[near[0]] if near else None


def parse(text: str) -> Formula:
    """Read a formula; whatever cannot be read is a `FormulaError` with a caret at the place."""
    if not isinstance(text, str):
        raise _error("", 0, "type", type(text).__name__)
    if len(text) > MAX_LENGTH:
        raise _error(text, MAX_LENGTH, "long", f"{len(text):,} characters", f"{MAX_LENGTH:,}")
    tokens = _scan(text)
    split = _check(text, tokens)
    if split is None:
        return Formula(text, None, _Builder(text, tokens).build())
    response = _Builder(text, tokens[:split]).build()
    return Formula(text, response, _Builder(text, tokens[split + 1 :]).build())


# what happened | why | the next step
_MESSAGES = """
arguments: {0} takes {1}. | {2} given here. | write {3}
backquote: This backquote opens no name. | A quoted name has letters and two. | write `the name`
call: {0} is not a function. | A name before a parenthesis calls a function. | write {1}
comma: This comma is out of place. | Commas separate arguments only. | write 1.5 for one and a half
condition: This is not a condition. | Conditions compare. | write it as in (x > 0) & (x < 1)
deep: This formula is nested too deeply. | 100 levels are the most. | write it flatter
dot: {0} has a dot. | Nothing here has attributes, and functions need no module. | write {1}
empty: The formula is empty. | There is nothing to read. | write one, as in y ~ a*x + b
equal: = is not read here. | The response stands before ~, and a comparison has ==. | {0}
long: This formula is too long. | It has {0}, and {1} are the most. | write it shorter
name: {0} is not a name for a formula. | Python has it for itself. | choose another name
number: {0} is not a double. | Doubles reach from about 5e-324 to 1.8e308. | use another unit
operator: An operator is missing here. | Two values stand side by side. | {0}
pair: This parenthesis has no partner. | Every ( needs a ) after it. | {0}
parenthesis: {0} needs parentheses. | It is a function. | write {0}(x), or `{0}` if it is a name
power: This power follows a superscript. | Their order is not clear. | write (x²)^3 or x^(2^3)
read: This cannot be read. | An if has no else, or a not is misplaced. | use more parentheses
refused: {0} has no meaning in a formula. | It has arithmetic, functions and conditions. | {1}
strange: Formulas do not have this character. | It is U+{0:04X}, {1}. | remove or replace it
tilde: This ~ is out of place. | It stands once, between two sides. | write y ~ a*x + b
twice: {0} has two meanings. | It is called, and also used as a name. | write `{0}` for the name
type: A formula is text. | This is of type {0}. | write it in quotes, as in "y ~ a*x + b"
value: A value is missing before {0}. | A number, a name or a function belongs there. | add it
word: {0} is not an operator here. | It is read as a name. | use + - * / ^ or a comparison
"""
_ROWS = {row.partition(": ")[0]: row.partition(": ")[2] for row in _MESSAGES.splitlines()}


def _error(text: str, at: int, key: str, *pieces: object) -> FormulaError:
    short = [piece[:80] if isinstance(piece, str) else piece for piece in pieces]
    what, why, step = (part.format(*short) for part in _ROWS[key].split(" | "))
    return FormulaError(what, text=text, position=at, why=why, next_step=step)


class _Token(NamedTuple):
    """A piece of the text; its kind is number, name, quoted, function, or the operator itself."""

    kind: str
    at: int
    text: str
    value: Any = None


_SUPER = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_PLAIN = str.maketrans(_SUPER + "⁻", "0123456789-")
_DIGITS = "[0-9](?:_?[0-9])*"
_PIECE = re.compile(
    rf"""(?P<blank>\s+)
    | (?P<number>0[xX][0-9a-fA-F]+|(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})
        (?:[eE][+-]?{_DIGITS})?)
    | (?P<quoted>`[^`]*`)
    | (?P<name>[^\W{_SUPER}](?:[^\W{_SUPER}]|[\u0300-\u036f])*)
    | (?P<super>⁻?[{_SUPER}]+)
    | (?P<refused>//|<<|>>|:=|&&|\|\||=>|=<(?!=)|!(?!=)|[][{{}}@:;?"'#$\\.–√])
    | (?P<op>\*\*|<=|>=|==|!=|[-+*/^%<>=~&|(),·×⋅∙÷−≤≥≠])
    | (?P<strange>.)""",
    re.VERBOSE,
)
_SAME_AS = dict(zip("^·×⋅∙÷−≤≥≠", "** * * * * / - <= >= !=".split(" "), strict=True))
_INSTEAD = {
    **{"//": "write floor(x/y)", "@": "write x*y", ":=": "write ~", "–": "write the minus sign -"},
    **{"&&": "write and", "||": "write or", "=>": "write >=", "=<": "write <=", "!": "write not"},
    **{":": "write x*z, or pass a Python function", "√": "write sqrt(x)"},
    **dict.fromkeys("'\"", "write names bare, or in backquotes where they have blanks"),
    **dict.fromkeys("[]", "write x1 or x_1, or put a column's name in backquotes"),
    **dict.fromkeys("{}", "write round parentheses ( )"),
}
_WORDS = frozenset({"and", "or", "not", "if", "else"})
_MODULES = frozenset({"np", "numpy", "math", "jnp", "jax", "scipy", "sp", "torch", "sympy"})


def _scan(text: str) -> list[_Token]:
    """Cut the text into tokens; every character is accounted for or refused."""
    for at, char in enumerate(text):
        if unicodedata.category(char)[0] == "C" and char not in "\t\n\r":
            raise _strange(text, at)
    tokens: list[_Token] = []
    for match in _PIECE.finditer(text):
        tokens += _tokens(text, tokens, match)
    called = {token.value for token in tokens if token.kind == "function"}
    for token in tokens:
        if token.kind == "name" and token.value in called:
            raise _error(text, token.at, "twice", token.value)
    return tokens


def _strange(text: str, at: int) -> FormulaError:
    return _error(text, at, "strange", ord(text[at]), unicodedata.name(text[at], "without a name"))


def _tokens(text: str, before: list[_Token], match: re.Match[str]) -> list[_Token]:
    """The token for one piece of text: none for blanks, two for a superscript."""
    kind, at, piece = match.lastgroup, match.start(), match.group()
    if kind == "strange":
        raise _error(text, at, "backquote") if piece == "`" else _strange(text, at)
    if kind == "blank":
        return []
    if kind == "number":
        return [_Token("number", at, piece, _number(text, at, piece))]
    if kind in ("name", "quoted"):
        return [_name(text, at, piece)]
    if kind == "refused":
        step = _INSTEAD.get(piece, "remove it, or pass a Python function instead")
        dotted = piece == "." and before and before[-1].kind == "name"
        raise _dotted(text, before[-1]) if dotted else _error(text, at, "refused", piece, step)
    op = _SAME_AS.get(piece, piece) if kind == "op" else "**"
    if op == "**" and before and before[-1].text[-1] in _SUPER:
        raise _error(text, at, "power")
    if kind == "op":
        return [_Token(op, at, piece)]
    exponent = _number(text, at, piece.translate(_PLAIN))
    return [_Token("**", at, piece), _Token("number", at, piece, exponent)]


def _number(text: str, at: int, piece: str) -> float | int:
    """A number as an int where it is whole and exact in a double, else as a float."""
    base = 16 if "x" in piece.lower() else 10
    try:
        value = float(piece) if base == 10 and set(piece) & set(".eE") else int(piece, base)
        lost = math.isinf(float(value)) or len(piece) > MAX_DIGITS
    except (OverflowError, ValueError):  # Python itself refuses to read some 4,300 digits
        value, lost = 0, True
    if lost or (value == 0 and base == 10 and re.match("[^eE]*[1-9]", piece)):
        raise _error(text, at, "number", piece)
    return value if isinstance(value, int) and abs(value) <= 2**53 else float(value)


def _name(text: str, at: int, piece: str) -> _Token:
    name, quoted = normalize_name(piece.strip("`")), piece[0] == "`"
    if not name.strip():
        raise _error(text, at, "backquote")
    if name.startswith("__") or (name in ("True", "False", "None") and not quoted):
        raise _error(text, at, "name", name)
    if quoted:
        return _Token("quoted", at, piece, name)
    for offset, char in enumerate(piece):  # a raised letter would silently become a plain one
        if unicodedata.decomposition(char).startswith("<super>") or not name.isidentifier():
            raise _strange(text, at + offset)
    if name in CONSTANTS:
        return _Token("number", at, piece, CONSTANTS[name])
    called = re.compile(r"\s*\(").match(text, at + len(piece))
    if name in FUNCTIONS and not called and name not in _ALSO_NAMES:
        raise _error(text, at, "parenthesis", name)
    kind = name if name in _WORDS else "function" if name in FUNCTIONS and called else "name"
    return _Token(kind, at, piece, name)


def _dotted(text: str, owner: _Token) -> FormulaError:
    """`np.exp` needs no prefix; any other dotted name is most likely a column from R."""
    match = re.compile(r"\w+(?:\.\w*)+").match(text, owner.at)
    whole = match.group() if match else owner.text
    last = whole.rpartition(".")[2]
    near = last if last in FUNCTIONS or owner.value not in _MODULES else suggest(last, FUNCTIONS)
    step = f"{near}(x)" if near in FUNCTIONS else f"`{whole}` in backquotes if it is a name"
    return _error(text, owner.at, "dot", whole, last if last in CONSTANTS else step)


_NAMES = frozenset({"name", "quoted"})
_VALUES = frozenset({"number", "function", *_NAMES})
_STARTS = frozenset({"(", "not", *_VALUES})
_SIGNS = frozenset({"-", "+", "~", *_STARTS})
_ENDS = frozenset({")", "number", *_NAMES})
_EMPTY_CALL = ["function", "(", ")"]  # the arguments are counted later


def _check(text: str, tokens: list[_Token]) -> int | None:
    """Let values and operators alternate and parentheses match; give the index of the `~`."""
    nodes = [token for token in tokens if token.kind not in ("(", ")", ",", "else")]
    if len(nodes) > MAX_NODES:
        raise _error(text, nodes[MAX_NODES].at, "long", f"{len(nodes):,} parts", f"{MAX_NODES:,}")
    kinds = ["", "", *(token.kind for token in tokens)]
    opened: list[int] = []  # each open parenthesis, as the index of what stands before it
    split: int | None = None
    for i, (at, kind) in enumerate((token.at, token.kind) for token in tokens):
        last = kinds[i + 1]
        if kind == "=":
            plain = not opened and split is None
            raise _error(text, at, "equal", "write ~ instead of =" if plain else "write ==")
        if kind == "~" and (last in _ENDS or i == 0 or i - 1 == split):
            if i == 0 or opened or split is not None:
                raise _error(text, at, "tilde")
            split = i
        elif last in _ENDS and kind in _STARTS:
            raise _missing_operator(text, tokens, i)
        elif last not in _ENDS and kind not in _SIGNS and kinds[i : i + 3] != _EMPTY_CALL:
            raise _error(text, at, "value", tokens[i].text)
        if kind == "(":
            opened.append(i + 1)
        if kind == "," and not (opened and kinds[opened[-1]] == "function"):
            raise _error(text, at, "comma")
        if (kind == ")" and not opened) or len(opened) > MAX_DEPTH:
            raise _error(text, at, "deep" if opened else "pair", "remove it")
        if kind == ")":
            opened.pop()
    if kinds[-1] not in _ENDS:
        raise _error(text, len(text.rstrip()), "value" if tokens else "empty", "the end")
    if opened:
        raise _error(text, tokens[opened[-1] - 1].at, "pair", "add a )")
    return split


def _missing_operator(text: str, tokens: list[_Token], i: int) -> FormulaError:
    """Two values side by side: an unknown function, a word, or a product without its sign."""
    last, token = tokens[i - 1], tokens[i]
    group = re.compile(r"\([^()]{0,20}\)").match(text, token.at)
    right = token.text[:40] if token.kind != "(" else group.group() if group else "(...)"
    product = f"{last.text[:40]}*{right}"
    if token.kind == "(" and last.kind in _NAMES:
        near = suggest(last.value, FUNCTIONS) if last.kind == "name" else None
        step = f"{near}{right}, or {product}" if near else product
        return _error(text, last.at, "call", last.text, step)
    for word in (last, token):
        if word.kind == "not" or (keyword.iskeyword(word.text) and word.text != "lambda"):
            return _error(text, word.at, "word", word.text)
    step = f"write {product}"
    if last.kind == ")" or last.text[-1] in _SUPER or right[0] in "0123456789.":
        step = "put an operator between them, such as *"
    return _error(text, token.at, "operator", step)


class _Builder:
    """Translate tokens to a program by way of `ast`, with a whitelist of node types."""

    def __init__(self, text: str, tokens: list[_Token]):
        self.text, self.tokens = text, tokens
        self.nodes: list[_Node] = []
        # each value becomes a placeholder, `_` and its index, so that `ast` sees no user's text
        pieces = [f"_{i}" if t.kind in _VALUES else t.kind for i, t in enumerate(tokens)]
        self.source = " ".join(pieces)
        self.starts = [0]
        for piece in pieces:
            self.starts.append(self.starts[-1] + len(piece) + 1)

    def build(self) -> Expression:
        try:
            self.number(self.visit(ast.parse(self.source, mode="eval").body, 0))
        except SyntaxError as error:
            raise self.error((error.offset or 1) - 1, "read") from None
        except (RecursionError, MemoryError):
            raise self.error(0, "deep") from None
        used = [(token.value, token.at) for token in self.tokens if token.kind in _NAMES]
        first = {**dict(used), **dict(reversed(used))}  # the order and place of the first ones
        text = self.text[self.tokens[0].at : self.tokens[-1].at + len(self.tokens[-1].text)]
        return Expression(text, tuple(first), tuple(first.values()), tuple(self.nodes))

    def error(self, place: ast.expr | int, key: str) -> FormulaError:
        """An error at a node, or at an offset into `source`."""
        offset = place if isinstance(place, int) else place.col_offset
        i = min(bisect_right(self.starts, offset), len(self.tokens)) - 1
        return _error(self.text, self.tokens[i].at, key, self.tokens[i].text, "remove it")

    def emit(self, op: str, *args: int, value: Any = None) -> int:
        self.nodes.append(_Node(op, args, value))
        return len(self.nodes) - 1

    def nest(self, op: str, parts: list[int]) -> int:
        return reduce(lambda left, right: self.emit(op, left, right), parts)

    def number(self, i: int) -> int:
        """A condition counts 1 or 0, said outright because NumPy cannot subtract booleans."""
        if self.nodes[i].op not in _CONDITIONS:
            return i
        return self.emit("where", i, self.emit("number", value=1.0), self.emit("number", value=0.0))

    def condition(self, i: int, node: ast.expr, strict: bool = False) -> int:
        """Refuse numbers as conditions; unless strict, a name may be a column of booleans."""
        if self.nodes[i].op in _CONDITIONS or (self.nodes[i].op == "name" and not strict):
            return i
        raise self.error(node, "condition")

    def visit(self, node: ast.expr, depth: int, exponent: bool = False) -> int:
        """Add the steps for a node; the last one added is its result."""
        if depth > MAX_DEPTH:
            raise self.error(node, "deep")
        if isinstance(node, ast.Name):
            token = self.tokens[int(node.id[1:])]
            if token.kind != "number":
                return self.emit("name", value=token.value)
            # floats overflow where integers would fill the memory (9**9**9)
            return self.emit("number", value=token.value if exponent else float(token.value))
        if isinstance(node, ast.UnaryOp):
            return self.unary(node, depth + 1, exponent)
        if isinstance(node, ast.BinOp):
            return self.binary(node, depth + 1)
        if isinstance(node, ast.BoolOp):
            parts = [self.condition(self.visit(v, depth + 1), v) for v in node.values]
            return self.nest(_BINARY[type(node.op)], parts)
        if isinstance(node, ast.Compare):
            values = [self.number(self.visit(v, depth + 1)) for v in (node.left, *node.comparators)]
            pairs = zip(node.ops, values, values[1:], strict=False)
            return self.nest("and", [self.emit(_BINARY[type(op)], a, b) for op, a, b in pairs])
        if isinstance(node, ast.IfExp):
            args, token = [node.test, node.body, node.orelse], _Token("function", 0, "", "where")
            return self.call(args, token, depth + 1)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self.call(node.args, self.tokens[int(node.func.id[1:])], depth + 1)
        raise self.error(node, "refused")

    def unary(self, node: ast.UnaryOp, depth: int, exponent: bool) -> int:
        if isinstance(node.op, (ast.Not, ast.Invert)):
            test = self.visit(node.operand, depth)
            strict = isinstance(node.op, ast.Invert)
            return self.emit("not", self.condition(test, node.operand, strict))
        i = self.number(self.visit(node.operand, depth, exponent))
        if isinstance(node.op, ast.UAdd):
            return i
        if self.nodes[i].op == "number":  # x^-1 keeps a whole exponent
            self.nodes[i] = _Node("number", (), -self.nodes[i].value)
            return i
        return self.emit("neg", i)

    def binary(self, node: ast.BinOp, depth: int) -> int:
        """Walk down the left operands in a loop, so that a long sum is not deep."""
        chain: list[ast.BinOp] = []
        bottom: ast.expr = node
        while isinstance(bottom, ast.BinOp):
            chain.append(bottom)
            bottom = bottom.left
        left = self.visit(bottom, depth)
        for item in reversed(chain):
            op = _BINARY[type(item.op)]
            if op in ("and", "or"):
                left = self.condition(left, item.left, strict=True)
                right = self.condition(self.visit(item.right, depth), item.right, strict=True)
            else:
                left = self.number(left)
                right = self.number(self.visit(item.right, depth, exponent=op == "pow"))
            left = self.emit(op, left, right)
        return left

    def call(self, args: list[ast.expr], function: _Token, depth: int) -> int:
        op, least, most = FUNCTIONS[function.value]
        if not least <= len(args) <= most:
            needs = f"{least}{' or more' * (most > least)} argument{'s' * (most > 1)}"
            example = (
                f"{function.value}({'x > 0, y, z' if least == 3 else ', '.join('xy'[:least])})"
            )
            example = "log(x)/log(base)" if op == "log" and len(args) == 2 else example
            given = (function.value, needs, f"{len(args)} are", example)
            raise _error(self.text, function.at, "arguments", *given)
        parts = [self.visit(v, depth, op == "pow" and k == 1) for k, v in enumerate(args)]
        test = [self.condition(parts.pop(0), args[0])] if op == "where" else []
        parts = [*test, *(self.number(part) for part in parts)]
        if op in ("pow", "heaviside") and len(parts) == 1:  # square, and the half at the step
            parts.append(self.emit("number", value=2 if op == "pow" else 0.5))
        return self.nest(op, parts) if op in ("min", "max") else self.emit(op, *parts)
