"""Many fits in XLA: models that mix points, the same answers as the other engines."""

from __future__ import annotations

import threading
from dataclasses import fields
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import least_squares

import taylored as ty
from taylored.many import xla
from taylored.many.block import Batch, Block
from taylored.many.plan import make_plan
from taylored.many.prepare import prepare
from taylored.many.solve import solve
from taylored.many.status import Status
from taylored.many.xla import XlaMachine, mixed_columns
from taylored.native.machine import Data, Recipe
from taylored.readings.numpy import compile_numpy
from taylored.trace.program import Builder

X = np.linspace(0.1, 10.0, 40)
KERNEL = np.exp(-(np.linspace(-2.0, 2.0, 9) ** 2))
MIXING = np.eye(40) + 0.02 * np.sin(np.outer(np.arange(40.0), np.arange(40.0)))


def cumulated(x, a, tau):
    return a * jnp.cumsum(jnp.exp(-x / tau))


def decayed(x, tau):
    return jnp.cumsum(jnp.exp(-x / tau))


def convolved(x, a, tau, c):
    return jnp.convolve(a * jnp.exp(-x / tau), KERNEL)[:40] + c


def mixed(x, a, tau):
    return MIXING @ (a * jnp.exp(-x / tau))


def normalized(x, a, mu, s):
    peak = jnp.exp(-0.5 * ((x - mu) / s) ** 2)
    return a * peak / jnp.sum(peak)


def logistic_growth(x, a, k, m):
    """y' = k y (1 - y/m) from y = 1, by Heun's method."""
    h = x[1] - x[0]

    def slope(y):
        return k * y * (1.0 - y / m)

    def advance(y, _):
        ahead = y + h * slope(y)
        return y + 0.5 * h * (slope(y) + slope(ahead)), y

    return a * jax.lax.scan(advance, 1.0, None, length=40)[1]


def black_box(x, a, b):
    return np.asarray([a * float(v) ** float(b) for v in x])


def complex_valued(x, a, b):
    return a * jnp.cumsum(jnp.exp(1j * b * x))


def values(model, rows):
    return np.stack([np.asarray(model(X, *map(float, row)), float) for row in rows])


def noisy(model, ranges, fits=12, noise=0.02, seed=1):
    random = np.random.default_rng(seed)
    low, high = np.array(ranges).T
    rows = random.uniform(low, high, (fits, len(low)))
    return values(model, rows) + noise * random.normal(size=(fits, len(X)))


def differences(one, other):
    """Which arrays of two blocks differ in any bit."""
    return [
        f.name for f in fields(Block)
        if not np.array_equal(getattr(one, f.name), getattr(other, f.name), equal_nan=True)
    ]  # fmt: skip


# ---- a model that mixes points ----------------------------------------------------------------


@pytest.fixture(scope="module")
def of_decayed():
    """Fits of which the second half has points that are not used, and are wild.

    One compilation serves whole fits and those with gaps.
    """
    y = noisy(decayed, [(1, 4)], fits=6)
    used = np.ones(y.shape, bool)
    used[3:, ::7] = False
    y[~used] = 1e3
    return y, used, solve(make_plan(decayed, X, 40), Batch(y, used=used))


def test_mixed_points_reach_the_minimum_of_scipy(of_decayed):
    y, used, found = of_decayed
    for row in range(6):

        def residual(p, row=row):
            return (np.cumsum(np.exp(-X / p[0])) - y[row])[used[row]]

        best = least_squares(residual, [2.0], xtol=1e-15, ftol=1e-15, gtol=1e-15)
        assert found.chi2[row] == pytest.approx(2.0 * best.cost, rel=1e-9)
        np.testing.assert_allclose(found.theta[:, row], best.x, rtol=1e-6)
        covariance = np.linalg.inv(best.jac.T @ best.jac) * 2.0 * best.cost / found.dof[row]
        np.testing.assert_allclose(found.stderr[:, row], np.sqrt(covariance.diagonal()), rtol=1e-4)


