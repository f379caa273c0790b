"""Points on kinks and jumps, paths that are cut, and values that depend on the precision."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import taylored as ty
from taylored.trace.jaxpr import float64

KEY = jax.random.key(5)


def named(f, x, **options):
    return [finding.name for finding in ty.chain(f, x, **options).findings]


# The function, the point, the kind, and what is named. Between them values or slopes differ from
# side to side: seen by hand.
EDGES = [
    ("floor(x)*x", {"x": 2.0}, "jump", "floor"),
    ("sign(x)*x", {"x": 0.0}, "kink", "sign"),  # |x|
    ("sign(x)*y", {"x": 0.0, "y": 2.0}, "jump", "sign"),
    (lambda x: (x > 0) * (x + 1), 0.0, "jump", "comparison >"),
    (lambda x: (x > 0) * x, 0.0, "kink", "comparison >"),
    (lambda x: np.round(x), 2.5, "jump", "round"),
    (lambda x: jnp.asarray(x).astype(int) * x, 3.0, "jump", "whole numbers"),
    (lambda x: x % 1.0, 2.0, "jump", ""),
    (lambda x: jnp.where(x > 0, x + 1.0, x), 0.0, "jump", "where"),
    (lambda x: jnp.sort(x)[0], np.array([1.0, 1.0, 2.0]), "kink", "sort"),
    (lambda x: x[jnp.argmax(x)] + jnp.argmax(x), np.array([2.0, 1.0, 2.0]), "jump", "argmax"),
    (lambda x: lax.scan(lambda c, _: (jax.nn.relu(c), None), x, None, length=2)[0], 0.0,
     "kink", "relu"),
    (lambda x: jnp.atan2(x, -1.0), 0.0, "jump", "atan2"),
]  # fmt: skip
SLOW_EDGES = [
    (lambda x: lax.cond(x > 0, lambda v: v + 1.0, lambda v: v, x), 0.0, "jump", "cond"),
    (lambda x: jnp.sum(lax.top_k(x, 2)[0]), np.array([1.0, 1.0, 2.0]), "kink", "top_k"),
    (lambda x: jnp.sum(lax.cummax(x)), np.array([1.0, 1.0, 2.0]), "kink", "cummax"),
    (lambda x: jnp.interp(x, jnp.arange(3.0), jnp.array([0.0, 1.0, 0.0])), 1.0, "kink", "where"),
    (lambda x: jnp.sum(lax.reduce_window(x, -jnp.inf, lax.max, (2,), (2,), "VALID")),
     np.array([1.0, 1.0, 2.0, 3.0]), "kink", "window_max"),
    (lambda x: jnp.arange(3.0)[jnp.searchsorted(jnp.arange(3.0), x)] * x, 1.0, "jump", "where"),
]  # fmt: skip
MANY = [*EDGES, *(pytest.param(*row, marks=pytest.mark.slow) for row in SLOW_EDGES)]


@pytest.mark.every(2)
@pytest.mark.parametrize(("f", "x", "kind", "name"), MANY)
def test_a_point_on_an_edge_is_named(f, x, kind, name):
    found = ty.chain(f, x)
    first = next(f for f in found.findings if f.name in ("kink", "jump"))
    assert first.name == kind and f"a {kind} of" in first.message and name in first.message
    assert first.next_step and found.accuracy is ty.Accuracy.UNKNOWN


NEAR = [
    ("abs(sin(x))", {"x": np.pi}, "kink"),
    ("max(0, 3*x - 0.3)*x", {"x": 0.1}, "kink"),  # 3*0.1 is 0.30000000000000004
    ("floor(3*x/0.3)*x", {"x": 0.1}, "jump"),
    ("max(x, y)", {"x": 0.1 + 0.2, "y": 0.3}, "kink"),
]


@pytest.mark.parametrize(("f", "x", "kind"), NEAR)
def test_a_point_within_rounding_of_an_edge_is_named(f, x, kind):
    found = ty.chain(f, x)
    assert found.findings[0].name == kind
    assert "within rounding" in found.findings[0].message
    assert found.accuracy is ty.Accuracy.UNKNOWN


SMOOTH = [
    (lambda x: jax.nn.softplus(x), 0.0),
    (lambda x: jnp.where(jnp.abs(x) <= 1, 0.5 * x**2, jnp.abs(x) - 0.5), 1.0),  # Huber's
    ("where(x > 1, x^2, 2*x - 1)", {"x": 1.0}),
    (lambda x: x / (1 + abs(x)), 0.0),
    ("floor(y) + x^2", {"x": 1.0, "y": 2.5}),
    ("max(x, 0) + abs(x - 3)", {"x": 1.0}),
    (lambda x: jax.nn.relu(x) ** 2, 0.0),
    (lambda x: jax.nn.relu(x) ** 2 + 1.0, 0.0),
    ("max(x, 0)^2", {"x": 0.0}),
    (lambda x: jnp.abs(x) ** 1.5, 0.0),
]


@pytest.mark.every(3)
@pytest.mark.parametrize(("f", "x"), SMOOTH)
def test_a_choice_between_equal_values_and_slopes_is_no_edge(f, x):
    assert not {"kink", "jump"} & set(named(f, x))
    assert ty.chain(f, x).accuracy is ty.Accuracy.ESTIMATED


CUT = [
    ("floor(x)*x", {"x": 2.5}, "floor"),
    (lambda x: (x > 1) * x, 2.0, "comparison >"),
    (lambda x: jnp.asarray(x).astype(int) * x, 2.5, "whole numbers"),
    (lambda x: x[jnp.argmax(x)], np.array([1.0, 3.0, 2.0]), "argmax"),
    (lambda x: lax.scan(lambda c, _: (jnp.floor(c) + c, None), x, None, length=2)[0], 0.5,
     "floor"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "x", "name"), CUT)
def test_a_path_that_is_cut_is_told(f, x, name):
    (found,) = ty.chain(f, x).findings
    assert (found.name, found.severity) == ("step", "note")
    assert name in found.message and "no influence" in found.next_step


def test_the_users_line_is_told():
    def stairs(x):
        return jnp.floor(x[0]) * x[1]

    found = ty.chain(stairs, np.array([2.0, 1.0])).findings
    assert [f.name for f in found] == ["jump"]
    assert all("[return jnp.floor(x[0]) * x[1]]" in f.message for f in found)
    assert all("test_chain_edges.py" in f.message for f in found)


def test_a_long_line_is_cut_with_a_mark():
    (found,) = ty.chain(
        lambda x: jnp.where(x["b"] > 1, x["a"], x["a"] * 2.0 + x["b"] * x["b"] * jnp.exp(x["a"])),
        {"a": 1.0, "b": 1.0},
    ).findings
    assert "test_chain_edges.py:" in found.message
    assert re.search(r"\[lambda x: jnp.where.{38}\.\.\.\]", found.message)


def test_a_kink_that_no_test_can_see_stays_one():
    assert named(lambda x: 1.0 + 1e-20 * jax.nn.relu(x), 0.0) == ["kink"]


def test_a_floor_division_is_one_choice_and_a_step():
    (found,) = ty.chain(lambda x: x // 2, 6.0).findings
    assert found.name == "jump" and "round" in found.message
    assert named(lambda x: x // 2, 5.0) == ["zero", "step"]


def test_what_jumps_itself_is_not_said_of_the_value():
    (found,) = ty.chain("floor(x)*(x - 2)", {"x": 2.0}).findings  # slopes 1 and 2
    assert found.name == "kink" and "its own value changes" not in found.message


def test_the_slope_of_the_remainder_of_a_power_below_two():
    found = ty.chain(lambda x: x**1.5 + x, 0.0)  # (x^1.5)' = 1.5 sqrt(x): 0 at 0
    assert found.gradient == 1.0 and found.findings == ()
    assert found.check.kind == "rough" and found.check.slope == pytest.approx(1.5, abs=0.01)
    assert found.accuracy is ty.Accuracy.ESTIMATED
    assert "the second derivative is infinite" in str(found.check)


ZEROS = [
    (lambda x: jnp.exp(-x * x), 40.0, "slope of exp is lost"),  # -80 exp(-1600)
    (lambda x: jnp.tanh(x), 30.0, "slope of tanh is lost"),  # 1/cosh(30)^2
    (lambda x: 1e-200 * (1e-200 * x), 1.0, "slope of mul is lost"),
    (lambda x: jnp.cos(x), 0.0, "to first order"),
    (lambda x: jnp.exp(-x * x) * 0.0, 5.0, "to first order"),
    (lambda x: jnp.floor(x), 2.5, "floor lets nothing pass"),
]


@pytest.mark.parametrize(("f", "x", "said"), ZEROS)
def test_why_a_gradient_is_zero(f, x, said):
    found = ty.chain(f, x).findings[0]
    assert found.name == "zero" and said in found.message


@pytest.mark.parametrize("f", ["log(x)", lambda x: jnp.log(x)])
def test_no_slope_is_told_of_a_value_that_is_none(f):
    found = ty.chain(f, {"x": -1.0} if isinstance(f, str) else -1.0)
    (name,) = found.inputs
    flow = found.influence(name)
    assert np.isnan([found.flat[0], flow.total, flow.over_paths, flow.paths[0].product]).all()
    assert found.to_dict()["influences"][0]["total"] is None
    rows = [line for line in found.report().splitlines() if line.startswith("the only path")]
    assert len(rows) == 1 and rows[0].endswith("not known")
    assert np.isnan(ty.chain(lambda x: jnp.log(x).sum(), -np.ones(2)).influence("x").total).all()


def test_the_formula_of_a_tie_agrees_with_its_number():
    found = ty.chain("max(x, 0)*exp(x)", {"x": 0.0})
    (edge,) = [e for e in found.edges if e.label == "∂v1/∂x"]
    assert (edge.symbol, edge.factor) == ("1/2 at a tie", 0.5)
    assert r"\text{1/2 at a tie} = 0.5" in found.latex()
    many = ty.chain(lambda x: jnp.sum(jnp.maximum(x, 0.0) * x), np.array([0.0, 1.0]))
    assert any("1/2 at ties" in e.symbol for e in many.edges)


def test_a_step_of_data_cuts_nothing():
    assert named(lambda x, k: jnp.sum(jnp.floor(k) * x), np.ones(2), args=(np.ones(2),)) == []


# ---- the user's precision ----


def drawn(x):
    return jnp.sum(x * jax.random.uniform(KEY))


def test_random_numbers_of_another_precision_are_told():
    x = np.ones(3)
    own = float(drawn(jnp.asarray(x)))
    with float64():
        wide = float(drawn(jnp.asarray(x)))
    found = ty.chain(drawn, x)
    first = found.findings[0]
    assert abs(own - wide) > 0.1 and found.value == pytest.approx(wide, rel=1e-14)
    assert first.name == "depends-on-precision" and first.next_step
    assert f"{own:.9g} in float32" in first.message and f"{wide:.12g}"[:9] in first.message
    assert found.accuracy is ty.Accuracy.UNKNOWN


def test_the_same_numbers_in_both_precisions_are_no_finding():
    with float64():  # the user's precision is that of the reading
        assert named(drawn, np.ones(3)) == []


def test_constants_that_follow_the_precision_are_told():
    assert named(lambda x: x[0] * (1.0 if x.dtype == jnp.float32 else 2.0), np.ones(1)) == [
        "depends-on-precision"
    ]
    assert named(lambda x: x[0] + jnp.finfo(x.dtype).eps, np.ones(1)) == []


def test_indices_among_the_data_stay_whole_numbers():
    def f(x, i):
        return jnp.sum(x[i]) * (1.0 if x.dtype == jnp.float32 else 2.0)

    assert named(f, np.ones(3), args=(np.array([0, 2]),)) == ["depends-on-precision"]


def test_a_kink_of_complex_numbers_and_one_in_a_long_loop_are_found():
    found = ty.chain(lambda x: jnp.abs(x[0] + 1j * x[1]), np.zeros(2))
    assert [f.name for f in found.findings] == ["kink"]
    assert found.accuracy is ty.Accuracy.UNKNOWN
    loop = lambda x: lax.scan(lambda c, _: (jax.nn.relu(c), None), x, None, length=4000)[0]  # noqa: E731
    assert named(loop, 0.0) == ["kink"]


def test_a_note_does_not_hide_a_wrong_derivative():
    through = lambda x: jnp.sum(x + lax.stop_gradient(jnp.round(x) - x))  # noqa: E731
    assert named(through, np.array([0.4, 0.7])) == ["step", "taylor-test"]
