"""Classical models outside NIST's collection, with true parameters, inputs and noise.

Each row: the formula, the parameters that made the data, the inputs, and the standard deviation of
the noise as a share of the range of y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from common import curve

__all__ = ["CLASSICS", "Classic"]


@dataclass(frozen=True)
class Classic:
    """A model, the truth, its inputs (low, high, points, "lin" or "log") and its noise."""

    name: str
    formula: str
    truth: dict[str, float]
    inputs: tuple[float, float, int, str]
    noise: float = 0.02

    @property
    def x(self) -> np.ndarray:
        low, high, points, spacing = self.inputs
        return (np.geomspace if spacing == "log" else np.linspace)(low, high, points)

    def curve(self) -> np.ndarray:
        """The true curve at the inputs."""
        return curve(self.formula, self.truth, self.x)

    def data(self, seed: int) -> dict[str, np.ndarray]:
        """One simulated table."""
        curve = self.curve()
        noise = np.random.default_rng(seed).normal(size=len(curve))
        return {"x": self.x, "y": curve + self.noise * np.ptp(curve) * noise}


def add(name: str, formula: str, truth: str, x: tuple, noise: float = 0.02) -> Classic:
    """One row: the truth as "a=1 b=2", x as (low, high, points) and perhaps "log"."""
    pairs = (item.split("=") for item in truth.split())
    low, high, points, *spacing = x
    inputs = (low, high, points, spacing[0] if spacing else "lin")
    return Classic(name, f"y ~ {formula}", {k: float(v) for k, v in pairs}, inputs, noise)


CLASSICS = [
    add("Gompertz", "a*exp(-b*exp(-k*x))", "a=10 b=5 k=0.5", (0, 15, 25)),
    add("Richards", "a/(1+exp(b-k*x))^(1/d)", "a=700 b=5 k=0.75 d=1.3", (1, 15, 25)),
    add("Weibull growth", "a-b*exp(-k*x^d)", "a=70 b=60 k=1e-4 d=2.3", (8, 80, 20)),
    add("Hill", "v*x^n/(k^n+x^n)", "v=100 n=2.5 k=10", (0.1, 1000, 20, "log")),
    add("Langmuir", "q*k*x/(1+k*x)", "q=3 k=0.02", (1, 500, 15, "log")),
    add("Freundlich", "k*x^(1/n)", "k=2 n=2.7", (1, 500, 15, "log")),
    add("Antoine", "a-b/(c+x)", "a=8.07 b=1730 c=233", (0, 100, 21), 0.002),
    add("Arrhenius", "a*exp(-e/(8.314*x))", "a=1e10 e=5e4", (280, 360, 17)),
    add("bi-exponential", "a*exp(-x/t)+b*exp(-x/u)", "a=10 b=4 t=1 u=8", (0, 20, 60)),
    add("bi-exponential + offset", "a*exp(-x/t)+b*exp(-x/u)+c", "a=10 b=4 c=2 t=1 u=8",
        (0, 30, 80), 0.01),
    add("stretched exponential", "a*exp(-(x/t)^b)", "a=5 t=40 b=0.6", (0.5, 200, 30)),
    add("damped sine", "a*exp(-x/t)*sin(w*x+p)", "a=3 t=12 w=1.7 p=0.5", (0, 30, 80), 0.03),
    add("damped cosine + offset", "a*exp(-x/t)*cos(2*pi*f*x+p)+c",
        "a=3 t=0.02 f=150 p=0.5 c=7", (0, 0.05, 100), 0.03),
    add("Lorentzian", "a/(1+((x-m)/g)^2)+c", "a=40 m=1580 g=12 c=10", (1500, 1660, 60)),
    add("pseudo-Voigt", "a*(h/(1+((x-m)/w)^2)+(1-h)*exp(-log(2)*((x-m)/w)^2))+c",
        "a=40 h=0.4 m=520 w=5 c=3", (480, 560, 80), 0.01),
    add("two Gaussians + offset", "a*exp(-((x-m)/s)^2/2)+b*exp(-((x-n)/r)^2/2)+c",
        "a=10 m=3 s=0.6 b=6 n=6 r=0.9 c=1", (0, 10, 80)),
    add("two Gaussians, overlapping", "a*exp(-((x-m)/s)^2/2)+b*exp(-((x-n)/r)^2/2)",
        "a=10 m=4 s=0.8 b=7 n=5.8 r=0.9", (0, 10, 80)),
    add("three Lorentzians", "a/(1+((x-m)/g)^2)+b/(1+((x-n)/h)^2)+d/(1+((x-o)/i)^2)",
        "a=5 m=20 g=2 b=8 n=35 h=3 d=3 o=60 i=4", (0, 80, 160), 0.01),
    add("4-parameter dose response", "d+(a-d)/(1+(x/c)^b)", "a=100 d=5 c=3 b=1.4",
        (0.01, 1000, 16, "log")),
    add("5-parameter dose response", "d+(a-d)/(1+(x/c)^b)^g", "a=100 d=5 c=3 b=1.4 g=0.6",
        (0.01, 1000, 24, "log"), 0.01),
    add("substrate inhibition", "v*x/(k+x+x^2/i)", "v=12 k=0.5 i=20", (0.05, 100, 18, "log")),
    add("power law + offset", "a*x^b+c", "a=2 b=0.7 c=5", (0.1, 100, 25, "log")),
    add("Monod with decay", "m*x/(k+x)-d", "m=0.8 k=15 d=0.05", (1, 200, 18, "log")),
    add("Haldane-Andrews", "m*x/((k+x)*(1+x/i))", "m=0.8 k=5 i=150", (1, 500, 20, "log")),
    add("sine with trend", "a*sin(2*pi*x/t+p)+b+c*x", "a=3 t=12.2 p=1 b=300 c=0.15",
        (0, 72, 73), 0.05),
    add("two sines", "a*sin(w*x+p)+b*sin(v*x+q)", "a=3 w=1.1 p=0.4 b=2 v=2.7 q=1",
        (0, 25, 120), 0.05),
    add("chirp", "a*sin(b*x+c*x^2+p)", "a=2 b=1 c=0.15 p=0.3", (0, 12, 120), 0.05),
    add("rational 1/2", "(a+b*x)/(1+c*x+d*x^2)", "a=1 b=2 c=0.1 d=0.3", (0, 10, 30)),
    add("rational 2/2", "(a+b*x+c*x^2)/(1+d*x+e*x^2)", "a=1 b=2 c=3 d=-0.4 e=0.3",
        (0, 10, 50), 0.01),
    add("tanh step", "a*tanh((x-m)/w)+c", "a=2 m=15 w=1.5 c=8", (0, 30, 40), 0.03),
    add("erf step", "a*erf((x-m)/w)+c", "a=2 m=1500 w=80 c=8", (1000, 2000, 40), 0.03),
    add("Planck", "a*x^3/(exp(x/b)-1)", "a=0.3 b=2.2", (0.5, 25, 40)),
    add("Morse", "d*(1-exp(-a*(x-r)))^2+c", "d=4.7 a=1.9 r=0.74 c=-4.7", (0.45, 4, 40)),
    add("Lennard-Jones", "4*e*((s/x)^12-(s/x)^6)", "e=0.8 s=3.4", (3.3, 9, 40)),
    add("Boltzmann step", "l+(h-l)/(1+exp((v-x)/k))", "l=0.1 h=0.9 v=-35 k=6",
        (-90, 20, 23), 0.03),
    add("log-normal peak", "a*exp(-log(x/m)^2/(2*s^2))+c", "a=5 m=30 s=0.4 c=1",
        (2, 200, 50, "log")),
    add("gamma variate", "a*x^b*exp(-x/t)", "a=3 b=2.2 t=1.8", (0.2, 20, 40)),
    add("Bateman", "d*k/(k-e)*(exp(-e*x)-exp(-k*x))", "d=10 k=1.5 e=0.2", (0.1, 24, 16)),
    add("Fano", "a*(q+(x-m)/w)^2/(1+((x-m)/w)^2)", "a=2 q=1.5 m=60 w=0.8", (55, 65, 80)),
    add("broken stick", "a+b*x+c*max(x-d,0)", "a=1 b=0.2 c=1.5 d=6", (0, 10, 30)),
    add("delayed rise", "a*(1-exp(-max(x-d,0)/t))+c", "a=5 d=3 t=4 c=1", (0, 25, 50)),
    add("van Genuchten", "r+(s-r)/(1+(a*x)^n)^(1-1/n)", "r=0.08 s=0.43 a=0.02 n=1.6",
        (1, 15000, 20, "log")),
    add("von Bertalanffy", "l*(1-exp(-k*(x-t)))", "l=60 k=0.25 t=-0.8", (1, 15, 20)),
    add("double logistic", "c+a*(1/(1+exp((m-x)/u))-1/(1+exp((n-x)/w)))",
        "c=0.2 a=0.6 m=120 u=9 n=270 w=14", (1, 365, 46), 0.03),
    add("driven resonance", "a/sqrt((w^2-x^2)^2+(g*x)^2)", "a=50 w=12 g=0.8", (5, 20, 60)),
    add("single slit", "a*sinc((x-m)/w)^2+c", "a=100 m=1.5 w=2.2 c=2", (-10, 12, 90)),
    add("Airy fringes", "a/(1+f*sin(d*x+p)^2)", "a=10 f=6 d=1.3 p=0.4", (0, 10, 120)),
    add("exponential + line", "a+b*x+c*exp(-x/t)", "a=3 b=0.2 c=9 t=2", (0, 30, 40)),
    add("sech squared", "a/cosh((x-m)/w)^2+c", "a=30 m=1985 w=9 c=2", (1940, 2030, 46)),
    add("Gaussian on a slope", "a*exp(-((x-m)/s)^2/2)+b+c*x", "a=8 m=511 s=2 b=30 c=-0.04",
        (490, 530, 60)),
    add("logistic growth", "k/(1+(k/n-1)*exp(-r*x))", "k=300 n=4 r=0.03", (0, 250, 26)),
    add("cosine squared with offset", "a*cos(x*pi/180-p)^2+c", "a=5 p=0.6 c=0.3", (0, 350, 36)),
    add("sine, many periods", "a*sin(w*x+p)+c", "a=1 w=7.3 p=0.3 c=4", (0, 60, 200), 0.1),
    add("Sellmeier", "sqrt(1+a*x^2/(x^2-b))", "a=1.1 b=0.011", (0.4, 1.6, 25), 0.003),
]  # fmt: skip
