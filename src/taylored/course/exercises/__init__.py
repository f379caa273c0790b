"""The exercises of the course: `e1a.py` holds 1A, its right answer and its bank of wrong ones."""

__all__: list[str] = []
