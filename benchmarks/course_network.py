"""What one retraining of the course's live network costs: ours, NumPy, and a jitted JAX scan.

The network 1-6-7-2 with tanh learns 100 points in 10,000 full-batch steps with momentum. All start
from the same parameters in double precision and take the same steps; their final costs are
compared. One thread; CPU seconds; interleaved rounds; compiling is timed apart.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from common import section, single_thread, table

STEPS, RATE, MOMENTUM = 10_000, 0.1, 0.9
LAYERS = (1, 6, 7, 2)


def data() -> tuple[np.ndarray, np.ndarray]:
    """100 moments and where the pen is then."""
    t = np.linspace(-1.0, 1.0, 100)
    a = np.pi * t
    return t[None], np.array([0.8 * np.sin(a) ** 3, 0.6 * np.cos(a) - 0.3 * np.cos(2 * a)])


def start() -> np.ndarray:
    from taylored.course.figures.training_runs import starts

    return starts(LAYERS, [1])[0]


def ours() -> Callable[[], float]:
    """The course's machine code."""
    from taylored.course.figures.training_runs import Run, Task, train

    x, y = data()
    task = Task(LAYERS, "tanh", x, y, np.full((1, 100), 0.01))
    return lambda: float(train(task, Run.at(start()), STEPS, RATE, MOMENTUM).costs[0, -1])


def numpy_loop() -> Callable[[], float]:
    """A lean loop: one array of parameters with views, nothing computed twice."""
    x, y = data()

    def run() -> float:
        p, v, g = start(), np.zeros(77), np.zeros(77)
        (W1, b1, W2, b2, W3, b3), (D1, d1, D2, d2, D3, d3) = views(p), views(g)
        cost = np.nan
        for _ in range(STEPS):
            a1 = np.tanh(W1 * x + b1[:, None])
            a2 = np.tanh(W2 @ a1 + b2[:, None])
            miss = W3 @ a2 + b3[:, None] - y
            cost = 0.01 * np.vdot(miss, miss)
            e3 = 0.02 * miss
            e2 = (W3.T @ e3) * (1.0 - a2 * a2)
            e1 = (W2.T @ e2) * (1.0 - a1 * a1)
            np.matmul(e3, a2.T, out=D3)
            np.matmul(e2, a1.T, out=D2)
            np.matmul(e1, x.T, out=D1)
            d3[:], d2[:], d1[:] = e3.sum(1), e2.sum(1), e1.sum(1)
            v *= MOMENTUM
            v -= RATE * g
            p += v
        return float(cost)

    return run


def views(p: Any) -> list[Any]:
    """The six arrays of a network inside one array of 77 numbers."""
    ends = [(0, 6, (6, 1)), (6, 12, (6,)), (12, 54, (7, 6)), (54, 61, (7,)), (61, 75, (2, 7)),
            (75, 77, (2,))]  # fmt: skip
    return [p[a:b].reshape(shape) for a, b, shape in ends]


def jax_scan() -> Callable[[], float]:
    """One jitted scan over the steps, gradient by jax.grad."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    x, y = data()

    def cost(p: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = views(p)
        a = jnp.tanh(W2 @ jnp.tanh(W1 * x + b1[:, None]) + b2[:, None])
        return 0.01 * jnp.sum((W3 @ a + b3[:, None] - y) ** 2)

    def step(state: Any, _: Any) -> Any:
        p, v = state
        value, g = jax.value_and_grad(cost)(p)
        v = MOMENTUM * v - RATE * g
        return (p + v, v), value

    scan = jax.jit(lambda p: jax.lax.scan(step, (p, jnp.zeros_like(p)), None, length=STEPS)[1][-1])
    return lambda: float(scan(jnp.asarray(start())))


def figure(moving: bool) -> Callable[[], float]:
    """The whole explorable: curve, training, readings, scene."""
    from taylored.course.kit.figure import find

    found = find("training.drawing")
    return lambda: float(found.scene({}, moving=moving).readings[0].value or np.nan)


CONTESTANTS: dict[str, Callable[[], Callable[[], float]]] = {
    "course": ours,
    "JAX, jitted scan": jax_scan,
    "NumPy loop": numpy_loop,
    "whole figure while dragging": lambda: figure(True),
    "whole figure at rest (three trainings)": lambda: figure(False),
}


def measure(rounds: int) -> list[list[Any]]:
    """Rows: name, first call, median of the rest, and the final cost."""
    runs, first, times, ends = {}, {}, {name: [] for name in CONTESTANTS}, {}
    for name, make in CONTESTANTS.items():
        begun = time.process_time()
        runs[name] = make()
        ends[name] = runs[name]()
        first[name] = time.process_time() - begun
    for _ in range(rounds):
        for name, run in runs.items():
            begun = time.process_time()
            run()
            times[name].append(time.process_time() - begun)
    return [[name, f"{first[name]:.2f}", f"{statistics.median(times[name]):.3f}",
             f"{ends[name]:.6g}"] for name in CONTESTANTS]  # fmt: skip


def main() -> None:
    single_thread()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="three rounds, nothing written")
    args = parser.parse_args()
    rounds = 3 if args.quick else 9
    heads = ["", "first call, CPU s", "then, CPU s", "final cost"]
    text = (
        f"The network 1-6-7-2 learns 100 points in {STEPS:,} full-batch steps with momentum, in "
        f"double precision, on one thread. Medians of {rounds} interleaved rounds. The figures "
        "show root mean squares of another drawing.\n\n" + table(heads, measure(rounds))
    )
    title = "The course's live network"
    section("course-network", title, text, not args.quick, ("llvmlite",))


if __name__ == "__main__":
    main()
