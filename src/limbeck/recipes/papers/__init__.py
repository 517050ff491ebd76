"""Published methods as compositions, each with its claim."""
