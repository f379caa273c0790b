"""Where to start: candidates for the non-linear parameters, ranked for all fits by one product.

With the linear parameters eliminated the cost of a candidate t is |y|**2 - |Q'y|**2, where Q is an
orthonormal basis of the columns phi(x; t). Where all fits share their x, the bases are the same
for all, and the ranking is a product of matrices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from taylored.many.columns import Columns
from taylored.many.plan import Plan
from taylored.native.product import largest_projection, products
from taylored.optimize.starts import sample
from taylored.readings.numpy import compile_numpy
from taylored.regression.search import scales
from taylored.regression.setup import Setup

if TYPE_CHECKING:
    from taylored.many.pursuit import Parts

__all__ = ["Ranking", "candidates", "columns_at", "ranking_of"]

_KEPT = 1e-3  # directions of the bases that matter less than this for the ranking are left out
_CLOSE = 2.5  # a rival that leaves so many times more is no rival
_BLOCK = 1024  # fits ranked at a time


def candidates(setup: Setup, count: int, *, positive: bool = False) -> np.ndarray:
    """Starts spread over the scales that the data give the parameters, (count, free)."""
    found = sample(setup.problem, scales(setup), count, setup.options.seed)
    if positive:
        found = np.where(setup.problem.linear, 1.0, np.abs(found))
    return found


def columns_at(columns: Columns, plan: Plan, thetas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns phi (starts, points, linear) and the rest (starts, points), divided by sigma."""
    program = columns.program
    outputs = [*program.outputs[: columns.linear], columns.rest]
    inputs: list[np.ndarray | float] = [c[None, :] for c in plan.columns]
    inputs += [float(v) for v in plan.params.values]
    for j, number in enumerate(columns.bent):
        inputs[number] = thetas[:, j : j + 1]
    for number in columns.straight:
        inputs[number] = 0.0
    with np.errstate(all="ignore"):
        values = compile_numpy(program.keep(outputs))(*inputs)
    weight = 1.0 if plan.sigma is None else 1.0 / plan.sigma
    shape = (len(thetas), plan.points)
    wide = [np.broadcast_to(v, shape) * weight for v in values]
    phi = np.stack(wide[:-1], axis=2) if columns.linear else np.zeros((*shape, 0))
    return phi, wide[-1]


