"""timm needs torchvision, which the core does without: what needs timm itself runs where both are installed."""

from __future__ import annotations

import sys

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.core.spec import ImageSpec
from limbeck.encoders.timm import open_teacher, spec_of

CONFIG = {
    "input_size": (3, 224, 224),
    "interpolation": "bicubic",
    "crop_pct": 0.95,
    "mean": (0.1, 0.2, 0.3),
    "std": (0.4, 0.5, 0.6),
}


def test_preprocessing_by_hand() -> None:
    expected = ImageSpec(224, 224, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6), "bicubic", shortest_edge=235)
    assert spec_of(CONFIG, name="x") == expected
    squashed = spec_of({**CONFIG, "crop_mode": "squash", "crop_pct": 1.0, "input_size": (3, 64, 32)}, name="x")
    assert (squashed.height, squashed.width, squashed.shortest_edge) == (64, 32, None)


@pytest.mark.parametrize(
    "change", [{"input_size": (1, 32, 32)}, {"crop_mode": "border"}, {"interpolation": "box"}, {"crop_mode": "squash"}]
)
def test_what_cannot_be_reproduced_is_named(change: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="timm's 'x' .*valid: "):
        spec_of({**CONFIG, **change}, name="x")


def test_without_timm_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(UsageError, match=r"pip install 'limbeck\[timm\]'"):
        open_teacher("resnet18")


def test_the_features_are_timms(monkeypatch: pytest.MonkeyPatch) -> None:
    timm = pytest.importorskip("timm", exc_type=ImportError)
    model = timm.create_model("resnet18", num_classes=0).eval()
    monkeypatch.setattr(timm, "create_model", lambda *_, **__: model)
    encoder = open_teacher("resnet18").encoders["image"]
    pixels = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        assert torch.equal(encoder({"pixel_values": pixels})["pooled"], model(pixels))
    with pytest.raises(UsageError, match="did you mean 'timm:resnet18'"):
        open_teacher("resnt18")
