"""What intervals and a first answer cost: in this process once warm, and in fresh processes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from network_data import coverage_tasks

__all__ = ["first_answers", "interval_cost"]


def _cpu(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


def interval_cost(rounds: int) -> list[tuple[str, float, float, float]]:
    """Table, CPU seconds of one fit and of 30 members, and the median of the ratios."""
    import taylored as ty

    rows = []
    for task in coverage_tasks():
        pairs = []
        for seed in range(rounds + 1):
            s = task.draw(seed)
            one = _cpu(lambda: ty.train(s.X, s.y, hidden=task.hidden, seed=seed, intervals="none"))  # noqa: B023
            all_ = _cpu(lambda: ty.train(s.X, s.y, hidden=task.hidden, seed=seed, members=30))  # noqa: B023
            pairs.append((one, all_))
        a, b = np.array(pairs[1:]).T
        rows.append((task.name, float(np.median(a)), float(np.median(b)), float(np.median(b / a))))
    return rows


_DATA = """
import json, time
import numpy as np
rng = np.random.default_rng(0)
X = rng.standard_normal((500, 10))
y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2] + 0.1 * rng.standard_normal(500)
"""
_SAID = "\nprint(json.dumps([time.process_time(), time.process_time() - began]))"
_FIRST = {
    "taylored, 30 members": "import taylored as ty\nty.train(X, y).predict(X)",
    "taylored, one network": 'import taylored as ty\nty.train(X, y, intervals="none").predict(X)',
    "scikit-learn MLP": """
import warnings; warnings.simplefilter("ignore")
from sklearn.neural_network import MLPRegressor
MLPRegressor(early_stopping=True).fit(X, y).predict(X)""",
    "PyTorch Adam, 500 steps, batch 32": """
import torch
torch.set_num_threads(1)
a, b = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)[:, None]
net = torch.nn.Sequential(torch.nn.Linear(10, 20), torch.nn.Tanh(), torch.nn.Linear(20, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for k in range(500):
    rows = torch.randint(0, 500, (32,))
    optimizer.zero_grad()
    torch.nn.functional.mse_loss(net(a[rows]), b[rows]).backward()
    optimizer.step()""",
}


def first_answers(rounds: int, ours: bool = True) -> list[tuple[str, float, float]]:
    """CPU seconds of a fresh process with its first fit of 500 rows of 10 columns and, without
    the start of Python and NumPy, of the import and the fit."""
    rows = []
    for name, code in _FIRST.items():
        if not ours and name.startswith("taylored"):
            continue
        program = _DATA + "began = time.process_time()\n" + code + _SAID
        made = []
        for _ in range(rounds):
            out = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", program],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            made.append(json.loads(out.stdout.splitlines()[-1]))
        whole, part = (statistics.median(m[k] for m in made) for k in (0, 1))
        rows.append((name, whole, part))
    return rows
