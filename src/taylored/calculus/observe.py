"""Run a traced function, or its derivative, equation by equation on numbers, and watch.

NumPy's rules are used where there are any, so that nothing is compiled; JAX itself for the rest.
A `Machine` only runs; a subclass of `Watching` sees every equation, also inside calls, branches
and loops, with its operands, its results and the marks that these carry.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from taylored.readings.facts import ELEMENTWISE
from taylored.readings.numpy import RULES
from taylored.trace.jaxpr import float64
from taylored.trace.program import Equation
from taylored.trace.source import user_line

__all__ = ["CALLS", "CUSTOM", "Boxed", "Code", "Machine", "Step", "Watching", "alone", "in_jax"]

CALLS = {"jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "core_call": "call_jaxpr",
         "remat2": "jaxpr", "checkpoint": "jaxpr", "custom_jvp_call": "call_jaxpr",
         "custom_vjp_call": "call_jaxpr", "custom_vjp_call_jaxpr": "fun_jaxpr"}  # fmt: skip
CUSTOM = frozenset(["custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr"])
_FOLD_LIMIT = 1_000_000
_OWN = str(Path(__file__).parents[1])


@cache
def _jax_folder() -> str:
    import jax

    return os.path.dirname(jax.__file__) + os.sep


def _user_line(eqn: Any) -> str:
    line = user_line(eqn)
    return "" if line.startswith(_OWN) else line


def in_jax(jaxpr: Any) -> bool:
    """Whether the function behind a jaxpr is one of JAX's own."""
    info = str(getattr(getattr(jaxpr, "debug_info", None), "func_src_info", "") or "")
    return _jax_folder() in info


class Step:
    """One equation, ready to run: which slots it reads and writes, and how."""

    __slots__ = ("codes", "eqn", "ins", "line", "live", "name", "outs", "run")

    def __init__(self, eqn: Any, ins: list[int], outs: list[int], line: str):
        self.eqn, self.ins, self.outs, self.line = eqn, ins, outs, line
        self.name: str = eqn.primitive.name
        self.live = True  # whether a derivative may pass through it
        self.codes = _inner(eqn, line)
        self.run: Callable[..., list[Any]] = _runner(eqn) if not self.codes else _nothing


def _nothing(*_: Any) -> list[Any]:
    return []


class Code:
    """A closed jaxpr as steps over numbered slots; what is not needed is left out."""

    def __init__(self, closed: Any, line: str = ""):
        import jax.extend.core as jex

        jaxpr = closed.jaxpr
        self.closed = closed
        slots: dict[Any, int] = {v: k for k, v in enumerate(jaxpr.invars)}
        self.template: list[Any] = [None] * len(jaxpr.invars)
        own = "" if in_jax(jaxpr) and line else None

        def put(value: Any) -> int:
            self.template.append(value)
            return len(self.template) - 1

        def slot(atom: Any) -> int:
            if isinstance(atom, jex.Literal):
                aval: Any = atom.aval
                return put(np.asarray(atom.val, aval.dtype))
            return slots[atom]

        for var, const in zip(jaxpr.constvars, closed.consts, strict=True):
            slots[var] = put(_array(const))
        self.count = len(jaxpr.invars)
        self.steps: list[Step] = []
        for eqn in _needed(jaxpr):
            ins = [slot(a) for a in eqn.invars]
            outs = []
            for var in eqn.outvars:
                slots[var] = put(None)
                outs.append(slots[var])
            found = line if own == "" else _user_line(eqn) or line
            self.steps.append(Step(eqn, ins, outs, found))
        self.outs = [slot(a) for a in jaxpr.outvars]
        self.folded = False

    def fold(self, machine: Machine) -> None:
        """Compute once what does not depend on the inputs."""
        self.folded = True
        moving = set(range(self.count))
        kept = []
        for step in self.steps:
            large = any(np.prod(v.aval.shape, dtype=float) > _FOLD_LIMIT for v in step.eqn.outvars)
            if moving.intersection(step.ins) or large or step.eqn.effects:
                moving.update(step.outs)
                kept.append(step)
                continue
            results = machine.step(step, [self.template[i] for i in step.ins])
            for k, value in zip(step.outs, results, strict=True):
                self.template[k] = value
        self.steps = kept


