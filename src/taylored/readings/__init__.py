"""Readings of a program: one file per reading, one rule per primitive."""
