"""Influence: closed forms, shares, curvature against dense Hessians, what is refused and said."""

import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from taylored.calculus.influence import influence, top_entries
from taylored.calculus.transforms import hessian, jacobian
from taylored.errors import ArgumentError, FunctionError, TayloredError
from taylored.results import Accuracy

RNG = np.random.default_rng(11)


def product(p):
    return 3.0 * p["area"] * p["speed"] ** 2 / jnp.sqrt(p["time"])


POINT = {"area": 2.0, "speed": 3.0, "time": 4.0}


def names(rows):
    return [row.name for row in rows]


def bending(f, x, spread):
    """r_j by the dense Hessian."""
    with jax.enable_x64(True):
        h = np.asarray(jax.jit(jax.hessian(f))(jnp.asarray(x)))
    return 0.5 * spread * np.sqrt(((h * spread) ** 2).sum(axis=1))


# ---- closed forms ----


def test_elasticity_of_a_product_is_its_exponents():
    found = influence(product, POINT, spread=0.1)
    assert found.value == pytest.approx(27.0)
    assert found.elasticity == pytest.approx([1.0, 2.0, -0.5])
    assert found.derivative == pytest.approx([13.5, 18.0, -27.0 / 8])
    assert found.effect == pytest.approx([1.35, 1.8, -0.3375])
    assert names(found) == ["speed", "area", "time"]
    assert found["time"].rank == 3 and found[0].name == "speed"
    assert found.accuracy is Accuracy.ESTIMATED and found.usable


def test_default_spread_makes_effects_of_elasticities():
    found = influence(product, POINT)
    assert found.effect == pytest.approx(0.01 * found.value * found.elasticity)
    assert names(found.rows) == ["speed", "area", "time"]


def test_shares_sum_to_one_and_ignore_units():
    x = RNG.uniform(1, 2, 40)
    spread = RNG.uniform(0.1, 1, 40)
    units = 10.0 ** RNG.integers(-6, 7, 40)

    def f(v):
        return jnp.sum(jnp.sin(v) * jnp.arange(1.0, 41.0)) + v[3] * v[7]

    first = influence(f, x, spread)
    second = influence(lambda v: f(v / units), x * units, spread * units)
    assert first.share.sum() == pytest.approx(1.0, abs=1e-14)
    assert second.share == pytest.approx(first.share)
    assert second.curvature_share == pytest.approx(first.curvature_share)
    assert list(second.order) == list(first.order)


def test_huge_and_tiny_effects_have_shares():
    found = influence(lambda x: 1e200 * x[0] + 1e200 * x[1], np.ones(2), 1.0)
    assert found.share == pytest.approx([0.5, 0.5])
    found = influence(lambda x: 1e-200 * x[0] - 1e-200 * x[1], np.array([1.0, 3.0]), 1.0)
    assert found.share == pytest.approx([0.5, 0.5])


# ---- curvature ----


def coupled(x):
    return jnp.exp(0.3 * jnp.sum(jnp.sin(x)[1:] * x[:-1])) + jnp.sum(x**4) + x[0] * x[-1]


@pytest.mark.parametrize("spread", [0.1, 2.0])
def test_curvature_is_exact_for_few_inputs(spread):
    x = RNG.uniform(-1, 1, 20)
    found = influence(coupled, x, spread)
    r = bending(coupled, x, np.full(20, spread))
    assert found.bending == pytest.approx(r, rel=1e-12)
    assert found.curvature_share == pytest.approx(r / (r + abs(found.effect)))
    assert found.curvature.method == "exact"


def test_curvature_is_exact_where_products_run_one_by_one(monkeypatch):
    monkeypatch.setattr(sys.modules[influence.__module__], "_TOGETHER", 0)
    x = RNG.uniform(-1, 1, 6)
    found = influence(lambda v: coupled(v) + jnp.prod(v), x, 0.3)
    r = bending(lambda v: coupled(v) + jnp.prod(v), x, np.full(6, 0.3))
    assert found.bending == pytest.approx(r, rel=1e-12)


