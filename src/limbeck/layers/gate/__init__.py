"""Gates that learn which units of a network stay."""
