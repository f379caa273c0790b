"""Test inputs from a seed, drawn again until no wrong model agrees with the right answer."""

from __future__ import annotations

from random import Random
from typing import Any

from taylored.course.checking.compare import as_array, same
from taylored.course.checking.exercise import Case, Drawn, Exercise, Parameters

__all__ = ["agree", "draw", "expected", "wrong_output"]

_TRIES = 300
_CLEARLY = 30.0  # wrong models must be so many tolerances away


def draw(exercise: Exercise, seed: int) -> Drawn:
    """The parameters and cases of an exercise for a seed; never degenerate ones."""
    rng = Random(f"{exercise.id}:{seed}")
    for _ in range(_TRIES):
        p = Parameters(**(exercise.parameters(rng) if exercise.parameters else {}))
        if exercise.inputs or _tells_apart(exercise, p, ()):
            break
    else:
        raise AssertionError(f"{exercise.id}: no parameters tell the wrong models from the right")
    if exercise.inputs is None:
        return Drawn(p, [()])
    return Drawn(p, [_case(exercise, p, rng) for _ in range(exercise.count)])


def _case(exercise: Exercise, p: Parameters, rng: Random) -> Case:
    assert exercise.inputs is not None
    for _ in range(_TRIES):
        case = exercise.inputs(rng, p)
        if _tells_apart(exercise, p, case):
            return case
    raise AssertionError(f"{exercise.id}: no inputs tell the wrong models from the right answer")


def _tells_apart(exercise: Exercise, p: Parameters, case: Case) -> bool:
    """No wrong model gives the right answer here, not even nearly."""
    if exercise.judge is not None:
        return True
    right = expected(exercise, p, case)
    return not any(
        agree(exercise, wrong_output(model, p, case), right, _CLEARLY)
        for wrong in exercise.wrong
        for model in wrong.models
    )


def expected(exercise: Exercise, p: Parameters, case: Case) -> Any:
    """The right output for a case."""
    return as_array(exercise.right(p, *case))


def wrong_output(model: Any, p: Parameters, case: Case) -> Any:
    """What a wrong model gives for a case; None where it has no value there."""
    try:
        return as_array(model(p, *case))
    except (ArithmeticError, ValueError, IndexError):
        return None


def agree(exercise: Exercise, got: Any, right: Any, times: float = 1.0) -> bool:
    """Whether two outputs are the same for this exercise."""
    if got is None or right is None:
        return False
    if exercise.same is not None:
        return bool(exercise.same(got, right))
    return same(got, right, exercise.tolerance * times)
