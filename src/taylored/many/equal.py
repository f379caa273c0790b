"""Which changes of the parameters change nothing: signs turned together, phases moved on.

They are found by comparing the spans of the columns before and after at points of the parameters'
usual sizes: where the spans agree, the linear parameters can make up for the change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import pi

import numpy as np

from taylored.many.columns import Columns
from taylored.many.plan import Plan
from taylored.many.starts import columns_at

__all__ = ["Flip", "Phase", "flips_of", "phases_of", "swaps_of"]

Flip = tuple[tuple[int, ...], np.ndarray]  # places whose signs turn; what becomes of the linear
Phase = tuple[int, np.ndarray | None]  # place of an angle; the linear after half a turn of it


def flips_of(columns: Columns, plan: Plan, thetas: np.ndarray) -> list[Flip]:
    """Which signs, turned together, change nothing; places count the columns' `bent`.

    1/(1 + exp(-x/s)) turns into one minus itself with s: then the linear parameters change, too.
    """
    count = thetas.shape[1]
    pairs: list[tuple[int, ...]] = [(i,) for i in range(count)]
    pairs += [(i, j) for i in range(count) for j in range(i + 1, count)]
    found: list[Flip] = []
    single: set[int] = set()
    for pair in pairs:
        if single.intersection(pair):
            continue
        signs = np.where(np.isin(np.arange(count), pair), -1.0, 1.0)
        linear = _made_up_for(columns, plan, thetas, lambda t, signs=signs: t * signs)
        if linear is not None:
            found.append((pair, linear))
            single.update(pair if len(pair) == 1 else ())
    return found


def phases_of(columns: Columns, plan: Plan, thetas: np.ndarray) -> list[Phase]:
    """Which parameters are angles: a whole turn changes nothing, half a turn perhaps a sign."""
    found: list[Phase] = []
    for i in range(thetas.shape[1]):
        turn = np.where(np.arange(thetas.shape[1]) == i, 2.0 * pi, 0.0)
        whole = _made_up_for(columns, plan, thetas, lambda t, turn=turn: t + turn)
        if whole is None or not np.array_equal(whole, np.eye(len(whole))):
            continue
        half = _made_up_for(columns, plan, thetas, lambda t, turn=turn: t + 0.5 * turn)
        found.append((i, half))
    return found


def swaps_of(columns: Columns, plan: Plan, thetas: np.ndarray) -> list[Flip]:
    """Which two of the `bent` may change places: parts that share a parameter with each other."""
    count = thetas.shape[1]
    found: list[Flip] = []
    for i in range(count):
        for j in range(i + 1, count):
            order = np.arange(count)
            order[[i, j]] = j, i
            linear = _made_up_for(columns, plan, thetas, lambda t, order=order: t[:, order])
            if linear is not None:
                found.append(((i, j), linear))
    return found


def _made_up_for(
    columns: Columns, plan: Plan, thetas: np.ndarray, change: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray | None:
    """What the linear parameters become under a change; None where the model changes."""
    one, other = columns_at(columns, plan, thetas), columns_at(columns, plan, change(thetas))
    matrices = []
    for phi, rest, phi_after, rest_after in zip(*one, *other, strict=True):
        if not all(np.isfinite(v).all() for v in (phi, rest, phi_after, rest_after)):
            continue
        if not np.allclose(rest, rest_after, rtol=1e-12, atol=1e-14 * np.abs(rest).max()):
            return None
        linear, _, rank, _ = np.linalg.lstsq(phi_after, phi, rcond=1e-4)
        if rank < phi.shape[1]:
            continue  # hardly anything of a part is left there
        size = np.abs(phi).max(initial=0.0)
        if np.abs(phi - phi_after @ linear).max(initial=0.0) > 1e-11 * size:
            return None
        matrices.append(np.round(linear, 9))
    return _common(matrices)


def _common(matrices: Sequence[np.ndarray]) -> np.ndarray | None:
    """The one matrix that was found everywhere; None where there is no such."""
    if len(matrices) < 3 or not all(np.array_equal(m, matrices[0]) for m in matrices):
        return None
    return matrices[0]
