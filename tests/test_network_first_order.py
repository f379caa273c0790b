"""First-order training: Adam by its paper, when it ends, and going on where it was."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from stopping import Stopped, stopping
from taylored.networks.losses import Logistic, Softmax, Squared
from taylored.networks.model import perceptron
from taylored.networks.solvers.conjugate import polish_quiet
from taylored.networks.solvers.first_order import (
    ENDS,
    FirstOrderState,
    Options,
    split_rows,
    train_first_order,
)
from taylored.networks.solvers.fused import fused_steps, pieces_of
from taylored.networks.solvers.levenberg import Batch
from taylored.networks.user_model import user_model


def task(rows=300, members=2, noise=0.1, seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(members, rows, 3)).astype(dtype)
    t = np.sin(2 * z[..., :1]) + noise * rng.normal(size=(members, rows, 1))
    return perceptron(3, (8,), 1), Batch(z, t.astype(dtype))


def trained(model, batch, options, seed=0, loss=Squared, **more):
    return train_first_order(
        model, loss(), batch, np.random.default_rng(seed), options, **more
    )  # fmt: skip


# ---- Adam ----


def adam_by_the_paper(theta, slope, rates, decay, decayed):
    """Kingma and Ba, algorithm 1, with ε added to the root that is not corrected yet."""
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for k, rate in enumerate(rates, 1):
        g = slope(theta)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        size = rate * np.sqrt(1 - 0.999**k) / (1 - 0.9**k)
        theta = theta - rate * decay * decayed * theta - size * m / (np.sqrt(v) + 1e-8)
    return theta


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_steps_are_those_of_the_paper(decay):
    model, batch = task(rows=20, members=1, dtype=float)
    weights = np.random.default_rng(3).uniform(0.5, 2, (1, 20))
    batch = Batch(batch.z, batch.t, weights)
    options = Options(epochs=12, batch=20, held=0.0, warm=0.25, rate=0.05, decay=decay)
    found = trained(model, batch, options)
    start = model.draw(np.random.default_rng(0), 1, float)[0]

    def slope(theta):
        f, jacobian = model.jacobian(theta[None], batch.z)
        each = (weights / weights.mean() / 20)[0][:, None, None] * jacobian[0]
        return ((f - batch.t)[0][:, :, None] * each).sum((0, 1))

    place = (np.arange(12) + 0.5) / 12
    fall = 0.5 + 0.5 * np.cos(np.pi * np.clip((place - 0.25) / 0.75, 0, 1))
    rates = 0.05 * np.minimum(place / 0.25, 1) * fall
    decayed = model.groups != model.groups.max()
    true = adam_by_the_paper(start, slope, rates, decay, decayed)
    assert np.abs(found.theta[0] - true).max() < 1e-11


def test_an_optimizer_of_optax_takes_the_place_of_adam():
    optax = pytest.importorskip("optax")
    model, batch = task(rows=20, members=1, dtype=float)
    options = Options(epochs=10, batch=20, held=0.0, optimizer=optax.sgd(0.1, momentum=0.5))
    found = trained(model, batch, options)
    theta, moved = model.draw(np.random.default_rng(0), 1, float)[0], 0.0
    for _ in range(10):
        f, jacobian = model.jacobian(theta[None], batch.z)
        slope = ((f - batch.t)[..., None] * jacobian).mean((0, 1, 2))
        moved = slope + 0.5 * moved
        theta = theta - 0.1 * moved
    assert np.abs(found.theta[0] - theta).max() < 1e-12


def test_every_row_is_drawn_but_those_held_back():
    """A model of one weight for each row: those that never move were never drawn."""
    rows = 60
    z = np.eye(rows, dtype=np.float32)[None]
    batch = Batch(z, np.ones((1, rows, 1), np.float32))
    model = perceptron(rows, (), 1)
    options = Options(epochs=30, rate=0.01, decay=0.0, patience=1000)
    found = trained(model, batch, options)
    start = model.draw(np.random.default_rng(0), 1, np.float32)[0]
    moved = np.flatnonzero(found.last[0, :rows] != start[:rows])
    seen, held = split_rows(int(found.seed), 0, rows, options.count_held(rows))
    assert len(held) == 0 and len(seen) == rows  # too few rows for validation
    assert moved.tolist() == list(range(rows))
    again = trained(model, batch, Options(epochs=30, rate=0.01, decay=0.0, held=0.25))
    start = model.draw(np.random.default_rng(0), 1, np.float32)[0]
    moved = np.flatnonzero(again.last[0, :rows] != start[:rows])
    seen, held = split_rows(int(again.seed), 0, rows, 15)
    assert len(held) == 15 and set(moved) == set(seen)


def test_the_arrays_of_the_layers_make_up_the_vector():
    model = perceptron(3, (4, 5), 2)
    places = np.concatenate([np.arange(model.size)[s] for s in pieces_of(model)])
    assert places.tolist() == list(range(model.size))


# ---- ends ----


def test_noise_ends_training_by_validation_and_the_best_is_kept():
    rng = np.random.default_rng(1)
    batch = Batch(
        rng.normal(size=(2, 200, 3)).astype(np.float32),
        rng.normal(size=(2, 200, 1)).astype(np.float32),
    )
    found = trained(perceptron(3, (30,), 1), batch, Options(epochs=400, rate=0.02))
    assert [ENDS[d] for d in found.done] == ["validation"] * 2
    assert found.reason(0).startswith("the validation loss has not improved for")
    assert found.epochs.max() < 400
    for i in range(2):
        ran = found.validation[: found.epochs[i], i]
        assert found.least[i] == pytest.approx(ran.min(), rel=1e-6)
        _, held = split_rows(int(found.seed), i, 200, 20)
        f = perceptron(3, (30,), 1).values(found.theta[i : i + 1], batch.z[i : i + 1, held])
        measured = 0.5 * ((f - batch.t[i : i + 1, held]) ** 2).mean()
        assert measured == pytest.approx(found.least[i], rel=1e-4)


def test_all_epochs_are_run_where_nothing_is_held_back():
    model, batch = task(rows=50)
    found = trained(model, batch, Options(epochs=7))
    assert found.epochs.tolist() == [7, 7]
    assert found.reason(0) == "all 7 epochs were run"
    assert len(found.trace) == 7 and np.isfinite(found.trace).all()
    assert np.isnan(found.held_out_trace).all()


@pytest.mark.slow
def test_a_loss_that_explodes_is_tried_at_lower_rates_and_then_named():
    model, batch = task(rows=50, members=1)
    wild = trained(model, batch, Options(epochs=20, rate=1e30, again=2))
    assert wild.reason(0) == "the loss is not finite at any rate that was tried"
    assert wild.again[0] == 2
    assert np.isfinite(wild.theta).all()
    tamed = trained(model, batch, Options(epochs=20, rate=1e30, again=60))
    assert ENDS[tamed.done[0]] == "epochs"
    assert np.isfinite(tamed.trace).all() and tamed.again[0] > 2


# ---- the same again ----


@pytest.mark.parametrize("after", [1, 3])
def test_first_order_training_resumes_to_the_same_bytes(after):
    model, batch = task(rows=400, members=3)
    options, kept = Options(epochs=200, rate=0.01), {}
    whole = trained(model, batch, options)
    with pytest.raises(Stopped):
        trained(model, batch, options, watch=stopping(after, kept))
    again = trained(model, batch, options, state=FirstOrderState.from_arrays(kept))
    for name, array in whole.arrays().items():
        assert array.tobytes() == again.arrays()[name].tobytes(), name


@pytest.mark.slow
def test_members_do_not_depend_on_each_other():
    model, batch = task(members=2)
    both = trained(model, batch, Options(epochs=6))
    other = Batch(batch.z.copy(), batch.t.copy())
    other.t[1] = 0
    again = trained(model, other, Options(epochs=6))
    assert both.theta[0].tobytes() == again.theta[0].tobytes()
    assert both.theta[1].tobytes() != again.theta[1].tobytes()


def test_rows_of_weight_zero_do_not_count():
    model, batch = task(rows=200)
    weights = np.ones((2, 200), np.float32)
    weights[:, ::5] = 0
    other = batch.t.copy()
    other[:, ::5] = 37.0
    options = Options(epochs=10)
    one = trained(model, Batch(batch.z, batch.t, weights), options)
    two = trained(model, Batch(batch.z, other, weights), options)
    assert one.theta.tobytes() == two.theta.tobytes()


# ---- what it finds ----


@pytest.mark.slow
def test_a_straight_line_is_that_of_least_squares():
    rng = np.random.default_rng(2)
    z = rng.normal(size=(1, 400, 2)).astype(np.float32)
    t = (z @ [0.7, -0.4] + 0.2 + 0.3 * rng.normal(size=(1, 400))).astype(np.float32)[..., None]
    options = Options(held=0.0, decay=0.0, rate=0.02, epochs=200)
    found = trained(perceptron(2, (), 1), Batch(z, t), options)
    true = np.linalg.lstsq(np.column_stack([z[0], np.ones(400)]), t[0, :, 0])[0]
    assert np.abs(found.theta[0] - true).max() < 2e-3  # standard errors are 0.015


@pytest.mark.slow
def test_classes_come_with_their_probabilities():
    rng = np.random.default_rng(3)
    z = rng.normal(size=(1, 2000, 2)).astype(np.float32)
    p = 1 / (1 + np.exp(-2 * z[0, :, 0] * np.sign(z[0, :, 1])))
    t = (rng.uniform(size=2000) < p).astype(np.int32)[None]
    best = -np.mean(np.where(t[0], np.log(p), np.log(1 - p)))
    for loss, outputs in ((Logistic, 1), (Softmax, 2)):
        model = perceptron(2, (16,), outputs)
        found = trained(model, Batch(z, t), Options(epochs=60), loss=loss)
        assert found.least[0] < best + 0.06 < 0.6  # log 2 is 0.69


@pytest.mark.slow
def test_a_quiet_formula_is_polished_and_noise_is_not():
    rng = np.random.default_rng(5)
    model, options = perceptron(2, (16,), 1), Options(epochs=150, rate=0.02, decay=0.0)
    z = rng.uniform(-1, 1, (1, 300, 2)).astype(np.float32)
    t = (np.sin(3 * z[..., :1]) + z[..., 1:]).astype(np.float32)
    quiet, noisy = Batch(z, t), Batch(z, t + rng.normal(size=t.shape).astype(np.float32))
    state = trained(model, quiet, options)
    before = state.least.copy()
    assert polish_quiet(model, Squared(), quiet, state, options).all()
    assert state.least[0] < 0.5 * before[0]
    _, held = split_rows(int(state.seed), 0, 300, 30)
    error = model.values(state.theta, z[:, held]) - t[:, held]
    assert 0.5 * (error**2).mean() == pytest.approx(state.least[0], rel=1e-4)
    state = trained(model, noisy, Options(epochs=10))
    assert not polish_quiet(model, Squared(), noisy, state, options).any()


@pytest.mark.slow
def test_a_model_of_the_user_is_trained_too():
    model = user_model(lambda p, x: p["a"] * x[0] + p["b"], {"a": 100.0, "b": 0.0}, 1)
    z = np.linspace(-1, 1, 100, dtype=np.float32)[None, :, None]
    options = Options(held=0.0, epochs=100, rate=0.1)
    found = trained(model, Batch(z, 80 * z + 3), options)
    assert model.parameters(found.theta[0])["a"] == pytest.approx(80, rel=1e-2)
    assert model.parameters(found.theta[0])["b"] == pytest.approx(3, rel=1e-2)


def test_the_loop_that_is_timed_runs():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(64, 2)).astype(np.float32)
    batches = np.arange(64).reshape(4, 16)
    carry, (losses, _) = fused_steps((2, 5, 1), X, X.sum(1), batches, 0.01)()
    assert np.isfinite(losses).all() and all(isinstance(p, jax.Array) for p in carry.parts)
