"""`Relabel`: another task on the same rows."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor, nn

from limbeck.core.errors import UsageError


class Relabel(nn.Module):
    """New label = table[old label]; a row without a label stays without.

    Use when a teacher inside a recipe shall have learnt another task than its student (even or odd, then which digit).

    Args:
        table: the new label of each old one; -1 hides it.

    Raises:
        UsageError: the table is empty.

    Source: cross-task teachers as in ProC-KD, Li et al. 2022, arXiv 2212.13180.

    Differs from the paper: the same pictures with coarser labels instead of another data set.

    >>> Relabel((0, 1, 0))(label=torch.tensor([2, 1, -1]))
    tensor([ 0,  1, -1])
    """

    def __init__(self, table: Sequence[int]) -> None:
        super().__init__()
        if not table:
            raise UsageError("a table without entries gives no row a label; name the new label of each old one")
        self.table = tuple(table)

    def forward(self, *, label: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
        """New labels `(n,)`."""
        known = torch.tensor(self.table, device=label.device)[label.clamp(min=0)]
        return known.masked_fill(label < 0, -1)
