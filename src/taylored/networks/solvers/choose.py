"""Which solver trains a network: by what each would cost, in CPU seconds of one core."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taylored.errors import ArgumentError
from taylored.formula import suggest
from taylored.networks.solvers.first_order import Options

__all__ = ["Choice", "Shape", "choose_solver"]

# Measured with one thread in float32, within a factor of 1.5 over 57 to 5569 parameters.
_FLOPS = 65e9  # a second, of matrix products and Cholesky factorizations
_ELEMENT = 1e-9  # seconds for each derivative of a value by a parameter
_CALL = 1e-4  # seconds of a step besides
_STEPS = 45  # of Levenberg-Marquardt, as is usual
_SMALL_FLOPS = 15e9  # a second, of the products of a minibatch
_BATCH_CALL = 8e-6
_SHARE = 0.4  # of the epochs that are run before validation ends them

_CHEAP = 3.0  # seconds: below, second-order steps whatever they cost beside the other
_DEARER = 2.0  # times the cost of Adam that second-order steps are worth: they need no validation
_MOST_BYTES = 1 << 30  # of the derivatives of one member


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a task: rows of each member, outputs, parameters, members.

    `reversible` is false for models that have derivatives forwards only.
    """

    rows: int
    outputs: int
    size: int
    members: int = 1
    reversible: bool = True

    @property
    def levenberg(self) -> float:
        """Estimated seconds of Levenberg-Marquardt for all members, dense or dual."""
        values, size = self.rows * self.outputs, self.size
        if values >= size:
            flops = values * size**2 + size**3 / 3
        else:
            flops = 3 * values**2 * size + values**3 / 3
        step = flops / _FLOPS + _ELEMENT * values * size + _CALL
        return _STEPS * step * self.members

    @property
    def adam(self) -> float:
        """Estimated seconds of Adam for all members."""
        options = Options().for_rows(self.rows)
        batches = max(1, self.rows // options.batch)
        step = 6 * options.batch * self.size / _SMALL_FLOPS + _BATCH_CALL
        return _SHARE * options.epochs * batches * step * self.members

    @property
    def bytes(self) -> int:
        """Of the derivatives of one member, in float32."""
        return 4 * self.rows * self.outputs * self.size


@dataclass(frozen=True, slots=True)
class Choice:
    """A solver, "levenberg" or "adam", why it was taken, and its estimated CPU seconds."""

    name: str
    reason: str
    seconds: float


def choose_solver(shape: Shape, requested: str = "auto") -> Choice:
    """The solver for a task of this size.

    Raises:
        ArgumentError: if there is no solver of that name, or it cannot train the model.
    """
    second, first = shape.levenberg, shape.adam
    about = f"{shape.size} parameters, {shape.rows} rows"
    if requested != "auto":
        name = _named(requested)
        if name == "adam" and not shape.reversible:
            raise ArgumentError(
                "Adam cannot train this model.",
                why="it has derivatives forwards only: jax.lax.while_loop cannot be walked back.",
                next_step='use solver="levenberg", or jax.lax.scan in the place of the loop.',
            )
        return Choice(name, f"{_TITLES[name]}: asked for", second if name == "levenberg" else first)
    if not shape.reversible:
        return Choice("levenberg", f"{_TITLES['levenberg']}: derivatives forwards only", second)
    fits = shape.bytes <= _MOST_BYTES
    if fits and second <= max(_CHEAP, _DEARER * first):
        return Choice("levenberg", f"{_TITLES['levenberg']}: {about}", second)
    why = f"second-order steps would take about {_rounded(second)} s of CPU"
    if not fits:
        why = f"the derivatives of one network would fill {shape.bytes / 2**30:.1f} GiB"
    return Choice("adam", f"{_TITLES['adam']}: {about}; {why}", first)


_TITLES = {"levenberg": "Levenberg-Marquardt", "adam": "Adam"}
_OTHER_NAMES = {"lm": "levenberg", "levenberg-marquardt": "levenberg", "first-order": "adam"}


def _named(requested: str) -> str:
    name = _OTHER_NAMES.get(str(requested).lower(), str(requested).lower())
    if name in _TITLES:
        return name
    near = suggest(str(requested), [*_TITLES, *_OTHER_NAMES])
    raise ArgumentError(
        f"There is no solver {requested!r}.",
        why='the solvers are "auto", "levenberg" and "adam"',
        next_step=f"did you mean {near!r}?" if near else "use one of these.",
    )


def _rounded(seconds: float) -> str:
    return f"{float(np.format_float_positional(seconds, 1, fractional=False)):g}"
