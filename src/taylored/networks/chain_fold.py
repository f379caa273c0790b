"""A large graph folded for a reader: the steps of one statement of the code are one group."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from taylored.networks.chain_compose import Factor, composed
from taylored.networks.chain_graph import Edge, Graph, Node
from taylored.networks.chain_names import place_of, statement_of, statement_text

__all__ = ["MOST_NODES", "Fold", "Group", "fold"]

MOST_NODES = 30  # that a reader takes in; more are folded


@dataclass(frozen=True, eq=False)
class Group:
    """Nodes that are shown as one: those in between are hidden, the last gives it its name."""

    nodes: tuple[Node, ...]

    @property
    def last(self) -> Node:
        return self.nodes[-1]

    @property
    def name(self) -> str:
        return self.last.name

    @property
    def text(self) -> str:
        """The operation, or for several the user's statement."""
        if len(self.nodes) == 1:
            return self.last.operation
        lines = list(dict.fromkeys(n.line for n in self.nodes if n.line))
        places = list(dict.fromkeys(place_of(line)[1] for line in lines))
        if len(places) == 1:
            return self._repeated(lines) or f"line {places[0]}"
        if places:
            return f"lines {min(places)} to {max(places)}"
        return f"{len(self.nodes)} steps"

    def _repeated(self, lines: Sequence[str]) -> str:
        """The statements of one line; one that is run several times, and how often."""
        texts = list(dict.fromkeys(statement_text(line) for line in lines))
        times = sum(node.named for node in self.nodes)
        if len(texts) == 1 and times > 1:
            return f"{times} times: {texts[0]}"
        return "; ".join(texts)


@dataclass(frozen=True, eq=False)
class Fold:
    """The groups in order, and between any two what the edges between them are."""

    groups: tuple[Group, ...]
    edges: dict[tuple[str, str], tuple[Edge, ...]]
    factors: dict[tuple[str, str], Factor]

    @property
    def folded(self) -> bool:
        return any(len(g.nodes) > 1 for g in self.groups)


def fold(graph: Graph, most: int = MOST_NODES) -> Fold:
    """The graph with at most about so many groups; inputs stay apart."""
    inputs = [Group((n,)) for n in graph.nodes if n.is_input]
    steps = [n for n in graph.nodes if not n.is_input]
    groups = [Group((n,)) for n in steps]
    room = max(most - len(inputs), 8)
    if len(groups) > room:
        groups = [Group(run) for run in _runs(steps)]
    if len(groups) > room:
        groups = _together(groups, room)
    every = [*inputs, *groups]
    edges = _edges(graph, every)
    return Fold(tuple(every), edges, _factors(graph, every, edges))


def _runs(steps: Sequence[Node]) -> Iterator[tuple[Node, ...]]:
    """Neighbors of one statement; one in a loop ends each time that it gives its value a name."""
    for _, run in itertools.groupby(steps, _place):
        nodes: list[Node] = []
        for node in run:
            nodes.append(node)
            if node.named:
                yield tuple(nodes)
                nodes = []
        if nodes:
            yield tuple(nodes)


def _place(node: Node) -> tuple:
    return statement_of(node.line) if place_of(node.line)[1] else (node.name,)


def _together(groups: Sequence[Group], room: int) -> list[Group]:
    """Neighbors put together until there is room."""
    width = math.ceil(len(groups) / room)
    pieces = [groups[k : k + width] for k in range(0, len(groups), width)]
    return [Group(tuple(n for g in piece for n in g.nodes)) for piece in pieces]


def _edges(graph: Graph, groups: Sequence[Group]) -> dict[tuple[str, str], tuple[Edge, ...]]:
    home = {n.name: g.name for g in groups for n in g.nodes}
    found: dict[tuple[str, str], list[Edge]] = {}
    for edge in graph.edges:
        ends = home[edge.source], home[edge.target]
        if ends[0] != ends[1]:
            found.setdefault(ends, []).append(edge)
    return {ends: tuple(edges) for ends, edges in found.items()}


def _factors(
    graph: Graph, groups: Sequence[Group], edges: dict[tuple[str, str], tuple[Edge, ...]]
) -> dict[tuple[str, str], Factor]:
    """What ∂target/∂source is, so that labels multiply along paths to the derivative.

    Nothing where hidden values of the source, or of the target, go on by themselves.
    """
    whole = {g.name: g for g in groups}
    hidden = {n.name for g in groups for n in g.nodes[:-1]}
    leaking = {ends[0] for ends, between in edges.items() for e in between if e.source in hidden}
    return {
        (source, target): Factor()
        if target in leaking or any(e.source != source for e in between)
        else composed(graph, whole[source].last, whole[target].nodes, hidden)
        for (source, target), between in edges.items()
    }
