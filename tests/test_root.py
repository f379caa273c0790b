"""`root`: one root, the kind of point it is, its proof, and every failure by its name."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from taylored.errors import ArgumentError, BoundsError, FormulaError
from taylored.optimize.roots.krawczyk import Enclosure, NoProof, enclosed_system, krawczyk
from taylored.optimize.roots.order import multiplicity, order_of
from taylored.optimize.roots.root import root
from taylored.optimize.roots.system import read_system
from taylored.results import Accuracy


def _names(found) -> set[str]:
    return {f.name for f in found.findings}


# ---- one unknown, against 50 digits ----

EXACT = {
    "x^3 - 2*x - 5": (2.0, lambda x: x**3 - 2 * x - 5),  # Wallis's own example
    "cos(x) - x": (0.5, lambda x: mpmath.cos(x) - x),
    "x*exp(x) - 1": (1.0, lambda x: x * mpmath.exp(x) - 1),
    "log(x) + x": (0.7, lambda x: mpmath.log(x) + x),
    "tan(x) - x - 1": (1.1, lambda x: mpmath.tan(x) - x - 1),
    "x^9 - 1e-3": (0.6, lambda x: x**9 - mpmath.mpf(1e-3)),
    "erf(x) - 0.5": (0.3, lambda x: mpmath.erf(x) - mpmath.mpf("0.5")),
    "1e-12*(x^2 - 3e24)": (1e12, lambda x: x**2 - mpmath.mpf(3e24)),
}


@pytest.mark.parametrize("formula", EXACT)
def test_proved_and_right_to_the_last_digits(formula):
    start, f = EXACT[formula]
    found = root(formula, start)
    with mpmath.workdps(50):
        exact = mpmath.findroot(f, mpmath.mpf(found.x))
        assert found.enclosure.lo <= exact <= found.enclosure.hi
        assert abs(exact - found.x) <= 4 * math.ulp(found.x)
        assert abs(exact - found.x) <= found.errors
    assert found.kind == "root" and found.usable and found.accuracy is Accuracy.PROVED
    assert found.digits > 14 and found.enclosure.width <= 1e-13 * abs(found.x)
    assert found.unique.lo < found.enclosure.lo and found.enclosure.hi < found.unique.hi


@pytest.mark.parametrize("formula", EXACT)
def test_brackets_reach_the_last_bit(formula):
    start, f = EXACT[formula]
    ends = (start / 2, 2 * start) if formula != "tan(x) - x - 1" else (0.5, 1.5)
    found = root(formula, bracket=ends)
    with mpmath.workdps(50):
        exact = mpmath.findroot(f, mpmath.mpf(found.x))
        assert abs(exact - found.x) <= 4 * math.ulp(found.x)
    assert found.accuracy is Accuracy.PROVED


def test_order_is_measured():
    assert root("x^3 - 2*x - 5", 2.0).order == pytest.approx(2.0, abs=0.1)
    assert root("atan(x)", 1.0).order == pytest.approx(3.0, abs=0.2)  # f'' is 0 at the root
    assert root(["x^2 + y^2 = 1", "x = y"], [1.0, 0.5]).order == pytest.approx(2.0, abs=0.2)


def test_the_path_is_kept():
    found = root("x^2 - 2", 1.0)
    assert found.path.x[:3, 0].tolist() == [1.0, 1.5, 1.5 - 0.25 / 3.0]
    assert found.path.values[0] == -1.0
    assert found.cost.iterations == len(found.path) - 1


# ---- failures of plain Newton, explained, and the root found all the same ----

EXPLAINED = [
    ("x^3 - 2*x + 2", 0.0, "cycle", float(mpmath.findroot(lambda x: x**3 - 2 * x + 2, -1.8))),
    ("atan(x)", 2.0, "divergence", 0.0),
    ("x^2 - 2", 0.0, "flat-slope", -math.sqrt(2)),
    ("log(x)", 3.0, "domain", 1.0),
    ("sqrt(x) - 0.1", 2.0, "domain", 0.01),
    ("(x - 1)*exp(-(x - 1)^2)", 2.5, "slow", 1.0),
    ("cbrt(x)", 1.0, "divergence", 0.0),
]


@pytest.mark.parametrize("formula, start, cause, exact", EXPLAINED)
def test_failures_are_explained_and_overcome(formula, start, cause, exact):
    found = root(formula, start)
    assert cause in _names(found)
    assert found.kind == "root" and found.x == pytest.approx(exact, abs=1e-12)
    assert found.accuracy is Accuracy.PROVED
    assert found.enclosure.lo <= exact + 1e-15 and exact - 1e-15 <= found.enclosure.hi


NO_ROOT = [
    ("x^2 + 1", 0.5), ("exp(-x)", 0.0), ("1/x", 1.0), ("sin(x) - 2", 0.0), ("exp(x)", 3.0),
    ("x^2 - 2*x + 1.0000001", 3.0), ("x^2 - 2*x + 1 + 1e-15", 3.0), ("x^2 + 1e-20", 1.0),
    ("1 + 1/(1 + x^2)", 2.0), ("log(x^2 + 1) + 1e-9", 1.0), ("cosh(x) - 0.999999", 5.0),
]  # fmt: skip


@pytest.mark.parametrize("formula, start", NO_ROOT)
def test_no_root_is_not_invented(formula, start):
    found = root(formula, start)
    assert found.kind == "none" and not found.usable
    assert found.accuracy is Accuracy.UNKNOWN and found.enclosure is None and found.digits is None
    assert "No root" in found.status
    assert any(f.severity == "error" and f.next_step for f in found.findings)


def test_where_f_is_least():
    found = root("x^2 + 1", 0.5)
    assert found.x == pytest.approx(0.0, abs=1e-7) and found.value == pytest.approx(1.0)


# ---- brackets ----


def test_a_pole_is_no_root():
    for formula, ends in (("1/x", (-1, 2)), ("tan(x)", (1, 2)), ("1/(x-0.3)^3 + x", (0, 1))):
        found = root(formula, bracket=ends)
        assert found.kind == "pole" and not found.usable, formula
    assert root("1/(x - 0.3)", bracket=(-5, 5)).x == pytest.approx(0.3)


def test_a_jump_is_no_root():
    found = root("sign(x - 0.3) - 0.5", bracket=(0, 1))
    assert found.kind == "jump" and found.x == pytest.approx(0.3)
    assert "jump" in found.status


STEEP = [
    ("atan(1e9*(x - 0.1))", (-1, 1), 0.1), ("exp(x) - 1e300", (0, 700), 300 * math.log(10)),
    ("x^20 - 1", (0, 1000), 1.0), ("1e10*(x - 1)", (1 - 1e-12, 1 + 1e-11), 1.0),
    ("x - 1e-300", (-1, 1), 1e-300), ("sqrt(x) - 1e-5", (0, 10), 1e-10),
    ("x^2 - 1e-200", (0, 1), 1e-100), ("atan(x)", (-1e6, 10), 0.0),
    ("(x - 1)*exp(-(x - 1)^2)", (-9, 14), 1.0),
]  # fmt: skip


@pytest.mark.parametrize("formula, ends, exact", STEEP)
def test_a_bracket_cannot_diverge(formula, ends, exact):
    found = root(formula, bracket=ends)
    assert found.kind == "root"
    assert found.x == pytest.approx(exact, rel=1e-14, abs=1e-305)


def test_same_signs_are_refused_with_the_way_out():
    with pytest.raises(BoundsError, match="same sign") as caught:
        root("(x-1)*(x-2)", bracket=(0, 3))
    assert "bracket=(" in caught.value.next_step and "f(0) = 2" in str(caught.value)
    with pytest.raises(BoundsError) as caught:
        root("x^2 - 2*x + 1", bracket=(0, 3))
    assert "touch zero" in caught.value.next_step


@pytest.mark.parametrize("ends", [(0, math.inf), (math.nan, 1), (1, 1), 3, (1, 2, 3), "ab"])
def test_brackets_that_are_none(ends):
    with pytest.raises(BoundsError):
        root("x - 1", bracket=ends)


def test_undefined_at_an_end_or_inside():
    with pytest.raises(BoundsError, match="not defined at x = -1"):
        root("log(x)", bracket=(-1, 3))
    found = root("x - 0.4 + 0*sqrt((x - 0.3)*(x - 0.5))", bracket=(0.1, 0.62))
    assert found.kind == "undefined" and "undefined" in _names(found)
    assert 0.3 < found.x < 0.5 and not found.usable


# ---- multiple roots ----


@pytest.mark.parametrize(
    "formula, start, exact, order",
    [("(x - 1)^2", 3.0, 1.0, 2), ("x^2 - 2*x + 1", 3.0, 1.0, 2), ("(x^2 - 2)^2", 3.0, 2**0.5, 2),
     ("x^3 - 3*x^2 + 3*x - 1", 3.0, 1.0, 3), ("(x - 2)^5", 7.0, 2.0, 5),
     ("1 - cos(x - 1)", 2.0, 1.0, 2)],
)  # fmt: skip
def test_multiplicity_is_seen_and_limits_the_accuracy(formula, start, exact, order):
    found = root(formula, start)
    assert found.multiplicity == order and "multiple-root" in _names(found)
    assert abs(found.x - exact) <= found.errors
    assert found.cost.iterations < 40  # plain Newton takes 50 and more
    rational = "cos" not in formula and float(exact).is_integer()
    if rational and found.x == exact:  # only a value that is exactly 0 proves anything
        assert found.accuracy is Accuracy.PROVED and found.errors == 0.0
        assert "exact" in found.status
    elif order == 2:
        assert found.accuracy is Accuracy.ESTIMATED and found.enclosure is None
        assert "estimated to" in found.status and "proved" not in found.status


def test_an_estimate_that_holds_for_an_ill_conditioned_polynomial():
    """Near a triple root rounding alone moves the root by 1e-5: no more digits are claimed."""
    found = root("x^3 - 3*x^2 + 3*x - 1", 3.0)
    assert found.digits < 6


# ---- systems ----


def test_system_in_the_form_of_the_start():
    found = root(["x^2 + y^2 = 1", "x = y"], {"x": 1.0, "y": 0.5})
    assert found.x == {"x": pytest.approx(math.sqrt(0.5)), "y": pytest.approx(math.sqrt(0.5))}
    assert math.sqrt(0.5) in found.enclosure["x"] and found.names == ("x", "y")
    array = root(["x^2 + y^2 = 1", "x = y"], [1.0, 0.5])
    assert array.x.shape == (2,) and array.enclosure.lo.shape == (2,)


def test_functions_and_trees():
    import jax.numpy as jnp

    tree = root(lambda p: {"u": p["a"] ** 2 - p["b"], "v": p["b"] - 2.0},
                {"a": 1.0, "b": np.array([3.0])})  # fmt: skip
    assert tree.x["a"] == pytest.approx(math.sqrt(2)) and tree.x["b"].shape == (1,)
    assert tree.accuracy is Accuracy.PROVED and isinstance(tree.enclosure, dict)
    pair = root(lambda x, y: [x * y - 1, np.exp(x) - y], (1.0, 1.0))
    assert pair.x[0] == pytest.approx(float(mpmath.lambertw(1)))
    assert root([lambda x: x**2 - 2], 1.0).x == pytest.approx(math.sqrt(2))
    array = root(lambda x: x**3 - jnp.arange(1.0, 4.0), np.ones(3))
    assert np.allclose(array.x, np.cbrt([1, 2, 3]), atol=1e-15)


MORE = {
    "Rosenbrock": (["10*(y - x^2)", "1 - x"], [-1.2, 1]),
    "Powell badly scaled": (["1e4*x*y - 1", "exp(-x) + exp(-y) - 1.0001"], [0, 1]),
    "Wood": (
        ["-200*a*(b-a^2)-(1-a)", "200*(b-a^2)+20*(b-1)+19.8*(d-1)",
         "-180*c*(d-c^2)-(1-c)", "180*(d-c^2)+20.2*(d-1)+19.8*(b-1)"], [-3, -1, -3, -1],
    ),
    "Freudenstein and Roth": (["-13+x+((5-y)*y-2)*y", "-29+x+((y+1)*y-14)*y"], [0.5, -2]),
    "Boggs": (["x^2 - y + 1", "x - cos(pi*y/2)"], [1, 0]),
    "circle and exponential": (["x^2 + y^2 - 1", "exp(x) - y"], [3, -2]),
}  # fmt: skip


def _arrays():
    """More, Garbow and Hillstrom (1981), the systems that have any number of unknowns."""
    import jax.numpy as jnp

    def padded(x):
        return jnp.concatenate([jnp.zeros(1), x, jnp.zeros(1)])

    def tridiagonal(x):
        y = padded(x)
        return (3 - 2 * x) * x - y[:-2] - 2 * y[2:] + 1

    def banded(x):
        i = np.arange(len(x))
        near = (i[:, None] - 5 <= i) & (i <= i[:, None] + 1) & (i[:, None] != i)
        return x * (2 + 5 * x * x) + 1 - near.astype(float) @ (x * (1 + x))

    def boundary(x):
        h = 1 / (len(x) + 1)
        t, y = np.arange(1, len(x) + 1) * h, padded(x)
        return 2 * x - y[:-2] - y[2:] + h * h * (x + t + 1) ** 3 / 2

    def trigonometric(x):
        i, c = np.arange(1, len(x) + 1), jnp.cos(x)
        return len(x) - jnp.sum(c) + i * (1 - c) - jnp.sin(x)

    def brown(x):
        return jnp.concatenate([x[:-1] + jnp.sum(x) - len(x) - 1, jnp.prod(x)[None] - 1])

    t = np.arange(1, 11) / 11
    return [(tridiagonal, -np.ones(10)), (banded, -np.ones(10)), (boundary, t * (t - 1)),
            (trigonometric, np.ones(10) / 10), (brown, np.ones(10) / 2)]  # fmt: skip


@pytest.mark.parametrize("factor", [1.0, 10.0, 100.0])
def test_square_systems_are_solved_and_proved(factor):
    """Also from starts 10 and 100 times as far away, as in the collection."""
    systems = [*MORE.values(), *_arrays()]
    solved = proved = 0
    for f, start in systems:
        found = root(f, factor * np.asarray(start, float))
        good = found.kind == "root" and np.abs(found.residual).max() < 1e-9
        solved += good
        proved += good and found.accuracy is Accuracy.PROVED
        if found.accuracy is Accuracy.PROVED:
            assert np.all(found.known.low <= found.point + 1e-12 * (1 + abs(found.point)))
    assert solved >= 0.95 * len(systems)
    assert proved >= 0.8 * solved


def test_powell_singular_is_not_proved_and_not_overrated():
    f = ["a + 10*b", "sqrt(5)*(c - d)", "(b - 2*c)^2", "sqrt(10)*(a - d)^2"]
    found = root(f, [3, -1, 0, 1])
    assert found.kind == "root" and found.accuracy is Accuracy.ESTIMATED
    assert np.all(np.abs(found.x) <= found.errors + 1e-300) and "singular-root" in _names(found)


def test_a_system_without_a_root():
    found = root(["x^2 + y^2 + 1", "x - y"], [2, 1])
    assert found.kind == "none" and "no-root" in _names(found)
    near = root(["x^2 + y^2 + 1e-9", "x - y"], [2, 1])
    assert near.kind == "none"


def test_more_equations_than_unknowns():
    fits = root(["x^2 + y^2 = 1", "x = y", "x*y = 0.5"], [1, 0.5])
    assert fits.kind == "root" and fits.x == pytest.approx([math.sqrt(0.5)] * 2)
    line = root(["a + b - 1", "a + 2*b - 3", "a + 3*b - 2"], [0, 0])  # slope 1/2, by hand
    assert line.kind == "least-squares" and line.usable
    assert line.x == pytest.approx([1.0, 0.5], abs=1e-12)
    assert "No root" in line.status and line.accuracy is Accuracy.ESTIMATED


def test_fewer_equations_than_unknowns_give_the_nearest_point():
    found = root(["x^2 + y^2 = 1"], [3, 4])
    assert found.kind == "root" and found.x == pytest.approx([0.6, 0.8], abs=1e-10)
    line = root(["x + y + z = 3"], [0, 0, 6])
    assert line.x == pytest.approx([-1, -1, 5], abs=1e-12)
    assert "free" in _names(found) and found.accuracy is Accuracy.PROVED


@pytest.mark.slow
def test_large_sparse_systems():
    import jax.numpy as jnp

    def tridiagonal(x):
        y = jnp.concatenate([jnp.zeros(1), x, jnp.zeros(1)])
        return (3 - 2 * x) * x - y[:-2] - 2 * y[2:] + 1

    found = root(tridiagonal, -np.ones(100_000))
    assert found.kind == "root" and np.abs(found.value).max() < 1e-13
    assert found.cost.iterations < 15 and found.accuracy is Accuracy.ESTIMATED
    small = root(tridiagonal, -np.ones(100))
    assert small.accuracy is Accuracy.PROVED
    assert np.allclose(found.x[:50], small.x[:50], atol=1e-12)


# ---- limits and bad input ----


def test_limits_callback_and_interrupt():
    assert "stopped" in _names(root("x^2 - 2", 1.0, max_iterations=2))
    assert "stopped" in _names(root("x^2 - 2", 1.0, callback=lambda i: i.number == 1))

    def interrupt(iterate):
        if iterate.number == 3:
            raise KeyboardInterrupt

    found = root(["x^2 + y^2 = 1", "x = y"], [9.0, 0.5], callback=interrupt)
    assert found.kind == "none" and len(found.path) == 4
    seen = []
    root("x^2 - 2", 1.0, callback=seen.append)
    assert [i.number for i in seen] == list(range(len(seen)))


def test_nothing_to_start_from():
    with pytest.raises(ArgumentError, match="start nor a bracket"):
        root("x^2 - 2")
    for bad in (math.nan, math.inf):
        with pytest.raises(ArgumentError):
            root("x^2 - 2", bad)
    with pytest.raises(ArgumentError):
        root(3, 1.0)
    with pytest.raises(ArgumentError):
        root("x", 1.0, tol=-1)
    with pytest.raises(FormulaError):
        root("x < 1", 1.0)
    with pytest.raises((ArgumentError, BoundsError)):
        root(["x - y", "x"], bracket=(0, 1))


def test_undefined_at_the_start():
    found = root(["log(x) - y", "x + y"], [-1, 1])
    assert found.kind == "none" and "undefined-start" in _names(found)
    assert "log(x) - y" in found.status
    single = root("log(x)", -3.0)  # and yet found, by looking around
    assert single.kind == "root" and single.x == pytest.approx(1.0)


# ---- the proof itself ----


def test_krawczyk_encloses_random_linear_systems():
    """A x = b with entries of few bits: the exact solution by mpmath lies in the enclosure."""
    rng = np.random.default_rng(2)
    for n in (1, 2, 4, 7):
        a = rng.integers(-64, 65, (n, n)) / 16.0 + 5 * np.eye(n)
        b = rng.integers(-64, 65, n) / 16.0
        names = [f"x{k}" for k in range(n)]
        rows = [" + ".join(f"({a[i, j]})*{names[j]}" for j in range(n)) for i in range(n)]
        system, _ = read_system([f"{r} = {b[i]}" for i, r in enumerate(rows)], [0.0] * n)
        found = krawczyk(enclosed_system(system.box), np.linalg.solve(a, b) + 1e-3)
        assert isinstance(found, Enclosure)
        with mpmath.workdps(60):
            exact = mpmath.lu_solve(mpmath.matrix(a.tolist()), mpmath.matrix(b.tolist()))
            names_at = [system.names.index(name) for name in names]
            for value, k in zip(exact, names_at, strict=True):
                assert found.low[k] <= value <= found.high[k]


def test_krawczyk_proves_nothing_false():
    for formulas, x in (
        (["x^2"], [1e-9]), (["x^2 + 1e-30"], [0.0]), (["(x-1)^2*(x-2)"], [1.0]),
        (["x*y", "x + y"], [0.0, 0.0]), (["abs(x) + 1e-9"], [0.0]), (["floor(x) - 0.5"], [1.0]),
    ):  # fmt: skip
        system, point = read_system(formulas, x)
        assert isinstance(krawczyk(enclosed_system(system.box), point), NoProof), formulas


def test_the_unique_box_holds_no_other_root():
    """sin has roots at all k*pi: the region around one must not reach the next."""
    system, point = read_system("sin(x)", 0.0)
    found = krawczyk(enclosed_system(system.box), point)
    assert isinstance(found, Enclosure)
    assert 1.0 < found.unique_high[0] < math.pi and -math.pi < found.unique_low[0] < -1.0


def test_order_and_multiplicity_of_made_sequences():
    errors = np.array([0.1 ** (2.0**k) for k in range(1, 4)])
    assert order_of(np.r_[1 + errors][:, None], np.ones(1)) == pytest.approx(2.0, abs=1e-6)
    halves = 0.5 ** np.arange(8)
    assert order_of(halves[:, None], np.zeros(1)) == pytest.approx(1.0)
    assert multiplicity((2 / 3) ** np.arange(6)) == 3
    assert multiplicity([1.0, 0.1, 0.001]) is None
    assert multiplicity([1.0, 0.2, 0.9, 0.1, 0.5]) is None


# ---- words and forms ----


def test_words_of_marching_and_of_exact_roots():
    slow = next(f for f in root("exp(-x)", 1.0).findings if f.name == "slow")
    assert "toward ever larger x" in slow.message and "wanders" not in slow.message
    exact = root("(x - 1)^2", 3.0)
    assert exact.status == "A root at x = 1, proved to be exact."
    assert exact.enclosure.lo == exact.enclosure.hi == 1.0 and exact.digits == 15.95


@pytest.mark.parametrize(
    "formula, x, zero",
    [("(x - 1)^2", 1.0, True), ("(x - 0.5)^3/x", 0.5, True), ("x*3 - 1", 1 / 3, False),
     ("(x - 0.1)^2 + 1e-300", 0.1, False), ("x^2 - 2*x + 1", 1.0 + 2.0**-52, False),
     ("cos(x) - 1", 0.0, None), ("x^0.5 - 2", 4.0, None), ("1/x", 0.0, None)],
)  # fmt: skip
def test_rational_formulas_without_rounding(formula, x, zero):
    from taylored.optimize.roots.exact import exact_values

    system, point = read_system(formula, x)
    values = exact_values(system.program, system.shapes, point)
    assert values is None if zero is None else (values == [0]) == zero


def test_next_steps_after_a_period_begin_with_a_capital():
    for found in (root("x^2 + 1", 0.5), root("(x^2 - 2)^2", 3.0), root("exp(-x)", 1.0),
                  root("1/x", bracket=(-1, 2)), root(["log(x) - y", "x + y"], [-1, 1]),
                  ):  # fmt: skip
        for note in found.findings:
            step = note.next_step
            assert not step or step[0].isupper() or step.startswith("ty."), step


def test_results_in_the_form_of_the_start():
    named = root(["x^2 + y^2 = 1", "x = y"], {"x": 1.0, "y": 0.5})
    assert set(named.errors) == set(named.digits) == {"x", "y"}
    array = root(["x^2 + y^2 = 1", "x = y"], [1.0, 0.5])
    assert array.errors.shape == array.digits.shape == array.point.shape == (2,)
    assert np.all(array.errors >= np.maximum(array.enclosure.hi - array.x, 0))
    number = root("x^2 - 2", 1.0)
    assert isinstance(number.errors, float) and isinstance(number.digits, float)
    assert number.cost.setup_seconds > 0 and number.cost.seconds > 0


def test_a_jump_that_is_small_beside_f():
    import jax.numpy as jnp

    jump = root(lambda x: jnp.where(x > 0.3, 1e-9, -1e-9) + 1e-3 * (x - 0.3), bracket=(0, 1))
    assert jump.kind == "jump"
    coarse = root("(x + 1e8) - 1e8 - 0.3", bracket=(0, 1))  # rounding alone makes it jump
    assert coarse.kind == "root" and coarse.x == pytest.approx(0.3, abs=1e-7)


def test_restarts_of_sparse_systems():
    """The steps stop in a local minimum of |F|; other starts are tried, as for small systems."""
    import jax.numpy as jnp

    def valley(x):  # of one unknown: a root at -2.10 and a local minimum of |F| at 1
        y = jnp.concatenate([x[1:], x[:1]])
        return x**3 / 3 - x + 1.2 + 0.01 * (y - x)

    for n in (100, 200):
        found = root(valley, np.full(n, 1.5))
        assert found.kind == "root" and "restarted" in _names(found), n
        assert np.abs(found.value).max() < 1e-12
