"""Propagated uncertainty as text and JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from taylored.report.letters import shorten, visible
from taylored.report.numbers import number, place_of, rounded
from taylored.report.sheet import finding_document, finding_lines, style_of, wrapped
from taylored.report.table import Cell, Style, table
from taylored.results import Accuracy

if TYPE_CHECKING:
    from taylored.series.propagation import Propagation

__all__ = ["SCHEMA", "propagation_document", "propagation_line", "propagation_report", "verdict"]

SCHEMA = "taylored-propagation/1"

_MOST_ROWS = 10
_NOTHING = 1e-100  # of the value and its spread: a bias like that is underflow


def verdict(result: Propagation) -> str:
    """The verdict in one sentence."""
    if not result.usable:
        return f"Not usable ({result.findings[0].name}): {result.findings[0].message}"
    if not np.any(result.std_flat):
        return "No uncertainty: the standard deviation is 0."
    if any(f.name == "below-rounding" for f in result.findings):
        return "Bounded only: the standard deviation cannot be told from rounding."
    off = _off(result)
    if not math.isfinite(off):
        said = "there is no first order to compare with."
    elif off == 0 or off < 1e-9:
        said = "linearization neglects nothing that counts."
    else:
        said = f"linearization is off by {_share(off)} of the standard deviation."
    return f"Determined: {said}"


def _off(result: Propagation) -> float:
    """The largest share of a standard deviation that linearization is off by."""
    std = result.std_flat
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.maximum(np.abs(std - result.first_order_flat), np.abs(result.bias_flat)) / std
    off = off[std > 0]
    return float(np.max(off, initial=0.0)) if not np.any(np.isnan(off)) else math.nan


def propagation_line(result: Propagation) -> str:
    """On one line, for `repr`."""
    name = visible(shorten(result.target.describe, 60))
    if not result.usable:
        return f"Propagation({name}): NOT USABLE, {result.findings[0].name}"
    if len(result.std_flat) != 1:
        return f"Propagation({name}): {len(result.std_flat)} outputs, {result.accuracy}"
    mean = float(result.value_flat[0] + result.bias_flat[0])
    bias = float(result.bias_flat[0])
    return (
        f"Propagation({name}): mean {_with(mean, float(result.bias_error_flat[0]))}, "
        f"std {_with(float(result.std_flat[0]), float(result.std_error_flat[0]))}, "
        f"bias {_with(bias, float(result.bias_error_flat[0]))}"
    )


def _with(value: float, error: float, most: int = 7) -> str:
    """A number with its error: to the digits that it has, `most` of them."""
    if not math.isfinite(value):
        return number(value)
    if error <= abs(value) * 10.0 ** (1 - most):
        return number(value, most)
    place = place_of(value, error)
    text, off = rounded(value, place), rounded(error, place)
    return f"({text} ± {off}){place.suffix}" if place.suffix else f"{text} ± {off}"


def propagation_report(
    result: Propagation, *, width: int | None = None, color: bool = False, unicode: bool = True
) -> str:
    """Mean, standard deviation, what linearization neglects and who contributes.

    Args:
        result: any propagation.
        width: in characters (default: that of the terminal, at most 100).
        color: whether to color it by escape sequences.
        unicode: False for plain ASCII.
    """
    style = style_of(width, color, unicode)
    said = wrapped(style.clean(visible(verdict(result))), style)
    parts = [style.paint(said, "bold" if result.usable else "bold red")]
    name = style.clean(f"  f = {visible(shorten(result.target.describe, 80))}")
    parts.append(style.paint(name, "dim"))
    if result.usable:
        parts.append("\n".join(_outputs(result, style)))
    if len(result.value_flat) == 1 and result.gradient is not None:
        parts.append("\n".join(_inputs(result, style)))
    if result.usable:
        parts.append(style.paint(wrapped(style.clean(_basis(result)), style), "dim"))
    parts.append("\n".join(line for f in result.findings for line in finding_lines(f, style)))
    return "\n\n".join(part for part in parts if part)


def _outputs(result: Propagation, style: Style) -> list[str]:
    """A row for each output; of one output, a row for each number."""
    columns = [
        ("f(mean)", result.value_flat, None),
        ("bias", result.bias_flat, result.bias_error_flat),
        ("mean of f", result.value_flat + result.bias_flat, result.bias_error_flat),
        ("std", result.std_flat, result.std_error_flat),
        ("first-order std", result.first_order_flat, None),
    ]

    def cell(k: int, values: np.ndarray, errors: np.ndarray | None) -> Cell:
        if errors is None:
            return Cell(number(float(values[k]), 7))
        value, error = float(values[k]), float(errors[k])
        scale = abs(float(result.value_flat[k])) + float(result.std_flat[k])
        return Cell("0" if abs(value) + error < _NOTHING * scale else _with(value, error))

    if len(result.value_flat) == 1:
        rows = [[Cell(title, "bold"), cell(0, v, e)] for title, v, e in columns]
        return table(["", "value"], rows, "lr", style)
    count = min(len(result.value_flat), _MOST_ROWS)
    rows = [[Cell(str(k)), *(cell(k, v, e) for _, v, e in columns)] for k in range(count)]
    lines = table(["output", *(c[0] for c in columns)], rows, "lrrrrr", style)
    left = len(result.value_flat) - count
    return [*lines, f"and {left:,} more outputs"] if left else lines


def _inputs(result: Propagation, style: Style) -> list[str]:
    """The inputs by their share of the first-order variance."""
    shares = result.shares_flat[0]
    order = np.argsort(-np.nan_to_num(np.abs(shares)), kind="stable")[:_MOST_ROWS]
    rows = [
        [Cell(shorten(visible(result.names[k]), 24), "bold"), Cell(number(float(result.point[k]))),
         Cell(number(float(result.spread.std[k]))), Cell(_share(float(shares[k])))]
        for k in order
    ]  # fmt: skip
    lines = table(["input", "mean", "std", "share of variance"], rows, "lrrr", style)
    left = len(shares) - len(order)
    return [*lines, f"and {left:,} more inputs"] if left else lines


def _share(share: float) -> str:
    if math.isnan(share):
        return "none"
    return f"{100 * share:.0f} %" if abs(share) >= 0.0995 else f"{number(100 * share, 2)} %"


def _basis(result: Propagation) -> str:
    """What the numbers rest on."""
    kind = "correlated" if result.spread.correlated else "independent"
    return (
        f"Inputs: normal, {kind}. Accuracy: {result.accuracy}, from {'; '.join(result.methods)}. "
        "bias: mean of f less f(mean). Shares are of first order."
    )


def propagation_document(result: Propagation) -> dict[str, Any]:
    """As dictionaries, lists, text, numbers and None (for what is not known).

    Arrays of outputs are flat.
    """
    usable = result.accuracy is not Accuracy.UNKNOWN
    return {
        "schema": SCHEMA,
        "function": result.target.describe,
        "usable": usable,
        "status": verdict(result),
        "accuracy": str(result.accuracy),
        "inputs": list(result.names),
        "point": _numbers(result.point),
        "input_std": _numbers(result.spread.std),
        "correlated": result.spread.correlated,
        "value": _numbers(result.value_flat),
        "mean": _numbers(result.value_flat + result.bias_flat),
        "bias": _numbers(result.bias_flat),
        "bias_error": _numbers(result.bias_error_flat),
        "std": _numbers(result.std_flat),
        "std_error": _numbers(result.std_error_flat),
        "first_order_std": _numbers(result.first_order_flat),
        "cov": [_numbers(row) for row in result.cov],
        "contributions": {n: _numbers(np.atleast_1d(s)) for n, s in result.contributions.items()},
        "methods": list(result.methods),
        "findings": [finding_document(f) for f in result.findings],
        "sources": list(result.sources),
    }


def _numbers(values: np.ndarray) -> list[float | None]:
    return [float(v) if math.isfinite(v) else None for v in values]
