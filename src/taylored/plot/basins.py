"""Which root Newton's method finds from where: basins of attraction in the plane."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.errors import ArgumentError, MissingRule
from taylored.plot.plane import turned
from taylored.plot.style import INK, name_axes, new_figure, state, styled
from taylored.plot.titles import entitle
from taylored.report.letters import visible
from taylored.report.page import thousands
from taylored.report.root import equation_said

if TYPE_CHECKING:
    from taylored.optimize.roots.collection import Roots
    from taylored.optimize.roots.result import Root

__all__ = ["Basins", "basins_of", "draw_basins", "plot_basins"]

# Blue, orange, purple, yellow, brown, sky, pink, olive: told apart by everyone, also when darker.
COLORS = ("#2B6CB0", "#E8871E", "#7B3FA0", "#E3C22F", "#7A4B22", "#6DB6E8", "#D987B5", "#8C8C3A")
NOWHERE = "#D7DADD"
_SIDE = 401
_STEPS = 40
_FACTS = 118


class Basins:
    """For a grid of starts (y, x): the number of the root that is reached, -1 for none, and after
    how many steps; `roots` (roots, 2) are the roots reached, those given first."""

    def __init__(self, x: np.ndarray, y: np.ndarray, which: np.ndarray, steps: np.ndarray,
                 roots: np.ndarray):  # fmt: skip
        self.x, self.y, self.which, self.steps, self.roots = x, y, which, steps, roots


def plot_basins(result: Root | Roots, ax: Any = None) -> Any:
    """Color each start by the root to which plain Newton steps lead, darker the longer it takes.

    Args:
        result: a `Root` or `Roots` of two equations in two unknowns, given as formulas or as
            functions of numbers.
        ax: axes to draw in (default: a new figure).

    Returns:
        The axes.

    Raises:
        ArgumentError: for other systems.
    """
    with styled():
        if ax is None:
            return draw_basins(new_figure(), result)
        return _draw(result, ax, whole=False)


def draw_basins(figure: Any, result: Root | Roots) -> Any:
    """Draw into an empty figure, within a style; returns the axes."""
    return _draw(result, figure.subplots(), whole=True)


def basins_of(result: Root | Roots, side: int = _SIDE) -> Basins:
    """Plain Newton steps from every start of a grid at once.

    Raises:
        ArgumentError: where the system is not of two equations in two plain numbers.
    """
    known, view = _known_and_view(result)
    x, y = (np.linspace(low, high, side) for low, high in view)
    step = _newton(result.system)
    points = np.stack(np.meshgrid(x, y)).reshape(2, -1)
    taken = np.full(points.shape[1], _STEPS, np.int16)
    open_ = np.arange(points.shape[1])
    scale = np.array([[view[0][1] - view[0][0]], [view[1][1] - view[1][0]]])
    with np.errstate(all="ignore"):
        for number in range(_STEPS):
            move = step(points[:, open_])
            points[:, open_] -= move
            small = (np.abs(move) < 1e-9 * scale).all(axis=0)
            taken[open_[small]] = number
            open_ = open_[~small & np.isfinite(points[:, open_]).all(axis=0)]
            if not len(open_):
                break
    reached = taken < _STEPS
    which, roots = _sorted_out(points, reached, known, scale)
    shape = (side, side)
    return Basins(x, y, which.reshape(shape), taken.reshape(shape), roots)


def _known_and_view(result: Any) -> tuple[np.ndarray, tuple[tuple[float, float], ...]]:
    """The roots (roots, 2), and the ends along both unknowns."""
    system = result.system
    if system.variables != 2 or system.equations != 2:
        counts = f"{system.equations} equations in {system.variables} unknowns"
        raise ArgumentError(
            "Basins are drawn for two equations in two unknowns.", why=f"here are {counts}.",
            next_step="plot() draws the way to the root.",
        )  # fmt: skip
    if hasattr(result, "items"):
        known = np.array([r.point for r in result.items]).reshape(-1, 2)
        low, high = result.low, result.high
        return known, tuple((float(a), float(b)) for a, b in zip(low, high, strict=True))
    known = result.point[None] if result.kind == "root" else np.empty((0, 2))
    start = result.path.x[0] if len(result.path) else result.point
    return known, _square(result.point, start)


def _square(root: np.ndarray, start: np.ndarray) -> tuple[tuple[float, float], ...]:
    """Around 0 so that both are in it; around the root where both are far from 0."""
    apart, size = float(np.abs(start - root).max()), float(np.abs(root).max())
    center = root if size > 20.0 * apart > 0 else np.zeros(2)
    half = 1.3 * float(max(np.abs(root - center).max(), np.abs(start - center).max())) or 1.0
    return tuple((float(c - half), float(c + half)) for c in center)


def _newton(system: Any) -> Callable[[np.ndarray], np.ndarray]:
    """(2, points) -> (2, points) the Newton step of each, from programs run on arrays."""
    from taylored.readings.derivative import derivative
    from taylored.readings.numpy import compile_numpy
    from taylored.trace.program import Constant

    if any(shape != () for shape in system.shapes):
        raise ArgumentError(
            "Basins are drawn for formulas, or functions of two plain numbers.",
            next_step="write the function with two arguments.",
        )
    try:
        made, table = derivative(system.program, range(2))
        slopes = [Constant(0.0) if a is None else a for row in table for a in row]
        values, first = compile_numpy(system.program), compile_numpy(made.keep(slopes))
    except MissingRule as error:
        raise ArgumentError("Basins need derivatives by NumPy.", why=error.what) from None

    def step(points: np.ndarray) -> np.ndarray:
        size = points.shape[1:]
        f, g = (np.broadcast_to(v, size) for v in values(*points))
        a, b, c, d = (np.broadcast_to(v, size) for v in first(*points))
        determinant = a * d - b * c
        return np.stack([(d * f - b * g) / determinant, (a * g - c * f) / determinant])

    return step


def _sorted_out(
    points: np.ndarray, reached: np.ndarray, known: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The number of the root at each end point; roots that were not known are appended."""
    which = np.full(points.shape[1], -1)
    roots = [np.asarray(r, float) for r in known]
    left = reached & np.isfinite(points).all(axis=0)
    for number in range(64):
        if number >= len(roots):
            rest = np.flatnonzero(left & (which < 0))
            if not len(rest):
                break
            roots.append(points[:, rest[len(rest) // 2]])
        near = (np.abs(points - roots[number][:, None]) < 1e-6 * scale).all(axis=0)
        which[left & near & (which < 0)] = number
    return which, np.array(roots).reshape(-1, 2)


def _draw(result: Root | Roots, ax: Any, *, whole: bool) -> Any:
    found, order = basins_of(result), turned(result.names)
    turn = order == [1, 0]
    x, y = (found.y, found.x) if turn else (found.x, found.y)
    image = _image(found)
    image = np.swapaxes(image, 0, 1) if turn else image
    extent = (x[0], x[-1], y[0], y[-1])
    ax.imshow(
        image, origin="lower", extent=extent, aspect="auto", interpolation="nearest", zorder=1
    )
    width, height = x[-1] - x[0], y[-1] - y[0]
    if max(width, height) < 3.0 * min(width, height):
        ax.set_aspect("equal", adjustable="box", anchor="W")
    ax.grid(visible=False)
    for number, root in enumerate(found.roots[:, order], 1):
        if x[0] <= root[0] <= x[-1] and y[0] <= root[1] <= y[-1]:
            ax.plot(*root, "o", ms=15, mfc="white", mec=INK, mew=1.0, zorder=4)
            ax.annotate(str(number), tuple(root), ha="center", va="center", fontsize=9, color=INK,
                        fontweight="bold", zorder=5)  # fmt: skip
    ax.set_xlim(x[0], x[-1])
    ax.set_ylim(y[0], y[-1])
    names = [visible(str(result.names[k])) for k in order]
    name_axes(ax, f"start, {names[0]}", f"start, {names[1]}")
    _legend(ax, found, order, names)
    entitle(ax, _verdict(found), whole=whole)
    state(ax, _statement(result, found)[: None if whole else 1], whole=whole)
    return ax


def _image(found: Basins) -> np.ndarray:
    """(y, x, 3): the color of the root, darker the more steps it takes; grey for none."""
    from matplotlib.colors import to_rgb

    palette = np.array([to_rgb(COLORS[k % len(COLORS)]) for k in range(max(len(found.roots), 1))])
    image = palette[np.maximum(found.which, 0)]
    usual = max(float(np.quantile(found.steps[found.which >= 0], 0.97)), 4.0) if (
        found.which >= 0).any() else 1.0  # fmt: skip
    depth = np.clip(found.steps / usual, 0.0, 1.0)[..., None]
    pale = 1.0 - (1.0 - image) * 0.62  # from few steps, pale, to many, dark
    shaded = pale * (1.0 - depth) + 0.55 * image * depth
    shaded[found.which < 0] = to_rgb(NOWHERE)
    return shaded


def _legend(ax: Any, found: Basins, order: list[int], names: list[str]) -> None:
    """Number, color, root and share of the starts, to the right of the map."""
    scale = max(found.x[-1] - found.x[0], found.y[-1] - found.y[0])
    lines = []
    for k, root in enumerate(found.roots[:11, order]):
        cleaned = np.where(np.abs(root) < 1e-9 * scale, 0.0, root)
        point = ", ".join(f"{n} = {v:.5g}" for n, v in zip(names, cleaned, strict=True))
        lines.append((f"{k + 1}   {point}", COLORS[k % len(COLORS)], (found.which == k).mean()))
    nowhere = (found.which < 0).mean()
    if nowhere >= 5e-4:
        lines.append(("none", NOWHERE, nowhere))
    look = {"xycoords": "axes fraction", "textcoords": "offset points", "annotation_clip": False}
    for k, (text, color, part) in enumerate(lines):
        at = (1.0, 0.965 - 0.075 * k)
        box = {"boxstyle": "square,pad=0.35", "fc": color, "ec": INK, "lw": 0.5}
        ax.annotate("  ", at, (18, 0), va="center", fontsize=8, bbox=box, **look)
        share = f"{100 * part:.0f}" if part > 0.0995 else f"{100 * part:.1g}"
        ax.annotate(f"{text},  {share} % of the starts", at, (34, 0), va="center", color=INK,
                    fontsize=9, parse_math=False, **look)  # fmt: skip


def _verdict(found: Basins) -> str:
    seen = int(sum(bool((found.which == k).any()) for k in range(len(found.roots))))
    nowhere = float((found.which < 0).mean())
    text = f"Newton's method leads to {thousands(seen, 'root')}, depending on the start"
    if seen == 1:
        text = "Newton's method leads to one root"
    if nowhere > 5e-4:
        text += f"; from {100 * nowhere:.2g} % of the starts to none"
    return text


def _statement(result: Any, found: Basins) -> list[str]:
    lines = [
        f"{equation_said(result)}: plain Newton steps from {len(found.x)} x {len(found.y)} starts; "
        f"darker: more steps, {_STEPS} at most.",
        "Computed; nothing is proved of the borders.",
    ]
    if (found.which < 0).any():
        lines[-1] += " Grey: no root; taylored.root shortens the steps, and finds one there too."
    return [part for line in lines for part in wrap(line, _FACTS)]
