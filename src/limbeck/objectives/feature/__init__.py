"""Objectives that bring each student vector to its teacher vector."""
