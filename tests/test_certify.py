"""Certificates against closed forms, exact fractions and enumeration; "minimum" is never false."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array, diags_array

from certified_programs import Wrapped, program, quadratic
from taylored.optimize.certify import certificate, polish
from taylored.optimize.nlp import NonlinearProgram

FORMS = ("dense", "sparse")
HALF = 0.5**0.5


@pytest.fixture(autouse=True)
def _sparse_means_sparse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small sparse matrices are treated as dense ones elsewhere."""
    monkeypatch.setattr("taylored.optimize.certificate.curvature._SMALL", 0)


# formula, arguments, point, kind
KINDS = [
    ("(x-1)^2 + 2*(y+1)^2", {}, [1, -1], "minimum"),
    ("x^2 - y^2", {}, [0, 0], "saddle"),
    ("-x^2 - y^2", {}, [0, 0], "maximum"),
    ("x*y", {}, [0, 0], "saddle"),
    ("x^3", {}, [0], "saddle"),
    ("x^3", {}, [1e-4], "saddle"),
    ("x^3", {}, [1e-9], "saddle"),
    ("x^3 - 3*x^2 + 3*x - 1", {}, [1 + 1e-8], "saddle"),
    ("x - sin(x)", {}, [1e-8], "saddle|flat"),  # its computed derivative is exactly 0
    ("x + 0*y - 1 - sin(x-1) + y^2", {}, [1 + 1e-8, 0], "saddle|flat"),
    ("exp(x) - 1 - x - x^2/2", {}, [1e-8], "saddle|flat"),
    ("exp(x) - 1 - x - x^2/2", {}, [1e-6], "saddle|flat"),
    ("x^4", {}, [0], "flat"),
    ("x^4", {}, [1e-3], "flat"),
    ("x^4 - y^4", {}, [0, 0], "saddle"),
    ("x^2 + y^3", {}, [0, 0], "saddle"),
    ("(x^2+y^2-1)^2", {}, [0.6, 0.8], "flat"),
    ("(y-x^2)*(y-3*x^2)", {}, [0, 0], "flat|saddle"),  # Peano: lower only along a parabola
    ("x", {"at_most": "x^2"}, [0], "not-stationary"),
    ("-x", {"at_most": ["y-(1-x)^3", "-y"]}, [1, 0], "not-stationary"),  # a cusp
    ("x+y", {"at_most": ["-x", "-y", "-x-y"]}, [0, 0], "minimum"),
    ("x*y", {"equal": "x^2+y^2-1"}, [HALF, -HALF], "minimum"),
    ("x*y", {"equal": "x^2+y^2-1"}, [HALF, HALF], "maximum"),
    ("x^2-y^2", {"bounds": (0, 1)}, [0, 0], "saddle"),
    ("x^2+y^2", {"bounds": (0, 1)}, [0, 0], "minimum"),
    ("x-y^2", {"bounds": ([0, -1], [1, 1])}, [0, 0], "saddle"),
    ("x-y^2", {"bounds": (0, 1)}, [0, 1], "minimum"),
    ("x+y^2", {"at_most": "y^2-x"}, [0, 0], "minimum"),
    ("x-2*y^2", {"at_most": "y^2-x"}, [0, 0], "saddle"),
    ("-y", {"at_most": "y+x^2"}, [0, 0], "minimum"),  # curved by the constraint alone
    ("-y", {"at_most": "y-x^2"}, [0, 0], "saddle"),
    ("x", {"equal": "x^2+1"}, [0], "infeasible"),
    ("log(x)", {}, [-1], "undefined"),
    ("1e-9*(x-1)^2", {}, [3], "flat"),
    ("1e-8*(x-1e4)^2 + 1e8*(y-1e-4)^2", {}, [1e4, 1e-4], "minimum"),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("f", "given", "x", "kind"), KINDS)
