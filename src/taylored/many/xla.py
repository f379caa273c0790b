"""The engine in XLA: for models that mix points or have no machine code, and for GPUs.

A lane holds a fit, as in `native.machine`. Lanes that are done are frozen; when half of them are,
they take the next fits. How many lanes there are depends on the model alone, so that the bits of
a fit do not depend on the others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from typing import Any, cast

import numpy as np

from taylored.many.columns import Columns
from taylored.many.native import Runner, Shape, recipe_of
from taylored.many.plan import Plan
from taylored.many.step import Limits
from taylored.model import Traces
from taylored.native.machine import Data, Machine, Recipe
from taylored.readings.linearity import affine_set, dependence
from taylored.readings.numpy import RULES
from taylored.readings.xla import run_jax
from taylored.trace.cache import LeastRecentlyUsed
from taylored.trace.jaxpr import float64, trace_jax
from taylored.trace.program import Builder, Equation, Program

__all__ = [
    "XlaMachine",
    "mixed_columns",
    "most_together",
    "on_accelerator",
    "on_device",
    "xla_runner",
]

_DAMPING = 1e-3
_TRIED = 64  # starts of a fit come in arrays of one or of this many
_MIXED = "over_fits"  # the primitive of a function of all points, for many fits
_FOR_GPU = 1_000_000  # fits that are worth a GPU
_STARTS = 64  # at most so many together where NumPy asks for the columns
_runners = LeastRecentlyUsed(32)
_compiling = threading.Lock()


def on_accelerator() -> bool:
    """Whether JAX puts arrays on something other than the CPU."""
    import jax.numpy as jnp

    return any(d.platform != "cpu" for d in jnp.zeros(()).devices())


def on_device(plan: Plan, fits: int) -> Plan:
    """The plan of a large job, run by XLA where JAX has a GPU and the user has no other wish.

    It is asked about only where a plugin for one is installed: importing JAX takes a second.
    """
    if plan.engine != "auto" or fits < _FOR_GPU or not entry_points(group="jax_plugins"):
        return plan
    return replace(plan, engine="xla") if on_accelerator() else plan


def most_together(plan: Plan) -> int:
    """How many fits fill a GPU, where there is one; else 0."""
    return 65_536 if plan.engine == "xla" and on_accelerator() else 0


# ---- the runner -----------------------------------------------------------------------------


def xla_runner(columns: Columns, data: int, shape: Shape, limits: Limits) -> Runner:
    """The same as `native.runner`, in XLA; inputs below `data` are data."""
    if not on_accelerator():
        shape = replace(shape, weighted="own")  # one compilation for whole and gappy fits
    key = (columns.program.key(), columns.linear, columns.slopes, columns.bent, columns.straight,
           data, shape, limits)  # fmt: skip
    with _compiling:
        return _runners.find(key, lambda: _make(columns, data, shape, limits))


def _make(columns: Columns, data: int, shape: Shape, limits: Limits) -> Runner:
    if any(e.primitive == _MIXED for e in columns.program.equations):
        shape = replace(shape, bits=64)  # such a program has its precision written into it
    recipe, where, names = recipe_of(columns, data, shape, limits)
    machine = cast(Machine, XlaMachine(recipe, _compile(recipe)))
    return Runner(machine, where, names, (*columns.bent, *columns.straight))


@dataclass(frozen=True, eq=False)
class XlaMachine:
    """A recipe as a function, `advance`, which moves lanes on until enough of them are done.

    It is compiled once for each number of points, by one thread.
    """

    recipe: Recipe
    advance: Any
    compiled: dict[tuple[int, ...], Callable] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, data: Data) -> np.ndarray:
        """The rows `kept` of all fits: (fits, kept), of the machine's precision."""
        with float64():
            lanes = _Lanes(self.recipe, data)
            while lanes.refill():
                given = lanes.wanted, lanes.state, lanes.done, lanes.arrays
                lanes.harvest(*map(np.array, self._for(lanes.shape, given)(*given)))
        return lanes.out

    def _for(self, shape: tuple[int, ...], given: tuple[Any, ...]) -> Callable:
        with self.lock:
            if shape not in self.compiled:
                self.compiled[shape] = self.advance.lower(*given).compile()
            return self.compiled[shape]


