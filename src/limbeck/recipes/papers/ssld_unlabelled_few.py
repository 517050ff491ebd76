"""SSLD's extra unlabelled pictures where pairs are few: a quarter of the emoji and of their variants."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Recipe
from limbeck.recipes.setups.unlabelled_emoji import (
    MIXED,
    PAIRS,
    QUARTER,
    matched,
    soft_labels,
    unlabelled_claim,
    untaught,
)


def ssld_unlabelled_few() -> Recipe:
    """Soft labels alone; half of the pictures of a batch are variants without words."""
    claim = unlabelled_claim(
        "ssld_unlabelled_few",
        statement="Agreeing with a large teacher alone is better with extra unlabelled pictures than without, also "
        "where pairs are few.",
        tuning="four trials for every arm on validation, seed 100: learning rate 1e-3, 2e-3, 4e-3 and 8e-3",
        pairs="a quarter of the concepts with words (716 pairs) and a quarter of the skin-tone variants without",
    )
    return replace(soft_labels("ssld_unlabelled_few", MIXED, data=QUARTER, learning_rate=4e-3), claim=claim)


def ssld_unlabelled_few_pairs() -> Recipe:
    """Soft labels alone; as many pictures a batch, all of them of the pairs."""
    return soft_labels("ssld_unlabelled_few_pairs", PAIRS, data=QUARTER, learning_rate=4e-3)


def ssld_unlabelled_few_features() -> Recipe:
    """The teacher's vectors on the pictures of the pairs."""
    return matched("ssld_unlabelled_few_features", PAIRS, data=QUARTER, learning_rate=4e-3)


def ssld_unlabelled_few_features_mixed() -> Recipe:
    """The teacher's vectors, half of them on variants."""
    return matched("ssld_unlabelled_few_features_mixed", MIXED, data=QUARTER, learning_rate=4e-3)


def ssld_unlabelled_few_untaught() -> Recipe:
    """Both towers from the pairs alone."""
    return untaught("ssld_unlabelled_few_untaught", data=QUARTER, learning_rate=4e-3)
