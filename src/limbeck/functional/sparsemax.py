"""Weights that sum to 1: dense ones and ones that are exactly 0 where it does not matter."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def softmax(logits: Float[Tensor, "*rows m"]) -> Float[Tensor, "*rows m"]:
    """exp(z_j) / sum_k exp(z_k) in fp32: every weight is positive."""
    return torch.softmax(logits.float(), dim=-1)


def sparsemax(logits: Float[Tensor, "*rows m"]) -> Float[Tensor, "*rows m"]:
    """The point of the probability simplex that is nearest to the logits; most of its entries are 0.

        p_j = max(z_j - tau, 0) with tau such that sum_j p_j = 1

    Source: Martins and Astudillo 2016, arXiv 1602.02068.

    >>> sparsemax(torch.tensor([1.0, 0.5, -1.0]))
    tensor([0.7500, 0.2500, 0.0000])
    """
    z = logits.float()
    ordered = z.sort(dim=-1, descending=True).values
    total = ordered.cumsum(-1)
    rank = torch.arange(1, z.shape[-1] + 1, device=z.device, dtype=z.dtype)
    support = (1 + rank * ordered > total).sum(-1, keepdim=True)
    tau = (total.gather(-1, support - 1) - 1) / support
    return (z - tau).clamp(min=0.0)
