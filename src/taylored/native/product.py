"""Products of a matrix with many vectors, each computed by itself.

A library's product of matrices rounds a column differently by where it stands among the others.
Here a vector's result depends on nothing but the vector, as a fit's answer must not depend on its
neighbors: each is in a lane of its own.
"""

from __future__ import annotations

from functools import cache

import llvmlite.ir as ir
import numpy as np

from taylored.native.llvm import Compiled, build, target
from taylored.native.vectors import INT, POINTER, Vectors

__all__ = ["products"]

_TILE = 8  # columns of the matrix at a time, their sums held in registers


def products(matrix: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """matrix.T @ vectors in float32: (rows, columns) and (rows, many) give (columns, many)."""
    lanes = max(target().lanes(4), 4)
    rows, columns = matrix.shape
    many = vectors.shape[1]
    wide, long = -(-many // lanes) * lanes, -(-columns // _TILE) * _TILE
    padded = np.zeros((rows, wide), np.float32)
    padded[:, :many] = vectors
    left = np.zeros((rows, long), np.float32)
    left[:, :columns] = matrix
    found = np.empty((long, wide), np.float32)
    arrays = [left.ctypes.data, padded.ctypes.data, found.ctypes.data]
    words = np.array([rows, long, wide, *arrays], np.int64)
    _compiled(lanes).call(words.ctypes.data)
    return found[:columns, :many]


@cache
def _compiled(lanes: int) -> Compiled:
    module = ir.Module("products")
    kind = ir.FunctionType(ir.VoidType(), [POINTER])
    function = ir.Function(module, kind, "products")
    v = Vectors(module, 32, lanes)
    v.builder = b = ir.IRBuilder(function.append_basic_block("entry"))
    rows, columns, many, left, right, out = (
        b.load(b.gep(function.args[0], [INT(k)], source_etype=INT), typ=POINTER if k > 2 else INT)
        for k in range(6)
    )
    with _loop(b, many, lanes) as first, _loop(b, columns, _TILE) as column:
        sums = _sums(v, (rows, columns, many), (left, right), column, first)
        for k, total in enumerate(sums):
            v.store(total, out, b.add(b.mul(b.add(column, INT(k)), many), first))
    b.ret_void()
    return build(module, "products")


def _sums(v: Vectors, sizes: tuple, arrays: tuple, column: ir.Value, first: ir.Value) -> list:
    """The sums over the rows, of some columns and as many vectors as there are lanes."""
    b = v.builder
    (rows, columns, many), (left, right) = sizes, arrays
    before = b.block
    loop = b.append_basic_block("rows")
    after = b.append_basic_block("summed")
    b.branch(loop)
    b.position_at_end(loop)
    i = b.phi(INT)
    sums = [b.phi(v.type) for _ in range(_TILE)]
    value = v.load(right, b.add(b.mul(i, many), first))
    place = b.add(b.mul(i, columns), column)
    new = []
    for k, total in enumerate(sums):
        address = b.gep(left, [b.add(place, INT(k))], source_etype=v.scalar)
        new.append(v.fma(v.splat(b.load(address, typ=v.scalar)), value, total))
    following = b.add(i, INT(1))
    i.add_incoming(INT(0), before)
    i.add_incoming(following, loop)
    for total, value in zip(sums, new, strict=True):
        total.add_incoming(v.constant(0.0), before)
        total.add_incoming(value, loop)
    b.cbranch(b.icmp_signed("<", following, rows), loop, after)
    b.position_at_end(after)
    return new


class _loop:
    """`with _loop(builder, count, step) as i:` writes the body of a loop over 0, step, ..."""

    def __init__(self, builder: ir.IRBuilder, count: ir.Value, step: int):
        self.builder, self.count, self.step = builder, count, step

    def __enter__(self) -> ir.Value:
        b = self.builder
        before = b.block
        self.start = b.append_basic_block("loop")
        inside = b.append_basic_block("body")
        self.after = b.append_basic_block("after")
        b.branch(self.start)
        b.position_at_end(self.start)
        self.index = b.phi(INT)
        self.index.add_incoming(INT(0), before)
        b.cbranch(b.icmp_signed("<", self.index, self.count), inside, self.after)
        b.position_at_end(inside)
        return self.index

    def __exit__(self, *_: object) -> None:
        b = self.builder
        self.index.add_incoming(b.add(self.index, INT(self.step)), b.block)
        b.branch(self.start)
        b.position_at_end(self.after)
