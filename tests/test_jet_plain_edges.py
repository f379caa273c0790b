"""Where series of numbers are not smooth or not defined; sums, matrix products and order."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from taylored.readings.jet.plain import PlainRing
from taylored.readings.jet.space import space
from taylored.readings.jet.value import NotUniform, Series, Truth


def _ring(variables: int = 1, degree: int = 4, boxes: int = 1) -> PlainRing:
    return PlainRing(space(variables, degree), boxes)


def _series(*coefficients) -> Series:
    """(boxes, *shape) or a number for each coefficient of one variable."""
    rows = np.broadcast_arrays(*(np.asarray(c, np.longdouble) for c in coefficients))
    part = np.stack([r.reshape(r.shape or (1,)) for r in rows])
    return Series((part,), len(coefficients) - 1)


def _column(found: Series) -> list[float]:
    return [float(c) for c in found.parts[0].reshape(-1)]


def _said(ring: PlainRing) -> list[tuple[str, str]]:
    return [(t.kind, t.reason) for t in ring.troubles]


# ---- outside the domain ----


@pytest.mark.parametrize(
    ("name", "x", "params", "reason"),
    [
        ("log", -0.5, {}, "the logarithm of -0.5"),
        ("log", 0.0, {}, "the logarithm of 0"),
        ("log2", -1.0, {}, "the logarithm to base 2 of -1"),
        ("log10", -1.0, {}, "the logarithm to base 10 of -1"),
        ("log1p", -1.0, {}, "log1p of -1"),
        ("recip", 0.0, {}, "division by zero"),
        ("integer_pow", 0.0, {"y": -2}, "division by zero"),
        ("sqrt", -4.0, {}, "the square root of -4"),
        ("sqrt", 0.0, {}, "the square root of 0 has no derivative"),
        ("rsqrt", -1.0, {}, "the square root of -1"),
        ("rsqrt", 0.0, {}, "division by zero"),
        ("cbrt", 0.0, {}, "the cube root of 0 has no derivative"),
        ("pow", -2.0, {"p": 0.5}, "-2 to the power of 0.5"),
        ("pow", 0.0, {"p": 1.5}, "0 to the power of 1.5 is not smooth"),
        ("pow", 0.0, {"p": -1.5}, "division by zero"),
        ("asin", 1.5, {}, "the arcsine of 1.5"),
        ("asin", -1.0, {}, "the arcsine of -1 has no derivative"),
        ("acos", 2.0, {}, "the arccosine of 2"),
        ("acosh", 0.5, {}, "the inverse hyperbolic cosine of 0.5"),
        ("acosh", 1.0, {}, "the inverse hyperbolic cosine of 1 has no derivative"),
        ("atanh", 1.0, {}, "the inverse hyperbolic tangent of 1"),
        ("erf_inv", -1.0, {}, "the inverse error function of -1"),
        ("gamma", -2.0, {}, "the gamma function of -2"),
        ("lgamma", 0.0, {}, "the logarithm of the gamma function of 0"),
        ("digamma", -1.0, {}, "the digamma function of -1"),
        ("trigamma", -1.0, {}, "the trigamma function of -1"),
    ],
)
def test_outside_the_domain_is_said_and_no_number_is_given(name, x, params, reason):
    ring = _ring()
    found = ring.unary(name, _series(x, 1.0), params)
    assert _said(ring) == [("domain", reason)]
    assert not np.isfinite(_column(found)[1:]).any()


@pytest.mark.parametrize(("name", "p"), [("sqrt", None), ("cbrt", None), ("pow", 1.5)])
def test_roots_of_a_constant_zero_are_zero(name, p):
    ring = _ring()
    assert _column(ring.unary(name, ring.constant(0.0), {"p": p})) == [0.0]
    assert not ring.troubles


def test_only_the_boxes_concerned_are_named():
    ring = _ring(boxes=3)
    found = ring.unary("log", _series([2.0, -1.0, 1.0], 1.0), {})
    (trouble,) = ring.troubles
    assert trouble.boxes.tolist() == [False, True, False]
    assert np.isfinite(found.parts[0][:, [0, 2]].astype(float)).all()


def test_division_by_zero_and_angles_of_nothing():
    ring = _ring()
    found = ring.divide(_series(0.0, 1.0), _series(0.0, 1.0))
    assert not np.isfinite(_column(found)).any()
    ring.divide(_series(1.0, 1.0), ring.constant(0.0))
    found = ring.atan2(_series(0.0, 1.0), _series(0.0, 1.0))
    assert not np.isfinite(_column(found)[1:]).any()
    ring.atan2(_series(0.0, 1.0), _series(-1.0, 0.0))
    said = _said(ring)
    assert said[:3] == [("domain", "division by zero")] * 2 + [("domain", "the angle of (0, 0)")]
    assert [kind for kind, _ in said[3:]] == ["jump"]


def test_overflow_and_not_a_number_pass_without_warnings():
    ring = _ring()
    for name in ("exp", "log", "sin", "tanh", "sqrt", "erf", "gamma", "lgamma", "bessel_j0",
                 "erf_inv", "sinc0"):  # fmt: skip
        found = ring.unary(name, _series(np.nan, 1.0), {})
        assert np.isnan(_column(found)).all()
    assert not ring.troubles
    assert np.isinf(float(ring.unary("exp", _series(2e4, 1.0), {}).parts[0][0, 0]))
    assert _said(ring) == [("domain", "exp of 20000 is too large a number")]


@pytest.mark.parametrize("name", ["lgamma", "digamma", "bessel_j0"])
def test_far_arguments_are_refused_rather_than_guessed(name):
    ring = _ring()
    found = ring.unary(name, _series(-1e5 - 0.5, 1.0), {})
    assert np.isnan(_column(found)).all()
    assert _said(ring) == [("domain", f"{name} of -100000 is not computed")]


# ---- kinks, jumps and branches ----


def test_absolute_value():
    ring = _ring()
    assert _column(ring.absolute(_series(-2.0, 3.0, 1.0))) == [2.0, -3.0, -1.0]
    assert _column(ring.absolute(_series(2.0, -3.0))) == [2.0, -3.0]
    assert _column(ring.absolute(_series(0.0, 0.0))) == [0.0, 0.0]
    assert not ring.troubles
    ring.absolute(_series(0.0, 0.0, 1.0))
    assert _said(ring) == [("kink", "the absolute value of 0")]


def test_extremes():
    ring = _ring(boxes=2)
    x, y = _series([1.0, 3.0], 1.0), _series([2.0, 2.0], 0.0, 5.0)
    found = ring.extreme(x, y, True)
    assert found.parts[0].astype(float).tolist() == [[2, 3], [0, 1], [5, 0]]
    found = ring.extreme(x, y, False)
    assert found.parts[0].astype(float).tolist() == [[1, 2], [1, 0], [0, 5]]
    ring.extreme(x, x, True)
    assert not ring.troubles
    ring.extreme(_series([1.0, 2.0], 1.0), ring.constant(2.0), True)
    (trouble,) = ring.troubles
    assert (trouble.kind, trouble.boxes.tolist()) == ("kink", [False, True])
    assert trouble.reason == "the two arguments of max are equal at the center"


@pytest.mark.parametrize(
    ("name", "x", "value", "jump"),
    [
        ("floor", 1.5, 1.0, 2.0), ("ceil", 1.5, 2.0, -1.0), ("round", 2.4, 2.0, 2.5),
        ("round", 3.6, 4.0, -0.5), ("sign", -3.0, -1.0, 0.0), ("round_half_away", 1.4, 1.0, -1.5),
        ("round_half_away", 0.49999999999999994, 0.0, 0.5),
        ("round_half_away", -2.6, -3.0, 2.5),
    ],
)  # fmt: skip
def test_steps(name, x, value, jump):
    ring = _ring()
    found = ring.step(name, _series(x, 1.0))
    assert (found.degree, _column(found)) == (0, [value])
    ring.step(name, ring.constant(jump))
    ring.step(name, _series(jump, 0.0))
    assert not ring.troubles
    ring.step(name, _series(jump, 0.0, 1.0))
    assert _said(ring) == [("jump", f"{name} jumps at {jump:.6g}")]


def test_halves_are_rounded_as_their_names_say():
    halves = np.array([[-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]])
    ring = _ring()
    assert _column(ring.step("round", _series(halves))) == [-2, -2, -0.0, 0, 2, 2]
    assert _column(ring.step("round_half_away", _series(halves))) == [-3, -2, -1, 1, 2, 3]


@pytest.mark.parametrize("name", ["lt", "le", "gt", "ge", "eq", "ne"])
def test_comparisons(name):
    ring = _ring(boxes=3)
    x, y = _series([1.0, 2.0, 3.0], 1.0), ring.constant(2.0)
    wanted = {"lt": [1, 0, 0], "le": [1, 1, 0], "gt": [0, 0, 1], "ge": [0, 1, 1],
              "eq": [0, 1, 0], "ne": [1, 0, 1]}[name]  # fmt: skip
    found = ring.compare(name, x, y)
    assert found.sure.tolist() == found.maybe.tolist() == [bool(w) for w in wanted]
    (trouble,) = ring.troubles
    assert (trouble.kind, trouble.boxes.tolist()) == ("branch", [False, True, False])
    ring.troubles.clear()
    ring.compare(name, x, x)
    ring.compare(name, y, y)
    assert not ring.troubles


def test_choices():
    ring = _ring(boxes=2)
    yes = np.array([[True, False, True], [False, False, True]])
    found = ring.choose(Truth(yes, yes), ring.constant(7.0), _series([[1.0]], 2.0, 3.0))
    assert found.degree == 2
    assert (found.parts[0][0] == np.where(yes, 1.0, 7.0)).all()
    assert (found.parts[0][2] == np.where(yes, 3.0, 0.0)).all()
    one = np.array([True])
    found = ring.choose(Truth(one, one), _series(np.zeros((1, 2, 3))), _series(np.ones((1, 2, 3))))
    assert found.shape == (2, 3)
    assert (found.parts[0] == 1).all()


# ---- sums and matrices ----


def test_sums():
    rng = np.random.default_rng(0)
    part = rng.integers(-99, 100, (3, 2, 4, 5)).astype(np.longdouble)
    x, ring = Series((part,), 2), _ring(boxes=2)
    for axis in (0, 1):
        assert (ring.total(x, axis).parts[0] == part.sum(axis=axis + 2)).all()
        running = ring.cumulative(x, axis).parts[0]
        assert (np.diff(running, axis=axis + 2) == np.delete(part, 0, axis=axis + 2)).all()


@pytest.mark.parametrize("degrees", [(0, 0), (0, 3), (3, 0), (1, 3), (3, 2)])
@pytest.mark.parametrize("variables", [1, 3])
def test_matrix_products_are_exact_on_whole_numbers(degrees, variables):
    rng = np.random.default_rng(1)
    ring, s = _ring(variables, 3, boxes=2), space(variables, 3)
    shapes = ((2, 2, 3, 4), (1, 4, 5))  # of boxes, a batch and matrices; of a box and a matrix
    parts = [rng.integers(-9, 10, (s.count(d), *n)) for d, n in zip(degrees, shapes, strict=True)]
    x, y = (Series((p.astype(np.longdouble),), d) for p, d in zip(parts, degrees, strict=True))
    found = ring.matmul(x, y)
    assert (found.degree, found.shape) == (min(sum(degrees), 3), (2, 3, 5))
    wanted = np.zeros((s.count(found.degree), 2, 2, 3, 5), int)
    for i, a in enumerate(parts[0]):
        for j, b in enumerate(parts[1]):
            if s.degrees[i] + s.degrees[j] <= 3:
                wanted[s.place(s.exponents[i] + s.exponents[j])] += np.matmul(a, b)
    assert (found.parts[0] == wanted).all()


def test_large_matrix_products():
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(200, 300)), rng.normal(size=(300, 40))
    ring = _ring()
    found = ring.matmul(_series(a[None]), _series(b[None], 2 * b[None]))
    assert found.parts[0].dtype == np.longdouble
    for i, j in ((0, 0), (199, 39), (17, 20)):
        pairs = list(zip(a[i], b[:, j], strict=True))
        exact = float(sum(Fraction(x) * Fraction(y) for x, y in pairs))
        bound = 300 * 2.0**-53 * sum(abs(x * y) for x, y in pairs)
        assert abs(float(found.parts[0][0, 0, i, j]) - exact) <= bound
        assert abs(float(found.parts[0][1, 0, i, j]) - 2 * exact) <= 2 * bound


# ---- order ----


def test_order():
    ring = _ring(boxes=2)
    keys = _series([[3.0, 1.0, 2.0], [1.0, 2.0, 3.0]], [[10.0, 20.0, 30.0]] * 2)
    others = _series([[5.0, 6.0, 7.0]])
    first, second = ring.sort([keys, others], 0)
    assert first.parts[0][1].tolist() == [[20, 30, 10], [10, 20, 30]]
    assert second.parts[0][0].tolist() == [[6, 7, 5], [5, 6, 7]]
    assert not ring.troubles
    ring.sort([_series([[1.0, 1.0], [1.0, 2.0]], [[0.0, 3.0], [0.0, 3.0]])], 0)
    (trouble,) = ring.troubles
    assert (trouble.kind, trouble.boxes.tolist()) == ("kink", [True, False])
    ring.troubles.clear()
    ring.sort([_series([[1.0, 1.0]], [[3.0, 3.0]])], 0)
    assert not ring.troubles


def test_largest():
    ring = _ring(boxes=2)
    x = _series([[[3.0, 1.0], [2.0, 5.0]], [[4.0, 1.0], [2.0, 5.0]]], 1.0)
    assert ring.largest(x, 0).tolist() == [0, 1]
    assert ring.largest(x, 1).tolist() == [0, 1]
    assert not ring.troubles
    with pytest.raises(NotUniform):
        ring.largest(_series([[1.0, 2.0], [2.0, 1.0]]), 0)
    ring.largest(_series([[2.0, 2.0, 1.0]], [[0.0, 1.0, 0.0]]), 0)
    assert [kind for kind, _ in _said(ring)] == ["branch"]


def test_whole_numbers():
    ring = _ring(boxes=2)
    low, high = ring.whole(_series([2.7, -2.7], 1.0))
    assert low.tolist() == high.tolist() == [2, -2]
    ring.whole(ring.constant(3.0))
    assert not ring.troubles
    ring.whole(_series([3.0, 2.5], 1.0))
    (trouble,) = ring.troubles
    assert (trouble.kind, trouble.boxes.tolist()) == ("jump", [True, False])
    assert ring.middle(_series([2.0, 1.0], 5.0)).tolist() == [2, 1]
