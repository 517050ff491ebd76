"""The contrastive gap: uniformity and alignment terms bring two modalities together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from limbeck.core.recipe import Claim
from limbeck.core.study import Lab, Scores, Study
from limbeck.evaluation.modality_gap import modality_gap
from limbeck.evaluation.units import by_unit, units
from limbeck.recipes.papers.contrastive_gap_zero_shot import (
    DIFFERS,
    SOURCE,
    contrastive_gap_clip,
    contrastive_gap_zero_shot,
)
from limbeck.recipes.setups.emoji_pairs import METRIC, SETUP, TUNING


def contrastive_gap() -> Study:
    """Whether a plane tells images from texts."""
    claim = Claim(
        statement="Uniformity and alignment terms narrow the gap between the modalities that the CLIP loss leaves.",
        source=SOURCE,
        metric="separability",
        published="abstract gives no figure",
        baselines={"CLIP loss": "the contrastive loss alone"},
        higher_is_better=False,
        setup=SETUP + "; all terms weigh 1; logistic regression on training vectors, judged on test vectors",
        differs=DIFFERS + "; the paper's first check, the gap of two encoders of one modality, is not made",
        tuning=TUNING + " (by zero-shot top-1)",
        also=("centroid distance", METRIC),
    )
    return Study("contrastive_gap", measure=measure, claim=claim)


def measure(seed: int, lab: Lab) -> Mapping[str, Scores]:
    """Separability by concept, distance of the centroids, and retrieval, of both losses."""
    arms = {"method": contrastive_gap_zero_shot(), "CLIP loss": contrastive_gap_clip()}
    found: dict[str, Scores] = {}
    for arm, recipe in arms.items():
        trial = lab.trial(recipe, seed=seed)
        fit, rows = lab.embed(trial.encoders, trial, "train").vectors, lab.embed(trial.encoders, trial, "test")
        test, unit = rows.vectors, units(rows, rows.vectors)
        gap = modality_gap(test["image"], test["text"], fit_first=fit["image"], fit_second=fit["text"])
        items = {metric.name: metric.items for metric in trial.student.metrics}
        told_apart = by_unit(gap.told_apart, np.tile(unit, 2))  # both vectors of a concept's drawings are one item
        found[arm] = {"separability": told_apart, "centroid distance": [gap.distance], METRIC: items[METRIC]}
    return found
