"""Proved enclosures: of a function over a box, and of what a Taylor polynomial leaves out."""
