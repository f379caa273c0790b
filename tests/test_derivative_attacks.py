"""What an attacker found in the derivatives: each is a wrong number or a raw error mended."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse
from jax import lax

import taylored as ty
from taylored.errors import ArgumentError, PatternError

X = np.array([1.0, 2.0])


def test_functions_with_equal_derivatives_have_their_own_values():
    for shift in (1.0, 100.0):
        r = ty.influence(lambda x, shift=shift: jnp.sum(x**2) + shift, X)
        assert r.value == 5 + shift
        top = ty.jacobian(lambda x, shift=shift: x**2 + shift)(X).top(2, scale="elasticity")
        expected = [2 / (1 + shift), 8 / (4 + shift)]
        assert sorted(e.value for e in top) == pytest.approx(sorted(expected))


def test_the_way_of_rounding_counts():
    at = np.array([0.5, 2.5])
    for method, expected in (
        (lax.RoundingMethod.TO_NEAREST_EVEN, [0, 2]), (lax.RoundingMethod.AWAY_FROM_ZERO, [1, 3]),
    ):  # fmt: skip
        J = ty.jacobian(lambda x, method=method: x * lax.round(x, method))(at)
        assert J.diagonal().tolist() == expected


@pytest.mark.parametrize("f", [
    lambda x: x[~jnp.arange(3)],
    lambda x: x * lax.round(jnp.array([0.5, 1.5, 2.5])),
    lambda x: x[jnp.array([3.7, 1e20, -1e20]).astype(jnp.int32)],
    lambda x: x[jnp.array([-1.5, 2.0, 3.0]).astype(jnp.uint8)],
    lambda x: jnp.concatenate([(x[:1] ** 2).at[5].set(3.0), x]),
    lambda x: (x.reshape(3, 1) ** 2).at[:, jnp.argmax(x) + 4].set(3.0),
    lambda x: lax.dynamic_slice(x**2, (jnp.argmax(x).astype(jnp.uint32) - jnp.uint32(1),), (1,)),
    lambda x: x[jnp.array([0, 1, 1])] * jnp.array([1, 0, 1]) * 2,
])  # fmt: skip
@pytest.mark.every(2)
def test_folding_is_what_is_run(f):
    true = jax.jit(jax.jacfwd(f))
    for x in (np.array([0.0, 1.0, 2.0]), np.array([3.0, 1.0, 2.0])):
        with jax.enable_x64(True):
            expected = np.asarray(true(jnp.asarray(x))).reshape(-1, 3)
        assert np.array_equal(ty.jacobian(f)(x).dense(), expected)


def test_influence_tells_compiled_functions_apart():
    def make(c):
        inner = jax.jit(lambda x: jnp.sum(c * x))
        return lambda x: inner(x)

    assert [ty.influence(make(c), X).derivative[0] for c in (1.0, 2.0, 3.0)] == [1, 2, 3]


def test_products_of_the_transpose_with_trees():
    J = ty.jacobian(lambda A: A**2 * np.array([[1, 2], [3, 4.0]]))(np.ones((2, 2)))
    V = np.array([[0.0, 1.0], [0.0, 0.0]])
    assert np.array_equal(V @ J, J.T @ V) and np.array_equal(J @ V, V @ J.T)
    K = ty.jacobian(lambda x: (x**2, x[:1]))(X)
    u = (np.ones(2), np.ones(1))
    assert np.allclose(K.T @ u, u @ K)


@pytest.mark.parametrize("f", [
    jnp.abs, jax.nn.relu, jnp.sort, jnp.floor, lambda x: jnp.clip(x, 0, 1),
    lambda x: jnp.where(x > 0, x, 2 * x),
    lambda x: jnp.sign(x) * x, lambda x: x[jnp.argmax(x)] * 2, lambda x: jnp.max(x),
    lambda x: lax.cond(x[0] > 0, lambda v: v, lambda v: 2 * v, x)[:1],
])  # fmt: skip
def test_what_decides_is_not_linear(f):
    assert not ty.jacobian(f)(X).linear_inputs[0]


def test_linear_inputs_beside_decisions():
    linear = ty.jacobian(lambda p: p["a"] * jnp.abs(p["b"]) + p["c"])(
        {"a": 1.0, "b": 2.0, "c": 3.0}
    )
    assert linear.linear_inputs.tolist() == [True, False, True]


def test_rank_bound_counts_complex_numbers_twice():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 5, 40)), rng.normal(size=(2, 40, 5))
    a, b = a[0] + 1j * a[1], b[0] + 1j * b[1]
    J = ty.jacobian(lambda x: jnp.real(jnp.asarray(b) @ (jnp.asarray(a) @ x)))(np.ones(40))
    bound = J.structure.details.get("rank", 40)
    assert bound >= np.linalg.matrix_rank(J.dense())


def test_arguments_that_change_are_read_again():
    class Settings:
        k = 1.0

    settings = Settings()
    transform = ty.jacobian(lambda x, c: x * c.k)
    assert transform(X, settings).diagonal().tolist() == [1, 1]
    settings.k = 7.0
    assert transform(X, settings).diagonal().tolist() == [7, 7]


def test_a_matrix_belongs_to_its_point():
    x = X.copy()
    J = ty.jacobian(lambda x: x**2)(x)
    x *= 10
    assert J.diagonal().tolist() == [2, 4] and (J @ np.ones(2)).tolist() == [2, 4]


def test_local_patterns_are_not_taken_for_global_ones():
    def f(x):
        return jnp.stack([x[0] * x[1], x[1]])

    pattern = ty.jacobian(f, pattern="local")(np.array([1.0, 0.0])).pattern
    with pytest.raises(PatternError, match="one point only"):
        ty.jacobian(f, pattern=pattern)


def test_what_is_handed_out_can_be_changed():
    transform = ty.jacobian(lambda x: jnp.stack([x[0] * x[1], x[1]]))
    pattern = transform(X).pattern.sparse()
    pattern.data[0] = False
    pattern.eliminate_zeros()
    S = transform(X).sparse()
    S *= 2
    S.setdiag(0)
    assert transform(X).dense().tolist() == [[2, 1], [0, 1]]


@pytest.mark.parametrize(("call", "error"), [
    (lambda: ty.jacobian(lambda x: x)(X) @ (1j * X), ArgumentError),
    (lambda: ty.jacobian(lambda x: x)(X) @ [[1, 2], [3]], ArgumentError),
    (lambda: ty.jacobian(lambda x: x)(X) @ np.array(["a", "b"]), ArgumentError),
    (lambda: ty.jacobian(lambda x: x)(X) @ None, ArgumentError),
    (lambda: ty.jacobian(lambda p: p["a"])({"a": X})["a"] @ 2.0, ArgumentError),
    (lambda: ty.hessian(lambda x: x @ x)(X)[0:1, 0], ArgumentError),
    (lambda: ty.hessian(lambda x: x @ x)(X)[0.5, 0], ArgumentError),
    (lambda: ty.jacobian(lambda x: x, argnums=True)(X), ArgumentError),
    (lambda: ty.jacobian(lambda x: x, argnums=(0, 0))(X), ArgumentError),
    (lambda: ty.jacobian(lambda x: x, pattern=[[1, 0], [0]]), PatternError),
    (lambda: ty.jacobian(lambda x: x)(np.ma.array(X)), ArgumentError),
    (lambda: ty.jacobian(lambda x: x)(X.astype(np.longdouble)), ArgumentError),
    (lambda: ty.jacobian(lambda p: p["a"]["b"])({"a": {"b": X}, "a.b": X})["a.b"], ArgumentError),
])  # fmt: skip
def test_bad_products_and_places(call, error):
    with pytest.raises(error, match="Next:"):
        call()


def test_kinds_of_input_that_work():
    J = ty.jacobian(lambda x: x**2, argnums=np.int64(0))(X.astype(">f8"))
    assert J.diagonal().tolist() == [2, 4]
    assert (J @ scipy.sparse.eye_array(2).tocsr()).toarray().tolist() == [[2, 0], [0, 4]]
    assert ty.jacobian(lambda x: x * 2)(X.astype(np.float16)).dense().tolist() == [[2, 0], [0, 2]]
    key = jax.random.key(1)
    K = ty.jacobian(lambda x, k: x * jax.random.normal(k, (2,)))(X, key)
    with jax.enable_x64(True):
        assert np.allclose(K.diagonal(), jax.random.normal(key, (2,)))


def test_a_known_point_with_traced_parameters():
    def total(c):
        return ty.jacobian(lambda x, c: c * x**2)(X, c).dense().sum()

    assert jax.grad(total)(2.0) == 6.0
    assert jax.vmap(total)(jnp.ones(2)).tolist() == [6, 6]
    assert jax.grad(lambda c: ty.gradient(lambda x: c * jnp.sum(x**2))(X).sum())(2.0) == 6.0


def test_local_patterns_where_values_cannot_be_folded():
    J = ty.jacobian(lambda x: jnp.linalg.pinv(x.reshape(2, 2)), pattern="local")(np.arange(1.0, 5))
    with jax.enable_x64(True):
        expected = jax.jacfwd(lambda x: jnp.linalg.pinv(x.reshape(2, 2)).ravel())(
            jnp.arange(1.0, 5)
        )
    assert np.allclose(J.dense(), expected)


def test_products_inside_jit_by_name():
    def f(p):
        return p["a"] * p["b"]

    run = jax.jit(lambda a, v: ty.jacobian(f)({"a": a, "b": jnp.ones(2)})["a"] @ v)
    assert run(jnp.ones(2), jnp.ones(2)).tolist() == [1, 1]


def test_solvers_that_stop_early_are_taken():
    matrix = jnp.asarray(np.diag(np.arange(1.0, 31)) + 0.1)
    J = ty.jacobian(lambda x: jax.scipy.sparse.linalg.cg(lambda v: matrix @ v, x)[0])(np.ones(30))
    assert np.allclose(J.dense(), np.linalg.inv(np.asarray(matrix, float)), atol=1e-3)
    assert J.agreement < 1e-3


def test_arrays_that_jax_has_seen_in_another_precision():
    """JAX keeps what it made of an array object; neither side may get the other's precision."""
    data, index = np.array([0.1, 0.2, 0.3]), np.array([0, 1, 1])

    def helper(x):
        return x[index] * data

    def f(x):
        return jnp.sum(helper(x))

    compiled = jax.jit(f)
    compiled(jnp.ones(3))
    assert ty.gradient(f)(np.ones(3)).tolist() == [0.1, 0.5, 0.0]
    assert ty.influence(f, np.ones(3)).derivative.tolist() == [0.1, 0.5, 0.0]
    assert jax.jit(lambda x: f(x) + 1)(jnp.ones(3)).dtype == jnp.float32
    assert f(jnp.ones(3)).dtype == jax.grad(f)(jnp.ones(3)).dtype == jnp.float32


