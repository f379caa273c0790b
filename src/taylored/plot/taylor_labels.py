"""Where the labels of a Taylor picture go: beside their own line, and never beyond the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from taylored.plot.labels import Label, place_labels
from taylored.plot.taylor_curves import Curves

__all__ = ["NOWHERE", "Found", "beyond", "kept_clear", "place_apart"]

NOWHERE = np.empty((0, 2))
# Labels, each with the points that it alone must not cover, and the points that none may.
Found = tuple[list[tuple[Label, np.ndarray]], np.ndarray]


def place_apart(ax: Any, labels: list[tuple[Label, np.ndarray]], obstacles: np.ndarray) -> None:
    """Place labels one after the other, each with obstacles of its own."""
    for label, own in labels:
        before = set(ax.texts)
        place_labels(ax, [label], np.concatenate([obstacles, own]))
        for text in set(ax.texts) - before:
            extent = text.get_window_extent()
            extent = extent.padded(
                1.5 * extent.height, 0.3 * extent.height
            )  # two labels in a row are not one
            (x0, y0), (x1, y1) = ax.transData.inverted().transform(extent)
            grid = np.meshgrid(np.linspace(x0, x1, 30), np.linspace(y0, y1, 5))
            obstacles = np.concatenate([obstacles, np.column_stack([g.ravel() for g in grid])])


def beyond(c: Curves, other: np.ndarray, own: np.ndarray, span: float) -> np.ndarray:
    """Points just past the other curve, seen from one's own, where the two are apart."""
    with np.errstate(invalid="ignore"):
        apart = np.abs(other - own) > 0.02 * span
        side = np.sign(other - own) * span
    shares = (0.02, 0.05, 0.08, 0.11, 0.14, 0.17, 0.20)
    return np.concatenate([np.column_stack([c.x, other + s * side])[apart] for s in shares])


def kept_clear(ax: Any, c: Curves, upright: list[float]) -> list[np.ndarray]:
    """The hatched parts beside the box, the words at the top and upright lines, as points."""
    low, high = ax.get_ylim()
    across = np.linspace(*c.view, 80)
    taken = [np.column_stack([across, np.full(80, high - s * (high - low))]) for s in (0.03, 0.09)]
    taken += [np.column_stack([np.full(30, x), np.linspace(low, high, 30)]) for x in upright]
    if c.band is None:
        return taken
    for ends in c.unknown:
        grid = np.meshgrid(np.linspace(*ends, 6), np.linspace(low, high, 30))
        taken.append(np.column_stack([g.ravel() for g in grid]))
    return taken
