"""How far the slopes of the members may be off: the variance of each, and that between them.

A member's parameters vary by H⁻¹ Q H⁻¹ with H = J'J + Λ: Q is J' diag(s²) J, s the deviation of
each row as the noise model has it, and σ²Λ for the pull of the priors, whose bias it stands for on
average over the rows. Members in different minima are different answers to the same rows: the
variance between them is added. How strong the priors are is itself learned from as many parameters
as the rows determine, which is what makes the error Student's. Of rows in groups, whose errors may
be shared, Q is at least the sum over groups of what their left-out errors make together. Where no
precisions are known the delete-d jackknife is all there is. Sources: D. J. C. MacKay, A practical
Bayesian framework for backpropagation networks, Neural Computation 4 (1992) 448; D. Nychka,
Bayesian confidence intervals for smoothing splines, JASA 83 (1988) 1134; J. Shao and C. F. J. Wu, A
general theory for jackknife variance estimation, Annals of Statistics 17 (1989) 1176; K.-Y. Liang
and S. L. Zeger, Longitudinal data analysis using generalized linear models, Biometrika 73 (1986) 13
(groups).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from taylored.networks.activations import softmax
from taylored.networks.classes import ClassesOutOfBag
from taylored.networks.cross import slope_gradients
from taylored.networks.ensemble import outputs_at
from taylored.networks.insight import loss_of
from taylored.networks.outofbag import OutOfBag

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["SlopeError", "class_slopes", "slope_error"]

_MOST = 2000  # parameters of a matrix that is inverted for each member
_WIDEST = 1 << 26  # bytes of derivatives held at once
_LEAST_DEGREES = 2.0


@dataclass(frozen=True, eq=False)
class SlopeError:
    """`variance` (rows, outputs, features) of standardized slopes, with `degrees` of freedom."""

    variance: np.ndarray
    degrees: float


def slope_error(net: Network, z: np.ndarray, features: list[int]) -> SlopeError:
    """How far the mean of the members may be off; of classes the outputs are probabilities."""
    theta = net.theta.astype(float)
    each = 8 * z.size * len(theta) * max(net.model.outputs, 1)
    parts = np.array_split(z, max(1, each // _WIDEST))
    between = np.concatenate([_slopes(net, theta, p, features).var(0, ddof=1) for p in parts])
    own = _mean_posterior(net, z, features)
    if own is None:
        assert net.folds is not None
        return SlopeError((net.folds.count - 1) * between, net.members - 1.0)
    return SlopeError(own.variance + between, own.degrees)


def _slopes(net: Network, theta: np.ndarray, z: np.ndarray, features: list[int]) -> np.ndarray:
    """(members, rows, outputs, features)."""
    f, slopes = net.model.slopes(theta, np.broadcast_to(z, (len(theta), *z.shape)))  # type: ignore[attr-defined]
    slopes = slopes[..., features]
    return slopes if net.task == "regression" else class_slopes(f, slopes, _temperature(net))[1]


def _temperature(net: Network) -> float:
    found = net.out_of_bag
    return found.temperature if isinstance(found, ClassesOutOfBag) else 1.0


def class_slopes(
    f: np.ndarray, slopes: np.ndarray, temperature: float
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (..., classes) of logits f/T, and their slopes (..., classes, features)."""
    f, slopes = _both(f / temperature, -1), _both(slopes / temperature, -2)
    p = softmax(f)
    own = p[..., None]
    return p, own * (slopes - (own * slopes).sum(-2, keepdims=True))


def _both(values: np.ndarray, axis: int) -> np.ndarray:
    """The logit of the second class with that of the first, which is 0."""
    if values.shape[axis] > 1:
        return values
    return np.concatenate([np.zeros_like(values), values], axis)


# ---- the members one by one ----


@dataclass(frozen=True, eq=False)
class _Errors:
    """Of the training rows: `variance` of each (rows, outputs), None of classes, whose loss has it;
    `left` their errors when left out (rows, outputs) where there are groups, else None."""

    variance: np.ndarray | None
    left: np.ndarray | None


@dataclass(frozen=True, eq=False)
class _Posterior:
    """H factorized, each Q (size, size), and how many parameters the rows determine."""

    factor: tuple[np.ndarray, bool]
    middles: tuple[np.ndarray, ...]
    effective: float

    def variance(self, gradients: np.ndarray) -> np.ndarray:
        """g' H⁻¹ Q H⁻¹ g of each (rows, outputs, size), the largest of those of all Q."""
        flat = gradients.reshape(-1, gradients.shape[-1]).T
        moved = cho_solve(self.factor, flat, check_finite=False)
        found = np.max([(moved * (q @ moved)).sum(0) for q in self.middles], axis=0)
        return found.reshape(gradients.shape[:-1])


