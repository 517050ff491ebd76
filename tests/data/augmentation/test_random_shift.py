from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.data.augmentation.random_shift import RandomShift


def moved(picture: torch.Tensor, seed: int, pixels: int = 2) -> torch.Tensor:
    view = RandomShift(pixels)({"pixel_values": picture}, torch.Generator().manual_seed(seed))
    return view["pixel_values"]


def test_every_shift_in_range_comes_up_and_no_other() -> None:
    picture = torch.zeros(1, 1, 9, 9)
    picture[0, 0, 4, 4] = 1
    found = {tuple((moved(picture, seed)[0, 0] == 1).nonzero()[0].tolist()) for seed in range(400)}
    assert found == {(y, x) for y in range(2, 7) for x in range(2, 7)}


def test_equals_indexing_with_a_clipped_border() -> None:
    pictures = torch.randn(3, 2, 6, 7, generator=torch.Generator().manual_seed(0))
    for seed in range(20):
        down, right = (torch.randint(5, (2,), generator=torch.Generator().manual_seed(seed)) - 2).tolist()
        rows = (torch.arange(6) - down).clamp(0, 5)
        columns = (torch.arange(7) - right).clamp(0, 6)
        assert torch.equal(moved(pictures, seed), pictures[:, :, rows][..., columns])


def test_the_input_is_left_alone_and_other_names_stay() -> None:
    picture = torch.arange(16.0).reshape(1, 1, 4, 4)
    mask = torch.ones(1)
    view = RandomShift(1)({"pixel_values": picture, "mask": mask}, torch.Generator().manual_seed(3))
    assert torch.equal(picture, torch.arange(16.0).reshape(1, 1, 4, 4))
    assert view["mask"] is mask


def test_no_shift_is_refused() -> None:
    with pytest.raises(UsageError, match="pixels=0"):
        RandomShift(0)
