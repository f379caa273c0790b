"""Pictures of fits: what is on them, that nothing global changes, and their files."""

import os
import re
import struct
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.collections import PolyCollection

import nist
import taylored as ty
from nist import problem
from taylored.errors import ArgumentError
from taylored.plot.canvas import Canvas, ticks, widened
from taylored.plot.contours import LEVELS, joint_rise
from taylored.plot.curve import curve_of
from taylored.plot.fit import plot_fit
from taylored.plot.save import save_figure, save_plot
from taylored.plot.terminal import terminal_plot

X = np.linspace(0.0, 10.0, 25)
NOISE = np.random.default_rng(5).normal(size=25)
Y = 2.5 * np.exp(-X / 1.7) + 0.4
DECAY = "y ~ a*exp(-x/tau) + c"


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def decay():
    return ty.fit(DECAY, {"x": X, "y": Y + 0.1 * NOISE}, sigma=0.1)


@pytest.fixture(scope="module")
def boxbod():
    p = problem("BoxBOD")
    return ty.fit(p.formula, p.columns)


@pytest.fixture(scope="module")
def undetermined():
    return ty.fit("y ~ a*k*exp(-b*x)", {"x": X, "y": Y - 0.4 + 0.05 * NOISE})


@pytest.fixture(scope="module")
def two_inputs():
    u, v = np.random.default_rng(2).uniform(0, 3, (2, 40))
    z = 3 * np.exp(-0.8 * u) + 0.5 * v + 0.1 * np.sin(17 * u * v)
    return ty.fit("z ~ a*exp(-b*u) + c*v", {"u": u, "v": v, "z": z})


def named(ax, label):
    return [line for line in ax.lines if line.get_label() == label]


def bands(ax):
    return [c for c in ax.collections if isinstance(c, PolyCollection)]


def texts(figure):
    return " ".join(t.get_text() for t in figure.findobj(matplotlib.text.Text))


# ---- the picture of a fit ----


def test_data_curve_bands_and_residuals(decay):
    ax = decay.plot()
    main, below = ax.figure.axes
    assert ax is main
    assert [len(line.get_xdata()) for line in named(main, "data")] == [25]
    (curve,) = named(main, "fit")
    assert len(curve.get_xdata()) > 500
    assert matplotlib.colors.same_color(curve.get_color(), "#D55E00")
    assert len(bands(main)) == len(bands(below)) == 2
    assert len(main.containers) == 1  # error bars
    assert below.get_xlabel() == "x"
    assert main.get_ylabel() == "y"
    assert below.get_ylabel() == "residual"
    assert main.get_title(loc="left").startswith("Good fit: reduced chi-squared")
    assert np.allclose(named(below, "data")[0].get_ydata(), decay.residuals)
    words = texts(ax.figure)
    for said in ("95 % confidence of the curve", "Sigma was given", "tau = ", DECAY):
        assert said in words


def test_band_is_that_of_predict(decay):
    curve = curve_of(decay, 0.9)
    expected = decay.predict(curve.x, 0.9)
    assert np.array_equal(curve.confidence[0], expected.lo)
    wider = decay.predict(curve.x, 0.9, "prediction")
    assert np.array_equal(curve.prediction[1], wider.hi)
    assert set(X) <= set(curve.x)  # no narrow peak at a point is missed
    assert (curve.x[0], curve.x[-1]) == (0.0, 10.0)  # nothing is extrapolated


def test_no_prediction_band_where_sigma_differs():
    sigma = np.linspace(0.05, 0.2, 25)
    fit = ty.fit(DECAY, {"x": X, "y": Y + sigma * NOISE}, sigma=sigma)
    ax = fit.plot()
    assert len(bands(ax)) == 1
    assert "new point" not in texts(ax.figure)


def test_axes_given_get_the_main_panel_only(decay):
    figure, axes = pyplot.subplots(1, 2)
    before = len(figure.axes)
    assert plot_fit(decay, axes[1], units={"x": "s", "y": "V"}) is axes[1]
    assert len(figure.axes) == before
    assert len(axes[0].lines) == 0
    assert (axes[1].get_xlabel(), axes[1].get_ylabel()) == ("x (s)", "y (V)")


