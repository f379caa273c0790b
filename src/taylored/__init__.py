"""Tailored approximations: build them with calculus, and know how far to trust them.

The public verbs and results. Each is imported when it is first used, so that
`import taylored` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taylored import errors
    from taylored.calculus.check import check
    from taylored.calculus.influence import influence
    from taylored.calculus.pattern import Pattern
    from taylored.calculus.transforms import gradient, hessian, jacobian
    from taylored.errors import TayloredError
    from taylored.regression import fit, line, load
    from taylored.regression.result import Fit
    from taylored.results import Accuracy, Finding, Interval
    from taylored.series.bounds import bounds
    from taylored.series.propagate import propagate
    from taylored.series.propagation import Propagation
    from taylored.series.result import Taylor
    from taylored.series.taylor import linearize, taylor

__all__ = [
    "Accuracy",
    "Finding",
    "Fit",
    "Interval",
    "Pattern",
    "Propagation",
    "Taylor",
    "TayloredError",
    "__version__",
    "bounds",
    "check",
    "errors",
    "fit",
    "gradient",
    "hessian",
    "influence",
    "jacobian",
    "line",
    "linearize",
    "load",
    "propagate",
    "taylor",
]

__version__ = "0.1.0"

# public name -> "module:attribute", or the module itself
_EXPORTS = {
    "Accuracy": "taylored.results:Accuracy",
    "Finding": "taylored.results:Finding",
    "Fit": "taylored.regression.result:Fit",
    "Interval": "taylored.results:Interval",
    "Pattern": "taylored.calculus.pattern:Pattern",
    "TayloredError": "taylored.errors:TayloredError",
    "Propagation": "taylored.series.propagation:Propagation",
    "Taylor": "taylored.series.result:Taylor",
    "bounds": "taylored.series.bounds:bounds",
    "check": "taylored.calculus.check:check",
    "errors": "taylored.errors",
    "fit": "taylored.regression:fit",
    "gradient": "taylored.calculus.transforms:gradient",
    "influence": "taylored.calculus.influence:influence",
    "hessian": "taylored.calculus.transforms:hessian",
    "jacobian": "taylored.calculus.transforms:jacobian",
    "line": "taylored.regression:line",
    "linearize": "taylored.series.taylor:linearize",
    "load": "taylored.regression:load",
    "propagate": "taylored.series.propagate:propagate",
    "taylor": "taylored.series.taylor:taylor",
}


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _EXPORTS[name].partition(":")
    value = import_module(module)
    if attribute:
        value = getattr(value, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
