"""What differences say about a derivative: which slopes they contradict, kinks and jumps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from taylored.calculus.differences import Slopes
from taylored.calculus.evidence import Study
from taylored.calculus.rulecheck import Calls, Rule
from taylored.calculus.soundness import named
from taylored.results import Finding

__all__ = ["Differences", "compare", "difference_findings"]

_NAMES = 5  # inputs that a finding names
# Relative difference of one-sided slopes from which on there is a kink: where the function decides
# something at the point, and where it does not.
_FAINT, _CLEAR = 1e-6, 1e-3


# ---- differences ----


@dataclass
class Differences:
    """What comparing with differences found."""

    gap: float = 0.0
    bar: float = 0.0
    wrong: list[tuple[float, float, float, int, int]] = field(default_factory=list)
    kinks: list[tuple[float, float, float, int, int]] = field(default_factory=list)
    jumps: list[tuple[float, int, int]] = field(default_factory=list)
    steep: list[tuple[int, int]] = field(default_factory=list)
    rough: list[tuple[int, int]] = field(default_factory=list)
    unclear: list[tuple[int, int]] = field(default_factory=list)
    total: int = 0
    moved: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))  # (outputs,)


def compare(study: Study) -> Differences:
    """The slopes that JAX gives against differences, direction by direction."""
    found = Differences(moved=np.zeros(study.outputs.size, bool))
    said, unsure = study.slopes, study.slope_errors
    finite = np.where(np.isfinite(said), said, 0.0)
    rows = np.max(np.abs(finite), axis=0, initial=0.0)
    for d, slope in enumerate(study.differences()):
        found.moved |= slope.moved
        _one_direction(study, found, d, slope, (said[d], unsure[d], rows))
    return found


def _one_direction(study: Study, found: Differences, d: int, slope: Slopes, said: tuple) -> None:
    given, unsure, rows = said
    value, bar = _two_sided(slope)
    decided = any(g.tied and g.name != "where (==)" for g in study.gaps)
    kinked = _kinked(slope, _FAINT if decided else _CLEAR)
    jumps = slope.jump > 0
    for k in np.flatnonzero(jumps):
        found.jumps.append((float(slope.jump[k]), d, int(k)))
    found.steep += [(d, int(k)) for k in np.flatnonzero(slope.steep)]
    special = kinked | jumps | slope.steep
    for k in np.flatnonzero(kinked & ~jumps):
        own = float(given[k]) if study.projection is None else float("nan")
        found.kinks.append((float(slope.left[k]), float(slope.right[k]), own, d, int(k)))
    noisy = slope.noisy
    if study.projection is not None:
        weights = study.projection
        with np.errstate(all="ignore"):
            value, bar = weights @ value, np.abs(weights) @ bar
        special = (np.abs(weights) @ special) > 0
        noisy = (np.abs(weights) @ noisy) > 0
    known = np.isfinite(bar) & np.isfinite(value) & ~special
    size = np.maximum(np.abs(given), np.where(known, np.abs(value), 0.0))
    typical = (
        slope.typical if study.projection is None else np.abs(study.projection) @ slope.typical
    )
    values = _values(study)
    level = np.maximum(size, np.maximum(rows, 1e-3 * (values + typical)))
    rows = np.where(rows > 1e4 * study.own_unit * values, rows, values)
    vague = ~special & ~(bar <= 1e-3 * level)
    for k in np.flatnonzero(vague):
        (found.unclear if noisy[k] else found.rough).append((d, int(k)))
    with np.errstate(all="ignore"):
        gap = np.abs(given - value)
        allowed = 10 * bar + 10 * unsure + 1e-10 * size + 3e-10 * rows
    for k in np.flatnonzero(known & (gap > allowed)):
        found.wrong.append((float(given[k]), float(value[k]), float(bar[k]), d, int(k)))
    usable = known & ~vague & np.isfinite(gap)
    found.total += int(usable.sum())
    for k in np.flatnonzero(usable & (rows > 0)):
        if gap[k] / rows[k] > found.gap:
            found.gap = float(gap[k] / rows[k])
        found.bar = max(found.bar, float(bar[k] / rows[k]))


def _values(study: Study) -> np.ndarray:
    values = np.abs(study.here)
    return values if study.projection is None else np.abs(study.projection) @ values


def _two_sided(slope: Slopes) -> tuple[np.ndarray, np.ndarray]:
    """The best of central and one-sided slopes."""
    value, bar = slope.central.copy(), slope.central_bar.copy()
    mean, wider = (slope.right + slope.left) / 2, np.maximum(slope.right_bar, slope.left_bar)
    better = wider < bar
    value[better], bar[better] = mean[better], wider[better]
    for side, own in ((slope.right, slope.right_bar), (slope.left, slope.left_bar)):
        better = ~np.isfinite(bar) & np.isfinite(own)
        value[better], bar[better] = side[better], own[better]
    return value, bar


def _kinked(slope: Slopes, least: float) -> np.ndarray:
    with np.errstate(all="ignore"):
        gap = np.abs(slope.right - slope.left)
        size = np.maximum(np.abs(slope.right), np.abs(slope.left))
        both = np.isfinite(slope.right_bar) & np.isfinite(slope.left_bar)
        return both & (gap > 6 * (slope.right_bar + slope.left_bar) + least * size)


def difference_findings(
    study: Study, found: Differences, rules: list[Rule], calls: Calls
) -> list[Finding]:
    """What the comparison means."""
    findings = []
    if found.jumps:
        size, _, k = max(found.jumps)
        params = _params(study, [(d, j) for _, d, j in found.jumps])
        text = f"{_output(study, k)} jumps by {size:.3g} here{_blame(study)}: it has no derivative."
        step = "Replace the step by a smooth function, or keep away from it."
        findings.append(Finding("jump", text, step, "error", params))
    if found.kinks:
        findings.append(_kink_finding(study, found))
    if found.steep:
        text = (
            f"Differences of {_output(study, found.steep[0][1])} grow without end as the step "
            "shrinks: its slope is infinite here."
        )
        params = _params(study, found.steep)
        findings.append(
            Finding("infinite-slope", text, "Keep away from this point.", "error", params)
        )
    if found.wrong:
        findings.append(_wrong_finding(study, found, rules, calls))
    findings += _unclear_findings(study, found)
    return findings


def _output(study: Study, k: int) -> str:
    if study.projection is not None and len(study.projection) != study.outputs.size:
        return "The function"
    return study.outputs.name(k)


def _where(study: Study, d: int) -> str:
    return named(study, study.directions[d])


def _per_unit(study: Study, d: int) -> float:
    """Slopes are along steps of the inputs' size; of one input alone they are given per unit."""
    k = study.directions[d].input
    return 1.0 if k is None else float(study.scales[k])


