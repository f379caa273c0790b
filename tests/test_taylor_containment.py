"""Random Taylor polynomials against python-flint: what is called proved must hold, everywhere.

Five statements are judged at every point: f - T with the float64 coefficients taken exactly,
f - T(x) as computed, f - T with the exact coefficients, the pointwise enclosure, and the errors of
the coefficients.
"""

from typing import Any

import flint
import numpy as np
import pytest

from series_zoo import FORMULAS, Case
from taylored.errors import CenterError, EnclosureError
from taylored.results import Accuracy
from taylored.series.bounds import bounds
from taylored.series.taylor import taylor

ARB, SERIES = flint.arb, flint.arb_series


@pytest.fixture(autouse=True)
def _precision():
    with flint.ctx.workprec(400):
        cap = flint.ctx.cap
        yield
        flint.ctx.cap = cap


def _value(coefficients, step):
    total = ARB(0)
    for coefficient in reversed(coefficients):
        total = total * step + coefficient
    return total


def _meets(ball, low, high):
    """Whether an enclosure of the truth and an interval have a point in common."""
    return bool(ball.upper() >= ARB(float(low)) and ball.lower() <= ARB(float(high)))


def _points(rng, center, low, high):
    reach = np.where(rng.uniform(size=9) < 0.5, low - center, high - center)
    near = center + reach * 10 ** rng.uniform(-12, 0, 9)
    inside = rng.uniform(low, high, 31)
    return np.clip(np.concatenate([[low, high, center], near, inside]), low, high)


def _judge(case, T, center, box, rng):
    """Check one result at many points; how many points."""
    order = T.order
    flint.ctx.cap = order + 1
    series = case.true(SERIES([ARB(center), ARB(1)]))
    true = [series[k] for k in range(order + 1)]
    own = [ARB(v) for v in T.coefficients]
    what = f"{case} at {center!r} order {order} on {box!r}"
    for k in range(order + 1):
        far = abs(true[k] - own[k])
        assert not far > ARB(T.coefficient_errors[k]), f"{what}: coefficient {k}"
    points = _points(rng, center, *box)
    values, enclosed = T(points), T.enclose(points)
    for k, x in enumerate(points):
        at = ARB(float(x))
        step, truth = at - ARB(center), case.true(at)
        assert _meets(truth - _value(own, step), *T.remainder), f"{what}: polynomial at {x!r}"
        assert _meets(truth - ARB(float(values[k])), *T.remainder), f"{what}: T(x) at {x!r}"
        assert _meets(truth - _value(true, step), *T.truncation), f"{what}: exact at {x!r}"
        assert _meets(truth, enclosed.lo[k], enclosed.hi[k]), f"{what}: enclose at {x!r}"
    return len(points)


def _trials(seed, count, exact=False):
    """Random functions, centers, orders and radii; how many points were judged and refused."""
    rng = np.random.default_rng(seed)
    judged = refused = 0
    for number in range(count):
        case = FORMULAS[rng.integers(len(FORMULAS))]
        order, radius = int(rng.integers(0, 9)), float(10 ** rng.uniform(-7, 0))
        center = float(rng.uniform(case.lo, case.hi))
        if number % 11 == 0:
            center = float(np.round(center)) if number % 2 else -0.0
        if number % 13 == 0:  # hardly one float64 away
            radius = float(abs(np.spacing(center or 1e-300)) * rng.uniform(0.1, 3))
        box = (center - radius, center + radius)
        asked: dict[str, Any] = {"radius": radius}
        if number % 3 == 0:
            sides = radius * rng.choice([0, 1, 1e-3, 0.5], 2)
            if not sides.any():
                continue
            box = (center - float(sides[0]), center + float(sides[1]))
            asked = {"on": box}
            if box[0] == box[1]:
                continue
        try:
            T = taylor(case.formula, center, order, exact=exact, **asked)
        except CenterError:
            continue
        except EnclosureError:
            refused += 1
            continue
        assert T.accuracy is Accuracy.PROVED
        judged += _judge(case, T, center, box, rng)
    return judged, refused


def test_random_polynomials():
    judged, refused = _trials(0, 150)
    assert judged > 5_250
    assert refused < 15


def test_random_polynomials_in_balls():
    judged, _ = _trials(1, 25, exact=True)
    assert judged > 700


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 124))
def test_many_random_polynomials(seed):
    judged, _ = _trials(seed, 1000)
    assert judged > 38_000


