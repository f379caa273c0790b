"""Pictures and reports of derivative matrices and of influence: what is on them."""

import json

import jax.numpy as jnp
import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

from taylored.calculus.influence import influence
from taylored.calculus.pattern import Pattern
from taylored.calculus.transforms import hessian, jacobian
from taylored.errors import ArgumentError
from taylored.plot.cells import density_picture, pass_of
from taylored.plot.influence import influence_bars
from taylored.plot.spy import spy
from taylored.report.derivatives import matrix_dict, matrix_text
from taylored.report.dots import binned, dotted
from taylored.report.influence import influence_dict, influence_html, influence_text, portion
from taylored.report.matrix_facts import blocks_of


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def named(p):
    pair = jnp.stack([p["a"] ** 2, jnp.sin(p["c"][0]), p["c"][1] * p["b"]])
    return {"u": p["a"] * p["b"], "v": pair}


NAMED = {"a": 2.0, "b": 3.0, "c": np.array([0.5, 1.5])}


def arrow(x):
    return x * x[0] + jnp.concatenate([jnp.sum(x**2)[None], x[1:] ** 2])


def banded(n):
    return jacobian(lambda x: x[1:-1] ** 2 - x[:-2] * x[2:])(np.linspace(1.0, 2.0, n))


def texts(figure):
    return " | ".join(t.get_text() for t in figure.findobj(matplotlib.text.Text))


# ---- the pattern as a picture ----


