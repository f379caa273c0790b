"""A network as text: the verdict, scores beside simpler models, measured coverage, training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from taylored.networks.classes import ClassesOutOfBag
from taylored.networks.outofbag import OutOfBag
from taylored.report.letters import shorten, visible
from taylored.report.network_facts import (
    AUDITED,
    about,
    by_chance,
    columns_said,
    comparison,
    confusion_counts,
    coverage_clause,
    deviations,
    ends_said,
    error_columns,
    first_findings,
    held,
    holds,
    holds_said,
    names_of,
    percent_error,
    plain_error,
    regularization_said,
    scores_in_units,
    sets_single,
    shape_said,
    share_said,
    spread_of_response,
)
from taylored.report.network_prediction import prediction_line, prediction_report
from taylored.report.numbers import number, percent, share
from taylored.report.page import Fact, Page, Tabulated, page_text, seconds_said, thousands
from taylored.report.table import Cell
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["network_line", "network_page", "network_report", "network_status"]
__all__ += ["prediction_line", "prediction_report"]

_LEVEL = 0.9
_MOST_CLASSES = 10  # of a confusion table
_MOST_OUTPUTS = 12
_FORMULA = 40  # characters of the names of inputs


# ---- one sentence, one line ----


def network_status(net: Network, level: float = _LEVEL) -> str:
    """The verdict: how good on rows it has not seen, and how well that is known."""
    worst = next((f for f in net.findings if f.severity == "error"), None)
    if worst is not None:
        return f"Not usable: {worst.message} {worst.next_step}".rstrip()
    found = net.out_of_bag
    if found is None:
        return _unchecked(net)
    if isinstance(found, ClassesOutOfBag):
        text = f"Right in {percent_error(*found.correct)} of rows it has not seen{_naive(net)}"
    else:
        text = _errors_said(net)
    return f"{text}; {coverage_clause(net, level)}. {comparison(net)}".rstrip()


def _unchecked(net: Network) -> str:
    """A network of which no row was left out."""
    if net.laplace is None:
        return (
            "One network, not checked on rows it has not seen: how far off it is, is not known. "
            'Train with intervals="out-of-bag" for that.'
        )
    if net.laplace.trusted:
        return (
            "One network; its intervals are estimated by Laplace's method, and were not checked on "
            "rows it has not seen."
        )
    return f'Intervals not known: {net.laplace.why}. Train with intervals="out-of-bag".'


def _naive(net: Network) -> str:
    """What guessing the most frequent class would give."""
    counts = np.bincount(net.rows.t.astype(int), net.rows.weights)
    return f" (the most frequent class is {percent(round(float(counts.max() / counts.sum()), 2))})"


def _errors_said(net: Network) -> str:
    errors, stderrs = np.atleast_1d(net.error), np.atleast_1d(net.error_stderr)
    spread, names = spread_of_response(net), names_of(net)
    if len(names) == 1:
        return (
            f"Predicts {names[0]} of rows it has not seen within "
            f"{plain_error(float(errors[0]), float(stderrs[0]))} (root mean square; {names[0]} "
            f"varies by {number(float(spread[0]), 3)})"
        )
    shares = errors / spread
    return (
        f"Predicts {len(names)} outputs of rows it has not seen within {number(shares.min(), 2)} "
        f"to {number(shares.max(), 2)} of their standard deviations (root mean square)"
    )


def network_line(net: Network) -> str:
    """A network on one line, for `repr`."""
    members = f"{net.members} members" if net.members > 1 else "one network"
    head = f"{shape_said(net)}, {members}"
    if not net.usable:
        worst = next(f for f in net.findings if f.severity == "error")
        return f"<network {head}: NOT USABLE, {visible(worst.message).rstrip('.')}>"
    found = net.out_of_bag
    if found is None:
        return f"<network {head}: not checked on rows it has not seen>"
    if isinstance(found, ClassesOutOfBag):
        said = f"right in {percent_error(*found.correct)} of rows not seen"
    elif len(net.response.names) > 1:
        said = f"{len(net.response.names)} outputs"
    else:
        error = plain_error(float(net.error), float(net.error_stderr))
        said = f"error of {names_of(net)[0]} {error} on rows not seen"
    what = "sets" if net.task == "classification" else "intervals"
    share = holds_said(net, _LEVEL)
    return f"<network {head}: {said}{f'; {percent(_LEVEL)} {what} hold {share}' if share else ''}>"


# ---- the report ----


def network_report(
    net: Network,
    level: float = _LEVEL,
    *,
    width: int | None = None,
    color: bool = False,
    unicode: bool = True,
) -> str:
    """The report as text, for a terminal or a page.

    Args:
        net: any network.
        level: of the intervals that the verdict tells of, 0 < level < 1.
        width: in characters (default: that of the terminal, at most 100).
        color: whether to color it by escape sequences.
        unicode: False for plain ASCII.
    """
    return page_text(network_page(net, level), width, color, unicode)


def network_page(net: Network, level: float = _LEVEL) -> Page:
    """The parts of the report."""
    tables = [_scores(net), _outputs(net), _coverage(net, level), _confusion(net)]
    shown, more = first_findings(net.findings)
    return Page(
        network_status(net, level),
        str(net.accuracy if net.usable else Accuracy.UNKNOWN),
        _headline(net),
        [t for t in tables if t is not None],
        [*_facts(net), *more],
        shown,
    )


def _headline(net: Network) -> str:
    names = names_of(net)
    inputs = [visible(str(c.name)) for c in net.encoder.columns]
    left = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    right = " + ".join(inputs)
    right = right if len(right) <= _FORMULA else columns_said(net)
    rows = thousands(len(net.rows.z), "row")
    groups = _groups(net)
    return f"{left} ~ {right}   {rows}{f' in {groups:,} groups' if groups else ''}"


def _groups(net: Network) -> int:
    """How many groups of rows were left out together, 0 where rows were left out one by one."""
    folds = net.folds
    return 0 if folds is None or folds.groups is None else int(folds.groups.max()) + 1


# ---- tables ----


def _scores(net: Network) -> Tabulated | None:
    """The network beside simpler models, on the same rows."""
    shown = scores_in_units(net)
    if not shown:
        return None
    texts = error_columns([s.value for s in shown], [s.stderr for s in shown])
    rows = []
    for model, (value, error) in zip(shown, texts, strict=True):
        own = model.name == "network"
        rows.append([
            Cell("this network" if own else model.name, "bold" if own else ""), Cell(value),
            Cell(error, "calibrated"), Cell(model.against, "bold" if model.better else ""),
        ])  # fmt: skip
    classes = net.task == "classification"
    title = "log loss" if classes else "error"
    return Tabulated(("model", title, "", ""), rows, "lrll", [_scores_caption(net)])


def _scores_caption(net: Network) -> str:
    over = "groups" if _groups(net) else "rows"
    rows = f"of rows left out of training, ± one standard error over the {over}"
    if net.task == "classification":
        return f"log loss: the mean of -log(probability of the true class), {rows}."
    unit = f"in units of {names_of(net)[0]}" if len(net.response.names) == 1 else (
        "in standard deviations, over all outputs")  # fmt: skip
    return f"error: root mean square, {unit}, {rows}."


def _outputs(net: Network) -> Tabulated | None:
    """Of several outputs the error of each, in its units."""
    if net.out_of_bag is None or len(net.response.names) == 1:
        return None
    spread = spread_of_response(net)[:_MOST_OUTPUTS]
    errors = np.atleast_1d(net.error)[:_MOST_OUTPUTS]
    texts = error_columns(errors.tolist(), np.atleast_1d(net.error_stderr)[:_MOST_OUTPUTS].tolist())
    rows = [
        [Cell(name, "bold"), Cell(value), Cell(error, "calibrated"), Cell(number(s, 3)),
         Cell(share(1 - (e / s) ** 2))]
        for name, (value, error), s, e in zip(names_of(net), texts, spread.tolist(),
                                              errors.tolist(), strict=False)
    ]  # fmt: skip
    more = len(net.response.names) - len(rows)
    captions = [f"{more} more outputs; to_dict() has all."] if more else []
    return Tabulated(("output", "error", "", "varies by", "R²"), rows, "lrlrr", captions)


def _coverage(net: Network, level: float) -> Tabulated | None:
    """What intervals or sets of each level held."""
    if net.out_of_bag is None:
        return None
    classes = isinstance(net.out_of_bag, ClassesOutOfBag)
    levels = sorted({*AUDITED, level})
    if isinstance(net.out_of_bag, ClassesOutOfBag) and sets_single(net.out_of_bag, levels):
        return _single_sets(net, levels)
    names = [""] if len(net.response.names) == 1 else names_of(net)[:4]
    rows = []
    for each in levels:
        row = [Cell(percent(each))]
        for found in held(net, each)[: len(names)]:
            ok = "calibrated" if holds(found) else "bold yellow"
            ok = ok if np.isfinite(found.value) else "unknown"
            row.append(Cell(share_said(found), ok))
        rows.append([*row, Cell(_size(net, each))])
    what = "sets" if classes else "intervals"
    holding = [f"hold of {n}" if n else "hold" for n in names]
    wide = "classes in a set" if classes else "half width"
    titles = (what, *holding, wide if len(names) == 1 else "")
    caption = (
        f"measured on rows left out of the networks and of {'thresholds' if classes else 'widths'},"
        f" ± one standard error{'' if titles[-1] else '.'}"
    )
    if titles[-1]:
        caption += "; a set always holds the most probable class." if classes else (
            "; half width: the median over the rows.")  # fmt: skip
    return Tabulated(titles, rows, "r" * len(titles), [caption])


def _single_sets(net: Network, levels: list[float]) -> Tabulated:
    """One line for sets that are all the most probable class, whatever their level."""
    cells = [Cell(f"{100 * levels[0]:g} to {percent(levels[-1])}"),
             Cell(holds_said(net, levels[-1]), "calibrated"), Cell("1.00")]  # fmt: skip
    caption = (
        "every set is the most probable class alone, as a set is never empty: it holds the true "
        "class as often as that is right, ± one standard error."
    )
    return Tabulated(("sets", "hold", "classes in a set"), [cells], "rrr", [caption])


def _size(net: Network, level: float) -> str:
    """How wide intervals are, or how large sets."""
    found = net.out_of_bag
    if isinstance(found, ClassesOutOfBag):
        p = found.probability
        sets = (p >= found.threshold(level)) | (p == p.max(1, keepdims=True))
        return f"{np.average(sets.sum(1), weights=found.weights):.2f}"
    if not isinstance(found, OutOfBag) or len(net.response.names) > 1:
        return ""
    half = float(found.quantile(level)[0] * np.median(found.deviation[:, 0]))
    if not np.isfinite(half):
        return "unbounded: too few rows"
    return about(half * float(net.response.scale[0]))


def _confusion(net: Network) -> Tabulated | None:
    """Which classes are taken for which, of rows not seen."""
    found = net.out_of_bag
    count = len(net.response.classes)
    if not isinstance(found, ClassesOutOfBag) or count > _MOST_CLASSES:
        return None
    table = confusion_counts(net, found)
    names = [shorten(visible(str(c)), 14) for c in net.response.classes]
    rows = []
    for k, (name, line) in enumerate(zip(names, table, strict=True)):
        cells = [Cell(str(n) if n else "·", "bold" if j == k else "") for j, n in enumerate(line)]
        rows.append([Cell(name, "bold"), *cells, Cell(_right(int(line[k]), int(line.sum())),
                                                      "calibrated")])  # fmt: skip
    titles = (f"{names_of(net)[0]}, true", *(f"predicted {n}" for n in names), "right")
    caption = "counts of rows left out of training."
    return Tabulated(titles, rows, "l" + "r" * (count + 1), [caption])


def _right(count: int, of: int) -> str:
    """The share of a class that is right; at its ends the counts say more than a share."""
    if count in (0, of):
        return f"{'all' if count else 'none'} of {of}"
    share = count / of
    return percent_error(share, float(np.sqrt((share * (1 - share) + 0.25 / of) / of)))


# ---- facts ----


def _facts(net: Network) -> Iterator[Fact]:
    found = net.out_of_bag
    if isinstance(found, OutOfBag) and len(net.response.names) == 1:
        ratio = float(net.error) / float(spread_of_response(net)[0])
        text = f"{share(1 - ratio**2)} of the variance is explained"
        text = text if ratio < 1 else "nothing of the variance is explained"
        size = f"the error is {about(ratio)} standard deviations of {names_of(net)[0]}"
        yield Fact("R²", f"{text}, on rows not seen: {size}")
    if isinstance(found, ClassesOutOfBag):
        yield Fact("calibration", _calibration_said(found), "calibrated")
    if net.noise is not None and isinstance(found, OutOfBag):
        yield Fact("noise", _noise_said(net, found))
    yield from _training_facts(net)


def _calibration_said(found: ClassesOutOfBag) -> str:
    bins = found.reliability()
    sharper = "were too cautious" if found.temperature < 1 else "were too sure"
    return (
        f"probabilities are off by {about(100 * bins.error)} % on average (chance alone gives "
        f"{about(100 * by_chance(bins))} %), after the temperature {number(found.temperature, 2)}: "
        f"those of the members {sharper}"
    )


def _noise_said(net: Network, found: OutOfBag) -> str:
    noise = net.noise
    assert noise is not None
    if noise.varies:
        low, high = deviations(found)
        gain = number(noise.gain or 0.0, 2)
        why = f"which fits the rows better than constant noise, by {gain} standard errors"
        why = "as asked for" if net.settings.noise == "varying" else why
        return f"varies with the inputs by a factor of {number(high / low, 2)}, {why}"
    if net.settings.noise == "constant":
        return "constant, as asked for"
    if noise.gain is None:
        return "constant: too few rows to tell"
    gain = f"{number(abs(noise.gain), 2)} standard errors"
    if noise.gain > 0:
        return f"constant: noise that varies fits the rows better by {gain} only"
    return f"constant: noise that varies fits the rows worse, by {gain}"


def _training_facts(net: Network) -> Iterator[Fact]:
    training = net.training
    yield Fact("network", _network_said(net))
    yield Fact("training", f"{training.reason}; {ends_said(net)}")
    effective = training.effective
    text = f"{net.model.size:,}"
    if len(effective) and np.isfinite(effective).all() and (effective > 0).any():
        text = f"{number(float(np.mean(effective)), 3)} of {text} are determined by the rows"
    yield Fact("parameters", f"{text}; {regularization_said(training)}")
    if training.seconds > 0:  # not known of a network that was read from a file
        yield Fact("cost", f"{seconds_said(training.seconds)} of processor time")


def _network_said(net: Network) -> str:
    if net.folds is None:
        return f"{shape_said(net)}, the best of {net.settings.starts} starts"
    return (
        f"{shape_said(net)}, the mean of {net.members} members; each has seen "
        f"{net.folds.count - 1} of {net.folds.count} parts of the "
        f"{'groups' if _groups(net) else 'rows'}"
    )
