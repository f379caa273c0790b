"""Run an elementwise program on arrays in machine code: what the tests of `native` look at."""

import llvmlite.ir as ir
import numpy as np

from taylored.native.llvm import build, target
from taylored.native.lower import read, write
from taylored.native.vectors import INT, POINTER, Vectors


def run_native(program, *columns, bits=64):
    """The outputs of a program of `columns`, (numbers,) each, computed in vectors."""
    kind = np.float64 if bits == 64 else np.float32
    lanes = max(target().lanes(bits // 8), 4)
    module = ir.Module("map")
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER]), "map")
    v = Vectors(module, bits, lanes)
    v.builder = b = ir.IRBuilder(function.append_basic_block("entry"))
    places = [
        b.load(b.gep(function.args[0], [INT(k)], source_etype=INT), typ=POINTER)
        for k in range(len(columns) + len(program.outputs))
    ]
    values = {k: v.load(place, INT(0)) for k, place in enumerate(places[: len(columns)])}
    write(v, program, values)
    for place, atom in zip(places[len(columns) :], program.outputs, strict=True):
        v.store(v.number(read(v, values, atom)), place, INT(0))
    b.ret_void()
    compiled = build(module, "map")
    count = len(columns[0])
    found = np.empty((len(program.outputs), count), kind)
    for first in range(0, count, lanes):
        rows = [np.resize(np.asarray(c[first : first + lanes], kind), lanes) for c in columns]
        outs = [np.empty(lanes, kind) for _ in program.outputs]
        words = np.array([a.ctypes.data for a in (*rows, *outs)], np.int64)
        compiled.call(words.ctypes.data)
        found[:, first : first + lanes] = np.stack(outs)[:, : count - first]
    return found
