"""Profile intervals of many fits: those of single fits, and their coverage where data are poor."""

import numpy as np
import pytest

import taylored as ty
from many_models import X, made
from taylored.many import fit_many

QUIET = {"progress": False}
ECHOES = np.linspace(10, 160, 16)


def echoes(noise, fits, seed=0):
    """Decays of 16 echoes, and their times."""
    random = np.random.default_rng(seed)
    times = random.uniform(30, 120, fits)
    y = random.uniform(0.5, 1.5, fits)[:, None] * np.exp(-ECHOES / times[:, None])
    return times, y + noise * random.normal(size=y.shape)


@pytest.mark.every(3)
@pytest.mark.parametrize("name", ["decay", "peak", "growth", "saturation", "no linear one"])
def test_as_single_fits_have_them(name):
    formula, y, _ = made(name, 3, 9)
    many = fit_many(formula, X, y, **QUIET)
    for param in many.names:
        found = many.interval(param, 0.9, "profile-t")
        assert found.kind is ty.Accuracy.CALIBRATED and found.level == 0.9
        for i in range(3):
            one = many.fit(i).interval(param, 0.9, "profile-t")
            width = one.hi - one.lo
            assert abs(found.lo[i] - one.lo) < 3e-3 * width
            assert abs(found.hi[i] - one.hi) < 3e-3 * width


@pytest.mark.every(2)
@pytest.mark.parametrize("noise", [0.5, 0.2, 0.02])
def test_coverage_holds_where_the_model_bends(noise):
    times, y = echoes(noise, 3000)
    many = fit_many("s*exp(-x/t)", ECHOES, y, **QUIET)
    found = many.interval("t", 0.95, "profile-t")
    told = np.isin(many.status, ["ok", "no-signal"])  # those with a verdict after the fit
    told &= ~np.isnan(found.lo) & ~np.isnan(found.hi)
    held = (found.lo <= times) & (times <= found.hi)
    assert told.mean() > 0.95
    assert 0.935 < held[told].mean() < 0.975  # a little more where the data say hardly anything
    if noise > 0.3:  # where the standard error does not tell it
        plain = many.interval("t", 0.95)
        assert ((plain.lo <= times) & (times <= plain.hi))[told].mean() < 0.92
        assert np.isinf(found.hi[told]).any()


def test_with_sigma_and_gaps():
    _, y = echoes(0.05, 6, 3)
    y[1, 3] = np.nan
    sigma = np.full(y.shape, 0.05)
    sigma[2] *= 2.0
    many = fit_many("s*exp(-x/t)", ECHOES, y, sigma=sigma, **QUIET)
    found = many.interval("t", 0.95, "profile-t")
    for i in range(6):
        one = many.fit(i).interval("t", 0.95, "profile-t")
        assert found.lo[i] == pytest.approx(one.lo, rel=1e-3)
        assert found.hi[i] == pytest.approx(one.hi, rel=1e-3)


def test_bounds_end_an_interval():
    _, y = echoes(0.3, 400, 4)
    many = fit_many("s*exp(-x/t)", ECHOES, y, bounds={"t": (1.0, 200.0)}, **QUIET)
    found = many.interval("t", 0.95, "profile-t")
    inside = many.usable
    assert (found.hi[inside] <= 200.0).all() and (found.lo[inside] >= 1.0).all()
    assert (found.hi[inside] == 200.0).any()


def test_shapes_and_refusals():
    _, y = echoes(0.02, 6)
    y[5] = 0.0
    many = fit_many("s*exp(-x/t)", ECHOES, y.reshape(2, 3, 16), **QUIET)
    found = many.interval("t", method="profile-t")
    assert found.lo.shape == (2, 3) and np.isnan(found.lo[1, 2]) and np.isnan(found.hi[1, 2])
    assert np.isfinite(found.lo.ravel()[:5]).all()
    with pytest.raises(ty.errors.ArgumentError, match="no parameter"):
        many.interval("tau", method="profile-t")
    with pytest.raises(ty.errors.ArgumentError, match="method"):
        many.interval("t", method="bootstrap")
    with pytest.raises(ty.errors.ArgumentError, match="level"):
        many.interval("t", 95)
    fixed = fit_many("s*exp(-x/t)", ECHOES, y, fixed={"s": 1.0}, **QUIET)
    with pytest.raises(ty.errors.ArgumentError, match="fixed"):
        fixed.interval("s", method="profile-t")


def test_groups_of_different_length_and_their_labels():
    parts = []
    for k, points in enumerate([16, 9, 16, 12]):
        x = ECHOES[:points]
        y = (1.0 + 0.1 * k) * np.exp(-x / 60.0) + 0.02 * np.sin(3.0 * x + k)
        parts.append((np.full(points, f"P{k // 2}"), np.full(points, f"A{k % 2}"), x, y))
    plate, well, x, y = (np.concatenate(column) for column in zip(*parts, strict=True))
    table = {"plate": plate, "well": well, "x": x, "y": y}
    many = fit_many("y ~ s*exp(-x/t)", table, by=["plate", "well"], **QUIET)
    found = many.interval("t", method="profile-t")
    for k in range(4):
        one = many.fit(k)
        alone = one.interval("t", 0.95, "profile-t")
        assert found.lo[k] == pytest.approx(alone.lo, rel=1e-3)
        assert found.hi[k] == pytest.approx(alone.hi, rel=1e-3)
        assert many.fit((f"P{k // 2}", f"A{k % 2}")).params == one.params
    wells = fit_many("y ~ s*exp(-x/t)", table, by="well", **QUIET)
    assert wells.fit("A1").params == wells.fit(1).params
    for wrong, said in [(("P9", "A1"), "No fit has the key"), ("P1", "labels"), (4, "no fit 4")]:
        with pytest.raises(ty.errors.ArgumentError, match=said):
            many.fit(wrong)
    with pytest.raises(ty.errors.ArgumentError, match="no position"):
        fit_many("s*exp(-x/t)", ECHOES, y[None, :16], **QUIET).fit("A1")
