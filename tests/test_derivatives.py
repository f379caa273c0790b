"""Exact derivatives against mpmath and JAX: every row of facts, and where derivatives go wrong."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from taylored.errors import MissingRule
from taylored.evaluate import ModelFunctions
from taylored.formula import parse
from taylored.model import model_of_expression, model_of_function, trace_model
from taylored.readings.derivative import derivative
from taylored.readings.facts import ELEMENTWISE, Row
from taylored.readings.numpy import compile_numpy
from taylored.testing import ORACLES, check_rule, oracle
from taylored.trace.jaxpr import trace_jax
from taylored.trace.program import Constant
from taylored.trace.tracer import apply, record

# Points where each function and two derivatives are finite; the last line is for the others.
POINTS = {
    "acosh": [1.25, 3.0, 40.0], "asin": [-0.75, 0.1, 0.9], "acos": [-0.75, 0.1, 0.9],
    "atanh": [-0.75, 0.1, 0.9], "erf_inv": [-0.75, 0.1, 0.9], "log1p": [-0.5, 1e-4, 7.0],
    "logistic": [-9.0, 0.1, 3.0], "tanh": [-2.0, 0.1, 3.0], "erf": [-2.0, 0.0, 1.5],
    "sin": [-2.0, 0.0, 11.0], "cos": [-2.0, 0.0, 11.0], "exp": [-9.0, 0.0, 5.0],
    "floor": [-2.5, 0.3, 2.75], "ceil": [-2.5, 0.3, 2.75], "round": [-2.2, 0.3, 2.75],
    "sign": [-2.5, 0.3], "abs": [-2.5, 0.3], "bessel_j0": [-2.0, 0.3, 11.0],
    "bessel_j1": [-2.0, 0.3, 11.0],
    "": [0.3, 1.5, 7.25],
}  # fmt: skip
SECOND = [2.5, 0.75, 1.25]
ROWS = sorted(n for n, row in ELEMENTWISE.items() if row.derivatives and n in ORACLES)


def points_of(name):
    columns = [POINTS.get(name, POINTS[""]), SECOND][: oracle(name).inputs]
    return list(zip(*columns, strict=False))


def first_and_second(function, names, wrt):
    """A function of numbers that gives value, gradient and Hessian by our derivatives."""
    program = record(function, names)
    first, (slopes,) = derivative(program, wrt)
    outputs = [Constant(0.0) if s is None else s for s in slopes]
    second, table = derivative(first.keep(outputs), wrt)
    rows = [Constant(0.0) if t is None else t for row in table for t in row]
    run = compile_numpy(second.keep([*outputs, *rows]))

    def at(*point):
        with np.errstate(all="ignore"):
            values = [float(v) for v in run(*map(np.float64, point))]
        count = len(wrt)
        return values[:count], np.reshape(values[count:], (count, count))

    return at


def by_mpmath(value, point, order):
    with mp.workdps(40):
        exact = tuple(map(mpmath.mpf, point))
        if len(exact) == 1:
            return float(mpmath.diff(value, exact[0], sum(order)))
        return float(mpmath.diff(value, exact, order))


# ---- every row ------------------------------------------------------------------------------


@pytest.mark.every(4)
@pytest.mark.parametrize("name", ROWS)
def test_rows_agree_with_mpmath(name):
    check = check_rule(ELEMENTWISE[name], oracle(name).value, points_of(name), digits=11)
    assert check.ok, check.findings


@pytest.mark.parametrize("name", [n for n in ROWS if n != "digamma"])
def test_second_derivatives_agree_with_mpmath(name):
    count = oracle(name).inputs
    names = [f"x{i}" for i in range(count)]
    at = first_and_second(lambda *v: apply(name, *v), names, range(count))
    for point in points_of(name):
        gradient, hessian = at(*point)
        unit = np.eye(count, dtype=int)
        for i in range(count):
            truth = by_mpmath(oracle(name).value, point, tuple(unit[i]))
            assert gradient[i] == pytest.approx(truth, rel=1e-11, abs=1e-12)
            for j in range(count):
                truth = by_mpmath(oracle(name).value, point, tuple(unit[i] + unit[j]))
                assert hessian[i, j] == pytest.approx(truth, rel=1e-10, abs=1e-10), (i, j, point)


def test_whole_powers():
    for power in (-3, -1, 2, 3, 5, 11):
        at = first_and_second(lambda x, power=power: x**power, ["x"], [0])
        for x in (-1.5, 0.3, 2.0):
            (slope,), ((bend,),) = at(x)
            assert slope == pytest.approx(power * x ** (power - 1), rel=1e-14)
            assert bend == pytest.approx(power * (power - 1) * x ** (power - 2), rel=1e-14)
    for power, bend in ((2, 2.0), (3, 0.0), (1, 0.0), (0, 0.0)):
        (slope,), ((found,),) = first_and_second(lambda x, p=power: 0 * x + x**p, ["x"], [0])(0.0)
        assert (slope, found) == (1.0 if power == 1 else 0.0, bend)


# ---- traps: where a formula for the derivative is 0*inf or 0/0 --------------------------------

# formula, the point, which parameter, first derivative, second derivative (None: does not exist)
TRAPS = [
    ("x^b", {"x": 0.0, "b": 2.5}, "b", 0.0, 0.0),  # 0^b log 0
    ("a*x^b", {"x": 0.0, "a": 2.0, "b": 1.5}, "a", 0.0, 0.0),
    ("(a*x)^b", {"x": 0.0, "a": 2.0, "b": 2.0}, "a", 0.0, 0.0),
    ("a^b", {"a": 0.0, "b": 2.0}, "a", 0.0, 2.0),
    ("a^3", {"a": 0.0}, "a", 0.0, 0.0),
    ("a^2", {"a": 0.0}, "a", 0.0, 2.0),
    ("where(a > 0, sqrt(a), 0)", {"a": 0.0}, "a", 0.0, 0.0),
    ("where(a > 0, sqrt(a), -a)", {"a": -1.0}, "a", -1.0, 0.0),
    ("where(a > 0, a*log(a), 0)", {"a": 0.0}, "a", 0.0, 0.0),
    ("where(x > 0, a*log(x), a)", {"x": 0.0, "a": 3.0}, "a", 1.0, 0.0),
    ("abs(a)^3", {"a": 0.0}, "a", 0.0, 0.0),
    ("abs(a)", {"a": 0.0}, "a", 0.0, None),
    ("sinc(a)", {"a": 0.0}, "a", 0.0, -(np.pi**2) / 3),
    ("softplus(a)", {"a": 0.0}, "a", 0.5, 0.25),
    ("besselj1(a)", {"a": 0.0}, "a", 0.5, 0.0),
    ("besselj0(a)", {"a": 0.0}, "a", 0.0, -0.5),
    ("exp(-a^2)", {"a": 0.0}, "a", 0.0, -2.0),
    ("hypot(a, 3)", {"a": 0.0}, "a", 0.0, 1 / 3),
    ("atan2(a, -1)", {"a": 1.0}, "a", -0.5, 0.5),
    ("exp(a)/(1 + exp(a))", {"a": 0.0}, "a", 0.25, 0.0),
    ("cosh(a)", {"a": 0.0}, "a", 0.0, 1.0),
    ("erf(a)", {"a": 0.0}, "a", 2 / np.sqrt(np.pi), 0.0),
    ("mod(a, 2)*a", {"a": 2.5}, "a", 3.0, 2.0),
    ("cbrt(a)", {"a": 1e-300}, "a", 1e200 / 3, None),
]
NAN = "0 * NaN: the branch of where() that is not taken spoils the derivative"


@pytest.mark.parametrize(
    ("text", "point", "param", "slope", "bend"),
    TRAPS,
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_traps(text, point, param, slope, bend):
    expression = parse(text).model
    model = model_of_expression(expression, [n for n in point if n == "x"])
    at = first_and_second(model.call, model.names, [model.names.index(param)])
    (first,), ((second,),) = at(*(point[n] for n in model.names))
    assert first == pytest.approx(slope, rel=1e-13, abs=1e-15)
    if bend is not None:
        assert second == pytest.approx(bend, rel=1e-13, abs=1e-15)


def test_kinks_take_a_value_between_both_sides():
    for text in ("abs(a)", "max(a, 0)", "min(a, 0)", "relu(a)"):
        expression = parse(text).model
        at = first_and_second(model_of_expression(expression, []).call, ["a"], [0])
        (slope,), _ = at(0.0)
        assert -1.0 <= slope <= 1.0


# ---- whole models through the functions that the solver sees ----------------------------------

X = np.linspace(0.2, 3.0, 9)
MODELS = [
    ("a*exp(-x/b) + c", (2.0, 0.7, 0.3)),
    ("a*x^b/(c + x)", (2.0, 1.7, 0.4)),
    ("a*sin(2*pi*x/b + c)", (2.0, 1.3, 0.3)),
    ("(a + b*x)/(1 + c*x^2)", (2.0, 1.3, 0.3)),
    ("a*erf((x - b)/c)", (2.0, 1.3, 0.8)),
    ("log(1 + exp(a*(x - b)))*c", (1.5, 1.3, 0.8)),
    ("where(x > 1, a*(x - b)^2, c*x)", (1.5, 1.3, 0.8)),
    ("gamma(a + x)*exp(lgamma(b*x)) - c", (1.5, 1.3, 0.8)),
    ("sqrt(a^2 + (b*x)^2)*atan2(c, x)", (1.5, 1.3, 0.8)),
    ("a*logistic(b*x) + tanh(c*x)*log10(x + 2)", (1.5, 1.3, 0.8)),
]


def functions_of(model, theta, free=None):
    traces = trace_model(model, (X,), lambda: theta)
    free = tuple(range(len(theta))) if free is None else free
    return ModelFunctions(traces, (X,), tuple(theta), free, len(X))


def jax_derivatives(text, theta):
    """Jacobian (params, points) and Hessian (params, params, points) by JAX's own rules."""
    scope = {n: getattr(jnp, n) for n in ("exp", "sin", "log", "sqrt", "where", "tanh", "log10")}
    scope |= {"atan2": jnp.arctan2, "pi": jnp.pi, "erf": jax.scipy.special.erf,
              "gamma": jax.scipy.special.gamma, "lgamma": jax.scipy.special.gammaln,
              "logistic": jax.nn.sigmoid}  # fmt: skip
    code = compile(text.replace("^", "**"), "model", "eval")  # our own text, above

    def value(t, x):
        return eval(code, {**scope, "x": x, "a": t[0], "b": t[1], "c": t[2]})

    with jax.enable_x64(True):
        t, x = jnp.asarray(theta), jnp.asarray(X)
        first, second = jax.jacfwd(value), jax.jacfwd(jax.jacfwd(value))
        found = jax.jit(lambda t, x: (first(t, x), second(t, x)))(t, x)
        return np.asarray(found[0]).T, np.moveaxis(np.asarray(found[1]), 0, -1)


