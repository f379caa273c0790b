"""Many fits of one model: images, spectra, decay curves; one verdict per fit."""

from taylored.many.result import ManyFits as ManyFits
from taylored.many.verb import fit_many as fit_many

__all__ = ["ManyFits", "fit_many"]
