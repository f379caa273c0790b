"""`ty.train`: what it predicts, what it says of its errors, and what it refuses."""

import numpy as np
import pytest

import taylored as ty
from taylored.networks.alike import copies
from taylored.networks.folds import make_folds
from taylored.results import Accuracy


def sine(rows, seed, noise=0.1):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, rows)
    return x, np.sin(x) + noise * rng.normal(size=rows)


def varying(rows, seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, rows)
    return x, np.sin(x) + (0.05 + 0.1 * np.abs(x)) * rng.normal(size=rows)


def friedman(rows, seed):
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(rows, 10))
    mean = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2
    return X, mean + 10 * X[:, 3] + 5 * X[:, 4] + rng.normal(size=rows)


def found(net):
    return {f.name for f in net.findings}


# ---- intervals ----


def coverages(draw, rows, sets, **options):
    """The true coverage of 90 % intervals, that printed and its standard error, of each set."""
    made = []
    for seed in range(sets):
        net = ty.train(*draw(rows, seed), seed=seed, **options)
        X, y = draw(4000, 1000 + seed)
        p = net.predict(X)
        assert p.lo is not None and p.hi is not None
        made.append((np.mean((p.lo <= y) & (y <= p.hi)), p.coverage, p.coverage_stderr))
    return np.array(made)


def test_intervals_hold_what_they_promise():
    held, printed, error = coverages(sine, 150, 12, hidden=(10,), members=10).T
    # The mean of 12 sets is known to about .025/sqrt(12).
    assert abs(held.mean() - 0.9) < 0.025
    assert np.abs(printed - 0.9).max() < 0.03
    assert np.mean(np.abs(held - printed) < 2 * error) >= 10 / 12


@pytest.mark.slow
@pytest.mark.parametrize(
    ("draw", "rows", "hidden"), [(sine, 200, 20), (varying, 200, 20), (friedman, 300, 15)]
)
def test_mean_coverage_of_many_sets_is_within_two_percent(draw, rows, hidden):
    held, printed, error = coverages(draw, rows, 24, hidden=(hidden,)).T
    assert 0.88 < held.mean() < 0.92
    assert np.mean(np.abs(held - printed) < 2 * error) >= 0.8


def test_intervals_are_wide_where_the_noise_is():
    x, y = varying(300, 1)
    net = ty.train(x, y, hidden=(10,), members=10)
    p = net.predict([0.0, 2.9])
    width = p.hi - p.lo
    assert net.noise is not None and net.noise.varies
    assert 2.0 < width[1] / width[0] < 10.0  # the truth is 6.8
    plain = ty.train(x, y, hidden=(10,), members=10, noise="constant").predict([0.0, 2.9])
    assert np.ptp(plain.hi - plain.lo) < 0.5 * np.ptp(width)


def test_error_is_that_of_new_rows():
    X, y = friedman(300, 5)
    net = ty.train(X, y, hidden=(15,), members=20)
    new, truth = friedman(4000, 6)
    error = np.sqrt(np.mean((net.predict(new).value - truth) ** 2))
    assert abs(net.error - error) < 3 * net.error_stderr
    assert error < 1.2  # the noise is 1: nearly all of the function has been found


def test_a_row_has_no_part_in_what_is_said_of_it():
    x, y = sine(60, 3)
    other = y.copy()
    other[7] += 0.05
    same = {"hidden": (4,), "members": 10, "regularization": 0.1, "standardize": False}
    one, two = ty.train(x, y, **same), ty.train(x, other, **same)
    assert one.out_of_bag.mean[7] == two.out_of_bag.mean[7]
    assert (one.out_of_bag.mean != two.out_of_bag.mean).any()


def test_interval_without_enough_rows_is_endless():
    x, y = sine(8, 0)
    p = ty.train(x, y, hidden=(2,), members=10).predict([0.0], level=0.95)
    assert np.isinf(p.lo).all() and np.isinf(p.hi).all()


