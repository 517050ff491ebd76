"""Ways to choose which units of a larger network a smaller one inherits."""
