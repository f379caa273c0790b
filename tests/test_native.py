"""Machine code: every function against NumPy and mpmath, products that do not mix vectors."""

import mpmath
import numpy as np
import pytest

from native_map import run_native
from taylored.native.functions import FUNCTIONS
from taylored.native.product import largest_projection, products
from taylored.native.survey import survey
from taylored.readings.facts import ELEMENTWISE
from taylored.readings.numpy import compile_numpy
from taylored.trace.program import Equation, Program

RANDOM = np.random.default_rng(0)
WIDE = np.concatenate([RANDOM.normal(0, 3, 200), RANDOM.uniform(-1, 1, 100), [0.0, 1.0, -1.0, 2.0]])
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e300, -1e300, 1e-300])
# Functions in which a few units of the last place are not to be had from the C library.
LOOSE = {"erfc": 40, "pow": 8, "gamma": 16, "lgamma": 16, "digamma": 64, "bessel_j0": 64,
         "bessel_j1": 64, "erf_inv": 16, "logaddexp": 8, "xlogy": 8, "exp2": 16, "logistic": 8,
         "radians": 2}  # fmt: skip


def single(name, inputs, params=None):
    """The program of one primitive."""
    equation = Equation(name, tuple(range(inputs)), (inputs,), params or {})
    return Program(tuple("abc"[:inputs]), (equation,), (inputs,), inputs + 1)


def arguments(name):
    row = ELEMENTWISE.get(name)
    count = 3 if name == "select_n" else 2 if name in BINARY else 1
    assert row is not None or name == "integer_pow"
    return count


BINARY = {"add", "sub", "mul", "div", "max", "min", "pow", "atan2", "logaddexp", "xlogy", "lt",
          "le", "gt", "ge", "eq", "ne", "and", "or"}  # fmt: skip
TESTED = sorted(set(FUNCTIONS) & set(ELEMENTWISE))


def columns_for(name):
    if name == "select_n":
        return [(WIDE > 0) * 1.0, WIDE[::-1], WIDE * 2]
    if name in ("and", "or", "not"):
        return [(WIDE > 0) * 1.0, (WIDE[::-1] > 0) * 1.0][: arguments(name)]
    if name == "pow":
        return [np.abs(WIDE) + 0.01, WIDE[::-1]]
    return [WIDE, np.roll(WIDE, 7)][: arguments(name)]


@pytest.mark.parametrize("name", TESTED)
def test_function_agrees_with_numpy(name):
    columns, program = columns_for(name), single(name, arguments(name))
    with np.errstate(all="ignore"):
        expected = np.asarray(compile_numpy(program)(*columns)[0], float)
    (found,) = run_native(program, *columns)
    assert np.array_equal(np.isnan(found), np.isnan(expected))
    good = np.isfinite(expected)
    assert np.array_equal(found[~good], expected[~good], equal_nan=True)
    units = LOOSE.get(name, 5) * np.spacing(np.abs(expected[good]) + 1e-300)
    assert (np.abs(found[good] - expected[good]) <= units).all()


@pytest.mark.parametrize("name", TESTED)
def test_function_in_single_precision(name):
    columns, program = columns_for(name), single(name, arguments(name))
    short = [c.astype(np.float32).astype(float) for c in columns]
    with np.errstate(all="ignore"):
        expected = np.asarray(compile_numpy(program)(*short)[0], float)
    (found,) = run_native(program, *short, bits=32)
    good = np.isfinite(expected) & (np.abs(expected) < 1e30)
    scale = np.abs(expected[good]) + np.float32(1e-3)
    assert (np.abs(found[good] - expected[good]) <= 3e-5 * scale).all()


@pytest.mark.parametrize("name", ["exp", "max", "min", "abs", "sign", "sqrt", "logistic", "floor"])
def test_special_values(name):
    columns = [SPECIAL, SPECIAL[::-1]][: arguments(name)]
    program = single(name, arguments(name))
    with np.errstate(all="ignore"):
        expected = np.asarray(compile_numpy(program)(*columns)[0], float)
    (found,) = run_native(program, *columns)
    assert np.allclose(found, expected, rtol=3e-16, atol=0.0, equal_nan=True)


