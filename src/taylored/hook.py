"""`da.taylored` without importing xarray: it is there as soon as somebody imports xarray.

Importing taylored puts a finder in front of the others, which looks at one name only and goes
when xarray has been imported. Nothing here may ever break an import.
"""

from __future__ import annotations

import sys
from _thread import get_ident
from importlib import import_module
from typing import Any

__all__ = ["install", "register"]


def install() -> None:
    """Have xarray know us: now where it has been imported, else when it is."""
    if not register() and not any(isinstance(f, _Finder) for f in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def register() -> bool:
    """Add the accessors to xarray; whether xarray was there, whole."""
    xarray = sys.modules.get("xarray")
    pairs = [("DataArray", "register_dataarray_accessor", _array),
             ("Dataset", "register_dataset_accessor", _dataset)]  # fmt: skip
    if not all(hasattr(xarray, part) for pair in pairs for part in pair[:2]):
        return False
    for owner, registering, accessor in pairs:
        if not hasattr(getattr(xarray, owner), "taylored"):
            getattr(xarray, registering)("taylored")(accessor)
    return True


def _array(data: Any) -> Any:
    return import_module("taylored.many.accessor").ArrayAccessor(data)


def _dataset(data: Any) -> Any:
    return import_module("taylored.many.accessor").DatasetAccessor(data)


class _Finder:
    """Finds xarray as the other finders do, and has it registered after it was executed."""

    def __init__(self):
        self._asking: set[int] = set()  # threads, so that two such finders do not ask each other

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "xarray" or get_ident() in self._asking:
            return None
        self._asking.add(get_ident())
        try:
            finders = [f for f in sys.meta_path if f is not self and hasattr(f, "find_spec")]
            specs = (f.find_spec(name, path, target) for f in finders)
            spec = next((s for s in specs if s is not None), None)
        finally:
            self._asking.discard(get_ident())
        if spec is not None and hasattr(spec.loader, "exec_module"):
            self._wrap(spec.loader)
        return spec

    def _wrap(self, loader: Any) -> None:
        execute = loader.exec_module

        def then_register(module: Any) -> None:
            execute(module)
            if module.__name__ == "xarray" and register() and self in sys.meta_path:
                sys.meta_path.remove(self)

        if hasattr(loader, "__dict__"):  # without one, `import taylored.xarray` remains
            loader.exec_module = then_register
