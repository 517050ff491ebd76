"""`PatchTokens`: a picture as a row of small squares."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from limbeck.core.errors import UsageError


class PatchTokens(nn.Module):
    """Grey squares of `size` pixels, every `stride` pixels; a square as large as the picture is the picture.

    token_j = (mean over the channels of the pixels of square j), row by row

    Use when a small network of its own (a mentor, a bag of local features) shall read `student.image:pixels`.

    Args:
        size: pixels of a side.
        stride: pixels from one square to the next; 0 takes `size`.

    Raises:
        UsageError: a size below 1 or a stride below 0.

    Source: patches as tokens, Dosovitskiy et al. 2020, arXiv 2010.11929.

    Differs from the paper: squares may overlap; colour is averaged away; nothing trains.
    """

    def __init__(self, size: int, *, stride: int = 0) -> None:
        super().__init__()
        if size < 1 or stride < 0:
            raise UsageError(f"size {size} and stride {stride}: size must be >= 1 and stride >= 0")
        self.size = size
        self.stride = stride

    def forward(self, *, pixels: Float[Tensor, "n c h w"]) -> dict[str, Tensor]:
        """`tokens` `(n, t, size^2)`, and all of them side by side as `pooled` `(n, t size^2)`."""
        grey = pixels.mean(1, keepdim=True).contiguous()
        squares = nn.functional.unfold(grey, self.size, stride=self.stride or self.size).transpose(1, 2)
        return {"tokens": squares, "pooled": squares.flatten(1)}
