"""What reports and pictures of a network say: its scores in the user's units, in plain words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.networks.classes import ClassesOutOfBag, Reliability
from taylored.networks.outofbag import Coverage, OutOfBag
from taylored.report.letters import shorten, visible
from taylored.report.numbers import Place, number, percent, place_of, rounded, value_error
from taylored.report.page import Fact
from taylored.results import Finding

if TYPE_CHECKING:
    from taylored.networks.result import Network, Score, Training

__all__ = ["AUDITED", "Compared", "about", "by_chance", "columns_said", "comparison"]
__all__ += ["confusion_counts", "coverage_clause", "deviations", "ends_counted", "ends_said"]
__all__ += ["error_columns", "first_findings", "held", "holds", "holds_said", "names_of"]
__all__ += ["percent_error", "plain_error", "plain_place", "regularization_said", "scores_in_units"]
__all__ += ["sets_single", "shape_said"]
__all__ += ["share_said", "shares_said", "short_verdict", "spread_of_response"]

AUDITED = (0.5, 0.8, 0.9, 0.95)
_CLEAR = 2.0  # standard errors from which one model is better than another
_NAME = 24
_MOST_FINDINGS = 5
_SEVERITY = {"error": 0, "warning": 1, "note": 2}
_WRITTEN_OUT = 5  # powers of ten that are written as zeros


# ---- the response and its units ----


def names_of(net: Network) -> list[str]:
    """The names of the outputs, fit to be shown."""
    return [shorten(visible(str(name)), _NAME) for name in net.response.names]


def spread_of_response(net: Network) -> np.ndarray:
    """(outputs,) the standard deviation of each output in the training rows, in its units."""
    t, weights = net.rows.t, net.rows.weights
    center = np.average(t, axis=0, weights=weights)
    return np.sqrt(np.average((t - center) ** 2, axis=0, weights=weights)) * net.response.scale


def deviations(found: OutOfBag) -> tuple[float, float]:
    """How small and large the noise is: the 5 % and 95 % points of its deviation, over its mean."""
    relative = found.deviation / found.deviation.mean(0)
    low, high = np.quantile(relative, [0.05, 0.95])
    return float(low), float(high)


# ---- scores ----


@dataclass(frozen=True, slots=True)
class Compared:
    """A model's error on rows it has not seen, ± one standard error, and what that means."""

    name: str
    value: float
    stderr: float
    against: str
    better: bool  # clearly better than the network


def scores_in_units(net: Network) -> list[Compared]:
    """The network and the baselines, best first; one output in its own units."""
    one = net.task == "regression" and len(net.response.names) == 1
    unit = float(spread_of_response(net)[0]) if one else 1.0  # scores are in deviations of y
    return [
        Compared(_called(s), unit * s.value, unit * s.stderr, _against(s), s.worse > _CLEAR)
        for s in net.scores
    ]


def _called(score: Score) -> str:
    return "mean of y" if score.name == "mean" else score.name


def _against(score: Score) -> str:
    """What the paired comparison with the network says."""
    if score.name == "network":
        return ""
    size = abs(score.worse)
    if size <= _CLEAR:
        return f"as good ({about(size)} standard errors {_side(score)})"
    return f"{_side(score)} by {about(size)} standard errors"


def _side(score: Score) -> str:
    return "better" if score.worse > 0 else "worse"


def comparison(net: Network) -> str:
    """One sentence: how simpler models do, as in the findings."""
    others = [s for s in net.scores if s.name != "network"]
    if not others:
        return ""
    clear = [s for s in others if s.worse > _CLEAR]
    best = min(clear or others, key=lambda s: s.value)
    if any(f.name == "baseline-wins" for f in net.findings):
        return f"{_capital(best.name)} does better."
    equal = [s for s in others if s.worse >= -_CLEAR]
    if equal:
        return f"{_capital(equal[0].name)} does as well."
    return "Simpler models do worse." if len(others) > 1 else f"{_capital(best.name)} does worse."


def _capital(name: str) -> str:
    """The name of a model at the start of a sentence."""
    article = {"mean": "The mean of y", "Gaussian process": "A Gaussian process",
               "most frequent class": "The most frequent class"}  # fmt: skip
    return article.get(name, name[:1].upper() + name[1:])


