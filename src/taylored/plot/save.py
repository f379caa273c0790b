"""Save the picture of a fit to a file, without a window and without half a file."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taylored.errors import ArgumentError
from taylored.plot.fit import draw_fit
from taylored.plot.style import DPI, SIZE, styled

if TYPE_CHECKING:
    from taylored.regression.result import Fit

__all__ = ["FORMATS", "blank_figure", "check_suffix", "save_figure", "save_plot"]

FORMATS = ("png", "svg", "pdf")


def save_plot(
    fit: Fit, path: str | Path, level: float = 0.95, *, units: Mapping[str, str] | None = None
) -> None:
    """Save the picture of a fit; the suffix says as what: png, svg or pdf.

    A PNG has 1600 x 1000 pixels, an SVG that size in units of the browser.

    Raises:
        ArgumentError: for another suffix.
    """
    check_suffix(Path(path))
    with styled():
        figure = blank_figure()
        draw_fit(fit, figure, level, units=units)
    save_figure(figure, path)


def check_suffix(path: Path) -> str:
    """The format that a path asks for.

    Raises:
        ArgumentError: where there is no such format.
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise ArgumentError(
            f"A picture cannot be saved as {path.name!r}.",
            why=f"the formats are {', '.join(FORMATS)}",
            next_step=f"call it {path.stem or 'picture'}.png.",
        )
    return suffix


def blank_figure() -> Any:
    """An empty figure that no window shows."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Any, path: str | Path) -> None:
    """Write a figure in our style; the file appears whole or not at all."""
    path = Path(path)
    suffix = check_suffix(path)
    handle, temporary = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.stem}.", suffix=f".{suffix}"
    )
    os.close(handle)
    try:
        with styled():
            dated = {"svg": "Date", "pdf": "CreationDate"}.get(suffix)
            figure.savefig(temporary, dpi=DPI, metadata={dated: None} if dated else None)
        if suffix == "svg":
            _in_pixels(Path(temporary))
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _in_pixels(path: Path) -> None:
    """Give an SVG its size in pixels; what is in it scales along."""
    width, height = (round(DPI * side) for side in SIZE)
    text = path.read_text(encoding="utf-8")
    for name, pixels in (("width", width), ("height", height)):
        text = re.sub(rf'\b{name}="[\d.]+pt"', f'{name}="{pixels}"', text, count=1)
    path.write_text(text, encoding="utf-8")
