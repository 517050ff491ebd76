"""`SimilarityDistributionKLLoss`: have the same neighbours as the teacher."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor

from limbeck.core.errors import UsageError
from limbeck.core.objective import Objective
from limbeck.functional.divergence import kl_divergence
from limbeck.functional.rows import different, keep_losses, keep_rows, kept_pairs
from limbeck.functional.similarity import pairwise_cosine


class SimilarityDistributionKLLoss(Objective):
    """KL between the teacher's and the student's distribution of similarity of a row over anchors.

    loss_i = KL( softmax_j(cos(t_i, a_j) / teacher_temperature) || softmax_j(cos(s_i, b_j) / temperature) )

    The anchors, by what is given:

    * nothing: the other rows of the batch, a = t and b = s without i itself; the two spaces may differ;
    * `teacher_key` and / or `target_anchors`: a = b = these, so the student must live in the teacher's space.

    Use when neighbours matter more than exact places; with `teacher_key` of the other modality it teaches one student
    tower the cross-modal order, also on rows that its partner tower has never seen.

    Args:
        temperature: of the student, > 0.
        teacher_temperature: of the teacher, > 0; lower than `temperature` sharpens the target.

    Raises:
        UsageError: a temperature is not positive; anchors in the teacher's space but a student of another width.

    Source: CompRess, Koohpayegani et al. 2020, arXiv 2010.14713 (both spaces, 0.04); SEED, Fang et al. 2021,
    arXiv 2101.04731 (teacher anchors).

    Differs from the paper: anchors come from the batch or from any producer instead of a momentum queue; SEED's
    cross-entropy is this KL plus a constant.
    """

    def __init__(self, temperature: float = 0.04, *, teacher_temperature: float = 0.04) -> None:
        super().__init__()
        for name, value in (("temperature", temperature), ("teacher_temperature", teacher_temperature)):
            if not value > 0:
                raise UsageError(f"{name} {value!r} is not valid; it must be > 0, for example 0.04")
        self.temperature = temperature
        self.teacher_temperature = teacher_temperature

    def forward(
        self,
        *,
        student: Float[Tensor, "n d"],
        teacher: Float[Tensor, "n e"],
        teacher_key: Float[Tensor, "n e"] | None = None,
        target_anchors: Float[Tensor, "m e"] | None = None,
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            student: any width without anchors, the teacher's width with them.
            teacher: the teacher's vectors for the same rows.
            teacher_key: anchors that are rows of this batch (for example the teacher's other modality); masked rows
                are no anchors.
            target_anchors: anchors from elsewhere; `mask` does not concern them.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0; 0 where student and teacher agree or no anchor is left.
        """
        student, teacher = keep_rows(student, mask), keep_rows(teacher.detach(), mask)
        keep = kept_pairs(student, mask)
        if teacher_key is None and target_anchors is None:
            keep = different(keep)
            logits, target = pairwise_cosine(student, student), pairwise_cosine(teacher, teacher)
        else:
            anchors, keep = _anchors(teacher_key, target_anchors, keep, mask)
            if student.shape[1] != anchors.shape[1]:
                raise UsageError(
                    f"anchors of width {anchors.shape[1]} were given for a student of width {student.shape[1]}; "
                    "give the student the teacher's width, or leave the anchors out to compare rows of the batch"
                )
            logits, target = pairwise_cosine(student, anchors), pairwise_cosine(teacher, anchors)
        loss = kl_divergence(logits / self.temperature, target / self.teacher_temperature, keep)
        return keep_losses(loss, mask)


def _anchors(
    teacher_key: Tensor | None, target_anchors: Tensor | None, keep: Tensor, mask: Tensor | None
) -> tuple[Tensor, Tensor]:
    rows, columns = [], []
    if teacher_key is not None:
        rows.append(keep_rows(teacher_key.detach(), mask))
        columns.append(keep)
    if target_anchors is not None:
        rows.append(target_anchors.detach().float())
        columns.append(keep.new_ones(len(keep), len(target_anchors)))
    return torch.cat(rows), torch.cat(columns, dim=1)
