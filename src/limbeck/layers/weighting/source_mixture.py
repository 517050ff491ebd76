"""`SourceMixture`: the answers of several source models, each as much as it fits the task."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from limbeck.functional.transferability import parc, source_weights


class SourceMixture(nn.Module):
    """Class probabilities of three source models, mixed by how well their features fit the labelled rows.

    p_i = sum_s w_s softmax(t^s_i),  w = source_weights(PARC of each source, power)

    PARC is averaged over the batches seen while training, on the rows that have a label. Read `pooled` (log p) as the
    teacher of a `KDLoss(1.0)`: cross-entropy to a mixture is the mixture of the cross-entropies.

    Use when several models of other tasks are at hand and few labels say which of them helps. `power` 0 is the uniform
    mixture, a very large one DistillNearest.

    Args:
        classes: how many classes the target task has.
        power: >= 0; how strongly the better source is preferred.

    Source: DistillWeighted, Borup et al. 2023, arXiv 2304.12314; PARC, Bolya et al. 2021, arXiv 2111.06977.

    Differs from the paper: PARC over batches instead of one pass before training; sources share the target's classes,
    so that one head serves them all (the paper gives each source a head of its own). Its state is in buffers: a stage
    names it in `trains` to let it see.
    """

    rowless = ("weights", "similarity")
    total: Tensor
    count: Tensor

    def __init__(self, classes: int, *, power: float = 1.0) -> None:
        super().__init__()
        self.classes = classes
        self.power = power
        self.register_buffer("total", torch.zeros(3))
        self.register_buffer("count", torch.zeros(()))

    def forward(
        self,
        *,
        label: Int[Tensor, " n"],
        first: Float[Tensor, "n k"],
        first_features: Float[Tensor, "n d"],
        second: Float[Tensor, "n k"],
        second_features: Float[Tensor, "n d"],
        third: Float[Tensor, "n k"],
        third_features: Float[Tensor, "n d"],
    ) -> dict[str, Tensor]:
        """The mixture.

        Args:
            label: of the target task; negative where it is not known.
            first: scores of the first source, before the softmax.
            first_features: its features.
            second: of the second source.
            second_features: its features.
            third: of the third source.
            third_features: its features.

        Returns:
            `pooled`: log-probabilities `(n, k)`; `weights` and `similarity`: one number a source.
        """
        known = label >= 0
        features = (first_features, second_features, third_features)
        if self.training and int(known.sum()) > 2:
            for number, each in enumerate(features):
                self.total[number] += parc(each[known], label[known], self.classes)
            self.count += 1
        similarity = self.total / self.count.clamp(min=1)
        weights = source_weights(similarity, self.power)
        logs = torch.log_softmax(torch.stack([first, second, third]).float(), dim=-1)
        mixed = torch.logsumexp(logs + weights.clamp(min=1e-12).log()[:, None, None], dim=0)
        return {"pooled": mixed, "weights": weights, "similarity": similarity}
