"""Minima of smooth functions with or without bounds on the variables."""