def _mean_posterior(net: Network, z: np.ndarray, features: list[int]) -> SlopeError | None:
    """The mean over the members of the first repeat, which have seen each row equally often.

    None where their precisions are not known or do not suffice.
    """
    model, folds = net.model, net.folds
    assert folds is not None
    if not net.training.precision.size or model.size > _MOST:
        return None
    seen, errors = ~folds.held_out(), _errors(net)
    parts = np.array_split(z, max(1, 8 * len(z) * model.outputs * model.size // _WIDEST))
    total, effective = np.zeros((len(z), _outputs(net), len(features))), 0.0
    for member in range(folds.count):
        found = _posterior(net, member, np.flatnonzero(seen[member]), errors)
        if found is None:
            return None
        effective += found.effective / folds.count
        for k, feature in enumerate(features):
            gradients = (_gradients(net, member, p, feature) for p in parts)
            total[..., k] += np.concatenate([found.variance(g) for g in gradients])
    if not getattr(model, "regularized", True):  # no priors: what is estimated is the noise
        effective = len(net.rows.z) * model.outputs - effective
    if folds.groups is not None:
        effective = min(effective, folds.units - 1.0)
    return SlopeError(total / folds.count, max(effective, _LEAST_DEGREES))


def _outputs(net: Network) -> int:
    return len(net.response.classes) if net.task == "classification" else net.model.outputs


def _errors(net: Network) -> _Errors:
    assert net.folds is not None
    grouped, found = net.folds.groups is not None, net.out_of_bag
    if isinstance(found, ClassesOutOfBag):
        p = found.probability
        left = (p - np.eye(p.shape[1])[found.t])[:, -net.model.outputs :]
        return _Errors(None, left if grouped else None)
    assert isinstance(found, OutOfBag) and net.noise is not None
    f = outputs_at(net.model, net.theta, net.rows.z)
    variance = net.noise.deviation(net.rows.z, f.mean(0), f.var(0, ddof=1)) ** 2
    return _Errors(variance, found.residual if grouped else None)


def _posterior(net: Network, member: int, own: np.ndarray, errors: _Errors) -> _Posterior | None:
    """Of one member and the rows that it has seen; None where they do not determine it."""
    model = net.model
    _, group = np.unique(model.groups, return_inverse=True)
    prior = net.training.precision[member].astype(float)[group]
    gram, middle = np.zeros((model.size, model.size)), np.zeros((model.size, model.size))
    for part in np.array_split(own, _parts(net, own)):
        rows, _, weights = _derivatives(net, member, part)
        gram += rows.T @ (weights * rows)
        if errors.variance is not None:
            middle += rows.T @ (errors.variance[part].reshape(-1, 1) * weights**2 * rows)
    curved = gram + np.diag(prior)
    try:
        factor = cho_factor(curved, check_finite=False)
    except np.linalg.LinAlgError:
        return None
    effective = float(np.trace(cho_solve(factor, gram, check_finite=False)))
    pull = np.diag(prior * net.training.noise[member])
    # Of classes the loss is a log likelihood, and H its own middle.
    middles = [curved if errors.variance is None else middle + pull]
    if errors.left is not None:
        middles.append(_of_groups(net, member, own, errors.left) + pull)
    return _Posterior(factor, tuple(middles), effective)


def _parts(net: Network, own: np.ndarray) -> int:
    return max(1, 8 * len(own) * net.model.outputs * net.model.size // _WIDEST)


def _derivatives(
    net: Network, member: int, own: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of these rows (rows * outputs, size) whitened and plain, and their weights (.., 1)."""
    theta = net.theta[member].astype(float)[None]
    f, plain = net.model.jacobian(theta, net.rows.z[own].astype(float)[None])
    white = loss_of(net).whiten(f, plain)[0]
    weights = np.ones(len(own)) if net.rows.weights is None else net.rows.weights[own]
    weights = np.repeat(weights, net.model.outputs)[:, None]
    return white.reshape(-1, net.model.size), plain[0].reshape(-1, net.model.size), weights


def _of_groups(net: Network, member: int, own: np.ndarray, left: np.ndarray) -> np.ndarray:
    """The sum over groups of the squared sum of the pulls of their rows."""
    assert net.folds is not None and net.folds.groups is not None
    pulls = np.zeros((net.folds.units, net.model.size))
    for part in np.array_split(own, _parts(net, own)):
        _, plain, weights = _derivatives(net, member, part)
        each = weights * left[part].reshape(-1, 1) * plain
        np.add.at(pulls, np.repeat(net.folds.groups[part], net.model.outputs), each)
    return pulls.T @ pulls


def _gradients(net: Network, member: int, z: np.ndarray, feature: int) -> np.ndarray:
    """(rows, outputs, size) of the slope of each output, or probability, by the parameters."""
    model, theta = net.model, net.theta[member].astype(float)
    found = slope_gradients(model, theta, z, feature)
    if net.task == "regression":
        return found
    temperature = _temperature(net)
    f, slopes = model.slopes(theta[None], z[None])  # type: ignore[attr-defined]
    _, jacobian = model.jacobian(theta[None], z[None])
    p, _ = class_slopes(f[0], slopes[0], temperature)
    own, slope = p[..., None], _both(slopes[0][..., [feature]] / temperature, -2)
    by, found = _both(jacobian[0] / temperature, -2), _both(found / temperature, -2)
    change = own * (by - (own * by).sum(-2, keepdims=True))  # of the probabilities
    mean = (own * slope).sum(-2, keepdims=True)
    turned = (change * slope + own * found).sum(-2, keepdims=True)
    return change * (slope - mean) + own * (found - turned)
