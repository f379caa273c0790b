"""`taylored chain`: what it prints, the tree that it draws in the terminal, what it refuses."""

from __future__ import annotations

import re

import numpy as np
import pytest

import taylored as ty
from taylored.cli.main import main
from taylored.plot.chain_terminal import terminal_chain


def branches(text):
    """(name, product of the factors up to the output) of every line of a tree that is an input."""
    found, above = [], {}
    for line in text.splitlines():
        match = re.match(r"^([ │├└─]*)× (\S+)  (\w+)(?: = (.*))?$", line)
        if match is None:
            continue
        depth = len(match[1]) // 3
        above[depth] = float(match[2]) * above.get(depth - 1, 1.0)
        if match[4] is not None and " = " not in match[4]:
            found.append((match[3], above[depth]))
    return found


@pytest.mark.parametrize(
    ("formula", "at"),
    [
        ("x*exp(-x/tau)", {"x": 1.0, "tau": 2.0}),
        ("sin(x*y)/(1 + x^2)", {"x": 0.5, "y": 2.0}),
        ("a*b*c + log(a)", {"a": 2.0, "b": 3.0, "c": 0.5}),
    ],
)
def test_products_along_the_branches_add_up_to_the_derivative(formula, at):
    result = ty.chain(formula, at)
    total = dict.fromkeys(at, 0.0)
    for name, product in branches(terminal_chain(result, width=100)):
        total[name] += product
    assert total == pytest.approx(result.gradient, rel=2e-3)  # factors have four digits


def test_what_was_written_out_is_not_written_out_again():
    text = terminal_chain(ty.chain("exp(x^2)*sin(x^2)", {"x": 1.0}), width=80)
    assert len(re.findall(r"= x\^2 = ", text)) == 1 and ", as above" in text


@pytest.mark.parametrize("width", [30, 60])
def test_trees_fit_the_terminal(width):
    def deep(x):
        for _ in range(70):
            x = x + 0.1 * x * x
        return x

    text = terminal_chain(ty.chain(deep, 0.1), width=width, unicode=False)
    assert text.isascii() and max(map(len, text.splitlines())) <= width
    assert len(text.splitlines()) < 90


def test_factors_of_arrays_stand_as_formulas():
    import jax.numpy as jnp

    weights = np.array([[1.0, 2.0], [0.5, -1.0]])
    text = terminal_chain(ty.chain(lambda x: jnp.sum(jnp.tanh(weights @ x)), np.ones(2)))
    assert "tanh(" in text and "nan" not in text


def test_the_command_draws_the_tree_below_the_report(capsys):
    assert main(["chain", "x*exp(-x/tau)", "--at", "x=1,tau=2", "--plot"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("f = 0.606531") and "└─ × 0.25  tau = 2" in out
    assert main(["chain", "x^2", "--at", "3", "--plot", "--ascii"]) == 0
    assert capsys.readouterr().out.isascii()


@pytest.mark.parametrize("form", ["--json", "--latex"])
def test_trees_do_not_mix_with_documents(form, capsys):
    assert main(["chain", "x^2", "--at", "3", "--plot", form]) == 2
    done = capsys.readouterr()
    assert done.out == "" and "would mix" in done.err and "graph.png" in done.err


def test_the_command_prints_the_report_and_draws(tmp_path, capsys):
    picture = tmp_path / "graph.svg"
    assert main(["chain", "x*exp(-x/tau)", "--at", "x=1,tau=2", "--plot", str(picture)]) == 0
    assert "x > v1 > v2 > v3 > f" in capsys.readouterr().out
    assert picture.read_text(encoding="utf-8").startswith("<?xml")


REFUSED = [
    (("x*y",), 2, "--at is missing"),
    (("x*y", "--at", "x=1"), 2, "nothing is given for y"),
    (("x*y", "x", "--at", "x=1,y=1"), 2, "put the formula in quotes"),
    (("x*y", "--at", "x=1,y=1", "--of", "z"), 2, "'z'"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), REFUSED)
def test_the_command_refuses_in_words(arguments, code, said, capsys):
    assert main(["chain", *arguments]) == code
    done = capsys.readouterr()
    assert said in " ".join(done.err.split()) and done.out == ""


def test_a_derivative_that_is_none_ends_with_5(capsys):
    assert main(["chain", "abs(x)", "--at", "0"]) == 5
    assert "kink" in capsys.readouterr().out
