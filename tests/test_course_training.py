"""The course's live network: machine code against NumPy, the gradient, and what is said of it."""

import numpy as np
import pytest

from taylored.course.figures import training, training_runs
from taylored.course.figures.training_runs import Run, Task, cost_gradient, starts, train
from taylored.course.kit.figure import find

SHAPES = [(1, 6, 7, 2), (2, 3, 1), (3, 4)]


def task(layers, activation, points=37, members=3):
    rng = np.random.default_rng(1)
    weights = rng.random((members, points))
    x, y = (rng.normal(size=(width, points)) for width in (layers[0], layers[-1]))
    return Task(layers, activation, x, y, weights / weights.sum(1, keepdims=True))


def without_machine_code(monkeypatch):
    monkeypatch.setattr("taylored.native.llvm.available", lambda: False)


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
@pytest.mark.parametrize("layers", SHAPES)
def test_machine_code_does_what_numpy_does(layers, activation, monkeypatch):
    job = task(layers, activation)
    begin = Run.at(starts(layers, [1, 2, 3]))
    fast = train(job, train(job, begin, 90, 0.05, 0.9), 60, 0.05, 0.9)
    without_machine_code(monkeypatch)
    slow = train(job, train(job, begin, 90, 0.05, 0.9), 60, 0.05, 0.9)
    assert slow.plain and not fast.plain
    np.testing.assert_allclose(fast.parameters, slow.parameters, rtol=0, atol=1e-12)
    np.testing.assert_allclose(fast.velocity, slow.velocity, rtol=0, atol=1e-12)
    np.testing.assert_allclose(fast.costs, slow.costs, rtol=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
@pytest.mark.parametrize("layers", SHAPES)
def test_the_gradient_is_that_of_the_cost(layers, activation):
    """Against a derivative along a random direction, with complex steps."""
    job = task(layers, activation)
    p = starts(layers, [4])[0]
    away = np.random.default_rng(2).normal(size=p.size)
    found = cost_gradient(job, p, job.weights[0])[1] @ away
    assert found == pytest.approx(along(job, p, away), rel=1e-12)


def along(job, p, away):
    values, layers = job.x, training_runs.unpack(job.layers, p + 1e-30j * away)
    for level, (w, b) in enumerate(layers):
        z = w @ values + b[:, None]
        last = level == len(layers) - 1
        values = z if last else np.tanh(z) if job.activation == "tanh" else 1 / (1 + np.exp(-z))
    return np.sum(job.weights[0] * (values - job.y) ** 2).imag / 1e-30


def test_a_run_leaves_where_it_began_as_it_was():
    job, begin = task((1, 6, 7, 2), "tanh"), Run.at(starts((1, 6, 7, 2), [1, 2, 3]))
    kept = begin.parameters.copy()
    train(job, begin, 20, 0.1)
    np.testing.assert_array_equal(begin.parameters, kept)
    assert not begin.velocity.any()


def test_without_machine_code_the_figure_trains_fewer_steps_and_says_so(monkeypatch):
    without_machine_code(monkeypatch)
    monkeypatch.setattr(training_runs, "_MOST_PLAIN", 25)
    scene = find("training.drawing").scene({}, moving=True)
    steps = next(r for r in scene.readings if r.name == "steps")
    assert steps.value == 25
    assert "fewer than 10,000" in scene.caption


def test_a_training_that_runs_away_is_told():
    scene = find("training.drawing").scene({"rate": 0.5, "start": 1}, moving=True)
    rms = next(r for r in scene.readings if r.name == "rms")
    assert str(rms.kind) == "unknown"
    assert "too long" in scene.caption


def test_the_drawn_curve_goes_through_its_knots_and_is_closed():
    knots = [(-1, 0), (0.2, 0.7), (0.9, -0.4), (0, -1)]
    curve = training.closed_curve(knots, 4 * 12 + 1)
    np.testing.assert_allclose(curve.T[::12][:4], knots, atol=1e-14)
    np.testing.assert_allclose(curve[:, 0], curve[:, -1], atol=1e-14)


def test_mistakes_in_backpropagation_are_mistakes():
    """Each of them spoils at least one derivative; the right code has none that is wrong."""
    differences = {name: training.central(name, 1e-5) for name in ("w1", "b1", "w2", "b2")}
    for bug in ("none", "slope", "two", "weight", "sign"):
        code = training.backpropagate(bug)
        wrong = [n for n, d in differences.items() if abs(code[n] - d) > 1e-7 * abs(d)]
        assert bool(wrong) == (bug != "none"), (bug, wrong)
