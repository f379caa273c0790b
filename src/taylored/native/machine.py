"""The lane machine: many small problems at once, one per lane of a vector.

Each lane works on one fit: its data are copied next to those of the others, so that a vector
holds the same point of all of them. One turn is a pass over the points, which sums the products
of the columns in registers, and a step. A lane that is done writes its result and takes the next
fit, so that no lane waits for another one. What a lane computes depends on its own fit alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import llvmlite.ir as ir
import numpy as np

from taylored.native.llvm import Compiled, build, target
from taylored.native.loops import loop
from taylored.native.lower import read, uniform_numbers, write, write_reciprocals
from taylored.native.vectors import INT, POINTER, Vectors
from taylored.trace.program import Constant, Program

__all__ = ["Data", "Machine", "Recipe", "compile_machine"]

NAME = "run"
# The arguments of the compiled function, in order; then one address per own column.
_SLOTS = ("points", "fits", "rows", "y", "stride", "shared", "fixed", "lower", "upper", "weights",
          "starts", "tried", "work", "state", "lane", "out")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Recipe:
    """What the machine does.

    `program` gives the columns, then the part of the model that is subtracted from y. `shared`
    and `own` map its inputs to data columns, `bent` are its non-linear parameters (the state's
    first rows), `fixed` those held at one value for all fits. `weighted`: "", "shared" or "own".
    `extras`: sum the products of neighboring residuals, find the largest, and sum the squares of y.
    `step` takes the sums, the state, the lower and upper bounds, and gives the state and whether
    the lane is done.
    `start` says what the rows of the state are at first (nan: taken from the starts). `kept` are
    the rows that are written when a lane is done.
    """

    program: Program
    shared: Mapping[int, int]
    own: Mapping[int, int]
    bent: tuple[int, ...]
    fixed: tuple[int, ...]
    weighted: str
    extras: bool
    step: Program
    start: tuple[float, ...]
    left: int  # the row that counts the starts to be tried
    kept: tuple[int, ...]
    bits: int = 64
    source_bits: int = 64


@dataclass(frozen=True, eq=False)
class Data:
    """The fits that a machine is to run: `rows` of the arrays, and their starts.

    `y` is (all, points), C-ordered, `starts` (fits, tried, bent); `shared` (columns, points);
    `weights` (points,) or (all, points): one over sigma squared; `own` maps places to (all,
    points) columns; `fixed`, `lower`, `upper` as the recipe has them.
    """

    y: np.ndarray
    rows: np.ndarray
    starts: np.ndarray
    shared: np.ndarray
    fixed: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    weights: np.ndarray | None = None
    own: Mapping[int, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Machine:
    """A compiled recipe."""

    recipe: Recipe
    compiled: Compiled
    lanes: int

    def run(self, data: Data) -> np.ndarray:
        """The rows `kept` of all fits: (fits, kept), of the machine's precision."""
        recipe, lanes = self.recipe, self.lanes
        kind = np.float64 if recipe.bits == 64 else np.float32
        points, fits = data.y.shape[1], len(data.rows)
        strips = 1 + (recipe.weighted == "own") + len(recipe.own)
        held = {
            "rows": np.ascontiguousarray(data.rows, np.int64),
            "y": data.y, "shared": np.ascontiguousarray(data.shared, kind),
            "fixed": np.ascontiguousarray(data.fixed, kind),
            "lower": np.ascontiguousarray(data.lower, kind),
            "upper": np.ascontiguousarray(data.upper, kind),
            "weights": np.ascontiguousarray(
                np.zeros(0) if data.weights is None else data.weights, kind),
            "starts": np.ascontiguousarray(data.starts, kind),
            "work": np.zeros(strips * points * lanes, kind),
            "state": np.zeros(len(recipe.start) * lanes, kind),
            "lane": np.zeros(2 * lanes, np.int64),
            "out": np.full((fits, len(recipe.kept)), np.nan, kind),
        }  # fmt: skip
        own = [np.ascontiguousarray(data.own[k], kind) for k in sorted(data.own)]
        whole = {"points": points, "fits": fits, "stride": data.y.shape[1],
                 "tried": data.starts.shape[1]}  # fmt: skip
        words = [whole[s] if s in whole else held[s].ctypes.data for s in _SLOTS]
        words += [array.ctypes.data for array in own]
        arguments = np.array(words, np.int64)
        if fits:
            self.compiled.call(arguments.ctypes.data)
        return held["out"]


