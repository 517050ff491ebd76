from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch

from limbeck.encoders import student_presets as presets
from limbeck.encoders.student import make_student
from limbeck.encoders.student import student_presets as found


def test_every_size_of_every_family_is_found() -> None:
    dual = {
        "resnet-s",
        "resnet-xs",
        "conv-s",
        "conv-m",
        "conv-l",
        "vit-xs",
        "vit-xm",
        "vit-s",
        "vit-m",
        "vit-l",
        "vit-192",
    }
    pictures = {f"{family}-image-{size}" for family in ("mlp", "cnn", "vit") for size in "sm"}
    assert set(found()) == dual | pictures


@pytest.mark.parametrize("name", ["resnet-s", "conv-s", "vit-s"])
def test_the_demos_sizes(name: str) -> None:
    student = make_student(name)
    assert student.parameters["image"] <= 1_000_000
    assert student.parameters["text"] <= 4_500_000
    assert student.encoders["image"].spec.height == 64


def test_the_towers_of_the_speed_benchmark() -> None:
    design = presets.vit_192()
    assert [design.vision[k] for k in ("hidden_size", "num_hidden_layers", "patch_size")] == [192, 6, 8]
    assert (design.text["hidden_size"], design.text["num_hidden_layers"], design.max_length) == (192, 3, 32)
    assert make_student("vit-192").encoders["text"].vocabulary == 30522


def test_parameter_counts_are_what_the_docstrings_say() -> None:
    for name in ("resnet-s", "conv-s", "conv-m", "vit-s", "vit-192"):
        said = re.search(r"image ([\d.]+) M.*text ([\d.]+) M", str(getattr(presets, name.replace("-", "_")).__doc__))
        counted = make_student(name).parameters
        assert said is not None
        assert [float(said[1]), float(said[2])] == pytest.approx([n / 1e6 for n in counted.values()], rel=0.02)


def test_sizes_grow_and_fit_their_views() -> None:
    for family in ("conv", "vit"):
        widths = [found()[f"{family}-{size}"]().width for size in "sml"]
        assert widths == sorted(set(widths))
    for make in found().values():
        design = make()
        assert design.image.height == design.image.width == design.vision.get("image_size", design.image.width)
        assert design.text.get("max_position_embeddings", 0) == design.max_length


def test_batch_statistics_are_averaged_over_batches(tmp_path: Path) -> None:
    """MobileNet's own momentum would keep nothing but the last batch."""
    vision = {"model_type": "mobilenet_v1", "depth_multiplier": 0.25, "image_size": 32, "hidden_size": 256}
    text = {"model_type": "bert", "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    plain = {"model_type": presets.DUAL, "vision_config": vision, "text_config": text, "projection_dim": 16}
    (tmp_path / "config.json").write_text(json.dumps(plain))
    model = make_student(f"hf:{tmp_path / 'config.json'}").model
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms
    assert {norm.momentum for norm in norms} == {0.1}


def test_a_resnets_map_reaches_its_pooled_output_from_the_first_step() -> None:
    """A class token that starts as noise would hardly tell one picture from another."""
    encoder = make_student("resnet-s").encoders["image"].eval()
    pictures = torch.randn(6, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    found = encoder({"pixel_values": pictures}, want=("pooled", "hidden.0"))
    mean = found["hidden.0"][:, 1:].mean(1)
    distances = [torch.cdist(rows, rows).flatten() for rows in (mean, found["pooled"])]
    assert torch.corrcoef(torch.stack(distances))[0, 1] > 0.9
