"""`LiveTeacher`: an encoder that only answers. The cached twin is `limbeck.data.cache.CachedTeacher`."""

from __future__ import annotations

from collections.abc import Collection

import torch

from limbeck.core.encoder import Encoder, Teacher
from limbeck.core.features import Features
from limbeck.core.sample import Batch


class LiveTeacher(Teacher):
    """Runs a frozen encoder on the batch's view of the same name.

    Use when features cannot be stored: augmentation without repeat, or outputs too large for the disk.

    Args:
        encoder: frozen and put in eval mode here.
        name: of the view that it eats (`teacher.image`).
        identity: fingerprint of weights and preprocessing.
    """

    def __init__(self, encoder: Encoder, *, name: str, identity: str) -> None:
        self.encoder = encoder.eval().requires_grad_(False)
        self.name = name
        self.identity = identity
        self.modality = encoder.modality
        self.width = encoder.width
        self.outputs = encoder.outputs

    def __call__(self, batch: Batch, *, want: Collection[str] = ("pooled",)) -> Features:
        """Features of every row; computed without gradient."""
        with torch.no_grad():
            return self.encoder(batch.view(self.name), want=want)  # type: ignore[no-any-return]

    def fingerprint(self) -> str:
        """Hash of weights and preprocessing."""
        return self.identity

    def trainable(self) -> tuple[str, ...]:
        """Names of parameters that would train: any means that somebody thawed the encoder."""
        return tuple(name for name, parameter in self.encoder.named_parameters() if parameter.requires_grad)
