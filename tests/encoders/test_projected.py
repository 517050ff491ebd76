from __future__ import annotations

from pathlib import Path

import pytest
import torch

from encoders.worlds import folder, view
from limbeck.core.errors import UsageError
from limbeck.encoders.hf import open_teacher
from limbeck.encoders.projected import ProjectedEncoder
from limbeck.layers.projector.mlp import MLPProjector


def test_the_projector_sees_the_base_and_alone_trains(tmp_path: Path) -> None:
    base = open_teacher(str(folder("bert", tmp_path))).encoders["text"]
    projector = MLPProjector(16, hidden=8, width=5)
    encoder = ProjectedEncoder(base, projector=projector)
    batch = view(encoder)
    found = encoder(batch, want=("pooled", "base"))
    assert (encoder.modality, encoder.width, encoder.spec, encoder.vocabulary) == ("text", 5, base.spec, 320)
    assert torch.equal(found["base"], base(batch)["pooled"])
    assert torch.equal(found["pooled"], projector(found["base"]))
    found["pooled"].sum().backward()
    assert [n for n, p in encoder.named_parameters() if p.grad is not None] == [
        f"projector.{n}" for n, _ in projector.named_parameters()
    ]


def test_a_projector_for_another_width(tmp_path: Path) -> None:
    base = open_teacher(str(folder("bert", tmp_path))).encoders["text"]
    with pytest.raises(UsageError, match="width 17 cannot follow an encoder of width 16"):
        ProjectedEncoder(base, projector=MLPProjector(17, hidden=8, width=5))
