"""How much each training row moves its own prediction, and the rows that stand out.

The leverage of a row is ∂f_i/∂y_i, how far its prediction follows its own response: of the Gauss-
Newton approximation j_i' (J'J + Λ)⁻¹ j_i. Sources: D. E. Hoaglin and R. E. Welsch, The American
Statistician 32 (1978) 17; R. D. Cook, Technometrics 19 (1977) 15; R. T. St. Laurent and R. D. Cook,
Leverage and superleverage in nonlinear regression, JASA 87 (1992) 985.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from taylored.errors import ArgumentError
from taylored.networks.classes import ClassesOutOfBag
from taylored.networks.insight import Reported, loss_of, row_labels
from taylored.networks.outofbag import OutOfBag
from taylored.networks.solvers.curvature import Dense, Dual
from taylored.results import Accuracy, Finding
from taylored.tables import counted

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["Leverage", "leverage"]

_MOST_PARAMETERS = 6000  # of a dense matrix of them
_MANY = 1500  # parameters from which only the members of the first repeat are taken
_WIDEST = 1 << 27  # bytes of derivatives held at once
_CHANCE = 0.05  # of naming any row where the noise is normal
_HIGH = 0.5  # leverage from which a row says more of its prediction than all others
_SHOWN = 5


@dataclass(frozen=True, eq=False, repr=False)
class Leverage(Reported):
    """What each training row does to the fit. All are arrays over the rows that were used.

    Attributes:
        rows: the number of each row in the user's table, from 1.
        value: leverage from 0 to 1, the mean over the members that have seen the row.
        residual: of the prediction without the row, in standard deviations (of several outputs the
            largest); of classes how surprising the row is, sqrt(-2 log p).
        effective: parameters that the rows determine: the sum of the leverages of one member.
        limit: residuals beyond it are outliers.
        unseen: whether the residuals are of predictions that have not seen the row.
        members: how many were looked at.
        kind: of the leverages: a linear approximation.
        findings: the rows that stand out.
    """

    rows: np.ndarray
    value: np.ndarray
    residual: np.ndarray
    effective: float
    limit: float
    unseen: bool
    members: int
    kind: Accuracy
    findings: tuple[Finding, ...] = ()

    @property
    def move(self) -> np.ndarray:
        """By how many deviations the prediction of each row would move without it."""
        return self.value * np.abs(self.residual)

    @property
    def cook(self) -> np.ndarray:
        """Cook's distance: how far all predictions move, for each parameter, without the row."""
        return self.residual**2 * self.value / max(self.effective, 1e-300)

    @property
    def outlying(self) -> np.ndarray:
        """The numbers of the rows whose residuals are beyond the limit, the worst first."""
        return self._named(np.abs(self.residual), self.limit)

    @property
    def high(self) -> np.ndarray:
        """The numbers of the rows with a leverage above one half, the highest first."""
        return self._named(self.value, _HIGH)

    @property
    def influential(self) -> np.ndarray:
        """The numbers of the rows that move their prediction by more than one deviation."""
        return self._named(self.move, 1.0)

    def top(self, k: int = 10) -> list[int]:
        """Positions of the k rows that move their prediction most."""
        return [int(i) for i in np.argsort(-self.move, kind="stable")[:k]]

    def _named(self, size: np.ndarray, limit: float) -> np.ndarray:
        order = np.argsort(-size, kind="stable")
        return self.rows[order[size[order] > limit]]


def leverage(net: Network) -> Leverage:
    """The leverage of each training row, its residual without it, and what both do to the fit.

    Raises:
        ArgumentError: where the network has too many parameters, or their precisions are unknown.
    """
    _require(net)
    used = range(net.members)
    if net.folds is not None and net.model.size > _MANY:
        used = range(net.folds.count)
    total, seen = np.zeros(len(net.rows.z)), np.zeros(len(net.rows.z))
    for member in used:
        own = np.arange(len(seen)) if net.folds is None else np.flatnonzero(net.folds.seen(member))
        with np.errstate(all="ignore"):  # of precisions that are 0; what is not finite is refused
            total[own] += _of_member(net, member, own)
        seen[own] += 1
    shared = net.model.outputs == len(net.response.classes)  # what all logits share is not seen
    free = net.model.outputs - shared
    value = total / np.maximum(seen, 1) / free
    residual = _residuals(net, value)
    rows = len(value)
    found = Leverage(
        row_labels(net), value, residual, float(total.sum()) / len(used), _limit(net, rows),
        net.out_of_bag is not None, len(used), Accuracy.ESTIMATED,
    )  # fmt: skip
    return replace(found, findings=tuple(_standing_out(found)))


