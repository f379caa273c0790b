"""Programs: equal however the model is written; what is cached; what cannot be traced."""

from __future__ import annotations

import functools
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

import taylored as ty
from taylored.errors import ModelError
from taylored.formula import parse
from taylored.model import model_of_expression, model_of_function, trace_model
from taylored.readings.numpy import compile_numpy
from taylored.trace.cache import LeastRecentlyUsed, function_key
from taylored.trace.jaxpr import trace_jax
from taylored.trace.program import Builder, Constant
from taylored.trace.rules import RuleTable
from taylored.trace.tracer import Untraceable, record

X = np.linspace(0.2, 3.0, 11)
A, B = 1.75, 0.6
NAMES = ["x", "a", "b"]

# formula; the same with NumPy; the same with JAX
WRITTEN_THRICE = [
    ("a*exp(-b*x)", lambda x, a, b: a * np.exp(-b * x), lambda x, a, b: a * jnp.exp(-b * x)),
    ("a*x^3 - b/x", lambda x, a, b: a * x**3 - b / x, lambda x, a, b: a * x**3 - b / x),
    ("a*x^b", lambda x, a, b: a * x**b, lambda x, a, b: a * jnp.power(x, b)),
    ("a^2 + sqrt(b*x)", lambda x, a, b: a**2 + np.sqrt(b * x),
     lambda x, a, b: a**2 + jnp.sqrt(b * x)),
    ("where(x > 1, a, b*x)", lambda x, a, b: np.where(x > 1, a, b * x),
     lambda x, a, b: jnp.where(x > 1, a, b * x)),
    ("min(a, x) + max(b, x)", lambda x, a, b: np.minimum(a, x) + np.maximum(b, x),
     lambda x, a, b: jnp.minimum(a, x) + jnp.maximum(b, x)),
    ("a*atan2(x, b) + hypot(x, a)", lambda x, a, b: a * np.arctan2(x, b) + np.hypot(x, a),
     lambda x, a, b: a * jnp.arctan2(x, b) + jnp.hypot(x, a)),
    ("a*erf(x/b) + lgamma(x)", lambda x, a, b: a * scipy.special.erf(x / b)
     + scipy.special.gammaln(x),
     lambda x, a, b: a * jax.scipy.special.erf(x / b) + jax.scipy.special.gammaln(x)),
    ("-abs(b - x) % a", lambda x, a, b: -np.abs(b - x) % a, lambda x, a, b: -jnp.abs(b - x) % a),
    ("a*(x > b) + (x <= 1)*b", lambda x, a, b: a * (x > b) + (x <= 1) * b,
     lambda x, a, b: a * (x > b) + (x <= 1) * b),
    ("a*exp(1) + b*pi*x", lambda x, a, b: a * np.exp(1.0) + b * np.pi * x,
     lambda x, a, b: a * jnp.exp(1.0) + b * jnp.pi * x),
    ("a*min(max(x, 0.5), 2) + b", lambda x, a, b: a * np.clip(x, 0.5, 2.0) + b,
     lambda x, a, b: a * jnp.clip(x, 0.5, 2.0) + b),
]  # fmt: skip


def of_formula(text):
    return record(model_of_expression(parse(text).model, ["x"]).call, _order(text))


def _order(text):
    return model_of_expression(parse(text).model, ["x"]).names


def run(program, **values):
    return np.broadcast_to(compile_numpy(program)(*(values[n] for n in program.names))[0], X.shape)


@pytest.mark.parametrize(("text", "with_numpy", "with_jax"), WRITTEN_THRICE)
def test_one_function_however_it_is_written(text, with_numpy, with_jax):
    values = {"x": X, "a": A, "b": B}
    expected = with_numpy(X, A, B)  # NumPy itself, on plain arrays
    programs = [
        of_formula(text), record(with_numpy, NAMES), trace_jax(with_jax, [X.shape, (), ()], NAMES)
    ]  # fmt: skip
    for program in programs:
        np.testing.assert_allclose(run(program, **values), expected, rtol=4e-15, atol=1e-15)


# ---- what a program holds -------------------------------------------------------------------


def primitives(program):
    return [e.primitive for e in program.equations]


def test_equal_parts_are_computed_once():
    assert primitives(of_formula("a*exp(-x/b) + x*exp(-x/b)")).count("exp") == 1
    assert primitives(of_formula("(a + x)*(a + x) - (a + x)")).count("add") == 1
    twice = trace_jax(lambda x, a: jnp.sin(x * a) + a * jnp.sin(x * a), [(3,), ()], ["x", "a"])
    assert primitives(twice).count("sin") == 1


