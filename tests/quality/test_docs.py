"""Every block of code in README, docs and examples runs, and every link leads somewhere.

The ```python blocks of a page share one namespace; a ```text block right after one is what it
prints. In ```console and ```bash blocks each command
that starts with `taylored` is run, the first of a page as a process of its own, as are those that
need a shell; the lines after a command with a prompt (`$ `) are what it prints, the others belong
to other tools. All of it happens in an empty folder that holds a copy of examples/.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from taylored.cli.main import main
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


def needs_a_shell(command):
    """Whether a pipe or another operator of the shell stands outside of the quotes."""
    words = shlex.shlex(command, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    return any(set(word) <= set("();<>|&") for word in words)


def in_a_process(command):
    """Exit code, output and errors of a command that bash runs."""
    done = subprocess.run(
        ["bash", "-c", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def in_this_process(command):
    """The same of a command that needs no shell, without a new interpreter."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(shlex.split(command)[1:])
    return code, out.buffer.getvalue().decode(), err.buffer.getvalue().decode()


@pytest.mark.parametrize("page", having("console", "bash"))
def test_commands_run(page, workplace):
    run = in_a_process
    for block in blocks((ROOT / page).read_text(encoding="utf-8")):
        if block.language in ("console", "bash"):
            for command, output in commands(block):
                run = in_a_process if needs_a_shell(command) else run
                code, printed, errors = run(command)
                assert code == 0, f"{page}:{block.line}: {command}\n{errors}"
                if output:
                    assert printed.strip("\n") == output, f"{page}:{block.line}: {command}"
                run = in_this_process


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


def test_shells_and_processes():
    assert needs_a_shell("taylored root 'x^2>=1' --on 0:1 | head")
    assert needs_a_shell("taylored fit a.csv 'y~x' >out")
    assert not needs_a_shell("taylored root 'x>=2 | x' --start x=1")
    assert in_this_process("taylored --version") == in_a_process(
        f"{sys.executable} -m taylored --version"
    )
    code, printed, errors = in_this_process("taylored nonsense")
    assert (code, printed) == (2, "") and "nonsense" in errors
