"""Solvers: least squares, on which regression is built."""
