"""What is read off a model: its parameters, which are linear, their dimensions, what can swap."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import taylored as ty
from taylored.errors import ModelError
from taylored.formula import parse
from taylored.model import model_of_expression, model_of_function
from taylored.readings.dimensions import infer_dimensions
from taylored.readings.linearity import affine_set, dependence, quotient
from taylored.readings.numpy import compile_numpy
from taylored.readings.symmetry import interchangeable
from taylored.trace.jaxpr import trace_jax
from taylored.trace.tracer import record


def read(text, columns=("x",)):
    model = model_of_expression(parse(text).model, columns)
    return model, record(model.call, model.names)


# ---- parameters -----------------------------------------------------------------------------


def test_names_that_are_columns_are_data():
    model, _ = read("a*t + b*exp(-k*x)", ("x", "y", "t"))
    assert (model.columns, model.params) == (("t", "x"), ("a", "b", "k"))


def test_parameters_of_functions():
    def curve(x, amplitude, tau=2.0, *, order=1):
        return amplitude * np.exp(-((x / tau) ** order))

    model = model_of_function(curve, ["x"])
    assert (model.params, model.defaults) == (("amplitude", "tau"), {"tau": 2.0})
    assert model_of_function(lambda a, x, b: a + b * x, ["x"]).params == ("a", "b")  # by name
    assert model_of_function(lambda u, v, a: a * u * v, ["x1", "x2"]).params == ("a",)
    assert model_of_function(lambda x, a: a * x[0] * x[1], ["x1", "x2"], True).params == ("a",)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: x, "no parameters"),
        (lambda x, *args: x, r"\*args"),
        (min, "cannot be read"),
    ],
)
def test_functions_without_named_parameters_are_refused(function, words):
    with pytest.raises(ModelError, match=words) as caught:
        model_of_function(function, ["x"])
    assert caught.value.next_step


def test_columns_are_given_to_a_function_by_name_or_by_place():
    x, t = np.array([1.0, 2.0, 3.0, 5.0]), np.array([0.0, 2.0, 1.0, 1.0])
    y = 2.0 * x - 3.0 * t
    by_name = ty.fit(lambda a, t, b, x: a * x + b * t, {"x": x, "t": t}, y)
    by_place = ty.fit(lambda u, v, a, b: a * u + b * v, {"x": x, "t": t}, y)
    stacked = ty.fit(lambda x, a, b: a * x[0] + b * x[1], np.stack([x, t]), y)
    unpacked = ty.fit(lambda x, a, b: a * x[0] + b * x[1], (x, t), y)
    for fit in (by_name, by_place, stacked, unpacked):
        assert fit.params == pytest.approx({"a": 2.0, "b": -3.0}, rel=1e-14)


# ---- which parameters are linear ------------------------------------------------------------

# formula; the largest sets of parameters in which it is jointly affine
LINEAR = [
    ("a + b*x", ["ab"]),
    ("a + b*x + c*x^2 + d*sin(x)", ["abcd"]),
    ("a*exp(-b*x) + c", ["ac"]),
    ("a*exp(-x/t) + b*exp(-x/s)", ["ab"]),
    ("a*b*x + c", ["ac", "bc"]),
    ("a*(x - b)", ["a", "b"]),
    ("a*x + b*(x - c)", ["ab", "ac"]),
    ("(a + b*x)/c", ["ab"]),
    ("(a + b*x)/(1 + c*x)", ["ab"]),
    ("a/x + b", ["ab"]),
    ("a^2 + b", ["b"]),
    ("exp(a) + b", ["b"]),
    ("where(x > t, a, b)", ["ab"]),  # a step in t has no derivative, and is not affine
    ("where(x > 1, a*x, b)", ["ab"]),
    ("a*abs(x) + abs(b)", ["a"]),
    ("max(a, x) + b", ["b"]),
    ("a*floor(b*x)", ["a"]),
    ("a*sign(b) + c", ["ac"]),
    ("log(a) + log(b)", [""]),
    ("a*x*(b + c*x)", ["a", "bc"]),
    ("(a + b)^1 + c*2^x", ["abc"]),
    ("(a - a)*b + c", ["abc", "ac", "bc"]),  # by structure, not by algebra: a subset will do
    ("sqrt(a^2 + x)", [""]),
    ("-a + +b - -c", ["abc"]),
    ("a*(x > b)", ["a"]),
    ("(a*x + b) % 1", [""]),
]


@pytest.mark.parametrize(("text", "largest"), LINEAR)
def test_the_affine_set(text, largest):
    model, program = read(text)
    count = len(model.columns)
    chosen = affine_set(dependence(program).pairs[count:, count:])
    found = "".join(sorted(n for n, c in zip(model.params, chosen, strict=True) if c))
    assert found in largest


def test_the_affine_set_of_a_jax_function():
    import jax.numpy as jnp

    def model(x, a, b, c):
        basis = jnp.stack([jnp.ones(7), x, jnp.exp(-c * x)])
        return jnp.stack([a, b, a - b]) @ basis

    program = trace_jax(model, [(7,), (), (), ()], ["x", "a", "b", "c"])
    assert affine_set(dependence(program).pairs[1:, 1:]).tolist() == [True, True, False]
    scanned = trace_jax(lambda x, a: jnp.cumsum(x * a)[::-1] * 2, [(7,), ()], ["x", "a"])
    assert affine_set(dependence(scanned).pairs[1:, 1:]).tolist() == [True]


def test_quotients_are_recognized_at_their_outermost():
    _, program = read("(a + b*x)/(1 + c*x)")
    assert quotient(program) is not None
    assert quotient(read("1 + a/x")[1]) is None


leaves = st.sampled_from(["a", "b", "c", "x", "2.5"])


def grown(inner):
    unary = ["exp(-({0})^2)", "sin({0})", "({0})^2", "-({0})", "abs({0})", "({0})/2", "({0})*x"]
    binary = ["({0}) + ({1})", "({0}) - ({1})", "({0})*({1})", "({0})/(3 + ({1})^2)",
              "where(x > 0.5, {0}, {1})", "max({0}, {1})"]  # fmt: skip
    return st.builds(lambda f, u: f.format(u), st.sampled_from(unary), inner) | st.builds(
        lambda f, u, v: f.format(u, v), st.sampled_from(binary), inner, inner
    )


@given(st.recursive(leaves, grown, max_leaves=7), st.integers(0, 2**32 - 1))
@settings(max_examples=150)
def test_what_is_called_affine_has_no_second_difference(text, seed):
    """Brute force: along any direction within the set the function is a straight line."""
    model, program = read(f"{text} + 0*(a + b + c)")
    run = compile_numpy(program)
    first = len(model.columns)
    pairs = dependence(program).pairs[first:, first:]
    chosen = affine_set(pairs)
    rng = np.random.default_rng(seed)
    x = rng.uniform(-2, 2, 5)
    inputs = [x] if first else []
    for _ in range(3):
        theta, step = rng.normal(size=3), rng.normal(size=3) * chosen
        low, mid, high = (run(*inputs, *(theta + k * step))[0] for k in (0.0, 1.0, 2.0))
        scale = np.abs([low, mid, high]).max() + 1.0
        assert (np.abs(low - 2 * mid + high) <= 1e-12 * scale).all()
    # Largest: no other parameter could be added without an interaction.
    for extra in np.flatnonzero(~chosen):
        assert pairs[extra, extra] or pairs[extra, chosen].any()


@given(st.integers(0, 2**32 - 1))
def test_the_affine_set_holds_no_pair_and_is_seldom_smaller_than_the_largest(seed):
    rng = np.random.default_rng(seed)
    pairs = rng.random((5, 5)) < 0.25
    pairs = pairs | pairs.T
    chosen = affine_set(pairs)
    assert not pairs[np.ix_(chosen, chosen)].any()
    best = max(
        (len(s) for k in range(6) for s in combinations(range(5), k)
         if not pairs[np.ix_(s, s)].any()), default=0,
    )  # fmt: skip
    assert chosen.sum() >= best - 1


# ---- dimensions -----------------------------------------------------------------------------

X1, Y1, PURE, XY = (1.0, 0.0), (0.0, 1.0), (0.0, 0.0), (-1.0, 1.0)
DIMENSIONS = [
    ("a*exp(-x/tau) + c", {"a": Y1, "tau": X1, "c": Y1}),
    ("a*exp(-k*x)", {"a": Y1, "k": (-1.0, 0.0)}),
    ("a + b*x + c*x^2", {"a": Y1, "b": XY, "c": (-2.0, 1.0)}),
    ("a*sin(2*pi*x/p + phi)", {"a": Y1, "p": X1, "phi": PURE}),
    ("a*exp(-(x - m)^2/(2*s^2))", {"a": Y1, "m": X1, "s": X1}),
    ("v*x/(k + x)", {"v": Y1, "k": X1}),
    ("v*x^n/(k^n + x^n)", {"v": Y1, "k": None, "n": PURE}),
    ("a*(1 - exp(-b*x))", {"a": Y1, "b": (-1.0, 0.0)}),
    ("sqrt(a*x)", {"a": (-1.0, 2.0)}),
    ("a/(1 + exp(b - c*x))", {"a": Y1, "b": PURE, "c": (-1.0, 0.0)}),
    ("where(x > t, a, b*x)", {"t": X1, "a": Y1, "b": XY}),
    ("a*log(x/b)", {"a": Y1, "b": X1}),
    ("a*atan(x/w) + hypot(c, 0*c)", {"a": Y1, "w": X1, "c": Y1}),
    ("a*abs(x - b)", {"a": XY, "b": X1}),
    ("a*b*x", {"a": None, "b": None}),  # only the product has one
    ("cbrt(a*x)", {"a": (-1.0, 3.0)}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), DIMENSIONS)
def test_dimensions(text, expected):
    model, program = read(text)
    found = dict(zip(model.params, infer_dimensions(program, len(model.columns)), strict=True))
    for name, exponents in expected.items():
        if exponents is None:
            assert found[name] is None
        else:
            assert found[name] == pytest.approx(exponents), name


def test_dimensions_with_several_inputs():
    model, program = read("a*p^2/(b + T) + c*p*T", ("p", "T"))
    found = dict(zip(model.params, infer_dimensions(program, 2), strict=True))
    assert model.columns == ("p", "T")
    assert found["a"] == pytest.approx((-2.0, 1.0, 1.0))
    assert found["b"] == pytest.approx((0.0, 1.0, 0.0))
    assert found["c"] == pytest.approx((-1.0, -1.0, 1.0))


# ---- symmetry -------------------------------------------------------------------------------

SYMMETRY = [
    ("a1*exp(-x/t1) + a2*exp(-x/t2)", [["a1", "t1"], ["a2", "t2"]]),
    ("a1*exp(-x/t1) - a2*exp(-x/t2)", None),
    ("a1*exp(-x/t1) + a2*exp(-2*x/t2)", None),
    ("a*exp(-x) + b*exp(-x)", [["a"], ["b"]]),
    ("c + a1*exp(-(x-m1)^2/s1^2) + a2*exp(-(x-m2)^2/s2^2)",
     [["a1", "m1", "s1"], ["a2", "m2", "s2"]]),
    ("a*exp(-x/t) + b*exp(-x/t)", None),  # joined by t: one part
    ("a*x + b", None),
    ("a1*x/(k1+x) + a2*x/(k2+x) + a3*x/(k3+x)", [["a1", "k1"], ["a2", "k2"], ["a3", "k3"]]),
    ("a1*exp(-x/t1) + (b + a2*exp(-x/t2))", [["a1", "t1"], ["a2", "t2"]]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SYMMETRY)
def test_interchangeable_parts(text, expected):
    model, program = read(text)
    groups = interchangeable(program, len(model.columns))
    found = [[[model.params[i] for i in part] for part in group] for group in groups]
    assert [sorted(map(sorted, g)) for g in found] == ([expected] if expected else [])


@pytest.mark.parametrize("text", [row[0] for row in SYMMETRY if row[1]])
def test_changing_places_changes_nothing(text):
    """Brute force: permute the groups of parameters, and compare values."""
    model, program = read(text)
    (group,) = interchangeable(program, 1)
    rng = np.random.default_rng(1)
    theta, x = rng.uniform(0.5, 2.0, len(model.params)), np.linspace(0.1, 3, 7)
    swapped = theta.copy()
    for part, other in zip(group, group[1:] + group[:1], strict=True):
        swapped[list(part)] = theta[list(other)]
    run = compile_numpy(program)
    assert (theta != swapped).any()
    np.testing.assert_allclose(run(x, *swapped)[0], run(x, *theta)[0], rtol=1e-13)