# ---- coverage and calibration ----


def percent_error(value: float, stderr: float) -> str:
    """`90.2 ± 1.4 %`, of shares; what was not measured is NaN."""
    if math.isnan(value):
        return "an unknown share"
    text = value_error(100 * value, 100 * stderr) if stderr > 0 else number(100 * value, 3)
    return f"{text} %"


def share_said(found: Coverage) -> str:
    """`90.2 ± 1.4 %`, or that there were too few rows to measure it."""
    if not math.isfinite(found.value):
        return "unknown"
    return percent_error(found.value, found.stderr)


def shares_said(found: Sequence[Coverage]) -> str:
    """`90.2 ± 1.4 %`; of several outputs the range of them, nothing where none was measured."""
    known = [c for c in found if math.isfinite(c.value)]
    if not known:
        return ""
    ends = (f(known, key=lambda c: c.value) for f in (min, max))
    return " to ".join(dict.fromkeys(share_said(c) for c in ends))


def holds_said(net: Network, level: float) -> str:
    """What intervals or sets of a network hold, in words."""
    return shares_said(held(net, level))


def held(net: Network, level: float) -> tuple[Coverage, ...]:
    """The measured coverage, with one standard error for one share.

    Sets that hold the most probable class alone hold as often as that class is right.
    """
    found, classes = net.coverage(level), net.out_of_bag
    if not isinstance(classes, ClassesOutOfBag):
        return found
    share, error = classes.correct
    return tuple(
        replace(c, stderr=error) if math.isclose(c.value, share, rel_tol=1e-12) else c
        for c in found
    )


def sets_single(found: ClassesOutOfBag, levels: Iterable[float]) -> bool:
    """Whether sets of all levels, as measured, are the most probable class alone."""
    p = np.sort(found.probability, axis=1)
    return all(
        math.isclose(found.coverage(level).value, found.correct[0], rel_tol=1e-12)
        and bool((p[:, -2] < found.threshold(level)).all())
        for level in levels
    )


def coverage_clause(net: Network, level: float) -> str:
    """`90 % intervals hold 90.2 ± 1.4 % of them`."""
    what = "sets of classes" if net.task == "classification" else "intervals"
    said = holds_said(net, level)
    if not said:
        return f"how often {percent(level)} {what} hold them is unknown"
    only = "" if all(holds(c) for c in net.coverage(level)) else "only "
    return f"{percent(level)} {what} hold {only}{said} of them"


def holds(found: Coverage) -> bool:
    """Whether intervals hold as much as they are to, within what chance allows."""
    return not math.isfinite(found.value) or found.holds or found.value > found.level


def by_chance(found: Reliability) -> float:
    """The calibration error that would be measured if every probability were right."""
    spread = np.sqrt(found.said * (1 - found.said) / found.rows)
    return float(np.average(math.sqrt(2 / math.pi) * spread, weights=found.rows))


def confusion_counts(net: Network, found: ClassesOutOfBag) -> np.ndarray:
    """(classes, classes) counts of rows left out: true classes down, most probable ones across."""
    count = len(net.response.classes)
    table = np.zeros((count, count), int)
    np.add.at(table, (found.t, found.probability.argmax(1)), 1)
    return table


# ---- words ----


def shape_said(net: Network) -> str:
    """`7-20-1 tanh` or the name of the user's model."""
    model: Any = net.model
    if not hasattr(model, "hidden"):
        return shorten(visible(str(getattr(model, "name", "your model"))), 40)
    widths = "-".join(map(str, (model.features, *model.hidden, model.outputs)))
    return f"{widths} {model.activation.name}"


def columns_said(net: Network) -> str:
    """How many inputs, and how many features where categories make more of them."""
    columns, features = len(net.encoder.columns), len(net.encoder.features)
    text = f"{columns} input{'s' * (columns > 1)}"
    return text if features == columns else f"{text} ({features} features)"


