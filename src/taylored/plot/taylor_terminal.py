"""A Taylor polynomial as a picture of characters, for terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taylored.errors import ArgumentError
from taylored.plot.canvas import Canvas, ticks, widened
from taylored.plot.taylor_curves import Curves, curves_of
from taylored.plot.terminal import Frame
from taylored.report.letters import ascii_only, shorten, visible
from taylored.report.series import short_verdict

if TYPE_CHECKING:
    from taylored.series.result import Taylor

__all__ = ["terminal_taylor"]

_STRIP = 5  # lines of the error
_MARKS = 24  # points of the function
_ROOM = 0.03


def terminal_taylor(
    result: Taylor, width: int = 72, height: int = 20, unicode: bool = True, color: bool = False
) -> str:
    """Function as points and polynomial as a line; the error below, all on the box.

    Args:
        result: of one input and one output.
        width: of the picture in characters, at least 30.
        height: of the picture in lines, at least 14.
        unicode: False for plain ASCII.
        color: whether to color it by escape sequences.

    Raises:
        ArgumentError: for more inputs or outputs.
    """
    if result.target.variables != 1 or result.target.outputs != 1:
        raise ArgumentError(
            "In the terminal a Taylor polynomial is drawn for one input and one output.",
            next_step="T.plot() draws two inputs as a map.",
        )
    width, height = max(width, 30), max(height, 14)
    curves = curves_of(result)
    rows = height - 5 - _STRIP
    x = curves.inner
    span = (float(x[0]), float(x[-1]))
    main_range = _range(curves.inner_function, curves.inner_polynomial)
    error_range = _range(curves.inner_error, np.zeros(1))
    labels = ticks(main_range, max(rows // 3, 2)), ticks(error_range, 2)
    gutter = min(max((len(t) for side in labels for _, t in side), default=0), width // 3)
    columns = width - gutter - 1
    frame = Frame(gutter, unicode, color)
    main = Canvas(rows, columns, span, main_range, many=False)
    chosen = np.linspace(0, len(x) - 1, _MARKS).round().astype(int)
    main.points(x[chosen], curves.inner_function[chosen])
    main.line(x, curves.inner_polynomial)
    below = Canvas(_STRIP, columns, span, error_range, many=False)
    below.line(x, curves.inner_error)
    lines = [_clean(t, unicode, width) for t in _heads(result, curves, unicode)]
    lines += frame.around(main, labels[0])
    lines += [frame.rule(columns, []), *frame.around(below, labels[1])]
    lines += frame.below(main, ticks(span, max(columns // 12, 2)))
    return "\n".join(line.rstrip() for line in lines)


def _heads(result: Taylor, curves: Curves, unicode: bool) -> list[str]:
    point, line = ("●", "⠒⠒") if unicode else ("o", "--")
    hidden = np.nanmax(np.abs(curves.inner_error), initial=0.0) < curves.rounding
    noise = ", all of it rounding" if hidden else ""
    return [
        short_verdict(result),
        f"{point} {result.target.describe}  {line} T;  below: f - T as computed{noise}",
    ]


def _clean(text: str, unicode: bool, width: int) -> str:
    text = visible(text)
    return shorten(text if unicode else ascii_only(text), width)


def _range(*values: np.ndarray) -> tuple[float, float]:
    every = np.concatenate([v[np.isfinite(v)] for v in values])
    if not len(every):
        return -1.0, 1.0
    low, high = float(every.min()), float(every.max())
    return (-1.0, 1.0) if low == high == 0.0 else widened(low, high, _ROOM)
