"""Layers that choose who is put beside whom."""
