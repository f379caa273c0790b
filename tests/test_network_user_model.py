"""Models of the user: functions, modules, and what is refused."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from taylored.errors import ArgumentError, FunctionError, ModelValueError
from taylored.networks.losses import Squared
from taylored.networks.solvers.levenberg import Batch, Limits, State, run
from taylored.networks.user_model import user_model


def decay(p, x):
    return p["a"] * jnp.exp(-x[0] / p["tau"]) + p["c"]


START = {"a": 2.0, "tau": 1e3, "c": 0.0}


def network(p, X):
    return jnp.tanh(X @ p["W"] + p["b"]) @ p["V"]


def weights(seed=0):
    rng = np.random.default_rng(seed)
    return {"W": rng.normal(size=(3, 4)), "b": np.zeros(4), "V": rng.normal(size=(4, 2))}


# ---- values and derivatives ----


def test_values_and_derivatives_are_those_of_the_formula():
    model = user_model(decay, START, 1)
    theta = model.tree.vector({"a": 1.5, "tau": 700.0, "c": 0.25})[None]
    x = np.linspace(0, 2000, 9)
    f, by_parameters = model.jacobian(theta, x[None, :, None])
    _, by_inputs = model.slopes(theta, x[None, :, None])
    e = np.exp(-x / 700)
    assert np.allclose(f[0, :, 0], 1.5 * e + 0.25, rtol=1e-14)
    scale = dict(zip(model.tree.names, model.tree.scale, strict=True))
    true = {"a": e, "tau": 1.5 * e * x / 700**2, "c": np.ones(9)}
    for k, name in enumerate(model.tree.names):
        assert np.allclose(by_parameters[0, :, 0, k], true[name] * scale[name], rtol=1e-12)
    assert np.allclose(by_inputs[0, :, 0, 0], -1.5 / 700 * e, rtol=1e-12)


@pytest.mark.parametrize("rows", [1, 16, 37, 130])
def test_a_function_of_all_rows_is_that_of_each_row(rows):
    p, rng = weights(), np.random.default_rng(1)
    model = user_model(network, p, 3)
    z, theta = rng.normal(size=(2, rows, 3)), model.draw(rng, 2, float)
    f = model.values(theta, z)
    for k in range(2):
        tree = model.parameters(theta[k])
        true = np.tanh(z[k] @ tree["W"] + tree["b"]) @ tree["V"]
        assert f.shape == (2, rows, 2) and np.allclose(f[k], true, rtol=1e-13)


def test_rows_that_all_members_share_give_the_same():
    model, rng = user_model(network, weights(), 3), np.random.default_rng(2)
    z, theta = rng.normal(size=(20, 3)), model.draw(rng, 3, float)
    shared = model.values(theta, np.broadcast_to(z, (3, 20, 3)))
    assert shared.tobytes() == model.values(theta, np.stack([z] * 3)).tobytes()


def test_many_outputs_and_parameters_are_derived_backwards_as_forwards():
    model, rng = user_model(network, weights(), 3), np.random.default_rng(3)
    theta, z = model.draw(rng, 1, float), rng.normal(size=(1, 5, 3))
    _, by_parameters = model.jacobian(theta, z)
    step = 1e-6
    for k in range(model.size):
        moved = theta + step * (np.arange(model.size) == k)
        back = theta - step * (np.arange(model.size) == k)
        slope = (model.values(moved, z) - model.values(back, z)) / (2 * step)
        assert np.allclose(by_parameters[..., k], slope, rtol=1e-6, atol=1e-8)


def test_arrays_of_the_function_are_as_precise_as_the_parameters():
    """JAX remembers an array as float32 once a function in float32 has read it."""
    tenth = np.array([0.1])
    model = user_model(lambda p, x: p["a"] * tenth[0] + 0 * x[0], {"a": 1.0}, 1)
    z = np.zeros((1, 3, 1))
    assert model.values(np.ones((1, 1), np.float32), z).dtype == np.float32
    assert model.values(np.ones((1, 1)), z)[0, 0, 0] == 0.1


def test_a_loop_that_cannot_be_walked_back_is_derived_forwards():
    def root(p, x):  # Newton's iteration for the root of a² + x
        def closer(y):
            return 0.5 * (y + (p["a"] ** 2 + x[0]) / y)

        return jax.lax.while_loop(lambda y: jnp.abs(y - closer(y)) > 1e-13, closer, p["a"] + x[0])

    model = user_model(root, {"a": 2.0, "b": 1.0}, 1)
    assert not model.reversible
    theta, z = model.tree.start[None], np.full((1, 1, 1), 5.0)
    f, by_parameters = model.jacobian(theta, z)
    assert f[0, 0, 0] == pytest.approx(3.0, rel=1e-12)
    assert by_parameters[0, 0, 0] == pytest.approx([2 / 3 * 2, 0.0], rel=1e-6)  # ∂f/∂a times 2


def test_a_module_of_equinox_is_taken_by_its_arrays():
    import equinox

    module = equinox.nn.MLP(3, "scalar", 4, 1, jnp.tanh, key=jax.random.key(0))
    model = user_model(module, features=3)
    assert model.size == 3 * 4 + 4 + 4 + 1 and model.outputs == 1
    z = np.random.default_rng(4).normal(size=(1, 6, 3)).astype(np.float32)
    theta = model.tree.start.astype(np.float32)[None]
    assert np.allclose(model.values(theta, z)[0, :, 0], jax.vmap(module)(z[0]), rtol=1e-6)
    again = model.parameters(theta[0])
    assert isinstance(again, equinox.nn.MLP) and again.activation is module.activation
    assert model.groups.tolist() == [0] * 12 + [1] * 4 + [2] * 4 + [3]


# ---- starts and groups ----


def test_the_first_start_is_the_users_and_the_others_lie_beside_it():
    model = user_model(decay, START, 1)
    drawn = model.draw(np.random.default_rng(5), 40, float)
    assert model.parameters(drawn[0]) == START
    others = np.array([[*model.parameters(t).values()] for t in drawn[1:]])
    names = list(model.parameters(drawn[0]))
    tau = others[:, names.index("tau")]
    assert 500 < tau.mean() < 1500 and 100 < tau.std() < 400
    again = model.draw(np.random.default_rng(5), 40, float)
    assert drawn.tobytes() == again.tobytes()


def test_other_starts_of_networks_are_weights_of_the_same_spread():
    p = {"W": np.random.default_rng(6).normal(size=(50, 60)) * 0.1, "v": np.ones(60)}
    model = user_model(lambda p, x: jnp.tanh(x @ p["W"]) @ p["v"], p, 50)
    drawn = model.parameters(model.draw(np.random.default_rng(7), 2, float)[1])
    assert drawn["W"].std() == pytest.approx(0.1, rel=0.1)
    assert abs(np.corrcoef(drawn["W"].ravel(), p["W"].ravel())[0, 1]) < 0.1


def test_starts_can_be_drawn_by_a_function_of_a_key():
    def draw(key):
        return {"w": jax.random.normal(key, (3,))}

    model = user_model(lambda p, x: p["w"] @ x, draw, 3)
    drawn = model.draw(np.random.default_rng(8), 3, float)
    assert len({t.tobytes() for t in drawn}) == 3


def test_parameters_with_a_meaning_are_free_and_weights_are_not():
    assert user_model(decay, START, 1).groups.tolist() == [0, 0, 0]
    assert user_model(decay, START, 1, regularized=True).groups.tolist() == [0, 0, 0]
    model = user_model(network, weights(), 3)
    assert len(set(model.groups)) == 3 and model.groups.max() == 2
    assert set(user_model(network, weights(), 3, regularized=False).groups) == {0}


def test_parameters_with_a_meaning_are_found_as_they_were():
    model = user_model(decay, START, 1)
    x = np.linspace(0, 3000, 60)
    t = 3.1 * np.exp(-x / 640) + 0.4
    batch = Batch(np.stack([x[:, None]] * 3), np.stack([t[:, None]] * 3))
    state = State.at(model.draw(np.random.default_rng(9), 3, float), Limits())
    found = run(model, Squared(), batch, state, Limits(steps=100, small=1e-12))
    for theta in found.theta:
        p = model.parameters(theta)
        assert [p["a"], p["tau"], p["c"]] == pytest.approx([3.1, 640, 0.4], rel=1e-6)


# ---- refusals ----

REFUSED = {
    "integer": (lambda p, x: p["a"] * x[0], {"a": 1}, ArgumentError, "a is made of integers"),
    "nothing": (lambda p, x: x[0], {"a": None}, ArgumentError, "no parameters"),
    "infinite": (lambda p, x: p["a"] * x[0], {"a": np.inf}, ArgumentError, "starts at inf"),
    "shapes": (lambda p, x: x @ p["w"], {"w": np.ones(5)}, FunctionError, "cannot be computed"),
    "value": (lambda p, x: p["w"] * jnp.ones((2, 2)), {"w": 1.0}, FunctionError, "one value for"),
    "kind": (lambda p, x: (p["w"] * x > 0).sum(), {"w": 1.0}, FunctionError, "type int32"),
    "tuple": (lambda p, x: (p["w"] * x[0], 1.0), {"w": 1.0}, FunctionError, "returns a tuple"),
    "no function": ("a*x", {"a": 1.0}, ArgumentError, "not a str"),
    "no module": (lambda x: x[0], None, ArgumentError, "no parameters"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_trained_is_named(name):
    f, params, error, words = REFUSED[name]
    with pytest.raises(error, match=words) as raised:
        user_model(f, params, 3)
    assert raised.value.next_step


def test_the_rows_that_are_tried_are_not_in_the_message():
    with pytest.raises(FunctionError) as raised:
        user_model(lambda p, x: x.T @ p["w"], {"w": np.ones(5)}, 3)
    message = str(raised.value)
    assert "got (rows,) and (5,)" in message and "1009" not in message


def test_rows_that_depend_on_each_other_are_found():
    model = user_model(lambda p, X: p["w"] * X[:, 0] / X[:, 0].max(), {"w": 1.0}, 3)
    with pytest.raises(FunctionError, match="depends on the other rows"):
        model.check(np.random.default_rng(10).normal(size=(30, 3)))
    user_model(network, weights(), 3).check(np.random.default_rng(10).normal(size=(30, 3)))


def test_values_that_are_not_finite_are_named_with_their_row():
    model = user_model(lambda p, x: p["w"] * jnp.log(x[0]), {"w": 1.0}, 1)
    with pytest.raises(ModelValueError, match="row 3 of the data"):
        model.check(np.array([[1.0], [2.0], [-1.0]]))
    with pytest.raises(ModelValueError, match="row 9 of the data"):  # others had no cells
        model.check(np.array([[1.0], [2.0], [-1.0]]), np.array([1, 4, 8]))


def test_a_draw_of_another_form_is_refused():
    sizes = iter([3, 4])

    def draw(key):
        return {"w": jnp.ones(next(sizes))}

    with pytest.raises(ArgumentError, match="the same tree each time"):
        user_model(lambda p, x: p["w"] @ x, draw, 3)


COUNT = iter(range(10**9))
DRAWN = np.random.default_rng(12)


def drawing(p, x):
    return p["a"] * x[0] + DRAWN.normal()


def called_back(p, x):
    shape = jax.ShapeDtypeStruct((), np.float32)
    return p["a"] * x[0] + jax.pure_callback(lambda: np.float32(next(COUNT)), shape)


@pytest.mark.parametrize(
    "f", [drawing, jax.jit(drawing), lambda p, x: p["a"] * x[0] * next(COUNT), called_back]
)
def test_a_model_that_changes_is_refused(f):
    with pytest.raises(FunctionError, match="not the same each time") as raised:
        user_model(f, {"a": 1.0}, 1).check(np.ones((2, 1)))
    assert "test_network_user_model.py" in raised.value.where and raised.value.next_step


def test_starts_that_change_with_one_key_are_refused():
    with pytest.raises(FunctionError, match="not the same each time"):
        user_model(lambda p, x: p["a"] * x[0], lambda key: {"a": np.asarray(DRAWN.normal())}, 1)


def test_what_a_model_does_besides_is_its_own():
    seen = []

    def noted(p, x):
        seen.append(x.shape)
        return p["a"] * x[0]

    user_model(noted, {"a": 1.0}, 1).check(np.ones((2, 1)))
    assert seen


def test_random_numbers_that_depend_on_the_precision_are_refused():
    key = jax.random.key(1)
    f = lambda p, x: p["a"] * x[0] + jax.random.normal(key)  # noqa: E731
    with pytest.raises(FunctionError, match="other random numbers in float32"):
        user_model(f, {"a": 1.0}, 1).check(np.ones((2, 1)))
    fixed = lambda p, x: p["a"] * x[0] + jax.random.normal(key, (), np.float32)  # noqa: E731
    user_model(fixed, {"a": 1.0}, 1).check(np.ones((2, 1)))
