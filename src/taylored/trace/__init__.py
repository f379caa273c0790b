"""A function becomes a `Program`, once: everything else in taylored is a reading of it."""
