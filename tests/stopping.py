"""Training that is stopped after so many looks at its state."""

import numpy as np

__all__ = ["Stopped", "stopping"]


class Stopped(Exception):
    """Raised in the middle of training."""


def stopping(after, kept):
    """Watches, keeps a copy of the state, and stops after so many looks."""
    seen = []

    def watch(state):
        seen.append(1)
        if len(seen) == after:
            kept.update({name: np.array(a) for name, a in state.arrays().items()})
            raise Stopped

    return watch
