"""Functions of physics and statistics that the C library lacks: SciPy's, lane by lane."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import llvmlite.ir as ir

from taylored.native.vectors import Vectors

__all__ = ["has_special", "special_function"]


@cache
def has_special(name: str) -> bool:
    """Whether SciPy offers the function to machine code; if so it is made known to LLVM."""
    try:
        return _register(name)
    except (ImportError, AttributeError, ValueError):
        return False


def _register(name: str) -> bool:
    import llvmlite.binding as llvm
    from scipy.special import cython_special

    for key in (name, f"__pyx_fuse_1{name}", f"__pyx_fuse_0{name}"):
        capsule = cython_special.__pyx_capi__.get(key)
        if capsule is None:
            continue
        label = _name(capsule)
        if label.startswith(b"double (double"):
            llvm.add_symbol(f"taylored_{name}", _pointer(capsule, label))
            return True
    return False


def _name(capsule: Any) -> bytes:
    read = ctypes.pythonapi.PyCapsule_GetName
    read.restype, read.argtypes = ctypes.c_char_p, [ctypes.py_object]
    return read(capsule)


def _pointer(capsule: Any, label: bytes) -> int:
    read = ctypes.pythonapi.PyCapsule_GetPointer
    read.restype, read.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return read(capsule, label)


def special_function(v: Vectors, name: str, x: Any) -> Any:
    """The function on a vector, in double precision."""
    has_special(name)
    kind = ir.DoubleType()
    full = f"taylored_{name}"
    function = v.module.globals.get(full)
    if function is None:
        # Cython's functions take a further argument that says whether the lock is held.
        function = ir.Function(v.module, ir.FunctionType(kind, [kind, ir.IntType(32)]), full)
    result = ir.Constant(v.type, ir.Undefined)
    for lane in range(v.lanes):
        place = ir.Constant(ir.IntType(32), lane)
        number = v.builder.extract_element(x, place)
        number = v.builder.fpext(number, kind) if v.bits == 32 else number
        found = v.builder.call(function, [number, ir.Constant(ir.IntType(32), 0)])
        found = v.builder.fptrunc(found, v.scalar) if v.bits == 32 else found
        result = v.builder.insert_element(result, found, place)
    return result
