"""What a reader calls the values of a program: the names that the user's own lines give them."""

from __future__ import annotations

import ast
import linecache
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from taylored.trace.program import Atom, Constant, Equation, Program

__all__ = [
    "CARRYING",
    "assigned_names",
    "called_name",
    "constant_text",
    "line_text",
    "operation_text",
    "place_of",
    "statement_of",
    "statement_text",
    "unique",
]

# They carry numbers on as they are: no step of a computation, to a reader.
CARRYING = frozenset(
    "broadcast_in_dim broadcast_to reshape squeeze expand_dims convert_element_type copy copy_p "
    "optimization_barrier device_put reduce_precision".split()
)
_INFIX = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "^", "lt": "<", "le": "<=",
    "gt": ">", "ge": ">=", "eq": "==", "ne": "!=", "and": "&", "or": "|", "rem": "%",
}  # fmt: skip
_CALLED = {"reduce_sum": "sum", "reduce_max": "max", "reduce_min": "min", "reduce_prod": "prod",
           "logistic": "sigmoid", "erf_inv": "erfinv", "conv_general_dilated": "conv",
           "stop_gradient": "stop"}  # fmt: skip
_PLACE = re.compile(r"^(?P<file>.*?):(?P<line>\d+)(?::(?P<column>\d+))?(?: \((?P<function>.*)\))?$")


# ---- places in the user's file ----


def place_of(source: str) -> tuple[str, int, str]:
    """The file, the line (0 where unknown) and the function of an equation's source."""
    found = _PLACE.match(source)
    if found is None:
        return "", 0, ""
    return found["file"], int(found["line"]), found["function"] or ""


def line_text(source: str) -> str:
    """The user's line, without its indentation."""
    file, line, _ = place_of(source)
    return linecache.getline(file, line).strip() if line else ""


Span = tuple[tuple[int, int], tuple[int, int], str]  # (line, column) of both ends, and a name


@lru_cache(maxsize=32)
def _statements(file: str, text: str) -> tuple[Span, ...]:
    """The statements with the names that they give their values, outer ones first."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return ()
    found = []
    for node in ast.walk(tree):
        name = _target(node)
        if name is not None:
            last = node.end_lineno or node.lineno, node.end_col_offset or 0  # type: ignore[attr-defined]
            found.append(((node.lineno, node.col_offset), last, name))  # type: ignore[attr-defined]
    return tuple(found)


def _span(source: str) -> Span | None:
    """The innermost statement that a source lies in: several may share a line."""
    file, line, _ = place_of(source)
    found = _PLACE.match(source)
    text = "".join(linecache.getlines(file)) if line else ""
    column = int(found["column"]) if found and found["column"] else None
    best = None
    for span in _statements(file, text) if text else ():
        (first, left), (last, right), _ = span
        if not first <= line <= last:
            continue
        before = column is not None and line == first and column < left
        behind = column is not None and line == last and column >= right
        if not (before or behind):
            best = span
    return best


def statement_of(source: str) -> tuple:
    """What the equations of one statement share."""
    file, line, function = place_of(source)
    span = _span(source)
    return (file, line if span is None else span[:2], function)


def statement_text(source: str) -> str:
    """The statement of the user's on one line; the line where no statement is known."""
    span = _span(source)
    if span is None:
        return line_text(source)
    (first, left), (last, right), _ = span
    file = place_of(source)[0]
    lines = [linecache.getline(file, k).rstrip("\n").encode() for k in range(first, last + 1)]
    lines[-1] = lines[-1][:right]
    lines[0] = lines[0][left:]
    return " ".join(line.decode(errors="replace").strip() for line in lines)


