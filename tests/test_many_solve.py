"""Many fits against single ones, SciPy and the truth; verdicts; no fit depends on its neighbors."""

import numpy as np
import pytest
from scipy.optimize import least_squares

import taylored as ty
from many_models import MODELS, X, made
from nist import problem
from taylored.many import fit_many

QUIET = {"progress": False}


@pytest.mark.every(4)
@pytest.mark.parametrize("name", MODELS)
def test_as_good_as_single_fits(name):
    formula, y, _ = made(name, 4)
    many = fit_many(formula, X, y, **QUIET)
    for i, row in enumerate(y):
        one = ty.fit("y ~ " + formula, {"x": X}, row)
        assert many.status[i] == "ok"
        assert many.chi2[i] <= one.chi2 * (1 + 1e-6)
        assert many.dof[i] == one.dof
        if many.chi2[i] > one.chi2 * (1 - 1e-6):  # the same minimum, perhaps told otherwise
            errors = sorted(v[i] for v in many.stderr.values())
            assert np.allclose(errors, sorted(one.stderr.values()), rtol=1e-3)


@pytest.mark.every(3)
@pytest.mark.parametrize("name", ["decay", "peak", "two decays", "wave", "growth"])
def test_single_precision_ends_at_the_same_minimum(name):
    formula, y, _ = made(name, 4, 1)
    wide, short = (fit_many(formula, X, y, dtype=d, **QUIET) for d in ("float64", "float32"))
    assert (short.chi2 <= wide.chi2 * (1 + 1e-6)).all()
    assert (short.status == "ok").all()


@pytest.mark.every(5)
@pytest.mark.parametrize("name", ["decay", "peak", "two peaks", "growth", "step"])
def test_standard_errors_and_intervals_hold(name):
    formula, y, truth = made(name, 3000, 5)
    many = fit_many(formula, X, y, **QUIET)
    good = many.usable
    assert good.mean() > 0.995
    for k, param in enumerate(many.names):
        interval = many.interval(param, 0.95)
        held = (interval.lo <= truth[:, k]) & (truth[:, k] <= interval.hi)
        assert 0.93 < held[good].mean() < 0.97
        pull = (many.params[param] - truth[:, k]) / many.stderr[param]
        assert 0.94 < pull[good].std() < 1.08


@pytest.mark.every(4)
@pytest.mark.parametrize("name", ["Misra1a", "Chwirut2", "Gauss1", "DanWood", "MGH17", "Lanczos3",
                                  "Rat42", "Rat43", "Eckerle4", "Thurber", "Hahn1"])  # fmt: skip
def test_certified_problems_without_a_start(name):
    p = problem(name)
    many = fit_many(p.formula.split("~")[1], p.columns["x"], p.columns["y"][None], **QUIET)
    assert many.chi2[0] == pytest.approx(p.exact.rss, rel=1e-8)
    found = np.array([many.params[n][0] for n in p.names])
    assert np.allclose(found, p.exact.params, rtol=1e-4)
    errors = np.array([many.stderr[n][0] for n in p.names])
    assert np.allclose(errors, p.exact.stderr, rtol=1e-4)


# ---- what is given besides ------------------------------------------------------------------


def decay(x, p):
    return p[0] * np.exp(-x / p[1]) + p[2]


@pytest.mark.parametrize("bounds", [{"tau": (2.0, None)}, {"a": (0, 1.2)}, {"c": (0.5, 0.6)},
                                    {"a": (0, None), "tau": (0.1, 20), "c": (0, 2)}])  # fmt: skip
