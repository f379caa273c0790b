"""Roots of functions and systems: one from a start or bracket, or all of them in a box."""
