"""Taylor polynomials beside the peers: tightness of remainders, cost, digits.

    python benchmarks/series.py                 everything but what takes minutes
    python benchmarks/series.py --slow          also nested jacfwd at order 8 (a minute to compile)
    python benchmarks/series.py --only tightness

Widths are compared with the range of f - T at many points, computed by python-flint from the same
program at 128 bits: no part of the remainder's own algorithm but the walk of the program.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import flint
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import sympy
from common import section, single_thread, table
from jax.experimental import jet
from series_functions import AUTOBOUND, FUNCTIONS, RADII, Function

import taylored as ty
from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.interval.executor import flint_executor
from taylored.readings.jet.run import enclose, expand
from taylored.readings.jet.space import space
from taylored.series.function import read_target

jax.config.update("jax_enable_x64", True)

ORDERS = (1, 4)
MIXED = "exp(sin(x))*tanh(x)/(1+x^2) + log(2+x)*sqrt(3+x)"


# ---- tightness ----


def true_range(function: Function, order: int, radius: float) -> tuple[float, float]:
    """The least and largest value of f - T on a grid with the corners of the box."""
    target, point = read_target(function.f, function.at)
    e = flint_executor()
    box = BoxFunction(target.program, target.shapes, e)
    per_axis = {1: 401, 2: 25, 3: 9}[target.variables]
    line = np.linspace(-1.0, 1.0, per_axis) * radius
    steps = np.stack(np.meshgrid(*[line] * target.variables, indexing="ij"), -1)
    steps = steps.reshape(-1, target.variables)
    points = point + steps
    polynomials = space(target.variables, order)
    with e.precision():
        center = box.over(point[None], point[None], polynomials)
        values = box.over(points, points, space(target.variables, 0))
        found = []
        for k, x in enumerate(points):
            h = [flint.arb(float(a)) - flint.arb(float(b)) for a, b in zip(x, point, strict=True)]
            total = values.low[0, k, 0]
            for c, exponents in zip(center.low[:, 0, 0], polynomials.exponents, strict=True):
                term = c
                for v, power in zip(h, exponents, strict=True):
                    term = term * v ** int(power)
                total = total - term
            found.append(float(total.mid()))
    return min(found), max(found)


def tightness() -> None:
    rows, ratios, thorough_ratios, wins = [], [], [], []
    for function in FUNCTIONS:
        for order in ORDERS:
            cells, exact_cells, boxes = [], [], []
            for k, radius in enumerate(RADII):
                low, high = true_range(function, order, radius)
                if high - low < 1e-14:  # a polynomial of this degree
                    continue
                ratio = {}
                for thorough in (False, True):
                    T = ty.taylor(function.f, function.at, order, radius=radius, thorough=thorough)
                    ratio[thorough] = T.truncation.width / (high - low)
                    boxes += [] if thorough else [T.boxes]
                cells.append(ratio[False])
                exact_cells.append(ratio[True])
                known = (AUTOBOUND.get(function.name) or {}).get(order)
                if known is not None:
                    wins.append(ratio[False] <= known[k] + 0.005)
            if not cells:
                continue
            ratios += cells
            thorough_ratios += exact_cells
            known = (AUTOBOUND.get(function.name) or {}).get(order)
            rows.append([
                function.name, order, " / ".join(f"{c:.3f}" for c in cells),
                " / ".join(f"{c:.3f}" for c in exact_cells), max(boxes),
                "-" if known is None else " / ".join(f"{c:g}" for c in known),
            ])  # fmt: skip
    quantiles = np.quantile(ratios, [0.5, 0.9, 1.0])
    better = np.quantile(thorough_ratios, [0.5, 0.9, 1.0])
    section(
        "series-tightness",
        "Taylor remainders: width over true range",
        f"At radius {' / '.join(map(str, RADII))}. Default: median {quantiles[0]:.3f}, 90th "
        f"percentile {quantiles[1]:.3f}, worst {quantiles[2]:.3f} of {len(ratios)} cells; "
        f"thorough: {better[0]:.3f}, {better[1]:.3f}, {better[2]:.3f}. Not wider than AutoBound "
        f"in {sum(wins)} of {len(wins)} shared cells.\n\n"
        + table(["function", "order", "default", "thorough", "boxes", "AutoBound"], rows),
    )


# ---- cost ----


def once(run: Callable[[], Any]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def median(run: Callable[[], Any], rounds: int = 15) -> float:
    run()
    return statistics.median(once(run) for _ in range(rounds))


def _nested(f: Callable, order: int) -> Callable:
    derivatives = [f]
    for _ in range(order):
        derivatives.append(jax.jacfwd(derivatives[-1]))
    return jax.jit(lambda x: jnp.stack([d(x) for d in derivatives]))


def _jet(f: Callable, order: int) -> Callable:
    series = [1.0] + [0.0] * (order - 1)
    return jax.jit(lambda x: jet.jet(f, (x,), (series,)))


def first_calls(slow: bool) -> None:
    """The first answer, compilation included; the peers give numbers without an error."""
    f = lambda x: jnp.exp(jnp.sin(x))  # noqa: E731
    rows = []
    for order in (4, 8, 16):
        times = [
            once(lambda o=order: ty.taylor(lambda v: jnp.exp(jnp.sin(v)), 0.3, o, radius=0.1)),
            median(lambda o=order: ty.taylor("exp(sin(x))", 0.3, o, radius=0.1)),
            median(lambda o=order: ty.taylor("exp(sin(x))", 0.3, o)),
            once(lambda o=order: _nested(f, o)(0.3)) if order < 5 + 4 * slow else None,
            once(lambda o=order: _jet(f, o)(0.3)),
            median(lambda o=order: _arb(o)),
            median(lambda o=order: _mpmath(o), 3),
            once(lambda o=order: _sympy(o)) if order < 10 else None,
        ]
        rows.append([order, *map(_ms, times)])
    heads = ["order", "ours, JAX function", "ours, formula", "no remainder", "nested jacfwd",
             "jax jet", "arb_series", "mpmath", "SymPy"]  # fmt: skip
    section(
        "series-first",
        "Taylor: first answer for exp(sin x) at 0.3",
        "Milliseconds. Ours with a proved remainder on a radius of 0.1: a JAX function traced "
        "anew, a formula again, and without the remainder. Nested jacfwd and jet: compilation and "
        "one call.\n\n" + table(heads, rows),
    )


def _arb(order: int) -> Any:
    flint.ctx.cap = order + 1
    return flint.arb_series([flint.arb(0.3), 1]).sin().exp()


def _mpmath(order: int) -> Any:
    with mpmath.workdps(15):
        return mpmath.taylor(lambda v: mpmath.exp(mpmath.sin(v)), 0.3, order)


def _sympy(order: int) -> Any:
    x = sympy.symbols("x")
    center = sympy.Rational(3, 10)
    return sympy.series(sympy.exp(sympy.sin(x)), x, center, order + 1)


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1e3:.3g}"


def digits() -> None:
    """Right digits of the worst coefficient, against python-flint at 300 bits."""
    rows = []
    truths = {
        "exp(sin(x))": lambda s: s.sin().exp(),
        MIXED: lambda s: (
            s.sin().exp() * (1 - 2 / (1 + (2 * s).exp())) / (1 + s * s)
            + (2 + s).log() * (3 + s).sqrt()
        ),
    }
    for text, truth in truths.items():
        for order in (8, 16):
            flint.ctx.prec, flint.ctx.cap = 300, order + 1
            exact = truth(flint.arb_series([flint.arb(0.3), 1]))
            T = ty.taylor(text, 0.3, order)
            errors = [abs(float((flint.arb(float(c)) - exact[k]) / exact[k]))
                      for k, c in enumerate(T.coefficients)]  # fmt: skip
            flint.ctx.prec = 53
            claimed = np.max(T.coefficient_errors / np.abs(T.coefficients))
            rows.append([text, order, f"{-np.log10(max(errors)):.2f}", f"{-np.log10(claimed):.2f}"])
    w = np.array([0.7, -0.4, 0.5, 0.3, -0.6, 0.2])
    at = np.full(6, 0.2)
    took = once(lambda: ty.taylor(lambda v: jnp.exp(jnp.sin(w @ v)) / (1 + v @ v), at, 6))
    T = ty.taylor(lambda v: jnp.exp(jnp.sin(w @ v)) / (1 + v @ v), at, 6)
    claimed = np.max(T.coefficient_errors) / np.max(np.abs(T.coefficients))
    section(
        "series-digits",
        "Taylor: digits",
        table(["function", "order", "digits", "digits proved"], rows)
        + f"\n\nexp(sin(w.x))/(1+x.x) of 6 inputs, degree 6 ({len(T.coefficients)} coefficients): "
        f"first answer {took:.2f} s, errors proved below {claimed:.1e} of the largest.",
    )


def _contenders(program: Any, polynomials: Any, center: np.ndarray) -> dict[str, Callable]:
    seeds = [np.stack([center, np.ones(len(center))])]
    boxes = [(center - 0.01, center + 0.01)]
    return {
        "float64": lambda: expand(program, polynomials, seeds, np.float64),
        "long double": lambda: expand(program, polynomials, seeds),
        "interval": lambda: enclose(program, polynomials, boxes, [np.ones((1, 1))]),
    }


def interval_cost() -> None:
    """Interval coefficients beside those in numbers, for as many boxes as points."""
    rng = np.random.default_rng(0)
    w1, w2, w3 = rng.normal(size=(32, 1)), rng.normal(size=(32, 32)) / 5, rng.normal(size=32)
    functions = {
        "exp(sin(2*x))": "exp(sin(2*x))", "mixed": MIXED,
        "mlp 1-32-32-1": lambda x: w3 @ jnp.tanh(w2 @ jnp.tanh(w1 @ jnp.atleast_1d(x))),
    }  # fmt: skip
    rows = []
    for name, f in functions.items():
        target, _ = read_target(f, 0.3)
        for order in (2, 5, 8):
            for boxes in (16, 64, 1024):
                center = 0.3 + rng.uniform(-0.1, 0.1, boxes)
                times: dict[str, list[float]] = {}
                runs = _contenders(target.program, space(1, order), center)
                for _ in range(7):
                    for kind, run in runs.items():
                        times.setdefault(kind, []).append(once(run))
                plain, long, interval = (statistics.median(times[k]) for k in runs)
                rows.append([name, order, boxes, f"{interval * 1e6 / boxes:.1f}",
                             f"{interval / plain:.1f}", f"{interval / long:.1f}"])  # fmt: skip
    section(
        "series-cost",
        "Interval coefficients: cost",
        "Microseconds per box, and the ratio to the same coefficients in numbers, in float64 and "
        "in long double (which `taylor` uses).\n\n"
        + table(["function", "order", "boxes", "us per box", "x float64", "x long double"], rows),
    )


def main() -> None:
    single_thread()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--only", choices=["tightness", "first", "digits", "cost"])
    options = parser.parse_args()
    parts = {
        "tightness": tightness, "first": lambda: first_calls(options.slow), "digits": digits,
        "cost": interval_cost,
    }  # fmt: skip
    for name, part in parts.items():
        if options.only in (None, name):
            part()


if __name__ == "__main__":
    main()
