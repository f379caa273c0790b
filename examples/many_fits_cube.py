"""Make a multi-echo image of a head, 64 x 64 pixels x 16 echoes: `python many_fits_cube.py a.zarr`.

Every tissue decays with its own T2. As in a scanner, the magnitude of the signal is measured
(Rician noise), and not all pixels are well: air around the head, a rim of fat whose signal is
suppressed, a vessel that saturates the receiver, pixels that are dead, and a stripe that was lost.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

__all__ = ["Cube", "make_cube", "write_zarr"]

SIDE, ECHOES, SPACING = 64, 16, 10.0  # pixels, echoes, ms between echoes
NOISE, FULL_SCALE = 2.0, 220.0  # standard deviation of both channels, largest value measured

# Signal at once after the excitation, and T2 in ms, at 3 tesla.
TISSUES = {
    "skin": (90.0, 45.0),
    "gray matter": (110.0, 95.0),
    "white matter": (95.0, 72.0),
    "nuclei": (90.0, 62.0),
    "fluid": (130.0, 900.0),
    "lesion": (115.0, 160.0),
    "vessel": (400.0, 120.0),
}


@dataclass(frozen=True, eq=False)
class Cube:
    """`signal` is (64, 64, 16), `te` its echo times in ms; `t2` the truth, nan in air and fat."""

    te: np.ndarray
    signal: np.ndarray
    t2: np.ndarray
    sigma: float = NOISE


def ellipse(x: np.ndarray, y: np.ndarray, center: tuple, axes: tuple) -> np.ndarray:
    """How far out of an ellipse a place lies: 1 on it."""
    return np.hypot((x - center[0]) / axes[0], (y - center[1]) / axes[1])


def tissues() -> np.ndarray:
    """(64, 64) the name of the tissue of each pixel, "" in air and fat."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / (0.5 * (SIDE - 1)) - 1.0
    angle, head = np.arctan2(y, x), ellipse(x, y, (0, 0), (0.78, 0.92))
    brain = ellipse(x, y, (0, 0), (0.62, 0.76))
    folded = 0.80 + 0.07 * np.sin(13 * angle) + 0.04 * np.sin(22 * angle + 1)
    found = np.full((SIDE, SIDE), "", dtype="<U12")
    found[(head < 1.0) & (head > 0.94)] = "skin"
    found[brain < 1.06] = "fluid"
    found[brain < 1.0] = "gray matter"
    found[brain < folded] = "white matter"
    found[(abs(x) < 0.02) & (abs(y) > 0.3) & (brain < 1.0)] = "fluid"
    for side in (-1, 1):
        found[ellipse(x, y, (0.24 * side, 0.02), (0.10, 0.17)) < 1] = "nuclei"
        found[ellipse(x, y, (0.10 * side, -0.12), (0.07, 0.22)) < 1] = "fluid"
        found[ellipse(x, y, (0.11 * side, 0.24), (0.06, 0.13)) < 1] = "fluid"
    found[ellipse(x, y, (0.33, -0.36), (0.08, 0.06)) < 1] = "lesion"
    found[ellipse(x, y, (-0.30, 0.42), (0.07, 0.06)) < 1] = "lesion"
    found[ellipse(x, y, (0.0, 0.70), (0.06, 0.05)) < 1] = "vessel"
    return found


def make_cube(seed: int = 0) -> Cube:
    """The image; the same for the same seed."""
    rng = np.random.default_rng(seed)
    te = SPACING * np.arange(1, ECHOES + 1)
    names, size = tissues(), (SIDE, SIDE)
    s0, t2 = np.zeros(size), np.full(size, np.nan)
    for name, (signal, decay) in TISSUES.items():
        here = names == name
        s0[here] = signal * rng.normal(1.0, 0.04, here.sum())
        t2[here] = decay * rng.normal(1.0, 0.03, here.sum())
    clean = s0[..., None] * np.exp(-te / np.where(np.isnan(t2), 1.0, t2)[..., None])
    real, imaginary = rng.normal(0.0, NOISE, (2, *clean.shape))
    signal = np.minimum(np.hypot(clean + real, imaginary), FULL_SCALE)
    _spoil(signal, rng)
    return Cube(te, signal, t2)


def _spoil(signal: np.ndarray, rng: np.random.Generator) -> None:
    """What goes wrong: dead and stuck pixels, a stripe that was lost, single lost echoes."""
    dead, stuck = rng.integers(0, SIDE, (2, 12)), rng.integers(0, SIDE, (2, 8))
    signal[dead[0], dead[1]] = 0.0
    signal[stuck[0], stuck[1]] = 37.0
    signal[39, 20:46] = np.nan
    lost = rng.integers(0, SIDE, (2, 60))
    signal[lost[0], lost[1], rng.integers(0, ECHOES, 60)] = np.nan
    spike = rng.integers(16, 48, (2, 6))
    signal[spike[0], spike[1], 9] += 60.0


def write_zarr(cube: Cube, path: str) -> None:
    """Save as a Zarr group that xarray opens, with coordinates and units."""
    import xarray as xr

    across = 3.5 * (np.arange(SIDE) - 0.5 * (SIDE - 1))
    signal = xr.DataArray(
        cube.signal.astype("float32"), dims=("y", "x", "TE"), name="signal",
        coords={"y": ("y", across, {"units": "mm"}), "x": ("x", across, {"units": "mm"}),
                "TE": ("TE", cube.te, {"units": "ms"})},
        attrs={"units": "mV", "long_name": "signal of the coil"},
    )  # fmt: skip
    chunks = {"signal": {"chunks": (16, SIDE, ECHOES)}}
    signal.to_dataset().to_zarr(path, mode="w", encoding=chunks, consolidated=False)


if __name__ == "__main__":
    write_zarr(make_cube(), sys.argv[1] if len(sys.argv) > 1 else "cube.zarr")
