"""The matrix object: products, names, structure, cost, explanations, reuse, and bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import taylored as ty
from taylored.calculus.plan import _plans
from taylored.errors import ArgumentError, FileReadError, FunctionError, PatternError
from taylored.trace.jaxpr import float64

RNG = np.random.default_rng(0)


def model(p):
    """Outputs by name from inputs by name."""
    return {"s": jnp.sin(p["a"]) * p["w"], "t": p["w"][:2].sum() * p["a"]}


AT = {"a": 0.7, "w": np.array([1.0, 2.0, 3.0])}
DENSE = np.array([
    [np.cos(0.7) * 1, np.sin(0.7), 0, 0],
    [np.cos(0.7) * 2, 0, np.sin(0.7), 0],
    [np.cos(0.7) * 3, 0, 0, np.sin(0.7)],
    [3.0, 0.7, 0.7, 0],
])  # fmt: skip


def rosenbrock(x):
    return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


# ---- products and conversions ----


def test_products_on_both_sides_without_the_entries():
    J = ty.jacobian(model)(AT)
    v, u, V = RNG.normal(size=4), RNG.normal(size=4), RNG.normal(size=(4, 9))
    for _ in range(2):  # the second product uses the linear map that is kept
        assert np.allclose(J @ v, DENSE @ v, rtol=1e-14)
        assert np.allclose(u @ J, u @ DENSE, rtol=1e-14)
        assert np.allclose(J.T @ u, DENSE.T @ u, rtol=1e-14)
        assert np.allclose(v @ J.T, v @ DENSE.T, rtol=1e-14)
    assert J._values is None
    assert np.allclose(J @ V, DENSE @ V)
    assert np.allclose(V.T @ J, V.T @ DENSE)
    assert np.allclose(J.T @ V, DENSE.T @ V)
    assert np.allclose(J @ V[:, :1], DENSE @ V[:, :1])


def test_conversions():
    J = ty.jacobian(model)(AT)
    assert np.allclose(J.dense(), DENSE, rtol=1e-15)
    assert J.sparse().nnz == J.nnz == 9
    assert np.allclose(np.asarray(J), DENSE)
    assert np.allclose(J.T.dense(), DENSE.T) and np.allclose(J.T.sparse().toarray(), DENSE.T)
    assert J.T.shape == (4, 4) and J.T.T is J
    with float64():
        expected = jax.jacobian(model)(jax.tree.map(jnp.asarray, AT))
    assert jax.tree.all(jax.tree.map(np.allclose, J.tree(), expected))


def test_trees_in_and_out():
    J = ty.jacobian(model)(AT)
    out = J @ {"a": 1.0, "w": np.zeros(3)}
    assert np.allclose(out["s"], DENSE[:3, 0]) and np.allclose(out["t"], 3.0)
    back = {"s": np.array([1.0, 0, 0]), "t": 0.0} @ J
    assert np.allclose(back["a"], DENSE[0, 0]) and np.allclose(back["w"], DENSE[0, 1:])


def test_linear_operator_serves_iterative_solvers():
    from scipy.sparse.linalg import cg

    H = ty.hessian(lambda x: jnp.sum(x**4) + jnp.sum(x) ** 2)(np.ones(50))
    for operator in (H, H.linear_operator()):
        solution, failed = cg(operator, np.ones(50), rtol=1e-12)
        assert not failed and np.allclose(H @ solution, np.ones(50))


def test_gradient_of_trees_and_several_arguments():
    def f(x, p):
        return jnp.sum(x**2) * p["k"]

    g = ty.gradient(f, argnums=(0, 1))(np.array([1.0, 2.0]), {"k": 3.0})
    assert isinstance(g, tuple) and np.allclose(g[0], [6, 12]) and g[1] == {"k": 5.0}
    assert ty.gradient(f)(np.array([1.0]), {"k": 3.0}).dtype == np.float64
    assert ty.gradient(lambda x: jnp.sin(x) * x)(2.0) == pytest.approx(np.cos(2) * 2 + np.sin(2))
    J = ty.jacobian(lambda x, y: x * y, argnums=(1, 0))(np.ones(2), np.array([3.0, 4.0]))
    assert J.inputs.names(range(4)) == ["y[0]", "y[1]", "x[0]", "x[1]"]
    assert np.allclose(J["x"].dense(), np.diag([3, 4]))


def test_auxiliary_output():
    value, aux = ty.jacobian(lambda x: (x**2, {"kept": x[0]}), has_aux=True)(np.array([3.0, 1.0]))
    assert np.allclose(value.dense(), [[6, 0], [0, 2]]) and aux["kept"] == 3.0
    g, aux = ty.gradient(lambda x: (x**2, jnp.int32(4)), has_aux=True)(3.0)
    assert g == 6.0 and aux == 4


def test_precision_is_the_callers():
    x = jnp.arange(1.0, 4.0, dtype=jnp.float32)
    J = ty.jacobian(lambda v: v**2)(x)
    assert isinstance(J.dense(), jax.Array) and J.dense().dtype == jnp.float32
    assert (J @ x).dtype == jnp.float32
    assert ty.gradient(lambda v: jnp.sum(v**2))(np.ones(3, np.float32)).dtype == np.float32
    mixed = {"a": np.ones(2, np.float32), "b": np.ones(2)}
    g = ty.gradient(lambda p: jnp.sum(p["a"] * p["b"]))(mixed)
    assert g["a"].dtype == np.float32 and g["b"].dtype == np.float64


# ---- names and blocks ----


def test_blocks_by_name():
    J = ty.jacobian(model)(AT)
    assert np.allclose(J["s", "w"].dense(), np.diag([np.sin(0.7)] * 3))
    assert J["a"].shape == (4, 1) and J["t", "w"].nnz == 2
    assert np.allclose(J["s", "w"] @ np.ones(3), np.sin(0.7))
    assert np.allclose(np.ones(1) @ J["t", "w"], [0.7, 0.7, 0])
    assert np.allclose(J["s", "w"].T.dense(), J["s", "w"].dense().T)
    assert np.allclose(J["s", :].dense(), DENSE[:3]) and J[:, "w"].shape == (4, 3)
    assert J[3, 1] == pytest.approx(0.7) and J["t", "w[1]"].shape == (1, 1)
    assert J.inputs.name(3) == "w[2]" and J.inputs.index("w[2]") == 3


def test_block_of_a_matrix_too_dense_to_list():
    H = ty.hessian(lambda p: jnp.sum(p["big"]) ** 2 * p["k"])({"big": np.ones(100_000), "k": 2.0})
    assert not H.pattern.listed or H.nnz > 1e9
    assert H["k", "k"].dense().shape == (1, 1)
    assert np.allclose(H["k", "big"].dense(), 2e5)
    with pytest.raises(PatternError, match="dense"):
        H.sparse()


def test_branches_of_a_tree_are_blocks():
    def f(p):
        return p["net"]["w"].sum() * p["net"]["b"] + p["k"]

    J = ty.jacobian(f)({"k": 1.0, "net": {"b": np.ones(2), "w": np.ones((2, 2))}})
    assert J["net"].shape == (2, 6) and J["net.w"].shape == (2, 4)
    assert J.inputs.name(4) == "net.w[0, 1]"


# ---- structure, passes, cost ----


def test_structures():
    def kind(f, n, verb=ty.jacobian):
        return verb(f)(np.linspace(0.5, 1.5, n)).structure.kind

    a, b = jnp.asarray(RNG.normal(size=(40, 3))), jnp.asarray(RNG.normal(size=(3, 40)))
    assert kind(lambda x: x**2, 9) == "diagonal"
    assert kind(lambda x: x * jnp.pad(x, 1)[2:], 40) == "banded"
    assert kind(lambda x: jnp.linalg.norm(x.reshape(10, 4), axis=1), 40) == "block diagonal"
    assert kind(lambda x: jnp.concatenate([jnp.sum(x)[None], x[1:] * x[0]]), 40) == "arrow"
    assert kind(jnp.cumsum, 40) == "triangular"
    assert kind(lambda x: a @ jnp.sin(b @ x), 40) == "low rank"
    assert kind(lambda x: jax.nn.softmax(x), 40) == "dense"
    assert kind(lambda x: jnp.zeros(3) + 0 * jnp.floor(x[:3]), 40) == "empty"
    assert kind(lambda x: jnp.sum(x) ** 2, 40, ty.hessian) == "low rank"
    assert kind(rosenbrock, 40, ty.hessian) == "banded"
    assert kind(lambda x: x[1:] - x[:-1], 40) == "banded"


def test_the_rank_claimed_is_a_bound():
    a, b = jnp.asarray(RNG.normal(size=(40, 3))), jnp.asarray(RNG.normal(size=(3, 40)))
    J = ty.jacobian(lambda x: a @ jnp.sin(b @ x))(np.ones(40))
    assert J.structure.details["rank"] == np.linalg.matrix_rank(J.dense()) == 3


def test_arrowhead_takes_three_passes_at_any_size():
    def arrow(x):
        return jnp.concatenate([jnp.sum(x**2)[None], x[1:] ** 2 * x[0]])

    x = RNG.uniform(0.5, 1.5, 100_000)
    J = ty.jacobian(arrow)(x)
    assert (J.passes, J.passes_lower_bound) == (3, 3)
    assert (J.cost.forward, J.cost.reverse) in ((2, 1), (1, 2))
    v = RNG.normal(size=len(x))
    assert np.allclose(J.sparse() @ v, J @ v)


def test_bdqrtic_hessian_in_few_passes():
    def bdqrtic(x):
        n = len(x)
        bands = sum((k + 1) * x[k : n - 4 + k] ** 2 for k in range(4))
        return jnp.sum((3 - 4 * x[: n - 4]) ** 2 + (bands + 5 * x[-1] ** 2) ** 2)

    H = ty.hessian(bdqrtic)(RNG.uniform(0.5, 1.5, 5000))
    assert H.passes_lower_bound <= H.passes <= 12
    v = RNG.normal(size=5000)
    assert np.allclose(H.sparse() @ v, H @ v, rtol=1e-12)


def test_cost_is_told_before_anything_is_computed():
    H = ty.hessian(rosenbrock)(np.ones(1000))
    cost = H.cost
    assert H._values is None and cost.passes == H.passes == 3 and cost.lower_bound == 3
    assert cost.entries == 2998 and cost.bytes < cost.dense_bytes / 100
    assert "3 passes" in str(cost)


# ---- reuse ----


def test_one_plan_for_all_points_and_for_equal_functions():
    _plans.clear()
    transform = ty.hessian(rosenbrock)
    first, second = transform(np.ones(60)), transform(np.zeros(60))
    assert first._plan is second._plan
    anew = ty.hessian(rosenbrock)(np.ones(60))
    assert anew._plan is first._plan
    shifted = ty.hessian(lambda x: rosenbrock(x) * 2)(np.ones(60))
    assert shifted._plan is not first._plan


def test_functions_that_close_over_numbers_do_not_share_their_values():
    for k in (2.0, 3.0):
        assert np.allclose(ty.jacobian(lambda x, k=k: k * x)(np.ones(2)).dense(), np.eye(2) * k)

        captured = np.array([k, 1.0])
        J = ty.jacobian(lambda x, captured=captured: captured * x)(np.ones(2))
        assert np.allclose(J.dense(), np.diag([k, 1.0]))


def test_rules_that_change_are_seen():
    def with_factor(factor):
        @jax.custom_jvp
        def f(x):
            return x**2

        f.defjvp(lambda p, t: (p[0] ** 2, factor * p[0] * t[0]))
        return lambda x: f(x)

    for factor in (2.0, 5.0):
        assert ty.jacobian(with_factor(factor))(np.ones(1)).dense() == factor


def test_inside_jit_and_vmap():
    x = jnp.linspace(0.5, 1.5, 6)

    @jax.jit
    def newton_step(x):
        H = ty.hessian(rosenbrock)(x)
        return H.dense(), H @ x, ty.gradient(rosenbrock)(x)

    dense, product, slope = newton_step(x)
    assert np.allclose(dense, jax.hessian(rosenbrock)(x), rtol=1e-5)
    assert np.allclose(product, dense @ x, rtol=1e-4, atol=1e-3)
    assert np.allclose(slope, jax.grad(rosenbrock)(x), rtol=1e-5)
    many = jax.vmap(lambda v: ty.jacobian(lambda z: z[1:] * z[:-1])(v).dense())(jnp.ones((3, 4)))
    assert many.shape == (3, 3, 4)
    scaled = jax.jit(lambda v, k: ty.jacobian(lambda z: k * z)(v).values)(x, 3.0)
    assert np.allclose(scaled, 3.0)
    slope = jax.jit(lambda v: ty.hessian(rosenbrock)(v).diagonal())(x)
    assert np.allclose(slope, np.diag(dense), rtol=1e-5)
    with pytest.raises(ArgumentError, match="jit"):
        jax.jit(lambda v: ty.jacobian(lambda z: z**2)(v).sparse())(x)


def test_other_arguments_change_without_a_new_trace():
    calls = []

    def f(x, scale, shift):
        calls.append(1)
        return x * scale + shift[: len(x)]

    transform = ty.jacobian(f)
    for scale in (1.0, 2.0, 3.0):
        J = transform(np.ones(2), scale, shift=np.ones(3))
        assert np.allclose(J.dense(), scale * np.eye(2))
    assert len(calls) <= 2
    index = ty.jacobian(lambda x, k: x[k])
    assert index(np.ones(4), np.array([1])).pattern.indices.tolist() == [1]
    assert index(np.ones(4), np.array([2])).pattern.indices.tolist() == [2]


# ---- patterns saved, given, local ----


def test_pattern_saved_and_given(tmp_path):
    H = ty.hessian(rosenbrock)(np.ones(30))
    H.pattern.save(tmp_path / "p.npz")
    pattern = ty.Pattern.load(tmp_path / "p.npz")
    again = ty.hessian(rosenbrock, pattern=pattern)(np.zeros(30))
    assert np.allclose(again.dense(), ty.hessian(rosenbrock)(np.zeros(30)).dense())
    wide = ty.hessian(rosenbrock, pattern=np.ones((30, 30), bool))(np.zeros(30))
    assert np.allclose(wide.dense(), again.dense())


def test_a_pattern_that_lacks_entries_is_refused():
    with pytest.raises(PatternError, match="lacks entries"):
        ty.hessian(rosenbrock, pattern=np.eye(30, dtype=bool))(np.ones(30)).sparse()
    with pytest.raises(PatternError, match="30 x 30"):
        ty.hessian(rosenbrock, pattern=np.eye(29, dtype=bool))(np.ones(30))


def test_a_given_pattern_is_checked_at_every_point():
    transform = ty.jacobian(lambda x: x[0] * x[1] + x, pattern=np.eye(3, dtype=bool))
    with pytest.raises(PatternError, match="lacks entries"):
        for scale in (0.0, 1.0):
            transform(scale * np.ones(3)).sparse()
    given = ty.jacobian(lambda x: x * x[::-1], pattern=np.eye(3, dtype=bool))
    assert given(np.zeros(3)).dense().max() == 0  # nothing is missing here
    with pytest.raises(PatternError):
        given(np.ones(3)).dense()


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04", None])
def test_damaged_pattern_files(tmp_path, content):
    path = tmp_path / "p.npz"
    if content is None:
        with pytest.raises(FileReadError):
            ty.Pattern.load(path)
        return
    path.write_bytes(content)
    with pytest.raises(PatternError):
        ty.Pattern.load(path)


@pytest.mark.parametrize("change", [
    {"indices": [5]}, {"indptr": [0, 2, 1]}, {"format": "other"}, {"shape": [2]},
    {"indptr": [0, 1]}, {"indices": np.array([object()])},
])  # fmt: skip
def test_forged_pattern_files(tmp_path, change):
    held = {"format": "taylored-pattern-1", "shape": [2, 2], "indptr": [0, 1, 1], "indices": [0],
            "scope": "global", "listed": True, "dense_by": np.zeros(0, str)}  # fmt: skip
    np.savez(tmp_path / "p.npz", **(held | change))
    with pytest.raises(PatternError):
        ty.Pattern.load(tmp_path / "p.npz")


def test_local_pattern_drops_what_is_zero_here():
    def f(x):
        return jnp.where(x > 0, x * x[::-1], 0.0)

    x = np.array([1.0, -1, -1, 1])
    everywhere, here = ty.jacobian(f)(x), ty.jacobian(f, pattern="local")(x)
    assert everywhere.nnz == 8 and here.nnz == 4
    assert np.allclose(everywhere.dense(), here.dense())
    assert here.pattern.scope == "local"


def test_a_hessian_that_is_not_symmetric_is_refused():
    @jax.custom_jvp
    def odd(x):
        return x[0] * jnp.sum(x[1:])

    def rule(primals, tangents):
        (x,), (t,) = primals, tangents
        return odd(x), jnp.sum(x[1:] ** 2) * t[0] + x[0] * jnp.sum(t[1:])

    odd.defjvp(rule)
    with pytest.raises(PatternError, match="symmetric"):
        ty.hessian(lambda x: odd(x) + jnp.sum(x**2))(np.linspace(1, 2, 9)).sparse()


# ---- explanations ----


def test_explain_names_the_lines():
    def f(x):
        squares = x**2
        shifted = jnp.roll(squares, 1)
        return jnp.sin(shifted) + x[0]

    J = ty.jacobian(f)(np.array([0.1, 0.2, 0.3]))
    why = J.explain(2, 1)
    assert why.depends and why.value == pytest.approx(J.dense()[2, 1])
    code = [step.code for step in why.steps]
    assert code == ["squares = x**2", "shifted = jnp.roll(squares, 1)",
                    "return jnp.sin(shifted) + x[0]"]  # fmt: skip
    assert "test_derivative_matrix.py" in why.steps[0].source and "out[2]" in str(why)
    assert not J.explain("out[1]", "x[2]").depends
    assert J.explain(1, 0).ways == 2


def test_dense_parts_are_named():
    # A primitive that no reading knows: a callback with a rule of its own.
    @jax.custom_jvp
    def outside(x):
        return jax.pure_callback(np.cumsum, jax.ShapeDtypeStruct(x.shape, x.dtype), x)

    def rule(primals, tangents):
        (t,) = tangents
        shape = jax.ShapeDtypeStruct(t.shape, t.dtype)
        return outside(*primals), jax.pure_callback(np.cumsum, shape, t, vmap_method="sequential")

    outside.defjvp(rule)
    J = ty.jacobian(lambda x: outside(x) * 2)(np.ones(3))
    assert J.pattern.is_full
    assert "pure_callback" in J.pattern.dense_by[0]
    assert "test_derivative_matrix.py" in J.pattern.dense_by[0]


def test_linear_inputs():
    J = ty.jacobian(lambda p: p["a"] * p["x"] + p["b"] ** 2 + p["c"])(
        {"a": 1.0, "b": 1.0, "c": 1.0, "x": 2.0}
    )
    names = [n for n, yes in zip("abcx", J.linear_inputs, strict=True) if yes]
    assert "c" in names and "b" not in names and len({"a", "x"} & set(names)) == 1
    exp = ty.jacobian(lambda x: jnp.exp(x))(np.ones(3))
    assert not exp.linear_inputs.any()


# ---- bad input ----


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: ty.gradient(jnp.sum)(np.arange(3)), ArgumentError, ["'a'", "whole numbers"]),
    (lambda: ty.gradient(jnp.sum)(3), ArgumentError, ["a whole number", "3.0"]),
    (lambda: ty.gradient(lambda p: p["k"])({"k": True}), ArgumentError, ["'k'", "True or False"]),
    (lambda: ty.gradient(jnp.sum)(np.ones(2) * 1j), ArgumentError, ["complex"]),
    (lambda: ty.gradient(jnp.sum)("text"), ArgumentError, ["a str"]),
    (lambda: ty.gradient(jnp.sum)({}), ArgumentError, ["nothing to differentiate"]),
    (lambda: ty.gradient(jnp.sum)(np.zeros(0)), ArgumentError, ["nothing to differentiate"]),
    (lambda: ty.gradient(lambda x: x @ x)(np.array([1, np.nan])), ArgumentError, ["x[1]", "nan"]),
    (lambda: ty.jacobian(lambda p: p["k"])({"k": np.inf}), ArgumentError, ["k", "inf"]),
    (lambda: ty.gradient(lambda x: x if x > 0 else -x)(1.0), FunctionError, ["branches", "where"]),
    (lambda: ty.gradient(lambda x: np.exp(x))(1.0), FunctionError, ["NumPy", "jax.numpy"]),
    (lambda: ty.gradient(lambda x: float(x))(1.0), FunctionError, ["needs the number"]),
    (lambda: ty.gradient(lambda x: x * np.random.rand())(1.0), FunctionError, ["not the same"]),
    (lambda: ty.gradient(lambda x: x**2)(np.ones(2)), FunctionError, ["jacobian"]),
    (lambda: ty.hessian(lambda x: x**2)(np.ones(2)), FunctionError, ["Hessian"]),
    (lambda: ty.jacobian(lambda x: ())(1.0), FunctionError, ["no numbers"]),
    (lambda: ty.jacobian(lambda x: jnp.argmax(x))(np.ones(2)), FunctionError, ["int"]),
    (lambda: ty.jacobian(lambda x: x * 1j)(np.ones(2)), FunctionError, ["complex"]),
    (lambda: ty.jacobian(lambda x: x.undefined)(np.ones(2)), FunctionError, ["undefined"]),
    (lambda: ty.jacobian(3), ArgumentError, ["function"]),
    (lambda: ty.jacobian(jnp.sin, argnums=1)(1.0), ArgumentError, ["argnums"]),
    (lambda: ty.gradient(jnp.sum, np.ones(3)), ArgumentError, ["ty.gradient(f)(x)"]),
    (lambda: ty.gradient(lambda x: None)(1.0), FunctionError, ["return"]),
    (lambda: ty.jacobian(model)(AT)["s"], ArgumentError, ["is an output", "J['s', :]"]),
    (lambda: ty.jacobian(jnp.sin, pattern="nearby"), ArgumentError, ["local"]),
    (lambda: ty.jacobian(jnp.sin, pattern=np.ones(3)), PatternError, ["rows and columns"]),
    (lambda: ty.jacobian(model)(AT)["ww"], ArgumentError, ["'ww'", "'w'"]),
    (lambda: ty.jacobian(model)(AT).explain(9, 0), ArgumentError, ["9", "0 to 3"]),
    (lambda: ty.jacobian(model)(AT).explain("t", "w"), ArgumentError, ["w[0]"]),
    (lambda: ty.jacobian(model)(AT).explain("t", "w[7]"), ArgumentError, ["shape (3,)"]),
    (lambda: ty.jacobian(model)(AT) @ np.ones(3), ArgumentError, ["4 numbers"]),
    (lambda: ty.jacobian(lambda x: (x, 1, 2), has_aux=True)(1.0), FunctionError, ["has_aux"]),
])  # fmt: skip
def test_bad_input_names_what_and_where(call, error, words):
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert all(word in message for word in words), message
    if error is not PatternError and "argnums" not in words:
        assert "Next:" in message


def test_the_line_is_named():
    def side_effect(x):
        x[0] = 1.0
        return x

    with pytest.raises(FunctionError, match=r"test_derivative_matrix.py:\d+: x\[0\] = 1.0"):
        ty.jacobian(side_effect)(np.ones(2))
    with pytest.raises(ArgumentError, match=r"test_derivative_matrix.py:\d+"):
        ty.jacobian(jnp.sin)(np.arange(3))


def test_values_kept_from_an_earlier_call_are_a_side_effect():
    kept = []

    def f(x):
        kept.append(x)
        return x * kept[0]

    with pytest.raises(FunctionError):
        ty.jacobian(f)(np.ones(2))
