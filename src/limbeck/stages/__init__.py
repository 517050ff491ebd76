"""The only place that runs models in training: stage, loop, checkpoint, accumulation."""