def test_bounds_as_scipy_has_them(bounds):
    formula, y, _ = made("decay", 30, 2)
    many = fit_many(formula, X, y, bounds=bounds, **QUIET)
    low = [bounds.get(n, (None, None))[0] for n in many.names]
    high = [bounds.get(n, (None, None))[1] for n in many.names]
    low = np.array([-np.inf if v is None else v for v in low])
    high = np.array([np.inf if v is None else v for v in high])
    for i, row in enumerate(y):
        start = np.clip([1.5, 2.5, 0.55], low + 1e-3, high - 1e-3)
        best = least_squares(lambda p, row=row: decay(X, p) - row, start, bounds=(low, high),
                             xtol=1e-13, ftol=1e-13, gtol=1e-13)  # fmt: skip
        assert many.chi2[i] <= 2 * best.cost * (1 + 1e-6)
        found = np.array([many.params[n][i] for n in many.names])
        assert (found >= low).all() and (found <= high).all()
        at_bound = bool(((found == low) | (found == high)).any())
        assert (many.status[i] == "at-bound") == at_bound
        assert np.isnan([many.stderr[n][i] for n in many.names]).any() == at_bound


def test_fixed_parameters():
    formula, y, _ = made("decay", 5)
    many = fit_many(formula, X, y, fixed={"tau": 2.0}, **QUIET)
    assert (many.params["tau"] == 2.0).all() and (many.stderr["tau"] == 0.0).all()
    one = ty.fit("y ~ " + formula, {"x": X}, y[3], fixed={"tau": 2.0})
    assert many.chi2[3] == pytest.approx(one.chi2, rel=1e-9)


def test_standard_errors_of_the_data():
    formula, y, _ = made("decay", 6)
    sigma = 0.02 + 0.01 * np.random.default_rng(1).random(y.shape)
    for given in (0.03, sigma[0], sigma):
        many = fit_many(formula, X, y, sigma=given, **QUIET)
        for i in (0, 5):
            row = np.broadcast_to(given, y.shape)[i]
            one = ty.fit("y ~ " + formula, {"x": X}, y[i], sigma=row)
            assert many.chi2[i] == pytest.approx(one.chi2, rel=1e-8)
            assert many.p_value[i] == pytest.approx(one.p_value, rel=1e-6)
            for n in many.names:
                assert many.stderr[n][i] == pytest.approx(one.stderr[n], rel=1e-4)


def test_points_left_out():
    formula, y, _ = made("decay", 6)
    used = np.random.default_rng(2).random(y.shape) > 0.2
    gappy = np.where(used, y, np.nan)
    by_mask, by_nan = (
        fit_many(formula, X, y, mask=used, **QUIET),
        fit_many(formula, X, gappy, **QUIET),
    )
    assert np.array_equal(by_mask.params["tau"], by_nan.params["tau"])
    assert np.array_equal(by_mask.points, used.sum(axis=1))
    one = ty.fit("y ~ " + formula, {"x": X[used[4]]}, y[4][used[4]])
    assert by_mask.chi2[4] == pytest.approx(one.chi2, rel=1e-8)
    assert by_mask.dof[4] == one.dof


def test_starts_are_followed():
    formula, y, truth = made("wave", 20)
    starts = {n: truth[:, k] for k, n in enumerate(["a", "w", "p", "c"])}
    many = fit_many(formula, X, y, start=starts, **QUIET)
    assert np.abs(many.params["w"] - truth[:, 1]).max() < 0.1
    assert (many.status == "ok").all()


def test_functions_of_numpy_and_jax():
    import jax.numpy as jnp

    formula, y, _ = made("decay", 4)
    lift = np.linspace(0.5, 1.5, len(X))
    expected = fit_many(formula, X, y, **QUIET)
    models = [lambda x, a, tau, c: a * np.exp(-x / tau) + c,
              lambda x, a, tau, c: a * jnp.exp(-x / tau) + c]  # fmt: skip
    for model in models:
        many = fit_many(model, X, y, **QUIET)
        assert np.allclose(many.params["tau"], expected.params["tau"], rtol=1e-7)
    held = fit_many(lambda x, a, tau, c: lift * (a * np.exp(-x / tau) + c), X, y * lift, **QUIET)
    assert np.allclose(held.params["tau"], expected.params["tau"], rtol=0.2)


# ---- one answer of equal ones ---------------------------------------------------------------


