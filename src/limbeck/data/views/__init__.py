"""One view a modality: raw value -> what one model eats."""
