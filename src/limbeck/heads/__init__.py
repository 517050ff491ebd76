"""Layers that answer: classes, matches, masks."""
