"""Numbers as text, and the report of a fit in all its forms."""

import json
import math
import re
from decimal import Decimal
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import taylored as ty
from nist import problem
from taylored.report import numbers
from taylored.report.document import SCHEMA, fit_document
from taylored.report.facts import MOST_FINDINGS, fit_sheet, short_verdict
from taylored.report.html import fit_html
from taylored.report.letters import ascii_only, shorten, visible
from taylored.report.text import fit_line, fit_report

X = np.linspace(0.0, 10.0, 25)
Y = 2.5 * np.exp(-X / 1.7) + 0.4 + 0.05 * np.sin(7.0 * X**2)
DECAY = "y ~ a*exp(-x/tau) + c"

finite = st.floats(-1e12, 1e12).filter(lambda v: v == 0 or abs(v) > 1e-12)
errors = st.floats(1e-9, 1e9)


def nist_fit(name):
    p = problem(name)
    return ty.fit(p.formula, p.columns, start=p.starts[1])


@pytest.fixture(scope="module")
def decay():
    return ty.fit(DECAY, {"x": X, "y": Y})


@pytest.fixture(scope="module")
def thurber():
    return nist_fit("Thurber")


@pytest.fixture(scope="module")
def undetermined():
    return ty.fit("y ~ a*k*exp(-b*x)", {"x": X, "y": Y})


# ---- numbers ----


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (2.4969, 0.0113, "2.497 ± 0.011"),
        (6.02e-5, 1.3e-6, "(6.02 ± 0.13)e-5"),
        (1234.0, 150.0, "(1.23 ± 0.15)e3"),
        (99.96, 0.0996, "99.96 ± 0.10"),
        (-0.26232, 0.2328, "-0.26 ± 0.23"),
        (12345678.912, 0.11, "12345678.91 ± 0.11"),
        (0.003, 1200.0, "(0.0 ± 1.2)e3"),
        (0.0, 0.5, "0.00 ± 0.50"),
        (-1e-9, 0.5, "0.00 ± 0.50"),
        (2.0, 0.0, "2 ± 0"),
        (1.23456, math.inf, "1.23 (not determined)"),
        (1.23456, math.nan, "1.23 (error not known)"),
        (math.nan, 1.0, "not known"),
    ],
)
def test_value_and_error(value, error, text):
    assert numbers.value_error(value, error) == text


def test_no_more_digits_than_are_right():
    assert numbers.value_error(1.23456789, 1e-9, 4.7) == "1.235 ± 0.001"
    assert numbers.value_error(1.23456789, 0.012, 4.7) == "1.235 ± 0.012"
    assert numbers.value_error(1.23456789, 1e-9, math.nan) == "1 ± 1"


@pytest.mark.parametrize(
    ("value", "lo", "hi", "text"),
    [
        (1.30, 1.22, 1.51, "1.30 (+0.21, -0.08)"),
        (213.8094, 180.967, 258.5678, "214 (+45, -34)"),
        (213.8094, -math.inf, 258.5678, "214 (+45, no lower limit)"),
        (213.8094, -math.inf, math.inf, "214 (not determined)"),
        (6.02e-5, 5.9e-5, 6.3e-5, "(+0.28, -0.12)"),
    ],
)
def test_asymmetric(value, lo, hi, text):
    assert text in numbers.asymmetric(value, lo, hi)


@pytest.mark.parametrize(
    ("lo", "hi", "text"),
    [
        (1278.6128, 1297.6665, "[1278.6, 1297.7]"),
        (0.00053431, 0.00056602, "[5.34, 5.67]e-4"),
        (3.2, math.inf, "at least 3.200"),
        (-math.inf, 7.1, "at most 7.100"),
        (-math.inf, math.inf, "not determined"),
        (math.nan, 1.0, "not known"),
        (2.0, 2.0, "[2, 2]"),
    ],
)
def test_bounds(lo, hi, text):
    assert numbers.bounds(lo, hi) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.43, "p = 0.43"),
        (0.8, "p = 0.80"),
        (3.2e-7, "p = 3.2e-7"),
        (0.0, "p < 1e-300"),
        (1.0, "p > 0.9999"),
        (0.995, "p = 0.9950"),
        (math.nan, "p not known"),
    ],
)
def test_p_values(p, text):
    assert numbers.p_value(p) == text


