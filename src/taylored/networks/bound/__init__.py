"""Proved ranges of networks, and of their derivatives, over boxes."""

from taylored.networks.bound.function import bound_function
from taylored.networks.bound.network import Affine, NetworkBound, Scales, bound_network, layers_of

__all__ = ["Affine", "NetworkBound", "Scales", "bound_function", "bound_network", "layers_of"]
