"""Layers that pick, mix, hide or merge tokens."""
