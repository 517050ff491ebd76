"""Layers of which a part runs for each row."""
