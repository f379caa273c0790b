"""Exported networks say what `predict` says, without taylored."""

import json
import sys
from functools import cache

import jax
import numpy as np
import onnx
import onnxruntime
import pytest

import taylored as ty
from taylored.errors import ArgumentError, MissingExtraError, ModelError, SavedFitError
from taylored.networks.export import export

RNG = np.random.default_rng(2)
ROWS = 120
A, B = RNG.uniform(1900, 2000, ROWS), RNG.normal(0, 1e-3, ROWS)
TOWN = RNG.choice(["Bern", "Genf", "Zürich"], ROWS)
TRUTH = RNG.random(ROWS) > 0.5
Y = np.sin((A - 1950) / 20) + (TOWN == "Bern") * B * 500
Y = Y + RNG.normal(0, 0.1 + 0.3 * (A > 1950), ROWS)
TABLE = {"a": A, "town": TOWN, "truth": TRUTH, "same": np.full(ROWS, 3.0), "b": B}
SMALL = {"members": 10, "hidden": (4,)}
CODES = {"Bern": 0, "Genf": 1, "Zürich": 2, "Biel": -1}

# New rows: an unseen category, one far outside, another constant.
NEW = {k: v[:30].copy() for k, v in TABLE.items()}
NEW["town"][3], NEW["a"][4], NEW["same"][5] = "Biel", 3000.0, 4.0
NUMBERS = np.stack(
    [NEW["a"], [CODES[str(c)] for c in NEW["town"]], NEW["truth"], NEW["same"], NEW["b"]], axis=1
).astype(float)

TRAINED = {
    "numbers": lambda: ty.train(TABLE, Y, **SMALL),
    "varying noise": lambda: ty.train(TABLE, Y, noise="varying", **SMALL),
    "two outputs": lambda: ty.train(TABLE, np.stack([Y, 1e6 * Y**2], 1), **SMALL),
    "two classes": lambda: ty.train(TABLE, np.where(Y > 0, "yes", "no"), **SMALL),
    "three classes": lambda: ty.train(TABLE, np.digitize(Y, [-0.5, 0.5]), **SMALL),
    "one network": lambda: ty.train(TABLE, Y, intervals="none", hidden=(3, 3), starts=1),
    "classes, one network": lambda: ty.train(TABLE, Y > 0, intervals="none", hidden=(3,), starts=1),
    "laplace": lambda: ty.train(TABLE, Y, intervals="laplace", hidden=(3,), starts=1),
}


@cache
def trained(name):
    return TRAINED[name]()


def run_stablehlo(path, x):
    with jax.enable_x64(True):
        net = jax.export.deserialize(bytearray(path.read_bytes()))
        return {name: np.asarray(v) for name, v in net.call(x).items()}


def run_onnx(path, x):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"x": x}), strict=True))


RUN = {"stablehlo": run_stablehlo, "onnx": run_onnx}


def compare(found, prediction, rtol=1e-9):
    expected = {
        "mean": prediction.value, "lo": prediction.lo, "hi": prediction.hi,
        "probabilities": prediction.probabilities, "sets": prediction.sets,
        "trusted": prediction.trusted,
    }  # fmt: skip
    for name, values in found.items():
        wanted = expected[name]
        assert values.shape == wanted.shape, name
        if values.dtype == bool:
            np.testing.assert_array_equal(values, wanted)
        else:
            assert values.dtype == np.float64
            scale = np.abs(wanted).max(axis=0)
            assert (np.abs(values - wanted) <= rtol * scale).all(), name


FIRST = {"stablehlo": ["varying noise"], "onnx": list(TRAINED)[1:6]}
CASES = [
    pytest.param(n, f, marks=() if n in FIRST[f] else pytest.mark.slow)
    for n in TRAINED
    for f in RUN
]


@pytest.mark.every(3)
@pytest.mark.parametrize(("name", "form"), CASES)
def test_an_export_says_what_predict_says(name, form, tmp_path):
    net = trained(name)
    path = tmp_path / f"m.{form}"
    export(net, path, level=0.8)
    expected = {"mean", "trusted"} if net.task == "regression" else {"probabilities", "trusted"}
    if "network" not in name and name != "laplace":
        expected |= {"lo", "hi"} if net.task == "regression" else {"sets"}
    for count in (30, 1):  # any number of rows
        found = RUN[form](path, NUMBERS[:count])
        assert set(found) == expected
        compare(found, net.predict({k: v[:count] for k, v in NEW.items()}, level=0.8))
    assert not RUN[form](path, NUMBERS)["trusted"][[3, 4, 5]].any()


