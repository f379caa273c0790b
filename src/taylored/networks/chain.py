"""The verb `chain`: the chain rule of a function at a point, made visible."""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from taylored.errors import ArgumentError, FunctionError
from taylored.networks.chain_choices import Switch, switches_at
from taylored.networks.chain_cost import Cost, cost_of
from taylored.networks.chain_findings import Switches, find, steps_of
from taylored.networks.chain_graph import Edge, Graph, Node, make_graph
from taylored.networks.chain_influence import PathInfluence, array_influence, number_influence
from taylored.networks.chain_own import precision_findings
from taylored.networks.chain_read import Question, read_question
from taylored.networks.chain_trust import (
    Rounding,
    TaylorTest,
    flat_gradient,
    rounding,
    slope_past,
    taylor_test,
)
from taylored.readings.chain import Tape, backward, forward, is_float
from taylored.results import Accuracy, Finding
from taylored.trace.program import Constant

__all__ = ["Chain", "chain"]

_JAX = re.compile(r"\b(jnp|jax\.nn|jax)\.")


def chain(
    f: Callable | str,
    x: Any,
    *,
    args: Sequence[Any] = (),
    argnums: int | Sequence[int] = 0,
    output: int | str | None = None,
) -> Chain:
    """The chain rule of f at x: the graph of the computation with a local factor on every edge.

    ∂f/∂x = Σ over all paths from x to f of Π over the edges of a path of ∂v/∂u. The walk backwards
    sums it edge by edge: ū = Σ v̄ ∂v/∂u.

    Args:
        f: a formula, or a function of numbers, arrays or trees of them, written with jax.numpy.
        x: the point: for a formula {"x": 1.0}; else the first argument of f, or all arguments of
            f as a tuple or by name.
        args: further positional arguments of f, such as data.
        argnums: which of `(x, *args)` are differentiated by.
        output: which number of the output, by position or name, where there are several.

    Returns:
        A `Chain`: `.value`, `.gradient`, `.nodes`, `.edges`, `.influence(name)`, `.check`,
        `.cost`, `.accuracy`, `.findings`, `.report()`, `.latex()`, `.plot()`.

    Numerical error:
        Derivatives are exact but for rounding, which `.error` estimates: 3 times the spread of
        five walks in which every result is moved by up to two roundings. Inside while loops, and
        scans of more than 3000 operations in all, it is not followed: the accuracy is unknown.

    Raises:
        FormulaError, FunctionError: where f cannot be read, or does not have one number as value.
        ArgumentError: where x does not fit, or is not finite.

    Example:
        >>> import taylored as ty
        >>> c = ty.chain("x*exp(-x/tau)", {"x": 1.0, "tau": 2.0})
        >>> round(c.gradient["x"], 6)
        0.303265
        >>> [" > ".join(path.nodes) for path in c.influence("x").paths]
        ['x > f', 'x > v1 > v2 > v3 > f']

    Source:
        Griewank and Walther, Evaluating Derivatives (SIAM 2008), sections 2.2 and 3.2;
        Bauer, SIAM J. Numer. Anal. 11 (1974) 87 (the sum over paths).
    """
    question = read_question(f, x, args, argnums, output)
    if isinstance(question.output, Constant):
        raise FunctionError(
            f"The function {question.name} is constant: none of its inputs reaches the value.",
            next_step="check that it uses its argument.",
        )
    with np.errstate(all="ignore"):
        tape = forward(question.program, question.inputs, range(question.leaves))
        value = np.asarray(tape.values[question.output])
        if not is_float(value) or value.dtype.kind == "c":
            raise FunctionError(
                f"The value of {question.name} is of type {value.dtype}: it has no derivative.",
                next_step="return a floating-point number.",
            )
        seed = np.zeros(value.shape)
        seed.reshape(-1)[question.entry] = 1.0
        try:
            adjoints, shares = backward(tape, {question.output: seed})
        except (TypeError, ValueError, NotImplementedError) as error:
            raise _no_derivative(question.name, error) from error
    if np.isnan(value.reshape(-1)[question.entry]):  # what is not a number has no slope
        adjoints = {k: _not_known(v) for k, v in adjoints.items()}
        shares = [[_not_known(v) for v in given] for given in shares]
    return Chain(question, tape, adjoints, shares, seed)


