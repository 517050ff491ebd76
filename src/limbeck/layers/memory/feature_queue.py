"""`FeatureQueue`: the vectors of the last batches."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from limbeck.core.errors import UsageError


class FeatureQueue(nn.Module):
    """Gives the last `size` vectors of earlier steps, then takes in those of this one, newest first.

    Use when a contrast wants more wrong answers than a batch holds. Feed it a moving average's vectors (`Moving`): they
    change slowly, so that old ones still compare with new ones.

    Its state is in buffers: a stage names it in `trains` to let it take in and to keep it in checkpoints. It sees the
    whole batch once a step, whatever the micro-batches, and nothing while a model is judged.

    Args:
        width: of the vectors.
        size: how many are kept.

    Raises:
        UsageError: the size is not positive.

    Source: MoCo, He et al. 2019, arXiv 1911.05722; for pictures and captions ALBEF, Li et al. 2021, arXiv 2107.07651.

    Differs from the paper: places that were never filled say so, instead of holding random vectors; the group of each
    vector is kept, so that a right answer in the queue is not taken for a wrong one.

    >>> queue = FeatureQueue(1, size=2)
    >>> _ = queue(features=torch.tensor([[1.0], [2.0], [3.0]]))
    >>> queue(features=torch.tensor([[4.0]]))["features"].flatten()
    tensor([3., 2.])
    """

    outputs = ("features", "group", "filled")
    rowless = outputs
    kept: Tensor
    kept_group: Tensor
    count: Tensor

    def __init__(self, width: int, *, size: int) -> None:
        super().__init__()
        if size < 1:
            raise UsageError(f"a queue of size {size} is not valid; it must hold at least 1")
        self.width = width
        self.size = size
        self.register_buffer("kept", torch.zeros(size, width))
        self.register_buffer("kept_group", torch.full((size,), -1))
        self.register_buffer("count", torch.zeros((), dtype=torch.long))

    def forward(
        self, *, features: Float[Tensor, "n width"], group: Int[Tensor, " n"] | None = None
    ) -> dict[str, Tensor]:
        """What was there before this batch.

        Args:
            features: one vector a row; taken in while training, without gradient.
            group: of each row; negative means none.

        Returns:
            `features` `(size, width)`, newest first, zeros where nothing is; `group` `(size,)`, -1 where there is none;
            `filled` `(size,)`, True where there is something.
        """
        filled = torch.arange(self.size, device=features.device) < self.count
        found = {"features": self.kept.clone(), "group": self.kept_group.clone(), "filled": filled}
        if self.training:
            none = torch.full((len(features),), -1, device=features.device)
            groups = none if group is None else group
            self.kept.copy_(torch.cat([features.detach().flip(0), self.kept])[: self.size])
            self.kept_group.copy_(torch.cat([groups.flip(0), self.kept_group])[: self.size])
            self.count.copy_((self.count + len(features)).clamp(max=self.size))
        return found
