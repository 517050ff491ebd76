"""Teachers that run: `LiveTeacher` (the cached twin is `limbeck.data.cache.CachedTeacher`) and `ProjectedTeacher`."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor, nn

from limbeck.core.artefact import sha256_bytes, sha256_json
from limbeck.core.encoder import Encoder, Teacher
from limbeck.core.errors import UsageError, unknown
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


class ProjectedTeacher(Teacher):
    """A teacher whose pooled vectors pass a frozen projector into a shared space.

    Use when two unimodal encoders were aligned by trained projectors: what is cached stays the encoders' own output.
    `base` is the pooled vector before the projector; all other outputs are the base's.

    Args:
        base: live or cached.
        projector: `(n, base.width) -> (n, width)`; frozen and put in eval mode here.
        width: of the shared space.
    """

    def __init__(self, base: Teacher, *, projector: nn.Module, width: int) -> None:
        self.base = base
        self.projector = projector.eval().requires_grad_(False)
        self.modality = base.modality
        self.width = width
        self.outputs = ("pooled", "base", *(name for name in base.outputs if name not in ("pooled", "base")))

    def __call__(self, batch: Batch, *, want: Collection[str] = ("pooled",)) -> Features:
        """Projected vectors, and what else the base says; rows that lack the modality stay zero."""
        for name in want:
            if name not in self.outputs:
                raise UsageError(unknown("output", name, self.outputs))
        asked = tuple(dict.fromkeys("pooled" if name == "base" else name for name in want))
        found = self.base(batch, want=asked)
        pooled, extras = found.pooled, dict(found.extras)
        if "base" in want and pooled is not None:
            extras["base"] = pooled
        if "pooled" in want and pooled is not None:
            with torch.no_grad():
                pooled = self.projector(pooled) * batch.both(self.modality)[:, None]
        return Features(pooled if "pooled" in want else None, found.tokens, found.mask, extras)

    def fingerprint(self) -> str:
        """Hash of the base and of every weight of the projector."""
        weights = {name: sha256_bytes(v.detach().cpu().contiguous().numpy().tobytes()) for name, v in _state(self)}
        return sha256_json({"base": self.base.fingerprint(), "projector": weights})

    def trainable(self) -> tuple[str, ...]:
        """Parameters that somebody thawed."""
        thawed = (f"projector.{n}" for n, p in self.projector.named_parameters() if p.requires_grad)
        return (*self.base.trainable(), *thawed)


def _state(teacher: ProjectedTeacher) -> list[tuple[str, Tensor]]:
    return sorted(teacher.projector.state_dict().items())