def test_mixed_points_have_verdict_and_count(of_decayed):
    _, used, found = of_decayed
    assert (found.status == Status.OK).all()
    np.testing.assert_array_equal(found.points, used.sum(axis=1))


def test_columns_are_the_derivatives():
    traces = make_plan(normalized, X, 40).traces
    full, reduced = mixed_columns(traces, [(40,), (), (), ()], [1, 2, 3])
    assert reduced is not None
    assert (reduced.straight, reduced.bent) == ((1,), (2, 3))
    point = np.array([2.0, 4.0, 1.5])
    *slopes, value = compile_numpy(full.program)(X[None, :], *point)
    np.testing.assert_allclose(value[0], normalized(X, *point), rtol=1e-6)  # JAX's is of float32
    for k, slope in enumerate(slopes):
        step = 1e-5 * np.eye(3)[k]
        up, down = (
            compile_numpy(full.program)(X[None, :], *p)[-1] for p in (point + step, point - step)
        )
        np.testing.assert_allclose(slope[0], (up - down)[0] / 2e-5, rtol=1e-6, atol=1e-9)


def test_columns_of_many_starts_are_those_of_each():
    traces = make_plan(normalized, X, 40).traces
    full, _ = mixed_columns(traces, [(40,), (), (), ()], [1, 2, 3])
    run = compile_numpy(full.program)
    starts = np.random.default_rng(0).uniform(1.0, 3.0, (70, 3))  # more than go together
    together = run(X[None, :], *(starts[:, k : k + 1] for k in range(3)))
    for row in (0, 63, 64, 69):
        alone = run(X[None, :], *(starts[row, k].reshape(1, 1) for k in range(3)))
        for many, one in zip(together, alone, strict=True):
            np.testing.assert_allclose(many[row], one[0], rtol=1e-14, atol=1e-300)


def test_parts_without_a_parameter_have_no_column():
    traces = make_plan(convolved, X, 40).traces
    _, reduced = mixed_columns(traces, [(40,), (), (), ()], [1, 2, 3])
    assert reduced is not None
    linear = [k for slopes in reduced.slopes for _, k in slopes]
    assert reduced.straight[-1] == 3  # the constant c, on whose column nothing acts
    assert len(reduced.straight) - 1 not in linear


# ---- which engine -----------------------------------------------------------------------------


def in_xla(model, engine="auto"):
    prepared = prepare(make_plan(model, X, 40, engine=engine))
    return None if prepared is None else prepared.in_xla


def test_engine_is_native_where_it_can_be():
    assert in_xla("a*exp(-x/tau)") is False
    assert in_xla("a*exp(-x/tau)", "native") is False
    assert in_xla("a*exp(-x/tau)", "xla") is True
    assert in_xla("a*exp(-x/tau)", "loop") is None


def test_engine_is_xla_for_what_has_no_machine_code():
    assert in_xla("a*digamma(b*x)") is True
    assert in_xla("a*digamma(b*x)", "native") is None
    assert in_xla(cumulated) is True
    assert in_xla(cumulated, "native") is None


def test_engine_of_black_boxes_is_the_loop():
    assert in_xla(black_box) is None
    assert in_xla(black_box, "xla") is None
    assert in_xla(complex_valued, "xla") is None


def test_gpu_is_for_many_fits(monkeypatch):
    monkeypatch.setattr(xla, "on_accelerator", lambda: True)
    monkeypatch.setattr(xla, "entry_points", lambda group: ["a plugin"])
    plan = make_plan("b*exp(-x/tau)", X, 40)
    assert xla.on_device(plan, 100).engine == "auto"
    assert xla.on_device(plan, 1_000_000).engine == "xla"
    native = make_plan("b*exp(-x/tau)", X, 40, engine="native")
    assert xla.on_device(native, 1_000_000).engine == "native"
    monkeypatch.setattr(xla, "entry_points", lambda group: [])
    assert xla.on_device(plan, 1_000_000).engine == "auto"


