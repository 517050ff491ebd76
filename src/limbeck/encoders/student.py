"""`make_student`: a small encoder, dual or for pictures alone, with fresh weights."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from limbeck.core.artefact import read_json
from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError, unknown
from limbeck.core.scale import LogitScale
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.encoders.start_as_mean import start_as_mean
from limbeck.encoders.student_design import MLP, StudentDesign
from limbeck.encoders.text_spec import bare
from limbeck.encoders.words import choose_tokenizer

_DUAL = ("clip", "siglip", "vision-text-dual-encoder")


@dataclass(frozen=True)
class Student:
    """Encoders that train.

    Args:
        name: preset or `hf:CONFIG`.
        model: what is saved in the end (a `transformers` model, or an encoder of our own); the encoders share its
            modules.
        encoders: `image` and `text`, or `image` alone; their parameters do not overlap.
        scale: the learned temperature; written into the model when it is saved.
    """

    name: str
    model: nn.Module
    encoders: Mapping[str, Encoder]
    scale: LogitScale

    @property
    def parameters(self) -> dict[str, int]:
        """Modality -> number of parameters of its tower, projection and embeddings included."""
        return {name: sum(p.numel() for p in encoder.parameters()) for name, encoder in self.encoders.items()}


def make_student(name: str, *, width: int | None = None, tokenizer: str | None = None, seed: int = 0) -> Student:
    """A student with fresh weights; the same arguments give the same weights, bit for bit.

    Args:
        name: a preset (`conv-s`, `vit-m`, ...) or `hf:CONFIG`, a folder or JSON file with a CLIP, SigLIP or
            VisionTextDualEncoder configuration.
        width: of the shared space; None takes the design's. A student of pictures alone has a width of its own: what
            brings it to another is a part of the recipe.
        tokenizer: JSON of the `tokenizers` library; None takes the folder's own (`hf:`), else MiniLM's.
        seed: of the weights. The caller's random state is left alone.

    Raises:
        UsageError: an unknown name (with the nearest valid one), or a tokenizer that the design cannot take.
    """
    from transformers import AutoConfig, AutoModel

    design, own = _design(name)
    if not design.text:
        return _of_pictures(name, design, seed=seed)
    words = bare(tokenizer or own or choose_tokenizer())
    spec = _text_spec(words, design)
    if width is not None and width < 1:
        raise UsageError(f"student '{name}' was asked for a width of {width}; valid: 1 and more")
    plain = {
        "vision_config": dict(design.vision),
        "text_config": {**design.text, **_text_fields(words, design)},
        "projection_dim": width or design.width,
    }
    from limbeck.encoders.hf import dual_encoders
    from limbeck.encoders.quiet import quiet

    try:
        with quiet(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = AutoModel.from_config(AutoConfig.for_model(design.model_type, **plain))
            start_as_mean(model.text_model)
            if model.config.vision_config.model_type == "dpt":
                start_as_mean(model.vision_model)
    except (TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"student '{name}' cannot be built: {str(error).strip().splitlines()[0][:200]}") from error
    if design.image.channels_last:
        model.vision_model.to(memory_format=torch.channels_last)
    _quick_statistics(model)
    encoders = dual_encoders(model, image=design.image, text=spec)
    model.train()
    for encoder in encoders.values():
        encoder.train()
    return Student(name, model, encoders, LogitScale())


def _of_pictures(name: str, design: StudentDesign, *, seed: int) -> Student:
    """An image tower without text: its own pooled output is what there is."""
    from transformers import AutoConfig, AutoModel

    from limbeck.encoders.hf_image import HFImageEncoder
    from limbeck.encoders.mlp_image import MLPImageEncoder
    from limbeck.encoders.quiet import quiet

    encoder: Encoder
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if design.model_type == MLP:
            model: Any = MLPImageEncoder(design.image.height, hidden=design.vision["hidden"])
            encoder = model
        else:
            model = AutoModel.from_config(AutoConfig.for_model(design.model_type, **design.vision))
            if design.image.channels_last:
                model.to(memory_format=torch.channels_last)
            encoder = HFImageEncoder(model, spec=design.image)
    _quick_statistics(model)
    model.train()
    encoder.train()
    return Student(name, model, {"image": encoder}, LogitScale())


def _quick_statistics(model: nn.Module) -> None:
    # MobileNet's 0.9997 was meant for TensorFlow, where momentum is the share that stays: here one batch rules.
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 0.1


def student_presets() -> dict[str, Callable[[], StudentDesign]]:
    """Preset -> function: what `student_presets` defines."""
    module = importlib.import_module("limbeck.encoders.student_presets")
    return {
        name.replace("_", "-"): value
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__annotations__.get("return") == "StudentDesign" and name[0] != "_"
    }


def _design(name: str) -> tuple[StudentDesign, str | None]:
    """The design and, for a folder that holds one, its tokenizer."""
    prefix, colon, rest = name.partition(":")
    if not colon:
        valid = student_presets()
        if name not in valid:
            raise UsageError(unknown("student", name, (*valid, "hf:CONFIG")))
        return valid[name](), None
    if prefix != "hf":
        raise UsageError(unknown("student prefix", f"{prefix}:", ("hf:",)))
    return _from_config(rest)


def _from_config(name: str) -> tuple[StudentDesign, str | None]:
    from transformers import AutoConfig

    from limbeck.encoders.hub import locate
    from limbeck.encoders.image_spec import image_spec
    from limbeck.encoders.text_spec import text_spec

    path = Path(name).expanduser()
    folder = path if path.is_file() else locate(name)
    plain = read_json(folder if folder.is_file() else folder / "config.json", kind="model configuration")
    kind = plain.get("model_type", "") if isinstance(plain, dict) else ""
    if kind not in _DUAL:
        raise UsageError(unknown("model_type", str(kind), _DUAL, where=str(folder)))
    try:
        config = AutoConfig.for_model(**plain)
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise UsageError(f"{folder} is not a {kind} configuration: {reason}") from error
    size = int(config.vision_config.image_size)
    image, words = ImageSpec(size, size), None
    longest = int(config.text_config.max_position_embeddings)
    if folder.is_dir():
        if any((folder / file).is_file() for file in ("preprocessor_config.json", "processor_config.json")):
            image = image_spec(folder)
        if (folder / "tokenizer.json").is_file():
            words = text_spec(folder, longest=longest).tokenizer
    image = replace(image, channels_last="conv" in config.vision_config.model_type)
    design = StudentDesign(
        model_type=kind,
        vision=config.vision_config.to_dict(),
        text=config.text_config.to_dict(),
        width=int(getattr(config, "projection_dim", None) or config.text_config.hidden_size),
        image=image,
        max_length=longest,
    )
    return design, words


def _text_spec(words: str, design: StudentDesign) -> TextSpec:
    from tokenizers import Tokenizer

    library = Tokenizer.from_str(words)
    siglip = design.model_type == "siglip"
    return TextSpec(
        words,
        max_length=design.max_length,
        pad_id=pad_id(library),
        pad_to=design.max_length if siglip else None,
    )


def pad_id(library: Any) -> int:
    """The id that fills short rows: the token that is called padding, else id 0."""
    for token in ("[PAD]", "<pad>", "<|padding|>", "<|endoftext|>", "</s>"):
        found = library.token_to_id(token)
        if found is not None:
            return int(found)
    return 0


def _text_fields(words: str, design: StudentDesign) -> dict[str, int]:
    """What the text configuration has to know of the tokenizer: size, padding and, for CLIP, the end of a text."""
    from tokenizers import Tokenizer

    library = Tokenizer.from_str(words)
    largest = max(library.get_vocab(with_added_tokens=True).values()) + 1
    size = max(largest, int(design.text.get("vocab_size") or 0))
    fields = {"vocab_size": size, "pad_token_id": pad_id(library)}
    if design.model_type != "clip":
        return fields
    frame = library.encode("").ids
    if not frame or frame[-1] == 2:
        raise UsageError(
            "a CLIP student finds the end of a text by its end token, and this tokenizer "
            + ("has the end id 2, which transformers reads as another format" if frame else "adds none")
            + "; valid: a conv-* student, or a tokenizer with [SEP] or <|endoftext|>"
        )
    return {**fields, "bos_token_id": frame[0], "eos_token_id": frame[-1]}
