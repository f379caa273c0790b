"""Pictures of roots, minima and descents: what they show is true, and nothing lies on a label."""

from __future__ import annotations

import itertools

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from taylored.errors import ArgumentError
from taylored.optimize.certified import certify
from taylored.optimize.descent.descend import descend
from taylored.optimize.minimize import minimize
from taylored.optimize.roots.root import root
from taylored.optimize.roots.roots import roots
from taylored.plot.basins import basins_of, draw_basins, plot_basins
from taylored.plot.descend import draw_descend, draw_descend_in
from taylored.plot.forces import forces_of
from taylored.plot.minimum import draw_minimum, function_of, plot_minimum
from taylored.plot.plane import view_of
from taylored.plot.root import draw_root, draw_root_in, draw_roots, draw_roots_in
from taylored.plot.save import blank_figure, save_figure
from taylored.plot.style import styled

CIRCLE = ("x*y", {"x": 1.0, "y": -0.1}, ["x^2 + y^2 = 1"], None)
CORNER = ("(x-2)^2 + (y-1)^2", {"x": 0.0, "y": 1.6}, ["x + y <= 2", "x^2 <= y"], {"x": (0, None)})
LINEAR = ("-(3*x + 2*y)", {"x": 1.0, "y": 1.0}, ["x + y <= 4", "x + 3*y <= 6"],
          {"x": (0, None), "y": (0, None)})  # fmt: skip
VALLEY = ("100*(y-x^2)^2 + (1-x)^2", {"x": -1.2, "y": 1.0}, None, None)
APART = ("x + y", {"x": 1.0, "y": 1.0}, ["x^2 + y^2 <= 1", "x + y >= 3"], None)
LINE = ("x^4 - 3*x^2 + x", {"x": 0.2}, None, {"x": (-2, 2)})


def slow(*values):
    """A row for `pytest -m slow`."""
    return pytest.param(*values, marks=pytest.mark.slow)


SOLVED, PICTURES = {}, {}


def solved(problem):
    """The result of a problem, found once for all tests: they only look at it."""
    f, start, constraints, bounds = problem
    if str(problem) not in SOLVED:
        SOLVED[str(problem)] = minimize(f, start, subject_to=constraints, bounds=bounds)
    return SOLVED[str(problem)]


def picture_of(problem):
    """Figure and axes, drawn once for all tests that only look at them."""
    if str(problem) not in PICTURES:
        PICTURES[str(problem)] = drawn(draw_minimum, solved(problem))
    return PICTURES[str(problem)]


def drawn(draw, result, **options):
    with styled():
        figure = blank_figure()
        both = (result, figure) if draw is draw_minimum else (figure, result)
        ax = draw(*both, **options)
        figure.draw_without_rendering()
    return figure, ax


def title_of(figure):
    return figure.get_suptitle()


def labels_of(figure):
    """Texts beside what they name, with their boxes in pixels."""
    found = []
    for ax in figure.axes:
        for text in ax.texts:
            if text.get_text().strip():
                found.append((text.get_text(), Text.get_window_extent(text)))  # without its line
    return found


# ---- minima ----


@pytest.mark.every(3)
@pytest.mark.parametrize("problem", [CIRCLE, CORNER, LINEAR, VALLEY, APART, LINE])
def test_no_label_lies_on_another_or_outside(problem):
    figure, _ = picture_of(problem)
    boxes = labels_of(figure)
    assert boxes
    for (_, a), (_, b) in itertools.combinations(boxes, 2):
        assert not a.overlaps(b)
    for text, box in boxes:
        assert box.x0 >= 0 and box.x1 <= figure.bbox.width, text


def test_titles_say_the_finding():
    titles = [
        (CIRCLE, "Local minimum -0.5, held by x^2 + y^2 = 1, proved"),
        (CORNER, "Local minimum 1, held by several limits, proved"),
        (VALLEY, "Local minimum 0, proved"),
        (APART, "The constraints cannot be met near here"),
    ]
    for problem, title in titles:
        figure, _ = picture_of(problem)
        assert title_of(figure) == title
    figure, _ = drawn(draw_minimum, solved(LINEAR), maximum=True)
    assert title_of(figure) == "Local maximum 12, held by several limits, proved"


