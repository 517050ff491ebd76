"""Students by size and family. A public zero-argument function annotated `-> StudentDesign` is one; `_` reads as `-`.

`resnet-*`: a ResNet (with batch normalisation) for pictures and BERT for words, `conv-*`: ConvNeXt and BERT, both in a
`VisionTextDualEncoderModel`. `vit-*`: ViT and a causal text transformer in a `CLIPModel`. Parameter counts are for
MiniLM's vocabulary of 30,522 ids. `*-image-*` have no text tower: what they say is classified or projected by a part.
"""

from __future__ import annotations

from typing import Any

from limbeck.core.spec import ImageSpec
from limbeck.encoders.student_design import MLP, StudentDesign

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


def resnet_s() -> StudentDesign:
    """64 px; image 0.96 M, text 4.1 M (3.9 M of it embeddings): the demo's, quickest to train from scratch."""
    return StudentDesign(
        model_type=DUAL,
        vision=_hybrid((32, 64, 128, 160), heads=4, image=64),
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


def resnet_xs() -> StudentDesign:
    """32 px; image 0.21 M, text 2.0 M: what a claim trains in seconds."""
    return StudentDesign(
        model_type=DUAL,
        vision=_hybrid((16, 32, 64, 64), heads=2, image=32),
        text=_bert(64, layers=1, heads=2, positions=32, feed_forward=128),
        width=128,
        image=_squeeze(32, channels_last=True),
        max_length=32,
    )


def vit_xs() -> StudentDesign:
    """32 px, 8 px patches, width 64, two layers a tower: what a claim about tokens or attention trains in seconds."""
    return StudentDesign(
        model_type=CLIP,
        vision=_vit(64, layers=2, heads=2, feed_forward=128, image=32, patch=8),
        text=_causal(64, layers=2, heads=2, positions=32),
        width=128,
        image=_squeeze(32),
        max_length=32,
    )


def vit_xm() -> StudentDesign:
    """32 px, 8 px patches, width 128, four layers a tower, heads of `vit-xs`'s width: what that one inherits from."""
    return StudentDesign(
        model_type=CLIP,
        vision=_vit(128, layers=4, heads=4, feed_forward=256, image=32, patch=8),
        text=_causal(128, layers=4, heads=4, positions=32),
        width=128,
        image=_squeeze(32),
        max_length=32,
    )


def mlp_image_s() -> StudentDesign:
    """8 px; two layers, 14.4 k parameters, width 32."""
    return _mlp(8, 64, 32)


def mlp_image_m() -> StudentDesign:
    """8 px; three layers, 182 k parameters, width 128: a teacher for the one above."""
    return _mlp(8, 256, 256, 128, 128)


def cnn_image_s() -> StudentDesign:
    """32 px; ResNet of two basic blocks, width 32."""
    return _resnet((16, 32), (1, 1))


def cnn_image_m() -> StudentDesign:
    """32 px; ResNet of six basic blocks, width 128: a teacher for the one above."""
    return _resnet((32, 64, 128), (2, 2, 2))


def vit_image_s() -> StudentDesign:
    """32 px, 8 px patches (16 and a class token); ViT of two layers, width 48."""
    return _vit_image(48, layers=2, heads=2)


def vit_image_m() -> StudentDesign:
    """32 px, 8 px patches (16 and a class token); ViT of six layers, width 96: a teacher for the one above."""
    return _vit_image(96, layers=6, heads=4)


def _mlp(size: int, *hidden: int) -> StudentDesign:
    vision = {"hidden": list(hidden)}
    image = ImageSpec(size, size, resample="bilinear")
    return StudentDesign(model_type=MLP, vision=vision, text={}, width=hidden[-1], image=image, max_length=0)


def _resnet(widths: tuple[int, ...], depths: tuple[int, ...]) -> StudentDesign:
    vision = {
        "embedding_size": widths[0],
        "hidden_sizes": list(widths),
        "depths": list(depths),
        "layer_type": "basic",
    }
    image = _squeeze(32, channels_last=True)
    return StudentDesign(model_type="resnet", vision=vision, text={}, width=widths[-1], image=image, max_length=0)


def _vit_image(width: int, *, layers: int, heads: int) -> StudentDesign:
    vision = _vit(width, layers=layers, heads=heads, feed_forward=2 * width, image=32, patch=8)
    vision |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return StudentDesign(model_type="vit", vision=vision, text={}, width=width, image=_squeeze(32), max_length=0)


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


def _hybrid(widths: tuple[int, ...], *, heads: int, image: int) -> dict[str, Any]:
    """A ResNet whose map one layer of attention pools: the dual encoder cannot take a ResNet's 4-d output."""
    return {
        "model_type": "dpt",
        "is_hybrid": True,
        "image_size": image,
        "patch_size": 32,
        "hidden_size": widths[-1],
        "num_hidden_layers": 1,
        "num_attention_heads": heads,
        "intermediate_size": 64,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "pooler_output_size": widths[-1],
        "pooler_act": "linear",
        "backbone_out_indices": [0, 0, 0, 0],
        "neck_ignore_stages": [0, 1],
        "backbone_featmap_shape": [1, widths[-1], image // 32, image // 32],
        "backbone_config": {
            "model_type": "resnet",
            "embedding_size": widths[0],
            "hidden_sizes": list(widths),
            "depths": [1] * len(widths),
            "layer_type": "basic",
            "out_features": ["stage2", "stage3", "stage4"],
        },
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
