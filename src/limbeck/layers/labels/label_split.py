"""`LabelSplit`: who is allowed to know which label."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from limbeck.core.errors import UsageError


class LabelSplit(nn.Module):
    """Deals the labels of a batch to two parties, disjoint and always alike for the same picture; the rest is hidden.

    u_i = hash(pixels_i) in [0, 1);  first: u < a;  second: a <= u < a + b;  a label that is not dealt is -1

    Use when two networks of one recipe shall learn from labels of different rows (source models and a target with few
    labels): a row with label -1 counts for no `CrossEntropyLoss`.

    Args:
        first: share a of the rows.
        second: share b of the rows.

    Raises:
        UsageError: shares outside [0, 1] or above 1 together.

    Source: semi-supervised splits as in FixMatch, Sohn et al. 2020, arXiv 2001.07685.

    Differs from the paper: by a hash of the picture, not balanced over classes.
    """

    outputs: Sequence[str] = ("first", "second")

    def __init__(self, first: float, *, second: float) -> None:
        super().__init__()
        if min(first, second) < 0 or first + second > 1:
            raise UsageError(
                f"shares {first!r} and {second!r} are not valid; each is >= 0 and they add up to 1 at most"
            )
        self.first = first
        self.second = second

    def forward(self, *, pixels: Float[Tensor, "n c h w"], label: Int[Tensor, " n"]) -> dict[str, Int[Tensor, " n"]]:
        """`first` and `second`: labels `(n,)`, -1 where not dealt."""
        levels = (pixels.flatten(1) * 255).round().long()
        place = torch.arange(1, levels.shape[1] + 1, device=levels.device)
        # Knuth's multiplicative hash, twice: neighbouring sums must not get neighbouring places
        mixed = ((levels * place * 2654435761) % 4294967296).sum(1)
        place_of = ((mixed * 2246822519) % 4294967296).double() / 4294967296
        one = place_of < self.first
        two = ~one & (place_of < self.first + self.second)
        return {"first": label.masked_fill(~one, -1), "second": label.masked_fill(~two, -1)}
