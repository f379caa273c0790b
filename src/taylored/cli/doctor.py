"""`taylored doctor`: what this machine offers, as far as results depend on it."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
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
)


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
    findings = list(examine())
    good = all(finding.ok for finding in findings)
    if options.json:
        emit(json.dumps({"ok": good, "findings": [asdict(f) for f in findings]}, indent=1))
    else:
        width = max(len(finding.name) for finding in findings)
        lines = [f"{f.name:<{width}}  {f.found}{'' if f.ok else '  <- PROBLEM'}" for f in findings]
        last = "All is as it must be." if good else "Something is missing or wrong: see above."
        emit("\n".join([*lines, "", last]))
    return 0 if good else 1


def examine() -> Iterator[Finding]:
    """Everything that is looked at, in the order of the report."""
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
