"""One module a command: distill, doctor, evaluate, run, demo."""
