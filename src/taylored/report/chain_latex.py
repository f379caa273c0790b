"""The chain rule as LaTeX: the values, the local factors, and each input's sum over paths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.networks.chain_fold import MOST_NODES, fold
from taylored.networks.chain_symbols import local_tree
from taylored.readings.latex import latex_name, written
from taylored.report.chain import MOST_INPUTS, MOST_PATHS
from taylored.report.numbers import number

if TYPE_CHECKING:
    from taylored.networks.chain import Chain
    from taylored.networks.chain_graph import Edge, Node
    from taylored.networks.chain_influence import Path, PathInfluence

__all__ = ["chain_latex", "influence_latex"]

_LONG = 8  # factors; a sum of more has one path on each line


def chain_latex(result: Chain) -> str:
    """Aligned equations: how each value is made, the local factors, and the sums over paths."""
    made = [_made(n, result.name) for n in result.nodes if n.operation]
    left_out = [r"&\ \, \vdots"] if len(made) > MOST_NODES else []
    parts = [_aligned([*made[:MOST_NODES], *left_out])]
    if not fold(result.graph).folded:
        parts.append(_aligned([_local(result, e) for e in result.edges]))
    layout = result.question.layout
    if layout.size <= MOST_INPUTS:
        names = [layout.name(k) for k in range(layout.size)]
        parts += [influence_latex(result.influence(n, MOST_PATHS)) for n in names]
    return "\n".join(parts)


def influence_latex(result: PathInfluence) -> str:
    r"""∂f/∂x as the sum over paths, each product first in symbols, then in numbers."""
    whole = _partial(result.output, result.name)
    if np.ndim(result.total) or not result.paths:
        shown = r"\text{(an array)}" if np.ndim(result.total) else _number(result.total)
        return _aligned([rf"{whole} &= {shown}"])
    symbols = [_product(path) for path in result.paths]
    numbers = [_numbers(path) for path in result.paths]
    products = [_number(path.product) for path in result.paths]
    if len(result.paths) < result.count:
        symbols.append(r"\cdots")
        numbers.append(r"\cdots")
        products.append(_number(result.rest))
    long = sum(len(path.factors) for path in result.paths) > _LONG
    lines = [rf"{whole} &= {_sum(symbols, long)}", rf"&= {_sum(numbers, long)}"]
    if numbers != products:
        lines.append(rf"&= {_sum(products)}")
    if len(products) > 1:
        lines.append(rf"&= {_number(result.total)}")
    return _aligned(lines)


def _aligned(lines: list[str]) -> str:
    inside = " \\\\\n".join(lines)
    return f"\\begin{{aligned}}\n{inside}\n\\end{{aligned}}"


def _made(node: Node, output: str) -> str:
    """A value, how it is made, its number, and its adjoint."""
    name = _name(node.name)
    single = np.size(node.value) == 1
    shown = rf"= {_number(node.value)}" if single else rf"\in \mathbb{{R}}^{{{_shape(node.value)}}}"
    made = rf"{name} &= {_operation(node.operation)} {shown}"
    if node.name == output or not single:
        return made
    return rf"{made}, & {_partial(output, node.name)} &= {_number(node.adjoint)}"


def _shape(value: Any) -> str:
    return r" \times ".join(map(str, np.shape(value)))


def _local(result: Chain, edge: Edge) -> str:
    k, place = edge.steps[-1]
    link = result.tape.links[k]
    tree = local_tree(link, place, result.graph.names)
    symbol = _operation(edge.symbol)
    if tree is not None:
        names = {n: _name(n) for n in result.graph.names.values()}
        symbol = written([tree], names).outputs[0]
    made = rf"{_partial(edge.target, edge.source)} &= {symbol or _text(edge.kind)}"
    if edge.kind == "number":
        return made if symbol == _number(edge.factor) else rf"{made} = {_number(edge.factor)}"
    return made


def _operation(text: str) -> str:
    """An operation in LaTeX: a formula where it reads as one, else the text itself."""
    from taylored.errors import FormulaError
    from taylored.formula import parse
    from taylored.readings.jet.formula import formula_program
    from taylored.readings.latex import latex

    product = re.fullmatch(r"(\w+) @ (\w+)", text)
    if product:
        return rf"{_name(product[1])} \, {_name(product[2])}"
    total = re.fullmatch(r"sum\((\w+)\)", text)
    if total:
        return rf"\sum {_name(total[1])}"
    try:
        expression = parse(text).model
        return latex(formula_program(expression, expression.names))[0]
    except (FormulaError, KeyError, TypeError):
        return _text(text)


def _text(text: str) -> str:
    return latex_name(f" {text}".strip() + " ").replace(r" }", "}") if text else ""


def _product(path: Path) -> str:
    return r" \cdot ".join(_partial(f.target, f.source) for f in path.factors) or "1"


def _numbers(path: Path) -> str:
    values = [_number(f.value) for f in path.factors]
    return r" \cdot ".join(f"({v})" if v.startswith("-") else v for v in values) or "1"


def _sum(terms: list[str], long: bool = False) -> str:
    text, broken = terms[0], " \\\\\n&\\quad" if long else ""
    for term in terms[1:]:
        text += f"{broken} - {term[1:]}" if term.startswith("-") else f"{broken} + {term}"
    return text


def _partial(output: str, name: str) -> str:
    return rf"\frac{{\partial {_name(output)}}}{{\partial {_name(name)}}}"


def _name(name: str) -> str:
    """`W1[2,0]` is W_{1}[2,0]: brackets stay, the name in front is set as one."""
    match = re.fullmatch(r"(\w+)((?:\[[\d,: ]*\])*)", name)
    if match:
        return latex_name(match[1]) + match[2]
    return _operation(name) if re.search(r"[-+*/^(]", name) else latex_name(name)


def _number(value: Any) -> str:
    text = number(float(np.asarray(value).reshape(-1)[0]) + 0.0, 6)  # no -0
    mantissa, _, exponent = text.partition("e")
    if text in ("infinite", "-infinite"):
        return text.replace("infinite", r"\infty")
    if not text.lstrip("-")[:1].isdigit():
        return rf"\text{{{text}}}"
    return rf"{mantissa} \times 10^{{{exponent}}}" if exponent else mantissa
