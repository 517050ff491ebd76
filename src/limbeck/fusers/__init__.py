"""Layers that make one of several modalities."""
