"""Machine code that trains small networks by full-batch descent: all steps in one call.

Every lane of a vector holds a point. A step runs the network forwards on all points, sends the
blame backwards, sums the gradient over the points in memory and moves the parameters at its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import llvmlite.ir as ir

from taylored.native.exponential import exponential
from taylored.native.llvm import Compiled, build, target
from taylored.native.loops import loop
from taylored.native.vectors import INT, POINTER, Vectors

__all__ = ["compiled", "lanes", "places"]

_NAME = "train"
_TOGETHER = 2  # vectors of points at a time: a parameter is read once for both
# The arguments: three counts, then addresses.
_COUNTS = ("vectors", "members", "steps")
_ARRAYS = ("x", "y", "weights", "parameters", "velocity", "history", "rule")


def lanes() -> int:
    """Points are padded to a multiple of this."""
    return _TOGETHER * max(target().lanes(8), 4)


@cache
def compiled(layers: tuple[int, ...], activation: str) -> Compiled:
    """The training of a network of these widths; hidden layers have the activation."""
    return build(_Writer(layers, activation).write(), _NAME)


class _Writer:
    """Writes the function for one kind of network."""

    def __init__(self, layers: Sequence[int], activation: str):
        self.layers, self.activation = layers, activation
        module = ir.Module("training")
        kind = ir.FunctionType(ir.VoidType(), [POINTER])
        self.function = ir.Function(module, kind, _NAME)
        self.v = Vectors(module, 64, lanes() // _TOGETHER)
        self.places = places(layers)
        self.count = sum(b - a for pair in self.places for a, b in pair)

    def write(self) -> ir.Module:
        v = self.v
        v.builder = b = ir.IRBuilder(self.function.append_basic_block("entry"))
        self._arguments()
        self.sums = b.alloca(v.type, size=INT(self.count + 1))
        with loop(b, self.given["members"]) as member:
            for name in ("parameters", "velocity"):
                self.given[name + " of"] = self._row(name, b.mul(member, INT(self.count)))
            points = b.mul(self.given["vectors"], INT(v.lanes))
            self.given["weights of"] = self._row("weights", b.mul(member, points))
            with loop(b, self.given["steps"]) as step:
                self._step(b.add(b.mul(member, self.given["steps"]), step))
        b.ret_void()
        return v.module

    def _arguments(self) -> None:
        b, words = self.v.builder, self.function.args[0]
        self.given: dict[str, Any] = {}
        for place, name in enumerate((*_COUNTS, *_ARRAYS)):
            address = b.gep(words, [INT(place)], source_etype=INT)
            self.given[name] = b.load(address, typ=INT if name in _COUNTS else POINTER)

    def _row(self, name: str, first: Any) -> Any:
        return self.v.builder.gep(self.given[name], [first], source_etype=self.v.scalar)

    def _step(self, place: Any) -> None:
        """One full pass over the points, and the move."""
        b = self.v.builder
        for k in range(self.count + 1):
            self._put(k, self.v.constant(0.0))
        with loop(b, self.given["vectors"], _TOGETHER) as block:
            first = [b.mul(b.add(block, INT(k)), INT(self.v.lanes)) for k in range(_TOGETHER)]
            self._passes(first)
        b.store(self._total(self.count), self._row("history", place))
        rate, momentum = (self._number(self.given["rule"], k) for k in range(2))
        for k in range(self.count):
            self._move(k, rate, momentum)

    def _move(self, k: int, rate: Any, momentum: Any) -> None:
        b = self.v.builder
        speed = b.fmul(momentum, self._number(self.given["velocity of"], k))
        speed = b.fsub(speed, b.fmul(rate, self._total(k)))
        b.store(speed, self._address(self.given["velocity of"], k))
        moved = b.fadd(self._number(self.given["parameters of"], k), speed)
        b.store(moved, self._address(self.given["parameters of"], k))

    # ---- forwards and backwards ---------------------------------------------------------------

    def _passes(self, first: list[Any]) -> None:
        """What some vectors of points add to the sums."""
        points = self.v.builder.mul(self.given["vectors"], INT(self.v.lanes))
        values = [[self._rows("x", f, points, self.layers[0])] for f in first]
        for level in range(len(self.layers) - 1):
            self._forwards(level, values)
        blames = [self._misses(f, points, done[-1]) for f, done in zip(first, values, strict=True)]
        for level in reversed(range(len(self.layers) - 1)):
            self._gradient(level, [done[level] for done in values], blames)
            if level:
                blames = self._backwards(level, [done[level] for done in values], blames)

    def _rows(self, name: str, first: Any, points: Any, count: int) -> list[Any]:
        b = self.v.builder
        return [self.v.load(self.given[name], b.add(b.mul(INT(k), points), first))
                for k in range(count)]  # fmt: skip

    def _forwards(self, level: int, values: list[list[list[Any]]]) -> None:
        """The next layer's values, for each vector of points."""
        v, wide = self.v, self.layers[level + 1]
        outs: list[list[Any]] = [[] for _ in values]
        for j in range(wide):
            sums = [self._parameter(self._bias(level, j))] * len(values)
            for i in range(self.layers[level]):
                weight = self._parameter(self._weight(level, j, i))
                sums = [v.fma(weight, d[level][i], s) for d, s in zip(values, sums, strict=True)]
            for out, total in zip(outs, sums, strict=True):
                out.append(total if level == len(self.layers) - 2 else self._active(total))
        for done, out in zip(values, outs, strict=True):
            done.append(out)

    def _active(self, z: Any) -> Any:
        v, one = self.v, self.v.constant(1.0)
        if self.activation == "tanh":  # 1 - 2/(1 + exp(2z))
            power = exponential(v, v.add(z, z))
            return v.sub(one, v.div(v.constant(2.0), v.add(power, one)))
        return v.div(one, v.add(one, exponential(v, v.builder.fneg(z))))

    def _misses(self, first: Any, points: Any, outputs: list[Any]) -> list[Any]:
        """The blame of the outputs, 2 w (a - y); the cost is added to its sum."""
        v = self.v
        weight = v.load(self.given["weights of"], first)
        targets = self._rows("y", first, points, len(outputs))
        misses = [v.sub(a, y) for a, y in zip(outputs, targets, strict=True)]
        weighted = [v.mul(weight, m) for m in misses]
        cost = self._get(self.count)
        for m, wm in zip(misses, weighted, strict=True):
            cost = v.fma(m, wm, cost)
        self._put(self.count, cost)
        return [v.add(wm, wm) for wm in weighted]

    def _gradient(self, level: int, inputs: list[list[Any]], blames: list[list[Any]]) -> None:
        """The outer product of blame and input, added to the sums."""
        v = self.v
        for j in range(self.layers[level + 1]):
            for i in range(self.layers[level]):
                total = self._get(self._weight(level, j, i))
                for before, blame in zip(inputs, blames, strict=True):
                    total = v.fma(blame[j], before[i], total)
                self._put(self._weight(level, j, i), total)
            total = self._get(self._bias(level, j))
            for blame in blames:
                total = v.add(total, blame[j])
            self._put(self._bias(level, j), total)

    def _backwards(
        self, level: int, inputs: list[list[Any]], blames: list[list[Any]]
    ) -> list[list[Any]]:
        """The blame of the layer before: through the transposed weights, times the slope."""
        v, found = self.v, [[] for _ in blames]
        for i in range(self.layers[level]):
            sums = [v.constant(0.0)] * len(blames)
            for j in range(self.layers[level + 1]):
                weight = self._parameter(self._weight(level, j, i))
                sums = [v.fma(weight, d[j], s) for d, s in zip(blames, sums, strict=True)]
            for out, before, total in zip(found, inputs, sums, strict=True):
                out.append(v.mul(total, self._slope(before[i])))
        return found

    def _slope(self, a: Any) -> Any:
        """The activation's derivative, from its value."""
        v, one = self.v, self.v.constant(1.0)
        if self.activation == "tanh":
            return v.sub(one, v.mul(a, a))
        return v.mul(a, v.sub(one, a))

    # ---- places -------------------------------------------------------------------------------

    def _weight(self, level: int, j: int, i: int) -> int:
        return self.places[level][0][0] + j * self.layers[level] + i

    def _bias(self, level: int, j: int) -> int:
        return self.places[level][1][0] + j

    def _parameter(self, k: int) -> Any:
        return self.v.splat(self._number(self.given["parameters of"], k))

    def _address(self, base: Any, k: int) -> Any:
        return self.v.builder.gep(base, [INT(k)], source_etype=self.v.scalar)

    def _number(self, base: Any, k: int) -> Any:
        return self.v.builder.load(self._address(base, k), typ=self.v.scalar)

    def _sum(self, k: int) -> Any:
        return self.v.builder.gep(self.sums, [INT(k)])

    def _get(self, k: int) -> Any:
        return self.v.builder.load(self._sum(k), typ=self.v.type)

    def _put(self, k: int, value: Any) -> None:
        self.v.builder.store(value, self._sum(k))

    def _total(self, k: int) -> Any:
        """A sum's lanes joined to one number, in halves."""
        v, b, width = self.v, self.v.builder, self.v.lanes // 2
        values = self._get(k)
        while width:
            order = [(lane + width) % v.lanes for lane in range(v.lanes)]
            moved = ir.Constant(ir.VectorType(ir.IntType(32), v.lanes), order)
            values = v.add(values, b.shuffle_vector(values, values, moved))
            width //= 2
        return b.extract_element(values, ir.Constant(ir.IntType(32), 0))


def places(layers: Sequence[int]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where weights and biases of each layer are among the parameters."""
    found, at = [], 0
    for before, after in pairwise(layers):
        weights = at, at + before * after
        at = weights[1] + after
        found.append((weights, (weights[1], at)))
    return found
