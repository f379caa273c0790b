"""Colors of sparsity patterns: sparse Jacobians and Hessians from few products.

Columns that share no row can be seeded together: one product `J @ seed` then gives them all.
`color` finds few such groups (of columns, of rows, of both, or of a symmetric pattern) and
proves how many no method can do without.
"""

from __future__ import annotations

from taylored.calculus.coloring.choose import color
from taylored.calculus.coloring.result import Coloring

__all__ = ["Coloring", "color"]