def test_equal_answers_are_told_alike():
    peak = fit_many(MODELS["peak"][0], X, made("peak", 200)[1], **QUIET)
    assert (peak.params["s"] > 0).all()
    growth = fit_many(MODELS["growth"][0], X, made("growth", 200)[1], **QUIET)
    assert (growth.params["s"] > 0).all() and (growth.params["k"] > 0).all()
    wave = fit_many(MODELS["wave"][0], X, made("wave", 200)[1], **QUIET)
    assert (wave.params["a"] > 0).all() and (wave.params["w"] > 0).all()
    assert (np.abs(wave.params["p"]) < np.pi + 0.1).all()
    decays = fit_many(MODELS["two decays"][0], X, made("two decays", 200)[1], **QUIET)
    assert (decays.params["t1"] > decays.params["t2"]).all()
    peaks = fit_many(MODELS["two peaks"][0], X, made("two peaks", 200)[1], **QUIET)
    assert (peaks.params["m1"] < peaks.params["m2"]).all() and peaks.usable.all()


# ---- verdicts -------------------------------------------------------------------------------


def spoiled(y, kind, random):
    """A row with a defect of this kind, and the verdicts that name it."""
    y, points = y.copy(), len(y)
    if kind == "missing":
        return np.full(points, np.nan), {"missing"}
    if kind == "infinite":
        y[random.integers(points)] = random.choice([np.inf, -np.inf])
        return y, {"infinite"}
    if kind == "zero":
        return np.zeros(points), {"zero"}
    if kind == "flat":
        return np.full(points, random.uniform(-3, 3)), {"flat"}
    if kind == "saturated":
        return np.minimum(y, np.sort(y)[-random.integers(3, 30)]), {"saturated"}
    if kind == "too few":
        y[random.choice(points, points - random.integers(1, 4), replace=False)] = np.nan
        return y, {"too-few-points"}
    if kind == "spike":
        y[random.integers(points)] += 3.0
        return y, {"outlier", "misfit", "no-signal"}
    return 1.0 + 0.03 * random.normal(size=points), {
        "no-signal", "not-converged", "rank-deficient", "not-finite"
    }  # fmt: skip


KINDS = ["missing", "infinite", "zero", "flat", "saturated", "too few", "spike", "noise"]


@pytest.fixture(scope="module")
def cube():
    """Healthy fits, and the same with defects scattered over them."""
    formula, y, _ = made("decay", 2000, 7)
    random = np.random.default_rng(8)
    bad = y.copy()
    named = [set() for _ in y]
    for i in random.choice(len(y), 800, replace=False):
        bad[i], named[i] = spoiled(y[i], random.choice(KINDS), random)
    return formula, y, bad, named


def test_no_defect_is_called_ok(cube):
    formula, _, bad, named = cube
    many = fit_many(formula, X, bad, **QUIET)
    for status, expected in zip(many.status, named, strict=True):
        assert status in expected if expected else status == "ok"


def test_healthy_fits_are_the_same_bits_beside_bad_ones(cube):
    formula, y, bad, named = cube
    alone, beside = fit_many(formula, X, y, **QUIET), fit_many(formula, X, bad, **QUIET)
    healthy = np.array([not n for n in named])
    for n in alone.names:
        assert np.array_equal(alone.params[n][healthy], beside.params[n][healthy])
        assert np.array_equal(alone.stderr[n][healthy], beside.stderr[n][healthy])
    assert np.array_equal(alone.chi2[healthy], beside.chi2[healthy])


def test_order_does_not_matter(cube):
    formula, _, bad, _ = cube
    order = np.random.default_rng(3).permutation(len(bad))
    first, second = fit_many(formula, X, bad, **QUIET), fit_many(formula, X, bad[order], **QUIET)
    assert np.array_equal(first.code[order], second.code)
    for n in first.names:
        assert np.array_equal(first.params[n][order], second.params[n], equal_nan=True)


