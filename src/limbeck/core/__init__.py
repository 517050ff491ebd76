"""The contracts and their plumbing."""