def test_nothing_is_set_globally_and_nothing_shown(decay, monkeypatch):
    monkeypatch.setattr(pyplot, "show", lambda *a, **k: pytest.fail("shown"))
    before = dict(matplotlib.rcParams)
    decay.plot()
    decay.plot_profile("tau")
    assert dict(matplotlib.rcParams) == before


def test_not_usable_is_hatched_without_line_or_band(undetermined):
    ax = undetermined.plot()
    assert named(ax, "fit") == []
    (hatched,) = bands(ax)
    assert hatched.get_hatch()
    assert ax.get_title(loc="left") == "Not usable: only a*k is determined"


def test_several_inputs_are_drawn_against_fitted(two_inputs):
    ax = two_inputs.plot()
    main, below = ax.figure.axes
    fitted = two_inputs.setup.y - two_inputs.residuals
    assert np.allclose(named(main, "data")[0].get_xdata(), fitted)
    assert np.allclose(named(below, "data")[0].get_xdata(), fitted)
    (line,) = named(main, "fit")
    assert np.array_equal(line.get_xdata(), line.get_ydata())
    assert (below.get_xlabel(), main.get_ylabel()) == ("fitted z", "observed z")


def test_without_inputs_rows_are_along_x():
    ax = ty.fit("y ~ c", {"y": [1.0, 2.0, 4.0]}).plot()
    assert ax.figure.axes[1].get_xlabel() == "row"
    assert list(named(ax, "data")[0].get_xdata()) == [1.0, 2.0, 3.0]


def test_estimated_bands_look_different():
    problem = nist.problem("MGH09")  # few points, and a model that bends whatever its parameters
    fit = ty.fit(problem.formula, problem.columns, start=problem.starts[1])
    ax = fit.plot()
    assert fit.predict().kind == "estimated"
    dashed = [line for line in ax.lines if line.get_linestyle() == "--"]
    assert len(dashed) == 2
    assert "(estimated)" in texts(ax.figure)


def test_x_over_decades_has_a_logarithmic_axis():
    x = np.geomspace(1e-3, 1e3, 25)
    fit = ty.fit("y ~ a + b*log(x)", {"x": x, "y": np.log(x) + 0.1 * NOISE})
    ax = fit.plot()
    assert ax.get_xscale() == "log"
    assert "mathdefault" not in terminal_plot(fit)
    assert "1e-3" in terminal_plot(fit)


def test_a_pole_is_not_drawn_across():
    x = np.linspace(0.1, 10.0, 30)
    fit = ty.fit("y ~ a/(x-b)", {"x": x, "y": 1 / (x - 5.03)})
    ax = fit.plot()
    (curve,) = named(ax, "fit")
    assert np.isnan(curve.get_ydata()).sum() == 1
    low, high = ax.get_ylim()
    assert -20 < low < high < 20


def test_a_model_of_the_whole_column_is_drawn_at_its_points_only():
    fit = ty.fit(lambda x, a, b: a * (x - x.mean()) + b, X**2, X**2 + 0.1 * NOISE)
    assert len(curve_of(fit, 0.95).x) == 25
    fit.plot()


def test_names_are_not_read_as_mathematics():
    fit = ty.fit("`\\frac{$` ~ a + b*`cost $x_$`", {"cost $x_$": X, "\\frac{$": Y})
    ax = fit.plot()
    ax.figure.draw_without_rendering()
    assert ax.figure.axes[1].get_xlabel() == "cost $x_$"


def test_labels_cover_no_point(decay):
    ax = decay.plot()
    figure = ax.figure
    figure.draw_without_rendering()
    points = ax.transData.transform(np.column_stack([X, decay.setup.y]))
    labels = [t for t in ax.texts if t.get_text()]
    assert labels
    for text in labels:
        box = matplotlib.text.Text.get_window_extent(text)
        assert not any(box.contains(*point) for point in points)
        assert box.x0 >= ax.bbox.x0
        assert box.x1 <= ax.bbox.x1


