"""The public names: sorted, complete, documented, and each there when it is asked for."""

import ast
import importlib

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


def is_empty(file):
    """Nothing but a docstring: the mark of a package that re-exports nothing."""
    return all(isinstance(node, ast.Expr) for node in parse(file).body)


def declared(file):
    """The names in `__all__` as written, or None."""
    for node in parse(file).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(getattr(target, "id", "") == "__all__" for target in targets):
            return ast.literal_eval(node.value)
    return None


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


@pytest.mark.parametrize("file", FILES)
def test_module_has_a_docstring(file):
    assert ast.get_docstring(parse(file))


@pytest.mark.parametrize("file", [f for f in FILES if is_public(f) and not is_empty(f)])
def test_module_declares_its_names_sorted(file):
    names = declared(file)
    assert names is not None, "a public module says what is public: __all__"
    assert list(names) == sorted(set(names), key=kind_then_name)


@pytest.mark.parametrize("file", [file for file in FILES if is_public(file)])
def test_declared_names_exist(file):
    module = importlib.import_module(module_name(file))
    assert [name for name in declared(file) or () if not hasattr(module, name)] == []
