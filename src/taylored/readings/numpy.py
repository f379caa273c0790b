"""Run a program with plain NumPy calls: no compilation, so a first answer costs microseconds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from taylored.readings.facts import ELEMENTWISE, resolve
from taylored.trace.program import Constant, Equation, Program
from taylored.trace.rules import RuleTable

__all__ = ["RULES", "compile_numpy", "stage_numpy"]

# A rule takes an equation and returns the function that runs it: values in, value out
# (a tuple of values where the equation has several outputs).
RULES = RuleTable("NumPy", "run the model through XLA with executor='xla'.")


def _elementwise(equation: Equation) -> Callable:
    function = resolve(ELEMENTWISE[equation.primitive].numpy)
    return partial(function, **equation.params) if equation.params else function


RULES.family(ELEMENTWISE, _elementwise)


def compile_numpy(program: Program) -> Callable[..., list[Any]]:
    """A function of the program's inputs that returns its outputs, by NumPy calls.

    Raises:
        MissingRule: for all equations without a rule at once, before anything is run.
    """
    return stage_numpy(program, 0)()


def stage_numpy(program: Program, early: int) -> Callable[..., Callable[..., list[Any]]]:
    """The same in two stages: first the `early` inputs, then the others, as often as needed.

    What depends on the early inputs alone is computed once.

    Raises:
        MissingRule: for all equations without a rule at once, before anything is run.
    """
    RULES.require(program)
    template: list[Any] = [None] * program.size
    late_inputs = set(range(early, len(program.names)))
    first, last = [], []
    for equation in program.equations:
        late = late_inputs.intersection(a for a in equation.inputs if isinstance(a, int))
        late_inputs.update(equation.outputs if late else ())
        (last if late else first).append(_step(equation, template))
    results = [_slot(atom, template) for atom in program.outputs]
    rest = slice(early, len(program.names))

    def prepare(*given: Any) -> Callable[..., list[Any]]:
        known = template.copy()
        known[:early] = given
        _run(first, known)

        def run(*inputs: Any) -> list[Any]:
            env = known.copy()
            env[rest] = inputs
            _run(last, env)
            return [env[slot] for slot in results]

        return run

    return prepare


def _run(steps: list[tuple], env: list[Any]) -> None:
    for kind, function, first, second, output in steps:
        if kind == 2:
            env[output] = function(env[first], env[second])
        elif kind == 1:
            env[output] = function(env[first])
        elif kind == 0:
            env[output] = function(*[env[slot] for slot in first])
        else:
            values = function(*[env[slot] for slot in first])
            for slot, value in zip(output, values, strict=True):
                env[slot] = value


def _step(equation: Equation, template: list[Any]) -> tuple:
    function = RULES[equation.primitive](equation)
    slots = [_slot(atom, template) for atom in equation.inputs]
    if len(equation.outputs) != 1:
        return (3, function, slots, None, equation.outputs)
    output = equation.outputs[0]
    if len(slots) == 1:
        return (1, function, slots[0], None, output)
    if len(slots) == 2:
        return (2, function, slots[0], slots[1], output)
    return (0, function, slots, None, output)


def _slot(atom: Any, template: list[Any]) -> int:
    if not isinstance(atom, Constant):
        return atom
    # An array of no axes spares NumPy the conversion of a Python number at every call.
    whole = isinstance(atom.value, int) and not isinstance(atom.value, bool)
    template.append(np.asarray(atom.value, float if whole else None))
    return len(template) - 1


# ---- structure: shapes, reductions, control flow (programs made from a jaxpr) ----


@RULES.register("broadcast_to")
def _broadcast_to(equation: Equation) -> Callable:
    return partial(np.broadcast_to, shape=equation.params["shape"])


@RULES.register("broadcast_in_dim")
def _broadcast_in_dim(equation: Equation) -> Callable:
    shape, axes = equation.params["shape"], equation.params["broadcast_dimensions"]

    def run(x: Any, *_: Any) -> Any:
        expanded = [1] * len(shape)
        for axis, length in zip(axes, np.shape(x), strict=True):
            expanded[axis] = length
        return np.broadcast_to(np.reshape(x, expanded), shape)

    return run


@RULES.register("convert_element_type")
def _convert(equation: Equation) -> Callable:
    dtype = np.dtype(equation.params["new_dtype"])

    def run(x: Any) -> np.ndarray:
        x = np.asarray(x)
        return (x.real if x.dtype.kind == "c" and dtype.kind != "c" else x).astype(dtype)

    return run


@RULES.register("reshape")
def _reshape(equation: Equation) -> Callable:
    order, shape = equation.params.get("dimensions"), equation.params["new_sizes"]
    if order is not None:  # the axes are put into this order first
        return lambda x, *_: np.reshape(np.transpose(x, order), shape)
    return lambda x, *_: np.reshape(x, shape)


@RULES.register("squeeze")
def _squeeze(equation: Equation) -> Callable:
    return partial(np.squeeze, axis=equation.params["dimensions"])


@RULES.register("expand_dims")
def _expand_dims(equation: Equation) -> Callable:
    return partial(np.expand_dims, axis=equation.params["dimensions"])


@RULES.register("transpose")
def _transpose(equation: Equation) -> Callable:
    return partial(np.transpose, axes=equation.params["permutation"])


@RULES.register("rev")
def _rev(equation: Equation) -> Callable:
    return partial(np.flip, axis=equation.params["dimensions"])


@RULES.register("concatenate")
def _concatenate(equation: Equation) -> Callable:
    return lambda *xs: np.concatenate(xs, axis=equation.params["dimension"])


@RULES.register("stack")
def _stack(equation: Equation) -> Callable:
    return lambda *xs: np.stack(xs, axis=equation.params.get("axis", 0))


@RULES.register("tile")
def _tile(equation: Equation) -> Callable:
    return partial(np.tile, reps=equation.params["reps"])


@RULES.register("slice")
def _slice(equation: Equation) -> Callable:
    p = equation.params
    strides = p["strides"] or (1,) * len(p["start_indices"])
    limits = zip(p["start_indices"], p["limit_indices"], strides, strict=True)
    key = tuple(slice(a, b, s) for a, b, s in limits)
    return lambda x: x[key]


@RULES.register("dynamic_slice")
def _dynamic_slice(equation: Equation) -> Callable:
    sizes = equation.params["slice_sizes"]

    def run(x: Any, *starts: Any) -> Any:
        # Starts out of range are moved inside, as XLA does.
        begins = [
            min(max(int(s), 0), n - k) for s, n, k in zip(starts, x.shape, sizes, strict=True)
        ]
        return x[tuple(slice(b, b + k) for b, k in zip(begins, sizes, strict=True))]

    return run


@RULES.register("iota")
def _iota(equation: Equation) -> Callable:
    p = equation.params
    shape, axis = p["shape"], p["dimension"]
    line = np.arange(shape[axis], dtype=p["dtype"])
    value = np.broadcast_to(
        line.reshape([-1 if i == axis else 1 for i in range(len(shape))]), shape
    )
    return lambda: value


@RULES.register("clamp")
def _clamp(equation: Equation) -> Callable:
    return lambda lo, x, hi: np.minimum(np.maximum(x, lo), hi)


@RULES.register("copy", "copy_p", "stop_gradient", "optimization_barrier")
def _copy(equation: Equation) -> Callable:
    return lambda x: x


@RULES.register("square")
def _square(equation: Equation) -> Callable:
    return lambda x: np.multiply(x, x)


@RULES.register("integer_div")
def _integer_div(equation: Equation) -> Callable:
    # Towards zero, as XLA divides whole numbers.
    return lambda x, y: np.trunc(np.divide(x, y)).astype(np.result_type(x, y))


@RULES.register("is_finite")
def _is_finite(equation: Equation) -> Callable:
    return np.isfinite


@RULES.register("rem")
def _rem(equation: Equation) -> Callable:
    return np.fmod


def _reduction(function: Callable) -> Callable[[Equation], Callable]:
    return lambda equation: lambda x: function(x, axis=tuple(equation.params["axes"]))


for _name, _function in {
    "reduce_sum": np.sum, "reduce_max": np.max, "reduce_min": np.min, "reduce_prod": np.prod,
    "reduce_and": np.all, "reduce_or": np.any,
}.items():  # fmt: skip
    RULES.family([_name], _reduction(_function))


def _cumulative(function: Callable) -> Callable[[Equation], Callable]:
    def rule(equation: Equation) -> Callable:
        axis, reverse = equation.params["axis"], equation.params["reverse"]

        def run(x: Any) -> Any:
            if reverse:
                return np.flip(function(np.flip(x, axis), axis=axis), axis)
            return function(x, axis=axis)

        return run

    return rule


for _name, _function in {
    "cumsum": np.cumsum, "cumprod": np.cumprod, "cummax": np.maximum.accumulate,
    "cummin": np.minimum.accumulate,
}.items():  # fmt: skip
    RULES.family([_name], _cumulative(_function))


@RULES.register("dot_general")
def _dot_general(equation: Equation) -> Callable:
    (left, right), (left_batch, right_batch) = equation.params["dimension_numbers"]

    def run(a: Any, b: Any) -> Any:
        letters = [chr(97 + i) for i in range(a.ndim + b.ndim)]
        of_a, of_b = letters[: a.ndim], letters[a.ndim :]
        for i, j in zip([*left, *left_batch], [*right, *right_batch], strict=True):
            of_b[j] = of_a[i]
        batch = [of_a[i] for i in left_batch]
        rest_a = [c for i, c in enumerate(of_a) if i not in (*left, *left_batch)]
        rest_b = [c for j, c in enumerate(of_b) if j not in (*right, *right_batch)]
        spec = f"{''.join(of_a)},{''.join(of_b)}->{''.join(batch + rest_a + rest_b)}"
        return np.einsum(spec, a, b)

    return run


@RULES.register("cond")
def _cond(equation: Equation) -> Callable:
    branches = [compile_numpy(branch) for branch in equation.params["branches"]]

    def run(index: Any, *operands: Any) -> Any:
        chosen = min(max(int(index), 0), len(branches) - 1)
        return _unwrap(branches[chosen](*operands))

    return run


@RULES.register("while")
def _while(equation: Equation) -> Callable:
    p = equation.params
    test, body = compile_numpy(p["cond_jaxpr"]), compile_numpy(p["body_jaxpr"])
    first, second = p["cond_nconsts"], p["body_nconsts"]

    def run(*values: Any) -> Any:
        test_constants, rest = values[:first], values[first:]
        body_constants, carry = rest[:second], list(rest[second:])
        while test(*test_constants, *carry)[0]:
            carry = body(*body_constants, *carry)
        return _unwrap(carry)

    return run


@RULES.register("scan")
def _scan(equation: Equation) -> Callable:
    p = equation.params
    body, length = compile_numpy(p["jaxpr"]), p["length"]
    constants, carried = p["num_consts"], p["num_carry"]

    def run(*values: Any) -> Any:
        carry = list(values[constants : constants + carried])
        sequences = values[constants + carried :]
        columns: list[list[Any]] = []
        order = range(length - 1, -1, -1) if p["reverse"] else range(length)
        for i in order:
            outputs = body(*values[:constants], *carry, *(s[i] for s in sequences))
            carry = outputs[:carried]
            columns.append(outputs[carried:])
        if p["reverse"]:
            columns.reverse()
        return _unwrap([*carry, *(np.stack(column) for column in zip(*columns, strict=True))])

    return run


@RULES.register("call")
def _call(equation: Equation) -> Callable:
    inner = compile_numpy(equation.params["program"])
    return lambda *values: _unwrap(inner(*values))


def _unwrap(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


from taylored.readings import numpy_more as _more  # noqa: E402, F401  (adds its rules)
