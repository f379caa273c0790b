"""Residuals that many fits have in common: what each hides in its noise shows in their mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from taylored.errors import MissingRule
from taylored.many.block import Batch, Block
from taylored.many.data import Data
from taylored.many.plan import Plan
from taylored.many.prepare import prepare
from taylored.many.solve import solve
from taylored.many.source import Rows
from taylored.many.status import Status
from taylored.readings.numpy import stage_numpy
from taylored.results import Finding

__all__ = ["common_misfit"]

_MOST, _FEWEST, _LEAST = 2000, 500, 30  # fits
_VALUES = 150_000  # that are looked at, lest it takes a part of the job's time
_RARE = 1e-6
_CLEAR = 3.0  # standard errors that the values of a fit must have, lest it follow the noise
_MAPPED = 50  # rows of a mapped file that are read before its pages are let go
_SEEN = 0.05  # standard errors of one value by which the mean must be off


def common_misfit(plan: Plan, data: Data, block: Block) -> tuple[Finding, ...]:
    """What is to be said of the mean residuals of the usable fits, of data in memory.

    Each residual counts in units of its standard error; by chance alone their mean over n fits
    scatters by at most 1/sqrt(n). The smallest of all probabilities counts as often as there are
    points (Bonferroni). Weak signals have such a mean without any misfit, where the model bends
    and fits are chosen by their verdict: the weakest are left out, and what simulated data of the
    others have counts as nothing.
    """
    everything = [data.y, data.sigma, data.mask, *data.columns.values()]
    if not all(rows is None or isinstance(rows.array, np.ndarray) for rows in everything):
        return ()
    which = np.flatnonzero((block.status == Status.OK) & (block.dof > 0))
    if len(which) < _LEAST:
        return ()
    most = max(_VALUES // plan.points, _FEWEST)
    which = which[np.linspace(0, len(which) - 1, min(len(which), _MOST, most)).astype(int)]
    with np.errstate(all="ignore"):
        sample = _sampled(plan, data, which)
        return () if sample is None else _judged(sample, block.take(which))


@dataclass(frozen=True, eq=False, slots=True)
class _Sample:
    """Some fits with their data, of a model whose value at a point depends on that point alone.

    `model` takes the data columns and then the parameters; `y` is nan where it is not used.
    """

    plan: Plan
    model: Callable[..., Any]
    columns: Sequence[np.ndarray]
    own: Mapping[int, np.ndarray]
    y: np.ndarray
    sigma: np.ndarray | None

    def value(self, found: Block) -> np.ndarray:
        """The model at the estimates, (fits, points)."""
        value = self.model(*self.columns)(*(row[:, None] for row in found.theta))[0]
        return np.broadcast_to(np.asarray(value, float), self.y.shape)

    def error(self, found: Block) -> np.ndarray:
        """The standard errors of the values, (fits, points) or (fits, 1)."""
        scatter = np.ones(len(found))
        if not self.plan.absolute:
            scatter = np.sqrt(found.chi2 / found.dof)
        sigma = np.ones(1) if self.sigma is None else self.sigma
        return np.where(scatter > 0, scatter, np.nan)[:, None] * sigma

    def mean(self, found: Block) -> tuple[np.ndarray, np.ndarray]:
        """The mean residual of each point over its standard error, and of how many fits."""
        value, error = self.value(found), self.error(found)
        r = (self.y - value) / error
        clear = np.sqrt(np.mean(np.square(value / error), axis=1)) > _CLEAR
        good = np.isfinite(r) & ((found.status == Status.OK) & clear)[:, None]
        count = good.sum(axis=0)
        mean = np.where(good, r, 0.0).sum(axis=0) / np.maximum(count, 1)
        return np.where(count < _LEAST, 0.0, mean), count

    def simulated(self, found: Block) -> _Sample:
        """The same fits of data that the model describes."""
        noise = np.random.default_rng(0).standard_normal(self.y.shape)
        y = self.value(found) + self.error(found) * noise
        return replace(self, y=np.where(np.isfinite(self.y), y, np.nan))

    def fitted(self) -> Block:
        """The fits of these data."""
        own = self.sigma is not None and self.sigma.ndim == 2
        return solve(self.plan, Batch(self.y, self.sigma if own else None, None, self.own))


def _judged(sample: _Sample, found: Block) -> tuple[Finding, ...]:
    mean, count = sample.mean(found)
    if not _beyond(mean, 1.0 / np.maximum(count, 1)).any():
        return ()
    simulated = sample.simulated(found)
    expected, times = simulated.mean(simulated.fitted())
    variance = 1.0 / np.maximum(count, 1) + 1.0 / np.maximum(times, 1)
    left = np.where(_beyond(mean - expected, variance), mean - expected, 0.0)
    left[(np.abs(left) < 0.5 * np.abs(mean)) | (times < _LEAST)] = 0.0
    if not left.any():
        return ()
    plan, place = sample.plan, int(np.argmax(np.abs(left)))
    at = f"point {place}"
    if 0 not in sample.own:
        at += f", {plan.model.columns[0]} = {plan.columns[0][place]:.4g}"
    message = (
        "The residuals of the usable fits have a common shape: the model misses something that "
        f"single fits cannot see (largest at {at}: on average {mean[place]:+.2g} standard errors "
        "of a value)."
    )
    step = "Extend the model: the estimates are off by what it misses."
    return (Finding("common-misfit", message, step, "warning"),)


def _beyond(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Where a mean is large, and larger than chance allows at any of the points."""
    from scipy.special import ndtr

    p = 2.0 * ndtr(-np.abs(mean) / np.sqrt(variance)) * len(mean)
    return (p < _RARE) & (np.abs(mean) > _SEEN)


