"""`timm:` models: image encoders of timm (an optional extra, which needs torchvision)."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from typing import Any

from limbeck.core.errors import ArtefactError, UsageError, nearest
from limbeck.core.spec import ImageSpec
from limbeck.encoders.pooled import PooledEncoder
from limbeck.encoders.teacher_models import TeacherModels

RESAMPLES = ("nearest", "bilinear", "bicubic", "lanczos")


def open_teacher(name: str) -> TeacherModels:
    """The image encoder `name` with timm's pretrained weights: its pooled features before the classifier.

    Preprocessing is the model's own: shorter side to size / crop_pct, centre crop. torchvision rounds the crop's corner
    where we cut down, so that a picture with an odd margin is shifted by one pixel.

    Raises:
        UsageError: timm is not installed, has no such model, or one whose preprocessing cannot be reproduced.
        ArtefactError: the weights cannot be had.
    """
    library = _library()
    if not library.is_model(name):
        guess = nearest(name.partition(".")[0], library.list_models())
        hint = f"; did you mean 'timm:{guess}'?" if guess else "; valid: see timm.list_models()"
        raise UsageError(f"timm has no model '{name}'{hint}")
    try:
        model = library.create_model(name, pretrained=True, num_classes=0)
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        raise ArtefactError(f"timm could not load the weights of '{name}': {reason}") from error
    encoder = PooledEncoder(model.eval(), spec=spec_of(model.pretrained_cfg, name=name))
    return TeacherModels(f"timm:{name}", {"image": encoder}, aligned=False)


def spec_of(config: Mapping[str, Any], *, name: str) -> ImageSpec:
    """The `ImageSpec` of timm's `pretrained_cfg`."""
    channels, height, width = config["input_size"]
    resample = config.get("interpolation") or "bicubic"
    mode = config.get("crop_mode") or "center"
    if channels != 3 or resample not in RESAMPLES or mode not in ("center", "squash"):
        raise UsageError(
            f"timm's '{name}' eats {channels} channels, resampled by {resample}, crop {mode}; "
            f"valid: 3 channels, {', '.join(RESAMPLES)}, center or squash"
        )
    share = float(config.get("crop_pct") or 0.875)
    if mode == "squash" and share == 1.0:
        edge = None
    elif height == width and mode == "center":
        edge = math.floor(height / share)
    else:
        raise UsageError(f"timm's '{name}' crops {height} x {width} by {share} in mode {mode}; valid: a square crop")
    mean, std = tuple(config["mean"]), tuple(config["std"])
    return ImageSpec(height, width, mean, std, resample, shortest_edge=edge)


def _library() -> Any:
    try:
        return importlib.import_module("timm")
    except ImportError as error:
        raise UsageError(
            f"'timm:' models need the package {error.name or 'timm'}: pip install 'limbeck[timm]'"
        ) from error
