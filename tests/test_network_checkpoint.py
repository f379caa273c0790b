"""Training that is stopped goes on exactly; what is shown while it runs, and the callback."""

import json
import math
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import taylored as ty
from taylored.errors import SavedFitError
from taylored.networks import checkpoint as checkpoints
from taylored.networks.archive import pack, unpack
from taylored.networks.progress import Step, Work

RNG = np.random.default_rng(3)
X = RNG.uniform(-2, 2, (80, 2))
Y = np.sin(2 * X[:, 0]) + 0.3 * X[:, 1] + RNG.normal(0, 0.1, 80)
SMALL = {"members": 20, "hidden": (4,)}

KINDS = {
    "ensemble": (Y, {"noise": "varying", **SMALL}),
    "classes": (np.where(Y > 0, "yes", "no"), SMALL),
    "one network": (Y, {"intervals": "laplace", "hidden": (4,)}),
}


def stopping(number, error=KeyboardInterrupt):
    """A callback that stops training at this step."""
    count = iter(range(1, number + 1))

    def callback(step):
        if next(count) == number:
            raise error

    return callback


def steps_of(y, options):
    seen = []
    net = ty.train(X, y, callback=seen.append, **options)
    return net, seen


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", list(KINDS))
def test_training_goes_on_to_the_same_bytes(kind, every, tmp_path):
    y, options = KINDS[kind]
    whole, seen = steps_of(y, options)
    path = tmp_path / "run.checkpoint"
    # The first and last step, and the ends of phases, where something is carried over.
    ends = [k for k in range(1, len(seen)) if seen[k].phase != seen[k - 1].phase]
    stops = {2, ends[0]}
    if every:
        stops |= {*ends, *(e + 1 for e in ends), 1, len(seen), *range(3, len(seen), 11)}
    for stop in sorted(stops):
        with pytest.raises(KeyboardInterrupt):
            ty.train(X, y, checkpoint=path, callback=stopping(stop), **options)
        again = ty.train(X, y, checkpoint=path, **options)
        assert again.to_bytes() == whole.to_bytes(), stop
        assert os.listdir(tmp_path) == []  # done: the file is gone


@pytest.mark.slow
def test_training_that_is_stopped_again_and_again_ends_there_too(tmp_path):
    y, options = KINDS["ensemble"]
    whole, seen = steps_of(y, options)
    path = tmp_path / "run.checkpoint"
    stops = 0
    while True:
        try:
            net = ty.train(X, y, checkpoint=path, callback=stopping(25), **options)
            break
        except KeyboardInterrupt:
            stops += 1
    assert stops == len(seen) // 25  # no step was done twice
    assert net.to_bytes() == whole.to_bytes()


def test_any_error_of_the_callback_leaves_a_checkpoint(tmp_path):
    path = tmp_path / "run.checkpoint"
    with pytest.raises(ZeroDivisionError):
        ty.train(X, Y, checkpoint=path, callback=stopping(9, ZeroDivisionError), **SMALL)
    stored = unpack(path.read_bytes(), checkpoints.FORMAT, checkpoints.VERSION)
    assert len(stored.arrays["0.trace"]) == 9


