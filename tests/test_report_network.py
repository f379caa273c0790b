"""Reports of networks: what is printed is what was measured, and claims no digit too many."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import taylored as ty
from taylored.networks.classes import Reliability
from taylored.networks.findings import merged
from taylored.networks.outofbag import Coverage
from taylored.networks.result import Score
from taylored.report.network import network_line, network_report, network_status
from taylored.report.network_document import network_document, prediction_document
from taylored.report.network_facts import (
    about,
    by_chance,
    comparison,
    ends_said,
    plain_error,
    plain_place,
    scores_in_units,
)
from taylored.report.network_html import network_html
from taylored.report.network_prediction import prediction_html, prediction_report
from taylored.report.numbers import value_error
from taylored.results import Accuracy, Finding


def wave(rows=120, scale=1000.0):
    rng = np.random.default_rng(3)
    x = np.linspace(-1, 1, rows)
    return x, scale * (np.sin(3 * x) + rng.normal(0, 0.1, rows))


@pytest.fixture(scope="module")
def curve():
    return ty.train(*wave(), members=10, hidden=8)


@pytest.fixture(scope="module")
def classes():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 150)
    X = rng.normal(size=(150, 2)) + 1.6 * np.column_stack([y == 1, y == 2])
    return ty.train(X, np.array(["ant", "bee", "cat"])[y], members=10, hidden=4)


@pytest.fixture(scope="module")
def junk():
    rng = np.random.default_rng(1)
    return ty.train(rng.normal(size=(60, 3)), rng.normal(size=60), members=10, hidden=3)


@pytest.fixture(scope="module")
def single():
    return ty.train(*wave(60), intervals="none", hidden=5, starts=1)


def flat(text):
    return " ".join(text.split())


def lines_of(text, title):
    """The rows of the table whose head starts with a title, above its caption."""
    lines = text.splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith(f"{title}  "))
    rows = lines[start + 2 :]
    ends = (k for k, r in enumerate(rows) if not r.strip() or r.startswith(("error:", "measured")))
    return rows[: next(ends)]


# ---- regression ----


def test_the_error_is_that_of_rows_left_out(curve):
    """From predictions out of the bag alone: the mean of 2 of 10 members, corrected to all 10."""
    _, y = wave()
    found = curve.out_of_bag
    residual = found.t[:, 0] - found.mean[:, 0]
    mean_square = np.mean(residual**2) - np.mean(found.spread) * (1 / 2 - 1 / 10)
    error = np.std(y) * np.sqrt(mean_square)
    said = re.search(r"within (\d+(?:\.\d+)?) ± (\d+(?:\.\d+)?)", flat(curve.report()))
    assert said is not None
    assert abs(float(said[1]) - error) <= 0.5 * 10.0 ** -len(said[1].partition(".")[2]) + 1e-9
    assert 60 < error < 140  # the noise is 100
    assert f"varies by {np.std(y):.3g}" in flat(curve.report())


def test_coverage_that_is_printed_was_measured(curve):
    rows = lines_of(curve.report(level=0.7), "intervals")
    assert [r.split()[0] for r in rows] == ["50", "70", "80", "90", "95"]
    for row in rows:
        level, value, error = (float(v) for v in re.findall(r"(\d+(?:\.\d+)?)(?= %| ±)", row)[:3])
        found = curve.coverage(level / 100)[0]
        assert value == pytest.approx(100 * found.value, abs=0.051)
        assert error == pytest.approx(100 * found.stderr, rel=0.06)


def test_half_widths_are_those_of_predictions(curve):
    x, _ = wave()
    for row in lines_of(curve.report(), "intervals"):
        level, half = float(row.split()[0]) / 100, float(row.split()[-1])
        p = curve.predict(x, level)
        # Two digits: half of the last one is at most a twentieth.
        assert half == pytest.approx(float(np.median(p.hi - p.lo)) / 2, rel=0.05)


def test_models_stand_best_first_with_what_tells_them_apart(curve):
    rows = lines_of(curve.report(), "model")
    errors = [float(re.split(r"\s{2,}", r)[1]) for r in rows]
    assert errors == sorted(errors) and len(rows) == len(curve.scores)
    assert "this network" in "".join(rows) and "ridge regression" in "".join(rows)
    assert re.search(r"mean .* worse by \d+ standard errors", "\n".join(rows))


WINS = Finding("baseline-wins", "ridge regression predicts better.")


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([("ridge regression", 0.5, 3.0)], "Ridge regression does better."),
        ([("ridge regression", 0.995, 2.5)], "Ridge regression does as well."),
        ([("Gaussian process", 0.9, 0.5), ("mean", 2.0, -9.0)], "A Gaussian process does as well."),
        ([("ridge regression", 1.5, -4.0), ("mean", 2.0, -9.0)], "Simpler models do worse."),
        ([("mean", 2.0, -9.0)], "The mean of y does worse."),
        ([], ""),
    ],
)
def test_comparison(curve, others, said):
    scores = (Score("network", 1.0, 0.1), *(Score(n, v, 0.1, w) for n, v, w in others))
    findings = (WINS,) if "better" in said else ()
    assert comparison(replace(curve, scores=scores, findings=findings)) == said


def test_no_claim_without_rows_left_out(single):
    text = flat(network_report(single))
    assert text.startswith("One network, not checked on rows it has not seen")
    assert "±" not in text and "hold" not in text
    assert "not checked" in network_line(single)
    assert single.to_dict()["accuracy"] == "unknown" and single.to_dict()["coverage"] == []


def test_what_is_not_usable_says_so_first(junk):
    assert not junk.usable
    assert flat(network_report(junk)).startswith("Not usable: ")
    assert "NOT USABLE" in network_line(junk)
    assert "var(--unknown)" in network_html(junk).split("</p>")[0]


def test_intervals_that_hold_too_little_are_told():
    """Those that hold too much do hold; a little too few is chance."""
    held = [Coverage(0.9, *v, 400).holds for v in ((0.7, 0.02), (0.99, 0.005), (0.87, 0.015))]
    assert held == [False, True, True]


def test_several_outputs(curve):
    x, y = wave()
    net = ty.train({"x": x, "a": y, "b": -y / 1000}, ["a", "b"], members=10, hidden=6)
    text = network_report(net, width=100)
    rows = lines_of(text, "output")
    assert [r.split()[0] for r in rows] == ["a", "b"]
    for row, error in zip(rows, net.error, strict=True):
        assert float(row.split()[1]) == pytest.approx(error, rel=0.01)
    assert "hold of a" in text and "hold of b" in text
    p = net.predict({"x": [0.0, 0.5]})
    assert prediction_report(p).count("90 % interval") >= 2


def test_scores_of_a_model_that_is_not_standardized_are_in_units_of_y():
    x, y = wave(80)
    net = ty.train(x, y, model=lambda p, x: p["a"] * x[0], params={"a": 1.0}, members=10)
    assert net.response.scale[0] == 1
    shown = {s.name: s.value for s in scores_in_units(net)}
    assert shown["network"] == pytest.approx(net.error)
    fold = net.folds.number[0]
    apart = [y[fold == k] - y[fold != k].mean() for k in range(net.folds.count)]
    assert shown["mean of y"] == pytest.approx(
        np.sqrt(np.mean(np.concatenate(apart) ** 2)), rel=0.02
    )


# ---- training ----


def test_ends_of_adam_are_told_in_words(curve):
    ends = {"epochs": 3, "validation": 7}
    told = replace(curve.training, solver="adam", ends=ends, steps=400, effective=np.empty(0))
    net = replace(curve, training=told)
    said = "7 stopped early by the validation rows, 3 reached the limit of 400 epochs"
    assert ends_said(net) == said and said in flat(net.report())
    found = net.health()
    assert "members-not-converged" not in [f.name for f in found.findings]
    assert np.isnan(found.effective) and "determined" not in found.report()
    assert "7 stopped early by the validation rows, 3 reached the limit" in flat(found.report())
    without = replace(curve, training=replace(curve.training, effective=np.zeros(10)))
    assert "determined" not in without.health().report()


def test_equal_findings_are_told_as_one():
    note = [Finding("constant-column", f"x{k} is 0: left out.", "Leave it.", params=(f"x{k}",))
            for k in range(5)]  # fmt: skip
    (one,) = merged(note)
    assert one.message == "x0 is 0; x1 is 0; x2 is 0, and 2 more: left out."
    assert one.params == ("x0", "x1", "x2", "x3", "x4")
    assert merged(note[:1]) == (note[0],) and merged([one]) == (one,)
    other = replace(note[1], severity="note")
    assert merged([note[0], other]) == (note[0], other)


def test_report_document_and_python_tell_the_same_findings(curve):
    told = tuple(Finding(n, f"{n} is so.", f"Mend {n}.", severity=s) for n, s in
                 (("baseline-as-good", "note"), ("constant-column", "warning")))  # fmt: skip
    net = replace(curve, findings=told)
    assert [f["name"] for f in network_document(net)["findings"]] == [f.name for f in told]
    text = flat(net.report())
    assert text.index("constant-column is so. Mend") < text.index("baseline-as-good is so. Mend")


def test_of_too_few_rows_no_coverage_is_told(curve):
    nan = Coverage(0.9, float("nan"), float("nan"), 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            type(curve.out_of_bag), "coverage", lambda self, level: (replace(nan, level=level),)
        )
        text = flat(curve.report())
        assert "how often 90 % intervals hold them is unknown" in text and "nan" not in text
        assert "nan" not in repr(curve)
        assert "nan" not in prediction_report(curve.predict([0.1]))


def test_groups_are_told():
    x, y = wave()
    net = ty.train(x, y, groups=np.arange(120) // 3, members=10, hidden=3)
    text = flat(net.report())
    assert "y ~ x 120 rows in 40 groups" in text and "one standard error over the groups" in text
    assert "parts of the groups" in text and "error over the rows" not in text


def test_regularization_is_told_in_words(curve):
    def told(name):
        net = replace(curve, training=replace(curve.training, regularization=name))
        return flat(net.report())

    assert "; not regularized" in told("none")
    assert "regularized by weight decay 5" in told("weight decay 5")
    assert "regularized by weight decay that the evidence has chosen" in told("evidence")


def test_the_error_stands_in_both_units(curve):
    """`error` is in units of y, `score` in standard deviations of y."""
    ratio = float(re.search(r"the error is ([\d.]+) standard dev", flat(curve.report()))[1])
    assert ratio == pytest.approx(curve.score.value, rel=0.06)
    assert ratio == pytest.approx(float(curve.error) / np.std(wave()[1]), rel=0.06)


# ---- classification ----


def test_sets_of_one_class_are_told_once():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 120)
    net = ty.train(4.0 * y[:, None] + rng.normal(size=(120, 1)), np.array(["a", "b"])[y],
                   members=10, hidden=3)  # fmt: skip
    text = network_report(net, width=100)
    rows = lines_of(text, "      sets")
    assert rows[0].startswith("50 to 95 %") and rows[1].startswith("every set")
    error = flat(text).partition("Right in ")[2].partition(" %")[0]
    assert error in rows[0] and f"hold {error} %" in flat(text)


def test_confusion_counts_rows(classes):
    found = classes.out_of_bag
    text = network_report(classes, width=100)
    start = text.splitlines().index(
        next(r for r in text.splitlines() if "true" in r and "predicted" in r)
    )
    for k, name in enumerate(("ant", "bee", "cat")):
        row = text.splitlines()[start + 2 + k].split()
        said = [found.probability[found.t == k].argmax(1).tolist().count(j) for j in range(3)]
        assert row[0] == name
        assert [0 if c == "·" else int(c) for c in row[1:4]] == said
    assert network_document(classes)["confusion"][1] == [
        int(((found.t == 1) & (found.probability.argmax(1) == j)).sum()) for j in range(3)
    ]
    share = np.mean(found.probability.argmax(1) == found.t)
    assert flat(text).startswith(f"Right in {100 * share:.1f} ± ")


def test_calibration_by_chance_agrees_with_simulation():
    rng = np.random.default_rng(5)
    said, rows = np.array([0.55, 0.7, 0.9]), np.array([40, 60, 50])
    found = Reliability(said, said, np.zeros(3), rows)
    measured = [
        np.average(np.abs(rng.binomial(rows, said) / rows - said), weights=rows)
        for _ in range(4000)
    ]
    assert by_chance(found) == pytest.approx(np.mean(measured), rel=0.03)


# ---- predictions ----


def test_printed_intervals_hold_the_computed_ones(curve):
    p = curve.predict(np.linspace(-1, 1, 9))
    rows = prediction_report(p, width=100).splitlines()
    rows = [r for r in rows if re.match(r"\s*\d+  ", r)]
    assert len(rows) == 9
    for k, row in enumerate(rows):
        lo, hi = re.findall(r"\[(\S+), (\S+)\]", row)[0]
        assert Fraction(lo) <= Fraction(float(p.lo[k])) and Fraction(float(p.hi[k])) <= Fraction(hi)
        assert float(hi) - float(lo) <= 1.15 * (p.hi[k] - p.lo[k])


def test_rows_far_outside_have_no_interval(curve):
    p = curve.predict([0.0, 50.0])
    text = prediction_report(p)
    assert "1 row is not to be trusted" in flat(text)
    far = next(r for r in text.splitlines() if re.match(r"\s*2  ", r))
    assert "?" in far and "not to be trusted" in far and "[" not in far
    assert "not to be trusted" in repr(p)


def test_sets_of_classes(classes):
    p = classes.predict([[0.8, 0.8], [3.0, -2.0]])
    text = prediction_report(p)
    for k in range(2):
        row = next(r for r in text.splitlines() if r.strip().startswith(f"{k + 1} "))
        for label, within in zip(p.classes, p.sets[k], strict=True):
            assert (label in row) == within or label == p.value[k]
    assert "sets of classes, calibrated" in flat(text)


# ---- forms ----


@pytest.mark.parametrize("which", ["curve", "classes", "junk", "single"])
def test_forms(which, request):
    net = request.getfixturevalue(which)
    for width in (60, 100):
        text = network_report(net, width=width, unicode=False)
        assert text.isascii() and text.startswith(network_status(net)[:12])
    plain = network_report(net, width=90)
    colored = network_report(net, width=90, color=True)
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == plain
    document = json.loads(json.dumps(net.to_dict(), allow_nan=False))
    assert document["schema"] == "taylored-network/1" and document["status"] == net.status
    assert net._repr_html_().count("<div") == 1 and len(repr(net)) < 250
    p = net.predict(net.rows.z[:3])
    found = json.loads(json.dumps(prediction_document(p), allow_nan=False))
    assert found["value"] == p.value.tolist() and found["trusted"] == p.trusted.tolist()


def test_names_of_the_user_are_escaped():
    x, y = wave(40)
    net = ty.train({"<b>x": x, "<script>\x1b[2J": y}, "<script>\x1b[2J", members=10, hidden=3)
    html = network_html(net) + prediction_html(net.predict({"<b>x": [0.0, 99.0]}))
    assert "<script>" not in html and "<b>" not in html and "&lt;script&gt;" in html
    assert "\x1b" not in network_report(net) + repr(net) + prediction_report(net.predict([[0.1]]))


def test_at_most_five_findings(curve):
    many = tuple(Finding(f"n{k}", "m.", severity="note") for k in range(6))
    net = replace(curve, findings=(*many, Finding("worst", "w.", severity="warning")))
    text = network_report(net)
    shown = [k for k in range(6) if re.search(rf"^n{k}  ", text, re.MULTILINE)]
    assert shown == [0, 1, 2, 3] and "worst" in text and "7; these are the first 5" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.2345, "0.23"), (453.0, "450"), (99600.0, "100000"), (1.23e8, "1.2e8"), (2.3e-7, "2.3e-7")],
)
def test_two_digits(value, text):
    assert about(value) == text


def test_large_numbers_are_written_out():
    place = plain_place(3784.0, 460.0)
    assert (place.last, place.suffix) == (1, "")
    assert plain_place(3.784e8, 4.6e7).suffix == "e8"


def test_accuracy_kind_is_said(curve, single):
    assert curve.accuracy is Accuracy.CALIBRATED
    assert "calibrated" in repr(curve.predict([0.1]))
    assert "accuracy unknown" in repr(single.predict([0.1]))


def test_nothing_loads_jax():
    code = (
        "import sys, numpy as np, taylored as ty\n"
        "x = np.linspace(0, 1, 30)\n"
        "net = ty.train(x, np.sin(x), members=10, hidden=3)\n"
        "net.report(), net.to_dict(), repr(net), net._repr_html_(), net.predict(x).report()\n"
        "net.plot()\n"
        "assert 'jax' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_verdicts_write_numbers_out():
    assert plain_error(902.3, 190.0) == "900 ± 190"
    assert plain_error(0.0538, 0.0024) == "0.0538 ± 0.0024"
    assert plain_error(3.784e8, 4.6e7) == "(3.78 ± 0.46)e8"
    assert plain_error(2.5, 0.0) == value_error(2.5, 0.0)


def test_the_document_has_the_verdict_of_its_level(curve):
    assert "80 % intervals hold" in network_document(curve, 0.8)["status"]
