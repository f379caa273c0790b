"""Direct labels: each beside its line, where it covers nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Label", "place_labels"]

_GAPS = (7.0, 14.0, 24.0, 38.0, 56.0, 80.0)  # pixels at 100 dpi between a line and its label
_LEADER = 20.0  # from this distance on a thin line leads from the label to its line
_ANCHORS = 60  # places along the line that are tried
_MARGIN = 3.0  # pixels at 100 dpi kept clear around a label
_SIZE = 9.0  # points


@dataclass(frozen=True, eq=False, slots=True)
class Label:
    """A text for the line (x, y), in the line's color; best on (x, middle), within its band.

    `led`: a line always leads to it from outside, for it could be taken for another's label.
    """

    text: str
    color: str
    x: np.ndarray
    y: np.ndarray
    middle: np.ndarray | None = None
    led: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class _Spot:
    """A place for a label: its anchor in data, from there to its center, its box; in pixels."""

    rank: float
    anchor: np.ndarray
    offset: np.ndarray
    box: np.ndarray
    far: bool


def place_labels(ax: Any, labels: Sequence[Label], obstacles: np.ndarray) -> list[str]:
    """Place labels in an axes whose layout is settled; returns the texts that found no place.

    `obstacles` are points (points, 2), in data coordinates, that no label may cover; the
    labeled lines are added to them. A label without a free place is left out.
    """
    lines = [np.column_stack([label.x, label.y]) for label in labels]
    taken = _pixels(ax, np.concatenate([obstacles, *lines]))
    unplaced = []
    for label in labels:
        spots = [s for s in _spots(ax, label) if not _covered(s.box, taken)]
        if spots:
            best = min(spots, key=lambda spot: spot.rank)
            _write(ax, label, best)
            taken = np.concatenate([taken, _filled(best.box)])
        else:
            unplaced.append(label.text)
    return unplaced


def _pixels(ax: Any, points: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        pixels = ax.transData.transform(points)
    return pixels[np.isfinite(pixels).all(axis=1)]


def _filled(box: np.ndarray) -> np.ndarray:
    """A label's box as points, so that the next one keeps away from it."""
    across, up = np.linspace(box[0], box[2], 30), np.linspace(box[1], box[3], 5)
    return np.array(np.meshgrid(across, up)).reshape(2, -1).T


def _covered(box: np.ndarray, taken: np.ndarray) -> bool:
    x, y = taken.T
    return bool(((x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3])).any())


def _spots(ax: Any, label: Label) -> Iterator[_Spot]:
    """The places that lie within the axes, ranked: nearest, then the right, where eyes end."""
    scale, frame = ax.figure.dpi / 100.0, ax.get_window_extent()
    width, height = _size(ax, label)
    for anchor, pixel, offset, rank, far in _candidates(ax, label, (width, height)):
        center = pixel + offset
        half = np.array([0.5 * width, 0.5 * height]) + _MARGIN * scale
        box = np.concatenate([center - half, center + half])
        inside = (box[:2] >= frame.min).all() and (box[2:] <= frame.max).all()
        if inside:
            rank = rank - 8.0 * (center[0] - frame.x0) / frame.width
            yield _Spot(rank, anchor, offset, box, far)


def _candidates(ax: Any, label: Label, size: tuple[float, float]) -> Iterator[tuple]:
    scale = ax.figure.dpi / 100.0
    if label.middle is not None:
        for anchor, pixel in _anchors(ax, label.x, label.middle):
            yield anchor, pixel, np.zeros(2), 0.0, False
    for anchor, pixel in _anchors(ax, label.x, label.y):
        for gap in _GAPS[1:] if label.led else _GAPS:  # so that the leader can be seen
            for side in (1, -1):
                for shift in (0.0, 0.5, -0.5):
                    offset = np.array([shift * size[0], side * (gap * scale + 0.5 * size[1])])
                    far = gap > _LEADER or label.led
                    yield anchor, pixel, offset, gap + 4 * abs(shift), far


def _size(ax: Any, label: Label) -> tuple[float, float]:
    text = ax.text(0, 0, label.text, fontsize=_SIZE, parse_math=False)
    box = text.get_window_extent()
    text.remove()
    return box.width, box.height


def _anchors(ax: Any, x: np.ndarray, y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Places on a line that can be seen, in data and in pixels, evenly over its points."""
    points = np.column_stack([x, y])
    with np.errstate(all="ignore"):
        pixels = ax.transData.transform(points)
        frame = ax.get_window_extent()
        seen = ((pixels >= frame.min) & (pixels <= frame.max)).all(axis=1)
    kept = np.flatnonzero(seen)
    if not len(kept):
        return []
    chosen = kept[np.unique(np.linspace(0, len(kept) - 1, _ANCHORS).round().astype(int))]
    return [(points[i], pixels[i]) for i in chosen]


def _write(ax: Any, label: Label, spot: _Spot) -> None:
    leader = {"arrowstyle": "-", "color": label.color, "lw": 0.7, "shrinkA": 1, "shrinkB": 1}
    ax.annotate(
        label.text, tuple(spot.anchor), tuple(spot.offset * 72.0 / ax.figure.dpi),
        textcoords="offset points", ha="center", va="center", fontsize=_SIZE, color=label.color,
        parse_math=False, arrowprops=leader if spot.far else None, zorder=6,
    )  # fmt: skip