def test_probed_curvature_is_right_in_the_mean():
    size = 240
    x = RNG.uniform(0.5, 1.0, size)
    spread = RNG.uniform(0.0, 0.2, size)
    truth = bending(coupled, x, spread) ** 2
    seeds = 120
    runs = np.array([influence(coupled, x, spread, seed=s).bending ** 2 for s in range(seeds)])
    error = runs.std(axis=0) / np.sqrt(seeds)
    gap = np.abs(runs.mean(axis=0) - truth)
    assert np.all(gap <= 5.0 * error + 1e-12 * truth)
    assert np.mean(gap <= 2.0 * error + 1e-12 * truth) > 0.9
    assert influence(coupled, x, spread).curvature.method == "estimated from 2 probes"
    ratio = np.sqrt(runs / truth)[:, spread > 0]
    within = np.mean((ratio >= 0.5) & (ratio <= 2.0))
    assert within >= 0.72  # claimed: three cases of four


def test_probes_of_inputs_coupled_in_pairs():
    size = 600
    x = np.ones(size)

    def pairs(v):  # input j moves with two others: the hardest case for random signs
        return jnp.sum(v * (jnp.roll(v, 1) + jnp.roll(v, -1)))

    truth = np.sqrt(2.0)  # 1/2 (2² + 2²)^½
    ratio = np.array([influence(pairs, x, 1.0, seed=s).bending for s in range(20)]) / truth
    assert 0.72 <= np.mean((ratio >= 0.5) & (ratio <= 2.0)) <= 0.78


def test_probes_are_exact_where_inputs_do_not_interact():
    x = RNG.uniform(0.5, 1.0, 500)
    found = influence(lambda v: jnp.sum(v**3), x, 0.1)
    assert found.bending == pytest.approx(0.5 * 0.01 * 6 * x)


def test_default_spread_probes_negative_inputs_too():
    x = RNG.uniform(-2.0, 2.0, 300)
    found = influence(lambda v: jnp.sum(v**3), x)
    assert found.bending == pytest.approx(0.5 * 1e-4 * x**2 * np.abs(6 * x))


def test_seeds():
    x = RNG.uniform(0.5, 1.0, 300)
    one, again, other = (influence(coupled, x, 0.1, seed=s).bending for s in (3, 3, 4))
    assert np.array_equal(one, again)
    assert not np.allclose(one, other)


def test_linear_functions_do_not_bend():
    found = influence(lambda x: x @ jnp.arange(1.0, 4.0), np.ones(3), 1.0)
    assert list(found.curvature_share) == [0.0, 0.0, 0.0]
    assert not found.findings
    assert "holds" in found.status


def test_bent_ranking_is_named():
    found = influence(lambda x: x[0] + 5.0 * x[1] ** 2 + x[2], np.array([1.0, 0.1, 0.0]), 1.0)
    (finding,) = [f for f in found.findings if f.name == "nonlinear"]
    assert finding.params == ("x[1]",)
    assert "x[1]" in finding.message and "need not hold" in found.status


def test_input_that_moves_by_curvature_alone_is_named():
    found = influence(lambda x: x[0] + 5.0 * x[1] ** 2, np.array([1.0, 0.0]), 1.0)
    (finding,) = [f for f in found.findings if f.name == "nonlinear"]
    assert "x[1]" in finding.params and "small derivative" in finding.message
    assert found["x[1]"].curvature_share == 1.0


def test_curvature_can_be_left_out():
    found = influence(product, POINT, curvature=False)
    assert np.isnan(found.curvature_share).all()
    assert "unknown" in found.status and "not asked for" in found.top(1)[0].note
    assert not [f for f in found.findings if f.name == "no-curvature"]