def _require(net: Network) -> None:
    if not net.training.precision.size:
        raise ArgumentError(
            "The precisions of the parameters are not known: leverage depends on them.",
            next_step='train with solver="levenberg".',
        )
    if net.model.size > _MOST_PARAMETERS:
        raise ArgumentError(
            f"The network has {net.model.size} parameters: a matrix of them is too large.",
            next_step=f"train a network with at most {_MOST_PARAMETERS}.",
        )


def _of_member(net: Network, member: int, own: np.ndarray) -> np.ndarray:
    """The leverages of its rows, summed over the outputs."""
    _, group = np.unique(net.model.groups, return_inverse=True)
    prior = net.training.precision[member].astype(float)[group]
    wide = net.model.outputs * net.model.size
    parts = np.array_split(own, max(1, 8 * len(own) * wide // _WIDEST))
    if len(own) * net.model.outputs < net.model.size:
        whole = np.concatenate([_whitened(net, member, p) for p in parts])
        found = Dual(whole).leverage(prior, whole)
    else:
        gram = np.zeros((net.model.size, net.model.size))
        for part in parts:
            rows = _whitened(net, member, part)
            gram += rows.T @ rows
        dense = Dense(gram)
        found = np.concatenate([dense.leverage(prior, _whitened(net, member, p)) for p in parts])
    if not np.isfinite(found).all():
        raise ArgumentError(
            "The rows do not determine all parameters, and no prior does: there is no leverage.",
            next_step="use fewer parameters, or regularization.",
        )
    return found.reshape(len(own), -1).sum(1)


def _whitened(net: Network, member: int, own: np.ndarray) -> np.ndarray:
    """Derivatives (rows * outputs, size) whose squares add up to the curvature."""
    theta = net.theta[member].astype(float)
    f, jacobian = net.model.jacobian(theta[None], net.rows.z[own].astype(float)[None])
    found = loss_of(net).whiten(f, jacobian)[0]
    if net.rows.weights is not None:
        found = found * np.sqrt(net.rows.weights[own])[:, None, None]
    return found.reshape(-1, net.model.size)


# ---- residuals and what stands out ----


def _residuals(net: Network, value: np.ndarray) -> np.ndarray:
    found = net.out_of_bag
    if isinstance(found, ClassesOutOfBag):
        return np.sqrt(2 * found.losses)
    if isinstance(found, OutOfBag):
        return _largest(found.residual * found.ratio / found.deviation)
    f = net.model.values(net.theta.astype(float), net.rows.z.astype(float)[None])
    if net.task == "classification":
        return np.sqrt(2 * loss_of(net).rows(f, net.rows.t[None])[0])
    # One network: what is left without a row is e/(1 - h), to first order.
    left = (net.rows.t - f[0]) / np.maximum(1 - value, 1e-3)[:, None]
    return _largest(left / max(float(net.training.noise[0]), 1e-300) ** 0.5)


def _largest(ratios: np.ndarray) -> np.ndarray:
    """Of each row that of the output with the largest size."""
    return ratios[np.arange(len(ratios)), np.abs(ratios).argmax(1)]


def _limit(net: Network, rows: int) -> float:
    """The residual that no row reaches by chance in 19 of 20 data sets."""
    from scipy.special import ndtri

    if net.task == "classification":
        return float(np.sqrt(-2 * np.log(_CHANCE / rows)))
    return float(-ndtri(0.5 * _CHANCE / (rows * len(net.response.names))))


def _standing_out(found: Leverage) -> Iterator[Finding]:
    if found.influential.size:
        yield Finding(
            "influential-rows",
            f"{counted(len(found.influential), 'row')} would be predicted by more than a standard "
            f"deviation otherwise without their own response: {_list(found.influential)}.",
            "See whether they are right: the fit leans on them.",
        )
    if found.outlying.size:
        yield Finding(
            "outlying-rows",
            f"{counted(len(found.outlying), 'row')} farther from the prediction than noise "
            f"explains ({found.limit:.1f} deviations): {_list(found.outlying)}.",
            "Correct them if they are wrong; else look for what they have in common.",
        )
    if found.high.size:
        yield Finding(
            "high-leverage-rows",
            f"{counted(len(found.high), 'row')} with more say in their own prediction than all "
            f"others: {_list(found.high)}.",
            "Add rows near them; errors in them pass unseen.",
            severity="note",
        )
    if not found.unseen:
        yield Finding(
            "residuals-of-seen-rows",
            "the residuals are of rows that the network has seen.",
            'Train with intervals="out-of-bag" for those of rows left out.',
            severity="note",
        )


def _list(rows: np.ndarray) -> str:
    shown = ", ".join(str(int(r)) for r in rows[:_SHOWN])
    return f"row {shown}" + (", ..." if len(rows) > _SHOWN else "")