def test_small_words():
    assert [numbers.percent(v) for v in (0.95, 0.683, 0.9973, 0.5)] == [
        "95 %", "68.3 %", "99.73 %", "50 %",
    ]  # fmt: skip
    assert [numbers.share(v) for v in (0.9995079, -0.99762, 1.0, 0.1, math.nan)] == [
        "0.99951", "-0.9976", "1", "0.10", "not known",
    ]  # fmt: skip
    assert [numbers.number(v) for v in (5642.708, 1245700.0, math.nan, -math.inf)] == [
        "5642.7", "1.2457e6", "not known", "-infinite",
    ]  # fmt: skip
    assert numbers.with_unit("2.5", "s") == "2.5 s"
    assert [numbers.count(k, "point") for k in (0, 1, 2)] == ["0 points", "1 point", "2 points"]


def read_all(text):
    """The numbers in a text, a common power of ten multiplied in."""
    common = re.search(r"(?<=[\])])e(-?\d+)$", text)
    power = Decimal(10) ** int(common[1]) if common else Decimal(1)
    body = text[: common.start()] if common else text
    return [Decimal(t) * power for t in re.findall(r"[+-]?\d+(?:\.\d+)?(?:e-?\d+)?", body)]


@given(finite, errors)
@example(99.96, 0.0996)
@example(0.0, 1.0)
def test_value_and_error_read_back(value, error):
    assume(value == 0 or error > 1e-12 * abs(value))
    text = numbers.value_error(value, error)
    shown, shown_error = read_all(text)
    unit = Decimal(10) ** numbers.place_of(value, error).last
    assert abs(shown - Decimal(repr(value))) <= unit / 2
    assert abs(shown_error - Decimal(repr(error))) <= unit / 2
    assert 10 <= shown_error / unit <= 99  # two significant digits
    assert shown % unit == 0  # and the value to the same place


@given(finite.filter(bool), errors, st.floats(1, 16))
def test_error_is_never_smaller_than_what_the_digits_leave(value, error, digits):
    assume(error > 1e-14 * abs(value))
    shown, shown_error = read_all(numbers.value_error(value, error, digits))
    place = numbers.place_of(value, error, digits).last
    coarse = place > numbers.place_of(0.0, error).last
    assert shown_error >= Decimal(repr(error)) * (1 if coarse else Decimal("0.95"))
    assert abs(shown - Decimal(repr(value))) <= Decimal(10) ** place / 2


@given(finite, finite, st.none() | errors)
def test_bounds_never_shrink(first, second, error):
    lo, hi = sorted((first, second))
    place = None if error is None else numbers.place_of(0.5 * (lo + hi), error)
    shown_lo, shown_hi = read_all(numbers.bounds(lo, hi, place))
    assert float(shown_lo) <= lo
    assert hi <= float(shown_hi)
    if place:
        unit = Decimal(10) ** place.last
        assert shown_lo > Decimal(repr(lo)) - unit
        assert shown_hi < Decimal(repr(hi)) + unit


@given(finite, st.floats(0, 1e6), st.floats(0, 1e6))
def test_asymmetric_never_shrinks(value, down, up):
    lo, hi = value - down, value + up
    center, plus, minus = read_all(numbers.asymmetric(value, lo, hi))
    assert center + minus <= Decimal(repr(lo))
    assert center + plus >= Decimal(repr(hi))


@given(st.floats(0, 1))
def test_p_value_is_never_zero_or_one(p):
    text = numbers.p_value(p)
    assert text.startswith(("p <", "p >")) or 0 < float(text.removeprefix("p = ")) < 1


@given(st.floats(-1, 1, exclude_min=True, exclude_max=True))
def test_share_is_never_rounded_up_to_one(r):
    assert abs(float(numbers.share(r))) < 1
    assert abs(float(numbers.share(r)) - r) <= 0.006


# ---- letters ----


def test_letters():
    assert ascii_only("τ ± Ω₁ χ² é €") == "tau +- Omega1 chi2 e ?"
    assert (
        visible("a\x1b[31m\nb\x00") == "a\N{REPLACEMENT CHARACTER}[31m b\N{REPLACEMENT CHARACTER}"
    )
    assert (shorten("abcdefgh", 6), shorten("abc", 6)) == ("abc...", "abc")


# ---- the report of a fit ----


