"""Make a program from a JAX function: through its jaxpr, with calls written out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from taylored.trace.fresh import with_own_arrays
from taylored.trace.program import Atom, Builder, Constant, Program
from taylored.trace.source import user_line
from taylored.trace.tracer import Traced

__all__ = [
    "HybridRecorder",
    "float64",
    "from_jaxpr",
    "is_tracer",
    "lifted",
    "same_trace",
    "trace_jax",
]

# Calls whose body is written out in place of the call: parameter that holds the body.
_INLINED = {"jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "core_call": "call_jaxpr",
            "remat2": "jaxpr", "checkpoint": "jaxpr"}  # fmt: skip
# Calls kept as one equation, because their derivative is not that of their body.
_CUSTOM = {"custom_jvp_call": "call_jaxpr", "custom_vjp_call": "call_jaxpr",
           "custom_vjp_call_jaxpr": "fun_jaxpr"}  # fmt: skip


def float64() -> Any:
    """A scope in which JAX computes in float64, whatever the global setting."""
    import jax

    return jax.enable_x64(True)


def trace_jax(
    function: Callable, shapes: Sequence[tuple[int, ...]], names: Sequence[str]
) -> Program:
    """The program of a JAX function of float64 inputs of these shapes."""
    import jax

    with float64():
        avals = [jax.ShapeDtypeStruct(shape, np.float64) for shape in shapes]
        closed = jax.make_jaxpr(with_own_arrays(function))(*avals)
    return from_jaxpr(closed, names)


def from_jaxpr(closed: Any, names: Sequence[str] | None = None, source: str = "") -> Program:
    """A closed jaxpr as a program; `source` is the line of equations that have none."""
    jaxpr = closed.jaxpr
    names = names or [f"in{i}" for i in range(len(jaxpr.invars))]
    builder = Builder(names)
    for number, var in enumerate(jaxpr.invars):
        builder.shapes[number] = tuple(var.aval.shape)
    outputs = _write(builder, closed, list(range(len(jaxpr.invars))), source)
    return builder.finish(outputs)


def is_tracer(value: Any) -> bool:
    """Whether the value is not known yet, inside jit, vmap or another trace."""
    import jax

    return isinstance(value, jax.core.Tracer)  # pyright: ignore[reportAttributeAccessIssue]


def lifted(closed: Any) -> tuple[Any, tuple[Any, ...]]:
    """The jaxpr with captured values of an outer trace as further inputs, and these values."""
    import jax.extend.core as jex

    pairs = list(zip(closed.jaxpr.constvars, closed.consts, strict=True))
    outer = [(v, c) for v, c in pairs if is_tracer(c)]
    if not outer:
        return closed, ()
    own = [(v, c) for v, c in pairs if not is_tracer(c)]
    jaxpr = closed.jaxpr.replace(
        constvars=[v for v, _ in own], invars=[*closed.jaxpr.invars, *(v for v, _ in outer)]
    )
    return jex.ClosedJaxpr(jaxpr, [c for _, c in own]), tuple(c for _, c in outer)


def same_trace(first: Any, second: Any) -> bool:
    """Whether two closed jaxprs of one function say the same: it did the same both times."""
    return len(first.consts) == len(second.consts) and (
        all(map(_same_constant, first.consts, second.consts))
        and _same_equations(first.jaxpr, second.jaxpr)
    )


def _same_constant(first: Any, second: Any) -> bool:
    if is_tracer(first) or is_tracer(second):
        return is_tracer(first) and is_tracer(second)
    a, b = _plain_array(first), _plain_array(second)
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def _plain_array(value: Any) -> np.ndarray:
    """As NumPy has it: random keys, which it lacks, by their numbers."""
    import jax
    import jax.numpy as jnp

    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        return np.asarray(jax.random.key_data(value))
    return np.asarray(value)


def _same_equations(first: Any, second: Any) -> bool:
    import jax.extend.core as jex

    if len(first.eqns) != len(second.eqns):
        return False
    numbers: tuple[dict, dict] = tuple(  # type: ignore[assignment]
        {v: k for k, v in enumerate([*j.constvars, *j.invars])} for j in (first, second)
    )

    def atom(value: Any, known: dict) -> Any:
        if isinstance(value, jex.Literal):
            return (str(value.val), str(value.aval))
        return known.setdefault(value, len(known))

    for one, other in zip(first.eqns, second.eqns, strict=True):
        if one.primitive is not other.primitive:
            return False
        if len(one.invars) != len(other.invars):
            return False
        for a, b in zip([*one.invars, *one.outvars], [*other.invars, *other.outvars], strict=True):
            if atom(a, numbers[0]) != atom(b, numbers[1]) or a.aval.shape != b.aval.shape:
                return False
        if one.params.keys() != other.params.keys():
            return False
        if not all(_same_param(v, other.params[k]) for k, v in one.params.items()):
            return False
    ends = zip(first.outvars, second.outvars, strict=True)
    return all(atom(a, numbers[0]) == atom(b, numbers[1]) for a, b in ends)


def _same_param(first: Any, second: Any) -> bool:
    if hasattr(first, "consts") and hasattr(second, "consts"):
        return same_trace(first, second)
    if hasattr(first, "eqns") and hasattr(second, "eqns"):
        return _same_equations(first, second)
    if isinstance(first, tuple | list) and isinstance(second, tuple | list):
        return len(first) == len(second) and all(map(_same_param, first, second))
    # Rules and the like are made anew for each trace: only plain values can be told apart.
    plain = isinstance(first, bool | int | float | str) and isinstance(second, type(first))
    return not plain or repr(first) == repr(second)


def _write(builder: Builder, closed: Any, inputs: Sequence[Atom], source: str) -> list[Atom]:
    """Write the equations of a closed jaxpr into the builder; its outputs as atoms."""
    import jax.extend.core as jex

    jaxpr, consts = closed.jaxpr, closed.consts
    env: dict[Any, Atom] = dict(zip(jaxpr.invars, inputs, strict=True))
    env.update(zip(jaxpr.constvars, (Constant(np.asarray(c)) for c in consts), strict=True))

    def read(atom: Any) -> Atom:
        return Constant(_plain(atom.val)) if isinstance(atom, jex.Literal) else env[atom]

    for eqn in jaxpr.eqns:
        line = user_line(eqn) or source
        atoms = [read(a) for a in eqn.invars]
        name = eqn.primitive.name
        if name in _INLINED:
            body = _closed(eqn.params[_INLINED[name]])
            results = _write(builder, body, atoms, line)
        elif name == "split":
            results = _split(builder, eqn, atoms)
        else:
            results = _emit(builder, eqn, atoms, line)
        env.update(zip(eqn.outvars, results, strict=True))
    return [read(a) for a in jaxpr.outvars]


def _emit(builder: Builder, eqn: Any, atoms: list[Atom], line: str) -> Sequence[Atom]:
    name = eqn.primitive.name
    params = {k: _program_params(v, line) for k, v in eqn.params.items()}
    if name in _CUSTOM:
        # The rule is part of what is computed: programs with other rules are not equal.
        body = _CUSTOM[name]
        rules = tuple(v for k, v in sorted(eqn.params.items()) if callable(v) and k != body)
        name, params = "call", {"program": params[body], "rules": rules}
    elif name in _WITHOUT_PARAMS:
        half_away = name == "round" and int(params.get("rounding_method", 0)) == 0
        params = {}
        if half_away:
            name = "round_half_away"
        elif name == "div" and eqn.outvars[0].aval.dtype.kind in "iu":
            name = "integer_div"
    elif name in _LOGICAL and eqn.outvars[0].aval.dtype.kind != "b":
        name = f"bitwise_{name}"  # the same primitive for whole numbers, bit by bit
    elif name == "integer_pow":
        params = {"y": params["y"]}
    bind = _binder(eqn)
    numbers = builder.emit(name, atoms, params, outputs=len(eqn.outvars), source=line, bind=bind)
    for number, var in zip(numbers, eqn.outvars, strict=True):
        builder.shapes[number] = tuple(var.aval.shape)
    return numbers


def _split(builder: Builder, eqn: Any, atoms: list[Atom]) -> list[Atom]:
    """A split is written as slices, for which every reading has a rule."""
    axis, results, start = eqn.params["axis"], [], 0
    rank = len(eqn.invars[0].aval.shape)
    for var, size in zip(eqn.outvars, eqn.params["sizes"], strict=True):
        low, high = [0] * rank, list(eqn.invars[0].aval.shape)
        low[axis], high[axis] = start, start + size
        params = {"start_indices": tuple(low), "limit_indices": tuple(high), "strides": None}
        (number,) = builder.emit("slice", atoms, params, bind=_slicer(low, high))
        builder.shapes[number] = tuple(var.aval.shape)
        results.append(number)
        start += size
    return results


def _slicer(low: list[int], high: list[int]) -> Callable:
    def run(value: Any) -> Any:
        import jax

        return jax.lax.slice(value, low, high)

    return run


# Elementwise primitives whose parameters (accuracy hints) say nothing about the value.
_WITHOUT_PARAMS = frozenset(
    "exp exp2 expm1 log log1p sqrt rsqrt cbrt sin cos tan tanh logistic mul add sub div sign "
    "round erf_inv abs neg max min".split()
)


_LOGICAL = frozenset(["and", "or", "xor", "not"])


def _binder(eqn: Any) -> Callable:
    primitive, params = eqn.primitive, eqn.params
    return lambda *values: primitive.bind(*values, **params)


def _program_params(value: Any, line: str) -> Any:
    if hasattr(value, "jaxpr") or hasattr(value, "eqns"):
        return from_jaxpr(_closed(value), source=line)
    if isinstance(value, tuple | list) and any(hasattr(v, "jaxpr") for v in value):
        return tuple(_program_params(v, line) for v in value)
    return value


def _closed(jaxpr: Any) -> Any:
    import jax.extend.core as jex

    return jaxpr if hasattr(jaxpr, "consts") else jex.ClosedJaxpr(jaxpr, ())


def _plain(value: Any) -> Any:
    array = np.asarray(value)
    # Whole numbers keep their width: JAX does not mix int32 and int64.
    return array.item() if array.ndim == 0 and array.dtype.kind in "bf" else array


class HybridRecorder:
    """Applies operations to JAX tracers, so that NumPy's functions work on them too.

    `functions` gives the JAX function of each primitive.
    """

    __slots__ = ("functions",)

    def __init__(self, functions: Callable[[str], Callable]):
        self.functions = functions

    def apply(self, primitive: str, inputs: Sequence[Any], params: Mapping[str, Any]) -> Traced:
        values = [v.held if isinstance(v, Traced) else v for v in inputs]
        return Traced(self, self.functions(primitive)(*values, **params))

    def wrap(self, function: Callable) -> Callable:
        """`function` on JAX tracers, called with traced values in their place."""

        def wrapped(*tracers: Any) -> Any:
            result = function(*(Traced(self, t) for t in tracers))
            return result.held if isinstance(result, Traced) else result

        return wrapped
