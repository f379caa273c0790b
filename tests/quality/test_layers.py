"""Imports go downwards only: the contract in pyproject.toml, checked by import-linter."""

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tree import ROOT


def test_imports_go_downwards_only(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename="pyproject.toml", no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out