# ---- profile and contours ----


def test_profile_reaches_the_level_at_the_interval(boxbod):
    ax = boxbod.plot_profile("b2")
    (curve,) = named(ax, "profile")
    interval = boxbod.interval("b2", 0.95, "profile-t")
    height = boxbod.quantile(0.95) ** 2
    for end in interval:
        assert np.interp(end, *curve.get_data()) == pytest.approx(height, rel=0.02)
    assert "times as far above as below" in ax.get_title(loc="left")
    assert ax.get_xlabel() == "b2"


def test_profile_of_a_straight_parameter_is_the_parabola():
    fit = ty.line(X, 2 * X + 0.3 * NOISE)
    ax = fit.plot_profile("slope")
    (curve,) = named(ax, "profile")
    x, rise = curve.get_data()
    assert np.allclose(rise, ((x - fit.slope) / fit.stderr["slope"]) ** 2, atol=0.02)
    assert ax.get_title(loc="left") == "slope: value ± error describes it well"


def test_profile_of_what_is_not_determined_says_so(undetermined):
    title = undetermined.plot_profile("a").get_title(loc="left")
    assert title == "a is not determined: only a*k is determined"


def test_profile_at_a_bound():
    fit = ty.fit(DECAY, {"x": X, "y": Y + 0.1 * NOISE}, bounds={"tau": (2.5, None)})
    assert fit.plot_profile("tau").get_title(loc="left") == "tau is at its bound"


def test_joint_region_of_a_line_is_the_ellipse():
    fit = ty.line(X, 2 * X + 0.3 * NOISE)
    x, y, rise = joint_rise(fit, (0, 1), 6.0)
    inverse = np.linalg.inv(fit.covariance)
    away = np.stack([x - fit.params["intercept"], y - fit.params["slope"]])
    assert np.allclose(rise, np.einsum("ijk,il,ljk->jk", away, inverse, away), atol=0.05)


def test_joint_region_with_others_free_is_the_profiled_one():
    fit = ty.fit("y ~ a + b*x + c*x^2", {"x": X, "y": X**2 + 0.3 * NOISE})
    x, y, rise = joint_rise(fit, (1, 2), 6.0)
    inverse = np.linalg.inv(fit.covariance[1:, 1:])
    away = np.stack([x - fit.params["b"], y - fit.params["c"]])
    assert np.allclose(rise, np.einsum("ijk,il,ljk->jk", away, inverse, away), atol=0.1)


def test_contours_have_both_levels_and_wald(boxbod):
    ax = boxbod.plot_contours("b1", "b2")
    words = texts(ax.figure)
    assert LEVELS == (0.683, 0.95)
    for said in ("68.3 % of both", "95 % of both", "95 % by Wald", "correlated by -0.73"):
        assert said in words
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("b1", "b2")


def test_contours_refuse_what_has_no_region(boxbod, undetermined):
    with pytest.raises(ArgumentError, match="same"):
        boxbod.plot_contours("b1", "b1")
    with pytest.raises(ArgumentError, match="not determined"):
        undetermined.plot_contours("a", "b")
    with pytest.raises(ArgumentError, match="no parameter 'b3'"):
        boxbod.plot_contours("b1", "b3")


# ---- files ----


def png_size(path):
    return struct.unpack(">II", path.read_bytes()[16:24])


@pytest.fixture(scope="module")
def saved(decay, tmp_path_factory):
    """A folder with a picture in every format."""
    folder = tmp_path_factory.mktemp("saved")
    for suffix in ("png", "svg", "pdf"):
        save_plot(decay, folder / f"fit.{suffix}")
    return folder


def test_picture_sizes(saved):
    assert png_size(saved / "fit.png") == (1600, 1000)
    svg = (saved / "fit.svg").read_text()
    assert re.search(r'<svg [^>]*width="1600"', svg)
    assert re.search(r'<svg [^>]*height="1000"', svg)
    assert (saved / "fit.pdf").read_bytes().startswith(b"%PDF")
    assert sorted(p.name for p in saved.iterdir()) == ["fit.pdf", "fit.png", "fit.svg"]
    assert pyplot.get_fignums() == []  # no window, no figure left behind


