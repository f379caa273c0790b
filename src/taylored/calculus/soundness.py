"""What speaks against a derivative besides differences: NaN, rules, rounding, curvature, kinks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from taylored.calculus.cause import cause_of, cure, place
from taylored.calculus.derived import flat
from taylored.calculus.evidence import Direction, Study
from taylored.calculus.kinks import Gap
from taylored.calculus.noise import spread
from taylored.calculus.observe import Code, Step, in_jax
from taylored.calculus.rulecheck import Calls, Rule, compared
from taylored.results import Finding

__all__ = ["Kink", "custom_rules", "nearby", "not_finite", "rounding", "rule_findings", "second"]

_SAFETY = 3.0
_ILL = 1e-3
_TINY = 1e-290  # below it numbers lose their digits, and nothing depends on them


@dataclass(frozen=True, slots=True)
class Kink:
    """A kink, jump or branch of the function: how far the point is from it.

    `distance` is relative: in sizes of the inputs. `input` names the input along which it is
    nearest (if inputs were tried alone), `absolute` says how far along it.
    """

    name: str
    line: str
    distance: float
    input: str
    absolute: float

    def __str__(self) -> str:
        where = f" at {self.line}" if self.line else ""
        if self.input:
            return f"{self.name}{where}, {self.absolute:.2g} away in input {self.input}"
        return f"{self.name}{where}, {self.distance:.2g} of the inputs' size away"


def named(study: Study, direction: Direction) -> str:
    """A direction in words."""
    if direction.input is None:
        return "in a random direction"
    return f"in {study.inputs.name(direction.input)}"


# ---- what is not finite ----


def not_finite(study: Study, name: str, code: Code, given: list, what: str) -> Finding:
    """The finding that names the operation behind a result that is not finite."""
    cause = cause_of(code, given)
    primal = {(s.name, place(s.line)) for s in _every(study.derived.function)}
    assert cause is not None
    own = cause if name == "value-not-finite" else None
    text = f"{what} is not finite: first {cause}."
    severity = "warning" if name == "curvature-not-finite" else "error"
    return Finding(name, text, cure(cause, own, primal), severity)


def _every(code: Code, inside: bool = False) -> Iterator[Step]:
    """The function's own operations; of JAX's choices only those of jnp.where itself."""
    for step in code.steps:
        if not (inside and step.name == "select_n"):
            yield step
        for inner in step.codes:
            info = getattr(inner.closed.jaxpr.debug_info, "func_src_info", "") or ""
            library = in_jax(inner.closed.jaxpr) and not str(info).startswith(("_where ", "where "))
            yield from _every(inner, inside or library)


# ---- rules and stopped gradients ----


def custom_rules(study: Study) -> tuple[list[Rule], Calls]:
    """Rules that differ from what they wrap, and all that hides derivatives."""
    calls = Calls()
    _ = study.gaps  # marks what is live
    calls(study.wide_code, *study.wide_inputs(study.point))
    rules = [compared(step, values, study.seed) for step, values in calls.rules]
    unique = {}
    for rule in rules:
        if rule is not None:
            known = unique.get((rule.name, rule.line))
            if known is None or known.difference < rule.difference:
                unique[rule.name, rule.line] = rule
    return list(unique.values()), calls


def rule_findings(rules: list[Rule]) -> list[Finding]:
    """One finding per rule."""
    return [
        Finding(
            "custom-rule",
            f"The derivative rule of {r.name} ({r.defined or 'unknown place'}), called at "
            f"{r.line or 'an unknown line'}, differs by {r.difference:.2g} relative from the "
            "derivative of the function that it stands for.",
            "If that is meant (a straight-through rule), the result is no derivative; else mend "
            "it.",
            "error" if r.difference > 1e-6 else "warning",
        )
        for r in sorted(rules, key=lambda r: -r.difference)
    ]


# ---- rounding ----


def rounding(study: Study, moved: np.ndarray) -> tuple[float, list[Finding]]:
    """The estimated relative error of the derivative, and whether that is too much.

    nan where a derivative cannot be told from zero: then only its absolute error is known.
    """
    worst, lost, findings = 4 * study.own_unit, False, []
    with np.errstate(all="ignore"):
        for values, errors, sizes, moves in _tables(study, moved):
            top, off = (np.max(np.abs(t), axis=1, initial=0.0) for t in (values, errors))
            off = np.where(off < _TINY, 0.0, _SAFETY * off)
            relative = np.nan_to_num(np.where(off == 0, 0.0, off / top), nan=0.0)
            # Nothing moves that is above rounding, by the terms or by differences.
            vanishing = (off <= 1e5 * study.own_unit * sizes) | ~moves
            vanishing &= relative > _ILL
            lost |= bool(np.any(vanishing))
            counted = np.where(vanishing, 0.0, relative)
            worst = max(worst, float(np.max(counted, initial=0.0)))
    if worst > _ILL:
        digits = "no digit of it is" if worst > 0.1 else "few of its digits are"
        text = f"Rounding moves the derivative by {worst:.1g} relative: {digits} right."
        step = (
            "Rewrite what cancels (expm1, log1p, sin(x/2)**2 for 1 - cos x), or use a series near "
            "the point."
        )
        findings.append(Finding("ill-conditioned", text, step, "error"))
    elif lost:
        findings.append(_vanishing(study))
        worst = float("nan")
    return worst, findings


def _tables(study: Study, moved: np.ndarray) -> list[tuple[np.ndarray, ...]]:
    """Derivatives and their errors in the inputs' sizes; the outputs' sizes; whether they move."""
    tables = []
    if study.derived.backward is not None:
        sums = np.abs(study.weights)
        tables.append((study.backward * study.scales, study.gradient_errors * study.scales,
                       sums @ np.abs(study.here), sums @ moved > 0))  # fmt: skip
    if study.derived.forward is not None:
        tables.append((study.slopes.T, study.slope_errors.T, np.abs(study.here), moved))
    return tables


def _vanishing(study: Study) -> Finding:
    """The derivative is zero within rounding: which it is at a minimum, and where terms cancel.

    In the inputs' own size that is nothing. By one unit of the input it may be a lot, which tells
    the one from the other: 1e-16 beside a value of 1 or 1e-6.
    """
    gradient = study.backward
    if gradient is not None:
        values, errors = gradient, _SAFETY * study.gradient_errors
    else:
        values, errors = study.slopes.T, _SAFETY * study.slope_errors.T
    where = np.unravel_index(int(np.argmax(errors)), errors.shape)
    by = f" by {study.inputs.name(int(where[1]))}" if gradient is not None else ""
    size = max(float(np.max(np.abs(study.here), initial=0.0)), _TINY)
    severe = float(errors[where]) > np.sqrt(study.own_unit) * size
    text = (
        f"The derivative{by} cannot be told from 0: it is {values[where]:.3g}, "
        f"known within {errors[where]:.1g}."
    )
    step = (
        "Rewrite what cancels, or use a series near the point."
        if severe
        else ("So it is at a stationary point.")
    )
    return Finding("vanishing", text, step, "warning" if severe else "note")


# ---- the second derivative ----


def second(study: Study) -> list[Finding]:
    """Second derivatives along some directions: finite, and how well conditioned."""
    code = study.derived.second
    if code is None:
        return []
    m = study.outputs.size
    weights = np.ones(m) if m == 1 else study.random.choice([-1.0, 1.0], m)
    directions = [d for d in study.directions if d.input is None][:2]
    if not study.heavy or not directions:
        directions += [d for d in study.directions if d.input is not None][:8]
    worst = 0.0
    for direction in directions:
        given = study.second_inputs(direction.vector, weights)
        values = flat(study.machine(code, *given))
        if not np.isfinite(values).all():
            what = f"The second derivative {named(study, direction)}"
            return [not_finite(study, "curvature-not-finite", code, given, what)]
        worst = max(worst, _curvature_error(study, code, given, values))
    if worst <= _ILL:
        return []
    text = f"Rounding moves the second derivative by {worst:.1g} relative."
    step = "Do not use the Hessian here, or rewrite what cancels."
    severity = "warning" if worst > 0.1 else "note"
    return [Finding("curvature-ill-conditioned", text, step, severity)]


def _curvature_error(study: Study, code: Code, given: list, values: np.ndarray) -> float:
    scale = 1.0 if study.derived.backward is None else study.scales
    off = np.max(
        np.abs(flat(spread(code, given, 1 if study.heavy else 2, study.seed)) * scale), initial=0.0
    )
    top = np.max(np.abs(values * scale), initial=0.0)
    slopes = np.max(np.abs(study.slopes), initial=0.0)
    size = max(float(np.max(np.abs(study.here), initial=0.0)), float(slopes))
    if _SAFETY * off <= 1e8 * study.own_unit * size or off == 0:
        return 0.0
    return float(_SAFETY * off / top) if top else float("inf")


# ---- kinks nearby ----


def nearby(study: Study) -> tuple[Kink, ...]:
    """The kinks, jumps and branches of the function, the nearest first."""
    found: dict[tuple[str, str], Kink] = {}
    for gap in study.gaps:
        kink = _kink(study, gap)
        if kink is None or gap.ruled or gap.name == "where (==)":
            continue
        key = (kink.name, kink.line)
        if key not in found or kink.distance < found[key].distance:
            found[key] = kink
    return tuple(sorted(found.values(), key=lambda k: k.distance))


def _kink(study: Study, gap: Gap) -> Kink | None:
    rates = [r for r in study.rates[gap.place] if r[0] > 0]
    if not rates:
        return None
    found = []
    for rate, k in rates:
        steps = 0.0 if gap.tied else gap.closest / rate
        if k is None:
            found.append((steps, "", float("nan")))
            continue
        absolute = steps * float(study.scales[k])
        found.append((absolute / study.typical(k), study.inputs.name(k), absolute))
    distance, name, absolute = min(found, key=lambda row: (row[0], not row[1]))
    return Kink(gap.name, gap.line, distance, name, absolute)
