"""Random changes of a raw value before the views split; `augment.augment` draws and applies them."""
