"""The computational graph for a reader: values with names, and the edges between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from taylored.networks.chain_names import CARRYING, assigned_names, operation_text, unique
from taylored.networks.chain_program import LOOPS
from taylored.networks.chain_symbols import local_symbol
from taylored.readings.chain import Link, Tape
from taylored.trace.program import Program

__all__ = ["Edge", "Graph", "Node", "make_graph"]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value of the computation.

    Attributes:
        name: the user's own name for it, or v1, v2, ...
        operation: how it is made, `W @ x`; empty for inputs.
        value: a number or an array.
        adjoint: ∂f/∂(this value), in its shape.
        line: `file:line (function)` of the user's code; empty for formulas.
        variable: its number in the program.
        named: whether the user's own line gives it its name.
    """

    name: str
    operation: str
    value: Any
    adjoint: Any
    line: str
    variable: int
    named: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(np.shape(self.value))

    @property
    def is_input(self) -> bool:
        return not self.operation


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """How a change of `source` changes `target`: one local factor.

    Attributes:
        source, target: names of nodes.
        factor: ∂target/∂source where it acts number by number: a number, or an array in the shape
            of the target; None where it mixes numbers (a matrix product, a sum, a loop).
        kind: "number", "elementwise", or what mixes them: "matrix product", "sum", "loop", ...
        symbol: the factor as a formula of the nodes' names; empty where there is none.
        share: what the adjoint of `source` got over this edge, in the shape of the source.
    """

    source: str
    target: str
    factor: Any
    kind: str
    symbol: str
    share: Any
    steps: tuple[tuple[int, int], ...] = ()  # (link, place) from the source to the target
    output: int = 0  # which output of the last of them the target is

    @property
    def label(self) -> str:
        """The name of the factor, ∂target/∂source."""
        return f"∂{self.target}/∂{self.source}"


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes in the order in which they are computed, and edges between them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    names: Mapping[int, str]  # of every variable; the text of its operation where it is no node

    @cached_property
    def by_name(self) -> Mapping[str, Node]:
        return {node.name: node for node in self.nodes}

    @cached_property
    def by_variable(self) -> Mapping[int, Node]:
        return {node.variable: node for node in self.nodes}

    @cached_property
    def _into(self) -> Mapping[str, list[Edge]]:
        found: dict[str, list[Edge]] = {}
        for edge in self.edges:
            found.setdefault(edge.target, []).append(edge)
        return found

    @cached_property
    def _from(self) -> Mapping[str, list[Edge]]:
        found: dict[str, list[Edge]] = {}
        for edge in self.edges:
            found.setdefault(edge.source, []).append(edge)
        return found

    def edges_into(self, name: str) -> Sequence[Edge]:
        """The edges that end at a node."""
        return self._into.get(name, ())

    def edges_from(self, name: str) -> Sequence[Edge]:
        """The edges that leave a node."""
        return self._from.get(name, ())

    def paths_to(self, output: str) -> dict[str, int]:
        """How many paths lead from each node to the output."""
        count = {output: 1}
        for node in reversed(self.nodes):
            here = sum(count.get(e.target, 0) for e in self.edges_from(node.name))
            if here:
                count[node.name] = count.get(node.name, 0) + here
        return count

    def paths(self, source: str, output: str) -> Iterator[tuple[Edge, ...]]:
        """Every path between two nodes, as its edges."""
        ahead = self.paths_to(output)
        waiting: list[tuple[str, tuple[Edge, ...]]] = [(source, ())]
        while waiting:  # by hand: a path may be longer than Python recurses
            name, before = waiting.pop()
            if name == output:
                yield before
            else:
                leaving = [e for e in self.edges_from(name) if e.target in ahead]
                waiting += [(e.target, (*before, e)) for e in reversed(leaving)]


def make_graph(
    tape: Tape,
    adjoints: Mapping[int, Any],
    shares: Sequence[Sequence[Any]],
    output: tuple[int, str],
) -> Graph:
    """The graph of all that the inputs reach the output through.

    Args:
        tape, adjoints, shares: of the two walks.
        output: its variable, and what it is called.
    """
    return _Maker(tape, adjoints, shares, output).graph()


