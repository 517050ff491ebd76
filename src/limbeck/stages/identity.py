"""What a run is made of: the facts that must not change between a checkpoint and its resumption."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import torch

from limbeck.core.describe import describe, path_of
from limbeck.core.encoder import Teacher
from limbeck.core.errors import UsageError
from limbeck.core.graph import Producer
from limbeck.core.recipe import StageSpec


def identity_of(
    spec: StageSpec, producers: Mapping[str, Producer], *, seed: int, given: Mapping[str, Any]
) -> dict[str, Any]:
    """The stage, its seed, its teachers' fingerprints, the world size, and what the caller knows of data and config."""
    distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
    whole = {
        **given,
        "stage": _described(spec),
        "seed": seed,
        "teachers": {n: p.fingerprint() for n, p in sorted(producers.items()) if isinstance(p, Teacher)},
        "world_size": torch.distributed.get_world_size() if distributed else 1,
    }
    return dict(json.loads(json.dumps(whole, default=str)))  # as a manifest gives it back


def _described(spec: StageSpec) -> dict[str, Any]:
    """`describe`, with a fallback for an objective of the user's own that lives outside the package."""
    terms = {}
    for name, term in spec.terms.items():
        try:
            objective, weight = describe(term.objective), describe(term.weight)
        except UsageError:
            objective, weight = {"part": path_of(type(term.objective))}, repr(term.weight)
        terms[name] = {
            "objective": objective,
            "inputs": {key: str(ref) for key, ref in term.inputs.items()},
            "weight": weight,
        }
    return {
        "name": spec.name,
        "trains": list(spec.trains),
        "terms": terms,
        "budget": describe(spec.budget),
        "optimisation": describe(spec.optimisation),
    }
