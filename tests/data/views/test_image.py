from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from data.made import encoded, picture
from limbeck.core.errors import UsageError
from limbeck.core.spec import ImageSpec
from limbeck.data.images import decode_image
from limbeck.data.views.image import ImageView

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
SIZES = [(1, 1), (7, 5), (63, 64), (64, 64), (65, 200), (200, 65), (333, 127), (640, 480), (3, 500)]
MODES = ["RGB", "L", "RGBA", "P", "LA", "CMYK", "1"]


def floats(view: ImageView, image: Image.Image) -> torch.Tensor:
    return view.collate([view.prepare(image)])["pixel_values"][0]


def check(processor: object, spec: ImageSpec, image: Image.Image, original: Image.Image) -> None:
    expected = processor(images=original, return_tensors="pt")["pixel_values"][0]  # type: ignore[operator]
    found = floats(ImageView(spec), image)
    assert found.dtype == expected.dtype == torch.float32
    assert torch.equal(found, expected)


@pytest.mark.parametrize("size", SIZES)
def test_floats_equal_clip_processor(size: tuple[int, int]) -> None:
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    image = picture(3, size)
    for edge, crop in ((64, (64, 64)), (72, (64, 64)), (50, (64, 64)), (33, (64, 20))):
        processor = CLIPImageProcessorPil(
            size={"shortest_edge": edge}, crop_size={"height": crop[0], "width": crop[1]},
            image_mean=list(CLIP_MEAN), image_std=list(CLIP_STD),
        )  # fmt: skip
        check(processor, ImageSpec(*crop, CLIP_MEAN, CLIP_STD, "bicubic", edge), image, image)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("resample", "code"), [("bilinear", 2), ("bicubic", 3), ("lanczos", 1), ("nearest", 0)])
def test_floats_equal_vit_processor(size: tuple[int, int], resample: str, code: int) -> None:
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    image = picture(4, size)
    processor = ViTImageProcessorPil(size={"height": 48, "width": 64}, resample=code)
    check(processor, ImageSpec(48, 64, resample=resample), image, image)


@pytest.mark.parametrize("mode", MODES)
def test_floats_equal_clip_processor_in_every_mode(mode: str) -> None:
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    image = picture(5, (90, 70), mode)
    if "A" in mode:
        image.putalpha(picture(6, (90, 70), "L"))
    processor = CLIPImageProcessorPil(
        size={"height": 64, "width": 64}, do_center_crop=False, image_mean=list(CLIP_MEAN), image_std=list(CLIP_STD)
    )
    check(processor, ImageSpec(64, 64, CLIP_MEAN, CLIP_STD), decode_image(image), image)


def test_one_value_by_hand() -> None:
    view = ImageView(ImageSpec(1, 1, (0.5, 0.5, 0.5), (0.25, 0.5, 1.0)))
    found = floats(view, Image.new("RGB", (3, 3), (255, 0, 51)))
    assert found.flatten().tolist() == pytest.approx([2.0, -1.0, -0.3])


def test_absent_rows_are_zeros_and_the_others_do_not_move() -> None:
    view = ImageView(ImageSpec(16, 16))
    row = view.prepare(encoded(picture(1)))
    values = view.collate([None, row, None])["pixel_values"]
    assert not values[0].any()
    assert not values[2].any()
    assert torch.equal(values[1], view.collate([row])["pixel_values"][0])
    assert view.collate([None, None])["pixel_values"].shape == (2, 3, 16, 16)


def test_prepared_pixels_are_small_and_not_changed_by_collate() -> None:
    view = ImageView(ImageSpec(16, 16))
    row = view.prepare(picture(1))
    before = row["pixels"].clone()
    view.collate([row, row])
    assert row["pixels"].dtype == torch.uint8
    assert row["pixels"].shape == (3, 16, 16)
    assert torch.equal(row["pixels"], before)


def test_memory_format_changes_no_value_and_no_fingerprint() -> None:
    plain, last = (ImageView(ImageSpec(16, 16, channels_last=flag)) for flag in (False, True))
    rows = [plain.prepare(picture(number)) for number in range(3)]
    first, second = plain.collate(rows)["pixel_values"], last.collate(rows)["pixel_values"]
    assert torch.equal(first, second)
    assert second.is_contiguous(memory_format=torch.channels_last)
    assert plain.fingerprint() == last.fingerprint()


def test_fingerprint_knows_every_value_that_matters() -> None:
    base = ImageSpec(16, 16)
    others = [
        ImageSpec(17, 16), ImageSpec(16, 17), ImageSpec(16, 16, mean=(0.5, 0.5, 0.4)),
        ImageSpec(16, 16, std=(0.5, 0.5, 0.4)), ImageSpec(16, 16, resample="bilinear"),
        ImageSpec(16, 16, shortest_edge=16),
    ]  # fmt: skip
    assert len({ImageView(spec).fingerprint() for spec in [base, *others]}) == 7


def test_a_sliver_does_not_fill_the_memory() -> None:
    view = ImageView(ImageSpec(224, 224, shortest_edge=224))
    image = Image.new("RGB", (1, 20_000), (200, 10, 30))
    pixels = view.prepare(image)["pixels"]
    assert pixels.shape == (3, 224, 224)
    assert np.array_equal(np.unique(pixels[0].numpy()), [200])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (ImageSpec(16, 16, resample="bicubik"), "did you mean 'bicubic'"),
        (ImageSpec(0, 16), "at least 1 pixel"),
        (ImageSpec(16, 16, std=(1.0, 0.0, 1.0)), "positive deviations"),
    ],
)
def test_wrong_specs_are_refused(spec: ImageSpec, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ImageView(spec)
