"""The reference problems of NIST: digits of estimates and standard errors, and of the claims.

54 fits of 27 problems from two starts each, 27 without a start, and the 11 linear ones, against
solutions in 50-digit arithmetic. Each fit is made once and looked at by several tests.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import taylored as ty
from nist import digits, problem, problems

NAMES = [p.name for p in problems("nonlinear")]
LINEAR = [p.name for p in problems("linear")]
STARTS = [(name, start) for name in NAMES for start in (1, 2)]
EXACT_FIT = ("Wampler1", "Wampler2")  # no residuals: standard errors are zero


@cache
def fitted(name, start=None):
    p = problem(name)
    given = p.starts[start - 1] if start else None
    return ty.fit(p.formula, p.columns, start=given)


def by_name(p, values):
    return np.array([values[n] for n in p.names])


def params_digits(name, start=None):
    p = problem(name)
    return digits(by_name(p, fitted(name, start).params), p.exact.params)


def stderr_digits(name, start=None):
    p = problem(name)
    return digits(by_name(p, fitted(name, start).stderr), p.exact.stderr)


# ---- from the certified starts --------------------------------------------------------------


@pytest.mark.parametrize(("name", "start"), STARTS)
def test_parameters_from_a_start(name, start):
    assert params_digits(name, start).min() >= 6
    fit = fitted(name, start)
    assert fit.usable
    assert fit.dof == problem(name).exact.dof


@pytest.mark.parametrize(("name", "start"), STARTS)
def test_residual_figures(name, start):
    p, fit = problem(name), fitted(name, start)
    if p.exact.rss < 1e-24:  # Lanczos1: rounding of the data is all that is left
        assert fit.chi2 <= 10 * p.exact.rss + 1e-24
        return
    assert digits(fit.chi2, p.exact.rss) >= 9
    assert digits(np.sqrt(fit.reduced_chi2), p.exact.residual_sd) >= 9


def test_the_54_fits_together():
    params = {s: params_digits(*s).min() for s in STARTS}
    stderr = {s: stderr_digits(*s).min() for s in STARTS}
    assert len(params) == 54
    assert min(params.values()) >= 6
    assert sum(d >= 9 for d in params.values()) >= 50
    assert sum(d >= 6 for d in stderr.values()) >= 52


def test_no_fit_is_silently_wrong():
    wrong = [
        (name, start)
        for name in NAMES
        for start in (1, 2, None)
        if fitted(name, start).usable and params_digits(name, start).min() < 4
    ]
    assert wrong == []


# ---- without a start ------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_without_a_start_right_or_not_usable(name):
    assert params_digits(name).min() >= 6 or not fitted(name).usable


def test_most_need_no_start():
    assert sum(params_digits(name).min() >= 6 for name in NAMES) >= 24


# ---- linear problems ------------------------------------------------------------------------


@pytest.mark.parametrize("name", LINEAR)
def test_linear_problems(name):
    p, fit = problem(name), fitted(name)
    assert params_digits(name).min() >= 13
    assert fit.usable
    found = by_name(p, fit.stderr)
    if name in EXACT_FIT:
        np.testing.assert_allclose(found, p.exact.stderr, rtol=0, atol=1e-12)
    else:
        assert digits(found, p.exact.stderr).min() >= 12
        assert digits(fit.chi2, p.exact.rss) >= 12


# ---- the claims about digits ----------------------------------------------------------------


def claims():
    """(claimed, true) digits of every parameter of every fit that is usable."""
    keys = [*((n, s) for n in NAMES for s in (1, 2, None)), *((n, None) for n in LINEAR)]
    rows = []
    for name, start in keys:
        if fitted(name, start).usable:
            claimed = by_name(problem(name), fitted(name, start).digits)
            rows.append(((name, start), claimed, params_digits(name, start)))
    return rows


def test_digits_are_never_claimed_that_are_not_there():
    over = {key: float((claimed - true).max()) for key, claimed, true in claims()}
    assert {key: excess for key, excess in over.items() if excess > 1} == {}


def test_digits_are_not_claimed_too_carefully():
    close = [(true - claimed).max() <= 3 for _, claimed, true in claims()]
    assert np.mean(close) >= 0.9


def test_stderr_digits_are_never_claimed_that_are_not_there():
    over = {}
    for name, start in STARTS:
        if problem(name).exact.rss < 1e-20:
            continue  # standard errors made of rounding
        claimed = by_name(problem(name), fitted(name, start).stderr_digits)
        over[name, start] = float((claimed - stderr_digits(name, start)).max())
    assert {key: excess for key, excess in over.items() if excess > 1} == {}
