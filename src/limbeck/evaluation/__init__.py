"""Metrics, protocols and intervals."""
