"""Peers that fit many curves: loops over SciPy, xarray, and batches in JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from many_data import Drawn, Scenario
from scipy.optimize import curve_fit

__all__ = ["PEERS", "Peer", "chi2_of", "scipy_loop", "tight"]

Peer = Callable[[Scenario, Drawn], np.ndarray]  # to parameters (params, fits)

BATCH = 2000  # fits per call of what is vmapped
LANES = 256  # fits per call where they are the last axis
MOST = 100  # iterations
TOLERANCE = 1e-8  # SciPy's default


def chi2_of(scenario: Scenario, drawn: Drawn, theta: np.ndarray) -> np.ndarray:
    """chi-squared of parameters (params, fits) in float64, by NumPy alone."""
    found = np.empty(len(drawn.Y))
    f, x = scenario.make(np), scenario.x if scenario.x.ndim == 1 else scenario.x[:, None]
    with np.errstate(all="ignore"):
        for first in range(0, len(found), BATCH):
            part = slice(first, first + BATCH)
            few = drawn.take(part)
            r = few.weights * (np.nan_to_num(few.Y) - f(x, *theta[:, part, None]))
            found[part] = np.square(r).sum(axis=1)
    return found


# ---- one by one -----------------------------------------------------------------------------


def scipy_loop(scenario: Scenario, drawn: Drawn, jac: Any = None, **options: Any) -> np.ndarray:
    """A loop over curve_fit; nan where it raises."""
    f, x, names = scenario.make(np), scenario.x, scenario.names
    found = np.full((len(names), len(drawn.Y)), np.nan)
    for k, y in enumerate(drawn.Y):
        inputs, sigma = x, None if drawn.sigma is None else drawn.sigma[k]
        if scenario.missing:
            known = np.isfinite(y)
            inputs, y = x[..., known], y[known]
        try:
            found[:, k] = curve_fit(f, inputs, y, drawn.begin[:, k], sigma, sigma is not None,
                                    check_finite=False, jac=jac, **options)[0]  # fmt: skip
        except RuntimeError:
            continue
    return found


def with_jac(scenario: Scenario, drawn: Drawn) -> np.ndarray:
    """The loop, with derivatives written by hand."""
    return scipy_loop(scenario, drawn, scenario.jac)


def tight(scenario: Scenario, drawn: Drawn) -> np.ndarray:
    """The lower chi-squared of SciPy's fits to rounding: from the peers' start, from the truth."""
    exact = Drawn(drawn.Y, drawn.sigma, drawn.truth, drawn.truth)
    options = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15, "maxfev": 2000}
    found = [
        chi2_of(scenario, d, scipy_loop(scenario, d, scenario.jac, **options))
        for d in (drawn, exact)
    ]
    return np.fmin(*found)


def with_xarray(scenario: Scenario, drawn: Drawn) -> np.ndarray:
    """DataArray.curvefit, which knows no standard errors of the data."""
    import xarray as xr

    fits, columns = len(drawn.Y), scenario.columns
    axes = {name: np.unique(values) for name, values in columns.items()}
    dims = [*reversed(axes)]  # the first input varies fastest
    Y = drawn.Y.reshape(fits, *(len(axes[d]) for d in dims))
    cube = xr.DataArray(Y, dims=["fit", *dims], coords=axes)
    begin = {n: xr.DataArray(b, dims="fit")
             for n, b in zip(scenario.names, drawn.begin, strict=True)}  # fmt: skip
    f = scenario.make(np)
    if len(columns) > 1:
        f = _of_tuple(f)
    fitted = cube.curvefit([*axes], f, p0=begin, param_names=[*scenario.names], errors="ignore")
    return fitted.curvefit_coefficients.transpose("param", "fit").values


def _of_tuple(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, *p: f(x, *p)


# ---- batches in JAX -------------------------------------------------------------------------

_compiled: dict[tuple[str, str], Callable] = {}


def _in_batches(kind: str, make: Callable[[Scenario], Callable], size: int) -> Peer:
    """A peer that runs a compiled function (Y, weights, begin) -> (fits, params), batch by batch.

    The compiled function is kept: only warm calls are measured.
    """

    def run(scenario: Scenario, drawn: Drawn) -> np.ndarray:
        import jax

        key = (kind, scenario.name)
        if key not in _compiled:
            _compiled[key] = jax.jit(make(scenario))
        Y, w, begin = np.nan_to_num(drawn.Y), drawn.weights, drawn.begin.T
        found = []
        for first in range(0, len(Y), size):
            part = [_padded(a[first : first + size], size) for a in (Y, w, begin)]
            found.append(np.asarray(_compiled[key](*part)))
        return np.concatenate(found)[: len(Y)].T

    return run


def _padded(array: np.ndarray, size: int) -> np.ndarray:
    if len(array) == size:
        return array
    return np.concatenate([array, np.repeat(array[-1:], size - len(array), axis=0)])


def _residual(scenario: Scenario) -> Callable[..., Any]:
    import jax.numpy as jnp

    f, x = scenario.make(jnp), jnp.asarray(scenario.x)
    return lambda p, y, w: w * (y - f(x, *p))


def _naive(scenario: Scenario) -> Callable[..., Any]:
    """Levenberg and Marquardt for one fit, as most write it, and `vmap` over the fits."""
    import jax
    import jax.numpy as jnp

    residual = _residual(scenario)

    def one(y: Any, w: Any, begin: Any) -> Any:
        def at(p: Any) -> tuple[Any, Any, Any]:
            r, j = residual(p, y, w), jax.jacfwd(residual)(p, y, w)
            return j.T @ j, j.T @ r, r @ r

        def step(state: tuple) -> tuple:
            p, (a, g, cost), damping, count, _ = state
            move = jnp.linalg.solve(a + damping * jnp.diag(jnp.diag(a)), g)
            new = at(p - move)
            better = new[2] < cost
            small = jnp.linalg.norm(move) <= TOLERANCE * jnp.linalg.norm(p)
            promised = 2.0 * move @ g - move @ a @ move
            done = small | (promised <= TOLERANCE * cost)
            p = jnp.where(better, p - move, p)
            kept = jax.tree.map(lambda n, o: jnp.where(better, n, o), new, (a, g, cost))
            return p, kept, jnp.where(better, damping * 0.1, damping * 10.0), count + 1, done

        def going(state: tuple) -> Any:
            return (state[3] < MOST) & ~state[4]

        return jax.lax.while_loop(going, step, (begin, at(begin), 1e-3, 0, False))[0]

    return jax.vmap(one)


def _with_optimistix(scenario: Scenario) -> Callable[..., Any]:
    import jax
    import optimistix as optx

    residual = _residual(scenario)
    solver = optx.LevenbergMarquardt(rtol=TOLERANCE, atol=TOLERANCE)

    def one(y: Any, w: Any, begin: Any) -> Any:
        found = optx.least_squares(lambda p, _: residual(p, y, w), solver, begin,
                                   max_steps=MOST, throw=False)  # fmt: skip
        return found.value

    return jax.vmap(one)


def _batch_last(scenario: Scenario) -> Callable[..., Any]:
    """Fits on the last axis, normal equations and Cholesky written out number by number."""
    import jax
    import jax.numpy as jnp

    f = scenario.make(jnp)
    x = jnp.asarray(scenario.x)[..., None]
    size = len(scenario.names)

    def at(p: Any, y: Any, w: Any) -> tuple[list, list, Any]:
        def values(p: Any) -> Any:
            return f(x, *p)

        value = values(p)
        directions = jnp.eye(size)[:, :, None] * jnp.ones_like(p)
        columns = [w * jax.jvp(values, (p,), (d,))[1] for d in directions]
        r = w * (y - value)
        a = [[(columns[i] * columns[j]).sum(0) for j in range(i + 1)] for i in range(size)]
        return a, [(c * r).sum(0) for c in columns], (r * r).sum(0)

    def run(Y: Any, w: Any, begin: Any) -> Any:
        y, w = Y.T, w.T

        def step(state: tuple) -> tuple:
            p, (a, g, cost), damping, count, done = state
            move, promised = _solved(a, g, damping)
            a2, g2, cost2 = at(p + move, y, w)
            better = (cost2 < cost) & ~done
            small = jnp.linalg.norm(move, axis=0) <= TOLERANCE * jnp.linalg.norm(p, axis=0)
            done = done | small | (promised <= TOLERANCE * cost)
            kept = jax.tree.map(
                lambda n, o: jnp.where(better, n, o), (p + move, (a2, g2, cost2)), (p, (a, g, cost))
            )
            damping = jnp.where(better, damping * 0.1, damping * 10.0)
            return *kept, damping, count + 1, done

        def going(state: tuple) -> Any:
            return (state[3] < MOST) & ~state[4].all()

        p = begin.T
        some = jnp.full(p.shape[1], 1e-3)
        first = (p, at(p, y, w), some, 0, some < 0)
        return jax.lax.while_loop(going, step, first)[0].T

    return run


def _solved(a: list[list], g: list, damping: Any) -> tuple[Any, Any]:
    """The damped step by Cholesky's factors, and the decrease that it promises."""
    import jax.numpy as jnp

    n = len(g)
    rows: list[list] = []
    half: list = []
    for i in range(n):
        row: list = []
        for j in range(i):
            row.append((a[i][j] - sum(row[k] * rows[j][k] for k in range(j))) / rows[j][j])
        pivot = a[i][i] * (1.0 + damping) - sum(v * v for v in row)
        row.append(jnp.sqrt(pivot))
        half.append((g[i] - sum(row[k] * half[k] for k in range(i))) / row[i])
        rows.append(row)
    move: list = [None] * n
    for i in reversed(range(n)):
        rest = sum(rows[k][i] * move[k] for k in range(i + 1, n))
        move[i] = (half[i] - rest) / rows[i][i]
    promised = sum(h * h for h in half) + damping * sum(
        a[i][i] * move[i] * move[i] for i in range(n)
    )
    return jnp.stack(move), promised


# Each with how many fits it is timed on.
PEERS: dict[str, tuple[Peer, int]] = {
    "SciPy loop": (scipy_loop, 1000),
    "SciPy loop, jac": (with_jac, 1000),
    "xarray curvefit": (with_xarray, 500),
    "naive vmap": (_in_batches("naive", _naive, BATCH), 2 * BATCH),
    "optimistix vmap": (_in_batches("optimistix", _with_optimistix, BATCH), BATCH),
    "JAX, fits last": (_in_batches("last", _batch_last, LANES), 16 * LANES),
}
