from __future__ import annotations

import pytest
import torch

from encoders.worlds import shake, words
from limbeck.core.errors import UsageError
from limbeck.encoders.student import make_student
from limbeck.surgery.gate_units import GateUnitsSurgery
from limbeck.surgery.selection.importance import ImportanceSelection
from limbeck.surgery.selection.learned import LearnedSelection
from limbeck.surgery.selection.magnitude import MagnitudeSelection
from limbeck.surgery.selection.uniform import UniformSelection

KEEP = {"hidden": 32, "layers": 3, "heads.1": 2, "neurons.4": 5}


def encoder():
    student = make_student("vit-s", width=24, tokenizer=words())
    shake(student.model)
    return student.encoders["image"]


def test_uniform_by_hand():
    found = UniformSelection().choose(encoder(), KEEP)
    assert found["layers"].tolist() == [1, 3, 5]
    assert found["heads.1"].tolist() == [1, 3]
    assert found["neurons.4"].tolist() == [32, 96, 160, 224, 288]
    assert found["hidden"].tolist() == list(range(2, 128, 4))


def test_magnitude_oracle():
    source = encoder()
    layer = source.tower.encoder.layers[4].mlp
    sizes = [
        sum(float(w.detach().abs().sum()) for w in (layer.fc1.weight[u], layer.fc1.bias[u], layer.fc2.weight[:, u]))
        for u in range(320)
    ]
    expected = sorted(sorted(range(320), key=lambda u: -sizes[u])[:5])
    assert MagnitudeSelection().choose(source, KEEP)["neurons.4"].tolist() == expected
    with torch.no_grad():
        source.tower.encoder.layers[1].self_attn.v_proj.weight[64:96] = 9.0
    assert 2 in MagnitudeSelection().choose(source, KEEP)["heads.1"].tolist()


def test_importance_takes_what_matters_whatever_its_size():
    source = encoder()
    importance = {name: torch.zeros_like(value) for name, value in source.named_parameters()}
    importance["tower.encoder.layers.4.mlp.fc1.bias"][[3, 9, 27, 81, 243]] = 1.0
    importance["tower.encoder.layers.2.layer_norm1.weight"][5] = 1.0
    found = ImportanceSelection(importance).choose(source, KEEP)
    assert found["neurons.4"].tolist() == [3, 9, 27, 81, 243]
    assert 2 in found["layers"].tolist()
    assert 5 in found["hidden"].tolist()
    del importance["head.weight"]
    with pytest.raises(UsageError, match=r"head\.weight"):
        ImportanceSelection(importance).choose(source, KEEP)


def test_learned_takes_the_most_open_gates():
    source = encoder()
    with pytest.raises(UsageError, match="gates"):
        LearnedSelection().choose(source, KEEP)
    GateUnitsSurgery()({"image": source}, teachers={})
    with torch.no_grad():
        source.tower.embeddings.gate("heads.1").shift.copy_(torch.tensor([0.1, -0.2, 0.3, 0.0]))
    keep = {**KEEP, "layers": 6}
    assert LearnedSelection().choose(source, keep)["heads.1"].tolist() == [0, 2]
    with pytest.raises(UsageError, match="all 6 layers"):
        LearnedSelection().choose(source, KEEP)