# Where float64 ends, cancels or is coarse: (formula, true function, center, order, radius).
EDGES = [
    ("x", lambda x: x, 1e300, 0, 1e290),
    ("x", lambda x: x, 0.0, 5, 1e50),
    ("x^2+1", lambda x: x * x + 1, -0.0, 2, 1.0),
    ("x^3", lambda x: x * x * x, 0.3, 60, 1.0),
    ("1e-322*x^5", lambda x: ARB(1e-322) * x * x * x * x * x, 0.0, 5, 1e8),
    ("x*1e-310", lambda x: x * ARB(1e-310), 1.0, 1, 0.5),
    ("exp(x)", lambda x: x.exp(), 709.0, 2, 0.5),
    ("exp(x)", lambda x: x.exp(), -745.0, 3, 0.5),
    ("exp(x)", lambda x: x.exp(), -760.0, 2, 10.0),
    ("exp(x)", lambda x: x.exp(), 0.0, 30, 1e-5),
    ("exp(x)", lambda x: x.exp(), 0.0, 8, 600.0),
    ("sin(x)", lambda x: x.sin(), 1e-310, 2, 1e-3),
    ("sin(x)", lambda x: x.sin(), 0.0, 60, 1.0),
    ("sin(x)", lambda x: x.sin(), 0.0, 128, 3.0),
    ("sin(x)", lambda x: x.sin(), 1e17, 2, 1e-5),
    ("sin(x)", lambda x: x.sin(), 0.0, 7, 50.0),
    ("sin(100000*x)", lambda x: (100000 * x).sin(), 1e12 + 0.1, 2, 1e-5),
    ("1/x", lambda x: 1 / x, 1e-60, 2, 1e-62),
    ("1/x", lambda x: 1 / x, 1e-5, 3, 1e-12),
    ("1/x", lambda x: 1 / x, 1.0, 30, 0.5),
    ("sqrt(x)", lambda x: x.sqrt(), 1e-12, 4, 5e-13),
    ("log(x)", lambda x: x.log(), 5e-324 * 2**60, 0, 5e-324 * 2**58),
    ("(1e16+x)-1e16", lambda x: x, 0.3, 1, 0.5),
    ("cos(x)-1", lambda x: x.cos() - 1, 0.0, 2, 1e-4),
    ("(1-cos(x))/x^2", lambda x: (1 - x.cos()) / (x * x), 1e-3, 3, 1e-4),
    ("exp(x)-exp(x)", lambda x: 0 * x, 1.0, 3, 0.5),
    ("(x-1)*(x+1)-x^2", lambda x: 0 * x - 1, 1e8, 3, 1.0),
    ("sqrt(x^2)", lambda x: x, 0.3, 4, 0.1),
    ("abs(x)", lambda x: -x, -0.3, 1, 0.1),
]  # fmt: skip


@pytest.mark.every(2)
@pytest.mark.parametrize("formula, true, center, order, radius", EDGES)
def test_edges_of_float64(formula, true, center, order, radius):
    T = taylor(formula, center, order, radius=radius)
    with flint.ctx.workprec(3000):
        _judge(
            Case(formula, true),
            T,
            center,
            (center - radius, center + radius),
            np.random.default_rng(0),
        )
    assert np.isfinite(T.largest_remainder)
    assert not np.isnan(T.coefficient_errors).any()


def test_series_constants_are_what_they_say():
    """One third is a third, 0.1 a tenth or the float64 next to it, and 3.14159... is pi."""
    x = 1.25
    for text, factor in (("x/3", ARB(1) / 3), ("0.1*x", ARB(1) / 10), ("0.1*x", ARB(0.1)),
                         ("pi*x", ARB.pi()), ("x^(1/3)", None)):  # fmt: skip
        T = taylor(text, 1.0, 4, radius=0.5)
        truth = (ARB(x).log() / 3).exp() if factor is None else ARB(x) * factor
        assert _meets(truth - ARB(T(x)), *T.remainder), text
        assert _meets(truth, *T.enclose(x)), text


# ---- several variables ----

TERMS = {
    "x*y*z*w": lambda x, y, z, w: x * y * z * w,
    "sin(x*y)+z^2*w": lambda x, y, z, w: (x * y).sin() + z * z * w,
    "exp(x-y)/(3+z*w)": lambda x, y, z, w: (x - y).exp() / (3 + z * w),
    "x^2+y^2+z^2+w^2": lambda x, y, z, w: x * x + y * y + z * z + w * w,
    "sqrt(5+x*z)*cos(y+w)": lambda x, y, z, w: (5 + x * z).sqrt() * (y + w).cos(),
    "x*y-z*w+x^3": lambda x, y, z, w: x * y - z * w + x * x * x,
    "w/(2+x+y*z)": lambda x, y, z, w: w / (2 + x + y * z),
}


