"""Mistakes in some entries of an answer: the others are right, these are as a model has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from taylored.course.checking.common import ENTRYWISE, PLACED, CommonMistake
from taylored.course.checking.compare import alike, close
from taylored.course.checking.draw import expected, wrong_output
from taylored.course.checking.exercise import Drawn, Exercise, Wrong
from taylored.course.checking.slips import slip_of

__all__ = ["Partly", "in_part", "placed", "slipped"]

_ROUGHLY = 1e-3  # what difference quotients and rounded numbers reach
_SURE = 4  # cases: with so many no entry agrees with a model by chance

Mistake = Wrong | CommonMistake
Partly = tuple[Mistake, tuple[int, ...], bool]  # the first place, and whether it explains all


def in_part(exercise: Exercise, drawn: Drawn, found: Sequence[Any]) -> Partly | None:
    """The mistake that explains wrong entries best."""
    judged = exercise.judge is not None
    if exercise.same is not None or (judged and not any(w.models for w in exercise.wrong)):
        return None
    rights = [expected(exercise, drawn.p, case) for case in drawn.cases]
    right, got = _table(rights, rights), _table(found, rights)
    if right is None or got is None or right.shape[1] < 2:
        return None
    bad = _wrong(got, right, exercise.tolerance)
    best: tuple[tuple[int, ...], Mistake, int] | None = None
    for mistake, model in _models(exercise, drawn, rights):
        here = bad & _agrees(got, model, exercise.tolerance)
        whole = bool(np.all(here == bad))
        if here.any() and (whole or len(found) >= _SURE):
            strays = ~_agrees(model, right, exercise.tolerance)
            rank = (not whole, isinstance(mistake, CommonMistake), -here.sum(), strays.sum())
            if best is None or rank < best[0]:
                best = (rank, mistake, int(np.argmax(here)))
    if best is None:
        return None
    rank, mistake, first = best
    place = tuple(int(i) for i in np.unravel_index(first, rights[0].shape))
    return mistake, place, not rank[0]


def slipped(exercise: Exercise, drawn: Drawn, found: Sequence[Any]) -> Partly | None:
    """The small slip in the formula of the first wrong entry."""
    rights = [expected(exercise, drawn.p, case) for case in drawn.cases]
    right, got = _table(rights, rights), _table(found, rights)
    if not exercise.formulas or right is None or got is None:
        return None
    names = {**vars(drawn.p), **_inputs(exercise, drawn)}
    bad = np.flatnonzero(_wrong(got, right, exercise.tolerance))
    slips = [slip_of(exercise.formulas[int(e)], names, got[:, e], exercise.tolerance) for e in bad]
    if len(found) < _SURE and None in slips:
        return None
    for entry, slip in zip(bad, slips, strict=True):
        if slip:
            place = tuple(int(i) for i in np.unravel_index(entry, rights[0].shape))
            return slip, place, None not in slips
    return None


def placed(exercise: Exercise, drawn: Drawn, found: Sequence[Any]) -> Partly | None:
    """The first wrong entry, where others are right."""
    if exercise.judge is not None or exercise.same is not None:
        return None
    rights = [expected(exercise, drawn.p, case) for case in drawn.cases]
    right, got = _table(rights, rights), _table(found, rights)
    if right is None or got is None:
        return None
    bad = ~_agrees(got, right, exercise.tolerance)
    place = np.unravel_index(int(np.argmax(bad)), rights[0].shape)
    return None if bad.all() else (PLACED, tuple(int(i) for i in place), False)


def _inputs(exercise: Exercise, drawn: Drawn) -> dict[str, np.ndarray]:
    names = exercise.names.split() or getattr(exercise.answer, "variables", ())
    return dict(zip(names, np.array(drawn.cases, dtype=float).T, strict=False)) if names else {}


def _models(
    exercise: Exercise, drawn: Drawn, rights: list[np.ndarray]
) -> Iterator[tuple[Mistake, np.ndarray]]:
    """What every mistake that has a value everywhere makes of the cases."""
    for wrong in exercise.wrong:
        for model in wrong.models:
            values = [wrong_output(model, drawn.p, case) for case in drawn.cases]
            table = _table(values, rights)
            if table is not None:
                yield wrong, table
    for mistake in ENTRYWISE if exercise.judge is None else ():
        for spoiled in zip(*(mistake.spoil(right) for right in rights), strict=False):
            table = _table(spoiled, rights)
            if table is not None:
                yield mistake, table


def _table(values: Sequence[Any], rights: Sequence[Any]) -> np.ndarray | None:
    """A row of entries for each case; None where they have not the shape of the right ones."""
    rows = []
    for value, right in zip(values, rights, strict=True):
        if value is None or isinstance(value, tuple) or isinstance(right, tuple):
            return None
        fitted = alike(value, right)
        if fitted is None or fitted.size != np.size(rights[0]):
            return None
        rows.append(fitted.ravel())
    return np.array(rows)


def _wrong(got: np.ndarray, right: np.ndarray, tolerance: float) -> np.ndarray:
    """The entries that are wrong; of these not the nearly right ones, where others are far off."""
    wrong = ~_agrees(got, right, tolerance)
    far = wrong & ~_agrees(got, right, max(tolerance, _ROUGHLY))
    return far if far.any() else wrong


def _agrees(got: np.ndarray, other: np.ndarray, tolerance: float) -> np.ndarray:
    """For each entry whether it is the same in all cases."""
    return np.all([close(a, b, tolerance) for a, b in zip(got, other, strict=True)], axis=0)
