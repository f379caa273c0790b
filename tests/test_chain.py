"""The chain rule: gradients against JAX and closed forms, paths against exact sums, refusals."""

import itertools
import math
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from jax import lax

import taylored as ty
from taylored import errors
from taylored.trace.jaxpr import float64

RANDOM = np.random.default_rng(6)
SQUARE = RANDOM.normal(size=(3, 3))
LINE = RANDOM.normal(size=5)
NET = {
    "W1": RANDOM.normal(size=(2, 3)), "b1": RANDOM.normal(size=3),
    "W2": RANDOM.normal(size=(3, 2)), "b2": RANDOM.normal(size=2),
}  # fmt: skip
ROWS, TRUTH = RANDOM.normal(size=(4, 2)), RANDOM.normal(size=4)


def mlp(p):
    z1 = ROWS @ p["W1"] + p["b1"]
    a1 = jnp.tanh(z1)
    z2 = a1 @ p["W2"] + p["b2"]
    return jnp.mean((z2[:, 0] - TRUTH) ** 2) + 0.1 * jnp.sum(p["W2"] ** 2)


def cross_entropy(p):
    logits = jax.nn.relu(ROWS @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
    logs = jax.nn.log_softmax(logits)
    return -jnp.mean(logs[jnp.arange(4), jnp.array([0, 1, 1, 0])])


@jax.custom_jvp
def clipped(x):
    return jnp.exp(jnp.minimum(x, 5.0))


@clipped.defjvp
def _clipped_rule(primals, tangents):
    (x,), (t,) = primals, tangents
    return clipped(x), t * clipped(x)


@jax.custom_vjp
def backward_only(x):
    return jnp.sum(x**3)


backward_only.defvjp(lambda x: (backward_only(x), x), lambda x, g: (3 * g * x**2,))

# name, function, point
FUNCTIONS = [
    ("scan", lambda x: lax.scan(lambda c, k: (jnp.sin(c) * x + k, c), x, jnp.arange(4.0))[0], 0.7),
    ("cond", lambda x: lax.cond(x > 0, lambda v: v**2, lambda v: -v, x), 0.7),
    ("where", lambda x: jnp.sum(jnp.where(x > 0, jnp.exp(x), x**3)), LINE),
    ("mlp", mlp, NET),
    ("einsum", lambda x: jnp.sum(jnp.einsum("ij,jk,kl->il", x, x, x) ** 2), SQUARE),
    ("cumsum", lambda x: jnp.sum(jnp.cumsum(x) ** 2), LINE),
    ("custom_jvp", lambda x: jnp.sum(clipped(x) * x), LINE),
    ("custom_vjp", lambda x: backward_only(jnp.sin(x)), LINE),
    ("sort", lambda x: jnp.sort(x)[1] ** 2 * x[0], LINE),
    ("stopped", lambda x: lax.stop_gradient(x) * x, 2.0),
    ("nested", lambda t: t["a"]["b"] * jnp.sum(t["c"][0] ** 2), {"a": {"b": 2.0}, "c": [LINE]}),
    ("max", lambda x: jnp.max(x) * jnp.min(x) + jnp.maximum(x[0], x[1]), LINE),
    ("power", lambda x: x[0] ** x[1] + x[1] ** -2 + jnp.hypot(x[0], x[1]), np.array([0.7, 2.3])),
    ("many", lambda x: jnp.sum(jnp.tanh(x) ** 2 * jnp.roll(x, 1)), RANDOM.normal(size=4000)),
]
SLOW = [
    ("cross_entropy", cross_entropy, NET),
    ("half", lambda x: jnp.sum(x.astype(jnp.bfloat16) * 2.0), np.array([1.5, 2.25])),
    ("batched", lambda x: jnp.sum(jnp.einsum("bij,bjk->bik", x, x) ** 2), np.ones((2, 2, 2)) / 3),
    ("tied", lambda x: jnp.maximum(x[0], x[1]) + jnp.max(x), np.array([1.0, 1.0, 0.5])),
    ("float32", lambda x: jnp.sum(x.astype(jnp.float32) ** 2), np.array([1.5, 2.25])),
    ("logsumexp", lambda x: jax.nn.logsumexp(x) + jnp.sum(jax.nn.softmax(x) ** 2), LINE),
    ("convolution", lambda x: jnp.sum(jnp.convolve(x, jnp.array([1.0, 2.0, 3.0])) ** 2), LINE),
    ("fft", lambda x: jnp.sum(jnp.abs(jnp.fft.fft(x)) ** 3), LINE),
    ("det", jnp.linalg.det, SQUARE),
    ("solve", lambda x: jnp.sum(jnp.linalg.solve(x, jnp.ones(3)) ** 2), SQUARE),
    ("cholesky", lambda x: jnp.sum(jnp.linalg.cholesky(x @ x.T + jnp.eye(3))), SQUARE),
    ("gelu", lambda x: jnp.sum(jax.nn.gelu(x) * jax.nn.silu(x) * jax.nn.softplus(x)), LINE),
    ("special", lambda x: jnp.sum(jax.scipy.special.gammaln(x) * jax.scipy.special.erf(x)),
     np.abs(LINE) + 0.3),
    ("prod", jnp.prod, LINE),
    ("attention", lambda x: jnp.sum(jax.nn.softmax(x @ x.T) @ x), SQUARE),
    ("checkpoint", lambda x: jnp.sum(jax.checkpoint(lambda v: jnp.sin(v) ** 2)(x)), LINE),
    ("fori", lambda x: lax.fori_loop(0, 5, lambda k, c: jnp.sin(c) * x, x), 0.7),
    ("vmapped", lambda x: jnp.sum(jax.vmap(lambda r: r[0] * jnp.sin(r[1]) + r[2])(x)), SQUARE),
]  # fmt: skip
EVERY = [*FUNCTIONS, *(pytest.param(*row, marks=pytest.mark.slow) for row in SLOW)]


def leaves(tree):
    return [np.asarray(leaf, float) for leaf in jax.tree_util.tree_leaves(tree)]


def name(row):
    return getattr(row, "values", row)[0]


WITHOUT_PATHS = ("fft", "many", "half")  # complex numbers; many inputs; a type NumPy lacks


@pytest.mark.parametrize(("case", "f", "x"), EVERY, ids=list(map(name, EVERY)))
@pytest.mark.every(2)
def test_gradient_is_that_of_jax_and_the_sum_over_paths(case, f, x):
    found = ty.chain(f, x)
    with float64():
        value, expected = jax.jit(jax.value_and_grad(f))(jax.tree_util.tree_map(jnp.asarray, x))
    assert found.value == pytest.approx(float(value), rel=1e-13)
    scale = max(np.max(np.abs(leaf)) for leaf in leaves(expected))
    for ours, theirs in zip(leaves(found.gradient), leaves(expected), strict=True):
        assert np.max(np.abs(ours - theirs)) <= 1e-12 * scale
    if case in WITHOUT_PATHS:
        return
    layout = found.question.layout
    for k in range(0, layout.size, max(layout.size // 3, 1)):
        paths = found.influence(layout.name(k), 10_000)
        assert paths.total == found.flat[k]
        assert abs(paths.over_paths - paths.total) <= 1e-12 * scale
        if paths.complete:
            exact = math.fsum(p.product for p in paths.paths)
            assert abs(exact - paths.total) <= 1e-12 * scale


# ---- formulas, against closed forms ----

FORMULAS = [
    ("x*exp(-x/tau)", {"x": 1.0, "tau": 2.0}, lambda x, tau: x * mpmath.exp(-x / tau)),
    ("sin(x*y)*exp(-x^2/2) + y/(1+x^2)", {"x": 0.5, "y": 1.5},
     lambda x, y: mpmath.sin(x * y) * mpmath.exp(-(x**2) / 2) + y / (1 + x**2)),
    ("x^y + log(x)/y", {"x": 1.7, "y": -0.4}, lambda x, y: x**y + mpmath.log(x) / y),
    ("(1-cos(x))/x^2", {"x": 1e-3}, lambda x: (1 - mpmath.cos(x)) / x**2),
    ("log(1+x) - x", {"x": 1e-5}, lambda x: mpmath.log(1 + x) - x),
    ("exp(x) - exp(x*(1+y))", {"x": 3.0, "y": 1e-9},
     lambda x, y: mpmath.exp(x) - mpmath.exp(x * (1 + y))),
    ("gamma(x)*erf(y) + atan2(y, x)", {"x": 2.5, "y": 0.3},
     lambda x, y: mpmath.gamma(x) * mpmath.erf(y) + mpmath.atan2(y, x)),
    ("sqrt(x^2+y^2) - x", {"x": 1e4, "y": 1.0}, lambda x, y: mpmath.sqrt(x**2 + y**2) - x),
    ("sigmoid(x)*tanh(y) + softplus(x-y)", {"x": -2.0, "y": 0.25},
     lambda x, y: mpmath.tanh(y) / (1 + mpmath.exp(-x)) + mpmath.log(1 + mpmath.exp(x - y))),
    ("asin(x)/acos(x) + sinh(x)^3", {"x": 0.999},
     lambda x: mpmath.asin(x) / mpmath.acos(x) + mpmath.sinh(x) ** 3),
]  # fmt: skip


@pytest.mark.parametrize(("text", "point", "truth"), FORMULAS, ids=[f[0] for f in FORMULAS])
def test_errors_of_formulas_are_within_the_claim(text, point, truth):
    found = ty.chain(text, point)
    assert found.accuracy is ty.Accuracy.ESTIMATED
    with mpmath.workdps(60):
        at = [mpmath.mpf(v) for v in point.values()]
        for k, (key, claim) in enumerate(found.error.items()):
            order = tuple(int(j == k) for j in range(len(at)))
            exact = (
                mpmath.diff(truth, tuple(at), order) if len(at) > 1 else mpmath.diff(truth, at[0])
            )
            error = float(abs(exact - mpmath.mpf(found.gradient[key])))
            assert error <= claim
            assert claim <= 1e-14 * abs(float(exact)) or claim <= 1e4 * max(error, 1e-17)


def polynomial(terms):
    """The formula of {(i, j): c}, written so that parts are shared and paths branch."""
    return " + ".join(f"({c})*x^{i}*y^{j}*(x+y)" for (i, j), c in terms.items())


@pytest.mark.parametrize("seed", range(5))
def test_paths_are_exact_on_polynomials(seed):
    random = np.random.default_rng(seed)
    terms = {
        (int(i), int(j)): int(random.integers(-5, 6)) or 1 for i, j in random.integers(1, 4, (3, 2))
    }
    x, y = (Fraction(int(v), 4) for v in random.integers(1, 12, 2))
    by_x = sum(c * (i * x ** (i - 1) * y**j * (x + y) + x**i * y**j) for (i, j), c in terms.items())
    found = ty.chain(polynomial(terms), {"x": float(x), "y": float(y)})
    assert Fraction(found.gradient["x"]) == by_x
    paths = found.influence("x", 1000)
    assert paths.complete and len(paths.paths) == 2 * len(terms)
    exact = sum(math.prod(Fraction(f.value or 0.0) for f in p.factors) for p in paths.paths)
    assert exact == by_x


# ---- paths ----

LAYERS = [RANDOM.normal(size=s) for s in ((4, 3), (3, 4), (1, 3))]


def test_strongest_paths_are_those_of_all():
    f = lambda x: jnp.sum(LAYERS[2] @ (LAYERS[1] @ (LAYERS[0] @ x)))  # noqa: E731
    products = [
        LAYERS[0][i, 1] * LAYERS[1][j, i] * LAYERS[2][0, j]
        for i, j in itertools.product(range(4), range(3))
    ]
    found = ty.chain(f, np.ones(3)).influence("x[1]", 5)
    assert found.count == 12 and not found.complete
    best = sorted(products, key=abs, reverse=True)[:5]
    assert [p.product for p in found.paths] == pytest.approx(best, rel=1e-14)
    assert found.rest == pytest.approx(math.fsum(products) - math.fsum(best), rel=1e-12)
    assert found.total == pytest.approx(math.fsum(products), rel=1e-13)


def test_paths_are_counted_where_they_are_too_many_to_list():
    weights = np.random.default_rng(9).normal(size=(8, 6, 6))

    def f(x):
        for w in weights:
            x = jnp.tanh(w @ x)
        return jnp.sum(x)

    found = ty.chain(f, np.full(6, 0.1)).influence("x[0]", 3)
    assert found.count == 6**8
    assert len(found.paths) == 3
    sizes = [abs(p.product) for p in found.paths]
    assert sizes == sorted(sizes, reverse=True)
    assert found.over_paths == pytest.approx(found.total, rel=1e-12)


def test_a_weight_of_a_network_has_one_path_for_each_row():
    found = ty.chain(mlp, NET).influence("W1[1,2]")
    z = ROWS @ NET["W1"] + NET["b1"]
    a = np.tanh(z)
    residual = (a @ NET["W2"] + NET["b2"])[:, 0] - TRUTH
    products = ROWS[:, 1] * (1 - a[:, 2] ** 2) * NET["W2"][2, 0] * 2 * residual / 4
    assert found.count == 4
    assert sorted(p.product for p in found.paths) == pytest.approx(sorted(products), rel=1e-13)
    first = max(range(4), key=lambda k: abs(products[k]))
    named = {f.label: f.symbol for f in found.paths[0].factors}
    assert named[f"∂a1[{first},2]/∂z1[{first},2]"] == f"1 - a1[{first},2]^2"
    assert "W2[2,0]" in named.values()


def test_paths_between_arrays_sum_to_the_gradient():
    f = lambda p: mlp(p) * jnp.sum(p["W1"])  # noqa: E731
    found = ty.chain(f, NET).influence("W1")
    assert found.count == 2
    gap = sum(p.product for p in found.paths) - found.total
    assert np.max(np.abs(gap)) <= 1e-13 * np.max(np.abs(found.total))


def test_complex_numbers_have_a_gradient_and_no_paths():
    found = ty.chain(lambda x: jnp.abs(jnp.sum(jnp.exp(1j * x))) ** 2, np.array([0.3, 1.1]))
    exact = -2 * math.sin(0.3 - 1.1)
    assert found.gradient == pytest.approx([exact, -exact], rel=1e-13)
    assert "complex" in found.influence("x[0]").reason
    assert found.influence("x[0]").paths == ()


def test_a_while_loop_is_walked_forwards():
    f = lambda x: lax.while_loop(lambda v: v < 10, lambda v: v * v, x)  # noqa: E731
    found = ty.chain(f, 1.7)
    assert found.gradient == pytest.approx(8 * 1.7**7, rel=1e-13)
    assert found.accuracy is ty.Accuracy.UNKNOWN


# ---- how far to trust it ----


def logistic(x):
    return lax.scan(lambda c, _: (3.9 * c * (1 - c), c), x, None, length=40)[0]


def test_rounding_inside_a_scan_is_followed():
    found = ty.chain(logistic, 0.3)

    def exact(x):
        for _ in range(40):
            x = mpmath.mpf(3.9) * x * (1 - x)
        return x

    with mpmath.workdps(60):
        error = float(abs(mpmath.diff(exact, mpmath.mpf(0.3)) - found.gradient))
        gap = float(abs(exact(mpmath.mpf(0.3)) - found.value))
    assert found.accuracy is ty.Accuracy.ESTIMATED and found.check.kind == "unclear"
    assert error <= found.error <= 1e4 * error  # chaos: 16 digits become 7
    assert gap <= found.rounding.value


def test_rounding_of_a_reversed_scan_with_sequences():
    f = lambda x, k: jnp.sum(lax.scan(lambda c, v: (c * v, c**2), x, k, reverse=True)[1])  # noqa: E731
    found = ty.chain(f, (0.5, np.array([2.0, 3.0, 4.0])))
    assert found.gradient[0] == pytest.approx(2 * 0.5 * (1 + 4**2 + 12**2), rel=1e-14)
    assert found.rounding.value <= 1e-12 and found.accuracy is ty.Accuracy.ESTIMATED


def test_underflow_is_told():
    def f(x):
        for _ in range(300):
            x = 0.01 * jnp.sin(x)
        return x

    found = ty.chain(f, 1.0)
    assert found.findings[0].name == "underflow"
    assert found.accuracy is ty.Accuracy.UNKNOWN


def test_sums_that_cancel_are_not_claimed():
    weights = np.array([1e15, 1.0, -1e15])
    found = ty.chain(lambda x: jnp.sum(jnp.sin(x) * weights) ** 2, np.full(3, 0.7))
    exact = 2 * math.sin(0.7) * math.cos(0.7)
    assert abs(found.gradient[1] - exact) <= found.error[1]
    assert found.error[1] >= 1e-3 * exact


@pytest.mark.slow
def test_functions_in_a_module_are_held_fixed():
    equinox = pytest.importorskip("equinox")
    net = equinox.nn.MLP(2, 1, 4, 1, activation=jnp.tanh, key=jax.random.key(0))
    f = lambda m: jnp.mean(jax.vmap(m)(jnp.ones((3, 2)) * 0.5) ** 2)  # noqa: E731
    found = ty.chain(f, net)
    expected = equinox.filter_grad(f)(net)
    for ours, theirs in zip(leaves(found.gradient), leaves(expected), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-7)  # theirs is float32
    assert "layers[0].weight" in found.inputs


def test_taylor_test_has_slope_two():
    found = ty.chain(mlp, NET)
    assert found.check.kind == "quadratic"
    assert found.check.slope == pytest.approx(2.0, abs=0.05)


TESTS = [
    (lambda x: 3.0 * x[0] - x[1], [1.0, 2.0], "linear"),
    (lambda x: jnp.sum((x - 1.0) ** 3), [1.0, 1.0], "flatter"),
    (lambda x: lax.stop_gradient(x[0]) * x[0] + x[1] ** 2, [1.0, 2.0], "failed"),
    (lambda x: 1e8 + jnp.sin(x[0]), [1.0], "quadratic"),
]


@pytest.mark.parametrize(("f", "x", "kind"), TESTS)
def test_kinds_of_the_taylor_test(f, x, kind):
    assert ty.chain(f, np.array(x)).check.kind == kind


def test_a_wrong_rule_is_found_by_the_taylor_test():
    @jax.custom_jvp
    def wrong(x):
        return jnp.sin(x)

    wrong.defjvp(lambda p, t: (wrong(*p), 2.0 * jnp.cos(p[0]) * t[0]))
    found = ty.chain(lambda x: wrong(x) * x, 0.5)
    assert found.gradient == pytest.approx(2 * math.cos(0.5) * 0.5 + math.sin(0.5), rel=1e-14)
    assert [f.name for f in found.findings] == ["taylor-test"]
    assert found.accuracy is ty.Accuracy.UNKNOWN


KINKS = [
    ("abs(x) + x", {"x": 0.0}, "abs"),
    ("max(x, y)", {"x": 1.0, "y": 1.0}, "max"),
    ("where(x > 1, x^2, x)", {"x": 1.0}, "where"),
    (lambda x: jax.nn.relu(x - 1.0) * x, 1.0, "relu"),
    (lambda x: jnp.max(x), np.array([2.0, 2.0, 1.0]), "max"),
    (lambda x: jnp.sum(jnp.clip(x, 0.0, 1.0)), np.array([0.5, 1.0]), ""),
]


@pytest.mark.parametrize(("f", "x", "named"), KINKS)
def test_kinks_are_named(f, x, named):
    found = ty.chain(f, x)
    assert found.findings[0].name == "kink"
    assert f"kink of {named}" in found.findings[0].message
    assert found.accuracy is ty.Accuracy.UNKNOWN


def test_smooth_points_have_no_findings():
    assert ty.chain("abs(x) + max(x, 1)", {"x": 0.5}).findings == ()
    assert ty.chain(lambda x: jnp.sum(jax.nn.relu(x)), LINE).findings == ()


BROKEN = [
    (lambda x: jnp.log(x), -1.0, "value-not-finite", "log(-1) = nan"),
    (lambda x: jnp.where(x > 0, jnp.sqrt(x), 0.0), 0.0, "not-finite", "sqrt(0) is inf"),
    ("sqrt(x)*y", {"x": 0.0, "y": 1.0}, "not-finite", "sqrt(0) is inf"),
    ("1/(x-x)", {"x": 1.0}, "value-not-finite", "div(1, 0) = inf"),
]


@pytest.mark.parametrize(("f", "x", "finding", "said"), BROKEN)
def test_what_is_not_finite_is_named(f, x, finding, said):
    found = ty.chain(f, x)
    assert found.findings[0].name == finding and said in found.findings[0].message
    assert found.findings[0].next_step and not found.usable
    assert isinstance(f, str) or "test_chain.py" in found.findings[0].message
    assert found.accuracy is ty.Accuracy.UNKNOWN


def test_cost_of_both_directions():
    found = ty.chain("x*exp(-x/tau)", {"x": 1.0, "tau": 2.0}).cost
    assert (found.edges, found.reverse, found.forward, found.cheaper) == (6, 6, 12, "reverse")
    assert ty.chain("x*exp(-x)", {"x": 1.0}).cost.cheaper == "forward"


# ---- refusals ----

WRONG: Any = 3.0
REFUSED = [
    (lambda: ty.chain(lambda x: x**2, np.ones(3)), errors.FunctionError, "output='out[0]'"),
    (lambda: ty.chain(lambda x: jnp.array(2.0), 1.0), errors.FunctionError, "constant"),
    (lambda: ty.chain(jnp.sin, True), errors.ArgumentError, "True or False"),
    (lambda: ty.chain(jnp.sin, float("nan")), errors.ArgumentError, "nan"),
    (lambda: ty.chain("x*y", {"x": 1.0}), errors.ArgumentError, "y has no number"),
    (lambda: ty.chain("x*y", {"x": 1.0, "z": 1.0}), errors.ArgumentError, "'z'"),
    (lambda: ty.chain("x*", {"x": 1.0}), errors.FormulaError, "value is missing"),
    (lambda: ty.chain("x", {"x": 1.0}, output=0), errors.ArgumentError, "output"),
    (lambda: ty.chain(WRONG, 1.0), errors.ArgumentError, "function is needed"),
    (lambda: ty.chain(mlp, NET).influence("W3"), errors.ArgumentError, "use one of W1"),
    (lambda: ty.chain(mlp, NET).influence("W1[5,0]"), errors.ArgumentError, "(2, 3)"),
    (lambda: ty.chain(mlp, NET).influence("W1", paths=-1), errors.ArgumentError, "paths"),
    (lambda: ty.chain("x*x", {"x": 1.0})["q"], errors.ArgumentError, "there are x"),
    (lambda: jax.jit(lambda x: ty.chain(jnp.sin, x).value)(1.0), errors.ArgumentError, "not known"),
    (lambda: ty.chain(lambda x: x * TRUTH[0], 1.0, args=WRONG), errors.ArgumentError, "args"),
]


@pytest.mark.parametrize(("call", "kind", "said"), REFUSED)
def test_bad_input_is_refused_with_a_next_step(call, kind, said):
    with pytest.raises(kind) as caught:
        call()
    assert said in str(caught.value)
    assert caught.value.next_step or isinstance(caught.value, errors.FormulaError)


def test_inputs_in_every_form():
    assert ty.chain(lambda x, y: x * y**2, (2.0, 3.0)).gradient == (9.0, 12.0)
    named = ty.chain(lambda x, y: x * y**2, {"y": 3.0, "x": 2.0})
    assert named.gradient == {"x": 9.0, "y": 12.0}
    scaled = ty.chain(lambda x, k: jnp.sum(k * x), np.ones(2), args=(np.array([2.0, 5.0]),))
    assert scaled.gradient.tolist() == [2.0, 5.0]
    assert ty.chain(lambda x: np.exp(x) * x, 0.0).gradient == 1.0
    assert ty.chain(lambda x: x**2, 3).gradient == 6.0
    second = ty.chain(lambda x: {"a": x, "b": x**2}, np.array([1.0, 3.0]), output="b[1]")
    assert second.gradient.tolist() == [0.0, 6.0] and second.value == 9.0
    assert ty.chain(lambda x: x, 2.0).gradient == 1.0
    assert ty.chain(lambda x, d: jnp.sum(d), 2.0, args=(np.ones(2),)).gradient == 0.0
