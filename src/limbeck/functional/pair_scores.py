"""Distillation of pair scores: row i belongs to column i, and only some wrong columns are looked at."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from limbeck.functional.divergence import kl_divergence


def among_candidates(
    logits: Float[Tensor, "n n"], target: Float[Tensor, "n n"], chosen: Bool[Tensor, "n n"]
) -> tuple[Float[Tensor, " n"], Bool[Tensor, "n n"]]:
    """KL(softmax(target) || softmax(logits)) over the true column and the chosen wrong ones, and these candidates."""
    candidates = chosen | torch.eye(len(logits), dtype=torch.bool, device=logits.device)
    return kl_divergence(logits, target, candidates), candidates
