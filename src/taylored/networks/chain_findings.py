"""What a reader of a chain-rule table must know: kinks, steps, numbers that are not finite."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from taylored.calculus.cause import Cause, cure, place
from taylored.networks.chain_choices import Switch, choice_name, read_by
from taylored.networks.chain_names import line_text
from taylored.networks.chain_outcomes import AT_ONCE, COMPARISONS, STEPS
from taylored.readings.chain import Link, Tape, is_float
from taylored.results import Finding
from taylored.trace.program import Equation

__all__ = ["Step", "Switches", "find", "steps_of"]

_MOST = 5
_TINY = 1e-290  # numbers below it lose their digits
_QUOTED = 60  # characters of the user's line
_BETWEEN, _SMOOTH = 0.5, 1.5  # slopes of a jump, 0, of a kink, 1, and of neither, 2
_NEVER_FLAT = frozenset("exp exp2 expm1 logistic tanh sinh erf erfc asinh atan".split())
Step = tuple[str, str]  # the name of an operation, and the user's line


@dataclass(frozen=True, slots=True)
class Switches:
    """The choices on whose edge the point lies, and the slope of the Taylor tests past them."""

    found: Sequence[Switch]
    slope: float

    @property
    def real(self) -> Sequence[Switch]:
        """None where the value is smooth there all the same: log(exp(x) + exp(y)) at x = y."""
        return () if self.slope > _SMOOTH else self.found


def find(
    tape: Tape, shares: Sequence[Sequence[Any]], known: tuple[np.ndarray, float, Any],
    switches: Switches, steps: Sequence[Step],
) -> list[Finding]:  # fmt: skip
    """The findings, most important first.

    Args:
        tape: of the walk forwards.
        shares: of the edges of the graph, by link.
        known: the gradient (flat), the value, and the adjoints by variable.
        switches: what `switches_at` found.
        steps: what `steps_of` found.
    """
    gradient, value, adjoints = known
    live = [k for k in range(len(tape.links)) if len(shares[k])]
    links = [tape.links[k] for k in live]
    found = []
    if not np.isfinite(value):
        found.append(_not_finite_value(tape, links))
    elif not np.isfinite(gradient).all():
        found.append(_not_finite_gradient(links, [shares[k] for k in live]))
    kinks = [_switching(each, switches.slope) for each in _joined(switches.real)]
    found += kinks
    told = {s.line or s.name for s in switches.real}
    left = [step for step in steps if (step[1] or step[0]) not in told]
    lost = "" if gradient.any() or kinks else _lost(links, adjoints)
    found += _underflow(shares) or _stopped(left, gradient, kinked=bool(kinks), lost=lost)
    return found[:_MOST]


# ---- not finite ----


def _finite(value: Any) -> bool:
    return not is_float(value) or bool(np.isfinite(np.asarray(value)).all())


def _not_finite_value(tape: Tape, links: Sequence[Link]) -> Finding:
    primal = {(e.primitive, place(e.source)) for e in tape.program.equations}
    for link in links:
        if all(map(_finite, link.inputs)) and not all(map(_finite, link.outputs)):
            cause = _cause(link, link.outputs[0])
            text = f"The value is not finite: first {cause}{_shown(link)}."
            return Finding("value-not-finite", text, cure(cause, cause, primal), "error")
    return Finding("value-not-finite", "The value is not finite.", "Check the data.", "error")


def _not_finite_gradient(links: Sequence[Link], shares: Sequence[Sequence[Any]]) -> Finding:
    """The first edge, from the output back, whose share is not finite."""
    primal = {(link.equation.primitive, place(link.equation.source)) for link in links}
    for link, given in zip(reversed(links), reversed(shares), strict=True):
        if not all(map(_finite, given)):
            factor = _worst_factor(link)
            cause = _cause(link, factor)
            name = link.equation.primitive
            if factor is None:
                text = f"A share of the gradient is not finite at {name}{_at(link)}{_shown(link)}."
            else:
                at = ", ".join(f"{v:.6g}" for v in cause.operands)
                text = (f"The local factor of {name}({at}) is {cause.result:g}"
                        f"{_at(link)}{_shown(link)}.")  # fmt: skip
            return Finding("not-finite", text, cure(cause, None, primal), "error")
    return Finding("not-finite", "The gradient is not finite.", "Check the data.", "error")


def _worst_factor(link: Link) -> Any:
    for factor in link.factors or ():
        if not _finite(np.asarray(factor)):
            return factor
    return None


def _cause(link: Link, result: Any) -> Cause:
    """The equation with the numbers at the first entry that is not finite."""
    array = np.asarray(np.nan if result is None else result, float)
    bad = np.argwhere(~np.isfinite(array))
    at = tuple(bad[0]) if len(bad) else ()
    operands = []
    for value in link.inputs:
        whole = np.asarray(value)
        if whole.dtype.kind in "fiub" and whole.size:
            fits = whole.shape == array.shape
            operands.append(float(whole[at] if fits else whole.reshape(-1)[0]))
    number = float(array[at]) if array.size else float("nan")
    return Cause(link.equation.primitive, link.equation.source, tuple(operands[:3]), number)


def _at(link: Link) -> str:
    return f" at {link.equation.source}" if link.equation.source else ""


def _shown(link: Link) -> str:
    return _text(link.equation.source)


def _text(source: str) -> str:
    text = line_text(source)
    return f" [{text if len(text) <= _QUOTED else text[: _QUOTED - 3] + '...'}]" if text else ""


# ---- kinks and jumps ----


def _joined(found: Sequence[Switch]) -> list[Switch]:
    """One choice of the user's is one finding, also where JAX writes it as several operations."""
    by_line: dict[str, list[Switch]] = {}
    for k, each in enumerate(found):
        by_line.setdefault(each.line or str(k), []).append(each)
    joined = []
    for alike in by_line.values():
        names = ", ".join(dict.fromkeys(s.name for s in alike))
        jumps, near = any(s.jumps for s in alike), all(s.near for s in alike)
        count = max(s.count for s in alike)
        joined.append(replace(alike[0], name=names, jumps=jumps, near=near, count=count))
    return joined