def _needed(jaxpr: Any) -> list[Any]:
    """The equations that the outputs need."""
    needed = {v for v in jaxpr.outvars if not hasattr(v, "val")}
    kept = []
    for eqn in reversed(jaxpr.eqns):
        if needed.intersection(eqn.outvars):
            kept.append(eqn)
            needed.update(v for v in eqn.invars if not hasattr(v, "val"))
    return kept[::-1]


def _closed(jaxpr: Any) -> Any:
    import jax.extend.core as jex

    return jaxpr if hasattr(jaxpr, "consts") else jex.ClosedJaxpr(jaxpr, ())


def _inner(eqn: Any, line: str) -> tuple[Code, ...]:
    """The programs inside an equation that are run in its place."""
    name, p = eqn.primitive.name, eqn.params
    if name in CALLS:
        return (Code(_closed(p[CALLS[name]]), line),)
    if name == "cond":
        return tuple(Code(b, line) for b in p["branches"])
    if name == "while":
        return (Code(p["cond_jaxpr"], line), Code(p["body_jaxpr"], line))
    if name == "scan":
        return (Code(p["jaxpr"], line),)
    if name == "custom_linear_solve":
        return (Code(p["jaxprs"].solve, line),)
    return ()


# ---- one equation ----


def _runner(eqn: Any) -> Callable[..., list[Any]]:
    """A function of the operands that returns the results, by NumPy where there is a rule."""
    name = eqn.primitive.name
    special = _SPECIAL.get(name)
    avals = [v.aval for v in eqn.outvars]
    function = special(eqn) if special else None
    if function is None and name in RULES and _ruled(eqn):
        params = {k: v for k, v in eqn.params.items() if k == "y"}
        params = params if name in ELEMENTWISE else dict(eqn.params)
        function = RULES[name](Equation(name, (), tuple(range(len(avals))), params))
    if function is None:
        return _bound(eqn)
    if len(avals) == 1:
        dtype = avals[0].dtype

        def single(*values: Any) -> list[Any]:
            found = function(*values)
            return [found if getattr(found, "dtype", None) == dtype else np.asarray(found, dtype)]

        return single
    return lambda *values: [
        np.asarray(v, a.dtype) for v, a in zip(function(*values), avals, strict=True)
    ]


def _ruled(eqn: Any) -> bool:
    """Whether NumPy's rule fits the types: its logical and integer operations differ."""
    kinds = {getattr(v.aval.dtype, "kind", "V") for v in (*eqn.invars, *eqn.outvars)}
    name = eqn.primitive.name
    if "V" in kinds:
        return False
    if name in ("and", "or", "not", "reduce_and", "reduce_or"):
        return kinds == {"b"}
    if name == "div":
        return not kinds & set("iu")
    return not (name == "select_n" and len(eqn.invars) > 3)


def _bound(eqn: Any) -> Callable[..., list[Any]]:
    """The primitive itself, run by JAX."""
    import jax
    import jax.extend.core as jex

    wide = any(_is_wide(v.aval) for v in (*eqn.invars, *eqn.outvars))
    compiled: list[Any] = []

    def run(*values: Any) -> list[Any]:
        with float64() if wide else nullcontext():
            if not compiled:
                compiled.append(jax.jit(jex.jaxpr_as_fun(alone(eqn))))
            return [_array(v) for v in compiled[0](*values)]

    return run


def _is_wide(aval: Any) -> bool:
    return str(getattr(aval, "dtype", "")) in ("float64", "int64", "uint64", "complex128")


