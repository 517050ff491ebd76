"""Objectives that match softmax distributions of similarity."""