def test_fits_with_arrays_that_jax_has_seen_in_another_precision():
    x, weight = np.linspace(0, 1, 9), np.linspace(1.1, 2.1, 9)

    def model(x, a, k):
        return a * jnp.exp(-k * x) * weight

    jax.jit(model)(x, 2.5, 1.0)
    fit = ty.fit(model, x, 2.5 * np.exp(-1.1 * x) * weight)
    assert fit.params == pytest.approx({"a": 2.5, "k": 1.1}, rel=1e-13)


@pytest.mark.parametrize(("function", "x"), [
    (lambda x: jnp.sin(x) / x, 1e-10), (lambda x: jnp.sin(x) / x, 1e-8),
    (lambda x: jnp.tanh(x) / x, 1e-10), (lambda x: jnp.cosh(x) / jnp.sinh(x) - 1 / x, 1e-8),
])  # fmt: skip
def test_a_derivative_lost_in_rounding_is_not_claimed(function, x):
    """True slopes are -3e-11, -3e-9, -7e-11, 1/3: JAX's have no right digit."""
    found = ty.check(function, x)
    assert not found.ok and "vanishing" in [f.name for f in found.findings]
    assert np.isnan(found.error)


@pytest.mark.parametrize(("function", "x"), [
    (lambda x: jnp.sum(jnp.exp(x) / jnp.sum(jnp.exp(x))), np.array([1.0, 2.0, 4.0])),
    (lambda x: jnp.exp(x) / (1 + jnp.exp(x)), 40.0),
])  # fmt: skip
def test_a_derivative_that_vanishes_is_told_with_its_bound(function, x):
    found = ty.check(function, x)
    assert found.ok and np.isnan(found.error)
    assert [f.severity for f in found.findings if f.name == "vanishing"] == ["note"]


