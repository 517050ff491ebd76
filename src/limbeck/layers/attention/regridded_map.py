"""`RegriddedMap`: an attention map over one grid of patches, read on another grid."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from limbeck.core.errors import UsageError


class RegriddedMap(nn.Module):
    """Attention moves with the area that patches share.

    R_pq = share of source patch p that lies in target patch q (rows sum to 1)
    attention_kq = sum_p a_kp R_pq,  attention_back_qk = sum_p R_pq b_pk / sum_p R_pq

    Use when a teacher's and a student's patches are of different size: `attention` (who looks at patches) keeps its
    mass, `attention_back` (how patches look) is averaged.

    Args:
        source: patches a side of the teacher.
        target: patches a side of the student.

    Raises:
        UsageError: a side is not positive.

    Source: own; needed to distil the maps of DiDE, Wang et al. 2021, arXiv 2112.08723, between unequal grids.
    """

    grid: Tensor
    outputs = ("attention", "attention_back")

    def __init__(self, source: int, *, target: int) -> None:
        super().__init__()
        if source < 1 or target < 1:
            raise UsageError(f"grids of {source} and {target} patches a side are not valid; both are at least 1")
        self.source = source
        self.target = target
        self.patches = source**2
        self.register_buffer("grid", _shares(source, target), persistent=False)

    def forward(
        self,
        *,
        attention: Float[Tensor, "n t patches"],
        attention_back: Float[Tensor, "n patches t"],
        words: Bool[Tensor, "n s"] | None = None,
    ) -> dict[str, Tensor]:
        """Maps on the target's grid.

        Args:
            attention: shares of the source's patches, line by line, for each token that looks.
            attention_back: for each of the source's patches, shares of the tokens.
            words: tokens of the student, whose number is then taken: longer maps are cut, shorter ones filled with 0.

        Returns:
            `attention` `(n, t, target^2)` and `attention_back` `(n, target^2, t)`; rows keep their sums.
        """
        mean = self.grid / self.grid.sum(0)
        forth, back = attention @ self.grid, mean.T @ attention_back
        if words is not None:
            more = words.shape[1] - forth.shape[1]
            # a negative pad cuts
            forth, back = nn.functional.pad(forth, (0, 0, 0, more)), nn.functional.pad(back, (0, more))
        return {"attention": forth, "attention_back": back}


def _shares(source: int, target: int) -> Tensor:
    """Rows: source patches; columns: target patches; both line by line."""
    line = torch.zeros(source, target)
    for one in range(source):
        for other in range(target):
            # both grids lie on a side of length source * target
            low, high = max(one * target, other * source), min((one + 1) * target, (other + 1) * source)
            line[one, other] = max(0, high - low) / target
    return torch.kron(line, line)
