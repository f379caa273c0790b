"""Patterns: nothing missing on any function, exact where that is known, and the values right."""

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest

import taylored as ty
from taylored.trace.jaxpr import float64
from zoo import HESSIANS, JACOBIANS


def flat_jacobian(function, order):
    """The dense matrix by JAX alone as a function of x, (outputs, inputs)."""

    def flat(x):
        out = jax.tree_util.tree_leaves(function(x))
        return jnp.concatenate([jnp.ravel(o) for o in out])

    def at(x):
        vector, unravel = jax.flatten_util.ravel_pytree(x)
        if order == 2:
            return jax.jacfwd(gradient_of(lambda v: flat(unravel(v))[0]))(vector)
        return gradient_of(lambda v: flat(unravel(v)))(vector)

    compiled = jax.jit(at)  # once for all points, not operation by operation

    def run(x):
        with float64():
            return np.asarray(compiled(jax.tree.map(jnp.asarray, x)))

    return run


def gradient_of(function):
    def run(v):
        try:
            return jax.jacrev(function)(v)
        except ValueError:  # a while loop has no reverse mode
            return jax.jacfwd(function)(v)

    return run


def points(x, count=3):
    rng = np.random.default_rng(7)
    yield x
    for _ in range(count):
        yield jax.tree.map(lambda v: v * rng.uniform(0.7, 1.3, np.shape(v)), x)


def thinned(cases, first=0):
    """All cases, every second one among those that are run with the slow tests only."""
    slow = pytest.mark.slow
    return [c if k % 2 == first else pytest.param(c, marks=slow) for k, c in enumerate(cases)]


@pytest.mark.parametrize("case", thinned(JACOBIANS), ids=repr)
@pytest.mark.every(8)
def test_jacobian(case):
    transform, reference = ty.jacobian(case.function), flat_jacobian(case.function, 1)
    for x in points(case.x):
        agrees(transform(x), reference(x))
    if case.exact is not None:
        assert transform(case.x).nnz == case.exact


@pytest.mark.parametrize("case", thinned(HESSIANS), ids=repr)
@pytest.mark.every(4)
def test_hessian(case):
    transform, reference = ty.hessian(case.function), flat_jacobian(case.function, 2)
    for x in points(case.x):
        agrees(transform(x), reference(x))
    if case.exact is not None:
        assert transform(case.x).nnz == case.exact


def test_small_entries_keep_their_digits():
    """Also beside entries twelve orders larger, for nothing is computed from another entry."""
    rng = np.random.default_rng(3)
    i, j = rng.integers(0, 200, (2, 300))
    scale = 10.0 ** rng.uniform(-4, 4, 200)

    def f(x):
        return jnp.sum(jnp.sin((x * scale)[i] * (x * scale)[j])) + jnp.sum((x * scale) ** 4)

    x = rng.uniform(-1, 1, 200) / scale
    dense = flat_jacobian(f, 2)(x)
    H = ty.hessian(f)(x)
    assert H.coloring.depth == 0
    assert np.all(np.abs(H.dense() - dense) <= 1e-12 * np.abs(dense))
    fewer = ty.hessian(f, substitution=True)(x)
    assert fewer.passes < H.passes
    assert np.abs(fewer.dense() - dense).max() <= 1e-14 * np.abs(dense).max()


def agrees(matrix, dense):
    inside = matrix.pattern.dense()
    assert not np.any((dense != 0) & ~inside), "an entry is missing from the pattern"
    assert matrix.pattern.dense_by == ()
    scale = np.abs(dense).max(initial=0)
    assert np.abs(matrix.dense() - dense).max(initial=0) <= 1e-14 * scale
    assert matrix.passes_lower_bound <= matrix.passes <= min(matrix.shape)


# Their factors are evaluated equation by equation, which takes long.
_LONG = frozenset(["expm", "qr", "svd", "eigh"])


@pytest.mark.parametrize(
    "case", thinned([c for c in JACOBIANS if c.name not in _LONG], 1), ids=repr
)
@pytest.mark.every(10)
def test_local_pattern(case):
    """At one point: within the global pattern, and nothing that differs from zero is missing."""
    here, anywhere = ty.jacobian(case.function, pattern="local"), ty.jacobian(case.function)
    reference = flat_jacobian(case.function, 1)
    for x in points(case.x, 1):
        dense, matrix = reference(x), here(x)
        inside = matrix.pattern.dense()
        assert not np.any((dense != 0) & ~inside)
        assert not np.any(inside & ~anywhere(x).pattern.dense())
        assert matrix.pattern.scope == "local"
        assert np.allclose(matrix.dense(), dense, rtol=1e-12, atol=1e-13)