def test_level_must_be_a_share():
    net = ty.train(*sine(40, 0), hidden=(3,), members=10)
    for level in (0, 1, 90, float("nan"), "0.9"):
        with pytest.raises(ty.errors.ArgumentError, match="level is"):
            net.predict([0.0], level=level)


# ---- a single network ----


def test_laplace_is_downgraded_where_parameters_are_many():
    X, y = friedman(300, 0)
    net = ty.train(X, y, hidden=(15,), intervals="laplace")
    assert net.accuracy is Accuracy.UNKNOWN and "laplace-not-trusted" in found(net)
    p = net.predict(X[:3])
    assert p.kind is Accuracy.UNKNOWN and "out-of-bag" in p.why and p.coverage is None


def test_laplace_covers_where_it_is_trusted():
    made = []
    for seed in range(10):
        net = ty.train(*sine(250, seed), hidden=(6,), intervals="laplace", seed=seed)
        assert net.accuracy is Accuracy.ESTIMATED
        x, y = sine(2000, 100 + seed)
        p = net.predict(x)
        made.append(np.mean((p.lo <= y) & (y <= p.hi)))
    assert abs(np.mean(made) - 0.9) < 0.025  # that of a set is known to about .025


def test_one_network_alone_says_nothing_of_its_errors():
    net = ty.train(*sine(50, 0), hidden=(4,), intervals="none")
    p = net.predict([0.0])
    assert p.lo is None and net.error is None and p.kind is Accuracy.UNKNOWN and p.why
    assert len(net.theta) == 1


# ---- classes ----


def moons(rows, seed):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, rows)
    angle = np.pi * rng.uniform(size=rows)
    X = np.where(label, 1, -1)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    X[:, 0] += label
    return X + 0.35 * rng.normal(size=(rows, 2)), np.array(["down", "up"])[label]


def test_probabilities_are_calibrated_and_sets_hold():
    X, y = moons(300, 0)
    net = ty.train(X, y, hidden=(8,), members=10)
    new, truth = moons(4000, 1)
    p = net.predict(new, level=0.9)
    assert p.classes == ("down", "up") and set(p.value) == {"down", "up"}
    np.testing.assert_allclose(p.probabilities.sum(1), 1, atol=1e-12)
    up = p.probabilities[:, 1]
    for lo, hi in ((0.1, 0.4), (0.4, 0.6), (0.6, 0.9)):
        inside = (up > lo) & (up < hi)
        share = np.mean(truth[inside] == "up")
        assert abs(share - up[inside].mean()) < 0.12
    held = p.sets[np.arange(len(truth)), (truth == "up").astype(int)].mean()
    assert held > 0.86
    assert abs(net.error - np.mean(p.value != truth)) < 3 * net.error_stderr


def test_three_classes_beat_guessing():
    rng = np.random.default_rng(2)
    label = rng.integers(0, 3, 120)
    X = np.array([[0, 0], [2, 0], [0, 2]])[label] + 0.5 * rng.normal(size=(120, 2))
    net = ty.train(X, label, hidden=(4,), members=10)
    assert net.task == "classification" and net.usable
    assert np.mean(net.predict(X).value == label) > 0.9
    guess = next(s for s in net.scores if s.name == "most frequent class")
    assert guess.worse < -5


# ---- baselines and findings ----


def test_baseline_that_wins_is_named():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    net = ty.train(X, X @ [1.0, -2.0, 0.5, 3.0] + 0.01 * rng.normal(size=60), activation="relu")
    assert net.baseline is not None and net.baseline.name in (
        "ridge regression",
        "Gaussian process",
    )
    assert net.scores[0].name == net.baseline.name
    assert found(net) & {"baseline-wins", "baseline-as-good"}


def test_noise_is_not_usable():
    rng = np.random.default_rng(1)
    net = ty.train(rng.normal(size=(80, 3)), rng.normal(size=80), hidden=(5,), members=10)
    assert not net.usable and "no-better-than-the-mean" in found(net)