def alone(eqn: Any) -> Any:
    """A closed jaxpr that holds this equation only; its inputs are all its operands."""
    import jax
    import jax.extend.core as jex

    shapes = [jax.ShapeDtypeStruct(v.aval.shape, v.aval.dtype) for v in eqn.invars]
    frame = jax.make_jaxpr(lambda *a: list(a))(*shapes).jaxpr
    own = list(frame.invars)
    jaxpr = jex.Jaxpr(
        constvars=[], invars=own, outvars=list(eqn.outvars), eqns=[eqn.replace(invars=own)],
        effects=eqn.effects, debug_info=_unnamed(frame.debug_info, len(eqn.outvars)),
    )  # fmt: skip
    return jex.ClosedJaxpr(jaxpr, [])


def _unnamed(info: Any, outputs: int) -> Any:
    return info._replace(result_paths=("",) * outputs) if hasattr(info, "_replace") else info


def _array(value: Any) -> Any:
    """A NumPy array, unless it is of a type that NumPy does not have (random keys)."""
    dtype = getattr(value, "dtype", None)
    if dtype is not None and not isinstance(dtype, np.dtype):
        return value
    return np.asarray(value)


def _round(eqn: Any) -> Callable:
    if int(eqn.params["rounding_method"]) == 1:
        return np.rint
    return lambda x: np.copysign(np.floor(np.abs(x) + 0.5), x)


def _dot(eqn: Any) -> Callable | None:
    (left, right), (left_batch, _) = eqn.params["dimension_numbers"]
    if left_batch:
        return None
    return lambda a, b: np.tensordot(a, b, (left, right))


def _select(eqn: Any) -> Callable | None:
    if len(eqn.invars) > 3 or eqn.invars[0].aval.dtype.kind != "b":
        return lambda which, *cases: np.choose(which, cases) if len(cases) < 32 else None
    return lambda which, no, yes: np.where(which, yes, no)


def _split(eqn: Any) -> Callable:
    ends = np.cumsum(eqn.params["sizes"])[:-1]

    def run(x: Any) -> Any:
        parts = np.split(x, ends, axis=eqn.params["axis"])
        return parts if len(parts) > 1 else parts[0]

    return run


def _same(eqn: Any) -> Callable:
    return lambda x, *_: x


_SPECIAL: dict[str, Callable] = {
    "round": _round, "dot_general": _dot, "select_n": _select, "split": _split,
    "device_put": lambda eqn: None if len(eqn.invars) > 1 else _same(eqn),
    "reduce_precision": lambda eqn: None, "reshard": _same, "mul": lambda eqn: np.multiply,
    "lt_to": lambda eqn: None, "symbolic_zeros": lambda eqn: None,
}  # fmt: skip


# ---- the loop ----


class Boxed:
    """A value and the mark it carries while it is watched."""

    __slots__ = ("mark", "value")

    def __init__(self, value: Any, mark: Any = None):
        self.value, self.mark = value, mark


class Machine:
    """Runs code on numbers."""

    def __call__(self, code: Code, *inputs: Any) -> list[Any]:
        with np.errstate(all="ignore"):
            return self.code(code, inputs)

    def code(self, code: Code, inputs: Sequence[Any]) -> list[Any]:
        if not code.folded:
            code.fold(Machine())
        env = self.fresh(code)
        env[: code.count] = inputs
        for step in code.steps:
            results = self.step(step, [env[i] for i in step.ins])
            for k, value in zip(step.outs, results, strict=True):
                env[k] = value
        return [env[k] for k in code.outs]

    def fresh(self, code: Code) -> list[Any]:
        return code.template.copy()

    def step(self, step: Step, values: list[Any]) -> list[Any]:
        """The results of one equation."""
        if not step.codes:
            return self.leaf(step, values)
        rule = _CONTROL.get(step.name)
        return rule(self, step, values) if rule else self.call(step, values)

    def call(self, step: Step, values: list[Any]) -> list[Any]:
        return self.code(step.codes[0], values)

    def leaf(self, step: Step, values: list[Any]) -> list[Any]:
        return step.run(*values)

    # What control flow does with values, plain here and boxed when watched.
    def number(self, value: Any) -> Any:
        return value

    def part(self, value: Any, k: int) -> Any:
        return value[k]

    def stacked(self, values: list[Any], aval: Any) -> Any:
        return np.stack(values) if values else np.zeros(aval.shape, aval.dtype)

    def decided(self, step: Step, value: Any) -> None:
        """A branch or a loop's end was decided by this value."""