def hessian_of(functions, theta):
    count = len(theta)
    whole = np.zeros((count, count, len(X)))
    for j, k, values in functions.second(np.array(theta)):
        whole[j, k] = whole[k, j] = values
    return whole


@pytest.mark.every(2)
@pytest.mark.parametrize(
    ("text", "theta"), [m if k % 3 == 0 else pytest.param(*m, marks=pytest.mark.slow)
                        for k, m in enumerate(MODELS)]
)  # fmt: skip
def test_models_have_the_derivatives_that_jax_gives(text, theta):
    model = model_of_expression(parse(text).model, ["x"])
    order = [model.params.index(n) for n in "abc"]
    placed = [theta["abc".index(n)] for n in model.params]
    functions = functions_of(model, placed)
    jacobian, hessian = jax_derivatives(text, theta)
    value, rows = functions.value_and_jacobian(np.array(placed))
    scale = np.abs(jacobian).max()
    np.testing.assert_allclose(rows[order], jacobian, rtol=1e-11, atol=1e-13 * scale)
    found = hessian_of(functions, placed)[np.ix_(order, order)]
    scale = np.abs(hessian).max()
    np.testing.assert_allclose(found, hessian, rtol=1e-10, atol=1e-12 * scale)
    np.testing.assert_array_equal(value, functions.value(np.array(placed)))