def test_copies_of_rows_are_left_out_together():
    x, y = sine(40, 0)
    net = ty.train(np.repeat(x, 3), np.repeat(y, 3), hidden=(4,), members=10)
    number = net.folds.number.reshape(net.folds.repeats, 40, 3)
    assert (number == number[:, :, :1]).all() and "repeated-rows" in found(net)


def test_groups_are_left_out_together_and_are_no_input():
    rng = np.random.default_rng(0)
    day = np.repeat(np.arange(12), 5)
    shift = rng.normal(size=12)[day]
    x = rng.uniform(-1, 1, 60)
    table = {
        "x": x,
        "mood": shift + 0.01 * rng.normal(size=60),
        "day": day,
        "y": x + rng.normal(size=60),
    }
    net = ty.train(table, "y", groups="day", hidden=(3,), members=10)
    assert net.encoder.features == ("x", "mood")
    for number in net.folds.number:
        assert all(len(set(number[day == d])) == 1 for d in range(12))


def test_predictions_are_arrays_where_arrays_are_expected_and_levels_are_as_written():
    x, y = sine(40, 0)
    predicted = ty.train(x, y, hidden=(3,), members=10).predict([0.0, 1.0], level=np.float32(0.8))
    assert np.array_equal(np.asarray(predicted), predicted.value)
    assert predicted.level == 0.8


def test_folds_leave_each_row_out_of_every_repeat_once():
    folds = make_folds(103, 30, np.random.default_rng(0))
    assert (folds.held_out().sum(0) == folds.repeats).all() and folds.members >= 30
    order, counts = folds.training()
    held = folds.held_out()
    for member, (rows, used) in enumerate(zip(order, counts, strict=True)):
        assert sorted(rows[used]) == np.flatnonzero(~held[member]).tolist()
    assert copies(np.arange(4.0)[:, None], np.zeros((4, 1))) is None


# ---- settings ----


def test_several_outputs_have_intervals_of_their_own():
    x, y = sine(80, 0)
    net = ty.train(x, np.column_stack([y, 100 * y**2]), hidden=(8,), members=10)
    p = net.predict([0.0, 1.0])
    assert p.value.shape == p.lo.shape == (2, 2) and len(p.coverage) == 2
    assert (p.hi - p.lo)[:, 1].min() > 5 * (p.hi - p.lo)[:, 0].max()


def test_weights_decide_between_rows_that_disagree():
    x = np.tile(np.linspace(-1, 1, 30), 2)
    y = np.repeat([0.0, 1.0], 30) + 0.01 * np.random.default_rng(0).normal(size=60)
    w = np.repeat([1.0, 9.0], 30)
    net = ty.train(x, y, weights=w, hidden=(2,), members=10)
    np.testing.assert_allclose(net.predict([-0.5, 0.5]).value, 0.9, atol=0.02)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"hidden": 0}, "hidden"), ({"hidden": "20"}, "hidden"), ({"hidden": (3.5,)}, "hidden"),
        ({"activation": "thanh"}, "tanh"), ({"members": 1}, "members"), ({"seed": -1}, "seed"),
        ({"intervals": "bayes"}, "out-of-bag"), ({"noise": 0.1}, "varying"),
        ({"solver": "sgd"}, "adam"), ({"regularization": -1}, "evidence"),
        ({"task": "rank"}, "regression"), ({"starts": 0}, "starts"),
    ],
)  # fmt: skip
def test_settings_without_meaning_are_refused(given, word):
    with pytest.raises(ty.errors.ArgumentError, match=word):
        ty.train(*sine(20, 0), **given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"params": {"w": 1.0}}, "params .* no model"),
        ({"model": lambda p, x: p * x, "params": 1.0, "hidden": 3}, "hidden and model"),
        ({"model": lambda p, x: p * x, "params": 1.0, "activation": "relu"}, "activation and mod"),
    ],
)
def test_no_argument_is_passed_over(given, words):
    with pytest.raises(ty.errors.ArgumentError, match=words) as raised:
        ty.train(*sine(20, 0), **given)
    assert "leave" in raised.value.next_step


