"""What a loss would miss about each weight."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def taylor_importance(module: nn.Module, losses: Iterable[Tensor]) -> dict[str, Tensor]:
    """importance(w) = sum over batches of |w dL/dw|: the first-order change of the loss when w is set to 0.

    Args:
        module: whose weights are meant; a weight that no loss reaches has importance 0. Left as it is.
        losses: scalars, one a batch; a generator keeps one graph at a time.

    Returns:
        Name of a parameter -> importance of each of its weights.

    Source: Molchanov et al. 2019, arXiv 1906.10771.
    """
    named = {name: value for name, value in module.named_parameters() if value.requires_grad}
    found = {name: torch.zeros_like(value) for name, value in module.named_parameters()}
    for loss in losses:
        gradients = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
        for (name, value), gradient in zip(named.items(), gradients, strict=True):
            if gradient is not None:
                found[name] += (value.detach() * gradient).abs()
    return found
