"""Objective and constraints as functions of one vector, with exact derivatives."""
