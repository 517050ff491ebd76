from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from limbeck.core.artefact import read_manifest, write_manifest
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.encoders.save_projector import load_projector, save_projector
from limbeck.layers.projector.mlp import MLPProjector


def saved(path: Path) -> MLPProjector:
    projector = MLPProjector(7, hidden=8, width=5, dropout=0.25, layer_norm=True)
    save_projector(projector, path, source={"teacher": "abc"})
    return projector


def test_round_trip_is_bit_equal(tmp_path: Path) -> None:
    projector = saved(tmp_path / "p").eval()
    again = load_projector(tmp_path / "p")
    features = torch.randn(4, 7)
    assert torch.equal(again(features), projector(features))
    assert not again.training
    assert again.dropout == 0.25
    assert read_manifest(tmp_path / "p").source == {"teacher": "abc"}
    saved(tmp_path / "p")  # an older one is replaced
    assert not torch.equal(load_projector(tmp_path / "p")(features), projector(features))


def test_every_flipped_byte_is_detected(tmp_path: Path) -> None:
    saved(tmp_path / "p")
    for name in ("weights.safetensors", "part.json"):
        path = tmp_path / "p" / name
        good = path.read_bytes()
        for place in range(0, len(good), max(1, len(good) // 20)):
            path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
            with pytest.raises(ArtefactError):
                load_projector(tmp_path / "p")
        path.write_bytes(good)
    load_projector(tmp_path / "p")


def test_a_part_from_elsewhere_is_never_built(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="only Limbeck's own parts"):
        save_projector(nn.Linear(2, 2), tmp_path / "q")
    assert not list(tmp_path.iterdir())
    saved(tmp_path / "p")
    for part in ("os.system", "limbeck.core.errors.UsageError", "limbeck.layers.projector.mlp.Gone"):
        (tmp_path / "p" / "part.json").write_text(json.dumps({"part": part}))
        write_manifest(tmp_path / "p", "projector")
        with pytest.raises(ArtefactError, match="not a projector that this version can open"):
            load_projector(tmp_path / "p")
