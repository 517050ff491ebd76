from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.core.features import Features
from limbeck.core.part import Part
from limbeck.evaluation.similarities.all_pairs import AllPairsSimilarity
from limbeck.fusers.co_attention import CoAttentionFuser
from limbeck.heads.all_pair_scorer import AllPairScorer
from limbeck.heads.match import MatchHead


def world():
    torch.manual_seed(0)
    layer = AllPairScorer(CoAttentionFuser(8, query_width=6, key_width=5, heads=2, depth=1), head=MatchHead(8))
    words = Features(tokens=torch.randn(5, 3, 6), mask=torch.rand(5, 3) < 0.7)
    pictures = Features(tokens=torch.randn(4, 2, 5))
    return {"fusion": Part(layer.eval())}, words, pictures


def test_both_directions_are_the_layers_scores():
    parts, words, pictures = world()
    expected = torch.empty(5, 4)
    layer = parts["fusion"].layer
    for i in range(5):
        for j in range(4):
            expected[i, j] = layer.score(words.tokens[[i]], key=pictures.tokens[[j]], query_mask=words.mask[[i]]).item()
    similarity = AllPairsSimilarity("fusion", chunk=2)
    forth = similarity(words, pictures, source="text", target="image", parts=parts)
    back = similarity(pictures, words, source="image", target="text", parts=parts)
    torch.testing.assert_close(forth, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(back, expected.T, rtol=1e-4, atol=1e-5)


def test_names_are_checked():
    parts, words, pictures = world()
    with pytest.raises(UsageError, match="fusion"):
        AllPairsSimilarity("fusoin")(words, pictures, source="text", target="image", parts=parts)
    with pytest.raises(UsageError, match="text"):
        AllPairsSimilarity("fusion", query="txt")(words, pictures, source="text", target="image", parts=parts)
