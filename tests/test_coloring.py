"""Colors of sparsity patterns: every entry comes back exactly, in few passes, provably few."""

from __future__ import annotations

import subprocess
import sys
from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from taylored.calculus.coloring import Coloring, color
from taylored.calculus.coloring.bounds import both_ways, symmetric
from taylored.calculus.coloring.pattern import Pattern


def csr(dense) -> sp.csr_matrix:
    matrix = sp.csr_matrix(dense).astype(float)
    matrix.sum_duplicates()
    matrix.sort_indices()
    matrix.data[:] = 1.0
    return matrix


def colored(matrix, **options) -> Coloring:
    matrix = csr(matrix)
    return color(matrix.indptr, matrix.indices, matrix.shape, **options)


def values(matrix: sp.csr_matrix, is_symmetric: bool) -> sp.csr_matrix:
    """Random integers on the pattern: sums of them are exact in floating point."""
    rng = np.random.default_rng(1)
    filled = matrix.copy()
    filled.data = rng.integers(1, 1000, matrix.nnz) * rng.choice([-1.0, 1.0], matrix.nnz)
    if is_symmetric:
        upper = sp.triu(filled, format="csr")
        filled = csr(matrix).multiply(upper + sp.triu(upper, 1).T).tocsr()
        filled.sort_indices()
    return filled


