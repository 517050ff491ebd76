"""`SharedLayer`: one layer, several inputs."""

from __future__ import annotations

from torch import Tensor, nn


class SharedLayer(nn.Module):
    """Runs the same layer on every input that it is given: one set of weights, one output for each.

    Use when a module stands in more than one chain: a teacher's upper half that reads its own lower half and a
    student's message (Talking Models), or a module that is tried in a meta model (m2mKD).

    Args:
        layer: takes one tensor, gives one.

    Source: module stitching as in m2mKD, Lo et al. 2024, arXiv 2402.16918.

    Differs from the paper: stitching is wiring here; no model is taken apart.

    >>> import torch
    >>> from limbeck.layers.projector.mlp import MLPProjector
    >>> made = SharedLayer(MLPProjector(2, hidden=3, width=1))(own=torch.zeros(4, 2), second=torch.zeros(4, 2))
    >>> torch.equal(made["pooled"], made["second"])
    True
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(
        self,
        *,
        own: Tensor,
        second: Tensor | None = None,
        third: Tensor | None = None,
        fourth: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """What the layer makes of each input.

        Args:
            own: what the layer reads in its own model; the output is `pooled`.
            second: output `second`.
            third: output `third`.
            fourth: output `fourth`.
        """
        given = {"pooled": own, "second": second, "third": third, "fourth": fourth}
        return {name: self.layer(value) for name, value in given.items() if value is not None}
