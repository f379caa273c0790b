"""Interval arithmetic on programs: ranges that hold whatever was rounded."""
