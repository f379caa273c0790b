"""The interval reading of array code: whatever JAX says at points of a box lies in it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from taylored.errors import MissingRule
from taylored.readings.enclosure.boxes import BoxFunction
from taylored.readings.interval.executor import flint_executor
from taylored.readings.jet.run import expand
from taylored.readings.jet.space import space
from taylored.series.function import read_target
from zoo import HESSIANS, JACOBIANS

RADII = (0.0, 1e-9, 1e-3, 0.05, 0.5)

# No rule in either reading; everything else must be enclosed.
MISSING = {
    "scatter multiply", "segment max", "top k", "eigh", "svd", "qr", "cg", "fft", "rfft", "irfft",
    "complex", "gammainc", "betainc", "bessel", "upcast",
}  # fmt: skip
# The rule of differentiation written by hand is not the derivative of the function.
OTHER_RULE = {
    "stop gradient", "custom jvp", "custom jvp pattern", "custom vjp straight through",
}  # fmt: skip


def _read(case):
    target, point = read_target(case.function, case.x)
    return BoxFunction(target.program, target.shapes), target, point


def _numbers(function, points, polynomials):
    """The plain reading's coefficients (coefficients, points, outputs), and where they hold."""
    seeds = [
        np.concatenate([v[None], np.broadcast_to(s[:, None], (len(s), len(points), *s.shape[1:]))])
        for v, s in zip(
            function.split(points), function.split(np.eye(function.variables)), strict=True
        )
    ]
    found = expand(function.program, polynomials, seeds)
    smooth = np.ones(len(points), bool)
    for trouble in found.troubles:
        smooth &= ~trouble.boxes
    flat = [o.reshape((polynomials.size, len(points), -1)) for o in found.outputs]
    return np.concatenate(flat, axis=2), smooth


@pytest.mark.parametrize("case", [*JACOBIANS, *HESSIANS], ids=repr)
@pytest.mark.every(6)
def test_boxes_hold_the_coefficients_at_their_points(case):
    function, target, point = _read(case)
    variables = target.variables
    polynomials = space(variables, 1 if variables > 20 else 2)
    rng = np.random.default_rng(0)
    try:
        function.over(point[None], point[None], polynomials)
    except MissingRule as refused:
        assert case.name in MISSING and refused.where
        return
    assert case.name not in MISSING
    for radius in RADII:
        low, high = (point + s * radius * rng.uniform(size=variables) for s in (-1, 1))
        found = function.over(low[None], high[None], polynomials)
        points = np.concatenate([[low, high], rng.uniform(low, high, (6, variables))])
        values, smooth = _numbers(function, points, polynomials)
        assert smooth.any() or found.troubles
        if any(t.kind == "domain" for t in found.troubles):
            continue  # the values are those where the function is defined, and nothing more
        # The plain reading has 64 bits, its erf and matrix products 53.
        slack = 1e-17 * np.abs(values[:, smooth]).max(initial=0.0)
        slack += 4e-16 * np.abs(values[:, smooth]) * (case.name in ("special",))
        assert np.all(values[:, smooth] >= found.low - slack)
        assert np.all(values[:, smooth] <= found.high + slack)
        if not found.troubles:
            assert np.isfinite(found.low).all() and np.isfinite(found.high).all()


def _jax(case, points):
    """Values, first and (of one number) second derivatives by JAX in float64."""
    leaves, structure = jax.tree_util.tree_flatten(case.x)
    shapes = [np.shape(v) for v in leaves]
    ends = np.cumsum([int(np.prod(s, dtype=int)) for s in shapes])[:-1]

    def flat(x):
        parts = [p.reshape(s) for p, s in zip(jnp.split(x, ends), shapes, strict=True)]
        found = case.function(jax.tree_util.tree_unflatten(structure, parts))
        return jnp.concatenate([jnp.ravel(v) for v in jax.tree_util.tree_leaves(found)])

    derivative = jax.jacrev if "vjp" in case.name else jax.jacfwd
    run = jax.jit(jax.vmap(lambda x: (flat(x), derivative(flat)(x))))
    second = None
    if case in HESSIANS and "custom" not in case.name and "while" not in case.name:
        second = jax.jit(jax.vmap(jax.hessian(lambda x: flat(x)[0])))(points)
    return *run(points), second


