"""`open_clip:` models: dual encoders of open_clip (an optional extra, which needs torchvision)."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from limbeck.core.errors import ArtefactError, UsageError, nearest
from limbeck.core.scale import LogitScale
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.encoders.pooled import PooledEncoder
from limbeck.encoders.teacher_models import TeacherModels
from limbeck.encoders.text_spec import PROBES


def open_teacher(name: str) -> TeacherModels:
    """Both encoders of an open_clip model: `ARCHITECTURE/WEIGHTS`, or a folder with `open_clip_config.json`.

    torchvision rounds the corner of a centre crop where we cut down, so that a picture with an odd margin is shifted by
    one pixel; and open_clip mends mojibake in texts by ftfy, which we do not.

    Raises:
        UsageError: open_clip is not installed, no such model, or one that cannot be reproduced.
        ArtefactError: the weights cannot be had.
    """
    library = _library()
    folder = Path(name).expanduser()
    architecture, _, weights = name.rpartition("/")
    if folder.is_dir():
        which, options = f"local-dir:{folder}", {}
    elif architecture in library.list_models():
        which, options = architecture, {"pretrained": weights}
    else:
        guess = nearest(architecture or name, library.list_models())
        hint = f"; did you mean 'open_clip:{guess}/{weights}'?" if guess else ""
        raise UsageError(f"open_clip has no model '{name}'; valid: a folder, or ARCHITECTURE/WEIGHTS{hint}")
    try:
        model = library.create_model(
            which, precision="fp32", force_custom_text=True, require_pretrained=True, weights_only=True, **options
        ).eval()
        tokenizer = library.get_tokenizer(which)
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise ArtefactError(f"open_clip could not load '{name}': {reason}") from error
    spec = text_spec(tokenizer, where=name)
    encoders = {
        "image": PooledEncoder(model.visual, spec=image_spec(model.visual.preprocess_cfg, where=name)),
        "text": PooledEncoder(model.text, spec=spec, vocabulary=int(model.text.vocab_size)),
    }
    bias = float(model.logit_bias.detach()) if getattr(model, "logit_bias", None) is not None else 0.0
    scale = LogitScale(float(model.logit_scale.detach().exp()), bias=bias, limit=1000.0).requires_grad_(False)
    return TeacherModels(f"open_clip:{name}", encoders, aligned=True, scale=scale)


def image_spec(config: dict[str, Any], *, where: str) -> ImageSpec:
    """The `ImageSpec` of open_clip's `preprocess_cfg`."""
    size = config["size"]
    height, width = (size, size) if isinstance(size, int) else tuple(size)
    mode, resample = config.get("resize_mode", "shortest"), config.get("interpolation", "bicubic")
    if mode not in ("shortest", "squash") or resample not in ("bilinear", "bicubic") or height != width:
        raise UsageError(
            f"open_clip's '{where}' resizes by {mode}, {resample}, to {height} x {width}; "
            "valid: shortest or squash, bilinear or bicubic, square"
        )
    edge = height if mode == "shortest" else None
    return ImageSpec(height, width, tuple(config["mean"]), tuple(config["std"]), resample, shortest_edge=edge)


def text_spec(tokenizer: Any, *, where: str) -> TextSpec:
    """open_clip's `SimpleTokenizer` as JSON, compared with it on sentences that tell tokenizers apart."""
    if type(tokenizer).__name__ != "SimpleTokenizer":
        raise UsageError(
            f"open_clip's '{where}' uses {type(tokenizer).__name__}; valid: SimpleTokenizer (others: by hf:)"
        )
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    names = {index: token for token, index in tokenizer.encoder.items()}
    start, end = tokenizer.sot_token_id, tokenizer.eot_token_id
    words = Tokenizer(
        models.BPE(vocab=tokenizer.encoder, merges=list(tokenizer.bpe_ranks), end_of_word_suffix="</w>", fuse_unk=False)
    )
    words.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip(), normalizers.Lowercase()]
    )
    pattern = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    words.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    words.post_processor = processors.TemplateProcessing(
        single=f"{names[start]} $A {names[end]}", special_tokens=[(names[start], start), (names[end], end)]
    )
    length = int(tokenizer.context_length)
    for probe in PROBES:
        theirs = tokenizer([probe])[0].tolist()
        ours = words.encode(probe).ids
        if theirs[: len(ours)] != ours or any(theirs[len(ours) :]):
            raise UsageError(f"the tokenizer of open_clip's '{where}' cannot be reproduced: {probe!r} differs")
    return TextSpec(str(words.to_str()), max_length=length, pad_id=0, pad_to=length)


def _library() -> Any:
    try:
        return importlib.import_module("open_clip")
    except ImportError as error:
        raise UsageError(
            f"'open_clip:' models need the package {error.name or 'open_clip'}: pip install 'limbeck[open-clip]'"
        ) from error
