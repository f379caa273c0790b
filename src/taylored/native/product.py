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
from taylored.native.loops import loop
from taylored.native.vectors import INT, POINTER, Vectors

__all__ = ["largest_projection", "products"]

_TILE = 8  # columns of the matrix at a time, their sums held in registers


def products(matrix: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """matrix.T @ vectors in float32: (rows, columns) and (rows, many) give (columns, many)."""
    lanes, (rows, columns), many = _lanes(), matrix.shape, vectors.shape[1]
    left, right = _padded(matrix, _TILE), _padded(vectors, lanes)
    found = np.empty((left.shape[1], right.shape[1]), np.float32)
    arrays = [left.ctypes.data, right.ctypes.data, found.ctypes.data]
    words = np.array([rows, *found.shape, *arrays], np.int64)
    _compiled(lanes).call(words.ctypes.data)
    return found[:columns, :many]


def largest_projection(bases: np.ndarray, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of many subspaces each vector has its largest part in, and the square of that part.

    `bases` is (dimension, rows, subspaces), orthonormal along the first axis for each subspace;
    `vectors` (rows, many). Both results are (2, many): first among the subspaces in whose first
    direction the vector is not negative, then among the others.
    """
    lanes, (dimension, rows, _), many = _lanes(), bases.shape, vectors.shape[1]
    left = np.stack([_padded(b, _TILE) for b in bases])
    right = _padded(vectors, lanes)
    found = np.empty((4, right.shape[1]), np.float32)
    arrays = [left.ctypes.data, right.ctypes.data, found.ctypes.data]
    words = np.array([rows, left.shape[2], right.shape[1], *arrays], np.int64)
    _largest(lanes, dimension).call(words.ctypes.data)
    return found[:2, :many].astype(np.intp), found[2:, :many]


def _lanes() -> int:
    return max(target().lanes(4), 4)


def _padded(matrix: np.ndarray, multiple: int) -> np.ndarray:
    """The matrix in float32, with columns of zeros up to a multiple."""
    rows, columns = matrix.shape
    if columns % multiple == 0:
        return np.ascontiguousarray(matrix, np.float32)
    found = np.zeros((rows, -(-columns // multiple) * multiple), np.float32)
    found[:, :columns] = matrix
    return found


@cache
def _largest(lanes: int, dimension: int) -> Compiled:
    module = ir.Module("largest")
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER]), "largest")
    v = Vectors(module, 32, lanes)
    v.builder = b = ir.IRBuilder(function.append_basic_block("entry"))
    rows, columns, many, left, right, out = _arguments(v, function)
    bests, numbers = ([b.alloca(v.type) for _ in range(2)] for _ in range(2))
    with loop(b, many, lanes) as first:
        for best, number in zip(bests, numbers, strict=True):
            b.store(v.constant(0.0), best)
            b.store(v.constant(0.0), number)
        with loop(b, columns, _TILE) as column:
            totals, signs = [v.constant(0.0)] * _TILE, []
            for part in range(dimension):
                start = b.mul(b.mul(rows, columns), INT(part))
                base = b.gep(left, [start], source_etype=v.scalar)
                sums = _sums(v, (rows, columns, many), (base, right), column, first)
                totals = [v.fma(s, s, t) for s, t in zip(sums, totals, strict=True)]
                signs = signs or [v.compare(">=", s, v.constant(0.0)) for s in sums]
            for k, total in enumerate(totals):
                place = v.splat(b.sitofp(b.add(column, INT(k)), v.scalar))
                for side, (best, number) in enumerate(zip(bests, numbers, strict=True)):
                    most, at = b.load(best, typ=v.type), b.load(number, typ=v.type)
                    better = v.compare(">", total, most)
                    mine = b.not_(signs[k]) if side else signs[k]
                    better = b.and_(better, mine)
                    b.store(v.select(better, total, most), best)
                    b.store(v.select(better, place, at), number)
        for k, held in enumerate((*numbers, *bests)):
            v.store(b.load(held, typ=v.type), out, b.add(b.mul(INT(k), many), first))
    b.ret_void()
    return build(module, "largest")


def _arguments(v: Vectors, function: ir.Function) -> list[ir.Value]:
    """Three whole numbers and three addresses."""
    b = v.builder
    places = [b.gep(function.args[0], [INT(k)], source_etype=INT) for k in range(6)]
    return [b.load(p, typ=POINTER if k > 2 else INT) for k, p in enumerate(places)]


@cache
def _compiled(lanes: int) -> Compiled:
    module = ir.Module("products")
    kind = ir.FunctionType(ir.VoidType(), [POINTER])
    function = ir.Function(module, kind, "products")
    v = Vectors(module, 32, lanes)
    v.builder = b = ir.IRBuilder(function.append_basic_block("entry"))
    rows, columns, many, left, right, out = _arguments(v, function)
    with loop(b, many, lanes) as first, loop(b, columns, _TILE) as column:
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
