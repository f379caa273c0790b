"""Pictures of many fits: what is drawn is what was found, and what is not usable is hatched."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib import image
from matplotlib.axis import Axis
from matplotlib.colors import LogNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.text import Text

from many_made import made
from taylored.errors import ArgumentError
from taylored.many.status import NAMES, Status
from taylored.plot.many import draw_many, draw_map, draw_quality, plot_many, plot_map, plot_quality
from taylored.plot.many_map import _runs, robust, slices, ticks_of_decades
from taylored.plot.many_quality import COLORS, HATCHED
from taylored.plot.many_words import errors_of, map_title, quality_title, relative_error
from taylored.plot.save import blank_figure, save_figure
from taylored.plot.style import styled

MIXED = ["ok"] * 14 + ["flat"] * 3 + ["missing", "zero", "misfit"]


def drawn(draw, many, *more):
    with styled():
        figure = blank_figure()
        ax = draw(many, figure, *more)
        figure.draw_without_rendering()
    return figure, ax


def said(figure):
    return " ".join(t.get_text() for t in figure.findobj(Text))


# ---- every shape ----

VERDICTS = {
    "all": lambda n: "ok",
    "none": lambda n: "flat",
    "mixed": lambda n: ["ok" if k % 3 else NAMES[k // 3 % len(NAMES)] for k in range(n)],
}
SOME = [((6, 7), "mixed")]
SHAPES = [(), (1,), (5,), (20_000,), (1, 9), (9, 1), (2, 40), (3, 4, 5), (2, 9, 4, 5)]
OTHERS = [pytest.param(shape, kind, marks=pytest.mark.slow)
          for shape in (*SHAPES, (200,), (6, 7)) for kind in VERDICTS
          if (shape, kind) not in SOME]  # fmt: skip


@pytest.mark.every(2)
@pytest.mark.parametrize(("shape", "verdicts"), [*SOME, *OTHERS])
def test_every_shape_is_drawn_within_the_figure(shape, verdicts):
    many = made(shape, VERDICTS[verdicts](int(np.prod(shape))), units={"tau": "ms"})
    for draw in (draw_map, draw_quality, draw_many):
        figure, ax = drawn(draw, many)
        assert ax in figure.axes and ax.figure is figure
        width, height = figure.bbox.width, figure.bbox.height
        # Labels of ticks beyond the limits exist, but are not drawn.
        ticks = {t for a in figure.findobj(Axis) for t in a.get_ticklabels(which="both")}
        for text in figure.findobj(Text):
            if text.get_text().strip() and text.get_visible() and text not in ticks:
                box = text.get_window_extent()
                assert box.x0 >= -1 and box.x1 <= width + 1, text.get_text()
                assert box.y0 >= -1 and box.y1 <= height + 1, text.get_text()


@pytest.mark.slow
def test_saved_in_our_size(tmp_path):
    figure, _ = drawn(draw_many, made((6, 7), ["ok"] * 40 + ["zero", "flat"]))
    save_figure(figure, tmp_path / "many.png")
    assert image.imread(tmp_path / "many.png").shape[:2] == (1000, 1600)


@pytest.mark.parametrize("shape", [(4,), (3, 4, 5)])
def test_axes_of_the_user(shape):
    many = made(shape, ["zero"] + ["ok"] * (int(np.prod(shape)) - 1))
    for plot in (plot_map, plot_quality):
        ax = Figure().subplots()
        assert plot(many, ax=ax) is ax and len(ax.figure.axes) == 1
        assert "zero" in said(ax.figure)
        assert ("1 of 3 slices (dim_0 = 1)" in said(ax.figure).replace("\n", " ")) == (
            len(shape) == 3
        )


def test_results_draw_themselves():
    from matplotlib import pyplot

    many = made((4, 5), MIXED)
    assert many.plot().get_images() and many.plot("a").get_images()
    assert many.plot_quality().get_images() and plot_many(many).axes
    pyplot.close("all")


def test_unknown_parameters_are_refused():
    with pytest.raises(ArgumentError, match="There is no parameter 'nu'"):
        plot_map(made((4,)), "nu")
    fixed = made((4,), fixed={"a": 1.0})
    assert map_title(fixed, "tau") in said(drawn(draw_map, fixed)[0])  # the first free one


# ---- maps ----


def test_a_map_shows_the_usable_estimates_and_hatches_the_others():
    many = made((4, 5), MIXED)
    figure, ax = drawn(draw_map, many, "tau")
    shown = ax.get_images()[0].get_array()
    assert np.array_equal(shown.mask, ~many.usable)
    assert np.array_equal(shown[many.usable], many.params["tau"][many.usable])
    beside = next(a for a in figure.findobj(type(ax)) if a is not ax and a.get_images())
    np.testing.assert_allclose(beside.get_images()[0].get_array().compressed(), 2.0)
    for panel in (ax, beside):
        (patch,) = [p for p in panel.patches if isinstance(p, PathPatch)]
        inside = [[patch.get_path().contains_point((x, y)) for x in range(5)] for y in range(4)]
        assert np.array_equal(inside, ~many.usable) and patch.get_hatch()
    assert "3" in said(figure) and "flat" in said(figure) and "estimated" in said(figure)


def test_runs_are_all_that_is_hatched():
    rng = np.random.default_rng(0)
    for share in (0.0, 0.1, 0.5, 0.9, 1.0):
        for shape in ((1, 1), (1, 9), (9, 1), (6, 7)):
            where = rng.random(shape) < share
            found = np.zeros_like(where)
            for row, first, last in _runs(where):
                assert not found[row, first:last].any()
                found[row, first:last] = True
            assert np.array_equal(found, where)


def test_slices_are_spread_and_named():
    found = slices((40, 3, 4))
    assert len(found.which) == 12 and found.which[[0, -1]].tolist() == [0, 39]
    assert found.words == "12 of 40 slices. " and found.names[0] == "dim_0 = 0"
    assert slices((2, 3, 4, 5)).names[-1] == "dim_0 = 1, dim_1 = 2"
    assert slices((3, 4)).words == "" == slices((2, 3, 4)).words
    values = np.arange(24.0).reshape(2, 3, 4)
    assert np.array_equal(slices((2, 3, 4), 1).of(values), values[1:])


def test_scales_show_the_middle_of_the_values():
    values = np.linspace(0.0, 100.0, 1001)
    scale = robust(values)
    assert (scale.low, scale.high, scale.beyond) == (2.0, 98.0, "both")
    assert not scale.logarithmic and robust(np.geomspace(1, 100, 9)).logarithmic
    assert not robust(np.linspace(-100, 100, 9)).logarithmic
    assert robust(np.full(9, 3.0)).low < 3.0 < robust(np.full(9, 3.0)).high
    assert robust(np.full(9, 3.0)).beyond == "neither" == robust(np.full(3, np.nan)).beyond
    assert robust(np.r_[np.zeros(50), np.linspace(0, 1, 49), 9.0]).beyond == "max"


def test_values_of_several_sizes_are_drawn_by_their_logarithm():
    many = made((4, 5), tau=np.geomspace(10, 1000, 20))
    _, ax = drawn(draw_map, many, "tau")
    assert isinstance(ax.get_images()[0].norm, LogNorm)


def test_positions_have_absolute_errors():
    error = np.linspace(0.1, 0.2, 20)
    for tau in (np.linspace(499.0, 501.0, 20), np.linspace(-9.0, 9.0, 20)):
        many = made((4, 5), MIXED, tau=tau, error=error, units={"tau": "nm"})
        found = errors_of(many, "tau")
        assert not found.relative and found.unit == "nm"
        np.testing.assert_array_equal(
            found.values, np.where(many.usable, many.stderr["tau"], np.nan)
        )
        words = said(drawn(draw_map, many, "tau")[0])
        assert "error of tau (nm)" in words and "over the estimate" not in words and "%" in words
    same = made((4, 5), tau=np.full(20, 500.0), error=error, units={"tau": "nm"})
    assert errors_of(same, "tau").relative  # nothing is known of how they spread
    assert errors_of(made((4, 5)), "tau").relative

    row = made((20,), tau=tau, error=error, units={"tau": "nm"})
    assert "error (nm)" in said(drawn(draw_map, row, "tau")[0])


def test_single_pixels_are_framed_in_slices():
    names = np.full((3, 12, 12), "ok", object)
    names[0, 3, 4] = names[1, 11, 0] = "zero"
    names[2, 5:7, 5:7] = "flat"  # large enough to see
    many = made((3, 12, 12), names.ravel())
    for draw in (draw_map, draw_quality):
        figure, _ = drawn(draw, many)
        panels = [a for a in figure.axes if a.get_images()]
        found = [points(a, "s").tolist() for a in panels[:3]]
        assert found == [[[4.0, 3.0]], [[0.0, 11.0]], []]
    words = said(drawn(draw_map, many)[0])
    assert "Framed: single ones." in words and "not drawn" in words


def test_verdicts_are_hatched_as_in_their_key():
    names = np.repeat(["ok", "no-signal", "masked", "not-run"], 5)
    figure, ax = drawn(draw_quality, made((4, 5), names))
    patterns = [p.get_hatch() for p in ax.patches]
    assert sorted(patterns) == sorted(HATCHED.values()) and len(set(patterns)) == 3
    boxes = [p.get_hatch() for a in figure.axes[1:] for p in a.patches if p.get_hatch()]
    assert sorted(boxes) == sorted(patterns)


WIDE, NARROW = "y ~ a*exp(-t/tau)", "y ~ a*exp(-t/tau) + b*t + c"


@pytest.mark.parametrize(
    ("side", "model"),
    [(320, NARROW), *(pytest.param(1000, m, marks=pytest.mark.slow) for m in (WIDE, NARROW))],
)
def test_counts_of_a_key_stand_apart(side, model):
    names = np.full(side**2, "ok", object)
    names[9000 : side**2 // 7], names[8:9000], names[5] = "no-signal", "rank-deficient", "infinite"
    many = made((side, side), names, model=model)
    figure, _ = drawn(draw_many, many)
    texts = [t for ax in figure.axes if not ax.axison for t in ax.texts]
    words = " ".join(t.get_text() for t in texts)
    assert all(name in words and f"{n:,}" in words for name, n in many.counts.items())
    for one, two in itertools.combinations(texts, 2):
        assert not one.get_window_extent().overlaps(two.get_window_extent()), (one, two)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (1e-9, 1e-3),
        (1.1, 1.9),
        (3.0, 40.0),
        (1e-3, 2e4),
        (1e-300, 1e300),
        (2.0, 2.001),
        (0.9, 1100.0),
    ],
)
def test_logarithmic_axes_have_ticks(low, high):
    found = np.array(ticks_of_decades(low, high))
    assert 2 <= len(found) <= 7 and (np.diff(found) > 0).all()
    assert found[0] >= low * (1 - 1e-6) and found[-1] <= high * (1 + 1e-6)


# ---- rows ----


def points(ax, mark):
    found = [line.get_xydata() for line in ax.lines if line.get_marker() == mark]
    return np.concatenate([np.empty((0, 2)), *found])


def test_a_row_shows_each_usable_fit_with_its_error():
    many = made((20,), MIXED)
    figure, ax = drawn(draw_map, many, "tau")
    expected = np.column_stack([np.arange(14), many.params["tau"][:14]])
    assert np.array_equal(points(ax, "o"), expected)
    (bars,) = [c for c in ax.collections if len(c.get_paths()) == 14]
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    np.testing.assert_allclose(ends.mean(axis=1), expected[:, 1])
    np.testing.assert_allclose(np.ptp(ends, axis=1), 2 * many.stderr["tau"][:14])
    errors = points(figure.axes[1], "o")
    assert np.array_equal(errors[:, 0], expected[:, 0])
    np.testing.assert_allclose(errors[:, 1], 2.0)


def test_estimates_far_off_are_marked_at_the_edge():
    tau = np.linspace(50.0, 60.0, 200)
    tau[17] = -900.0
    tau[120] = 4000.0
    figure, ax = drawn(draw_map, made((200,), tau=tau, error=np.ones(200)), "tau")
    assert points(ax, "v")[:, 0].tolist() == [17] and points(ax, "^")[:, 0].tolist() == [120]
    assert "Triangles: 2 estimates beyond the scale." in said(figure)
    low, high = ax.get_ylim()
    assert low < 50 < 60 < high and high - low < 40


def test_a_long_row_is_a_density():
    many = made((20_000,), ["ok", "flat"] * 10_000)
    figure, ax = drawn(draw_map, many, "tau")
    (mesh,) = [c for c in ax.collections if hasattr(c, "get_array") and c.get_array() is not None]
    assert mesh.get_array().sum() == 10_000
    assert not len(points(ax, "o")) and "Not drawn: not usable" in said(figure)


def test_keys_stand_under_the_axis():
    keys = {"slide": np.array(["s$1", "s2", "s3"]), "cell": np.array([4, 7, 4])}
    figure, _ = drawn(draw_map, made((3,), keys=keys))
    labels = [t.get_text() for t in figure.axes[1].get_xticklabels()]
    assert labels == ["s$1, 4", "s2, 7", "s3, 4"] and "slide, cell" in said(figure)


# ---- verdicts ----


def test_each_verdict_has_its_color():
    many = made((4, 5), MIXED)
    figure, ax = drawn(draw_quality, many)
    shown = ax.get_images()[0].get_array()
    for code in np.unique(many.code):
        color = np.array(to_rgb(COLORS[Status(code)]))
        here = (np.abs(shown[..., :3] - color) < 1e-6).all(axis=-1)
        assert np.array_equal(here, many.code == code)
    words = said(figure)
    for name, quantity in many.counts.items():
        assert name in words and many.meaning(name).split()[0] in words and f"{quantity}" in words


def test_lanes_of_a_row():
    for fits in (20, 4000):
        many = made((fits,), np.repeat(MIXED, fits // 20))
        figure, ax = drawn(draw_quality, many)
        assert [t.get_text() for t in ax.get_yticklabels()] == list(many.counts)
        if fits == 20:
            assert sorted(p.get_x() + 0.5 for p in ax.patches) == list(range(20))
        assert f"{fits * 7 // 10:,}" in said(figure) and "70.0 %" in said(figure)


def test_a_full_lane_is_level():
    names = np.full(400, "ok", object)  # 300 parts would hold one fit or two
    names[100:140] = "misfit"
    _, ax = drawn(draw_quality, made((400,), names))
    (lane, _) = list(ax.collections)
    (path,) = lane.get_paths()
    heights = {round(float(y), 6) for y in path.vertices[:, 1]}
    assert heights == {-0.4, 0.4}


# Machado, Oliveira and Fernandes, IEEE TVCG 15 (2009): linear RGB as seen without one of the cones.
SEEN = {
    "all cones": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
               [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                 [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip


def lab(color, cones):
    """CIE Lab of a color as it is seen."""
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(SEEN[cones] @ linear, 0, 1) / XYZ.sum(axis=1)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("cones", SEEN)
def test_colors_stay_apart_for_every_kind_of_color_vision(cones):
    assert set(COLORS) == set(Status)
    plain = [s for s in Status if s not in HATCHED]
    for a, b in itertools.combinations(plain, 2):
        apart = np.linalg.norm(lab(COLORS[a], cones) - lab(COLORS[b], cones))
        assert apart > 10.0, (a, b)  # 2 can just be told side by side


# ---- words ----


def test_titles_say_the_finding():
    many = made((4, 5), MIXED, units={"tau": "ms"})
    assert map_title(many, "tau") == "tau: 55.5 to 78.7 ms in the middle 68 %; 14 of 20 fits usable"
    assert map_title(made((3,), "zero"), "tau") == "tau is not known: none of 3 fits is usable"
    assert map_title(made((1,)), "tau") == "tau = 50; 1 of 1 fit usable"
    assert quality_title(many) == "14 of 20 fits usable (70.0 %); 3 flat, 1 misfit, 2 others"
    assert quality_title(made((3,))) == "3 of 3 fits usable"


def test_relative_errors():
    many = made((4,), ["ok", "ok", "ok", "flat"], tau=[2.0, -4.0, 0.0, 1.0],
                error=[0.1, 0.2, 0.1, 0.1])  # fmt: skip
    np.testing.assert_allclose(relative_error(many, "tau"), [5, 5, np.nan, np.nan])
