"""The test problems themselves: formulas against published figures, and against SciPy's solvers."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize, root

from problem_sets import (
    COUNTED,
    INFEASIBLE,
    LARGE,
    PROBLEMS,
    SYSTEMS,
    UNBOUNDED,
    Problem,
    Text,
    problem,
)
from taylored.formula import parse
from taylored.trace.tracer import OPS

_NEAR = 8


def _parts(p: Problem) -> list:
    return [c for c in (p.f, p.equal, p.at_most) if c is not None]


def _rows(functions: list) -> Any:
    """All functions one after the other, for each row of an array."""
    return jax.vmap(lambda x: jnp.concatenate([jnp.ravel(jnp.asarray(c(x))) for c in functions]))


def _at_once(work: list[tuple[list, np.ndarray]]) -> list[np.ndarray]:
    """The values of functions at the rows of arrays: compiled in one go, which is far faster."""
    with jax.enable_x64(True):
        points = [x for _, x in work]
        made = jax.jit(lambda xs: [_rows(c)(x) for (c, _), x in zip(work, xs, strict=True)])
        fast = made.lower(points).compile(compiler_options={"xla_backend_optimization_level": 0})
        return [np.asarray(v) for v in fast(points)]


def _around(x: np.ndarray, rounded: float) -> np.ndarray:
    """A point and others that agree with it to within its rounding."""
    rng = np.random.default_rng(7)
    return np.vstack([x, x * (1 + rounded * rng.uniform(-1, 1, (_NEAR, x.size)))])


_QUARTERS = [PROBLEMS[k::4] for k in range(4)]


@cache
def _values(quarter: int) -> dict[str, tuple[np.ndarray, list[np.ndarray]]]:
    """By name: the values at the start, and those around each solution, (points, values)."""
    problems = _QUARTERS[quarter]
    work = [(_parts(p), np.vstack([p.start, *(_around(x, p.rounded) for x in p.solutions)]))
            for p in problems]  # fmt: skip
    found = {}
    for p, v in zip(problems, _at_once(work), strict=True):
        found[p.name] = v[0], list(v[1:].reshape(len(p.solutions), 1 + _NEAR, v.shape[1]))
    return found


def _count(p: Problem) -> int:
    return 0 if p.equal is None else int(np.size(jax.eval_shape(p.equal, p.start)))


def _chosen(having: str) -> list:
    """Problems that have something published, with their quarters: the first one's always."""
    return [
        pytest.param(p, k, id=repr(p), marks=[pytest.mark.slow] if k else [])
        for k, problems in enumerate(_QUARTERS)
        for p in problems
        if getattr(p, having) is not None and np.size(getattr(p, having))
    ]


def test_there_are_enough_and_each_once():
    names = [p.name for p in (*PROBLEMS, *INFEASIBLE, *UNBOUNDED)]
    assert len(set(names)) == len(names) >= 160
    assert sum(p.name.startswith("HS") for p in PROBLEMS) >= 100
    assert min(len(INFEASIBLE), len(UNBOUNDED)) >= 8 and len(COUNTED) >= 20
    kinds = [p.kind for p in PROBLEMS]
    assert min(kinds.count(k) for k in set(kinds)) >= 8 and len(set(kinds)) == 4
    assert problem("HS71").n == 4


@pytest.mark.parametrize(("p", "quarter"), _chosen("at_start"))
def test_value_at_the_start_is_the_published_one(p, quarter):
    assert _values(quarter)[p.name][0][0] == pytest.approx(p.at_start, rel=1e-5, abs=1e-4)


@pytest.mark.parametrize(("p", "quarter"), _chosen("solutions"))
def test_published_solution_is_feasible_and_has_the_published_value(p, quarter):
    for x, around in zip(p.solutions, _values(quarter)[p.name][1], strict=True):
        spread = 5 * np.abs(around - around[0]).max(axis=0)
        printed = max(p.rounded, 1e-9) * max(1.0, abs(p.best))
        assert abs(around[0, 0] - p.best) <= spread[0] + printed
        equations, c = _count(p), around[0, 1:]
        violated = np.where(np.arange(c.size) < equations, np.abs(c), c)
        assert np.all(violated <= spread[1:] + 1e-9)
        outside = np.maximum(p.lower - x, x - p.upper)
        assert np.all(outside <= 2 * p.rounded * np.abs(x) + 1e-12)


def test_roots_are_roots_and_lie_in_their_boxes():
    known = [s for s in SYSTEMS if s.roots]
    work = [([s.f], np.vstack([_around(r, s.rounded) for r in s.roots])) for s in known]
    for s, v in zip(known, _at_once(work), strict=True):
        for r, around in zip(s.roots, v.reshape(len(s.roots), 1 + _NEAR, -1), strict=True):
            spread = 5 * np.abs(around - around[0]).max(axis=0)
            assert around.shape[1] == s.n, s.name
            assert np.all(np.abs(around[0]) <= spread + 1e-12), s.name
            if s.lower is not None and s.upper is not None:
                assert np.all((s.lower < r) & (r < s.upper)), s.name
        assert s.count is None or len(s.roots) in (s.count, 1), s.name