def test_fixed_parameters_have_no_derivative():
    model = model_of_expression(parse("a*exp(-x/b) + c").model, ["x"])
    free = functions_of(model, (2.0, 0.7, 0.3)).value_and_jacobian(np.array([2.0, 0.7, 0.3]))
    some = functions_of(model, (2.0, 0.7, 0.3), (0, 2)).value_and_jacobian(np.array([2.0, 0.3]))
    np.testing.assert_array_equal(some[0], free[0])
    np.testing.assert_array_equal(some[1], free[1][[0, 2]])


# ---- derivatives of programs with loops and custom derivatives, by JAX --------------------------


def scanned(x, a, b):
    end, _ = jax.lax.scan(lambda c, k: (c * b + k * a, None), x, jnp.arange(3.0))
    return end


def iterated(x, a, b):
    return jax.lax.while_loop(lambda s: s[0] < 4, lambda s: (s[0] + 1, s[1] * b + a), (0, x))[1]


def logarithmic(x, a, b):
    return jax.scipy.special.logsumexp(jnp.stack([a * x, b * x]), axis=0)


def matrix(x, a, b):
    return jnp.stack([x, x**2], axis=1) @ jnp.stack([a, b * a]) + jnp.cumsum(b * x) * a


def special(x, a, b):
    return jax.scipy.special.digamma(a * x) * b


