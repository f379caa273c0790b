"""Make the pictures that README and docs show: `python docs/pictures.py`, from anywhere."""

from __future__ import annotations

from pathlib import Path

import polars

import taylored as ty
from taylored.plot.save import save_figure, save_plot

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"

SATURATION = "y ~ b1*(1-exp(-b2*x))"
CUBICS = "y ~ (b1+b2*x+b3*x^2+b4*x^3)/(1+b5*x+b6*x^2+b7*x^3)"
PEAKS = "y ~ b1*exp(-b2*x) + b3*exp(-(x-b4)^2/b5^2) + b6*exp(-(x-b7)^2/b8^2)"
NEAR_THE_PEAKS = {"b2": 0.01, "b4": 105, "b5": 20, "b7": 150, "b8": 20}
UNITS = {"boxbod": {"x": "days", "y": "mg/l"}}  # where NIST gives them


def example(name: str) -> polars.DataFrame:
    """The table of an example."""
    return polars.read_csv(ROOT / "examples" / f"{name}.csv")


def main() -> None:
    """Fit each example and save its picture."""
    boxbod = ty.fit(SATURATION, example("boxbod"))
    fits = {
        "thurber": ty.fit(CUBICS, example("thurber")),
        "misra1a": ty.fit(SATURATION, example("misra1a")),
        "gauss2": ty.fit(PEAKS, example("gauss2"), start=NEAR_THE_PEAKS),
        "boxbod": boxbod,
        "norris": ty.line(example("norris")),
    }
    IMAGES.mkdir(exist_ok=True)
    for name, fit in fits.items():
        save_plot(fit, IMAGES / f"{name}.png", units=UNITS.get(name))
    save_figure(boxbod.plot_profile("b2").figure, IMAGES / "boxbod_profile.png")
    save_figure(boxbod.plot_contours("b1", "b2").figure, IMAGES / "boxbod_contours.png")


if __name__ == "__main__":
    main()