def test_arrows_balance():
    """At the optimum of x*y on the circle: the gradient (y, x), and 0.5 times (2x, 2y)."""
    half = np.sqrt(0.5)
    f, g = forces_of(solved(CIRCLE))
    assert f.vector == pytest.approx([-half, half]) and g.vector == pytest.approx([half, -half])
    assert (f.text, g.text) == ("∇f", "0.5 ∇g")
    for problem, maximum in ((CORNER, False), (LINEAR, False), (LINEAR, True)):
        forces = forces_of(solved(problem), maximum)
        assert len(forces) == 3
        assert np.sum([f.vector for f in forces], axis=0) == pytest.approx([0, 0], abs=1e-12)
    # 3x + 2y rises along (3, 2); x + y <= 4 pushes back three times, y >= 0 adds the rest
    f, g, bound = forces_of(solved(LINEAR), True)
    assert f.vector == pytest.approx([3, 2]) and g.vector == pytest.approx([-3, -3])
    assert g.text == "-3 ∇g" and bound.text == "1 from the lower bound of y"
    assert forces_of(solved(VALLEY)) == [] and forces_of(solved(APART)) == []


def test_every_arrow_is_in_the_picture():
    oval = ("(x-2)^2 + (y-1)^2", {"x": 2.0, "y": 2.0}, ["x = 2*y - 1", "x^2/4 + y^2 <= 1"], None)
    for problem, count in ((CIRCLE, 2), (CORNER, 3), (LINEAR, 3), (oval, 3)):
        _, ax = picture_of(problem)
        arrows = [t for t in ax.texts if t.get_text() == ""]
        tips = np.array([t.xy for t in arrows])
        assert len(tips) == count
        low, high = np.array([ax.get_xlim(), ax.get_ylim()]).T
        assert ((low < tips) & (tips < high)).all()


def test_function_on_a_grid_is_that_of_the_solver():
    points = np.random.default_rng(0).normal(size=(40, 2))
    by_formula = function_of(solved(CORNER))(points)
    result = minimize(lambda v: jnp.sum((v - jnp.array([2.0, 1.0])) ** 2), np.zeros(2),
                      at_most=lambda v: jnp.stack([v.sum() - 2, v[0] ** 2 - v[1]]))  # fmt: skip
    x, y = points.T
    truth = np.stack([(x - 2) ** 2 + (y - 1) ** 2, x + y - 2, x**2 - y], axis=1)
    assert by_formula == pytest.approx(truth) and function_of(result)(points) == pytest.approx(
        truth
    )


def test_view_holds_start_end_and_near_bounds():
    free = np.full(2, np.inf)
    rng = np.random.default_rng(3)
    for _ in range(200):
        path = rng.normal(size=(rng.integers(1, 12), 2)) * 10.0 ** rng.integers(-6, 6, size=2)
        end = path[-1] + 1e-3 * rng.normal(size=2)
        view = view_of(path, end, (-free, free), 1.1)
        assert view.holds(np.stack([path[0], end])).all() and (view.size > 0).all()
    path = np.array([[0.5, 0.5], [0.1, 0.2]])
    view = view_of(path, np.zeros(2), (np.array([0.0, -1e9]), np.array([0.6, 1e9])), 1.0)
    assert view.x[0] < 0 and view.x[1] > 0.6  # a little of what is beyond is shown
    assert np.diff(view.x) == pytest.approx(np.diff(view.y))  # a circle is round


