"""Folded chain graphs: no label that is not the derivative, names of shared lines, long paths."""

import pickle

import jax.numpy as jnp
import numpy as np
import pytest

import taylored as ty
from taylored.formula import parse
from taylored.networks.chain_fold import fold

RANDOM = np.random.default_rng(8)
XX, YY = RANDOM.normal(size=(6, 2)), RANDOM.normal(size=6)
NET = {
    "W1": RANDOM.normal(size=(2, 3)), "b1": RANDOM.normal(size=3),
    "W2": RANDOM.normal(size=3), "b2": 0.1,
}  # fmt: skip


def loss(p):
    # fmt: off
    h = jnp.tanh(XX @ p["W1"] + p["b1"]); yhat = h @ p["W2"] + p["b2"]; err = yhat - YY  # noqa: E702
    # fmt: on
    return 0.5 * jnp.sum(err**2)


def deep(x):
    for _ in range(12):
        x = jnp.sin(x) * x + 0.1
    return x


def squares(v):
    for _ in range(5):  # so many that they are folded
        v = v * v + 0.1
    return v


def named_x(x):
    return squares(2.0 * x**2)


def named_e(e):
    return squares(2.0 * e**2)


def named_pi(pi):
    return squares(2.0 * pi**2)


def test_statements_that_share_a_line_keep_their_names():
    found = ty.chain(loss, NET)
    assert {"h", "yhat", "err", "loss"} <= {n.name for n in found.nodes}
    texts = {g.name: g.text for g in fold(found.graph, 8).groups}
    assert texts["h"] == 'h = jnp.tanh(XX @ p["W1"] + p["b1"])'
    assert texts["yhat"] == 'yhat = h @ p["W2"] + p["b2"]'


def test_folded_edges_compose_all_factors_or_say_nothing():
    factors = fold(ty.chain(loss, NET).graph, 8).factors
    assert factors["err", "loss"].symbol == "err"  # of 2*err, a sum and 1/2
    assert factors["b1", "h"].symbol == "1 - h^2"
    for ends in (("W1", "h"), ("h", "yhat"), ("W2", "yhat")):  # a product of matrices and more
        assert factors[ends].symbol == "" and factors[ends].kind == ""


def test_folded_numbers_are_the_derivative():
    found = ty.chain(deep, 0.7)
    folded = fold(found.graph, 20)
    product: float = 1.0
    x = 0.7
    for ends in folded.edges:
        value = folded.factors[ends].value
        assert value is not None
        assert value == pytest.approx(np.sin(x) + x * np.cos(x), rel=1e-13)
        x, product = np.sin(x) * x + 0.1, product * value
    assert product == pytest.approx(found.gradient, rel=1e-12)


@pytest.mark.parametrize("most", [8, 9, 12])
@pytest.mark.parametrize("seed", range(3))
def test_composed_formulas_are_the_adjoint_ratio(most, seed):
    """Where all edges out have labels, they give the adjoint from those of the next."""
    random = np.random.default_rng(seed)
    point = {k: float(v) for k, v in zip("xy", random.uniform(0.3, 1.5, 2), strict=True)}
    found = ty.chain("exp(sin(x*y)^2 + x/3)*y + sqrt(x + y^2)*cos(log(y + 2))", point)
    folded = fold(found.graph, most)
    values = {n.name: n.value for n in found.nodes}
    compared = 0
    for group in folded.groups:
        out = [ends for ends in folded.edges if ends[0] == group.name]
        parts = [folded.factors[ends] for ends in out]
        if out and all(p.value is not None for p in parts):
            total = sum(p.value * found[t].adjoint for p, (_, t) in zip(parts, out, strict=True))  # type: ignore[operator]
            assert total == pytest.approx(group.last.adjoint, rel=1e-12)
            compared += 1
        for part in parts:
            if part.symbol and part.value is not None:
                said = parse(part.symbol).model
                assert set(said.names) <= {g.name for g in folded.groups}
                number = float(said.evaluate(values, _NUMPY))
                assert number == pytest.approx(part.value, rel=1e-4)  # constants of 6 digits
    assert compared >= 2


_NUMPY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "pow": np.power,
    "neg": np.negative, "exp": np.exp, "sin": np.sin, "cos": np.cos, "log": np.log,
    "sqrt": np.sqrt,
}  # fmt: skip


@pytest.mark.parametrize(("f", "symbol"), [(named_x, "4*x"), (named_e, "4*e"), (named_pi, "")])
def test_a_value_called_as_a_constant_is_none(f, symbol):
    """Formulas read e as a name; pi is the constant in them, so nothing is said of such a value."""
    first, *_ = fold(ty.chain(f, 0.3).graph, 8).factors.values()
    assert first.symbol == symbol and first.value == pytest.approx(1.2, rel=1e-14)


def test_pictures_speak_of_no_hidden_node():
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(5, 4))
    found = ty.chain(loss, NET)
    found.plot(ax)
    labels = {t.get_text() for t in ax.texts if t.get_zorder() == 4}
    assert not any("v" in label or label in ("xx", "2*err") for label in labels)
    plt.close(figure)
    whole = found.plot()
    shown = {t.get_text().split("\n")[0] for t in whole.texts if t.get_zorder() == 5}
    assert shown == {n.name for n in found.nodes}  # 13 are not folded
    plt.close(whole.figure)


def test_a_zero_at_a_kink_is_not_said_to_reach_nothing():
    assert [f.name for f in ty.chain("abs(x)", {"x": 0.0}).findings] == ["kink"]
    assert [f.name for f in ty.chain("x^2", {"x": 0.0}).findings] == ["zero"]


@pytest.mark.parametrize("width", [60, 80])
def test_long_paths_are_shown_to_their_end(width):
    found = ty.chain(loss, NET).influence("W1[1,2]")
    text = found.report(width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "..." not in text
    flat = " ".join(text.split())
    assert flat.count("v5 > loss") == 6


def test_chains_of_formulas_are_pickled():
    found = ty.chain("x*exp(-x/tau)", {"x": 1.0, "tau": 2.0})
    again = pickle.loads(pickle.dumps(found))
    assert again.gradient == found.gradient and again.report() == found.report()


def test_words_of_small_cases():
    found = ty.chain("-x", {"x": 0.0})
    assert "1 sweep x 1 edge = 1 multiplication " in str(found.cost)
    assert "= -0" not in found.latex()
