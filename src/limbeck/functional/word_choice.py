"""Which words of a caption are put out of sight."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def choose_words(
    ids: Int[Tensor, "n t"], mask: Bool[Tensor, "n t"] | None, luck: Float[Tensor, "n t"], count: int
) -> tuple[Int[Tensor, "n c"], Int[Tensor, "n c"]]:
    """Places and ids of the `count` words with the most luck, -1 where a row has fewer.

    The first and the last real token ([CLS], [SEP]) are never chosen.

    Args:
        ids: of the words.
        mask: tokens that are real; None means all.
        luck: >= 0; the largest are chosen.
        count: words a row, at least 1.

    >>> choose_words(torch.tensor([[1, 7, 8, 2]]), None, torch.tensor([[9.0, 0.1, 0.2, 9.0]]), 1)
    (tensor([[2]]), tensor([[8]]))
    """
    real = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask
    position = torch.arange(ids.shape[1], device=ids.device)
    last = torch.where(real, position, -1).amax(1, keepdim=True)
    inner = real & (position > 0) & (position < last)
    order = torch.where(inner, luck, -1.0).topk(min(count, ids.shape[1]), dim=1)
    found = order.values >= 0
    return torch.where(found, order.indices, -1), torch.where(found, ids.gather(1, order.indices), -1)


def placed(place: Int[Tensor, "n c"], length: int) -> Bool[Tensor, "n t"]:
    """True at the places of each row; negative ones are nowhere.

    >>> placed(torch.tensor([[2, -1]]), 3)
    tensor([[False, False,  True]])
    """
    hidden = torch.zeros(len(place), length + 1, dtype=torch.bool, device=place.device)
    return hidden.scatter(1, torch.where(place < 0, length, place), True)[:, :length]
