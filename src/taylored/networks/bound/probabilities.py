"""Softmax at the end of a network: ranges of the probabilities, and of their derivatives.

p_k = 1/(1 + sum over j of exp(z_j - z_k)), which is monotone in every difference.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from taylored.networks.bound import form as forms
from taylored.networks.bound.form import Form
from taylored.readings.interval import arithmetic as ia
from taylored.readings.interval.arithmetic import Bounds
from taylored.readings.interval.executor import NUMPY
from taylored.readings.interval.margins import UNIT

__all__ = ["softmax_form", "softmax_seed"]


def _softmax_values(logits: Form) -> Bounds:
    """Ranges (members, rows, classes) of the probabilities."""
    classes = logits.center.shape[2]
    found = [_one(logits, k, classes) for k in range(classes)]
    return np.stack([f[0] for f in found], axis=2), np.stack([f[1] for f in found], axis=2)


def _one(logits: Form, k: int, classes: int) -> Bounds:
    others = [j for j in range(classes) if j != k]
    low, high = _differences(logits, others, k)
    with np.errstate(all="ignore"):
        sums = ia.sum_over(NUMPY, (NUMPY.below("exp", low), NUMPY.above("exp", high)), 2)
        least, most = NUMPY.down(1.0 + np.maximum(sums[0], 0.0)), NUMPY.up(1.0 + sums[1])
        p = NUMPY.down(1.0 / most), NUMPY.up(1.0 / np.maximum(least, 1.0))
    return np.clip(np.nan_to_num(p[0], nan=0.0), 0.0, 1.0), np.clip(p[1], 0.0, 1.0)


def _differences(logits: Form, others: list[int], k: int) -> Bounds:
    """Ranges (members, rows, others) of the differences to logit k."""
    natural = ia.add(
        NUMPY, (logits.low[..., others], logits.high[..., others]),
        (-logits.high[..., [k]], -logits.low[..., [k]]),
    )  # fmt: skip
    center = logits.center[..., others] - logits.center[..., [k]]
    parts = logits.parts[..., others] - logits.parts[..., [k]]
    loose = logits.rest + logits.fresh
    size = np.abs(logits.center) + logits.shared
    loose, size = (v[..., others] + v[..., [k]] for v in (loose, size))
    reach = forms.rounded_sum(np.abs(parts), 2) + loose + 4 * UNIT * size
    reach = reach * (1.0 + 8 * UNIT)
    tied = NUMPY.down(center - reach), NUMPY.up(center + reach)
    return ia.meet(NUMPY, natural, tied)


def softmax_form(logits: Form) -> Form:
    """The probabilities as forms, by their mean-value form in the logits.

    p(z) in p(c) + dp/dz (box) (z - c), for a box that holds the center c too.
    """
    c = logits.center
    box = replace(logits, low=np.minimum(logits.low, c), high=np.maximum(logits.high, c))
    low, high = _slopes(_softmax_values(box))
    middle = 0.5 * low + 0.5 * high
    spread = np.maximum(high - middle, middle - low) * (1.0 + 4 * UNIT)
    loose = logits.rest + logits.fresh
    reach = logits.shared + loose
    parts = logits.parts @ middle.swapaxes(2, 3)
    error = (c.shape[2] + 8) * UNIT
    own = (spread + error * np.abs(middle)) @ reach[..., None]
    own = own + np.abs(middle) @ loose[..., None]
    start = _softmax_values(forms.interval_form(c, c, False))
    center = 0.5 * start[0] + 0.5 * start[1]
    own = own[..., 0] * (1.0 + 2 * error) + (start[1] - start[0]) + 4 * UNIT
    low, high = _softmax_values(logits)
    return Form(center, parts, own, np.zeros_like(own), low, high)


def softmax_seed(p: Form) -> Form:
    """The derivatives p_k (1 - p_k) and -p_k p_j of each probability by the logits.

    As forms (members, rows * classes, classes).
    """
    members, rows, classes = p.center.shape
    shape = (members, rows * classes, classes)
    on = np.eye(classes)

    def each(of: Any) -> Any:  # of class k, in row k of each box
        return np.broadcast_to(of[..., None], (*of.shape, classes)).reshape(shape)

    def others(of: Any) -> Any:  # of class j, in column j
        return np.repeat(of, classes, axis=1)

    parts = p.parts.swapaxes(2, 3).reshape(members, rows * classes, p.symbols, 1)
    x = Form(
        each(p.center), np.broadcast_to(parts, (*parts.shape[:3], classes)), each(p.fresh),
        each(p.rest), each(p.low), each(p.high),
    )  # fmt: skip
    delta = np.tile(on, (rows, 1))
    y = Form(
        delta - others(p.center), -others(p.parts), others(p.fresh) + UNIT, others(p.rest),
        NUMPY.down(delta - others(p.high)), NUMPY.up(delta - others(p.low)),
    )  # fmt: skip
    found = forms.product(x, y)
    low, high = (s.reshape(shape) for s in _slopes((p.low, p.high)))
    return replace(found, low=np.maximum(found.low, low), high=np.minimum(found.high, high))


def _slopes(p: Bounds) -> Bounds:
    """Ranges (members, rows, classes, classes) of the derivatives of p_k by z_j."""
    low, high = p
    ends = ia.multiply(
        NUMPY, (low[..., :, None], high[..., :, None]), (-high[..., None, :], -low[..., None, :])
    )
    on = np.eye(low.shape[2], dtype=bool)
    straight = _bent(low, high)
    return tuple(np.where(on, s[..., :, None], e) for s, e in zip(straight, ends, strict=True))  # type: ignore[return-value]


def _bent(low: Any, high: Any) -> Bounds:
    """p (1 - p), which rises up to 1/2 and falls after it."""
    at = [
        (NUMPY.down(v * NUMPY.down(1.0 - v)), NUMPY.up(v * NUMPY.up(1.0 - v))) for v in (low, high)
    ]
    least = np.maximum(np.minimum(at[0][0], at[1][0]), 0.0)
    most = np.maximum(at[0][1], at[1][1])
    most = np.where((low <= 0.5) & (high >= 0.5), 0.25, most)
    return least, np.minimum(most, 0.25)
