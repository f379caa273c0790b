"""How the chain rule is shown: names, folding, text, LaTeX, JSON, pictures."""

import json
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest

import taylored as ty
from taylored.networks.chain_fold import fold
from taylored.plot.chain_layout import layered, levels

RANDOM = np.random.default_rng(3)
ROWS = RANDOM.normal(size=(5, 2))
PARAMS = {"W": RANDOM.normal(size=(2, 3)), "b": RANDOM.normal(size=3)}


def loss(p):
    z = ROWS @ p["W"] + p["b"]
    hidden = jnp.tanh(z)
    total = jnp.sum(hidden, axis=1)
    return jnp.mean(total**2)


def deep(x):
    for _ in range(12):
        x = jnp.sin(x) * x + 0.1
    return jnp.sum(x)


DECAY = ty.chain("x*exp(-x/tau)", {"x": 1.0, "tau": 2.0})


def test_values_are_called_as_in_the_code():
    found = ty.chain(loss, PARAMS)
    made = {node.name: node.operation for node in found.nodes}
    assert made["z"] == "v1 + b" and made["v1"] == "ROWS @ W"
    assert made["hidden"] == "tanh(z)" and made["total"] == "sum(hidden)"
    assert list(made)[-1] == "loss" and made["loss"] == "v3 / 5"
    assert "test_chain_views.py" in found["z"].line
    symbols = {edge.label: (edge.symbol, edge.kind) for edge in found.edges}
    assert symbols["∂hidden/∂z"] == ("1 - hidden^2", "elementwise")
    assert symbols["∂v1/∂W"] == ("ROWS", "matrix product")
    assert symbols["∂v2/∂total"] == ("2*total", "elementwise")


def test_a_name_in_a_loop_is_numbered():
    names = [node.name for node in ty.chain(deep, np.array([0.3, 0.7])).nodes]
    assert {"x", "x_2", "x_13", "deep"} <= set(names)
    assert len(names) == len(set(names))


def test_large_graphs_are_folded_by_line():
    found = ty.chain(deep, np.array([0.3, 0.7]))
    folded = fold(found.graph, 20)
    assert len(found.nodes) > 30 and len(folded.groups) <= 20 and folded.folded
    assert any("jnp.sin(x) * x" in group.text for group in folded.groups)
    members = [n.name for g in folded.groups for n in g.nodes]
    assert members == [n.name for n in found.nodes]
    order = {g.name: k for k, g in enumerate(folded.groups)}
    assert all(order[a] < order[b] for a, b in folded.edges)


# ---- text ----


def test_report_holds_all_parts():
    text = DECAY.report(width=80)
    assert text.startswith("f = 0.606531; ∂f/∂x = 0.303265, ∂f/∂tau = 0.151633.")
    for part in (
        "x > v1 > v2 > v3 > f", "(-1) * 0.5 * 0.6065 * 1", "sum over all paths", "-v2/tau",
        "slope 2.00", "reverse 1 sweep x 6 edges = 6", "forward 2 sweeps x 6 edges = 12",
        "estimated",
    ):  # fmt: skip
        assert part in text
    assert repr(DECAY).startswith("<chain rule, 6 nodes, 6 edges: f = 0.606531")
    assert "2 paths" in repr(DECAY.influence("x"))


MANY = ty.chain(lambda x: jnp.sum(jnp.tanh(x) * x), np.linspace(0, 1, 50))
SHOWN = [DECAY, ty.chain(loss, PARAMS), ty.chain(deep, np.ones(3)), MANY]


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("case", range(len(SHOWN)))
def test_reports_fit_the_terminal(case, width, unicode):
    found = SHOWN[case]
    first = found.question.layout.name(0)
    for text in (
        found.report(width=width, unicode=unicode),
        found.influence(first).report(width=width, unicode=unicode),
        found.influence(found.inputs[0]).report(width=width, unicode=unicode),
    ):
        assert max(map(len, text.splitlines())) <= width
        assert unicode or (text.isascii() and "?" not in text)


def test_html_is_escaped():
    html = ty.chain("`<b>`^2", {"<b>": 2.0})._repr_html_()
    assert "&lt;b&gt;" in html and "<b>" not in html


def test_document_is_json_with_all_numbers():
    document = json.loads(json.dumps(DECAY.to_dict(), allow_nan=False))
    assert document["gradient"]["x"]["derivative"] == DECAY.gradient["x"]
    assert document["taylor_test"]["kind"] == "quadratic"
    assert [p["product"] for p in document["influences"][0]["paths"]] == [
        p.product for p in DECAY.influence("x").paths
    ]
    broken = ty.chain("y*sqrt(x)", {"x": 0.0, "y": 1.0}).to_dict()
    json.dumps(broken, allow_nan=False)
    assert broken["usable"] is False and broken["gradient"]["x"]["derivative"] is None


def test_latex_is_balanced_and_says_the_sum():
    for text in (DECAY.latex(), ty.chain(loss, PARAMS).latex(), MANY.influence("x[3]").latex()):
        assert text.count("{") == text.count("}")
        assert text.count(r"\begin{aligned}") == text.count(r"\end{aligned}")
    text = DECAY.influence("x").latex()
    assert r"\frac{\partial f}{\partial x}" in text
    assert r"&= 0.606531 - 0.303265" in text and "&= 0.303265" in text
    whole = DECAY.latex()
    assert r"\frac{\partial v_{2}}{\partial \tau} &= -\frac{v_{2}}{\tau} = 0.25" in whole


# ---- pictures ----


def test_layers_go_from_left_to_right():
    edges = [("x", "a"), ("a", "b"), ("x", "f"), ("b", "f"), ("y", "b")]
    level = levels(["x", "y", "a", "b", "f"], edges)
    assert all(level[s] < level[t] for s, t in edges) and level["y"] == 1
    laid = layered(["x", "y", "a", "b", "f"], edges)
    assert len(laid.bends["x", "f"]) == 2
    at = list(laid.places.values())
    for (x0, y0), (x1, y1) in ((p, q) for k, p in enumerate(at) for q in at[:k]):
        assert x0 != x1 or abs(y0 - y1) >= 1.0 - 1e-9


@pytest.mark.every(2)
@pytest.mark.parametrize("case", range(len(SHOWN)))
def test_pictures_hold_every_group_and_no_overlap(case):
    import matplotlib.pyplot as plt

    ax = SHOWN[case].plot()
    boxes = [t for t in ax.texts if t.get_zorder() == 5]
    ax.figure.draw_without_rendering()
    windows = [t.get_bbox_patch().get_window_extent() for t in boxes]
    assert len(boxes) >= 2
    for k, one in enumerate(windows):
        assert not any(one.overlaps(other) for other in windows[:k])
    inside = ax.figure.bbox
    assert all(w.x0 >= inside.x0 and w.x1 <= inside.x1 for w in windows)
    plt.close(ax.figure)


def test_pictures_can_be_drawn_into_axes_of_the_user():
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    assert DECAY.plot(ax) is ax
    said = {t.get_text() for t in ax.texts}
    assert "v3 = 0.6065" in said and "v2\nv1 / tau" in said
    plt.close(figure)


# ---- what is loaded ----


def test_formulas_need_no_jax():
    code = (
        "import sys, taylored as ty; c = ty.chain('x*y + sin(x)', {'x': 1, 'y': 2}); c.report();"
        "c.latex(); c.influence('x'); assert 'jax' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
