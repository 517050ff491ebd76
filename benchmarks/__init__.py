"""What Limbeck's speed is, measured: `python -m benchmarks.run`. See docs/benchmarks.md."""