# ---- models of the user ----


def two_classes(rows=150):
    x = np.random.default_rng(3).normal(size=(rows, 2))
    noise = np.random.default_rng(4).logistic(size=rows)
    return x, np.where(2.0 * x[:, 0] - x[:, 1] + 0.5 + noise > 0, "yes", "no")


def affine(p, x):
    return x @ p["w"] + p["b"]


def test_two_logits_of_two_classes_are_as_one_that_is_their_difference(tmp_path):
    """Without weight decay both are logistic regression, which has one maximum."""
    x, y = two_classes()
    start = {"w": np.zeros((2, 2)), "b": np.zeros(2)}
    two = ty.train(x, y, model=affine, params=start, regularization=0.0, members=10)
    start = {"w": np.zeros(2), "b": 0.0}
    one = ty.train(x, y, model=affine, params=start, regularization=0.0, members=10)
    new = np.random.default_rng(5).normal(size=(20, 2))
    p, q = two.predict(new).probabilities, one.predict(new).probabilities
    np.testing.assert_allclose(p, q, atol=2e-3)
    assert two.influence(new[0], "yes").value == pytest.approx(
        one.influence(new[0], "yes").value, abs=1e-2
    )
    two.save(tmp_path / "two")
    again = ty.load(tmp_path / "two", model=affine)
    np.testing.assert_array_equal(again.predict(new).probabilities, p)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (two_classes()[1], "3 outputs, and y needs 1 logit or 2 logits for 2 classes"),
        (np.arange(150) % 4, "3 outputs, and y needs 4 logits for 4 classes"),
        (np.arange(150) * 0.5, "3 outputs, and y needs 1 output"),
    ],
)
def test_outputs_that_do_not_fit_are_named(y, words):
    start = {"w": np.zeros((2, 3)), "b": np.zeros(3)}
    with pytest.raises(ty.errors.FunctionError, match=words):
        ty.train(two_classes()[0], y, model=affine, params=start)


def test_function_of_the_user_gives_its_own_parameters():
    import jax.numpy as jnp

    t = np.linspace(0, 5, 60)
    y = 2.5 * np.exp(-t / 1.3) + 0.4 + 0.02 * np.random.default_rng(0).normal(size=60)
    start = {"a": 1.0, "tau": 1.0, "c": 0.0}
    net = ty.train(
        t, y, model=lambda p, x: p["a"] * jnp.exp(-x[0] / p["tau"]) + p["c"], params=start,
        members=10,
    )  # fmt: skip
    taus = [float(net.member(k)["tau"]) for k in range(net.members)]
    fit = ty.fit("y ~ a*exp(-t/tau) + c", {"t": t, "y": y})
    assert abs(np.mean(taus) - fit.params["tau"]) < fit.stderr["tau"]
    assert abs(net.error - 0.02) < 0.006 and not net.settings.hidden


@pytest.mark.slow  # for the import; test_network_user_model.py takes one apart
def test_module_of_equinox_is_trained():
    eqx = pytest.importorskip("equinox")
    import jax
    import jax.numpy as jnp

    module = eqx.nn.MLP(1, 1, 8, 1, activation=jnp.tanh, key=jax.random.key(0))
    net = ty.train(*sine(80, 0), model=module, members=10)
    assert net.error < 0.2


def test_model_that_overflows_is_named():
    import jax.numpy as jnp

    with pytest.raises((ty.errors.ModelError, ty.errors.NotConvergedError)):
        ty.train(
            np.linspace(0, 1, 30), np.linspace(1, 2, 30), members=10,
            model=lambda p, x: jnp.exp(p["k"] * 1e6 + x[0]), params={"k": 1.0},
        )  # fmt: skip
