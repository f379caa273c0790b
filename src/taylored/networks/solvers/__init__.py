"""How networks are trained: second-order steps for small ones, Adam for large ones."""

__all__ = []
