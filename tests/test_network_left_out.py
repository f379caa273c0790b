"""What is stated of left-out rows when rows are not drawn one by one: groups, copies, weights."""

import numpy as np
import pytest
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist
from scipy.special import stdtrit

import taylored as ty
from taylored.networks.alike import _spanning_tree, near_copies, shared_columns
from taylored.networks.averages import alike_in_groups, effective_units, mean_and_stderr
from taylored.networks.doubts import alike_in_column, doubts_of
from taylored.networks.folds import make_folds
from taylored.networks.outofbag import OutOfBag
from taylored.networks.store import from_bytes


def names(findings):
    return {f.name for f in findings}


# ---- averages ----


def test_stderr_of_a_mean_is_the_textbook_one():
    values = np.random.default_rng(0).normal(size=50)
    mean, stderr = mean_and_stderr(values, np.full(50, 3.0))
    assert mean == pytest.approx(values.mean())
    assert stderr == pytest.approx(values.std(ddof=1) / 50**0.5)


def test_rows_entered_five_times_in_groups_count_once():
    values = np.random.default_rng(1).normal(size=30)
    number = np.repeat(np.arange(30), 5)
    mean, stderr = mean_and_stderr(values, np.ones(30))
    found = mean_and_stderr(np.repeat(values, 5), np.ones(150), number)
    assert found == pytest.approx((mean, stderr * stdtrit(29, 0.975) / 1.959964))
    assert effective_units(np.ones(150), number) == pytest.approx(30)


def test_stderr_of_groups_is_the_spread_of_the_mean():
    rng = np.random.default_rng(2)
    number = np.repeat(np.arange(40), 4)
    draws = rng.normal(size=(3000, 40))[:, number] + rng.normal(size=(3000, 160))
    found = np.array([mean_and_stderr(d, np.ones(160), number) for d in draws])
    assert np.sqrt((found[:, 1] ** 2).mean()) == pytest.approx(found[:, 0].std(), rel=0.05)


def test_all_weight_in_one_group_tells_nothing():
    weights, number = np.array([1.0, 2.0, 0.0]), np.array([0, 0, 1])
    assert mean_and_stderr(np.array([1.0, 4.0, 9.0]), weights, number) == (3.0, np.inf)


# ---- rows that are nearly alike ----


@pytest.mark.parametrize("columns", [1, 3, 10])
def test_spanning_tree_is_as_short_as_that_of_scipy(columns):
    z = np.random.default_rng(columns).normal(size=(80, columns))
    parent, length = _spanning_tree(z)
    assert np.linalg.norm(z - z[parent], axis=1)[1:] == pytest.approx(length[1:])
    assert length[1:].sum() == pytest.approx(minimum_spanning_tree(cdist(z, z)).sum())


@pytest.mark.parametrize(
    ("columns", "times", "jitter"), [(1, 2, 1e-6), (3, 5, 1e-3), (10, 3, 1e-2)]
)
def test_near_copies_are_found(columns, times, jitter):
    rng = np.random.default_rng(0)
    z = np.repeat(rng.normal(size=(100, columns)), times, axis=0)
    found = near_copies(z + jitter * rng.normal(size=z.shape))
    assert found is not None
    together = found.reshape(100, times)
    assert np.mean((together == together[:, :1]).all(axis=1)) > 0.97
    assert found.max() + 1 >= 97


@pytest.mark.parametrize("seed", range(8))
def test_rows_drawn_one_by_one_are_no_copies(seed):
    rng = np.random.default_rng(seed)
    normal = rng.normal(size=(int(rng.integers(30, 400)), int(rng.integers(1, 8))))
    kinds = [
        normal, rng.standard_cauchy(size=normal.shape), np.exp(3 * normal), np.round(3 * normal),
        0.01 * np.cumsum(normal, axis=0), 1e-4 * normal + rng.integers(0, 5, (len(normal), 1)),
    ]  # fmt: skip
    assert all(near_copies(z) is None and not shared_columns(z)[0] for z in kinds)


def test_columns_that_name_things_are_found():
    rng = np.random.default_rng(0)
    person = rng.integers(0, 25, 300)
    z = np.column_stack([rng.normal(size=300), *rng.normal(size=(2, 25))[:, person]])
    assert shared_columns(z) == ([1, 2], 25)


