"""Trust region, L-BFGS and many starts, against closed forms and published optima."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import csr_array, diags_array

from problem_sets import MORE_GARBOW_HILLSTROM
from taylored.optimize.descent.bounded import minimize_model, quadratic
from taylored.optimize.descent.quasi_newton import lbfgs
from taylored.optimize.descent.sparse_face import SparseFace, factor_definite
from taylored.optimize.descent.trust_region import trust_region
from taylored.optimize.multistart import distinct, ranked, starts
from taylored.optimize.nlp import NonlinearProgram
from taylored.optimize.watch import Limits, Watch
from toy_programs import toy

SOLVERS = [trust_region, lbfgs]


def solved(program, start, solver=trust_region, **limits):
    watch = Watch(program.work, Limits(**limits))
    answer = solver(program, np.asarray(start, float), watch)
    return answer, program.quietly().values(answer.x)[0], watch


def rosenbrock(x):
    return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


class Chain:
    """1/2 sum (x_i - x_(i+1))^2 + 1/2 sum (x_i - a_i)^2, whose matrix is tridiagonal."""

    constraints = 0

    def __init__(self, n, form):
        self.variables, self.form = n, form
        self.a = np.sin(0.01 * np.arange(n))
        d = np.full(n, 3.0)
        d[0] = d[-1] = 2.0
        side = -np.ones(n - 1)
        places = np.array([0, 1, -1])
        self.h = csr_array(diags_array([d, side, side], offsets=places))  # pyright: ignore

    def values(self, x):
        return float(0.5 * x @ (self.h @ x) - self.a @ x), np.zeros(0)

    def first(self, x):
        return self.h @ x - self.a, None

    def second(self, x, weight, y):
        return weight * self.h

    def product(self, x, weight, y, v):
        return weight * (self.h @ v)

    def box(self):
        return None


def chain(n, form, low=-np.inf, high=np.inf):
    names = [f"x[{k}]" for k in range(n)]
    return NonlinearProgram(
        Chain(n, form), np.full(n, low), np.full(n, high), np.zeros(0, bool), names, []
    )


# Other published minima: More, Garbow, Hillstrom (1981) list them beside the global ones.
_OTHER = {"freudenstein-roth": 48.98425367924, "trigonometric": 2.79506e-5}


@pytest.mark.parametrize("problem", MORE_GARBOW_HILLSTROM, ids=str)
@pytest.mark.slow
def test_published_optima_are_reached(problem):
    program = toy(problem.f, problem.n, bounds=(problem.lower, problem.upper))
    answer, value, _ = solved(program, problem.start)
    best = _OTHER.get(problem.name, problem.best)
    assert best is not None
    assert answer.end == "converged"
    assert value <= best + 1e-6 * max(1.0, abs(best))


@pytest.mark.parametrize("solver", SOLVERS)
def test_rosenbrock(solver):
    answer, value, watch = solved(toy(rosenbrock, 2), [-1.2, 1.0], solver)
    assert answer.end == "converged"
    np.testing.assert_allclose(answer.x, 1.0, atol=1e-7)
    assert value < 1e-14 and watch.path.iterates[-1].stationarity < 1e-7


def test_the_step_is_the_least_value_in_the_ball():
    # The conditions of More and Sorensen: (H + shift) s = -g, shift >= 0, H + shift semidefinite.
    rng = np.random.default_rng(3)
    for number in range(60):
        n = int(rng.integers(1, 8))
        h = rng.normal(size=(n, n))
        h, g = h + h.T, rng.normal(size=n)
        if number % 3 == 0:  # the hard case: no pull along the least curvature
            v = np.linalg.eigh(h)[1][:, 0]
            g = g - v * v.dot(g)
        radius = float(rng.uniform(0.1, 5.0))
        program = toy(lambda x: jnp.sum(x**2), n)
        step = minimize_model(quadratic(program, np.zeros(n), g, h), radius)
        s = step.s
        assert np.linalg.norm(s) <= radius * (1 + 2e-4)
        assert np.isclose(step.decrease, -(g @ s + 0.5 * s @ h @ s), rtol=1e-9, atol=1e-12)
        rest = -(g + h @ s)
        if not s.any():  # in one variable the hard case has no pull at all
            assert not np.abs(g).max() > 1e-15 and h[0, 0] >= 0
            continue
        shift = float(rest @ s) / float(s @ s)
        np.testing.assert_allclose(rest, shift * s, atol=2e-6 * (1 + np.abs(g).max()))
        assert shift >= -1e-9 and np.linalg.eigvalsh(h)[0] + shift >= -1e-6
        assert shift < 1e-6 or np.isclose(np.linalg.norm(s), radius, rtol=2e-4)


def test_the_sparse_step_is_nearly_the_dense_one():
    rng = np.random.default_rng(5)
    for _ in range(20):
        n = 12
        h = np.diag(rng.normal(size=n)) + np.diag(rng.normal(size=n - 1), 1)
        h, g = h + h.T, rng.normal(size=n)
        program = toy(lambda x: jnp.sum(x**2), n)
        radius = float(rng.uniform(0.1, 3.0))
        exact = minimize_model(quadratic(program, np.zeros(n), g, h), radius)
        found = SparseFace(csr_array(h), g).step(radius)
        assert np.linalg.norm(found.s) <= 1.11 * radius
        assert found.decrease >= 0.75 * exact.decrease


def test_factor_tells_definite_matrices():
    from scipy.sparse import csc_array

    rng = np.random.default_rng(2)
    for _ in range(30):
        a = rng.normal(size=(15, 15)) * (rng.random((15, 15)) < 0.2)
        h = a + a.T + np.diag(rng.uniform(0, 6, 15))
        least = np.linalg.eigvalsh(h)[0]
        assert (factor_definite(csc_array(h)) is not None) == (least > 0)


@pytest.mark.parametrize("sparse", [False, True])
def test_saddles_and_maxima_are_left(sparse):
    for f, start, best in (
        (lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, [0.0, 0.0], -0.25),
        (lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, [2.0, 0.0], -0.25),
        (lambda x: jnp.cos(x[0]) + x[1] ** 2, [0.0, 1.0], -1.0),
    ):
        answer, value, _ = solved(toy(f, 2, sparse=sparse), start)
        assert answer.end == "converged" and abs(value - best) < 1e-12


def test_lbfgs_leaves_a_maximum_at_the_start():
    f = lambda x: jnp.cos(x[0]) + x[1] ** 2  # noqa: E731
    assert abs(solved(toy(f, 2), [0.0, 0.0], lbfgs)[1] + 1.0) < 1e-12


@pytest.mark.parametrize("solver", SOLVERS)
def test_bounds_are_met_exactly(solver):
    # The least of sum (x_i - t_i)^2 in a box is t put into the box.
    target, third = np.array([-3.0, 0.2, 5.0, 0.7]), 1.0 / 3.0
    program = toy(lambda x: jnp.sum((x - target) ** 2), 4, bounds=(-0.1, third))
    answer, _, watch = solved(program, [0.0, 0.0, 0.0, 0.0], solver)
    assert answer.end == "converged"
    assert answer.x[0] == -0.1 and answer.x[2] == third and answer.x[3] == third
    assert abs(answer.x[1] - 0.2) < 1e-9
    assert all(((i.x >= -0.1) & (i.x <= third)).all() for i in watch.path.iterates)


def test_a_weakly_active_bound_is_left_where_the_curvature_leads_away():
    answer, value, _ = solved(toy(lambda x: -jnp.sum(x**2), 2, bounds=(0, 1)), [0.0, 0.0])
    assert answer.end == "converged" and value == -2.0


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_fixed_variable_stays(solver):
    program = toy(rosenbrock, 2, bounds=([0.5, -9.0], [0.5, 9.0]))
    answer, value, _ = solved(program, [0.0, 0.0], solver)
    assert answer.x[0] == 0.5 and abs(answer.x[1] - 0.25) < 1e-9 and abs(value - 0.25) < 1e-12


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(
    "f", [lambda x: x[0] + x[1] ** 2, lambda x: x[1] ** 2 - x[0] ** 4 - x[0]], ids=["line", "power"]
)
def test_unbounded_is_said(f, solver):
    assert solved(toy(f, 2), [1.0, 2.0], solver)[0].end == "unbounded"


@pytest.mark.parametrize("solver", SOLVERS)
def test_places_where_f_is_not_defined(solver):
    # x - log x has its minimum at 1; the first steps leave the domain.
    answer, _, _ = solved(toy(lambda x: 0.01 * x[0] - jnp.log(x[0]), 1), [1e-3], solver)
    assert answer.end == "converged" and abs(answer.x[0] - 100.0) < 1e-4
    assert solved(toy(lambda x: jnp.log(x[0]), 1), [-1.0], solver)[0].end == "undefined"
    # At the bound f is infinite: the start is moved inside.
    moved = solved(toy(lambda x: x[0] - jnp.log(x[0]), 1, bounds=(0, 9)), [0.0])[0]
    assert moved.end == "converged" and abs(moved.x[0] - 1.0) < 1e-8


def test_no_leap_over_a_gap_in_the_domain():
    # Defined where x*y > 1; Newton's first step would land in the other branch.
    program = toy(lambda x: x[0] + x[1] - jnp.log(x[0] * x[1] - 1), 2)
    answer, _, _ = solved(program, [5.0, 5.0])
    np.testing.assert_allclose(answer.x, (1 + np.sqrt(5)) / 2, rtol=1e-8)


@pytest.mark.parametrize("solver", SOLVERS)
def test_flat_minima_are_followed_to_the_end(solver):
    answer, value, _ = solved(toy(lambda x: jnp.sum(x**4), 2), [1.0, 2.0], solver)
    assert answer.end == "converged" and value < 1e-10


def test_converges_though_rounding_hides_the_decrease():
    answer, _, _ = solved(toy(lambda x: 1e6 + jnp.sum((x - 0.3) ** 2), 3), [1.0, 2.0, 3.0])
    assert answer.end == "converged"
    np.testing.assert_allclose(answer.x, 0.3, atol=1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
def test_limits_and_callbacks_stop(solver):
    assert solved(toy(rosenbrock, 2), [-1.2, 1], solver, iterations=3)[0].end == "iterations"
    assert solved(toy(rosenbrock, 2), [-1.2, 1], solver, evaluations=4)[0].end == "evaluations"
    program = toy(rosenbrock, 2)
    watch = Watch(program.work, callback=lambda i: i.number == 2)
    assert solver(program, np.array([-1.2, 1.0]), watch).end == "callback"
    assert len(watch.path) == 3


@pytest.mark.parametrize(
    ("form", "solver"),
    [("sparse", trust_region), ("products", trust_region), ("products", lbfgs)],
)
def test_many_variables(form, solver):
    from scipy.linalg import solveh_banded

    n = 10_000
    program = chain(n, form)
    answer, _, _ = solved(program, np.ones(n), solver)
    d = np.full(n, 3.0)
    d[0] = d[-1] = 2.0
    bands = np.vstack([np.r_[0.0, -np.ones(n - 1)], d])
    exact = solveh_banded(bands, np.sin(0.01 * np.arange(n)))
    assert answer.end == "converged"
    np.testing.assert_allclose(answer.x, exact, atol=1e-7)
    held, _, _ = solved(chain(n, form, -0.5, 0.5), np.zeros(n), solver)
    assert held.end == "converged" and np.abs(held.x).max() == 0.5
    slope = program.functions.first(held.x)[0]
    assert np.all(slope[held.x == 0.5] <= 1e-8) and np.all(slope[held.x == -0.5] >= -1e-8)
    assert np.abs(slope[np.abs(held.x) < 0.5]).max() < 1e-7


def test_starts_fill_the_box_and_repeat():
    program = toy(lambda x: jnp.sum(x**2), 2, bounds=([-1, 0], [1, np.inf]))
    points = starts(program, np.array([5.0, 3.0]), 200, 7)
    assert points.shape == (200, 2) and np.array_equal(points[0], [1.0, 3.0])
    assert np.array_equal(points, starts(program, np.array([5.0, 3.0]), 200, 7))
    assert not np.array_equal(points, starts(program, np.array([5.0, 3.0]), 200, 8))
    assert (np.abs(points[:, 0]) <= 1).all() and (points[:, 1] >= 0).all()
    shares = np.histogram(points[:, 0], bins=10, range=(-1, 1))[0]
    assert shares.min() >= 14 and shares.max() <= 27
    order = ranked(program, points)
    assert np.all(np.diff((order**2).sum(axis=1)) >= 0)


def test_minima_that_are_the_same_are_one():
    found = distinct(
        [(2.0, np.array([1.0])), (1.0, np.array([5.0])), (2.0, np.array([1.0 + 1e-9]))]
    )
    assert [value for value, _ in found] == [1.0, 2.0]


def test_many_starts_find_all_minima_of_himmelblau():
    from taylored.optimize.minimize import minimize

    start = {"x": 0.0, "y": 0.0}
    m = minimize("(x^2 + y - 11)^2 + (x + y^2 - 7)^2", start, bounds=(-5, 5), starts=20)
    assert m.kind == "minimum" and m.value < 1e-20 and len(m.others) == 3
    points = np.array([m.point, *(m.statement.flatten(x, "x") for _, x in m.others)])
    # D. Himmelblau, Applied Nonlinear Programming (1972).
    published = [(3, 2), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)]
    for place in published:
        assert np.abs(points - place).max(axis=1).min() < 1e-5


def test_a_variable_at_its_bound_does_not_hold_up_the_others():
    # Newton's step would push x[3] out of the bound it is at, and the rest must still move.
    rng = np.random.default_rng(0)
    for _ in range(5):
        a = rng.standard_normal((4, 4))
        q, p = a @ a.T + 1e-3 * np.eye(4), rng.standard_normal(4)
        s = 10.0 ** rng.integers(-4, 5, size=4)
        low = np.where(rng.random(4) < 0.6, -0.2, -np.inf)
        high = np.where(rng.random(4) < 0.4, 0.3, np.inf)

        def f(x, q=q, p=p, s=s):
            z = x / s
            return 0.5 * z @ (q @ z) + p @ z

        answer, value, watch = solved(
            toy(f, 4, bounds=((low * s).tolist(), (high * s).tolist())), np.zeros(4)
        )
        best = np.inf
        for places in np.ndindex(3, 3, 3, 3):  # every set of active bounds
            held = np.array(places)
            z = np.where(held == 1, low, np.where(held == 2, high, 0.0))
            if not np.isfinite(z).all():
                continue
            free = held == 0
            right = -p[free] - q[np.ix_(free, ~free)] @ z[~free]
            z[free] = np.linalg.solve(q[np.ix_(free, free)], right)
            if (z >= low - 1e-12).all() and (z <= high + 1e-12).all():
                best = min(best, float(0.5 * z @ q @ z + p @ z))
        assert answer.end == "converged" and watch.work.iterations <= 20
        assert value == pytest.approx(best, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: jnp.abs(x[0]) + x[1] ** 2,
        lambda x: jnp.abs(x[0] - 2 * x[1]) + x[0] ** 2 + x[1] ** 2,
        lambda x: jnp.abs(x[0]) + jnp.abs(x[1]) + (x[0] - x[1]) ** 2,
    ],
)
def test_a_kink_is_followed_and_left_early(f):
    answer, value, watch = solved(toy(f, 2), [1.0, 1.0])
    assert watch.work.iterations < 300
    assert np.abs(answer.x).max() < 1e-5 and value < 1e-9
