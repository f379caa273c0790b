"""Every exception of taylored: what happened, where, why, and what to do next.

One class per cause, all under `TayloredError`. Each class carries the exit code that the
command line answers with, so that the two can never disagree.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AlignmentError",
    "ArgumentError",
    "BoundsError",
    "CenterError",
    "ClusterLostError",
    "ColumnError",
    "DataError",
    "EmptyDataError",
    "EnclosureError",
    "FileReadError",
    "FormulaError",
    "FunctionError",
    "LedgerError",
    "MissingExtraError",
    "MissingRule",
    "ModelError",
    "ModelShapeError",
    "ModelValueError",
    "NotConvergedError",
    "NotNumericError",
    "ParameterNameError",
    "PatternError",
    "SavedFitError",
    "ScaleError",
    "SigmaError",
    "TayloredError",
    "TooFewPointsError",
    "UnfinishedError",
]


class TayloredError(Exception):
    """Base of all errors: `what` happened, `where`, `why`, and the `next_step`.

    The message is made of the four, each on lines of its own; the last three may be empty.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", why: str = "", next_step: str = ""):
        self.what, self.where, self.why, self.next_step = what, where, why, next_step
        super().__init__(self._message())

    def _message(self) -> str:
        lines = [self.what]
        lines += [f"  {line}" for line in self.where.splitlines()]
        lines += [f"  {line}" for line in self.why.splitlines()]
        lines += [f"  Next: {self.next_step}"] if self.next_step else []
        return "\n".join(lines)

    def __reduce__(self):
        fields = {"what": self.what, "where": self.where, "why": self.why}
        return (_rebuild, (type(self), {**fields, "next_step": self.next_step}, self.__dict__))


def _rebuild(cls: type[TayloredError], fields: dict[str, str], state: dict) -> TayloredError:
    """Make an error again in another process (exceptions travel through pools by reduction)."""
    error = cls.__new__(cls)
    TayloredError.__init__(error, fields.pop("what"), **fields)
    error.__dict__.update(state)
    return error


class FormulaError(TayloredError, ValueError):
    """A formula that cannot be read; `position` is the place of the caret in `text`."""

    exit_code = 2

    def __init__(
        self, what: str, *, text: str = "", position: int = 0, why: str = "", next_step: str = ""
    ):
        self.text, self.position = text, position
        super().__init__(what, where=_caret(text, position), why=why, next_step=next_step)


def _caret(text: str, position: int, width: int = 76) -> str:
    """The part of `text` around `position`, and a caret under the place."""
    if not text:
        return ""
    start = max(0, position - width // 2)
    shown = "".join(c if c.isprintable() else " " for c in text[start : start + width])
    head, tail = ("..." if start else ""), ("..." if start + width < len(text) else "")
    return f"{head}{shown}{tail}\n{' ' * (len(head) + position - start)}^"


class ArgumentError(TayloredError, ValueError):
    """An argument with a value that has no meaning here."""

    exit_code = 2


class ParameterNameError(ArgumentError):
    """A parameter name that the model does not have."""


class BoundsError(ArgumentError):
    """Bounds that cross, are not numbers, or exclude the start."""


class CenterError(ArgumentError):
    """A center at which the function has no Taylor polynomial."""


class MissingExtraError(TayloredError, ImportError):
    """An optional dependency that is not installed."""

    exit_code = 2


class DataError(TayloredError, ValueError):
    """Data that cannot be fitted."""

    exit_code = 3


class FileReadError(DataError):
    """A file that does not exist or cannot be read as a table."""


class ColumnError(DataError, KeyError):
    """A column that is missing, named twice, or of the wrong length."""

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return self._message()


class NotNumericError(DataError):
    """A cell that is not a number."""


class EmptyDataError(DataError):
    """No rows left to work with."""


class TooFewPointsError(DataError):
    """Fewer points than free parameters."""


class ScaleError(DataError):
    """Values so large or so small that their squares leave the range of float64."""


class SigmaError(DataError):
    """A standard error of the data that is zero, negative or not finite."""


class ModelError(TayloredError, ValueError):
    """A model that cannot be used as it is."""

    exit_code = 2


class ModelShapeError(ModelError):
    """A model whose value does not have one number per point."""


class ModelValueError(ModelError):
    """A model that gives complex, NaN or infinite values where it must give numbers."""


class FunctionError(TayloredError, ValueError):
    """A function that cannot be traced, or that has no derivative."""

    exit_code = 2


class PatternError(TayloredError, ValueError):
    """A sparsity pattern that is damaged, or belongs to another function."""

    exit_code = 3


class MissingRule(TayloredError, NotImplementedError):
    """Operations that a reading has no rule for, all of them, with the user's own lines."""

    exit_code = 2


class NotConvergedError(TayloredError, RuntimeError):
    """A computation that ended without an answer that could be given."""

    exit_code = 4


class EnclosureError(TayloredError, ValueError):
    """A bound that cannot be proved: the function is not smooth, or not defined, on the box.

    `radius` is one that works, 0 where none was found.
    """

    exit_code = 4

    def __init__(
        self, what: str, *, where: str = "", why: str = "", next_step: str = "", radius: float = 0.0
    ):
        self.radius = radius
        super().__init__(what, where=where, why=why, next_step=next_step)


class SavedFitError(TayloredError, ValueError):
    """A saved fit that is damaged, of another version, or not a fit at all."""

    exit_code = 3


class AlignmentError(DataError):
    """Arrays whose dimensions, coordinates or units do not go together."""


class UnfinishedError(DataError, RuntimeError):
    """A job that could not go on; `result` holds what was finished."""

    result: Any = None


class LedgerError(TayloredError, ValueError):
    """A folder of finished blocks that is damaged, of another job, or cannot be written.

    `result` holds what was finished, where fits had begun.
    """

    exit_code = 3
    result: Any = None


class ClusterLostError(TayloredError, RuntimeError):
    """A cluster that went away, or lost all its workers; `result` holds what was finished."""

    result: Any = None
