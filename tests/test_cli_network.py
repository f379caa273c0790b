"""`taylored train` and `taylored predict`: the numbers of the library, exit codes, messages."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

import taylored as ty
from taylored.cli.completion import script
from taylored.cli.main import main
from tree import ROOT

FEW = ("--members", 10, "--hidden", 4)


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Run a command line in this process: its code, and what it wrote."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = main(list(map(str, arguments)))
        out, err = capsys.readouterr()
        assert "Traceback" not in err and "internal error" not in err and "Warning" not in err
        return SimpleNamespace(code=code, out=out, err=err, words=" ".join(out.split()))

    return run


def table(rows=60):
    rng = np.random.default_rng(2)
    size = rng.uniform(1, 9, rows).round(2)
    town = np.array(["Bern", "Graz", "Linz"])[rng.integers(0, 3, rows)]
    price = (3 * size + 2.0 * (town == "Graz") + rng.normal(0, 0.5, rows)).round(3)
    return pl.DataFrame({"id": np.arange(rows), "size": size, "town": town, "price": price})


@pytest.fixture
def houses(tmp_path):
    path = tmp_path / "houses.csv"
    table().write_csv(path)
    return path


@pytest.fixture(scope="module")
def trained():
    return ty.train(table(), "price ~ size + town", members=10, hidden=4)


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


# ---- train ----


def test_the_same_network_as_in_python(run, houses, trained):
    done = run("train", houses, "price ~ . - id", *FEW, "--json")
    found = json.loads(done.out)
    assert done.code == 0 and found["schema"] == "taylored-network/1"
    assert found["error"] == trained.error and found["inputs"] == ["size", "town"]
    assert found["data"]["rows"] == 60
    held = {c["level"]: c["measured"][0]["value"] for c in found["coverage"]}
    assert held[0.9] == trained.coverage(0.9)[0].value


def test_report_on_stdout_notes_on_stderr(run, houses):
    done = run("train", houses, "price ~ size + town", *FEW)
    assert done.code == 0 and done.words.startswith("Predicts price of rows it has not seen within")
    assert "this network" in done.out and done.err == ""
    done = run("train", houses, "price ~ size + town", *FEW, "--ascii", "--plot")
    assert done.out.isascii() and "price against its prediction" in done.out
    done = run("train", houses, "price ~ size", *FEW, "-q", "--save", "a.net")
    assert done.out == "" and done.code == 0


def test_pictures_and_files(run, houses, tmp_path):
    done = run("train", houses, "price ~ size", *FEW, "--plot", "a.png", "-o", "a.txt")
    assert done.code == 0 and done.out == ""
    assert (tmp_path / "a.png").stat().st_size > 10_000
    assert (tmp_path / "a.txt").read_text().startswith("Predicts price")
    done = run("train", houses, "price ~ town", *FEW, "--plot", "a.png", "--plot-kind", "curve")
    assert done.code == 2 and "no picture 'curve'" in done.err


def test_groups_are_a_column(run, houses):
    done = run("train", houses, "price ~ size", *FEW, "--groups", "id", "--json")
    assert json.loads(done.out)["inputs"] == ["size"] and done.code == 0
    assert run("train", houses, "price ~ .", *FEW, "--groups", "idd").code == 3
    patients = table().with_columns(id=pl.Series(np.arange(60) // 3))
    patients.write_csv("p.csv")
    whole = ty.train(patients, "price ~ size", groups="id", members=10, hidden=4)
    done = run("train", "p.csv", "price ~ size", *FEW, "--groups", "id", "--json")
    assert json.loads(done.out)["error_stderr"] == whole.error_stderr


def test_interrupted_training_says_how_to_go_on(run, houses, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("taylored.networks.train.train", stopped)
    done = run("train", houses, "price ~ size")
    assert done.code == 130 and "with --checkpoint FILE" in done.err
    done = run("train", houses, "price ~ size", "--checkpoint", "a.checkpoint")
    assert done.code == 130 and "goes on from a.checkpoint" in done.err


def test_importance_in_the_terminal(run, houses):
    asked = ("train", houses, "price ~ size + town", *FEW, "--plot", "--plot-kind", "importance")
    assert run(*asked).words.count("size matters most") == 1
    assert run(*asked, "--importance").words.count("size matters most") == 1


def test_importance_ranks(run, houses):
    done = run("train", houses, "price ~ size + town", *FEW, "--importance", "--json")
    found = json.loads(done.out)["importance"]
    rise = dict(zip(found["names"], found["value"], strict=True))
    assert rise["size"] > rise["town"] > 0  # 3*size varies by 7, the part of a town by 1


def test_whole_numbers_are_classes_as_they_are_written(run, tmp_path):
    x = np.r_[np.linspace(0, 1, 25), np.linspace(2, 3, 25)]
    lines = [f"{a},{int(a > 1.5)}" for a in x]
    (tmp_path / "c.csv").write_text("x,y\n" + "\n".join(lines) + "\n0.5,NA\n")
    done = run("train", "c.csv", "y ~ x", *FEW, "--json", "--save", "c.net")
    found = json.loads(done.out)
    assert found["task"] == "classification" and found["classes"] == [0, 1]
    assert found["confusion"] == [[25, 0], [0, 25]]
    (tmp_path / "n.csv").write_text("x\n0.1\n2.9\n")
    rows = read(run("predict", "c.net", "n.csv").out)
    assert [r["class"] for r in rows] == ["0", "1"] and rows[0]["set"] == "0"
    sums = [float(r["probability 0"]) + float(r["probability 1"]) for r in rows]
    assert sums == pytest.approx([1.0, 1.0])


def test_useless_inputs_end_with_5(run, tmp_path):
    rng = np.random.default_rng(1)
    pl.DataFrame({"x": rng.normal(size=40), "y": rng.normal(size=40)}).write_csv("u.csv")
    done = run("train", "u.csv", "y ~ x", *FEW)
    assert done.code == 5 and done.words.startswith("Not usable")


def test_fail_on_warn(run, houses):
    unchecked = ("train", houses, "price ~ size", "--intervals", "none", "--hidden", 3, "-q")
    assert run(*unchecked).code == 0
    assert run(*unchecked, "--fail-on", "warn").code == 5


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("houses.csv",), 2, "The formula is missing"),
        ((), 2, "DATA and FORMULA are missing"),
        (("houses.csv", "price ~ .", "x"), 2, "in quotes"),
        (("houses.csv", "prise ~ ."), 3, "did you mean 'price'?"),
        (("houses.csv", "price ~ log(size)"), 2, "is none"),
        (("houses.csv", "price ~ size", "--weights", "twon"), 3, "did you mean 'town'?"),
        (("houses.csv", "price ~ size", "--members", 1), 2, "--members is 1"),
        (("houses.csv", "price ~ size", "--hidden", "a"), 2, "write 20 or 64,64"),
        (("houses.csv", "price ~ size", "--regularization", "x"), 2, "evidence or a number"),
        (("houses.csv", "price ~ size", "--save", "houses.csv"), 2, "holds the data"),
        (("houses.csv", "price ~ size", "--json", "--plot"), 2, "would mix"),
        (("houses.csv", "price ~ size", "--importance", "--intervals", "none"), 2, "rows left out"),
        (("none.csv", "price ~ size"), 3, "none.csv"),
        (("houses.csv", "town ~ size", "--task", "regression"), 3, "--task classification"),
    ],
)
def test_refusals(run, houses, arguments, code, said):
    done = run("train", *arguments)
    assert done.code == code and said in " ".join(done.err.split()) and done.out == ""


def test_a_wrong_cell_is_named_by_its_line(run, houses, tmp_path):
    lines = houses.read_text().splitlines()
    lines[7] = lines[7].rpartition(",")[0] + ",dear"
    (tmp_path / "bad.csv").write_text("\n".join(lines) + "\n")
    done = run("train", "bad.csv", "price ~ size", *FEW)
    assert done.code == 3 and "line 8" in done.err and "'dear'" in done.err
    done = run("train", "bad.csv", "price ~ size", *FEW, "--na-values", "dear")
    assert done.code == 0 and "1 row of 60 with missing cells" in done.words
    assert run("train", "bad.csv", "price ~ size", *FEW, "--na", "fail").code == 3
    assert run("train", "bad.csv", "size ~ id + town", *FEW).code == 5  # price is not looked at


# ---- predict ----


def test_prediction_is_that_of_the_library(run, tmp_path, trained):
    trained.save("h.net")
    new = table(80)[60:]
    new.write_csv("new.csv")
    done = run("predict", "h.net", "new.csv", "--level", 0.8)
    rows, p = read(done.out), trained.predict(new, 0.8)
    assert done.code == 0 and len(rows) == 20
    for name, truth in (("value", p.value), ("lo", p.lo), ("hi", p.hi)):
        assert [float(r[name]) for r in rows] == truth.tolist()
    assert [r["town"] for r in rows] == new["town"].to_list()
    assert {r["trusted"] for r in rows} == {"true"}
    assert "20 rows; 80 % intervals, calibrated" in done.err


def test_nothing_is_claimed_where_nothing_is_known(run, tmp_path, trained):
    trained.save("h.net")
    (tmp_path / "new.csv").write_text(
        "value,size,town,note\n1,3.5,Bern,\"a, b\"\n2,,Bern,x\n3,4,Wien,y\n4,900,Graz,z\n"
    )  # fmt: skip
    done = run("predict", "h.net", "new.csv", "--fail-on", "warn")
    rows = read(done.out)
    assert done.code == 5
    assert [r["trusted"] for r in rows] == ["true", "false", "false", "false"]
    assert rows[0]["note"] == "a, b" and rows[0]["value"] == "1"  # the data's own column
    assert (
        float(rows[0]["predicted_value"])
        == trained.predict({"size": [3.5], "town": ["Bern"]}).value[0]
    )
    assert rows[1]["predicted_value"] == "" and [r["lo"] for r in rows[1:]] == ["", "", ""]
    assert "1 row with a missing input has no prediction" in done.err
    assert "'Wien' in 1 row (line 4)" in done.err
    assert run("predict", "h.net", "new.csv", "--na", "fail").code == 3
    assert run("predict", "h.net", "new.csv").code == 0


def test_notes_are_in_ascii_where_that_is_asked_for(run, tmp_path, trained):
    trained.save("h.net")
    table(5).write_csv("new.csv")
    done = run("predict", "h.net", "new.csv", "--ascii")
    assert done.code == 0 and "they held" in done.err and done.err.isascii()


def test_prediction_as_json_from_stdin_and_parquet(run, tmp_path, trained, monkeypatch):
    trained.save("h.net")
    table()[:4].write_parquet("new.parquet")
    found = json.loads(run("predict", "h.net", "new.parquet", "--json", "-q").out)
    assert found["value"] == trained.predict(table()[:4]).value.tolist()
    assert found["lines"] is None and found["rows"] == [1, 2, 3, 4]
    text = table()[:4].write_csv().encode()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text), isatty=lambda: False))
    done = run("predict", "h.net", "-", "-o", "out.csv", "--where", "size > 0")
    assert done.out == "" and len(read((tmp_path / "out.csv").read_text())) == 4


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("h.net",), 2, "Two arguments"),
        (("-", "houses.csv"), 2, "read from a file"),
        (("nowhere.net", "houses.csv"), 3, "nowhere.net"),
        (("houses.csv", "houses.csv"), 3, "houses.csv"),
        (("h.net", "other.csv"), 3, "There is no column 'size'"),
        (("h.net", "houses.csv", "-o", "houses.csv"), 2, "holds the data"),
    ],
)
def test_refusals_of_predict(run, houses, tmp_path, trained, arguments, code, said):
    trained.save("h.net")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    done = run("predict", *arguments)
    assert done.code == code and said in done.err and done.out == ""


def test_a_fit_is_no_network(run, tmp_path):
    ty.fit("y ~ a*x", {"x": [1.0, 2, 3], "y": [2.0, 4.1, 6]}).save("f.json")
    (tmp_path / "n.csv").write_text("x\n1\n")
    done = run("predict", "f.json", "n.csv")
    assert done.code == 2 and "taylored show f.json --predict" in done.err


def test_show_is_at_the_level_of_networks(run, tmp_path, trained):
    trained.save("h.net")
    assert "90 % intervals hold" in run("show", "h.net").words.partition("model")[0]
    assert json.loads(run("show", "h.net", "--json").out)["level"] == 0.9
    assert json.loads(run("show", "h.net", "--json", "--level", 0.8).out)["level"] == 0.8
    fit = ty.fit("y ~ a + b*x", {"x": np.arange(9.0), "y": np.arange(9.0) ** 1.1})
    fit.save("f.json")
    assert "95 %" in run("show", "f.json").out


def test_show(run, tmp_path, trained):
    trained.save("h.net")
    done = run("show", "h.net")
    assert done.code == 0 and done.words.startswith("Predicts price of rows it has not seen")
    assert json.loads(run("show", "h.net", "--json").out)["error"] == trained.error
    assert run("show", "h.net", "--plot", "a.png").code == 0 and (tmp_path / "a.png").exists()
    refused = run("show", "h.net", "--predict", "0:1")
    assert refused.code == 2 and "taylored predict h.net" in refused.err


# ---- around them ----


@pytest.mark.parametrize("command", ["train", "predict"])
def test_help_is_narrow_and_loads_nothing(command):
    code = (
        "import sys; from taylored.cli.main import main; main([sys.argv[1], '--help'])\n"
        "heavy = {'numpy', 'jax', 'scipy', 'polars', 'rich', 'matplotlib'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: taylored {command}")
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_completion_knows_the_options():
    for shell in ("bash", "zsh", "fish"):
        text = script(shell)
        for word in ("train", "predict", "out-of-bag", "classification"):
            assert word in text


def test_the_example_is_what_its_page_says():
    path = ROOT / "examples" / "penguins.csv"
    found = pl.read_csv(path, null_values=["NA"])
    assert found.shape == (344, 8) and found["species"].n_unique() == 3
    assert "penguins.csv" in (ROOT / "examples" / "README.md").read_text()
    assert "CC0" in (ROOT / "examples" / "README.md").read_text()
