"""How far functions are off on this machine: the measurement behind `readings.interval.margins`.

Every function is measured as NumPy and as XLA compute it, with all that the processor offers and
again with less (other instructions, other code). Printed are the largest errors in units of 2**-52
of the computed value, where, and the margins that follow, beside those in the table.
`--sentinels FILE` writes the points that the package carries to check itself.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys

import numpy as np
from common import table

from taylored.readings.interval import margins
from taylored.testing.margin_points import DOMAINS, points
from taylored.testing.margins import FORMS, Truth, margin_of, measure, true_values, truth

# What is taken away from NumPy, and the instructions that XLA may use.
VARIANTS: dict[str, dict[str, str]] = {
    "all": {},
    "no AVX512": {
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    },
    "AVX": {
        "NPY_DISABLE_CPU_FEATURES": "AVX512_SPR",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX",
    },
    "no AVX2": {
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        "XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2",
    },
}
_TABLES = {"numpy": margins.NUMPY_MARGINS, "xla": margins.XLA_MARGINS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one", action="store_true", help="this variant only, as JSON")
    parser.add_argument("--sentinels", metavar="FILE", help="write the points of self_check")
    options = parser.parse_args()
    if options.sentinels:
        write_sentinels(options.sentinels)
    elif options.one:
        print(json.dumps(one(options.points, options.seed)))
    else:
        report(options.points, options.seed)


def one(count: int, seed: int) -> dict[str, list]:
    """Measured in this process: by executor and function, the error and where."""
    return {
        f"{executor} {name}": [found.ulps, found.where]
        for name in DOMAINS
        for executor in FORMS
        for found in measure(executor, [name], count, seed).values()
    }


def report(count: int, seed: int) -> None:
    found = {}
    for variant, environment in VARIANTS.items():
        command = [sys.executable, __file__, "--one", f"--points={count}", f"--seed={seed}"]
        done = subprocess.run(
            command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
        )
        found[variant] = json.loads(done.stdout)
    for executor in FORMS:
        rows = [_row(executor, name, found) for name in DOMAINS]
        head = ["function", *VARIANTS, "where", "margin", "in the table"]
        print(f"\n{executor}, {count} points\n\n{table(head, rows)}")


def _row(executor: str, name: str, found: dict[str, dict]) -> list[str]:
    measured = [found[variant][f"{executor} {name}"] for variant in VARIANTS]
    ulps, where = max(measured)
    given = _TABLES[executor].get(name)
    return [
        name, *(f"{m[0]:.3f}" for m in measured), ", ".join(map(repr, where)),
        f"{margin_of(ulps):.0f}" if np.isfinite(ulps) else "none", f"{given}",
    ]  # fmt: skip


# ---- sentinels ------------------------------------------------------------------------------


def write_sentinels(path: str, count: int = 200_000) -> None:
    """About thirty points for each function: the worst of each executor, and plain ones."""
    lines = []
    for name in DOMAINS:
        exact = truth(name, count)
        chosen = [_worst(executor, name, exact) for executor in FORMS]
        x = points(name, count)
        plain = np.linspace(0, x[0].size - 1, 12).astype(int)
        at = [np.concatenate([*(c[i] for c in chosen), x[i][plain]]) for i in range(len(x))]
        unique = np.unique(np.stack(at, 1), axis=0)
        kept = true_values(name, tuple(np.ascontiguousarray(unique[:, i]) for i in range(len(x))))
        rows = [
            [*(float(v) for v in xs), y, round(r, 4)]
            for *xs, y, r in zip(*kept.x, kept.value.tolist(), kept.rest.tolist(), strict=True)
        ]
        finite = [row for row in rows if np.isfinite(row).all()]
        lines.append(f'"{name}": {json.dumps(finite)}')
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


def _worst(executor: str, name: str, exact: Truth, most: int = 10) -> list[np.ndarray]:
    """The points where the values by an executor are off the most."""
    absolute = margins.tiny(executor, name)
    errors = np.max([exact.errors(v, absolute) for v in FORMS[executor](name, exact.x)], axis=0)
    worst = np.argsort(-errors)[:most]
    return [values[worst] for values in exact.x]


if __name__ == "__main__":
    main()
