"""Sparse symmetric factors: inertia and solutions against dense ones, dense rows, patterns."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.sparse import block_array, csr_array, diags_array, eye_array, random_array

from taylored.optimize.factorize import elimination_order, pivoting_lu, symmetric_lu


def _saddle(n, m, seed, dense_rows=0):
    """[[H, A'], [A, -1e-4]] with H positive definite: n positive eigenvalues, m negative."""
    rng = np.random.default_rng(seed)
    a = random_array((n, n), density=2.0 / n, rng=rng)
    rows = random_array((m, n), density=3.0 / n, rng=rng).tolil()
    rows[:dense_rows] = rng.standard_normal((dense_rows, n))
    rows = csr_array(rows)
    h = a @ a.T + eye_array(n)
    return block_array([[h, rows.T], [rows, -1e-4 * eye_array(m)]], format="csc")


@pytest.mark.parametrize("dense_rows", [0, 2])
@pytest.mark.parametrize("once", [False, True])
def test_inertia_and_solutions(once, dense_rows):
    for seed in range(3):
        matrix = _saddle(400, 100, seed, dense_rows)
        for scale in (1.0, 2.0):  # the second time the order is known
            found = symmetric_lu(scale * matrix, once=once)
            assert found is not None and found.on_diagonal
            signs = np.linalg.eigvalsh(matrix.toarray()) > 0
            assert (found.pivots > 0).sum() == signs.sum() == 400
            right = np.random.default_rng(seed).standard_normal(500)
            truth = np.linalg.solve(scale * matrix.toarray(), right)
            assert found.solve(right) == pytest.approx(truth, rel=1e-8, abs=1e-8)
            assert found.solve(right, "T") == pytest.approx(truth, rel=1e-8, abs=1e-8)


def test_a_dense_row_costs_no_more_than_its_entries():
    n = 100_000
    row = csr_array(np.ones((1, n)))
    matrix = block_array(
        [[eye_array(n), row.T], [row, csr_array([[-1e-8]])]], format="csc"
    )  # fmt: skip
    began = time.process_time()
    found = symmetric_lu(matrix)
    assert time.process_time() - began < 60  # hangs, not speed
    assert found is not None and found.on_diagonal and (found.pivots < 0).sum() == 1
    # x + y = 1 and sum x = 0 (but for 1e-8): x = 1 - y, y = 1.
    assert found.solve(np.append(np.ones(n), 0.0))[-1] == pytest.approx(1.0, abs=1e-9)
    assert elimination_order(matrix)[-1] == n


def test_an_exactly_singular_matrix_has_no_factors():
    zero = diags_array(np.array([1.0, 0.0, 2.0])).tocsc()
    assert symmetric_lu(zero) is None and pivoting_lu(zero, 0.1) is None


def test_interchanges_of_rows_do_not_fill_in():
    # Hardly any curvature and nearly as many constraints as variables: no diagonal pivot is good.
    n = 3000
    a = diags_array([np.ones(n), np.ones(n - 1)], offsets=np.array([0, 1])).tocsr()[: n - 1]  # pyright: ignore
    h = 1e-9 * eye_array(n)
    matrix = block_array([[h, a.T], [a, None]], format="csc")
    found = pivoting_lu(matrix, 0.1)
    assert found is not None and found.nnz < 20 * matrix.nnz
    right = np.random.default_rng(0).standard_normal(2 * n - 1)
    x = found.solve(right)
    assert np.abs(matrix @ x - right).max() <= 1e-9 * np.abs(x).max()
