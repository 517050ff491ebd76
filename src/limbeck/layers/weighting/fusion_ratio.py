"""`FusionRatio`: how much of the teacher each row gets, seen from the triangle of student, teacher and truth."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from limbeck.functional.classes import one_hot
from limbeck.functional.trilateral import trilateral


class FusionRatio(nn.Module):
    """A small network from trilateral geometry to a share in (0, 1).

    w_i = sigmoid( W2 relu(W1 [s - g, t - g, s - t, a - g, s - a]_i + b1) + b2 )

    It starts at 1/2 for every row.

    Use when a teacher is wrong on some rows (`KnowledgeFusionLoss`). Train it on rows that the student does not train
    on (`LookaheadRatioLoss`): on the student's own rows the smaller loss would win, whatever it teaches.

    Args:
        classes: how many classes are scored.
        hidden: width in the middle.

    Source: TGeo-KD, Hu et al. 2023, arXiv 2312.15112.

    Differs from the paper: edges only, without the corners themselves; the teacher's average is one of scores, kept by
    `ClassMean`.
    """

    def __init__(self, classes: int, *, hidden: int = 32) -> None:
        super().__init__()
        self.classes = classes
        self.hidden = hidden
        self.into = nn.Linear(5 * classes, hidden)
        self.out = nn.Linear(hidden, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(
        self,
        *,
        student: Float[Tensor, "n v"],
        teacher: Float[Tensor, "n v"],
        average: Float[Tensor, "n v"],
        label: Int[Tensor, " n"],
    ) -> dict[str, Tensor]:
        """Share of the teacher in the loss of each row.

        Args:
            student: scores before the softmax; no gradient goes back to them.
            teacher: scores before the softmax.
            average: the teacher's scores, averaged over the class of each row.
            label: class of each row.

        Returns:
            `pooled`: `(n,)`, in (0, 1); `held`: the same without gradient, for the loss that the student learns by.
        """
        truth = one_hot(label, self.classes)
        found, taught, usual = (torch.softmax(scores, -1) for scores in (student.detach(), teacher, average))
        edges = trilateral(found, taught, truth, usual)
        ratio = torch.sigmoid(self.out(torch.relu(self.into(edges))).squeeze(-1))
        return {"pooled": ratio, "held": ratio.detach()}
