"""Every block of code in README, docs and examples runs, and every link leads somewhere.

The ```python blocks of a page share one namespace; a ```text block right after one is what it
prints. In ```console and ```bash blocks each command
that starts with `taylored` is run; the lines after a command with a prompt (`$ `) are what it
prints, the others belong to other tools. All of it happens in an empty folder that holds a copy of
examples/.
"""

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tree import ROOT, pages

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^(?P=indent)```", re.M | re.S
)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s#]+)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line of the page it starts on."""

    language: str
    text: str
    line: int


def blocks(text):
    return [
        Block(found["language"], found["body"], text.count("\n", 0, found.start("body")) + 1)
        for found in FENCE.finditer(text)
    ]


def commands(block):
    """The `taylored ...` commands of a console block, continued lines joined, and their output."""
    joined = re.sub(r"[ \t]*(?<!\\)\\\n[ \t]+", " ", block.text)
    shown = {}
    for line in joined.splitlines():
        # "$ " is the prompt of a session; the README's long commands call the script in .venv.
        found = re.match(r"(\$ )?(?:.*&& *\.venv/bin/)?(taylored .*)", line)
        if found:
            prompt, command = found.groups()
            shown[command] = []
        elif shown and prompt:
            shown[command].append(line)
    return [(command, "\n".join(lines).strip("\n")) for command, lines in shown.items()]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """An empty folder with a copy of examples/, and `taylored` on the PATH."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    script = tmp_path / "bin" / "taylored"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m taylored "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("COLUMNS", "80")  # reports are as wide as the terminal
    monkeypatch.setenv("PYTHONUTF8", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def having(*languages):
    """The pages that have a block in one of the languages."""
    read = {page: blocks((ROOT / page).read_text(encoding="utf-8")) for page in pages()}
    return [page for page in read if any(b.language in languages for b in read[page])]


@pytest.mark.parametrize("page", having("python"))
def test_python_blocks_run(page, workplace):
    namespace = {"__name__": "__page__"}
    shutil.copy(ROOT / page, workplace)  # where reports find the text of the lines they name
    found = blocks((ROOT / page).read_text(encoding="utf-8"))
    for block, following in zip(found, [*found[1:], None], strict=True):
        if block.language == "python":
            # Blank lines in front, so that a traceback names the page's line.
            padded = "\n" * (block.line - 1) + block.text
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(padded, Path(page).name, "exec"), namespace)
            if following is not None and following.language == "text":
                assert printed.getvalue().rstrip() == following.text.rstrip(), f"line {block.line}"


@pytest.mark.parametrize("page", having("console", "bash"))
def test_commands_run(page, workplace):
    for block in blocks((ROOT / page).read_text(encoding="utf-8")):
        if block.language in ("console", "bash"):
            for command, output in commands(block):
                done = subprocess.run(
                    ["bash", "-c", command],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    encoding="utf-8",
                    timeout=120,
                )
                assert done.returncode == 0, f"{page}:{block.line}: {command}\n{done.stderr}"
                if output:
                    assert done.stdout.strip("\n") == output, f"{page}:{block.line}: {command}"


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [(ROOT / page).parent / target for target in LINK.findall(text)]
    assert [str(target.relative_to(ROOT)) for target in targets if not target.exists()] == []


def test_blocks_and_commands_are_found():
    page = (
        "Text\n```python\na = 1\n```\n```console\n$ taylored fit x \\\n   --json\n\n b = 2\n```\n"
    )
    page += "```bash\npython3 -m venv .venv && .venv/bin/taylored line d.csv\n```\n"
    first, second, third = blocks(page)
    assert (first.text, first.line) == ("a = 1\n", 3)
    assert commands(second) == [("taylored fit x --json", " b = 2")]
    assert commands(third) == [("taylored line d.csv", "")]
