"""`MaskedLayerNorm`: layer norm as if some channels had been cut out."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn


class MaskedLayerNorm(nn.Module):
    """Mean and variance over the kept channels; the others come out as 0.

    y = keep * (w (x - m) / sqrt(v + eps) + b),  m, v over channels with keep = 1

    Use when channels of a residual stream are gated: a plain norm would divide by the width that was, so that cutting
    the channels out later would change the answer.

    Args:
        norm: the layer norm that it stands in for; its weights are shared.

    Attributes:
        keep: buffer of 0 and 1, `(d,)`; all ones at first.

    Source: used for pruning residual channels in CoFi, Xia et al. 2022, arXiv 2204.00408.
    """

    keep: Tensor

    def __init__(self, norm: nn.LayerNorm) -> None:
        super().__init__()
        self.weight = norm.weight
        self.bias = norm.bias
        self.eps = norm.eps
        self.register_buffer("keep", norm.weight.detach().new_ones(norm.weight.shape), persistent=False)

    @property
    def norm(self) -> nn.LayerNorm:
        """A plain layer norm with the same (shared) weights."""
        plain = nn.LayerNorm(self.weight.shape, eps=self.eps)
        plain.weight, plain.bias = self.weight, self.bias
        return plain

    def forward(self, x: Float[Tensor, "*rows d"]) -> Float[Tensor, "*rows d"]:
        """The normalised rows."""
        keep = self.keep
        count = keep.sum().clamp(min=1.0)
        centred = (x - (x * keep).sum(-1, keepdim=True) / count) * keep
        variance = centred.square().sum(-1, keepdim=True) / count
        return centred * (variance + self.eps).rsqrt() * self.weight + self.bias * keep