@pytest.mark.parametrize("formula", TERMS)
@pytest.mark.parametrize("variables", [2, 3, 4])
@pytest.mark.every(8)
def test_several_variables(formula, variables):
    """With two, three and four variables: boxes by orthants, and boxes that hold the center."""
    rng = np.random.default_rng(variables)
    names = ("x", "y", "z", "w")
    fixed = dict.fromkeys(names[variables:], 0.5)
    text = formula
    for name, value in fixed.items():
        text = text.replace(name, f"({value})")
    for order in (0, 1, 2, 3):
        center = {
            n: float(v) for n, v in zip(names, rng.uniform(-0.5, 0.5, variables), strict=False)
        }
        if order == 1:
            center = dict.fromkeys(center, 0.0)
        radius = float(10 ** rng.uniform(-2, -0.2))
        T = taylor(text, center, order, radius=radius)
        coefficients = [ARB(v) for v in T.coefficients]
        for _ in range(16):
            point = {n: float(c + radius * rng.choice([-1, 1, rng.uniform(-1, 1)]))
                     for n, c in center.items()}  # fmt: skip
            every = {
                **{n: ARB(v) for n, v in point.items()},
                **{n: ARB(v) for n, v in fixed.items()},
            }
            truth = TERMS[formula](*(every[n] for n in names))
            own = ARB(0)
            for c, powers in zip(coefficients, T.exponents, strict=True):
                term = c
                for name, p in zip(T.target.names, powers, strict=True):
                    term *= (every[name] - ARB(center[name])) ** int(p)
                own += term
            assert _meets(truth - own, *T.remainder)
            assert _meets(truth - ARB(T(point)), *T.remainder)
            assert _meets(truth, *T.enclose(point))


@pytest.mark.parametrize("variables", [4, 5, 8, 12])
def test_quadratics_of_many_variables_leave_exactly_their_second_order(variables):
    """sum a_i x_i x_{i+1} within a box: the range is known at the corners."""
    weights = np.random.default_rng(variables).integers(-4, 5, variables - 1) + 0.5

    def f(x):
        return (weights * x[1:] * x[:-1]).sum()

    T = taylor(f, np.zeros(variables), 1, radius=0.5)
    largest = 0.25 * np.abs(weights).sum()  # a chain: all signs can be had at once
    assert T.remainder.lo <= -largest and largest <= T.remainder.hi
    assert T.largest_remainder <= largest * (1 + 1e-9)


# ---- random expressions ----

BINARY = (
    ("({}+{})", lambda x, y: x + y), ("({}-{})", lambda x, y: x - y),
    ("({}*{})", lambda x, y: x * y),
    ("({}/(2+({})^2))", lambda x, y: x / (2 + y * y)),
)  # fmt: skip
UNARY = (
    ("sin({})", lambda x: x.sin()), ("exp({}/2)", lambda x: (x / 2).exp()),
    ("sqrt(1+({})^2)", lambda x: (1 + x * x).sqrt()),
    ("log(1+({})^2)", lambda x: (1 + x * x).log()),
    ("atan({})", lambda x: x.atan()),
)  # fmt: skip


def _expression(rng, depth):
    """A random formula of x and the same of python-flint's numbers."""
    if depth == 0 or rng.uniform() < 0.12:
        if rng.uniform() < 0.3:
            number = float(rng.integers(-3, 4)) / 4
            return f"({number})", lambda x: x * 0 + ARB(number)
        return "x", lambda x: x
    first, f = _expression(rng, depth - 1)
    if rng.uniform() < 0.55:
        second, g = _expression(rng, depth - 1)
        text, both = BINARY[rng.integers(len(BINARY))]
        return text.format(first, second), lambda x: both(f(x), g(x))
    text, one = UNARY[rng.integers(len(UNARY))]
    return text.format(first), lambda x: one(f(x))


def _random_expressions(seed, count):
    rng = np.random.default_rng(seed)
    judged = 0
    for number in range(count):
        text, true = _expression(rng, 4)
        if "x" not in text.replace("exp", ""):
            continue
        order, radius = int(rng.integers(0, 7)), float(10 ** rng.uniform(-5, 0.3))
        center = float(rng.uniform(-2, 2) if number % 5 else rng.integers(-1, 2))
        T = taylor(text, center, order, radius=radius, thorough=number % 17 == 0)
        box = (center - radius, center + radius)
        judged += _judge(Case(text, true), T, center, box, rng)
        found = bounds(text, *box)
        for x in rng.uniform(*box, 5):
            assert _meets(true(ARB(float(x))), found.lo, found.hi), f"{text} at {x!r} in {box}"
    return judged


def test_random_expressions():
    assert _random_expressions(0, 25) > 750


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 9))
def test_many_random_expressions(seed):
    assert _random_expressions(seed, 500) > 15_000
