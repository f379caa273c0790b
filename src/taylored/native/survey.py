"""One look at every row: extremes, how often they occur, mean and scatter, in machine code.

NumPy would read the data once for each of these.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import llvmlite.ir as ir
import numpy as np

from taylored.native.llvm import Compiled, build, target
from taylored.native.loops import loop
from taylored.native.vectors import INT, POINTER, Vectors

__all__ = ["Survey", "survey"]


class Survey(NamedTuple):
    """What rows are like, each (rows,): nan throughout for rows that are not all finite.

    `lows` and `highs` count how often the extremes occur; `squares` is the sum of squares about
    the mean.
    """

    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    squares: np.ndarray
    lows: np.ndarray
    highs: np.ndarray

    @property
    def finite(self) -> np.ndarray:
        """Which rows have finite values only."""
        return np.isfinite(self.mean)

    def take(self, rows: Any) -> Survey:
        """The same of some rows."""
        return Survey(*(values[rows] for values in self))


def survey(y: np.ndarray) -> Survey:
    """Look at every row of y, (rows, points), C-ordered, float64 or float32."""
    rows, points = y.shape
    found = np.full((len(Survey._fields), rows), np.nan)
    if points:
        code = _compiled(64 if y.dtype == np.float64 else 32)
        words = np.array([rows, points, y.ctypes.data, found.ctypes.data], np.int64)
        code.call(words.ctypes.data)
    return Survey(*found)


@cache
def _compiled(bits: int) -> Compiled:
    writer = _Writer(bits)
    return build(writer.write(), "survey")


class _Writer:
    """Writes the function for rows of float64 or float32; sums are in float64 either way."""

    def __init__(self, bits: int):
        self.module = ir.Module("survey")
        kind = ir.FunctionType(ir.VoidType(), [POINTER])
        self.function = ir.Function(self.module, kind, "survey")
        self.v = Vectors(self.module, 64, max(target().lanes(8), 4))
        self.source = ir.DoubleType() if bits == 64 else ir.FloatType()

    def write(self) -> ir.Module:
        v = self.v
        v.builder = b = ir.IRBuilder(self.function.append_basic_block("entry"))
        words = [b.gep(self.function.args[0], [INT(k)], source_etype=INT) for k in range(4)]
        rows, points = (b.load(w, typ=INT) for w in words[:2])
        y, out = (b.load(w, typ=POINTER) for w in words[2:])
        whole = b.mul(b.sdiv(points, INT(v.lanes)), INT(v.lanes))
        with loop(b, rows) as row:
            start = b.mul(row, points)
            place = y, start, points, whole
            infinity = float("inf")
            low, high, total = self._folded(
                place, [infinity, -infinity, 0.0],
                lambda x, sums: [self._least(x, sums[0]), self._most(x, sums[1]),
                                 v.add(sums[2], x)],
            )  # fmt: skip
            low, high = self._across(low, self._least), self._across(high, self._most)
            mean = self._across(total, v.add)
            mean = b.fdiv(mean, b.sitofp(points, v.scalar))
            ends = [v.splat(n) for n in (low, high, mean)]
            sums = self._folded(place, [0.0, 0.0, 0.0], lambda x, s: self._second(x, s, ends))
            squares, lows, highs = (self._across(s, v.add) for s in sums)
            for k, number in enumerate((low, high, mean, squares, lows, highs)):
                index = b.add(b.mul(INT(k), rows), row)
                b.store(number, b.gep(out, [index], source_etype=v.scalar))
        b.ret_void()
        return self.module

    def _second(self, x: Any, sums: list[Any], ends: list[Any]) -> list[Any]:
        v = self.v
        away = v.sub(x, ends[2])
        return [v.add(sums[0], v.mul(away, away)), v.add(sums[1], v.compare("==", x, ends[0])),
                v.add(sums[2], v.compare("==", x, ends[1]))]  # fmt: skip

    def _least(self, a: Any, b: Any) -> Any:
        return self.v.builder.select(self.v.builder.fcmp_ordered("<", a, b), a, b)

    def _most(self, a: Any, b: Any) -> Any:
        return self.v.builder.select(self.v.builder.fcmp_ordered(">", a, b), a, b)

    def _folded(self, place: tuple, start: list[float], step: Any) -> list[Any]:
        """Vectors that a step made of all points of a row; the last points come one by one."""
        v, b = self.v, self.v.builder
        y, first, points, whole = place
        with b.goto_entry_block():  # once, not for every row
            held = [b.alloca(v.type) for _ in start]
        for address, number in zip(held, start, strict=True):
            b.store(v.constant(number), address)

        def take(x: Any, lanes: Any) -> None:
            sums = [b.load(a, typ=v.type) for a in held]
            for address, old, new in zip(held, sums, step(x, sums), strict=True):
                b.store(new if lanes is None else b.select(lanes, v.number(new), old), address)

        with loop(b, whole, v.lanes) as i:
            base = b.gep(y, [b.add(first, i)], source_etype=self.source)
            take(self._wide(b.load(base, typ=ir.VectorType(self.source, v.lanes), align=4)), None)
        one = ir.Constant(v.truth, [1] + [0] * (v.lanes - 1))
        with loop(b, b.sub(points, whole)) as i:
            base = b.gep(y, [b.add(b.add(first, whole), i)], source_etype=self.source)
            number = b.load(base, typ=self.source)
            number = number if self.source == v.scalar else b.fpext(number, v.scalar)
            take(v.splat(number), one)
        return [b.load(a, typ=v.type) for a in held]

    def _wide(self, values: Any) -> Any:
        return values if self.source == self.v.scalar else self.v.builder.fpext(values, self.v.type)

    def _across(self, values: Any, join: Any) -> Any:
        """A vector's lanes joined to one number, in halves."""
        v, b, width = self.v, self.v.builder, self.v.lanes // 2
        while width:
            places = [*range(width, 2 * width), *range(width, 2 * width)]
            places = (places * v.lanes)[: v.lanes]
            moved = ir.Constant(ir.VectorType(ir.IntType(32), v.lanes), places)
            values = join(values, b.shuffle_vector(values, values, moved))
            width //= 2
        return b.extract_element(values, ir.Constant(ir.IntType(32), 0))
