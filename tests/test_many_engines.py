"""The slow engine, a single fit for each row, gives the verdicts and answers of the native one."""

import numpy as np
import pytest

from many_models import X, made
from taylored.many import fit_many

POINTS = len(X)
NOISE = {"no-signal", "not-converged", "rank-deficient"}


def spoiled():
    """Rows of a decay with the defects that have a verdict, and one of each that is well."""
    formula, y, _ = made("decay", 12, 7)
    y[1] = np.nan
    y[2, 5] = np.inf
    y[3] = 0.0
    y[4] = -1.5
    y[5] = np.minimum(y[5], np.sort(y[5])[-7])
    y[6, 3:] = np.nan
    y[7, 40] += 3.0
    noise = 0.03 * np.random.default_rng(2).normal(size=POINTS)
    y[8] += 0.3 * np.sin(3 * X)  # another curve
    y[9, ::3] = np.nan
    y[10] = 1.0 + noise
    return formula, y


EXPECTED = ["ok", "missing", "infinite", "zero", "flat", "saturated", "too-few-points", "outlier",
            "misfit", "ok", None, "ok"]  # fmt: skip


def both(formula, y, **options):
    return [fit_many(formula, X, y, engine=e, progress=False, **options)
            for e in ("native", "loop")]  # fmt: skip


def test_verdicts_are_those_of_the_native_engine():
    formula, y = spoiled()
    native, loop = both(formula, y)
    for many in (native, loop):
        assert many.status[10] in NOISE
        for found, expected in zip(many.status, EXPECTED, strict=True):
            assert expected in (None, found)
    same = native.usable
    assert np.allclose(native.chi2[same], loop.chi2[same], rtol=1e-9)
    for name in native.names:
        assert np.allclose(native.stderr[name][same], loop.stderr[name][same], rtol=1e-4)


def test_verdicts_with_standard_errors():
    formula, y = spoiled()
    sigma = np.full(y.shape, 0.03)
    sigma[11, 2] = 0.0
    y[10] = np.nan  # noise may end anywhere
    native, loop = both(formula, y, sigma=sigma)
    assert (native.status == loop.status).all()
    assert loop.status[11] == "bad-sigma" and loop.status[7] == "misfit"


def test_masks_and_bounds():
    formula, y = spoiled()
    y = y[[0, 2, 11, 3]]
    mask = np.ones(y.shape, bool)
    mask[1, 5] = False  # the infinite point
    mask[0] = False
    native, loop = both(formula, y, mask=mask, bounds={"a": (0, 1.2), "tau": (0.1, None)})
    assert loop.status[0] == "masked" and loop.status[1] != "infinite"
    assert (loop.status == "at-bound").any()
    assert (native.status == loop.status).all()


@pytest.mark.parametrize("formula", ["a*b*exp(-x/tau) + c", "a*x + b*x + c"])
def test_parameters_that_act_as_one_are_never_ok(formula):
    y = made("decay", 2)[1]
    for many in both(formula, y):
        assert not many.usable.any()
