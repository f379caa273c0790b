"""One fit to data in chunks: digits, equal bits whoever looks at the chunks, memory, losses."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import taylored as ty
from chunked import FORMULA, assert_same, decay, in_chunks, model
from nist import digits, problems
from taylored.errors import ClusterLostError
from taylored.many.big import Chunks
from taylored.many.big import factor as factors
from taylored.many.big import survey as surveys
from taylored.many.big.runner import ClusterLost, Local


@pytest.fixture(scope="module")
def table() -> dict[str, np.ndarray]:
    return decay(30_000)


@pytest.fixture(scope="module")
def big(table):
    return ty.fit(FORMULA, in_chunks(table, 7_001))


# ---- digits ---------------------------------------------------------------------------------

_EVERY = [p for kind in ("nonlinear", "linear") for p in problems(kind)]


# All of them in the slow run; those that cost most digits always.
_HARDEST = ("Bennett5", "Filip", "Lanczos1", "MGH10", "Wampler5")
_HARD = [
    p if p.name in _HARDEST else pytest.param(p, marks=pytest.mark.slow, id=p.name) for p in _EVERY
]


@pytest.mark.parametrize("problem", _HARD, ids=lambda p: p.name)
def test_nist_in_three_chunks(problem):
    big = ty.fit(problem.formula, thirds(problem), start=(problem.starts or (None,))[-1])
    check_digits(big, problem, 6.0)


@pytest.mark.every(6)
@pytest.mark.parametrize("problem", _EVERY, ids=lambda p: p.name)
def test_nist_when_the_sample_has_half_the_rows(problem, monkeypatch):
    """Then the answer comes from passes over chunks alone."""
    rows = len(problem.columns["y"])
    monkeypatch.setattr(
        surveys, "SAMPLE", min(max(2 * len(problem.names) + 2, rows // 2), rows - 1)
    )
    big = ty.fit(problem.formula, thirds(problem), start=(problem.starts or (None,))[-1])
    assert len(big.setup.y) < big.points == rows
    # Of Wampler5 the noise is 1e5 times the signal, and float64 keeps fewer digits.
    check_digits(big, problem, 5.5 if problem.name == "Wampler5" else 6.0)


def thirds(problem):
    return in_chunks(problem.columns, -(-len(problem.columns["y"]) // 3))


def check_digits(big, problem, least):
    assert big.usable
    for i, name in enumerate(problem.names):
        right = digits(big.params[name], problem.exact.params[i])
        assert right >= least
        assert big.digits[name] <= right + 1.0
        of_error = digits(big.stderr[name], problem.exact.stderr[i])
        assert of_error >= (3.0 if problem.name == "Lanczos1" else least)  # residuals of 1e-13
        assert big.stderr_digits[name] <= of_error + 1.0


def test_digits_claimed_of_many_rows():
    """Against the normal equations in exact rational arithmetic."""
    rng = np.random.default_rng(5)
    x = np.round(rng.uniform(0.0, 20.0, 9_000) * 64) / 64
    y = np.round((1.0 + x + x**2 + x**3 + 50.0 * rng.normal(size=9_000)) * 2**20) / 2**20
    big = ty.fit("y ~ a + b*x + c*x**2 + d*x**3", in_chunks({"x": x, "y": y}, 1_000))
    exact = cubic_exactly(x, y)
    assert len(big.setup.y) < big.points
    for name, truth in zip("abcd", exact, strict=True):
        error = abs(Fraction(big.params[name]) - truth)
        assert error <= big.numerical_error[name]
        assert big.numerical_error[name] <= 1e-9 * abs(truth)


def cubic_exactly(x: np.ndarray, y: np.ndarray) -> list[Fraction]:
    whole, response = [int(v * 64) for v in x], [int(v * 2**20) for v in y]
    sums = [Fraction(sum(v**k for v in whole), 64**k) for k in range(7)]
    right = [Fraction(sum(v**k * w for v, w in zip(whole, response, strict=True)), 64**k * 2**20)
             for k in range(4)]  # fmt: skip
    rows = [[*(sums[i + j] for j in range(4)), right[i]] for i in range(4)]
    for i in range(4):
        rows[i] = [v / rows[i][i] for v in rows[i]]
        for j in set(range(4)) - {i}:
            rows[j] = [v - rows[j][i] * w for v, w in zip(rows[j], rows[i], strict=True)]
    return [row[4] for row in rows]


@pytest.mark.parametrize(("rows", "width"), [(1, 3), (130, 3), (5_000, 1), (20_000, 8), (300, 40)])
def test_triangle_has_the_gram_matrix_of_all_rows(rows, width):
    buffer = np.random.default_rng(rows).normal(size=(width, rows))
    r = factors._triangle(buffer)
    assert r.shape == (width, width)
    assert not np.tril(r, -1).any()
    assert r.T @ r == pytest.approx(buffer @ buffer.T, rel=1e-12, abs=1e-11 * rows)


def test_tree_keeps_digits_that_normal_equations_lose():
    """Läuchli's matrix: a column of ones over 1e-9 of the identity."""
    rows = np.vstack([np.ones((1, 3)), 1e-9 * np.eye(3), np.zeros((996, 3))])
    parts = [factors._triangle(rows[i : i + 100].T.copy()) for i in range(0, 1_000, 100)]
    smallest = np.linalg.svd(factors._reduced(np.stack(parts)))[1][-1]
    assert smallest == pytest.approx(1e-9, rel=1e-6)
    assert np.linalg.eigvalsh(rows.T @ rows)[0] < 0.5e-18  # all digits lost


# ---- who looks at the chunks ----------------------------------------------------------------


