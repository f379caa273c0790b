"""How much worse rows that the members have not seen are predicted when an input is shuffled.

The rise of the error is a mean over pairs of a row and another one whose value it gets, predicted
by members that have seen neither: a value that they were trained on is not like a new one. Its
error follows from how both rows of a pair vary (Hoeffding's decomposition). Source: L. Breiman,
Random forests, Machine Learning 45 (2001) 5; A. Fisher, C. Rudin and F. Dominici, All models are
wrong, but many are useful, JMLR 20 (2019) 177; C. Nadeau and Y. Bengio, Inference for the
generalization error, Machine Learning 52 (2003) 239.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from taylored.errors import ArgumentError
from taylored.networks.averages import student_quantile
from taylored.networks.classes import (
    LEAST_PROBABILITY,
    ClassesOutOfBag,
    probabilities,
    tempered,
)
from taylored.networks.findings import merged
from taylored.networks.insight import Reported
from taylored.networks.outofbag import OutOfBag
from taylored.results import Accuracy, Finding

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["Importance", "importance"]

LEVEL = 0.95
_ALIKE = 0.8  # correlation from which two inputs share their importance
_MOST_ROWS = 4000
_WIDEST = 1 << 26  # numbers of inputs evaluated at once
_STREAM = 7919  # of random numbers: not those of training


@dataclass(frozen=True, eq=False, repr=False)
class Importance(Reported):
    """By how much the error of unseen rows rises without each input.

    Attributes:
        names: of the columns, in their order.
        value, lo, hi: the rise (columns,) and its interval at `level`.
        stderr: standard errors (columns,) over the rows.
        base: the error without shuffling; `error` says which.
        kind: of the intervals; unknown where the network is not usable.
        rows, repeats: how many rows were shuffled how many times.
        findings: inputs that share their importance.
    """

    names: tuple[str, ...]
    value: np.ndarray
    lo: np.ndarray
    hi: np.ndarray
    stderr: np.ndarray
    base: float
    error: str
    level: float
    kind: Accuracy
    rows: int
    repeats: int
    findings: tuple[Finding, ...]

    def ranked(self) -> list[int]:
        """Positions of the columns, the most important first."""
        return [int(k) for k in np.argsort(-self.value, kind="stable")]

    @property
    def clear(self) -> np.ndarray:
        """(columns,) whether the interval lies above 0."""
        return self.lo > 0


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Each of the `rows` with other ones: `others` (repeats, rows) are positions among them.

    `common` (repeats, members, rows) says which members have seen neither of the two.
    """

    rows: np.ndarray
    others: np.ndarray
    common: np.ndarray


def _make_pairs(net: Network, repeats: int, rng: np.random.Generator) -> _Pairs:
    """Random pairs among those that the most members have not seen: folds know nothing of values.

    Rows that were never apart are no pairs: copies, and rows of a group, are alike.
    """
    assert net.folds is not None
    count = len(net.rows.z)
    rows = np.arange(count)
    if count > _MOST_ROWS:
        rows = np.sort(rng.choice(count, _MOST_ROWS, replace=False))
    number = net.folds.number[:, rows]
    shared = np.zeros((len(rows), len(rows)), np.float32)
    for fold in number:
        shared += fold[:, None] == fold
    shared[shared == len(number)] = -1
    shared += rng.uniform(0, 0.5, shared.shape).astype(np.float32)  # ties
    repeats = min(repeats, len(rows) - 1)
    others = np.argpartition(-shared, repeats - 1, axis=1)[:, :repeats].T
    out = net.folds.held_out()[:, rows]
    return _Pairs(rows, others, np.stack([out & out[:, o] for o in others]))


