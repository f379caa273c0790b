# ruff: noqa: E501 - tables, one operation a line
"""Random compositions of array operations: no entry is missing, and the values are right."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import taylored as ty
from taylored.trace.jaxpr import float64

# Each takes an array (of two axes) and a random generator, and gives an array of two axes.
MOVES = {
    "transpose": lambda a, r: a.T,
    "reverse": lambda a, r: a[::-1],
    "roll": lambda a, r: jnp.roll(a, int(r.integers(1, 3)), int(r.integers(2))),
    "slice": lambda a, r: a[: max(1, a.shape[0] - 1), :: int(r.integers(1, 3))],
    "pad": lambda a, r: jnp.pad(a, ((int(r.integers(2)), 1), (0, int(r.integers(2)))), mode="wrap"),
    "reshape": lambda a, r: a.reshape(a.shape[1], a.shape[0]),
    "gather": lambda a, r: a[jnp.asarray(r.integers(0, a.shape[0], 4))],
    "gather both": lambda a, r: a[jnp.asarray(r.integers(0, a.shape[0], (3, 2))), jnp.asarray(r.integers(0, a.shape[1], (3, 2)))],
    "scatter": lambda a, r: a.at[jnp.asarray(r.permutation(a.shape[0])[:2])].set(a[:2] ** 2),
    "scatter add": lambda a, r: a.at[:, jnp.asarray(r.integers(0, a.shape[1], 3))].add(1.0) + a.at[jnp.asarray(r.integers(0, a.shape[0], 3))].add(a[:1]),
    "concatenate": lambda a, r: jnp.concatenate([a, a[:1] * a[-1:]]),
    "repeat": lambda a, r: jnp.repeat(a, 2, axis=0)[: a.shape[0] + 1],
    "tile": lambda a, r: jnp.tile(a, (2, 1))[1 : a.shape[0] + 1],
    "dynamic": lambda a, r: lax.dynamic_slice(a, (jnp.argmax(a[:, 0]), 0), (max(1, a.shape[0] - 1), a.shape[1])),
    "triangle": lambda a, r: jnp.tril(a, int(r.integers(-1, 2))) + 1e-3,
    "mask": lambda a, r: jnp.where(jnp.asarray(r.uniform(size=a.shape) < 0.6), a, jnp.roll(a, 1, 1)),
    "where": lambda a, r: jnp.where(a > 0.4, a * a, a[:, ::-1]),
    "diagonal": lambda a, r: jnp.diag(a[0]) + 0.1,
}  # fmt: skip
NONLINEAR = {
    "sin": lambda a, r: jnp.sin(a) + 1.2,
    "tanh": lambda a, r: jnp.tanh(a) * a,
    "square": lambda a, r: a**2,
    "ratio": lambda a, r: a / (1 + a[:1] ** 2),
    "softplus": lambda a, r: jax.nn.softplus(a),
    "logistic": lambda a, r: jax.nn.sigmoid(a) * a[:, :1],
    "maximum": lambda a, r: jnp.maximum(a, a[:, ::-1]),
    "logsumexp": lambda a, r: a - jax.scipy.special.logsumexp(a, axis=1, keepdims=True),
}
REDUCTIONS = {
    "row sums": lambda a, r: a.sum(axis=1, keepdims=True) * a,
    "column max": lambda a, r: a.max(axis=0, keepdims=True) + 0.1 * a,
    "cumsum": lambda a, r: jnp.cumsum(a, axis=int(r.integers(2))),
    "sort": lambda a, r: jnp.sort(a, axis=int(r.integers(2))),
    "matmul": lambda a, r: a @ jnp.asarray(np.where(r.uniform(size=(a.shape[1], 3)) < 0.4, 1.5, 0)),
    "gram": lambda a, r: a @ a.T,
    "segments": lambda a, r: jax.ops.segment_sum(a, jnp.asarray(r.integers(0, 3, a.shape[0])), 3),
    "convolve": lambda a, r: jax.vmap(lambda row: jnp.convolve(row, jnp.array([1.0, 0, -1]), "same"))(a),
    "window": lambda a, r: lax.reduce_window(a, 0.0, lax.add, (2, 1), (1, 1), "SAME"),
    "scan": lambda a, r: lax.scan(lambda c, x: (0.5 * c + x, jnp.sin(c) * x), a[0], a)[1],
    "map": lambda a, r: lax.map(lambda row: row * row[0], a),
    "while": lambda a, r: lax.fori_loop(0, 2, lambda k, v: v * 0.5 + jnp.roll(v, 1, 0), a),
    "solve": lambda a, r: jnp.linalg.solve(jnp.eye(a.shape[0]) * 3 + 0.1, a),
    "cond": lambda a, r: lax.cond(a[0, 0] > 0.5, lambda v: v * v[:1], lambda v: v[::-1], a),
}  # fmt: skip
EVERY = MOVES | NONLINEAR | REDUCTIONS


def composed(seed):
    """A function of (12,) out of two to six random operations, and the names of these."""
    names = list(np.random.default_rng(seed).choice(sorted(EVERY), 2 + seed % 5))

    def f(x):
        rng = np.random.default_rng(seed + 10_000)
        value = x.reshape(3, 4)
        for name in names:
            value = EVERY[str(name)](value, rng)
        return value

    return f, [str(n) for n in names]


def compiled(derivative):
    """In float64, once for all points and not operation by operation."""
    run = jax.jit(derivative)

    def at(x):
        with float64():
            return np.asarray(run(jnp.asarray(x)))

    return at


def seeds(count, quick):
    """The first few always, the others with `pytest -m slow`: each compiles its own functions."""
    slow = pytest.mark.slow
    return [pytest.param(k, marks=slow) if k >= quick else k for k in range(count)]


@pytest.mark.every(3)
@pytest.mark.parametrize("seed", seeds(120, 6))
def test_nothing_is_missing(seed):
    f, names = composed(seed)
    transform, dense = ty.jacobian(f), compiled(jax.jacfwd(lambda v: jnp.ravel(f(v))))
    for k in range(2):
        x = np.random.default_rng(1000 * k + seed).uniform(0.2, 1.4, 12)
        J, expected = transform(x), dense(x)
        missing = (expected != 0) & ~J.pattern.dense()
        assert not missing.any(), names
        scale = np.abs(expected).max(initial=0)
        assert np.abs(J.dense() - expected).max(initial=0) <= 1e-13 * scale, names
        assert J.pattern.dense_by == (), names


@pytest.mark.parametrize("seed", seeds(40, 1))
def test_hessians_too(seed):
    f, names = composed(seed)

    def scalar(x):
        return jnp.sum(jnp.sin(f(x)) ** 2)

    x = np.random.default_rng(seed).uniform(0.2, 1.4, 12)
    expected = compiled(jax.jacfwd(jax.jacrev(scalar)))(x)
    H = ty.hessian(scalar)(x)
    assert not ((expected != 0) & ~H.pattern.dense()).any(), names
    scale = np.abs(expected).max(initial=1e-300)
    assert np.abs(H.dense() - expected).max() <= 1e-12 * scale, names