@dataclass(frozen=True, eq=False, repr=False)
class Chain:
    """The chain rule of a function at a point.

    Attributes:
        question: the function, its inputs and their names.
        tape: values, and the local factors of every equation.
        adjoints: ∂f/∂v by variable.
        shares: what each edge added, by equation.
        seed: the adjoint of the output: 1 at the number that is differentiated.
    """

    question: Question
    tape: Tape
    adjoints: dict[int, Any]
    shares: list[list[Any]]
    seed: Any

    # ---- numbers ----

    @property
    def name(self) -> str:
        """Of the output."""
        return self.graph.by_variable[self._output].name

    @property
    def value(self) -> float:
        """f(x)."""
        return float(np.asarray(self.tape.values[self._output]).reshape(-1)[self.question.entry])

    @cached_property
    def gradient(self) -> Any:
        """∂f/∂x in the form of x; for a formula a dictionary."""
        parts = self.question.layout.split(self.flat)
        return self.question.tree([float(p) if np.ndim(p) == 0 else p for p in parts])

    @cached_property
    def flat(self) -> np.ndarray:
        """(inputs,) the gradient as one vector, in the order of `inputs`."""
        return flat_gradient(self.adjoints, self.question.inputs[: self.question.leaves])

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the arrays and numbers that are differentiated by."""
        return tuple(leaf.name for leaf in self.question.layout.leaves)

    # ---- the graph ----

    @cached_property
    def graph(self) -> Graph:
        """Nodes and edges, with ways to walk them."""
        output = (self._output, self.question.output_name)
        return make_graph(self.tape, self.adjoints, self.shares, output)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The values of the computation, in its order."""
        return self.graph.nodes

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The local factors."""
        return self.graph.edges

    def __getitem__(self, name: str) -> Node:
        """The node of this name."""
        found = self.graph.by_name.get(name)
        if found is None:
            known = ", ".join(list(self.graph.by_name)[:12])
            raise ArgumentError(f"There is no node {name!r}.", next_step=f"there are {known}.")
        return found

    def influence(self, name: str, paths: int = 10) -> PathInfluence:
        """How the output moves with an input: the sum over paths, each with its factors.

        Args:
            name: of an input, or of one entry of it, `W1[2,0]`. The paths of an entry lead from
                number to number; those of a whole array from array to array.
            paths: how many to list, those of the largest products.

        Raises:
            ArgumentError: where there is no such input.
        """
        number = isinstance(paths, int | np.integer) and not isinstance(paths, bool)
        if not number or not 0 <= paths <= 10_000:
            raise ArgumentError(f"paths is {paths!r}.", next_step="list 0 to 10000 of them.")
        layout = self.question.layout
        block = layout.block(name)
        leaves = [k for k, leaf in enumerate(layout.leaves) if _overlap(leaf, block)]
        if len(leaves) != 1:
            within = ", ".join(layout.leaves[k].name for k in leaves[:5])
            raise ArgumentError(f"{name!r} holds several arrays.", next_step=f"name one: {within}.")
        leaf = layout.leaves[leaves[0]]
        with np.errstate(all="ignore"):
            if block.stop - block.start > 1:
                ends = (leaf.name, self.name)
                found = array_influence(self.tape, self.graph, self.adjoints, ends, self.seed)
                return self._judged(found)
            entry = block.start - leaf.start
            shown = name.replace(" ", "") if leaf.shape else leaf.name
            ends = (leaves[0], entry, shown), (self._output, self.question.entry, self.name)
            found = number_influence(self.tape, self.graph, self.adjoints, ends, paths)
            return self._judged(found)

    def _judged(self, found: PathInfluence) -> PathInfluence:
        known = found if self._known else found.not_known()
        return replace(known, accuracy=self.accuracy)

    # ---- how far to trust it ----

    @cached_property
    def rounding(self) -> Rounding:
        """The errors of value and derivatives by rounding, estimated."""
        tape = self._written_out
        (output,) = (a for a in tape.program.outputs if isinstance(a, int))
        with np.errstate(all="ignore"):
            found = (self.value, self.flat)
            return rounding(tape, self.question.leaves, (output, self.seed), *found)

    @property
    def error(self) -> Any:
        """The estimated absolute error of each derivative, in the form of x; nan: not known."""
        parts = self.question.layout.split(self.rounding.gradient)
        return self.question.tree([float(p) if np.ndim(p) == 0 else p for p in parts])

    @cached_property
    def check(self) -> TaylorTest:
        """The Taylor test: |f(x + h d) - f(x) - h ∇f·d| must fall like h²."""
        noise = self.rounding
        with np.errstate(all="ignore"):
            return taylor_test(self.tape, self.question.leaves, self._seeded, self.flat, noise)

    @cached_property
    def cost(self) -> Cost:
        """What the derivative costs forwards and backwards."""
        return cost_of(self.tape, self.adjoints, self.question.layout.size)

    @property
    def accuracy(self) -> Accuracy:
        """`estimated` where rounding was followed and nothing speaks against the derivative."""
        known = bool(np.isfinite(self.rounding.gradient).all())
        faulty = any(f.severity != "note" for f in self.findings)
        return Accuracy.ESTIMATED if known and not faulty else Accuracy.UNKNOWN

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the reader must know, most important first."""
        tape, leaves = self._written_out, self.question.leaves
        known = (self.flat, self.value, self.adjoints)
        with np.errstate(all="ignore"):
            switches, steps = self._switches(tape), steps_of(tape, leaves)
            found = self._of_precision()
            found += find(self.tape, self.shares, known, switches, steps)
        if not self.question.by_jax:  # in the words of formulas
            found = [replace(f, next_step=_JAX.sub("", f.next_step)) for f in found]
        doubts = any(f.severity != "note" for f in found)
        if not doubts and not self.check.ok and self.check.kind != "none":
            found.append(_failed_test(self.check))
        return tuple(found)

    def _of_precision(self) -> list[Finding]:
        """Whether the user's own call gives another value."""
        if self.question.own is None:
            return []
        parts = [np.asarray(v, float).ravel() for v in self.question.inputs[: self.question.leaves]]
        moved = float(np.abs(np.concatenate(parts) * self.flat).sum())
        return precision_findings(self.question.own, self.value, (moved, self.rounding.value))

    def _switches(self, tape: Tape) -> Switches:
        """The kinks and jumps at the point, tried by steps past them."""
        found, loops = switches_at(tape, self.question.leaves), []
        if not found and not self.flat.any():  # a zero may be one side of a kink in a loop
            loops = [e for e in tape.program.equations if e.primitive in ("scan", "while")]
            found = [Switch("a loop", e.source, 1, True, False, "one side is taken") for e in loops]
        if not found:
            return Switches((), math.nan)
        parts = (self.tape, self.question.leaves, self._seeded, self.flat, self.rounding)
        slope = slope_past(*parts)
        return Switches(() if loops and math.isnan(slope) else found, slope)

    @property
    def usable(self) -> bool:
        """Whether value and gradient are numbers that the Taylor test does not contradict."""
        return not any(f.severity == "error" for f in self.findings)

    @property
    def status(self) -> str:
        """The verdict in one sentence."""
        return importlib.import_module("taylored.report.chain").verdict(self)

    # ---- reading it ----

    def report(self, **options: Any) -> str:
        """The report as text; options: width, color, unicode."""
        return importlib.import_module("taylored.report.chain").chain_report(self, **options)

    def latex(self) -> str:
        """The chain rule with its numbers as LaTeX."""
        return importlib.import_module("taylored.report.chain_latex").chain_latex(self)

    def plot(self, ax: Any = None) -> Any:
        """Draw the graph: values above the nodes, adjoints below, factors on the edges."""
        return importlib.import_module("taylored.plot.chain").chain_graph(self, ax)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return importlib.import_module("taylored.report.chain").chain_dict(self)

    def _repr_html_(self) -> str:
        return importlib.import_module("taylored.report.chain").chain_html(self)

    def __repr__(self) -> str:
        return importlib.import_module("taylored.report.chain").chain_line(self)

    @cached_property
    def _written_out(self) -> Tape:
        """The tape with scans written out turn by turn, where they are short."""
        if self.question.unroll is None or not any(
            e.primitive == "scan" for e in self.question.program.equations
        ):
            return self.tape
        with np.errstate(all="ignore"):
            return forward(
                self.question.unroll(), self.question.inputs, range(self.question.leaves)
            )

    @property
    def _known(self) -> bool:
        return not math.isnan(self.value)

    @property
    def _output(self) -> int:
        assert isinstance(self.question.output, int)
        return self.question.output

    @property
    def _seeded(self) -> tuple[int, Any]:
        return self._output, self.seed


def _not_known(share: Any) -> Any:
    return np.full(np.shape(share), math.nan) if is_float(share) else share


def _no_derivative(name: str, error: Exception) -> FunctionError:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return FunctionError(
        f"The function {name} has no derivative that JAX knows.",
        why=first[:300],
        next_step="give the operation a rule with jax.custom_jvp.",
    )


def _overlap(leaf: Any, block: slice) -> bool:
    return leaf.start < block.stop and block.start < leaf.stop


def _failed_test(test: TaylorTest) -> Finding:
    return Finding(
        "taylor-test", f"The Taylor test has the slope {test.slope:.2f}, not 2: what is summed "
        "here is not the derivative of the value.",
        "A derivative rule of the user's own, a stopped gradient or a kink nearby does that: "
        "ty.check(f, x) finds which.",
    )  # fmt: skip
