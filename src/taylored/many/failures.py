"""How a job ends when it is stopped by hand."""

from __future__ import annotations

from typing import Any

__all__ = ["Interrupted"]


class Interrupted(KeyboardInterrupt):
    """A job that was stopped by hand; `result` holds what was finished."""

    def __init__(self, message: str, result: Any = None):
        super().__init__(message)
        self.result = result
