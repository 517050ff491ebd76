"""The optimizer of a stage."""

from __future__ import annotations

import torch
from torch import nn

from limbeck.core.recipe import Optimisation


def make_optimizer(module: nn.Module, optimisation: Optimisation) -> torch.optim.AdamW:
    """Fused AdamW; weight decay on matrices and convolutions only."""
    trained = [p for p in module.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": optimisation.weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    kept = [group for group in groups if group["params"]]
    return torch.optim.AdamW(kept, lr=optimisation.learning_rate, betas=optimisation.betas, fused=True)
