"""`LogitScale`: the learned temperature (and bias) of a contrastive space, as a producer of its own."""

from __future__ import annotations

import math
from collections.abc import Collection

import torch
from torch import nn

from limbeck.core.features import Features


class LogitScale(nn.Module):
    """exp(log_scale), at most `limit`, and a bias: what contrastive objectives multiply similarities by.

    It is a producer (`student.scale` with outputs `scale` and `bias`), not a part of an objective, so that objectives
    stay pure and an exported CLIP model gets its `logit_scale`.

    Args:
        initial: scale before training (1 / temperature).
        bias: bias before training; SigLIP starts at -10, InfoNCE ignores it.
        limit: largest scale; CLIP uses 100.
    """

    modality = ""
    width = 0
    outputs = ("scale", "bias")

    def __init__(self, initial: float = 1 / 0.07, *, bias: float = 0.0, limit: float = 100.0) -> None:
        super().__init__()
        self.initial = initial
        self.limit = limit
        self.log_scale = nn.Parameter(torch.tensor(math.log(initial)))
        self.offset = nn.Parameter(torch.tensor(float(bias)))

    @property
    def bias(self) -> float:
        """The bias as it is now."""
        return float(self.offset.detach())

    def forward(self, *, want: Collection[str] = ("scale",)) -> Features:
        """`scale` and `bias` as scalars `()`.

        The parameter itself is held at the limit, as CLIP does after each step: a clamp in the graph would have no
        gradient beyond it, and the scale could never come back.
        """
        with torch.no_grad():
            self.log_scale.clamp_(max=math.log(self.limit))
        values = {"scale": self.log_scale.exp(), "bias": self.offset}
        return Features(extras={name: values[name] for name in want})
