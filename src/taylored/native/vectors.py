"""Vectors of lanes in LLVM's language: arithmetic, choices, and calls of functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import llvmlite.ir as ir

from taylored.native.llvm import symbol_exists, target

__all__ = ["INT", "POINTER", "Vectors"]

INT = ir.IntType(64)
BYTE = ir.IntType(8)
POINTER = ir.PointerType()
FLAGS = ("contract", "nsz")  # products and sums may be fused; nan and inf keep their meaning


@dataclass
class Vectors:
    """What is needed to write operations on vectors of `lanes` numbers of `bits` (32 or 64).

    `builder` is where instructions go; it may be moved to another block.
    """

    module: ir.Module
    bits: int
    lanes: int
    builder: Any = None

    def __post_init__(self):
        self.scalar = ir.DoubleType() if self.bits == 64 else ir.FloatType()
        self.type = ir.VectorType(self.scalar, self.lanes)
        self.whole = ir.IntType(self.bits)
        self.wholes = ir.VectorType(self.whole, self.lanes)
        self.truth = ir.VectorType(ir.IntType(1), self.lanes)

    # ---- values -----------------------------------------------------------------------------

    def constant(self, value: float) -> Any:
        """The same number in all lanes."""
        return ir.Constant(self.type, [ir.Constant(self.scalar, float(value))] * self.lanes)

    def integer(self, value: int) -> Any:
        """The same whole number in all lanes."""
        return ir.Constant(self.wholes, [ir.Constant(self.whole, value)] * self.lanes)

    def splat(self, number: Any) -> Any:
        """A scalar in all lanes."""
        place = ir.Constant(ir.IntType(32), 0)
        one = self.builder.insert_element(ir.Constant(self.type, ir.Undefined), number, place)
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(one, ir.Constant(self.type, ir.Undefined), zeros)

    def load(self, base: Any, index: Any) -> Any:
        """The vector that starts at the number `index` of an array."""
        place = self.builder.gep(base, [index], source_etype=self.scalar)
        return self.builder.load(place, typ=self.type, align=self.bits // 8)

    def store(self, value: Any, base: Any, index: Any) -> None:
        """Write a vector at the number `index` of an array."""
        place = self.builder.gep(base, [index], source_etype=self.scalar)
        self.builder.store(value, place, align=self.bits // 8)

    def number(self, value: Any) -> Any:
        """Truth values as 1 and 0; numbers as they are."""
        if value.type == self.truth:
            return self.builder.select(value, self.constant(1.0), self.constant(0.0))
        return value

    def condition(self, value: Any) -> Any:
        """Numbers as truth values: not zero."""
        if value.type == self.truth:
            return value
        return self.builder.fcmp_unordered("!=", value, self.constant(0.0))

    # ---- arithmetic ---------------------------------------------------------------------------

    def add(self, a: Any, b: Any) -> Any:
        return self.builder.fadd(self.number(a), self.number(b), flags=FLAGS)

    def sub(self, a: Any, b: Any) -> Any:
        return self.builder.fsub(self.number(a), self.number(b), flags=FLAGS)

    def mul(self, a: Any, b: Any) -> Any:
        return self.builder.fmul(self.number(a), self.number(b), flags=FLAGS)

    def div(self, a: Any, b: Any) -> Any:
        return self.builder.fdiv(self.number(a), self.number(b), flags=FLAGS)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """a*b + c, rounded once."""
        return self.intrinsic("fma", a, b, c)

    def compare(self, operator: str, a: Any, b: Any) -> Any:
        a, b = self.number(a), self.number(b)
        if operator == "!=":
            return self.builder.fcmp_unordered("!=", a, b)
        return self.builder.fcmp_ordered(operator, a, b)

    def select(self, condition: Any, yes: Any, no: Any) -> Any:
        chosen = self.condition(condition)
        if yes.type == no.type == self.truth:
            return self.builder.select(chosen, yes, no)
        return self.builder.select(chosen, self.number(yes), self.number(no))

    def maximum(self, a: Any, b: Any) -> Any:
        """The larger one; nan where one of them is, as NumPy has it."""
        a, b = self.number(a), self.number(b)
        larger = self.builder.select(self.builder.fcmp_ordered(">=", a, b), a, b)
        return self.builder.select(self.builder.fcmp_unordered("!=", a, a), a, larger)

    def minimum(self, a: Any, b: Any) -> Any:
        a, b = self.number(a), self.number(b)
        smaller = self.builder.select(self.builder.fcmp_ordered("<=", a, b), a, b)
        return self.builder.select(self.builder.fcmp_unordered("!=", a, a), a, smaller)

    # ---- functions ----------------------------------------------------------------------------

    def intrinsic(self, name: str, *values: Any) -> Any:
        """One of LLVM's own functions, on whole vectors."""
        full = f"llvm.{name}.v{self.lanes}f{self.bits}"
        return self.builder.call(self._function(full, self.type, len(values)), values)

    def call(self, name: str, *values: Any) -> Any:
        """A function of the C library: its vector form where there is one, else lane by lane."""
        values = tuple(self.number(v) for v in values)
        found = self._vector_name(name, len(values))
        if found is None:
            return self._lane_by_lane(name, values)
        symbol, width = found
        if width == self.lanes:
            return self.builder.call(self._function(symbol, self.type, len(values)), values)
        parts = [self._part(values, first, width) for first in range(0, self.lanes, width)]
        narrow = ir.VectorType(self.scalar, width)
        function = self._function(symbol, narrow, len(values))
        return self._joined([self.builder.call(function, part) for part in parts])

    def _vector_name(self, name: str, count: int) -> tuple[str, int] | None:
        """glibc's vector form of a function, and how many lanes that takes."""
        suffix = "f" if self.bits == 32 else ""
        letter, arguments = target().letter, "v" * count
        width = min(self.lanes, target().lanes(self.bits // 8))
        symbol = f"_ZGV{letter}N{width}{arguments}_{name}{suffix}"
        return (symbol, width) if symbol_exists(symbol) else None

    def _part(self, values: Sequence[Any], first: int, width: int) -> list[Any]:
        places = ir.Constant(
            ir.VectorType(ir.IntType(32), width), list(range(first, first + width))
        )
        return [self.builder.shuffle_vector(v, v, places) for v in values]

    def _joined(self, parts: list[Any]) -> Any:
        while len(parts) > 1:
            width = 2 * parts[0].type.count
            places = ir.Constant(ir.VectorType(ir.IntType(32), width), list(range(width)))
            pairs = zip(parts[::2], parts[1::2], strict=True)
            parts = [self.builder.shuffle_vector(a, b, places) for a, b in pairs]
        return parts[0]

    def _lane_by_lane(self, name: str, values: Sequence[Any]) -> Any:
        """Call the function of numbers once per lane; in single precision by way of double."""
        double = ir.DoubleType()
        function = self._function(name, double, len(values))
        result = ir.Constant(self.type, ir.Undefined)
        for lane in range(self.lanes):
            place = ir.Constant(ir.IntType(32), lane)
            numbers = [self.builder.extract_element(v, place) for v in values]
            if self.bits == 32:
                numbers = [self.builder.fpext(n, double) for n in numbers]
            found = self.builder.call(function, numbers)
            if self.bits == 32:
                found = self.builder.fptrunc(found, self.scalar)
            result = self.builder.insert_element(result, found, place)
        return result

    def _function(self, name: str, kind: Any, count: int) -> Any:
        if name in self.module.globals:
            return self.module.globals[name]
        return ir.Function(self.module, ir.FunctionType(kind, [kind] * count), name)
