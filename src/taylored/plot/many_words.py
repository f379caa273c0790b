"""What pictures of many fits say: their titles, and the statements below them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from taylored.errors import ArgumentError
from taylored.report.many import MIDDLE, Summary, part_said
from taylored.report.numbers import number, rounded, with_unit
from taylored.report.page import thousands

if TYPE_CHECKING:
    from taylored.many.result import ManyFits

__all__ = ["Errors", "chosen", "error_words", "errors_of", "label_of", "left_out_words"]
__all__ += ["map_title", "quality_title", "relative_error"]

_NAMED = 4  # verdicts that a line names
_SPREAD = 0.1  # of the size of estimates, below which they are positions rather than amounts


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


@dataclass(frozen=True, eq=False, slots=True)
class Errors:
    """Standard errors as they are drawn, nan where the fit is not usable, and their unit."""

    values: np.ndarray
    unit: str
    relative: bool

    @property
    def in_unit(self) -> str:
        """The unit as a label has it."""
        return f" ({self.unit})" if self.unit else ""


def errors_of(many: ManyFits, name: str) -> Errors:
    """Errors in percent of the estimates; as they are where these are positions.

    Of a position, which changes its sign or hardly its size, a share means nothing.
    """
    values = many.params[name][many.usable]
    if values.size and _are_positions(values):
        with np.errstate(all="ignore"):
            found = np.where(np.isfinite(many.stderr[name]), many.stderr[name], np.nan)
        return Errors(np.where(many.usable, found, np.nan), many.units.get(name, ""), False)
    return Errors(relative_error(many, name), "%", True)


def _are_positions(values: np.ndarray) -> bool:
    low, middle, high = np.percentile(values, [2.0, 50.0, 98.0]).tolist()
    return low < 0 < high or 0 < high - low < _SPREAD * abs(middle)


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


def error_words(many: ManyFits, name: str, *, drawn: bool = True) -> str:
    """What the errors are, and how large; `drawn`: a map of them stands beside."""
    errors = errors_of(many, name)
    known = errors.values[np.isfinite(errors.values)]
    if not known.size:
        return ""
    middle = with_unit(number(float(np.median(known)), 2), errors.unit)
    over = " over the estimate" if errors.relative else ""
    what = f"one standard error{over}, {many.accuracy} from the curvature of chi-squared"
    if drawn:
        return f"Error: {what}; median {middle}."
    return f"Median error: {middle} ({what}; not drawn)."