def assert_equal_bits(a, b):
    assert (a.params, a.stderr, a.chi2) == (b.params, b.stderr, b.chi2)
    assert np.array_equal(a.covariance, b.covariance) and np.array_equal(a.bins, b.bins)


def test_chunks_kept_or_opened_again(table, big, monkeypatch):
    from taylored.many.big import runner

    opened = []

    def piece(i: int):
        opened.append(i)
        return {k: v[i : i + 7_001] for k, v in table.items()}

    monkeypatch.setattr(runner, "KEPT", 2 * 7_001 * 16)  # room for two chunks
    again = ty.fit(FORMULA, Chunks([lambda i=i: piece(i) for i in range(0, 30_000, 7_001)]))
    assert_equal_bits(again, big)
    assert opened.count(7_001) == 1 and opened.count(14_002) == 1 + again.passes


def test_the_callback_sees_every_pass(table):
    seen = []
    big = ty.fit(FORMULA, in_chunks(table, 9_000), callback=seen.append)
    assert len(seen) == big.passes
    assert seen[-1].cost == big.chi2


def test_a_cluster_that_goes_away(table, monkeypatch):
    """The last point is in the error, and going on from there ends where it should."""
    calls, each = [], Local.each

    def failing(self, task, *given):
        calls.append(task)
        if len(calls) == 4:
            raise ClusterLost("CommClosedError: gone")
        return each(self, task, *given)

    monkeypatch.setattr(Local, "each", failing)
    with pytest.raises(ClusterLostError, match="went away after 2 looks") as caught:
        ty.fit(FORMULA, in_chunks(table, 9_000))
    start = caught.value.__dict__["start"]
    assert "start=dict(a=" in str(caught.value)
    assert_same(ty.fit(FORMULA, in_chunks(table, 9_000), start=start), ty.fit(FORMULA, table))


def test_a_function_is_traced_once_per_fit(table, monkeypatch):
    """Also one that has no key, as tasks on a cluster get it again and again."""
    from taylored.many.big import pieces

    made, trace = [], pieces.trace_model

    def counting(*given):
        made.append(1)
        return trace(*given)

    monkeypatch.setattr(pieces, "trace_model", counting)
    ty.fit(FORMULA, in_chunks(table, 1_000))
    assert len(made) == 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_equal_bits_on_workers(table, workers, importable):
    da, distributed = pytest.importorskip("dask.array"), pytest.importorskip("distributed")
    x, y = (da.from_array(table[n], chunks=3_000) for n in "xy")
    alone = ty.fit(model, x, y)
    options = {"threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(n_workers=workers, **options) as c, distributed.Client(c):
        there = ty.fit(model, x, y)
        assert type(there.setup.chunked.functions.passes.runner).__name__ == "OnCluster"
        assert np.array_equal(there.examine().largest, alone.examine().largest)
    assert_equal_bits(there, alone)
    assert pickle.loads(pickle.dumps(there)).examine().runs == alone.examine().runs


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_worker_killed_and_a_cluster_closed(table, importable):
    da, distributed = pytest.importorskip("dask.array"), pytest.importorskip("distributed")
    x, y = (da.from_array(table[n], chunks=3_000) for n in "xy")
    alone = ty.fit(FORMULA.partition("~")[2], x, y)
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
    client = distributed.Client(cluster)
    victims = list(client.run(os.getpid).values())[:1]

    def kill(point):
        while victims:
            os.kill(victims.pop(), signal.SIGKILL)

    assert_equal_bits(ty.fit(FORMULA.partition("~")[2], x, y, callback=kill, client=client), alone)
    with pytest.raises(ClusterLostError, match="went away after 1 look "):
        ty.fit(FORMULA.partition("~")[2], x, y, callback=lambda p: cluster.close(), client=client)
    client.close()


_STREAMED = """
import sys
from pathlib import Path
import numpy as np
import taylored as ty
from taylored.many.big import Chunks
rows, step, path = 134_217_728 // 8, 1_000_000, sys.argv[1]
def chunk(i):
    m = np.memmap(path, np.float64, "r", shape=(2, rows))
    return {"x": np.array(m[0, i:i + step]), "y": np.array(m[1, i:i + step])}
fit = ty.fit("y ~ a*exp(-x/tau) + c", Chunks([lambda i=i: chunk(i) for i in range(0, rows, step)]))
lines = Path("/proc/self/status").read_text().splitlines()
peak = next(line.split()[1] for line in lines if line.startswith("VmHWM"))
print(fit.usable, fit.points == rows, peak)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
def test_memory_is_that_of_a_few_chunks(tmp_path: Path):
    """A file of 256 MB, read while no chunk is kept for the next pass."""
    path, rows = tmp_path / "rows.bin", 134_217_728 // 8
    file = np.memmap(path, np.float64, "w+", shape=(2, rows))
    rng = np.random.default_rng(1)
    for i in range(0, rows, 4_000_000):
        x = rng.uniform(0.0, 10.0, min(4_000_000, rows - i))
        file[0, i : i + len(x)] = x
        file[1, i : i + len(x)] = 2.5 * np.exp(-x / 1.7) + 0.3 + rng.normal(0.0, 0.05, len(x))
    file.flush()
    text = "import taylored.many.big.runner as r\nr.KEPT = 0\n" + _STREAMED
    done = subprocess.run([sys.executable, "-c", text, str(path)], capture_output=True, text=True)
    usable, whole, peak = done.stdout.split()
    assert (usable, whole) == ("True", "True")
    assert int(peak) < 250_000  # kilobytes; 16 MB per chunk