def _params(study: Study, places: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    numbers = [study.directions[d].input for d, _ in places]
    known = sorted({k for k in numbers if k is not None})
    return tuple(study.inputs.names(known[:_NAMES]))


def _blame(study: Study) -> str:
    tied = [g for g in study.gaps if g.tied]
    tied.sort(key=lambda g: (g.name == "where (==)", g.ruled))
    if not tied:
        return ""
    line = f" at {tied[0].line}" if tied[0].line else ""
    return f" ({tied[0].name}{line})"


def _kink_finding(study: Study, found: Differences) -> Finding:
    left, right, own, d, k = max(found.kinks, key=lambda row: abs(row[0] - row[1]))
    unit = _per_unit(study, d)
    low, high = sorted((left, right))
    room = 1e-6 * max(abs(low), abs(high))
    outside = not np.isnan(own) and not low - room <= own <= high + room
    answer = "" if np.isnan(own) else f"; JAX answers {own / unit:.6g}"
    text = (
        f"{_output(study, k)} has a kink here{_blame(study)}: {_where(study, d)} its slope is "
        f"{left / unit:.6g} on the left and {right / unit:.6g} on the right{answer}."
    )
    if outside:
        text += " That is neither of them, nor between."
    step = "Move the point, smooth the kink, or take the one-sided slope that is meant."
    return Finding("kink", text, step, "error" if outside else "warning",
                   _params(study, [(row[3], row[4]) for row in found.kinks]))  # fmt: skip


def _wrong_finding(study: Study, found: Differences, rules: list[Rule], calls: Calls) -> Finding:
    own, truth, bar, d, k = max(found.wrong, key=_relative)
    unit = _per_unit(study, d)
    text = (
        f"{_where(study, d).capitalize()} JAX says {own / unit:.10g}, differences say "
        f"{truth / unit:.10g} ± {bar / unit:.1g}{_of(study, k)}."
    )
    suspects = [f"the rule of {r.name} ({r.line or r.defined})" for r in rules]
    suspects += [f"stop_gradient at {line}" if line else "stop_gradient" for line in calls.stopped]
    suspects += [f"the rule of {name}" for name in calls.library] if not suspects else []
    step = f"Look at {', '.join(suspects[:3])}." if suspects else (
        "Look for rounding, steps (floor, round, argmax) and rules on the way."
    )  # fmt: skip
    return Finding(
        "wrong-derivative", text, step, "error", _params(study, [(r[3], r[4]) for r in found.wrong])
    )


def _relative(row: tuple[float, float, float, int, int]) -> float:
    return abs(row[0] - row[1]) / max(abs(row[0]), abs(row[1]))


def _of(study: Study, k: int) -> str:
    return "" if study.outputs.size == 1 else f" for {_output(study, k)}"


def _unclear_findings(study: Study, found: Differences) -> list[Finding]:
    findings = []
    if found.rough:
        d, k = found.rough[0]
        text = (
            f"Differences of {_output(study, k)} do not settle {_where(study, d)}, and rounding is "
            "not the reason: the function is not smooth here."
        )
        params = _params(study, found.rough)
        findings.append(
            Finding("not-smooth", text, "Keep away from this point.", "warning", params)
        )
    if found.unclear:
        tied = any(g.tied and g.name != "where (==)" and not g.ruled for g in study.gaps)
        count = len(found.unclear)
        text = (
            f"{count} of {count + found.total} slopes could not be checked by differences: "
            "rounding in the function hides them."
        )
        if tied:
            text += f" And the point lies on a decision{_blame(study)}."
        step = "Scale the inputs, or write the function so that it cancels less."
        params = _params(study, found.unclear)
        findings.append(Finding("unchecked", text, step, "warning" if tied else "note", params))
    return findings
