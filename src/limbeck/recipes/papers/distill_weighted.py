"""DistillWeighted, DistillNearest: models of other domains, weighed by how well they fit (Borup et al. 2023)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Claim, Recipe
from limbeck.recipes.setups.digits import claim
from limbeck.recipes.setups.hinted_digits import MATCHED
from limbeck.recipes.setups.taught_digits import untaught
from limbeck.recipes.setups.turned_digits import KNOWN, SETUP, hinted_by_turned, turned_digits


def distill_weighted() -> Recipe:
    """Sources weighed by the 8th power of their PARC."""
    says = _claim(
        "Distilling several source models, weighed by their likeness to the task, beats training on the few labels.",
        {"labels": "distill_labels", "uniform": "distill_uniform", "nearest": "distill_nearest"},
    )
    return replace(turned_digits("distill_weighted", power=8.0, learning_rate=1e-2), claim=says)


def distill_nearest() -> Recipe:
    """The one source whose PARC is best."""
    says = _claim(
        "Which source is distilled matters: the one most like the task teaches better than all of them alike.",
        {"uniform": "distill_uniform", "labels": "distill_labels"},
    )
    return replace(turned_digits("distill_nearest", power=1e4, learning_rate=1e-3), claim=says)


def distill_uniform() -> Recipe:
    """All sources alike."""
    return turned_digits("distill_uniform", power=0.0, learning_rate=3e-2)


def distill_features() -> Recipe:
    """The few labels, and the features of all sources alike."""
    return hinted_by_turned("distill_features", learning_rate=3e-2)


def distill_labels() -> Recipe:
    """The few labels alone."""
    return untaught("distill_labels", **KNOWN)


def _claim(statement: str, baselines: dict[str, str]) -> Claim:
    return claim(
        statement=statement,
        source="Borup et al. 2023, arXiv 2304.12314",
        published="weighted: 5.6 points over ImageNet transfer and 4.5 over FixMatch, mean of eight tasks",
        baselines={**baselines, "feature matching": "distill_features"},
        setup=SETUP,
        differs="turned digits instead of other data sets, one task instead of eight; sources share the classes; no "
        "ImageNet weights to transfer from and no FixMatch; " + MATCHED + " (a map for each source, all alike)",
        tuning="four trials an arm on validation, seed 100: weighted power 2, 8 with learning rate 3e-3, 1e-2; others "
        "learning rate 1e-3, 3e-3, 1e-2, 3e-2; turns of 20, 60 and 180 degrees were left: no source could teach",
    )
