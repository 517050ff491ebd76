from __future__ import annotations

import pytest
import torch
from torch import nn

from encoders.worlds import words
from limbeck.core.errors import UsageError
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.encoders.pooled import PooledEncoder


def test_pictures_and_words_reach_the_tower() -> None:
    tower = nn.Sequential(nn.Flatten(), nn.Linear(3 * 4 * 4, 5))
    encoder = PooledEncoder(tower, spec=ImageSpec(4, 4))
    pixels = torch.randn(2, 3, 4, 4)
    assert (encoder.modality, encoder.width, encoder.training) == ("image", 5, True)
    assert torch.equal(encoder({"pixel_values": pixels})["pooled"], tower(pixels))
    bag = nn.EmbeddingBag(320, 6).eval()
    text = PooledEncoder(bag, spec=TextSpec(words(), max_length=8), vocabulary=320)
    ids = torch.tensor([[2, 9, 3]])
    assert (text.modality, text.width, text.vocabulary, text.training) == ("text", 6, 320, False)
    assert torch.equal(text({"input_ids": ids})["pooled"], bag(ids))


def test_a_tower_that_answers_with_maps() -> None:
    with pytest.raises(UsageError, match=r"Conv2d answers with \(1, 2, 4, 4\); valid: one vector a row"):
        PooledEncoder(nn.Conv2d(3, 2, 1), spec=ImageSpec(4, 4))
