"""`RKDAngleLoss`: keep the teacher's angles among rows."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor
from torch.nn.functional import smooth_l1_loss
from torch.utils.checkpoint import checkpoint

from limbeck.core.objective import Objective
from limbeck.functional.distance import angle_parts, angles
from limbeck.functional.rows import different, keep_rows, kept_pairs

# Numbers in one block of angles: 1 MB a tensor in fp32, so that a block stays in the processor's cache. Measured on two
# cores: 0.5 s at n = 256 with 150 MB, 1.6 s at n = 512 with 430 MB, forward and backward (in one piece 2.6 GB).
_BLOCK = 2**18


class RKDAngleLoss(Objective):
    """Huber loss between the angles that triples of rows form in student and teacher.

    loss_j = mean_{i != k, both != j} huber( cos angle(s_i, s_j, s_k) - cos angle(t_i, t_j, t_k) )

    Use when the shape of the space matters and not its size. The paper weighs it 50 beside a task loss of 1. Time is
    n^3: for batches up to some 256 rows. The vertices j are worked through in blocks that are computed again in the
    backward pass, so that memory stays far below the n^3 that autograd would keep.

    Source: RKD-A, Park et al. 2019, arXiv 1904.05068.

    Differs from the paper: mean instead of sum over triples; between two rows that are one point (closer than 1/1000 of
    the mean distance) the cosine is 0. Masked rows are in no triple.
    """

    def forward(
        self,
        *,
        student: Float[Tensor, "n d"],
        teacher: Float[Tensor, "n e"],
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row as the vertex: the mean over pairs of others.

        Args:
            student: any width.
            teacher: any width.
            mask: rows that count.

        Returns:
            `(n,)`, in [0, 1.5]; 0 with fewer than three rows.
        """
        student, teacher = keep_rows(student, mask), keep_rows(teacher.detach(), mask)
        pairs = different(kept_pairs(student, mask))
        parts = (*angle_parts(student, pairs), *angle_parts(teacher, pairs))
        rows = len(student)
        size = math.ceil(_BLOCK / max(1, rows * rows))
        if size >= rows:
            return _block(*parts, pairs, 0, rows)
        blocks = [
            checkpoint(
                _block, *parts, pairs, start, min(start + size, rows), use_reentrant=False, preserve_rng_state=False
            )
            for start in range(0, rows, size)
        ]
        return torch.cat(blocks)


def _block(
    inner: Tensor, inverse: Tensor, teacher_inner: Tensor, teacher_inverse: Tensor, pairs: Tensor, first: int, last: int
) -> Tensor:
    student = angles(inner, inverse, first, last)
    teacher = angles(teacher_inner, teacher_inverse, first, last)
    loss = smooth_l1_loss(student, teacher, reduction="none")
    # Triples with a masked row, or with the vertex twice, are 0 on both sides; only i = k is left to take out.
    total = loss.sum((-2, -1)) - loss.diagonal(dim1=-2, dim2=-1).sum(-1)
    others = pairs[first:last].sum(-1)
    return total / (others * (others - 1)).clamp(min=1)
