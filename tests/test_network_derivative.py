"""Derivatives of networks with intervals: their parts against closed forms, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr, stdtrit

import taylored as ty
from taylored.errors import ArgumentError
from taylored.networks.baselines.gaussian_process import condition
from taylored.networks.classes import ClassesOutOfBag
from taylored.networks.cross import slope_gradients
from taylored.networks.ensemble import Rows
from taylored.networks.insight import loss_of
from taylored.networks.model import perceptron
from taylored.networks.outofbag import OutOfBag
from taylored.networks.slope_posterior import class_slopes, slope_error
from taylored.networks.slope_process import fit_slope_process
from taylored.networks.unlearned import unlearned
from taylored.networks.user_model import user_model
from taylored.results import Accuracy, Finding


@pytest.fixture(scope="module")
def wave():
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, (120, 2))
    y = np.sin(2 * X[:, 0]) + 0.5 * X[:, 1] + rng.normal(0, 0.1, 120)
    weights = rng.uniform(0.5, 2.0, 120)
    return ty.train(X, y, hidden=(6,), members=10, weights=weights)


def test_a_position_may_be_an_array_without_axes(wave):
    asked = wave.derivative([[0.5, 0.5]], np.array(1))
    assert asked.value.shape == (1,) and asked.inputs == ("x1",)
    assert asked.value[0] == wave.derivative([[0.5, 0.5]]).value[0, 1]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_ends_are_infinite_where_nothing_can_be_computed(wave):
    far = wave.derivative([[-1e308, -1e308], [0.5, 0.5]])
    assert (far.lo[0] == -np.inf).all() and (far.hi[0] == np.inf).all()
    assert np.isfinite([far.lo[1], far.hi[1]]).all() and far.trusted.tolist() == [False, True]


@pytest.mark.parametrize("name", ["little-better-than-the-mean", "little-better-than-guessing"])
def test_nothing_is_known_of_slopes_of_a_network_that_has_learned_little(wave, name):
    assert wave.derivative([[0.5, 0.5]]).kind is Accuracy.ESTIMATED
    poor = replace(wave, findings=(Finding(name, "it is poor", ""),))
    asked = poor.derivative([[0.5, 0.5]])
    assert asked.kind is Accuracy.UNKNOWN and asked.lo is None and "hardly better" in asked.why


def _classes(count, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(150, 2))
    s = np.stack([2 * X[:, 0], X[:, 1] ** 2, 0 * X[:, 0]], 1)[:, :count]
    y = (s + rng.gumbel(size=s.shape)).argmax(1)
    return ty.train(X, np.array(["a", "b", "c"])[y], hidden=(4,), members=10)


@pytest.fixture(scope="module")
def noise():
    """A network that finds nothing, as there is nothing."""
    rng = np.random.default_rng(3)
    return ty.train(rng.normal(size=(80, 2)), rng.normal(size=80), hidden=(3,), members=10)


# ---- the gradient of a slope -------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "relu", "sin", "softplus", "identity"])
def test_gradients_of_slopes_are_limits_of_differences(activation):
    model = perceptron(3, (5, 4), 2, activation)
    rng, h = np.random.default_rng(0), 1e-6
    theta, z = model.draw(rng, 1, float)[0], rng.normal(size=(7, 3))

    def slopes(theta):
        return model.slopes(theta[None], z[None])[1][0, ..., 1]

    steps = h * np.eye(model.size)
    expected = np.stack([slopes(theta + d) - slopes(theta - d) for d in steps], -1) / (2 * h)
    np.testing.assert_allclose(slope_gradients(model, theta, z, 1), expected, rtol=1e-6, atol=1e-8)


def test_gradients_of_slopes_of_a_users_function():
    import jax.numpy as jnp

    model = user_model(lambda p, x: p["a"] * jnp.exp(-p["k"] * x[0]), {"a": 2.0, "k": 0.5}, 1)
    x = np.linspace(0, 3, 5)
    theta = model.tree.start.astype(float)
    a, k = (float(model.parameters(theta)[n]) for n in ("a", "k"))
    e = np.exp(-k * x)
    found = slope_gradients(model, theta, x[:, None], 0)[:, 0]
    trees = [model.parameters(v) for v in np.eye(2)]  # parameters are counted in their units
    units = np.array([[float(tree[n]) for n in ("a", "k")] for tree in trees])
    closed = np.stack([-k * e, a * e * (k * x - 1)], 1)
    np.testing.assert_allclose(found, closed @ units.T, rtol=1e-10)


# ---- the posterior of the members --------------------------------------------------------------


def test_the_posterior_of_a_linear_model_is_that_of_ridge_regression():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 2)) * [1.0, 20.0]
    y = X @ [2.0, 0.1] + rng.normal(0, 0.5, 60)
    net = ty.train(X, y, hidden=(), noise="constant", members=10)
    assert net.folds is not None and net.noise is not None
    seen, rows = ~net.folds.held_out(), net.rows.z
    f = net.model.values(net.theta.astype(float), rows[None])[..., 0]
    variance = net.noise.base[0] + f.var(0, ddof=1)  # of the rows
    expected = np.zeros(2)
    for m in range(net.folds.count):
        A = np.column_stack([rows[seen[m]], np.ones(seen[m].sum())])
        ridge = np.diag(net.training.precision[m].astype(float))
        H = np.linalg.inv(A.T @ A + ridge)
        Q = A.T @ (variance[seen[m], None] * A) + net.training.noise[m] * ridge
        expected += np.diag(H @ Q @ H)[:2] / net.folds.count
    expected += net.theta[:, :2].astype(float).var(0, ddof=1)
    found = slope_error(net, np.zeros((4, 2)), [0, 1])
    np.testing.assert_allclose(found.variance[:, 0], np.tile(expected, (4, 1)), rtol=1e-9)
    assert 2.0 <= found.degrees <= 3.0


def test_errors_that_groups_share_are_counted_together():
    """The sandwich of Liang and Zeger, of a linear model without a prior to speak of."""
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(20), 6)
    x = rng.normal(size=20)[groups]  # known of the group only
    y = x + rng.normal(size=20)[groups] + rng.normal(0, 0.1, 120)
    net = ty.train(x, y, hidden=(), noise="constant", members=10, groups=groups)
    assert net.folds is not None and isinstance(net.out_of_bag, OutOfBag)
    seen, total = ~net.folds.held_out(), 0.0
    for m in range(net.folds.count):
        A = np.column_stack([net.rows.z, np.ones(120)])
        ridge = np.diag(net.training.precision[m].astype(float))
        H = np.linalg.inv(A[seen[m]].T @ A[seen[m]] + ridge)
        pulls = [
            (A[own] * net.out_of_bag.residual[own]).sum(0)
            for g in range(20)
            if (own := seen[m] & (net.folds.groups == g)).any()
        ]
        Q = np.sum([np.outer(p, p) for p in pulls], 0) + net.training.noise[m] * ridge
        total += (H @ Q @ H)[0, 0] / net.folds.count
    total += net.theta[:, 0].astype(float).var(ddof=1)
    found = slope_error(net, np.zeros((1, 1)), [0])
    np.testing.assert_allclose(found.variance[0, 0, 0], total, rtol=1e-9)
    alone = replace(net, folds=replace(net.folds, groups=None))
    opinion = fit_slope_process(net.rows, net.rows.t, 0, groups)
    assert len(opinion.rows) == 20  # one row of each
    assert found.variance[0, 0, 0] > 2 * slope_error(alone, np.zeros((1, 1)), [0]).variance[0, 0, 0]


def _by_differences(net, z, feature):
    """The variance of the slopes at z, every derivative a difference quotient."""
    classes = isinstance(net.out_of_bag, ClassesOutOfBag)
    temperature = net.out_of_bag.temperature if classes else 1.0

    def slopes(theta):
        f, s = net.model.slopes(theta[None], z[None])
        s = s[0][..., [feature]]
        return (class_slopes(f[0], s, temperature)[1] if classes else s)[..., 0]

    theta, size, h = net.theta.astype(float), net.model.size, 1e-5
    f = net.model.values(theta, net.rows.z[None])
    weights = np.ones(len(net.rows.z)) if net.rows.weights is None else net.rows.weights
    _, group = np.unique(net.model.groups, return_inverse=True)
    seen, total = ~net.folds.held_out(), 0.0
    for m in range(net.folds.count):
        own, w = seen[m], np.repeat(weights[seen[m]], net.model.outputs)[:, None]
        g = np.stack([slopes(theta[m] + d) - slopes(theta[m] - d) for d in h * np.eye(size)], -1)
        g = g / (2 * h)
        value, jacobian = net.model.jacobian(theta[m : m + 1], net.rows.z[own][None])
        J = loss_of(net).whiten(value, jacobian)[0].reshape(-1, size)
        prior = np.diag(net.training.precision[m].astype(float)[group])
        H = J.T @ (w * J) + prior
        Q = H
        if not classes:
            s = net.noise.deviation(net.rows.z, f.mean(0), f.var(0, ddof=1))[own].reshape(-1, 1)
            Q = J.T @ ((w * s) ** 2 * J) + net.training.noise[m] * prior
        V = np.linalg.inv(H)
        total += np.einsum("...i,ij,...j", g, V @ Q @ V, g) / net.folds.count
    between = np.array([slopes(t) for t in theta]).var(0, ddof=1)
    return total + between


@pytest.mark.parametrize("which", ["wave", 2, 3])
def test_the_variance_of_slopes_is_that_of_difference_quotients(which, request):
    net = request.getfixturevalue(which) if which == "wave" else _classes(which)
    z = np.random.default_rng(5).normal(size=(6, 2))
    for feature in (0, 1):
        found = slope_error(net, z, [feature]).variance[..., 0]
        np.testing.assert_allclose(found, _by_differences(net, z, feature), rtol=1e-4)


def test_without_precisions_it_is_the_jackknife(wave):
    unknown = replace(wave, training=replace(wave.training, precision=np.empty((0, 0))))
    z = wave.rows.z[:5].astype(float)
    found = slope_error(unknown, z, [0])
    _, slopes = wave.model.slopes(wave.theta.astype(float), np.broadcast_to(z, (10, *z.shape)))
    expected = (wave.folds.count - 1) * slopes[..., [0]].var(0, ddof=1)
    np.testing.assert_allclose(found.variance, expected, rtol=1e-12)
    assert found.degrees == 9


# ---- the second opinion ------------------------------------------------------------------------


def test_the_slope_of_a_process_is_the_limit_of_its_differences():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(40, 2))
    t = np.stack([np.sin(2 * z[:, 0]), z[:, 1]], 1) + rng.normal(0, 0.2, (40, 2))
    weights = rng.uniform(0.5, 2, 40)
    weights /= weights.mean()
    process = fit_slope_process(Rows(z, t, weights), t, 0)
    at, h = rng.normal(size=(5, 2)), 1e-3
    mean, variance = process.slopes(at, [1])
    ends = [at + s * h * np.eye(2)[1] for s in (1, -1)]
    whole = condition(z, t, weights, process.chosen)
    slope = (whole.predict(ends[0]) - whole.predict(ends[1])) / (2 * h)
    np.testing.assert_allclose(mean[..., 0], slope, rtol=1e-4, atol=1e-6)

    def kernel(a, b):
        d = (a[:, None] - b) / process.chosen.lengthscales
        return np.exp(-0.5 * (d * d).sum(-1))

    C = np.linalg.inv(kernel(z, z) + np.diag(process.chosen.noise**2 / weights))
    y = t - np.average(t, axis=0, weights=weights)
    amplitude = np.diag(y.T @ C @ y) / len(y)
    for i in range(len(at)):
        pair = np.stack([e[i] for e in ends])
        left = kernel(pair, pair) - kernel(pair, z) @ C @ kernel(z, pair)
        c = np.array([1, -1]) / (2 * h)
        np.testing.assert_allclose(variance[i, :, 0], c @ left @ c * amplitude, rtol=1e-3)


def test_the_error_is_the_total_variance_of_both_opinions(wave):
    rows = np.random.default_rng(1).uniform(-2, 2, (8, 2))
    found = wave.derivative(rows, 0, level=0.8)
    z = wave.encoder.examine(rows).z.astype(float)
    unit = wave.response.scale[0] / wave.encoder.scale[0]
    mean, other = fit_slope_process(wave.rows, wave.rows.t, 0).slopes(z, [0])
    own = slope_error(wave, z, [0])
    w = ndtr(next(s.worse for s in wave.scores if s.name == "Gaussian process"))
    away = (mean[:, 0, 0] * unit - found.value) ** 2
    total = (1 - w) * own.variance[:, 0, 0] * unit**2 + w * (other[:, 0, 0] * unit**2 + away)
    np.testing.assert_allclose(found.stderr, np.sqrt(total), rtol=1e-9)
    reach = stdtrit(own.degrees, 0.9) * found.stderr
    np.testing.assert_allclose(found.hi - found.value, reach, rtol=1e-9)
    np.testing.assert_allclose(found.value - found.lo, reach, rtol=1e-9)


# ---- what is not claimed -----------------------------------------------------------------------


def test_what_neighbors_have_in_common_is_measured(wave):
    assert unlearned(wave.out_of_bag, wave.rows.z).of_y == 0
    z, found = wave.rows.z, wave.out_of_bag
    assert isinstance(found, OutOfBag)
    wavelet = 0.5 * np.sin(3 * z[:, :1])
    shared = replace(wave, out_of_bag=replace(found, t=found.t + wavelet))
    # Neighbors have nearly the same wave: its variance is what they have in common.
    assert unlearned(shared.out_of_bag, shared.rows.z).of_y == pytest.approx(
        np.var(wavelet) / np.var(found.t + wavelet), rel=0.25
    )
    # Rows left out together are no pairs, whatever they share.
    same = replace(wave.folds, number=np.zeros_like(wave.folds.number))
    apart = replace(shared.out_of_bag, folds=same)
    assert unlearned(apart, shared.rows.z).of_y == 0


def test_what_the_network_has_not_learned_has_no_interval():
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, 200)
    net = ty.train(x, np.sin(8 * x) + x + rng.normal(0, 0.1, 200), hidden=(2,), members=10)
    found = net.derivative([0.0, 1.0])
    assert net.usable and found.kind is Accuracy.UNKNOWN
    assert found.lo is None and found.hi is None and found.stderr is None
    assert "neighboring rows are alike" in found.why and "more rows or units" in found.why


def test_of_a_network_that_is_not_usable_nothing_is_claimed(noise):
    assert not noise.usable
    found = noise.derivative([[0.0, 0.0]])
    assert found.kind is Accuracy.UNKNOWN and found.lo is None and "not usable" in found.why
    importance = noise.importance()
    assert importance.kind is Accuracy.UNKNOWN
    assert importance.findings[0].name == "not-usable" and importance.findings[0].next_step
    bound = noise.bound([-1.0, -1.0], [1.0, 1.0])
    assert bound.value.kind is Accuracy.PROVED  # of the prediction
    (finding,) = bound.findings
    assert finding.name == "not-usable" and "learned nothing" in finding.message


def test_usable_networks_are_not_warned_of(wave):
    assert wave.importance().kind is Accuracy.ESTIMATED
    assert not wave.bound([-1.0, -1.0], [1.0, 1.0]).findings


@pytest.mark.parametrize("wrt", [True, False, np.True_, [True], -1, [0, -2], 2, 0.0])
def test_a_position_is_a_whole_number_from_0(wave, wrt):
    with pytest.raises(ArgumentError, match="There is no input") as error:
        wave.derivative([[0.0, 0.0]], wrt)
    assert "from 0 to 1" in str(error.value)


# ---- coverage ----------------------------------------------------------------------------------


_FORMS = {
    "sine": (lambda x: np.sin(2 * x), lambda x: 2 * np.cos(2 * x)),
    "bell": (lambda x: np.exp(-x * x), lambda x: -2 * x * np.exp(-x * x)),
    "kink": (lambda x: np.abs(x - 0.3), lambda x: np.sign(x - 0.3)),
    "steep": (lambda x: np.tanh(5 * x), lambda x: 5 / np.cosh(5 * x) ** 2),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(_FORMS))
def test_intervals_hold_the_true_derivative(name):
    """At 90 %, over the whole range, its ends included; no claim may be made of some data sets."""
    form, slope = _FORMS[name]
    x_new, held = np.linspace(-2, 2, 200), []
    for seed in range(16):
        rng = np.random.default_rng([seed, 11])
        x = rng.uniform(-2, 2, 100)
        net = ty.train(x, form(x) + rng.normal(0, 0.15, 100), seed=seed)
        found = net.derivative(x_new, 0)
        if found.lo is not None:
            held.append(((found.lo <= slope(x_new)) & (slope(x_new) <= found.hi)).mean())
    assert len(held) >= 12
    assert np.mean(held) >= 0.85


def test_what_is_learned_to_the_last_digits_has_intervals():
    """Errors without noise are alike, and too small to matter."""
    x = np.linspace(-2, 2, 80)
    found = ty.train(x, np.exp(-x * x), members=10).derivative(x, 0)
    assert found.kind is Accuracy.ESTIMATED and found.lo is not None
    truth = -2 * x * np.exp(-x * x)
    assert ((found.lo <= truth) & (truth <= found.hi)).mean() > 0.9
    assert found.stderr.max() < 0.05


@pytest.mark.slow
def test_waves_that_the_rows_do_not_resolve_get_no_intervals():
    claimed = 0
    for seed in range(8):
        rng = np.random.default_rng([seed, 12])
        x = rng.uniform(-2, 2, 60)
        net = ty.train(x, np.sin(8 * x) + rng.normal(0, 0.1, 60), seed=seed)
        claimed += net.derivative(np.zeros(1)).lo is not None
    assert claimed <= 1
