"""Taylor series and linearisation, ranges and propagated uncertainty, each with its accuracy."""