# ---- lanes: fits come and go ------------------------------------------------------------------


class Counting:
    """In place of what XLA compiles: a lane is done after as many turns as its y says."""

    def __init__(self):
        self.calls = 0

    def lower(self, *given):
        return SimpleNamespace(compile=lambda: self)

    def __call__(self, wanted, state, done, arrays):
        self.calls += 1
        state, done = state.copy(), done.copy()
        while done.sum() < wanted:
            state[1, ~done] += 1.0
            state[0, ~done] = arrays["y"].sum(axis=0)[~done]
            done |= state[1] >= arrays["y"][0]
        return state, done


@pytest.mark.parametrize("fits", [0, 1, 5, 3000])
def test_each_fit_gets_its_own_result(fits):
    builder = Builder(["x", "a"])
    program = builder.finish(builder.emit("mul", (0, 1)))
    recipe = Recipe(program, {0: 0}, {}, (1,), (), "", False, program, (np.nan, 0.0, 0.0), 2,
                    (0, 1))  # fmt: skip
    random = np.random.default_rng(3)
    y = random.integers(1, 30, (fits + 2, 4)).astype(float)
    rows = random.permutation(fits + 2)[:fits]
    bounds = np.array([-np.inf]), np.array([np.inf])
    data = Data(y, rows, np.ones((fits, 1, 1)), np.ones((1, 4)), np.zeros(0), *bounds)
    counting = Counting()
    found = XlaMachine(recipe, counting).run(data)
    np.testing.assert_array_equal(found[:, 0], y[rows].sum(axis=1))
    np.testing.assert_array_equal(found[:, 1], y[rows, 0])
    assert (counting.calls > 2) == (fits > 512)


# ---- slow: compiled many times ----------------------------------------------------------------

U = np.random.default_rng(5).uniform
MODELS = {
    "a*exp(-x/tau) + c": [(1, 3), (1, 4), (0, 1)],
    "a*exp(-x/t1) + b*exp(-x/t2)": [(1, 3), (0.3, 0.6), (1, 3), (3, 5)],
    "a*sin(w*x + p) + c": [(1, 3), (1, 3), (0, 3), (0, 1)],
    "a/(1 + exp(-(x - m)/s)) + c": [(1, 3), (3, 7), (0.5, 1), (0, 1)],
    "a*x/(k + x)": [(1, 3), (1, 4)],
    "a*x**b": [(1, 3), (0.3, 0.9)],
    "a + b*x + c*x**2": [(1, 3), (1, 3), (-1, 1)],
    "a*exp(-((x - m)/s)**2/2) + c": [(2, 3), (3, 7), (0.5, 1), (0, 1)],
    "a/(1 + ((x - m)/g)**2) + c": [(2, 3), (3, 7), (0.5, 1), (0, 1)],
    "a*erf((x - m)/s) + c": [(1, 3), (3, 7), (0.5, 2), (0, 1)],
    "a*log(x) + b*exp(-k*x)": [(1, 3), (1, 3), (0.5, 1)],
    "a*tanh(k*x)": [(1, 3), (0.2, 0.8)],
    "a*exp(-(x/t)**b)": [(1, 3), (2, 4), (0.7, 1.3)],
    "a*besselj0(k*x)": [(1, 3), (0.3, 1)],
    "a*atan(k*(x - m)) + c": [(1, 3), (0.5, 2), (3, 7), (0, 1)],
}


def made(model, fits=60, noise=0.02):
    """Data of a formula whose parameters come in the order of MODELS."""
    traces = make_plan(model, X, 40)
    ranges = MODELS[model]
    random = np.random.default_rng(9)
    low, high = np.array(ranges).T
    order = [traces.names.index(n) for n in _as_written(model, traces.names)]
    rows = np.empty((fits, len(low)))
    rows[:, order] = random.uniform(low, high, (fits, len(low)))
    program = traces.traces.program
    assert program is not None
    run = compile_numpy(program)
    y = run(X[None, :], *(rows[:, k : k + 1] for k in range(len(low))))[0]
    return y + noise * random.normal(size=y.shape)


