"""`PromptedLayer`: a transformer layer with trained tokens of its own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class PromptedLayer(nn.Module):
    """Trained tokens stand behind the first token: put in before the first layer, exchanged before later ones.

    Use when a frozen model is to be bent to a domain with little data; the layer itself does not change.

    Args:
        layer: `(hidden, ...) -> hidden`; shared and not copied.
        count: number of tokens.
        width: of a token.
        exchanges: how many earlier prompt tokens stand in the input; they are taken out (0: this is the first layer).

    Source: Visual Prompt Tuning (deep), Jia et al. 2022, arXiv 2203.12119.
    """

    def __init__(self, layer: nn.Module, *, count: int, width: int, exchanges: int = 0) -> None:
        super().__init__()
        self.layer = layer
        self.count = count
        self.width = width
        self.exchanges = exchanges
        self.prompt = nn.Parameter(0.02 * torch.randn(count, width))

    def forward(self, hidden_states: Tensor, *inputs: Any, **named: Any) -> Any:
        """What the layer answers for the longer row."""
        fresh = self.prompt.to(hidden_states.dtype).expand(len(hidden_states), -1, -1)
        rest = hidden_states[:, 1 + self.exchanges :]
        return self.layer(torch.cat([hidden_states[:, :1], fresh, rest], dim=1), *inputs, **named)
