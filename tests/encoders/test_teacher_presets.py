from __future__ import annotations

import importlib.util

import pytest

from limbeck.core.errors import UsageError
from limbeck.encoders import teacher_presets
from limbeck.encoders.teacher_presets import icons, minilm_folder


def test_the_demos_teacher() -> None:
    models = icons()
    assert models.name == "icons"
    assert not models.aligned
    assert {m: e.width for m, e in models.encoders.items()} == {"image": 1280, "text": 384}
    assert models.encoders["image"].spec.height == 160
    assert models.encoders["text"].vocabulary == 30522


def test_a_missing_wheel_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (minilm_folder() / "model.safetensors").is_file()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'limbeck\[demo\]'"):
        teacher_presets.minilm_folder()
