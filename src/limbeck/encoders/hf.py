"""`hf:` models: folders and hub names of `transformers`, dual or unimodal, as `Encoder`s."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import nn

from limbeck.core.encoder import Encoder
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.core.scale import LogitScale
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.encoders.hf_image import HFImageEncoder
from limbeck.encoders.hf_text import HFTextEncoder
from limbeck.encoders.hub import locate
from limbeck.encoders.image_spec import image_spec
from limbeck.encoders.pooling import Pooling, cls_pooling, mean_pooling, model_pooling
from limbeck.encoders.quiet import quiet
from limbeck.encoders.teacher_models import TeacherModels
from limbeck.encoders.text_spec import text_spec

_SIGLIP = "siglip"


def open_teacher(name: str) -> TeacherModels:
    """The encoders of one `transformers` folder or hub name.

    A dual encoder (CLIP, SigLIP, VisionTextDualEncoder, ...) gives two aligned encoders; a vision or text model gives
    one, pooled by the model's own `pooler_output` (vision; else the first token) or by the mean over tokens (text).

    Raises:
        UsageError: no such model, or one whose preprocessing cannot be reproduced.
        ArtefactError: weights that are missing, damaged, or not safetensors.
    """
    folder = locate(name)
    model, missing = open_model(folder)
    if hasattr(model, "get_image_features") and hasattr(model, "get_text_features"):
        if missing:
            raise ArtefactError(f"{folder} lacks the weights of {_some(missing)}; the model would be partly random")
        encoders = dual_encoders(model, image=image_spec(folder), text=text_spec_for(model.config, folder))
        return TeacherModels(f"hf:{name}", encoders, aligned=True, scale=_scale_of(model))
    unpooled = bool(missing) and all(key.startswith("pooler.") for key in missing)
    if missing and not unpooled:
        raise ArtefactError(f"{folder} lacks the weights of {_some(missing)}; the model would be partly random")
    encoder: Encoder
    if model.main_input_name == "pixel_values":
        encoder = HFImageEncoder(model, spec=image_spec(folder), pooling=_image_pooling(model, unpooled))
    elif model.main_input_name == "input_ids":
        encoder = HFTextEncoder(model, spec=text_spec_for(model.config, folder), pooling=mean_pooling)
    else:
        raise UsageError(
            f"{folder} holds a {type(model).__name__}, which eats {model.main_input_name}; "
            "valid: image models, text models and dual encoders"
        )
    return TeacherModels(f"hf:{name}", {encoder.modality: encoder}, aligned=False)


def open_model(folder: Path) -> tuple[Any, list[str]]:
    """The model of a folder in eval mode and float32, and the names of weights that the folder lacks."""
    from transformers import AutoModel

    if not any(folder.glob("*.safetensors")):
        raise ArtefactError(f"{folder} has no *.safetensors; pickled weights are never opened: convert them")
    try:
        with quiet():
            model, info = AutoModel.from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                dtype=torch.float32,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # they are refused below, by name
            )
    except Exception as error:  # a damaged file raises whatever the reader met first
        raise ArtefactError(f"{folder} cannot be opened as a transformers model: {_reason(error)}") from error
    if info["mismatched_keys"] or info["error_msgs"]:
        wrong = _some([str(key[0]) for key in info["mismatched_keys"]]) or str(info["error_msgs"][0])[:160]
        raise ArtefactError(f"{folder} holds weights of another shape than its config.json says: {wrong}")
    return model.eval(), sorted(info["missing_keys"])


def dual_encoders(model: Any, *, image: ImageSpec, text: TextSpec) -> dict[str, Encoder]:
    """Image and text encoder of one dual model, sharing its modules and no parameter with each other.

    Raises:
        UsageError: the model's own `get_*_features` does something else than tower and projection.
    """
    lacks = [name for name in ("vision_model", "text_model") if not isinstance(getattr(model, name, None), nn.Module)]
    if lacks:
        raise UsageError(f"{type(model).__name__} has no {' and no '.join(lacks)}; valid: CLIP, SigLIP and alike")
    reads_mask = not model.config.model_type.startswith(_SIGLIP)
    images = HFImageEncoder(model.vision_model, spec=image, head=getattr(model, "visual_projection", None))
    texts = HFTextEncoder(
        model.text_model, spec=text, head=getattr(model, "text_projection", None), reads_mask=reads_mask
    )
    _check_parity(model, images, texts)
    return {"image": images, "text": texts}


def text_spec_for(config: Any, folder: Path) -> TextSpec:
    """The `TextSpec` of a folder whose configuration is known."""
    own = getattr(config, "text_config", config)
    longest = int(getattr(own, "max_position_embeddings", 0) or 512)
    if own.model_type in ("roberta", "xlm-roberta", "camembert", "mpnet"):  # their positions start after the padding id
        longest -= int(own.pad_token_id or 0) + 1
    siglip = config.model_type.startswith(_SIGLIP)
    return text_spec(folder, longest=longest, pad_to_longest=siglip, lowercase=config.model_type == "siglip2")


def _image_pooling(model: Any, unpooled: bool) -> Pooling:
    """The model's own pooling where its weights are there, else the first token (ViT) or the mean (feature maps)."""
    size = getattr(model.config, "image_size", None) or 224
    height, width = (size, size) if isinstance(size, int) else tuple(size)[-2:]
    with torch.no_grad():
        found = model(pixel_values=torch.zeros(1, 3, height, width))
    if found.get("pooler_output") is not None and not unpooled:
        return model_pooling
    return mean_pooling if found.last_hidden_state.ndim == 4 else cls_pooling


def _check_parity(model: Any, images: HFImageEncoder, texts: HFTextEncoder) -> None:
    training = model.training
    model.eval()
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randn(2, 3, images.spec.height, images.spec.width, generator=generator)
    length = texts.spec.pad_to or min(4, texts.spec.max_length)
    ids = torch.randint(0, texts.vocabulary or 1, (2, length), generator=generator)
    mask = torch.ones_like(ids)
    with torch.no_grad():
        for theirs, ours in (
            (model.get_image_features(pixel_values=pixels), images({"pixel_values": pixels})),
            (model.get_text_features(input_ids=ids), texts({"input_ids": ids, "attention_mask": mask})),
        ):
            if ours.pooled is None or not torch.allclose(theirs.pooler_output, ours.pooled, atol=1e-5, rtol=1e-4):
                raise UsageError(
                    f"{type(model).__name__} does more than tower and projection; valid: CLIP, SigLIP and alike"
                )
    model.train(training)
    images.train(training)
    texts.train(training)


def _scale_of(model: Any) -> LogitScale | None:
    value = getattr(model, "logit_scale", None)
    if value is None:
        return None
    bias = getattr(model, "logit_bias", None)
    scale = float(value.detach().exp())
    offset = 0.0 if bias is None else float(bias.detach())
    if not math.isfinite(scale):
        return None
    return LogitScale(scale, bias=offset, limit=max(100.0, scale)).requires_grad_(False)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).strip() or 'no reason given').splitlines()[0][:200]}"
