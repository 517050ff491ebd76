"""`SecondReading`: a text tower reads other words than those of its view."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError


class SecondReading(nn.Module):
    """tokens = encoder(ids)

    The encoder's own weights: gradient reaches them, and they train as part of the encoder. An average of this part
    (`Moving`) reads with the average of the encoder, which the stage has to have.

    Use when one step reads a caption twice: as it is, for the contrast, and with hidden words (`MaskedIds`).

    Args:
        encoder: which text encoder reads.

    Raises:
        UsageError: there is no such encoder, or it is no text encoder.

    Source: the masked caption of ALBEF, Li et al. 2021, arXiv 2107.07651, goes through the text encoder too.
    """

    outputs = ("tokens",)

    def __init__(self, encoder: str = "student.text") -> None:
        super().__init__()
        self.encoder = encoder
        self._reader: list[Encoder] = []  # in a plain list: not registered, not saved twice

    def bind(self, encoders: Mapping[str, Encoder]) -> None:
        """Borrow the encoder."""
        found = encoders.get(self.encoder)
        if found is None or found.modality != "text":
            texts = ", ".join(sorted(name for name, encoder in encoders.items() if encoder.modality == "text"))
            raise UsageError(f"SecondReading wants the text encoder '{self.encoder}'; valid: {texts or 'none'}")
        self._reader = [found]

    def forward(
        self, *, ids: Int[Tensor, "n t"], mask: Bool[Tensor, "n t"] | None = None
    ) -> dict[str, Float[Tensor, "n t d"]]:
        """`tokens` of the words `ids`.

        Args:
            ids: of the words.
            mask: tokens that are real; None means all.
        """
        kept = torch.ones_like(ids) if mask is None else mask.to(ids.dtype)
        return {"tokens": self._reader[0]({"input_ids": ids, "attention_mask": kept}, want=("tokens",))["tokens"]}
