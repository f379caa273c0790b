"""Importing this gives xarray its accessor: `da.taylored.fit("a*exp(-t/tau) + c", dim="t")`.

`import taylored` does the same, in whichever order the two are imported; this says so openly.
"""

from taylored.errors import MissingExtraError
from taylored.hook import register

try:
    import xarray  # noqa: F401
except ImportError:
    raise MissingExtraError(
        "taylored.xarray needs xarray, which is not installed.",
        next_step='pip install "taylored[cluster]"',
    ) from None

from taylored.many.accessor import ArrayAccessor, DatasetAccessor

__all__ = ["ArrayAccessor", "DatasetAccessor"]

register()
