"""Make the pictures that README and docs show: `python docs/pictures.py`, from anywhere."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
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


def brusselator(u: dict[str, Any], rate: float = 0.02) -> dict[str, Any]:
    """Two substances that react and diffuse along a line; as in docs/learn/derivatives.md."""
    x, y = u["x"], u["y"]
    made = x**2 * y

    def diffusion(v: Any, edge: float) -> Any:
        padded = jnp.pad(v, 1, constant_values=edge)
        return rate * (len(v) + 1) ** 2 * (padded[2:] - 2 * v + padded[:-2])

    dx = 1 + made - 4 * x + diffusion(x, 1.0)
    dy = 3 * x - made + diffusion(y, 3.0)
    return {"x": dx, "y": dy}


def flow(pipe: dict[str, Any]) -> Any:
    """Hagen and Poiseuille: the flow through a pipe."""
    r, p, mu, l = pipe["radius"], pipe["pressure"], pipe["viscosity"], pipe["length"]  # noqa: E741
    return jnp.pi * r**4 * p / (8 * mu * l)


PIPE = {"radius": 2e-3, "pressure": 500.0, "viscosity": 1e-3, "length": 0.8}
SPREAD = {"radius": 6e-4, "pressure": 50.0, "viscosity": 2e-5, "length": 2e-3}


def draw_derivatives() -> None:
    """The pattern of a Jacobian, colored by pass, and the influence of four inputs."""
    cells = {"x": np.linspace(0.5, 1.5, 12), "y": np.full(12, 3.0)}
    jacobian = ty.jacobian(brusselator)(cells)
    jacobian.sparse()  # so that the picture can say how well the entries were confirmed
    save_figure(jacobian.plot().figure, IMAGES / "brusselator.png")
    bars = ty.influence(flow, PIPE, spread=SPREAD).plot()
    save_figure(bars.figure, IMAGES / "pipe_influence.png")


def draw_series() -> None:
    """A Taylor polynomial with its proved band, and the map of the error of one of two inputs."""
    curve = ty.taylor("exp(sin(2*x))", at=0.3, order=6, on=(-0.5, 1.0))
    save_figure(curve.plot().figure, IMAGES / "taylor_curve.png")
    distance = ty.taylor("sqrt(x^2+y^2)", at={"x": 3, "y": 4}, order=2, radius=1.0)
    save_figure(distance.plot().figure, IMAGES / "taylor_map.png")


def draw_optimization() -> None:
    """A cycle of Newton's method, its basins, two ways downhill, and a minimum on the circle."""
    cycle = ty.root("x^3 - 2*x + 2", 0.0)
    save_figure(cycle.plot().figure, IMAGES / "root_cycle.png")
    cubes = ty.roots(["x^3 - 3*x*y^2 = 1", "3*x^2*y = y^3"], -2, 2)
    save_figure(cubes.plot(basins=True).figure, IMAGES / "root_basins.png")
    zigzag = ty.descend("x^2 + 10*y^2", {"x": 3.0, "y": 1.0}, 0.095)
    save_figure(zigzag.plot().figure, IMAGES / "descent.png")
    valley = ty.minimize("100*(y - x^2)^2 + (1 - x)^2", {"x": -1.2, "y": 1.0})
    save_figure(valley.plot().figure, IMAGES / "minimize_valley.png")
    circle = ty.minimize("x + 2*y", {"x": 1.0, "y": 0.0}, equal={"circle": "x^2 + y^2 = 1"})
    save_figure(circle.plot().figure, IMAGES / "minimize_circle.png")


def draw_chain_rule() -> None:
    """The graphs of a formula and of a small network, as in docs/learn/chain_rule.md."""
    formula = ty.chain("x*exp(-x/tau)", {"x": 1.0, "tau": 2.0})
    save_figure(formula.plot().figure, IMAGES / "chain_formula.png")
    rows = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    truth = np.array([0.0, 1.0, 1.0, 0.0])
    weights = {
        "W1": np.array([[1.0, -0.5, 0.8], [0.6, 0.9, -1.2]]), "b1": np.array([0.1, -0.2, 0.0]),
        "W2": np.array([0.7, -0.4, 0.5]), "b2": 0.05,
    }  # fmt: skip

    def loss(p: dict[str, Any]) -> Any:
        z = rows @ p["W1"] + p["b1"]
        a = jnp.tanh(z)
        y = a @ p["W2"] + p["b2"]
        error = y - truth
        return jnp.mean(error**2)

    save_figure(ty.chain(loss, weights).plot().figure, IMAGES / "chain_network.png")


def draw_networks() -> None:
    """The curve of docs/learn/networks.md, species of penguins, and what matters for their mass."""
    rng = np.random.default_rng(1)
    x = rng.uniform(-3, 3, 200)
    y = np.sin(2 * x) + rng.normal(0, 0.05 + 0.1 * abs(x))
    curve = ty.train(x, y, members=20)
    save_figure(curve.plot().figure, IMAGES / "network_curve.png")
    penguins = polars.read_csv(ROOT / "examples" / "penguins.csv", null_values="NA")
    species = ty.train(penguins, "species ~ bill_depth_mm + body_mass_g + sex", members=20)
    save_figure(species.plot("reliability").figure, IMAGES / "network_reliability.png")
    mass = ty.train(penguins, "body_mass_g ~ .", members=20)
    save_figure(mass.plot("importance").figure, IMAGES / "network_importance.png")


def draw_many_fits() -> None:
    """The T2 of a slice of a head, the verdicts on its pixels, and rates of wells of a plate."""
    script = runpy.run_path(str(ROOT / "examples" / "many_fits_cube.py"))
    cube = script["make_cube"]()
    many = ty.fit_many("s0*exp(-TE/T2)", {"TE": cube.te}, cube.signal, sigma=cube.sigma)
    many = replace(many, units={"s0": "mV", "T2": "ms"})
    save_figure(many.plot("T2").figure, IMAGES / "many_map.png")
    save_figure(many.plot_quality().figure, IMAGES / "many_quality.png")
    wells = polars.read_csv(ROOT / "examples" / "wells.csv")
    rates = ty.fit_many("signal ~ f0 + a*(1 - exp(-k*minutes))", wells, by="well")
    rates = replace(rates, units={"k": "1/min"})
    save_figure(rates.plot("k").figure, IMAGES / "many_wells.png")


def main() -> None:
    """Fit each example and save its picture; then those of the other modules."""
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
    draw_derivatives()
    draw_series()
    draw_optimization()
    draw_chain_rule()
    draw_networks()
    draw_many_fits()


if __name__ == "__main__":
    main()
