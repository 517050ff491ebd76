"""Random changes of a raw value before the views split; `limbeck.data.augment` draws and applies them."""