@pytest.mark.parametrize("curve", [np.square, np.exp, lambda x: 32 + 1.8 * x])
def test_columns_that_are_functions_of_one_another_name_nothing(curve):
    x = np.random.default_rng(0).integers(-20, 20, 400) / 10
    assert shared_columns(np.column_stack([x, curve(x)])) == ([], 0)


def test_many_rows_are_compared_in_slabs(monkeypatch):
    monkeypatch.setattr("taylored.networks.alike._WORK", 1e5)
    rng = np.random.default_rng(0)
    z = np.repeat(rng.normal(size=(400, 2)), 3, axis=0) + 1e-6 * rng.normal(size=(1200, 2))
    found = near_copies(z)
    assert found is not None and found.max() + 1 >= 390


# ---- what follows ----


def patients(groups, times, seed, jitter=None):
    """Rows of people whose y has a part of their own; x the same up to the jitter, or other."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(groups), times)
    x = rng.uniform(-2, 2, groups)[person] if jitter else rng.uniform(-2, 2, len(person))
    x = x + (jitter or 0) * rng.normal(size=len(x))
    own = 0.5 * rng.normal(size=groups)[person]
    return x, np.sin(x) + own + 0.1 * rng.normal(size=len(x)), person


@pytest.fixture(scope="module")
def of_groups():
    x, y, person = patients(20, 6, 0)
    return ty.train(x, y, groups=person, hidden=(4,), members=10)


def test_few_groups_have_large_standard_errors(of_groups):
    found = of_groups.out_of_bag
    assert found.units == pytest.approx(20) and "few-groups" in names(of_groups.findings)
    squares = (found.residual**2)[:, 0].reshape(20, 6).mean(axis=1)
    by_hand = squares.std(ddof=1) / 20**0.5 / (2 * squares.mean() ** 0.5) * found.ratio[0]
    by_hand *= stdtrit(19, 0.975) / 1.959964
    assert found.error_stderr[0] == pytest.approx(by_hand)
    assert of_groups.coverage()[0].stderr > 0.04
    assert "errors-depend-on-order" not in names(of_groups.findings)


def test_groups_survive_saving(of_groups):
    again = from_bytes(of_groups.to_bytes())
    assert np.array_equal(again.folds.groups, of_groups.folds.groups)
    assert again.error_stderr == of_groups.error_stderr


def test_quantile_counts_groups():
    x, y, person = patients(8, 10, 1)
    net = ty.train(x, y, groups=person, hidden=(3,), members=8)
    assert {"intervals-without-ends", "few-groups"} <= names(net.findings)
    assert (
        net.accuracy == "unknown"
        and net.predict(x[:2]).why == "8 groups are too few for this level"
    )
    assert np.isinf(net.predict(x[:2]).hi).all()
    (measured,) = net.coverage()
    assert not measured.known and measured.holds and str(measured) == "unknown"
    assert "unknown" in net.report() and "nan" not in net.report()


def test_near_copies_are_left_out_together_and_each_row_alone_if_asked_for():
    x, y, person = patients(30, 3, 2, jitter=1e-6)
    net = ty.train(x, y, hidden=(4,), members=10)
    assert "near-copies" in names(net.findings)
    assert all(len(set(net.folds.number[0][person == k])) == 1 for k in range(30))
    alone = ty.train(x, y, groups=range(90), hidden=(4,), members=10)
    assert "near-copies" not in names(alone.findings) and alone.folds.groups is None
    assert alone.error < net.error


def test_columns_of_people_are_named():
    rng = np.random.default_rng(3)
    x, y, person = patients(25, 4, 3)
    table = {"time": x, "age": rng.normal(40, 9, 25)[person], "mass": rng.normal(70, 9, 25)[person]}
    net = ty.train(table, y, hidden=(4,), members=10)
    (told,) = [f for f in net.findings if f.name == "rows-belong-together"]
    assert "age, mass take only 25 combinations" in told.message and "groups=" in told.next_step


def out_of_bag(residual, groups=None, weights=None):
    residual = residual[:, None]
    folds = make_folds(len(residual), 10, np.random.default_rng(0), groups=groups)
    none = np.zeros_like(residual)
    return OutOfBag(residual, none, none, none + 1, folds, weights)


def test_errors_that_are_alike_where_a_column_is_equal_are_named():
    rng = np.random.default_rng(0)
    z = rng.integers(0, 30, (300, 2)) / 7
    own = rng.normal(size=30)[(7 * z[:, 1]).round().astype(int)]
    found = out_of_bag(own + 0.5 * rng.normal(size=300))
    (told,) = alike_in_column(found, z, {0: "dose", 1: "batch"})
    assert "equal batch" in told.message
    assert not alike_in_column(out_of_bag(rng.normal(size=300)), z, {0: "dose", 1: "batch"})


def test_neighbors_of_one_group_may_err_alike():
    rng = np.random.default_rng(0)
    number = np.repeat(np.arange(60), 5)
    residual = rng.normal(size=60)[number]
    assert "errors-depend-on-order" in names(doubts_of(out_of_bag(residual), ()))
    assert "errors-depend-on-order" not in names(doubts_of(out_of_bag(residual, number), ()))


def test_weights_that_leave_few_rows_leave_nothing_known():
    rng = np.random.default_rng(0)
    weights = np.where(np.arange(200) < 5, 1.0, 1e-6)
    found = out_of_bag(rng.normal(size=200), weights=weights)
    assert found.too_few == "5.0 effective rows are too few"
    assert "count as 5" in next(f.message for f in doubts_of(found, ()) if f.name == "few-rows")


@pytest.mark.parametrize("period", [12, 24])
def test_hours_on_a_circle_name_nothing(period):
    hour = np.random.default_rng(0).integers(0, period, 300)
    angle = 2 * np.pi * hour / period
    assert shared_columns(np.column_stack([np.sin(angle), np.cos(angle)])) == ([], 0)


def test_people_measured_coarsely_are_found():
    rng = np.random.default_rng(0)
    person = rng.permutation(np.repeat(np.arange(40), 8))
    z = np.round(rng.normal(size=(40, 4)), 1)[person]
    assert shared_columns(np.column_stack([z, rng.normal(size=320)]))[0] == [0, 1, 2, 3]


def test_equal_inputs_with_other_responses_are_left_out_together():
    rng = np.random.default_rng(0)
    row = rng.permutation(np.repeat(np.arange(60), 2))
    found = near_copies(rng.normal(size=(60, 3))[row])
    assert found is not None
    assert np.array_equal(found[:, None] == found, row[:, None] == row)
    levels = rng.integers(0, 8, (200, 2)).astype(float)  # a design: equal by chance
    assert near_copies(levels) is None


def test_design_effect_of_rows_alike_and_of_independent_ones():
    number = np.repeat(np.arange(200), 5)
    rng = np.random.default_rng(0)
    own = rng.normal(size=200)[number]
    assert alike_in_groups(own, number) == pytest.approx(5, rel=0.01)
    assert 1 <= alike_in_groups(rng.normal(size=1000), number) < 1.6
    half = alike_in_groups(own + rng.normal(size=1000), number)  # 1 + 4/2, and its error
    assert 2.6 < half < 4
    assert alike_in_groups(rng.normal(size=9), np.arange(9)) == 1


def test_what_is_not_learned_is_told():
    x = np.arange(300.0)
    y = 3 * np.sin(2 * np.pi * x / 25) + np.random.default_rng(0).normal(0, 0.5, 300)
    net = ty.train(x, y, members=10)
    assert {"no-better-than-the-mean", "more-to-learn", "baseline-wins"} <= names(net.findings)
    assert "errors-depend-on-order" not in names(net.findings)
    assert not any("say nothing" in f.next_step for f in net.findings)
    x, y, _ = patients(100, 1, 0)
    assert "more-to-learn" not in names(ty.train(x, y, members=10).findings)


def test_rows_beyond_the_ends_are_trusted_a_few_spacings_far():
    x, y, _ = patients(100, 1, 0)
    net = ty.train(x, y, hidden=(4,), members=10)
    beyond = x.max() + np.array([0.02, 0.05]) * np.ptp(x)
    assert net.predict(beyond).trusted.tolist() == [True, False]


def test_rows_of_the_same_things_are_measured_and_not_calibrated():
    rng = np.random.default_rng(3)
    x, y, person = patients(25, 4, 3)
    own = rng.normal(size=(2, 25))[:, person]
    net = ty.train(np.column_stack([x, *own]), y, hidden=(4,), members=10)
    assert net.accuracy == "estimated" and net.predict([[0.0, *own[:, 0]]]).kind == "estimated"
