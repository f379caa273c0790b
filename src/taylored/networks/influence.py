"""The chain rule through one member at one row: how each parameter moves its loss.

For the weight w_ij of a layer, ∂L/∂w_ij = ∂L/∂a_j · ∂a_j/∂u_j · ∂u_j/∂w_ij, u_j the sum of unit j
and a_j its value; ∂u_j/∂w_ij is the value that enters. For a bias the last factor is 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.formula import suggest
from taylored.networks.gradient_check import GradientCheck, check_gradient
from taylored.networks.influence_target import Target, read_target
from taylored.networks.insight import Reported, one_row, require_one, unit_names, walk
from taylored.networks.model import Perceptron
from taylored.results import Accuracy, Finding

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["Influence", "LayerInfluence", "ParameterInfluence", "influence"]

_BIAS = "bias of "
_MOST_NAMES = 20_000  # names among which the nearest is looked for


@dataclass(frozen=True, slots=True)
class ParameterInfluence:
    """How one parameter moves the loss: its value, the local factors, and their product."""

    name: str
    value: float
    factors: tuple[tuple[str, float], ...]
    total: float


@dataclass(frozen=True, eq=False)
class LayerInfluence:
    """The chain rule through one layer: W (inputs, units) and b (units,), or an array of a model.

    `by_value` (units,) is ∂L/∂a, `slope` (units,) ∂a/∂u and `entering` (inputs,) ∂u/∂w; all are
    None for a model of the user's own, whose layers are the arrays of its tree.
    """

    name: str
    start: int
    values: np.ndarray
    totals: np.ndarray
    sources: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    by_value: np.ndarray | None = None
    slope: np.ndarray | None = None
    entering: np.ndarray | None = None

    @property
    def size(self) -> int:
        """The number of its parameters."""
        return len(self.values)

    @property
    def norm(self) -> float:
        """The length of the gradient by its parameters."""
        return float(np.linalg.norm(self.totals))

    def parameter_name(self, k: int) -> str:
        """The name of parameter k of this layer."""
        if not self.units:
            return self.sources[k]
        i, j = divmod(k, len(self.units))
        if i == len(self.sources):
            return f"{self.name}: {_BIAS}{self.units[j]}"
        return f"{self.name}: {self.sources[i]} -> {self.units[j]}"

    def factors(self, k: int, symbol: str = "L") -> tuple[tuple[str, float], ...]:
        """The local factors of parameter k, with their names."""
        if self.by_value is None or self.slope is None or self.entering is None:
            return ()
        i, j = divmod(k, len(self.units))
        last = 1.0 if i == len(self.entering) else float(self.entering[i])
        named = (self.by_value[j], self.slope[j], last)
        return tuple(zip((f"∂{symbol}/∂a", "∂a/∂u", "∂u/∂w"), map(float, named), strict=True))


@dataclass(frozen=True, eq=False, repr=False)
class Influence(Reported):
    """The chain-rule table of one row. See `Network.influence`, which makes it.

    Attributes:
        target: what is differentiated: the loss of the row, or the prediction itself.
        member, members: which member of how many.
        value: of what is differentiated.
        layers: the parameters with their factors and totals.
        findings: what is doubtful about the row.
    """

    net: Network
    target: Target
    member: int
    z: np.ndarray
    value: float
    layers: tuple[LayerInfluence, ...]
    findings: tuple[Finding, ...]

    @property
    def members(self) -> int:
        """How many networks the prediction is the mean of."""
        return self.net.members

    @cached_property
    def gradient(self) -> np.ndarray:
        """(size,) the totals of all parameters, in the order of the vector."""
        return np.concatenate([layer.totals for layer in self.layers])

    @property
    def kind(self) -> Accuracy:
        """Exact but for rounding."""
        return Accuracy.ESTIMATED

    @property
    def per_layer(self) -> dict[str, float]:
        """The length of the gradient by the parameters of each layer."""
        return {layer.name: layer.norm for layer in self.layers}

    def __len__(self) -> int:
        return len(self.gradient)

    def __getitem__(self, name: str) -> ParameterInfluence:
        """The row of a parameter, by its name."""
        return self._row(self._position(name))

    def top(self, k: int = 10) -> list[ParameterInfluence]:
        """The k parameters with the largest totals."""
        return [self._row(int(p)) for p in np.argsort(-np.abs(self.gradient), kind="stable")[:k]]

    @property
    def names(self) -> list[str]:
        """The names of all parameters."""
        return [layer.parameter_name(k) for layer in self.layers for k in range(layer.size)]

    def paths(self, name: str, paths: int = 10) -> Any:
        """The sum over the paths from one parameter to the loss, each with its local factors."""
        place = self._position(name)
        return self._chain.influence(self._entry(place), paths)

    @cached_property
    def check(self) -> GradientCheck:
        """The Taylor test of the totals."""
        theta = self.net.theta[self.member].astype(float)
        unit = _units_of(self.net)
        rng = np.random.default_rng(0)
        return check_gradient(self._at, theta, self.gradient * unit, rng)

    # ---- within ----

    def _at(self, theta: np.ndarray) -> float:
        f = self.net.model.values(theta[None], self.z[None])[0, 0]
        return self.target.value(f)

    def _row(self, place: int) -> ParameterInfluence:
        layer = next(x for x in self.layers if x.start <= place < x.start + x.size)
        k = place - layer.start
        return ParameterInfluence(
            layer.parameter_name(k), float(layer.values[k]),
            layer.factors(k, self.target.symbol), float(layer.totals[k]),
        )  # fmt: skip

    def _position(self, name: str) -> int:
        for layer in self.layers:
            if not str(name).startswith(layer.name):
                continue
            for k in range(layer.size):
                if layer.parameter_name(k) == name:
                    return layer.start + k
        near = suggest(str(name), self.names) if len(self) <= _MOST_NAMES else None
        raise ArgumentError(
            f"There is no parameter {name!r}.",
            next_step=f"did you mean {near!r}?"
            if near
            else f"names are as {self.top(1)[0].name!r}.",
        )

    def _entry(self, place: int) -> str:
        """The name of a parameter in the tree that the chain walks."""
        layer = next(x for x in self.layers if x.start <= place < x.start + x.size)
        k = place - layer.start
        if not layer.units:
            return re.sub(r"\s", "", layer.parameter_name(k))
        number, (i, j) = self.layers.index(layer) + 1, divmod(k, len(layer.units))
        return f"b{number}[{j}]" if i == len(layer.sources) else f"W{number}[{i},{j}]"

    @cached_property
    def _chain(self) -> Any:
        from taylored.networks.chain import chain

        model, theta = self.net.model, self.net.theta[self.member].astype(float)
        target = self.target
        if isinstance(model, Perceptron):
            return chain(_through(model, target), _tree(model, theta), args=(self.z[0],))

        def through(params: Any) -> Any:
            return target.of_jax(model.call(params, self.z)[0])  # type: ignore[attr-defined]

        return chain(through, model.parameters(theta))  # type: ignore[attr-defined]


def influence(
    net: Network, x: Any, y: Any = None, member: int = 0, output: Any = None
) -> Influence:
    """The chain rule through one member at one row.

    Args:
        net: a trained network.
        x: one row: a dictionary, an array, or a table of one row.
        y: its response, in the user's units; None: the prediction is differentiated.
        member: which network of the ensemble, from 0.
        output: without y, which output or class, where there are several.

    Raises:
        ArgumentError: for several rows, or a member or output that does not exist.
        DataError: where the row does not fit.
    """
    if isinstance(member, bool) or not hasattr(member, "__index__"):
        raise ArgumentError(f"member is {member!r}.", next_step="give a whole number.")
    if not -net.members <= member < net.members:
        raise ArgumentError(
            f"There is no member {member}.", next_step=f"give 0 to {net.members - 1}."
        )
    member = int(member) % net.members
    seen = net.encoder.examine(one_row(x))
    require_one(seen.z, "x")
    theta = net.theta[member].astype(float)
    f = net.model.values(theta[None], seen.z[None])[0, 0]
    target = read_target(net, y, output, f)
    layers = _layers(net, theta, seen.z, target.slope(f))
    return Influence(net, target, member, seen.z, target.value(f), layers, seen.findings)


def _layers(
    net: Network, theta: np.ndarray, z: np.ndarray, seed: np.ndarray
) -> tuple[LayerInfluence, ...]:
    if not isinstance(net.model, Perceptron):
        return _arrays(net, theta, z, seed)
    walked, made = walk(net.model, theta, z, seed[None]), []
    for k, layer in enumerate(net.model.layers):
        place = slice(layer.weight.start, layer.bias.stop)
        back, entering = walked.by_sum(k)[0], walked.entering[k][0]
        totals = np.concatenate([np.outer(entering, back).reshape(-1), back])
        made.append(
            LayerInfluence(
                f"layer {k + 1}", place.start, theta[place], totals, unit_names(net, k),
                unit_names(net, k + 1), walked.by_value[k][0], walked.slopes[k][0], entering,
            )
        )  # fmt: skip
    return tuple(made)


def _arrays(
    net: Network, theta: np.ndarray, z: np.ndarray, seed: np.ndarray
) -> tuple[LayerInfluence, ...]:
    """The arrays of a user's tree; the derivative by JAX, in the user's units."""
    _, jacobian = net.model.jacobian(theta[None], z[None])
    unit = _units_of(net)
    totals = (seed @ jacobian[0, 0].astype(float)) / unit
    return tuple(
        LayerInfluence(
            leaf.name, leaf.start, (theta * unit)[leaf.start : leaf.stop],
            totals[leaf.start : leaf.stop], tuple(leaf.element(k) for k in range(leaf.size)),
        )
        for leaf in net.model.tree.leaves  # type: ignore[attr-defined]
    )  # fmt: skip


def _units_of(net: Network) -> np.ndarray:
    """What one unit of the vector of parameters means to the user."""
    if isinstance(net.model, Perceptron):
        return np.ones(net.model.size)
    return np.asarray(net.model.tree.scale, float)  # type: ignore[attr-defined]


def _tree(model: Perceptron, theta: np.ndarray) -> dict[str, np.ndarray]:
    found = {}
    for k, layer in enumerate(model.parameters(theta), start=1):
        found[f"W{k}"], found[f"b{k}"] = layer["weight"], layer["bias"]
    return found


def _through(model: Perceptron, target: Target) -> Any:
    """The same as a function of JAX, of named matrices: what the chain draws and walks."""
    from taylored.readings.facts import resolve

    bend, count = resolve(model.activation.jax), len(model.layers)

    def through(params: Any, x: Any) -> Any:
        a = x
        for k in range(1, count + 1):
            a = a @ params[f"W{k}"] + params[f"b{k}"]
            if k < count:
                a = bend(a)
        return target.of_jax(a)

    return through
