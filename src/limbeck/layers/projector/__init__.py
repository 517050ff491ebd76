"""From one width to another."""
