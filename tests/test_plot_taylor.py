"""Pictures of Taylor polynomials: what is drawn holds, and what is not known is not drawn."""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ET

import jax.numpy as jnp
import matplotlib
import mpmath
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex
from mpmath import mp

from taylored.errors import ArgumentError
from taylored.plot.save import blank_figure, save_figure
from taylored.plot.style import BAND, CURVE, INK, UNKNOWN, styled
from taylored.plot.taylor import draw_taylor, plot_taylor
from taylored.plot.taylor_curves import curves_of
from taylored.plot.taylor_map import bound_on_grid
from taylored.plot.taylor_terminal import terminal_taylor
from taylored.report.series_terms import ends as ends_of
from taylored.results import Accuracy
from taylored.series.taylor import taylor

GREEN, AMBER = BAND[Accuracy.PROVED], BAND[Accuracy.ESTIMATED]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def texts(figure):
    return " | ".join(t.get_text() for t in figure.findobj(matplotlib.text.Text))


def lines(ax, color):
    return [line for line in ax.lines if to_hex(line.get_color()).upper() == color]


def hatched(ax):
    return [p for p in [*ax.patches, *ax.collections] if p.get_hatch() and "/" in p.get_hatch()]


ROWS = [
    ("exp(sin(2*x))", lambda x: mp.exp(mp.sin(2 * x)), 0.3, 6, 0.5),
    ("1/(1+x^2)", lambda x: 1 / (1 + x * x), 0.2, 9, 0.95),
    ("log(x)", mp.log, 1.0, 4, 0.95),
    ("exp(x)", mp.exp, 0.0, 16, 0.5),
    ("x^2", lambda x: x * x, -5.0, 1, 1e-3),
    ("exp(sin(2*x))", lambda x: mp.exp(mp.sin(2 * x)), 0.3, 6, (-1.0, 1.0)),
    ("log(x)", mp.log, 1.0, 4, (1.0, 3.0)),
    ("log(x)", mp.log, 1.0, 4, (0.125, 1.0)),
]


def asked(box):
    return {"on": box} if isinstance(box, tuple) else {"radius": box}


@pytest.mark.parametrize(("text", "exact", "center", "order", "box"), ROWS)
def test_bands_hold_the_true_function_and_error(text, exact, center, order, box):
    T = taylor(text, center, order, **asked(box))
    c = curves_of(T)
    assert c.band is not None and c.error_band is not None and c.remainder is not None
    with mp.workdps(40):
        for k in range(0, len(c.inner), 5):
            x = float(c.inner[k])
            true = exact(mp.mpf(x)) - mp.mpf(float(T(x)))
            # Drawn ends are float64 differences: off by a rounding of the values.
            slack = 4e-16 * abs(float(T(x)))
            assert c.error_band[0][k] - slack <= true <= c.error_band[1][k] + slack
            assert c.remainder[0] <= true <= c.remainder[1]
            drawn = float(c.inner_error[k])
            assert abs(drawn - float(true)) <= c.rounding
    assert np.all(c.error_band[0] >= c.remainder[0]) and np.all(c.error_band[1] <= c.remainder[1])
    low, high = box if isinstance(box, tuple) else (center - box, center + box)
    assert abs(c.inner[0] - low) < 1e-6 * (high - low) > abs(c.inner[-1] - high)
    assert c.view == pytest.approx((low - 0.06 * (high - low), high + 0.06 * (high - low)))
    assert float(np.min(np.abs(c.inner - center))) < 1e-12


def test_what_is_on_the_picture():
    T = taylor("exp(sin(2*x))", 0.3, 6, radius=0.5)
    ax = plot_taylor(T)
    main, below = ax.figure.axes
    assert main is ax
    assert len(lines(main, GREEN)) == 2, "the band has drawn edges"
    assert len(lines(below, GREEN)) == 4, "the band and the remainder have drawn edges"
    assert all(line.get_linestyle() == "-" for line in lines(below, GREEN))
    (polynomial,) = [line for line in lines(main, CURVE) if line.get_label() == "T"]
    (function,) = [line for line in lines(main, INK) if line.get_label() == "f"]
    assert polynomial.get_linewidth() > function.get_linewidth()
    ends = sorted(line.get_ydata()[0] for line in lines(below, GREEN) if len(line.get_xdata()) == 2)
    assert ends == [T.remainder.lo, T.remainder.hi]
    assert np.array_equal(polynomial.get_ydata(), T(polynomial.get_xdata()))
    said = texts(ax.figure)
    assert "Order 6 is within 0.017 of exp(sin(2*x)) on [-0.2, 0.8], proved" in said
    assert f"f - T in {ends_of(*T.remainder)} for |x - 0.3| <= 0.5, proved" in said
    assert "center" in said and "T, order 6" in said and "190 times less" in said
    assert hatched(main) and hatched(below), "beyond the box nothing is said"