def compile_machine(recipe: Recipe) -> Machine:
    """Write the recipe as machine code."""
    lanes = max(target().lanes(recipe.bits // 8), 4)
    writer = _Writer(recipe, lanes)
    return Machine(recipe, build(writer.write(), NAME), lanes)


class _Writer:
    """Writes the function of one recipe."""

    def __init__(self, recipe: Recipe, lanes: int):
        self.recipe = recipe
        self.module = ir.Module("taylored")
        self.v = Vectors(self.module, recipe.bits, lanes)
        kind = ir.FunctionType(ir.VoidType(), [POINTER])
        self.function = ir.Function(self.module, kind, NAME)
        self.source = ir.DoubleType() if recipe.source_bits == 64 else ir.FloatType()

    def write(self) -> ir.Module:
        blocks = {n: self.function.append_basic_block(n)
                  for n in ("entry", "turn", "pass", "end")}  # fmt: skip
        self.v.builder = b = ir.IRBuilder(blocks["entry"])
        self._arguments()
        self._all_empty()
        b.branch(blocks["turn"])

        b.position_at_end(blocks["turn"])
        working = self._refill()
        b.cbranch(b.icmp_signed(">", working, INT(0)), blocks["pass"], blocks["end"])

        b.position_at_end(blocks["pass"])
        sums = self._pass()
        self._step(sums)
        b.branch(blocks["turn"])

        b.position_at_end(blocks["end"])
        b.ret_void()
        return self.module

    # ---- arguments --------------------------------------------------------------------------

    def _arguments(self) -> None:
        b, words = self.v.builder, self.function.args[0]
        whole = ("points", "fits", "stride", "tried")
        self.given: dict[Any, Any] = {}
        places = [*_SLOTS, *sorted(set(self.recipe.own.values()))]
        for number, name in enumerate(places):
            address = b.gep(words, [INT(number)], source_etype=INT)
            if name in whole:
                self.given[name] = b.load(address, typ=INT)
            else:
                self.given[name] = b.load(address, typ=POINTER)
        self.next, self.working = b.alloca(INT), b.alloca(INT)
        b.store(INT(0), self.next)
        v = self.v
        q = len(self.recipe.bent)
        self.bounds = [
            v.splat(self._number(self.given[side], INT(j)))
            for side in ("lower", "upper") for j in range(q)
        ]  # fmt: skip
        self.held = {
            number: v.splat(self._number(self.given["fixed"], INT(k)))
            for k, number in enumerate(self.recipe.fixed)
        }

    def _number(self, base: Any, index: Any, kind: Any = None) -> Any:
        kind = kind or self.v.scalar
        return self.v.builder.load(self.v.builder.gep(base, [index], source_etype=kind), typ=kind)

    def _put(self, value: Any, base: Any, index: Any) -> None:
        b = self.v.builder
        b.store(value, b.gep(base, [index], source_etype=value.type))

    def _all_empty(self) -> None:
        """At first no lane has a fit (-1), and all may take one (1)."""
        for lane in range(self.v.lanes):
            self._put(INT(-1), self.given["lane"], INT(lane))
            self._put(INT(1), self.given["lane"], INT(self.v.lanes + lane))

    # ---- taking fits ------------------------------------------------------------------------

    def _refill(self) -> Any:
        """Lanes that are done write their results and take the next fit; how many have one."""
        b, lanes = self.v.builder, self.v.lanes
        b.store(INT(0), self.working)

        with loop(b, INT(lanes)) as i:
            done = self._number(self.given["lane"], b.add(i, INT(lanes)), INT)
            with b.if_then(b.icmp_signed("!=", done, INT(0)), likely=False):
                fit = self._number(self.given["lane"], i, INT)
                with b.if_then(b.icmp_signed(">=", fit, INT(0))):
                    self._write_results(i, fit)
                following = b.load(self.next, typ=INT)
                more = b.icmp_signed("<", following, self.given["fits"])
                with b.if_else(more) as (some, none):
                    with some:
                        b.store(b.add(following, INT(1)), self.next)
                        self._take(i, following)
                    with none:
                        self._put(INT(-1), self.given["lane"], i)
            now = self._number(self.given["lane"], i, INT)
            with b.if_then(b.icmp_signed(">=", now, INT(0))):
                b.store(b.add(b.load(self.working, typ=INT), INT(1)), self.working)
                self._next_start(i, now)

        return b.load(self.working, typ=INT)

    def _state(self, row: int, lane: Any) -> Any:
        return self.v.builder.add(INT(row * self.v.lanes), lane)

    def _write_results(self, lane: Any, fit: Any) -> None:
        b, kept = self.v.builder, self.recipe.kept
        first = b.mul(fit, INT(len(kept)))
        for place, row in enumerate(kept):
            value = self._number(self.given["state"], self._state(row, lane))
            self._put(value, self.given["out"], b.add(first, INT(place)))

    def _take(self, lane: Any, fit: Any) -> None:
        b, v = self.v.builder, self.v
        self._put(fit, self.given["lane"], lane)
        self._put(INT(0), self.given["lane"], b.add(lane, INT(v.lanes)))
        row = self._number(self.given["rows"], fit, INT)
        first = b.mul(row, self.given["stride"])
        sources = [(self.given["y"], self.source)]
        if self.recipe.weighted == "own":
            sources.append((self.given["weights"], v.scalar))
        sources += [(self.given[k], v.scalar) for k in sorted(set(self.recipe.own.values()))]
        for strip, (base, kind) in enumerate(sources):
            self._copy(base, kind, first, strip, lane)
        for place, value in enumerate(self.recipe.start):
            if value == value:
                number = ir.Constant(v.scalar, value)
                self._put(number, self.given["state"], self._state(place, lane))
        tried = b.sitofp(self.given["tried"], v.scalar)
        self._put(tried, self.given["state"], self._state(self.recipe.left, lane))

    def _copy(self, base: Any, kind: Any, first: Any, strip: int, lane: Any) -> None:
        """Copy one fit's row into its lane."""
        b, v = self.v.builder, self.v
        offset = b.add(b.mul(self.given["points"], INT(strip * v.lanes)), lane)

        with loop(b, self.given["points"]) as i:
            value = self._number(base, b.add(first, i), kind)
            if kind != v.scalar:
                value = b.fpext(value, v.scalar) if v.bits == 64 else b.fptrunc(value, v.scalar)
            self._put(value, self.given["work"], b.add(offset, b.mul(i, INT(v.lanes))))

    def _next_start(self, lane: Any, fit: Any) -> None:
        """Where starts are left to be tried, the next one is the point of the coming pass."""
        b, v, q = self.v.builder, self.v, len(self.recipe.bent)
        left = self._number(self.given["state"], self._state(self.recipe.left, lane))
        some = b.fcmp_ordered(">", left, ir.Constant(v.scalar, 0.5))
        with b.if_then(some):
            whole = b.fptosi(left, INT)
            number = b.sub(self.given["tried"], whole)
            first = b.mul(b.add(b.mul(fit, self.given["tried"]), number), INT(q))
            for j in range(q):
                value = self._number(self.given["starts"], b.add(first, INT(j)))
                self._put(value, self.given["state"], self._state(j, lane))

    # ---- one turn ---------------------------------------------------------------------------

    def _pass(self) -> list[Any]:
        """One pass over the points: the sums of products, and what is wanted besides."""
        b, v, recipe, program = self.v.builder, self.v, self.recipe, self.recipe.program
        values: dict[int, Any] = dict(self.held)
        for j, number in enumerate(recipe.bent):
            values[number] = v.load(self.given["state"], INT(j * v.lanes))
        uniform = uniform_numbers(program, [*recipe.bent, *recipe.fixed])
        write(v, program, values, lambda n: n in uniform)
        write_reciprocals(v, program, values, uniform)

        count = len(program.outputs)  # columns and the residual
        products = count * (count + 1) // 2
        zeros = [v.constant(0.0)] * (products + (4 if recipe.extras else 0))
        before = b.block
        loop = self.function.append_basic_block("points")
        after = self.function.append_basic_block("summed")
        b.branch(loop)
        b.position_at_end(loop)
        i = b.phi(INT)
        i.add_incoming(INT(0), before)
        sums = [b.phi(v.type) for _ in zeros]
        for phi, zero in zip(sums, zeros, strict=True):
            phi.add_incoming(zero, before)
        new = self._point(i, values, sums)
        following = b.add(i, INT(1))
        i.add_incoming(following, b.block)
        for phi, value in zip(sums, new, strict=True):
            phi.add_incoming(value, b.block)
        b.cbranch(b.icmp_signed("<", following, self.given["points"]), loop, after)
        b.position_at_end(after)
        return new[: products + (3 if recipe.extras else 0)]

    def _point(self, i: Any, outside: Mapping[int, Any], sums: Sequence[Any]) -> list[Any]:
        """What one point adds to the sums."""
        b, v, recipe, program = self.v.builder, self.v, self.recipe, self.recipe.program
        values = dict(outside)
        places = sorted(set(recipe.own.values()))
        for number, column in recipe.shared.items():
            index = b.add(b.mul(self.given["points"], INT(column)), i)
            values[number] = v.splat(self._number(self.given["shared"], index))
        for number, column in recipe.own.items():
            strip = 1 + (recipe.weighted == "own") + places.index(column)
            values[number] = self._strip(strip, i)
        write(v, program, values)
        columns = [read(v, values, a) for a in program.outputs[:-1]]
        columns = [v.number(c) for c in columns]
        rest = program.outputs[-1]
        residual = y = self._strip(0, i)
        if not (isinstance(rest, Constant) and rest.value == 0.0):
            residual = v.sub(residual, read(v, values, rest))
        return self._summed([*columns, residual], y, self._weight(i), sums)

    def _strip(self, strip: int, i: Any) -> Any:
        b, lanes = self.v.builder, INT(self.v.lanes)
        index = b.add(b.mul(self.given["points"], INT(strip)), i)
        return self.v.load(self.given["work"], b.mul(index, lanes))

    def _weight(self, i: Any) -> Any:
        if self.recipe.weighted == "own":
            return self._strip(1, i)
        if self.recipe.weighted == "shared":
            return self.v.splat(self._number(self.given["weights"], i))
        return None

    def _summed(self, columns: list[Any], y: Any, weight: Any, sums: Sequence[Any]) -> list[Any]:
        v = self.v
        if self.recipe.weighted == "own":  # the model need not be finite where a point is not used
            used = v.compare(">", weight, v.constant(0.0))
            columns = [v.select(used, c, v.constant(0.0)) for c in columns]
        new = []
        for k, column in enumerate(columns):
            weighted = column if weight is None else v.mul(column, weight)
            for other in columns[k:]:
                new.append(v.add(sums[len(new)], v.mul(weighted, other)))
        if self.recipe.extras:
            r, weighted_y = columns[-1], y
            if weight is not None:
                r = v.mul(r, v.intrinsic("sqrt", weight))
                weighted_y = v.mul(y, weight)
            lag, largest, squares, before = sums[-4:]
            size = v.intrinsic("fabs", r)
            new.append(v.add(lag, v.mul(before, r)))
            new.append(v.select(v.compare(">", size, largest), size, largest))
            new.append(v.add(squares, v.mul(weighted_y, y)))
            new.append(r)
        return new

    def _step(self, sums: Sequence[Any]) -> None:
        """The step: a new state, and which lanes are done."""
        b, v, step = self.v.builder, self.v, self.recipe.step
        rows = len(self.recipe.start)
        state = [v.load(self.given["state"], INT(k * v.lanes)) for k in range(rows)]
        values: dict[int, Any] = dict(enumerate([*sums, *state, *self.bounds]))
        write(v, step, values)
        *new, done = [read(v, values, a) for a in step.outputs]
        for k, value in enumerate(new):
            v.store(v.number(value), self.given["state"], INT(k * v.lanes))
        flags = b.zext(v.condition(done), ir.VectorType(INT, v.lanes))
        place = b.gep(self.given["lane"], [INT(v.lanes)], source_etype=INT)
        b.store(flags, place, align=8)
