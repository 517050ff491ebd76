"""Sources, views, augmentation, samplers and the teacher cache."""
