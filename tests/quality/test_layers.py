"""Imports go downwards only: the contract in pyproject.toml, checked by import-linter."""

import subprocess
import sys

from tree import ROOT

CHECK = (
    "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
)


def test_imports_go_downwards_only():
    # In a process of its own: its live display and the capture of pytest take stdout in turns.
    made = subprocess.run([sys.executable, "-c", CHECK], cwd=ROOT, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
