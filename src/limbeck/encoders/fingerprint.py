"""`fingerprint`: two encoders with one fingerprint give one answer."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

import torch

from limbeck.core.artefact import sha256_json
from limbeck.core.encoder import Encoder


def fingerprint(encoder: Encoder) -> str:
    """SHA-256 over every parameter and buffer, the spec, the class and how tokens are pooled.

    Names, dtypes and shapes are hashed beside the bytes, so that swapping two equal-sized tensors shows.
    """
    digest = hashlib.sha256()
    for name, value in sorted(encoder.state_dict().items()):
        plain = value.detach().cpu().contiguous()
        digest.update(f"{name}:{plain.dtype}:{tuple(plain.shape)};".encode())
        digest.update(plain.reshape(-1).view(torch.uint8).numpy())
    pooling = getattr(encoder, "pooling", None)
    spec = asdict(encoder.spec) if encoder.spec is not None else None
    if spec is not None:
        spec.pop("channels_last", None)  # a memory format, not a value
    about = {
        "class": type(encoder).__qualname__,
        "towers": sorted({type(module).__qualname__ for module in encoder.modules()}),
        "pooling": getattr(pooling, "__qualname__", repr(pooling)),
        "reads_mask": getattr(encoder, "reads_mask", None),
        "blocks": list(getattr(encoder, "blocks", ())),
        "power": getattr(encoder, "power", None),
        "modality": encoder.modality,
        "width": encoder.width,
        "spec": spec,
        "weights": digest.hexdigest(),
    }
    return sha256_json(about)
