"""Whole experiments as frozen data."""
