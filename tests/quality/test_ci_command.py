"""What .ci/run runs is what the README promises."""

import os
import re
import subprocess
import tomllib

from tree import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def marked(name):
    """The fenced block after `<!-- NAME command -->` in the README, as one command."""
    (found,) = re.findall(rf"<!-- {name} command -->\n```\w+\n(.*?)\n```", README, re.S)
    return found


def test_ci_runs_the_readme_command(tmp_path):
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    done = subprocess.run([script, "--show"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == marked("test") + "\n"


def test_commands_install_this_checkout_and_nothing_by_hand():
    start = "python3 -m venv .venv && .venv/bin/pip install -q "
    assert marked("test") == start + "-e '.[test]' && .venv/bin/pytest -q"
    assert marked("main").startswith(start + ". && .venv/bin/taylored fit ")


def test_the_extras_exist():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"test", "docs", "bench"} <= set(project["optional-dependencies"])
    pinned = [name for name in project["dependencies"] if "==" in name]
    assert pinned == [], "an application pins, a library gives ranges"
