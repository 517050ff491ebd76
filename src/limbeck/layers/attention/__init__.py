"""Layers in which tokens look at tokens."""
