"""Objectives that match the geometry among rows."""
