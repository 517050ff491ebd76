"""Layers that bring the levels of one network to the levels of another."""
