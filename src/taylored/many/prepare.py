"""What is worked out once for all fits of a plan: columns, engines, starts, equal answers."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from threadpoolctl import threadpool_limits

from taylored.errors import MissingRule
from taylored.many.columns import Columns, columns_of, linear_inputs
from taylored.many.equal import Flip, Phase, flips_of, phases_of, swaps_of
from taylored.many.loop import setup_of
from taylored.many.plan import Plan
from taylored.many.pointwise import pointwise
from taylored.many.pursuit import parts_of
from taylored.many.starts import Ranking, candidates, ranking_of
from taylored.many.tiling import position_of, tiled
from taylored.many.xla import mixed_columns
from taylored.native.llvm import available
from taylored.native.lower import can_lower
from taylored.regression.search import dimensions, groups, leading, scales
from taylored.regression.setup import Setup
from taylored.trace.cache import LeastRecentlyUsed
from taylored.trace.program import Constant, Program

__all__ = ["Prepared", "prepare"]

# More than these are left to the other engines: the step is written out number by number.
_MOST_PARAMETERS, _MOST_COLUMNS = 16, 28

_known, _of_plan = LeastRecentlyUsed(32), LeastRecentlyUsed(32)
_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Prepared:
    """A plan and what follows from it alone, without any data of a fit.

    `columns` are the data that all fits share, (points,) each: those of the plan, then arrays
    that the model holds.
    `full` are the columns with nothing eliminated; `reduced` those with the linear parameters
    eliminated, None where there are none. Positions of parameters count the free ones.
    `program` is the model, None where its value at a point depends on all points. `in_xla`: run by
    XLA, not by machine code of our own.
    """

    plan: Plan
    columns: tuple[np.ndarray, ...]
    program: Program | None
    full: Columns
    reduced: Columns | None
    in_xla: bool = False

    @property
    def data(self) -> int:
        """How many data columns there are, arrays that the function holds included."""
        return len(self.columns)

    @cached_property
    def inner(self) -> Plan:
        """The plan with all data columns."""
        return replace(self.plan, columns=self.columns)

    @property
    def mixed(self) -> bool:
        """Whether the value at a point depends on all points: little is known of its scales."""
        return any(e.bind is not None for e in self.full.program.equations)

    @property
    def movable(self) -> bool:
        """Whether points may be put in another order: the model holds none of them itself."""
        return self.program is not None and self.data == len(self.plan.columns)

    @property
    def search(self) -> Columns:
        """The columns that are searched with."""
        return self.reduced or self.full

    def free(self, inputs: tuple[int, ...]) -> list[int]:
        """Places among the free parameters of inputs of the program."""
        order = [self.data + i for i in self.plan.params.free]
        return [order.index(n) for n in inputs]

    @cached_property
    def setup(self) -> Setup:
        """A stand-in problem with a response of size 1, for what knows only the model."""
        y = np.linspace(0.0, 1.0, self.plan.points)
        data = dict(zip(self.plan.model.columns, self.plan.columns, strict=True))
        return setup_of(self.plan, data, y, None, None)

    @cached_property
    def powers(self) -> np.ndarray:
        """With which powers of the sizes of the columns and the response each searched parameter
        grows, (bent, columns + 1)."""
        sizes = dimensions(self.setup)
        free, none = self.plan.params.free, (0.0,) * (len(self.plan.columns) + 1)
        found = [sizes[free[i]] or none for i in self.free(self.search.bent)]
        return np.array(found, float).reshape(len(found), len(none))

    @cached_property
    def positions(self) -> list[int | None]:
        """The column that each searched parameter is a position in, None where it is none."""
        free = self.plan.params.free
        return [position_of(self.setup, free[i]) for i in self.free(self.search.bent)]

    @cached_property
    def shared(self) -> np.ndarray:
        """The data columns, (columns, points)."""
        return np.stack(self.columns)

    @cached_property
    def _typical(self) -> np.ndarray:
        """Points at which equal answers are looked for, (points, bent)."""
        places = self.free(self.search.bent)
        return candidates(self.setup, 40, positive=True)[:, places]

    @cached_property
    def flips(self) -> list[Flip]:
        """Which signs, turned together, change nothing; places count the searched ones."""
        return flips_of(self.search, self.inner, self._typical)

    @cached_property
    def phases(self) -> list[Phase]:
        """Which searched parameters are angles."""
        return phases_of(self.search, self.inner, self._typical)

    @cached_property
    def swaps(self) -> list[tuple[tuple[int, int], np.ndarray, bool]]:
        """Searched parameters that may change places, and whether the larger one comes first.

        Only where the parts of a sum are not found to be equal by their form.
        """
        if self.interchangeable or self.mixed or len(self.search.bent) > _MOST_SWAPPED:
            return []
        slow = (self.powers[:, :-1].sum(axis=1) == 1.0) & [p is None for p in self.positions]
        found = swaps_of(self.search, self.inner, self._typical)
        return [((i, j), linear, bool(slow[i])) for (i, j), linear in found]

    @cached_property
    def constant(self) -> tuple[int, float] | None:
        """The free parameter that is added to all points, and its factor; None without one."""
        columns = self.search
        for number, atom in zip(columns.straight, columns.program.outputs, strict=False):
            if isinstance(atom, Constant) and np.ndim(atom.value) == 0 and atom.value:
                place = self.free((number,))[0]
                position = self.plan.params.free[place]
                if np.isinf([self.plan.params.lower[position],
                             self.plan.params.upper[position]]).all():  # fmt: skip
                    return position, float(atom.value)
        return None

    @cached_property
    def ranked_points(self) -> np.ndarray | slice:
        """The points that starts are ranked on: of very many, some at random."""
        if self.plan.points <= _MOST_RANKED:
            return slice(None)
        random = np.random.default_rng(0)
        return np.sort(random.choice(self.plan.points, _MOST_RANKED, replace=False))

    @cached_property
    def interchangeable(self) -> list[tuple[list[tuple[int, ...]], int, bool]]:
        """Groups of equal parts, the parameter that orders them, and whether descending."""
        return [(group, *leading(self.setup, group)) for group in groups(self.setup)]

    @cached_property
    def candidates(self) -> np.ndarray:
        """Starts of all free parameters for a response of size 1, (starts, free)."""
        bent, known = self.free(self.search.bent), scales(self.setup)
        waves = self.plan.points if any(known[i].rate is not None for i in bent) else 0
        count = _MOST_STARTS if self.mixed and bent else _count(len(bent), waves)
        found = candidates(self.setup, count)
        params, every = self.plan.params, list(self.plan.params.free)
        for i in self._positive:
            if params.lower[every[i]] < 0.0:
                found[:, i] = np.abs(found[:, i])
        tiles = None if self.mixed else self._tiled(bent)
        if tiles is not None:
            more = np.zeros((len(tiles), found.shape[1]))
            more[:, bent] = np.clip(tiles, params.lower[every][bent], params.upper[every][bent])
            found = np.concatenate([more, found[:_SPREAD]])
        return found

    @property
    def _positive(self) -> list[int]:
        """The free parameters whose sign does not matter."""
        bent = self.free(self.search.bent)
        return [bent[turned[0]] for turned, _ in self.flips if len(turned) == 1]

    def _tiled(self, bent: list[int]) -> np.ndarray | None:
        """Candidates of some of the searched parameters, without holes."""
        every = self.free(self.search.bent)
        angles = [(bent.index(every[k]), half) for k, half in self.phases if every[k] in bent]
        return tiled(self.setup, bent, angles, self._positive)

    @cached_property
    def ranking(self) -> Ranking | None:
        """Ranks the candidates for all fits at once; None where they depend on the fit."""
        if self.powers[:, -1].any():
            return None
        places, some = self.free(self.search.bent), self.ranked_points
        sigma = None if self.plan.sigma is None else self.plan.sigma[some]
        few = replace(self.inner, columns=tuple(c[some] for c in self.columns), sigma=sigma)
        with threadpool_limits(1):  # how many threads there are may not decide between starts
            found = ranking_of(self.search, few, self.candidates[:, places])
        if found is None or len(self.interchangeable) != 1:
            return found
        group = self.interchangeable[0][0]
        straight, bent = self.free(self.search.straight), places
        parts = [
            ([straight.index(i) for i in part if i in straight],
             [bent.index(i) for i in part if i in bent]) for part in group
        ]  # fmt: skip
        atoms = self._tiled([places[i] for i in parts[0][1]])
        thetas = self.candidates[:, places]
        if atoms is not None:
            thetas = np.ones((len(atoms), len(places)))
            for _, inside in parts:
                thetas[:, inside] = atoms
        return found.with_parts(parts_of(self.search, few, thetas, parts))


_MOST_STARTS, _MOST_RANKED = 2048, 512
_MOST_SWAPPED = 8  # parameters, of which any two are tried
_SPREAD = 128  # starts beside those that tile
_COUNTS = {0: 1, 1: 96, 2: 192, 3: 384}


def _count(bent: int, waves: int) -> int:
    """How many starts: with a frequency among them, several per half wave."""
    return min(max(_COUNTS.get(bent, 640), 4 * bent * waves), _MOST_STARTS)


def prepare(plan: Plan) -> Prepared | None:
    """What follows from a plan; None where only the loop over single fits can run it."""
    with _lock:
        # The plan is kept in the value, so that its id cannot be given to another one.
        return _of_plan.find(id(plan), lambda: (_found(plan), plan))[0]


def _found(plan: Plan) -> Prepared | None:
    return _known.find(_key(plan), lambda: _prepared(plan))


def _key(plan: Plan) -> Hashable:
    program = plan.traces.program
    if program is None:
        return None
    p = plan.params
    # As bytes: nan, which stands for what is not given, is not equal to itself.
    arrays = (p.lower, p.upper, p.start, np.array(p.values), *plan.columns, plan.sigma)
    return (program.key(), plan.absolute, plan.dtype, plan.engine, p.free,
            tuple(None if a is None else a.tobytes() for a in arrays))  # fmt: skip


def _prepared(plan: Plan) -> Prepared | None:
    program = plan.traces.program
    if program is None or plan.engine == "loop" or len(plan.params.free) > _MOST_PARAMETERS:
        return None
    found = pointwise(program, len(plan.columns), plan.points)
    made = None if found is None else _of_points(plan, *found)
    return made or (None if plan.engine == "native" else _of_all_points(plan))


def _of_points(plan: Plan, program: Program, held: tuple[np.ndarray, ...]) -> Prepared | None:
    """Where each point's value depends on that point alone; None where no engine has it."""
    columns = (*plan.columns, *held)
    free = [len(columns) + i for i in plan.params.free]
    try:
        full = columns_of(program, free, ())
        straight = linear_inputs(program, free)
        reduced = columns_of(program, free, straight) if straight else None
    except MissingRule:
        return None
    if reduced is not None and (reduced.count > _MOST_COLUMNS or not _apart(reduced)):
        reduced = None
    every = [program, *(c.program for c in (full, reduced) if c is not None)]
    lowers = available() and all(map(can_lower, every))
    if plan.engine == "native" and not lowers:
        return None
    # The choice of the engine, in this place alone.
    in_xla = plan.engine == "xla" or not lowers
    return Prepared(plan, columns, program, full, reduced, in_xla)


def _of_all_points(plan: Plan) -> Prepared | None:
    """Where the value at a point depends on all of them: sums, convolutions, equations."""
    data = len(plan.columns)
    shapes = [(plan.points,)] * data + [()] * len(plan.names)
    free = [data + i for i in plan.params.free]
    try:
        full, reduced = mixed_columns(plan.traces, shapes, free)
    except (TypeError, ValueError, NotImplementedError, MissingRule):
        return None
    if reduced is not None and reduced.count > _MOST_COLUMNS:
        reduced = None
    return Prepared(plan, plan.columns, None, full, reduced, True)


def _apart(columns: Columns) -> bool:
    """Whether the columns are free of the parameters that were eliminated, as written."""
    used = {a for e in columns.program.equations for a in e.inputs if isinstance(a, int)}
    used |= {a for a in columns.program.outputs if isinstance(a, int)}
    return used.isdisjoint(columns.straight)
