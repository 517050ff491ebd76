from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoProcessor

from encoders.worlds import CAPTIONS, folder, pictures, view
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.encoders.hf import open_model, open_teacher
from limbeck.encoders.pooling import cls_pooling, mean_pooling, model_pooling


@pytest.mark.parametrize("kind", ["clip", "siglip", "vision-text-dual-encoder"])
def test_dual_encoders_answer_what_transformers_answers(kind: str, tmp_path: Path) -> None:
    path = folder(kind, tmp_path)
    teacher = open_teacher(str(path))
    assert teacher.aligned
    assert list(teacher.encoders) == ["image", "text"]
    model, processor = AutoModel.from_pretrained(path).eval(), AutoProcessor.from_pretrained(path)
    padding = "max_length" if kind == "siglip" else True
    batch = processor(text=CAPTIONS, images=pictures(), padding=padding, return_tensors="pt")
    masks = {} if kind == "siglip" else {"attention_mask": batch["attention_mask"]}
    with torch.no_grad():
        image = model.get_image_features(pixel_values=batch["pixel_values"]).pooler_output
        text = model.get_text_features(input_ids=batch["input_ids"], **masks).pooler_output
        ours = teacher.encoders["image"](view(teacher.encoders["image"]))["pooled"]
        # SigLIP pools by torch's MultiheadAttention, which takes another path when its weights are frozen, as ours are
        assert torch.allclose(ours, image, atol=1e-5) if kind == "siglip" else torch.equal(ours, image)
        assert torch.equal(teacher.encoders["text"](view(teacher.encoders["text"], 4))["pooled"], text)
    assert teacher.scale is not None
    scale = teacher.scale(want=("scale", "bias"))
    assert scale["scale"].item() == pytest.approx(model.logit_scale.exp().item(), rel=1e-5)
    if kind == "siglip":
        assert scale["bias"].item() == pytest.approx(model.logit_bias.item())


def test_the_towers_share_no_parameter_and_nothing_trains(tmp_path: Path) -> None:
    encoders = open_teacher(str(folder("clip", tmp_path))).encoders
    ids = [{id(p) for p in encoder.parameters()} for encoder in encoders.values()]
    assert not ids[0] & ids[1]
    assert not any(p.requires_grad for encoder in encoders.values() for p in encoder.parameters())
    assert not any(encoder.training for encoder in encoders.values())


@pytest.mark.parametrize(
    ("kind", "pooling"),
    [("vit", model_pooling), ("convnext", model_pooling), ("resnet", model_pooling), ("bert", mean_pooling)],
)
def test_unimodal_folders(kind: str, pooling: object, tmp_path: Path) -> None:
    teacher = open_teacher(str(folder(kind, tmp_path)))
    assert not teacher.aligned
    assert teacher.scale is None
    (modality,) = teacher.encoders
    encoder = teacher.encoders[modality]
    assert modality == encoder.modality == ("text" if kind == "bert" else "image")
    assert encoder.pooling is pooling
    assert encoder(view(encoder))["pooled"].shape == (3, 16)


def rewrite(path: Path, change: object) -> None:
    weights = load_file(path / "model.safetensors")
    save_file(change(weights), path / "model.safetensors", metadata={"format": "pt"})


def test_a_vit_without_its_pooler_gives_the_first_token(tmp_path: Path) -> None:
    path = folder("vit", tmp_path)
    rewrite(path, lambda w: {k: v for k, v in w.items() if "pooler" not in k})
    assert open_teacher(str(path)).encoders["image"].pooling is cls_pooling


@pytest.mark.parametrize(("kind", "part"), [("clip", "visual_projection"), ("bert", "layer.1.attention")])
def test_weights_that_are_missing_are_named(kind: str, part: str, tmp_path: Path) -> None:
    path = folder(kind, tmp_path)
    rewrite(path, lambda w: {k: v for k, v in w.items() if part not in k})
    with pytest.raises(ArtefactError, match=rf"lacks the weights of .*{part}"):
        open_teacher(str(path))


def test_weights_of_another_shape(tmp_path: Path) -> None:
    path = folder("bert", tmp_path)
    name = "encoder.layer.0.output.dense.weight"
    rewrite(path, lambda w: {**w, name: torch.zeros(3, 3)})
    with pytest.raises(ArtefactError) as error:
        open_teacher(str(path))
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_pickled_weights_are_never_opened(tmp_path: Path) -> None:
    path = folder("bert", tmp_path)
    canary = tmp_path / "ran"

    class Canary:
        def __reduce__(self) -> object:
            return (open, (str(canary), "w"))

    torch.save(Canary(), path / "pytorch_model.bin")
    (path / "model.safetensors").unlink()
    with pytest.raises(ArtefactError, match="pickled weights are never opened"):
        open_teacher(str(path))
    save_file({"x": torch.zeros(1)}, path / "decoy.safetensors")  # safetensors are there, but not the model's
    with pytest.raises(ArtefactError, match=r"no file named model.safetensors"):
        open_teacher(str(path))
    assert not canary.exists()


@pytest.mark.parametrize("damage", [b"", b"\xff" * 64, b"\x10\0\0\0\0\0\0\0{not json at all"])
def test_a_damaged_file(damage: bytes, tmp_path: Path) -> None:
    path = folder("bert", tmp_path)
    (path / "model.safetensors").write_bytes(damage)
    with pytest.raises(ArtefactError, match="cannot be opened"):
        open_model(path)


def test_remote_code_is_refused(tmp_path: Path) -> None:
    path = folder("bert", tmp_path)
    canary = tmp_path / "ran"
    (path / "modeling_own.py").write_text(f"open({str(canary)!r}, 'w')\n")
    plain = json.loads((path / "config.json").read_text())
    remote = {"AutoConfig": "modeling_own.Own", "AutoModel": "modeling_own.Own"}
    plain |= {"model_type": "own", "auto_map": remote}
    (path / "config.json").write_text(json.dumps(plain))
    with pytest.raises(ArtefactError, match="cannot be opened"):
        open_teacher(str(path))
    assert not canary.exists()


def test_a_model_that_eats_something_else(tmp_path: Path) -> None:
    from transformers import AutoConfig

    from limbeck.encoders.quiet import quiet

    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    settings = AutoConfig.for_model("audio-spectrogram-transformer", **small)
    with quiet():
        AutoModel.from_config(settings).save_pretrained(tmp_path)
    with pytest.raises(UsageError, match="ASTModel, which eats input_values; valid: image models"):
        open_teacher(str(tmp_path))