def products(c: Coloring, filled: sp.csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """The products with the seeds, by their definition."""
    m, n = filled.shape
    forward = [filled @ (c.columns == k).astype(float) for k in range(c.forward)]
    reverse = [(c.rows == k).astype(float) @ filled for k in range(c.reverse)]
    return np.reshape(forward, (c.forward, m)), np.reshape(reverse, (c.reverse, n))


def checked(matrix, **options) -> Coloring:
    """Color, recover integers from the products, and compare all of them exactly."""
    matrix = csr(matrix)
    c = colored(matrix, **options)
    filled = values(matrix, options.get("symmetric", False))
    forward, reverse = products(c, filled)
    recovered = c.recover(forward, reverse)
    assert recovered.shape == (matrix.nnz,)
    assert np.array_equal(recovered, filled.data)
    assert c.lower_bound <= c.passes == c.forward + c.reverse
    assert c.bound
    for colors, count, size in ((c.columns, c.forward, 1), (c.rows, c.reverse, 0)):
        assert (colors is None) == (count == 0)
        if colors is not None:
            assert colors.dtype == np.int32 and colors.shape == (matrix.shape[size],)
            assert set(colors.tolist()) - {-1} == set(range(count))
    if c.kind not in ("acyclic", "empty"):
        flat = np.concatenate([forward.ravel(), reverse.ravel()])
        assert c.source is not None and c.source.dtype == np.int64
        assert np.array_equal(flat[c.source], filled.data)
        assert c.depth == 0
    assert c.depth <= 16
    return c


def band(n: int, b: int) -> sp.csr_matrix:
    offsets = list(range(-b, b + 1))
    return sp.diags_array([1.0] * len(offsets), offsets=offsets, shape=(n, n)).tocsr()


def arrow(n: int, at: int = 0, diagonal: bool = True) -> sp.csr_matrix:
    dense = np.eye(n) if diagonal else np.zeros((n, n))
    dense[at, :] = dense[:, at] = 1.0
    dense[at, at] = float(diagonal)
    return csr(dense)


def ring(n: int) -> sp.csr_matrix:
    return csr(band(n, 1) + sp.coo_array(([1.0, 1.0], ([0, n - 1], [n - 1, 0])), shape=(n, n)))


def grid(width: int, fields: int = 1, periodic: bool = False) -> sp.csr_matrix:
    """Five points, fields coupled in a cell and stored one after another."""
    line = ring(width) if periodic else band(width, 1)
    one = sp.identity(width)
    stencil = sp.kron(one, line) + sp.kron(line, one)
    cells = sp.identity(width * width)
    return csr(sp.kron(np.eye(fields), stencil) + sp.kron(np.ones((fields, fields)), cells))


def scattered(m: int, n: int, count: int, seed: int = 0) -> sp.csr_matrix:
    rng = np.random.default_rng(seed)
    at = rng.integers(0, m, count), rng.integers(0, n, count)
    return csr(sp.coo_array((np.ones(count), at), shape=(m, n)))


def block_arrow(blocks: int, size: int, border: int) -> np.ndarray:
    n = blocks * size + border
    dense = np.kron(np.eye(blocks), np.ones((size, size)))
    whole = np.ones((n, n))
    whole[: n - border, : n - border] = dense
    return whole


JACOBIANS = {
    "diagonal": (sp.identity(50), "column", 1),
    "dense": (np.ones((6, 6)), "column", 6),
    "dense, wide": (np.ones((3, 9)), "row", 3),
    "dense, tall": (np.ones((9, 3)), "column", 3),
    "one entry": ([[0, 0], [1, 0]], "column", 1),
    "one row": (np.ones((1, 7)), "row", 1),
    "one column": (np.ones((7, 1)), "column", 1),
    "a sum": ([[1, 1, 1, 1, 0]], "row", 1),
    "bidiagonal": (np.eye(40) + np.eye(40, k=1), "column", 2),
    "tridiagonal": (band(60, 1), "column", 3),
    "band": (band(80, 3), "column", 7),
    "ring of 30": (ring(30), "column", 3),
    "ring of 31": (ring(31), "column", 4),
    "5 points": (grid(12), "column", 5),
    "5 points, periodic": (grid(15, periodic=True), "column", 5),
    "Gray-Scott": (grid(18, 2, periodic=True), "column", 6),
    "Brusselator": (np.kron(np.eye(2), band(40, 1).toarray()) + np.eye(80, k=40), "column", 4),
    "blocks": (np.kron(np.eye(20), np.ones((4, 3))), "column", 3),
    "arrow": (arrow(40), "bidirectional", 3),
    "arrow, inside": (arrow(40, at=17), "bidirectional", 3),
    "block arrow": (block_arrow(20, 3, 2), "bidirectional", 7),
    "a dense row": (np.vstack([np.eye(30), np.ones((1, 30))]), "row", 2),
    "a dense column": (np.hstack([np.ones((30, 1)), np.eye(30)]), "column", 2),
}


@pytest.mark.parametrize("name", JACOBIANS)
def test_known_jacobians(name):
    matrix, kind, passes = JACOBIANS[name]
    c = checked(matrix)
    assert (c.kind, c.passes) == (kind, passes)


@pytest.mark.parametrize("name", sorted(set(JACOBIANS) - {"ring of 31", "Brusselator"}))
def test_the_bound_is_reached_where_the_optimum_is_known(name):
    matrix, _, passes = JACOBIANS[name]
    assert colored(matrix).lower_bound == passes


HESSIANS = {
    "diagonal": (sp.identity(20), "column", 1, 1),
    "dense": (np.ones((7, 7)), "column", 7, 7),
    "blocks": (np.kron(np.eye(9), np.ones((4, 4))), "column", 4, 4),
    "tridiagonal": (band(90, 1), "column", 3, 3),
    "path of three": (band(3, 1), "star", 2, 2),
    "arrow": (arrow(30), "star", 2, 2),
    "arrow without diagonal": (arrow(30, diagonal=False), "star", 1, 1),
    "band 2": (band(90, 2), "acyclic", 4, 5),
    "band 3": (band(90, 3), "acyclic", 5, 7),
    "5 points": (grid(9), "acyclic", 4, 5),
    "two off-diagonal entries": ([[0, 1], [1, 0]], "column", 1, 1),
}


@pytest.mark.parametrize("name", HESSIANS)
def test_known_hessians(name):
    matrix, kind, passes, direct = HESSIANS[name]
    c = checked(matrix, symmetric=True)
    assert (c.kind, c.passes) == (kind, passes)
    d = checked(matrix, symmetric=True, substitution=False)
    assert d.passes == direct and d.depth == 0


def test_bordered_band_needs_few_passes():
    dense = band(300, 3).toarray()
    dense[-1, :] = dense[:, -1] = 1.0
    assert checked(dense, symmetric=True).passes <= 6
    assert checked(dense, symmetric=True, substitution=False).passes <= 8


@pytest.mark.parametrize("shape", [(0, 0), (0, 4), (4, 0), (3, 3), (2, 5)])
def test_no_entries(shape):
    c = checked(np.zeros(shape))
    assert (c.kind, c.passes, c.lower_bound) == ("empty", 0, 0)
    assert c.columns is None and c.rows is None


def test_only_what_is_allowed_is_used():
    tall = np.vstack([np.eye(30), np.ones((1, 30))])
    assert checked(tall, reverse=False).kind == "column"
    assert checked(tall, reverse=False).passes == 30
    assert checked(tall, forward=False).kind == "row"
    assert checked(tall, forward=False).passes == 2
    assert checked(tall, bidirectional=False).passes == 2
    assert checked(arrow(25), bidirectional=False).passes == 25
    assert checked(tall.T, forward=False).passes == 30


def test_neither_direction_is_an_error():
    with pytest.raises(ValueError, match="neither forward nor reverse"):
        colored(np.eye(3), forward=False, reverse=False)


def test_a_symmetric_pattern_has_to_be_symmetric():
    with pytest.raises(ValueError, match=r"shape \(3, 3\)"):
        colored(np.triu(np.ones((3, 3))), symmetric=True)
    with pytest.raises(ValueError, match="symmetric"):
        colored(np.ones((2, 3)), symmetric=True)


def test_a_known_bound_is_kept():
    assert colored(ring(31), lower=4).lower_bound == 4


def test_empty_rows_and_columns_are_in_no_pass():
    dense = np.zeros((6, 7))
    dense[1, 2] = dense[4, 2] = dense[4, 5] = 1.0
    c = checked(dense, reverse=False)
    assert c.columns.tolist() == [-1, -1, c.columns[2], -1, -1, c.columns[5], -1]
    assert c.passes == 2


LARGER = {
    "scattered": scattered(300, 300, 900),
    "scattered wide": scattered(60, 500, 1500),
    "scattered tall": scattered(500, 60, 1500),
    "nearly dense": scattered(40, 40, 900),
    "dense rows and columns": np.maximum(scattered(120, 120, 200).toarray() > 0, 0)
    + (np.arange(120) % 40 == 7)[:, None]
    + (np.arange(120) % 60 == 3)[None, :],
    "triangle": np.tril(np.ones((25, 25))),
    "grid, odd and periodic": grid(13, 2, periodic=True),
    "toeplitz": sp.diags_array([1.0] * 4, offsets=[-9, -2, 0, 5], shape=(200, 200)),
    "kkt": sp.block_array(
        [[sp.identity(90), scattered(90, 30, 120)], [scattered(30, 90, 120), None]]
    ),
    "kron": sp.kron(scattered(12, 12, 30), scattered(15, 15, 40)),
}


@pytest.mark.every(3)
@pytest.mark.parametrize("name", LARGER)
def test_larger_jacobians(name):
    matrix = csr(LARGER[name])
    both = checked(matrix)
    one = checked(matrix, bidirectional=False)
    forward, reverse = checked(matrix, reverse=False), checked(matrix, forward=False)
    assert both.passes <= one.passes == min(forward.passes, reverse.passes)
    assert both.lower_bound <= one.lower_bound
    assert forward.kind == "column" and reverse.kind == "row"


@pytest.mark.every(4)
@pytest.mark.parametrize("name", LARGER)
def test_larger_hessians(name):
    matrix = csr(LARGER[name])
    matrix = (
        csr(matrix.T @ matrix) if matrix.shape[0] != matrix.shape[1] else csr(matrix + matrix.T)
    )
    free = checked(matrix, symmetric=True)
    direct = checked(matrix, symmetric=True, substitution=False)
    assert free.passes <= direct.passes <= colored(matrix, reverse=False).passes
    assert direct.kind in ("column", "star")


@pytest.mark.parametrize("name", ["scattered", "kkt", "grid, odd and periodic"])
def test_any_numbering_is_colored(name):
    matrix = csr(LARGER[name])
    m, n = matrix.shape
    rng = np.random.default_rng(3)
    checked(matrix[rng.permutation(m)][:, rng.permutation(n)])
    order = rng.permutation(n)
    checked(csr(matrix + matrix.T)[order][:, order], symmetric=True)


def test_equal_patterns_get_equal_colors():
    matrix = csr(LARGER["scattered"])
    wide = Pattern(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.shape)
    first, second = colored(matrix), color(wide.indptr, wide.indices, wide.shape)
    assert first.kind == second.kind
    assert np.array_equal(first.rows, second.rows)


patterns = st.integers(1, 7).flatmap(
    lambda m: st.integers(1, 7).flatmap(
        lambda n: st.lists(st.booleans(), min_size=m * n, max_size=m * n).map(
            lambda bits: np.array(bits, dtype=float).reshape(m, n)
        )
    )
)


@settings(max_examples=100, deadline=None)
@given(patterns)
def test_any_small_jacobian(dense):
    both = checked(dense)
    assert both.passes <= checked(dense, bidirectional=False).passes


@settings(max_examples=100, deadline=None)
@given(patterns)
def test_any_small_hessian(dense):
    size = min(dense.shape)
    square = dense[:size, :size]
    free = checked(square + square.T, symmetric=True)
    direct = checked(square + square.T, symmetric=True, substitution=False)
    assert free.passes <= direct.passes


def enough(dense: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> bool:
    """Whether the products with these seeds determine all entries: a rank."""
    m, n = dense.shape
    images = []
    for i, j in np.argwhere(dense):
        unit = np.zeros((m, n))
        unit[i, j] = 1.0
        images.append(np.concatenate([(unit @ columns.T).ravel(), (rows @ unit).ravel()]))
    return np.linalg.matrix_rank(np.array(images)) == len(images)


@settings(max_examples=60, deadline=None)
@given(patterns)
def test_no_linear_method_beats_the_bound(dense):
    """With one pass less than the bound, even random seeds leave entries undetermined."""
    if not dense.any():
        return
    rng = np.random.default_rng(0)
    pattern = Pattern(csr(dense).indptr, csr(dense).indices, dense.shape)
    lower = both_ways(pattern, min(int(dense.sum(1).max()), int(dense.sum(0).max())))
    assert lower == colored(dense).lower_bound
    for forward in range(lower):
        reverse = lower - 1 - forward
        seeds = rng.normal(size=(forward, dense.shape[1])), rng.normal(size=(reverse, len(dense)))
        if forward + reverse:
            assert not enough(dense, *seeds)


@settings(max_examples=60, deadline=None)
@given(patterns)
def test_no_linear_method_beats_the_symmetric_bound(dense):
    size = min(dense.shape)
    square = dense[:size, :size] + dense[:size, :size].T > 0
    lower = colored(square, symmetric=True).lower_bound
    pairs = [(i, j) for i, j in np.argwhere(square) if i <= j]
    if lower < 2:
        return
    seeds = np.random.default_rng(0).normal(size=(size, lower - 1))
    images = []
    for i, j in pairs:
        unit = np.zeros((size, size))
        unit[i, j] = unit[j, i] = 1.0
        images.append((unit @ seeds).ravel())
    assert np.linalg.matrix_rank(np.array(images)) < len(pairs)


def best_column_count(dense: np.ndarray) -> int:
    n = dense.shape[1]
    for k in range(1, n + 1):
        for colors in product(range(k), repeat=n):
            seeds = np.eye(k)[list(colors)]
            if np.max(dense @ seeds) <= 1:
                return k
    return n


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.booleans(), min_size=25, max_size=25))
def test_column_colors_of_tiny_patterns_are_the_fewest(bits):
    dense = np.array(bits, dtype=float).reshape(5, 5)
    if dense.any():
        c = checked(dense, reverse=False)
        assert c.lower_bound <= best_column_count(dense) <= c.passes
        assert c.passes == best_column_count(dense)