def test_the_kind_of_a_point(f: str, given: dict, x: list, kind: str, form: str) -> None:
    found = certificate(program(f, **given, form=form), np.array(x, float))
    assert found.kind in kind.split("|")
    assert found.sentence.endswith(".")
    assert repr(found).startswith("<Certificate")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("f", ["abs(x)", "abs(x)+x/2", "max(x, -2*x)", "x^2+abs(x)*0.5"])
def test_a_kink_is_no_minimum_by_curvature(f: str, form: str) -> None:
    found = certificate(program(f, form=form), np.array([0.0]))
    assert found.kind in ("flat", "not-stationary")
    assert any(finding.name == "kink" for finding in found.findings)


def test_a_jump_of_the_curvature_is_seen() -> None:
    found = certificate(program("x*abs(x) + 0*x"), np.array([0.0]))
    assert found.kind in ("saddle", "flat")
    bent = program("where(x > 0, x^2, -x^2)")
    for x in (0.0, 1e-12, -1e-12):
        assert certificate(bent, np.array([x])).kind != "minimum"


def test_an_escape_leads_to_a_lower_feasible_point() -> None:
    for f, given, x in [
        ("x*y", {"equal": "x^2+y^2-1"}, [HALF, HALF]), ("x^3", {}, [0.0]),
        ("x^2-y^2", {"bounds": (0, 1)}, [0, 0]), ("-y", {"at_most": "y-x^2"}, [0, 0]),
    ]:  # fmt: skip
        p = program(f, **given)
        x = np.array(x, float)
        step = certificate(p, x).escape
        assert step is not None
        there, c = p.values(x + step)
        assert there < p.values(x)[0]
        assert p.violation(x + step, c) <= 1e-9


