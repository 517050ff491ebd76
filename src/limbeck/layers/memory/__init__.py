"""Layers that remember earlier batches."""
