"""Objectives that shape a space without an example to follow."""