def test_the_state_is_that_of_a_whole_step(tmp_path, monkeypatch):
    """Ctrl-C in the middle of a step, where half of the state is new."""
    from taylored.networks.solvers import levenberg

    whole = ty.train(X, Y, **SMALL)
    path = tmp_path / "run.checkpoint"
    calls = iter(range(10_000))
    usual = levenberg._Run._judge

    def judge(self, *arguments):
        if next(calls) == 57:
            raise KeyboardInterrupt
        usual(self, *arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(levenberg._Run, "_judge", judge)
        ty.train(X, Y, checkpoint=path, **SMALL)
    assert ty.train(X, Y, checkpoint=path, **SMALL).to_bytes() == whole.to_bytes()


@pytest.mark.slow
def test_control_c_from_outside(tmp_path):
    program = textwrap.dedent(
        """
        import numpy as np, taylored as ty, sys
        x = np.linspace(-3, 3, 400)
        y = np.sin(x) + 0.1 * np.random.default_rng(0).normal(size=400)
        def said(step):
            if step.step == 5:
                print("started", flush=True)
        net = ty.train(x, y, members=60, checkpoint=sys.argv[1], callback=said)
        net.save(sys.argv[2])
        """
    )
    path, saved = tmp_path / "run.checkpoint", tmp_path / "n.safetensors"
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(
        [*command, str(saved)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in process.stderr.read()
    assert path.exists() and not saved.exists()
    subprocess.run([*command, str(saved)], check=True, capture_output=True)
    path.unlink(missing_ok=True)
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    assert saved.read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("intervals", ["out-of-bag", "none"])
def test_adam_goes_on_to_the_same_bytes(intervals, tmp_path):
    options = {"solver": "adam", "intervals": intervals, "hidden": (4,)}
    options |= {"members": 5} if intervals == "out-of-bag" else {}
    whole, seen = steps_of(Y, options)
    for stop in (1, len(seen) // 2 + 1, len(seen)):
        with pytest.raises(KeyboardInterrupt):
            ty.train(X, Y, checkpoint=tmp_path / "c", callback=stopping(stop), **options)
        again = ty.train(X, Y, checkpoint=tmp_path / "c", **options)
        assert again.to_bytes() == whole.to_bytes()


@pytest.mark.slow
def test_first_order_goes_on_to_the_same_parameters(tmp_path):
    from taylored.networks.ensemble import Rows, member_batch
    from taylored.networks.losses import Squared
    from taylored.networks.model import perceptron
    from taylored.networks.session import Session
    from taylored.networks.solvers.first_order import Options

    model = perceptron(2, (5,), 1)
    seen = np.array([np.arange(0, 70), np.arange(10, 80)])
    batch = member_batch(Rows(X, Y[:, None]), seen, np.float32)

    def trained(callback=None, path=None):
        kept = None if path is None else checkpoints.Checkpoint(path, {"of": "this"})
        with Session(callback=callback, checkpoint=kept) as session:
            options, found = Options(epochs=400, batch=10), []
            for name in ("one", "two"):
                rng = np.random.default_rng(len(found))
                run = session.first_order(name)
                found.append(run(model, Squared(), batch, rng, options))
        return np.stack([state.theta for state in found])

    steps = []
    whole = trained(steps.append)
    assert [s.phase for s in steps] == sorted(s.phase for s in steps)
    assert steps[-1].step > 50
    path = tmp_path / "run"
    for stop in (1, 2, len(steps) // 2 + 1, len(steps)):
        with pytest.raises(KeyboardInterrupt):
            trained(stopping(stop), path)
        assert trained(None, path).tobytes() == whole.tobytes()


# ---- what is refused ----------------------------------------------------------------------------


def stopped(path, stop=5, **options):
    with pytest.raises(KeyboardInterrupt):
        ty.train(X, Y, checkpoint=path, callback=stopping(stop), **{**SMALL, **options})


OTHERS = {
    "seed": lambda: (X, Y, {"seed": 1}),
    "hidden": lambda: (X, Y, {"hidden": (5,)}),
    "members": lambda: (X, Y, {"members": 30}),
    "data": lambda: (X, Y + 1e-9 * (np.arange(80) == 7), {}),
    "weights": lambda: (X, Y, {"weights": np.arange(1.0, 81.0)}),
    "a name": lambda: ({"a": X[:, 0], "b": X[:, 1]}, Y, {}),
    "activation": lambda: (X, Y, {"activation": "sin"}),
}


@pytest.mark.parametrize("name", list(OTHERS))
def test_another_training_is_refused_by_name(name, tmp_path):
    path = tmp_path / "run.checkpoint"
    stopped(path)
    before = path.read_bytes()
    x, y, options = OTHERS[name]()
    with pytest.raises(SavedFitError, match="another training") as caught:
        ty.train(x, y, checkpoint=path, **{**SMALL, **options})
    assert ("data" if name in ("weights", "a name") else name) in caught.value.why
    assert "delete it" in caught.value.next_step
    assert path.read_bytes() == before


def damaged_checkpoint(data, name):
    found = unpack(data, checkpoints.FORMAT, checkpoints.VERSION)
    document, arrays = dict(found.document), dict(found.arrays)
    if name == "version":
        document["version"] = 99
    elif name == "runs":
        document["runs"] = 10**9
    elif name == "shape":
        arrays["0.theta"] = arrays["0.theta"][:1]
    elif name == "type":
        arrays["0.theta"] = arrays["0.theta"].astype(float)
    elif name == "missing":
        del arrays["0.damping"]
    return pack(document, arrays)


@pytest.mark.parametrize("name", ["version", "runs", "shape", "type", "missing", "cut", "text"])
def test_damaged_checkpoints_are_refused(name, tmp_path):
    path = tmp_path / "run.checkpoint"
    stopped(path)
    if name == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    elif name == "text":
        path.write_text("a file of mine")
    else:
        path.write_bytes(damaged_checkpoint(path.read_bytes(), name))
    before = path.read_bytes()
    with pytest.raises(SavedFitError) as caught:
        ty.train(X, Y, checkpoint=path, **SMALL)
    assert caught.value.next_step
    assert path.read_bytes() == before  # whatever it is, it is not written over


def test_a_saved_network_is_no_checkpoint(tmp_path):
    net = ty.train(X, Y, members=10, hidden=(3,))
    net.save(tmp_path / "n")
    with pytest.raises(SavedFitError, match="checkpoint"):
        ty.train(X, Y, members=10, hidden=(3,), checkpoint=tmp_path / "n")
    assert isinstance(ty.load(tmp_path / "n"), ty.Network)


def test_a_folder_that_is_not_there_is_named_before_the_work(tmp_path):
    seen = []
    with pytest.raises(SavedFitError, match="cannot be written"):
        ty.train(X, Y, checkpoint=tmp_path / "none" / "run", callback=seen.append)
    assert seen == []


def test_a_full_disk_does_not_end_the_training(tmp_path, monkeypatch):
    usual, calls = os.replace, []

    def full(*arguments):
        calls.append(1)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        usual(*arguments)

    monkeypatch.setattr(checkpoints, "_EVERY", 0.0)
    monkeypatch.setattr(os, "replace", full)
    with pytest.warns(RuntimeWarning, match="No space"):
        net = ty.train(X, Y, checkpoint=tmp_path / "run", **SMALL)
    assert net.usable


def test_it_is_written_while_training_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "_EVERY", 0.0)
    monkeypatch.setattr(checkpoints, "_SHARE", 1e9)
    path, sizes = tmp_path / "run", []

    def look(_):
        sizes.append(len(unpack(path.read_bytes(), checkpoints.FORMAT, 1).arrays["0.trace"]))

    ty.train(X, Y, checkpoint=path, callback=look, members=10, hidden=(2,), noise="constant")
    assert sizes[:5] == [1, 2, 3, 4, 5]


# ---- callback and progress ----------------------------------------------------------------------


def test_the_callback_sees_every_step():
    net, seen = steps_of(*KINDS["ensemble"])
    assert all(isinstance(s, Step) for s in seen)
    fractions = [s.fraction for s in seen]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < 0.2 and 0.8 < fractions[-1] <= 1
    assert math.isnan(seen[0].left) and all(s.left >= 0 for s in seen[1:] if s.fraction > 0)
    assert all(s.seconds > 0 for s in seen)
    rest = [s for s in seen if "more networks" in s.phase]
    trace = net.training.trace
    np.testing.assert_array_equal([s.loss for s in rest][: len(trace)], trace)
    assert [s.step for s in rest][:3] == [1, 2, 3]


def test_watching_changes_nothing(tmp_path):
    plain = ty.train(X, Y, **SMALL).to_bytes()
    seen = ty.train(
        X, Y, progress=True, callback=lambda s: None, checkpoint=tmp_path / "c", **SMALL
    )
    assert seen.to_bytes() == plain


def test_work_never_goes_back():
    work = Work([("a", 1.0), ("b", 3.0)])
    for phase, share, expected in [
        ("a", 0.5, 0.125), ("a", 0.2, 0.125), ("a", 1.0, 0.25), ("b", 0.5, 0.625),
        ("unknown", 0.7, 0.625), ("b", 2.0, 1.0),
    ]:  # fmt: skip
        work.reach(phase, share)
        assert work.fraction == pytest.approx(expected)


def test_the_first_step_does_not_count_for_the_time_left(monkeypatch):
    """It compiles, or it comes from a checkpoint: the others take less."""
    clock = iter([0.0, 100.0, 101.0, 101.0])
    monkeypatch.setattr("taylored.networks.progress.time.monotonic", lambda: next(clock))
    work = Work([("a", 1.0)])
    lefts = []
    for share in (0.1, 0.2, 0.2):
        work.reach("a", share)
        lefts.append(work.step("a", 1, 0.5))
    assert [s.seconds for s in lefts] == [100.0, 101.0, 101.0]
    assert math.isnan(lefts[0].left)
    assert lefts[1].left == lefts[2].left == pytest.approx(8.0)


def test_whoever_stops_training_is_told_how_to_go_on(tmp_path):
    path = tmp_path / "run.checkpoint"
    with pytest.raises(KeyboardInterrupt) as stopped:
        ty.train(X, Y, checkpoint=path, callback=stopping(3), **SMALL)
    assert stopped.value.__notes__ == [
        f"taylored: the state of training is in {path}; the same call goes on from it."
    ]
    with pytest.raises(KeyboardInterrupt) as stopped:
        ty.train(X, Y, callback=stopping(3), **SMALL)
    (note,) = stopped.value.__notes__
    assert "is lost" in note and 'checkpoint="run.checkpoint"' in note
    with pytest.raises(ZeroDivisionError) as failed:
        ty.train(X, Y, callback=stopping(3, ZeroDivisionError), **SMALL)
    assert not hasattr(failed.value, "__notes__")  # not stopped, but broken


def test_a_checkpoint_that_could_not_be_written_is_not_promised(tmp_path):
    folder = tmp_path / "there"
    folder.mkdir()
    path = folder / "run.checkpoint"

    def stop(step):
        path.unlink()
        folder.rmdir()
        raise KeyboardInterrupt

    with pytest.warns(RuntimeWarning), pytest.raises(KeyboardInterrupt) as stopped:
        ty.train(X, Y, checkpoint=path, callback=stop, **SMALL)
    assert "could not be written" in stopped.value.__notes__[0]


PROGRAM = """
import numpy as np, taylored as ty, sys, json
x = np.linspace(-3, 3, 400)
y = np.sin(x) + 0.1 * np.random.default_rng(0).normal(size=400)
net = ty.train(x, y, members=30, hidden=(15,), progress=True)
print(json.dumps(net.error))
"""


@pytest.mark.slow
def test_progress_is_on_standard_error_of_a_terminal_and_gone_at_the_end():
    import pty

    outer, inner = pty.openpty()
    environment = {**os.environ, "COLUMNS": "100", "TERM": "xterm"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=inner, env=environment,
        check=True, text=True,
    )  # fmt: skip
    os.close(inner)
    shown = os.read(outer, 1 << 20).decode()
    os.close(outer)
    assert json.loads(done.stdout) < 0.3
    assert "Training" in shown and "networks" in shown and "left" in shown and "%" in shown
    assert shown.rstrip("\r\n").endswith("\x1b[2K")  # the line is erased
    quiet = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
    assert quiet.stderr == b""
