"""Objectives on class scores."""