@pytest.mark.every(3)
@pytest.mark.parametrize(
    "activation", ["tanh", "relu", "logistic", "softplus", "sin", "gelu", "silu", "identity"]
)
def test_every_activation_in_onnx(activation, tmp_path):
    X = np.stack([A, B], 1)
    net = ty.train(X, Y, activation=activation, members=10, hidden=(3, 2))
    export(net, tmp_path / "m.onnx")
    found = run_onnx(tmp_path / "m.onnx", X[:20])
    compare(found, net.predict(X[:20]), rtol=1e-6 if activation == "gelu" else 1e-9)


def documents(tmp_path, net):
    net.export(tmp_path / "m.stablehlo")
    export(net, tmp_path / "m.onnx")
    (entry,) = onnx.load(tmp_path / "m.onnx").metadata_props
    return json.loads((tmp_path / "m.stablehlo.json").read_text()), json.loads(entry.value)


def test_the_columns_are_described(tmp_path):
    net = trained("three classes")
    beside, within = documents(tmp_path, net)
    assert beside == within
    columns = beside["input"]["columns"]
    assert [c["name"] for c in columns] == list(TABLE)
    assert columns[1]["codes"] == ["Bern", "Genf", "Zürich"]
    assert columns[0]["range"] == [A.min(), A.max()]
    assert beside["outputs"]["classes"] == [0, 1, 2]
    assert beside["level"] == 0.9
    assert beside["coverage"][0]["value"] == net.coverage(0.9)[0].value
    assert beside["accuracy"] == "calibrated"


@pytest.mark.slow
def test_no_intervals_are_said_to_be_none(tmp_path):
    beside, _ = documents(tmp_path, TRAINED["laplace"]())
    assert (beside["accuracy"], beside["level"], beside["coverage"]) == ("unknown", None, [])
    assert "not exported" in beside["why"]


@pytest.mark.parametrize("form", ["onnx", pytest.param("stablehlo", marks=pytest.mark.slow)])
def test_missing_numbers_are_not_passed_over(form, tmp_path):
    export(trained("varying noise"), tmp_path / f"m.{form}")
    x = NUMBERS[:6].copy()
    x[0, 0] = x[1, 1] = np.nan
    x[2, 4] = np.inf
    found = RUN[form](tmp_path / f"m.{form}", x)
    assert np.isnan(found["mean"][:2]).all()
    assert not found["trusted"][:3].any()


@pytest.mark.slow
def test_the_same_network_has_the_same_export(tmp_path):
    for name in ("one", "two"):
        net = TRAINED["varying noise"]()
        export(net, tmp_path / f"{name}.onnx")
        export(net, tmp_path / f"{name}.stablehlo")
    for form in RUN:
        one, two = ((tmp_path / f"{n}.{form}").read_bytes() for n in ("one", "two"))
        assert one == two


# ---- functions of the user, and what is refused -------------------------------------------------


def curve(p, x):
    import jax.numpy as jnp

    return p["a"] * jnp.sin((x[0] - 1950.0) / p["b"])


def test_functions_as_stablehlo(tmp_path):
    net = ty.train(A, Y, model=curve, params={"a": 1.0, "b": 18.0}, members=10)
    export(net, tmp_path / "m.stablehlo")
    compare(run_stablehlo(tmp_path / "m.stablehlo", A[:25, None]), net.predict(A[:25]))
    with pytest.raises(ModelError) as caught:
        export(net, tmp_path / "m.onnx")
    assert ".stablehlo" in caught.value.next_step


def called_back(p, x):
    import jax

    def outside(v):
        return np.sin(np.asarray(v)).astype(v.dtype)

    shape = jax.ShapeDtypeStruct((), x.dtype)
    return p * x[0] + jax.pure_callback(outside, shape, x[0], vmap_method="expand_dims")


@pytest.mark.slow
def test_callbacks_cannot_be_exported(tmp_path):
    net = ty.train(
        B, Y, model=called_back, params=np.array([1.0]), members=10, standardize=False
    )  # fmt: skip
    with pytest.raises(ModelError, match="cannot be exported") as caught:
        export(net, tmp_path / "m.stablehlo")
    assert "callback" in caught.value.next_step
    assert list(tmp_path.iterdir()) == []


def test_what_is_refused(tmp_path, monkeypatch):
    net = ty.train(np.stack([A, B], 1), Y, **SMALL)
    with pytest.raises(ArgumentError, match="no format") as caught:
        export(net, tmp_path / "m.pt")
    assert ".onnx" in caught.value.next_step
    with pytest.raises(ArgumentError, match="level"):
        export(net, tmp_path / "m.onnx", level=1.0)
    with pytest.raises(SavedFitError, match="cannot be written"):
        export(net, tmp_path / "none" / "m.onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError) as missing:
        export(net, tmp_path / "m.onnx")
    assert "taylored[onnx]" in missing.value.next_step
    assert list(tmp_path.iterdir()) == []
    export(net, tmp_path / "model", format="stablehlo")
    assert (tmp_path / "model.json").exists()
