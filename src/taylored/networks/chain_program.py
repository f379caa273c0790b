"""A traced function as a program for a reader: an equation for each operation of the user's own.

Unlike `trace.jaxpr`, which merges equal equations, it keeps each where the user wrote it, and the
name of each function with a derivative rule of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from taylored.calculus.observe import CALLS, CUSTOM, alone
from taylored.networks.chain_unroll import MOST_STEPS, write_scan
from taylored.readings.chain_factors import as_array
from taylored.readings.facts import ELEMENTWISE
from taylored.trace.program import Atom, Constant, Equation, Program
from taylored.trace.source import user_line

__all__ = ["LOOPS", "inner_closed", "program_of", "with_constants_as_inputs"]

LOOPS = frozenset(["scan", "while", "cond"])


def program_of(closed: Any, names: Sequence[str], unrolled: bool = False) -> Program:
    """The equations of a closed jaxpr, calls written out; inputs have these names.

    `unrolled`: scans are written out too, where they are short.
    """
    writer = _Writer(len(closed.jaxpr.invars), unrolled)
    for number, var in enumerate(closed.jaxpr.invars):
        writer.shapes[number] = tuple(var.aval.shape)
    outputs = writer.write(closed, list(range(writer.size)), "")
    whole = Program(tuple(names), tuple(writer.equations), (), writer.size, writer.shapes)
    return whole.keep(outputs)


def with_constants_as_inputs(closed: Any) -> tuple[Any, list[Any]]:
    """The jaxpr with the arrays that it holds as further inputs, so that they have names."""
    import jax.extend.core as jex

    jaxpr = closed.jaxpr.replace(
        constvars=[], invars=[*closed.jaxpr.invars, *closed.jaxpr.constvars],
        debug_info=_nameless(closed.jaxpr.debug_info),
    )  # fmt: skip
    return jex.ClosedJaxpr(jaxpr, []), list(closed.consts)


def _nameless(info: Any) -> Any:
    """Debug information that does not count the arguments."""
    return info._replace(arg_names=None) if hasattr(info, "_replace") else info


class _Writer:
    """Numbers the variables of jaxprs, one inside another."""

    def __init__(self, size: int, unrolled: bool = False):
        self.size, self.unrolled = size, unrolled
        self.equations: list[Equation] = []
        self.shapes: dict[int, tuple[int, ...]] = {}

    def write(self, closed: Any, inputs: Sequence[Atom], line: str) -> list[Atom]:
        import jax.extend.core as jex

        jaxpr = closed.jaxpr
        known: dict[Any, Atom] = dict(zip(jaxpr.invars, inputs, strict=True))
        for var, value in zip(jaxpr.constvars, closed.consts, strict=True):
            known[var] = Constant(as_array(value))

        def read(atom: Any) -> Atom:
            if isinstance(atom, jex.Literal):
                aval: Any = atom.aval
                return Constant(np.asarray(atom.val, aval.dtype))
            return known[atom]

        for eqn in jaxpr.eqns:
            where = user_line(eqn) or line
            atoms = [read(a) for a in eqn.invars]
            name = eqn.primitive.name
            if name in CALLS and name not in CUSTOM:
                results = self.write(inner_closed(eqn.params[CALLS[name]]), atoms, where)
            elif name == "scan" and self.unrolled and _short(eqn):
                results = write_scan(self, eqn, atoms, where)
            else:
                results = self._emit(eqn, atoms, where)
            known.update(zip(eqn.outvars, results, strict=True))
        return [read(a) for a in jaxpr.outvars]

    def _emit(self, eqn: Any, atoms: list[Atom], where: str) -> Sequence[Atom]:
        numbers = tuple(range(self.size, self.size + len(eqn.outvars)))
        self.size += len(numbers)
        self.shapes.update(
            (k, tuple(v.aval.shape)) for k, v in zip(numbers, eqn.outvars, strict=True)
        )
        name = eqn.primitive.name
        params = {"y": eqn.params["y"]} if name == "integer_pow" else dict(eqn.params)
        if name in ELEMENTWISE and name != "integer_pow":
            params = {}  # hints to the compiler
        if name == "div" and eqn.outvars[0].aval.dtype.kind in "iu":
            name = "integer_div"
        bind = _called(eqn) if name in CUSTOM else _bound(eqn)
        self.equations.append(Equation(name, tuple(atoms), numbers, params, where, bind))
        return numbers

    def add(
        self, name: str, atoms: Sequence[Atom], params: Any, bind: Callable, *about: Any
    ) -> int:
        """An equation that is in no jaxpr; `about`: the shape of its result, and the line."""
        number, self.size = self.size, self.size + 1
        self.shapes[number], where = about
        self.equations.append(Equation(name, tuple(atoms), (number,), params, where, bind))
        return number


def _short(eqn: Any) -> bool:
    return eqn.params["length"] * max(_steps(eqn.params["jaxpr"].jaxpr), 1) <= MOST_STEPS


def _steps(jaxpr: Any) -> int:
    """The equations of a jaxpr and of those inside it."""
    total = 0
    for eqn in jaxpr.eqns:
        inner = [v for v in eqn.params.values() if hasattr(v, "jaxpr") or hasattr(v, "eqns")]
        turns = eqn.params.get("length", 1) if eqn.primitive.name == "scan" else 1
        total += 1 + turns * sum(_steps(getattr(v, "jaxpr", v)) for v in inner)
    return total


def _bound(eqn: Any) -> Callable:
    primitive, params = eqn.primitive, eqn.params
    return lambda *values: primitive.bind(*values, **params)


def _called(eqn: Any) -> Callable:
    """A call with a rule of the user's own, which JAX follows where it differentiates."""
    import jax.extend.core as jex

    return jex.jaxpr_as_fun(alone(eqn))


def inner_closed(jaxpr: Any) -> Any:
    """A jaxpr of the parameters of an equation, closed."""
    import jax.extend.core as jex

    return jaxpr if hasattr(jaxpr, "consts") else jex.ClosedJaxpr(jaxpr, ())