def _contradictory():
    @jax.custom_jvp
    def odd(x):
        return x[0] * jnp.sum(x[1:])

    def rule(primals, tangents):
        (x,), (t,) = primals, tangents
        return odd(x), jnp.sum(x[1:] ** 2) * t[0] + x[0] * jnp.sum(t[1:])

    odd.defjvp(rule)
    return lambda x: odd(x) + jnp.sum(x**2)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_entries_are_compared_in_every_precision(dtype):
    f, x = _contradictory(), np.linspace(1, 2, 9).astype(dtype)
    with pytest.raises(PatternError, match="symmetric"):
        ty.hessian(f)(x).sparse()
    # What the message advises: no symmetry assumed.
    assert ty.jacobian(ty.gradient(f))(x).dense()[0, 1] == 2 * x[1]


def test_a_local_comparison_does_not_stand_for_the_global_one():
    transform = ty.jacobian(lambda x: jnp.where(x > 0, x * x[::-1], 0.0), pattern="local")
    J = transform(np.array([1.0, -1, -1, 1]))
    assert J.agreement is None and J.nnz == 4
    J.sparse()
    assert J.agreement < 1e-14 and J._plan.checked is None


def test_what_is_remembered_of_a_call_holds_no_values_of_it():
    transform = ty.jacobian(lambda x: x**2)
    with jax.checking_leaks():
        assert jax.jit(lambda v: transform(v).dense())(jnp.ones(2)).shape == (2, 2)


def test_functions_that_return_something_else_each_time():
    calls = []

    def f(x, y):
        calls.append(1)
        return (x, y)[len(calls) % 2] * 2.0

    with pytest.raises(ty.TayloredError, match="not the same"):
        ty.jacobian(f, argnums=(0, 1))(X, X)


def test_entries_one_by_one():
    J = ty.jacobian(lambda x: x[1:] * x[:-1])(np.arange(1.0, 6))
    assert [J[0, 0], J[0, 1], J[0, 4], J[3, 4], J[-1, -1]] == [2, 1, 0, 4, 4]
    H = ty.hessian(lambda x: jnp.sum(x) ** 2)(np.ones(100_000))
    assert H[3, 5] == 2.0  # too many entries to be listed: from a product
