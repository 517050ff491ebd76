from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from encoders.worlds import folder
from limbeck.core.errors import UsageError
from limbeck.encoders.load import load_teacher, prefixes, presets


def test_what_there_is() -> None:
    assert prefixes().keys() == {"hf", "st", "open_clip", "timm", "mlp_image"}
    assert set(presets()) == {"icons", "efficientnet-lite0", "minilm"}


def test_one_model_by_prefix(tmp_path: Path) -> None:
    path = folder("clip", tmp_path)
    models = load_teacher(f"hf:{path}")
    assert models.name == f"hf:{path}"
    assert models.aligned


@pytest.mark.parametrize("order", [("vit", "bert"), ("bert", "vit")])
def test_two_unimodal_models_are_not_aligned(order: tuple[str, str], tmp_path: Path) -> None:
    name = "+".join(f"hf:{folder(kind, tmp_path / kind)}" for kind in order)
    models = load_teacher(name)
    assert models.name == name
    assert not models.aligned
    assert {m: e.modality for m, e in models.encoders.items()} == {"image": "image", "text": "text"}


def test_halves_may_be_presets_and_of_any_prefix(tmp_path: Path) -> None:
    models = load_teacher(f"hf:{folder('vit', tmp_path)} + minilm")
    assert [e.width for e in models.encoders.values()] == [16, 384]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("icon", "did you mean 'icons'"),
        ("hg:x", "unknown teacher prefix 'hg:'; valid: hf:, .*did you mean 'hf:'"),
        ("onnx:x", "unknown teacher prefix 'onnx:'; valid: hf:, .*open_clip:, st:, timm:"),
        ("hf:", "names no model"),
        ("openai/clip-vit-base-patch32", "for a folder or hub name: 'hf:openai/clip-vit-base-patch32'"),
        ("minilm+minilm", "has text and text; valid: one with an image"),
        ("a+b+c", "has 3 parts"),
        ("+minilm", "has 2 parts"),
    ],
)
def test_a_wrong_name_says_what_is_valid(name: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as error:
        load_teacher(name)
    assert "\n" not in str(error.value)


def test_importing_it_loads_no_model_library() -> None:
    code = (
        "import sys, limbeck; assert not {'torch', 'transformers'} & sys.modules.keys();"
        "import limbeck.encoders.load; assert not {'torch', 'transformers', 'timm'} & sys.modules.keys();"
        "from limbeck.encoders.load import prefixes; prefixes();"
        "assert not {'transformers', 'sentence_transformers', 'timm', 'open_clip'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
