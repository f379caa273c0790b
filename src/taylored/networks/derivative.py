"""The derivative of the prediction by inputs, with intervals that count what all members share.

The error is that of the members (`slope_posterior`), and, as all of them may be wrong alike, that
of a second opinion: with the probability w that a Gaussian process predicts better, the derivative
is where that has it. By the law of total variance around the network's own value this makes
(1 - w) V + w (V' + d²), V and V' the variances of both, d the distance between them. Where
residuals of neighboring rows have much in common, there is more in the rows than the network has
learned, and no interval is given. Source: D. Draper, Assessment and propagation of model
uncertainty, JRSS B 57 (1995) 45.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.networks.averages import student_quantile
from taylored.networks.classes import (
    LEAST_PROBABILITY,
    ClassesOutOfBag,
    probabilities,
    tempered,
)
from taylored.networks.insight import Reported
from taylored.networks.plan import check_level
from taylored.networks.slope_posterior import SlopeError, slope_error
from taylored.networks.slope_process import fit_slope_process
from taylored.networks.unlearned import unlearned
from taylored.results import Accuracy, Finding
from taylored.tables import find_column

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["Derivative", "derivative"]

_WIDEST = 1 << 27  # bytes of derivatives held at once
_MOST_UNLEARNED = 0.05  # of the variance of y: from about a fifth on intervals were seen to fail
_EVEN = 0.5  # probability that the process predicts better where both were not compared
_HARDLY_BETTER = ("little-better-than-the-mean", "little-better-than-guessing")
_ALONE = "one network says nothing of the errors of its derivative"
_UNLEARNED = (
    "the residuals of neighboring rows are alike: the network has not learned all that is in them, "
    "or their noise is shared; train with more rows or units, or with groups="
)


@dataclass(frozen=True, eq=False, repr=False)
class Derivative(Reported):
    """∂prediction/∂input at each row, in the user's units. See `Network.derivative`.

    Attributes:
        value, lo, hi: (rows, inputs), or (rows, outputs, inputs) for several outputs or classes;
            the last axis is left out where one input was asked for by name. lo and hi are None
            where nothing is known of the error.
        stderr: standard errors, of the shape of `value`, or None.
        level: of the intervals.
        kind: of the intervals, and `why` they are unknown.
        trusted: (rows,) False where training says little.
        inputs, outputs: the names along the axes.
        findings: what is doubtful about the rows.
    """

    value: np.ndarray
    lo: np.ndarray | None
    hi: np.ndarray | None
    stderr: np.ndarray | None
    level: float
    kind: Accuracy
    why: str
    trusted: np.ndarray
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    findings: tuple[Finding, ...]

    def __len__(self) -> int:
        return len(self.value)


def derivative(net: Network, X: Any, wrt: Any = None, level: float = 0.9) -> Derivative:
    """The derivative of the mean of the members; of classes that of their probabilities.

    Args:
        net: a trained network.
        X: a table with the columns of training.
        wrt: a name or position of a numeric column, a list of them, or None for all.
        level: the share of intervals that are to hold the derivative of what is learned from.

    Raises:
        ArgumentError: for a column of categories, or a level that is none.
        DataError: where the table does not fit.
    """
    level = check_level(level)
    columns, alone = _columns(net, wrt)
    features = [int(np.flatnonzero(net.encoder.column_of == c)[0]) for c in columns]
    seen = net.encoder.examine(X)
    z = np.asarray(seen.z, float)
    parts = np.array_split(z, max(1, 8 * z.size * net.members * net.model.outputs // _WIDEST))
    value = np.concatenate([_at(net, part, features) for part in parts])
    error, why = _error(net, z, value, features)
    stderr = lo = hi = None
    if error is not None:
        with np.errstate(invalid="ignore", over="ignore"):  # rows as far away as float64 goes
            stderr = np.sqrt(error.variance) * _units(net, features)
        stderr = np.where(np.isnan(stderr), np.inf, stderr)
        reach = student_quantile(error.degrees, level) * stderr
        stderr, lo, hi = (_shaped(net, v, alone) for v in (stderr, value - reach, value + reach))
    kind = Accuracy.UNKNOWN if error is None else Accuracy.ESTIMATED
    classes = net.task == "classification"
    outputs = tuple(str(c) for c in net.response.classes) if classes else net.response.names
    return Derivative(
        _shaped(net, value, alone), lo, hi, stderr, level, kind, why,
        ~(seen.unseen | seen.outside), tuple(net.encoder.columns[c].name for c in columns), outputs,
        (*seen.findings, *_kinks(net)),
    )  # fmt: skip


def _columns(net: Network, wrt: Any) -> tuple[list[int], bool]:
    """The columns meant, and whether one was asked for by itself."""
    columns = net.encoder.columns
    if wrt is None:
        numbers = [i for i, c in enumerate(columns) if c.kind == "number" and not c.constant]
        if not numbers:
            raise ArgumentError(
                "No input is a number: there is nothing to differentiate by.",
                next_step="compare predictions of two rows instead.",
            )
        return numbers, False
    alone = isinstance(wrt, str) or not isinstance(wrt, Sequence | np.ndarray) or not np.ndim(wrt)
    found = [_column(net, each) for each in ([wrt] if alone else wrt)]
    if not found:
        raise ArgumentError("wrt is empty.", next_step="name an input, or leave it out for all.")
    return found, alone


def _is_position(asked: Any) -> bool:
    return hasattr(asked, "__index__") and not isinstance(asked, bool | np.bool_)


def _column(net: Network, asked: Any) -> int:
    columns = net.encoder.columns
    names = [c.name for c in columns]
    if isinstance(asked, str):
        k = names.index(find_column(asked, names))
    elif _is_position(asked) and 0 <= asked < len(names):
        k = int(asked)
    else:
        raise ArgumentError(
            f"There is no input {asked!r}.",
            why=f"positions are whole numbers from 0 to {len(names) - 1}.",
            next_step=f"use one of {', '.join(names[:10])}, or a position.",
        )
    if columns[k].kind == "category":
        raise ArgumentError(
            f"{names[k]} is a category: there is no derivative by it.",
            next_step="compare predictions of two rows that differ in it.",
        )
    if columns[k].constant:
        raise ArgumentError(
            f"{names[k]} was constant in training: nothing was learned about it.",
            next_step="train on rows in which it varies.",
        )
    return k


def _at(net: Network, z: np.ndarray, features: list[int]) -> np.ndarray:
    """The mean of the members (rows, outputs, inputs), in the user's units."""
    theta = net.theta.astype(float)
    f, slopes = net.model.slopes(theta, np.broadcast_to(z, (len(theta), *z.shape)))  # type: ignore[attr-defined]
    slopes = slopes[..., features]
    if net.task == "classification":
        slopes = _of_probabilities(net, f, slopes)
    return slopes.mean(0) * _units(net, features)


