"""Likeness of two sets of tokens: every token looks for its best match in the other set."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from limbeck.functional.product import product
from limbeck.functional.rows import masked_mean
from limbeck.functional.similarity import normalise


def late_interaction(
    query: Float[Tensor, "n t d"],
    key: Float[Tensor, "m s d"],
    query_mask: Bool[Tensor, "n t"] | None = None,
    key_mask: Bool[Tensor, "m s"] | None = None,
) -> tuple[Float[Tensor, "n m"], Float[Tensor, "n m"]]:
    """Mean over the tokens of one side of their largest cosine with the tokens of the other side.

        forth_ij = mean_k max_r cos(q_ik, k_jr)        back_ij = mean_r max_k cos(q_ik, k_jr)

    Tokens where a mask is False neither ask nor answer; a side without tokens is 0.

    >>> a, b = torch.eye(2)[None], torch.tensor([[[1.0, 0.0]]])
    >>> [x.item() for x in late_interaction(a, b)]
    [0.5, 1.0]
    """
    n, t, d = query.shape
    m, s, _ = key.shape
    cosine = product(normalise(query).reshape(n * t, d), normalise(key).reshape(m * s, d).T).reshape(n, t, m, s)
    asks = torch.ones(n, t, dtype=torch.bool, device=query.device) if query_mask is None else query_mask
    answers = torch.ones(m, s, dtype=torch.bool, device=key.device) if key_mask is None else key_mask
    pair = asks[:, :, None, None] & answers[None, None]
    cosine = cosine.masked_fill(~pair, -2.0)  # below every cosine
    forth, back = cosine.amax(3), cosine.amax(1)
    return masked_mean(forth, forth > -2.0, 1), masked_mean(back, back > -2.0, 2)