def test_same_fit_same_file(decay, saved, tmp_path):
    for suffix in ("png", "svg", "pdf"):
        again = tmp_path / f"fit.{suffix}"
        save_plot(decay, again)
        assert again.read_bytes() == (saved / again.name).read_bytes()


@pytest.mark.parametrize("name", ["fit.jpg", "fit", "fit.py", ".png"])
def test_other_suffixes_are_refused(decay, tmp_path, name):
    with pytest.raises(ArgumentError, match="cannot be saved"):
        save_plot(decay, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_nothing_half_written(decay, tmp_path, monkeypatch):
    figure = decay.plot().figure
    monkeypatch.setattr(os, "replace", lambda *a: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save_figure(figure, tmp_path / "fit.png")
    assert list(tmp_path.iterdir()) == []


# ---- terminal ----


@pytest.mark.parametrize("size", [(72, 20), (100, 30), (40, 10), (10, 2)])
@pytest.mark.parametrize("which", ["decay", "boxbod", "undetermined", "two_inputs"])
def test_terminal_plot_keeps_to_its_size(which, size, request):
    lines = terminal_plot(request.getfixturevalue(which), *size).splitlines()
    width, height = max(size[0], 30), max(size[1], 8)
    assert len(lines) == height
    assert max(map(len, lines)) <= width


def test_terminal_plot_shows_data_and_curve(decay, undetermined):
    text = terminal_plot(decay)
    assert text.startswith("Good fit")
    assert "y against x   ● data" in text
    assert text.count("●") > 25  # each point, on the curve and in the strip
    assert any("\u2800" < c <= "\u28ff" for c in text)
    assert "residual" in text
    assert "(no curve)" in terminal_plot(undetermined)
    assert not any("\u2800" < c <= "\u28ff" for c in terminal_plot(undetermined, height=10))


def test_terminal_plot_in_ascii_and_color(decay):
    plain = terminal_plot(decay, unicode=False)
    assert plain.isascii()
    assert "o" in plain
    colored = terminal_plot(decay, color=True)
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == terminal_plot(decay)
    named = ty.fit("`y [µ]` ~ a + b*`τ`", {"τ": X, "y [µ]": Y})
    assert terminal_plot(named, unicode=False).isascii()


def test_terminal_plot_imports_no_matplotlib():
    code = (
        "import sys, taylored as ty; from taylored.plot.terminal import terminal_plot; "
        "print(terminal_plot(ty.line([0.0, 1.0, 2.0], [1.0, 3.1, 4.9])));"
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_canvas_draws_a_line_without_gaps():
    canvas = Canvas(5, 20, (0.0, 1.0), (0.0, 1.0), many=False)
    canvas.line(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    dots = canvas._curve
    assert dots.any(axis=0).all()
    assert dots.any(axis=1).all()
    assert (dots[-1, 0], dots[0, -1]) == (True, True)
    steep = Canvas(5, 20, (0.0, 1.0), (0.0, 1.0), many=False)
    steep.line(np.array([0.0, 0.5, 0.5001, 1.0]), np.array([0.0, 0.0, 1.0, 1.0]))
    assert steep._curve.any(axis=1).all()


def test_ticks_are_round_and_within():
    assert [text for _, text in ticks((0.0, 10.0), 5)] == ["0", "2", "4", "6", "8", "10"]
    assert [text for _, text in ticks((-0.31, 0.29), 3)] == ["-0.2", "0.0", "0.2"]
    assert [text for _, text in ticks((0.0, 3e9), 3)] == ["0", "1e9", "2e9", "3e9"]
    assert [text for _, text in ticks((0.0, 3e-6), 3)] == ["0", "1e-6", "2e-6", "3e-6"]
    assert widened(1.0, 1.0) == (0.5, 1.5)