def soft(x, a, b):
    return a * jax.nn.softplus(x * b)


def chosen(x, a, b):
    return jax.lax.cond(b > 0, lambda v: a * v * b, lambda v: a / v, x)


LOOPS = [scanned, iterated, logarithmic, matrix, special, chosen]
LOOPS += [soft]


@pytest.mark.parametrize("function", LOOPS, ids=lambda f: f.__name__)
@pytest.mark.every(4)
def test_derivatives_of_loops(function):
    theta = (1.2, 0.8)
    with jax.enable_x64(True):
        program = trace_jax(function, [X.shape, (), ()], ["x", "a", "b"])
        value = lambda t: function(jnp.asarray(X), t[0], t[1])  # noqa: E731
        t = jnp.asarray(theta)
        first = jax.jacfwd(value)
        found = jax.jit(lambda t: (first(t), jax.jacfwd(first)(t)))(t)
    jacobian, hessian = np.asarray(found[0]).T, np.moveaxis(np.asarray(found[1]), 0, -1)
    traces = trace_model(model_of_function(function, ["x"]), (X,), lambda: theta)
    assert traces.how == "jax"
    assert program.names == ("x", "a", "b")
    functions = ModelFunctions(traces, (X,), theta, (0, 1), len(X))
    np.testing.assert_allclose(functions.value_and_jacobian(np.array(theta))[1], jacobian, 1e-11)
    np.testing.assert_allclose(hessian_of(functions, theta), hessian, rtol=1e-10, atol=1e-11)


def test_an_invented_operation_has_no_derivative_until_it_gets_one():
    program = record(lambda x: apply("trigamma", x), ["x"])  # its derivative is not in the table
    with pytest.raises(MissingRule, match="trigamma"):
        derivative(program, [0])
    # the same operation where the parameter does not pass through it
    made, ((slope,),) = derivative(record(lambda x, a: a * apply("trigamma", x), ["x", "a"]), [1])
    assert compile_numpy(made.keep([slope]))(2.0, 3.0)[0] == pytest.approx(np.pi**2 / 6 - 1)


# ---- random formulas ------------------------------------------------------------------------

leaves = st.sampled_from(["a", "b", "x", "1.5", "0.25"])


def grown(inner):
    unary = st.sampled_from([
        "exp(-({0})^2)", "sin({0})", "log(2 + ({0})^2)", "sqrt(1 + ({0})^2)",
        "atan({0})", "tanh({0})", "({0})^2", "erf({0})", "-({0})",
    ])  # fmt: skip
    binary = st.sampled_from(["({0}) + ({1})", "({0}) - ({1})", "({0})*({1})",
                              "({0})/(2 + ({1})^2)", "(1 + ({0})^2)^({1})"])  # fmt: skip
    return st.builds(lambda f, u: f.format(u), unary, inner) | st.builds(
        lambda f, u, v: f.format(u, v), binary, inner, inner
    )


