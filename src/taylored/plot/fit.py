"""A fit as a picture: data, curve, bands and residuals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.plot.curve import Curve, curve_of, fitted, label_of, one_input
from taylored.plot.labels import Label, place_labels
from taylored.plot.style import (
    BAND,
    CURVE,
    INK,
    MUTED,
    UNKNOWN,
    headline,
    name_axes,
    new_figure,
    state,
    styled,
)
from taylored.report.facts import formula_text, short_verdict, sigma_sentence
from taylored.report.letters import shorten, visible
from taylored.report.numbers import percent, value_error
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = ["draw_fit", "plot_fit"]

_MANY = 3000  # points from which they are drawn as one image inside a vector file
_VISIBLE = 5.0  # pixels at 100 dpi from which a band is labeled where it is
_BEYOND = 0.35  # how far bands and poles may widen the range of y beyond the data, relative


def plot_fit(
    fit: Fit, ax: Any = None, level: float = 0.95, *, units: Mapping[str, str] | None = None
) -> Any:
    """Draw data, curve, bands and residuals.

    Against x where the model has one input, else observed against fitted values.

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
        _draw(fit, (ax, None), level, dict(units or {}))
        return ax


def draw_fit(
    fit: Fit, figure: Any, level: float = 0.95, *, units: Mapping[str, str] | None = None
) -> Any:
    """Draw main panel and residuals into an empty figure, within a style; returns the main axes."""
    main, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.1, 1.0])
    _draw(fit, (main, below), level, dict(units or {}))
    return main


def _draw(fit: Fit, axes: tuple[Any, Any], level: float, units: dict[str, str]) -> None:
    main, below = axes
    headline(main, short_verdict(fit))
    if one_input(fit):
        labels = _against_x(fit, axes, level, units)
    else:
        labels = _against_fitted(fit, axes, units)
    if below is not None:
        below.axhline(0.0, color=INK, lw=0.9, zorder=2)
        below.set_ylabel("residual")
        main.tick_params(labelbottom=False, bottom=False)
        main.figure.align_ylabels([main, below])
    state(main, _statement(fit, level, labels.pop("bands", "")), whole=below is not None)
    main.figure.draw_without_rendering()  # settles the layout, so that labels know their places
    for ax, found in labels.items():
        place_labels(ax, *found)


def _statement(fit: Fit, level: float, bands: str) -> list[str]:
    if not fit.usable:
        return ["No band: no honest statement on accuracy can be made.", sigma_sentence(fit)]
    first = f"{formula_text(fit)}   {len(fit.setup.names)} parameters"
    if len(fit.setup.names) <= 4:
        first = ",  ".join(
            f"{n} = {value_error(fit.params[n], fit.stderr[n], fit.digits[n])}"
            if fit.stderr[n] > 0 else f"{n} = {fit.params[n]:.6g}"
            for n in fit.setup.names
        )  # fmt: skip
    return [shorten(first, 130), f"{bands} {_sentence(sigma_sentence(fit))}"]


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


# ---- one input ----


def _against_x(fit: Fit, axes: tuple[Any, Any], level: float, units: dict[str, str]) -> dict:
    main, below = axes
    curve = curve_of(fit, level)
    x, y = fit.setup.data[0], fit.setup.y
    if curve.logarithmic:
        main.set_xscale("log")
    _points(main, fit, x, y)
    if below is not None:
        _points(below, fit, x, fit.residuals)
    if not fit.usable:
        _hatch(main, fit, curve)
    else:
        main.plot(curve.x, curve.value, color=CURVE, lw=1.8, zorder=4, label="fit")
        for ax, center in ((main, 0.0), (below, curve.value)):
            if ax is not None:
                _bands(ax, curve, center)
    _limit(main, y, curve, 0.0)
    if below is not None:
        _limit(below, fit.residuals, curve, curve.value)
    main.margins(x=0.02)
    name = label_of(fit.setup.model.columns[0], units)
    response = label_of(fit.setup.response, units)
    name_axes(below if below is not None else main, name, response)
    main.set_ylabel(visible(response), parse_math=False)
    return {**_labels(fit, axes, curve, level), "bands": _bands_said(curve, level)}


def _points(ax: Any, fit: Fit, x: np.ndarray, y: np.ndarray) -> None:
    size = float(np.clip(36.0 / np.sqrt(len(x)), 1.6, 4.6))
    many = len(x) > _MANY
    if fit.setup.sigma is not None and not many:
        ax.errorbar(x, y, fit.setup.sigma, fmt="none", ecolor=INK, alpha=0.6, elinewidth=0.9,
                    capsize=0, zorder=3)  # fmt: skip
    ax.plot(x, y, "o", ms=size, color=INK, mec="white", mew=0.4 if size > 3 else 0.0, zorder=5,
            alpha=0.5 if many else 0.9, rasterized=many, label="data")  # fmt: skip


