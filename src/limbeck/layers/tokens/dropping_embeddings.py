"""`DroppingEmbeddings`: a vision transformer's embeddings that leave out patches while they train."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor, nn


class DroppingEmbeddings(nn.Module):
    """embeddings(x) without a random share of the patches; the class token stays; evaluation keeps everything.

    Use when a student trains on masked pictures without a decoder: the layers run on what is left, so a step costs
    about 1 - dropped of a full one.

    Args:
        embeddings: `pixels -> (n, 1 + patches, d)`, positions included; shared and not copied.
        dropped: share of the patches that is left out, in [0, 1); at least one stays.

    Attributes:
        kept: places of the patches that stayed in the last call, rising, `(n, kept)`.

    Source: masking as in MAE, He et al. 2021, arXiv 2111.06377; MaskAlign, Xue et al. 2022, arXiv 2211.08887.

    Differs from the paper: patches are drawn evenly; MaskAlign's best models draw by the teacher's attention.
    """

    kept: Int[Tensor, "n k"] | None = None

    def __init__(self, embeddings: nn.Module, *, dropped: float = 0.7) -> None:
        super().__init__()
        self.embeddings = embeddings
        self.dropped = dropped

    def forward(self, *inputs: Any, **named: Any) -> Tensor:
        """Class token and kept patches, `(n, 1 + kept, d)`."""
        tokens: Tensor = self.embeddings(*inputs, **named)
        n, patches = len(tokens), tokens.shape[1] - 1
        if not self.training or self.dropped == 0:
            self.kept = torch.arange(patches, device=tokens.device).expand(n, -1)
            return tokens
        stay = max(1, round(patches * (1 - self.dropped)))
        self.kept = torch.rand(n, patches, device=tokens.device).argsort(1)[:, :stay].sort(1).values
        rows = torch.cat([torch.zeros_like(self.kept[:, :1]), self.kept + 1], dim=1)
        return tokens.gather(1, rows[:, :, None].expand(-1, -1, tokens.shape[2]))

    def __getattr__(self, name: str) -> Any:
        """What a tower looks for in its embeddings (ViT: `patch_embeddings`)."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("embeddings"), name)