def test_function_without_a_second_derivative():
    @jax.custom_jvp
    def once(x):
        return x**2

    @once.defjvp
    def _(primals, tangents):
        (x,), (t,) = primals, tangents
        slope = jax.pure_callback(
            lambda v: 2 * np.asarray(v), jax.ShapeDtypeStruct(x.shape, x.dtype), x
        )
        return once(x), slope * t

    found = influence(lambda x: jnp.sum(once(x)), np.array([1.0, 2.0]), 0.1)
    assert found.derivative == pytest.approx([2.0, 4.0])
    assert np.isnan(found.curvature_share).all()
    assert "second derivative" in found.findings[0].message
    assert found.usable


def test_second_derivative_that_is_infinite():
    found = influence(lambda x: x[0] ** 1.5 + 2.0 * x[1], np.array([0.0, 1.0]), 0.1)
    assert found.derivative == pytest.approx([0.0, 2.0])
    assert np.isnan(found.curvature_share[0])
    assert found.findings[0].name == "no-curvature"


def test_rules_of_the_users_own_are_followed():
    @jax.custom_vjp
    def cube(x):
        return x**3

    cube.defvjp(lambda x: (x**3, x), lambda x, g: (3 * x**2 * g,))
    found = influence(lambda x: jnp.sum(cube(x)), np.array([1.0, 2.0]), 0.1)
    assert found.derivative == pytest.approx([3.0, 12.0])
    assert found.bending == pytest.approx([0.03, 0.06])


def test_while_loop_is_differentiated_forwards():
    def f(x):
        return jax.lax.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, c[1] * x[0]), (0, x[1]))[
            1
        ]

    found = influence(f, np.array([2.0, 5.0]), 0.1)
    assert found.derivative == pytest.approx([60.0, 8.0])
    assert found.bending == pytest.approx(bending(lambda x: x[0] ** 3 * x[1], [2.0, 5.0], 0.1))


# ---- zeros and numbers that are none ----


def test_zero_inputs_have_no_default_scale():
    found = influence(lambda x: x @ jnp.array([1.0, 9.0, 2.0]), np.array([1.0, 0.0, 1.0]))
    assert names(found) == ["x[2]", "x[0]", "x[1]"]
    assert np.isnan(found.effect[1]) and np.isnan(found.elasticity[1])
    assert found.share[[0, 2]].sum() == pytest.approx(1.0)
    (finding,) = found.findings
    assert finding.name == "no-scale" and finding.params == ("x[1]",) and "spread=" in (
        finding.next_step
    )  # fmt: skip
    assert "1 % of it is no spread" in found["x[1]"].note


def test_all_zero_ranks_by_the_derivative():
    found = influence(lambda x: x @ jnp.array([1.0, -9.0, 2.0]), np.zeros(3))
    assert names(found) == ["x[1]", "x[2]", "x[0]"]
    assert "flat" in [f.name for f in found.findings]
    assert "No ranking" in found.status


def test_zero_value_has_no_elasticity():
    found = influence(lambda x: 0.1 + 0.2 - x[0] * x[1], np.array([0.3, 1.0]), 0.1)
    assert np.isnan(found.elasticity).all()
    assert [f.name for f in found.findings] == ["no-elasticity"]
    assert "the value is 0" in found.top(1)[0].note


def test_stationary_point_says_so():
    found = influence(lambda x: jnp.sum(x**2), np.zeros(3), 1.0)
    assert [f.name for f in found.findings][:2] == ["flat", "nonlinear"]
    assert np.isnan(found.share).all() and (found.curvature_share == 1.0).all()
    assert "No ranking" in found.status


@pytest.mark.parametrize("x", [np.array([0.0, 1.0]), np.array([-1.0, 1.0])])
def test_derivatives_that_are_no_numbers(x):
    found = influence(lambda x: jnp.sqrt(x[0]) + x[1], x, 0.1)
    assert not found.usable and found.accuracy is Accuracy.UNKNOWN
    assert found.findings[0].severity == "error" and "ty.check" in found.findings[0].next_step
    assert "x[0]" in found.findings[0].params
    assert found.status.startswith("Not usable")
    assert found.report() and repr(found) and json.dumps(found.to_dict(), allow_nan=False)