def test_different_parts_are_not_taken_for_equal():
    # equal as numbers, but 1/0.0 and 1/-0.0 are not, nor True and 1
    program = record(lambda x: np.copysign(1.0, 1.0) * (x / 0.0) - x / -0.0, ["x"])
    with np.errstate(divide="ignore"):
        assert compile_numpy(program)(1.0) == [np.inf]
    assert Constant(1) != Constant(True)
    assert Constant(0.0) != Constant(-0.0)
    assert Constant(np.zeros(2)) != Constant(np.zeros((2, 1)))
    assert Constant(np.ones(2)) == Constant(np.ones(2))
    two = trace_jax(lambda x: x[:2].sum() - x[1:].sum(), [(3,)], ["x"])
    assert compile_numpy(two)(np.array([1.0, 2.0, 5.0])) == [-4.0]


def test_what_is_not_needed_is_left_out():
    def wasteful(x, a):
        np.exp(x * a)
        return x + a

    assert primitives(record(wasteful, ["x", "a"])) == ["add"]


def test_constants_are_computed_when_the_program_is_made():
    program = of_formula("a*x*sqrt(2)*exp(1)*gamma(5) + b*erf(0.5)*hypot(3, 4)")
    assert {"sqrt", "exp", "gamma", "erf", "hypot"}.isdisjoint(primitives(program))
    values = {"x": X, "a": A, "b": B}
    expected = A * X * 2**0.5 * np.e * 24 + B * 0.5204998778130465 * 5  # erf(1/2): DLMF 7
    np.testing.assert_allclose(run(program, **values), expected, rtol=4e-15)


def test_keys_tell_programs_apart():
    key = of_formula("a*exp(-b*x)").key()
    assert key == of_formula("a*exp(-b*x)").key()
    assert hash(key) == hash(of_formula("a*exp(-b*x)").key())
    assert key != of_formula("a*exp(-x*b)").key() != of_formula("a*exp(b*x)").key()
    assert of_formula("a*x + 1").key() != of_formula("a*x + 2").key()


def test_builder_and_tables_refuse_a_second_rule():
    table = RuleTable("test")
    table.family(["one", "two"], lambda e: e)
    with pytest.raises(ValueError, match="two has a rule already"):
        table.register("two")(lambda e: e)
    assert list(table) == ["one", "two"]
    assert "two" in table
    assert "three" not in table
    assert Builder(["x"]).emit("sin", [0]) == (1,)


# ---- when two functions are the same --------------------------------------------------------


def with_closure(k):
    return lambda x, a: a * x * k


def with_default(k):
    def model(x, a, *, power=k):
        return a * x**power

    return model


SCALE = 2.0
SWITCH = types.SimpleNamespace(value=1.0)


def reads_a_global(x, a):
    return a * x * SCALE


def calls_a_function(x, a):
    return reads_a_global(x, a) + 1.0


def test_a_function_made_anew_is_the_same():
    for make in (with_closure, with_default):
        assert function_key(make(2.0)) == function_key(make(2.0)) is not None
        assert len({function_key(make(k)) for k in (2.0, 3.0, -0.0, 0.0, 1, 1.0, True)}) == 7
    assert function_key(with_closure("s")) != function_key(with_closure(b"s"))
    array = np.arange(3.0)
    before = function_key(with_closure(array))
    assert before == function_key(with_closure(np.arange(3.0)))
    array[1] = 7.0  # the same object, but another function now
    assert function_key(with_closure(array)) != before
    inner = with_closure(with_closure(1.0))
    assert function_key(inner) == function_key(with_closure(with_closure(1.0)))
    assert function_key(inner) != function_key(with_closure(with_closure(2.0)))


@pytest.mark.parametrize("function", [reads_a_global, calls_a_function])
def test_globals_are_part_of_a_function(function, monkeypatch):
    before = function_key(function)
    assert before is not None
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    assert function_key(function) != before
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    assert function_key(function) == before


class Callable1:
    def __call__(self, x, a):
        return a * x


@pytest.mark.parametrize(
    "function",
    [
        lambda x, a: a * x * SWITCH.value,
        with_closure([1.0]),
        with_closure({"k": 1.0}),
        with_closure(np.zeros(1000)),  # too large to be compared every time
        Callable1(),
        functools.partial(with_closure(2.0), a=1.0),
        [].append,
    ],
)
def test_what_may_change_unseen_has_no_key(function):
    assert function_key(function) is None


class Config:
    k = 1.0


@pytest.mark.parametrize("where", ["class", "module"])
def test_values_kept_in_a_class_or_a_module_are_not_remembered(where, monkeypatch):
    module = types.ModuleType("settings_of_the_user")
    module.k = 1.0
    monkeypatch.setitem(globals(), "SETTINGS", module if where == "module" else Config)
    x, y = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])

    def model(x, a):
        return a * x * SETTINGS.k  # noqa: F821

    assert ty.fit(model, x, y).params["a"] == pytest.approx(2.0)
    monkeypatch.setattr(SETTINGS, "k", 2.0)  # noqa: F821
    assert ty.fit(model, x, y).params["a"] == pytest.approx(1.0)