def first_findings(findings: Iterable[Finding]) -> tuple[list[Finding], list[Fact]]:
    """The findings that a report shows, the worst first, and a line that tells of more."""
    found = sorted(findings, key=lambda f: _SEVERITY[f.severity])
    shown = found[:_MOST_FINDINGS]
    if len(found) == len(shown):
        return shown, []
    return shown, [Fact("findings", f"{len(found)}; these are the first {len(shown)}")]


def regularization_said(training: Training) -> str:
    """`regularized by weight decay 5`, in the words of the reader."""
    said = training.regularization
    return "not regularized" if said == "none" else f"regularized by {_DECAYS.get(said, said)}"


_DECAYS = {
    "evidence": "weight decay that the evidence has chosen",
    "evidence from strong priors": "weight decay that the evidence has chosen, strong at the start",
}


# ---- how training ended ----

_ENDS = {
    "converged": ("converged", " within {}"), "steps": ("reached the limit", " of {}"),
    "stuck": ("stopped where no step lowers the loss", ", within {}"),
    "not finite": ("did not stay finite", ""),
    "going on": ("stopped from outside", " after {}"), "epochs": ("reached the limit", " of {}"),
    "validation": ("stopped early by the validation rows", ""),
}  # fmt: skip


def ends_said(net: Network) -> str:
    """`all 30 converged within 36 steps`."""
    training = net.training
    unit = "epoch" if training.solver == "adam" else "step"
    return ends_counted(training.ends, f"{training.steps:,} {unit}{'s' * (training.steps != 1)}")


def ends_counted(ends: Mapping[str, int], steps: str = "") -> str:
    """How many members ended in which way; within how many steps, where that is given."""
    count, parts = sum(ends.values()), []
    for end, members in sorted(ends.items(), key=lambda e: -e[1]):
        who = "" if count == 1 else f"all {count} " if members == count else f"{members} "
        said = _ENDS.get(end, (end, "")) if steps else (_ENDS.get(end, (end,))[0], "")
        parts.append(who + "".join(said).format(steps))
    return ", ".join(parts)


def short_verdict(net: Network) -> str:
    """The verdict in a few words, over a picture."""
    worst = next((f for f in net.findings if f.severity == "error"), None)
    if worst is not None:
        return f"Not usable: {worst.message.rstrip('.')}"
    found = net.out_of_bag
    if found is None:
        return "One network, not checked on rows it has not seen"
    if isinstance(found, ClassesOutOfBag):
        return f"Right in {percent_error(*found.correct)} of rows it has not seen"
    if len(net.response.names) > 1:
        shares = np.asarray(net.error) / spread_of_response(net)
        low, high = number(float(shares.min()), 2), number(float(shares.max()), 2)
        return f"Predicts {len(shares)} outputs within {low} to {high} standard deviations"
    text = plain_error(float(net.error), float(net.error_stderr))
    return f"Predicts {names_of(net)[0]} of rows it has not seen within {text}"


def plain_place(value: float, error: float) -> Place:
    """Where a value stops, written out where it has few digits before the point: 3780, not 3.78e3.

    As many numbers stand below each other here, and powers of ten would hide which is larger.
    """
    place = place_of(value, error)
    return Place(place.last) if 0 < place.exponent <= _WRITTEN_OUT else place


def plain_error(value: float, error: float) -> str:
    """`900 ± 190`: a value with its error, written out where that is short."""
    if not (math.isfinite(error) and error > 0) or plain_place(value, error).suffix:
        return value_error(value, error)
    ((shown, reach),) = error_columns([value], [error])
    return f"{shown} {reach}"


def about(value: float) -> str:
    """A size of which two digits are said: 0.23, 450."""
    if not (math.isfinite(value) and value > 0):
        return number(value, 2)
    place = plain_place(value, value)
    return rounded(value, place) + place.suffix


def error_columns(values: list[float], errors: list[float]) -> Iterator[tuple[str, str]]:
    """Numbers and their errors for two columns, each to the place of its error."""
    for value, error in zip(values, errors, strict=True):
        if not (math.isfinite(error) and error > 0):
            yield number(value, 3), ""
            continue
        place = plain_place(value, error)
        suffix = place.suffix
        yield rounded(value, place) + suffix, f"± {rounded(error, place)}{suffix}"
