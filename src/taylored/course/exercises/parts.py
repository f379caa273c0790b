"""Mistakes in one part of an answer of several numbers, whatever the other parts are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from taylored.course.checking import Case, Parameters

__all__ = ["entry_is"]


def entry_is(
    index: int, form: Callable[..., float], tolerance: float = 3e-3
) -> Callable[[Parameters, list[Case], list[Any]], bool]:
    """For `Wrong.when`: whether this entry of every output is what the mistake `form` gives."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        return all(
            np.ndim(got) == 1
            and len(got) > index
            and bool(np.isclose(got[index], form(p, *case), rtol=tolerance, atol=0.0))
            for case, got in zip(cases, outputs, strict=True)
        )

    return when
