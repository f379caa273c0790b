"""One equation in one unknown, from a bracket or from a start, with every failure explained."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from taylored.errors import BoundsError
from taylored.optimize.roots.draft import STOPS, Draft, stopped
from taylored.optimize.roots.newton import plain_newton, search
from taylored.optimize.roots.scalar import Line, Outcome, bracketed
from taylored.readings.jet.space import space
from taylored.results import Finding

__all__ = ["from_bracket", "from_start"]

_HINTS = 256


def from_bracket(line: Line, ends: tuple[float, float], tol: float) -> Draft:
    """The root between two points where f has different signs.

    Raises:
        BoundsError: where the signs do not differ, or f is not defined at an end.
    """
    a, b = ends
    for x in ends:
        if math.isnan(line.value(x)):
            raise BoundsError(
                f"{_f(line)} is not defined at {_name(line)} = {x:.10g}, an end of the bracket.",
                next_step="move that end to where it has a value.",
            )
        if line.value(x) == 0.0:
            line.note(x)
            return _judged(line, Outcome(x, "converged"), ())
    if line.value(a) * line.value(b) > 0:
        raise _same_signs(line, a, b)
    return _judged(line, bracketed(line, a, b, tol), ())


def _same_signs(line: Line, a: float, b: float) -> BoundsError:
    """Why this is no bracket, and where there would be one."""
    values = f"f({a:.6g}) = {line.value(a):.6g} and f({b:.6g}) = {line.value(b):.6g}"
    grid = [float(x) for x in np.linspace(a, b, _HINTS + 1)]
    known = [x for x in grid if math.isfinite(line.value(x))]
    for p, q in pairwise(known):
        if line.value(p) * line.value(q) <= 0:
            step = f"the sign changes between: bracket=({p:.6g}, {q:.6g})."
            break
    else:
        least = min(known, key=lambda x: abs(line.value(x)))
        inner = least not in (a, b)
        step = f"start from a point instead: start={least:.6g}" + (
            f", where |f| is least: it may touch zero there (f = {line.value(least):.3g})."
            if inner
            else "; |f| becomes smaller toward that end."
        )
    return BoundsError(
        f"{_f(line)} has the same sign at both ends of the bracket: {values}.",
        why="then nothing says that there is a root between them.",
        next_step=step,
    )


def from_start(line: Line, start: float, tol: float) -> Draft:
    """A root found by Newton's method, or where that fails by following a change of sign."""
    first = plain_newton(line, start, tol)
    if first.end == "converged":
        draft = _judged(line, first, ())
        if draft.kind == "root":
            return draft
        first = Outcome(first.x, "vanishing")
    if first.end in STOPS:
        return stopped(np.array([first.x]), first.end, _shown(line, first.x))
    cause, text = _explained(line, first)
    found = search(line, start, tol)
    if found.end in STOPS:
        return stopped(np.array([found.x]), found.end, _shown(line, found.x))
    note = Finding(cause, text, "", "note" if found.end == "converged" else "warning")
    return _judged(line, found, (note,))


def _explained(line: Line, failed: Outcome) -> tuple[str, str]:
    """A name for what went wrong with plain Newton steps, and a sentence."""
    points = [f"{p:.6g}" for p in failed.points]
    at = f"{_name(line)} = {points[-1]}" if points else ""
    texts = {
        "cycle": f"Plain Newton steps go round in a cycle: {', '.join(points)}, and again.",
        "flat slope": f"Plain Newton stops at {at}: the slope is zero there.",
        "divergence": f"Plain Newton steps run away: {', '.join(points)}, ...",
        "domain": f"Plain Newton left the domain: f has no finite value or slope at {at}.",
        "slow": _slow(failed.points, at),
        "vanishing": "Plain Newton steps run to where f is too small for float64.",
    }
    return failed.end.replace(" ", "-"), texts[failed.end]


