"""The result of `taylor`: a polynomial that says how far it is to be trusted."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.results import Accuracy, Finding, Interval
from taylored.series.enclosed import Enclosed, Expansion, Settings, proved_remainder
from taylored.series.function import Target, not_traced, plain
from taylored.series.pointwise import step_bounds
from taylored.series.radius import box_sides, radius_for, radius_sides
from taylored.series.refusals import refuse

if TYPE_CHECKING:
    from taylored.series.convergence import Convergence
    from taylored.series.minimax import Best

__all__ = ["Taylor"]

_CONVERGENCE_ORDER = 32
_SOURCES = (
    "R. E. Moore, R. B. Kearfott, M. J. Cloud, Introduction to Interval Analysis (2009), ch. 6, 8",
    "A. Griewank, A. Walther, Evaluating Derivatives (2008), ch. 13",
)


@dataclass(frozen=True, eq=False, repr=False)
class Taylor:
    """A Taylor polynomial with its accuracy. See `taylored.taylor`, which makes it.

    `T(x)` evaluates it; x has the form of `at`, with further axes in front for many points.
    """

    target: Target
    at: Any
    expansion: Expansion
    settings: Settings
    sides: np.ndarray | None
    enclosed: Enclosed | None

    # ---- the polynomial ----

    @property
    def order(self) -> int:
        """The degree of the polynomial."""
        return self.expansion.order

    @property
    def exponents(self) -> np.ndarray:
        """(coefficients, variables) the exponents of each coefficient's monomial, graded."""
        return self.expansion.polynomial.space.exponents

    @cached_property
    def coefficients(self) -> Any:
        """`(coefficients, *output)`: of 1, x - at, its square, ... or in the order of `exponents`.

        A tree of such arrays where the function returns a tree.
        """
        return self._shaped(self.expansion.polynomial.coefficients)

    @cached_property
    def coefficient_errors(self) -> Any:
        """A bound on the error of each coefficient; nan where none is known."""
        return self._shaped(self.expansion.errors)

    def _shaped(self, flat: np.ndarray) -> Any:
        """(..., outputs) numbers in the form of the function's output."""
        return self.target.tree([np.asarray(a) for a in self.target.arrays(flat)])

    def __call__(self, x: Any) -> Any:
        """The polynomial's value at x, in float64; its rounding is part of the remainder."""
        points, lead = self._points(x)
        with np.errstate(all="ignore"):  # far out it overflows, as it should
            values = self.expansion.polynomial(points)
        return self.target.output(values.reshape((*lead, self.target.outputs)))

    def _points(self, x: Any) -> tuple[np.ndarray, tuple[int, ...]]:
        """Points (points, variables), and the axes in front of those of one point."""
        not_traced(x, "x")
        named = isinstance(x, Mapping)
        if named and self.target.is_scalar and set(x) == set(self.target.names):
            (x,), named = x.values(), False
        if not named and (
            self.target.is_scalar or (self.target.variables == 1 and np.ndim(x) == 0)
        ):
            values = _numbers(x)
            return values.reshape(-1, 1), values.shape
        if self.target.variables > 1 and not any(self.target.shapes):
            several = _columns(x, self.target.names)
            if several is not None:
                return several
        if len(self.target.shapes) == 1 and not named:
            values = _numbers(x)
            own = self.target.shapes[0]
            if values.shape[values.ndim - len(own) :] == own:
                lead = values.shape[: values.ndim - len(own)]
                return values.reshape((-1, self.target.variables)), lead
        return self.target.flatten(x, "x")[None], ()

    # ---- what it leaves out ----

    @property
    def reach(self) -> np.ndarray | None:
        """(variables,) the largest distance of the box from the center; None without a box."""
        return None if self.sides is None else self.sides.max(axis=0)

    @property
    def radius(self) -> Any:
        """How far the box of the remainder reaches from the center; None without one.

        One number, or one for each input; of a box that is not symmetric the larger side.
        """
        reach = self.reach
        if reach is None:
            return None
        return float(reach[0]) if np.all(reach == reach[0]) else reach

    @property
    def box(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The ends (variables,) of the box that the remainder holds on; None without one."""
        if self.sides is None:
            return None
        return self.expansion.point - self.sides[0], self.expansion.point + self.sides[1]

    @cached_property
    def remainder(self) -> Any:
        """An interval that holds f(x) - T(x) on the box, T(x) as computed in float64.

        With many outputs its ends are arrays; of a tree it is a tree of intervals. Without a
        radius it is unknown.
        """
        if self.enclosed is None:
            note = "no radius was given: T.within(0.1) bounds the remainder on a box"
            return Interval(-np.inf, np.inf, None, "none", Accuracy.UNKNOWN, note)
        return self._intervals(self.enclosed.low, self.enclosed.high)

    @cached_property
    def truncation(self) -> Any:
        """An interval that holds what the exact Taylor polynomial leaves out: no rounding."""
        if self.enclosed is None:
            return self.remainder
        return self._intervals(self.enclosed.of.low, self.enclosed.of.high)

    def _intervals(self, low: np.ndarray, high: np.ndarray) -> Any:
        method = "Taylor-Peano, python-flint" if self.settings.exact else "Taylor-Peano, intervals"
        ends = zip(self.target.arrays(low), self.target.arrays(high), strict=True)
        made = [
            Interval(plain(a), plain(b), None, method, self.settings.kind, self.settings.caveat)
            for a, b in ends
        ]
        return self.target.tree(made)

    @property
    def largest_remainder(self) -> float:
        """The largest absolute value that f(x) - T(x) may have on the box; inf if not known."""
        return np.inf if self.enclosed is None else self.enclosed.largest

    @property
    def excess(self) -> float:
        """How much wider the remainder may be than it must be: 0.02 is 2 %; nan if not known.

        From values of f - T that are attained for certain.
        """
        if self.enclosed is None:
            return np.nan
        of = self.enclosed.of
        with np.errstate(all="ignore"):
            inner = of.inner_high - of.inner_low
            ratio = (of.high - of.low) / np.where(inner > 0, inner, np.nan)
        ratio = ratio[np.isfinite(ratio)]
        return float(np.max(ratio) - 1.0) if ratio.size else np.nan

    @property
    def boxes(self) -> int:
        """How many boxes were enclosed for the remainder."""
        return 0 if self.enclosed is None else self.enclosed.of.boxes

    def within(self, radius: Any = None, *, on: Any = None) -> Taylor:
        """The same polynomial with its remainder on another box: see `taylor`.

        Raises:
            EnclosureError: where the function is not smooth on it.
        """
        if (radius is None) == (on is None):
            raise ArgumentError("Give radius or on, one of them.", next_step="T.within(0.1).")
        if radius is not None:
            sides = radius_sides(self.target, radius)
        else:
            sides = box_sides(self.target, self.expansion.point, on)
        found = proved_remainder(self.expansion, sides, self.settings)
        if not found.proved:
            raise refuse(self.expansion, sides, self.settings, found)
        return replace(self, sides=sides, enclosed=found)

    def enclose(self, x: Any) -> Any:
        """Intervals that hold f(x) at points of the box: T(x) and what it leaves out just there.

        Narrower than the remainder of the whole box the nearer x is to the center.

        Raises:
            ArgumentError: without a radius, and for points outside of the box.
        """
        if self.enclosed is None or self.sides is None:
            raise ArgumentError(
                "Without a radius nothing is known of the remainder.",
                next_step="use T.within(0.1).enclose(x).",
            )
        points, lead = self._points(x)
        low, high = step_bounds(self.expansion, self.enclosed, self.sides, points)
        shape = (*lead, self.target.outputs)
        return self._intervals(low.reshape(shape), high.reshape(shape))

    def radius_for(self, tol: float) -> float:
        """The largest radius for which the remainder is proved to be at most `tol`.

        Within 2 % of the largest that can be proved. Where the box reaches less far in one
        direction than in another, it is the factor by which all of these are multiplied.

        Raises:
            EnclosureError: where even the smallest box has a larger one; it says how small `tol`
                may be.
        """
        return radius_for(self.expansion, self.settings, self.sides, tol)

    # ---- convergence ----

    @cached_property
    def convergence(self) -> Convergence:
        """The radius of convergence as estimated from the coefficients, and how surely.

        Of functions of one variable with one output; for others it is unknown.
        """
        from taylored.series.convergence import Convergence, radius_of_convergence

        if self.target.variables != 1 or self.target.outputs != 1:
            why = "The radius of convergence is estimated for one input and one output."
            return Convergence(np.nan, 0.0, np.inf, None, why, Accuracy.UNKNOWN)
        from taylored.series.enclosed import expansion

        long = expansion(self.target, self.expansion.point, _CONVERGENCE_ORDER, self.settings)
        if long.kind is Accuracy.UNKNOWN:
            why = "The errors of the coefficients are not known, and with them the radius."
            return Convergence(np.nan, 0.0, np.inf, None, why, Accuracy.UNKNOWN)
        return radius_of_convergence(long.polynomial.coefficients[:, 0], long.errors[:, 0])

    @property
    def convergence_radius(self) -> float:
        """The estimated radius of convergence: `convergence.radius`; nan if it cannot be told."""
        return self.convergence.radius

    # ---- comparison ----

    @cached_property
    def best(self) -> Best:
        """The best polynomial of the same degree on the same box (minimax), for comparison.

        Raises:
            ArgumentError: without a radius, or for more than one input or output.
        """
        from taylored.series.comparison import best_polynomial

        return best_polynomial(self)

    # ---- accuracy ----

    @property
    def accuracy(self) -> Accuracy:
        """The kind of the statement about the remainder."""
        return Accuracy.UNKNOWN if self.enclosed is None else self.settings.kind

    @property
    def usable(self) -> bool:
        """Whether the remainder is bounded."""
        return self.enclosed is not None

    @property
    def status(self) -> str:
        """The verdict in one sentence."""
        return importlib.import_module("taylored.report.series").verdict(self)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the reader must know, most important first."""
        from taylored.series.findings import findings_of

        return findings_of(self)

    @property
    def sources(self) -> tuple[str, ...]:
        """The literature behind the method."""
        return _SOURCES

    # ---- elsewhere ----

    def latex(self) -> str:
        """The polynomial with its remainder in LaTeX."""
        return importlib.import_module("taylored.report.series").taylor_latex(self)

    def report(self) -> str:
        """The table of coefficients with the verdict, as text for a terminal or a page."""
        return importlib.import_module("taylored.report.series").taylor_report(self)

    def plot(self, ax: Any = None) -> Any:
        """Function, polynomial, proved band and true error; returns the axes."""
        return importlib.import_module("taylored.plot.taylor").plot_taylor(self, ax)

    def to_dict(self) -> dict[str, Any]:
        """All results as plain numbers, strings and lists (JSON)."""
        return importlib.import_module("taylored.report.series").taylor_document(self)

    def __repr__(self) -> str:
        return f"Taylor({self.target.describe[:60]}, order {self.order}: {self.status})"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


def _columns(x: Any, names: Sequence[str]) -> tuple[np.ndarray, tuple[int, ...]] | None:
    """Many points of several plain inputs, from an array for each; None where x is not such."""
    if isinstance(x, Mapping):
        given: list[Any] = [x[n] for n in names] if set(x) == set(names) else []
    else:
        given = list(x) if isinstance(x, tuple | list) and len(x) == len(names) else []
    if not given or not any(np.ndim(v) for v in given):
        return None
    found = [_numbers(v) for v in given]
    try:
        arrays = np.broadcast_arrays(*found)
    except ValueError:
        shapes = ", ".join(f"{n} {np.shape(v)}" for n, v in zip(names, given, strict=True))
        raise ArgumentError(
            f"The arrays in x do not fit each other: {shapes}.",
            next_step="give arrays of one shape, or numbers.",
        ) from None
    return np.stack([a.reshape(-1) for a in arrays], axis=1), arrays[0].shape


def _numbers(x: Any) -> np.ndarray:
    """Real numbers as an array."""
    try:
        if np.asarray(x).dtype.kind != "c":
            return np.asarray(x, float)
    except (TypeError, ValueError):
        pass
    raise ArgumentError(
        f"x is a {type(x).__name__} that is no array of real numbers.",
        next_step="give a number, or an array of floats.",
    )
