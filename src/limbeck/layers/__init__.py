"""Blocks that encoders and fusers are built of."""
