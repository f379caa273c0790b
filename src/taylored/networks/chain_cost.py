"""What the derivative costs forwards and backwards, in multiplications by local factors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.networks.chain_program import LOOPS
from taylored.readings.chain import Link, Tape

__all__ = ["Cost", "cost_of"]


@dataclass(frozen=True, slots=True)
class Cost:
    """Sweeps over the graph, each of `edges` multiplications by one local factor.

    Attributes:
        edges: edges between single numbers, those inside scans counted each time; how often a while
            loop is run is not known, and it counts once.
        inputs: numbers to differentiate by: forwards there is a sweep for each.
        outputs: numbers that are differentiated; backwards there is a sweep for each.
        kept: numbers that the walk backwards needs from the walk forwards.
    """

    edges: int
    inputs: int
    outputs: int
    kept: int

    @property
    def forward(self) -> int:
        """Multiplications in forward mode."""
        return self.edges * self.inputs

    @property
    def reverse(self) -> int:
        """Multiplications in reverse mode."""
        return self.edges * self.outputs

    @property
    def cheaper(self) -> str:
        """ "forward" or "reverse"; forward where both take as many, for it keeps nothing."""
        return "reverse" if self.reverse < self.forward else "forward"

    def __str__(self) -> str:
        forward = _times(self.inputs, self.edges, self.forward)
        reverse = _times(self.outputs, self.edges, self.reverse)
        if self.inputs == self.outputs:
            why = "forward takes as many, and has no values to keep"
        else:
            ratio = self.inputs / self.outputs
            why = (
                f"reverse is {ratio:,.0f} times cheaper: one sweep gives all {self.inputs:,} inputs"
            )
        return (
            f"reverse {reverse} (it keeps {_count(self.kept, 'number')}); forward {forward}; {why}"
        )


def _times(sweeps: int, edges: int, total: int) -> str:
    parts = _count(sweeps, "sweep"), _count(edges, "edge"), _count(total, "multiplication")
    return "{} x {} = {}".format(*parts)


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def cost_of(tape: Tape, live: Any, inputs: int) -> Cost:
    """The cost of one derivative by so many numbers."""
    links = [link for link in tape.links if any(o in live for o in link.equation.outputs)]
    edges = sum(_edges(link) for link in links)
    kept = {a for link in links for a in link.equation.inputs if isinstance(a, int)}
    kept |= {o for link in links for o in link.equation.outputs}
    return Cost(edges, inputs, 1, sum(int(np.size(tape.values[v])) for v in kept))


def _edges(link: Link) -> int:
    """Nonzero entries of the local Jacobians of an equation, as far as its kind tells."""
    out = sum(int(np.size(link.outputs[k])) for k in link.moving)
    name, count = link.equation.primitive, len(link.active)
    if name == "dot_general":
        (left, _), _ = link.equation.params["dimension_numbers"]
        summed = math.prod(np.shape(link.inputs[0])[k] for k in left)
        return out * summed * count
    if name.startswith(("reduce_", "cum", "sort", "conv", "argm")):
        return max(out, sum(int(np.size(link.inputs[k])) for k in link.active))
    if name in LOOPS:
        return _inside(link.equation.params) or out * count
    return out * count


def _inside(params: Any) -> int:
    """The numbers computed inside a loop: each of them has about two edges."""
    total = 0
    for key in ("jaxpr", "body_jaxpr", "branches"):
        bodies = params.get(key)
        if bodies is None:
            continue
        bodies = bodies if isinstance(bodies, tuple | list) else (bodies,)
        total += max(_numbers(getattr(b, "jaxpr", b)) for b in bodies)
    return 2 * total * int(params.get("length", 1) or 1)


def _numbers(jaxpr: Any) -> int:
    total = 0
    for eqn in jaxpr.eqns:
        inner = _inside(eqn.params)
        total += inner or sum(math.prod(getattr(v.aval, "shape", ())) for v in eqn.outvars)
    return total
