"""Every figure on random settings: it draws, can be sent, and its numbers are as good as said."""

import json
import math
import re
from importlib import import_module
from random import Random

import pytest

from taylored.course.figures.proofs import proved
from taylored.course.kit import Formula
from taylored.course.kit.figure import find
from taylored.course.kit.scene import Scene
from taylored.course.pages.lesson import LESSONS
from taylored.errors import ArgumentError, TayloredError
from taylored.results import Accuracy

FIGURES = sorted({name for lesson in LESSONS() for name in lesson.figures})
FEW, MANY = 6, 1000
MOST_BYTES = 120_000
LAYERS = {"line", "band", "points", "arrows", "polygon", "mark", "rule", "bars", "contours",
          "image", "nodes", "edges"}  # fmt: skip


def truths():
    found = {}
    for module in range(6):
        found |= import_module(f"course_truths_{module}").TRUTHS
    return found


def scenes(name, count):
    """The scene at the start, then scenes on random settings, each with its settings."""
    figure = find(name)
    rng = Random(name)
    yield figure.settings(), figure.scene()
    for _ in range(count):
        settings = figure.settings(figure.random_settings(rng))
        try:
            yield settings, figure.draw(settings)
        except TayloredError as error:
            assert error.next_step, f"{settings}: {error}"


def test_every_figure_of_the_truths_is_in_a_lesson():
    assert set(truths()) <= set(FIGURES)


@pytest.mark.every(4)
@pytest.mark.parametrize("name", FIGURES)
def test_it_draws_on_random_settings(name):
    for settings, scene in scenes(name, FEW):
        sound(scene, settings)
        holds(name, settings, scene, truths())


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_its_numbers_hold_on_1000_random_settings(name):
    known, calibrated = truths(), []
    for settings, scene in scenes(name, MANY):
        sound(scene, settings)
        calibrated += holds(name, settings, scene, known)
    for level in {level for level, _ in calibrated}:
        hits = [hit for at, hit in calibrated if at == level]
        if len(hits) >= 500:  # intervals of one figure share data: five standard errors and 1 %
            slack = 0.01 + 5 * math.sqrt(level * (1 - level) / len(hits))
            assert abs(sum(hits) / len(hits) - level) <= slack, (level, sum(hits) / len(hits))


def sound(scene, settings):
    """It can be sent and drawn: strict JSON of moderate size, known layers, readings that exist."""
    assert isinstance(scene, Scene)
    sent = scene.describe()
    assert len(json.dumps(sent, allow_nan=False)) < MOST_BYTES * (1 + len(scene.panels)), settings
    for panel in sent["panels"]:
        assert panel["x"]["lo"] < panel["x"]["hi"] and panel["y"]["lo"] < panel["y"]["hi"]
        assert {layer["type"] for layer in panel["layers"] + panel["still"]} <= LAYERS
    names = [reading.name for reading in scene.readings]
    assert len(set(names)) == len(names)
    assert set(re.findall(r"\[\[(\w+)\]\]", scene.caption)) <= set(names), scene.caption
    assert scene.caption and len(scene.caption) < 600
    for reading in scene.readings:
        assert reading.label and "nan" not in reading.text.split(), (settings, reading)


def holds(name, settings, scene, known):
    """Proved and estimated readings contain their truth; of calibrated ones: (level, hit)."""
    if name not in known:
        return []
    found = {reading.name: reading for reading in scene.readings}
    calibrated = []
    for which, truth in known[name](settings).items():
        reading = found.get(which)
        if reading is None or reading.kind is Accuracy.UNKNOWN or truth is None:
            continue
        if reading.kind is None:
            assert reading.value == pytest.approx(float(truth), rel=1e-4), (settings, reading)
            continue
        inside = reading.lo <= truth <= reading.hi
        if reading.kind is Accuracy.CALIBRATED:
            calibrated.append((reading.level, inside))
        else:
            assert inside, (settings, reading, truth)
    return calibrated


@pytest.mark.parametrize("name", FIGURES)
def test_those_who_do_not_see_it_are_told(name):
    figure = find(name)
    assert len(figure.about.split()) >= 8
    assert figure.title
    for control in figure.controls:
        assert control.label


def test_numbers_with_an_accuracy_have_a_truth():
    """Of the readings that claim something, figure by figure, at least one is checked."""
    known, unchecked = truths(), []
    for name in FIGURES:
        scene = find(name).scene()
        claimed = {r.name for r in scene.readings if r.kind and r.kind is not Accuracy.UNKNOWN}
        if claimed and name not in known:
            unchecked.append(name)
    assert unchecked == []


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ((0.0, 0.0), "∈ [0, 0]"),
        ((-1e-300, 2e-17), "∈ [-1.0, 1.0]e-15"),
        ((0.123456, 0.123457), "∈ [0.1234, 0.1235]"),
        ((-3e-9, 2e-9), "∈ [-3.0, 2.0]e-9"),
    ],
)
def test_no_digits_are_shown_of_a_number_that_is_nothing(ends, text):
    reading = proved("n", "a number", *ends)
    assert reading.text == text
    assert reading.lo <= ends[0] <= ends[1] <= reading.hi


@pytest.mark.parametrize(
    ("typed", "said"),
    [(" ", "no formula"), ("z + 1", "z is not known here"), ("y ~ x", "right of the ~")],
)
def test_a_formula_that_does_not_fit_says_what_to_type(typed, said):
    field = Formula(name="f", label="f", at="x*y", variables=("x", "y"), examples=("x^2",))
    with pytest.raises(ArgumentError, match=said) as refused:
        field.read(typed)
    assert "x^2" in str(refused.value)
    assert "reload" not in str(refused.value).lower()


def test_what_a_browser_sends_is_checked():
    figure = find(FIGURES[0])
    for sent in ({"no such": 1}, [1], {figure.controls[0].name: {"a": 1}}):
        with pytest.raises(TayloredError):
            figure.settings(sent)
