"""`roots`: every root of systems with known counts, and no claim of completeness that is false."""

from __future__ import annotations

import itertools
import math

import mpmath
import numpy as np
import pytest

from taylored.errors import ArgumentError, BoundsError
from taylored.optimize.roots.cells import Cells, CellTests
from taylored.optimize.roots.roots import roots
from taylored.optimize.roots.system import read_system
from taylored.results import Accuracy


def _points(found) -> np.ndarray:
    return np.array([np.atleast_1d(r.point) for r in found])


def _inside(found, exact, tolerance=1e-9) -> None:
    """Each enclosure holds one exact root, and each exact root lies in one enclosure."""
    exact = np.atleast_2d(np.asarray(exact, float))
    if exact.shape[0] == 1 and len(found) != 1:
        exact = exact.T
    assert len(found) == len(exact)
    for x in exact:
        off = np.abs(_points(found) - x).max(axis=1)
        k = int(np.argmin(off))
        assert off[k] < tolerance
        known = found[k].known
        slack = 1e-13 * (1.0 + np.abs(x))  # the exact roots are rounded themselves
        assert np.all(known.low - slack <= x) and np.all(x <= known.high + slack)


# ---- one unknown, roots in closed form ----

SCALARS = {
    "x^3 - 2*x - 5": ((-10, 10), [float(mpmath.findroot(lambda x: x**3 - 2 * x - 5, 2))]),
    "(x-1)*(x-2)*(x-3)*(x-4)*(x-5)": ((0, 6.1), [1, 2, 3, 4, 5]),
    "x^2 + 1": ((-5, 5), []),
    "sin(20*x)": ((0.01, 10), [k * math.pi / 20 for k in range(1, 64)]),
    "exp(x) - 1": ((-700, 300), [0]),
    "x^20 - 1": ((-3, 3.1), [-1, 1]),
    "abs(x) - 1": ((-3, 4), [-1, 1]),
    "log(x) - 1": ((-5, 5), [math.e]),
    "sqrt(x) - 0.5": ((-1, 9), [0.25]),
    "x^2 - 2*x + 1.0001": ((-5, 5), []),
    "sin(1/x)": ((0.01, 1), [1 / (k * math.pi) for k in range(31, 0, -1)]),
    "8*x^4 - 8*x^2 + 1": ((-1, 1), [math.cos((2 * k + 1) * math.pi / 8) for k in range(4)]),
    "acos(x) - 1": ((-2, 2), [math.cos(1.0)]),
}


@pytest.mark.parametrize("formula", SCALARS)
def test_one_unknown(formula):
    (low, high), exact = SCALARS[formula]
    found = roots(formula, low, high)
    assert found.complete and found.accuracy is Accuracy.PROVED
    if exact:
        _inside(found, np.array(exact)[:, None])
    else:
        assert len(found) == 0
    assert all(r.usable and r.accuracy is Accuracy.PROVED for r in found)


def test_wilkinson_polynomial():
    """Factors, so that the roots 1 .. 12 are exact."""
    formula = "*".join(f"(x - {k})" for k in range(1, 13))
    _inside(roots(formula, 0.5, 12.5), np.arange(1.0, 13.0)[:, None])


def test_hundreds_of_roots():
    found = roots("cos(60*x)", 0.0, 10.0)
    exact = [(2 * k + 1) * math.pi / 120 for k in range(191)]
    assert found.complete
    _inside(found, np.array(exact)[:, None])


# ---- systems with known counts ----

HIMMELBLAU = ["4*x^3 + 4*x*y - 42*x + 2*y^2 - 14", "4*y^3 + 2*x^2 + 4*x*y - 26*y - 22"]


def _broyden_banded(n):
    made = []
    for i in range(n):
        near = [j for j in range(max(0, i - 5), min(n - 1, i + 1) + 1) if j != i]
        total = " + ".join(f"x{j}*(1 + x{j})" for j in near)
        made.append(f"x{i}*(2 + 5*x{i}^2) + 1 - ({total})")
    return made


def _brown(n):
    total = " + ".join(f"x{j}" for j in range(n))
    return [f"x{i} + {total} - {n + 1}" for i in range(n - 1)] + [
        "*".join(f"x{j}" for j in range(n)) + " - 1"
    ]


def _bratu(n, strength):
    h = 1.0 / (n + 1)
    names = ["0", *(f"u{i}" for i in range(n)), "0"]
    return [
        f"{names[i - 1]} - 2*{names[i]} + {names[i + 1]} + {strength * h * h!r}*exp({names[i]})"
        for i in range(1, n + 1)
    ]


