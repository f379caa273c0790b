"""Many fits over chunks, here and on a cluster: the same bits, whoever is killed meanwhile."""

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import fields

import cloudpickle
import dask.array
import numpy as np
import pytest
import xarray as xr

import taylored as ty
import taylored.xarray  # registers the accessor
from taylored.errors import (
    AlignmentError,
    ArgumentError,
    ClusterLostError,
    LedgerError,
    MissingExtraError,
    UnfinishedError,
)
from taylored.many import engines, tasks
from taylored.many.block import Batch
from taylored.many.chunks import chunks_of, whole_points
from taylored.many.cluster import fit_chunks, fit_many_dask
from taylored.many.engines import Here, engine_of
from taylored.many.failures import Interrupted
from taylored.many.plan import make_plan
from taylored.many.solve import solve
from taylored.many.tasks import Job, Part

# What distributed itself says when workers and clusters come and go.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Port .* is already in use:UserWarning"),
]

DECAY = "a*exp(-t/tau) + c"
TIMES = np.linspace(0.0, 5.0, 24)


def decays(fits, seed=0):
    rng = np.random.default_rng(seed)
    tau = rng.uniform(0.8, 1.6, (fits, 1))
    y = 2.0 * np.exp(-TIMES / tau) + 0.3 + 0.02 * rng.standard_normal((fits, len(TIMES)))
    y[1], y[2, 3], y[3] = 7.0, np.nan, np.nan
    return y


def plan_of(model=DECAY, **options):
    return make_plan(model, {"t": TIMES}, len(TIMES), **options)


def assert_same_bits(block, expected):
    for f in fields(expected):
        left, right = getattr(block, f.name), getattr(expected, f.name)
        assert left.dtype == right.dtype and left.tobytes() == right.tobytes(), f.name


Y = decays(48)


@pytest.fixture(scope="module")
def expected():
    return solve(plan_of(), Batch(Y))


# ---- in this process ------------------------------------------------------------------------


@pytest.mark.parametrize("chunks", [(48, 24), (7, 24), (16, 5), (1, 24)])
def test_chunks_do_not_matter(expected, chunks):
    many = fit_many_dask(plan_of(), dask.array.from_array(Y, chunks=chunks))
    assert_same_bits(many.block, expected)
    assert many.shape == (48,) and not many.interrupted


def test_fits_keep_their_places_on_several_axes(expected):
    cube = dask.array.from_array(Y.reshape(4, 3, 4, 24), chunks=(3, 2, 4, 7))
    many = fit_many_dask(plan_of(), cube)
    assert many.shape == (4, 3, 4)
    assert_same_bits(many.block, expected)
    one = many.fit((2, 1, 3))
    assert one.chi2 == pytest.approx(many.chi2[2, 1, 3], rel=1e-6)


def test_what_goes_with_the_data_is_cut_alike():
    rng = np.random.default_rng(1)
    sigma, mask = rng.uniform(0.01, 0.03, Y.shape), rng.random(Y.shape) > 0.2
    lazy_mask = dask.array.from_array(mask, chunks=(48, 2))
    start = np.full((3, 48), np.nan)
    start[1] = rng.uniform(0.5, 2.0, 48)
    plan = plan_of(has_sigma=True)
    lazy = dask.array.from_array(Y, chunks=(10, 9))
    found = fit_many_dask(plan, lazy, sigma=sigma, mask=lazy_mask, start=start)
    assert_same_bits(found.block, solve(plan, Batch(Y, sigma, mask, start=start)))
    by_point = fit_many_dask(plan_of(), dask.array.from_array(Y, chunks=10), mask=mask[0])
    used = np.broadcast_to(mask[0], Y.shape)
    assert_same_bits(by_point.block, solve(plan_of(), Batch(Y, used=used)))
    some = fit_many_dask(plan_of(), dask.array.from_array(Y, chunks=10), mask=np.arange(48) > 5)
    assert list(some.status[:6]) == ["masked", "masked", "masked", "missing"] + ["masked"] * 2


def test_named_arrays_are_aligned_by_name(expected):
    da = xr.DataArray(Y.reshape(6, 8, 24), dims=("y", "x", "t"))
    mask = xr.DataArray(np.arange(48).reshape(6, 8) > 5, dims=("y", "x")).transpose("x", "y")
    some = fit_many_dask(plan_of(), da.chunk(y=2), mask=mask).block
    assert list(some.status[:6]) == [13, 13, 13, 11, 13, 13]
    assert some.theta[:, 6:].tobytes() == expected.theta[:, 6:].tobytes()
    with pytest.raises(AlignmentError, match="'z', which the data do not have"):
        fit_many_dask(plan_of(), da.chunk(), mask=mask.rename(x="z"))


