"""One option of a built-in data set a file: `emoji:noise=0.4` puts `NoiseSource` around `EmojiSource`."""
