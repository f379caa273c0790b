"""The chain rule: values forwards, a local factor on every edge, adjoints backwards.

A program is a list of equations v = φ(u, ...). Forwards each equation is computed, and with it how
a change of each u changes v: the local factor ∂v/∂u on the edge from u to v. Backwards each value
gets its adjoint v̄ = ∂f/∂v. When an equation is reached, v̄ is complete, for all that v goes into
came later in the program; so each of its edges adds its share to where it came from:

    ū += v̄ · ∂v/∂u

Source: A. Griewank and A. Walther, Evaluating Derivatives (SIAM 2008), sections 2.2 and 3.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from taylored.readings.chain_factors import (
    as_array,
    is_float,
    is_unusual,
    local_factors,
    stops,
    summed_to,
)
from taylored.readings.chain_linear import is_linear, plain, pull_linear, push_linear, run_plain
from taylored.readings.facts import ELEMENTWISE
from taylored.readings.numpy import RULES
from taylored.trace.program import Constant, Equation, Program

__all__ = ["Link", "Shake", "Tape", "backward", "forward", "is_float"]

# Near their zeros they are computed to an absolute error.
_ABSOLUTE = frozenset(["lgamma", "digamma", "bessel_j0", "bessel_j1"])
_EXACT = frozenset(["floor", "ceil", "round", "sign"])
_AT_ONCE = 256  # changes that are pushed forwards together


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """One equation at a point: its values, and how its active inputs change its outputs.

    `active` are the places of the inputs that depend on what is differentiated by. Where every
    number of the output depends on one number of each input, `factors` holds ∂v/∂u for each of
    `active`, in the shape of the output; else it is None, and JAX knows the derivative.
    """

    equation: Equation
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    active: tuple[int, ...]
    factors: tuple[Any, ...] | None

    @property
    def moving(self) -> tuple[int, ...]:
        """The places of the outputs that have a derivative."""
        return tuple(k for k, value in enumerate(self.outputs) if is_float(value))

    def pull(self, adjoints: Sequence[Any]) -> list[Any]:
        """Backwards: what each active input gets, from the adjoints of the outputs."""
        if self.factors is not None:
            shares = [adjoints[0] * factor for factor in self.factors]
            shapes = [np.shape(self.inputs[place]) for place in self.active]
            return [summed_to(s, shape) for s, shape in zip(shares, shapes, strict=True)]
        if is_linear(self.equation, self.inputs):
            parts = (self.equation, self.inputs)
            return [pull_linear(*parts, place, adjoints[0]) for place in self.active]
        import jax

        given = tuple(np.asarray(adjoints[k], self.outputs[k].dtype) for k in self.moving)
        try:
            with _float64():
                _, pull = jax.vjp(self.function(), *(self.inputs[place] for place in self.active))
                return [np.asarray(share) for share in pull(given)]
        except ValueError:  # a loop that JAX cannot walk backwards: change each number forwards
            return [self._pull_by_pushes(place, given) for place in self.active]

    def _pull_by_pushes(self, place: int, adjoints: Sequence[Any]) -> Any:
        value = np.asarray(self.inputs[place])
        shares = []
        for low in range(0, value.size, _AT_ONCE):
            rows = np.arange(low, min(low + _AT_ONCE, value.size))
            ones = np.zeros((len(rows), value.size), value.dtype)
            ones[np.arange(len(rows)), rows] = 1.0
            moved = self.push(place, ones.reshape(len(rows), *value.shape))
            pairs = zip(moved, adjoints, strict=True)
            shares.append(sum(m.reshape(len(rows), -1) @ a.reshape(-1) for m, a in pairs))
        return np.concatenate(shares).reshape(value.shape)

    def push(self, place: int, tangents: Any) -> list[Any]:
        """Forwards: how the moving outputs change with the input there, for a stack of changes."""
        if is_linear(self.equation, self.inputs):
            return [push_linear(self.equation, self.inputs, place, tangents)]
        import jax

        function = self.function((place,))
        with _float64():
            value = np.asarray(self.inputs[place])
            moved = jax.vmap(lambda t: jax.jvp(function, (value,), (t,))[1])(tangents)
            return [np.asarray(m) for m in moved]

    def function(self, places: Sequence[int] | None = None) -> Callable:
        """The equation as a function of the inputs at these places (default: the active ones)."""
        places = self.active if places is None else places

        def run(*given: Any) -> tuple[Any, ...]:
            values = list(self.inputs)
            for place, value in zip(places, given, strict=True):
                values[place] = value
            assert self.equation.bind is not None
            found = _listed(self.equation.bind(*values))
            return tuple(found[k] for k in self.moving)

        return run


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """What the walk forwards left behind: the values by variable, and the active equations."""

    program: Program
    values: Mapping[int, Any]
    links: tuple[Link, ...]


Shake = Callable[[Any], Any]  # a value, moved a little


def forward(
    program: Program, inputs: Sequence[Any], wrt: Sequence[int], shake: Shake | None = None
) -> Tape:
    """Compute every equation, and note the local factors of those that `wrt` goes through.

    Args:
        program: a function of arrays, with one equation for each operation.
        inputs: their values.
        wrt: which of the inputs the derivative is by.
        shake: moves each result a little, to see what rounding can do.
    """
    values: dict[int, Any] = dict(enumerate(inputs))
    active = set(wrt)
    links = []
    for equation in program.equations:
        given = [a.value if isinstance(a, Constant) else values[a] for a in equation.inputs]
        if shake is not None and equation.primitive not in ELEMENTWISE:
            given = [shake(v) if is_float(v) else v for v in given]  # each term of a sum
        results = _run(equation, given)
        if shake is not None and equation.primitive not in _EXACT:
            results = [shake(r) if is_float(r) else r for r in results]
            if equation.primitive in _ABSOLUTE:
                results = [r + (shake(np.ones(np.shape(r))) - 1.0) for r in results]
        values.update(zip(equation.outputs, results, strict=True))
        places = [k for k, a in enumerate(equation.inputs) if isinstance(a, int) and a in active]
        places = [k for k in places if not stops(equation, k)]
        if places and any(map(is_float, results)):
            links.append(_link(equation, given, results, places, shake))
            active.update(o for o, r in zip(equation.outputs, results, strict=True) if is_float(r))
    return Tape(program, values, tuple(links))


def backward(
    tape: Tape, seeds: Mapping[int, Any], shake: Shake | None = None
) -> tuple[dict[int, Any], list[list[Any]]]:
    """The adjoint of every value that the output depends on, and the share of every edge.

    Args:
        tape: of the walk forwards.
        seeds: where it starts: {output: 1}.
        shake: as in `forward`.

    Returns:
        Adjoints by variable; and for each link what its active inputs got through it.
    """
    adjoints: dict[int, Any] = dict(seeds)
    shares: list[list[Any]] = []
    for link in reversed(tape.links):
        outputs = link.equation.outputs
        reached = any(outputs[k] in adjoints for k in link.moving)
        ahead = [
            adjoints[o] if o in adjoints else np.zeros(np.shape(v))
            for o, v in zip(outputs, link.outputs, strict=True)
        ]
        found = link.pull(ahead) if reached else []
        if shake is not None:
            found = [shake(share) for share in found]
        for place, share in zip(link.active, found, strict=bool(found)):
            source = link.equation.inputs[place]
            assert isinstance(source, int)
            adjoints[source] = adjoints[source] + share if source in adjoints else share
        shares.append(found)
    return adjoints, shares[::-1]


# ---- one equation ----


def _run(equation: Equation, inputs: Sequence[Any]) -> list[Any]:
    with np.errstate(all="ignore"):
        if equation.bind is None:
            results = RULES[equation.primitive](equation)(*inputs)
        elif plain(equation, inputs):
            results = run_plain(equation, inputs)
        else:
            with _float64():
                results = equation.bind(*inputs)
    return [as_array(r) for r in _listed(results)]


def _link(
    equation: Equation, inputs: list, results: list, active: list[int], shake: Shake | None
) -> Link:
    bare = Link(equation, tuple(inputs), tuple(results), tuple(active), None)
    if any(map(is_unusual, [*inputs, *results])):
        return bare
    factors = local_factors(bare if shake is None else _shaken(bare, shake))
    return Link(equation, bare.inputs, bare.outputs, bare.active, factors)


def _shaken(link: Link, shake: Shake) -> Link:
    """The link with inputs moved: the formula of its factors is rounded on its way, too."""
    moved = tuple(shake(v) if is_float(v) else v for v in link.inputs)
    return Link(link.equation, moved, link.outputs, link.active, None)


def _listed(results: Any) -> list[Any]:
    return list(results) if isinstance(results, list | tuple) else [results]


def _float64() -> Any:
    from taylored.trace.jaxpr import float64

    return float64()
