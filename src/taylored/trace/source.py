"""What belongs to the user: the line behind an equation, and the refusal of what changes."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from taylored.errors import FunctionError

__all__ = ["changing_function", "user_line"]


def user_line(eqn: Any) -> str:
    """`file:line (function)` where the equation was made; empty inside JAX's own functions."""
    from jax.extend import source_info_util

    _leave_out_own_lines()
    return source_info_util.summarize(eqn.source_info).replace("unknown", "")


@cache
def _leave_out_own_lines() -> None:
    """Lines of this package are no more the user's than those of JAX."""
    from jax.extend import source_info_util

    source_info_util.register_exclusion(str(Path(__file__).parents[1]) + os.sep)


def changing_function(name: str, where: str = "") -> FunctionError:
    """The refusal of a function that does not do the same each time."""
    return FunctionError(
        f"The function {name} is not the same each time it is called.",
        where=where,
        why="it draws random numbers, counts, or changes something outside itself.",
        next_step="make everything that changes an argument.",
    )
