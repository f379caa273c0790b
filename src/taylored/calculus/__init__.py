"""Derivatives of functions with thousands of inputs: sparse, named, explained, checked."""

from taylored.calculus.check import check
from taylored.calculus.influence import influence
from taylored.calculus.pattern import Pattern
from taylored.calculus.transforms import gradient, hessian, jacobian

__all__ = ["Pattern", "check", "gradient", "hessian", "influence", "jacobian"]
