"""`PromptSurgery`: a frozen image tower with trained tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError
from limbeck.core.surgery import Surgery, SurgeryReport, parameters_of
from limbeck.layers.tokens.prompted_layer import PromptedLayer


class PromptSurgery(Surgery):
    """The first layers of the image tower get trained tokens of their own; the rest of it is frozen.

    Use when a pretrained student is to be steered to a domain: `count * depth * width` numbers train. Prompts are no
    part of a standard model: evaluate the student here, it cannot be handed over as a plain folder.

    Args:
        count: tokens a layer.
        depth: layers that get tokens, from the first on; deeper ones see what became of them.

    Raises:
        UsageError: no CLIP or SigLIP image tower, or fewer layers than that.

    Source: Visual Prompt Tuning (deep), Jia et al. 2022, arXiv 2203.12119; the student's prompts in PromptKD, Li et al.
    2024, arXiv 2403.02781.
    """

    def __init__(self, count: int = 4, *, depth: int = 1) -> None:
        self.count = count
        self.depth = depth

    def __call__(self, student: Mapping[str, Encoder], *, teachers: Mapping[str, Encoder]) -> SurgeryReport:
        """Put the tokens in."""
        encoder = student["image"]
        tower: Any = encoder.tower
        layers = getattr(getattr(tower, "encoder", None), "layers", None)
        if not isinstance(layers, nn.ModuleList):
            raise UsageError(f"prompts need a CLIP or SigLIP image tower; {type(tower).__name__} has no encoder.layers")
        if self.count < 1 or not 1 <= self.depth <= len(layers):
            raise UsageError(f"{self.count} tokens in {self.depth} layers were asked for; the tower has {len(layers)}")
        before = parameters_of(student)
        tower.requires_grad_(False)
        width = int(tower.config.hidden_size)
        for number in range(self.depth):
            exchanges = self.count if number else 0
            prompted = PromptedLayer(layers[number], count=self.count, width=width, exchanges=exchanges)
            layers[number] = prompted.train(encoder.training)
        line = f"image: {self.count} tokens in each of {self.depth} layers; the tower is frozen, its projection trains"
        return SurgeryReport((line,), before, parameters_of(student))
