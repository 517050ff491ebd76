"""`image_spec`: a folder's own picture preprocessing as an `ImageSpec`, or an error that names what is in the way."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from limbeck.core.errors import ArtefactError, UsageError
from limbeck.core.spec import ImageSpec
from limbeck.encoders.quiet import quiet

RESAMPLE = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
_STEPS = ("_preprocess", "resize", "center_crop", "rescale", "normalize", "pad", "convert_to_rgb", "process_image")


def image_spec(folder: Path) -> ImageSpec:
    """Read `preprocessor_config.json` (or `processor_config.json`) of a model folder.

    The class that the folder names is asked, so that its defaults are known; a class whose steps differ from resize,
    centre crop, rescale, normalise is refused rather than approximated.

    Raises:
        ArtefactError: the folder has no readable preprocessing.
        UsageError: preprocessing that a view cannot reproduce, named.
    """
    from transformers import AutoImageProcessor

    try:
        with quiet():
            processor = AutoImageProcessor.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, backend="pil"
            )
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        raise ArtefactError(f"{folder} has no image preprocessing that can be read: {reason}") from error
    return spec_of(processor, where=str(folder))


def spec_of(processor: Any, *, where: str) -> ImageSpec:
    """The `ImageSpec` of a `transformers` image processor."""
    name = type(processor).__name__.removesuffix("Pil")

    def refuse(what: str) -> UsageError:
        return UsageError(
            f"{name} of {where} cannot be reproduced: {what}; valid: resize, centre crop, rescale by 1/255, normalise"
        )

    crop_pct = _crop_share(processor)
    if crop_pct is None and (changed := _changed_steps(processor)):
        raise refuse(f"it has its own {', '.join(changed)}")
    if getattr(processor, "do_pad", None):
        raise refuse("do_pad is on")
    if not processor.do_rescale or not math.isclose(processor.rescale_factor, 1 / 255, rel_tol=1e-6):
        raise refuse(f"rescale_factor is {processor.rescale_factor if processor.do_rescale else 'off'}")
    if not processor.do_resize:
        raise refuse("do_resize is off")
    resample = RESAMPLE.get(int(processor.resample))
    if resample is None:
        raise refuse(f"resample filter {processor.resample}")
    mean: tuple[float, ...] = (0.0,) * 3
    std: tuple[float, ...] = (1.0,) * 3
    if processor.do_normalize:
        mean, std = _triple(processor.image_mean), _triple(processor.image_std)
    size, crop = dict(processor.size), dict(processor.crop_size or {}) if processor.do_center_crop else {}
    shortest = size.get("shortest_edge")
    if shortest is not None and crop_pct is not None:  # ConvNeXT: crop below 384 pixels, squeeze from there on
        edge = int(shortest / crop_pct) if shortest < 384 else None
        return ImageSpec(shortest, shortest, mean, std, resample, shortest_edge=edge)
    if shortest is not None and crop and not size.get("longest_edge"):
        return ImageSpec(crop["height"], crop["width"], mean, std, resample, shortest_edge=shortest)
    if size.get("height") and size.get("width") and crop in ({}, {"height": size["height"], "width": size["width"]}):
        return ImageSpec(size["height"], size["width"], mean, std, resample)
    raise refuse(f"size {size} with crop {crop or 'off'}")


def _crop_share(processor: Any) -> float | None:
    return float(processor.crop_pct) if type(processor).__name__.startswith("ConvNextImageProcessor") else None


def _changed_steps(processor: Any) -> list[str]:
    from transformers.image_processing_backends import PilBackend

    return [step for step in _STEPS if getattr(type(processor), step, None) is not getattr(PilBackend, step)]


def _triple(value: Any) -> tuple[float, ...]:
    return tuple(float(item) for item in value) if isinstance(value, list | tuple) else (float(value),) * 3