def _katsura():
    """Magnetism, four unknowns (Katsura 1990): 8 complex solutions, 2 of them not real."""
    return [
        "a + 2*b + 2*c + 2*d - 1",
        "a^2 + 2*b^2 + 2*c^2 + 2*d^2 - a",
        "2*a*b + 2*b*c + 2*c*d - b",
        "2*a*c + b^2 + 2*b*d - c",
    ]


# Counts by algebra, or from the literature; all of them met by Newton's method from 1500 starts.
SYSTEMS = {
    "two circles": (["x^2 + y^2 = 1", "(x - 1)^2 + y^2 = 1"], -3, 3.1, 2),
    "circle and hyperbola": (["x^2 + y^2 = 4", "x*y = 1"], -3, 3.1, 4),
    "circle and line that miss": (["x^2 + y^2 = 1", "x + y = 2"], -3, 3, 0),
    "four planes of a cube": (["x^2 - 1", "y^2 - 1", "z^2 - 1"], -2, 2.1, 8),
    "elementary symmetric": (
        ["x + y + z - 6", "x*y + y*z + z*x - 11", "x*y*z - 6"], -4, 8, 6
    ),
    "Himmelblau's gradient": (HIMMELBLAU, -5, 5, 9),
    "Rastrigin's gradient": (
        ["2*x + 20*pi*sin(2*pi*x)", "2*y + 20*pi*sin(2*pi*y)"], -1.2, 1.3, 25
    ),
    "Rosenbrock's residuals": (["10*(y - x^2)", "1 - x"], -10, 10, 1),
    "Powell badly scaled": (["1e4*x*y - 1", "exp(-x) + exp(-y) - 1.0001"], 0, 20, 2),
    "Freudenstein and Roth": (
        ["-13 + x + ((5 - y)*y - 2)*y", "-29 + x + ((y + 1)*y - 14)*y"], -100, 100, 1
    ),
    "Boggs": (["x^2 - y + 1", "x - cos(pi*y/2)"], -2, 3, 3),
    "Broyden banded": (_broyden_banded(5), -2, 2, 1),
    "Brown almost linear": (_brown(5), -10, 10, 3),
    "Bratu": (_bratu(4, 1.0), 0, 8, 2),
    "Bratu beyond its turning point": (_bratu(4, 5.0), 0, 8, 0),
    "Katsura": (_katsura(), -1, 1.1, 6),
    "two arms to a point": (
        ["cos(s) + cos(t) - 1", "sin(s) + sin(t) - 1"], -3, 3, 2
    ),
    "Rump's cubic and line": (["x^3 - y", "y - x"], -2, 2.1, 3),
}  # fmt: skip


@pytest.mark.every(4)
@pytest.mark.parametrize("name", SYSTEMS)
def test_known_counts(name):
    formulas, low, high, count = SYSTEMS[name]
    found = roots(formulas, low, high)
    assert found.complete, found.status
    assert len(found) == count
    assert found.accuracy is Accuracy.PROVED
    for root in found:
        assert np.abs(root.residual).max() < 1e-6 * (1 + np.abs(root.point).max())


def test_the_nine_points_of_himmelblau():
    """Four minima where both squares vanish: (3, 2) is exact."""
    found = roots(HIMMELBLAU, -5, 5)
    assert min(np.abs(_points(found) - [3, 2]).max(axis=1)) < 1e-12


def test_elementary_symmetric_roots_are_permutations():
    formulas, low, high, _ = SYSTEMS["elementary symmetric"]
    _inside(roots(formulas, low, high), list(itertools.permutations([1.0, 2.0, 3.0])))


def test_brown_almost_linear_has_the_known_root():
    found = roots(_brown(5), -10, 10)
    assert min(np.abs(_points(found) - 1.0).max(axis=1)) < 1e-12


def test_bratu_against_mpmath():
    """Of two inner points: the symmetric solutions have -u + h^2 exp(u) = 0, two others not."""
    formulas = _bratu(2, 1.0)
    found = roots(formulas, 0, 8)
    step = mpmath.mpf(float(formulas[0].split("+ ")[-1].split("*")[0]))
    assert found.complete and len(found) == 4
    for start in (0.1, 4.0):
        with mpmath.workdps(40):
            exact = mpmath.findroot(lambda u: -u + step * mpmath.exp(u), start)
        near = min(found, key=lambda r: abs(r.point - float(exact)).max())
        assert all(a <= exact <= b for a, b in zip(near.known.low, near.known.high, strict=True))


