"""The factor between two nodes with hidden ones in between: all factors on the way, composed."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from taylored.networks.chain_graph import Edge, Graph, Node

__all__ = ["Factor", "composed"]

_MOST_PATHS = 6  # whose formulas are added up
_LONGEST = 200  # characters of a formula before it is simplified
_ONE_TO_ONE = ("number", "elementwise")


@dataclass(frozen=True, slots=True)
class Factor:
    """∂target/∂source as far as it can be said.

    Attributes:
        symbol: a formula of names that are shown; empty where there is none.
        value: the number, where all factors on the way are numbers.
        kind: of a single edge; empty where several are composed.
    """

    symbol: str = ""
    value: float | None = None
    kind: str = ""


def composed(graph: Graph, source: Node, inside: Sequence[Node], hidden: Collection[str]) -> Factor:
    """The factor from a node to the last one of a group, over all ways inside the group.

    Args:
        graph: the whole.
        source: where a change starts; it is shown.
        inside: the nodes of the group, in the order of the computation.
        hidden: names of the nodes that are not shown: no formula may speak of them.

    A formula holds where every number of the source moves one number of the target; where numbers
    are mixed on the way, only a single edge has one.
    """
    ways = _ways(graph, source.name, inside)
    value = _value(graph, source.name, inside)
    kinds = {edge.kind for way in ways for edge in way}
    if len(ways) == 1 and len(ways[0]) == 1:
        (edge,) = ways[0]
        symbol = "" if _speaks_of(edge.symbol, hidden) else edge.symbol
        return Factor(symbol, value, edge.kind if symbol or edge.kind not in _ONE_TO_ONE else "")
    if not ways or not _multiply(graph, ways):
        return Factor("", value)
    symbol = _simplified(graph, ways)
    if _speaks_of(symbol, hidden):
        symbol = ""
    return Factor(symbol, value, "number" if kinds == {"number"} else "")


def _ways(graph: Graph, source: str, inside: Sequence[Node]) -> list[tuple[Edge, ...]]:
    """The paths to the last node that stay inside; none where they are too many."""
    to_end: dict[str, list[tuple[Edge, ...]]] = {inside[-1].name: [()]}
    for name in [*(n.name for n in reversed(inside[:-1])), source]:
        found = [
            (edge, *rest) for edge in graph.edges_from(name) for rest in to_end.get(edge.target, ())
        ]
        if len(found) > _MOST_PATHS:
            return []
        to_end[name] = found
    return to_end[source]


def _value(graph: Graph, source: str, inside: Sequence[Node]) -> float | None:
    """The sum over paths of numbers, backwards from the last node."""
    behind: dict[str, float] = {inside[-1].name: 1.0}
    for name in [*(n.name for n in reversed(inside[:-1])), source]:
        ahead = [e for e in graph.edges_from(name) if e.target in behind]
        if any(e.kind != "number" for e in ahead):
            return None
        if ahead:
            behind[name] = sum(float(e.factor) * behind[e.target] for e in ahead)
    return behind.get(source)


def _multiply(graph: Graph, ways: Sequence[Sequence[Edge]]) -> bool:
    """Whether the formulas along the ways multiply, and those of several ways add up."""
    edges = [edge for way in ways for edge in way]
    if not all(e.symbol and e.kind in (*_ONE_TO_ONE, "sum") for e in edges):
        return False
    if not any(e.kind == "sum" for e in edges):
        return True
    # Before a sum each number must move one number only: nothing is repeated on the way.
    whole = all(
        len(e.steps) == 1
        and (e.kind == "sum" or graph.by_name[e.source].shape == graph.by_name[e.target].shape)
        for e in edges
    )
    return whole and len(ways) == 1


def _simplified(graph: Graph, ways: Sequence[Sequence[Edge]]) -> str:
    """Σ over the ways of Π of their formulas, simplified; empty where it is no formula."""
    from taylored.errors import FormulaError
    from taylored.formula import parse
    from taylored.readings.jet.formula import formula_program
    from taylored.readings.plain import written
    from taylored.readings.trees import trees

    text = " + ".join("*".join(f"({edge.symbol})" for edge in way) for way in ways)
    if len(text) > _LONGEST:
        return ""
    try:
        expression = parse(text).model
        found = written(trees(formula_program(expression, expression.names)))
    except (FormulaError, KeyError, TypeError):
        return ""
    # A value of the user's that is called e or pi is no constant.
    called = set(re.findall(r"[^\W\d]\w*(?!\w|\()", text)) - {"pi"} | set(graph.by_name) & {"pi"}
    return "" if found.definitions or called - set(expression.names) else found.outputs[0]


def _speaks_of(symbol: str, hidden: Collection[str]) -> bool:
    """Whether a formula holds the name of a value that is not shown."""
    words = set(re.findall(r"[^\W\d]\w*", symbol))
    return any(name in words or (not name.isidentifier() and name in symbol) for name in hidden)
