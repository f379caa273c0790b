"""Looks into a trained network: the chain-rule table, importance, leverage, derivatives."""

from __future__ import annotations

import numpy as np
import pytest

import taylored as ty
from taylored.errors import ArgumentError, ColumnError, DataError


def _rows(n=120, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (n, 3))
    return X, rng


@pytest.fixture(scope="module")
def smooth():
    X, rng = _rows()
    y = 5 + 3 * X[:, 0] * X[:, 1] + X[:, 2] + rng.normal(0, 0.3, len(X))
    return ty.train(X, y, hidden=(4, 3), members=10), X, y


@pytest.fixture(scope="module")
def classes():
    X, rng = _rows()
    s = np.stack([3 * X[:, 0], 3 * X[:, 1], 2 * X[:, 2]], 1) + rng.gumbel(size=(len(X), 3))
    y = np.array(["a", "b", "c"])[s.argmax(1)]
    return ty.train(X, y, hidden=(4,), members=10), X, y


@pytest.fixture(scope="module")
def table():
    """A table with a category, two classes, and a row that is left out."""
    rng = np.random.default_rng(3)
    n = 150
    age, town = rng.uniform(20, 80, n), rng.choice(["Bern", "Rom", "Ulm"], n)
    score = (age - 50) / 10 + 1.5 * (town == "Rom")
    y = np.where(rng.uniform(size=n) < 1 / (1 + np.exp(-score)), "yes", "no")
    income = rng.lognormal(8, 0.5, n)
    income[4] = np.nan
    D = {"age": age, "town": town, "income": income}
    return ty.train(D, y, hidden=(5,), members=10), D, y


# ---- the chain-rule table ----------------------------------------------------------------------


def _jax_gradient(net, member, function):
    """∂function(outputs)/∂θ of one member, by JAX in float64."""
    import jax

    from taylored.trace.jaxpr import float64

    with float64():
        theta = jax.numpy.asarray(net.theta[member].astype(float))
        return np.asarray(jax.jit(jax.grad(function))(theta))


def _close(found, expected):
    assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_table_is_the_gradient(activation):
    X, rng = _rows(60)
    y = X[:, 0] ** 2 + rng.normal(0, 0.1, 60)
    net = ty.train(X, y, hidden=(5, 4), activation=activation, intervals="none", starts=1)
    z, t = net.encoder.encode(X[:1]), net.response.encode(y[:1])
    expected = _jax_gradient(net, 0, lambda p: 0.5 * ((net.model.apply(p, z) - t) ** 2).sum())
    found = net.influence(X[0], y[0])
    _close(found.gradient, expected)
    products = [np.prod([v for _, v in row.factors]) for row in found.top(len(found))]
    totals = [row.total for row in found.top(len(found))]
    np.testing.assert_allclose(products, totals, rtol=1e-13)
    assert found.check.ok


def test_the_table_of_two_outputs_is_the_gradient():
    X, rng = _rows(60)
    Y = np.stack([X[:, 0], X[:, 1] ** 2], 1) + rng.normal(0, 0.1, (60, 2))
    net = ty.train(X, Y, hidden=(4,), members=5)
    z, t = net.encoder.encode(X[:1]), net.response.encode(Y[:1])
    expected = _jax_gradient(net, 2, lambda p: 0.5 * ((net.model.apply(p, z) - t) ** 2).sum())
    _close(net.influence(X[0], Y[0], member=2).gradient, expected)
    with pytest.raises(ArgumentError, match="2 outputs"):
        net.influence(X[0])
    scale = net.response.scale[1]
    expected = _jax_gradient(net, 0, lambda p: net.model.apply(p, z)[0, 1] * scale)
    _close(net.influence(X[0], output=net.response.names[1]).gradient, expected)


