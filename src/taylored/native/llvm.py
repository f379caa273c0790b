"""The compiler: from a module of LLVM's intermediate language to a function's address."""

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

__all__ = ["Compiled", "Target", "available", "build", "symbol_exists", "target"]

_lock = threading.Lock()  # LLVM's contexts are not to be shared by threads


@dataclass(frozen=True, slots=True)
class Target:
    """This machine: how many bytes its vectors have, and the letter of its vector functions."""

    bytes: int
    letter: str

    def lanes(self, width: int) -> int:
        """Numbers of so many bytes in a vector."""
        return self.bytes // width


@dataclass(frozen=True, slots=True)
class Compiled:
    """A function in machine code; `call` takes the address of an array of 64-bit arguments.

    `engine` owns the code. Calls release the interpreter's lock.
    """

    call: Any
    engine: Any


def available() -> bool:
    """Whether the compiler can be had on this machine."""
    try:
        _machine()
    except (ImportError, OSError, RuntimeError):
        return False
    return True


@cache
def _machine() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3
    )


@cache
def target() -> Target:
    """What this machine has."""
    import llvmlite.binding as llvm

    machine = _machine()
    features = llvm.get_host_cpu_features()
    if machine.triple.startswith(("x86_64", "i686")):
        if features.get("avx512f") and features.get("avx512dq"):
            return Target(64, "e")
        return Target(32, "d") if features.get("avx2") and features.get("fma") else Target(16, "b")
    return Target(16, "n")


@cache
def _vector_library() -> bool:
    """Load glibc's vector functions, where there are any."""
    import llvmlite.binding as llvm

    try:
        llvm.load_library_permanently("libmvec.so.1")
    except RuntimeError:
        return False
    return True


@cache
def symbol_exists(name: str) -> bool:
    """Whether a function of this name can be called."""
    import llvmlite.binding as llvm

    _machine()
    _vector_library()
    return llvm.address_of_symbol(name) is not None


def build(module: Any, name: str) -> Compiled:
    """Optimize and translate a module (llvmlite.ir); the function `name` takes one pointer."""
    import llvmlite.binding as llvm

    with _lock:
        machine = _machine()
        _vector_library()
        parsed = llvm.parse_assembly(str(module))
        options = llvm.create_pipeline_tuning_options(speed_level=2)
        passes = llvm.create_pass_builder(machine, options)
        passes.getModulePassManager().run(parsed, passes)
        own = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2
        )
        engine = llvm.create_mcjit_compiler(parsed, own)
        engine.finalize_object()
        address = engine.get_function_address(name)
    return Compiled(ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address), engine)
