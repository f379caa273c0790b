"""Objectives and constraints as they are read: values, derivatives, names, bounds, bad input."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from taylored.errors import ArgumentError, BoundsError, FormulaError, FunctionError
from taylored.optimize.functions.choose import prepared
from taylored.optimize.functions.ends import read_bounds
from taylored.optimize.functions.read import read_constraints


def objective(x):
    return x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2]


def sphere(x):
    return x @ x - 40


def volume(x):
    return 25 - jnp.prod(x)


START = np.array([1.0, 5.0, 4.0, 2.0])


def exact(x, y):
    """Value, gradient, Jacobian and Hessian of Hock and Schittkowski's problem 71 by hand."""
    a, b, c, d = x
    value = a * d * (a + b + c) + c
    gradient = [d * (2 * a + b + c), a * d, a * d + 1, a * (a + b + c)]
    rows = [2 * x, -np.array([b * c * d, a * c * d, a * b * d, a * b * c])]
    curved = np.array([
        [2 * d, d, d, 2 * a + b + c], [d, 0, 0, a], [d, 0, 0, a], [2 * a + b + c, a, a, 0]
    ])  # fmt: skip
    curved += y[0] * 2 * np.eye(4)
    product = np.array([
        [0, c * d, b * d, b * c], [c * d, 0, a * d, a * c],
        [b * d, a * d, 0, a * b], [b * c, a * c, a * b, 0],
    ])  # fmt: skip
    return value, np.array(gradient), np.array(rows), curved - y[1] * product


@pytest.mark.parametrize("executor", ["numpy", "xla"])
def test_functions_and_derivatives_of_arrays(executor):
    constraints = read_constraints(sphere, volume)
    statement, x, functions, _ = prepared(objective, constraints, START, executor)
    y = np.array([0.5, -2.0])
    value, gradient, rows, curved = exact(x, y)
    found, c = functions.values(x)
    assert found == pytest.approx(value, rel=1e-15)
    assert c == pytest.approx([START @ START - 40, 25 - np.prod(START)], rel=1e-15)
    assert functions.first(x)[0] == pytest.approx(gradient, rel=1e-14)
    assert functions.first(x)[1] == pytest.approx(rows, rel=1e-14)
    assert functions.second(x, 1.0, y) == pytest.approx(curved, rel=1e-13)
    v = np.arange(4.0)
    assert functions.product(x, 1.0, y, v) == pytest.approx(curved @ v, rel=1e-13)
    assert list(statement.names) == ["x[0]", "x[1]", "x[2]", "x[3]"]
    assert statement.constraint_names == ["equal", "at_most"]
    assert statement.equality.tolist() == [True, False]


def test_formulas_and_numbers_give_the_same():
    text = "a*d*(a + b + c) + c"
    relations = ["a^2 + b^2 + c^2 + d^2 = 40", "a*b*c*d >= 25"]
    start = dict(zip("abcd", START.tolist(), strict=True))
    read = read_constraints(None, None, relations)
    statement, x, functions, _ = prepared(text, read, start)
    order = ["abcd".index(n) for n in statement.names]
    y = np.array([0.5, -2.0])
    value, gradient, _, curved = exact(START, y)
    assert functions.values(x)[0] == pytest.approx(value)
    assert functions.first(x)[0] == pytest.approx(gradient[order])
    assert functions.second(x, 1.0, y) == pytest.approx(curved[np.ix_(order, order)])
    assert statement.constraint_names == relations
    assert statement.unflatten(x) == {n: start[n] for n in statement.names}

    def plain(a, b, c, d):
        return a * d * (a + b + c) + c

    def ball(a, b, c, d):
        return a**2 + b**2 + c**2 + d**2 - 40

    read = read_constraints({"ball": ball}, None)
    statement, x, functions, _ = prepared(plain, read, tuple(START))
    assert functions.second(x, 1.0, y[:1]) == pytest.approx(exact(x, [0.5, 0.0])[3])
    assert statement.constraint_names == ["ball"]
    assert statement.unflatten(x) == tuple(START)