@given(st.recursive(leaves, grown, max_leaves=6))
@settings(max_examples=25)
def test_random_formulas_against_mpmath(text):
    names = ["x", "a", "b"]
    expression = parse(f"{text} + 0*(a + b + x)").model
    at = first_and_second(lambda x, a, b: _evaluate(expression, x=x, a=a, b=b), names, [1, 2])
    scope = {n: getattr(mpmath, n) for n in ("exp", "sin", "log", "sqrt", "atan", "tanh", "erf")}
    code = compile(text.replace("^", "**"), "formula", "eval")  # our own text, from above

    def value(a, b):
        exact = {"x": mpmath.mpf(0.6), "a": a, "b": b}
        return mpmath.mpf(eval(code, {**scope, **exact}))

    gradient, hessian = at(0.6, 0.7, -0.4)
    for i, order in enumerate([(1, 0), (0, 1)]):
        truth = by_mpmath(value, (0.7, -0.4), order)
        assert gradient[i] == pytest.approx(truth, rel=1e-9, abs=1e-9)
    for (i, j), order in {(0, 0): (2, 0), (0, 1): (1, 1), (1, 1): (0, 2)}.items():
        truth = by_mpmath(value, (0.7, -0.4), order)
        assert hessian[i, j] == pytest.approx(truth, rel=1e-8, abs=1e-8)


def _evaluate(expression, **values):
    from taylored.trace.tracer import OPS

    return expression.evaluate(values, OPS)


# ---- check_rule itself ----------------------------------------------------------------------

GAUSS = "taylored.readings.kernels:rsqrt"  # any function of one number will do: 1/sqrt(x)


def test_check_rule_accepts_a_right_row_and_names_what_is_wrong():
    truth = lambda x: 1 / mpmath.sqrt(x)  # noqa: E731
    right = Row(GAUSS, "jax.lax:rsqrt", lambda x, y: (-0.5 * y / x,))
    check = check_rule(right, truth, [0.25, 3.0])
    assert check.ok
    assert set(check.digits) == {"numpy", "jax", "derivative 0"}
    assert min(check.digits.values()) > 14
    for row, part in [
        (Row("numpy:sqrt", "jax.lax:rsqrt", lambda x, y: (-0.5 * y / x,)), "numpy"),
        (Row(GAUSS, "jax.numpy:sqrt", lambda x, y: (-0.5 * y / x,)), "jax"),
        (Row(GAUSS, "jax.lax:rsqrt", lambda x, y: (-0.5 / x,)), "derivative 0"),
        (Row(GAUSS, "jax.lax:rsqrt", lambda x, y: (None,)), "derivative 0"),
    ]:
        found = check_rule(row, truth, [0.25, 3.0])
        assert not found.ok
        assert part in [f.name for f in found.findings]
        assert found.digits[part] < 2


def test_check_rule_of_an_invented_function_of_two_numbers(monkeypatch):
    """As a contributor would: a new row, checked before it is registered, then used."""
    row = Row("scipy.special:xlog1py", "jax.scipy.special:xlog1py",
              lambda x, y, z: (apply("log1p", y), x / (1.0 + y)))  # fmt: skip
    truth = lambda x, y: x * mpmath.log1p(y)  # noqa: E731
    points = [(0.5, 0.25), (3.0, 1e-9), (-2.0, 7.0)]
    assert check_rule(row, truth, points).ok
    swapped = Row(row.numpy, row.jax, lambda x, y, z: (x / (1.0 + y), apply("log1p", y)))
    found = check_rule(swapped, truth, points)
    assert {f.name for f in found.findings} == {"derivative 0", "derivative 1"}
    short = Row(row.numpy, row.jax, lambda x, y, z: (apply("log1p", y),))
    with pytest.raises(ValueError, match="1 derivatives for 2 inputs"):
        check_rule(short, truth, points)
    assert row.derivatives(2.0, 1.0, 0.0)[1] == 1.0
    assert scipy.special.xlog1py(2.0, 0.0) == 0.0


def test_check_rule_counts_nan_as_no_digits():
    row = Row("numpy:log", "jax.numpy:log", lambda x, y: ((y - y) / (x - x),))
    found = check_rule(row, mpmath.log, [2.0])
    assert found.digits["derivative 0"] == 0.0
    assert found.digits["numpy"] > 15