@pytest.mark.slow
def test_chemical_equilibrium_of_combustion():
    """Propane in air, five unknowns, one positive root (Meintjes and Morgan 1990, reduced)."""
    r = 10.0
    r5, r6, r7, r8 = 0.193, 0.002597 / math.sqrt(40), 0.003448 / math.sqrt(40), 0.00001799 / 40
    r9, r10 = 0.0002155 / math.sqrt(40), 0.00003846 / 40
    formulas = [
        "a*b + a - 3*e",
        f"2*a*b + a + b*c^2 + {r8!r}*b - {r}*e + 2*{r10!r}*b^2 + {r7!r}*b*c + {r9!r}*b*d",
        f"2*b*c^2 + 2*{r5!r}*c^2 - 8*e + {r6!r}*c + {r7!r}*b*c",
        f"{r9!r}*b*d + 2*d^2 - 4*{r}*e",
        f"a*(b + 1) + {r10!r}*b^2 + b*c^2 + {r8!r}*b + {r5!r}*c^2 + d^2 - 1 + {r6!r}*c"
        f" + {r7!r}*b*c + {r9!r}*b*d",
    ]
    found = roots(formulas, 1e-4, 100.0, max_seconds=60)
    assert found.complete and len(found) == 1


# ---- what cannot be decided is not claimed ----

DOUBTFUL = [
    ("(x - 1)^2", -3, 4),
    ("x^2 - 2*x + 1 + 1e-18", -3, 3.3),  # no root, by less than rounding
    ("x^2*(x - 2)", -1, 3),
    ("(x^2 - 1)/(x - 1)", -3, 2.9),  # 0/0 at 1
    ("floor(x) - 0.5", -3, 3),
    (["x^2 + y^2 = 1", "(x - 2)^2 + y^2 = 1"], -3, 3.1),  # circles that touch
    (["x*y", "x*y*(x + y)"], -1, 1.1),  # a whole cross of roots
]


@pytest.mark.every(3)
@pytest.mark.parametrize("formulas, low, high", DOUBTFUL, ids=str)
def test_no_false_claim_of_completeness(formulas, low, high):
    found = roots(formulas, low, high, max_boxes=3000, max_seconds=3)
    assert not found.complete
    assert found.undecided and found.findings
    assert "not known to be complete" in found.status


POLES = {
    "tan(x)": (-1, 5, [0.0, math.pi]),
    "1/x": (-1, 2, []),
    "1/(x - 1) + x": (-4, 5, []),
    "x/(x^2 - 1)": (-3, 3.1, [0.0]),
    "tan(x) - x": (1, 8, [float(mpmath.findroot(lambda x: mpmath.tan(x) - x, s))
                          for s in (4.49, 7.73)]),
    "x^(-3) - 8": (-2, 2.1, [0.5]),
    "(1/x - 2)*(1/(x + 1) - 3)/x": (-3, 3.2, [-2 / 3, 0.5]),
    "exp(x)/(x - 1)^2 - 40": (-2, 2, [float(mpmath.findroot(
        lambda x: mpmath.exp(x) - 40 * (x - 1) ** 2, s)) for s in (0.8, 1.3)]),
}  # fmt: skip


@pytest.mark.parametrize("formula", POLES)
def test_poles_leave_nothing_undecided(formula):
    low, high, exact = POLES[formula]
    found = roots(formula, low, high)
    assert found.complete, found.status
    assert [r.x for r in found] == pytest.approx(exact, abs=1e-9)


def test_words_for_one_root():
    one = roots("(x - 1)^2*(x - 3)", -2, 5)
    assert one.status.startswith("Found 1 root, proved; ")
    assert "Near x = 1 F is 0" in one.findings[0].message
    assert roots("x - 1.2", 0, 2).status == "The box holds exactly one root, proved, and no other."
    for note in one.findings:
        assert note.next_step[0].isupper()


def test_a_double_root_is_localized():
    found = roots("(x - 1)^2*(x - 3)", -2, 5)
    assert len(found) == 1 and found.x[0] == pytest.approx(3.0, abs=1e-12)
    (part,) = found.undecided
    assert part.low[0] <= 1.0 <= part.high[0] and part.high[0] - part.low[0] < 1e-5
    assert part.why == "touching" and part.near is not None
    (interval,) = found.undecided_boxes
    assert 1.0 in interval and interval.kind is Accuracy.UNKNOWN


def test_limits_are_told():
    found = roots("sin(1/x)", -0.01, 1.0, max_boxes=50)
    assert found.stopped == "boxes" and not found.complete
    assert any(f.name == "stopped" for f in found.findings)
    assert all(r.accuracy is Accuracy.PROVED for r in found)


