"""`SwitchMLP`: several small networks, one of which answers each row."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from limbeck.core.errors import UsageError


class SwitchMLP(nn.Module):
    """y = p_e W2_e gelu(W1_e x + b1_e) + b2_e with e = argmax p, p = softmax(G x)

    Use when a modular network is wanted: capacity grows with the experts, the work for a row does not. The gate learns
    through the probability of the expert that it chose.

    Args:
        in_width: width of the features.
        hidden: width in the middle of one expert.
        width: of the result.
        experts: how many there are.

    Raises:
        UsageError: no expert.

    Source: Switch Transformer, Fedus et al. 2021, arXiv 2101.03961.

    Differs from the paper: no limit on the rows of an expert and no balancing loss; every expert computes every row and
    one answer is kept, which is quicker than sorting for the few small experts of a claim.
    """

    def __init__(self, in_width: int, *, hidden: int, width: int, experts: int = 4) -> None:
        super().__init__()
        if experts < 1:
            raise UsageError(f"experts {experts} is not valid; it must be at least 1")
        self.in_width = in_width
        self.hidden = hidden
        self.width = width
        self.experts = experts
        self.gate = nn.Linear(in_width, experts, bias=False)
        self.first = nn.Parameter(torch.randn(experts, in_width, hidden) / in_width**0.5)
        self.first_bias = nn.Parameter(torch.zeros(experts, 1, hidden))
        self.second = nn.Parameter(torch.randn(experts, hidden, width) / hidden**0.5)
        self.second_bias = nn.Parameter(torch.zeros(experts, 1, width))

    def forward(self, x: Float[Tensor, "n in_width"]) -> Float[Tensor, "n width"]:
        """Features of width `in_width` -> vectors of width `width`."""
        chance, chosen = torch.softmax(self.gate(x), dim=-1).max(-1)
        middle = nn.functional.gelu(torch.baddbmm(self.first_bias, x.expand(self.experts, *x.shape), self.first))
        row = torch.arange(len(x), device=x.device)
        answers = torch.bmm(middle, self.second)[chosen, row]
        return chance[:, None] * answers + self.second_bias[chosen, 0]