def _slow(points: tuple[float, ...], at: str) -> str:
    """Whether the last steps went to and fro, or all in one direction."""
    ups = [b > a for a, b in pairwise(points)]
    if ups and (all(ups) or not any(ups)):
        way = "larger" if ups[0] else "smaller"
        return f"Plain Newton goes toward ever {way} x and does not arrive: after 80 steps, {at}."
    return f"Plain Newton wanders without converging; after 80 steps it is at {at}."


def _judged(line: Line, found: Outcome, notes: tuple[Finding, ...]) -> Draft:
    """What the point is: a root, a pole, a jump, or only where |f| is least."""
    x = np.array([found.x])
    if found.end in STOPS:
        return stopped(x, found.end, _shown(line, found.x))
    seen = [p for p in line.known if math.isfinite(p)]
    reach = np.array([max(seen) - min(seen)]) if notes == () else np.array([abs(found.x)])
    if found.end == "converged" or line.value(found.x) == 0.0:
        if line.value(found.x) == 0.0 and _vanishing(line, found.x):
            return _nothing(line, found.x, notes)
        if found.multiplicity is not None:
            notes = (*notes, _multiple(found.multiplicity))
        return Draft(x, "root", "", notes, found.multiplicity, reach)
    if found.end in ("pole", "jump", "undefined"):
        return _other(line, found, notes)
    return _none(line, found, notes)


def _multiple(order: int) -> Finding:
    return Finding(
        "multiple-root",
        f"The root is about {order}-fold: plain Newton steps shrink only by {order - 1}/{order}.",
        f"Only about 1/{order} of the digits of f carry over to x; a root of f/f' has them all.",
    )


def _vanishing(line: Line, x: float) -> bool:
    """Whether f is zero to float64 on both sides too, though not exactly zero at the point."""
    h = 1e-4 * max(abs(x), 1e-3)
    if line.value(x - h) != 0.0 or line.value(x + h) != 0.0:
        return False
    point = np.array([[x]])
    found = line.system.box.over(point, point, space(1, 0))
    return not (found.low[0, 0, 0] == 0.0 and found.high[0, 0, 0] == 0.0)


def _nothing(line: Line, x: float, notes: tuple[Finding, ...]) -> Draft:
    text = (
        f"No root: near {_name(line)} = {x:.6g} f is too small for float64, and not known to be 0."
    )
    step = "Scale f, or look where it changes its sign."
    return Draft(np.array([x]), "none", text, (*notes, Finding("underflow", text, step, "error")))


def _other(line: Line, found: Outcome, notes: tuple[Finding, ...]) -> Draft:
    name, x = _name(line), found.x
    if found.end == "undefined":
        text = f"No root found: f is not defined at {name} = {x:.10g}, inside the bracket."
        step = "Give a bracket on one side of that point."
    else:
        what = "a pole" if found.end == "pole" else "a jump"
        low, high = line.value(found.low), line.value(found.high)
        text = (
            f"No root: f changes its sign at {what}, {name} = {x:.10g} ({low:.3g} to {high:.3g})."
        )
        step = "Give a bracket without that point."
    return Draft(np.array([x]), found.end, text, (*notes, Finding(found.end, text, step, "error")))


def _none(line: Line, found: Outcome, notes: tuple[Finding, ...]) -> Draft:
    name, f = _name(line), line.value(found.x)
    if found.end == "undefined":
        text = f"No root found: f has no finite value at {name} = {found.x:.6g} or around it."
        step = "Start where f is defined."
    elif found.end == "tail":
        text = (
            f"No root near: |f| only becomes smaller far out ({f:.3g} at {name} = {found.x:.3g})."
        )
        step = "Start elsewhere, or give a bracket."
    else:
        text = f"No root near: |f| is least at {name} = {found.x:.6g}, where f = {f:.6g}."
        step = "Start elsewhere; ty.roots proves whether an interval holds a root at all."
    return Draft(
        np.array([found.x]), "none", text, (*notes, Finding("no-root", text, step, "error"))
    )


def _name(line: Line) -> str:
    return str(line.system.names[0])


def _f(line: Line) -> str:
    return line.system.describe


def _shown(line: Line, x: float) -> str:
    return f"{_name(line)} = {x:.10g}, where f = {line.value(x):.3g}"