def test_a_start_outside_its_bounds_counts_as_none():
    plan = plan_of(parameters=(None, {"tau": (0, 5)}, None))
    start = np.full((3, 48), np.nan)
    parts = (Part("y", (0, 1)), Part("start", (0,), 1))
    batch = tasks.batch_of(Job(plan, parts, 1), [Y, np.linspace(-1, 6, 48)])
    assert np.isnan(batch.start[1, [0, -1]]).all() and batch.start[1, 20] > 0
    assert np.isnan(batch.start[[0, 2]]).all() and batch.start.shape == start.shape


def test_points_in_many_chunks_are_put_together_without_growing_them():
    tall = dask.array.zeros((100_000, 1000), chunks=(100_000, 10))
    whole = whole_points(tall, 1)
    assert whole.chunks[1] == (1000,)
    assert max(whole.chunks[0]) * 8000 <= 256 << 20
    assert whole_points(whole, 1) is whole


# ---- what workers get -----------------------------------------------------------------------


def untellable(t, a, tau, c):
    """A model whose sameness cannot be told: it imports."""
    import numpy

    return a * numpy.exp(-t / tau) + c


def by_value(job):
    """A job as a worker gets it when its function is of __main__."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        return cloudpickle.dumps(job)
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def test_a_job_is_made_once_per_process():
    plan = make_plan(untellable, TIMES, len(TIMES))
    job = Job(plan, (Part("y", (0, 1)),), 1)
    sent = by_value(job)
    first, second = pickle.loads(sent), pickle.loads(sent)
    assert first is second and first.plan.model.function is not untellable
    assert plan.model.key is None and first.plan.traces is second.plan.traces
    other = pickle.loads(by_value(Job(plan, job.parts, 1)))
    assert other is not first and other.plan.model.key != first.plan.model.key


def test_tasks_are_small_and_importable():
    chunks = chunks_of(Job(plan_of(), (Part("y", (0, 1)),), 1), [dask.array.zeros((9, 24))])

    class Listener:
        def graph(self, graph, key):
            return graph[key]

    run, *inputs = chunks.start(Listener(), next(iter(chunks)), None)
    sent = pickle.dumps(run)
    assert len(sent) < 4000 and b"__main__" not in sent
    assert run.func is tasks.fit_unless_known and len(inputs) == 1


# ---- the ledger, and what ends a job --------------------------------------------------------


class Counting:
    """`solve`, and how many fits it was asked for."""

    def __init__(self, monkeypatch):
        self.fits = 0
        monkeypatch.setattr(tasks, "solve", self)

    def __call__(self, plan, batch):
        self.fits += len(batch)
        return solve(plan, batch)


def stop_after(chunks):
    """A callback that stops a job, as Ctrl-C does."""
    calls = []

    def callback(step):
        calls.append(step)
        if len(calls) == chunks:
            raise KeyboardInterrupt

    return callback


def test_a_stopped_job_keeps_and_goes_on(tmp_path, monkeypatch, expected):
    lazy = dask.array.from_array(Y, chunks=(4, 24))
    with pytest.raises(Interrupted, match="ledger") as caught:
        fit_many_dask(plan_of(), lazy, ledger=tmp_path, callback=stop_after(5), threads=1)
    done = caught.value.result
    assert done.interrupted and done.counts["not-run"] == 48 - 5 * 4
    run = done.block.status != 16
    assert np.array_equal(done.block.theta[:, run], expected.theta[:, run], equal_nan=True)
    counting = Counting(monkeypatch)
    many = fit_many_dask(plan_of(), lazy, ledger=tmp_path, threads=1)
    assert counting.fits == 48 - 5 * 4
    assert_same_bits(many.block, expected)


def test_changed_data_are_fitted_again(tmp_path, monkeypatch):
    lazy = dask.array.from_array(Y, chunks=(4, 24))
    fit_many_dask(plan_of(), lazy, ledger=tmp_path)
    changed = Y.copy()
    changed[9] += 0.01
    counting = Counting(monkeypatch)
    with pytest.warns(UserWarning, match="1 of its blocks"):
        many = fit_many_dask(plan_of(), dask.array.from_array(changed, chunks=(4, 24)),
                             ledger=tmp_path)  # fmt: skip
    assert counting.fits == 4
    assert_same_bits(many.block, solve(plan_of(), Batch(changed)))
    with pytest.raises(LedgerError, match="another job"):
        fit_many_dask(plan_of("a*exp(-t/tau)"), lazy, ledger=tmp_path)
    with pytest.raises(LedgerError, match="another job"):
        fit_many_dask(plan_of(), lazy.rechunk((6, 24)), ledger=tmp_path)
    (tmp_path / "block-3-0.npz").unlink(missing_ok=True)
    (tmp_path / "block-3.npz").write_bytes(b"PK damaged")
    with pytest.raises(LedgerError, match="damaged"):
        fit_many_dask(plan_of(), lazy, ledger=tmp_path)


def unreadable(block, block_info=None):
    if block_info[0]["chunk-location"][0] == 2:
        raise OSError("the disk is on fire")
    return block


def test_what_cannot_be_read_is_named_and_the_rest_kept():
    lazy = dask.array.from_array(Y, chunks=(16, 24)).map_blocks(unreadable, dtype=float)
    with pytest.raises(UnfinishedError, match=r"fits \[32:48\]\n.*disk is on fire") as caught:
        fit_many_dask(plan_of(), lazy, threads=1)
    assert caught.value.result.counts["ok"] == 30


class Silent:
    """A client whose cluster never answers."""

    asynchronous, status, workers = False, "running", {}

    def nthreads(self):
        return {"w": 1}

    def scheduler_info(self):
        return {"workers": self.workers}

    def submit(self, *args, **kwargs):
        class Never:
            add_done_callback = print

        return Never()

    def cancel(self, futures, force):
        self.cancelled = len(futures)


@pytest.mark.parametrize("status, what", [("closed", "closed"), ("running", "no worker")])
def test_a_lost_cluster_is_named(monkeypatch, status, what):
    monkeypatch.setattr(engines, "_POLL", 0.001)
    monkeypatch.setattr(engines, "_PATIENCE", 0.002)
    client = Silent()
    client.status = status
    with pytest.raises(ClusterLostError, match=what) as caught:
        fit_many_dask(plan_of(), Y, client=client)
    assert caught.value.result.counts == {"not-run": 48}
    assert "ledger=" in caught.value.next_step and caught.value.exit_code == 1


def test_bad_input_is_named(monkeypatch):
    plan, lazy = plan_of(), dask.array.from_array(Y, chunks=16)
    with pytest.raises(ArgumentError, match="not known") as caught:
        fit_many_dask(plan, lazy[lazy[:, 0] > 0])
    assert "compute_chunk_sizes" in caught.value.next_step
    with pytest.raises(ArgumentError, match="mask has the shape"):
        fit_many_dask(plan, lazy, mask=np.ones(7, bool))
    with pytest.raises(ArgumentError, match="that of the fits and that of the points") as both:
        fit_many_dask(plan, lazy[:24], mask=np.ones(24, bool))
    assert "mask[:, None]" in both.value.next_step
    client = Silent()
    client.asynchronous = True
    with pytest.raises(ArgumentError, match="asynchronous"):
        engine_of(client)
    monkeypatch.setitem(sys.modules, "dask.array", None)
    with pytest.raises(MissingExtraError) as missing:
        fit_many_dask(plan, Y)
    assert missing.value.next_step == 'pip install "taylored[cluster]"'


# ---- a cluster ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(importable):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True,
                     dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        yield client


def slowly(block):
    time.sleep(0.05)
    return block


def pids(client):
    return list(client.run(os.getpid).values())


def test_a_worker_is_killed_and_nothing_changes(client, expected):
    victim, killed = pids(client)[0], []

    def kill_one(step):
        if step.done >= 12 and not killed:
            killed.append(victim)
            os.kill(victim, signal.SIGKILL)

    read = cloudpickle.loads(cloudpickle.dumps(slowly))  # as a function of the user's script
    lazy = dask.array.from_array(Y, chunks=(3, 24)).map_blocks(read, dtype=float)
    many = fit_many_dask(plan_of(), lazy, callback=kill_one)
    assert killed
    assert_same_bits(many.block, expected)


@pytest.mark.slow
def test_a_cluster_takes_arrays_from_here_those_it_holds_and_datasets(client, expected):
    assert_same_bits(fit_many_dask(plan_of(), Y, client=client).block, expected)
    held = dask.array.from_array(Y, chunks=(12, 12)).persist()
    assert_same_bits(fit_many_dask(plan_of(), held).block, expected)
    da = xr.DataArray(held, dims=("fit", "t"), coords={"t": TIMES})
    stored = da.taylored.fit(DECAY, dim="t").compute()
    assert stored.tau.values.tobytes() == expected.theta[1].tobytes()


@pytest.mark.slow
def test_a_function_of_a_script_is_traced_once_per_worker(client, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(f'''
import os, sys
import numpy as np

def model(t, a, tau, c):
    import numpy
    with open("{tmp_path}/calls", "a") as log:
        log.write(str(os.getpid()) + "\\n")
    return a * numpy.exp(-t / tau) + c

if __name__ == "__main__":
    import dask.array
    from distributed import Client
    from taylored.many.cluster import fit_many_dask
    from taylored.many.plan import make_plan
    times = np.linspace(0, 5, 24)
    y = 2 * np.exp(-times / np.linspace(0.8, 1.6, 40)[:, None])
    y = y + 0.02 * np.random.default_rng(0).standard_normal(y.shape)
    with Client(sys.argv[1]) as client:
        plan = make_plan(model, times, 24)
        counts = []
        for chunks in (20, 2):
            open("{tmp_path}/calls", "w").close()
            fit_many_dask(plan, dask.array.from_array(y, chunks=(chunks, 24)))
            counts.append(len([p for p in open("{tmp_path}/calls") if int(p) != os.getpid()]))
        print(counts)
''')
    done = subprocess.run([sys.executable, script, client.scheduler.address],
                          capture_output=True, text=True, timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stderr
    few, many = map(int, done.stdout.strip("[]\n").split(","))
    assert 0 < many <= few + 2, "20 chunks call it no more often than 2 do"


KILLED = """
import sys, time
import dask.array, numpy as np
from distributed import Client
from taylored.many.cluster import fit_many_dask
from taylored.many.plan import make_plan

