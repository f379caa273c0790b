"""The residuals of all rows, looked at in one pass: the largest of them, runs, neighbors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from taylored.evaluate import ModelFunctions
from taylored.many.big.factor import BLOCK
from taylored.many.big.pieces import Ready, Recipe, traces_of
from taylored.results import Finding
from taylored.tables import counted

if TYPE_CHECKING:
    from taylored.many.big.result import BigFit

__all__ = ["Examined", "examine"]

_SHOWN = 10
_RARE = 1e-3


@dataclass(frozen=True, eq=False, slots=True)
class Examined:
    """What the residuals of all rows look like, in the order of the data.

    `largest` are the residuals farthest from zero, in units of their scatter, at `rows` (counted
    from 1 among the rows used). `runs_p` is the probability of as few or as many runs of signs
    by chance, `neighbors` the correlation of each residual with the next, `skewness` and
    `kurtosis` (excess) zero for normal residuals.
    """

    points: int
    scatter: float
    largest: np.ndarray
    rows: np.ndarray
    runs: int
    runs_p: float
    neighbors: float
    skewness: float
    kurtosis: float
    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        far = ", ".join(f"{v:.3g} (row {r})" for v, r in zip(self.largest, self.rows, strict=True))
        lines = [
            f"Residuals of {counted(self.points, 'point')}, scatter {self.scatter:.4g}",
            f"  runs of signs      {self.runs} (p = {self.runs_p:.2g})",
            f"  neighbors          {self.neighbors:+.3f}",
            f"  skewness, kurtosis {self.skewness:+.3f}, {self.kurtosis:+.3f} (normal: 0, 0)",
            *wrap(f"  largest            {far}", 80, subsequent_indent=" " * 21),
            *(line for f in self.findings
              for line in wrap(f"{f.message} {f.next_step}".strip(), 80)),
        ]  # fmt: skip
        return "\n".join(lines)


class _Sums(NamedTuple):
    """Sums over the rows of a part: r, r**2, r**3, r**4, r*next; signs; ends; the largest."""

    points: int
    powers: np.ndarray
    products: float
    above: int
    runs: int
    first: float
    last: float
    largest: np.ndarray
    rows: np.ndarray


def residual_task(
    recipe: Recipe, ready: Ready, index: int, theta: np.ndarray, model: Sequence[tuple]
) -> _Sums:
    """What a worker is asked for; `model` is (full, free)."""
    full, free = model
    with np.errstate(all="ignore"):
        parts = []
        for i in range(0, len(ready.y), BLOCK):
            rows = slice(i, i + BLOCK)
            data, y = tuple(d[rows] for d in ready.data), ready.y[rows]
            functions = ModelFunctions(traces_of(recipe, data), data, full, free, len(y), "numpy")
            r = y - functions.value(theta)
            parts.append(_sums(r if ready.sigma is None else r / ready.sigma[rows]))
    return _together(parts)


def _sums(r: np.ndarray) -> _Sums:
    powers = np.array([float((r**k).sum()) for k in (1, 2, 3, 4)])
    signs = r > 0
    far = np.argsort(-np.abs(r), kind="stable")[:_SHOWN]
    return _Sums(
        len(r), powers, float((r[1:] * r[:-1]).sum()), int(signs.sum()),
        1 + int((signs[1:] != signs[:-1]).sum()), float(r[0]), float(r[-1]), r[far], far,
    )  # fmt: skip


def _together(parts: Sequence[_Sums]) -> _Sums:
    parts = [p for p in parts if p.points]
    if not parts:
        nothing = np.zeros(0)
        return _Sums(0, np.zeros(4), 0.0, 0, 0, 0.0, 0.0, nothing, nothing.astype(int))
    meeting = list(pairwise(parts))
    offsets = np.cumsum([0, *(p.points for p in parts[:-1])])
    largest = np.concatenate([p.largest for p in parts])
    rows = np.concatenate([p.rows + o for p, o in zip(parts, offsets, strict=True)])
    far = np.argsort(-np.abs(largest), kind="stable")[:_SHOWN]
    return _Sums(
        sum(p.points for p in parts), np.sum([p.powers for p in parts], axis=0),
        sum(p.products for p in parts) + sum(a.last * b.first for a, b in meeting),
        sum(p.above for p in parts),
        sum(p.runs for p in parts) - sum((a.last > 0) == (b.first > 0) for a, b in meeting),
        parts[0].first, parts[-1].last, largest[far], rows[far],
    )  # fmt: skip


def examine(fit: BigFit) -> Examined:
    """One pass over all rows at the parameters of the fit."""
    runner = fit.setup.chunked.functions.passes.runner  # type: ignore[attr-defined]
    params = fit.setup.params
    model = (params.values, params.free)
    found = _together(runner.each(residual_task, fit.solution.point.theta, model))
    n = found.points
    mean, square, cube, fourth = found.powers / n
    with np.errstate(all="ignore"):
        variance = square - mean**2
        skewness = (cube - 3 * mean * square + 2 * mean**3) / variance**1.5
        kurtosis = (fourth - 4 * mean * cube + 6 * mean**2 * square - 3 * mean**4) / variance**2
        neighbors = found.products / found.powers[1]
        scatter = float(np.sqrt(found.powers[1] / max(fit.dof, 1)))
        largest = found.largest / scatter
    runs_p = _runs_p(n, found.above, found.runs)
    findings = tuple(_findings(fit, largest, found.rows, runs_p)) if square > 0 else ()
    return Examined(n, scatter, largest, found.rows + 1, found.runs, runs_p, float(neighbors),
                    float(skewness), float(kurtosis - 3.0), findings)  # fmt: skip


def _runs_p(points: int, above: int, runs: int) -> float:
    """The probability of as few or as many runs of signs by chance (Wald and Wolfowitz 1940)."""
    from scipy.special import ndtr

    below = points - above
    if min(above, below) < 4:
        return np.nan
    mean = 1.0 + 2.0 * above * below / points
    variance = (mean - 1.0) * (mean - 2.0) / (points - 1.0)
    distance = max(abs(runs - mean) - 0.5, 0.0) / np.sqrt(variance)
    return float(2.0 * ndtr(-distance))


def _findings(
    fit: BigFit, largest: np.ndarray, rows: np.ndarray, runs_p: float
) -> Iterator[Finding]:
    from taylored.regression.findings import outlier_limit

    if runs_p < _RARE:
        yield Finding("pattern", "the signs of the residuals follow a pattern in the order of the "
                      f"data (p = {runs_p:.1g}): the model misses something, and intervals are "
                      "too narrow or too wide.", "Extend the model.", "warning")  # fmt: skip
    far = np.abs(largest) > outlier_limit(fit.points)
    if far.any():
        shown = ", ".join(str(int(r) + 1) for r in rows[far][:5])
        count = f"at least {far.sum()}" if far.all() else str(int(far.sum()))
        yield Finding("outliers", f"{count} point{'s' if far.sum() > 1 else ''} (row {shown} of "
                      "those used) lie farther from the curve than chance allows.",
                      "Look at them; do not drop them unseen.", "warning")  # fmt: skip
