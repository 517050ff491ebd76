"""Objectives over tokens in order."""
