"""Pictures of networks: what they show was measured, and nothing lies on a label."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from matplotlib import image
from matplotlib.figure import Figure
from matplotlib.text import Text

import taylored as ty
from taylored.errors import ArgumentError
from taylored.networks.classes import Reliability
from taylored.plot.network import chosen_kind, draw_network, plot_network
from taylored.plot.network_curve import draw as draw_curve
from taylored.plot.network_learning import unseen_loss
from taylored.plot.network_sure import draw_sure, log_odds, percent_of_odds
from taylored.plot.network_terminal import terminal_network
from taylored.plot.network_truth import seen_rows
from taylored.plot.save import blank_figure, save_figure
from taylored.plot.style import BAND, styled
from taylored.results import Accuracy


@pytest.fixture(scope="module")
def nets():
    rng = np.random.default_rng(0)
    x = np.linspace(-1, 1, 100)
    y = 50 + 20 * np.sin(3 * x) + rng.normal(0, 2, 100)
    X = rng.normal(size=(90, 3))
    label = (X[:, 0] + 0.5 * rng.normal(size=90) > 0).astype(int)
    few = {"members": 10, "hidden": 5}
    return {
        "curve": ty.train(x, y, **few),
        "table": ty.train({"a$": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y_1": X @ [2, 1, 0.5]},
                          "y_1", **few),
        "classes": ty.train(X, np.where(label, "yes", "no"), **few),
        "two": ty.train({"x": x, "a": y, "b": -y}, ["a", "b"], **few),
        "laplace": ty.train(x, y, intervals="laplace", hidden=5),
        "none": ty.train(x, y, intervals="none", hidden=5, starts=1),
    }  # fmt: skip


DRAWN = [("curve", "auto"), ("curve", "prediction"), ("curve", "reliability"),
         ("table", "auto"), ("table", "learning"), ("table", "importance"),
         ("classes", "auto"), ("classes", "learning"), ("two", "curve"), ("two", "prediction"),
         ("laplace", "auto"), ("none", "auto"), ("none", "learning")]  # fmt: skip


def drawn(net, kind):
    with styled():
        figure = blank_figure()
        ax = draw_network(net, figure, kind)
        figure.draw_without_rendering()
    return figure, ax


@pytest.mark.parametrize(("name", "kind"), DRAWN)
@pytest.mark.every(2)
def test_no_label_lies_on_another_or_outside(nets, name, kind):
    figure, _ = drawn(nets[name], kind)
    assert figure.get_suptitle()
    for ax in figure.axes:
        texts = [t for t in ax.texts if t.get_text().strip()]
        boxes = [(t.get_text(), Text.get_window_extent(t)) for t in texts]
        for (_, a), (_, b) in itertools.combinations(boxes, 2):
            assert not a.overlaps(b)
        frame = ax.get_window_extent()
        for _, box in boxes:
            assert box.x0 >= frame.x0 - 1 and box.x1 <= frame.x1 + 1
            assert box.y0 >= frame.y0 - 1 and box.y1 <= frame.y1 + 1


def points(ax, marker):
    lines = [line for line in ax.lines if line.get_marker() == marker]
    return np.concatenate([np.column_stack(line.get_data()) for line in lines])


def test_prediction_shows_every_row_once_and_misses_as_triangles(nets):
    net = nets["table"]
    figure, ax = drawn(net, "prediction")
    inside, outside = points(ax, "o"), points(ax, "^")
    found = net.out_of_bag
    truth = found.t[:, 0] * net.response.scale[0] + net.response.center[0]
    assert sorted([*inside[:, 1], *outside[:, 1]]) == pytest.approx(sorted(truth))
    missed = (found.scores[:, 0] > found.quantile(0.9)[0]).sum()
    assert len(outside) == missed
    assert f"{missed} of 90 rows lie outside" in figure.get_supxlabel()
    below = figure.axes[1]
    assert points(below, "o")[:, 1] == pytest.approx(inside[:, 1] - inside[:, 0])


def test_bars_are_the_intervals(nets):
    net = nets["table"]
    _, ax = drawn(net, "prediction")
    seen = seen_rows(net)
    bars = np.array([part.vertices for part in ax.collections[0].get_paths()])
    assert bars[:, 0, 1] == pytest.approx(seen.predicted - seen.half)
    assert bars[:, 1, 1] == pytest.approx(seen.predicted + seen.half)
    wide = seen_rows(net, level=0.95)
    assert (wide.half >= seen.half).all()


def test_curve_is_what_is_predicted(nets):
    net = nets["curve"]
    _, ax = drawn(net, "curve")
    line = max((n for n in ax.lines if n.get_linestyle() == "-"), key=lambda n: len(n.get_xdata()))
    x, y = line.get_data()
    assert y == pytest.approx(net.predict(np.asarray(x)).value)
    p = net.predict(np.asarray(x), 0.9)
    edges = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert edges.max() == pytest.approx(p.hi.max()) and edges.min() == pytest.approx(p.lo.min())
    colors = {BAND[Accuracy.CALIBRATED].lower()}
    from matplotlib.colors import to_hex

    assert {to_hex(c.get_facecolor()[0][:3]) for c in ax.collections} == colors


def test_curve_is_of_one_column_and_not_beside_a_constant_one():
    x = np.linspace(-1, 1, 40)
    net = ty.train({"town": ["Bern"] * 40, "x": x}, np.sin(3 * x), members=10, hidden=3)
    assert chosen_kind(net, "auto") == "prediction"
    with pytest.raises(ArgumentError, match="no picture 'curve'"):
        chosen_kind(net, "curve")


def test_truth_is_drawn_where_it_is_known(nets):
    figure = Figure()
    ax = figure.subplots()
    draw_curve(nets["curve"], [ax], truth=lambda x: 50 + 20 * np.sin(3 * x))
    assert any(np.allclose(n.get_ydata(), 50 + 20 * np.sin(3 * np.asarray(n.get_xdata())))
               for n in ax.lines)  # fmt: skip


def test_single_network_has_no_band(nets):
    figure, ax = drawn(nets["none"], "curve")
    assert not ax.collections
    assert "nothing is known of the accuracy" in figure.get_supxlabel()
    _, ax = drawn(nets["laplace"], "curve")
    assert not any(c.get_hatch() for c in ax.collections)
    assert any(line.is_dashed() for line in ax.lines)


def test_reliability_shows_measured_coverage(nets):
    net = nets["curve"]
    figure, ax = drawn(net, "reliability")
    for level, share in points(ax, "o") / 100:
        assert share == pytest.approx(net.coverage(float(level))[0].value)
    said, held = points(figure.axes[1], "o").T
    assert held == pytest.approx(points(ax, "o")[:, 1] - said)


def test_reliability_of_classes_stays_within_shares(nets):
    net = nets["classes"]
    _, ax = drawn(net, "reliability")
    bins = net.out_of_bag.reliability()
    said, right = bins.said, bins.right
    assert np.median(net.out_of_bag.probability.max(1)) > 0.9 > said.min()
    assert (said > 0.9999).sum() < 2
    whole = right == 1
    every = 100 * np.column_stack([said, right])
    assert points(ax, "o") == pytest.approx(every[~whole])
    assert points(ax, "^")[:, 0] == pytest.approx(every[whole, 0])
    for bars in ax.collections:
        for path in bars.get_paths():
            assert (path.vertices[:, 1] <= 100 + 1e-9).all()


@pytest.mark.parametrize("share", [1e-6, 0.3, 50.0, 99.0, 99.999999])
def test_log_odds(share):
    p = Fraction(share) / 100
    assert log_odds(share) == pytest.approx(math.log(p / (1 - p)), rel=1e-9)
    assert percent_of_odds(log_odds(share)) == pytest.approx(share, rel=1e-9)


def test_sure_groups_are_drawn_as_one():
    said = np.array([0.8, 0.97, 0.99995, 0.99999])
    right, rows = np.array([0.75, 1.0, 1.0, 0.9]), np.array([20, 20, 20, 20])
    bins = Reliability(said, right, np.full(4, 0.05), rows)
    note, (x, y, error) = draw_sure([Figure().subplots()], bins, 100 * said)
    assert x == pytest.approx([80, 97, 99.997]) and y == pytest.approx([75, 100, 95])
    assert error[2] == pytest.approx(100 * math.sqrt((0.95 * 0.05 + 0.25 / 40) / 40))
    assert "2 groups above 99.99 % are drawn as one" in note and "Triangles" in note


def test_many_intervals_are_a_band():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(160, 2))
    net = ty.train(X, X[:, 0] + 0.1 * rng.normal(size=160), members=10, hidden=3, noise="constant")
    figure, ax = drawn(net, "prediction")
    seen = seen_rows(net)
    (band,) = ax.collections
    edges = band.get_paths()[0].vertices
    last = seen.predicted.argmax()
    at = edges[np.isclose(edges[:, 0], seen.predicted[last]), 1]
    nearest = np.sort(seen.half[np.argsort(-seen.predicted)[:7]])
    assert 0.5 * np.ptp(at) == pytest.approx(nearest[3], rel=0.05)
    assert "their width a running median" in figure.get_supxlabel()
    assert len(points(ax, "^")) == (~seen.inside).sum()


def test_learning_compares_like_with_like(nets):
    net = nets["curve"]
    _, ax = drawn(net, "learning")
    assert ax.lines[0].get_ydata() == pytest.approx(net.training.trace)
    value, error = unseen_loss(net)
    found = net.out_of_bag
    direct = 0.5 * np.mean((found.residual * found.ratio) ** 2)
    assert value == pytest.approx(direct) and 0 < error < value
    value, _ = unseen_loss(nets["classes"])
    p, t = nets["classes"].out_of_bag.probability, nets["classes"].out_of_bag.t
    assert value == pytest.approx(-np.log(p[np.arange(90), t]).mean())  # as in the report


def test_outputs_stand_side_by_side_at_the_difference_of_their_level(nets):
    figure, _ = drawn(nets["two"], "reliability")
    below = figure.axes[1]
    first, second = points(below, "o"), points(below, "s")
    levels = np.arange(5, 96, 5)
    assert (first[:, 0] < levels).all() and (second[:, 0] > levels).all()
    for k, found in enumerate((first, second)):
        held = [100 * nets["two"].coverage(float(v) / 100)[k].value for v in levels]
        assert found[:, 1] == pytest.approx(held - levels)
    assert "● a, ■ b" in figure.get_supxlabel()


def test_importance_in_the_terminal_is_its_report(nets):
    text = terminal_network(nets["table"], "importance", width=80)
    assert "matters most" in text and "█" in text
    assert terminal_network(nets["table"], "importance", unicode=False).isascii()


def test_importance_is_ranked(nets):
    net = nets["table"]
    _, ax = drawn(net, "importance")
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a$", "b", "c"]
    value = net.importance().value
    assert points(ax, "o")[:, 0] == pytest.approx(sorted(value, reverse=True))


def test_kinds(nets):
    kinds = {n: chosen_kind(nets[n], "auto") for n in ("curve", "table", "classes", "none")}
    assert kinds == {"curve": "curve", "table": "prediction", "classes": "reliability",
                     "none": "curve"}  # fmt: skip
    for name, kind in (("table", "curve"), ("classes", "prediction"), ("none", "reliability"),
                       ("curve", "pie")):  # fmt: skip
        with pytest.raises(ArgumentError) as refused:
            nets[name].plot(kind)
        assert refused.value.next_step


def test_saved_picture_has_the_agreed_size(nets, tmp_path):
    figure, _ = drawn(nets["two"], "prediction")
    save_figure(figure, tmp_path / "a.png")
    assert image.imread(tmp_path / "a.png").shape[:2] == (1000, 1600)


def test_axes_of_the_user_are_drawn_in(nets):
    for name, kind in (("curve", "curve"), ("table", "prediction"), ("classes", "reliability")):
        ax = Figure().subplots()
        assert plot_network(nets[name], kind, ax) is ax
        assert ax.get_title(loc="left") and ax.lines


@pytest.mark.parametrize("name", ["curve", "table", "classes"])
@pytest.mark.parametrize("kind", ["auto", "learning", "reliability"])
def test_terminal(nets, name, kind):
    text = terminal_network(nets[name], kind, width=60, unicode=False)
    assert text.isascii() and max(map(len, text.splitlines())) <= 60
    assert len(text.splitlines()) == 20
