"""Networks and second-order training: derivatives by JAX, closed forms, the same by other ways."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stopping import Stopped, stopping
from taylored.errors import ArgumentError
from taylored.networks.activations import ACTIVATIONS, activation_named
from taylored.networks.losses import Deviation, Logistic, Softmax, Squared
from taylored.networks.model import perceptron
from taylored.networks.solvers.choose import Shape, choose_solver
from taylored.networks.solvers.conjugate import PolishLimits, polish
from taylored.networks.solvers.curvature import Dense, Dual, curvature_of
from taylored.networks.solvers.levenberg import ENDS, Batch, Limits, State, run

LOSSES = {"squared": Squared, "deviation": Deviation, "logistic": Logistic, "softmax": Softmax}


def close(found, true, digits=12):
    found, true = np.asarray(found), np.asarray(true)
    assert found.shape == true.shape
    assert np.abs(found - true).max() <= 10.0**-digits * max(np.abs(true).max(), 1e-300)


def drawn(model, members, rows, seed=0, dtype=float):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(members, rows, model.features))
    return model.draw(rng, members, dtype), z.astype(dtype)


def task(rows=80, members=2, seed=0, dtype=float, hidden=(6,)):
    """A noisy curve of three inputs, one copy of it for each member."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(rows, 3))
    t = np.sin(2 * z[:, :1]) + 0.5 * z[:, 1:2] + 0.2 * rng.normal(size=(rows, 1))
    model = perceptron(3, hidden, 1)
    batch = Batch(*(np.stack([a] * members).astype(dtype) for a in (z, t)))
    return model, batch, model.draw(rng, members, dtype)


# ---- networks ----


NETWORKS = [*((name, (4, 3)) for name in ACTIVATIONS), ("tanh", ()), ("sin", (5,))]


@pytest.fixture(scope="module")
def by_jax():
    """Values and derivatives of all networks by JAX: compiled once."""
    models = {key: perceptron(3, key[1], 2, key[0]) for key in NETWORKS}
    points = {key: drawn(model, 2, 7) for key, model in models.items()}

    def true(theta, z, model):
        of_row = jax.jacrev(lambda row: model.apply(theta, row[None])[0])
        return model.apply(theta, z), jax.jacrev(model.apply)(theta, z), jax.vmap(of_row)(z)

    def everything(points):
        return {
            key: [true(theta[k], z[k], models[key]) for k in range(2)]
            for key, (theta, z) in points.items()
        }

    with jax.enable_x64(True):
        lowered = jax.jit(everything).lower(points)
        fast = lowered.compile(compiler_options={"xla_backend_optimization_level": 0})
        return models, points, fast(points)


@pytest.mark.parametrize("key", NETWORKS, ids=str)
def test_derivatives_are_those_of_jax(key, by_jax):
    models, points, found = by_jax
    f, by_parameters = models[key].jacobian(*points[key])
    again, by_inputs = models[key].slopes(*points[key])
    for k, (value, parameters, inputs) in enumerate(found[key]):
        close(f[k], value)
        close(again[k], value)
        close(by_parameters[k], parameters)
        close(by_inputs[k], inputs)


def test_the_values_of_one_neuron_are_those_of_the_formula():
    model = perceptron(1, (1,), 1)
    found = model.values(np.array([[2.0, -1.0, 3.0, 0.5]]), np.array([[[0.7]]]))
    assert found[0, 0, 0] == pytest.approx(3 * np.tanh(2 * 0.7 - 1) + 0.5, rel=1e-15)


def test_weights_of_an_input_share_a_group_and_output_biases_are_last():
    groups = perceptron(2, (3,), 2).groups.tolist()
    assert groups == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 6 + [4] * 2


def test_an_unknown_activation_is_named_with_the_nearest():
    with pytest.raises(ArgumentError, match="did you mean 'relu'"):
        activation_named("rellu")


# ---- losses ----


