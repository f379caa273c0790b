"""The commands beside fit and line: help, version, rules, doctor, completion."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

import taylored
from taylored.cli.main import main
from tree import ROOT


@pytest.fixture
def run(capsys):
    """Run a command line in this process: its code, and what it wrote."""

    def run(*arguments):
        code = main(list(arguments))
        out, err = capsys.readouterr()
        return SimpleNamespace(code=code, out=out, err=err)

    return run


@pytest.mark.parametrize("command", ["fit", "line", "show", "rules", "doctor", "completion"])
def test_help_of_each_command(run, command):
    for arguments in ([command, "--help"], ["help", command], [command, "-h"]):
        done = run(*arguments)
        assert done.code == 0 and done.err == ""
        assert done.out.startswith(f"usage: taylored {command}")
        assert max(map(len, done.out.splitlines())) <= 80


def test_help_and_version(run):
    assert "exit codes:" in run("--help").out and "exit codes:" in run("fit", "--help").out
    assert run("--version").out == f"taylored {taylored.__version__}\n"
    assert run().code == 2
    assert "did you mean line" in run("lien").err


def test_rules_lists_every_table(run):
    from taylored.readings import derivative, doubled, interval, jet, numpy, sparsity

    found = json.loads(run("rules", "--json").out)
    tables = [reading.RULES for reading in (numpy, derivative, doubled, sparsity)]
    for table in (*tables, jet.JETS, interval.INTERVALS):
        assert {p for p, row in found.items() if row[table.reading]} == set(table)
    text = run("rules").out
    assert text.splitlines()[0].split() == ["operation", *next(iter(found.values()))]


def test_every_module_with_rules_is_listed():
    from taylored.cli.rules import TABLES

    folder = ROOT / "src" / "taylored" / "readings"
    files = [p for p in folder.rglob("*.py") if "RuleTable(" in p.read_text()]
    with_rules = {p.relative_to(folder).parts[0].removesuffix(".py") for p in files}
    # The tables of jet and interval are made from one set of shared rules.
    assert with_rules | {"interval"} == set(TABLES)


def test_doctor(run, monkeypatch):
    done = run("doctor", "--quick")
    assert done.code == 0 and "All is as it must be." in done.out
    monkeypatch.setattr("taylored.cli.doctor.PACKAGES", ("a-package-that-is-not-there",))
    done = run("doctor", "--quick", "--json")
    found = json.loads(done.out)
    assert done.code == 1 and found["ok"] is False and "not installed" in done.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_has_every_command_and_option(run, shell):
    done = run("completion", shell)
    assert done.code == 0
    for word in ("fit", "line", "--start" if shell != "fish" else "-l start", "confidence"):
        assert word in done.out
    assert run("completion", "tcsh").code == 2


def test_completion_in_a_real_bash(tmp_path):
    here = tmp_path
    (here / "taylored").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m taylored "$@"\n')
    (here / "taylored").chmod(0o755)
    script = """
      source <(./taylored completion bash) && complete -p taylored
      ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _taylored; echo "${COMPREPLY[@]}"; }
      ask taylored f; ask taylored fit d.csv --na d; ask taylored line --rel; ask taylored fit d
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=here)
    assert done.stderr == ""
    registered, *answers = done.stdout.splitlines()
    assert registered == "complete -o default -F _taylored taylored"
    assert answers == ["fit fit-many", "drop", "--relative-sigma", ""]
