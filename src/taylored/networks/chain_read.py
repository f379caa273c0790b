"""What the user handed to `chain`, as one program, its numbers, and the names of its inputs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from taylored.calculus.formulas import vector_program
from taylored.calculus.trees import Layout, Leaf
from taylored.errors import ArgumentError, FunctionError
from taylored.formula import parse
from taylored.networks.chain_names import unique
from taylored.networks.chain_own import Own, chosen_places, own_value
from taylored.networks.chain_program import program_of, with_constants_as_inputs
from taylored.readings.chain_factors import as_array
from taylored.series.function import (
    argument_names,
    as_arguments,
    is_scalar,
    named_numbers,
    names_for,
    not_traced,
)
from taylored.trace.program import Atom, Program
from taylored.trace.source import changing_function
from taylored.trace.tracer import record

__all__ = ["Question", "read_question"]


@dataclass(frozen=True, eq=False)
class Question:
    """A function at a point: one number of its output, and the inputs to differentiate by.

    The first inputs of `program` are those of `layout`, one for each leaf; the others are data.
    `output` is the variable that holds the number, `entry` its place there (flat); `tree` puts
    leaves together as the user gave them.
    """

    name: str
    program: Program
    layout: Layout
    inputs: tuple[Any, ...]
    output: Atom
    entry: int
    output_name: str
    tree: Callable[[Sequence[Any]], Any]
    formula: str = ""
    by_jax: bool = False
    unroll: Callable[[], Program] | None = None  # the same with scans written out
    own: Own | None = None  # the value in the user's precision, where it may be another

    def __reduce_ex__(self, protocol: Any) -> Any:
        """For pickle: a formula is read again; functions are read by closures of their own."""
        if self.formula:
            point = dict(zip(self.program.names, map(float, self.inputs), strict=True))
            return _of_formula, (self.formula, point, (), None)
        return super().__reduce_ex__(protocol)

    @property
    def leaves(self) -> int:
        """How many of the program's inputs are differentiated by."""
        return len(self.layout.leaves)


def read_question(
    f: Any, x: Any, args: Sequence[Any], argnums: Any, output: int | str | None
) -> Question:
    """Read a formula or a function at a point.

    Raises:
        FormulaError, FunctionError: where it cannot be read, or has no single number as its value.
        ArgumentError: where the point does not fit.
    """
    if isinstance(f, str):
        return _of_formula(f, x, args, output)
    if not callable(f):
        raise ArgumentError(
            f"A function is needed, not a {type(f).__name__}.",
            next_step='write ty.chain(f, x), or ty.chain("x*exp(-x)", {"x": 1.0}).',
        )
    not_traced(x, "x")
    given, chosen = _called_with(f, x, args, argnums)
    found = _recorded(f, given, chosen) if output is None else None
    found = found if found is not None else _of_jax(f, given, chosen, output)
    if isinstance(x, dict) and isinstance(chosen, tuple) and argnums == 0:
        names = argument_names(f) or ()
        tree = found.tree
        return replace(found, tree=lambda v: dict(zip(names, tree(v), strict=True)))
    return found


# ---- formulas, without JAX ----


def _of_formula(text: str, x: Any, args: Sequence[Any], output: Any) -> Question:
    if len(args) or output is not None:
        raise ArgumentError(
            "A formula has all its inputs in x, and one output.",
            next_step="leave args and output out.",
        )
    expression = parse(text).model
    names = expression.names
    if not names:
        raise ArgumentError("The formula has no inputs.", next_step="write it with a name: x^2.")
    numbers = named_numbers(x, names, "x").tolist()
    program = vector_program([expression], names)  # constants are steps too: they are rounded
    return _of_numbers("f", program, numbers, lambda v: dict(zip(names, v, strict=True)), text)


def _of_numbers(
    name: str, program: Program, numbers: Sequence[float], tree: Callable, formula: str = ""
) -> Question:
    leaves = tuple(Leaf(n, (), k, 1) for k, n in enumerate(program.names))
    inputs = tuple(np.float64(v) for v in numbers)
    output = program.outputs[0]
    return Question(name, program, Layout(leaves, None), inputs, output, 0, name, tree, formula)


# ---- functions ----


def _called_with(f: Any, x: Any, args: Sequence[Any], argnums: Any) -> tuple[list[Any], Any]:
    """The arguments, and which of them are the inputs; several may come as a tuple or by name."""
    if isinstance(args, np.ndarray) or not isinstance(args, tuple | list):
        raise ArgumentError(
            f"args is a {type(args).__name__}.",
            next_step="give further arguments as a tuple: args=(data,).",
        )
    needed = argument_names(f)
    several = needed is not None and len(needed) > 1 and not len(args)
    if several and isinstance(x, tuple | list | dict) and argnums == 0:
        given = as_arguments(f, x, "x")
        return given, tuple(range(len(given)))
    return [x, *args], argnums


def _recorded(f: Callable, given: list[Any], chosen: Any) -> Question | None:
    """A function of plain numbers, written with operators and NumPy, recorded without JAX."""
    if chosen != 0 and chosen != tuple(range(len(given))):
        return None
    if not all(is_scalar(v) and not isinstance(v, bool) for v in given):
        return None
    if chosen == 0 and len(given) > 1:
        return None
    names = names_for(f, len(given))
    try:
        program, again = record(f, names), record(f, names)
    except Exception:  # whatever a user's function may raise on traced values: JAX shall try
        return None
    if program.key() != again.key():
        raise changing_function(_name(f))
    if any(e.primitive == "broadcast_to" for e in program.equations) or program.holds_arrays:
        return None
    numbers = [float(v) for v in given]
    if not np.isfinite(numbers).all():
        return None  # the message about it is the same as for other functions

    def tree(values: Sequence[Any]) -> Any:
        return values[0] if chosen == 0 else tuple(values)

    return _of_numbers(_name(f), program, numbers, tree)


