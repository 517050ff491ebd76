"""`PrototypeBank`: typical local features, asked by likeness."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from limbeck.core.errors import UsageError
from limbeck.functional.similarity import pairwise_cosine


class PrototypeBank(nn.Module):
    """Each token is answered with a mixture of prototypes, the more of one the more like it the token is.

    r_j = sum_k a_jk p_k,  a_j = softmax_k( cos(x_j, p_k) / temperature )

    Use when local features of a teacher shall be kept in a form that another task can ask for: trained to give the
    teacher's own tokens back (`TokenMSELoss`), then asked by the student.

    Args:
        width: of the prototypes, the teacher's.
        count: how many there are.
        temperature: > 0; lower picks fewer prototypes for a token.

    Raises:
        UsageError: the temperature is not positive or there is no prototype.

    Source: prototype learning of ProC-KD, Li et al. 2022, arXiv 2212.13180.

    Differs from the paper: written from its abstract; likeness is a cosine, and what trains the bank is the
    reconstruction of the teacher's tokens.
    """

    def __init__(self, width: int, *, count: int, temperature: float = 0.1) -> None:
        super().__init__()
        if not temperature > 0 or count < 1:
            raise UsageError(f"count {count} and temperature {temperature!r}: count must be >= 1 and temperature > 0")
        self.width = width
        self.count = count
        self.temperature = temperature
        self.prototypes = nn.Parameter(torch.randn(count, width))

    def forward(
        self, *, tokens: Float[Tensor, "n t d"], query: Float[Tensor, "n t d"] | None = None
    ) -> dict[str, Tensor]:
        """What the bank answers.

        Args:
            tokens: in the space of the prototypes: the teacher's, when the bank learns.
            query: what else is asked in the same space: the student's.

        Returns:
            `tokens`: mixtures for `tokens` `(n, t, d)`; `likeness`: shares of the prototypes in them `(n, t, k)`, which
            add up to 1; `retrieved`: mixtures for `query`, where it is given.
        """
        share = self._share(tokens)
        found = {"tokens": share @ self.prototypes, "likeness": share}
        if query is not None:
            found["retrieved"] = self._share(query) @ self.prototypes
        return found

    def _share(self, tokens: Tensor) -> Tensor:
        likeness = pairwise_cosine(tokens.flatten(0, 1), self.prototypes) / self.temperature
        return torch.softmax(likeness, dim=-1).reshape(*tokens.shape[:2], -1)