def _bands(ax: Any, curve: Curve, center: Any) -> None:
    """Soft filled bands; an estimated one has a dashed edge."""
    color = BAND[curve.kind]
    for band, strength in ((curve.prediction, 0.13), (curve.confidence, 0.30)):
        if band is None:
            continue
        lo, hi = band[0] - center, band[1] - center
        ax.fill_between(curve.x, lo, hi, color=color, alpha=strength, lw=0, zorder=1.5)
        if curve.kind is Accuracy.ESTIMATED:
            ax.plot(curve.x, lo, curve.x, hi, color=color, lw=0.8, ls=(0, (4, 3)), zorder=1.6)


def _hatch(ax: Any, fit: Fit, curve: Curve) -> None:
    """Where the curve would be: hatched, no line, for nothing is claimed."""
    width = max(float(np.std(fit.residuals)), 0.02 * float(np.ptp(fit.setup.y)))
    ax.fill_between(curve.x, curve.value - width, curve.value + width, facecolor="none",
                    edgecolor=UNKNOWN, hatch="////", alpha=0.55, lw=0, zorder=1.5)  # fmt: skip


def _limit(ax: Any, y: np.ndarray, curve: Curve, center: Any) -> None:
    """The range of the data, widened by bands and curve, but not by poles of them."""
    low, high = float(y.min()), float(y.max())
    span = (high - low) or max(abs(high), 1e-300)
    drawn = [curve.value - center]
    for band in (curve.confidence, curve.prediction):
        drawn += [band[0] - center, band[1] - center] if band is not None else []
    values = np.concatenate(drawn)
    values = values[np.isfinite(values)]
    if len(values):
        low = max(min(low, float(values.min())), low - _BEYOND * span)
        high = min(max(high, float(values.max())), high + _BEYOND * span)
    ax.set_ylim(low - 0.05 * span, high + 0.05 * span)


def _bands_said(curve: Curve, level: float) -> str:
    if curve.confidence is None:
        return "No band."
    paler = ", paler: of new points" if curve.prediction is not None else ""
    return f"Band: {percent(level)} confidence of the curve{paler} ({curve.kind})."


def _labels(fit: Fit, axes: tuple[Any, Any], curve: Curve, level: float) -> dict:
    """Labels by panel: a band is labeled where it is wide enough to be seen."""
    main, below = axes
    x, y = fit.setup.data[0], fit.setup.y
    found: dict[Any, list[Label]] = {main: [], **({} if below is None else {below: []})}
    if fit.usable:
        text = shorten(formula_text(fit), 52)
        found[main].append(Label(visible(text), CURVE, curve.x, curve.value))
    named = ((curve.confidence, "confidence"), (curve.prediction, "prediction"))
    for band, name in named:
        if band is None or not fit.usable:
            continue
        ax = main if below is None or _seen(main, band) else below
        shift = 0.0 if ax is main else curve.value
        edges_x = np.concatenate([curve.x, curve.x])
        edges = np.concatenate([band[0] - shift, band[1] - shift])
        found[ax].append(Label(f"{percent(level)} {name}", BAND[curve.kind], edges_x, edges))
    result: dict[Any, Any] = {main: (found[main], _obstacles(fit, x, y, curve, 0.0))}
    if below is not None:
        residual = _obstacles(fit, x, fit.residuals, curve, curve.value)
        result[below] = (found[below], residual)
    return result


def _seen(ax: Any, band: tuple[np.ndarray, np.ndarray]) -> bool:
    """Whether a band is wide enough in an axes to be told from the curve."""
    low, high = ax.get_ylim()
    width = np.nanmedian(band[1] - band[0]) / (high - low)
    return bool(width * 310 > _VISIBLE * 2)


def _obstacles(fit: Fit, x: np.ndarray, y: np.ndarray, curve: Curve, center: Any) -> np.ndarray:
    parts = [np.column_stack([x, y]), np.column_stack([curve.x, curve.value - center])]
    if fit.setup.sigma is not None:
        parts += [np.column_stack([x, y + s * fit.setup.sigma]) for s in (-1, -0.5, 0.5, 1)]
    return np.concatenate(parts)


# ---- several inputs ----


def _against_fitted(fit: Fit, axes: tuple[Any, Any], units: dict[str, str]) -> dict:
    main, below = axes
    x, y = fitted(fit), fit.setup.y
    _points(main, fit, x, y)
    low, high = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
    if fit.usable:
        main.plot([low, high], [low, high], color=CURVE, lw=1.8, zorder=4, label="fit")
    else:
        width = max(float(np.std(fit.residuals)), 0.02 * (high - low))
        line = np.array([low, high])
        main.fill_between(line, line - width, line + width, facecolor="none", edgecolor=UNKNOWN,
                          hatch="////", alpha=0.55, lw=0, zorder=1.5)  # fmt: skip
    if below is not None:
        _points(below, fit, x, fit.residuals)
    response = label_of(fit.setup.response, units)
    name_axes(below if below is not None else main, f"fitted {response}", "")
    main.set_ylabel(visible(f"observed {response}"), parse_math=False)
    line = np.linspace(low, high, 200)
    label = [Label("observed = fitted", CURVE, line, line)] if fit.usable else []
    return {main: (label, np.column_stack([np.r_[x, line], np.r_[y, line]]))}


_ = MUTED