class _Maker:
    def __init__(self, tape: Tape, adjoints: Mapping, shares: Sequence, output: tuple[int, str]):
        self.tape, self.adjoints, self.shares, self.output = tape, adjoints, shares, output
        self.program: Program = tape.program
        self.made = {o: e for e in self.program.equations for o in e.outputs}
        self.links = [k for k, link in enumerate(tape.links) if shares[k]]
        self.own = assigned_names(self.program.equations)
        self.active = {o for k in self.links for o in tape.links[k].equation.outputs}
        self.names = self._named()

    def _named(self) -> dict[int, str]:
        """A name for each value that is shown; the text of its operation for others."""
        taken = set(self.program.names) | {self.output[1]} | set(self.own.values())
        names = dict(enumerate(self.program.names))
        used: set[str] = set(self.program.names)
        count = 0
        for equation in self.program.equations:
            for variable in equation.outputs:
                if variable == self.output[0] and variable >= len(self.program.names):
                    names[variable] = unique(self.output[1], used)
                elif variable in self.own and self._shown(variable):
                    names[variable] = unique(self.own[variable], used)
                elif not self._shown(variable):
                    names[variable] = operation_text(self.program, equation, names)
                elif equation.primitive == "slice":
                    names[variable] = unique(operation_text(self.program, equation, names), used)
                else:
                    count += 1
                    while f"v{count}" in taken:
                        count += 1
                    names[variable] = unique(f"v{count}", used)
        return names

    def _shown(self, variable: int) -> bool:
        """Whether a value is a node: on the way to the output, and more than carried on."""
        if variable == self.output[0]:
            return True
        if variable not in self.active or variable not in self.adjoints:
            return False
        return variable in self.own or self.made[variable].primitive not in CARRYING

    def graph(self) -> Graph:
        shown = [v for v in range(self.program.size) if self._is_node(v)]
        nodes = [self._node(v) for v in shown]
        edges = [e for k in self.links for e in self._edges(k)]
        return Graph(tuple(nodes), tuple(edges), self.names)

    def _is_node(self, variable: int) -> bool:
        if variable < len(self.program.names):
            return variable in self.adjoints
        return variable in self.made and self._shown(variable)

    def _node(self, variable: int) -> Node:
        equation = self.made.get(variable)
        text = "" if equation is None else operation_text(self.program, equation, self.names)
        adjoint = self.adjoints.get(variable)
        return Node(
            self.names[variable], text, self.tape.values[variable], adjoint,
            equation.source if equation else "", variable, variable in self.own,
        )  # fmt: skip

    # ---- edges ----

    def _edges(self, k: int) -> list[Edge]:
        link = self.tape.links[k]
        targets = [o for o in link.equation.outputs if self._is_node(o)]
        found = []
        for target in targets:
            for n, place in enumerate(link.active):
                source, steps = self._back(link.equation.inputs[place])  # type: ignore[arg-type]
                if not self._is_node(source):
                    continue
                share = self._carried(self.shares[k][n], steps)
                factor = None if link.factors is None else _number(link.factors[n])
                found.append(Edge(
                    self.names[source], self.names[target], factor, _kind(link, factor),
                    local_symbol(self.program, link, place, self.names), share,
                    (*steps, (k, place)), link.equation.outputs.index(target),
                ))  # fmt: skip
        return found

    def _back(self, variable: int) -> tuple[int, tuple[tuple[int, int], ...]]:
        """The node that a value was carried on from, and the links between."""
        steps: list[tuple[int, int]] = []
        while not self._is_node(variable):
            equation = self.made[variable]
            k = next(k for k in self.links if self.tape.links[k].equation is equation)
            place = self.tape.links[k].active[0]
            steps.append((k, place))
            source = equation.inputs[place]
            assert isinstance(source, int)
            variable = source
        return variable, tuple(reversed(steps))

    def _carried(self, share: Any, steps: Sequence[tuple[int, int]]) -> Any:
        """A share pulled on to the node behind what only carries."""
        for k, _ in reversed(steps):
            (share,) = self.tape.links[k].pull([share])
        return _number(share)


def _number(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 and np.asarray(value).dtype.kind == "f" else value


_MIXING = {
    "dot_general": "matrix product", "reduce_sum": "sum", "reduce_max": "largest",
    "reduce_min": "smallest", "reduce_prod": "product", "slice": "picked", "gather": "picked",
    "dynamic_slice": "picked", "concatenate": "joined", "transpose": "transposed",
    "conv_general_dilated": "convolution", "cumsum": "running sum", "sort": "sorted",
    "pad": "padded", "rev": "reversed",
}  # fmt: skip


def _kind(link: Link, factor: Any) -> str:
    name = link.equation.primitive
    if factor is not None:
        return "number" if np.ndim(factor) == 0 else "elementwise"
    if name in LOOPS:
        return "branch" if name == "cond" else "loop"
    if name in CARRYING:
        return "carried"
    return _MIXING.get(name, str(link.equation.params.get("name", name)))
