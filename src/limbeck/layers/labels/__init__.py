"""Layers on labels: who may know which, and what they mean to whom."""