def test_the_table_of_classes_is_the_gradient(classes, table):
    import jax

    net, X, y = classes
    z, k = net.encoder.encode(X[:1]), net.response.classes.index(y[0])
    expected = _jax_gradient(net, 0, lambda p: -jax.nn.log_softmax(net.model.apply(p, z))[0, k])
    _close(net.influence(X[0], y[0]).gradient, expected)
    expected = _jax_gradient(net, 0, lambda p: jax.nn.softmax(net.model.apply(p, z))[0, 1])
    _close(net.influence(X[0], output="b").gradient, expected)

    net, D, y = table
    row = {name: column[0] for name, column in D.items()}
    z, sign = net.encoder.encode({n: [v] for n, v in row.items()}), 1 if y[0] == "yes" else -1
    expected = _jax_gradient(
        net, 1, lambda p: -jax.nn.log_sigmoid(sign * net.model.apply(p, z)[0, 0])
    )
    _close(net.influence(row, y[0], member=1).gradient, expected)
    expected = _jax_gradient(net, 1, lambda p: jax.nn.sigmoid(-net.model.apply(p, z)[0, 0]))
    _close(net.influence(row, member=1, output="no").gradient, expected)


def test_parameters_have_names_and_paths(smooth):
    net, X, y = smooth
    found = net.influence(X[0], y[0])
    assert len(set(found.names)) == len(found) == net.model.size
    row = found["layer 1: x1 -> unit 3"]
    assert row.value == pytest.approx(float(net.member()[0]["weight"][1, 2]))
    assert [name for name, _ in row.factors] == ["∂L/∂a", "∂a/∂u", "∂u/∂w"]
    assert row.factors[2][1] == pytest.approx(net.encoder.encode(X[:1])[0, 1])
    for name in ("layer 1: x1 -> unit 3", "layer 2: bias of unit 1"):
        paths = found.paths(name)
        assert paths.over_paths == pytest.approx(found[name].total, rel=1e-12)
    assert found.paths("layer 1: x1 -> unit 3").count == 3  # through each unit of layer 2
    squares = sum(v**2 for v in found.per_layer.values())
    assert squares == pytest.approx(float(found.gradient @ found.gradient))
    with pytest.raises(ArgumentError, match="did you mean 'layer 1: x1 -> unit 3'"):
        found["layer 1: x1 -> unit3"]


def test_rows_come_in_any_form(smooth, table):
    net, X, y = smooth
    pandas = pytest.importorskip("pandas")
    first = net.influence(X[0], y[0]).gradient
    frame = pandas.DataFrame(X[:1], columns=["x0", "x1", "x2"])
    for row in (list(X[0]), X[:1], frame):
        np.testing.assert_array_equal(net.influence(row, [y[0]]).gradient, first)
    with pytest.raises(ArgumentError, match="holds 2 rows"):
        net.influence(X[:2], y[0])
    with pytest.raises(ArgumentError, match="no member 99"):
        net.influence(X[0], y[0], member=99)
    with pytest.raises(ColumnError):
        table[0].influence({"age": 30.0}, "yes")
    with pytest.raises(DataError, match="perhaps"):
        row = {"age": 30.0, "town": "Rom", "income": 3000.0}
        table[0].influence(row, "perhaps")


# ---- importance --------------------------------------------------------------------------------


def test_importance_of_a_linear_model_is_as_computed_by_hand():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(400, 3))
    y = 2 * X[:, 0] + 0.5 * X[:, 1] + rng.normal(0, 0.7, 400)
    net = ty.train(X, y, hidden=(1,), activation="identity", members=30)
    found = net.importance()
    # Var(a (x - x')) = 2 a²: the mean square error rises from 0.49 by that.
    truth = np.sqrt(0.49 + 2 * np.array([4.0, 0.25, 0.0])) - 0.7
    assert np.all((found.lo <= truth) & (truth <= found.hi))
    assert list(found.clear) == [True, True, False]
    assert found.ranked()[0] == 0
    assert found.base == pytest.approx(0.7, rel=0.1)


def test_importance_is_seeded_and_names_inputs_that_are_alike(smooth):
    net, *_ = smooth
    np.testing.assert_array_equal(net.importance().value, net.importance().value)
    X, rng = _rows(100)
    X[:, 2] = X[:, 0] + rng.normal(0, 0.1, 100)
    found = ty.train(X, X[:, 0] + X[:, 1], hidden=(3,), members=10).importance()
    (finding,) = found.findings
    assert finding.name == "correlated-inputs" and finding.params == ("x0", "x2")


def test_all_features_of_a_category_are_shuffled_together(table):
    found = table[0].importance()
    assert found.names == ("age", "town", "income")
    assert found.ranked()[0] == 0 and found.lo[0] > 0
    assert found.error == "mean -log probability"


