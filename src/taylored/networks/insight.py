"""What all looks into a trained network share: its loss, one row of a table, the way backwards."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.networks.losses import Logistic, Loss, Softmax, Squared
from taylored.networks.model import Perceptron

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = [
    "Reported", "Walk", "error_of", "loss_of", "one_row", "require_one", "row_labels", "unit_names",
    "walk",
]  # fmt: skip


class Reported:
    """What a look into a network says of itself, rendered by the layer above."""

    def report(self, **options: Any) -> str:
        """The report as text; options: width, color, unicode."""
        return _reports().insight_report(self, **options)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return _reports().insight_document(self)

    def _repr_html_(self) -> str:
        return _reports().insight_html(self)

    def __repr__(self) -> str:
        return _reports().insight_line(self)


def _reports() -> Any:
    return importlib.import_module("taylored.report.network_insight")


# ---- the loss ----


def loss_of(net: Network) -> Loss:
    """What the members were trained with."""
    if net.task == "regression":
        return Squared()
    return Logistic() if net.model.outputs == 1 else Softmax()


def error_of(net: Network) -> str:
    """What the loss of a row is called."""
    if net.task == "classification":
        return "-log(probability of the class)"
    response = net.response
    plain = bool((response.scale == 1).all())
    return f"half the squared error{'' if plain else ', in standard deviations of y'}"


# ---- rows and names ----


def one_row(x: Any) -> Any:
    """One row as a table that an encoder reads: from a dictionary, a list, numbers or a table."""
    if not isinstance(x, Mapping) and getattr(x, "ndim", 0) == 1 and hasattr(x, "to_dict"):
        x = x.to_dict()  # one row of pandas
    if isinstance(x, Mapping):
        return {name: v if _is_column(v) else [v] for name, v in x.items()}
    if not isinstance(x, np.ndarray) and hasattr(x, "columns"):
        return x
    if isinstance(x, str) or np.ndim(x) == 0:
        return [[x]]
    if np.ndim(x) == 1:
        return [list(x)]
    return x


def _is_column(value: Any) -> bool:
    return not isinstance(value, str | bytes) and (
        isinstance(value, Sequence) or np.ndim(value) == 1
    )


def require_one(rows: np.ndarray, what: str) -> None:
    """Refuse several rows.

    Raises:
        ArgumentError: with how many were given.
    """
    if len(rows) != 1:
        raise ArgumentError(f"{what} holds {len(rows)} rows.", next_step="give one row.")


def row_labels(net: Network) -> np.ndarray:
    """The number of each training row in the user's table, counted from 1."""
    kept = np.arange(len(net.rows.z)) if net.kept is None else net.kept
    return np.asarray(kept) + 1


def unit_names(net: Network, layer: int) -> tuple[str, ...]:
    """The units that leave a layer of a perceptron; layer 0 are the inputs."""
    model = net.model
    assert isinstance(model, Perceptron)
    if layer == 0:
        return net.encoder.features
    if layer < len(model.layers):
        return tuple(f"unit {k + 1}" for k in range(model.layers[layer - 1].outputs))
    if net.task == "regression":
        return net.response.names
    classes = [str(c) for c in net.response.classes]
    return tuple(f"logit of {c}" for c in (classes[1:] if model.outputs == 1 else classes))


# ---- the walk backwards ----


@dataclass(frozen=True, eq=False, slots=True)
class Walk:
    """Forwards and backwards through one member, row by row.

    For each layer: what enters it (rows, inputs), the slopes of its activations (rows, units), and
    the derivatives of the loss by the values that leave it (rows, units).
    """

    entering: list[np.ndarray]
    slopes: list[np.ndarray]
    by_value: list[np.ndarray]

    def by_sum(self, layer: int) -> np.ndarray:
        """The derivatives (rows, units) by the sums, before the activation."""
        return self.by_value[layer] * self.slopes[layer]

    def gradient(self) -> np.ndarray:
        """(size,) the derivative of the sum over the rows by all parameters."""
        parts = []
        for layer, entering in enumerate(self.entering):
            back = self.by_sum(layer)
            parts += [(entering.T @ back).reshape(-1), back.sum(0)]
        return np.concatenate(parts)


def walk(model: Perceptron, theta: np.ndarray, z: np.ndarray, seed: np.ndarray) -> Walk:
    """The chain rule through a perceptron: `seed` (rows, outputs) is ∂loss/∂f of each row."""
    passed = model.forward(theta[None], z[None], slopes=True)
    slopes = [*(s[0] for s in passed.slopes), np.ones((len(z), model.outputs))]
    by_value = [seed]
    for layer in range(len(model.layers) - 1, 0, -1):
        weight = passed.weights[layer][0][0]
        by_value.append((by_value[-1] * slopes[layer]) @ weight.T)
    entering = [v[0] for v in passed.values[:-1]]
    return Walk(entering, slopes, by_value[::-1])