class Watching(Machine):
    """Runs code on numbers with marks; `leaf` gets and returns boxes."""

    def __call__(self, code: Code, *inputs: Any) -> list[Any]:
        with np.errstate(all="ignore"):
            return [b.value for b in self.boxes(code, [Boxed(v) for v in inputs])]

    def boxes(self, code: Code, inputs: Sequence[Boxed]) -> list[Boxed]:
        with np.errstate(all="ignore"):
            return self.code(code, inputs)

    def fresh(self, code: Code) -> list[Any]:
        return [None if v is None else Boxed(v) for v in code.template]

    def leaf(self, step: Step, values: list[Boxed]) -> list[Boxed]:
        results = step.run(*(b.value for b in values))
        return self.watched(step, values, [Boxed(r) for r in results])

    def watched(self, step: Step, values: list[Boxed], results: list[Boxed]) -> list[Boxed]:
        """What to do with the results of an equation; here nothing."""
        return results

    def number(self, value: Boxed) -> Any:
        return value.value

    def part(self, value: Boxed, k: int) -> Boxed:
        return Boxed(value.value[k], value.mark)

    def stacked(self, values: list[Boxed], aval: Any) -> Boxed:
        mark = next((b.mark for b in values if b.mark is not None), None)
        return Boxed(super().stacked([b.value for b in values], aval), mark)


def _cond(machine: Machine, step: Step, values: list[Any]) -> list[Any]:
    machine.decided(step, values[0])
    which = min(max(int(machine.number(values[0])), 0), len(step.codes) - 1)
    return machine.code(step.codes[which], values[1:])


def _while(machine: Machine, step: Step, values: list[Any]) -> list[Any]:
    p = step.eqn.params
    first, second = p["cond_nconsts"], p["body_nconsts"]
    test, rest = values[:first], values[first:]
    body, carry = rest[:second], list(rest[second:])
    while True:
        (again,) = machine.code(step.codes[0], [*test, *carry])
        machine.decided(step, again)
        if not machine.number(again):
            return carry
        carry = machine.code(step.codes[1], [*body, *carry])


def _scan(machine: Machine, step: Step, values: list[Any]) -> list[Any]:
    p = step.eqn.params
    constants, carried, length = p["num_consts"], p["num_carry"], p["length"]
    fixed, carry = values[:constants], list(values[constants : constants + carried])
    sequences = values[constants + carried :]
    order = range(length - 1, -1, -1) if p["reverse"] else range(length)
    rows: list[list[Any]] = []
    for k in order:
        found = machine.code(
            step.codes[0], [*fixed, *carry, *(machine.part(s, k) for s in sequences)]
        )
        carry = found[:carried]
        rows.append(found[carried:])
    if p["reverse"]:
        rows.reverse()
    avals = [v.aval for v in step.eqn.outvars[carried:]]
    columns = [[row[j] for row in rows] for j in range(len(avals))]
    return [*carry, *(machine.stacked(c, a) for c, a in zip(columns, avals, strict=True))]


def _solve(machine: Machine, step: Step, values: list[Any]) -> list[Any]:
    lengths = step.eqn.params["const_lengths"]
    total, before = sum(lengths), lengths.matvec + lengths.vecmat
    return machine.code(step.codes[0], [*values[before : before + lengths.solve], *values[total:]])


_CONTROL: dict[str, Callable[[Machine, Step, list[Any]], list[Any]]] = {
    "cond": _cond, "while": _while, "scan": _scan, "custom_linear_solve": _solve,
}  # fmt: skip
