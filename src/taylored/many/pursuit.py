"""Starts of a sum of equal parts, found part by part: peaks, decays.

The columns of one part at many candidates are a dictionary of atoms. The atom that explains most
is taken, then the one that explains most of what is left with both at their best (orthogonal
matching pursuit, Pati, Rezaiifar and Krishnaprasad 1993); then each is chosen anew, given the
others. All fits go through it together, by products of matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from taylored.many.columns import Columns
from taylored.many.plan import Plan
from taylored.many.starts import columns_at
from taylored.native.product import products

__all__ = ["Parts", "parts_of"]

_NEW = 1e-3  # of an atom's square that the atoms before it must leave
_MOST = 512  # atoms
_PLACES = 6  # in which the first part is looked for, where a fit is in doubt


@dataclass(frozen=True, eq=False)
class Parts:
    """Atoms of one part: `thetas` (atoms, bent of a part), their unit columns, their products.

    `places` says where the parameters of each part are, (parts, bent of a part).
    """

    thetas: np.ndarray
    atoms: np.ndarray  # (points, atoms), without what is common
    products: np.ndarray  # (atoms, atoms)
    places: np.ndarray

    def improve(self, y: np.ndarray, found: np.ndarray, explained: np.ndarray) -> np.ndarray:
        """The starts found so far, or those of the parts where these explain more.

        `y` is (points, fits) as the ranking has it, `explained` what the starts explain of it.
        """
        result, gained = found.copy(), explained.copy()
        for starts, worth in self.starts(y):
            better = worth > gained
            result[better], gained[better] = starts[better], worth[better]
        return result

    def starts(self, y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Two starts per fit, (fits, bent), with what each explains: from any first atom, and
        from a narrow one, as two narrow parts may look like a single broad one.
        """
        inside = np.ascontiguousarray(products(self.atoms, y).T)
        found = []
        for among in (slice(None), self._narrow):
            chosen, gained = self._pursue(inside, among, sweep=True)
            found.append((self._thetas(chosen), gained))
        return found

    def more(self, y: np.ndarray) -> list[np.ndarray]:
        """Further starts: the first part in one place after the other, and left there."""
        inside = np.ascontiguousarray(products(self.atoms, y).T)
        tops = np.argmax(np.abs(self.atoms), axis=0)
        found = []
        for group in np.array_split(np.argsort(tops, kind="stable"), _PLACES):
            among = np.intersect1d(group, self._narrow)
            if len(among):
                found.append(self._thetas(self._pursue(inside, among, sweep=False)[0]))
        return found

    @cached_property
    def _narrow(self) -> np.ndarray:
        """The narrower half of the atoms."""
        width = 1.0 / np.square(np.square(self.atoms)).sum(axis=0)
        return np.flatnonzero(width <= np.median(width))

    def _thetas(self, chosen: np.ndarray) -> np.ndarray:
        """The parameters of all parts, (fits, bent)."""
        thetas = np.empty((len(chosen), self.places.size))
        for part, places in enumerate(self.places):
            thetas[:, places] = self.thetas[chosen[:, part]]
        return thetas

    def _pursue(
        self, inside: np.ndarray, among: np.ndarray | slice, *, sweep: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Which atom is each part, (fits, parts), and how much they explain together.

        The first one is `among` some; with a `sweep` each is chosen anew, given the others.
        """
        numbers = np.arange(inside.shape[1])[among]
        first = numbers[np.argmax(np.square(inside[:, numbers]), axis=1)]
        count = len(self.places)
        chosen = np.zeros((len(inside), count), np.intp)
        chosen[:, 0] = first
        gained = np.square(inside[np.arange(len(inside)), first])
        for part in range(1, count):
            chosen[:, part], gained = self._best(inside, chosen[:, :part])
        for part in range(count if sweep and count > 1 else 0):
            others = np.delete(chosen, part, axis=1)
            chosen[:, part], gained = self._best(inside, others)
        return chosen, gained

    def _best(self, inside: np.ndarray, given: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The atom that explains most beside those that are given, and what all explain."""
        rows = np.arange(len(inside))
        left, size = inside.copy(), np.ones_like(inside)
        directions: list[np.ndarray] = []
        gained = np.zeros(len(inside), np.float32)
        for column in given.T:
            direction = self.products[column].copy()
            for before in directions:
                direction -= before * before[rows, column][:, None]
            norm = np.sqrt(np.maximum(size[rows, column], _NEW))
            direction /= norm[:, None]
            along = left[rows, column] / norm
            gained += along**2
            left -= direction * along[:, None]
            size -= direction**2
            directions.append(direction)
        worth = np.where(size > _NEW, left**2 / np.maximum(size, _NEW), 0.0)
        best = np.argmax(worth, axis=1)
        return best, gained + worth[rows, best]


def parts_of(
    columns: Columns, plan: Plan, thetas: np.ndarray,
    parts: Sequence[tuple[Sequence[int], Sequence[int]]],
) -> Parts | None:  # fmt: skip
    """The atoms of equal parts, each given as its (linear, bent) parameters' places.

    None unless each part has one linear parameter, the parts have all the non-linear ones, and
    the other columns are the same for all candidates.
    """
    linear, bent = [p[0] for p in parts], [p[1] for p in parts]
    inside = sorted(i for places in bent for i in places)
    if any(len(p) != 1 for p in linear) or inside != list(range(thetas.shape[1])):
        return None
    phi, rest = columns_at(columns, plan, thetas[:_MOST])
    outside = [k for k in range(columns.linear) if [k] not in linear]
    good = np.isfinite(phi).all(axis=(1, 2))
    if rest.any() or not good.any():
        return None
    phi, thetas = phi[good], thetas[:_MOST][good]
    shared = phi[:, :, outside]
    if not (shared == shared[:1]).all():
        return None
    common = np.linalg.qr(shared[0])[0]
    atoms = phi[:, :, linear[0][0]].T
    norms = np.linalg.norm(atoms, axis=0)
    atoms = atoms - common @ (common.T @ atoms)
    left = np.linalg.norm(atoms, axis=0)
    new = left > 1e-6 * norms
    unit = (atoms[:, new] / left[new]).astype(np.float32)
    return Parts(thetas[new][:, list(bent[0])], unit, unit.T @ unit, np.array(bent))
