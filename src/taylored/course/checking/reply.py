"""What a learner is told of an answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Reply", "Trouble"]


@dataclass(frozen=True)
class Trouble:
    """An exception in the learner's code: which, in which line, what it means, what to do."""

    kind: str
    message: str
    line: int | None
    text: str  # of that line
    meaning: str


@dataclass(frozen=True)
class Reply:
    """Right or not; the input tried, what came, what was expected (or its shape), the gap.

    `mistake` and `hint` are set where the answer agrees with a wrong model, or where one small
    change makes it right (in `line`, for code). `unread` says that the answer could not be read at
    all (it is not counted as a try): `message` says why.
    """

    right: bool
    message: str
    tried: str = ""
    got: str = ""
    expected: str = ""
    gap: str = ""
    mistake: str = ""
    hint: str = ""
    trouble: Trouble | None = None
    printed: str = ""
    unread: bool = False
    line: int = 0

    def describe(self) -> dict[str, Any]:
        """As a dictionary, for the browser."""
        return asdict(self)