def _sampled(plan: Plan, data: Data, which: np.ndarray) -> _Sample | None:
    """Some fits with their data; None where the model or the layout is not of that kind."""
    prepared = prepare(plan)
    if prepared is None or prepared.program is None:
        return None
    try:
        model = stage_numpy(prepared.program, prepared.data)
    except MissingRule:
        return None
    own = {place: _rows(rows, which) for place, rows in data.columns.items()}
    y = _rows(data.y, which)
    sigma = plan.sigma if data.sigma is None else _rows(data.sigma, which)
    used = None if data.mask is None else _rows(data.mask, which)
    if y is None or any(v is None for v in own.values()):
        return None
    if used is not None:
        y = np.where(used != 0.0, y, np.nan)
    known = {place: values for place, values in own.items() if values is not None}
    columns = [known.get(i, values) for i, values in enumerate(prepared.columns)]
    return _Sample(plan, model, columns, known, y, sigma)


def _rows(rows: Rows, which: np.ndarray) -> np.ndarray | None:
    """The values of some fits, (fits, points), nan where masked; None for an unusual layout."""
    if isinstance(rows.array, np.memmap) and len(which) > _MAPPED:
        return _few_by_few(rows, which)
    array, axes = rows.array, rows.axes
    fits = [axis for axis in range(array.ndim) if axis not in axes]
    turned = array.transpose(*fits, *axes)
    if fits:
        if len(fits) != len(rows.shape):
            return None
        places = np.unravel_index(which, rows.shape)
        turned = turned[tuple(np.minimum(p, array.shape[axis] - 1)
                              for p, axis in zip(places, fits, strict=True))]  # fmt: skip
    else:
        turned = turned[None]
    if np.ma.isMaskedArray(turned):
        turned = np.ma.filled(turned.astype(float), np.nan)
    part = np.asarray(turned, float)
    part = part if axes else part[:, None]
    whole = (len(which), *(rows.lengths if axes else (rows.points,)))
    return np.broadcast_to(part, whole).reshape(len(which), rows.points)


def _few_by_few(rows: Rows, which: np.ndarray) -> np.ndarray | None:
    """The same of a mapped file, of which the system reads ahead: its pages are let go again."""
    found = []
    for first in range(0, len(which), _MAPPED):
        part = _rows(rows, which[first : first + _MAPPED])
        if part is None:
            return None
        found.append(np.array(part))
        rows.release(tuple(slice(0, length) for length in rows.shape))
    return np.concatenate(found)
