"""The derivative of the prediction by inputs, with intervals from how the members differ.

Each member leaves one of K folds out; by the delete-d jackknife the standard error of their mean is
sqrt(K - 1) times the deviation between them. What all members get wrong alike, where the rows are
too few to show how the function bends, is not in it. Source: J. Shao and C. F. J. Wu, A general
theory for jackknife variance estimation, Annals of Statistics 17 (1989) 1176.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.networks.classes import ClassesOutOfBag, probabilities, tempered
from taylored.networks.insight import Reported
from taylored.results import Accuracy, Finding
from taylored.tables import find_column

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["Derivative", "derivative"]

_WIDEST = 1 << 27  # bytes of derivatives held at once
_ALONE = "one network says nothing of the errors of its derivative"


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
    if not isinstance(level, int | float | np.floating) or not 0.0 < level < 1.0:
        raise ArgumentError(
            f"level is {level!r}.", next_step="give a share between 0 and 1, such as 0.9."
        )
    columns, alone = _columns(net, wrt)
    features = [int(np.flatnonzero(net.encoder.column_of == c)[0]) for c in columns]
    seen = net.encoder.examine(X)
    z = np.asarray(seen.z, float)
    parts = np.array_split(z, max(1, 8 * z.size * net.members * net.model.outputs // _WIDEST))
    found = [_at(net, part, features) for part in parts]
    value, spread = (np.concatenate([f[k] for f in found]) for k in range(2))

    def shaped(values: np.ndarray) -> np.ndarray:
        if net.task == "regression" and net.response.flat:
            values = values[:, 0]
        return values[..., 0] if alone else values

    stderr, kind, why = _error(net, spread)
    value = shaped(value)
    lo = hi = None
    if stderr is not None:
        stderr = shaped(stderr)
        reach = _quantile(net, level) * stderr
        lo, hi = value - reach, value + reach
    classes = net.task == "classification"
    outputs = tuple(str(c) for c in net.response.classes) if classes else net.response.names
    return Derivative(
        value, lo, hi, stderr, float(level), kind, why, ~(seen.unseen | seen.outside),
        tuple(net.encoder.columns[c].name for c in columns), outputs,
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
    alone = isinstance(wrt, str) or not isinstance(wrt, Sequence | np.ndarray)
    found = [_column(net, each) for each in ([wrt] if alone else wrt)]
    if not found:
        raise ArgumentError("wrt is empty.", next_step="name an input, or leave it out for all.")
    return found, alone


def _column(net: Network, asked: Any) -> int:
    columns = net.encoder.columns
    names = [c.name for c in columns]
    if isinstance(asked, str):
        k = names.index(find_column(asked, names))
    elif hasattr(asked, "__index__") and -len(names) <= asked < len(names):
        k = int(asked) % len(names)
    else:
        raise ArgumentError(
            f"There is no input {asked!r}.", next_step=f"use one of {', '.join(names[:10])}."
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


def _at(net: Network, z: np.ndarray, features: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation between members (rows, outputs, inputs), in the user's units."""
    theta = net.theta.astype(float)
    f, slopes = net.model.slopes(theta, np.broadcast_to(z, (len(theta), *z.shape)))  # type: ignore[attr-defined]
    slopes = slopes[..., features] / net.encoder.scale[features]
    if net.task == "classification":
        slopes = _of_probabilities(net, f, slopes)
    else:
        slopes = slopes * net.response.scale[:, None]
    spread = slopes.std(0, ddof=1) if len(theta) > 1 else np.zeros(slopes.shape[1:])
    return slopes.mean(0), spread


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
    relative = moves / np.maximum(mean, 1e-12)[..., None] / temperature
    return q * (relative - (q * relative).sum(-2, keepdims=True))


def _error(net: Network, spread: np.ndarray) -> tuple[np.ndarray | None, Accuracy, str]:
    if net.folds is None:
        return None, Accuracy.UNKNOWN, f'{_ALONE}; train with intervals="out-of-bag"'
    if not net.usable:
        return None, Accuracy.UNKNOWN, "the network is not usable: it has learned nothing of y"
    return (net.folds.count - 1) ** 0.5 * spread, Accuracy.ESTIMATED, ""


def _quantile(net: Network, level: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(net.members - 1, 0.5 + 0.5 * level))


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
