"""Ways to see a mistake in part of an answer, for `Wrong(when=...)`: in a model, in one term."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from taylored.course.checking.compare import alike, as_array, same
from taylored.course.checking.draw import wrong_output
from taylored.course.checking.exercise import Case, Parameters

__all__ = ["Terms", "any_of", "rounded", "scalars", "shows"]

_EXACT = 1e-6  # of the largest value: a sum of the terms fits the answer, or it does not
_TYPED = 2e-4  # coefficients are typed to four digits or more
_OFF = 0.01  # relative: a coefficient nearer than that has only been rounded


def rounded(tolerance: float, least: float) -> Callable[[Any, Any], bool]:
    """For `Exercise.same`: numbers to a tolerance that is relative to no less than `least`.

    For values of polynomials near their zeros, where rounded coefficients leave little.
    """

    def same(got: Any, right: Any) -> bool:
        fitted = alike(got, right)
        if fitted is None or not np.isfinite(fitted).all():
            return False
        return bool(np.all(np.abs(fitted - right) <= tolerance * np.maximum(np.abs(right), least)))

    return same


def shows(*models: Callable[..., Any], tolerance: float = _TYPED) -> Callable[..., bool]:
    """For `Wrong.when`: whether the answer is what one of these wrong models gives everywhere."""

    def is_of(model: Callable[..., Any], p: Parameters, case: Case, got: Any) -> bool:
        wrong = wrong_output(model, p, case)
        return wrong is not None and same(as_array(got), wrong, tolerance)

    def when(p: Parameters, cases: Sequence[Case], outputs: Sequence[Any]) -> bool:
        pairs = list(zip(cases, outputs, strict=True))
        return any(all(is_of(model, p, case, got) for case, got in pairs) for model in models)

    return when


def scalars(outputs: Sequence[Any]) -> np.ndarray:
    """Outputs as numbers, one for each case; nan for what is not a single number."""
    arrays = [np.ravel(as_array(o)) for o in outputs]
    return np.array([float(a[0]) if a.size == 1 else np.nan for a in arrays])


def any_of(*seen: Callable[..., bool]) -> Callable[..., bool]:
    """For `Wrong.when`: whether one of these sees the mistake."""
    return lambda p, cases, outputs: any(see(p, cases, outputs) for see in seen)


class Terms:
    """The terms of a learner's polynomial, found from its values, beside the right coefficients.

    `powers` holds the exponents of each term; the first `len(right(p))` of them are those of the
    right answer, and a right coefficient of 0 stands for every further one. `center(p)` is
    subtracted from the variables.
    """

    def __init__(
        self,
        powers: Sequence[tuple[int, ...]],
        right: Callable[[Parameters], Sequence[float]],
        center: Callable[[Parameters], float] = lambda p: 0.0,
    ) -> None:
        self.powers = np.array(powers)
        self.right = right
        self.center = center

    def found(self, p: Parameters, cases: Sequence[Case], outputs: Any) -> np.ndarray | None:
        """The coefficients of the polynomial with these values; None where none has them."""
        points = np.array(cases, dtype=float) - self.center(p)
        values = scalars(outputs)
        table = np.prod(points[:, None, :] ** self.powers[None, :, :], axis=2)
        if not np.isfinite(values).all():
            return None
        found = np.linalg.lstsq(table, values, rcond=None)[0]
        gap = np.abs(table @ found - values).max()
        return found if gap <= _EXACT * max(np.abs(values).max(), 1e-300) else None

    def wanted(self, p: Parameters) -> np.ndarray:
        """The right coefficients, 0 where the right answer has no such term."""
        right = np.zeros(len(self.powers))
        given = self.right(p)
        right[: len(given)] = given
        return right

    def none(self, p: Parameters, cases: Sequence[Case], outputs: Any) -> bool:
        """Whether the answer is no polynomial of these terms at all."""
        return self.found(p, cases, outputs) is None

    def first_off(self, at: int) -> Callable[..., bool]:
        """Whether the coefficient `at` is the first that differs from the right one."""

        def when(p: Parameters, cases: Sequence[Case], outputs: Any) -> bool:
            found = self.found(p, cases, outputs)
            if found is None:
                return False
            right = self.wanted(p)
            off = np.abs(found - right) > _OFF * np.maximum(np.abs(right), 0.05)
            return bool(off.any()) and int(np.argmax(off)) == at

        return when

    def beyond(self, at: int) -> Callable[..., bool]:
        """Whether all coefficients before `at` are right, and one from there on is not."""

        def when(p: Parameters, cases: Sequence[Case], outputs: Any) -> bool:
            return any(self.first_off(k)(p, cases, outputs) for k in range(at, len(self.powers)))

        return when

    def is_at(self, at: int, *models: Callable[[Parameters], float]) -> Callable[..., bool]:
        """Whether the coefficient `at` is one of these wrong values."""

        def when(p: Parameters, cases: Sequence[Case], outputs: Any) -> bool:
            found = self.found(p, cases, outputs)
            if found is None:
                return False
            right, wrong = self.wanted(p)[at], np.array([model(p) for model in models])
            room = _TYPED * np.maximum(np.abs(wrong), 0.05)
            hit = (np.abs(found[at] - wrong) <= room) & (np.abs(right - wrong) > room)
            return bool(hit.any())

        return when
