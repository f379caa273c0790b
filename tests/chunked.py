"""Decay curves in chunks, for the tests of fits to data larger than memory."""

from __future__ import annotations

import numpy as np
import pytest

from taylored.many.big import BigFit, Chunks

__all__ = ["FORMULA", "assert_same", "decay", "in_chunks", "model"]

FORMULA = "y ~ a*exp(-x/tau) + c"


def decay(points: int, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.0, 10.0, points)
    return {"x": x, "y": 2.5 * np.exp(-x / 1.7) + 0.3 + rng.normal(0.0, 0.05, points)}


def in_chunks(table: dict[str, np.ndarray], size: int) -> Chunks:
    total = len(next(iter(table.values())))
    return Chunks([{k: v[i : i + size] for k, v in table.items()} for i in range(0, total, size)])


def model(x, a, tau, c):
    return a * np.exp(-x / tau) + c


def assert_same(big, small, relative=1e-9):
    assert isinstance(big, BigFit)
    for name in small.params:
        assert big.params[name] == pytest.approx(small.params[name], rel=relative)
        assert big.stderr[name] == pytest.approx(small.stderr[name], rel=relative, nan_ok=True)
    assert big.chi2 == pytest.approx(small.chi2, rel=relative)
    assert (big.points, big.dof) == (small.points, small.dof)