def test_a_changed_function_is_traced_anew():
    x = np.array([1.0, 2.0, 3.0])
    for k in (1.0, 2.0, 4.0, 1.0):
        fit = ty.fit(lambda x, a, k=k: a * x * k, x, 8.0 * x, fixed={"k": k})
        assert fit.params["a"] == pytest.approx(8.0 / k)
        assert ty.fit(with_closure(k), x, 8.0 * x).params["a"] == pytest.approx(8.0 / k)


def counted(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


def test_decorated_functions_keep_their_own_parameters():
    first = model_of_function(counted(lambda x, a, b: a + b * x), ["x"])
    second = model_of_function(counted(lambda x, c, d, e: c + d * x + e), ["x"])
    assert (first.params, second.params) == (("a", "b"), ("c", "d", "e"))


def test_a_default_that_is_no_number_is_left_alone():
    def model(x, a, b=2.0, *, weights=(), table=[1.0, 2.0]):  # noqa: B006
        return a + b * x * table[0]

    def listed(x, a, powers=[1, 2]):  # noqa: B006
        return a * x

    assert model_of_function(model, ["x"]).defaults == {"b": 2.0}
    assert model_of_function(listed, ["x"]).params == ("a", "powers")


def test_forgetting_the_least_recently_used():
    cache, made = LeastRecentlyUsed(2), []
    for key in ("a", "b", "a", "c", "a", "b", None, None):
        cache.find(key, lambda key=key: made.append(key))
    assert made == ["a", "b", "c", "b", None, None]  # b was the oldest when c came


# ---- what cannot be traced ------------------------------------------------------------------


def branches_on_parameter(x, a, b):
    return a * x if b > 0 else a / x


def branches_on_data(x, a, b):
    return a + b * x if x.max() > 1 else a - b * x


def loops_over_data(x, a, b):
    total = np.zeros(len(x))
    for i in range(len(x)):
        total[i] = 2.0 * x[i]
    return a + b * total


@pytest.mark.parametrize("function", [
    branches_on_parameter,
    lambda x, a, b: x.sum() * a,
    lambda x, a, b: a * x[0],
    lambda x, a, b: np.add(a, b, out=np.zeros(3)),
    lambda x, a, b: np.interp(x, [0.0, 1.0], [a, b]),
    lambda x, a, b: float(a) * x,
    lambda x, a, b: 1j * a,
])  # fmt: skip
def test_recording_refuses_what_it_cannot_hold(function):
    with pytest.raises(Untraceable):
        record(function, NAMES)


def traces_of(function, start=(1.0, 1.0)):
    return trace_model(model_of_function(function, ["x"]), (X,), lambda: start)


@pytest.mark.parametrize("function", [branches_on_data, loops_over_data])
def test_functions_that_look_at_the_data_are_traced_on_these_data(function):
    traces = traces_of(function)
    assert traces.uses_data
    assert traces.program is not None
    fit = ty.fit(function, X, 3.0 + 0.5 * X)
    assert [f.name for f in fit.warnings if f.name == "differences"] == []
    slope = 0.25 if function is loops_over_data else 0.5
    assert fit.params == pytest.approx({"a": 3.0, "b": slope}, rel=1e-13)
    # other data of the same shape must not meet the program of these
    assert ty.fit(function, X + 1, 3.0 + 0.5 * X).params["b"] == pytest.approx(slope, rel=1e-13)
    assert ty.fit(function, X / 4, X).params["b"] == pytest.approx(
        -4.0 if function is branches_on_data else 2.0, rel=1e-12
    )


def by_scipy(x, a, b):
    return a * scipy.special.ndtr(x / b)


def test_what_cannot_be_traced_is_fitted_by_differences():
    y = 2.0 * scipy.special.ndtr(X / 0.7)
    fit = ty.fit(by_scipy, X, y, start={"a": 1.0, "b": 1.0})
    assert fit.setup.traces.how == "differences"
    assert fit.params == pytest.approx({"a": 2.0, "b": 0.7}, rel=1e-7)
    (finding,) = [f for f in fit.warnings if f.name == "differences"]
    assert "ndtr" in finding.message
    assert finding.next_step


def test_a_function_that_is_not_pure_is_not_traced():
    state = {"calls": 0}

    def forgetful(x, a):
        state["calls"] += 1
        return a * x * (1.0 if state["calls"] == 1 else 2.0)

    assert traces_of(forgetful, (1.0,)).program is None or ty.fit(forgetful, X, X).params[
        "a"
    ] == pytest.approx(0.5)


def test_an_error_of_the_users_function_is_named():
    def broken(x, a):
        raise KeyError("no such thing")

    with pytest.raises(ModelError, match=r"broken raised KeyError.*no such thing"):
        traces_of(broken, (1.0,))
