"""The baselines of a network: closed forms, direct formulas, and rows that are really held out."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from scipy.stats import multivariate_normal

from taylored.networks.averages import mean_and_stderr
from taylored.networks.baselines import (
    classification_baselines,
    log_losses,
    paired_difference,
    regression_baselines,
    root_mean_square,
    squared_losses,
)
from taylored.networks.baselines.gaussian_process import (
    Hyperparameters,
    choose,
    condition,
    log_likelihood,
)
from taylored.networks.baselines.logistic import fit_logistic, penalized_loss, softmax
from taylored.networks.baselines.quasi_newton import descend_to
from taylored.networks.baselines.ridge import fit_ridge, leave_one_out
from taylored.networks.baselines.spectrum import spectrum


def table(rows, features, outputs=1, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(rows, features))
    t = z @ rng.normal(size=(features, outputs)) + rng.normal(size=(rows, outputs))
    return z, t, rng.uniform(0.2, 3.0, rows)


def folds_of(rows, count=5):
    return np.random.default_rng(7).permutation(rows) % count


def by_name(found):
    return {baseline.name: baseline for baseline in found[0]}


def ridge_directly(z, t, weights, strength):
    """Offset and coefficients by least squares with a column of ones and rows for the penalty."""
    root, features = np.sqrt(weights)[:, None], z.shape[1]
    x = np.column_stack([np.ones(len(z)), z])
    penalty = np.sqrt(strength) * np.eye(features + 1)[1:]
    zeros = np.zeros((features, t.shape[1]))
    return np.linalg.lstsq(np.vstack([root * x, penalty]), np.vstack([root * t, zeros]))[0]


# Ridge regression ------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "features"), [(20, 4), (12, 11), (9, 30)])
@pytest.mark.parametrize("strength", [1e-3, 0.5, 40.0])
def test_leave_one_out_errors_are_those_of_fits_without_the_row(rows, features, strength):
    z, t, weights = table(rows, features, outputs=2)
    errors = leave_one_out(z, t, weights, strength)
    for i in range(rows):
        rest = np.arange(rows) != i
        solution = ridge_directly(z[rest], t[rest], weights[rest], strength)
        expected = t[i] - solution[0] - z[i] @ solution[1:]
        np.testing.assert_allclose(errors[i], expected, rtol=1e-9, atol=1e-11)


def test_leave_one_out_in_rational_numbers():
    # One feature, three rows, unit weights: each line through the other two rows, slope damped.
    z, t, strength = [0, 1, 3], [1, 2, 7], Fraction(1, 2)
    expected = []
    for i in range(3):
        (a, b), (c, d) = [(z[j], t[j]) for j in range(3) if j != i]
        x, y = Fraction(a + c, 2), Fraction(b + d, 2)
        slope = ((a - x) * (b - y) + (c - x) * (d - y)) / ((a - x) ** 2 + (c - x) ** 2 + strength)
        expected.append(float(t[i] - y - slope * (z[i] - x)))
    found = leave_one_out(np.array(z, float)[:, None], np.array(t, float)[:, None], np.ones(3), 0.5)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-13)


@pytest.mark.parametrize(("rows", "features"), [(40, 5), (10, 25)])
def test_ridge_solves_its_normal_equations_at_the_best_strength(rows, features):
    z, t, weights = table(rows, features, outputs=3, seed=1)
    ridge = fit_ridge(z, t, weights)
    new = np.random.default_rng(3).normal(size=(6, features))
    for k, strength in enumerate(ridge.strengths):
        solution = ridge_directly(z, t[:, [k]], weights, strength)
        expected = (solution[0] + new @ solution[1:])[:, 0]
        np.testing.assert_allclose(ridge.predict(new)[:, k], expected, rtol=1e-8, atol=1e-9)
        # No other strength of the grid, near or far, has a smaller leave-one-out error.
        best = weights @ leave_one_out(z, t[:, [k]], weights, strength) ** 2
        largest = spectrum(np.sqrt(weights)[:, None] * (z - ridge.center)).largest
        others = [strength * 10.0 ** (k / 3) for k in (-9, -3, -1, 1, 3, 9)]
        within = [s for s in others if 0.99e-10 < s / largest < 1.01e2]
        assert len(within) >= 3
        for other in within:
            assert weights @ leave_one_out(z, t[:, [k]], weights, other) ** 2 >= best * (1 - 1e-6)


@pytest.mark.parametrize("shape", [(30, 5), (5, 30), (6, 6)])
def test_spectrum_rebuilds_the_table_without_its_empty_directions(shape):
    rng = np.random.default_rng(2)
    x = rng.normal(size=shape)
    x[:, -1] = x[:, 0] - 2 * x[:, 1]
    found = spectrum(x)
    np.testing.assert_allclose(found.scores @ found.directions.T, x, atol=1e-12)
    expected = np.linalg.svd(x, compute_uv=False)[: len(found.squares)]
    np.testing.assert_allclose(np.sqrt(found.squares[::-1]), expected, rtol=1e-10)
    assert len(found.squares) == np.linalg.matrix_rank(x)


# The Gaussian process --------------------------------------------------------------------------


def kernel(a, b, lengths):
    """C without its noise, one element at a time."""
    return np.array([[np.exp(-0.5 * np.sum(((p - q) / lengths) ** 2)) for q in b] for p in a])


SETTING = Hyperparameters(np.array([0.7, 2.0, 5.0]), 0.3)


def test_log_likelihood_is_the_normal_density_at_the_best_amplitude():
    z, t, weights = table(15, 3, outputs=2)
    covariance = kernel(z, z, SETTING.lengthscales) + np.diag(SETTING.noise**2 / weights)
    value, _ = log_likelihood(z, t, weights, SETTING)
    total = 0.0
    for y in t.T:
        best = y @ np.linalg.solve(covariance, y) / len(y)
        densities = [
            multivariate_normal.logpdf(y, np.zeros(15), factor * best * covariance)
            for factor in (1.0, 0.9, 1.1)
        ]
        assert densities[0] == max(densities)
        total += densities[0]
    # The least noise allowed, 1e-5 of the amplitude, is part of the model.
    assert value == pytest.approx(total, rel=1e-7)


def test_gradient_of_log_likelihood_against_mpmath():
    z, t, weights = table(7, 3, outputs=2, seed=4)
    _, slopes = log_likelihood(z, t, weights, SETTING)

    def value(*logarithms):
        lengths = [mpmath.exp(v) for v in logarithms[:-1]]
        noise, n = mpmath.exp(2 * logarithms[-1]) + mpmath.mpf("1e-10"), len(z)
        c = mpmath.matrix(n)
        for i in range(n):
            for j in range(n):
                far = sum(((mpmath.mpf(a) - b) / s) ** 2
                          for a, b, s in zip(z[i], z[j], lengths, strict=True))  # fmt: skip
                c[i, j] = mpmath.exp(-far / 2) + (noise / weights[i] if i == j else 0)
        total = -t.shape[1] * mpmath.log(mpmath.det(c)) / 2
        for y in t.T.tolist():
            y = mpmath.matrix(y)
            total -= mpmath.mpf(n) / 2 * mpmath.log((y.T * mpmath.lu_solve(c, y))[0] / n + 1e-10)
        return total

    with mpmath.workdps(40):
        at = [mpmath.log(mpmath.mpf(v)) for v in [*SETTING.lengthscales.tolist(), SETTING.noise]]
        order = np.eye(4, dtype=int).tolist()
        expected = [float(mpmath.diff(value, at, tuple(n))) for n in order]
    np.testing.assert_allclose(slopes, expected, rtol=1e-9)


def test_posterior_mean_against_the_direct_formula():
    z, t, weights = table(25, 3, outputs=2)
    new = np.random.default_rng(9).normal(size=(8, 3))
    mean = np.average(t, axis=0, weights=weights)
    covariance = kernel(z, z, SETTING.lengthscales)
    covariance += np.diag((SETTING.noise**2 + 1e-10) / weights)
    across = kernel(new, z, SETTING.lengthscales)
    expected = mean + across @ np.linalg.solve(covariance, t - mean)
    found = condition(z, t, weights, SETTING).predict(new)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_tied_lengthscales_do_not_depend_on_the_axes():
    # More features than rows: one lengthscale, so a rotation of the features changes nothing.
    z, t, weights = table(20, 30)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(30, 30)))[0]
    straight, turned = choose(z, t, weights), choose(z @ turn, t, weights)
    assert np.ptp(straight.lengthscales) == 0.0
    np.testing.assert_allclose(straight.lengthscales, turned.lengthscales, rtol=1e-6)
    assert straight.noise == pytest.approx(turned.noise, rel=1e-6)


def test_lengthscales_tell_the_features_that_matter():
    rng = np.random.default_rng(5)
    z = rng.normal(size=(150, 4))
    t = np.sin(2 * z[:, [0]]) + 0.05 * rng.normal(size=(150, 1))
    chosen = choose(z, t, np.ones(150))
    assert chosen.lengthscales[0] < 3.0
    assert chosen.lengthscales[1:].min() > 10 * chosen.lengthscales[0]


def test_chosen_hyperparameters_beat_their_neighbours():
    z, t, weights = table(60, 3, seed=6)
    t = t - np.average(t, axis=0, weights=weights)
    chosen = choose(z, t, weights)
    best, _ = log_likelihood(z, t, weights, chosen)
    for k in range(4):
        for factor in (0.25, 4.0):
            changed = np.append(chosen.lengthscales, chosen.noise)
            changed[k] *= factor
            other, _ = log_likelihood(z, t, weights, Hyperparameters(changed[:3], changed[3]))
            assert other < best + 0.7  # the wide prior may move it by as much


@pytest.mark.parametrize("noise", [1e-9, 1e-6, 1e-3])
def test_gaussian_process_of_conflicting_rows_is_their_mean(noise):
    # Rows at one place, told apart by noise alone: the posterior is a ridge on their mean.
    z, t = np.zeros((4, 1)), np.array([[0.0], [1.0], [2.0], [5.0]])
    found = condition(z, t, np.ones(4), Hyperparameters(np.ones(1), noise))
    # The weights of the rows are (t - 2)/noise, and it is their sum that is shown.
    rounding = 4 * np.finfo(float).eps * np.sum(np.abs(t - 2.0)) / noise
    np.testing.assert_allclose(found.predict(np.zeros((1, 1))), [[2.0]], rtol=0, atol=rounding)


# Logistic regression ---------------------------------------------------------------------------


def classes_table(rows=80, features=4, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(rows, features))
    scores = z @ rng.normal(size=(features, classes)) + rng.gumbel(size=(rows, classes))
    weights = rng.uniform(0.5, 2.0, rows)
    labels = scores.argmax(axis=1)
    return z, labels, np.eye(classes)[labels] * weights[:, None], weights


@pytest.mark.parametrize(("rows", "features"), [(80, 4), (15, 40)])
def test_slopes_vanish_at_the_logistic_solution(rows, features):
    z, _, targets, _ = classes_table(rows, features)
    z[:, -1] = z[:, 0] + z[:, 1]  # collinear
    strengths = np.array([10.0, 0.1])
    for strength, model in zip(strengths, fit_logistic(z, targets, strengths, 1e-9), strict=True):
        _, slopes = penalized_loss(z, targets, model.coefficients, strength)
        np.testing.assert_allclose(slopes, 0.0, atol=1e-6)


def test_gradient_of_the_logistic_loss_against_mpmath():
    z, labels, targets, weights = classes_table(6, 2, 3, seed=1)
    at = np.random.default_rng(2).normal(size=(3, 3))
    value, slopes = penalized_loss(z, targets, at, 0.7)

    def loss(*flat):
        b = mpmath.matrix(3, 3)
        for k, v in enumerate(flat):
            b[k // 3, k % 3] = v
        total = sum(v**2 * (0.7 if k < 6 else 0.01) for k, v in enumerate(flat)) / 2
        for row, label, weight in zip(z, labels.tolist(), weights, strict=True):
            scores = [row[0] * b[0, c] + row[1] * b[1, c] + b[2, c] for c in range(3)]
            total += weight * (mpmath.log(sum(map(mpmath.exp, scores))) - scores[label])
        return total

    flat = at.ravel().tolist()
    assert value == pytest.approx(float(loss(*flat)), rel=1e-13)
    with mpmath.workdps(30):
        expected = [float(mpmath.diff(loss, flat, tuple(n))) for n in np.eye(9, dtype=int).tolist()]
    np.testing.assert_allclose(slopes.ravel(), expected, rtol=1e-10)


def test_softmax_sums_to_one_however_large_the_scores():
    found = softmax(np.array([[1e4, 1e4 - 1.0], [-1e4, 1e4]]))
    np.testing.assert_allclose(found[0], [1 / (1 + np.exp(-1.0)), 1 / (1 + np.e)], rtol=1e-12)
    np.testing.assert_array_equal(found[1], [0.0, 1.0])


def test_two_classes_split_by_an_offset_alone():
    # No feature: probabilities are the weighted frequencies, up to the faint penalty.
    targets = np.array([[3.0, 0.0], [0.0, 1.0], [0.0, 4.0]])
    (model,) = fit_logistic(np.zeros((3, 0)), targets, np.ones(1), 1e-10)
    np.testing.assert_allclose(model.predict(np.zeros((1, 0))), [[3 / 8, 5 / 8]], atol=1e-3)


# Quasi-Newton ----------------------------------------------------------------------------------


def test_descent_reaches_the_minimum_of_rosenbrock():
    def f(x):
        a, b = x
        slopes = np.array([-400 * a * (b - a * a) - 2 * (1 - a), 200 * (b - a * a)])
        return 100 * (b - a * a) ** 2 + (1 - a) ** 2, slopes

    end = descend_to(f, np.array([-1.2, 1.0]), tolerance=1e-10)
    np.testing.assert_allclose(end.x, 1.0, atol=1e-8)


# Scores ----------------------------------------------------------------------------------------


def test_scores_of_a_few_rows_by_hand():
    losses, ones = np.array([1.0, 3.0, 5.0]), np.ones(3)
    # Sample standard deviation 2, over the root of 3.
    assert mean_and_stderr(losses, ones) == pytest.approx((3.0, 2 / 3**0.5))
    assert root_mean_square(losses, ones) == pytest.approx((3**0.5, 2 / 3**0.5 / (2 * 3**0.5)))
    assert paired_difference(losses + 1, losses, ones) == pytest.approx((1.0, 0.0))
    assert mean_and_stderr(losses, np.array([0.0, 2.0, 0.0])) == (3.0, np.inf)
    np.testing.assert_allclose(squared_losses(np.array([[1.0, 2.0]]), np.zeros((1, 2))), [2.5])
    found = log_losses(np.array([[0.25, 0.75], [1.0, 0.0]]), np.array([1, 1]))
    np.testing.assert_allclose(found, [-np.log(0.75), -np.log(np.finfo(float).eps)])


def test_stderr_of_the_root_mean_square_is_its_spread_over_data_sets():
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.2, 2.0, 200)
    found = [root_mean_square(rng.normal(size=200) ** 2, weights) for _ in range(2000)]
    scores, claims = np.array(found).T
    assert claims.mean() == pytest.approx(scores.std(), rel=0.06)  # sd known to 1.6 %, 4 sigma


# The comparison --------------------------------------------------------------------------------


def test_scores_are_those_of_the_held_out_predictions():
    z, t, weights = table(60, 3, outputs=2)
    for baseline in regression_baselines(z, t, weights, folds_of(60))[0]:
        square = np.average(((baseline.held_out - t) ** 2).mean(axis=1), weights=weights)
        assert baseline.score == pytest.approx(np.sqrt(square), rel=1e-12)
        assert baseline.held_out.shape == t.shape and baseline.stderr > 0
    z, labels, _, weights = classes_table()
    for baseline in classification_baselines(z, labels, 3, weights, folds_of(80))[0]:
        own = baseline.held_out[np.arange(80), labels]
        assert baseline.score == pytest.approx(np.average(-np.log(own), weights=weights))
        np.testing.assert_allclose(baseline.held_out.sum(axis=1), 1.0, rtol=1e-12)


def test_a_row_has_no_part_in_its_own_regression():
    z, t, weights = table(50, 3)
    folds = folds_of(50)
    inside = folds == 2
    changed = t.copy()
    changed[inside] += 100.0 * np.random.default_rng(1).normal(size=(inside.sum(), 1))
    before = by_name(regression_baselines(z, t, weights, folds))
    after = by_name(regression_baselines(z, changed, weights, folds))
    assert len(before) == 3
    for name, baseline in before.items():
        np.testing.assert_array_equal(baseline.held_out[inside], after[name].held_out[inside])
        assert np.abs(baseline.held_out - after[name].held_out)[~inside].max() > 0.1


def test_a_row_has_no_part_in_its_own_classification():
    z, labels, _, weights = classes_table()
    folds = folds_of(80)
    inside = folds == 3
    before = by_name(classification_baselines(z, labels, 3, weights, folds))
    after = by_name(
        classification_baselines(z, np.where(inside, 2 - labels, labels), 3, weights, folds)
    )
    for name, baseline in before.items():
        np.testing.assert_array_equal(baseline.held_out[inside], after[name].held_out[inside])
        assert np.abs(baseline.held_out - after[name].held_out)[~inside].max() > 1e-3


def test_the_process_wins_on_a_smooth_function_and_not_on_a_line():
    rng = np.random.default_rng(3)
    z = rng.uniform(-1.7, 1.7, (200, 2))
    smooth = np.sin(3 * z[:, [0]]) * z[:, [1]]
    found, findings = regression_baselines(z, smooth, np.ones(200), folds_of(200))
    assert sorted(b.name for b in found) == ["Gaussian process", "mean", "ridge regression"]
    assert found[0].name == "Gaussian process" and not findings
    assert found[0].score < 0.02 < 0.5 < found[1].score
    new = rng.uniform(-1.5, 1.5, (50, 2))
    truth = np.sin(3 * new[:, [0]]) * new[:, [1]]
    assert np.abs(found[0].predict(new) - truth).max() < 0.02
    line = z @ [[1.0], [0.5]] + rng.normal(size=(200, 1))
    scores = by_name(regression_baselines(z, line, np.ones(200), folds_of(200)))
    assert scores["ridge regression"].score < scores["Gaussian process"].score * 1.02


def test_logistic_regression_wins_where_classes_are_linear():
    z, labels, _, weights = classes_table(200)
    found, _ = classification_baselines(z, labels, 3, weights, folds_of(200))
    assert [b.name for b in found] == ["multinomial logistic regression", "most frequent class"]
    counts = np.bincount(labels, weights=weights / weights.mean(), minlength=3) + 0.5
    np.testing.assert_allclose(found[1].predict(z[:1]), [counts / counts.sum()], rtol=1e-12)


def test_rows_without_weight_are_predicted_but_have_no_say():
    z, t, weights = table(40, 3)
    weights[:10] = 0.0
    wild = t.copy()
    wild[:10] = 1e6
    before = regression_baselines(z, t, weights, folds_of(40))[0]
    after = by_name(regression_baselines(z, wild, weights, folds_of(40)))
    for baseline in before:
        np.testing.assert_array_equal(baseline.held_out, after[baseline.name].held_out)
        assert baseline.score == after[baseline.name].score


def test_the_unit_of_the_weights_does_not_matter():
    z, t, weights = table(40, 3)
    before = regression_baselines(z, t, weights, folds_of(40))[0]
    after = by_name(regression_baselines(z, t, 1024.0 * weights, folds_of(40)))
    for baseline in before:
        np.testing.assert_allclose(baseline.held_out, after[baseline.name].held_out, rtol=1e-12)


def test_one_seed_gives_the_same_bytes():
    z, t, weights = table(300, 3)
    runs = [regression_baselines(z, t, weights, folds_of(300), seed=4)[0] for _ in range(2)]
    for first, second in zip(*runs, strict=True):
        assert first.name == second.name
        np.testing.assert_array_equal(first.held_out, second.held_out)
        np.testing.assert_array_equal(first.predict(z), second.predict(z))


# Bad input -------------------------------------------------------------------------------------

RNG = np.random.default_rng(0)
Z, T, W = table(60, 4)
HARD = {
    "constant column": (np.column_stack([Z, np.zeros(60), np.ones(60)]), T, W),
    "all constant": (np.zeros((60, 3)), T, W),
    "no feature": (np.zeros((60, 0)), T, W),
    "constant target": (Z, np.ones((60, 2)), W),
    "collinear": (np.column_stack([Z, Z, Z @ np.ones((4, 2))]), T, W),
    "fewer rows than features": (RNG.normal(size=(20, 200)), T[:20], W[:20]),
    "duplicates": (np.repeat(Z[:6], 10, axis=0), np.repeat(T[:6], 10, axis=0), W),
    "conflicting duplicates": (np.repeat(Z[:6], 10, axis=0), T, W),
    "two rows": (Z[:2], T[:2], W[:2]),
    "five rows": (Z[:5], T[:5], W[:5]),
    "outliers": (np.vstack([[[1e6] * 4], Z[1:]]), np.vstack([T[1:], [[1e8]]]), W),
    "absurd outlier": (np.vstack([[[1e160] * 4], Z[1:]]), T, W),
    "wild weights": (Z, T, 10.0 ** RNG.uniform(-12, 12, 60)),
    "one column per row": (np.eye(60), T, W),
}


def check_finite(found, findings, z):
    new = np.random.default_rng(1).normal(size=(3, z.shape[1]))
    assert all(finding.severity == "note" for finding in findings)
    assert found
    for baseline in found:
        assert np.isfinite(baseline.held_out).all() and np.isfinite(baseline.score)
        assert np.isfinite(baseline.predict(new)).all()
        assert baseline.predict(z[:0]).shape == (0, baseline.held_out.shape[1])


@pytest.mark.every(2)
@pytest.mark.parametrize("name", HARD)
def test_hard_tables_end_in_finite_baselines(name):
    z, t, weights = HARD[name]
    folds = np.arange(len(z)) % 5
    check_finite(*regression_baselines(z, t, weights, folds), z)
    labels = np.arange(len(z)) // 2 % 3
    check_finite(*classification_baselines(z, labels, 3, weights, folds), z)
    check_finite(*classification_baselines(z, 0 * labels, 2, weights, folds), z)


@pytest.mark.parametrize(
    ("z", "t", "weights", "folds", "why"),
    [
        (Z, T, W, np.zeros(60, int), "no row of positive weight"),
        (Z, T, 0 * W, np.arange(60) % 5, "no row of positive weight"),
        (np.where(Z > 2, np.nan, Z), T, W, np.arange(60) % 5, "not finite"),
        (Z, T + np.inf, W, np.arange(60) % 5, "not finite"),
    ],
)
def test_where_nothing_can_be_held_out_the_reason_is_given(z, t, weights, folds, why):
    found, (finding,) = regression_baselines(z, t, weights, folds)
    assert found == () and finding.name == "baseline-left-out" and why in finding.message


def test_what_is_too_large_is_left_out_or_cut_with_a_note():
    rng = np.random.default_rng(1)
    z, t = rng.normal(size=(2001, 2)), rng.normal(size=(2001, 1))
    found, (finding,) = regression_baselines(z, t, np.ones(2001), np.arange(2001) % 5)
    assert "Gaussian process" not in {b.name for b in found}
    assert "more than 2000 rows" in finding.message