@dataclass(frozen=True, eq=False)
class Ranking:
    """The candidates (starts, bent) and what is needed to rank them for a fit.

    `directions` (points, kept) spans all bases up to a thousandth; `bases` (linear, kept, starts)
    are what they are in these. `rest` (kept, starts), `shift` (linear, starts) and `size` (starts,)
    are of the part of the model without linear parameters, None where there is none. `parts` finds
    starts part by part, where there are equal parts.

    What all candidates have in common, such as a constant, is left out of the bases where there is
    no rest: it changes no rank.
    """

    thetas: np.ndarray
    directions: np.ndarray
    bases: np.ndarray
    rest: np.ndarray | None
    shift: np.ndarray | None
    size: np.ndarray | None
    common: np.ndarray  # (points, common), orthonormal: what is left out of the bases
    parts: Parts | None = None

    def with_parts(self, parts: Parts | None) -> Ranking:
        """The same, that also looks for equal parts one by one."""
        return replace(self, parts=parts)

    def best(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The best candidate of each fit, a rival, (fits, bent) each, and whether it is close.

        `y` is weighted, (fits, points). The rival is the best one whose first linear parameter has
        the other sign: a dip beside the window may look like a peak in it.
        """
        found, rivals = np.empty((2, len(y), self.thetas.shape[1]))
        close = np.zeros(len(y), bool)
        for first in range(0, len(y), _BLOCK):
            part = slice(first, first + _BLOCK)
            values = self._scaled(y[part])
            chosen, explained = self._best(values)
            order = np.argmax(explained, axis=0)
            rows = np.arange(len(order))
            found[part] = self.thetas[chosen[order, rows]]
            rivals[part] = self.thetas[chosen[1 - order, rows]]
            left = np.square(values).sum(axis=0) - np.square(products(self.common, values)).sum(0)
            costs = left - explained  # of the best, and of the rival
            if self.parts is None:
                close[part] = costs[1 - order, rows] < _CLOSE * costs[order, rows]
            else:
                most = explained[order, rows]
                found[part] = self.parts.improve(values, found[part], most)
        return found, rivals, close

    def _best(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The candidates that explain most, by sign, and how much, (2, fits) each."""
        if self.rest is None and len(self.bases):
            return largest_projection(self.bases, products(self.directions, values))
        explained = self._explained(values)
        chosen = np.argmax(explained, axis=0)
        most = np.take_along_axis(explained, chosen[None], 0)[0]
        return np.stack([chosen, chosen]), np.stack([most, np.full_like(most, -np.inf)])

    def several(self, y: np.ndarray, count: int) -> np.ndarray:
        """Several good and different candidates of each fit, (fits, count, bent)."""
        most = min(4 * count, len(self.thetas))
        found = []
        for first in range(0, len(y), _BLOCK):
            values = self._scaled(y[first : first + _BLOCK])
            order = np.argsort(-self._explained(values), axis=0, kind="stable")[:most:4]
            more: list[np.ndarray] = []
            if self.parts is not None:
                more = [starts for starts, _ in self.parts.starts(values)]
                more += self.parts.more(values)
            more = [starts[:, None, :] for starts in more]
            found.append(np.concatenate([self.thetas[order.T], *more], axis=1))
        return np.concatenate(found)

    def _scaled(self, y: np.ndarray) -> np.ndarray:
        """y as (points, fits) in float32, whose range is small: the largest value is one."""
        if self.rest is not None:
            return np.ascontiguousarray(y.T, np.float32)
        size = np.abs(y).max(axis=1)
        return np.ascontiguousarray((y.T / np.where(size > 0, size, 1.0)), np.float32)

    def _explained(self, y: np.ndarray) -> np.ndarray:
        """How much of |y|**2 each candidate explains, (starts, fits)."""
        short = products(self.directions, y)
        explained = np.zeros((len(self.thetas), y.shape[1]), np.float32)
        for k, basis in enumerate(self.bases):
            inside = products(basis, short)
            if self.shift is not None:
                inside -= self.shift[k][:, None]
            explained += np.square(inside, out=inside)
        if self.rest is not None and self.size is not None:
            explained += 2.0 * products(self.rest, short) - self.size[:, None]
        return explained


def ranking_of(columns: Columns, plan: Plan, thetas: np.ndarray) -> Ranking | None:
    """The ranking of candidates (starts, bent); None where the model is finite at none."""
    phi, rests = columns_at(columns, plan, thetas)
    bases = _orthonormal(phi)
    finite = np.isfinite(bases).all(axis=(1, 2)) & np.isfinite(rests).all(axis=1)
    finite &= np.square(rests).sum(axis=1) < 1e36  # they are ranked in float32
    if not finite.any():
        return None
    thetas, bases, rests = thetas[finite], bases[finite], rests[finite]
    some, common = bool(rests.any()), bases[0][:, :0]
    if not some:
        same = (bases == bases[:1]).all(axis=(0, 1))
        common, bases = bases[0][:, same], bases[:, :, ~same]
    flat = bases.transpose(1, 2, 0)  # (points, linear, starts)
    whole = np.concatenate([flat.reshape(plan.points, -1), rests.T], axis=1)
    norms = np.linalg.norm(whole, axis=0)
    scaled = whole / np.where(norms > 0, norms, 1.0)
    s, u = np.linalg.eigh(scaled @ scaled.T)  # there are more columns than points
    u = u[:, s > _KEPT**2 * s[-1]] if s[-1] > 0 else u[:, :1]
    inside = np.einsum("pr,plk->lrk", u, flat)
    return Ranking(
        thetas, u.astype(np.float32), inside.astype(np.float32),
        (u.T @ rests.T).astype(np.float32) if some else None,
        np.einsum("kpl,kp->lk", bases, rests).astype(np.float32) if some else None,
        np.square(rests).sum(axis=1).astype(np.float32) if some else None,
        common.astype(np.float32),
    )  # fmt: skip


def _orthonormal(phi: np.ndarray) -> np.ndarray:
    """Orthonormal bases of columns, (starts, points, linear); nan where they are not finite.

    Columns that are the same for all come first, and so do their directions; each points as its
    column does.
    """
    if not phi.shape[2]:
        return phi
    same = (phi == phi[:1]).all(axis=(0, 1))
    phi = phi[:, :, np.argsort(~same, kind="stable")]
    with np.errstate(all="ignore"):
        norms = np.sqrt(np.square(phi).sum(axis=1, keepdims=True))
        scaled = phi / np.where(norms > 0, norms, 1.0)
    good = np.isfinite(scaled).all(axis=(1, 2))
    q = np.full_like(phi, np.nan)
    factor, triangle = np.linalg.qr(scaled[good])
    sizes = np.diagonal(triangle, axis1=1, axis2=2)[:, None, :]
    q[good] = np.where(np.abs(sizes) > 1e-9, factor * np.sign(sizes), 0.0)
    return q
