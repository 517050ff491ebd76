"""Encoder and Teacher are contracts: what is abstract must be written, a teacher is no module."""

from __future__ import annotations

import pytest
from torch import nn

from limbeck.core.encoder import Encoder, Teacher
from limbeck.core.features import Features


def test_an_encoder_without_forward_cannot_be_made():
    class Half(Encoder):
        modality = "image"
        width = 3

    with pytest.raises(TypeError, match="forward"):
        Half()


def test_defaults_of_a_small_encoder():
    class Small(Encoder):
        modality = "image"
        width = 3

        def forward(self, view, *, want=("pooled",)):
            return Features()

    assert Small().outputs == ("pooled",)
    assert Small().spec is None
    assert Small().vocabulary is None


def test_a_teacher_cannot_be_registered_in_a_student():
    class Answers(Teacher):
        def __call__(self, batch, *, want=("pooled",)):
            return Features()

        def fingerprint(self):
            return "x"

    student = nn.Module()
    student.teacher = Answers()
    assert not isinstance(student.teacher, nn.Module)
    assert list(student.named_modules()) == [("", student)]
    assert student.state_dict() == {}
    assert Answers().trainable() == ()
