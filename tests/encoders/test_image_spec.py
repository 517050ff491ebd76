from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import AutoImageProcessor

from encoders.worlds import pictures
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.core.spec import ImageSpec
from limbeck.data.views.image import ImageView
from limbeck.encoders.image_spec import image_spec

HALF = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4]}
GOOD = {
    "clip": {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 40}, "crop_size": 32, **HALF},
    "clip of old": {"feature_extractor_type": "CLIPFeatureExtractor", "size": 32, "crop_size": 32, "resample": 3},
    "siglip": {"image_processor_type": "SiglipImageProcessor", "size": {"height": 24, "width": 24}, "resample": 3},
    "vit": {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}, "resample": 2},
    "deit": {
        "image_processor_type": "DeiTImageProcessor",
        "size": {"height": 40, "width": 40},
        "do_center_crop": False,
    },
    "bit": {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 36}, "crop_size": 32},
    "convnext": {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 28}, "crop_pct": 0.875},
    "not normalised": {"image_processor_type": "ViTImageProcessor", "size": 32, "do_normalize": False},
}
BAD = {
    "rescale_factor": {"image_processor_type": "ViTImageProcessor", "rescale_factor": 1 / 127.5},
    "do_resize is off": {"image_processor_type": "ViTImageProcessor", "do_resize": False},
    "do_pad": {"image_processor_type": "ViTImageProcessor", "do_pad": True},
    "its own": {"image_processor_type": "EfficientNetImageProcessor"},
    "resample filter 4": {"image_processor_type": "ViTImageProcessor", "resample": 4},
    "with crop off": {"image_processor_type": "CLIPImageProcessor", "do_center_crop": False},
}


def write(folder: Path, values: dict[str, Any]) -> Path:
    (folder / "preprocessor_config.json").write_text(json.dumps(values))
    return folder


@pytest.mark.parametrize("name", GOOD)
def test_our_view_gives_their_pixels_bit_for_bit(name: str, tmp_path: Path) -> None:
    folder = write(tmp_path, GOOD[name])
    view = ImageView(image_spec(folder))
    ours = view.collate([view.prepare(picture) for picture in pictures()])["pixel_values"]
    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    theirs = processor(pictures(), return_tensors="np")["pixel_values"]
    assert np.array_equal(ours.numpy(), theirs)


def test_by_hand(tmp_path: Path) -> None:
    spec = image_spec(write(tmp_path, GOOD["clip"]))
    assert spec == ImageSpec(32, 32, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4), "bicubic", shortest_edge=40)


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_reproduced_is_named(what: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        image_spec(write(tmp_path, BAD[what]))
    assert what in str(error.value)
    assert BAD[what]["image_processor_type"] in str(error.value)


def test_no_preprocessing_at_all(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="no image preprocessing"):
        image_spec(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text("{ not json")
    with pytest.raises(ArtefactError, match="no image preprocessing"):
        image_spec(tmp_path)
