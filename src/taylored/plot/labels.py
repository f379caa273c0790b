"""Direct labels: each beside its line, where it covers nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Label", "place_labels"]

_GAPS = (7.0, 14.0, 24.0, 38.0, 56.0, 80.0)  # pixels at 100 dpi between a line and its label
_LEADER = 20.0  # from this distance on a thin line leads from the label to its line
_ANCHORS = 60  # places along the line that are tried
_MARGIN = 4.0  # pixels kept clear around a label


@dataclass(frozen=True, eq=False, slots=True)
class Label:
    """A text for the line (x, y), in the line's color; a `fallback` is placed if all else fails."""

    text: str
    color: str
    x: np.ndarray
    y: np.ndarray
    always: bool = False


def place_labels(ax: Any, labels: Sequence[Label], obstacles: np.ndarray) -> list[str]:
    """Place labels in an axes whose layout is settled; returns the texts that found no place.

    `obstacles` are points (points, 2), in data coordinates, that no label may cover; the
    labeled lines are added to them.
    """
    lines = [np.column_stack([label.x, label.y]) for label in labels]
    taken = _pixels(ax, np.concatenate([obstacles, *lines]))
    unplaced = []
    for label in labels:
        spot = _best(ax, label, taken)
        if spot is None:
            unplaced.append(label.text)
            continue
        _write(ax, label, *spot[:2])
        taken = np.concatenate([taken, _filled(spot[2])])
    return unplaced


def _pixels(ax: Any, points: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        pixels = ax.transData.transform(points)
    return pixels[np.isfinite(pixels).all(axis=1)]


def _filled(box: np.ndarray) -> np.ndarray:
    """A label's box as points, so that the next one keeps away from it."""
    across, up = np.linspace(box[0], box[2], 30), np.linspace(box[1], box[3], 5)
    return np.array(np.meshgrid(across, up)).reshape(2, -1).T


def _size(ax: Any, label: Label) -> tuple[float, float]:
    text = ax.text(0, 0, label.text, fontsize=9.0, parse_math=False)
    box = text.get_window_extent(ax.figure.canvas.get_renderer())
    text.remove()
    return box.width, box.height


def _best(ax: Any, label: Label, taken: np.ndarray) -> tuple | None:
    """The free spot nearest to the line: (anchor in data, offset in pixels, box in pixels)."""
    scale = ax.figure.dpi / 100.0
    width, height = _size(ax, label)
    frame = ax.get_window_extent()
    spots = []
    for anchor, pixel in _anchors(ax, label):
        for gap in _GAPS:
            for side in (1, -1):
                for shift in (0.0, 0.5, -0.5):
                    center = pixel + (shift * width, side * (gap * scale + 0.5 * height))
                    box = _around(center, width, height, scale)
                    inside = frame.x0 <= box[0] and box[2] <= frame.x1
                    inside &= frame.y0 <= box[1] and box[3] <= frame.y1
                    if inside and not _covered(box, taken):
                        # Nearest first; among equals the one to the right, where eyes end.
                        rank = gap + 4 * abs(shift) - 8 * (pixel[0] - frame.x0) / frame.width
                        spots.append((rank, anchor, center - pixel, box))
    if not spots:
        return None
    return min(spots, key=lambda spot: spot[0])[1:]


def _anchors(ax: Any, label: Label) -> list[tuple[np.ndarray, np.ndarray]]:
    points = np.column_stack([label.x, label.y])
    with np.errstate(all="ignore"):
        pixels = ax.transData.transform(points)
    frame = ax.get_window_extent()
    seen = np.isfinite(pixels).all(axis=1)
    seen &= (pixels[:, 0] >= frame.x0) & (pixels[:, 0] <= frame.x1)
    seen &= (pixels[:, 1] >= frame.y0) & (pixels[:, 1] <= frame.y1)
    kept = np.flatnonzero(seen)
    chosen = kept[np.unique(np.linspace(0, len(kept) - 1, _ANCHORS).round().astype(int))] if (
        len(kept)) else kept  # fmt: skip
    return [(points[i], pixels[i]) for i in chosen]


def _around(center: np.ndarray, width: float, height: float, scale: float) -> np.ndarray:
    half = np.array([0.5 * width, 0.5 * height]) + _MARGIN * scale
    return np.concatenate([center - half, center + half])


def _covered(box: np.ndarray, taken: np.ndarray) -> bool:
    x, y = taken.T
    return bool(((x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3])).any())


def _write(ax: Any, label: Label, anchor: np.ndarray, offset: np.ndarray) -> None:
    scale = ax.figure.dpi / 72.0
    far = abs(offset[1]) > _LEADER * ax.figure.dpi / 100.0
    leader = {"arrowstyle": "-", "color": label.color, "lw": 0.7, "shrinkA": 1, "shrinkB": 1}
    ax.annotate(
        label.text, tuple(anchor), tuple(offset / scale), textcoords="offset points",
        ha="center", va="center", fontsize=9.0, color=label.color, parse_math=False,
        arrowprops=leader if far else None, zorder=6,
    )  # fmt: skip