def test_dense_symmetric_matrices_need_all_passes():
    matrix = csr(np.ones((9, 9)))
    assert symmetric(Pattern(matrix.indptr, matrix.indices, matrix.shape), 9) == 9


@pytest.mark.parametrize("name", LARGER)
def test_conflicts_are_counted(name):
    matrix = csr(LARGER[name])
    pattern = Pattern(matrix.indptr, matrix.indices, matrix.shape)
    dense = (matrix.T @ matrix).toarray() > 0
    assert np.array_equal(pattern.conflicts, np.maximum(dense.sum(1) - 1, 0))
    assert np.array_equal(pattern._unions(), pattern._products())


def test_large_block_arrow_needs_few_passes():
    inner = sp.kron(sp.identity(1000), np.ones((5, 5)))
    border = np.ones((5000, 3))
    matrix = sp.block_array([[inner, border], [border.T, np.ones((3, 3))]])
    assert checked(matrix).passes == 11


def test_large_patterns():
    n = 20_000
    at = np.arange(n)
    rows = np.concatenate([at, np.zeros(n, dtype=int), at])
    columns = np.concatenate([at, at, np.zeros(n, dtype=int)])
    head = csr(sp.coo_array((np.ones(3 * n), (rows, columns)), shape=(n, n)))
    assert checked(head).passes == 3
    assert checked(head, symmetric=True).passes == 2
    assert checked(grid(70, 2, periodic=True)).passes <= 7
    assert checked(band(n, 2), symmetric=True).passes == 4


def test_recovery_with_jax():
    jnp = pytest.importorskip("jax.numpy")
    matrix = csr(band(40, 3))
    c = colored(matrix, symmetric=True)
    assert c.kind == "acyclic" and c.depth > 0
    filled = values(matrix, True)
    forward, _ = products(c, filled)
    recovered = c.recover(jnp.asarray(forward, dtype=jnp.float32), xp=jnp)
    assert np.array_equal(np.asarray(recovered), filled.data)


def test_nothing_heavy_is_imported():
    code = (
        "import sys, taylored.calculus.coloring; "
        "print([m for m in ('jax', 'scipy', 'numba', 'networkx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
