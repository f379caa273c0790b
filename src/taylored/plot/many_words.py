"""What pictures of many fits say: their titles, and the statements below them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taylored.errors import ArgumentError
from taylored.report.many import MIDDLE, Summary, part_said
from taylored.report.numbers import number, rounded, with_unit
from taylored.report.page import thousands

if TYPE_CHECKING:
    from taylored.many.result import ManyFits

__all__ = ["chosen", "error_words", "label_of", "left_out_words", "map_title", "quality_title"]
__all__ += ["relative_error"]

_NAMED = 4  # verdicts that a line names


def chosen(many: ManyFits, name: str | None) -> str:
    """The parameter to draw: the first free one where none is named.

    Raises:
        ArgumentError: where there is no such parameter.
    """
    if name is None:
        return many.names[many.plan.params.free[0]]
    if name not in many.names:
        raise ArgumentError(f"There is no parameter {name!r:.60}.",
                            why=f"the parameters are {', '.join(many.names)}",
                            next_step="draw one of these.")  # fmt: skip
    return name


def label_of(many: ManyFits, name: str) -> str:
    """A parameter with its unit, for an axis."""
    unit = many.units.get(name, "")
    return f"{name} ({unit})" if unit else name


def relative_error(many: ManyFits, name: str) -> np.ndarray:
    """Standard error over estimate in percent, nan where the fit is not usable."""
    with np.errstate(all="ignore"):
        found = 100.0 * many.stderr[name] / np.abs(many.params[name])
    return np.where(many.usable & np.isfinite(found), found, np.nan)


def map_title(many: ManyFits, name: str) -> str:
    """Where most estimates of a parameter lie."""
    found = Summary(many, name)
    if not found.count:
        return f"{name} is not known: none of {thousands(many.fits, 'fit')} is usable"
    usable = f"{found.count:,} of {thousands(many.fits, 'fit')} usable"
    if found.count == 1 or found.low == found.high:
        return f"{name} = {with_unit(number(found.median, 4), found.unit)}; {usable}"
    if found.error > 0:
        place = found.place
        ends = [rounded(v, place) + place.suffix for v in (found.low, found.high)]
    else:
        ends = [number(v, 3) for v in (found.low, found.high)]
    share = f"{MIDDLE[1] - MIDDLE[0]:.0f} %"
    return f"{name}: {with_unit(' to '.join(ends), found.unit)} in the middle {share}; {usable}"


def quality_title(many: ManyFits) -> str:
    """How many fits are usable, and the most frequent reasons why others are not."""
    good, total = many.counts.get("ok", 0), many.fits
    title = f"{good:,} of {thousands(total, 'fit')} usable"
    title += f" ({part_said(good, total)})" if 0 < good < total else ""
    out = left_out_words(many, 2)
    return f"{title}; {out}" if out else title


def left_out_words(many: ManyFits, named: int = _NAMED) -> str:
    """Fits that are not usable, by verdict, the most frequent ones named."""
    others = [(name, n) for name, n in many.counts.items() if name != "ok"]
    if len(others) > named + 1:
        others = [*others[:named], ("others", sum(n for _, n in others[named:]))]
    return ", ".join(f"{n:,} {name}" for name, n in others)


def error_words(many: ManyFits, name: str) -> str:
    """What the error of a map is, and how large."""
    errors = relative_error(many, name)
    known = errors[np.isfinite(errors)]
    if not known.size:
        return ""
    middle = number(float(np.median(known)), 2)
    return (
        f"Error: one standard error over the estimate, {many.accuracy} from the curvature of "
        f"chi-squared; median {middle} %."
    )
