"""What the rows of one class have in common. A negative class number means that a row has no class."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def class_sums(
    x: Float[Tensor, "n d"], label: Int[Tensor, " n"], classes: int
) -> tuple[Float[Tensor, "k d"], Float[Tensor, " k"]]:
    """Sum of the rows of each class, and how many they are, in fp32; rows without class are left out.

    Args:
        x: one vector a row.
        label: class of each row, below `classes`; negative where a row has none.
        classes: how many classes there are.

    Returns:
        Sums `(classes, d)` and counts `(classes,)`.

    >>> class_sums(torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([0, 1, 1]), 2)
    (tensor([[1.],
            [6.]]), tensor([1., 2.]))
    """
    known = (label >= 0).float()
    place = label.clamp(min=0)
    sums = torch.zeros(classes, x.shape[1], device=x.device).index_add(0, place, x.float() * known[:, None])
    return sums, torch.zeros(classes, device=x.device).index_add(0, place, known)


def one_hot(label: Int[Tensor, " n"], classes: int) -> Float[Tensor, "n k"]:
    """1 at the class of each row, fp32; a row without class is all zeros.

    >>> one_hot(torch.tensor([1, -1]), 2)
    tensor([[0., 1.],
            [0., 0.]])
    """
    return (label[:, None] == torch.arange(classes, device=label.device)).float()