def test_large_problems_have_their_closed_forms():
    made = [make(60) for make in LARGE.values()]
    known = [p for p in made if p.solutions]
    assert len(known) >= 2
    for p, v in zip(known, _at_once([(_parts(p), p.solutions[0][None]) for p in known]),
                    strict=True):  # fmt: skip
        assert v[0, 0] == pytest.approx(p.best, rel=1e-13, abs=1e-12)
        assert np.all(v[0, 1:] <= 1e-12)
        x = p.solutions[0]
        with jax.enable_x64(True):
            gradient = np.asarray(jax.grad(p.f)(x))
        held = np.zeros(x.size)  # multiplier 1 of each limit of "banded-quadratic"
        if p.at_most is not None:
            held = np.ones(x.size)
        assert np.allclose(gradient, held, atol=1e-12)


def _evaluated(text: str, names: list[str], x: np.ndarray) -> float:
    values = dict(zip(names, x, strict=True))
    return float(parse(text).model.evaluate(values, OPS))


def _texts(t: Text) -> list[str]:
    return [t.f, *t.equal, *t.at_most]


def test_formulas_as_text_agree_with_the_functions():
    with_text = [p for p in PROBLEMS if p.text is not None]
    assert len(with_text) >= 15
    points = [np.linspace(0.4, 1.3, p.n) for p in with_text]
    work = [(_parts(p), x[None]) for p, x in zip(with_text, points, strict=True)]
    for p, x, v in zip(with_text, points, _at_once(work), strict=True):
        assert p.text is not None
        found = [_evaluated(t, p.text.names.split(), x) for t in _texts(p.text)]
        assert found == pytest.approx(v[0], rel=1e-13, abs=1e-13), p.name


def test_systems_as_text_agree_with_the_functions():
    with_text = [s for s in SYSTEMS if s.text is not None]
    points = [np.linspace(0.4, 1.3, s.n) for s in with_text]
    work = [([s.f], x[None]) for s, x in zip(with_text, points, strict=True)]
    for s, x, v in zip(with_text, points, _at_once(work), strict=True):
        assert s.text is not None
        found = [_evaluated(t, s.text[0].split(), x) for t in s.text[1]]
        assert found == pytest.approx(v[0], rel=1e-13, abs=1e-13), s.name


def _by_scipy(p: Problem, x: np.ndarray) -> Any:
    """SLSQP or trust-exact from a point, with exact derivatives."""
    pair, hessian = jax.jit(jax.value_and_grad(p.f)), jax.jit(jax.hessian(p.f))
    if p.kind == "unconstrained":
        return minimize(lambda x: tuple(map(np.asarray, pair(x))), x, jac=True,
                        hess=lambda x: np.asarray(hessian(x)), method="trust-exact",
                        options={"gtol": 1e-10, "maxiter": 2000})  # fmt: skip
    limits = []
    for kind, sign, c in (("eq", 1, p.equal), ("ineq", -1, p.at_most)):
        if c is not None:
            value = jax.jit(lambda x, c=c, sign=sign: sign * jnp.atleast_1d(c(x)))
            slope = jax.jit(jax.jacobian(value))
            limits.append({"type": kind, "fun": lambda x, v=value: np.asarray(v(x)),
                           "jac": lambda x, s=slope: np.asarray(s(x))})  # fmt: skip
    return minimize(lambda x: tuple(map(np.asarray, pair(x))), x, jac=True, method="SLSQP",
                    bounds=list(zip(p.lower, p.upper, strict=True)), constraints=limits,
                    options={"ftol": 1e-14, "maxiter": 1000})  # fmt: skip


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("p", [p for p in PROBLEMS if p.solutions and not p.degenerate], ids=repr)
def test_nothing_near_the_published_solution_is_lower(p):
    """A solver started nearby must not find a lower feasible point: limits have the right signs."""
    x = p.solutions[0]
    with jax.enable_x64(True):
        found = _by_scipy(p, np.clip(x * (1 + 1e-4) + 1e-5, p.lower, p.upper))
        c = [np.ravel(np.asarray(g(found.x))) for g in (p.equal, p.at_most) if g is not None]
    violated = max((float(np.max(np.abs(v) if g is p.equal else v))
                    for v, g in zip(c, [g for g in (p.equal, p.at_most) if g], strict=True)),
                   default=0.0)  # fmt: skip
    if violated <= 1e-7 * max(1.0, float(np.abs(p.solutions[0]).max())):
        assert found.fun >= p.best - 3e-6 * max(1.0, abs(p.best))
        assert found.fun <= p.best + 1e-2 * max(1.0, abs(p.best))


@pytest.mark.slow
@pytest.mark.parametrize("s", [s for s in SYSTEMS if not s.roots and s.count != 0], ids=repr)
def test_systems_without_a_printed_root_have_one(s):
    with jax.enable_x64(True):
        f = jax.jit(s.f)
        found = root(lambda x: np.atleast_1d(np.asarray(f(x))), s.start, tol=1e-12)
    assert np.abs(found.fun).max() < 1e-8
