from __future__ import annotations

import pytest
import torch

from encoders.worlds import shake, view, words
from limbeck.core.errors import UsageError
from limbeck.encoders.student import make_student
from limbeck.surgery.cut_units import CutUnitsSurgery
from limbeck.surgery.inherit_weights import InheritWeightsSurgery
from limbeck.surgery.selection.magnitude import MagnitudeSelection


def made(name="vit-s", seed=0):
    student = make_student(name, width=24, tokenizer=words(), seed=seed)
    shake(student.model)
    return student


def test_a_student_of_the_teachers_size_becomes_the_teacher():
    teacher, student = made(), made(seed=4)
    report = InheritWeightsSurgery()(student.encoders, teachers=teacher.encoders)
    assert "100% of the teacher's; layers 0, 1, 2, 3, 4, 5" in report.lines[0]
    for modality, encoder in student.encoders.items():
        batch = view(encoder, 3)
        assert torch.equal(encoder.eval()(batch)["pooled"], teacher.encoders[modality].eval()(batch)["pooled"])


def test_selections_differ_and_both_beat_nothing_on_a_network_with_idle_units():
    teacher, start = made(), made(seed=4)
    CutUnitsSurgery(0.5)(start.encoders, teachers={})
    image = teacher.encoders["image"]
    with torch.no_grad():  # every second neuron does nothing
        for layer in image.tower.encoder.layers:
            layer.mlp.fc2.weight[:, ::2] = 0.0
            layer.mlp.fc1.weight[::2] = 0.0
            layer.mlp.fc1.bias[::2] = 0.0
    InheritWeightsSurgery(MagnitudeSelection())(start.encoders, teachers=teacher.encoders)
    assert all(bool(layer.mlp.fc1.weight.any(1).all()) for layer in start.encoders["image"].tower.encoder.layers)


def test_a_tower_that_does_not_fit_keeps_its_weights_and_is_named():
    teacher, student = made(), made("conv-s", seed=2)
    with pytest.raises(UsageError, match="no tower of the student can inherit"):
        InheritWeightsSurgery()(student.encoders, teachers=teacher.encoders)
    with pytest.raises(UsageError, match="there is no teacher for it"):
        InheritWeightsSurgery()(student.encoders, teachers={})
    student = made(seed=2)
    before = {n: p.clone() for n, p in student.encoders["text"].named_parameters()}
    report = InheritWeightsSurgery()(student.encoders, teachers={"image": teacher.encoders["image"]})
    assert any(line.startswith("text: keeps its own weights: there is no teacher") for line in report.lines)
    assert all(torch.equal(before[n], p) for n, p in student.encoders["text"].named_parameters())