CHOSEN = [
    c for c in [*JACOBIANS, *HESSIANS]
    if c.name in {
        "roll", "gather", "scatter add", "where", "sort lanes", "product", "cumprod",
        "logsumexp", "matmul both", "vmap dot", "solve batched", "cholesky plain", "conv groups",
        "conv channels", "average pool", "interp values", "scan sum", "fori", "switch", "tree",
        "rosenbrock", "mlp", "recurrence", "huber",
    }
]  # fmt: skip


def _check_against_jax(case):
    with jax.enable_x64(True):
        function, target, point = _read(case)
        variables = target.variables
        polynomials = space(variables, 2 if case in HESSIANS else 1)
        rng = np.random.default_rng(1)
        points = point + 0.05 * rng.uniform(-1, 1, (5, variables))
        values, first, second = _jax(case, points)
        values, first = np.asarray(values), np.asarray(first)
    low, high = points.min(axis=0), points.max(axis=0)
    found = function.over(low[None], high[None], polynomials)
    plain, smooth = _numbers(function, points, polynomials)
    judged = [(0, values[None])]
    if case.name not in OTHER_RULE:
        judged.append((1, np.moveaxis(first, 2, 0)))
    for degree, truth in judged:
        rows = slice(polynomials.count(degree - 1), polynomials.count(degree))
        slack = 2e-14 * max(1.0, np.abs(truth).max(initial=0.0))
        assert np.abs(plain[rows] - truth)[:, smooth].max(initial=0.0) <= slack
        assert np.all((truth >= found.low[rows] - slack)[:, smooth])
        assert np.all((truth <= found.high[rows] + slack)[:, smooth])
    if second is not None:
        rows = slice(polynomials.count(1), None)
        halves = [
            np.asarray(second)[:, i, j] / (1.0 + (i == j))
            for i, j in (np.repeat(np.arange(variables), e) for e in polynomials.exponents[rows])
        ]
        truth = np.array(halves)[..., None]
        slack = 1e-12 * max(1.0, np.abs(truth).max())
        assert np.abs(plain[rows] - truth)[:, smooth].max(initial=0.0) <= slack
        assert np.all((truth >= found.low[rows] - slack)[:, smooth])
        assert np.all((truth <= found.high[rows] + slack)[:, smooth])


@pytest.mark.parametrize("case", CHOSEN, ids=repr)
@pytest.mark.every(6)
def test_both_readings_agree_with_jax(case):
    _check_against_jax(case)


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", [c for c in [*JACOBIANS, *HESSIANS] if c.name not in MISSING and c not in CHOSEN],
    ids=repr,
)  # fmt: skip
def test_the_others_agree_with_jax(case):
    _check_against_jax(case)


EXACTLY = ["product", "matmul both", "where", "sort", "scan sum", "cumsum", "norms", "solve"]


@pytest.mark.parametrize("case", [c for c in JACOBIANS if c.name in EXACTLY], ids=repr)
def test_balls_lie_within_the_float64_intervals(case):
    """python-flint's enclosure of the same program is the narrower one, and they meet."""
    function, target, point = _read(case)
    exact = BoxFunction(target.program, target.shapes, flint_executor())
    polynomials = space(target.variables, 1)
    for radius in (0.0, 0.02):
        box = (point - radius)[None], (point + radius)[None]
        wide = function.over(*box, polynomials)
        with exact.executor.precision():
            found = exact.over(*box, polynomials)
            low, high = (
                exact.executor.floats(found.low, False),
                exact.executor.floats(found.high, True),
            )
        slack = 1e-16 * np.maximum(np.abs(wide.low), np.abs(wide.high))
        known = np.isfinite(wide.low) & np.isfinite(wide.high)
        assert np.all((low >= wide.low - slack)[known])
        assert np.all((high <= wide.high + slack)[known])
        assert [t.kind for t in found.troubles] == [t.kind for t in wide.troubles]
