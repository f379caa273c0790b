"""What is measured about a derivative at a point: by JAX, by differences, by shaken rounding."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from taylored.calculus.arguments import Arguments, scope
from taylored.calculus.derived import Derived, flat
from taylored.calculus.differences import Slopes, slopes
from taylored.calculus.function import TracedFunction, trace
from taylored.calculus.kinks import Gap, Gaps, mark_live
from taylored.calculus.noise import spread
from taylored.calculus.observe import Code, Machine
from taylored.errors import TayloredError

__all__ = ["Direction", "Study"]

_COORDINATES = 32  # inputs up to which each is tried alone
_RANDOM = 4
_SLOW = 0.4  # seconds of all runs for differences from which on the function is compiled
_RUNS = 40  # of them, per direction
_PATIENCE = 0.6  # seconds for the shaken runs of one kind
_LONG = 2e-2  # seconds of one shaken run from which on two directions stand for all
_EPS = 2.0**-52


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """A direction in input space: steps that are powers of two, so that points are exact."""

    vector: np.ndarray
    input: int | None  # the only input that moves, if one


@dataclass(eq=False)
class Study:
    """A function, a point, and what has been found out there."""

    function: Any
    arguments: Arguments
    traced: TracedFunction
    seed: int = 0
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine = Machine()
        self.derived = Derived(self.traced)
        self.leaves = [np.asarray(v) for v in self.arguments.leaves]
        self.rest = [np.asarray(v) for v in (*self.arguments.others, *self.traced.captured)]
        self.inputs, self.outputs = self.traced.inputs, self.traced.outputs
        self.point = flat(self.leaves)
        self.random = np.random.default_rng(self.seed)

    # ---- the function in float64, for differences ----

    @cached_property
    def wide(self) -> TracedFunction:
        """The same function of float64 inputs, where it can be traced so."""
        narrow = [v.dtype for v in self.leaves if v.dtype != np.float64]
        if not narrow:
            return self.traced
        wider = replace(
            self.arguments,
            leaves=[np.asarray(v, np.float64) for v in self.leaves],
            others=[np.asarray(v, np.float64) for v in self.arguments.others],
            wide=True,
        )
        try:
            return trace(self.function, wider)
        except TayloredError:
            return self.traced

    @cached_property
    def wide_code(self) -> Code:
        return self.derived.function if self.wide is self.traced else Code(self.wide.closed)

    def wide_inputs(self, point: np.ndarray) -> list[Any]:
        avals = self.wide.closed.in_avals
        leaves = self.inputs.split(point)
        given = [*leaves, *self.rest]
        return [np.asarray(v).astype(a.dtype) for v, a in zip(given, avals, strict=True)]

    @cached_property
    def _compiled(self) -> Any:
        import jax
        import jax.extend.core as jex

        return jax.jit(jex.jaxpr_as_fun(self.wide.closed))

    @cached_property
    def _one_run(self) -> float:
        """Seconds of one run without compiling."""
        self.at(self.point, False)
        start = time.perf_counter()
        self.at(self.point, False)
        return time.perf_counter() - start

    @property
    def slow(self) -> bool:
        """Whether the function is worth compiling."""
        return self._one_run * _RUNS * len(self.directions) > _SLOW

    @property
    def heavy(self) -> bool:
        """Whether each run takes so long that only a few directions are tried."""
        return self._one_run > _LONG / 4

    def at(self, point: np.ndarray, compiled: bool | None = None) -> np.ndarray:
        """(outputs,) the function at a point."""
        given = self.wide_inputs(point)
        if self.slow if compiled is None else compiled:
            with scope(self.wide.wide):
                return flat(self._compiled(*given)[: len(self.outputs.leaves)])
        return flat(self.machine(self.wide_code, *given)[: len(self.outputs.leaves)])

    @cached_property
    def here(self) -> np.ndarray:
        return self.at(self.point)

    @cached_property
    def unit(self) -> float:
        """The rounding unit of the function's own numbers."""
        return max(float(np.finfo(a.dtype).eps) for a in self.wide.closed.out_avals
                   if a.dtype.kind == "f")  # fmt: skip

    @cached_property
    def own_unit(self) -> float:
        return max(float(np.finfo(v.dtype).eps) for v in self.leaves)

    @cached_property
    def noise(self) -> np.ndarray:
        """(outputs,) the rounding error of the function itself, at the point."""
        given = self.wide_inputs(self.point)
        return 3 * flat(
            spread(self.wide_code, given, self._samples, self.seed)[: len(self.outputs.leaves)]
        )

    @cached_property
    def _samples(self) -> int:
        start = time.perf_counter()
        spread(self.wide_code, self.wide_inputs(self.point), 1, self.seed)
        return int(np.clip(_PATIENCE / (time.perf_counter() - start + 1e-9) / 2, 2, 8))

    def rounding(self, values: np.ndarray) -> np.ndarray:
        """What rounding may have done to values of the function."""
        return self.noise + self.unit * np.abs(values)

    # ---- directions ----

    @cached_property
    def scales(self) -> np.ndarray:
        """(inputs,) a typical size of each input: a power of two."""
        sizes = np.abs(self.point)
        for leaf in self.inputs.leaves:
            own = sizes[leaf.start : leaf.stop]
            known = own[own > 0]
            own[own == 0] = np.median(known) if known.size else 1.0
        return 2.0 ** np.clip(np.floor(np.log2(sizes)), -1020, 1020)

    def typical(self, k: int) -> float:
        """The size of input `k`, or of its array if that is larger."""
        own = next(leaf for leaf in self.inputs.leaves if leaf.start <= k < leaf.stop)
        size = float(np.median(np.abs(self.point[own.start : own.stop])))
        return max(size, float(self.scales[k]))

    @cached_property
    def directions(self) -> list[Direction]:
        n = self.inputs.size
        found = []
        if n <= _COORDINATES:
            for k in range(n):
                vector = np.zeros(n)
                vector[k] = self.scales[k]
                found.append(Direction(vector, k))
        if n == 1:
            return found
        for k in range(_RANDOM if n <= _COORDINATES else _RANDOM + 2):
            signs = self.random.choice([-1.0, 1.0], n) * 2.0 ** self.random.integers(-2, 1, n)
            if n > _COORDINATES and k >= _RANDOM:  # some of the inputs only
                signs = signs * (self.random.random(n) < max(1 / 16, 4 / n))
            if signs.any():
                found.append(Direction(signs * self.scales, None))
        return found

    # ---- what JAX says ----

    def seeds(self, vector: np.ndarray, layout: Any, like: list[Any]) -> list[np.ndarray]:
        parts = layout.split(vector)
        return [p.astype(a.dtype) for p, a in zip(parts, like, strict=True)]

    def forward_inputs(self, vector: np.ndarray) -> list[Any]:
        return [*self.leaves, *self.rest, *self.seeds(vector, self.inputs, self.leaves)]

    def backward_inputs(self, weights: np.ndarray) -> list[Any]:
        avals = self.traced.closed.out_avals[: len(self.outputs.leaves)]
        return [*self.leaves, *self.rest, *self.seeds(weights, self.outputs, avals)]

    def second_inputs(self, vector: np.ndarray, weights: np.ndarray) -> list[Any]:
        avals = self.traced.closed.out_avals[: len(self.outputs.leaves)]
        return [*self.forward_inputs(vector), *self.seeds(weights, self.outputs, avals)]

    @cached_property
    def weights(self) -> np.ndarray:
        """(cotangents, outputs) by which the outputs are summed for reverse passes."""
        m = self.outputs.size
        if m <= (_COORDINATES if self.derived.forward is None else 4):
            return np.eye(m)
        return self.random.choice([-1.0, 1.0], (_RANDOM, m))

    @cached_property
    def forward(self) -> np.ndarray | None:
        """(directions, outputs) slopes by forward passes."""
        code = self.derived.forward
        if code is None:
            return None
        return np.array([flat(self.machine(code, *self.forward_inputs(d.vector)))
                         for d in self.directions])  # fmt: skip

    @cached_property
    def backward(self) -> np.ndarray | None:
        """(cotangents, inputs) gradients by reverse passes."""
        code = self.derived.backward
        if code is None:
            return None
        return np.array([flat(self.machine(code, *self.backward_inputs(w))) for w in self.weights])

    @cached_property
    def projection(self) -> np.ndarray | None:
        """What outputs are compared: None for each by itself, else these sums of them."""
        return None if self.forward is not None else self.weights

    @cached_property
    def slopes(self) -> np.ndarray:
        """(directions, compared outputs) what JAX says."""
        if self.forward is not None:
            return self.forward
        assert self.backward is not None
        with np.errstate(all="ignore"):
            return np.array([self.backward @ d.vector for d in self.directions])

    def _spreads(self, code: Code, given: list[list[Any]]) -> np.ndarray:
        """(seeds, outputs) how far rounding moves the results, for each list of inputs."""
        start = time.perf_counter()
        spread(code, given[-1], 1, self.seed)
        each = (time.perf_counter() - start) / 2
        tried = given if each < _LONG else given[-2:]
        tried = tried if 2 * each < _PATIENCE else tried[-1:]
        runs = int(np.clip(_PATIENCE / (each * len(tried) + 1e-9), 1, 6))
        found = np.array([flat(spread(code, g, runs, self.seed)) for g in tried])
        if len(tried) == len(given):
            return found
        return np.broadcast_to(2 * np.max(found, axis=0), (len(given), found.shape[1]))

    @cached_property
    def slope_errors(self) -> np.ndarray:
        """(directions, compared outputs) how far rounding moves what JAX says."""
        code = self.derived.forward
        if code is not None:
            given = [self.forward_inputs(d.vector) for d in self.directions]
            return self._spreads(code, given)
        vectors = np.array([d.vector for d in self.directions])
        with np.errstate(all="ignore"):
            return np.sqrt((vectors**2) @ (self.gradient_errors**2).T)

    @cached_property
    def gradient_errors(self) -> np.ndarray:
        """(cotangents, inputs) the same of the gradients."""
        code = self.derived.backward
        assert code is not None
        return self._spreads(code, [self.backward_inputs(w) for w in self.weights])

    # ---- differences ----

    def differences(self) -> Iterator[Slopes]:
        """Slopes by differences along each direction."""
        size = np.max(
            np.abs(np.where(np.isfinite(self.slopes), self.slopes, 0.0)), axis=0, initial=0.0
        )
        if self.projection is not None:
            size = np.full(self.outputs.size, np.max(size, initial=0.0))
        for direction in self.directions:
            yield self._differences(direction.vector, size)

    def _differences(self, vector: np.ndarray, size: np.ndarray) -> Slopes:
        moved = np.flatnonzero(vector)
        whole = moved.size
        moved = moved[:: max(1, whole // 1000)]
        share = math.sqrt(whole / max(moved.size, 1))

        def drift(t: float) -> np.ndarray:
            step = t * vector[moved]
            off = ((self.point[moved] + step) - self.point[moved]) - step
            return size * (share * float(np.linalg.norm(off / self.scales[moved])))

        largest = float(np.max(np.abs(vector)))
        windows = [3, 12, 22, 32]
        absolute = math.floor(math.log2(largest)) + 3
        if absolute < -3:  # inputs so small that only longer steps may show anything
            windows += [*range(-6, max(absolute, -50), -9), absolute]
        return slopes(lambda t: self.at(self._moved(t, vector)), self.here, self.rounding,
                      windows, drift)  # fmt: skip

    def _moved(self, t: float, vector: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return self.point + t * vector

    # ---- decisions ----

    @cached_property
    def gaps(self) -> list[Gap]:
        """The decisions the function makes at the point."""
        return list(self._gaps_at(self.point).values())

    def _gaps_at(self, point: np.ndarray) -> dict[tuple[int, int], Gap]:
        mark_live(self.wide_code)
        watch = Gaps()
        watch(self.wide_code, *self.wide_inputs(point))
        return watch.found

    @cached_property
    def rates(self) -> dict[tuple[int, int], list[tuple[float, int | None]]]:
        """For each decision, how fast its gap changes along the directions, and the input."""
        found: dict[tuple[int, int], list[tuple[float, int | None]]] = {
            g.place: [] for g in self.gaps
        }
        step = 2.0**-24
        for direction in self.directions[-2:] if self.heavy else self.directions:
            moved = self._gaps_at(self._moved(step, direction.vector))
            for gap in self.gaps:
                other = moved.get(gap.place)
                if other is None or other.values.shape != gap.values.shape:
                    continue
                rate = abs(other.values[gap.least] - gap.values[gap.least]) / step
                found[gap.place].append((float(rate), direction.input))
        return found
