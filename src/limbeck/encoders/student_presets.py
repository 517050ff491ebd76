"""Students by size and family. A public zero-argument function annotated `-> StudentDesign` is one; `_` reads as `-`.

`mobile-*`: MobileNet (with batch normalisation) for pictures and BERT for words, `conv-*`: ConvNeXt and BERT, both in a
`VisionTextDualEncoderModel`. `vit-*`: ViT and a causal text transformer in a `CLIPModel`. Parameter counts are for
MiniLM's vocabulary of 30,522 ids.
"""

from __future__ import annotations

from typing import Any

from limbeck.core.spec import ImageSpec
from limbeck.encoders.student_design import StudentDesign

CLIP = "clip"
DUAL = "vision-text-dual-encoder"


def conv_s() -> StudentDesign:
    """64 px; image 0.73 M, text 4.1 M (3.9 M of it embeddings), no batch normalisation."""
    return StudentDesign(
        model_type=DUAL,
        vision=_convnext((48, 96, 160), (1, 2, 2)),
        text=_bert(128, layers=1, heads=4, positions=48, feed_forward=256),
        width=256,
        image=_squeeze(64, channels_last=True),
        max_length=48,
    )


def mobile_s() -> StudentDesign:
    """64 px; image 0.95 M, text 4.1 M (3.9 M of it embeddings): the demo's, quickest to train from scratch."""
    return StudentDesign(
        model_type=DUAL,
        vision=_mobilenet(0.5, image=64),
        text=_bert(128, layers=1, heads=4, positions=48, feed_forward=256),
        width=256,
        image=_squeeze(64, channels_last=True),
        max_length=48,
    )


def conv_m() -> StudentDesign:
    """128 px; image 5.4 M, text 11.2 M."""
    return StudentDesign(
        model_type=DUAL,
        vision=_convnext((64, 128, 256, 320), (2, 2, 5, 2), image=128),
        text=_bert(256, layers=4, heads=4, positions=64),
        width=384,
        image=_crop(128, channels_last=True),
        max_length=64,
    )


def conv_l() -> StudentDesign:
    """224 px; image 13.6 M, text 22.7 M."""
    return StudentDesign(
        model_type=DUAL,
        vision=_convnext((80, 160, 320, 640), (2, 2, 6, 2), image=224),
        text=_bert(384, layers=6, heads=6, positions=77),
        width=512,
        image=_crop(224, channels_last=True),
        max_length=77,
    )


def vit_s() -> StudentDesign:
    """64 px, 8 px patches; image 0.96 M, text 4.34 M."""
    return StudentDesign(
        model_type=CLIP,
        vision=_vit(128, layers=6, heads=4, feed_forward=320, image=64, patch=8),
        text=_causal(128, layers=2, heads=4, positions=48),
        width=256,
        image=_squeeze(64),
        max_length=48,
    )


def vit_192() -> StudentDesign:
    """64 px, 8 px patches; the towers of the speed benchmark: image 2.77 M, text 7.25 M, 32 tokens."""
    return StudentDesign(
        model_type=CLIP,
        vision=_vit(192, layers=6, heads=3, feed_forward=768, image=64, patch=8),
        text=_causal(192, layers=3, heads=3, positions=32),
        width=256,
        image=_squeeze(64),
        max_length=32,
    )


def vit_m() -> StudentDesign:
    """128 px, 16 px patches; image 5.8 M, text 11.1 M."""
    return StudentDesign(
        model_type=CLIP,
        vision=_vit(256, layers=7, heads=4, feed_forward=1024, image=128, patch=16),
        text=_causal(256, layers=4, heads=4, positions=64),
        width=384,
        image=_crop(128),
        max_length=64,
    )


def vit_l() -> StudentDesign:
    """224 px, 16 px patches; image 21.9 M, text 22.6 M."""
    return StudentDesign(
        model_type=CLIP,
        vision=_vit(384, layers=12, heads=6, feed_forward=1536, image=224, patch=16),
        text=_causal(384, layers=6, heads=6, positions=77),
        width=512,
        image=_crop(224),
        max_length=77,
    )


def _squeeze(size: int, *, channels_last: bool = False) -> ImageSpec:
    return ImageSpec(size, size, channels_last=channels_last)


def _crop(size: int, *, channels_last: bool = False) -> ImageSpec:
    return ImageSpec(size, size, shortest_edge=size, channels_last=channels_last)


def _convnext(widths: tuple[int, ...], depths: tuple[int, ...], *, image: int = 64) -> dict[str, Any]:
    return {
        "model_type": "convnext",  # V2 adds a norm over each picture that takes a fifth of a training step on a CPU
        "layer_scale_init_value": 0.1,  # the default of 1e-6 is for networks ten times as deep
        "hidden_sizes": list(widths),
        "depths": list(depths),
        "num_stages": len(widths),
        "patch_size": 4,
        "image_size": image,
        "hidden_size": widths[-1],  # what VisionTextDualEncoderModel asks of every vision configuration
    }


def _mobilenet(multiplier: float, *, image: int) -> dict[str, Any]:
    return {
        "model_type": "mobilenet_v1",
        "depth_multiplier": multiplier,
        "image_size": image,
        "hidden_size": int(1024 * multiplier),
    }


def _bert(width: int, *, layers: int, heads: int, positions: int, feed_forward: int | None = None) -> dict[str, Any]:
    return {
        "model_type": "bert",
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": feed_forward or 4 * width,
        "max_position_embeddings": positions,
        "type_vocab_size": 1,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }


def _vit(width: int, *, layers: int, heads: int, feed_forward: int, image: int, patch: int) -> dict[str, Any]:
    return {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": feed_forward,
        "image_size": image,
        "patch_size": patch,
        "hidden_act": "gelu",
    }


def _causal(width: int, *, layers: int, heads: int, positions: int) -> dict[str, Any]:
    return {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": 4 * width,
        "max_position_embeddings": positions,
        "hidden_act": "gelu",
    }
