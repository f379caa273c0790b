"""The report of a network for a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taylored.report.network import network_page
from taylored.report.page import page_html

if TYPE_CHECKING:
    from taylored.networks.result import Network

__all__ = ["network_html"]


def network_html(net: Network, level: float = 0.9) -> str:
    """The report as HTML, for light and dark; every text of the user's is escaped."""
    return page_html(network_page(net, level))
