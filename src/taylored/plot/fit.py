"""A fit as a picture: data, curve, bands and residuals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.plot.curve import Curve, against, curve_of, fitted, label_of
from taylored.plot.labels import Label, place_labels
from taylored.plot.panels import (
    draw_bands,
    draw_curve,
    draw_hatching,
    draw_points,
    fit_range,
    is_wide,
    spread,
)
from taylored.plot.style import BAND, CURVE, INK, headline, name_axes, new_figure, state, styled
from taylored.report.facts import formula_text, short_verdict, sigma_sentence
from taylored.report.letters import shorten, visible
from taylored.report.numbers import count, exactly, percent, value_error
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = ["draw_fit", "plot_fit"]

_FORMULA = 52  # characters of a formula that fit beside its curve
_PARAMETERS = 4  # parameters whose values fit on a line


def plot_fit(
    fit: Fit, ax: Any = None, level: float = 0.95, *, units: Mapping[str, str] | None = None
) -> Any:
    """Draw data, curve, bands and residuals.

    Against x where the model has one input, against the row where it has none, else observed
    against fitted values.

    Args:
        fit: any fit; one that is not usable is drawn without a curve, with the reason.
        ax: axes to draw the main panel in (default: a new figure with a residual panel).
        level: of the bands, 0 < level < 1.
        units: by column name, for the labels of the axes.

    Returns:
        The main axes; that of the residuals is `ax.figure.axes[1]`.
    """
    with styled():
        if ax is None:
            return draw_fit(fit, new_figure(), level, units=units)
        _draw(fit, (ax, None), level, units or {})
        return ax


def draw_fit(
    fit: Fit, figure: Any, level: float = 0.95, *, units: Mapping[str, str] | None = None
) -> Any:
    """Draw main panel and residuals into an empty figure, within a style; returns the main axes."""
    main, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.7, 1.0])
    _draw(fit, (main, below), level, units or {})
    return main


def _draw(fit: Fit, axes: tuple[Any, Any], level: float, units: Mapping[str, str]) -> None:
    main, below = axes
    headline(main, short_verdict(fit), whole=below is not None)
    several = len(fit.setup.data) > 1
    draw = _against_fitted if several else _against_x
    labels, bands = draw(fit, axes, level, units)
    if below is not None:
        below.axhline(0.0, color=INK, lw=0.9, zorder=2)
        below.set_ylabel("residual")
        main.tick_params(which="both", labelbottom=False, bottom=False)
        main.figure.align_ylabels([main, below])
    state(main, _statement(fit, bands, several), whole=below is not None)
    # The layout is settled before labels look for their places in it.
    main.figure.canvas.figure.draw_without_rendering()
    for ax, (found, obstacles) in labels.items():
        place_labels(ax, found, obstacles)


def _statement(fit: Fit, bands: str, several: bool) -> list[str]:
    """What was fitted to how many points, and what the bands mean."""
    if not fit.usable:
        bands = "Hatched: no honest statement on accuracy can be made."
    size = f"{count(fit.points, 'point')}, {count(len(fit.setup.names), 'parameter')}"
    first = size
    if fit.usable and len(fit.setup.names) <= _PARAMETERS:
        first = ",  ".join(f"{n} = {_estimate(fit, n)}" for n in fit.setup.names)
    elif len(formula_text(fit)) > _FORMULA or several:
        first = f"{formula_text(fit)};  {size}"
    sigma = sigma_sentence(fit)
    shown = getattr(fit, "shown", "")  # how many rows, where they are a sample
    return [shorten(first, 132), f"{bands} {sigma[0].upper()}{sigma[1:]}. {shown}".rstrip()]


def _estimate(fit: Fit, name: str) -> str:
    if not fit.stderr[name] > 0:  # fixed, or at a bound
        return exactly(fit.params[name])
    return value_error(fit.params[name], fit.stderr[name], fit.digits[name])


# ---- one input ----

Labels = dict[Any, tuple[list[Label], np.ndarray]]


def _against_x(
    fit: Fit, axes: tuple[Any, Any], level: float, units: Mapping[str, str]
) -> tuple[Labels, str]:
    main, below = axes
    curve, (x, name) = curve_of(fit, level), against(fit)
    if curve.logarithmic:
        main.set_xscale("log")
    panels = [(main, fit.setup.y, 0.0)]
    panels += [] if below is None else [(below, fit.residuals, curve.value)]
    for ax, y, center in panels:
        draw_points(ax, fit, x, y)
        reach = _reach(fit, y)
        bands = [None if b is None else (b[0] - center, b[1] - center) for b in curve.bands]
        fit_range(ax, reach, [curve.value - center, *bands])
        if fit.usable:
            draw_bands(ax, curve, center)
    if fit.usable:
        draw_curve(main, curve)
    else:
        draw_hatching(main, fit, curve.x, curve.value)
        fit_range(main, fit.setup.y, [curve.value - spread(fit), curve.value + spread(fit)])
    main.margins(x=0.02)
    name_axes(below or main, label_of(name, units), "residual")
    main.set_ylabel(visible(label_of(fit.setup.response, units)), parse_math=False)
    labels = {} if not fit.usable else _labels(fit, panels, curve, level)
    return labels, _bands_said(curve, level)


def _reach(fit: Fit, y: np.ndarray) -> np.ndarray:
    """The values with their error bars."""
    sigma = fit.setup.sigma
    return y if sigma is None else np.concatenate([y - sigma, y + sigma])


def _bands_said(curve: Curve, level: float) -> str:
    if curve.confidence is None:
        return "No band: the scatter is not known."
    if not any((b[1] > b[0]).any() for b in curve.bands if b is not None):
        return "The band has no width: every residual is zero."
    paler = "; paler: of a new point" if curve.prediction is not None else ""
    return f"Band: {percent(level)} confidence of the curve{paler} ({curve.kind})."


def _labels(
    fit: Fit, panels: list[tuple[Any, np.ndarray, Any]], curve: Curve, level: float
) -> Labels:
    """Labels by panel: a band is labeled where it is wide enough to be seen."""
    x, _ = against(fit)
    main = panels[0][0]
    text = formula_text(fit)
    named = fit.setup.formula is not None and len(text) <= _FORMULA
    name = visible(text) if named else "fit"
    found: dict[Any, list[Label]] = {ax: [] for ax, *_ in panels}
    found[main].append(Label(name, CURVE, curve.x, curve.value))
    inner = (curve.value, curve.value)
    twice = np.concatenate([curve.x, curve.x])
    for band, what in zip(curve.bands, ("confidence", "prediction"), strict=True):
        if band is None or not (band[1] > band[0]).any():
            continue
        ax, _, center = panels[0] if is_wide(main, band) else panels[-1]
        edges = np.concatenate([edge - center for edge in band])
        middle = 0.5 * (edges + np.concatenate([edge - center for edge in inner]))
        text = f"{percent(level)} {what}"
        led = band is curve.confidence and curve.prediction is not None
        found[ax].append(Label(text, BAND[curve.kind], twice, edges, middle, led))
        inner = band
    return {ax: (found[ax], _obstacles(fit, x, y, curve, center)) for ax, y, center in panels}


def _obstacles(fit: Fit, x: np.ndarray, y: np.ndarray, curve: Curve, center: Any) -> np.ndarray:
    lines = [curve.value, *(edge for band in curve.bands if band is not None for edge in band)]
    parts = [np.column_stack([x, y]), *(np.column_stack([curve.x, v - center]) for v in lines)]
    if fit.setup.sigma is not None:
        parts += [np.column_stack([x, y + s * fit.setup.sigma]) for s in (-1, -0.5, 0.5, 1)]
    return np.concatenate(parts)


# ---- several inputs ----


def _against_fitted(
    fit: Fit, axes: tuple[Any, Any], level: float, units: Mapping[str, str]
) -> tuple[Labels, str]:
    main, below = axes
    x, y = fitted(fit), fit.setup.y
    low, high = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
    line = np.linspace(low, high, 200)
    for ax, values in ((main, y), (below, fit.residuals)):
        if ax is not None:
            draw_points(ax, fit, x, values)
    said = "No band: the scatter is not known."
    if fit.usable:
        main.plot(line, line, color=CURVE, lw=1.8, zorder=4, label="fit")
        said = _fitted_bars(main, fit, level) or said
    else:
        draw_hatching(main, fit, line, line)
    response = label_of(fit.setup.response, units)
    name_axes(below or main, f"fitted {response}", "residual")
    main.set_ylabel(visible(f"observed {response}"), parse_math=False)
    labels = [Label("observed = fitted", CURVE, line, line)] if fit.usable else []
    return {main: (labels, np.column_stack([x, y]))}, said


def _fitted_bars(ax: Any, fit: Fit, level: float) -> str:
    """The confidence of each fitted value, as a bar along it."""
    with np.errstate(all="ignore"):
        band = fit.predict(None, level)
    if band.kind is Accuracy.UNKNOWN:
        return ""
    ax.hlines(fit.setup.y, band.lo, band.hi, color=BAND[band.kind], alpha=0.35, lw=3.0, zorder=1.5)
    return f"Bars: {percent(level)} confidence of each fitted value ({band.kind})."
