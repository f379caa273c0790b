"""Problems that nobody here has tuned for: those of sif2jax, with the inequalities of S2MPJ.

sif2jax's inequality signs are not to be relied upon. Each of its inequalities is compared with
S2MPJ's at two points, and turned round where needed; problems that cannot be matched are left out.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from problem_sets import Problem

__all__ = ["unseen"]

LARGEST = 100


def unseen(packages: str, s2mpj: str, draw: str, seed: int) -> dict[str, list[Problem]]:
    """By class: `draw` is how many problems to draw of each, or names with commas.

    `packages` is the folder that holds sif2jax, `s2mpj` the one with S2MPJ's library.
    """
    sys.path[:0] = [packages, s2mpj, str(Path(s2mpj) / "python_problems")]
    cutest = importlib.import_module("sif2jax.cutest")
    rng = np.random.default_rng(seed)
    made: dict[str, list[Problem]] = {}
    lists = (
        ["unconstrained_minimisation_problems"],
        ["bounded_minimisation_problems", "bounded_quadratic_problems"],
        ["constrained_minimisation_problems", "constrained_quadratic_problems"],
    )
    for names in lists:
        found = [q for name in names for q in getattr(cutest, name, ())]
        if not draw.isdigit():
            chosen = [q for q in found if type(q).__name__ in draw.split(",")]
        else:
            chosen = [found[k] for k in rng.permutation(len(found))]
        taken = 0
        for q in chosen:
            p = _problem(q)
            if p is not None:
                made.setdefault(p.kind, []).append(p)
                taken += 1
            if draw.isdigit() and taken == int(draw):
                break
    return {k: made.get(k, []) for k in ("unconstrained", "bounds", "equalities", "inequalities")}


def _problem(q: Any) -> Problem | None:
    """The problem with the right signs; None if it is too large, odd, or cannot be matched."""
    name = type(q).__name__
    try:
        start = np.asarray(q.y0, float)
        if start.ndim != 1 or start.size > LARGEST or name.startswith("HS"):
            return None
        ends = getattr(q, "bounds", None)
        low, high = (np.full(start.size, s * np.inf) for s in (-1, 1))
        if ends is not None:
            low, high = (np.asarray(e, float) for e in ends)
        equal, at_most = _constraints(q, name, start)
        if not np.isfinite(float(q.objective(jnp.asarray(start), q.args))):
            return None
    except Exception as error:
        print(f"{name} left out: {error!r}"[:100], file=sys.stderr)
        return None

    def f(x: Any) -> Any:
        return jnp.reshape(q.objective(x, q.args), ())

    return Problem(name, f, start, None, (), low, high, equal, at_most)


def _constraints(q: Any, name: str, start: np.ndarray) -> tuple[Callable | None, Callable | None]:
    if not hasattr(q, "constraint"):
        return None, None
    e, g = (None if c is None else np.size(c) for c in q.constraint(jnp.asarray(start)))
    equal = (lambda x: jnp.ravel(q.constraint(x)[0])) if e else None
    if not g:
        return equal, None
    signs = _signs(lambda x: np.ravel(q.constraint(jnp.asarray(x))[1]), name, start)
    return equal, lambda x: signs * jnp.ravel(q.constraint(x)[1])


def _signs(g: Callable, name: str, start: np.ndarray) -> np.ndarray:
    """+1 where g <= 0 is meant, -1 where g >= 0; raises ValueError where S2MPJ says neither."""
    peer = getattr(importlib.import_module(name), name)()
    peer.getglobs() if hasattr(peer, "getglobs") else None
    rng = np.random.default_rng(1)
    points = [start * (1 + 0.1 * rng.uniform(-1, 1, start.size)) + 0.05 for _ in range(2)]
    limits = np.array([_limits(peer, x) for x in points])  # (2, limits), all <= 0
    ours = np.array([g(x) for x in points])  # (2, inequalities)
    room = 1e-7 * (1 + np.abs(ours))[:, :, None]
    signs, used = np.zeros(ours.shape[1]), np.zeros(limits.shape[1], bool)
    for sign in (1.0, -1.0):
        near = np.all(np.abs(sign * ours[:, :, None] - limits[:, None, :]) <= room, axis=0)
        signs = np.where((signs == 0) & near.any(axis=1), sign, signs)
        used |= near.any(axis=0)
    if np.any(signs == 0) or not used.all():
        raise ValueError("the inequalities do not match S2MPJ's")
    return signs


def _limits(peer: Any, x: np.ndarray) -> np.ndarray:
    """All of S2MPJ's inequalities at a point, as values that are to be at most zero."""
    c = np.ravel(peer.cx(x.reshape(-1, 1)))
    low, high = np.ravel(peer.clower), np.ravel(peer.cupper)
    free = low < high
    return np.concatenate(
        [(c - high)[free & np.isfinite(high)], (low - c)[free & np.isfinite(low)]]
    )