@pytest.mark.parametrize("on", [(-1.0, 1.0), (0.3, 1.0), (-0.5, 0.3)])
def test_the_box_that_is_drawn_is_the_one_that_was_asked_for(on):
    T = taylor("exp(sin(2*x))", 0.3, 6, on=on)
    ax = plot_taylor(T)
    below = ax.figure.axes[1]
    (edge, *_) = [line for line in lines(below, GREEN) if len(line.get_xdata()) == 2]
    assert list(edge.get_xdata()) == pytest.approx(on, abs=1e-8)
    ends = sorted(x for p in hatched(ax) for x in p.get_extents().transformed(
        ax.transData.inverted()).intervalx)  # fmt: skip
    assert ends[1:3] == pytest.approx(on, abs=1e-6), "hatched on both sides of it"
    said = texts(ax.figure)
    shown = f"[{on[0]:g}, {on[1]:g}]"
    assert f"exp(sin(2*x)) on {shown}, proved" in said
    assert f"f - T in {ends_of(*T.remainder)} for x in {shown}, proved" in said


def test_without_a_radius_nothing_looks_proved():
    ax = plot_taylor(taylor("1/(1+x^2)", 0.0, 4))
    for panel in ax.figure.axes:
        assert not lines(panel, GREEN) and hatched(panel)
        assert all(to_hex(p.get_edgecolor()).upper() == UNKNOWN for p in hatched(panel))
        assert np.allclose(panel.get_xlim(), (-0.5, 0.5), atol=1e-6), "half the radius"
    said = texts(ax.figure)
    assert "nothing is known" in said and "proved" not in said
    assert plot_taylor(taylor("exp(x)", 0.0, 4)).get_xlim() == pytest.approx((-1.0, 1.0), abs=1e-6)


def test_the_radius_of_convergence_is_marked_where_it_is_in_view():
    def marks(T):
        return sorted(line.get_xdata()[0] for line in lines(plot_taylor(T), AMBER))

    assert marks(taylor("log(x)", 1.0, 4, radius=0.95)) == pytest.approx([0.0, 2.0], abs=1e-6)
    assert marks(taylor("log(x)", 1.0, 4, radius=0.3)) == []
    assert marks(taylor("1/(1+x^2)", 0.0, 4, radius=1.5)) == pytest.approx([-1, 1], abs=1e-6)


def test_rounding_is_said_where_it_is_what_is_seen():
    noisy, clear = (taylor("exp(x)", 0.0, k, radius=0.5) for k in (16, 3))
    assert "the error as computed is rounding" in texts(plot_taylor(noisy).figure)
    assert "rounding itself" not in texts(plot_taylor(clear).figure)


@pytest.mark.parametrize(
    ("text", "center", "order", "radius"),
    [
        ("x*0", 0.0, 2, 1.0),
        pytest.param("x", 3.0, 1, 1.0, marks=pytest.mark.slow),
        ("1e300*exp(x)", 1.0, 2, 0.5),
        pytest.param("1e-300*exp(x)", 1.0, 2, 0.5, marks=pytest.mark.slow),
        ("exp(x)", 0.0, 0, 700.0),
        pytest.param("sqrt(x)", 1e-6, 2, 9.9e-7, marks=pytest.mark.slow),
        ("sin(x)", 1e9, 3, 1e-3),
        ("log(x)", 1.0, 30, 0.99),
    ],
)
@pytest.mark.every(2)
def test_extreme_ones_are_drawn_without_a_warning(text, center, order, radius):
    with styled():
        figure = blank_figure()
        draw_taylor(taylor(text, center, order, radius=radius), figure)
        figure.draw_without_rendering()
    low, high = figure.axes[1].get_ylim()
    assert np.isfinite([low, high]).all() and low < high
    assert "1e+" not in texts(figure)