# ---- trees, names, groups ----


def test_trees_names_and_groups():
    w, b = RNG.normal(size=(2, 3)), RNG.normal(size=2)

    def f(p):
        return jnp.sum(jnp.tanh(p["w"] @ jnp.ones(3) + p["b"]))

    found = influence(f, {"w": w, "b": b}, {"w": 0.1, "b": np.array([0.5, 0.0])})
    assert found.names[:3] == ("b[0]", "b[1]", "w[0, 0]")
    assert found["b[1]"].effect == 0.0
    assert found.tree("derivative")["w"].shape == (2, 3)
    groups = found.by_leaf()
    assert set(groups) == {"w", "b"} and sum(groups.values()) == pytest.approx(1.0)
    with pytest.raises(ArgumentError, match="did you mean"):
        _ = found["bb"]


def test_top_is_the_beginning_of_the_ranking():
    x = RNG.integers(-3, 4, 1000) / 2.0  # many equal effects
    for k in (1, 7, 130, 999, 1000, 5000):
        assert names(influence(lambda v: jnp.sum(v**2), x).top(k)) == (
            names(list(influence(lambda v: jnp.sum(v**2), x))[:k])
        )
    with pytest.raises(ArgumentError):
        influence(lambda v: jnp.sum(v**2), x).top(0)


def test_other_arguments_and_argnums():
    def model(scale, p, data):
        return scale * jnp.sum((p["a"] * data) ** 2)

    data = np.array([1.0, 2.0])
    one = influence(model, 2.0, args=({"a": 3.0}, data), argnums=1)
    assert one.names == ("a",) and one.derivative == pytest.approx([60.0])
    both = influence(model, 2.0, (0.1, {"a": 0.2}), args=({"a": 3.0}, data), argnums=(0, 1))
    assert both.names == ("scale", "p.a") and both.effect == pytest.approx([4.5, 12.0])


def test_single_precision_and_jax_arrays():
    found = influence(lambda x: jnp.sum(x**2), jnp.ones(300, jnp.float32), 0.1)
    assert found.derivative == pytest.approx(np.full(300, 2.0))
    assert found.bending == pytest.approx(np.full(300, 0.01), rel=1e-6)


def test_a_result_does_not_change_with_the_array_it_was_made_from():
    x = np.array([1.0, 2.0])
    found = influence(lambda v: jnp.sum(v**2), x)
    x[:] = 7.0
    assert found.effect == pytest.approx([0.02, 0.08])


# ---- calls that come again ----


def test_equal_functions_are_traced_once_and_changed_ones_anew():
    calls = []
    weights = np.arange(1000.0)

    def make(scale):
        return lambda x: jnp.sum(scale * x * weights)

    x = np.ones(1000)
    assert influence(make(1.0), x, 1.0).derivative == pytest.approx(weights)
    assert influence(make(2.0), x, 1.0).derivative == pytest.approx(2 * weights)
    weights[:] = 1.0
    assert influence(make(2.0), x, 1.0).derivative == pytest.approx(np.full(1000, 2.0))

    class Scaled:
        scale = 1.0

        def __call__(self, x):
            return self.scale * jnp.sum(x)

    scaled = Scaled()
    assert influence(scaled, x, 1.0).derivative[0] == 1.0
    scaled.scale = 3.0
    assert influence(scaled, x, 1.0).derivative[0] == 3.0

    class Counting:
        def __call__(self, x):
            calls.append(1)
            return jnp.sum(x)

    influence(Counting(), x)
    assert calls