def test_verdicts_on_good_fits_are_rarely_bad():
    for name in ("decay", "peak", "wave"):
        formula, y, _ = made(name, 3000, 11)
        assert fit_many(formula, X, y, **QUIET).usable.mean() > 0.999


def test_a_wrong_model_is_a_misfit():
    _, y, _ = made("two peaks", 50)
    many = fit_many("a*exp(-(x - m)^2/(2*s^2)) + c", X, y, **QUIET)
    assert not many.usable.any()


def test_sigma_that_is_too_small_is_a_misfit():
    formula, y, _ = made("decay", 50)
    many = fit_many(formula, X, y, sigma=0.01, **QUIET)
    assert (many.status == "misfit").all() and (many.p_value < 1e-6).all()


def test_parameters_that_act_as_one_are_rank_deficient():
    _, y, _ = made("decay", 20)
    many = fit_many("a*b*exp(-x/tau) + c", X, y, **QUIET)
    assert not many.usable.any()
    line = fit_many("a*x + b*x + c", X, made("line", 5)[1], **QUIET)
    assert (line.status == "rank-deficient").all()


@pytest.mark.every(4)
@pytest.mark.parametrize("size", [5.0, 30.0, 300.0, 4000.0])
@pytest.mark.parametrize("name", ["peak", "decay"])
def test_rounded_data_are_not_called_saturated(name, size):
    formula, y, _ = made(name, 1000, 4)
    for quantum in (1.0, 0.25):
        rounded = np.round(y * size / quantum) * quantum
        many = fit_many(formula, X, rounded, **QUIET)
        assert (many.status == "saturated").mean() < 0.005
        top = np.quantile(rounded, 0.9, axis=1)[:, None]  # eight points are at the top or above
        many = fit_many(formula, X, np.minimum(rounded, np.round(top)), **QUIET)
        assert size < 100 or (many.status == "saturated").mean() > 0.9


def test_counts_of_photons_are_judged_fairly():
    random = np.random.default_rng(0)
    for level in (3, 20, 500):
        y = random.poisson(level * np.exp(-X / 2) + 0.5, (1000, len(X)))
        many = fit_many("a*exp(-x/tau) + c", X, y, **QUIET)
        assert many.usable.mean() > (0.98 if level > 3 else 0.5)
        assert (many.status == "saturated").mean() < 0.002


def test_exact_data_converge():
    formula, function, ranges, _ = MODELS["decay"]
    truth = np.array([np.linspace(*r, 20) for r in ranges])
    y = function(X, *(t[:, None] for t in truth))
    many = fit_many(formula, X, y, **QUIET)
    assert (many.status == "ok").all()
    for n, t in zip(many.names, truth, strict=True):
        assert np.allclose(many.params[n], t, rtol=1e-9, atol=1e-9)


