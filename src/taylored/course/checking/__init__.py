"""Exercises and how an answer is judged: right, or wrong in a way that has a name."""

from taylored.course.checking.exercise import (
    Case,
    Choice,
    Code,
    Drawn,
    Exercise,
    Formulas,
    Judged,
    Match,
    Number,
    Numbers,
    Parameters,
    Place,
    Wrong,
)

__all__ = ["Case", "Choice", "Code", "Drawn", "Exercise", "Formulas", "Judged", "Match"]
__all__ += ["Number", "Numbers", "Parameters", "Place", "Wrong"]
