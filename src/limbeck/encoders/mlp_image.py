"""`MLPImageEncoder`: pixels through a few full layers; the smallest student there is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from limbeck.core.artefact import read_json, write_json
from limbeck.core.encoder import Encoder
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.core.features import Features
from limbeck.core.spec import ImageSpec
from limbeck.core.tensors import read_tensors, tensor_bytes
from limbeck.encoders.teacher_models import TeacherModels
from limbeck.encoders.wanted import check_want, wanted

KIND = "limbeck-mlp-image"


class MLPImageEncoder(Encoder):
    """A perceptron on pixels: h_0 = pixels, h_i = relu(W_i h_(i-1) + b_i), pooled = the last h.

    Use when pictures are tiny and plain (digits of 8 x 8 pixels) and a run should take a second.

    Args:
        size: pixels of the square picture, at least 1.
        hidden: width of every layer, the last of which is `pooled`; at least one.

    Attributes:
        outputs: `pooled`, `hidden.i (n, hidden[i])` of every layer, and `pixels`: what it eats, for parts that are
            networks of their own; alone it costs nothing.

    Raises:
        UsageError: no layer, or a size or width below 1.
    """

    modality = "image"

    def __init__(self, size: int = 8, *, hidden: Sequence[int] = (128, 64)) -> None:
        super().__init__()
        if size < 1 or not hidden or min(hidden) < 1:
            raise UsageError(f"an MLP of {size} pixels and widths {tuple(hidden)}; valid: 1 and more")
        self.size = size
        self.hidden = tuple(hidden)
        self.spec = ImageSpec(size, size, resample="bilinear")
        widths = (3 * size * size, *self.hidden)
        layers = [nn.Sequential(nn.Linear(a, b), nn.ReLU()) for a, b in pairwise(widths)]
        self.layers = nn.Sequential(*layers)
        self.width = self.hidden[-1]
        self.outputs = ("pooled", *(f"hidden.{number}" for number in range(len(self.hidden))), "pixels")

    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        """The outputs in `want` for `pixel_values (n, 3, size, size)`."""
        check_want(want, self.outputs, encoder="MLP")
        if set(want) == {"pixels"}:
            return Features(extras={"pixels": view["pixel_values"]})
        x = view["pixel_values"].flatten(1)
        computed: dict[str, Callable[[], Tensor]] = {}
        for number, layer in enumerate(self.layers):
            x = layer(x)
            computed[f"hidden.{number}"] = partial(_same, x)
        computed["pooled"] = partial(_same, x)
        computed["pixels"] = partial(_same, view["pixel_values"])
        return wanted(want, computed)

    def write(self, folder: Path) -> None:
        """Weights and sizes into an existing folder, as `open_teacher` reads them."""
        write_json(folder / "config.json", {"model_type": KIND, "size": self.size, "hidden": list(self.hidden)})
        (folder / "model.safetensors").write_bytes(tensor_bytes(self.state_dict()))


def read_mlp(folder: Path) -> MLPImageEncoder:
    """What `write` wrote.

    Raises:
        ArtefactError: something else, or weights that do not fit.
    """
    plain: Any = read_json(folder / "config.json", kind="model configuration")
    try:
        if plain["model_type"] != KIND:
            raise ArtefactError(f"{folder} holds a {plain['model_type']}, not a {KIND}")
        encoder = MLPImageEncoder(int(plain["size"]), hidden=[int(width) for width in plain["hidden"]])
        encoder.load_state_dict(read_tensors(folder / "model.safetensors", kind="weights")[0])
    except (TypeError, KeyError, ValueError, RuntimeError) as error:
        raise ArtefactError(f"{folder} is not a readable {KIND}: {str(error).splitlines()[0][:160]}") from error
    return encoder.eval()


def open_teacher(name: str) -> TeacherModels:
    """The encoder of a folder, as a teacher of pictures."""
    return TeacherModels(f"mlp_image:{name}", {"image": read_mlp(Path(name).expanduser())}, aligned=False)


def _same(value: Tensor) -> Tensor:
    return value