@dataclass(frozen=True, eq=False)
class _Task:
    """What is evaluated: the outputs of members at pairs of rows, and the losses of their mean."""

    net: Network
    pairs: _Pairs

    def losses(self, features: np.ndarray) -> np.ndarray:
        """(repeats, rows) losses of each row with these features taken from the other row."""
        net, pairs = self.net, self.pairs
        z = net.rows.z[pairs.rows]
        total = np.empty(0)
        for member in range(net.members):
            repeat, place = np.nonzero(pairs.common[:, member])
            moved = z[place]
            moved[:, features] = z[pairs.others[repeat, place]][:, features]
            f = self._outputs(member, moved)
            if not total.size:
                total = np.zeros((*pairs.others.shape, f.shape[1]))
            total[repeat, place] += f
        count = pairs.common.sum(1)[..., None]
        with np.errstate(all="ignore"):
            return self._losses(total / count)

    def _outputs(self, member: int, z: np.ndarray) -> np.ndarray:
        theta = self.net.theta[member : member + 1].astype(float)
        parts = np.array_split(z.astype(float), max(1, z.size // _WIDEST))
        f = np.concatenate([self.net.model.values(theta, p[None])[0] for p in parts])
        return f if self.net.task == "regression" else probabilities(f)

    def _losses(self, mean: np.ndarray) -> np.ndarray:
        found, t = self.net.out_of_bag, self.net.rows.t[self.pairs.rows]
        if isinstance(found, ClassesOutOfBag):
            p = tempered(mean.reshape(-1, mean.shape[-1]), found.temperature).reshape(mean.shape)
            own = np.take_along_axis(p, np.broadcast_to(t, mean.shape[:-1])[..., None], -1)
            return -np.log(np.maximum(own[..., 0], LEAST_PROBABILITY))
        return ((mean - t) ** 2).mean(-1)


def importance(net: Network, repeats: int = 5) -> Importance:
    """Permutation importance of each column on rows that the members have not seen.

    Args:
        net: trained with intervals="out-of-bag".
        repeats: how often each column is shuffled.

    Raises:
        ArgumentError: where no row was left out, or repeats is no number from 1.
    """
    if isinstance(repeats, bool) or not hasattr(repeats, "__index__") or int(repeats) < 1:
        raise ArgumentError(f"repeats is {repeats!r}.", next_step="give a whole number from 1.")
    if net.folds is None or net.out_of_bag is None:
        raise ArgumentError(
            "The network has seen every row: what it would say of new ones is not known.",
            next_step='train with intervals="out-of-bag".',
        )
    pairs = _make_pairs(net, int(repeats), np.random.default_rng([_STREAM, net.settings.seed]))
    columns = [i for i in range(len(net.encoder.columns)) if (net.encoder.column_of == i).any()]
    features = [np.flatnonzero(net.encoder.column_of == i) for i in columns]
    names = tuple(net.encoder.columns[i].name for i in columns)
    task, together = _Task(net, pairs), _together(net, pairs.rows)
    plain = task.losses(np.arange(0))
    found = [_rise(net, pairs, (plain, task.losses(own)), together) for own in features]
    value, stderr = np.array(found).T
    degrees = float(together.max())  # one less than units
    reach = student_quantile(degrees, LEVEL) * stderr
    base, unit = _base(net)
    return Importance(
        names, value * unit, (value - reach) * unit, (value + reach) * unit, stderr * unit,
        base, _error(net), LEVEL, Accuracy.ESTIMATED if net.usable else Accuracy.UNKNOWN,
        len(pairs.rows), len(pairs.others), merged([*_useless(net), *_alike(net, names, features)]),
    )  # fmt: skip


def _useless(net: Network) -> Iterator[Finding]:
    if not net.usable:
        yield Finding(
            "not-usable",
            "the network predicts no better than without its inputs: what it makes of them says "
            "nothing of how much they matter.",
            "See what its report says, and train one that is usable first.",
        )


def _together(net: Network, rows: np.ndarray) -> np.ndarray:
    """(rows,) the same number for rows that are left out together: copies, and rows of a group.

    Others that chance has put together do no harm.
    """
    assert net.folds is not None
    _, number = np.unique(net.folds.number[:, rows], axis=1, return_inverse=True)
    return number.ravel()


def _rise(
    net: Network, pairs: _Pairs, losses: tuple[np.ndarray, np.ndarray], together: np.ndarray
) -> tuple[float, float]:
    """The rise of the error and its standard error, of one column, standardized.

    Each row counts as the one that gets another value and as the one that gives it. `losses`
    (repeats, rows) are those without the exchange and with it; nan where no member is left.
    """
    weights = np.ones(len(pairs.rows)) if net.rows.weights is None else net.rows.weights[pairs.rows]
    change = losses[1] - losses[0]
    known = np.isfinite(change)
    each = np.where(known, weights, 0.0)
    each /= each.sum()
    rise = float(np.nansum(each * change))
    pulls = np.where(known, each * (change - rise), 0.0)
    sums = np.bincount(together, pulls.sum(0)) + np.bincount(
        together[pairs.others].ravel(), pulls.ravel(), len(np.unique(together))
    )
    error = float(np.sqrt((sums**2).sum() * len(sums) / max(len(sums) - 1, 1)))
    error *= _overlap(net)
    if net.task == "classification":
        return rise, error
    before = _mean_loss(net)  # from the mean square to its root
    after = max(before + rise, 1e-300) ** 0.5
    return after - before**0.5, error / (2 * after)


def _overlap(net: Network) -> float:
    """By how much the error is larger because members are trained on each other's left-out rows.

    Nadeau and Bengio: the variance 1/J of J folds becomes 1/J + (rows left out)/(rows trained on).
    """
    assert net.folds is not None
    return (1 + net.folds.count / (net.folds.count - 1)) ** 0.5


def _mean_loss(net: Network) -> float:
    """Of rows left out, standardized."""
    found = net.out_of_bag
    if isinstance(found, ClassesOutOfBag):
        return float(np.average(found.losses, weights=net.rows.weights))
    assert isinstance(found, OutOfBag)
    return float((found.error**2).mean())


def _base(net: Network) -> tuple[float, float]:
    """The error of rows left out, and what its unit is to the user."""
    if net.task == "classification":
        return _mean_loss(net), 1.0
    unit = float(net.response.scale[0]) if len(net.response.names) == 1 else 1.0
    return _mean_loss(net) ** 0.5 * unit, unit


def _error(net: Network) -> str:
    if net.task == "classification":
        return "mean -log probability"
    several = len(net.response.names) > 1
    what = "in deviations of the outputs" if several else f"of {', '.join(net.response.names)}"
    return f"root mean square error {what}"


def _alike(net: Network, names: tuple[str, ...], features: list[np.ndarray]) -> Iterator[Finding]:
    """Pairs of inputs that tell the same: shuffling one leaves the other."""
    z = net.rows.z - net.rows.z.mean(0)
    length = np.sqrt((z * z).sum(0))
    z = z / np.where(length > 0, length, 1.0)
    found = np.abs(z.T @ z)
    for a, b in combinations(range(len(names)), 2):
        r = float(found[np.ix_(features[a], features[b])].max())
        if r > _ALIKE:
            yield Finding(
                "correlated-inputs",
                f"{names[a]} and {names[b]} are correlated ({r:.2f}): what one tells the other "
                "tells too, and the importance of each is too small.",
                "Judge them together, or train again without one of them.",
                params=(names[a], names[b]),
            )
