"""open_clip needs torchvision, which the core does without: what needs open_clip itself runs where both are."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from encoders.worlds import pictures
from limbeck.core.errors import UsageError
from limbeck.core.spec import ImageSpec
from limbeck.data.view_for import view_for
from limbeck.encoders.open_clip import image_spec, open_teacher, text_spec

PICTURES = {"size": 32, "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6], "interpolation": "bicubic"}
TEXTS = ["a photo of a CAT, 2 dogs!", "word " * 50]


def test_preprocessing_by_hand() -> None:
    expected = ImageSpec(32, 32, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6), "bicubic", shortest_edge=32)
    assert image_spec(PICTURES, where="x") == expected
    assert image_spec({**PICTURES, "resize_mode": "squash", "size": (32, 32)}, where="x").shortest_edge is None


@pytest.mark.parametrize("change", [{"resize_mode": "longest"}, {"interpolation": "random"}, {"size": (32, 16)}])
def test_what_cannot_be_reproduced_is_named(change: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="open_clip's 'x' resizes by .*valid: "):
        image_spec({**PICTURES, **change}, where="x")
    with pytest.raises(UsageError, match="open_clip's 'x' uses object; valid: SimpleTokenizer"):
        text_spec(object(), where="x")


def test_without_open_clip_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(UsageError, match=r"pip install 'limbeck\[open-clip\]'"):
        open_teacher("ViT-B-32/openai")


def test_a_folder_answers_what_open_clip_answers(tmp_path: Path) -> None:
    library = pytest.importorskip("open_clip", exc_type=ImportError)
    text = {"context_length": 20, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 1}
    vision = {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16}
    config = {"embed_dim": 32, "vision_cfg": vision, "text_cfg": text}
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": PICTURES}))
    model = library.CLIP(**config).eval()
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, tmp_path / "open_clip_model.safetensors")
    teacher = open_teacher(str(tmp_path))
    views = {modality: view_for(encoder.spec) for modality, encoder in teacher.encoders.items()}
    ids = views["text"].collate([views["text"].prepare(value) for value in TEXTS])
    theirs = library.get_tokenizer(f"local-dir:{tmp_path}")(TEXTS)
    assert torch.equal(ids["input_ids"], theirs)
    pixels = views["image"].collate([views["image"].prepare(value) for value in pictures()])
    with torch.no_grad():
        image, words = model.encode_image(pixels["pixel_values"]), model.encode_text(theirs)
        assert torch.allclose(teacher.encoders["image"](pixels)["pooled"], image, atol=1e-5)
        assert torch.allclose(teacher.encoders["text"](ids)["pooled"], words, atol=1e-5)
    assert teacher.aligned
    with pytest.raises(UsageError, match="did you mean 'open_clip:ViT-B-32/openai'"):
        open_teacher("ViT-B-33/openai")