def test_axes_of_the_user_and_settings_are_left_alone():
    before = dict(matplotlib.rcParams)
    figure, (left, right) = pyplot.subplots(1, 2)
    assert plot_taylor(taylor("exp(x)", 0.0, 2, radius=0.5), left) is left
    assert plot_taylor(taylor("exp(x*y)", (0.0, 1.0), 2, radius=0.5), right) is right
    assert taylor("exp(x)", 0.0, 2).plot().figure is not figure
    assert dict(matplotlib.rcParams) == before


REFUSED = [
    (lambda: taylor("x*y*z", (1.0, 1.0, 1.0), 1, radius=0.1), "3 inputs"),
    (lambda: taylor("x*y", (1.0, 1.0), 1), "Without a radius"),
    (lambda: taylor("x*y", (1.0, 1.0), 1, radius=(0.1, 0.0)), "no extent in y"),
    (lambda: taylor(lambda x: jnp.stack([x, 2 * x]), 1.0, 1), "2 outputs"),
]


@pytest.mark.parametrize("ax", ["taylor.png", 3, pyplot.Figure()])
def test_what_are_no_axes_is_refused(ax):
    with pytest.raises(ArgumentError, match="no axes") as caught:
        plot_taylor(taylor("exp(x)", 0.0, 2, radius=0.5), ax)
    assert "savefig" in caught.value.next_step


@pytest.mark.parametrize(("make", "text"), REFUSED)
def test_what_cannot_be_drawn_is_refused(make, text):
    with pytest.raises(ArgumentError, match=text) as caught:
        plot_taylor(make())
    assert caught.value.next_step
    assert not pyplot.get_fignums(), "no empty figure is left behind"


# ---- two inputs ----


MAPS = [
    {"radius": {"x": 0.5, "y": 0.25}},
    {"on": ({"x": -0.125, "y": 1.0}, {"x": 0.5, "y": 1.5})},
]


@pytest.mark.parametrize("box", MAPS)
def test_the_map_bounds_the_true_error(box):
    T = taylor("exp(x*y)", {"x": 0, "y": 1}, 3, **box)
    x, y, bound = bound_on_grid(T)
    assert [x[0], y[0], x[-1], y[-1]] == pytest.approx(np.ravel(T.box), abs=1e-8)
    with mp.workdps(30):
        for i in range(0, len(y), 8):
            for j in range(0, len(x), 8):
                polynomial = mp.mpf(float(T.expansion.polynomial(np.array([[x[j], y[i]]]))[0, 0]))
                true = abs(mpmath.exp(mp.mpf(x[j]) * mp.mpf(y[i])) - polynomial)
                assert true <= bound[i, j] <= T.largest_remainder + 1e-15
    center = np.argmin(np.abs(y - 1)), np.argmin(np.abs(x))
    assert bound[-1, -1] > bound[0, -1] > bound[center], "smallest at the center"
    said = texts(plot_taylor(T).figure)
    assert "on the whole box, proved" in said and "|f - T| at most, proved" in said
    assert "+ the center, x = 0, y = 1" in said


# ---- files and terminals ----


@pytest.mark.parametrize("at", [0.3, {"x": 0.3, "y": 1.0}])
def test_files(tmp_path, at):
    text = "exp(sin(2*x))" if at == 0.3 else "exp(sin(2*x)*y)"
    with styled():
        figure = blank_figure()
        draw_taylor(taylor(text, at, 3, radius=0.2), figure)
    save_figure(figure, tmp_path / "a.png")
    save_figure(figure, tmp_path / "a.svg")
    header = (tmp_path / "a.png").read_bytes()[16:24]
    assert struct.unpack(">II", header) == (1600, 1000)
    root = ET.parse(tmp_path / "a.svg").getroot()
    assert (root.get("width"), root.get("height")) == ("1600", "1000")


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("box", [0.5, None, (0.3, 1.5)])
def test_terminal(unicode, box):
    T = taylor("exp(sin(2*x))", 0.3, 3, **asked(box))
    text = terminal_taylor(T, width=60, height=18, unicode=unicode)
    found = text.splitlines()
    assert max(map(len, found)) <= 60 and len(found) <= 19
    assert text.isascii() is not unicode
    assert sum(line.count("●" if unicode else "o") for line in found[2:]) >= 20
    assert ("within" in found[0]) is (box is not None)
    assert ("on [0.3, 1.5]" in found[0]) is isinstance(box, tuple)


def test_terminal_refuses_two_inputs():
    with pytest.raises(ArgumentError, match="one input"):
        terminal_taylor(taylor("x*y", (1.0, 1.0), 1, radius=0.1))