def test_the_callback_stops():
    calls = []
    found = roots("sin(30*x)", 0.01, 9, callback=lambda state, left: calls.append(left) or True)
    assert len(calls) == 1 and found.stopped == "callback" and not found.complete


def test_ctrl_c_keeps_what_was_found():
    def interrupt(state, left):
        if state.roots:
            raise KeyboardInterrupt

    found = roots("sin(30*x)", 0.01, 9, callback=interrupt)
    assert found.stopped == "interrupted" and len(found) > 0 and not found.complete


# ---- the border ----


def test_roots_on_the_border_belong_to_the_box():
    found = roots("x^2 - 1", -1, 1)
    assert found.complete and found.x == [-1.0, 1.0]


def test_a_root_on_the_border_that_no_float_is():
    """pi is no float64: whether it is in [0, fl(pi)] is decided by which side fl(pi) is on."""
    found = roots("sin(x)", 1.0, math.pi)  # fl(pi) < pi: the root lies outside by 1e-16
    if found.complete:
        assert len(found) == 0
    else:
        assert found.border == (0,) and found.findings[0].name == "border"


@pytest.mark.parametrize("high, count", [(1.0, 0), (1.5, 1)])
def test_nothing_outside_the_box(high, count):
    found = roots("x - 1.2", 0, high)
    assert len(found) == count and found.complete


def test_partly_undefined():
    """Where a part has no value anywhere it is left out, and the rest is complete."""
    assert roots("log(x) + x", -5, 5).complete
    assert roots(["sqrt(x) - y", "x + y - 1"], -2, 2).complete


# ---- functions, forms, refusals ----


def test_functions_of_arrays_and_numbers():
    import jax.numpy as jnp

    def circle(x):
        return jnp.array([x[0] ** 2 + x[1] ** 2 - 4.0, x[0] * x[1] - 1.0])

    found = roots(circle, np.array([-3.0, -3.0]), np.array([3.0, 3.1]))
    assert len(found) == 4 and found.complete and found.x[0].shape == (2,)
    assert len(roots(lambda x: np.sin(3 * x), -1.2, 1.2)) == 3


def test_it_is_a_sequence_in_order():
    found = roots("sin(x)", -4, 4)
    assert [round(r.x, 6) for r in found] == [-3.141593, 0.0, 3.141593]
    assert found[1].x == found.x[1] and len(found[:2]) == 2
    for interval, exact in zip(found.enclosures, (-math.pi, 0.0, math.pi), strict=True):
        assert interval.lo <= exact + 1e-15 and interval.hi >= exact - 1e-15


def test_boxes_by_name():
    found = roots(["x*y = 1", "x = y"], {"x": 0, "y": 0}, {"y": 3, "x": 2})
    assert found.x == [{"x": 1.0, "y": 1.0}]
    assert 1.0 in found.enclosures[0]["x"]


@pytest.mark.parametrize("low, high", [(-math.inf, 1), (0, math.inf), (1, 0), (1, 1)])
def test_boxes_that_are_none(low, high):
    with pytest.raises(BoundsError):
        roots("x", low, high)


def test_systems_that_are_not_square():
    with pytest.raises(ArgumentError, match="1 equations in 2 unknowns"):
        roots(["x + y"], 0, 1)
    with pytest.raises(ArgumentError, match="2 equations in 1 unknowns"):
        roots(["x", "x - 1"], 0, 2)


@pytest.mark.parametrize(
    "options",
    [{"tol": 0}, {"max_boxes": 0}, {"max_seconds": -1}, {"callback": 3}, {"max_boxes": "9"}],
)
def test_limits_that_are_none(options):
    with pytest.raises(ArgumentError):
        roots("x", 0, 1, **options)


# ---- the tests on cells, against random points ----


def test_cutting_never_loses_a_root():
    """Cells around known roots, of all sizes and places: the root stays in what is left."""
    rng = np.random.default_rng(5)
    for formulas, exact in (
        (["x^2 + y^2 - 2", "x*y - 1"], [1.0, 1.0]),
        (["exp(x) - y", "y - 1 - x^2/2 - x"], [0.0, 1.0]),
        (["sqrt(x) - y", "x*y - 8"], [4.0, 2.0]),
    ):
        system, _ = read_system(formulas, exact)
        tests, x = CellTests(system), np.array(exact)
        below = rng.uniform(0, 1, (400, 2)) * 10.0 ** rng.uniform(-6, 1, (400, 1))
        above = rng.uniform(0, 1, (400, 2)) * 10.0 ** rng.uniform(-6, 1, (400, 1))
        look = tests.look(Cells(x - below, x + above))
        assert look.possible.all()
        assert np.all(look.cut.low <= x) and np.all(look.cut.high >= x)
