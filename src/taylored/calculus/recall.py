"""When may what was found out about a function be used again for another call with it?

A function that is handed in anew is taken for an earlier one only where that is certain: its code
and all it reads are equal, or it is compiled by `jax.jit`, which makes the same promise itself.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable
from functools import cache
from typing import Any

import numpy as np

from taylored.trace.cache import function_key, names_read

__all__ = ["recalled_by"]

_MOST_BYTES = 1 << 26  # arrays up to this size are compared by content


class _Same:
    """A key that is equal for the same object only, and keeps it, so that no other takes its id."""

    __slots__ = ("value",)

    def __init__(self, value: Any):
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def recalled_by(function: Callable) -> Hashable | None:
    """A key that is equal for functions that compute the same; None where that is not known."""
    if isinstance(function, _compiled_type()):
        return _Same(function)
    return function_key(function) or _by_contents(function)


@cache
def _compiled_type() -> type:
    import jax

    return type(jax.jit(lambda x: x))


def _by_contents(function: Callable) -> Hashable | None:
    """For a function that reads large arrays: the key of all else, and the arrays.

    JAX arrays cannot change: they count by identity. NumPy arrays can: they count by content.
    """
    if not isinstance(function, types.FunctionType):
        return None
    names = names_read(function.__code__)
    read = {n: v for n, v in function.__globals__.items() if n in names}
    held = {name: key for name, value in read.items() if (key := _array_key(value)) is not None}
    arrays: list[Hashable] = [(name, held[name]) for name in sorted(held)]
    cells = []
    for cell in function.__closure__ or ():
        key = _array_key(_content(cell))
        arrays.append(key)
        cells.append(types.CellType(None) if key is not None else cell)
    plain = types.FunctionType(
        function.__code__, read | dict.fromkeys(held), function.__name__, function.__defaults__,
        tuple(cells),
    )  # fmt: skip
    plain.__kwdefaults__ = function.__kwdefaults__
    plain.__dict__.update(function.__dict__)
    key = function_key(plain)
    return None if key is None else (key, tuple(arrays))


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet; function_key refuses it
        return None


def _array_key(value: Any) -> Hashable | None:
    import jax

    if isinstance(value, jax.Array):
        return _Same(value)
    if type(value) is np.ndarray and value.dtype.kind in "biuf" and value.nbytes <= _MOST_BYTES:
        # The hash of bytes is a keyed one of 64 bits: two contents that agree are no real danger.
        return (str(value.dtype), value.shape, hash(value.tobytes()))
    return None
