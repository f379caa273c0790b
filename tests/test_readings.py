"""Each way to run a program against another: NumPy, XLA, doubled precision, and mpmath."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from taylored import formula
from taylored.optimize.linear import solve_doubled
from taylored.readings import doubled
from taylored.readings.doubled import compile_doubled
from taylored.readings.facts import ELEMENTWISE, resolve
from taylored.readings.numpy import compile_numpy
from taylored.readings.xla import compile_xla, jax_function
from taylored.testing import oracle
from taylored.trace.jaxpr import trace_jax
from taylored.trace.tracer import OPS, record

# Points inside the domain of each function; elsewhere these of the last line are taken.
POINTS = {
    "acosh": [1.25, 3.0, 40.0], "asin": [-0.75, 0.1, 0.9], "acos": [-0.75, 0.1, 0.9],
    "atanh": [-0.75, 0.1, 0.9], "erf_inv": [-0.75, 0.1, 0.9], "log1p": [-0.5, 1e-8, 7.0],
    "sin": [-2.0, 1e-7, 11.0], "cos": [-2.0, 0.3, 11.0], "tan": [-1.2, 0.3, 4.0],
    "sinh": [-2.0, 1e-7, 9.0], "tanh": [-2.0, 1e-7, 9.0], "exp": [-30.0, 1e-7, 20.0],
    "expm1": [-3.0, 1e-9, 20.0], "cbrt": [-2.0, 0.3, 1e6], "floor": [-2.5, 0.3, 3.0],
    "ceil": [-2.5, 0.3, 3.0], "round": [-2.5, 0.5, 1.5], "sign": [-2.5, 0.0, 3.0],
    "abs": [-2.5, 0.0, 3.0], "erf": [-2.0, 1e-9, 3.0], "erfc": [-2.0, 0.3, 9.0],
    "logistic": [-30.0, 0.1, 3.0], "neg": [-2.5, 0.0, 3.0],
    "": [0.3, 1.5, 7.25],
}  # fmt: skip
SECOND = [2.5, 0.75, -1.25]
# Relative errors in units in the last place; functions not named: 4 (NumPy's own claim).
ULPS = {"lgamma": 40, "digamma": 40, "trigamma": 200, "gamma": 40, "erf_inv": 40, "tan": 8,
        "bessel_j0": 100, "bessel_j1": 100, "erfc": 60, "pow": 8}  # fmt: skip
JAX_ULPS = {**ULPS, "trigamma": 4000, "digamma": 400, "gamma": 400, "lgamma": 400,
            "bessel_j0": 4e9, "bessel_j1": 4e9, "erfc": 400, "erf_inv": 400, "acosh": 40,
            "asinh": 40, "atanh": 40, "sinh": 40, "cosh": 40, "pow": 40}  # fmt: skip
CONDITIONS = {"and", "or", "not", "lt", "le", "gt", "ge", "eq", "ne"}
NUMERIC = sorted(set(ELEMENTWISE) - CONDITIONS - {"integer_pow", "select_n"})


def arguments(name, count):
    first = POINTS.get(name, POINTS[""])
    return [np.array(first), np.array([abs(v) for v in SECOND] if name == "xlogy" else SECOND)][
        :count
    ]


def inputs_of(name):
    return oracle(name).inputs


def exact(name, *point):
    """The value in 40 digits, rounded to float64."""
    with mp.workdps(40):
        return float(oracle(name).value(*map(mpmath.mpf, point)))


def assert_close(found, expected, ulps):
    expected = np.asarray(expected, float)
    tolerance = ulps * np.spacing(np.abs(expected)) + 1e-300
    assert (np.abs(np.asarray(found, float) - expected) <= tolerance).all(), (found, expected)


@pytest.mark.parametrize("name", NUMERIC)
@pytest.mark.every(2)
def test_numpy_and_xla_give_the_value(name):
    columns = arguments(name, inputs_of(name))
    expected = [exact(name, *point) for point in zip(*columns, strict=True)]
    with np.errstate(all="raise", under="ignore"):
        assert_close(resolve(ELEMENTWISE[name].numpy)(*columns), expected, ULPS.get(name, 4))
    with jax.enable_x64(True):
        found = jax.jit(jax_function(name))(*columns)
    assert_close(found, expected, JAX_ULPS.get(name, 8))


@pytest.mark.parametrize("power", [-3, -1, 2, 3, 7, 20])
def test_whole_powers(power):
    program = record(lambda x: x**power, ["x"])
    x = np.array([-1.7, 0.3, 12.0])
    expected = [float(mpmath.mpf(v) ** power) for v in x]
    assert_close(compile_numpy(program)(x)[0], expected, 8)
    assert_close(compile_xla(program)(x)[0], expected, 12)
    assert record(lambda x: x**0 + x**1, ["x"]).equations[0].primitive == "add"


def truth_table(op, *values):
    return {"and": all, "or": any, "not": lambda v: not v[0]}[op](values)


@pytest.mark.parametrize("op", ["lt", "le", "gt", "ge", "eq", "ne"])
def test_comparisons(op):
    import operator

    a, b = np.array([1.0, 2.0, 3.0, -0.0, np.inf]), np.array([2.0, 2.0, 1.0, 0.0, np.inf])
    expected = [getattr(operator, op)(u, v) for u, v in zip(a.tolist(), b.tolist(), strict=True)]
    program = record(lambda x, y: OPS["where"](OPS[op](x, y), 1.0, 0.0), ["x", "y"])
    for run in (compile_numpy, compile_xla):
        assert run(program)(a, b)[0].tolist() == expected
    assert compile_doubled(program)(a, b)[0][0].tolist() == expected


@pytest.mark.parametrize("op", ["and", "or", "not"])
def test_conditions(op):
    cases = [(p, q) for p in (0.0, 1.0) for q in (0.0, 1.0)]
    count = 1 if op == "not" else 2

    def model(x, y):
        tests = [OPS["gt"](v, 0.5) for v in (x, y)][:count]
        return OPS["where"](OPS[op](*tests), 1.0, 0.0)

    expected = [float(truth_table(op, *(v > 0.5 for v in case[:count]))) for case in cases]
    columns = np.array(cases).T
    program = record(model, ["x", "y"])
    for run in (compile_numpy, compile_xla):
        assert run(program)(*columns)[0].tolist() == expected


# value of each operation of formulas that is not a row of its own, in mpmath
FORMULA_OPERATIONS = {
    "where": lambda c, x, y: x if c else y,
    "hypot": mpmath.hypot,
    "mod": lambda x, y: x - y * mpmath.floor(x / y),
    "heaviside": lambda x, h: h if x == 0 else mpmath.mpf(x > 0),
    "sinc": lambda x: mpmath.mpf(1) if x == 0 else mpmath.sin(mp.pi * x) / (mp.pi * x),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "besselj0": lambda x: mpmath.besselj(0, x),
    "besselj1": lambda x: mpmath.besselj(1, x),
    "erfinv": mpmath.erfinv,
}
SPOTS = {"acosh": [1.25, 40.0], "erfinv": [-0.75, 0.3], "asin": [-0.75, 0.3], "acos": [-0.75, 0.3],
         "atanh": [-0.75, 0.3], "sinc": [-1.3, 0.0, 0.25], "heaviside": [-1.0, 0.0, 1.0],
         "softplus": [-800.0, -1.0, 0.0, 3.0, 800.0], "sigmoid": [-5.0, 0.0, 3.0],
         "relu": [-5.0, 0.0, 3.0], "mod": [-7.25, 7.25]}  # fmt: skip


@pytest.mark.parametrize("op", sorted(formula.OPS - CONDITIONS))
def test_every_operation_of_formulas_is_evaluated(op):
    truth = FORMULA_OPERATIONS.get(op) or oracle(op).value
    count = 1 if op not in FORMULA_OPERATIONS else truth.__code__.co_argcount
    if op in ELEMENTWISE and op not in FORMULA_OPERATIONS:
        count = inputs_of(op)
    if op == "hypot":
        count = 2
    for spot in SPOTS.get(op, [0.3, 2.75]):
        point = [1.0, 2.0, 5.0] if op == "where" else [spot, 1.5][:count]
        names = [f"x{i}" for i in range(len(point))]
        condition = op == "where"

        def model(*v, condition=condition):
            head = (OPS["gt"](v[0], 0.5),) if condition else (v[0],)
            return OPS[op](*head, *v[1:])

        with mp.workdps(40):
            expected = float(truth(*map(mpmath.mpf, point)))
        program = record(model, names)
        with np.errstate(all="ignore"):
            found = compile_numpy(program)(*map(np.float64, point))[0]
        assert_close(found, expected, 40)


OF_ONE = sorted(n for n, f in formula.FUNCTIONS.items() if f.least == 1)


@pytest.mark.parametrize(
    "name",
    OF_ONE,
)
def test_functions_of_constants_are_computed_beforehand(name):
    expression = formula.parse(f"{name}({'1.5' if 'cosh' in name else '0.5'})*x").model
    program = record(lambda x: expression.evaluate({"x": x}, OPS), ["x"])
    assert len(program.equations) <= 1
    at_run_time = formula.parse(f"{name}(x)").model
    x = 1.5 if "cosh" in name else 0.5
    program_of_x = record(lambda x: at_run_time.evaluate({"x": x}, OPS), ["x"])
    expected = compile_numpy(program_of_x)(np.float64(x))[0]
    assert_close(compile_numpy(program)(np.float64(1.0))[0], expected, 4)


# ---- XLA against NumPy on whole programs ----------------------------------------------------

PROGRAMS = [
    lambda x, a, b: a * np.exp(-x / b) + np.log1p(x * x),
    lambda x, a, b: np.where(x > a, a * x, b) ** 2 - np.sqrt(x),
    lambda x, a, b: a * np.arctan2(x, b) + np.tanh(x) * np.maximum(a, x),
    lambda x, a, b: (a + b * x) / (1 + a * x + b * x**2),
    lambda x, a, b: a * np.sin(2 * np.pi * x / b) ** 3,
]


@pytest.mark.parametrize("function", PROGRAMS)
def test_xla_gives_what_numpy_gives(function):
    x = np.linspace(0.1, 4.0, 37)
    program = record(function, ["x", "a", "b"])
    first, second = compile_numpy(program)(x, 1.5, 0.8)[0], compile_xla(program)(x, 1.5, 0.8)[0]
    scale = np.abs(first).max()
    assert second.dtype == np.float64
    np.testing.assert_allclose(second, first, rtol=0, atol=2e-14 * scale)
    np.testing.assert_allclose(first, function(x, 1.5, 0.8), rtol=0, atol=4e-15 * scale)


def test_xla_compiles_equal_programs_once():
    made = [record(lambda x, a: a * np.cos(x), ["x", "a"]) for _ in range(2)]
    assert compile_xla(made[0]) is compile_xla(made[1])
    assert compile_xla(record(lambda x, a: a * np.sin(x), ["x", "a"])) is not compile_xla(made[0])


STRUCTURE = {
    "slice": lambda v: v[2:9:3],
    "index": lambda v: v[4],
    "reshape": lambda v: v.reshape(3, 4).T.reshape(-1),
    "rev": lambda v: v[::-1],
    "reduce": lambda v: jnp.stack([v.sum(), v.max(), v.min(), jnp.prod(v)]),
    "axes": lambda v: v.reshape(3, 4).sum(axis=1),
    "logical": lambda v: jnp.where(jnp.all(v > 0), v, -v) + jnp.any(v > 5),
    "cumulative": lambda v: jnp.cumsum(v) + jnp.cumprod(v / 3) + jax.lax.cummax(v),
    "backwards": lambda v: jax.lax.cumsum(v, reverse=True) - jax.lax.cummin(v, reverse=True),
    "matmul": lambda v: v.reshape(3, 4) @ v[:4],
    "batched": lambda v: jnp.einsum("bij,bjk->bik", v.reshape(2, 2, 3), v.reshape(2, 3, 2)),
    "concatenate": lambda v: jnp.concatenate([v[3:], v[:3] * 2]),
    "expand": lambda v: v[:, None] * v[None, :3],
    "convert": lambda v: v.astype(jnp.int32) + (v > 1).astype(jnp.float64),
    "clamp": lambda v: jnp.clip(v, 0.5, 2.0) + jax.lax.clamp(0.1, v, 1.0),
    "arange": lambda v: v + jnp.arange(12) ** 2,
    "dynamic": lambda v: jax.lax.dynamic_slice(v, (jnp.int32(v[0] * 0 + 11),), (3,)),
    "split": lambda v: jnp.split(v, 3)[1],
    "integers": lambda v: jnp.rint(v).astype(jnp.int32) // 2 * v,
    "remainder": lambda v: jax.lax.rem(v, 0.7) + v % 0.7,
    "finite": lambda v: jnp.where(jnp.isfinite(1 / (v - v)), 1.0, v),
    "square": lambda v: jnp.square(v) + jax.lax.stop_gradient(v),
    "rsqrt": jax.lax.rsqrt,
    "matrix": lambda v: jnp.outer(v, v)[1] @ jnp.outer(v, v),
}


@pytest.mark.parametrize("name", list(STRUCTURE))
@pytest.mark.every(4)
def test_shapes_and_reductions_are_those_of_jax(name):
    v = np.linspace(0.25, 3.0, 12)
    with jax.enable_x64(True), np.errstate(all="ignore"):
        expected = np.asarray(STRUCTURE[name](jnp.asarray(v)))
        program = trace_jax(STRUCTURE[name], [(12,)], ["v"])
    with np.errstate(all="ignore"):
        found = compile_numpy(program)(v)[0]
    assert np.shape(found) == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    np.testing.assert_allclose(compile_xla(program)(v)[0], expected, rtol=1e-14)


# ---- doubled precision ----------------------------------------------------------------------

ARITHMETIC = {
    "a*x + b": lambda x, a, b: a * x + b,
    "sum": lambda x, a, b: ((x + a) - x) * b,
    "polynomial": lambda x, a, b: ((a * x - b) * x + a) * x**7 - b,
    "quotient": lambda x, a, b: (a + b * x) / (1 - b * x + a * x**2),
    "root": lambda x, a, b: (x * x + a**2) ** 0.5 * b,
    "powers": lambda x, a, b: x**-3 + a**11 - b**2,
    "choice": lambda x, a, b: abs(x - a * 5) - b,
}
LONG_DOUBLE = np.finfo(np.longdouble).nmant > 52


def digits_of(pair, truth):
    found = mpmath.mpf(float(pair[0])) + mpmath.mpf(float(pair[1]))
    error = abs(found - truth)
    return 99 if error == 0 else float(-mpmath.log10(error / abs(truth)))


@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic_in_doubled_precision_has_thirty_digits(name):
    function = ARITHMETIC[name]
    run = compile_doubled(record(function, ["x", "a", "b"]))
    with mp.workdps(60):
        for x, a, b in [(0.1, 0.7, 1.3), (3.7, -1e3, 1e-3), (1e8 + 0.5, 0.1, 0.2)]:
            truth = function(mpmath.mpf(x), mpmath.mpf(a), mpmath.mpf(b))
            loss = 20 if name == "sum" and x > 1e3 else 0
            assert digits_of(run(x, a, b)[0], truth) >= 30 - loss / 2, (x, a, b)


@pytest.mark.skipif(not LONG_DOUBLE, reason="the machine has no long double")
@pytest.mark.parametrize("name", ["exp", "log", "sin", "atan", "tanh", "pow", "log1p", "expm1"])
def test_functions_in_doubled_precision_have_eighteen_digits(name):
    count = inputs_of(name)
    run = compile_doubled(record(lambda *v: OPS[name](*v), [f"x{i}" for i in range(count)]))
    with mp.workdps(40):
        for point in zip(*arguments(name, count), strict=True):
            truth = oracle(name).value(*map(mpmath.mpf, point))
            assert digits_of(run(*point)[0], truth) >= 18


number = st.floats(-1e6, 1e6).filter(lambda v: v == 0 or abs(v) > 1e-6)


@given(number, number, number, number)
def test_pairs_are_exact_to_thirty_digits(a, b, c, d):
    with mp.workdps(80):
        x, y = doubled.two_sum(a, b * 1e-20), doubled.two_sum(c, d * 1e-20)
        u, v = mpmath.mpf(a) + mpmath.mpf(b * 1e-20), mpmath.mpf(c) + mpmath.mpf(d * 1e-20)
        size = abs(u) + abs(v)
        whole = lambda pair: mpmath.mpf(float(pair[0])) + mpmath.mpf(float(pair[1]))  # noqa: E731
        assert abs(whole(doubled.add(x, y)) - (u + v)) <= size * mpmath.mpf(10) ** -31
        assert abs(whole(doubled.subtract(x, y)) - (u - v)) <= size * mpmath.mpf(10) ** -31
        assert abs(whole(doubled.multiply(x, y)) - u * v) <= abs(u * v) * mpmath.mpf(10) ** -30
        if v != 0:
            x, y = (tuple(map(np.float64, p)) for p in (x, y))
            assert abs(whole(doubled.divide(x, y)) * v - u) <= abs(u) * mpmath.mpf(10) ** -30


def test_totals_keep_what_cancels():
    values = np.array([1e16, 1.0, -1e16, 1e-5, 3.0, -1.0, 2.0**-60])
    high, low = doubled.total((values, np.zeros(7)))
    with mp.workdps(60):
        truth = sum(map(mpmath.mpf, values))
        assert digits_of((high, low), truth) >= 15
    assert doubled.total((np.array([4.0]), np.array([1e-17])))[1] == 1e-17


def test_linear_systems_are_solved_to_the_last_digit():
    # Powers of x up to 1e-13 of dependence: the rational solution is the oracle.
    import flint

    x = [flint.fmpq(k, 8) for k in range(100, 112)]
    y = [flint.fmpq(((7 * k * k) % 31) - 15, 16) for k in range(12)]
    rows = flint.fmpq_mat([[v**p for p in range(5)] for v in x])
    right = flint.fmpq_mat([[v] for v in y])
    truth = (rows.transpose() * rows).solve(rows.transpose() * right)
    columns = []
    for p in range(5):
        powers = [v**p for v in x]
        high = np.array([float(int(v.p)) / float(int(v.q)) for v in powers])
        columns.append((high, np.zeros(12)))
    target = np.array([float(int(v.p)) / float(int(v.q)) for v in y])
    found = solve_doubled(columns, (target, np.zeros(12)))
    expected = np.array([_quotient(truth[i, 0]) for i in range(5)])
    np.testing.assert_allclose(found.theta, expected, rtol=1e-15)
    inverse = (rows.transpose() * rows).inv()
    covariance = np.array([[_quotient(inverse[i, j]) for j in range(5)] for i in range(5)])
    np.testing.assert_allclose(found.inverse @ found.inverse.T, covariance, rtol=1e-14)
    residuals = right - rows * truth
    np.testing.assert_allclose(
        found.residuals, [_quotient(residuals[i, 0]) for i in range(12)], rtol=1e-13
    )


def _quotient(q):
    return float(mpmath.mpf(int(q.p)) / mpmath.mpf(int(q.q)))


def test_dependent_columns_are_noticed():
    one, x = np.ones(6), np.arange(6.0)
    pairs = [(one, 0 * one), (x, 0 * one), (2 * x + 1, 0 * one)]
    assert solve_doubled(pairs, (x, 0 * one)).independent < 1e-30
    assert solve_doubled(pairs[:2], (x, 0 * one)).independent > 0.3
