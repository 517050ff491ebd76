"""`ClassMean`: what the teacher's features of one class are on average."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from limbeck.functional.classes import class_sums


class ClassMean(nn.Module):
    """Mean of all vectors of a class that were seen so far, for every row of a batch.

    c_k = (sum of x_i over rows seen with y_i = k) / (how many they are)

    Use when a loss wants class means of a teacher (`NormDirectionLoss`) or its average answer for a class (TGeo-KD):
    no pass over the data is needed before training, and after one epoch the means are those of the training rows.

    Args:
        width: of the vectors.
        classes: how many classes there are.

    Source: class means as in KD++, Wang et al. 2023, arXiv 2305.17007.

    Differs from the paper: means over what was seen instead of a pass over the training set before. Its state is in
    buffers: a stage names it in `trains` to let it see and to keep it in checkpoints.

    >>> mean = ClassMean(1, classes=2)
    >>> mean(features=torch.tensor([[1.0], [3.0], [5.0]]), label=torch.tensor([0, 0, 1])).flatten()
    tensor([2., 2., 5.])
    """

    total: Tensor
    count: Tensor

    def __init__(self, width: int, *, classes: int) -> None:
        super().__init__()
        self.width = width
        self.classes = classes
        self.register_buffer("total", torch.zeros(classes, width))
        self.register_buffer("count", torch.zeros(classes))

    def forward(self, *, features: Float[Tensor, "n d"], label: Int[Tensor, " n"]) -> Float[Tensor, "n d"]:
        """Class mean of each row.

        Args:
            features: one vector a row; taken in while training, without gradient.
            label: class of each row; negative where it has none.

        Returns:
            `(n, d)`; zeros where the row has no class or nothing of its class was seen.
        """
        if self.training:
            sums, counts = class_sums(features.detach(), label, self.classes)
            self.total += sums
            self.count += counts
        means = self.total / self.count.clamp(min=1)[:, None]
        return means[label.clamp(min=0)] * (label >= 0)[:, None]
