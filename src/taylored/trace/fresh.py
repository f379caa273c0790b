"""A function with arrays of its own in place of those that it closes over.

JAX remembers for each NumPy array object what it turned it into, whatever the precision at the
time: an array that a function compiled in float32 has seen stays float32 in a float64 trace, and
the other way round. A view is the same data and another object, of which JAX remembers nothing.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from taylored.trace.cache import names_read

__all__ = ["with_own_arrays"]

_DEEPEST = 6


def with_own_arrays(function: Callable) -> Callable:
    """The same function, reading views of the NumPy arrays in its closure and its globals.

    So do the functions that it calls by name. What is not a plain function is left as it is.
    """
    try:
        return _renewed(function, {}, 0)
    except (TypeError, ValueError):  # unusual code: better the function as it is
        return function


def _renewed(value: Any, made: dict[int, Any], depth: int) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        return made.setdefault(id(value), value.view())
    if isinstance(value, types.MethodType):
        return types.MethodType(_renewed(value.__func__, made, depth), value.__self__)
    if type(value) in (list, tuple, dict) and depth <= _DEEPEST:
        return _container(value, made, depth + 1)
    if not isinstance(value, types.FunctionType) or depth > _DEEPEST:
        return value
    if id(value) in made:
        return made[id(value)]
    if not _reads_arrays(value, set(), depth):
        return value
    cells = tuple(types.CellType() for _ in value.__closure__ or ())
    names = dict(value.__globals__)
    copy = types.FunctionType(value.__code__, names, value.__name__, None, cells or None)
    made[id(value)] = copy
    copy.__kwdefaults__ = _renewed(value.__kwdefaults__, made, depth + 1)
    copy.__defaults__ = _renewed(value.__defaults__, made, depth + 1)
    for cell, old in zip(cells, value.__closure__ or (), strict=True):
        if _filled(old):
            cell.cell_contents = _renewed(old.cell_contents, made, depth + 1)
    for name in names_read(value.__code__):
        if name in names:
            names[name] = _renewed(names[name], made, depth + 1)
    return copy


def _container(value: Any, made: dict[int, Any], depth: int) -> Any:
    """The container itself where nothing in it is renewed: it may be changed by the function."""
    items = list(value.values()) if isinstance(value, dict) else list(value)
    fresh = [_renewed(v, made, depth) for v in items]
    if all(a is b for a, b in zip(items, fresh, strict=True)):
        return value
    return dict(zip(value, fresh, strict=True)) if isinstance(value, dict) else type(value)(fresh)


def _reads_arrays(value: Any, seen: set[int], depth: int) -> bool:
    if isinstance(value, np.ndarray):
        return True
    if type(value) in (list, tuple, dict):
        items = value.values() if isinstance(value, dict) else value
        return depth <= _DEEPEST and any(_reads_arrays(v, seen, depth + 1) for v in items)
    if not isinstance(value, types.FunctionType) or id(value) in seen or depth > _DEEPEST:
        return False
    seen.add(id(value))
    held = [c.cell_contents for c in value.__closure__ or () if _filled(c)]
    held += [value.__globals__[n] for n in names_read(value.__code__) if n in value.__globals__]
    held += [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
    return any(_reads_arrays(v, seen, depth + 1) for v in held)


def _filled(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True