@pytest.mark.parametrize(
    "make",
    [
        lambda: minimize("x + y", {"x": 1.0, "y": 1.0}),
        lambda: minimize("log(x) + y^2", {"x": -1.0, "y": 1.0}),
        slow(lambda: minimize("x^2 + y^2 + z^2 + x", {"x": 1.0, "y": 2.0, "z": 0.0})),
        lambda: minimize(lambda v: jnp.sum((v - 1) ** 2), np.zeros(2), bounds=(0, 0.5)),
        lambda: minimize("(`$a$` - 1)^2 + `\\b^_`^4", {"$a$": 0.0, "\\b^_": 1.0}),
        slow(lambda: minimize("x^2 + 0*y", {"x": 1.0, "y": 0.0})),
        slow(lambda: minimize("x^2 + y^2", {"x": 0.0, "y": 0.0})),
        slow(lambda: minimize("1e200*x^2 + 1e-200*y^2", {"x": 1.0, "y": 1.0})),
        slow(lambda: minimize("x^2", {"x": 1.0}, subject_to=["x >= 0.5", "x^3 <= 8"])),
        slow(lambda: minimize("x^2 + y^2", {"x": 1.0, "y": 2.0}, bounds={"x": (1, 1)})),
        slow(lambda: certify("x^2 + y^2", {"x": 0.0, "y": 0.0})),
        lambda: certify("x^2 - y^2", {"x": 0.0, "y": 0.0}),
    ],
)
@pytest.mark.every(2)
def test_whatever_happens_there_is_a_picture(make, tmp_path):
    result = make()
    figure, _ = drawn(draw_minimum, result)
    assert title_of(figure)
    save_figure(figure, tmp_path / "m.png")
    ax = Figure().subplots()
    assert plot_minimum(result, ax) is ax and ax.get_title(loc="left")


@pytest.mark.slow
def test_the_same_picture_gives_the_same_file(tmp_path):
    for name in ("a.png", "b.png"):
        figure, _ = drawn(draw_minimum, solved(CIRCLE))
        save_figure(figure, tmp_path / name)
    first, second = ((tmp_path / n).read_bytes() for n in ("a.png", "b.png"))
    assert first == second


# ---- roots ----


def test_tangents_are_those_of_newton():
    result = root("x^3 - 2*x - 5", 3.2)
    figure, ax = drawn(draw_root_in, result)
    assert title_of(figure).startswith("Root x = 2.0945514815423") and "proved" in title_of(figure)
    tangents = [line.get_xydata() for line in ax.lines if len(line.get_xdata()) == 2]
    tangents = [t for t in tangents if t[0, 1] != 0 and t[1, 1] == 0 and t[0, 0] != t[1, 0]]
    assert len(tangents) >= 3
    for (x, f), (after, _) in tangents:
        assert f == pytest.approx(x**3 - 2 * x - 5, abs=1e-12)
        assert after == pytest.approx(x - f / (3 * x**2 - 2), rel=1e-9)


ROOTS = [
    (draw_root_in, lambda: root("x^3 - 2*x + 2", 0.0)),
    slow(draw_root_in, lambda: root("cos(x) = x", bracket=(0, 1))),
    (draw_root_in, lambda: root("x^2 + 1", 1.0)),
    slow(draw_root_in, lambda: root("(x - 1)^2", 3.0)),
    (draw_root_in, lambda: root("1/(x - 0.3)", bracket=(-1, 1))),
    (draw_root_in, lambda: root(["x^2 + y^2 = 4", "x*y = 1"], {"x": 0.2, "y": 0.3})),
    slow(
        draw_root_in, lambda: root(["x + y = 1", "x - y = 2", "x + 2*y = 7"], {"x": 2.0, "y": 0.3})
    ),
    slow(
        draw_root_in, lambda: root(["x + y + z - 1", "x - y", "x*z - 2"], {"x": 1, "y": 1, "z": 1})
    ),
    (draw_roots_in, lambda: roots("sin(5*x) - x/2", -5, 5)),
    (draw_roots_in, lambda: roots(["x^2 + y^2 - 4", "x*y - 1"], -3, 3)),
    (draw_roots_in, lambda: roots("(x-1)^2*(x+2)", -5, 5)),
    slow(draw_roots_in, lambda: roots("x^2 + 1", -5, 5)),
]


@pytest.mark.every(3)
@pytest.mark.parametrize(("draw", "make"), ROOTS)
def test_roots_are_drawn(draw, make):
    figure, _ = drawn(draw, make())
    boxes = labels_of(figure)
    for (_, a), (_, b) in itertools.combinations(boxes, 2):
        assert not a.overlaps(b)
    for text, box in boxes:
        assert box.x1 <= figure.bbox.width, text
    assert title_of(figure)


def test_only_what_is_proved_is_filled():
    for make, proved in (
        (lambda: root("x^2 - 2", 1.0), True),
        (lambda: root("(x^2 - 2)^2", 1.0), False),
    ):
        _, ax = drawn(draw_root_in, make())
        (mark,) = [line for line in ax.lines if line.get_marker() == "D"]
        assert (mark.get_markerfacecolor() != "white") == proved


