"""Objectives that tell right pairs from wrong ones."""
