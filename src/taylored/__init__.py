"""Tailored approximations: build them with calculus, and know how far to trust them.

The public verbs and results. Each is imported when it is first used, so that
`import taylored` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from taylored.hook import install as _install

if TYPE_CHECKING:
    from taylored import errors
    from taylored.calculus.check import check
    from taylored.calculus.influence import influence
    from taylored.calculus.pattern import Pattern
    from taylored.calculus.transforms import gradient, hessian, jacobian
    from taylored.errors import TayloredError
    from taylored.many import ManyFits, fit_many
    from taylored.many.big import BigFit, Chunks
    from taylored.networks.chain import Chain, chain
    from taylored.networks.prediction import Prediction
    from taylored.networks.result import Network
    from taylored.networks.train import train
    from taylored.optimize.certified import certify
    from taylored.optimize.descent.descend import descend
    from taylored.optimize.descent.result import Descent
    from taylored.optimize.minimize import minimize
    from taylored.optimize.result import Minimum
    from taylored.optimize.roots.collection import Roots
    from taylored.optimize.roots.result import Root
    from taylored.optimize.roots.root import root
    from taylored.optimize.roots.roots import roots
    from taylored.regression import fit, line
    from taylored.regression.result import Fit
    from taylored.results import Accuracy, Finding, Interval
    from taylored.saved import load
    from taylored.series.bounds import bounds
    from taylored.series.propagate import propagate
    from taylored.series.propagation import Propagation
    from taylored.series.result import Taylor
    from taylored.series.taylor import linearize, taylor

__all__ = [
    "Accuracy",
    "BigFit",
    "Chain",
    "Chunks",
    "Descent",
    "Finding",
    "Fit",
    "Interval",
    "ManyFits",
    "Minimum",
    "Network",
    "Pattern",
    "Prediction",
    "Propagation",
    "Root",
    "Roots",
    "Taylor",
    "TayloredError",
    "__version__",
    "bounds",
    "certify",
    "chain",
    "check",
    "descend",
    "errors",
    "fit",
    "fit_many",
    "gradient",
    "hessian",
    "influence",
    "jacobian",
    "line",
    "linearize",
    "load",
    "minimize",
    "propagate",
    "root",
    "roots",
    "taylor",
    "train",
]

__version__ = "0.1.0"

# public name -> "module:attribute", or the module itself
_EXPORTS = {
    "Accuracy": "taylored.results:Accuracy",
    "BigFit": "taylored.many.big:BigFit",
    "Chain": "taylored.networks.chain:Chain",
    "Chunks": "taylored.many.big:Chunks",
    "Descent": "taylored.optimize.descent.result:Descent",
    "Finding": "taylored.results:Finding",
    "Fit": "taylored.regression.result:Fit",
    "Interval": "taylored.results:Interval",
    "ManyFits": "taylored.many:ManyFits",
    "Minimum": "taylored.optimize.result:Minimum",
    "Network": "taylored.networks.result:Network",
    "Pattern": "taylored.calculus.pattern:Pattern",
    "Prediction": "taylored.networks.prediction:Prediction",
    "Propagation": "taylored.series.propagation:Propagation",
    "Root": "taylored.optimize.roots.result:Root",
    "Roots": "taylored.optimize.roots.collection:Roots",
    "Taylor": "taylored.series.result:Taylor",
    "TayloredError": "taylored.errors:TayloredError",
    "bounds": "taylored.series.bounds:bounds",
    "certify": "taylored.optimize.certified:certify",
    "chain": "taylored.networks.chain:chain",
    "check": "taylored.calculus.check:check",
    "descend": "taylored.optimize.descent.descend:descend",
    "errors": "taylored.errors",
    "fit": "taylored.regression:fit",
    "fit_many": "taylored.many:fit_many",
    "gradient": "taylored.calculus.transforms:gradient",
    "hessian": "taylored.calculus.transforms:hessian",
    "influence": "taylored.calculus.influence:influence",
    "jacobian": "taylored.calculus.transforms:jacobian",
    "line": "taylored.regression:line",
    "linearize": "taylored.series.taylor:linearize",
    "load": "taylored.saved:load",
    "minimize": "taylored.optimize.minimize:minimize",
    "propagate": "taylored.series.propagate:propagate",
    "root": "taylored.optimize.roots.root:root",
    "roots": "taylored.optimize.roots.roots:roots",
    "taylor": "taylored.series.taylor:taylor",
    "train": "taylored.networks.train:train",
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


_install()  # da.taylored, as soon as somebody imports xarray