def test_what_is_no_root_is_marked_on_the_curve():
    _, ax = drawn(draw_root_in, root("x^2 + 1", 1.0))
    (mark,) = [line for line in ax.lines if line.get_marker() == "D"]
    x, y = mark.get_xydata()[0]
    assert y == pytest.approx(x**2 + 1)


def test_three_unknowns_have_no_map():
    found = roots(["x - 1", "y - 2", "z - 3"], -5, 5)
    with pytest.raises(ArgumentError, match="one or two unknowns"):
        draw_roots(found)
    with pytest.raises(ArgumentError, match="two equations in two unknowns"):
        draw_roots(found, basins=True)


def test_given_axes_are_used():
    for result, draw in ((root("x^2 - 2", 1.0), draw_root), (roots("x^2 - 2", 0, 3), draw_roots),
                         (descend("x^2 + y^2", {"x": 1.0, "y": 2.0}), draw_descend)):  # fmt: skip
        ax = Figure().subplots()
        assert draw(result, ax) is ax and ax.get_title(loc="left")


# ---- basins ----


def test_basins_of_the_cube_roots_of_one():
    """The oracle: Newton's method for z^3 = 1 in complex numbers."""
    found = basins_of(roots(["x^3 - 3*x*y^2 - 1", "3*x^2*y - y^3"], -2, 2), 61)
    assert len(found.roots) == 3
    z = found.x[None, :] + 1j * found.y[:, None]
    with np.errstate(all="ignore"):
        for _ in range(60):
            z = z - (z**3 - 1) / (3 * z**2)
    exact = np.exp(2j * np.pi * np.arange(3) / 3)
    ours = found.roots[:, 0] + 1j * found.roots[:, 1]
    order = [int(np.argmin(np.abs(exact - r))) for r in ours]
    assert sorted(order) == [0, 1, 2]
    truth = np.argmin(np.abs(z[..., None] - exact), axis=-1)
    reached = found.which >= 0
    assert reached.mean() > 0.99
    same = np.array(order)[found.which] == truth
    assert same[reached].mean() > 0.995  # on the border rounding decides


def test_basins_where_newton_fails():
    """x^3 - 2x + 2 = 0 has a cycle between 0 and 1: starts near it reach no root."""
    result = root(["x^3 - 2*x + 2", "y"], {"x": -2.0, "y": 0.1})
    found = basins_of(result, 201)
    near = found.which[:, np.abs(found.x) < 0.05]
    assert near.shape[1] >= 2 and (near == -1).all() and (found.which == 0).any()
    figure, _ = drawn(draw_basins, result)
    assert "to none" in title_of(figure)
    ax = Figure().subplots()
    assert plot_basins(result, ax) is ax


def test_basins_need_plain_numbers():
    result = root(lambda v: jnp.stack([v[0] ** 2 - 1, v[1]]), np.array([2.0, 1.0]))
    with pytest.raises(ArgumentError, match="two plain numbers"):
        plot_basins(result)


# ---- descent ----


@pytest.mark.parametrize(
    ("rate", "title"),
    [
        (None, "91 steps to a local minimum, every one proved to go down"),
        (0.19, "197 steps to a local minimum"),
        (0.3, "Diverges: the rate 0.3 is too large"),
    ],
)
def test_descent_is_drawn(rate, title):
    result = descend("x^2 + 5*y^2", {"x": 3.0, "y": 1.0}, rate=rate)
    figure, ax = drawn(draw_descend_in, result)
    assert title_of(figure) == title
    low, high = ax.get_xlim()
    assert low < 3.0 < high and high - low < 50
    for (_, a), (_, b) in itertools.combinations(labels_of(figure), 2):
        assert not a.overlaps(b)


def test_descent_of_one_and_many_variables():
    one, ends = descend("(x-1)^4", {"x": 3.0}, steps=50), descend("x", {"x": 0.0})
    for result in (one, ends, descend(lambda v: jnp.sum(v**2), np.ones(5))):
        figure, _ = drawn(draw_descend_in, result)
        assert title_of(figure)
