"""Candidates without holes: positions as close as the widths that go with them, sizes by octaves.

A peak is found only from a start that overlaps with it. Narrow widths therefore come with close
positions, wide ones with few, as wavelets tile a line; frequencies come by fractions of a wave.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import log2, pi

import numpy as np

from taylored.many.equal import Phase
from taylored.optimize.starts import ParameterScale
from taylored.regression.search import dimensions, scales
from taylored.regression.setup import Setup

__all__ = ["position_of", "tiled"]

_MOST = 1024
_BEYOND = 0.2  # of the range, that positions are looked for beyond the data
_OVERLAP = 0.7  # of a width, between neighboring positions
_NUMBERS = (0.25, 0.5, 1.0, 1.5, 2.0, 4.0)  # sizes of pure numbers, such as exponents


def position_of(setup: Setup, parameter: int) -> int | None:
    """The column from which a parameter is subtracted; None where it is no position."""
    program, columns = setup.traces.program, len(setup.model.columns)
    size = dimensions(setup)[parameter]
    if program is None or (size is not None and sum(map(abs, size)) != 1.0):
        return None
    number = columns + parameter
    for equation in program.equations:
        if equation.primitive == "sub" and number in equation.inputs:
            for other in equation.inputs:
                if isinstance(other, int) and other < columns:
                    return other
    return None


def tiled(
    setup: Setup, bent: Sequence[int], phases: Sequence[Phase], positive: Sequence[int]
) -> np.ndarray | None:
    """Candidates of the parameters at the places `bent` among the free ones, (starts, bent).

    Those in `positive` have no sign. None where a parameter's size is not known from the data's.
    """
    sizes, known, free = dimensions(setup), scales(setup), setup.params.free
    angles = dict(phases)
    lists: list[np.ndarray | None] = []
    widths: dict[int, int] = {}  # searched parameter -> column it is a width along
    columns: dict[int, int] = {}  # searched parameter -> column it is a position in
    for j, i in enumerate(bent):
        size, column = sizes[free[i]], position_of(setup, free[i])
        if j in angles:
            lists.append(np.arange(0.0, 2.0 if angles[j] is None else 1.0, 0.5) * pi)
        elif column is not None:
            columns[j] = column
            lists.append(None)
        elif size is None or size[-1]:
            return None
        else:
            values = _values(setup, known[i], size, len(bent))
            if any(e > 0 for e in size[:-1]):
                widths[j] = next(c for c, e in enumerate(size[:-1]) if e > 0)
            lists.append(values if i in positive else np.concatenate([values, -values]))
    for coarser in np.geomspace(1.0, 16.0, 9):
        found = _product(setup, lists, (widths, columns), coarser)
        if len(found) <= _MOST:
            break
    return found[np.linspace(0, len(found) - 1, min(len(found), _MOST)).astype(int)]


def _values(setup: Setup, scale: ParameterScale, size: Sequence[float], count: int) -> np.ndarray:
    """Sizes of one parameter that the data can tell."""
    places = [len(np.unique(v)) for v, power in zip(setup.data, size, strict=False) if power]
    points = max(max(places, default=0), 4)
    if scale.rate is not None:
        rates = abs(scale.rate) * (np.arange(2 * min(points, 400)) + 0.5) / (2 * min(points, 400))
        return 1.0 / rates if scale.rate < 0 else rates
    if not any(size):
        return np.array(_NUMBERS)
    typical = 1.0
    for values, power in zip(setup.data, size, strict=False):
        typical *= (float(np.ptp(values)) or 1.0) ** power
    octaves = np.arange(0.5 - log2(points), 2.0, 0.25 if count == 1 else 1.0)
    octaves = octaves if sum(size) >= 0 else -octaves
    return typical * 2.0 ** (octaves * max(1.0, sum(map(abs, size))))


def _product(
    setup: Setup, lists: Sequence[np.ndarray | None],
    places: tuple[dict[int, int], dict[int, int]], coarser: float,
) -> np.ndarray:  # fmt: skip
    """All combinations, the positions as close as the widths among the others ask for."""
    widths, columns = places
    found = []
    for others in product(*(v for v in lists if v is not None)):
        rest = iter(others)
        row = [None if v is None else next(rest) for v in lists]
        grids = []
        for j, value in enumerate(row):
            if value is None:
                along = [abs(row[k] or np.inf) for k, c in widths.items() if c == columns[j]]
                grids.append(_grid(setup.data[columns[j]], min(along, default=np.inf), coarser))
            else:
                grids.append(np.array([value]))
        found.append(np.stack([g.ravel() for g in np.meshgrid(*grids, indexing="ij")], axis=1))
    return np.concatenate(found) if found else np.zeros((1, 0))


def _grid(values: np.ndarray, width: float, coarser: float) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    span = high - low or 1.0
    step = np.clip(_OVERLAP * width * coarser, span / (2.0 * len(values)), span / 4.0)
    return np.arange(low - _BEYOND * span, high + _BEYOND * span + step, step)
