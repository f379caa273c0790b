"""What is known about a point of a nonlinear program, whoever found it."""

__all__: list[str] = []
