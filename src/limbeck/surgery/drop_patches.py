"""`DropPatchesSurgery`: a student that sees a few patches of each picture while it trains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError
from limbeck.core.surgery import Surgery, SurgeryReport, parameters_of
from limbeck.layers.tokens.dropping_embeddings import DroppingEmbeddings


class DropPatchesSurgery(Surgery):
    """The image tower leaves out a random share of the patches in training, and none in evaluation.

    The encoder offers `kept (n, k)` from then on: the places of the patches that stayed, in the order of its tokens
    after the class token.

    Use when a student is trained on masked pictures against a teacher that sees all of them (MaskAlign).

    Args:
        dropped: share of the patches that is left out, in [0, 1).

    Raises:
        UsageError: a share outside [0, 1), or no CLIP or ViT image tower.

    Source: MaskAlign, Xue et al. 2022, arXiv 2211.08887.
    """

    preserving = True

    def __init__(self, dropped: float = 0.7) -> None:
        if not 0 <= dropped < 1:
            raise UsageError(f"DropPatchesSurgery was asked to drop {dropped} of the patches; valid: 0 to below 1")
        self.dropped = dropped

    def __call__(self, student: Mapping[str, Encoder], *, teachers: Mapping[str, Encoder]) -> SurgeryReport:
        """Put it in."""
        encoder = student["image"]
        tower: Any = encoder.tower
        inner = getattr(tower, "embeddings", None)
        if not (hasattr(inner, "class_embedding") or hasattr(inner, "cls_token")):
            raise UsageError(f"dropping patches needs a CLIP or ViT tower; {type(tower).__name__} has no class token")
        embeddings = DroppingEmbeddings(tower.embeddings, dropped=self.dropped).train(encoder.training)
        tower.embeddings = embeddings

        def kept(rows: int) -> Tensor:
            assert embeddings.kept is not None
            return embeddings.kept

        encoder.offer("kept", kept)  # type: ignore[operator]
        count = parameters_of(student)
        return SurgeryReport((f"image: {self.dropped:.0%} of the patches are left out in training",), count, count)

    def settle(self, student: Mapping[str, Encoder]) -> None:
        """The plain embeddings again; `kept` is every place from now on, for parts that go on reading it."""
        encoder = student["image"]
        tower: Any = encoder.tower
        if isinstance(tower.embeddings, DroppingEmbeddings):
            plain: Any = tower.embeddings.embeddings
            tower.embeddings = plain
            patches = int(getattr(plain, "patch_embeddings", plain).num_patches)
            encoder.offer("kept", lambda rows: torch.arange(patches).expand(rows, -1))  # type: ignore[operator]
