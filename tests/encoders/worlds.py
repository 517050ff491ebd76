"""Small models of every kind that we open, saved as `transformers` saves them. SYNTHETIC weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from limbeck.core.encoder import Encoder
from limbeck.encoders.quiet import quiet
from limbeck.encoders.words import train_tokenizer

CAPTIONS = ["a red cat on a mat", "somewhere to sleep", "two dogs, one ball", "3 blue circles"]


def words(size: int = 320) -> str:
    return train_tokenizer(CAPTIONS * 3, size=size)


def pictures(count: int = 3) -> list[Image.Image]:
    draw = np.random.default_rng(0)
    sizes = [(40, 40), (25, 61), (90, 33), (32, 32)]
    return [Image.fromarray(draw.integers(0, 255, (*sizes[i % 4], 3), dtype=np.uint8)) for i in range(count)]


def tokenizer(max_length: int = 16) -> Any:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(words()),
        pad_token="[PAD]",
        unk_token="[UNK]",
        model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"],
    )


def shake(model: torch.nn.Module) -> None:
    """Move every weight off its initial value, so that a part that is never used cannot hide."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))


def config(kind: str) -> Any:
    from transformers import AutoConfig

    vision = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 32,
        "patch_size": 8,
    }
    text = {
        "vocab_size": 320,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": 16,
        "pad_token_id": 0,
        "attention_dropout": 0.0,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }
    conv = {"hidden_sizes": [8, 16], "depths": [1, 1], "num_stages": 2, "image_size": 32, "hidden_size": 16}
    made = {
        "clip": {"vision_config": vision, "text_config": {**text, "eos_token_id": 3}, "projection_dim": 12},
        "siglip": {"vision_config": vision, "text_config": {**text, "projection_size": 16}},
        "vision-text-dual-encoder": {
            "vision_config": {"model_type": "convnextv2", **conv},
            "text_config": {"model_type": "bert", **text},
            "projection_dim": 12,
        },
        "vit": vision,
        "convnext": conv,
        "resnet": {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "layer_type": "basic"},
        "bert": text,
    }
    return AutoConfig.for_model(kind, **made[kind])


def folder(kind: str, path: Path, *, processor: bool = True) -> Path:
    """A folder of one kind with weights, tokenizer and preprocessing."""
    from transformers import AutoModel
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    with quiet():
        torch.manual_seed(0)
        model = AutoModel.from_config(config(kind))
        shake(model)
        model.save_pretrained(path)
        if processor and kind != "bert":
            CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(
                path
            )
        if processor and kind in ("clip", "siglip", "vision-text-dual-encoder", "bert"):
            tokenizer().save_pretrained(path)
    return path


def view(encoder: Encoder, n: int = 3) -> dict[str, Tensor]:
    """What an encoder eats, from real pictures and captions, through our own views."""
    from limbeck.data.view_for import view_for

    values = pictures(n) if encoder.modality == "image" else [CAPTIONS[i % len(CAPTIONS)] for i in range(n)]
    maker = view_for(encoder.spec)
    return dict(maker.collate([maker.prepare(value) for value in values]))
