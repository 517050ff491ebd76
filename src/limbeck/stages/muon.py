"""`MuonAdamW`: orthogonalised momentum for the matrices of layers, AdamW for everything else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn


class MuonAdamW(torch.optim.AdamW):
    """One optimizer of two rules.

        m <- mu m + (1 - mu) g,   u = (1 - mu) g + mu m,   O = orthogonalised(u) (five Newton-Schulz steps)
        w <- (1 - rate * decay) w - rate * 0.2 sqrt(max(rows, columns)) O

    The factor gives an update the size that AdamW's has, so that one learning rate serves both rules. A convolution
    `(out, in, h, w)` is taken as the matrix `(out, in h w)`.

    Use when a small network learns from scratch in few steps. Every direction of a matrix moves equally far at a step,
    where AdamW follows the few in which gradients are large.

    Args:
        matrices: weights of layers, of 2 dimensions and more; see `layer_matrices`.
        groups: the other weights, as AdamW takes them.
        lr: learning rate of both.
        weight_decay: of the matrices, decoupled.
        betas: of AdamW.

    Attributes:
        param_groups: the groups, then the matrices; the rate in each of them is followed.
        state: of a matrix `momentum_buffer`, shaped as the weight itself.

    Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; scale: Liu et al. 2025,
    arXiv 2502.16982. The matrix rule is `torch.optim.Muon`.
    """

    def __init__(
        self,
        matrices: Sequence[nn.Parameter],
        *,
        groups: Iterable[dict[str, Any]],
        lr: float,
        weight_decay: float,
        betas: tuple[float, float],
    ) -> None:
        own = {"params": list(matrices), "weight_decay": weight_decay}
        super().__init__([*groups, own], lr=lr, betas=betas, fused=True)
        # Muon takes matrices alone: each weight has a twin that is pointed at the weight's own memory at every step,
        # because that memory may be swapped in between (averages are) and a checkpoint replaces the momentum.
        self._twins = [nn.Parameter(_own_memory(weight, weight)) for weight in matrices]
        self._muon = torch.optim.Muon(self._twins, lr=lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One update by the gradients that are there; a closure is not taken."""
        assert closure is None, "the loop computes gradients itself"
        group = self.param_groups[-1]
        gradients = {weight: weight.grad for weight in group["params"]}
        for weight in gradients:
            weight.grad = None  # AdamW passes over what has no gradient
        super().step()
        for twin, (weight, gradient) in zip(self._twins, gradients.items(), strict=True):
            weight.grad = gradient
            twin.grad = None if gradient is None else _lying(gradient, weight).reshape(len(weight), -1)
            if gradient is not None:
                state = self.state[weight]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = torch.zeros_like(weight)
                twin.data = _own_memory(weight, weight)
                self._muon.state[twin]["momentum_buffer"] = _own_memory(state["momentum_buffer"], weight)
        self._muon.param_groups[0]["lr"] = group["lr"]
        self._muon.step()


def layer_matrices(module: nn.Module) -> list[nn.Parameter]:
    """Trained weights of linear layers and of convolutions whose channels mix.

    Not among them: tables of embeddings, of which a step touches a few rows; depthwise convolutions; scalars, biases.
    """
    found: dict[nn.Parameter, None] = {}
    tables = {one.weight for one in module.modules() if isinstance(one, nn.Embedding)}
    for layer in module.modules():
        mixes = isinstance(layer, nn.modules.conv._ConvNd) and layer.groups == 1 and not layer.transposed
        if (mixes or isinstance(layer, nn.Linear)) and isinstance(layer.weight, nn.Parameter):
            weight = layer.weight
            if weight.requires_grad and weight not in tables and _plain(weight):
                found[weight] = None
    return list(found)


def _plain(weight: Tensor) -> bool:
    """Whether the weight lies in memory as a matrix does."""
    return weight.is_contiguous() or weight.is_contiguous(memory_format=torch.channels_last)


def _lying(value: Tensor, weight: Tensor) -> Tensor:
    """`value` with its dimensions in the order in which those of `weight` lie in memory."""
    return value if weight.is_contiguous() else value.permute(0, 2, 3, 1)


def _own_memory(value: Tensor, weight: Tensor) -> Tensor:
    """`value` as (rows, all else) without a copy; a copy would be updated in its place."""
    return _lying(value.detach(), weight).view(len(weight), -1)
