"""Derivatives, proved ranges and health of a trained network."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import taylored as ty
from taylored.errors import ArgumentError, ColumnError
from taylored.networks.bound_classes import tempered_ranges, tempered_slopes
from taylored.networks.classes import tempered
from taylored.networks.gradient_check import check_gradient
from taylored.results import Accuracy


@pytest.fixture(scope="module")
def smooth():
    rng = np.random.default_rng(0)
    D = {"a": rng.uniform(0, 1000, 150), "b": rng.uniform(-1, 1, 150)}
    y = 20 + 6 * np.sin(D["a"] / 300) + 2 * D["b"] ** 2 + rng.normal(0, 0.3, 150)
    return ty.train(D, y, hidden=(8,), members=20), D, y


@pytest.fixture(scope="module")
def labels():
    """Three classes, with a category among the inputs."""
    rng = np.random.default_rng(1)
    n = 200
    D = {"a": rng.uniform(size=n), "town": rng.choice(["Bern", "Rom"], n), "b": rng.normal(size=n)}
    s = np.stack([4 * D["a"], 2 * D["b"], 1.5 + 2 * (D["town"] == "Rom")], 1)
    y = np.array(["u", "v", "w"])[(s + rng.gumbel(size=(n, 3))).argmax(1)]
    return ty.train(D, y, hidden=(5,), members=10), D, y


@pytest.fixture(scope="module")
def two_classes(labels):
    _, D, y = labels
    return ty.train(D, np.where(y == "u", "yes", "no"), hidden=(5,), members=10), D


# ---- derivative --------------------------------------------------------------------------------


def test_the_derivative_is_that_of_the_prediction(smooth):
    net, D, _ = smooth
    few = {k: v[:6] for k, v in D.items()}
    found = net.derivative(few)
    assert found.inputs == ("a", "b") and found.value.shape == (6, 2)
    for k, (name, h) in enumerate({"a": 1e-2, "b": 1e-5}.items()):
        up, down = ({**few, name: few[name] + s * h} for s in (1, -1))
        slope = (net.predict(up).value - net.predict(down).value) / (2 * h)
        np.testing.assert_allclose(found.value[:, k], slope, rtol=1e-6, atol=1e-9)
    one = net.derivative(few, "b")
    np.testing.assert_array_equal(one.value, found.value[:, 1])
    assert net.derivative(few, [1]).value.shape == (6, 1)
    assert found.kind is Accuracy.ESTIMATED and np.all(found.lo < found.hi)


@pytest.mark.parametrize("which", ["labels", "two_classes"])
def test_the_derivative_of_probabilities(which, request):
    net, D = request.getfixturevalue(which)[:2]
    few, h = {k: v[:6] for k, v in D.items()}, 1e-5
    found = net.derivative(few)
    assert found.inputs == ("a", "b")
    assert found.value.shape == (6, len(net.response.classes), 2)
    up, down = ({**few, "a": few["a"] + s * h} for s in (1, -1))
    slope = (net.predict(up).probabilities - net.predict(down).probabilities) / (2 * h)
    np.testing.assert_allclose(found.value[..., 0], slope, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found.value.sum(1), 0, atol=1e-12)


def test_what_has_no_derivative_is_refused(smooth, labels):
    net, D, y = smooth
    few = {k: v[:2] for k, v in D.items()}
    with pytest.raises(ArgumentError, match="town is a category"):
        labels[0].derivative({k: v[:2] for k, v in labels[1].items()}, "town")
    with pytest.raises(ArgumentError, match="level is 2"):
        net.derivative(few, level=2)
    with pytest.raises(ArgumentError, match="no input 7"):
        net.derivative(few, 7)
    with pytest.raises(ColumnError, match="did you mean 'b'"):
        net.derivative(few, "B_")
    far = net.derivative({"a": [5000.0, 10.0], "b": [0.0, 0.0]})
    assert list(far.trusted) == [False, True]
    alone = ty.train(D, y, hidden=(3,), intervals="none").derivative(few)
    assert alone.kind is Accuracy.UNKNOWN and alone.lo is None
    assert "unknown" in alone.report()


@pytest.mark.slow
def test_intervals_of_derivatives_hold():
    """The mean over data sets is at the level, within what smoothing alone explains."""
    held = []
    for seed in range(20):
        rng = np.random.default_rng(100 + seed)
        X = rng.uniform(size=(300, 5))
        y = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2 + 10 * X[:, 3]
        net = ty.train(X, y + rng.normal(0, 1, 300), seed=seed)
        Z = rng.uniform(size=(200, 5))
        bend = 10 * np.pi * np.cos(np.pi * Z[:, 0] * Z[:, 1])
        zero = np.zeros(200)
        truth = np.stack([bend * Z[:, 1], bend * Z[:, 0], 40 * (Z[:, 2] - 0.5), zero + 10, zero], 1)
        found = net.derivative(Z)
        held.append(((found.lo <= truth) & (truth <= found.hi)).mean())
    assert 0.86 <= np.mean(held) <= 0.99


# ---- bound -------------------------------------------------------------------------------------


def test_everything_in_the_box_is_within_the_bounds(smooth):
    net, *_ = smooth
    lo, hi = {"a": 200.0, "b": -0.2}, {"b": 0.4, "a": 300.0}
    found = net.bound(lo, hi)
    assert found.value.kind is found.derivative.kind is Accuracy.PROVED
    rng = np.random.default_rng(0)
    X = {k: rng.uniform(lo[k], hi[k], 20_000) for k in lo}
    X = {k: np.r_[v, lo[k], hi[k]] for k, v in X.items()}
    value = net.predict(X).value
    slope = net.derivative({k: v[-4000:] for k, v in X.items()}).value  # the corners are last
    assert found.value.lo <= value.min() and value.max() <= found.value.hi
    assert np.all(found.derivative.lo <= slope) and np.all(slope <= found.derivative.hi)
    assert found.value.width < 1.1 * np.ptp(value)
    same = net.bound(np.array([200.0, -0.2]), [300.0, 0.4])
    assert (same.value.lo, same.value.hi) == (found.value.lo, found.value.hi)


@pytest.mark.parametrize("which", ["labels", "two_classes"])
@pytest.mark.every(2)
def test_bounds_of_probabilities_hold(which, request):
    net = request.getfixturevalue(which)[0]
    assert net.out_of_bag.temperature != 1
    lo, hi = {"a": 0.2, "b": -0.1, "town": "Rom"}, {"a": 0.4, "b": 0.3, "town": "Rom"}
    found = net.bound(lo, hi)
    assert found.fixed == {"town": "Rom"} and found.inputs == ("a", "b")
    rng = np.random.default_rng(0)
    X = {k: rng.uniform(lo[k], hi[k], 20_000) for k in ("a", "b")} | {"town": ["Rom"] * 20_000}
    p = net.predict(X).probabilities
    slope = net.derivative({k: v[:4000] for k, v in X.items()}).value
    assert np.all(found.value.lo <= p.min(0)) and np.all(p.max(0) <= found.value.hi)
    assert np.all(found.derivative.lo <= slope) and np.all(slope <= found.derivative.hi)
    assert np.all(found.value.width < 1.6 * np.ptp(p, axis=0))


def test_tempered_ranges_hold_for_any_probabilities():
    rng = np.random.default_rng(0)
    for _ in range(60):
        k, t = int(rng.integers(2, 5)), float(np.exp(rng.uniform(-2, 2)))
        p = rng.dirichlet(np.exp(rng.uniform(-3, 1, k)), 60)
        p = p[:1] + 0.2 * rng.uniform() * (p - p[:1])
        box = p.min(0), p.max(0)
        q = tempered_ranges(box, t)
        assert np.all(q[0] <= tempered(p, t)) and np.all(tempered(p, t) <= q[1])
        d = rng.normal(size=(60, k, 2))
        d -= d.mean(1, keepdims=True)
        slopes = tempered_slopes(box, (d.min(0), d.max(0)), t)
        own, clipped = tempered(p, t)[..., None], np.maximum(p, 1e-12)[..., None]
        relative = np.where(p[..., None] > 1e-12, d / clipped, 0) / t
        exact = own * (relative - (own * relative).sum(1, keepdims=True))
        assert np.all(slopes[0] <= exact) and np.all(exact <= slopes[1])


def test_what_is_no_box_is_refused(smooth, labels):
    net, few = smooth[0], {"a": 1.0, "b": 0.5}
    with pytest.raises(ArgumentError, match="lo is above hi for b"):
        net.bound(few, {"a": 2.0, "b": 0.0})
    with pytest.raises(ArgumentError, match="nan for a"):
        net.bound({"a": np.nan, "b": 0.0}, few)
    with pytest.raises(ArgumentError, match="holds 2 rows"):
        net.bound([[0.0, 0.0], [1.0, 1.0]], few)
    low = {"a": 0.1, "b": 0.0, "town": "Rom"}
    with pytest.raises(ArgumentError, match="categories have no range"):
        labels[0].bound(low, {"a": 0.2, "b": 0.1, "town": "Bern"})
    with pytest.raises(ArgumentError, match="town is 'Paris'"):
        labels[0].bound({**low, "town": "Paris"}, {**low, "town": "Paris"})
    wide = net.bound({"a": -500.0, "b": 0.0}, {"a": 0.0, "b": 0.0})
    assert wide.findings[0].params == ("a",)


# ---- health ------------------------------------------------------------------------------------


def _with(net, change):
    theta = net.theta.astype(float).copy()
    change(theta, net.model.layers[0])
    return replace(net, theta=theta)


def test_a_healthy_network_has_no_warnings(smooth):
    found = smooth[0].health()
    assert found.check.slope == pytest.approx(2.0, abs=0.05)
    assert found.layers[0].dead == 0.0 and not found.unused
    assert sum(found.ends.values()) == found.members == smooth[0].members


def test_gradients_of_layers_are_those_of_the_loss(smooth):
    net, *_ = smooth
    found, own = net.health(), net.folds.held_out()
    squares = np.zeros(2)
    for m in range(net.members):
        z, t = net.rows.z[~own[m]], net.rows.t[~own[m]]
        f, jacobian = net.model.jacobian(net.theta[m : m + 1].astype(float), z[None])
        each = jacobian[0, :, 0] * (f[0] - t)
        for k, layer in enumerate(net.model.layers):
            squares[k] += (each[:, layer.weight.start : layer.bias.stop] ** 2).mean()
    for k in range(2):
        expected = (squares[k] / net.members) ** 0.5
        assert found.layers[k].gradient == pytest.approx(expected, rel=1e-10)


def test_dead_and_saturated_units_and_unused_inputs_are_named(smooth):
    net, D, y = smooth

    def saturate(theta, layer):
        theta[:, layer.bias] = 50.0

    found = _with(net, saturate).health()
    assert found.layers[0].dead + found.layers[0].saturated == 8

    def cut(theta, layer):
        theta[:, layer.weight.start : layer.weight.start + layer.outputs] = 0.0

    assert _with(net, cut).health().unused == ("a",)
    relu = ty.train(D, y, hidden=(6,), activation="relu", members=5)

    def kill(theta, layer):
        theta[:, layer.bias.start : layer.bias.start + 4] = -1e4

    found = _with(relu, kill).health()
    assert found.layers[0].dead >= 4
    (finding,) = [f for f in found.findings if f.name == "dead-units"]
    assert finding.severity == "warning" and finding.next_step


def test_the_taylor_test_finds_a_wrong_gradient():
    at, rng = np.array([1.0, 2.0, -0.5]), np.random.default_rng(0)

    def value(x):
        return float(np.exp(x).sum())

    right = check_gradient(value, at, np.exp(at), np.random.default_rng(0))
    assert right.ok and right.slope == pytest.approx(2.0, abs=0.01)
    wrong = check_gradient(value, at, np.exp(at) * [1, 1.001, 1], rng)
    assert not wrong.ok and wrong.slope == pytest.approx(1.0, abs=0.05)
    flat = check_gradient(lambda x: float(x.sum()), at, np.ones(3), rng)
    assert flat.linear and flat.ok
    assert not check_gradient(lambda x: float("nan"), at, np.ones(3), rng).ok


# ---- a model of the user's own -----------------------------------------------------------------


def test_all_looks_into_a_users_model():
    import jax.numpy as jnp

    x = np.linspace(0, 4, 60)
    y = 300 * np.exp(-0.7 * x) + np.random.default_rng(0).normal(0, 3, 60)
    net = ty.train(
        x, y, model=lambda p, x: p["a"] * jnp.exp(-p["k"] * x[0]), params={"a": 100.0, "k": 1.0},
        intervals="none",
    )  # fmt: skip
    a, k = (float(net.member()[n]) for n in ("a", "k"))
    e, r = np.exp(-k * x[10]), a * np.exp(-k * x[10]) - y[10]
    table = net.influence(x[10], y[10])
    np.testing.assert_allclose(table.gradient, [r * e, -r * a * x[10] * e], rtol=1e-12)
    name = table.names[1]
    assert table.paths(name).over_paths == pytest.approx(table[name].total, rel=1e-10)
    assert "Taylor test: slope 2.00" in table.report()
    found = net.bound(0.5, 1.0)
    assert found.value.kind is Accuracy.PROVED
    assert found.value.lo <= a * np.exp(-k) and a * np.exp(-k / 2) <= found.value.hi
    assert found.value.width == pytest.approx(a * (np.exp(-k / 2) - np.exp(-k)), rel=1e-3)
    np.testing.assert_allclose(net.derivative(x, 0).value, -k * a * np.exp(-k * x), rtol=1e-6)
    health = net.health()
    assert health.check.slope == pytest.approx(2.0, abs=0.05)
    assert len(health.layers) == 2 and health.layers[0].units is None


# ---- what is said ------------------------------------------------------------------------------


def test_reports_fit_the_terminal_and_json(smooth, labels):
    for net, D, y in (smooth, labels):
        row = {k: v[0] for k, v in D.items()}
        few = {k: v[:3] for k, v in D.items()}
        looks = [net.influence(row, y[0]), net.importance(), net.leverage(), net.derivative(few),
                 net.bound(row, row), net.health()]  # fmt: skip
        for look in looks:
            assert max(len(line) for line in look.report(width=80).splitlines()) <= 80
            look.report(width=80, unicode=False).encode("ascii")
            assert json.dumps(look.to_dict(), allow_nan=False)
            assert repr(look).startswith("<") and "\n" not in repr(look)
            assert "<table" in look._repr_html_()
