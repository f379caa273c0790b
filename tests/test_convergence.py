"""Radius of convergence: functions with known singularities, claims, noise, gaps, refusals."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, arb_series, ctx

from taylored.errors import ArgumentError
from taylored.results import Accuracy
from taylored.series.convergence import radius_of_convergence
from taylored.series.taylor import taylor

INF = math.inf
PI = math.pi


@pytest.fixture(autouse=True)
def precision():
    kept = ctx.prec, ctx.cap
    ctx.prec = 300
    yield
    ctx.prec, ctx.cap = kept


def series(f, center, order):
    ctx.cap = order + 1
    s = f(arb_series([arb(center), 1], order + 1))
    return np.array([float(s[k].mid()) for k in range(order + 1)])


def tanh(x):
    e = (2 * x).exp()
    return (e - 1) / (e + 1)


def sech(x):
    return 2 / (x.exp() + (-x).exp())


def asinh(x):
    return (x + (1 + x * x).sqrt()).log()


def bernoulli(x):
    return x / (x.exp() - 1)


def logistic(x):
    return 1 / (1 + (-x).exp())


# Function, center, nearest singularity relative to the center (None: entire).
TABLE = {
    "exp": (lambda x: x.exp(), 0.3, None),
    "exp 1000x": (lambda x: (1000 * x).exp(), 0.0, None),
    "sin": (lambda x: x.sin(), 0.3, None),
    "sin at 0": (lambda x: x.sin(), 0.0, None),
    "cos at 0": (lambda x: x.cos(), 0.0, None),
    "gauss": (lambda x: (-x * x).exp(), 0.0, None),
    "gauss at .7": (lambda x: (-x * x).exp(), 0.7, None),
    "erf": (lambda x: x.erf(), 0.5, None),
    "erf at 0": (lambda x: x.erf(), 0.0, None),
    "airy": (lambda x: x.airy_ai(), 1.0, None),
    "(1-x) log(1-x)": (lambda x: (1 - x) * (1 - x).log(), 0.0, 1),
    "(1-x)^2 log(1-x) + pole": (lambda x: (1 - x) * (1 - x) * (1 - x).log() + 1 / (2 - x), 0.0, 1),
    "(1-x) sqrt(2-x)": (lambda x: (1 - x) * (2 - x).sqrt(), 0.0, 2),
    "exp(x + x^3)": (lambda x: (x + x * x * x).exp(), 0.0, None),
    "cos exp": (lambda x: x.cos() * x.exp(), 0.3, None),
    "(x-1)^2 exp": (lambda x: (x - 1) * (x - 1) * x.exp(), 0.0, None),
    "tan": (lambda x: x.tan(), 0.0, PI / 2),
    "tan at .5": (lambda x: x.tan(), 0.5, PI / 2 - 0.5),
    "tan at 1.5": (lambda x: x.tan(), 1.5, PI / 2 - 1.5),
    "tanh": (tanh, 0.0, PI / 2 * 1j),
    "tanh at .3": (tanh, 0.3, -0.3 + PI / 2 * 1j),
    "tanh at 2": (tanh, 2.0, -2 + PI / 2 * 1j),
    "runge": (lambda x: 1 / (1 + x * x), 0.0, 1j),
    "runge at .4": (lambda x: 1 / (1 + x * x), 0.4, -0.4 + 1j),
    "runge 25": (lambda x: 1 / (1 + 25 * x * x), 0.3, -0.3 + 0.2j),
    "log": (lambda x: (1 + x).log(), 0.0, -1),
    "log at 2": (lambda x: (1 + x).log(), 2.0, -3),
    "log far": (lambda x: (10**6 + x).log(), 0.0, -1e6),
    "sqrt": (lambda x: (1 + x).sqrt(), 0.0, -1),
    "sqrt cos": (lambda x: (1 + x).sqrt() * x.cos(), 0.2, -1.2),
    "x^(3/2)": (lambda x: x * x.sqrt(), 2.0, -2),
    "x^(1/10)": (lambda x: (x.log() / 10).exp(), 1.0, -1),
    "exp(1/(1-x))": (lambda x: (1 / (1 - x)).exp(), 0.0, 1),
    "exp(-1/x^2)": (lambda x: (-1 / (x * x)).exp(), 1.0, -1),
    "lgamma at 1.5": (lambda x: x.lgamma(), 1.5, -1.5),
    "lgamma at .2": (lambda x: x.lgamma(), 0.2, -0.2),
    "gamma at 2": (lambda x: x.gamma(), 2.0, -2),
    "digamma": (lambda x: x.lgamma().derivative(), 1.0, -1),
    "zeta": (lambda x: x.zeta(), 2.0, -1),
    "pole of order 5": (lambda x: 1 / ((1 - x) * (1 - x) * (1 - x) * (1 - x) * (1 - x)), 0.0, 1),
    "poles 1, 1.1": (lambda x: 1 / ((1 - x) * (arb("1.1") - x)), 0.0, 1),
    "poles 1, 1.01": (lambda x: 1 / ((1 - x) * (arb("1.01") - x)), 0.0, 1),
    "pole and branch": (lambda x: 1 / (1 - x) + 3 * (arb("1.05") + x).sqrt(), 0.0, 1),
    "logistic": (logistic, 0.3, -0.3 + PI * 1j),
    "logistic at 4": (logistic, 4.0, -4 + PI * 1j),
    "softplus": (lambda x: (1 + x.exp()).log(), 1.0, -1 + PI * 1j),
    "atan at 2": (lambda x: x.atan(), 2.0, -2 + 1j),
    "atan": (lambda x: x.atan(), 0.0, 1j),
    "x/(exp x - 1)": (bernoulli, 1.0, -1 + 2 * PI * 1j),
    "sech": (sech, 0.0, PI / 2 * 1j),
    "sech at 1": (sech, 1.0, -1 + PI / 2 * 1j),
    "asinh": (asinh, 0.0, 1j),
    "asinh at .5": (asinh, 0.5, -0.5 + 1j),
    "product": (lambda x: x.sin().exp() * tanh(x) / (1 + x * x), 0.3, -0.3 + 1j),
    "near": (lambda x: (x * x + arb("0.01")).sqrt(), 0.05, -0.05 + 0.1j),
    "log cosh": (lambda x: -sech(x).log(), 0.2, -0.2 + PI / 2 * 1j),
    "hidden pole": (lambda x: (10 * x).exp() / (1 + x), 0.0, -1),
    "sin 5x pole": (lambda x: (5 * x).sin() / (2 - x), 0.0, 2),
    "lambert": (lambda x: x.lambertw(), 0.0, -math.exp(-1)),
    "log log": (lambda x: (2 + x).log().log(), 0.0, -1),
    "log sin": (lambda x: x.sin().log(), 1.0, -1),
    "sqrt cos x": (lambda x: x.cos().sqrt(), 0.1, PI / 2 - 0.1),
    "1/(2 + sin)": (lambda x: 1 / (2 + x.sin()), 0.0, complex(-PI / 2, math.acosh(2))),
    "1/(1 - x^3) at .1": (lambda x: 1 / (1 - x * x * x), 0.1, 0.9),
    "two scales": (lambda x: 1 / (1 - 10**8 * x) + (1 + 10**8 * x / 2).sqrt(), 0.0, 1e-8),
}
ORDERS = (24, 30, 36)


@pytest.mark.every(4)
@pytest.mark.parametrize("name", TABLE)
def test_known_radius_is_in_the_interval(name):
    f, center, z = TABLE[name]
    truth = INF if z is None else abs(z)
    places = 0
    for order in ORDERS:
        found = radius_of_convergence(series(f, center, order))
        assert found.usable and found.kind is Accuracy.ESTIMATED, (order, found.status)
        assert found.lo <= truth * (1 + 1e-14) and truth <= found.hi * (1 + 1e-14), (order, found)
        assert found.lo <= found.radius <= found.hi
        if z is None:
            assert found.radius == INF and found.nearest is None
            continue
        assert found.radius == pytest.approx(truth, rel=0.02)
        place = found.nearest
        if place is None:  # only where something nearer could not be ruled out
            assert found.lo < 0.9 * found.radius
            continue
        places += 1
        assert abs(place - z) < 0.05 * truth
        assert found.angle == pytest.approx(np.angle(z), abs=0.05)
    assert z is None or places >= 2


@pytest.mark.every(4)
@pytest.mark.parametrize("order", [20, 24, 30, 36, 44])
@pytest.mark.parametrize("center", [-1.0, -0.3, 0.0, 0.7])
def test_entire_functions_without_a_simple_equation_get_no_radius(order, center):
    """They may be refused; most are told. Never a finite radius."""
    told = 0
    cases = [
        lambda x: x.exp().exp(),
        lambda x: x.sin().exp(),
        lambda x: x.exp().sin(),
        lambda x: x.rgamma(),
        lambda x: (x * x * x * x + x).exp(),
    ]
    for f in cases:
        found = radius_of_convergence(series(f, center, order))
        assert not math.isfinite(found.radius), found
        told += found.usable
    assert order < 24 or told >= 2


def test_intervals_are_narrow():
    widths = []
    for f, center, z in TABLE.values():
        if z is not None:
            found = radius_of_convergence(series(f, center, 30))
            widths.append(found.hi / found.lo - 1)
    assert np.median(widths) < 0.005
    assert np.quantile(widths, 0.8) < 0.05


def random_function(rng, order):
    """Sums and products of blocks with singularities at random places."""
    blocks = []
    for _ in range(int(rng.integers(1, 4))):
        kind, place = int(rng.integers(0, 5)), float(rng.uniform(0.5, 3.0))
        sign, power = float(rng.choice([-1, 1])), float(rng.choice([-2, -1, -0.5, 0.5, 1.5]))
        x = arb_series([0, 1], order + 1)
        if kind == 0:
            blocks.append((((1 - sign * x / arb(place)).log() * power).exp(), place))
        elif kind == 1:
            angle = math.cos(float(rng.uniform(0.1, 3.0)))
            y = x / arb(place)
            blocks.append((((1 - 2 * angle * y + y * y).log() * power).exp(), place))
        elif kind == 2:
            blocks.append((tanh(x * place), PI / 2 / place))
        elif kind == 3:
            blocks.append(((x + place).gamma(), place))
        else:
            blocks.append(((sign * place * x).exp(), INF))
    f, radius = blocks[0]
    for g, other in blocks[1:]:
        f = f + g if rng.random() < 0.5 else f * g
        radius = min(radius, other)
    return f, radius


def test_random_functions():
    rng = np.random.default_rng(8)
    wrong, refused, trials = [], 0, 150
    for _ in range(trials):
        order = int(rng.integers(24, 41))
        ctx.cap = order + 1
        f, truth = random_function(rng, order)
        c = np.array([float(f[k].mid()) for k in range(order + 1)])
        found = radius_of_convergence(c)
        refused += not found.usable
        # A root of the coefficients is given to a rounding or two.
        if not (found.lo <= truth * (1 + 1e-12) and truth * (1 - 1e-12) <= found.hi):
            wrong.append((truth, found))
    # Weak singularities beside stronger ones of nearly their distance may stay unseen.
    assert len(wrong) <= 0.01 * trials, wrong
    assert refused <= 0.06 * trials


@pytest.mark.every(2)
@pytest.mark.parametrize("unit", [1e-9, 1e-3, 1e5, 1e9])
@pytest.mark.parametrize("factor", [1e-20, -1e20])
@pytest.mark.parametrize("name", ["tanh at .3", "log at 2", "lgamma at 1.5", "exp"])
def test_free_of_scale(name, unit, factor):
    f, center, _ = TABLE[name]
    c = series(f, center, 28)
    plain = radius_of_convergence(c)
    scaled = radius_of_convergence(c * factor * float(unit) ** -np.arange(29.0))
    assert scaled.radius == pytest.approx(plain.radius * unit, rel=1e-6)
    if math.isfinite(plain.radius):
        assert scaled.lo == pytest.approx(plain.lo * unit, rel=0.03)
        assert scaled.hi == pytest.approx(plain.hi * unit, rel=0.03)


@pytest.mark.parametrize("ratio", [1e-10, 1e10])
def test_subnormal_and_huge_coefficients(ratio):
    """1 / (1 - ratio x) with c_0 such that the last one is at the end of the range."""
    c = 1e-305 * ratio ** np.arange(0, 30.0) if ratio > 1 else 1e5 * ratio ** np.arange(0, 30.0)
    found = radius_of_convergence(c)
    assert found.lo <= 1 / ratio <= found.hi and found.usable


def test_longdouble():
    c = np.array([mpmath.bernoulli(k) / mpmath.factorial(k) for k in range(37)], np.longdouble)
    found = radius_of_convergence(c)
    assert found.lo <= 2 * PI <= found.hi and found.hi / found.lo < 1.05


@pytest.mark.parametrize("stride", [2, 3, 5])
def test_gaps(stride):
    """x h(x^g) for h = log(1 - x / 2)."""
    h = series(lambda x: (2 - x).log(), 0.0, 24)
    c = np.zeros(1 + 24 * stride + 1)
    c[1 : 2 + 24 * stride : stride] = h
    found = radius_of_convergence(c)
    truth = 2 ** (1 / stride)
    assert found.lo <= truth <= found.hi and found.hi / found.lo < 1.05
    assert found.nearest == pytest.approx(truth, rel=1e-3)


@pytest.mark.every(2)
@pytest.mark.parametrize("level", [1e-13, 1e-10, 1e-7])
@pytest.mark.parametrize("name", ["tan at .5", "log at 2", "logistic", "atan at 2", "gamma at 2"])
def test_known_errors_of_coefficients_are_heeded(name, level):
    f, center, z = TABLE[name]
    rng = np.random.default_rng(1)
    c = series(f, center, 30)
    error = level * np.abs(c).max() / abs(z) ** np.arange(31.0)
    for _ in range(4):
        found = radius_of_convergence(c + error * rng.uniform(-1, 1, 31), error)
        assert not found.usable or found.lo <= abs(z) <= found.hi


def test_noise_in_place_of_zeros_does_not_matter():
    c = series(lambda x: x.atan(), 0.0, 30)
    c[::2] = np.random.default_rng(0).uniform(-1e-17, 1e-17, 16)
    found = radius_of_convergence(c, np.full(31, 2e-17))
    assert found.lo <= 1.0 <= found.hi


@pytest.mark.parametrize(
    "c",
    [[0.0] * 30, [1.0] + [0.0] * 29, [1.0, 2.0, -3.0] + [0.0] * 20, [0.0] * 8 + [1.0] + [0.0] * 30],
)
def test_polynomials(c):
    found = radius_of_convergence(c)
    assert found.radius == found.lo == found.hi == INF and "polynomial" in found.status
    assert found.kind is Accuracy.ESTIMATED


def test_a_polynomial_up_to_the_errors():
    c = np.array(
        [float(Fraction(math.comb(5, k)) * (-3) ** (5 - k)) for k in range(6)] + [0.0] * 20
    )
    noise = np.random.default_rng(2).uniform(-1e-13, 1e-13, 26)
    assert radius_of_convergence(c + noise, np.full(26, 1e-13)).radius == INF


def unknown(c, errors=None):
    found = radius_of_convergence(c, errors)
    assert found.kind is Accuracy.UNKNOWN and not found.usable
    assert math.isnan(found.radius) and (found.lo, found.hi) == (0.0, INF)
    assert found.nearest is None and found.angle is None
    assert found.status.startswith("The radius cannot be told")


@pytest.mark.parametrize("center", [1.0, 2.8, 5.0])
def test_coefficients_below_their_errors_are_no_zeros(center):
    """Poles at 2 pi i, and coefficients that fall below their errors before the order ends."""
    found = taylor("x^3/(exp(x)-1)", center, 3).convergence
    true = float(np.hypot(center, 2 * np.pi))
    assert found.kind is Accuracy.UNKNOWN or found.lo <= true <= found.hi < np.inf


def test_too_little_to_tell():
    unknown([1.0, 1.0, 1.0])
    unknown(1.0 / np.arange(1.0, 6.0))
    unknown(np.ones(30), np.ones(30) * 0.9)  # errors as large as the coefficients


def test_lacunary_series_are_not_polynomials():
    c = np.zeros(41)
    c[[1, 2, 4, 8, 16, 32]] = 1.0
    unknown(c)


def test_random_coefficients_have_no_radius():
    rng = np.random.default_rng(4)
    for _ in range(30):
        found = radius_of_convergence(rng.normal(size=int(rng.integers(24, 41))))
        assert found.radius != INF
        assert not found.usable or found.lo <= 1.0 <= found.hi


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_coefficients_that_are_no_numbers(bad):
    with pytest.raises(ArgumentError, match="Coefficient 3"):
        radius_of_convergence([1.0, 2.0, 3.0, bad, 1.0])


@pytest.mark.parametrize("c", [[], [[1.0, 2.0]], ["a"], [1j, 2.0]])
def test_what_is_no_series(c):
    with pytest.raises(ArgumentError, match="one line of real numbers"):
        radius_of_convergence(c)


@pytest.mark.parametrize("errors", [-1.0, math.nan, [1.0, 2.0]])
def test_what_are_no_errors(errors):
    with pytest.raises(ArgumentError, match="errors"):
        radius_of_convergence([1.0, 2.0, 3.0], errors)
