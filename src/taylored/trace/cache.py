"""When are two functions the same? By their code and what it closes over, not by identity.

A lambda written anew in every turn of a loop has one code object; if its closure, defaults and
the globals it reads are equal too, its program is the same and need not be traced again.
"""

from __future__ import annotations

import dis
import sys
import threading
import types
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Any

__all__ = ["LeastRecentlyUsed", "function_key", "names_read"]

_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_DEEPEST = 4
_LIBRARIES = frozenset(
    ["numpy", "scipy", "jax", "jaxlib", "math", "cmath", "operator", "functools", "itertools",
     "builtins"]
)  # fmt: skip
# Builtins through which a function reaches what is outside its code and closure.
_OUTWARD = frozenset(
    "open globals locals vars getattr setattr eval exec compile input __import__ id".split()
)


class _Unknown(Exception):
    """A value whose equality cannot be told."""


def function_key(function: Callable) -> Hashable | None:
    """A key that is equal for functions that compute the same; None where that is not known."""
    try:
        return _of_function(function, 0)
    except _Unknown:
        return None


def _of_function(function: Any, depth: int) -> tuple:
    if not isinstance(function, types.FunctionType) or depth > _DEEPEST or function.__dict__:
        raise _Unknown
    code = function.__code__
    if not _self_contained.find(code, lambda: _is_self_contained(code)):
        raise _Unknown
    cells = [_cell(c) for c in function.__closure__ or ()]
    defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).items()]
    closed = tuple(_of_value(v, depth + 1) for v in (*cells, *defaults))
    return (function.__code__, closed, _of_globals(function, depth))


def _is_self_contained(code: types.CodeType) -> bool:
    """Whether code reads only arguments, closure and globals by name: no imports, no files."""
    if _OUTWARD.intersection(names_read(code)):
        return False
    return not any(i.opname == "IMPORT_NAME" for c in _codes(code) for i in dis.get_instructions(c))


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code, and all code within it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _cell(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        raise _Unknown from None


def _of_globals(function: types.FunctionType, depth: int) -> tuple:
    """The globals that the code (and the code nested in it) reads, with their values."""
    found = []
    for name in sorted(names_read(function.__code__)):
        if name in function.__globals__:
            found.append((name, _of_value(function.__globals__[name], depth + 1)))
    return tuple(found)


def names_read(code: types.CodeType) -> set[str]:
    """Globals and attributes that the code, and all code within it, reads by name."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= names_read(constant)
    return names


def _of_value(value: Any, depth: int) -> Hashable:
    if isinstance(value, _PLAIN):
        return (type(value).__name__, repr(value) if value == 0 else value)
    if isinstance(value, tuple) and depth <= _DEEPEST:
        return tuple(_of_value(v, depth + 1) for v in value)
    if isinstance(value, types.FunctionType):
        return _of_function(value, depth + 1)
    if isinstance(value, types.BuiltinFunctionType):
        owner = value.__self__
        if owner is None or isinstance(owner, types.ModuleType):
            return ("fixed", id(value))
        raise _Unknown  # a method of some object, such as a dictionary's get
    if isinstance(value, types.ModuleType | type):
        return _of_namespace(value)
    if type(value).__name__ == "ufunc" or type(value).__module__.startswith(("jax", "numpy")):
        return _of_library_value(value)
    raise _Unknown


def _of_namespace(value: Any) -> Hashable:
    """A module or class of a library is taken as fixed; one of the user's may change."""
    name = value.__name__ if isinstance(value, types.ModuleType) else value.__module__
    top = name.partition(".")[0]
    if top in _LIBRARIES:
        return ("fixed", id(value))
    raise _Unknown


def _of_library_value(value: Any) -> Hashable:
    if callable(value):
        if _belongs_to_library(value):
            return ("fixed", id(value))
        raise _Unknown  # such as a user's function under jax.jit
    if (
        getattr(value, "nbytes", 1 << 30) <= 4096 and value.dtype.kind in "biufc"
    ):  # small arrays by content: they may change
        return (type(value).__name__, str(value.dtype), value.shape, value.tobytes())
    raise _Unknown


def _belongs_to_library(value: Any) -> bool:
    """Whether it is found under its own name in a module of a library: then it does not change."""
    module, name = getattr(value, "__module__", None), getattr(value, "__name__", None)
    if type(value).__name__ == "ufunc":
        module = "numpy"
    if not isinstance(module, str) or not isinstance(name, str):
        return False
    if module.partition(".")[0] not in _LIBRARIES:
        return False
    return any(
        getattr(sys.modules.get(place), name, None) is value
        for place in (module, "jax", "jax.numpy", "jax.numpy.linalg", "jax.lax", "jax.nn",
                      "jax.scipy.special", "numpy", "scipy.special")
    )  # fmt: skip


class LeastRecentlyUsed(OrderedDict):
    """A dictionary that forgets what was not asked for longest."""

    def __init__(self, limit: int):
        super().__init__()
        self.limit = limit
        self._lock = threading.Lock()

    def find(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The value of `key`, made if it is not there; not kept for None or an unhashable key."""
        try:
            hash(key)
        except TypeError:
            key = None
        if key is None:
            return make()
        with self._lock:
            if key in self:
                self.move_to_end(key)
                return self[key]
        value = make()  # it may ask the same cache, so that no lock is held
        with self._lock:
            value = self.setdefault(key, value)
            while len(self) > self.limit:
                self.popitem(last=False)
        return value


_self_contained = LeastRecentlyUsed(1024)