def _as_written(model, names):
    import re

    found = [w for w in re.findall(r"[a-z_]\w*", model) if w in names]
    return list(dict.fromkeys(found))


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_same_as_native(model):
    y = made(model)
    native, ours = (solve(make_plan(model, X, 40, engine=e), Batch(y)) for e in ("native", "xla"))
    assert (native.status == Status.OK).mean() > 0.8
    np.testing.assert_array_equal(ours.status, native.status)
    np.testing.assert_allclose(ours.chi2, native.chi2, rtol=1e-9)
    np.testing.assert_allclose(ours.theta, native.theta, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.stderr, native.stderr, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_same_as_native_with_weights_bounds_gaps_and_own_columns(dtype):
    model = "a*exp(-x/tau) + c"
    y, random = made(model).astype(dtype), np.random.default_rng(4)
    batch = Batch(y, sigma=random.uniform(0.01, 0.04, y.shape), used=random.random(y.shape) < 0.9,
                  columns={0: X + random.uniform(0.0, 0.05, y.shape)})  # fmt: skip
    given = (None, {"a": (0.0, 2.5)}, {"c": 0.5})
    native, ours = (
        solve(
            make_plan(model, X, 40, engine=e, dtype=dtype, parameters=given, has_sigma=True), batch
        )
        for e in ("native", "xla")
    )
    assert {Status.AT_BOUND, Status.MISFIT} <= set(native.status)
    np.testing.assert_array_equal(ours.status, native.status)
    np.testing.assert_allclose(ours.chi2, native.chi2, rtol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "ranges"),
    [
        (cumulated, [(1, 3), (1, 4)]),
        (convolved, [(1, 3), (1, 4), (0, 1)]),
        (mixed, [(1, 3), (1, 4)]),
        (normalized, [(10, 30), (3, 7), (0.5, 1.5)]),
        (logistic_growth, [(1, 3), (0.3, 1), (3, 5)]),
    ],
)
def test_same_as_single_fits(model, ranges):
    y = noisy(model, ranges, fits=6)
    found = solve(make_plan(model, X, 40), Batch(y))
    assert (found.status == Status.OK).all()
    for row in range(len(y)):
        alone = ty.fit(model, X, y[row])
        assert found.chi2[row] == pytest.approx(alone.chi2, rel=1e-6)
        np.testing.assert_allclose(found.theta[:, row], [*alone.params.values()], rtol=1e-3)
        np.testing.assert_allclose(found.stderr[:, row], [*alone.stderr.values()], rtol=1e-3)


@pytest.mark.slow
def test_bits_do_not_depend_on_the_neighbors():
    model = "a*exp(-x/tau) + c"
    y = made(model, fits=700)
    y[50:80] = np.random.default_rng(2).normal(size=(30, 40))  # noise alone: many passes
    y[90], y[91, 3], y[92, :30] = 0.0, np.inf, np.nan
    plan = make_plan(model, X, 40, engine="xla")
    whole = solve(plan, Batch(y))
    for rows in (np.random.default_rng(8).permutation(700), np.array([5]), np.arange(40, 333)):
        assert differences(whole.take(rows), solve(plan, Batch(y[rows]))) == []


@pytest.mark.slow
def test_threads_share_one_compilation():
    model = "a*exp(-x/tau) + d"
    y = made("a*exp(-x/tau) + c", fits=80)
    plan = make_plan(model, X, 40, engine="xla")
    found = [Block.empty(3, 20)] * 4

    def work(part):
        found[part] = solve(plan, Batch(y[20 * part : 20 * part + 20]))

    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert differences(Block.join(found), solve(plan, Batch(y))) == []
