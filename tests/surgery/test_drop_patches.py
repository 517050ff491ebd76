from __future__ import annotations

import pytest
import torch

from encoders.worlds import view, words
from limbeck.core.errors import UsageError
from limbeck.encoders.student import make_student
from limbeck.surgery.drop_patches import DropPatchesSurgery


def test_training_sees_some_patches_and_says_which():
    student = make_student("vit-s", width=24, tokenizer=words())
    image = student.encoders["image"]
    DropPatchesSurgery(0.75)(student.encoders, teachers={})
    found = image.train()(view(image, 3), want=("tokens", "kept", "hidden.1"))
    assert found["tokens"].shape == (3, 17, 128)
    assert found["hidden.1"].shape == (3, 17, 128)
    assert found["kept"].shape == (3, 16)
    # token k + 1 is patch kept[k]: at the embeddings, that is what a full pass has there
    full = image.eval()(view(image, 3), want=("hidden.0", "kept"))
    assert full["kept"].tolist() == [list(range(64))] * 3
    torch.manual_seed(0)
    some = image.train()(view(image, 3), want=("hidden.0", "kept"))
    for row in range(3):
        torch.testing.assert_close(some["hidden.0"][row, 1:], full["hidden.0"][row, 1 + some["kept"][row]])


def test_settled_it_is_as_before():
    student = make_student("vit-s", width=24, tokenizer=words())
    names, image = set(student.model.state_dict()), student.encoders["image"]
    before = image.eval()(view(image, 2))["pooled"]
    surgery = DropPatchesSurgery()
    surgery(student.encoders, teachers={})
    surgery.settle(student.encoders)
    assert set(student.model.state_dict()) == names
    found = image.train()(view(image, 2), want=("pooled", "kept"))
    torch.testing.assert_close(found["pooled"], before, atol=1e-5, rtol=1e-4)
    assert found["kept"].tolist() == [list(range(64))] * 2


def test_what_cannot_be_is_refused():
    with pytest.raises(UsageError, match="drop 1.0"):
        DropPatchesSurgery(1.0)
    with pytest.raises(UsageError, match="no class token"):
        DropPatchesSurgery()(make_student("conv-s", width=24, tokenizer=words()).encoders, teachers={})


def test_a_plain_vit_works_as_well():
    student = make_student("vit-image-s")
    DropPatchesSurgery(0.5)(student.encoders, teachers={})
    image = student.encoders["image"].train()
    found = image(view(image, 2), want=("tokens", "kept"))
    assert found["tokens"].shape[:2] == (2, 9)
    assert found["kept"].shape == (2, 8)
