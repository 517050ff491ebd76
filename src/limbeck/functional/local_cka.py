"""How well one more pair would fit a set of pairs, by centred kernel alignment: a score for spaces never compared."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def local_cka(
    x: Float[Tensor, "n d"], y: Float[Tensor, "n e"], query: Float[Tensor, "m d"], candidate: Float[Tensor, "p e"]
) -> Float[Tensor, "m p"]:
    """Linear CKA of the anchors and one further pair, for every query with every candidate.

    score_ij = CKA( [x; query_i], [y; candidate_j] ),  CKA(a, b) = HSIC(a, b) / sqrt(HSIC(a, a) HSIC(b, b)),
    HSIC(a, b) = tr(K H L H) with K = a a', L = b b', H = I - 11'/(n+1)

    The bordered kernels are never built: each score needs three inner products beside what all share. fp64 inside,
    since scores differ in the fifth digit.

    Args:
        x: anchors in the one space.
        y: the same anchors in the other space.
        query: further rows of the one space.
        candidate: further rows of the other space.

    Returns:
        `(m, p)`, in [0, 1]; higher means that the two belong together. 0 where a space has no spread.

    Source: Maniparambil et al. 2024, arXiv 2401.05224; within a subspace, Hadgi et al. 2025, arXiv 2503.05283.
    """
    first, second = _Kernel(x.double(), query.double()), _Kernel(y.double(), candidate.double())
    cross = (first.anchors * second.anchors).sum() + 2 * first.border @ second.border.T
    cross = cross + first.corner[:, None] * second.corner[None, :]
    sums = first.sums @ second.sums.T  # the last column is the bordered row itself
    totals = first.totals[:, None] * second.totals[None, :]
    size = len(x) + 1
    hsic = cross - 2 * sums / size + totals / size**2
    scale = first.own(size)[:, None] * second.own(size)[None, :]
    good = scale > 0
    score = torch.where(good, hsic / torch.where(good, scale, 1.0).sqrt(), 0.0)
    return score.clamp(0.0, 1.0).float()


class _Kernel:
    """Linear kernel of the anchors, and what one more row adds to it."""

    def __init__(self, anchors: Tensor, further: Tensor) -> None:
        self.anchors = anchors @ anchors.T
        self.border = further @ anchors.T
        self.corner = further.square().sum(-1)
        grown = torch.cat([self.anchors.sum(1) + self.border, (self.border.sum(1) + self.corner)[:, None]], dim=1)
        self.sums = grown
        self.totals = grown.sum(1)

    def own(self, size: int) -> Tensor:
        """HSIC of the space with itself, for each further row; exactly 0 where rounding is all that is left."""
        squared = self.anchors.square().sum() + 2 * self.border.square().sum(1) + self.corner.square()
        found = squared - 2 * self.sums.square().sum(1) / size + self.totals.square() / size**2
        return torch.where(found > 1e-12 * squared, found, 0.0)