def _random_functions():
    """Functions that use most operations that have a form for single numbers."""
    matrix = np.random.default_rng(5).normal(size=(3, 4))
    return [
        lambda x: jnp.sum(jnp.exp(matrix @ x / 10) ** 2) + jnp.prod(x[1:]),
        lambda x: jnp.max(x) * jnp.min(x) + jnp.sum(jnp.cumsum(x) * jnp.cumprod(x)),
        lambda x: jnp.sum(jnp.where(x > 2, x**3, jnp.sin(x))) + jnp.linalg.norm(x),
        lambda x: (
            jnp.sum(jnp.outer(x, x)[jnp.array([0, 2]), jnp.array([1, 3])]) + jnp.log(x[0] + 9)
        ),
        lambda x: jnp.concatenate([x[::-1], x[:2]]).reshape(2, 3).T.sum(axis=0)[1] * jnp.tanh(x[0]),
        lambda x: jnp.dot(jnp.stack([x, 2 * x]), x)[1] + jnp.mean(jnp.roll(x, 1) * x) ** 1.5,
        lambda x: jnp.polyval(jnp.array([1.0, -2.0, 0.5]), x).sum() / (1 + x[2] ** 2),
    ]


@pytest.mark.every(3)
@pytest.mark.parametrize("number", range(7))
def test_written_out_programs_agree_with_jax(number):
    f = _random_functions()[number]
    x = np.array([0.7, 2.5, 1.3, 3.1])
    _, _, functions, _ = prepared(f, [], x, "numpy")
    assert not functions._made.flat, "it was not written out"
    with jax.enable_x64(True):
        value, gradient, hessian = map(
            np.asarray, jax.jit(lambda x: (f(x), jax.grad(f)(x), jax.hessian(f)(x)))(x)
        )
    assert functions.values(x)[0] == pytest.approx(float(value), rel=1e-14)
    assert functions.first(x)[0] == pytest.approx(gradient, rel=1e-12, abs=1e-13)
    assert functions.second(x, 1.0, np.zeros(0)) == pytest.approx(hessian, rel=1e-11, abs=1e-12)


def test_what_cannot_be_written_out_is_run_as_it_is():
    def f(x):
        return jax.lax.fori_loop(0, 5, lambda k, v: v + jnp.sum(x**2) * k, 0.0)

    x = np.array([1.0, 2.0])
    _, _, functions, _ = prepared(f, [], x)
    assert functions.values(x)[0] == pytest.approx(50.0)
    assert functions.first(x)[0] == pytest.approx([20.0, 40.0])
    assert functions.second(x, 1.0, np.zeros(0)) == pytest.approx(20 * np.eye(2))


def test_many_variables_are_sparse():
    n = 400

    def f(x):
        return jnp.sum((x[1:] - x[:-1] ** 2) ** 2)

    def c(x):
        return x[:-2] * x[2:] - 1

    _, x, functions, _ = prepared(f, read_constraints(c, None), np.linspace(0.5, 2, n))
    assert functions.form == "sparse"
    y = np.linspace(-1, 1, n - 2)
    with jax.enable_x64(True):
        hessian = np.asarray(jax.jit(jax.hessian(lambda x: 2 * f(x) + y @ c(x)))(x))
        rows = np.asarray(jax.jit(jax.jacfwd(c))(x))
    # not with approx, which takes seconds for so many numbers
    error = np.abs(functions.second(x, 2.0, y).toarray() - hessian)
    assert np.all(error <= np.maximum(1e-12 * np.abs(hessian), 1e-12))
    error = np.abs(functions.first(x)[1].toarray() - rows)
    assert np.all(error <= np.maximum(1e-13 * np.abs(rows), 1e-12))
    assert functions.product(x, 2.0, y, x) == pytest.approx(hessian @ x, rel=1e-11)
    _, _, dense, _ = prepared(lambda x: jnp.sum(x) ** 2, [], np.ones(2000))
    assert dense.form == "products"
    assert dense.product(x=np.ones(2000), weight=1.0, y=np.zeros(0), v=np.ones(2000)) == (
        pytest.approx(np.full(2000, 4000.0))
    )


