"""Regression: chi-squared, the straight line, any model."""

from taylored.regression.fit import fit as fit
from taylored.regression.fit import line as line
from taylored.regression.result import Fit as Fit
from taylored.regression.store import load as load

__all__ = ["Fit", "fit", "line", "load"]
