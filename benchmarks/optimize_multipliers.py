"""Multipliers as prices: against solving the program again with its limits moved both ways."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from common import table
from optimize_peers import MINIMIZERS, Shared, ipopt, of_problem

from problem_sets import PROBLEMS, Problem

__all__ = ["multipliers", "slope"]

AGREES = 1e-4


def _moved(s: Shared, k: int, by: float, x: np.ndarray) -> Shared:
    """Constraint k becomes c_k - by, the start x."""
    shift = np.zeros(s.m)
    shift[k] = by

    def values(at: np.ndarray) -> tuple[float, np.ndarray]:
        f, c = s.values_at(at)
        return f, c - shift

    return replace(s, start=x, values_at=values, counts=[0, 0, 0], _kept={})


def _minimum(p: Problem, s: Shared, room: float) -> float:
    """The minimum by SLSQP, or Ipopt to 1e-12 where that ends outside of the limits."""
    found = np.nan
    for run in (lambda: MINIMIZERS["inequalities"]["SLSQP"](p, s), lambda: ipopt(s, 2.0, True)):
        x = run().x
        f, c = s.values_at(x)
        over = np.where(s.equality, np.abs(c), c)
        if np.isfinite(f) and float(np.max(over, initial=0.0)) <= room:
            found = f
            break
    return float(found)


def slope(p: Problem, s: Shared, x: np.ndarray, k: int) -> float:
    """d(minimum)/d(limit of constraint k), with exact derivatives; nan if that fails.

    Two step sizes must agree, or the minimum is not smooth there or the solver was not exact.
    """
    found = []
    size = max(1.0, float(np.abs(s.values_at(x)[1][k])))
    for h in (1e-4 * size, 3e-5 * size):
        values = []
        for by in (h, -h):
            moved = _moved(s, k, by, x)
            values.append(_minimum(p, moved, 1e-9 * size))
        found.append((values[0] - values[1]) / (2 * h))
    near = abs(found[0] - found[1]) <= 3e-5 * max(1.0, abs(found[1]))
    return float(found[1]) if near else np.nan


def multipliers(settings: Any) -> str:
    """How many multipliers agree with -d(minimum)/d(limit), by problem."""
    from rich.console import Console
    from rich.progress import track

    import taylored as ty

    good, compared, lines, named = 0, 0, [], 0
    problems = [p for p in PROBLEMS if p.equal is not None or p.at_most is not None]
    for p in track(problems, "multipliers", console=Console(stderr=True)):
        s = of_problem(p)
        bounded = bool(np.any(np.isfinite(p.lower)) or np.any(np.isfinite(p.upper)))
        try:
            m = ty.minimize(p.f, p.start, bounds=(p.lower, p.upper) if bounded else None,
                            equal=p.equal, at_most=p.at_most)  # fmt: skip
        except Exception as error:
            lines.append([p.name, f"{type(error).__name__}", "-", "-", "-"])
            continue
        known = m.certificate
        unclear = known.independent is not True or not known.strict
        named += unclear
        y, x = np.asarray(known.y), np.asarray(m.x, float)
        if not m.usable or unclear:
            lines.append([p.name, m.kind, "said to be degenerate" if unclear else "-", "-", "-"])
            continue
        slopes = np.array([slope(p, s, x, k) for k in range(s.m)])
        gap = np.abs(slopes + y) / np.maximum(1.0, np.abs(y))
        seen = np.isfinite(slopes)
        if not seen.any():
            lines.append([p.name, m.kind, "not re-solved", "-", "-"])
            continue
        compared += 1
        good += bool(np.all(gap[seen] <= AGREES))
        if np.any(gap[seen] > AGREES) or p.degenerate:
            worst = int(np.nanargmax(gap))
            lines.append([p.name, m.kind, f"{gap[worst]:.1e}", f"{y[worst]:.8g}",
                          f"{-slopes[worst]:.8g}"])  # fmt: skip
    heads = ["problem", "kind", "largest relative gap", "multiplier", "by solving again"]
    return (f"{good} of {compared} problems agree to {AGREES:g} in every multiplier that could be "
            f"compared; {named} were said to be degenerate.\n\n" + table(heads, lines))  # fmt: skip
