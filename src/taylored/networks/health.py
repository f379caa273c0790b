"""How a network is: gradients of its layers, units that do nothing, members that ended badly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from taylored.networks.gradient_check import GradientCheck, check_gradient
from taylored.networks.insight import Reported, loss_of, walk
from taylored.networks.model import Perceptron
from taylored.results import Finding
from taylored.tables import counted

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["Health", "LayerHealth", "health"]

_MOST_ROWS = 2000  # looked at, spread evenly over all
_WIDEST = 1 << 27  # bytes of derivatives of a user's model held at once
_FLAT = 0.99  # |a| from which a unit is near the end of its range
_OFTEN = 0.95  # of the rows in which it is
_STILL = 1e-6  # of the largest: a unit or an input that does nothing
_OFF = 1e-2  # of the largest mean slope: an input that was switched off
_SHARE = 0.2  # of a layer's units, from which it is said
_VANISHING = 1e-3
_POOR = 1.5  # of the median noise variance
_NORMAL = ("converged", "epochs", "validation")  # ends; the last two of Adam


@dataclass(frozen=True, eq=False)
class LayerHealth:
    """One layer over all members: the size of gradients, and units that do nothing.

    `gradient` is the root mean square, over rows, members and parameters, of the derivative of a
    row's loss; `pull` that of the mean over a member's own rows, which the prior balances. `dead`
    and `saturated` are mean numbers of units, None of output layers and models of the user's own.
    """

    name: str
    parameters: int
    gradient: float
    pull: float
    units: int | None = None
    dead: float | None = None
    saturated: float | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Health(Reported):
    """The state of a trained network. See `Network.health`, which makes it.

    Attributes:
        layers: from the inputs to the outputs.
        unused: inputs of which the prediction hardly depends.
        slopes: (features,) root mean square of ∂prediction/∂feature, standardized.
        ends: why members stopped, and how many.
        poor: members whose noise is far above that of the others.
        members, parameters, rows: how many there are.
        effective: parameters that the rows determine, of all; nan where training does not tell.
        check: the Taylor test of the gradient of the loss, of member 0.
        findings: what to do about it.
    """

    layers: tuple[LayerHealth, ...]
    unused: tuple[str, ...]
    slopes: np.ndarray
    ends: dict[str, int]
    poor: tuple[int, ...]
    members: int
    effective: float
    parameters: int
    rows: int
    check: GradientCheck
    findings: tuple[Finding, ...]

    @property
    def ratio(self) -> float:
        """The size of gradients of the first layer over that of the last."""
        last = self.layers[-1].gradient
        return self.layers[0].gradient / last if last else float("nan")

    @property
    def healthy(self) -> bool:
        """Whether nothing was found but notes."""
        return all(f.severity == "note" for f in self.findings)


def health(net: Network) -> Health:
    """Gradient norms of each layer, dead and saturated units, unused inputs, a gradient check."""
    count = len(net.rows.z)
    rows = np.unique(np.linspace(0, count - 1, min(count, _MOST_ROWS)).astype(int))
    whole = isinstance(net.model, Perceptron)
    layers = _layers(net, rows) if whole else _arrays(net, rows)
    slopes = _slopes(net, rows)
    found = Health(
        layers, _unused(net, slopes), slopes, dict(net.training.ends), _poor(net), net.members,
        _effective(net), net.model.size, count, _check(net), (),
    )  # fmt: skip
    return replace(found, findings=tuple(_findings(net, found)))


def _effective(net: Network) -> float:
    """Parameters that the rows determine; only the evidence tells, elsewhere it is 0 or empty."""
    found = net.training.effective
    return float(np.mean(found)) if len(found) and (found > 0).any() else float("nan")


# ---- layers ----


def _seeds(net: Network, f: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """∂loss/∂f (1, rows, outputs)."""
    return loss_of(net).slope(f, net.rows.t[rows][None])


def _own(net: Network, member: int, rows: np.ndarray) -> np.ndarray:
    """Which of the rows the member was trained on."""
    if net.folds is None:
        return np.ones(len(rows), bool)
    return net.folds.seen(member)[rows]


def _layers(net: Network, rows: np.ndarray) -> tuple[LayerHealth, ...]:
    model, z = net.model, net.rows.z[rows].astype(float)
    assert isinstance(model, Perceptron)
    square, pull, units = (np.zeros((net.members, len(model.layers), k)) for k in (1, 1, 2))
    for member, theta in enumerate(net.theta.astype(float)):
        own = np.flatnonzero(_own(net, member, rows))
        f = model.values(theta[None], z[own][None])
        walked = walk(model, theta, z[own], _seeds(net, f, rows[own])[0])
        gradient = walked.gradient() / len(own)
        for k, layer in enumerate(model.layers):
            back, entering = walked.by_sum(k), walked.entering[k]
            size = (back**2).sum(1) @ (1 + (entering**2).sum(1))
            square[member, k] = size / len(own) / (layer.bias.stop - layer.weight.start)
            pull[member, k] = np.mean(gradient[layer.weight.start : layer.bias.stop] ** 2)
            if k + 1 < len(model.layers):
                units[member, k] = _idle(model, walked.entering[k + 1])
    rms = [np.sqrt(v[..., 0].mean(0)) for v in (square, pull)]
    made = []
    for k, layer in enumerate(model.layers):
        hidden = k + 1 < len(model.layers)
        dead, saturated = units[:, k].mean(0) if hidden else (None, None)
        made.append(
            LayerHealth(
                f"layer {k + 1}", layer.bias.stop - layer.weight.start, float(rms[0][k]),
                float(rms[1][k]), layer.outputs, None if dead is None else float(dead),
                None if saturated is None else float(saturated),
            )
        )  # fmt: skip
    return tuple(made)


def _idle(model: Perceptron, values: np.ndarray) -> tuple[int, int]:
    """Units that never change, and units near the end of their range in nearly all rows."""
    size = max(float(np.abs(values).max()), 1e-300)
    dead = (values.max(0) - values.min(0)) <= _STILL * size
    if not model.activation.flat:
        return int(dead.sum()), 0
    low = 0.0 if model.activation.name == "logistic" else -1.0
    level = (2 * values - 1 - low) / (1 - low)  # the range as -1 to 1
    flat = (np.abs(level) > _FLAT).mean(0) > _OFTEN
    return int(dead.sum()), int((flat & ~dead).sum())


def _arrays(net: Network, rows: np.ndarray) -> tuple[LayerHealth, ...]:
    """The arrays of a user's tree, in units in which parameters are about one."""
    rows = _fewer(net, rows)
    z, leaves = net.rows.z[rows].astype(float), net.model.tree.leaves  # type: ignore[attr-defined]
    square, pull = np.zeros(len(leaves)), np.zeros(len(leaves))
    for member, theta in enumerate(net.theta.astype(float)):
        own = np.flatnonzero(_own(net, member, rows))
        f, jacobian = net.model.jacobian(theta[None], z[own][None])
        seed = _seeds(net, f, rows[own])[0]
        each = np.einsum("rk,rks->rs", seed, jacobian[0])
        for k, leaf in enumerate(leaves):
            part = each[:, leaf.start : leaf.stop]
            square[k] += (part**2).mean() if part.size else 0.0
            pull[k] += (part.mean(0) ** 2).mean() if part.size else 0.0
    rms = np.sqrt(np.stack([square, pull]) / net.members)
    return tuple(
        LayerHealth(leaf.name, leaf.size, float(rms[0, k]), float(rms[1, k]))
        for k, leaf in enumerate(leaves)
    )