def test_report_says_verdict_first_and_each_parameter(decay):
    text = fit_report(decay, width=80)
    lines = text.splitlines()
    assert " ".join(lines[:3]).startswith(decay.status[:60])
    for name in decay.params:
        row = next(line for line in lines if line.startswith(f"{name} "))
        assert "±" in row
        assert re.search(r"\[-?[\d.]+, -?[\d.]+\]", row)
        assert row.split()[-1] == str(math.floor(decay.digits[name]))
    assert text.count("95 %") == 1  # the level is said once
    assert "profile-t" in text or "wald-t" in text
    assert "standard errors come from the scatter of the residuals" in " ".join(text.split())
    assert "25 used, none dropped" in text


def test_report_keeps_to_its_width(thurber):
    for width in (60, 80, 100):
        lines = fit_report(thurber, width=width).splitlines()
        assert max(map(len, lines)) <= width
        assert all(line == line.rstrip() for line in lines)


def test_level_is_taken(decay):
    assert "68.3 %" in fit_report(decay, 0.683, width=80)
    narrow, wide = (
        fit_document(decay, level)["params"]["a"]["interval"] for level in (0.683, 0.99)
    )
    assert wide["lo"] < narrow["lo"] < narrow["hi"] < wide["hi"]


def test_color_and_ascii(thurber):
    assert "\x1b[" not in fit_report(thurber, width=80)
    colored = fit_report(thurber, width=80, color=True)
    assert "\x1b[" in colored
    stripped = re.sub(r"\x1b\[[\d;]*m", "", colored)
    assert [line.rstrip() for line in stripped.splitlines()] == fit_report(
        thurber, width=80
    ).splitlines()
    plain = fit_report(thurber, width=80, unicode=False)
    assert plain.isascii()
    assert "+- 4.7" in plain


