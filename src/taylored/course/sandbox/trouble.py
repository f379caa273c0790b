"""An exception in learner's code: where in that code, and what it means in plain words."""

from __future__ import annotations

import builtins
import difflib
import re
import traceback
from types import TracebackType
from typing import Any

from taylored.course.messages import sentences
from taylored.errors import TayloredError

__all__ = ["NAME", "trouble", "trouble_of"]

NAME = "your code"  # the file name under which learner's code is compiled

_MEANINGS: dict[str, str] = {
    "IndentationError": "The blanks at the start of a line do not fit those of the lines around "
    "it: lines of one block start at the same column.",
    "TabError": "Tabs and blanks are mixed at the start of a line: use blanks only.",
    "SyntaxError": "Python cannot read this line, or the one before it: look for a missing "
    "parenthesis, colon or operator. A product needs its sign: 2*x.",
    "TypeError": "An operation met a kind of value it cannot work with, or a function was called "
    "with the wrong number of arguments.",
    "ZeroDivisionError": "Something was divided by zero for this input.",
    "IndexError": "A position outside of the list or array was asked for: the first one is 0.",
    "KeyError": "A dictionary was asked for a key that it does not have.",
    "ValueError": "A function got a value of the right kind that it cannot work with: shapes that "
    "do not fit, or the root or logarithm of a negative number.",
    "OverflowError": "A number became too large for Python's floats: usually a power or an "
    "exponential of something huge.",
    "RecursionError": "The function calls itself again and again: the case that ends it is "
    "missing or never reached.",
    "AttributeError": "A value does not have what was asked for after the dot: a spelling, or "
    "another kind of value than thought.",
    "ModuleNotFoundError": "This package is not installed, or its name is spelled differently.",
    "ImportError": "The package is there, but not the name that was imported from it.",
    "PermissionError": "Exercises have no need of files, other programs or the network, so these "
    "are closed here.",
    "EOFError": "There is nobody to answer input(): use the function's arguments.",
    "LinAlgError": "A matrix cannot be inverted, or the sizes do not fit: solve(A, b) takes the "
    "matrix first, and no row may be a multiple of another.",
    "BdbQuit": "There is nobody to answer a debugger: use print to look at values.",
    "AssertionError": "An assert of your own code was not true.",
    "UnboundLocalError": "A variable is used before it gets a value inside the function.",
    "SystemExit": "exit() ends the whole program: end a function with return.",
    "KeyboardInterrupt": "The code raised KeyboardInterrupt by itself.",
}
_SPECIAL = (  # words in a message that say more than its kind
    ("for ^", "In Python a power is written with two stars: x**2."),
    ("bitwise_xor", "In Python a power is written with two stars: x**2."),
    ("positional argument", "The exercise calls your function with the inputs shown: your def must "
     "name as many."),
    ("truth value of an array", "An array has no single truth value: compare with np.all(...) or "
     "np.any(...), or use np.where in place of if."),
)  # fmt: skip
_OTHER = "Python stopped at this line; the message says at what."
_OURS = "It is the exercise that stopped here: the message says what it needs from your function."
_TRACER = "JAX works with unknown values here: use jnp functions and jnp.where instead of if, "
_TRACER += "float() or math functions."


def trouble(kind: str, message: str, meaning: str) -> dict[str, Any]:
    """The fields of `checking.reply.Trouble` for what no line of the code is at fault for."""
    return {"kind": kind, "message": message, "line": None, "text": "", "meaning": meaning}


def trouble_of(error: BaseException, source: str, names: Any = ()) -> dict[str, Any]:
    """The same for an exception; `names` are those the learner's code knows."""
    lines = re.split(r"\r\n|\r|\n", source)  # as Python counts them
    line = _line(error)
    if type(line) is not int or not 0 < line <= len(lines) + 1:  # a SyntaxError made by hand
        line = None
    text = lines[line - 1].strip() if line and line <= len(lines) else ""
    found = trouble(type(error).__name__[:60], _message(error), _meaning(error, names))
    return {**found, "line": line, "text": text[:200]}


def _message(error: BaseException) -> str:
    try:
        said = error.msg if isinstance(error, SyntaxError) else str(error)
    except BaseException:  # a learner's own exception may fail to show itself
        return "(no message)"
    return str(said or "no message").splitlines()[0][:300]


def _line(error: BaseException) -> int | None:
    if isinstance(error, SyntaxError) and error.filename == NAME:
        return error.lineno
    found = None
    steps: TracebackType | None = error.__traceback__
    for frame, line in traceback.walk_tb(steps):
        if frame.f_code.co_filename == NAME:
            found = line
    return found


def _raised_in(error: BaseException) -> str:
    """The module of the line that raised."""
    names = [f.f_globals.get("__name__", "") for f, _ in traceback.walk_tb(error.__traceback__)]
    return str(names[-1]) if names else ""


def _meaning(error: BaseException, names: Any) -> str:
    kinds = [k.__name__ for k in type(error).__mro__]
    if any("Tracer" in k or "Concretization" in k for k in kinds):
        return _TRACER
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        return _unknown_name(error, names)
    if isinstance(error, TayloredError) and error.next_step:
        return sentences(TayloredError(error.why, next_step=error.next_step))[:300]
    said = _message(error)
    for words, meaning in _SPECIAL:
        if words in said:
            return meaning
    if _raised_in(error).startswith("taylored.course.exercises"):
        return _OURS
    return next((_MEANINGS[k] for k in kinds if k in _MEANINGS), _OTHER)


_IMPORTS = {
    "np": "import numpy as np",
    "jnp": "import jax.numpy as jnp",
    **dict.fromkeys(["math", "numpy", "jax", "scipy"], ""),
    **{f: f"from math import {f}" for f in "sin cos tan exp log sqrt pi tanh atan hypot".split()},
}


def _unknown_name(error: NameError, names: Any) -> str:
    name = str(getattr(error, "name", "") or "")
    if name in _IMPORTS:
        return f"{name} is not imported: write `{_IMPORTS[name] or f'import {name}'}` at the top."
    known = [n for n in (*names, *dir(builtins)) if isinstance(n, str) and not n.startswith("_")]
    near = difflib.get_close_matches(name[:60], known, 1, 0.7)
    meant = f" Is {near[0]} meant?" if near else ""
    return f"There is nothing called {name[:60]} at this place.{meant}"
