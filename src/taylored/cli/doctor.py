"""`taylored doctor`: what this machine offers, as far as results depend on it."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from taylored.cli._output import emit
from taylored.cli.options import Options
from taylored.errors import ArgumentError

__all__ = ["Finding", "examine", "run"]

PACKAGES = (
    "taylored",
    "jax",
    "jaxlib",
    "numpy",
    "scipy",
    "polars",
    "narwhals",
    "rich",
    "matplotlib",
    "safetensors",
)
POINTS = 30_000  # for each function that is measured


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what was found, and whether it is as it must be."""

    name: str
    found: str
    ok: bool = True


def run(options: Options) -> int:
    """Print what was found; 0 where all is as it must be, else 1."""
    if options.arguments:
        step = "see: taylored doctor --help"
        raise ArgumentError("doctor takes no arguments.", next_step=step)
    findings = list(examine(getattr(options, "quick", False)))
    good = all(finding.ok for finding in findings)
    if options.json:
        emit(json.dumps({"ok": good, "findings": [asdict(f) for f in findings]}, indent=1))
    else:
        width = max(len(finding.name) for finding in findings)
        lines = [f"{f.name:<{width}}  {f.found}{'' if f.ok else '  <- PROBLEM'}" for f in findings]
        last = "All is as it must be." if good else "Something is missing or wrong: see above."
        emit("\n".join([*lines, "", last]))
    return 0 if good else 1


def examine(quick: bool = False) -> Iterator[Finding]:
    """Everything that is looked at, in the order of the report; `quick` measures no functions."""
    yield Finding("python", f"{platform.python_version()} on {platform.platform()}")
    for package in PACKAGES:
        yield _package(package)
    checks: list[tuple[str, Callable[[], tuple[str, bool]]]] = [
        ("float64", _float64), ("long double", _long_double), ("XLA device", _device),
        ("XLA float64", _xla_float64), ("a known fit", _known_fit),
    ]  # fmt: skip
    for name, look in checks:
        try:
            yield Finding(name, *look())
        except Exception as error:  # whatever is broken here is what the doctor is to report
            yield Finding(name, f"failed: {type(error).__name__}: {error}"[:200], False)
    yield from _proved_bounds(quick)


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "not installed", False)


def _float64() -> tuple[str, bool]:
    import numpy as np

    one = np.float64(1.0)
    good = bool(one + 2.0**-52 > one and one + 2.0**-53 == one and np.float64(5e-324) / 2 == 0)
    subnormal = bool(np.float64(2.0**-1022) / 4 > 0)
    return ("53 bits, subnormals kept" if good and subnormal else "not IEEE arithmetic",
            good and subnormal)  # fmt: skip


def _long_double() -> tuple[str, bool]:
    import numpy as np

    bits = int(np.finfo(np.longdouble).nmant) + 1
    return f"{bits} bits{' (no more than float64)' if bits <= 53 else ''}", True


def _device() -> tuple[str, bool]:
    import jax

    devices = jax.devices()
    return f"{jax.default_backend()}, {len(devices)} device{'s' * (len(devices) > 1)}", True


def _xla_float64() -> tuple[str, bool]:
    """One third in float64 and in float32 differ in the eighth digit."""
    import numpy as np

    from taylored.readings.xla import compile_xla
    from taylored.trace.tracer import record

    third = compile_xla(record(lambda x: x / 3.0, ("x",)))(np.ones(1))[0]
    right = bool(third.dtype == np.float64 and abs(third[0] * 3.0 - 1.0) < 1e-15)
    return (f"{third.dtype}", right) if right else (f"1/3 is {third[0]!r}", False)


def _known_fit() -> tuple[str, bool]:
    """An exponential whose parameters are known."""
    import math

    import taylored

    x = [0.25 * k for k in range(20)]
    fit = taylored.fit("y ~ a*exp(-x/b)", {"x": x, "y": [2.5 * math.exp(-v / 1.5) for v in x]})
    error = max(abs(fit.params["a"] / 2.5 - 1.0), abs(fit.params["b"] / 1.5 - 1.0))
    return (f"right to {error:.1g}" if error else "exact"), error < 1e-10


# ---- margins of proved bounds ---------------------------------------------------------------


def _proved_bounds(quick: bool) -> Iterator[Finding]:
    """Whether functions are as accurate here as proved bounds take them to be."""
    from taylored.readings.interval import margins, record

    exceeded: dict[str, dict[str, float]] = {}
    measured = not quick and _has_flint()
    for executor, table in margins.TABLES.items():
        name = f"proved bounds, {table.executor}"
        try:
            device = margins.device_without_margins(executor)
            if device:
                yield Finding(name, f"none: {device}")
                continue
            errors = margins.self_check(executor)
            if measured:
                errors = {f: max(e, errors[f]) for f, e in _measured(executor, POINTS).items()}
            exceeded[executor] = {f: e for f, e in errors.items() if e > table[f]}
            found = _compared(errors, table) + ("" if measured else _not_measured(quick))
            yield Finding(name, found, not exceeded[executor])
        except Exception as error:  # as above: to be reported, not to end the report
            yield Finding(name, f"failed: {type(error).__name__}: {error}"[:200], False)
    if measured:
        record.keep(exceeded, margins.TABLE_VERSION)
        margins.clear()


def _compared(errors: Mapping[str, float], table: Mapping[str, float]) -> str:
    """In one line: how many are within their margins, and the one that comes closest."""

    def shown(name: str) -> str:
        return f"{name} {errors[name]:.3g} of {table[name]:g}"

    beyond = [name for name in errors if errors[name] > table[name]]
    if beyond:
        return f"functions beyond their margins: {', '.join(map(shown, beyond))} ulp"
    rounded = max((f for f in errors if table[f] > 1.0), key=lambda f: errors[f] / table[f])
    count = f"{len(errors)} of {len(table)}"
    return f"functions within their margins: {count}, worst {shown(rounded)} ulp"


def _not_measured(quick: bool) -> str:
    if quick:
        return " (at few points: --quick)"
    return " (at few points; to measure them: pip install python-flint)"


def _has_flint() -> bool:
    from importlib.util import find_spec

    return find_spec("flint") is not None


@cache
def _measured(executor: str, points: int) -> dict[str, float]:
    from taylored.testing.margins import measure

    return {name: found.ulps for name, found in measure(executor, points=points).items()}