def test_environment_does_not_color(decay, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" not in fit_report(decay, width=80)
    monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" in fit_report(decay, width=80, color=True)


def test_units_have_their_column(decay):
    text = fit_report(decay, width=80, units={"tau": "ms"})
    assert re.search(r"^name +value +error +interval +unit +digits", text, re.M)
    assert re.search(r"^tau .* ms ", text, re.M)


def test_sigma_sentence():
    table = {"x": X, "y": Y, "s": np.full(25, 0.04)}
    said = [
        " ".join(fit_report(ty.fit(DECAY, table, **how), width=80).split())
        for how in (
            {"sigma": "s"},
            {"sigma": "s", "absolute_sigma": False},
        )
    ]
    assert "sigma was given: taken as absolute" in said[0]
    assert ", p = " in said[0] or ", p <" in said[0]
    assert "taken as relative" in said[1]
    assert "p = " not in said[1]


def test_dropped_rows_are_said_once_with_their_reason():
    y = Y.copy()
    y[[3, 7]] = np.nan
    text = fit_report(ty.fit(DECAY, {"x": X, "y": y}), width=80)
    assert "23 of 25 rows used, 2 dropped: y is missing in 2 rows (4, 8)" in " ".join(text.split())


def test_fixed_and_at_bound_in_words():
    fit = ty.fit(DECAY, {"x": X, "y": Y}, fixed={"c": 0.4}, bounds={"tau": (1.9, None)})
    text = fit_report(fit, width=80)
    assert re.search(r"^c +0\.4 +fixed", text, re.M)
    assert re.search(r"^tau +1\.9 +at bound +\[1\.9", text, re.M)
    document = fit_document(fit)["params"]
    assert (document["c"]["fixed"], document["tau"]["at_bound"]) == (True, True)
    assert document["tau"]["stderr"] is None


def test_not_usable_does_not_look_like_a_success(undetermined):
    assert not undetermined.usable
    line = fit_line(undetermined)
    assert "NOT USABLE" in line
    assert "±" not in line
    text = fit_report(undetermined, width=80)
    assert text.startswith("Not usable")
    assert re.search(r"^a +\S+ +\? +not determined +\? +only a\*k is determined", text, re.M)
    assert short_verdict(undetermined) == "Not usable: only a*k is determined"


def test_at_most_five_findings_and_the_rest_counted(decay, monkeypatch):
    from taylored.results import Finding

    many = tuple(Finding(f"finding-{i}", "means this.", "Do that.", "note") for i in range(7))
    monkeypatch.setitem(decay.__dict__, "warnings", many)
    sheet = fit_sheet(decay, 0.95)
    assert len(sheet.findings) == MOST_FINDINGS == 5
    text = fit_report(decay, width=80)
    assert "finding-4" in text
    assert "finding-5" not in text
    assert "and 2 more findings" in text
    assert "2 more findings" in fit_html(decay)
    assert len(fit_document(decay)["findings"]) == 7


def test_strong_correlations_are_listed(thurber):
    assert "b3 and b4 0.9976" in fit_report(thurber, width=80)


def test_line_is_one_line(decay, thurber):
    for fit in (decay, thurber):
        line = fit_line(fit)
        assert "\n" not in line
        assert repr(fit) == line
        assert "±" in line
    assert "and 1 more" in fit_line(thurber)


def test_nothing_steers_the_terminal():
    table = {"[red]x\x1b[31m": X, "y": Y}
    fit = ty.fit(lambda x, a, b: a * np.exp(-x) + b, table["[red]x\x1b[31m"], Y)
    assert "\x1b" not in fit_report(fit, width=80)
    hostile = ty.fit("`y [bold]:smile:` ~ a+b*x", {"x": X, "y [bold]:smile:": Y})
    assert "[bold]:smile:" in fit_report(hostile, width=80)


# ---- HTML ----


class Tags(HTMLParser):
    """Checks that tags are closed in order, and collects them."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_html_is_well_formed_and_escaped():
    name = "<script>alert(1)</script>"
    fit = ty.fit(f'`{name}` ~ a + b*`"x" & co`', {name: Y, '"x" & co': X})
    tags = Tags()
    tags.feed(fit_html(fit))
    assert tags.open == []
    assert tags.seen <= {"style", "div", "p", "strong", "table", "thead", "tbody", "tr", "th", "td",
                         "ul", "li"}  # fmt: skip
    assert name in "".join(tags.text)
    assert fit._repr_html_() == fit_html(fit)


def test_html_has_the_facts_and_loads_nothing(thurber):
    html = fit_html(thurber)
    for text in ("Good fit", "1288.1", "± 4.7", "[1278.6, 1297.7]", "AICc"):
        assert text in html
    assert not re.search(r"https?:|url\(|@import|src=|href=", html)
    assert "prefers-color-scheme: dark" in html


# ---- JSON ----


@pytest.mark.parametrize("which", ["decay", "thurber", "undetermined"])
def test_document_is_json_and_complete(which, request):
    fit = request.getfixturevalue(which)
    document = fit_document(fit)
    text = json.dumps(document, allow_nan=False)
    assert json.loads(text) == document
    assert document["schema"] == SCHEMA == "taylored-fit-report/1"
    expected = """schema formula model points rows_total dropped params covariance chi2 dof
        reduced_chi2 p_value aicc bic r_squared absolute_sigma usable status accuracy findings cost
        sources"""
    assert set(expected.split()) <= set(document)
    for name, entry in document["params"].items():
        assert entry["value"] == fit.params[name]  # full precision
        assert set(entry) == {
            "value", "stderr", "digits", "stderr_digits", "fixed", "at_bound", "interval",
        }  # fmt: skip
        assert set(entry["interval"]) == {"lo", "hi", "level", "method", "kind", "note"}
    assert fit.to_dict() == document


def test_document_has_null_where_nothing_is_known(undetermined):
    document = fit_document(undetermined)
    assert document["params"]["a"]["stderr"] is None
    assert document["params"]["a"]["interval"]["lo"] is None
    assert document["params"]["a"]["interval"]["kind"] == "unknown"
    assert (document["usable"], document["accuracy"]) == (False, "unknown")
    assert document["findings"][0]["severity"] == "error"


def test_no_degrees_of_freedom():
    fit = ty.fit("y ~ a + b*x", {"x": [0.0, 1.0], "y": [1.0, 3.3]})
    json.dumps(fit_document(fit), allow_nan=False)
    text = fit_report(fit, width=80)
    assert "No interval at 95 % can be given." in text
    assert "nan" not in text
    assert "inf" not in text


def test_exact_data():
    fit = ty.fit("y ~ a + b*x", {"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 3.0, 5.0, 7.0]})
    json.dumps(fit_document(fit), allow_nan=False)
    assert "nan" not in fit_report(fit, width=80)