class _Lanes:
    """The fits at work, and those that wait."""

    def __init__(self, recipe: Recipe, data: Data):
        self.recipe, self.data = recipe, data
        self.kind = kind = np.float64 if recipe.bits == 64 else np.float32
        points, count = data.y.shape[1], _lanes(recipe, data.y.shape[1])
        tried, bent = data.starts.shape[1:]
        self.state = np.zeros((len(recipe.start), count), kind)
        self.done = np.ones(count, bool)
        self.fit = np.full(count, -1)
        self.out = np.full((len(data.rows), len(recipe.kept)), np.nan, kind)
        self.next = 0
        self.own = {k: np.zeros((points, count), kind) for k in recipe.own.values()}
        weights = data.weights
        self.arrays: dict[str, Any] = {
            "y": np.zeros((points, count), kind), "own": self.own,
            "starts": np.zeros((1 if tried == 1 else max(tried, _TRIED), bent, count), kind),
            "tried": float(tried),
            "shared": {k: data.shared[k].astype(kind)[:, None] for k in recipe.shared.values()},
            "fixed": data.fixed.astype(kind), "lower": data.lower.astype(kind),
            "upper": data.upper.astype(kind),
        }  # fmt: skip
        if recipe.weighted == "shared":
            assert weights is not None
            self.arrays["weights"] = weights.astype(kind)[:, None]
        elif recipe.weighted:
            self.arrays["weights"] = np.zeros((points, count), kind)

    @property
    def shape(self) -> tuple[int, ...]:
        """Points, lanes, and starts that come together."""
        return (*self.arrays["y"].shape, len(self.arrays["starts"]))

    def refill(self) -> int:
        """Lanes that are done take the next fits; how many lanes are at work."""
        data, waiting = self.data, len(self.data.rows) - self.next
        empty = np.flatnonzero(self.done)[:waiting]
        new = np.arange(self.next, self.next + len(empty))
        rows = data.rows[new]
        self.arrays["y"][:, empty] = data.y[rows].T
        if self.recipe.weighted == "own":
            w = data.weights
            some = 1.0 if w is None else w[rows].T if w.ndim == 2 else w[:, None]
            self.arrays["weights"][:, empty] = some
        for place, values in self.own.items():
            values[:, empty] = data.own[place][rows].T
        tried = data.starts.shape[1]
        self.arrays["starts"][:tried, :, empty] = np.moveaxis(data.starts[new], 0, -1)
        self.state[:, empty] = np.nan_to_num(self.recipe.start, posinf=np.inf)[:, None]
        self.state[self.recipe.left, empty] = tried
        self.done[empty], self.fit[empty] = False, new
        self.next += len(empty)
        return int((~self.done).sum())

    @property
    def wanted(self) -> int:
        """At how many lanes done it is time to refill."""
        count = len(self.done)
        if self.next == len(self.data.rows):
            return count
        return count // 2

    def harvest(self, state: np.ndarray, done: np.ndarray) -> None:
        """Write the results of lanes that have ended."""
        self.state, self.done = state, done
        ended = np.flatnonzero(done & (self.fit >= 0))
        self.out[self.fit[ended]] = state[list(self.recipe.kept)][:, ended].T
        self.fit[ended] = -1


def _lanes(recipe: Recipe, points: int) -> int:
    """As many as keep the columns in the cache (on a GPU: in a part of its memory)."""
    most, budget = (65_536, 1 << 31) if on_accelerator() else (512, 1 << 23)
    return _together(recipe.program, points, budget, most)


