from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from limbeck.core.artefact import new_folder
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.encoders.load import load_teacher
from limbeck.encoders.mlp_image import MLPImageEncoder


def test_the_equation_in_naive_python():
    encoder = MLPImageEncoder(2, hidden=(3, 2))
    x = torch.randn(4, 3, 2, 2)
    h = x.flatten(1).tolist()
    for layer in encoder.layers:
        weight, bias = layer[0].weight.tolist(), layer[0].bias.tolist()
        h = [
            [
                max(0.0, sum(w * v for w, v in zip(row, xs, strict=True)) + b)
                for row, b in zip(weight, bias, strict=True)
            ]
            for xs in h
        ]
    found = encoder({"pixel_values": x}, want=encoder.outputs)
    torch.testing.assert_close(found["pooled"], torch.tensor(h))
    assert torch.equal(found["pooled"], found["hidden.1"])
    assert found["hidden.0"].shape == (4, 3)


def written(folder: Path) -> MLPImageEncoder:
    encoder = MLPImageEncoder(4, hidden=(5,)).eval()
    with new_folder(folder, "model") as temporary:
        encoder.write(temporary)
    return encoder


def test_written_and_read_again(tmp_path: Path):
    encoder, x = written(tmp_path / "m"), {"pixel_values": torch.randn(2, 3, 4, 4)}
    again = load_teacher(f"mlp_image:{tmp_path / 'm'}").encoders["image"]
    assert torch.equal(again(x)["pooled"], encoder(x)["pooled"])
    assert not any(p.requires_grad for p in again.parameters())


@pytest.mark.parametrize("change", [{"model_type": "vit"}, {"hidden": [6]}, {"hidden": None}, {"hidden": []}])
def test_a_folder_of_something_else(tmp_path: Path, change: dict[str, object]):
    written(tmp_path / "m")
    path = tmp_path / "m" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises((ArtefactError, UsageError)):
        load_teacher(f"mlp_image:{tmp_path / 'm'}")


def test_senseless_sizes():
    for given in ({"size": 0}, {"hidden": ()}, {"hidden": (4, 0)}):
        with pytest.raises(UsageError, match="valid: 1 and more"):
            MLPImageEncoder(**given)