def targets(name, f, rng):
    if name == "logistic":
        return rng.integers(0, 2, f.shape[:2])
    if name == "softmax":
        return rng.integers(0, f.shape[-1], f.shape[:2])
    return rng.normal(size=f.shape)


@pytest.mark.parametrize("name", LOSSES)
def test_slopes_of_losses_are_those_of_jax(name):
    loss, rng = LOSSES[name](), np.random.default_rng(1)
    f = 2 * rng.normal(size=(2, 6, 1 if name == "logistic" else 3))
    t = targets(name, f, rng)
    with jax.enable_x64(True):
        true = jax.jit(jax.grad(lambda f: loss.rows(f, t, jnp).sum()))(f)
        close(loss.slope(f, t), true)


@pytest.mark.parametrize("name", LOSSES)
def test_whitened_derivatives_add_up_to_the_curvature(name):
    loss, rng = LOSSES[name](), np.random.default_rng(2)
    f = rng.normal(size=(1, 4, 1 if name == "logistic" else 3))
    t = targets(name, f, rng)
    if name == "deviation":  # the Fisher information: the curvature where t² is as expected
        t = np.exp(f)
    jacobian = rng.normal(size=(*f.shape, 5))
    white = loss.whiten(f, jacobian).reshape(-1, 5)
    with jax.enable_x64(True):
        bend = jax.vmap(jax.hessian(lambda f, t: loss.rows(f[None], t[None], jnp)[0]))
        bent = jax.jit(bend)(f[0], t[0])
    close(white.T @ white, np.einsum("rap,rab,rbq->pq", jacobian[0], bent, jacobian[0]))


# ---- curvature ----


@pytest.mark.parametrize("rows", [4, 30])
@pytest.mark.parametrize("form", [Dense, Dual])
def test_systems_are_solved_as_by_the_inverse(rows, form):
    rng = np.random.default_rng(3)
    jacobian, right = rng.normal(size=(rows, 9)), rng.normal(size=9)
    diagonal, new = rng.uniform(0.5, 2, 9), rng.normal(size=(5, 9))
    made = form(jacobian.T @ jacobian if form is Dense else jacobian)
    inverse = np.linalg.inv(jacobian.T @ jacobian + np.diag(diagonal))
    close(made.solve(diagonal, right), inverse @ right)
    close(made.inverse_diagonal(diagonal), np.diagonal(inverse), 11)
    close(made.leverage(diagonal, new), np.einsum("ri,ij,rj->r", new, inverse, new), 11)
    assert made.scale() == pytest.approx((jacobian**2).sum(0).mean())


def test_fewer_rows_than_parameters_are_solved_in_the_rows():
    assert isinstance(curvature_of(np.ones((1, 3, 4)))[0], Dual)
    assert isinstance(curvature_of(np.ones((1, 4, 4)))[0], Dense)


def test_what_is_not_definite_is_refused():
    assert Dense(-np.eye(3)).solve(np.zeros(3), np.ones(3)) is None
    assert Dense(-np.eye(3)).inverse_diagonal(np.zeros(3)) is None


# ---- Levenberg-Marquardt ----


def linear_task():
    rng = np.random.default_rng(4)
    z = rng.normal(size=(60, 4))
    t = z @ np.array([1.0, -0.5, 0.02, 0.0]) + 0.3 + 0.4 * rng.normal(size=60)
    return perceptron(4, (), 1), z, t


def test_without_hidden_layers_a_fixed_precision_gives_ridge_regression():
    model, z, t = linear_task()
    batch = Batch(z[None], t[None, :, None])
    limits = Limits(evidence=False, precision=5.0, small=1e-14, steps=100)
    found = run(model, Squared(), batch, State.at(np.ones((1, 5)), limits), limits)
    design = np.column_stack([z, np.ones(60)])
    true = np.linalg.solve(design.T @ design + np.diag([5.0] * 4 + [0.0]), design.T @ t)
    assert ENDS[found.done[0]] == "converged"
    close(found.theta[0], true, 6)


