"""Shared set-ups of paper recipes: one module a data set."""
