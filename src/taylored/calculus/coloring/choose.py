"""The choice among the colorings: the fewest passes, and among equals the simplest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from taylored.calculus.coloring import bounds
from taylored.calculus.coloring.acyclic import acyclic
from taylored.calculus.coloring.bidirectional import bicolor, sources
from taylored.calculus.coloring.effort import Effort
from taylored.calculus.coloring.greedy import compress, first_fit, iterate, orders
from taylored.calculus.coloring.grids import linear
from taylored.calculus.coloring.pattern import Pattern
from taylored.calculus.coloring.result import Coloring
from taylored.calculus.coloring.star import star_fit, star_orders
from taylored.calculus.coloring.substitution import Plan, direct, prune, substitute

__all__ = ["color"]

_Found = tuple[np.ndarray | None, np.ndarray | None, int]  # colors of columns, of rows; passes
_DEEPEST = 16  # substitutions one after another, at most: rounding errors add up along them


class _Symmetric(NamedTuple):
    kind: str
    colors: np.ndarray
    passes: int
    plan: Plan | None = None


def color(
    indptr: np.ndarray,
    indices: np.ndarray,
    shape: tuple[int, int],
    *,
    symmetric: bool = False,
    forward: bool = True,
    reverse: bool = True,
    bidirectional: bool = True,
    substitution: bool = True,
    lower: int | None = None,
) -> Coloring:
    """Find few products that give every entry of a matrix of this pattern (CSR).

    `indptr`, `indices`: sorted, without repetitions; `shape` (m, n). `symmetric`: the values
    are symmetric, and passes are products `H @ seed`; else `forward` and `reverse` say which
    products exist. `bidirectional` allows both together, `substitution` allows entries that
    follow from others (16 deep at most). `lower`: a bound known already; the search stops there.

    Raises ValueError where neither direction is allowed or a symmetric pattern is not one.
    """
    pattern = Pattern(indptr, indices, shape)
    if symmetric and not pattern.is_symmetric():
        raise ValueError(
            f"a pattern of shape {pattern.shape} given as symmetric has entries (i, j) without "
            "(j, i): intersect it with its transpose first"
        )
    if not (symmetric or forward or reverse):
        raise ValueError("neither forward nor reverse passes are allowed: nothing can be computed")
    if pattern.nnz == 0:
        return Coloring("empty", None, None, 0, 0, 0, "there are no entries")
    if symmetric:
        return _symmetric(pattern, substitution, lower or 0)
    return _general(pattern, (forward, reverse), bidirectional, lower or 0)


def _one_way(pattern: Pattern, lower: int) -> tuple[np.ndarray, int]:
    """Colors of the columns alone: greedy orders, recoloring, closed forms, until `lower`."""
    filled = pattern.transpose.degrees > 0
    if int(filled.sum()) == int(pattern.degrees.max()):  # a row holds them all
        return compress(np.where(filled, np.arange(pattern.shape[1], dtype=np.int32), -1))
    effort = Effort(pattern)
    best, k = None, pattern.shape[1] + 1
    price = 0.35 * pattern.nnz + 0.3 * pattern.shape[1]
    for turn, order in enumerate(orders(pattern)):
        trial, used = compress(first_fit(pattern, order))
        if used < k:
            best, k = trial, used
        if turn == 0 and k > lower:
            form = linear(pattern, k, lower, effort)
            if form is not None:
                best, k = form, int(form.max()) + 1
        if k <= lower or turn == 7 or not effort.take(price):
            break
        if turn and effort.left < 0.4 * Effort(pattern).left:
            break
    assert best is not None
    return compress(iterate(pattern, best, effort, lower))


def _general(
    pattern: Pattern, allowed: tuple[bool, bool], bidirectional: bool, known: int
) -> Coloring:
    wide, tall = int(pattern.degrees.max()), int(pattern.transpose.degrees.max())
    floor = min(b for b, ok in zip((wide, tall), allowed, strict=True) if ok)
    both = bidirectional and all(allowed)
    reason = f"some row holds {wide} entries, and a pass gives one number per row"
    if not allowed[0]:
        reason = f"some column holds {tall} entries, and a pass gives one number per column"
    elif allowed[1]:
        reason = f"some row holds {wide} entries and some column {tall}; a pass gives one of each"
    if both:
        floor = bounds.both_ways(pattern, floor)
        reason = (
            f"{floor - 1} passes, one number per row or per column each, "
            "give fewer numbers than there are entries"
        )
    if known > floor:
        reason = "the caller gave this bound"
    lower = max(floor, known)
    found: _Found = (None, None, sum(pattern.shape) + 1)
    # Where rows and columns are dense, two directions first: one could not win any more.
    turns = ("both", "one") if both and min(wide, tall) > 2 * lower else ("one", "both")
    for turn in turns:
        if turn == "one":
            found = _unidirectional(pattern, (wide, tall), allowed, (lower, found))
        elif both and found[2] > max(lower, 2):
            effort = Effort(pattern, 3.0 if turns[0] == "both" else 0.5)
            pair = bicolor(pattern, found[2], lower, effort)
            if pair is not None:
                found = (*pair, sum(int(c.max()) + 1 for c in pair))
    return _finish(pattern, found[0], found[1], lower, reason)


def _unidirectional(
    pattern: Pattern,
    widths: tuple[int, int],
    allowed: tuple[bool, bool],
    known: tuple[int, _Found],
) -> _Found:
    """Colors of the columns or of the rows where they are as few as what was found before."""
    lower, best = known
    turns = [side for side in (0, 1) if allowed[side]]
    for side in sorted(turns, key=lambda s: (widths[s], s)):
        simpler = best[1] is not None and (best[0] is not None or side == 0)
        if widths[side] > best[2] or (widths[side] == best[2] and not simpler):
            continue
        colors, k = _one_way(pattern if side == 0 else pattern.transpose, max(widths[side], lower))
        if k < best[2] or (k == best[2] and simpler):
            best = (colors, None, k) if side == 0 else (None, colors, k)
    return best


def _finish(
    pattern: Pattern,
    columns: np.ndarray | None,
    rows: np.ndarray | None,
    lower: int,
    reason: str,
) -> Coloring:
    m, n = pattern.shape
    columns = None if columns is None or columns.max() < 0 else columns
    rows = None if rows is None or rows.max() < 0 else rows
    nothing = [np.full(size, -1, dtype=np.int32) for size in (n, m)]
    source = sources(
        pattern,
        nothing[0] if columns is None else columns,
        nothing[1] if rows is None else rows,
    )
    assert source is not None, "a coloring that does not give every entry"
    kind = "row" if columns is None else "column" if rows is None else "bidirectional"
    counts = [0 if c is None else int(c.max()) + 1 for c in (columns, rows)]
    return Coloring(kind, columns, rows, counts[0], counts[1], lower, reason, source)


def _symmetric(pattern: Pattern, substitution: bool, known: int) -> Coloring:
    wide = int(pattern.degrees.max())
    floor = bounds.symmetric(pattern, wide)
    reason = "a pass gives one number per row, and rows i <= j hold more entries than that"
    if floor == 1:
        reason = "there are entries"
    if not substitution and floor < 3 and bounds.has_path(pattern):
        floor, reason = 3, "two colors cannot tell the entries along a path of four apart"
    if known > floor:
        reason = "the caller gave this bound"
    lower = max(floor, known)
    turns = [_columns, _trees, _stars] if substitution else [_columns, _stars]
    if wide > 4 * lower:  # dense rows: columns alone can hardly win any more
        turns = [_stars, *turns[:-1]]
    found = _Symmetric("", np.zeros(0), pattern.shape[0] + 1)
    for turn in turns:
        if found.passes > lower or found.kind == "acyclic":
            found = turn(pattern, lower, found)
    source = None
    if found.plan is None:
        source = direct(pattern, found.colors)
        assert source is not None, "a coloring that does not give every entry"
    return Coloring(
        found.kind, found.colors, None, found.passes, 0, lower, reason, source, found.plan
    )


def _columns(pattern: Pattern, lower: int, best: _Symmetric) -> _Symmetric:
    wide = int(pattern.degrees.max())
    if wide > best.passes:
        return best
    colors, k = _one_way(pattern, max(wide, lower))
    return _Symmetric("column", colors, k) if k <= best.passes else best


def _stars(pattern: Pattern, lower: int, best: _Symmetric) -> _Symmetric:
    """A star coloring, of fewer colors or as few as substitution needs."""
    full = int((pattern.indices == pattern.rows).sum()) == pattern.shape[0]
    effort = Effort(pattern)
    for order in star_orders(pattern.neighbors, 8):
        enough = best.passes if best.kind == "acyclic" else best.passes - 1
        if enough < lower or (enough == 2 and bounds.has_path(pattern)):
            break
        # Colors can be dropped only where diagonal entries are missing.
        colors = star_fit(pattern.neighbors, order, enough if full else pattern.shape[0])
        if colors is not None:
            colors = prune(pattern, colors)
            if int(colors.max()) < enough:
                best = _Symmetric("star", colors, int(colors.max()) + 1)
        if not effort.take((1.2 if colors is not None else 0.3) * pattern.nnz + 100):
            break
    return best


def _trees(pattern: Pattern, lower: int, best: _Symmetric) -> _Symmetric:
    """An acyclic coloring with fewer colors, and among them one with short substitutions."""
    if best.passes <= max(lower, 2):
        return best
    for colors in acyclic(pattern, Effort(pattern, 0.7), best.passes):
        used = int(colors.max()) + 1
        equal = best.plan is not None and used == best.passes
        if used < best.passes or equal:
            plan = substitute(pattern, colors, _DEEPEST)
            if plan is not None and not (equal and best.plan and plan.depth >= best.plan.depth):
                best = _Symmetric("acyclic", colors, used, plan)
        if best.passes <= lower:
            break
    return best
