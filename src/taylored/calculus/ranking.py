"""The result of `influence`: columns, ranking and rows, each computed when it is first read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

from taylored.calculus import doubts
from taylored.calculus.spreads import default_spread
from taylored.calculus.trees import Layout
from taylored.errors import ArgumentError
from taylored.results import Accuracy, Finding

__all__ = ["Curvature", "Influence", "Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """One input: where it is, and how it moves the value. NaN where there is no number: `note`."""

    rank: int
    name: str
    value: float
    spread: float
    derivative: float
    elasticity: float
    effect: float
    share: float
    curvature_share: float
    note: str = ""


@dataclass(frozen=True, eq=False)
class Curvature:
    """How much the derivatives change when the inputs move, or the reason why that is not known.

    `squares` (inputs,): Σ_i (H_ji s_i)²; its mean over so many `probes`, or exactly if 0.
    """

    squares: np.ndarray | None
    probes: int = 0
    missing: str = ""

    @property
    def known(self) -> bool:
        return self.squares is not None

    def bending(self, spread: np.ndarray) -> np.ndarray:
        """(inputs,) r_j = s_j/2 (Σ_i (H_ji s_i)²)^½, in units of the value."""
        if self.squares is None:
            return np.full(len(spread), np.nan)
        with np.errstate(all="ignore"):
            found = 0.5 * spread * np.sqrt(self.squares.astype(np.float64))
        return np.where(np.isfinite(found), found, np.nan)

    @property
    def method(self) -> str:
        """How the curvature shares are known."""
        if not self.known:
            return f"unknown: {self.missing}"
        return f"estimated from {self.probes} probes" if self.probes else "exact"


@dataclass(frozen=True, eq=False, repr=False)
class Influence:
    """Inputs ranked by how much they move the value of a function, to first order.

    Columns are arrays (inputs,) in the order of the inputs; NaN where there is no number, with
    the reason in the row's `note` and in `findings`.

    Attributes:
        function: its name.
        inputs: the names of the inputs.
        value: of the function at the point.
        derivative: the partial derivatives.
        curvature: how much these change when the inputs move by their spread.
        point: the inputs.
        given: the spread that was given; None for 1 % of the size of each input.
    """

    function: str
    inputs: Layout
    value: float
    derivative: np.ndarray
    curvature: Curvature
    point: np.ndarray
    given: np.ndarray | None

    # ---- columns ----

    @cached_property
    def spread(self) -> np.ndarray:
        """How far each input is expected to move; NaN where that is not known."""
        return default_spread(self.point) if self.given is None else self.given

    @cached_property
    def effect(self) -> np.ndarray:
        """How far one spread moves the value to first order, with sign: s_j ∂f/∂x_j."""
        with np.errstate(all="ignore"):
            return self.spread * self.derivative

    @cached_property
    def share(self) -> np.ndarray:
        """Of the first-order variance of independent inputs: e_j² / Σ e². They sum to 1."""
        largest = float(np.max(np.abs(self.effect), initial=0.0, where=~np.isnan(self.effect)))
        with np.errstate(all="ignore"):
            square = (self.effect / largest) ** 2 if largest else np.full(len(self), np.nan)
            return square / np.nansum(square)

    @cached_property
    def elasticity(self) -> np.ndarray:
        """Relative change of the value per relative change of the input: x_j/f ∂f/∂x_j.

        NaN where the input is zero, and everywhere if the value is zero within rounding.
        """
        if self.value_is_zero:
            return np.full(len(self), np.nan)
        with np.errstate(all="ignore"):
            found = self.point * self.derivative / self.value
        return np.where(self.point == 0.0, np.nan, found)

    @cached_property
    def value_is_zero(self) -> bool:
        """Whether the value differs from zero by no more than rounding."""
        with np.errstate(all="ignore"):
            size = float(np.nansum(np.abs(self.point * self.derivative)))
        return abs(self.value) <= 4 * np.finfo(float).eps * size or self.value == 0.0

    @cached_property
    def bending(self) -> np.ndarray:
        """The size of the change that the derivative does not show, when all inputs move."""
        return self.curvature.bending(self.spread)

    @cached_property
    def curvature_share(self) -> np.ndarray:
        """r_j / (|e_j| + r_j): the share of an input's effect that is not first order."""
        with np.errstate(all="ignore"):
            whole = np.abs(self.effect) + self.bending
            return np.where(whole == 0.0, 0.0, self.bending / whole)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all inputs, in their order."""
        return tuple(self.inputs.names(range(len(self))))

    def tree(self, column: str) -> Any:
        """A column as a tree of arrays, of the form of the inputs."""
        return self.inputs.unflatten(self.inputs.split(getattr(self, column)))

    # ---- ranking ----

    @cached_property
    def _size(self) -> np.ndarray:
        """What the ranking goes by: the effect; the derivative if no input has an effect."""
        size = np.abs(self.effect)
        if np.isnan(size).all():
            size = np.abs(self.derivative)
        return np.where(np.isnan(size), -1.0, size)

    @cached_property
    def order(self) -> np.ndarray:
        """(inputs,) positions, the largest effect first; equal ones in the order of the inputs."""
        return np.argsort(-self._size, kind="stable")

    def leading(self, k: int) -> np.ndarray:
        """The first k of the order, without ordering all."""
        size = self._size
        if "order" in self.__dict__ or 4 * k >= len(size):
            return self.order[:k]
        least = np.partition(size, len(size) - k)[len(size) - k]
        above = np.flatnonzero(size > least)
        equal = np.flatnonzero(size == least)[: k - len(above)]
        found = np.sort(np.concatenate([above, equal]))
        return found[np.argsort(-size[found], kind="stable")]

    def top(self, k: int = 10) -> list[Row]:
        """The k inputs of largest effect.

        Raises:
            ArgumentError: for a k that is no whole number from 1 on.
        """
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
            raise ArgumentError(f"k is {k!r}.", next_step="say how many rows: 1 or more.")
        count = min(int(k), len(self))
        return [self._row(rank, int(j)) for rank, j in enumerate(self.leading(count), 1)]

    @cached_property
    def rows(self) -> list[Row]:
        """All inputs, ranked."""
        return list(self)

    def _row(self, rank: int, j: int) -> Row:
        columns = (self.point, self.spread, self.derivative, self.elasticity, self.effect)
        columns += (self.share, self.curvature_share)
        numbers = [float(column[j]) for column in columns]
        return Row(rank, self.inputs.name(j), *numbers, note=doubts.note(self, j))

    def __len__(self) -> int:
        return len(self.derivative)

    def __iter__(self) -> Iterator[Row]:
        return (self._row(rank, int(j)) for rank, j in enumerate(self.order, 1))

    def __getitem__(self, key: int | str) -> Row:
        """A row by rank, the first being 0, or by the name of the input."""
        if isinstance(key, str):
            j = self.inputs.index(key)
            return self._row(int(np.flatnonzero(self.order == j)[0]) + 1, j)
        k = range(len(self))[key]
        return self._row(k + 1, int(self.order[k]))

    def by_leaf(self) -> dict[str, float]:
        """The shares summed over each array of the inputs, the largest first."""
        sums = {
            leaf.name: float(np.nansum(self.share[leaf.start : leaf.stop]))
            for leaf in self.inputs.leaves
        }
        return dict(sorted(sums.items(), key=lambda item: -item[1]))

    # ---- verdict ----

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the reader must know, the most important first."""
        return doubts.findings_of(self)

    @cached_property
    def usable(self) -> bool:
        """Whether value and derivatives are numbers."""
        return not doubts.not_finite(self)

    @cached_property
    def status(self) -> str:
        """The verdict in one sentence."""
        return doubts.status_of(self)

    @property
    def accuracy(self) -> Accuracy:
        """The kind of the statement: derivatives within rounding, effects to first order."""
        return Accuracy.ESTIMATED if self.usable else Accuracy.UNKNOWN

    # ---- elsewhere ----

    def report(self, k: int = 10) -> str:
        """The ranking with the verdict, as text for a terminal or a page."""
        return _above("taylored.report.influence").influence_text(self, k)

    def plot(self, ax: Any = None, k: int = 12) -> Any:
        """Draw the largest effects as bars; returns the axes."""
        return _above("taylored.plot.influence").influence_bars(self, ax, k)

    def to_dict(self, k: int | None = None) -> dict[str, Any]:
        """The first k rows (default: all) as plain values, ready for JSON."""
        return _above("taylored.report.influence").influence_dict(self, k)

    def __repr__(self) -> str:
        return _above("taylored.report.influence").influence_line(self)

    def _repr_html_(self) -> str:
        return _above("taylored.report.influence").influence_html(self)


def _above(module: str) -> Any:
    """A module of a higher layer, looked up when called: results render themselves there."""
    return import_module(module)
