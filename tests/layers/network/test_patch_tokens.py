from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.layers.network.patch_tokens import PatchTokens


def test_oracle():
    pixels = torch.randn(2, 3, 5, 6)
    found = PatchTokens(2, stride=1)(pixels=pixels)["tokens"]
    grey, number = pixels.mean(1).tolist(), 0
    for top in range(4):
        for left in range(5):
            for row in range(2):
                square = [grey[row][top + y][left + x] for y in range(2) for x in range(2)]
                torch.testing.assert_close(found[row, number], torch.tensor(square))
            number += 1
    assert found.shape == (2, number, 4)


def test_one_square_is_the_picture():
    pixels = torch.randn(2, 1, 4, 4)
    assert torch.equal(PatchTokens(4)(pixels=pixels)["pooled"], pixels.flatten(1))


def test_memory_format_changes_nothing():
    pixels = torch.randn(2, 3, 8, 8)
    other = pixels.to(memory_format=torch.channels_last)
    assert torch.equal(PatchTokens(4)(pixels=pixels)["pooled"], PatchTokens(4)(pixels=other)["pooled"])


@pytest.mark.parametrize(("size", "stride"), [(0, 0), (2, -1)])
def test_refused(size, stride):
    with pytest.raises(UsageError, match="size must be"):
        PatchTokens(size, stride=stride)