def _target(node: ast.AST) -> str | None:
    """The name that a statement gives its value; "" for one that gives none."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        return node.targets[0].id if isinstance(node.targets[0], ast.Name) else ""
    if isinstance(node, ast.AugAssign | ast.AnnAssign):
        return node.target.id if isinstance(node.target, ast.Name) else ""
    return "" if isinstance(node, ast.Return | ast.Expr) else None


def _statement(source: str) -> tuple[tuple, str]:
    """Which statement an equation belongs to, and the name that it gives."""
    file, line, function = place_of(source)
    if not line or function.endswith("<lambda>"):
        return (file, line), ""
    if not _statements(file, "".join(linecache.getlines(file))):
        # No file of Python: a page of the docs, a cell with magics.
        found = re.match(r"^\s*([^\W\d]\w*)\s*=[^=]", linecache.getline(file, line))
        return (file, line), found[1] if found and "lambda" not in found.string else ""
    span = _span(source)
    return (file, line if span is None else span[0]), span[2] if span else ""


def assigned_names(equations: Sequence[Equation]) -> dict[int, str]:
    """Variable -> the name that the user's line gives it: `z = W @ x + b` names the sum.

    A line in a loop gives its name each time: to each equation like the last one of the line.
    """
    lines: dict[tuple, tuple[str, list[Equation]]] = {}
    for equation in equations:
        key, name = _statement(equation.source)
        if name:
            lines.setdefault(key, (name, []))[1].append(equation)
    found: dict[int, str] = {}
    for name, made in lines.values():
        last = made[-1]
        for equation in made:
            alike = (equation.primitive, equation.source) == (last.primitive, last.source)
            if alike and len(equation.outputs) == 1:
                found[equation.outputs[0]] = name
    return found


def unique(wanted: str, taken: set[str]) -> str:
    """The name, or with a number behind it, added to those taken."""
    name, k = wanted, 1
    while name in taken:
        k += 1
        name = f"{wanted}_{k}"
    taken.add(name)
    return name


# ---- what an equation does, as a formula ----


def operation_text(program: Program, equation: Equation, names: Mapping[int, str]) -> str:
    """The operation with the names of what goes in: `W @ x + b` is two of them."""
    parts = [_operand(program, a, names) for a in equation.inputs]
    name = equation.primitive
    if name in _INFIX and len(parts) == 2:
        return f"{_tight(parts[0])} {_INFIX[name]} {_tight(parts[1])}"
    if name == "integer_pow":
        return f"{_tight(parts[0])}^{equation.params['y']}"
    if name == "square":
        return f"{_tight(parts[0])}^2"
    if name == "neg":
        return f"-{_tight(parts[0])}"
    if name == "dot_general":
        return _product(equation, parts)
    if name in CARRYING and len(parts) == 1:
        return parts[0]
    if name == "transpose":
        return f"{_tight(parts[0])}.T"
    if name == "slice":
        return f"{_tight(parts[0])}[{_picked(program, equation)}]"
    if name == "select_n" and len(parts) == 3:
        return f"where({parts[0]}, {parts[2]}, {parts[1]})"
    called = called_name(equation) or _CALLED.get(name, name)
    return f"{called}({', '.join(parts)})"


_LONGEST = 20  # characters of an operation that stands inside another


def called_name(equation: Equation) -> str:
    """The name of a function of the user's, or of JAX's, with a derivative rule of its own."""
    if not equation.primitive.startswith("custom"):
        return ""
    for key in ("call_jaxpr", "fun_jaxpr", "jaxpr"):
        info = getattr(getattr(equation.params.get(key), "jaxpr", None), "debug_info", None)
        name = getattr(info, "func_name", "")
        if name:
            return "f" if name == "<lambda>" else str(name)
    return ""


def _operand(program: Program, atom: Atom, names: Mapping[int, str]) -> str:
    if isinstance(atom, Constant):
        return constant_text(atom.value)
    text = names.get(atom, "data")
    if len(text) > _LONGEST and atom >= len(program.names):
        return re.sub(r"^(\w*).*", r"\1(...)", text)
    return text


def constant_text(value: Any) -> str:
    """A number of the program as text; "data" for arrays."""
    if np.ndim(value) or getattr(value, "dtype", np.dtype(float)).kind not in "biuf":
        return "data"
    number = np.asarray(value).item()
    return "pi" if number == math.pi else f"{number:.6g}"


def _tight(text: str) -> str:
    """A text that other operations may stand beside."""
    plain = re.fullmatch(r"[\w.]+(\[[^\]]*\][\w.]*)*(\([^()]*\))?(\.T)?", text)
    return text if plain else f"({text})"


def _product(equation: Equation, parts: Sequence[str]) -> str:
    (left, right), (left_batch, _) = equation.params["dimension_numbers"]
    plain = not left_batch and len(left) == 1 and right[0] == 0
    a, b = parts
    return f"{_tight(a)} @ {_tight(b)}" if plain else f"product({a}, {b})"


def _picked(program: Program, equation: Equation) -> str:
    """The places that a slice takes, as an index."""
    p = equation.params
    source = equation.inputs[0]
    shape = program.shapes.get(source, ()) if isinstance(source, int) else ()
    strides = p["strides"] or (1,) * len(p["start_indices"])
    pieces = []
    for low, high, step, size in zip(
        p["start_indices"], p["limit_indices"], strides, shape or p["limit_indices"], strict=True
    ):
        if high - low == 1 and size != 1:
            pieces.append(str(low))
        elif low == 0 and high == size and step == 1:
            pieces.append(":")
        else:
            pieces.append(f"{low}:{high}" + (f":{step}" if step != 1 else ""))
    while pieces and pieces[-1] == ":":
        pieces.pop()
    return ", ".join(pieces) or ":"