def test_precisions_are_those_of_the_greatest_evidence():
    """Against the log evidence of a linear model, a normal density of the targets (closed form)."""
    model, z, t = linear_task()
    batch = Batch(z[None], t[None, :, None])
    limits = Limits(updates=400, between=1, small=0.0, steps=600)
    found = run(model, Squared(), batch, State.at(np.ones((1, 5)), limits), limits)
    beta, weights = found.noise[0], found.precision[0, :4]

    def evidence(beta, precisions):  # of the bias's almost flat prior only a constant is left out
        prior = np.diag(1 / (beta * np.append(precisions, found.precision[0, 4])))
        design = np.column_stack([z, np.ones(60)])
        spread = design @ prior @ design.T + np.eye(60) / beta
        return -0.5 * (np.linalg.slogdet(spread)[1] + t @ np.linalg.solve(spread, t))

    best = evidence(beta, weights)
    for k in np.flatnonzero(weights < 1e3):  # those not at their largest
        for factor in (0.9, 1.1):
            other = weights.copy()
            other[k] *= factor
            assert evidence(beta, other) < best
    assert weights[3] > 100 * weights[0]  # the input without influence


def test_noise_and_effective_parameters_are_those_of_the_hat_matrix():
    model, z, t = linear_task()
    batch = Batch(z[None], t[None, :, None])
    limits = Limits(updates=400, between=1, small=0.0, steps=600)
    found = run(model, Squared(), batch, State.at(np.ones((1, 5)), limits), limits)
    design = np.column_stack([z, np.ones(60)])
    hat = design @ np.linalg.solve(design.T @ design + np.diag(found.precision[0]), design.T)
    residual = t - hat @ t
    assert found.effective[0] == pytest.approx(np.trace(hat), rel=1e-4)
    assert 1 / found.noise[0] == pytest.approx(residual @ residual / (60 - np.trace(hat)), rel=1e-4)


def test_logistic_regression_has_no_slope_left():
    rng = np.random.default_rng(5)
    z = rng.normal(size=(1, 90, 3))
    t = (rng.uniform(size=(1, 90)) < 1 / (1 + np.exp(-2 * z[..., 0]))).astype(int)
    model = perceptron(3, (), 1)
    limits = Limits(evidence=False, precision=0.7, small=1e-15, steps=100)
    found = run(model, Logistic(), Batch(z, t), State.at(np.zeros((1, 4)), limits), limits)
    p = 1 / (1 + np.exp(-(z[0] @ found.theta[0, :3] + found.theta[0, 3])))
    slope = np.append(z[0].T @ (p - t[0]) + 0.7 * found.theta[0, :3], (p - t[0]).sum())
    assert np.abs(slope).max() < 1e-5


def test_weights_count_as_repeated_rows():
    model, batch, theta = task(rows=40, members=1)
    weights = np.random.default_rng(6).integers(1, 4, (1, 40))
    repeated = Batch(*(np.repeat(a, weights[0], axis=1) for a in (batch.z, batch.t)))
    limits = Limits(steps=12)
    one = run(model, Squared(), Batch(batch.z, batch.t, weights.astype(float)),
              State.at(theta, limits), limits)  # fmt: skip
    other = run(model, Squared(), repeated, State.at(theta, limits), limits)
    close(one.theta, other.theta, 7)
    close(one.precision, other.precision, 6)
    assert one.loss[0] == pytest.approx(other.loss[0], rel=1e-9)


@pytest.mark.parametrize("after", [1, 7, 20])
def test_levenberg_marquardt_resumes_to_the_same_bytes(after):
    model, batch, theta = task(members=3, dtype=np.float32)
    limits, kept = Limits(), {}
    whole = run(model, Squared(), batch, State.at(theta, limits), limits)
    with pytest.raises(Stopped):
        run(model, Squared(), batch, State.at(theta, limits), limits, watch=stopping(after, kept))
    again = run(model, Squared(), batch, State.from_arrays(kept), limits)
    for name, array in whole.arrays().items():
        assert array.tobytes() == again.arrays()[name].tobytes(), name


