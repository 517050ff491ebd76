"""The optimizer of a stage."""

from __future__ import annotations

import torch
from torch import nn

from limbeck.core.recipe import Optimisation
from limbeck.stages.muon import MuonAdamW, layer_matrices


def make_optimizer(module: nn.Module, optimisation: Optimisation) -> torch.optim.AdamW:
    """Fused AdamW, or Muon for the matrices of layers beside it; weight decay on matrices and convolutions only."""
    rate, decay = optimisation.learning_rate, optimisation.weight_decay
    trained = [p for p in module.parameters() if p.requires_grad]
    matrices = layer_matrices(module) if optimisation.optimizer == "muon" else []
    orthogonal = set(matrices)
    groups = [
        {"params": [p for p in trained if p.ndim >= 2 and p not in orthogonal], "weight_decay": decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    kept = [group for group in groups if group["params"]]
    if matrices:
        return MuonAdamW(matrices, groups=kept, lr=rate, weight_decay=decay, betas=optimisation.betas)
    return torch.optim.AdamW(kept, lr=rate, betas=optimisation.betas, fused=True)
