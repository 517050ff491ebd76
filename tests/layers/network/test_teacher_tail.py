from __future__ import annotations

import pytest
import torch

from encoders.worlds import folder, view
from limbeck.core.errors import UsageError
from limbeck.encoders.hf import open_teacher
from limbeck.layers.network.teacher_tail import TeacherTail


@pytest.mark.parametrize("kind", ["vit", "clip"])
@pytest.mark.parametrize("after", [0, 1])
def test_the_teachers_own_tokens_become_the_teachers_answer(kind, after, tmp_path):
    encoder = open_teacher(str(folder(kind, tmp_path))).encoders["image"]
    found = encoder(view(encoder, 3), want=(f"hidden.{after}", "tokens"))
    tail = TeacherTail(after)
    tail.bind({"teacher.image": encoder})
    torch.testing.assert_close(tail(tokens=found[f"hidden.{after}"])["tokens"], found["tokens"])


def test_gradient_passes_and_nothing_of_the_teacher_trains(tmp_path):
    encoder = open_teacher(str(folder("vit", tmp_path))).encoders["image"]
    tail = TeacherTail(1)
    tail.bind({"teacher.image": encoder})
    tokens = torch.randn(2, 17, 16, requires_grad=True)
    tail(tokens=tokens)["tokens"].square().sum().backward()
    assert bool((tokens.grad.abs() > 0).any())
    assert not list(tail.parameters())
    assert all(p.grad is None for p in encoder.parameters())


def test_what_cannot_lend_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"layers of 'teacher.image'; valid: teacher.text"):
        TeacherTail(1).bind({"teacher.text": torch.nn.Identity()})
    encoder = open_teacher(str(folder("vit", tmp_path))).encoders["image"]
    with pytest.raises(UsageError, match="skips 2 layers; ViTModel has 2"):
        TeacherTail(2).bind({"teacher.image": encoder})
