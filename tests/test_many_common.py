"""What all fits of a job miss together: found, and not where nothing is missed."""

import numpy as np
import pytest

from taylored.many import fit_many

X = np.linspace(0.1, 6.0, 16)
QUIET = {"progress": False, "threads": 1}
FITS = 3000


def decays(noise, seed=0, bump=0.0):
    """Decays, which may all have the same small bump at x = 3."""
    random = np.random.default_rng(seed)
    y = random.uniform(0.5, 1.5, (FITS, 1)) * np.exp(-X / random.uniform(1.0, 3.0, (FITS, 1)))
    y += 0.2 + bump * np.exp(-(((X - 3.0) / 0.5) ** 2))
    return y + noise * random.normal(size=y.shape)


def names(many):
    return [f.name for f in many.warnings]


@pytest.mark.parametrize("sigma", [None, 0.05])
def test_a_shape_that_single_fits_cannot_see(sigma):
    many = fit_many("a*exp(-x/t) + c", X, decays(0.05, bump=0.03), sigma=sigma, **QUIET)
    assert many.usable.mean() > 0.99  # each fit alone is good
    assert names(many) == ["common-misfit"]
    (found,) = many.warnings
    assert found.severity == "warning" and "point 7, x = 2.853" in found.message


@pytest.mark.parametrize("noise", [0.01, 0.1, 0.4])
@pytest.mark.parametrize("formula", ["a*exp(-x/t) + c", "a*exp(-x/t) + 0.2"])
def test_no_alarm_where_the_model_is_right(formula, noise):
    assert not names(fit_many(formula, X, decays(noise), **QUIET))


def test_no_alarm_where_weak_signals_bend_the_model():
    random = np.random.default_rng(3)
    y = random.uniform(0.5, 1.5, (FITS, 1)) * X / (random.uniform(0.5, 3.0, (FITS, 1)) + X)
    for noise in (0.15, 0.4):
        noisy = y + noise * random.normal(size=y.shape)
        assert not names(fit_many("a*x/(k + x)", X, noisy, **QUIET))


def test_whatever_the_layout(tmp_path):
    y = decays(0.05, bump=0.04)
    gaps = np.ma.masked_array(y, np.random.default_rng(1).random(y.shape) < 0.1)
    np.save(tmp_path / "y.npy", np.ascontiguousarray(y.T))
    stored = np.load(tmp_path / "y.npy", mmap_mode="r").T
    own = np.broadcast_to(X, y.shape).copy()
    for x, given, more in [
        (X, gaps.reshape(50, -1, 16), {}),
        (X, stored, {}),
        ({"x": own}, y, {"sigma": np.full(y.shape, 0.05)}),
        (X, y, {"mask": np.arange(16) != 3}),
    ]:
        many = fit_many("a*exp(-x/t) + c", x, given, **QUIET, **more)
        assert names(many) == ["common-misfit"], many.warnings
        assert ("x = 2.853" in many.warnings[0].message) == (x is X)


def test_few_fits_have_nothing_in_common():
    assert not names(fit_many("a*exp(-x/t) + c", X, decays(0.01, bump=0.05)[:20], **QUIET))
