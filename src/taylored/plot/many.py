"""Pictures of many fits: maps of a parameter and of the verdicts, or rows where it is no image."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.plot.many_map import ERRORS, VALUES, add_bar, draw_numbers, name_sides, robust, slices
from taylored.plot.many_quality import draw_key, draw_list, draw_verdicts
from taylored.plot.many_row import (
    DENSE,
    draw_errors_in_row,
    draw_row,
    draw_verdicts_in_row,
    name_row,
)
from taylored.plot.many_words import (
    chosen,
    error_words,
    errors_of,
    label_of,
    left_out_words,
    map_title,
    quality_title,
)
from taylored.plot.style import new_figure, state, styled
from taylored.plot.titles import entitle
from taylored.report.page import thousands

if TYPE_CHECKING:
    from taylored.many.result import ManyFits

__all__ = ["draw_many", "draw_map", "draw_quality", "plot_many", "plot_map", "plot_quality"]

_USABLE = "Usable: converged, every parameter determined, residuals that chance explains."
_COLOR = "Color: the estimates of usable fits, from 2 to 98 % of them (arrows: some lie beyond). "
_WIDTH = 140  # characters of the statement below a picture of ours
_KEY = 12.0  # lines of a key in a part of a figure
_MOST = 5  # parameters of one picture


def plot_map(many: ManyFits, name: str | None = None, ax: Any = None) -> Any:
    """Draw the estimates of a parameter, and beside them their relative errors.

    An image for two dimensions, slices for more, a row of points for one, its density for more
    than 10,000. Hatched: not usable, nothing is claimed.

    Args:
        many: any fits.
        name: a parameter (default: the first free one).
        ax: axes to draw the estimates in (default: a new figure).

    Returns:
        The main axes.

    Raises:
        ArgumentError: where there is no such parameter.
    """
    name = chosen(many, name)
    with styled():
        if ax is None:
            return draw_map(many, new_figure(), name)
        draw = _numbers if _is_image(many) else _row
        lines = draw(many, name, ([ax], []))
        return _said(ax, map_title(many, name), lines, whole=False)


def draw_map(many: ManyFits, figure: Any, name: str | None = None) -> Any:
    """Draw into an empty figure, within a style; returns the main axes."""
    name = chosen(many, name)
    if not _is_image(many):
        main, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.6, 1.0])
        lines = _row(many, name, ([main], [below]))
        figure.align_ylabels([main, below])
        return _said(main, map_title(many, name), lines, whole=True)
    count = len(slices(many.shape).which)
    if count > 1:
        axes = _grid(figure.add_gridspec(1, 1)[0], count, many.shape)
        lines = _numbers(many, name, (axes, []))
    else:
        parts = figure.add_gridspec(2, 2, width_ratios=[1.5, 1.0], height_ratios=[1.7, 1.0])
        axes = [figure.add_subplot(parts[:, 0])]
        lines = _numbers(many, name, (axes, [figure.add_subplot(parts[0, 1])]))
        draw_list(figure.add_subplot(parts[1, 1]), many)
    return _said(axes[0], map_title(many, name), lines, whole=True)


def plot_quality(many: ManyFits, ax: Any = None) -> Any:
    """Draw which fits are usable, and why the others are not; returns the axes.

    Args:
        many: any fits.
        ax: axes to draw in (default: a new figure, with a key that counts and explains).
    """
    with styled():
        if ax is None:
            return draw_quality(many, new_figure())
        said = ", ".join(f"{n:,} {name}" for name, n in many.counts.items())
        if _is_image(many):
            which = slices(many.shape, 1)
            draw_verdicts([ax], many, which)
            name_sides([ax], len(many.shape), 1)
            said = which.words + said
        else:
            draw_verdicts_in_row(ax, many)
            name_row(ax, many)
        return _said(ax, quality_title(many), [said], whole=False)


def draw_quality(many: ManyFits, figure: Any) -> Any:
    """Draw into an empty figure, within a style; returns the main axes."""
    if not _is_image(many):
        main = figure.subplots()
        draw_verdicts_in_row(main, many, meanings=True)
        name_row(main, many)
        return _said(main, quality_title(many), [_USABLE], whole=True)
    which = slices(many.shape)
    count = len(which.which)
    left, right = figure.add_gridspec(1, 2, width_ratios=[1.5, 1.0])
    axes = _grid(left, count, many.shape, 1.1)
    draw_verdicts(axes, many, which)
    if count > 1:
        _slice_names(axes, which.names)
    name_sides(axes, len(many.shape), _rows(count, many.shape, 1.1))
    draw_key(figure.add_subplot(right), many)
    return _said(axes[0], quality_title(many), [which.words + _USABLE], whole=True)


def plot_many(many: ManyFits) -> Any:
    """Draw the free parameters and the verdicts side by side in a new figure; returns it."""
    with styled():
        figure = new_figure()
        draw_many(many, figure)
        return figure


def draw_many(many: ManyFits, figure: Any) -> Any:
    """Draw all of them into an empty figure, within a style; returns the first axes."""
    names = [many.names[k] for k in many.plan.params.free][:_MOST]
    said = _legend(many)
    if _is_image(many):
        axes = _images_of_all(many, names, figure)
        said = slices(many.shape, 1).words + said
    else:
        axes = list(figure.subplots(len(names) + 1, 1, sharex=True))
        for ax, name in zip(axes, names, strict=False):
            draw_row(ax, many, name)
        draw_verdicts_in_row(axes[-1], many)
        name_row(axes[-1], many)
        figure.align_ylabels(axes[:-1])
    left = len(many.plan.params.free) - len(names)
    more = f" {thousands(left, 'more parameter')} not drawn." if left else ""
    return _said(axes[0], quality_title(many), [said + more], whole=True)


def _images_of_all(many: ManyFits, names: list[str], figure: Any) -> list[Any]:
    """A panel for each parameter, one for the verdicts, and one for their key."""
    which = slices(many.shape, 1)
    axes, keys = _panels(figure, len(names) + 1)
    for ax, name in zip(axes, names, strict=False):
        values = which.of(np.where(many.usable, many.params[name], np.nan))
        scale = robust(values)
        drawn = draw_numbers([ax], values, VALUES, scale)
        add_bar(drawn, [ax], label_of(many, name), scale)
    draw_verdicts([axes[-1]], many, which)
    half = -(-len(many.counts) // len(keys))
    for k, ax in enumerate(keys):
        draw_key(ax, many, lines=_KEY if len(keys) == 1 else 8.0, part=(k * half, (k + 1) * half))
    return axes


def _panels(figure: Any, images: int) -> tuple[list[Any], list[Any]]:
    """Panels of images, and of the key: below few of them, else beside the last one."""
    if images <= 3:
        ratios = [2.2 if images < 3 else 1.5, 1.0]
        above, below = figure.add_gridspec(2, 1, height_ratios=ratios)
        places = above.subgridspec(1, images), below.subgridspec(1, 2)
        first, second = ([figure.add_subplot(part) for part in place] for place in places)
        return first, second
    axes = list(figure.subplots(2, -(-(images + 1) // 2)).flat)
    for ax in axes[images + 1 :]:
        ax.set_axis_off()
    return axes[:images], [axes[images]]


# ---- parts -----------------------------------------------------------------------------------


def _is_image(many: ManyFits) -> bool:
    return len(many.shape) >= 2 and min(many.shape[-2:]) > 1


def _rows(count: int, shape: tuple[int, ...], wide: float = 1.5) -> int:
    """Rows of panels for so many images, that leave little of an area `wide` : 1 empty."""
    tall = min(max(shape[-2] / shape[-1], 0.25), 4.0)
    rows = min(max(round((count / (wide * tall)) ** 0.5), 1), count)
    return -(-count // -(-count // rows))


def _grid(place: Any, count: int, shape: tuple[int, ...], wide: float = 1.5) -> list[Any]:
    """Axes for so many slices, within a part of a figure."""
    rows = _rows(count, shape, wide)
    parts = place.subgridspec(rows, -(-count // rows))
    return [
        place.get_gridspec().figure.add_subplot(part)
        for part, _ in zip(parts, range(count), strict=False)
    ]


def _slice_names(axes: list[Any], names: list[str]) -> None:
    for ax, name in zip(axes, names, strict=True):
        ax.set_title(name, fontsize=8.5, fontweight="normal", pad=3)


def _numbers(many: ManyFits, name: str, panels: tuple[list[Any], list[Any]]) -> list[str]:
    """Maps of a parameter and of its error; returns what is to be said of them."""
    axes, beside = panels
    which = slices(many.shape) if len(axes) > 1 else slices(many.shape, 1)
    shown = which.of(np.where(many.usable, many.params[name], np.nan))
    scale = robust(shown)
    drawn = draw_numbers(axes, shown, VALUES, scale)
    if len(axes) > 1:
        _slice_names(axes, which.names)
    add_bar(drawn, axes, label_of(many, name), scale)
    name_sides(axes, len(many.shape), _rows(len(axes), many.shape))
    if beside:
        found = errors_of(many, name)
        errors = which.of(found.values)
        reach = robust(errors)
        drawn = draw_numbers(beside, errors, ERRORS, reach)
        add_bar(drawn, beside, f"error of {name}{found.in_unit}, {many.accuracy}", reach)
        name_sides(beside, len(many.shape), 1)
        return [_COLOR + "Hatched or pale: nothing is claimed.", error_words(many, name)]
    framed = " Framed: single ones." if len(axes) > 1 and _has_others(many) else ""
    return [which.words + _legend(many) + framed, error_words(many, name, drawn=False)]


def _row(many: ManyFits, name: str, panels: tuple[list[Any], list[Any]]) -> list[str]:
    """A row of estimates, and of their errors below; returns what is to be said of them."""
    (main,), below = panels
    beyond = draw_row(main, many, name)
    for ax in below:
        draw_errors_in_row(ax, many, name)
    name_row((below or [main])[0], many)
    text = "Line: median; dark: many fits. " if many.fits > DENSE else "Bars: one standard error. "
    text += f"Triangles: {thousands(beyond, 'estimate')} beyond the scale. " if beyond else ""
    return [text + _not_usable(many), error_words(many, name, drawn=bool(below))]


def _has_others(many: ManyFits) -> bool:
    return many.counts.get("ok", 0) < many.fits


def _legend(many: ManyFits) -> str:
    return (_COLOR if _is_image(many) else "") + _not_usable(many)


def _not_usable(many: ManyFits) -> str:
    out = left_out_words(many)
    if not out:
        return "All fits are usable."
    how = "Hatched" if many.fits <= DENSE else "Not drawn"
    how = "Hatched or pale" if _is_image(many) else how
    return f"{how}: not usable, nothing is claimed ({out})."


def _said(ax: Any, title: str, lines: list[str], *, whole: bool) -> Any:
    """Title and statement; over and under the whole figure where it is ours."""
    if whole:
        lines = [part for line in lines for part in wrap(line, _WIDTH, break_on_hyphens=False)]
    entitle(ax, title, whole=whole)
    state(ax, lines, whole=whole)
    return ax
