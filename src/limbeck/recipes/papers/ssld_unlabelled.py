"""SSLD's extra unlabelled pictures: skin-tone variants of emoji, which have no words (Cui et al. 2021)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Recipe
from limbeck.recipes.setups.unlabelled_emoji import ALL, MIXED, PAIRS, matched, soft_labels, unlabelled_claim, untaught


def ssld_unlabelled() -> Recipe:
    """Soft labels alone; half of the pictures of a batch are variants without words."""
    claim = unlabelled_claim(
        "ssld_unlabelled",
        statement="Agreeing with a large teacher alone is better with extra unlabelled pictures than without.",
        pairs="2,964 pairs and 2,900 skin-tone variants without words",
        tuning="five trials for every arm on validation, seed 100: learning rate 5e-4, 1e-3, 2e-3, 4e-3 and 8e-3",
    )
    return replace(soft_labels("ssld_unlabelled", MIXED, data=ALL, learning_rate=2e-3), claim=claim)


def ssld_unlabelled_pairs() -> Recipe:
    """Soft labels alone; as many pictures a batch, all of them of the pairs."""
    return soft_labels("ssld_unlabelled_pairs", PAIRS, data=ALL, learning_rate=2e-3)


def ssld_unlabelled_features() -> Recipe:
    """The teacher's vectors on the pictures of the pairs."""
    return matched("ssld_unlabelled_features", PAIRS, data=ALL, learning_rate=2e-3)


def ssld_unlabelled_features_mixed() -> Recipe:
    """The teacher's vectors, half of them on variants."""
    return matched("ssld_unlabelled_features_mixed", MIXED, data=ALL, learning_rate=2e-3)


def ssld_unlabelled_untaught() -> Recipe:
    """Both towers from the pairs alone."""
    return untaught("ssld_unlabelled_untaught", data=ALL, learning_rate=1e-3)
