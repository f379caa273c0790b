"""Systems: a root from a start, the least squares, or the nearest solution."""

from __future__ import annotations

import numpy as np

from taylored.optimize.roots.draft import STOPS, Draft, stopped
from taylored.optimize.roots.large import search_large
from taylored.optimize.roots.local import Local
from taylored.optimize.roots.search import Search, nearest, search_root
from taylored.optimize.roots.squares import least
from taylored.optimize.roots.system import System
from taylored.optimize.watch import Watch
from taylored.results import Finding

__all__ = ["solve_system"]


def solve_system(system: System, start: np.ndarray, watch: Watch) -> Draft:
    """Find a root of the system; say what was found instead where there is none."""
    if not np.all(np.isfinite(system.values(start))):
        return _undefined(system, start)
    if system.form == "sparse":
        search = search_large(system, start, watch)
    else:
        search = search_root(system, start, watch)
    local = search.local
    if search.root:
        if system.equations < system.variables and system.form == "dense":
            local = nearest(system, local, start)
        return _root(local, search)
    shown = f"|F| = {local.size:.3g}"
    if local.end in STOPS:
        return stopped(local.x, local.end, f"that with {shown}")
    if system.equations > system.variables:
        return _least(system, local, watch)
    return _none(local, search)


def _least(system: System, local: Local, watch: Watch) -> Draft:
    """The least squares near the end of the search, to the last digits."""
    settled = local.end == "converged"
    local, shape = least(system, local, watch)
    if local.end in STOPS:
        return stopped(local.x, local.end, f"that with |F| = {local.size:.3g}")
    if shape == "saddle" or not (settled or shape == "bowl"):
        return _none(local, Search(local, False, 1, ""))
    return Draft(local.x, "least-squares", "", (), None, local.reach)


def _undefined(system: System, start: np.ndarray) -> Draft:
    values = system.values(start)
    bad = int(np.flatnonzero(~np.isfinite(values))[0])
    text = f"No root found: equation {system.equation_names[bad]} is {values[bad]} at the start."
    note = Finding("undefined-start", text, "Start where every equation has a value.", "error")
    return Draft(start, "none", text, (note,))


def _root(local: Local, search: Search) -> Draft:
    notes = []
    if search.tries > 1:
        text = (
            f"The first way ended where |F| has a local minimum; {search.way}, try {search.tries}, "
            "found the root."
        )
        notes.append(Finding("restarted", text, "", "note"))
    if local.multiplicity is not None:
        notes.append(
            Finding(
                "singular-root",
                "The Jacobian is singular at the root: Newton steps shrink only by a factor.",
                "Fewer digits of x are known than of F; a small change of F may remove the root.",
            )
        )
    return Draft(local.x, "root", "", tuple(notes), local.multiplicity, local.reach)


def _none(local: Local, search: Search) -> Draft:
    tries = f" ({search.tries} starts)" if search.tries > 1 else ""
    text = f"No root found{tries}: |F| came down to {local.size:.3g} and no further."
    step = "Start elsewhere; for a few unknowns ty.roots searches a whole box."
    return Draft(local.x, "none", text, (Finding("no-root", text, step, "error"),))