def _fewer(net: Network, rows: np.ndarray) -> np.ndarray:
    """As many of the rows, evenly, as derivatives by all parameters can be held of."""
    most = max(_WIDEST // (8 * net.model.size * net.model.outputs), 20)
    return rows[:: -(-len(rows) // most)]


# ---- inputs and members ----


def _slopes(net: Network, rows: np.ndarray) -> np.ndarray:
    """(features,) root mean square of the derivatives of the members' outputs."""
    z, total = net.rows.z[rows].astype(float), np.zeros(net.model.features)
    for theta in net.theta.astype(float):
        _, found = net.model.slopes(theta[None], z[None])  # type: ignore[attr-defined]
        total += (found**2).mean((0, 1, 2))
    return np.sqrt(total / net.members)


def _unused(net: Network, slopes: np.ndarray) -> tuple[str, ...]:
    """Columns none of whose features moves the outputs by a hundredth of what others do."""
    largest, column_of = float(slopes.max(initial=0.0)), net.encoder.column_of
    moved = {int(c): float(slopes[column_of == c].max()) for c in np.unique(column_of)}
    return tuple(net.encoder.columns[c].name for c, s in moved.items() if s <= _OFF * largest)


def _poor(net: Network) -> tuple[int, ...]:
    noise = net.training.noise
    if net.task == "classification" or not len(noise):
        return ()
    return tuple(int(k) for k in np.flatnonzero(~(noise <= _POOR * np.median(noise))))


# ---- the gradient ----


def _check(net: Network) -> GradientCheck:
    """The Taylor test of the mean loss over rows that member 0 was trained on."""
    count = len(net.rows.z)
    rows = np.unique(np.linspace(0, count - 1, min(count, 500)).astype(int))
    rows = rows[_own(net, 0, rows)]
    if not isinstance(net.model, Perceptron):
        rows = _fewer(net, rows)
    z, t, loss = net.rows.z[rows].astype(float), net.rows.t[rows], loss_of(net)

    def value(theta: np.ndarray) -> float:
        return float(loss.rows(net.model.values(theta[None], z[None]), t[None]).mean())

    theta = net.theta[0].astype(float)
    f = net.model.values(theta[None], z[None])
    seed = _seeds(net, f, rows)[0] / len(rows)
    if isinstance(net.model, Perceptron):
        gradient = walk(net.model, theta, z, seed).gradient()
    else:
        _, jacobian = net.model.jacobian(theta[None], z[None])
        gradient = np.einsum("rk,rks->s", seed, jacobian[0])
    return check_gradient(value, theta, gradient, np.random.default_rng(net.settings.seed))


# ---- findings ----


def _findings(net: Network, found: Health) -> Iterator[Finding]:
    if not found.check.ok:
        yield Finding(
            "wrong-gradient",
            f"{found.check}: what training followed is not the derivative of the loss.",
            "A rule of the model's own, a stopped gradient or a jump does that: ty.check finds it.",
            severity="error",
        )
    yield from _of_members(found)
    yield from _of_units(net, found)
    if found.unused:
        yield Finding(
            "unused-inputs",
            f"the prediction hardly depends on {', '.join(found.unused[:5])}"
            f"{', ...' if len(found.unused) > 5 else ''}: the priors have switched them off.",
            "You may leave them out.",
            severity="note", params=found.unused,
        )  # fmt: skip
    if found.effective > 0.5 * found.rows * net.model.outputs:
        yield Finding(
            "many-parameters-determined",
            f"the rows determine {found.effective:.0f} parameters and are {found.rows}: the "
            "members follow their noise.",
            "Trust out-of-bag intervals only; add rows, or use fewer units.",
            severity="note",
        )


def _of_members(found: Health) -> Iterator[Finding]:
    early = {end: k for end, k in found.ends.items() if end not in _NORMAL}
    if sum(early.values()) > 0.1 * found.members:
        said = ", ".join(f"{end}: {k}" for end, k in early.items())
        yield Finding(
            "members-not-converged",
            f"{counted(sum(early.values()), 'member')} of {found.members} did not converge "
            f"({said}).",
            "Their predictions count all the same: see the error of rows left out.",
        )
    if found.poor:
        yield Finding(
            "poor-members",
            f"{counted(len(found.poor), 'member')} of {found.members} ended in a poor minimum.",
            "Train with another seed or more members: the mean and the intervals carry them.",
        )


def _of_units(net: Network, found: Health) -> Iterator[Finding]:
    for layer in found.layers:
        units = layer.units or 1
        if layer.dead is not None and layer.dead > _SHARE * units:
            yield Finding(
                "dead-units",
                f"{layer.dead:.3g} of {units} units of {layer.name} do nothing at the training "
                "rows.",
                'Fewer units will do; of relu units try activation="silu".',
                severity="warning" if _is_relu(net) else "note",
            )
        if layer.saturated is not None and layer.saturated > _SHARE * units:
            yield Finding(
                "saturated-units",
                f"{layer.saturated:.3g} of {units} units of {layer.name} are at the end of their "
                "range at nearly all rows.",
                "Give a larger regularization, or scale inputs with long tails by a logarithm.",
            )
    size = sorted(layer.gradient for layer in (found.layers[0], found.layers[-1]))
    if isinstance(net.model, Perceptron) and size[0] < _VANISHING * size[1]:
        yield Finding(
            "uneven-gradients",
            f"gradients of the first layer are {found.ratio:.1e} times those of the last.",
            "Use fewer layers, or another activation.",
        )


def _is_relu(net: Network) -> bool:
    return getattr(getattr(net.model, "activation", None), "name", "") == "relu"