def test_a_changed_jax_array_is_seen():
    held = {"w": jnp.ones(3)}
    w = held["w"]

    def f(x):
        return jnp.sum(w * x)

    assert influence(f, np.ones(3), 1.0).derivative == pytest.approx([1, 1, 1])
    w = 2.0 * w
    assert influence(f, np.ones(3), 1.0).derivative == pytest.approx([2, 2, 2])


# ---- what is refused ----


@pytest.mark.parametrize(
    ("spread", "words"),
    [
        (-1.0, "a"),
        ({"a": 0.1, "w": np.array([0.1, -0.1])}, r"w\[1\]"),
        ({"a": np.nan, "w": 0.1}, "a is nan"),
        ({"a": np.inf, "w": 0.1}, "a is inf"),
        ({"a": 0.1, "w": np.ones(3)}, "'w' has shape"),
        ({"a": 0.1}, "another form"),
        (np.ones(4), "there are 3 inputs"),
        (np.ones((3, 1)), "there are 3 inputs"),
        ("wide", "not a number"),
        ({"a": 0.1, "w": "x"}, "not a number"),
        (True, "not a number"),
        ([], "there are 3 inputs"),
        (1j, "not a number"),
    ],
)
def test_hostile_spreads(spread, words):
    with pytest.raises(ArgumentError, match=words) as caught:
        influence(lambda p: p["a"] * jnp.sum(p["w"]), {"a": 1.0, "w": np.ones(2)}, spread)
    assert __file__ in caught.value.where


def test_a_flat_list_is_a_spread():
    found = influence(lambda x: jnp.sum(x), np.ones(3), [1.0, 2.0, 2.0])
    assert found.share == pytest.approx([1 / 9, 4 / 9, 4 / 9])


def test_vectors_are_refused():
    with pytest.raises(FunctionError, match=r"returns 3") as caught:
        influence(lambda x: x**2, np.ones(3))
    assert "ty.jacobian(f)(x).top" in caught.value.next_step


@pytest.mark.parametrize("call", [lambda: influence(3, 1.0), lambda: influence(jnp.sin, "x")])
def test_bad_calls(call):
    with pytest.raises(TayloredError):
        call()


def test_inside_jit_is_refused():
    with pytest.raises(ArgumentError, match="needs numbers"):
        jax.jit(lambda x: influence(lambda v: jnp.sum(v**2), x).derivative)(np.ones(3))


# ---- the largest entries of a matrix ----


def vector(p):
    return {"u": p["a"] * p["b"], "v": jnp.stack([100.0 * p["a"], p["b"] ** 3])}


def test_top_entries_on_each_scale():
    J = jacobian(vector)({"a": 2.0, "b": 3.0})
    assert [(e.output, e.input, e.value) for e in J.top(3)] == [
        ("v[0]", "a", 100.0),
        ("v[1]", "b", 27.0),
        ("u", "a", 3.0),
    ]
    scaled = top_entries(J, 1, "std", {"a": 0.001, "b": 1.0})
    assert (scaled[0].output, scaled[0].value) == ("v[1]", pytest.approx(27.0))
    elastic = top_entries(J, 9, "elasticity")
    assert [e.value for e in elastic] == pytest.approx([3.0, 1.0, 1.0, 1.0])


def test_top_entries_of_a_hessian_name_a_pair_once():
    H = hessian(lambda x: x[0] * x[1] * 5.0 + x[2] ** 2)(np.ones(3))
    assert [(e.output, e.input) for e in H.top(9)] == [("x[0]", "x[1]"), ("x[2]", "x[2]")]
    assert H.top(1, "std", 0.1)[0].value == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("k", "scale", "spread"),
    [(0, "absolute", None), (3, "relative", None), (3, "absolute", 1.0), (True, "std", None)],
)
def test_top_entries_refuses(k, scale, spread):
    with pytest.raises(ArgumentError):
        jacobian(vector)({"a": 2.0, "b": 3.0}).top(k, scale, spread)