def test_trees_keep_their_form():
    start = {"a": np.array([1.0, 2.0]), "b": 3.0}
    read = read_constraints({"sum": lambda p: p["a"].sum() - p["b"]}, None)
    statement, x, _, _ = prepared(lambda p: jnp.sum(p["a"] ** 2) + p["b"], read, start)
    assert list(statement.names) == ["a[0]", "a[1]", "b"]
    found = statement.unflatten(x)
    assert found["a"].tolist() == [1.0, 2.0] and found["b"] == 3.0
    assert statement.by_block(np.array([7.0])) == {"sum": 7.0}


BOX = [
    (None, [-np.inf] * 3, [np.inf] * 3),
    ((0, None), [0] * 3, [np.inf] * 3),
    (([0, None, -np.inf], [1, 2, 3]), [0, -np.inf, -np.inf], [1, 2, 3]),
    ((np.array([0.0, 1.0, 2.0]), 5), [0, 1, 2], [5] * 3),
    ([(0, 1), (None, 2), (3, None)], [0, -np.inf, 3], [1, 2, np.inf]),
    ({"x[1]": (0, 1)}, [-np.inf, 0, -np.inf], [np.inf, 1, np.inf]),
    ({"x": (0, [1, 2, 3])}, [0] * 3, [1, 2, 3]),
]


@pytest.mark.parametrize(("bounds", "lower", "upper"), BOX)
def test_bounds_in_every_form(bounds, lower, upper):
    statement, _, _, _ = prepared(lambda x: x @ x, [], np.ones(3))
    found = read_bounds(bounds, statement)
    assert found[0].tolist() == lower and found[1].tolist() == upper


def test_bounds_of_scipy_and_of_formulas():
    from scipy.optimize import Bounds

    statement, _, _, _ = prepared(lambda x: x @ x, [], np.ones(3))
    assert read_bounds(Bounds([0, 1, 2], 4), statement)[0].tolist() == [0, 1, 2]
    statement, _, _, _ = prepared("x^2 + y", [], {"x": 1.0, "y": 2.0})
    lower, upper = read_bounds({"y": (0, None)}, statement)
    assert lower.tolist() == [-np.inf, 0] and upper.tolist() == [np.inf] * 2
    lower, _ = read_bounds(({"x": 1, "y": None}, None), statement)
    assert lower.tolist() == [1, -np.inf]


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ((2, 1), ["x[0]", "cross", "swap"]),
        ((0, [1, -1, 1]), ["x[1]", "cross"]),
        ((np.nan, 1), ["x[0]", "not a number"]),
        ((0, 1, 2), ["pair"]),
        ([(0, 1)], ["1 pairs", "3 variables"]),
        ({"y": (0, 1)}, ["no variable 'y'", "x[0]"]),
        ((np.zeros(2), None), ["shape"]),
        (("a", None), ["not a number"]),
        ((np.inf, None), ["no finite number"]),
    ],
)
def test_bad_bounds_are_named(bounds, words):
    statement, _, _, _ = prepared(lambda x: x @ x, [], np.ones(3))
    with pytest.raises(BoundsError) as caught:
        read_bounds(bounds, statement)
    for word in words:
        assert word in str(caught.value)


def test_bad_statements_are_named():
    with pytest.raises(ArgumentError, match="equal is a int"):
        read_constraints(3, None)
    with pytest.raises(ArgumentError, match="inequality"):
        read_constraints("x <= 1", None)
    with pytest.raises(FormulaError):
        read_constraints("x + ", None)
    with pytest.raises(ArgumentError, match="taken"):
        read_constraints({"lower": "x = 1"}, None)
    with pytest.raises(ArgumentError, match="both as formulas"):
        prepared("x^2", read_constraints(lambda x: x, None), {"x": 1.0})
    with pytest.raises(FunctionError, match="one number"):
        prepared(lambda x: x**2, [], np.ones(3))
    with pytest.raises(ArgumentError, match="executor"):
        prepared(lambda x: x @ x, [], np.ones(3), "gpu")
    with pytest.raises(ArgumentError):
        prepared(lambda x: x @ x, [], np.array([1.0, np.nan]))
