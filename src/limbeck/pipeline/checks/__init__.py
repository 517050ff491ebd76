"""What can be known to be wrong before anything is trained, each with its fix."""