def test_small_matrix_has_names_passes_and_title():
    ax = spy(jacobian(named)(NAMED))
    assert [t.get_text() for t in ax.get_xticklabels()] == ["a", "b", "c[0]", "c[1]"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["u", "v[0]", "v[1]", "v[2]"]
    said = texts(ax.figure)
    assert "Jacobian of named: 6 of 16 entries, 2 passes (no fewer than 2)" in said
    assert "pass 2, forward: 3 entries" in said
    assert "holds at every point" in said
    assert sorted(t.get_text() for t in ax.texts) == ["1", "1", "1", "2", "2", "2"]
    picture = ax.images[0].get_array()
    assert np.array_equal(picture[..., 3] > 0, jacobian(named)(NAMED).pattern.dense())


def test_settings_are_left_alone():
    before = dict(matplotlib.rcParams)
    spy(jacobian(named)(NAMED))
    influence_bars(influence(jnp.sum, np.ones(3)))
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("color", ["pass", "value", None])
@pytest.mark.parametrize("n", [3, 7, 60, 700])
@pytest.mark.every(5)
def test_sizes_and_colors(n, color):
    ax = spy(banded(n), color=color)
    ax.figure.draw_without_rendering()
    assert ax.get_xlim() == (-0.5, n - 0.5) and ax.get_ylim() == (n - 2.5, -0.5)


def test_a_large_matrix_is_drawn_by_density_with_a_part_enlarged():
    ax = spy(banded(100_000))
    ax.figure.draw_without_rendering()
    picture = ax.images[0].get_array()
    assert max(picture.shape[:2]) <= 400
    main, part = ax.figure.axes
    assert main is ax and len(part.images) == 1
    assert "99,998" in texts(ax.figure) or "299,994 of 1e10 entries" in texts(ax.figure)
    assert "Darker: more entries." in texts(ax.figure)


@pytest.mark.parametrize(
    "matrix",
    [
        lambda: jacobian(jnp.sin)(1.0),
        lambda: jacobian(jnp.floor)(np.ones(5)),
        lambda: jacobian(lambda x: jnp.sum(x**2))(np.ones(300)),
        lambda: jacobian(lambda x: jnp.full(300, 1.0) * x)(2.0),
        lambda: hessian(lambda p: jnp.sum(jnp.outer(p["w"], p["w"]) ** 2) * p["b"])(
            {"w": np.ones(30), "b": 1.0}
        ),
        lambda: jacobian(lambda x: jnp.log(x))(np.array([0.0, 1.0])),
        lambda: jacobian(arrow, pattern="local")(np.ones(12)),
    ],
)
@pytest.mark.parametrize("color", ["pass", "value"])
@pytest.mark.every(3)
def test_odd_matrices(matrix, color):
    found = matrix()
    with np.errstate(all="ignore"):  # entries that are infinite
        spy(found, color=color).figure.draw_without_rendering()
        assert found.report()
    json.dumps(found.to_dict(), allow_nan=False)


def test_given_axes_and_bad_color():
    _, (ax, _) = pyplot.subplots(1, 2)
    assert spy(banded(500), ax) is ax
    assert "Jacobian of f: 3 passes" in ax.get_title(loc="left").replace("\n", " ")
    with pytest.raises(ArgumentError):
        spy(banded(5), color="blue")


def test_blocks_are_parted_and_named():
    H = hessian(lambda p: jnp.sum(p["w"] ** 2) * jnp.sum(p["b"]))({
        "w": np.ones(40), "b": np.ones(20)
    })  # fmt: skip
    ax = spy(H)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["b", "w"]
    lines = [line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1]
    assert 19.5 in lines


@pytest.mark.parametrize("n", [6, 40])
def test_pass_of_gives_the_entries_from_that_pass(n):
    J = jacobian(arrow)(np.linspace(1.0, 2.0, n))
    passes = pass_of(J.coloring, J.pattern)
    dense = J.dense()
    coloring = J.coloring
    for k in range(J.passes):
        if k < coloring.forward:
            product, place = dense @ (coloring.columns == k), J.pattern.rows
        else:
            product, place = (coloring.rows == k - coloring.forward) @ dense, J.pattern.indices
        mine = passes == k
        assert product[place[mine]] == pytest.approx(np.asarray(J.values)[mine])


def test_density_of_a_full_block_is_even():
    full = Pattern.of(np.ones((7, 1001), bool))
    shades = density_picture(full).picture[..., 3]
    assert shades.min() == shades.max() == 1.0


# ---- the pattern in characters ----


def test_dots_show_every_entry():
    pattern = Pattern.of(np.eye(8, dtype=bool))
    assert dotted(pattern) == ["┌────┐", "│⠑⢄⠀⠀│", "│⠀⠀⠑⢄│", "└────┘"]
    assert dotted(pattern, unicode=False)[1] == "|'.      |"
    assert all(len(line) <= 26 for line in dotted(Pattern.of(np.ones((3, 9000)))))


def test_bins_hold_every_entry():
    pattern = Pattern.of(np.random.default_rng(1).uniform(size=(97, 53)) < 0.1)
    assert binned(pattern, 10, 7).sum() == pattern.nnz
    assert binned(Pattern.full((97, 53)), 10, 7).sum() == 97 * 53


# ---- reports of matrices ----


def test_report_of_a_small_matrix_has_its_numbers():
    J = jacobian(named)(NAMED)
    text = J.report()
    assert text.startswith("Jacobian of named, 4 x 4: 6 entries (38 %), block diagonal, 2 passes")
    assert "0.877583" in text and "d/dc[0]" in text and "1 block is zero" in text
    assert "agree to" in text


@pytest.mark.parametrize("width", [40, 64, 80, 100])
@pytest.mark.parametrize("unicode", [True, False])
def test_reports_keep_the_width(width, unicode):
    found = influence(lambda p: jnp.sum(p["long_name"] ** 3) * p["b"],
                      {"long_name": np.linspace(-1, 1, 30), "b": 2.0}, 0.5)  # fmt: skip
    matrices = jacobian(named)(NAMED), banded(1000), jacobian(arrow)(np.ones(8))
    reports = [matrix_text(J, width=width, unicode=unicode) for J in matrices]
    reports.append(influence_text(found, 5, width=width, unicode=unicode))
    for text in reports:
        assert max(map(len, text.splitlines())) <= width
        assert unicode or text.isascii()


def test_nothing_is_computed_for_the_report_of_a_large_matrix():
    J = banded(1000)
    assert "unknown until entries are computed" in J.report()
    assert J._values is None
    _ = J.values
    assert "unknown until" not in J.report()


def test_blocks():
    J = jacobian(named)(NAMED)
    _ = J.values
    facts = {(b.output, b.input): (b.entries, b.largest) for b in blocks_of(J)}
    assert facts["v", "c"] == (2, 3.0) and facts["u", "a"] == (1, 3.0)
    assert ("u", "c") not in facts and sum(n for n, _ in facts.values()) == J.nnz


def test_document_of_a_matrix():
    J = jacobian(named)(NAMED)
    assert matrix_dict(J)["values"] is None
    _ = J.values
    found = json.loads(json.dumps(matrix_dict(J), allow_nan=False))
    assert found["cost"]["passes"] == 2 and found["shape"] == [4, 4]
    assert found["values"] == np.asarray(J.values).tolist()
    assert found["pattern"]["scope"] == "global" and found["accuracy"] == "estimated"


# ---- influence ----


def bent():
    return influence(lambda x: x[0] + 5.0 * x[1] ** 2 - 2.0 * x[2], np.array([1.0, 0.0, 1.0]), 1.0)


def test_bars_and_hatching():
    ax = influence_bars(bent(), k=2)
    bars = [(c.get_label(), p) for c in ax.containers for p in c.patches]
    solid = [p.get_width() for label, p in bars if label == "effect"]
    hatched = [(p.get_x(), p.get_width()) for _, p in bars if p.get_hatch()]
    assert solid == [-2.0, 1.0]
    assert hatched == [(-5.0, 10.0)]  # x[1] moves by curvature alone and is added below
    assert [t.get_text() for t in ax.get_yticklabels()] == ["x[2]", "x[0]", "x[1]"]
    assert "need not hold" in ax.figure.get_suptitle()


@pytest.mark.parametrize(
    "result",
    [
        lambda: influence(jnp.sin, 1.0),
        lambda: influence(lambda x: jnp.sum(x**2), np.zeros(3)),
        lambda: influence(lambda x: jnp.sum(jnp.sqrt(x)), np.array([0.0, 1.0])),
        lambda: influence(lambda x: jnp.sum(jnp.sin(x) * x), np.linspace(-1, 1, 100_000)),
        lambda: influence(lambda p: p["a$b"] ** 2, {"a$b": 1.0}, curvature=False),
    ],
)
def test_odd_rankings(result):
    found = result()
    influence_bars(found).figure.draw_without_rendering()
    assert found.report(3) and repr(found).startswith("<influence")
    json.dumps(found.to_dict(5), allow_nan=False)
    assert found._repr_html_().count("<div") == 1


def test_bars_refuse_a_senseless_count():
    for k in (0, 41, True, 2.5):
        with pytest.raises(ArgumentError):
            influence_bars(bent(), k=k)


def test_text_of_a_ranking():
    text = influence_text(bent(), 1, width=80)
    assert text.startswith("x[2] moves f most, 80 % of the first-order share")
    assert "and 2 more inputs, together 20 % of the share" in text
    assert "nonlinear  1 input of small derivative moves" in text.replace("\n  ", " ")
    assert "\x1b[" in influence_text(bent(), 1, color=True) and "\x1b[" not in text


def test_html_escapes_names():
    found = influence(lambda p: p["<b>"] * 2.0, {"<b>": 1.0})
    assert "<b>" not in influence_html(found) and "&lt;b&gt;" in influence_html(found)


def test_document_of_a_ranking():
    found = influence_dict(bent())
    assert [row["name"] for row in found["rows"]] == ["x[2]", "x[0]", "x[1]"]
    assert found["rows"][2]["elasticity"] is None and "no elasticity" in found["rows"][2]["note"]
    assert len(influence_dict(bent(), 1)["rows"]) == 1


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.4321, "43 %"), (0.0123, "1.2 %"), (0.0, "0 %"), (1.0, "100 %"), (np.nan, "none")],
)
def test_portions(share, text):
    assert portion(share) == text