def slowly(block):
    time.sleep(0.1)
    return block

if __name__ == "__main__":
    y = np.load(sys.argv[2])
    plan = make_plan("a*exp(-t/tau) + c", {"t": np.linspace(0, 5, 24)}, 24)
    lazy = dask.array.from_array(y, chunks=(2, 24)).map_blocks(slowly, dtype=float)
    with Client(sys.argv[1]) as client:
        fit_many_dask(plan, lazy, ledger=sys.argv[3])
"""


@pytest.mark.slow
def test_a_killed_client_goes_on(client, tmp_path, monkeypatch, expected):
    script, data, ledger = tmp_path / "job.py", tmp_path / "y.npy", tmp_path / "ledger"
    script.write_text(KILLED)
    np.save(data, Y)
    job = subprocess.Popen([sys.executable, script, client.scheduler.address, data, ledger])
    while not ledger.exists() or len(list(ledger.glob("*.npz"))) < 10:
        assert job.poll() is None
        time.sleep(0.01)
    job.kill()
    job.wait()
    finished = len(list(ledger.glob("*.npz")))
    assert 10 <= finished < 24
    counting = Counting(monkeypatch)
    many = _resumed(ledger)
    assert counting.fits == 48 - 2 * finished
    assert_same_bits(many.block, expected)


def _resumed(ledger):
    """The rest of a job, in this process."""
    lazy = dask.array.from_array(Y, chunks=(2, 24))
    job = Job(plan_of(), (Part("y", (0, 1)),), 1)
    return fit_chunks(chunks_of(job, [lazy]), Here(), ledger)


@pytest.mark.slow
def test_a_cluster_that_is_closed_is_lost_and_the_ledger_has_the_rest(
    tmp_path, expected, importable
):
    from distributed import Client, LocalCluster

    lazy = dask.array.from_array(Y, chunks=(2, 24)).map_blocks(slowly, dtype=float)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        client = Client(cluster, set_as_default=False)

        def close(step):
            if step.done == 10:
                cluster.close()

        with pytest.raises(ClusterLostError) as caught:
            fit_many_dask(plan_of(), lazy, client=client, ledger=tmp_path, callback=close)
        client.close()
    done = caught.value.result.block.status != 16
    assert 10 <= done.sum() < 48
    assert_same_bits(_resumed(tmp_path).block, expected)


# ---- what ends early ------------------------------------------------------------------------


@pytest.mark.slow
def test_chunks_at_work_are_kept_when_one_fails():
    lazy = dask.array.from_array(Y, chunks=(12, 24)).map_blocks(failing_first, dtype=float)
    with pytest.raises(UnfinishedError, match="out of luck") as caught:
        fit_many_dask(plan_of(), lazy, threads=2)
    assert caught.value.result.counts["not-run"] == 12
    assert "36 of 48 fits are finished" in caught.value.next_step


def failing_first(block, block_info=None):
    if block_info[0]["chunk-location"][0] == 0:
        raise ValueError("out of luck")
    return block


def test_a_closed_client_is_told():
    from distributed import Client

    closed = Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None)
    closed.close()
    with pytest.raises(ClusterLostError, match="closed") as caught:
        fit_many_dask(plan_of(), Y, client=closed)
    assert caught.value.result.counts == {"not-run": 48}
    with pytest.raises(ClusterLostError, match="went away"):
        ty.fit("y ~ a + b*x", ty.Chunks([{"x": X_BIG, "y": X_BIG}] * 2), client=closed)


X_BIG = np.arange(10.0)
