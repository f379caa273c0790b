"""Proved ranges of a trained network over a box of inputs, in the user's units.

What is bounded is the prediction, the mean of the members, and not the truth that it is learned
from: of that a proof knows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.networks.bound import Affine, NetworkBound, Scales, bound_network, layers_of
from taylored.networks.bound_classes import tempered_ranges, tempered_slopes
from taylored.networks.classes import ClassesOutOfBag
from taylored.networks.data.column import Column, number_cells
from taylored.networks.data.frame import read_frame
from taylored.networks.data.matching import match_columns
from taylored.networks.insight import Reported, one_row, require_one
from taylored.networks.model import Perceptron
from taylored.results import Finding, Interval

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["Bound", "bound"]


@dataclass(frozen=True, eq=False, repr=False)
class Bound(Reported):
    """What the prediction lies between, over a box. See `Network.bound`, which makes it.

    Attributes:
        value: the range of the prediction; of several outputs, and of the probabilities of
            classes, its ends are arrays (outputs,).
        derivative: of ∂prediction/∂input, (inputs,) or (outputs, inputs).
        inputs, outputs: names along these axes; the inputs are the numeric columns.
        lo, hi: the ends of the box (inputs,).
        fixed: the categories that were held.
        findings: what is doubtful about the box.
    """

    value: Interval
    derivative: Interval
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    lo: np.ndarray
    hi: np.ndarray
    fixed: dict[str, str]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class _Box:
    """The box in what the network is given: numbers in the user's units, fixed features.

    `lo` and `hi` (features,) go through (x - center)/scale, which leaves fixed features alone.
    """

    lo: np.ndarray
    hi: np.ndarray
    center: np.ndarray
    scale: np.ndarray
    numbers: np.ndarray  # the features that are columns of numbers
    fixed: dict[str, str]


def bound(net: Network, lo: Any, hi: Any, *, thorough: bool = False) -> Bound:
    """Ranges of the prediction and its derivatives for all inputs between lo and hi.

    Args:
        net: a trained network.
        lo: the lower end of each column: a dictionary, an array, or a table of one row.
        hi: the upper ends; a category has the same value in both.
        thorough: spend more time on narrower ranges.

    Returns:
        A `Bound`: `.value` and `.derivative`, in the units of the data.

    Raises:
        ArgumentError: where lo and hi are no box, or a category differs.
        DataError: where columns are missing or hold something else.
        EnclosureError: where the values cannot be bounded.
    """
    box = _read_box(net, lo, hi)
    if isinstance(net.model, Perceptron):
        found = _of_layers(net, net.model, box, thorough)
    else:
        found = _of_function(net, box, thorough)
    value, derivative = found.value, found.derivative
    classes = net.task == "classification"
    if classes:
        value, derivative = _calibrated(net, value, derivative)
    derivative = _at(derivative, (..., box.numbers))
    if not classes and net.response.flat:
        value, derivative = _at(value, 0), _at(derivative, 0)
    columns = net.encoder.columns
    names = tuple(columns[net.encoder.column_of[k]].name for k in box.numbers)
    outputs = tuple(str(c) for c in net.response.classes) if classes else net.response.names
    return Bound(
        value, derivative, names, outputs, box.lo[box.numbers], box.hi[box.numbers], box.fixed,
        (*_useless(net), *_outside(net, box)),
    )  # fmt: skip


def _useless(net: Network) -> Iterator[Finding]:
    if not net.usable:
        yield Finding(
            "not-usable",
            "the range is proved of the prediction, and the prediction has learned nothing of "
            f"{' and '.join(net.response.names) or 'y'}.",
            "Do not take it for a range of what is predicted; see what the network's report says.",
        )


def _at(found: Interval, part: Any) -> Interval:
    """The ranges at these places of the ends."""
    ends = found.lo[part], found.hi[part]
    lo, hi = (float(e) if np.ndim(e) == 0 else e for e in ends)
    return Interval(lo, hi, None, found.method, found.kind, found.note)


# ---- the box ----


def _read_box(net: Network, lo: Any, hi: Any) -> _Box:
    encoder = net.encoder
    low, high = (_ends(net, end, name) for end, name in ((lo, "lo"), (hi, "hi")))
    size = len(encoder.features)
    ends, center, scale = np.zeros((2, size)), np.zeros(size), np.ones(size)
    numbers, fixed = [], {}
    for i, column in enumerate(encoder.columns):
        features = np.flatnonzero(encoder.column_of == i)
        if column.kind == "category":
            fixed[column.name] = _held(column, low[i], high[i])
            if features.size:
                k = column.categories.index(fixed[column.name])
                ends[:, features[k]] = 1.0 / column.scale
            continue
        _ordered(column, low[i], high[i])
        if features.size:
            ends[:, features[0]] = low[i], high[i]
            center[features], scale[features] = column.center, column.scale
            numbers.append(int(features[0]))
    return _Box(ends[0], ends[1], center, scale, np.array(numbers, int), fixed)


def _ends(net: Network, end: Any, name: str) -> list[Any]:
    """For each column its number or category."""
    columns = net.encoder.columns
    if np.ndim(end) == 0 and not hasattr(end, "keys") and len(columns) == 1:
        end = [end]
    frame = read_frame(one_row(end), name)
    raw, _ = match_columns(frame, tuple(c.name for c in columns), net.encoder.named)
    require_one(np.empty(frame.rows), name)
    return [_cell(c, values, name) for c, values in zip(columns, raw, strict=True)]


def _cell(column: Column, values: Any, name: str) -> Any:
    if column.kind != "category":
        value = float(number_cells(values, column.name)[0])
        if not np.isfinite(value):
            raise ArgumentError(
                f"{name} is {value} for {column.name}.", next_step="give finite ends."
            )
        return value
    codes, texts = column.codes(values)
    if codes[0] < 0:
        shown = ", ".join(column.categories[:10])
        raise ArgumentError(
            f"{column.name} is {texts[0]!r:.40}, which the training data do not have.",
            next_step=f"give one of {shown}.",
        )
    return column.categories[codes[0]]


def _held(column: Column, low: str, high: str) -> str:
    if low != high:
        raise ArgumentError(
            f"{column.name} is {low!r:.40} in lo and {high!r:.40} in hi: categories have no range.",
            next_step="give the same category in both, and bound each of them.",
        )
    return low


def _ordered(column: Column, low: float, high: float) -> None:
    if low > high:
        raise ArgumentError(
            f"lo is above hi for {column.name}: {low:g} > {high:g}.", next_step="give lo <= hi."
        )


def _outside(net: Network, box: _Box) -> Iterator[Finding]:
    columns = [net.encoder.columns[net.encoder.column_of[k]] for k in box.numbers]
    low, high = box.lo[box.numbers], box.hi[box.numbers]
    ends = zip(columns, low, high, strict=True)
    beyond = [c.name for c, a, b in ends if a < c.lo or b > c.hi]
    if beyond:
        shown = ", ".join(beyond[:5]) + (", ..." if len(beyond) > 5 else "")
        yield Finding(
            "outside-of-training-range",
            f"the box reaches beyond the training data in {shown}.",
            "The range of the prediction is proved there too, but nothing was learned there.",
            severity="note", params=tuple(beyond),
        )  # fmt: skip


# ---- the function ----


def _of_layers(net: Network, model: Perceptron, box: _Box, thorough: bool) -> NetworkBound:
    layers = layers_of(model, net.theta)
    response, classes = net.response, net.task == "classification"
    scales = Scales(box.center, box.scale)
    if not classes:
        scales = Scales(box.center, box.scale, response.center, response.scale)
    elif model.outputs == 1:  # the other class has the logit 0
        last = layers[-1]
        zero = np.zeros_like(last.weight), np.zeros_like(last.bias)
        layers[-1] = Affine(
            np.concatenate([zero[0], last.weight], 1), np.concatenate([zero[1], last.bias], 1)
        )
    return bound_network(
        layers, model.activation.name, (box.lo, box.hi), scales=scales,
        final="softmax" if classes else "identity", thorough=thorough,
    )  # fmt: skip


def _of_function(net: Network, box: _Box, thorough: bool) -> NetworkBound:
    """A model of the user's own, as a function of JAX."""
    from taylored.networks.bound import bound_function

    theta, center, scale = net.theta.astype(float), box.center, box.scale
    out, classes = (net.response.scale, net.response.center), net.task == "classification"

    def mean(x: Any) -> Any:
        import jax.numpy as jnp

        z = ((x - center) / scale)[None]
        members = [net.model.apply(jnp.asarray(own), z)[0] for own in theta]
        if classes:
            members = [_probabilities(f) for f in members]
        total = members[0]
        for each in members[1:]:
            total = total + each
        total = total / len(members)
        return total if classes else total * out[0] + out[1]

    return bound_function(mean, box.lo, box.hi, thorough=thorough)


def _probabilities(f: Any) -> Any:
    import jax
    import jax.numpy as jnp

    if f.shape[-1] == 1:
        return jnp.concatenate([jax.nn.sigmoid(-f), jax.nn.sigmoid(f)])
    return jax.nn.softmax(f)


def _calibrated(net: Network, value: Interval, derivative: Interval) -> tuple[Interval, Interval]:
    """Through the temperature of the probabilities."""
    found = net.out_of_bag
    temperature = found.temperature if isinstance(found, ClassesOutOfBag) else 1.0
    if temperature == 1.0:
        return value, derivative
    p = np.clip(value.lo, 0.0, 1.0), np.clip(value.hi, 0.0, 1.0)
    q = tempered_ranges(p, temperature)
    slopes = tempered_slopes(p, (derivative.lo, derivative.hi), temperature)
    # How much of the ranges is attained was said of the mean, and not of what is made of it.
    return (
        Interval(*q, None, value.method, value.kind),
        Interval(*slopes, None, derivative.method, derivative.kind),
    )
