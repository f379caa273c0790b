"""What `train`, `save` and `load` refuse before anything is done, and what they take."""

from decimal import Decimal
from fractions import Fraction

import jax
import numpy as np
import pandas
import pytest

import taylored as ty
from taylored.errors import ArgumentError, SavedFitError
from taylored.networks import memory
from taylored.networks.plan import as_written, read_settings

X = np.random.default_rng(2).normal(size=(30, 3))
Y = X[:, 0] - 2 * X[:, 1] + 0.1 * X[:, 2]
SMALL = {"members": 10, "hidden": 2}


@pytest.fixture(scope="module")
def net():
    return ty.train(X, Y, **SMALL)


# ---- arguments ----

WRONG = [
    ({"standardize": "yes"}, "standardize is 'yes'"),
    ({"standardize": 0}, "standardize is 0"),
    ({"progress": "x"}, "progress is 'x'"),
    ({"progress": 1}, "progress is 1"),
    ({"callback": 3}, "callback is 3"),
    ({"checkpoint": 3}, "checkpoint is 3"),
    ({"checkpoint": True}, "checkpoint is True"),
    ({"regularization": np.array([0.1, 1.0])}, "regularization is array"),
    ({"regularization": np.nan}, "regularization is nan"),
    ({"regularization": True}, "regularization is True"),
    ({"regularization": None}, "regularization is None"),
    ({"regularization": 1j}, "regularization is 1j"),
    ({"regularization": "1"}, "regularization is '1'"),
    ({"regularization": "evidenz"}, "regularization is 'evidenz'"),
    ({"intervals": np.array(["none"])}, "intervals is array"),
    ({"hidden": np.array([2.5])}, "a width in hidden is 2.5"),
    ({"starts": 2}, "starts cannot be used with intervals='out-of-bag'"),
    ({"starts": 4}, "starts cannot be used"),
    ({"intervals": "none", "members": 10}, "members cannot be used with intervals='none'"),
    ({"intervals": "laplace", "groups": np.arange(30) % 5}, "groups cannot be used"),
    ({"intervals": "laplace", "members": 10, "groups": np.arange(30)}, "members and groups"),
    ({"intervals": "none", "noise": "varying"}, 'noise="varying" cannot be used'),
]


@pytest.mark.parametrize(("given", "words"), WRONG, ids=[w for _, w in WRONG])
def test_an_argument_without_meaning_is_refused(given, words):
    with pytest.raises(ArgumentError) as raised:
        ty.train(X, Y, **given)
    assert words in str(raised.value) and raised.value.next_step


REAL = [np.float32(0.1), np.float16(0.1), np.float64(0.1), 0.1, np.array(0.1), Fraction(1, 10),
        Decimal("0.1"), jax.numpy.float32(0.1)]  # fmt: skip


@pytest.mark.parametrize("value", REAL, ids=lambda v: type(v).__name__)
def test_any_real_number_regularizes_with_the_digits_it_is_written_with(value):
    given = {"intervals": "none", "noise": "auto", "solver": "auto", "members": None}
    found = read_settings((2,), "tanh", regularization=value, starts=1, seed=0, **given)
    assert found.regularization == as_written(value) == 0.1


def test_widths_may_be_an_array(net):
    assert ty.train(X, Y, members=10, hidden=np.array([2])).to_bytes() == net.to_bytes()


# ---- memory ----

SINGLE = {"intervals": "none"}
LARGE = [
    ({"hidden": 10**8}, "hidden=(100000000,)", "hidden=("),
    ({"hidden": (10**6, 10**6)}, "hidden=(1000000, 1000000)", "hidden=("),
    ({"members": 10**10}, "10,000,000,000 members", "members="),
    ({"hidden": 10**9, **SINGLE}, "4 starts", "hidden=("),
    ({"hidden": 10**3, "starts": 10**9, **SINGLE}, "1,000,000,000 starts", "starts="),
    ({"hidden": 10**12, "members": 10**12}, "1,000,000,000,000 members", "for hidden and members"),
]


