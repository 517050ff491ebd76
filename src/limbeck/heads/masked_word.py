"""`MaskedWordHead`: which word was here?"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class MaskedWordHead(nn.Module):
    """logits = W2 norm(gelu(W1 x_p + b1)) + b2 at the hidden positions p only.

    Use when a fuser's tokens shall give back words that `WordMask` hid.

    Args:
        width: of the fused tokens.
        vocabulary: number of word ids.

    Source: BERT, Devlin et al. 2018, arXiv 1810.04805.

    Differs from the paper: the output matrix is not tied to the embedding.
    """

    def __init__(self, width: int, *, vocabulary: int) -> None:
        super().__init__()
        self.width = width
        self.vocabulary = vocabulary
        self.into = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, vocabulary)

    def forward(
        self, *, tokens: Float[Tensor, "n t width"], place: Int[Tensor, "n c"]
    ) -> Float[Tensor, "n c vocabulary"]:
        """Logits of every word at the hidden positions.

        Args:
            tokens: fused tokens.
            place: positions that were hidden; negative where none was (the logits there mean nothing).

        Returns:
            `(n, c, vocabulary)`.
        """
        at = place.clamp(min=0)[..., None].expand(-1, -1, tokens.shape[-1])
        hidden = torch.gather(tokens, 1, at)
        return self.out(self.norm(nn.functional.gelu(self.into(hidden))))  # type: ignore[no-any-return]
