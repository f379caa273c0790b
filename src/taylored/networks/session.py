"""One training as those outside see it: callback, progress, and a checkpoint to go on from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

import numpy as np

from taylored.errors import ArgumentError
from taylored.networks.checkpoint import Checkpoint
from taylored.networks.progress import Line, Step, Work
from taylored.networks.solvers.levenberg import run as levenberg

__all__ = ["Session"]

_NOT_KEPT = (
    'taylored: the state of training is lost. With checkpoint="run.checkpoint" it is kept in that '
    "file, and the same call goes on from it."
)


class Session:
    """`with Session(...) as session`: then `session.runner(phase)` runs a solver, watched.

    The checkpoint is written every few seconds and when the training is stopped, by Ctrl-C or by
    the callback; it is deleted when the training is done.
    """

    def __init__(
        self, *, progress: bool = False, callback: Callable[[Step], Any] | None = None,
        checkpoint: Checkpoint | None = None,
    ):  # fmt: skip
        if callback is not None and not callable(callback):
            raise ArgumentError(
                f"callback is {callback!r:.40}.", next_step="give a function of one argument."
            )
        self.callback, self.checkpoint = callback, checkpoint
        self._work, self._line = Work(), Line() if progress else None
        self._runs = 0

    def __enter__(self) -> Session:
        if self._line is not None:
            self._line.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._line is not None:
            self._line.stop()
        if self.checkpoint is not None and error is None:
            self.checkpoint.remove()
            return
        kept = self.checkpoint is not None and self.checkpoint.write_if_possible()
        if isinstance(error, KeyboardInterrupt):
            error.add_note(_NOT_KEPT if self.checkpoint is None else self._kept_said(kept))

    def _kept_said(self, kept: bool) -> str:
        """What one who has stopped the training needs to know."""
        path = self.checkpoint.path if self.checkpoint is not None else ""
        if not kept:
            return f"taylored: the state of training could not be written to {path}."
        return f"taylored: the state of training is in {path}; the same call goes on from it."

    def plan(self, phases: Sequence[tuple[str, float]]) -> None:
        """The phases to come, each with its work in any unit."""
        self._work = Work(phases)

    def phase(self, name: str) -> None:
        """Work begins that no solver does."""
        self._work.reach(name, 0.0)
        if self._line is not None:
            self._line.show(self._work.step(name, 0, float("nan")), now=True)

    def runner(self, phase: str, solve: Callable[..., Any] = levenberg) -> Callable[..., Any]:
        """The solver `solve(model, loss, batch, state, limits, watch)` without its last argument:
        watched, and from the state that the checkpoint holds."""

        def run(model: Any, loss: Any, batch: Any, state: Any, limits: Any) -> Any:
            number = self._next()
            if self.checkpoint is not None:
                state = self.checkpoint.resumed(number, state)
            watch = self._watch(phase, number, limits.steps)
            return self._over(phase, number, solve(model, loss, batch, state, limits, watch=watch))

        return run

    def first_order(self, phase: str) -> Callable[..., Any]:
        """`train_first_order(model, loss, batch, rng, options)`, watched in the same way."""
        from taylored.networks.solvers.first_order import FirstOrderState, train_first_order

        def run(model: Any, loss: Any, batch: Any, rng: Any, options: Any) -> Any:
            number, state = self._next(), None
            if self.checkpoint is not None:
                shape = (len(batch.z), model.size)
                state = self.checkpoint.stored(number, FirstOrderState, shape)
            watch = self._watch(phase, number, options.for_rows(batch.z.shape[1]).epochs)
            found = train_first_order(model, loss, batch, rng, options, watch=watch, state=state)
            return self._over(phase, number, found)

        return run

    def _next(self) -> int:
        """The number of the run that begins."""
        self._runs += 1
        return self._runs - 1

    def _watch(self, phase: str, number: int, most: int) -> Callable[[Any], None]:
        """What sees the state after each of at most so many steps."""

        def watch(state: Any) -> None:
            if self.checkpoint is not None:
                self.checkpoint.keep(number, state)
            if self.callback is not None or self._line is not None:
                self._see(phase, state, most)

        return watch

    def _over(self, phase: str, number: int, state: Any) -> Any:
        """A run is at its end."""
        if self.checkpoint is not None:
            self.checkpoint.keep(number, state)
        self._work.reach(phase, 1.0)
        return state

    def _see(self, phase: str, state: Any, most: int) -> None:
        counts = state.steps if hasattr(state, "steps") else state.epochs
        share = np.where(state.done != 0, 1.0, counts / max(most, 1))
        self._work.reach(phase, float(np.minimum(share, 1.0).mean()))
        trace = state.trace
        loss = float(trace[-1]) if len(trace) else float("nan")
        step = self._work.step(phase, int(counts.max()), loss)
        if self._line is not None:
            self._line.show(step)
        if self.callback is not None:
            self.callback(step)