def _switching(at: Switch, slope: float) -> Finding:
    """A choice on whose edge the point lies; `slope` of the Taylor test past it, nan: unknown."""
    kind = "jump" if at.jumps and not slope > _BETWEEN else "kink"
    if at.name in ("where", "cond") and math.isnan(slope):
        kind = "kink"
    verb = "lies within rounding of" if at.near else "lies on"
    numbers = f"The point {verb}"
    if at.count > 1:
        numbers = f"{at.count:,} numbers {verb.replace('lies', 'lie')}"
    taken = "for it jumps there itself" if at.jumps and at.taken == AT_ONCE else at.taken
    told = {"jump": "the value changes at once there, and one side of it is taken",
            "kink": f"there is no derivative, {taken}"}[kind]  # fmt: skip
    step = {
        "jump": "Move the point to the side that is meant.",
        "kink": "Take the one-sided derivatives from ty.check, or move the point a little.",
    }
    where = f" at {at.line}" if at.line else ""
    return Finding(
        kind, f"{numbers} a {kind} of {at.name}{where}{_text(at.line)}: {told}.", step[kind]
    )


# ---- nothing arrives ----


def _underflow(shares: Sequence[Sequence[Any]]) -> list[Finding]:
    """Adjoints that leave the range of float64 on their way: what they add up to has no digits."""
    for given in shares:
        for share in given:
            size = np.abs(np.asarray(share))
            if ((size > 0.0) & (size < _TINY)).any():
                text = "Adjoints fall below 1e-290 on the way: the slopes they end in underflow."
                step = "The inputs hardly move the value; fewer or steeper steps keep the slopes."
                return [Finding("underflow", text, step)]
    return []


def _lost(links: Sequence[Link], adjoints: Any) -> str:
    """The operation at which a slope that is not 0 is lost in float64; empty where none is."""
    for link in links:
        name = link.equation.primitive
        if link.factors is None or not all(map(_finite, (*link.inputs, *link.outputs))):
            continue
        ahead = np.asarray(adjoints.get(link.equation.outputs[0], 0.0))
        for factor in map(np.asarray, link.factors):
            gone = (factor != 0.0) & (ahead != 0.0) & (ahead * factor == 0.0)
            if gone.any() or (name in _NEVER_FLAT and (factor == 0.0).any()):
                return name
    return ""


def _stopped(
    steps: Sequence[Step], gradient: np.ndarray, *, kinked: bool, lost: str
) -> list[Finding]:
    """Steps and stops on the way, and inputs that nothing arrives at.

    A zero that was taken at a kink says nothing about what reaches the output.
    """
    found = []
    if gradient.size and not gradient.any() and np.isfinite(gradient).all() and not kinked:
        named = ", ".join(sorted({name for name, _ in steps}))
        text = f"no change of the inputs reaches the output ({named} lets nothing pass)."
        if not named:
            text = "to first order no change of the inputs moves the output."
        if lost:
            text = (f"in float64 the slope of {lost} is lost here (underflow, or rounding), though "
                    "it is not exactly zero.")  # fmt: skip
        found.append(Finding("zero", f"The gradient is zero: {text}", "", "note"))
    user = [(name, line) for name, line in steps if name != "stop_gradient"]
    if not user:
        return found
    name, line = user[0]
    where = f" at {line}" if line else ""
    more = f" (and {len(user) - 1} more)" if len(user) > 1 else ""
    text = f"{name}{where}{_text(line)} is a step{more}: its slope is zero, and nothing passes it."
    return [*found, Finding("step", text, "Paths through it carry no influence.", "note")]


def steps_of(tape: Tape, wrt: int) -> list[Step]:
    """What cuts a path from the first `wrt` inputs."""
    active = {o for link in tape.links for o in link.equation.outputs} | set(range(wrt))
    readers = read_by(tape.program)
    found: dict[Step, None] = {}
    for equation in tape.program.equations:
        given = [a for a in equation.inputs if isinstance(a, int)]
        if not active.isdisjoint(given) and _cuts(tape, equation):
            name = choice_name(equation, readers)
            if name not in ("where", "cond"):  # their branches carry the influence
                found[name, equation.source] = None
    return list(found)


def _cuts(tape: Tape, equation: Equation) -> bool:
    name = equation.primitive
    if name == "convert_element_type":
        given, made = tape.values[equation.inputs[0]], tape.values[equation.outputs[0]]  # type: ignore[index]
        return is_float(given) and np.asarray(made).dtype.kind in "iu"
    if name in COMPARISONS:  # x != x asks for NaN
        return len(set(equation.inputs)) == 2
    return name in STEPS or name == "stop_gradient"
