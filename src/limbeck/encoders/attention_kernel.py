"""`choose_attention`: which attention kernel a transformers tower runs, by what it is doing."""

from __future__ import annotations

from typing import Any

from torch import nn


def choose_attention(tower: nn.Module, *, training: bool) -> None:
    """Explicit matrix products while training, the fused kernel otherwise.

    Measured on 2 cores (torch 2.13 CPU, forward and backward, batch 128, ViT width 192 of 65 tokens and text width 192
    of 32 tokens): the fused kernel's backward is slow for short rows, most of all under bf16 autocast (see
    `docs/decisions`). In evaluation the fused kernel is what `transformers` runs by default, so that an exported
    folder answers bit for bit what the encoder answers. Models that know one kernel only are left alone.
    """
    config: Any = getattr(tower, "config", None)
    if config is None or not getattr(tower, "_supports_sdpa", False):
        return
    kernel = "eager" if training else "sdpa"
    if config._attn_implementation in ("eager", "sdpa") and config._attn_implementation != kernel:
        config._attn_implementation = kernel
