"""Reports of many fits: counts that add up, digits that are claimed, every verdict explained."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from many_made import made
from taylored.many.status import MEANINGS, NAMES, Status
from taylored.report.many import (
    NEXT,
    many_document,
    many_html,
    many_line,
    many_report,
    part_said,
    summary_of,
    verdict,
)
from taylored.results import Finding

MIXED = ["ok"] * 14 + ["flat"] * 3 + ["missing", "zero", "misfit"]


def text(many, **style):
    return many_report(many, **{"width": 80, **style})


# ---- one sentence ----


def test_verdict():
    assert verdict(made((20,))) == "20 of 20 fits usable."
    assert verdict(made((4, 5), MIXED)) == (
        "14 of 20 fits usable (70.0 %); 3 flat, 1 misfit, 1 zero, 1 missing."
    )
    assert verdict(made((1,), "flat")) == "0 of 1 fit usable; 1 flat."
    assert verdict(made((), "ok")) == "1 of 1 fit usable."


def test_rare_verdicts_are_counted_together():
    names = [n for n in NAMES if n != "ok"][:8]
    said = verdict(made((10,), ["ok", "ok", *names]))
    counts = [int(n) for n in re.findall(r"(\d+) [a-z]", said.split(";")[1])]
    assert sum(counts) == 8 and said.endswith("4 others.")


def test_time_and_interruption_are_told():
    assert verdict(made((3,), seconds=0.4)).endswith("usable.")
    assert verdict(made((3,), seconds=72.0)).endswith("; 72 s.")
    stopped = made((4,), ["ok", "ok", "not-run", "not-run"], interrupted=True)
    assert verdict(stopped).startswith("Stopped before the end: 2 of 4 fits usable (50.0 %); 2 not")


@pytest.mark.parametrize("total", [3, 7, 999, 100_000, 12_345_678])
def test_shares_are_never_rounded_to_none_or_all(total):
    for some in {1, 2, total // 3, total // 2, total - 2, total - 1}:
        said = float(part_said(some, total).removesuffix(" %"))
        assert 0 < said < 100
        assert said == pytest.approx(100 * some / total, rel=0.051)
        assert 100 - said == pytest.approx(100 * (1 - some / total), rel=0.51)
    assert (part_said(0, total), part_said(total, total)) == ("0 %", "100 %")
    assert part_said(98_112, 100_000) == "98.1 %" and part_said(99_999, 100_000) == "99.999 %"


def test_one_line():
    assert repr(made((4, 5), MIXED)) == (
        "ManyFits(y ~ a*exp(-t/tau)): 14 of 20 fits usable (70.0 %); 3 flat, 1 misfit, 1 zero, "
        "1 missing"
    )
    long = made((2,), model="y ~ " + " + ".join(f"a{k}*t^{k}" for k in range(30)) + " + tau")
    assert "\n" not in many_line(long) and len(many_line(long)) < 120


def test_what_was_fitted_is_broken_to_the_width():
    model = "y ~ " + " + ".join(f"amplitude{k}*exp(-t/tau{k})" for k in range(4)) + " + tau*t"
    for color in (False, True):
        lines = text(made((3, 4), model=model), color=color).split("\n\n")[1].split("\n")
        plain = [re.sub("\033\\[[0-9;]*m", "", line) for line in lines]
        assert len(plain) > 1 and all(len(s) <= 80 and s.startswith("  ") for s in plain)
        said = " ".join("".join(plain).split())
        assert said.replace(" ", "").endswith("tau*t3x4fitsof8points")
        assert "amplitude3" in said


# ---- the table of parameters ----


def test_summary_is_that_of_usable_fits():
    tau = np.arange(1.0, 21.0)
    tau[14:] = 1e6
    errors = 0.1 * np.arange(1.0, 21.0)
    many = made((20,), ["ok"] * 14 + ["misfit"] * 6, tau=tau, error=errors)
    found = next(s for s in summary_of(many) if s.name == "tau")
    assert (found.count, found.median) == (14, 7.5)
    assert found.error == pytest.approx(0.75)
    assert [found.low, found.high] == pytest.approx(np.percentile(tau[:14], [16, 84]))


def test_digits_stop_at_the_error():
    said = text(made((9,), tau=np.linspace(61.1234567, 83.7654321, 9), units={"tau": "ms"}))
    row = next(line for line in said.splitlines() if line.startswith("tau"))
    assert row.split() == ["tau", "72.4", "≈", "1.4", "64.7", "to", "80.1", "ms"]
    assert "estimated from the curvature of chi-squared" in " ".join(said.split())


def test_nothing_usable_claims_nothing():
    said = text(made((5,), "flat"))
    assert "No fit is usable: nothing is known of the parameters." in said
    assert "≈" not in said and "median" not in said
    assert many_document(made((5,), "flat"))["accuracy"] == "unknown"
    assert many_document(made((5,), "flat"))["params"]["tau"] == {
        "unit": "", "fixed": False, "median": None, "p16": None, "p84": None, "stderr": None,
    }  # fmt: skip


def test_errors_that_are_not_known():
    said = text(made((5,), error=np.full(5, np.nan)))
    row = next(line for line in said.splitlines() if line.startswith("tau"))
    assert row.split() == ["tau", "75", "?"]


def test_fixed_parameters_and_single_fits():
    said = text(made((5,), fixed={"a": 2.5}, tau=np.full(5, 70.0)))
    assert re.search(r"^a +1.5 +fixed$", said, re.M)  # what the fits were made with
    assert "to" not in text(made((1,))).split("\n")[5]


# ---- the table of verdicts ----


def test_every_verdict_is_counted_with_its_first_fit():
    said = text(made((4, 5), MIXED))
    rows = {line.split()[0]: line.split()[1:] for line in said.splitlines() if "%" in line}
    assert rows["flat"] == ["3", "15.0", "%", "[2,", "4]"]
    assert rows["missing"][-2:] == ["[3,", "2]"]
    assert rows["ok"] == ["14", "70.0", "%"]


def test_the_first_fit_of_a_group_is_named_by_its_keys():
    keys = {"slide": np.array(["s1", "s1", "s2"]), "cell": np.array([4, 7, 4])}
    said = text(made((3,), ["ok", "flat", "flat"], keys=keys))
    assert re.search(r"^flat +2 +66.7 % +slide s1, cell 7$", said, re.M)


def test_verdicts_are_explained_with_a_next_step():
    said = " ".join(text(made((4, 5), MIXED)).split())
    for name in ("flat", "missing", "zero", "misfit"):
        assert f"{name} {MEANINGS[Status(NAMES.index(name))]}." in said
    assert NEXT["misfit"] in said
    assert set(NEXT) < set(NAMES) and all(step.endswith(".") for step in NEXT.values())


@pytest.mark.parametrize("page", ["learn/many-fits.md", "reference/many.md"])
def test_every_verdict_is_in_the_tables_of_the_pages(page):
    docs = Path(__file__).parent.parent / "docs"
    lines = (docs / page).read_text(encoding="utf-8").splitlines()
    rows = " ".join(line for line in lines if line.startswith("|"))
    assert set(NAMES) <= set(re.findall("`([a-z-]+)`", rows))
    said = MEANINGS[Status.SATURATED]
    assert f"`saturated` | {said} |" in rows


def test_all_usable_has_no_table_of_verdicts():
    assert "verdict" not in text(made((5,)))


# ---- layout ----


@pytest.mark.parametrize("width", [40, 60, 80, 100])
@pytest.mark.parametrize("unicode", [True, False])
def test_it_keeps_to_the_width(width, unicode):
    many = made((20,), MIXED, warnings=(Finding("dropped", "3 rows left out."),))
    lines = text(many, width=width, unicode=unicode).splitlines()
    table = [line for line in lines if "≈" in line or "~" in line or "──" in line or "--" in line]
    assert max(len(line) for line in lines if line not in table) <= width
    assert unicode or all(line.isascii() for line in lines)


@pytest.mark.parametrize("width", range(30, 60, 3))
def test_names_of_verdicts_stay_whole(width):
    shown = text(made((20,), ["no-signal", "too-few-points"] * 10), width=width)
    assert not re.search(r"\w-$", shown, re.MULTILINE) and "too-few-points" in shown


def test_color_changes_nothing_but_color():
    many = made((20,), MIXED)
    assert re.sub(r"\x1b\[[\d;]*m", "", text(many, color=True)) == text(many)
    assert "\x1b[33m≈" in text(many, color=True)  # estimated


def test_html_escapes_and_says_the_same():
    keys = {"<key>": np.array(["<b>", "&", "x"])}
    shown = many_html(made((3,), ["ok", "flat", "ok"], keys=keys))
    assert "<b>" not in shown and "&lt;key&gt; &amp;" in shown
    assert "2 of 3 fits usable (66.7 %); 1 flat." in shown and "var(--estimated)" in shown


# ---- JSON ----


def test_document():
    many = made((4, 5), MIXED, units={"tau": "ms"})
    found = json.loads(json.dumps(many.to_dict(), allow_nan=False))
    assert found["schema"] == "taylored-many/1" and found["shape"] == [4, 5]
    assert sum(found["counts"].values()) == found["fits"] == 20
    assert found["usable"] == 14 and found["accuracy"] == "estimated"
    assert found["params"]["tau"]["unit"] == "ms"
    each = found["each"]
    assert each["tau"][:14] == many.block.theta[1, :14].tolist() and each["tau"][14] is None
    assert each["status"] == MIXED and each["dim_1"] == [k % 5 for k in range(20)]
    assert each["usable"] == [True] * 14 + [False] * 6


def test_large_documents_have_no_arrays():
    assert "each" not in many_document(made((5000,)))
    assert "each" not in many_document(made((5,)), arrays=False)
    assert len(many_document(made((5000,)), arrays=True)["each"]["tau"]) == 5000


def test_keys_in_a_document():
    keys = {"day": np.array(["2020-01-01", "2020-01-02"], "M8[D]")}
    each = json.loads(json.dumps(many_document(made((2,), keys=keys))))["each"]
    assert each["day"] == ["2020-01-01", "2020-01-02"]


def test_no_number_is_nan():
    for many in (made((3,), "flat"), made((2,), error=np.full(2, math.inf))):
        json.dumps(many_document(many), allow_nan=False)
