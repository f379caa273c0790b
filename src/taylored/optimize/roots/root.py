"""The verb `root`: one root, with what is known about it."""

from __future__ import annotations

import math
import numbers
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, BoundsError
from taylored.optimize.options import read_callback, read_limits
from taylored.optimize.progress import showing
from taylored.optimize.roots.draft import Draft, stopped
from taylored.optimize.roots.order import order_of
from taylored.optimize.roots.proof import Knowledge
from taylored.optimize.roots.result import Cost, Root
from taylored.optimize.roots.scalar import Line
from taylored.optimize.roots.several import solve_system
from taylored.optimize.roots.single import from_bracket, from_start
from taylored.optimize.roots.system import System, read_system
from taylored.optimize.watch import Iterate, Watch
from taylored.results import Accuracy, Finding

__all__ = ["root"]

_MULTIPLE = ("multiple-root", "singular-root")
_AT_ONCE = 12  # unknowns up to which the proof is tried before the result is handed out


def root(
    f: Any,
    start: Any = None,
    *,
    bracket: Any = None,
    tol: float | None = None,
    callback: Callable[[Iterate], Any] | None = None,
    progress: bool = False,
    max_seconds: float | None = None,
    max_evaluations: int | None = None,
    max_iterations: int = 3000,
) -> Root:
    """A root of an equation or a system: f(x) = 0, proved where the functions allow.

    One equation in one unknown is solved by Newton's method, x - f(x)/f'(x), kept in a bracket
    where there is one; a system by Newton steps in a trust region. Then Krawczyk's operator proves
    that exactly one root lies in a tiny box, rounding included.

    Args:
        f: a formula or equation such as "x^3 - 2*x = 5", a list of them, or a function of
            numbers, arrays or trees that returns what is to be zero.
        start: where to start, in the form that f takes; a dictionary or list for several names.
        bracket: (a, b) where f has different signs, for one unknown: cannot diverge, and is
            solved to the last bit.
        tol: stop when the bracket or the step is so small; by default at the last bit.
        callback: called with every `Iterate`; returning True stops.
        progress: whether to show progress on standard error.
        max_seconds, max_evaluations, max_iterations: limits; the best point so far is returned.

    Returns:
        A `Root`: `x`, `errors`, `digits` and `enclosure` in the form of the start, `value`, `kind`,
        `order`, `path`, `cost`, `findings`. With more equations than unknowns that cannot all
        hold, the least squares; with fewer, the solution nearest to the start.

    Numerical error: `accuracy` says of which kind the statement about it is: proved (`enclosure`)
    or estimated (`errors`). Multiple roots are estimated, unless f is exactly 0 at a float64, which
    is proved for formulas of + - * / and powers; least squares are estimated.

    Raises:
        BoundsError: for a bracket that is none.
        ArgumentError: for other arguments that make no sense.
        FormulaError, FunctionError: where f cannot be read.

    Example:
        >>> import taylored as ty
        >>> r = ty.root("x^3 - 2*x - 5", 2.0)
        >>> r.x, str(r.accuracy)
        (2.0945514815423265, 'proved')

    Source: Ortega and Rheinboldt, Iterative Solution of Nonlinear Equations in Several Variables
    (1970); Rump, Verification methods, Acta Numerica 19 (2010) 287.
    """
    began = time.perf_counter()
    width = _tolerance(tol)
    limits = read_limits(("max_iterations", max_iterations), max_evaluations, max_seconds)
    read_callback(callback)
    ends = None if bracket is None else _ends(bracket)
    if start is None and ends is None:
        raise ArgumentError(
            "Neither a start nor a bracket is given.",
            next_step="give start=1.0, or bracket=(0, 2) where f has different signs.",
        )
    system, point = read_system(f, *_point(start, ends, bracket))
    watch = Watch(system.work, limits, callback)
    setup = watch.started - began
    with np.errstate(all="ignore"), showing(watch, progress, of_root=True):
        try:
            draft = _solved(system, point, ends, width, watch)
        except KeyboardInterrupt:
            if watch.best is None:
                raise
            draft = stopped(watch.best.x, "interrupted", f"|F| = {watch.best.violation:.3g}")
        return _finished(system, draft, watch, setup)


def _tolerance(tol: Any) -> float:
    if tol is None:
        return 0.0
    if not isinstance(tol, numbers.Real) or not 0 <= float(tol) < math.inf:
        raise ArgumentError(f"tol={tol!r} is no number >= 0.", next_step="give tol=1e-10.")
    return float(tol)