def test_exponential_to_a_unit_of_the_last_place():
    x = np.concatenate([RANDOM.uniform(-700, 709, 400), RANDOM.uniform(-1, 1, 400)])
    (found,) = run_native(single("exp", 1), x)
    with mpmath.workdps(40):
        truth = [mpmath.exp(mpmath.mpf(float(v))) for v in x]
        units = [
            abs(mpmath.mpf(float(f)) - t) / mpmath.mpf(float(np.spacing(float(t))))
            for f, t in zip(found, truth, strict=True)
        ]
    assert max(units) < 1.0


def test_exponential_at_the_ends_of_its_range():
    x = np.array([709.78, 709.79, 710.0, 1e9, -708.0, -708.5, -745.0, -1e9])
    (found,) = run_native(single("exp", 1), x)
    with np.errstate(over="ignore"):
        truth = np.exp(x)
    assert np.allclose(found[[0, 4]], truth[[0, 4]], rtol=1e-15)
    assert np.isinf(found[1:4]).all()
    assert (found[5:] == 0.0).all()  # below the normal numbers


@pytest.mark.parametrize("power", [-3, -1, 0, 1, 2, 3, 7, 10])
def test_integer_powers(power):
    (found,) = run_native(single("integer_pow", 1, {"y": power}), WIDE[WIDE != 0])
    expected = WIDE[WIDE != 0] ** float(power)
    assert np.allclose(found, expected, rtol=4e-15, atol=0)


@pytest.mark.parametrize("shape", [(1, 1, 1), (7, 3, 5), (100, 192, 1000), (20, 385, 33)])
def test_products_agree_with_a_product_of_matrices(shape):
    rows, columns, many = shape
    a = RANDOM.normal(size=(rows, columns)).astype(np.float32)
    b = RANDOM.normal(size=(rows, many)).astype(np.float32)
    expected = a.astype(float).T @ b.astype(float)
    size = np.abs(a).astype(float).T @ np.abs(b).astype(float)
    assert (np.abs(products(a, b) - expected) <= 1e-6 * np.sqrt(rows) * size).all()


def test_products_do_not_depend_on_the_neighbors():
    a = RANDOM.normal(size=(50, 30)).astype(np.float32)
    b = RANDOM.normal(size=(50, 77)).astype(np.float32)
    order = RANDOM.permutation(77)
    whole = products(a, b)
    assert np.array_equal(products(a, b[:, order]), whole[:, order])
    assert np.array_equal(products(a, b[:, 5:6]), whole[:, 5:6])


@pytest.mark.parametrize("shape", [(1, 3, 5, 4), (2, 20, 192, 1000), (3, 7, 9, 17)])
def test_largest_projection(shape):
    dimension, rows, subspaces, many = shape
    bases = RANDOM.normal(size=(dimension, rows, subspaces)).astype(np.float32)
    vectors = RANDOM.normal(size=(rows, many)).astype(np.float32)
    inside = np.einsum("drs,rm->dsm", bases.astype(float), vectors)
    squares, above = np.square(inside).sum(axis=0), inside[0] >= 0
    chosen, worth = largest_projection(bases, vectors)
    for side, mine in enumerate((above, ~above)):
        most = np.where(mine, squares, 0.0).max(axis=0)
        assert np.allclose(worth[side], most, rtol=1e-5)
        some = most > 0
        assert np.allclose(squares[chosen[side], np.arange(many)][some], most[some], rtol=1e-5)
    few = largest_projection(bases, vectors[:, 1:2])
    assert (few[0][:, 0] == chosen[:, 1]).all() and (few[1][:, 0] == worth[:, 1]).all()


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("points", [1, 3, 7, 8, 16, 100, 225])
def test_survey(kind, points):
    y = RANDOM.normal(size=(50, points)).astype(kind)
    y[5], y[6, 0], y[7, -1], y[8, 0] = 3.0, np.nan, np.inf, -np.inf
    seen = survey(y)
    assert np.array_equal(np.flatnonzero(~seen.finite), [6, 7, 8])
    z = y[seen.finite].astype(float)
    low, high, mean = z.min(axis=1), z.max(axis=1), z.mean(axis=1)
    good = seen.take(seen.finite)
    assert np.array_equal(good.low, low) and np.array_equal(good.high, high)
    assert np.allclose(good.mean, mean, rtol=1e-13, atol=1e-14)
    squares = np.square(z - mean[:, None]).sum(axis=1)
    assert np.allclose(good.squares, squares, rtol=1e-12, atol=1e-24)
    assert np.array_equal(good.lows, (z == low[:, None]).sum(axis=1))
    assert np.array_equal(good.highs, (z == high[:, None]).sum(axis=1))