# below, jump: the value falls by it where x + y or x - y passes 0
@pytest.mark.every(4)
@pytest.mark.parametrize("below", [0.0, 1e-10, 1e-7])
@pytest.mark.parametrize("jump", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("form", FORMS)
def test_a_value_that_jumps_beside_the_point_is_seen(jump: float, below: float, form: str) -> None:
    for line in ("x+y", "x-y", "x", "-y"):
        down = program(f"x^2+y^2 - where({line} > {below}, {jump}, 0)", form=form)
        found = certificate(down, np.zeros(2))
        assert found.kind == "saddle" and found.escape is not None
        assert down.values(found.escape)[0] < down.values(np.zeros(2))[0] - 0.9 * jump
        up = program(f"x^2+y^2 + where({line} > {below}, {jump}, 0)", form=form)
        for it in (found, certificate(up, np.zeros(2))):
            assert it.kind != "minimum" and "jump" in [f.name for f in it.findings]


STEEP = ["tanh(1e6*x)^2+y^2", "(1e8+x^2)-1e8+y^2", "x^2+y^2+1e6", "-exp(-(1e5*x)^2)+y^2"]


@pytest.mark.parametrize("f", STEEP)
def test_what_is_steep_or_rounded_does_not_jump(f: str) -> None:
    found = certificate(program(f), np.array([0.0, 0.0]))
    assert "jump" not in [finding.name for finding in found.findings]


# ---- multipliers ----


@pytest.mark.parametrize("form", FORMS)
def test_multipliers_of_hs71_as_published(form: str) -> None:
    p = program(
        "a*d*(a+b+c) + c", equal="a^2+b^2+c^2+d^2-40", at_most="25-a*b*c*d", bounds=(1, 5),
        form=form,
    )  # fmt: skip
    x, y = polish(p, np.array([1.0, 4.743, 3.8211, 1.3794]))
    found = certificate(p, x, y)
    assert found.kind == "minimum"
    assert found.value == pytest.approx(17.0140173, abs=5e-8)
    np.testing.assert_allclose(found.y, [0.1614686, 0.5522937], atol=5e-8)
    np.testing.assert_allclose(found.z_lower, [1.0878712, 0, 0, 0], atol=5e-8)
    assert found.kkt <= 1e-10 and found.inertia == (1, 0, 0)
    assert found.independent and found.strict and x[0] == 1.0


@pytest.mark.parametrize("form", FORMS)
def test_duals_of_a_linear_program_by_hand(form: str) -> None:
    # max 3a + 5b, a <= 4, 2b <= 12, 3a + 2b <= 18: at (2, 6), duals 0, 3/2, 1 (Wyndor Glass).
    p = program("-3*a-5*b", at_most=["a-4", "2*b-12", "3*a+2*b-18"], bounds=(0, np.inf), form=form)
    found = certificate(p, np.array([2.0, 6.0]))
    np.testing.assert_allclose(found.y, [0, 1.5, 1], atol=1e-12)
    assert found.kind == "minimum" and found.active.tolist() == [False, True, True]
    assert found.inertia == (0, 0, 0)


def test_equality_quadratics_by_exact_fractions() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        n, m = 5, 2
        b = rng.integers(-3, 4, (n, n))
        h, a = b @ b.T + np.eye(n, dtype=int), rng.integers(-4, 5, (m, n))
        g, right = rng.integers(-9, 10, n), rng.integers(-9, 10, m)
        matrix = np.block([[h, a.T], [a, np.zeros((m, m), int)]])
        exact = _solved(matrix, np.concatenate([-g, right]))
        if exact is None:
            continue
        p = quadratic(h.astype(float), g, a.astype(float), right, equations=m)
        x = np.array([float(v) for v in exact[:n]])
        found = certificate(p, x + rng.uniform(-1, 1, n) * 1e-9)
        assert found.kind == "minimum"
        for value, error, true in zip(found.y, found.multiplier_errors, exact[n:], strict=True):
            assert abs(Fraction(float(value)) - true) <= Fraction(float(error)) + Fraction(1e-30)
        moved, y = polish(p, x + 1e-6)
        again = certificate(p, moved, y)
        assert again.kkt <= 1e-10
        for value, error, true in zip(moved, again.errors, exact[:n], strict=True):
            assert abs(Fraction(float(value)) - true) <= Fraction(float(error))


def _solved(matrix: np.ndarray, right: np.ndarray) -> list[Fraction] | None:
    """Gauss and Jordan in fractions."""
    rows = [
        [Fraction(int(v)) for v in (*row, r)] for row, r in zip(matrix, right, strict=True)
    ]  # fmt: skip
    for k in range(len(rows)):
        pivot = next((i for i in range(k, len(rows)) if rows[i][k] != 0), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [v / rows[k][k] for v in rows[k]]
        for i in range(len(rows)):
            if i != k and rows[i][k] != 0:
                rows[i] = [v - rows[i][k] * w for v, w in zip(rows[i], rows[k], strict=True)]
    return [row[-1] for row in rows]


def test_a_hint_is_used_only_where_it_is_no_worse() -> None:
    p = program("x+y", at_most=["-x", "-y", "-x-y"])
    good = certificate(p, np.zeros(2), np.array([1.0, 1.0, 0.0]))
    np.testing.assert_array_equal(good.y, [1, 1, 0])
    bad = certificate(p, np.zeros(2), np.array([-5.0, 1.0, 7.0]))
    assert bad.kkt <= 1e-12


# ---- never a false minimum ----


def _made(rng: np.random.Generator, kind: str) -> tuple[NonlinearProgram, np.ndarray, np.ndarray]:
    """A quadratic program with a known solution and multipliers, some of them zero."""
    n, m = int(rng.integers(2, 9)), int(rng.integers(0, 7))
    b = rng.standard_normal((n, n))
    h = b @ b.T + 0.1 * np.eye(n) if kind == "convex" else b + b.T
    a, x = rng.standard_normal((m, n)), rng.standard_normal(n)
    equations = int(rng.integers(0, min(m, n - 1) + 1)) if m else 0
    active = rng.random(m) < 0.4
    active[:equations] = True
    active[np.cumsum(active) > n - 1] = False
    y = np.where(active, rng.uniform(0.5, 2, m), 0.0)
    right = a @ x + np.where(active, 0.0, rng.uniform(0.1, 1, m))
    return quadratic(h, -h @ x - a.T @ y, a, right, equations=equations), x, y


def test_solutions_of_random_convex_programs_are_recognized() -> None:
    rng = np.random.default_rng(1)
    for _ in range(25):
        p, x, y = _made(rng, "convex")
        moved, hint = polish(p, x + 1e-5 * rng.standard_normal(x.size))
        found = certificate(p, moved, hint)
        assert found.kind == "minimum" and found.kkt <= 1e-10
        np.testing.assert_allclose(found.y, y, atol=1e-8 + found.multiplier_errors.max(initial=0))
        # x and y are themselves rounded, so that their own errors count as well.
        assert (np.abs(moved - x) <= found.errors + 1e-12).all()
        sparse = NonlinearProgram(
            Wrapped(p.functions, "sparse"), p.lower, p.upper, p.equality, p.names,
            p.constraint_names,
        )  # fmt: skip
        other = certificate(sparse, moved, hint)
        assert other.kind == "minimum" and other.inertia == found.inertia
        assert other.active.tolist() == found.active.tolist()
        np.testing.assert_allclose(other.y, found.y, atol=1e-9)
        again, _ = polish(sparse, x + 1e-5)
        np.testing.assert_allclose(again, x, atol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_points_with_lower_ones_beside_them_are_no_minima(seed: int) -> None:
    """All first-order points of box-constrained quadratics, by enumeration of the faces."""
    rng = np.random.default_rng(seed)
    n = 3
    minima = saddles = 0
    for _ in range(12):
        b = rng.standard_normal((n, n))
        h, g = b + b.T, rng.standard_normal(n)
        p = quadratic(h, g, bounds=(-1, 1))
        for face in product((-1.0, 0.0, 1.0), repeat=n):
            x = _stationary(h, g, np.array(face))
            if x is None:
                continue
            found = certificate(p, x)
            if _lower_nearby(h, g, x):
                assert found.kind in ("saddle", "maximum"), (seed, x)
                saddles += 1
            else:
                assert found.kind == "minimum"
                minima += 1
    assert minima > 5 and saddles > 5


def _stationary(h: np.ndarray, g: np.ndarray, face: np.ndarray) -> np.ndarray | None:
    """The first-order point of a face of [-1, 1]^n: 0 is free."""
    free = face == 0.0
    x = face.copy()
    if free.any():
        right = -(g + h @ x)[free]
        x[free] = np.linalg.solve(h[np.ix_(free, free)], right)
        if np.abs(x[free]).max() >= 0.99:
            return None
    slope = g + h @ x
    return x if (slope[~free] * face[~free] < -1e-3).all() else None


def _lower_nearby(h: np.ndarray, g: np.ndarray, x: np.ndarray) -> bool:
    rng = np.random.default_rng(0)
    steps = 1e-3 * rng.standard_normal((4000, x.size))
    steps = np.clip(x + steps, -1, 1) - x
    slope = g + h @ x
    slope[np.abs(x) < 1] = 0.0
    change = steps @ slope + 0.5 * np.einsum("ki,ij,kj->k", steps, h, steps)
    return bool((change < -1e-14).any())


SOLVED = [
    ("100*(y-x^2)^2 + (1-x)^2", {}, [1, 1]),
    ("x*y", {"equal": "x^2+y^2-1"}, [HALF, -HALF]),
    ("exp(x)+exp(-x)+cosh(x-y)", {}, [0, 0]),
    ("-3*a-5*b", {"at_most": ["a-4", "2*b-12", "3*a+2*b-18"]}, [2, 6]),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("f", "given", "x"), SOLVED)
def test_points_beside_a_solution_are_no_minima(f: str, given: dict, x: list, form: str) -> None:
    p = program(f, **given, form=form)
    assert certificate(p, np.array(x, float)).kind == "minimum"
    rng = np.random.default_rng(2)
    for size in (1e-2, 1e-3, 1e-4, 1e-5):
        for _ in range(4):
            moved = np.array(x) + size * rng.choice([-1, 1], len(x)) * rng.uniform(0.5, 1, len(x))
            assert certificate(p, moved).kind in ("not-stationary", "infeasible")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("f", "given", "x"), SOLVED)
def test_errors_cover_the_distance(f: str, given: dict, x: list, form: str) -> None:
    p, exact = program(f, **given, form=form), np.array(x, float)
    rng = np.random.default_rng(3)
    for size in (0.0, 1e-9, 1e-12):
        near = exact + size * rng.uniform(-1, 1, exact.size)
        found = certificate(p, near)
        miss = np.abs(near - exact)
        assert (miss <= found.errors + 1e-15).all()
        assert found.errors.max() <= 1e3 * max(miss.max(), 1e-15)


# ---- dependence, weakness, names ----


def test_a_minimal_dependent_set_is_named() -> None:
    p = program("x^2+y^2+z", equal={"plane": "x+y", "twice": "2*x+2*y", "other": "z-x"})
    found = certificate(p, np.zeros(3))
    assert found.independent is False and set(found.dependent) == {"plane", "twice"}
    large = [f for f in found.findings if f.name == "dependent-constraints"]
    assert large and set(large[0].params) == {"plane", "twice"}
    assert np.isinf(found.multiplier_errors[:2]).all() and np.isfinite(found.multiplier_errors[2])


@pytest.mark.parametrize("form", FORMS)
def test_bounds_take_part_in_dependence(form: str) -> None:
    p = program("x+y", at_most={"sum": "-x-y"}, bounds=(0, 1), form=form)
    found = certificate(p, np.zeros(2))
    assert found.independent is False
    assert set(found.dependent) == {"sum", "the bound of x", "the bound of y"}


def test_weakly_active_constraints_are_named() -> None:
    found = certificate(program("x^2+y^2", at_most={"half": "-x"}, bounds=(-1, 1)), np.zeros(2))
    assert found.kind == "minimum" and not found.strict and found.weak == ("half",)
    assert found.inertia == (2, 0, 0)


def test_what_is_wrong_is_named() -> None:
    violated = certificate(program("x", equal={"circle": "x^2+1"}), np.zeros(1))
    assert "circle is violated by 1" in violated.sentence
    undefined = certificate(program("x", at_most={"root": "sqrt(x)-1"}), np.array([-1.0]))
    assert undefined.kind == "undefined" and undefined.sentence.startswith("root")
    assert certificate(program("x^2"), np.array([np.nan])).kind == "undefined"
    steep = certificate(program("x^2+y^2"), np.array([0.0, 1.0]))
    assert "most by y" in steep.sentence and steep.kkt == 1.0


# ---- polish ----


@pytest.mark.parametrize("form", FORMS)
def test_polish_reaches_the_last_digits(form: str) -> None:
    p = program(
        "a*d*(a+b+c) + c", equal="a^2+b^2+c^2+d^2-40", at_most="25-a*b*c*d", bounds=(1, 5),
        form=form,
    )  # fmt: skip
    rng = np.random.default_rng(4)
    solution = np.array([1.0, 4.742999637, 3.821149979, 1.379408294])
    for _ in range(10):
        start = solution + 1e-4 * rng.uniform(-1, 1, 4)
        x, y = polish(p, start, np.array([0.1614, 0.552]))
        found = certificate(p, x, y)
        assert found.kkt <= 1e-10 and x[0] == 1.0
        np.testing.assert_allclose(x, solution, atol=1e-8)


def test_polish_keeps_a_point_that_it_cannot_improve() -> None:
    p = program("x^2+1/x", bounds=(-np.inf, 0))
    start = np.array([-1e-3])
    x, _ = polish(p, start)
    assert certificate(p, x).kkt <= certificate(p, start).kkt
    nowhere, _ = polish(program("log(x)"), np.array([-1.0]))
    assert nowhere[0] == -1.0


@pytest.mark.parametrize("h", [1e-9, 1e-6, 1e-3, 1.0])
def test_a_constraint_is_reached_in_small_units(h: float) -> None:
    """(x/h - 2)^2 with x <= h as a bound and as a constraint, from a little inside of it."""
    limited = quadratic(2 * np.eye(1) / h**2, [-4 / h], np.eye(1) / h, [1.0])
    bounded = quadratic(2 * np.eye(1) / h**2, [-4 / h], bounds=(-np.inf, h))
    for p in (limited, bounded):
        for gap in (1e-3, 1e-6, 1e-9, 1e-12):
            start = np.array([h * (1 - gap)])
            near = certificate(p, start)
            assert near.kind != "minimum" or h - start[0] <= near.errors[0]
            x, y = polish(p, start)
            assert x[0] == pytest.approx(h, rel=1e-13)
            assert certificate(p, x, y).kind == "minimum"


# ---- many variables ----


def _chain(n: int, curvature: float) -> NonlinearProgram:
    """A chain of n variables between bounds, its second differences and its pull to zero."""
    make: Any = diags_array
    side = -np.ones(n - 1)
    h = make([side, np.full(n, 2.0 + curvature), side], offsets=[-1, 0, 1]).tocsr()
    return quadratic(h, np.zeros(n), csr_array((0, n)), np.zeros(0), bounds=(-1, 1))


def test_many_variables() -> None:
    n = 20_000
    good = certificate(_chain(n, 0.1), np.zeros(n))
    assert good.kind == "minimum" and good.inertia == (n, 0, 0) and good.condition < 100
    # Curvatures are 2 + c - 2 cos(k pi / (n+1)); with c = -0.1 some hundreds are negative.
    bad = certificate(_chain(n, -0.1), np.zeros(n))
    values = 1.9 - 2 * np.cos(np.arange(1, n + 1) * np.pi / (n + 1))
    assert bad.kind == "saddle" and bad.inertia is not None
    assert bad.inertia[2] == int((values < 0).sum()) and bad.escape is not None


def test_products_only() -> None:
    for n, curvature, kind in [(40, 0.5, "minimum"), (40, -0.5, "saddle"),
                               (2000, 0.5, "minimum"), (2000, -0.5, "saddle")]:  # fmt: skip
        p = _chain(n, curvature)
        p.functions.form = "products"  # pyright: ignore[reportAttributeAccessIssue]
        assert certificate(p, np.zeros(n)).kind == kind


# ---- where the curvature vanishes ----

# Neither of them has a minimum at 0.
FALLING = ["{v}^3", "-{v}^4", "{v}^5", "exp({v})-1-{v}-{v}^2/2", "sin({v})-{v}", "-1e-6*{v}^2"]


@pytest.mark.every(3)
@pytest.mark.parametrize("form", ["dense", pytest.param("sparse", marks=pytest.mark.slow)])
@pytest.mark.parametrize("shape", FALLING)
def test_no_minimum_where_a_turned_function_falls(shape: str, form: str) -> None:
    """(a x + b y + s)^2 + shape(b x - a y + t): at its degenerate point and beside it."""
    rng = np.random.default_rng(6)
    for _ in range(2):
        a, b, s, t = np.round(rng.standard_normal(4) * [1, 1, 10, 10], 3)
        v = f"({b}*x - ({a})*y + ({t}))"
        p = program(f"({a}*x + ({b})*y + ({s}))^2 + {shape.format(v=v)}", form=form)
        matrix = np.array([[a, b], [b, -a]])
        x = np.linalg.solve(matrix, [-s, -t])
        along = np.linalg.solve(matrix, [0.0, 1.0])
        for size in (0.0, 1e-10, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2):
            for side in (-1.0, 1.0):
                point = x + side * size * along
                assert certificate(p, point).kind != "minimum", (shape, size)
                moved, hint = polish(p, point)
                assert certificate(p, moved, hint).kind != "minimum", (shape, size)
