"""A recipe in, a run folder out: what the verbs (and later compare and claims) are made of."""
