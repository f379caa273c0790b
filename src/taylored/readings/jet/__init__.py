"""Truncated Taylor arithmetic on programs: coefficients as numbers or as intervals."""
