"""Module in, module out."""
