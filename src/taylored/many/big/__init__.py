"""One fit to data larger than memory, chunk by chunk, in this process or on a cluster."""

from taylored.many.big.chunks import Chunks as Chunks
from taylored.many.big.result import BigFit as BigFit
from taylored.many.big.verb import fit_big as fit_big

__all__ = ["BigFit", "Chunks", "fit_big"]
