"""Files stop at 500 lines, functions at 60, positional arguments at five."""

import ast
from functools import cache

from tree import ROOT, parse, python_files

FILE_LINES, FUNCTION_LINES, POSITIONAL = 500, 60, 5
TABLES = ()  # files that are one table of data and may be longer
FILES = python_files("src", "tests", "benchmarks", "docs")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def functions(file):
    """All functions of a file, and whether each stands directly in a class."""
    return [
        (node, isinstance(parent, ast.ClassDef))
        for parent in ast.walk(parse(file))
        for node in ast.iter_child_nodes(parent)
        if isinstance(node, Function)
    ]


def length(function):
    """Source lines from `def` to the end, the docstring not counted."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        lines -= function.body[0].end_lineno - function.body[0].lineno + 1
    return lines


def positional(function, is_method):
    """Arguments that may be given by position, `self` or `cls` not counted."""
    count = len(function.args.posonlyargs) + len(function.args.args)
    static = any(getattr(d, "id", "") == "staticmethod" for d in function.decorator_list)
    return count - (is_method and not static)


def too_large(files, measure, most):
    """What `measure` finds larger than `most`: where, and how large."""
    found = {
        f"{file}:{f.lineno} {f.name}": measure(f, method)
        for file in files
        for f, method in functions(file)
    }
    return {name: size for name, size in found.items() if size > most}


def test_files_stop_at_500_lines():
    lines = {f: len((ROOT / f).read_text(encoding="utf-8").splitlines()) for f in FILES}
    assert {f: n for f, n in lines.items() if n > FILE_LINES and f not in TABLES} == {}


def test_functions_stop_at_60_lines():
    assert too_large(FILES, lambda f, _: length(f), FUNCTION_LINES) == {}


def test_at_most_five_positional_arguments():
    assert too_large(python_files("src"), positional, POSITIONAL) == {}


def test_the_ruler_measures():
    code = "class A:\n  def f(self, a, b, *, c):\n    '''Doc.\n    More.'''\n    return 1"
    function = ast.parse(code).body[0].body[0]
    assert (length(function), positional(function, True)) == (2, 2)
    here = "tests/quality/test_sizes.py"
    assert any(name.endswith(" too_large") for name in too_large([here], lambda f, _: length(f), 5))
