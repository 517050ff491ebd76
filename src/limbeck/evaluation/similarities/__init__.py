"""Rules that say how alike two rows are."""
