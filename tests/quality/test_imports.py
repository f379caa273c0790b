"""What starting costs: heavy packages are imported by the command that needs them, not before.

And what the sources never do: reach into JAX, run text as code, or unpickle.
"""

import ast
import subprocess
import sys

import pytest

from tree import parse, python_files

HEAVY = {"jax", "jaxlib", "matplotlib", "numpy", "pandas", "polars", "pyarrow", "scipy"}
FORBIDDEN_MODULES = {"jax._src", "jax.core", "pickle", "cloudpickle", "dill", "marshal", "shelve"}
# Documented by JAX as the way to tell whether a value is being traced.
PUBLIC_NAMES = {"jax.core.Tracer"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
# The course runs learners' code in a process of its own, and nowhere else.
LEARNER = "src/taylored/course/sandbox/child.py"

WATCH = """
import atexit, os, sys
heavy = {heavy!r}
atexit.register(lambda: print(*sorted(heavy & set(sys.modules)), file=open({log!r}, "w")))
"""


def heavy_imports(tmp_path, code):
    """Run `code` in a fresh interpreter: what it printed, and the heavy packages it imported."""
    log = tmp_path / "heavy.txt"
    script = WATCH.format(heavy=HEAVY, log=str(log)) + code
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, set(log.read_text().split())


def test_the_watch_sees(tmp_path):
    assert "numpy" in heavy_imports(tmp_path, "import numpy")[1]


def test_import_is_light(tmp_path):
    assert heavy_imports(tmp_path, "import taylored")[1] == set()


COMMAND_LINE = "import sys, runpy; sys.argv = ['taylored', {args}]\n"
AS_MODULE = "runpy.run_module('taylored', run_name='__main__')"
AS_SCRIPT = "from taylored.cli.main import main; sys.exit(main())"


@pytest.mark.parametrize("start", [AS_MODULE, AS_SCRIPT], ids=["module", "script"])
@pytest.mark.parametrize("args", ["'--help'", "'--version'", "'fit', '--help'", "'line', '--help'"])
def test_help_is_light(tmp_path, start, args):
    printed, imported = heavy_imports(tmp_path, COMMAND_LINE.format(args=args) + start)
    assert printed.strip()
    assert imported == set()


def test_version_is_the_version(tmp_path):
    import taylored

    printed, _ = heavy_imports(tmp_path, COMMAND_LINE.format(args="'--version'") + AS_SCRIPT)
    assert taylored.__version__ in printed


def offences(tree):
    """Lines that import a forbidden module, call a forbidden builtin, or allow unpickling."""
    public = [n for n in ast.walk(tree) if isinstance(n, ast.Attribute)
              and ast.unparse(n) in PUBLIC_NAMES]  # fmt: skip
    allowed = {id(part) for whole in public for part in ast.walk(whole)}
    for node in ast.walk(tree):
        if id(node) in allowed:
            continue
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute):
            names = [ast.unparse(node)]
        for name in names:
            if any(f"{name}.".startswith(f"{bad}.") for bad in FORBIDDEN_MODULES):
                yield f"{node.lineno}: {name}"
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in FORBIDDEN_CALLS:
            yield f"{node.lineno}: {node.func.id}()"
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            yield f"{node.value.lineno}: allow_pickle"


def test_nothing_private_nothing_evaluated_nothing_unpickled():
    found = {file: list(offences(parse(file))) for file in python_files("src")}
    of_learners = [line.partition(": ")[2] for line in found.pop(LEARNER)]
    assert of_learners == ["exec()", "compile()"]
    assert {file: lines for file, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import jax._src.core",
        "from jax._src import core",
        "from jax import _src",
        "import jax\njax._src.core.Jaxpr",
        "from jax import core",
        "import pickle",
        "from pickle import loads",
        "eval('1')",
        "exec('1')",
        "np.load('f', allow_pickle=True)",
    ],
)
def test_offences_are_found(code):
    assert list(offences(ast.parse(code)))


def test_public_jax_is_no_offence():
    code = "import jax\nfrom jax.extend import core\nfrom jax.extend.core import Jaxpr"
    code += "\njax.core.Tracer"
    assert list(offences(ast.parse(f"{code}\nre.compile('a')"))) == []