def test_a_loss_that_is_not_finite_ends_that_member_only():
    model, batch, theta = task()
    batch.t[1, 0] = np.inf
    found = run(model, Squared(), batch, State.at(theta, Limits()), Limits())
    assert [ENDS[d] for d in found.done][1] == "not finite"
    assert ENDS[found.done[0]] in ("converged", "steps")


# ---- conjugate gradients ----


def test_polished_linear_networks_are_ridge_regression():
    model, z, t = linear_task()
    weights = np.random.default_rng(7).uniform(0.5, 2, (1, 60))
    batch = Batch(z[None], t[None, :, None], weights)
    limits = PolishLimits(steps=100, small=1e-15)
    precision = np.array([5.0] * 4 + [0.0])
    found = polish(model, Squared(), batch, np.ones((1, 5)), precision, limits=limits)
    design, w = np.column_stack([z, np.ones(60)]), weights[0][:, None]
    true = np.linalg.solve(design.T @ (w * design) + np.diag(precision), design.T @ (w[:, 0] * t))
    close(found.theta[0], true, 6)
    assert found.after[0] < found.before[0]


@pytest.mark.slow
def test_polishing_classes_leaves_no_slope_and_never_makes_worse():
    rng = np.random.default_rng(8)
    model = perceptron(2, (4,), 3)
    z = rng.normal(size=(1, 70, 2))
    t = (z[..., 0] > 0).astype(int) + (z[..., 1] > rng.normal(size=70))
    theta, precision = model.draw(rng, 1, float), np.full(model.size, 0.1)
    limits = PolishLimits(steps=200, small=1e-14)
    found = polish(model, Softmax(), Batch(z, t), theta, precision, limits=limits)

    def energy(theta):
        rows = Softmax().rows(model.apply(theta, z[0]), t[0], jnp)
        return rows.sum() + 0.5 * (precision * theta * theta).sum()

    with jax.enable_x64(True):
        compiled = jax.jit(jax.value_and_grad(energy))
        (before, slope), (_, left) = compiled(theta[0]), compiled(found.theta[0])
    assert found.before[0] == pytest.approx(float(before), rel=1e-9)
    assert np.abs(left).max() < 1e-4 * np.abs(slope).max()
    assert found.after[0] < found.before[0]


# ---- the choice ----


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        (Shape(300, 1, 181, 30), "levenberg"),
        (Shape(500, 1, 241, 30), "levenberg"),
        (Shape(100, 1, 4801, 5), "levenberg"),  # in the rows
        (Shape(5000, 1, 4801, 10), "adam"),
        (Shape(1200, 10, 4810, 10), "adam"),
        (Shape(1_000_000, 1, 401, 1), "adam"),  # its derivatives do not fit into memory
        (Shape(5000, 1, 4801, 10, reversible=False), "levenberg"),
    ],
)
def test_small_tasks_are_solved_to_second_order(shape, name):
    choice = choose_solver(shape)
    assert choice.name == name
    assert choice.reason.startswith({"levenberg": "Levenberg-Marquardt: ", "adam": "Adam: "}[name])


def test_what_is_asked_for_is_taken_and_what_is_not_there_is_named():
    assert choose_solver(Shape(300, 1, 181), "adam").name == "adam"
    assert choose_solver(Shape(5000, 1, 4801), "LM").name == "levenberg"
    with pytest.raises(ArgumentError, match="did you mean 'levenberg'"):
        choose_solver(Shape(300, 1, 181), "levenburg")
    with pytest.raises(ArgumentError, match="forwards only"):
        choose_solver(Shape(300, 1, 181, reversible=False), "adam")
