"""The public names: sorted, complete, documented, and each there when it is asked for."""

import ast
import importlib
from dataclasses import dataclass

import pytest

import taylored
from tree import module_name, parse, python_files

FILES = python_files("src")


def is_public(file):
    parts = file.removeprefix("src/").removesuffix(".py").split("/")
    return not any(part.startswith("_") and part != "__init__" for part in parts)


def kind_then_name(name):
    """Constants, then classes, then the rest, each by name: the order that ruff's RUF022 keeps."""
    return not name.isupper(), not name[0].isupper(), name


@dataclass(frozen=True)
class Head:
    """What a module says of itself; an empty one, which re-exports nothing, no more than that."""

    docstring: str | None
    empty: bool
    declared: tuple | list | None


def head(file):
    tree = parse(file)
    empty = all(isinstance(node, ast.Expr) for node in tree.body)
    return Head(ast.get_docstring(tree), empty, declared(tree))


def declared(tree):
    """The names in `__all__` as written, or None."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(getattr(target, "id", "") == "__all__" for target in targets):
            return ast.literal_eval(node.value)
    return None


@pytest.fixture(scope="module")
def heads():
    return {file: head(file) for file in FILES}


@pytest.mark.parametrize("name", taylored.__all__)
def test_public_name_is_there_and_documented(name):
    value = getattr(taylored, name)
    assert name == "__version__" or value.__doc__


def test_all_and_exports_agree():
    assert taylored.__all__ == sorted({*taylored._EXPORTS, "__version__"}, key=kind_then_name)
    assert set(taylored.__all__) <= set(dir(taylored))


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = taylored.nonsense


def test_modules_have_docstrings(heads):
    assert [file for file, said in heads.items() if not said.docstring] == []


def test_public_modules_declare_their_names_sorted(heads):
    names = {f: said.declared for f, said in heads.items() if is_public(f) and not said.empty}
    assert [file for file in names if names[file] is None] == [], "__all__ says what is public"
    ordered = {file: sorted(set(names[file]), key=kind_then_name) for file in names}
    assert {f: names[f] for f in names if list(names[f]) != ordered[f]} == {}


def test_declared_names_exist(heads):
    names = {f: said.declared or () for f, said in heads.items() if is_public(f)}
    modules = {file: importlib.import_module(module_name(file)) for file in names}
    missing = [(f, name) for f in names for name in names[f] if not hasattr(modules[f], name)]
    assert missing == []
