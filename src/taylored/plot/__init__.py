"""One function per picture: takes a result and an optional axes, returns the axes, never shows."""
