"""The triangle between a student's answer, the teacher's answer and the truth."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def trilateral(
    student: Float[Tensor, "n k"],
    teacher: Float[Tensor, "n k"],
    truth: Float[Tensor, "n k"],
    average: Float[Tensor, "n k"],
) -> Float[Tensor, "n w"]:
    """Edges of the triangles (student, teacher, truth) and (student, average teacher, truth), side by side.

    [s - g, t - g, s - t, a - g, s - a]: how wrong the student is, how wrong the teacher is, how far apart they are, and
    the same with the average that outliers do not move; s - g is shared.

    Source: TGeo-KD, Hu et al. 2023, arXiv 2312.15112.

    Args:
        student: probabilities.
        teacher: probabilities.
        truth: one-hot labels.
        average: mean of the teacher's probabilities over the class of each row.

    Returns:
        `(n, 5 k)`, in [-1, 1].

    >>> trilateral(*[torch.tensor([[value]]) for value in (0.5, 0.75, 1.0, 0.25)])
    tensor([[-0.5000, -0.2500, -0.2500, -0.7500,  0.2500]])
    """
    edges = [student - truth, teacher - truth, student - teacher, average - truth, student - average]
    return torch.cat([edge.float() for edge in edges], dim=-1)