@pytest.mark.parametrize(("given", "words", "step"), LARGE, ids=[w for _, w, _ in LARGE])
def test_what_does_not_fit_into_memory_is_refused(given, words, step):
    with pytest.raises(ArgumentError, match="GB of memory") as raised:
        ty.train(X, Y, **given)
    assert words in raised.value.why and step in raised.value.next_step


@pytest.mark.parametrize("given", [{"hidden": (9000, 9000)}, {"members": 10**8, "hidden": (5,)}])
def test_what_is_said_to_fit_fits(given, monkeypatch):
    monkeypatch.setattr(memory, "_memory", lambda: 0.0)  # a small machine
    plain = {"intervals": "out-of-bag", "noise": "auto", "solver": "auto", "starts": 4,
             "regularization": "auto", "seed": 0, "members": None}  # fmt: skip
    task = memory.Task(100, 3, 1)

    def check(**changed):
        chosen = {**plain, **given, **changed}
        memory.check_memory(read_settings(chosen.pop("hidden"), "tanh", **chosen), task)

    with pytest.raises(ArgumentError) as raised:
        check()
    for step in raised.value.next_step.removesuffix(" would fit.").split(" or "):
        name, _, value = step.partition("=")
        numbers = [int(n) for n in value.strip("()").split(",") if n.strip()]
        fits = tuple(numbers) if name == "hidden" else numbers[0]
        check(**{name: fits})
        doubled = tuple(2 * n for n in numbers) if name == "hidden" else 2 * numbers[0]
        with pytest.raises(ArgumentError):
            check(**{name: doubled})


def test_a_users_model_counts_by_its_parameters():
    chosen = {"intervals": "none", "noise": "auto", "solver": "auto", "members": None}
    settings = read_settings(None, "tanh", regularization="auto", starts=1, seed=0, **chosen)
    memory.check_memory(settings, memory.Task(100, 3, 1, size=1000))
    with pytest.raises(ArgumentError, match="GB of memory"):
        memory.check_memory(settings, memory.Task(100, 3, 1, size=10**12))


# ---- files ----


@pytest.mark.parametrize("path", [None, 3, b"net", True])
def test_what_is_no_path_is_refused(net, path):
    for call in (lambda: net.save(path), lambda: ty.load(path)):
        with pytest.raises(ArgumentError, match="path is"):
            call()


def test_a_folder_is_no_file(net, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in (folder, str(folder)):
        with pytest.raises(SavedFitError, match="it is a folder"):
            net.save(path)
        with pytest.raises(SavedFitError, match="not a regular file"):
            ty.load(path)
    with pytest.raises(SavedFitError, match="null byte"):
        net.save(f"{folder}/a\0b")
    assert list(tmp_path.rglob("*")) == [folder]


# ---- columns ----


def test_columns_with_the_names_of_training_are_matched_by_name(net):
    expected = net.predict(X[:5]).value
    backwards = {"x2": X[:5, 2], "x1": X[:5, 1], "x0": X[:5, 0]}
    for table in (backwards, pandas.DataFrame(backwards)):
        found = net.predict(table)
        assert found.value.tobytes() == expected.tobytes()
        assert "columns-by-position" not in [f.name for f in found.findings]
    others = dict(zip("abc", X[:5].T, strict=True))
    found = net.predict(others)
    assert found.value.tobytes() == expected.tobytes()
    assert "columns-by-position" in [f.name for f in found.findings]


# ---- settings of JAX ----


@pytest.mark.slow
def test_networks_do_not_need_the_promotion_of_ranks():
    plain = ty.train(X, Y, solver="adam", **SMALL)
    with jax.numpy_rank_promotion("raise"):
        strict = ty.train(X, Y, solver="adam", **SMALL)
    assert strict.to_bytes() == plain.to_bytes()
