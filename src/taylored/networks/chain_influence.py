"""The total influence of an input as the sum over paths, each with the product of its factors."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from taylored.networks.chain_graph import Edge, Graph
from taylored.networks.chain_paths import Hop, Route, TooManyPaths, find_routes
from taylored.networks.chain_symbols import local_symbol
from taylored.readings.chain import Tape, is_float
from taylored.results import Accuracy
from taylored.trace.program import Constant

__all__ = ["Factor", "Path", "PathInfluence", "array_influence", "number_influence"]

_MOST_ARRAY_PATHS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """One local factor on a path: ∂target/∂source, as a formula, and its number or its kind."""

    source: str
    target: str
    symbol: str
    value: float | None  # None between whole arrays
    kind: str = "number"

    @property
    def label(self) -> str:
        return f"∂{self.target}/∂{self.source}"


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """A path from the input to the output, and the product of the factors along it.

    Between whole arrays the product is what the gradient gets over this path, an array.
    """

    factors: tuple[Factor, ...]
    product: Any

    @property
    def nodes(self) -> tuple[str, ...]:
        """What it leads over, the input first."""
        return tuple(f.source for f in self.factors) + tuple(f.target for f in self.factors[-1:])


@dataclass(frozen=True, eq=False)
class PathInfluence:
    """What moves the output when one input moves: ∂f/∂input, as a sum over paths.

    Attributes:
        name: of the input, or of an entry of it.
        output: the name of the output.
        total: ∂f/∂input, from the walk backwards.
        paths: those of the largest products, the largest first.
        count: how many paths there are; rounded above 2**53, nan where they were not counted.
        rest: the sum over the paths that are not listed: total - Σ products.
        over_paths: the sum over all paths, from a walk of its own; nan where it was not made.
        reason: why no paths are listed, else empty.
        accuracy: of the total: that of the derivatives of the chain rule.
    """

    name: str
    output: str
    total: Any
    paths: tuple[Path, ...]
    count: float
    rest: Any
    over_paths: Any
    reason: str = ""
    accuracy: Accuracy = Accuracy.UNKNOWN

    @property
    def complete(self) -> bool:
        """Whether every path is listed."""
        return not self.reason and len(self.paths) == self.count

    def not_known(self) -> PathInfluence:
        """The same paths where the value of the output is not a number: there are no sums."""
        paths = tuple(replace(p, product=p.product * math.nan) for p in self.paths)
        unknown = {"total": self.total * math.nan, "rest": self.rest * math.nan}
        return replace(self, paths=paths, over_paths=self.over_paths * math.nan, **unknown)

    def report(self, **options: Any) -> str:
        """The paths as text; options: width, color, unicode."""
        return importlib.import_module("taylored.report.chain").influence_text(self, **options)

    def latex(self) -> str:
        """The sum over paths as LaTeX."""
        return importlib.import_module("taylored.report.chain_latex").influence_latex(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return importlib.import_module("taylored.report.chain").influence_dict(self)

    def __repr__(self) -> str:
        return importlib.import_module("taylored.report.chain").influence_line(self)


# ---- between numbers ----


@dataclass(frozen=True, eq=False)
class _Names:
    """What values and single numbers of them are called."""

    tape: Tape
    graph: Graph

    def entry(self, variable: int, k: int) -> str | None:
        """The name of entry `k` of a variable; None for what only carries numbers on."""
        node = self.graph.by_variable.get(variable)
        if node is None:
            return None
        return _entry_name(node.name, np.shape(self.tape.values[variable]), k)


def _entry_name(name: str, shape: Sequence[int], k: int) -> str:
    """`W[2,0]`; a single number has the name of its array."""
    if math.prod(shape) == 1:
        return name
    return f"{name}[{','.join(str(int(p)) for p in np.unravel_index(k, tuple(shape)))}]"


def number_influence(
    tape: Tape, graph: Graph, live: Mapping[int, Any], ends: tuple[tuple, tuple], most: int
) -> PathInfluence:
    """The paths from one number of an input to the output.

    Args:
        tape: of the walk forwards.
        graph: for the names.
        live: the adjoints by variable.
        ends: variable, flat entry and name of the input; the same of the output.
        most: how many paths to list.
    """
    (variable, entry, name), (last, last_entry, output) = ends
    adjoint = live.get(variable)
    total = 0.0 if adjoint is None else float(np.asarray(adjoint).reshape(-1)[entry])
    try:
        found = find_routes(tape, live, (variable, entry), (last, last_entry), most)
    except TooManyPaths as error:
        reason = f"{error.what} {error.next_step[:1].upper()}{error.next_step[1:]}"
        return PathInfluence(name, output, total, (), math.nan, total, math.nan, reason)
    names = _Names(tape, graph)
    paths = tuple(_path(route, names, name) for route in found.strongest)
    listed = len(paths) == found.count
    rest = 0.0 if listed else total - math.fsum(p.product for p in paths)
    return PathInfluence(name, output, total, paths, found.count, rest, found.total)


def _path(route: Route, names: _Names, start: str) -> Path:
    """A path with what only carries numbers on left out."""
    factors: list[Factor] = []
    source, value, symbol = start, 1.0, ""
    for hop in route.hops:
        value *= hop.factor
        found = _symbol(names, hop)
        symbol = found if found not in ("", "1") else symbol or found
        target = names.entry(*hop.target)
        if target is not None:
            factors.append(Factor(source, target, symbol, value))
            source, value, symbol = target, 1.0, ""
    return Path(tuple(factors), route.product)


def _symbol(names: _Names, hop: Hop) -> str:
    """The factor as a formula: of a matrix product the entry that is multiplied with."""
    link = names.tape.links[hop.link]
    if link.equation.primitive == "dot_general":
        return _multiplied(names, hop)
    known = dict(names.graph.names)
    if link.factors is not None:
        out = np.shape(link.outputs[0])
        for value, atom in zip(link.inputs, link.equation.inputs, strict=True):
            if isinstance(atom, int) and np.size(value) > 1:
                origin = np.arange(np.size(value)).reshape(np.shape(value))
                k = int(np.broadcast_to(origin, out).reshape(-1)[hop.target[1]])
                known[atom] = _entry_name(known[atom], np.shape(value), k)
        last = link.equation.outputs[0]
        known[last] = _entry_name(known[last], out, hop.target[1])
    return local_symbol(names.tape.program, link, hop.place, known)


def _multiplied(names: _Names, hop: Hop) -> str:
    """∂(a @ b)[i,j]/∂a[i,k] is b[k,j]: the name of that entry."""
    link = names.tape.links[hop.link]
    (left, right), (left_batch, _) = link.equation.params["dimension_numbers"]
    a, b = (np.shape(v) for v in link.inputs)
    other = link.equation.inputs[1 - hop.place]
    if left_batch or len(left) != 1 or isinstance(other, Constant):
        return "data" if isinstance(other, Constant) else ""
    into = np.unravel_index(hop.target[1], np.shape(link.outputs[0]))
    at = np.unravel_index(hop.source[1], (a, b)[hop.place])
    held = at[(left, right)[hop.place][0]]
    free = len(a) - 1
    place = [*into[free:]] if hop.place == 0 else [*into[:free]]
    place.insert((right, left)[hop.place][0], held)
    shape = (b, a)[hop.place]
    k = int(np.ravel_multi_index(place, shape)) if shape else 0
    known = names.entry(other, k)
    if known is not None:
        return known
    program = names.tape.program
    return _entry_name(program.names[other], shape, k) if other < len(program.names) else ""


# ---- between arrays ----


def array_influence(
    tape: Tape, graph: Graph, live: Mapping[int, Any], ends: tuple[str, str], seed: Any
) -> PathInfluence:
    """The paths from a whole array to the output, and what the gradient gets over each.

    Args:
        tape: of the walk forwards.
        graph: the nodes and edges.
        live: the adjoints by variable.
        ends: the names of the input and the output.
        seed: the adjoint of the output.
    """
    name, output = ends
    node = graph.by_name.get(name)
    if node is None:
        return PathInfluence(name, output, 0.0, (), 0.0, 0.0, 0.0)
    count = graph.paths_to(output).get(name, 0)
    total = node.adjoint
    if count > _MOST_ARRAY_PATHS:
        reason = f"There are {count:,} paths between whole arrays: ask for one entry."
        return PathInfluence(name, output, total, (), float(count), total, math.nan, reason)
    paths = []
    for edges in graph.paths(name, output):
        share: Any = seed
        for edge in reversed(edges):
            share = _pulled(tape, edge, share)
        factors = tuple(
            Factor(e.source, e.target, e.symbol, e.factor if e.kind == "number" else None, e.kind)
            for e in edges
        )
        paths.append(Path(factors, share))
    paths.sort(key=lambda p: -float(np.linalg.norm(np.nan_to_num(np.asarray(p.product)))))
    nothing = np.zeros(np.shape(total))
    whole = sum((p.product for p in paths), start=nothing)
    return PathInfluence(name, output, total, tuple(paths), float(count), nothing, whole)


def _pulled(tape: Tape, edge: Edge, share: Any) -> Any:
    """A share of an adjoint, pulled back over one edge only."""
    for k, place in reversed(edge.steps):
        link = tape.links[k]
        seeds = [np.zeros(np.shape(v)) if is_float(v) else None for v in link.outputs]
        own = edge.output if (k, place) == edge.steps[-1] else 0
        seeds[own] = share
        share = link.pull(seeds)[link.active.index(place)]
    return share