def test_importance_needs_rows_left_out():
    X, _ = _rows(30)
    net = ty.train(X, X[:, 0], hidden=(2,), intervals="none")
    with pytest.raises(ArgumentError, match="seen every row") as caught:
        net.importance()
    assert "out-of-bag" in caught.value.next_step
    with pytest.raises(ArgumentError, match="repeats is 0"):
        net.importance(0)


@pytest.mark.slow
def test_intervals_of_importance_hold():
    """Inputs without influence: intervals at 95 % hold 0; those with it are seen."""
    held, seen = [], []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        X = rng.uniform(-1, 1, (150, 5))
        y = 2 * X[:, 0] * X[:, 1] + np.exp(X[:, 2]) + rng.normal(0, 0.4, 150)
        found = ty.train(X, y, seed=seed).importance()
        held += list((found.lo <= 0) & (found.hi >= 0))[3:]
        seen += list(found.clear[:3])
    assert np.mean(held) >= 0.85 and np.mean(seen) == 1.0


# ---- leverage ----------------------------------------------------------------------------------


def test_leverage_of_a_linear_model_is_the_hat_matrix():
    import jax.numpy as jnp

    rng = np.random.default_rng(2)
    X = rng.normal(size=(40, 2))
    y = X @ [1.0, -2.0] + 3 + rng.normal(0, 0.5, 40)
    net = ty.train(
        X, y, model=lambda p, x: p["b"] + x @ p["w"], params={"b": 1.0, "w": jnp.ones(2)},
        intervals="none",
    )  # fmt: skip
    A = np.column_stack([np.ones(40), X])
    hat = np.diag(A @ np.linalg.solve(A.T @ A, A.T))
    found = net.leverage()
    np.testing.assert_allclose(found.value, hat, rtol=1e-3)  # a prior of 1e-3 is left
    assert found.effective == pytest.approx(3.0, rel=1e-3)


def test_rows_that_are_interpolated_have_leverage_one():
    import jax.numpy as jnp

    x = np.linspace(-1, 1, 6)
    net = ty.train(
        x, np.sin(x), model=lambda p, x: p["w"] @ x[0] ** jnp.arange(8.0),
        params={"w": jnp.ones(8)}, intervals="none",
    )  # fmt: skip
    np.testing.assert_allclose(net.leverage().value, 1, atol=1e-5)


def test_leverages_add_up_to_the_parameters_that_are_determined(smooth, classes):
    for net in (smooth[0], classes[0]):
        total = []
        for m in range(net.members):
            repeat, fold = divmod(m, net.folds.count)
            own = net.folds.number[repeat] != fold
            f, jacobian = net.model.jacobian(
                net.theta[m : m + 1].astype(float), net.rows.z[own][None]
            )
            if net.task == "classification":
                p = np.exp(f[0]) / np.exp(f[0]).sum(-1, keepdims=True)
                block = np.einsum("ij,jk->ijk", p, np.eye(3)) - p[:, :, None] * p[:, None, :]
            else:
                block = np.broadcast_to(np.eye(1), (own.sum(), 1, 1))
            gram = np.einsum("ria,rij,rjb->ab", jacobian[0], block, jacobian[0])
            prior = np.diag(net.training.precision[m][net.model.groups].astype(float))
            total.append(np.trace(np.linalg.solve(gram + prior, gram)))
        assert net.leverage().effective == pytest.approx(np.mean(total), rel=1e-6)


def test_rows_that_stand_out_have_the_users_numbers():
    rng = np.random.default_rng(5)
    x = rng.uniform(-1, 1, 100)
    y = x + rng.normal(0, 0.1, 100)
    y[40] += 3
    x[7] = np.nan  # left out: positions move by one
    net = ty.train({"x": x}, y, hidden=(3,))
    found = net.leverage()
    assert list(found.outlying) == [41]
    assert found.rows[found.top(1)[0]] == 41
    assert "row 41" in found.report() and 8 not in found.rows


def test_leverage_of_a_row_far_away_is_high():
    x = np.r_[np.linspace(-1, 1, 60), 12.0]
    rng = np.random.default_rng(0)
    net = ty.train(x, x + rng.normal(0, 0.2, 61), hidden=(2,), intervals="none")
    found = net.leverage()
    assert found.value.argmax() == 60 and found.value[60] > 0.5 and list(found.high) == [61]
    assert [f.name for f in found.findings][-1] == "residuals-of-seen-rows"
