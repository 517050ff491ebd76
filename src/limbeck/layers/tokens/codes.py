"""`Codes`: a table of learned vectors that several readers share."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Codes(nn.Module):
    """Gives its table; it has no inputs.

    Use when two modalities shall be written in one finite alphabet: one `Codes` part, one `CodeReader` a modality.

    Args:
        count: number of codes.
        width: of a code.

    Source: the finite discrete tokens of FDT, Chen et al. 2023, arXiv 2303.14865.

    Differs from the paper: not at all, but for the count (the paper: 16,384).

    >>> Codes(5, width=3)()["codes"].shape
    torch.Size([5, 3])
    """

    outputs = ("codes",)
    rowless = ("codes",)

    def __init__(self, count: int, *, width: int) -> None:
        super().__init__()
        self.count = count
        self.width = width
        self.codes = nn.Parameter(torch.randn(count, width) / width**0.5)

    def forward(self) -> dict[str, Float[Tensor, "count width"]]:
        """`codes` `(count, width)`."""
        return {"codes": self.codes}
