"""One source a file format; `limbeck.data.open.open_source` picks by looking at the path."""
