"""One modality in, Features out; the only files that import model libraries, lazily."""
