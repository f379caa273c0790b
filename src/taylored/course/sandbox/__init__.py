"""Learner's code in a process of its own that can be killed: a guard, not a fortress.

The code is the learner's own, on the learner's own machine. The guard is there for mistakes and
for what a page should never be able to do: endless loops, memory bombs, floods of output, files,
processes and the network are stopped or refused, and the course goes on.
"""

from taylored.course.sandbox.runner import Runner

__all__ = ["Runner"]
