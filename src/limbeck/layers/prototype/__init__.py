"""Layers that hold typical vectors."""