def _ends(bracket: Any) -> tuple[float, float]:
    """The ends of a bracket, in order."""
    if isinstance(bracket, Mapping):
        if len(bracket) != 1:
            raise BoundsError(
                f"A bracket is for one unknown, not {len(bracket)}.", next_step="give a start."
            )
        (bracket,) = bracket.values()
    try:
        a, b = (float(v) for v in bracket)
    except (TypeError, ValueError):
        raise BoundsError(
            f"bracket={bracket!r} is no pair of numbers.", next_step="give bracket=(0, 2)."
        ) from None
    if not (math.isfinite(a) and math.isfinite(b)):
        raise BoundsError(
            f"An end of the bracket is {a if not math.isfinite(a) else b}.",
            next_step="give finite ends, or a start.",
        )
    if a == b:
        raise BoundsError(
            f"The ends of the bracket are equal, {a:.6g}.", next_step="give two different points."
        )
    return min(a, b), max(a, b)


def _point(start: Any, ends: tuple[float, float] | None, bracket: Any) -> tuple[Any, str]:
    """What to read the function with, and what that argument is called."""
    if start is not None or ends is None:
        return start, "start"
    if isinstance(bracket, Mapping):
        return dict.fromkeys(bracket, ends[0]), "bracket"
    return ends[0], "bracket"


def _solved(
    system: System, point: np.ndarray, ends: tuple[float, float] | None, tol: float, watch: Watch
) -> Draft:
    single = system.variables == 1 and system.equations == 1
    if ends is not None and not single:
        raise BoundsError(
            f"A bracket is for one equation in one unknown; here are {system.equations} in "
            f"{system.variables}.",
            next_step="give a start; ty.roots searches a box.",
        )
    if not single:
        return solve_system(system, point, watch)
    line = Line(system, watch)
    if ends is None:
        return from_start(line, float(point[0]), tol)
    return from_bracket(line, ends, tol)


def _finished(system: System, draft: Draft, watch: Watch, setup: float) -> Root:
    """The result, with its proof where that is cheap or where there is reason for doubt."""
    path = watch.path
    order = order_of(path.x, draft.x) if draft.kind == "root" and len(path) else None
    work = system.work
    seconds = time.perf_counter() - watch.started
    cost = Cost(work.values, work.firsts, work.iterations, seconds, setup)
    found = Root(
        system, draft.x, draft.kind, path, cost, draft.said, draft.notes, order,
        draft.multiplicity, draft.reach,
    )  # fmt: skip
    if system.form == "sparse" and order is not None and order < 1.2:
        return _slowly(found)
    doubtful = draft.multiplicity is not None or (order is not None and order < 1.2)
    if draft.kind == "root" and (doubtful or system.variables <= _AT_ONCE):
        known = found.known
        if known.absent:
            return _absent(found, known)
        cost = replace(cost, seconds=time.perf_counter() - watch.started)
        if known.unique is not None and found.multiplicity is not None:
            # Steps shrank by a factor on the way, but the root is proved to be a simple one.
            notes = tuple(n for n in found.notes if n.name not in _MULTIPLE)
            found = replace(found, multiplicity=None, notes=notes)
        elif known.kind is Accuracy.PROVED and not np.any(known.radius):
            # It is exact: no digits are lost.
            notes = (replace(n, next_step="") if n.name in _MULTIPLE else n for n in found.notes)
            found = replace(found, notes=tuple(notes))
        return replace(found, cost=cost, given=known)
    return found


def _slowly(found: Root) -> Root:
    """A large system whose Jacobian seems singular at the root: its error cannot be estimated."""
    note = Finding(
        "singular-root",
        "Newton steps shrank only by a factor: the Jacobian seems to be singular at the root.",
        "Expect about half of the digits at best.",
    )
    whole = np.full_like(found.point, np.inf)
    reason = "the Jacobian seems to be singular at the root"
    known = Knowledge(Accuracy.UNKNOWN, -whole, whole, reason)
    return replace(found, notes=(*found.notes, note), given=known)


def _absent(found: Root, known: Knowledge) -> Root:
    """Numbers looked like a root, and the enclosure says that there is none so near."""
    size = float(np.abs(found.residual).max())
    text = f"No root near: |F| comes down to {size:.3g}, and it is proved not to be zero there."
    step = "Start elsewhere; if a root should be there, F is perturbed."
    note = Finding("no-root", text, step, "error")
    unknown = replace(known, kind=Accuracy.UNKNOWN)
    return replace(
        found, kind="none", said=text, notes=(*found.notes, note), given=unknown, order=None
    )
