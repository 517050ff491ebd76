"""Which arm is better, and can you tell: arms that share seeds, data order and steps, compared in pairs."""