def test_sizes_far_from_one():
    formula, y, _ = made("decay", 5)
    expected = fit_many(formula, X, y, **QUIET)
    for factor in (1e-30, 1e-8, 1e12, 1e40):
        many = fit_many(formula, X, y * factor, **QUIET)
        assert np.allclose(many.params["a"] / factor, expected.params["a"], rtol=1e-5)
        assert np.allclose(many.params["tau"], expected.params["tau"], rtol=1e-5)
    for factor in (1e-9, 1e9):
        many = fit_many(formula, X * factor, y, **QUIET)
        assert np.allclose(many.params["tau"] / factor, expected.params["tau"], rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("level", [1e4, 1e7, -1e9])
def test_a_small_signal_on_a_large_level(level, dtype):
    formula, y, _ = made("peak", 20)
    lifted = y + level
    expected = fit_many(formula, X, lifted - level, **QUIET)
    many = fit_many(formula, X, lifted, dtype=dtype, **QUIET)
    assert (many.status == "ok").all()
    assert np.allclose(many.chi2, expected.chi2, rtol=1e-6)
    assert np.allclose(many.params["m"], expected.params["m"], rtol=1e-5)
    assert np.allclose(many.params["c"], expected.params["c"] + level, rtol=1e-10)


def test_very_many_points():
    formula, function, _, noise = MODELS["peak"]
    x = np.linspace(0.1, 10.0, 20_000)
    truth = np.array([[1.5, 5.0, 0.4, 0.2], [1.0, 3.3, 1.0, 0.9]])
    y = np.stack([function(x, *t) for t in truth])
    y += noise * np.random.default_rng(0).normal(size=y.shape)
    many = fit_many(formula, x, y, **QUIET)
    assert (many.status == "ok").all()
    for k, n in enumerate(many.names):
        assert (np.abs(many.params[n] - truth[:, k]) < 6 * many.stderr[n]).all()


def test_a_peak_on_an_image_of_many_pixels():
    grid = np.arange(60.0)
    x, y = (v.ravel() for v in np.meshgrid(grid, grid))
    random = np.random.default_rng(0)
    places = random.uniform(5, 55, (12, 2))
    images = [np.exp(-((x - a) ** 2 + (y - b) ** 2) / (2 * 1.5**2)) for a, b in places]
    images = np.array(images) + 0.05 * random.normal(size=(12, 3600))
    formula = "a*exp(-((x - x0)^2 + (y - y0)^2)/(2*s^2)) + c"
    many = fit_many(formula, {"x": x, "y": y}, images, **QUIET)
    assert (many.status == "ok").all()
    assert np.abs(many.params["x0"] - places[:, 0]).max() < 0.5


def test_values_beyond_the_range():
    formula, y, _ = made("decay", 3)
    for factor in (1e-200, 1e200):
        many = fit_many(formula, X, y * factor, **QUIET)
        assert (many.status == "out-of-range").all()


def test_a_peak_is_found_wherever_it_is():
    random = np.random.default_rng(1)
    x = np.linspace(0.1, 10, 40)
    for place in (0.05, 0.5, 0.85, 0.95):
        for width in (0.3, 1.0, 2.0, 4.0):
            m = 0.1 + 9.9 * place
            peak = 100 * np.exp(-(((x - m) / width) ** 2) / 2) + 10
            y = peak + random.normal(0, 5, (100, 40))
            many = fit_many("a*exp(-((x - m)/w)**2/2) + b", x, y, sigma=5.0, **QUIET)
            truth = np.square((y - peak) / 5.0).sum(axis=1)
            assert (many.chi2[many.usable] <= truth[many.usable]).all()


def test_own_points_do_not_depend_on_those_of_others():
    random = np.random.default_rng(0)
    t = np.sort(random.uniform(0, 10, (50, 40)), axis=1)
    y = 100 * np.exp(-t / 3) + 5 + random.normal(0, 1, t.shape)
    alone = fit_many("a*exp(-t/T) + c", {"t": t[1:]}, y[1:], **QUIET)
    assert alone.usable.all()
    for spoiled_x in (np.linspace(0, 1e-9, 40), np.full(40, np.nan), np.linspace(-1e3, -900, 40)):
        t[0] = spoiled_x
        many = fit_many("a*exp(-t/T) + c", {"t": t}, y, **QUIET)
        assert np.array_equal(many.params["T"][1:], alone.params["T"])
        order = random.permutation(50)
        again = fit_many("a*exp(-t/T) + c", {"t": t[order]}, y[order], **QUIET)
        assert np.array_equal(again.params["T"], many.params["T"][order], equal_nan=True)


def test_order_of_the_points_does_not_matter():
    random = np.random.default_rng(0)
    x = np.linspace(0, 10, 40)
    order = random.permutation(40)
    y = 100 * np.exp(-x / 2) + 50 * np.exp(-x / 50) + random.normal(0, 0.3, (50, 40))
    first = fit_many("a*exp(-x/T)", x, y, **QUIET)
    second = fit_many("a*exp(-x/T)", x[order], y[:, order], **QUIET)
    assert (first.status == "misfit").all()
    assert np.array_equal(first.chi2, second.chi2) and (first.code == second.code).all()


def test_parts_that_share_a_width_are_ordered():
    random = np.random.default_rng(0)
    x = np.linspace(0, 10, 60)
    height = random.uniform(50, 150, (300, 1))
    y = 80 * np.exp(-(((x - 3) / 0.7) ** 2)) + height * np.exp(-(((x - 7) / 0.7) ** 2))
    y += random.normal(0, 1, y.shape)
    formula = "a*exp(-((x - m)/w)**2) + b*exp(-((x - n)/w)**2)"
    many = fit_many(formula, x, y, **QUIET)
    assert many.usable.mean() > 0.98
    good = many.usable
    assert (many.params["m"][good] < 5).all() and (many.params["w"][good] > 0).all()


def test_clipped_counts_without_noise_are_not_believed():
    random = np.random.default_rng(0)
    t = np.arange(40.0)
    a, c, w = (random.uniform(*r, (300, 1)) for r in ((250, 300), (15, 25), (4, 7)))
    for noise in (0.0, 0.5, 1.0):
        whole = a * np.exp(-((t - c) ** 2) / 2 / w**2) + noise * random.normal(size=(300, 40))
        y = np.clip(np.round(whole), 0, 153).astype(np.uint8)
        assert not fit_many("a*exp(-((t - m)/w)**2/2)", {"t": t}, y, **QUIET).usable.any()


@pytest.mark.parametrize("x", [np.linspace(2000, 2010, 40), 1.7e9 + np.linspace(0, 10, 40)])
def test_lines_and_parabolas_far_from_zero(x):
    random = np.random.default_rng(0)
    near = x - x[0]
    for formula, y in (("a + b*x", 3 + 2 * near), ("a + b*x + c*x^2", 3 + 2 * near - near**2)):
        if x[0] > 1e9 and "c" in formula:
            continue  # there the three columns are the same to the last digit but few
        rows = y + random.normal(0, 1, (50, 40))
        many = fit_many(formula, x, rows, **QUIET)
        assert (many.status == "ok").all()
        for i in (0, 49):
            one = ty.fit("y ~ " + formula, {"x": x}, rows[i])
            assert many.chi2[i] == pytest.approx(one.chi2, rel=1e-6)
            for n in many.names:
                assert many.stderr[n][i] == pytest.approx(one.stderr[n], rel=1e-4)


def test_a_model_that_holds_an_array_keeps_its_points():
    random = np.random.default_rng(0)
    lift, order = np.linspace(0.5, 3, 80), random.permutation(80)
    y = lift * (2 * np.exp(-X / 3) + 0.5) + 0.01 * random.normal(size=(5, 80))
    moved = lift[order]
    many = fit_many(
        lambda x, a, t, c: moved * (a * np.exp(-x / t) + c), X[order], y[:, order], **QUIET
    )
    assert (many.status == "ok").all()
    assert (np.abs(many.params["t"] - 3) < 5 * many.stderr["t"]).all()


def test_a_start_counts_also_after_a_job_without_one():
    formula, y, _ = made("wave", 5)
    first = fit_many(formula, X, y, **QUIET)
    start = {n: float(v[0]) for n, v in first.params.items()} | {"a": -float(first.params["a"][0])}
    start["p"] += np.pi
    again = fit_many(formula, X, y[:1], start=start, **QUIET)
    assert first.params["a"][0] > 0 > again.params["a"][0]


def test_plans_alike_are_prepared_once():
    from taylored.many.plan import make_plan
    from taylored.many.prepare import prepare

    assert prepare(make_plan("a*exp(-x/tau)", X, 80)) is prepare(make_plan("a*exp(-x/tau)", X, 80))


def test_gaps_on_a_level_do_not_mislead_the_starts():
    formula, y, _ = made("peak", 200, 6)
    gappy = y + 20.0
    gappy[np.random.default_rng(0).random(y.shape) < 0.3] = np.nan
    many = fit_many(formula, X, gappy, **QUIET)
    assert many.usable.mean() > 0.99
