"""Features: absent outputs are errors that say what is there; `map` changes every tensor and nothing else."""

from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.core.features import Features, together


@pytest.fixture
def features():
    return Features(
        pooled=torch.ones(2, 3),
        mask=torch.tensor([[True, False], [True, True]]),
        tokens=torch.zeros(2, 2, 3),
        extras={"hidden.3": torch.full((2, 4), 2.0)},
    )


def test_names_are_what_is_here(features):
    assert features.names() == ("pooled", "tokens", "mask", "hidden.3")
    assert Features().names() == ()


def test_items_are_found_by_name(features):
    assert features["pooled"] is features.pooled
    assert features["hidden.3"] is features.extras["hidden.3"]


@pytest.mark.parametrize("name", ["hidden.4", "attention.0"])
def test_a_missing_output_is_an_error_that_lists_the_others(features, name):
    with pytest.raises(UsageError, match=rf"unknown output '{name}'; valid: hidden.3, mask, pooled, tokens"):
        features[name]


def test_an_output_that_was_not_asked_for_is_missing_too():
    with pytest.raises(UsageError, match="unknown output 'tokens'; valid: pooled"):
        Features(pooled=torch.ones(1, 2))["tokens"]


def test_map_changes_every_tensor_and_leaves_the_original(features):
    changed = features.map(lambda value: value[:1])
    assert changed.names() == features.names()
    assert [changed[name].shape[0] for name in changed.names()] == [1, 1, 1, 1]
    assert features.pooled.shape == (2, 3)
    assert Features(pooled=torch.ones(1, 2)).map(lambda value: value * 2).tokens is None


def test_pieces_of_different_length_are_padded_and_masked():
    short = Features(torch.ones(1, 2), torch.ones(1, 2, 3), torch.ones(1, 2, dtype=torch.bool))
    long = Features(torch.ones(2, 2), torch.ones(2, 4, 3), torch.ones(2, 4, dtype=torch.bool))
    found = together([short, long])
    assert found["tokens"].shape == (3, 4, 3)
    assert found["tokens"][0].sum() == 6
    assert found["mask"].tolist() == [[True, True, False, False], [True] * 4, [True] * 4]
    assert found["pooled"].shape == (3, 2)
    with pytest.raises(UsageError, match=r"batches have \[2, 4\] entries of 'tokens' and no mask"):
        together([Features(tokens=torch.ones(1, 2, 3)), Features(tokens=torch.ones(1, 4, 3))])
