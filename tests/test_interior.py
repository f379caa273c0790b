"""The interior point method on published problems, and on ones without an answer."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from taylored.optimize.interior import solve
from taylored.optimize.interior.linear import DenseSystem, SparseSystem
from taylored.optimize.nlp import NonlinearProgram
from taylored.optimize.watch import Answer, Limits, Watch
from toy_programs import toy

INF = np.inf


def _run(
    program: NonlinearProgram, start: Any, *, iterations: int = 300, **options: Any
) -> tuple[Answer, Watch]:
    watch = Watch(program.work, Limits(iterations=iterations))
    return solve(program, np.array(start, float), watch, **options), watch


def _residual(program: NonlinearProgram, answer: Answer) -> float:
    """How far from stationary, over all multipliers of bounds that the point allows."""
    x, y = answer.x, _prices(answer)
    gradient, jacobian = program.functions.first(x)
    along = gradient + jacobian.T @ y
    # A bound within 1e-6 may push x inward, none may pull.
    along = np.where(x - program.lower <= 1e-6, np.minimum(along, 0.0), along)
    along = np.where(program.upper - x <= 1e-6, np.maximum(along, 0.0), along)
    c = program.functions.values(x)[1]
    size = max(1.0, float(np.abs(gradient).max()))
    return max(float(np.abs(along).max()), float(np.abs(y * c).max(initial=0.0))) / size


def _prices(answer: Answer) -> np.ndarray:
    assert answer.multipliers is not None
    return answer.multipliers


def _check(program: NonlinearProgram, answer: Answer, best: float) -> None:
    assert answer.end == "converged"
    f, c = program.functions.values(answer.x)
    assert program.violation(answer.x, c) <= 1e-7
    assert np.all(answer.x >= program.lower) and np.all(answer.x <= program.upper)
    assert abs(f - best) <= 1e-6 * max(1.0, abs(best))
    assert _residual(program, answer) <= 1e-6
    assert np.all(_prices(answer)[~program.equality] >= 0.0)


def _vector(*terms: Any) -> Any:
    return jnp.stack([jnp.asarray(t, float) for t in terms])


def _banana(x: Any) -> Any:
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


# Name: n, f, start, published minimum, and the rest of the statement (Hock and Schittkowski 1981).
PUBLISHED: dict[str, tuple[int, Any, Any, float, dict[str, Any]]] = {
    "HS1": (2, _banana, (-2, 1), 0.0, {"bounds": ((-INF, -1.5), INF)}),
    "HS3": (2, lambda x: x[1] + 1e-5 * (x[1] - x[0]) ** 2, (10, 1), 0.0,
            {"bounds": ((-INF, 0), INF)}),
    "HS4": (2, lambda x: (x[0] + 1) ** 3 / 3 + x[1], (1.125, 0.125), 8 / 3,
            {"bounds": ((1, 0), INF)}),
    "HS5": (2, lambda x: jnp.sin(x[0] + x[1]) + (x[0] - x[1]) ** 2 - 1.5 * x[0] + 2.5 * x[1] + 1,
            (0, 0), -np.sqrt(3) / 2 - np.pi / 3, {"bounds": ((-1.5, -3), (4, 3))}),
    "HS6": (2, lambda x: (1 - x[0]) ** 2, (-1.2, 1), 0.0,
            {"equal": lambda x: 10 * (x[1] - x[0] ** 2)}),
    "HS7": (2, lambda x: jnp.log(1 + x[0] ** 2) - x[1], (2, 2), -np.sqrt(3),
            {"equal": lambda x: (1 + x[0] ** 2) ** 2 + x[1] ** 2 - 4}),
    "HS8": (2, lambda x: -1.0 + 0 * x[0], (2, 1), -1.0,
            {"equal": lambda x: _vector(x[0] ** 2 + x[1] ** 2 - 25, x[0] * x[1] - 9)}),
    "HS10": (2, lambda x: x[0] - x[1], (-10, 10), -1.0,
             {"at_most": lambda x: 3 * x[0] ** 2 - 2 * x[0] * x[1] + x[1] ** 2 - 1}),
    "HS11": (2, lambda x: (x[0] - 5) ** 2 + x[1] ** 2 - 25, (4.9, 0.1), -8.498464223,
             {"at_most": lambda x: x[0] ** 2 - x[1]}),
    "HS12": (2, lambda x: x[0] ** 2 / 2 + x[1] ** 2 - x[0] * x[1] - 7 * x[0] - 7 * x[1], (0, 0),
             -30.0, {"at_most": lambda x: 4 * x[0] ** 2 + x[1] ** 2 - 25}),
    "HS14": (2, lambda x: (x[0] - 2) ** 2 + (x[1] - 1) ** 2, (2, 2), 9 - 2.875 * np.sqrt(7),
             {"equal": lambda x: x[0] - 2 * x[1] + 1,
              "at_most": lambda x: x[0] ** 2 / 4 + x[1] ** 2 - 1}),
    "HS17": (2, _banana, (-2, 1), 1.0,
             {"at_most": lambda x: _vector(x[0] - x[1] ** 2, x[1] - x[0] ** 2),
              "bounds": ((-0.5, -INF), (0.5, 1))}),
    "HS18": (2, lambda x: 0.01 * x[0] ** 2 + x[1] ** 2, (2, 2), 5.0,
             {"at_most": lambda x: _vector(25 - x[0] * x[1], 25 - x[0] ** 2 - x[1] ** 2),
              "bounds": ((2, 0), 50)}),
    "HS21": (2, lambda x: 0.01 * x[0] ** 2 + x[1] ** 2 - 100, (-1, -1), -99.96,
             {"at_most": lambda x: 10 - 10 * x[0] + x[1], "bounds": ((2, -50), 50)}),
    "HS22": (2, lambda x: (x[0] - 2) ** 2 + (x[1] - 1) ** 2, (2, 2), 1.0,
             {"at_most": lambda x: _vector(x[0] + x[1] - 2, x[0] ** 2 - x[1])}),
    "HS26": (3, lambda x: (x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 4, (-2.6, 2, 2), 0.0,
             {"equal": lambda x: (1 + x[1] ** 2) * x[0] + x[2] ** 4 - 3}),
    "HS27": (3, lambda x: 0.01 * (x[0] - 1) ** 2 + (x[1] - x[0] ** 2) ** 2, (2, 2, 2), 0.04,
             {"equal": lambda x: x[0] + x[2] ** 2 + 1}),
    "HS28": (3, lambda x: (x[0] + x[1]) ** 2 + (x[1] + x[2]) ** 2, (-4, 1, 1), 0.0,
             {"equal": lambda x: x[0] + 2 * x[1] + 3 * x[2] - 1}),
    "HS29": (3, lambda x: -x[0] * x[1] * x[2], (1, 1, 1), -16 * np.sqrt(2),
             {"at_most": lambda x: x[0] ** 2 + 2 * x[1] ** 2 + 4 * x[2] ** 2 - 48}),
    "HS35": (3, lambda x: (9 - 8 * x[0] - 6 * x[1] - 4 * x[2] + 2 * x[0] ** 2 + 2 * x[1] ** 2
                           + x[2] ** 2 + 2 * x[0] * x[1] + 2 * x[0] * x[2]),
             (0.5, 0.5, 0.5), 1 / 9,
             {"at_most": lambda x: x[0] + x[1] + 2 * x[2] - 3, "bounds": (0, INF)}),
    "HS36": (3, lambda x: -x[0] * x[1] * x[2], (10, 10, 10), -3300.0,
             {"at_most": lambda x: x[0] + 2 * x[1] + 2 * x[2] - 72,
              "bounds": (0, (20, 11, 42))}),
    "HS39": (4, lambda x: -x[0], (2, 2, 2, 2), -1.0,
             {"equal": lambda x: _vector(x[1] - x[0] ** 3 - x[2] ** 2,
                                         x[0] ** 2 - x[1] - x[3] ** 2)}),
    "HS40": (4, lambda x: -x[0] * x[1] * x[2] * x[3], (0.8,) * 4, -0.25,
             {"equal": lambda x: _vector(x[0] ** 3 + x[1] ** 2 - 1, x[0] ** 2 * x[3] - x[2],
                                         x[3] ** 2 - x[1])}),
    "HS43": (4, lambda x: (x[0] ** 2 + x[1] ** 2 + 2 * x[2] ** 2 + x[3] ** 2 - 5 * x[0]
                           - 5 * x[1] - 21 * x[2] + 7 * x[3]), (0,) * 4, -44.0,
             {"at_most": lambda x: _vector(
                 x @ x + x[0] - x[1] + x[2] - x[3] - 8,
                 x @ x + x[1] ** 2 + x[3] ** 2 - x[0] - x[3] - 10,
                 2 * x[0] ** 2 + x[1] ** 2 + x[2] ** 2 + 2 * x[0] - x[1] - x[3] - 5)}),
    "HS48": (5, lambda x: (x[0] - 1) ** 2 + (x[1] - x[2]) ** 2 + (x[3] - x[4]) ** 2,
             (3, 5, -3, 2, -2), 0.0,
             {"equal": lambda x: _vector(jnp.sum(x) - 5, x[2] - 2 * (x[3] + x[4]) + 3)}),
    "HS60": (3, lambda x: (x[0] - 1) ** 2 + (x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 4, (2, 2, 2),
             0.03256820025,
             {"equal": lambda x: x[0] * (1 + x[1] ** 2) + x[2] ** 4 - 4 - 3 * np.sqrt(2),
              "bounds": (-10, 10)}),
    "HS65": (3, lambda x: (x[0] - x[1]) ** 2 + (x[0] + x[1] - 10) ** 2 / 9 + (x[2] - 5) ** 2,
             (-5, 5, 0), 0.9535288567,
             {"at_most": lambda x: x @ x - 48, "bounds": ((-4.5, -4.5, -5), (4.5, 4.5, 5))}),
    "HS66": (3, lambda x: 0.2 * x[2] - 0.8 * x[0], (0, 1.05, 2.9), 0.5181632741,
             {"at_most": lambda x: _vector(jnp.exp(x[0]) - x[1], jnp.exp(x[1]) - x[2]),
              "bounds": (0, (100, 100, 10))}),
    "HS71": (4, lambda x: x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2], (1, 5, 5, 1), 17.0140173,
             {"equal": lambda x: x @ x - 40, "at_most": lambda x: 25 - jnp.prod(x),
              "bounds": (1, 5)}),
    "HS77": (5, lambda x: ((x[0] - 1) ** 2 + (x[0] - x[1]) ** 2 + (x[2] - 1) ** 2
                           + (x[3] - 1) ** 4 + (x[4] - 1) ** 6), (2,) * 5, 0.24150513,
             {"equal": lambda x: _vector(
                 x[0] ** 2 * x[3] + jnp.sin(x[3] - x[4]) - 2 * np.sqrt(2),
                 x[1] + x[2] ** 4 * x[3] ** 2 - 8 - np.sqrt(2))}),
}  # fmt: skip


# These are slow for the compilation of their derivatives only.
_SLOW = {"HS3", "HS4", "HS8", "HS10", "HS11", "HS12", "HS17", "HS18", "HS21", "HS22", "HS27",
         "HS28", "HS36", "HS39", "HS48", "HS60", "HS65", "HS29",
         "HS40", "HS43", "HS66", "HS5", "HS1"}  # fmt: skip


@pytest.mark.every(3)
@pytest.mark.parametrize(
    "name", [pytest.param(k, marks=[pytest.mark.slow] if k in _SLOW else []) for k in PUBLISHED]
)
def test_published(name: str) -> None:
    n, f, start, best, rest = PUBLISHED[name]
    program = toy(f, n, **rest)
    _check(program, _run(program, start)[0], best)


@pytest.mark.parametrize(
    "name",
    ["HS14", "HS71", *(pytest.param(k, marks=pytest.mark.slow) for k in ("HS5", "HS35", "HS77"))],
)
def test_sparse_is_dense(name: str) -> None:
    n, f, start, best, rest = PUBLISHED[name]
    program = toy(f, n, sparse=True, **rest)
    answer, _ = _run(program, start)
    _check(program, answer, best)
    other, _ = _run(toy(f, n, **rest), start)
    np.testing.assert_allclose(answer.x, other.x, atol=1e-7)
    np.testing.assert_allclose(_prices(answer), _prices(other), atol=1e-6)


def test_few_evaluations() -> None:
    n, f, start, _, rest = PUBLISHED["HS71"]
    program = toy(f, n, **rest)
    _run(program, start)
    # The paper's method takes 8 iterations; twice that would be another method.
    assert program.work.seconds <= 12 and program.work.values <= 14


@pytest.mark.parametrize("sparse", [False, True])
def test_inertia(sparse: bool) -> None:
    rng = np.random.default_rng(3)
    from scipy.sparse import csr_array

    for _ in range(40):
        n, m = int(rng.integers(2, 12)), int(rng.integers(1, 5))
        hessian = rng.standard_normal((n, n))
        hessian += hessian.T
        jacobian = rng.standard_normal((m, n))
        p, q = rng.uniform(0, 3, n), rng.uniform(0, 1, m) * rng.integers(0, 2, m)
        matrix = np.block([[hessian + np.diag(p), jacobian.T], [jacobian, -np.diag(q)]])
        expected = int(np.count_nonzero(np.linalg.eigvalsh(matrix) < 0))
        system = SparseSystem(n, m) if sparse else DenseSystem(n, m)
        blocks = (csr_array(hessian), csr_array(jacobian)) if sparse else (hessian, jacobian)
        system.load(*blocks)
        assert system.factor(p, q, np.full(m, 1e-10)) == expected
        r = rng.standard_normal(n + m)
        u, residual = system.solve(r)
        np.testing.assert_allclose(matrix @ u, r, atol=1e-9 * max(1.0, np.abs(u).max()))
        assert residual <= 1e-9
        probe = rng.standard_normal(n)
        assert system.curvature(probe) == pytest.approx(probe @ hessian @ probe, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("sparse", [False, True])
def test_dependent_equations(sparse: bool) -> None:
    program = toy(
        lambda x: x[0] ** 2 + 2 * x[1] ** 2, 2, sparse=sparse,
        equal=lambda x: _vector(x[0] + x[1] - 3, 2 * x[0] + 2 * x[1] - 6),
    )  # fmt: skip
    answer, _ = _run(program, (5, -1))
    _check(program, answer, 6.0)
    np.testing.assert_allclose(answer.x, (2, 1), atol=1e-8)


def test_rank_deficient_start() -> None:
    """HS61: both gradients point the same way at the start."""
    program = toy(
        lambda x: 4 * x[0] ** 2 + 2 * x[1] ** 2 + 2 * x[2] ** 2 - 33 * x[0] + 16 * x[1] - 24 * x[2],
        3, equal=lambda x: _vector(3 * x[0] - 2 * x[1] ** 2 - 7, 4 * x[0] - x[2] ** 2 - 11),
    )  # fmt: skip
    _check(program, _run(program, (0, 0, 0))[0], -143.6461422)


def test_more_equations_than_variables() -> None:
    def lines(x: Any) -> Any:
        return _vector(x[0] ** 2 - 1, x[1] - 3, x[0] * x[1] - 3)

    program = toy(lambda x: x[0], 2, equal=lines)
    answer, _ = _run(program, (2, 4))
    np.testing.assert_allclose(answer.x, (1, 3), atol=1e-6)
    broken = toy(lambda x: x[0], 2, equal=lambda x: lines(x) + jnp.array([0.0, 0.0, 1.0]))
    assert _run(broken, (2, 4))[0].end == "infeasible"


def test_linear_program() -> None:
    """max 3a + 5b with a <= 4, 2b <= 12, 3a + 2b <= 18 is 36, at prices 0, 3/2, 1 (Dantzig)."""
    limits = np.array([[1.0, 0], [0, 2], [3, 2]]), np.array([4.0, 12, 18])
    program = toy(lambda x: -3 * x[0] - 5 * x[1], 2, bounds=(0, INF),
                  at_most=lambda x: limits[0] @ x - limits[1])  # fmt: skip
    answer, _ = _run(program, (0, 0))
    _check(program, answer, -36.0)
    np.testing.assert_allclose(answer.x, (2, 6), atol=1e-6)
    np.testing.assert_allclose(_prices(answer), (0, 1.5, 1), atol=1e-6)


@pytest.mark.parametrize("sparse", [False, True])
def test_saddle_at_the_start(sparse: bool) -> None:
    program = toy(lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, 2, sparse=sparse)
    answer, _ = _run(program, (0, 0))
    _check(program, answer, -0.25)


def test_infeasible_saddle_is_left() -> None:
    """At 0 the violation of x^2 = 1 is stationary, and largest."""
    program = toy(lambda x: x[1] ** 2, 2, equal=lambda x: x[0] ** 2 - 1)
    _check(program, _run(program, (0, 1))[0], 0.0)


def test_fixed_variables() -> None:
    program = toy(lambda x: (x[0] - 1) ** 2 + (x[1] - x[2]) ** 2, 3, bounds=((0, 2, -INF),
                  (INF, 2, INF)), at_most=lambda x: x[0] + x[2] - 2)  # fmt: skip
    answer, _ = _run(program, (3, 7, 5))
    # On x0 + x2 = 2 with x1 = 2: both terms equal, x0 = 1/2.
    np.testing.assert_allclose(answer.x, (0.5, 2, 1.5), atol=1e-7)
    assert answer.x[1] == 2.0 and answer.end == "converged"
    all_fixed = toy(lambda x: x[0], 1, bounds=(3, 3), at_most=lambda x: x[0] - 2)
    assert _run(all_fixed, (0,))[0].end == "infeasible"
    assert _run(toy(lambda x: x[0], 1, bounds=(3, 3)), (0,))[0].end == "converged"


@pytest.mark.parametrize("sparse", [False, True])
def test_undefined_outside(sparse: bool) -> None:
    """-log x + x from the edge of its domain, and with a long first step out of it."""
    program = toy(lambda x: jnp.sum(x - jnp.log(x)), 2, sparse=sparse)
    _check(program, _run(program, (0.0, 30.0))[0], 2.0)
    held = toy(lambda x: jnp.sqrt(x[0]) + x[1], 2, bounds=(0, INF), sparse=sparse,
               at_most=lambda x: 1 - x[0] * x[1])  # fmt: skip
    # sqrt(a) + 1/a is least at a = 2^(2/3).
    a = 2 ** (2 / 3)
    _check(held, _run(held, (0, 0))[0], np.sqrt(a) + 1 / a)


def test_undefined_everywhere() -> None:
    program = toy(lambda x: jnp.sum(x), 2, equal=lambda x: jnp.log(-1 - x[0] ** 2))
    answer, _ = _run(program, (1, 1))
    assert answer.end == "undefined" and "equal[0]" in answer.message
    answer, _ = _run(toy(lambda x: jnp.sqrt(-1 - x[0] ** 2), 1), (1,))
    assert answer.end == "undefined" and "objective" in answer.message


@pytest.mark.parametrize("sparse", [False, True])
def test_conflict_is_named(sparse: bool) -> None:
    """Limits 0 and 2 cannot be met together; 1 and 3 do no harm."""
    program = toy(
        lambda x: x @ x, 2, sparse=sparse,
        at_most=lambda x: _vector(x[0] + x[1] - 1, x[0] - 50, 3 - x[0] - x[1], x[1] - 9),
    )  # fmt: skip
    answer, _ = _run(program, (3, 0))
    assert (answer.end, answer.conflict, answer.bounds) == ("infeasible", (0, 2), ())
    c = program.functions.values(answer.x)[1]
    # Whatever the point, the two miss by 2 together; least violation keeps the others met.
    assert np.maximum(c, 0.0).sum() == pytest.approx(2.0, abs=1e-6)


def test_conflict_with_bounds() -> None:
    program = toy(lambda x: x @ x, 3, bounds=((0, 0, -INF), (1, INF, INF)),
                  equal=lambda x: _vector(x[0] ** 2 - 4, x[1] + x[2] - 1))  # fmt: skip
    answer, _ = _run(program, (0.5, 0.5, 0.5))
    assert (answer.end, answer.conflict, answer.bounds) == ("infeasible", (0,), (0,))
    assert answer.x[0] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("f", "start", "rest"),
    [
        (lambda x: -x[0] - x[1], (1, 1), {"at_most": lambda x: x[0] - x[1]}),
        (lambda x: -(x[0] ** 3) + x[1], (1, 1), {"at_most": lambda x: -x[1]}),
        (lambda x: x[0] * x[1], (1, 1), {"bounds": ((-INF, -1), (INF, 1))}),
        (lambda x: -jnp.exp(x[0]) + x[1] ** 2, (0, 0), {}),
        (lambda x: -jnp.log(x[0]) + x[1] ** 2, (1, 1), {"bounds": ((1e-3, -1), INF)}),
    ],
)
def test_unbounded(f: Any, start: Any, rest: Any) -> None:
    assert _run(toy(f, 2, **rest), start)[0].end == "unbounded"


@pytest.mark.parametrize("f", [lambda x: jnp.exp(-x[0]), lambda x: 1 / (1 + x[0] ** 2)])
def test_not_attained_is_not_unbounded(f: Any) -> None:
    assert _run(toy(f, 1), (1,))[0].end != "unbounded"


def test_complementarity() -> None:
    """x1 x2 <= 0 with both >= 0 has no interior; the least of the distances to (1, 1/2) is 1/4."""
    program = toy(lambda x: (x[0] - 1) ** 2 + (x[1] - 0.5) ** 2, 2, bounds=(0, INF),
                  at_most=lambda x: x[0] * x[1])  # fmt: skip
    answer, _ = _run(program, (1, 1))
    f, c = program.functions.values(answer.x)
    assert f == pytest.approx(0.25, abs=1e-5) and program.violation(answer.x, c) <= 1e-8


def test_enormous_at_the_start() -> None:
    """Values of e^120 at the start must not set the scale of the answer."""
    program = toy(lambda x: jnp.exp(30 * x[0] ** 2) + (x[1] - 1) ** 2, 2)
    answer, _ = _run(program, (2, 0))
    _check(program, answer, 1.0)
    np.testing.assert_allclose(answer.x, (0, 1), atol=1e-7)


def test_warm_start_is_short() -> None:
    n, f, _, best, rest = PUBLISHED["HS71"]
    program = toy(f, n, **rest)
    answer, _ = _run(program, (1, 4.743, 3.8211, 1.3794), barrier=1e-6,
                     multipliers=np.array([0.16146857, 0.55229366]))  # fmt: skip
    _check(program, answer, best)
    assert program.work.iterations <= 5


@pytest.mark.parametrize(("option", "end"), [("iterations", "iterations"), ("call", "callback")])
def test_stops_when_told(option: str, end: str) -> None:
    program = toy(_banana, 2)
    limits = Limits(iterations=3) if option == "iterations" else Limits()
    callback = None if option == "iterations" else (lambda i: i.number == 3)
    watch = Watch(program.work, limits, callback=callback)
    answer = solve(program, np.array([-1.2, 1.0]), watch)
    assert answer.end == end and program.work.iterations == 3
    np.testing.assert_array_equal(answer.x, watch.path.x[-1])


def test_same_twice() -> None:
    n, f, start, _, rest = PUBLISHED["HS43"]
    program = toy(f, n, **rest)
    first, second = (_run(program, start)[0] for _ in range(2))
    np.testing.assert_array_equal(first.x, second.x)
    np.testing.assert_array_equal(_prices(first), _prices(second))
