"""Step to number."""
