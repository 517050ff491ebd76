"""Two frozen spaces, aligned afterwards: in full, or in subspaces chosen by CCA (Hadgi et al. 2025)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from limbeck.core.recipe import Claim
from limbeck.core.study import Lab, Scores, Study
from limbeck.functional.assignment import best_assignment
from limbeck.recipes.setups.post_hoc import Fit, affine_within, at_random, full, hits, local, local_within, vectors

ANCHORS, RIDGES, WIDTHS = 500, (1e-3, 1e-2, 0.1, 1.0, 10.0), (10, 20, 40, 80, 160)


def subspace() -> Study:
    """Affine maps and local CKA, in full spaces and in shared subspaces."""
    claim = Claim(
        statement="Frozen spaces that were trained apart align better in well-chosen subspaces than in full.",
        source="Hadgi et al. 2025, arXiv 2503.05283",
        metric="top-5 retrieval",
        published="significantly higher matching and retrieval accuracy (the abstract gives no figure)",
        baselines={
            "full space": "an affine map between the full spaces",
            "random subspace": "an affine map between random subspaces",
            "local CKA, full space": "each pair scored by the CKA that it gives with the anchors",
            "local CKA, subspace": "the same after CCA",
        },
        setup=f"icons; EfficientNet-Lite0 (1280) and MiniLM (384), frozen; {ANCHORS} anchor pairs drawn from the "
        "training rows; pictures find their captions among the test rows",
        differs="pictures instead of 3D shapes; one pair of encoders",
        tuning="five settings of each arm on validation, in every run: the ridge of the map (full space) or the width; "
        "local CKA in the full space has nothing to choose",
        also=("matching",),
    )
    return Study("subspace", measure=measure, claim=claim)


def measure(seed: int, lab: Lab) -> Mapping[str, Scores]:
    """For each test picture: its caption among the five best, and its place in the best one-to-one matching."""
    train, held, test = vectors(lab)  # type: ignore[arg-type]  # every object has a hash
    rows = torch.randperm(len(train[0]), generator=torch.Generator().manual_seed(seed))[:ANCHORS]
    arms: dict[str, tuple[Fit, Sequence[float]]] = {
        "method": (affine_within, WIDTHS),
        "full space": (full, RIDGES),
        "random subspace": (at_random(seed), WIDTHS),
        "local CKA, full space": (local, (0.0,)),
        "local CKA, subspace": (local_within, WIDTHS),
    }
    found = {}
    for name, (fit, settings) in arms.items():
        fitted = [fit(train[0][rows], train[1][rows], setting) for setting in settings]
        score = max(fitted, key=lambda aligned: float(hits(aligned(*held)).mean()))(*test)
        right = (best_assignment(score) == torch.arange(len(score))).numpy()
        found[name] = {"top-5 retrieval": hits(score), "matching": right.astype(np.float64)}
    return found