def _of_jax(f: Callable, given: list[Any], chosen: Any, output: int | str | None) -> Question:
    from taylored.calculus.arguments import read_arguments
    from taylored.calculus.function import trace
    from taylored.series.traced import with_floats
    from taylored.trace.jaxpr import float64

    called, given = f, list(given)
    f, given = _without_functions(f, given)
    picked = chosen_places(chosen, len(given))
    floats = [with_floats(v) if k in picked else v for k, v in enumerate(given)]
    with float64():
        arguments = read_arguments(f, chosen, tuple(floats), {})
        if not arguments.concrete:
            raise ArgumentError(
                "The chain rule needs numbers: inside jit, vmap or grad there are none yet.",
                next_step="call ty.chain outside of them.",
            )
        traced = trace(f, arguments)
    if traced.captured:
        raise ArgumentError(
            f"{traced.name} uses values of an outer jit or vmap: there are no numbers yet.",
            next_step="call ty.chain outside of them.",
        )
    which, entry, output_name = _chosen_output(traced, output)
    names = [leaf.name for leaf in arguments.inputs.leaves]
    names += _data_names(called, floats, picked, len(arguments.others))
    inputs = [np.asarray(v) for v in arguments.leaves]
    inputs += [as_array(v) for v in arguments.others]
    closed, held = with_constants_as_inputs(traced.closed)
    inputs += [as_array(v) for v in held]
    names += _names_held(called, held, names)
    program = program_of(closed, names)

    def unroll() -> Program:
        whole = program_of(closed, names, unrolled=True)
        return whole.keep([whole.outputs[which]])

    wanted = program.outputs[which]
    own = own_value(f, given, chosen, (which, entry), traced.closed)
    return Question(
        output_name, program.keep([wanted]), arguments.inputs, tuple(inputs), wanted, entry,
        output_name, arguments.inputs.unflatten, by_jax=True, unroll=unroll, own=own,
    )  # fmt: skip


def _without_functions(f: Callable, given: list[Any]) -> tuple[Callable, list[Any]]:
    """Functions in a tree, such as the activation of a module, taken out and put back inside."""
    import jax

    leaves, tree = jax.tree_util.tree_flatten(given)
    if not any(callable(v) and not hasattr(v, "dtype") for v in leaves):
        return f, given
    held = [v if callable(v) and not hasattr(v, "dtype") else None for v in leaves]
    bare = tree.unflatten([None if h is not None else v for v, h in zip(leaves, held, strict=True)])

    @functools.wraps(f)
    def called(*args: Any) -> Any:
        rest = iter(jax.tree_util.tree_leaves(list(args)))
        return f(*tree.unflatten([next(rest) if h is None else h for h in held]))

    return called, bare


def _chosen_output(traced: Any, output: int | str | None) -> tuple[int, int, str]:
    """Which array of the output, which place in it, and its name."""
    outputs = traced.outputs
    if outputs.size == 0:
        raise FunctionError(f"{traced.name} returns no numbers.", next_step="return a number.")
    if output is None:
        if outputs.size != 1:
            shown = ", ".join(f"{leaf.name} {leaf.shape}" for leaf in outputs.leaves[:5])
            raise FunctionError(
                f"The chain rule is shown for one number; {traced.name} returns "
                f"{outputs.size:,} ({shown}).",
                next_step=f"choose one: ty.chain(f, x, output={outputs.name(0)!r}).",
            )
        output = 0
    place = outputs.index(output)
    ends = [leaf.stop for leaf in outputs.leaves]
    which = int(np.searchsorted(ends, place, side="right"))
    single = outputs.size == 1
    name = _plain_name(traced.name) if single else outputs.name(place)
    return which, place - outputs.leaves[which].start, name


def _data_names(f: Callable, given: list[Any], picked: set[int], count: int) -> list[str]:
    """Names of the arrays that are passed on, as the arguments that hold them are called."""
    import jax

    from taylored.calculus.arguments import kind_of
    from taylored.calculus.trees import layout

    known = argument_names(f) or []
    found = []
    for k, value in enumerate(given):
        if k in picked:
            continue
        root = known[k] if k < len(known) else f"data{k}"
        parts, values = layout(value, root, "input", rooted=True)
        for leaf, part in zip(parts.leaves, values, strict=True):
            dtype = getattr(part, "dtype", None)
            moving = isinstance(part, float | jax.Array) or (
                dtype is not None and kind_of(dtype) == "f"
            )
            found += [leaf.name] if moving else []
    return found if len(found) == count else [f"data{k}" for k in range(count)]


def _names_held(f: Callable, held: Sequence[Any], taken: Sequence[str]) -> list[str]:
    """What the function calls the arrays that it reads from around it."""
    try:
        read = inspect.getclosurevars(f)
        around = {**read.globals, **read.nonlocals}
    except (TypeError, ValueError):  # no plain function
        around = {}
    known = {_content(v): name for name, v in around.items() if hasattr(v, "shape")}
    used = set(taken)
    return [unique(known.get(_content(v), "data"), used) for v in held]


def _content(value: Any) -> tuple:
    array = np.asarray(value) if isinstance(getattr(value, "dtype", None), np.dtype) else None
    if array is None or array.dtype.kind not in "biufc":
        return (id(value),)
    return (array.shape, array.astype(complex).tobytes())


def _name(f: Callable) -> str:
    return _plain_name(getattr(f, "__name__", type(f).__name__))


def _plain_name(name: str) -> str:
    return "f" if name == "<lambda>" else name
