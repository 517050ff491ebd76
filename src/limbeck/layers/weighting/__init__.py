"""Layers that say how much a row or a term counts."""