def _units(net: Network, features: list[int]) -> np.ndarray:
    """(outputs or 1, inputs) what a standardized slope is in the user's units."""
    height = np.ones(1) if net.task == "classification" else net.response.scale
    return np.asarray(height)[:, None] / net.encoder.scale[features]


def _of_probabilities(net: Network, f: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """(members, rows, classes, inputs): what each member adds to that of the tempered mean."""
    each = probabilities(f)
    if f.shape[-1] == 1:
        rise = each[..., :1, None] * each[..., 1:, None] * slopes
        moves = np.concatenate([-rise, rise], axis=-2)
    else:
        p = each[..., None]
        moves = p * (slopes - (p * slopes).sum(-2, keepdims=True))
    if not isinstance(net.out_of_bag, ClassesOutOfBag):
        return moves
    mean, temperature = each.mean(0), net.out_of_bag.temperature
    q = tempered(mean, temperature)[..., None]
    relative = moves / np.maximum(mean, LEAST_PROBABILITY)[..., None] / temperature
    return q * (relative - (q * relative).sum(-2, keepdims=True))


def _error(
    net: Network, z: np.ndarray, value: np.ndarray, features: list[int]
) -> tuple[SlopeError | None, str]:
    """The error of standardized slopes, or None and why it is not known."""
    if net.folds is None:
        return None, f'{_ALONE}; train with intervals="out-of-bag"'
    if not net.usable:
        return None, "the network is not usable: it has learned nothing of y"
    assert net.out_of_bag is not None
    if any(f.name in _HARDLY_BETTER for f in net.findings):
        return None, "the network is hardly better than one without inputs"
    if unlearned(net.out_of_bag, net.rows.z).of_y > _MOST_UNLEARNED:
        return None, _UNLEARNED
    try:
        process = fit_slope_process(net.rows, _targets(net), net.settings.seed, net.folds.groups)
    except np.linalg.LinAlgError:
        return None, "no second model could be fitted to compare it with"
    mean, other = process.slopes(z, features)
    own, weight = slope_error(net, z, features), _weight(net)
    away = (mean - value / _units(net, features)) ** 2
    return SlopeError((1 - weight) * own.variance + weight * (other + away), own.degrees), ""


def _targets(net: Network) -> np.ndarray:
    """(rows, outputs) what the process learns: of classes whether a row is of it."""
    if net.task == "regression":
        return net.rows.t
    return np.eye(len(net.response.classes))[net.rows.t]


def _weight(net: Network) -> float:
    """The probability that the process predicts better, as both did on rows left out."""
    from scipy.special import ndtr

    worse = [s.worse for s in net.scores if s.name == "Gaussian process" and s.worse == s.worse]
    return float(ndtr(worse[0])) if worse else _EVEN


def _shaped(net: Network, values: np.ndarray, alone: bool) -> np.ndarray:
    """Without the axes of a single output, and of an input that was asked for by itself."""
    if net.task == "regression" and net.response.flat:
        values = values[:, 0]
    return values[..., 0] if alone else values


def _kinks(net: Network) -> tuple[Finding, ...]:
    activation = getattr(net.model, "activation", None)
    if not getattr(activation, "kinked", False):
        return ()
    return (
        Finding(
            "jumping-derivative",
            f"the derivative of {activation.name} jumps, and so does that of the prediction.",  # type: ignore[union-attr]
            'Train with activation="tanh" for one that is smooth.',
            severity="note",
        ),
    )
