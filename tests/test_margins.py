"""Margins of floating-point functions: measured, checked on this machine, and taken back."""

import json
from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest

from taylored.cli import doctor
from taylored.cli.main import main
from taylored.errors import ArgumentError, MissingRule
from taylored.readings.interval import margins, record
from taylored.testing.margin_points import DOMAINS, closest_turns, points
from taylored.testing.margins import margin_of, measure, true_values

FUNCTIONS = sorted(margins.NUMPY_MARGINS)
FEW = 5_000


def _once(call):
    """Values at the points that the package carries are the same each time: compile them once."""
    kept = {}

    def again(inputs):
        if not kept:
            kept.update(call(inputs))
        assert set(kept) == set(inputs)
        return kept

    return again


by_xla = _once(margins._by_xla)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """No test reads or writes the user's cache, or is told what another found."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(doctor, "POINTS", 200)
    monkeypatch.setattr(margins, "_by_xla", by_xla)
    margins.clear()
    yield tmp_path
    margins.clear()


def forge(monkeypatch, executor="numpy", **changed):
    """The table with some margins changed."""
    old = margins.TABLES[executor]
    forged = margins.Margins(old.executor, {**old, **changed})
    monkeypatch.setattr(margins, "TABLES", {**margins.TABLES, executor: forged})


# ---- tables ---------------------------------------------------------------------------------


def test_every_function_has_a_margin_points_and_sentinels():
    assert set(DOMAINS) == set(margins.NUMPY_MARGINS) == set(margins.XLA_MARGINS)
    assert set(margins.self_check("numpy")) == set(FUNCTIONS)
    for table in margins.TABLES.values():
        assert all(margin >= 1.0 and margin == int(margin) for margin in table.values())


@pytest.mark.parametrize("function", ["lgamma", "bessel_j0", "erf_inv", "no such function"])
def test_a_function_without_a_margin(function):
    for table in margins.TABLES.values():
        assert function not in table and table.get(function) is None
        with pytest.raises(MissingRule, match=function):
            table[function]


def test_an_executor_without_margins():
    for call in (margins.self_check, margins.trusted, measure):
        with pytest.raises(ArgumentError, match="fortran"):
            call("fortran")


# ---- measuring ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("executor", "functions"),
    [
        ("numpy", FUNCTIONS),
        ("xla", FUNCTIONS[::4]),  # each is compiled three times
        pytest.param("xla", FUNCTIONS, marks=pytest.mark.slow),
    ],
)
def test_measured_errors_are_within_the_margins(executor, functions):
    found = measure(executor, functions, points=FEW, seed=7)
    assert set(found) == set(functions)
    beyond = {f: m for f, m in found.items() if not m.ulps <= margins.TABLES[executor][f]}
    assert beyond == {}
    assert all(m.points > 0.8 * FEW for m in found.values())
    assert all(m.ulps > 0.4 for m in found.values())  # every function is rounded somewhere


def test_off_against_fractions():
    """Errors of values that are exact fractions, in units of the computed value."""
    unit = Fraction(1, 2**52)
    rng = np.random.default_rng(1)
    for exact in (Fraction(1, 3), Fraction(10**300, 7), Fraction(-22, 7 * 10**280)):
        value = float(exact)
        rest = float((exact - Fraction(value)) / Fraction(value) / unit)
        computed = value * (1.0 + rng.integers(-9, 10, 50) * 2.0**-52)
        right = [abs((Fraction(v) - exact) / Fraction(v)) / unit for v in computed.tolist()]
        found = margins.off(computed, value, rest, 0.0)
        assert np.allclose(found, np.array(right, float), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("computed", "value", "absolute", "right"),
    [
        (0.0, 0.0, 0.0, 0.0),
        (0.0, 1e-310, 2.0**-1022, 0.0),  # flushed
        (0.0, 1e-300, 2.0**-1022, np.inf),
        (5e-324, 0.0, 0.0, np.inf),
        (1.5e-323, 1e-323, 5e-324, 0.0),
        (np.inf, np.inf, 0.0, 0.0),
        (np.inf, 1.7e308, 0.0, np.inf),  # infinite where it should not be
        (1.7e308, np.inf, 0.0, np.inf),
        (-np.inf, np.inf, 0.0, np.inf),
        (np.nan, 1.0, 1.0, np.inf),
        (-1.0, 1.0, 0.0, 2.0**53),
    ],
)
def test_off_at_the_ends_of_the_range(computed, value, absolute, right):
    found = margins.off(np.array([computed]), np.array([value]), np.zeros(1), absolute)
    assert found.tolist() == [right]


@pytest.mark.parametrize("function", ["exp", "log1p", "cos", "tan", "erfc", "cbrt", "log10"])
def test_the_judge_against_mpmath(function):
    x = points(function, 4_000, seed=5)[0][::97]
    judged = true_values(function, (x,))
    other = {"cbrt": lambda t: mpmath.sign(t) * mpmath.cbrt(abs(t))}
    call = other.get(function) or getattr(mpmath, function)
    assert judged.value.size > 30
    with mpmath.workprec(1500):
        for at, value, rest in zip(judged.x[0], judged.value, judged.rest, strict=True):
            exact = call(mpmath.mpf(float(at)))
            if np.isfinite(value) and value != 0:
                lacking = (exact - mpmath.mpf(float(value))) / mpmath.mpf(float(value)) * 2**52
                assert abs(lacking - rest) < 1e-6 * max(1.0, abs(rest))


def test_points_are_where_functions_are_defined():
    for function in FUNCTIONS:
        x = points(function, 3_000)
        assert all(np.all(np.isfinite(v) & ((v == 0) | (abs(v) >= 2.0**-1022))) for v in x)
        assert len(np.unique(x[0])) > 1_000
        repeated = points(function, 3_000)
        assert all(np.array_equal(a, b) for a, b in zip(x, repeated, strict=True))
    assert abs(points("sin", 5_000)[0]).max() <= margins.LIMITS["sin"]


def test_closest_turns_holds_the_known_worst_case():
    """6381956970095103 * 2**797 comes closest of all float64 to an odd multiple of pi/2."""
    turns = closest_turns()
    worst = 6381956970095103.0 * 2.0**797
    assert worst in turns[:3]
    with flint.ctx.workprec(1500):
        ball = flint.arb(worst).cos()
    assert abs(float(ball)) == pytest.approx(4.687165924254624e-19, rel=1e-10)


def test_sine_of_large_numbers_is_why_there_is_a_limit():
    """Beyond the limit no margin is claimed; below it the hardest inputs are within it."""
    turns = closest_turns()
    for name in ("sin", "cos", "tan"):
        x = turns[turns <= margins.LIMITS[name]]
        assert x.size > 15
        errors = true_values(name, (x,)).errors(getattr(np, name)(x), 0.0)
        assert errors.max() <= margins.NUMPY_MARGINS[name]


def test_the_rule_for_margins():
    assert [margin_of(u) for u in (0.0, 0.5, 0.51, 1.0, 3.47)] == [1.0, 2.0, 3.0, 3.0, 8.0]


def test_measure_finds_a_margin_that_is_too_small(monkeypatch):
    forge(monkeypatch, exp=1.0, erf=1.0)
    found = measure("numpy", ["exp", "erf"], points=FEW)
    assert found["erf"].ulps > margins.TABLES["numpy"]["erf"]
    assert found["exp"].ulps < 1.0  # and only what is too small
    (at,) = found["erf"].where
    from scipy.special import erf

    with mpmath.workprec(200):
        exact, value = mpmath.erf(mpmath.mpf(at)), mpmath.mpf(float(erf(at)))
        assert float(abs((value - exact) / value) * 2**52) == pytest.approx(found["erf"].ulps)


# ---- this machine ---------------------------------------------------------------------------


@pytest.mark.parametrize("function", FUNCTIONS)
def test_sentinels_agree_with_flint(function):
    *x, value, rest = margins._sentinels()[function]
    assert 15 <= value.size <= 40
    exact = true_values(function, tuple(x))
    assert np.array_equal(exact.value, value)
    assert np.allclose(exact.rest, rest, rtol=0, atol=1e-4)


@pytest.mark.parametrize("executor", ["numpy", "xla"])
def test_this_machine_is_trusted(executor):
    assert margins.trusted(executor) == (True, "")


def test_a_sentinel_beyond_its_margin_takes_trust_away(monkeypatch):
    forge(monkeypatch, erf=1.0)
    good, reason = margins.trusted()
    assert not good and reason.startswith("erf as NumPy") and "margin of 1." in reason
    monkeypatch.undo()
    assert margins.trusted() == (False, reason)  # said once, it stays in this process
    margins.clear()
    assert margins.trusted()[0]


def test_a_function_that_goes_wrong_is_seen(monkeypatch):
    from taylored.readings.facts import ELEMENTWISE, Row

    wrong = Row("math:sqrt", "jax.numpy:sqrt", None)  # not for arrays
    monkeypatch.setitem(ELEMENTWISE, "sqrt", wrong)
    good, reason = margins.trusted()
    assert not good and "cannot be checked" in reason
    monkeypatch.setitem(ELEMENTWISE, "sqrt", Row("numpy:cbrt", "jax.numpy:sqrt", None))
    margins.clear()
    good, reason = margins.trusted()
    assert not good and reason.startswith("sqrt as NumPy")


def test_no_trust_in_xla_on_another_device(monkeypatch):
    monkeypatch.setattr("jax.default_backend", lambda: "gpu")
    good, reason = margins.trusted("xla")
    assert not good and "gpu" in reason
    assert margins.trusted("numpy")[0]


# ---- records --------------------------------------------------------------------------------


def test_a_record_takes_trust_away():
    assert record.keep({"numpy": {"exp": 7.5}}, margins.TABLE_VERSION)
    good, reason = margins.trusted()
    assert not good and reason.startswith("exp as NumPy") and "7.5" in reason
    assert margins.trusted("xla")[0]
    record.keep({"numpy": {}}, margins.TABLE_VERSION)
    margins.clear()
    assert margins.trusted()[0]


def test_a_record_never_gives_trust(monkeypatch):
    forge(monkeypatch, erf=1.0)
    record.keep({"numpy": {}, "xla": {}}, margins.TABLE_VERSION)
    assert not margins.trusted()[0]


def machine():
    record.keep({}, margins.TABLE_VERSION)
    return json.loads(record.place(margins.TABLE_VERSION).read_text())["machine"]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe", b"{", b"null", b"[]", b"7", b"[" * 100_000,
        b'{"exceeded": {"numpy": {"exp": 9}}}',
        b'{"machine": "another", "exceeded": {"numpy": {"exp": 9}}}',
        b'{"machine": "MACHINE"}',
        b'{"machine": "MACHINE", "exceeded": {"numpy": ["exp"]}}',
        b'{"machine": "MACHINE", "exceeded": {"numpy": {"exp": "9"}}}',
        b'{"machine": "MACHINE", "exceeded": {"numpy": {"exp": true}}}',
        b'{"machine": "MACHINE", "exceeded": {"numpy": {"exp": NaN}}}',
        b'{"machine": "MACHINE", "exceeded": {"numpy": {"exp": 2.5}}}',
        b'{"machine": "MACHINE", "exceeded": {"numpy": {"no such": 9}}}',
        b'{"machine": "MACHINE", "exceeded": {"numpy": {"exp": 9}}}' + b" " * 200_000,
    ],
)  # fmt: skip
def test_a_damaged_record_says_nothing(content):
    content = content.replace(b"MACHINE", machine().encode())
    record.place(margins.TABLE_VERSION).write_bytes(content)
    assert record.exceeded("numpy", margins.TABLE_VERSION, margins.NUMPY_MARGINS) == {}
    assert margins.trusted()[0]


def test_a_record_that_cannot_be_written_or_read(own_cache, monkeypatch):
    (own_cache / "taylored").write_text("a file where a folder should be")
    assert not record.keep({"numpy": {"exp": 9.0}}, margins.TABLE_VERSION)
    assert margins.trusted()[0]
    monkeypatch.setattr(record, "_cache", lambda: 1 / 0)
    assert record.exceeded("numpy", 1, margins.NUMPY_MARGINS) == {}


def test_where_records_are(own_cache, monkeypatch):
    assert record.place(1).parent == own_cache / "taylored"
    assert record.place(1) != record.place(2)
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(own_cache / "home"))
    assert (own_cache / "home") in record.place(1).parents


# ---- doctor ---------------------------------------------------------------------------------


@pytest.fixture
def quick_xla(monkeypatch):
    """The doctor measures all functions of NumPy, and three of XLA: compiling takes seconds."""

    def few(executor, points):
        chosen = {"numpy": FUNCTIONS, "xla": ["erf", "exp", "pow"]}[executor]
        return {n: m.ulps for n, m in measure(executor, chosen, points=points).items()}

    monkeypatch.setattr(doctor, "_measured", few)


def findings(capsys, *options):
    code = main(["doctor", "--json", *options])
    document = json.loads(capsys.readouterr().out)
    bounds = [f for f in document["findings"] if f["name"].startswith("proved bounds")]
    return code, bounds


@pytest.mark.usefixtures("quick_xla")
def test_doctor_measures_and_remembers(capsys, monkeypatch):
    code, bounds = findings(capsys)
    assert code == 0 and [f["ok"] for f in bounds] == [True, True]
    assert bounds[0]["found"].startswith("functions within their margins: 31 of 31, worst ")
    assert record.place(margins.TABLE_VERSION).exists() and margins.trusted()[0]
    forge(monkeypatch, erf=1.0)
    code, bounds = findings(capsys)
    assert code == 1 and [f["ok"] for f in bounds] == [False, True]
    assert "beyond their margins: erf 1." in bounds[0]["found"]
    found = record.exceeded("numpy", margins.TABLE_VERSION, margins.TABLES["numpy"])
    assert list(found) == ["erf"]
    monkeypatch.setattr(margins, "self_check", lambda executor: {})  # the record alone
    assert not margins.trusted()[0] and "taylored doctor" in margins.trusted()[1]


def test_doctor_in_a_hurry(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "_measured", lambda *_: 1 / 0)
    code, bounds = findings(capsys, "--quick")
    assert code == 0 and all("--quick" in f["found"] for f in bounds)
    assert not record.place(margins.TABLE_VERSION).exists()
    forge(monkeypatch, "xla", erf=0.5)
    assert findings(capsys, "--quick")[0] == 1


def test_doctor_without_flint(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "_has_flint", lambda: False)
    code, bounds = findings(capsys)
    assert code == 0 and all("pip install python-flint" in f["found"] for f in bounds)


def test_doctor_on_another_device_promises_nothing(capsys, monkeypatch):
    monkeypatch.setattr("jax.default_backend", lambda: "gpu")
    code, bounds = findings(capsys, "--quick")
    assert code == 0 and bounds[1]["found"].startswith("none: No margins")