def _together(program: Program, points: int, budget: int, most: int) -> int:
    """How many fits have room in so many bytes: a power of two."""
    largest = [e.params.get("largest", 1) for e in program.equations if e.primitive == _MIXED]
    each = 16 * len(program.outputs) * max(points, *largest, 1)
    return 1 << (int(np.clip(budget // each, 4, most)).bit_length() - 1)


# ---- what is compiled -----------------------------------------------------------------------


def _compile(recipe: Recipe) -> Any:
    """`advance(wanted, state, done, arrays)`: turns until `wanted` lanes are done."""
    import jax
    import jax.numpy as jnp

    bent = len(recipe.bent)

    def advance(wanted: Any, state: Any, done: Any, arrays: Mapping[str, Any]) -> Any:
        bounds = [*arrays["lower"], *arrays["upper"]]

        def turn(held: tuple[Any, Any]) -> tuple[Any, Any]:
            state, done = held
            trial = _trial(arrays, state, recipe.left, bent)
            tried = jnp.concatenate([trial, state[bent:]])
            sums = _sums(recipe, arrays, trial)
            *new, over = run_jax(recipe.step, [*sums, *tried, *bounds])
            rows = jnp.stack([jnp.broadcast_to(v, done.shape).astype(state.dtype) for v in new])
            return jnp.where(done, state, rows), done | over

        return jax.lax.while_loop(lambda held: held[1].sum() < wanted, turn, (state, done))

    return jax.jit(advance)


def _trial(arrays: Mapping[str, Any], state: Any, left: int, bent: int) -> Any:
    """The point of this pass: the next start where one is left to be tried, (bent, lanes)."""
    import jax.numpy as jnp

    starts = arrays["starts"]
    number = jnp.clip(arrays["tried"] - state[left], 0, len(starts) - 1).astype(int)
    chosen = jnp.take_along_axis(starts, number[None, None], axis=0)[0]
    return jnp.where(state[left] > 0.5, chosen, state[:bent])


def _sums(recipe: Recipe, arrays: Mapping[str, Any], trial: Any) -> list[Any]:
    """The products of columns and residual, summed over the points, each (lanes,)."""
    import jax.numpy as jnp

    y, w = arrays["y"], arrays.get("weights")
    inputs: list[Any] = [0.0] * len(recipe.program.names)
    for number, column in recipe.shared.items():
        inputs[number] = arrays["shared"][column]
    for number, column in recipe.own.items():
        inputs[number] = arrays["own"][column]
    for number, value in zip(recipe.fixed, arrays["fixed"], strict=True):
        inputs[number] = value
    for number, value in zip(recipe.bent, trial, strict=True):
        inputs[number] = value
    *columns, rest = run_jax(recipe.program, inputs)
    values = [jnp.broadcast_to(v, y.shape) for v in (*columns, y - rest)]
    if w is not None:  # what is not used may be anything, but counts nothing
        values = [jnp.where(w > 0.0, v, 0.0) for v in values]
    weighted = [v if w is None else v * w for v in values]
    sums = [jnp.sum(a * b, axis=0) for k, a in enumerate(weighted) for b in values[k:]]
    if recipe.extras:
        r = values[-1] if w is None else values[-1] * jnp.sqrt(w)
        squares = jnp.sum(y * y if w is None else w * y * y, axis=0)
        sums += [jnp.sum(r[1:] * r[:-1], axis=0), jnp.max(jnp.abs(r), axis=0), squares]
    return sums


# ---- models that mix points: sums, cumulative sums, convolutions, differential equations -----


def mixed_columns(
    traces: Traces, shapes: Sequence[tuple[int, ...]], free: Sequence[int]
) -> tuple[Columns, Columns | None]:
    """The columns of a function of all points: full, and with linear parameters eliminated.

    `shapes` are those of all inputs, `free` the inputs that are fitted.

    Raises:
        TypeError, ValueError, NotImplementedError: where JAX cannot differentiate it.
    """
    assert traces.program is not None
    pairs = dependence(traces.program).pairs[np.ix_(free, free)]
    straight = tuple(f for f, chosen in zip(free, affine_set(pairs), strict=True) if chosen)
    full = _mixed(traces, shapes, free, ())
    return full, _mixed(traces, shapes, free, straight) if straight else None


def _mixed(
    traces: Traces, shapes: Sequence[tuple[int, ...]], free: Sequence[int],
    straight: tuple[int, ...],
) -> Columns:  # fmt: skip
    assert traces.program is not None
    names, linear = traces.program.names, len(straight)
    bent = tuple(f for f in free if f not in straight)
    parts = _parts(traces, straight, shapes)
    traced = trace_jax(parts, shapes, names)
    needs = [dependence(traced.keep([atom])).inputs for atom in traced.outputs]
    wanted = [(k, j) for k, need in enumerate(needs) for j, n in enumerate(bent) if need[n]]
    slopes: list[list[tuple[int, int]]] = [[] for _ in bent]
    for place, (k, j) in enumerate(wanted):
        slopes[j].append((linear + place, k if k < linear else -1))
    whole = trace_jax(_with_slopes(parts, bent, wanted), shapes, names)
    used = [n for n in range(len(names)) if n not in straight]
    program = _one_equation(names, used, whole, shapes)
    return Columns(program, linear, tuple(map(tuple, slopes)), bent, straight)


def _parts(
    traces: Traces, straight: Sequence[int], shapes: Sequence[tuple[int, ...]]
) -> Callable[..., list[Any]]:
    """The derivatives along the linear parameters, then the model with these at zero."""
    program, function = traces.program, traces.function
    points = max(shapes[0], (1,))

    def parts(*inputs: Any) -> list[Any]:
        import jax
        import jax.numpy as jnp

        def model(values: Sequence[Any]) -> Any:
            given = list(inputs)
            for number, value in zip(straight, values, strict=True):
                given[number] = value
            found = function(*given) if function else run_jax(cast(Program, program), given)[0]
            if jnp.iscomplexobj(found):
                raise TypeError("the model gives complex numbers")
            return jnp.broadcast_to(jnp.asarray(found, float), points)

        zeros = [jnp.zeros(())] * len(straight)
        value = model(zeros)
        units = np.eye(len(straight))
        along = [jax.jvp(lambda *v: model(v), tuple(zeros), tuple(jnp.array(u)))[1] for u in units]
        return [*along, value]

    return parts


def _with_slopes(
    parts: Callable[..., list[Any]], bent: Sequence[int], wanted: Sequence[tuple[int, int]]
) -> Callable[..., list[Any]]:
    """The linear columns, the derivatives `wanted` (part, place in `bent`), and the rest."""

    def whole(*inputs: Any) -> list[Any]:
        import jax
        import jax.numpy as jnp

        def of(*values: Any) -> list[Any]:
            given = list(inputs)
            for number, value in zip(bent, values, strict=True):
                given[number] = value
            return parts(*given)

        at = tuple(inputs[n] for n in bent)
        units = np.eye(len(bent))
        along = [jax.jvp(of, at, tuple(jnp.array(u)))[1] for u in units]
        *linear, rest = of(*at)
        return [*linear, *(along[j][k] for k, j in wanted), rest]

    return whole


def _one_equation(
    names: Sequence[str], used: Sequence[int], whole: Program, shapes: Sequence[tuple[int, ...]]
) -> Program:
    """A program of one equation, which runs another one for many fits at once.

    Data are (points, 1) or (points, fits), parameters numbers or (fits,); results (points, fits).
    """
    columns = [n for n in used if shapes[n]]
    largest = max((int(np.prod(s)) for s in whole.shapes.values()), default=1)

    def over_fits(*values: Any) -> list[Any]:
        import jax

        given = dict(zip(used, values, strict=True))
        axes: dict[int, int | None] = {}
        for n, value in given.items():
            axes[n] = 1 if n in columns else 0 if np.ndim(value) else None
            if n in columns and np.shape(value)[1] == 1:
                given[n], axes[n] = value[:, 0], None

        def run(*inputs: Any) -> list[Any]:
            every: list[Any] = [0.0] * len(names)
            for n, value in zip(used, inputs, strict=True):
                every[n] = value
            return run_jax(whole, every)

        if all(a is None for a in axes.values()):
            return [v[:, None] for v in run(*given.values())]
        mapped = jax.vmap(run, in_axes=tuple(axes.values()), out_axes=1)
        return mapped(*given.values())

    builder = Builder(names)
    params = {"key": whole.key(), "data": len(columns), "largest": largest}
    made = builder.emit(_MIXED, used, params, outputs=len(whole.outputs), bind=over_fits)
    return builder.finish(made)


@RULES.register(_MIXED)
def _over_starts(equation: Equation) -> Callable:
    """For NumPy: data are (1, points), parameters numbers or (starts, 1)."""
    import jax

    assert equation.bind is not None
    compiled, data = jax.jit(equation.bind), equation.params["data"]
    together = _together(Program((), (equation,), equation.outputs, 0), 1, 1 << 26, _STARTS)

    def run(*values: Any) -> Any:
        columns = [np.asarray(v).T for v in values[:data]]
        params = [np.asarray(v, float) for v in values[data:]]
        count = max((len(p) for p in params if p.ndim), default=1)
        found = []
        for first in range(0, count, together):
            few = [_some(p, first, together) for p in params]
            with float64():
                found.append([np.asarray(v).T for v in compiled(*columns, *few)])
        rows = [np.concatenate(parts)[:count] for parts in zip(*found, strict=True)]
        return rows if len(rows) > 1 else rows[0]

    return run


def _some(values: np.ndarray, first: int, count: int) -> np.ndarray:
    """Always as many starts, the last ones filled up: another number would be compiled anew."""
    if not values.ndim:
        return values
    part = values[first : first + count, 0]
    return np.pad(part, (0, count - len(part)), mode="edge")
